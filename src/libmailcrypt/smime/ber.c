/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/ber.h"

#include "base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Indefinite lengths inside each other; definite ones are skipped whole. */
#define MAX_OPEN 64

static gboolean
malformed (GError **error)
{
  _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("broken ASN.1 in the S/MIME object"));
  return FALSE;
}

/* --------------------------------------------------------------------- bytes -- */

static gboolean
read_byte (McBer *ber, guint64 at, guint8 *ret_byte, GError **error)
{
  if (at < ber->window_start || at - ber->window_start >= ber->window_size) {
    gssize done = _mc_spool_read_at (ber->spool, at, ber->window, sizeof ber->window, error);
    if (done < 0)
      return FALSE;
    ber->window_start = at;
    ber->window_size = (gsize) done;
    if (done == 0)
      return malformed (error);
  }
  *ret_byte = ber->window[at - ber->window_start];
  return TRUE;
}

/* ------------------------------------------------------------------ elements -- */

/* Tag numbers above 30 take more octets. */
static gboolean
skip_long_tag (McBer *ber, guint64 *at, guint64 limit, GError **error)
{
  guint8 byte = 0x80;
  for (int i = 0; (byte & 0x80) != 0; i++) {
    if (i == 4 || *at >= limit)
      return malformed (error);
    if (!read_byte (ber, (*at)++, &byte, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_length (McBer *ber, guint64 *at, guint64 limit, McTlv *tlv, GError **error)
{
  guint8 first;
  guint64 length = 0;
  if (*at >= limit)
    return malformed (error);
  if (!read_byte (ber, (*at)++, &first, error))
    return FALSE;

  tlv->indefinite = first == 0x80;
  guint octets = first & 0x80 ? first & 0x7f : 0;
  if (octets == 0)
    length = first & 0x7f;
  if (octets > limit - *at)
    return malformed (error);
  for (guint i = 0; i < octets; i++) {
    guint8 byte;
    if (!read_byte (ber, (*at)++, &byte, error))
      return FALSE;
    if (length >> 55 != 0)
      return malformed (error);
    length = length << 8 | byte;
  }
  if (length > limit - *at)
    return malformed (error);
  tlv->body = *at;
  tlv->end = tlv->indefinite ? limit : *at + length;
  return TRUE;
}

gboolean
_mc_ber_read (McBer *ber, guint64 at, guint64 limit, McTlv *ret_tlv, GError **error)
{
  McTlv tlv = { .start = at };
  if (at >= limit)
    return malformed (error);
  if (!read_byte (ber, at++, &tlv.tag, error))
    return FALSE;
  if ((tlv.tag & 0x1f) == 0x1f && !skip_long_tag (ber, &at, limit, error))
    return FALSE;
  if (!read_length (ber, &at, limit, &tlv, error))
    return FALSE;
  if (tlv.indefinite && (tlv.tag & MC_BER_CONSTRUCTED) == 0)
    return malformed (error);
  *ret_tlv = tlv;
  return TRUE;
}

static gboolean
is_end (const McTlv *tlv)
{
  return tlv->tag == 0 && !tlv->indefinite && tlv->body == tlv->end;
}

gboolean
_mc_ber_skip (McBer *ber, const McTlv *tlv, guint64 *ret_next, GError **error)
{
  guint64 at = tlv->indefinite ? tlv->body : tlv->end;
  for (guint open = tlv->indefinite ? 1 : 0; open > 0;) {
    McTlv inner;
    if (!_mc_ber_read (ber, at, tlv->end, &inner, error))
      return FALSE;
    at = inner.indefinite ? inner.body : inner.end;
    if (inner.indefinite && ++open > MAX_OPEN)
      return malformed (error);
    if (is_end (&inner))
      open--;
  }
  *ret_next = at;
  return TRUE;
}

McBerList
_mc_ber_list (const McTlv *tlv)
{
  return (McBerList) { tlv->body, tlv->end, tlv->indefinite, FALSE };
}

gboolean
_mc_ber_next (McBer *ber, McBerList *list, McTlv *ret_tlv, GError **error)
{
  if (!list->indefinite && list->at == list->end) {
    list->done = TRUE;
    return FALSE;
  }
  if (!_mc_ber_read (ber, list->at, list->end, ret_tlv, error))
    return FALSE;
  if (!is_end (ret_tlv))
    return TRUE;
  if (!list->indefinite)
    return malformed (error);
  list->at = ret_tlv->end;
  list->done = TRUE;
  return FALSE;
}

GBytes *
_mc_ber_load (McBer *ber, guint64 start, guint64 end, gsize max_bytes, GError **error)
{
  return _mc_span_load ((McSpan) { ber->spool, start, end }, max_bytes, error);
}

/* -------------------------------------------------------------- octet string -- */

void
_mc_octet_reader_init (McOctetReader *reader, McSpool *spool, const McTlv *tlv)
{
  memset (reader, 0, sizeof *reader);
  reader->ber.spool = spool;
  reader->at = tlv->body;
  if ((tlv->tag & MC_BER_CONSTRUCTED) == 0) {
    reader->chunk_end = tlv->end;
    return;
  }
  reader->chunk_end = tlv->body;
  reader->levels[0].end = tlv->end;
  reader->levels[0].indefinite = tlv->indefinite;
  reader->depth = 1;
}

static gboolean
enter_level (McOctetReader *reader, const McTlv *tlv, GError **error)
{
  if (reader->depth == G_N_ELEMENTS (reader->levels))
    return malformed (error);
  reader->levels[reader->depth].end = tlv->end;
  reader->levels[reader->depth].indefinite = tlv->indefinite;
  reader->depth++;
  reader->at = reader->chunk_end = tlv->body;
  return TRUE;
}

/* One step: a chunk is entered, or a level is entered or left. */
static gboolean
step (McOctetReader *reader, GError **error)
{
  McTlv tlv;
  guint64 end = reader->levels[reader->depth - 1].end;
  gboolean indefinite = reader->levels[reader->depth - 1].indefinite;

  if (!indefinite && reader->at == end) {
    reader->depth--;
    return TRUE;
  }
  if (!_mc_ber_read (&reader->ber, reader->at, end, &tlv, error))
    return FALSE;
  if (indefinite && is_end (&tlv)) {
    reader->at = reader->chunk_end = tlv.end;
    reader->depth--;
    return TRUE;
  }
  if (tlv.tag == (MC_BER_OCTETS | MC_BER_CONSTRUCTED))
    return enter_level (reader, &tlv, error);
  if (tlv.tag != MC_BER_OCTETS)
    return malformed (error);
  reader->at = tlv.body;
  reader->chunk_end = tlv.end;
  return TRUE;
}

gssize
_mc_octet_reader_read (McOctetReader *reader, void *buffer, gsize size, GError **error)
{
  gsize done = 0;
  while (done < size) {
    if (reader->at == reader->chunk_end) {
      if (reader->depth == 0)
        break;
      if (!step (reader, error))
        return -1;
      continue;
    }
    gsize part = (gsize) MIN ((guint64) (size - done), reader->chunk_end - reader->at);
    gssize got = _mc_spool_read_at (reader->ber.spool, reader->at, (guint8 *) buffer + done, part,
                                    error);
    if (got < 0)
      return -1;
    if (got == 0) {
      malformed (error);
      return -1;
    }
    done += (gsize) got;
    reader->at += (guint64) got;
  }
  return (gssize) done;
}
