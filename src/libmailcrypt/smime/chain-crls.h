/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Revocation lists looked at before OpenSSL sees them. It chooses among them by name and
 * age, and checks the signature of the chosen one alone: a forged list among true ones
 * would hide a revocation or invent one. */
#pragma once

#include "smime/engine.h"

/* All lists in a PEM or DER file. MC_ERROR_IO, MC_ERROR_MALFORMED. */
gboolean _mc_crls_load (McEngine *engine, const char *filename, McCrlStack *crls, GError **error);

/* NULL: broken. */
X509_CRL *_mc_crl_from_der (McEngine *engine, const void *data, gsize size);

/* Adds a reference to @crl. */
void _mc_crls_add (McCrlStack *crls, X509_CRL *crl);
/* The same, unless there is a newer one for the same certificates; older ones go. */
void _mc_crls_add_newest (McCrlStack *crls, X509_CRL *crl);
/* Whether @crls has @crl itself, or any list of the same issuer. */
gboolean _mc_crls_have (const McCrlStack *crls, const X509_CRL *crl);
gboolean _mc_crls_have_issuer (const McCrlStack *crls, const X509_CRL *crl);

/* The one of @issuers that signed @crl and may sign such lists, or NULL. (transfer none) */
X509 *_mc_crl_signer (X509_CRL *crl, const McX509Stack *issuers);

/* What @crl is about under its issuer's name: the hash of its distribution point, of its
 * signer's key and of whether it is a delta list. */
char *_mc_crl_scope (const X509_CRL *crl);
/* Whether @crl came out after @other, by their numbers (RFC 5280 section 5.2.3), else by
 * their times. */
gboolean _mc_crl_is_newer (const X509_CRL *crl, const X509_CRL *other);
