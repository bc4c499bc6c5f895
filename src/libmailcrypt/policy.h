/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much a message is to be protected: what the settings say of its recipients, and what
 * the message says of itself. */
#pragma once

#include "mime/compose.h"

/* Of two wishes the one that counts for both: "always" before "never", "never" before
 * "if-possible". */
McWish _mc_wish_combine (McWish a, McWish b);

/* A message's own word. UNKNOWN: it says nothing. */
typedef struct {
  McWish sign, encrypt;
  McProtocol protocol;
} McMarks;

/* Reads the fields X-Mailcrypt and the marks in the Subject, and adds to @changes (of
 * McHeaderLine) what takes them out. MC_ERROR_MALFORMED for a word that is none of ours, and
 * for words that contradict each other. */
gboolean _mc_marks_read (const McTree *tree, McSettings *settings, McMarks *ret_marks,
                         GPtrArray *changes, GError **error);
