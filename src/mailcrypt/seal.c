/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "seal.h"

#include <glib/gi18n.h>

#include "input.h"
#include "options.h"
#include "output.h"

McSeal *
seal_prepare (Tool *tool, McSealFlags flags, GError **error)
{
  McProtocol protocol = MC_PROTOCOL_UNKNOWN;
  if (!options_get_protocol (&protocol, error))
    return NULL;
  McContext *context = tool_get_context (tool, error);
  if (context == NULL)
    return NULL;
  McSeal *seal = mc_seal_new (context, flags);
  mc_seal_set_protocol (seal, protocol);
  return seal;
}

gboolean
seal_set_headers (McSeal *seal, const char *word, GError **error)
{
  McHeaderPolicy policy = mc_header_policy_from_word (word);
  if (word != NULL && policy == MC_HEADERS_UNKNOWN) {
    tool_set_usage (error, _("it is baseline, shy, none or off"),
                    _("unknown header protection '%s'"), word);
    return FALSE;
  }
  mc_seal_set_header_policy (seal, policy);
  return TRUE;
}

static void
say_notes (const Tool *tool, McSeal *seal)
{
  GPtrArray *notes = mc_seal_get_notes (seal);
  for (guint i = 0; i < notes->len; i++) {
    const McReason *note = g_ptr_array_index (notes, i);
    tool_warn (tool, mc_reason_get_hint (note), "%s", mc_reason_get_text (note));
  }
}

int
seal_finish (Tool *tool, McSeal *seal, GError **error)
{
  g_autoptr (Output) output = output_new (options.output, OUTPUT_TEXT, error);
  if (output == NULL)
    return STATUS_ENVIRONMENT;
  g_autoptr (GInputStream) input = tool_open_input (tool_get_file (tool), error);
  if (input == NULL || !mc_seal_run (seal, input, tool->cancellable, error)
      || !mc_seal_write (seal, output_get_stream (output), tool->cancellable, error)
      || !output_commit (output, error))
    return STATUS_INTERNAL;
  say_notes (tool, seal);
  return STATUS_OK;
}
