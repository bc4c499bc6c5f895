/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/agreement.h"

#include "base/secret.h"
#include "smime/ber.h"
#include "smime/certificate.h"
#include "smime/envelope.h"

#include <string.h>

#define CONTEXT_0 (MC_BER_CONTEXT (0) | MC_BER_CONSTRUCTED)
#define CONTEXT_1 (MC_BER_CONTEXT (1) | MC_BER_CONSTRUCTED)
#define CONTEXT_2 (MC_BER_CONTEXT (2) | MC_BER_CONSTRUCTED)
#define BIT_STRING 0x03

#define PUBLIC_KEY_BYTES 32
#define MAX_WRAPPING_BYTES 32
#define IDENTIFIER_BYTES 4
#define MAX_AGREEMENTS G_MAXUINT16

#define SMIME_ALGORITHM "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03"
#define AES "\x60\x86\x48\x01\x65\x03\x04\x01"

/* id-X25519, without parameters. */
static const guint8 x25519[] = { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e };

typedef struct {
  const char *oid;          /* dhSinglePass-stdDH-hkdf-*-scheme */
  const char *digest;
} Scheme;

static const Scheme schemes[] = {
  { SMIME_ALGORITHM "\x13", "SHA256" },   /* the one that we write */
  { SMIME_ALGORITHM "\x14", "SHA384" },
  { SMIME_ALGORITHM "\x15", "SHA512" },
};

typedef struct {
  const char *oid;          /* id-aes*-wrap */
  int nid;
  gsize size;               /* of the key */
} Wrap;

static const Wrap wraps[] = {
  { AES "\x05", NID_id_aes128_wrap, 16 },
  { AES "\x19", NID_id_aes192_wrap, 24 },
  { AES "\x2d", NID_id_aes256_wrap, 32 },
};

struct _McAgreement {
  guint8 identifier[IDENTIFIER_BYTES];
  GByteArray *head;         /* version, originator, key encryption algorithm */
  GByteArray *recipient;    /* name of the certificate */
};

void
_mc_agreement_free (McAgreement *agreement)
{
  if (agreement == NULL)
    return;
  g_clear_pointer (&agreement->head, g_byte_array_unref);
  g_byte_array_unref (agreement->recipient);
  g_free (agreement);
}

gboolean
_mc_agreement_is_key (EVP_PKEY *key)
{
  return EVP_PKEY_is_a (key, "X25519") == 1;
}

/* ------------------------------------------------------------- key derivation -- */

/* ECC-CMS-SharedInfo (RFC 5753 section 7.2). @wrap: the AlgorithmIdentifier as it stands in
 * the message. */
static GByteArray *
make_shared_info (const McDer *wrap, const McDer *ukm, gsize key_size)
{
  const guint8 bits[] = { 0, 0, (guint8) (key_size * 8 >> 8), (guint8) (key_size * 8) };
  GByteArray *out = g_byte_array_new ();
  g_autoptr (GByteArray) field = g_byte_array_new ();
  _mc_der_append_raw (out, wrap);
  if (ukm->at != NULL) {
    _mc_der_append (field, MC_BER_OCTETS, ukm->at, ukm->size);
    _mc_der_append (out, CONTEXT_0, field->data, field->len);
    g_byte_array_set_size (field, 0);
  }
  _mc_der_append (field, MC_BER_OCTETS, bits, sizeof bits);
  _mc_der_append (out, CONTEXT_2, field->data, field->len);
  _mc_der_wrap (out, MC_BER_SEQUENCE);
  return out;
}

/* RFC 8418 section 2.2: the user keying material is the salt, too. */
static gboolean
expand (OSSL_LIB_CTX *libctx, const char *digest, guint8 *shared, gsize shared_size,
        const McDer *ukm, const GByteArray *info, guint8 *out, gsize size)
{
  EVP_KDF *kdf = EVP_KDF_fetch (libctx, "HKDF", NULL);
  EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new (kdf) : NULL;
  OSSL_PARAM parameters[5];
  guint used = 0;
  parameters[used++] =
    OSSL_PARAM_construct_utf8_string (OSSL_KDF_PARAM_DIGEST, (char *) digest, 0);
  parameters[used++] = OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_KEY, shared, shared_size);
  parameters[used++] = OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_INFO, info->data, info->len);
  if (ukm->at != NULL && ukm->size > 0)
    parameters[used++] =
      OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_SALT, (void *) ukm->at, ukm->size);
  parameters[used] = OSSL_PARAM_construct_end ();
  gboolean ok = context != NULL && EVP_KDF_derive (context, out, size, parameters) == 1;
  EVP_KDF_CTX_free (context);
  EVP_KDF_free (kdf);
  return ok;
}

/* Fails also when the other side's key makes the secret zero (RFC 8418 section 7). */
static gboolean
agree (OSSL_LIB_CTX *libctx, EVP_PKEY *own, EVP_PKEY *peer, guint8 *shared)
{
  gsize size = PUBLIC_KEY_BYTES;
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey (libctx, own, NULL);
  return context != NULL && EVP_PKEY_derive_init (context) == 1
         && EVP_PKEY_derive_set_peer (context, peer) == 1
         && EVP_PKEY_derive (context, shared, &size) == 1 && size == PUBLIC_KEY_BYTES;
}

/* The key that wraps, into @out. */
static gboolean
derive (OSSL_LIB_CTX *libctx, EVP_PKEY *own, EVP_PKEY *peer, const Scheme *scheme, const McDer *wrap,
        const McDer *ukm, guint8 *out, gsize size)
{
  guint8 shared[PUBLIC_KEY_BYTES];
  g_autoptr (GByteArray) info = make_shared_info (wrap, ukm, size);
  gboolean ok = agree (libctx, own, peer, shared)
                && expand (libctx, scheme->digest, shared, sizeof shared, ukm, info, out, size);
  _mc_wipe (shared, sizeof shared);
  return ok;
}

/* The body of a KEKRecipientInfo. */
static void
append_shared (GByteArray *out, const guint8 *identifier, const McDer *wrap,
               const McDer *encrypted_key)
{
  static const guint8 version[] = { MC_BER_INTEGER, 1, 4 };
  g_autoptr (GByteArray) info = g_byte_array_new ();
  _mc_der_append (info, MC_BER_OCTETS, identifier, IDENTIFIER_BYTES);
  _mc_der_wrap (info, MC_BER_SEQUENCE);
  g_byte_array_prepend (info, version, sizeof version);
  _mc_der_append_raw (info, wrap);
  _mc_der_append (info, MC_BER_OCTETS, encrypted_key->at, encrypted_key->size);
  _mc_der_append (out, CONTEXT_2, info->data, info->len);
}

/* -------------------------------------------------------------------- reading -- */

/* A KeyAgreeRecipientInfo. */
typedef struct {
  const guint8 *public_key;
  McDer ukm;                /* .at NULL: none */
  McDer wrap_algorithm;     /* whole */
  const Scheme *scheme;
  const Wrap *wrap;
  McDer keys;               /* RecipientEncryptedKeys, one after the other */
} Info;

static gboolean
is_oid (const McDer *oid, const char *wanted)
{
  return _mc_der_is (oid, (const guint8 *) wanted, strlen (wanted));
}

static gboolean
read_originator (McDer originator, Info *info)
{
  McDer key, bits;
  if (!_mc_der_take (&originator, CONTEXT_1, NULL, &key) || key.size < sizeof x25519
      || memcmp (key.at, x25519, sizeof x25519) != 0)
    return FALSE;
  key.at += sizeof x25519;
  key.size -= sizeof x25519;
  if (!_mc_der_take (&key, BIT_STRING, NULL, &bits) || bits.size != PUBLIC_KEY_BYTES + 1
      || bits.at[0] != 0)
    return FALSE;
  info->public_key = bits.at + 1;
  return TRUE;
}

static gboolean
read_algorithm (McDer algorithm, Info *info)
{
  McDer oid, wrap, wrap_oid;
  if (!_mc_der_take (&algorithm, MC_BER_OID, NULL, &oid)
      || !_mc_der_take (&algorithm, MC_BER_SEQUENCE, &info->wrap_algorithm, &wrap)
      || !_mc_der_take (&wrap, MC_BER_OID, NULL, &wrap_oid))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (is_oid (&oid, schemes[i].oid))
      info->scheme = &schemes[i];
  for (gsize i = 0; i < G_N_ELEMENTS (wraps); i++)
    if (is_oid (&wrap_oid, wraps[i].oid))
      info->wrap = &wraps[i];
  return info->scheme != NULL && info->wrap != NULL;
}

static gboolean
read_info (McDer body, Info *info)
{
  McDer originator, ukm, algorithm;
  if (!_mc_der_take (&body, MC_BER_INTEGER, NULL, NULL)
      || !_mc_der_take (&body, CONTEXT_0, NULL, &originator) || !read_originator (originator, info)
      || !_mc_der_take_optional (&body, CONTEXT_1, NULL, &ukm))
    return FALSE;
  if (ukm.size > 0 && !_mc_der_take (&ukm, MC_BER_OCTETS, NULL, &info->ukm))
    return FALSE;
  return _mc_der_take (&body, MC_BER_SEQUENCE, NULL, &algorithm) && read_algorithm (algorithm, info)
         && _mc_der_take (&body, MC_BER_SEQUENCE, NULL, &info->keys);
}

static gboolean
names_certificate (McDer name, X509 *certificate)
{
  McDer identifier, body;
  const ASN1_OCTET_STRING *own = X509_get0_subject_key_id (certificate);
  if (_mc_der_take (&name, CONTEXT_0, NULL, &body))
    return _mc_der_take (&body, MC_BER_OCTETS, NULL, &identifier) && own != NULL
           && _mc_der_is (&identifier, ASN1_STRING_get0_data (own), (gsize) ASN1_STRING_length (own));
  const unsigned char *at = name.at;
  PKCS7_ISSUER_AND_SERIAL *both = d2i_PKCS7_ISSUER_AND_SERIAL (NULL, &at, (long) name.size);
  gboolean same = both != NULL
                  && X509_NAME_cmp (both->issuer, X509_get_issuer_name (certificate)) == 0
                  && ASN1_INTEGER_cmp (both->serial, X509_get0_serialNumber (certificate)) == 0;
  PKCS7_ISSUER_AND_SERIAL_free (both);
  return same;
}

/* With @encrypted_key alone as recipient. */
static CMS_ContentInfo *
open_with (const McEnvelope *envelope, OSSL_LIB_CTX *libctx, const Info *info,
           const McDer *encrypted_key, guint8 *wrapping)
{
  static const guint8 identifier[IDENTIFIER_BYTES] = { 0 };
  g_autoptr (GByteArray) recipients = g_byte_array_new ();
  append_shared (recipients, identifier, &info->wrap_algorithm, encrypted_key);
  g_autoptr (CMS_ContentInfo) cms = _mc_envelope_readdress (envelope, recipients, libctx);
  if (cms == NULL || CMS_decrypt_set1_key (cms, wrapping, info->wrap->size, identifier,
                                           sizeof identifier) != 1)
    return NULL;
  return g_steal_pointer (&cms);
}

static CMS_ContentInfo *
open_key (const McEnvelope *envelope, OSSL_LIB_CTX *libctx, const Info *info,
          const McDer *encrypted_key, EVP_PKEY *key)
{
  guint8 wrapping[MAX_WRAPPING_BYTES];
  CMS_ContentInfo *cms = NULL;
  g_autoptr (EVP_PKEY) peer =
    EVP_PKEY_new_raw_public_key_ex (libctx, "X25519", NULL, info->public_key, PUBLIC_KEY_BYTES);
  if (peer != NULL && derive (libctx, key, peer, info->scheme, &info->wrap_algorithm, &info->ukm,
                              wrapping, info->wrap->size))
    cms = open_with (envelope, libctx, info, encrypted_key, wrapping);
  _mc_wipe (wrapping, sizeof wrapping);
  return cms;
}

/* The first of the recipient's keys in @info that is for @certificate and opens. */
static CMS_ContentInfo *
open_info (const McEnvelope *envelope, OSSL_LIB_CTX *libctx, const Info *info, X509 *certificate,
           EVP_PKEY *key)
{
  McDer keys = info->keys, one, name, encrypted_key;
  CMS_ContentInfo *cms = NULL;
  while (cms == NULL && keys.size > 0) {
    if (!_mc_der_take (&keys, MC_BER_SEQUENCE, NULL, &one) || one.size == 0
        || !_mc_der_take (&one, *one.at, &name, NULL)
        || !_mc_der_take (&one, MC_BER_OCTETS, NULL, &encrypted_key))
      return NULL;
    if (names_certificate (name, certificate))
      cms = open_key (envelope, libctx, info, &encrypted_key, key);
  }
  return cms;
}

CMS_ContentInfo *
_mc_agreement_open (CMS_ContentInfo *cms, OSSL_LIB_CTX *libctx, X509 *certificate, EVP_PKEY *key)
{
  g_auto (McEnvelope) envelope = { 0 };
  CMS_ContentInfo *opened = NULL;
  if (!_mc_envelope_init (&envelope, cms))
    return NULL;
  McDer recipients = envelope.recipients, body;
  while (opened == NULL && recipients.size > 0) {
    Info info = { 0 };
    guint8 kind = *recipients.at;
    if (!_mc_der_take (&recipients, kind, NULL, &body))
      return NULL;
    if (kind == CONTEXT_1 && read_info (body, &info))
      opened = open_info (&envelope, libctx, &info, certificate, key);
  }
  return opened;
}

/* -------------------------------------------------------------------- writing -- */

static void
append_algorithm (GByteArray *out, const char *oid, const McDer *parameters)
{
  g_autoptr (GByteArray) algorithm = g_byte_array_new ();
  _mc_der_append (algorithm, MC_BER_OID, oid, strlen (oid));
  if (parameters != NULL)
    _mc_der_append_raw (algorithm, parameters);
  _mc_der_append (out, MC_BER_SEQUENCE, algorithm->data, algorithm->len);
}

/* @public_key: the one made for this message. */
static GByteArray *
make_head (const guint8 *public_key, const McDer *wrap)
{
  static const guint8 version[] = { MC_BER_INTEGER, 1, 3 };
  guint8 bits[PUBLIC_KEY_BYTES + 1] = { 0 };
  GByteArray *out = g_byte_array_new ();
  memcpy (bits + 1, public_key, PUBLIC_KEY_BYTES);
  g_byte_array_append (out, x25519, sizeof x25519);
  _mc_der_append (out, BIT_STRING, bits, sizeof bits);
  _mc_der_wrap (out, CONTEXT_1);
  _mc_der_wrap (out, CONTEXT_0);
  g_byte_array_prepend (out, version, sizeof version);
  append_algorithm (out, schemes[0].oid, wrap);
  return out;
}

static gboolean
add_shared (CMS_ContentInfo *cms, const Wrap *wrap, const guint8 *wrapping, const guint8 *identifier)
{
  unsigned char *key = OPENSSL_memdup (wrapping, wrap->size);
  unsigned char *name = OPENSSL_memdup (identifier, IDENTIFIER_BYTES);
  if (CMS_add0_recipient_key (cms, wrap->nid, key, wrap->size, name, IDENTIFIER_BYTES, NULL, NULL, NULL)
      != NULL)
    return TRUE;
  OPENSSL_clear_free (key, wrap->size);
  OPENSSL_free (name);
  return FALSE;
}

static gboolean
add_agreement (CMS_ContentInfo *cms, OSSL_LIB_CTX *libctx, X509 *certificate, EVP_PKEY *ephemeral,
               const Wrap *wrap, McAgreement *self)
{
  static const McDer no_ukm = { NULL, 0 };
  guint8 public_key[PUBLIC_KEY_BYTES], wrapping[MAX_WRAPPING_BYTES];
  gsize size = sizeof public_key;
  g_autoptr (GByteArray) algorithm = g_byte_array_new ();
  append_algorithm (algorithm, wrap->oid, NULL);
  McDer wrap_algorithm = { algorithm->data, algorithm->len };
  if (EVP_PKEY_get_raw_public_key (ephemeral, public_key, &size) != 1 || size != PUBLIC_KEY_BYTES
      || !_mc_der_append_certificate_name (self->recipient, certificate))
    return FALSE;
  self->head = make_head (public_key, &wrap_algorithm);
  gboolean ok = derive (libctx, ephemeral, X509_get0_pubkey (certificate), &schemes[0],
                        &wrap_algorithm, &no_ukm, wrapping, wrap->size)
                && add_shared (cms, wrap, wrapping, self->identifier);
  _mc_wipe (wrapping, sizeof wrapping);
  return ok;
}

gboolean
_mc_agreement_add (CMS_ContentInfo *cms, OSSL_LIB_CTX *libctx, X509 *certificate, gsize key_size,
                   GPtrArray *agreements)
{
  const Wrap *wrap = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (wraps); i++)
    if (wraps[i].size == key_size)
      wrap = &wraps[i];
  g_autoptr (EVP_PKEY) ephemeral = EVP_PKEY_Q_keygen (libctx, NULL, "X25519");
  if (wrap == NULL || ephemeral == NULL || agreements->len > MAX_AGREEMENTS)
    return FALSE;
  McAgreement *self = g_new0 (McAgreement, 1);
  self->recipient = g_byte_array_new ();
  self->identifier[0] = (guint8) (agreements->len >> 8);
  self->identifier[1] = (guint8) agreements->len;
  g_ptr_array_add (agreements, self);
  return add_agreement (cms, libctx, certificate, ephemeral, wrap, self);
}

gboolean
_mc_agreement_append (GByteArray *out, GPtrArray *agreements, McDer body)
{
  McDer identifier, encrypted_key;
  if (!_mc_envelope_read_shared (body, &identifier, &encrypted_key))
    return FALSE;
  for (guint i = 0; i < agreements->len; i++) {
    const McAgreement *self = agreements->pdata[i];
    if (!_mc_der_is (&identifier, self->identifier, IDENTIFIER_BYTES))
      continue;
    g_autoptr (GByteArray) keys = g_byte_array_new ();
    g_byte_array_append (keys, self->recipient->data, self->recipient->len);
    _mc_der_append (keys, MC_BER_OCTETS, encrypted_key.at, encrypted_key.size);
    _mc_der_wrap (keys, MC_BER_SEQUENCE);   /* RecipientEncryptedKey */
    _mc_der_wrap (keys, MC_BER_SEQUENCE);
    g_byte_array_prepend (keys, self->head->data, self->head->len);
    _mc_der_append (out, CONTEXT_1, keys->data, keys->len);
    return TRUE;
  }
  return FALSE;
}
