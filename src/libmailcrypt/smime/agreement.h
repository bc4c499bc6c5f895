/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* X25519 recipients (RFC 8418), which OpenSSL's CMS does not have. It sees each as the holder
 * of a shared key: the one that the agreement gives. */
#pragma once

#include "smime/der.h"
#include "smime/engine.h"

gboolean _mc_agreement_is_key (EVP_PKEY *key);

/* The object as its recipient @certificate sees it, its content key found. NULL: it cannot be
 * opened, whatever the cause. */
CMS_ContentInfo *_mc_agreement_open (CMS_ContentInfo *cms, OSSL_LIB_CTX *libctx, X509 *certificate,
                                     EVP_PKEY *key);

/* A recipient being written. */
typedef struct _McAgreement McAgreement;
void _mc_agreement_free (McAgreement *agreement);

/* Adds @certificate to the recipients of @cms and to @agreements. @key_size: of the content
 * key, in octets; the key that wraps it is as long (RFC 8551 section 2.3). */
gboolean _mc_agreement_add (CMS_ContentInfo *cms, OSSL_LIB_CTX *libctx, X509 *certificate,
                            gsize key_size, GPtrArray *agreements);
/* Appends the RecipientInfo for what OpenSSL wrote, the body of a KEKRecipientInfo. */
gboolean _mc_agreement_append (GByteArray *out, GPtrArray *agreements, McDer body);
