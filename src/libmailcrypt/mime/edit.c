/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/edit.h"

#include "mime/writer.h"

gboolean
_mc_message_edit (McSpan message, GPtrArray *changes, McSpool *output, GError **error)
{
  g_auto (McWriter) writer = { 0 };
  const char *newline = _mc_span_get_newline (message);
  guint64 at = message.start;

  _mc_writer_init (&writer, output);
  for (guint i = 0; i < changes->len; i++) {
    const McHeaderLine *change = g_ptr_array_index (changes, i);
    McSpan raw = change->field->raw;
    McSpan before = { message.spool, at, raw.start };
    _mc_writer_put_span (&writer, before, MC_NEWLINES_AS_IS);
    at = raw.end;
    if (change->value != NULL)
      _mc_writer_put_field (&writer, change->field->name, change->value, newline);
  }
  McSpan rest = { message.spool, at, message.end };
  _mc_writer_put_span (&writer, rest, MC_NEWLINES_AS_IS);
  return _mc_writer_finish (&writer, error);
}
