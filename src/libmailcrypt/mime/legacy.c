/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/legacy.h"

#include <string.h>

#define DISPLAY_CLASS "header-protection-legacy-display"

gboolean
_mc_entity_has_legacy_display (const McEntity *entity)
{
  return g_strcmp0 (_mc_entity_get_parameter (entity, "hp-legacy-display"), "1") == 0;
}

/* ------------------------------------------------------------------ text/plain -- */

/* What is behind the first blank line; @text when there is none. */
static const char *
skip_first_block (const char *text)
{
  for (const char *line = text; *line != '\0';) {
    gsize blank = strspn (line, " \t\r");
    if (line[blank] == '\n')
      return line + blank + 1;
    const char *lf = strchr (line, '\n');
    line = lf != NULL ? lf + 1 : line + strlen (line);
  }
  return text;
}

/* ------------------------------------------------------------------- text/html -- */

/* The place behind the tag that begins at @tag. */
static const char *
skip_tag (const char *tag)
{
  char quote = '\0';

  for (; *tag != '\0'; tag++) {
    if (quote != '\0')
      quote = *tag == quote ? '\0' : quote;
    else if (*tag == '"' || *tag == '\'')
      quote = *tag;
    else if (*tag == '>')
      return tag + 1;
  }
  return tag;
}

static gboolean
is_tag (const char *text, const char *name)
{
  gsize size = strlen (name);
  return *text == '<' && g_ascii_strncasecmp (text + 1, name, size) == 0
         && strchr (" \t\r\n/>", text[1 + size]) != NULL && text[1 + size] != '\0';
}

static const char *
skip_blanks (const char *text)
{
  return text + strspn (text, " \t\r\n");
}

/* The content of the body, as far as there is a tag that says where it begins. */
static const char *
find_body (const char *html)
{
  for (const char *tag = strchr (html, '<'); tag != NULL; tag = strchr (tag + 1, '<'))
    if (is_tag (tag, "body"))
      return skip_tag (tag);
  return html;
}

static gboolean
has_display_class (const char *tag, const char *end)
{
  g_autofree char *text = g_strndup (tag, (gsize) (end - tag));
  const char *class = strstr (text, "class=");

  if (class == NULL)
    return FALSE;
  class += strlen ("class=");
  class += *class == '"' || *class == '\'';
  return g_str_has_prefix (class, DISPLAY_CLASS)
         && strchr ("\"'> \t\r\n", class[strlen (DISPLAY_CLASS)]) != NULL;
}

/* The place behind the end tag of the div that is open at @text; NULL: it has none. */
static const char *
skip_div (const char *text)
{
  guint depth = 1;

  for (const char *tag = strchr (text, '<'); tag != NULL; tag = strchr (tag + 1, '<')) {
    if (is_tag (tag, "div"))
      depth++;
    else if (is_tag (tag, "/div") && --depth == 0)
      return skip_tag (tag);
  }
  return NULL;
}

static char *
strip_html (const char *html)
{
  const char *start = skip_blanks (find_body (html));
  if (!is_tag (start, "div"))
    return g_strdup (html);
  const char *inside = skip_tag (start);
  const char *rest = has_display_class (start, inside) ? skip_div (inside) : NULL;
  if (rest == NULL)
    return g_strdup (html);

  GString *stripped = g_string_new_len (html, start - html);
  g_string_append (stripped, rest);
  return g_string_free (stripped, FALSE);
}

char *
_mc_legacy_strip (const char *text, gboolean html)
{
  return html ? strip_html (text) : g_strdup (skip_first_block (text));
}
