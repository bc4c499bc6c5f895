/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where bytes come from. */
#pragma once

#include <gio/gio.h>

/* The file @name, or standard input when it is NULL or "-". Folders are refused. */
GInputStream *input_open (const char *name, GError **error);
/* All of a small file as text (NUL-terminated), at most @max_bytes. */
char *input_read_all (const char *name, gsize max_bytes, gsize *ret_size, GError **error);
