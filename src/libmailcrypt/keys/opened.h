/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of encrypted messages that were opened: an answer to one of them must not go out
 * in clear (RFC 9787 section 5.4). */
#pragma once

#include "context.h"

/* Whether one of @ids is remembered. An error is no answer: who asks must not go on then. */
gboolean _mc_opened_find (McContext *context, const char *const *ids, gboolean *ret_found,
                          GError **error);
