/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in lines that fit a screen. All text here is valid UTF-8. */
#pragma once

#include <glib.h>

/* Columns that @text takes on a terminal. */
guint fold_get_width (const char *text);
/* The octets of @text that fit into @width columns. */
gsize fold_find_end (const char *text, guint width);
/* @text, cut to @width columns with an ellipsis where it is longer. (transfer full) */
char *fold_cut (const char *text, guint width);

/* Appends @text in lines of at most @width columns (0: one line), the first behind @start,
 * which stays whole, the others behind @indent. */
void fold_append (GString *out, const char *start, const char *text, guint width,
                  const char *indent);

/* Each line of @text folded so, behind @indent where it goes on. (transfer full) */
char *fold_lines (const char *text, guint width, const char *indent);

/* The columns of the terminal behind descriptor @fd; 0 when it is none, or does not say. */
guint fold_get_columns (int fd);
