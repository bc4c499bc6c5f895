/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Revocation lists looked at before OpenSSL sees them. It chooses among them by name and
 * age, and checks the signature of the chosen one alone: a forged list among true ones
 * would hide a revocation or invent one. */
#pragma once

#include "smime/engine.h"

/* All lists in a PEM or DER file. MC_ERROR_IO, MC_ERROR_MALFORMED. */
gboolean _mc_crls_load (McEngine *engine, const char *filename, McCrlStack *crls, GError **error);

/* Adds a reference to @crl. */
void _mc_crls_add (McCrlStack *crls, X509_CRL *crl);
/* Whether @crls has @crl itself, or any list of the same issuer. */
gboolean _mc_crls_have (const McCrlStack *crls, const X509_CRL *crl);
gboolean _mc_crls_have_issuer (const McCrlStack *crls, const X509_CRL *crl);

/* The one of @issuers that signed @crl and may sign such lists, or NULL. (transfer none) */
X509 *_mc_crl_signer (X509_CRL *crl, const McX509Stack *issuers);
