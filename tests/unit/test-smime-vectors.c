/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The standards' own keys and objects (MAILCRYPT_VECTORS). */
#include "config.h"

#include "smime-lab.h"

#include <stdio.h>
#include <string.h>

/* 2001-09-09, when all of RFC 4134's certificates were valid. */
#define RFC4134_TIME 1000000000

static char *
vector_path (const char *name)
{
  const char *folder = g_getenv ("MAILCRYPT_VECTORS");
  return folder != NULL ? g_build_filename (folder, name, NULL) : NULL;
}

static gboolean
have_vectors (void)
{
  g_autofree char *path = vector_path ("rfc4134/4.1.bin");
  if (path != NULL && g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  printf ("(skipped: no vectors) ");
  return FALSE;
}

/* Copies a vector into the lab under @name. */
static void
fetch (const char *vector, const char *name)
{
  g_autofree char *path = vector_path (vector);
  lab_run ("cp '%s' %s", path, name);
}

static void
test_rfc4134_signed (void)
{
  static const struct {
    const char *file;
    const char *algorithm;
    McContentFact content;
  } cases[] = {
    { "rfc4134/4.1.bin", "dsa", MC_CONTENT_INTACT },
    { "rfc4134/4.2.bin", "rsa-pkcs1", MC_CONTENT_INTACT },
    { "rfc4134/4.4.bin", "dsa", MC_CONTENT_INTACT },
    { "rfc4134/4.5.bin", "rsa-pkcs1", MC_CONTENT_INTACT },
  };
  if (!have_vectors ())
    return;
  g_autoptr (Desk) desk = desk_new ();
  mc_context_set_time (desk->context, RFC4134_TIME);
  fetch ("rfc4134/AliceDSSSignByCarlNoInherit.cer", "v.cer");
  desk_import (desk, "v.cer");
  fetch ("rfc4134/AliceRSASignByCarl.cer", "v.cer");
  desk_import (desk, "v.cer");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (McUnwrapped) opened = { 0 };
    fetch (cases[i].file, "v.bin");
    desk_unwrap (desk, "v.bin", MC_UNWRAP_DEFAULT, &opened);
    const McSigner *signer = only_signer (only_layer (&opened));
    CU_ASSERT_EQUAL (signer->content, cases[i].content);
    CU_ASSERT_STRING_EQUAL (signer->algorithm, cases[i].algorithm);
    CU_ASSERT_TRUE (signer->weak);
    CU_ASSERT_FALSE (is_trusted (signer));
    CU_ASSERT_PTR_NOT_NULL (opened.content);
  }
}

static void
test_rfc4134_others (void)
{
  g_auto (McUnwrapped) certificates = { 0 };
  g_auto (McUnwrapped) old = { 0 };
  g_auto (McUnwrapped) refused = { 0 };
  g_auto (McUnwrapped) legacy = { 0 };
  if (!have_vectors ())
    return;
  g_autoptr (Desk) desk = desk_new ();
  fetch ("rfc4134/4.11.bin", "v.bin");
  desk_unwrap (desk, "v.bin", MC_UNWRAP_DEFAULT, &certificates);
  CU_ASSERT_STRING_EQUAL (certificates.format, "certs-only");
  CU_ASSERT_EQUAL (certificates.layers->len, 0);

  fetch ("rfc4134/BobRSASignByCarl.cer", "v.cer");
  fetch ("rfc4134/BobPrivRSAEncrypt.pri", "v.pri");
  desk_import (desk, "v.cer");
  desk_import (desk, "v.pri");
  fetch ("rfc4134/5.1.bin", "v.bin");
  desk_unwrap (desk, "v.bin", MC_UNWRAP_DEFAULT, &old);
  CU_ASSERT_EQUAL (only_layer (&old)->decryption, MC_DECRYPTION_OK);
  CU_ASSERT_TRUE (has_reason (only_layer (&old)->reasons, "weak-cipher"));
  CU_ASSERT_FALSE (only_layer (&old)->weak);

  fetch ("rfc4134/5.2.bin", "v.bin");
  desk_unwrap (desk, "v.bin", MC_UNWRAP_DEFAULT, &refused);
  CU_ASSERT_EQUAL (only_layer (&refused)->decryption, MC_DECRYPTION_ERROR);
  desk_unwrap (desk, "v.bin", MC_UNWRAP_ALLOW_LEGACY, &legacy);
  CU_ASSERT_EQUAL (only_layer (&legacy)->decryption, MC_DECRYPTION_OK);
  CU_ASSERT_TRUE (only_layer (&legacy)->weak);
  lab_write ("v.out", legacy.content);
  lab_run ("test \"$(cat v.out)\" = 'This is some sample content.'");
}

/* The people of RFC 9216; Carlos and Dana have Ed25519 and X25519. */
static void
test_rfc9216 (void)
{
  static const struct {
    const char *name;
    guint usable;           /* how many of the certificates sign or encrypt here */
  } people[] = { { "alice", 2 }, { "bob", 2 }, { "carlos", 2 }, { "dana", 2 } };
  if (!have_vectors ())
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (people); i++) {
    g_autoptr (Desk) desk = desk_new ();
    g_autofree char *file = g_strdup_printf ("rfc9216/%s.p12", people[i].name);
    g_autofree char *address = g_strdup_printf ("%s@smime.example", people[i].name);
    g_autofree char *rsa = vector_path ("rfc9216/ca.rsa.crt");
    g_autofree char *ed25519 = vector_path ("rfc9216/ca.ed25519.crt");
    mc_context_add_trust_anchor (desk->context, rsa);
    mc_context_add_trust_anchor (desk->context, ed25519);
    desk->passphrase = people[i].name;
    fetch (file, "v.p12");
    desk_import (desk, "v.p12");
    g_autoptr (GPtrArray) keys = desk_find (desk, address, MC_KEY_CAN_SIGN);
    guint usable = 0;
    CU_ASSERT_EQUAL (keys->len, 2);
    for (guint k = 0; k < keys->len; k++) {
      const McKey *key = keys->pdata[k];
      usable += (key->use & (MC_KEY_CAN_SIGN | MC_KEY_CAN_ENCRYPT)) != 0;
      CU_ASSERT_EQUAL (key->secret, MC_SECRET_FILE);
      CU_ASSERT_TRUE (mc_key_get_address_trusted (key, 0));
      CU_ASSERT_EQUAL (key->validity, MC_VALIDITY_VALID);
    }
    CU_ASSERT_EQUAL (usable, people[i].usable);
  }
}

/* A cross certificate is needed, and is enough. */
static void
test_rfc9216_cross (void)
{
  if (!have_vectors ())
    return;
  for (int crossed = 0; crossed < 2; crossed++) {
    g_autoptr (Desk) desk = desk_new ();
    g_autofree char *anchor = vector_path ("rfc9216/ca.ed25519.crt");
    g_autofree char *cross = vector_path ("rfc9216/ca.rsa.cross.crt");
    mc_context_add_trust_anchor (desk->context, anchor);
    if (crossed)
      mc_context_add_intermediate (desk->context, cross);
    fetch ("rfc9216/alice.sign.crt", "v.crt");
    desk_import (desk, "v.crt");
    g_autoptr (McKey) key = desk_find_one (desk, "alice@smime.example", MC_KEY_CAN_SIGN);
    CU_ASSERT_EQUAL (mc_key_get_address_trusted (key, 0), crossed);
    CU_ASSERT_NOT_EQUAL (has_reason (key->reasons, "no-chain"), crossed);
  }
}

static CU_TestInfo tests[] = {
  { "RFC 4134: signed", test_rfc4134_signed },
  { "RFC 4134: others", test_rfc4134_others },
  { "RFC 9216: people", test_rfc9216 },
  { "RFC 9216: cross certificate", test_rfc9216_cross },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_smime_vectors = {
  .pName = "smime_vectors",
  .pTests = tests,
};
