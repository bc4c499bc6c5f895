/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an object says of itself, without gpg and without keys. */
#include "config.h"

#include "openpgp/openpgp.h"

#include "base/error.h"
#include "openpgp/armor.h"

#include <glib/gi18n-lib.h>

gboolean
_mc_openpgp_probe (McEngine *engine G_GNUC_UNUSED, McSpan span)
{
  switch (_mc_armor_probe (span)) {
  case MC_ARMOR_MESSAGE:
  case MC_ARMOR_SIGNATURE:
  case MC_ARMOR_CLEARSIGNED:
    return TRUE;
  case MC_ARMOR_NONE:
    break;
  default:
    return FALSE;
  }
  guint8 head[64];
  gsize wanted = (gsize) MIN (sizeof head, _mc_span_size (span));
  gssize n = wanted > 0 ? _mc_spool_read_at (span.spool, span.start, head, wanted, NULL) : 0;
  return n > 0 && _mc_pgp_object_probe (head, (gsize) n);
}

static McLayer *
add_layer (McUnwrapped *unwrapped, McLayerKind kind, const char *path)
{
  McLayer *layer = _mc_layer_new (kind, MC_PROTOCOL_OPENPGP, path);
  g_ptr_array_add (unwrapped->layers, layer);
  return layer;
}

static void
describe_encrypted (McPgpObject *object, McLayer *layer)
{
  g_ptr_array_extend_and_steal (layer->recipients, g_steal_pointer (&object->recipients));
  if (object->passphrases > 0)
    _mc_layer_set_algorithm (layer, "key-encryption", "passphrase");
  if (object->problem != NULL)
    _mc_layer_add_reason (layer, object->problem, NULL, "%s", object->problem_text);
}

static void
describe_signed (const McPgpObject *object, McLayer *layer)
{
  _mc_openpgp_describe_signatures (object, layer);
  if (object->problem != NULL)
    _mc_openpgp_mark_malformed (layer, object->problem, object->problem_text);
}

static gboolean
describe_object (McPgpObject *object, gboolean detached, const char *path,
                 McUnwrapped *unwrapped, GError **error)
{
  McPgpKind kind = object->kind;
  if (kind == MC_PGP_ENCRYPTED && !detached) {
    unwrapped->format = g_strdup ("encrypted");
    describe_encrypted (object, add_layer (unwrapped, MC_LAYER_ENCRYPTED, path));
    return TRUE;
  }
  if (kind == (detached ? MC_PGP_SIGNATURES : MC_PGP_SIGNED)) {
    unwrapped->format = g_strdup (detached ? "signature" : "signed");
    describe_signed (object, add_layer (unwrapped, MC_LAYER_SIGNED, path));
    return TRUE;
  }
  if (kind == MC_PGP_LITERAL && object->problem == NULL && !detached) {
    unwrapped->format = g_strdup ("literal");
    return TRUE;
  }
  if (detached && kind == MC_PGP_SIGNED) {
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("content in a detached signature"));
    return FALSE;
  }
  _mc_set_error (error, MC_ERROR_MALFORMED, NULL, "%s",
                 object->problem_text != NULL ? object->problem_text
                                              : _("this is no OpenPGP message"));
  return FALSE;
}

/* Finds the signature of a cleartext signature; its text is of no interest here. */
static gboolean
find_signature (McEngine *engine, McSpan span, McSpan *ret_signature, GError **error)
{
  const McLimits *limits = _mc_context_get_limits (engine->context);
  g_autoptr (McSpool) text = _mc_spool_new (limits);
  guint64 n_signed;
  return _mc_armor_split_clearsigned (span, limits, text, &n_signed, ret_signature, error);
}

gboolean
_mc_openpgp_describe (McEngine *engine, McSpan span, gboolean detached, const char *path,
                      McUnwrapped *ret_unwrapped, GCancellable *cancellable, GError **error)
{
  g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
  g_auto (McUnwrapped) unwrapped = { 0 };
  unwrapped.layers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_layer_unref);
  gboolean clearsigned = !detached && _mc_armor_probe (span) == MC_ARMOR_CLEARSIGNED;
  if (clearsigned && !find_signature (engine, span, &span, error))
    return FALSE;
  if (!_mc_pgp_object_read_span (span, _mc_context_get_limits (engine->context), NULL, &object,
                                 cancellable, error)
      || !describe_object (&object, detached || clearsigned, path, &unwrapped, error))
    return FALSE;
  if (clearsigned) {
    g_free (unwrapped.format);
    unwrapped.format = g_strdup ("clearsigned");
  }
  *ret_unwrapped = unwrapped;
  unwrapped = (McUnwrapped) { 0 };
  return TRUE;
}
