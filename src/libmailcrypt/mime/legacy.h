/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Legacy Display Elements: header fields that are repeated in the text for readers that do
 * not know header protection (RFC 9788 section 5.2). */
#pragma once

#include "mime/tree.h"

/* Whether @entity says that its text begins with one. */
gboolean _mc_entity_has_legacy_display (const McEntity *entity);

/* The text without the element in front of it (RFC 9788 section 4.5.3); all of it when there
 * is none. */
char *_mc_legacy_strip (const char *text, gboolean html);
