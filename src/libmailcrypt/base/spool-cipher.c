/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module of its own, so that only a spool that overflows memory maps libcrypto. */
#include "config.h"

#include "base/spool-cipher.h"

#include <gmodule.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define BLOCK_BYTES 16
#define KEY_BYTES 32

/* EVP counts in int. */
#define MAX_UPDATE_BYTES ((gsize) 1 << 30)

/* Ours alone: the host's default one with its configuration stays untouched. It lives
 * as long as the module, which is resident. */
static OSSL_LIB_CTX *
get_library_context (void)
{
  static OSSL_LIB_CTX *context = NULL;
  static gsize done = 0;
  if (g_once_init_enter (&done)) {
    context = OSSL_LIB_CTX_new ();
    g_once_init_leave (&done, 1);
  }
  return context;
}

static gboolean
set_random_key (EVP_CIPHER_CTX *context, OSSL_LIB_CTX *library)
{
  EVP_CIPHER *type = EVP_CIPHER_fetch (library, "AES-256-CTR", NULL);
  if (type == NULL)
    return FALSE;

  guint8 key[KEY_BYTES];
  gboolean done = RAND_priv_bytes_ex (library, key, sizeof key, 0) == 1
                  && EVP_EncryptInit_ex2 (context, type, key, NULL, NULL) == 1;
  OPENSSL_cleanse (key, sizeof key);
  EVP_CIPHER_free (type);   /* the context keeps its own reference */
  return done;
}

static gpointer
cipher_new (void)
{
  OSSL_LIB_CTX *library = get_library_context ();
  if (library == NULL)
    return NULL;

  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();
  if (context == NULL)
    return NULL;
  if (!set_random_key (context, library)) {
    EVP_CIPHER_CTX_free (context);
    return NULL;
  }
  return context;
}

static void
cipher_free (gpointer cipher)
{
  EVP_CIPHER_CTX_free (cipher);
}

/* Sets the counter to the block of @offset and skips the key stream before it. The key
 * is fresh for each spool, so the counter needs no nonce. */
static gboolean
seek (EVP_CIPHER_CTX *context, guint64 offset)
{
  guint8 counter[BLOCK_BYTES] = { 0 };
  guint64 block = GUINT64_TO_BE (offset / BLOCK_BYTES);
  memcpy (counter + BLOCK_BYTES - sizeof block, &block, sizeof block);
  if (EVP_EncryptInit_ex2 (context, NULL, NULL, counter, NULL) != 1)
    return FALSE;

  guint8 skipped[BLOCK_BYTES] = { 0 };
  int skip = (int) (offset % BLOCK_BYTES);
  int done = 0;
  return skip == 0 || EVP_EncryptUpdate (context, skipped, &done, skipped, skip) == 1;
}

static gboolean
cipher_apply (gpointer cipher, guint64 offset, guint8 *data, gsize size)
{
  if (!seek (cipher, offset))
    return FALSE;

  while (size > 0) {
    int length = (int) MIN (size, MAX_UPDATE_BYTES);
    int done = 0;
    if (EVP_EncryptUpdate (cipher, data, &done, data, length) != 1 || done != length)
      return FALSE;
    data += length;
    size -= (gsize) length;
  }
  return TRUE;
}

G_MODULE_EXPORT const McSpoolCipher _mc_spool_cipher = {
  .new = cipher_new,
  .free = cipher_free,
  .apply = cipher_apply,
};
