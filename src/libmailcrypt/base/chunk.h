/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A buffer for message bytes on their way, wiped when freed. */
#pragma once

#include "base/secret.h"

#include <gio/gio.h>

typedef struct {
  gsize used;    /* octets that ever held something: pages never touched stay so */
  guint8 bytes[64 * 1024];
} McChunk;

static inline McChunk *
_mc_chunk_new (void)
{
  McChunk *chunk = g_new (McChunk, 1);
  chunk->used = 0;
  return chunk;
}

/* To be called for every writing into it, with its size. */
static inline void
_mc_chunk_mark (McChunk *chunk, gsize size)
{
  chunk->used = MAX (chunk->used, size);
}

static inline void
_mc_chunk_free (McChunk *chunk)
{
  _mc_wipe (chunk->bytes, chunk->used);
  g_free (chunk);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McChunk, _mc_chunk_free)

/* As g_input_stream_read(). */
static inline gssize
_mc_chunk_fill (McChunk *chunk, GInputStream *input, GCancellable *cancellable, GError **error)
{
  gssize size = g_input_stream_read (input, chunk->bytes, sizeof chunk->bytes, cancellable, error);
  _mc_chunk_mark (chunk, size >= 0 ? (gsize) size : sizeof chunk->bytes);
  return size;
}
