/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenPGP keys and their passphrases, with a real gpg. */
#include "config.h"

#include "pgp-kit.h"

#include "base/secret.h"
#include "context.h"

#include <glib/gstdio.h>
#include <string.h>

/* --------------------------------------------------------------------- keys -- */

static void
test_generate (void)
{
  CU_ASSERT_EQUAL (strlen (pgp_alice->fingerprint), 40);
  CU_ASSERT_STRING_EQUAL (pgp_alice->algorithm, "ed25519");
  CU_ASSERT_EQUAL (pgp_alice->use,
                   MC_KEY_CAN_SIGN | MC_KEY_CAN_ENCRYPT | MC_KEY_CAN_CERTIFY);
  CU_ASSERT_EQUAL (pgp_alice->secret, MC_SECRET_AGENT);
  CU_ASSERT_EQUAL (pgp_alice->validity, MC_VALIDITY_VALID);
  CU_ASSERT_FALSE (pgp_alice->weak);
  CU_ASSERT_TRUE (pgp_alice->valid_until > pgp_alice->valid_from);
  CU_ASSERT_EQUAL_FATAL (pgp_alice->identities->len, 1);
  const McIdentity *identity = pgp_alice->identities->pdata[0];
  CU_ASSERT_STRING_EQUAL (identity->address, "alice@example.org");
  CU_ASSERT_STRING_EQUAL (identity->name, "Alice");
  CU_ASSERT_EQUAL (identity->trust, MC_TRUST_TRUSTED);
  identity = pgp_bob->identities->pdata[0];
  CU_ASSERT_STRING_EQUAL (identity->address, "bob@example.org");
  CU_ASSERT_PTR_NULL (identity->name);
}

static void
test_generate_refusals (void)
{
  const McKeyRequest requests[] = {
    { .address = "no address" },
    { .address = "a@example.org\nKey-Type: RSA" },
    { .address = "a@example.org", .name = "A\nB" },
    { .address = "a@example.org", .name = "A <b@example.org>" },
    { .address = "a@example.org", .algorithm = "dsa1024" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++) {
    g_autoptr (GError) error = NULL;
    McKey *key = NULL;
    CU_ASSERT_FALSE (PGP_BACKEND->generate (pgp_own.engine, &requests[i], &key, NULL, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
    CU_ASSERT_PTR_NULL (key);
  }
}

static void
test_generate_rsa (void)
{
  g_autoptr (McSecret) none = mc_secret_new ("", 0);
  const McKeyRequest request = { .address = "rsa@example.org", .algorithm = "rsa3072",
                                 .passphrase = none };
  g_autoptr (McKey) key = NULL;
  CU_ASSERT_TRUE_FATAL (PGP_BACKEND->generate (pgp_own.engine, &request, &key, NULL, NULL));
  CU_ASSERT_STRING_EQUAL (key->algorithm, "rsa3072");
  CU_ASSERT_FALSE (key->weak);
}

static guint
count_keys (PgpHome *home, const McKeyQuery *query)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_autoptr (GError) error = NULL;
  CU_ASSERT_TRUE (PGP_BACKEND->find (home->engine, query, keys, NULL, &error));
  pgp_check_no_error (error);
  return keys->len;
}

static void
test_find (void)
{
  CU_ASSERT_EQUAL (count_keys (&pgp_own, &(McKeyQuery){ .address = "alice@example.org" }), 1);
  CU_ASSERT_EQUAL (count_keys (&pgp_own, &(McKeyQuery){ .address = "lice@example.org" }), 0);
  CU_ASSERT_EQUAL (count_keys (&pgp_own, &(McKeyQuery){ .text = "lic" }), 1);
  CU_ASSERT_EQUAL (count_keys (&pgp_own, &(McKeyQuery){ .text = "@example.org" }) >= 2, TRUE);
  CU_ASSERT_EQUAL (count_keys (&pgp_own, &(McKeyQuery){ .text = "nobody" }), 0);
  CU_ASSERT_EQUAL (count_keys (&pgp_own, &(McKeyQuery){ .text = "" }), 0);
  CU_ASSERT_EQUAL (count_keys (&pgp_own, &(McKeyQuery){ .text = NULL }) >= 2, TRUE);
  CU_ASSERT_EQUAL (count_keys (&pgp_own, &(McKeyQuery){ .fingerprint = pgp_bob->fingerprint }), 1);
  CU_ASSERT_EQUAL (
    count_keys (&pgp_own, &(McKeyQuery){ .fingerprint = pgp_bob->fingerprint + 24 }), 0);
  CU_ASSERT_EQUAL (
    count_keys (&pgp_own, &(McKeyQuery){ .fingerprint = pgp_carol->fingerprint }), 0);
  CU_ASSERT_EQUAL (count_keys (&pgp_other, &(McKeyQuery){ .secret_only = TRUE }), 1);

  g_autoptr (McKey) seen = pgp_find_key (&pgp_other, pgp_alice->fingerprint);
  CU_ASSERT_PTR_NOT_NULL_FATAL (seen);
  CU_ASSERT_EQUAL (seen->secret, MC_SECRET_NONE);
  CU_ASSERT_EQUAL (((McIdentity *) seen->identities->pdata[0])->trust, MC_TRUST_UNTRUSTED);
}

static void
test_import_export (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) key = pgp_export (&pgp_other, pgp_carol, FALSE);
  g_autoptr (GBytes) text = pgp_load (key);
  CU_ASSERT_TRUE (g_str_has_prefix (g_bytes_get_data (text, NULL),
                                    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"));
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GPtrArray) results = pgp_import_into (&pgp_own, key, &error);
    pgp_check_no_error (error);
    CU_ASSERT_TRUE_FATAL (results != NULL && results->len == 1);
    const McImported *imported = results->pdata[0];
    CU_ASSERT_STRING_EQUAL (imported->fingerprint, pgp_carol->fingerprint);
    CU_ASSERT_STRING_EQUAL (imported->word, i == 0 ? "new" : "unchanged");
    CU_ASSERT_STRING_EQUAL (imported->what, "public-key");
    CU_ASSERT_STRING_EQUAL (imported->text, "Carol C <carol@example.org>");
  }
  g_autoptr (McKey) found = pgp_find_key (&pgp_own, pgp_carol->fingerprint);
  CU_ASSERT_PTR_NOT_NULL_FATAL (found);
  CU_ASSERT_TRUE (PGP_BACKEND->remove (pgp_own.engine, found, NULL, &error));
  pgp_check_no_error (error);
  g_autoptr (McKey) gone = pgp_find_key (&pgp_own, pgp_carol->fingerprint);
  CU_ASSERT_PTR_NULL (gone);
}

static void
test_import_refusals (void)
{
  g_autoptr (McSpool) key = pgp_export (&pgp_other, pgp_carol, FALSE);
  g_autoptr (GBytes) bytes = pgp_load (key);
  gsize size = g_bytes_get_size (bytes);
  const char *text = g_bytes_get_data (bytes, NULL);
  g_autofree char *cut = g_strndup (text, size / 2);
  g_autofree char *half = g_strconcat (text, cut, NULL);
  const char *const inputs[] = { "", "hello", cut, half };
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (McSpool) data = pgp_spool_text (inputs[i]);
    g_autoptr (GPtrArray) results = pgp_import_into (&pgp_own, data, &error);
    CU_ASSERT_PTR_NULL (results);
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
  }
  g_autoptr (McKey) found = pgp_find_key (&pgp_own, pgp_carol->fingerprint);
  CU_ASSERT_PTR_NULL (found);
}

static void
test_import_updated (void)
{
  g_autoptr (McSpool) before = pgp_export (&pgp_other, pgp_carol, FALSE);
  g_autoptr (GPtrArray) first = pgp_import_into (&pgp_own, before, NULL);
  CU_ASSERT_PTR_NOT_NULL (first);
  g_autofree char *line =
    g_strdup_printf ("--quick-add-uid %s carol@example.net", pgp_carol->fingerprint);
  g_autoptr (GBytes) added = pgp_gpg (&pgp_other, NULL, line);
  CU_ASSERT_PTR_NOT_NULL (added);
  g_autoptr (McSpool) after = pgp_export (&pgp_other, pgp_carol, FALSE);
  g_autoptr (GPtrArray) second = pgp_import_into (&pgp_own, after, NULL);
  CU_ASSERT_TRUE_FATAL (second != NULL && second->len == 1);
  CU_ASSERT_STRING_EQUAL (((McImported *) second->pdata[0])->word, "updated");
  g_autoptr (McKey) found = pgp_find_key (&pgp_own, pgp_carol->fingerprint);
  CU_ASSERT_EQUAL (mc_key_get_n_addresses (found), 2);
  CU_ASSERT_TRUE (PGP_BACKEND->remove (pgp_own.engine, found, NULL, NULL));
}

/* GnuPG cannot give it: so it is refused before anything is kept. */
static void
test_import_new_passphrase (void)
{
  g_autofree char *line =
    g_strdup_printf ("--armor --export-secret-keys %s", pgp_alice->fingerprint);
  g_autoptr (GBytes) secret = pgp_gpg (&pgp_own, NULL, line);
  g_autoptr (McSpool) data = pgp_spool_bytes (secret);
  g_autoptr (McSecret) passphrase = mc_secret_new ("new", 3);
  g_autoptr (GPtrArray) results =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_imported_free);
  g_autoptr (GError) error = NULL;
  CU_ASSERT_FALSE (PGP_BACKEND->import (pgp_other.engine, _mc_span_whole (data), passphrase,
                                        results, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
  CU_ASSERT_EQUAL (results->len, 0);
}

static void
test_export_unknown (void)
{
  g_autoptr (McKey) stranger = _mc_key_new (MC_PROTOCOL_OPENPGP, pgp_carol->fingerprint);
  g_autoptr (McSpool) output = pgp_spool ("", 0);
  g_autoptr (GError) error = NULL;
  CU_ASSERT_FALSE (PGP_BACKEND->export (pgp_own.engine, stranger, FALSE, output, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_NO_KEY));
}

/* Found by the canonical form, whatever the user id's spelling; weak by its size. */
static void
test_find_international (void)
{
  PgpHome place = { 0 };
  pgp_home_init (&place);
  g_autoptr (GBytes) made = pgp_gpg (&place, NULL, "--passphrase '' --quick-gen-key "
                                                   "'Ute <Ute@b\xc3\xbc" "cher.example>' rsa1024");
  CU_ASSERT_PTR_NOT_NULL (made);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  const McKeyQuery query = { .address = "ute@xn--bcher-kva.example", .judge = TRUE,
                             .use = MC_KEY_CAN_ENCRYPT | MC_KEY_CAN_SIGN };
  CU_ASSERT_TRUE (PGP_BACKEND->find (place.engine, &query, keys, NULL, NULL));
  CU_ASSERT_EQUAL_FATAL (keys->len, 1);
  const McKey *key = keys->pdata[0];
  CU_ASSERT_TRUE (key->weak);
  CU_ASSERT_EQUAL (key->use & MC_KEY_CAN_ENCRYPT, 0);
  CU_ASSERT_TRUE (pgp_has_reason (key->reasons, "no-encryption-subkey"));
  pgp_home_clear (&place);
}

static void
test_import_secret (void)
{
  g_autofree char *line = g_strdup_printf ("--armor --export-secret-keys %s", pgp_bob->fingerprint);
  g_autoptr (GBytes) secret = pgp_gpg (&pgp_own, NULL, line);
  g_autoptr (McSpool) public = pgp_export (&pgp_own, pgp_alice, FALSE);
  g_autoptr (GBytes) public_text = pgp_load (public);
  CU_ASSERT_PTR_NOT_NULL_FATAL (secret);
  g_autofree char *secret_text =
    g_strndup (g_bytes_get_data (secret, NULL), g_bytes_get_size (secret));
  g_autofree char *both = g_strconcat ("Two keys:\n", g_bytes_get_data (public_text, NULL),
                                       "and\n", secret_text, NULL);
  PgpHome third = { 0 };
  pgp_home_init (&third);
  g_autoptr (McSpool) data = pgp_spool_text (both);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) results = pgp_import_into (&third, data, &error);
  pgp_check_no_error (error);
  CU_ASSERT_TRUE (results != NULL && results->len == 2);
  g_autoptr (McKey) found = pgp_find_key (&third, pgp_bob->fingerprint);
  CU_ASSERT_TRUE (found != NULL && found->secret == MC_SECRET_AGENT);
  if (found != NULL) {
    CU_ASSERT_FALSE (PGP_BACKEND->remove (third.engine, found, NULL, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
    CU_ASSERT_PTR_NOT_NULL (mc_error_get_hint (error));
  }
  pgp_home_clear (&third);
}

/* -------------------------------------------------------------- passphrases -- */

static McSecret *
give (McProtocol protocol, const char *fingerprint, const char *purpose, gpointer user_data)
{
  (void) protocol;
  (void) fingerprint;
  CU_ASSERT_PTR_NOT_NULL (purpose);
  return user_data != NULL ? mc_secret_new (user_data, strlen (user_data)) : NULL;
}

static McDecryptionStatus
decrypt_with (PgpHome *home, McSpool *object, const char *passphrase, const char *reason)
{
  pgp_kill_agent (home);   /* forgets what it knows */
  mc_context_set_passphrase_func (home->context, give, (gpointer) passphrase, NULL);
  g_auto (McUnwrapped) result = { 0 };
  pgp_unwrap (home, object, &result);
  mc_context_set_passphrase_func (home->context, NULL, NULL, NULL);
  const McLayer *layer = pgp_layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  if (reason != NULL)
    CU_ASSERT_TRUE (pgp_has_reason (layer->reasons, reason));
  CU_ASSERT_EQUAL (result.content != NULL, layer->decryption == MC_DECRYPTION_OK);
  return layer->decryption;
}

static void
test_passphrase (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_bob, NULL, NULL);
  CU_ASSERT_EQUAL (decrypt_with (&pgp_own, object, PGP_PASSPHRASE, NULL), MC_DECRYPTION_OK);
  CU_ASSERT_EQUAL (decrypt_with (&pgp_own, object, "wrong", "passphrase-wrong"),
                   MC_DECRYPTION_NO_KEY);
  CU_ASSERT_EQUAL (decrypt_with (&pgp_own, object, "", "passphrase-wrong"), MC_DECRYPTION_NO_KEY);
}

static void
test_passphrase_signing (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (GError) error = NULL;
  const McSignJob job = { _mc_span_whole (content), pgp_bob, FALSE };
  pgp_kill_agent (&pgp_own);
  mc_context_set_passphrase_func (pgp_own.context, give, (gpointer) "wrong", NULL);
  CU_ASSERT_FALSE (PGP_BACKEND->sign (pgp_own.engine, &job, &sealed, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_NO_SECRET));
  g_clear_error (&error);
  mc_context_set_passphrase_func (pgp_own.context, give, (gpointer) PGP_PASSPHRASE, NULL);
  CU_ASSERT_TRUE (PGP_BACKEND->sign (pgp_own.engine, &job, &sealed, NULL, &error));
  pgp_check_no_error (error);
  mc_context_set_passphrase_func (pgp_own.context, NULL, NULL, NULL);
}

static void
test_no_pinentry (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_bob, NULL, NULL);
  pgp_write_file (&pgp_own, "gpg-agent.conf", PGP_AGENT_OPTIONS "pinentry-program /nonexistent\n");
  CU_ASSERT_EQUAL (decrypt_with (&pgp_own, object, NULL, "no-pinentry"), MC_DECRYPTION_NO_KEY);
  pgp_kill_agent (&pgp_own);
  g_auto (McUnwrapped) result = { 0 };
  pgp_unwrap (&pgp_own, object, &result);
  const McLayer *layer = pgp_layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  CU_ASSERT_TRUE (pgp_has_reason (layer->reasons, "no-pinentry"));
  pgp_write_file (&pgp_own, "gpg-agent.conf", PGP_AGENT_OPTIONS);
  pgp_kill_agent (&pgp_own);
}

/* An agent that lets nobody but its pinentry answer. */
static void
test_no_loopback (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_bob, NULL, NULL);
  pgp_write_file (&pgp_own, "gpg-agent.conf",
              PGP_AGENT_OPTIONS "no-allow-loopback-pinentry\npinentry-program /nonexistent\n");
  CU_ASSERT_EQUAL (decrypt_with (&pgp_own, object, PGP_PASSPHRASE, "no-pinentry"),
                   MC_DECRYPTION_NO_KEY);
  pgp_write_file (&pgp_own, "gpg-agent.conf", PGP_AGENT_OPTIONS);
  pgp_kill_agent (&pgp_own);
}

static void
test_symmetric (void)
{
  g_autoptr (GBytes) text = g_bytes_new_static (PGP_TEXT, sizeof PGP_TEXT - 1);
  g_autoptr (GBytes) bytes = pgp_gpg (&pgp_own, text, "--symmetric");
  g_autoptr (McSpool) object = pgp_spool_bytes (bytes);
  CU_ASSERT_EQUAL (decrypt_with (&pgp_own, object, PGP_PASSPHRASE, NULL), MC_DECRYPTION_OK);
  CU_ASSERT_EQUAL (decrypt_with (&pgp_own, object, "wrong", "passphrase-wrong"),
                   MC_DECRYPTION_NO_KEY);
}

static void
test_no_agent (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_bob, NULL, NULL);
  pgp_write_file (&pgp_own, "gpg.conf", "agent-program /nonexistent/gpg-agent\n");
  CU_ASSERT_EQUAL (decrypt_with (&pgp_own, object, PGP_PASSPHRASE, "no-agent"),
                   MC_DECRYPTION_NO_KEY);
  pgp_write_file (&pgp_own, "gpg.conf", "");
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (300000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* Nobody answers the pinentry: the caller can still leave. */
static void
test_cancel (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_bob, NULL, NULL);
  g_autofree char *pinentry = g_build_filename (pgp_own.folder, "pinentry", NULL);
  g_autofree char *options =
    g_strdup_printf (PGP_AGENT_OPTIONS "pinentry-program %s\n", pinentry);
  pgp_write_file (&pgp_own, "pinentry", "#!/bin/sh\nexec sleep 60\n");
  g_chmod (pinentry, 0700);
  pgp_write_file (&pgp_own, "gpg-agent.conf", options);
  pgp_kill_agent (&pgp_own);

  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (McUnwrapped) result = { 0 };
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  CU_ASSERT_FALSE (PGP_BACKEND->unwrap (pgp_own.engine, _mc_span_whole (object), "1",
                                        MC_UNWRAP_DEFAULT, &result, cancellable, &error));
  g_thread_join (thread);
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_CANCELLED));
  pgp_write_file (&pgp_own, "gpg-agent.conf", PGP_AGENT_OPTIONS);
  pgp_kill_agent (&pgp_own);

  /* and the engine still works */
  g_autoptr (McKey) found = pgp_find_key (&pgp_own, pgp_bob->fingerprint);
  CU_ASSERT_PTR_NOT_NULL (found);
}

static CU_TestInfo tests[] = {
  { "generate", test_generate },
  { "generate: refusals", test_generate_refusals },
  { "generate: rsa", test_generate_rsa },
  { "find", test_find },
  { "import and export", test_import_export },
  { "import: refusals", test_import_refusals },
  { "import: secret and public in one file", test_import_secret },
  { "import: updated", test_import_updated },
  { "import: no new passphrase", test_import_new_passphrase },
  { "export: unknown", test_export_unknown },
  { "find: international, weak", test_find_international },
  { "passphrases", test_passphrase },
  { "passphrases for signing", test_passphrase_signing },
  { "no pinentry", test_no_pinentry },
  { "no loopback", test_no_loopback },
  { "passphrase instead of a key", test_symmetric },
  { "no agent", test_no_agent },
  { "cancelled at the pinentry", test_cancel },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_openpgp_keys = {
  "openpgp_keys", pgp_init_suite, pgp_clean_suite, NULL, NULL, tests
};
