/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/fields.h"

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
_mc_fields_select (GPtrArray *fields, const char *name)
{
  GPtrArray *found = g_ptr_array_new ();

  for (guint i = 0; i < fields->len; i++) {
    McField *field = g_ptr_array_index (fields, i);
    if (g_ascii_strcasecmp (field->name, name) == 0)
      g_ptr_array_add (found, field);
  }
  return found;
}

GPtrArray *
_mc_tree_get_fields (const McTree *tree, const char *name)
{
  return _mc_fields_select (tree->fields, name);
}

GStrv
_mc_message_ids_parse (const char *body)
{
  g_autoptr (GStrvBuilder) found = g_strv_builder_new ();
  for (const char *start = strchr (body, '<'); start != NULL; start = strchr (start + 1, '<')) {
    gsize size = strcspn (start + 1, "<> \t\r\n");
    if (size == 0 || start[size + 1] != '>')
      continue;
    g_autofree char *id = g_strndup (start, size + 2);
    g_strv_builder_add (found, id);
  }
  return g_strv_builder_end (found);
}
