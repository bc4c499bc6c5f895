/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Import: everything is read and matched first, then written at once. */
#include "config.h"

#include "smime/import.h"

#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "keys/keyring.h"
#include "keys/passphrase.h"
#include "smime/certificate.h"
#include "smime/names.h"
#include "smime/private-key.h"

#include <glib/gi18n-lib.h>

#define MAX_FILE_BYTES ((gsize) 64 * 1024 * 1024)

/* A private key and the certificate that it belongs to. */
typedef struct {
  EVP_PKEY *key;            /* borrowed */
  X509 *certificate;        /* owned */
  char *public_key;
  McKeyFileState state;
  McKeyFile *file;          /* nullable: stays as it is */
} Pair;

typedef struct {
  McHoard hoard;
  McSecret *new_passphrase; /* as the caller gave it */
  McSecret *protection;     /* under which keys are written; owned, nullable */
  GPtrArray *pairs;
  GPtrArray *results;
} Import;

static void
pair_free (Pair *pair)
{
  X509_free (pair->certificate);
  g_free (pair->public_key);
  _mc_key_file_free (pair->file);
  g_free (pair);
}

static void
key_free (gpointer key)
{
  EVP_PKEY_free (key);
}

/* -------------------------------------------------------------------- matching -- */

static char *
describe (X509 *certificate)
{
  g_autoptr (GPtrArray) identities = _mc_x509_identities (certificate);
  const McIdentity *first = identities->pdata[0];
  g_autofree char *subject = _mc_x509_name_text (X509_get_subject_name (certificate));
  g_autofree char *text = first->display != NULL && strstr (subject, first->display) == NULL
                            ? g_strdup_printf ("%s <%s>", subject, first->display)
                            : g_strdup (subject);
  return _mc_text_escape_line (text, -1);
}

static void
add_pair (Import *self, EVP_PKEY *key, X509 *certificate)
{
  g_autofree char *public_key = _mc_x509_public_key_id (certificate);
  for (guint i = 0; i < self->pairs->len; i++)
    if (g_str_equal (((Pair *) self->pairs->pdata[i])->public_key, public_key))
      return;
  Pair *pair = g_new0 (Pair, 1);
  pair->key = key;
  X509_up_ref (certificate);
  pair->certificate = certificate;
  pair->public_key = g_steal_pointer (&public_key);
  g_ptr_array_add (self->pairs, pair);
}

/* Certificates of the file first, then those of the store. */
static gboolean
match_key (Import *self, EVP_PKEY *key, GError **error)
{
  g_autofree char *public_key = _mc_pkey_public_key_id (key);
  g_autoptr (McX509Stack) known = X509_chain_up_ref (self->hoard.certificates);
  McStoreQuery query = { .field = MC_BY_PUBLIC_KEY, .text = public_key };
  guint before = self->pairs->len;
  if (!_mc_smime_find_x509 (self->hoard.engine, &query, known, error))
    return FALSE;
  for (int i = 0; i < sk_X509_num (known); i++) {
    EVP_PKEY *other = X509_get0_pubkey (sk_X509_value (known, i));
    if (other != NULL && EVP_PKEY_eq (other, key) == 1)
      add_pair (self, key, sk_X509_value (known, i));
  }
  if (self->pairs->len > before)
    return TRUE;
  _mc_set_error (error, MC_ERROR_NO_KEY,
                 _("import the certificate first, or both in one file"),
                 _("no certificate for a private key"));
  return FALSE;
}

static gboolean
match_keys (Import *self, GError **error)
{
  for (guint i = 0; i < self->hoard.keys->len; i++)
    if (!match_key (self, self->hoard.keys->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* ------------------------------------------------------------------ protection -- */

static gboolean
accept_any (McSecret *secret, gpointer user_data)
{
  *(McSecret **) user_data = mc_secret_ref (secret);
  return TRUE;
}

/* What the keys will be under: what the caller says, what opened the file, or else what is
 * asked for. */
static gboolean
choose_protection (Import *self, GError **error)
{
  McSecret *given = self->new_passphrase != NULL ? self->new_passphrase : self->hoard.passphrase;
  if (given != NULL) {
    self->protection = mc_secret_ref (given);
    return TRUE;
  }
  McPassphraseRequest request = {
    .protocol = MC_PROTOCOL_SMIME,
    .purpose = _("new passphrase for the imported private key"),
    .fresh = TRUE,
  };
  if (_mc_passphrase_find (self->hoard.engine->context, &request, accept_any, &self->protection,
                           self->hoard.cancellable, error))
    return TRUE;
  _mc_error_adopt (error, MC_ERROR_NO_SECRET, _("the private key in the file is not protected"));
  return FALSE;
}

/* Where nobody says under which passphrase, an existing file stays under its own. */
static McKeyFileState
look_at_file (Import *self, const Pair *pair)
{
  McEngine *engine = self->hoard.engine;
  McSecret *wanted = self->new_passphrase != NULL ? self->new_passphrase : self->hoard.passphrase;
  if (wanted == NULL && _mc_key_file_exists (engine, pair->public_key))
    return MC_KEY_FILE_FITS;
  return _mc_key_file_probe (engine, pair->public_key, wanted);
}

static gboolean
write_files (Import *self, GError **error)
{
  McEngine *engine = self->hoard.engine;
  for (guint i = 0; i < self->pairs->len; i++) {
    Pair *pair = self->pairs->pdata[i];
    pair->state = look_at_file (self, pair);
    if (pair->state == MC_KEY_FILE_FITS)
      continue;
    if (self->protection == NULL && !choose_protection (self, error))
      return FALSE;
    pair->file = _mc_key_file_write (engine, pair->public_key, pair->key, self->protection, error);
    if (pair->file == NULL)
      return FALSE;
  }
  return TRUE;
}

/* --------------------------------------------------------------------- writing -- */

static gboolean
store_certificates (Import *self, McStore *store, GPtrArray *results, GError **error)
{
  const McX509Stack *certificates = self->hoard.certificates;
  for (int i = 0; i < sk_X509_num (certificates); i++) {
    X509 *x509 = sk_X509_value (certificates, i);
    g_autoptr (McCertificate) certificate = _mc_certificate_from_x509 (x509);
    gboolean is_new = FALSE;
    if (g_cancellable_set_error_if_cancelled (self->hoard.cancellable, error)
        || !_mc_store_add_certificate (store, certificate, &is_new, error))
      return FALSE;
    g_ptr_array_add (results, _mc_imported_new (MC_PROTOCOL_SMIME, certificate->fingerprint,
                                                is_new ? "new" : "unchanged", "certificate",
                                                describe (x509)));
  }
  return TRUE;
}

/* Names that are new come before the commit and can be taken back; those that replace
 * another file come after it. */
static gboolean
place_files (Import *self, gboolean replacing, GError **error)
{
  for (guint i = 0; i < self->pairs->len; i++) {
    Pair *pair = self->pairs->pdata[i];
    if (pair->file != NULL && (pair->state == MC_KEY_FILE_DIFFERS) == replacing
        && !_mc_key_file_place (pair->file, error))
      return FALSE;
  }
  return TRUE;
}

static void
withdraw_files (Import *self)
{
  for (guint i = 0; i < self->pairs->len; i++) {
    Pair *pair = self->pairs->pdata[i];
    if (pair->file != NULL)
      _mc_key_file_withdraw (pair->file);
  }
}

static char *
describe_pair (Import *self, const Pair *pair)
{
  g_autofree char *text = describe (pair->certificate);
  gboolean clear = pair->file != NULL && _mc_secret_get_size (self->protection) == 0;
  return clear ? g_strdup_printf (_("%s (stored without a passphrase)"), text)
               : g_steal_pointer (&text);
}

static void
report_pairs (Import *self, GPtrArray *results)
{
  static const char *const words[] = {
    [MC_KEY_FILE_ABSENT] = "new",
    [MC_KEY_FILE_FITS] = "unchanged",
    [MC_KEY_FILE_DIFFERS] = "updated",
  };
  for (guint i = 0; i < self->pairs->len; i++) {
    const Pair *pair = self->pairs->pdata[i];
    g_autofree char *fingerprint = _mc_x509_fingerprint (pair->certificate);
    g_ptr_array_add (results, _mc_imported_new (MC_PROTOCOL_SMIME, fingerprint, words[pair->state],
                                                "private-key", describe_pair (self, pair)));
  }
}

/* A key that stayed as it was has the passphrase that was given, if any was. */
static void
remember_passphrases (Import *self)
{
  McSecret *given = self->new_passphrase != NULL ? self->new_passphrase : self->hoard.passphrase;
  for (guint i = 0; i < self->pairs->len; i++) {
    const Pair *pair = self->pairs->pdata[i];
    g_autofree char *fingerprint = _mc_x509_fingerprint (pair->certificate);
    _mc_keyring_remember (self->hoard.engine->context, fingerprint,
                          pair->file != NULL ? self->protection : given, self->hoard.cancellable);
  }
}

static gboolean
write_all (Import *self, McStore *store, GPtrArray *results, GError **error)
{
  gboolean own = FALSE;
  if (!_mc_store_begin_own (store, &own, error))
    return FALSE;
  gboolean ok = store_certificates (self, store, results, error) && place_files (self, FALSE, error);
  if (!_mc_store_end_own (store, own, ok, error)) {
    withdraw_files (self);
    return FALSE;
  }
  return place_files (self, TRUE, error);
}

static gboolean
run (Import *self, GError **error)
{
  McStore *store = NULL;
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_imported_free);
  if (!match_keys (self, error) || !write_files (self, error)
      || !_mc_context_get_store (self->hoard.engine->context, TRUE, &store, error)
      || !write_all (self, store, results, error))
    return FALSE;
  report_pairs (self, results);
  remember_passphrases (self);
  g_ptr_array_extend_and_steal (self->results, g_steal_pointer (&results));
  return TRUE;
}

static gboolean
read_data (Import *self, McSpan data, GError **error)
{
  gsize size;
  g_autoptr (GBytes) bytes = _mc_span_load (data, MAX_FILE_BYTES, error);
  if (bytes == NULL)
    return FALSE;
  const void *octets = g_bytes_get_data (bytes, &size);
  gboolean ok = _mc_hoard_read (&self->hoard, octets, size, error);
  if (g_bytes_get_size (bytes) > 0)
    _mc_wipe ((gpointer) octets, size);
  return ok;
}

gboolean
_mc_smime_import (McEngine *engine, McSpan data, McSecret *new_passphrase, GPtrArray *results,
                  GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  g_autoptr (McX509Stack) certificates = sk_X509_new_null ();
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (key_free);
  g_autoptr (GPtrArray) pairs = g_ptr_array_new_with_free_func ((GDestroyNotify) pair_free);
  Import self = { .new_passphrase = new_passphrase, .pairs = pairs, .results = results };
  self.hoard = (McHoard) { .engine = engine, .cancellable = cancellable,
                           .certificates = certificates, .keys = keys };
  /* Without it old files cannot be read, all others can. */
  self.hoard.libctx = _mc_smime_legacy (engine, NULL);
  if (self.hoard.libctx == NULL)
    self.hoard.libctx = engine->libctx;

  gboolean ok = read_data (&self, data, error) && run (&self, error);
  mc_secret_unref (self.hoard.passphrase);
  mc_secret_unref (self.protection);
  return ok;
}
