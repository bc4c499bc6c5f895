/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/address.h"

#include <string.h>

typedef struct {
  const char *from;
  const char *to;
} Row;

static void
check_rows (const Row *rows, gsize n_rows)
{
  for (gsize i = 0; i < n_rows; i++) {
    g_autofree char *got = _mc_address_normalise (rows[i].from, -1);
    CU_ASSERT_EQUAL (g_strcmp0 (got, rows[i].to), 0);
    if (g_strcmp0 (got, rows[i].to) != 0)
      g_printerr ("'%s' became '%s'\n", rows[i].from, got);
    if (got == NULL)
      continue;
    g_autofree char *again = _mc_address_normalise (got, -1);
    CU_ASSERT_EQUAL (g_strcmp0 (again, got), 0);   /* the canonical form is a fixed point */
  }
}

static void
test_plain (void)
{
  static const Row rows[] = {
    { "alice@example.org", "alice@example.org" },
    { "Alice.B+tag@Example.ORG", "alice.b+tag@example.org" },
    { "a@localhost", "a@localhost" },
    { "!#$%&'*+-/=?^_`{|}~@x-y.example", "!#$%&'*+-/=?^_`{|}~@x-y.example" },
    { "a..b.@example.org", "a..b.@example.org" },
    { "a@_x.example", "a@_x.example" },
    { "a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example" },
    { "a@[192.0.2.1]", "a@[192.0.2.1]" },
    { "a@[IPv6:2001:DB8::1]", "a@[ipv6:2001:db8::1]" },
  };
  check_rows (rows, G_N_ELEMENTS (rows));
}

static void
test_idn (void)
{
  static const Row rows[] = {
    { "a@bücher.example", "a@xn--bcher-kva.example" },
    { "a@BÜCHER.example", "a@xn--bcher-kva.example" },
    { "a@bu\u0308cher.example", "a@xn--bcher-kva.example" },
    { "a@straße.example", "a@xn--strae-oqa.example" },
    { "a@例え.テスト", "a@xn--r8jz45g.xn--zckzah" },
    { "a@例え。テスト", "a@xn--r8jz45g.xn--zckzah" },
    { "Ärger@example.org", "Ärger@example.org" },   /* only ASCII case is no difference */
    { "ärger@example.org", "ärger@example.org" },
    { "a@ｅｘａｍｐｌｅ.org", "a@example.org" },
  };
  check_rows (rows, G_N_ELEMENTS (rows));
}

static void
test_quoted (void)
{
  static const Row rows[] = {
    { "\"alice\"@example.org", "alice@example.org" },
    { "\"Al\\ice\"@example.org", "alice@example.org" },
    { "\"a@b\"@example.org", "\"a@b\"@example.org" },
    { "\"a\\\"b\\\\\"@example.org", "\"a\\\"b\\\\\"@example.org" },
    { "\"a:b\"@example.org", "\"a:b\"@example.org" },
    { "\"\"@example.org", NULL },
    { "\"a@example.org", NULL },
    { "\"a\\\"@example.org", NULL },
    { "\"a\"b@example.org", NULL },
    { "a\"b\"@example.org", NULL },
    { "\"a b\"@example.org", NULL },
    { "\"a,b\"@example.org", NULL },
    { "\"a<b\"@example.org", NULL },
    { "\"a\\", NULL },
    { "\"", NULL },
  };
  check_rows (rows, G_N_ELEMENTS (rows));
}

static void
test_refused (void)
{
  static const Row rows[] = {
    { NULL, NULL },
    { "", NULL },
    { "@", NULL },
    { "alice", NULL },
    { "alice@", NULL },
    { "@example.org", NULL },
    { "a@b@example.org", NULL },
    { "a@example.org.", NULL },
    { "a@.example.org", NULL },
    { "a@example..org", NULL },
    { "a@.", NULL },
    { "a@bücher.example.", NULL },
    { "a@bücher.example。", NULL },
    { "a b@example.org", NULL },
    { " a@example.org", NULL },
    { "a@example.org ", NULL },
    { "a@example.org\n", NULL },
    { "a\t@example.org", NULL },
    { "a\u00A0b@example.org", NULL },
    { "a\xc2\x85@example.org", NULL },
    { "a\x7f@example.org", NULL },
    { "a\u00ADb@example.org", NULL },
    { "a\u202Eb@example.org", NULL },
    { "a@exa\u200Bmple.org", NULL },
    { "a@exa\u00ADmple.org", NULL },
    { "a@exa\uFE0Fmple.org", NULL },
    { "a@exa\u2060mple.org", NULL },
    { "a@exa,mple.org", NULL },
    { "a@example.org,b@example.org", NULL },
    { "<a@example.org>", NULL },
    { "Alice <a@example.org>", NULL },
    { "a@example.org>", NULL },
    { "a(x)@example.org", NULL },
    { "a;b@example.org", NULL },
    { "a\\b@example.org", NULL },
    { "a@exa/mple.org", NULL },
    { "a@[]", NULL },
    { "a@[192.0.2.1", NULL },
    { "a@[[x]", NULL },
    { "a@[x]y", NULL },
    { "\xff@example.org", NULL },
    { "a@\xc3.example", NULL },
    { "a@b\uFF0C" "c.example", NULL },   /* wide comma */
    { "a@b\uFF20" "c.example", NULL },   /* wide "@" */
  };
  check_rows (rows, G_N_ELEMENTS (rows));
}

static void
test_sizes (void)
{
  g_autofree char *with_rest = _mc_address_normalise ("a@example.orgXYZ", 13);
  CU_ASSERT_STRING_EQUAL (with_rest, "a@example.org");
  CU_ASSERT_PTR_NULL (_mc_address_normalise ("a@example.org\0.evil.example", 27));
  CU_ASSERT_PTR_NULL (_mc_address_normalise ("a\0@example.org", 14));
  CU_ASSERT_PTR_NULL (_mc_address_normalise ("a@example.org\0", 14));

  g_autofree char *local = g_strnfill (308, 'x');
  g_autofree char *longest = g_strconcat (local, "@example.org", NULL);
  g_autofree char *kept = _mc_address_normalise (longest, -1);
  CU_ASSERT_STRING_EQUAL (kept, longest);
  g_autofree char *longer = g_strconcat ("x", longest, NULL);
  CU_ASSERT_PTR_NULL (_mc_address_normalise (longer, -1));

  g_autofree char *label = g_strnfill (64, 'x');
  g_autofree char *long_label = g_strconcat ("a@", label, ".example", NULL);
  CU_ASSERT_PTR_NULL (_mc_address_normalise (long_label, -1));
}

static void
test_equal (void)
{
  CU_ASSERT_TRUE (mc_address_equal ("Alice@EXAMPLE.org", "alice@example.ORG"));
  CU_ASSERT_TRUE (mc_address_equal ("\"alice\"@example.org", "alice@example.org"));
  CU_ASSERT_TRUE (mc_address_equal ("a@bücher.example", "a@XN--bcher-kva.example"));
  CU_ASSERT_FALSE (mc_address_equal ("alice@example.org", "bob@example.org"));
  CU_ASSERT_FALSE (mc_address_equal ("Ä@example.org", "ä@example.org"));
  CU_ASSERT_FALSE (mc_address_equal ("a@example.org", "a@example.com"));
  CU_ASSERT_FALSE (mc_address_equal ("\u0430@example.org", "a@example.org"));   /* Cyrillic */
  CU_ASSERT_FALSE (mc_address_equal ("alice", "alice"));
  CU_ASSERT_FALSE (mc_address_equal (NULL, NULL));
  CU_ASSERT_FALSE (mc_address_equal ("a@example.org", NULL));
}

static CU_TestInfo tests[] = {
  { "plain", test_plain },
  { "internationalised", test_idn },
  { "quoted", test_quoted },
  { "refused", test_refused },
  { "sizes and NUL", test_sizes },
  { "equal", test_equal },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_address = {
  .pName = "address",
  .pTests = tests,
};
