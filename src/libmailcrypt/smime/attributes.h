/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signed attributes (RFC 5652 section 11, RFC 8551 section 2.5). */
#pragma once

#include "smime/engine.h"

/* Whether the signed attributes of @info keep the rules: none of the known ones twice or
 * with several values, content-type and message-digest there and of the right type,
 * content-type that of @content_type. Also TRUE when there are none. Else *ret_why is a
 * translated text. */
gboolean _mc_attributes_check (CMS_SignerInfo *info, const ASN1_OBJECT *content_type,
                               const char **ret_why);
gboolean _mc_attributes_present (CMS_SignerInfo *info);
/* Whether @content is nothing but the encoding of signed attributes. The signature over
 * those, its attributes taken away, would fit it: a signer who signed something else. */
gboolean _mc_attributes_are_content (McSpool *content);
/* The claimed signing time, 0 for none. */
gint64 _mc_attributes_signing_time (CMS_SignerInfo *info);
/* FALSE when the signature names another certificate than @certificate as its own
 * (signingCertificate, RFC 5035). */
gboolean _mc_attributes_fit_certificate (CMS_SignerInfo *info, X509 *certificate);

/* The SMIMECapabilities as DER, unread. (transfer full, nullable) */
GBytes *_mc_attributes_get_capabilities (CMS_SignerInfo *info);

/* SMIMEEncryptionKeyPreference (RFC 8551 section 2.5.3): a certificate by issuer and serial
 * number, or by key identifier. */
typedef struct {
  X509_NAME *issuer;        /* nullable (owned), as are the others */
  ASN1_INTEGER *serial;
  ASN1_OCTET_STRING *key_identifier;
} McPreference;
void _mc_preference_free (McPreference *preference);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McPreference, _mc_preference_free)
/* NULL: none, or none that can be read. */
McPreference *_mc_attributes_get_preference (CMS_SignerInfo *info);
gboolean _mc_preference_fits (const McPreference *preference, X509 *certificate);

/* For writing, of X509_ATTRIBUTE: SMIMECapabilities, strongest first, and where the
 * encryption certificate is another one, SMIMEEncryptionKeyPreference. NULL: OpenSSL failed. */
GPtrArray *_mc_attributes_new (X509 *encryption);
/* Adds those that OpenSSL's CMS adds by itself: content-type, message-digest, signingTime,
 * signingCertificateV2. */
gboolean _mc_attributes_complete (GPtrArray *attributes, X509 *certificate, const guint8 *digest,
                                  gsize size);

/* What is signed of them: the DER of a SET OF (RFC 5652 section 5.4). NULL: OpenSSL failed. */
GByteArray *_mc_attributes_encode (GPtrArray *attributes);
GByteArray *_mc_attributes_encode_signed (CMS_SignerInfo *info);
