/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/spool.h"

#include "base/chunk.h"
#include "base/error.h"
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

static const char *const file_folders[] = { "/tmp", "/var/tmp" };

/* The content is [0, flushed) in the file, and behind that `used` octets in the window.
 * Until the first overflow all of it is in the window. */
struct _McSpool {
  grefcount refs;
  guint64 total_bytes;
  gsize memory_bytes;

  guint8 *window;
  gsize allocated;
  gsize used;

  int fd;                        /* -1 before the first overflow */
  guint64 flushed;
  const McSpoolCipher *cipher;   /* from the module, resident */
  gpointer key;
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
  _mc_wipe (spool->window, spool->allocated);
  g_clear_pointer (&spool->window, g_free);
  spool->allocated = 0;
}

void
_mc_spool_unref (McSpool *spool)
{
  if (spool == NULL || !g_ref_count_dec (&spool->refs))
    return;
  free_window (spool);
  if (spool->key != NULL)
    spool->cipher->free (spool->key);
  if (spool->fd >= 0)
    (void) close (spool->fd);
  g_free (spool);
}

guint64
_mc_spool_get_size (const McSpool *spool)
{
  return spool->flushed + spool->used;
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
read_file (int fd, guint64 offset, guint8 *data, gsize size)
{
  while (size > 0) {
    errno = EIO;   /* what an early end of the file amounts to */
    gssize done = pread (fd, data, size, (off_t) offset);
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
check_room (const McSpool *spool, gsize size, GError **error)
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
  if (!read_file (spool->fd, offset, data, size)) {
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

  guint8 *to = buffer;
  size = (gsize) MIN (MIN ((guint64) size, total - offset), (guint64) G_MAXSSIZE);
  gsize in_file = 0;
  if (offset < spool->flushed) {
    in_file = (gsize) MIN ((guint64) size, spool->flushed - offset);
    if (!read_flushed (spool, offset, to, in_file, error))
      return -1;
  }
  if (size > in_file)
    memcpy (to + in_file, spool->window + (offset + in_file - spool->flushed), size - in_file);
  return (gssize) size;
}

gboolean
_mc_spool_append_stream (McSpool *spool, GInputStream *input, GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  for (;;) {
    /* Not every stream looks. */
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    gssize size = g_input_stream_read (input, chunk->bytes, sizeof chunk->bytes, cancellable,
                                       error);
    if (size < 0)
      return _mc_error_adopt (error, MC_ERROR_IO, _("cannot read the input"));
    if (size == 0)
      return TRUE;
    if (!_mc_spool_append (spool, chunk->bytes, (gsize) size, error))
      return FALSE;
  }
}
