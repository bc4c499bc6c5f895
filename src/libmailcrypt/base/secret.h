/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets: page-locked, kept out of core dumps and out of child processes, wiped
 * when freed. */
#pragma once

#include "libmailcrypt.h"

/* McSecret is public and opaque; see libmailcrypt.h for new, ref and unref. */

/* The bytes, followed by a NUL that is not counted. Never NULL. */
char *_mc_secret_get_data (McSecret *secret);
gsize _mc_secret_get_size (const McSecret *secret);

/* Overwrites @size bytes in a way the compiler keeps. */
void _mc_wipe (void *data, gsize size);
