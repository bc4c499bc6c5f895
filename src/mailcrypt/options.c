/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From words to a command, its options and its operands. */
#include "config.h"

#include "options.h"

#include <glib/gi18n.h>
#include <string.h>

Options options = { .passphrase_fd = -1 };

/* Strings that may be given both before and after the command are parsed into here,
 * and moved to `options` after each round. */
static Options given;

static char **remaining;
static const GOptionEntry operand_entries[] = {
  { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &remaining, NULL, NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry general_entries[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &given.output,
    N_("Write the result to FILE (- is standard output)"), N_("FILE") },
  { "json", 0, 0, G_OPTION_ARG_NONE, &options.json,
    N_("Print one JSON object for programs"), NULL },
  { "config", 0, 0, G_OPTION_ARG_FILENAME, &given.config,
    N_("Read the configuration from FILE"), N_("FILE") },
  { "homedir", 0, 0, G_OPTION_ARG_FILENAME, &given.homedir,
    N_("Keep configuration, keys and caches in DIR"), N_("DIR") },
  { "max-size", 0, 0, G_OPTION_ARG_STRING, &given.max_size,
    N_("Refuse input over SIZE octets (suffixes K, M, G)"), N_("SIZE") },
  { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet,
    N_("Say nothing but errors"), NULL },
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options.verbose,
    N_("Say more"), NULL },
  { "help", 'h', 0, G_OPTION_ARG_NONE, &options.help,
    N_("Explain the command"), NULL },
  { "version", 0, 0, G_OPTION_ARG_NONE, &options.version,
    N_("Print the version"), NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry chain_entries[] = {
  { "at", 0, 0, G_OPTION_ARG_STRING, &options.at,
    N_("Judge certificates at TIME (unix seconds or ISO 8601)"), N_("TIME") },
  { "trust-anchor", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.anchors,
    N_("Trust the certificates in FILE instead of the configured anchors"), N_("FILE") },
  { "intermediate", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.intermediates,
    N_("Use the certificates in FILE to complete chains"), N_("FILE") },
  { "revocation", 0, 0, G_OPTION_ARG_STRING, &options.revocation,
    N_("How much a missing revocation answer counts: off, soft or hard"), N_("HOW") },
  { "crl", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.crls,
    N_("Use the revocation list in FILE"), N_("FILE") },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry judge_entries[] = {
  { "policy", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.policies,
    N_("Accept the certificate policy OID"), N_("OID") },
  { "require-explicit-policy", 0, 0, G_OPTION_ARG_NONE, &options.require_explicit_policy,
    N_("Refuse chains without an accepted policy"), NULL },
  { "inhibit-policy-mapping", 0, 0, G_OPTION_ARG_NONE, &options.inhibit_policy_mapping,
    N_("Ignore policy mappings"), NULL },
  { "inhibit-any-policy", 0, 0, G_OPTION_ARG_NONE, &options.inhibit_any_policy,
    N_("Do not let anyPolicy stand for other policies"), NULL },
  { "no-from-check", 0, 0, G_OPTION_ARG_NONE, &options.no_from_check,
    N_("Judge signature and chain only, not the sender"), NULL },
  { "allow-legacy", 0, 0, G_OPTION_ARG_NONE, &options.allow_legacy,
    N_("Read RC2 and DES, which never count as encryption"), NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry secret_entries[] = {
  { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &options.passphrase_fd,
    N_("Read the passphrase from the first line of descriptor N"), N_("N") },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry protocol_entries[] = {
  { "protocol", 0, 0, G_OPTION_ARG_STRING, &options.protocol,
    N_("auto, openpgp or smime"), N_("PROTOCOL") },
  G_OPTION_ENTRY_NULL
};

const OptionGroup option_groups[] = {
  { COMMAND_PROTOCOL, N_("Choice of protocol"), protocol_entries },
  { COMMAND_SECRET, N_("Passphrases"), secret_entries },
  { COMMAND_CHAINS, N_("Certificate chains"), chain_entries },
  { COMMAND_JUDGES, N_("Judging signatures"), judge_entries },
  { 0, N_("General options"), general_entries },
  { 0, NULL, NULL },
};

gboolean
option_group_fits (const OptionGroup *group, const Command *command)
{
  return group->flag == 0 || (command != NULL && (command->flags & group->flag) != 0);
}

/* ----------------------------------------------------------- nearest names -- */

static guint
edit_distance (const char *a, const char *b)
{
  gsize size = strlen (b) + 1;
  g_autofree guint *row = g_new (guint, size);
  for (gsize j = 0; j < size; j++)
    row[j] = (guint) j;

  for (gsize i = 0; a[i] != '\0'; i++) {
    guint diagonal = row[0];
    row[0] = (guint) i + 1;
    for (gsize j = 1; j < size; j++) {
      guint above = row[j];
      guint change = diagonal + (a[i] == b[j - 1] ? 0 : 1);
      row[j] = MIN (change, MIN (above, row[j - 1]) + 1);
      diagonal = above;
    }
  }
  return row[size - 1];
}

/* The best candidate so far for the misspelt @word. */
typedef struct {
  const char *word;
  const char *name;
  guint distance;
} Nearest;

static void
nearest_offer (Nearest *nearest, const char *name)
{
  guint distance = edit_distance (nearest->word, name);
  gboolean begins = strlen (nearest->word) >= 3 && g_str_has_prefix (name, nearest->word);
  if (distance > 2 && !begins)
    return;
  if (nearest->name == NULL || distance < nearest->distance) {
    nearest->name = name;
    nearest->distance = distance;
  }
}

static gboolean
entries_have (const GOptionEntry *entries, const char *name, Nearest *nearest)
{
  for (; entries != NULL && entries->long_name != NULL; entries++) {
    if (strcmp (entries->long_name, name) == 0)
      return TRUE;
    nearest_offer (nearest, entries->long_name);
  }
  return FALSE;
}

static gboolean
command_has_option (const Command *command, const char *name, Nearest *nearest)
{
  if (command != NULL && entries_have (command->options, name, nearest))
    return TRUE;
  for (const OptionGroup *group = option_groups; group->title != NULL; group++)
    if (option_group_fits (group, command) && entries_have (group->entries, name, nearest))
      return TRUE;
  return FALSE;
}

/* GOption says in a sentence which option it does not know; this finds it again. */
static void
set_unknown_option (GError **error, const Tool *tool, const char *const *words,
                    const char *message)
{
  g_autofree char *help = g_strdup_printf (_("'mailcrypt %s%s--help' lists the options"),
                                           tool->name != NULL ? tool->name : "",
                                           tool->name != NULL ? " " : "");
  for (; *words != NULL && strcmp (*words, "--") != 0; words++) {
    if (!g_str_has_prefix (*words, "--"))
      continue;
    g_autofree char *name = g_strndup (*words + 2, strcspn (*words + 2, "="));
    Nearest nearest = { .word = name };
    if (command_has_option (tool->command, name, &nearest))
      continue;
    g_autofree char *guess = nearest.name != NULL
      ? g_strdup_printf (_("did you mean '--%s'?"), nearest.name) : NULL;
    tool_set_usage (error, guess != NULL ? guess : help, _("unknown option '--%s'"), name);
    return;
  }
  tool_set_usage (error, help, "%s", message);
}

static const Command *
find_command (const Command *table, const char *word, GError **error)
{
  Nearest nearest = { .word = word };
  for (const Command *command = table; command->name != NULL; command++) {
    if (strcmp (command->name, word) == 0)
      return command;
    nearest_offer (&nearest, command->name);
  }

  g_autofree char *guess = nearest.name != NULL
    ? g_strdup_printf (_("did you mean '%s'?"), nearest.name)
    : g_strdup (_("'mailcrypt help' lists the commands"));
  tool_set_usage (error, guess, _("unknown command '%s'"), word);
  return NULL;
}

/* ------------------------------------------------------------------ parsing -- */

static void
settle (char **from, char **to)
{
  if (*from == NULL)
    return;
  g_free (*to);
  *to = g_steal_pointer (from);
}

static void
settle_given (void)
{
  settle (&given.output, &options.output);
  settle (&given.config, &options.config);
  settle (&given.homedir, &options.homedir);
  settle (&given.max_size, &options.max_size);
}

static gboolean
command_runs (const Command *command)
{
  return command != NULL && command->commands == NULL;
}

/* One round: with a command that runs, all its options; else the general ones up to the
 * first word that is none. Takes what it understood out of *@words. */
static gboolean
parse_round (Tool *tool, char ***words, GError **error)
{
  gboolean final = command_runs (tool->command);
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_strict_posix (context, !final);
  for (const OptionGroup *group = option_groups; group->title != NULL; group++)
    if (option_group_fits (group, final ? tool->command : NULL))
      g_option_context_add_main_entries (context, group->entries, NULL);
  if (final)
    g_option_context_add_main_entries (context, operand_entries, NULL);
  if (final && tool->command->options != NULL)
    g_option_context_add_main_entries (context, tool->command->options, NULL);

  g_auto (GStrv) before = g_strdupv (*words);
  g_autoptr (GError) problem = NULL;
  gboolean done = g_option_context_parse_strv (context, words, &problem);
  settle_given ();
  if (done)
    return TRUE;

  if (g_error_matches (problem, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
    set_unknown_option (error, tool, (const char *const *) before + 1, problem->message);
  else
    g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* Takes the command's name out of @words. */
static gboolean
take_command (Tool *tool, char **words, GError **error)
{
  const Command *table = tool->command != NULL ? tool->command->commands : tool_commands;
  const Command *command = find_command (table, words[1], error);
  if (command == NULL)
    return FALSE;

  char *name = tool->name != NULL ? g_strdup_printf ("%s %s", tool->name, command->name)
                                  : g_strdup (command->name);
  g_free (tool->name);
  tool->name = name;
  tool->command = command;
  g_free (words[1]);
  for (char **word = words + 1; *word != NULL; word++)
    word[0] = word[1];
  return TRUE;
}

static gboolean
check_operands (const Tool *tool, GError **error)
{
  guint count = g_strv_length (tool->operands);
  g_autofree char *hint = g_strdup_printf (_("usage: mailcrypt %s [OPTION]... %s"), tool->name,
                                           tool->command->operands);
  if (count > tool->command->most_operands) {
    tool_set_usage (error, hint, _("unexpected argument '%s'"),
                    tool->operands[tool->command->most_operands]);
    return FALSE;
  }
  if (count < tool->command->least_operands) {
    tool_set_usage (error, hint, _("an argument is missing"));
    return FALSE;
  }
  return TRUE;
}

static gboolean
parse_all (Tool *tool, char ***words, GError **error)
{
  /* A command is a word or two, with general options around them. */
  do {
    if (!parse_round (tool, words, error))
      return FALSE;
    if ((*words)[0] == NULL || (*words)[1] == NULL)
      return TRUE;
    if (!take_command (tool, *words, error))
      return FALSE;
  } while (!command_runs (tool->command));

  if (!parse_round (tool, words, error))
    return FALSE;
  tool->operands = remaining != NULL ? g_steal_pointer (&remaining) : g_new0 (char *, 1);
  return options.help || options.version || check_operands (tool, error);
}

/* A failed parse forgets its options; its error is to be JSON all the same. */
static void
look_for_json (const char *const *words)
{
  for (; *words != NULL && strcmp (*words, "--") != 0; words++)
    if (strcmp (*words, "--json") == 0)
      options.json = TRUE;
}

gboolean
options_parse (Tool *tool, const char *const *argv, GError **error)
{
  g_auto (GStrv) words = g_strdupv ((char **) argv);
  if (parse_all (tool, &words, error))
    return TRUE;
  look_for_json (argv);
  return FALSE;
}

/* ------------------------------------------------------------------- values -- */

gboolean
options_get_protocol (McProtocol *ret_protocol, GError **error)
{
  const char *word = options.protocol;
  McProtocol protocol = MC_PROTOCOL_UNKNOWN;
  if (g_strcmp0 (word, "openpgp") == 0)
    protocol = MC_PROTOCOL_OPENPGP;
  else if (g_strcmp0 (word, "smime") == 0)
    protocol = MC_PROTOCOL_SMIME;
  else if (word != NULL && strcmp (word, "auto") != 0) {
    tool_set_usage (error, _("it is auto, openpgp or smime"), _("unknown protocol '%s'"), word);
    return FALSE;
  }
  *ret_protocol = protocol;
  return TRUE;
}

gboolean
options_parse_size (const char *text, guint64 *ret_size, GError **error)
{
  gsize digits = strspn (text, "0123456789");
  const char *suffix = text + digits;
  guint shift = 0;
  if (g_ascii_strcasecmp (suffix, "K") == 0)
    shift = 10;
  else if (g_ascii_strcasecmp (suffix, "M") == 0)
    shift = 20;
  else if (g_ascii_strcasecmp (suffix, "G") == 0)
    shift = 30;
  else if (*suffix != '\0')
    digits = 0;

  guint64 size = digits == 0 || digits > 19 ? 0 : g_ascii_strtoull (text, NULL, 10);
  if (size == 0 || size > (G_MAXUINT64 >> shift)) {
    tool_set_usage (error, _("a size is a number of octets, or one with K, M or G behind it"),
                    _("not a size: '%s'"), text);
    return FALSE;
  }
  *ret_size = size << shift;
  return TRUE;
}

static gboolean
parse_iso_time (const char *text, gint64 *ret_time)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  /* GLib wants a time of day. */
  g_autofree char *midnight = strchr (text, 'T') == NULL ? g_strconcat (text, "T00:00:00", NULL)
                                                         : g_strdup (text);
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (midnight, utc);
  if (time == NULL)
    return FALSE;
  *ret_time = g_date_time_to_unix (time);
  return TRUE;
}

gboolean
options_parse_time (const char *text, gint64 *ret_time, GError **error)
{
  if (g_ascii_string_to_signed (text, 10, 1, G_MAXINT64, ret_time, NULL))
    return TRUE;
  if (parse_iso_time (text, ret_time) && *ret_time > 0)
    return TRUE;
  tool_set_usage (error, _("a time is unix seconds, or ISO 8601 as in 2026-03-01T12:00:00Z"),
                  _("not a time: '%s'"), text);
  return FALSE;
}
