/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tool's errors, and the one place that tells people of errors and warnings. */
#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fold.h"
#include "json.h"
#include "options.h"
#include "tool.h"

typedef struct {
  char *word;
  char *hint;
} ToolErrorPrivate;

static void
tool_error_private_init (ToolErrorPrivate *private)
{
  private->word = NULL;
  private->hint = NULL;
}

static void
tool_error_private_copy (const ToolErrorPrivate *from, ToolErrorPrivate *to)
{
  to->word = g_strdup (from->word);
  to->hint = g_strdup (from->hint);
}

static void
tool_error_private_clear (ToolErrorPrivate *private)
{
  g_free (private->word);
  g_free (private->hint);
}

G_DEFINE_EXTENDED_ERROR (ToolError, tool_error)

void
tool_set_error (GError **error, int status, const char *word, const char *hint,
                const char *format, ...)
{
  va_list args;
  va_start (args, format);
  GError *made = g_error_new_valist (TOOL_ERROR, status, format, args);
  va_end (args);

  ToolErrorPrivate *private = tool_error_get_private (made);
  private->word = g_strdup (word);
  private->hint = g_strdup (hint);
  g_propagate_error (error, made);
}

void
tool_set_errno (GError **error, int number, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);
  tool_set_error (error, STATUS_ENVIRONMENT, "io", NULL, "%s: %s", what, g_strerror (number));
}

int
tool_error_get_status (const GError *error)
{
  if (error->domain == TOOL_ERROR)
    return error->code;
  return mc_error_get_exit_status (error);
}

const char *
tool_error_get_word (const GError *error)
{
  if (error->domain == TOOL_ERROR)
    return tool_error_get_private (error)->word;
  return mc_error_get_word (error);
}

const char *
tool_error_get_hint (const GError *error)
{
  if (error->domain == TOOL_ERROR)
    return tool_error_get_private (error)->hint;
  return mc_error_get_hint (error);
}

/* The reason that says what to do, else the first. (nullable) */
static const McReason *
pick_reason (GPtrArray *reasons)
{
  for (guint i = 0; i < reasons->len; i++)
    if (mc_reason_get_hint (g_ptr_array_index (reasons, i)) != NULL)
      return g_ptr_array_index (reasons, i);
  return reasons->len > 0 ? g_ptr_array_index (reasons, 0) : NULL;
}

/* Why the outermost layer of @layers that kept its content to itself did so. (nullable) */
static const McReason *
find_blocking_reason (GPtrArray *layers)
{
  for (guint i = 0; i < layers->len; i++) {
    const McLayer *layer = g_ptr_array_index (layers, i);
    if (mc_layer_get_kind (layer) == MC_LAYER_ENCRYPTED
        && mc_layer_get_decryption_status (layer) != MC_DECRYPTION_OK)
      return pick_reason (mc_layer_get_reasons (layer));
  }
  return NULL;
}

static const char *
describe_status (int status)
{
  switch (status) {
    case STATUS_NOT_PROTECTED: return _("the message is not encrypted");
    case STATUS_NO_SECRET: return _("no secret key to decrypt with");
    case STATUS_INTEGRITY: return _("the decrypted content failed its integrity check");
    case STATUS_MALFORMED: return _("the message is malformed");
    case STATUS_ENVIRONMENT: return _("the engine failed");
    default: return _("the content could not be read");
  }
}

void
tool_set_report_error (GError **error, const McReport *report, int status)
{
  const McReason *reason = find_blocking_reason (mc_report_get_layers (report));
  if (reason == NULL)   /* text that is OpenPGP inline */
    reason = find_blocking_reason (mc_report_get_errant (report));
  if (reason == NULL)
    reason = pick_reason (mc_report_get_reasons (report));
  if (reason == NULL) {
    tool_set_error (error, status, "unreadable", NULL, "%s", describe_status (status));
    return;
  }
  tool_set_error (error, status, mc_reason_get_code (reason), mc_reason_get_hint (reason), "%s",
                  mc_reason_get_text (reason));
}

/* ----------------------------------------------------------------- printing -- */

char **
tool_split_hints (const char *hint)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  g_auto (GStrv) lines = g_strsplit (hint != NULL ? hint : "", "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_autofree char *safe = mc_text_escape_line (*line);
    if (*safe != '\0' && !g_ptr_array_find_with_equal_func (found, safe, g_str_equal, NULL))
      g_ptr_array_add (found, g_steal_pointer (&safe));
  }
  g_ptr_array_add (found, NULL);
  return (char **) g_ptr_array_steal (found, NULL);
}

static void
print_hints (const char *hint)
{
  g_auto (GStrv) lines = tool_split_hints (hint);
  for (char **line = lines; *line != NULL; line++)
    fprintf (stderr, _("hint: %s\n"), *line);
}

/* Each line says where it comes from, so that no name with a line break in it can pass
 * for something else. */
static void
print_message (const Tool *tool, const char *kind, const char *message)
{
  g_auto (GStrv) lines = g_strsplit (message, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    /* Messages quote what stands in files and mails. */
    g_autofree char *safe = mc_text_escape_line (*line);
    g_autofree char *start
      = g_strconcat ("mailcrypt: ", tool->name != NULL ? tool->name : "",
                     tool->name != NULL ? ": " : "", line == lines ? kind : "", NULL);
    g_autoptr (GString) text = g_string_new (NULL);
    fold_append (text, start, safe, fold_get_columns (STDERR_FILENO), "    ");
    fputs (text->str, stderr);
  }
}

/* The one limit that has an option of its own. */
static gboolean
is_size_limit (const Tool *tool, const GError *error)
{
  const char *hint = tool_error_get_hint (error);
  return g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT) && hint != NULL
         && tool->settings != NULL
         && strstr (hint, "total-bytes") != NULL;
}

static char *
describe_size_limit (const Tool *tool)
{
  const char *value = mc_settings_get (tool->settings, "limits", "total-bytes");
  guint64 bytes = value != NULL ? g_ascii_strtoull (value, NULL, 10) : 0;
  g_autofree char *size = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
  return g_strdup_printf (_("--max-size raises the limit of %s"), size);
}

int
tool_print_error (Tool *tool, const GError *error)
{
  int status = tool_error_get_status (error);
  print_message (tool, "", error->message);
  print_hints (tool_error_get_hint (error));
  if (is_size_limit (tool, error)) {
    g_autofree char *limit = describe_size_limit (tool);
    print_hints (limit);
  }
  if (!options.json || tool->json_done)
    return status;

  /* Standard output may be what failed; the message above has been said in any case. */
  g_clear_pointer (&options.output, g_free);
  (void) json_print (tool, json_from_error (error, status), NULL);
  return status;
}

void
tool_warn (const Tool *tool, const char *hint, const char *format, ...)
{
  if (options.quiet)
    return;

  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  print_message (tool, _("warning: "), message);
  print_hints (hint);
}

void
tool_alert (const Tool *tool, const char *hint, const char *message)
{
  print_message (tool, _("warning: "), message);
  print_hints (hint);
}

void
tool_note (const Tool *tool, const char *format, ...)
{
  if (options.quiet)
    return;

  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  print_message (tool, "", message);
}
