/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "caution.h"
#include "commands.h"
#include "json.h"
#include "options.h"
#include "output.h"

static struct {
  char *report;
  gboolean require_authenticated;
} opt;

const GOptionEntry decrypt_options[] = {
  { "report", 0, 0, G_OPTION_ARG_FILENAME, &opt.report,
    N_("Write the report as JSON to FILE, whatever the outcome"), N_("FILE") },
  { "require-authenticated", 0, 0, G_OPTION_ARG_NONE, &opt.require_authenticated,
    N_("Refuse encryption without integrity, unless a good signature makes up for it"), NULL },
  G_OPTION_ENTRY_NULL
};

static gboolean
is_standard (const char *path)
{
  return path == NULL || strcmp (path, "-") == 0;
}

static gboolean
check_options (GError **error)
{
  if (opt.report != NULL && is_standard (opt.report) && is_standard (options.output)) {
    tool_set_usage (error, _("name a file for one of them"),
                    _("message and report cannot both go to standard output"));
    return FALSE;
  }
  if (opt.report != NULL && output_is_same (opt.report, options.output)) {
    tool_set_usage (error, NULL, _("message and report cannot both go to '%s'"), opt.report);
    return FALSE;
  }
  return TRUE;
}

/* One OpenPGP object that is both: its signature ends with the encryption. */
static gboolean
loses_signature (const McReport *report)
{
  GPtrArray *layers = mc_report_get_layers (report);
  for (guint i = 0; i + 1 < layers->len; i++) {
    const McLayer *outer = g_ptr_array_index (layers, i);
    const McLayer *inner = g_ptr_array_index (layers, i + 1);
    if (mc_layer_get_kind (outer) == MC_LAYER_ENCRYPTED
        && mc_layer_get_kind (inner) == MC_LAYER_SIGNED
        && g_strcmp0 (mc_layer_get_path (outer), mc_layer_get_path (inner)) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Fails for every reason not to write the content. */
static gboolean
check_verdict (McMessage *message, GError **error)
{
  const McReport *report = mc_message_get_report (message);
  int status = mc_report_get_decrypt_status (report);
  if (status == STATUS_NOT_PROTECTED) {
    tool_set_error (error, status, "not-encrypted", NULL, _("the message is not encrypted"));
    return FALSE;
  }
  if (status != STATUS_OK) {
    tool_set_report_error (error, report, status);
    return FALSE;
  }
  if (opt.require_authenticated && !caution_is_covered (report, NULL)) {
    tool_set_error (error, STATUS_INTEGRITY, "not-authenticated",
                    _("without --require-authenticated it is written all the same"),
                    _("the encryption does not protect the content from being altered, and no good "
                      "signature inside makes up for it"));
    return FALSE;
  }
  return TRUE;
}

static void
warn (const Tool *tool, const McReport *report)
{
  caution_say_uncovered (tool, report, NULL);
  if (loses_signature (report))
    tool_warn (tool, _("keep the encrypted message: only it still carries the signature"),
               _("the signature was inside the encryption and is not part of what was written"));
}

/* Hands the outcome to the programs that want to know. @message and @failure are
 * nullable, not both. */
static gboolean
publish (Tool *tool, McMessage *message, const GError *failure, GError **error)
{
  /* The message has standard output unless it has another place, or will not come. */
  gboolean to_stdout = options.json && !tool->json_done && g_strcmp0 (opt.report, "-") != 0
                       && (failure != NULL || !is_standard (options.output));
  if (opt.report == NULL && !to_stdout)
    return TRUE;

  int status = failure != NULL ? tool_error_get_status (failure) : STATUS_OK;
  g_autofree char *json = message != NULL
    ? mc_report_to_json (mc_message_get_report (message), status)
    : json_from_error (failure, status);
  g_autofree char *text = g_strconcat (json, "\n", NULL);
  if (opt.report != NULL && !output_print (opt.report, text, error))
    return FALSE;
  if (!to_stdout)
    return TRUE;
  tool->json_done = TRUE;
  return output_print (NULL, text, error);
}

static McMessage *
open_message (Tool *tool, GError **error)
{
  McOpenFlags flags = MC_OPEN_DEFAULT;
  /* Checking signatures costs time and, with S/MIME, chains; nobody would be told. */
  if (opt.report == NULL && !options.json && !opt.require_authenticated)
    flags |= MC_OPEN_SKIP_SIGNATURES;
  return tool_open_message (tool, flags, error);
}

static gboolean
write_message (Tool *tool, McMessage *message, Output *output, GError **error)
{
  return mc_message_write_decrypted (message, output_get_stream (output), tool->cancellable, error)
         && output_commit (output, error);
}

int
cmd_decrypt (Tool *tool, GError **error)
{
  if (!check_options (error))
    return STATUS_USAGE;
  g_autoptr (Output) output = output_new (options.output, OUTPUT_RAW, error);
  if (output == NULL)
    return STATUS_ENVIRONMENT;

  g_autoptr (GError) failure = NULL;
  g_autoptr (McMessage) message = open_message (tool, &failure);
  if (message != NULL)
    check_verdict (message, &failure);

  /* The report comes first: what is on standard output cannot be taken back. */
  if (!publish (tool, message, failure, error))
    return STATUS_ENVIRONMENT;
  if (failure == NULL && !write_message (tool, message, output, &failure)
      && !publish (tool, NULL, failure, error))
    return STATUS_ENVIRONMENT;
  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return STATUS_INTERNAL;
  }

  mc_message_remember (message);
  warn (tool, mc_message_get_report (message));
  return STATUS_OK;
}
