/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tool does to text for people: marks, folds, and names for files. */
#include "unit.h"

#include "../../src/mailcrypt/filename.h"
#include "../../src/mailcrypt/fold.h"
#include "../../src/mailcrypt/mark.h"

#include <string.h>

static void
expect (char *got, const char *wanted)
{
  CU_ASSERT_STRING_EQUAL (got, wanted);
  if (strcmp (got, wanted) != 0)
    g_printerr ("got '%s', wanted '%s'\n", got, wanted);
  g_free (got);
}

static void
test_prefix (void)
{
  g_autofree char *one = mark_make_prefix (NULL);
  g_autofree char *other = mark_make_prefix (NULL);
  CU_ASSERT_TRUE (g_regex_match_simple ("^\\[mailcrypt [0-9a-f]{6}\\] $", one, 0, 0));
  CU_ASSERT_STRING_NOT_EQUAL (one, other);
  expect (mark_make_prefix ("blue heron"), "[mailcrypt blue heron] ");
  expect (mark_make_prefix (" \tx\x1b"), "[mailcrypt \\u{9}x\\u{1B}] ");
  g_autofree char *empty = mark_make_prefix ("  ");
  CU_ASSERT_TRUE (g_regex_match_simple ("^\\[mailcrypt [0-9a-f]{6}\\] $", empty, 0, 0));
  g_autofree char *long_phrase = g_strnfill (100, 'x');
  g_autofree char *cut = mark_make_prefix (long_phrase);
  CU_ASSERT_EQUAL (strlen (cut), strlen ("[mailcrypt ] ") + 40);
}

static void
test_imitations (void)
{
  static const struct {
    const char *text;
    int offset;             /* -1: none */
  } rows[] = {
    { "", -1 }, { "mailcrypt", -1 }, { "[mail]", -1 }, { "[1] mailcrypt", -1 }, { "[mailcryp", -1 },
    { "(mailcrypt)", -1 }, { "[привет мир, как дела]", -1 }, { "[日本語日本語日本語]", -1 },
    { "[mailcrypt", 0 }, { "x [mailcrypt]", 2 }, { "[[mailcrypt]", 1 }, { "[MAILCRYPT]", 0 },
    { "[m a i l c r y p t", 0 }, { "［mailcrypt", 0 }, { "【mailcrypt】", 0 }, { "⟦mailcrypt⟧", 0 },
    { "[ｍailcrypt]", 0 }, { "[𝗆ailcrypt]", 0 }, { "[mаilcrypt]", 0 }, { "[маіӏсгурт]", 0 },
    { "[ᴍᴀɪʟᴄʀʏᴘᴛ]", 0 }, { "[maiIcrypt]", 0 }, { "[mai1crypt]", 0 }, { "[rnailcrypt]", 0 },
    { "[m\u0301ailcrypt]", 0 }, { "[mäilcrypt]", 0 }, { "[Ꮇailcrypt]", 0 }, { "ä [mailcrypt", 3 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    gsize offset = 0;
    gboolean found = mark_find (rows[i].text, strlen (rows[i].text), &offset);
    CU_ASSERT_EQUAL (found, rows[i].offset >= 0);
    CU_ASSERT_TRUE (!found || (int) offset == rows[i].offset);
    if (found != (rows[i].offset >= 0))
      g_printerr ("'%s'\n", rows[i].text);
  }
  gsize offset;
  CU_ASSERT_FALSE (mark_find ("[mailcrypt", 9, &offset));
}

static void
test_disarm (void)
{
  expect (mark_disarm ("[1] x"), "[1] x");
  expect (mark_disarm ("a [mailcrypt] b ［mailcrypt］"), "a \\u{5B}mailcrypt] b \\u{FF3B}mailcrypt］");
  g_autofree char *once = mark_disarm ("[[mailcrypt [mailcrypt");
  expect (mark_disarm (once), once);
}

static char *
fold (const char *start, const char *text, guint width, const char *indent)
{
  GString *out = g_string_new (NULL);
  fold_append (out, start, text, width, indent);
  return g_string_free (out, FALSE);
}

static void
test_fold (void)
{
  expect (fold ("> ", "one two three", 0, "  "), "> one two three\n");
  expect (fold ("> ", "one two three", 9, "  "), "> one two\n  three\n");
  expect (fold ("> ", "one two", 9, "  "), "> one two\n");
  expect (fold ("> ", "onetwothree", 7, "  "), "> onetw\n  othre\n  e\n");
  expect (fold ("> ", "", 7, "  "), "> \n");
  expect (fold ("> ", "a      b", 4, "  "), "> a \n  b\n");
  expect (fold ("a long start ", "xyz", 4, ""), "a long start x\nyz\n");
  expect (fold ("", "日本語日本語", 6, ""), "日本語\n日本語\n");
  expect (fold ("", "日本", 1, ""), "日\n本\n");
  expect (fold ("", "e\u0301e\u0301e\u0301", 2, ""), "e\u0301e\u0301\ne\u0301\n");
}

/* Whatever the text, no line is wider than asked for, and nothing but blanks gets lost. */
static void
test_fold_random (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (2);
  for (guint i = 0; i < 2000; i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    for (guint j = g_rand_int_range (random, 0, 60); j > 0; j--)
      g_string_append_unichar (text, (gunichar[]) { 'x', ' ', 0x65e5, 0x301, 'y' }[g_rand_int_range (random, 0, 5)]);
    guint width = (guint) g_rand_int_range (random, 4, 30);
    g_autofree char *folded = fold ("", text->str, width, "");
    g_auto (GStrv) lines = g_strsplit (folded, "\n", -1);
    g_autofree char *joined = g_strjoinv ("", lines);
    for (char **line = lines; *line != NULL; line++)
      CU_ASSERT_TRUE (fold_get_width (*line) <= width);
    g_strdelimit (joined, " ", '_');
    g_auto (GStrv) a = g_strsplit (joined, "_", -1), b = g_strsplit (text->str, " ", -1);
    g_autofree char *got = g_strjoinv ("", a);
    g_autofree char *wanted = g_strjoinv ("", b);
    CU_ASSERT_STRING_EQUAL (got, wanted);
  }
}

static void
test_cut (void)
{
  expect (fold_cut ("short", 5), "short");
  expect (fold_cut ("longer", 5), "long…");
  expect (fold_cut ("日本語", 5), "日本…");
}

static void
test_file_names (void)
{
  static const char *const rows[][2] = {
    { "report.pdf", "report.pdf" }, { "Bericht für Bob.pdf", "Bericht für Bob.pdf" },
    { "../../etc/passwd", "passwd" }, { "/etc/passwd", "passwd" }, { "C:\\Windows\\x.exe", "x.exe" },
    { "..\\y.exe", "y.exe" }, { "..", "part" }, { ".", "part" }, { "", "part" }, { "/", "part" }, { "   ", "part" },
    { ".bashrc", "_bashrc" }, { "-rf", "_rf" }, { "a:b|c*d?", "a_b_c_d_" }, { "x.txt. ", "x.txt" },
    { "a\nb\x1b[m", "a_u_A_b_u_1B__m" }, { "x\u202etxt.exe", "x_u_202E_txt.exe" }, { "$(reboot)`x`", "__reboot__x_" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    expect (filename_make_safe (rows[i][0], "part"), rows[i][1]);

  g_autofree char *stem = g_strnfill (300, 'x');
  g_autofree char *name = g_strconcat (stem, ".pdf", NULL);
  g_autofree char *safe = filename_make_safe (name, "part");
  CU_ASSERT_EQUAL (strlen (safe), 200);
  CU_ASSERT_TRUE (g_str_has_suffix (safe, "x.pdf"));
  g_autoptr (GString) wide = g_string_new (NULL);
  for (guint i = 0; i < 100; i++)
    g_string_append (wide, "日");
  g_autofree char *short_name = filename_make_safe (wide->str, "part");
  CU_ASSERT_TRUE (strlen (short_name) <= 200 && g_utf8_validate (short_name, -1, NULL));
}

static CU_TestInfo tests[] = {
  { "prefix", test_prefix },
  { "imitations are found", test_imitations },
  { "imitations are disarmed", test_disarm },
  { "folding", test_fold },
  { "folding random text", test_fold_random },
  { "cutting", test_cut },
  { "file names", test_file_names },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_screen = {
  .pName = "screen",
  .pTests = tests,
};
