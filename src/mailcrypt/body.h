/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The readable part of a message. */
#pragma once

#include "tool.h"

/* Appends @text made safe: escaped, with lines that look like ours quoted, ending in a
 * line break. */
void body_append_text (GString *out, const char *text);

/* Appends the text of @part, a leaf, or the first stretch of it. @html: the program for HTML;
 * nullable. */
gboolean body_append_part (Tool *tool, GString *out, McPart *part, const char *html,
                           gboolean *ret_whole, GError **error);

/* Whether the content is text that can be shown. */
gboolean body_can_show (const McPart *part);
/* The leaves of @root to be read as text, one of each multipart/alternative. Of McPart.
 * (transfer container) */
GPtrArray *body_choose (McMessage *message);
