/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "findings.h"

#include <glib/gi18n.h>

#include "json.h"
#include "options.h"
#include "output.h"

void
findings_add (GPtrArray *findings, McFindingLevel level, const char *area, const char *code,
              const char *fix, char *text)
{
  g_autofree char *safe = mc_text_escape_line (text);
  g_free (text);
  g_ptr_array_add (findings, mc_finding_new (level, area, code, fix, safe));
}

static const char *
get_mark (McFindingLevel level)
{
  switch (level) {
    case MC_FINDING_GOOD: return _("ok");
    case MC_FINDING_NOTE: return _("note");
    case MC_FINDING_WARNING: return _("warning");
    case MC_FINDING_PROBLEM: return _("PROBLEM");
    case MC_FINDING_UNKNOWN:
    default: return "?";
  }
}

static char *
describe (GPtrArray *findings)
{
  g_autoptr (GString) out = g_string_new (NULL);
  for (guint i = 0; i < findings->len; i++) {
    const McFinding *finding = g_ptr_array_index (findings, i);
    if (options.quiet && mc_finding_get_level (finding) < MC_FINDING_WARNING)
      continue;
    g_string_append_printf (out, "%s: %s\n", get_mark (mc_finding_get_level (finding)),
                            mc_finding_get_text (finding));
    g_auto (GStrv) hints = tool_split_hints (mc_finding_get_fix (finding));
    for (char **hint = hints; hint != NULL && *hint != NULL; hint++)
      g_string_append_printf (out, "    %s: %s\n", _("fix"), *hint);
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

int
findings_print (Tool *tool, GPtrArray *findings, int status, GError **error)
{
  g_autofree char *text = describe (findings);
  gboolean printed = options.json ? json_print (tool, json_from_findings (findings, status), error)
                                  : output_print (options.output, text, error);
  return printed ? status : STATUS_INTERNAL;
}
