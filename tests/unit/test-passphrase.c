/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "unit.h"

#include "base/secret.h"
#include "context.h"
#include "keys/passphrase.h"
#include "scratch.h"

#include <string.h>

static char *folder;
static McContext *context;

/* GnuPG's home is a file: no agent can be there, and none can be started. */
static void
set_up (void)
{
  folder = scratch_new ();
  g_autofree char *file = g_build_filename (folder, "file", NULL);
  g_autoptr (McSettings) settings = mc_settings_new ();
  CU_ASSERT_TRUE (g_file_set_contents (file, "x", 1, NULL));
  mc_settings_set_folder (settings, MC_FOLDER_GNUPG, file);
  CU_ASSERT_TRUE (mc_settings_set (settings, "keyring", "use", "false", NULL));
  context = mc_context_new (settings);
}

static void
tear_down (void)
{
  g_clear_pointer (&context, mc_context_free);
  g_clear_pointer (&folder, scratch_free);
}

static const McPassphraseRequest request = {
  .protocol = MC_PROTOCOL_SMIME,
  .fingerprint = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
  .purpose = "passphrase for the key of bob@example.org",
};

static guint n_asked;

static McSecret *
give (McProtocol protocol, const char *fingerprint, const char *purpose, gpointer user_data)
{
  CU_ASSERT_EQUAL (protocol, request.protocol);
  CU_ASSERT_STRING_EQUAL (fingerprint, request.fingerprint);
  CU_ASSERT_STRING_EQUAL (purpose, request.purpose);
  n_asked++;
  return user_data != NULL ? mc_secret_new (user_data, strlen (user_data)) : NULL;
}

static gboolean
is_right (McSecret *secret, gpointer user_data)
{
  return strcmp (_mc_secret_get_data (secret), user_data) == 0;
}

static void
check_fails (const char *given, gboolean set, const char *message)
{
  g_autoptr (GError) error = NULL;
  if (set)
    mc_context_set_passphrase_func (context, give, (gpointer) given, NULL);
  CU_ASSERT_FALSE (_mc_passphrase_find (context, &request, is_right, (gpointer) "right", NULL, &error));
  CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, MC_ERROR_NO_SECRET));
  CU_ASSERT_STRING_EQUAL (error->message, message);
  if (strcmp (error->message, message) != 0)
    g_printerr ("%s\n", error->message);
  CU_ASSERT_PTR_NOT_NULL (mc_error_get_hint (error));
}

static void
test_right (void)
{
  n_asked = 0;
  mc_context_set_passphrase_func (context, give, (gpointer) "right", NULL);
  CU_ASSERT_TRUE (_mc_passphrase_find (context, &request, is_right, (gpointer) "right", NULL, NULL));
  CU_ASSERT_EQUAL (n_asked, 1);
}

/* The caller's source cannot ask a person: a second time brings nothing new. */
static void
test_wrong (void)
{
  n_asked = 0;
  check_fails ("wrong", TRUE, "the passphrase given is wrong (--passphrase-fd); no other passphrase for the "
                              "key of bob@example.org: gpg-agent: no agent, and it could not be "
                              "started");
  CU_ASSERT_EQUAL (n_asked, 1);
}

static void
test_none (void)
{
  check_fails (NULL, TRUE, "no passphrase for the key of bob@example.org: --passphrase-fd: has none; "
                           "gpg-agent: no agent, and it could not be started");
}

/* A source that was never set up is not named. */
static void
test_not_set (void)
{
  check_fails (NULL, FALSE, "no passphrase for the key of bob@example.org: "
                            "gpg-agent: no agent, and it could not be started");
}

static void
test_cancelled (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  CU_ASSERT_FALSE (_mc_passphrase_find (context, &request, is_right, (gpointer) "right", cancellable,
                                        &error));
  CU_ASSERT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}

static CU_TestInfo tests[] = {
  { "the caller's is right", test_right },
  { "the caller's is wrong", test_wrong },
  { "the caller has none", test_none },
  { "no caller", test_not_set },
  { "cancelled", test_cancelled },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_passphrase = {
  .pName = "passphrase",
  .pTests = tests,
  .pSetUpFunc = set_up,
  .pTearDownFunc = tear_down,
};
