/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which algorithms a set of recipients gets, as a table; and what a list of capabilities is
 * read as. */
#include "config.h"

#include "smime-lab.h"

#include "keys/store.h"
#include "smime/choice.h"
#include "smime/engine.h"

#include <string.h>

/* -------------------------------------------------------------------- table -- */

/* "aes256-gcm aes256-cbc oaep" as the word of one recipient; "?" has said nothing. */
static McAbilities *
parse_abilities (const char *text)
{
  if (strcmp (text, "?") == 0)
    return _mc_abilities_new_unknown ();

  McAbilities *abilities = _mc_abilities_new_unknown ();
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  g_ptr_array_set_size (abilities->ciphers, 0);
  abilities->known = TRUE;
  for (char **word = words; *word != NULL; word++)
    if (strcmp (*word, "oaep") == 0)
      abilities->oaep = TRUE;
    else
      g_ptr_array_add (abilities->ciphers, (gpointer) _mc_cipher_by_name (*word));
  return abilities;
}

#define OURS "aes256-gcm aes128-gcm aes256-cbc aes128-cbc oaep"
#define OPENSSL "aes256-cbc aes192-cbc aes128-cbc"

static const struct {
  const char *recipients[4];
  const char *asked;        /* --cipher */
  const char *cipher;
  gboolean oaep;
} choices[] = {
  /* nothing is known */
  { { "?" }, NULL, "aes256-cbc", FALSE },
  { { "?", "?" }, NULL, "aes256-cbc", FALSE },
  /* all is known */
  { { OURS }, NULL, "aes256-gcm", TRUE },
  { { OURS, OURS, OURS }, NULL, "aes256-gcm", TRUE },
  { { OPENSSL }, NULL, "aes256-cbc", FALSE },
  /* one who knows less decides for all */
  { { OURS, "?" }, NULL, "aes256-cbc", FALSE },
  { { "?", OURS }, NULL, "aes256-cbc", FALSE },
  { { OURS, OPENSSL }, NULL, "aes256-cbc", FALSE },
  { { OURS, "aes256-gcm aes256-cbc" }, NULL, "aes256-gcm", FALSE },
  { { OURS, "aes256-cbc oaep" }, NULL, "aes256-cbc", TRUE },
  { { OURS, "aes128-gcm aes256-cbc oaep" }, NULL, "aes128-gcm", TRUE },
  { { OURS, "aes128-cbc" }, NULL, "aes128-cbc", FALSE },
  { { "?", "aes128-cbc" }, NULL, "aes128-cbc", FALSE },
  { { "?", "aes128-cbc aes192-cbc" }, NULL, "aes128-cbc", FALSE },
  /* their first choice, among ciphers of one kind */
  { { "aes128-gcm aes256-gcm" }, NULL, "aes128-gcm", FALSE },
  { { "aes192-cbc aes256-cbc" }, NULL, "aes192-cbc", FALSE },
  { { "aes128-gcm aes256-gcm", "aes256-gcm aes128-gcm" }, NULL, "aes256-gcm", FALSE },
  { { "aes128-gcm aes256-gcm", "aes192-gcm aes128-gcm aes256-gcm" }, NULL, "aes128-gcm", FALSE },
  /* yet one that protects against changes is better than one that does not */
  { { "aes256-cbc aes128-gcm" }, NULL, "aes128-gcm", FALSE },
  /* nothing in common: what every reader has */
  { { "aes256-gcm", "aes128-gcm" }, NULL, "aes256-cbc", FALSE },
  { { "aes256-gcm oaep", "?" }, NULL, "aes256-cbc", FALSE },
  /* the user knows better */
  { { "?" }, "aes256-gcm", "aes256-gcm", TRUE },
  { { OURS }, "aes128-cbc", "aes128-cbc", FALSE },
  { { OURS, "?" }, "aes192-cbc", "aes192-cbc", FALSE },
};

static void
test_choices (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (choices); i++) {
    g_autoptr (GPtrArray) abilities =
      g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_abilities_free);
    for (gsize k = 0; k < 4 && choices[i].recipients[k] != NULL; k++)
      g_ptr_array_add (abilities, parse_abilities (choices[i].recipients[k]));
    McMethod method = _mc_choose_method (
      abilities, choices[i].asked != NULL ? _mc_cipher_by_name (choices[i].asked) : NULL);
    if (strcmp (method.cipher->name, choices[i].cipher) != 0)
      g_printerr ("row %d: %s\n", (int) i, method.cipher->name);
    CU_ASSERT_STRING_EQUAL (method.cipher->name, choices[i].cipher);
    CU_ASSERT_EQUAL (method.oaep, choices[i].oaep);
  }
}

/* ------------------------------------------------------------- capabilities -- */

static void
check_read (const guint8 *der, gsize size, const char *expected)
{
  g_autoptr (GBytes) bytes = g_bytes_new (der, size);
  g_autoptr (McAbilities) abilities = _mc_abilities_new_from_der (bytes);
  g_autoptr (GString) text = g_string_new (abilities->known ? "" : "? ");
  for (guint i = 0; i < abilities->ciphers->len; i++)
    g_string_append_printf (text, "%s ", ((McCipher *) abilities->ciphers->pdata[i])->name);
  g_string_append (text, abilities->oaep ? "oaep" : "");
  CU_ASSERT_STRING_EQUAL (text->str, expected);
}

#define AES(n) 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, n
#define OAEP 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07

static void
test_reading (void)
{
  static const guint8 plain[] = { 0x30, 0x1a, AES (0x06), AES (0x2e) };
  static const guint8 twice[] = { 0x30, 0x1a, AES (0x06), AES (0x06) };
  static const guint8 with_null[] = { 0x30, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
                                      0x01, 0x65, 0x03, 0x04, 0x01, 0x2a, 0x05, 0x00 };
  static const guint8 unknown_too[] = { 0x30, 0x14, 0x30, 0x05, 0x06, 0x03, 0x2a, 0x03, 0x04,
                                        AES (0x2a) };
  static const guint8 only_unknown[] = { 0x30, 0x07, 0x30, 0x05, 0x06, 0x03, 0x2a, 0x03, 0x04 };
  static const guint8 empty[] = { 0x30, 0x00 };
  static const guint8 behind[] = { 0x30, 0x0d, AES (0x06), 0x00 };
  static const guint8 short_of[] = { 0x30, 0x20, AES (0x06) };
  static const guint8 oaep_bare[] = { 0x30, 0x1a, AES (0x06), 0x30, 0x0b, OAEP };
  static const guint8 oaep_sha1[] = { 0x30, 0x1c, AES (0x06), 0x30, 0x0d, OAEP, 0x30, 0x00 };
#define COMMON "? aes256-cbc aes192-cbc aes128-cbc "
  check_read (plain, sizeof plain, "aes128-gcm aes256-gcm ");
  check_read (twice, sizeof twice, "aes128-gcm ");
  check_read (with_null, sizeof with_null, "aes256-cbc ");
  check_read (unknown_too, sizeof unknown_too, "aes256-cbc ");
  check_read (only_unknown, sizeof only_unknown, COMMON);
  check_read (empty, sizeof empty, COMMON);
  check_read (behind, sizeof behind, COMMON);
  check_read (short_of, sizeof short_of, COMMON);
  check_read (NULL, 0, COMMON);
  check_read (oaep_bare, sizeof oaep_bare, "aes128-gcm ");
  check_read (oaep_sha1, sizeof oaep_sha1, "aes128-gcm ");
}

static void
test_own (void)
{
  g_autoptr (McAbilities) own = _mc_abilities_new_own ();
  CU_ASSERT_TRUE (own->known);
  CU_ASSERT_TRUE (own->oaep);
  CU_ASSERT_EQUAL_FATAL (own->ciphers->len, 4);
  CU_ASSERT_STRING_EQUAL (((McCipher *) own->ciphers->pdata[0])->name, "aes256-gcm");
  CU_ASSERT_STRING_EQUAL (((McCipher *) own->ciphers->pdata[3])->name, "aes128-cbc");
}

/* -------------------------------------------------------------------- store -- */

static void
say (Desk *desk, const char *address, const guint8 *der, gsize size, gint64 at)
{
  McStore *store = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (der, size);
  McPeer peer = { (char *) "aa", NULL, bytes, at };
  CU_ASSERT_TRUE_FATAL (_mc_context_get_store (desk->context, TRUE, &store, NULL));
  CU_ASSERT_TRUE (_mc_store_set_peer (store, address, &peer, NULL));
}

static void
check_sealed (Desk *desk, const char *const *names, const char *format, const char *cipher,
              const char *scheme)
{
  g_auto (McSealed) sealed = { 0 };
  g_auto (McUnwrapped) described = { 0 };
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_autoptr (McSpool) content = lab_read ("message");
  for (gsize i = 0; names[i] != NULL; i++)
    g_ptr_array_add (keys, desk_find_certificate (desk, names[i], MC_KEY_CAN_ENCRYPT));
  McEncryptJob job = { .content = _mc_span_whole (content), .recipients = keys };
  CU_ASSERT_TRUE_FATAL (_mc_smime_backend.encrypt (desk->engine, &job, &sealed, NULL, NULL));
  CU_ASSERT_STRING_EQUAL (sealed.format, format);
  CU_ASSERT_TRUE_FATAL (_mc_smime_backend.describe (desk->engine, _mc_span_whole (sealed.object),
                                                    FALSE, "1", &described, NULL, NULL));
  const McLayer *layer = only_layer (&described);
  CU_ASSERT_STRING_EQUAL (g_hash_table_lookup (layer->algorithms, "cipher"), cipher);
  CU_ASSERT_STRING_EQUAL (g_hash_table_lookup (layer->algorithms, "key-encryption"), scheme);
}

/* What the recipients are known to read is what they get. */
static void
test_known_recipients (void)
{
  static const guint8 gcm[] = { 0x30, 0x0d, AES (0x2e) };
  static const guint8 cbc[] = { 0x30, 0x0d, AES (0x02) };
  const char *const alice[] = { "alice", NULL };
  const char *const both[] = { "alice", "p256", NULL };
  g_autoptr (Desk) desk = desk_new ();
  desk_import (desk, "alice.crt");
  desk_import (desk, "p256.crt");
  g_autoptr (McKey) key = desk_find_certificate (desk, "alice", MC_KEY_CAN_ENCRYPT);
  g_autoptr (McKey) other = desk_find_certificate (desk, "p256", MC_KEY_CAN_ENCRYPT);
  const char *address = ((McIdentity *) key->identities->pdata[0])->address;
  const char *second = ((McIdentity *) other->identities->pdata[0])->address;
  gboolean shared = strcmp (address, second) == 0;

  check_sealed (desk, alice, "enveloped-data", "aes256-cbc", "rsa-pkcs1");
  say (desk, address, gcm, sizeof gcm, 100);
  check_sealed (desk, alice, "auth-enveloped-data", "aes256-gcm", "rsa-pkcs1");
  if (!shared)
    check_sealed (desk, both, "enveloped-data", "aes256-cbc", "rsa-pkcs1, ecdh");
  say (desk, second, gcm, sizeof gcm, 100);
  check_sealed (desk, both, "auth-enveloped-data", "aes256-gcm", "rsa-pkcs1, ecdh");
  say (desk, address, cbc, sizeof cbc, 101);
  check_sealed (desk, alice, "enveloped-data", "aes128-cbc", "rsa-pkcs1");
}

static void
test_own_key (void)
{
  const char *const alice[] = { "alice", NULL };
  g_autoptr (Desk) desk = desk_new ();
  desk_own (desk, "alice");
  check_sealed (desk, alice, "auth-enveloped-data", "aes256-gcm", "rsa-oaep");
}

static CU_TestInfo tests[] = {
  { "choices", test_choices },
  { "reading capabilities", test_reading },
  { "our own", test_own },
  { "recipients in the store", test_known_recipients },
  { "the own key", test_own_key },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_smime_choice = {
  .pName = "smime_choice",
  .pTests = tests,
};
