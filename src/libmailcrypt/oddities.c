/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is worth a word about a message's form: nothing here changes any verdict. Each pass
 * over a body is in constant memory. */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "open.h"

#include "mime/fields.h"
#include "mime/header.h"
#include "mime/lines.h"
#include "mime/traits.h"

#define KEPT_OF_LINE 128

static void
note (McPart *part, const char *code, const char *text)
{
  if (!_mc_reasons_have (part->oddities, code))
    _mc_part_add_oddity (part, code, text);
}

/* ------------------------------------------------------------------- headers -- */

/* Fields that stand in a header once (RFC 5322 section 3.6, RFC 2045). */
static const char *const single_fields[] = {
  "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date", "Message-ID",
  "In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
  "Content-Disposition", "Content-ID", "Content-Description",
};

static guint
count_fields (GPtrArray *fields, const char *name)
{
  guint count = 0;
  for (guint i = 0; i < fields->len; i++)
    count += g_ascii_strcasecmp (((McField *) fields->pdata[i])->name, name) == 0;
  return count;
}

static void
note_duplicates (McPart *part, GPtrArray *fields)
{
  g_autoptr (GString) names = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (single_fields); i++)
    if (count_fields (fields, single_fields[i]) > 1)
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", single_fields[i]);
  if (names->len == 0)
    return;
  g_autofree char *text = g_strdup_printf (_("header fields more than once: %s"), names->str);
  note (part, "duplicate-fields", text);
}

/* The parameters and fields of header protection as they stand there, whether or not they
 * have any effect (RFC 9788 sections 2.1 and 2.2; "protected-headers" is older). */
static void
read_header_protection (McPart *part, GPtrArray *fields)
{
  static const char *const names[] = { "hp", "hp-legacy-display", "protected-headers",
                                       "forwarded" };
  g_autoptr (GString) text = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    const char *value = _mc_entity_get_parameter (part->entity, names[i]);
    if (value != NULL)
      g_string_append_printf (text, "%s%s=\"%s\"", text->len > 0 ? "; " : "", names[i], value);
  }
  guint n_outer = count_fields (fields, "HP-Outer");
  if (n_outer > 0)
    g_string_append_printf (text, "%sHP-Outer: %u", text->len > 0 ? "; " : "", n_outer);
  if (text->len > 0)
    part->header_protection = g_strdup (text->str);
}

static gboolean
look_at_header (McPart *part, gboolean is_root, GError **error)
{
  g_autoptr (GPtrArray) fields = _mc_fields_read (part->entity->header, error);
  if (fields == NULL)
    return FALSE;
  note_duplicates (part, fields);
  read_header_protection (part, fields);
  if (is_root && count_fields (fields, "MIME-Version") == 0
      && count_fields (fields, "Content-Type") > 0)
    note (part, "no-mime-version", _("no MIME-Version, although there is a Content-Type"));
  if (part->entity->type_invalid)
    note (part, "content-type-invalid", _("the Content-Type cannot be read"));
  return TRUE;
}

/* -------------------------------------------------------------------- bodies -- */

static void
note_traits (McPart *part, const McTraits *traits)
{
  const struct {
    gboolean is_so;
    const char *code, *text;
  } rows[] = {
    { traits->n_high > 0, "8-bit-signed", _("8-bit in signed part") },
    { traits->trailing_blank, "trailing-blanks", _("blanks at line ends in signed part") },
    { traits->from_line, "from-line", _("a line beginning with \"From \" in signed part") },
    { traits->long_line, "long-lines", _("lines of more than 998 octets in signed part") },
    { traits->bare_cr, "bare-cr", _("CR without LF in signed part") },
    { traits->nul, "nul", _("NUL in signed part") },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].is_so)
      note (part, rows[i].code, rows[i].text);
}

/* Octets in lines of @span that are not blank: all but the last one, which is the delimiter,
 * or (@behind) those behind the first one that looks like a delimiter. */
static gboolean
count_text (McSpan span, gboolean behind, guint64 *ret_octets, GError **error)
{
  g_autoptr (GError) inner = NULL;
  g_autoptr (McLines) lines = _mc_lines_new (span, 0);
  gboolean counts = !behind;
  guint64 octets = 0, last = 0;
  McLine line;

  while (_mc_lines_next (lines, KEPT_OF_LINE, &line, &inner)) {
    gsize blank = 0;
    while (blank < line.size && g_ascii_isspace (line.text[blank]))
      blank++;
    last = blank < line.size || (line.cut && !line.cut_blank) ? line.end - line.start : 0;
    octets += counts ? last : 0;
    counts = counts || (line.size >= 2 && line.text[0] == '-' && line.text[1] == '-');
  }
  if (inner != NULL) {
    g_propagate_error (error, g_steal_pointer (&inner));
    return FALSE;
  }
  *ret_octets = behind ? octets : octets - last;
  return TRUE;
}

static gboolean
look_around_parts (McPart *part, GError **error)
{
  const McEntity *entity = part->entity;
  const McEntity *first = entity->children->pdata[0];
  const McEntity *end = entity->children->pdata[entity->children->len - 1];
  McSpan before = { entity->body.spool, entity->body.start, first->header.start };
  McSpan after = { entity->body.spool, end->body.end, entity->body.end };
  guint64 n_before, n_after;

  if (!count_text (before, FALSE, &n_before, error) || !count_text (after, TRUE, &n_after, error))
    return FALSE;
  if (n_before > 0) {
    g_autofree char *text = g_strdup_printf (
        _("text before the first part, outside of it: %" PRIu64 " octets"), n_before);
    note (part, "preamble", text);
  }
  if (n_after > 0) {
    g_autofree char *text = g_strdup_printf (
        _("text behind the last part, outside of it: %" PRIu64 " octets"), n_after);
    note (part, "epilogue", text);
  }
  return TRUE;
}

static gboolean
look_at_body (McPart *part, GError **error)
{
  const McEntity *entity = part->entity;
  McTraits traits;

  if (entity->frame_disagrees)
    note (part, "ambiguous", _("programs may see other parts here, or other types"));
  if (!_mc_entity_is_multipart (entity) || entity->children->len == 0)
    return TRUE;
  if (entity->unterminated)
    note (part, "unterminated", _("the closing boundary is missing"));
  if (part->own_layers->len == 0)
    return TRUE;
  if (!look_around_parts (part, error))
    return FALSE;
  if (!_mc_entity_is (entity, "multipart/signed"))
    return TRUE;
  if (!_mc_traits_of_span (&traits, _mc_entity_get_span (entity->children->pdata[0]), error))
    return FALSE;
  note_traits (part, &traits);
  return TRUE;
}

/* ------------------------------------------------------------------- message -- */

static gboolean
look_at_part (McPart *part, gboolean is_root, GError **error)
{
  if (!look_at_header (part, is_root, error) || !look_at_body (part, error))
    return FALSE;
  for (guint i = 0; i < part->children->len; i++)
    if (!look_at_part (part->children->pdata[i], FALSE, error))
      return FALSE;
  return TRUE;
}

gboolean
_mc_oddities_note (McMessage *message, GError **error)
{
  return look_at_part (message->root, TRUE, error);
}
