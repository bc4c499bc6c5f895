/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys out of the store, judged when asked for; and out of here again. */
#include "config.h"

#include "smime/engine.h"

#include "base/address.h"
#include "base/error.h"
#include "smime/bio.h"
#include "smime/certificate.h"
#include "smime/chain.h"
#include "smime/private-key.h"

#include <glib/gi18n-lib.h>

typedef struct {
  McEngine *engine;
  const McKeyQuery *query;
  GPtrArray *keys;
  McTrust *trust;           /* nullable: not judging */
  GHashTable *anchors;      /* fingerprints */
  GCancellable *cancellable;
  GError *error;
} Finder;

static gboolean
add_key (Finder *self, const McCertificate *certificate)
{
  g_autoptr (X509) x509 = _mc_x509_from_bytes (self->engine, certificate->der);
  gboolean secret = _mc_key_file_exists (self->engine, certificate->public_key);
  if (x509 == NULL || (self->query->secret_only && !secret))
    return TRUE;

  McJudgement judgement;
  g_autoptr (McKey) key = _mc_smime_key_new (self->engine, x509);
  key->secret = secret ? MC_SECRET_FILE : MC_SECRET_NONE;
  key->is_anchor = g_hash_table_contains (self->anchors, key->fingerprint);
  if (self->trust != NULL
      && !_mc_trust_judge (self->trust, key, self->query->use, 0, &judgement, &self->error))
    return FALSE;
  if (self->trust != NULL)
    key->weak |= judgement.weak;
  return _mc_key_query_give (self->query, g_steal_pointer (&key), self->keys, &self->error);
}

static gboolean
on_certificate (const McCertificate *certificate, gpointer user_data)
{
  Finder *self = user_data;
  return !g_cancellable_set_error_if_cancelled (self->cancellable, &self->error)
         && add_key (self, certificate);
}

static void
note_anchor (const char *fingerprint, const char *address, McPin pin, gpointer user_data)
{
  (void) address;
  if (pin == MC_PIN_ANCHOR)
    g_hash_table_add (user_data, g_strdup (fingerprint));
}

static gboolean
run_query (Finder *self, McStore *store, McStoreField field, const char *text, GError **error)
{
  McStoreQuery query = { .field = field, .text = text };
  if (!_mc_store_find (store, &query, on_certificate, self, error))
    return FALSE;
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

static gboolean
find_in_store (Finder *self, McStore *store, GError **error)
{
  const McKeyQuery *query = self->query;
  if (query->fingerprint != NULL)
    return run_query (self, store, MC_BY_FINGERPRINT, query->fingerprint, error);
  if (query->address != NULL) {
    g_autofree char *address = _mc_address_normalise (query->address, -1);
    return address == NULL || run_query (self, store, MC_BY_ADDRESS, address, error);
  }
  return run_query (self, store, query->text != NULL ? MC_BY_TEXT : MC_BY_ALL, query->text, error);
}

gboolean
_mc_smime_find (McEngine *engine, const McKeyQuery *query, GPtrArray *keys,
                GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  McStore *store = NULL;
  if (!_mc_context_get_store (engine->context, FALSE, &store, error))
    return FALSE;
  if (store == NULL)
    return TRUE;

  g_autoptr (McTrust) trust = NULL;
  g_autoptr (GHashTable) anchors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!_mc_store_find_pins (store, MC_PROTOCOL_SMIME, NULL, note_anchor, anchors, error))
    return FALSE;
  if (query->judge) {
    trust = _mc_trust_new (engine, cancellable, error);
    if (trust == NULL)
      return FALSE;
  }
  Finder self = { .engine = engine, .query = query, .keys = keys, .trust = trust,
                  .anchors = anchors, .cancellable = cancellable };
  return find_in_store (&self, store, error);
}

/* --------------------------------------------------------------------- export -- */

static gboolean
is_self_issued (X509 *certificate)
{
  return X509_NAME_cmp (X509_get_subject_name (certificate), X509_get_issuer_name (certificate)) == 0;
}

static gboolean
write_pem (BIO *out, const McX509Stack *chain)
{
  for (int i = 0; i < sk_X509_num (chain); i++)
    if (PEM_write_bio_X509 (out, sk_X509_value (chain, i)) != 1)
      return FALSE;
  return TRUE;
}

/* A SignedData of certificates alone (RFC 8551 section 3.8); the root stays at home. */
static gboolean
write_certs_only (McEngine *engine, BIO *out, const McX509Stack *chain)
{
  g_autoptr (CMS_ContentInfo) cms = CMS_ContentInfo_new_ex (engine->libctx, NULL);
  if (cms == NULL || CMS_SignedData_init (cms) != 1)
    return FALSE;
  for (int i = 0; i < sk_X509_num (chain); i++) {
    X509 *certificate = sk_X509_value (chain, i);
    if ((i == 0 || !is_self_issued (certificate)) && CMS_add1_cert (cms, certificate) != 1)
      return FALSE;
  }
  return CMS_set_detached (cms, 1) == 1 && i2d_CMS_bio (out, cms) == 1;
}

gboolean
_mc_smime_export (McEngine *engine, McKey *key, gboolean mail, McSpool *output,
                  GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  X509 *certificate = _mc_smime_key_x509 (key);
  g_return_val_if_fail (certificate != NULL, FALSE);
  g_autoptr (McTrust) trust = _mc_trust_new (engine, cancellable, error);
  if (trust == NULL)
    return FALSE;
  g_autoptr (McX509Stack) chain = _mc_trust_build (trust, certificate, error);
  if (chain == NULL)
    return FALSE;

  g_autoptr (BIO) out = _mc_smime_spool_bio (engine, output, cancellable);
  gboolean ok = mail ? write_certs_only (engine, out, chain) : write_pem (out, chain);
  if (!_mc_smime_bio_check (out, error))
    return FALSE;
  return ok || _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE,
                                            _("certificate cannot be exported"));
}

/* --------------------------------------------------------------------- remove -- */

static gboolean
count_certificate (const McCertificate *certificate, gpointer user_data)
{
  (void) certificate;
  ++*(guint *) user_data;
  return TRUE;
}

gboolean
_mc_smime_remove (McEngine *engine, McKey *key, GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  McStore *store = NULL;
  guint sharing = 0;
  X509 *certificate = _mc_smime_key_x509 (key);
  g_return_val_if_fail (certificate != NULL, FALSE);
  if (g_cancellable_set_error_if_cancelled (cancellable, error)
      || !_mc_context_get_store (engine->context, FALSE, &store, error))
    return FALSE;
  if (store == NULL)
    return TRUE;

  g_autofree char *public_key = _mc_x509_public_key_id (certificate);
  McStoreQuery query = { .field = MC_BY_PUBLIC_KEY, .text = public_key };
  if (!_mc_store_remove_certificate (store, key->fingerprint, error)
      || !_mc_store_find (store, &query, count_certificate, &sharing, error))
    return FALSE;
  return sharing > 0 || _mc_key_file_remove (engine, public_key, error);
}
