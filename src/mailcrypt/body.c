/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "body.h"

#include <glib/gi18n.h>
#include <string.h>

#include "html.h"
#include "mark.h"

/* What a person reads on a screen; the rest is for extract. */
#define MAX_TEXT_BYTES (8 << 20)

/* ------------------------------------------------------------------ choosing -- */

static gboolean
is_html (const McPart *part)
{
  return strcmp (mc_part_get_content_type (part), "text/html") == 0;
}

gboolean
body_can_show (const McPart *part)
{
  return g_str_has_prefix (mc_part_get_content_type (part), "text/");
}

static gboolean
is_alternative (const McPart *part)
{
  return strcmp (mc_part_get_content_type (part), "multipart/alternative") == 0;
}

/* Plain text is what was written to be read as text; any text is better than none. */
static int
rate (GPtrArray *texts)
{
  if (texts->len == 0)
    return 0;
  for (guint i = 0; i < texts->len; i++)
    if (is_html (g_ptr_array_index (texts, i)))
      return 1;
  return 2;
}

/* Whether @part is there to be read along: a main body, or text without a name such as the
 * footer of a mailing list. */
static gboolean
is_inline (const McPart *part)
{
  return mc_part_get_is_body (part)
         || (body_can_show (part) && mc_part_get_filename (part) == NULL);
}

/* The readable leaves below @part. @leaves: what a person can open at all. */
static GPtrArray *
collect (McPart *part, GPtrArray *leaves)
{
  GPtrArray *texts = g_ptr_array_new ();
  if (g_ptr_array_find (leaves, part, NULL)) {
    if (is_inline (part))
      g_ptr_array_add (texts, part);
    return texts;
  }

  GPtrArray *children = mc_part_get_children (part);
  int best = 0;
  for (guint i = 0; i < children->len; i++) {
    g_autoptr (GPtrArray) below = collect (g_ptr_array_index (children, i), leaves);
    if (is_alternative (part)) {
      if (rate (below) <= best)
        continue;
      best = rate (below);
      g_ptr_array_set_size (texts, 0);
    }
    g_ptr_array_extend (texts, below, NULL, NULL);
  }
  return texts;
}

GPtrArray *
body_choose (McMessage *message)
{
  return collect (mc_message_get_root (message), mc_message_get_leaves (message));
}

/* ------------------------------------------------------------------- writing -- */

/* Offsets up to which an imitation stands behind the quoting mark on any screen. */
#define NEAR 8

/* Appends one line of the message. Where a person could take a stretch of it for a line of
 * ours, now or once the screen has wrapped it, that begins a quoted line of its own. */
static void
append_line (GString *out, const char *line, gsize size)
{
  gsize offset;
  gboolean found = mark_find (line, size, &offset);
  if (found)
    g_string_append (out, "> ");
  while (found) {
    g_string_append_len (out, line, (gssize) offset);
    if (offset > NEAR)
      g_string_append (out, "\n> ");
    gsize bracket = (gsize) (g_utf8_next_char (line + offset) - (line + offset));
    g_string_append_len (out, line + offset, (gssize) bracket);
    line += offset + bracket;
    size -= offset + bracket;
    found = mark_find (line, size, &offset);
  }
  g_string_append_len (out, line, (gssize) size);
  g_string_append_c (out, '\n');
}

void
body_append_text (GString *out, const char *text)
{
  g_autofree char *safe = mc_text_escape_block (text);
  for (const char *line = safe; *line != '\0';) {
    gsize size = strcspn (line, "\n");
    append_line (out, line, size);
    line += size + (line[size] == '\n' ? 1 : 0);
  }
}

static char *
reduce (Tool *tool, const char *text, const char *html)
{
  if (html == NULL)
    return html_convert (text, tool->cancellable);
  if (strcmp (html, HTML_BUILTIN) == 0)
    return html_reduce (text);
  g_autoptr (GError) error = NULL;
  char *reduced = html_run (html, text, tool->cancellable, &error);
  if (reduced != NULL)
    return reduced;
  tool_warn (tool, NULL, _("HTML is shown by our own means: %s"), error->message);
  return html_reduce (text);
}

gboolean
body_append_part (Tool *tool, GString *out, McPart *part, const char *html, gboolean *ret_whole,
                  GError **error)
{
  g_autofree char *text = mc_part_read_text (part, MAX_TEXT_BYTES, error);
  if (text == NULL)
    return FALSE;
  g_autofree char *reduced = is_html (part) ? reduce (tool, text, html) : NULL;
  body_append_text (out, reduced != NULL ? reduced : text);
  *ret_whole = mc_part_get_size (part) <= MAX_TEXT_BYTES;
  return TRUE;
}
