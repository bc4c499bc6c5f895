/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reading pipeline: bytes, spool, tree, envelope walk, report (RFC 9787 section 4).
 *
 * The walk goes inwards from the message's root as long as each entity is a layer; the
 * first that is none is the payload. Layers found beneath the payload are errant: they
 * are looked at, and never speak for the message. */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "open.h"

#include "base/address.h"
#include "base/error.h"

/* How often over total-bytes all forms of one message together: as it came, and decoded
 * and opened for three layers. */
#define MOST_FORMS 7

/* ----------------------------------------------------------- classification -- */

static McProtocol
signature_protocol (const char *media_type)
{
  if (media_type == NULL)
    return MC_PROTOCOL_UNKNOWN;
  if (g_ascii_strcasecmp (media_type, "application/pgp-signature") == 0)
    return MC_PROTOCOL_OPENPGP;
  if (g_ascii_strcasecmp (media_type, "application/pkcs7-signature") == 0
      || g_ascii_strcasecmp (media_type, "application/x-pkcs7-signature") == 0)
    return MC_PROTOCOL_SMIME;
  return MC_PROTOCOL_UNKNOWN;
}

static gboolean
has_smime_filename (const McEntity *entity)
{
  static const char *const endings[] = { ".p7m", ".p7c", ".p7z" };

  if (entity->filename == NULL)
    return FALSE;
  g_autofree char *lower = g_ascii_strdown (entity->filename, -1);
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (lower, endings[i]))
      return TRUE;
  return FALSE;
}

static const McEntity *
child_at (const McEntity *entity, guint index)
{
  return index < entity->children->len ? entity->children->pdata[index] : NULL;
}

McForm
_mc_entity_classify (const McEntity *entity, McProtocol *ret_protocol)
{
  const char *protocol = _mc_entity_get_parameter (entity, "protocol");
  const McEntity *first = child_at (entity, 0), *last = child_at (entity, 1);

  *ret_protocol = MC_PROTOCOL_UNKNOWN;
  if (_mc_entity_is (entity, "multipart/signed")) {
    *ret_protocol = signature_protocol (protocol);
    if (*ret_protocol == MC_PROTOCOL_UNKNOWN && last != NULL)
      *ret_protocol = signature_protocol (last->type);
    return *ret_protocol != MC_PROTOCOL_UNKNOWN ? MC_FORM_SIGNED : MC_FORM_PLAIN;
  }
  if (_mc_entity_is (entity, "multipart/encrypted")) {
    gboolean pgp
        = (protocol != NULL && g_ascii_strcasecmp (protocol, "application/pgp-encrypted") == 0)
          || (first != NULL && _mc_entity_is (first, "application/pgp-encrypted"));
    *ret_protocol = pgp ? MC_PROTOCOL_OPENPGP : MC_PROTOCOL_UNKNOWN;
    return pgp ? MC_FORM_PGP_ENCRYPTED : MC_FORM_PLAIN;
  }
  *ret_protocol = _mc_backend_protocol_of_type (entity->type);
  if (*ret_protocol != MC_PROTOCOL_UNKNOWN)
    return MC_FORM_OPAQUE;
  if (_mc_entity_is (entity, "application/octet-stream") && has_smime_filename (entity)) {
    *ret_protocol = MC_PROTOCOL_SMIME;
    return MC_FORM_MAYBE_OPAQUE;
  }
  return MC_FORM_PLAIN;
}

/* ------------------------------------------------------------------- layers -- */

static McLayer *
add_layer (McWalk *walk, McPart *part, McLayer *layer)
{
  g_free (layer->sender);
  layer->sender = g_strdup (walk->sender);
  g_ptr_array_add (walk->errant ? walk->message->report->errant : walk->message->report->layers,
                   _mc_layer_ref (layer));
  _mc_part_add_layer (part, layer);
  walk->n_layers++;
  return layer;
}

static McLayer *
new_layer (McWalk *walk, McPart *part, McLayerKind kind, McProtocol protocol)
{
  g_autoptr (McLayer) layer = _mc_layer_new (kind, protocol, part->path);
  return add_layer (walk, part, layer);
}

static void
mark_malformed (McLayer *layer, const char *code, const char *text)
{
  layer->structure = MC_CONTENT_MALFORMED;
  if (layer->kind == MC_LAYER_ENCRYPTED)
    layer->decryption = MC_DECRYPTION_ERROR;
  _mc_layer_add_reason (layer, code, NULL, "%s", text);
}

/* An engine's failure becomes a fact of the layer, so that the rest of the message can
 * still be shown; what concerns the whole run stays an error. TRUE: it became a fact. */
static gboolean
absorb_error (McLayer *layer, GError **inner, GError **error)
{
  if (!g_error_matches (*inner, MC_ERROR, MC_ERROR_MALFORMED)
      && !g_error_matches (*inner, MC_ERROR, MC_ERROR_ENGINE)
      && !g_error_matches (*inner, MC_ERROR, MC_ERROR_NO_SECRET)) {
    g_propagate_error (error, g_steal_pointer (inner));
    return FALSE;
  }

  _mc_layer_add_reason (layer, mc_error_get_word (*inner), mc_error_get_hint (*inner), "%s",
                        (*inner)->message);
  if (g_error_matches (*inner, MC_ERROR, MC_ERROR_MALFORMED))
    layer->structure = MC_CONTENT_MALFORMED;
  if (layer->kind == MC_LAYER_ENCRYPTED)
    layer->decryption = g_error_matches (*inner, MC_ERROR, MC_ERROR_NO_SECRET)
                            ? MC_DECRYPTION_NO_KEY
                            : MC_DECRYPTION_ERROR;
  else if (layer->structure != MC_CONTENT_MALFORMED)
    g_ptr_array_add (layer->signers, _mc_signer_new ()); /* its facts are unknown: an error */
  g_clear_error (inner);
  return TRUE;
}

static gboolean
check_layer_limit (McWalk *walk, GError **error)
{
  guint most = _mc_context_get_limits (walk->message->context)->layers;

  if (walk->n_layers < most)
    return TRUE;
  _mc_set_error (error, MC_ERROR_LIMIT, NULL, _("more than %u cryptographic layers"), most);
  return FALSE;
}

/* Each form of a message may be as large as the limit; all of them together may not be
 * more than a message with a few honest layers needs. */
static gboolean
check_budget (McWalk *walk, GError **error)
{
  guint64 most = _mc_context_get_limits (walk->message->context)->total_bytes;
  guint64 sum = 0;

  for (guint i = 0; i < walk->message->spools->len; i++)
    sum += _mc_spool_get_size (walk->message->spools->pdata[i]);
  if (sum / MOST_FORMS <= most)
    return TRUE;
  _mc_set_error (error, MC_ERROR_LIMIT, _("the limit is 'total-bytes' in group [limits]"),
                 _("the message unpacks to more than %d times its greatest size"), MOST_FORMS);
  return FALSE;
}

/* The entity's decoded body, kept with the message. */
static McSpool *
decode_object (McWalk *walk, const McEntity *entity, GError **error)
{
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (walk->message->context));

  if (!_mc_entity_decode (entity, spool, TRUE, walk->cancellable, error))
    return NULL;
  McSpool *kept = _mc_message_keep (walk->message, g_steal_pointer (&spool));
  return check_budget (walk, error) ? kept : NULL;
}

/* --------------------------------------------------------- multipart/signed -- */

/* What RFC 1847 section 2.1 demands of the frame; NULL: well-formed. */
static const char *
find_signed_fault (const McEntity *entity, McProtocol protocol)
{
  const char *parameter = _mc_entity_get_parameter (entity, "protocol");

  if (entity->children->len != 2)
    return _("a multipart/signed must have exactly two parts");
  if (parameter == NULL)
    return _("the multipart/signed names no protocol");
  if (signature_protocol (parameter) != protocol
      || signature_protocol (child_at (entity, 1)->type) != protocol)
    return _("the protocol of the multipart/signed is not that of its signature");
  if (entity->frame_disagrees)
    return _("the structure of the multipart/signed is ambiguous");
  return NULL;
}

static void
note_signed_oddities (McPart *part)
{
  const McEntity *entity = part->entity;

  if (_mc_entity_get_parameter (entity, "micalg") == NULL)
    _mc_part_add_oddity (part, "no-micalg", _("multipart/signed without micalg"));
  if (!entity->quoted_protocol)
    _mc_part_add_oddity (part, "unquoted-protocol", _("the protocol parameter is not quoted"));
  if (entity->unterminated)
    _mc_part_add_oddity (part, "unterminated", _("the closing boundary is missing"));
}

static gboolean
judge_signature (McWalk *walk, McPart *part, McLayer *layer, GError **error)
{
  McEngine *engine;
  g_autoptr (GError) inner = NULL;
  McSpool *signature = decode_object (walk, child_at (part->entity, 1), &inner);
  const McBackend *backend = NULL;

  if (signature != NULL)
    backend = _mc_context_get_backend (walk->message->context, layer->protocol, &engine, &inner);
  if (backend == NULL)
    return absorb_error (layer, &inner, error);

  if ((walk->flags & MC_OPEN_DESCRIBE) != 0) {
    g_auto (McUnwrapped) described = { 0 };
    if (!backend->describe (engine, _mc_span_whole (signature), TRUE, part->path, &described,
                            walk->cancellable, &inner))
      return absorb_error (layer, &inner, error);
    if (described.layers->len > 0)
      _mc_layer_absorb (layer, described.layers->pdata[0]);
    _mc_part_take_certificates (part, &described);
    return TRUE;
  }

  McVerifyJob job = { .content = _mc_entity_get_span (child_at (part->entity, 0)),
                      .signature = _mc_span_whole (signature) };
  return backend->verify (engine, &job, layer, walk->cancellable, &inner)
         || absorb_error (layer, &inner, error);
}

/* Sets @ret_content to what the signature covers, or to nothing when the frame is
 * broken: then this entity is like any other multipart. */
static gboolean
open_signed (McWalk *walk, McPart *part, McProtocol protocol, McSpan *ret_content, GError **error)
{
  McLayer *layer = new_layer (walk, part, MC_LAYER_SIGNED, protocol);
  const char *fault = find_signed_fault (part->entity, protocol);

  *ret_content = MC_SPAN_NONE;
  note_signed_oddities (part);
  if (fault != NULL) {
    mark_malformed (layer, "malformed-structure", fault);
    return TRUE;
  }
  if ((walk->flags & MC_OPEN_SKIP_SIGNATURES) == 0 && !judge_signature (walk, part, layer, error))
    return FALSE;
  *ret_content = _mc_entity_get_span (child_at (part->entity, 0));
  return TRUE;
}

/* ----------------------------------------------------------- opaque objects -- */

/* What RFC 3156 section 4 demands; NULL: well-formed. */
static const char *
find_encrypted_fault (const McEntity *entity, const McLimits *limits)
{
  if (entity->children->len != 2)
    return _("a multipart/encrypted must have exactly two parts");
  if (!_mc_entity_is (child_at (entity, 0), "application/pgp-encrypted"))
    return _("the first part of the multipart/encrypted is not application/pgp-encrypted");
  if (!_mc_entity_is (child_at (entity, 1), "application/octet-stream"))
    return _("the second part of the multipart/encrypted is not application/octet-stream");
  if (entity->frame_disagrees)
    return _("the structure of the multipart/encrypted is ambiguous");

  g_autofree char *control = _mc_entity_read_text (child_at (entity, 0), limits, 256, NULL);
  g_auto (GStrv) words = control != NULL ? g_strsplit_set (control, " \t\r\n", -1) : NULL;
  g_autofree char *joined = words != NULL ? g_strjoinv ("", words) : NULL;
  if (joined == NULL || g_ascii_strcasecmp (joined, "Version:1") != 0)
    return _("the multipart/encrypted does not say \"Version: 1\"");
  return NULL;
}

/* Before anything is opened only the label tells what a broken object was meant to be. */
static McLayerKind
labelled_kind (const McEntity *entity)
{
  const char *label = _mc_entity_get_parameter (entity, "smime-type");
  return label != NULL && g_ascii_strcasecmp (label, "signed-data") == 0 ? MC_LAYER_SIGNED
                                                                         : MC_LAYER_ENCRYPTED;
}

static void
compare_label (McPart *part, const char *format)
{
  const char *label = _mc_entity_get_parameter (part->entity, "smime-type");
  g_autofree char *said = NULL, *text = NULL;

  if (label == NULL || format == NULL)
    return;
  /* RFC 8551 writes authEnveloped-data where the format's word has a hyphen more */
  if (g_ascii_strcasecmp (label, "authEnveloped-data") == 0)
    label = "auth-enveloped-data";
  if (g_ascii_strcasecmp (label, format) == 0)
    return;
  said = mc_text_escape_line (label);
  text = g_strdup_printf (_("smime-type says %s, the content is %s"), said, format);
  _mc_part_add_oddity (part, "smime-type-lies", text);
}

static gboolean
take_unwrapped (McWalk *walk, McPart *part, McUnwrapped *unwrapped, McSpan *ret_content,
                GError **error)
{
  gboolean encrypted = FALSE;

  for (guint i = 0; i < unwrapped->layers->len; i++) {
    McLayer *layer = add_layer (walk, part, unwrapped->layers->pdata[i]);
    encrypted |= layer->kind == MC_LAYER_ENCRYPTED;
    if (unwrapped->format != NULL && i == 0)
      _mc_layer_set_algorithm (layer, "format", unwrapped->format);
  }
  compare_label (part, unwrapped->format);
  g_free (part->format);
  part->format = g_strdup (unwrapped->format);
  _mc_part_take_certificates (part, unwrapped);
  if (unwrapped->layers->len == 0)
    walk->n_layers++;   /* no layer, yet as much work as one */
  if (unwrapped->content == NULL)
    return TRUE;

  McSpool *content = _mc_message_keep (walk->message, g_steal_pointer (&unwrapped->content));
  *ret_content = _mc_span_whole (content);
  if (encrypted && !walk->errant)
    walk->message->decrypted = *ret_content;
  return check_budget (walk, error);
}

/* Beneath the payload only signatures are opened: a ciphertext is looked at from outside,
 * and nothing is inflated. */
static gboolean
unwrap_errant (McWalk *walk, McPart *part, const McBackend *backend, McEngine *engine,
               McSpan object, McUnwrapFlags flags, McUnwrapped *ret_unwrapped, GError **error)
{
  g_auto (McUnwrapped) described = { 0 };

  if (!backend->describe (engine, object, FALSE, part->path, &described, walk->cancellable, error))
    return FALSE;
  g_clear_pointer (&described.content, _mc_spool_unref);
  if (_mc_layers_have_kind (described.layers, MC_LAYER_SIGNED)
      && !_mc_layers_have_kind (described.layers, MC_LAYER_ENCRYPTED))
    return backend->unwrap (engine, object, part->path, flags, ret_unwrapped, walk->cancellable,
                            error);
  *ret_unwrapped = described;
  described = (McUnwrapped) { 0 };
  return TRUE;
}

static gboolean
unwrap_object (McWalk *walk, McPart *part, McProtocol protocol, McSpan object,
               McUnwrapped *ret_unwrapped, GError **error)
{
  McEngine *engine;
  McUnwrapFlags flags = MC_UNWRAP_DEFAULT;
  const McBackend *backend =
    _mc_context_get_backend (walk->message->context, protocol, &engine, error);

  if (backend == NULL)
    return FALSE;
  if ((walk->flags & MC_OPEN_SKIP_SIGNATURES) != 0)
    flags |= MC_UNWRAP_SKIP_SIGNATURES;
  if ((walk->flags & MC_OPEN_ALLOW_LEGACY) != 0)
    flags |= MC_UNWRAP_ALLOW_LEGACY;
  if (walk->opens_inline)
    flags |= MC_UNWRAP_INLINE;
  if ((walk->flags & MC_OPEN_DESCRIBE) != 0)
    return backend->describe (engine, object, FALSE, part->path, ret_unwrapped, walk->cancellable,
                              error);
  if (walk->errant && !walk->opens_inline)
    return unwrap_errant (walk, part, backend, engine, object, flags, ret_unwrapped, error);
  return backend->unwrap (engine, object, part->path, flags, ret_unwrapped, walk->cancellable,
                          error);
}

/* @entity holds the object: the part itself, or the second part of a multipart/encrypted. */
static gboolean
open_object (McWalk *walk, McPart *part, McProtocol protocol, const McEntity *entity,
             McSpan *ret_content, GError **error)
{
  g_auto (McUnwrapped) unwrapped = { 0 };
  g_autoptr (GError) inner = NULL;
  McSpool *object = NULL;

  *ret_content = MC_SPAN_NONE;
  if (entity->disagrees)
    _mc_set_error (&inner, MC_ERROR_MALFORMED, NULL,
                   _("the header of the protected part is ambiguous"));
  else
    object = decode_object (walk, entity, &inner);
  if (object != NULL
      && unwrap_object (walk, part, protocol, _mc_span_whole (object), &unwrapped, &inner))
    return take_unwrapped (walk, part, &unwrapped, ret_content, error);
  if (g_error_matches (inner, MC_ERROR, MC_ERROR_CANCELLED)) {
    g_propagate_error (error, g_steal_pointer (&inner));
    return FALSE;
  }
  McLayerKind kind = part->entity == entity ? labelled_kind (entity) : MC_LAYER_ENCRYPTED;
  return absorb_error (new_layer (walk, part, kind, protocol), &inner, error);
}

static gboolean
open_pgp_encrypted (McWalk *walk, McPart *part, McSpan *ret_content, GError **error)
{
  const McLimits *limits = _mc_context_get_limits (walk->message->context);
  const char *fault = find_encrypted_fault (part->entity, limits);

  *ret_content = MC_SPAN_NONE;
  if (fault == NULL)
    return open_object (walk, part, MC_PROTOCOL_OPENPGP, child_at (part->entity, 1), ret_content,
                        error);
  McLayer *layer = new_layer (walk, part, MC_LAYER_ENCRYPTED, MC_PROTOCOL_OPENPGP);
  mark_malformed (layer, "malformed-structure", fault);
  return TRUE;
}

static gboolean
open_maybe_opaque (McWalk *walk, McPart *part, McSpan *ret_content, gboolean *ret_layer,
                   GError **error)
{
  McEngine *engine;
  *ret_content = MC_SPAN_NONE;
  *ret_layer = FALSE;

  const McBackend *backend
      = _mc_context_get_backend (walk->message->context, MC_PROTOCOL_SMIME, &engine, NULL);
  McSpool *object = backend != NULL ? decode_object (walk, part->entity, NULL) : NULL;
  if (object == NULL || !backend->probe (engine, _mc_span_whole (object)))
    return TRUE;
  *ret_layer = TRUE;
  _mc_part_add_oddity (part, "generic-type", _("S/MIME labelled as application/octet-stream"));
  return open_object (walk, part, MC_PROTOCOL_SMIME, part->entity, ret_content, error);
}

gboolean
_mc_walk_open_layer (McWalk *walk, McPart *part, McForm form, McProtocol protocol,
                     McSpan *ret_content, gboolean *ret_layer, GError **error)
{
  *ret_layer = form != MC_FORM_PLAIN;
  *ret_content = MC_SPAN_NONE;
  if (form != MC_FORM_PLAIN && !check_layer_limit (walk, error))
    return FALSE;
  switch (form) {
  case MC_FORM_SIGNED:
    return open_signed (walk, part, protocol, ret_content, error);
  case MC_FORM_PGP_ENCRYPTED:
    return open_pgp_encrypted (walk, part, ret_content, error);
  case MC_FORM_OPAQUE:
    return open_object (walk, part, protocol, part->entity, ret_content, error);
  case MC_FORM_MAYBE_OPAQUE:
    return open_maybe_opaque (walk, part, ret_content, ret_layer, error);
  case MC_FORM_PLAIN:
  default:
    return TRUE;
  }
}
