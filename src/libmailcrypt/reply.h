/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers to messages (RFC 9788 section 6), for the library's own use. */
#pragma once

#include "libmailcrypt.h"

/* Hides in @outside (of McHeaderLine), the header that is going to stand outside of an
 * encryption, what the header of the answered message hid: a field that still is as @reply
 * made it gets the value that it has outside, or goes. Those that a policy changed already
 * stay (RFC 9788 section 6.1.2). */
void _mc_reply_hide (const McReply *reply, GPtrArray *outside);

McReply *_mc_reply_ref (McReply *reply);
