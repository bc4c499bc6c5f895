/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "headers.h"

#include "base/address.h"
#include "mime/compose.h"
#include "mime/header.h"
#include "open.h"

#include <string.h>

/* ------------------------------------------------------------------- values -- */

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

gboolean
_mc_header_values_equal (const char *a, const char *b)
{
  while (is_blank (*a))
    a++;
  while (is_blank (*b))
    b++;
  while (*a != '\0' && *b != '\0') {
    if (is_blank (*a) && is_blank (*b)) {
      a += strspn (a, " \t");
      b += strspn (b, " \t");
    } else if (*a++ != *b++)
      return FALSE;
  }
  return a[strspn (a, " \t")] == '\0' && b[strspn (b, " \t")] == '\0';
}

/* ------------------------------------------------------------------- payload -- */

static gboolean
is_layer (const McEntity *entity)
{
  McProtocol protocol;
  return _mc_entity_classify (entity, &protocol) != MC_FORM_PLAIN;
}

static gboolean
says (const McEntity *entity, const char *parameter, const char *word)
{
  const char *value = _mc_entity_get_parameter (entity, parameter);
  return value != NULL && g_ascii_strcasecmp (value, word) == 0;
}

McHeaderProtection
_mc_headers_detect (const McEntity *payload, gboolean is_encrypted, const McEntity **ret_holder)
{
  const char *hp = _mc_entity_get_parameter (payload, "hp");

  *ret_holder = payload;
  /* given twice, one reader takes the first and another one the second */
  if (payload->hp_disagrees)
    return MC_HP_NONE;
  if (says (payload, "hp", "clear"))
    return MC_HP_CLEAR;
  if (says (payload, "hp", "cipher"))
    return is_encrypted ? MC_HP_CIPHER : MC_HP_CLEAR;
  if (hp != NULL)
    return MC_HP_NONE;
  if (says (payload, "protected-headers", "v1"))
    return MC_HP_OLDER;

  if (!_mc_entity_is_message (payload) || payload->children->len != 1)
    return MC_HP_NONE;
  const McEntity *inner = payload->children->pdata[0];
  if (is_layer (inner) || _mc_entity_get_parameter (inner, "hp") != NULL)
    return MC_HP_NONE;
  *ret_holder = inner;
  return MC_HP_OLDER;
}

/* ------------------------------------------------------------------- pairing -- */

/* One HP-Outer field (RFC 9788 section 2.2): "Name: value". */
static gboolean
records (const McField *field, const char *name, const char *value)
{
  const char *colon = strchr (field->value, ':');

  if (!_mc_header_is_outer_record (field->name) || colon == NULL)
    return FALSE;
  g_autofree char *recorded = g_strndup (field->value, (gsize) (colon - field->value));
  return g_ascii_strcasecmp (g_strstrip (recorded), name) == 0
         && _mc_header_values_equal (colon + 1, value);
}

static gboolean
is_recorded (GPtrArray *inside, const McField *field)
{
  for (guint i = 0; i < inside->len; i++)
    if (records (inside->pdata[i], field->name, field->value))
      return TRUE;
  return FALSE;
}

static gboolean
stands_among (GPtrArray *outside, const McField *field)
{
  for (guint i = 0; i < outside->len; i++) {
    const McField *other = outside->pdata[i];
    if (g_ascii_strcasecmp (other->name, field->name) == 0
        && _mc_header_values_equal (other->value, field->value))
      return TRUE;
  }
  return FALSE;
}

/* Whether the field stood outside too when the message was sent, or may have. */
static gboolean
was_exposed (const McField *field, GPtrArray *inside, GPtrArray *outside,
             McHeaderProtection protection)
{
  switch (protection) {
  case MC_HP_CIPHER:
    return is_recorded (inside, field);
  case MC_HP_OLDER:
    return stands_among (outside, field);
  case MC_HP_NONE:
  case MC_HP_CLEAR:
  default:
    return TRUE;
  }
}

static gboolean
is_field (const McField *field)
{
  return !_mc_header_is_structural (field->name) && !_mc_header_is_outer_record (field->name);
}

/* How many fields of the same name stand before the one at @index. */
static guint
count_before (GPtrArray *fields, guint index)
{
  const McField *field = fields->pdata[index];
  guint n = 0;

  for (guint i = 0; i < index; i++)
    n += g_ascii_strcasecmp (((McField *) fields->pdata[i])->name, field->name) == 0;
  return n;
}

/* The field of @name that @n others of that name precede; NULL: there is none. */
static const McField *
find_nth (GPtrArray *fields, const char *name, guint n)
{
  for (guint i = 0; i < fields->len; i++) {
    const McField *field = fields->pdata[i];
    if (g_ascii_strcasecmp (field->name, name) == 0 && n-- == 0)
      return field;
  }
  return NULL;
}

GPtrArray *
_mc_headers_pair (GPtrArray *inside, GPtrArray *outside, McHeaderProtection protection)
{
  GPtrArray *headers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_header_free);

  for (guint i = 0; i < inside->len; i++) {
    const McField *field = inside->pdata[i];
    if (!is_field (field))
      continue;
    const McField *outer = find_nth (outside, field->name, count_before (inside, i));
    McHeader *header = _mc_header_new (field->name, field->value,
                                       outer != NULL ? outer->value : NULL);
    header->exposed = was_exposed (field, inside, outside, protection);
    header->differs = outer == NULL || !_mc_header_values_equal (outer->value, field->value);
    g_ptr_array_add (headers, header);
  }
  for (guint i = 0; i < outside->len; i++) {
    const McField *field = outside->pdata[i];
    if (is_field (field) && find_nth (inside, field->name, count_before (outside, i)) == NULL)
      g_ptr_array_add (headers, _mc_header_new (field->name, NULL, field->value));
  }
  return headers;
}

/* --------------------------------------------------------------------- From -- */

static gboolean
is_from (const McField *field)
{
  return g_ascii_strcasecmp (field->name, "From") == 0;
}

char *
_mc_headers_read_from (GPtrArray *fields, GStrv *ret_addresses)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  gboolean clean = TRUE;
  guint n_fields = 0;

  for (guint i = 0; i < fields->len; i++) {
    gboolean field_clean, grouped;
    const McField *field = fields->pdata[i];
    if (!is_from (field))
      continue;
    g_auto (GStrv) addresses = _mc_addresses_parse (field->body, &field_clean, &grouped);
    g_strv_builder_addv (all, (const char **) addresses);
    clean &= field_clean && !grouped;
    n_fields++;
  }

  g_auto (GStrv) addresses = g_strv_builder_end (all);
  gboolean single = clean && n_fields == 1 && g_strv_length (addresses) == 1;
  char *sender = single ? _mc_address_normalise (addresses[0], -1) : NULL;
  if (ret_addresses != NULL)
    *ret_addresses = g_steal_pointer (&addresses);
  return sender;
}

gboolean
_mc_headers_have_from (GPtrArray *fields)
{
  return find_nth (fields, "From", 0) != NULL;
}

gboolean
_mc_headers_have_any (GPtrArray *fields)
{
  for (guint i = 0; i < fields->len; i++)
    if (is_field (fields->pdata[i]))
      return TRUE;
  return FALSE;
}

/* What cannot be read as addresses is the same when it is written the same. */
static gboolean
are_written_alike (GPtrArray *inside, GPtrArray *outside)
{
  for (guint n = 0;; n++) {
    const McField *a = find_nth (inside, "From", n), *b = find_nth (outside, "From", n);
    if (a == NULL || b == NULL)
      return a == b;
    if (!_mc_header_values_equal (a->value, b->value))
      return FALSE;
  }
}

gboolean
_mc_headers_from_differs (GPtrArray *inside, GPtrArray *outside)
{
  g_autofree char *a = _mc_headers_read_from (inside, NULL);
  g_autofree char *b = _mc_headers_read_from (outside, NULL);

  if (a != NULL && b != NULL)
    return strcmp (a, b) != 0;
  return !are_written_alike (inside, outside);
}

/* ------------------------------------------------------------------- restore -- */

/* Whether a field outside gives way to what is inside. */
static gboolean
is_replaced (const McMessage *message, const McField *outer, gboolean keep_from)
{
  if (!message->report->protects_header)
    return FALSE;
  if (is_from (outer))
    return !keep_from;
  return find_nth (message->inside, outer->name, 0) != NULL || _mc_header_is_authored (outer->name);
}

GPtrArray *
_mc_headers_restore (McMessage *message)
{
  const McReport *report = message->report;
  GPtrArray *outside = ((McTree *) message->trees->pdata[0])->fields;
  GPtrArray *lines = _mc_header_lines_new ();
  gboolean keep_from = report->from == report->from_outside;

  for (guint i = 0; i < outside->len; i++)
    if (!is_replaced (message, outside->pdata[i], keep_from))
      _mc_header_lines_add (lines, outside->pdata[i], NULL);
  for (guint i = 0; i < message->inside->len; i++)
    if (!keep_from || !is_from (message->inside->pdata[i]))
      _mc_header_lines_add (lines, message->inside->pdata[i], NULL);
  return lines;
}
