/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "openpgp/packets.h"

#include "base/chunk.h"
#include "base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

struct _McPackets {
  GInputStream *stream;
  McChunk *in;
  gsize in_at, in_size;
  guint64 *budget;          /* octets that may still come; borrowed */
  guint64 left;             /* octets of the current body, or of its current part */
  gboolean partial;         /* another part follows */
  gboolean endless;         /* up to the end of the stream */
};

McPackets *
_mc_packets_new (GInputStream *stream, guint64 *budget)
{
  McPackets *packets = g_new0 (McPackets, 1);
  packets->in = _mc_chunk_new ();
  packets->budget = budget;
  packets->stream = g_object_ref (stream);
  return packets;
}

void
_mc_packets_free (McPackets *packets)
{
  if (packets == NULL)
    return;
  g_object_unref (packets->stream);
  _mc_chunk_free (packets->in);
  g_free (packets);
}

static gboolean
malformed (GError **error, const char *what)
{
  _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("broken OpenPGP data: %s"), what);
  return FALSE;
}

static gboolean
cut_off (GError **error)
{
  return malformed (error, _("it is cut off"));
}

/* ------------------------------------------------------------------ framing -- */

/* The stream may inflate: then broken data is what GIO calls invalid or partial. */
static gssize
read_stream (McPackets *packets, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  gssize n = _mc_chunk_fill (packets->in, packets->stream, cancellable, &local);
  if (n >= 0)
    return n;
  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_INVALID_DATA)
      || g_error_matches (local, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT))
    malformed (error, _("its compression is damaged"));
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return -1;
}

/* Sees to it that there is something in the buffer; 0 at the end, -1 on failure. */
static gssize
fill (McPackets *packets, GCancellable *cancellable, GError **error)
{
  if (packets->in_at < packets->in_size)
    return 1;
  gssize n = read_stream (packets, cancellable, error);
  packets->in_at = 0;
  packets->in_size = n > 0 ? (gsize) n : 0;
  if (packets->in_size > *packets->budget) {
    _mc_set_error (error, MC_ERROR_LIMIT, NULL, _("the OpenPGP data is too large"));
    return -1;
  }
  *packets->budget -= packets->in_size;
  return n;
}

static gboolean
read_octet (McPackets *packets, guint8 *ret_octet, GCancellable *cancellable, GError **error)
{
  gssize n = fill (packets, cancellable, error);
  if (n <= 0)
    return n < 0 ? FALSE : cut_off (error);
  *ret_octet = packets->in->bytes[packets->in_at++];
  return TRUE;
}

static gboolean
read_number (McPackets *packets, guint octets, guint64 *ret_number, GCancellable *cancellable,
             GError **error)
{
  guint64 number = 0;
  for (guint i = 0; i < octets; i++) {
    guint8 octet;
    if (!read_octet (packets, &octet, cancellable, error))
      return FALSE;
    number = number << 8 | octet;
  }
  *ret_number = number;
  return TRUE;
}

/* A length as packets of the new format have it (RFC 9580 section 4.2.1). */
static gboolean
read_new_length (McPackets *packets, GCancellable *cancellable, GError **error)
{
  guint8 first, second = 0;
  guint64 length = 0;
  if (!read_octet (packets, &first, cancellable, error))
    return FALSE;
  gboolean partial = first >= 224 && first < 255;
  if (first >= 192 && first < 224 && !read_octet (packets, &second, cancellable, error))
    return FALSE;
  if (first == 255 && !read_number (packets, 4, &length, cancellable, error))
    return FALSE;
  if (first < 192)
    length = first;
  else if (first < 224)
    length = ((guint64) (first - 192) << 8) + second + 192;
  else if (partial)
    length = G_GUINT64_CONSTANT (1) << (first & 31);
  packets->left = length;
  packets->partial = partial;
  return TRUE;
}

static gboolean
read_old_length (McPackets *packets, guint type, GCancellable *cancellable, GError **error)
{
  packets->partial = FALSE;
  packets->endless = type == 3;
  packets->left = 0;
  if (packets->endless)
    return TRUE;
  return read_number (packets, 1u << type, &packets->left, cancellable, error);
}

/* Only data may come in parts or without a length (section 4.2.1.4). */
static gboolean
is_data (guint tag)
{
  return tag == MC_TAG_LITERAL || tag == MC_TAG_COMPRESSED || tag == MC_TAG_ENCRYPTED
         || tag == MC_TAG_ENCRYPTED_MDC || tag == MC_TAG_AEAD;
}

static gboolean
read_frame (McPackets *packets, guint *ret_tag, GCancellable *cancellable, GError **error)
{
  guint8 octet;
  if (!read_octet (packets, &octet, cancellable, error))
    return FALSE;
  if (!(octet & 0x80))
    return malformed (error, _("something that is no packet"));

  gboolean is_new = octet & 0x40;
  guint tag = is_new ? octet & 0x3f : (octet >> 2) & 0x0f;
  if (tag == 0)
    return malformed (error, _("a packet of the reserved type 0"));
  packets->endless = FALSE;
  gboolean ok = is_new ? read_new_length (packets, cancellable, error)
                       : read_old_length (packets, octet & 3, cancellable, error);
  if (!ok)
    return FALSE;
  if ((packets->partial || packets->endless) && !is_data (tag))
    return malformed (error, _("a packet without a length"));
  *ret_tag = tag;
  return TRUE;
}

static gboolean
skip_body (McPackets *packets, GCancellable *cancellable, GError **error)
{
  guint8 buffer[4096];
  gssize n;
  do {
    n = _mc_packets_read (packets, buffer, sizeof buffer, cancellable, error);
  } while (n > 0);
  return n == 0;
}

gboolean
_mc_packets_next (McPackets *packets, guint *ret_tag, GCancellable *cancellable, GError **error)
{
  if (!skip_body (packets, cancellable, error))
    return FALSE;
  packets->endless = FALSE;
  gssize n = fill (packets, cancellable, error);
  if (n > 0)
    return read_frame (packets, ret_tag, cancellable, error);
  *ret_tag = 0;
  return n == 0;
}

/* --------------------------------------------------------------------- body -- */

/* Sees to it that there is something of the body in the buffer; 0 at its end. */
static gssize
fill_body (McPackets *packets, GCancellable *cancellable, GError **error)
{
  while (packets->left == 0 && packets->partial)
    if (!read_new_length (packets, cancellable, error))
      return -1;
  if (packets->left == 0 && !packets->endless)
    return 0;
  gssize n = fill (packets, cancellable, error);
  if (n != 0 || packets->endless)
    return n;
  cut_off (error);
  return -1;
}

gssize
_mc_packets_read (McPackets *packets, void *buffer, gsize size, GCancellable *cancellable,
                  GError **error)
{
  gsize done = 0;
  while (done < size) {
    gssize n = fill_body (packets, cancellable, error);
    if (n < 0)
      return -1;
    if (n == 0)
      break;
    gsize part = MIN (size - done, packets->in_size - packets->in_at);
    if (!packets->endless)
      part = (gsize) MIN (part, packets->left);
    memcpy ((guint8 *) buffer + done, packets->in->bytes + packets->in_at, part);
    packets->in_at += part;
    if (!packets->endless)
      packets->left -= part;
    done += part;
  }
  return (gssize) done;
}

typedef struct {
  GInputStream parent;
  McPackets *packets;       /* borrowed */
} McBodyStream;

typedef GInputStreamClass McBodyStreamClass;

static GType mc_body_stream_get_type (void);
G_DEFINE_TYPE (McBodyStream, mc_body_stream, G_TYPE_INPUT_STREAM)

static gssize
mc_body_stream_read (GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable,
                     GError **error)
{
  return _mc_packets_read (((McBodyStream *) stream)->packets, buffer, count, cancellable, error);
}

static void
mc_body_stream_init (McBodyStream *self)
{
  self->packets = NULL;
}

static void
mc_body_stream_class_init (McBodyStreamClass *class)
{
  class->read_fn = mc_body_stream_read;
}

GInputStream *
_mc_packets_open_body (McPackets *packets)
{
  McBodyStream *self = g_object_new (mc_body_stream_get_type (), NULL);
  self->packets = packets;
  return G_INPUT_STREAM (self);
}
