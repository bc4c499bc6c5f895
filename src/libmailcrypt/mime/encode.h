/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quoted-printable and base64 (RFC 2045 sections 6.7 and 6.8), piece by piece. */
#pragma once

#include "mime/writer.h"

typedef struct {
  McWriter *writer;        /* borrowed */
  char line[80];           /* the output line so far */
  gsize size;
  char blank;              /* SP or HTAB that may turn out to end its line; or NUL */
  gboolean after_cr;
} McQuoter;

/* CRLF and LF become hard line breaks. No line of the output ends in white space, begins
 * with "From " or could be taken for a delimiter line. */
void _mc_quoter_init (McQuoter *quoter, McWriter *writer);
void _mc_quoter_put (McQuoter *quoter, const char *data, gsize size);
void _mc_quoter_finish (McQuoter *quoter);

typedef struct {
  McWriter *writer;        /* borrowed */
  guint8 line[57];         /* what makes one output line of 76 */
  gsize size;
  gboolean begun;
  gboolean crlf;           /* text: every bare LF becomes CRLF */
  gboolean after_cr;
} McBase64;

/* The output has CRLF between its lines, none behind the last. */
void _mc_base64_init (McBase64 *base64, McWriter *writer, gboolean crlf);
void _mc_base64_put (McBase64 *base64, const char *data, gsize size);
void _mc_base64_finish (McBase64 *base64);
