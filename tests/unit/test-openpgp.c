/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The OpenPGP backend through its table, with a real gpg in homes of its own. */
#include "config.h"

#include "unit.h"

#include "backend.h"
#include "base/secret.h"
#include "context.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define BACKEND (&_mc_openpgp_backend)
#define PASSPHRASE "a pass phrase"
#define AGENT_OPTIONS "s2k-count 65536\n"
#define TEXT "Content-Type: text/plain\r\n\r\nGr\xc3\xbc\xc3\x9f Gott, trailing \t \r\n- dash\r\nFrom x\r\n"

/* CUnit cannot fail outside of a test: what the suite's set-up uses asserts by itself. */

/* -------------------------------------------------------------------- homes -- */

typedef struct {
  char *folder;
  McSettings *settings;
  McContext *context;
  McEngine *engine;
} Home;

static Home own;            /* alice (no passphrase), bob (passphrase) */
static Home other;          /* knows alice's public key; carol's own */
static McKey *alice, *bob, *carol;

static void
home_reopen (Home *home)
{
  if (home->context != NULL)
    mc_context_free (home->context);
  home->context = mc_context_new (home->settings);
  home->engine = NULL;
  g_assert_true (_mc_context_get_backend (home->context, MC_PROTOCOL_OPENPGP, &home->engine, NULL)
                 == BACKEND);
}

static void
write_file (const Home *home, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (home->folder, name, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
home_init (Home *home)
{
  /* sockets: 108 bytes, whatever TMPDIR says */
  home->folder = g_strdup ("/tmp/mcpgp-XXXXXX");
  g_assert_nonnull (g_mkdtemp_full (home->folder, 0700));
  home->settings = mc_settings_new ();
  mc_settings_set_folder (home->settings, MC_FOLDER_GNUPG, home->folder);
  /* the agent measures the machine for a second otherwise, anew at each start */
  write_file (home, "gpg-agent.conf", AGENT_OPTIONS);
  home_reopen (home);
}

static void
run_quietly (const char *const *argv)
{
  g_spawn_sync (NULL, (char **) argv, NULL,
                G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                NULL, NULL, NULL, NULL, NULL, NULL);
}

static void
kill_agent (const Home *home)
{
  run_quietly ((const char *const[]){ "gpgconf", "--homedir", home->folder, "--kill", "all",
                                      NULL });
}

static void
home_clear (Home *home)
{
  if (home->folder == NULL)
    return;
  mc_context_free (home->context);
  mc_settings_unref (home->settings);
  kill_agent (home);
  run_quietly ((const char *const[]){ "rm", "-rf", home->folder, NULL });
  g_free (home->folder);
  *home = (Home){ 0 };
}

/* Runs gpg with @input; its output, or NULL when it failed. */
static GBytes *
gpg (const Home *home, GBytes *input, const char *arguments)
{
  g_autofree char *line =
    g_strdup_printf ("gpg --homedir %s --batch --yes --no-tty --quiet --trust-model always "
                     "--pinentry-mode loopback --passphrase '" PASSPHRASE "' %s",
                     home->folder, arguments);
  g_auto (GStrv) argv = NULL;
  CU_ASSERT_TRUE_FATAL (g_shell_parse_argv (line, NULL, &argv, NULL));
  g_autoptr (GSubprocess) process = g_subprocess_newv (
    (const char *const *) argv,
    G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
      | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (process);
  GBytes *output = NULL;
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  g_subprocess_communicate (process, input != NULL ? input : nothing, NULL, &output, NULL, NULL);
  if (g_subprocess_get_successful (process))
    return output;
  g_clear_pointer (&output, g_bytes_unref);
  return NULL;
}

/* -------------------------------------------------------------------- spools -- */

static McSpool *
spool (const void *data, gsize size)
{
  McSpool *made = _mc_spool_new (_mc_context_get_limits (own.context));
  g_assert_true (_mc_spool_append (made, data, size, NULL));
  return made;
}

static McSpool *
spool_text (const char *text)
{
  return spool (text, strlen (text));
}

static McSpool *
spool_bytes (GBytes *bytes)
{
  CU_ASSERT_PTR_NOT_NULL_FATAL (bytes);
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);
  return spool (data, size);
}

static GBytes *
load (McSpool *from)
{
  GBytes *bytes = _mc_span_load (_mc_span_whole (from), 1 << 30, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (bytes);
  return bytes;
}

static gboolean
holds (McSpool *content, const void *data, gsize size)
{
  if (content == NULL || _mc_spool_get_size (content) != size)
    return FALSE;
  g_autoptr (GBytes) bytes = load (content);
  return size == 0 || memcmp (g_bytes_get_data (bytes, NULL), data, size) == 0;
}

static gboolean
has_reason (GPtrArray *reasons, const char *code)
{
  if (_mc_reasons_have (reasons, code))
    return TRUE;
  for (guint i = 0; i < reasons->len; i++)
    g_printerr ("# reason: %s: %s\n", mc_reason_get_code (reasons->pdata[i]),
                mc_reason_get_text (reasons->pdata[i]));
  return FALSE;
}

static void
check_no_error (GError *error)
{
  if (error != NULL)
    g_printerr ("# error: %s\n", error->message);
  CU_ASSERT_PTR_NULL (error);
}

/* ---------------------------------------------------------------- operations -- */

static McKey *
generate (Home *home, const char *address, const char *name, const char *passphrase)
{
  g_autoptr (McSecret) secret = mc_secret_new (passphrase, strlen (passphrase));
  g_autoptr (GError) error = NULL;
  const McKeyRequest request = { .protocol = MC_PROTOCOL_OPENPGP, .address = address,
                                 .name = name, .passphrase = secret };
  McKey *key = NULL;
  BACKEND->generate (home->engine, &request, &key, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (key);
  return key;
}

static McLayer *
verify (Home *home, McSpool *content, McSpool *signature)
{
  g_autoptr (GError) error = NULL;
  McLayer *layer = _mc_layer_new (MC_LAYER_SIGNED, MC_PROTOCOL_OPENPGP, "1");
  const McVerifyJob job = { _mc_span_whole (content), _mc_span_whole (signature) };
  CU_ASSERT_TRUE (BACKEND->verify (home->engine, &job, layer, NULL, &error));
  check_no_error (error);
  return layer;
}

/* The one signer of a layer. */
static const McSigner *
only_signer (const McLayer *layer)
{
  CU_ASSERT_EQUAL_FATAL (layer->signers->len, 1);
  return layer->signers->pdata[0];
}

static gboolean
unwrap_full (Home *home, McSpool *object, McUnwrapFlags flags, McUnwrapped *result,
             GError **error)
{
  return BACKEND->unwrap (home->engine, _mc_span_whole (object), "1", flags, result, NULL, error);
}

static void
unwrap (Home *home, McSpool *object, McUnwrapped *result)
{
  g_autoptr (GError) error = NULL;
  CU_ASSERT_TRUE_FATAL (unwrap_full (home, object, MC_UNWRAP_DEFAULT, result, &error));
  check_no_error (error);
}

static const McLayer *
layer_at (const McUnwrapped *unwrapped, guint i, McLayerKind kind)
{
  CU_ASSERT_TRUE_FATAL (i < unwrapped->layers->len);
  const McLayer *layer = unwrapped->layers->pdata[i];
  CU_ASSERT_EQUAL (layer->kind, kind);
  CU_ASSERT_EQUAL (layer->protocol, MC_PROTOCOL_OPENPGP);
  return layer;
}

static McSpool *
encrypt (Home *home, McSpool *content, McKey *recipient, McKey *hidden, McKey *signer)
{
  g_autoptr (GPtrArray) recipients = g_ptr_array_new ();
  g_autoptr (GPtrArray) hiddens = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_auto (McSealed) sealed = { 0 };
  if (recipient != NULL)
    g_ptr_array_add (recipients, recipient);
  if (hidden != NULL)
    g_ptr_array_add (hiddens, hidden);
  const McEncryptJob job = { _mc_span_whole (content), recipients, hiddens, signer, NULL };
  CU_ASSERT_TRUE (BACKEND->encrypt (home->engine, &job, &sealed, NULL, &error));
  check_no_error (error);
  CU_ASSERT_PTR_NOT_NULL_FATAL (sealed.object);
  return g_steal_pointer (&sealed.object);
}

static McSpool *
sign (Home *home, McSpool *content, McKey *signer)
{
  g_autoptr (GError) error = NULL;
  g_auto (McSealed) sealed = { 0 };
  const McSignJob job = { _mc_span_whole (content), signer, FALSE };
  CU_ASSERT_TRUE (BACKEND->sign (home->engine, &job, &sealed, NULL, &error));
  check_no_error (error);
  CU_ASSERT_PTR_NOT_NULL_FATAL (sealed.object);
  CU_ASSERT_TRUE (g_str_has_prefix (sealed.micalg, "pgp-sha"));
  return g_steal_pointer (&sealed.object);
}

/* The key with this fingerprint, found anew. */
static McKey *
find_key (Home *home, const char *fingerprint)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_autoptr (GError) error = NULL;
  const McKeyQuery query = { .fingerprint = fingerprint, .judge = TRUE };
  CU_ASSERT_TRUE (BACKEND->find (home->engine, &query, keys, NULL, &error));
  check_no_error (error);
  return keys->len == 1 ? mc_key_ref (keys->pdata[0]) : NULL;
}

static guint
count_keys (Home *home, const McKeyQuery *query)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_autoptr (GError) error = NULL;
  CU_ASSERT_TRUE (BACKEND->find (home->engine, query, keys, NULL, &error));
  check_no_error (error);
  return keys->len;
}

static McSpool *
export (Home *home, McKey *key, gboolean mail)
{
  g_autoptr (GError) error = NULL;
  McSpool *output = spool ("", 0);
  BACKEND->export (home->engine, key, mail, output, NULL, &error);
  g_assert_no_error (error);
  return output;
}

static GPtrArray *
import_into (Home *home, McSpool *data, GError **error)
{
  g_autoptr (GPtrArray) results =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_imported_free);
  gboolean ok = BACKEND->import (home->engine, _mc_span_whole (data), NULL, results, NULL, error);
  return ok ? g_steal_pointer (&results) : NULL;
}

static int
init_suite (void)
{
  home_init (&own);
  home_init (&other);
  alice = generate (&own, "alice@example.org", "Alice", "");
  bob = generate (&own, "bob@example.org", NULL, PASSPHRASE);
  carol = generate (&other, "carol@example.org", "Carol C", "");
  g_autoptr (McSpool) key = export (&own, alice, TRUE);
  g_autoptr (GPtrArray) results = import_into (&other, key, NULL);
  return alice == NULL || bob == NULL || carol == NULL || results == NULL;
}

static int
clean_suite (void)
{
  mc_key_unref (alice);
  mc_key_unref (bob);
  mc_key_unref (carol);
  home_clear (&own);
  home_clear (&other);
  return 0;
}

/* --------------------------------------------------------------------- keys -- */

static void
test_generate (void)
{
  CU_ASSERT_EQUAL (strlen (alice->fingerprint), 40);
  CU_ASSERT_STRING_EQUAL (alice->algorithm, "ed25519");
  CU_ASSERT_EQUAL (alice->use,
                   MC_KEY_CAN_SIGN | MC_KEY_CAN_ENCRYPT | MC_KEY_CAN_CERTIFY);
  CU_ASSERT_EQUAL (alice->secret, MC_SECRET_AGENT);
  CU_ASSERT_EQUAL (alice->validity, MC_VALIDITY_VALID);
  CU_ASSERT_FALSE (alice->weak);
  CU_ASSERT_TRUE (alice->valid_until > alice->valid_from);
  CU_ASSERT_EQUAL_FATAL (alice->identities->len, 1);
  const McIdentity *identity = alice->identities->pdata[0];
  CU_ASSERT_STRING_EQUAL (identity->address, "alice@example.org");
  CU_ASSERT_STRING_EQUAL (identity->name, "Alice");
  CU_ASSERT_EQUAL (identity->trust, MC_TRUST_TRUSTED);
  identity = bob->identities->pdata[0];
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
    CU_ASSERT_FALSE (BACKEND->generate (own.engine, &requests[i], &key, NULL, &error));
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
  CU_ASSERT_TRUE_FATAL (BACKEND->generate (own.engine, &request, &key, NULL, NULL));
  CU_ASSERT_STRING_EQUAL (key->algorithm, "rsa3072");
  CU_ASSERT_FALSE (key->weak);
}

static void
test_find (void)
{
  CU_ASSERT_EQUAL (count_keys (&own, &(McKeyQuery){ .address = "alice@example.org" }), 1);
  CU_ASSERT_EQUAL (count_keys (&own, &(McKeyQuery){ .address = "lice@example.org" }), 0);
  CU_ASSERT_EQUAL (count_keys (&own, &(McKeyQuery){ .text = "lic" }), 1);
  CU_ASSERT_EQUAL (count_keys (&own, &(McKeyQuery){ .text = "@example.org" }) >= 2, TRUE);
  CU_ASSERT_EQUAL (count_keys (&own, &(McKeyQuery){ .text = "nobody" }), 0);
  CU_ASSERT_EQUAL (count_keys (&own, &(McKeyQuery){ .text = "" }), 0);
  CU_ASSERT_EQUAL (count_keys (&own, &(McKeyQuery){ .text = NULL }) >= 2, TRUE);
  CU_ASSERT_EQUAL (count_keys (&own, &(McKeyQuery){ .fingerprint = bob->fingerprint }), 1);
  CU_ASSERT_EQUAL (count_keys (&own, &(McKeyQuery){ .fingerprint = bob->fingerprint + 24 }), 0);
  CU_ASSERT_EQUAL (count_keys (&own, &(McKeyQuery){ .fingerprint = carol->fingerprint }), 0);
  CU_ASSERT_EQUAL (count_keys (&other, &(McKeyQuery){ .secret_only = TRUE }), 1);

  g_autoptr (McKey) seen = find_key (&other, alice->fingerprint);
  CU_ASSERT_PTR_NOT_NULL_FATAL (seen);
  CU_ASSERT_EQUAL (seen->secret, MC_SECRET_NONE);
  CU_ASSERT_EQUAL (((McIdentity *) seen->identities->pdata[0])->trust, MC_TRUST_UNTRUSTED);
}

static void
test_import_export (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) key = export (&other, carol, FALSE);
  g_autoptr (GBytes) text = load (key);
  CU_ASSERT_TRUE (g_str_has_prefix (g_bytes_get_data (text, NULL),
                                    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"));
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GPtrArray) results = import_into (&own, key, &error);
    check_no_error (error);
    CU_ASSERT_TRUE_FATAL (results != NULL && results->len == 1);
    const McImported *imported = results->pdata[0];
    CU_ASSERT_STRING_EQUAL (imported->fingerprint, carol->fingerprint);
    CU_ASSERT_STRING_EQUAL (imported->word, i == 0 ? "new" : "unchanged");
    CU_ASSERT_STRING_EQUAL (imported->what, "public-key");
    CU_ASSERT_STRING_EQUAL (imported->text, "Carol C <carol@example.org>");
  }
  g_autoptr (McKey) found = find_key (&own, carol->fingerprint);
  CU_ASSERT_PTR_NOT_NULL_FATAL (found);
  CU_ASSERT_TRUE (BACKEND->remove (own.engine, found, NULL, &error));
  check_no_error (error);
  g_autoptr (McKey) gone = find_key (&own, carol->fingerprint);
  CU_ASSERT_PTR_NULL (gone);
}

static void
test_import_refusals (void)
{
  g_autoptr (McSpool) key = export (&other, carol, FALSE);
  g_autoptr (GBytes) bytes = load (key);
  gsize size = g_bytes_get_size (bytes);
  const char *text = g_bytes_get_data (bytes, NULL);
  g_autofree char *cut = g_strndup (text, size / 2);
  g_autofree char *half = g_strconcat (text, cut, NULL);
  const char *const inputs[] = { "", "hello", cut, half };
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (McSpool) data = spool_text (inputs[i]);
    g_autoptr (GPtrArray) results = import_into (&own, data, &error);
    CU_ASSERT_PTR_NULL (results);
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
  }
  g_autoptr (McKey) found = find_key (&own, carol->fingerprint);
  CU_ASSERT_PTR_NULL (found);
}

static void
test_import_secret (void)
{
  g_autofree char *line = g_strdup_printf ("--armor --export-secret-keys %s", bob->fingerprint);
  g_autoptr (GBytes) secret = gpg (&own, NULL, line);
  g_autoptr (McSpool) public = export (&own, alice, FALSE);
  g_autoptr (GBytes) public_text = load (public);
  CU_ASSERT_PTR_NOT_NULL_FATAL (secret);
  g_autofree char *secret_text =
    g_strndup (g_bytes_get_data (secret, NULL), g_bytes_get_size (secret));
  g_autofree char *both = g_strconcat ("Two keys:\n", g_bytes_get_data (public_text, NULL),
                                       "and\n", secret_text, NULL);
  Home third = { 0 };
  home_init (&third);
  g_autoptr (McSpool) data = spool_text (both);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) results = import_into (&third, data, &error);
  check_no_error (error);
  CU_ASSERT_TRUE (results != NULL && results->len == 2);
  g_autoptr (McKey) found = find_key (&third, bob->fingerprint);
  CU_ASSERT_TRUE (found != NULL && found->secret == MC_SECRET_AGENT);
  if (found != NULL) {
    CU_ASSERT_FALSE (BACKEND->remove (third.engine, found, NULL, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
    CU_ASSERT_PTR_NOT_NULL (mc_error_get_hint (error));
  }
  home_clear (&third);
}

/* ---------------------------------------------------------------- signatures -- */

static void
test_sign_verify (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) signature = sign (&own, content, alice);
  g_autoptr (McLayer) layer = verify (&own, content, signature);
  const McSigner *signer = only_signer (layer);
  CU_ASSERT_EQUAL (layer->structure, MC_CONTENT_UNKNOWN);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (signer->validity, MC_VALIDITY_VALID);
  CU_ASSERT_FALSE (signer->weak || signer->unfit || signer->chain_failed);
  CU_ASSERT_STRING_EQUAL (signer->fingerprint, alice->fingerprint);
  CU_ASSERT_STRING_EQUAL (signer->key_id, alice->fingerprint + 24);
  CU_ASSERT_STRING_EQUAL (signer->algorithm, "eddsa");
  CU_ASSERT_STRING_EQUAL (signer->digest, "sha256");
  CU_ASSERT_TRUE (signer->signed_at > 0);
  CU_ASSERT_EQUAL_FATAL (signer->identities->len, 1);
  const McIdentity *identity = signer->identities->pdata[0];
  CU_ASSERT_STRING_EQUAL (identity->address, "alice@example.org");
  CU_ASSERT_EQUAL (identity->trust, MC_TRUST_TRUSTED);
  CU_ASSERT_EQUAL (signer->reasons->len, 0);

  /* gpg agrees */
  g_autoptr (GBytes) armour = load (signature);
  g_autofree char *path = g_build_filename (own.folder, "signature", NULL);
  g_file_set_contents (path, g_bytes_get_data (armour, NULL),
                       (gssize) g_bytes_get_size (armour), NULL);
  g_autofree char *line = g_strdup_printf ("--verify %s -", path);
  g_autoptr (GBytes) text = load (content);
  g_autoptr (GBytes) output = gpg (&own, text, line);
  CU_ASSERT_PTR_NOT_NULL (output);
}

/* LF in the spool, CRLF in what is hashed. */
static void
test_verify_canonical (void)
{
  g_autoptr (McSpool) crlf = spool_text ("one\r\ntwo\r\n");
  g_autoptr (McSpool) lf = spool_text ("one\ntwo\n");
  g_autoptr (McSpool) signature = sign (&own, crlf, alice);
  g_autoptr (McLayer) layer = verify (&own, lf, signature);
  CU_ASSERT_EQUAL (only_signer (layer)->content, MC_CONTENT_INTACT);
}

static void
test_verify_untrusted (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) signature = sign (&own, content, alice);
  g_autoptr (McLayer) layer = verify (&other, content, signature);
  const McSigner *signer = only_signer (layer);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (((McIdentity *) signer->identities->pdata[0])->trust, MC_TRUST_UNTRUSTED);
  CU_ASSERT_TRUE (has_reason (signer->reasons, "untrusted"));

  g_autoptr (McSpool) by_bob = NULL;
  g_autoptr (GBytes) text = load (content);
  g_autofree char *line = g_strdup_printf ("--armor --detach-sign -u %s", bob->fingerprint);
  g_autoptr (GBytes) armour = gpg (&own, text, line);
  by_bob = spool_bytes (armour);
  g_autoptr (McLayer) unknown = verify (&other, content, by_bob);
  signer = only_signer (unknown);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_UNCHECKED);
  CU_ASSERT_STRING_EQUAL (signer->key_id, bob->fingerprint + 24);
  CU_ASSERT_TRUE (has_reason (signer->reasons, "unknown-key"));
}

static void
test_verify_altered (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) altered = spool_text (TEXT "!");
  g_autoptr (McSpool) signature = sign (&own, content, alice);
  g_autoptr (McLayer) layer = verify (&own, altered, signature);
  const McSigner *signer = only_signer (layer);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_ALTERED);
  CU_ASSERT_TRUE (has_reason (signer->reasons, "altered"));
  CU_ASSERT_STRING_EQUAL (signer->digest, "sha256");
}

/* Two signatures, one over other content: each has its own answer. */
static void
test_verify_two (void)
{
  g_autoptr (GBytes) one = g_bytes_new_static ("one\r\n", 5);
  g_autoptr (GBytes) two = g_bytes_new_static ("two\r\n", 5);
  g_autofree char *by_alice = g_strdup_printf ("--detach-sign -u %s", alice->fingerprint);
  g_autofree char *by_bob = g_strdup_printf ("--detach-sign -u %s", bob->fingerprint);
  g_autoptr (GBytes) first = gpg (&own, one, by_alice);
  g_autoptr (GBytes) second = gpg (&own, two, by_bob);
  g_autoptr (McSpool) signatures = spool_bytes (first);
  _mc_spool_append (signatures, g_bytes_get_data (second, NULL), g_bytes_get_size (second), NULL);
  g_autoptr (McSpool) content = spool_text ("one\r\n");
  g_autoptr (McLayer) layer = verify (&own, content, signatures);
  CU_ASSERT_EQUAL_FATAL (layer->signers->len, 2);
  CU_ASSERT_EQUAL (((McSigner *) layer->signers->pdata[0])->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (((McSigner *) layer->signers->pdata[1])->content, MC_CONTENT_ALTERED);
  const McIdentity *identity;
  CU_ASSERT_EQUAL (_mc_verdict_signer (layer->signers->pdata[1], NULL, FALSE, &identity),
                   MC_SIGNATURE_BAD);
}

static void
test_verify_malformed (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) signature = sign (&own, content, alice);
  g_autoptr (GBytes) armour = load (signature);
  const char *text = g_bytes_get_data (armour, NULL);
  g_autofree char *twice = g_strconcat (text, text, NULL);
  g_autofree char *cut = g_strndup (text, 100);
  g_autofree char *mail = g_strconcat ("hello\n", text, NULL);
  const char *const inputs[] = { "", "hello", cut, twice, mail };
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    g_autoptr (McSpool) broken = spool_text (inputs[i]);
    g_autoptr (McLayer) layer = verify (&own, content, broken);
    CU_ASSERT_EQUAL (layer->structure, MC_CONTENT_MALFORMED);
    CU_ASSERT_TRUE (has_reason (layer->reasons, "malformed"));
  }
  /* a signed message is no detached signature: its content would be another */
  g_autoptr (GBytes) bytes = load (content);
  g_autofree char *line = g_strdup_printf ("--armor --sign -u %s", alice->fingerprint);
  g_autoptr (GBytes) opaque = gpg (&own, bytes, line);
  g_autoptr (McSpool) hidden = spool_bytes (opaque);
  g_autoptr (McLayer) layer = verify (&own, content, hidden);
  CU_ASSERT_EQUAL (layer->structure, MC_CONTENT_MALFORMED);
}

static void
check_weak (const char *digest)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (GBytes) bytes = load (content);
  g_autofree char *line = g_strdup_printf ("--armor --detach-sign --digest-algo %s -u rsa@example.org",
                                           digest);
  g_autoptr (GBytes) armour = gpg (&own, bytes, line);
  g_autoptr (McSpool) signature = spool_bytes (armour);
  g_autoptr (McLayer) layer = verify (&own, content, signature);
  const McSigner *signer = only_signer (layer);
  const McIdentity *identity;
  CU_ASSERT_TRUE (signer->weak);
  CU_ASSERT_TRUE (has_reason (signer->reasons, "weak-digest"));
  CU_ASSERT_NOT_EQUAL (_mc_verdict_signer (signer, NULL, FALSE, &identity), MC_SIGNATURE_GOOD);
}

static void
test_verify_weak (void)
{
  check_weak ("SHA1");
  check_weak ("RIPEMD160");
  check_weak ("MD5");
}

/* Expired since, expired before, and revoked: gpg lives in another time. */
static void
test_verify_validity (void)
{
  Home past = { 0 };
  home_init (&past);
  g_autoptr (GBytes) made = gpg (&past, NULL,
                                 "--faked-system-time 20200101T000000 --passphrase '' "
                                 "--quick-gen-key 'Dora <dora@example.org>' ed25519 sign "
                                 "seconds=86400");
  CU_ASSERT_PTR_NOT_NULL (made);
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (GBytes) bytes = load (content);
  g_autoptr (GBytes) early = gpg (&past, bytes, "--faked-system-time 20200101T120000 "
                                                "--detach-sign");
  g_autoptr (McSpool) signature = spool_bytes (early);
  g_autoptr (McLayer) layer = verify (&past, content, signature);
  const McSigner *signer = only_signer (layer);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (signer->validity, MC_VALIDITY_EXPIRED);
  CU_ASSERT_TRUE (has_reason (signer->reasons, "expired-since"));
  CU_ASSERT_EQUAL (signer->valid_until, signer->valid_from + 86400);

  g_autoptr (GBytes) expiring = gpg (&past, bytes, "--faked-system-time 20200101T120000 "
                                     "--default-sig-expire seconds=3600 --detach-sign");
  g_autoptr (McSpool) short_lived = spool_bytes (expiring);
  g_autoptr (McLayer) old = verify (&past, content, short_lived);
  CU_ASSERT_EQUAL (only_signer (old)->validity, MC_VALIDITY_EXPIRED);
  home_clear (&past);
}

static void
test_verify_revoked (void)
{
  Home place = { 0 };
  home_init (&place);
  g_autoptr (McKey) key = generate (&place, "rita@example.org", "Rita", "");
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) signature = sign (&place, content, key);
  g_autofree char *upper = g_ascii_strup (key->fingerprint, -1);
  g_autofree char *path = g_strdup_printf ("%s/openpgp-revocs.d/%s.rev", place.folder, upper);
  g_autofree char *text = NULL;
  CU_ASSERT_TRUE_FATAL (g_file_get_contents (path, &text, NULL, NULL));
  char *armour = strstr (text, ":-----BEGIN");
  CU_ASSERT_PTR_NOT_NULL_FATAL (armour);
  g_autoptr (GBytes) revocation = g_bytes_new (armour + 1, strlen (armour + 1));
  g_autoptr (GBytes) output = gpg (&place, revocation, "--import");

  g_autoptr (McLayer) layer = verify (&place, content, signature);
  const McSigner *signer = only_signer (layer);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (signer->validity, MC_VALIDITY_REVOKED);
  CU_ASSERT_TRUE (has_reason (signer->reasons, "revoked"));
  g_autoptr (McKey) revoked = find_key (&place, key->fingerprint);
  CU_ASSERT_EQUAL (revoked->validity, MC_VALIDITY_REVOKED);
  CU_ASSERT_EQUAL (revoked->use, 0);
  home_clear (&place);
}

/* ---------------------------------------------------------------- encryption -- */

static void
check_round_trip (const void *data, gsize size)
{
  g_autoptr (McSpool) content = spool (data, size);
  g_autoptr (McSpool) object = encrypt (&own, content, alice, NULL, NULL);
  CU_ASSERT_TRUE (BACKEND->probe (own.engine, _mc_span_whole (object)));
  g_auto (McUnwrapped) result = { 0 };
  unwrap (&own, object, &result);
  CU_ASSERT_STRING_EQUAL (result.format, "encrypted");
  CU_ASSERT_EQUAL (result.layers->len, 1);
  const McLayer *layer = layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_OK);
  CU_ASSERT_TRUE (layer->authenticated);
  CU_ASSERT_FALSE (layer->weak);
  CU_ASSERT_STRING_EQUAL (mc_layer_get_algorithm (layer, "cipher"), "aes256");
  CU_ASSERT_TRUE (holds (result.content, data, size));
  CU_ASSERT_EQUAL_FATAL (layer->recipients->len, 1);
  const McRecipient *recipient = layer->recipients->pdata[0];
  CU_ASSERT_TRUE (recipient->have_secret);
  CU_ASSERT_EQUAL (strlen (recipient->key_id), 16);
  CU_ASSERT_STRING_EQUAL (recipient->algorithm, "ecdh");
}

static void
test_encrypt_sizes (void)
{
  check_round_trip ("", 0);
  check_round_trip ("x", 1);
  check_round_trip (TEXT, sizeof TEXT - 1);
  g_autofree char *large = g_malloc (1 << 20);
  for (guint i = 0; i < 1 << 20; i++)
    large[i] = (char) (i * 7 + i / 1000);
  check_round_trip (large, 1 << 20);
}

static void
test_combined (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) object = encrypt (&own, content, alice, NULL, alice);
  g_auto (McUnwrapped) result = { 0 };
  unwrap (&own, object, &result);
  CU_ASSERT_EQUAL (result.layers->len, 2);
  CU_ASSERT_EQUAL (layer_at (&result, 0, MC_LAYER_ENCRYPTED)->decryption, MC_DECRYPTION_OK);
  const McLayer *layer = layer_at (&result, 1, MC_LAYER_SIGNED);
  const McSigner *signer = only_signer (layer);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (signer->validity, MC_VALIDITY_VALID);
  CU_ASSERT_STRING_EQUAL (signer->fingerprint, alice->fingerprint);
  CU_ASSERT_TRUE (holds (result.content, TEXT, sizeof TEXT - 1));

  g_auto (McUnwrapped) skipped = { 0 };
  CU_ASSERT_TRUE (unwrap_full (&own, object, MC_UNWRAP_SKIP_SIGNATURES, &skipped, NULL));
  signer = only_signer (layer_at (&skipped, 1, MC_LAYER_SIGNED));
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_UNKNOWN);
  CU_ASSERT_EQUAL (signer->validity, MC_VALIDITY_UNKNOWN);
  CU_ASSERT_TRUE (holds (skipped.content, TEXT, sizeof TEXT - 1));
}

static void
test_hidden (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) object = encrypt (&own, content, bob, alice, NULL);
  g_auto (McUnwrapped) described = { 0 };
  CU_ASSERT_TRUE_FATAL (BACKEND->describe (own.engine, _mc_span_whole (object), FALSE, "1",
                                           &described, NULL, NULL));
  const McLayer *layer = layer_at (&described, 0, MC_LAYER_ENCRYPTED);
  CU_ASSERT_EQUAL_FATAL (layer->recipients->len, 2);
  CU_ASSERT_PTR_NOT_NULL (((McRecipient *) layer->recipients->pdata[0])->key_id);
  CU_ASSERT_PTR_NULL (((McRecipient *) layer->recipients->pdata[1])->key_id);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_UNKNOWN);
  CU_ASSERT_PTR_NULL (described.content);
}

/* What gpg writes is read: compressed, binary, with each of its usual options. */
static void
test_decrypt_foreign (void)
{
  const char *const options[] = {
    "", "--armor", "--armor --compress-algo zlib", "--compress-algo bzip2", "--textmode",
    "--cipher-algo AES128", "--sign -u alice@example.org", "--armor --sign -u alice@example.org",
  };
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, sizeof TEXT - 1);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autofree char *line =
      g_strdup_printf ("--encrypt -r %s %s", alice->fingerprint, options[i]);
    g_autoptr (GBytes) bytes = gpg (&own, text, line);
    g_autoptr (McSpool) object = spool_bytes (bytes);
    g_auto (McUnwrapped) result = { 0 };
    unwrap (&own, object, &result);
    CU_ASSERT_EQUAL (layer_at (&result, 0, MC_LAYER_ENCRYPTED)->decryption, MC_DECRYPTION_OK);
    if (strstr (options[i], "textmode") == NULL)
      CU_ASSERT_TRUE (holds (result.content, TEXT, sizeof TEXT - 1));
  }
}

static void
test_weak_cipher (void)
{
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, sizeof TEXT - 1);
  g_autofree char *line =
    g_strdup_printf ("--encrypt --cipher-algo 3DES -r %s", alice->fingerprint);
  g_autoptr (GBytes) bytes = gpg (&own, text, line);
  g_autoptr (McSpool) object = spool_bytes (bytes);
  g_auto (McUnwrapped) result = { 0 };
  unwrap (&own, object, &result);
  const McLayer *layer = layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_OK);
  CU_ASSERT_TRUE (has_reason (layer->reasons, "weak-cipher"));
}

/* Whatever octet is hit, altered content never comes out as good. */
static void
check_flips (McSpool *object, gsize step, gsize start)
{
  g_autoptr (GBytes) bytes = load (object);
  gsize size = g_bytes_get_size (bytes);
  guint good = 0;
  for (gsize at = start; at < size; at += step) {
    g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (bytes, NULL), size);
    copy[at] ^= (guint8) (1 << at % 7);
    g_autoptr (McSpool) flipped = spool (copy, size);
    g_auto (McUnwrapped) result = { 0 };
    if (!unwrap_full (&own, flipped, MC_UNWRAP_DEFAULT, &result, NULL) || result.content == NULL)
      continue;
    good++;
    CU_ASSERT_TRUE (holds (result.content, TEXT, sizeof TEXT - 1));
  }
  CU_ASSERT_TRUE (good < size / step / 2);
}

static void
test_tampering (void)
{
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, sizeof TEXT - 1);
  g_autofree char *line =
    g_strdup_printf ("--encrypt --sign -u alice@example.org -r %s", alice->fingerprint);
  g_autoptr (GBytes) bytes = gpg (&own, text, line);
  g_autoptr (McSpool) binary = spool_bytes (bytes);
  check_flips (binary, 11, 0);
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) armoured = encrypt (&own, content, alice, NULL, NULL);
  check_flips (armoured, 23, 3);
}

static void
test_truncation (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) object = encrypt (&own, content, alice, NULL, NULL);
  g_autoptr (GBytes) bytes = load (object);
  for (gsize size = 0; size < g_bytes_get_size (bytes) - 2; size += 29) {
    g_autoptr (McSpool) cut = spool (g_bytes_get_data (bytes, NULL), size);
    g_auto (McUnwrapped) result = { 0 };
    if (unwrap_full (&own, cut, MC_UNWRAP_DEFAULT, &result, NULL))
      CU_ASSERT_PTR_NULL (result.content);
  }
}

static void
check_refused (McSpool *object, const char *reason)
{
  g_auto (McUnwrapped) result = { 0 };
  unwrap (&own, object, &result);
  const McLayer *layer = layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_FAILED);
  CU_ASSERT_TRUE (has_reason (layer->reasons, reason));
  CU_ASSERT_PTR_NULL (result.content);
  CU_ASSERT_FALSE (layer->authenticated);
}

/* A packet in the new format with a length of five octets. */
static void
append_packet (McSpool *to, guint tag, const guint8 *body, gsize size)
{
  const guint8 head[] = { (guint8) (0xc0 | tag), 255, (guint8) (size >> 24),
                          (guint8) (size >> 16), (guint8) (size >> 8), (guint8) size };
  _mc_spool_append (to, head, sizeof head, NULL);
  _mc_spool_append (to, body, size, NULL);
}

/* The PKESK of @bytes, and its encrypted data without the version octet under tag 9. */
static McSpool *
strip_protection (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  gsize pkesk = data[1] + 2u;      /* old format, one octet of length */
  CU_ASSERT_EQUAL_FATAL (data[0], 0x84);
  CU_ASSERT_EQUAL_FATAL (data[pkesk], 0xd2);
  gsize body = data[pkesk + 1] < 192 ? pkesk + 2 : pkesk + 3;
  McSpool *stripped = spool (data, pkesk);
  append_packet (stripped, 9, data + body + 1, size - body - 1);
  return stripped;
}

static void
test_structure (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) object = encrypt (&own, content, alice, NULL, NULL);
  g_autoptr (GBytes) armour = load (object);
  const char *text = g_bytes_get_data (armour, NULL);
  g_autofree char *two = g_strconcat (text, text, NULL);
  g_autoptr (McSpool) twice = spool_text (two);
  check_refused (twice, "malformed");

  g_autofree char *line = g_strdup_printf ("--encrypt -r %s", alice->fingerprint);
  g_autoptr (GBytes) bytes = load (content);
  g_autoptr (GBytes) binary = gpg (&own, bytes, line);
  g_autoptr (McSpool) concatenated = spool_bytes (binary);
  _mc_spool_append (concatenated, g_bytes_get_data (binary, NULL), g_bytes_get_size (binary), NULL);
  check_refused (concatenated, "trailing-data");

  g_autoptr (McSpool) with_literal = spool_bytes (binary);
  append_packet (with_literal, 11, (const guint8 *) "b\0\0\0\0\0evil", 10);
  check_refused (with_literal, "trailing-data");

  g_autoptr (McSpool) stripped = strip_protection (binary);
  check_refused (stripped, "no-integrity-protection");

  g_autoptr (McSpool) padded = spool_bytes (binary);
  append_packet (padded, 10, (const guint8 *) "PGP", 3);
  g_auto (McUnwrapped) result = { 0 };
  unwrap (&own, padded, &result);
  CU_ASSERT_TRUE (holds (result.content, TEXT, sizeof TEXT - 1));
}

static void
test_no_secret_key (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) object = encrypt (&own, content, bob, alice, NULL);
  g_auto (McUnwrapped) result = { 0 };
  unwrap (&other, object, &result);
  const McLayer *layer = layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_NO_KEY);
  CU_ASSERT_TRUE (has_reason (layer->reasons, "no-secret-key"));
  CU_ASSERT_PTR_NULL (result.content);
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
decrypt_with (Home *home, McSpool *object, const char *passphrase, const char *reason)
{
  kill_agent (home);   /* forgets what it knows */
  mc_context_set_passphrase_func (home->context, give, (gpointer) passphrase, NULL);
  g_auto (McUnwrapped) result = { 0 };
  unwrap (home, object, &result);
  mc_context_set_passphrase_func (home->context, NULL, NULL, NULL);
  const McLayer *layer = layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  if (reason != NULL)
    CU_ASSERT_TRUE (has_reason (layer->reasons, reason));
  CU_ASSERT_EQUAL (result.content != NULL, layer->decryption == MC_DECRYPTION_OK);
  return layer->decryption;
}

static void
test_passphrase (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) object = encrypt (&own, content, bob, NULL, NULL);
  CU_ASSERT_EQUAL (decrypt_with (&own, object, PASSPHRASE, NULL), MC_DECRYPTION_OK);
  CU_ASSERT_EQUAL (decrypt_with (&own, object, "wrong", "passphrase-wrong"),
                   MC_DECRYPTION_NO_KEY);
  CU_ASSERT_EQUAL (decrypt_with (&own, object, "", "passphrase-wrong"), MC_DECRYPTION_NO_KEY);
}

static void
test_passphrase_signing (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (GError) error = NULL;
  const McSignJob job = { _mc_span_whole (content), bob, FALSE };
  kill_agent (&own);
  mc_context_set_passphrase_func (own.context, give, (gpointer) "wrong", NULL);
  CU_ASSERT_FALSE (BACKEND->sign (own.engine, &job, &sealed, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_NO_SECRET));
  g_clear_error (&error);
  mc_context_set_passphrase_func (own.context, give, (gpointer) PASSPHRASE, NULL);
  CU_ASSERT_TRUE (BACKEND->sign (own.engine, &job, &sealed, NULL, &error));
  check_no_error (error);
  mc_context_set_passphrase_func (own.context, NULL, NULL, NULL);
}

static void
test_no_pinentry (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) object = encrypt (&own, content, bob, NULL, NULL);
  write_file (&own, "gpg-agent.conf", AGENT_OPTIONS "pinentry-program /nonexistent\n");
  CU_ASSERT_EQUAL (decrypt_with (&own, object, NULL, "no-pinentry"), MC_DECRYPTION_NO_KEY);
  kill_agent (&own);
  g_auto (McUnwrapped) result = { 0 };
  unwrap (&own, object, &result);
  CU_ASSERT_TRUE (has_reason (layer_at (&result, 0, MC_LAYER_ENCRYPTED)->reasons, "no-pinentry"));
  write_file (&own, "gpg-agent.conf", AGENT_OPTIONS);
  kill_agent (&own);
}

static void
test_no_agent (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) object = encrypt (&own, content, bob, NULL, NULL);
  write_file (&own, "gpg.conf", "agent-program /nonexistent/gpg-agent\n");
  CU_ASSERT_EQUAL (decrypt_with (&own, object, PASSPHRASE, "no-agent"), MC_DECRYPTION_NO_KEY);
  write_file (&own, "gpg.conf", "");
}

/* ------------------------------------------------------------ signed objects -- */

static void
test_opaque (void)
{
  const char *const options[] = { "", "--armor", "--compress-algo none", "--compress-algo bzip2",
                                  "--compress-algo zip" };
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, sizeof TEXT - 1);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autofree char *line = g_strdup_printf ("--sign -u alice@example.org %s", options[i]);
    g_autoptr (GBytes) bytes = gpg (&own, text, line);
    g_autoptr (McSpool) object = spool_bytes (bytes);
    g_auto (McUnwrapped) result = { 0 };
    unwrap (&own, object, &result);
    CU_ASSERT_STRING_EQUAL (result.format, "signed");
    CU_ASSERT_EQUAL (result.layers->len, 1);
    const McSigner *signer = only_signer (layer_at (&result, 0, MC_LAYER_SIGNED));
    CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
    CU_ASSERT_TRUE (holds (result.content, TEXT, sizeof TEXT - 1));
  }
}

static void
test_literal (void)
{
  const char *const options[] = { "", "--armor", "--compress-algo none", "--compress-algo bzip2" };
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, sizeof TEXT - 1);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autofree char *line = g_strdup_printf ("--store %s", options[i]);
    g_autoptr (GBytes) bytes = gpg (&own, text, line);
    g_autoptr (McSpool) object = spool_bytes (bytes);
    g_auto (McUnwrapped) result = { 0 };
    unwrap (&own, object, &result);
    CU_ASSERT_EQUAL (result.layers->len, 0);
    CU_ASSERT_TRUE (holds (result.content, TEXT, sizeof TEXT - 1));
  }
}

static char *
clearsign (const char *text)
{
  g_autoptr (GBytes) input = g_bytes_new (text, strlen (text));
  g_autoptr (GBytes) bytes = gpg (&own, input, "--clearsign -u alice@example.org");
  CU_ASSERT_PTR_NOT_NULL_FATAL (bytes);
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
check_clearsigned (const char *block, McContentFact wanted, const char *text)
{
  g_autoptr (McSpool) object = spool_text (block);
  g_auto (McUnwrapped) result = { 0 };
  unwrap (&own, object, &result);
  CU_ASSERT_STRING_EQUAL (result.format, "clearsigned");
  CU_ASSERT_EQUAL (only_signer (layer_at (&result, 0, MC_LAYER_SIGNED))->content, wanted);
  CU_ASSERT_TRUE (holds (result.content, text, strlen (text)));
}

static void
test_clearsigned (void)
{
  g_autofree char *block = clearsign ("one  \n- two\nFrom three\n\n-----BEGIN\nend\t\n");
  check_clearsigned (block, MC_CONTENT_INTACT, "one\n- two\nFrom three\n\n-----BEGIN\nend\n");
  g_autofree char *spaced = g_strconcat ("\n\n", block, " \r\n\n", NULL);
  check_clearsigned (spaced, MC_CONTENT_INTACT, "one\n- two\nFrom three\n\n-----BEGIN\nend\n");

  g_auto (GStrv) lines = g_strsplit (block, "\n", -1);
  g_autofree char *crlf = g_strjoinv ("\r\n", lines);
  check_clearsigned (crlf, MC_CONTENT_INTACT,
                     "one\r\n- two\r\nFrom three\r\n\r\n-----BEGIN\r\nend\r\n");
  char *three = strstr (block, "three");
  memcpy (three, "THREE", 5);
  check_clearsigned (block, MC_CONTENT_ALTERED, "one\n- two\nFrom THREE\n\n-----BEGIN\nend\n");
  g_autofree char *empty = clearsign ("");
  check_clearsigned (empty, MC_CONTENT_INTACT, "\n");   /* what gpg writes for nothing */
}

static void
test_clearsigned_malformed (void)
{
  g_autofree char *block = clearsign ("text\n");
  char *blank = strstr (block, "\n\n");
  CU_ASSERT_PTR_NOT_NULL_FATAL (blank);
  g_autofree char *head = g_strndup (block, (gsize) (blank - block));
  const char *rest = blank + 2;
  g_autofree char *commented = g_strconcat (head, "\nComment: evil\n\n", rest, NULL);
  g_autofree char *dashed = g_strconcat (head, "\n\n-dash\n", rest, NULL);
  g_autofree char *nested = g_strconcat (head, "\n\n", block, NULL);
  const char *const inputs[] = { commented, dashed, nested };
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    g_autoptr (McSpool) object = spool_text (inputs[i]);
    g_auto (McUnwrapped) result = { 0 };
    unwrap (&own, object, &result);
    CU_ASSERT_EQUAL (layer_at (&result, 0, MC_LAYER_SIGNED)->structure, MC_CONTENT_MALFORMED);
    CU_ASSERT_PTR_NULL (result.content);
  }
  g_autofree char *before = g_strconcat ("hello\n", block, NULL);
  g_autofree char *after = g_strconcat (block, "hello\n", NULL);
  const char *const around[] = { before, after };
  for (guint i = 0; i < G_N_ELEMENTS (around); i++) {
    g_autoptr (McSpool) object = spool_text (around[i]);
    g_auto (McUnwrapped) result = { 0 };
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (BACKEND->probe (own.engine, _mc_span_whole (object)));
    CU_ASSERT_FALSE (unwrap_full (&own, object, MC_UNWRAP_DEFAULT, &result, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
  }
}

static void
test_not_an_object (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) key = export (&own, alice, TRUE);
  g_autoptr (McSpool) signature = sign (&own, content, alice);
  g_autoptr (McSpool) empty = spool ("", 0);
  McSpool *const objects[] = { content, key, signature, empty };
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++) {
    g_auto (McUnwrapped) result = { 0 };
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (unwrap_full (&own, objects[i], MC_UNWRAP_DEFAULT, &result, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
  }
  CU_ASSERT_FALSE (BACKEND->probe (own.engine, _mc_span_whole (content)));
  CU_ASSERT_FALSE (BACKEND->probe (own.engine, _mc_span_whole (key)));
  CU_ASSERT_TRUE (BACKEND->probe (own.engine, _mc_span_whole (signature)));
  CU_ASSERT_FALSE (BACKEND->probe (own.engine, _mc_span_whole (empty)));
}

static void
test_describe (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (McSpool) signature = sign (&own, content, alice);
  g_auto (McUnwrapped) result = { 0 };
  CU_ASSERT_TRUE_FATAL (BACKEND->describe (own.engine, _mc_span_whole (signature), TRUE, "1",
                                           &result, NULL, NULL));
  const McSigner *signer = only_signer (layer_at (&result, 0, MC_LAYER_SIGNED));
  CU_ASSERT_STRING_EQUAL (signer->key_id, alice->fingerprint + 24);
  CU_ASSERT_STRING_EQUAL (signer->digest, "sha256");
  CU_ASSERT_STRING_EQUAL (signer->algorithm, "eddsa");
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_UNKNOWN);
  CU_ASSERT_TRUE (signer->signed_at > 0);

  g_autofree char *block = clearsign ("text\n");
  g_autoptr (McSpool) clear = spool_text (block);
  g_auto (McUnwrapped) described = { 0 };
  CU_ASSERT_TRUE_FATAL (BACKEND->describe (own.engine, _mc_span_whole (clear), FALSE, "1",
                                           &described, NULL, NULL));
  CU_ASSERT_STRING_EQUAL (described.format, "clearsigned");
  CU_ASSERT_STRING_EQUAL (only_signer (layer_at (&described, 0, MC_LAYER_SIGNED))->key_id,
                          alice->fingerprint + 24);
}

/* ------------------------------------------------------------------- limits -- */

static void
test_bomb (void)
{
  gsize size = 3 << 20;
  g_autofree char *zeros = g_malloc0 (size);
  g_autoptr (GBytes) bytes = g_bytes_new_static (zeros, size);
  g_autofree char *line = g_strdup_printf ("--encrypt -r %s", alice->fingerprint);
  g_autoptr (GBytes) encrypted = gpg (&own, bytes, line);
  g_autoptr (GBytes) stored = gpg (&own, bytes, "--store");
  g_autoptr (McSpool) bomb = spool_bytes (encrypted);
  g_autoptr (McSpool) literal = spool_bytes (stored);
  CU_ASSERT_TRUE (_mc_spool_get_size (bomb) < 100000);
  CU_ASSERT_TRUE (mc_settings_set (own.settings, "limits", "total-bytes", "1048576", NULL));
  McSpool *const objects[] = { bomb, literal };
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++) {
    g_auto (McUnwrapped) result = { 0 };
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (unwrap_full (&own, objects[i], MC_UNWRAP_DEFAULT, &result, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT));
  }
  g_auto (McUnwrapped) described = { 0 };
  g_autoptr (GError) error = NULL;
  CU_ASSERT_FALSE (BACKEND->describe (own.engine, _mc_span_whole (literal), FALSE, "1",
                                      &described, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT));
  CU_ASSERT_TRUE (mc_settings_set (own.settings, "limits", "total-bytes", "536870912", NULL));
}

static void
test_refusals (void)
{
  g_autoptr (McSpool) content = spool_text (TEXT);
  g_autoptr (GPtrArray) nobody = g_ptr_array_new ();
  g_autoptr (GPtrArray) strangers = g_ptr_array_new ();
  g_ptr_array_add (strangers, carol);
  const struct {
    McEncryptJob job;
    McError code;
  } cases[] = {
    { { _mc_span_whole (content), nobody, nobody, NULL, NULL }, MC_ERROR_NO_KEY },
    { { _mc_span_whole (content), strangers, nobody, NULL, NULL }, MC_ERROR_NO_KEY },
    { { _mc_span_whole (content), strangers, nobody, NULL, "aes128" }, MC_ERROR_INVALID },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (McSealed) sealed = { 0 };
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (BACKEND->encrypt (own.engine, &cases[i].job, &sealed, NULL, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, (int) cases[i].code));
    CU_ASSERT_PTR_NULL (sealed.object);
  }
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (GError) error = NULL;
  const McSignJob job = { _mc_span_whole (content), carol, FALSE };
  CU_ASSERT_FALSE (BACKEND->sign (own.engine, &job, &sealed, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_NO_SECRET));
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_autoptr (GError) error = NULL;
  const McKeyQuery query = { .address = "alice@example.org" };
  CU_ASSERT_FALSE (BACKEND->find (own.engine, &query, keys, cancellable, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_CANCELLED));
}

static CU_TestInfo tests[] = {
  { "generate", test_generate },
  { "generate: refusals", test_generate_refusals },
  { "generate: rsa", test_generate_rsa },
  { "find", test_find },
  { "import and export", test_import_export },
  { "import: refusals", test_import_refusals },
  { "import: secret and public in one file", test_import_secret },
  { "sign and verify", test_sign_verify },
  { "verify: canonical line ends", test_verify_canonical },
  { "verify: untrusted, unknown", test_verify_untrusted },
  { "verify: altered", test_verify_altered },
  { "verify: two signatures, one bad", test_verify_two },
  { "verify: malformed", test_verify_malformed },
  { "verify: weak digests", test_verify_weak },
  { "verify: expired", test_verify_validity },
  { "verify: revoked", test_verify_revoked },
  { "encrypt and decrypt", test_encrypt_sizes },
  { "combined", test_combined },
  { "hidden recipients", test_hidden },
  { "decrypt what gpg writes", test_decrypt_foreign },
  { "weak cipher", test_weak_cipher },
  { "tampering", test_tampering },
  { "truncation", test_truncation },
  { "structure", test_structure },
  { "no secret key", test_no_secret_key },
  { "passphrases", test_passphrase },
  { "passphrases for signing", test_passphrase_signing },
  { "no pinentry", test_no_pinentry },
  { "no agent", test_no_agent },
  { "opaque signatures", test_opaque },
  { "literal data", test_literal },
  { "cleartext signatures", test_clearsigned },
  { "cleartext signatures: malformed", test_clearsigned_malformed },
  { "not an object", test_not_an_object },
  { "describe", test_describe },
  { "compressed too far", test_bomb },
  { "refusals", test_refusals },
  { "cancelled", test_cancelled },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_openpgp = { "openpgp", init_suite, clean_suite, NULL, NULL, tests };
