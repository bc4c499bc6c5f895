/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "html.h"

#include <stdlib.h>
#include <string.h>

#include "sandbox.h"
#include "tool.h"

typedef struct {
  GString *out;
  gboolean blank;       /* white space seen, to be written before the next word */
  gboolean pre;         /* inside of <pre>: white space counts */
  char *link;           /* where the open <a> leads to; nullable */
  gsize link_start;     /* where its text begins in out */
} Reducer;

/* ------------------------------------------------------------------ writing -- */

/* Ends the line; with @gap, an empty line follows. Never at the start, never twice. */
static void
end_line (Reducer *reducer, gboolean gap)
{
  GString *out = reducer->out;
  reducer->blank = FALSE;
  if (out->len == 0)
    return;
  if (out->str[out->len - 1] != '\n')
    g_string_append_c (out, '\n');
  if (gap && out->len >= 2 && out->str[out->len - 2] != '\n')
    g_string_append_c (out, '\n');
}

static void
put_char (Reducer *reducer, gunichar c)
{
  if (reducer->pre && c != '\r') {
    g_string_append_unichar (reducer->out, c);
    return;
  }
  if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
    reducer->blank = TRUE;
    return;
  }
  gsize size = reducer->out->len;
  if (reducer->blank && size > 0 && reducer->out->str[size - 1] != '\n')
    g_string_append_c (reducer->out, ' ');
  reducer->blank = FALSE;
  g_string_append_unichar (reducer->out, c);
}

/* ----------------------------------------------------------------- entities -- */

static const struct {
  const char *name;
  gunichar c;
} entities[] = {
  { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' },
  { "nbsp", ' ' }, { "ndash", 0x2013 }, { "mdash", 0x2014 }, { "hellip", 0x2026 },
  { "lsquo", 0x2018 }, { "rsquo", 0x2019 }, { "ldquo", 0x201c }, { "rdquo", 0x201d },
  { "bull", 0x2022 }, { "middot", 0xb7 }, { "copy", 0xa9 }, { "reg", 0xae }, { "euro", 0x20ac },
  { "auml", 0xe4 }, { "ouml", 0xf6 }, { "uuml", 0xfc }, { "Auml", 0xc4 }, { "Ouml", 0xd6 },
  { "Uuml", 0xdc }, { "szlig", 0xdf }, { "eacute", 0xe9 }, { "egrave", 0xe8 },
  { "agrave", 0xe0 }, { "ccedil", 0xe7 }, { "ntilde", 0xf1 },
};

static gunichar
decode_number (const char *digits)
{
  gboolean hex = *digits == 'x' || *digits == 'X';
  guint64 value = g_ascii_strtoull (digits + (hex ? 1 : 0), NULL, hex ? 16 : 10);
  if (value == 0 || value > 0x10ffff || !g_unichar_validate ((gunichar) value))
    return 0xfffd;
  return (gunichar) value;
}

/* The character that the reference at @text ("&...;") stands for, 0 when it is none. */
static gunichar
decode_entity (const char *text, gsize *ret_size)
{
  gsize size = strcspn (text + 1, "; \t\r\n<&");
  if (size == 0 || size > 10 || text[1 + size] != ';')
    return 0;
  g_autofree char *name = g_strndup (text + 1, size);
  *ret_size = size + 2;
  if (*name == '#')
    return decode_number (name + 1);
  for (gsize i = 0; i < G_N_ELEMENTS (entities); i++)
    if (strcmp (entities[i].name, name) == 0)
      return entities[i].c;
  return 0;
}

/* Writes the character at @text; returns what stands behind it. */
static const char *
put_text (Reducer *reducer, const char *text)
{
  gsize size = 0;
  gunichar c = *text == '&' ? decode_entity (text, &size) : 0;
  if (c != 0) {
    put_char (reducer, c);
    return text + size;
  }
  put_char (reducer, g_utf8_get_char (text));
  return g_utf8_next_char (text);
}

/* --------------------------------------------------------------------- tags -- */

/* The end of the tag at @tag: a ">" outside of quotes. */
static const char *
find_tag_end (const char *tag)
{
  char quote = 0;
  for (; *tag != '\0'; tag++) {
    if (quote != 0)
      quote = *tag == quote ? 0 : quote;
    else if (*tag == '"' || *tag == '\'')
      quote = *tag;
    else if (*tag == '>')
      return tag + 1;
  }
  return tag;
}

static gboolean
is_one_of (const char *name, const char *const *list)
{
  return g_strv_contains (list, name);
}

/* What @element holds is not text: the place behind its end tag. */
static const char *
skip_element (const char *text, const char *element)
{
  g_autofree char *end = g_strconcat ("</", element, NULL);
  gsize size = strlen (end);
  for (; *text != '\0'; text++)
    if (*text == '<' && g_ascii_strncasecmp (text, end, size) == 0)
      return find_tag_end (text);
  return text;
}

/* The value of href in the tag from @tag to @end. (transfer full, nullable) */
static char *
find_href (const char *tag, const char *end)
{
  for (; tag + 5 < end; tag++) {
    if (!g_ascii_isspace (tag[0]) || g_ascii_strncasecmp (tag + 1, "href=", 5) != 0)
      continue;
    const char *value = tag + 6;
    const char quotes[] = { *value, '\0' };
    gboolean quoted = *value == '"' || *value == '\'';
    gsize size = quoted ? strcspn (value + 1, quotes) : strcspn (value, " \t\r\n>");
    return g_strndup (quoted ? value + 1 : value, MIN (size, (gsize) (end - value)));
  }
  return NULL;
}

/* A link is worth what it points to, whatever its text says. */
static void
close_link (Reducer *reducer)
{
  g_autofree char *link = g_steal_pointer (&reducer->link);
  if (link == NULL || *link == '#' || *link == '\0')
    return;
  if (strcmp (reducer->out->str + reducer->link_start, link) != 0)
    g_string_append_printf (reducer->out, " <%s>", link);
}

static void
open_link (Reducer *reducer, const char *tag, const char *end)
{
  close_link (reducer);
  g_autofree char *raw = find_href (tag, end);
  if (raw == NULL)
    return;
  Reducer value = { .out = g_string_new (NULL) };
  for (const char *at = raw; *at != '\0';)
    at = put_text (&value, at);
  reducer->link = g_string_free (value.out, FALSE);
  /* The blank before the text is no part of it. */
  if (reducer->blank && reducer->out->len > 0 && !g_str_has_suffix (reducer->out->str, "\n"))
    g_string_append_c (reducer->out, ' ');
  reducer->blank = FALSE;
  reducer->link_start = reducer->out->len;
}

static void
handle_tag (Reducer *reducer, const char *name, gboolean closing, const char *tag, const char *end)
{
  static const char *const lines[] = { "br", "div", "tr", "li", "dt", "dd", "section", "article",
                                       "header", "footer", "form", "hr", NULL };
  static const char *const gaps[] = { "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl",
                                      "table", "blockquote", "pre", NULL };
  if (strcmp (name, "a") == 0 && closing)
    close_link (reducer);
  else if (strcmp (name, "a") == 0)
    open_link (reducer, tag, end);
  else if (strcmp (name, "br") == 0)
    g_string_append_c (reducer->out, '\n');
  else if (is_one_of (name, lines))
    end_line (reducer, FALSE);
  else if (is_one_of (name, gaps))
    end_line (reducer, TRUE);
  else if (strcmp (name, "td") == 0 || strcmp (name, "th") == 0)
    reducer->blank = TRUE;

  if (strcmp (name, "li") == 0 && !closing)
    g_string_append (reducer->out, "* ");
  if (strcmp (name, "pre") == 0)
    reducer->pre = !closing;
}

/* Deals with the tag, comment or declaration at @text; returns what stands behind it. */
static const char *
take_tag (Reducer *reducer, const char *text)
{
  static const char *const dropped[] = { "script", "style", "head", "title", "template", NULL };
  if (g_str_has_prefix (text, "<!--")) {
    const char *end = strstr (text + 4, "-->");
    return end != NULL ? end + 3 : text + strlen (text);
  }
  gboolean closing = text[1] == '/';
  const char *start = text + (closing ? 2 : 1);
  if (!g_ascii_isalpha (*start) && *start != '!' && *start != '?')
    return put_text (reducer, text);   /* a bare "<" */

  const char *end = find_tag_end (text);
  gsize size = 0;
  while (g_ascii_isalnum (start[size]))
    size++;
  g_autofree char *name = g_ascii_strdown (start, (gssize) size);
  if (!closing && is_one_of (name, dropped))
    return skip_element (end, name);
  handle_tag (reducer, name, closing, text, end);
  return end;
}

char *
html_reduce (const char *html)
{
  Reducer reducer = { .out = g_string_new (NULL) };
  while (*html != '\0')
    html = *html == '<' ? take_tag (&reducer, html) : put_text (&reducer, html);
  close_link (&reducer);
  end_line (&reducer, FALSE);
  while (g_str_has_suffix (reducer.out->str, "\n\n"))
    g_string_truncate (reducer.out, reducer.out->len - 1);
  return g_string_free (reducer.out, FALSE);
}

/* ------------------------------------------------------------ other programs -- */

/* Programs that make text of HTML, the first that is there is taken. They fetch nothing, and
 * say where links lead. */
static const char *const converters[] = {
  "w3m -dump -T text/html -I UTF-8 -O UTF-8 -cols 78 -o display_link_number=1"
  " -o auto_image=false -o use_cookie=false -o use_history=false",
  "lynx -dump -stdin -force_html -nocolor -width=80 -localhost -noreferer"
  " -assume_charset=utf-8 -display_charset=utf-8",
  NULL,
};

static char *
run_words (char **words, SandboxKind kind, const char *html, GCancellable *cancellable,
           GError **error)
{
  g_autoptr (GBytes) output
    = sandbox_run (words, kind, html, strlen (html), cancellable, error);
  if (output == NULL)
    return NULL;
  gsize size = 0;
  const char *data = g_bytes_get_data (output, &size);
  return g_utf8_make_valid (data != NULL ? data : "", (gssize) size);
}

char *
html_run (const char *command, const char *html, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) words = NULL;
  if (!g_shell_parse_argv (command, NULL, &words, error))
    return NULL;
  return run_words (words, SANDBOX_NETWORK, html, cancellable, error);
}

char *
html_convert (const char *html, GCancellable *cancellable)
{
  for (gsize i = 0; converters[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit (converters[i], " ", -1);
    g_autofree char *program = g_find_program_in_path (words[0]);
    if (program == NULL)
      continue;
    char *text = run_words (words, SANDBOX_ALL, html, cancellable, NULL);
    if (text != NULL)
      return text;
  }
  return html_reduce (html);
}
