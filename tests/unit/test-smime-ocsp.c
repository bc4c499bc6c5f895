/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a responder's answer is worth, and which addresses may be asked. */
#include "config.h"

#include "smime-lab.h"

#include "smime/engine.h"
#include "smime/fetch.h"
#include "smime/ocsp.h"

#include <string.h>

static X509 *
load_certificate (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".crt", NULL);
  g_autofree char *path = lab_path (file);
  BIO *in = BIO_new_file (path, "r");
  X509 *certificate = PEM_read_bio_X509 (in, NULL, NULL, NULL);
  BIO_free (in);
  CU_ASSERT_PTR_NOT_NULL_FATAL (certificate);
  return certificate;
}

static EVP_PKEY *
load_key (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".key", NULL);
  g_autofree char *path = lab_path (file);
  BIO *in = BIO_new_file (path, "r");
  EVP_PKEY *key = PEM_read_bio_PrivateKey (in, NULL, NULL, NULL);
  BIO_free (in);
  CU_ASSERT_PTR_NOT_NULL_FATAL (key);
  return key;
}

/* How an answer is made, in what it differs from a good one. */
typedef struct {
  const char *about;        /* the certificate; NULL: alice's */
  const char *signer;       /* NULL: the issuer */
  int status;               /* V_OCSP_CERTSTATUS_* */
  int this_hours, next_hours;   /* from now; next 0: not there */
  enum { NONCE_NONE, NONCE_SAME, NONCE_OTHER } nonce;
  const EVP_MD *(*digest) (void);
  gboolean by_key;
  gboolean damaged;
} Answer;

static ASN1_TIME *
hours_from_now (int hours)
{
  return hours != 0 ? ASN1_TIME_adj (NULL, time (NULL), 0, hours * 3600L) : NULL;
}

static GBytes *
to_der (OCSP_BASICRESP *basic)
{
  unsigned char *der = NULL;
  g_autoptr (OCSP_RESPONSE) response = OCSP_response_create (OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  int size = i2d_OCSP_RESPONSE (response, &der);
  CU_ASSERT_TRUE_FATAL (size > 0);
  GBytes *bytes = g_bytes_new (der, (gsize) size);
  OPENSSL_free (der);
  return bytes;
}

static GBytes *
make_answer (const McOcspQuestion *question, const Answer *answer)
{
  gsize size;
  g_autoptr (GBytes) request_der = _mc_ocsp_question_to_der (question);
  const unsigned char *at = g_bytes_get_data (request_der, &size);
  g_autoptr (OCSP_REQUEST) request = d2i_OCSP_REQUEST (NULL, &at, (long) size);
  g_autoptr (OCSP_BASICRESP) basic = OCSP_BASICRESP_new ();
  g_autoptr (X509) about = load_certificate (answer->about != NULL ? answer->about : "alice");
  g_autoptr (X509) issuer = load_certificate ("int");
  g_autoptr (X509) signer = load_certificate (answer->signer != NULL ? answer->signer : "int");
  g_autoptr (EVP_PKEY) key = load_key (answer->signer != NULL ? answer->signer : "int");
  g_autoptr (OCSP_CERTID) id = OCSP_cert_to_id (EVP_sha1 (), about, issuer);
  ASN1_TIME *this_update = hours_from_now (answer->this_hours), *next = hours_from_now (answer->next_hours);
  ASN1_TIME *revoked = answer->status == V_OCSP_CERTSTATUS_REVOKED ? hours_from_now (-9) : NULL;
  unsigned long flags = answer->by_key ? OCSP_RESPID_KEY : 0;

  OCSP_basic_add1_status (basic, id, answer->status, 0, revoked, this_update, next);
  if (answer->nonce == NONCE_SAME)
    OCSP_copy_nonce (basic, request);
  else if (answer->nonce == NONCE_OTHER)
    OCSP_basic_add1_nonce (basic, NULL, 16);
  CU_ASSERT_EQUAL_FATAL (OCSP_basic_sign (basic, signer, key,
                                          answer->digest != NULL ? answer->digest () : EVP_sha256 (), NULL,
                                          flags), 1);
  if (answer->damaged)
    ((ASN1_STRING *) OCSP_resp_get0_signature (basic))->data[8] ^= 1;
  ASN1_TIME_free (this_update);
  ASN1_TIME_free (next);
  ASN1_TIME_free (revoked);
  return to_der (basic);
}

static McOcspStatus
ask (const Answer *answer)
{
  const char *why = NULL;
  g_autoptr (Desk) desk = desk_new ();
  g_autoptr (X509) alice = load_certificate ("alice");
  g_autoptr (X509) issuer = load_certificate ("int");
  g_autoptr (McOcspQuestion) question = _mc_ocsp_question_new (desk->engine, alice, issuer);
  CU_ASSERT_PTR_NOT_NULL_FATAL (question);
  g_autoptr (GBytes) der = make_answer (question, answer);
  McOcspStatus status = _mc_ocsp_read (question, der, &why);
  CU_ASSERT_EQUAL (why != NULL, status == MC_OCSP_UNKNOWN);
  return status;
}

/* NAME.crt: a responder with that extended usage, of @issuer, valid for so many days. */
static void
make_responder (const char *name, const char *issuer, const char *usage, const char *days)
{
  lab_run ("openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s.key"
           " && printf 'extendedKeyUsage=%s\nkeyUsage=digitalSignature\n' >%s.ext"
           " && openssl req -new -key %s.key -subj /CN=%s -out %s.csr"
           " && openssl x509 -req -in %s.csr -CA %s.crt -CAkey %s.key -CAcreateserial -extfile %s.ext"
           " -days %s -out %s.crt 2>issue.log",
           name, usage, name, name, name, name, name, issuer, issuer, name, days, name);
}

static void
test_answers (void)
{
  static const struct {
    Answer answer;
    McOcspStatus wanted;
  } cases[] = {
    { { .this_hours = -1, .next_hours = 24 }, MC_OCSP_GOOD },
    { { .this_hours = -1, .next_hours = 24, .nonce = NONCE_SAME }, MC_OCSP_GOOD },
    { { .this_hours = -1, .next_hours = 24, .by_key = TRUE }, MC_OCSP_GOOD },
    { { .this_hours = -1, .next_hours = 24, .status = V_OCSP_CERTSTATUS_REVOKED }, MC_OCSP_REVOKED },
    { { .this_hours = -1, .next_hours = 24, .status = V_OCSP_CERTSTATUS_UNKNOWN }, MC_OCSP_UNKNOWN },
    { { .this_hours = -1, .next_hours = 24, .nonce = NONCE_OTHER }, MC_OCSP_UNKNOWN },
    { { .this_hours = -1, .next_hours = 24, .about = "p256" }, MC_OCSP_UNKNOWN },
    { { .this_hours = -1, .next_hours = 24, .damaged = TRUE }, MC_OCSP_UNKNOWN },
    { { .this_hours = -1, .next_hours = 24, .digest = EVP_sha1 }, MC_OCSP_UNKNOWN },
    { { .this_hours = -48, .next_hours = -24 }, MC_OCSP_UNKNOWN },
    { { .this_hours = 24, .next_hours = 48 }, MC_OCSP_UNKNOWN },
    { { .this_hours = -1 }, MC_OCSP_GOOD },
    { { .this_hours = -48 }, MC_OCSP_UNKNOWN },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    CU_ASSERT_EQUAL (ask (&cases[i].answer), cases[i].wanted);
}

/* RFC 6960 section 4.2.2.2. */
static void
test_responders (void)
{
  static const struct {
    const char *name, *issuer, *usage, *days;
    McOcspStatus wanted;
  } cases[] = {
    { "resp-good", "int", "OCSPSigning", "10", MC_OCSP_GOOD },
    { "resp-mail", "int", "emailProtection", "10", MC_OCSP_UNKNOWN },
    { "resp-any", "int", "anyExtendedKeyUsage", "10", MC_OCSP_UNKNOWN },
    { "resp-root", "root", "OCSPSigning", "10", MC_OCSP_UNKNOWN },
    { "resp-other", "other", "OCSPSigning", "10", MC_OCSP_UNKNOWN },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    Answer answer = { .this_hours = -1, .next_hours = 24, .signer = cases[i].name };
    (void) lab_folder ();
    make_responder (cases[i].name, cases[i].issuer, cases[i].usage, cases[i].days);
    CU_ASSERT_EQUAL (ask (&answer), cases[i].wanted);
  }
  /* the certificate that is asked about does not speak for itself */
  Answer own = { .this_hours = -1, .next_hours = 24, .signer = "alice" };
  CU_ASSERT_EQUAL (ask (&own), MC_OCSP_UNKNOWN);
}

static void
test_addresses (void)
{
  static const struct {
    const char *text;
    gboolean public;
  } cases[] = {
    { "8.8.8.8", TRUE },           { "2600::1", TRUE },             { "127.0.0.1", FALSE },
    { "127.255.255.254", FALSE },  { "0.0.0.0", FALSE },            { "10.1.2.3", FALSE },
    { "172.16.0.1", FALSE },       { "172.32.0.1", TRUE },          { "192.168.1.1", FALSE },
    { "169.254.169.254", FALSE },  { "100.64.0.1", FALSE },         { "198.18.0.1", FALSE },
    { "224.0.0.1", FALSE },        { "255.255.255.255", FALSE },    { "::1", FALSE },
    { "::", FALSE },               { "::ffff:127.0.0.1", FALSE },   { "::ffff:8.8.8.8", FALSE },
    { "fe80::1", FALSE },          { "fc00::1", FALSE },            { "fd12::1", FALSE },
    { "ff02::1", FALSE },          { "64:ff9b::7f00:1", FALSE },    { "2002:7f00:1::", FALSE },
    { "2001::1", FALSE },          { "2001:db8::1", FALSE },        { "2001:4860:4860::8888", TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GInetAddress) address = g_inet_address_new_from_string (cases[i].text);
    CU_ASSERT_PTR_NOT_NULL_FATAL (address);
    CU_ASSERT_EQUAL (_mc_address_is_public (address), cases[i].public);
  }
}

static void
test_urls (void)
{
  static const char *const urls[] = {
    "",           "http://",           "https://127.0.0.1/", "ftp://127.0.0.1/",        "http:///x",
    "file:///x",  "http://a b/",       "http://127.0.0.1/\r\nX: y", "http://u:p@127.0.0.1/",
    "http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http://[::1%25lo]/", "ldap://127.0.0.1/",
    "//127.0.0.1/", "http://127.0.0.1/ ",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_autoptr (GError) error = NULL;
    McFetch job = { .url = urls[i], .max_bytes = 1024, .anywhere = TRUE,
                    .deadline = g_get_monotonic_time () + G_USEC_PER_SEC };
    CU_ASSERT_PTR_NULL (_mc_fetch (&job, NULL, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
  }
  /* a name is looked up once, and what it stands for decides */
  g_autoptr (GError) error = NULL;
  McFetch job = { .url = "http://localhost:9/", .max_bytes = 1024,
                  .deadline = g_get_monotonic_time () + 5 * G_USEC_PER_SEC };
  CU_ASSERT_PTR_NULL (_mc_fetch (&job, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
}

static void
test_cancelled (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  McFetch job = { .url = "http://127.0.0.1:9/", .max_bytes = 1024, .anywhere = TRUE,
                  .deadline = g_get_monotonic_time () + G_USEC_PER_SEC };
  g_cancellable_cancel (cancellable);
  CU_ASSERT_PTR_NULL (_mc_fetch (&job, cancellable, &error));
  CU_ASSERT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}

static CU_TestInfo tests[] = {
  { "answers", test_answers },
  { "responders", test_responders },
  { "public addresses", test_addresses },
  { "addresses that are not used", test_urls },
  { "cancelled", test_cancelled },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_smime_ocsp = {
  .pName = "smime_ocsp",
  .pTests = tests,
};
