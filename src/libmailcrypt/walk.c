/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The envelope walk, and what lies beneath the payload. */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "open.h"

#include "base/error.h"
#include "headers.h"
#include "keys/harvest.h"
#include "mime/fields.h"
#include "mime/header.h"
#include "mime/lines.h"

#include <string.h>

/* ------------------------------------------------------------------ headers -- */

static McTree *
get_outer_tree (const McMessage *message)
{
  return message->trees->pdata[0];
}

/* Who is held against the signers; takes over @sender. */
static void
set_sender (McWalk *walk, char *sender)
{
  GPtrArray *layers = walk->message->report->layers;

  g_free (walk->message->sender);
  walk->sender = walk->message->sender = sender;
  for (guint i = 0; i < layers->len; i++) {
    McLayer *layer = layers->pdata[i];
    g_free (layer->sender);
    layer->sender = g_strdup (sender);
  }
}

static void
take_outer_header (McWalk *walk)
{
  McReport *report = walk->message->report;
  GPtrArray *fields = get_outer_tree (walk->message)->fields;

  g_strfreev (report->from_outside);
  set_sender (walk, _mc_headers_read_from (fields, &report->from_outside));
  report->from = report->from_outside;
}

static gboolean
is_inside_encryption (const McReport *report)
{
  for (guint i = 0; i < report->layers->len; i++) {
    const McLayer *layer = report->layers->pdata[i];
    if (layer->kind == MC_LAYER_ENCRYPTED && layer->decryption == MC_DECRYPTION_OK)
      return TRUE;
  }
  return FALSE;
}

/* The header that the author put inside of the protection, if the payload has one: it names
 * the sender, whatever stands outside. */
static void
take_inner_header (McWalk *walk, GPtrArray *fields)
{
  McReport *report = walk->message->report;
  GStrv addresses;
  g_autofree char *sender = _mc_headers_read_from (fields, &addresses);

  if (!_mc_headers_have_from (fields)) {
    g_strfreev (addresses);
    return;
  }
  report->from_inside = addresses;
  report->from_differs
      = _mc_headers_from_differs (fields, get_outer_tree (walk->message)->fields);
  set_sender (walk, g_steal_pointer (&sender));
}

static gboolean
find_inner_header (McWalk *walk, McPart *part, const McTree *tree, GError **error)
{
  McMessage *message = walk->message;
  const McEntity *holder;
  gboolean is_payload = part->own_layers->len == 0 && message->report->layers->len > 0;
  McHeaderProtection protection
      = _mc_headers_detect (tree->root, is_inside_encryption (message->report), &holder);

  if (!is_payload || protection == MC_HP_NONE)
    return TRUE;
  g_autoptr (GPtrArray) fields = holder == tree->root ? g_ptr_array_ref (tree->fields)
                                                      : _mc_fields_read (holder->header, error);
  if (fields == NULL)
    return FALSE;
  /* a message by somebody else is one that is forwarded, no RFC8551HP */
  if (!_mc_headers_have_any (fields)
      || (holder != tree->root
          && _mc_headers_from_differs (fields, get_outer_tree (message)->fields)))
    return TRUE;

  take_inner_header (walk, fields);
  message->payload = part;
  message->wrapper = holder != tree->root ? part : NULL;
  message->protection = protection;
  message->report->protects_header = TRUE;
  g_ptr_array_unref (message->inside);
  message->inside = g_steal_pointer (&fields);
  return TRUE;
}

/* ------------------------------------------------------------------- errant -- */

static gboolean walk_children (McWalk *walk, McPart *part, guint depth, GError **error);

static McTree *
parse_kept (McWalk *walk, McSpan span, gboolean message, GError **error)
{
  McTree *tree;
  if (!_mc_tree_parse (span, _mc_context_get_limits (walk->message->context), message, &tree,
                       error))
    return NULL;
  g_ptr_array_add (walk->message->trees, tree);
  return tree;
}

/* A part beneath the payload, and all beneath it. */
static gboolean
walk_errant (McWalk *walk, McPart *part, guint depth, GError **error)
{
  const McLimits *limits = _mc_context_get_limits (walk->message->context);
  McProtocol protocol;
  McForm form = _mc_entity_classify (part->entity, &protocol);
  McSpan content;
  gboolean is_layer;

  if (depth > limits->nesting_depth) {
    _mc_set_error (error, MC_ERROR_LIMIT, NULL, _("parts nested deeper than %u"),
                   limits->nesting_depth);
    return FALSE;
  }
  if (form != MC_FORM_PLAIN && walk->n_layers >= limits->layers) {
    _mc_part_add_oddity (part, "too-many-layers",
                         _("too many cryptographic layers: this one was not looked at"));
    form = MC_FORM_PLAIN;
  }
  if (!_mc_walk_open_layer (walk, part, form, protocol, &content, &is_layer, error))
    return FALSE;
  if (content.spool == NULL || form == MC_FORM_SIGNED)
    return walk_children (walk, part, depth, error);

  McTree *tree = parse_kept (walk, content, FALSE, error);
  return tree != NULL
         && walk_errant (walk, _mc_part_new (walk->message, tree->root, part), depth + 1, error);
}

/* A message inside the message is judged by its own sender. */
static gboolean
walk_enclosed_message (McWalk *walk, McPart *part, McEntity *child, guint depth, GError **error)
{
  const McLimits *limits = _mc_context_get_limits (walk->message->context);
  g_autoptr (McTree) header = NULL;
  g_autofree char *sender = NULL;
  const char *outer = walk->sender;

  if (_mc_tree_parse (child->header, limits, TRUE, &header, NULL))
    sender = _mc_headers_read_from (header->fields, NULL);
  walk->sender = sender;
  gboolean ok = walk_errant (walk, _mc_part_new (walk->message, child, part), depth + 1, error);
  walk->sender = outer;
  return ok;
}

static gboolean
walk_children (McWalk *walk, McPart *part, guint depth, GError **error)
{
  McEntity *entity = part->entity;
  gboolean is_signed = _mc_entity_is (entity, "multipart/signed") && part->own_layers->len > 0
                       && entity->children->len == 2;

  for (guint i = 0; i < entity->children->len; i++) {
    McEntity *child = entity->children->pdata[i];
    if (_mc_entity_is_message (entity)) {
      if (!walk_enclosed_message (walk, part, child, depth, error))
        return FALSE;
      continue;
    }
    McPart *below = _mc_part_new (walk->message, child, part);
    below->is_mechanism = is_signed && i == 1;
    if (below->is_mechanism)
      continue;
    if (!walk_errant (walk, below, depth + 1, error))
      return FALSE;
  }
  return TRUE;
}

/* ------------------------------------------------------------ inline OpenPGP -- */

static gboolean
starts_inline (const McPart *part, const McLimits *limits)
{
  if (!_mc_entity_is (part->entity, "text/plain"))
    return FALSE;
  g_autofree char *text = _mc_entity_read_text (part->entity, limits, 256, NULL);
  if (text == NULL)
    return FALSE;
  const char *start = text + strspn (text, " \t\r\n");
  return g_str_has_prefix (start, "-----BEGIN PGP MESSAGE-----")
         || g_str_has_prefix (start, "-----BEGIN PGP SIGNED MESSAGE-----");
}

static gboolean
line_begins (const McLine *line, const char *word)
{
  return line->size >= strlen (word) && memcmp (line->text, word, strlen (word)) == 0;
}

/* Whether anything but blank lines stands behind the end of the armour, e.g. what a list
 * appended. Armour without an end is broken, not followed. */
static gboolean
is_followed (McSpool *text, gboolean *ret_followed, GError **error)
{
  g_autoptr (McLines) lines = _mc_lines_new (_mc_span_whole (text), 0);
  g_autoptr (GError) inner = NULL;
  gboolean ended = FALSE;
  McLine line;

  *ret_followed = FALSE;
  while (!*ret_followed && _mc_lines_next (lines, 64, &line, &inner)) {
    gboolean blank = line.cut ? line.cut_blank : TRUE;
    for (gsize i = 0; i < line.size; i++)
      blank &= g_ascii_isspace (line.text[i]);
    *ret_followed = ended && !blank;
    ended |= line_begins (&line, "-----END PGP MESSAGE-----")
             || line_begins (&line, "-----END PGP SIGNATURE-----");
  }
  if (inner == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&inner));
  return FALSE;
}

/* Whether the text is as a whole one OpenPGP text. */
static gboolean
find_inline (const McWalk *walk, const McPart *part, gboolean *ret_inline, GError **error)
{
  const McLimits *limits = _mc_context_get_limits (walk->message->context);
  gboolean followed;

  *ret_inline = starts_inline (part, limits);
  if (!*ret_inline)
    return TRUE;
  g_autoptr (McSpool) text = _mc_spool_new (limits);
  if (!_mc_entity_decode (part->entity, text, FALSE, walk->cancellable, error)
      || !is_followed (text, &followed, error))
    return FALSE;
  *ret_inline = !followed;
  return TRUE;
}

/* A text/plain root that as a whole is one OpenPGP text: read as that part, outside of
 * MIME's protection, never as the message's (RFC 9787 section 6.2.3). */
static gboolean
open_inline (McWalk *walk, McPart *part, GError **error)
{
  McSpan content;
  gboolean is_layer, is_inline;

  if (!find_inline (walk, part, &is_inline, error))
    return FALSE;
  if (!is_inline)
    return TRUE;
  walk->errant = walk->opens_inline = TRUE;
  gboolean ok = _mc_walk_open_layer (walk, part, MC_FORM_OPAQUE, MC_PROTOCOL_OPENPGP, &content,
                                     &is_layer, error);
  walk->opens_inline = FALSE;
  _mc_part_add_oddity (part, "inline-openpgp", _("OpenPGP inside the text, not PGP/MIME"));
  if (_mc_layers_have_kind (part->own_layers, MC_LAYER_ENCRYPTED)) {
    walk->message->inline_part = part;
    walk->message->report->inline_layer = part->own_layers->pdata[0];
  }
  if (!ok || content.spool == NULL)
    return ok;
  part->content = _mc_spool_ref (content.spool);
  return TRUE;
}

/* ----------------------------------------------------------------- envelope -- */

static void
add_raw_children (McWalk *walk, McPart *part)
{
  for (guint i = 0; i < part->entity->children->len; i++) {
    McPart *below = _mc_part_new (walk->message, part->entity->children->pdata[i], part);
    below->is_mechanism = _mc_entity_is (below->entity, "application/pgp-encrypted");
  }
}

static gboolean
walk_payload (McWalk *walk, McPart *part, const McTree *tree, GError **error)
{
  if (!find_inner_header (walk, part, tree, error))
    return FALSE;
  if (part == walk->message->root && !open_inline (walk, part, error))
    return FALSE;
  walk->errant = TRUE;
  return walk_children (walk, part, 1, error);
}

/* One step inwards. *ret_next without a spool: @part was the payload, or cannot be opened. */
static gboolean
walk_layer (McWalk *walk, McPart *part, const McTree *tree, McSpan *ret_next, GError **error)
{
  McProtocol protocol;
  gboolean is_layer;
  McForm form = _mc_entity_classify (part->entity, &protocol);

  if (!_mc_walk_open_layer (walk, part, form, protocol, ret_next, &is_layer, error))
    return FALSE;
  if (ret_next->spool != NULL)
    return TRUE;
  if (form == MC_FORM_PGP_ENCRYPTED) {
    add_raw_children (walk, part);
    return TRUE;
  }
  return walk_payload (walk, part, tree, error);
}

static gboolean
walk_envelope (McWalk *walk, McTree *tree, GError **error)
{
  McPart *parent = NULL;

  for (;;) {
    McSpan next = MC_SPAN_NONE;
    McPart *part = _mc_part_new (walk->message, tree->root, parent);
    if (!walk_layer (walk, part, tree, &next, error))
      return FALSE;
    if (next.spool == NULL)
      return TRUE;
    tree = parse_kept (walk, next, FALSE, error);
    if (tree == NULL)
      return FALSE;
    parent = part;
  }
}

/* The signature of a multipart/signed layer stands behind its content, as part 2. */
static void
add_signature_parts (McMessage *message, McPart *part)
{
  for (guint i = 0; i < part->children->len; i++)
    add_signature_parts (message, part->children->pdata[i]);
  if (part->own_layers->len > 0 && part->children->len == 1
      && _mc_entity_is (part->entity, "multipart/signed") && part->entity->children->len == 2) {
    McPart *signature = _mc_part_new (message, part->entity->children->pdata[1], part);
    signature->is_mechanism = TRUE;
  }
}

static McMessage *
open_spool (McContext *context, McSpool *spool, McOpenFlags flags, GCancellable *cancellable,
            GError **error)
{
  g_autoptr (McMessage) message = _mc_message_new (context);
  McReport *report = message->report;
  McWalk walk = { .message = message, .flags = flags, .cancellable = cancellable };

  _mc_message_keep (message, _mc_spool_ref (spool));
  McTree *tree = parse_kept (&walk, _mc_span_whole (spool), TRUE, error);
  if (tree == NULL)
    return NULL;

  take_outer_header (&walk);
  report->check_from = (flags & MC_OPEN_NO_FROM_CHECK) == 0;
  report->skip_signatures = (flags & MC_OPEN_SKIP_SIGNATURES) != 0;
  report->described = (flags & MC_OPEN_DESCRIBE) != 0;
  if (!walk_envelope (&walk, tree, error))
    return NULL;
  /* a sender that only a signature can confirm: it is looked at after all */
  if (report->from_differs && report->skip_signatures)
    return open_spool (context, spool, flags & ~(guint) MC_OPEN_SKIP_SIGNATURES, cancellable,
                       error);
  g_ptr_array_unref (report->headers);
  report->headers = _mc_headers_pair (message->inside, tree->fields, message->protection);
  add_signature_parts (message, message->root);
  if (report->described && !_mc_oddities_note (message, error))
    return NULL;
  _mc_message_finish_parts (message);
  _mc_report_judge (report);
  _mc_harvest_report (context, report);
  return g_steal_pointer (&message);
}

/* ------------------------------------------------------------------- public -- */

McMessage *
mc_open (McContext *context, GInputStream *input, McOpenFlags flags, GCancellable *cancellable,
         GError **error)
{
  g_return_val_if_fail (context != NULL && G_IS_INPUT_STREAM (input), NULL);

  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (context));
  if (!_mc_spool_append_stream (spool, input, cancellable, error))
    return NULL;
  return open_spool (context, spool, flags, cancellable, error);
}

static gboolean
is_one_line (const char *text)
{
  return strpbrk (text, "\r\n") == NULL;
}

McMessage *
mc_open_part (McContext *context, GInputStream *input, const char *content_type, const char *from,
              McOpenFlags flags, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (context != NULL && G_IS_INPUT_STREAM (input), NULL);

  if (!is_one_line (content_type) || (from != NULL && !is_one_line (from))) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("a header value of several lines"));
    return NULL;
  }
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (context));
  g_autofree char *header
      = g_strdup_printf ("%s%s%sContent-Type: %s%s\r\nContent-Transfer-Encoding: binary\r\n\r\n",
                         from != NULL ? "From: " : "", from != NULL ? from : "",
                         from != NULL ? "\r\n" : "",
                         strchr (content_type, '/') == NULL ? "application/" : "", content_type);
  if (!_mc_spool_append (spool, header, strlen (header), error)
      || !_mc_spool_append_stream (spool, input, cancellable, error))
    return NULL;
  return open_spool (context, spool, flags, cancellable, error);
}

/* Of the part's own header only what says how to read it: it names no sender. */
static gboolean
append_part_header (McSpool *spool, const McPart *part, const char *sender, GError **error)
{
  g_autoptr (GPtrArray) fields = _mc_fields_read (part->entity->header, error);
  if (fields == NULL)
    return FALSE;

  g_autofree char *from = sender != NULL ? g_strdup_printf ("From: %s\r\n", sender) : g_strdup ("");
  if (!_mc_spool_append (spool, from, strlen (from), error))
    return FALSE;
  for (guint i = 0; i < fields->len; i++) {
    const McField *field = fields->pdata[i];
    if (_mc_header_is_structural (field->name)
        && !_mc_spool_append_span (spool, field->raw, error))
      return FALSE;
  }
  return _mc_spool_append (spool, "\r\n", 2, error);
}

McMessage *
mc_message_open_part (McMessage *message, McPart *part, McOpenFlags flags,
                      GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (message != NULL && part != NULL && part->message == message, NULL);

  if (part->own_layers->len == 0) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("part %s is neither signed nor encrypted"),
                   part->path);
    return NULL;
  }
  const McLayer *layer = part->own_layers->pdata[0];
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (message->context));
  if (!append_part_header (spool, part, layer->sender, error)
      || !_mc_spool_append_span (spool, part->entity->body, error))
    return NULL;
  return open_spool (message->context, spool, flags, cancellable, error);
}
