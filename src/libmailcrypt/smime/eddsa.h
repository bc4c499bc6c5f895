/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ed25519 signatures (RFC 8419), which OpenSSL's CMS does not have. */
#pragma once

#include "smime/engine.h"

gboolean _mc_eddsa_is_key (EVP_PKEY *key);

/* Whether the signature fits. @hashes: the content went through it. @content: the content
 * itself, which is what is signed where there are no signed attributes; else nullable. */
McContentFact _mc_eddsa_check (McEngine *engine, CMS_SignerInfo *info, EVP_PKEY *key, BIO *hashes,
                               McSpool *content);

/* What a signature of ours is made of. */
typedef struct {
  EVP_PKEY *key;
  McX509Stack *certificates;  /* that travel along; the signer's is the first */
  GPtrArray *attributes;      /* of X509_ATTRIBUTE; those that every signature has are added */
  McSpan content;
  gboolean opaque;
} McEddsaJob;

/* Writes a SignedData. The content streams. */
gboolean _mc_eddsa_sign (McEngine *engine, const McEddsaJob *job, McSpool *output,
                         GCancellable *cancellable, GError **error);
