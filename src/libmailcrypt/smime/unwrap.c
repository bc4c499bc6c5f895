/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opaque objects: signed, encrypted, compressed, or only certificates. */
#include "config.h"

#include "smime/split.h"

#include "base/error.h"
#include "base/secret.h"
#include "smime/agreement.h"
#include "smime/algorithms.h"
#include "smime/bio.h"
#include "smime/envelope.h"
#include "smime/inflate.h"
#include "smime/private-key.h"
#include "smime/recipients.h"
#include "smime/verify.h"

#include <glib/gi18n-lib.h>

/* RFC 5084 section 3.2: shorter tags can be guessed. */
#define MIN_MAC_BYTES 12
#define MAX_MAC_BYTES 16

typedef struct {
  McEngine *engine;
  McSpan object;
  const char *path;
  McUnwrapFlags flags;
  GCancellable *cancellable;
  McCmsParts parts;
  McUnwrapped *out;
} Unwrapper;

static McLayer *
add_layer (Unwrapper *self, McLayerKind kind)
{
  McLayer *layer = _mc_layer_new (kind, MC_PROTOCOL_SMIME, self->path);
  _mc_layer_set_algorithm (layer, "format", self->parts.format);
  g_ptr_array_add (self->out->layers, layer);
  return layer;
}

static McSpool *
new_spool (Unwrapper *self)
{
  return _mc_spool_new (_mc_context_get_limits (self->engine->context));
}

/* --------------------------------------------------------------------- signed -- */

static gboolean
unwrap_certificates (Unwrapper *self)
{
  g_free (self->out->format);
  self->out->format = g_strdup ("certs-only");
  return TRUE;
}

gboolean
_mc_smime_copy_content (BIO *content, McSpool *output, GError **error)
{
  GError *own = NULL;
  (void) _mc_smime_pump (content, output, &own);
  if (own == NULL)
    return _mc_smime_bio_check (content, error);
  g_propagate_error (error, own);
  return FALSE;
}

static gboolean
unwrap_signed (Unwrapper *self, GError **error)
{
  g_autoptr (CMS_ContentInfo) cms = _mc_cms_parse (self->engine->libctx, &self->parts, error);
  if (cms == NULL)
    return FALSE;
  if (self->parts.n_signers == 0 && !self->parts.has_content)
    return unwrap_certificates (self);

  McLayer *layer = add_layer (self, MC_LAYER_SIGNED);
  if (!_mc_smime_check_signers (cms, layer))
    return TRUE;
  if (!self->parts.data_inside || !self->parts.has_content) {
    _mc_smime_describe_signers (cms, layer);
    return self->parts.data_inside
             ? _mc_smime_set_malformed (layer, "no-content", _("the signed object has no content"))
             : _mc_smime_set_malformed (layer, "content-type",
                                        _("the signature is for something else than mail"));
  }
  g_autoptr (McSpool) output = new_spool (self);
  g_autoptr (BIO) content =
    _mc_cms_content_bio (self->engine, self->object, &self->parts, self->cancellable);
  McSpan whole = _mc_cms_content_span (self->object, &self->parts);
  if (!_mc_spool_append_span (output, whole, error))
    return FALSE;
  if (self->parts.n_signers == 0 || (self->flags & MC_UNWRAP_SKIP_SIGNATURES) != 0) {
    if (_mc_span_size (whole) == 0 && !_mc_smime_copy_content (content, output, error))
      return FALSE;
    _mc_smime_describe_signers (cms, layer);
    if (self->parts.n_signers == 0)
      _mc_layer_add_reason (layer, "no-signers", NULL, _("the signed object has no signer"));
  } else if (!_mc_smime_judge_signers (self->engine, cms, content, output, layer, self->cancellable,
                                       error))
    return FALSE;
  self->out->content = g_steal_pointer (&output);
  return TRUE;
}

/* ------------------------------------------------------------------ encrypted -- */

/* The outcome of an encrypted layer that cannot be opened. Always returns TRUE: that is a
 * verdict. */
static gboolean
give_up (McLayer *layer, McDecryptionStatus status, const char *code, const char *hint,
         const char *text)
{
  layer->decryption = status;
  if (!_mc_reasons_have (layer->reasons, code))
    _mc_layer_add_reason (layer, code, hint, "%s", text);
  return TRUE;
}

/* The cipher that may be used; else the layer says why not. */
static const McCipher *
check_cipher (Unwrapper *self, McLayer *layer)
{
  g_autofree char *name = NULL;
  gboolean authenticated = self->parts.kind == MC_CMS_AUTH_ENVELOPED;
  const McCipher *cipher =
    self->parts.cipher != NULL ? _mc_cipher_from_der (self->parts.cipher, &name) : NULL;
  if (name != NULL)
    _mc_layer_set_algorithm (layer, "cipher", name);
  if (cipher == NULL || cipher->aead != authenticated) {
    g_autofree char *text =
      g_strdup_printf (_("the cipher is not supported: %s"), name != NULL ? name : "?");
    give_up (layer, MC_DECRYPTION_ERROR, "unsupported-cipher", NULL, text);
    return NULL;
  }
  layer->weak = cipher->rank == MC_CIPHER_LEGACY;
  if (cipher->rank != MC_CIPHER_LEGACY) {
    if (cipher->rank == MC_CIPHER_OLD)
      _mc_layer_add_reason (layer, "weak-cipher", NULL, _("encrypted with an old cipher: %s"), name);
    return cipher;
  }
  _mc_layer_add_reason (layer, "weak-cipher", NULL,
                        _("encrypted with a broken cipher, which counts as none: %s"), name);
  if ((self->flags & MC_UNWRAP_ALLOW_LEGACY) != 0)
    return cipher;
  give_up (layer, MC_DECRYPTION_ERROR, "legacy-cipher", "--allow-legacy",
           _("broken ciphers are read on request only"));
  return NULL;
}

/* Authenticated attributes are part of what the tag covers (RFC 5083 section 2.2), as a
 * SET. OpenSSL leaves them out. */
static gboolean
feed_attributes (Unwrapper *self, EVP_CIPHER_CTX *context)
{
  int done;
  gsize size;
  if (self->parts.auth_attrs == NULL)
    return TRUE;
  const unsigned char *data = g_bytes_get_data (self->parts.auth_attrs, &size);
  g_autofree unsigned char *set = g_memdup2 (data, size);
  if (size == 0 || size > G_MAXINT)
    return FALSE;
  set[0] = MC_BER_SET;
  return EVP_DecryptUpdate (context, NULL, &done, set, (int) size) == 1;
}

typedef enum {
  OPENED,
  NOT_OPENED,               /* whatever the cause: the same for all */
  FAILED,                   /* a GError is set */
} Outcome;

/* A BIO to read the content of a ChaCha20-Poly1305 object (RFC 8103) from, over @content. NULL:
 * it cannot be opened. */
static BIO *
start_chacha (Unwrapper *self, CMS_ContentInfo *cms, BIO *content, OSSL_LIB_CTX *libctx)
{
  g_autoptr (EVP_CIPHER) cipher = EVP_CIPHER_fetch (libctx, "ChaCha20-Poly1305", NULL);
  g_autoptr (BIO) bio = BIO_new (BIO_f_cipher ());
  g_autoptr (McSecret) key = _mc_envelope_get_content_key (cms, libctx);
  EVP_CIPHER_CTX *context = NULL;
  guint8 nonce[MC_CHACHA_NONCE_BYTES], tag[MC_CHACHA_TAG_BYTES];
  if (cipher == NULL || bio == NULL || key == NULL
      || _mc_secret_get_size (key) != (gsize) EVP_CIPHER_get_key_length (cipher)
      || !_mc_chacha_parameters (self->parts.cipher, self->parts.mac, nonce, tag)
      || BIO_get_cipher_ctx (bio, &context) != 1
      || EVP_CipherInit_ex2 (context, cipher, (const guint8 *) _mc_secret_get_data (key), nonce, 0,
                             NULL) != 1
      || EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1)
    return NULL;
  return BIO_push (g_steal_pointer (&bio), content);
}

static BIO *
start_reading (Unwrapper *self, CMS_ContentInfo *cms, BIO *content, OSSL_LIB_CTX *libctx)
{
  const McCipher *cipher = _mc_cipher_from_der (self->parts.cipher, NULL);
  return cipher != NULL && cipher->nid == NID_chacha20_poly1305
           ? start_chacha (self, cms, content, libctx)
           : CMS_dataInit (cms, content);
}

/* Decrypts into a new spool, which is handed out only when all of it is good. */
static Outcome
decrypt_content (Unwrapper *self, CMS_ContentInfo *cms, OSSL_LIB_CTX *libctx, GError **error)
{
  GError *own = NULL;
  EVP_CIPHER_CTX *context = NULL;
  g_autoptr (McSpool) output = new_spool (self);
  g_autoptr (BIO) content =
    _mc_cms_content_bio (self->engine, self->object, &self->parts, self->cancellable);
  BIO *plain = start_reading (self, cms, content, libctx);
  if (plain == NULL)
    return NOT_OPENED;
  gboolean read = BIO_get_cipher_ctx (plain, &context) == 1 && feed_attributes (self, context)
                  && _mc_smime_pump (plain, output, &own);
  gboolean whole = BIO_get_cipher_status (plain) > 0;
  BIO_pop (content);
  BIO_free_all (plain);
  if (own != NULL) {
    g_propagate_error (error, own);
    return FAILED;
  }
  if (!_mc_smime_bio_check (content, error))
    return FAILED;
  if (!read || !whole)
    return NOT_OPENED;
  self->out->content = g_steal_pointer (&output);
  return OPENED;
}

static Outcome
decrypt_with (Unwrapper *self, OSSL_LIB_CTX *libctx, const McOwnRecipient *own, EVP_PKEY *key,
              GError **error)
{
  /* A fresh object for each key: the last one leaves traces in it. */
  g_autoptr (CMS_ContentInfo) cms = _mc_cms_parse (libctx, &self->parts, error);
  if (cms == NULL)
    return FAILED;
  if (_mc_agreement_is_key (key)) {
    g_autoptr (CMS_ContentInfo) opened = _mc_agreement_open (cms, libctx, own->certificate, key);
    return opened != NULL ? decrypt_content (self, opened, libctx, error) : NOT_OPENED;
  }
  if (CMS_decrypt_set1_pkey (cms, key, own->certificate) != 1)
    return NOT_OPENED;
  return decrypt_content (self, cms, libctx, error);
}

static gboolean
set_opened (Unwrapper *self, McLayer *layer, const McOwnRecipient *own)
{
  layer->decryption = MC_DECRYPTION_OK;
  layer->authenticated = self->parts.kind == MC_CMS_AUTH_ENVELOPED;
  _mc_layer_set_algorithm (layer, "key-encryption", own->algorithm);
  if (own->sha1)
    _mc_layer_add_reason (layer, "weak-key-derivation", NULL,
                          _("the key of the content is derived with the old digest SHA-1"));
  if (!layer->authenticated)
    _mc_layer_add_reason (layer, "not-authenticated", NULL,
                          _("the cipher does not protect against changes on the way"));
  return TRUE;
}

static gboolean
set_not_opened (Unwrapper *self, McLayer *layer)
{
  if (self->parts.kind == MC_CMS_AUTH_ENVELOPED)
    return give_up (layer, MC_DECRYPTION_FAILED, "integrity", NULL,
                    _("the encrypted content was changed or is damaged"));
  return give_up (layer, MC_DECRYPTION_FAILED, "decryption-failed", NULL,
                  _("the content cannot be decrypted"));
}

/* The passphrase is not to be had: a verdict, and the text names the sources tried. */
static gboolean
set_locked (McLayer *layer, const GError *why)
{
  return give_up (layer, MC_DECRYPTION_NO_KEY, "no-passphrase", mc_error_get_hint (why),
                  why->message);
}

static gboolean
try_keys (Unwrapper *self, McLayer *layer, OSSL_LIB_CTX *libctx, GPtrArray *own, GError **error)
{
  gboolean tried = FALSE;
  g_autoptr (GError) locked = NULL;
  for (guint i = 0; i < own->len; i++) {
    const McOwnRecipient *recipient = own->pdata[i];
    g_autoptr (GError) why = NULL;
    g_autoptr (EVP_PKEY) key = _mc_private_key_load (self->engine, libctx, recipient->certificate,
                                                     self->cancellable, &why);
    if (key == NULL && !g_error_matches (why, MC_ERROR, MC_ERROR_NO_SECRET)) {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
    if (key == NULL) {
      if (locked == NULL)
        locked = g_steal_pointer (&why);
      continue;
    }
    tried = TRUE;
    Outcome outcome = decrypt_with (self, libctx, recipient, key, error);
    if (outcome == OPENED)
      return set_opened (self, layer, recipient);
    if (outcome == FAILED)
      return FALSE;
  }
  return tried ? set_not_opened (self, layer) : set_locked (layer, locked);
}

static gboolean
check_parts (Unwrapper *self, McLayer *layer)
{
  if (!self->parts.has_content || !self->parts.data_inside) {
    layer->structure = MC_CONTENT_MALFORMED;
    give_up (layer, MC_DECRYPTION_ERROR, self->parts.data_inside ? "no-content" : "content-type",
             NULL,
             self->parts.data_inside ? _("the encrypted object has no content")
                                     : _("the encrypted content is something else than mail"));
    return FALSE;
  }
  if (self->parts.kind != MC_CMS_AUTH_ENVELOPED)
    return TRUE;
  if (self->parts.mac_bytes >= MIN_MAC_BYTES && self->parts.mac_bytes <= MAX_MAC_BYTES)
    return TRUE;
  layer->structure = MC_CONTENT_MALFORMED;
  give_up (layer, MC_DECRYPTION_FAILED, "integrity", NULL,
           _("the integrity check value does not have a sound size"));
  return FALSE;
}

static gboolean
unwrap_encrypted (Unwrapper *self, GError **error)
{
  g_autoptr (GPtrArray) own =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_own_recipient_free);
  g_autoptr (CMS_ContentInfo) cms = _mc_cms_parse (self->engine->libctx, &self->parts, error);
  if (cms == NULL)
    return FALSE;
  McLayer *layer = add_layer (self, MC_LAYER_ENCRYPTED);
  const McCipher *cipher = check_cipher (self, layer);
  if (!_mc_smime_list_recipients (self->engine, cms, layer, own, error))
    return FALSE;
  if (cipher == NULL || !check_parts (self, layer))
    return TRUE;
  if (own->len == 0)
    return give_up (layer, MC_DECRYPTION_NO_KEY, "no-secret-key",
                    _("import it: mailcrypt keys import FILE"),
                    _("none of the recipients' private keys is here"));

  OSSL_LIB_CTX *libctx = cipher->rank == MC_CIPHER_LEGACY ? _mc_smime_legacy (self->engine, error)
                                                          : self->engine->libctx;
  return libctx != NULL && try_keys (self, layer, libctx, own, error);
}

/* --------------------------------------------------------------------- others -- */

static gboolean
unwrap_data (Unwrapper *self, GError **error)
{
  g_autoptr (McSpool) output = new_spool (self);
  g_autoptr (BIO) content =
    _mc_cms_content_bio (self->engine, self->object, &self->parts, self->cancellable);
  if (!_mc_smime_copy_content (content, output, error))
    return FALSE;
  self->out->content = g_steal_pointer (&output);
  return TRUE;
}

static gboolean
unwrap_compressed (Unwrapper *self, GError **error)
{
  if (!self->parts.has_content || !self->parts.data_inside) {
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("the compressed object has no mail in it"));
    return FALSE;
  }
  g_autoptr (McSpool) output = new_spool (self);
  g_autoptr (BIO) content =
    _mc_cms_content_bio (self->engine, self->object, &self->parts, self->cancellable);
  if (!_mc_smime_inflate (self->parts.cipher, content, output, error))
    return FALSE;
  self->out->content = g_steal_pointer (&output);
  return TRUE;
}

static gboolean
unwrap (Unwrapper *self, GError **error)
{
  switch (self->parts.kind) {
    case MC_CMS_SIGNED:
      return unwrap_signed (self, error);
    case MC_CMS_ENVELOPED:
    case MC_CMS_AUTH_ENVELOPED:
      return unwrap_encrypted (self, error);
    case MC_CMS_COMPRESSED:
      return unwrap_compressed (self, error);
    case MC_CMS_DATA:
      return unwrap_data (self, error);
    case MC_CMS_OTHER:
    case MC_CMS_UNKNOWN:
    default:
      return TRUE;
  }
}

gboolean
_mc_smime_unwrap (McEngine *engine, McSpan object, const char *path, McUnwrapFlags flags,
                  McUnwrapped *ret_unwrapped, GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  g_auto (McUnwrapped) out = { 0 };
  Unwrapper self = { .engine = engine, .object = object, .path = path, .flags = flags,
                     .cancellable = cancellable, .out = &out };
  if (!_mc_cms_split (object, &self.parts, error))
    return FALSE;
  out.layers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_layer_unref);
  out.format = g_strdup (self.parts.format);
  gboolean ok = unwrap (&self, error);
  _mc_cms_parts_clear (&self.parts);
  if (!ok)
    return FALSE;
  *ret_unwrapped = out;
  out = (McUnwrapped) { 0 };
  return TRUE;
}
