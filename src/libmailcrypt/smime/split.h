/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A CMS object (RFC 5652) taken apart: the content stays in the spool and is read as a
 * stream, all the rest is a small skeleton that OpenSSL parses as if the content were
 * detached. */
#pragma once

#include "smime/ber.h"
#include "smime/engine.h"

typedef enum {
  MC_CMS_UNKNOWN = 0,
  MC_CMS_DATA,
  MC_CMS_SIGNED,
  MC_CMS_ENVELOPED,
  MC_CMS_AUTH_ENVELOPED,
  MC_CMS_COMPRESSED,
  MC_CMS_OTHER,             /* a content type that mail does not use */
} McCmsKind;

typedef struct {
  McCmsKind kind;
  const char *format;       /* static: the word for the outer content type */
  GBytes *skeleton;         /* of signed and enveloped kinds */
  gboolean data_inside;     /* the content's type is id-data (RFC 8551 section 2.4) */
  gboolean has_content;
  McTlv content;            /* its octet string */
  GBytes *cipher;           /* DER AlgorithmIdentifier of enveloped and compressed kinds */
  GBytes *auth_attrs;       /* auth-enveloped: authAttrs as it stands there, nullable */
  GBytes *mac;              /* auth-enveloped: the tag, with its own BER tag; nullable */
  gsize mac_bytes;          /* its size */
  gsize n_signers;          /* signed: signerInfos */
  gsize n_recipients;       /* enveloped kinds: recipientInfos */
} McCmsParts;

void _mc_cms_parts_clear (McCmsParts *parts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McCmsParts, _mc_cms_parts_clear)

/* MC_ERROR_MALFORMED, MC_ERROR_LIMIT, MC_ERROR_IO. */
gboolean _mc_cms_split (McSpan object, McCmsParts *ret_parts, GError **error);

/* The skeleton as OpenSSL's object. MC_ERROR_MALFORMED. */
CMS_ContentInfo *_mc_cms_parse (OSSL_LIB_CTX *libctx, const McCmsParts *parts, GError **error);

/* The content where it lies, if it is one run of octets; else MC_SPAN_NONE. */
McSpan _mc_cms_content_span (McSpan object, const McCmsParts *parts);

/* A BIO over the content. @parts->has_content. */
BIO *_mc_cms_content_bio (McEngine *engine, McSpan object, const McCmsParts *parts,
                          GCancellable *cancellable);
