/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "unit.h"

#include "mime/scan.h"
#include "mime/lines.h"
#include "sample.h"

#include <string.h>

#define MIXED(boundary) "Content-Type: multipart/mixed; boundary=\"" boundary "\"\n"
#define MIXED_HEADER "Content-Type: multipart/mixed; boundary=\"b\"|"

static char *
scan_with (const char *text, gsize buffer_size)
{
  g_auto (McScan) scan = { 0 };
  McLimits limits;
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) spool = sample_spool (text, -1);

  _mc_limits_init (&limits);
  CU_ASSERT_TRUE_FATAL (
    _mc_scan (_mc_span_whole (spool), &limits, TRUE, buffer_size, &scan, &error));
  return sample_describe (scan.root);
}

/* Whatever the size of a read, and with CRLF as with LF. */
static void
expect (const char *text, const char *shape)
{
  static const gsize sizes[] = { 0, 1, 2, 3, 5, 7, 16, 61 };
  g_autofree char *crlf_text = sample_crlf (text);
  g_auto (GStrv) pieces = g_strsplit (shape, "|", -1);
  g_autofree char *crlf_shape = g_strjoinv ("^", pieces);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree char *got = scan_with (text, sizes[i]);
    g_autofree char *crlf_got = scan_with (crlf_text, sizes[i]);
    CU_ASSERT_STRING_EQUAL (got, shape);
    CU_ASSERT_STRING_EQUAL (crlf_got, crlf_shape);
    if (strcmp (got, shape) != 0)
      g_printerr ("\n  got  %s\n  want %s\n", got, shape);
  }
}

/* A multipart with a long body of @line before its second part. */
static char *
make_long (const char *line, const char *second)
{
  g_autofree char *body = sample_repeat (line, 70000 / strlen (line) + 1);
  return g_strconcat (MIXED ("b"), "\n--b\n\n", body, second, NULL);
}

static void
expect_quiet (const char *text, gsize buffer_size, guint n_quiet, const char *before)
{
  g_auto (McScan) scan = { 0 };
  McLimits limits;
  g_autoptr (McSpool) spool = sample_spool (text, -1);
  _mc_limits_init (&limits);
  CU_ASSERT_TRUE_FATAL (
    _mc_scan (_mc_span_whole (spool), &limits, TRUE, buffer_size, &scan, NULL));
  CU_ASSERT_EQUAL (scan.root->children->len, 2);
  CU_ASSERT_EQUAL_FATAL (scan.quiet->len, n_quiet);
  const McEntity *first = scan.root->children->pdata[0];
  const char *at = strstr (text, before);
  CU_ASSERT_PTR_NOT_NULL_FATAL (at);
  CU_ASSERT_EQUAL (first->body.end, (guint64) (at - text));
  for (guint i = 0; i < n_quiet; i++) {
    McSpan quiet = g_array_index (scan.quiet, McSpan, i);
    CU_ASSERT_TRUE (quiet.start > first->body.start && quiet.end <= first->body.end + 2);
    CU_ASSERT_EQUAL (text[quiet.start - 1], '\n');
    CU_ASSERT_EQUAL (text[quiet.end - 1], '\n');
  }
}

/* Lines that cannot be a delimiter are passed over, wherever a read ends. */
static void
test_quiet (void)
{
  static const gsize sizes[] = { 0, 1, 2, 3, 71, 4096 };
  g_autofree char *plain = make_long ("abcd-ef--b\n", "--b\n\nx\n--b--\n");
  g_autofree char *crlf = sample_crlf (plain);
  g_autofree char *empty = make_long ("\n", "\n--b\n\nx\n--b--\n");
  g_autofree char *dashes = make_long ("-abc\n", "--b\n\nx\n--b--\n");
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    expect_quiet (plain, sizes[i], 1, "\n--b\n\nx");
    expect_quiet (crlf, sizes[i], 1, "\r\n--b\r\n\r\nx");
    expect_quiet (empty, sizes[i], 1, "\n--b\n\nx");
    expect_quiet (dashes, sizes[i], 0, "\n--b\n\nx");
  }
}

static void
test_leaves (void)
{
  expect ("A: b\n\nbody\n", "text/plain[A: b||][body|]");
  expect ("A: b\n\nbody", "text/plain[A: b||][body]");
  expect ("A: b\n\n", "text/plain[A: b||][]");
  expect ("A: b\n", "text/plain[A: b|][]");
  expect ("A: b", "text/plain[A: b][]");
  expect ("\nbody", "text/plain[|][body]");
  expect ("no header\nA: b\n\nc", "text/plain[][no header|A: b||c]");
  expect ("From x Mon\nA: b\n\nFrom y\n", "text/plain[A: b||][From y|]");
  expect (">From x Mon\nA: b\n\nc", "text/plain[>From x Mon|A: b||][c]");
}

static void
test_parts (void)
{
  expect (MIXED ("b") "\n--b\nA: b\n\none\n--b\n\ntwo\n--b--\n",
          "multipart/mixed{text/plain[A: b||][one] text/plain[|][two]}");
  expect (MIXED ("b") "\npreamble\n--b\n\none\n\n--b--\nepilogue\n--b\n",
          "multipart/mixed{text/plain[|][one|]}");
  expect (MIXED ("b") "\n--b\n\none\n--b--", "multipart/mixed{text/plain[|][one]}");
  expect (MIXED ("b") "\n--b  \t\n\none\n--b-- \n--b\n", "multipart/mixed{text/plain[|][one]}");
  expect (MIXED ("b") "\n--b--\n--b\n\none\n", "multipart/mixed[" MIXED_HEADER "|][--b--|--b||one|]");
}

/* The line break before a delimiter is the delimiter's, even when nothing else is there. */
static void
test_empty_parts (void)
{
  expect (MIXED ("b") "\n--b\nA: b\n\n--b\n\n\n--b--\n",
          "multipart/mixed{text/plain[A: b|][] text/plain[|][]}");
  expect (MIXED ("b") "\n--b\nA: b\n--b\n\n--b--\n",
          "multipart/mixed{text/plain[A: b][] text/plain[][]}");
  expect (MIXED ("b") "\n--b\n--b\n--b--\n",
          "multipart/mixed{text/plain[][] text/plain[][]}");
}

static void
test_no_delimiters (void)
{
  expect (MIXED ("b") "\n --b\n--b x\n-b\n--bb\n--B\n--b-\n--b---\nx--b\n",
          "multipart/mixed[" MIXED_HEADER "|][ --b|--b x|-b|--bb|--B|--b-|--b---|x--b|]~");
  expect ("Content-Type: multipart/mixed\n\n--\n\n----\n",
          "multipart/mixed[Content-Type: multipart/mixed||][--||----|]");
}

static void
test_nesting (void)
{
  expect (MIXED ("b") "\n--b\n" MIXED ("b-in") "\n--b-in\n\none\n--b-in--\n\n--b\n\ntwo\n--b--\n",
          "multipart/mixed{multipart/mixed{text/plain[|][one]} text/plain[|][two]}");
  /* the inner one is not closed */
  expect (MIXED ("b") "\n--b\n" MIXED ("c") "\n--c\n\none\n--b\n\ntwo\n--b--\n",
          "multipart/mixed{multipart/mixed{text/plain[|][one]}~ text/plain[|][two]}");
  expect (MIXED ("b") "\n--b\n" MIXED ("c") "\n--c\n\none\n--b--\n--c\n",
          "multipart/mixed{multipart/mixed{text/plain[|][one]}~}");
  /* the outer one closed inside the inner one's preamble */
  expect (MIXED ("b") "\n--b\n" MIXED ("c") "\nx\n--b--\n",
          "multipart/mixed{multipart/mixed[Content-Type: multipart/mixed; boundary=\"c\"||][x]~}");
  expect (MIXED ("b") "\n--b\n\none", "multipart/mixed{text/plain[|][one]}~");
}

static void
test_confusing_boundaries (void)
{
  /* the same boundary twice: the inner one has it, neither multipart is believed */
  expect (MIXED ("b") "\n--b\n" MIXED ("b") "\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n",
          "multipart/mixed{multipart/mixed{text/plain[|][one]}! text/plain[|][two]}!");
  /* "--b--" closes b and opens a part of b-- */
  expect (MIXED ("b") "\n--b\n" MIXED ("b--") "\n--b--\n\none\n--b----\n--b--\n",
          "multipart/mixed{multipart/mixed{text/plain[|][one]}!}!");
  expect (MIXED ("b--") "\n--b--\n" MIXED ("b") "\n--b\n\none\n--b--\n--b----\n",
          "multipart/mixed{multipart/mixed{text/plain[|][one]!}!}!");
}

static void
test_messages (void)
{
  expect ("Content-Type: message/rfc822\n\nA: b\n\nbody\n",
          "message/rfc822{text/plain[A: b||][body|]}");
  expect ("Content-Type: message/rfc822\n\n\nbody\n", "message/rfc822{text/plain[|][body|]}");
  expect ("Content-Type: message/rfc822\n\n",
          "message/rfc822[Content-Type: message/rfc822||][]");
  expect (MIXED ("b") "\n--b\nContent-Type: message/rfc822\n\n--b\n"
          "Content-Type: message/rfc822\n\nA: b\n" MIXED ("c") "\n--c\n\none\n--b--\n",
          "multipart/mixed{message/rfc822[Content-Type: message/rfc822|][] "
          "message/rfc822{multipart/mixed{text/plain[|][one]}~}}");
  expect ("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQTogYgo=\n",
          "message/rfc822[Content-Type: message/rfc822|Content-Transfer-Encoding: base64||]"
          "[QTogYgo=|]");
  expect ("Content-Type: multipart/digest; boundary=b\n\n--b\n\nA: b\n\nx\n--b--\n",
          "multipart/digest{message/rfc822{text/plain[A: b||][x]}}");
}

static void
test_long_lines (void)
{
  static const gsize sizes[] = { 249, 250, 251, 252, 253, 254, 255, 4096, 65535, 65536, 65537 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree char *x = sample_repeat ("-", sizes[i]);
    g_autofree char *blanks = sample_repeat (" ", sizes[i]);
    g_autofree char *text = g_strdup_printf (MIXED ("b") "\n--b%s\n\n%s\n--b%s\n\ntwo\n--b--%s\n",
                                             blanks, x, blanks, blanks);
    g_autofree char *shape = g_strdup_printf ("multipart/mixed{text/plain[|][%s] "
                                              "text/plain[|][two]}", x);
    g_autofree char *got = scan_with (text, 0);
    CU_ASSERT_STRING_EQUAL (got, shape);
  }
}

static void
test_longest_boundary (void)
{
  for (gsize n = 249; n <= 251; n++) {
    g_autofree char *b = sample_repeat ("x", n);
    g_autofree char *text = g_strdup_printf ("Content-Type: multipart/mixed; boundary=%s\n\n"
                                             "--%s\n\none\n--%s--\n", b, b, b);
    g_autofree char *got = scan_with (text, 0);
    CU_ASSERT_EQUAL (strstr (got, "{text/plain[|][one]}") != NULL, n <= 250);
  }
}

static void
test_nul (void)
{
  static const char text[] = "A: \0b\n" MIXED ("b") "\n--b\n\na\0\n--b\0\n--\0b\n--b--\n";
  g_auto (McScan) scan = { 0 };
  McLimits limits;
  g_autoptr (McSpool) spool = sample_spool (text, sizeof text - 1);

  _mc_limits_init (&limits);
  CU_ASSERT_TRUE_FATAL (_mc_scan (_mc_span_whole (spool), &limits, TRUE, 4, &scan, NULL));
  CU_ASSERT_EQUAL_FATAL (scan.root->children->len, 1);
  McEntity *part = g_ptr_array_index (scan.root->children, 0);
  CU_ASSERT_EQUAL (_mc_span_size (part->body), strlen ("a0|--b0|--0b"));
}

static void
expect_limit (const char *text, const McLimits *limits, const char *name)
{
  g_auto (McScan) scan = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) spool = sample_spool (text, -1);

  CU_ASSERT_FALSE (_mc_scan (_mc_span_whole (spool), limits, TRUE, 0, &scan, &error));
  CU_ASSERT_PTR_NULL (scan.root);
  CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT));
  CU_ASSERT_PTR_NOT_NULL (strstr (error->message, name));
}

static gboolean
fits (const char *text, const McLimits *limits)
{
  g_auto (McScan) scan = { 0 };
  g_autoptr (McSpool) spool = sample_spool (text, -1);
  return _mc_scan (_mc_span_whole (spool), limits, TRUE, 0, &scan, NULL);
}

static void
test_part_limit (void)
{
  McLimits limits;
  _mc_limits_init (&limits);
  limits.parts = 11;
  g_autofree char *ten = sample_repeat ("--b\n\nx\n", 10);
  g_autofree char *text = g_strconcat (MIXED ("b"), "\n", ten, NULL);
  g_autofree char *more = g_strconcat (text, "--b\n", NULL);
  CU_ASSERT_TRUE (fits (text, &limits));
  expect_limit (more, &limits, "parts");

  _mc_limits_init (&limits);
  g_autofree char *many = sample_repeat ("--b\n\nx\n", 100 * 1000);
  g_autofree char *huge = g_strconcat (MIXED ("b"), "\n", many, NULL);
  expect_limit (huge, &limits, "parts");
}

static void
test_depth_limit (void)
{
  McLimits limits;
  GString *text = g_string_new (NULL);

  _mc_limits_init (&limits);
  for (guint i = 0; i < 10 * 1000; i++)
    g_string_append_printf (text, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
  expect_limit (text->str, &limits, "nesting-depth");
  g_string_free (text, TRUE);

  g_autofree char *messages = sample_repeat ("Content-Type: message/rfc822\n\n", 99);
  g_autofree char *fit = g_strconcat (messages, "A: b\n", NULL);
  g_autofree char *unfit = g_strconcat ("Content-Type: message/rfc822\n\n", fit, NULL);
  CU_ASSERT_TRUE (fits (fit, &limits));
  expect_limit (unfit, &limits, "nesting-depth");
}

static void
test_header_limit (void)
{
  McLimits limits;
  _mc_limits_init (&limits);
  limits.header_bytes = 1024;
  g_autofree char *x = sample_repeat ("x", 1024 - strlen ("A: \n\n"));
  g_autofree char *fit = g_strdup_printf ("A: %s\n\nbody", x);
  g_autofree char *unfit = g_strdup_printf ("A: x%s\n\nbody", x);
  CU_ASSERT_TRUE (fits (fit, &limits));
  expect_limit (unfit, &limits, "header-bytes");

  g_autofree char *lines = sample_repeat ("A: b\n", 1024);
  expect_limit (lines, &limits, "header-bytes");
  /* each block fits, all together do not */
  g_autofree char *part = g_strdup_printf ("--b\nA: %s\n\nbody\n", x);
  g_autofree char *parts = sample_repeat (part, 5);
  g_autofree char *text = g_strconcat (MIXED ("b"), "\n", parts, NULL);
  expect_limit (text, &limits, "header-bytes");
}

static void
test_totals (void)
{
  g_auto (McScan) scan = { 0 };
  McLimits limits;
  g_autoptr (McSpool) spool =
    sample_spool (MIXED ("b") "\n12\n--b\nContent-Type: message/rfc822\n\nA: b\n\nx\n--b--\n345\n", -1);

  _mc_limits_init (&limits);
  CU_ASSERT_TRUE_FATAL (_mc_scan (_mc_span_whole (spool), &limits, TRUE, 0, &scan, NULL));
  CU_ASSERT_EQUAL (scan.n_entities, 3);
  CU_ASSERT_EQUAL (scan.depth, 3);
  CU_ASSERT_EQUAL (scan.surround_bytes, 3 + 4);
}

static void
test_part_of_a_spool (void)
{
  g_auto (McScan) scan = { 0 };
  McLimits limits;
  g_autoptr (McSpool) spool = sample_spool ("xxxA: b\n\nbodyyyy", -1);
  McSpan span = { spool, 3, 12 };

  _mc_limits_init (&limits);
  CU_ASSERT_TRUE_FATAL (_mc_scan (span, &limits, FALSE, 0, &scan, NULL));
  g_autofree char *got = sample_describe (scan.root);
  CU_ASSERT_STRING_EQUAL (got, "text/plain[A: b||][bod]");
}

static void
test_lines (void)
{
  static const char text[] = "ab\r\n\n\r\r\nlonger   \r\nx\r";
  static const char *const lines[] = { "ab", "", "\r", "longe", "x\r" };
  static const guint eols[] = { 2, 1, 2, 2, 0 };

  for (gsize size = 1; size < sizeof text; size++) {
    g_autoptr (McSpool) spool = sample_spool (text, -1);
    g_autoptr (McLines) reader = _mc_lines_new (_mc_span_whole (spool), size);
    McLine line;
    for (gsize i = 0; i < G_N_ELEMENTS (lines); i++) {
      CU_ASSERT_TRUE_FATAL (_mc_lines_next (reader, 5, &line, NULL));
      CU_ASSERT_EQUAL (line.eol, eols[i]);
      CU_ASSERT_EQUAL_FATAL (line.size, strlen (lines[i]));
      CU_ASSERT_EQUAL (memcmp (line.text, lines[i], line.size), 0);
      CU_ASSERT_EQUAL (line.cut, i == 3);
      CU_ASSERT_FALSE (line.cut_blank);
    }
    CU_ASSERT_FALSE (_mc_lines_next (reader, 5, &line, NULL));
  }
}

static CU_TestInfo tests[] = {
  { "long bodies", test_quiet },
  { "single parts", test_leaves },
  { "parts", test_parts },
  { "empty parts", test_empty_parts },
  { "what is no delimiter", test_no_delimiters },
  { "nesting", test_nesting },
  { "confusing boundaries", test_confusing_boundaries },
  { "messages in messages", test_messages },
  { "long lines", test_long_lines },
  { "longest boundary", test_longest_boundary },
  { "NUL", test_nul },
  { "limit on parts", test_part_limit },
  { "limit on depth", test_depth_limit },
  { "limit on headers", test_header_limit },
  { "totals", test_totals },
  { "part of a spool", test_part_of_a_spool },
  { "lines", test_lines },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_scan = {
  .pName = "scan",
  .pTests = tests,
};
