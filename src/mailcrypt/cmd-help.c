/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "commands.h"
#include "help.h"
#include "options.h"
#include "output.h"

static struct {
  char *completions;
} opt;

const GOptionEntry help_options[] = {
  { "completions", 0, 0, G_OPTION_ARG_STRING, &opt.completions,
    N_("Print completions for bash, zsh or fish"), N_("SHELL") },
  G_OPTION_ENTRY_NULL
};

static const Command *
find (const Command *table, const char *name)
{
  for (; table != NULL && table->name != NULL; table++)
    if (strcmp (table->name, name) == 0)
      return table;
  return NULL;
}

int
cmd_help (Tool *tool, GError **error)
{
  const Command *command = NULL;
  for (char **word = tool->operands; *word != NULL; word++) {
    command = find (command != NULL ? command->commands : tool_commands, *word);
    if (command == NULL) {
      tool_set_usage (error, _("'mailcrypt help' lists the commands"), _("unknown command '%s'"),
                      *word);
      return STATUS_USAGE;
    }
  }

  g_autofree char *name = g_strjoinv (" ", tool->operands);
  g_autofree char *text = opt.completions != NULL ? help_complete (opt.completions, error)
                                                  : help_describe (command, name);
  if (text == NULL || !output_print (options.output, text, error))
    return STATUS_ENVIRONMENT;
  return STATUS_OK;
}
