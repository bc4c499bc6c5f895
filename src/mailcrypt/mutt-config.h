/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings by which a client uses the tool. */
#pragma once

#include "tool.h"

/* How a client is to call the tool: its name when it is in PATH, else its path. (transfer
 * full) */
char *mutt_config_find_tool (void);
/* The settings of @client, "mutt" or "neomutt". (transfer full) */
char *mutt_config_describe (Tool *tool, const char *client, GError **error);
