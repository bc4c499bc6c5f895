/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/gather.h"

#include "keys/harvest.h"
#include "smime/attributes.h"
#include "smime/certificate.h"
#include "smime/names.h"
#include "smime/purpose.h"

/* How many certificates are looked at to find the one to encrypt to. */
#define MAX_CANDIDATES 4
#define MAX_CAPABILITIES_BYTES 8192

typedef struct {
  McEngine *engine;
  McTrust *trust;
  CMS_SignerInfo *info;
  X509 *certificate;
  const McSigner *signer;
  McHarvest *harvest;
} Gatherer;

static gboolean
has_fingerprint (const McHarvest *harvest, const char *fingerprint)
{
  for (guint i = 0; i < harvest->certificates->len; i++)
    if (g_str_equal (((McCertificate *) harvest->certificates->pdata[i])->fingerprint, fingerprint))
      return TRUE;
  return FALSE;
}

static void
keep (Gatherer *self, X509 *x509)
{
  g_autoptr (McCertificate) certificate = _mc_certificate_from_x509 (x509);
  if (!has_fingerprint (self->harvest, certificate->fingerprint))
    g_ptr_array_add (self->harvest->certificates, g_steal_pointer (&certificate));
}

/* With its issuers, which are what it is trusted through; a root the user has or has not. */
static gboolean
keep_with_issuers (Gatherer *self, X509 *certificate, GError **error)
{
  g_autoptr (McX509Stack) chain = _mc_trust_build (self->trust, certificate, error);
  if (chain == NULL)
    return FALSE;
  keep (self, certificate);
  for (int i = 1; i < sk_X509_num (chain); i++) {
    X509 *issuer = sk_X509_value (chain, i);
    if (X509_NAME_cmp (X509_get_subject_name (issuer), X509_get_issuer_name (issuer)) != 0)
      keep (self, issuer);
  }
  return TRUE;
}

/* ------------------------------------------------------ the one to encrypt to -- */

static gboolean
shares_address (const McKey *key, const McSigner *signer)
{
  for (guint i = 0; i < signer->identities->len; i++) {
    const McIdentity *identity = signer->identities->pdata[i];
    if (identity->address != NULL && _mc_key_find_identity (key, identity->address) != NULL)
      return TRUE;
  }
  return FALSE;
}

/* Whether it may stand beside the signer's: as trusted as that, and of the same person. */
static gboolean
is_fit (Gatherer *self, X509 *certificate, gboolean *ret_fit, GError **error)
{
  McJudgement judgement;
  g_autoptr (McKey) key = _mc_smime_key_new (self->engine, certificate);
  *ret_fit = FALSE;
  if (!shares_address (key, self->signer))
    return TRUE;
  if (!_mc_trust_judge (self->trust, key, MC_KEY_CAN_ENCRYPT, 0, &judgement, error))
    return FALSE;
  *ret_fit = key->validity == MC_VALIDITY_VALID && !judgement.chain_failed && !judgement.unfit
             && !judgement.weak;
  return TRUE;
}

/* The first of @candidates that fits. */
static gboolean
keep_fit (Gatherer *self, const McX509Stack *candidates, X509 **ret_kept, GError **error)
{
  for (int i = 0; i < MIN (sk_X509_num (candidates), MAX_CANDIDATES); i++) {
    gboolean fit = FALSE;
    X509 *certificate = sk_X509_value (candidates, i);
    if (!is_fit (self, certificate, &fit, error))
      return FALSE;
    if (!fit)
      continue;
    *ret_kept = certificate;
    return keep_with_issuers (self, certificate, error);
  }
  return TRUE;
}

static gboolean
gather_preferred (Gatherer *self, GError **error)
{
  X509 *kept = NULL;
  g_autoptr (McPreference) preference = _mc_attributes_get_preference (self->info);
  if (preference == NULL)
    return TRUE;

  g_autoptr (McX509Stack) candidates = sk_X509_new_null ();
  const McX509Stack *material = _mc_trust_get_material (self->trust);
  for (int i = 0; i < sk_X509_num (material); i++)
    if (sk_X509_num (candidates) < MAX_CANDIDATES
        && _mc_preference_fits (preference, sk_X509_value (material, i)))
      _mc_x509_stack_add (candidates, sk_X509_value (material, i));
  if (!_mc_smime_find_named (self->engine, preference->issuer, preference->serial,
                             preference->key_identifier, candidates, error)
      || !keep_fit (self, candidates, &kept, error))
    return FALSE;
  if (kept != NULL)
    self->harvest->preferred = _mc_x509_fingerprint (kept);
  return TRUE;
}

/* Without a preference: somebody who cannot be encrypted to has another certificate of the
 * same names (RFC 8551 section 2.5.3.1). */
static gboolean
gather_sibling (Gatherer *self, GError **error)
{
  X509 *kept = NULL;
  if ((_mc_x509_use (self->certificate) & MC_KEY_CAN_ENCRYPT) != 0)
    return TRUE;

  g_autoptr (McX509Stack) candidates = sk_X509_new_null ();
  const McX509Stack *material = _mc_trust_get_material (self->trust);
  for (int i = 0; i < sk_X509_num (material); i++) {
    X509 *other = sk_X509_value (material, i);
    if (sk_X509_num (candidates) < MAX_CANDIDATES
        && X509_NAME_cmp (X509_get_subject_name (other),
                          X509_get_subject_name (self->certificate)) == 0
        && X509_NAME_cmp (X509_get_issuer_name (other),
                          X509_get_issuer_name (self->certificate)) == 0
        && (_mc_x509_use (other) & MC_KEY_CAN_ENCRYPT) != 0)
      _mc_x509_stack_add (candidates, other);
  }
  return keep_fit (self, candidates, &kept, error);
}

/* ------------------------------------------------------------------------ all -- */

static gboolean
is_worth_it (const McSigner *signer)
{
  return signer->content == MC_CONTENT_INTACT && signer->validity == MC_VALIDITY_VALID
         && !signer->weak && !signer->unfit && !signer->chain_failed;
}

gboolean
_mc_smime_gather (McEngine *engine, McTrust *trust, CMS_SignerInfo *info, X509 *certificate,
                  McSigner *signer, GError **error)
{
  if (!is_worth_it (signer) || !_mc_harvest_is_wanted (engine->context))
    return TRUE;

  g_autoptr (McHarvest) harvest = _mc_harvest_new ();
  Gatherer self = { engine, trust, info, certificate, signer, harvest };
  if (!keep_with_issuers (&self, certificate, error) || !gather_preferred (&self, error)
      || (harvest->preferred == NULL && !gather_sibling (&self, error)))
    return FALSE;

  g_autoptr (GBytes) capabilities = _mc_attributes_get_capabilities (info);
  if (capabilities != NULL && g_bytes_get_size (capabilities) <= MAX_CAPABILITIES_BYTES)
    harvest->capabilities = g_steal_pointer (&capabilities);
  signer->brought = g_steal_pointer (&harvest);
  signer->brought_free = (GDestroyNotify) _mc_harvest_free;
  return TRUE;
}
