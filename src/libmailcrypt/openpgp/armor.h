/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ASCII armour (RFC 9580 section 6) and cleartext signatures (section 7), read by code
 * of our own: GnuPG is handed the octets that were checked here, so that both cannot
 * disagree about where an object begins and ends. */
#pragma once

#include "base/spool.h"

typedef enum {
  MC_ARMOR_NONE = 0,        /* binary */
  MC_ARMOR_MESSAGE,
  MC_ARMOR_SIGNATURE,
  MC_ARMOR_PUBLIC_KEY,
  MC_ARMOR_PRIVATE_KEY,
  MC_ARMOR_CLEARSIGNED,     /* never opened as a stream */
} McArmorKind;

/* Whether @span is, as its ends show, one armour or cleartext signature and nothing
 * else but white space around it. MC_ARMOR_NONE: it is not. */
McArmorKind _mc_armor_probe (McSpan span);

/* A stream over the octets in @span: those inside its one armour, or the span's own when
 * it begins with a binary packet. Reading ends in MC_ERROR_MALFORMED when the armour is
 * broken, cut off, or not alone. */
GInputStream *_mc_armor_open (McSpan span, McArmorKind *ret_kind, GCancellable *cancellable,
                              GError **error);

/* Appends the octets of every key block in @span to @octets: armours with any text
 * around them, or binary packets. MC_ERROR_MALFORMED when there is none. */
gboolean _mc_armor_collect_keys (McSpan span, McSpool *octets, GCancellable *cancellable,
                                 GError **error);

/* Splits the cleartext signature that fills @span. @text gets the signed text, dash
 * escapes and trailing white space taken away, line ends as they were; what was hashed
 * is its first *@ret_signed octets made CRLF. */
gboolean _mc_armor_split_clearsigned (McSpan span, const McLimits *limits, McSpool *text,
                                      guint64 *ret_signed, McSpan *ret_signature,
                                      GError **error);
