/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private key with its certificate and chain as PKCS#12 (RFC 7292), under what every
 * program of the day reads: PBES2 with AES-256 (RFC 8018), the MAC with SHA-256. */
#include "config.h"

#include "smime/engine.h"

#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "keys/passphrase.h"
#include "smime/bio.h"
#include "smime/certificate.h"
#include "smime/chain.h"
#include "smime/names.h"
#include "smime/private-key.h"

#include <glib/gi18n-lib.h>

#define ITERATIONS 100000

static gboolean
take (McSecret *secret, gpointer user_data)
{
  *(McSecret **) user_data = mc_secret_ref (secret);
  return TRUE;
}

/* The passphrase of the file: the one given, else a new one. */
static McSecret *
find_passphrase (McEngine *engine, X509 *certificate, McSecret *given, GCancellable *cancellable,
                 GError **error)
{
  McSecret *secret = given != NULL ? mc_secret_ref (given) : NULL;
  g_autofree char *subject = _mc_x509_name_text (X509_get_subject_name (certificate));
  g_autofree char *shown = _mc_text_escape_line (subject, -1);
  g_autofree char *purpose = g_strdup_printf (_("new passphrase for the exported key of %s"), shown);
  McPassphraseRequest request = { .protocol = MC_PROTOCOL_SMIME, .purpose = purpose, .fresh = TRUE };
  if (secret == NULL
      && !_mc_passphrase_find (engine->context, &request, take, &secret, cancellable, error))
    return NULL;
  if (_mc_secret_get_size (secret) > 0)
    return secret;
  mc_secret_unref (secret);
  _mc_set_error (error, MC_ERROR_INVALID, _("give one that is not empty: --new-passphrase-fd N"),
                 _("a private key is not exported without a passphrase"));
  return NULL;
}

static PKCS12 *
make_file (McEngine *engine, X509 *certificate, const McX509Stack *chain, EVP_PKEY *key,
           McSecret *passphrase)
{
  /* The chain begins with the certificate itself. */
  g_autoptr (McX509Stack) issuers = sk_X509_new_null ();
  for (int i = 1; issuers != NULL && i < sk_X509_num (chain); i++)
    _mc_x509_stack_add (issuers, sk_X509_value (chain, i));
  const char *password = _mc_secret_get_data (passphrase);
  g_autoptr (PKCS12) file =
    PKCS12_create_ex (password, NULL, key, certificate, issuers, NID_aes_256_cbc, NID_aes_256_cbc,
                      ITERATIONS, -1, 0, engine->libctx, NULL);
  g_autoptr (EVP_MD) md = EVP_MD_fetch (engine->libctx, "SHA256", NULL);
  if (file == NULL || md == NULL
      || PKCS12_set_mac (file, password, -1, NULL, 0, ITERATIONS, md) != 1)
    return NULL;
  return g_steal_pointer (&file);
}

static McX509Stack *
find_chain (McEngine *engine, X509 *certificate, GError **error)
{
  g_autoptr (McTrust) trust = _mc_trust_new (engine, NULL, error);
  return trust != NULL ? _mc_trust_build (trust, certificate, error) : NULL;
}

gboolean
_mc_smime_export_secret (McEngine *engine, McKey *key, McSecret *new_passphrase, McSpool *output,
                         GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  X509 *certificate = _mc_smime_key_x509 (key);
  g_return_val_if_fail (certificate != NULL, FALSE);
  g_autoptr (McX509Stack) chain = find_chain (engine, certificate, error);
  g_autoptr (EVP_PKEY) pkey = chain != NULL
    ? _mc_private_key_load (engine, engine->libctx, certificate, cancellable, error) : NULL;
  McSecret *passphrase = pkey != NULL
    ? find_passphrase (engine, certificate, new_passphrase, cancellable, error) : NULL;
  if (passphrase == NULL)
    return FALSE;
  g_autoptr (PKCS12) file = make_file (engine, certificate, chain, pkey, passphrase);
  mc_secret_unref (passphrase);

  g_autoptr (BIO) out = _mc_smime_spool_bio (engine, output, cancellable);
  gboolean ok = file != NULL && i2d_PKCS12_bio (out, file) == 1;
  if (!_mc_smime_bio_check (out, error))
    return FALSE;
  if (!ok)
    _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("private key cannot be exported"));
  return ok;
}
