/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of others through GnuPG: gpg asks its dirmngr, and takes what it gets into its
 * keyring. The only place where gpg may use the network. */
#include "config.h"

#include "keys/sources.h"
#include "openpgp/openpgp.h"

#include "base/error.h"

#include <glib/gi18n-lib.h>

static gboolean
set_mechanism (gpgme_ctx_t gpgme, const char *name, GError **error)
{
  /* "local" is left out: a key that is here would end the search. */
  g_autofree char *mechanisms = g_strdup_printf ("clear,nodefault,%s", name);
  gpgme_set_offline (gpgme, 0);
  gpgme_error_t code = gpgme_set_ctx_flag (gpgme, "auto-key-locate", mechanisms);
  if (code == 0)
    code = gpgme_set_keylist_mode (gpgme, GPGME_KEYLIST_MODE_LOCATE_EXTERNAL);
  if (code == 0)
    return TRUE;
  _mc_set_error (error, MC_ERROR_ENGINE, _("GPGME 1.18 or newer is needed"),
                 _("GPGME cannot look for keys: %s"), gpgme_strerror (code));
  return FALSE;
}

static gboolean
is_nothing (gpgme_err_code_t code)
{
  return code == GPG_ERR_EOF || code == GPG_ERR_NO_PUBKEY || code == GPG_ERR_NOT_FOUND
         || code == GPG_ERR_NO_DATA || code == GPG_ERR_NO_NAME;
}

static gboolean
fail (const McRun *run, const McKeySource *source, gpgme_error_t code, GError **error)
{
  if (_mc_run_is_broken (run, code, error))
    return FALSE;
  _mc_set_error (error, MC_ERROR_IO,
                 _("is there a network? 'gpg-connect-agent --dirmngr \"keyserver --help\" /bye'"
                   " shows whether GnuPG's dirmngr answers"),
                 _("the source '%s' could not be asked: %s"), source->name, gpgme_strerror (code));
  return FALSE;
}

static gboolean
run_locate (McRun *run, const McKeySource *source, const char *address, GPtrArray *keys,
            GError **error)
{
  gpgme_key_t native;
  gpgme_error_t code = gpgme_op_keylist_start (run->gpgme, address, 0);
  while (code == 0 && (code = gpgme_op_keylist_next (run->gpgme, &native)) == 0) {
    g_ptr_array_add (keys, _mc_openpgp_key_new (run->engine, native));
    gpgme_key_unref (native);
  }
  if (gpgme_err_code (code) != GPG_ERR_EOF)
    gpgme_op_keylist_end (run->gpgme);
  gpgme_err_code_t failure = run->status.failure;
  if (keys->len == 0 && is_nothing (gpgme_err_code (code)) && failure != 0 && !is_nothing (failure))
    return fail (run, source, gpgme_error (failure), error);
  return is_nothing (gpgme_err_code (code)) || fail (run, source, code, error);
}

static gboolean
locate (const McKeySource *source, McContext *context, const char *address, GPtrArray *keys,
        GCancellable *cancellable, GError **error)
{
  McEngine *engine = NULL;
  gboolean ok = FALSE;
  if (_mc_context_get_backend (context, MC_PROTOCOL_OPENPGP, &engine, error) == NULL)
    return FALSE;
  {
    g_auto (McRun) run = { 0 };
    ok = _mc_run_start (&run, engine, MC_RUN_PUBLIC, cancellable, error)
         && set_mechanism (run.gpgme, source->name, error)
         && run_locate (&run, source, address, keys, error);
  }
  /* Nobody else gets a context that may use the network. */
  g_clear_pointer (&engine->gpgme, gpgme_release);
  return ok;
}

const McKeySource _mc_source_wkd = {
  .name = "wkd",
  .meaning = N_("the directory of the address's own domain (tells it that you look)"),
  .uses_network = TRUE,
  .find = locate,
};

const McKeySource _mc_source_keyserver = {
  .name = "keyserver",
  .meaning = N_("GnuPG's keyserver (tells it the address)"),
  .uses_network = TRUE,
  .find = locate,
};

const McKeySource _mc_source_dane = {
  .name = "dane",
  .meaning = N_("the domain name system (tells name servers on the way)"),
  .uses_network = TRUE,
  .find = locate,
};
