/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/envelope.h"

#include "base/error.h"
#include "base/secret.h"
#include "smime/agreement.h"
#include "smime/ber.h"
#include "smime/bio.h"

#include <glib/gi18n-lib.h>

#define EXPLICIT_0 (MC_BER_CONTEXT (0) | MC_BER_CONSTRUCTED)
#define SHARED_KEY (MC_BER_CONTEXT (2) | MC_BER_CONSTRUCTED)
#define WRAPPING_BYTES 32
#define MAX_WRAPPED_BYTES 72
#define IDENTIFIER_BYTES 8

/* --------------------------------------------------------------------- apart -- */

static gboolean
take_apart (McEnvelope *self)
{
  McDer all = { NULL, 0 }, object, wrapper, inner;
  all.at = g_bytes_get_data (self->der, &all.size);
  if (!_mc_der_take (&all, MC_BER_SEQUENCE, NULL, &object)
      || !_mc_der_take (&object, MC_BER_OID, &self->type, NULL)
      || !_mc_der_take (&object, EXPLICIT_0, NULL, &wrapper)
      || !_mc_der_take (&wrapper, MC_BER_SEQUENCE, NULL, &inner))
    return FALSE;
  self->before = inner;
  if (!_mc_der_take (&inner, MC_BER_INTEGER, NULL, NULL)
      || !_mc_der_take_optional (&inner, EXPLICIT_0, NULL, NULL))
    return FALSE;
  self->before.size -= inner.size;
  if (!_mc_der_take (&inner, MC_BER_SET, NULL, &self->recipients)
      || !_mc_der_take (&inner, MC_BER_SEQUENCE, NULL, &self->content))
    return FALSE;
  self->after = inner;
  return TRUE;
}

gboolean
_mc_envelope_init (McEnvelope *envelope, CMS_ContentInfo *cms)
{
  g_autoptr (McOpensslBytes) der = NULL;
  int size = i2d_CMS_ContentInfo (cms, &der);
  if (size <= 0)
    return FALSE;
  envelope->der = g_bytes_new (der, (gsize) size);
  return take_apart (envelope);
}

void
_mc_envelope_clear (McEnvelope *envelope)
{
  g_clear_pointer (&envelope->der, g_bytes_unref);
}

CMS_ContentInfo *
_mc_envelope_readdress (const McEnvelope *envelope, const GByteArray *recipients,
                        OSSL_LIB_CTX *libctx)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  _mc_der_append_raw (out, &envelope->before);
  _mc_der_append (out, MC_BER_SET, recipients->data, recipients->len);
  _mc_der_append (out, MC_BER_SEQUENCE, envelope->content.at, envelope->content.size);
  _mc_der_append_raw (out, &envelope->after);
  _mc_der_wrap (out, MC_BER_SEQUENCE);
  _mc_der_wrap (out, EXPLICIT_0);
  g_byte_array_prepend (out, envelope->type.at, (guint) envelope->type.size);
  _mc_der_wrap (out, MC_BER_SEQUENCE);

  const unsigned char *at = out->data;
  CMS_ContentInfo *cms = CMS_ContentInfo_new_ex (libctx, NULL);
  if (cms == NULL || d2i_CMS_ContentInfo (&cms, &at, (long) out->len) == NULL)
    return NULL;   /* d2i freed the object that it was given */
  return cms;
}

/* --------------------------------------------------------------- content key -- */

gboolean
_mc_envelope_read_shared (McDer body, McDer *ret_identifier, McDer *ret_encrypted_key)
{
  McDer identifier;
  return _mc_der_take (&body, MC_BER_INTEGER, NULL, NULL)
         && _mc_der_take (&body, MC_BER_SEQUENCE, NULL, &identifier)
         && _mc_der_take (&identifier, MC_BER_OCTETS, NULL, ret_identifier)
         && _mc_der_take (&body, MC_BER_SEQUENCE, NULL, NULL)
         && _mc_der_take (&body, MC_BER_OCTETS, NULL, ret_encrypted_key);
}

static gboolean
find_shared (McDer recipients, const guint8 *name, McDer *ret_encrypted_key)
{
  while (recipients.size > 0) {
    McDer body, identifier;
    if (!_mc_der_take (&recipients, *recipients.at, NULL, &body))
      return FALSE;
    if (_mc_envelope_read_shared (body, &identifier, ret_encrypted_key)
        && _mc_der_is (&identifier, name, IDENTIFIER_BYTES))
      return TRUE;
  }
  return FALSE;
}

static McSecret *
unwrap (OSSL_LIB_CTX *libctx, const guint8 *wrapping, const McDer *wrapped)
{
  guint8 key[MAX_WRAPPED_BYTES];
  int size = 0, rest = 0;
  McSecret *secret = NULL;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();
  g_autoptr (EVP_CIPHER) cipher = EVP_CIPHER_fetch (libctx, "AES-256-WRAP", NULL);
  if (context != NULL && cipher != NULL && wrapped->size <= sizeof key) {
    EVP_CIPHER_CTX_set_flags (context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    if (EVP_DecryptInit_ex2 (context, cipher, wrapping, NULL, NULL) == 1
        && EVP_DecryptUpdate (context, key, &size, wrapped->at, (int) wrapped->size) == 1
        && EVP_DecryptFinal_ex (context, key + size, &rest) == 1)
      secret = mc_secret_new ((const char *) key, (gsize) size);
  }
  EVP_CIPHER_CTX_free (context);
  _mc_wipe (key, sizeof key);
  return secret;
}

/* OpenSSL hands its content key out to further recipients only: so we become one. */
McSecret *
_mc_envelope_get_content_key (CMS_ContentInfo *cms, OSSL_LIB_CTX *libctx)
{
  guint8 wrapping[WRAPPING_BYTES], name[IDENTIFIER_BYTES];
  g_auto (McEnvelope) envelope = { 0 };
  McSecret *key = NULL;
  McDer wrapped;
  if (RAND_priv_bytes_ex (libctx, wrapping, sizeof wrapping, 0) != 1
      || RAND_bytes_ex (libctx, name, sizeof name, 0) != 1)
    return NULL;
  unsigned char *own_key = OPENSSL_memdup (wrapping, sizeof wrapping);
  unsigned char *own_name = OPENSSL_memdup (name, sizeof name);
  CMS_RecipientInfo *info =
    CMS_add0_recipient_key (cms, NID_id_aes256_wrap, own_key, sizeof wrapping, own_name, sizeof name,
                            NULL, NULL, NULL);
  if (info == NULL) {
    OPENSSL_clear_free (own_key, sizeof wrapping);
    OPENSSL_free (own_name);
  } else if (CMS_RecipientInfo_encrypt (cms, info) == 1 && _mc_envelope_init (&envelope, cms)
             && find_shared (envelope.recipients, name, &wrapped))
    key = unwrap (libctx, wrapping, &wrapped);
  _mc_wipe (wrapping, sizeof wrapping);
  return key;
}

/* ------------------------------------------------------------------- writing -- */

static gboolean
failed (GError **error)
{
  return _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE, _("S/MIME object cannot be written"));
}

static gboolean
append_recipients (GByteArray *out, McDer recipients, GPtrArray *agreements)
{
  while (recipients.size > 0) {
    McDer whole, body;
    if (!_mc_der_take (&recipients, *recipients.at, &whole, &body))
      return FALSE;
    if (*whole.at != SHARED_KEY)
      _mc_der_append_raw (out, &whole);
    else if (!_mc_agreement_append (out, agreements, body))
      return FALSE;
  }
  _mc_der_wrap (out, MC_BER_SET);
  return TRUE;
}

static guint64
sealed_size (BIO *sealing, guint64 size)
{
  EVP_CIPHER_CTX *context = NULL;
  BIO_get_cipher_ctx (sealing, &context);
  guint64 block = (guint64) EVP_CIPHER_CTX_get_block_size (context);
  return block > 1 ? (size / block + 1) * block : size;
}

/* From the beginning to the octets of the content. The outer lengths are indefinite: a tag
 * that is not known yet may follow. */
static GByteArray *
make_head (CMS_ContentInfo *cms, GPtrArray *agreements, guint64 content_size)
{
  static const guint8 open[] = { MC_BER_SEQUENCE, 0x80 };
  static const guint8 open_object[] = { EXPLICIT_0, 0x80, MC_BER_SEQUENCE, 0x80 };
  /* Constructed: libksba reads no other, OpenSSL no empty other. */
  static const guint8 open_content[] = { EXPLICIT_0, 0x80 };
  g_auto (McEnvelope) envelope = { 0 };
  g_autoptr (GByteArray) recipients = g_byte_array_new ();
  if (!_mc_envelope_init (&envelope, cms)
      || !append_recipients (recipients, envelope.recipients, agreements))
    return NULL;
  GByteArray *out = g_byte_array_new ();
  g_byte_array_append (out, open, sizeof open);
  _mc_der_append_raw (out, &envelope.type);
  g_byte_array_append (out, open_object, sizeof open_object);
  _mc_der_append_raw (out, &envelope.before);
  g_byte_array_append (out, recipients->data, recipients->len);
  g_byte_array_append (out, open, sizeof open);
  _mc_der_append_raw (out, &envelope.content);
  g_byte_array_append (out, open_content, sizeof open_content);
  _mc_der_append_header (out, MC_BER_OCTETS, content_size);
  return out;
}

static GByteArray *
make_tail (CMS_ContentInfo *cms)
{
  static const guint8 end[] = { 0, 0, 0, 0, 0, 0 };   /* of up to three elements */
  g_auto (McEnvelope) envelope = { 0 };
  if (!_mc_envelope_init (&envelope, cms))
    return NULL;
  GByteArray *out = g_byte_array_new ();
  g_byte_array_append (out, end, 4);
  _mc_der_append_raw (out, &envelope.after);
  g_byte_array_append (out, end, sizeof end);
  return out;
}

static gboolean
pump (BIO *in, BIO *sealing, CMS_ContentInfo *cms)
{
  return _mc_smime_pump_bio (in, sealing) && BIO_flush (sealing) == 1
         && CMS_dataFinal (cms, sealing) == 1;
}

gboolean
_mc_envelope_write (McEngine *engine, CMS_ContentInfo *cms, GPtrArray *agreements, McSpan content,
                    McSpool *output, GCancellable *cancellable, GError **error)
{
  g_autoptr (BIO) in = _mc_smime_span_bio (engine, content, MC_NEWLINES_AS_IS, cancellable);
  BIO *out = _mc_smime_spool_bio (engine, output, cancellable);
  BIO *started = CMS_dataInit (cms, out);
  g_autoptr (BIO) sealing = started != NULL ? started : out;   /* the chain owns @out */
  if (started == NULL)
    return failed (error);

  g_autoptr (GByteArray) head =
    make_head (cms, agreements, sealed_size (sealing, _mc_span_size (content)));
  if (head == NULL)
    return failed (error);
  if (!_mc_spool_append (output, head->data, head->len, error))
    return FALSE;
  gboolean ok = pump (in, sealing, cms);
  if (!_mc_smime_bio_check (in, error) || !_mc_smime_bio_check (out, error))
    return FALSE;
  g_autoptr (GByteArray) tail = ok ? make_tail (cms) : NULL;
  return tail != NULL ? _mc_spool_append (output, tail->data, tail->len, error) : failed (error);
}
