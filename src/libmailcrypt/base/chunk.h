/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A buffer for message bytes on their way, wiped when freed. */
#pragma once

#include "base/secret.h"

typedef struct {
  guint8 bytes[64 * 1024];
} McChunk;

static inline McChunk *
_mc_chunk_new (void)
{
  return g_new (McChunk, 1);
}

static inline void
_mc_chunk_free (McChunk *chunk)
{
  _mc_wipe (chunk, sizeof *chunk);
  g_free (chunk);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McChunk, _mc_chunk_free)
