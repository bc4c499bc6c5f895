/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a signature brings that is worth keeping (RFC 8551 section 2.5). */
#pragma once

#include "smime/chain.h"

/* Fills signer->brought with @certificate (the signer's, judged, and as such in the facts
 * of @signer), the one to encrypt to, their issuers and the capabilities. Nothing when
 * @signer is not fit to be learnt from, or nobody wants it. */
gboolean _mc_smime_gather (McEngine *engine, McTrust *trust, CMS_SignerInfo *info,
                           X509 *certificate, McSigner *signer, GError **error);
