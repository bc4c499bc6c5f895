/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/bio.h"

#include "base/error.h"
#include "base/secret.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Just below what BIO_get_new_index() gives out: a number of our own, without a counter
 * of the process being moved. */
#define TYPE_SOURCE (BIO_TYPE_SOURCE_SINK | 126)
#define TYPE_SINK (BIO_TYPE_SOURCE_SINK | 127)

typedef struct {
  McReadFunc func;
  gpointer reader;
  GDestroyNotify reader_free;
  gboolean ended;
  McSpool *spool;             /* of a sink */
  GCancellable *cancellable;
  GError *error;
} McBio;

static void
mc_bio_free (McBio *self)
{
  if (self == NULL)
    return;
  if (self->reader_free != NULL)
    self->reader_free (self->reader);
  g_clear_pointer (&self->spool, _mc_spool_unref);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_free (self);
}

static int
bio_create (BIO *bio)
{
  BIO_set_init (bio, 1);
  return 1;
}

static int
bio_destroy (BIO *bio)
{
  mc_bio_free (BIO_get_data (bio));
  BIO_set_data (bio, NULL);
  return 1;
}

static int
source_read (BIO *bio, char *buffer, size_t size, size_t *ret_done)
{
  McBio *self = BIO_get_data (bio);
  *ret_done = 0;
  BIO_clear_retry_flags (bio);
  if (self->error != NULL || self->ended)
    return 0;
  if (g_cancellable_set_error_if_cancelled (self->cancellable, &self->error))
    return 0;

  gssize done = self->func (self->reader, buffer, size, &self->error);
  self->ended = done == 0;
  if (done <= 0)
    return 0;
  *ret_done = (size_t) done;
  return 1;
}

static int
sink_write (BIO *bio, const char *data, size_t size, size_t *ret_done)
{
  McBio *self = BIO_get_data (bio);
  *ret_done = 0;
  BIO_clear_retry_flags (bio);
  if (self->error != NULL
      || g_cancellable_set_error_if_cancelled (self->cancellable, &self->error)
      || !_mc_spool_append (self->spool, data, size, &self->error))
    return 0;
  *ret_done = size;
  return 1;
}

static long
bio_control (BIO *bio, int command, long number, void *pointer)
{
  McBio *self = BIO_get_data (bio);
  (void) number;
  (void) pointer;
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
      return 1;
    case BIO_CTRL_EOF:
      return self->ended || self->error != NULL;
    default:
      return 0;
  }
}

static BIO_METHOD *
new_method (int type, const char *name)
{
  BIO_METHOD *method = BIO_meth_new (type, name);
  if (method == NULL)
    return NULL;
  BIO_meth_set_create (method, bio_create);
  BIO_meth_set_destroy (method, bio_destroy);
  BIO_meth_set_ctrl (method, bio_control);
  return method;
}

BIO_METHOD *
_mc_smime_source_method (void)
{
  BIO_METHOD *method = new_method (TYPE_SOURCE, "mailcrypt source");
  if (method != NULL)
    BIO_meth_set_read_ex (method, source_read);
  return method;
}

BIO_METHOD *
_mc_smime_sink_method (void)
{
  BIO_METHOD *method = new_method (TYPE_SINK, "mailcrypt sink");
  if (method != NULL)
    BIO_meth_set_write_ex (method, sink_write);
  return method;
}

static BIO *
new_bio (const BIO_METHOD *method, McBio **ret_self, GCancellable *cancellable)
{
  BIO *bio = BIO_new (method);
  if (bio == NULL)
    g_error ("no memory for a BIO");
  *ret_self = g_new0 (McBio, 1);
  g_set_object (&(*ret_self)->cancellable, cancellable);
  BIO_set_data (bio, *ret_self);
  return bio;
}

BIO *
_mc_smime_source_new (McEngine *engine, McReadFunc func, gpointer reader,
                      GDestroyNotify reader_free, GCancellable *cancellable)
{
  McBio *self;
  BIO *bio = new_bio (engine->source, &self, cancellable);
  self->func = func;
  self->reader = reader;
  self->reader_free = reader_free;
  return bio;
}

static gssize
read_stream (gpointer reader, void *buffer, gsize size, GError **error)
{
  return g_input_stream_read (reader, buffer, size, NULL, error);
}

BIO *
_mc_smime_span_bio (McEngine *engine, McSpan span, McNewlines newlines,
                    GCancellable *cancellable)
{
  return _mc_smime_source_new (engine, read_stream, _mc_span_open (span, newlines),
                               g_object_unref, cancellable);
}

BIO *
_mc_smime_spool_bio (McEngine *engine, McSpool *spool, GCancellable *cancellable)
{
  McBio *self;
  BIO *bio = new_bio (engine->sink, &self, cancellable);
  self->spool = _mc_spool_ref (spool);
  return bio;
}

gboolean
_mc_smime_bio_check (BIO *bio, GError **error)
{
  McBio *self = BIO_get_data (bio);
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (self->error));
  return FALSE;
}

int
_mc_smime_fill_chunk (McChunk *chunk, BIO *from)
{
  int size = BIO_read (from, chunk->bytes, (int) sizeof chunk->bytes);
  _mc_chunk_mark (chunk, size >= 0 ? (gsize) size : sizeof chunk->bytes);
  return size;
}

gboolean
_mc_smime_pump (BIO *from, McSpool *to, GError **error)
{
  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  gboolean ok = TRUE;
  int done;
  while (ok && (done = _mc_smime_fill_chunk (chunk, from)) > 0)
    if (to != NULL)
      ok = _mc_spool_append (to, chunk->bytes, (gsize) done, error);
  return ok && done == 0;
}

gboolean
_mc_smime_pump_bio (BIO *from, BIO *to)
{
  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  gboolean ok = TRUE;
  int done;
  while (ok && (done = _mc_smime_fill_chunk (chunk, from)) > 0)
    ok = BIO_write (to, chunk->bytes, done) == done;
  return ok && done == 0;
}

BIO *
_mc_smime_hash_new (McEngine *engine, const char *digest)
{
  g_autoptr (EVP_MD) md = EVP_MD_fetch (engine->libctx, digest, NULL);
  BIO *bio = md != NULL ? BIO_new (BIO_f_md ()) : NULL;
  if (bio != NULL && BIO_set_md (bio, md) != 1)
    g_clear_pointer (&bio, BIO_free_all);
  return bio;
}

gboolean
_mc_smime_hash_content (BIO *hashes, BIO *content, McSpool *output, GError **error)
{
  GError *own = NULL;
  BIO *top = hashes != NULL ? BIO_push (hashes, content) : content;
  gboolean ok = _mc_smime_pump (top, output, &own);
  BIO_pop (content);
  if (own != NULL) {
    g_propagate_error (error, own);
    return FALSE;
  }
  if (!_mc_smime_bio_check (content, error))
    return FALSE;
  if (!ok)
    _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("content cannot be hashed"));
  return ok;
}

GBytes *
_mc_smime_bio_take_bytes (BIO *memory)
{
  char *data = NULL;
  long size = BIO_get_mem_data (memory, &data);
  return g_bytes_new (data, size > 0 ? (gsize) size : 0);
}
