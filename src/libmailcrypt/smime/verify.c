/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/verify.h"

#include "base/error.h"
#include "smime/algorithms.h"
#include "smime/attributes.h"
#include "smime/bio.h"
#include "smime/certificate.h"
#include "smime/chain.h"
#include "smime/eddsa.h"
#include "smime/gather.h"
#include "smime/names.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Each signer is tried with each certificate that it may mean. */
#define MAX_SIGNERS 64
#define MAX_CANDIDATES 8

typedef struct {
  McEngine *engine;
  CMS_ContentInfo *cms;
  BIO *hashes;              /* the chain of digests, after the content went through */
  McSpool *content;         /* where a signer has no signed attributes; else nullable */
  McTrust *trust;
  gboolean attributes_inside;   /* the content itself is signed attributes */
} Verifier;

/* ------------------------------------------------------------------- describe -- */

static void
set_string (char **place, char *value)
{
  g_free (*place);
  *place = value;
}

static char *
signer_key_id (CMS_SignerInfo *info)
{
  ASN1_OCTET_STRING *key_identifier = NULL;
  X509_NAME *issuer = NULL;
  ASN1_INTEGER *serial = NULL;
  if (CMS_SignerInfo_get0_signer_id (info, &key_identifier, &issuer, &serial) != 1)
    return NULL;
  return key_identifier != NULL ? _mc_asn1_hex (key_identifier)
                                : _mc_issuer_serial_text (issuer, serial);
}

static int
signer_digest_nid (CMS_SignerInfo *info)
{
  X509_ALGOR *algorithm = NULL;
  const ASN1_OBJECT *object = NULL;
  CMS_SignerInfo_get0_algs (info, NULL, NULL, &algorithm, NULL);
  X509_ALGOR_get0 (&object, NULL, NULL, algorithm);
  return OBJ_obj2nid (object);
}

static McSigner *
describe_signer (CMS_SignerInfo *info)
{
  McSigner *signer = _mc_signer_new ();
  X509_ALGOR *digest = NULL, *signature = NULL;
  const ASN1_OBJECT *object = NULL;
  CMS_SignerInfo_get0_algs (info, NULL, NULL, &digest, &signature);
  X509_ALGOR_get0 (&object, NULL, NULL, digest);
  const McDigest *known = _mc_digest_by_nid (OBJ_obj2nid (object));
  signer->key_id = signer_key_id (info);
  signer->algorithm = _mc_signature_algorithm (signature);
  signer->digest = known != NULL ? g_strdup (known->name) : _mc_object_name (object);
  signer->signed_at = _mc_attributes_signing_time (info);
  return signer;
}

void
_mc_smime_describe_signers (CMS_ContentInfo *cms, McLayer *layer)
{
  STACK_OF (CMS_SignerInfo) *infos = CMS_get0_SignerInfos (cms);
  for (int i = 0; i < sk_CMS_SignerInfo_num (infos) && i < MAX_SIGNERS; i++) {
    McSigner *signer = describe_signer (sk_CMS_SignerInfo_value (infos, i));
    if (i == 0)
      _mc_layer_set_algorithm (layer, "digest", signer->digest);
    g_ptr_array_add (layer->signers, signer);
  }
}

gboolean
_mc_smime_set_malformed (McLayer *layer, const char *code, const char *text)
{
  layer->structure = MC_CONTENT_MALFORMED;
  _mc_layer_add_reason (layer, code, NULL, "%s", text);
  return TRUE;
}

gboolean
_mc_smime_check_signers (CMS_ContentInfo *cms, McLayer *layer)
{
  if (sk_CMS_SignerInfo_num (CMS_get0_SignerInfos (cms)) <= MAX_SIGNERS)
    return TRUE;
  _mc_smime_describe_signers (cms, layer);
  layer->structure = MC_CONTENT_MALFORMED;
  _mc_layer_add_reason (layer, "too-many-signers", NULL, _("more than %d signers"), MAX_SIGNERS);
  return FALSE;
}

static void
add_reason (McSigner *signer, const char *code, const char *hint, const char *text)
{
  if (!_mc_reasons_have (signer->reasons, code))
    g_ptr_array_add (signer->reasons, _mc_reason_new (code, hint, "%s", text));
}

/* -------------------------------------------------------------------- content -- */

static gboolean
have_digest (BIO *chain, int nid)
{
  for (; chain != NULL; chain = BIO_next (chain)) {
    EVP_MD_CTX *context = NULL;
    if (BIO_method_type (chain) == BIO_TYPE_MD && BIO_get_md_ctx (chain, &context) == 1
        && EVP_MD_CTX_get_type (context) == nid)
      return TRUE;
  }
  return FALSE;
}

/* One digest for each kind that a signer uses, whatever the object's own list of them
 * says. A digest that is not known gets none: its signers fail later. */
static BIO *
make_hashes (McEngine *engine, CMS_ContentInfo *cms)
{
  BIO *chain = NULL;
  STACK_OF (CMS_SignerInfo) *infos = CMS_get0_SignerInfos (cms);
  for (int i = 0; i < sk_CMS_SignerInfo_num (infos); i++) {
    int nid = signer_digest_nid (sk_CMS_SignerInfo_value (infos, i));
    const McDigest *digest = _mc_digest_by_nid (nid);
    if (digest == NULL || have_digest (chain, nid))
      continue;
    BIO *bio = _mc_smime_hash_new (engine, digest->name);
    if (bio != NULL)
      chain = chain != NULL ? BIO_push (bio, chain) : bio;
  }
  return chain;
}

/* --------------------------------------------------------------------- signer -- */

/* What @info may mean, the user's own certificates first; at most one more than are tried. */
static gboolean
gather_candidates (Verifier *self, CMS_SignerInfo *info, McX509Stack *candidates, GError **error)
{
  ASN1_OCTET_STRING *key_identifier = NULL;
  X509_NAME *issuer = NULL;
  ASN1_INTEGER *serial = NULL;
  if (CMS_SignerInfo_get0_signer_id (info, &key_identifier, &issuer, &serial) != 1)
    return TRUE;

  g_autoptr (McX509Stack) stored = sk_X509_new_null ();
  if (!_mc_smime_find_named (self->engine, issuer, serial, key_identifier, stored, error))
    return FALSE;
  const McX509Stack *const known[] = { stored, _mc_trust_get_material (self->trust) };
  for (gsize k = 0; k < G_N_ELEMENTS (known); k++)
    for (int i = 0; i < sk_X509_num (known[k]) && sk_X509_num (candidates) <= MAX_CANDIDATES; i++) {
      X509 *certificate = sk_X509_value (known[k], i);
      if (CMS_SignerInfo_cert_cmp (info, certificate) == 0
          && _mc_attributes_fit_certificate (info, certificate))
        _mc_x509_stack_add (candidates, certificate);
    }
  return TRUE;
}

static gboolean
is_supported (X509 *certificate)
{
  EVP_PKEY *key = X509_get0_pubkey (certificate);
  return key != NULL && _mc_key_is_sound (key) && EVP_PKEY_missing_parameters (key) == 0
         && (EVP_PKEY_is_a (key, "RSA") || EVP_PKEY_is_a (key, "RSA-PSS")
             || EVP_PKEY_is_a (key, "EC") || EVP_PKEY_is_a (key, "DSA") || _mc_eddsa_is_key (key));
}

static gboolean
keeps_pss_rules (CMS_SignerInfo *info)
{
  X509_ALGOR *digest = NULL, *signature = NULL;
  CMS_SignerInfo_get0_algs (info, NULL, NULL, &digest, &signature);
  return _mc_pss_is_consistent (signature, digest);
}

/* Whether signature value and content fit @certificate. */
static McContentFact
check_value (Verifier *self, CMS_SignerInfo *info, X509 *certificate)
{
  if (!is_supported (certificate))
    return MC_CONTENT_UNKNOWN;
  EVP_PKEY *key = X509_get0_pubkey (certificate);
  if (_mc_eddsa_is_key (key))
    return _mc_eddsa_check (self->engine, info, key, self->hashes, self->content);
  if (!keeps_pss_rules (info))
    return MC_CONTENT_MALFORMED;
  CMS_SignerInfo_set1_signer_cert (info, certificate);
  if (_mc_attributes_present (info) && CMS_SignerInfo_verify (info) != 1)
    return MC_CONTENT_ALTERED;
  return CMS_SignerInfo_verify_content (info, self->hashes) == 1 ? MC_CONTENT_INTACT
                                                                 : MC_CONTENT_ALTERED;
}

static void
take_facts (McSigner *signer, McKey *key, const McJudgement *judgement)
{
  signer->validity = key->validity;
  signer->unfit = judgement->unfit;
  signer->chain_failed = judgement->chain_failed;
  signer->weak |= judgement->weak;
  signer->valid_from = key->valid_from;
  signer->valid_until = key->valid_until;
  set_string (&signer->fingerprint, g_strdup (key->fingerprint));
  set_string (&signer->subject, g_strdup (key->subject));
  set_string (&signer->issuer, g_strdup (key->issuer));
  set_string (&signer->public_key, _mc_x509_public_key_id (_mc_smime_key_x509 (key)));
  _mc_reasons_merge (signer->reasons, key->reasons);
  if (key->is_authority)
    add_reason (signer, "authority-as-signer", NULL,
                _("the certificate is an authority's, which is to sign certificates, not mail"));
  g_ptr_array_set_size (signer->identities, 0);
  for (guint i = 0; i < key->identities->len; i++)
    g_ptr_array_add (signer->identities, _mc_identity_copy (key->identities->pdata[i]));
}

/* The certificate that a signer is shown with. */
typedef struct {
  McKey *key;
  McJudgement judgement;
} Choice;

static void
choice_clear (Choice *choice)
{
  g_clear_pointer (&choice->key, mc_key_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Choice, choice_clear)

/* Takes @certificate unless there is one already that is as good. */
static gboolean
consider (Verifier *self, const McSigner *signer, X509 *certificate, Choice *choice, GError **error)
{
  McJudgement judgement;
  g_autoptr (McKey) key = _mc_smime_key_new (self->engine, certificate);
  if (!_mc_trust_judge (self->trust, key, MC_KEY_CAN_SIGN, signer->signed_at, &judgement, error))
    return FALSE;
  if (choice->key != NULL && judgement.chain_failed)
    return TRUE;
  choice_clear (choice);
  choice->key = g_steal_pointer (&key);
  choice->judgement = judgement;
  return TRUE;
}

static gboolean
is_settled (const Choice *choice)
{
  return choice->key != NULL && !choice->judgement.chain_failed;
}

/* The first certificate that fits the signature, rather one whose chain holds: several may
 * share a key identifier, or a forger's the name and number of a true one. */
static gboolean
try_candidates (Verifier *self, CMS_SignerInfo *info, const McX509Stack *candidates,
                McSigner *signer, Choice *choice, GError **error)
{
  signer->content = MC_CONTENT_UNKNOWN;
  for (int i = 0; i < MIN (sk_X509_num (candidates), MAX_CANDIDATES) && !is_settled (choice); i++) {
    X509 *certificate = sk_X509_value (candidates, i);
    McContentFact fact = check_value (self, info, certificate);
    if (fact == MC_CONTENT_INTACT && !consider (self, signer, certificate, choice, error))
      return FALSE;
    if (signer->content == MC_CONTENT_UNKNOWN || fact == MC_CONTENT_INTACT)
      signer->content = fact;
  }
  for (int i = 0; i < MIN (sk_X509_num (candidates), MAX_CANDIDATES) && !is_settled (choice)
                  && signer->content != MC_CONTENT_INTACT; i++)
    if (!consider (self, signer, sk_X509_value (candidates, i), choice, error))
      return FALSE;
  return TRUE;
}

/* Without a certificate the digest still shows whether the content is what was signed. */
static void
judge_without_certificate (Verifier *self, CMS_SignerInfo *info, McSigner *signer)
{
  signer->content = MC_CONTENT_UNCHECKED;
  if (_mc_attributes_present (info) && CMS_SignerInfo_verify_content (info, self->hashes) == 0)
    signer->content = MC_CONTENT_ALTERED;
  add_reason (signer, "no-certificate", _("get the signer's certificate: mailcrypt keys import FILE"),
              _("the signer's certificate is not here"));
}

static void
explain_content (McSigner *signer)
{
  if (signer->content == MC_CONTENT_ALTERED)
    add_reason (signer, "altered", NULL, _("the content or the signature was altered"));
  else if (signer->content == MC_CONTENT_UNKNOWN)
    add_reason (signer, "unsupported-algorithm", NULL,
                _("signatures of this kind are not supported yet"));
  else if (signer->content == MC_CONTENT_MALFORMED
           && !_mc_reasons_have (signer->reasons, "too-many-certificates"))
    add_reason (signer, "malformed", NULL, _("the signature breaks the rules of its algorithm"));
}

static gboolean
judge_known (Verifier *self, CMS_SignerInfo *info, McSigner *signer, GError **error)
{
  g_autoptr (McX509Stack) candidates = sk_X509_new_null ();
  g_auto (Choice) choice = { 0 };
  if (!gather_candidates (self, info, candidates, error))
    return FALSE;
  if (sk_X509_num (candidates) == 0) {
    judge_without_certificate (self, info, signer);
    explain_content (signer);
    return TRUE;
  }
  if (!try_candidates (self, info, candidates, signer, &choice, error))
    return FALSE;
  if (signer->content != MC_CONTENT_INTACT && sk_X509_num (candidates) > MAX_CANDIDATES) {
    signer->content = MC_CONTENT_MALFORMED;
    add_reason (signer, "too-many-certificates", NULL,
                _("too many certificates claim to be the signer's"));
  }
  explain_content (signer);
  take_facts (signer, choice.key, &choice.judgement);
  return _mc_smime_gather (self->engine, self->trust, info, _mc_smime_key_x509 (choice.key), signer,
                           error);
}

static gboolean
judge_signer (Verifier *self, CMS_SignerInfo *info, McSigner *signer, GError **error)
{
  const char *why = NULL;
  const McDigest *digest = _mc_digest_by_nid (signer_digest_nid (info));
  if (!_mc_attributes_check (info, CMS_get0_eContentType (self->cms), &why)) {
    signer->content = MC_CONTENT_MALFORMED;
    add_reason (signer, "malformed", NULL, why);
    return TRUE;
  }
  if (self->attributes_inside && !_mc_attributes_present (info)) {
    signer->content = MC_CONTENT_MALFORMED;
    add_reason (signer, "malformed", NULL,
                _("the content is the signed attributes of some other signature"));
    return TRUE;
  }
  if (digest == NULL || !have_digest (self->hashes, digest->nid)) {
    explain_content (signer);
    return TRUE;
  }
  if (digest->weak) {
    signer->weak = TRUE;
    add_reason (signer, "weak-digest", NULL, _("the signature uses a weak digest"));
  }
  return judge_known (self, info, signer, error);
}

static McTrust *
new_trust (McEngine *engine, CMS_ContentInfo *cms, GCancellable *cancellable, GError **error)
{
  g_autoptr (McX509Stack) certificates = CMS_get1_certs (cms);
  g_autoptr (McCrlStack) crls = CMS_get1_crls (cms);
  McTrust *trust = _mc_trust_new (engine, cancellable, error);
  if (trust != NULL)
    _mc_trust_add_material (trust, certificates, crls);
  return trust;
}

static gboolean
has_bare_signer (CMS_ContentInfo *cms)
{
  STACK_OF (CMS_SignerInfo) *infos = CMS_get0_SignerInfos (cms);
  for (int i = 0; i < sk_CMS_SignerInfo_num (infos); i++)
    if (!_mc_attributes_present (sk_CMS_SignerInfo_value (infos, i)))
      return TRUE;
  return FALSE;
}

static gboolean
has_sound_signer (const McLayer *layer)
{
  for (guint i = 0; i < layer->signers->len; i++) {
    const McSigner *signer = layer->signers->pdata[i];
    if (signer->content == MC_CONTENT_INTACT && signer->fingerprint != NULL && !signer->chain_failed)
      return TRUE;
  }
  return FALSE;
}

gboolean
_mc_smime_judge_signers (McEngine *engine, CMS_ContentInfo *cms, BIO *content, McSpool *output,
                         McLayer *layer, GCancellable *cancellable, GError **error)
{
  g_autoptr (BIO) hashes = make_hashes (engine, cms);
  gboolean bare = has_bare_signer (cms);
  g_autoptr (McSpool) kept = bare && output == NULL
                               ? _mc_spool_new (_mc_context_get_limits (engine->context)) : NULL;
  if (kept != NULL)
    output = kept;
  gboolean is_filled = output != NULL && _mc_spool_get_size (output) > 0;
  if (!_mc_smime_hash_content (hashes, content, is_filled ? NULL : output, error))
    return FALSE;
  g_autoptr (McTrust) trust = new_trust (engine, cms, cancellable, error);
  if (trust == NULL)
    return FALSE;

  Verifier self = { .engine = engine, .cms = cms, .hashes = hashes,
                    .content = output, .trust = trust };
  self.attributes_inside = bare && _mc_attributes_are_content (output);
  STACK_OF (CMS_SignerInfo) *infos = CMS_get0_SignerInfos (cms);
  _mc_smime_describe_signers (cms, layer);
  for (int i = 0; i < sk_CMS_SignerInfo_num (infos); i++)
    if (!judge_signer (&self, sk_CMS_SignerInfo_value (infos, i), layer->signers->pdata[i], error))
      return FALSE;
  if (has_sound_signer (layer))
    _mc_trust_keep_lists (trust);
  return TRUE;
}

/* ------------------------------------------------------------------- detached -- */

gboolean
_mc_smime_verify (McEngine *engine, const McVerifyJob *job, McLayer *layer,
                  GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  g_auto (McCmsParts) parts = { 0 };
  g_autoptr (GError) broken = NULL;
  g_autoptr (CMS_ContentInfo) cms = NULL;
  if (_mc_cms_split (job->signature, &parts, &broken) && parts.kind == MC_CMS_SIGNED)
    cms = _mc_cms_parse (engine->libctx, &parts, &broken);
  if (broken != NULL && !g_error_matches (broken, MC_ERROR, MC_ERROR_MALFORMED)) {
    g_propagate_error (error, g_steal_pointer (&broken));
    return FALSE;
  }
  if (parts.format != NULL)
    _mc_layer_set_algorithm (layer, "format", parts.format);
  if (cms == NULL)
    return _mc_smime_set_malformed (layer, "malformed", _("the signature is not an S/MIME signature"));
  if (parts.n_signers == 0) {
    _mc_layer_add_reason (layer, "no-signers", NULL, _("the signature has no signer"));
    return TRUE;
  }
  if (!_mc_smime_check_signers (cms, layer))
    return TRUE;
  if (parts.has_content) {
    _mc_smime_describe_signers (cms, layer);
    return _mc_smime_set_malformed (layer, "content-in-detached-signature",
                                    _("the detached signature carries a content of its own"));
  }
  if (!parts.data_inside) {
    _mc_smime_describe_signers (cms, layer);
    return _mc_smime_set_malformed (layer, "content-type",
                                    _("the signature is for something else than mail"));
  }
  g_autoptr (BIO) content =
    _mc_smime_span_bio (engine, job->content, MC_NEWLINES_CRLF, cancellable);
  return _mc_smime_judge_signers (engine, cms, content, NULL, layer, cancellable, error);
}
