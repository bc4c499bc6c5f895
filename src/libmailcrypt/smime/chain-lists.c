/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which revocation lists count for a chain, and where they are looked for. */
#include "config.h"

#include "smime/chain-private.h"

#include "base/error.h"
#include "smime/chain-crls.h"
#include "smime/crl-cache.h"
#include "smime/names.h"

#include <glib/gi18n-lib.h>

/* The certificates under the name of @crl's issuer, anchors first. */
static McX509Stack *
find_list_issuers (McTrust *trust, X509_CRL *crl, GError **error)
{
  const X509_NAME *name = X509_CRL_get_issuer (crl);
  g_autoptr (X509_STORE_CTX) context = X509_STORE_CTX_new_ex (trust->engine->libctx, NULL);
  if (context == NULL || X509_STORE_CTX_init (context, trust->anchors, NULL, NULL) != 1) {
    _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE, _("chain cannot be built"));
    return NULL;
  }
  g_autoptr (McX509Stack) issuers = X509_STORE_CTX_get1_certs (context, name);
  if (issuers == NULL)
    issuers = sk_X509_new_null ();
  return _mc_trust_find_subject (trust, name, issuers, error) ? g_steal_pointer (&issuers) : NULL;
}

/* Whether @crl was signed by one whose chain holds. Whether the signer speaks for the
 * certificate that is judged, OpenSSL finds out. */
static gboolean
is_authentic (McTrust *trust, X509_CRL *crl, gboolean *ret_authentic, GError **error)
{
  g_autoptr (McX509Stack) issuers = find_list_issuers (trust, crl, error);
  if (issuers == NULL)
    return FALSE;
  X509 *signer = _mc_crl_signer (crl, issuers);
  *ret_authentic = FALSE;
  return signer == NULL || _mc_trust_holds (trust, signer, ret_authentic, error);
}

static gboolean
add_authentic (McTrust *trust, X509_CRL *crl, McCrlStack *to, GError **error)
{
  gboolean authentic;
  if (!is_authentic (trust, crl, &authentic, error))
    return FALSE;
  if (authentic)
    _mc_crls_add_newest (to, crl);
  return TRUE;
}

/* What the caller gave counts before what came with the message. A list of the caller's
 * that is not authentic stays where there is no better one: OpenSSL then says what is
 * wrong with it. */
gboolean
_mc_trust_choose_lists (McTrust *trust, GError **error)
{
  g_autoptr (McCrlStack) good = sk_X509_CRL_new_null ();
  g_autoptr (McCrlStack) chosen = sk_X509_CRL_new_null ();
  if (trust->crls != NULL)
    return TRUE;
  for (int i = 0; i < sk_X509_CRL_num (trust->own_crls); i++) {
    gboolean authentic;
    X509_CRL *crl = sk_X509_CRL_value (trust->own_crls, i);
    if (!is_authentic (trust, crl, &authentic, error))
      return FALSE;
    if (authentic)
      _mc_crls_add (good, crl);
  }
  for (int i = 0; i < sk_X509_CRL_num (trust->own_crls); i++) {
    X509_CRL *crl = sk_X509_CRL_value (trust->own_crls, i);
    if (_mc_crls_have (good, crl) || !_mc_crls_have_issuer (good, crl))
      _mc_crls_add (chosen, crl);
  }
  for (int i = 0; i < sk_X509_CRL_num (trust->found_crls); i++) {
    X509_CRL *crl = sk_X509_CRL_value (trust->found_crls, i);
    if (!_mc_crls_have_issuer (trust->own_crls, crl)
        && !add_authentic (trust, crl, chosen, error))
      return FALSE;
  }
  trust->crls = g_steal_pointer (&chosen);
  return TRUE;
}

/* -------------------------------------------------------------- cache and net -- */

/* Adds those of @lists that are authentic, unless the caller gave one of the same issuer. */
static gboolean
add_lists (McTrust *trust, const McCrlStack *lists, gboolean *ret_more, GError **error)
{
  for (int i = 0; i < sk_X509_CRL_num (lists); i++) {
    X509_CRL *crl = sk_X509_CRL_value (lists, i);
    if (_mc_crls_have_issuer (trust->own_crls, crl))
      continue;
    if (!add_authentic (trust, crl, trust->crls, error))
      return FALSE;
    *ret_more |= _mc_crls_have (trust->crls, crl);
  }
  return TRUE;
}

static gboolean
add_cached (McTrust *trust, const X509_NAME *name, gboolean *ret_more, GError **error)
{
  g_autoptr (McCrlStack) lists = sk_X509_CRL_new_null ();
  if (!g_hash_table_add (trust->looked_up, _mc_x509_name_key (name)))
    return TRUE;
  _mc_crl_cache_find (trust->engine, name, lists);
  return add_lists (trust, lists, ret_more, error);
}

/* Lists of others than the issuer (RFC 5280 section 4.2.1.13, cRLIssuer). */
static gboolean
add_cached_indirect (McTrust *trust, X509 *certificate, gboolean *ret_more, GError **error)
{
  g_autoptr (CRL_DIST_POINTS) points =
    X509_get_ext_d2i (certificate, NID_crl_distribution_points, NULL, NULL);
  for (int i = 0; i < sk_DIST_POINT_num (points); i++) {
    const GENERAL_NAMES *issuers = sk_DIST_POINT_value (points, i)->CRLissuer;
    for (int k = 0; k < sk_GENERAL_NAME_num (issuers); k++) {
      const GENERAL_NAME *issuer = sk_GENERAL_NAME_value (issuers, k);
      if (issuer->type == GEN_DIRNAME && !add_cached (trust, issuer->d.directoryName, ret_more, error))
        return FALSE;
    }
  }
  return TRUE;
}

gboolean
_mc_trust_add_cached_lists (McTrust *trust, const McX509Stack *chain, gboolean *ret_more,
                            GError **error)
{
  for (int i = 0; i < sk_X509_num (chain); i++) {
    X509 *certificate = sk_X509_value (chain, i);
    if (!add_cached (trust, X509_get_issuer_name (certificate), ret_more, error)
        || !add_cached_indirect (trust, certificate, ret_more, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
_mc_trust_fetch_lists (McTrust *trust, X509 *certificate, gboolean *ret_more, GError **error)
{
  g_autoptr (McCrlStack) lists = sk_X509_CRL_new_null ();
  if (!_mc_inquiry_fetch_lists (trust->inquiry, certificate, lists, error)
      || !add_lists (trust, lists, ret_more, error))
    return FALSE;
  for (int i = 0; i < sk_X509_CRL_num (lists); i++)
    if (_mc_crls_have (trust->crls, sk_X509_CRL_value (lists, i)))
      _mc_crl_cache_keep (trust->engine, sk_X509_CRL_value (lists, i));
  return TRUE;
}

void
_mc_trust_keep_lists (McTrust *trust)
{
  for (int i = 0; i < sk_X509_CRL_num (trust->found_crls); i++)
    if (_mc_crls_have (trust->crls, sk_X509_CRL_value (trust->found_crls, i)))
      _mc_crl_cache_keep (trust->engine, sk_X509_CRL_value (trust->found_crls, i));
}
