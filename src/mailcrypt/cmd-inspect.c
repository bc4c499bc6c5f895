/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "commands.h"
#include "json.h"
#include "options.h"
#include "output.h"
#include "text.h"

static void
append_certificates (GString *out, GPtrArray *certificates, const char *indent, const char *bar)
{
  for (guint i = 0; i < certificates->len; i++) {
    const McKey *key = g_ptr_array_index (certificates, i);
    g_autofree char *subject = mc_text_escape_line (mc_key_get_subject (key));
    g_autofree char *issuer = mc_text_escape_line (mc_key_get_issuer (key));
    g_autofree char *from = text_from_day (mc_key_get_valid_from (key));
    g_autofree char *until = text_from_day (mc_key_get_valid_until (key));
    g_string_append_printf (out, "%s%s+ certificate %s, issued by %s, valid %s to %s\n", indent,
                            bar, subject, issuer, from, until);
  }
}

static void
append_oddities (GString *out, GPtrArray *reasons, const char *indent, const char *bar)
{
  for (guint i = 0; i < reasons->len; i++)
    g_string_append_printf (out, "%s%s! %s\n", indent, bar,
                            mc_reason_get_text (g_ptr_array_index (reasons, i)));
}

static void
append_layer (GString *out, const McLayer *layer, const char *indent, const char *bar)
{
  g_autofree char *what = text_describe_layer (layer);
  g_string_append_printf (out, "%s%s= %s\n", indent, bar, what);
  append_oddities (out, mc_layer_get_reasons (layer), indent, bar);
  if (mc_layer_get_kind (layer) == MC_LAYER_ENCRYPTED
      && mc_layer_get_decryption_status (layer) != MC_DECRYPTION_ERROR)
    g_string_append_printf (out, "%s%s! %s\n", indent, bar,
                            _("the content is encrypted: inspect does not decrypt"));
}

/* Appends @part and what is below it; @indent stands before its second line. */
static void
append_part (GString *out, McPart *part, const char *indent)
{
  g_autofree char *type = mc_text_escape_line (mc_part_get_content_type (part));
  g_autofree char *size = text_from_size (mc_part_get_size (part));
  const char *filename = mc_part_get_filename (part);
  g_autofree char *name = filename != NULL ? mc_text_escape_line (filename) : NULL;
  g_string_append_printf (out, "%s  %s  %s%s%s\n", mc_part_get_path (part), type, size,
                          name != NULL ? "  " : "", name != NULL ? name : "");

  GPtrArray *children = mc_part_get_children (part);
  const char *bar = children->len > 0 ? "|  " : "   ";
  if (mc_part_get_layer (part) != NULL)
    append_layer (out, mc_part_get_layer (part), indent, bar);
  else if (mc_part_get_format (part) != NULL)
    g_string_append_printf (out, "%s%s= %s\n", indent, bar, mc_part_get_format (part));
  append_certificates (out, mc_part_get_certificates (part), indent, bar);
  append_oddities (out, mc_part_get_oddities (part), indent, bar);

  for (guint i = 0; i < children->len; i++) {
    gboolean last = i + 1 == children->len;
    g_autofree char *deeper = g_strconcat (indent, last ? "   " : "|  ", NULL);
    g_string_append_printf (out, "%s%s", indent, last ? "`- " : "|- ");
    append_part (out, g_ptr_array_index (children, i), deeper);
  }
}

/* What describing alone cannot see. */
static void
append_unseen (GString *out, const McReport *report)
{
  GPtrArray *reasons = mc_report_get_reasons (report);
  for (guint i = 0; i < reasons->len; i++)
    g_string_append_printf (out, "%s%s\n", i == 0 ? "\n" : "",
                            mc_reason_get_text (g_ptr_array_index (reasons, i)));
}

int
cmd_inspect (Tool *tool, GError **error)
{
  g_autoptr (McMessage) message = tool_open_message (tool, MC_OPEN_DESCRIBE, error);
  if (message == NULL)
    return STATUS_INTERNAL;
  if (options.json)
    return json_print (tool, mc_message_describe_json (message, STATUS_OK), error)
           ? STATUS_OK : STATUS_INTERNAL;

  g_autoptr (GString) out = g_string_new (NULL);
  append_part (out, mc_message_get_root (message), "");
  append_unseen (out, mc_message_get_report (message));
  return output_print (options.output, out->str, error) ? STATUS_OK : STATUS_INTERNAL;
}
