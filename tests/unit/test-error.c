/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/error.h"

static void
test_words_and_statuses (void)
{
  static const struct {
    McError code;
    const char *word;
    int exit_status;
  } expected[] = {
    { MC_ERROR_INTERNAL, "internal", 1 },   { MC_ERROR_INVALID, "invalid", 2 },
    { MC_ERROR_NOT_PROTECTED, "not-protected", 3 },
    { MC_ERROR_NO_SECRET, "no-secret", 8 }, { MC_ERROR_INTEGRITY, "integrity", 9 },
    { MC_ERROR_MALFORMED, "malformed", 10 }, { MC_ERROR_LIMIT, "limit", 10 },
    { MC_ERROR_NO_KEY, "no-key", 11 },      { MC_ERROR_ENGINE, "engine", 12 },
    { MC_ERROR_IO, "io", 12 },              { MC_ERROR_CANCELLED, "cancelled", 12 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_autoptr (GError) error = NULL;
    _mc_set_error (&error, expected[i].code, NULL, "cause");
    CU_ASSERT_STRING_EQUAL (mc_error_get_word (error), expected[i].word);
    CU_ASSERT_EQUAL (mc_error_get_exit_status (error), expected[i].exit_status);
    CU_ASSERT_PTR_NULL (mc_error_get_hint (error));
  }
}

static void
test_foreign_errors (void)
{
  g_autoptr (GError) cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "stop");
  CU_ASSERT_STRING_EQUAL (mc_error_get_word (cancelled), "cancelled");
  CU_ASSERT_EQUAL (mc_error_get_exit_status (cancelled), 12);

  g_autoptr (GError) io = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "full");
  CU_ASSERT_STRING_EQUAL (mc_error_get_word (io), "io");
  CU_ASSERT_EQUAL (mc_error_get_exit_status (io), 12);

  g_autoptr (GError) other = g_error_new_literal (g_quark_from_static_string ("x"), 9, "odd");
  CU_ASSERT_STRING_EQUAL (mc_error_get_word (other), "internal");
  CU_ASSERT_EQUAL (mc_error_get_exit_status (other), 1);
  CU_ASSERT_PTR_NULL (mc_error_get_hint (other));

  g_autoptr (GError) unknown_code = g_error_new_literal (MC_ERROR, 999, "odd");
  CU_ASSERT_STRING_EQUAL (mc_error_get_word (unknown_code), "internal");
  CU_ASSERT_STRING_EQUAL (mc_error_get_word (NULL), "internal");
  CU_ASSERT_PTR_NULL (mc_error_get_hint (NULL));
}

static void
test_hint_survives_copies (void)
{
  g_autoptr (GError) error = NULL;
  _mc_set_error (&error, MC_ERROR_NO_KEY, "run it\nagain", "no key for '%s'", "a@b");
  g_autoptr (GError) copy = g_error_copy (error);
  g_clear_error (&error);
  CU_ASSERT_STRING_EQUAL (copy->message, "no key for 'a@b'");
  CU_ASSERT_STRING_EQUAL (mc_error_get_hint (copy), "run it\nagain");
  _mc_set_error (NULL, MC_ERROR_IO, "hint", "nobody listens");
}

static void
test_adopt_foreign (void)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "full");
  CU_ASSERT_FALSE (_mc_error_adopt (&error, MC_ERROR_IO, "cannot write '%s'", "x"));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_IO));
  CU_ASSERT_STRING_EQUAL (error->message, "cannot write 'x': full");
}

static void
test_adopt_own_and_cancelled (void)
{
  g_autoptr (GError) own = NULL;
  _mc_set_error (&own, MC_ERROR_LIMIT, "hint", "too large");
  CU_ASSERT_FALSE (_mc_error_adopt (&own, MC_ERROR_IO, "reading"));
  CU_ASSERT_TRUE (g_error_matches (own, MC_ERROR, MC_ERROR_LIMIT));
  CU_ASSERT_STRING_EQUAL (own->message, "reading: too large");
  CU_ASSERT_STRING_EQUAL (mc_error_get_hint (own), "hint");

  g_autoptr (GError) cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "stop");
  CU_ASSERT_FALSE (_mc_error_adopt (&cancelled, MC_ERROR_IO, "reading"));
  CU_ASSERT_TRUE (g_error_matches (cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  CU_ASSERT_STRING_EQUAL (cancelled->message, "reading: stop");

  g_autoptr (GError) none = NULL;
  CU_ASSERT_FALSE (_mc_error_adopt (&none, MC_ERROR_IO, "reading"));
  CU_ASSERT_PTR_NULL (none);
  CU_ASSERT_FALSE (_mc_error_adopt (NULL, MC_ERROR_IO, "reading"));
}

static void
test_add_hint (void)
{
  g_autoptr (GError) error = NULL;
  _mc_set_error (&error, MC_ERROR_IO, NULL, "cause");
  _mc_error_add_hint (&error, "first");
  CU_ASSERT_STRING_EQUAL (mc_error_get_hint (error), "first");
  _mc_error_add_hint (&error, "second");
  CU_ASSERT_STRING_EQUAL (mc_error_get_hint (error), "first\nsecond");

  g_autoptr (GError) foreign = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "odd");
  _mc_error_add_hint (&foreign, "lost");
  CU_ASSERT_PTR_NULL (mc_error_get_hint (foreign));
  _mc_error_add_hint (NULL, "lost");
}

static CU_TestInfo tests[] = {
  { "each code has its word and exit status", test_words_and_statuses },
  { "errors of other domains", test_foreign_errors },
  { "the hint survives copies", test_hint_survives_copies },
  { "a foreign error is adopted", test_adopt_foreign },
  { "own errors and cancellations keep their kind", test_adopt_own_and_cancelled },
  { "hints are added", test_add_hint },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_error = {
  .pName = "error",
  .pTests = tests,
};
