/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>

#include "caution.h"
#include "commands.h"
#include "filename.h"
#include "options.h"
#include "output.h"

static struct {
  char *part;
} opt;

const GOptionEntry extract_options[] = {
  { "part", 0, 0, G_OPTION_ARG_STRING, &opt.part,
    N_("The part with this number, or at this place (1.2)"), N_("N") },
  G_OPTION_ENTRY_NULL
};

static McPart *
find_part (McMessage *message, GError **error)
{
  const McReport *report = mc_message_get_report (message);
  int status = mc_report_get_decrypt_status (report);
  if (status != STATUS_OK && status != STATUS_NOT_PROTECTED) {
    tool_set_report_error (error, report, status);
    return NULL;
  }
  McPart *part = mc_message_find_part (message, opt.part);
  if (part == NULL)
    tool_set_usage (error, _("'mailcrypt show' and 'mailcrypt inspect' list them"),
                    _("no part '%s'"), opt.part);
  return part;
}

/* Where the part goes: to the file named with -o, or into that folder under the name that
 * the message has for it, as far as it can be had. (transfer full, nullable) */
static char *
choose_target (const McPart *part, GError **error)
{
  if (options.output == NULL || !g_file_test (options.output, G_FILE_TEST_IS_DIR))
    return g_strdup (options.output);
  const char *name = mc_part_get_filename (part);
  g_autofree char *fallback = g_strdup_printf ("part-%s", mc_part_get_path (part));
  g_autofree char *safe = filename_make_safe (name != NULL ? name : "", fallback);
  char *path = filename_find_free (options.output, safe);
  if (path == NULL)
    tool_set_errno (error, EEXIST, _("cannot write '%s'"), safe);
  return path;
}

static gboolean
write_part (Tool *tool, McPart *part, GError **error)
{
  g_autofree char *target = choose_target (part, error);
  if (target == NULL && options.output != NULL)
    return FALSE;
  g_autoptr (Output) output = output_new (target, OUTPUT_RAW, error);
  if (output == NULL || !mc_part_write (part, output_get_stream (output), tool->cancellable, error)
      || !output_commit (output, error))
    return FALSE;
  if (g_strcmp0 (target, options.output) != 0)
    tool_note (tool, _("written to '%s'"), target);
  return TRUE;
}

int
cmd_extract (Tool *tool, GError **error)
{
  if (opt.part == NULL) {
    tool_set_usage (error, _("'mailcrypt show' and 'mailcrypt inspect' list them"),
                    _("--part is missing"));
    return STATUS_USAGE;
  }
  g_autoptr (McMessage) message = tool_open_message (tool, MC_OPEN_DEFAULT, error);
  McPart *part = message != NULL ? find_part (message, error) : NULL;
  if (part == NULL || !write_part (tool, part, error))
    return STATUS_INTERNAL;
  mc_message_remember (message);
  caution_say_uncovered (tool, mc_message_get_report (message), part);
  caution_say_bad (tool, mc_message_get_report (message), part);
  return STATUS_OK;
}
