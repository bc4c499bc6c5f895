/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "context.h"

#include "base/error.h"
#include "base/module.h"

#define N_PROTOCOLS (MC_PROTOCOL_SMIME + 1)

struct _McContext {
  McSettings *settings;
  McChainPolicy chain;
  McStore *store;
  McEngine *engines[N_PROTOCOLS];
  const McBackend *backends[N_PROTOCOLS];
  McPassphraseFunc passphrase_func;
  gpointer passphrase_data;
  GDestroyNotify passphrase_destroy;
  char *tty, *term;
  GPtrArray *notes;         /* of McReason */
};

/* Where each protocol's backend is: in the core, or in a module. */
static const struct {
  McProtocol protocol;
  const McBackend *builtin;
  const char *module, *symbol;
  const char *mime_types[3]; /* of opaque objects, known without loading the module */
} backend_table[] = {
  { MC_PROTOCOL_OPENPGP, &_mc_openpgp_backend, NULL, NULL, { NULL } },
  { MC_PROTOCOL_SMIME,
    NULL,
    "smime",
    MC_SMIME_BACKEND_SYMBOL,
    { "application/pkcs7-mime", "application/x-pkcs7-mime", NULL } },
};

McContext *
mc_context_new (McSettings *settings)
{
  g_return_val_if_fail (settings != NULL, NULL);

  McContext *context = g_new0 (McContext, 1);
  context->settings = mc_settings_ref (settings);
  context->chain.anchors = g_ptr_array_new_with_free_func (g_free);
  context->chain.intermediates = g_ptr_array_new_with_free_func (g_free);
  context->chain.crls = g_ptr_array_new_with_free_func (g_free);
  context->chain.policies = g_ptr_array_new_with_free_func (g_free);
  context->notes = _mc_reasons_new ();
  return context;
}

void
mc_context_free (McContext *context)
{
  if (context == NULL)
    return;

  for (guint i = 0; i < N_PROTOCOLS; i++)
    if (context->engines[i] != NULL)
      context->backends[i]->close (context->engines[i]);
  _mc_store_close (context->store);
  mc_context_set_passphrase_func (context, NULL, NULL, NULL);
  g_ptr_array_unref (context->chain.anchors);
  g_ptr_array_unref (context->chain.intermediates);
  g_ptr_array_unref (context->chain.crls);
  g_ptr_array_unref (context->chain.policies);
  g_ptr_array_unref (context->notes);
  g_free (context->tty);
  g_free (context->term);
  mc_settings_unref (context->settings);
  g_free (context);
}

void
mc_context_set_passphrase_func (McContext *context, McPassphraseFunc func, gpointer user_data,
                                GDestroyNotify destroy)
{
  if (context->passphrase_destroy != NULL)
    context->passphrase_destroy (context->passphrase_data);
  context->passphrase_func = func;
  context->passphrase_data = user_data;
  context->passphrase_destroy = destroy;
}

void
mc_context_set_terminal (McContext *context, const char *tty, const char *term)
{
  g_free (context->tty);
  g_free (context->term);
  context->tty = g_strdup (tty);
  context->term = g_strdup (term);
}

void
mc_context_set_time (McContext *context, gint64 time)
{
  context->chain.at = time;
}

void
mc_context_add_trust_anchor (McContext *context, const char *filename)
{
  g_ptr_array_add (context->chain.anchors, g_strdup (filename));
}

void
mc_context_add_intermediate (McContext *context, const char *filename)
{
  g_ptr_array_add (context->chain.intermediates, g_strdup (filename));
}

void
mc_context_add_crl (McContext *context, const char *filename)
{
  g_ptr_array_add (context->chain.crls, g_strdup (filename));
}

void
mc_context_set_revocation (McContext *context, McRevocation revocation)
{
  context->chain.revocation = revocation;
  context->chain.revocation_set = TRUE;
}

void
mc_context_set_network (McContext *context, gboolean allowed)
{
  context->chain.network = allowed;
}

void
mc_context_add_policy (McContext *context, const char *oid)
{
  g_ptr_array_add (context->chain.policies, g_strdup (oid));
}

void
mc_context_set_policy_flags (McContext *context, McPolicyFlags flags)
{
  context->chain.policy_flags = flags;
}

GPtrArray *
mc_context_get_notes (McContext *context)
{
  return context->notes;
}

void
_mc_context_add_note (McContext *context, McReason *note)
{
  if (_mc_reasons_have (context->notes, note->code))
    _mc_reason_free (note);
  else
    g_ptr_array_add (context->notes, note);
}

const McLimits *
_mc_context_get_limits (McContext *context)
{
  return _mc_settings_get_limits (context->settings);
}

McSettings *
_mc_context_get_settings (McContext *context)
{
  return context->settings;
}

const McChainPolicy *
_mc_context_get_chain_policy (McContext *context)
{
  return &context->chain;
}

gboolean
_mc_context_get_store (McContext *context, gboolean create, McStore **ret_store, GError **error)
{
  if (context->store == NULL) {
    const char *folder = mc_settings_get_folder (context->settings, MC_FOLDER_DATA);
    if (folder == NULL && !create) {
      *ret_store = NULL;
      return TRUE;
    }
    if (folder == NULL) {
      _mc_set_error (error, MC_ERROR_IO, _("set HOME, or name a folder with --homedir"),
                     _("there is no folder for keys and certificates"));
      return FALSE;
    }
    if (!_mc_store_open (folder, create, &context->store, error))
      return FALSE;
  }
  *ret_store = context->store;
  return TRUE;
}

McSecret *
_mc_context_ask_caller (McContext *context, McProtocol protocol, const char *fingerprint,
                        const char *purpose)
{
  if (context->passphrase_func == NULL)
    return NULL;
  return context->passphrase_func (protocol, fingerprint, purpose, context->passphrase_data);
}

gboolean
_mc_context_has_caller_source (McContext *context)
{
  return context->passphrase_func != NULL;
}

const char *
_mc_context_get_tty (McContext *context)
{
  return context->tty;
}

const char *
_mc_context_get_term (McContext *context)
{
  return context->term;
}

static const McBackend *
find_backend (McProtocol protocol, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (backend_table); i++) {
    if (backend_table[i].protocol != protocol)
      continue;
    if (backend_table[i].builtin != NULL)
      return backend_table[i].builtin;
    return _mc_module_symbol (backend_table[i].module, backend_table[i].symbol, error);
  }
  _mc_set_error (error, MC_ERROR_INTERNAL, NULL, "no backend for protocol %d", protocol);
  return NULL;
}

const McBackend *
_mc_context_get_backend (McContext *context, McProtocol protocol, McEngine **ret_engine,
                         GError **error)
{
  g_return_val_if_fail (protocol > MC_PROTOCOL_UNKNOWN && protocol < N_PROTOCOLS, NULL);

  if (context->backends[protocol] == NULL) {
    context->backends[protocol] = find_backend (protocol, error);
    if (context->backends[protocol] == NULL)
      return NULL;
  }
  const McBackend *backend = context->backends[protocol];
  if (context->engines[protocol] == NULL
      && !backend->open (context, &context->engines[protocol], error))
    return NULL;
  if (ret_engine != NULL)
    *ret_engine = context->engines[protocol];
  return backend;
}

McProtocol
_mc_backend_protocol_of_type (const char *media_type)
{
  for (guint i = 0; i < G_N_ELEMENTS (backend_table); i++)
    if (g_strv_contains (backend_table[i].mime_types, media_type))
      return backend_table[i].protocol;
  return MC_PROTOCOL_UNKNOWN;
}

void
_mc_context_set_backend (McContext *context, const McBackend *backend)
{
  g_return_if_fail (context->engines[backend->protocol] == NULL);
  context->backends[backend->protocol] = backend;
}

void
_mc_unwrapped_clear (McUnwrapped *unwrapped)
{
  g_clear_pointer (&unwrapped->layers, g_ptr_array_unref);
  g_clear_pointer (&unwrapped->certificates, g_ptr_array_unref);
  g_clear_pointer (&unwrapped->content, _mc_spool_unref);
  g_clear_pointer (&unwrapped->format, g_free);
}

void
_mc_sealed_clear (McSealed *sealed)
{
  g_clear_pointer (&sealed->object, _mc_spool_unref);
  g_clear_pointer (&sealed->micalg, g_free);
  g_clear_pointer (&sealed->format, g_free);
}
