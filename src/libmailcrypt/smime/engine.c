/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The S/MIME backend's table and its state. */
#include "config.h"

#include "smime/engine.h"

#include "base/error.h"
#include "smime/bio.h"

#include <glib/gi18n-lib.h>

static void
engine_close (McEngine *engine)
{
  if (engine == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (engine->legacy); i++)
    if (engine->legacy[i] != NULL)
      OSSL_PROVIDER_unload (engine->legacy[i]);
  OSSL_LIB_CTX_free (engine->legacy_libctx);
  if (engine->base != NULL)
    OSSL_PROVIDER_unload (engine->base);
  OSSL_LIB_CTX_free (engine->libctx);
  BIO_meth_free (engine->source);
  BIO_meth_free (engine->sink);
  g_free (engine);
}

static gboolean
engine_open (McContext *context, McEngine **ret_engine, GError **error)
{
  MC_OPENSSL_SCOPE ();
  McEngine *engine = g_new0 (McEngine, 1);
  engine->context = context;
  engine->libctx = OSSL_LIB_CTX_new ();
  engine->base = engine->libctx != NULL ? OSSL_PROVIDER_load (engine->libctx, "default") : NULL;
  engine->source = _mc_smime_source_method ();
  engine->sink = _mc_smime_sink_method ();
  if (engine->base == NULL || engine->source == NULL || engine->sink == NULL) {
    _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE, _("OpenSSL cannot be started"));
    engine_close (engine);
    return FALSE;
  }
  *ret_engine = engine;
  return TRUE;
}

OSSL_LIB_CTX *
_mc_smime_legacy (McEngine *engine, GError **error)
{
  if (engine->legacy[0] != NULL)
    return engine->legacy_libctx;

  if (engine->legacy_libctx == NULL)
    engine->legacy_libctx = OSSL_LIB_CTX_new ();
  if (engine->legacy_libctx != NULL && engine->legacy[1] == NULL)
    engine->legacy[1] = OSSL_PROVIDER_load (engine->legacy_libctx, "default");
  if (engine->legacy[1] != NULL)
    engine->legacy[0] = OSSL_PROVIDER_load (engine->legacy_libctx, "legacy");
  if (engine->legacy[0] != NULL)
    return engine->legacy_libctx;

  _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE,
                               _("OpenSSL's legacy provider cannot be loaded"));
  return NULL;
}

gboolean
_mc_smime_set_openssl_error (GError **error, McError code, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);

  unsigned long last = ERR_peek_last_error ();
  const char *reason = last != 0 ? ERR_reason_error_string (last) : NULL;
  if (reason != NULL)
    _mc_set_error (error, code, NULL, "%s: %s (OpenSSL %08lX)", text, reason, last);
  else
    _mc_set_error (error, code, NULL, "%s", text);
  return FALSE;
}

gint64
_mc_smime_now (McEngine *engine)
{
  gint64 at = _mc_context_get_chain_policy (engine->context)->at;
  return at != 0 ? at : g_get_real_time () / G_USEC_PER_SEC;
}

static const char *const mime_types[] = {
  "application/pkcs7-mime",
  "application/x-pkcs7-mime",
  NULL,
};

G_MODULE_EXPORT const McBackend _mc_smime_backend = {
  .name = "smime",
  .protocol = MC_PROTOCOL_SMIME,
  .capabilities = MC_BACKEND_OPAQUE,
  .mime_types = mime_types,
  .signature_type = "application/pkcs7-signature",
  .key_type = "application/pkcs7-mime; smime-type=certs-only",
  .key_filename = "smime.p7c",
  .open = engine_open,
  .close = engine_close,
  .find = _mc_smime_find,
  .probe = _mc_smime_probe,
  .verify = _mc_smime_verify,
  .unwrap = _mc_smime_unwrap,
  .describe = _mc_smime_describe,
  .sign = _mc_smime_sign,
  .encrypt = _mc_smime_encrypt,
  .import = _mc_smime_import,
  .export = _mc_smime_export,
  .export_secret = _mc_smime_export_secret,
  .examine = _mc_smime_examine,
  .generate = _mc_smime_generate,
  .remove = _mc_smime_remove,
};
