/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking authorities about revocation, in the user's name and only with the user's leave:
 * who asks tells that a message is being read. */
#pragma once

#include "smime/ocsp.h"

/* One judgement's questions: each is asked once, and all within the time of one. */
typedef struct _McInquiry McInquiry;

/* NULL: nothing is to be asked. The setting, the caller's leave, and judging by the present
 * are all needed. */
McInquiry *_mc_inquiry_new (McEngine *engine, GCancellable *cancellable);
void _mc_inquiry_free (McInquiry *inquiry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McInquiry, _mc_inquiry_free)

/* Fetches the lists that @certificate names, unless that was tried before; appends them to
 * @crls, their signatures unchecked. FALSE only when cancelled. */
gboolean _mc_inquiry_fetch_lists (McInquiry *inquiry, X509 *certificate, McCrlStack *crls,
                                  GError **error);
/* Asks the responder that @certificate names, unless that was done before. FALSE only when
 * cancelled. */
gboolean _mc_inquiry_ask (McInquiry *inquiry, X509 *certificate, X509 *issuer,
                          McOcspStatus *ret_status, GError **error);

/* What went wrong last, translated and escaped, or NULL. */
const char *_mc_inquiry_get_problem (const McInquiry *inquiry);
