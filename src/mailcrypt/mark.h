/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the tool's own lines in the output of show are told apart from the message's. */
#pragma once

#include <glib.h>

/* What each such line begins with: "[mailcrypt WORD] ". WORD is @phrase (nullable), which
 * the person chose, else made up for this run: no message can know either. (transfer full) */
char *mark_make_prefix (const char *phrase);

/* The first place in @text, valid UTF-8 of @size octets, that a person could take for the
 * beginning of such a line, in whatever letters. */
gboolean mark_find (const char *text, gsize size, gsize *ret_offset);

/* @text, one line, with the bracket of such places spelled out. (transfer full) */
char *mark_disarm (const char *text);
