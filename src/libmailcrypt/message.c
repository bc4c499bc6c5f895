/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "message.h"

#include "base/error.h"
#include "base/text.h"
#include "mime/compose.h"
#include "mime/header.h"
#include "mime/legacy.h"

/* -------------------------------------------------------------------- parts -- */

static char *
child_path (const McPart *parent)
{
  if (parent == NULL)
    return g_strdup ("1");
  return g_strdup_printf ("%s.%u", parent->path, parent->children->len + 1);
}

static GStrv
layers_around (const McPart *parent)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; parent != NULL && parent->around[i] != NULL; i++)
    g_strv_builder_add (builder, parent->around[i]);
  /* the layers of one object share its path */
  if (parent != NULL && parent->own_layers->len > 0)
    g_strv_builder_add (builder, parent->path);
  return g_strv_builder_end (builder);
}

McPart *
_mc_part_new (McMessage *message, McEntity *entity, McPart *parent)
{
  McPart *part = g_new0 (McPart, 1);
  part->message = message;
  part->entity = entity;
  part->path = child_path (parent);
  part->around = layers_around (parent);
  part->children = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_part_free);
  part->own_layers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_layer_unref);
  part->oddities = _mc_reasons_new ();
  part->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  if (parent != NULL)
    g_ptr_array_add (parent->children, part);
  else
    message->root = part;
  return part;
}

void
_mc_part_free (McPart *part)
{
  if (part == NULL)
    return;
  g_free (part->path);
  g_strfreev (part->around);
  g_ptr_array_unref (part->children);
  g_ptr_array_unref (part->own_layers);
  g_ptr_array_unref (part->oddities);
  g_ptr_array_unref (part->certificates);
  g_free (part->format);
  g_free (part->header_protection);
  g_clear_pointer (&part->content, _mc_spool_unref);
  g_free (part);
}

void
_mc_part_add_layer (McPart *part, McLayer *layer)
{
  g_ptr_array_add (part->own_layers, _mc_layer_ref (layer));
}

void
_mc_part_take_certificates (McPart *part, McUnwrapped *unwrapped)
{
  if (unwrapped->certificates != NULL)
    g_ptr_array_extend_and_steal (part->certificates, g_steal_pointer (&unwrapped->certificates));
}

void
_mc_part_add_oddity (McPart *part, const char *code, const char *text)
{
  g_ptr_array_add (part->oddities, _mc_reason_new (code, NULL, "%s", text));
}

const char *
mc_part_get_path (const McPart *part)
{
  return part->path;
}

const char *
mc_part_get_content_type (const McPart *part)
{
  return part->entity->type;
}

const char *
mc_part_get_filename (const McPart *part)
{
  return part->entity->filename;
}

gboolean
mc_part_get_is_attachment (const McPart *part)
{
  return !part->is_body && !part->is_mechanism && part->children->len == 0;
}

gboolean
mc_part_get_is_body (const McPart *part)
{
  return part->is_body;
}

/* Decoded, into a spool of its own. */
static McSpool *
decode_part (const McPart *part, gboolean strict, GCancellable *cancellable, GError **error)
{
  if (part->content != NULL)
    return _mc_spool_ref (part->content);

  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (part->message->context));
  if (!_mc_entity_decode (part->entity, spool, strict, cancellable, error))
    return NULL;
  return g_steal_pointer (&spool);
}

guint64
mc_part_get_size (const McPart *part)
{
  if (part->content == NULL && (part->entity->encoding == NULL || part->entity->children->len > 0))
    return _mc_span_size (part->entity->body);
  g_autoptr (McSpool) spool = decode_part (part, FALSE, NULL, NULL);
  return spool != NULL ? _mc_spool_get_size (spool) : _mc_span_size (part->entity->body);
}

const char *const *
mc_part_get_layers (const McPart *part)
{
  return (const char *const *) part->around;
}

McLayer *
mc_part_get_layer (const McPart *part)
{
  return part->own_layers->len > 0 ? part->own_layers->pdata[0] : NULL;
}

const char *
mc_part_get_format (const McPart *part)
{
  return part->format;
}

const char *
mc_part_get_header_protection (const McPart *part)
{
  return part->header_protection;
}

GPtrArray *
mc_part_get_certificates (const McPart *part)
{
  return part->certificates;
}

GPtrArray *
mc_part_get_children (const McPart *part)
{
  return part->children;
}

GPtrArray *
mc_part_get_oddities (const McPart *part)
{
  return part->oddities;
}

gboolean
mc_part_write (McPart *part, GOutputStream *output, GCancellable *cancellable, GError **error)
{
  g_autoptr (McSpool) spool = decode_part (part, TRUE, cancellable, error);
  return spool != NULL
         && _mc_span_write (_mc_span_whole (spool), MC_NEWLINES_AS_IS, output, cancellable, error);
}

static char *
read_inline_text (McPart *part, gsize max_bytes, GError **error)
{
  McSpan span = _mc_span_whole (part->content);
  span.end = MIN (span.end, max_bytes);
  g_autoptr (GBytes) bytes = _mc_span_load (span, max_bytes, error);
  if (bytes == NULL)
    return NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  return _mc_text_to_utf8 (data, size, _mc_entity_get_parameter (part->entity, "charset"));
}

char *
mc_part_read_text (McPart *part, gsize max_bytes, GError **error)
{
  const McLimits *limits = _mc_context_get_limits (part->message->context);
  if (part->content != NULL)
    return read_inline_text (part, max_bytes, error);

  g_autofree char *text = _mc_entity_read_text (part->entity, limits, max_bytes, error);
  /* only what was encrypted has anything to repeat */
  if (text == NULL || part->message->protection != MC_HP_CIPHER || !part->is_body
      || !_mc_entity_has_legacy_display (part->entity))
    return g_steal_pointer (&text);
  return _mc_legacy_strip (text, _mc_entity_is (part->entity, "text/html"));
}

/* ------------------------------------------------------------------ message -- */

McMessage *
_mc_message_new (McContext *context)
{
  McMessage *message = g_new0 (McMessage, 1);
  message->context = context;
  message->spools = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_spool_unref);
  message->trees = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_tree_free);
  message->leaves = g_ptr_array_new ();
  message->report = _mc_report_new ();
  message->inside = g_ptr_array_new ();
  message->decrypted = MC_SPAN_NONE;
  return message;
}

void
mc_message_free (McMessage *message)
{
  if (message == NULL)
    return;
  _mc_part_free (message->root);
  g_ptr_array_unref (message->leaves);
  _mc_report_free (message->report);
  g_free (message->sender);
  g_ptr_array_unref (message->inside);
  g_ptr_array_unref (message->trees);
  g_ptr_array_unref (message->spools);
  g_free (message);
}

McSpool *
_mc_message_keep (McMessage *message, McSpool *spool)
{
  g_ptr_array_add (message->spools, spool);
  return spool;
}

static void
collect_leaves (McMessage *message, McPart *part)
{
  for (guint i = 0; i < part->children->len; i++)
    collect_leaves (message, part->children->pdata[i]);
  gboolean opens = part->children->len == 0 || _mc_entity_is_message (part->entity);
  if (opens && !part->is_mechanism && part != message->wrapper && part != message->legacy_part)
    g_ptr_array_add (message->leaves, part);
}

static void
mark_body (McPart *part)
{
  const McEntity *entity = part->entity;

  if (part->children->len > 0 && (part == part->message->wrapper || !_mc_entity_is_message (entity))) {
    gboolean all = _mc_entity_is (entity, "multipart/alternative");
    guint first = part->children->pdata[0] == part->message->legacy_part ? 1 : 0;
    for (guint i = first; i < (all ? part->children->len : first + 1); i++)
      mark_body (part->children->pdata[i]);
    return;
  }
  gboolean text = _mc_entity_is (entity, "text/plain") || _mc_entity_is (entity, "text/html");
  part->is_body = text && g_strcmp0 (entity->disposition, "attachment") != 0;
}

/* protected-headers="v1" repeats the header in a part of its own, before all others. */
static McPart *
find_legacy_part (const McMessage *message)
{
  const McPart *payload = message->payload;

  if (payload == NULL || message->protection != MC_HP_OLDER || payload->children->len < 2
      || !_mc_entity_is (payload->entity, "multipart/mixed")
      || !_mc_layers_have_kind (message->report->layers, MC_LAYER_ENCRYPTED))
    return NULL;
  McPart *first = payload->children->pdata[0];
  gboolean text = _mc_entity_is (first->entity, "text/plain")
                  || _mc_entity_is (first->entity, "text/rfc822-headers");
  const char *version = _mc_entity_get_parameter (first->entity, "protected-headers");
  return text && g_strcmp0 (version, "v1") == 0 ? first : NULL;
}

void
_mc_message_finish_parts (McMessage *message)
{
  message->legacy_part = find_legacy_part (message);
  mark_body (message->root);
  collect_leaves (message, message->root);
  for (guint i = 0; i < message->leaves->len; i++)
    g_ptr_array_add (message->report->parts, message->leaves->pdata[i]);
}

McReport *
mc_message_get_report (McMessage *message)
{
  return message->report;
}

/* RFC 9788 section 4: what stands beside a protected header is not shown in its place. */
static gboolean
is_believed (const McReport *report, const McHeader *header)
{
  return !report->protects_header || header->inside != NULL
         || !_mc_header_is_authored (header->name)
         || (report->from_inside == NULL && g_ascii_strcasecmp (header->name, "From") == 0);
}

const char *
mc_message_get_header (McMessage *message, const char *name)
{
  const McReport *report = message->report;
  for (guint i = 0; i < report->headers->len; i++) {
    const McHeader *header = report->headers->pdata[i];
    if (g_ascii_strcasecmp (header->name, name) == 0 && is_believed (report, header))
      return header->value;
  }
  return NULL;
}

GPtrArray *
mc_message_get_headers (McMessage *message, const char *name)
{
  GPtrArray *values = g_ptr_array_new ();
  const McReport *report = message->report;
  for (guint i = 0; i < report->headers->len; i++) {
    const McHeader *header = report->headers->pdata[i];
    if (g_ascii_strcasecmp (header->name, name) == 0 && is_believed (report, header))
      g_ptr_array_add (values, (char *) header->value);
  }
  return values;
}

McPart *
mc_message_get_root (McMessage *message)
{
  return message->root;
}

GPtrArray *
mc_message_get_leaves (McMessage *message)
{
  return message->leaves;
}

static McPart *
find_path (McPart *part, const char *path)
{
  if (strcmp (part->path, path) == 0)
    return part;
  for (guint i = 0; i < part->children->len; i++) {
    McPart *found = find_path (part->children->pdata[i], path);
    if (found != NULL)
      return found;
  }
  return NULL;
}

McPart *
mc_message_find_part (McMessage *message, const char *number)
{
  guint64 place;

  if (strchr (number, '.') != NULL)
    return find_path (message->root, number);
  if (!g_ascii_string_to_unsigned (number, 10, 1, message->leaves->len, &place, NULL))
    return NULL;
  return message->leaves->pdata[place - 1];
}

/* ---------------------------------------------------------- decrypted output -- */

static const McReason *
find_failure (const McLayer *layer)
{
  gboolean failed = layer->kind == MC_LAYER_ENCRYPTED && layer->decryption != MC_DECRYPTION_OK;
  return failed && layer->reasons->len > 0 ? layer->reasons->pdata[0] : NULL;
}

static void
set_decryption_error (const McReport *report, GError **error)
{
  static const struct {
    int status;
    McError code;
  } codes[] = {
    { 3, MC_ERROR_NOT_PROTECTED }, { 8, MC_ERROR_NO_SECRET }, { 9, MC_ERROR_INTEGRITY },
    { 10, MC_ERROR_MALFORMED },    { 12, MC_ERROR_ENGINE },
  };
  int status = mc_report_get_decrypt_status (report);
  McError code = MC_ERROR_INTERNAL;
  const McReason *reason = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (codes[i].status == status)
      code = codes[i].code;
  for (guint i = 0; status != 3 && reason == NULL && i < report->layers->len; i++)
    reason = find_failure (report->layers->pdata[i]);
  if (status != 3 && reason == NULL && report->inline_layer != NULL)
    reason = find_failure (report->inline_layer);
  if (reason != NULL)
    _mc_set_error (error, code, reason->hint, "%s", reason->text);
  else
    _mc_set_error (error, code, NULL, "%s",
                   status == 3 ? _("the message is not encrypted") : _("decryption failed"));
}

static gboolean
write_all (GOutputStream *output, const char *text, GCancellable *cancellable, GError **error)
{
  return g_output_stream_write_all (output, text, strlen (text), NULL, cancellable, error)
         || _mc_error_adopt (error, MC_ERROR_IO, _("cannot write"));
}

static gboolean
write_inline (McMessage *message, const char *newline, GOutputStream *output,
              GCancellable *cancellable, GError **error)
{
  const char *charset = _mc_entity_get_parameter (message->inline_part->entity, "charset");
  gboolean named = charset != NULL && g_ascii_strcasecmp (charset, "us-ascii") != 0
                   && strpbrk (charset, "\"\\\r\n") == NULL;
  g_autofree char *fields
      = g_strconcat ("Content-Type: text/plain; charset=\"", named ? charset : "utf-8", "\"",
                     newline, "Content-Transfer-Encoding: 8bit", newline, newline, NULL);

  return write_all (output, fields, cancellable, error)
         && _mc_span_write (_mc_span_whole (message->inline_part->content), MC_NEWLINES_AS_IS,
                            output, cancellable, error);
}

static McTree *
find_tree (McMessage *message, McSpan span)
{
  for (guint i = 0; i < message->trees->len; i++) {
    McTree *tree = message->trees->pdata[i];
    if (tree->root->header.spool == span.spool && tree->root->header.start == span.start)
      return tree;
  }
  return NULL;
}

/* The decrypted entity: the Content-* fields among @fields and its body as they are. Its other
 * fields are in the header already, or would stand there as seconds of their kind. */
static gboolean
write_entity (GPtrArray *fields, McSpan body, const char *newline, GOutputStream *output,
              GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < fields->len; i++) {
    const McField *field = fields->pdata[i];
    if (g_ascii_strncasecmp (field->name, "Content-", 8) == 0
        && !_mc_span_write (field->raw, MC_NEWLINES_AS_IS, output, cancellable, error))
      return FALSE;
  }
  return write_all (output, newline, cancellable, error)
         && _mc_span_write (body, MC_NEWLINES_AS_IS, output, cancellable, error);
}

/* What RFC8551HP wraps goes without its wrapping, as its header does. */
static gboolean
write_content (McMessage *message, McSpan content, const char *newline, GOutputStream *output,
               GCancellable *cancellable, GError **error)
{
  const McTree *tree = find_tree (message, content);

  if (tree == NULL) {
    _mc_set_error (error, MC_ERROR_INTERNAL, NULL, "decrypted content without structure");
    return FALSE;
  }
  if (message->wrapper == NULL || message->wrapper->entity != tree->root)
    return write_entity (tree->fields, tree->root->body, newline, output, cancellable, error);
  const McEntity *inner = tree->root->children->pdata[0];
  return write_entity (message->inside, inner->body, newline, output, cancellable, error);
}

gboolean
mc_message_write_decrypted (McMessage *message, GOutputStream *output, GCancellable *cancellable,
                            GError **error)
{
  if (mc_report_get_decrypt_status (message->report) != 0) {
    set_decryption_error (message->report, error);
    return FALSE;
  }

  gboolean is_inline = message->decrypted.spool == NULL;
  McSpan content =
    is_inline ? _mc_span_whole (message->inline_part->content) : message->decrypted;
  const char *newline = _mc_span_get_newline (content);
  g_autoptr (McSpool) header = _mc_spool_new (_mc_context_get_limits (message->context));
  g_autoptr (GPtrArray) lines = _mc_headers_restore (message);
  if (!_mc_compose_header (lines, MC_HEADER_KEEP, newline, header, error)
      || !_mc_span_write (_mc_span_whole (header), MC_NEWLINES_AS_IS, output, cancellable, error))
    return FALSE;
  if (is_inline)
    return write_inline (message, newline, output, cancellable, error);

  return write_content (message, content, newline, output, cancellable, error);
}
