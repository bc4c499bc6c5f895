/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of a spool, read as streams. */
#include "config.h"

#include "base/chunk.h"
#include "base/error.h"
#include "base/spool.h"

#include <glib/gi18n-lib.h>
#include <string.h>

McSpan
_mc_span_whole (McSpool *spool)
{
  return (McSpan) { spool, 0, _mc_spool_get_size (spool) };
}

gssize
_mc_span_take (McSpan *span, McChunk *chunk, GError **error)
{
  if (span->start >= span->end)
    return 0;
  gsize size = (gsize) MIN (sizeof chunk->bytes, span->end - span->start);
  _mc_chunk_mark (chunk, size);
  gssize done = _mc_spool_read_at (span->spool, span->start, chunk->bytes, size, error);
  if (done > 0)
    span->start += (guint64) done;
  else if (done == 0)
    _mc_set_error (error, MC_ERROR_INTERNAL, NULL, _("range behind the end of its spool"));
  return done > 0 ? done : -1;
}

gboolean
_mc_span_is_canonical (McSpan span)
{
  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  gboolean after_cr = FALSE;
  gssize done;
  while ((done = _mc_span_take (&span, chunk, NULL)) > 0) {
    const guint8 *data = chunk->bytes, *end = data + done;
    for (const guint8 *lf = data; (lf = memchr (lf, '\n', (gsize) (end - lf))) != NULL; lf++)
      if (lf > data ? lf[-1] != '\r' : !after_cr)
        return FALSE;
    after_cr = end[-1] == '\r';
  }
  return done == 0;
}

/* ------------------------------------------------------------------ stream -- */

#define MC_TYPE_SPAN_STREAM (_mc_span_stream_get_type ())
G_DECLARE_FINAL_TYPE (McSpanStream, _mc_span_stream, MC, SPAN_STREAM, GInputStream)

struct _McSpanStream {
  GInputStream parent_instance;
  McSpool *spool;
  guint64 position;
  guint64 end;

  McNewlines newlines;

  /* For other line ends than those that are there. */
  McChunk *chunk;
  gsize chunk_at;
  gsize chunk_size;
  gboolean after_cr;    /* the octet before chunk_at was a CR */
  gboolean owes_lf;     /* the CR of a line break was given out, its LF did not fit */
};

G_DEFINE_FINAL_TYPE (McSpanStream, _mc_span_stream, G_TYPE_INPUT_STREAM)

static gssize
read_raw (McSpanStream *self, void *buffer, gsize size, GError **error)
{
  gsize part = (gsize) MIN ((guint64) size, self->end - self->position);
  gssize done = _mc_spool_read_at (self->spool, self->position, buffer, part, error);
  if (done > 0)
    self->position += (guint64) done;
  return done;
}

static gboolean
fill_chunk (McSpanStream *self, GError **error)
{
  McSpan rest = { self->spool, self->position, self->end };
  gssize done = _mc_span_take (&rest, self->chunk, error);
  if (done < 0)
    return FALSE;
  self->position = rest.start;
  self->chunk_at = 0;
  self->chunk_size = (gsize) done;
  return TRUE;
}

/* Copies octets up to the next LF, or the LF itself as a line break. The number of
 * octets put into @to, which has @room > 0. */
static gsize
take_run (McSpanStream *self, guint8 *to, gsize room)
{
  const guint8 *from = self->chunk->bytes + self->chunk_at;
  gsize left = self->chunk_size - self->chunk_at;

  if (from[0] == '\n') {
    gsize bare = self->after_cr ? 0 : 1;
    self->after_cr = FALSE;
    self->chunk_at++;
    if (bare)
      to[0] = '\r';
    self->owes_lf = bare == room;
    if (self->owes_lf)
      return bare;
    to[bare] = '\n';
    return bare + 1;
  }

  gsize size = MIN (left, room);
  const guint8 *lf = memchr (from, '\n', size);
  if (lf != NULL)
    size = (gsize) (lf - from);
  memcpy (to, from, size);
  self->after_cr = from[size - 1] == '\r';
  self->chunk_at += size;
  return size;
}

/* Copies octets without the CR of each line break; one at the end of a chunk waits to
 * see what follows. The number of octets put into @to. */
static gsize
take_bare (McSpanStream *self, guint8 *to, gsize room)
{
  gsize done = 0;

  while (self->chunk_at < self->chunk_size && done < room) {
    guint8 octet = self->chunk->bytes[self->chunk_at];
    if (self->after_cr && octet != '\n') {
      to[done++] = '\r';
      self->after_cr = FALSE;
      continue;
    }
    self->chunk_at++;
    self->after_cr = octet == '\r';
    if (!self->after_cr)
      to[done++] = octet;
  }
  return done;
}

static gssize
read_bare (McSpanStream *self, guint8 *to, gsize room, GError **error)
{
  gsize done = 0;

  while (done == 0 && room > 0) {
    if (self->chunk_at == self->chunk_size && !fill_chunk (self, error))
      return -1;
    if (self->chunk_size == 0) {
      if (self->after_cr)
        to[done++] = '\r';
      self->after_cr = FALSE;
      break;
    }
    done = take_bare (self, to, room);
  }
  return (gssize) done;
}

static gssize
read_canonical (McSpanStream *self, guint8 *to, gsize room, GError **error)
{
  gsize done = 0;
  if (self->owes_lf && room > 0) {
    to[done++] = '\n';
    self->owes_lf = FALSE;
  }
  while (done < room) {
    if (self->chunk_at == self->chunk_size && !fill_chunk (self, error))
      return -1;
    if (self->chunk_size == 0)
      break;
    done += take_run (self, to + done, room - done);
  }
  return (gssize) done;
}

static gssize
_mc_span_stream_read (GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable,
                      GError **error)
{
  McSpanStream *self = MC_SPAN_STREAM (stream);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;
  switch (self->newlines) {
  case MC_NEWLINES_CRLF:
    return read_canonical (self, buffer, size, error);
  case MC_NEWLINES_LF:
    return read_bare (self, buffer, size, error);
  case MC_NEWLINES_AS_IS:
  default:
    return read_raw (self, buffer, size, error);
  }
}

static void
_mc_span_stream_finalize (GObject *object)
{
  McSpanStream *self = MC_SPAN_STREAM (object);
  g_clear_pointer (&self->chunk, _mc_chunk_free);
  g_clear_pointer (&self->spool, _mc_spool_unref);
  G_OBJECT_CLASS (_mc_span_stream_parent_class)->finalize (object);
}

static void
_mc_span_stream_class_init (McSpanStreamClass *class)
{
  G_OBJECT_CLASS (class)->finalize = _mc_span_stream_finalize;
  G_INPUT_STREAM_CLASS (class)->read_fn = _mc_span_stream_read;
}

static void
_mc_span_stream_init (McSpanStream *self)
{
  (void) self;
}

GInputStream *
_mc_span_open (McSpan span, McNewlines newlines)
{
  McSpanStream *self = g_object_new (MC_TYPE_SPAN_STREAM, NULL);
  self->spool = span.spool != NULL ? _mc_spool_ref (span.spool) : NULL;
  self->position = span.start;
  self->end = MAX (span.start, span.end);
  self->newlines = newlines;
  if (newlines != MC_NEWLINES_AS_IS)
    self->chunk = _mc_chunk_new ();
  return G_INPUT_STREAM (self);
}

/* ------------------------------------------------------------------- whole -- */

gboolean
_mc_span_write (McSpan span, McNewlines newlines, GOutputStream *output,
                GCancellable *cancellable, GError **error)
{
  g_autoptr (GInputStream) stream = _mc_span_open (span, newlines);
  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  for (;;) {
    gssize size = _mc_chunk_fill (chunk, stream, cancellable, error);
    if (size <= 0)
      return size == 0;
    if (!g_output_stream_write_all (output, chunk->bytes, (gsize) size, NULL, cancellable, error))
      return _mc_error_adopt (error, MC_ERROR_IO, _("cannot write the output"));
  }
}

typedef struct {
  gsize size;
  guint8 data[];
} LoadedBlock;

static void
loaded_block_free (gpointer data)
{
  LoadedBlock *block = data;
  _mc_wipe (block->data, block->size);
  g_free (block);
}

GBytes *
_mc_span_load (McSpan span, gsize max_bytes, GError **error)
{
  guint64 size = _mc_span_size (span);
  if (size > max_bytes) {
    _mc_set_error (error, MC_ERROR_LIMIT, NULL, _("content larger than %llu octets"),
                   (unsigned long long) max_bytes);
    return NULL;
  }

  LoadedBlock *block = size < G_MAXSIZE - sizeof *block - 1
                         ? g_try_malloc (sizeof *block + (gsize) size + 1) : NULL;
  if (block == NULL) {
    _mc_set_error (error, MC_ERROR_IO, NULL, _("out of memory"));
    return NULL;
  }
  block->size = (gsize) size;
  gssize done = _mc_spool_read_at (span.spool, span.start, block->data, block->size, error);
  if (done != (gssize) block->size) {
    if (done >= 0)
      _mc_set_error (error, MC_ERROR_INTERNAL, NULL, _("range behind the end of its spool"));
    loaded_block_free (block);
    return NULL;
  }
  block->data[block->size] = 0;
  return g_bytes_new_with_free_func (block->data, block->size, loaded_block_free, block);
}
