/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom a certificate is for, to the octet. */
#include "config.h"

#include "unit.h"

#include "base/address.h"
#include "smime/certificate.h"
#include "smime/constraints.h"
#include "smime/names.h"

#include <string.h>

#define IN_SUBJECT (-1)

typedef struct {
  int kind;                 /* GEN_EMAIL, GEN_OTHERNAME, or emailAddress in the subject */
  const char *data;
  int size;                 /* -1: up to the NUL */
} Name;

static ASN1_STRING *
make_string (int type, const Name *name)
{
  ASN1_STRING *string = ASN1_STRING_type_new (type);
  ASN1_STRING_set (string, name->data, name->size);
  return string;
}

static void
add_general_name (GENERAL_NAMES *names, const Name *name)
{
  GENERAL_NAME *general = GENERAL_NAME_new ();
  if (name->kind == GEN_EMAIL)
    GENERAL_NAME_set0_value (general, GEN_EMAIL, make_string (V_ASN1_IA5STRING, name));
  else {
    ASN1_TYPE *value = ASN1_TYPE_new ();
    ASN1_TYPE_set (value, V_ASN1_UTF8STRING, make_string (V_ASN1_UTF8STRING, name));
    GENERAL_NAME_set0_othername (general, OBJ_nid2obj (NID_id_on_SmtpUTF8Mailbox), value);
  }
  sk_GENERAL_NAME_push (names, general);
}

static X509 *
make_certificate (const Name *names, gsize n)
{
  X509 *certificate = X509_new ();
  X509_NAME *subject = X509_get_subject_name (certificate);
  GENERAL_NAMES *alternatives = GENERAL_NAMES_new ();
  X509_NAME_add_entry_by_NID (subject, NID_commonName, MBSTRING_UTF8,
                              (const unsigned char *) "Zoë", -1, -1, 0);
  for (gsize i = 0; i < n; i++)
    if (names[i].kind == IN_SUBJECT)
      X509_NAME_add_entry_by_NID (subject, NID_pkcs9_emailAddress, V_ASN1_IA5STRING,
                                  (const unsigned char *) names[i].data, names[i].size, -1, 0);
    else
      add_general_name (alternatives, &names[i]);
  if (sk_GENERAL_NAME_num (alternatives) > 0)
    X509_add1_ext_i2d (certificate, NID_subject_alt_name, alternatives, 0, X509V3_ADD_DEFAULT);
  GENERAL_NAMES_free (alternatives);
  return certificate;
}

/* @wanted: canonical addresses, ended by NULL. */
static void
check (const Name *names, gsize n, const char *const *wanted)
{
  g_autoptr (X509) certificate = make_certificate (names, n);
  g_autoptr (GPtrArray) identities = _mc_x509_identities (certificate);
  gsize count = 0;
  for (; wanted[count] != NULL; count++) {
    CU_ASSERT_TRUE_FATAL (count < identities->len);
    const McIdentity *identity = identities->pdata[count];
    CU_ASSERT_STRING_EQUAL (identity->address, wanted[count]);
    CU_ASSERT_STRING_EQUAL (identity->name, "Zoë");
    CU_ASSERT_EQUAL (identity->trust, MC_TRUST_UNKNOWN);
  }
  if (count == 0) {
    CU_ASSERT_EQUAL_FATAL (identities->len, 1);
    CU_ASSERT_PTR_NULL (((McIdentity *) identities->pdata[0])->address);
    return;
  }
  CU_ASSERT_EQUAL (identities->len, count);
}

#define CHECK(names, ...)                                         \
  do {                                                            \
    static const char *const wanted[] = { __VA_ARGS__ NULL };     \
    check (names, G_N_ELEMENTS (names), wanted);                  \
  } while (0)

static void
test_places (void)
{
  static const Name all[] = {
    { GEN_EMAIL, "Zoe@Example.ORG", -1 },
    { GEN_EMAIL, "zoe@example.org", -1 },   /* the same */
    { GEN_OTHERNAME, "zo\xc3\xab@example.org", -1 },
    { IN_SUBJECT, "zoe@old.example.org", -1 },
  };
  CHECK (all, "zoe@example.org", "zo\xc3\xab@example.org", "zoe@old.example.org", );
  static const Name host[] = { { GEN_OTHERNAME, "zoe@ex\xc3\xa4mple.org", -1 } };
  CHECK (host, "zoe@xn--exmple-cua.org", );
}

static void
test_no_names (void)
{
  static const Name nul[] = { { GEN_EMAIL, "zoe@example.org\0.evil.example", 28 } };
  static const Name end[] = { { GEN_EMAIL, "zoe@example.org\0", 16 } };
  static const Name two[] = { { GEN_EMAIL, "zoe@example.org,a@example.org", -1 } };
  static const Name angle[] = { { GEN_EMAIL, "Zoe <zoe@example.org>", -1 } };
  static const Name empty[] = { { GEN_EMAIL, "", 0 } };
  static const Name bare[] = { { GEN_EMAIL, "example.org", -1 } };
  static const Name broken[] = { { GEN_OTHERNAME, "zo\xff@example.org", -1 } };
  static const Name high[] = { { GEN_EMAIL, "zo\xc3\xab@example.org", -1 } };
  static const Name subject[] = { { IN_SUBJECT, "zoe@example.org\0x", 17 } };
  CHECK (nul, );
  CHECK (end, );
  CHECK (two, );
  CHECK (angle, );
  CHECK (empty, );
  CHECK (bare, );
  CHECK (broken, );
  CHECK (high, );
  CHECK (subject, );
}

static X509_NAME *
make_name (const char *organisation, const char *common, int type)
{
  X509_NAME *name = X509_NAME_new ();
  X509_NAME_add_entry_by_NID (name, NID_organizationName, type, (const unsigned char *) organisation,
                              -1, -1, 0);
  X509_NAME_add_entry_by_NID (name, NID_commonName, type, (const unsigned char *) common, -1, -1, 0);
  return name;
}

static gboolean
same_key (const X509_NAME *a, const X509_NAME *b)
{
  g_autoptr (GBytes) left = _mc_x509_name_key (a);
  g_autoptr (GBytes) right = _mc_x509_name_key (b);
  return g_bytes_equal (left, right);
}

/* Names are found whatever their case, blanks and string types. */
static void
test_name_keys (void)
{
  g_autoptr (X509_NAME) name = make_name ("Test", "Some Authority", V_ASN1_UTF8STRING);
  g_autoptr (X509_NAME) printable = make_name ("Test", "Some Authority", V_ASN1_PRINTABLESTRING);
  g_autoptr (X509_NAME) loose = make_name ("TEST", " some   authority ", V_ASN1_UTF8STRING);
  g_autoptr (X509_NAME) other = make_name ("Test", "SomeAuthority", V_ASN1_UTF8STRING);
  g_autoptr (X509_NAME) swapped = make_name ("Some Authority", "Test", V_ASN1_UTF8STRING);
  CU_ASSERT_TRUE (same_key (name, printable));
  CU_ASSERT_TRUE (same_key (name, loose));
  CU_ASSERT_FALSE (same_key (name, other));
  CU_ASSERT_FALSE (same_key (name, swapped));
  g_autofree char *text = _mc_x509_name_text (name);
  CU_ASSERT_STRING_EQUAL (text, "CN=Some Authority,O=Test");
}

static void
test_numbers (void)
{
  static const struct {
    long value;
    const char *octets;
    gsize size;
  } cases[] = { { 0, "\0", 1 }, { 1, "\1", 1 }, { 128, "\0\x80", 2 }, { 65536, "\1\0\0", 3 } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (ASN1_INTEGER) number = ASN1_INTEGER_new ();
    ASN1_INTEGER_set (number, cases[i].value);
    g_autoptr (GBytes) octets = _mc_asn1_integer_octets (number);
    gsize size;
    const char *data = g_bytes_get_data (octets, &size);
    CU_ASSERT_EQUAL (size, cases[i].size);
    CU_ASSERT_EQUAL (memcmp (data, cases[i].octets, cases[i].size), 0);
  }
}

/* Which addresses match which certificate: to the octet, but for the case of ASCII and what
 * IDNA makes of a host. */
static void
test_matching (void)
{
  static const struct {
    Name name;
    const char *address;
    gboolean matches;
  } cases[] = {
    { { GEN_EMAIL, "zoe@example.org", -1 }, "zoe@example.org", TRUE },
    { { GEN_EMAIL, "zoe@example.org", -1 }, "ZOE@Example.ORG", TRUE },
    { { GEN_EMAIL, "Zoe@EXAMPLE.org", -1 }, "zoe@example.org", TRUE },
    { { GEN_EMAIL, "zoe@example.org", -1 }, "zo@example.org", FALSE },
    { { GEN_EMAIL, "zoe@example.org", -1 }, "zoe@example.or", FALSE },
    { { GEN_EMAIL, "zoe@example.org", -1 }, "zoe@example.org.evil.example", FALSE },
    { { GEN_EMAIL, "zoe@example.org", -1 }, "xzoe@example.org", FALSE },
    { { GEN_EMAIL, "zoe@example.org", -1 }, "zoe@sub.example.org", FALSE },
    { { GEN_EMAIL, "zoe@example.org", -1 }, "zoe+tag@example.org", FALSE },
    { { GEN_EMAIL, "zoe@example.org\0.evil.example", 28 }, "zoe@example.org", FALSE },
    { { GEN_EMAIL, "zoe@example.org a@example.org", -1 }, "zoe@example.org", FALSE },
    { { GEN_EMAIL, "zoe@example.org,a@example.org", -1 }, "a@example.org", FALSE },
    { { GEN_EMAIL, "zoe@xn--exmple-cua.org", -1 }, "zoe@ex\xc3\xa4mple.org", TRUE },
    { { GEN_OTHERNAME, "zo\xc3\xab@ex\xc3\xa4mple.org", -1 }, "zo\xc3\xab@xn--exmple-cua.org", TRUE },
    { { GEN_OTHERNAME, "ZO\xc3\xab@example.org", -1 }, "zo\xc3\xab@example.org", TRUE },
    { { GEN_OTHERNAME, "zo\xc3\xab@example.org", -1 }, "zo\xc3\x8b@example.org", FALSE },
    { { GEN_OTHERNAME, "zo\xc3\xab@example.org", -1 }, "zoe@example.org", FALSE },
    { { IN_SUBJECT, "Zoe@example.org", -1 }, "zoe@example.org", TRUE },
    { { IN_SUBJECT, "zoe@example.org\0", 16 }, "zoe@example.org", FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (X509) certificate = make_certificate (&cases[i].name, 1);
    g_autoptr (GPtrArray) identities = _mc_x509_identities (certificate);
    g_autofree char *address = _mc_address_normalise (cases[i].address, -1);
    const McIdentity *identity = identities->pdata[0];
    CU_ASSERT_EQUAL (g_strcmp0 (identity->address, address) == 0, cases[i].matches);
  }
}

/* RFC 5280 section 4.2.1.10: a mailbox, a host, all below a domain. */
static void
test_subtrees (void)
{
  static const struct {
    const char *address, *base;
    int size;
    gboolean within, sound;
  } cases[] = {
    { "zoe@example.org", "zoe@example.org", -1, TRUE, TRUE },
    { "zoe@example.org", "Zoe@EXAMPLE.org", -1, TRUE, TRUE },
    { "zoe@example.org", "ann@example.org", -1, FALSE, TRUE },
    { "zoe@example.org", "example.org", -1, TRUE, TRUE },
    { "zoe@example.org", "Example.ORG", -1, TRUE, TRUE },
    { "zoe@example.org", "@example.org", -1, TRUE, TRUE },
    { "zoe@sub.example.org", "example.org", -1, FALSE, TRUE },
    { "zoe@example.org", ".example.org", -1, FALSE, TRUE },
    { "zoe@sub.example.org", ".example.org", -1, TRUE, TRUE },
    { "zoe@a.b.example.org", ".EXAMPLE.org", -1, TRUE, TRUE },
    { "zoe@badexample.org", ".example.org", -1, FALSE, TRUE },
    { "zoe@badexample.org", "example.org", -1, FALSE, TRUE },
    { "zo\xc3\xab@xn--exmple-cua.org", "xn--exmple-cua.org", -1, TRUE, TRUE },
    { "zo\xc3\xab@xn--exmple-cua.org", "XN--EXMPLE-CUA.org", -1, TRUE, TRUE },
    { "zoe@example.org", "", 0, FALSE, FALSE },
    { "zoe@example.org", "example.org\0", 12, FALSE, FALSE },
    { "zoe@example.org", "exam ple.org", -1, FALSE, FALSE },
    { "zoe@example.org", ".", -1, FALSE, FALSE },
    { "zoe@example.org", "@", -1, FALSE, FALSE },
    { "zoe@example.org", "Zoe <zoe@example.org>", -1, FALSE, FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    gboolean sound;
    gsize size = cases[i].size >= 0 ? (gsize) cases[i].size : strlen (cases[i].base);
    CU_ASSERT_EQUAL (_mc_mailbox_is_within (cases[i].address, cases[i].base, size, &sound),
                     cases[i].within);
    CU_ASSERT_EQUAL (sound, cases[i].sound);
  }
}

static X509 *
make_issuer (const char *constraints)
{
  X509 *issuer = X509_new ();
  X509_EXTENSION *extension = X509V3_EXT_conf_nid (NULL, NULL, NID_name_constraints, constraints);
  CU_ASSERT_PTR_NOT_NULL_FATAL (extension);
  X509_add_ext (issuer, extension, -1);
  X509_EXTENSION_free (extension);
  return issuer;
}

static void
test_constraints (void)
{
  static const struct {
    const char *constraints;
    Name name;
    gboolean permitted;
  } cases[] = {
    { "permitted;email:example.org", { GEN_EMAIL, "zoe@example.org", -1 }, TRUE },
    { "permitted;email:example.org", { GEN_EMAIL, "zoe@example.com", -1 }, FALSE },
    { "permitted;email:example.org", { IN_SUBJECT, "zoe@example.com", -1 }, FALSE },
    { "permitted;email:example.org", { GEN_OTHERNAME, "zo\xc3\xab@example.com", -1 }, FALSE },
    { "permitted;email:example.org", { GEN_OTHERNAME, "zo\xc3\xab@example.org", -1 }, TRUE },
    { "permitted;email:.example.org,permitted;email:example.org",
      { GEN_EMAIL, "zoe@sub.example.org", -1 }, TRUE },
    { "excluded;email:zoe@example.org", { GEN_EMAIL, "ZOE@example.org", -1 }, FALSE },
    { "excluded;email:zoe@example.org", { IN_SUBJECT, "Zoe@example.org", -1 }, FALSE },
    { "excluded;email:zoe@example.org", { GEN_EMAIL, "ann@example.org", -1 }, TRUE },
    { "excluded;email:.example.org", { GEN_EMAIL, "zoe@sub.example.org", -1 }, FALSE },
    { "excluded;email:xn--exmple-cua.org", { GEN_OTHERNAME, "zo\xc3\xab@ex\xc3\xa4mple.org", -1 }, FALSE },
    { "permitted;email:example.org,excluded;email:zoe@example.org",
      { GEN_EMAIL, "zoe@example.org", -1 }, FALSE },
    { "permitted;DNS:example.com", { GEN_EMAIL, "zoe@example.org", -1 }, TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (X509) issuer = make_issuer (cases[i].constraints);
    g_autoptr (X509) certificate = make_certificate (&cases[i].name, 1);
    g_autoptr (GPtrArray) identities = _mc_x509_identities (certificate);
    CU_ASSERT_EQUAL (_mc_x509_permits (issuer, identities), cases[i].permitted);
  }
}

static CU_TestInfo tests[] = {
  { "places", test_places },
  { "what is no name", test_no_names },
  { "matching", test_matching },
  { "subtrees", test_subtrees },
  { "constraints", test_constraints },
  { "keys of names", test_name_keys },
  { "numbers", test_numbers },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_smime_names = {
  .pName = "smime_names",
  .pTests = tests,
};
