/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "unit.h"

#include "context.h"
#include "double-backend.h"
#include "keys/find.h"
#include "scratch.h"

#include <string.h>

#define BOB "bob@example.org"
#define CAROL "carol@example.org"
#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char *folder;
static McContext *context;

static void
set_up (void)
{
  double_reset ();
  folder = scratch_new ();
  context = scratch_context (folder);
  double_install (context, MC_PROTOCOL_OPENPGP);
  double_install (context, MC_PROTOCOL_SMIME);
}

static void
tear_down (void)
{
  g_clear_pointer (&context, mc_context_free);
  g_clear_pointer (&folder, scratch_free);
  double_reset ();
}

/* ------------------------------------------------------------------- helpers -- */

static McStore *
make_store (void)
{
  McStore *store = NULL;
  CU_ASSERT_TRUE_FATAL (_mc_context_get_store (context, TRUE, &store, NULL));
  return store;
}

/* The fingerprints listed, each cut to its first digit and its length. */
static void
check_list (McProtocol protocol, const char *pattern, gboolean secret_only, const char *expected)
{
  g_autoptr (GString) got = g_string_new (NULL);
  g_autoptr (GPtrArray) keys = mc_keys_list (context, protocol, pattern, secret_only, NULL, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (keys);
  for (guint i = 0; i < keys->len; i++) {
    const char *fingerprint = mc_key_get_fingerprint (g_ptr_array_index (keys, i));
    g_string_append_printf (got, "%c%zu ", fingerprint[0], strlen (fingerprint));
  }
  CU_ASSERT_STRING_EQUAL (got->str, expected);
  if (strcmp (got->str, expected) != 0)
    g_printerr ("listed: %s\n", got->str);
}

static void
note_pin (const char *fingerprint, const char *address, McPin pin, gpointer user_data)
{
  g_string_append_printf (user_data, "%c:%s:%d ", *fingerprint, address, pin);
}

static void
check_pins (McProtocol protocol, const char *expected)
{
  McStore *store = NULL;
  g_autoptr (GString) got = g_string_new (NULL);
  CU_ASSERT_TRUE (_mc_context_get_store (context, FALSE, &store, NULL));
  CU_ASSERT_TRUE (_mc_store_find_pins (store, protocol, NULL, note_pin, got, NULL));
  CU_ASSERT_STRING_EQUAL (got->str, expected);
  if (strcmp (got->str, expected) != 0)
    g_printerr ("pins: %s\n", got->str);
}

static void
check_trust_fails (const char *fingerprint, const char *address, gboolean anchor, McError code)
{
  g_autoptr (GError) error = NULL;
  CU_ASSERT_FALSE (mc_keys_trust (context, fingerprint, address, anchor, NULL, &error));
  CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, (int) code));
  CU_ASSERT_PTR_NULL (strchr (error->message, '\x1b'));
}

/* -------------------------------------------------------------------- listing -- */

static void
test_sorted (void)
{
  double_add_key (MC_PROTOCOL_OPENPGP, B40, BOB);
  double_add_key (MC_PROTOCOL_OPENPGP, A40, CAROL);
  double_add_key (MC_PROTOCOL_SMIME, B64, BOB);
  double_add_key (MC_PROTOCOL_SMIME, A64, BOB)->secret = MC_SECRET_FILE;
  (void) make_store ();
  check_list (MC_PROTOCOL_UNKNOWN, NULL, FALSE, "b40 a40 a64 b64 ");
  check_list (MC_PROTOCOL_SMIME, NULL, FALSE, "a64 b64 ");
  check_list (MC_PROTOCOL_UNKNOWN, NULL, TRUE, "a64 ");
}

static void
test_patterns (void)
{
  double_add_key (MC_PROTOCOL_OPENPGP, A40, BOB);
  double_add_key (MC_PROTOCOL_SMIME, A64, CAROL);
  (void) make_store ();
  check_list (MC_PROTOCOL_UNKNOWN, "BOB@Example.ORG", FALSE, "a40 ");
  check_list (MC_PROTOCOL_UNKNOWN, "carol", FALSE, "a64 ");
  check_list (MC_PROTOCOL_UNKNOWN, "example", FALSE, "a40 a64 ");
  check_list (MC_PROTOCOL_UNKNOWN, "0xAAAAAAAA AAAAAAAA AAAAAAAA AAAAAAAA AAAAAAAA", FALSE, "a40 ");
  check_list (MC_PROTOCOL_UNKNOWN, A64, FALSE, "a64 ");
  check_list (MC_PROTOCOL_UNKNOWN, "dave@example.org", FALSE, "");
  check_list (MC_PROTOCOL_UNKNOWN, "", FALSE, "a40 a64 ");
}

/* What the user bound to an address is listed for it. */
static void
test_pinned_address (void)
{
  McStore *store = make_store ();
  double_add_key (MC_PROTOCOL_OPENPGP, A40, BOB);
  double_add_key (MC_PROTOCOL_SMIME, A64, BOB);
  CU_ASSERT_TRUE (_mc_store_set_pin (store, MC_PROTOCOL_OPENPGP, A40, "nick@example.org", MC_PIN_TRUSTED,
                                     NULL));
  CU_ASSERT_TRUE (_mc_store_set_pin (store, MC_PROTOCOL_OPENPGP, B40, "nick@example.org", MC_PIN_TRUSTED,
                                     NULL));
  CU_ASSERT_TRUE (_mc_store_set_pin (store, MC_PROTOCOL_SMIME, A64, "nick@example.org", MC_PIN_TRUSTED,
                                     NULL));
  CU_ASSERT_TRUE (_mc_store_set_pin (store, MC_PROTOCOL_SMIME, A64, BOB, MC_PIN_TRUSTED, NULL));
  check_list (MC_PROTOCOL_UNKNOWN, "nick@example.org", FALSE, "a40 a64 ");
  check_list (MC_PROTOCOL_UNKNOWN, BOB, FALSE, "a40 a64 ");
  check_list (MC_PROTOCOL_UNKNOWN, "nick@example.org", TRUE, "");
}

static void
test_without_a_store (void)
{
  double_add_key (MC_PROTOCOL_OPENPGP, A40, BOB);
  double_add_key (MC_PROTOCOL_SMIME, A64, BOB);
  check_list (MC_PROTOCOL_UNKNOWN, NULL, FALSE, "a40 ");
  CU_ASSERT_EQUAL (double_get_n_opened (MC_PROTOCOL_SMIME), 0);
  (void) make_store ();
  check_list (MC_PROTOCOL_UNKNOWN, A40, FALSE, "a40 ");   /* nor for a fingerprint of the other's */
  CU_ASSERT_EQUAL (double_get_n_opened (MC_PROTOCOL_SMIME), 0);
}

/* ---------------------------------------------------------------------- trust -- */

static void
test_trust_own_addresses (void)
{
  McKey *key = double_add_key (MC_PROTOCOL_OPENPGP, A40, BOB);
  g_ptr_array_add (key->identities, _mc_identity_new (CAROL, NULL, MC_TRUST_UNKNOWN));
  g_ptr_array_add (key->identities, _mc_identity_new (NULL, "no address", MC_TRUST_UNKNOWN));
  CU_ASSERT_TRUE (mc_keys_trust (context, A40, NULL, FALSE, NULL, NULL));
  check_pins (MC_PROTOCOL_OPENPGP, "a:" BOB ":1 a:" CAROL ":1 ");

  g_autoptr (McKey) found = _mc_keys_find_one (context, A40, TRUE, NULL, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (found);
  CU_ASSERT_TRUE (mc_key_get_address_trusted (found, 0));
  CU_ASSERT_TRUE (mc_key_get_address_trusted (found, 1));
  CU_ASSERT_FALSE (mc_key_get_address_trusted (found, 2));
}

static void
test_trust_spellings (void)
{
  double_add_key (MC_PROTOCOL_SMIME, A64, BOB);
  (void) make_store ();
  CU_ASSERT_TRUE (mc_keys_trust (context,
                                 "AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:"
                                 "AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA",
                                 "Dave@EXAMPLE.org", FALSE, NULL, NULL));
  check_pins (MC_PROTOCOL_SMIME, "a:dave@example.org:1 ");

  /* The address that only the user bound to it is now one of the key's. */
  g_autoptr (McKey) found = _mc_keys_find_one (context, A64, TRUE, NULL, NULL);
  CU_ASSERT_EQUAL (mc_key_get_n_addresses (found), 2);
  CU_ASSERT_STRING_EQUAL (mc_key_get_address (found, 1), "dave@example.org");
  CU_ASSERT_TRUE (mc_key_get_address_trusted (found, 1));
  CU_ASSERT_FALSE (mc_key_get_address_trusted (found, 0));
}

static void
test_trust_refused (void)
{
  double_add_key (MC_PROTOCOL_OPENPGP, A40, NULL);
  check_trust_fails ("0xAAAAAAAA", NULL, FALSE, MC_ERROR_INVALID);
  check_trust_fails ("\x1b[2J", NULL, FALSE, MC_ERROR_INVALID);
  check_trust_fails (B40, NULL, FALSE, MC_ERROR_NO_KEY);
  check_trust_fails (B64, NULL, FALSE, MC_ERROR_NO_KEY);
  check_trust_fails (A40, NULL, FALSE, MC_ERROR_INVALID);   /* names no address */
  check_trust_fails (A40, "b\x1bob", FALSE, MC_ERROR_INVALID);
  check_trust_fails (A40, NULL, TRUE, MC_ERROR_INVALID);
  check_pins (MC_PROTOCOL_OPENPGP, "");
}

static void
test_anchor (void)
{
  double_add_key (MC_PROTOCOL_SMIME, A64, BOB);
  double_add_key (MC_PROTOCOL_SMIME, B64, NULL)->is_authority = TRUE;
  (void) make_store ();
  check_trust_fails (A64, NULL, TRUE, MC_ERROR_INVALID);
  check_trust_fails (B64, BOB, TRUE, MC_ERROR_INVALID);
  CU_ASSERT_TRUE (mc_keys_trust (context, B64, NULL, TRUE, NULL, NULL));
  check_pins (MC_PROTOCOL_SMIME, "b::2 ");
  g_autoptr (McKey) found = _mc_keys_find_one (context, B64, FALSE, NULL, NULL);
  CU_ASSERT_TRUE (mc_key_get_is_anchor (found));

  CU_ASSERT_TRUE (mc_keys_trust (context, B64, BOB, FALSE, NULL, NULL));
  check_pins (MC_PROTOCOL_SMIME, "b::2 b:" BOB ":1 ");   /* it stays an anchor */
}

static void
test_distrust (void)
{
  double_add_key (MC_PROTOCOL_OPENPGP, A40, BOB);
  CU_ASSERT_TRUE (mc_keys_trust (context, A40, NULL, FALSE, NULL, NULL));
  CU_ASSERT_TRUE (mc_keys_trust (context, A40, CAROL, FALSE, NULL, NULL));
  CU_ASSERT_TRUE (mc_keys_distrust (context, A40, CAROL, NULL, NULL));
  check_pins (MC_PROTOCOL_OPENPGP, "a:" BOB ":1 ");
  CU_ASSERT_TRUE (mc_keys_distrust (context, A40, NULL, NULL, NULL));
  check_pins (MC_PROTOCOL_OPENPGP, "a::3 ");

  g_autoptr (McKey) found = _mc_keys_find_one (context, A40, TRUE, NULL, NULL);
  CU_ASSERT_FALSE (mc_key_get_address_trusted (found, 0));
  CU_ASSERT_EQUAL (mc_key_get_reasons (found)->len, 1);
  CU_ASSERT_TRUE (_mc_key_apply_pins (context, found, NULL));
  CU_ASSERT_EQUAL (mc_key_get_reasons (found)->len, 1);   /* said once */

  CU_ASSERT_TRUE (mc_keys_trust (context, A40, NULL, FALSE, NULL, NULL));
  check_pins (MC_PROTOCOL_OPENPGP, "a:" BOB ":1 ");
}

/* Taking back a pin does nothing against GnuPG's own trust: that must be said. */
static void
test_distrust_without_effect (void)
{
  g_autoptr (GError) error = NULL;
  McKey *key = double_add_key (MC_PROTOCOL_OPENPGP, A40, BOB);
  McIdentity *identity = g_ptr_array_index (key->identities, 0);
  identity->trust = MC_TRUST_TRUSTED;
  CU_ASSERT_FALSE (mc_keys_distrust (context, A40, BOB, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
  CU_ASSERT_PTR_NOT_NULL (strstr (mc_error_get_hint (error), "keys distrust " A40));
}

static void
test_remove (void)
{
  double_add_key (MC_PROTOCOL_OPENPGP, A40, BOB);
  double_add_key (MC_PROTOCOL_OPENPGP, B40, CAROL);
  CU_ASSERT_TRUE (mc_keys_trust (context, A40, NULL, FALSE, NULL, NULL));
  CU_ASSERT_TRUE (mc_keys_distrust (context, B40, NULL, NULL, NULL));
  CU_ASSERT_TRUE (mc_keys_remove (context, A40, NULL, NULL));
  CU_ASSERT_TRUE (mc_keys_remove (context, B40, NULL, NULL));
  check_list (MC_PROTOCOL_OPENPGP, NULL, FALSE, "");
  check_pins (MC_PROTOCOL_OPENPGP, "b::3 ");
  CU_ASSERT_FALSE (mc_keys_remove (context, A40, NULL, NULL));
}

/* --------------------------------------------------------- export, generation -- */

static void
test_export (void)
{
  McKey *key = double_add_key (MC_PROTOCOL_OPENPGP, A40, BOB);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  CU_ASSERT_TRUE (mc_keys_export (context, key, output, NULL, NULL));
  CU_ASSERT_TRUE (g_output_stream_write_all (output, "", 1, NULL, NULL, NULL));
  CU_ASSERT_STRING_EQUAL (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (output)),
                          "double-key " A40 " " BOB "\n");
}

static void
check_request_refused (const McKeyRequest *request)
{
  g_autoptr (GError) error = NULL;
  CU_ASSERT_PTR_NULL (mc_keys_generate (context, request, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
}

static void
test_generate (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GOutputStream) csr = g_memory_output_stream_new_resizable ();
  McKeyRequest request = { .address = BOB };
  g_autoptr (McKey) key = mc_keys_generate (context, &request, NULL, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (key);
  CU_ASSERT_EQUAL (mc_key_get_protocol (key), MC_PROTOCOL_OPENPGP);

  request.self_signed = TRUE;
  check_request_refused (&request);
  request.protocol = MC_PROTOCOL_SMIME;
  g_autoptr (McKey) certificate = mc_keys_generate (context, &request, NULL, NULL);
  CU_ASSERT_PTR_NOT_NULL (certificate);

  request.self_signed = FALSE;
  check_request_refused (&request);
  request.csr = csr;
  CU_ASSERT_PTR_NULL (mc_keys_generate (context, &request, NULL, &error));
  CU_ASSERT_PTR_NULL (error);
  request.address = "bob";
  check_request_refused (&request);
  request.address = NULL;
  check_request_refused (&request);
}

/* ------------------------------------------------------------------ importing -- */

#define PGP_BLOCK(text) \
  "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" text "\n-----END PGP PUBLIC KEY BLOCK-----\n"
#define PEM_BLOCK(text) "-----BEGIN CERTIFICATE-----\n" text "\n-----END CERTIFICATE-----\n"

static GPtrArray *
import (gconstpointer data, gssize size, GError **error)
{
  g_autoptr (GInputStream) input = g_memory_input_stream_new_from_data (data, size, NULL);
  return mc_keys_import (context, input, NULL, NULL, error);
}

/* @openpgp and @smime: what each backend gets, NULL for nothing. */
static void
check_import (gconstpointer data, gssize size, const char *openpgp, const char *smime)
{
  g_autoptr (GError) error = NULL;
  double_reset ();
  g_autoptr (GPtrArray) results = import (data, size, &error);
  CU_ASSERT_PTR_NOT_NULL (results);
  CU_ASSERT_EQUAL (g_strcmp0 (double_get_imported (MC_PROTOCOL_OPENPGP), openpgp), 0);
  CU_ASSERT_EQUAL (g_strcmp0 (double_get_imported (MC_PROTOCOL_SMIME), smime), 0);
}

static void
test_import_armour (void)
{
  static const char pgp[] = PGP_BLOCK ("x");
  static const char pem[] = PEM_BLOCK ("y");
  check_import (pgp, -1, PGP_BLOCK ("x") "\n", NULL);
  check_import (pem, -1, NULL, PEM_BLOCK ("y") "\n");
  check_import ("Bag Attributes\n  friendlyName: x\n" PEM_BLOCK ("y") "text\n", -1, NULL,
                PEM_BLOCK ("y") "\n");
  check_import ("\xef\xbb\xbf" PEM_BLOCK ("y"), -1, NULL, PEM_BLOCK ("y") "\n");
  check_import (PEM_BLOCK ("1") PGP_BLOCK ("2") "in between\n" PEM_BLOCK ("3"), -1,
                PGP_BLOCK ("2") "\n", PEM_BLOCK ("1") "\n" PEM_BLOCK ("3") "\n");
  check_import ("-----BEGIN PGP PUBLIC KEY BLOCK-----\ncut", -1,
                "-----BEGIN PGP PUBLIC KEY BLOCK-----\ncut\n", NULL);
}

static void
test_import_binary (void)
{
  check_import ("\x30\x82\x00\x01x", 5, NULL, "0\x82");
  check_import ("\x30\x80\x06", 3, NULL, "0\x80\x06");
  check_import ("\x30\x02\x02\x00", 4, NULL, "0\x02\x02");
  check_import ("\x99\x01x", 3, "\x99\x01x", NULL);    /* old format, public key */
  check_import ("\xc6\x01x", 3, "\xc6\x01x", NULL);    /* new format, public key */
  check_import ("\x95\x01x", 3, "\x95\x01x", NULL);    /* secret key */
  check_import ("\x88\x01x", 3, "\x88\x01x", NULL);    /* a revocation */
}

static void
test_import_unknown (void)
{
  static const struct {
    const char *data;
    gssize size;
  } unknown[] = {
    { "", 0 },
    { "0", 1 },
    { "0 is how this text starts", -1 },
    { "hello\n", -1 },
    { "\x30\x82\xff\xff", 4 },                          /* longer than there is */
    { "\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff", 10 },
    { "\x30\x84", 2 },
    { "\xcb\x01x", 3 },                                 /* a literal data packet */
    { "-----BEGIN PGP MESSAGE-----\nx\n-----END PGP MESSAGE-----\n", -1 },
    { " -----BEGIN CERTIFICATE-----\n", -1 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (unknown); i++) {
    g_autoptr (GError) error = NULL;
    CU_ASSERT_PTR_NULL (import (unknown[i].data, unknown[i].size, &error));
    CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
    CU_ASSERT_PTR_NOT_NULL (mc_error_get_hint (error));
  }
  CU_ASSERT_PTR_NULL (double_get_imported (MC_PROTOCOL_OPENPGP));
  CU_ASSERT_PTR_NULL (double_get_imported (MC_PROTOCOL_SMIME));
}

static void
test_import_results (void)
{
  g_autoptr (GPtrArray) results =
    import (PGP_BLOCK ("double-key " A40 " " BOB) PEM_BLOCK ("double-key " A64 " " CAROL), -1, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (results);
  CU_ASSERT_EQUAL_FATAL (results->len, 2);
  const McImported *first = g_ptr_array_index (results, 0);
  CU_ASSERT_EQUAL (mc_imported_get_protocol (first), MC_PROTOCOL_SMIME);
  CU_ASSERT_STRING_EQUAL (mc_imported_get_fingerprint (first), A64);
  CU_ASSERT_STRING_EQUAL (mc_imported_get_word (first), "new");
  CU_ASSERT_STRING_EQUAL (mc_imported_get_what (first), "public-key");
  CU_ASSERT_STRING_EQUAL (mc_imported_get_text (first), CAROL);
}

/* One half fails: the other is taken back, what was there before stays. */
static void
test_import_undone (void)
{
  g_autoptr (GError) error = NULL;
  (void) make_store ();
  double_add_key (MC_PROTOCOL_SMIME, B64, BOB);
  CU_ASSERT_PTR_NULL (import (PEM_BLOCK ("double-key " A64 " " CAROL "\ndouble-key " B64 " " BOB)
                              PGP_BLOCK ("double-fail"), -1, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
  check_list (MC_PROTOCOL_SMIME, NULL, FALSE, "b64 ");
}

static void
test_import_long_lines (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < 50000; i++)
    g_string_append (text, "-----BEGIN ");
  g_string_append (text, "\n" PGP_BLOCK ("x"));
  text->str[0] = ' ';
  check_import (text->str, (gssize) text->len, PGP_BLOCK ("x") "\n", NULL);
}

/* ---------------------------------------------------------------------- model -- */

static void
test_fingerprints (void)
{
  static const struct {
    const char *text;
    McProtocol protocol;
    const char *expected;
  } cases[] = {
    { A40, MC_PROTOCOL_OPENPGP, A40 },
    { A40, MC_PROTOCOL_UNKNOWN, A40 },
    { A40, MC_PROTOCOL_SMIME, NULL },
    { A64, MC_PROTOCOL_SMIME, A64 },
    { A64, MC_PROTOCOL_OPENPGP, NULL },
    { " 0X" A40 " ", MC_PROTOCOL_OPENPGP, A40 },
    { A40 "a", MC_PROTOCOL_UNKNOWN, NULL },
    { A40 "\n", MC_PROTOCOL_UNKNOWN, NULL },
    { "aaaaaaaaaaaaaaaa", MC_PROTOCOL_UNKNOWN, NULL },
    { "", MC_PROTOCOL_UNKNOWN, NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *got = _mc_fingerprint_normalise (cases[i].protocol, cases[i].text);
    CU_ASSERT_EQUAL (g_strcmp0 (got, cases[i].expected), 0);
  }
}

static void
free_native (gpointer native)
{
  *(gboolean *) native = TRUE;
}

static void
test_model (void)
{
  gboolean freed = FALSE;
  McKey *key = _mc_key_new (MC_PROTOCOL_SMIME, "ABCDEF");
  key->native = &freed;
  key->native_free = free_native;
  key->subject = g_strdup ("CN=Bob");
  key->valid_from = 5;
  key->valid_until = 6;
  key->use = MC_KEY_CAN_SIGN;
  g_ptr_array_add (key->identities, _mc_identity_new ("Bob@Example.ORG", "Bob", MC_TRUST_TRUSTED));
  CU_ASSERT_STRING_EQUAL (mc_key_get_fingerprint (key), "abcdef");
  CU_ASSERT_STRING_EQUAL (mc_key_get_address (key, 0), "Bob@Example.ORG");
  CU_ASSERT_STRING_EQUAL (mc_key_get_name (key, 0), "Bob");
  CU_ASSERT_PTR_NULL (mc_key_get_address (key, 1));
  CU_ASSERT_PTR_NULL (mc_key_get_name (key, 1));
  CU_ASSERT_FALSE (mc_key_get_address_trusted (key, 1));
  CU_ASSERT_STRING_EQUAL (mc_key_get_subject (key), "CN=Bob");
  CU_ASSERT_PTR_NULL (mc_key_get_issuer (key));
  CU_ASSERT_PTR_NULL (mc_key_get_algorithm (key));
  CU_ASSERT_EQUAL (mc_key_get_valid_from (key), 5);
  CU_ASSERT_EQUAL (mc_key_get_valid_until (key), 6);
  CU_ASSERT_EQUAL (mc_key_get_use (key), MC_KEY_CAN_SIGN);
  CU_ASSERT_EQUAL (mc_key_get_secret (key), MC_SECRET_NONE);
  CU_ASSERT_EQUAL (mc_key_get_validity (key), MC_VALIDITY_UNKNOWN);
  CU_ASSERT_FALSE (mc_key_get_is_authority (key));
  CU_ASSERT_PTR_NOT_NULL (_mc_key_find_identity (key, "bob@EXAMPLE.org"));
  CU_ASSERT_PTR_NULL (_mc_key_find_identity (key, "bob"));
  CU_ASSERT_PTR_NULL (_mc_key_find_identity (key, NULL));
  mc_key_unref (mc_key_ref (key));
  CU_ASSERT_FALSE (freed);
  mc_key_unref (key);
  CU_ASSERT_TRUE (freed);
}

static CU_TestInfo tests[] = {
  { "lists are sorted", test_sorted },
  { "patterns", test_patterns },
  { "pinned for an address", test_pinned_address },
  { "without a store nothing of S/MIME is loaded", test_without_a_store },
  { "trust for the key's own addresses", test_trust_own_addresses },
  { "trust, as people write it", test_trust_spellings },
  { "trust refused", test_trust_refused },
  { "anchors", test_anchor },
  { "distrust", test_distrust },
  { "distrust without effect", test_distrust_without_effect },
  { "removing", test_remove },
  { "exporting", test_export },
  { "generating", test_generate },
  { "importing armour", test_import_armour },
  { "importing binary", test_import_binary },
  { "importing what is no key", test_import_unknown },
  { "results of an import", test_import_results },
  { "half an import is taken back", test_import_undone },
  { "importing beside long lines", test_import_long_lines },
  { "fingerprints", test_fingerprints },
  { "the model", test_model },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_keys = {
  .pName = "keys",
  .pTests = tests,
  .pSetUpFunc = set_up,
  .pTearDownFunc = tear_down,
};
