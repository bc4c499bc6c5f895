/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/inflate.h"

#include "base/error.h"
#include "smime/algorithms.h"
#include "smime/bio.h"

#include <glib/gi18n-lib.h>
#include <zlib.h>

typedef struct {
  z_stream zlib;
  McChunk *in, *out;
} Inflater;

static gboolean
malformed (GError **error)
{
  _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("the compressed content is damaged"));
  return FALSE;
}

static gboolean
is_zlib (GBytes *algorithm)
{
  gsize size;
  const unsigned char *data = g_bytes_get_data (algorithm, &size);
  g_autoptr (X509_ALGOR) parsed = d2i_X509_ALGOR (NULL, &data, (long) size);
  const ASN1_OBJECT *object = NULL;
  if (parsed == NULL)
    return FALSE;
  X509_ALGOR_get0 (&object, NULL, NULL, parsed);
  return OBJ_obj2nid (object) == NID_zlib_compression;
}

/* All that the input at hand gives. */
static gboolean
drain (Inflater *self, McSpool *output, int *ret_state, GError **error)
{
  do {
    self->zlib.next_out = self->out->bytes;
    self->zlib.avail_out = sizeof self->out->bytes;
    *ret_state = inflate (&self->zlib, Z_NO_FLUSH);
    gsize size = sizeof self->out->bytes - self->zlib.avail_out;
    _mc_chunk_mark (self->out, size);
    if (*ret_state != Z_OK && *ret_state != Z_STREAM_END && *ret_state != Z_BUF_ERROR)
      return malformed (error);
    if (!_mc_spool_append (output, self->out->bytes, size, error))
      return FALSE;
  } while (self->zlib.avail_out == 0 && *ret_state != Z_STREAM_END);
  return TRUE;
}

static gboolean
run (Inflater *self, BIO *content, McSpool *output, GError **error)
{
  int state = Z_OK, done;
  while (state != Z_STREAM_END && (done = _mc_smime_fill_chunk (self->in, content)) > 0) {
    self->zlib.next_in = self->in->bytes;
    self->zlib.avail_in = (uInt) done;
    if (!drain (self, output, &state, error))
      return FALSE;
  }
  if (!_mc_smime_bio_check (content, error))
    return FALSE;
  return state == Z_STREAM_END || malformed (error);
}

gboolean
_mc_smime_inflate (GBytes *algorithm, BIO *content, McSpool *output, GError **error)
{
  if (!is_zlib (algorithm)) {
    _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("the compression is not supported"));
    return FALSE;
  }
  g_autoptr (McChunk) in = _mc_chunk_new ();
  g_autoptr (McChunk) out = _mc_chunk_new ();
  Inflater self = { .in = in, .out = out };
  if (inflateInit (&self.zlib) != Z_OK) {
    _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("zlib cannot be started"));
    return FALSE;
  }
  gboolean ok = run (&self, content, output, error);
  inflateEnd (&self.zlib);
  return ok;
}
