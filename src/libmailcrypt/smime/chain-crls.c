/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/chain-crls.h"

#include "base/error.h"
#include "smime/algorithms.h"
#include "smime/certificate.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Issuers under one name: keys change, but not that often. */
#define MAX_ISSUERS 8

X509_CRL *
_mc_crl_from_der (McEngine *engine, const void *data, gsize size)
{
  const unsigned char *at = data;
  X509_CRL *crl = size <= G_MAXINT32 ? X509_CRL_new_ex (engine->libctx, NULL) : NULL;
  /* d2i frees it when it fails */
  return crl != NULL ? d2i_X509_CRL (&crl, &at, (long) size) : NULL;
}

gboolean
_mc_crls_load (McEngine *engine, const char *filename, McCrlStack *crls, GError **error)
{
  g_autofree char *data = NULL;
  gsize size;
  if (!g_file_get_contents (filename, &data, &size, error))
    return _mc_error_adopt (error, MC_ERROR_IO, _("cannot read revocation lists"));

  int before = sk_X509_CRL_num (crls);
  g_autoptr (X509_CRL) single = _mc_crl_from_der (engine, data, size);
  if (single != NULL) {
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

/* --------------------------------------------------------------------- newest -- */

static void
hash_extension (GChecksum *checksum, const X509_CRL *crl, int nid)
{
  int at = X509_CRL_get_ext_by_NID (crl, nid, -1);
  X509_EXTENSION *extension = at >= 0 ? X509_CRL_get_ext (crl, at) : NULL;
  const ASN1_OCTET_STRING *value = extension != NULL ? X509_EXTENSION_get_data (extension) : NULL;
  guint32 size = value != NULL ? (guint32) ASN1_STRING_length (value) : G_MAXUINT32;
  g_checksum_update (checksum, (const guchar *) &size, sizeof size);
  if (value != NULL)
    g_checksum_update (checksum, ASN1_STRING_get0_data (value), ASN1_STRING_length (value));
}

char *
_mc_crl_scope (const X509_CRL *crl)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guchar is_delta = X509_CRL_get_ext_by_NID (crl, NID_delta_crl, -1) >= 0;
  hash_extension (checksum, crl, NID_issuing_distribution_point);
  hash_extension (checksum, crl, NID_authority_key_identifier);
  g_checksum_update (checksum, &is_delta, sizeof is_delta);
  return g_strdup (g_checksum_get_string (checksum));
}

gboolean
_mc_crl_is_newer (const X509_CRL *crl, const X509_CRL *other)
{
  g_autoptr (ASN1_INTEGER) number = X509_CRL_get_ext_d2i (crl, NID_crl_number, NULL, NULL);
  g_autoptr (ASN1_INTEGER) before = X509_CRL_get_ext_d2i (other, NID_crl_number, NULL, NULL);
  int order = number != NULL && before != NULL ? ASN1_INTEGER_cmp (number, before) : 0;
  if (order != 0)
    return order > 0;
  return _mc_asn1_time (X509_CRL_get0_lastUpdate (crl))
         > _mc_asn1_time (X509_CRL_get0_lastUpdate (other));
}

/* Without the signer's key identifier two lists may be of two keys: then both are needed. */
static gboolean
is_for_the_same (const X509_CRL *crl, const X509_CRL *other)
{
  if (X509_NAME_cmp (X509_CRL_get_issuer (crl), X509_CRL_get_issuer (other)) != 0
      || X509_CRL_get_ext_by_NID (crl, NID_authority_key_identifier, -1) < 0)
    return FALSE;
  g_autofree char *scope = _mc_crl_scope (crl);
  g_autofree char *other_scope = _mc_crl_scope (other);
  return strcmp (scope, other_scope) == 0;
}

void
_mc_crls_add_newest (McCrlStack *crls, X509_CRL *crl)
{
  for (int i = 0; i < sk_X509_CRL_num (crls);) {
    X509_CRL *other = sk_X509_CRL_value (crls, i);
    if (!is_for_the_same (crl, other))
      i++;
    else if (_mc_crl_is_newer (crl, other))
      X509_CRL_free (sk_X509_CRL_delete (crls, i));
    else
      return;
  }
  _mc_crls_add (crls, crl);
}
