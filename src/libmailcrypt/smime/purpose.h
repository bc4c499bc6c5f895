/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a certificate may be used for (RFC 8550 section 4.4). OpenSSL's S/MIME purposes
 * refuse certificates that may receive by key agreement alone, and those whose extended
 * usage is "any". */
#pragma once

#include "smime/engine.h"

gboolean _mc_x509_is_authority (X509 *certificate);
/* Whether mail is among its extended usages, or it names none. */
gboolean _mc_x509_allows_mail (X509 *certificate);
/* What the certificate and its kind of key allow, as far as this engine can do it. */
McKeyUse _mc_x509_use (X509 *certificate);
/* FALSE with a reason "wrong-purpose" or "unsupported-algorithm" in @reasons. */
gboolean _mc_x509_check_purpose (X509 *certificate, McKeyUse use, GPtrArray *reasons);
