/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "unit.h"

#include "mime/compose.h"
#include "mime/encode.h"
#include "mime/traits.h"
#include "sample.h"

#include <string.h>

static char *
payload_of (const char *text, McCanonMode mode)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = sample_tree (text, &spool);
  g_autoptr (McSpool) output = sample_spool ("", 0);

  CU_ASSERT_TRUE_FATAL (_mc_compose_payload (tree, mode, output, &error));
  return sample_spool_text (output);
}

/* @payload with LF; from @text with LF as with CRLF; and once more from the result. */
static void
expect (McCanonMode mode, const char *text, const char *payload)
{
  g_autofree char *wanted = sample_crlf (payload);
  g_autofree char *crlf_text = sample_crlf (text);
  g_autofree char *from_lf = payload_of (text, mode);
  g_autofree char *from_crlf = payload_of (crlf_text, mode);
  g_autofree char *again = payload_of (from_lf, mode);

  CU_ASSERT_STRING_EQUAL (from_lf, wanted);
  CU_ASSERT_STRING_EQUAL (from_crlf, wanted);
  CU_ASSERT_STRING_EQUAL (again, wanted);
  if (strcmp (from_lf, wanted) != 0)
    g_printerr ("\n--- got\n%s\n--- want\n%s\n---\n", from_lf, wanted);
  if (strcmp (again, wanted) != 0)
    g_printerr ("\n--- again\n%s\n--- want\n%s\n---\n", again, wanted);
}

static void
expect_both (const char *text, const char *payload)
{
  expect (MC_CANON_SIGN, text, payload);
  expect (MC_CANON_ENCRYPT, text, payload);
}

#define PLAIN "Content-Type: text/plain; charset=utf-8\n"

static void
test_unchanged (void)
{
  expect_both ("From: a\nMIME-Version: 1.0\n" PLAIN "X: y\nContent-Language: en\n\nbody\n",
               PLAIN "Content-Language: en\n\nbody\n");
  expect_both (PLAIN "\nbody", PLAIN "\nbody");
  expect_both (PLAIN "\n", PLAIN "\n");
  expect_both (PLAIN, PLAIN "\n");
  expect_both (PLAIN "\n\n\n", PLAIN "\n\n\n");
  expect_both ("content-type: text/x;\n\ta=b\nno field\n\nx", "content-type: text/x;\n\ta=b\n\nx");
  expect_both (PLAIN "Content-Transfer-Encoding: quoted-printable\n\na=3D=\n",
               PLAIN "Content-Transfer-Encoding: quoted-printable\n\na=3D=\n");
}

static void
test_no_type (void)
{
  expect_both ("From: a\n\nbody\n", "Content-Type: text/plain; charset=us-ascii\n\nbody\n");
  expect_both ("plain text\n", "Content-Type: text/plain; charset=us-ascii\n\nplain text\n");
  expect (MC_CANON_ENCRYPT, "A: b\n\n\303\274\n",
          PLAIN "Content-Transfer-Encoding: 8bit\n\n\303\274\n");
  expect (MC_CANON_SIGN, "A: b\n\nhello \303\274\nhello\n",
          PLAIN "Content-Transfer-Encoding: quoted-printable\n\nhello =C3=BC\nhello\n");
  expect (MC_CANON_ENCRYPT, "A: b\n\n\374\n",
          "Content-Type: text/plain; charset=unknown-8bit\n"
          "Content-Transfer-Encoding: 8bit\n\n\374\n");
}

static void
test_text_for_signing (void)
{
  expect (MC_CANON_SIGN, PLAIN "Content-Transfer-Encoding: 8bit\nContent-Language: de\n\n"
          "Gr\303\274\303\237e aus der Ferne\n",
          PLAIN "Content-Transfer-Encoding: quoted-printable\nContent-Language: de\n\n"
          "Gr=C3=BC=C3=9Fe aus der Ferne\n");
  expect (MC_CANON_SIGN, PLAIN "\nFrom here\n>From there\n",
          PLAIN "Content-Transfer-Encoding: quoted-printable\n\n=46rom here\n>From there\n");
  expect (MC_CANON_SIGN, PLAIN "\n-- \nme\t\n  x",
          PLAIN "Content-Transfer-Encoding: quoted-printable\n\n=2D-=20\nme=09\n  x");
  expect (MC_CANON_SIGN, PLAIN "\nx ",
          PLAIN "Content-Transfer-Encoding: quoted-printable\n\nx=20");
  expect (MC_CANON_SIGN, PLAIN "\n\303\274\303\274\303\274\303\274\n",
          PLAIN "Content-Transfer-Encoding: base64\n\nw7zDvMO8w7wNCg==");
  expect (MC_CANON_ENCRYPT, PLAIN "\nFrom here \303\274 \n", PLAIN "\nFrom here \303\274 \n");
}

static void
test_labels (void)
{
  expect (MC_CANON_SIGN, PLAIN "Content-Transfer-Encoding: 8bit\n\nascii\n",
          PLAIN "Content-Transfer-Encoding: 7bit\n\nascii\n");
  expect (MC_CANON_ENCRYPT, PLAIN "Content-Transfer-Encoding: 8bit\n\nascii\n",
          PLAIN "Content-Transfer-Encoding: 8bit\n\nascii\n");
}

static void
test_long_lines (void)
{
  g_autofree char *fit = sample_repeat ("x", 998);
  g_autofree char *text = g_strconcat (PLAIN "\n", fit, "\n", NULL);
  expect_both (text, text);

  g_autofree char *unfit = g_strconcat (PLAIN "\n", fit, "x\n", NULL);
  g_autofree char *payload = payload_of (unfit, MC_CANON_ENCRYPT);
  CU_ASSERT_PTR_NOT_NULL (strstr (payload, "quoted-printable\r\n\r\nxxx"));
  CU_ASSERT_PTR_NOT_NULL (strstr (payload, "=\r\n"));
}

static void
test_bare_cr (void)
{
  g_autofree char *payload = payload_of (PLAIN "\na\rb\n", MC_CANON_ENCRYPT);
  CU_ASSERT_PTR_NOT_NULL (strstr (payload, "quoted-printable\r\n\r\na=0Db\r\n"));
}

static void
test_encoded_parts (void)
{
  expect (MC_CANON_SIGN, PLAIN "Content-Transfer-Encoding: quoted-printable\n\nFrom =C3=BC\nx=20 \n",
          PLAIN "Content-Transfer-Encoding: quoted-printable\n\n=46rom =C3=BC\nx=20\n");
  expect (MC_CANON_SIGN, PLAIN "Content-Transfer-Encoding: base64\n\nw7w= \n",
          PLAIN "Content-Transfer-Encoding: base64\n\nw7w=");
  /* what is not known cannot be done anew */
  expect (MC_CANON_SIGN, PLAIN "Content-Transfer-Encoding: x-zip\n\nx \n",
          PLAIN "Content-Transfer-Encoding: x-zip\n\nx \n");
}

/* Line breaks of what is no text are its content. */
static void
test_binary (void)
{
  g_autofree char *lf = payload_of ("Content-Type: application/x\n\n\303\n", MC_CANON_SIGN);
  g_autofree char *crlf = payload_of ("Content-Type: application/x\n\n\303\r\n", MC_CANON_SIGN);
  CU_ASSERT_STRING_EQUAL (lf, "Content-Type: application/x\r\n"
                              "Content-Transfer-Encoding: base64\r\n\r\nwwo=");
  CU_ASSERT_STRING_EQUAL (crlf, "Content-Type: application/x\r\n"
                                "Content-Transfer-Encoding: base64\r\n\r\nww0K");
  g_autofree char *marked = payload_of ("Content-Type: application/pkcs7-mime\n"
                                        "Content-Transfer-Encoding: binary\n\n0\n",
                                        MC_CANON_ENCRYPT);
  CU_ASSERT_STRING_EQUAL (marked, "Content-Type: application/pkcs7-mime\r\n"
                                  "Content-Transfer-Encoding: base64\r\n\r\nMAo=");
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n"

static void
test_multipart (void)
{
  expect_both ("A: b\n" MIXED "\n--b\n\none\n--b\nX: y\n\ntwo\n\n--b--\n",
               MIXED "\n--b\n\none\n--b\nX: y\n\ntwo\n\n--b--\n");
  expect_both (MIXED "\n--b\n--b\nA: b\n--b\nA: b\n\n--b--",
               MIXED "\n--b\n--b\nA: b\n--b\nA: b\n\n--b--");
  expect (MC_CANON_SIGN,
          MIXED "Content-Transfer-Encoding: 8bit\n\n--b \n" PLAIN "X: y \n \n\n\303\274 and more text\n"
          "--b\nContent-Type: image/x\n\n\377\n--b--\n",
          MIXED "Content-Transfer-Encoding: 7bit\n\n--b\n" PLAIN "X: y\n"
          "Content-Transfer-Encoding: quoted-printable\n\n=C3=BC and more text\n"
          "--b\nContent-Type: image/x\nContent-Transfer-Encoding: base64\n\n/w==\n--b--\n");
}

static void
test_surroundings (void)
{
  static const char text[] =
    MIXED "\nFrom \303\274 \t \n x  y\n--b\n\none\n--b--\t\nFrom here\n";
  expect (MC_CANON_SIGN, text, MIXED "\nFrom_??\n x  y\n--b\n\none\n--b--\nFrom_here\n");
  expect (MC_CANON_ENCRYPT, text, text);
}

/* Someone else's signature is not touched. */
static void
test_opaque (void)
{
  static const char part[] =
    "Content-Type: multipart/signed; boundary=s \n \n\nFrom \303\274 \n--s\n" PLAIN "\n\303\274 \n"
    "--s\nContent-Type: application/pgp-signature\n\nx \n--s--\n";
  g_autofree char *text = g_strconcat (MIXED "\n--b\n\none \n--b\n", part, "--b--\n", NULL);
  g_autofree char *payload = g_strconcat (
    MIXED "\n--b\nContent-Transfer-Encoding: quoted-printable\n\none=20\n--b\n", part, "--b--\n",
    NULL);
  expect (MC_CANON_SIGN, text, payload);
  expect_both (part, part);

  static const char opaque[] = "Content-Type: application/pkcs7-mime\n"
                               "Content-Transfer-Encoding: base64\n\nMAo= \n";
  expect_both (opaque, opaque);
}

static void
test_forwarded (void)
{
  expect (MC_CANON_SIGN,
          "Content-Type: message/rfc822\n\nFrom x\nSubject: \303\274 \n" PLAIN "\nab \n",
          "Content-Type: message/rfc822\n\n>From x\nSubject: \303\274\n" PLAIN
          "Content-Transfer-Encoding: quoted-printable\n\nab=20\n");
}

/* ------------------------------------------------------------------ encoders -- */

static char *
quote (const char *data, gsize size, gsize piece)
{
  g_auto (McWriter) writer = { 0 };
  McQuoter quoter;
  g_autoptr (McSpool) spool = sample_spool ("", 0);

  _mc_writer_init (&writer, spool);
  _mc_quoter_init (&quoter, &writer);
  for (gsize at = 0; at < size; at += piece)
    _mc_quoter_put (&quoter, data + at, MIN (piece, size - at));
  _mc_quoter_finish (&quoter);
  CU_ASSERT_TRUE_FATAL (_mc_writer_finish (&writer, NULL));
  return sample_spool_text (spool);
}

static char *
unquote (const char *quoted)
{
  g_autofree char *text = g_strconcat ("Content-Transfer-Encoding: quoted-printable\n\n", quoted,
                                       NULL);
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = sample_tree (text, &spool);
  g_autoptr (McSpool) output = sample_spool ("", 0);
  CU_ASSERT_TRUE_FATAL (_mc_entity_decode (tree->root, output, FALSE, NULL, NULL));
  return sample_spool_text (output);
}

static void
check_quoted (const char *quoted)
{
  g_auto (GStrv) lines = g_strsplit (quoted, "\r\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    gsize size = strlen (lines[i]);
    CU_ASSERT_TRUE (size <= 76);
    CU_ASSERT_TRUE (size == 0 || strchr (" \t", lines[i][size - 1]) == NULL);
    CU_ASSERT_FALSE (g_str_has_prefix (lines[i], "From "));
    CU_ASSERT_FALSE (g_str_has_prefix (lines[i], "--"));
    CU_ASSERT_TRUE (g_str_is_ascii (lines[i]));
  }
}

/* Random text of what is awkward; what comes out is what went in, with CRLF. */
static void
test_quoted_printable (void)
{
  static const char *const units[] = {
    "\n", "\r\n", "\r", " ", "\t", "=", "From ", "--", "a", "\303\274", ".", "\177", "bcdefgh",
  };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);

  for (guint round = 0; round < 500; round++) {
    GString *text = g_string_new (NULL);
    gint32 n = g_rand_int_range (random, 0, 100);
    for (gint32 i = 0; i < n; i++)
      g_string_append (text, units[g_rand_int_range (random, 0, G_N_ELEMENTS (units))]);

    g_autofree char *whole = quote (text->str, text->len, 1000);
    g_autofree char *pieces = quote (text->str, text->len, 1);
    g_autofree char *back = unquote (whole);
    g_string_replace (text, "\r\n", "\n", 0);
    g_string_replace (text, "\n", "\r\n", 0);
    CU_ASSERT_STRING_EQUAL (whole, pieces);
    CU_ASSERT_STRING_EQUAL (back, text->str);
    check_quoted (whole);
    g_string_free (text, TRUE);
  }
}

static void
test_base64 (void)
{
  for (gsize size = 0; size < 200; size++) {
    g_auto (McWriter) writer = { 0 };
    McBase64 base64;
    g_autoptr (McSpool) spool = sample_spool ("", 0);
    g_autofree char *data = sample_repeat ("\377", size);

    _mc_writer_init (&writer, spool);
    _mc_base64_init (&base64, &writer, FALSE);
    for (gsize at = 0; at < size; at += 7)
      _mc_base64_put (&base64, data + at, MIN (7, size - at));
    _mc_base64_finish (&base64);
    CU_ASSERT_TRUE_FATAL (_mc_writer_finish (&writer, NULL));
    g_autofree char *text = sample_spool_text (spool);
    gsize n = 0;
    g_autofree guchar *back = g_base64_decode (text, &n);
    CU_ASSERT_EQUAL (n, size);
    CU_ASSERT_EQUAL (memcmp (back, data, size), 0);
    CU_ASSERT_EQUAL (strlen (text), (size + 2) / 3 * 4 + (size > 0 ? (size - 1) / 57 * 2 : 0));
  }
}

static void
read_traits (const char *text, gsize piece, McTraits *ret_traits)
{
  gsize size = strlen (text);
  _mc_traits_init (ret_traits);
  for (gsize at = 0; at < size; at += piece)
    _mc_traits_put (ret_traits, text + at, MIN (piece, size - at));
  _mc_traits_finish (ret_traits);
}

static void
test_utf8_across_pieces (void)
{
  static const struct {
    const char *text;
    gboolean valid;
  } cases[] = {
    { "a\303\274b\342\202\254\360\237\230\200", TRUE },
    { "\303", FALSE },
    { "\303a", FALSE },
    { "\374", FALSE },
    { "\342\202", FALSE },
    { "\355\240\200", FALSE },
    { "\200", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize piece = 1; piece < 12; piece++) {
      McTraits traits;
      read_traits (cases[i].text, piece, &traits);
      CU_ASSERT_EQUAL (traits.not_utf8, !cases[i].valid);
    }
}

/* The same octets have the same traits however they come. */
static void
test_traits_across_pieces (void)
{
  enum { BARE_CR = 1, LONG = 2, BLANK = 4, FROM = 8 };
  g_autofree char *longest = g_strnfill (998, 'x');
  g_autofree char *fits = g_strconcat (longest, "\r\n", NULL);
  g_autofree char *longer = g_strconcat (longest, "x\r\n", NULL);
  const struct {
    const char *text;
    guint traits;
    guint n_high;
  } cases[] = {
    { "", 0, 0 },
    { "a\r\n\r\nb", 0, 0 },
    { "a\rb\n", BARE_CR, 0 },
    { "a\r\r\n", BARE_CR, 0 },
    { "a\n\r", BARE_CR, 0 },
    { "a \r\nb", BLANK, 0 },
    { "a\t", BLANK, 0 },
    { " a\n", 0, 0 },
    { "x\nFrom me\n", FROM, 0 },
    { "From ", FROM | BLANK, 0 },
    { "From", 0, 0 },
    { "xFrom me\n>From me\n", 0, 0 },
    { "ab\303\274cdefgh\303\274", 0, 4 },
    { fits, 0, 0 },
    { longer, LONG, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize piece = 1; piece < 20; piece++) {
      McTraits traits;
      read_traits (cases[i].text, piece, &traits);
      CU_ASSERT_EQUAL (traits.n_octets, strlen (cases[i].text));
      CU_ASSERT_EQUAL (traits.n_high, cases[i].n_high);
      CU_ASSERT_FALSE (traits.nul);
      CU_ASSERT_EQUAL (!traits.bare_cr, (cases[i].traits & BARE_CR) == 0);
      CU_ASSERT_EQUAL (!traits.long_line, (cases[i].traits & LONG) == 0);
      CU_ASSERT_EQUAL (!traits.trailing_blank, (cases[i].traits & BLANK) == 0);
      CU_ASSERT_EQUAL (!traits.from_line, (cases[i].traits & FROM) == 0);
    }
}

static CU_TestInfo tests[] = {
  { "unchanged", test_unchanged },
  { "no Content-Type", test_no_type },
  { "text for signing", test_text_for_signing },
  { "labels", test_labels },
  { "long lines", test_long_lines },
  { "CR alone", test_bare_cr },
  { "encoded parts", test_encoded_parts },
  { "binary", test_binary },
  { "multipart", test_multipart },
  { "preamble and epilogue", test_surroundings },
  { "opaque parts", test_opaque },
  { "forwarded message", test_forwarded },
  { "quoted-printable", test_quoted_printable },
  { "base64", test_base64 },
  { "traits across pieces", test_traits_across_pieces },
  { "UTF-8 across pieces", test_utf8_across_pieces },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_canon = {
  .pName = "canon",
  .pTests = tests,
};
