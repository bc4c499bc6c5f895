/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a person must hear who takes content out of its protection. @part is the part that is
 * taken; NULL: all of the message. */
#pragma once

#include "tool.h"

/* Whether every encryption that does not keep its content from being altered has a good
 * signature inside. */
gboolean caution_is_covered (const McReport *report, const McPart *part);

/* Warns where it has none. */
void caution_say_uncovered (const Tool *tool, const McReport *report, const McPart *part);
/* Warns of a bad signature around it. */
void caution_say_bad (const Tool *tool, const McReport *report, const McPart *part);
