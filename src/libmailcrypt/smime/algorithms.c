/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/algorithms.h"

#include <string.h>

/* Above, a verification takes seconds. */
#define MAX_RSA_BITS 16384
#define MAX_EXPONENT_BITS 64

/* The order of our SMIMECapabilities is in choice.c. */
static const McCipher ciphers[] = {
  { NID_aes_128_cbc, "aes128-cbc", "AES-128-CBC", MC_CIPHER_GOOD, FALSE, 16, TRUE },
  { NID_aes_192_cbc, "aes192-cbc", "AES-192-CBC", MC_CIPHER_GOOD, FALSE, 24, TRUE },
  { NID_aes_256_cbc, "aes256-cbc", "AES-256-CBC", MC_CIPHER_GOOD, FALSE, 32, TRUE },
  { NID_aes_128_gcm, "aes128-gcm", "AES-128-GCM", MC_CIPHER_GOOD, TRUE, 16, TRUE },
  { NID_aes_192_gcm, "aes192-gcm", "AES-192-GCM", MC_CIPHER_GOOD, TRUE, 24, TRUE },
  { NID_aes_256_gcm, "aes256-gcm", "AES-256-GCM", MC_CIPHER_GOOD, TRUE, 32, TRUE },
  { NID_chacha20_poly1305, "chacha20-poly1305", "ChaCha20-Poly1305", MC_CIPHER_GOOD, TRUE, 32, FALSE },
  { NID_des_ede3_cbc, "3des-cbc", "DES-EDE3-CBC", MC_CIPHER_OLD, FALSE, 24, FALSE },
  { NID_rc2_cbc, "rc2-cbc", "RC2-CBC", MC_CIPHER_LEGACY, FALSE, 0, FALSE },
  { NID_des_cbc, "des-cbc", "DES-CBC", MC_CIPHER_LEGACY, FALSE, 8, FALSE },
};

static const McDigest digests[] = {
  { NID_md5, "md5", "md5", TRUE },
  { NID_sha1, "sha1", "sha-1", TRUE },
  { NID_sha224, "sha224", "sha-224", FALSE },
  { NID_sha256, "sha256", "sha-256", FALSE },
  { NID_sha384, "sha384", "sha-384", FALSE },
  { NID_sha512, "sha512", "sha-512", FALSE },
  { NID_sha3_256, "sha3-256", "sha3-256", FALSE },
  { NID_sha3_384, "sha3-384", "sha3-384", FALSE },
  { NID_sha3_512, "sha3-512", "sha3-512", FALSE },
};

typedef struct {
  const char *group;        /* OpenSSL's */
  const char *name;
} Curve;

static const Curve curves[] = {
  { "prime256v1", "p256" }, { "P-256", "p256" }, { "secp384r1", "p384" }, { "P-384", "p384" },
  { "secp521r1", "p521" },  { "P-521", "p521" },
};

const McCipher *
_mc_cipher_by_nid (int nid)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ciphers); i++)
    if (ciphers[i].nid == nid)
      return &ciphers[i];
  return NULL;
}

/* "aes-256-gcm" is as good a spelling as "aes256-gcm". */
static gboolean
is_same_name (const char *a, const char *b)
{
  for (;; a++, b++) {
    a += strspn (a, "-");
    b += strspn (b, "-");
    if (g_ascii_tolower (*a) != g_ascii_tolower (*b))
      return FALSE;
    if (*a == '\0')
      return TRUE;
  }
}

const McCipher *
_mc_cipher_by_name (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ciphers); i++)
    if (is_same_name (ciphers[i].name, name))
      return &ciphers[i];
  return NULL;
}

/* OpenSSL knows the cipher of RFC 8103, but not its name in CMS. */
static int
cipher_nid (const ASN1_OBJECT *object)
{
  static const guint8 chacha20_poly1305[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
                                              0x01, 0x09, 0x10, 0x03, 0x12 };
  if (OBJ_length (object) == sizeof chacha20_poly1305
      && memcmp (OBJ_get0_data (object), chacha20_poly1305, sizeof chacha20_poly1305) == 0)
    return NID_chacha20_poly1305;
  return OBJ_obj2nid (object);
}

const McCipher *
_mc_cipher_from_der (GBytes *algorithm, char **ret_name)
{
  gsize size;
  const unsigned char *data = g_bytes_get_data (algorithm, &size);
  g_autoptr (X509_ALGOR) parsed = d2i_X509_ALGOR (NULL, &data, (long) size);
  const ASN1_OBJECT *object = NULL;
  if (parsed != NULL)
    X509_ALGOR_get0 (&object, NULL, NULL, parsed);

  const McCipher *cipher = object != NULL ? _mc_cipher_by_nid (cipher_nid (object)) : NULL;
  if (ret_name != NULL)
    *ret_name = cipher != NULL ? g_strdup (cipher->name) : _mc_object_name (object);
  return cipher;
}

static gboolean
copy_octets (const ASN1_STRING *string, guint8 *out, gsize size)
{
  if (ASN1_STRING_type (string) != V_ASN1_OCTET_STRING || ASN1_STRING_length (string) != (int) size)
    return FALSE;
  memcpy (out, ASN1_STRING_get0_data (string), size);
  return TRUE;
}

gboolean
_mc_chacha_parameters (GBytes *algorithm, GBytes *mac, guint8 *nonce, guint8 *tag)
{
  int type = V_ASN1_UNDEF;
  const void *value = NULL;
  gsize size;
  const unsigned char *at = g_bytes_get_data (algorithm, &size);
  g_autoptr (X509_ALGOR) parsed = d2i_X509_ALGOR (NULL, &at, (long) size);
  if (parsed == NULL || mac == NULL)
    return FALSE;
  at = g_bytes_get_data (mac, &size);
  g_autoptr (ASN1_OCTET_STRING) octets = d2i_ASN1_OCTET_STRING (NULL, &at, (long) size);
  X509_ALGOR_get0 (NULL, &type, &value, parsed);
  return octets != NULL && type == V_ASN1_OCTET_STRING
         && copy_octets (value, nonce, MC_CHACHA_NONCE_BYTES)
         && copy_octets (octets, tag, MC_CHACHA_TAG_BYTES);
}

const McDigest *
_mc_digest_by_nid (int nid)
{
  for (gsize i = 0; i < G_N_ELEMENTS (digests); i++)
    if (digests[i].nid == nid)
      return &digests[i];
  return NULL;
}

/* Also by OpenSSL's own names, such as "SHA2-384". */
const McDigest *
_mc_digest_by_name (const char *name)
{
  g_autofree char *short_name =
    g_ascii_strncasecmp (name, "SHA2-", 5) == 0 ? g_strconcat ("sha", name + 5, NULL) : NULL;
  if (short_name != NULL)
    name = short_name;
  for (gsize i = 0; i < G_N_ELEMENTS (digests); i++)
    if (g_ascii_strcasecmp (digests[i].name, name) == 0
        || g_ascii_strcasecmp (digests[i].micalg, name) == 0)
      return &digests[i];
  return NULL;
}

char *
_mc_object_name (const ASN1_OBJECT *object)
{
  char text[128];
  if (object == NULL)
    return g_strdup ("unknown");
  int nid = OBJ_obj2nid (object);
  if (nid != NID_undef)
    return g_ascii_strdown (OBJ_nid2sn (nid), -1);
  if (OBJ_obj2txt (text, sizeof text, object, 1) <= 0)
    return g_strdup ("unknown");
  return g_strdup (text);
}

static char *
curve_name (EVP_PKEY *key)
{
  char group[80];
  if (EVP_PKEY_get_group_name (key, group, sizeof group, NULL) != 1)
    return g_strdup ("ec");
  for (gsize i = 0; i < G_N_ELEMENTS (curves); i++)
    if (strcmp (curves[i].group, group) == 0)
      return g_strdup (curves[i].name);
  return g_ascii_strdown (group, -1);
}

char *
_mc_key_algorithm (EVP_PKEY *key)
{
  if (key == NULL)
    return g_strdup ("unknown");
  if (EVP_PKEY_is_a (key, "EC"))
    return curve_name (key);
  const char *type = EVP_PKEY_get0_type_name (key);
  g_autofree char *name = g_ascii_strdown (type != NULL ? type : "unknown", -1);
  if (EVP_PKEY_is_a (key, "RSA") || EVP_PKEY_is_a (key, "RSA-PSS") || EVP_PKEY_is_a (key, "DSA"))
    return g_strdup_printf ("%s%d", name, EVP_PKEY_get_bits (key));
  return g_steal_pointer (&name);
}

gboolean
_mc_key_is_weak (EVP_PKEY *key)
{
  if (EVP_PKEY_is_a (key, "RSA") || EVP_PKEY_is_a (key, "RSA-PSS") || EVP_PKEY_is_a (key, "DSA"))
    return EVP_PKEY_get_bits (key) < 2048;
  return EVP_PKEY_get_bits (key) < 224;
}

gboolean
_mc_key_is_sound (EVP_PKEY *key)
{
  BIGNUM *exponent = NULL;
  if (!EVP_PKEY_is_a (key, "RSA") && !EVP_PKEY_is_a (key, "RSA-PSS"))
    return TRUE;
  if (EVP_PKEY_get_bits (key) > MAX_RSA_BITS
      || EVP_PKEY_get_bn_param (key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
    return FALSE;
  gboolean sound = BN_num_bits (exponent) <= MAX_EXPONENT_BITS;
  BN_free (exponent);
  return sound;
}

char *
_mc_signature_algorithm (const X509_ALGOR *algorithm)
{
  const ASN1_OBJECT *object = NULL;
  X509_ALGOR_get0 (&object, NULL, NULL, algorithm);
  int nid = object != NULL ? OBJ_obj2nid (object) : NID_undef, key = NID_undef;
  OBJ_find_sigid_algs (nid, NULL, &key);
  if (nid == NID_rsassaPss)
    return g_strdup ("rsa-pss");
  switch (key != NID_undef ? key : nid) {
    case NID_rsaEncryption:
      return g_strdup ("rsa-pkcs1");
    case NID_X9_62_id_ecPublicKey:
      return g_strdup ("ecdsa");
    case NID_dsa:
    case NID_dsa_2:
      return g_strdup ("dsa");
    default:
      return _mc_object_name (object);
  }
}

static int
algorithm_nid (const X509_ALGOR *algorithm)
{
  const ASN1_OBJECT *object = NULL;
  X509_ALGOR_get0 (&object, NULL, NULL, algorithm);
  return object != NULL ? OBJ_obj2nid (object) : NID_undef;
}

/* The digest of MGF1; NID_undef for another function, or none. */
static int
mask_digest (const X509_ALGOR *mask)
{
  int type = V_ASN1_UNDEF;
  const void *value = NULL;
  const ASN1_OBJECT *object = NULL;
  if (mask == NULL)
    return NID_sha1;
  X509_ALGOR_get0 (&object, &type, &value, mask);
  if (OBJ_obj2nid (object) != NID_mgf1 || type != V_ASN1_SEQUENCE)
    return NID_undef;
  const unsigned char *at = ASN1_STRING_get0_data (value);
  g_autoptr (X509_ALGOR) digest = d2i_X509_ALGOR (NULL, &at, ASN1_STRING_length (value));
  return digest != NULL ? algorithm_nid (digest) : NID_undef;
}

gboolean
_mc_pss_is_consistent (const X509_ALGOR *signature, const X509_ALGOR *digest)
{
  int type = V_ASN1_UNDEF, nid = algorithm_nid (digest);
  const void *value = NULL;
  if (algorithm_nid (signature) != NID_rsassaPss)
    return TRUE;
  X509_ALGOR_get0 (NULL, &type, &value, signature);
  if (type != V_ASN1_SEQUENCE)
    return FALSE;
  const unsigned char *at = ASN1_STRING_get0_data (value);
  g_autoptr (RSA_PSS_PARAMS) parameters = d2i_RSA_PSS_PARAMS (NULL, &at, ASN1_STRING_length (value));
  if (parameters == NULL
      || (parameters->trailerField != NULL && ASN1_INTEGER_get (parameters->trailerField) != 1))
    return FALSE;
  int hash = parameters->hashAlgorithm != NULL ? algorithm_nid (parameters->hashAlgorithm) : NID_sha1;
  return hash == nid && mask_digest (parameters->maskGenAlgorithm) == nid;
}

const McDigest *
_mc_key_digest (EVP_PKEY *key)
{
  /* A key may be bound to one digest by its own parameters (RFC 4055 section 3.1). */
  char name[80];
  if (EVP_PKEY_is_a (key, "RSA-PSS")
      && EVP_PKEY_get_default_digest_name (key, name, sizeof name) == 2)
    return _mc_digest_by_name (name);
  if (EVP_PKEY_is_a (key, "ED25519"))   /* RFC 8419 section 2.3 */
    return _mc_digest_by_name ("sha512");
  if (!EVP_PKEY_is_a (key, "EC") || EVP_PKEY_get_bits (key) <= 256)
    return _mc_digest_by_name ("sha256");
  return _mc_digest_by_name (EVP_PKEY_get_bits (key) <= 384 ? "sha384" : "sha512");
}
