/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mutt and neomutt: a file of our own, and one line that has it read. */
#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "findings.h"
#include "mta.h"
#include "mutt-config.h"
#include "options.h"
#include "output.h"
#include "rc.h"
#include "setup.h"

/* Begins a file of ours, so that no other is taken for one. */
#define OUR_HEAD "# Made by 'mailcrypt setup', and made anew by it: changes here do not last.\n"

/* One run. */
typedef struct {
  Tool *tool;
  const char *client;       /* mutt or neomutt */
  char *version;            /* nullable */
  char *path;               /* the client's own file */
  char *text;               /* nullable: it is not there */
  const char *flavour;      /* whose settings: mutt's where the two share a file */
  char *ours;               /* our file */
  GPtrArray *findings;
} Setup;

static void
setup_clear (Setup *setup)
{
  g_free (setup->version);
  g_free (setup->path);
  g_free (setup->text);
  g_free (setup->ours);
  g_clear_pointer (&setup->findings, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Setup, setup_clear)

/* --------------------------------------------------------------------- parts -- */

static const struct {
  const char *name;
  MuttParts parts;          /* what is left out: the part and all that stands on it */
} part_names[] = {
  { "engine", MUTT_PART_ENGINE | MUTT_PART_FILTER | MUTT_PART_COLORS },
  { "filter", MUTT_PART_FILTER | MUTT_PART_COLORS },
  { "colors", MUTT_PART_COLORS },
  { "bindings", MUTT_PART_BINDINGS },
};

static gboolean
leave_out (const char *name, MuttParts *parts, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (part_names); i++)
    if (strcmp (part_names[i].name, name) == 0) {
      *parts &= ~part_names[i].parts;
      return TRUE;
    }
  tool_set_usage (error, _("it is engine, filter, colors or bindings"), _("unknown part '%s'"),
                  name);
  return FALSE;
}

static gboolean
choose_parts (MuttParts *ret_parts, GError **error)
{
  MuttParts parts = setup_options.sendmail ? MUTT_PARTS_ALL : MUTT_PARTS_DEFAULT;
  for (char **name = setup_options.without; name != NULL && *name != NULL; name++)
    if (!leave_out (*name, &parts, error))
      return FALSE;
  if (parts == 0) {
    tool_set_usage (error, NULL, _("nothing is left to set up"));
    return FALSE;
  }
  *ret_parts = parts;
  return TRUE;
}

/* -------------------------------------------------------------------- begin -- */

static gboolean
begin (Setup *setup, Tool *tool, GError **error)
{
  gboolean exists = FALSE;
  GError *failure = NULL;
  setup->tool = tool;
  setup->client = tool->command->name;
  setup->findings = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_finding_free);
  setup->version = clients_get_version (setup->client, tool->cancellable);
  setup->path = clients_find_file (setup->client, setup->version, &exists);
  setup->flavour = clients_is_mutts (setup->path) ? "mutt" : "neomutt";
  setup->text = clients_read_file (setup->path, &failure);
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  g_autofree char *folder = mutt_config_find_folder (tool, error);
  g_autofree char *name = g_strdup_printf ("mailcrypt.%src", setup->flavour);
  setup->ours = folder != NULL ? g_build_filename (folder, name, NULL) : NULL;
  return folder != NULL;
}

/* --------------------------------------------------------------------- print -- */

/* The value of the last "set sendmail" in @text that is not ours. (transfer full; nullable) */
static char *
find_sendmail (const char *text)
{
  g_autofree char *found = NULL;
  g_autoptr (GRegex) pattern = g_regex_new (
    "^[ \\t]*set\\b(?:.*[ \\t])?sendmail[ \\t]*=[ \\t]*(?|\"([^\"\\n]*)\"|'([^'\\n]*)'|([^ \\t\\n]+))",
    G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_regex_match (pattern, text, 0, &match);
  for (; g_match_info_matches (match); g_match_info_next (match, NULL)) {
    g_autofree char *value = g_match_info_fetch (match, 1);
    if (strstr (value, "mailcrypt") != NULL)
      continue;
    g_free (found);
    found = g_steal_pointer (&value);
  }
  return g_steal_pointer (&found);
}

/* Whether "mailcrypt sendmail" hands all these arguments on: options, and their values. Of
 * long ones it takes some for its own. */
static gboolean
can_hand_on (char **arguments)
{
  g_auto (MtaWords) words = { 0 };
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  for (char **word = arguments; *word != NULL; word++) {
    if (g_str_has_prefix (*word, "--"))
      return FALSE;
    g_ptr_array_add (all, g_strdup (*word));
  }
  /* The one that may be left over. */
  g_ptr_array_add (all, g_strdup ("recipient"));
  g_ptr_array_add (all, NULL);
  return mta_words_parse (&words, (char **) all->pdata, NULL) && words.recipients->len == 1;
}

/* The program that sent so far and its arguments; NULL when the client's own default did. One
 * that would not be called as before is refused: the mail might go another way. */
static gboolean
find_mta (const Setup *setup, char **ret_mta, GError **error)
{
  g_autofree char *value = setup->text != NULL ? find_sendmail (setup->text) : NULL;
  if (value == NULL || *g_strstrip (value) == '\0')
    return TRUE;
  g_auto (GStrv) words = g_strsplit_set (value, " \t", 0);
  g_autoptr (GPtrArray) full = g_ptr_array_new ();
  for (char **word = words; *word != NULL; word++)
    if (**word != '\0')
      g_ptr_array_add (full, *word);
  g_ptr_array_add (full, NULL);
  char **list = (char **) full->pdata;
  if (strpbrk (value, "\"\\`$") != NULL || !can_hand_on (list + 1)) {
    tool_set_error (error, STATUS_ENVIRONMENT, "sendmail-arguments",
                    _("name it as 'mta' in mailcrypt's configuration, and no longer in the client's"),
                    _("'%s' cannot be called from mailcrypt by one line"), value);
    return FALSE;
  }
  *ret_mta = g_strjoinv (" ", list);
  return TRUE;
}

static char *
describe (const Setup *setup, GError **error)
{
  g_autofree char *mta = NULL;
  MuttConfig config = { .neomutt = strcmp (setup->flavour, "neomutt") == 0 };
  if (!choose_parts (&config.parts, error)
      || ((config.parts & MUTT_PART_SENDMAIL) != 0 && !find_mta (setup, &mta, error)))
    return NULL;
  config.mta = mta;
  return mutt_config_describe (setup->tool, &config, error);
}

/* --------------------------------------------------------------------- write -- */

/* Tells which of the person's own settings ours take the place of. */
static void
tell_replaced (Setup *setup)
{
  g_autoptr (GArray) clashes = rc_list_clashes (setup->text, setup_options.sendmail);
  g_autoptr (GString) numbers = g_string_new (NULL);
  RcBlock block = { 0 };
  rc_find (setup->text, setup->flavour, &block, NULL);
  for (guint i = 0; i < clashes->len; i++) {
    guint line = g_array_index (clashes, guint, i);
    if (block.line == 0 || line < block.line)
      g_string_append_printf (numbers, "%s%u", numbers->len > 0 ? ", " : "", line);
  }
  if (numbers->len > 0)
    setup_tell (setup->findings, MC_FINDING_NOTE, "setup-replaces", NULL,
                g_strdup_printf (_("what these lines of '%s' set, mailcrypt sets now: %s"),
                                 setup->path, numbers->str));
}

/* Our file as it is; NULL without @error when there is none. */
static gboolean
read_ours (const Setup *setup, char **ret_text, GError **error)
{
  GError *failure = NULL;
  g_autofree char *text = clients_read_file (setup->ours, &failure);
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  if (text != NULL && !g_str_has_prefix (text, OUR_HEAD)) {
    tool_set_error (error, STATUS_ENVIRONMENT, "setup-foreign", _("give it another name"),
                    _("'%s' was not made by setup"), setup->ours);
    return FALSE;
  }
  *ret_text = g_steal_pointer (&text);
  return TRUE;
}

static gboolean
write_ours (Setup *setup, const char *settings, GError **error)
{
  g_autofree char *old = NULL;
  g_autofree char *text = g_strconcat (OUR_HEAD, settings, NULL);
  g_autofree char *folder = g_path_get_dirname (setup->ours);
  if (!read_ours (setup, &old, error))
    return FALSE;
  if (g_mkdir_with_parents (folder, 0700) != 0) {
    tool_set_errno (error, errno, _("cannot make the folder '%s'"), folder);
    return FALSE;
  }
  return setup_write (setup->findings, setup->ours, old, text, error);
}

static int
install (Setup *setup, const char *settings, GError **error)
{
  g_autofree char *line = g_strdup_printf ("source \"%s\"\n", setup->ours);
  gsize end = setup->text != NULL ? strlen (setup->text) : 0;
  g_autofree char *text = rc_put (setup->text, end, setup->flavour, line, error);
  if (text == NULL || !write_ours (setup, settings, error)
      || !setup_write (setup->findings, setup->path, setup->text, text, error))
    return tool_error_get_status (*error);
  if (setup->text != NULL)
    tell_replaced (setup);
  if (setup_options.sendmail)
    setup_tell (setup->findings, MC_FINDING_NOTE, "copy-in-clear",
                _("set record=\"\", and fcc in mailcrypt's configuration"),
                g_strdup_printf (_("%s keeps what it sends ($record) as it was before encryption"),
                                 setup->client));
  clients_judge (setup->findings, setup->client, setup->path, text, setup_options.sendmail);
  return findings_print (setup->tool, setup->findings, STATUS_OK, error);
}

/* ---------------------------------------------------------------------- undo -- */

static gboolean
restore (Setup *setup, const char *path, GError **error)
{
  gboolean made = FALSE;
  GError *failure = NULL;
  g_autofree char *text = clients_read_file (path, &failure);
  g_autofree char *bare = text != NULL ? rc_take_out (text, setup->flavour, &made, &failure) : NULL;
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  return bare == NULL || strcmp (text, bare) == 0
         || setup_restore (setup->findings, path, bare, made, error);
}

/* In all files where the lines may be: another may have come before the one they are in. */
static int
undo (Setup *setup, GError **error)
{
  g_autofree char *ours = NULL;
  g_auto (GStrv) files = clients_list_files (setup->client, setup->version);
  for (char **file = files; *file != NULL; file++)
    if (!restore (setup, *file, error))
      return tool_error_get_status (*error);
  if (!read_ours (setup, &ours, error)
      || (ours != NULL && !setup_restore (setup->findings, setup->ours, "", TRUE, error)))
    return tool_error_get_status (*error);
  if (setup->findings->len == 0)
    setup_tell (setup->findings, MC_FINDING_GOOD, "setup-unchanged", NULL,
                g_strdup_printf (_("nothing of mailcrypt's is in the configuration of %s"),
                                 setup->client));
  return findings_print (setup->tool, setup->findings, STATUS_OK, error);
}

/* ------------------------------------------------------------------- command -- */

static int
print (Setup *setup, const char *settings, GError **error)
{
  g_autoptr (GError) failure = NULL;
  if (!clients_check_version (setup->client, setup->version, &failure))
    tool_warn (setup->tool, tool_error_get_hint (failure), "%s", failure->message);
  return output_print (options.output, settings, error) ? STATUS_OK : STATUS_ENVIRONMENT;
}

int
setup_mutt (Tool *tool, GError **error)
{
  g_auto (Setup) setup = { 0 };
  if (!setup_check (error) || !begin (&setup, tool, error))
    return tool_error_get_status (*error);
  if (setup_options.undo)
    return undo (&setup, error);
  if (setup_options.write && !clients_check_version (setup.client, setup.version, error))
    return tool_error_get_status (*error);
  g_autofree char *settings = describe (&setup, error);
  if (settings == NULL)
    return tool_error_get_status (*error);
  return setup_options.write ? install (&setup, settings, error)
                             : print (&setup, settings, error);
}
