/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One cryptographic object without the mail around it. It goes the way that a layer of a
 * message goes: the same backends, limits, resolver and verdicts. */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "base/error.h"
#include "context.h"
#include "keys/resolver.h"

struct _McObject {
  McContext *context;       /* borrowed */
  McSpool *content;         /* nullable (owned): what is inside, or what was signed */
  McReport *report;
};

static McObject *
object_new (McContext *context)
{
  McObject *object = g_new0 (McObject, 1);
  object->context = context;
  object->report = _mc_report_new ();
  object->report->check_from = FALSE;   /* there is none */
  return object;
}

void
mc_object_free (McObject *object)
{
  if (object == NULL)
    return;
  g_clear_pointer (&object->content, _mc_spool_unref);
  _mc_report_free (object->report);
  g_free (object);
}

McReport *
mc_object_get_report (McObject *object)
{
  return object->report;
}

/* ------------------------------------------------------------------ reading -- */

static McSpool *
read_stream (McContext *context, GInputStream *input, GCancellable *cancellable, GError **error)
{
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (context));
  if (!_mc_spool_append_stream (spool, input, cancellable, error))
    return NULL;
  return g_steal_pointer (&spool);
}

static McUnwrapFlags
get_unwrap_flags (McOpenFlags flags)
{
  McUnwrapFlags unwrap = MC_UNWRAP_DEFAULT;
  if ((flags & MC_OPEN_SKIP_SIGNATURES) != 0)
    unwrap |= MC_UNWRAP_SKIP_SIGNATURES;
  if ((flags & MC_OPEN_ALLOW_LEGACY) != 0)
    unwrap |= MC_UNWRAP_ALLOW_LEGACY;
  if ((flags & MC_OPEN_INLINE) != 0)
    unwrap |= MC_UNWRAP_INLINE;
  return unwrap;
}

McObject *
mc_object_open (McContext *context, McProtocol protocol, GInputStream *input, McOpenFlags flags,
                GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (context != NULL && G_IS_INPUT_STREAM (input), NULL);

  McEngine *engine;
  g_auto (McUnwrapped) unwrapped = { 0 };
  g_autoptr (McSpool) spool = read_stream (context, input, cancellable, error);
  if (spool == NULL)
    return NULL;
  const McBackend *backend = _mc_context_get_backend (context, protocol, &engine, error);
  if (backend == NULL
      || !backend->unwrap (engine, _mc_span_whole (spool), "1", get_unwrap_flags (flags),
                           &unwrapped, cancellable, error))
    return NULL;

  g_autoptr (McObject) object = object_new (context);
  for (guint i = 0; i < unwrapped.layers->len; i++)
    g_ptr_array_add (object->report->layers, _mc_layer_ref (unwrapped.layers->pdata[i]));
  object->content = g_steal_pointer (&unwrapped.content);
  object->report->skip_signatures = (flags & MC_OPEN_SKIP_SIGNATURES) != 0;
  _mc_report_judge (object->report);
  return g_steal_pointer (&object);
}

McObject *
mc_object_verify (McContext *context, McProtocol protocol, GInputStream *content,
                  GInputStream *signature, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (context != NULL && G_IS_INPUT_STREAM (content), NULL);
  g_return_val_if_fail (G_IS_INPUT_STREAM (signature), NULL);

  McEngine *engine;
  g_autoptr (McObject) object = object_new (context);
  g_autoptr (McSpool) mark = read_stream (context, signature, cancellable, error);
  if (mark == NULL)
    return NULL;
  object->content = read_stream (context, content, cancellable, error);
  if (object->content == NULL)
    return NULL;
  const McBackend *backend = _mc_context_get_backend (context, protocol, &engine, error);
  if (backend == NULL)
    return NULL;

  g_autoptr (McLayer) layer = _mc_layer_new (MC_LAYER_SIGNED, protocol, "1");
  McVerifyJob job = { .content = _mc_span_whole (object->content),
                      .signature = _mc_span_whole (mark) };
  if (!backend->verify (engine, &job, layer, cancellable, error))
    return NULL;
  g_ptr_array_add (object->report->layers, g_steal_pointer (&layer));
  _mc_report_judge (object->report);
  return g_steal_pointer (&object);
}

gboolean
mc_object_has_content (McObject *object)
{
  return object->content != NULL;
}

gboolean
mc_object_write (McObject *object, GOutputStream *output, GCancellable *cancellable,
                 GError **error)
{
  if (object->content == NULL) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, "the object gave no content");
    return FALSE;
  }
  return _mc_span_write (_mc_span_whole (object->content), MC_NEWLINES_AS_IS, output, cancellable,
                         error);
}

McMessage *
mc_object_describe (McObject *object, GCancellable *cancellable, GError **error)
{
  if (object->content == NULL) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, "the object gave no content");
    return NULL;
  }
  g_autoptr (GInputStream) stream =
    _mc_span_open (_mc_span_whole (object->content), MC_NEWLINES_AS_IS);
  return mc_open (object->context, stream, MC_OPEN_DESCRIBE, cancellable, error);
}

/* ------------------------------------------------------------------ writing -- */

/* @input with the line ends that are signed and encrypted: CRLF; LF where the object is text. */
static McSpool *
read_content (McContext *context, GInputStream *input, McNewlines newlines,
              GCancellable *cancellable, GError **error)
{
  g_autoptr (McSpool) raw = read_stream (context, input, cancellable, error);
  if (raw == NULL)
    return NULL;
  g_autoptr (GInputStream) stream = _mc_span_open (_mc_span_whole (raw), newlines);
  return read_stream (context, stream, cancellable, error);
}

/* Adds the key that the resolver chooses to @keys, or why there is none to @failed. */
static gboolean
resolve (McContext *context, McProtocol protocol, const char *who, McKeyUse use, GPtrArray *keys,
         GPtrArray *failed, GCancellable *cancellable, GError **error)
{
  g_autoptr (McResolution) resolution = NULL;
  if (!_mc_resolve (context, protocol, who, use, &resolution, cancellable, error))
    return FALSE;
  if (resolution->chosen != NULL)
    g_ptr_array_add (keys, mc_key_ref (resolution->chosen));
  else
    g_ptr_array_add (failed, g_steal_pointer (&resolution));
  return TRUE;
}

/* The keys for all of @who, each once, or none of them. (transfer full) */
static GPtrArray *
resolve_all (McContext *context, McProtocol protocol, const char *const *who, McKeyUse use,
             GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_autoptr (GPtrArray) failed =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_resolution_free);
  for (; *who != NULL; who++)
    if (!resolve (context, protocol, *who, use, keys, failed, cancellable, error))
      return NULL;
  if (failed->len > 0) {
    _mc_resolutions_set_error (failed, use, error);
    return NULL;
  }
  return g_steal_pointer (&keys);
}

static McKey *
resolve_signer (McContext *context, McProtocol protocol, const char *signer,
                GCancellable *cancellable, GError **error)
{
  const char *const who[] = { signer, NULL };
  g_autoptr (GPtrArray) keys =
    resolve_all (context, protocol, who, MC_KEY_CAN_SIGN, cancellable, error);
  return keys != NULL ? mc_key_ref (keys->pdata[0]) : NULL;
}

static gboolean
check_form (const McBackend *backend, McObjectForm form, GError **error)
{
  McBackendCapabilities needed = 0;
  if (form != MC_OBJECT_DETACHED)
    needed = form == MC_OBJECT_OPAQUE ? MC_BACKEND_OPAQUE : MC_BACKEND_CLEARTEXT;
  if ((backend->capabilities & needed) == needed)
    return TRUE;
  _mc_set_error (error, MC_ERROR_INVALID, NULL, "%s has no signatures of this form",
                 backend->name);
  return FALSE;
}

gboolean
mc_object_sign (McContext *context, McProtocol protocol, const char *signer, McObjectForm form,
                GInputStream *content, GOutputStream *output, GCancellable *cancellable,
                GError **error)
{
  g_return_val_if_fail (context != NULL && signer != NULL, FALSE);
  g_return_val_if_fail (G_IS_INPUT_STREAM (content) && G_IS_OUTPUT_STREAM (output), FALSE);

  McEngine *engine;
  g_auto (McSealed) sealed = { 0 };
  gboolean text = form == MC_OBJECT_CLEARTEXT;
  g_autoptr (McSpool) spool = read_content (context, content,
                                            text ? MC_NEWLINES_LF : MC_NEWLINES_CRLF, cancellable,
                                            error);
  if (spool == NULL)
    return FALSE;
  const McBackend *backend = _mc_context_get_backend (context, protocol, &engine, error);
  if (backend == NULL || !check_form (backend, form, error))
    return FALSE;
  g_autoptr (McKey) key = resolve_signer (context, protocol, signer, cancellable, error);
  if (key == NULL)
    return FALSE;

  McSignJob job = { .content = _mc_span_whole (spool), .signer = key, .form = form };
  return backend->sign (engine, &job, &sealed, cancellable, error)
         && _mc_span_write (_mc_span_whole (sealed.object), MC_NEWLINES_AS_IS, output, cancellable,
                            error);
}

gboolean
mc_object_encrypt (McContext *context, McProtocol protocol, const char *const *recipients,
                   const char *signer, const char *cipher, GInputStream *content,
                   GOutputStream *output, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (context != NULL && recipients != NULL, FALSE);
  g_return_val_if_fail (G_IS_INPUT_STREAM (content) && G_IS_OUTPUT_STREAM (output), FALSE);

  McEngine *engine;
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (McSpool) spool =
    read_content (context, content, MC_NEWLINES_CRLF, cancellable, error);
  const McBackend *backend =
    spool != NULL ? _mc_context_get_backend (context, protocol, &engine, error) : NULL;
  if (backend == NULL)
    return FALSE;
  if (signer != NULL && (backend->capabilities & MC_BACKEND_COMBINES) == 0) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, "an object of both kinds is OpenPGP's");
    return FALSE;
  }
  g_autoptr (McKey) key =
    signer != NULL ? resolve_signer (context, protocol, signer, cancellable, error) : NULL;
  if (signer != NULL && key == NULL)
    return FALSE;
  g_autoptr (GPtrArray) keys =
    resolve_all (context, protocol, recipients, MC_KEY_CAN_ENCRYPT, cancellable, error);
  if (keys == NULL)
    return FALSE;

  McEncryptJob job = { .content = _mc_span_whole (spool), .recipients = keys, .signer = key,
                       .cipher = cipher };
  return backend->encrypt (engine, &job, &sealed, cancellable, error)
         && _mc_span_write (_mc_span_whole (sealed.object), MC_NEWLINES_AS_IS, output, cancellable,
                            error);
}
