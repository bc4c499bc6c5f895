/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What changes GnuPG's keyring, and what is taken out of it. */
#include "config.h"

#include "openpgp/openpgp.h"

#include "base/address.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "openpgp/armor.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ------------------------------------------------------------------- import -- */

#define KEY_REVOCATION 0x20   /* RFC 9580 section 5.2.1.11 */

/* Whose key is revoked, when that is all that there is: fingerprint or key id. */
static const char *
find_revoked (const McPgpObject *object)
{
  if (object->problem != NULL || object->kind != MC_PGP_SIGNATURES || object->signatures->len != 1)
    return NULL;
  const McPgpSignature *signature = object->signatures->pdata[0];
  if (signature->type != KEY_REVOCATION)
    return NULL;
  return signature->fingerprint != NULL ? signature->fingerprint : signature->key_id;
}

/* gpg takes what it can from a file; so that it is all or nothing, the file is read
 * through before. *ret_revoked (nullable): it is a revocation of this key. */
static gboolean
check_keys (McEngine *engine, McSpool *octets, McSecret *new_passphrase, char **ret_revoked,
            GCancellable *cancellable, GError **error)
{
  g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
  const McLimits *limits = _mc_context_get_limits (engine->context);
  if (!_mc_pgp_object_read_span (_mc_span_whole (octets), limits, NULL, &object, cancellable,
                                 error))
    return FALSE;
  *ret_revoked = g_strdup (find_revoked (&object));
  if (*ret_revoked != NULL)
    return TRUE;
  if (object.problem != NULL || object.kind != MC_PGP_KEYS) {
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, "%s",
                   object.problem_text != NULL ? object.problem_text
                                               : _("this is no OpenPGP key"));
    return FALSE;
  }
  if (object.secret_keys > 0 && new_passphrase != NULL) {
    _mc_set_error (error, MC_ERROR_INVALID,
                   _("import it under its own passphrase, then: gpg --change-passphrase"),
                   _("GnuPG cannot give a secret key a new passphrase while importing it"));
    return FALSE;
  }
  return TRUE;
}

static gboolean
run_import (McRun *run, McSpool *octets, GError **error)
{
  g_auto (McData) input = { 0 };
  g_autoptr (GInputStream) stream = _mc_span_open (_mc_span_whole (octets), MC_NEWLINES_AS_IS);
  if (!_mc_data_open_input (&input, stream, run->cancellable, error))
    return FALSE;
  gpgme_error_t code = gpgme_op_import (run->gpgme, input.data);
  if (_mc_data_take_error (&input, error))
    return FALSE;
  if (code == 0)
    return TRUE;
  _mc_run_set_error (run, code, error, "%s", _("GnuPG refused the key"));
  return FALSE;
}

/* gpg tells of one key several times: as public, as secret. */
typedef struct {
  char *fingerprint;
  guint status;
  gpgme_error_t result;
} McImportLine;

static void
import_line_clear (gpointer data)
{
  g_free (((McImportLine *) data)->fingerprint);
}

static GArray *
collect_lines (gpgme_import_result_t result)
{
  GArray *lines = g_array_new (FALSE, TRUE, sizeof (McImportLine));
  g_array_set_clear_func (lines, import_line_clear);
  for (gpgme_import_status_t import = result->imports; import != NULL; import = import->next) {
    McImportLine *line = NULL;
    for (guint i = 0; i < lines->len && line == NULL; i++) {
      McImportLine *known = &g_array_index (lines, McImportLine, i);
      if (g_strcmp0 (known->fingerprint, import->fpr) == 0)
        line = known;
    }
    if (line == NULL) {
      McImportLine fresh = { .fingerprint = g_strdup (import->fpr) };
      g_array_append_val (lines, fresh);
      line = &g_array_index (lines, McImportLine, lines->len - 1);
    }
    line->status |= import->status;
    line->result = import->result != 0 ? import->result : line->result;
  }
  return lines;
}

static const char *
name_import (const McImportLine *line)
{
  if (line->result != 0)
    return "rejected";
  if ((line->status & GPGME_IMPORT_NEW) != 0)
    return "new";
  return (line->status & ~(guint) GPGME_IMPORT_SECRET) != 0 ? "updated" : "unchanged";
}

/* Whose key it is, for a person. */
static char *
describe_import (GPtrArray *keys, const McImportLine *line)
{
  if (line->result != 0)
    return g_strdup (gpgme_strerror (line->result));
  for (guint i = 0; i < keys->len; i++) {
    gpgme_key_t key = keys->pdata[i];
    if (g_strcmp0 (key->fpr, line->fingerprint) == 0 && key->uids != NULL)
      return _mc_text_escape_line (key->uids->uid, -1);
  }
  return _mc_text_escape_line (line->fingerprint, -1);
}

static gboolean
report_imports (McEngine *engine, GArray *lines, GPtrArray *results, GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GPtrArray) patterns = g_ptr_array_new ();
  for (guint i = 0; i < lines->len; i++)
    if (g_array_index (lines, McImportLine, i).fingerprint != NULL)
      g_ptr_array_add (patterns, g_array_index (lines, McImportLine, i).fingerprint);
  g_ptr_array_add (patterns, NULL);
  g_autoptr (GPtrArray) keys = _mc_openpgp_list (engine, (const char *const *) patterns->pdata,
                                                 FALSE, cancellable, error);
  if (keys == NULL)
    return FALSE;
  for (guint i = 0; i < lines->len; i++) {
    const McImportLine *line = &g_array_index (lines, McImportLine, i);
    g_autofree char *fingerprint =
      line->fingerprint != NULL ? g_ascii_strdown (line->fingerprint, -1) : NULL;
    const char *what =
      (line->status & GPGME_IMPORT_SECRET) != 0 ? "secret-key" : "public-key";
    g_ptr_array_add (results, _mc_imported_new (MC_PROTOCOL_OPENPGP, fingerprint,
                                                name_import (line), what,
                                                describe_import (keys, line)));
  }
  return TRUE;
}

/* @changed: gpg knew nothing of the revocation. Of none it says which key it was for. */
static gboolean
report_revocation (McEngine *engine, const char *revoked, gboolean changed, GPtrArray *results,
                   GCancellable *cancellable, GError **error)
{
  const char *const patterns[] = { revoked, NULL };
  g_autoptr (GPtrArray) keys = _mc_openpgp_list (engine, patterns, FALSE, cancellable, error);
  if (keys == NULL)
    return FALSE;
  gpgme_key_t key = keys->len > 0 ? keys->pdata[0] : NULL;
  if (key == NULL || key->fpr == NULL) {
    _mc_set_error (error, MC_ERROR_NO_KEY, _("first import the key: mailcrypt keys import FILE"),
                   _("the key %s, which is to be revoked, is not here"), revoked);
    return FALSE;
  }
  if (!key->revoked) {
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("GnuPG refused the revocation of the key %s"),
                   revoked);
    return FALSE;
  }
  g_autofree char *fingerprint = g_ascii_strdown (key->fpr, -1);
  g_ptr_array_add (results,
                   _mc_imported_new (MC_PROTOCOL_OPENPGP, fingerprint,
                                     changed ? "updated" : "unchanged", "public-key",
                                     _mc_text_escape_line (key->uids != NULL ? key->uids->uid
                                                                             : fingerprint, -1)));
  return TRUE;
}

gboolean
_mc_openpgp_import (McEngine *engine, McSpan data, McSecret *new_passphrase, GPtrArray *results,
                    GCancellable *cancellable, GError **error)
{
  g_autoptr (McSpool) octets = _mc_spool_new (_mc_context_get_limits (engine->context));
  g_autofree char *revoked = NULL;
  if (!_mc_armor_collect_keys (data, octets, cancellable, error)
      || !check_keys (engine, octets, new_passphrase, &revoked, cancellable, error))
    return FALSE;

  g_auto (McRun) run = { 0 };
  if (!_mc_run_start (&run, engine, MC_RUN_PUBLIC, cancellable, error)
      || !run_import (&run, octets, error))
    return FALSE;
  gpgme_import_result_t result = gpgme_op_import_result (run.gpgme);
  if (revoked != NULL)
    return report_revocation (engine, revoked, result != NULL && result->new_revocations > 0,
                              results, cancellable, error);
  if (result == NULL || result->imports == NULL) {
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("GnuPG found no key that it can take"));
    return FALSE;
  }
  g_autoptr (GArray) lines = collect_lines (result);
  return report_imports (engine, lines, results, cancellable, error);
}

/* ------------------------------------------------------------------- export -- */

gboolean
_mc_openpgp_export (McEngine *engine, McKey *key, gboolean mail, McSpool *output,
                    GCancellable *cancellable, GError **error)
{
  g_auto (McRun) run = { 0 };
  g_auto (McData) data = { 0 };
  guint64 before = _mc_spool_get_size (output);
  if (!_mc_run_start (&run, engine, MC_RUN_PUBLIC, cancellable, error)
      || !_mc_data_open_output (&data, output, error))
    return FALSE;
  gpgme_set_armor (run.gpgme, 1);
  gpgme_error_t code = gpgme_op_export (run.gpgme, key->fingerprint,
                                        mail ? GPGME_EXPORT_MODE_MINIMAL : 0, data.data);
  if (_mc_data_take_error (&data, error))
    return FALSE;
  if (code != 0) {
    _mc_run_set_error (&run, code, error, _("cannot export the key %s"), key->fingerprint);
    return FALSE;
  }
  if (_mc_spool_get_size (output) > before)
    return TRUE;
  _mc_set_error (error, MC_ERROR_NO_KEY, NULL, _("GnuPG does not know the key %s"),
                 key->fingerprint);
  return FALSE;
}

/* ----------------------------------------------------------------- generate -- */

static const struct {
  const char *name;
  const char *parameters;   /* of gpg's unattended key generation */
} key_algorithms[] = {
  { "ed25519", "Key-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: sign cert\n"
               "Subkey-Type: ECDH\nSubkey-Curve: cv25519\nSubkey-Usage: encrypt\n" },
  { "rsa3072", "Key-Type: RSA\nKey-Length: 3072\nKey-Usage: sign cert\n"
               "Subkey-Type: RSA\nSubkey-Length: 3072\nSubkey-Usage: encrypt\n" },
  { "rsa4096", "Key-Type: RSA\nKey-Length: 4096\nKey-Usage: sign cert\n"
               "Subkey-Type: RSA\nSubkey-Length: 4096\nSubkey-Usage: encrypt\n" },
};

static const char *
find_parameters (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (key_algorithms); i++)
    if (name == NULL || strcmp (name, key_algorithms[i].name) == 0)
      return key_algorithms[i].parameters;
  return NULL;
}

/* They become lines of the parameters, so that no character of them may end one. */
static gboolean
check_request (const McKeyRequest *request, GError **error)
{
  g_autofree char *address = _mc_address_normalise (request->address, -1);
  if (address == NULL) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("not a mail address"));
    return FALSE;
  }
  if (find_parameters (request->algorithm) == NULL) {
    _mc_set_error (error, MC_ERROR_INVALID, _("use one of: ed25519, rsa3072, rsa4096"),
                   _("unknown OpenPGP key algorithm '%s'"), request->algorithm);
    return FALSE;
  }
  for (const char *p = request->name; p != NULL && *p != '\0'; p++)
    if (g_ascii_iscntrl (*p) || strchr ("<>", *p) != NULL) {
      _mc_set_error (error, MC_ERROR_INVALID, NULL,
                     _("a name cannot have control characters, \"<\" or \">\" in it"));
      return FALSE;
    }
  return request->name == NULL || g_utf8_validate (request->name, -1, NULL)
         || (_mc_set_error (error, MC_ERROR_INVALID, NULL, _("the name is not UTF-8")), FALSE);
}

static gboolean
wants_no_passphrase (const McKeyRequest *request)
{
  return request->passphrase != NULL && _mc_secret_get_size (request->passphrase) == 0;
}

static char *
make_parameters (const McKeyRequest *request)
{
  gboolean named = request->name != NULL && *request->name != '\0';
  return g_strconcat ("<GnupgKeyParms format=\"internal\">\n",
                      find_parameters (request->algorithm), named ? "Name-Real: " : "",
                      named ? request->name : "", named ? "\n" : "", "Name-Email: ",
                      request->address, "\nExpire-Date: 2y\n",
                      wants_no_passphrase (request) ? "%no-protection\n" : "",
                      "</GnupgKeyParms>\n", NULL);
}

static gboolean
run_generate (McRun *run, const McKeyRequest *request, GError **error)
{
  g_autofree char *parameters = make_parameters (request);
  if (request->passphrase != NULL && !wants_no_passphrase (request)) {
    run->passphrase = request->passphrase;
    _mc_run_use_loopback (run, TRUE);
  }
  gpgme_error_t code = gpgme_op_genkey (run->gpgme, parameters, NULL, NULL);
  gpgme_genkey_result_t result = gpgme_op_genkey_result (run->gpgme);
  if (code == 0 && result != NULL && result->fpr != NULL && result->primary && result->sub)
    return TRUE;
  _mc_run_set_error (run, code != 0 ? code : gpgme_error (GPG_ERR_GENERAL), error, "%s",
                     _("the key could not be made"));
  return FALSE;
}

gboolean
_mc_openpgp_generate (McEngine *engine, const McKeyRequest *request, McKey **ret_key,
                      GCancellable *cancellable, GError **error)
{
  if (!check_request (request, error))
    return FALSE;
  g_autofree char *fingerprint = NULL;
  {
    g_auto (McRun) run = { 0 };
    if (!_mc_run_start (&run, engine, MC_RUN_PUBLIC, cancellable, error)
        || !run_generate (&run, request, error))
      return FALSE;
    fingerprint = g_ascii_strdown (gpgme_op_genkey_result (run.gpgme)->fpr, -1);
  }
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  const McKeyQuery query = { .fingerprint = fingerprint };
  if (!_mc_openpgp_find (engine, &query, keys, cancellable, error))
    return FALSE;
  if (keys->len != 1) {
    _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("GnuPG does not find the key it made: %s"),
                   fingerprint);
    return FALSE;
  }
  *ret_key = mc_key_ref (keys->pdata[0]);
  return TRUE;
}

/* ------------------------------------------------------------------- remove -- */

static gboolean
refuse_secret (const McKey *key, GError **error)
{
  g_autofree char *hint = g_strdup_printf (
    _("if you never want to read its mail again: gpg --delete-secret-keys %s"), key->fingerprint);
  _mc_set_error (error, MC_ERROR_INVALID, hint,
                 _("the secret part of the key %s is here; only public keys are removed"),
                 key->fingerprint);
  return FALSE;
}

gboolean
_mc_openpgp_remove (McEngine *engine, McKey *key, GCancellable *cancellable, GError **error)
{
  if (key->secret != MC_SECRET_NONE)
    return refuse_secret (key, error);
  gpgme_key_t native = _mc_openpgp_key_native (engine, key, cancellable, error);
  if (native == NULL)
    return FALSE;
  g_auto (McRun) run = { 0 };
  gboolean ok = _mc_run_start (&run, engine, MC_RUN_PUBLIC, cancellable, error);
  gpgme_error_t code = ok ? gpgme_op_delete_ext (run.gpgme, native, GPGME_DELETE_FORCE) : 0;
  gpgme_key_unref (native);
  if (!ok || code == 0)
    return ok;
  if (gpgme_err_code (code) == GPG_ERR_CONFLICT)
    return refuse_secret (key, error);
  _mc_run_set_error (&run, code, error, _("cannot remove the key %s"), key->fingerprint);
  return FALSE;
}
