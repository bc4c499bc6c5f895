/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From words to a command, its options and its operands. */
#include "config.h"

#include "options.h"

#include <glib/gi18n.h>
#include <string.h>

Options options = { .passphrase_fd = -1 };

static const GOptionEntry general_entries[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output,
    N_("Write the result to FILE (- is standard output)"), N_("FILE") },
  { "json", 0, 0, G_OPTION_ARG_NONE, &options.json,
    N_("Print one JSON object for programs"), NULL },
  { "config", 0, 0, G_OPTION_ARG_FILENAME, &options.config,
    N_("Read the configuration from FILE"), N_("FILE") },
  { "homedir", 0, 0, G_OPTION_ARG_FILENAME, &options.homedir,
    N_("Keep configuration, keys and caches in DIR"), N_("DIR") },
  { "max-size", 0, 0, G_OPTION_ARG_STRING, &options.max_size,
    N_("Refuse input over SIZE octets (suffixes K, M, G)"), N_("SIZE") },
  { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet,
    N_("Say nothing but errors and grave warnings"), NULL },
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
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry reading_entries[] = {
  { "allow-legacy", 0, 0, G_OPTION_ARG_NONE, &options.allow_legacy,
    N_("Read RC2 and DES, which never count as encryption"), NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry secret_entries[] = {
  { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &options.passphrase_fd,
    N_("Read the passphrase from the first line of descriptor N"), N_("N") },
  { "remember", 0, 0, G_OPTION_ARG_NONE, &options.remember,
    N_("Keep the passphrase of an S/MIME key in your keyring"), NULL },
  { "unlock", 0, 0, G_OPTION_ARG_NONE, &options.unlock,
    N_("Open the dialog that unlocks your keyring, where it is locked"), NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry protocol_entries[] = {
  { "protocol", 0, 0, G_OPTION_ARG_STRING, &options.protocol,
    N_("auto, openpgp or smime"), N_("PROTOCOL") },
  G_OPTION_ENTRY_NULL
};

const OptionGroup option_groups[] = {
  { COMMAND_PROTOCOL, N_("Choice of protocol"), protocol_entries },
  { COMMAND_READS, N_("Reading"), reading_entries },
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

GPtrArray *
options_list (const Command *command)
{
  GPtrArray *list = g_ptr_array_new ();
  const GOptionEntry *own = command != NULL ? command->options : NULL;
  for (; own != NULL && own->long_name != NULL; own++)
    g_ptr_array_add (list, (gpointer) own);
  for (const OptionGroup *group = option_groups; group->title != NULL; group++) {
    if (!option_group_fits (group, command))
      continue;
    for (const GOptionEntry *entry = group->entries; entry->long_name != NULL; entry++)
      g_ptr_array_add (list, (gpointer) entry);
  }
  return list;
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

/* Offers @name. Of a short word little is left after two changes. */
static void
nearest_offer (Nearest *nearest, const char *name)
{
  gsize size = strlen (nearest->word);
  gboolean begins = size >= 2 && g_str_has_prefix (name, nearest->word);
  guint distance = begins ? 1 : edit_distance (nearest->word, name);
  if (distance > MIN (2, size / 2))
    return;
  if (nearest->name == NULL || distance < nearest->distance) {
    nearest->name = name;
    nearest->distance = distance;
  }
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

/* ------------------------------------------------------------------- values -- */

/* @value as an option of text or a file's name holds it. (transfer full) */
static char *
decode_value (const GOptionEntry *entry, const char *value, GError **error)
{
  gboolean is_name = entry->arg == G_OPTION_ARG_FILENAME
                     || entry->arg == G_OPTION_ARG_FILENAME_ARRAY;
  if (is_name || g_utf8_validate (value, -1, NULL))
    return g_strdup (value);
  char *text = g_locale_to_utf8 (value, -1, NULL, NULL, NULL);
  if (text == NULL)
    tool_set_usage (error, NULL, _("the value of '--%s' is not text"), entry->long_name);
  return text;
}

static void
append_value (char ***list, char *value)
{
  guint count = *list != NULL ? g_strv_length (*list) : 0;
  *list = g_renew (char *, *list, count + 2);
  (*list)[count] = value;
  (*list)[count + 1] = NULL;
}

/* Descriptors, columns, days: none of them is ever negative. */
static gboolean
store_number (const GOptionEntry *entry, const char *value, GError **error)
{
  gint64 number = 0;
  if (!g_ascii_string_to_signed (value, 10, 0, G_MAXINT, &number, NULL)) {
    tool_set_usage (error, NULL, _("option '--%s' takes a number, not '%s'"), entry->long_name,
                    value);
    return FALSE;
  }
  *(int *) entry->arg_data = (int) number;
  return TRUE;
}

/* @value is NULL for a flag. Of several values the last holds, or all where they are a list. */
static gboolean
store_value (const GOptionEntry *entry, const char *value, GError **error)
{
  if (entry->arg == G_OPTION_ARG_NONE) {
    *(gboolean *) entry->arg_data = TRUE;
    return TRUE;
  }
  if (entry->arg == G_OPTION_ARG_INT)
    return store_number (entry, value, error);

  char *text = decode_value (entry, value, error);
  if (text == NULL)
    return FALSE;
  if (entry->arg == G_OPTION_ARG_STRING_ARRAY || entry->arg == G_OPTION_ARG_FILENAME_ARRAY) {
    append_value (entry->arg_data, text);
    return TRUE;
  }
  g_free (*(char **) entry->arg_data);
  *(char **) entry->arg_data = text;
  return TRUE;
}

/* ------------------------------------------------------------------ parsing -- */

typedef struct {
  Tool *tool;
  const char *const *next;   /* the words not yet looked at */
  gboolean ended;            /* "--" was there */
  GPtrArray *operands;
} Parser;

static void
refuse_option (const Tool *tool, const char *dashes, const char *name, const char *nearest,
               GError **error)
{
  g_autofree char *hint = nearest != NULL
    ? g_strdup_printf (_("did you mean '--%s'?"), nearest)
    : g_strdup_printf (_("'mailcrypt %s%s--help' lists the options"),
                       tool->name != NULL ? tool->name : "", tool->name != NULL ? " " : "");
  tool_set_usage (error, hint, _("unknown option '%s%s'"), dashes, name);
}

/* The option of @command called @name. (nullable) */
static const GOptionEntry *
find_entry (const Command *command, const char *name)
{
  g_autoptr (GPtrArray) entries = options_list (command);
  for (guint i = 0; i < entries->len; i++) {
    const GOptionEntry *entry = g_ptr_array_index (entries, i);
    if (strcmp (entry->long_name, name) == 0)
      return entry;
  }
  return NULL;
}

static const GOptionEntry *
find_long (const Tool *tool, const char *name, GError **error)
{
  const GOptionEntry *found = find_entry (tool->command, name);
  if (found != NULL)
    return found;
  g_autoptr (GPtrArray) entries = options_list (tool->command);
  Nearest nearest = { .word = name };
  for (guint i = 0; i < entries->len; i++)
    nearest_offer (&nearest, ((const GOptionEntry *) g_ptr_array_index (entries, i))->long_name);
  refuse_option (tool, "--", name, nearest.name, error);
  return NULL;
}

static const GOptionEntry *
find_short (const Tool *tool, const char *letters, GError **error)
{
  g_autoptr (GPtrArray) entries = options_list (tool->command);
  for (guint i = 0; i < entries->len; i++) {
    const GOptionEntry *entry = g_ptr_array_index (entries, i);
    if (entry->short_name == *letters)
      return entry;
  }
  refuse_option (tool, "-", letters, NULL, error);
  return NULL;
}

/* Its value is @attached (nullable), else the next word. */
static gboolean
take_option (Parser *parser, const GOptionEntry *entry, const char *attached, GError **error)
{
  if (entry->arg == G_OPTION_ARG_NONE && attached != NULL) {
    tool_set_usage (error, NULL, _("option '--%s' takes no value"), entry->long_name);
    return FALSE;
  }
  const char *value = attached;
  if (entry->arg != G_OPTION_ARG_NONE && value == NULL) {
    value = *parser->next;
    if (value == NULL) {
      tool_set_usage (error, NULL, _("option '--%s' needs a value"), entry->long_name);
      return FALSE;
    }
    parser->next++;
  }
  return store_value (entry, value, error);
}

static gboolean
parse_long (Parser *parser, const char *word, GError **error)
{
  gsize size = strcspn (word, "=");
  g_autofree char *name = g_strndup (word, size);
  const GOptionEntry *entry = find_long (parser->tool, name, error);
  return entry != NULL
         && take_option (parser, entry, word[size] == '=' ? word + size + 1 : NULL, error);
}

/* Flags, and at most one option that takes a value, which ends the word. */
static gboolean
parse_short (Parser *parser, const char *letters, GError **error)
{
  for (; *letters != '\0'; letters++) {
    const GOptionEntry *entry = find_short (parser->tool, letters, error);
    if (entry == NULL)
      return FALSE;
    if (entry->arg != G_OPTION_ARG_NONE)
      return take_option (parser, entry, letters[1] != '\0' ? letters + 1 : NULL, error);
    if (!take_option (parser, entry, NULL, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
enter_command (Tool *tool, const char *word, GError **error)
{
  const Command *table = tool->command != NULL ? tool->command->commands : tool_commands;
  const Command *command = find_command (table, word, error);
  if (command == NULL)
    return FALSE;

  char *name = tool->name != NULL ? g_strdup_printf ("%s %s", tool->name, command->name)
                                  : g_strdup (command->name);
  g_free (tool->name);
  tool->name = name;
  tool->command = command;
  return TRUE;
}

static gboolean
command_runs (const Command *command)
{
  return command != NULL && command->commands == NULL;
}

/* A word for a command that speaks another program's language: our long options are ours
 * before the first "--", all else is an operand. An address that looks like an option of ours
 * may come from a stranger. */
static gboolean
parse_foreign (Parser *parser, const char *word, GError **error)
{
  gsize size = strcspn (word, "=");
  g_autofree char *name = g_strndup (word, size);
  gboolean ours = !parser->ended && g_str_has_prefix (name, "--")
                  && find_entry (parser->tool->command, name + 2) != NULL;
  if (ours && strchr (word, '@') != NULL) {
    tool_set_usage (error, _("put recipients behind '--', and such a name into the configuration"),
                    _("'%s' may be an option or an address"), word);
    return FALSE;
  }
  if (ours)
    return parse_long (parser, word + 2, error);
  parser->ended |= strcmp (word, "--") == 0;
  g_ptr_array_add (parser->operands, g_strdup (word));
  return TRUE;
}

/* A command is a word or two, with general options around them. */
static gboolean
parse_word (Parser *parser, const char *word, GError **error)
{
  const Command *command = parser->tool->command;
  if (command != NULL && (command->flags & COMMAND_FOREIGN) != 0)
    return parse_foreign (parser, word, error);
  gboolean is_option = !parser->ended && word[0] == '-' && word[1] != '\0';
  if (is_option && strcmp (word, "--") == 0)
    return parser->ended = TRUE;
  if (is_option)
    return word[1] == '-' ? parse_long (parser, word + 2, error)
                          : parse_short (parser, word + 1, error);
  if (!command_runs (parser->tool->command))
    return enter_command (parser->tool, word, error);
  g_ptr_array_add (parser->operands, g_strdup (word));
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
parse_all (Tool *tool, const char *const *words, GError **error)
{
  g_autoptr (GPtrArray) operands = g_ptr_array_new_with_free_func (g_free);
  Parser parser = { .tool = tool, .next = words, .operands = operands };
  while (*parser.next != NULL)
    if (!parse_word (&parser, *parser.next++, error))
      return FALSE;
  if (!command_runs (tool->command))
    return TRUE;

  g_ptr_array_set_free_func (operands, NULL);
  g_ptr_array_add (operands, NULL);
  tool->operands = (char **) g_ptr_array_steal (operands, NULL);
  return options.help || options.version || check_operands (tool, error);
}

/* The error of a parse that came to no end is to be JSON all the same. */
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
  if (argv[0] == NULL || parse_all (tool, argv + 1, error))
    return TRUE;
  look_for_json (argv);
  return FALSE;
}

/* ------------------------------------------------------------ shared values -- */

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

/* GLib wants a time of day, and its seconds. (transfer full) */
static char *
complete_time (const char *text)
{
  const char *time = strchr (text, 'T');
  if (time == NULL)
    return g_strconcat (text, "T00:00:00", NULL);
  const char *zone = time + 1 + strspn (time + 1, "0123456789:");
  const char *seconds = "";
  if (zone - time == 6 && time[3] == ':')
    seconds = ":00";
  else if (zone - time == 5 && strchr (time, ':') == NULL)
    seconds = "00";
  return g_strdup_printf ("%.*s%s%s", (int) (zone - text), text, seconds, zone);
}

static gboolean
parse_iso_time (const char *text, gint64 *ret_time)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autofree char *complete = complete_time (text);
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (complete, utc);
  if (time == NULL)
    return FALSE;
  *ret_time = g_date_time_to_unix (time);
  return TRUE;
}

gboolean
options_parse_time (const char *text, gint64 *ret_time, GError **error)
{
  /* A year, or a day in ISO's basic form: nobody means the first months of 1970. */
  gsize size = strlen (text);
  gboolean seconds = size != 4 && size != 8;
  if (seconds && g_ascii_string_to_signed (text, 10, 1, G_MAXINT64, ret_time, NULL))
    return TRUE;
  if (parse_iso_time (text, ret_time) && *ret_time > 0)
    return TRUE;
  tool_set_usage (error, _("a time is unix seconds, or ISO 8601 as in 2026-03-01T12:00:00Z"),
                  _("not a time: '%s'"), text);
  return FALSE;
}
