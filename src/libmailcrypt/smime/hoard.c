/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading certificates and keys in every form that other programs write. */
#include "config.h"

#include "smime/import.h"

#include "base/error.h"
#include "base/secret.h"
#include "keys/passphrase.h"
#include "smime/certificate.h"
#include "smime/private-key.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_OBJECTS 10000

/* ---------------------------------------------------------------- passphrases -- */

typedef struct {
  McHoard *hoard;
  McOpenFunc func;
  gpointer user_data;
} Try;

static gboolean
keep_if_fits (McSecret *secret, gpointer user_data)
{
  Try *self = user_data;
  if (!self->func (secret, self->user_data))
    return FALSE;
  if (secret != NULL && secret != self->hoard->passphrase) {
    mc_secret_unref (self->hoard->passphrase);
    self->hoard->passphrase = mc_secret_ref (secret);
  }
  return TRUE;
}

gboolean
_mc_hoard_open (McHoard *hoard, const char *purpose, McOpenFunc func, gpointer user_data,
                GError **error)
{
  Try try = { hoard, func, user_data };
  g_autoptr (McSecret) empty = mc_secret_new ("", 0);
  McPassphraseRequest request = { .protocol = MC_PROTOCOL_SMIME, .purpose = purpose };
  if (hoard->passphrase != NULL && keep_if_fits (hoard->passphrase, &try))
    return TRUE;
  if (func (NULL, user_data) || func (empty, user_data))
    return TRUE;
  return _mc_passphrase_find (hoard->engine->context, &request, keep_if_fits, &try,
                              hoard->cancellable, error);
}

/* --------------------------------------------------------------- what was read -- */

static gboolean
too_many (McHoard *hoard, GError **error)
{
  if (sk_X509_num (hoard->certificates) < MAX_OBJECTS && hoard->keys->len < MAX_OBJECTS)
    return FALSE;
  _mc_set_error (error, MC_ERROR_LIMIT, NULL, _("more than %d certificates in one file"),
                 MAX_OBJECTS);
  return TRUE;
}

gboolean
_mc_hoard_add_certificate (McHoard *hoard, const void *der, gsize size, GError **error)
{
  if (too_many (hoard, error))
    return FALSE;
  g_autoptr (X509) certificate = _mc_x509_from_der (hoard->engine->libctx, der, size);
  if (certificate == NULL) {
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("broken certificate"));
    return FALSE;
  }
  _mc_x509_stack_add (hoard->certificates, certificate);
  return TRUE;
}

void
_mc_hoard_add_key (McHoard *hoard, EVP_PKEY *key)
{
  for (guint i = 0; i < hoard->keys->len; i++)
    if (EVP_PKEY_eq (hoard->keys->pdata[i], key) == 1) {
      EVP_PKEY_free (key);
      return;
    }
  g_ptr_array_add (hoard->keys, key);
}

/* ------------------------------------------------------------------------ keys -- */

typedef struct {
  McHoard *hoard;
  const void *data;
  gsize size;
  const char *label;        /* of a PEM block; NULL: DER */
  EVP_PKEY *key;
  gboolean encrypted;
} KeyReader;

static gboolean
try_pkcs8 (McSecret *secret, gpointer user_data)
{
  KeyReader *self = user_data;
  self->key = _mc_pkcs8_read (self->hoard->libctx, self->data, self->size, secret,
                              &self->encrypted);
  return self->key != NULL;
}

/* Traditional forms (RSA PRIVATE KEY and the like) in DER. */
static EVP_PKEY *
read_traditional (McHoard *hoard, const void *data, gsize size)
{
  const unsigned char *at = data;
  return d2i_AutoPrivateKey_ex (NULL, &at, (long) size, hoard->libctx, NULL);
}

gboolean
_mc_hoard_read_key (McHoard *hoard, const void *data, gsize size, GError **error)
{
  KeyReader reader = { .hoard = hoard, .data = data, .size = size };
  if (!try_pkcs8 (NULL, &reader) && !reader.encrypted)
    reader.key = read_traditional (hoard, data, size);
  if (reader.key == NULL && reader.encrypted
      && !_mc_hoard_open (hoard, _("passphrase of the private key to import"), try_pkcs8, &reader,
                          error))
    return FALSE;
  if (reader.key == NULL)
    return FALSE;
  _mc_hoard_add_key (hoard, reader.key);
  return TRUE;
}

/* ------------------------------------------------------------ revocation lists -- */

static gboolean
refuse_crl (GError **error)
{
  _mc_set_error (error, MC_ERROR_MALFORMED, _("give it to the commands that judge: --crl FILE"),
                 _("this is a revocation list; such lists are not kept here"));
  return FALSE;
}

static gboolean
read_bare_crl (McHoard *hoard, const void *data, gsize size, GError **error)
{
  const unsigned char *at = data;
  g_autoptr (X509_CRL) crl = X509_CRL_new_ex (hoard->engine->libctx, NULL);
  return d2i_X509_CRL (&crl, &at, (long) size) != NULL && refuse_crl (error);
}

/* ---------------------------------------------------------------------- PKCS#7 -- */

gboolean
_mc_hoard_read_pkcs7 (McHoard *hoard, const void *data, gsize size, GError **error)
{
  const unsigned char *at = data;
  CMS_ContentInfo *made = CMS_ContentInfo_new_ex (hoard->engine->libctx, NULL);
  g_autoptr (CMS_ContentInfo) cms = d2i_CMS_ContentInfo (&made, &at, (long) size);
  if (cms == NULL)
    return FALSE;
  if (OBJ_obj2nid (CMS_get0_type (cms)) != NID_pkcs7_signed) {
    _mc_set_error (error, MC_ERROR_MALFORMED,
                   _("of an encrypted message: mailcrypt decrypt FILE | mailcrypt keys import -"),
                   _("the S/MIME object is not a signed one, certificates cannot be taken from it"));
    return FALSE;
  }
  g_autoptr (McX509Stack) certificates = CMS_get1_certs (cms);
  for (int i = 0; i < sk_X509_num (certificates); i++) {
    if (too_many (hoard, error))
      return FALSE;
    _mc_x509_stack_add (hoard->certificates, sk_X509_value (certificates, i));
  }
  if (sk_X509_num (certificates) > 0)
    return TRUE;
  g_autoptr (McCrlStack) crls = CMS_get1_crls (cms);
  if (sk_X509_CRL_num (crls) > 0)
    return refuse_crl (error);
  _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("the S/MIME object brings no certificate"));
  return FALSE;
}

/* ------------------------------------------------------------------------- PEM -- */

typedef struct {
  char *label, *header;
  unsigned char *data;
  long size;
} Block;

static void
block_clear (Block *block)
{
  OPENSSL_free (block->label);
  OPENSSL_free (block->header);
  OPENSSL_clear_free (block->data, (size_t) block->size);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Block, block_clear)

static int
give_passphrase (char *buffer, int size, int writing, void *user_data)
{
  McSecret *secret = user_data;
  (void) writing;
  if (secret == NULL || _mc_secret_get_size (secret) > (gsize) size)
    return -1;
  memcpy (buffer, _mc_secret_get_data (secret), _mc_secret_get_size (secret));
  return (int) _mc_secret_get_size (secret);
}

/* A traditional block with its own encryption ("Proc-Type: 4,ENCRYPTED"). */
static gboolean
try_old_pem (McSecret *secret, gpointer user_data)
{
  KeyReader *self = user_data;
  g_autoptr (BIO) bio = BIO_new_mem_buf (self->data, (int) self->size);
  self->key =
    PEM_read_bio_PrivateKey_ex (bio, NULL, give_passphrase, secret, self->hoard->libctx, NULL);
  return self->key != NULL;
}

static gboolean
read_old_pem (McHoard *hoard, const Block *block, GError **error)
{
  char *text = NULL;
  g_autoptr (BIO) bio = BIO_new (BIO_s_mem ());
  if (bio == NULL || PEM_write_bio (bio, block->label, block->header, block->data, block->size) <= 0)
    return FALSE;
  long size = BIO_get_mem_data (bio, &text);
  KeyReader reader = { .hoard = hoard, .data = text, .size = (gsize) size };
  gboolean ok = _mc_hoard_open (hoard, _("passphrase of the private key to import"), try_old_pem,
                                &reader, error);
  _mc_wipe (text, (gsize) size);
  if (ok)
    _mc_hoard_add_key (hoard, reader.key);
  return ok;
}

static gboolean
read_key_block (McHoard *hoard, const Block *block, GError **error)
{
  if (block->header != NULL && strstr (block->header, "ENCRYPTED") != NULL)
    return read_old_pem (hoard, block, error);
  return _mc_hoard_read_key (hoard, block->data, (gsize) block->size, error);
}

static gboolean
read_certificate_block (McHoard *hoard, const Block *block, GError **error)
{
  return _mc_hoard_add_certificate (hoard, block->data, (gsize) block->size, error);
}

/* "TRUSTED CERTIFICATE": OpenSSL's own, settings of trust follow the certificate. */
static gboolean
read_trusted_block (McHoard *hoard, const Block *block, GError **error)
{
  const unsigned char *at = block->data;
  g_autoptr (X509) certificate = d2i_X509 (NULL, &at, block->size);
  return certificate != NULL
         && _mc_hoard_add_certificate (hoard, block->data, (gsize) (at - block->data), error);
}

static gboolean
read_pkcs7_block (McHoard *hoard, const Block *block, GError **error)
{
  return _mc_hoard_read_pkcs7 (hoard, block->data, (gsize) block->size, error);
}

static gboolean
read_pkcs12_block (McHoard *hoard, const Block *block, GError **error)
{
  return _mc_hoard_read_pkcs12 (hoard, block->data, (gsize) block->size, error);
}

static const struct {
  const char *label;
  gboolean (*read) (McHoard *hoard, const Block *block, GError **error);
} block_kinds[] = {
  { "CERTIFICATE", read_certificate_block },
  { "X509 CERTIFICATE", read_certificate_block },
  { "TRUSTED CERTIFICATE", read_trusted_block },
  { "PKCS7", read_pkcs7_block },
  { "PKCS #7 SIGNED DATA", read_pkcs7_block },
  { "CMS", read_pkcs7_block },
  { "PKCS12", read_pkcs12_block },
  { "PKCS #12", read_pkcs12_block },
  { "PFX", read_pkcs12_block },
  { "PRIVATE KEY", read_key_block },
  { "ENCRYPTED PRIVATE KEY", read_key_block },
  { "RSA PRIVATE KEY", read_key_block },
  { "EC PRIVATE KEY", read_key_block },
  { "DSA PRIVATE KEY", read_key_block },
};

/* Parameters, requests and the like are passed over. */
static gboolean
read_block (McHoard *hoard, const Block *block, gboolean *found, GError **error)
{
  GError *own = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (block_kinds); i++) {
    if (strcmp (block->label, block_kinds[i].label) != 0)
      continue;
    *found = TRUE;
    if (block_kinds[i].read (hoard, block, &own))
      return TRUE;
    if (own == NULL)
      _mc_set_error (&own, MC_ERROR_MALFORMED, NULL, _("broken PEM block '%s'"),
                     block_kinds[i].label);
    g_propagate_error (error, own);
    return FALSE;
  }
  return TRUE;
}

gboolean
_mc_hoard_read_pem (McHoard *hoard, const void *data, gsize size, GError **error)
{
  gboolean found = FALSE, crl = FALSE;
  g_autoptr (BIO) bio = BIO_new_mem_buf (data, (int) size);
  for (;;) {
    g_auto (Block) block = { 0 };
    if (PEM_read_bio (bio, &block.label, &block.header, &block.data, &block.size) != 1)
      break;
    crl |= strcmp (block.label, PEM_STRING_X509_CRL) == 0;
    if (!read_block (hoard, &block, &found, error))
      return FALSE;
  }
  /* A block that has a beginning and no sound rest must not be lost without a word. */
  if (ERR_GET_REASON (ERR_peek_last_error ()) == PEM_R_NO_START_LINE)
    return found || (crl && refuse_crl (error));
  if (found || g_strstr_len (data, (gssize) size, "-----BEGIN ") != NULL)
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("broken PEM block"));
  return FALSE;
}

/* ------------------------------------------------------------------------- all -- */

static gboolean
read_bare_certificate (McHoard *hoard, const void *data, gsize size, GError **error)
{
  (void) error;
  return _mc_hoard_add_certificate (hoard, data, size, NULL);
}

gboolean
_mc_hoard_read (McHoard *hoard, const void *data, gsize size, GError **error)
{
  static gboolean (*const readers[]) (McHoard *, const void *, gsize, GError **) = {
    read_bare_certificate, read_bare_crl, _mc_hoard_read_pkcs12, _mc_hoard_read_pkcs7,
    _mc_hoard_read_key, _mc_hoard_read_pem,
  };
  for (gsize i = 0; i < G_N_ELEMENTS (readers); i++) {
    GError *own = NULL;
    if (readers[i] (hoard, data, size, &own))
      return TRUE;
    if (own != NULL) {
      g_propagate_error (error, own);
      return FALSE;
    }
  }
  _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("neither a certificate nor a private key"));
  return FALSE;
}
