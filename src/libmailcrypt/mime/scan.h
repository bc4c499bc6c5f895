/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scanner: header blocks and delimiter lines (RFC 2046 section 5.1.1), to the octet. */
#pragma once

#include "mime/tree.h"

typedef struct {
  McEntity *root;          /* owned; without fields of its own */
  guint n_entities;
  guint depth;
  guint64 surround_bytes;  /* all preambles and epilogues */
  guint64 header_steps;    /* see _mc_entity_read_header() */
  GArray *quiet;           /* of McSpan, in order: long runs of whole body lines of which none
                            * can be a delimiter */
} McScan;

void _mc_scan_clear (McScan *scan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McScan, _mc_scan_clear)

/* @buffer_size is the size of one read, 0 for the usual: what it is does not show in the
 * result. Errors as _mc_tree_parse(). */
gboolean _mc_scan (McSpan span, const McLimits *limits, gboolean message, gsize buffer_size,
                   McScan *ret_scan, GError **error);
