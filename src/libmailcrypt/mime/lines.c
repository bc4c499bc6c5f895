/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/lines.h"

#include "base/chunk.h"

#include <string.h>

struct _McLines {
  McSpan span;
  guint64 offset;          /* in the spool: of the octet at @at */
  McChunk *chunk;
  gsize read_size;         /* of it, at most */
  gsize at, size;          /* octets at hand: [at, size) */
  GByteArray *kept;        /* the head of a line that crosses the buffer's edge */
};

McLines *
_mc_lines_new (McSpan span, gsize buffer_size)
{
  McLines *lines = g_new0 (McLines, 1);
  lines->span = span;
  if (span.spool != NULL)
    (void) _mc_spool_ref (span.spool);
  lines->offset = span.start;
  lines->chunk = _mc_chunk_new ();
  lines->read_size = buffer_size > 0 ? buffer_size : sizeof lines->chunk->bytes;
  lines->kept = g_byte_array_new ();
  return lines;
}

void
_mc_lines_free (McLines *lines)
{
  if (lines == NULL)
    return;
  _mc_chunk_free (lines->chunk);
  if (lines->kept->len > 0)
    _mc_wipe (lines->kept->data, lines->kept->len);
  g_byte_array_unref (lines->kept);
  _mc_spool_unref (lines->span.spool);
  g_free (lines);
}

/* FALSE at the end of the span too. */
static gboolean
fill (McLines *lines, GError **error)
{
  McSpan next = { lines->span.spool, lines->offset,
                  MIN (lines->span.end, lines->offset + lines->read_size) };
  gssize done = _mc_span_take (&next, lines->chunk, error);
  lines->at = 0;
  lines->size = done > 0 ? (gsize) done : 0;
  return done > 0;
}

/* Non-blank octets, counted no further than two: the CR of a line break is one. */
static guint
count_other (const guint8 *data, gsize size, guint so_far)
{
  for (gsize i = 0; i < size && so_far < 2; i++)
    so_far += data[i] != ' ' && data[i] != '\t';
  return so_far;
}

/* A line that does not lie in the buffer as a whole, or that is longer than @keep. */
typedef struct {
  gsize keep;
  guint64 total;           /* octets before the LF so far */
  guint others;            /* of them behind @keep: not blank */
  guint8 last;
} Piecing;

static void
add_piece (McLines *lines, Piecing *piecing, const guint8 *data, gsize size)
{
  if (size == 0)
    return;
  gsize room = piecing->keep - lines->kept->len;
  gsize kept = MIN (room, size);
  g_byte_array_append (lines->kept, data, (guint) kept);
  piecing->others = count_other (data + kept, size - kept, piecing->others);
  piecing->total += size;
  piecing->last = data[size - 1];
}

static void
finish_pieced (const McLines *lines, const Piecing *piecing, gboolean has_lf, McLine *line)
{
  gboolean has_cr = has_lf && piecing->total > 0 && piecing->last == '\r';
  guint64 length = piecing->total - (has_cr ? 1 : 0);

  line->eol = has_cr ? 2 : has_lf ? 1 : 0;
  line->text = lines->kept->data;
  line->size = (gsize) MIN (length, (guint64) lines->kept->len);
  line->cut = length > line->size;
  line->cut_blank = line->cut && piecing->others == (has_cr ? 1 : 0);
  line->end = lines->offset;
}

/* Moves on behind @size octets, and over the LF. */
static void
advance (McLines *lines, gsize size, gboolean has_lf)
{
  gsize n = size + (has_lf ? 1 : 0);
  lines->at += n;
  lines->offset += n;
}

static gboolean
next_pieced (McLines *lines, gsize keep, McLine *line, GError **error)
{
  Piecing piecing = { .keep = keep };
  gboolean has_lf = FALSE;
  g_autoptr (GError) failure = NULL;

  g_byte_array_set_size (lines->kept, 0);
  while (!has_lf && (lines->at < lines->size || fill (lines, &failure))) {
    const guint8 *data = lines->chunk->bytes + lines->at;
    gsize left = lines->size - lines->at;
    const guint8 *lf = memchr (data, '\n', left);
    gsize size = lf != NULL ? (gsize) (lf - data) : left;

    has_lf = lf != NULL;
    add_piece (lines, &piecing, data, size);
    advance (lines, size, has_lf);
  }
  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  finish_pieced (lines, &piecing, has_lf, line);
  return TRUE;
}

gboolean
_mc_lines_next (McLines *lines, gsize keep, McLine *ret_line, GError **error)
{
  McLine line = { .start = lines->offset };

  if (lines->at == lines->size && !fill (lines, error))
    return FALSE;

  const guint8 *data = lines->chunk->bytes + lines->at;
  const guint8 *lf = memchr (data, '\n', lines->size - lines->at);
  if (lf == NULL || (gsize) (lf - data) > keep) {
    if (!next_pieced (lines, keep, &line, error))
      return FALSE;
    *ret_line = line;
    return TRUE;
  }

  line.text = data;
  line.size = (gsize) (lf - data);
  line.eol = 1;
  if (line.size > 0 && lf[-1] == '\r') {
    line.eol = 2;
    line.size--;
  }
  advance (lines, (gsize) (lf - data), TRUE);
  line.end = lines->offset;
  *ret_line = line;
  return TRUE;
}

guint64
_mc_lines_get_offset (const McLines *lines)
{
  return lines->offset;
}

/* The first octet of @data that is @head and begins a line. @before is what precedes @data. */
static const guint8 *
find_line (const guint8 *data, gsize size, char head, guint8 before)
{
  const guint8 *end = data + size, *at = data;
  while ((at = memchr (at, head, (gsize) (end - at))) != NULL) {
    if ((at > data ? at[-1] : before) == '\n')
      return at;
    at++;
  }
  return NULL;
}

gboolean
_mc_lines_skip (McLines *lines, char head, guint *eol, GError **error)
{
  guint8 before[2] = { 0, '\n' };   /* the last two octets passed */
  g_autoptr (GError) failure = NULL;
  const guint8 *found = NULL;
  gboolean moved = FALSE;

  while (found == NULL && (lines->at < lines->size || fill (lines, &failure))) {
    const guint8 *data = lines->chunk->bytes + lines->at;
    found = find_line (data, lines->size - lines->at, head, before[1]);
    gsize size = found != NULL ? (gsize) (found - data) : lines->size - lines->at;
    if (size > 0) {
      before[0] = size > 1 ? data[size - 2] : before[1];
      before[1] = data[size - 1];
      moved = TRUE;
    }
    advance (lines, size, FALSE);
  }
  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  if (moved)
    *eol = before[1] != '\n' ? 0 : before[0] == '\r' ? 2 : 1;
  return TRUE;
}

void
_mc_lines_skip_all (McLines *lines)
{
  lines->offset = lines->span.end;
  lines->at = lines->size = 0;
}
