/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mutt-lines.h"

#include <string.h>

/* The client marks its own lines by ESC ] 9 ; N BEL, and protected header fields by 8.
 * neomutt chooses N at random, mutt takes the second it was started in. */
#define MARKER_FIRST "\033]9;"
#define MARKER_FIELD "\033]8;"

static void
line_free (gpointer data)
{
  MuttLine *line = data;
  g_free (line->text);
  g_free (line->marker);
  mutt_status_free (line->status);
  g_free (line);
}

/* The octets that the marker takes at the start of @text; 0: there is none. */
static gsize
measure_marker (const char *text)
{
  if (!g_str_has_prefix (text, MARKER_FIRST) && !g_str_has_prefix (text, MARKER_FIELD))
    return 0;
  gsize prefix = strlen (MARKER_FIRST);
  gsize digits = strspn (text + prefix, "0123456789");
  return digits > 0 && text[prefix + digits] == '\a' ? prefix + digits + 1 : 0;
}

static MuttLine *
line_new (const char *text, const char *runtime)
{
  MuttLine *line = g_new0 (MuttLine, 1);
  gsize size = measure_marker (text);
  line->marker = size > 0 ? g_strndup (text, size) : NULL;
  line->text = g_strdup (text + size);
  gsize length = strlen (line->text);
  if (length > 0 && line->text[length - 1] == '\r')
    line->text[length - 1] = '\0';
  if (size == 0 && g_str_has_prefix (text, MUTT_SEAL_PREFIX))
    line->status = mutt_status_unseal (line->text + strlen (MUTT_SEAL_PREFIX), runtime);
  return line;
}

static gboolean
is_blank (const MuttLine *line)
{
  return line->text[strspn (line->text, " \t")] == '\0';
}

static MuttLine *
get (GPtrArray *lines, guint i)
{
  return g_ptr_array_index (lines, i);
}

/* ----------------------------------------------------------- the client's lines -- */

/* The line above the first thing the engine said is the client's, whatever else is. */
static const char *
find_marker (GPtrArray *lines, gboolean mixed)
{
  const char *last = NULL;
  for (guint i = 0; i < lines->len; i++) {
    const MuttLine *line = get (lines, i);
    if (line->status != NULL)
      return last;
    if (line->marker != NULL)
      last = line->marker;
  }
  for (guint i = 0; mixed && i < lines->len; i++)
    if (!is_blank (get (lines, i)))
      return get (lines, i)->marker;
  return NULL;
}

/* Without proof one thing is left to go by: the client has one marker only. */
static void
mark_likely_lines (GPtrArray *lines)
{
  const char *first = NULL;
  for (guint i = 0; i < lines->len; i++) {
    const char *marker = get (lines, i)->marker;
    first = first != NULL ? first : marker;
    if (marker != NULL && strcmp (marker, first) != 0)
      return;
  }
  for (guint i = 0; i < lines->len; i++)
    get (lines, i)->likely = get (lines, i)->marker != NULL;
}

static void
mark_client_lines (GPtrArray *lines, const char *marker)
{
  if (marker == NULL || !g_str_has_prefix (marker, MARKER_FIRST)) {
    mark_likely_lines (lines);
    return;
  }
  for (guint i = 0; i < lines->len; i++) {
    MuttLine *line = get (lines, i);
    if (line->marker != NULL && strcmp (line->marker, marker) == 0)
      line->kind = MUTT_LINE_CLIENT;
  }
}

static gboolean
has_field (const MuttStatus *status, const char *text)
{
  for (char **header = status->headers; header[0] != NULL; header += 2) {
    g_autofree char *field = g_strdup_printf ("%s: %s", header[0], header[1]);
    if (strcmp (field, text) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Protected fields have a marker of their own, which proves nothing; but they say what the
 * engine found, too. */
static void
mark_fields (GPtrArray *lines)
{
  const MuttStatus *status = NULL;
  for (guint i = 0; i < lines->len; i++) {
    MuttLine *line = get (lines, i);
    if (line->kind == MUTT_LINE_STATUS)
      status = line->status;
    else if (line->kind == MUTT_LINE_TEXT && status != NULL && line->marker != NULL
             && g_str_has_prefix (line->marker, MARKER_FIELD) && has_field (status, line->text))
      line->kind = MUTT_LINE_FIELD;
    else if (line->kind == MUTT_LINE_TEXT && !is_blank (line))
      status = NULL;
  }
}

/* ---------------------------------------------------------- the engine's lines -- */

/* Where the block around line @i begins and ends: lines of the client with none between
 * them but the engine's. FALSE: the line does not stand where the engine's do. */
static gboolean
find_block (GPtrArray *lines, guint i, guint *ret_start, guint *ret_end)
{
  guint start = i;
  while (start > 0 && get (lines, start)->kind == MUTT_LINE_TEXT)
    start--;
  if (get (lines, start)->kind != MUTT_LINE_CLIENT)
    return FALSE;
  guint end = i;
  while (end + 1 < lines->len && get (lines, end)->kind != MUTT_LINE_CLIENT)
    end++;
  *ret_start = start;
  *ret_end = get (lines, end)->kind == MUTT_LINE_CLIENT ? end : i;
  return TRUE;
}

static void
hide_blocks (GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++) {
    MuttLine *line = get (lines, i);
    guint start = 0, end = 0;
    if (line->kind != MUTT_LINE_TEXT || line->status == NULL)
      continue;
    if (!find_block (lines, i, &start, &end)) {
      g_clear_pointer (&line->status, mutt_status_free);
      continue;
    }
    for (guint k = start; k <= end; k++)
      get (lines, k)->kind = MUTT_LINE_HIDDEN;
    line->kind = MUTT_LINE_STATUS;
  }
}

/* A status is about the whole message when nothing but such statuses stands above it, each
 * with the one line by which the client opens what it covers. Attachments have more. */
static void
mark_roots (GPtrArray *lines)
{
  guint allowed = 0;
  for (guint i = 0; i < lines->len; i++) {
    MuttLine *line = get (lines, i);
    if (line->kind == MUTT_LINE_STATUS && !line->status->own_part) {
      line->root = TRUE;
      allowed = 1;
    } else if (line->kind == MUTT_LINE_CLIENT && allowed > 0)
      allowed--;
    else if (line->kind != MUTT_LINE_HIDDEN && line->kind != MUTT_LINE_FIELD && !is_blank (line))
      return;
  }
}

/* ----------------------------------------------------------------- the content -- */

/* What stands below line @i up to the client's next words, its opening line aside. */
static char *
collect_text (GPtrArray *lines, guint i)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean opened = FALSE;
  for (i++; i < lines->len; i++) {
    const MuttLine *line = get (lines, i);
    if (line->kind == MUTT_LINE_STATUS || (line->kind == MUTT_LINE_CLIENT && opened))
      break;
    opened |= line->kind == MUTT_LINE_CLIENT;
    if (line->kind == MUTT_LINE_TEXT)
      g_string_append (text, line->text);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* A text that is all ASCII looks the same everywhere, another one on a UTF-8 terminal. */
static gboolean
is_other_text (const MuttStatus *status, const char *shown)
{
  gboolean comparable = *status->digest == 'a'
                        || (*status->digest == 'u' && g_get_charset (NULL));
  if (!comparable || *shown == '\0')
    return FALSE;
  g_autofree char *digest = mutt_status_digest (shown, strlen (shown));
  return strcmp (digest, status->digest + 1) != 0;
}

static void
compare_texts (GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++) {
    MuttLine *line = get (lines, i);
    if (line->kind != MUTT_LINE_STATUS)
      continue;
    g_autofree char *shown = collect_text (lines, i);
    line->shown_otherwise = is_other_text (line->status, shown);
  }
}

GPtrArray *
mutt_lines_parse (const char *body, const char *runtime, gboolean mixed, gboolean may_be_root)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (line_free);
  g_auto (GStrv) texts = g_strsplit (body, "\n", -1);
  for (char **text = texts; *text != NULL; text++)
    g_ptr_array_add (lines, line_new (*text, runtime));
  mark_client_lines (lines, find_marker (lines, mixed));
  hide_blocks (lines);
  mark_fields (lines);
  if (may_be_root)
    mark_roots (lines);
  compare_texts (lines);
  return lines;
}
