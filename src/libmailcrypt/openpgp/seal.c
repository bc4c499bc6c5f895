/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "openpgp/openpgp.h"

#include "base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* --------------------------------------------------------------- preparation -- */

/* A run that signs with @signer. */
static gboolean
start_signing (McRun *run, McEngine *engine, McRunMode mode, McKey *signer,
               GCancellable *cancellable, GError **error)
{
  /* Listing uses the same context, so it comes first. */
  gpgme_key_t native = _mc_openpgp_key_native (engine, signer, cancellable, error);
  if (native == NULL)
    return FALSE;
  gboolean ok = _mc_run_start (run, engine, mode, cancellable, error);
  gpgme_error_t code = ok ? gpgme_signers_add (run->gpgme, native) : 0;
  gpgme_key_unref (native);
  if (!ok || code == 0) {
    run->fingerprint = signer->fingerprint;
    return ok;
  }
  _mc_run_set_error (run, code, error, _("cannot sign with the key %s"), signer->fingerprint);
  return FALSE;
}

static McSpool *
spool_new (McEngine *engine)
{
  return _mc_spool_new (_mc_context_get_limits (engine->context));
}

/* --------------------------------------------------------------------- result -- */

/* What gpg signed with in truth. A digest that receivers would not accept comes from the
 * user's gpg.conf. */
static gboolean
check_signature (const McRun *run, const McKey *signer, char **ret_digest, GError **error)
{
  gpgme_sign_result_t result = gpgme_op_sign_result (run->gpgme);
  if (result == NULL || result->invalid_signers != NULL || result->signatures == NULL
      || result->signatures->next != NULL) {
    _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("GnuPG made no signature with the key %s"),
                   signer->fingerprint);
    return FALSE;
  }
  guint number = (guint) result->signatures->hash_algo;
  const char *name = _mc_pgp_digest_name (number);
  if (_mc_pgp_digest_is_weak (number)) {
    _mc_set_error (error, MC_ERROR_ENGINE,
                   _("look for digest-algo and personal-digest-preferences in gpg.conf"),
                   _("GnuPG signed with a digest that is too weak: %s"),
                   name != NULL ? name : _("unknown"));
    return FALSE;
  }
  *ret_digest = g_strdup (name);
  return TRUE;
}

static gboolean
check_recipients (const McRun *run, GError **error)
{
  gpgme_encrypt_result_t result = gpgme_op_encrypt_result (run->gpgme);
  if (result != NULL && result->invalid_recipients == NULL)
    return TRUE;
  const char *which = result != NULL ? result->invalid_recipients->fpr : NULL;
  _mc_set_error (error, MC_ERROR_NO_KEY, NULL, _("GnuPG refuses to encrypt to the key %s: %s"),
                 which != NULL ? which : "?",
                 gpgme_strerror (result != NULL ? result->invalid_recipients->reason : 0));
  return FALSE;
}

/* --------------------------------------------------------------------- sign -- */

static gboolean
run_sign (McRun *run, const McSignJob *job, McSpool *object, gpgme_error_t *ret_code,
          GError **error)
{
  g_auto (McData) input = { 0 };
  g_auto (McData) output = { 0 };
  g_autoptr (GInputStream) content = _mc_span_open (job->content, MC_NEWLINES_AS_IS);
  if (!_mc_data_open_input (&input, content, run->cancellable, error)
      || !_mc_data_open_output (&output, object, error))
    return FALSE;
  gpgme_set_armor (run->gpgme, 1);
  gpgme_sig_mode_t form =
    job->form == MC_OBJECT_CLEARTEXT ? GPGME_SIG_MODE_CLEAR : GPGME_SIG_MODE_DETACH;
  *ret_code = gpgme_op_sign (run->gpgme, input.data, output.data, form);
  return !_mc_data_take_error (&input, error) && !_mc_data_take_error (&output, error);
}

static gboolean
sign_with (McEngine *engine, McRunMode mode, const McSignJob *job, McSealed *sealed,
           gboolean *ret_again, GCancellable *cancellable, GError **error)
{
  g_auto (McRun) run = { 0 };
  g_autoptr (McSpool) object = spool_new (engine);
  g_autofree char *digest = NULL;
  gpgme_error_t code = 0;
  *ret_again = FALSE;
  if (!start_signing (&run, engine, mode, job->signer, cancellable, error)
      || !run_sign (&run, job, object, &code, error))
    return FALSE;
  *ret_again = _mc_run_wants_agent (&run, code);
  if (*ret_again)
    return TRUE;
  if (code != 0) {
    _mc_run_set_error (&run, code, error, _("cannot sign with the key %s"),
                       job->signer->fingerprint);
    _mc_openpgp_name_signing_card (job->signer, error);
    return FALSE;
  }
  if (!check_signature (&run, job->signer, &digest, error))
    return FALSE;
  sealed->object = g_steal_pointer (&object);
  sealed->micalg = g_strconcat ("pgp-", digest, NULL);
  sealed->format = g_strdup (job->form == MC_OBJECT_CLEARTEXT ? "cleartext" : "signature");
  return TRUE;
}

gboolean
_mc_openpgp_sign (McEngine *engine, const McSignJob *job, McSealed *ret_sealed,
                  GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (job->signer != NULL, FALSE);
  if (job->form == MC_OBJECT_OPAQUE) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL,
                   _("PGP/MIME has no opaque signatures (RFC 3156)"));
    return FALSE;
  }
  McSealed sealed = { 0 };
  gboolean again = FALSE;
  gboolean ok =
    sign_with (engine, MC_RUN_SECRET, job, &sealed, &again, cancellable, error);
  if (ok && again)
    ok = sign_with (engine, MC_RUN_SECRET_AGENT, job, &sealed, &again, cancellable, error);
  if (ok)
    *ret_sealed = sealed;
  return ok;
}

/* ------------------------------------------------------------------ encrypt -- */

/* GPGME's list of recipients: one a line, options between them. Full fingerprints only:
 * anything shorter could name another key. */
static gboolean
add_recipients (GString *list, GPtrArray *keys, GError **error)
{
  for (guint i = 0; keys != NULL && i < keys->len; i++) {
    const McKey *key = keys->pdata[i];
    gsize length = strlen (key->fingerprint);
    if ((length != 40 && length != 64)
        || strspn (key->fingerprint, "0123456789abcdef") != length) {
      _mc_set_error (error, MC_ERROR_INTERNAL, NULL, "not an OpenPGP fingerprint: '%s'",
                     key->fingerprint);
      return FALSE;
    }
    g_string_append (list, key->fingerprint);
    g_string_append_c (list, '\n');
  }
  return TRUE;
}

static char *
list_recipients (const McEncryptJob *job, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);
  if (!add_recipients (list, job->recipients, error))
    return NULL;
  if (job->hidden != NULL && job->hidden->len > 0)
    g_string_append (list, "--hidden\n");
  if (!add_recipients (list, job->hidden, error))
    return NULL;
  if (list->len == 0) {
    _mc_set_error (error, MC_ERROR_NO_KEY, NULL, _("there is nobody to encrypt to"));
    return NULL;
  }
  return g_string_free (g_steal_pointer (&list), FALSE);
}

/* Trust was judged by the resolver; compression would tell something of the content by
 * its size, and costs more time than all the rest. */
static gboolean
run_encrypt (McRun *run, const McEncryptJob *job, McSpool *object, gpgme_error_t *ret_code,
             GError **error)
{
  const gpgme_encrypt_flags_t flags =
    GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_COMPRESS | GPGME_ENCRYPT_NO_ENCRYPT_TO;
  g_auto (McData) input = { 0 };
  g_auto (McData) output = { 0 };
  g_autoptr (GInputStream) content = _mc_span_open (job->content, MC_NEWLINES_AS_IS);
  g_autofree char *recipients = list_recipients (job, error);
  if (recipients == NULL || !_mc_data_open_input (&input, content, run->cancellable, error)
      || !_mc_data_open_output (&output, object, error))
    return FALSE;
  gpgme_set_armor (run->gpgme, 1);
  *ret_code = job->signer != NULL
                ? gpgme_op_encrypt_sign_ext (run->gpgme, NULL, recipients, flags, input.data,
                                             output.data)
                : gpgme_op_encrypt_ext (run->gpgme, NULL, recipients, flags, input.data,
                                        output.data);
  return !_mc_data_take_error (&input, error) && !_mc_data_take_error (&output, error);
}

static gboolean
check_encrypted (const McRun *run, const McEncryptJob *job, gpgme_error_t code, GError **error)
{
  g_autofree char *digest = NULL;
  gpgme_err_code_t kind = gpgme_err_code (code);
  if (kind == GPG_ERR_UNUSABLE_PUBKEY || kind == GPG_ERR_INV_USER_ID || code == 0)
    if (!check_recipients (run, error))
      return FALSE;
  if (code != 0) {
    _mc_run_set_error (run, code, error, "%s", _("cannot encrypt"));
    if (job->signer != NULL)
      _mc_openpgp_name_signing_card (job->signer, error);
    return FALSE;
  }
  return job->signer == NULL || check_signature (run, job->signer, &digest, error);
}

static gboolean
encrypt_with (McEngine *engine, McRunMode mode, const McEncryptJob *job, McSealed *sealed,
              gboolean *ret_again, GCancellable *cancellable, GError **error)
{
  g_auto (McRun) run = { 0 };
  g_autoptr (McSpool) object = spool_new (engine);
  gpgme_error_t code = 0;
  *ret_again = FALSE;
  gboolean started =
    job->signer != NULL ? start_signing (&run, engine, mode, job->signer, cancellable, error)
                        : _mc_run_start (&run, engine, MC_RUN_PUBLIC, cancellable, error);
  if (!started || !run_encrypt (&run, job, object, &code, error))
    return FALSE;
  *ret_again = _mc_run_wants_agent (&run, code);
  if (*ret_again)
    return TRUE;
  if (!check_encrypted (&run, job, code, error))
    return FALSE;
  sealed->object = g_steal_pointer (&object);
  sealed->format = g_strdup ("encrypted");
  return TRUE;
}

gboolean
_mc_openpgp_encrypt (McEngine *engine, const McEncryptJob *job, McSealed *ret_sealed,
                     GCancellable *cancellable, GError **error)
{
  if (job->cipher != NULL) {
    _mc_set_error (error, MC_ERROR_INVALID,
                   _("GnuPG takes what all recipients' keys prefer; see "
                     "personal-cipher-preferences in gpg(1)"),
                   _("the cipher of an OpenPGP message cannot be chosen: '%s'"), job->cipher);
    return FALSE;
  }
  McSealed sealed = { 0 };
  gboolean again = FALSE;
  gboolean ok =
    encrypt_with (engine, MC_RUN_SECRET, job, &sealed, &again, cancellable, error);
  if (ok && again)
    ok = encrypt_with (engine, MC_RUN_SECRET_AGENT, job, &sealed, &again, cancellable, error);
  if (ok)
    *ret_sealed = sealed;
  return ok;
}
