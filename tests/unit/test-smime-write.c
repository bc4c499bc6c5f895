/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing, and that the openssl program reads it. */
#include "config.h"

#include "smime-lab.h"

#include <string.h>

static void
sign_as (Desk *desk, const char *name, gboolean opaque, McSealed *ret_sealed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McKey) key = desk_find_certificate (desk, name, MC_KEY_CAN_SIGN);
  g_autoptr (McSpool) content = lab_read ("message");
  McSignJob job = { _mc_span_whole (content), key, opaque };
  gboolean ok = _mc_smime_backend.sign (desk->engine, &job, ret_sealed, NULL, &error);
  if (!ok)
    g_printerr ("lab: %s: %s\n", name, error->message);
  CU_ASSERT_TRUE_FATAL (ok);
}

typedef struct {
  const char *signer, *algorithm, *micalg;
} SignCase;

static const SignCase sign_cases[] = {
  { "alice", "rsa-pkcs1", "sha-256" }, { "pss", "rsa-pss", "sha-256" },
  { "pss384", "rsa-pss", "sha-384" },  { "p256", "ecdsa", "sha-256" },
  { "p384", "ecdsa", "sha-384" },      { "p521", "ecdsa", "sha-512" },
};

static void
test_sign (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  for (gsize i = 0; i < G_N_ELEMENTS (sign_cases); i++) {
    const SignCase *one = &sign_cases[i];
    g_auto (McSealed) detached = { 0 };
    g_auto (McSealed) opaque = { 0 };
    desk_own (desk, one->signer);

    sign_as (desk, one->signer, FALSE, &detached);
    CU_ASSERT_STRING_EQUAL (detached.micalg, one->micalg);
    CU_ASSERT_STRING_EQUAL (detached.format, "signed-data");
    lab_write ("s.der", detached.object);
    lab_run ("openssl cms -verify -binary -inform DER -in s.der -content message -CAfile root.crt"
             " -out out && cmp out message");
    g_autoptr (McLayer) layer = desk_verify (desk, "message", "s.der");
    CU_ASSERT_EQUAL (only_signer (layer)->content, MC_CONTENT_INTACT);
    CU_ASSERT_STRING_EQUAL (only_signer (layer)->algorithm, one->algorithm);
    CU_ASSERT_TRUE (is_trusted (only_signer (layer)));

    sign_as (desk, one->signer, TRUE, &opaque);
    lab_write ("o.der", opaque.object);
    lab_run ("openssl cms -verify -binary -inform DER -in o.der -CAfile root.crt -out out"
             " && cmp out message");
  }
}

/* Attributes, and the chain without its root. */
static void
test_signature_carries (void)
{
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  desk_own (desk, "alice");
  sign_as (desk, "alice", FALSE, &sealed);
  lab_write ("s.der", sealed.object);
  lab_run ("openssl cms -cmsout -print -inform DER -in s.der -out print");
  lab_run ("grep -q signingTime print && grep -q 'S/MIME Capabilities' print"
           " && grep -q id-smime-aa-signingCertificateV2 print");
  lab_run ("test $(openssl pkcs7 -inform DER -in s.der -print_certs | grep -c BEGIN) = 2");
  /* aes256-gcm first, no 3DES or RC2 anywhere */
  lab_run ("openssl asn1parse -inform DER -in s.der | grep -A4 'S/MIME Capabilities' >caps;"
           " openssl asn1parse -inform DER -in s.der -strparse 0 >/dev/null;"
           " ! grep -qi 'des-ede3\\|rc2' print");
}

/* Somebody who signs with one key and is encrypted to by another says so. */
static void
test_encryption_preference (void)
{
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  desk_own (desk, "dsign");
  desk_own (desk, "dcrypt");
  sign_as (desk, "dsign", FALSE, &sealed);
  lab_write ("s.der", sealed.object);
  lab_run ("openssl cms -cmsout -print -inform DER -in s.der | grep -q id-smime-aa-encrypKeyPref");
  lab_run ("test $(openssl pkcs7 -inform DER -in s.der -print_certs | grep -c BEGIN) = 3");
  lab_run ("openssl cms -verify -binary -inform DER -in s.der -content message -CAfile root.crt"
           " -purpose any -out out");
}

/* ----------------------------------------------------------------- encryption -- */

static gboolean
encrypt_to (Desk *desk, const char *const *names, const char *cipher, const char *content,
            McSealed *ret_sealed, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_autoptr (McSpool) spool = lab_read (content);
  for (gsize i = 0; names[i] != NULL; i++)
    g_ptr_array_add (keys, desk_find_certificate (desk, names[i], MC_KEY_CAN_ENCRYPT));
  McEncryptJob job = { .content = _mc_span_whole (spool), .recipients = keys, .cipher = cipher };
  return _mc_smime_backend.encrypt (desk->engine, &job, ret_sealed, NULL, error);
}

static void
test_encrypt (void)
{
  static const char *const ciphers[] = { NULL,         "aes128-cbc", "aes192-cbc", "aes256-cbc",
                                         "aes128-gcm", "aes192-gcm", "aes256-gcm" };
  static const char *const people[] = { "alice", "p256", "p384", "p521" };
  g_autoptr (Desk) desk = desk_new ();
  for (gsize k = 0; k < G_N_ELEMENTS (people); k++)
    desk_own (desk, people[k]);
  for (gsize i = 0; i < G_N_ELEMENTS (ciphers); i++) {
    g_auto (McSealed) all = { 0 };
    const char *const everybody[] = { "alice", "p256", "p384", "p521", NULL };
    /* the keys are all our own: they get what we like best */
    gboolean gcm = ciphers[i] == NULL || strstr (ciphers[i], "gcm") != NULL;
    CU_ASSERT_TRUE_FATAL (encrypt_to (desk, everybody, ciphers[i], "message", &all, NULL));
    CU_ASSERT_STRING_EQUAL (all.format, gcm ? "auth-enveloped-data" : "enveloped-data");
    CU_ASSERT_PTR_NULL (all.micalg);
    lab_write ("e.der", all.object);
    for (gsize k = 0; k < G_N_ELEMENTS (people); k++)
      lab_run ("openssl cms -decrypt -binary -inform DER -in e.der -recip %s.crt -inkey %s.key"
               " -out out && cmp out message", people[k], people[k]);

    g_auto (McUnwrapped) opened = { 0 };
    desk_unwrap (desk, "e.der", MC_UNWRAP_DEFAULT, &opened);
    const McLayer *layer = only_layer (&opened);
    CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_OK);
    CU_ASSERT_EQUAL (layer->recipients->len, 4);
    CU_ASSERT_STRING_EQUAL (g_hash_table_lookup (layer->algorithms, "cipher"),
                            ciphers[i] != NULL ? ciphers[i] : "aes256-gcm");
    CU_ASSERT_STRING_EQUAL (((McRecipient *) layer->recipients->pdata[0])->algorithm,
                            gcm ? "rsa-oaep" : "rsa-pkcs1");
    CU_ASSERT_TRUE (lab_holds (opened.content, "message"));
  }
  /* No SHA-1 in the key derivation. */
  lab_run ("openssl cms -cmsout -print -inform DER -in e.der | grep -q dhSinglePass-stdDH-sha256kdf-scheme");
  lab_run ("! openssl cms -cmsout -print -inform DER -in e.der | grep -q sha1kdf");
}

/* Nothing, one octet, and several pieces of what flows through. */
static void
test_sizes (void)
{
  static const int sizes[] = { 0, 1, 15, 16, 17, 65535, 65536, 65537, 1000000 };
  static const char *const ciphers[] = { "aes256-cbc", "aes256-gcm" };
  const char *const alice[] = { "alice", NULL };
  g_autoptr (Desk) desk = desk_new ();
  desk_own (desk, "alice");
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (ciphers); k++) {
      g_auto (McSealed) sealed = { 0 };
      g_auto (McUnwrapped) opened = { 0 };
      lab_run ("head -c %d /dev/urandom >sized", sizes[i]);
      g_autoptr (GError) error = NULL;
      if (!encrypt_to (desk, alice, ciphers[k], "sized", &sealed, &error))
        g_printerr ("lab: %d octets: %s\n", sizes[i], error->message);
      CU_ASSERT_PTR_NULL_FATAL (error);
      lab_write ("e.der", sealed.object);
      desk_unwrap (desk, "e.der", MC_UNWRAP_DEFAULT, &opened);
      CU_ASSERT_TRUE (lab_holds (opened.content, "sized"));
      lab_run ("openssl cms -decrypt -binary -inform DER -in e.der -recip alice.crt -inkey alice.key"
               " -out out && cmp out sized");
      lab_run ("openssl cms -encrypt -aes-256-%s %s -binary -in sized -outform DER -out e.der alice.crt",
               ciphers[k] + strlen ("aes256-"), sizes[i] > 0 ? "-stream" : "");
      g_auto (McUnwrapped) theirs = { 0 };
      desk_unwrap (desk, "e.der", MC_UNWRAP_DEFAULT, &theirs);
      CU_ASSERT_TRUE (lab_holds (theirs.content, "sized"));
    }
}

static void
test_refusals (void)
{
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (GError) cipher = NULL;
  g_autoptr (GError) old = NULL;
  g_autoptr (GError) key = NULL;
  const char *const alice[] = { "alice", NULL };
  const char *const pss[] = { "pss", NULL };
  g_autoptr (Desk) desk = desk_new ();
  desk_import (desk, "alice.crt");
  desk_import (desk, "pss.crt");
  CU_ASSERT_FALSE (encrypt_to (desk, alice, "rot13", "message", &sealed, &cipher));
  CU_ASSERT_TRUE (g_error_matches (cipher, MC_ERROR, MC_ERROR_INVALID));
  CU_ASSERT_FALSE (encrypt_to (desk, alice, "3des-cbc", "message", &sealed, &old));
  CU_ASSERT_TRUE (g_error_matches (old, MC_ERROR, MC_ERROR_INVALID));
  CU_ASSERT_FALSE (encrypt_to (desk, pss, NULL, "message", &sealed, &key));
  CU_ASSERT_TRUE (g_error_matches (key, MC_ERROR, MC_ERROR_NO_KEY));
}

static void
test_sign_without_key (void)
{
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Desk) desk = desk_new ();
  desk_import (desk, "alice.crt");
  g_autoptr (McKey) key = desk_find_certificate (desk, "alice", MC_KEY_CAN_SIGN);
  g_autoptr (McSpool) content = lab_read ("message");
  McSignJob job = { _mc_span_whole (content), key, FALSE };
  CU_ASSERT_FALSE (_mc_smime_backend.sign (desk->engine, &job, &sealed, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_NO_SECRET));
}

static CU_TestInfo tests[] = {
  { "sign", test_sign },
  { "what a signature carries", test_signature_carries },
  { "encryption key preference", test_encryption_preference },
  { "encrypt", test_encrypt },
  { "sizes", test_sizes },
  { "refusals", test_refusals },
  { "no private key", test_sign_without_key },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_smime_write = {
  .pName = "smime_write",
  .pTests = tests,
};
