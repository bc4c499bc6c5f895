/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mark.h"

#include <string.h>

#include "fold.h"
#include "libmailcrypt.h"

static const char name[] = "mailcrypt";

#define NAME_LENGTH (sizeof name - 1)
/* Letters of the name that may be any of another alphabet; more would be another word. */
#define MAX_STRANGE 4
#define MAX_PHRASE_WIDTH 40

/* ------------------------------------------------------------------- prefix -- */

/* A few columns of a phrase, so that there is room behind it. */
static char *
cut_phrase (const char *phrase)
{
  g_autofree char *safe = mc_text_escape_line (phrase);
  g_strstrip (safe);
  safe[fold_find_end (safe, MAX_PHRASE_WIDTH)] = '\0';
  g_strchomp (safe);
  return *safe != '\0' ? g_steal_pointer (&safe) : NULL;
}

char *
mark_make_prefix (const char *phrase)
{
  g_autofree char *word = phrase != NULL ? cut_phrase (phrase) : NULL;
  if (word == NULL)
    word = g_strdup_printf ("%06x", g_random_int () & 0xffffff);
  return g_strdup_printf ("[%s %s] ", name, word);
}

/* ------------------------------------------------------------------ imitation -- */

/* What looks like the letters of the name and does not decompose into them: Cyrillic, Greek,
 * small capitals, and the strokes that pass for i and l. */
static const struct {
  char letter;
  const char *alike;
} alike[] = {
  { 'm', "мᴍ" },        { 'a', "аαɑᴀ" },   { 'i', "іιıɪl1|!" },
  { 'l', "ӏіιıɪʟi1|!" }, { 'c', "сϲᴄ" },    { 'r', "гʀᴦ" },
  { 'y', "уүγʏ" },      { 'p', "рρᴘ" },    { 't', "тτᴛ" },
};

static gunichar
strip (gunichar c)
{
  gunichar parts[4];
  gsize n = g_unichar_fully_decompose (c, TRUE, parts, G_N_ELEMENTS (parts));
  return n > 0 ? parts[0] : c;
}

static gboolean
looks_like (gunichar c, char letter)
{
  gunichar plain = g_unichar_tolower (strip (c));
  if (plain == (guchar) letter)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (alike); i++)
    if (alike[i].letter == letter)
      return g_utf8_strchr (alike[i].alike, -1, plain) != NULL;
  return FALSE;
}

static gboolean
is_passed_over (gunichar c)
{
  return g_unichar_isspace (c) || g_unichar_ismark (c) || g_unichar_iszerowidth (c);
}

static gboolean
is_bracket (gunichar c)
{
  if (c < 0x80)
    return c == '[';
  gunichar plain = strip (c);
  if (plain < 0x80)
    return plain == '[';
  return g_unichar_type (c) == G_UNICODE_OPEN_PUNCTUATION || (c >= 0x23A1 && c <= 0x23A3);
}

/* Whether the name stands at @text, before @end. */
static gboolean
has_name (const char *text, const char *end)
{
  gsize at = 0, strange = 0;
  while (at < NAME_LENGTH && text < end) {
    gunichar c = g_utf8_get_char (text);
    const char *next = g_utf8_next_char (text);
    if (looks_like (c, name[at]))
      at++;
    else if (at == 0 && next < end && *text == 'r' && *next == 'n') {
      at++;
      next++;
    } else if (c >= 0x80 && g_unichar_isalpha (c) && ++strange <= MAX_STRANGE)
      at++;
    else if (!is_passed_over (c))
      return FALSE;
    text = next;
  }
  return at == NAME_LENGTH;
}

gboolean
mark_find (const char *text, gsize size, gsize *ret_offset)
{
  const char *end = text + size;
  for (const char *at = text; at < end; at = g_utf8_next_char (at)) {
    if (!is_bracket (g_utf8_get_char (at)) || !has_name (g_utf8_next_char (at), end))
      continue;
    *ret_offset = (gsize) (at - text);
    return TRUE;
  }
  return FALSE;
}

char *
mark_disarm (const char *text)
{
  GString *out = g_string_new (NULL);
  gsize offset;
  while (mark_find (text, strlen (text), &offset)) {
    g_string_append_len (out, text, (gssize) offset);
    g_string_append_printf (out, "\\u{%X}", (guint) g_utf8_get_char (text + offset));
    text = g_utf8_next_char (text + offset);
  }
  g_string_append (out, text);
  return g_string_free (out, FALSE);
}
