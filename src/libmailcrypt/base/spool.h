/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The spool: the only place where message bytes live. In memory up to
 * McLimits.memory_bytes, beyond that in an unlinked file that is encrypted under a
 * random key which exists in this process alone (AES-256-CTR). Large pieces of other
 * spools, large files of the user's own, and what much base64 stands for are referred to.
 * Append-only and readable at any offset; never larger than McLimits.total_bytes. Memory is
 * wiped when the last reference goes. Not thread-safe. */
#pragma once

#include "base/chunk.h"
#include "base/limits.h"

typedef struct _McSpool McSpool;

McSpool *_mc_spool_new (const McLimits *limits);
McSpool *_mc_spool_ref (McSpool *spool);
void _mc_spool_unref (McSpool *spool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McSpool, _mc_spool_unref)

guint64 _mc_spool_get_size (const McSpool *spool);

/* Appends @size bytes. Errors: MC_ERROR_LIMIT over the cap, MC_ERROR_IO. */
gboolean _mc_spool_append (McSpool *spool, const void *data, gsize size, GError **error);

/* Appends all that @input gives until its end. A large file of the user's own is read where it
 * lies (input-file.h): should it be changed later, reading fails with MC_ERROR_IO. */
gboolean _mc_spool_append_stream (McSpool *spool, GInputStream *input, GCancellable *cancellable,
                                  GError **error);

/* Reads up to @size bytes at @offset; 0 at the end, -1 with @error set on failure.
 * Short reads happen only at the end. */
gssize _mc_spool_read_at (McSpool *spool, guint64 offset, void *buffer, gsize size,
                          GError **error);

/* A range of a spool. Plain value; it owns nothing: who makes one sees to it that
 * the spool outlives it. */
typedef struct {
  McSpool *spool;
  guint64 start;           /* offset of the first byte */
  guint64 end;             /* offset behind the last byte */
} McSpan;

/* Appends the span: a large one by reference, which costs nothing. */
gboolean _mc_spool_append_span (McSpool *spool, McSpan span, GError **error);

/* Appends what @encoded stands for, which must be base64 from end to end (base64.h): else it is
 * MC_ERROR_MALFORMED. Much of it is not kept, but decoded whenever it is read. */
gboolean _mc_spool_append_base64 (McSpool *spool, McSpan encoded, GCancellable *cancellable,
                                  GError **error);

/* Moves the head of the span into @chunk: at most what fits; 0 at its end, -1 with @error set. */
gssize _mc_span_take (McSpan *span, McChunk *chunk, GError **error);

/* Whether every LF comes after a CR: MC_NEWLINES_CRLF would change nothing. FALSE also when
 * it cannot be read. */
gboolean _mc_span_is_canonical (McSpan span);

#define MC_SPAN_NONE ((McSpan) { NULL, 0, 0 })

McSpan _mc_span_whole (McSpool *spool);
static inline guint64 _mc_span_size (McSpan span) { return span.end - span.start; }

typedef enum {
  MC_NEWLINES_AS_IS,
  MC_NEWLINES_CRLF,        /* every bare LF becomes CRLF: the canonical form that is
                            * hashed (RFC 8551 section 3.1.1, RFC 3156 section 5) */
  MC_NEWLINES_LF,          /* every CRLF becomes LF */
} McNewlines;

/* A stream over the span's bytes. The stream holds a reference to the spool. */
GInputStream *_mc_span_open (McSpan span, McNewlines newlines);

/* Writes the span to @output. */
gboolean _mc_span_write (McSpan span, McNewlines newlines, GOutputStream *output,
                         GCancellable *cancellable, GError **error);

/* The span as one NUL-terminated block (NULs inside stay), at most @max_bytes:
 * more is MC_ERROR_LIMIT. */
GBytes *_mc_span_load (McSpan span, gsize max_bytes, GError **error);
