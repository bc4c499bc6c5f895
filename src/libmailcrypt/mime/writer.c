/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/writer.h"

#include "base/secret.h"

#include <string.h>

#define PENDING_BYTES ((gsize) 32 * 1024)

void
_mc_writer_init (McWriter *writer, McSpool *spool)
{
  /* with its NUL a power of two: GString would take the next one */
  *writer = (McWriter) { spool, g_string_sized_new (2 * PENDING_BYTES - 1), 0, NULL };
}

void
_mc_writer_clear (McWriter *writer)
{
  if (writer->pending != NULL) {
    _mc_wipe (writer->pending->str, MAX (writer->used, writer->pending->len));
    g_string_free (writer->pending, TRUE);
    writer->pending = NULL;
  }
  g_clear_error (&writer->error);
}

static void
flush (McWriter *writer)
{
  if (writer->error == NULL && writer->pending->len > 0)
    (void) _mc_spool_append (writer->spool, writer->pending->str, writer->pending->len,
                             &writer->error);
  writer->used = MAX (writer->used, writer->pending->len);
  g_string_truncate (writer->pending, 0);
}

void
_mc_writer_put (McWriter *writer, const char *data, gsize size)
{
  while (size > 0 && writer->error == NULL) {
    gsize part = MIN (size, PENDING_BYTES);
    g_string_append_len (writer->pending, data, (gssize) part);
    if (writer->pending->len >= PENDING_BYTES)
      flush (writer);
    data += part;
    size -= part;
  }
}

void
_mc_writer_puts (McWriter *writer, const char *text)
{
  _mc_writer_put (writer, text, strlen (text));
}

void
_mc_writer_printf (McWriter *writer, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  _mc_writer_puts (writer, text);
}

void
_mc_writer_put_span (McWriter *writer, McSpan span, McNewlines newlines)
{
  if (writer->error != NULL || _mc_span_size (span) == 0)
    return;
  flush (writer);
  if (writer->error != NULL)
    return;
  if (newlines == MC_NEWLINES_AS_IS
      || (newlines == MC_NEWLINES_CRLF && _mc_span_is_canonical (span))) {
    (void) _mc_spool_append_span (writer->spool, span, &writer->error);
    return;
  }
  g_autoptr (GInputStream) stream = _mc_span_open (span, newlines);
  (void) _mc_spool_append_stream (writer->spool, stream, NULL, &writer->error);
}

void
_mc_writer_put_field (McWriter *writer, const char *name, const char *value, const char *newline)
{
  g_auto (GStrv) folds = g_strsplit (value, "\n", -1);
  g_autofree char *folded = g_strjoinv (newline, folds);
  _mc_writer_printf (writer, "%s: %s%s", name, folded, newline);
}

gboolean
_mc_writer_finish (McWriter *writer, GError **error)
{
  flush (writer);
  if (writer->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&writer->error));
  return FALSE;
}
