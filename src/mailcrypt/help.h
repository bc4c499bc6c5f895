/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that is said about commands comes from the command table. (transfer full) */
#pragma once

#include "tool.h"

/* What the tool can do (@command NULL), or a command with sub-commands, or one that runs.
 * @name is the command's words. */
char *help_describe (const Command *command, const char *name);

/* Completions for the shell called @shell; NULL with @error for one we do not know. */
char *help_complete (const char *shell, GError **error);
