/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between OpenSSL's BIOs and our spans and spools. Bytes flow in pieces; what goes wrong
 * on our side is kept as a GError, since a BIO cannot carry one. */
#pragma once

#include "smime/engine.h"

/* For engine.c: the two kinds of BIO. */
BIO_METHOD *_mc_smime_source_method (void);
BIO_METHOD *_mc_smime_sink_method (void);

/* Reads up to @size octets; 0 at the end, -1 with @error set. */
typedef gssize (*McReadFunc) (gpointer reader, void *buffer, gsize size, GError **error);

/* A BIO to read from. @reader_free (nullable) is called on @reader at its end. */
BIO *_mc_smime_source_new (McEngine *engine, McReadFunc func, gpointer reader,
                           GDestroyNotify reader_free, GCancellable *cancellable);
/* The same over a span. */
BIO *_mc_smime_span_bio (McEngine *engine, McSpan span, McNewlines newlines,
                         GCancellable *cancellable);
/* A BIO that appends to @spool. */
BIO *_mc_smime_spool_bio (McEngine *engine, McSpool *spool, GCancellable *cancellable);

/* FALSE with @error set when reading or writing through this BIO failed on our side. */
gboolean _mc_smime_bio_check (BIO *bio, GError **error);

/* As BIO_read(). */
int _mc_smime_fill_chunk (McChunk *chunk, BIO *from);

/* Reads @from to its end into @to (nullable: nowhere). FALSE with @error unset: OpenSSL
 * failed. Our own failures are found with _mc_smime_bio_check() on the BIO they are in. */
gboolean _mc_smime_pump (BIO *from, McSpool *to, GError **error);

/* The same into another BIO. FALSE: the cause is found on either of them. */
gboolean _mc_smime_pump_bio (BIO *from, BIO *to);

/* A BIO that hashes what is read through it. NULL: there is no such digest. */
BIO *_mc_smime_hash_new (McEngine *engine, const char *digest);
/* Reads @content to its end through @hashes (nullable: none), which is left without it. */
gboolean _mc_smime_hash_content (BIO *hashes, BIO *content, McSpool *output, GError **error);

/* All that is in a memory BIO. */
GBytes *_mc_smime_bio_take_bytes (BIO *memory);
