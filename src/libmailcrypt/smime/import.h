/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file to import holds, collected before anything is written. */
#pragma once

#include "smime/engine.h"

typedef struct {
  McEngine *engine;
  GCancellable *cancellable;
  OSSL_LIB_CTX *libctx;     /* for reading: with the legacy provider where there is one */
  McX509Stack *certificates;
  GPtrArray *keys;          /* of EVP_PKEY */
  McSecret *passphrase;     /* the one that opened something; nullable */
} McHoard;

/* A passphrase for what is being read, kept in @hoard when it fits; the last one that did
 * and none at all are tried before anybody is asked. */
typedef gboolean (*McOpenFunc) (McSecret *secret, gpointer user_data);
gboolean _mc_hoard_open (McHoard *hoard, const char *purpose, McOpenFunc func, gpointer user_data,
                         GError **error);

void _mc_hoard_add_key (McHoard *hoard, EVP_PKEY *key);   /* takes it */
/* MC_ERROR_MALFORMED when it is broken. */
gboolean _mc_hoard_add_certificate (McHoard *hoard, const void *der, gsize size, GError **error);

/* The formats. Each returns FALSE with @error unset when @data is something else. */
gboolean _mc_hoard_read_pkcs12 (McHoard *hoard, const void *data, gsize size, GError **error);
gboolean _mc_hoard_read_pkcs7 (McHoard *hoard, const void *data, gsize size, GError **error);
gboolean _mc_hoard_read_key (McHoard *hoard, const void *data, gsize size, GError **error);
gboolean _mc_hoard_read_pem (McHoard *hoard, const void *data, gsize size, GError **error);
/* Any of the above. MC_ERROR_MALFORMED when it is none of them. */
gboolean _mc_hoard_read (McHoard *hoard, const void *data, gsize size, GError **error);
