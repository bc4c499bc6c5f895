/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/eddsa.h"

#include "base/error.h"
#include "smime/attributes.h"
#include "smime/ber.h"
#include "smime/bio.h"
#include "smime/certificate.h"
#include "smime/der.h"

#include <glib/gi18n-lib.h>

#define DIGEST_NAME "sha512"
#define DIGEST_BYTES 64
#define SIGNATURE_BYTES ((gsize) 64)
/* Without signed attributes the content itself is signed, and OpenSSL wants it in one piece. */
#define MAX_BARE_BYTES ((gsize) 64 * 1024 * 1024)

/* AlgorithmIdentifiers, without parameters: id-sha512, id-Ed25519. */
static const guint8 sha512[] = { 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                                 0x01, 0x65, 0x03, 0x04, 0x02, 0x03 };
static const guint8 ed25519[] = { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 };

gboolean
_mc_eddsa_is_key (EVP_PKEY *key)
{
  return EVP_PKEY_is_a (key, "ED25519") == 1;
}

/* ------------------------------------------------------------------- checking -- */

static gboolean
has_algorithms (CMS_SignerInfo *info)
{
  X509_ALGOR *digest = NULL, *signature = NULL;
  const ASN1_OBJECT *digest_name = NULL, *signature_name = NULL;
  int parameters = V_ASN1_UNDEF;
  CMS_SignerInfo_get0_algs (info, NULL, NULL, &digest, &signature);
  X509_ALGOR_get0 (&digest_name, NULL, NULL, digest);
  X509_ALGOR_get0 (&signature_name, &parameters, NULL, signature);
  return OBJ_obj2nid (digest_name) == NID_sha512 && OBJ_obj2nid (signature_name) == NID_ED25519
         && parameters == V_ASN1_UNDEF;
}

static gboolean
verify_octets (McEngine *engine, EVP_PKEY *key, const ASN1_OCTET_STRING *signature,
               const guint8 *data, gsize size)
{
  g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
  return context != NULL
         && EVP_DigestVerifyInit_ex (context, NULL, NULL, engine->libctx, NULL, key, NULL) == 1
         && EVP_DigestVerify (context, ASN1_STRING_get0_data (signature),
                              (gsize) ASN1_STRING_length (signature), data, size) == 1;
}

static McContentFact
check_bare (McEngine *engine, EVP_PKEY *key, const ASN1_OCTET_STRING *signature, McSpool *content)
{
  gsize size;
  g_autoptr (GBytes) bytes = _mc_span_load (_mc_span_whole (content), MAX_BARE_BYTES, NULL);
  if (bytes == NULL)
    return MC_CONTENT_UNKNOWN;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  return verify_octets (engine, key, signature, data, size) ? MC_CONTENT_INTACT : MC_CONTENT_ALTERED;
}

McContentFact
_mc_eddsa_check (McEngine *engine, CMS_SignerInfo *info, EVP_PKEY *key, BIO *hashes,
                 McSpool *content)
{
  const ASN1_OCTET_STRING *signature = CMS_SignerInfo_get0_signature (info);
  if (!has_algorithms (info))
    return MC_CONTENT_MALFORMED;
  if (!_mc_attributes_present (info))
    return check_bare (engine, key, signature, content);

  g_autoptr (GByteArray) attributes = _mc_attributes_encode_signed (info);
  if (attributes == NULL
      || !verify_octets (engine, key, signature, attributes->data, attributes->len)
      || CMS_SignerInfo_verify_content (info, hashes) != 1)
    return MC_CONTENT_ALTERED;
  return MC_CONTENT_INTACT;
}

/* --------------------------------------------------------------------- making -- */

static gboolean
failed (GError **error)
{
  return _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE, _("signature cannot be made"));
}

static gboolean
sign_octets (McEngine *engine, EVP_PKEY *key, const GByteArray *data, guint8 *signature)
{
  gsize size = SIGNATURE_BYTES;
  g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
  return context != NULL
         && EVP_DigestSignInit_ex (context, NULL, NULL, engine->libctx, NULL, key, NULL) == 1
         && EVP_DigestSign (context, signature, &size, data->data, data->len) == 1
         && size == SIGNATURE_BYTES;
}

/* SignerInfo ::= SEQUENCE { version, sid, digestAlgorithm, [0] signedAttrs,
 * signatureAlgorithm, signature } */
static GByteArray *
make_signer_info (McEngine *engine, const McEddsaJob *job, const guint8 *digest)
{
  static const guint8 version[] = { MC_BER_INTEGER, 1, 1 };
  guint8 signature[SIGNATURE_BYTES];
  X509 *certificate = sk_X509_value (job->certificates, 0);
  g_autoptr (GByteArray) info = g_byte_array_new ();
  if (!_mc_attributes_complete (job->attributes, certificate, digest, DIGEST_BYTES))
    return NULL;
  g_autoptr (GByteArray) attributes = _mc_attributes_encode (job->attributes);
  if (attributes == NULL || !sign_octets (engine, job->key, attributes, signature))
    return NULL;

  g_byte_array_append (info, version, sizeof version);
  if (!_mc_der_append_certificate_name (info, certificate))
    return NULL;
  g_byte_array_append (info, sha512, sizeof sha512);
  attributes->data[0] = MC_BER_CONTEXT (0) | MC_BER_CONSTRUCTED;
  g_byte_array_append (info, attributes->data, attributes->len);
  g_byte_array_append (info, ed25519, sizeof ed25519);
  _mc_der_append (info, MC_BER_OCTETS, signature, sizeof signature);
  _mc_der_wrap (info, MC_BER_SEQUENCE);
  return g_steal_pointer (&info);
}

static GByteArray *
encode_certificates (const McEddsaJob *job)
{
  GByteArray *out = g_byte_array_new ();
  for (int i = 0; i < sk_X509_num (job->certificates); i++) {
    g_autoptr (GBytes) der = _mc_x509_to_der (sk_X509_value (job->certificates, i));
    g_byte_array_append (out, g_bytes_get_data (der, NULL), (guint) g_bytes_get_size (der));
  }
  _mc_der_wrap (out, MC_BER_CONTEXT (0) | MC_BER_CONSTRUCTED);
  return out;
}

/* From the beginning to the octets of the content. The outer lengths are indefinite: what
 * follows the content is not known yet. */
static GByteArray *
make_head (const McEddsaJob *job)
{
  static const guint8 object[] = {
    MC_BER_SEQUENCE, 0x80,                                                        /* ContentInfo */
    MC_BER_OID, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02,          /* signedData */
    MC_BER_CONTEXT (0) | MC_BER_CONSTRUCTED, 0x80, MC_BER_SEQUENCE, 0x80, MC_BER_INTEGER, 1, 1,
  };
  static const guint8 data[] = { MC_BER_OID, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };
  static const guint8 open[] = { MC_BER_SEQUENCE, 0x80 };
  static const guint8 open_content[] = { MC_BER_CONTEXT (0) | MC_BER_CONSTRUCTED, 0x80 };
  GByteArray *out = g_byte_array_new ();
  g_byte_array_append (out, object, sizeof object);
  _mc_der_append (out, MC_BER_SET, sha512, sizeof sha512);
  g_byte_array_append (out, open, sizeof open);
  g_byte_array_append (out, data, sizeof data);
  if (job->opaque) {
    g_byte_array_append (out, open_content, sizeof open_content);
    _mc_der_append_header (out, MC_BER_OCTETS, _mc_span_size (job->content));
  }
  return out;
}

static void
close_elements (GByteArray *out, guint count)
{
  static const guint8 end[] = { 0, 0 };
  for (guint i = 0; i < count; i++)
    g_byte_array_append (out, end, sizeof end);
}

static GByteArray *
make_tail (McEngine *engine, const McEddsaJob *job, const guint8 *digest)
{
  g_autoptr (GByteArray) info = make_signer_info (engine, job, digest);
  if (info == NULL)
    return NULL;
  g_autoptr (GByteArray) certificates = encode_certificates (job);
  GByteArray *out = g_byte_array_new ();
  close_elements (out, job->opaque ? 2 : 1);
  g_byte_array_append (out, certificates->data, certificates->len);
  _mc_der_append (out, MC_BER_SET, info->data, info->len);
  close_elements (out, 3);
  return out;
}

gboolean
_mc_eddsa_sign (McEngine *engine, const McEddsaJob *job, McSpool *output, GCancellable *cancellable,
                GError **error)
{
  guint8 digest[EVP_MAX_MD_SIZE];
  g_autoptr (GByteArray) head = make_head (job);
  g_autoptr (BIO) hash = _mc_smime_hash_new (engine, DIGEST_NAME);
  g_autoptr (BIO) content = _mc_smime_span_bio (engine, job->content, MC_NEWLINES_AS_IS, cancellable);
  if (hash == NULL)
    return failed (error);
  if (!_mc_spool_append (output, head->data, head->len, error)
      || !_mc_smime_hash_content (hash, content, job->opaque ? output : NULL, error))
    return FALSE;
  if (BIO_gets (hash, (char *) digest, sizeof digest) != DIGEST_BYTES)
    return failed (error);
  g_autoptr (GByteArray) tail = make_tail (engine, job, digest);
  return tail != NULL ? _mc_spool_append (output, tail->data, tail->len, error) : failed (error);
}
