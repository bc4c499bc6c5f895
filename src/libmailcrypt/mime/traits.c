/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/traits.h"

#include "base/chunk.h"
#include "mime/decode.h"

#include <string.h>

#define MAX_LINE 998

static const char from_line[] = "From ";

static void
begin_line (McTraits *traits)
{
  traits->column = 0;
  traits->from_so_far = TRUE;
  traits->blank = FALSE;
  traits->after_cr = FALSE;
}

void
_mc_traits_init (McTraits *traits)
{
  memset (traits, 0, sizeof *traits);
  begin_line (traits);
}

static void
end_line (McTraits *traits)
{
  traits->trailing_blank |= traits->blank;
  traits->long_line |= traits->column > MAX_LINE;
  traits->from_line |= traits->from_so_far && traits->column >= sizeof from_line - 1;
  begin_line (traits);
}

/* Octets of one line, without its LF. */
static void
take_run (McTraits *traits, const char *data, gsize size)
{
  /* Nothing more of the line may have come, and its CR before. */
  if (size > 0) {
    traits->after_cr = data[size - 1] == '\r';
    size -= traits->after_cr ? 1 : 0;
  }
  traits->bare_cr |= memchr (data, '\r', size) != NULL;
  for (gsize i = 0; i < size && traits->column + i < sizeof from_line - 1; i++)
    traits->from_so_far &= data[i] == from_line[traits->column + i];
  traits->column += size;
  if (size > 0)
    traits->blank = data[size - 1] == ' ' || data[size - 1] == '\t';
}

/* How many octets are over 127: eight at a time. */
static guint64
count_high (const char *data, gsize size)
{
  guint64 n = 0;
  for (; size % sizeof (guint64) != 0; size--)
    n += (guint8) data[size - 1] >> 7;
  for (gsize i = 0; i < size; i += sizeof (guint64)) {
    guint64 octets;
    memcpy (&octets, data + i, sizeof octets);
    n += (((octets >> 7) & G_GUINT64_CONSTANT (0x0101010101010101))
          * G_GUINT64_CONSTANT (0x0101010101010101)) >> 56;
  }
  return n;
}

static void
take_lines (McTraits *traits, const char *data, gsize size)
{
  traits->n_high += count_high (data, size);
  traits->nul |= memchr (data, '\0', size) != NULL;
  traits->bare_cr |= traits->after_cr && size > 0 && data[0] != '\n';
  for (gsize at = 0; at < size;) {
    const char *lf = memchr (data + at, '\n', size - at);
    gsize end = lf != NULL ? (gsize) (lf - data) : size;
    take_run (traits, data + at, end - at);
    if (lf == NULL)
      break;
    traits->bare_lf |= !traits->after_cr;
    end_line (traits);
    at = end + 1;
  }
}

/* How many octets of a character that may yet be completed end @data. */
static gsize
count_incomplete (const char *data, gsize size)
{
  for (gsize n = 1; n <= 3 && n <= size; n++) {
    guint8 c = (guint8) data[size - n];
    if (c >= 0xc0)
      return g_utf8_get_char_validated (data + size - n, (gssize) n) == (gunichar) -2 ? n : 0;
    if (c < 0x80)
      return 0;
  }
  return 0;
}

/* NUL is judged apart, and would end the text here. */
static gboolean
is_utf8 (const char *data, gsize size)
{
  while (size > 0) {
    const char *end;
    if (g_utf8_validate_len (data, size, &end))
      return TRUE;
    gsize done = (gsize) (end - data);
    if (*end != '\0')
      return FALSE;
    data += done + 1;
    size -= done + 1;
  }
  return TRUE;
}

static void
check_utf8 (McTraits *traits, const char *data, gsize size)
{
  /* The character across the edge is completed first. */
  while (traits->tail_size > 0 && size > 0) {
    traits->tail[traits->tail_size++] = *data++;
    size--;
    gunichar c = g_utf8_get_char_validated (traits->tail, (gssize) traits->tail_size);
    if (c == (gunichar) -2)
      continue;
    traits->not_utf8 |= c == (gunichar) -1;
    traits->tail_size = 0;
  }
  if (traits->n_high == 0)
    return;
  gsize n = count_incomplete (data, size);
  traits->not_utf8 |= !is_utf8 (data, size - n);
  if (n > 0) {
    memcpy (traits->tail, data + size - n, n);
    traits->tail_size = n;
  }
}

void
_mc_traits_put (McTraits *traits, const char *data, gsize size)
{
  take_lines (traits, data, size);
  traits->n_octets += size;
  if (!traits->not_utf8)
    check_utf8 (traits, data, size);
}

void
_mc_traits_finish (McTraits *traits)
{
  traits->bare_cr |= traits->after_cr;
  traits->not_utf8 |= traits->tail_size > 0;
  end_line (traits);
}

gboolean
_mc_traits_of_span (McTraits *traits, McSpan span, GError **error)
{
  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  gssize size;

  _mc_traits_init (traits);
  while ((size = _mc_span_take (&span, chunk, error)) > 0)
    _mc_traits_put (traits, (const char *) chunk->bytes, (gsize) size);
  if (size < 0)
    return FALSE;
  _mc_traits_finish (traits);
  return TRUE;
}

static gboolean
put (const char *data, gsize size, gpointer user_data, G_GNUC_UNUSED GError **error)
{
  _mc_traits_put (user_data, data, size);
  return TRUE;
}

gboolean
_mc_traits_of_content (McTraits *traits, const McEntity *entity, GError **error)
{
  _mc_traits_init (traits);
  if (!_mc_entity_decode_to (entity, put, traits, NULL, error))
    return FALSE;
  _mc_traits_finish (traits);
  return TRUE;
}

gboolean
_mc_traits_is_8bit (const McTraits *traits)
{
  return !traits->nul && !traits->bare_cr && !traits->long_line;
}

gboolean
_mc_traits_is_signable (const McTraits *traits)
{
  return _mc_traits_is_8bit (traits) && traits->n_high == 0 && !traits->trailing_blank
         && !traits->from_line;
}
