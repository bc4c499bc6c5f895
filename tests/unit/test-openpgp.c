/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenPGP messages through the backend's table, with a real gpg. */
#include "config.h"

#include "pgp-kit.h"

#include "base/secret.h"
#include "context.h"

#include <string.h>

/* ---------------------------------------------------------------- encryption -- */

static void
check_round_trip (const void *data, gsize size)
{
  g_autoptr (McSpool) content = pgp_spool (data, size);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_alice, NULL, NULL);
  CU_ASSERT_TRUE (PGP_BACKEND->probe (pgp_own.engine, _mc_span_whole (object)));
  g_auto (McUnwrapped) result = { 0 };
  pgp_unwrap (&pgp_own, object, &result);
  CU_ASSERT_STRING_EQUAL (result.format, "encrypted");
  CU_ASSERT_EQUAL (result.layers->len, 1);
  const McLayer *layer = pgp_layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_OK);
  CU_ASSERT_TRUE (layer->authenticated);
  CU_ASSERT_FALSE (layer->weak);
  CU_ASSERT_STRING_EQUAL (mc_layer_get_algorithm (layer, "cipher"), "aes256");
  CU_ASSERT_TRUE (pgp_holds (result.content, data, size));
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
  check_round_trip (PGP_TEXT, sizeof PGP_TEXT - 1);
  g_autofree char *large = g_malloc (1 << 20);
  for (guint i = 0; i < 1 << 20; i++)
    large[i] = (char) (i * 7 + i / 1000);
  check_round_trip (large, 1 << 20);
}

static void
test_combined (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_alice, NULL, pgp_alice);
  g_auto (McUnwrapped) result = { 0 };
  pgp_unwrap (&pgp_own, object, &result);
  CU_ASSERT_EQUAL (result.layers->len, 2);
  CU_ASSERT_EQUAL (pgp_layer_at (&result, 0, MC_LAYER_ENCRYPTED)->decryption, MC_DECRYPTION_OK);
  const McLayer *layer = pgp_layer_at (&result, 1, MC_LAYER_SIGNED);
  const McSigner *signer = pgp_only_signer (layer);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (signer->validity, MC_VALIDITY_VALID);
  CU_ASSERT_STRING_EQUAL (signer->fingerprint, pgp_alice->fingerprint);
  CU_ASSERT_TRUE (pgp_holds (result.content, PGP_TEXT, sizeof PGP_TEXT - 1));

  g_auto (McUnwrapped) skipped = { 0 };
  CU_ASSERT_TRUE (pgp_unwrap_full (&pgp_own, object, MC_UNWRAP_SKIP_SIGNATURES, &skipped, NULL));
  signer = pgp_only_signer (pgp_layer_at (&skipped, 1, MC_LAYER_SIGNED));
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_UNKNOWN);
  CU_ASSERT_EQUAL (signer->validity, MC_VALIDITY_UNKNOWN);
  CU_ASSERT_TRUE (pgp_holds (skipped.content, PGP_TEXT, sizeof PGP_TEXT - 1));
}

static void
test_hidden (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_bob, pgp_alice, NULL);
  g_auto (McUnwrapped) described = { 0 };
  CU_ASSERT_TRUE_FATAL (PGP_BACKEND->describe (pgp_own.engine, _mc_span_whole (object), FALSE, "1",
                                           &described, NULL, NULL));
  const McLayer *layer = pgp_layer_at (&described, 0, MC_LAYER_ENCRYPTED);
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
  g_autoptr (GBytes) text = g_bytes_new_static (PGP_TEXT, sizeof PGP_TEXT - 1);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autofree char *line =
      g_strdup_printf ("--encrypt -r %s %s", pgp_alice->fingerprint, options[i]);
    g_autoptr (GBytes) bytes = pgp_gpg (&pgp_own, text, line);
    g_autoptr (McSpool) object = pgp_spool_bytes (bytes);
    g_auto (McUnwrapped) result = { 0 };
    pgp_unwrap (&pgp_own, object, &result);
    CU_ASSERT_EQUAL (pgp_layer_at (&result, 0, MC_LAYER_ENCRYPTED)->decryption, MC_DECRYPTION_OK);
    if (strstr (options[i], "textmode") == NULL)
      CU_ASSERT_TRUE (pgp_holds (result.content, PGP_TEXT, sizeof PGP_TEXT - 1));
  }
}

static void
test_weak_cipher (void)
{
  g_autoptr (GBytes) text = g_bytes_new_static (PGP_TEXT, sizeof PGP_TEXT - 1);
  g_autofree char *line =
    g_strdup_printf ("--encrypt --cipher-algo 3DES -r %s", pgp_alice->fingerprint);
  g_autoptr (GBytes) bytes = pgp_gpg (&pgp_own, text, line);
  g_autoptr (McSpool) object = pgp_spool_bytes (bytes);
  g_auto (McUnwrapped) result = { 0 };
  pgp_unwrap (&pgp_own, object, &result);
  const McLayer *layer = pgp_layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_OK);
  CU_ASSERT_TRUE (pgp_has_reason (layer->reasons, "weak-cipher"));
}

/* Whatever octet is hit, altered content never comes out as good. */
static void
check_flips (McSpool *object, gsize step, gsize start)
{
  g_autoptr (GBytes) bytes = pgp_load (object);
  gsize size = g_bytes_get_size (bytes);
  guint good = 0;
  for (gsize at = start; at < size; at += step) {
    g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (bytes, NULL), size);
    copy[at] ^= (guint8) (1 << at % 7);
    g_autoptr (McSpool) flipped = pgp_spool (copy, size);
    g_auto (McUnwrapped) result = { 0 };
    if (!pgp_unwrap_full (&pgp_own, flipped, MC_UNWRAP_DEFAULT, &result, NULL)
        || result.content == NULL)
      continue;
    good++;
    CU_ASSERT_TRUE (pgp_holds (result.content, PGP_TEXT, sizeof PGP_TEXT - 1));
  }
  CU_ASSERT_TRUE (good < size / step / 2);
}

static void
test_tampering (void)
{
  g_autoptr (GBytes) text = g_bytes_new_static (PGP_TEXT, sizeof PGP_TEXT - 1);
  g_autofree char *line =
    g_strdup_printf ("--encrypt --sign -u alice@example.org -r %s", pgp_alice->fingerprint);
  g_autoptr (GBytes) bytes = pgp_gpg (&pgp_own, text, line);
  g_autoptr (McSpool) binary = pgp_spool_bytes (bytes);
  check_flips (binary, 11, 0);
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) armoured = pgp_encrypt (&pgp_own, content, pgp_alice, NULL, NULL);
  check_flips (armoured, 23, 3);
}

static void
test_truncation (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_alice, NULL, NULL);
  g_autoptr (GBytes) bytes = pgp_load (object);
  for (gsize size = 0; size < g_bytes_get_size (bytes) - 2; size += 29) {
    g_autoptr (McSpool) cut = pgp_spool (g_bytes_get_data (bytes, NULL), size);
    g_auto (McUnwrapped) result = { 0 };
    if (pgp_unwrap_full (&pgp_own, cut, MC_UNWRAP_DEFAULT, &result, NULL))
      CU_ASSERT_PTR_NULL (result.content);
  }
}

static void
check_refused (McSpool *object, const char *reason)
{
  g_auto (McUnwrapped) result = { 0 };
  pgp_unwrap (&pgp_own, object, &result);
  const McLayer *layer = pgp_layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  gboolean unguarded = strcmp (reason, "no-integrity-protection") == 0;
  CU_ASSERT_EQUAL (layer->decryption, unguarded ? MC_DECRYPTION_FAILED : MC_DECRYPTION_ERROR);
  CU_ASSERT_EQUAL (layer->structure, unguarded ? MC_CONTENT_UNKNOWN : MC_CONTENT_MALFORMED);
  CU_ASSERT_TRUE (pgp_has_reason (layer->reasons, reason));
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
  McSpool *stripped = pgp_spool (data, pkesk);
  append_packet (stripped, 9, data + body + 1, size - body - 1);
  return stripped;
}

static void
test_structure (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_alice, NULL, NULL);
  g_autoptr (GBytes) armour = pgp_load (object);
  const char *text = g_bytes_get_data (armour, NULL);
  g_autofree char *two = g_strconcat (text, text, NULL);
  g_autoptr (McSpool) twice = pgp_spool_text (two);
  check_refused (twice, "malformed");

  g_autofree char *line = g_strdup_printf ("--encrypt -r %s", pgp_alice->fingerprint);
  g_autoptr (GBytes) bytes = pgp_load (content);
  g_autoptr (GBytes) binary = pgp_gpg (&pgp_own, bytes, line);
  g_autoptr (McSpool) concatenated = pgp_spool_bytes (binary);
  _mc_spool_append (concatenated, g_bytes_get_data (binary, NULL), g_bytes_get_size (binary), NULL);
  check_refused (concatenated, "trailing-data");

  g_autoptr (McSpool) with_literal = pgp_spool_bytes (binary);
  append_packet (with_literal, 11, (const guint8 *) "b\0\0\0\0\0evil", 10);
  check_refused (with_literal, "trailing-data");

  g_autoptr (McSpool) stripped = strip_protection (binary);
  check_refused (stripped, "no-integrity-protection");

  g_autoptr (McSpool) padded = pgp_spool_bytes (binary);
  append_packet (padded, 10, (const guint8 *) "PGP", 3);
  g_auto (McUnwrapped) result = { 0 };
  pgp_unwrap (&pgp_own, padded, &result);
  CU_ASSERT_TRUE (pgp_holds (result.content, PGP_TEXT, sizeof PGP_TEXT - 1));
}

static void
test_no_secret_key (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_bob, pgp_alice, NULL);
  g_auto (McUnwrapped) result = { 0 };
  pgp_unwrap (&pgp_other, object, &result);
  const McLayer *layer = pgp_layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_NO_KEY);
  CU_ASSERT_TRUE (pgp_has_reason (layer->reasons, "no-secret-key"));
  CU_ASSERT_PTR_NULL (result.content);
}

/* Signer known, one recipient unknown: the one listing for both still names the signer. */
static void
test_unknown_recipient (void)
{
  g_autoptr (McSpool) key = pgp_export (&pgp_other, pgp_carol, TRUE);
  g_autoptr (GPtrArray) results = pgp_import_into (&pgp_own, key, NULL);
  CU_ASSERT_PTR_NOT_NULL (results);
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) object = pgp_encrypt (&pgp_own, content, pgp_carol, pgp_bob, pgp_alice);
  g_autofree char *line = g_strdup_printf ("--encrypt --sign -u %s -r %s -r %s",
                                           pgp_alice->fingerprint, pgp_bob->fingerprint,
                                           pgp_carol->fingerprint);
  g_autoptr (GBytes) text = pgp_load (content);
  g_autoptr (GBytes) bytes = pgp_gpg (&pgp_own, text, line);
  g_autoptr (McSpool) visible = pgp_spool_bytes (bytes);
  McSpool *const objects[] = { object, visible };
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++) {
    g_auto (McUnwrapped) result = { 0 };
    pgp_unwrap (&pgp_other, objects[i], &result);
    const McLayer *layer = pgp_layer_at (&result, 0, MC_LAYER_ENCRYPTED);
    CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_OK);
    guint named = 0, secret = 0;
    for (guint j = 0; j < layer->recipients->len; j++) {
      const McRecipient *recipient = layer->recipients->pdata[j];
      named += g_strcmp0 (recipient->address, "carol@example.org") == 0;
      secret += recipient->have_secret;
    }
    CU_ASSERT_EQUAL (named, 1);
    CU_ASSERT_EQUAL (secret, 1);
    const McSigner *signer = pgp_only_signer (pgp_layer_at (&result, 1, MC_LAYER_SIGNED));
    CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
    CU_ASSERT_EQUAL (signer->identities->len, 1);
  }
  g_autoptr (McKey) found = pgp_find_key (&pgp_own, pgp_carol->fingerprint);
  CU_ASSERT_TRUE (PGP_BACKEND->remove (pgp_own.engine, found, NULL, NULL));
}

/* gpg would decrypt both, one into the other. */
static void
test_nested (void)
{
  g_autofree char *line = g_strdup_printf ("--encrypt -r %s", pgp_alice->fingerprint);
  g_autoptr (GBytes) text = g_bytes_new_static (PGP_TEXT, sizeof PGP_TEXT - 1);
  g_autoptr (GBytes) inner = pgp_gpg (&pgp_own, text, line);
  g_autofree char *bare = g_strdup_printf ("%s --no-literal --compress-algo none", line);
  g_autoptr (GBytes) outer = pgp_gpg (&pgp_own, inner, bare);
  g_autoptr (McSpool) object = pgp_spool_bytes (outer);
  g_auto (McUnwrapped) result = { 0 };
  pgp_unwrap (&pgp_own, object, &result);
  const McLayer *layer = pgp_layer_at (&result, 0, MC_LAYER_ENCRYPTED);
  CU_ASSERT_EQUAL (layer->decryption, MC_DECRYPTION_FAILED);
  CU_ASSERT_PTR_NULL (result.content);
}

/* ----------------------------------------------------------------- the rest -- */

/* What gpg.conf asks for is not what goes out. */
static void
test_weak_signing (void)
{
  PgpHome place = { 0 };
  pgp_home_init (&place);
  g_autoptr (GBytes) made =
    pgp_gpg (&place, NULL, "--passphrase '' --quick-gen-key rsa@example.org rsa2048 sign");
  CU_ASSERT_PTR_NOT_NULL_FATAL (made);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  const McKeyQuery query = { .address = "rsa@example.org" };
  CU_ASSERT_TRUE (PGP_BACKEND->find (place.engine, &query, keys, NULL, NULL));
  CU_ASSERT_EQUAL_FATAL (keys->len, 1);
  pgp_write_file (&place, "gpg.conf", "digest-algo SHA1\n");
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  const McSignJob job = { _mc_span_whole (content), keys->pdata[0], FALSE };
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (GError) error = NULL;
  CU_ASSERT_FALSE (PGP_BACKEND->sign (place.engine, &job, &sealed, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_ENGINE));
  CU_ASSERT_PTR_NOT_NULL (mc_error_get_hint (error));
  pgp_home_clear (&place);
}

/* A key that comes from elsewhere than a listing is looked up. */
static void
test_bare_key (void)
{
  g_autoptr (McKey) bare = _mc_key_new (MC_PROTOCOL_OPENPGP, pgp_alice->fingerprint);
  g_autoptr (McKey) stranger = _mc_key_new (MC_PROTOCOL_OPENPGP, pgp_carol->fingerprint);
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) signature = pgp_sign (&pgp_own, content, bare);
  g_autoptr (McLayer) layer = pgp_verify (&pgp_own, content, signature);
  CU_ASSERT_EQUAL (pgp_only_signer (layer)->content, MC_CONTENT_INTACT);

  const McSignJob jobs[] = { { _mc_span_whole (content), stranger, FALSE },
                             { _mc_span_whole (content), bare, TRUE } };
  const McError codes[] = { MC_ERROR_NO_KEY, MC_ERROR_INVALID };
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++) {
    g_auto (McSealed) sealed = { 0 };
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (PGP_BACKEND->sign (pgp_own.engine, &jobs[i], &sealed, NULL, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, (int) codes[i]));
  }
}

static void
test_not_an_object (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) key = pgp_export (&pgp_own, pgp_alice, TRUE);
  g_autoptr (McSpool) signature = pgp_sign (&pgp_own, content, pgp_alice);
  g_autoptr (McSpool) empty = pgp_spool ("", 0);
  McSpool *const objects[] = { content, key, signature, empty };
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++) {
    g_auto (McUnwrapped) result = { 0 };
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (pgp_unwrap_full (&pgp_own, objects[i], MC_UNWRAP_DEFAULT, &result, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
  }
  CU_ASSERT_FALSE (PGP_BACKEND->probe (pgp_own.engine, _mc_span_whole (content)));
  CU_ASSERT_FALSE (PGP_BACKEND->probe (pgp_own.engine, _mc_span_whole (key)));
  CU_ASSERT_TRUE (PGP_BACKEND->probe (pgp_own.engine, _mc_span_whole (signature)));
  CU_ASSERT_FALSE (PGP_BACKEND->probe (pgp_own.engine, _mc_span_whole (empty)));
}

static void
check_described (McSpool *object, gboolean detached, const char *format)
{
  g_auto (McUnwrapped) result = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean ok = PGP_BACKEND->describe (pgp_own.engine, _mc_span_whole (object), detached, "1",
                                       &result, NULL, &error);
  CU_ASSERT_EQUAL (ok, format != NULL);
  if (ok)
    CU_ASSERT_STRING_EQUAL (result.format, format);
  CU_ASSERT_EQUAL (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED), format == NULL);
}

static void
test_describe_kinds (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (GBytes) text = pgp_load (content);
  g_autoptr (McSpool) key = pgp_export (&pgp_own, pgp_alice, TRUE);
  g_autoptr (GBytes) stored = pgp_gpg (&pgp_own, text, "--store");
  g_autoptr (McSpool) literal = pgp_spool_bytes (stored);
  g_autoptr (GBytes) opaque = pgp_gpg (&pgp_own, text, "--sign -u alice@example.org");
  g_autoptr (McSpool) is_signed = pgp_spool_bytes (opaque);
  g_autoptr (GBytes) symmetric = pgp_gpg (&pgp_own, text, "--symmetric");
  g_autoptr (McSpool) with_passphrase = pgp_spool_bytes (symmetric);
  check_described (content, FALSE, NULL);
  check_described (key, FALSE, NULL);
  check_described (literal, FALSE, "literal");
  check_described (literal, TRUE, NULL);
  check_described (is_signed, FALSE, "signed");
  check_described (is_signed, TRUE, NULL);
  check_described (with_passphrase, FALSE, "encrypted");
}

static void
test_describe (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) signature = pgp_sign (&pgp_own, content, pgp_alice);
  g_auto (McUnwrapped) result = { 0 };
  CU_ASSERT_TRUE_FATAL (PGP_BACKEND->describe (pgp_own.engine, _mc_span_whole (signature), TRUE,
                                               "1", &result, NULL, NULL));
  const McSigner *signer = pgp_only_signer (pgp_layer_at (&result, 0, MC_LAYER_SIGNED));
  CU_ASSERT_STRING_EQUAL (signer->key_id, pgp_alice->fingerprint + 24);
  CU_ASSERT_STRING_EQUAL (signer->digest, "sha256");
  CU_ASSERT_STRING_EQUAL (signer->algorithm, "eddsa");
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_UNKNOWN);
  CU_ASSERT_TRUE (signer->signed_at > 0);

  g_autofree char *block = pgp_clearsign ("text\n");
  g_autoptr (McSpool) clear = pgp_spool_text (block);
  g_auto (McUnwrapped) described = { 0 };
  CU_ASSERT_TRUE_FATAL (PGP_BACKEND->describe (pgp_own.engine, _mc_span_whole (clear), FALSE, "1",
                                           &described, NULL, NULL));
  CU_ASSERT_STRING_EQUAL (described.format, "clearsigned");
  CU_ASSERT_STRING_EQUAL (pgp_only_signer (pgp_layer_at (&described, 0, MC_LAYER_SIGNED))->key_id,
                          pgp_alice->fingerprint + 24);
}

/* ------------------------------------------------------------------- limits -- */

static void
test_bomb (void)
{
  gsize size = 3 << 20;
  g_autofree char *zeros = g_malloc0 (size);
  g_autoptr (GBytes) bytes = g_bytes_new_static (zeros, size);
  g_autofree char *line = g_strdup_printf ("--encrypt -r %s", pgp_alice->fingerprint);
  g_autoptr (GBytes) encrypted = pgp_gpg (&pgp_own, bytes, line);
  g_autoptr (GBytes) stored = pgp_gpg (&pgp_own, bytes, "--store");
  g_autoptr (McSpool) bomb = pgp_spool_bytes (encrypted);
  g_autoptr (McSpool) literal = pgp_spool_bytes (stored);
  CU_ASSERT_TRUE (_mc_spool_get_size (bomb) < 100000);
  CU_ASSERT_TRUE (mc_settings_set (pgp_own.settings, "limits", "total-bytes", "1048576", NULL));
  McSpool *const objects[] = { bomb, literal };
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++) {
    g_auto (McUnwrapped) result = { 0 };
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (pgp_unwrap_full (&pgp_own, objects[i], MC_UNWRAP_DEFAULT, &result, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT));
  }
  g_auto (McUnwrapped) described = { 0 };
  g_autoptr (GError) error = NULL;
  CU_ASSERT_FALSE (PGP_BACKEND->describe (pgp_own.engine, _mc_span_whole (literal), FALSE, "1",
                                      &described, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT));
  CU_ASSERT_TRUE (mc_settings_set (pgp_own.settings, "limits", "total-bytes", "536870912", NULL));
}

static void
test_refusals (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (GPtrArray) nobody = g_ptr_array_new ();
  g_autoptr (GPtrArray) strangers = g_ptr_array_new ();
  g_ptr_array_add (strangers, pgp_carol);
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
    CU_ASSERT_FALSE (PGP_BACKEND->encrypt (pgp_own.engine, &cases[i].job, &sealed, NULL, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, (int) cases[i].code));
    CU_ASSERT_PTR_NULL (sealed.object);
  }
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (GError) error = NULL;
  const McSignJob job = { _mc_span_whole (content), pgp_carol, FALSE };
  CU_ASSERT_FALSE (PGP_BACKEND->sign (pgp_own.engine, &job, &sealed, NULL, &error));
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
  CU_ASSERT_FALSE (PGP_BACKEND->find (pgp_own.engine, &query, keys, cancellable, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_CANCELLED));
}

static CU_TestInfo tests[] = {
  { "encrypt and decrypt", test_encrypt_sizes },
  { "combined", test_combined },
  { "hidden recipients", test_hidden },
  { "decrypt what gpg writes", test_decrypt_foreign },
  { "weak cipher", test_weak_cipher },
  { "tampering", test_tampering },
  { "truncation", test_truncation },
  { "structure", test_structure },
  { "no secret key", test_no_secret_key },
  { "a recipient that is not known", test_unknown_recipient },
  { "encryption within encryption", test_nested },
  { "not an object", test_not_an_object },
  { "describe", test_describe },
  { "describe each kind", test_describe_kinds },
  { "compressed too far", test_bomb },
  { "refusals", test_refusals },
  { "signing with a weak digest", test_weak_signing },
  { "a key that was not listed", test_bare_key },
  { "cancelled", test_cancelled },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_openpgp = {
  "openpgp", pgp_init_suite, pgp_clean_suite, NULL, NULL, tests
};
