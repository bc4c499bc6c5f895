/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each cmd-NAME.c gives to the command table. */
#pragma once

#include "tool.h"

#define DECLARE_COMMAND(name) \
  extern const GOptionEntry name##_options[]; \
  int cmd_##name (Tool *tool, GError **error)

DECLARE_COMMAND (encrypt);
DECLARE_COMMAND (sign);
DECLARE_COMMAND (decrypt);
DECLARE_COMMAND (show);
DECLARE_COMMAND (extract);
DECLARE_COMMAND (help);
DECLARE_COMMAND (plan);
DECLARE_COMMAND (sendmail);

int cmd_verify (Tool *tool, GError **error);
int cmd_inspect (Tool *tool, GError **error);
int cmd_doctor (Tool *tool, GError **error);

extern const Command keys_commands[];
extern const Command setup_commands[];

#undef DECLARE_COMMAND
