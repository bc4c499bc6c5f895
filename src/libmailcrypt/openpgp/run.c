/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "openpgp/openpgp.h"

#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "openpgp/status.h"

#include <glib/gi18n-lib.h>
#include <string.h>

void
mc_process_prefer_builtin_engines (void)
{
  gpgme_set_global_flag ("disable-gpgconf", "1");
}

/* ------------------------------------------------------------------ context -- */

static void
set_engine_error (GError **error, gpgme_error_t code)
{
  gpgme_err_code_t reason = gpgme_err_code (code);
  if (reason == GPG_ERR_INV_ENGINE || reason == GPG_ERR_UNSUPPORTED_PROTOCOL)
    _mc_set_error (error, MC_ERROR_ENGINE, _("install GnuPG (Debian: apt install gnupg)"),
                   _("GnuPG is not installed or cannot be started"));
  else
    _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("GnuPG cannot be used: %s"),
                   gpgme_strerror (code));
}

/* GPGME initialises itself there; a message without OpenPGP never gets here. */
static void
initialise (void)
{
  static gsize once = 0;
  if (g_once_init_enter (&once)) {
    gpgme_check_version (NULL);
    g_once_init_leave (&once, 1);
  }
}

static gboolean
set_home (McEngine *engine, gpgme_ctx_t gpgme, GError **error)
{
  McSettings *settings = _mc_context_get_settings (engine->context);
  const char *home = mc_settings_get_folder (settings, MC_FOLDER_GNUPG);
  /* Asking costs a run of gpg, so the default is left alone. */
  if (home == NULL)
    return TRUE;
  gpgme_error_t code = gpgme_ctx_set_engine_info (gpgme, GPGME_PROTOCOL_OpenPGP, NULL, home);
  if (code == 0)
    return TRUE;
  set_engine_error (error, code);
  return FALSE;
}

static gboolean
ensure_context (McEngine *engine, GError **error)
{
  if (engine->gpgme != NULL)
    return TRUE;
  initialise ();
  gpgme_ctx_t gpgme;
  gpgme_error_t code = gpgme_new (&gpgme);
  if (code == 0)
    code = gpgme_set_protocol (gpgme, GPGME_PROTOCOL_OpenPGP);
  if (code != 0) {
    set_engine_error (error, code);
    return FALSE;
  }
  engine->gpgme = gpgme;
  gpgme_set_offline (gpgme, 1);
  gpgme_set_ctx_flag (gpgme, "full-status", "1");
  gpgme_set_ctx_flag (gpgme, "auto-key-retrieve", "0");
  gpgme_set_ctx_flag (gpgme, "auto-key-import", "0");
  if (set_home (engine, gpgme, error))
    return TRUE;
  g_clear_pointer (&engine->gpgme, gpgme_release);
  return FALSE;
}

/* ---------------------------------------------------------------- callbacks -- */

static gpgme_error_t
on_status (void *user_data, const char *keyword, const char *arguments)
{
  McRun *run = user_data;
  _mc_status_take (&run->status, keyword, arguments);
  return 0;
}

static gpgme_error_t
write_passphrase (McSecret *secret, int fd)
{
  gsize size = _mc_secret_get_size (secret);
  if (gpgme_io_writen (fd, _mc_secret_get_data (secret), size) != 0
      || gpgme_io_writen (fd, "\n", 1) != 0)
    return gpgme_error_from_syserror ();
  return 0;
}

/* @uid_hint is "KEYID USER-ID". A caller has one passphrase for a key: to be asked for it
 * again means that it was wrong. */
static gpgme_error_t
on_passphrase (void *user_data, const char *uid_hint, const char *info, int was_bad, int fd)
{
  McRun *run = user_data;
  if (run->passphrase != NULL)
    return write_passphrase (run->passphrase, fd);

  g_autofree char *key_id = g_strndup (info != NULL ? info : "", 16);
  if (was_bad || !g_hash_table_add (run->answered, g_strdup (key_id))) {
    run->wrong = TRUE;
    return gpgme_error (GPG_ERR_CANCELED);
  }
  g_autofree char *whose = _mc_text_escape_line (uid_hint != NULL ? uid_hint : key_id, -1);
  g_autofree char *purpose = g_strdup_printf (_("passphrase for the OpenPGP key %s"), whose);
  g_autoptr (McSecret) secret =
    _mc_context_ask_caller (run->engine->context, MC_PROTOCOL_OPENPGP, run->fingerprint, purpose);
  if (secret != NULL)
    return write_passphrase (secret, fd);
  run->caller_has_none = TRUE;
  return gpgme_error (GPG_ERR_CANCELED);
}

static void
on_cancelled (GCancellable *cancellable G_GNUC_UNUSED, gpointer user_data)
{
  gpgme_cancel_async (user_data);
}

/* --------------------------------------------------------------- start, end -- */

static gboolean
check_cancelled (GCancellable *cancellable, GError **error)
{
  if (!g_cancellable_is_cancelled (cancellable))
    return TRUE;
  _mc_set_error (error, MC_ERROR_CANCELLED, NULL, _("cancelled"));
  return FALSE;
}

gboolean
_mc_run_start (McRun *run, McEngine *engine, McRunMode mode, GCancellable *cancellable,
               GError **error)
{
  *run = (McRun) { .engine = engine, .mode = mode };
  _mc_status_init (&run->status);
  run->answered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!check_cancelled (cancellable, error) || !ensure_context (engine, error))
    return FALSE;

  gpgme_ctx_t gpgme = run->gpgme = engine->gpgme;
  gpgme_signers_clear (gpgme);
  gpgme_set_armor (gpgme, 0);
  gpgme_set_textmode (gpgme, 0);
  gpgme_set_keylist_mode (gpgme, GPGME_KEYLIST_MODE_LOCAL);
  gpgme_set_status_cb (gpgme, on_status, run);
  run->loopback = mode == MC_RUN_SECRET && _mc_context_has_caller_source (engine->context);
  _mc_run_use_loopback (run, run->loopback);
  if (cancellable != NULL) {
    run->cancellable = g_object_ref (cancellable);
    run->cancel_handler =
      g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), gpgme, NULL);
  }
  return TRUE;
}

void
_mc_run_use_loopback (McRun *run, gboolean loopback)
{
  run->loopback = loopback;
  gpgme_set_pinentry_mode (run->gpgme, loopback ? GPGME_PINENTRY_MODE_LOOPBACK
                                                : GPGME_PINENTRY_MODE_DEFAULT);
  gpgme_set_passphrase_cb (run->gpgme, loopback ? on_passphrase : NULL, run);
}

void
_mc_run_clear (McRun *run)
{
  if (run->cancellable != NULL)
    g_cancellable_disconnect (run->cancellable, run->cancel_handler);
  g_clear_object (&run->cancellable);
  g_clear_pointer (&run->answered, g_hash_table_unref);
  _mc_status_clear (&run->status);
  if (run->gpgme != NULL) {
    gpgme_set_status_cb (run->gpgme, NULL, NULL);
    gpgme_set_passphrase_cb (run->gpgme, NULL, NULL);
    gpgme_signers_clear (run->gpgme);
  }
}

/* ------------------------------------------------------------------- errors -- */

gboolean
_mc_run_is_broken (const McRun *run, gpgme_error_t code, GError **error)
{
  if (code != 0 && !check_cancelled (run->cancellable, error))
    return TRUE;
  switch (gpgme_err_code (code)) {
  case GPG_ERR_INV_ENGINE:
  case GPG_ERR_UNSUPPORTED_PROTOCOL:
  case GPG_ERR_INV_VALUE:
  case GPG_ERR_ENOMEM:
  case GPG_ERR_ENOENT:
  case GPG_ERR_EACCES:
  case GPG_ERR_EMFILE:
  case GPG_ERR_ENFILE:
  case GPG_ERR_EAGAIN:
  case GPG_ERR_EPIPE:
    set_engine_error (error, code);
    return TRUE;
  default:
    return FALSE;
  }
}

static McReason *
wrong_passphrase (const McRun *run)
{
  if (run->loopback)
    return _mc_reason_new ("passphrase-wrong", NULL, "%s",
                           _("the passphrase that was given is wrong"));
  return _mc_reason_new ("passphrase-wrong", NULL, "%s",
                         _("gpg-agent was not given the right passphrase"));
}

static McReason *
no_passphrase (const McRun *run, const char *code, const char *hint, const char *agent_says)
{
  if (run->loopback)
    return _mc_reason_new (code, hint, _("no passphrase: none from the caller"));
  if (run->mode == MC_RUN_SECRET_AGENT)
    return _mc_reason_new (code, hint, _("no passphrase: none from the caller; gpg-agent: %s"),
                           agent_says);
  return _mc_reason_new (code, hint, _("no passphrase: gpg-agent: %s"), agent_says);
}

static McReason *
explain_secret_code (const McRun *run, gpgme_err_code_t code)
{
  switch (code) {
  case GPG_ERR_BAD_PASSPHRASE:
    return wrong_passphrase (run);
  case GPG_ERR_CANCELED:
  case GPG_ERR_FULLY_CANCELED:
    return run->wrong ? wrong_passphrase (run)
                      : no_passphrase (run, "passphrase-cancelled", NULL, _("cancelled"));
  case GPG_ERR_TIMEOUT:
    return no_passphrase (run, "passphrase-cancelled", NULL, _("nobody answered in time"));
  case GPG_ERR_NO_AGENT:
  case GPG_ERR_ASS_CONNECT_FAILED:
  case GPG_ERR_ASS_SERVER_START:
    return no_passphrase (run, "no-agent", _("start it: gpgconf --launch gpg-agent"),
                          _("it cannot be reached"));
  case GPG_ERR_NO_PASSPHRASE:   /* also when an empty one was given */
    if (run->loopback && !run->caller_has_none)
      return wrong_passphrase (run);
    G_GNUC_FALLTHROUGH;
  case GPG_ERR_NO_PIN_ENTRY:
  case GPG_ERR_ENOTTY:
    return no_passphrase (run, "no-pinentry",
                          _("install a pinentry program and set GPG_TTY, or use --passphrase-fd"),
                          _("it has no way to ask (pinentry)"));
  case GPG_ERR_CARD_NOT_PRESENT:
  case GPG_ERR_CARD_REMOVED:
  case GPG_ERR_CARD:
  case GPG_ERR_NO_SCDAEMON:
    return _mc_reason_new ("card-missing", _("insert the smart card"), "%s",
                           _("the smart card with the secret key is not there"));
  default:
    return NULL;
  }
}

McReason *
_mc_run_find_secret_problem (const McRun *run, gpgme_error_t code)
{
  if (run->status.wrong_passphrase)
    return wrong_passphrase (run);
  const gpgme_err_code_t codes[] = { run->status.secret_error, gpgme_err_code (code),
                                     run->status.failure };
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    McReason *reason = explain_secret_code (run, codes[i]);
    if (reason != NULL)
      return reason;
  }
  return NULL;
}

gboolean
_mc_run_wants_agent (const McRun *run, gpgme_error_t code)
{
  return code != 0 && run->loopback && run->mode == MC_RUN_SECRET
         && (run->caller_has_none || run->status.no_loopback)
         && !g_cancellable_is_cancelled (run->cancellable);
}

void
_mc_run_set_error (const McRun *run, gpgme_error_t code, GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *what = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  if (_mc_run_is_broken (run, code, error))
    return;
  g_autoptr (McReason) problem = _mc_run_find_secret_problem (run, code);
  gboolean no_secret = problem != NULL || gpgme_err_code (code) == GPG_ERR_NO_SECKEY
                       || gpgme_err_code (code) == GPG_ERR_UNUSABLE_SECKEY;
  _mc_set_error (error, no_secret ? MC_ERROR_NO_SECRET : MC_ERROR_ENGINE,
                 problem != NULL ? problem->hint : NULL, "%s: %s", what,
                 problem != NULL ? problem->text : gpgme_strerror (code));
}
