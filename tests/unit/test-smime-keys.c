/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Import in every form, private keys on disk, generating, finding, exporting, removing. */
#include "config.h"

#include "smime-lab.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static guint
count_files (const Desk *desk)
{
  guint count = 0;
  g_autofree char *path = g_build_filename (desk->home, "private", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && g_dir_read_name (dir) != NULL)
    count++;
  return count;
}

static guint
count_certificates (Desk *desk)
{
  McKeyQuery query = { 0 };
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  CU_ASSERT_TRUE (_mc_smime_backend.find (desk->engine, &query, keys, NULL, NULL));
  return keys->len;
}

static const char *
word_of (const GPtrArray *results, const char *what)
{
  for (guint i = 0; i < results->len; i++) {
    const McImported *one = results->pdata[i];
    if (strcmp (one->what, what) == 0)
      return one->word;
  }
  return "";
}

/* --------------------------------------------------------------------- import -- */

typedef struct {
  const char *command;      /* makes the file "import" */
  guint certificates, keys;
  const char *passphrase;   /* of the file */
} ImportCase;

static const ImportCase import_cases[] = {
  { "cp alice.crt import", 1, 0, NULL },
  { "openssl x509 -in alice.crt -outform DER -out import", 1, 0, NULL },
  { "{ echo Bag Attributes; openssl x509 -in alice.crt -text; cat int.crt root.crt; } >import", 3, 0,
    NULL },
  { "openssl x509 -in alice.crt -trustout -addtrust emailProtection -out import", 1, 0, NULL },
  { "openssl crl2pkcs7 -nocrl -certfile alice.crt -certfile int.crt -out import", 2, 0, NULL },
  { "openssl crl2pkcs7 -nocrl -certfile alice.crt -certfile int.crt -outform DER -out import", 2, 0,
    NULL },
  { "cat alice.key alice.crt >import", 1, 1, NULL },
  { "{ openssl rsa -in alice.key -traditional; cat alice.crt; } >import", 1, 1, NULL },
  { "{ openssl ecparam -name P-256; openssl ec -in p256.key; cat p256.crt; } >import", 1, 1, NULL },
  { "{ openssl rsa -in alice.key -traditional -aes128 -passout pass:secret; cat alice.crt; } >import",
    1, 1, "secret" },
  { "{ openssl pkcs8 -topk8 -in alice.key -passout pass:secret; cat alice.crt; } >import", 1, 1,
    "secret" },
  { "{ openssl pkcs8 -topk8 -in alice.key -v1 PBE-SHA1-3DES -passout pass:secret; cat alice.crt; }"
    " >import", 1, 1, "secret" },
  { "openssl pkcs12 -export -inkey alice.key -in alice.crt -passout pass:secret -out import", 1, 1,
    "secret" },
  { "openssl pkcs12 -export -inkey alice.key -in alice.crt -passout pass: -out import", 1, 1, NULL },
  { "openssl pkcs12 -export -inkey pss.key -in pss.crt -certfile int.crt -passout pass:secret"
    " -out import", 2, 1, "secret" },
  { "openssl pkcs12 -export -legacy -inkey alice.key -in alice.crt -certfile int.crt"
    " -passout pass:secret -out import", 2, 1, "secret" },
  { "{ echo -----BEGIN PKCS12-----; openssl pkcs12 -export -legacy -inkey p256.key -in p256.crt"
    " -passout pass:secret | base64; echo -----END PKCS12-----; } >import", 1, 1, "secret" },
  { "openssl pkcs12 -export -nomac -inkey alice.key -in alice.crt -passout pass:secret -out import",
    1, 1, "secret" },
};

static void
test_import_forms (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (import_cases); i++) {
    const ImportCase *one = &import_cases[i];
    g_autoptr (GError) error = NULL;
    g_autoptr (Desk) desk = desk_new ();
    lab_run ("%s", one->command);
    desk->passphrase = one->passphrase;
    g_autoptr (GPtrArray) first = desk_try_import (desk, "import", "", &error);
    if (first == NULL)
      g_printerr ("lab: %s: %s\n", one->command, error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL (first);
    CU_ASSERT_EQUAL (first->len, one->certificates + one->keys);
    CU_ASSERT_STRING_EQUAL (word_of (first, "certificate"), "new");
    CU_ASSERT_EQUAL (count_certificates (desk), one->certificates);
    CU_ASSERT_EQUAL (count_files (desk), one->keys);
    if (one->keys > 0)
      CU_ASSERT_STRING_EQUAL (word_of (first, "private-key"), "new");

    g_autoptr (GPtrArray) again = desk_try_import (desk, "import", "", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL (again);
    for (guint k = 0; k < again->len; k++)
      CU_ASSERT_STRING_EQUAL (((McImported *) again->pdata[k])->word, "unchanged");
    CU_ASSERT_EQUAL (count_files (desk), one->keys);
  }
}

static void
test_import_failures (void)
{
  static const struct {
    const char *command;
    McError code;
  } cases[] = {
    { "printf rubbish >import", MC_ERROR_MALFORMED },
    { ": >import", MC_ERROR_MALFORMED },
    { "cat alice.key >import", MC_ERROR_NO_KEY },
    { "{ cat alice.crt; echo -----BEGIN CERTIFICATE-----; echo AAAA; echo -----END CERTIFICATE-----; }"
      " >import", MC_ERROR_MALFORMED },
    { "{ cat alice.crt; head -c 300 int.crt; } >import", MC_ERROR_MALFORMED },
    { "cat alice.crt p256.key >import", MC_ERROR_NO_KEY },
    { "openssl pkcs12 -export -inkey alice.key -in alice.crt -passout pass:other -out import",
      MC_ERROR_NO_SECRET },
    { "openssl pkcs12 -export -inkey alice.key -in alice.crt -passout pass:secret | head -c 1000 >import",
      MC_ERROR_MALFORMED },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (Desk) desk = desk_new ();
    desk->passphrase = "secret";
    lab_run ("%s", cases[i].command);
    g_autoptr (GPtrArray) results = desk_try_import (desk, "import", "", &error);
    CU_ASSERT_PTR_NULL (results);
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, (gint) cases[i].code));
    CU_ASSERT_EQUAL (count_certificates (desk), 0);
    CU_ASSERT_EQUAL (count_files (desk), 0);
  }
}

/* The certificate today, its key tomorrow. */
static void
test_import_key_later (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_import (desk, "alice.crt");
  desk_import (desk, "alice.key");
  g_autoptr (McKey) key = desk_find_certificate (desk, "alice", MC_KEY_CAN_SIGN);
  CU_ASSERT_EQUAL (key->secret, MC_SECRET_FILE);
}

static char *
key_file (const Desk *desk)
{
  g_autofree char *path = g_build_filename (desk->home, "private", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (dir);
  const char *name = g_dir_read_name (dir);
  CU_ASSERT_PTR_NOT_NULL_FATAL (name);
  return g_build_filename (path, name, NULL);
}

static void
test_key_files (void)
{
  g_autoptr (Desk) desk = desk_new ();
  lab_run ("cat alice.crt alice.key >pair");
  g_autoptr (GPtrArray) first = desk_try_import (desk, "pair", "one", NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (first);
  CU_ASSERT_EQUAL (desk->asked, 0);

  struct stat folder, file;
  g_autofree char *path = key_file (desk);
  g_autofree char *parent = g_path_get_dirname (path);
  CU_ASSERT_EQUAL_FATAL (g_stat (path, &file), 0);
  CU_ASSERT_EQUAL_FATAL (g_stat (parent, &folder), 0);
  CU_ASSERT_EQUAL (file.st_mode & 07777, 0600);
  CU_ASSERT_EQUAL (folder.st_mode & 07777, 0700);
  lab_run ("openssl pkey -in '%s' -passin pass:one -pubout -out opened", path);
  lab_run ("openssl pkey -in alice.key -pubout -out wanted && cmp opened wanted");
  lab_run ("openssl asn1parse -in '%s' | grep -q PBES2", path);
  lab_run ("openssl asn1parse -in '%s' | grep -q hmacWithSHA256", path);
  lab_run ("openssl asn1parse -in '%s' | grep -q 0186A0", path);
  lab_run ("openssl asn1parse -in '%s' | grep -q aes-256-cbc", path);

  /* Another passphrase when asked for, and only then. */
  g_autoptr (GPtrArray) same = desk_try_import (desk, "pair", "one", NULL);
  CU_ASSERT_STRING_EQUAL (word_of (same, "private-key"), "unchanged");
  g_autoptr (GPtrArray) kept = desk_try_import (desk, "pair", NULL, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (kept);
  CU_ASSERT_STRING_EQUAL (word_of (kept, "private-key"), "unchanged");
  g_autoptr (GPtrArray) other = desk_try_import (desk, "pair", "two", NULL);
  CU_ASSERT_STRING_EQUAL (word_of (other, "private-key"), "updated");
  lab_run ("openssl pkey -in '%s' -passin pass:two -noout", path);
  g_autoptr (GPtrArray) clear = desk_try_import (desk, "pair", "", NULL);
  CU_ASSERT_STRING_EQUAL (word_of (clear, "private-key"), "updated");
  lab_run ("grep -q 'BEGIN PRIVATE KEY' '%s'", path);
  CU_ASSERT_EQUAL (count_files (desk), 1);
}

/* What opened the file protects the key; an open file needs a new passphrase. */
static void
test_passphrases (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Desk) desk = desk_new ();
  lab_run ("openssl pkcs12 -export -inkey alice.key -in alice.crt -passout pass:secret -out import");
  desk->passphrase = "secret";
  g_autoptr (GPtrArray) results = desk_try_import (desk, "import", NULL, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (results);
  g_autofree char *path = key_file (desk);
  lab_run ("openssl pkey -in '%s' -passin pass:secret -noout", path);

  g_autoptr (Desk) other = desk_new ();
  lab_run ("cat alice.crt alice.key >pair");
  g_autoptr (GPtrArray) refused = desk_try_import (other, "pair", NULL, &error);
  CU_ASSERT_PTR_NULL (refused);
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_NO_SECRET));
  CU_ASSERT_EQUAL (count_certificates (other), 0);
}

static void
test_locked (void)
{
  g_auto (McUnwrapped) locked = { 0 };
  g_auto (McUnwrapped) opened = { 0 };
  g_autoptr (Desk) desk = desk_new ();
  lab_run ("cat alice.crt alice.key >pair");
  g_autoptr (GPtrArray) results = desk_try_import (desk, "pair", "secret", NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (results);
  lab_run ("openssl cms -encrypt -aes-256-cbc -binary -in message -outform DER -out e.der alice.crt");
  desk->passphrase = "wrong";
  desk_unwrap (desk, "e.der", MC_UNWRAP_DEFAULT, &locked);
  CU_ASSERT_EQUAL (only_layer (&locked)->decryption, MC_DECRYPTION_NO_KEY);
  CU_ASSERT_TRUE (has_reason (only_layer (&locked)->reasons, "no-passphrase"));
  desk->passphrase = "secret";
  desk_unwrap (desk, "e.der", MC_UNWRAP_DEFAULT, &opened);
  CU_ASSERT_EQUAL (only_layer (&opened)->decryption, MC_DECRYPTION_OK);
  CU_ASSERT_FALSE (has_reason (only_layer (&opened)->reasons, "no-passphrase"));
}

/* A key file that holds another key than its name says. */
static void
test_swapped_file (void)
{
  g_auto (McUnwrapped) opened = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Desk) desk = desk_new ();
  desk_own (desk, "alice");
  g_autofree char *path = key_file (desk);
  lab_run ("cp weak.key '%s'", path);
  lab_run ("openssl cms -encrypt -aes-256-cbc -binary -in message -outform DER -out e.der alice.crt");
  g_autoptr (McSpool) object = lab_read ("e.der");
  CU_ASSERT_FALSE (_mc_smime_backend.unwrap (desk->engine, _mc_span_whole (object), "1",
                                             MC_UNWRAP_DEFAULT, &opened, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_IO));
}

/* ------------------------------------------------------------------- generate -- */

static void
test_self_signed (void)
{
  static const char *const kinds[] = { "rsa2048", "p256", "p384", "p521" };
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (Desk) desk = desk_new ();
    g_autoptr (McKey) key = NULL;
    g_autoptr (McSecret) none = mc_secret_new ("", 0);
    McKeyRequest request = { .protocol = MC_PROTOCOL_SMIME, .address = "Gene@Example.org",
                             .name = "Gene Müller", .algorithm = kinds[i], .self_signed = TRUE,
                             .passphrase = none };
    CU_ASSERT_TRUE_FATAL (_mc_smime_backend.generate (desk->engine, &request, &key, NULL, NULL));
    CU_ASSERT_STRING_EQUAL (key->algorithm, kinds[i]);
    CU_ASSERT_EQUAL (key->use, MC_KEY_CAN_SIGN | MC_KEY_CAN_ENCRYPT);
    CU_ASSERT_TRUE (mc_key_get_address_trusted (key, 0));

    g_autoptr (McKey) found = desk_find_one (desk, "gene@example.org", MC_KEY_CAN_ENCRYPT);
    CU_ASSERT_EQUAL (found->secret, MC_SECRET_FILE);
    CU_ASSERT_EQUAL (found->validity, MC_VALIDITY_VALID);
    CU_ASSERT_TRUE (mc_key_get_address_trusted (found, 0));
    CU_ASSERT_STRING_EQUAL (mc_key_get_name (found, 0), "Gene Müller");
    CU_ASSERT_EQUAL (found->reasons->len, 0);

    g_auto (McSealed) sealed = { 0 };
    g_autoptr (McSpool) content = lab_read ("message");
    McSignJob job = { _mc_span_whole (content), found, FALSE };
    CU_ASSERT_TRUE_FATAL (_mc_smime_backend.sign (desk->engine, &job, &sealed, NULL, NULL));
    lab_write ("s.der", sealed.object);
    g_autoptr (McLayer) layer = desk_verify (desk, "message", "s.der");
    CU_ASSERT_EQUAL (only_signer (layer)->content, MC_CONTENT_INTACT);
    CU_ASSERT_TRUE (is_trusted (only_signer (layer)));

    /* Nobody else trusts it. */
    g_autoptr (Desk) other = desk_new ();
    g_autoptr (McLayer) seen = desk_verify (other, "message", "s.der");
    CU_ASSERT_FALSE (is_trusted (only_signer (seen)));
    CU_ASSERT_TRUE (has_reason (only_signer (seen)->reasons, "self-signed"));
  }
}

static void
test_request (void)
{
  g_autoptr (Desk) desk = desk_new ();
  g_autoptr (McKey) key = NULL;
  g_autoptr (McSecret) passphrase = mc_secret_new ("secret", 6);
  g_autoptr (GOutputStream) csr = g_memory_output_stream_new_resizable ();
  McKeyRequest request = { .protocol = MC_PROTOCOL_SMIME, .address = "gene@example.org",
                           .algorithm = "p256", .passphrase = passphrase, .csr = csr };
  CU_ASSERT_TRUE_FATAL (_mc_smime_backend.generate (desk->engine, &request, &key, NULL, NULL));
  CU_ASSERT_PTR_NULL (key);
  CU_ASSERT_EQUAL (count_files (desk), 1);
  CU_ASSERT_EQUAL (count_certificates (desk), 0);
  g_autoptr (McSpool) text =
    lab_spool (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (csr)),
               g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (csr)));
  lab_write ("gene.csr", text);
  lab_run ("openssl req -in gene.csr -verify -noout -text | grep -q 'email:gene@example.org'");

  /* The certificate comes back and finds its key. */
  lab_run ("openssl x509 -req -in gene.csr -CA int.crt -CAkey int.key -copy_extensions copyall"
           " -CAcreateserial -days 30 -out gene.crt");
  desk_import (desk, "gene.crt");
  g_autoptr (McKey) found = desk_find_one (desk, "gene@example.org", MC_KEY_CAN_SIGN);
  CU_ASSERT_EQUAL (found->secret, MC_SECRET_FILE);
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (McSpool) content = lab_read ("message");
  McSignJob job = { _mc_span_whole (content), found, FALSE };
  desk->passphrase = "secret";
  CU_ASSERT_TRUE (_mc_smime_backend.sign (desk->engine, &job, &sealed, NULL, NULL));
}

static void
test_bad_requests (void)
{
  static const McKeyRequest requests[] = {
    { .address = "gene@example.org" },
    { .address = "nobody", .self_signed = TRUE },
    { .address = "gene@example.org", .algorithm = "rsa1024", .self_signed = TRUE },
  };
  g_autoptr (Desk) desk = desk_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (McKey) key = NULL;
    CU_ASSERT_FALSE (_mc_smime_backend.generate (desk->engine, &requests[i], &key, NULL, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
  }
  CU_ASSERT_EQUAL (count_files (desk), 0);
}

/* -------------------------------------------------------------------- the rest -- */

static void
test_find (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_own (desk, "alice");
  desk_import (desk, "int.crt");
  desk_import (desk, "p256.crt");
  g_autoptr (GPtrArray) nobody = desk_find (desk, "nobody@example.org", MC_KEY_CAN_SIGN);
  CU_ASSERT_EQUAL (nobody->len, 0);
  g_autoptr (McKey) alice = desk_find_one (desk, "ALICE@Example.Org", MC_KEY_CAN_ENCRYPT);
  CU_ASSERT_STRING_EQUAL (alice->algorithm, "rsa2048");
  CU_ASSERT_EQUAL (alice->secret, MC_SECRET_FILE);
  CU_ASSERT_FALSE (alice->weak);
  CU_ASSERT_FALSE (mc_key_get_address_trusted (alice, 0));
  CU_ASSERT_TRUE (has_reason (alice->reasons, "no-chain"));

  static const McKeyQuery queries[] = {
    { .text = "intermediate" }, { .secret_only = TRUE }, { .text = "p256" }, { 0 },
  };
  static const guint counts[] = { 1, 1, 1, 3 };
  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++) {
    g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
    CU_ASSERT_TRUE (_mc_smime_backend.find (desk->engine, &queries[i], keys, NULL, NULL));
    CU_ASSERT_EQUAL (keys->len, counts[i]);
  }
}

static void
test_export (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_import (desk, "alice.crt");
  desk_import (desk, "int.crt");
  desk_import (desk, "root.crt");
  g_autoptr (McKey) key = desk_find_certificate (desk, "alice", MC_KEY_CAN_SIGN);
  g_autoptr (McSpool) pem = lab_spool ("", 0);
  g_autoptr (McSpool) mail = lab_spool ("", 0);
  CU_ASSERT_TRUE_FATAL (_mc_smime_backend.export (desk->engine, key, FALSE, pem, NULL, NULL));
  lab_write ("export", pem);
  lab_run ("test $(grep -c BEGIN export) = 3 && openssl x509 -in export -outform DER | cmp - alice.der");
  CU_ASSERT_TRUE_FATAL (_mc_smime_backend.export (desk->engine, key, TRUE, mail, NULL, NULL));
  lab_write ("export", mail);
  lab_run ("test $(openssl pkcs7 -inform DER -in export -print_certs | grep -c BEGIN) = 2");
  g_auto (McUnwrapped) opened = { 0 };
  desk_unwrap (desk, "export", MC_UNWRAP_DEFAULT, &opened);
  CU_ASSERT_STRING_EQUAL (opened.format, "certs-only");
}

static void
test_remove (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_own (desk, "alice");
  desk_import (desk, "renewed.crt");
  g_autoptr (McKey) first = desk_find_certificate (desk, "alice", MC_KEY_CAN_SIGN);
  g_autoptr (McKey) second = desk_find_certificate (desk, "renewed", MC_KEY_CAN_SIGN);
  CU_ASSERT_EQUAL (second->secret, MC_SECRET_FILE);
  CU_ASSERT_TRUE (_mc_smime_backend.remove (desk->engine, first, NULL, NULL));
  CU_ASSERT_EQUAL (count_files (desk), 1);   /* the other one needs it */
  CU_ASSERT_TRUE (_mc_smime_backend.remove (desk->engine, second, NULL, NULL));
  CU_ASSERT_EQUAL (count_files (desk), 0);
  CU_ASSERT_EQUAL (count_certificates (desk), 0);
}

static CU_TestInfo tests[] = {
  { "import: forms", test_import_forms },
  { "import: all or nothing", test_import_failures },
  { "import: key after certificate", test_import_key_later },
  { "key files", test_key_files },
  { "passphrases", test_passphrases },
  { "locked", test_locked },
  { "swapped key file", test_swapped_file },
  { "self-signed", test_self_signed },
  { "request", test_request },
  { "bad requests", test_bad_requests },
  { "find", test_find },
  { "export", test_export },
  { "remove", test_remove },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_smime_keys = {
  .pName = "smime_keys",
  .pTests = tests,
};
