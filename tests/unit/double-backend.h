/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A backend without an engine, for tests of what stands above the backends. Its objects
 * are text; its keys are what the test puts in. */
#pragma once

#include "backend.h"

/* Puts the double in the place of @protocol's backend. */
void double_install (McContext *context, McProtocol protocol);
/* Forgets all keys and calls. */
void double_reset (void);

/* A key of the double's own: valid, for every use, with one untrusted identity for
 * @address (nullable). Change it as the test needs; find hands out copies. Borrowed. */
McKey *double_add_key (McProtocol protocol, const char *fingerprint, const char *address);

/* What the last import of @protocol was given; NULL when there was none. */
const char *double_get_imported (McProtocol protocol);
/* How often a backend of @protocol has been opened. */
guint double_get_n_opened (McProtocol protocol);

/* An import takes lines "double-key FINGERPRINT ADDRESS" as keys, and fails on a line
 * "double-fail". */
