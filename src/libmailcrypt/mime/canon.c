/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The payload in the form that is hashed and sent (RFC 3156 section 3, RFC 8551 section
 * 3.1): what need not change is copied octet for octet. */
#include "config.h"

#include "mime/compose.h"

#include "base/chunk.h"
#include "mime/decode.h"
#include "mime/encode.h"
#include "mime/header.h"
#include "mime/traits.h"
#include "mime/writer.h"

#include <string.h>

/* White space held back in case that it ends its line; more of it says nothing more. */
#define MAX_BLANKS 1000

typedef struct {
  McWriter writer;
  McCanonMode mode;
  guint64 cursor;          /* what lies before it is written */
} Canon;

static const char encoding_field[] = "Content-Transfer-Encoding";

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

/* ------------------------------------------------------------- header lines -- */

/* A line without its line break; for signing without trailing white space too. */
static gsize
trim_line (const Canon *canon, const char *line, gsize size)
{
  gboolean has_lf = size > 0 && line[size - 1] == '\n';

  size -= has_lf;
  size -= has_lf && size > 0 && line[size - 1] == '\r';
  while (canon->mode == MC_CANON_SIGN && size > 0 && is_blank (line[size - 1]))
    size--;
  return size;
}

/* A block's lines with CRLF. For signing a line of white space alone goes (RFC 3156 section
 * 3), and an mbox line is quoted. */
static void
put_lines (Canon *canon, const char *text, gsize size)
{
  while (size > 0) {
    const char *lf = memchr (text, '\n', size);
    gsize whole = lf != NULL ? (gsize) (lf - text) + 1 : size;
    gsize n = trim_line (canon, text, whole);

    if (canon->mode == MC_CANON_SIGN && n >= 5 && memcmp (text, "From ", 5) == 0)
      _mc_writer_puts (&canon->writer, ">");
    _mc_writer_put (&canon->writer, text, n);
    if (lf != NULL && n > 0)
      _mc_writer_puts (&canon->writer, "\r\n");
    text += whole;
    size -= whole;
  }
}

typedef struct {
  const char *type;        /* nullable: a Content-Type to put in front */
  const char *encoding;    /* nullable: replaces what the header says */
  gboolean content_only;   /* of the root, only its Content-* fields */
} Rewrite;

static void
put_encoding (Canon *canon, const char *encoding)
{
  _mc_writer_printf (&canon->writer, "%s: %s\r\n", encoding_field, encoding);
}

static gboolean
is_content_field (const guint8 *block, const McRawField *field)
{
  return field->name_size > 8
         && g_ascii_strncasecmp ((const char *) block + field->start, "Content-", 8) == 0;
}

static void
put_field (Canon *canon, const guint8 *block, const McRawField *field, Rewrite rewrite,
           gboolean *written)
{
  if (rewrite.content_only && !is_content_field (block, field))
    return;
  if (rewrite.encoding == NULL || !_mc_header_is (block, field, encoding_field)) {
    put_lines (canon, (const char *) block + field->start, field->end - field->start);
    if (rewrite.content_only && block[field->end - 1] != '\n')
      _mc_writer_puts (&canon->writer, "\r\n");
    return;
  }
  if (!*written)
    put_encoding (canon, rewrite.encoding);
  *written = TRUE;
}

static gboolean
put_header (Canon *canon, McSpan header, Rewrite rewrite, GError **error)
{
  gsize size, at = 0;
  gboolean written = rewrite.encoding == NULL;
  g_autoptr (GBytes) bytes = _mc_span_load (header, (gsize) _mc_span_size (header), error);
  if (bytes == NULL)
    return FALSE;

  const guint8 *block = g_bytes_get_data (bytes, &size);
  McRawField field;
  if (rewrite.type != NULL)
    _mc_writer_printf (&canon->writer, "Content-Type: %s\r\n", rewrite.type);
  while (_mc_header_next (block, size, &at, &field))
    put_field (canon, block, &field, rewrite, &written);
  if (!written)
    put_encoding (canon, rewrite.encoding);
  /* A part may end before the empty line; a payload has one always. */
  if (at < size || rewrite.content_only)
    _mc_writer_puts (&canon->writer, "\r\n");
  return TRUE;
}

/* ------------------------------------------------------ between the entities -- */

/* Delimiter lines, preambles and epilogues. Nobody is shown these (RFC 2046 section
 * 5.1.1), so for signing what must not be there is replaced. */
typedef struct {
  Canon *canon;
  char line_start[5];
  gsize column;
  char blanks[MAX_BLANKS];
  gsize n_blanks;
  gboolean after_cr;
} Between;

static void
between_put (Between *between, char c)
{
  McWriter *writer = &between->canon->writer;

  if (between->column < sizeof between->line_start)
    between->line_start[between->column] = c;
  between->column++;
  if (between->column == 5 && memcmp (between->line_start, "From ", 5) == 0)
    c = '_';
  if (is_blank (c)) {
    if (between->n_blanks < MAX_BLANKS)
      between->blanks[between->n_blanks++] = c;
    return;
  }
  _mc_writer_put (writer, between->blanks, between->n_blanks);
  between->n_blanks = 0;
  if (c == '\0' || (guint8) c > 127)
    c = '?';
  _mc_writer_put (writer, &c, 1);
}

static void
between_take (Between *between, char c)
{
  if (c == '\n') {
    _mc_writer_puts (&between->canon->writer, "\r\n");
    between->column = 0;
    between->n_blanks = 0;
    between->after_cr = FALSE;
    return;
  }
  if (between->after_cr)
    between_put (between, '?');
  between->after_cr = c == '\r';
  if (!between->after_cr)
    between_put (between, c);
}

static gboolean
put_sanitised (Canon *canon, McSpan span, GError **error)
{
  Between between = { .canon = canon };
  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  gssize size;

  while ((size = _mc_span_take (&span, chunk, error)) > 0)
    for (gssize i = 0; i < size; i++)
      between_take (&between, (char) chunk->bytes[i]);
  return size == 0;
}

static gboolean
put_between (Canon *canon, McSpool *spool, guint64 end, GError **error)
{
  McSpan span = { spool, canon->cursor, MAX (canon->cursor, end) };

  canon->cursor = span.end;
  if (canon->mode == MC_CANON_SIGN)
    return put_sanitised (canon, span, error);
  _mc_writer_put_span (&canon->writer, span, MC_NEWLINES_CRLF);
  return TRUE;
}

/* ------------------------------------------------------------------ leaves -- */

typedef enum {
  KEEP,
  TO_QUOTED_PRINTABLE,
  TO_BASE64,
  TO_TEXT_BASE64,          /* line breaks as CRLF (RFC 2045 section 6.8) */
} Encoding;

static gboolean
has_encoding (const McEntity *entity, const char *name)
{
  return g_strcmp0 (entity->encoding, name) == 0;
}

static Encoding
choose_encoding (const McEntity *entity, const McTraits *traits)
{
  gboolean text = g_str_has_prefix (entity->type, "text/");

  if (text && has_encoding (entity, "quoted-printable"))
    return TO_QUOTED_PRINTABLE;
  if (!text || !_mc_entity_is_identity (entity))
    return TO_BASE64;
  /* Up to here the text can still be read as it stands. */
  return traits->n_high * 3 <= traits->n_octets ? TO_QUOTED_PRINTABLE : TO_TEXT_BASE64;
}

/* An encoding that is not known here cannot be undone. */
static gboolean
can_decode (const McEntity *entity)
{
  return _mc_entity_is_identity (entity) || _mc_entity_has_known_encoding (entity);
}

static Encoding
judge_leaf (const Canon *canon, const McEntity *entity, const McTraits *traits)
{
  /* Line breaks of binary data are no line breaks. */
  if (has_encoding (entity, "binary") && !g_str_has_prefix (entity->type, "text/"))
    return TO_BASE64;

  gboolean fit = canon->mode == MC_CANON_SIGN ? _mc_traits_is_signable (traits)
                                              : _mc_traits_is_8bit (traits);
  return fit || !can_decode (entity) ? KEEP : choose_encoding (entity, traits);
}

static gboolean
quote (const char *data, gsize size, gpointer user_data, G_GNUC_UNUSED GError **error)
{
  _mc_quoter_put (user_data, data, size);
  return TRUE;
}

static gboolean
armour (const char *data, gsize size, gpointer user_data, G_GNUC_UNUSED GError **error)
{
  _mc_base64_put (user_data, data, size);
  return TRUE;
}

static gboolean
put_encoded (Canon *canon, const McEntity *entity, Encoding encoding, GError **error)
{
  if (encoding == TO_QUOTED_PRINTABLE) {
    McQuoter quoter;
    _mc_quoter_init (&quoter, &canon->writer);
    if (!_mc_entity_decode_to (entity, quote, &quoter, NULL, error))
      return FALSE;
    _mc_quoter_finish (&quoter);
    return TRUE;
  }
  McBase64 base64;
  _mc_base64_init (&base64, &canon->writer, encoding == TO_TEXT_BASE64);
  if (!_mc_entity_decode_to (entity, armour, &base64, NULL, error))
    return FALSE;
  _mc_base64_finish (&base64);
  return TRUE;
}

static gboolean
says_8bit (const McEntity *entity)
{
  return has_encoding (entity, "8bit") || has_encoding (entity, "binary");
}

static const char *
name_encoding (const Canon *canon, const McEntity *entity, Encoding encoding)
{
  if (encoding == TO_QUOTED_PRINTABLE)
    return "quoted-printable";
  if (encoding != KEEP)
    return "base64";
  /* A label that promises more than there is invites a gateway to convert. */
  if (canon->mode == MC_CANON_SIGN && says_8bit (entity) && _mc_span_size (entity->body) > 0)
    return "7bit";
  return NULL;
}

static gboolean
put_leaf (Canon *canon, const McEntity *entity, Rewrite rewrite, GError **error)
{
  McTraits traits;
  if (!_mc_traits_of_span (&traits, entity->body, error))
    return FALSE;

  Encoding encoding = judge_leaf (canon, entity, &traits);
  const char *name = name_encoding (canon, entity, encoding);
  if (name == NULL && rewrite.type != NULL && entity->encoding == NULL && traits.n_high > 0)
    name = "8bit";
  rewrite.encoding = name;
  if (!put_header (canon, entity->header, rewrite, error))
    return FALSE;
  canon->cursor = entity->body.end;
  if (encoding != KEEP)
    return put_encoded (canon, entity, encoding, error);
  _mc_writer_put_span (&canon->writer, entity->body,
                       traits.bare_lf ? MC_NEWLINES_CRLF : MC_NEWLINES_AS_IS);
  return TRUE;
}

/* ---------------------------------------------------------------- entities -- */

static gboolean
is_opaque (const McEntity *entity)
{
  static const char *const types[] = {
    "multipart/signed", "multipart/encrypted", "application/pkcs7-mime",
    "application/x-pkcs7-mime", NULL,
  };

  if (has_encoding (entity, "binary") && !_mc_entity_is_multipart (entity))
    return FALSE;
  /* In a multipart without parts it is not known what is what. */
  return g_strv_contains (types, entity->type)
         || (_mc_entity_is_multipart (entity) && entity->children->len == 0);
}

static gboolean
holds_opaque (const McEntity *entity)
{
  if (is_opaque (entity))
    return TRUE;
  for (guint i = 0; i < entity->children->len; i++)
    if (holds_opaque (g_ptr_array_index (entity->children, i)))
      return TRUE;
  return FALSE;
}

static gboolean
put_opaque (Canon *canon, const McEntity *entity, Rewrite rewrite, GError **error)
{
  McCanonMode mode = canon->mode;
  canon->mode = MC_CANON_ENCRYPT;   /* its header stays as it is too */
  gboolean ok = put_header (canon, entity->header, rewrite, error);
  canon->mode = mode;
  _mc_writer_put_span (&canon->writer, entity->body, MC_NEWLINES_CRLF);
  canon->cursor = entity->body.end;
  return ok;
}

static gboolean
put_entity (Canon *canon, const McEntity *entity, Rewrite rewrite, GError **error)
{
  if (!put_between (canon, entity->header.spool, entity->header.start, error))
    return FALSE;
  if (is_opaque (entity))
    return put_opaque (canon, entity, rewrite, error);
  if (entity->children->len == 0)
    return put_leaf (canon, entity, rewrite, error);

  if (canon->mode == MC_CANON_SIGN && says_8bit (entity) && !holds_opaque (entity))
    rewrite.encoding = "7bit";
  if (!put_header (canon, entity->header, rewrite, error))
    return FALSE;
  canon->cursor = entity->body.start;
  for (guint i = 0; i < entity->children->len; i++)
    if (!put_entity (canon, g_ptr_array_index (entity->children, i), (Rewrite) { 0 }, error))
      return FALSE;
  return put_between (canon, entity->body.spool, entity->body.end, error);
}

/* The type for a root that has none; RFC 1428 names the last one. */
static gboolean
choose_type (const McTree *tree, Rewrite *rewrite, GError **error)
{
  McTraits traits;
  g_autoptr (GPtrArray) types = _mc_tree_get_fields (tree, "Content-Type");

  if (types->len > 0)
    return TRUE;
  if (!_mc_traits_of_content (&traits, tree->root, error))
    return FALSE;
  if (traits.n_high == 0)
    rewrite->type = "text/plain; charset=us-ascii";
  else if (!traits.not_utf8)
    rewrite->type = "text/plain; charset=utf-8";
  else
    rewrite->type = "text/plain; charset=unknown-8bit";
  return TRUE;
}

gboolean
_mc_compose_payload (const McTree *tree, McCanonMode mode, McSpool *output, GError **error)
{
  Canon canon = { .mode = mode, .cursor = tree->root->header.start };
  Rewrite rewrite = { .content_only = TRUE };

  _mc_writer_init (&canon.writer, output);
  gboolean ok = choose_type (tree, &rewrite, error)
                && put_entity (&canon, tree->root, rewrite, error)
                && _mc_writer_finish (&canon.writer, error);
  _mc_writer_clear (&canon.writer);
  return ok;
}
