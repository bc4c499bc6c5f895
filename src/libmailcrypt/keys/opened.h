/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of encrypted messages that were opened: an answer to one of them must not go out
 * in clear (RFC 9787 section 5.4). */
#pragma once

#include "context.h"

/* The identifiers in the body of a Message-ID, In-Reply-To or References field (RFC 5322
 * section 3.6.4), with their angle brackets. (transfer full) */
GStrv _mc_opened_parse_ids (const char *body);

/* Whether one of @ids is remembered. An error is no answer: who asks must not go on then. */
gboolean _mc_opened_find (McContext *context, const char *const *ids, gboolean *ret_found,
                          GError **error);
