/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wanted for a message: settings, the message's own word, and the memory of encrypted
 * messages that were opened. */
#include "config.h"

#include "unit.h"

#include "keys/opened.h"
#include "mime/edit.h"
#include "mime/fields.h"
#include "mime/protect.h"
#include "policy.h"
#include "sample.h"
#include "scratch.h"

#include <string.h>

#define DAY 86400

static char *folder;

static void
set_up (void)
{
  folder = scratch_new ();
}

static void
tear_down (void)
{
  g_clear_pointer (&folder, scratch_free);
}

/* ----------------------------------------------------------------- settings -- */

static void
expect_wish (const char *config, const char *recipient, McWish wish, const char *source)
{
  g_autoptr (McSettings) settings = mc_settings_new ();
  g_autofree char *found = NULL;
  McWish got = MC_WISH_UNKNOWN;
  CU_ASSERT_TRUE (mc_settings_load (settings, config, strlen (config), "config", NULL));
  CU_ASSERT_TRUE (mc_policy_find (settings, "encrypt", "alice@example.org", recipient, &got, &found,
                                  NULL));
  CU_ASSERT_EQUAL (got, wish);
  CU_ASSERT_STRING_EQUAL (found, source);
}

static void
test_patterns (void)
{
  expect_wish ("", "bob@example.org", MC_WISH_NEVER, "general");
  expect_wish ("[policy b?b@EXAMPLE.*]\nencrypt=always\n", "BOB@example.org", MC_WISH_ALWAYS,
               "policy b?b@EXAMPLE.*");
  expect_wish ("[policy *@*.example.org]\nencrypt=always\n", "bob@example.org", MC_WISH_NEVER,
               "general");
  expect_wish ("[policy *@*.example.org]\nencrypt=always\n", "bob@a.example.org", MC_WISH_ALWAYS,
               "policy *@*.example.org");
  expect_wish ("[policy *@bücher.example]\nencrypt=always\n", "x@xn--bcher-kva.example",
               MC_WISH_ALWAYS, "policy *@bücher.example");
  expect_wish ("[policy *]\nencrypt=always\n", "root", MC_WISH_ALWAYS, "policy *");
  expect_wish ("[policy *@*]\nencrypt=always\n", "root", MC_WISH_NEVER, "general");
  /* the first place in the file counts, also of a group that goes on later */
  expect_wish ("[policy *@example.org]\nsign=always\n[policy *]\nencrypt=never\n"
               "[policy *@example.org]\nencrypt=always\n",
               "bob@example.org", MC_WISH_ALWAYS, "policy *@example.org");
}

static void
test_combining (void)
{
  static const McWish order[] = { MC_WISH_UNKNOWN, MC_WISH_IF_POSSIBLE, MC_WISH_NEVER,
                                  MC_WISH_ALWAYS };
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (order); k++)
      CU_ASSERT_EQUAL (_mc_wish_combine (order[i], order[k]), order[MAX (i, k)]);
}

/* -------------------------------------------------------------------- marks -- */

/* The message without its own word, or NULL. (transfer full) */
static char *
read_marks (const char *text, McMarks *marks)
{
  g_autoptr (McSpool) spool = NULL;
  g_autoptr (McTree) tree = sample_tree (text, &spool);
  g_autoptr (GPtrArray) changes = _mc_header_lines_new ();
  g_autoptr (McSettings) settings = mc_settings_new ();
  g_autoptr (McSpool) output = sample_spool ("", 0);
  CU_ASSERT_TRUE (mc_settings_set (settings, "general", "encrypt-mark", "[e]", NULL));
  if (!_mc_marks_read (tree, settings, marks, changes, NULL))
    return NULL;
  CU_ASSERT_TRUE (_mc_message_edit (_mc_span_whole (spool), changes, output, NULL));
  return sample_spool_text (output);
}

static void
test_marks (void)
{
  McMarks marks = { 0 };
  g_autofree char *fields =
    read_marks ("A: 1\r\nx-MAILCRYPT: sign,\r\n smime\r\nB: 2\r\nX-Mailcrypt: Encrypt\r\n\r\nC: 3\r\n",
                &marks);
  CU_ASSERT_STRING_EQUAL (fields, "A: 1\r\nB: 2\r\n\r\nC: 3\r\n");
  CU_ASSERT_TRUE (marks.sign == MC_WISH_ALWAYS && marks.encrypt == MC_WISH_ALWAYS
                  && marks.protocol == MC_PROTOCOL_SMIME);

  g_autofree char *subject = read_marks ("Subject: Re: [E]  hello\n there\n\nbody [e]", &marks);
  CU_ASSERT_STRING_EQUAL (subject, "Subject: Re: hello there\n\nbody [e]");
  CU_ASSERT_TRUE (marks.sign == MC_WISH_UNKNOWN && marks.encrypt == MC_WISH_ALWAYS);

  CU_ASSERT_PTR_NULL (read_marks ("X-Mailcrypt: sgin\n\n", &marks));
  CU_ASSERT_PTR_NULL (read_marks ("X-Mailcrypt: sign\nX-Mailcrypt: no-sign\n\n", &marks));
  CU_ASSERT_PTR_NULL (read_marks ("Subject: [e] x\nX-Mailcrypt: no-encrypt\n\n", &marks));
}

/* What is decoded must not become another field. */
static void
test_encoding (void)
{
  static const char *const plain[] = { "hello", "a: b, \"c\"", "" };
  static const char *const odd[] = { "a\nX-Evil: b", "a\rb", "Grüße", "=?utf-8?q?x?=", "a\tb" };
  for (gsize i = 0; i < G_N_ELEMENTS (plain); i++) {
    g_autofree char *text = _mc_header_encode_text (plain[i]);
    CU_ASSERT_STRING_EQUAL (text, plain[i]);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++) {
    g_autofree char *text = _mc_header_encode_text (odd[i]);
    CU_ASSERT_TRUE (g_str_has_prefix (text, "=?utf-8?b?") && g_str_has_suffix (text, "?="));
    CU_ASSERT_PTR_NULL (strpbrk (text, "\r\n\t"));
  }
}

/* ------------------------------------------------------------------- memory -- */

static void
expect_ids (const char *body, const char *expected)
{
  g_auto (GStrv) ids = _mc_message_ids_parse (body);
  g_autofree char *joined = g_strjoinv (" ", ids);
  CU_ASSERT_STRING_EQUAL (joined, expected);
}

static void
test_ids (void)
{
  expect_ids ("<a@b>", "<a@b>");
  expect_ids (" <a@b>\t<c@d> junk <e> <f g> <", "<a@b> <c@d> <e>");
  expect_ids ("a@b", "");
  expect_ids ("<<a@b>>", "<a@b>");
  expect_ids ("<>", "");
}

static gboolean
is_known (McContext *context, const char *id)
{
  const char *const ids[] = { "<other@example.org>", id, NULL };
  gboolean found = FALSE;
  CU_ASSERT_TRUE (_mc_opened_find (context, ids, &found, NULL));
  return found;
}

static void
test_memory (void)
{
  g_autoptr (McContext) context = scratch_context (folder);
  CU_ASSERT_FALSE (is_known (context, "<a@example.org>"));
  mc_context_remember (context, " <a@example.org> ");
  CU_ASSERT_TRUE (is_known (context, "<a@example.org>"));
  CU_ASSERT_FALSE (is_known (context, "<A@example.org>"));

  g_autoptr (McContext) later = scratch_context (folder);
  CU_ASSERT_TRUE (is_known (later, "<a@example.org>"));
  CU_ASSERT_TRUE (
    mc_settings_set (_mc_context_get_settings (later), "general", "reply-memory", "0", NULL));
  CU_ASSERT_FALSE (is_known (later, "<a@example.org>"));
  mc_context_remember (later, "<b@example.org>");
  CU_ASSERT_FALSE (is_known (context, "<b@example.org>"));
}

/* Each store has a salt of its own, and what is too old goes. */
static void
test_store (void)
{
  McStore *store = NULL;
  g_autoptr (GBytes) salt = NULL, again = NULL;
  g_autoptr (GBytes) id = g_bytes_new_static ("id", 2), other = g_bytes_new_static ("other", 5);
  gboolean found = TRUE;
  CU_ASSERT_TRUE (_mc_store_get_salt (NULL, FALSE, &salt, NULL) && salt == NULL);
  CU_ASSERT_TRUE (_mc_store_find_opened (NULL, id, 0, &found, NULL) && !found);

  CU_ASSERT_TRUE_FATAL (_mc_store_open (folder, TRUE, &store, NULL));
  CU_ASSERT_TRUE (_mc_store_get_salt (store, FALSE, &salt, NULL) && salt == NULL);
  CU_ASSERT_TRUE (_mc_store_get_salt (store, TRUE, &salt, NULL));
  CU_ASSERT_TRUE (_mc_store_get_salt (store, TRUE, &again, NULL));
  CU_ASSERT_TRUE (g_bytes_get_size (salt) == 32 && g_bytes_equal (salt, again));

  CU_ASSERT_TRUE (_mc_store_add_opened (store, id, 10 * DAY, 0, NULL));
  CU_ASSERT_TRUE (_mc_store_find_opened (store, id, 10 * DAY, &found, NULL) && found);
  CU_ASSERT_TRUE (_mc_store_find_opened (store, id, 10 * DAY + 1, &found, NULL) && !found);
  CU_ASSERT_TRUE (_mc_store_add_opened (store, other, 20 * DAY, 11 * DAY, NULL));
  CU_ASSERT_TRUE (_mc_store_find_opened (store, id, 0, &found, NULL) && !found);
  _mc_store_close (store);
}

static CU_TestInfo tests[] = {
  { "whom a policy means", test_patterns },
  { "of several wishes one counts", test_combining },
  { "a message's own word, which does not go out", test_marks },
  { "decoded text goes back into a header", test_encoding },
  { "Message-IDs in a field", test_ids },
  { "what was opened is remembered", test_memory },
  { "salted, and not for ever", test_store },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_policy = {
  .pName = "policy",
  .pTests = tests,
  .pSetUpFunc = set_up,
  .pTearDownFunc = tear_down,
};
