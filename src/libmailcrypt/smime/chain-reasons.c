/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/chain-reasons.h"

#include "base/text.h"
#include "smime/certificate.h"
#include "smime/names.h"

#include <glib/gi18n-lib.h>

typedef enum {
  HINT_NONE,
  HINT_ISSUER,              /* get the issuer's certificate */
  HINT_ANCHOR,              /* trust the root that was found */
  HINT_PIN,                 /* trust the certificate itself */
  HINT_CRL,
} HintKind;

typedef struct {
  int code;
  McFlawKind kind;
  const char *word;
  HintKind hint;
  const char *text;         /* nullable: OpenSSL's own */
} FlawInfo;

static const FlawInfo flaws[] = {
  { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, MC_FLAW_UNTRUSTED, "no-chain", HINT_ISSUER,
    N_("the issuer's certificate is not known") },
  { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, MC_FLAW_UNTRUSTED, "no-chain", HINT_ISSUER,
    N_("the issuer's certificate is not known") },
  { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, MC_FLAW_UNTRUSTED, "no-chain", HINT_ISSUER,
    N_("the issuer's certificate is not known") },
  { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, MC_FLAW_UNTRUSTED, "self-signed", HINT_PIN,
    N_("the certificate is signed by nobody but itself") },
  { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, MC_FLAW_UNTRUSTED, "untrusted-root", HINT_ANCHOR,
    N_("the root of the chain is not trusted") },
  { X509_V_ERR_CERT_UNTRUSTED, MC_FLAW_UNTRUSTED, "untrusted-root", HINT_ANCHOR,
    N_("the root of the chain is not trusted") },
  { X509_V_ERR_CERT_REJECTED, MC_FLAW_UNTRUSTED, "untrusted-root", HINT_NONE,
    N_("the root of the chain is not trusted for this") },
  { X509_V_ERR_CERT_NOT_YET_VALID, MC_FLAW_TIME, "not-yet-valid", HINT_NONE,
    N_("a certificate of the chain is not valid yet") },
  { X509_V_ERR_CERT_HAS_EXPIRED, MC_FLAW_TIME, "expired", HINT_NONE,
    N_("a certificate of the chain has expired") },
  { X509_V_ERR_CERT_REVOKED, MC_FLAW_REVOKED, "revoked", HINT_NONE,
    N_("the certificate was revoked by its issuer") },
  { X509_V_ERR_EE_KEY_TOO_SMALL, MC_FLAW_WEAK_KEY, "weak-key", HINT_NONE,
    N_("the certificate's key is too short") },
  { X509_V_ERR_CA_KEY_TOO_SMALL, MC_FLAW_WEAK_CHAIN, "weak-chain", HINT_NONE,
    N_("an issuer's key is too short") },
  { X509_V_ERR_CA_MD_TOO_WEAK, MC_FLAW_WEAK_CHAIN, "weak-chain", HINT_NONE,
    N_("a certificate of the chain is signed with a weak digest") },
  { X509_V_ERR_UNABLE_TO_GET_CRL, MC_FLAW_REVOCATION, "crl-missing", HINT_CRL,
    N_("no revocation list says whether the certificate was revoked") },
  { X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, MC_FLAW_REVOCATION, "crl-missing", HINT_CRL,
    N_("no revocation list says whether the certificate was revoked") },
  { X509_V_ERR_DIFFERENT_CRL_SCOPE, MC_FLAW_REVOCATION, "crl-missing", HINT_CRL,
    N_("no revocation list for certificates of this kind") },
  { X509_V_ERR_CRL_HAS_EXPIRED, MC_FLAW_REVOCATION, "crl-expired", HINT_CRL,
    N_("the revocation list is out of date") },
  { X509_V_ERR_CRL_NOT_YET_VALID, MC_FLAW_REVOCATION, "crl-invalid", HINT_CRL,
    N_("the revocation list is not valid yet") },
  { X509_V_ERR_CRL_SIGNATURE_FAILURE, MC_FLAW_BROKEN, "crl-invalid", HINT_CRL,
    N_("the revocation list's signature is wrong") },
  { X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, MC_FLAW_BROKEN, "crl-invalid", HINT_CRL,
    N_("the revocation list's signature is wrong") },
  { X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, MC_FLAW_REVOCATION, "crl-invalid", HINT_CRL, NULL },
  { X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, MC_FLAW_REVOCATION, "crl-invalid", HINT_CRL, NULL },
  { X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, MC_FLAW_REVOCATION, "crl-invalid", HINT_CRL,
    N_("the revocation list is signed by a key that may not sign such lists") },
  { X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, MC_FLAW_REVOCATION, "crl-invalid", HINT_CRL,
    N_("the revocation list has a critical extension that is not understood") },
  { X509_V_ERR_CRL_PATH_VALIDATION_ERROR, MC_FLAW_REVOCATION, "crl-invalid", HINT_CRL,
    N_("the revocation list's own chain does not hold") },
  { X509_V_ERR_INVALID_CA, MC_FLAW_BROKEN, "invalid-ca", HINT_NONE,
    N_("a certificate of the chain may not issue others") },
  { X509_V_ERR_INVALID_NON_CA, MC_FLAW_BROKEN, "invalid-ca", HINT_NONE, NULL },
  { X509_V_ERR_KEYUSAGE_NO_CERTSIGN, MC_FLAW_BROKEN, "invalid-ca", HINT_NONE,
    N_("a certificate of the chain may not issue others") },
  { X509_V_ERR_PATH_LENGTH_EXCEEDED, MC_FLAW_BROKEN, "path-length", HINT_NONE,
    N_("the chain is longer than one of its issuers allows") },
  { X509_V_ERR_CERT_SIGNATURE_FAILURE, MC_FLAW_BROKEN, "bad-certificate", HINT_NONE,
    N_("a certificate of the chain has a wrong signature") },
  { X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, MC_FLAW_BROKEN, "critical-extension", HINT_NONE,
    N_("a certificate of the chain has a critical extension that is not understood") },
  { X509_V_ERR_NO_EXPLICIT_POLICY, MC_FLAW_BROKEN, "policy", HINT_NONE,
    N_("the chain was not issued under an acceptable policy") },
  { X509_V_ERR_INVALID_POLICY_EXTENSION, MC_FLAW_BROKEN, "policy", HINT_NONE,
    N_("a certificate of the chain has a broken policy") },
  { X509_V_ERR_PERMITTED_VIOLATION, MC_FLAW_BROKEN, "name-constraints", HINT_NONE,
    N_("an issuer may not issue certificates for this name") },
  { X509_V_ERR_EXCLUDED_VIOLATION, MC_FLAW_BROKEN, "name-constraints", HINT_NONE,
    N_("an issuer may not issue certificates for this name") },
  { X509_V_ERR_SUBTREE_MINMAX, MC_FLAW_BROKEN, "name-constraints", HINT_NONE, NULL },
  { X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, MC_FLAW_BROKEN, "name-constraints", HINT_NONE, NULL },
  { X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, MC_FLAW_BROKEN, "name-constraints", HINT_NONE, NULL },
  { X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, MC_FLAW_BROKEN, "name-constraints", HINT_NONE, NULL },
};

static const FlawInfo unknown_flaw = { 0, MC_FLAW_BROKEN, "invalid-chain", HINT_NONE, NULL };

static const FlawInfo *
find_info (int code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (flaws); i++)
    if (flaws[i].code == code)
      return &flaws[i];
  return &unknown_flaw;
}

McFlaw *
_mc_flaw_new (int code, int depth, X509 *certificate)
{
  McFlaw *flaw = g_new0 (McFlaw, 1);
  flaw->code = code;
  flaw->depth = depth;
  if (certificate != NULL && X509_up_ref (certificate) == 1)
    flaw->certificate = certificate;
  return flaw;
}

void
_mc_flaw_free (McFlaw *flaw)
{
  if (flaw == NULL)
    return;
  X509_free (flaw->certificate);
  g_free (flaw);
}

McFlawKind
_mc_flaw_kind (const McFlaw *flaw)
{
  return find_info (flaw->code)->kind;
}

/* How to trust a certificate; one that only the message has brought is to be imported
 * first. */
static char *
make_trust_hint (const char *fingerprint, const char *option, McKnownFunc is_known,
                 gpointer user_data)
{
  if (is_known (fingerprint, user_data))
    return g_strdup_printf ("mailcrypt keys trust %s%s", fingerprint, option);
  return g_strdup_printf (_("mailcrypt keys import MESSAGE, then: mailcrypt keys trust %s%s"),
                          fingerprint, option);
}

static char *
make_hint (const McFlaw *flaw, HintKind kind, const char *leaf, McKnownFunc is_known,
           gpointer user_data)
{
  g_autofree char *own =
    flaw->certificate != NULL ? _mc_x509_fingerprint (flaw->certificate) : g_strdup (leaf);
  g_autofree char *trust =
    kind == HINT_ISSUER || kind == HINT_PIN ? make_trust_hint (leaf, "", is_known, user_data)
    : kind == HINT_ANCHOR ? make_trust_hint (own, " --anchor", is_known, user_data) : NULL;
  switch (kind) {
    case HINT_ISSUER:
      return g_strdup_printf (_("get the issuer's certificate: mailcrypt keys import FILE; or trust "
                                "this one alone: %s"), trust);
    case HINT_ANCHOR:
      return g_strdup_printf (_("if you have checked the root: %s"), trust);
    case HINT_PIN:
      return g_strdup_printf (_("if you have checked it: %s"), trust);
    case HINT_CRL:
      return g_strdup (_("give the issuer's list with --crl FILE"));
    case HINT_NONE:
    default:
      return NULL;
  }
}

void
_mc_flaw_explain (const McFlaw *flaw, const char *leaf, gboolean hard, McKnownFunc is_known,
                  gpointer user_data, GPtrArray *reasons)
{
  const FlawInfo *info = find_info (flaw->code);
  gboolean counts = info->kind != MC_FLAW_REVOCATION || hard;
  const char *word = counts ? info->word : "revocation-unknown";
  if (_mc_reasons_have (reasons, word))
    return;

  g_autofree char *hint = make_hint (flaw, info->hint, leaf, is_known, user_data);
  g_autofree char *name =
    flaw->certificate != NULL ? _mc_x509_name_text (X509_get_subject_name (flaw->certificate)) : NULL;
  g_autofree char *escaped = _mc_text_escape_line (name, -1);
  const char *text = info->text != NULL ? _(info->text) : X509_verify_cert_error_string (flaw->code);
  g_ptr_array_add (reasons, name != NULL ? _mc_reason_new (word, hint, "%s: %s", text, escaped)
                                         : _mc_reason_new (word, hint, "%s", text));
}
