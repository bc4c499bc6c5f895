/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private keys: PKCS#8 in files DATA/private/PUBLIC-KEY.p8, mode 0600, encrypted (PBES2)
 * unless their owner wants them in clear. They never leave this module. */
#pragma once

#include "smime/engine.h"

gboolean _mc_private_key_exists (McEngine *engine, X509 *certificate);

/* The key of @certificate, its passphrase found through the sources; for @libctx. */
EVP_PKEY *_mc_private_key_load (McEngine *engine, OSSL_LIB_CTX *libctx, X509 *certificate,
                                GCancellable *cancellable, GError **error);

/* A key file on its way: complete and on disk, but without its name. */
typedef struct {
  char *folder, *path;
  char *temporary;          /* nullable: a name for the time being */
  int fd;
  gboolean placed;          /* the name did not exist before, and now does */
} McKeyFile;

/* Writes @key under @passphrase (nullable or empty: in clear). */
McKeyFile *_mc_key_file_write (McEngine *engine, const char *public_key, EVP_PKEY *key,
                               McSecret *passphrase, GError **error);
/* Gives it its name, replacing what had it. */
gboolean _mc_key_file_place (McKeyFile *file, GError **error);
/* Takes a name back that was not there before. */
void _mc_key_file_withdraw (McKeyFile *file);
void _mc_key_file_free (McKeyFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McKeyFile, _mc_key_file_free)

typedef enum {
  MC_KEY_FILE_ABSENT,
  MC_KEY_FILE_FITS,         /* opens with the passphrase given */
  MC_KEY_FILE_DIFFERS,      /* does not */
} McKeyFileState;
McKeyFileState _mc_key_file_probe (McEngine *engine, const char *public_key, McSecret *passphrase);
gboolean _mc_key_file_exists (McEngine *engine, const char *public_key);
/* Removes it; no error when there is none. */
gboolean _mc_key_file_remove (McEngine *engine, const char *public_key, GError **error);

/* Reading one PKCS#8 structure in DER. *ret_encrypted tells which kind it is. NULL:
 * neither, or the passphrase is wrong. */
EVP_PKEY *_mc_pkcs8_read (OSSL_LIB_CTX *libctx, const void *data, gsize size, McSecret *passphrase,
                          gboolean *ret_encrypted);
