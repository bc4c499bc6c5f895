/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ceilings that every message is held against (RFC 8551 section 3.7 and plain
 * prudence). Each has a name in the configuration group [limits]. */
#pragma once

#include "libmailcrypt.h"

typedef struct {
  guint64 total_bytes;     /* one message, and each decoded or decrypted form of it */
  guint64 memory_bytes;    /* what one spool keeps in memory before it overflows */
  guint64 header_bytes;    /* one header block */
  guint nesting_depth;     /* MIME entities inside each other */
  guint parts;             /* MIME entities in one message, layers included */
  guint layers;            /* cryptographic layers inside each other */
  guint recipients;        /* recipients of one encrypted layer, or of one sending */
  guint64 fetch_bytes;     /* a revocation list that is fetched */
  guint fetch_seconds;     /* for all that is asked about one layer's signers, or about one recipient */
} McLimits;

typedef struct {
  const char *name;        /* the configuration key */
  guint64 fallback;        /* value when not configured */
  guint64 least, most;     /* what may be configured */
} McLimitInfo;

/* Table of all limits in the order of McLimits, ended by a NULL name. */
extern const McLimitInfo _mc_limit_table[];

void _mc_limits_init (McLimits *limits);

/* Sets the limit called @name. FALSE with MC_ERROR_INVALID for an unknown name or
 * a value out of range. */
gboolean _mc_limits_set (McLimits *limits, const char *name, guint64 value, GError **error);
