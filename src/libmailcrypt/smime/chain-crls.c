/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/chain-crls.h"

#include "base/error.h"
#include "smime/algorithms.h"

#include <glib/gi18n-lib.h>

/* Issuers under one name: keys change, but not that often. */
#define MAX_ISSUERS 8

gboolean
_mc_crls_load (McEngine *engine, const char *filename, McCrlStack *crls, GError **error)
{
  g_autofree char *data = NULL;
  gsize size;
  if (!g_file_get_contents (filename, &data, &size, error))
    return _mc_error_adopt (error, MC_ERROR_IO, _("cannot read revocation lists"));

  int before = sk_X509_CRL_num (crls);
  const unsigned char *at = (const unsigned char *) data;
  g_autoptr (X509_CRL) single = X509_CRL_new_ex (engine->libctx, NULL);
  if (d2i_X509_CRL (&single, &at, (long) MIN (size, (gsize) G_MAXINT)) != NULL) {
    sk_X509_CRL_push (crls, g_steal_pointer (&single));
    return TRUE;
  }
  g_autoptr (BIO) bio = BIO_new_mem_buf (data, (int) MIN (size, (gsize) G_MAXINT));
  for (gboolean more = TRUE; more;) {
    g_autoptr (X509_CRL) next = X509_CRL_new_ex (engine->libctx, NULL);
    more = PEM_read_bio_X509_CRL (bio, &next, NULL, NULL) != NULL;
    if (more)
      sk_X509_CRL_push (crls, g_steal_pointer (&next));
  }
  if (sk_X509_CRL_num (crls) > before)
    return TRUE;
  g_autofree char *shown = g_filename_display_name (filename);
  _mc_set_error (error, MC_ERROR_INVALID, NULL, _("no revocation list in '%s'"), shown);
  return FALSE;
}

void
_mc_crls_add (McCrlStack *crls, X509_CRL *crl)
{
  if (X509_CRL_up_ref (crl) == 1 && sk_X509_CRL_push (crls, crl) <= 0)
    X509_CRL_free (crl);
}

gboolean
_mc_crls_have (const McCrlStack *crls, const X509_CRL *crl)
{
  for (int i = 0; i < sk_X509_CRL_num (crls); i++)
    if (sk_X509_CRL_value (crls, i) == crl)
      return TRUE;
  return FALSE;
}

gboolean
_mc_crls_have_issuer (const McCrlStack *crls, const X509_CRL *crl)
{
  const X509_NAME *issuer = X509_CRL_get_issuer (crl);
  for (int i = 0; i < sk_X509_CRL_num (crls); i++)
    if (X509_NAME_cmp (X509_CRL_get_issuer (sk_X509_CRL_value (crls, i)), issuer) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
may_sign_lists (X509 *certificate)
{
  guint32 usage = X509_get_key_usage (certificate);
  return usage == G_MAXUINT32 || (usage & KU_CRL_SIGN) != 0;
}

X509 *
_mc_crl_signer (X509_CRL *crl, const McX509Stack *issuers)
{
  int tried = 0;
  for (int i = 0; i < sk_X509_num (issuers) && tried < MAX_ISSUERS; i++) {
    X509 *certificate = sk_X509_value (issuers, i);
    EVP_PKEY *key = X509_get0_pubkey (certificate);
    if (key == NULL || !_mc_key_is_sound (key) || !may_sign_lists (certificate))
      continue;
    tried++;
    if (X509_CRL_verify (crl, key) == 1)
      return certificate;
  }
  return NULL;
}
