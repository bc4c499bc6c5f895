/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings by which a client uses the tool. */
#pragma once

#include "tool.h"

/* What the settings consist of. */
typedef enum {
  MUTT_PART_ENGINE = 1 << 0,      /* the commands behind the client's own crypto */
  MUTT_PART_FILTER = 1 << 1,      /* the verdict in the header */
  MUTT_PART_COLORS = 1 << 2,
  MUTT_PART_BINDINGS = 1 << 3,
  MUTT_PART_SENDMAIL = 1 << 4,
} MuttParts;

#define MUTT_PARTS_DEFAULT \
  (MUTT_PART_ENGINE | MUTT_PART_FILTER | MUTT_PART_COLORS | MUTT_PART_BINDINGS)
#define MUTT_PARTS_ALL (MUTT_PARTS_DEFAULT | MUTT_PART_SENDMAIL)

typedef struct {
  gboolean neomutt;               /* else they are mutt's, which neomutt reads, too */
  MuttParts parts;
  const char *mta;                /* nullable: the program that sends, with arguments */
} MuttConfig;

/* How a client is to call the tool: its name when it is in PATH, else its path. (transfer
 * full) */
char *mutt_config_find_tool (void);
/* The folder of what the clients read of ours; fit to stand in their settings. (transfer
 * full) */
char *mutt_config_find_folder (Tool *tool, GError **error);
/* The settings. (transfer full) */
char *mutt_config_describe (Tool *tool, const MuttConfig *config, GError **error);
