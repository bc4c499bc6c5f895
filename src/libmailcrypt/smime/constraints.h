/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which mailboxes an issuer may issue certificates for (RFC 5280 section 4.2.1.10, RFC 9598
 * section 6), judged on the addresses that we would match. OpenSSL compares other forms of
 * them: it heeds case in local parts, and knows no empty subtree. */
#pragma once

#include "smime/engine.h"

/* Whether the mailbox @address, in canonical form, is in the subtree that @base (@size
 * octets of a rfc822Name constraint) names: one mailbox, all of a host, or all below a
 * domain that begins with a dot. *ret_sound (nullable) is FALSE when it is none of them. */
gboolean _mc_mailbox_is_within (const char *address, const char *base, gsize size,
                                gboolean *ret_sound);

/* Whether @issuer may certify every address in @identities (of McIdentity). */
gboolean _mc_x509_permits (X509 *issuer, GPtrArray *identities);
