/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/scan.h"

#include "base/error.h"
#include "mime/gmime-stream.h"
#include "mime/header.h"
#include "mime/lines.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* RFC 2046 allows 70 octets; more is met with. */
#define MAX_BOUNDARY ((gsize) 250)
/* What of a body line may matter: the delimiter with its dashes. */
#define KEEP_OF_BODY (MAX_BOUNDARY + 4)
/* What is worth being left out where only the structure counts. */
#define QUIET_BYTES ((guint64) 64 * 1024)
/* All header blocks together, as a multiple of what one may have. */
#define HEADER_BLOCKS 4

/* An entity that is not at its end yet. */
typedef struct {
  McEntity *entity;
  char *boundary;          /* of a multipart whose delimiters count; else NULL */
  guint shadowed;          /* what the boundary meant before */
  gboolean awaits_message; /* message/rfc822 whose header begins with the next line */
  gboolean is_multipart;
  gboolean has_begun;      /* of a leaf: a line of its body was there */
} Frame;

typedef struct {
  const McLimits *limits;
  McScan result;
  GArray *frames;          /* of Frame: the root first */
  GHashTable *boundaries;  /* boundary -> number of its innermost frame, plus one */
  gboolean message;
  gboolean in_header;      /* of the innermost entity */
  GByteArray *header;      /* what of it was read */
  guint64 header_total;
  guint last_eol;          /* of the line before */
} Scan;

typedef struct {
  guint frame;             /* number plus one; 0: no delimiter */
  gboolean closing;
} Delimiter;

void
_mc_scan_clear (McScan *scan)
{
  g_clear_pointer (&scan->root, _mc_entity_free);
  g_clear_pointer (&scan->quiet, g_array_unref);
}

static void
frame_clear (gpointer data)
{
  g_free (((Frame *) data)->boundary);
}

static Frame *
frame_at (const Scan *scan, guint number)
{
  return &g_array_index (scan->frames, Frame, number - 1);
}

static Frame *
innermost (const Scan *scan)
{
  return frame_at (scan, scan->frames->len);
}

static gboolean
exceed (GError **error, const char *name, guint64 limit)
{
  g_autofree char *hint = g_strdup_printf (_("the limit is %s=%llu in group [limits]"), name,
                                           (unsigned long long) limit);
  _mc_set_error (error, MC_ERROR_LIMIT, hint, _("message exceeds the limit '%s'"), name);
  return FALSE;
}

/* -------------------------------------------------------------- boundaries -- */

/* Whose delimiter is it? Readers differ about all from frame @number inwards. */
static void
doubt_frames (const Scan *scan, guint number)
{
  for (guint i = number; i <= scan->frames->len; i++)
    frame_at (scan, i)->entity->frame_disagrees = TRUE;
}

static void
push_boundary (Scan *scan, Frame *frame)
{
  const char *boundary = _mc_entity_get_parameter (frame->entity, "boundary");
  gsize size = boundary != NULL ? strlen (boundary) : 0;
  while (size > 0 && (boundary[size - 1] == ' ' || boundary[size - 1] == '\t'))
    size--;
  if (size == 0 || size > MAX_BOUNDARY)
    return;

  frame->boundary = g_strndup (boundary, size);
  frame->shadowed = GPOINTER_TO_UINT (g_hash_table_lookup (scan->boundaries, frame->boundary));
  if (frame->shadowed != 0)
    doubt_frames (scan, frame->shadowed);
  g_hash_table_insert (scan->boundaries, frame->boundary,
                       GUINT_TO_POINTER (scan->frames->len));
}

static void
drop_boundary (Scan *scan, Frame *frame)
{
  if (frame->boundary == NULL)
    return;
  g_hash_table_remove (scan->boundaries, frame->boundary);
  if (frame->shadowed != 0)
    g_hash_table_insert (scan->boundaries, frame_at (scan, frame->shadowed)->boundary,
                         GUINT_TO_POINTER (frame->shadowed));
  g_clear_pointer (&frame->boundary, g_free);
}

static guint
find_boundary (const Scan *scan, const char *text)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (scan->boundaries, text));
}

/* With the boundaries "b" and "b--" open at once, "--b--" is two things; the inner one is
 * taken, and no multipart from the outer one inwards is believed. */
static Delimiter
choose (const Scan *scan, guint opened, guint closed)
{
  if (opened != 0 && closed != 0)
    doubt_frames (scan, MIN (opened, closed));
  return closed > opened ? (Delimiter) { closed, TRUE } : (Delimiter) { opened, FALSE };
}

static Delimiter
match_delimiter (const Scan *scan, const McLine *line)
{
  const Delimiter none = { 0, FALSE };
  char text[KEEP_OF_BODY + 1];
  gsize size = line->size;

  if (size < 3 || line->text[0] != '-' || line->text[1] != '-'
      || g_hash_table_size (scan->boundaries) == 0 || (line->cut && !line->cut_blank))
    return none;
  while (size > 2 && (line->text[size - 1] == ' ' || line->text[size - 1] == '\t'))
    size--;
  if (size > KEEP_OF_BODY || memchr (line->text, '\0', size) != NULL)
    return none;

  size -= 2;
  memcpy (text, line->text + 2, size);
  text[size] = '\0';
  guint opened = find_boundary (scan, text);
  if (size < 2 || strcmp (text + size - 2, "--") != 0)
    return (Delimiter) { opened, FALSE };
  text[size - 2] = '\0';
  return choose (scan, opened, find_boundary (scan, text));
}

/* ---------------------------------------------------------------- entities -- */

static const char *
fallback_type (const McEntity *entity)
{
  /* RFC 2046 section 5.1.5 */
  if (entity->parent != NULL && _mc_entity_is (entity->parent, "multipart/digest"))
    return "message/rfc822";
  return "text/plain";
}

static gboolean
open_entity (Scan *scan, McSpool *spool, guint64 start, GError **error)
{
  guint depth = scan->frames->len + 1;
  if (depth > scan->limits->nesting_depth)
    return exceed (error, "nesting-depth", scan->limits->nesting_depth);
  if (scan->result.n_entities >= scan->limits->parts)
    return exceed (error, "parts", scan->limits->parts);

  Frame frame = { 0 };
  frame.entity = _mc_entity_new (depth > 1 ? innermost (scan)->entity : NULL);
  frame.entity->header = (McSpan) { spool, start, start };
  frame.entity->body = frame.entity->header;
  g_array_append_val (scan->frames, frame);
  if (depth == 1)
    scan->result.root = frame.entity;

  scan->result.n_entities++;
  scan->result.depth = MAX (scan->result.depth, depth);
  scan->in_header = TRUE;
  g_byte_array_set_size (scan->header, 0);
  return TRUE;
}

/* The header block of the innermost entity is complete; its body begins at @offset. */
static void
begin_body (Scan *scan, guint64 offset)
{
  Frame *frame = innermost (scan);
  McEntity *entity = frame->entity;

  scan->in_header = FALSE;
  entity->header.end = offset;
  entity->body.start = offset;
  entity->body.end = offset;
  scan->result.header_steps += _mc_entity_read_header (entity, scan->header->data,
                                                       scan->header->len,
                                                       fallback_type (entity));
  frame->is_multipart = _mc_entity_is_multipart (entity);
  if (frame->is_multipart)
    push_boundary (scan, frame);
  else
    frame->awaits_message = _mc_entity_is_message (entity) && _mc_entity_is_identity (entity);
}

static void
close_innermost (Scan *scan, guint64 end)
{
  Frame *frame = innermost (scan);
  McEntity *entity = frame->entity;

  if (scan->in_header)
    begin_body (scan, end);
  /* What precedes the next delimiter's line break may be less than what was read: an empty
   * line right in front of the delimiter is not part of the entity. */
  entity->header.start = MIN (entity->header.start, end);
  entity->header.end = MIN (entity->header.end, end);
  entity->body.start = MIN (entity->body.start, end);
  entity->body.end = end;
  entity->unterminated |= frame->boundary != NULL;
  drop_boundary (scan, frame);
  g_array_set_size (scan->frames, scan->frames->len - 1);
}

/* ------------------------------------------------------------------- lines -- */

static gboolean
take_delimiter (Scan *scan, const McLine *line, Delimiter delimiter, GError **error)
{
  guint64 end = line->start - scan->last_eol;
  while (scan->frames->len > delimiter.frame)
    close_innermost (scan, end);

  Frame *frame = innermost (scan);
  if (!delimiter.closing)
    return open_entity (scan, frame->entity->header.spool, line->end, error);
  drop_boundary (scan, frame);
  return TRUE;
}

/* A root that begins with what is no header has none (RFC 5322 section 4.1 aside). */
static gboolean
is_headerless (const Scan *scan, const McLine *line)
{
  if (scan->frames->len > 1 || scan->header->len > 0 || line->size == 0)
    return FALSE;
  if (line->size >= 6 && memcmp (line->text, ">From ", 6) == 0)
    return FALSE;
  return _mc_header_name_size (line->text, line->size) == 0;
}

static gboolean
take_header_line (Scan *scan, const McLine *line, GError **error)
{
  if (is_headerless (scan, line)) {
    begin_body (scan, line->start);
    return TRUE;
  }
  guint64 size = line->end - line->start;
  scan->header_total += size;
  if (line->cut || scan->header->len + size > scan->limits->header_bytes
      || scan->header_total / HEADER_BLOCKS > scan->limits->header_bytes)
    return exceed (error, "header-bytes", scan->limits->header_bytes);

  if (line->size == 0) {
    begin_body (scan, line->end);
    return TRUE;
  }
  g_byte_array_append (scan->header, line->text, (guint) line->size);
  g_byte_array_append (scan->header, (const guint8 *) "\r\n" + 2 - line->eol, line->eol);
  return TRUE;
}

static gboolean
take_body_line (Scan *scan, const McLine *line, GError **error)
{
  Frame *frame = innermost (scan);

  if (frame->awaits_message) {
    frame->awaits_message = FALSE;
    return open_entity (scan, frame->entity->header.spool, line->start, error)
           && take_header_line (scan, line, error);
  }
  frame->has_begun = TRUE;
  if (frame->is_multipart) {
    scan->result.surround_bytes += line->end - line->start;
    /* To some readers a CR alone ends a line, and a delimiter may stand behind it. */
    frame->entity->frame_disagrees |= line->cut || memchr (line->text, '\r', line->size) != NULL;
  }
  return TRUE;
}

static gboolean
is_mbox_line (const Scan *scan, const McLine *line, guint64 start)
{
  return scan->message && line->start == start && line->size >= 5
         && memcmp (line->text, "From ", 5) == 0;
}

static gboolean
take_line (Scan *scan, const McLine *line, GError **error)
{
  Delimiter delimiter = match_delimiter (scan, line);
  if (delimiter.frame != 0)
    return take_delimiter (scan, line, delimiter, error);
  if (scan->in_header)
    return take_header_line (scan, line, error);
  return take_body_line (scan, line, error);
}

static gsize
get_keep (const Scan *scan)
{
  const Frame *frame = innermost (scan);
  gboolean whole = scan->in_header || frame->awaits_message || frame->is_multipart;
  return whole ? MAX ((gsize) scan->limits->header_bytes, KEEP_OF_BODY) : KEEP_OF_BODY;
}

/* Nothing in a leaf's body matters but lines that may be a delimiter. Its first line is taken
 * as any other, so that there is something of the body whatever is left out. */
static gboolean
skip_quiet_lines (Scan *scan, McLines *lines, GError **error)
{
  const Frame *frame = innermost (scan);
  if (scan->in_header || frame->awaits_message || frame->is_multipart || !frame->has_begun)
    return TRUE;

  McSpan quiet = { frame->entity->header.spool, _mc_lines_get_offset (lines), 0 };
  if (g_hash_table_size (scan->boundaries) == 0)
    _mc_lines_skip_all (lines);
  else if (!_mc_lines_skip (lines, '-', &scan->last_eol, error))
    return FALSE;
  quiet.end = _mc_lines_get_offset (lines);
  if (_mc_span_size (quiet) >= QUIET_BYTES)
    g_array_append_val (scan->result.quiet, quiet);
  return TRUE;
}

static gboolean
run (Scan *scan, McSpan span, gsize buffer_size, GError **error)
{
  g_autoptr (McLines) lines = _mc_lines_new (span, buffer_size);
  g_autoptr (GError) failure = NULL;
  McLine line;

  if (!open_entity (scan, span.spool, span.start, error))
    return FALSE;
  while (skip_quiet_lines (scan, lines, &failure)
         && _mc_lines_next (lines, get_keep (scan), &line, &failure)) {
    if (is_mbox_line (scan, &line, span.start))
      scan->result.root->header = (McSpan) { span.spool, line.end, line.end };
    else if (!take_line (scan, &line, error))
      return FALSE;
    scan->last_eol = line.eol;
  }
  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  while (scan->frames->len > 0)
    close_innermost (scan, span.end);
  return TRUE;
}

gboolean
_mc_scan (McSpan span, const McLimits *limits, gboolean message, gsize buffer_size,
          McScan *ret_scan, GError **error)
{
  Scan scan = { .limits = limits, .message = message };

  _mc_gmime_init ();
  scan.frames = g_array_new (FALSE, FALSE, sizeof (Frame));
  g_array_set_clear_func (scan.frames, frame_clear);
  scan.boundaries = g_hash_table_new (g_str_hash, g_str_equal);
  scan.header = g_byte_array_new ();
  scan.result.quiet = g_array_new (FALSE, FALSE, sizeof (McSpan));

  gboolean ok = run (&scan, span, buffer_size, error);
  g_hash_table_unref (scan.boundaries);
  g_array_unref (scan.frames);
  g_byte_array_unref (scan.header);
  if (ok)
    *ret_scan = scan.result;
  else
    _mc_scan_clear (&scan.result);
  return ok;
}
