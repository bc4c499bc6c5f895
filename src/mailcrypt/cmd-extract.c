/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "caution.h"
#include "commands.h"
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

int
cmd_extract (Tool *tool, GError **error)
{
  if (opt.part == NULL) {
    tool_set_usage (error, _("'mailcrypt show' and 'mailcrypt inspect' list them"),
                    _("--part is missing"));
    return STATUS_USAGE;
  }
  g_autoptr (Output) output = output_new (options.output, OUTPUT_RAW, error);
  if (output == NULL)
    return STATUS_ENVIRONMENT;
  g_autoptr (McMessage) message = tool_open_message (tool, MC_OPEN_DEFAULT, error);
  McPart *part = message != NULL ? find_part (message, error) : NULL;
  if (part == NULL
      || !mc_part_write (part, output_get_stream (output), tool->cancellable, error)
      || !output_commit (output, error))
    return STATUS_INTERNAL;
  caution_say_uncovered (tool, mc_message_get_report (message), part);
  caution_say_bad (tool, mc_message_get_report (message), part);
  return STATUS_OK;
}
