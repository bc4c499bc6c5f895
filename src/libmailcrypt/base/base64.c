/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/base64.h"

#define NO MC_BASE64_NONE

const guint8 _mc_base64_values[256] = {
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, NO, 63,
  52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
  NO,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
  15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
  NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
  41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
  [128 ... 255] = NO,
};

/* What each character adds to the 24 bits of a group, for each place in it. */
#define FOREIGN ((guint32) 1 << 31)
typedef guint32 Places[4][256];

static const Places *
get_places (void)
{
  static Places places;
  static gsize ready = 0;

  if (g_once_init_enter (&ready)) {
    for (guint c = 0; c < 256; c++)
      for (guint i = 0; i < 4; i++) {
        guint32 value = _mc_base64_values[c];
        places[i][c] = value == MC_BASE64_NONE ? FOREIGN : value << (18 - 6 * i);
      }
    g_once_init_leave (&ready, 1);
  }
  return (const Places *) &places;
}

gsize
_mc_base64_decode_groups (const guint8 **in, const guint8 *end, guint8 *to, gsize room)
{
  const Places *places = get_places ();
  const guint8 *at = *in;
  guint8 *next = to;
  for (gsize left = MIN ((gsize) (end - at) / 4, room / 3); left > 0; left--) {
    guint32 bits = (*places)[0][at[0]] | (*places)[1][at[1]] | (*places)[2][at[2]]
                   | (*places)[3][at[3]];
    if ((bits & FOREIGN) != 0)
      break;
    next[0] = (guint8) (bits >> 16);
    next[1] = (guint8) (bits >> 8);
    next[2] = (guint8) bits;
    next += 3;
    at += 4;
  }
  *in = at;
  return (gsize) (next - to);
}

static gsize
end_group (McBase64Decoder *decoder, guint8 *to)
{
  const guint8 octets[3] = { (guint8) (decoder->bits >> 16), (guint8) (decoder->bits >> 8),
                             (guint8) decoder->bits };
  gsize size = 3 - decoder->padding;
  for (gsize i = 0; i < size; i++)
    to[i] = octets[i];
  decoder->ended = decoder->padding > 0;
  decoder->bits = decoder->n = decoder->padding = 0;
  return size;
}

static gboolean
is_space (guint8 c)
{
  return c == '\r' || c == '\n' || c == ' ' || c == '\t';
}

/* One character that may be of a group. */
static gsize
take (McBase64Decoder *decoder, guint8 c, guint8 *to)
{
  guint8 value = _mc_base64_values[c];
  gboolean padding = c == '=';
  if (is_space (c))
    return 0;
  gboolean fits = padding ? decoder->n >= 2 : value != MC_BASE64_NONE && decoder->padding == 0;
  if (decoder->ended || !fits) {
    decoder->broken = TRUE;
    return 0;
  }
  decoder->bits = decoder->bits << 6 | (padding ? 0 : value);
  decoder->padding += padding;
  return ++decoder->n == 4 ? end_group (decoder, to) : 0;
}

gsize
_mc_base64_decode (McBase64Decoder *decoder, const guint8 *data, gsize size, guint8 *to)
{
  const guint8 *at = data, *end = data + size;
  gsize n = 0;
  while (at < end && !decoder->broken) {
    if (decoder->n == 0 && !decoder->ended)
      n += _mc_base64_decode_groups (&at, end, to + n, size);
    if (at < end)
      n += take (decoder, *at++, to + n);
  }
  return n;
}

gboolean
_mc_base64_is_whole (const McBase64Decoder *decoder)
{
  return !decoder->broken && decoder->n == 0;
}
