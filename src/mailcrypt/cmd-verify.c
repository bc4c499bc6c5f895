/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <unistd.h>

#include "commands.h"
#include "fold.h"
#include "json.h"
#include "options.h"
#include "output.h"
#include "text.h"

/* On a terminal a long name is folded here, so that none of it can begin a line. */
static char *
describe (const McReport *report, gboolean color)
{
  guint width = options.output == NULL ? fold_get_columns (STDOUT_FILENO) : 0;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GPtrArray) lines = text_describe_report (report, options.verbose);
  for (guint i = 0; i < lines->len; i++) {
    const Line *line = g_ptr_array_index (lines, i);
    g_autoptr (GString) folded = g_string_new (NULL);
    fold_append (folded, "", line->text, width, "    ");
    g_string_truncate (folded, folded->len - 1);
    text_append_tone (text, line->tone, folded->str, color && line->tone != TONE_PLAIN);
    g_string_append_c (text, '\n');
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

int
cmd_verify (Tool *tool, GError **error)
{
  g_autoptr (McMessage) message = tool_open_message (tool, MC_OPEN_DEFAULT, error);
  if (message == NULL)
    return STATUS_INTERNAL;
  const McReport *report = mc_message_get_report (message);
  int status = mc_report_get_verify_status (report);
  if (options.json)
    return json_print (tool, mc_report_to_json (report, status), error) ? status : STATUS_INTERNAL;

  /* What could not be read was not judged either. */
  if (status >= STATUS_NO_SECRET) {
    tool_set_report_error (error, report, status);
    return status;
  }
  gboolean color = FALSE;
  if (options.quiet || !text_wants_color (NULL, &color, error))
    return status;
  g_autofree char *text = describe (report, color);
  return output_print (options.output, text, error) ? status : STATUS_INTERNAL;
}
