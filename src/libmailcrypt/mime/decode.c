/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/decode.h"

#include "base/chunk.h"
#include "base/error.h"
#include "base/text.h"
#include "mime/gmime-stream.h"
#include "mime/header.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* --------------------------------------------------------------- streaming -- */

static GMimeContentEncoding
get_encoding (const McEntity *entity)
{
  static const struct {
    const char *name;
    GMimeContentEncoding encoding;
  } encodings[] = {
    { "base64", GMIME_CONTENT_ENCODING_BASE64 },
    { "quoted-printable", GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE },
    { "x-uuencode", GMIME_CONTENT_ENCODING_UUENCODE },
    { "uuencode", GMIME_CONTENT_ENCODING_UUENCODE },
    { "x-uue", GMIME_CONTENT_ENCODING_UUENCODE },
  };

  for (gsize i = 0; entity->encoding != NULL && i < G_N_ELEMENTS (encodings); i++)
    if (strcmp (entity->encoding, encodings[i].name) == 0)
      return encodings[i].encoding;
  return GMIME_CONTENT_ENCODING_DEFAULT;
}

gboolean
_mc_entity_has_known_encoding (const McEntity *entity)
{
  return get_encoding (entity) != GMIME_CONTENT_ENCODING_DEFAULT;
}

typedef struct {
  GMimeFilter *strip;      /* nullable; white space at the end of a line is no content of
                            * quoted-printable (RFC 2045 section 6.7, rule 3) */
  GMimeFilter *decode;     /* nullable */
} Decoder;

/* A composite type has no encoding but identity (RFC 2045 section 6.4). */
static GMimeContentEncoding
get_effective_encoding (const McEntity *entity)
{
  return _mc_entity_is_multipart (entity) ? GMIME_CONTENT_ENCODING_DEFAULT : get_encoding (entity);
}

static void
decoder_init (Decoder *decoder, const McEntity *entity)
{
  GMimeContentEncoding encoding = get_effective_encoding (entity);

  *decoder = (Decoder) { 0 };
  if (encoding == GMIME_CONTENT_ENCODING_DEFAULT)
    return;
  _mc_gmime_init ();
  decoder->decode = g_mime_filter_basic_new (encoding, FALSE);
  if (encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)
    decoder->strip = g_mime_filter_strip_new ();
}

static void
decoder_clear (Decoder *decoder)
{
  g_clear_object (&decoder->strip);
  g_clear_object (&decoder->decode);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Decoder, decoder_clear)

static void
run_filter (GMimeFilter *filter, char **data, gsize *size, gboolean last)
{
  gsize prespace = 0;

  if (filter != NULL && last)
    g_mime_filter_complete (filter, *data, *size, 0, data, size, &prespace);
  else if (filter != NULL)
    g_mime_filter_filter (filter, *data, *size, 0, data, size, &prespace);
}

static gboolean
pass_chunk (Decoder *decoder, McChunk *chunk, gsize size, McDecodeFunc func, gpointer user_data,
            GError **error)
{
  char *data = (char *) chunk->bytes;
  gboolean last = size == 0;

  run_filter (decoder->strip, &data, &size, last);
  run_filter (decoder->decode, &data, &size, last);
  return size == 0 || func (data, size, user_data, error);
}

gboolean
_mc_entity_decode_to (const McEntity *entity, McDecodeFunc func, gpointer user_data,
                      GCancellable *cancellable, GError **error)
{
  g_auto (Decoder) decoder = { 0 };
  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  McSpan rest = entity->body;
  gssize size;

  decoder_init (&decoder, entity);
  while ((size = _mc_span_take (&rest, chunk, error)) > 0)
    if (g_cancellable_set_error_if_cancelled (cancellable, error)
        || !pass_chunk (&decoder, chunk, (gsize) size, func, user_data, error))
      return FALSE;
  if (size < 0)
    return FALSE;
  return pass_chunk (&decoder, chunk, 0, func, user_data, error);
}

/* ----------------------------------------------------------------- outputs -- */

static gboolean
append (const char *data, gsize size, gpointer user_data, GError **error)
{
  return _mc_spool_append (user_data, data, size, error);
}

gboolean
_mc_entity_decode (const McEntity *entity, McSpool *output, gboolean strict,
                   GCancellable *cancellable, GError **error)
{
  if (strict && get_effective_encoding (entity) == GMIME_CONTENT_ENCODING_BASE64)
    return _mc_spool_append_base64 (output, entity->body, cancellable, error);
  return _mc_entity_decode_to (entity, append, output, cancellable, error);
}

typedef struct {
  GString *text;
  gsize max_bytes;
  gboolean full;
} Stretch;

/* FALSE without an error: enough. */
static gboolean
keep_stretch (const char *data, gsize size, gpointer user_data, G_GNUC_UNUSED GError **error)
{
  Stretch *stretch = user_data;
  gsize room = stretch->max_bytes - stretch->text->len;

  stretch->full = size > room;
  g_string_append_len (stretch->text, data, (gssize) MIN (size, room));
  return !stretch->full;
}

/* A character cut in two at the end is left out. */
static void
drop_half_character (GString *text)
{
  gsize n = 1;
  while (n < 4 && n < text->len && ((guint8) text->str[text->len - n] & 0xc0) == 0x80)
    n++;
  if (n <= text->len
      && g_utf8_get_char_validated (text->str + text->len - n, (gssize) n) == (gunichar) -2)
    g_string_truncate (text, text->len - n);
}

char *
_mc_entity_read_text (const McEntity *entity, G_GNUC_UNUSED const McLimits *limits,
                      gsize max_bytes, GError **error)
{
  Stretch stretch = { g_string_new (NULL), max_bytes, FALSE };
  const char *charset = _mc_entity_get_parameter (entity, "charset");

  if (!_mc_entity_decode_to (entity, keep_stretch, &stretch, NULL, error)
      && !stretch.full) {
    g_string_free (stretch.text, TRUE);
    return NULL;
  }
  if (stretch.full && (charset == NULL || g_ascii_strcasecmp (charset, "utf-8") == 0))
    drop_half_character (stretch.text);

  char *text = _mc_text_to_utf8 (stretch.text->str, stretch.text->len, charset);
  g_string_free (stretch.text, TRUE);
  return text;
}
