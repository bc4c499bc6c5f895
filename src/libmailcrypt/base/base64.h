/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading base64 (RFC 4648 section 4), strictly and at the speed of memory: what GLib and GMime
 * have for it passes over whatever does not belong there. */
#pragma once

#include <glib.h>

/* The value of a character: 0 to 63, or MC_BASE64_NONE. */
#define MC_BASE64_NONE 0x80
extern const guint8 _mc_base64_values[256];

/* Decodes the groups of four characters that stand together at *@in, at most as many as fit into
 * @room octets; *@in is moved behind them. The number of octets put into @to. */
gsize _mc_base64_decode_groups (const guint8 **in, const guint8 *end, guint8 *to, gsize room);

/* Base64 as MIME has it (RFC 2045 section 6.8), piece by piece: white space anywhere, nothing
 * else foreign, whole groups, padding at the end only. Begins as { 0 }. */
typedef struct {
  guint32 bits;            /* of a group that is not complete */
  guint n;                 /* its characters so far */
  guint padding;           /* of them "=" */
  gboolean ended;          /* there was padding */
  gboolean broken;
} McBase64Decoder;

/* The number of octets put into @to, which has room for (@size / 4 + 1) * 3. */
gsize _mc_base64_decode (McBase64Decoder *decoder, const guint8 *data, gsize size, guint8 *to);
/* Whether all of it was base64, to the end. */
gboolean _mc_base64_is_whole (const McBase64Decoder *decoder);
