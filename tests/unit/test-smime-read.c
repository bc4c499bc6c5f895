/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading what the openssl program writes: signatures, tampering, decryption. */
#include "config.h"

#include "smime-lab.h"

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <string.h>

/* ----------------------------------------------------------------- signatures -- */

typedef struct {
  const char *signer, *options;
  const char *algorithm, *digest;
  gboolean weak;
} SignCase;

static const SignCase sign_cases[] = {
  { "alice", "", "rsa-pkcs1", "sha256", FALSE },
  { "alice", "-md sha384", "rsa-pkcs1", "sha384", FALSE },
  { "alice", "-md sha512", "rsa-pkcs1", "sha512", FALSE },
  { "alice", "-md sha3-256", NULL, "sha3-256", FALSE },
  { "alice", "-md sha1", "rsa-pkcs1", "sha1", TRUE },
  { "alice", "-md md5", "rsa-pkcs1", "md5", TRUE },
  { "alice", "-keyid", "rsa-pkcs1", "sha256", FALSE },
  { "alice", "-noattr", "rsa-pkcs1", "sha256", FALSE },
  { "alice", "-cades", "rsa-pkcs1", "sha256", FALSE },
  { "alice", "-keyopt rsa_padding_mode:pss", "rsa-pss", "sha256", FALSE },
  { "alice", "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:20", "rsa-pss", "sha256", FALSE },
  { "pss", "-keyopt rsa_padding_mode:pss", "rsa-pss", "sha256", FALSE },
  { "p256", "", "ecdsa", "sha256", FALSE },
  { "p256", "-noattr", "ecdsa", "sha256", FALSE },
  { "p384", "-md sha384", "ecdsa", "sha384", FALSE },
  { "p521", "-md sha512", "ecdsa", "sha512", FALSE },
};

static void
check_signer (const McLayer *layer, const SignCase *one)
{
  const McSigner *signer = only_signer (layer);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (signer->validity, MC_VALIDITY_VALID);
  CU_ASSERT_EQUAL (signer->weak, one->weak);
  CU_ASSERT_EQUAL (has_reason (signer->reasons, "weak-digest"), one->weak);
  CU_ASSERT_FALSE (signer->unfit);
  CU_ASSERT_FALSE (signer->chain_failed);
  CU_ASSERT_TRUE (is_trusted (signer));
  CU_ASSERT_STRING_EQUAL (signer->digest, one->digest);
  if (one->algorithm != NULL)
    CU_ASSERT_STRING_EQUAL (signer->algorithm, one->algorithm);
  CU_ASSERT_PTR_NOT_NULL (signer->fingerprint);
  CU_ASSERT_PTR_NOT_NULL (signer->key_id);
}

static void
test_signatures (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  for (gsize i = 0; i < G_N_ELEMENTS (sign_cases); i++) {
    const SignCase *one = &sign_cases[i];
    lab_run ("openssl cms -sign -binary -in message -signer %s.crt -inkey %s.key %s -outform DER"
             " -out s.der", one->signer, one->signer, one->options);
    g_autoptr (McLayer) layer = desk_verify (desk, "message", "s.der");
    check_signer (layer, one);

    g_auto (McUnwrapped) opened = { 0 };
    lab_run ("openssl cms -sign -nodetach -binary -in message -signer %s.crt -inkey %s.key %s"
             " -outform DER -out o.der", one->signer, one->signer, one->options);
    desk_unwrap (desk, "o.der", MC_UNWRAP_DEFAULT, &opened);
    check_signer (only_layer (&opened), one);
    CU_ASSERT_TRUE (lab_holds (opened.content, "message"));
    CU_ASSERT_STRING_EQUAL (opened.format, "signed-data");
  }
}

static void
test_altered (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  lab_run ("sed s/Hello/Hullo/ message >altered");
  for (int plain = 0; plain < 2; plain++) {
    lab_run ("openssl cms -sign -binary -in message -signer alice.crt -inkey alice.key %s"
             " -outform DER -out s.der", plain ? "-noattr" : "");
    g_autoptr (McLayer) layer = desk_verify (desk, "altered", "s.der");
    CU_ASSERT_EQUAL (only_signer (layer)->content, MC_CONTENT_ALTERED);
    CU_ASSERT_TRUE (has_reason (only_signer (layer)->reasons, "altered"));
  }

  /* Neither an expired nor an absent certificate hides it. */
  desk_travel (desk, 500);
  lab_run ("openssl cms -sign -binary -in message -signer alice.crt -inkey alice.key"
           " -outform DER -out s.der");
  g_autoptr (McLayer) expired = desk_verify (desk, "altered", "s.der");
  CU_ASSERT_EQUAL (only_signer (expired)->content, MC_CONTENT_ALTERED);
  lab_run ("openssl cms -sign -nocerts -binary -in message -signer alice.crt -inkey alice.key"
           " -outform DER -out s.der");
  g_autoptr (McLayer) absent = desk_verify (desk, "altered", "s.der");
  CU_ASSERT_EQUAL (only_signer (absent)->content, MC_CONTENT_ALTERED);
}

/* Local line ends are made canonical before they are hashed. */
static void
test_line_ends (void)
{
  g_autoptr (Desk) desk = desk_new ();
  lab_run ("tr -d '\\r' <message >local");
  lab_run ("openssl cms -sign -binary -in message -signer alice.crt -inkey alice.key"
           " -outform DER -out s.der");
  g_autoptr (McLayer) layer = desk_verify (desk, "local", "s.der");
  CU_ASSERT_EQUAL (only_signer (layer)->content, MC_CONTENT_INTACT);
}

static void
test_unknown_signer (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  lab_run ("openssl cms -sign -nocerts -binary -in message -signer alice.crt -inkey alice.key"
           " -outform DER -out s.der");
  g_autoptr (McLayer) absent = desk_verify (desk, "message", "s.der");
  const McSigner *signer = only_signer (absent);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_UNCHECKED);
  CU_ASSERT_PTR_NOT_NULL (signer->key_id);
  CU_ASSERT_PTR_NULL (signer->fingerprint);
  CU_ASSERT_TRUE (has_reason (signer->reasons, "no-certificate"));

  desk_import (desk, "alice.crt");
  g_autoptr (McLayer) stored = desk_verify (desk, "message", "s.der");
  CU_ASSERT_EQUAL (only_signer (stored)->content, MC_CONTENT_INTACT);
  CU_ASSERT_TRUE (is_trusted (only_signer (stored)));
}

/* Two certificates of one key identifier; the signature fits the key of both. */
static void
test_shared_key_identifier (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  desk_import (desk, "renewed.crt");
  desk_import (desk, "alice.crt");
  lab_run ("openssl cms -sign -keyid -nocerts -binary -in message -signer alice.crt"
           " -inkey alice.key -outform DER -out s.der");
  g_autoptr (McLayer) layer = desk_verify (desk, "message", "s.der");
  CU_ASSERT_EQUAL (only_signer (layer)->content, MC_CONTENT_INTACT);

  /* The signature says which of the two it means. */
  g_autofree char *fingerprint = lab_fingerprint ("renewed");
  lab_run ("openssl cms -sign -keyid -nocerts -cades -binary -in message -signer renewed.crt"
           " -inkey alice.key -outform DER -out s.der");
  g_autoptr (McLayer) bound = desk_verify (desk, "message", "s.der");
  CU_ASSERT_STRING_EQUAL (only_signer (bound)->fingerprint, fingerprint);
}

static void
test_several_signers (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  lab_run ("openssl cms -sign -nocerts -binary -in message -signer p256.crt -inkey p256.key"
           " -signer alice.crt -inkey alice.key -outform DER -out s.der");
  desk_import (desk, "alice.crt");
  g_autoptr (McLayer) layer = desk_verify (desk, "message", "s.der");
  guint intact = 0, unchecked = 0;
  CU_ASSERT_EQUAL_FATAL (layer->signers->len, 2);
  for (guint i = 0; i < 2; i++) {
    const McSigner *signer = layer->signers->pdata[i];
    intact += signer->content == MC_CONTENT_INTACT;
    unchecked += signer->content == MC_CONTENT_UNCHECKED;
  }
  CU_ASSERT_EQUAL (intact, 1);
  CU_ASSERT_EQUAL (unchecked, 1);
}

/* -------------------------------------------------------------------- structure -- */

static X509 *
load_certificate (const char *name)
{
  g_autofree char *path = lab_path (name);
  BIO *bio = BIO_new_file (path, "r");
  X509 *certificate = PEM_read_bio_X509 (bio, NULL, NULL, NULL);
  BIO_free (bio);
  CU_ASSERT_PTR_NOT_NULL_FATAL (certificate);
  return certificate;
}

static EVP_PKEY *
load_key (const char *name)
{
  g_autofree char *path = lab_path (name);
  BIO *bio = BIO_new_file (path, "r");
  EVP_PKEY *key = PEM_read_bio_PrivateKey (bio, NULL, NULL, NULL);
  BIO_free (bio);
  CU_ASSERT_PTR_NOT_NULL_FATAL (key);
  return key;
}

static void
save_cms (CMS_ContentInfo *cms, const char *name)
{
  g_autofree char *path = lab_path (name);
  BIO *bio = BIO_new_file (path, "w");
  CU_ASSERT_EQUAL_FATAL (i2d_CMS_bio (bio, cms), 1);
  BIO_free (bio);
}

static void
test_content_in_detached (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  lab_run ("openssl cms -sign -nodetach -binary -in message -signer alice.crt -inkey alice.key"
           " -outform DER -out o.der");
  lab_run ("printf other >other");
  g_autoptr (McLayer) same = desk_verify (desk, "message", "o.der");
  g_autoptr (McLayer) other = desk_verify (desk, "other", "o.der");
  CU_ASSERT_EQUAL (same->structure, MC_CONTENT_MALFORMED);
  CU_ASSERT_TRUE (has_reason (same->reasons, "content-in-detached-signature"));
  CU_ASSERT_EQUAL (other->structure, MC_CONTENT_MALFORMED);
  CU_ASSERT_NOT_EQUAL (only_signer (other)->content, MC_CONTENT_INTACT);
}

static void
test_certs_only (void)
{
  g_auto (McUnwrapped) opened = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  lab_run ("openssl crl2pkcs7 -nocrl -certfile alice.crt -certfile int.crt -outform DER -out c.der");
  desk_unwrap (desk, "c.der", MC_UNWRAP_DEFAULT, &opened);
  CU_ASSERT_STRING_EQUAL (opened.format, "certs-only");
  CU_ASSERT_EQUAL (opened.layers->len, 0);
  CU_ASSERT_PTR_NULL (opened.content);
  g_autoptr (McLayer) layer = desk_verify (desk, "message", "c.der");
  CU_ASSERT_EQUAL (layer->signers->len, 0);
  CU_ASSERT_TRUE (has_reason (layer->reasons, "no-signers"));
}

/* Signed by nobody is unsigned, not broken. */
static void
test_no_signers (void)
{
  g_auto (McUnwrapped) opened = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  static const char object[] =
    "\x30\x2f\x06\x09*\x86H\x86\xf7\x0d\x01\x07\x02\xa0\x22\x30\x20\x02\x01\x01\x31\x00"
    "\x30\x17\x06\x09*\x86H\x86\xf7\x0d\x01\x07\x01\xa0\x0a\x04\x08unsigned\x31\x00";
  g_autoptr (McSpool) spool = lab_spool (object, sizeof object - 1);
  lab_write ("n.der", spool);
  desk_unwrap (desk, "n.der", MC_UNWRAP_DEFAULT, &opened);
  CU_ASSERT_STRING_EQUAL (opened.format, "signed-data");
  CU_ASSERT_TRUE (has_reason (only_layer (&opened)->reasons, "no-signers"));
  CU_ASSERT_EQUAL (only_layer (&opened)->signers->len, 0);
}

/* A detached signature over "message" with one attribute there twice, or for content of
 * another type. */
static void
make_odd_signature (const char *name, gboolean twice, int content_type)
{
  g_autofree char *path = lab_path ("message");
  X509 *certificate = load_certificate ("alice.crt");
  EVP_PKEY *key = load_key ("alice.key");
  BIO *in = BIO_new_file (path, "r");
  CMS_ContentInfo *cms =
    CMS_sign (NULL, NULL, NULL, NULL, CMS_BINARY | CMS_PARTIAL | CMS_DETACHED);
  if (content_type != NID_undef)
    CMS_set1_eContentType (cms, OBJ_nid2obj (content_type));
  CMS_SignerInfo *info = CMS_add1_signer (cms, certificate, key, EVP_sha256 (), CMS_PARTIAL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (info);
  if (twice)
    CMS_signed_add1_attr_by_NID (info, NID_SMIMECapabilities, V_ASN1_SEQUENCE, "\x30\x00", 2);
  CU_ASSERT_EQUAL_FATAL (CMS_final (cms, in, NULL, CMS_BINARY | CMS_DETACHED), 1);
  save_cms (cms, name);
  CMS_ContentInfo_free (cms);
  BIO_free (in);
  EVP_PKEY_free (key);
  X509_free (certificate);
}

static void
test_attributes (void)
{
  g_autoptr (Desk) desk = desk_new ();
  make_odd_signature ("plain.der", FALSE, NID_undef);
  g_autoptr (McLayer) plain = desk_verify (desk, "message", "plain.der");
  CU_ASSERT_EQUAL (only_signer (plain)->content, MC_CONTENT_INTACT);
  CU_ASSERT_TRUE (only_signer (plain)->signed_at > 1600000000);

  make_odd_signature ("twice.der", TRUE, NID_undef);
  g_autoptr (McLayer) twice = desk_verify (desk, "message", "twice.der");
  CU_ASSERT_EQUAL (only_signer (twice)->content, MC_CONTENT_MALFORMED);

  make_odd_signature ("type.der", FALSE, NID_id_smime_ct_receipt);
  g_autoptr (McLayer) type = desk_verify (desk, "message", "type.der");
  CU_ASSERT_EQUAL (type->structure, MC_CONTENT_MALFORMED);
  CU_ASSERT_TRUE (has_reason (type->reasons, "content-type"));
}

static void
test_rubbish (void)
{
  g_autoptr (Desk) desk = desk_new ();
  static const char *const rubbish[] = { "", "x", "0123456789abc", "\x30\x80", "\x30\x84\xff\xff\xff\xff",
                                         "\x30\x0b\x06\x09*\x86H\x86\xf7\x0d\x01\x07\x02" };
  for (gsize i = 0; i < G_N_ELEMENTS (rubbish); i++) {
    g_auto (McUnwrapped) opened = { 0 };
    g_autoptr (GError) error = NULL;
    g_autoptr (McSpool) object = lab_spool (rubbish[i], strlen (rubbish[i]));
    CU_ASSERT_FALSE (_mc_smime_backend.unwrap (desk->engine, _mc_span_whole (object), "1",
                                               MC_UNWRAP_DEFAULT, &opened, NULL, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
    lab_write ("rubbish", object);
    g_autoptr (McLayer) layer = desk_verify (desk, "message", "rubbish");
    CU_ASSERT_EQUAL (layer->structure, MC_CONTENT_MALFORMED);
  }
}

static void
test_skip_signatures (void)
{
  g_auto (McUnwrapped) opened = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  lab_run ("openssl cms -sign -nodetach -binary -in message -signer alice.crt -inkey alice.key"
           " -outform DER -out o.der");
  desk_unwrap (desk, "o.der", MC_UNWRAP_SKIP_SIGNATURES, &opened);
  CU_ASSERT_EQUAL (only_signer (only_layer (&opened))->content, MC_CONTENT_UNKNOWN);
  CU_ASSERT_TRUE (lab_holds (opened.content, "message"));
}

/* No single changed octet gives another content that counts as intact or as decrypted. */
static guint
mutate (Desk *desk, const char *name, guint8 change)
{
  guint good = 0;
  g_autoptr (McSpool) whole = lab_read (name);
  g_autoptr (GBytes) bytes = _mc_span_load (_mc_span_whole (whole), 1 << 20, NULL);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autofree guint8 *copy = g_memdup2 (data, size);
  for (gsize i = 0; i < size; i++) {
    g_auto (McUnwrapped) opened = { 0 };
    copy[i] ^= change;
    g_autoptr (McSpool) object = lab_spool ((const char *) copy, size);
    copy[i] ^= change;
    if (!_mc_smime_backend.unwrap (desk->engine, _mc_span_whole (object), "1", MC_UNWRAP_DEFAULT,
                                   &opened, NULL, NULL)
        || opened.layers->len != 1)
      continue;
    const McLayer *layer = opened.layers->pdata[0];
    gboolean intact = layer->decryption == MC_DECRYPTION_OK;
    for (guint k = 0; k < layer->signers->len; k++)
      intact |= ((McSigner *) layer->signers->pdata[k])->content == MC_CONTENT_INTACT
                && layer->structure != MC_CONTENT_MALFORMED;
    if (intact)
      CU_ASSERT_TRUE (lab_holds (opened.content, "message"));
    if (layer->kind == MC_LAYER_ENCRYPTED && !intact)
      CU_ASSERT_PTR_NULL (opened.content);
    good += intact;
  }
  return good;
}

static void
test_mutations (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  desk_own (desk, "p256");
  lab_run ("openssl cms -sign -nodetach -nocerts -binary -in message -signer p256.crt -inkey p256.key"
           " -outform DER -out o.der");
  lab_run ("openssl cms -encrypt -aes-128-gcm -binary -in message -recip p256.crt -outform DER"
           " -keyopt ecdh_kdf_md:sha256 -out g.der");
  for (int bit = 0; bit < 8; bit += 7) {
    guint good = mutate (desk, "o.der", (guint8) (1 << bit));
    CU_ASSERT_TRUE (good < 60);   /* what says nothing: versions, unsigned parts */
    (void) mutate (desk, "g.der", (guint8) (1 << bit));
  }
}

/* ------------------------------------------------------------------ decryption -- */

typedef struct {
  const char *recipient, *options;
  const char *cipher, *algorithm;
  gboolean authenticated;
} DecryptCase;

static const DecryptCase decrypt_cases[] = {
  { "alice", "-aes-128-cbc", "aes128-cbc", "rsa-pkcs1", FALSE },
  { "alice", "-aes-192-cbc", "aes192-cbc", "rsa-pkcs1", FALSE },
  { "alice", "-aes-256-cbc -keyid", "aes256-cbc", "rsa-pkcs1", FALSE },
  { "alice", "-aes-128-gcm", "aes128-gcm", "rsa-pkcs1", TRUE },
  { "alice", "-aes-192-gcm", "aes192-gcm", "rsa-pkcs1", TRUE },
  { "alice", "-aes-256-gcm -stream", "aes256-gcm", "rsa-pkcs1", TRUE },
  { "alice", "-des3", "3des-cbc", "rsa-pkcs1", FALSE },
  { "alice", "-aes-256-cbc -stream -recip alice.crt -keyopt rsa_padding_mode:oaep", "aes256-cbc", "rsa-oaep",
    FALSE },
  { "alice", "-aes-256-gcm -recip alice.crt -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256",
    "aes256-gcm", "rsa-oaep", TRUE },
  { "p256", "-aes-128-cbc", "aes128-cbc", "ecdh-sha1-p256", FALSE },
  { "p256", "-aes-256-gcm -recip p256.crt -keyopt ecdh_kdf_md:sha256", "aes256-gcm", "ecdh-p256", TRUE },
  { "p384", "-aes-256-cbc -keyid", "aes256-cbc", "ecdh-sha1-p384", FALSE },
  { "p521", "-aes-256-gcm", "aes256-gcm", "ecdh-sha1-p521", TRUE },
};

static void
check_decryption (Desk *desk, const DecryptCase *one)
{
  g_auto (McUnwrapped) opened = { 0 };
  gboolean own = strstr (one->options, "-recip") != NULL;
  lab_run ("openssl cms -encrypt -binary -in message %s -outform DER -out e.der %s%s%s", one->options,
           own ? "" : "-recip ", own ? "" : one->recipient, own ? "" : ".crt");
  desk_unwrap (desk, "e.der", MC_UNWRAP_DEFAULT, &opened);
  const McLayer *layer = only_layer (&opened);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_OK);
  CU_ASSERT_EQUAL (layer->authenticated, one->authenticated);
  CU_ASSERT_NOT_EQUAL (has_reason (layer->reasons, "not-authenticated"), one->authenticated);
  CU_ASSERT_EQUAL (has_reason (layer->reasons, "weak-cipher"), strstr (one->cipher, "3des") != NULL);
  CU_ASSERT_EQUAL (has_reason (layer->reasons, "weak-key-derivation"),
                   strstr (one->algorithm, "sha1") != NULL);
  CU_ASSERT_FALSE (layer->weak);
  CU_ASSERT_STRING_EQUAL (g_hash_table_lookup (layer->algorithms, "cipher"), one->cipher);
  CU_ASSERT_STRING_EQUAL (opened.format, one->authenticated ? "auth-enveloped-data" : "enveloped-data");
  CU_ASSERT_TRUE (lab_holds (opened.content, "message"));
  const McRecipient *recipient = layer->recipients->pdata[0];
  CU_ASSERT_STRING_EQUAL (recipient->algorithm, one->algorithm);
  CU_ASSERT_TRUE (recipient->have_secret);
  CU_ASSERT_PTR_NOT_NULL (recipient->address);
}

static void
test_decryption (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_own (desk, "alice");
  desk_own (desk, "p256");
  desk_own (desk, "p384");
  desk_own (desk, "p521");
  for (gsize i = 0; i < G_N_ELEMENTS (decrypt_cases); i++)
    check_decryption (desk, &decrypt_cases[i]);
}

static void
test_legacy_ciphers (void)
{
  static const char *const ciphers[] = { "rc2-128", "rc2-40", "des" };
  g_autoptr (Desk) desk = desk_new ();
  desk_own (desk, "alice");
  for (gsize i = 0; i < G_N_ELEMENTS (ciphers); i++) {
    g_auto (McUnwrapped) refused = { 0 };
    g_auto (McUnwrapped) opened = { 0 };
    lab_run ("openssl cms -encrypt -provider legacy -provider default -binary -in message -%s"
             " -outform DER -out e.der alice.crt", ciphers[i]);
    desk_unwrap (desk, "e.der", MC_UNWRAP_DEFAULT, &refused);
    CU_ASSERT_EQUAL (only_layer (&refused)->decryption, MC_DECRYPTION_ERROR);
    CU_ASSERT_TRUE (has_reason (only_layer (&refused)->reasons, "legacy-cipher"));
    CU_ASSERT_PTR_NULL (refused.content);
    desk_unwrap (desk, "e.der", MC_UNWRAP_ALLOW_LEGACY, &opened);
    CU_ASSERT_EQUAL (only_layer (&opened)->decryption, MC_DECRYPTION_OK);
    CU_ASSERT_TRUE (only_layer (&opened)->weak);
    CU_ASSERT_TRUE (lab_holds (opened.content, "message"));
  }
}

static void
test_recipients (void)
{
  g_auto (McUnwrapped) none = { 0 };
  g_auto (McUnwrapped) second = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  desk_import (desk, "alice.crt");
  lab_run ("openssl cms -encrypt -aes-256-cbc -binary -in message -outform DER -out e.der alice.crt"
           " p256.crt");
  desk_unwrap (desk, "e.der", MC_UNWRAP_DEFAULT, &none);
  const McLayer *layer = only_layer (&none);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_NO_KEY);
  CU_ASSERT_TRUE (has_reason (layer->reasons, "no-secret-key"));
  CU_ASSERT_EQUAL (layer->recipients->len, 2);
  CU_ASSERT_PTR_NULL (none.content);

  desk_own (desk, "p256");
  desk_unwrap (desk, "e.der", MC_UNWRAP_DEFAULT, &second);
  CU_ASSERT_EQUAL (only_layer (&second)->decryption, MC_DECRYPTION_OK);
  CU_ASSERT_TRUE (lab_holds (second.content, "message"));
}

/* A last octet that is certainly another one. */
#define FLIP_LAST_BIT(from, to) \
  " && { head -c -1 " from "; " \
  "printf \"\\\\$(printf %%03o $(($(tail -c 1 " from " | od -An -tu1) ^ 1)))\"; } >" to

static void
test_damaged (void)
{
  g_auto (McUnwrapped) tag = { 0 };
  g_auto (McUnwrapped) cut = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  desk_own (desk, "alice");
  lab_run ("openssl cms -encrypt -aes-256-gcm -binary -in message -outform DER -out e.der alice.crt"
           FLIP_LAST_BIT ("e.der", "t.der"));
  desk_unwrap (desk, "t.der", MC_UNWRAP_DEFAULT, &tag);
  CU_ASSERT_EQUAL (only_layer (&tag)->decryption, MC_DECRYPTION_FAILED);
  CU_ASSERT_TRUE (has_reason (only_layer (&tag)->reasons, "integrity"));
  CU_ASSERT_PTR_NULL (tag.content);

  lab_run ("openssl cms -encrypt -aes-256-cbc -binary -in message -outform DER -out e.der alice.crt"
           FLIP_LAST_BIT ("e.der", "t.der"));
  desk_unwrap (desk, "t.der", MC_UNWRAP_DEFAULT, &cut);
  if (only_layer (&cut)->decryption != MC_DECRYPTION_OK) {   /* 1 in 256 pads by chance */
    CU_ASSERT_EQUAL (only_layer (&cut)->decryption, MC_DECRYPTION_FAILED);
    CU_ASSERT_TRUE (has_reason (only_layer (&cut)->reasons, "decryption-failed"));
    CU_ASSERT_PTR_NULL (cut.content);
  }
}

/* A tag of one octet could be guessed by trying 256 times. */
static void
test_short_tag (void)
{
  g_auto (McUnwrapped) opened = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  desk_own (desk, "alice");
  lab_run ("openssl cms -encrypt -aes-256-gcm -binary -in message -outform DER -out e.der alice.crt");
  g_autoptr (McSpool) whole = lab_read ("e.der");
  g_autoptr (GBytes) bytes = _mc_span_load (_mc_span_whole (whole), 1 << 20, NULL);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  /* The outer lengths become indefinite, the tag at the end loses 15 octets. */
  g_autoptr (GByteArray) short_tag = g_byte_array_new ();
  static const guint8 head[] = { 0x30, 0x80 };
  static const guint8 inner[] = { 0xa0, 0x80, 0x30, 0x80 };
  static const guint8 end[] = { 0, 0, 0, 0, 0, 0 };
  CU_ASSERT_EQUAL_FATAL (data[1], 0x82);
  CU_ASSERT_EQUAL_FATAL (data[size - 18], 0x04);
  g_byte_array_append (short_tag, head, sizeof head);
  g_byte_array_append (short_tag, data + 4, 13);               /* the content type */
  g_byte_array_append (short_tag, inner, sizeof inner);
  g_byte_array_append (short_tag, data + 4 + 13 + 8, (guint) (size - 4 - 13 - 8 - 18));
  g_byte_array_append (short_tag, (const guint8 *) "\x04\x01", 2);
  g_byte_array_append (short_tag, data + size - 16, 1);
  g_byte_array_append (short_tag, end, sizeof end);
  g_autoptr (McSpool) object = lab_spool ((const char *) short_tag->data, short_tag->len);
  lab_write ("short.der", object);
  desk_unwrap (desk, "short.der", MC_UNWRAP_DEFAULT, &opened);
  CU_ASSERT_EQUAL (only_layer (&opened)->decryption, MC_DECRYPTION_FAILED);
  CU_ASSERT_TRUE (has_reason (only_layer (&opened)->reasons, "integrity"));
  CU_ASSERT_PTR_NULL (opened.content);
}

static void
test_unsupported (void)
{
  g_auto (McUnwrapped) cipher = { 0 };
  g_auto (McUnwrapped) data = { 0 };
  g_auto (McUnwrapped) digested = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  desk_own (desk, "alice");
  lab_run ("openssl cms -encrypt -camellia256 -binary -in message -outform DER -out e.der alice.crt");
  desk_unwrap (desk, "e.der", MC_UNWRAP_DEFAULT, &cipher);
  CU_ASSERT_EQUAL (only_layer (&cipher)->decryption, MC_DECRYPTION_ERROR);
  CU_ASSERT_TRUE (has_reason (only_layer (&cipher)->reasons, "unsupported-cipher"));

  lab_run ("openssl cms -data_create -binary -in message -outform DER -out d.der");
  desk_unwrap (desk, "d.der", MC_UNWRAP_DEFAULT, &data);
  CU_ASSERT_STRING_EQUAL (data.format, "data");
  CU_ASSERT_EQUAL (data.layers->len, 0);
  CU_ASSERT_TRUE (lab_holds (data.content, "message"));

  lab_run ("openssl cms -digest_create -binary -in message -outform DER -out d.der");
  desk_unwrap (desk, "d.der", MC_UNWRAP_DEFAULT, &digested);
  CU_ASSERT_STRING_EQUAL (digested.format, "digested-data");
  CU_ASSERT_EQUAL (digested.layers->len, 0);
}

/* Encrypted around signed, as two objects: one at a time. */
static void
test_nested (void)
{
  g_auto (McUnwrapped) outer = { 0 };
  g_auto (McUnwrapped) inner = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  desk_own (desk, "alice");
  lab_run ("openssl cms -sign -nodetach -binary -in message -signer p256.crt -inkey p256.key"
           " -outform DER -out o.der && openssl cms -encrypt -aes-256-cbc -binary -in o.der"
           " -outform DER -out e.der alice.crt");
  desk_unwrap (desk, "e.der", MC_UNWRAP_DEFAULT, &outer);
  CU_ASSERT_TRUE_FATAL (lab_holds (outer.content, "o.der"));
  lab_write ("i.der", outer.content);
  desk_unwrap (desk, "i.der", MC_UNWRAP_DEFAULT, &inner);
  CU_ASSERT_EQUAL (only_signer (only_layer (&inner))->content, MC_CONTENT_INTACT);
  CU_ASSERT_TRUE (lab_holds (inner.content, "message"));
}

/* ----------------------------------------------------------------- compression -- */

static void
make_compressed (const char *name, const char *cut)
{
  lab_run ("python3 - %s %s <<'END'\n"
           "import sys, zlib\n"
           "def tlv(tag, body):\n"
           "    n = len(body)\n"
           "    size = bytes([n]) if n < 128 else bytes([0x84]) + n.to_bytes(4, 'big')\n"
           "    return bytes([tag]) + size + body\n"
           "oid = lambda h: tlv(6, bytes.fromhex(h))\n"
           "data = open('message', 'rb').read()\n"
           "packed = zlib.compress(data)[:10 if sys.argv[2] == 'cut' else None]\n"
           "if sys.argv[2] == 'bomb': packed = zlib.compress(bytes(1 << 22))\n"
           "inner = tlv(0x30, oid('2a864886f70d010701') + tlv(0xa0, tlv(4, packed)))\n"
           "algorithm = tlv(0x30, oid('2a864886f70d0109100308'))\n"
           "body = tlv(0x30, tlv(2, b'\\0') + algorithm + inner)\n"
           "open(sys.argv[1], 'wb').write(tlv(0x30, oid('2a864886f70d0109100109') + tlv(0xa0, body)))\n"
           "END", name, cut);
}

static void
test_compressed (void)
{
  g_auto (McUnwrapped) whole = { 0 };
  g_auto (McUnwrapped) opened = { 0 };
  g_autoptr (GError) damaged = NULL;
  g_autoptr (GError) large = NULL;
  g_autoptr (Desk) desk = desk_new ();
  if (!lab_try ("python3 -c 1"))
    return;
  make_compressed ("z.der", "whole");
  desk_unwrap (desk, "z.der", MC_UNWRAP_DEFAULT, &whole);
  CU_ASSERT_STRING_EQUAL (whole.format, "compressed-data");
  CU_ASSERT_EQUAL (whole.layers->len, 0);
  CU_ASSERT_TRUE (lab_holds (whole.content, "message"));

  make_compressed ("z.der", "cut");
  g_autoptr (McSpool) cut = lab_read ("z.der");
  CU_ASSERT_FALSE (_mc_smime_backend.unwrap (desk->engine, _mc_span_whole (cut), "1",
                                             MC_UNWRAP_DEFAULT, &opened, NULL, &damaged));
  CU_ASSERT_TRUE (g_error_matches (damaged, MC_ERROR, MC_ERROR_MALFORMED));

  make_compressed ("z.der", "bomb");
  CU_ASSERT_TRUE (mc_settings_set (desk->settings, "limits", "total-bytes", "1000000", NULL));
  g_autoptr (McSpool) bomb = lab_read ("z.der");
  CU_ASSERT_FALSE (_mc_smime_backend.unwrap (desk->engine, _mc_span_whole (bomb), "1",
                                             MC_UNWRAP_DEFAULT, &opened, NULL, &large));
  CU_ASSERT_TRUE (g_error_matches (large, MC_ERROR, MC_ERROR_LIMIT));
}

static void
test_describe (void)
{
  g_auto (McUnwrapped) encrypted = { 0 };
  g_auto (McUnwrapped) signature = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  lab_run ("openssl cms -encrypt -aes-256-gcm -binary -in message -outform DER -out e.der alice.crt"
           " p256.crt");
  g_autoptr (McSpool) object = lab_read ("e.der");
  CU_ASSERT_TRUE (_mc_smime_backend.probe (desk->engine, _mc_span_whole (object)));
  CU_ASSERT_TRUE_FATAL (_mc_smime_backend.describe (desk->engine, _mc_span_whole (object), FALSE, "1",
                                                    &encrypted, NULL, NULL));
  const McLayer *layer = only_layer (&encrypted);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_UNKNOWN);
  CU_ASSERT_EQUAL (layer->recipients->len, 2);
  CU_ASSERT_STRING_EQUAL (g_hash_table_lookup (layer->algorithms, "cipher"), "aes256-gcm");
  CU_ASSERT_PTR_NULL (encrypted.content);

  lab_run ("openssl cms -sign -binary -in message -signer p256.crt -inkey p256.key -outform DER -out s.der");
  g_autoptr (McSpool) detached = lab_read ("s.der");
  CU_ASSERT_TRUE_FATAL (_mc_smime_backend.describe (desk->engine, _mc_span_whole (detached), TRUE, "1",
                                                    &signature, NULL, NULL));
  CU_ASSERT_EQUAL (only_signer (only_layer (&signature))->content, MC_CONTENT_UNKNOWN);
  CU_ASSERT_STRING_EQUAL (only_signer (only_layer (&signature))->algorithm, "ecdsa");

  g_autoptr (McSpool) text = lab_read ("message");
  CU_ASSERT_FALSE (_mc_smime_backend.probe (desk->engine, _mc_span_whole (text)));
}

static CU_TestInfo tests[] = {
  { "signatures, detached and opaque", test_signatures },
  { "altered content comes first", test_altered },
  { "line ends", test_line_ends },
  { "unknown signer", test_unknown_signer },
  { "shared key identifier", test_shared_key_identifier },
  { "several signers", test_several_signers },
  { "content in a detached signature", test_content_in_detached },
  { "certs-only", test_certs_only },
  { "no signers", test_no_signers },
  { "signed attributes", test_attributes },
  { "rubbish", test_rubbish },
  { "skipped signatures", test_skip_signatures },
  { "mutations", test_mutations },
  { "decryption", test_decryption },
  { "legacy ciphers", test_legacy_ciphers },
  { "recipients", test_recipients },
  { "damaged", test_damaged },
  { "short tag", test_short_tag },
  { "unsupported", test_unsupported },
  { "nested", test_nested },
  { "compressed", test_compressed },
  { "describe", test_describe },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_smime_read = {
  .pName = "smime_read",
  .pTests = tests,
};
