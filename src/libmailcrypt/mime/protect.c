/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/protect.h"

#include "base/error.h"
#include "mime/gmime-stream.h"
#include "mime/header.h"
#include "mime/writer.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Beyond this a line is folded (RFC 5322 section 2.1.1). */
#define FOLD_AT 78
#define MAX_LINE 998

/* -------------------------------------------------------------------- policy -- */

static gboolean
is_named (const McField *field, const char *const *names)
{
  for (; *names != NULL; names++)
    if (g_ascii_strcasecmp (field->name, *names) == 0)
      return TRUE;
  return FALSE;
}

/* The addresses alone, one on a line; NULL where they cannot be told from the rest. */
static char *
strip_names (const McField *field)
{
  gboolean clean, grouped;
  g_auto (GStrv) addresses = _mc_addresses_parse (field->body, &clean, &grouped);

  return clean && !grouped && addresses[0] != NULL ? g_strjoinv (",\n ", addresses) : NULL;
}

/* The same moment in UTC; NULL for what is no date. */
static char *
strip_zone (const McField *field)
{
  g_autoptr (GDateTime) date = g_mime_utils_header_decode_date (field->body);
  g_autoptr (GDateTime) utc = date != NULL ? g_date_time_to_utc (date) : NULL;

  return utc != NULL ? g_mime_utils_header_format_date (utc) : NULL;
}

GPtrArray *
_mc_confidentiality_apply (McConfidentiality policy, GPtrArray *fields)
{
  static const char *const removed[] = { "Comments", "Keywords", NULL };
  static const char *const subject[] = { "Subject", NULL };
  static const char *const people[] = { "From", "To", "Cc", NULL };
  static const char *const date[] = { "Date", NULL };
  GPtrArray *lines = _mc_header_lines_new ();
  gboolean shy = policy == MC_HCP_SHY;

  for (guint i = 0; i < fields->len; i++) {
    const McField *field = fields->pdata[i];
    g_autofree char *value = NULL;
    if (policy != MC_HCP_NONE && is_named (field, removed))
      continue;
    if (policy != MC_HCP_NONE && is_named (field, subject))
      value = g_strdup (MC_HIDDEN_SUBJECT);
    else if (shy && is_named (field, people))
      value = strip_names (field);
    else if (shy && is_named (field, date))
      value = strip_zone (field);
    _mc_header_lines_add (lines, field, value);
  }
  return lines;
}

/* ------------------------------------------------------------- Content-Type -- */

/* The end of the parameter that begins at @p: a ";" outside of quotes and comments. */
static const char *
skip_parameter (const char *p)
{
  guint depth = 0;
  gboolean quoted = FALSE;

  for (; *p != '\0'; p++) {
    if (*p == '\\' && p[1] != '\0')
      p++;
    else if (*p == '"' && depth == 0)
      quoted = !quoted;
    else if (!quoted && *p == '(')
      depth++;
    else if (!quoted && *p == ')' && depth > 0)
      depth--;
    else if (!quoted && depth == 0 && *p == ';')
      break;
  }
  return p;
}

static gboolean
is_hp_parameter (const char *p)
{
  p += strspn (p, " \t");
  if (g_ascii_strncasecmp (p, "hp", 2) != 0)
    return FALSE;
  p += 2 + strspn (p + 2, " \t");
  return *p == '=' || *p == '*';
}

/* @value without parameters called hp, and without what a list ends in for nothing. */
static GString *
copy_type (const char *value)
{
  GString *type = g_string_new (NULL);

  for (const char *p = value; *p != '\0';) {
    const char *end = skip_parameter (p);
    gboolean blank = p + strspn (p, " \t") >= end;
    if (p == value || (!blank && !is_hp_parameter (p))) {
      g_autofree char *parameter = g_strndup (p, (gsize) (end - p));
      g_string_append_printf (type, "%s%s", p == value ? "" : ";\r\n ", g_strstrip (parameter));
    }
    p = *end == ';' ? end + 1 : end;
  }
  return type;
}

/* "Content-Type: ..." that says @hp to whoever reads it; NULL when it cannot be made to. */
static char *
make_type (const char *value, const char *hp)
{
  g_autoptr (McEntity) entity = _mc_entity_new (NULL);
  GString *type = copy_type (value);

  g_string_prepend (type, "Content-Type: ");
  g_string_append_printf (type, ";\r\n hp=\"%s\"\r\n", hp);
  (void) _mc_entity_read_header (entity, (const guint8 *) type->str, type->len, "text/plain");
  gboolean said = g_strcmp0 (_mc_entity_get_parameter (entity, "hp"), hp) == 0
                  && !entity->hp_disagrees && !entity->type_invalid;
  return g_string_free (type, !said);
}

gboolean
_mc_entity_can_protect (const McEntity *root)
{
  static const char *const types[] = {
    "multipart/signed", "multipart/encrypted", "application/pkcs7-mime",
    "application/x-pkcs7-mime", NULL,
  };

  return !g_strv_contains (types, root->type) && !root->type_invalid;
}

/* -------------------------------------------------------------------- fields -- */

static gboolean
is_protected (const McField *field)
{
  static const char *const not_sent[] = { "Bcc", "Resent-Bcc", "Authentication-Results", NULL };

  return !_mc_header_is_structural (field->name) && !_mc_header_is_outer_record (field->name)
         && !is_named (field, not_sent);
}

/* One line of a field as it may be signed: nothing invisible in it or at its end. */
static void
append_line (GString *text, char *line)
{
  for (char *p = line; *p != '\0'; p++)
    if (*p == '\r')
      *p = ' ';
  g_strchomp (line);
  if (*line != '\0')
    g_string_append_printf (text, "%s%s", text->len > 0 ? "\r\n" : "", line);
}

/* "Name: value" with its folds, without the last line break. */
static char *
load_field (const McField *field, GError **error)
{
  gsize size;
  g_autoptr (GBytes) bytes
      = _mc_span_load (field->raw, (gsize) _mc_span_size (field->raw), error);
  if (bytes == NULL)
    return NULL;

  const char *raw = g_bytes_get_data (bytes, &size);
  g_autofree char *data = g_malloc0 (size + 1);
  for (gsize i = 0; i < size; i++)
    data[i] = raw[i] != '\0' ? raw[i] : ' ';
  const char *colon = strchr (data, ':');
  g_auto (GStrv) lines = g_strsplit (colon != NULL ? colon : ":", "\n", -1);
  GString *text = g_string_new (NULL);
  for (char **line = lines; *line != NULL; line++)
    append_line (text, *line);
  g_string_prepend (text, field->name);
  return g_string_free (text, FALSE);
}

/* ---------------------------------------------------------------- seven bits -- */

/* The octets of one encoded word's text: the word with its frame has 75 (RFC 2047). */
#define WORD_OCTETS 45

/* Whether the field may be signed as it is: visible ASCII in lines that transport bears. */
static gboolean
is_fit (const char *text)
{
  while (*text != '\0') {
    gsize size = strcspn (text, "\r\n");
    if (size > MAX_LINE)
      return FALSE;
    text += size + strspn (text + size, "\r\n");
  }
  return TRUE;
}

/* Any text as encoded words, each with whole characters. */
static char *
encode_words (const char *value)
{
  GString *words = g_string_new (NULL);

  while (*value != '\0') {
    gsize size = 0;
    while (value[size] != '\0' && size + 4 <= WORD_OCTETS)
      size = (gsize) (g_utf8_next_char (value + size) - value);
    g_autofree char *word = g_base64_encode ((const guchar *) value, size);
    g_string_append_printf (words, "%s=?utf-8?b?%s?=", words->len > 0 ? "\r\n " : "", word);
    value += size;
  }
  return g_string_free (words, FALSE);
}

/* Whether @text means itself where it stands in a header. */
static gboolean
is_plain (const char *text)
{
  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isprint (*c))
      return FALSE;
  return strstr (text, "=?") == NULL && strlen (text) < MAX_LINE / 2;
}

char *
_mc_header_encode_text (const char *text)
{
  if (is_plain (text))
    return g_strdup (text);
  g_autofree char *words = encode_words (text);
  g_auto (GStrv) lines = g_strsplit (words, "\r\n", -1);
  return g_strjoinv ("\n", lines);
}

static char *
encode_addresses (const char *body)
{
  g_autoptr (InternetAddressList) list = internet_address_list_parse (NULL, body);
  g_autofree char *text
      = list != NULL ? internet_address_list_to_string (list, NULL, TRUE) : NULL;
  g_auto (GStrv) lines = text != NULL ? g_strsplit (text, "\n", -1) : NULL;

  return lines != NULL && g_str_is_ascii (text) ? g_strjoinv ("\r\n", lines) : NULL;
}

/* RFC 3156 section 3: what is signed has seven bits. NULL where the field has a form of its
 * own that nothing but its author may change. */
static char *
encode_field (const McField *field)
{
  static const char *const fixed[] = {
    "Date", "Message-ID", "In-Reply-To", "References", "Received", "Return-Path", NULL,
  };
  static const char *const people[] = {
    "From", "Sender", "Reply-To", "To", "Cc", "Mail-Followup-To", "Mail-Reply-To", NULL,
  };

  if (is_named (field, fixed))
    return NULL;
  g_autofree char *value
      = is_named (field, people) ? encode_addresses (field->body) : encode_words (field->value);
  return value != NULL ? g_strconcat (field->name, ": ", value, NULL) : NULL;
}

/* The field as it goes inside: as it stands if that can be. Empty: it cannot go there. */
static char *
load_fit (const McField *field, GError **error)
{
  g_autofree char *text = load_field (field, error);
  if (text == NULL || (g_str_is_ascii (text) && is_fit (text)))
    return g_steal_pointer (&text);
  char *encoded = encode_field (field);
  return encoded != NULL ? encoded : g_strdup ("");
}

static char *
load_line (const McHeaderLine *line, GError **error)
{
  if (line->value == NULL)
    return load_fit (line->field, error);
  g_auto (GStrv) lines = g_strsplit (line->value, "\n", -1);
  g_autofree char *value = g_strjoinv ("\r\n", lines);
  return g_strconcat (line->field->name, ": ", value, NULL);
}

static gboolean
put_inside (McWriter *writer, GPtrArray *fields, GError **error)
{
  for (guint i = 0; i < fields->len; i++) {
    const McField *field = fields->pdata[i];
    if (!is_protected (field))
      continue;
    g_autofree char *text = load_fit (field, error);
    if (text == NULL)
      return FALSE;
    if (*text != '\0')
      _mc_writer_printf (writer, "%s\r\n", text);
  }
  return TRUE;
}

static gboolean
put_records (McWriter *writer, GPtrArray *lines, GError **error)
{
  for (guint i = 0; lines != NULL && i < lines->len; i++) {
    const McHeaderLine *line = lines->pdata[i];
    if (!is_protected (line->field))
      continue;
    g_autofree char *text = load_line (line, error);
    if (text == NULL)
      return FALSE;
    if (*text == '\0')
      continue;
    gboolean fits = strcspn (text, "\r") + strlen ("HP-Outer: ") <= FOLD_AT;
    _mc_writer_printf (writer, "HP-Outer:%s%s\r\n", fits ? " " : "\r\n ", text);
  }
  return TRUE;
}

/* ------------------------------------------------------------------- payload -- */

/* The payload's own header, its type saying @hp. *ret_size: the octets of @block that are
 * header. */
static gboolean
put_content_fields (McWriter *writer, const guint8 *block, gsize size, const char *hp,
                    gsize *ret_size, GError **error)
{
  McRawField field;
  gboolean said = FALSE;
  gsize at = 0;

  while (_mc_header_next (block, size, &at, &field)) {
    g_autofree char *type = NULL;
    if (!_mc_header_is (block, &field, "Content-Type")) {
      _mc_writer_put (writer, (const char *) block + field.start, field.end - field.start);
      continue;
    }
    g_autofree char *value = _mc_header_unfold (block, &field);
    type = said ? NULL : make_type (value, hp);
    if (type == NULL)
      break;
    _mc_writer_puts (writer, type);
    said = TRUE;
  }
  *ret_size = at;
  if (!said)
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("the Content-Type cannot be read"));
  return said;
}

/* No header block is longer: its limit, and what canonical line ends add. */
static McSpan
get_head (McSpan payload)
{
  McSpan head = payload;
  head.end = MIN (payload.end, payload.start + ((guint64) 4 << 20));
  return head;
}

gboolean
_mc_compose_protected (McSpan payload, GPtrArray *inside, GPtrArray *outside, McSpool *output,
                       GError **error)
{
  g_auto (McWriter) writer = { 0 };
  gsize size, header_size;
  McSpan head = get_head (payload);
  g_autoptr (GBytes) bytes = _mc_span_load (head, (gsize) _mc_span_size (head), error);
  if (bytes == NULL)
    return FALSE;

  const guint8 *block = g_bytes_get_data (bytes, &size);
  _mc_writer_init (&writer, output);
  if (!put_inside (&writer, inside, error) || !put_records (&writer, outside, error)
      || !put_content_fields (&writer, block, size, outside != NULL ? "cipher" : "clear",
                              &header_size, error))
    return FALSE;
  McSpan rest = { payload.spool, payload.start + header_size, payload.end };
  _mc_writer_put_span (&writer, rest, MC_NEWLINES_AS_IS);
  return _mc_writer_finish (&writer, error);
}
