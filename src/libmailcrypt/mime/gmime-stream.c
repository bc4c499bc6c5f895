/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/gmime-stream.h"

#include "base/chunk.h"

#include <errno.h>
#include <string.h>

#define MC_TYPE_GMIME_STREAM (_mc_gmime_stream_get_type ())
G_DECLARE_FINAL_TYPE (McGMimeStream, _mc_gmime_stream, MC, GMIME_STREAM, GMimeStream)

struct _McGMimeStream {
  GMimeStream parent_instance;
  McSpan span;
  GError *error;

  McChunk *chunk;        /* made by the first read: GMime asks for small pieces */
  gint64 chunk_at;       /* the stream's offset of its first octet */
  gsize chunk_size;
};

G_DEFINE_FINAL_TYPE (McGMimeStream, _mc_gmime_stream, GMIME_TYPE_STREAM)

void
_mc_gmime_init (void)
{
  static gsize once;

  if (g_once_init_enter (&once)) {
    g_mime_init ();
    g_once_init_leave (&once, 1);
  }
}

static gint64
get_end (McGMimeStream *self)
{
  gint64 bound = GMIME_STREAM (self)->bound_end;
  gint64 size = (gint64) _mc_span_size (self->span);
  return bound < 0 || bound > size ? size : bound;
}

/* The octets at hand from @position on, read anew where there are none. */
static gssize
look_at (McGMimeStream *self, gint64 position, const guint8 **ret_bytes)
{
  if (self->chunk == NULL)
    self->chunk = _mc_chunk_new ();

  if (position < self->chunk_at || position >= self->chunk_at + (gint64) self->chunk_size) {
    McSpan rest = { self->span.spool, self->span.start + (guint64) position,
                    self->span.start + (guint64) get_end (self) };
    self->chunk_size = 0;
    gssize done = _mc_span_take (&rest, self->chunk, self->error == NULL ? &self->error : NULL);
    if (done < 0)
      return -1;
    self->chunk_at = position;
    self->chunk_size = (gsize) done;
  }
  *ret_bytes = self->chunk->bytes + (position - self->chunk_at);
  return (gssize) (self->chunk_at + (gint64) self->chunk_size - position);
}

static ssize_t
stream_read (GMimeStream *stream, char *buf, size_t len)
{
  McGMimeStream *self = MC_GMIME_STREAM (stream);
  gint64 left = get_end (self) - stream->position;
  if (left <= 0 || len == 0)
    return 0;

  const guint8 *bytes;
  gssize have = look_at (self, stream->position, &bytes);
  if (have <= 0)
    return have;

  size_t n = (size_t) MIN ((gint64) MIN ((gsize) have, len), left);
  memcpy (buf, bytes, n);
  stream->position += (gint64) n;
  return (ssize_t) n;
}

static ssize_t
stream_write (G_GNUC_UNUSED GMimeStream *stream, G_GNUC_UNUSED const char *buf,
              G_GNUC_UNUSED size_t len)
{
  errno = EBADF;
  return -1;
}

static int
stream_nothing (G_GNUC_UNUSED GMimeStream *stream)
{
  return 0;
}

static gboolean
stream_eos (GMimeStream *stream)
{
  return stream->position >= get_end (MC_GMIME_STREAM (stream));
}

static int
stream_reset (GMimeStream *stream)
{
  stream->position = stream->bound_start;
  return 0;
}

static gint64
stream_seek (GMimeStream *stream, gint64 offset, GMimeSeekWhence whence)
{
  gint64 end = get_end (MC_GMIME_STREAM (stream));
  gint64 base = 0;

  if (whence == GMIME_STREAM_SEEK_CUR)
    base = stream->position;
  else if (whence == GMIME_STREAM_SEEK_END)
    base = end;

  gint64 position;
  if (__builtin_add_overflow (base, offset, &position) || position < stream->bound_start
      || position > end) {
    errno = EINVAL;
    return -1;
  }
  stream->position = position;
  return position;
}

static gint64
stream_tell (GMimeStream *stream)
{
  return stream->position;
}

static gint64
stream_length (GMimeStream *stream)
{
  return get_end (MC_GMIME_STREAM (stream)) - stream->bound_start;
}

static GMimeStream *
stream_substream (GMimeStream *stream, gint64 start, gint64 end)
{
  McGMimeStream *self = MC_GMIME_STREAM (stream);
  McGMimeStream *part = g_object_new (MC_TYPE_GMIME_STREAM, NULL);
  part->span = self->span;
  (void) _mc_spool_ref (part->span.spool);
  g_mime_stream_construct (GMIME_STREAM (part), start, end);
  return GMIME_STREAM (part);
}

static void
_mc_gmime_stream_finalize (GObject *object)
{
  McGMimeStream *self = MC_GMIME_STREAM (object);
  g_clear_pointer (&self->chunk, _mc_chunk_free);
  g_clear_pointer (&self->span.spool, _mc_spool_unref);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (_mc_gmime_stream_parent_class)->finalize (object);
}

static void
_mc_gmime_stream_class_init (McGMimeStreamClass *klass)
{
  GMimeStreamClass *stream = GMIME_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = _mc_gmime_stream_finalize;
  stream->read = stream_read;
  stream->write = stream_write;
  stream->flush = stream_nothing;
  stream->close = stream_nothing;
  stream->eos = stream_eos;
  stream->reset = stream_reset;
  stream->seek = stream_seek;
  stream->tell = stream_tell;
  stream->length = stream_length;
  stream->substream = stream_substream;
}

static void
_mc_gmime_stream_init (G_GNUC_UNUSED McGMimeStream *self)
{
}

GMimeStream *
_mc_gmime_stream_new (McSpan span)
{
  McGMimeStream *self = g_object_new (MC_TYPE_GMIME_STREAM, NULL);
  self->span = span;
  (void) _mc_spool_ref (span.spool);
  g_mime_stream_construct (GMIME_STREAM (self), 0, (gint64) _mc_span_size (span));
  return GMIME_STREAM (self);
}

gboolean
_mc_gmime_stream_take_error (GMimeStream *stream, GError **error)
{
  McGMimeStream *self = MC_GMIME_STREAM (stream);
  if (self->error == NULL)
    return FALSE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return TRUE;
}
