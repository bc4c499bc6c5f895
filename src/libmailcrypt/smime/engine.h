/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the S/MIME backend share. */
#pragma once

#include "context.h"
#include "smime/openssl.h"

/* One for each context. Nothing in it or behind it is shared by the process: OpenSSL's
 * default library context, its configuration file and its providers are not touched. */
struct _McEngine {
  McContext *context;
  OSSL_LIB_CTX *libctx;
  OSSL_PROVIDER *base;
  OSSL_LIB_CTX *legacy_libctx;        /* made on first use */
  OSSL_PROVIDER *legacy[2];
  BIO_METHOD *source, *sink;
};

/* A library context that also has the legacy provider: for PKCS#12 files of other
 * programs and for ciphers the user asked to read. MC_ERROR_ENGINE when there is none. */
OSSL_LIB_CTX *_mc_smime_legacy (McEngine *engine, GError **error);

/* Sets @code with OpenSSL's own reason behind the text, and empties its queue down to
 * the scope's mark. Always returns FALSE. Not for what a private key was used on: there
 * the reason is an oracle. */
gboolean _mc_smime_set_openssl_error (GError **error, McError code, const char *format, ...)
  G_GNUC_PRINTF (3, 4);

/* Now, or the time the caller judges by. */
gint64 _mc_smime_now (McEngine *engine);

/* The table's functions, by file. */
gboolean _mc_smime_find (McEngine *engine, const McKeyQuery *query, GPtrArray *keys,
                         GCancellable *cancellable, GError **error);
gboolean _mc_smime_export (McEngine *engine, McKey *key, gboolean mail, McSpool *output,
                           GCancellable *cancellable, GError **error);
gboolean _mc_smime_export_secret (McEngine *engine, McKey *key, McSecret *new_passphrase,
                                  McSpool *output, GCancellable *cancellable, GError **error);
gboolean _mc_smime_remove (McEngine *engine, McKey *key, GCancellable *cancellable,
                           GError **error);
gboolean _mc_smime_probe (McEngine *engine, McSpan span);
gboolean _mc_smime_verify (McEngine *engine, const McVerifyJob *job, McLayer *layer,
                           GCancellable *cancellable, GError **error);
gboolean _mc_smime_unwrap (McEngine *engine, McSpan object, const char *path,
                           McUnwrapFlags flags, McUnwrapped *ret_unwrapped,
                           GCancellable *cancellable, GError **error);
gboolean _mc_smime_describe (McEngine *engine, McSpan object, gboolean detached,
                             const char *path, McUnwrapped *ret_unwrapped,
                             GCancellable *cancellable, GError **error);
gboolean _mc_smime_sign (McEngine *engine, const McSignJob *job, McSealed *ret_sealed,
                         GCancellable *cancellable, GError **error);
gboolean _mc_smime_encrypt (McEngine *engine, const McEncryptJob *job, McSealed *ret_sealed,
                            GCancellable *cancellable, GError **error);
gboolean _mc_smime_import (McEngine *engine, McSpan data, McSecret *new_passphrase,
                           GPtrArray *results, GCancellable *cancellable, GError **error);
void _mc_smime_examine (McEngine *engine, GPtrArray *findings, GCancellable *cancellable);
gboolean _mc_smime_generate (McEngine *engine, const McKeyRequest *request, McKey **ret_key,
                             GCancellable *cancellable, GError **error);
