/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "settings.h"

#include <string.h>

static gboolean
load (McSettings *settings, const char *text, GError **error)
{
  return mc_settings_load (settings, text, strlen (text), "config", error);
}

static void
check_value (McSettings *settings, const char *group, const char *key, const char *expected)
{
  const char *got = mc_settings_get (settings, group, key);
  CU_ASSERT_EQUAL (g_strcmp0 (got, expected), 0);
  if (g_strcmp0 (got, expected) != 0)
    g_printerr ("[%s] %s is '%s'\n", group, key, got);
}

static void
test_defaults (void)
{
  g_autoptr (McSettings) settings = mc_settings_new ();
  check_value (settings, "general", "protocol", "auto");
  check_value (settings, "general", "header-protection", "baseline");
  check_value (settings, "openpgp", "trust", "full");
  check_value (settings, "smime", "system-anchors", "true");
  check_value (settings, "smime", "revocation", "soft");
  check_value (settings, "limits", "total-bytes", "536870912");
  check_value (settings, "limits", "layers", "16");
  check_value (settings, "account a@example.org", "signer", NULL);
  check_value (settings, "groups", "team", NULL);
  check_value (settings, "general", "colour", NULL);
  check_value (settings, "colours", "red", NULL);
}

static void
test_table (void)
{
  g_autoptr (McSettings) settings = mc_settings_new ();
  for (const McLimitInfo *limit = _mc_limit_table; limit->name != NULL; limit++)
    CU_ASSERT_PTR_NOT_NULL (mc_settings_get (settings, "limits", limit->name));
  for (const McSettingInfo *info = _mc_setting_table; info->group != NULL; info++) {
    CU_ASSERT_PTR_NOT_NULL (info->meaning);
    if (info->fallback != NULL)
      CU_ASSERT_TRUE (mc_settings_set (settings, info->group, info->key, info->fallback, NULL));
  }
}

static void
test_load (void)
{
  g_autoptr (McSettings) settings = mc_settings_new ();
  g_autoptr (GError) error = NULL;
  CU_ASSERT_TRUE (load (settings,
                        "# a comment\n"
                        "\n"
                        "[general]\r\n"
                        "protocol = smime\r\n"
                        "  [openpgp]  \n"
                        "  trust=marginal  \n"
                        "[keyring]\n"
                        "[smime]\n"
                        "system-anchors=0\n"
                        "[limits]\n"
                        "layers=3\n"
                        "total-bytes=1000\n"
                        "[policy *@example.org]\n"
                        "[account Bob@EXAMPLE.org]\n"
                        "signer=0123\\s4567\\\\\n"
                        "[groups]\n"
                        "team = a@example.org; B@Example.org ;\n"
                        "[limits]\n"
                        "layers=4",
                        &error));
  CU_ASSERT_PTR_NULL (error);
  check_value (settings, "general", "protocol", "smime");
  check_value (settings, "openpgp", "trust", "marginal");
  check_value (settings, "smime", "system-anchors", "false");
  check_value (settings, "limits", "layers", "4");
  check_value (settings, "limits", "total-bytes", "1000");
  check_value (settings, "account bob@example.ORG", "signer", "0123 4567\\");
  check_value (settings, "account bob@example.org", "protocol", NULL);
  check_value (settings, "groups", "team", "a@example.org;B@Example.org");
  CU_ASSERT_EQUAL (_mc_settings_get_limits (settings)->layers, 4);
  CU_ASSERT_EQUAL (_mc_settings_get_limits (settings)->total_bytes, 1000);
  CU_ASSERT_EQUAL (_mc_settings_get_limits (settings)->parts, 10000);
}

static void
test_later_loads_add (void)
{
  g_autoptr (McSettings) settings = mc_settings_new ();
  CU_ASSERT_TRUE (load (settings, "[limits]\nparts=5\nlayers=5\n", NULL));
  CU_ASSERT_TRUE (load (settings, "[limits]\nlayers=6\n", NULL));
  CU_ASSERT_EQUAL (_mc_settings_get_limits (settings)->parts, 5);
  CU_ASSERT_EQUAL (_mc_settings_get_limits (settings)->layers, 6);
  CU_ASSERT_TRUE (load (settings, "", NULL));
  CU_ASSERT_TRUE (mc_settings_load (settings, NULL, 0, "empty", NULL));
}

static void
test_line_numbers (void)
{
  static const struct {
    const char *text;
    const char *message_start;
  } rows[] = {
    { "[colours]\n", "config:1: unknown group 'colours'" },
    { "\n\n[general]\n[General]\n", "config:4: unknown group 'General'" },
    { "[general]\n#\ncolour=red\n", "config:3: unknown key 'colour' in group 'general'" },
    { "[keyring]\nx=1", "config:2: unknown key 'x' in group 'keyring'" },
    { "[general]\nprotocol[de]=smime", "config:2: unknown key 'protocol[de]'" },
    { "[general]\n\nprotocol=pgp\n", "config:3: bad value 'pgp' for 'protocol'" },
    { "[general]\nprotocol=\n", "config:2: bad value '' for 'protocol'" },
    { "[general]\nprotocol=auto|openpgp\n", "config:2: bad value 'auto|openpgp'" },
    { "[smime]\nsystem-anchors=maybe\n", "config:2: bad value 'maybe' for 'system-anchors'" },
    { "[limits]\nparts=1\nlayers=0\n", "config:3: limit 'layers' out of range: 0" },
    { "[limits]\nlayers=-1\n", "config:2: bad value '-1' for 'layers'" },
    { "[limits]\nlayers=3x\n", "config:2: bad value '3x' for 'layers'" },
    { "[limits]\ntotal-bytes=99999999999999999999999\n", "config:2: bad value '9999" },
    { "[account]\n", "config:1: unknown group 'account'" },
    { "[account not-an-address]\n", "config:1: unknown group 'account not-an-address'" },
    { "[account a@b]\nsigner=\n", "config:2: bad value '' for 'signer'" },
    { "[policy ]\n", "config:1: unknown group 'policy '" },
    { "[general x]\n", "config:1: unknown group 'general x'" },
    { "[groups]\na=b@example.org\nteam=b@example.org;c\n", "config:3: bad value" },
    { "[groups]\nteam=;\n", "config:2: bad value" },
    { "protocol=auto\n", "config:1: assignment before the first group" },
    { "[general]\nprotocol\n", "config:2: neither group nor assignment: 'protocol'" },
    { "[general]\n=x\n", "config:2: neither group nor assignment" },
    { "[general\n", "config:1: neither group nor assignment" },
    { "[]\n", "config:1: neither group nor assignment" },
    { "[general]\nprotocol=a\\qb\n", "config:2: unknown escape" },
    { "[general]\nprotocol=a\\\n", "config:2: unknown escape" },
    { "[general]\n\xff=1\n", "config:2: neither NUL nor broken UTF-8" },
    { "[x\x1b[2J]\n", "config:1: unknown group 'x\\u{1B}[2J'" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (McSettings) settings = mc_settings_new ();
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (load (settings, rows[i].text, &error));
    CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
    CU_ASSERT_TRUE (g_str_has_prefix (error->message, rows[i].message_start));
    if (!g_str_has_prefix (error->message, rows[i].message_start))
      g_printerr ("got '%s', expected '%s'\n", error->message, rows[i].message_start);
  }
}

static void
test_nul (void)
{
  g_autoptr (McSettings) settings = mc_settings_new ();
  g_autoptr (GError) error = NULL;
  static const char text[] = "[limits]\nlayers=3\0\n";
  CU_ASSERT_FALSE (mc_settings_load (settings, text, sizeof text - 1, "config", &error));
  CU_ASSERT_TRUE (g_str_has_prefix (error->message, "config:2: "));
}

static void
test_all_or_nothing (void)
{
  g_autoptr (McSettings) settings = mc_settings_new ();
  CU_ASSERT_FALSE (load (settings,
                         "[general]\nprotocol=smime\n[limits]\nlayers=3\n[smime]\nx=1\n", NULL));
  check_value (settings, "general", "protocol", "auto");
  check_value (settings, "limits", "layers", "16");
  CU_ASSERT_EQUAL (_mc_settings_get_limits (settings)->layers, 16);
}

static void
test_set (void)
{
  g_autoptr (McSettings) settings = mc_settings_new ();
  CU_ASSERT_TRUE (mc_settings_set (settings, "smime", "revocation", "hard", NULL));
  check_value (settings, "smime", "revocation", "hard");
  CU_ASSERT_TRUE (mc_settings_set (settings, "limits", "total-bytes", "00077", NULL));
  check_value (settings, "limits", "total-bytes", "77");
  CU_ASSERT_EQUAL (_mc_settings_get_limits (settings)->total_bytes, 77);
  CU_ASSERT_TRUE (mc_settings_set (settings, "account A@Example.org", "protocol", "smime", NULL));
  check_value (settings, "account a@example.org", "protocol", "smime");
}

static void
test_set_refused (void)
{
  static const struct {
    const char *group, *key, *value, *message, *hint;
  } rows[] = {
    { "x", "y", "z", "unknown group 'x'", "[account ADDRESS]" },
    { "general", "y", "z", "unknown key 'y' in group 'general'", "protocol" },
    { "openpgp", "trust", "z", "bad value 'z' for 'trust'", "full|marginal" },
    { "limits", "layers", "1000", "limit 'layers' out of range: 1000", "from 1 to 100" },
    { "groups", "", "a@example.org", "unknown key '' in group 'groups'", NULL },
  };
  g_autoptr (McSettings) settings = mc_settings_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (mc_settings_set (settings, rows[i].group, rows[i].key, rows[i].value,
                                      &error));
    CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
    CU_ASSERT_STRING_EQUAL (error->message, rows[i].message);
    if (rows[i].hint != NULL)
      CU_ASSERT_PTR_NOT_NULL (strstr (mc_error_get_hint (error), rows[i].hint));
  }
}

static void
test_folders_and_references (void)
{
  McSettings *settings = mc_settings_new ();
  CU_ASSERT_PTR_EQUAL (mc_settings_ref (settings), settings);
  mc_settings_unref (settings);
  CU_ASSERT_PTR_NULL (mc_settings_get_folder (settings, MC_FOLDER_GNUPG));
  mc_settings_set_folder (settings, MC_FOLDER_GNUPG, "/a");
  mc_settings_set_folder (settings, MC_FOLDER_DATA, "/b");
  mc_settings_set_folder (settings, MC_FOLDER_GNUPG,
                          mc_settings_get_folder (settings, MC_FOLDER_GNUPG));
  CU_ASSERT_STRING_EQUAL (mc_settings_get_folder (settings, MC_FOLDER_GNUPG), "/a");
  CU_ASSERT_STRING_EQUAL (mc_settings_get_folder (settings, MC_FOLDER_DATA), "/b");
  mc_settings_set_folder (settings, MC_FOLDER_GNUPG, NULL);
  CU_ASSERT_PTR_NULL (mc_settings_get_folder (settings, MC_FOLDER_GNUPG));
  mc_settings_unref (settings);
  mc_settings_unref (NULL);
}

static CU_TestInfo tests[] = {
  { "defaults", test_defaults },
  { "the table is complete and right", test_table },
  { "load", test_load },
  { "later loads add", test_later_loads_add },
  { "each error names its line", test_line_numbers },
  { "NUL", test_nul },
  { "all or nothing", test_all_or_nothing },
  { "set", test_set },
  { "set: refused", test_set_refused },
  { "folders and references", test_folders_and_references },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_settings = {
  .pName = "settings",
  .pTests = tests,
};
