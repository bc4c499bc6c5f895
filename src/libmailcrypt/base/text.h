/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hostile text made fit for a person's screen. */
#pragma once

#include "libmailcrypt.h"

/* Whether @c shows nothing, or acts on what stands around it: controls, format characters,
 * line and paragraph separators, fillers, and code points that are no characters. */
gboolean _mc_text_is_invisible (gunichar c);

/* One line of valid UTF-8 out of @text (nullable, any bytes, @size or -1 when
 * NUL-terminated): bytes that are not UTF-8 become \xNN; C0, DEL, C1, bidi controls,
 * zero-width and other invisible format characters, line and paragraph separators
 * become \u{N}; backslash stays. Never NULL. */
char *_mc_text_escape_line (const char *text, gssize size);

/* The same for text of several lines: LF and TAB stay, CR before LF goes. */
char *_mc_text_escape_block (const char *text, gssize size);

/* @text of @charset (nullable: UTF-8) as valid UTF-8, not escaped. What cannot be
 * converted is shown as \xNN, never dropped. */
char *_mc_text_to_utf8 (const char *text, gsize size, const char *charset);
