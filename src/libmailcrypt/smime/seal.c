/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing: signed-data, enveloped-data, auth-enveloped-data. The content streams. */
#include "config.h"

#include "smime/engine.h"

#include "base/error.h"
#include "keys/find.h"
#include "smime/agreement.h"
#include "smime/algorithms.h"
#include "smime/attributes.h"
#include "smime/bio.h"
#include "smime/certificate.h"
#include "smime/chain.h"
#include "smime/choice.h"
#include "smime/eddsa.h"
#include "smime/envelope.h"
#include "smime/private-key.h"

#include <glib/gi18n-lib.h>

typedef struct {
  McEngine *engine;
  X509 *certificate;
  EVP_PKEY *key;
  const McDigest *digest;
  EVP_MD *md;
  X509 *encryption;         /* nullable: the signer's other certificate, to encrypt to */
} Signing;

static void
signing_clear (Signing *self)
{
  EVP_PKEY_free (self->key);
  EVP_MD_free (self->md);
  X509_free (self->encryption);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Signing, signing_clear)

/* Runs @content through @cms into @output. OpenSSL's stream writes nothing at all when
 * nothing flows through it. */
static gboolean
write_object (McEngine *engine, CMS_ContentInfo *cms, McSpan content, unsigned int flags,
              McSpool *output, GCancellable *cancellable, GError **error)
{
  g_autoptr (BIO) in = _mc_smime_span_bio (engine, content, MC_NEWLINES_AS_IS, cancellable);
  g_autoptr (BIO) out = _mc_smime_spool_bio (engine, output, cancellable);
  gboolean detached = (flags & CMS_DETACHED) != 0, ok;
  if (detached || _mc_span_size (content) == 0)
    ok = (detached || CMS_set_detached (cms, 0) == 1) && CMS_final (cms, in, NULL, flags) == 1
         && i2d_CMS_bio (out, cms) == 1;
  else
    ok = i2d_CMS_bio_stream (out, cms, in, (int) flags) == 1;
  if (!_mc_smime_bio_check (in, error) || !_mc_smime_bio_check (out, error))
    return FALSE;
  return ok || _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE,
                                            _("S/MIME object cannot be written"));
}

/* ----------------------------------------------------------------------- sign -- */

/* The newest of the signer's other certificates that can be encrypted to, when the
 * signing one cannot (RFC 8551 section 2.5.3). */
static gboolean
find_encryption (Signing *self, McKey *signer, GCancellable *cancellable, GError **error)
{
  if ((signer->use & MC_KEY_CAN_ENCRYPT) != 0)
    return TRUE;
  for (guint i = 0; self->encryption == NULL && i < signer->identities->len; i++) {
    const McIdentity *identity = signer->identities->pdata[i];
    g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
    McKeyQuery query = { .address = identity->address, .secret_only = TRUE,
                         .use = MC_KEY_CAN_ENCRYPT };
    if (identity->address == NULL)
      continue;
    if (!_mc_keys_find (self->engine->context, MC_PROTOCOL_SMIME, &query, keys, cancellable,
                        error))
      return FALSE;
    for (guint k = 0; self->encryption == NULL && k < keys->len; k++) {
      McKey *key = keys->pdata[k];
      X509 *certificate = _mc_smime_key_x509 (key);
      if ((key->use & MC_KEY_CAN_ENCRYPT) != 0 && key->validity == MC_VALIDITY_VALID
          && X509_up_ref (certificate) == 1)
        self->encryption = certificate;
    }
  }
  return TRUE;
}

/* As long as the digest (RFC 4056 section 3), or what the key's own parameters ask for. */
static int
salt_size (const Signing *self)
{
  int least = 0, size = EVP_MD_get_size (self->md);
  if (EVP_PKEY_get_int_param (self->key, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, &least) != 1)
    least = 0;
  return MAX (least, size);
}

/* The algorithm is filled in when the signature is made; the beginning of a streamed
 * object is written before, and needs something there. */
static gboolean
use_pss (CMS_SignerInfo *info, const Signing *self)
{
  X509_ALGOR *algorithm = NULL;
  EVP_PKEY_CTX *context = CMS_SignerInfo_get0_pkey_ctx (info);
  CMS_SignerInfo_get0_algs (info, NULL, NULL, NULL, &algorithm);
  return context != NULL
         && X509_ALGOR_set0 (algorithm, OBJ_nid2obj (NID_rsassaPss), V_ASN1_UNDEF, NULL) == 1
         && EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_PSS_PADDING) == 1
         && EVP_PKEY_CTX_set_rsa_mgf1_md_name (context, self->digest->name, NULL) == 1
         && EVP_PKEY_CTX_set_rsa_pss_saltlen (context, salt_size (self)) == 1;
}

/* What travels along. The chain helps readers that lack it; a root they have to know by
 * themselves. */
static McX509Stack *
collect_certificates (const Signing *self, GError **error)
{
  g_autoptr (McTrust) trust = _mc_trust_new (self->engine, NULL, error);
  g_autoptr (McX509Stack) chain =
    trust != NULL ? _mc_trust_build (trust, self->certificate, error) : NULL;
  if (chain == NULL)
    return NULL;
  McX509Stack *certificates = sk_X509_new_null ();
  _mc_x509_stack_add (certificates, self->certificate);
  if (self->encryption != NULL)
    _mc_x509_stack_add (certificates, self->encryption);
  for (int i = 1; i < sk_X509_num (chain); i++) {
    X509 *issuer = sk_X509_value (chain, i);
    if (X509_NAME_cmp (X509_get_subject_name (issuer), X509_get_issuer_name (issuer)) != 0)
      _mc_x509_stack_add (certificates, issuer);
  }
  return certificates;
}

static gboolean
add_attributes (CMS_SignerInfo *info, GPtrArray *attributes)
{
  for (guint i = 0; i < attributes->len; i++)
    if (CMS_signed_add1_attr (info, attributes->pdata[i]) != 1)
      return FALSE;
  return TRUE;
}

static gboolean
add_signer (CMS_ContentInfo *cms, const Signing *self, const McX509Stack *certificates,
            GPtrArray *attributes)
{
  gboolean pss = EVP_PKEY_is_a (self->key, "RSA-PSS");
  unsigned int flags =
    CMS_PARTIAL | CMS_NOCERTS | CMS_NOSMIMECAP | CMS_CADES | (pss ? CMS_KEY_PARAM : 0);
  CMS_SignerInfo *info = CMS_add1_signer (cms, self->certificate, self->key, self->md, flags);
  if (info == NULL || (pss && !use_pss (info, self)) || !add_attributes (info, attributes))
    return FALSE;
  for (int i = 0; i < sk_X509_num (certificates); i++)
    if (CMS_add1_cert (cms, sk_X509_value (certificates, i)) != 1)
      return FALSE;
  return TRUE;
}

static gboolean
sign_with_cms (const Signing *self, const McSignJob *job, const McX509Stack *certificates,
               GPtrArray *attributes, McSpool *object, GCancellable *cancellable, GError **error)
{
  unsigned int flags = CMS_BINARY | (job->form == MC_OBJECT_OPAQUE ? CMS_STREAM : CMS_DETACHED);
  g_autoptr (CMS_ContentInfo) cms =
    CMS_sign_ex (NULL, NULL, NULL, NULL, flags | CMS_PARTIAL, self->engine->libctx, NULL);
  if (cms == NULL || !add_signer (cms, self, certificates, attributes))
    return _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE, _("signature cannot be made"));
  return write_object (self->engine, cms, job->content, flags, object, cancellable, error);
}

static gboolean
prepare_signing (Signing *self, McKey *signer, GCancellable *cancellable, GError **error)
{
  self->certificate = _mc_smime_key_x509 (signer);
  if (!find_encryption (self, signer, cancellable, error))
    return FALSE;
  self->key = _mc_private_key_load (self->engine, self->engine->libctx, self->certificate,
                                    cancellable, error);
  if (self->key == NULL)
    return FALSE;
  self->digest = _mc_key_digest (self->key);
  self->md = self->digest != NULL
               ? EVP_MD_fetch (self->engine->libctx, self->digest->name, NULL) : NULL;
  if (self->md != NULL)
    return TRUE;
  _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("keys of this kind cannot sign here"));
  return FALSE;
}

static gboolean
sign_into (const Signing *self, const McSignJob *job, McSpool *object, GCancellable *cancellable,
           GError **error)
{
  g_autoptr (McX509Stack) certificates = collect_certificates (self, error);
  if (certificates == NULL)
    return FALSE;
  g_autoptr (GPtrArray) attributes = _mc_attributes_new (self->encryption);
  if (attributes == NULL)
    return _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE, _("signature cannot be made"));
  if (!_mc_eddsa_is_key (self->key))
    return sign_with_cms (self, job, certificates, attributes, object, cancellable, error);
  McEddsaJob own = { self->key, certificates, attributes, job->content,
                     job->form == MC_OBJECT_OPAQUE };
  return _mc_eddsa_sign (self->engine, &own, object, cancellable, error);
}

gboolean
_mc_smime_sign (McEngine *engine, const McSignJob *job, McSealed *ret_sealed,
                GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  g_auto (Signing) self = { .engine = engine };
  gboolean opaque = job->form == MC_OBJECT_OPAQUE;
  g_return_val_if_fail (_mc_smime_key_x509 (job->signer) != NULL, FALSE);
  if (!prepare_signing (&self, job->signer, cancellable, error))
    return FALSE;

  g_autoptr (McSpool) object = _mc_spool_new (_mc_context_get_limits (engine->context));
  if (!sign_into (&self, job, object, cancellable, error))
    return FALSE;
  *ret_sealed = (McSealed) { .object = g_steal_pointer (&object),
                             .micalg = opaque ? NULL : g_strdup (self.digest->micalg),
                             .format = g_strdup ("signed-data") };
  return TRUE;
}

/* -------------------------------------------------------------------- encrypt -- */

/* The cipher asked for. */
static gboolean
find_cipher (const char *name, const McCipher **ret_cipher, GError **error)
{
  const McCipher *cipher = _mc_cipher_by_name (name);
  if (cipher != NULL && cipher->written) {
    *ret_cipher = cipher;
    return TRUE;
  }
  _mc_set_error (error, MC_ERROR_INVALID,
                 _("S/MIME has aes128-cbc, aes192-cbc, aes256-cbc, aes128-gcm, aes192-gcm and "
                   "aes256-gcm"),
                 _("cipher cannot be used for S/MIME: '%s'"), name);
  return FALSE;
}

static gboolean
choose_method (McEngine *engine, const McEncryptJob *job, McMethod *ret_method, GError **error)
{
  const McCipher *cipher = NULL;
  if (job->cipher != NULL && !find_cipher (job->cipher, &cipher, error))
    return FALSE;
  g_autoptr (GPtrArray) abilities = _mc_smime_get_abilities (engine, job->recipients, error);
  if (abilities == NULL)
    return FALSE;
  *ret_method = _mc_choose_method (abilities, cipher);
  return TRUE;
}

static gboolean
set_oaep (EVP_PKEY_CTX *context)
{
  return EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_OAEP_PADDING) == 1
         && EVP_PKEY_CTX_set_rsa_oaep_md_name (context, "SHA256", NULL) == 1
         && EVP_PKEY_CTX_set_rsa_mgf1_md_name (context, "SHA256", NULL) == 1;
}

/* OpenSSL's key wrapping follows the size of the content key (RFC 8551 section 2.3), its key
 * derivation does not: that would be SHA-1. */
static gboolean
add_recipient (McEngine *engine, CMS_ContentInfo *cms, X509 *certificate, const McMethod *method,
               GPtrArray *agreements)
{
  EVP_PKEY *key = X509_get0_pubkey (certificate);
  if (_mc_agreement_is_key (key))
    return _mc_agreement_add (cms, engine->libctx, certificate, method->cipher->key_bytes,
                              agreements);
  CMS_RecipientInfo *info =
    CMS_add1_recipient_cert (cms, certificate, CMS_KEY_PARAM);
  EVP_PKEY_CTX *context = info != NULL ? CMS_RecipientInfo_get0_pkey_ctx (info) : NULL;
  if (context == NULL)
    return FALSE;
  if (EVP_PKEY_is_a (key, "EC"))
    return EVP_PKEY_CTX_ctrl_str (context, "ecdh_kdf_md", "SHA256") == 1;
  return !method->oaep || set_oaep (context);
}

static gboolean
add_recipients (McEngine *engine, CMS_ContentInfo *cms, GPtrArray *recipients,
                const McMethod *method, GPtrArray *agreements, GError **error)
{
  for (guint i = 0; i < recipients->len; i++) {
    McKey *key = recipients->pdata[i];
    X509 *certificate = _mc_smime_key_x509 (key);
    if (certificate == NULL || (key->use & MC_KEY_CAN_ENCRYPT) == 0) {
      _mc_set_error (error, MC_ERROR_NO_KEY, NULL, _("certificate cannot be encrypted to: %s"),
                     key->fingerprint);
      return FALSE;
    }
    if (!add_recipient (engine, cms, certificate, method, agreements))
      return _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE, _("cannot encrypt to %s"),
                                          key->fingerprint);
  }
  return TRUE;
}

gboolean
_mc_smime_encrypt (McEngine *engine, const McEncryptJob *job, McSealed *ret_sealed,
                   GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  g_return_val_if_fail (job->signer == NULL, FALSE);
  g_return_val_if_fail (job->hidden == NULL || job->hidden->len == 0, FALSE);
  McMethod method = { 0 };
  if (!choose_method (engine, job, &method, error))
    return FALSE;
  const McCipher *cipher = method.cipher;
  if (job->recipients->len == 0) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("nobody to encrypt to"));
    return FALSE;
  }

  g_autoptr (EVP_CIPHER) fetched = EVP_CIPHER_fetch (engine->libctx, cipher->openssl, NULL);
  g_autoptr (CMS_ContentInfo) cms =
    fetched == NULL ? NULL
    : cipher->aead  ? CMS_AuthEnvelopedData_create_ex (fetched, engine->libctx, NULL)
                    : CMS_EnvelopedData_create_ex (fetched, engine->libctx, NULL);
  if (cms == NULL)
    return _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE, _("encryption cannot be started"));
  g_autoptr (GPtrArray) agreements =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_agreement_free);
  if (!add_recipients (engine, cms, job->recipients, &method, agreements, error))
    return FALSE;

  g_autoptr (McSpool) object = _mc_spool_new (_mc_context_get_limits (engine->context));
  if (!_mc_envelope_write (engine, cms, agreements, job->content, object, cancellable, error))
    return FALSE;
  *ret_sealed = (McSealed) { .object = g_steal_pointer (&object),
                             .format = g_strdup (cipher->aead ? "auth-enveloped-data"
                                                              : "enveloped-data") };
  return TRUE;
}
