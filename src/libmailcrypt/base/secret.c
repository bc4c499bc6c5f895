/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The counter is outside the pages: they read as zero in a forked child, which must
 * still be able to drop its references. */
struct _McSecret {
  gatomicrefcount refs;
  gsize size;
  gsize mapped_bytes;
  char *data;
};

void
_mc_wipe (void *data, gsize size)
{
  if (data != NULL && size > 0)
    explicit_bzero (data, size);
}

static char *
map_pages (gsize size, gsize *ret_mapped_bytes)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  if (size > G_MAXSIZE - page)
    g_error ("secret of %" G_GSIZE_FORMAT " octets", size);

  gsize bytes = (size / page + 1) * page;   /* room for the NUL */
  void *data = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    g_error ("no memory for a secret of %" G_GSIZE_FORMAT " octets", size);

  /* Best effort: a low RLIMIT_MEMLOCK or an old kernel is no reason to fail. */
  (void) mlock (data, bytes);
  (void) madvise (data, bytes, MADV_DONTDUMP);
  (void) madvise (data, bytes, MADV_WIPEONFORK);
  *ret_mapped_bytes = bytes;
  return data;
}

McSecret *
mc_secret_new (const char *data, gsize size)
{
  g_return_val_if_fail (data != NULL || size == 0, NULL);

  McSecret *secret = g_new0 (McSecret, 1);
  g_atomic_ref_count_init (&secret->refs);
  secret->size = size;
  secret->data = map_pages (size, &secret->mapped_bytes);
  if (size > 0)
    memcpy (secret->data, data, size);
  return secret;
}

McSecret *
mc_secret_ref (McSecret *secret)
{
  g_atomic_ref_count_inc (&secret->refs);
  return secret;
}

void
mc_secret_unref (McSecret *secret)
{
  if (secret == NULL || !g_atomic_ref_count_dec (&secret->refs))
    return;
  _mc_wipe (secret->data, secret->mapped_bytes);
  (void) munmap (secret->data, secret->mapped_bytes);
  g_free (secret);
}

char *
_mc_secret_get_data (McSecret *secret)
{
  return secret->data;
}

gsize
_mc_secret_get_size (const McSecret *secret)
{
  return secret->size;
}
