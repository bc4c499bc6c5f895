/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small changes to a message's header. */
#pragma once

#include "mime/compose.h"

/* Writes @message with other fields in its header: each of @changes (of McHeaderLine, in the
 * order of the header) gets its value, or goes when that is NULL. All else stays byte for
 * byte. */
gboolean _mc_message_edit (McSpan message, GPtrArray *changes, McSpool *output, GError **error);
