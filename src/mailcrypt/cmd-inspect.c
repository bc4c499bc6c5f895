/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "commands.h"
#include "fold.h"
#include "json.h"
#include "options.h"
#include "output.h"
#include "text.h"

/* The tree as text. */
typedef struct {
  GString *out;
  guint width;          /* of the terminal; 0: nothing is folded */
} Tree;

/* One line about a part, and what it goes on in, behind the branches of the tree. */
static void
append_line (Tree *tree, const char *branches, char mark, const char *text)
{
  g_autofree char *start = g_strdup_printf ("%s%c ", branches, mark);
  g_autofree char *indent = g_strconcat (branches, "    ", NULL);
  fold_append (tree->out, start, text, tree->width, indent);
}

static void
append_certificates (Tree *tree, GPtrArray *certificates, const char *branches)
{
  for (guint i = 0; i < certificates->len; i++) {
    const McKey *key = g_ptr_array_index (certificates, i);
    g_autofree char *subject = mc_text_escape_line (mc_key_get_subject (key));
    g_autofree char *issuer = mc_text_escape_line (mc_key_get_issuer (key));
    g_autofree char *from = text_from_day (mc_key_get_valid_from (key));
    g_autofree char *until = text_from_day (mc_key_get_valid_until (key));
    g_autofree char *text
      = g_strdup_printf (_("certificate %s, issued by %s, valid %s to %s"), subject, issuer,
                         from, until);
    append_line (tree, branches, '+', text);
  }
}

static void
append_oddities (Tree *tree, GPtrArray *reasons, const char *branches)
{
  for (guint i = 0; i < reasons->len; i++)
    append_line (tree, branches, '!', mc_reason_get_text (g_ptr_array_index (reasons, i)));
}

static void
append_layer (Tree *tree, const McLayer *layer, const char *branches)
{
  g_autofree char *what = text_describe_layer (layer);
  append_line (tree, branches, '=', what);
  append_oddities (tree, mc_layer_get_reasons (layer), branches);
  if (mc_layer_get_kind (layer) == MC_LAYER_ENCRYPTED
      && mc_layer_get_decryption_status (layer) != MC_DECRYPTION_ERROR)
    append_line (tree, branches, '!', _("the content is encrypted: inspect does not decrypt"));
}

static void
append_header_protection (Tree *tree, const McPart *part, const char *branches)
{
  const char *found = mc_part_get_header_protection (part);
  if (found == NULL)
    return;
  g_autofree char *safe = mc_text_escape_line (found);
  g_autofree char *text = g_strdup_printf (_("header protection: %s"), safe);
  append_line (tree, branches, '=', text);
}

static char *
describe_part (const McPart *part)
{
  g_autofree char *type = mc_text_escape_line (mc_part_get_content_type (part));
  g_autofree char *size = text_from_size (mc_part_get_size (part));
  const char *filename = mc_part_get_filename (part);
  g_autofree char *name = filename != NULL ? mc_text_escape_line (filename) : NULL;
  return g_strdup_printf ("%s  %s  %s%s%s", mc_part_get_path (part), type, size,
                          name != NULL ? "  " : "", name != NULL ? name : "");
}

/* Appends @part and what is below it. @branch stands before its first line, @indent before
 * the others. */
static void
append_part (Tree *tree, McPart *part, const char *branch, const char *indent)
{
  GPtrArray *children = mc_part_get_children (part);
  g_autofree char *branches = g_strconcat (indent, children->len > 0 ? "|  " : "   ", NULL);
  g_autofree char *what = describe_part (part);
  g_autofree char *more = g_strconcat (branches, "    ", NULL);
  fold_append (tree->out, branch, what, tree->width, more);

  if (mc_part_get_layer (part) != NULL)
    append_layer (tree, mc_part_get_layer (part), branches);
  else if (mc_part_get_format (part) != NULL)
    append_line (tree, branches, '=', mc_part_get_format (part));
  append_header_protection (tree, part, branches);
  append_certificates (tree, mc_part_get_certificates (part), branches);
  append_oddities (tree, mc_part_get_oddities (part), branches);

  for (guint i = 0; i < children->len; i++) {
    gboolean last = i + 1 == children->len;
    g_autofree char *next = g_strconcat (indent, last ? "`- " : "|- ", NULL);
    g_autofree char *deeper = g_strconcat (indent, last ? "   " : "|  ", NULL);
    append_part (tree, g_ptr_array_index (children, i), next, deeper);
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
  Tree tree = { .out = out,
                .width = options.output == NULL ? fold_get_columns (STDOUT_FILENO) : 0 };
  append_part (&tree, mc_message_get_root (message), "", "");
  append_unseen (out, mc_message_get_report (message));
  return output_print (options.output, out->str, error) ? STATUS_OK : STATUS_INTERNAL;
}
