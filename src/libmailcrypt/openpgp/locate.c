/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of others through GnuPG: gpg asks its dirmngr, and takes what it gets into its
 * keyring. The only place where gpg may use the network. */
#include "config.h"

#include "keys/sources.h"
#include "openpgp/openpgp.h"

#include "base/error.h"
#include "base/text.h"

#include <glib/gi18n-lib.h>
#include <string.h>

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
fail (const McKeySource *source, const char *why, GError **error)
{
  g_autofree char *shown = _mc_text_escape_line (why, -1);
  _mc_set_error (error, MC_ERROR_IO,
                 _("is there a network? GnuPG asks through its dirmngr, see dirmngr.conf"),
                 _("the source '%s' could not be asked: %s"), source->name, shown);
  return FALSE;
}

/* What gpg said last, behind its last colon; gpg has no status line for this. NULL: nothing. */
static char *
read_complaint (gpgme_ctx_t gpgme)
{
  gpgme_data_t data;
  size_t size = 0;
  if (gpgme_data_new (&data) != 0)
    return NULL;
  gpgme_error_t code = gpgme_op_getauditlog (gpgme, data, GPGME_AUDITLOG_DIAG);
  char *log = gpgme_data_release_and_get_mem (data, &size);
  g_autofree char *text = code == 0 && log != NULL ? g_strndup (log, size) : g_strdup ("");
  gpgme_free (log);
  const char *colon = strrchr (g_strchomp (text), ':');
  return colon != NULL ? g_strstrip (g_strdup (colon + 1)) : NULL;
}

/* Whether the source has answered that it has no such key. Both sides speak the language
 * of the same environment; whatever is not plainly that answer is a failure. */
static gboolean
says_no_such_key (const char *complaint)
{
  static const gpgme_err_code_t codes[] = { GPG_ERR_NO_DATA, GPG_ERR_NOT_FOUND,
                                            GPG_ERR_NO_PUBKEY };
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (strcmp (complaint, gpgme_strerror (gpgme_error (codes[i]))) == 0)
      return TRUE;
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
  if (keys->len > 0)
    return TRUE;
  if (_mc_run_is_broken (run, gpgme_err_code (code) == GPG_ERR_EOF ? 0 : code, error))
    return FALSE;
  g_autofree char *complaint = read_complaint (run->gpgme);
  return complaint == NULL || says_no_such_key (complaint) || fail (source, complaint, error);
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
