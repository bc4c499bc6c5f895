/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has a mail client use us: the table of clients, and what they share. */
#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#include "commands.h"
#include "findings.h"
#include "output.h"
#include "setup.h"

SetupOptions setup_options;

#define SHARED_OPTIONS \
  { "write", 0, 0, G_OPTION_ARG_NONE, &setup_options.write, \
    N_("Change the client's configuration, instead of printing what to change"), NULL }, \
  { "undo", 0, 0, G_OPTION_ARG_NONE, &setup_options.undo, \
    N_("Take out what --write put in"), NULL }

static const GOptionEntry mutt_setup_options[] = {
  SHARED_OPTIONS,
  { "with-sendmail", 0, 0, G_OPTION_ARG_NONE, &setup_options.sendmail,
    N_("Send through mailcrypt, too"), NULL },
  { "without", 0, 0, G_OPTION_ARG_STRING_ARRAY, &setup_options.without,
    N_("Leave out engine, filter, colors or bindings"), N_("PART") },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry aerc_setup_options[] = {
  SHARED_OPTIONS,
  G_OPTION_ENTRY_NULL
};

/* -------------------------------------------------------------------- shared -- */

gboolean
setup_check (GError **error)
{
  if (setup_options.write && setup_options.undo)
    tool_set_usage (error, NULL, _("--write and --undo exclude each other"));
  return !setup_options.write || !setup_options.undo;
}

void
setup_tell (GPtrArray *findings, McFindingLevel level, const char *code, const char *fix,
            char *text)
{
  findings_add (findings, level, "setup", code, fix, text);
}

static gboolean
write_file (const char *path, const char *text, GError **error)
{
  GStatBuf info;
  g_autoptr (Output) output = output_new (path, OUTPUT_TEXT, error);
  if (output == NULL)
    return FALSE;
  if (g_stat (path, &info) == 0)
    output_set_mode (output, info.st_mode & 07777);
  return g_output_stream_write_all (output_get_stream (output), text, strlen (text), NULL, NULL,
                                    error)
         && output_commit (output, error);
}

gboolean
setup_write (GPtrArray *findings, const char *path, const char *old, const char *text,
             GError **error)
{
  if (g_strcmp0 (old, text) == 0) {
    setup_tell (findings, MC_FINDING_GOOD, "setup-unchanged", NULL,
                g_strdup_printf (_("'%s' needs no change"), path));
    return TRUE;
  }
  if (!write_file (path, text, error))
    return FALSE;
  setup_tell (findings, MC_FINDING_GOOD, "setup-written", NULL,
              old != NULL ? g_strdup_printf (_("changed '%s'"), path)
                          : g_strdup_printf (_("made '%s'"), path));
  return TRUE;
}

gboolean
setup_restore (GPtrArray *findings, const char *path, const char *text, gboolean made,
               GError **error)
{
  if (!made && !write_file (path, text, error))
    return FALSE;
  if (made && g_unlink (path) != 0) {
    tool_set_errno (error, errno, _("cannot remove '%s'"), path);
    return FALSE;
  }
  setup_tell (findings, MC_FINDING_GOOD, "setup-undone", NULL,
              made ? g_strdup_printf (_("removed '%s'"), path)
                   : g_strdup_printf (_("'%s' is as it was"), path));
  return TRUE;
}

/* --------------------------------------------------------------------- table -- */

static int
setup_claws_mail (Tool *tool, GError **error)
{
  (void) tool;
  tool_set_error (error, STATUS_ENVIRONMENT, "no-plugin",
                  _("'mailcrypt show' reads a message that Claws Mail saved as a file"),
                  _("there is no plugin for Claws Mail in this version"));
  return STATUS_ENVIRONMENT;
}

const Command setup_commands[] = {
  { .name = "mutt", .operands = "", .help = N_("Print or install the settings for mutt"),
    .options = mutt_setup_options, .run = setup_mutt },
  { .name = "neomutt", .operands = "", .help = N_("Print or install the settings for neomutt"),
    .options = mutt_setup_options, .run = setup_mutt },
  { .name = "aerc", .operands = "", .help = N_("Print or install the settings for aerc"),
    .options = aerc_setup_options, .run = setup_aerc },
  { .name = "claws-mail", .operands = "", .help = N_("Not there yet"),
    .run = setup_claws_mail },
  { .name = NULL },
};
