/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "body.h"
#include "commands.h"
#include "fold.h"
#include "json.h"
#include "mark.h"
#include "options.h"
#include "output.h"
#include "text.h"

/* What is folded for no terminal, and the room that there always is behind the prefix. */
#define DEFAULT_WIDTH 80
#define MIN_ROOM 20

static struct {
  char *part, *html, *color, *type, *from;
  int width;
} opt = { .width = -1 };

const GOptionEntry show_options[] = {
  { "part", 0, 0, G_OPTION_ARG_STRING, &opt.part,
    N_("Below verdict and headers show only the part with this number"), N_("N") },
  { "html", 0, 0, G_OPTION_ARG_STRING, &opt.html,
    N_("Turn HTML into text with COMMAND, which reads standard input"), N_("COMMAND") },
  { "color", 0, 0, G_OPTION_ARG_STRING, &opt.color,
    N_("Use colour: auto, always or never"), N_("WHEN") },
  { "width", 0, 0, G_OPTION_ARG_INT, &opt.width,
    N_("Fold status and header lines at N columns; 0: never"), N_("N") },
  { "type", 0, 0, G_OPTION_ARG_STRING, &opt.type,
    N_("The input is the body of one part of this type, not a message"), N_("TYPE") },
  { "from", 0, 0, G_OPTION_ARG_STRING, &opt.from,
    N_("With --type: the sender of the message it is from"), N_("ADDR") },
  G_OPTION_ENTRY_NULL
};

/* What goes together into one page. */
typedef struct {
  Tool *tool;
  McMessage *message;
  GString *out;
  gboolean color;
  guint width;          /* 0: nothing is folded */
  char *prefix;         /* of the tool's own lines */
} Page;

static void
page_clear (Page *page)
{
  g_string_free (page->out, TRUE);
  g_free (page->prefix);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Page, page_clear)

/* A terminal would wrap what is longer itself, and begin a line with whatever comes there. */
static guint
choose_width (const char *prefix)
{
  const char *columns = g_getenv ("COLUMNS");
  guint64 wanted = (guint64) MAX (opt.width, 0);
  if (opt.width < 0) {
    wanted = fold_get_columns (STDOUT_FILENO);
    if (wanted == 0 && (columns == NULL
                        || !g_ascii_string_to_unsigned (columns, 10, 1, 9999, &wanted, NULL)))
      wanted = DEFAULT_WIDTH;
  }
  return wanted > 0 ? MAX ((guint) wanted, fold_get_width (prefix) + MIN_ROOM) : 0;
}

/* ----------------------------------------------------------- status, headers -- */

static void
append_status (Page *page, Tone tone, const char *text)
{
  g_autofree char *safe = mark_disarm (text);
  g_autofree char *indent = g_strconcat (page->prefix, "  ", NULL);
  g_autoptr (GString) folded = g_string_new (NULL);
  fold_append (folded, page->prefix, safe, page->width, indent);
  g_string_truncate (folded, folded->len - 1);
  text_append_tone (page->out, tone, folded->str, page->color);
  g_string_append_c (page->out, '\n');
}

static void
append_verdict (Page *page)
{
  const McReport *report = mc_message_get_report (page->message);
  g_autoptr (GPtrArray) lines = text_describe_report (report, options.verbose);
  for (guint i = 0; i < lines->len; i++) {
    const Line *line = g_ptr_array_index (lines, i);
    append_status (page, line->tone, line->text);
  }
}

static void
append_header (Page *page, const char *name, const char *value)
{
  g_autofree char *line = mc_text_escape_line (value);
  g_autofree char *safe = mark_disarm (line);
  g_autofree char *start = g_strconcat (name, ": ", NULL);
  fold_append (page->out, start, safe, page->width, "    ");
}

/* Of a field that stands there twice, each is shown: others may show another one. */
static void
append_headers (Page *page)
{
  static const char *const names[] = { "From", "Sender", "Reply-To", "To", "Cc", "Date",
                                       "Subject" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GPtrArray) values = mc_message_get_headers (page->message, names[i]);
    for (guint j = 0; j < values->len; j++)
      append_header (page, names[i], g_ptr_array_index (values, j));
  }
}

/* -------------------------------------------------------------------- parts -- */

/* The errant layer that @part stands in; NULL: it shares the message's protection. */
static const McLayer *
find_errant (const Page *page, const McPart *part)
{
  GPtrArray *errant = mc_report_get_errant (mc_message_get_report (page->message));
  const char *const *paths = mc_part_get_layers (part);
  for (guint i = 0; i < errant->len; i++) {
    const McLayer *layer = g_ptr_array_index (errant, i);
    if (g_strv_contains (paths, mc_layer_get_path (layer)))
      return layer;
  }
  return NULL;
}

/* Says so where the protection of the text changes. */
static void
append_border (Page *page, const McPart *part, const McLayer *before, const McLayer *layer)
{
  g_autofree char *note = NULL;
  if (layer == before)
    return;
  if (layer != NULL) {
    g_autofree char *what = text_describe_layer (layer);
    note = g_strdup_printf (_("part %s stands on its own: %s"), mc_part_get_path (part), what);
  } else
    note = g_strdup_printf (_("part %s is outside of that"), mc_part_get_path (part));
  append_status (page, TONE_DOUBT, note);
}

static gboolean
append_text (Page *page, McPart *part, GError **error)
{
  gboolean whole;
  if (!body_append_part (page->tool, page->out, part, opt.html, &whole, error))
    return FALSE;
  if (!whole)
    append_status (page, TONE_PLAIN, _("the text goes on; 'mailcrypt extract' writes all of it"));
  return TRUE;
}

static gboolean
append_bodies (Page *page, GError **error)
{
  const McLayer *before = NULL;
  g_autoptr (GPtrArray) texts = body_choose (page->message);
  for (guint i = 0; i < texts->len; i++) {
    McPart *part = g_ptr_array_index (texts, i);
    const McLayer *layer = find_errant (page, part);
    if (i > 0)
      g_string_append_c (page->out, '\n');
    append_border (page, part, before, layer);
    before = layer;
    if (!append_text (page, part, error))
      return FALSE;
  }
  return TRUE;
}

static const char *
describe_protection (const Page *page, const McPart *part)
{
  if (find_errant (page, part) != NULL)
    return _("protection of its own");
  switch (mc_report_get_summary (mc_message_get_report (page->message))) {
    case MC_SUMMARY_SIGNED_ONLY: return _("signed");
    case MC_SUMMARY_ENCRYPTED_ONLY: return _("encrypted");
    case MC_SUMMARY_SIGNED_AND_ENCRYPTED: return _("signed and encrypted");
    case MC_SUMMARY_UNPROTECTED:
    case MC_SUMMARY_UNKNOWN:
    default: return _("not protected");
  }
}

static void
append_attachment (Page *page, guint number, const McPart *part)
{
  g_autofree char *size = text_from_size (mc_part_get_size (part));
  g_autofree char *type = mc_text_escape_line (mc_part_get_content_type (part));
  const char *filename = mc_part_get_filename (part);
  g_autofree char *name = filename != NULL ? mc_text_escape_line (filename) : NULL;
  g_autofree char *line = g_strdup_printf ("%u. %s, %s, %s%s%s", number, type, size,
                                           describe_protection (page, part),
                                           name != NULL ? ": " : "", name != NULL ? name : "");
  append_status (page, TONE_PLAIN, line);
}

/* Whatever was not shown as text, with the numbers that --part takes. */
static void
append_attachments (Page *page)
{
  g_autoptr (GPtrArray) texts = body_choose (page->message);
  GPtrArray *leaves = mc_message_get_leaves (page->message);
  gboolean first = TRUE;
  for (guint i = 0; i < leaves->len; i++) {
    McPart *part = g_ptr_array_index (leaves, i);
    if (g_ptr_array_find (texts, part, NULL))
      continue;
    if (first) {
      g_string_append_c (page->out, '\n');
      append_status (page, TONE_PLAIN, _("other parts ('mailcrypt extract --part N' gives them):"));
    }
    first = FALSE;
    append_attachment (page, i + 1, part);
  }
}

/* A ciphertext beside other parts, opened because it was asked for by its place. */
static gboolean
is_closed_layer (const Page *page, McPart *part)
{
  McLayer *layer = mc_part_get_layer (part);
  GPtrArray *errant = mc_report_get_errant (mc_message_get_report (page->message));
  return layer != NULL && mc_layer_get_kind (layer) == MC_LAYER_ENCRYPTED
         && mc_layer_get_decryption_status (layer) != MC_DECRYPTION_OK
         && g_ptr_array_find (errant, layer, NULL);
}

/* Nothing of the message around it is on the same page but the zone. */
static gboolean
append_closed_layer (Page *page, McPart *part, GError **error)
{
  McOpenFlags flags = tool_get_open_flags ();
  g_autoptr (McMessage) inner
    = mc_message_open_part (page->message, part, flags, page->tool->cancellable, error);
  if (inner == NULL)
    return FALSE;
  const McReport *report = mc_message_get_report (inner);
  int status = mc_report_get_decrypt_status (report);
  if (status != STATUS_OK) {
    tool_set_report_error (error, report, status);
    return FALSE;
  }
  Page own = *page;
  own.message = inner;
  g_autofree char *note
    = g_strdup_printf (_("part %s, on its own:"), mc_part_get_path (part));
  append_status (page, TONE_DOUBT, note);
  append_verdict (&own);
  g_string_append_c (page->out, '\n');
  return append_bodies (&own, error);
}

static gboolean
append_one_part (Page *page, GError **error)
{
  McPart *part = mc_message_find_part (page->message, opt.part);
  if (part == NULL) {
    tool_set_usage (error, _("'mailcrypt inspect' lists them"), _("no part '%s'"), opt.part);
    return FALSE;
  }
  if (is_closed_layer (page, part))
    return append_closed_layer (page, part, error);
  if (!body_can_show (part)) {
    tool_set_usage (error, _("'mailcrypt extract --part' writes any part"),
                    _("part '%s' is no text"), opt.part);
    return FALSE;
  }
  append_border (page, part, NULL, find_errant (page, part));
  return append_text (page, part, error);
}

/* ------------------------------------------------------------------ command -- */

static gboolean
is_token (const char *text, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (!g_ascii_isgraph (text[i]) || strchr ("()<>@,;:\\\"/[]?=", text[i]) != NULL)
      return FALSE;
  return size > 0;
}

/* Whether @text is a content type (RFC 2045 section 5.1), its parameters left to the parser. */
static gboolean
is_content_type (const char *text)
{
  gsize main_size = strcspn (text, "/; ");
  gsize size = strcspn (text, "; ");
  const char *rest = text + size + strspn (text + size, " ");
  return main_size < size && is_token (text, main_size)
         && is_token (text + main_size + 1, size - main_size - 1)
         && (*rest == '\0' || *rest == ';');
}

/* What has no slash is one of the application types. */
static gboolean
check_type (GError **error)
{
  if (opt.type == NULL)
    return TRUE;
  g_autofree char *full = g_strconcat (strchr (opt.type, '/') == NULL ? "application/" : "",
                                       opt.type, NULL);
  if (!is_content_type (full)) {
    tool_set_usage (error, _("a type is such as application/pkcs7-mime"),
                    _("not a content type: '%s'"), opt.type);
    return FALSE;
  }
  g_free (opt.type);
  opt.type = g_steal_pointer (&full);
  return TRUE;
}

static gboolean
check_options (GError **error)
{
  if (opt.from != NULL && opt.type == NULL) {
    tool_set_usage (error, _("a whole message has a From field of its own"),
                    _("--from goes with --type only"));
    return FALSE;
  }
  return check_type (error);
}

/* The parser knows best what names a sender. */
static gboolean
check_from (McMessage *message, GError **error)
{
  const char *const *from = mc_report_get_from (mc_message_get_report (message));
  if (opt.from == NULL || *from != NULL)
    return TRUE;
  tool_set_usage (error, _("it is an address, or a From field's content"),
                  _("not a sender: '%s'"), opt.from);
  return FALSE;
}

static McMessage *
open_message (Tool *tool, GError **error)
{
  if (opt.type == NULL)
    return tool_open_message (tool, MC_OPEN_DEFAULT, error);

  McContext *context = tool_get_context (tool, error);
  if (context == NULL)
    return NULL;
  g_autoptr (GInputStream) input = tool_open_input (tool_get_file (tool), error);
  if (input == NULL)
    return NULL;
  g_autoptr (McMessage) message = mc_open_part (context, input, opt.type, opt.from,
                                                tool_get_open_flags (), tool->cancellable, error);
  if (message == NULL || !check_from (message, error))
    return NULL;
  return g_steal_pointer (&message);
}

static gboolean
print_page (Page *page, GError **error)
{
  append_verdict (page);
  append_headers (page);
  g_string_append_c (page->out, '\n');
  gboolean done = opt.part != NULL ? append_one_part (page, error) : append_bodies (page, error);
  if (!done)
    return FALSE;
  if (opt.part == NULL)
    append_attachments (page);
  return output_print (options.output, page->out->str, error);
}

int
cmd_show (Tool *tool, GError **error)
{
  gboolean color = FALSE;
  if (!check_options (error) || !text_wants_color (opt.color, &color, error))
    return STATUS_USAGE;
  g_autoptr (McMessage) message = open_message (tool, error);
  if (message == NULL)
    return STATUS_INTERNAL;

  const McReport *report = mc_message_get_report (message);
  int status = mc_report_get_decrypt_status (report);
  if (status == STATUS_NOT_PROTECTED)
    status = STATUS_OK;
  if (options.json)
    return json_print (tool, mc_report_to_json (report, status), error) ? status : STATUS_INTERNAL;
  if (status != STATUS_OK) {
    tool_set_report_error (error, report, status);
    return status;
  }

  mc_message_remember (message);
  const char *phrase = mc_settings_get (tool->settings, "general", "show-phrase");
  g_auto (Page) page = { .tool = tool, .message = message, .out = g_string_new (NULL),
                         .color = color, .prefix = mark_make_prefix (phrase) };
  page.width = choose_width (page.prefix);
  return print_page (&page, error) ? STATUS_OK : STATUS_INTERNAL;
}
