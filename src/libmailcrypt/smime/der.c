/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/der.h"

#define MAX_HEADER_BYTES 10

static guint
encode_header (guint8 *head, guint8 tag, guint64 size)
{
  guint octets = 0, used = 0;
  while (octets < sizeof size && size >> 8 * octets != 0)
    octets++;
  head[used++] = tag;
  if (size < 0x80)
    octets = 1;
  else
    head[used++] = (guint8) (0x80 | octets);
  for (guint i = octets; i > 0; i--)
    head[used++] = (guint8) (size >> 8 * (i - 1));
  return used;
}

void
_mc_der_append_header (GByteArray *out, guint8 tag, guint64 size)
{
  guint8 head[MAX_HEADER_BYTES];
  g_byte_array_append (out, head, encode_header (head, tag, size));
}

void
_mc_der_append (GByteArray *out, guint8 tag, const void *data, gsize size)
{
  _mc_der_append_header (out, tag, size);
  g_byte_array_append (out, data, (guint) size);
}

void
_mc_der_wrap (GByteArray *out, guint8 tag)
{
  guint8 head[MAX_HEADER_BYTES];
  g_byte_array_prepend (out, head, encode_header (head, tag, out->len));
}
