/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/header.h"

#include "base/text.h"
#include "mime/gmime-stream.h"

#include <string.h>

McEntity *
_mc_entity_new (McEntity *parent)
{
  McEntity *entity = g_new0 (McEntity, 1);
  entity->parent = parent;
  entity->children = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_entity_free);
  entity->parameters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  entity->type = g_strdup ("text/plain");
  if (parent != NULL) {
    entity->index = parent->children->len;
    g_ptr_array_add (parent->children, entity);
  }
  return entity;
}

void
_mc_entity_free (McEntity *entity)
{
  if (entity == NULL)
    return;
  g_ptr_array_unref (entity->children);
  g_hash_table_unref (entity->parameters);
  g_free (entity->type);
  g_free (entity->encoding);
  g_free (entity->disposition);
  g_free (entity->filename);
  g_free (entity);
}

McSpan
_mc_entity_get_span (const McEntity *entity)
{
  return (McSpan) { entity->header.spool, entity->header.start, entity->body.end };
}

const char *
_mc_entity_get_parameter (const McEntity *entity, const char *name)
{
  return g_hash_table_lookup (entity->parameters, name);
}

gboolean
_mc_entity_is (const McEntity *entity, const char *media_type)
{
  return g_ascii_strcasecmp (entity->type, media_type) == 0;
}

gboolean
_mc_entity_is_multipart (const McEntity *entity)
{
  return g_str_has_prefix (entity->type, "multipart/");
}

gboolean
_mc_entity_is_identity (const McEntity *entity)
{
  static const char *const identities[] = { "7bit", "8bit", "binary", NULL };

  return entity->encoding == NULL || g_strv_contains (identities, entity->encoding);
}

gboolean
_mc_entity_is_message (const McEntity *entity)
{
  static const char *const messages[] = {
    "message/rfc822", "message/global", "message/news", "message/rfc2822", NULL,
  };

  return g_strv_contains (messages, entity->type);
}

/* More parameters than any program writes are not looked at. */
#define MAX_PARAMETERS 300

static guint64
count_parameters (const char *value)
{
  guint64 n = 0;
  for (const char *p = value; p != NULL && *p != '\0'; p++)
    n += *p == ';';
  return n;
}

/* ------------------------------------------------------------ content type -- */

static char *
to_utf8 (const char *text)
{
  if (text == NULL)
    return NULL;
  if (g_utf8_validate (text, -1, NULL))
    return g_strdup (text);
  return _mc_text_to_utf8 (text, strlen (text), NULL);
}

/* Moves over a quoted string or a comment that begins at @p, else over one octet. */
static const char *
skip_item (const char *p)
{
  char close = *p == '"' ? '"' : *p == '(' ? ')' : '\0';
  guint depth = 1;
  char open = *p;

  p++;
  if (close == '\0')
    return p;
  for (; *p != '\0' && depth > 0; p++) {
    if (*p == '\\' && p[1] != '\0')
      p++;
    else if (*p == close)
      depth--;
    else if (*p == open)
      depth++;
  }
  return p;
}

static const char *
skip_blank (const char *p)
{
  return p + strspn (p, " \t");
}

/* RFC 1847 section 2.1 wants the quotes, which are gone once a parameter is parsed. */
static gboolean
has_quoted_protocol (const char *value)
{
  static const char name[] = "protocol";

  for (const char *p = value; *p != '\0'; p = skip_item (p)) {
    if (*p != ';')
      continue;
    const char *q = skip_blank (p + 1);
    if (g_ascii_strncasecmp (q, name, sizeof name - 1) != 0)
      continue;
    q = skip_blank (q + sizeof name - 1);
    if (*q == '=')
      return *skip_blank (q + 1) == '"';
  }
  return FALSE;
}

static const char *
skip_blank_back (const char *start, const char *p)
{
  while (p > start && (p[-1] == ' ' || p[-1] == '\t'))
    p--;
  return p;
}

/* Whether "boundary=" stands right in front of @p. */
static gboolean
follows_boundary_name (const char *start, const char *p)
{
  static const char name[] = "boundary";
  const char *end = skip_blank_back (start, p);

  if (end == start || end[-1] != '=')
    return FALSE;
  end = skip_blank_back (start, end - 1);
  return (gsize) (end - start) >= sizeof name - 1
         && g_ascii_strncasecmp (end - (sizeof name - 1), name, sizeof name - 1) == 0;
}

/* A boundary that every reader takes for the same: written out, in quotes or without what
 * would want them; not as RFC 2231 or RFC 2047 would have it. */
static gboolean
is_plain_boundary (const char *value, const char *boundary)
{
  gsize size = strlen (boundary);

  for (const char *p = strstr (value, boundary); p != NULL && size > 0;
       p = strstr (p + 1, boundary)) {
    if (p > value && p[-1] == '"' && p[size] == '"' && follows_boundary_name (value, p - 1))
      return TRUE;
    gboolean ends = p[size] == '\0' || strchr ("; \t(", p[size]) != NULL;
    if (ends && strpbrk (boundary, " \t(\"\\;") == NULL && follows_boundary_name (value, p))
      return TRUE;
  }
  return FALSE;
}

/* A comment with what looks like a type or a parameter to a reader that knows no comments. */
static gboolean
has_confusing_comment (const char *value)
{
  const char *next;
  for (; *value != '\0'; value = next) {
    next = skip_item (value);
    if (*value != '(')
      continue;
    gsize plain = strcspn (value + 1, "();=\"/,\\");
    if (value + 1 + plain + 1 != next)
      return TRUE;
  }
  return FALSE;
}

/* What stands before the parameters, without comments and white space. */
static char *
get_bare_type (const char *value)
{
  GString *bare = g_string_new (NULL);

  for (const char *p = value; *p != '\0' && *p != ';';) {
    const char *next = skip_item (p);
    if (*p != '(' && *p != ' ' && *p != '\t')
      g_string_append_len (bare, p, next - p);
    p = next;
  }
  return g_string_free (bare, FALSE);
}

/* "multipart/signed,multipart/mixed" is one to some and the other to others. So is what
 * stands in a comment. */
static gboolean
is_ambiguous_type (const McEntity *entity, const char *value)
{
  g_autofree char *bare = get_bare_type (value);

  if (_mc_entity_is (entity, bare) && !has_confusing_comment (value))
    return FALSE;
  return _mc_entity_is_multipart (entity) || _mc_entity_is_message (entity)
         || g_ascii_strncasecmp (bare, "multipart/", 10) == 0;
}

static void
take_parameters (McEntity *entity, GMimeParamList *list)
{
  int n = g_mime_param_list_length (list);

  for (int i = 0; i < n; i++) {
    GMimeParam *param = g_mime_param_list_get_parameter_at (list, i);
    const char *name = g_mime_param_get_name (param);
    const char *value = g_mime_param_get_value (param);
    if (name == NULL || value == NULL)
      continue;
    g_autofree char *key = g_ascii_strdown (name, -1);
    if (!g_hash_table_contains (entity->parameters, key))
      g_hash_table_insert (entity->parameters, g_steal_pointer (&key), to_utf8 (value));
  }
}

/* Of a parameter given twice some readers take the first and some the last. */
static void
note_warning (G_GNUC_UNUSED gint64 offset, GMimeParserWarning code, const char *item,
              gpointer user_data)
{
  McEntity *entity = user_data;
  gboolean twice = code == GMIME_CRIT_CONFLICTING_PARAMETER
                   || code == GMIME_WARN_DUPLICATED_PARAMETER;

  if (code == GMIME_WARN_INVALID_CONTENT_TYPE)
    entity->type_invalid = TRUE;
  if (!twice || item == NULL)
    return;
  entity->hp_disagrees |= g_ascii_strcasecmp (item, "hp") == 0;
  entity->frame_disagrees |= g_ascii_strcasecmp (item, "boundary") == 0
                             || g_ascii_strcasecmp (item, "protocol") == 0;
}

static void
read_type (McEntity *entity, GMimeParserOptions *options, const char *value)
{
  g_autoptr (GMimeContentType) parsed = g_mime_content_type_parse (options, value);
  g_autofree char *type = g_mime_content_type_get_mime_type (parsed);

  if (!entity->type_invalid && type != NULL) {
    g_free (entity->type);
    entity->type = g_ascii_strdown (type, -1);
  }
  take_parameters (entity, g_mime_content_type_get_parameters (parsed));
  entity->quoted_protocol = has_quoted_protocol (value);

  const char *boundary = _mc_entity_get_parameter (entity, "boundary");
  if (_mc_entity_is_multipart (entity) && boundary != NULL)
    entity->frame_disagrees |= !is_plain_boundary (value, boundary);
  entity->frame_disagrees |= is_ambiguous_type (entity, value);
}

/* ------------------------------------------------------------ other fields -- */

static void
read_encoding (McEntity *entity, const char *value)
{
  gsize size = strcspn (value, " \t;(");
  if (size > 0)
    entity->encoding = g_ascii_strdown (value, (gssize) size);
}

static void
read_disposition (McEntity *entity, GMimeParserOptions *options, const char *value)
{
  g_autoptr (GMimeContentDisposition) parsed = g_mime_content_disposition_parse (options, value);
  if (parsed == NULL)
    return;

  const char *word = g_mime_content_disposition_get_disposition (parsed);
  if (word != NULL && *word != '\0') {
    g_autofree char *text = to_utf8 (word);
    entity->disposition = g_ascii_strdown (text, -1);
  }
  entity->filename = to_utf8 (g_mime_content_disposition_get_parameter (parsed, "filename"));
}

typedef struct {
  char *type;
  char *encoding;
  char *disposition;
  gboolean ambiguous;   /* two readers may see two different things */
} Wanted;

static void
take_first (char **slot, const guint8 *block, const McRawField *field, gboolean *ambiguous)
{
  if (*slot == NULL)
    *slot = _mc_header_unfold (block, field);
  else if (ambiguous != NULL)
    *ambiguous = TRUE;
}

/* A CR that is not part of a line break is one to some readers. */
static gboolean
has_bare_cr (const guint8 *block, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (block[i] == '\r' && (i + 1 == size || block[i + 1] != '\n'))
      return TRUE;
  return FALSE;
}

/* Some readers end the header at a line that is no field, or that has white space in front
 * of its colon: a Content-Type there or behind is not seen by them. */
static guint64
collect (Wanted *wanted, const guint8 *block, gsize size)
{
  McRawField field;
  gboolean after_junk = FALSE;
  guint64 steps = 0;

  for (gsize at = 0; _mc_header_next (block, size, &at, &field);) {
    steps += _mc_header_count_steps (block, &field);
    gboolean is_type = _mc_header_is (block, &field, "Content-Type");
    gboolean is_encoding = _mc_header_is (block, &field, "Content-Transfer-Encoding");

    if (field.name_size == 0 ? field.start > 0 : field.body > field.start + field.name_size + 1)
      after_junk = TRUE;
    if (is_type)
      take_first (&wanted->type, block, &field, &wanted->ambiguous);
    else if (is_encoding)
      take_first (&wanted->encoding, block, &field, &wanted->ambiguous);
    else if (_mc_header_is (block, &field, "Content-Disposition"))
      take_first (&wanted->disposition, block, &field, NULL);
    if (after_junk && (is_type || is_encoding))
      wanted->ambiguous = TRUE;
  }
  return steps;
}

static void
read_wanted (McEntity *entity, const Wanted *wanted)
{
  g_autoptr (GMimeParserOptions) options = g_mime_parser_options_new ();
  g_mime_parser_options_set_warning_callback (options, note_warning, entity);

  if (wanted->type != NULL)
    read_type (entity, options, wanted->type);
  if (wanted->encoding != NULL)
    read_encoding (entity, wanted->encoding);
  if (wanted->disposition != NULL)
    read_disposition (entity, options, wanted->disposition);
  if (entity->filename == NULL)
    entity->filename = g_strdup (_mc_entity_get_parameter (entity, "name"));
}

guint64
_mc_entity_read_header (McEntity *entity, const guint8 *block, gsize size, const char *fallback)
{
  Wanted wanted = { 0 };
  guint64 steps = collect (&wanted, block, size);
  guint64 n_parameters = count_parameters (wanted.type) + count_parameters (wanted.disposition);

  g_free (entity->type);
  entity->type = g_strdup (fallback);
  entity->frame_disagrees |= wanted.ambiguous || n_parameters > MAX_PARAMETERS
                             || has_bare_cr (block, size);
  if (n_parameters <= MAX_PARAMETERS)
    read_wanted (entity, &wanted);

  g_free (wanted.type);
  g_free (wanted.encoding);
  g_free (wanted.disposition);
  return steps;
}
