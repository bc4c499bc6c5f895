/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A large file that is read where it lies instead of being copied into a spool first.
 * Only a regular file at rest that belongs to the user and that nobody else may write:
 * and should it change all the same, reading fails. */
#pragma once

#include <gio/gio.h>

typedef struct _McInputFile McInputFile;

/* What @input has still to give, as a file of its own; @input then stands at its end. NULL:
 * it is shorter than @min_bytes or no such file, and is to be copied. */
McInputFile *_mc_input_file_new (GInputStream *input, guint64 min_bytes);
McInputFile *_mc_input_file_ref (McInputFile *file);
void _mc_input_file_unref (McInputFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McInputFile, _mc_input_file_unref)

guint64 _mc_input_file_get_size (const McInputFile *file);

/* All of @size octets at @offset. MC_ERROR_IO, also when the file has changed. */
gboolean _mc_input_file_read (const McInputFile *file, guint64 offset, void *buffer, gsize size,
                              GError **error);

/* All of @size octets at @offset of @fd. FALSE with errno set, EIO at an early end. */
gboolean _mc_read_all_at (int fd, guint64 offset, void *buffer, gsize size);
