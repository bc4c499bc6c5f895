/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "unit.h"

#include "context.h"
#include "double-backend.h"
#include "keys/resolver.h"
#include "scratch.h"

#include <string.h>

#define BOB "bob@example.org"
#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C40 "cccccccccccccccccccccccccccccccccccccccc"

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

static McKey *
add_key (const char *fingerprint, McTrustFact trust)
{
  McKey *key = double_add_key (MC_PROTOCOL_OPENPGP, fingerprint, BOB);
  McIdentity *identity = g_ptr_array_index (key->identities, 0);
  identity->trust = trust;
  return key;
}

static McResolution *
resolve (McProtocol protocol, const char *address, McKeyUse use)
{
  g_autoptr (GError) error = NULL;
  McResolution *resolution = NULL;
  CU_ASSERT_TRUE_FATAL (_mc_resolve (context, protocol, address, use, &resolution, NULL, &error));
  return resolution;
}

static void
check_chosen (const char *address, McKeyUse use, const char *expected)
{
  g_autoptr (McResolution) resolution = resolve (MC_PROTOCOL_OPENPGP, address, use);
  const char *got = resolution->chosen != NULL ? resolution->chosen->fingerprint : NULL;
  CU_ASSERT_EQUAL (g_strcmp0 (got, expected), 0);
  if (g_strcmp0 (got, expected) != 0)
    g_printerr ("chosen: %s\n", got != NULL ? got : "none");
}

/* The one candidate has exactly the reasons @codes, separated by blanks. */
static void
check_reasons (McKeyUse use, const char *codes)
{
  g_autoptr (McResolution) resolution = resolve (MC_PROTOCOL_OPENPGP, BOB, use);
  g_autoptr (GString) got = g_string_new (NULL);
  CU_ASSERT_EQUAL_FATAL (resolution->candidates->len, 1);
  CU_ASSERT_PTR_NULL (resolution->chosen);
  const McCandidate *candidate = g_ptr_array_index (resolution->candidates, 0);
  CU_ASSERT_FALSE (candidate->usable);
  for (guint i = 0; i < candidate->reasons->len; i++)
    g_string_append_printf (got, "%s%s", i > 0 ? " " : "",
                            mc_reason_get_code (g_ptr_array_index (candidate->reasons, i)));
  CU_ASSERT_STRING_EQUAL (got->str, codes);
  if (strcmp (got->str, codes) != 0)
    g_printerr ("reasons: %s\n", got->str);
}

static void
pin (McProtocol protocol, const char *fingerprint, const char *address, McPin value)
{
  McStore *store = NULL;
  CU_ASSERT_TRUE_FATAL (_mc_context_get_store (context, TRUE, &store, NULL));
  CU_ASSERT_TRUE (_mc_store_set_pin (store, protocol, fingerprint, address, value, NULL));
}

/* --------------------------------------------------------------------- tests -- */

static void
test_trusted (void)
{
  add_key (A40, MC_TRUST_TRUSTED);
  check_chosen (BOB, MC_KEY_CAN_ENCRYPT, A40);
  check_chosen ("Bob@EXAMPLE.org", MC_KEY_CAN_ENCRYPT, A40);
}

static void
test_nobody (void)
{
  g_autoptr (McResolution) resolution = resolve (MC_PROTOCOL_OPENPGP, BOB, MC_KEY_CAN_ENCRYPT);
  CU_ASSERT_EQUAL (resolution->candidates->len, 0);
  CU_ASSERT_PTR_NULL (resolution->chosen);
  CU_ASSERT_STRING_EQUAL (resolution->address, BOB);
}

static void
test_untrusted (void)
{
  add_key (A40, MC_TRUST_UNKNOWN);
  check_reasons (MC_KEY_CAN_ENCRYPT, "untrusted");
  pin (MC_PROTOCOL_OPENPGP, A40, "other@example.org", MC_PIN_TRUSTED);
  check_reasons (MC_KEY_CAN_ENCRYPT, "untrusted");
  pin (MC_PROTOCOL_OPENPGP, A40, BOB, MC_PIN_TRUSTED);
  check_chosen (BOB, MC_KEY_CAN_ENCRYPT, A40);
  pin (MC_PROTOCOL_OPENPGP, A40, "", MC_PIN_DISTRUSTED);
  check_reasons (MC_KEY_CAN_ENCRYPT, "distrusted");
}

static void
test_validity (void)
{
  McKey *key = add_key (A40, MC_TRUST_TRUSTED);
  key->validity = MC_VALIDITY_EXPIRED;
  check_reasons (MC_KEY_CAN_ENCRYPT, "expired");
  key->validity = MC_VALIDITY_NOT_YET;
  check_reasons (MC_KEY_CAN_ENCRYPT, "not-yet-valid");
  key->validity = MC_VALIDITY_REVOKED;
  check_reasons (MC_KEY_CAN_ENCRYPT, "revoked");
  key->validity = MC_VALIDITY_UNUSABLE;
  check_reasons (MC_KEY_CAN_ENCRYPT, "disabled");
  key->validity = MC_VALIDITY_UNKNOWN;
  check_reasons (MC_KEY_CAN_ENCRYPT, "unknown-validity");
  key->validity = (McValidity) 77;
  check_reasons (MC_KEY_CAN_ENCRYPT, "unknown-validity");
}

static void
test_use (void)
{
  McKey *key = add_key (A40, MC_TRUST_TRUSTED);
  key->use = MC_KEY_CAN_CERTIFY;
  check_reasons (MC_KEY_CAN_ENCRYPT, "cannot-encrypt");
  check_reasons (MC_KEY_CAN_SIGN, "cannot-sign no-secret-part");
  key->validity = MC_VALIDITY_EXPIRED;
  check_reasons (MC_KEY_CAN_ENCRYPT, "expired");
  key->use = 0;   /* as OpenPGP's keys then are */
  key->secret = MC_SECRET_AGENT;
  check_reasons (MC_KEY_CAN_ENCRYPT, "expired");
  check_reasons (MC_KEY_CAN_SIGN, "expired");
  key->validity = MC_VALIDITY_VALID;
  key->secret = MC_SECRET_NONE;
  key->use = MC_KEY_CAN_ENCRYPT | MC_KEY_CAN_SIGN;
  check_reasons (MC_KEY_CAN_SIGN, "no-secret-part");
  key->weak = TRUE;
  check_reasons (MC_KEY_CAN_ENCRYPT, "weak-key");
}

/* What the user distrusts is not signed with either; trust is not asked of an own key. */
static void
test_signing (void)
{
  McKey *key = add_key (A40, MC_TRUST_UNKNOWN);
  key->secret = MC_SECRET_AGENT;
  check_chosen (BOB, MC_KEY_CAN_SIGN, A40);
  check_chosen (BOB, MC_KEY_CAN_ENCRYPT, A40);
  pin (MC_PROTOCOL_OPENPGP, A40, "", MC_PIN_DISTRUSTED);
  check_reasons (MC_KEY_CAN_SIGN, "distrusted");
  check_reasons (MC_KEY_CAN_ENCRYPT, "distrusted");
}

static void
test_newest_wins (void)
{
  add_key (A40, MC_TRUST_TRUSTED)->valid_from = 10;
  add_key (B40, MC_TRUST_TRUSTED)->valid_from = 30;
  add_key (C40, MC_TRUST_TRUSTED)->valid_from = 20;
  check_chosen (BOB, MC_KEY_CAN_ENCRYPT, B40);
}

/* The candidates in order: "FIRST-LETTER:STATE:REASONS". */
static void
check_order (McKeyUse use, const char *expected)
{
  g_autoptr (McResolution) resolution = resolve (MC_PROTOCOL_OPENPGP, BOB, use);
  g_autoptr (GString) got = g_string_new (resolution->ambiguous ? "ambiguous" : "");
  for (guint i = 0; i < resolution->candidates->len; i++) {
    const McCandidate *candidate = g_ptr_array_index (resolution->candidates, i);
    g_string_append_printf (got, " %c:%s", candidate->key->fingerprint[0],
                            candidate->chosen ? "chosen" : candidate->usable ? "usable" : "no");
    for (guint j = 0; j < candidate->reasons->len; j++)
      g_string_append_printf (got, ":%s",
                              mc_reason_get_code (g_ptr_array_index (candidate->reasons, j)));
  }
  CU_ASSERT_STRING_EQUAL (g_strstrip (got->str), expected);
  if (strcmp (got->str, expected) != 0)
    g_printerr ("order: %s\n", got->str);
}

/* Nothing speaks for one of them more than for the other, until the user does. */
static void
test_ambiguous (void)
{
  add_key (C40, MC_TRUST_TRUSTED);
  add_key (A40, MC_TRUST_TRUSTED);
  add_key (B40, MC_TRUST_TRUSTED)->valid_from = 1;
  check_chosen (BOB, MC_KEY_CAN_ENCRYPT, NULL);
  check_order (MC_KEY_CAN_ENCRYPT, "ambiguous a:usable:ambiguous c:usable:ambiguous b:usable:older");
  pin (MC_PROTOCOL_OPENPGP, C40, BOB, MC_PIN_TRUSTED);
  check_order (MC_KEY_CAN_ENCRYPT, "c:chosen a:usable:not-pinned b:usable:not-pinned");
}

static void
test_ambiguous_error (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) resolutions =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_resolution_free);
  add_key (A40, MC_TRUST_TRUSTED);
  add_key (B40, MC_TRUST_TRUSTED);
  g_ptr_array_add (resolutions, resolve (MC_PROTOCOL_OPENPGP, BOB, MC_KEY_CAN_ENCRYPT));
  _mc_resolutions_set_error (resolutions, MC_KEY_CAN_ENCRYPT, &error);
  CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, MC_ERROR_NO_KEY));
  CU_ASSERT_PTR_NOT_NULL (strstr (error->message, "just as good"));
  CU_ASSERT_PTR_NOT_NULL (strstr (mc_error_get_hint (error),
                                  "mailcrypt keys trust " A40 " --for " BOB));
}

/* Of several candidates each has its own reason, and each reason stands once. */
static void
test_reasons_of_all (void)
{
  static const struct {
    McValidity validity;
    McTrustFact trust;
    McKeyUse use;
    McSecretHome secret;
    gboolean weak;
    McKeyUse asked;
    const char *expected;
  } rows[] = {
    { MC_VALIDITY_VALID, MC_TRUST_TRUSTED, MC_KEY_CAN_ENCRYPT, 0, FALSE, MC_KEY_CAN_ENCRYPT,
      "a:chosen" },
    { MC_VALIDITY_VALID, MC_TRUST_UNTRUSTED, MC_KEY_CAN_ENCRYPT, 0, FALSE, MC_KEY_CAN_ENCRYPT,
      "a:no:untrusted" },
    { MC_VALIDITY_EXPIRED, MC_TRUST_UNTRUSTED, MC_KEY_CAN_CERTIFY, 0, FALSE, MC_KEY_CAN_ENCRYPT,
      "a:no:expired" },
    { MC_VALIDITY_REVOKED, MC_TRUST_UNTRUSTED, 0, 0, FALSE, MC_KEY_CAN_ENCRYPT, "a:no:revoked" },
    { MC_VALIDITY_EXPIRED, MC_TRUST_TRUSTED, MC_KEY_CAN_ENCRYPT, MC_SECRET_AGENT, FALSE,
      MC_KEY_CAN_SIGN, "a:no:expired" },
    { MC_VALIDITY_VALID, MC_TRUST_UNTRUSTED, MC_KEY_CAN_ENCRYPT, MC_SECRET_AGENT, FALSE,
      MC_KEY_CAN_SIGN, "a:no:cannot-sign" },
    { MC_VALIDITY_VALID, MC_TRUST_UNTRUSTED, MC_KEY_CAN_SIGN, 0, TRUE, MC_KEY_CAN_ENCRYPT,
      "a:no:cannot-encrypt:weak-key:untrusted" },
    { MC_VALIDITY_UNUSABLE, MC_TRUST_TRUSTED, 0, MC_SECRET_AGENT, FALSE, MC_KEY_CAN_SIGN,
      "a:no:disabled" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    double_reset ();
    McKey *key = add_key (A40, rows[i].trust);
    key->validity = rows[i].validity;
    key->use = rows[i].use;
    key->secret = rows[i].secret;
    key->weak = rows[i].weak;
    check_order (rows[i].asked, rows[i].expected);
  }
}

static void
test_merits (void)
{
  McKey *key = add_key (A40, MC_TRUST_TRUSTED);
  key->secret = MC_SECRET_AGENT;
  pin (MC_PROTOCOL_OPENPGP, A40, BOB, MC_PIN_TRUSTED);
  g_autoptr (McResolution) resolution = resolve (MC_PROTOCOL_OPENPGP, BOB, MC_KEY_CAN_ENCRYPT);
  const McCandidate *candidate = g_ptr_array_index (resolution->candidates, 0);
  static const char *const codes[] = { "pinned", "address", "own", "trusted", "valid" };
  CU_ASSERT_EQUAL_FATAL (candidate->merits->len, G_N_ELEMENTS (codes));
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    CU_ASSERT_STRING_EQUAL (mc_reason_get_code (g_ptr_array_index (candidate->merits, i)), codes[i]);
}

static void
test_trusted_before_own (void)
{
  McKey *own = add_key (A40, MC_TRUST_UNKNOWN);
  own->secret = MC_SECRET_AGENT;
  own->valid_from = 99999;
  add_key (B40, MC_TRUST_TRUSTED);
  check_chosen (BOB, MC_KEY_CAN_ENCRYPT, B40);
}

static void
test_pin_before_all (void)
{
  McKey *pinned = add_key (A40, MC_TRUST_UNKNOWN);
  pinned->valid_from = 1;
  add_key (B40, MC_TRUST_TRUSTED)->valid_from = 30;
  pin (MC_PROTOCOL_OPENPGP, A40, BOB, MC_PIN_TRUSTED);
  check_chosen (BOB, MC_KEY_CAN_ENCRYPT, A40);
  pinned->validity = MC_VALIDITY_REVOKED;
  check_chosen (BOB, MC_KEY_CAN_ENCRYPT, B40);
}

/* The user bound a key to an address that it does not name itself. */
static void
test_pin_for_another_address (void)
{
  add_key (A40, MC_TRUST_UNKNOWN);
  pin (MC_PROTOCOL_OPENPGP, A40, "list@example.org", MC_PIN_TRUSTED);
  check_chosen ("list@example.org", MC_KEY_CAN_ENCRYPT, A40);
  check_chosen ("nobody@example.org", MC_KEY_CAN_ENCRYPT, NULL);
}

#define OLD64 A40 "111111111111111111111111"
#define NEW64 A40 "222222222222222222222222"

static void
check_certificate (const char *expected)
{
  g_autoptr (McResolution) resolution = resolve (MC_PROTOCOL_SMIME, BOB, MC_KEY_CAN_ENCRYPT);
  CU_ASSERT_PTR_NOT_NULL_FATAL (resolution->chosen);
  CU_ASSERT_STRING_EQUAL (resolution->chosen->fingerprint, expected);
}

static void
prefer (const char *fingerprint, gint64 signed_at)
{
  McStore *store = NULL;
  McPeer peer = { (char *) "ff", (char *) fingerprint, NULL, signed_at };
  CU_ASSERT_TRUE_FATAL (_mc_context_get_store (context, TRUE, &store, NULL));
  CU_ASSERT_TRUE (_mc_store_set_peer (store, BOB, &peer, NULL));
}

/* The certificate that its owner named, until there is one made later than that word. */
static void
test_preferred (void)
{
  McKey *old = double_add_key (MC_PROTOCOL_SMIME, OLD64, BOB);
  McKey *new = double_add_key (MC_PROTOCOL_SMIME, NEW64, BOB);
  ((McIdentity *) old->identities->pdata[0])->trust = MC_TRUST_TRUSTED;
  ((McIdentity *) new->identities->pdata[0])->trust = MC_TRUST_TRUSTED;
  old->valid_from = 1000;
  new->valid_from = 2000;
  prefer (NULL, 10);
  check_certificate (NEW64);
  prefer (OLD64, 1500);
  check_certificate (NEW64);
  prefer (OLD64, 2500);
  check_certificate (OLD64);
  old->validity = MC_VALIDITY_EXPIRED;
  check_certificate (NEW64);
  old->validity = MC_VALIDITY_VALID;
  ((McIdentity *) old->identities->pdata[0])->trust = MC_TRUST_UNTRUSTED;
  check_certificate (NEW64);
  ((McIdentity *) old->identities->pdata[0])->trust = MC_TRUST_TRUSTED;
  pin (MC_PROTOCOL_SMIME, NEW64, BOB, MC_PIN_TRUSTED);
  check_certificate (NEW64);
}

static void
test_by_fingerprint (void)
{
  add_key (A40, MC_TRUST_TRUSTED);
  add_key (B40, MC_TRUST_UNKNOWN);
  check_chosen (A40, MC_KEY_CAN_ENCRYPT, A40);
  check_chosen ("0xAAAA aaaa:aaaa aaaa aaaa  aaaa aaaa aaaa aaaa aaaa", MC_KEY_CAN_ENCRYPT, A40);
  check_chosen (B40, MC_KEY_CAN_ENCRYPT, NULL);
}

static void
test_not_a_question (void)
{
  static const char *const wrong[] = { "bob", "", "@", "0xABCDEF01", "a@b@c", "bo\x1b@" };
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;
    McResolution *resolution = NULL;
    CU_ASSERT_FALSE (_mc_resolve (context, MC_PROTOCOL_OPENPGP, wrong[i], MC_KEY_CAN_SIGN,
                                  &resolution, NULL, &error));
    CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
    CU_ASSERT_PTR_NULL (strchr (error->message, '\x1b'));
  }
}

static void
test_smime_without_store_loads_nothing (void)
{
  g_autoptr (McResolution) resolution = resolve (MC_PROTOCOL_SMIME, BOB, MC_KEY_CAN_ENCRYPT);
  CU_ASSERT_PTR_NULL (resolution->chosen);
  CU_ASSERT_EQUAL (double_get_n_opened (MC_PROTOCOL_SMIME), 0);
  CU_ASSERT_EQUAL (double_get_n_opened (MC_PROTOCOL_OPENPGP), 0);
}

/* -------------------------------------------------------------------- errors -- */

static GPtrArray *
resolutions_of (McKeyUse use, McProtocol protocol, const char *first, const char *second)
{
  GPtrArray *resolutions =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_resolution_free);
  g_ptr_array_add (resolutions, resolve (protocol, first, use));
  if (second != NULL)
    g_ptr_array_add (resolutions, resolve (protocol, second, use));
  return resolutions;
}

static void
test_error_for_encryption (void)
{
  g_autoptr (GError) error = NULL;
  add_key (A40, MC_TRUST_UNKNOWN);
  g_autoptr (GPtrArray) resolutions =
    resolutions_of (MC_KEY_CAN_ENCRYPT, MC_PROTOCOL_OPENPGP, BOB, "carol@example.org");
  _mc_resolutions_set_error (resolutions, MC_KEY_CAN_ENCRYPT, &error);
  CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, MC_ERROR_NO_KEY));
  CU_ASSERT_STRING_EQUAL (error->message,
                          "no usable key for " BOB ": key " A40 ": not trusted\n"
                          "no usable key for carol@example.org: no OpenPGP key here");
  CU_ASSERT_PTR_NOT_NULL_FATAL (mc_error_get_hint (error));
  CU_ASSERT_PTR_NOT_NULL (strstr (mc_error_get_hint (error),
                                  "mailcrypt keys trust " A40 " --for " BOB));
}

static void
test_error_of_both_protocols (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) resolutions =
    resolutions_of (MC_KEY_CAN_ENCRYPT, MC_PROTOCOL_OPENPGP, BOB, NULL);
  g_ptr_array_add (resolutions, resolve (MC_PROTOCOL_SMIME, BOB, MC_KEY_CAN_ENCRYPT));
  _mc_resolutions_set_error (resolutions, MC_KEY_CAN_ENCRYPT, &error);
  CU_ASSERT_STRING_EQUAL (error->message, "no usable key for " BOB
                          ": no OpenPGP key here; no S/MIME certificate here");
}

static void
test_error_for_signing (void)
{
  g_autoptr (GError) error = NULL;
  McKey *key = add_key (A40, MC_TRUST_TRUSTED);
  g_autoptr (GPtrArray) lacking =
    resolutions_of (MC_KEY_CAN_SIGN, MC_PROTOCOL_OPENPGP, BOB, NULL);
  _mc_resolutions_set_error (lacking, MC_KEY_CAN_SIGN, &error);
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_NO_SECRET));
  g_clear_error (&error);

  key->validity = MC_VALIDITY_EXPIRED;
  g_autoptr (GPtrArray) expired =
    resolutions_of (MC_KEY_CAN_SIGN, MC_PROTOCOL_OPENPGP, BOB, NULL);
  _mc_resolutions_set_error (expired, MC_KEY_CAN_SIGN, &error);
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_NO_KEY));
}

/* One address, one thing to do: not to ask for a key when one is here. */
static void
test_error_has_one_hint (void)
{
  g_autoptr (GError) error = NULL;
  add_key (A40, MC_TRUST_UNKNOWN)->valid_from = 10;
  add_key (B40, MC_TRUST_TRUSTED)->validity = MC_VALIDITY_EXPIRED;
  g_autoptr (GPtrArray) resolutions =
    resolutions_of (MC_KEY_CAN_ENCRYPT, MC_PROTOCOL_SMIME, BOB, NULL);
  g_ptr_array_add (resolutions, resolve (MC_PROTOCOL_OPENPGP, BOB, MC_KEY_CAN_ENCRYPT));
  _mc_resolutions_set_error (resolutions, MC_KEY_CAN_ENCRYPT, &error);
  CU_ASSERT_PTR_NOT_NULL_FATAL (mc_error_get_hint (error));
  CU_ASSERT_PTR_NULL (strchr (mc_error_get_hint (error), '\n'));
  CU_ASSERT_PTR_NULL (strstr (mc_error_get_hint (error), "ask for it"));
}

static void
test_error_names_few (void)
{
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < 9; i++) {
    g_autofree char *fingerprint = g_strdup_printf ("%040x", i);
    add_key (fingerprint, MC_TRUST_UNKNOWN);
  }
  g_autoptr (GPtrArray) resolutions =
    resolutions_of (MC_KEY_CAN_ENCRYPT, MC_PROTOCOL_OPENPGP, BOB, NULL);
  _mc_resolutions_set_error (resolutions, MC_KEY_CAN_ENCRYPT, &error);
  CU_ASSERT_PTR_NOT_NULL (strstr (error->message, "and 5 more"));
}

static CU_TestInfo tests[] = {
  { "a trusted key", test_trusted },
  { "nobody", test_nobody },
  { "untrusted, pinned, distrusted", test_untrusted },
  { "validity", test_validity },
  { "use and strength", test_use },
  { "signing with an own key", test_signing },
  { "the newest wins", test_newest_wins },
  { "equals are ambiguous until one is pinned", test_ambiguous },
  { "the error of equals", test_ambiguous_error },
  { "each reason once", test_reasons_of_all },
  { "what speaks for a key", test_merits },
  { "trusted before own", test_trusted_before_own },
  { "the pin before all", test_pin_before_all },
  { "a pin for an address that the key does not name", test_pin_for_another_address },
  { "the one its owner prefers", test_preferred },
  { "by fingerprint", test_by_fingerprint },
  { "neither address nor fingerprint", test_not_a_question },
  { "S/MIME without a store loads nothing", test_smime_without_store_loads_nothing },
  { "the error for encryption", test_error_for_encryption },
  { "the error of both protocols", test_error_of_both_protocols },
  { "the error for signing", test_error_for_signing },
  { "the error has one hint for an address", test_error_has_one_hint },
  { "the error names a few", test_error_names_few },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_resolver = {
  .pName = "resolver",
  .pTests = tests,
  .pSetUpFunc = set_up,
  .pTearDownFunc = tear_down,
};
