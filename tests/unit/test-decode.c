/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "unit.h"

#include "mime/tree.h"
#include "sample.h"

#include <string.h>

/* A text part with these fields and this body. */
static McTree *
make (const char *fields, const char *body, McSpool **ret_spool)
{
  g_autofree char *text = g_strconcat (fields, "\n\n", body, NULL);
  return sample_tree (text, ret_spool);
}

static gboolean
decode (const McTree *tree, gboolean strict, McSpool *output, GError **error)
{
  return _mc_entity_decode (tree->root, output, strict, NULL, error);
}

static void
expect (const char *encoding, const char *body, const char *decoded)
{
  g_autofree char *field = g_strconcat ("Content-Transfer-Encoding: ", encoding, NULL);
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = make (field, body, &spool);
  g_autoptr (McSpool) output = sample_spool ("", 0);

  CU_ASSERT_TRUE (decode (tree, FALSE, output, NULL));
  g_autofree char *got = sample_spool_text (output);
  CU_ASSERT_STRING_EQUAL (got, decoded);
  if (strcmp (got, decoded) != 0)
    g_printerr ("\n  %s: %s\n", encoding, got);
}

static void
test_encodings (void)
{
  expect ("7bit", "a=3D\n", "a=3D\n");
  expect ("x-unknown", "a=3D\n", "a=3D\n");
  expect ("base64", "aGVsbG8K\n", "hello\n");
  expect ("Base64", "aGVs\r\nbG8K", "hello\n");
  expect ("base64", "aGVs!bG8K", "hello\n");
  expect ("quoted-printable", "a=3Db=\nc \nd=C3=BC\n", "a=bc\nd\303\274\n");
  expect ("quoted-printable", "a=", "a");
  expect ("x-uuencode", "begin 644 x\n&:&5L;&\\*\n`\nend\n", "hello\n");
}

static void
test_multipart_is_not_encoded (void)
{
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = make ("Content-Type: multipart/mixed; boundary=b\n"
                                  "Content-Transfer-Encoding: base64",
                                  "--b\n\none\n--b--\n", &spool);
  g_autoptr (McSpool) output = sample_spool ("", 0);

  CU_ASSERT_EQUAL (tree->root->children->len, 1);
  CU_ASSERT_TRUE (decode (tree, FALSE, output, NULL));
  g_autofree char *got = sample_spool_text (output);
  CU_ASSERT_STRING_EQUAL (got, "--b\n\none\n--b--\n");
}

static void
expect_strict (const char *body, gboolean valid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = make ("Content-Transfer-Encoding: base64", body, &spool);
  g_autoptr (McSpool) output = sample_spool ("", 0);

  CU_ASSERT_EQUAL (decode (tree, TRUE, output, &error), valid);
  CU_ASSERT_EQUAL (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED), !valid);
}

static void
test_strict_base64 (void)
{
  expect_strict ("", TRUE);
  expect_strict ("aGVsbG8K", TRUE);
  expect_strict ("aGVs\r\n \tbG8=\n\n", TRUE);
  expect_strict ("aG==", TRUE);
  expect_strict ("aGVsbG8", FALSE);
  expect_strict ("aGVsbG8K=", FALSE);
  expect_strict ("a===", FALSE);
  expect_strict ("aG==aGVs", FALSE);
  expect_strict ("aGVs-G8K", FALSE);
  expect_strict ("aGVsbG8K\n--\nfooter\n", FALSE);
}

static void
test_limit (void)
{
  McLimits limits;
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = make ("Content-Transfer-Encoding: base64", "aGVsbG8K", &spool);

  _mc_limits_init (&limits);
  limits.total_bytes = 5;
  g_autoptr (McSpool) output = _mc_spool_new (&limits);
  CU_ASSERT_FALSE (decode (tree, FALSE, output, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT));
}

static void
test_cancellation (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = make ("A: b", "body", &spool);
  g_autoptr (McSpool) output = sample_spool ("", 0);

  g_cancellable_cancel (cancellable);
  CU_ASSERT_FALSE (_mc_entity_decode (tree->root, output, TRUE, cancellable, &error));
  CU_ASSERT_PTR_NOT_NULL (error);
}

static void
test_large (void)
{
  GString *body = g_string_new (NULL);
  for (guint i = 0; i < 100 * 1000; i++)
    g_string_append_printf (body, "%c%c=%c%c\n", 'a' + (int) (i % 26), '"', "3C0A"[i % 2 * 2],
                            "3C0A"[i % 2 * 2 + 1]);
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = make ("Content-Transfer-Encoding: quoted-printable", body->str, &spool);
  g_autoptr (McSpool) output = sample_spool ("", 0);

  CU_ASSERT_TRUE (decode (tree, FALSE, output, NULL));
  CU_ASSERT_EQUAL (_mc_spool_get_size (output), 400 * 1000);
  g_string_free (body, TRUE);
}

/* 200,001 octets in lines of base64, some of them odd. */
static char *
make_lines (GByteArray *octets)
{
  GString *lines = g_string_new (NULL);
  for (guint i = 0; i < 200001; i++) {
    guint8 octet = (guint8) (i * 7 + i / 251);
    g_byte_array_append (octets, &octet, 1);
  }
  g_autofree char *text = g_base64_encode (octets->data, octets->len);
  for (gsize at = 0, size = strlen (text); at < size; at += 75 + at % 3)
    g_string_append_printf (lines, "%.*s%s", (int) (75 + at % 3), text + at,
                            at % 2 == 0 ? "\r\n" : " \n");
  return g_string_free (lines, FALSE);
}

static void
expect_range (McSpool *spool, const GByteArray *octets, guint64 offset, gsize size)
{
  g_autofree guint8 *got = g_malloc (size);
  CU_ASSERT_EQUAL (_mc_spool_read_at (spool, offset, got, size, NULL), (gssize) size);
  CU_ASSERT_EQUAL (memcmp (got, octets->data + offset, size), 0);
}

/* Much base64 is decoded where it is read: from any place, in any order. */
static void
test_large_base64 (void)
{
  g_autoptr (GByteArray) octets = g_byte_array_new ();
  g_autofree char *body = make_lines (octets);
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = make ("Content-Transfer-Encoding: base64", body, &spool);
  g_autoptr (McSpool) output = sample_spool ("", 0);

  CU_ASSERT_TRUE_FATAL (decode (tree, TRUE, output, NULL));
  CU_ASSERT_EQUAL_FATAL (_mc_spool_get_size (output), octets->len);
  expect_range (output, octets, 0, octets->len);
  for (guint i = 0; i < 300; i++)
    expect_range (output, octets, i * 40093u % 180000, 1 + i * 61 % 20000);
  expect_range (output, octets, 200000, 1);
  expect_range (output, octets, 0, 1);

  /* as part of something else, and without what it was made from */
  g_autoptr (McSpool) part = sample_spool ("x", 1);
  CU_ASSERT_TRUE (_mc_spool_append_span (part, (McSpan) { output, 70000, 190000 }, NULL));
  g_clear_pointer (&tree, _mc_tree_free);
  g_clear_pointer (&spool, _mc_spool_unref);
  g_clear_pointer (&output, _mc_spool_unref);
  g_autofree guint8 *got = g_malloc (120001);
  CU_ASSERT_EQUAL (_mc_spool_read_at (part, 0, got, 120001, NULL), 120001);
  CU_ASSERT_EQUAL (memcmp (got + 1, octets->data + 70000, 120000), 0);
}

static void
test_large_base64_broken (void)
{
  static const gsize places[] = { 0, 65535, 65536, 131072, 200000, 266000 };
  g_autoptr (GByteArray) octets = g_byte_array_new ();
  g_autofree char *body = make_lines (octets);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++) {
    char kept = body[places[i]];
    body[places[i]] = '!';
    expect_strict (body, FALSE);
    body[places[i]] = kept;
  }
  expect_strict (body, TRUE);
}

static void
expect_text (const char *fields, const char *body, gsize max_bytes, const char *text)
{
  McLimits limits;
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = make (fields, body, &spool);

  _mc_limits_init (&limits);
  g_autofree char *got = _mc_entity_read_text (tree->root, &limits, max_bytes, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (got);
  CU_ASSERT_STRING_EQUAL (got, text);
}

static void
test_text (void)
{
  expect_text ("A: b", "hello", 100, "hello");
  expect_text ("A: b", "hello", 5, "hello");
  expect_text ("A: b", "hello", 4, "hell");
  expect_text ("A: b", "hello", 0, "");
  expect_text ("Content-Type: text/plain; charset=utf-8", "\303\274\303\274", 3, "\303\274");
  expect_text ("Content-Type: text/plain; charset=iso-8859-1", "\374", 9, "\303\274");
  expect_text ("Content-Type: text/plain; charset=no-such", "a\374", 9, "a\\xFC");
  expect_text ("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64",
               "w7w=", 9, "\303\274");
}

static CU_TestInfo tests[] = {
  { "encodings", test_encodings },
  { "multipart", test_multipart_is_not_encoded },
  { "strict base64", test_strict_base64 },
  { "limit", test_limit },
  { "cancellation", test_cancellation },
  { "large", test_large },
  { "large base64", test_large_base64 },
  { "large base64, broken", test_large_base64_broken },
  { "text", test_text },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_decode = {
  .pName = "decode",
  .pTests = tests,
};
