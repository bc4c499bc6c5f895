/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "unit.h"

#include "mime/tree.h"
#include "sample.h"

#include <string.h>

/* ------------------------------------------------------------------- fields -- */

static const McField *
field_at (const McTree *tree, guint i)
{
  CU_ASSERT_TRUE_FATAL (i < tree->fields->len);
  return g_ptr_array_index (tree->fields, i);
}

static void
expect_field (const char *raw, const char *name, const char *body, const char *value)
{
  g_autofree char *text = g_strconcat ("First: x\n", raw, "Last: y\n\nbody", NULL);
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = sample_tree (text, &spool);
  const McField *field = field_at (tree, 1);
  g_autofree char *got = sample_text (field->raw);

  CU_ASSERT_EQUAL (tree->fields->len, 3);
  CU_ASSERT_STRING_EQUAL (got, raw);
  CU_ASSERT_STRING_EQUAL (field->name, name);
  CU_ASSERT_STRING_EQUAL (field->body, body);
  CU_ASSERT_STRING_EQUAL (field->value, value);
}

static void
test_fields (void)
{
  expect_field ("Subject: hello\n", "Subject", "hello", "hello");
  expect_field ("SUBJECT:hello \r\n", "SUBJECT", "hello", "hello");
  expect_field ("Subject : x\n", "Subject", "x", "x");
  expect_field ("Subject: a\n b\r\n\tc\n", "Subject", "a b\tc", "a b\tc");
  expect_field ("Subject:\n a\n \n b\n", "Subject", "a  b", "a  b");
  expect_field ("Subject:\n", "Subject", "", "");
  expect_field ("Subject: =?utf-8?q?=C3=BC?=\n =?utf-8?b?w7w=?=\n", "Subject",
                "=?utf-8?q?=C3=BC?= =?utf-8?b?w7w=?=", "\303\274\303\274");
  expect_field ("Subject: \303\274\n", "Subject", "\303\274", "\303\274");
  expect_field ("Subject: a\rb\n", "Subject", "a\rb", "a\rb");
}

static void
test_hostile_fields (void)
{
  static const char text[] = "A\0B: c\nSubject: a\0b\nS\xff: d\nX: \xff\xfe =?x?q?y?=\n\nbody";
  McLimits limits;
  McTree *parsed = NULL;
  g_autoptr (McSpool) spool = sample_spool (text, sizeof text - 1);

  _mc_limits_init (&limits);
  CU_ASSERT_TRUE_FATAL (_mc_tree_parse (_mc_span_whole (spool), &limits, TRUE, &parsed, NULL));
  g_autoptr (McTree) tree = parsed;
  CU_ASSERT_EQUAL_FATAL (tree->fields->len, 0);   /* the first line is no field: no header */
}

static void
test_nul_in_a_field (void)
{
  static const char text[] = "Subject: a\0b\nX: \xff\xfe =?x?q?y?=\nS\xff: d\n\nbody";
  McLimits limits;
  McTree *parsed = NULL;
  g_autoptr (McSpool) spool = sample_spool (text, sizeof text - 1);

  _mc_limits_init (&limits);
  CU_ASSERT_TRUE_FATAL (_mc_tree_parse (_mc_span_whole (spool), &limits, TRUE, &parsed, NULL));
  g_autoptr (McTree) tree = parsed;
  CU_ASSERT_EQUAL_FATAL (tree->fields->len, 2);
  CU_ASSERT_STRING_EQUAL (field_at (tree, 0)->body, "a\357\277\275b");
  CU_ASSERT_TRUE (g_utf8_validate (field_at (tree, 1)->value, -1, NULL));
}

static void
test_several (void)
{
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = sample_tree ("From: a\nno field\nfrom: b\nTo: c\nFROM : d", &spool);
  g_autoptr (GPtrArray) found = _mc_tree_get_fields (tree, "From");
  static const char *const bodies[] = { "a", "b", "d" };

  CU_ASSERT_EQUAL_FATAL (found->len, 3);
  for (guint i = 0; i < 3; i++)
    CU_ASSERT_STRING_EQUAL (((McField *) g_ptr_array_index (found, i))->body, bodies[i]);
  g_autoptr (GPtrArray) none = _mc_tree_get_fields (tree, "Cc");
  CU_ASSERT_EQUAL (none->len, 0);
}

/* ---------------------------------------------------------------- addresses -- */

static void
expect_addresses (const char *body, gboolean clean, const char *addresses)
{
  gboolean got_clean = !clean;
  g_auto (GStrv) got = _mc_addresses_parse (body, &got_clean, NULL);
  g_autofree char *joined = g_strjoinv (" ", got);

  CU_ASSERT_EQUAL (got_clean, clean);
  CU_ASSERT_STRING_EQUAL (joined, addresses);
  if (got_clean != clean || strcmp (joined, addresses) != 0)
    g_printerr ("\n  %s: %d %s\n", body, got_clean, joined);
}

static void
test_addresses (void)
{
  expect_addresses ("", TRUE, "");
  expect_addresses ("a@b.example", TRUE, "a@b.example");
  expect_addresses ("A <a@b.example>, \"x, y\" <d@e.example>", TRUE, "a@b.example d@e.example");
  expect_addresses ("g: a@b.example, d@e.example; , z@q.example", TRUE,
                    "a@b.example d@e.example z@q.example");
  expect_addresses ("undisclosed-recipients:;", TRUE, "");
  expect_addresses ("a@b.example (a (nested) @ comment, <x@y>)", TRUE, "a@b.example");
  expect_addresses ("a . b @ c . example", TRUE, "a.b@c.example");
  expect_addresses ("\"x@y, <z@w>\" <a@b.example>", TRUE, "a@b.example");
  expect_addresses ("=?utf-8?q?x=40y?= <a@b.example>", TRUE, "a@b.example");
  expect_addresses ("a@m\303\274nchen.example", TRUE, "a@m\303\274nchen.example");
  expect_addresses ("a@xn--mnchen-3ya.example", TRUE, "a@xn--mnchen-3ya.example");
  expect_addresses ("a@b.example,", TRUE, "a@b.example");
}

/* Nothing that could be taken for another address is called clean. */
static void
test_unclean_addresses (void)
{
  expect_addresses ("x@y.example <a@b.example>", FALSE, "a@b.example");
  expect_addresses ("x@y.example a@b.example", FALSE, "x@y.example a@b.example");
  expect_addresses ("x@y.example <a@b.example> <c@d.example>", FALSE, "a@b.example c@d.example");
  expect_addresses ("x, A <a@b.example>", FALSE, "a@b.example");
  expect_addresses ("<@r.example:a@b.example>", FALSE, "a@b.example");
  expect_addresses ("<a@b.example", FALSE, "a@b.example");
  expect_addresses ("a@b.example>", FALSE, "a@b.example");
  expect_addresses ("a@b.example; x@y.example", FALSE, "a@b.example");
  expect_addresses ("a@b@c.example", FALSE, "a@b");
  expect_addresses ("<a@b.example>x", FALSE, "a@b.example");
  expect_addresses ("\"unclosed <a@b.example>", FALSE, "a@b.example");
  expect_addresses ("a@b.example (unclosed", FALSE, "");
  expect_addresses ("g: h: a@b.example;;", FALSE, "a@b.example");
  expect_addresses ("just words", FALSE, "");
  expect_addresses ("<>", FALSE, "");
  expect_addresses ("a(c)b@x.example", FALSE, "");
}

static void
test_hostile_addresses (void)
{
  static const char *const units[] = { "g:", "<", "(", "\"", "[", ",", "@", "a<", "\\", "g:a@b;" };

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++) {
    gboolean clean;
    g_autofree char *body = sample_repeat (units[i], 100 * 1000);
    g_auto (GStrv) got = _mc_addresses_parse (body, &clean, NULL);
    CU_ASSERT_TRUE (!clean || strcmp (units[i], ",") == 0);
    CU_ASSERT_PTR_NOT_NULL (got);
  }
}

static CU_TestInfo tests[] = {
  { "fields", test_fields },
  { "hostile fields", test_hostile_fields },
  { "NUL in a field", test_nul_in_a_field },
  { "several of a name", test_several },
  { "addresses", test_addresses },
  { "unclean addresses", test_unclean_addresses },
  { "hostile addresses", test_hostile_addresses },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_fields = {
  .pName = "fields",
  .pTests = tests,
};
