/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One DER object over plain HTTP, within limits. The address is an authority's, but what
 * it names need not be: a connection goes only to addresses that were looked at. */
#pragma once

#include "smime/engine.h"

#include <gio/gio.h>

typedef struct {
  const char *url;
  GBytes *body;             /* nullable: posted */
  const char *body_type;
  const char *answer_type;  /* nullable: any media type will do */
  gsize max_bytes;
  gint64 deadline;          /* by g_get_monotonic_time() */
  gboolean anywhere;        /* to addresses that are not public, too */
} McFetch;

/* The answer's body. MC_ERROR_INVALID: a URL or address that is not to be used;
 * MC_ERROR_LIMIT: too late; MC_ERROR_IO; cancellation. */
GBytes *_mc_fetch (const McFetch *job, GCancellable *cancellable, GError **error);

/* Whether the whole Internet knows this address as one machine's. */
gboolean _mc_address_is_public (GInetAddress *address);
