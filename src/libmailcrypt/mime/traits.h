/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is in a body that some transport or signature does not bear. */
#pragma once

#include "mime/tree.h"

typedef struct {
  gboolean nul;
  gboolean bare_cr;
  gboolean bare_lf;
  gboolean long_line;      /* more than 998 octets (RFC 5322 section 2.1.1) */
  gboolean trailing_blank;
  gboolean from_line;      /* a line that begins with "From " */
  guint64 n_octets;
  guint64 n_high;          /* of them over 127 */
  gboolean not_utf8;

  /* the line so far */
  guint64 column;
  gboolean from_so_far;
  gboolean blank;
  gboolean after_cr;
  char tail[4];            /* the start of a character that is not complete */
  gsize tail_size;
} McTraits;

void _mc_traits_init (McTraits *traits);
void _mc_traits_put (McTraits *traits, const char *data, gsize size);
void _mc_traits_finish (McTraits *traits);

/* Of the span's octets, or of an entity's decoded body. */
gboolean _mc_traits_of_span (McTraits *traits, McSpan span, GError **error);
gboolean _mc_traits_of_content (McTraits *traits, const McEntity *entity, GError **error);

/* Fit for "8bit" (RFC 2045 section 2.8), and for what is signed (RFC 3156 section 3). */
gboolean _mc_traits_is_8bit (const McTraits *traits);
gboolean _mc_traits_is_signable (const McTraits *traits);
