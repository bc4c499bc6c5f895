/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "unit.h"

#include "mime/compose.h"
#include "sample.h"

#include <string.h>

/* ------------------------------------------------------------------- header -- */

static char *
header_of (const char *text, McHeaderMode mode, const char *newline)
{
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = sample_tree (text, &spool);
  g_autoptr (McSpool) output = sample_spool ("", 0);

  g_autoptr (GPtrArray) lines = _mc_header_lines_of (tree->fields);
  CU_ASSERT_TRUE_FATAL (_mc_compose_header (lines, mode, newline, output, NULL));
  return sample_spool_text (output);
}

static void
expect_header (const char *text, const char *sent, const char *kept)
{
  g_autofree char *got_sent = header_of (text, MC_HEADER_SEND, "\r\n");
  g_autofree char *got_kept = header_of (text, MC_HEADER_KEEP, "\n");
  g_autofree char *wanted = sample_crlf (sent);

  CU_ASSERT_STRING_EQUAL (got_sent, wanted);
  CU_ASSERT_STRING_EQUAL (got_kept, kept);
}

static void
test_header (void)
{
  expect_header ("From: a\nContent-Type: text/x\nmime-version: 1.0\nBcc: secret\n\tand more\n"
                 "Resent-Bcc: x\nAuthentication-Results: y\nno field\nSubject: \303\274\n  x \n\n",
                 "From: a\nSubject: \303\274\n  x \nMIME-Version: 1.0\n",
                 "From: a\nBcc: secret\n\tand more\nResent-Bcc: x\nAuthentication-Results: y\n"
                 "Subject: \303\274\n  x \nMIME-Version: 1.0\n");
  expect_header ("To: a\r\n b\r\n\r\nbody", "To: a\n b\nMIME-Version: 1.0\n",
                 "To: a\n b\nMIME-Version: 1.0\n");
  expect_header ("To: a", "To: a\nMIME-Version: 1.0\n", "To: a\nMIME-Version: 1.0\n");
  expect_header ("\nbody", "MIME-Version: 1.0\n", "MIME-Version: 1.0\n");
}

/* A CR alone would be a line break to some. */
static void
test_no_field_out_of_a_field (void)
{
  expect_header ("Subject: a\rBcc: b\n\n", "Subject: a Bcc: b\nMIME-Version: 1.0\n",
                 "Subject: a\rBcc: b\nMIME-Version: 1.0\n");
}

/* ------------------------------------------------------------------- signed -- */

static McEntity *
child (const McTree *tree, guint i)
{
  CU_ASSERT_TRUE_FATAL (i < tree->root->children->len);
  return g_ptr_array_index (tree->root->children, i);
}

static void
expect_span (McSpan span, const char *text)
{
  g_autofree char *got = sample_text (span);
  CU_ASSERT_STRING_EQUAL (got, text);
}

/* The payload is found again octet for octet, however it ends. */
static void
test_signed (void)
{
  static const char *const payloads[] = {
    "A: b\r\n\r\nbody", "A: b\r\n\r\nbody\r\n", "A: b\r\n\r\n", "A: b\r\n\r\n\r\n", "A: b\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (payloads); i++) {
    g_autoptr (McSpool) payload = sample_spool (payloads[i], -1);
    g_autoptr (McSpool) signature = sample_spool ("-----BEGIN\nx\n-----END\n", -1);
    g_autoptr (McSpool) output = sample_spool ("MIME-Version: 1.0\r\n", -1);
    g_autoptr (McSpool) spool = NULL;

    CU_ASSERT_TRUE_FATAL (_mc_compose_signed (_mc_span_whole (payload), _mc_span_whole (signature),
                                              "application/pgp-signature", "pgp-sha256", output,
                                              NULL));
    g_autofree char *text = sample_spool_text (output);
    g_autoptr (McTree) tree = sample_tree (text, &spool);
    CU_ASSERT_TRUE (_mc_entity_is (tree->root, "multipart/signed"));
    CU_ASSERT_EQUAL_FATAL (tree->root->children->len, 2);
    CU_ASSERT_FALSE (tree->root->disagrees);
    CU_ASSERT_FALSE (tree->root->unterminated);
    CU_ASSERT_TRUE (tree->root->quoted_protocol);
    CU_ASSERT_STRING_EQUAL (_mc_entity_get_parameter (tree->root, "micalg"), "pgp-sha256");
    expect_span (_mc_entity_get_span (child (tree, 0)), payloads[i]);
    expect_span (child (tree, 1)->body, "-----BEGIN\r\nx\r\n-----END\r\n");
  }
}

static void
test_signed_der (void)
{
  g_autoptr (McSpool) payload = sample_spool ("A: b\r\n\r\nbody", -1);
  g_autoptr (McSpool) signature = sample_spool ("\0\377\n", 3);
  g_autoptr (McSpool) output = sample_spool ("", 0);
  g_autoptr (McSpool) spool = NULL;

  CU_ASSERT_TRUE_FATAL (_mc_compose_signed (_mc_span_whole (payload), _mc_span_whole (signature),
                                            "application/pkcs7-signature", "sha-256,sha-512",
                                            output, NULL));
  g_autofree char *text = sample_spool_text (output);
  g_autoptr (McTree) tree = sample_tree (text, &spool);
  CU_ASSERT_STRING_EQUAL (_mc_entity_get_parameter (tree->root, "micalg"), "sha-256,sha-512");
  expect_span (_mc_entity_get_span (child (tree, 0)), "A: b\r\n\r\nbody");
  expect_span (child (tree, 1)->body, "AP8K\r\n");
  CU_ASSERT_STRING_EQUAL (child (tree, 1)->filename, "smime.p7s");
  CU_ASSERT_STRING_EQUAL (child (tree, 1)->encoding, "base64");
}

static void
test_invalid (void)
{
  static const char *const micalgs[] = { "a\"b", "a\r\nBcc: x", "a b", "\303\274", "a\\" };
  g_autoptr (McSpool) some = sample_spool ("A: b\n\nbody", -1);
  g_autoptr (McSpool) output = sample_spool ("", 0);
  McSpan span = _mc_span_whole (some);

  for (gsize i = 0; i < G_N_ELEMENTS (micalgs); i++) {
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (_mc_compose_signed (span, span, "application/pgp-signature", micalgs[i],
                                         output, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
  }
  CU_ASSERT_FALSE (_mc_compose_signed (span, span, "text/plain", "x", output, NULL));
  CU_ASSERT_FALSE (_mc_compose_pkcs7 (span, "x", output, NULL));
  CU_ASSERT_EQUAL (_mc_spool_get_size (output), 0);
}

/* ---------------------------------------------------------------- encrypted -- */

static void
test_pgp_encrypted (void)
{
  g_autoptr (McSpool) armour = sample_spool ("-----BEGIN\n\nx\n-----END", -1);
  g_autoptr (McSpool) output = sample_spool ("", 0);
  g_autoptr (McSpool) spool = NULL;

  CU_ASSERT_TRUE_FATAL (_mc_compose_pgp_encrypted (_mc_span_whole (armour), output, NULL));
  g_autofree char *text = sample_spool_text (output);
  g_autoptr (McTree) tree = sample_tree (text, &spool);
  CU_ASSERT_TRUE (_mc_entity_is (tree->root, "multipart/encrypted"));
  CU_ASSERT_STRING_EQUAL (_mc_entity_get_parameter (tree->root, "protocol"),
                          "application/pgp-encrypted");
  CU_ASSERT_EQUAL_FATAL (tree->root->children->len, 2);
  CU_ASSERT_TRUE (_mc_entity_is (child (tree, 0), "application/pgp-encrypted"));
  expect_span (child (tree, 0)->body, "Version: 1\r\n");
  CU_ASSERT_TRUE (_mc_entity_is (child (tree, 1), "application/octet-stream"));
  expect_span (child (tree, 1)->body, "-----BEGIN\r\n\r\nx\r\n-----END\r\n");
}

static void
test_pkcs7 (void)
{
  static const char *const formats[][3] = {
    { "enveloped-data", "enveloped-data", "smime.p7m" },
    { "auth-enveloped-data", "authEnveloped-data", "smime.p7m" },
    { "signed-data", "signed-data", "smime.p7m" },
    { "compressed-data", "compressed-data", "smime.p7z" },
    { "certs-only", "certs-only", "smime.p7c" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (McSpool) der = sample_spool ("\0\1\2", 3);
    g_autoptr (McSpool) output = sample_spool ("", 0);
    g_autoptr (McSpool) spool = NULL;

    CU_ASSERT_TRUE_FATAL (_mc_compose_pkcs7 (_mc_span_whole (der), formats[i][0], output, NULL));
    g_autofree char *text = sample_spool_text (output);
    g_autoptr (McTree) tree = sample_tree (text, &spool);
    CU_ASSERT_TRUE (_mc_entity_is (tree->root, "application/pkcs7-mime"));
    CU_ASSERT_STRING_EQUAL (_mc_entity_get_parameter (tree->root, "smime-type"), formats[i][1]);
    CU_ASSERT_STRING_EQUAL (tree->root->filename, formats[i][2]);
    expect_span (tree->root->body, "AAEC\r\n");
  }
}

static void
test_with_key (void)
{
  static const char *const keys[] = { "-----BEGIN\nkey\n-----END\n", "\201binary" };

  for (gsize i = 0; i < 2; i++) {
    g_autoptr (McSpool) payload = sample_spool ("A: b\r\n\r\nbody", -1);
    g_autoptr (McSpool) key = sample_spool (keys[i], -1);
    g_autoptr (McSpool) output = sample_spool ("", 0);
    g_autoptr (McSpool) decoded = sample_spool ("", 0);
    g_autoptr (McSpool) spool = NULL;

    CU_ASSERT_TRUE_FATAL (_mc_compose_with_key (_mc_span_whole (payload), _mc_span_whole (key),
                                                "application/pgp-keys", "a\"\r\n\303\274/b.asc",
                                                output, NULL));
    g_autofree char *text = sample_spool_text (output);
    g_autoptr (McTree) tree = sample_tree (text, &spool);
    CU_ASSERT_EQUAL_FATAL (tree->root->children->len, 2);
    expect_span (_mc_entity_get_span (child (tree, 0)), "A: b\r\n\r\nbody");
    CU_ASSERT_STRING_EQUAL (child (tree, 1)->filename, "a______b.asc");
    CU_ASSERT_TRUE (_mc_entity_is (child (tree, 1), "application/pgp-keys"));
    CU_ASSERT_TRUE (_mc_entity_decode (child (tree, 1), decoded, TRUE, NULL, NULL));
    g_autofree char *got = sample_spool_text (decoded);
    g_autofree char *wanted = i == 0 ? sample_crlf (keys[i]) : g_strdup (keys[i]);
    CU_ASSERT_STRING_EQUAL (got, wanted);
  }
}

static void
test_newline (void)
{
  static const struct {
    const char *text;
    const char *newline;
  } cases[] = {
    { "", "\n" }, { "a", "\n" }, { "a\nb\r\n", "\n" }, { "a\r\nb\n", "\r\n" },
    { "\r\n", "\r\n" }, { "\n", "\n" }, { "a\rb\n", "\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (McSpool) spool = sample_spool (cases[i].text, -1);
    CU_ASSERT_STRING_EQUAL (_mc_span_get_newline (_mc_span_whole (spool)), cases[i].newline);
  }
  g_autofree char *x = sample_repeat ("x", 1023);
  g_autofree char *text = g_strconcat (x, "\r\n", NULL);
  g_autoptr (McSpool) spool = sample_spool (text, -1);
  CU_ASSERT_STRING_EQUAL (_mc_span_get_newline (_mc_span_whole (spool)), "\r\n");
}

static CU_TestInfo tests[] = {
  { "header", test_header },
  { "no field out of a field", test_no_field_out_of_a_field },
  { "signed", test_signed },
  { "signed, DER", test_signed_der },
  { "invalid", test_invalid },
  { "encrypted, OpenPGP", test_pgp_encrypted },
  { "CMS", test_pkcs7 },
  { "with a key", test_with_key },
  { "newline", test_newline },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_compose = {
  .pName = "compose",
  .pTests = tests,
};
