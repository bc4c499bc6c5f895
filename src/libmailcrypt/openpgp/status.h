/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpg's status lines (GnuPG's doc/DETAILS), where GPGME blurs them. */
#pragma once

#include "openpgp/openpgp.h"

void _mc_status_init (McStatus *status);
void _mc_status_clear (McStatus *status);
/* Takes one line in. */
void _mc_status_take (McStatus *status, const char *keyword, const char *arguments);
/* The VALIDSIG line of the key with @fingerprint; NULL unless there is exactly one kind
 * of word about it. */
const McValidSig *_mc_status_find_valid (const McStatus *status, const char *fingerprint);
