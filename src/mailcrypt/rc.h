/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a client's configuration: our lines between two marks, and what other lines do
 * to them. Nothing here touches a file. */
#pragma once

#include <glib.h>

/* Our lines, the marks included. */
typedef struct {
  gsize start, end;         /* octets of the text */
  gsize inner;              /* where what is between the marks begins */
  guint line;               /* of the first mark, from 1 */
  gboolean joined;          /* the line before had no end until we came */
  gboolean made;            /* there was no file until we came */
} RcBlock;

/* Finds the block called @id. FALSE without @error when there is none; with it when only one
 * of its marks is left. */
gboolean rc_find (const char *text, const char *id, RcBlock *ret_block, GError **error);
/* @text (nullable: no file yet) with @lines in the block @id: where it is, else as a new one
 * at @at, which is the beginning of a line or the end. (transfer full) */
char *rc_put (const char *text, gsize at, const char *id, const char *lines, GError **error);
/* @text as it was without the block @id; *@ret_made tells that then there was no file. The
 * text itself when there is no such block. (transfer full) */
char *rc_take_out (const char *text, const char *id, gboolean *ret_made, GError **error);

/* For mutt and neomutt: the numbers, from 1, of the lines that set what our settings set,
 * without those that are ours; @sends: these set $sendmail, too. Of guint. (transfer full) */
GArray *rc_list_clashes (const char *text, gboolean sends);
/* The last line that names the tool, from 1; 0: none. */
guint rc_find_mention (const char *text);
