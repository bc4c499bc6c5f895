/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "caution.h"

#include <glib/gi18n.h>

static gboolean
is_around (const McLayer *layer, const McPart *part)
{
  return part == NULL || g_strv_contains (mc_part_get_layers (part), mc_layer_get_path (layer));
}

gboolean
caution_is_covered (const McReport *report, const McPart *part)
{
  gboolean covered = TRUE;
  GPtrArray *layers = mc_report_get_layers (report);
  for (guint i = 0; i < layers->len; i++) {
    const McLayer *layer = g_ptr_array_index (layers, i);
    if (!is_around (layer, part))
      continue;
    if (mc_layer_get_kind (layer) == MC_LAYER_ENCRYPTED && !mc_layer_get_authenticated (layer))
      covered = FALSE;
    if (mc_layer_get_kind (layer) == MC_LAYER_SIGNED
        && mc_layer_get_signature_status (layer) == MC_SIGNATURE_GOOD)
      covered = TRUE;
  }
  return covered;
}

void
caution_say_uncovered (const Tool *tool, const McReport *report, const McPart *part)
{
  if (!caution_is_covered (report, part))
    tool_alert (tool, _("do not act on it before the sender has confirmed it"),
                _("the encryption does not protect the content from being altered on its way"));
}

static gboolean
any_is_bad (GPtrArray *layers, const McPart *part)
{
  for (guint i = 0; i < layers->len; i++) {
    const McLayer *layer = g_ptr_array_index (layers, i);
    if (mc_layer_get_kind (layer) == MC_LAYER_SIGNED
        && mc_layer_get_signature_status (layer) == MC_SIGNATURE_BAD && is_around (layer, part))
      return TRUE;
  }
  return FALSE;
}

void
caution_say_bad (const Tool *tool, const McReport *report, const McPart *part)
{
  if (any_is_bad (mc_report_get_layers (report), part)
      || any_is_bad (mc_report_get_errant (report), part))
    tool_alert (tool, _("'mailcrypt verify' tells more"),
                _("bad signature: the content was altered on the way, or forged"));
}
