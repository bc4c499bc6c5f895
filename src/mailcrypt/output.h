/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where results go. Regular files appear complete or not at all. */
#pragma once

#include <gio/gio.h>

/* What a terminal thinks of it. */
typedef enum {
  OUTPUT_TEXT = 0,    /* made by us for people, or armoured: safe to show */
  OUTPUT_RAW,         /* binary, or a stranger's bytes */
} OutputKind;

typedef struct _Output Output;

/* Prepares @path; NULL means standard output, and so does "-", which also lets raw bytes
 * go to a terminal; no other name of the terminal does. Nothing of an existing file is touched before output_commit(). */
Output *output_new (const char *path, OutputKind kind, GError **error);
/* Whether two paths, as above, lead to one file or pipe. */
gboolean output_is_same (const char *a, const char *b);
GOutputStream *output_get_stream (Output *output);
/* What a regular file may be read and written by, instead of its owner alone. */
void output_set_mode (Output *output, guint mode);
/* Puts the file into its place. */
gboolean output_commit (Output *output, GError **error);
/* Drops what was not committed. */
void output_free (Output *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Output, output_free)

/* All of it at once: prepares @path, writes @text, commits. */
gboolean output_print (const char *path, const char *text, GError **error);
