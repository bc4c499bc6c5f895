/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small reader of OpenPGP packets (RFC 9580 section 4) that keeps nothing of what it
 * reads over: the framing of a stream, one packet after the other. */
#pragma once

#include "libmailcrypt.h"

typedef enum {
  MC_TAG_PKESK = 1,
  MC_TAG_SIGNATURE = 2,
  MC_TAG_SKESK = 3,
  MC_TAG_ONE_PASS = 4,
  MC_TAG_SECRET_KEY = 5,
  MC_TAG_PUBLIC_KEY = 6,
  MC_TAG_SECRET_SUBKEY = 7,
  MC_TAG_COMPRESSED = 8,
  MC_TAG_ENCRYPTED = 9,     /* without integrity protection */
  MC_TAG_MARKER = 10,
  MC_TAG_LITERAL = 11,
  MC_TAG_TRUST = 12,
  MC_TAG_USER_ID = 13,
  MC_TAG_PUBLIC_SUBKEY = 14,
  MC_TAG_USER_ATTRIBUTE = 17,
  MC_TAG_ENCRYPTED_MDC = 18,
  MC_TAG_AEAD = 20,         /* of an expired draft */
  MC_TAG_PADDING = 21,
} McTag;

typedef struct _McPackets McPackets;

/* Reads from @stream, which it takes a reference to. What is read is taken off *@budget
 * (borrowed), which several readers may share; more is MC_ERROR_LIMIT. */
McPackets *_mc_packets_new (GInputStream *stream, guint64 *budget);
void _mc_packets_free (McPackets *packets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McPackets, _mc_packets_free)

/* Goes to the next packet, reading over what is left of the one before. *@ret_tag is 0
 * at the end. FALSE with MC_ERROR_MALFORMED when the framing is broken. */
gboolean _mc_packets_next (McPackets *packets, guint *ret_tag, GCancellable *cancellable,
                           GError **error);

/* Reads the current packet's body: up to @size octets, fewer only at its end, where 0
 * is returned; -1 on failure. */
gssize _mc_packets_read (McPackets *packets, void *buffer, gsize size, GCancellable *cancellable,
                         GError **error);

/* What is left of the current packet's body as a stream; valid until the next packet. */
GInputStream *_mc_packets_open_body (McPackets *packets);
