/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "help.h"

#include <glib/gi18n.h>
#include <string.h>

#include "options.h"

#define COLUMN 28

/* --------------------------------------------------------------------- help -- */

static void
append_column (GString *text, const char *left, const char *right)
{
  gsize width = strlen (left);
  g_string_append (text, left);
  if (width + 2 > COLUMN) {
    g_string_append_c (text, '\n');
    width = 0;
  }
  g_string_append_printf (text, "%*s%s\n", (int) (COLUMN - width), "", right);
}

static void
append_option (GString *text, const GOptionEntry *entry)
{
  g_autoptr (GString) left = g_string_new ("  ");
  if (entry->short_name != 0)
    g_string_append_printf (left, "-%c, ", entry->short_name);
  else
    g_string_append (left, "    ");
  g_string_append_printf (left, "--%s", entry->long_name);
  if (entry->arg_description != NULL)
    g_string_append_printf (left, "=%s", _(entry->arg_description));
  append_column (text, left->str, _(entry->description));
}

static void
append_entries (GString *text, const char *title, const GOptionEntry *entries)
{
  g_string_append_printf (text, "\n%s:\n", title);
  for (; entries->long_name != NULL; entries++)
    append_option (text, entries);
}

static void
append_commands (GString *text, const Command *table)
{
  g_string_append_printf (text, "\n%s:\n", _("Commands"));
  for (const Command *command = table; command->name != NULL; command++) {
    g_autofree char *left = g_strdup_printf ("  %s", command->name);
    append_column (text, left, _(command->help));
  }
}

static void
append_usage (GString *text, const Command *command, const char *name)
{
  if (command == NULL)
    g_string_append (text, _("usage: mailcrypt [OPTION]... COMMAND [OPTION]... [FILE]\n"));
  else if (command->commands != NULL)
    g_string_append_printf (text, _("usage: mailcrypt %s COMMAND [OPTION]...\n"), name);
  else
    g_string_append_printf (text, _("usage: mailcrypt %s [OPTION]... %s\n"), name,
                            command->operands);
  g_string_append_printf (text, "\n%s.\n", command != NULL ? _(command->help)
    : _("OpenPGP and S/MIME for mail, with one verdict for both"));
}

char *
help_describe (const Command *command, const char *name)
{
  g_autoptr (GString) text = g_string_new (NULL);
  append_usage (text, command, name);
  if (command == NULL || command->commands != NULL)
    append_commands (text, command != NULL ? command->commands : tool_commands);
  if (command != NULL && command->options != NULL)
    append_entries (text, _("Options"), command->options);
  for (const OptionGroup *group = option_groups; group->title != NULL; group++)
    if (option_group_fits (group, command))
      append_entries (text, _(group->title), group->entries);
  g_string_append_printf (text, "\n%s\n", _("The manual page mailcrypt(1) tells the rest."));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* -------------------------------------------------------------- completions -- */

typedef void (*AppendFunc) (GString *text, const Command *command, const char *name);

/* Sub-commands before their parents: shells take the first pattern that fits. */
static void
each_command (GString *text, const Command *table, const char *parent, AppendFunc append)
{
  for (const Command *command = table; command->name != NULL; command++) {
    g_autofree char *name = parent != NULL ? g_strdup_printf ("%s %s", parent, command->name)
                                           : g_strdup (command->name);
    if (command->commands != NULL)
      each_command (text, command->commands, name, append);
    append (text, command, name);
  }
}

static void
append_words (GString *text, const Command *command)
{
  const Command *table = command != NULL ? command->commands : tool_commands;
  for (; table != NULL && table->name != NULL; table++)
    g_string_append_printf (text, "%s ", table->name);
  g_autoptr (GPtrArray) list = options_list (command);
  for (guint i = 0; i < list->len; i++) {
    const GOptionEntry *entry = g_ptr_array_index (list, i);
    g_string_append_printf (text, "%s--%s", i > 0 ? " " : "", entry->long_name);
  }
}

static void
append_case (GString *text, const Command *command, const char *name)
{
  g_string_append_printf (text, "  *\" %s \"*) list='", name);
  append_words (text, command);
  g_string_append (text, "' ;;\n");
}

static void
append_cases (GString *text)
{
  each_command (text, tool_commands, NULL, append_case);
  g_string_append (text, "  *) list='");
  append_words (text, NULL);
  g_string_append (text, "' ;;\n  esac\n");
}

static void
complete_bash (GString *text)
{
  g_string_append (text, "_mailcrypt ()\n{\n  local list\n"
                         "  case \" ${COMP_WORDS[*]:1:COMP_CWORD-1} \" in\n");
  append_cases (text);
  g_string_append (text, "  COMPREPLY=($(compgen -W \"$list\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
                         "}\ncomplete -o default -F _mailcrypt mailcrypt\n");
}

static void
complete_zsh (GString *text)
{
  g_string_append (text, "#compdef mailcrypt\n"
                         "_mailcrypt ()\n{\n  local list\n"
                         "  case \" ${words[2,CURRENT-1]} \" in\n");
  append_cases (text);
  g_string_append (text, "  compadd -- ${=list}\n  _files\n}\n"
                         "compdef _mailcrypt mailcrypt\n");
}

/* Within single quotes fish knows only these two escapes. */
static char *
quote_fish (const char *words)
{
  g_autoptr (GString) quoted = g_string_new ("'");
  for (; *words != '\0'; words++) {
    if (*words == '\'' || *words == '\\')
      g_string_append_c (quoted, '\\');
    g_string_append_c (quoted, *words);
  }
  g_string_append_c (quoted, '\'');
  return g_string_free (g_steal_pointer (&quoted), FALSE);
}

static char *
make_fish_condition (const char *name)
{
  if (name == NULL)
    return g_strdup ("__fish_use_subcommand");
  g_auto (GStrv) words = g_strsplit (name, " ", -1);
  g_autofree char *all = g_strjoinv ("; and __fish_seen_subcommand_from ", words);
  return g_strconcat ("__fish_seen_subcommand_from ", all, NULL);
}

static void
append_fish (GString *text, const Command *command, const char *name)
{
  g_autofree char *condition = make_fish_condition (name);
  const Command *table = command != NULL ? command->commands : tool_commands;
  for (; table != NULL && table->name != NULL; table++) {
    g_autofree char *help = quote_fish (_(table->help));
    g_string_append_printf (text, "complete -c mailcrypt -n '%s' -a %s -d %s\n", condition,
                            table->name, help);
  }
  g_autoptr (GPtrArray) list = options_list (command);
  for (guint i = 0; i < list->len; i++) {
    const GOptionEntry *entry = g_ptr_array_index (list, i);
    g_autofree char *help = quote_fish (_(entry->description));
    g_string_append_printf (text, "complete -c mailcrypt -n '%s' -l %s%s -d %s\n", condition,
                            entry->long_name, entry->arg_description != NULL ? " -r" : "", help);
  }
}

static void
complete_fish (GString *text)
{
  append_fish (text, NULL, NULL);
  each_command (text, tool_commands, NULL, append_fish);
}

char *
help_complete (const char *shell, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  if (strcmp (shell, "bash") == 0)
    complete_bash (text);
  else if (strcmp (shell, "zsh") == 0)
    complete_zsh (text);
  else if (strcmp (shell, "fish") == 0)
    complete_fish (text);
  else {
    tool_set_usage (error, _("it is bash, zsh or fish"), _("no completions for '%s'"), shell);
    return NULL;
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
