/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fold.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static guint
get_char_width (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

guint
fold_get_width (const char *text)
{
  guint width = 0;
  for (; *text != '\0'; text = g_utf8_next_char (text))
    width += get_char_width (g_utf8_get_char (text));
  return width;
}

gsize
fold_find_end (const char *text, guint width)
{
  guint used = 0;
  const char *at = text;
  for (; *at != '\0'; at = g_utf8_next_char (at)) {
    used += get_char_width (g_utf8_get_char (at));
    if (used > width)
      break;
  }
  return (gsize) (at - text);
}

char *
fold_cut (const char *text, guint width)
{
  if (fold_get_width (text) <= width)
    return g_strdup (text);
  return g_strdup_printf ("%.*s\342\200\246", (int) fold_find_end (text, width - 1), text);
}

/* The octets of @text for one line of @width columns: up to the last blank if there is one;
 * at least one character. */
static gsize
find_break (const char *text, guint width)
{
  gsize size = fold_find_end (text, width);
  if (size == 0)
    return (gsize) (g_utf8_next_char (text) - text);
  if (text[size] == '\0' || text[size] == ' ')
    return size;
  for (gsize at = size - 1; at > 0; at--)
    if (text[at] == ' ')
      return at;
  return size;
}

static guint
get_room (guint width, const char *before)
{
  guint used = fold_get_width (before);
  return width > used ? width - used : 1;
}

void
fold_append (GString *out, const char *start, const char *text, guint width, const char *indent)
{
  g_string_append (out, start);
  guint room = get_room (width, start);
  while (width > 0 && *text != '\0') {
    gsize size = find_break (text, room);
    g_string_append_len (out, text, (gssize) size);
    text += size + strspn (text + size, " ");
    if (*text == '\0')
      break;
    g_string_append_printf (out, "\n%s", indent);
    room = get_room (width, indent);
  }
  g_string_append (out, text);
  g_string_append_c (out, '\n');
}

char *
fold_lines (const char *text, guint width, const char *indent)
{
  GString *out = g_string_new (NULL);
  for (const char *line = text; *line != '\0';) {
    gsize size = strcspn (line, "\n");
    g_autofree char *one = g_strndup (line, size);
    fold_append (out, "", one, width, indent);
    line += size + (line[size] == '\n' ? 1 : 0);
  }
  return g_string_free (out, FALSE);
}

guint
fold_get_columns (int fd)
{
  struct winsize size;
  return isatty (fd) && ioctl (fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
