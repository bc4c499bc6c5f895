/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options that commands share. Each command keeps its own beside its code. */
#pragma once

#include "tool.h"

/* What the command line said; NULL and FALSE where it said nothing. */
typedef struct {
  /* general */
  char *config, *homedir, *max_size, *output;
  gboolean json, quiet, verbose, help, version;
  /* COMMAND_CHAINS */
  char *at, *revocation;
  char **anchors, **intermediates, **crls;
  /* COMMAND_JUDGES */
  char **policies;
  gboolean require_explicit_policy, inhibit_policy_mapping, inhibit_any_policy, no_from_check;
  /* COMMAND_READS */
  gboolean allow_legacy;
  /* COMMAND_SECRET */
  int passphrase_fd;          /* -1: none */
  gboolean remember, unlock;
  /* COMMAND_PROTOCOL */
  char *protocol;
} Options;

extern Options options;

/* A table of options under a heading. */
typedef struct {
  CommandFlags flag;          /* 0: of every command */
  const char *title;          /* marked for translation; NULL ends the table of tables */
  const GOptionEntry *entries;
} OptionGroup;

extern const OptionGroup option_groups[];

/* Whether @command (NULL: none yet) takes the options of @group. */
gboolean option_group_fits (const OptionGroup *group, const Command *command);

/* All options that @command (NULL: none yet) takes, of GOptionEntry. (transfer container) */
GPtrArray *options_list (const Command *command);

/* Parses the command line @words (program name first) into @tool and the options. */
gboolean options_parse (Tool *tool, const char *const *words, GError **error);

/* The value of --protocol. */
gboolean options_get_protocol (McProtocol *ret_protocol, GError **error);
/* A size with an optional K, M or G. */
gboolean options_parse_size (const char *text, guint64 *ret_size, GError **error);
/* Unix seconds, or ISO 8601 (UTC when it names no zone; a day is its beginning). */
gboolean options_parse_time (const char *text, gint64 *ret_time, GError **error);
