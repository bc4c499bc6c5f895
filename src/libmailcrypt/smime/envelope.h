/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EnvelopedData and AuthEnvelopedData taken apart and put together again around OpenSSL's
 * CMS, which does not know every kind of recipient and cipher. */
#pragma once

#include "smime/der.h"
#include "smime/engine.h"

/* Everything but the content; what it is made of, in order. */
typedef struct {
  GBytes *der;
  McDer type;               /* the object's content type */
  McDer before;             /* version, originatorInfo */
  McDer recipients;         /* RecipientInfos, one after the other */
  McDer content;            /* of EncryptedContentInfo: type and cipher */
  McDer after;              /* attributes, and the tag of an authenticated one */
} McEnvelope;

/* FALSE: OpenSSL cannot encode it. */
gboolean _mc_envelope_init (McEnvelope *envelope, CMS_ContentInfo *cms);
void _mc_envelope_clear (McEnvelope *envelope);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McEnvelope, _mc_envelope_clear)

/* The same object for other recipients. */
CMS_ContentInfo *_mc_envelope_readdress (const McEnvelope *envelope, const GByteArray *recipients,
                                         OSSL_LIB_CTX *libctx);

/* The body of a KEKRecipientInfo: identifier of the key, wrapped content key. */
gboolean _mc_envelope_read_shared (McDer body, McDer *ret_identifier, McDer *ret_encrypted_key);

/* The content key of @cms, which one of its recipients opened. NULL: it cannot be had. */
McSecret *_mc_envelope_get_content_key (CMS_ContentInfo *cms, OSSL_LIB_CTX *libctx);

/* Encrypts @content through @cms, whose recipients are complete, into @output. Those of
 * @agreements stand in it as recipients of OpenSSL's and are written as what they are. */
gboolean _mc_envelope_write (McEngine *engine, CMS_ContentInfo *cms, GPtrArray *agreements,
                             McSpan content, McSpool *output, GCancellable *cancellable,
                             GError **error);
