/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signatures, each judged for itself. GPGME's "success" says only that gpg ran: what
 * counts is each signature's own status, and that gpg's own words agree with it. */
#include "config.h"

#include "openpgp/openpgp.h"

#include "base/error.h"
#include "base/text.h"
#include "openpgp/armor.h"
#include "openpgp/status.h"

#include <glib/gi18n-lib.h>
#include <string.h>

void
_mc_openpgp_mark_malformed (McLayer *layer, const char *code, const char *text)
{
  layer->structure = MC_CONTENT_MALFORMED;
  _mc_layer_add_reason (layer, code, NULL, "%s", text);
}

static void
add_reason (McSigner *signer, const char *code, const char *hint, const char *text)
{
  if (!_mc_reasons_have (signer->reasons, code))
    g_ptr_array_add (signer->reasons, _mc_reason_new (code, hint, "%s", text));
}

/* -------------------------------------------------------------------- facts -- */

/* A key id is the end of a (version 4) fingerprint. */
static char *
key_id_of (const char *fingerprint)
{
  if (fingerprint == NULL)
    return NULL;
  gsize size = strlen (fingerprint);
  return g_ascii_strdown (size > 16 ? fingerprint + size - 16 : fingerprint, -1);
}

/* GPGME has numbers of its own for elliptic curves. */
static const char *
public_key_name (gpgme_pubkey_algo_t algorithm)
{
  switch (algorithm) {
  case GPGME_PK_ECDSA:
    return "ecdsa";
  case GPGME_PK_EDDSA:
    return "eddsa";
  case GPGME_PK_ECDH:
    return "ecdh";
  default:
    return _mc_pgp_public_key_name ((guint) algorithm);
  }
}

/* gpg says of an intact signature which key made it, in full; and GPGME's summary must
 * not speak against it. It is red for a key that is trusted by nobody, which is no word
 * on the content. */
static gboolean
is_consistent (const struct _gpgme_signature *signature, const McValidSig *valid)
{
  const guint against = GPGME_SIGSUM_KEY_MISSING | GPGME_SIGSUM_SYS_ERROR;
  if (valid == NULL || valid->type > 1 || strlen (valid->primary) < 40)
    return FALSE;
  if ((signature->summary & against) != 0)
    return FALSE;
  return (signature->summary & GPGME_SIGSUM_RED) == 0
         || signature->validity == GPGME_VALIDITY_NEVER;
}

static McContentFact
judge_content (const McRun *run, const struct _gpgme_signature *signature,
               const McValidSig *valid)
{
  gboolean proven = run->code == 0 && is_consistent (signature, valid);
  switch (gpgme_err_code (signature->status)) {
  case GPG_ERR_NO_ERROR:
  case GPG_ERR_SIG_EXPIRED:
  case GPG_ERR_KEY_EXPIRED:
  case GPG_ERR_CERT_REVOKED:
    return proven ? MC_CONTENT_INTACT : MC_CONTENT_UNKNOWN;
  case GPG_ERR_BAD_SIGNATURE:
    return MC_CONTENT_ALTERED;
  case GPG_ERR_NO_PUBKEY:
    return MC_CONTENT_UNCHECKED;
  default:
    return MC_CONTENT_UNKNOWN;
  }
}

static McValidity
judge_validity (const struct _gpgme_signature *signature)
{
  switch (gpgme_err_code (signature->status)) {
  case GPG_ERR_NO_ERROR:
    return MC_VALIDITY_VALID;
  case GPG_ERR_SIG_EXPIRED:
  case GPG_ERR_KEY_EXPIRED:
    return MC_VALIDITY_EXPIRED;
  case GPG_ERR_CERT_REVOKED:
    return MC_VALIDITY_REVOKED;
  default:
    return MC_VALIDITY_UNKNOWN;
  }
}

static void
explain_content (const McRun *run, McSigner *signer, const struct _gpgme_signature *signature)
{
  g_autofree char *text = NULL;
  switch (signer->content) {
  case MC_CONTENT_ALTERED:
    add_reason (signer, "altered", NULL, _("the content or the signature was altered"));
    return;
  case MC_CONTENT_UNCHECKED:
    text = g_strdup_printf (_("there is no public key %s to check the signature with"),
                            signer->key_id != NULL ? signer->key_id : "?");
    add_reason (signer, "unknown-key", _("import the signer's key: mailcrypt keys import FILE"),
                text);
    return;
  case MC_CONTENT_UNKNOWN:
    text = g_strdup_printf (_("GnuPG could not check the signature: %s"),
                            gpgme_strerror (run->code != 0 ? run->code : signature->status));
    add_reason (signer, "not-checked", NULL, text);
    return;
  default:
    return;
  }
}

static void
explain_validity (McSigner *signer, const struct _gpgme_signature *signature)
{
  gpgme_err_code_t code = gpgme_err_code (signature->status);
  if (code == GPG_ERR_SIG_EXPIRED)
    add_reason (signer, "signature-expired", NULL, _("the signature has expired"));
  else if (code == GPG_ERR_CERT_REVOKED)
    add_reason (signer, "revoked", NULL, _("the signer's key was revoked"));
  if (signature->wrong_key_usage) {
    signer->unfit = TRUE;
    add_reason (signer, "key-usage", NULL, _("the signer's key is not made for signing"));
  }
}

static void
judge_digest (McSigner *signer, guint number)
{
  signer->digest = g_strdup (_mc_pgp_digest_name (number));
  if (!_mc_pgp_digest_is_weak (number))
    return;
  signer->weak = TRUE;
  g_autofree char *text =
    g_strdup_printf (_("the signature's digest is too weak to count: %s"),
                     signer->digest != NULL ? signer->digest : _("unknown"));
  add_reason (signer, "weak-digest", NULL, text);
}

static const McPgpSignature *
find_described (const McPgpObject *object, const char *key_id)
{
  for (guint i = 0; object != NULL && key_id != NULL && i < object->signatures->len; i++) {
    const McPgpSignature *described = object->signatures->pdata[i];
    if (g_strcmp0 (described->key_id, key_id) == 0)
      return described;
  }
  return NULL;
}

/* Of a signature that does not hold, GPGME tells neither algorithms nor time. */
static void
take_algorithms (McSigner *signer, const struct _gpgme_signature *signature,
                 const McPgpObject *object)
{
  const McPgpSignature *described = find_described (object, signer->key_id);
  guint digest = (guint) signature->hash_algo;
  signer->algorithm = g_strdup (public_key_name (signature->pubkey_algo));
  signer->signed_at = (gint64) signature->timestamp;
  if (described != NULL) {
    digest = digest != 0 ? digest : described->digest_algorithm;
    signer->signed_at = signer->signed_at > 0 ? signer->signed_at : described->signed_at;
    if (signer->algorithm == NULL)
      signer->algorithm = g_strdup (_mc_pgp_public_key_name (described->public_key_algorithm));
  }
  if (digest != 0 || signer->content == MC_CONTENT_INTACT)
    judge_digest (signer, digest);
}

static McSigner *
signer_new (const McRun *run, const struct _gpgme_signature *signature,
            const McPgpObject *object, gboolean judge)
{
  McSigner *signer = _mc_signer_new ();
  const McValidSig *valid =
    signature->fpr != NULL ? _mc_status_find_valid (&run->status, signature->fpr) : NULL;
  signer->key_id = key_id_of (signature->fpr);
  if (valid != NULL)
    signer->fingerprint = g_ascii_strdown (valid->primary, -1);
  if (judge) {
    signer->content = judge_content (run, signature, valid);
    signer->validity = judge_validity (signature);
    explain_content (run, signer, signature);
    explain_validity (signer, signature);
  }
  take_algorithms (signer, signature, object);
  return signer;
}

/* -------------------------------------------------------------------- keys -- */

static gpgme_key_t
find_key (GPtrArray *keys, const char *fingerprint)
{
  for (guint i = 0; i < keys->len; i++) {
    gpgme_key_t key = keys->pdata[i];
    if (key->fpr != NULL && g_ascii_strcasecmp (key->fpr, fingerprint) == 0)
      return key;
  }
  return NULL;
}

static gpgme_subkey_t
find_subkey (gpgme_key_t key, const char *key_id)
{
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
    if (subkey->keyid != NULL && g_ascii_strcasecmp (subkey->keyid, key_id) == 0)
      return subkey;
  return NULL;
}

/* When the signing key stopped to hold: the primary key's end is its end too. */
static gint64
expiry_of (gpgme_key_t key, gpgme_subkey_t subkey)
{
  gint64 primary = key->subkeys != NULL ? key->subkeys->expires : 0;
  gint64 own = subkey != NULL ? subkey->expires : 0;
  return primary > 0 && (own == 0 || primary < own) ? primary : own;
}

static void
explain_expiry (McSigner *signer)
{
  if (signer->validity != MC_VALIDITY_EXPIRED
      || _mc_reasons_have (signer->reasons, "signature-expired"))
    return;
  if (signer->valid_until > 0 && signer->signed_at > 0
      && signer->signed_at < signer->valid_until)
    add_reason (signer, "expired-since", NULL,
                _("the signer's key has expired since the signature was made"));
  else
    add_reason (signer, "expired", NULL, _("the signer's key has expired"));
}

static void
explain_trust (McSigner *signer)
{
  for (guint i = 0; i < signer->identities->len; i++)
    if (((McIdentity *) signer->identities->pdata[i])->trust == MC_TRUST_TRUSTED)
      return;
  if (signer->content != MC_CONTENT_INTACT || signer->fingerprint == NULL)
    return;
  g_autofree char *hint = g_strdup_printf (
    _("when you have compared the fingerprint with its owner: mailcrypt keys trust %s"),
    signer->fingerprint);
  add_reason (signer, "untrusted", hint, _("nobody has confirmed that the key is theirs"));
}

/* What the listing says against the key holds even where the verification was silent. */
static void
take_key_flags (McSigner *signer, gpgme_key_t key, gpgme_subkey_t subkey)
{
  if (key->revoked || (subkey != NULL && subkey->revoked)) {
    signer->validity = MC_VALIDITY_REVOKED;
    add_reason (signer, "revoked", NULL, _("the signer's key was revoked"));
  } else if (key->disabled || key->invalid || (subkey != NULL && subkey->invalid)) {
    signer->validity = MC_VALIDITY_UNUSABLE;
    add_reason (signer, "disabled", NULL, _("the signer's key is disabled or broken"));
  }
  if (_mc_openpgp_subkey_is_weak (key->subkeys)
      || (subkey != NULL && _mc_openpgp_subkey_is_weak (subkey))) {
    signer->weak = TRUE;
    add_reason (signer, "weak-key", NULL, _("the signer's key is too weak to count"));
  }
}

static gboolean
take_key (McEngine *engine, McSigner *signer, gpgme_key_t native, GError **error)
{
  g_autoptr (McKey) key = _mc_openpgp_key_new (engine, native);
  if (!_mc_key_apply_pins (engine->context, key, error))
    return FALSE;
  for (guint i = 0; i < key->identities->len; i++)
    g_ptr_array_add (signer->identities, _mc_identity_copy (key->identities->pdata[i]));
  _mc_reasons_merge (signer->reasons, key->reasons);

  gpgme_subkey_t subkey = signer->key_id != NULL ? find_subkey (native, signer->key_id) : NULL;
  signer->valid_from = subkey != NULL ? subkey->timestamp : 0;
  signer->valid_until = expiry_of (native, subkey);
  take_key_flags (signer, native, subkey);
  return TRUE;
}

/* One run of gpg for all signers together. */
static gboolean
look_up_keys (McRun *run, McLayer *layer, GError **error)
{
  g_autoptr (GPtrArray) patterns = g_ptr_array_new ();
  for (guint i = 0; i < layer->signers->len; i++) {
    const McSigner *signer = layer->signers->pdata[i];
    if (signer->content == MC_CONTENT_INTACT && signer->fingerprint != NULL)
      g_ptr_array_add (patterns, signer->fingerprint);
  }
  if (patterns->len == 0)
    return TRUE;
  _mc_openpgp_add_recipient_patterns (run->recipients, patterns);
  g_ptr_array_add (patterns, NULL);
  g_autoptr (GPtrArray) keys = _mc_openpgp_list (run->engine, (const char *const *) patterns->pdata,
                                                 FALSE, run->cancellable, error);
  if (keys == NULL)
    return FALSE;
  _mc_openpgp_name_recipients (run->recipients, keys);
  for (guint i = 0; i < layer->signers->len; i++) {
    McSigner *signer = layer->signers->pdata[i];
    gpgme_key_t key =
      signer->fingerprint != NULL ? find_key (keys, signer->fingerprint) : NULL;
    if (key != NULL && !take_key (run->engine, signer, key, error))
      return FALSE;
    explain_expiry (signer);
    explain_trust (signer);
  }
  return TRUE;
}

/* ------------------------------------------------------------------- layers -- */

void
_mc_openpgp_describe_signatures (const McPgpObject *object, McLayer *layer)
{
  for (guint i = 0; i < object->signatures->len; i++) {
    const McPgpSignature *described = object->signatures->pdata[i];
    McSigner *signer = _mc_signer_new ();
    signer->key_id = g_strdup (described->key_id);
    signer->algorithm = g_strdup (_mc_pgp_public_key_name (described->public_key_algorithm));
    signer->signed_at = described->signed_at;
    judge_digest (signer, described->digest_algorithm);
    if (i == 0 && signer->digest != NULL)
      _mc_layer_set_algorithm (layer, "digest", signer->digest);
    g_ptr_array_add (layer->signers, signer);
  }
}

gboolean
_mc_openpgp_take_signatures (McRun *run, const McPgpObject *object, gboolean judge,
                             McLayer *layer, GError **error)
{
  gpgme_verify_result_t result = gpgme_op_verify_result (run->gpgme);
  gpgme_signature_t signature = result != NULL ? result->signatures : NULL;
  for (; signature != NULL; signature = signature->next) {
    McSigner *signer = signer_new (run, signature, object, judge);
    g_ptr_array_add (layer->signers, signer);
    if (layer->signers->len == 1 && signer->digest != NULL)
      _mc_layer_set_algorithm (layer, "digest", signer->digest);
  }
  /* gpg leaves out what it cannot read, such as signatures of version 6. */
  if (layer->signers->len == 0 && object != NULL)
    _mc_openpgp_describe_signatures (object, layer);
  if (layer->signers->len == 0)
    _mc_openpgp_mark_malformed (layer, "no-signature", _("there is no signature in it"));
  return !judge || look_up_keys (run, layer, error);
}

/* ----------------------------------------------------------------- detached -- */

static gboolean
run_verify (McRun *run, GInputStream *octets, GInputStream *text, GError **error)
{
  g_auto (McData) signature = { 0 };
  g_auto (McData) content = { 0 };
  if (!_mc_data_open_input (&signature, octets, run->cancellable, error)
      || !_mc_data_open_input (&content, text, run->cancellable, error))
    return FALSE;
  run->code = gpgme_op_verify (run->gpgme, signature.data, content.data, NULL);
  if (_mc_data_take_error (&signature, error) || _mc_data_take_error (&content, error))
    return FALSE;
  return !_mc_run_is_broken (run, run->code, error);
}

gboolean
_mc_openpgp_verify_detached (McEngine *engine, const McVerifyJob *job, gboolean judge,
                             McLayer *layer, GCancellable *cancellable, GError **error)
{
  g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
  if (!_mc_pgp_object_read_span (job->signature, _mc_context_get_limits (engine->context), NULL,
                                 &object, cancellable, error))
    return FALSE;
  if (object.problem != NULL || object.kind != MC_PGP_SIGNATURES) {
    _mc_openpgp_mark_malformed (layer, "malformed", object.problem_text != NULL
                                                      ? object.problem_text
                                                      : _("it is no detached signature"));
    return TRUE;
  }
  g_auto (McRun) run = { 0 };
  g_autoptr (GInputStream) octets = _mc_armor_open (job->signature, NULL, cancellable, error);
  g_autoptr (GInputStream) text = _mc_span_open (job->content, MC_NEWLINES_CRLF);
  return octets != NULL && _mc_run_start (&run, engine, MC_RUN_PUBLIC, cancellable, error)
         && run_verify (&run, octets, text, error)
         && _mc_openpgp_take_signatures (&run, &object, judge, layer, error);
}

/* gpg is never given the object itself: it would open whatever it finds in it, ciphertext
 * too, and do so unchecked. */
gboolean
_mc_openpgp_verify_enclosed (McEngine *engine, const McPgpObject *object, McSpool *content,
                             GPtrArray *recipients, gboolean judge, McLayer *layer,
                             GCancellable *cancellable, GError **error)
{
  if (!judge) {
    _mc_openpgp_describe_signatures (object, layer);
    return TRUE;
  }
  g_auto (McRun) run = { 0 };
  const GByteArray *packets = object->signature_packets;
  g_autoptr (GInputStream) octets =
    g_memory_input_stream_new_from_data (packets->data, (gssize) packets->len, NULL);
  g_autoptr (GInputStream) text = _mc_span_open (_mc_span_whole (content), MC_NEWLINES_AS_IS);
  if (!_mc_run_start (&run, engine, MC_RUN_PUBLIC, cancellable, error)
      || !run_verify (&run, octets, text, error))
    return FALSE;
  run.recipients = recipients;
  return _mc_openpgp_take_signatures (&run, object, TRUE, layer, error);
}

gboolean
_mc_openpgp_verify (McEngine *engine, const McVerifyJob *job, McLayer *layer,
                    GCancellable *cancellable, GError **error)
{
  return _mc_openpgp_verify_detached (engine, job, TRUE, layer, cancellable, error);
}
