/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

#define MAX_CHARSET_NAME 64
/* More marks than any script puts on one letter only serve to write over other lines. */
#define MAX_MARKS 6

/* -------------------------------------------------------------- characters -- */

typedef struct {
  gunichar first, last;
} Range;

/* What shows nothing although its category is none of the invisible ones: fillers,
 * the blank braille pattern, joiners, selectors, and code points reserved for more of
 * the kind (Unicode, Default_Ignorable_Code_Point). */
static const Range invisible[] = {
  { 0x034F, 0x034F }, { 0x115F, 0x1160 },   { 0x17B4, 0x17B5 },   { 0x180B, 0x180F },
  { 0x2060, 0x206F }, { 0x2800, 0x2800 },   { 0x3164, 0x3164 },   { 0xFE00, 0xFE0F },
  { 0xFFA0, 0xFFA0 }, { 0xFFF0, 0xFFF8 },   { 0xE0000, 0xE0FFF },
};

static gboolean
is_in_ranges (gunichar c, const Range *ranges, gsize n_ranges)
{
  for (gsize i = 0; i < n_ranges; i++)
    if (c >= ranges[i].first && c <= ranges[i].last)
      return TRUE;
  return FALSE;
}

static gboolean
is_noncharacter (gunichar c)
{
  return (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
}

gboolean
_mc_text_is_invisible (gunichar c)
{
  switch (g_unichar_type (c)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return TRUE;
    default:
      return is_noncharacter (c) || is_in_ranges (c, invisible, G_N_ELEMENTS (invisible));
  }
}

/* Text and emoji style (U+FE0E, U+FE0F) behind a symbol hide nothing, and mail is full
 * of them. */
static gboolean
is_symbol_style (gunichar c, gunichar before)
{
  return (c == 0xFE0E || c == 0xFE0F)
         && (g_unichar_type (before) == G_UNICODE_OTHER_SYMBOL
             || g_unichar_type (before) == G_UNICODE_MATH_SYMBOL);
}

/* The character at @text and its length; 0 where the bytes are not UTF-8. */
static gsize
decode (const char *text, gsize size, gunichar *ret_c)
{
  if (((guint8) text[0]) < 0x80) {
    *ret_c = (guint8) text[0];
    return 1;
  }
  gunichar c = g_utf8_get_char_validated (text, (gssize) size);
  if (c == (gunichar) -1 || c == (gunichar) -2)
    return 0;
  *ret_c = c;
  return (gsize) (g_utf8_next_char (text) - text);
}

static void
append_byte_escape (GString *out, char byte)
{
  g_string_append_printf (out, "\\x%02X", (guint8) byte);
}

/* Whether @c is a combining mark too many, or would settle on what stands before the text.
 * @marks counts those in a row. */
static gboolean
is_stray_mark (gunichar c, gunichar before, guint *marks)
{
  if (!g_unichar_ismark (c)) {
    *marks = 0;
    return FALSE;
  }
  return before == 0 || before == '\n' || ++*marks > MAX_MARKS;
}

/* ------------------------------------------------------------------ escape -- */

static char *
escape (const char *text, gssize given_size, gboolean several_lines)
{
  if (text == NULL)
    return g_strdup ("");

  gsize size = given_size < 0 ? strlen (text) : (gsize) given_size;
  GString *out = g_string_sized_new (size + 1);
  gunichar before = 0;
  guint marks = 0;
  while (size > 0) {
    gunichar c = 0;
    gsize length = decode (text, size, &c);
    gboolean stray = is_stray_mark (c, before, &marks);
    if (length == 0)
      append_byte_escape (out, text[0]);
    else if (several_lines && c == '\r' && size > 1 && text[1] == '\n')
      ;   /* the LF that follows says it */
    else if (several_lines && (c == '\n' || c == '\t'))
      g_string_append_c (out, (char) c);
    else if (stray || (_mc_text_is_invisible (c) && !is_symbol_style (c, before)))
      g_string_append_printf (out, "\\u{%X}", (guint) c);
    else
      g_string_append_len (out, text, (gssize) length);

    before = c;
    text += MAX (length, 1);
    size -= MAX (length, 1);
  }
  return g_string_free (out, FALSE);
}

/* A JSON text's own line ends and spaces stay; inside its strings control characters below
 * U+0020 are escaped already. */
char *
mc_text_escape_json (const char *json)
{
  GString *out = g_string_sized_new (strlen (json) + 1);
  gunichar before = 0;
  guint marks = 0;

  for (const char *p = json; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    gboolean stray = is_stray_mark (c, before, &marks);
    before = c;
    if (c < 0x80 || !(stray || _mc_text_is_invisible (c)))
      g_string_append_len (out, p, g_utf8_next_char (p) - p);
    else if (c < 0x10000)
      g_string_append_printf (out, "\\u%04x", (guint) c);
    else
      g_string_append_printf (out, "\\u%04x\\u%04x", (guint) (0xd7c0 + (c >> 10)),
                              (guint) (0xdc00 + (c & 0x3ff)));
  }
  return g_string_free (out, FALSE);
}

char *
_mc_text_escape_line (const char *text, gssize size)
{
  return escape (text, size, FALSE);
}

char *
_mc_text_escape_block (const char *text, gssize size)
{
  return escape (text, size, TRUE);
}

char *
mc_text_escape_line (const char *text)
{
  return escape (text, -1, FALSE);
}

char *
mc_text_escape_block (const char *text)
{
  return escape (text, -1, TRUE);
}

/* ----------------------------------------------------------------- charset -- */

/* Valid UTF-8 without NUL. */
static char *
scrub (const char *text, gsize size)
{
  GString *out = g_string_sized_new (size + 1);
  while (size > 0) {
    gunichar c = 0;
    gsize length = decode (text, size, &c);
    if (length == 0 || c == 0)
      append_byte_escape (out, text[0]);
    else
      g_string_append_len (out, text, (gssize) length);
    text += MAX (length, 1);
    size -= MAX (length, 1);
  }
  return g_string_free (out, FALSE);
}

/* A converter to UTF-8; (GIConv) -1 where UTF-8 or nothing known is named. The name
 * comes from a message: no suffix of iconv's such as "//IGNORE" in it. */
static GIConv
open_converter (const char *charset)
{
  if (charset == NULL || strlen (charset) > MAX_CHARSET_NAME || strchr (charset, '/') != NULL
      || !g_str_is_ascii (charset) || g_ascii_strcasecmp (charset, "utf-8") == 0
      || g_ascii_strcasecmp (charset, "us-ascii") == 0)
    return (GIConv) -1;
  return g_iconv_open ("UTF-8", charset);
}

/* Converts as much as can be; FALSE when the octet at *@in cannot. */
static gboolean
convert_run (GIConv converter, char **in, gsize *in_size, GString *out)
{
  for (;;) {
    char buffer[4096];
    char *to = buffer;
    gsize room = sizeof buffer;
    gsize done = g_iconv (converter, in, in_size, &to, &room);
    int code = errno;
    g_string_append_len (out, buffer, to - buffer);
    if (done != (gsize) -1)
      return TRUE;
    if (code != E2BIG)
      return FALSE;
  }
}

char *
_mc_text_to_utf8 (const char *text, gsize size, const char *charset)
{
  GIConv converter = open_converter (charset);
  if (converter == (GIConv) -1)
    return scrub (text, size);

  GString *out = g_string_sized_new (size + 1);
  char *in = (char *) text;   /* iconv does not write there */
  while (size > 0 && !convert_run (converter, &in, &size, out) && size > 0) {
    append_byte_escape (out, in[0]);
    in++;
    size--;
  }
  gsize nothing = 0;
  (void) convert_run (converter, NULL, &nothing, out);   /* back to the initial state */
  (void) g_iconv_close (converter);

  char *clean = scrub (out->str, out->len);
  g_string_free (out, TRUE);
  return clean;
}
