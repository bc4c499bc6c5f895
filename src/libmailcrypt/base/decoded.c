/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/decoded.h"

#include "base/base64.h"
#include "base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Where one chunk of encoded octets begins in what it stands for. */
typedef struct {
  guint64 start;
  McBase64Decoder decoder;
} Mark;

struct _McDecoded {
  grefcount refs;
  McSpan encoded;
  guint64 size;
  GArray *marks;             /* of Mark, one for each chunk */

  guint loaded;              /* number of the chunk at hand, plus one; 0: none */
  McChunk *in, *out;
  gsize out_size;
};

static Mark *
mark_at (const McDecoded *decoded, guint i)
{
  return &g_array_index (decoded->marks, Mark, i);
}

/* Decodes the next chunk of @rest into decoded->out. */
static gboolean
decode_next (McDecoded *decoded, McBase64Decoder *decoder, McSpan *rest, GError **error)
{
  gssize size = _mc_span_take (rest, decoded->in, error);
  if (size < 0)
    return FALSE;
  decoded->out_size =
    _mc_base64_decode (decoder, decoded->in->bytes, (gsize) size, decoded->out->bytes);
  _mc_chunk_mark (decoded->out, decoded->out_size);
  return TRUE;
}

static gboolean
set_marks (McDecoded *decoded, GCancellable *cancellable, GError **error)
{
  McSpan rest = decoded->encoded;
  Mark mark = { 0 };
  while (rest.start < rest.end && !mark.decoder.broken) {
    g_array_append_val (decoded->marks, mark);
    if (g_cancellable_set_error_if_cancelled (cancellable, error)
        || !decode_next (decoded, &mark.decoder, &rest, error))
      return FALSE;
    mark.start += decoded->out_size;
  }
  decoded->size = mark.start;
  decoded->loaded = decoded->marks->len;
  if (!_mc_base64_is_whole (&mark.decoder))
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("invalid base64 in a MIME part"));
  return _mc_base64_is_whole (&mark.decoder);
}

McDecoded *
_mc_decoded_new (McSpan encoded, GCancellable *cancellable, GError **error)
{
  g_autoptr (McDecoded) decoded = g_new0 (McDecoded, 1);
  g_ref_count_init (&decoded->refs);
  decoded->encoded = encoded;
  (void) _mc_spool_ref (encoded.spool);
  decoded->marks = g_array_new (FALSE, FALSE, sizeof (Mark));
  decoded->in = _mc_chunk_new ();
  decoded->out = _mc_chunk_new ();
  return set_marks (decoded, cancellable, error) ? g_steal_pointer (&decoded) : NULL;
}

McDecoded *
_mc_decoded_ref (McDecoded *decoded)
{
  g_ref_count_inc (&decoded->refs);
  return decoded;
}

void
_mc_decoded_unref (McDecoded *decoded)
{
  if (decoded == NULL || !g_ref_count_dec (&decoded->refs))
    return;
  g_array_unref (decoded->marks);
  _mc_chunk_free (decoded->in);
  _mc_chunk_free (decoded->out);
  _mc_spool_unref (decoded->encoded.spool);
  g_free (decoded);
}

guint64
_mc_decoded_get_size (const McDecoded *decoded)
{
  return decoded->size;
}

/* The chunk with the octet at @offset. */
static guint
find_chunk (const McDecoded *decoded, guint64 offset)
{
  guint low = 0, high = decoded->marks->len;   /* it begins at or behind low, before high */
  while (high - low > 1) {
    guint middle = low + (high - low) / 2;
    if (mark_at (decoded, middle)->start <= offset)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static gboolean
load_chunk (McDecoded *decoded, guint i, GError **error)
{
  if (decoded->loaded == i + 1)
    return TRUE;
  McSpan rest = decoded->encoded;
  McBase64Decoder decoder = mark_at (decoded, i)->decoder;
  decoded->loaded = 0;
  rest.start += (guint64) i * sizeof decoded->in->bytes;
  if (!decode_next (decoded, &decoder, &rest, error))
    return FALSE;
  decoded->loaded = i + 1;
  return TRUE;
}

gboolean
_mc_decoded_read (McDecoded *decoded, guint64 offset, guint8 *to, gsize size, GError **error)
{
  while (size > 0) {
    guint i = find_chunk (decoded, offset);
    if (!load_chunk (decoded, i, error))
      return FALSE;
    gsize skip = (gsize) (offset - mark_at (decoded, i)->start);
    if (skip >= decoded->out_size) {
      _mc_set_error (error, MC_ERROR_INTERNAL, NULL, _("range behind the end of its spool"));
      return FALSE;
    }
    gsize part = MIN (size, decoded->out_size - skip);
    memcpy (to, decoded->out->bytes + skip, part);
    to += part;
    offset += part;
    size -= part;
  }
  return TRUE;
}
