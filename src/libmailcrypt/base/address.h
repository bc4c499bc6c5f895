/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mail addresses, compared as RFC 9788 section 4.4.5 says: the domain through IDNA
 * to its A-label in lower case, the local part without regard to ASCII case, all
 * other octets exactly. */
#pragma once

#include "libmailcrypt.h"

/* The canonical form of one addr-spec (RFC 5322 section 3.4.1, no display name, no
 * angle brackets), for comparing and as a database key. NULL if @addr_spec (@size or
 * -1) is none: no or more than one unquoted "@", an empty side, white space, control characters,
 * NUL, comma, "<", ">", a trailing dot in the domain, more than 320 octets. */
char *_mc_address_normalise (const char *addr_spec, gssize size);
