/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What encrypt and sign have in common. */
#pragma once

#include "tool.h"

/* A sealing with --protocol applied; NULL with @error. (transfer full) */
McSeal *seal_prepare (Tool *tool, McSealFlags flags, GError **error);
/* Takes over the value of --header-protection, nullable. */
gboolean seal_set_headers (McSeal *seal, const char *word, GError **error);
/* Reads the message that the command line names, does the work, writes the result and
 * says what a person should know of it. Returns the exit status. */
int seal_finish (Tool *tool, McSeal *seal, GError **error);
