/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Header protection (RFC 9788), reading: which header fields the payload of the envelope
 * vouches for, and what stands outside beside them. */
#pragma once

#include "mime/tree.h"
#include "report/report.h"

typedef enum {
  MC_HP_NONE = 0,
  MC_HP_CLEAR,              /* fields inside; none of them was confidential */
  MC_HP_CIPHER,             /* fields inside; HP-Outer tells which of them stood outside too */
  MC_HP_OLDER,              /* RFC8551HP and protected-headers="v1": the outer header stands in
                             * for HP-Outer (RFC 9788 sections 4.10.2, 4.11) */
} McHeaderProtection;

/* What @payload, the root of the cryptographic payload, says about itself; @is_encrypted:
 * inside of an encrypted layer (RFC 9788 sections 4.1, 10.2). *ret_holder is the entity
 * whose header holds the fields: @payload, or the message in it (RFC8551HP). */
McHeaderProtection _mc_headers_detect (const McEntity *payload, gboolean is_encrypted,
                                       const McEntity **ret_holder);

/* All header fields of a message, of McHeader: those inside in their order, each with its
 * like outside, then those that stand outside alone. @inside and @outside are of McField;
 * structural fields and HP-Outer are left out. (RFC 9788 sections 4.2, 4.3) */
GPtrArray *_mc_headers_pair (GPtrArray *inside, GPtrArray *outside,
                             McHeaderProtection protection);

/* Whether two values differ by white space at most, which folding may change. */
gboolean _mc_header_values_equal (const char *a, const char *b);

/* The addresses of all fields named From among @fields (of McField). Returns the one
 * canonical address that speaks as the sender, or NULL: exactly one field with exactly one
 * readable mailbox, not in a group. */
char *_mc_headers_read_from (GPtrArray *fields, GStrv *ret_addresses);
gboolean _mc_headers_have_from (GPtrArray *fields);
/* Whether there is any field at all that is not structural. */
gboolean _mc_headers_have_any (GPtrArray *fields);
/* Whether the From fields of both name other mailboxes (RFC 9788 section 4.4.1). */
gboolean _mc_headers_from_differs (GPtrArray *inside, GPtrArray *outside);
