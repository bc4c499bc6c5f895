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

/* A field as something that can be looked up: name in lower case, white space as one blank. */
static char *
make_key (const char *name, gsize name_size, const char *value)
{
  g_autofree char *lower = g_ascii_strdown (name, (gssize) name_size);
  GString *key = g_string_new (g_strstrip (lower));
  gboolean blank = FALSE;

  g_string_append_c (key, ':');
  for (const char *p = value + strspn (value, " \t"); *p != '\0'; p++) {
    if (blank && !is_blank (*p))
      g_string_append_c (key, ' ');
    blank = is_blank (*p);
    if (!blank)
      g_string_append_c (key, *p);
  }
  return g_string_free (key, FALSE);
}

static char *
make_field_key (const McField *field)
{
  return make_key (field->name, strlen (field->name), field->value);
}

/* What the HP-Outer fields among @fields say, "Name: value" each (RFC 9788 section 2.2). */
static void
add_records (GHashTable *exposed, GPtrArray *fields)
{
  for (guint i = 0; i < fields->len; i++) {
    const McField *field = fields->pdata[i];
    const char *colon = strchr (field->value, ':');
    if (_mc_header_is_outer_record (field->name) && colon != NULL)
      g_hash_table_add (exposed,
                        make_key (field->value, (gsize) (colon - field->value), colon + 1));
  }
}

/* The fields that stood outside when the message was sent, or may have: a set of keys. NULL:
 * all of them. */
static GHashTable *
collect_exposed (GPtrArray *inside, GPtrArray *outside, McHeaderProtection protection)
{
  if (protection != MC_HP_CIPHER && protection != MC_HP_OLDER)
    return NULL;
  GHashTable *exposed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (protection == MC_HP_CIPHER)
    add_records (exposed, inside);
  for (guint i = 0; protection == MC_HP_OLDER && i < outside->len; i++)
    g_hash_table_add (exposed, make_field_key (outside->pdata[i]));
  return exposed;
}

static gboolean
is_field (const McField *field)
{
  return !_mc_header_is_structural (field->name) && !_mc_header_is_outer_record (field->name);
}

/* Fields by name, in their order: lower-case name -> GQueue of McField. */
static GHashTable *
index_fields (GPtrArray *fields)
{
  GHashTable *index
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_queue_free);

  for (guint i = 0; i < fields->len; i++) {
    McField *field = fields->pdata[i];
    char *name = g_ascii_strdown (field->name, -1);
    GQueue *queue = g_hash_table_lookup (index, name);
    if (queue == NULL) {
      queue = g_queue_new ();
      g_hash_table_insert (index, name, queue);
    } else
      g_free (name);
    g_queue_push_tail (queue, field);
  }
  return index;
}

/* The next one of that name, which is not there any more then. */
static McField *
take_next (GHashTable *index, const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  GQueue *queue = g_hash_table_lookup (index, lower);
  return queue != NULL ? g_queue_pop_head (queue) : NULL;
}

static McHeader *
make_header (const McField *field, const McField *outer, GHashTable *exposed)
{
  g_autofree char *key = make_field_key (field);
  McHeader *header
      = _mc_header_new (field->name, field->value, outer != NULL ? outer->value : NULL);

  header->exposed = exposed == NULL || g_hash_table_contains (exposed, key);
  header->differs = outer == NULL || !_mc_header_values_equal (outer->value, field->value);
  return header;
}

GPtrArray *
_mc_headers_pair (GPtrArray *inside, GPtrArray *outside, McHeaderProtection protection)
{
  GPtrArray *headers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_header_free);
  g_autoptr (GHashTable) exposed = collect_exposed (inside, outside, protection);
  g_autoptr (GHashTable) outer_index = index_fields (outside);
  g_autoptr (GHashTable) inner_index = index_fields (inside);

  for (guint i = 0; i < inside->len; i++) {
    const McField *field = inside->pdata[i];
    const McField *outer = take_next (outer_index, field->name);
    if (is_field (field))
      g_ptr_array_add (headers, make_header (field, outer, exposed));
  }
  for (guint i = 0; i < outside->len; i++) {
    const McField *field = outside->pdata[i];
    if (take_next (inner_index, field->name) == NULL && is_field (field))
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
  for (guint i = 0; i < fields->len; i++)
    if (is_from (fields->pdata[i]))
      return TRUE;
  return FALSE;
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
  g_autoptr (GHashTable) inner_index = index_fields (inside);
  g_autoptr (GHashTable) outer_index = index_fields (outside);

  for (;;) {
    const McField *a = take_next (inner_index, "From"), *b = take_next (outer_index, "From");
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
is_replaced (const McField *outer, GHashTable *inner_index, gboolean keep_from)
{
  g_autofree char *lower = g_ascii_strdown (outer->name, -1);

  if (is_from (outer))
    return !keep_from;
  return g_hash_table_contains (inner_index, lower) || _mc_header_is_authored (outer->name);
}

GPtrArray *
_mc_headers_restore (McMessage *message)
{
  const McReport *report = message->report;
  GPtrArray *outside = ((McTree *) message->trees->pdata[0])->fields;
  GPtrArray *lines = _mc_header_lines_new ();
  g_autoptr (GHashTable) inner_index = index_fields (message->inside);
  gboolean keep_from = report->from == report->from_outside;

  for (guint i = 0; i < outside->len; i++)
    if (!report->protects_header || !is_replaced (outside->pdata[i], inner_index, keep_from))
      _mc_header_lines_add (lines, outside->pdata[i], NULL);
  for (guint i = 0; i < message->inside->len; i++)
    if (!keep_from || !is_from (message->inside->pdata[i]))
      _mc_header_lines_add (lines, message->inside->pdata[i], NULL);
  return lines;
}
