/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/chain-private.h"

#include "base/error.h"
#include "smime/algorithms.h"
#include "smime/certificate.h"
#include "smime/chain-crls.h"
#include "smime/chain-reasons.h"
#include "smime/constraints.h"
#include "smime/names.h"
#include "smime/purpose.h"

#include <glib/gi18n-lib.h>

/* Where the system keeps its certification authorities, one file for each name's hash:
 * nothing is read before a chain asks for a name. */
#define SYSTEM_ANCHORS "/etc/ssl/certs"

/* RSA 2048 and SHA-224 upwards. */
#define SECURITY_LEVEL 2
#define MAX_DEPTH 16
#define MAX_ISSUERS 64
/* Revocation lists in one message. */
#define MAX_CRLS 64

/* -------------------------------------------------------------------- set-up -- */

static gboolean
add_anchor (McTrust *trust, X509 *certificate, GError **error)
{
  if (X509_STORE_add_cert (trust->anchors, certificate) == 1)
    return TRUE;
  return _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE,
                                      _("trust anchor cannot be used"));
}

static gboolean
add_anchors (McTrust *trust, const McX509Stack *stack, GError **error)
{
  for (int i = 0; i < sk_X509_num (stack); i++)
    if (!add_anchor (trust, sk_X509_value (stack, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
load_anchor_files (McTrust *trust, GPtrArray *files, GError **error)
{
  for (guint i = 0; i < files->len; i++) {
    g_autoptr (McX509Stack) stack = sk_X509_new_null ();
    if (!_mc_smime_load_certificates (trust->engine, files->pdata[i], stack, error)
        || !add_anchors (trust, stack, error))
      return FALSE;
  }
  return TRUE;
}

typedef struct {
  GHashTable *distrusted;
  GPtrArray *anchors;
} PinState;

static void
note_pin (const char *fingerprint, const char *address, McPin pin, gpointer user_data)
{
  PinState *state = user_data;
  (void) address;
  if (pin == MC_PIN_DISTRUSTED)
    g_hash_table_add (state->distrusted, g_strdup (fingerprint));
  else if (pin == MC_PIN_ANCHOR)
    g_ptr_array_add (state->anchors, g_strdup (fingerprint));
}

static gboolean
add_pinned_anchors (McTrust *trust, GPtrArray *fingerprints, GError **error)
{
  for (guint i = 0; i < fingerprints->len; i++) {
    g_autoptr (McX509Stack) stack = sk_X509_new_null ();
    McStoreQuery query = { .field = MC_BY_FINGERPRINT, .text = fingerprints->pdata[i] };
    if (g_hash_table_contains (trust->distrusted, query.text))
      continue;
    if (!_mc_smime_find_x509 (trust->engine, &query, stack, error)
        || !add_anchors (trust, stack, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_system_anchors (McTrust *trust, GError **error)
{
  McSettings *settings = _mc_context_get_settings (trust->engine->context);
  if (g_strcmp0 (mc_settings_get (settings, "smime", "system-anchors"), "false") == 0)
    return TRUE;
  X509_LOOKUP *lookup = X509_STORE_add_lookup (trust->anchors, X509_LOOKUP_hash_dir ());
  if (lookup != NULL && X509_LOOKUP_add_dir (lookup, SYSTEM_ANCHORS, X509_FILETYPE_PEM) == 1)
    return TRUE;
  return _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE,
                                      _("the system's trust anchors cannot be used"));
}

static gboolean
load_pins (McTrust *trust, const McChainPolicy *policy, GError **error)
{
  McStore *store = NULL;
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func (g_free);
  PinState state = { trust->distrusted, anchors };
  if (!_mc_context_get_store (trust->engine->context, FALSE, &store, error)
      || !_mc_store_find_pins (store, MC_PROTOCOL_SMIME, NULL, note_pin, &state, error))
    return FALSE;
  if (policy->anchors->len > 0)
    return load_anchor_files (trust, policy->anchors, error);
  return add_pinned_anchors (trust, anchors, error) && add_system_anchors (trust, error);
}

static McRevocation
choose_revocation (McEngine *engine, const McChainPolicy *policy)
{
  if (policy->revocation_set)
    return policy->revocation;
  McSettings *settings = _mc_context_get_settings (engine->context);
  const char *word = mc_settings_get (settings, "smime", "revocation");
  if (g_strcmp0 (word, "hard") == 0)
    return MC_REVOCATION_HARD;
  return g_strcmp0 (word, "off") == 0 ? MC_REVOCATION_OFF : MC_REVOCATION_SOFT;
}

McTrust *
_mc_trust_new (McEngine *engine, GCancellable *cancellable, GError **error)
{
  const McChainPolicy *policy = _mc_context_get_chain_policy (engine->context);
  g_autoptr (McTrust) trust = g_new0 (McTrust, 1);
  trust->engine = engine;
  trust->anchors = X509_STORE_new ();
  trust->material = sk_X509_new_null ();
  trust->own_crls = sk_X509_CRL_new_null ();
  trust->found_crls = sk_X509_CRL_new_null ();
  trust->distrusted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  trust->looked_up = g_hash_table_new_full (g_bytes_hash, g_bytes_equal,
                                            (GDestroyNotify) g_bytes_unref, NULL);
  trust->revocation = choose_revocation (engine, policy);
  trust->inquiry = _mc_inquiry_new (engine, cancellable);

  if (!load_pins (trust, policy, error))
    return NULL;
  for (guint i = 0; i < policy->intermediates->len; i++)
    if (!_mc_smime_load_certificates (engine, policy->intermediates->pdata[i], trust->material,
                                      error))
      return NULL;
  for (guint i = 0; i < policy->crls->len; i++)
    if (!_mc_crls_load (engine, policy->crls->pdata[i], trust->own_crls, error))
      return NULL;
  return g_steal_pointer (&trust);
}

void
_mc_trust_free (McTrust *trust)
{
  if (trust == NULL)
    return;
  X509_STORE_free (trust->anchors);
  _mc_x509_stack_free (trust->material);
  _mc_crl_stack_free (trust->own_crls);
  _mc_crl_stack_free (trust->found_crls);
  _mc_crl_stack_free (trust->crls);
  g_hash_table_unref (trust->looked_up);
  g_hash_table_unref (trust->distrusted);
  _mc_inquiry_free (trust->inquiry);
  g_free (trust);
}

void
_mc_trust_add_material (McTrust *trust, const McX509Stack *certificates, const McCrlStack *crls)
{
  for (int i = 0; i < sk_X509_num (certificates); i++) {
    X509 *certificate = sk_X509_value (certificates, i);
    if (X509_up_ref (certificate) == 1)
      sk_X509_push (trust->material, certificate);
  }
  for (int i = 0; i < sk_X509_CRL_num (crls); i++)
    if (sk_X509_CRL_num (trust->found_crls) < MAX_CRLS)
      _mc_crls_add (trust->found_crls, sk_X509_CRL_value (crls, i));
  g_clear_pointer (&trust->crls, _mc_crl_stack_free);
  g_hash_table_remove_all (trust->looked_up);
}

const McX509Stack *
_mc_trust_get_material (const McTrust *trust)
{
  return trust->material;
}

static gboolean
is_distrusted (McTrust *trust, X509 *certificate)
{
  g_autofree char *fingerprint = _mc_x509_fingerprint (certificate);
  return g_hash_table_contains (trust->distrusted, fingerprint);
}

/* ------------------------------------------------------------------- issuers -- */

gboolean
_mc_trust_find_subject (McTrust *trust, const X509_NAME *subject, McX509Stack *found,
                        GError **error)
{
  g_autoptr (GBytes) name = _mc_x509_name_key (subject);
  McStoreQuery query = { .field = MC_BY_SUBJECT, .name = name };
  if (!_mc_smime_find_x509 (trust->engine, &query, found, error))
    return FALSE;
  for (int i = 0; i < sk_X509_num (trust->material); i++) {
    X509 *known = sk_X509_value (trust->material, i);
    if (X509_NAME_cmp (subject, X509_get_subject_name (known)) == 0)
      _mc_x509_stack_add (found, known);
  }
  return TRUE;
}

/* Adds to @candidates what may have issued @certificate. */
static gboolean
find_issuers (McTrust *trust, X509 *certificate, McX509Stack *candidates, GError **error)
{
  const X509_NAME *issuer = X509_get_issuer_name (certificate);
  return X509_NAME_cmp (issuer, X509_get_subject_name (certificate)) == 0
         || _mc_trust_find_subject (trust, issuer, candidates, error);
}

static void
add_sound (McX509Stack *stack, X509 *certificate)
{
  EVP_PKEY *key = X509_get0_pubkey (certificate);
  if (key != NULL && !_mc_key_is_sound (key))
    return;
  if (X509_up_ref (certificate) == 1 && sk_X509_push (stack, certificate) <= 0)
    X509_free (certificate);
}

/* Everything that OpenSSL may build with: the material, and from the store what a walk
 * upwards from @leaf meets. */
static McX509Stack *
collect_candidates (McTrust *trust, X509 *leaf, GError **error)
{
  g_autoptr (McX509Stack) walk = sk_X509_new_null ();
  g_autoptr (McX509Stack) all = sk_X509_new_null ();
  _mc_x509_stack_add (walk, leaf);
  for (int i = 0; i < sk_X509_num (walk) && i < MAX_ISSUERS; i++)
    if (!find_issuers (trust, sk_X509_value (walk, i), walk, error))
      return NULL;
  for (int i = 0; i < sk_X509_num (trust->material); i++)
    add_sound (all, sk_X509_value (trust->material, i));
  for (int i = 1; i < sk_X509_num (walk); i++)
    add_sound (all, sk_X509_value (walk, i));
  return g_steal_pointer (&all);
}

/* ------------------------------------------------------------------- OpenSSL -- */

typedef struct {
  GPtrArray *flaws;         /* of McFlaw */
  const X509_CRL *refused;  /* the last list that is not what it has to be */
} Collector;

/* Whether @code says that a list is not its issuer's, or not about the certificate: what
 * is in it then counts for nothing. */
static gboolean
refuses_list (int code)
{
  switch (code) {
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
      return TRUE;
    default:
      return FALSE;
  }
}

/* Notes every failing and goes on. In the chain of a revocation list's own signer it
 * does not: that list is then as good as none, which the outer chain is told. The error
 * is taken out of the context: OpenSSL would say it once more at the end of the chain, in
 * the place of what is wrong there. */
static int
collect (int ok, X509_STORE_CTX *context)
{
  if (ok || X509_STORE_CTX_get0_parent_ctx (context) != NULL)
    return ok;
  Collector *collector = X509_STORE_CTX_get_app_data (context);
  const X509_CRL *crl = X509_STORE_CTX_get0_current_crl (context);
  int code = X509_STORE_CTX_get_error (context);
  if (refuses_list (code))
    collector->refused = crl;
  if (code != X509_V_ERR_CERT_REVOKED || crl == NULL || crl != collector->refused)
    g_ptr_array_add (collector->flaws, _mc_flaw_new (code, X509_STORE_CTX_get_error_depth (context),
                                                     X509_STORE_CTX_get_current_cert (context)));
  X509_STORE_CTX_set_error (context, X509_V_OK);
  return 1;
}

static gboolean
add_policy (X509_VERIFY_PARAM *param, const char *oid, GError **error)
{
  ASN1_OBJECT *object = g_strcmp0 (oid, "anyPolicy") == 0 ? OBJ_nid2obj (NID_any_policy)
                                                          : OBJ_txt2obj (oid, 1);
  if (object != NULL && X509_VERIFY_PARAM_add0_policy (param, object) == 1)
    return TRUE;
  ASN1_OBJECT_free (object);
  _mc_set_error (error, MC_ERROR_INVALID, NULL, _("not a policy's OID: '%s'"), oid);
  return FALSE;
}

/* Without a word from the caller any policy is acceptable (RFC 5280 section 6.1.1); to
 * OpenSSL an empty set accepts none. */
static gboolean
add_policies (X509_VERIFY_PARAM *param, const McChainPolicy *policy, GError **error)
{
  if (policy->policies->len == 0)
    return add_policy (param, "anyPolicy", error);
  for (guint i = 0; i < policy->policies->len; i++)
    if (!add_policy (param, policy->policies->pdata[i], error))
      return FALSE;
  return TRUE;
}

#define REVOCATION_FLAGS                                                                  \
  (X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_EXTENDED_CRL_SUPPORT   \
   | X509_V_FLAG_USE_DELTAS)

static unsigned long
chain_flags (const McTrust *trust, const McChainPolicy *policy)
{
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK;
  if (trust->revocation != MC_REVOCATION_OFF)
    flags |= REVOCATION_FLAGS;
  if ((policy->policy_flags & MC_POLICY_REQUIRE_EXPLICIT) != 0)
    flags |= X509_V_FLAG_EXPLICIT_POLICY;
  if ((policy->policy_flags & MC_POLICY_INHIBIT_MAPPING) != 0)
    flags |= X509_V_FLAG_INHIBIT_MAP;
  if ((policy->policy_flags & MC_POLICY_INHIBIT_ANY) != 0)
    flags |= X509_V_FLAG_INHIBIT_ANY;
  return flags;
}

static X509_STORE_CTX *
prepare_chain (McTrust *trust, X509 *certificate, McX509Stack *candidates, GError **error)
{
  const McChainPolicy *policy = _mc_context_get_chain_policy (trust->engine->context);
  g_autoptr (X509_STORE_CTX) context = X509_STORE_CTX_new_ex (trust->engine->libctx, NULL);
  if (context == NULL
      || X509_STORE_CTX_init (context, trust->anchors, certificate, candidates) != 1) {
    _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE, _("chain cannot be built"));
    return NULL;
  }
  X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param (context);
  X509_VERIFY_PARAM_set_flags (param, chain_flags (trust, policy));
  X509_VERIFY_PARAM_set_auth_level (param, SECURITY_LEVEL);
  X509_VERIFY_PARAM_set_depth (param, MAX_DEPTH);
  X509_VERIFY_PARAM_set_time (param, (time_t) _mc_smime_now (trust->engine));
  if (!add_policies (param, policy, error))
    return NULL;
  X509_STORE_CTX_set0_crls (context, trust->crls);
  return g_steal_pointer (&context);
}

gboolean
_mc_trust_holds (McTrust *trust, X509 *certificate, gboolean *ret_holds, GError **error)
{
  g_autoptr (McX509Stack) candidates = collect_candidates (trust, certificate, error);
  if (candidates == NULL)
    return FALSE;
  g_autoptr (X509_STORE_CTX) context = prepare_chain (trust, certificate, candidates, error);
  if (context == NULL)
    return FALSE;
  X509_VERIFY_PARAM_clear_flags (X509_STORE_CTX_get0_param (context),
                                 REVOCATION_FLAGS | X509_V_FLAG_EXPLICIT_POLICY);
  *ret_holds = X509_verify_cert (context) == 1;
  const McX509Stack *chain = X509_STORE_CTX_get0_chain (context);
  for (int i = 0; i < sk_X509_num (chain) && *ret_holds; i++)
    *ret_holds = !is_distrusted (trust, sk_X509_value (chain, i))
                 && _mc_x509_allows_mail (sk_X509_value (chain, i));
  return TRUE;
}

/* Whatever else was found, a chain without a trusted certificate in it is none. */
static void
check_end (X509_STORE_CTX *context, X509 *certificate, GPtrArray *flaws)
{
  const McX509Stack *chain = X509_STORE_CTX_get0_chain (context);
  if (X509_STORE_CTX_get_num_untrusted (context) < sk_X509_num (chain))
    return;
  for (guint i = 0; i < flaws->len; i++)
    if (_mc_flaw_kind (flaws->pdata[i]) == MC_FLAW_UNTRUSTED)
      return;
  g_ptr_array_add (flaws, _mc_flaw_new (X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0, certificate));
}

/* An anchor is trusted because the user or the system says so, and for as long: whether it
 * was revoked need not be known (RFC 5280 section 6.1). */
static void
forgive_anchors (X509_STORE_CTX *context, GPtrArray *flaws)
{
  int untrusted = X509_STORE_CTX_get_num_untrusted (context);
  for (guint i = flaws->len; i > 0; i--) {
    const McFlaw *flaw = flaws->pdata[i - 1];
    if (_mc_flaw_kind (flaw) == MC_FLAW_REVOCATION && flaw->depth >= untrusted)
      g_ptr_array_remove_index (flaws, i - 1);
  }
}

/* Fills @flaws; *ret_chain (nullable) gets the chain as far as it was built. */
static gboolean
run_chain (McTrust *trust, X509 *certificate, GPtrArray *flaws, McX509Stack **ret_chain,
           GError **error)
{
  g_autoptr (McX509Stack) candidates = collect_candidates (trust, certificate, error);
  if (candidates == NULL)
    return FALSE;
  g_autoptr (X509_STORE_CTX) context = prepare_chain (trust, certificate, candidates, error);
  if (context == NULL)
    return FALSE;

  Collector collector = { .flaws = flaws };
  X509_STORE_CTX_set_app_data (context, &collector);
  X509_STORE_CTX_set_verify_cb (context, collect);
  int result = X509_verify_cert (context);
  /* The callback lets everything pass: what stops the engine all the same is no small
   * thing, whatever was noted before. */
  if (result != 1)
    g_ptr_array_add (flaws, _mc_flaw_new (X509_V_ERR_UNSPECIFIED, 0, certificate));
  forgive_anchors (context, flaws);
  check_end (context, certificate, flaws);
  *ret_chain = X509_STORE_CTX_get1_chain (context);
  return TRUE;
}

/* ----------------------------------------------------------------- judgement -- */

typedef struct {
  McTrust *trust;
  McKey *key;
  X509 *certificate;
  McJudgement judgement;
  gboolean broken;          /* the chain does not hold */
} Judge;

static void
add_reason (Judge *self, const char *code, const char *text)
{
  if (!_mc_reasons_have (self->key->reasons, code))
    g_ptr_array_add (self->key->reasons, _mc_reason_new (code, NULL, "%s", text));
}

static void
judge_time (Judge *self, gint64 signed_at)
{
  McKey *key = self->key;
  if (key->validity == MC_VALIDITY_NOT_YET)
    add_reason (self, "not-yet-valid", _("the certificate is not valid yet"));
  if (key->validity != MC_VALIDITY_EXPIRED)
    return;
  if (signed_at >= key->valid_from && signed_at <= key->valid_until && signed_at != 0)
    add_reason (self, "expired-since",
                _("the certificate has expired; it was valid at the time that the signature claims"));
  else
    add_reason (self, "expired", _("the certificate has expired"));
}

static gboolean
is_pinned (const McKey *key)
{
  for (guint i = 0; i < key->identities->len; i++)
    if (((McIdentity *) key->identities->pdata[i])->trust == MC_TRUST_TRUSTED)
      return TRUE;
  return FALSE;
}

/* Whether it can be named to `keys trust`. */
static gboolean
is_in_store (const char *fingerprint, gpointer user_data)
{
  const McTrust *trust = user_data;
  g_autoptr (McX509Stack) found = sk_X509_new_null ();
  McStoreQuery query = { .field = MC_BY_FINGERPRINT, .text = fingerprint };
  return _mc_smime_find_x509 (trust->engine, &query, found, NULL) && sk_X509_num (found) > 0;
}

/* With a pin the user answered who it is: what is said of the certificate itself still
 * counts then; what is said of the chain counts for the addresses without a pin. */
static void
apply_flaw (Judge *self, const McFlaw *flaw, gboolean pinned)
{
  gboolean hard = self->trust->revocation == MC_REVOCATION_HARD, own = FALSE;
  switch (_mc_flaw_kind (flaw)) {
    case MC_FLAW_TIME:
      if (flaw->depth == 0)
        return;   /* said already */
      self->broken = TRUE;
      break;
    case MC_FLAW_REVOKED:
      own = flaw->depth == 0;
      if (own)
        self->key->validity = MC_VALIDITY_REVOKED;
      self->broken = TRUE;
      break;
    case MC_FLAW_REVOCATION:
      self->broken |= hard;
      break;
    case MC_FLAW_WEAK_KEY:
      own = TRUE;
      self->judgement.weak = TRUE;
      break;
    case MC_FLAW_WEAK_CHAIN:
      self->judgement.weak |= !pinned;
      self->broken |= pinned;
      break;
    case MC_FLAW_UNTRUSTED:
    case MC_FLAW_BROKEN:
    default:
      self->broken = TRUE;
      break;
  }
  if (own || !pinned)
    _mc_flaw_explain (flaw, self->key->fingerprint, hard, is_in_store, self->trust,
                      self->key->reasons);
}

/* An issuer that the user distrusts spoils what it issued. So does one that is not made for
 * mail: what its extended usage leaves out, it may not hand on. */
static void
judge_issuers (Judge *self, const McX509Stack *chain, gboolean pinned)
{
  for (int i = 1; i < sk_X509_num (chain); i++) {
    X509 *issuer = sk_X509_value (chain, i);
    gboolean distrusted = is_distrusted (self->trust, issuer);
    gboolean for_mail = _mc_x509_allows_mail (issuer);
    gboolean permits = _mc_x509_permits (issuer, self->key->identities);
    self->broken |= distrusted || !for_mail || !permits;
    if (!permits && !pinned)
      add_reason (self, "name-constraints",
                  _("an issuer may not issue certificates for this address"));
    if (distrusted && !pinned)
      add_reason (self, "distrusted-issuer", _("you distrusted an issuer of the certificate"));
    if (!for_mail && !pinned)
      add_reason (self, "wrong-purpose", _("an issuer of the certificate is not made for mail"));
  }
}

/* Runs the chain again in the place of what the first run gave. */
static gboolean
run_again (Judge *self, GPtrArray *flaws, McX509Stack **chain, GError **error)
{
  g_clear_pointer (chain, _mc_x509_stack_free);
  g_ptr_array_set_size (flaws, 0);
  return run_chain (self->trust, self->certificate, flaws, chain, error);
}

static gboolean
is_unknown (const GPtrArray *flaws, int depth)
{
  for (guint i = 0; i < flaws->len; i++) {
    const McFlaw *flaw = flaws->pdata[i];
    if (flaw->depth == depth && _mc_flaw_kind (flaw) == MC_FLAW_REVOCATION)
      return TRUE;
  }
  return FALSE;
}

/* Only authorities under an anchor are asked: whoever writes a message can put any address
 * into a certificate of his own making. */
static gboolean
may_ask (const Judge *self, const GPtrArray *flaws)
{
  for (guint i = 0; i < flaws->len; i++)
    if (_mc_flaw_kind (flaws->pdata[i]) != MC_FLAW_REVOCATION)
      return FALSE;
  return self->trust->inquiry != NULL && !self->broken && self->key->validity == MC_VALIDITY_VALID;
}

/* A responder's word takes the place of the list that is missing. */
static gboolean
ask_responder (Judge *self, const McX509Stack *chain, int depth, GPtrArray *flaws, GError **error)
{
  McOcspStatus status = MC_OCSP_UNKNOWN;
  X509 *certificate = sk_X509_value (chain, depth);
  if (!_mc_inquiry_ask (self->trust->inquiry, certificate, sk_X509_value (chain, depth + 1), &status,
                        error))
    return FALSE;
  if (status == MC_OCSP_UNKNOWN)
    return TRUE;
  for (guint i = flaws->len; i > 0; i--) {
    const McFlaw *flaw = flaws->pdata[i - 1];
    if (flaw->depth == depth && _mc_flaw_kind (flaw) == MC_FLAW_REVOCATION)
      g_ptr_array_remove_index (flaws, i - 1);
  }
  if (status == MC_OCSP_REVOKED)
    g_ptr_array_add (flaws, _mc_flaw_new (X509_V_ERR_CERT_REVOKED, depth, certificate));
  return TRUE;
}

/* Lists first: they tell an authority less than a question about one certificate does, and
 * they are kept. */
static gboolean
ask_authorities (Judge *self, GPtrArray *flaws, McX509Stack **chain, GError **error)
{
  gboolean more = FALSE;
  for (int i = 0; i + 1 < sk_X509_num (*chain); i++)
    if (is_unknown (flaws, i)
        && !_mc_trust_fetch_lists (self->trust, sk_X509_value (*chain, i), &more, error))
      return FALSE;
  if (more && !run_again (self, flaws, chain, error))
    return FALSE;
  for (int i = 0; i + 1 < sk_X509_num (*chain); i++)
    if (is_unknown (flaws, i) && !ask_responder (self, *chain, i, flaws, error))
      return FALSE;
  return TRUE;
}

static void
tell_problem (Judge *self, const GPtrArray *flaws)
{
  const char *problem =
    self->trust->inquiry != NULL ? _mc_inquiry_get_problem (self->trust->inquiry) : NULL;
  for (guint i = 0; problem != NULL && i < flaws->len; i++)
    if (_mc_flaw_kind (flaws->pdata[i]) == MC_FLAW_REVOCATION) {
      g_autofree char *text =
        g_strdup_printf (_("asking about revocation has failed: %s"), problem);
      add_reason (self, "revocation-fetch", text);
      return;
    }
}

static gboolean
judge_chain (Judge *self, gboolean pinned, GError **error)
{
  g_autoptr (GPtrArray) flaws =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_flaw_free);
  g_autoptr (McX509Stack) chain = NULL;
  gboolean looks = self->trust->revocation != MC_REVOCATION_OFF, more = FALSE;
  if (looks && !_mc_trust_choose_lists (self->trust, error))
    return FALSE;
  if (!run_chain (self->trust, self->certificate, flaws, &chain, error))
    return FALSE;
  if (looks && !_mc_trust_add_cached_lists (self->trust, chain, &more, error))
    return FALSE;
  if (more && !run_again (self, flaws, &chain, error))
    return FALSE;
  judge_issuers (self, chain, pinned);
  if (looks && !pinned && may_ask (self, flaws) && !ask_authorities (self, flaws, &chain, error))
    return FALSE;
  for (guint i = 0; i < flaws->len; i++)
    apply_flaw (self, flaws->pdata[i], pinned);
  if (!pinned)
    tell_problem (self, flaws);
  return TRUE;
}

/* The chain's answer for identities that no pin has answered for. */
static void
settle_identities (Judge *self)
{
  for (guint i = 0; i < self->key->identities->len; i++) {
    McIdentity *identity = self->key->identities->pdata[i];
    if (identity->trust == MC_TRUST_UNKNOWN)
      identity->trust = self->broken ? MC_TRUST_UNTRUSTED : MC_TRUST_TRUSTED;
  }
}

gboolean
_mc_trust_judge (McTrust *trust, McKey *key, McKeyUse use, gint64 signed_at,
                 McJudgement *ret_judgement, GError **error)
{
  Judge self = { .trust = trust, .key = key, .certificate = _mc_smime_key_x509 (key) };
  judge_time (&self, signed_at);
  self.judgement.unfit = !_mc_x509_check_purpose (self.certificate, use, key->reasons);
  if (key->weak) {
    self.judgement.weak = TRUE;
    add_reason (&self, "weak-key", _("the certificate's key is too short"));
  }
  if (!_mc_key_apply_pins (trust->engine->context, key, error))
    return FALSE;

  gboolean distrusted = g_hash_table_contains (trust->distrusted, key->fingerprint);
  gboolean pinned = !distrusted && is_pinned (key);
  if (!judge_chain (&self, pinned, error))
    return FALSE;
  settle_identities (&self);
  self.judgement.chain_failed = distrusted || (self.broken && !pinned);
  *ret_judgement = self.judgement;
  return TRUE;
}

McX509Stack *
_mc_trust_build (McTrust *trust, X509 *certificate, GError **error)
{
  g_autoptr (GPtrArray) flaws =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_flaw_free);
  McX509Stack *chain = NULL;
  if (!run_chain (trust, certificate, flaws, &chain, error))
    return NULL;
  return chain != NULL ? chain : sk_X509_new_null ();
}
