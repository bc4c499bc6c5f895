/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pgp-kit.h"

#include "base/secret.h"
#include "context.h"

#include <string.h>

/* CUnit cannot fail outside of a test: what the suite's set-up uses asserts by itself. */

/* -------------------------------------------------------------------- homes -- */

PgpHome pgp_own;            /* alice (no passphrase), bob (passphrase) */
PgpHome pgp_other;          /* knows alice's public key; carol's own */
McKey *pgp_alice, *pgp_bob, *pgp_carol;

static void
home_reopen (PgpHome *home)
{
  if (home->context != NULL)
    mc_context_free (home->context);
  home->context = mc_context_new (home->settings);
  home->engine = NULL;
  g_assert_true (_mc_context_get_backend (home->context, MC_PROTOCOL_OPENPGP, &home->engine, NULL)
                 == PGP_BACKEND);
}

void
pgp_write_file (const PgpHome *home, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (home->folder, name, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

void
pgp_home_init (PgpHome *home)
{
  /* sockets: 108 bytes, whatever TMPDIR says */
  home->folder = g_strdup ("/tmp/mcpgp-XXXXXX");
  g_assert_nonnull (g_mkdtemp_full (home->folder, 0700));
  home->settings = mc_settings_new ();
  mc_settings_set_folder (home->settings, MC_FOLDER_GNUPG, home->folder);
  /* the agent measures the machine for a second otherwise, anew at each start */
  pgp_write_file (home, "gpg-agent.conf", PGP_AGENT_OPTIONS);
  home_reopen (home);
}

static void
run_quietly (const char *const *argv)
{
  g_spawn_sync (NULL, (char **) argv, NULL,
                G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                NULL, NULL, NULL, NULL, NULL, NULL);
}

void
pgp_kill_agent (const PgpHome *home)
{
  run_quietly ((const char *const[]){ "gpgconf", "--homedir", home->folder, "--kill", "all",
                                      NULL });
}

void
pgp_home_clear (PgpHome *home)
{
  if (home->folder == NULL)
    return;
  mc_context_free (home->context);
  mc_settings_unref (home->settings);
  pgp_kill_agent (home);
  run_quietly ((const char *const[]){ "rm", "-rf", home->folder, NULL });
  g_free (home->folder);
  *home = (PgpHome){ 0 };
}

GBytes *
pgp_gpg (const PgpHome *home, GBytes *input, const char *arguments)
{
  g_autofree char *line =
    g_strdup_printf ("gpg --homedir %s --batch --yes --no-tty --quiet --utf8-strings "
                     "--trust-model always --pinentry-mode loopback --passphrase '" PGP_PASSPHRASE "' %s",
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

McSpool *
pgp_spool (const void *data, gsize size)
{
  McSpool *made = _mc_spool_new (_mc_context_get_limits (pgp_own.context));
  g_assert_true (_mc_spool_append (made, data, size, NULL));
  return made;
}

McSpool *
pgp_spool_text (const char *text)
{
  return pgp_spool (text, strlen (text));
}

McSpool *
pgp_spool_bytes (GBytes *bytes)
{
  CU_ASSERT_PTR_NOT_NULL_FATAL (bytes);
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);
  return pgp_spool (data, size);
}

GBytes *
pgp_load (McSpool *from)
{
  GBytes *bytes = _mc_span_load (_mc_span_whole (from), 1 << 30, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (bytes);
  return bytes;
}

gboolean
pgp_holds (McSpool *content, const void *data, gsize size)
{
  if (content == NULL || _mc_spool_get_size (content) != size)
    return FALSE;
  g_autoptr (GBytes) bytes = pgp_load (content);
  return size == 0 || memcmp (g_bytes_get_data (bytes, NULL), data, size) == 0;
}

gboolean
pgp_has_reason (GPtrArray *reasons, const char *code)
{
  if (_mc_reasons_have (reasons, code))
    return TRUE;
  for (guint i = 0; i < reasons->len; i++)
    g_printerr ("# reason: %s: %s\n", mc_reason_get_code (reasons->pdata[i]),
                mc_reason_get_text (reasons->pdata[i]));
  return FALSE;
}

void
pgp_check_no_error (GError *error)
{
  if (error != NULL)
    g_printerr ("# error: %s\n", error->message);
  CU_ASSERT_PTR_NULL (error);
}

/* ---------------------------------------------------------------- operations -- */

McKey *
pgp_generate (PgpHome *home, const char *address, const char *name, const char *passphrase)
{
  g_autoptr (McSecret) secret = mc_secret_new (passphrase, strlen (passphrase));
  g_autoptr (GError) error = NULL;
  const McKeyRequest request = { .protocol = MC_PROTOCOL_OPENPGP, .address = address,
                                 .name = name, .passphrase = secret };
  McKey *key = NULL;
  PGP_BACKEND->generate (home->engine, &request, &key, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (key);
  return key;
}

McLayer *
pgp_verify (PgpHome *home, McSpool *content, McSpool *signature)
{
  g_autoptr (GError) error = NULL;
  McLayer *layer = _mc_layer_new (MC_LAYER_SIGNED, MC_PROTOCOL_OPENPGP, "1");
  const McVerifyJob job = { _mc_span_whole (content), _mc_span_whole (signature) };
  CU_ASSERT_TRUE (PGP_BACKEND->verify (home->engine, &job, layer, NULL, &error));
  pgp_check_no_error (error);
  return layer;
}

/* The one signer of a layer. */
const McSigner *
pgp_only_signer (const McLayer *layer)
{
  CU_ASSERT_EQUAL_FATAL (layer->signers->len, 1);
  return layer->signers->pdata[0];
}

gboolean
pgp_unwrap_full (PgpHome *home, McSpool *object, McUnwrapFlags flags, McUnwrapped *result,
             GError **error)
{
  return PGP_BACKEND->unwrap (home->engine, _mc_span_whole (object), "1", flags, result, NULL,
                              error);
}

void
pgp_unwrap (PgpHome *home, McSpool *object, McUnwrapped *result)
{
  g_autoptr (GError) error = NULL;
  CU_ASSERT_TRUE_FATAL (pgp_unwrap_full (home, object, MC_UNWRAP_DEFAULT, result, &error));
  pgp_check_no_error (error);
}

const McLayer *
pgp_layer_at (const McUnwrapped *unwrapped, guint i, McLayerKind kind)
{
  CU_ASSERT_TRUE_FATAL (i < unwrapped->layers->len);
  const McLayer *layer = unwrapped->layers->pdata[i];
  CU_ASSERT_EQUAL (layer->kind, kind);
  CU_ASSERT_EQUAL (layer->protocol, MC_PROTOCOL_OPENPGP);
  return layer;
}

McSpool *
pgp_encrypt (PgpHome *home, McSpool *content, McKey *recipient, McKey *hidden, McKey *signer)
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
  CU_ASSERT_TRUE (PGP_BACKEND->encrypt (home->engine, &job, &sealed, NULL, &error));
  pgp_check_no_error (error);
  CU_ASSERT_PTR_NOT_NULL_FATAL (sealed.object);
  return g_steal_pointer (&sealed.object);
}

McSpool *
pgp_sign (PgpHome *home, McSpool *content, McKey *signer)
{
  g_autoptr (GError) error = NULL;
  g_auto (McSealed) sealed = { 0 };
  const McSignJob job = { _mc_span_whole (content), signer, FALSE };
  CU_ASSERT_TRUE (PGP_BACKEND->sign (home->engine, &job, &sealed, NULL, &error));
  pgp_check_no_error (error);
  CU_ASSERT_PTR_NOT_NULL_FATAL (sealed.object);
  CU_ASSERT_TRUE (g_str_has_prefix (sealed.micalg, "pgp-sha"));
  return g_steal_pointer (&sealed.object);
}

/* The key with this fingerprint, found anew. */
McKey *
pgp_find_key (PgpHome *home, const char *fingerprint)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_autoptr (GError) error = NULL;
  const McKeyQuery query = { .fingerprint = fingerprint, .judge = TRUE };
  CU_ASSERT_TRUE (PGP_BACKEND->find (home->engine, &query, keys, NULL, &error));
  pgp_check_no_error (error);
  return keys->len == 1 ? mc_key_ref (keys->pdata[0]) : NULL;
}

McSpool *
pgp_export (PgpHome *home, McKey *key, gboolean mail)
{
  g_autoptr (GError) error = NULL;
  McSpool *output = pgp_spool ("", 0);
  PGP_BACKEND->export (home->engine, key, mail, output, NULL, &error);
  g_assert_no_error (error);
  return output;
}

GPtrArray *
pgp_import_into (PgpHome *home, McSpool *data, GError **error)
{
  g_autoptr (GPtrArray) results =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_imported_free);
  gboolean ok =
    PGP_BACKEND->import (home->engine, _mc_span_whole (data), NULL, results, NULL, error);
  return ok ? g_steal_pointer (&results) : NULL;
}

char *
pgp_clearsign (const char *text)
{
  g_autoptr (GBytes) input = g_bytes_new (text, strlen (text));
  g_autoptr (GBytes) bytes = pgp_gpg (&pgp_own, input, "--clearsign -u alice@example.org");
  CU_ASSERT_PTR_NOT_NULL_FATAL (bytes);
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* -------------------------------------------------------------------- suite -- */

int
pgp_init_suite (void)
{
  pgp_home_init (&pgp_own);
  pgp_home_init (&pgp_other);
  pgp_alice = pgp_generate (&pgp_own, "alice@example.org", "Alice", "");
  pgp_bob = pgp_generate (&pgp_own, "bob@example.org", NULL, PGP_PASSPHRASE);
  pgp_carol = pgp_generate (&pgp_other, "carol@example.org", "Carol C", "");
  g_autoptr (McSpool) key = pgp_export (&pgp_own, pgp_alice, TRUE);
  g_autoptr (GPtrArray) results = pgp_import_into (&pgp_other, key, NULL);
  return pgp_alice == NULL || pgp_bob == NULL || pgp_carol == NULL || results == NULL;
}

int
pgp_clean_suite (void)
{
  mc_key_unref (pgp_alice);
  mc_key_unref (pgp_bob);
  mc_key_unref (pgp_carol);
  pgp_home_clear (&pgp_own);
  pgp_home_clear (&pgp_other);
  return 0;
}
