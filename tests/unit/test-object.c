/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single objects, without the mail around them. */
#include "config.h"

#include "pgp-kit.h"

#include <string.h>

#define TEXT "Content-Type: text/plain\n\nfirst\nsecond\n"
#define CANONICAL "Content-Type: text/plain\r\n\r\nfirst\r\nsecond\r\n"

static GInputStream *
input_new (const char *text)
{
  return g_memory_input_stream_new_from_data (g_strdup (text), -1, g_free);
}

/* What was written; NULL-terminated. (transfer full) */
static char *
take_text (GOutputStream *output)
{
  CU_ASSERT_TRUE_FATAL (g_output_stream_write_all (output, "", 1, NULL, NULL, NULL));
  CU_ASSERT_TRUE_FATAL (g_output_stream_close (output, NULL, NULL));
  return g_memory_output_stream_steal_data (G_MEMORY_OUTPUT_STREAM (output));
}

static char *
sign (McObjectForm form, GError **error)
{
  g_autoptr (GInputStream) input = input_new (TEXT);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  return mc_object_sign (pgp_own.context, MC_PROTOCOL_OPENPGP,
                         mc_key_get_fingerprint (pgp_alice), form, input, output, NULL, error)
           ? take_text (output) : NULL;
}

static McSignatureStatus
verify (const char *content, const char *signature)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) text = input_new (content);
  g_autoptr (GInputStream) mark = input_new (signature);
  g_autoptr (McObject) object =
    mc_object_verify (pgp_own.context, MC_PROTOCOL_OPENPGP, text, mark, NULL, &error);
  pgp_check_no_error (error);
  return mc_report_get_signature_status (mc_object_get_report (object));
}

static char *
encrypt (const char *recipient, const char *signer, GError **error)
{
  const char *const recipients[] = { recipient, NULL };
  g_autoptr (GInputStream) input = input_new (TEXT);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  return mc_object_encrypt (pgp_own.context, MC_PROTOCOL_OPENPGP, recipients, signer, NULL, input,
                            output, NULL, error)
           ? take_text (output) : NULL;
}

static McObject *
open_text (const char *text, McOpenFlags flags, GError **error)
{
  g_autoptr (GInputStream) input = input_new (text);
  return mc_object_open (pgp_own.context, MC_PROTOCOL_OPENPGP, input, flags, NULL, error);
}

static char *
get_content (McObject *object)
{
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  CU_ASSERT_TRUE_FATAL (mc_object_write (object, output, NULL, NULL));
  return take_text (output);
}

static void
test_detached (void)
{
  g_autofree char *signature = sign (MC_OBJECT_DETACHED, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (signature);
  /* Line ends do not matter, letters do; and there is no sender to disagree with. */
  CU_ASSERT_EQUAL (verify (TEXT, signature), MC_SIGNATURE_GOOD);
  CU_ASSERT_EQUAL (verify (CANONICAL, signature), MC_SIGNATURE_GOOD);
  CU_ASSERT_EQUAL (verify ("Content-Type: text/plain\n\nfirst\nthird\n", signature),
                   MC_SIGNATURE_BAD);
}

static void
test_cleartext (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = sign (MC_OBJECT_CLEARTEXT, &error);
  pgp_check_no_error (error);
  CU_ASSERT_TRUE (g_str_has_prefix (text, "-----BEGIN PGP SIGNED MESSAGE-----\n"));
  CU_ASSERT_PTR_NOT_NULL (strstr (text, "\n" TEXT));
  g_autoptr (McObject) object = open_text (text, MC_OPEN_INLINE, &error);
  pgp_check_no_error (error);
  CU_ASSERT_EQUAL (mc_report_get_signature_status (mc_object_get_report (object)),
                   MC_SIGNATURE_GOOD);
}

static void
test_wrong_form (void)
{
  g_autoptr (GError) error = NULL;
  CU_ASSERT_PTR_NULL (sign (MC_OBJECT_OPAQUE, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
}

static void
test_encrypted (void)
{
  g_autoptr (GError) error = NULL;
  const char *alice = mc_key_get_fingerprint (pgp_alice);
  g_autofree char *armour = encrypt (alice, alice, &error);
  pgp_check_no_error (error);
  g_autoptr (McObject) object = open_text (armour, MC_OPEN_DEFAULT, &error);
  pgp_check_no_error (error);
  McReport *report = mc_object_get_report (object);
  CU_ASSERT_EQUAL (mc_report_get_summary (report), MC_SUMMARY_SIGNED_AND_ENCRYPTED);
  const McSigner *signer = mc_report_get_signer (report);
  CU_ASSERT_EQUAL_FATAL (mc_signer_get_n_identities (signer), 1);
  CU_ASSERT_TRUE (mc_signer_get_identity_trusted (signer, 0));
  CU_ASSERT_TRUE (mc_address_equal (mc_signer_get_identity_address (signer, 0),
                                    mc_key_get_address (pgp_alice, 0)));
  g_autofree char *content = get_content (object);
  CU_ASSERT_STRING_EQUAL (content, CANONICAL);
  g_autoptr (McMessage) entity = mc_object_describe (object, NULL, &error);
  pgp_check_no_error (error);
  CU_ASSERT_STRING_EQUAL (mc_part_get_content_type (mc_message_get_root (entity)), "text/plain");
}

static void
test_nobody (void)
{
  g_autoptr (GError) error = NULL;
  CU_ASSERT_PTR_NULL (encrypt ("nobody@example.org", NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_NO_KEY));
}

static void
test_garbage (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McObject) object = open_text ("no object at all\n", MC_OPEN_DEFAULT, &error);
  CU_ASSERT_PTR_NULL (object);
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
}

static void
test_sender (void)
{
  static const char *const none[] = {
    "", "undisclosed", "a@example.org, b@example.org", "group: a@example.org;",
  };
  g_autofree char *one = mc_address_from_field (" Alice <Alice@EXAMPLE.org> ");
  CU_ASSERT_TRUE (mc_address_equal (one, "alice@example.org"));
  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    CU_ASSERT_PTR_NULL (mc_address_from_field (none[i]));
}

static CU_TestInfo tests[] = {
  { "a detached signature", test_detached },
  { "a signature that leaves the text readable", test_cleartext },
  { "a form that the protocol does not have", test_wrong_form },
  { "encrypted and signed", test_encrypted },
  { "a recipient without a key", test_nobody },
  { "what is no object", test_garbage },
  { "the one mailbox of a From field", test_sender },
  CU_TEST_INFO_NULL
};

const CU_SuiteInfo suite_object = {
  "object", pgp_init_suite, pgp_clean_suite, NULL, NULL, tests
};
