/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the engine's statuses amount to, now that the sender is known. */
#pragma once

#include "mutt-lines.h"
#include "text.h"

typedef struct {
  Tone tone;
  char *text;               /* one line, escaped */
  GPtrArray *notes;         /* of char* (owned): more lines, escaped */
} MuttVerdict;

/* @lines: of MuttLine, those whose status counts, outermost first. @sender (nullable) is the
 * one mailbox in From. */
MuttVerdict *mutt_verdict_new (GPtrArray *lines, const char *sender);
void mutt_verdict_free (MuttVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MuttVerdict, mutt_verdict_free)
