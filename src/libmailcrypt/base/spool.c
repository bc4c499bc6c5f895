/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/spool.h"

#include "base/chunk.h"
#include "base/decoded.h"
#include "base/error.h"
#include "base/input-file.h"
#include "base/module.h"
#include "base/secret.h"
#include "base/spool-cipher.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_WINDOW_BYTES ((gsize) 4096)
#define FILE_WINDOW_BYTES ((gsize) 128 * 1024)
/* Reads that are smaller fetch more than is asked for. */
#define SMALL_READ_BYTES ((gsize) 16 * 1024)
/* Less than this is copied; a reference would cost more. */
#define BORROW_BYTES ((guint64) 64 * 1024)

static const char *const file_folders[] = { "/tmp", "/var/tmp" };

/* A range of the content that lies elsewhere: in the own octets of another spool, in a file, or
 * in base64. */
typedef struct {
  guint64 at;                    /* where it begins in this spool */
  guint64 size;
  guint64 before;                /* octets in the pieces before it */
  McSpool *spool;
  McInputFile *file;
  McDecoded *decoded;
  guint64 start;                 /* its first octet over there */
} Piece;

/* The content is pieces and own octets between them. These are [0, flushed) in the file, and
 * behind that `used` octets in the window. Until the first overflow all of them are in the
 * window. */
struct _McSpool {
  grefcount refs;
  guint64 total_bytes;
  gsize memory_bytes;
  GArray *pieces;                /* of Piece, in order; NULL: none */

  guint8 *window;
  gsize allocated;
  gsize used;

  int fd;                        /* -1 before the first overflow */
  guint64 flushed;
  const McSpoolCipher *cipher;   /* from the module, resident */
  gpointer key;
  McChunk *ahead;                /* what follows the last small read: [ahead_at, + ahead_size) */
  guint64 ahead_at;
  gsize ahead_size;
  gboolean broken;               /* a failed flush: the window is no plaintext any more */
};

McSpool *
_mc_spool_new (const McLimits *limits)
{
  McSpool *spool = g_new0 (McSpool, 1);
  g_ref_count_init (&spool->refs);
  spool->total_bytes = limits->total_bytes;
  spool->memory_bytes = (gsize) MIN (limits->memory_bytes, G_MAXSIZE / 4);
  spool->fd = -1;
  return spool;
}

McSpool *
_mc_spool_ref (McSpool *spool)
{
  g_ref_count_inc (&spool->refs);
  return spool;
}

static void
free_window (McSpool *spool)
{
  _mc_wipe (spool->window, spool->flushed > 0 ? spool->allocated : spool->used);
  g_clear_pointer (&spool->window, g_free);
  spool->allocated = 0;
}

static void
piece_clear (gpointer data)
{
  Piece *piece = data;
  _mc_spool_unref (piece->spool);
  _mc_input_file_unref (piece->file);
  _mc_decoded_unref (piece->decoded);
}

void
_mc_spool_unref (McSpool *spool)
{
  if (spool == NULL || !g_ref_count_dec (&spool->refs))
    return;
  free_window (spool);
  g_clear_pointer (&spool->ahead, _mc_chunk_free);
  g_clear_pointer (&spool->pieces, g_array_unref);
  if (spool->key != NULL)
    spool->cipher->free (spool->key);
  if (spool->fd >= 0)
    (void) close (spool->fd);
  g_free (spool);
}

static guint64
get_borrowed_size (const McSpool *spool)
{
  if (spool->pieces == NULL)
    return 0;
  const Piece *last = &g_array_index (spool->pieces, Piece, spool->pieces->len - 1);
  return last->before + last->size;
}

guint64
_mc_spool_get_size (const McSpool *spool)
{
  return spool->flushed + spool->used + get_borrowed_size (spool);
}

/* -------------------------------------------------------------------- file -- */

/* A file without a name; where the file system has no such thing, unlinked at once. */
static int
open_unnamed_file (const char *folder)
{
  int fd = open (folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0)
    return fd;

  g_autofree char *path = g_build_filename (folder, "mailcrypt-XXXXXX", NULL);
  fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 && unlink (path) != 0) {
    (void) close (fd);
    return -1;
  }
  return fd;
}

static gboolean
open_file (McSpool *spool, GError **error)
{
  spool->cipher = _mc_module_symbol ("spool-cipher", MC_SPOOL_CIPHER_SYMBOL, error);
  if (spool->cipher == NULL)
    return FALSE;
  if (spool->key == NULL)
    spool->key = spool->cipher->new ();
  if (spool->key == NULL) {
    _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("no random key from libcrypto"));
    return FALSE;
  }

  for (gsize i = 0; i < G_N_ELEMENTS (file_folders) && spool->fd < 0; i++)
    spool->fd = open_unnamed_file (file_folders[i]);
  if (spool->fd < 0) {
    int code = errno;
    _mc_set_error (error, MC_ERROR_IO, NULL, _("cannot make a temporary file in '%s': %s"),
                   file_folders[0], g_strerror (code));
    return FALSE;
  }
  return TRUE;
}

static gboolean
write_file (int fd, guint64 offset, const guint8 *data, gsize size)
{
  while (size > 0) {
    gssize done = pwrite (fd, data, size, (off_t) offset);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return FALSE;
    data += done;
    offset += (guint64) done;
    size -= (gsize) done;
  }
  return TRUE;
}

static gboolean
check_whole (const McSpool *spool, GError **error)
{
  if (spool->broken)
    _mc_set_error (error, MC_ERROR_IO, NULL, _("the temporary file is not complete"));
  return !spool->broken;
}

/* Moves the window's content into the file, encrypted in place. */
static gboolean
flush_window (McSpool *spool, GError **error)
{
  if (spool->fd < 0 && !open_file (spool, error))
    return FALSE;

  spool->broken = TRUE;
  if (!spool->cipher->apply (spool->key, spool->flushed, spool->window, spool->used)) {
    _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("libcrypto cannot encrypt"));
    return FALSE;
  }
  if (!write_file (spool->fd, spool->flushed, spool->window, spool->used)) {
    int code = errno;
    _mc_set_error (error, MC_ERROR_IO, _("free some space in /tmp"),
                   _("cannot write the temporary file: %s"), g_strerror (code));
    return FALSE;
  }
  spool->broken = FALSE;
  spool->flushed += spool->used;
  spool->used = 0;
  if (spool->allocated > FILE_WINDOW_BYTES)
    free_window (spool);
  return TRUE;
}

/* ------------------------------------------------------------------ window -- */

static gsize
get_window_limit (const McSpool *spool)
{
  return spool->fd < 0 ? spool->memory_bytes : FILE_WINDOW_BYTES;
}

/* Not realloc: it would leave a copy behind. */
static gboolean
grow_window (McSpool *spool, gsize needed, GError **error)
{
  if (needed <= spool->allocated)
    return TRUE;

  gsize size = MAX (spool->allocated * 2, FIRST_WINDOW_BYTES);
  size = MAX (MIN (size, get_window_limit (spool)), needed);
  guint8 *grown = g_try_malloc (size);
  if (grown == NULL) {
    _mc_set_error (error, MC_ERROR_IO, NULL, _("out of memory"));
    return FALSE;
  }
  if (spool->used > 0)
    memcpy (grown, spool->window, spool->used);
  free_window (spool);
  spool->window = grown;
  spool->allocated = size;
  return TRUE;
}

static gboolean
check_room (const McSpool *spool, guint64 size, GError **error)
{
  guint64 have = _mc_spool_get_size (spool);
  if (have <= spool->total_bytes && size <= spool->total_bytes - have)
    return TRUE;
  _mc_set_error (error, MC_ERROR_LIMIT,
                 _("the limit is 'total-bytes' in group [limits] of the configuration"),
                 _("message larger than %llu octets"), (unsigned long long) spool->total_bytes);
  return FALSE;
}

gboolean
_mc_spool_append (McSpool *spool, const void *data, gsize size, GError **error)
{
  if (!check_whole (spool, error) || !check_room (spool, size, error))
    return FALSE;

  const guint8 *from = data;
  while (size > 0) {
    if (spool->used >= get_window_limit (spool) && !flush_window (spool, error))
      return FALSE;
    gsize part = MIN (size, get_window_limit (spool) - spool->used);
    if (!grow_window (spool, spool->used + part, error))
      return FALSE;
    memcpy (spool->window + spool->used, from, part);
    spool->used += part;
    from += part;
    size -= part;
  }
  return TRUE;
}

/* ----------------------------------------------------------------- reading -- */

static gboolean
read_flushed (McSpool *spool, guint64 offset, guint8 *data, gsize size, GError **error)
{
  if (!_mc_read_all_at (spool->fd, offset, data, size)) {
    int code = errno;
    _mc_set_error (error, MC_ERROR_IO, NULL, _("cannot read the temporary file: %s"),
                   g_strerror (code));
    return FALSE;
  }
  if (!spool->cipher->apply (spool->key, offset, data, size)) {
    _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("libcrypto cannot decrypt"));
    return FALSE;
  }
  return TRUE;
}

/* All of @size octets at @offset of what is our own. */
static gboolean
read_own (McSpool *spool, guint64 offset, guint8 *to, gsize size, GError **error)
{
  gsize in_file = 0;
  if (offset < spool->flushed) {
    in_file = (gsize) MIN ((guint64) size, spool->flushed - offset);
    if (!read_flushed (spool, offset, to, in_file, error))
      return FALSE;
  }
  if (size > in_file)
    memcpy (to + in_file, spool->window + (offset + in_file - spool->flushed), size - in_file);
  return TRUE;
}

static gboolean
read_piece (const Piece *piece, guint64 offset, guint8 *to, gsize size, GError **error)
{
  if (piece->file != NULL)
    return _mc_input_file_read (piece->file, piece->start + offset, to, size, error);
  if (piece->decoded != NULL)
    return _mc_decoded_read (piece->decoded, piece->start + offset, to, size, error);
  return check_whole (piece->spool, error)
         && read_own (piece->spool, piece->start + offset, to, size, error);
}

/* The first piece that ends behind @offset. */
static const Piece *
find_piece (const McSpool *spool, guint64 offset)
{
  for (guint i = 0; spool->pieces != NULL && i < spool->pieces->len; i++) {
    const Piece *piece = &g_array_index (spool->pieces, Piece, i);
    if (piece->at + piece->size > offset)
      return piece;
  }
  return NULL;
}

/* Where the octet at @offset lies: inside the piece, or with our own from @ret_own on; and how
 * many there are in a row. */
static const Piece *
locate (const McSpool *spool, guint64 offset, guint64 *ret_own, guint64 *ret_run)
{
  const Piece *piece = find_piece (spool, offset);
  if (piece != NULL && offset >= piece->at) {
    *ret_run = piece->at + piece->size - offset;
    return piece;
  }
  *ret_own = offset - (piece != NULL ? piece->before : get_borrowed_size (spool));
  *ret_run = (piece != NULL ? piece->at : _mc_spool_get_size (spool)) - offset;
  return NULL;
}

/* All of @size octets at @offset. */
static gboolean
read_through (McSpool *spool, guint64 offset, guint8 *to, gsize size, GError **error)
{
  for (gsize done = 0; done < size;) {
    guint64 own = 0, run;
    const Piece *piece = locate (spool, offset + done, &own, &run);
    gsize part = (gsize) MIN ((guint64) (size - done), run);
    if (piece != NULL ? !read_piece (piece, offset + done - piece->at, to + done, part, error)
                      : !read_own (spool, own, to + done, part, error))
      return FALSE;
    done += part;
  }
  return TRUE;
}

static gboolean
is_ahead (const McSpool *spool, guint64 offset, gsize size)
{
  return offset >= spool->ahead_at && offset - spool->ahead_at <= spool->ahead_size
         && size <= spool->ahead_size - (offset - spool->ahead_at);
}

/* One small read after the other costs as little as large ones. */
static gboolean
read_ahead (McSpool *spool, guint64 offset, guint8 *to, gsize size, GError **error)
{
  if (!is_ahead (spool, offset, size)) {
    if (spool->ahead == NULL)
      spool->ahead = _mc_chunk_new ();
    gsize more = (gsize) MIN (sizeof spool->ahead->bytes, _mc_spool_get_size (spool) - offset);
    _mc_chunk_mark (spool->ahead, more);
    spool->ahead_size = 0;
    if (!read_through (spool, offset, spool->ahead->bytes, more, error))
      return FALSE;
    spool->ahead_at = offset;
    spool->ahead_size = more;
  }
  memcpy (to, spool->ahead->bytes + (offset - spool->ahead_at), size);
  return TRUE;
}

gssize
_mc_spool_read_at (McSpool *spool, guint64 offset, void *buffer, gsize size, GError **error)
{
  if (size == 0)
    return 0;
  if (!check_whole (spool, error))
    return -1;
  guint64 total = _mc_spool_get_size (spool);
  if (offset >= total)
    return 0;

  size = (gsize) MIN (MIN ((guint64) size, total - offset), (guint64) G_MAXSSIZE);
  gboolean in_memory = spool->fd < 0 && spool->pieces == NULL;
  gboolean done = in_memory || size > SMALL_READ_BYTES
                    ? read_through (spool, offset, buffer, size, error)
                    : read_ahead (spool, offset, buffer, size, error);
  return done ? (gssize) size : -1;
}

/* --------------------------------------------------------------- borrowing -- */

/* @size octets from @start on of what @source refers to. */
static void
add_piece (McSpool *spool, const Piece *source, guint64 start, guint64 size)
{
  Piece piece = *source;
  piece.at = _mc_spool_get_size (spool);
  piece.size = size;
  piece.start = start;
  piece.before = get_borrowed_size (spool);
  if (piece.file != NULL)
    _mc_input_file_ref (piece.file);
  else if (piece.decoded != NULL)
    _mc_decoded_ref (piece.decoded);
  else
    _mc_spool_ref (piece.spool);
  if (spool->pieces == NULL) {
    spool->pieces = g_array_new (FALSE, FALSE, sizeof piece);
    g_array_set_clear_func (spool->pieces, piece_clear);
  }
  g_array_append_val (spool->pieces, piece);
}

gboolean
_mc_spool_append_stream (McSpool *spool, GInputStream *input, GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (McInputFile) file =
    _mc_input_file_new (input, MAX (spool->memory_bytes, BORROW_BYTES));
  if (file != NULL) {
    guint64 size = _mc_input_file_get_size (file);
    if (!check_whole (spool, error) || !check_room (spool, size, error))
      return FALSE;
    const Piece source = { .file = file };
    add_piece (spool, &source, 0, size);
    return TRUE;
  }

  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  for (;;) {
    /* Not every stream looks. */
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    gssize size = _mc_chunk_fill (chunk, input, cancellable, error);
    if (size < 0)
      return _mc_error_adopt (error, MC_ERROR_IO, _("cannot read the input"));
    if (size == 0)
      return TRUE;
    if (!_mc_spool_append (spool, chunk->bytes, (gsize) size, error))
      return FALSE;
  }
}

gboolean
_mc_spool_append_span (McSpool *spool, McSpan span, GError **error)
{
  if (span.spool == spool || _mc_span_size (span) < BORROW_BYTES) {
    g_autoptr (GInputStream) stream = _mc_span_open (span, MC_NEWLINES_AS_IS);
    return _mc_spool_append_stream (spool, stream, NULL, error);
  }
  if (!check_whole (spool, error) || !check_whole (span.spool, error)
      || !check_room (spool, _mc_span_size (span), error))
    return FALSE;

  for (guint64 at = span.start; at < span.end;) {
    guint64 own = 0, run;
    const Piece *piece = locate (span.spool, at, &own, &run);
    run = MIN (run, span.end - at);
    const Piece source = { .spool = span.spool };
    if (piece != NULL)
      add_piece (spool, piece, piece->start + (at - piece->at), run);
    else
      add_piece (spool, &source, own, run);
    at += run;
  }
  return TRUE;
}

gboolean
_mc_spool_append_base64 (McSpool *spool, McSpan encoded, GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (McDecoded) decoded = _mc_decoded_new (encoded, cancellable, error);
  guint64 size = decoded != NULL ? _mc_decoded_get_size (decoded) : 0;
  if (decoded == NULL || !check_whole (spool, error) || !check_room (spool, size, error))
    return FALSE;
  if (size >= BORROW_BYTES) {
    const Piece source = { .decoded = decoded };
    add_piece (spool, &source, 0, size);
    return TRUE;
  }
  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  _mc_chunk_mark (chunk, (gsize) size);
  return _mc_decoded_read (decoded, 0, chunk->bytes, (gsize) size, error)
         && _mc_spool_append (spool, chunk->bytes, (gsize) size, error);
}
