/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/text.h"

#include <string.h>

typedef struct {
  const char *text;
  gssize size;
  const char *expected;
} Row;

static void
check_line (const char *text, gssize size, const char *expected)
{
  g_autofree char *got = _mc_text_escape_line (text, size);
  CU_ASSERT_STRING_EQUAL (got, expected);
  if (strcmp (got, expected) != 0)
    g_printerr ("got '%s', expected '%s'\n", got, expected);
}

static void
check_lines (const Row *rows, gsize n_rows)
{
  for (gsize i = 0; i < n_rows; i++)
    check_line (rows[i].text, rows[i].size, rows[i].expected);
}

static void
test_harmless (void)
{
  static const Row rows[] = {
    { NULL, -1, "" },
    { NULL, 5, "" },
    { "", -1, "" },
    { "abcdef", 3, "abc" },
    { "a \\ \"b\" \\u{7}", -1, "a \\ \"b\" \\u{7}" },
    { "Grüße, 日本語, Ελλάδα, עברית", -1, "Grüße, 日本語, Ελλάδα, עברית" },
    { "e\u0301", -1, "e\u0301" },
    { "\u2764\uFE0F \u26A0\uFE0F \U0001F600", -1, "\u2764\uFE0F \u26A0\uFE0F \U0001F600" },
  };
  check_lines (rows, G_N_ELEMENTS (rows));
}

static void
test_controls (void)
{
  static const Row rows[] = {
    { "a\tb\nc\rd", -1, "a\\u{9}b\\u{A}c\\u{D}d" },
    { "\x1b[2J\x07", -1, "\\u{1B}[2J\\u{7}" },
    { "a\0b", 3, "a\\u{0}b" },
    { "\x7f", -1, "\\u{7F}" },
    { "\xc2\x80\xc2\x9b" "31m\xc2\x9d", -1, "\\u{80}\\u{9B}31m\\u{9D}" },
  };
  check_lines (rows, G_N_ELEMENTS (rows));
  for (guint c = 0; c < 0x20; c++) {
    char byte = (char) c;
    g_autofree char *expected = g_strdup_printf ("\\u{%X}", c);
    check_line (&byte, 1, expected);
  }
}

/* Each of these shows nothing, or reorders what is around it. */
static void
test_invisible (void)
{
  static const gunichar invisible[] = {
    0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x180B, 0x180E, 0x200B, 0x200C, 0x200D,
    0x200E, 0x200F, 0x2028, 0x2029, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2060, 0x2061,
    0x2064, 0x2065, 0x2066, 0x2067, 0x2068, 0x2069, 0x206A, 0x206F, 0x2800, 0x3164, 0xFDD0,
    0xFE00, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF0, 0xFFF9, 0xFFFB, 0xFFFE, 0x1D173, 0x1FFFF, 0xE0001,
    0xE0020, 0xE007F, 0xE0100, 0xE01EF, 0xE0FFF, 0x10FFFF,
  };
  for (gsize i = 0; i < G_N_ELEMENTS (invisible); i++) {
    char utf8[8] = { 0 };
    g_unichar_to_utf8 (invisible[i], utf8);
    g_autofree char *text = g_strconcat ("a", utf8, "b", NULL);
    g_autofree char *expected = g_strdup_printf ("a\\u{%X}b", invisible[i]);
    check_line (text, -1, expected);
  }
}

static void
test_broken_bytes (void)
{
  static const Row rows[] = {
    { "a\xff\xfe", -1, "a\\xFF\\xFE" },
    { "Gr\xfc\xdf" "e", -1, "Gr\\xFC\\xDFe" },
    { "\xc3", -1, "\\xC3" },
    { "\xc3\xa4", 1, "\\xC3" },
    { "\xe2\x82", -1, "\\xE2\\x82" },
    { "\xc0\xaf", -1, "\\xC0\\xAF" },                         /* overlong */
    { "\xe0\x80\xaf", -1, "\\xE0\\x80\\xAF" },
    { "\xed\xa0\x80", -1, "\\xED\\xA0\\x80" },                /* surrogate */
    { "\xf4\x90\x80\x80", -1, "\\xF4\\x90\\x80\\x80" },       /* above U+10FFFF */
    { "\xf8\x88\x80\x80\x80", -1, "\\xF8\\x88\\x80\\x80\\x80" },
    { "\xc3\0\xa4", 3, "\\xC3\\u{0}\\xA4" },
    { "\xc3\nx", -1, "\\xC3\\u{A}x" },
  };
  check_lines (rows, G_N_ELEMENTS (rows));
}

/* Whatever goes in, valid UTF-8 without anything hostile comes out. */
static void
test_random_bytes (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  for (int i = 0; i < 20000; i++) {
    char text[12];
    for (gsize j = 0; j < sizeof text; j++)
      text[j] = (char) (g_rand_boolean (random) ? g_rand_int (random)
                                                : (guint32) "\xe2\x80\xae\xc2\xf0\x9f\x1b"[j % 7]);
    g_autofree char *once = _mc_text_escape_line (text, sizeof text);
    CU_ASSERT_TRUE (g_utf8_validate (once, -1, NULL));
    g_autofree char *twice = _mc_text_escape_line (once, -1);
    CU_ASSERT_STRING_EQUAL (once, twice);
  }
}

static void
test_block (void)
{
  static const Row rows[] = {
    { NULL, -1, "" },
    { "a\r\nb\tc\n", -1, "a\nb\tc\n" },
    { "a\rb\r", -1, "a\\u{D}b\\u{D}" },
    { "\r\r\n", -1, "\\u{D}\n" },
    { "\r\n", 1, "\\u{D}" },
    { "\x1b]0;x\x07\u202e\u2028", -1, "\\u{1B}]0;x\\u{7}\\u{202E}\\u{2028}" },
    { "\xff\n", -1, "\\xFF\n" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *got = _mc_text_escape_block (rows[i].text, rows[i].size);
    CU_ASSERT_STRING_EQUAL (got, rows[i].expected);
  }
}

static void
test_public_functions (void)
{
  g_autofree char *line = mc_text_escape_line ("a\nb\xff");
  g_autofree char *block = mc_text_escape_block ("a\r\nb\x1b");
  g_autofree char *none = mc_text_escape_line (NULL);
  CU_ASSERT_STRING_EQUAL (line, "a\\u{A}b\\xFF");
  CU_ASSERT_STRING_EQUAL (block, "a\nb\\u{1B}");
  CU_ASSERT_STRING_EQUAL (none, "");
}

static void
check_conversion (const char *charset, const char *text, gsize size, const char *expected)
{
  g_autofree char *got = _mc_text_to_utf8 (text, size, charset);
  CU_ASSERT_STRING_EQUAL (got, expected);
  if (strcmp (got, expected) != 0)
    g_printerr ("got '%s', expected '%s'\n", got, expected);
}

#define CHECK_CONVERSION(charset, text, expected) \
  check_conversion (charset, text, sizeof text - 1, expected)

static void
test_charsets (void)
{
  CHECK_CONVERSION (NULL, "Gr\xc3\xbc\xc3\x9f", "Grüß");
  CHECK_CONVERSION ("utf-8", "Gr\xc3\xbc\xc3\x9f\x1b\n", "Grüß\x1b\n");
  CHECK_CONVERSION ("US-ASCII", "plain", "plain");
  CHECK_CONVERSION ("ISO-8859-1", "Gr\xfc\xdf", "Grüß");
  CHECK_CONVERSION ("windows-1252", "\x80 \x93q\x94", "€ “q”");
  CHECK_CONVERSION ("iso-2022-jp", "\x1b$B4A;z\x1b(B.", "漢字.");
  CHECK_CONVERSION ("Shift_JIS", "\x8a\xbf\x8e\x9a", "漢字");
  CHECK_CONVERSION ("euc-jp", "\xb4\xc1\xbb\xfa", "漢字");
  CHECK_CONVERSION ("koi8-r", "\xf0\xd2\xc9", "При");
  CHECK_CONVERSION ("utf-16be", "\0A\0B", "AB");
  CHECK_CONVERSION ("utf-8", "", "");
}

static void
test_charset_failures (void)
{
  CHECK_CONVERSION (NULL, "a\xff" "b", "a\\xFFb");
  CHECK_CONVERSION ("us-ascii", "Gr\xfc", "Gr\\xFC");
  CHECK_CONVERSION ("no-such-charset", "Gr\xfc\xc3\xbc", "Gr\\xFCü");
  CHECK_CONVERSION ("iso-8859-1//IGNORE", "\xfc", "\\xFC");
  CHECK_CONVERSION ("windows-1252", "a\x81" "b", "a\\x81b");
  CHECK_CONVERSION ("Shift_JIS", "\x8a\xbf\x8e", "漢\\x8E");
  CHECK_CONVERSION ("Shift_JIS", "\x8a\xbf\xff\x8e\x9a", "漢\\xFF字");
  CHECK_CONVERSION ("utf-16be", "\0A\0", "A\\x00");
  CHECK_CONVERSION ("utf-16be", "\0\0\0A", "\\x00A");
  CHECK_CONVERSION ("utf-8", "a\0b", "a\\x00b");
  CHECK_CONVERSION ("\xff", "a", "a");
  CHECK_CONVERSION ("", "a", "a");
}

static void
test_long_conversion (void)
{
  gsize size = 100000;
  g_autofree char *text = g_strnfill (size, '\xfc');
  g_autofree char *got = _mc_text_to_utf8 (text, size, "iso-8859-1");
  CU_ASSERT_EQUAL (strlen (got), 2 * size);
  CU_ASSERT_TRUE (g_str_has_suffix (got, "üü"));
}

static void
test_json (void)
{
  g_autofree char *safe = mc_text_escape_json ("{\n\"a\" : \"\\u001b ä \xc2\x9b \xe2\x80\xae "
                                               "\xf3\xa0\x80\x81\"\n}");
  CU_ASSERT_STRING_EQUAL (safe, "{\n\"a\" : \"\\u001b ä \\u009b \\u202e \\udb40\\udc01\"\n}");
}

static CU_TestInfo tests[] = {
  { "JSON stays JSON and shows nothing hidden", test_json },
  { "harmless text stays", test_harmless },
  { "control characters", test_controls },
  { "bidi and invisible characters", test_invisible },
  { "bytes that are not UTF-8", test_broken_bytes },
  { "random bytes", test_random_bytes },
  { "block", test_block },
  { "public functions", test_public_functions },
  { "character sets", test_charsets },
  { "character sets: what cannot be converted", test_charset_failures },
  { "character sets: long text", test_long_conversion },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_text = {
  .pName = "text",
  .pTests = tests,
};
