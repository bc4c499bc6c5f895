/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/compose.h"

#include "base/chunk.h"
#include "base/error.h"
#include "mime/encode.h"
#include "mime/header.h"
#include "mime/traits.h"
#include "mime/writer.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ------------------------------------------------------------ outer header -- */

static void
line_free (gpointer data)
{
  McHeaderLine *line = data;
  g_free (line->value);
  g_free (line);
}

GPtrArray *
_mc_header_lines_new (void)
{
  return g_ptr_array_new_with_free_func (line_free);
}

void
_mc_header_lines_add (GPtrArray *lines, const McField *field, const char *value)
{
  McHeaderLine *line = g_new0 (McHeaderLine, 1);
  line->field = field;
  line->value = g_strdup (value);
  g_ptr_array_add (lines, line);
}

GPtrArray *
_mc_header_lines_of (GPtrArray *fields)
{
  GPtrArray *lines = _mc_header_lines_new ();

  for (guint i = 0; i < fields->len; i++)
    _mc_header_lines_add (lines, fields->pdata[i], NULL);
  return lines;
}

typedef struct {
  McWriter writer;
  McHeaderMode mode;
  const char *newline;
} Header;

static gboolean
is_kept (const char *name, McHeaderMode mode)
{
  static const char *const not_sent[] = { "Bcc", "Resent-Bcc", "Authentication-Results" };

  if (_mc_header_is_structural (name) || _mc_header_is_outer_record (name))
    return FALSE;
  for (gsize i = 0; mode == MC_HEADER_SEND && i < G_N_ELEMENTS (not_sent); i++)
    if (g_ascii_strcasecmp (name, not_sent[i]) == 0)
      return FALSE;
  return TRUE;
}

/* A CR of its own is a line break to some, and NUL the end of the text: what is sent has
 * neither, so that no part of a field becomes another field. */
static void
put_field_line (Header *header, char *line, gsize size)
{
  for (gsize i = 0; header->mode == MC_HEADER_SEND && i < size; i++)
    if (line[i] == '\r' || line[i] == '\0')
      line[i] = ' ';
  _mc_writer_put (&header->writer, line, size);
  _mc_writer_puts (&header->writer, header->newline);
}

static gboolean
put_field (Header *header, const McHeaderLine *line, GError **error)
{
  const McField *field = line->field;
  gsize size;

  if (line->value != NULL) {
    _mc_writer_put_field (&header->writer, field->name, line->value, header->newline);
    return TRUE;
  }
  g_autoptr (GBytes) bytes = _mc_span_load (field->raw, (gsize) _mc_span_size (field->raw),
                                            error);
  if (bytes == NULL)
    return FALSE;

  gconstpointer data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_memdup2 (data, size);
  for (gsize at = 0; at < size;) {
    const char *lf = memchr (text + at, '\n', size - at);
    gsize next = lf != NULL ? (gsize) (lf - text) + 1 : size;
    gsize end = lf != NULL ? next - 1 : next;
    if (lf != NULL && end > at && text[end - 1] == '\r')
      end--;
    put_field_line (header, text + at, end - at);
    at = next;
  }
  return TRUE;
}

static gboolean
put_lines (Header *header, GPtrArray *lines, GError **error)
{
  for (guint i = 0; i < lines->len; i++) {
    const McHeaderLine *line = g_ptr_array_index (lines, i);
    if (is_kept (line->field->name, header->mode) && !put_field (header, line, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
_mc_compose_header (GPtrArray *lines, McHeaderMode mode, const char *newline, McSpool *output,
                    GError **error)
{
  Header header = { .mode = mode, .newline = newline };

  _mc_writer_init (&header.writer, output);
  gboolean ok = put_lines (&header, lines, error);
  _mc_writer_printf (&header.writer, "MIME-Version: 1.0%s", newline);
  ok = ok && _mc_writer_finish (&header.writer, error);
  _mc_writer_clear (&header.writer);
  return ok;
}

/* ------------------------------------------------------------------- parts -- */

/* 128 random bits: no line of any content is like it. */
static char *
make_boundary (void)
{
  return g_strdup_printf ("%08x%08x%08x%08x", g_random_int (), g_random_int (),
                          g_random_int (), g_random_int ());
}

/* What may stand between quotes, or bare in a type: visible ASCII, no specials that
 * would end it. */
static gboolean
check_value (const char *value, GError **error)
{
  for (const char *p = value; *p != '\0'; p++) {
    if (!g_ascii_isgraph (*p) || strchr ("\"\\;<>()", *p) != NULL) {
      _mc_set_error (error, MC_ERROR_INVALID, NULL, _("a MIME parameter has an invalid character"));
      return FALSE;
    }
  }
  return TRUE;
}

static void
put_base64 (McWriter *writer, McSpan span)
{
  McBase64 base64;
  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  gssize size;

  _mc_base64_init (&base64, writer, FALSE);
  while (writer->error == NULL && (size = _mc_span_take (&span, chunk, &writer->error)) > 0)
    _mc_base64_put (&base64, (const char *) chunk->bytes, (gsize) size);
  _mc_base64_finish (&base64);
  _mc_writer_puts (writer, "\r\n");
}

/* Armour, which may or may not end its last line. */
static void
put_text (McWriter *writer, McSpan span)
{
  char last = '\0';
  _mc_writer_put_span (writer, span, MC_NEWLINES_CRLF);
  if (writer->error == NULL && _mc_span_size (span) > 0)
    (void) _mc_spool_read_at (span.spool, span.end - 1, &last, 1, &writer->error);
  if (last != '\n')
    _mc_writer_puts (writer, "\r\n");
}

/* ------------------------------------------------------------------ signed -- */

typedef struct {
  const char *type;
  const char *filename;
  gboolean binary;
} SignatureType;

static const SignatureType signature_types[] = {
  { "application/pgp-signature", "signature.asc", FALSE },
  { "application/pkcs7-signature", "smime.p7s", TRUE },
};

static const SignatureType *
find_signature_type (const char *type, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (signature_types); i++)
    if (strcmp (signature_types[i].type, type) == 0)
      return &signature_types[i];
  _mc_set_error (error, MC_ERROR_INVALID, NULL, _("unknown signature type '%s'"), type);
  return NULL;
}

static void
put_signature_part (McWriter *writer, const SignatureType *type, McSpan signature)
{
  _mc_writer_printf (writer, "Content-Type: %s; name=\"%s\"\r\n", type->type, type->filename);
  if (type->binary)
    _mc_writer_puts (writer, "Content-Transfer-Encoding: base64\r\n");
  _mc_writer_printf (writer, "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n",
                     type->filename);
  if (type->binary)
    put_base64 (writer, signature);
  else
    put_text (writer, signature);
}

gboolean
_mc_compose_signed (McSpan payload, McSpan signature, const char *signature_type,
                    const char *micalg, McSpool *output, GError **error)
{
  const SignatureType *type = find_signature_type (signature_type, error);
  if (type == NULL || !check_value (micalg, error))
    return FALSE;

  g_auto (McWriter) writer = { 0 };
  g_autofree char *boundary = make_boundary ();
  _mc_writer_init (&writer, output);
  _mc_writer_printf (&writer,
                     "Content-Type: multipart/signed; micalg=\"%s\";\r\n"
                     " protocol=\"%s\";\r\n"
                     " boundary=\"%s\"\r\n\r\n--%s\r\n",
                     micalg, type->type, boundary, boundary);
  _mc_writer_put_span (&writer, payload, MC_NEWLINES_AS_IS);   /* just as it was signed */
  _mc_writer_printf (&writer, "\r\n--%s\r\n", boundary);
  put_signature_part (&writer, type, signature);
  _mc_writer_printf (&writer, "\r\n--%s--\r\n", boundary);
  return _mc_writer_finish (&writer, error);
}

/* --------------------------------------------------------------- encrypted -- */

gboolean
_mc_compose_pgp_encrypted (McSpan armour, McSpool *output, GError **error)
{
  g_auto (McWriter) writer = { 0 };
  g_autofree char *boundary = make_boundary ();

  _mc_writer_init (&writer, output);
  _mc_writer_printf (&writer,
                     "Content-Type: multipart/encrypted;\r\n"
                     " protocol=\"application/pgp-encrypted\";\r\n"
                     " boundary=\"%s\"\r\n\r\n--%s\r\n"
                     "Content-Type: application/pgp-encrypted\r\n\r\n"
                     "Version: 1\r\n\r\n--%s\r\n"
                     "Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"
                     "Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n",
                     boundary, boundary, boundary);
  put_text (&writer, armour);
  _mc_writer_printf (&writer, "\r\n--%s--\r\n", boundary);
  return _mc_writer_finish (&writer, error);
}

/* RFC 8551 sections 3.2.1 and 3.2.2. */
static const struct {
  const char *format;
  const char *smime_type;
  const char *filename;
} pkcs7_formats[] = {
  { "enveloped-data", "enveloped-data", "smime.p7m" },
  { "auth-enveloped-data", "authEnveloped-data", "smime.p7m" },
  { "signed-data", "signed-data", "smime.p7m" },
  { "compressed-data", "compressed-data", "smime.p7z" },
  { "certs-only", "certs-only", "smime.p7c" },
};

gboolean
_mc_compose_pkcs7 (McSpan der, const char *format, McSpool *output, GError **error)
{
  gsize i = 0;
  while (i < G_N_ELEMENTS (pkcs7_formats) && strcmp (pkcs7_formats[i].format, format) != 0)
    i++;
  if (i == G_N_ELEMENTS (pkcs7_formats)) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("unknown CMS format '%s'"), format);
    return FALSE;
  }

  g_auto (McWriter) writer = { 0 };
  _mc_writer_init (&writer, output);
  _mc_writer_printf (&writer,
                     "Content-Type: application/pkcs7-mime; smime-type=%s;\r\n"
                     " name=\"%s\"\r\n"
                     "Content-Transfer-Encoding: base64\r\n"
                     "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n",
                     pkcs7_formats[i].smime_type, pkcs7_formats[i].filename,
                     pkcs7_formats[i].filename);
  put_base64 (&writer, der);
  return _mc_writer_finish (&writer, error);
}

/* --------------------------------------------------------------------- key -- */

/* A file name that needs neither quoting nor encoding. */
static char *
make_plain_name (const char *filename)
{
  char *name = g_strdup (filename);
  for (char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._-+@", *p) == NULL)
      *p = '_';
  return name;
}

gboolean
_mc_compose_with_key (McSpan payload, McSpan key, const char *type, const char *filename,
                      McSpool *output, GError **error)
{
  McTraits traits;
  if (!_mc_traits_of_span (&traits, key, error))
    return FALSE;

  g_auto (McWriter) writer = { 0 };
  g_autofree char *boundary = make_boundary ();
  g_autofree char *name = make_plain_name (filename);
  gboolean encode = !_mc_traits_is_signable (&traits);

  _mc_writer_init (&writer, output);
  _mc_writer_printf (&writer, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n--%s\r\n",
                     boundary, boundary);
  _mc_writer_put_span (&writer, payload, MC_NEWLINES_CRLF);
  _mc_writer_printf (&writer, "\r\n--%s\r\nContent-Type: %s; name=\"%s\"\r\n", boundary, type,
                     name);
  _mc_writer_printf (&writer, "Content-Transfer-Encoding: %s\r\n", encode ? "base64" : "7bit");
  _mc_writer_printf (&writer, "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n", name);
  if (encode)
    put_base64 (&writer, key);
  else
    put_text (&writer, key);
  _mc_writer_printf (&writer, "\r\n--%s--\r\n", boundary);
  return _mc_writer_finish (&writer, error);
}

/* ---------------------------------------------------------------- newlines -- */

const char *
_mc_span_get_newline (McSpan span)
{
  g_autoptr (McChunk) chunk = _mc_chunk_new ();
  guint8 before = '\0';
  gssize size;

  while ((size = _mc_span_take (&span, chunk, NULL)) > 0) {
    const guint8 *data = chunk->bytes, *lf = memchr (data, '\n', (gsize) size);
    if (lf != NULL)
      return (lf > data ? lf[-1] : before) == '\r' ? "\r\n" : "\n";
    before = data[size - 1];
  }
  return "\n";
}
