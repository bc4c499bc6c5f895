/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking over BER (X.690) in a spool: element by element, in constant memory, whatever
 * lengths, nesting and chunking the message claims. */
#pragma once

#include "base/spool.h"

#define MC_BER_INTEGER 0x02
#define MC_BER_OCTETS 0x04
#define MC_BER_OID 0x06
#define MC_BER_SEQUENCE 0x30
#define MC_BER_SET 0x31
#define MC_BER_CONSTRUCTED 0x20
#define MC_BER_CONTEXT(n) (0x80 | (n))

/* A window on a spool; zero-initialise but for the spool. */
typedef struct {
  McSpool *spool;           /* borrowed */
  guint64 window_start;
  gsize window_size;
  guint8 window[4096];
} McBer;

/* The identifier and length of one element. */
typedef struct {
  guint8 tag;               /* first identifier octet, the constructed bit included */
  gboolean indefinite;
  guint64 start;            /* of the identifier */
  guint64 body;             /* of the content octets */
  guint64 end;              /* behind the content octets; of an indefinite one: the limit it was read under */
} McTlv;

/* The element at @at, which must fit below @limit. MC_ERROR_MALFORMED. */
gboolean _mc_ber_read (McBer *ber, guint64 at, guint64 limit, McTlv *ret_tlv, GError **error);
/* The place behind @tlv, end-of-contents octets included. */
gboolean _mc_ber_skip (McBer *ber, const McTlv *tlv, guint64 *ret_next, GError **error);

/* The elements inside a constructed one, in turn. */
typedef struct {
  guint64 at, end;
  gboolean indefinite;
  gboolean done;
} McBerList;

McBerList _mc_ber_list (const McTlv *tlv);
/* The next element; FALSE with @error set, or with @list->done set at the end, where
 * @list->at is the place behind the whole. The caller moves @list->at behind the element. */
gboolean _mc_ber_next (McBer *ber, McBerList *list, McTlv *ret_tlv, GError **error);

/* The octets of [@start, @end), at most @max_bytes. */
GBytes *_mc_ber_load (McBer *ber, guint64 start, guint64 end, gsize max_bytes, GError **error);

/* The octets of an octet string, primitive or in chunks of chunks. */
typedef struct {
  McBer ber;
  guint64 at;
  guint64 chunk_end;        /* of the primitive chunk being read; == at: none */
  guint depth;
  struct {
    guint64 end;
    gboolean indefinite;
  } levels[8];
} McOctetReader;

/* @tlv: the octet string, under its own tag or an implicit one. */
void _mc_octet_reader_init (McOctetReader *reader, McSpool *spool, const McTlv *tlv);
/* Up to @size octets; 0 at the end, -1 with @error set. */
gssize _mc_octet_reader_read (McOctetReader *reader, void *buffer, gsize size, GError **error);
