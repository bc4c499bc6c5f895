/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/der.h"

#include <string.h>

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

static gboolean
read_length (McDer *from, gsize *ret_length)
{
  if (from->size == 0)
    return FALSE;
  guint octets = *from->at & 0x80 ? *from->at & 0x7f : 0;
  gsize length = octets > 0 ? 0 : *from->at;
  if (*from->at == 0x80 || octets > 4 || octets >= from->size)
    return FALSE;
  for (guint i = 1; i <= octets; i++)
    length = length << 8 | from->at[i];
  from->at += octets + 1;
  from->size -= octets + 1;
  *ret_length = length;
  return length <= from->size;
}

gboolean
_mc_der_take (McDer *from, guint8 tag, McDer *ret_whole, McDer *ret_body)
{
  McDer rest = *from;
  gsize length;
  if (rest.size == 0 || *rest.at != tag)
    return FALSE;
  rest.at++;
  rest.size--;
  if (!read_length (&rest, &length))
    return FALSE;
  if (ret_whole != NULL)
    *ret_whole = (McDer) { from->at, (gsize) (rest.at + length - from->at) };
  if (ret_body != NULL)
    *ret_body = (McDer) { rest.at, length };
  *from = (McDer) { rest.at + length, rest.size - length };
  return TRUE;
}

gboolean
_mc_der_take_optional (McDer *from, guint8 tag, McDer *ret_whole, McDer *ret_body)
{
  if (from->size > 0 && *from->at == tag)
    return _mc_der_take (from, tag, ret_whole, ret_body);
  if (ret_whole != NULL)
    *ret_whole = (McDer) { from->at, 0 };
  if (ret_body != NULL)
    *ret_body = (McDer) { from->at, 0 };
  return TRUE;
}

gboolean
_mc_der_is (const McDer *der, const guint8 *data, gsize size)
{
  return der->size == size && memcmp (der->at, data, size) == 0;
}

void
_mc_der_append_raw (GByteArray *out, const McDer *der)
{
  g_byte_array_append (out, der->at, (guint) der->size);
}
