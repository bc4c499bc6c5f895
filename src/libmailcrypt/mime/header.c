/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/header.h"

#include <string.h>

static gboolean
is_blank (guint8 c)
{
  return c == ' ' || c == '\t';
}

gsize
_mc_header_name_size (const guint8 *line, gsize size)
{
  gsize n = 0;
  while (n < size && line[n] > ' ' && line[n] < 0x7f && line[n] != ':')
    n++;

  /* RFC 5322 section 4.5.8 allows white space in front of the colon. */
  gsize colon = n;
  while (colon < size && is_blank (line[colon]))
    colon++;
  return colon < size && line[colon] == ':' ? n : 0;
}

/* The offset behind the line at @at. */
static gsize
skip_line (const guint8 *block, gsize size, gsize at)
{
  const guint8 *lf = memchr (block + at, '\n', size - at);
  return lf != NULL ? (gsize) (lf - block) + 1 : size;
}

static gboolean
is_empty_line (const guint8 *line, gsize size)
{
  return (size == 1 && line[0] == '\n') || (size == 2 && line[0] == '\r' && line[1] == '\n');
}

gboolean
_mc_header_next (const guint8 *block, gsize size, gsize *at, McRawField *ret_field)
{
  if (*at >= size)
    return FALSE;
  gsize end = skip_line (block, size, *at);
  if (is_empty_line (block + *at, end - *at))
    return FALSE;

  McRawField field = { .start = *at };
  field.name_size = _mc_header_name_size (block + *at, end - *at);
  if (field.name_size > 0) {
    const guint8 *colon = memchr (block + *at, ':', end - *at);
    field.body = (gsize) (colon - block) + 1;
  }
  while (end < size && is_blank (block[end]))
    end = skip_line (block, size, end);
  field.end = end;

  *at = end;
  *ret_field = field;
  return TRUE;
}

gboolean
_mc_header_is (const guint8 *block, const McRawField *field, const char *name)
{
  return field->name_size == strlen (name)
         && g_ascii_strncasecmp ((const char *) block + field->start, name,
                                 field->name_size) == 0;
}

gboolean
_mc_header_is_structural (const char *name)
{
  return g_ascii_strncasecmp (name, "Content-", 8) == 0
         || g_ascii_strcasecmp (name, "MIME-Version") == 0;
}

gboolean
_mc_header_is_outer_record (const char *name)
{
  return g_ascii_strcasecmp (name, "HP-Outer") == 0;
}

static guint64
count (const guint8 *block, const McRawField *field, guint8 c)
{
  guint64 n = 0;
  for (gsize i = field->body; i < field->end; i++)
    n += block[i] == c;
  return n;
}

static gboolean
is_one_of (const guint8 *block, const McRawField *field, const char *const *names)
{
  for (; *names != NULL; names++)
    if (_mc_header_is (block, field, *names))
      return TRUE;
  return FALSE;
}

/* Deeper than any stack. */
#define MAX_COLONS 100
#define ENDLESS_STEPS ((guint64) G_MAXUINT32)

guint64
_mc_header_count_steps (const guint8 *block, const McRawField *field)
{
  static const char *const with_parameters[] = { "Content-Type", "Content-Disposition", NULL };
  static const char *const with_addresses[] = {
    "From", "Sender", "Reply-To", "To", "Cc", "Bcc", NULL,
  };
  guint64 steps = 1 + (field->end - field->start) / 16;

  if (is_one_of (block, field, with_parameters)) {
    guint64 n = count (block, field, ';');
    steps += n * n;
  } else if (is_one_of (block, field, with_addresses)) {
    gboolean deep = count (block, field, ':') > MAX_COLONS;
    steps += count (block, field, ',') + (deep ? ENDLESS_STEPS : 0);
  }
  return steps;
}

char *
_mc_header_unfold (const guint8 *block, const McRawField *field)
{
  GString *body = g_string_sized_new (field->end - field->body + 1);

  for (gsize i = field->body; i < field->end; i++) {
    gboolean before_lf = block[i] == '\r' && i + 1 < field->end && block[i + 1] == '\n';
    if (block[i] == '\n' || before_lf)
      continue;
    if (block[i] == '\0')
      g_string_append (body, "\357\277\275");
    else
      g_string_append_c (body, (char) block[i]);
  }
  return g_strstrip (g_string_free (body, FALSE));
}
