/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Certificates between OpenSSL, the store and the model of keys. */
#pragma once

#include "smime/engine.h"

/* Of DER or of a certificate of another library context. NULL: broken. */
X509 *_mc_x509_from_der (OSSL_LIB_CTX *libctx, const void *data, gsize size);
X509 *_mc_x509_from_bytes (McEngine *engine, GBytes *der);
GBytes *_mc_x509_to_der (X509 *certificate);
/* Appends its IssuerAndSerialNumber, as CMS names certificates. FALSE: OpenSSL failed. */
gboolean _mc_der_append_certificate_name (GByteArray *out, X509 *certificate);

/* SHA-256 of the certificate, and of its SubjectPublicKeyInfo; lower-case hex. */
char *_mc_x509_fingerprint (X509 *certificate);
char *_mc_x509_public_key_id (X509 *certificate);
char *_mc_pkey_public_key_id (EVP_PKEY *key);

gint64 _mc_asn1_time (const ASN1_TIME *time);   /* 0: not a time */
GBytes *_mc_asn1_integer_octets (const ASN1_INTEGER *number);
char *_mc_asn1_hex (const ASN1_STRING *string);
/* "ISSUER / SERIAL", as a message names a certificate. */
char *_mc_issuer_serial_text (const X509_NAME *issuer, const ASN1_INTEGER *serial);

McCertificate *_mc_certificate_from_x509 (X509 *certificate);

/* A key with what the certificate says of itself, unjudged: validity by the clock alone,
 * identities' trust UNKNOWN. Its native object is the X509. */
McKey *_mc_smime_key_new (McEngine *engine, X509 *certificate);
X509 *_mc_smime_key_x509 (const McKey *key);   /* (transfer none) */

/* Certificates of the store that match, as X509 of this engine; broken ones are left
 * out. Appends to @stack. */
gboolean _mc_smime_find_x509 (McEngine *engine, const McStoreQuery *query, McX509Stack *stack,
                              GError **error);
/* The same for what CMS names a certificate by: either issuer and serial, or key
 * identifier. */
gboolean _mc_smime_find_named (McEngine *engine, const X509_NAME *issuer,
                               const ASN1_INTEGER *serial, const ASN1_OCTET_STRING *key_identifier,
                               McX509Stack *stack, GError **error);
/* Adds a reference to @certificate unless an equal one is there. */
void _mc_x509_stack_add (McX509Stack *stack, X509 *certificate);
/* All certificates in a PEM or DER file. MC_ERROR_IO, MC_ERROR_MALFORMED. */
gboolean _mc_smime_load_certificates (McEngine *engine, const char *filename, McX509Stack *stack,
                                      GError **error);
