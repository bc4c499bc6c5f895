/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the spool-cipher module offers to the spool: AES-256-CTR at any offset. */
#pragma once

#include <glib.h>

typedef struct {
  /* A cipher under a fresh random key; NULL when the engine refuses. */
  gpointer (*new) (void);
  void (*free) (gpointer cipher);
  /* Encrypts or decrypts @size bytes in place, @offset being their place in the file. */
  gboolean (*apply) (gpointer cipher, guint64 offset, guint8 *data, gsize size);
} McSpoolCipher;

#define MC_SPOOL_CIPHER_SYMBOL "_mc_spool_cipher"
extern const McSpoolCipher _mc_spool_cipher;
