/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "unit.h"

#include "mime/gmime-stream.h"
#include "mime/tree.h"
#include "sample.h"

#include <string.h>

#define MIXED "Content-Type: multipart/mixed; boundary=b\n"

static McEntity *
child (const McEntity *entity, guint i)
{
  CU_ASSERT_TRUE_FATAL (i < entity->children->len);
  return g_ptr_array_index (entity->children, i);
}

/* One entity with this Content-Type field and the others given. */
static McTree *
tree_of (const char *fields, McSpool **ret_spool)
{
  g_autofree char *text = g_strconcat (fields, "\n\nbody\n", NULL);
  return sample_tree (text, ret_spool);
}

static void
expect_type (const char *fields, const char *type)
{
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = tree_of (fields, &spool);
  CU_ASSERT_STRING_EQUAL (tree->root->type, type);
  CU_ASSERT_TRUE (_mc_entity_is (tree->root, type));
  CU_ASSERT_FALSE (tree->root->disagrees);
}

static void
test_types (void)
{
  expect_type ("A: b", "text/plain");
  expect_type ("Content-Type: Text/HTML", "text/html");
  expect_type ("content-type:text/html", "text/html");
  expect_type ("Content-Type: (x) text/html (y); charset=z", "text/html");
  expect_type ("Content-Type:\n text/html", "text/html");
  /* RFC 2045 section 5.2 */
  expect_type ("Content-Type: text", "text/plain");
  expect_type ("Content-Type:", "text/plain");
  expect_type ("Content-Type: ;charset=x", "text/plain");
}

static void
test_attributes (void)
{
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = tree_of (
    "Content-Type: Text/Plain; CharSet=\"UTF-8\"; name=n.txt; x*0=a; x*1=b;\n y*=utf-8''%c3%bc\n"
    "Content-Transfer-Encoding: BASE64 (comment)\n"
    "Content-Disposition: ATTACHMENT; filename=\"=?utf-8?q?=C3=BC.txt?=\"", &spool);
  McEntity *root = tree->root;

  CU_ASSERT_STRING_EQUAL (_mc_entity_get_parameter (root, "charset"), "UTF-8");
  CU_ASSERT_STRING_EQUAL (_mc_entity_get_parameter (root, "x"), "ab");
  CU_ASSERT_STRING_EQUAL (_mc_entity_get_parameter (root, "y"), "\303\274");
  CU_ASSERT_PTR_NULL (_mc_entity_get_parameter (root, "z"));
  CU_ASSERT_STRING_EQUAL (root->encoding, "base64");
  CU_ASSERT_STRING_EQUAL (root->disposition, "attachment");
  CU_ASSERT_STRING_EQUAL (root->filename, "\303\274.txt");
}

static void
test_hostile_attributes (void)
{
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = tree_of (
    "Content-Type: application/x; name=\"\xff\xfe\"; n*=utf-8''%ff%00x\n"
    "Content-Disposition: \xff\n"
    "Content-Transfer-Encoding: ;", &spool);
  const char *name = _mc_entity_get_parameter (tree->root, "name");
  const char *n = _mc_entity_get_parameter (tree->root, "n");

  CU_ASSERT_TRUE (name == NULL || g_utf8_validate (name, -1, NULL));
  CU_ASSERT_TRUE (n == NULL || g_utf8_validate (n, -1, NULL));
  CU_ASSERT_TRUE (tree->root->filename == NULL || g_utf8_validate (tree->root->filename, -1, NULL));
  CU_ASSERT_PTR_NULL (tree->root->encoding);
}

static void
expect_protocol (const char *parameter, gboolean quoted)
{
  g_autofree char *field = g_strconcat ("Content-Type: application/x; ", parameter, NULL);
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = tree_of (field, &spool);
  CU_ASSERT_EQUAL (tree->root->quoted_protocol, quoted);
}

static void
test_quoted_protocol (void)
{
  expect_protocol ("protocol=\"a/b\"", TRUE);
  expect_protocol ("x=y;\n\tPROTOCOL = \"a/b\"", TRUE);
  expect_protocol ("protocol=a/b", FALSE);
  expect_protocol ("x=\"; protocol=\\\"a\"; protocol=a/b", FALSE);
  expect_protocol ("(; protocol=\"a\") protocol=a/b", FALSE);
  expect_protocol ("protocols=\"a/b\"", FALSE);
}

/* Whether the tree of this text is doubted at its root. */
static gboolean
is_doubted (const char *text)
{
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = sample_tree (text, &spool);
  return tree->root->disagrees;
}

#define PARTS "\n\n--b\n\none\n--b--\n"

static void
test_no_doubts (void)
{
  CU_ASSERT_FALSE (is_doubted (MIXED "\n--b\n\none\n--b\n\ntwo\n--b--\n"));
  CU_ASSERT_FALSE (is_doubted (MIXED "\n--b\n\none"));
  CU_ASSERT_FALSE (is_doubted ("no header at all"));
  CU_ASSERT_FALSE (is_doubted ("From x\nA: b\nno field\n\nbody"));
  CU_ASSERT_FALSE (is_doubted ("Content-Type: message/rfc822\n\nFrom x\nA: b\n\nbody"));
  CU_ASSERT_FALSE (is_doubted ("Content-Type: text/plain; charset=a; charset=b\n\nx"));
  CU_ASSERT_FALSE (is_doubted ("Content-Type: multipart/mixed; boundary=----=_x/y:z\n\n"
                               "------=_x/y:z\n\none\n------=_x/y:z--\n"));
  CU_ASSERT_FALSE (is_doubted ("Content-Type: multipart/mixed; boundary=\"a b\" (c); x=y\n\n"
                               "--a b\n\none\n--a b--\n"));
}

/* Where another reader might see something else. */
static void
test_doubts (void)
{
  CU_ASSERT_TRUE (is_doubted ("Content-Type: text/plain\n" MIXED PARTS));
  CU_ASSERT_TRUE (is_doubted ("Content-Transfer-Encoding: 7bit\n"
                              "Content-Transfer-Encoding: base64\n\nx"));
  CU_ASSERT_TRUE (is_doubted ("A: b\nno field\n" MIXED PARTS));
  CU_ASSERT_TRUE (is_doubted ("Content-Type : text/html\n\nx"));
  CU_ASSERT_TRUE (is_doubted ("A : b\n" MIXED PARTS));
  CU_ASSERT_TRUE (is_doubted ("A: b\rContent-Type: text/html\n\nx"));
  CU_ASSERT_TRUE (is_doubted (MIXED "\n\r--b\r\n--b\n\none\n--b--\n"));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed (; boundary=c); boundary=b" PARTS));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed; boundary=b (multipart/signed)" PARTS));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed; boundary=b; boundary=c" PARTS));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed; boundary=b; BOUNDARY=b" PARTS));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed; boundary*=utf-8''b" PARTS));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed; boundary*0=b" PARTS));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed; boundary=\"=?utf-8?q?b?=\"" PARTS));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed; boundary=\"\\b\"" PARTS));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed; boundary=b c"
                              "\n\n--b c\n\none\n--b c--\n"));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\none\n----\n"));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed,text/html; boundary=b" PARTS));
  CU_ASSERT_TRUE (is_doubted ("Content-Type: multipart/mixed boundary=b" PARTS));
  CU_ASSERT_TRUE (is_doubted (MIXED "\n--b\n--b\n--b--\n"));
}

static void
test_doubts_reach_the_root (void)
{
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = sample_tree (
    MIXED "\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: text/plain\n"
    "Content-Type: text/html\n\nx\n--c--\n--b\n\ntwo\n--b--\n", &spool);

  CU_ASSERT_TRUE (tree->root->disagrees);
  CU_ASSERT_TRUE (child (tree->root, 0)->disagrees);
  CU_ASSERT_TRUE (child (child (tree->root, 0), 0)->disagrees);
  CU_ASSERT_FALSE (child (tree->root, 1)->disagrees);
}

static void
test_what_gmime_is_spared (void)
{
  g_autofree char *groups = sample_repeat ("g:", 400 * 1000);
  g_autofree char *nested = g_strconcat ("Content-Type: message/rfc822\n\nTo: ", groups, "\n\nx",
                                         NULL);
  CU_ASSERT_TRUE (is_doubted (nested));

  g_autofree char *parameters = sample_repeat ("; a=b", 100 * 1000);
  g_autofree char *type = g_strconcat ("Content-Type: text/plain", parameters, "\n\nx", NULL);
  CU_ASSERT_TRUE (is_doubted (type));

  g_autofree char *fields = sample_repeat ("a:\n", 300 * 1000);
  g_autofree char *header = g_strconcat (fields, "\nx", NULL);
  CU_ASSERT_TRUE (is_doubted (header));

  g_autofree char *lines = sample_repeat ("preamble\n", 500 * 1000);
  g_autofree char *preamble = g_strconcat (MIXED "\n", lines, "--b\n\none\n--b--\n", NULL);
  CU_ASSERT_TRUE (is_doubted (preamble));
}

static void
test_deepest (void)
{
  GString *text = g_string_new (NULL);
  g_autoptr (McSpool) spool = NULL;

  for (guint i = 0; i < 99; i++)
    g_string_append_printf (text, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
  g_autoptr (McTree) tree = sample_tree (text->str, &spool);
  CU_ASSERT_EQUAL (tree->depth, 100);
  CU_ASSERT_EQUAL (tree->n_entities, 100);
  g_string_free (text, TRUE);
}

static void
test_errors (void)
{
  McLimits limits;
  McTree *tree = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) spool = sample_spool ("", 0);

  _mc_limits_init (&limits);
  CU_ASSERT_FALSE (_mc_tree_parse (_mc_span_whole (spool), &limits, TRUE, &tree, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
  CU_ASSERT_PTR_NULL (tree);
  g_clear_error (&error);

  g_autoptr (McSpool) deep = sample_spool ("Content-Type: message/rfc822\n\nA: b\n", -1);
  limits.nesting_depth = 1;
  CU_ASSERT_FALSE (_mc_tree_parse (_mc_span_whole (deep), &limits, TRUE, &tree, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT));
  CU_ASSERT_PTR_NOT_NULL (mc_error_get_hint (error));
  CU_ASSERT_PTR_NULL (tree);
}

static void
test_mbox_line (void)
{
  McLimits limits;
  McTree *tree = NULL;
  g_autoptr (McSpool) spool = sample_spool ("From x Mon\nA: b\n\nbody", -1);

  _mc_limits_init (&limits);
  CU_ASSERT_TRUE_FATAL (_mc_tree_parse (_mc_span_whole (spool), &limits, TRUE, &tree, NULL));
  CU_ASSERT_EQUAL (_mc_entity_get_span (tree->root).start, strlen ("From x Mon\n"));
  CU_ASSERT_EQUAL (tree->fields->len, 1);
  g_clear_pointer (&tree, _mc_tree_free);

  /* no message, so no mbox */
  CU_ASSERT_TRUE_FATAL (_mc_tree_parse (_mc_span_whole (spool), &limits, FALSE, &tree, NULL));
  CU_ASSERT_EQUAL (_mc_entity_get_span (tree->root).start, 0);
  _mc_tree_free (tree);
}

/* What is signed: header and body of the first part, to the octet. */
static void
test_signed_range (void)
{
  static const char *const newlines[] = { "\n", "\r\n" };

  for (gsize i = 0; i < 2; i++) {
    g_autoptr (McSpool) spool = NULL;
    g_auto (GStrv) lines = g_strsplit (
      "Content-Type: multipart/signed; boundary=b; protocol=\"a/b\"\n\npreamble\n--b \n"
      "Content-Type: multipart/mixed; boundary=b-1\n\n--b-1\n\none \n--b-1--\n\n\n--b\n"
      "Content-Type: a/b\n\nsignature\n--b--\n", "\n", -1);
    g_autofree char *text = g_strjoinv (newlines[i], lines);
    g_autoptr (McTree) tree = sample_tree (text, &spool);
    g_autofree char *got = sample_text (_mc_entity_get_span (child (tree->root, 0)));
    g_auto (GStrv) wanted_lines = g_strsplit (
      "Content-Type: multipart/mixed; boundary=b-1\n\n--b-1\n\none \n--b-1--\n\n", "\n", -1);
    g_autofree char *wanted = g_strjoinv (newlines[i], wanted_lines);

    CU_ASSERT_STRING_EQUAL (got, wanted);
    CU_ASSERT_FALSE (tree->root->disagrees);
    CU_ASSERT_TRUE (tree->root->quoted_protocol);
    CU_ASSERT_EQUAL (child (tree->root, 1)->index, 1);
    CU_ASSERT_PTR_EQUAL (child (tree->root, 1)->parent, tree->root);
  }
}

static void
test_stream (void)
{
  char buffer[16] = { 0 };
  g_autoptr (McSpool) spool = sample_spool ("xx0123456789yy", -1);
  g_autoptr (GMimeStream) stream = _mc_gmime_stream_new ((McSpan) { spool, 2, 12 });

  CU_ASSERT_EQUAL (g_mime_stream_length (stream), 10);
  CU_ASSERT_EQUAL (g_mime_stream_seek (stream, -3, GMIME_STREAM_SEEK_END), 7);
  CU_ASSERT_EQUAL (g_mime_stream_read (stream, buffer, sizeof buffer), 3);
  CU_ASSERT_STRING_EQUAL (buffer, "789");
  CU_ASSERT_TRUE (g_mime_stream_eos (stream));
  CU_ASSERT_EQUAL (g_mime_stream_read (stream, buffer, sizeof buffer), 0);
  CU_ASSERT_EQUAL (g_mime_stream_seek (stream, 1, GMIME_STREAM_SEEK_CUR), -1);
  CU_ASSERT_EQUAL (g_mime_stream_seek (stream, -1, GMIME_STREAM_SEEK_SET), -1);
  CU_ASSERT_EQUAL (g_mime_stream_seek (stream, G_MAXINT64, GMIME_STREAM_SEEK_CUR), -1);
  CU_ASSERT_EQUAL (g_mime_stream_write (stream, "x", 1), -1);

  g_autoptr (GMimeStream) part = g_mime_stream_substream (stream, 4, 6);
  memset (buffer, 0, sizeof buffer);
  CU_ASSERT_EQUAL (g_mime_stream_length (part), 2);
  CU_ASSERT_EQUAL (g_mime_stream_tell (part), 4);
  CU_ASSERT_EQUAL (g_mime_stream_read (part, buffer, sizeof buffer), 2);
  CU_ASSERT_STRING_EQUAL (buffer, "45");
  CU_ASSERT_EQUAL (g_mime_stream_reset (part), 0);
  CU_ASSERT_EQUAL (g_mime_stream_tell (part), 4);
  CU_ASSERT_FALSE (_mc_gmime_stream_take_error (stream, NULL));
}

static CU_TestInfo tests[] = {
  { "types", test_types },
  { "attributes", test_attributes },
  { "hostile attributes", test_hostile_attributes },
  { "quoted protocol", test_quoted_protocol },
  { "no doubts", test_no_doubts },
  { "doubts", test_doubts },
  { "doubts reach the root", test_doubts_reach_the_root },
  { "what GMime is spared", test_what_gmime_is_spared },
  { "deepest nesting", test_deepest },
  { "errors", test_errors },
  { "mbox line", test_mbox_line },
  { "signed range", test_signed_range },
  { "GMime's stream", test_stream },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_tree = {
  .pName = "tree",
  .pTests = tests,
};
