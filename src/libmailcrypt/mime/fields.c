/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/fields.h"

#include "base/address.h"
#include "base/text.h"
#include "mime/gmime-stream.h"
#include "mime/header.h"

#include <string.h>

static void
field_free (gpointer data)
{
  McField *field = data;
  g_free (field->name);
  g_free (field->value);
  g_free (field->body);
  g_free (field);
}

static char *
decode_value (const char *body)
{
  if (strstr (body, "=?") == NULL && g_str_is_ascii (body))
    return g_strdup (body);
  g_autofree char *text = g_mime_utils_header_decode_text (NULL, body);
  if (text != NULL && g_utf8_validate (text, -1, NULL))
    return g_steal_pointer (&text);
  return _mc_text_to_utf8 (body, strlen (body), NULL);
}

static McField *
make_field (McSpan header, const guint8 *block, const McRawField *raw)
{
  McField *field = g_new0 (McField, 1);
  field->name = g_strndup ((const char *) block + raw->start, raw->name_size);
  field->raw = (McSpan) { header.spool, header.start + raw->start, header.start + raw->end };
  field->body = _mc_header_unfold (block, raw);
  field->value = decode_value (field->body);
  return field;
}

GPtrArray *
_mc_fields_read (McSpan header, GError **error)
{
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func (field_free);
  if (_mc_span_size (header) == 0)
    return g_steal_pointer (&fields);

  gsize size;
  g_autoptr (GBytes) bytes = _mc_span_load (header, (gsize) _mc_span_size (header), error);
  if (bytes == NULL)
    return NULL;

  const guint8 *block = g_bytes_get_data (bytes, &size);
  McRawField raw;
  for (gsize at = 0; _mc_header_next (block, size, &at, &raw);)
    if (raw.name_size > 0)
      g_ptr_array_add (fields, make_field (header, block, &raw));
  return g_steal_pointer (&fields);
}

GPtrArray *
_mc_tree_get_fields (const McTree *tree, const char *name)
{
  GPtrArray *found = g_ptr_array_new ();

  for (guint i = 0; i < tree->fields->len; i++) {
    McField *field = g_ptr_array_index (tree->fields, i);
    if (g_ascii_strcasecmp (field->name, name) == 0)
      g_ptr_array_add (found, field);
  }
  return found;
}

/* --------------------------------------------------------------- addresses -- */

static void
note_warning (G_GNUC_UNUSED gint64 offset, GMimeParserWarning code,
              G_GNUC_UNUSED const char *item, gpointer user_data)
{
  gboolean *clean = user_data;
  if (code == GMIME_WARN_INVALID_ADDRESS_LIST)
    *clean = FALSE;
}

static void
add_mailbox (GStrvBuilder *builder, InternetAddressMailbox *mailbox, gboolean *clean)
{
  const char *addr = internet_address_mailbox_get_addr (mailbox);
  g_autofree char *normal = addr != NULL ? _mc_address_normalise (addr, -1) : NULL;

  if (normal != NULL)
    g_strv_builder_add (builder, addr);
  else
    *clean = FALSE;
}

/* Groups do not nest (RFC 5322 section 3.4). */
static void
add_addresses (GStrvBuilder *builder, InternetAddressList *list, gboolean in_group,
               gboolean *clean)
{
  int n = internet_address_list_length (list);

  for (int i = 0; i < n; i++) {
    InternetAddress *address = internet_address_list_get_address (list, i);
    if (INTERNET_ADDRESS_IS_MAILBOX (address))
      add_mailbox (builder, INTERNET_ADDRESS_MAILBOX (address), clean);
    else if (INTERNET_ADDRESS_IS_GROUP (address) && !in_group)
      add_addresses (builder, internet_address_group_get_members (
                       INTERNET_ADDRESS_GROUP (address)), TRUE, clean);
    else
      *clean = FALSE;
  }
}

/* Moves over a quoted string, a domain literal or a comment (these nest) at @p. NULL when
 * it does not end. */
static const char *
skip_enclosed (const char *p)
{
  char open = *p;
  char close = open == '(' ? ')' : open == '[' ? ']' : '"';
  guint depth = 1;

  for (p++; *p != '\0'; p++) {
    if (*p == '\\' && p[1] != '\0')
      p++;
    else if (*p == close && --depth == 0)
      return p + 1;
    else if (*p == '(' && open == '(')
      depth++;
  }
  return NULL;
}

/* How many addresses the text has by its "@" signs: a second, simple reader, so that none
 * is passed over. -1 when something in it does not end. */
static int
count_at_signs (const char *body)
{
  int n = 0;

  for (const char *p = body; *p != '\0';) {
    if (strchr ("(\"[", *p) != NULL) {
      p = skip_enclosed (p);
      if (p == NULL)
        return -1;
      continue;
    }
    if (*p == '\\' && p[1] != '\0')
      p++;
    n += *p == '@';
    p++;
  }
  return n;
}

GStrv
_mc_addresses_parse (const char *field_body, gboolean *ret_clean)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gboolean clean = TRUE;

  _mc_gmime_init ();
  g_autoptr (GMimeParserOptions) options = g_mime_parser_options_new ();
  g_mime_parser_options_set_address_compliance_mode (options, GMIME_RFC_COMPLIANCE_STRICT);
  g_mime_parser_options_set_warning_callback (options, note_warning, &clean);
  g_autoptr (InternetAddressList) list = internet_address_list_parse (options, field_body);

  if (list != NULL)
    add_addresses (builder, list, FALSE, &clean);
  GStrv addresses = g_strv_builder_end (builder);
  if (count_at_signs (field_body) != (int) g_strv_length (addresses))
    clean = FALSE;
  *ret_clean = clean;
  return addresses;
}
