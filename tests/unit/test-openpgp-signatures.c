/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenPGP signatures through the backend's table, with a real gpg. */
#include "config.h"

#include "pgp-kit.h"

#include "base/secret.h"
#include "context.h"

#include <string.h>

/* ---------------------------------------------------------------- signatures -- */

static void
test_sign_verify (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) signature = pgp_sign (&pgp_own, content, pgp_alice);
  g_autoptr (McLayer) layer = pgp_verify (&pgp_own, content, signature);
  const McSigner *signer = pgp_only_signer (layer);
  CU_ASSERT_EQUAL (layer->structure, MC_CONTENT_UNKNOWN);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (signer->validity, MC_VALIDITY_VALID);
  CU_ASSERT_FALSE (signer->weak || signer->unfit || signer->chain_failed);
  CU_ASSERT_STRING_EQUAL (signer->fingerprint, pgp_alice->fingerprint);
  CU_ASSERT_STRING_EQUAL (signer->key_id, pgp_alice->fingerprint + 24);
  CU_ASSERT_STRING_EQUAL (signer->algorithm, "eddsa");
  CU_ASSERT_STRING_EQUAL (signer->digest, "sha256");
  CU_ASSERT_TRUE (signer->signed_at > 0);
  CU_ASSERT_EQUAL_FATAL (signer->identities->len, 1);
  const McIdentity *identity = signer->identities->pdata[0];
  CU_ASSERT_STRING_EQUAL (identity->address, "alice@example.org");
  CU_ASSERT_EQUAL (identity->trust, MC_TRUST_TRUSTED);
  CU_ASSERT_EQUAL (signer->reasons->len, 0);

  /* gpg agrees */
  g_autoptr (GBytes) armour = pgp_load (signature);
  g_autofree char *path = g_build_filename (pgp_own.folder, "signature", NULL);
  g_file_set_contents (path, g_bytes_get_data (armour, NULL),
                       (gssize) g_bytes_get_size (armour), NULL);
  g_autofree char *line = g_strdup_printf ("--verify %s -", path);
  g_autoptr (GBytes) text = pgp_load (content);
  g_autoptr (GBytes) output = pgp_gpg (&pgp_own, text, line);
  CU_ASSERT_PTR_NOT_NULL (output);
}

/* LF in the spool, CRLF in what is hashed. */
static void
test_verify_canonical (void)
{
  g_autoptr (McSpool) crlf = pgp_spool_text ("one\r\ntwo\r\n");
  g_autoptr (McSpool) lf = pgp_spool_text ("one\ntwo\n");
  g_autoptr (McSpool) signature = pgp_sign (&pgp_own, crlf, pgp_alice);
  g_autoptr (McLayer) layer = pgp_verify (&pgp_own, lf, signature);
  CU_ASSERT_EQUAL (pgp_only_signer (layer)->content, MC_CONTENT_INTACT);
}

static void
test_verify_untrusted (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) signature = pgp_sign (&pgp_own, content, pgp_alice);
  g_autoptr (McLayer) layer = pgp_verify (&pgp_other, content, signature);
  const McSigner *signer = pgp_only_signer (layer);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (((McIdentity *) signer->identities->pdata[0])->trust, MC_TRUST_UNTRUSTED);
  CU_ASSERT_TRUE (pgp_has_reason (signer->reasons, "untrusted"));

  g_autoptr (McSpool) by_bob = NULL;
  g_autoptr (GBytes) text = pgp_load (content);
  g_autofree char *line = g_strdup_printf ("--armor --detach-sign -u %s", pgp_bob->fingerprint);
  g_autoptr (GBytes) armour = pgp_gpg (&pgp_own, text, line);
  by_bob = pgp_spool_bytes (armour);
  g_autoptr (McLayer) unknown = pgp_verify (&pgp_other, content, by_bob);
  signer = pgp_only_signer (unknown);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_UNCHECKED);
  CU_ASSERT_STRING_EQUAL (signer->key_id, pgp_bob->fingerprint + 24);
  CU_ASSERT_TRUE (pgp_has_reason (signer->reasons, "unknown-key"));
}

static void
test_verify_altered (void)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) altered = pgp_spool_text (PGP_TEXT "!");
  g_autoptr (McSpool) signature = pgp_sign (&pgp_own, content, pgp_alice);
  g_autoptr (McLayer) layer = pgp_verify (&pgp_own, altered, signature);
  const McSigner *signer = pgp_only_signer (layer);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_ALTERED);
  CU_ASSERT_TRUE (pgp_has_reason (signer->reasons, "altered"));
  CU_ASSERT_STRING_EQUAL (signer->digest, "sha256");
}

/* Two signatures, one over other content: each has its own answer. */
static void
test_verify_two (void)
{
  g_autoptr (GBytes) one = g_bytes_new_static ("one\r\n", 5);
  g_autoptr (GBytes) two = g_bytes_new_static ("two\r\n", 5);
  g_autofree char *by_alice = g_strdup_printf ("--detach-sign -u %s", pgp_alice->fingerprint);
  g_autofree char *by_bob = g_strdup_printf ("--detach-sign -u %s", pgp_bob->fingerprint);
  g_autoptr (GBytes) first = pgp_gpg (&pgp_own, one, by_alice);
  g_autoptr (GBytes) second = pgp_gpg (&pgp_own, two, by_bob);
  g_autoptr (McSpool) signatures = pgp_spool_bytes (first);
  _mc_spool_append (signatures, g_bytes_get_data (second, NULL), g_bytes_get_size (second), NULL);
  g_autoptr (McSpool) content = pgp_spool_text ("one\r\n");
  g_autoptr (McLayer) layer = pgp_verify (&pgp_own, content, signatures);
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
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) signature = pgp_sign (&pgp_own, content, pgp_alice);
  g_autoptr (GBytes) armour = pgp_load (signature);
  const char *text = g_bytes_get_data (armour, NULL);
  g_autofree char *twice = g_strconcat (text, text, NULL);
  g_autofree char *cut = g_strndup (text, 100);
  g_autofree char *mail = g_strconcat ("hello\n", text, NULL);
  const char *const inputs[] = { "", "hello", cut, twice, mail };
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    g_autoptr (McSpool) broken = pgp_spool_text (inputs[i]);
    g_autoptr (McLayer) layer = pgp_verify (&pgp_own, content, broken);
    CU_ASSERT_EQUAL (layer->structure, MC_CONTENT_MALFORMED);
    CU_ASSERT_TRUE (pgp_has_reason (layer->reasons, "malformed"));
  }
  /* a signed message is no detached signature: its content would be another */
  g_autoptr (GBytes) bytes = pgp_load (content);
  g_autofree char *line = g_strdup_printf ("--armor --sign -u %s", pgp_alice->fingerprint);
  g_autoptr (GBytes) opaque = pgp_gpg (&pgp_own, bytes, line);
  g_autoptr (McSpool) hidden = pgp_spool_bytes (opaque);
  g_autoptr (McLayer) layer = pgp_verify (&pgp_own, content, hidden);
  CU_ASSERT_EQUAL (layer->structure, MC_CONTENT_MALFORMED);
}

static void
check_weak (const char *digest)
{
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (GBytes) bytes = pgp_load (content);
  g_autofree char *line = g_strdup_printf (
    "--armor --detach-sign --digest-algo %s -u rsa@example.org", digest);
  g_autoptr (GBytes) armour = pgp_gpg (&pgp_own, bytes, line);
  g_autoptr (McSpool) signature = pgp_spool_bytes (armour);
  g_autoptr (McLayer) layer = pgp_verify (&pgp_own, content, signature);
  const McSigner *signer = pgp_only_signer (layer);
  const McIdentity *identity;
  CU_ASSERT_TRUE (signer->weak);
  CU_ASSERT_TRUE (pgp_has_reason (signer->reasons, "weak-digest"));
  CU_ASSERT_NOT_EQUAL (_mc_verdict_signer (signer, NULL, FALSE, &identity), MC_SIGNATURE_GOOD);
}

/* RSA signs with any digest. */
static void
test_verify_weak (void)
{
  g_autoptr (GBytes) made =
    pgp_gpg (&pgp_own, NULL, "--passphrase '' --quick-gen-key rsa@example.org rsa2048 sign");
  CU_ASSERT_PTR_NOT_NULL_FATAL (made);
  check_weak ("SHA1");
  check_weak ("RIPEMD160");
  check_weak ("MD5");
}

/* Expired since, expired before, and revoked: gpg lives in another time. */
static void
test_verify_validity (void)
{
  PgpHome past = { 0 };
  pgp_home_init (&past);
  g_autoptr (GBytes) made = pgp_gpg (&past, NULL,
                                 "--faked-system-time 20200101T000000 --passphrase '' "
                                 "--quick-gen-key 'Dora <dora@example.org>' ed25519 sign "
                                 "seconds=86400");
  CU_ASSERT_PTR_NOT_NULL (made);
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (GBytes) bytes = pgp_load (content);
  g_autoptr (GBytes) early = pgp_gpg (&past, bytes, "--faked-system-time 20200101T120000 "
                                                "--detach-sign");
  g_autoptr (McSpool) signature = pgp_spool_bytes (early);
  g_autoptr (McLayer) layer = pgp_verify (&past, content, signature);
  const McSigner *signer = pgp_only_signer (layer);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (signer->validity, MC_VALIDITY_EXPIRED);
  CU_ASSERT_TRUE (pgp_has_reason (signer->reasons, "expired-since"));
  CU_ASSERT_EQUAL (signer->valid_until, signer->valid_from + 86400);

  g_autoptr (GBytes) expiring = pgp_gpg (&past, bytes, "--faked-system-time 20200101T120000 "
                                     "--default-sig-expire seconds=3600 --detach-sign");
  g_autoptr (McSpool) short_lived = pgp_spool_bytes (expiring);
  g_autoptr (McLayer) old = pgp_verify (&past, content, short_lived);
  CU_ASSERT_EQUAL (pgp_only_signer (old)->validity, MC_VALIDITY_EXPIRED);
  pgp_home_clear (&past);
}

static void
test_verify_revoked (void)
{
  PgpHome place = { 0 };
  pgp_home_init (&place);
  g_autoptr (McKey) key = pgp_generate (&place, "rita@example.org", "Rita", "");
  g_autoptr (McSpool) content = pgp_spool_text (PGP_TEXT);
  g_autoptr (McSpool) signature = pgp_sign (&place, content, key);
  g_autofree char *upper = g_ascii_strup (key->fingerprint, -1);
  g_autofree char *path = g_strdup_printf ("%s/openpgp-revocs.d/%s.rev", place.folder, upper);
  g_autofree char *text = NULL;
  CU_ASSERT_TRUE_FATAL (g_file_get_contents (path, &text, NULL, NULL));
  char *armour = strstr (text, ":-----BEGIN");
  CU_ASSERT_PTR_NOT_NULL_FATAL (armour);
  g_autoptr (GBytes) revocation = g_bytes_new (armour + 1, strlen (armour + 1));
  g_autoptr (GBytes) output = pgp_gpg (&place, revocation, "--import");
  CU_ASSERT_PTR_NOT_NULL (output);

  g_autoptr (McLayer) layer = pgp_verify (&place, content, signature);
  const McSigner *signer = pgp_only_signer (layer);
  CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
  CU_ASSERT_EQUAL (signer->validity, MC_VALIDITY_REVOKED);
  CU_ASSERT_TRUE (pgp_has_reason (signer->reasons, "revoked"));
  g_autoptr (McKey) revoked = pgp_find_key (&place, key->fingerprint);
  CU_ASSERT_EQUAL (revoked->validity, MC_VALIDITY_REVOKED);
  CU_ASSERT_EQUAL (revoked->use, 0);
  pgp_home_clear (&place);
}

/* ------------------------------------------------------------ signed objects -- */

static void
test_opaque (void)
{
  const char *const options[] = { "", "--armor", "--compress-algo none", "--compress-algo zip",
                                  "--textmode" };
  g_autoptr (GBytes) text = g_bytes_new_static (PGP_TEXT, sizeof PGP_TEXT - 1);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autofree char *line = g_strdup_printf ("--sign -u alice@example.org %s", options[i]);
    g_autoptr (GBytes) bytes = pgp_gpg (&pgp_own, text, line);
    g_autoptr (McSpool) object = pgp_spool_bytes (bytes);
    g_auto (McUnwrapped) result = { 0 };
    pgp_unwrap (&pgp_own, object, &result);
    CU_ASSERT_STRING_EQUAL (result.format, "signed");
    CU_ASSERT_EQUAL (result.layers->len, 1);
    const McSigner *signer = pgp_only_signer (pgp_layer_at (&result, 0, MC_LAYER_SIGNED));
    CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
    if (strstr (options[i], "textmode") == NULL)
      CU_ASSERT_TRUE (pgp_holds (result.content, PGP_TEXT, sizeof PGP_TEXT - 1));
  }
}

static void
test_literal (void)
{
  const char *const options[] = { "", "--armor", "--compress-algo none", "--compress-algo zlib" };
  g_autoptr (GBytes) text = g_bytes_new_static (PGP_TEXT, sizeof PGP_TEXT - 1);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autofree char *line = g_strdup_printf ("--store %s", options[i]);
    g_autoptr (GBytes) bytes = pgp_gpg (&pgp_own, text, line);
    g_autoptr (McSpool) object = pgp_spool_bytes (bytes);
    g_auto (McUnwrapped) result = { 0 };
    pgp_unwrap (&pgp_own, object, &result);
    CU_ASSERT_EQUAL (result.layers->len, 0);
    CU_ASSERT_TRUE (pgp_holds (result.content, PGP_TEXT, sizeof PGP_TEXT - 1));
  }
}

static void
check_clearsigned (const char *block, McContentFact wanted, const char *text)
{
  g_autoptr (McSpool) object = pgp_spool_text (block);
  g_auto (McUnwrapped) result = { 0 };
  CU_ASSERT_TRUE (pgp_unwrap_full (&pgp_own, object, MC_UNWRAP_INLINE, &result, NULL));
  CU_ASSERT_STRING_EQUAL (result.format, "clearsigned");
  CU_ASSERT_EQUAL (pgp_only_signer (pgp_layer_at (&result, 0, MC_LAYER_SIGNED))->content, wanted);
  CU_ASSERT_TRUE (pgp_holds (result.content, text, strlen (text)));
}

static void
test_clearsigned (void)
{
  g_autofree char *block = pgp_clearsign ("one  \n- two\nFrom three\n\n-----BEGIN\nend\t\n");
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
  g_autofree char *empty = pgp_clearsign ("");
  check_clearsigned (empty, MC_CONTENT_INTACT, "\n");   /* what gpg writes for nothing */
}

static void
test_clearsigned_malformed (void)
{
  g_autofree char *block = pgp_clearsign ("text\n");
  char *blank = strstr (block, "\n\n");
  CU_ASSERT_PTR_NOT_NULL_FATAL (blank);
  g_autofree char *head = g_strndup (block, (gsize) (blank - block));
  const char *rest = blank + 2;
  g_autofree char *commented = g_strconcat (head, "\nComment: evil\n\n", rest, NULL);
  g_autofree char *dashed = g_strconcat (head, "\n\n-dash\n", rest, NULL);
  g_autofree char *nested = g_strconcat (head, "\n\n", block, NULL);
  const char *const inputs[] = { commented, dashed, nested };
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    g_autoptr (McSpool) object = pgp_spool_text (inputs[i]);
    g_auto (McUnwrapped) result = { 0 };
    CU_ASSERT_TRUE (pgp_unwrap_full (&pgp_own, object, MC_UNWRAP_INLINE, &result, NULL));
    CU_ASSERT_EQUAL (pgp_layer_at (&result, 0, MC_LAYER_SIGNED)->structure, MC_CONTENT_MALFORMED);
    CU_ASSERT_PTR_NULL (result.content);
  }
  g_autofree char *before = g_strconcat ("hello\n", block, NULL);
  g_autofree char *after = g_strconcat (block, "hello\n", NULL);
  const char *const around[] = { before, after };
  for (guint i = 0; i < G_N_ELEMENTS (around); i++) {
    g_autoptr (McSpool) object = pgp_spool_text (around[i]);
    g_auto (McUnwrapped) result = { 0 };
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (PGP_BACKEND->probe (pgp_own.engine, _mc_span_whole (object)));
    CU_ASSERT_FALSE (pgp_unwrap_full (&pgp_own, object, MC_UNWRAP_INLINE, &result, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
  }
}

/* Only text of a message may be clearsigned, never what stands in a multipart/encrypted. */
static void
test_clearsigned_not_inline (void)
{
  g_autofree char *block = pgp_clearsign ("Subject: text\n\nmore\n");
  g_autoptr (McSpool) object = pgp_spool_text (block);
  g_auto (McUnwrapped) result = { 0 };
  g_autoptr (GError) error = NULL;
  CU_ASSERT_FALSE (pgp_unwrap_full (&pgp_own, object, MC_UNWRAP_DEFAULT, &result, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
}

/* White space at the end of a line is not signed: a flip can make CR LF into TAB LF. */
static gboolean
says (McSpool *content, const char *text)
{
  g_autoptr (GInputStream) canonical =
    _mc_span_open (_mc_span_whole (content), MC_NEWLINES_CRLF);
  g_autoptr (McSpool) copy = pgp_spool ("", 0);
  return _mc_spool_append_stream (copy, canonical, NULL, NULL)
         && pgp_holds (copy, text, strlen (text));
}

/* Whatever octet is hit, what comes out as intact is what was signed. */
static void
check_signed_flips (McSpool *object, const char *text, gsize step)
{
  g_autoptr (GBytes) bytes = pgp_load (object);
  gsize size = g_bytes_get_size (bytes);
  for (gsize at = 0; at < size; at += step) {
    g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (bytes, NULL), size);
    copy[at] ^= (guint8) (1 << at % 7);
    g_autoptr (McSpool) flipped = pgp_spool (copy, size);
    g_auto (McUnwrapped) result = { 0 };
    if (!pgp_unwrap_full (&pgp_own, flipped, MC_UNWRAP_INLINE, &result, NULL)
        || result.layers->len == 0)
      continue;
    const McLayer *layer = result.layers->pdata[0];
    for (guint i = 0; i < layer->signers->len && layer->structure != MC_CONTENT_MALFORMED; i++)
      if (((McSigner *) layer->signers->pdata[i])->content == MC_CONTENT_INTACT)
        CU_ASSERT_TRUE (says (result.content, text));
  }
}

static void
test_signed_tampering (void)
{
  g_autoptr (GBytes) text = g_bytes_new_static (PGP_TEXT, sizeof PGP_TEXT - 1);
  g_autoptr (GBytes) bytes =
    pgp_gpg (&pgp_own, text, "--sign -u alice@example.org --compress-algo none");
  g_autoptr (McSpool) binary = pgp_spool_bytes (bytes);
  check_signed_flips (binary, PGP_TEXT, 7);
  g_autoptr (GBytes) clear = pgp_gpg (&pgp_own, text, "--clearsign -u alice@example.org");
  g_autoptr (McSpool) block = pgp_spool_bytes (clear);
  check_signed_flips (block, "Content-Type: text/plain\r\n\r\nGr\xc3\xbc\xc3\x9f Gott, trailing\r\n"
                             "- dash\r\nFrom x\r\n", 11);
}

static CU_TestInfo tests[] = {
  { "sign and verify", test_sign_verify },
  { "verify: canonical line ends", test_verify_canonical },
  { "verify: untrusted, unknown", test_verify_untrusted },
  { "verify: altered", test_verify_altered },
  { "verify: two signatures, one bad", test_verify_two },
  { "verify: malformed", test_verify_malformed },
  { "verify: weak digests", test_verify_weak },
  { "verify: expired", test_verify_validity },
  { "verify: revoked", test_verify_revoked },
  { "opaque signatures", test_opaque },
  { "literal data", test_literal },
  { "cleartext signatures", test_clearsigned },
  { "cleartext signatures: malformed", test_clearsigned_malformed },
  { "cleartext signatures: in a wrong place", test_clearsigned_not_inline },
  { "tampering with signed objects", test_signed_tampering },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_openpgp_signatures = {
  "openpgp_signatures", pgp_init_suite, pgp_clean_suite, NULL, NULL, tests
};
