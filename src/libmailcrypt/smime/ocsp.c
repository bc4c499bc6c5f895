/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/ocsp.h"

#include "smime/algorithms.h"
#include "smime/certificate.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Between the responder's clock and ours. */
#define SKEW_SECONDS 300
/* How old an answer may be that does not say when the next is due. */
#define MAX_AGE_SECONDS (24 * 60 * 60)
/* Certificates that came with an answer. */
#define MAX_RESPONDERS 8

struct _McOcspQuestion {
  McEngine *engine;
  X509 *issuer;
  OCSP_REQUEST *request;
  OCSP_CERTID *id;          /* owned by the request */
};

/* The identifier's digest is no signature's, and SHA-1 is the one that every responder has
 * (RFC 5019 section 2.1.1). */
McOcspQuestion *
_mc_ocsp_question_new (McEngine *engine, X509 *certificate, X509 *issuer)
{
  g_autoptr (McOcspQuestion) question = g_new0 (McOcspQuestion, 1);
  g_autoptr (EVP_MD) digest = EVP_MD_fetch (engine->libctx, "SHA1", NULL);
  g_autoptr (OCSP_CERTID) id = digest != NULL ? OCSP_cert_to_id (digest, certificate, issuer) : NULL;
  question->engine = engine;
  question->request = OCSP_REQUEST_new ();
  if (id == NULL || question->request == NULL || X509_up_ref (issuer) != 1)
    return NULL;
  question->issuer = issuer;
  question->id = id;
  if (OCSP_request_add0_id (question->request, id) == NULL)
    return NULL;
  g_steal_pointer (&id);
  return OCSP_request_add1_nonce (question->request, NULL, -1) == 1 ? g_steal_pointer (&question)
                                                                   : NULL;
}

void
_mc_ocsp_question_free (McOcspQuestion *question)
{
  if (question == NULL)
    return;
  OCSP_REQUEST_free (question->request);
  X509_free (question->issuer);
  g_free (question);
}

GBytes *
_mc_ocsp_question_to_der (const McOcspQuestion *question)
{
  g_autoptr (McOpensslBytes) der = NULL;
  int size = i2d_OCSP_REQUEST (question->request, &der);
  return g_bytes_new (der, size > 0 ? (gsize) size : 0);
}

/* ------------------------------------------------------------------- responder -- */

/* The answer names its signer by name or by the SHA-1 of its key. */
static gboolean
is_named (const OCSP_BASICRESP *basic, X509 *certificate)
{
  const ASN1_OCTET_STRING *hash = NULL;
  const X509_NAME *name = NULL;
  if (OCSP_resp_get0_id (basic, &hash, &name) != 1)
    return FALSE;
  if (name != NULL)
    return X509_NAME_cmp (name, X509_get_subject_name (certificate)) == 0;
  const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr (certificate);
  gsize size = 0;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 own[20];
  gsize own_size = sizeof own;
  if (key == NULL || hash == NULL)
    return FALSE;
  g_checksum_update (checksum, ASN1_STRING_get0_data (key), ASN1_STRING_length (key));
  g_checksum_get_digest (checksum, own, &own_size);
  size = (gsize) ASN1_STRING_length (hash);
  return size == own_size && memcmp (ASN1_STRING_get0_data (hash), own, size) == 0;
}

static gboolean
is_strong (const X509_ALGOR *algorithm)
{
  const ASN1_OBJECT *object = NULL;
  int digest = NID_undef;
  X509_ALGOR_get0 (&object, NULL, NULL, algorithm);
  if (OBJ_find_sigid_algs (OBJ_obj2nid (object), &digest, NULL) != 1)
    return FALSE;
  const McDigest *known = _mc_digest_by_nid (digest);
  return digest == NID_undef || (known != NULL && !known->weak);
}

/* Issued by the authority itself for this use (RFC 6960 section 4.2.2.2), and in force. It
 * may be revoked in its turn: the authority that issues it for a short time only, or marks
 * it with id-pkix-ocsp-nocheck, does not tell, and asking it would be asking about itself. */
static gboolean
is_delegate (const McOcspQuestion *self, X509 *certificate)
{
  EVP_PKEY *authority = X509_get0_pubkey (self->issuer);
  guint32 usage = X509_get_key_usage (certificate);
  guint32 extended = X509_get_extended_key_usage (certificate);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const X509_ALGOR *algorithm = NULL;
  X509_get0_signature (NULL, &algorithm, certificate);
  return (extended & XKU_OCSP_SIGN) != 0 && extended != G_MAXUINT32
         && (usage == G_MAXUINT32 || (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0)
         && (X509_get_extension_flags (certificate) & EXFLAG_CRITICAL) == 0
         && now >= _mc_asn1_time (X509_get0_notBefore (certificate))
         && now <= _mc_asn1_time (X509_get0_notAfter (certificate))
         && X509_NAME_cmp (X509_get_issuer_name (certificate), X509_get_subject_name (self->issuer)) == 0
         && is_strong (algorithm) && authority != NULL && X509_verify (certificate, authority) == 1;
}

static gboolean
signed_it (const McOcspQuestion *self, const OCSP_BASICRESP *basic, X509 *certificate)
{
  EVP_PKEY *key = X509_get0_pubkey (certificate);
  return key != NULL && _mc_key_is_sound (key) && !_mc_key_is_weak (key)
         && ASN1_item_verify_ex (ASN1_ITEM_rptr (OCSP_RESPDATA), OCSP_resp_get0_tbs_sigalg (basic),
                                 OCSP_resp_get0_signature (basic), OCSP_resp_get0_respdata (basic),
                                 NULL, key, self->engine->libctx, NULL) == 1;
}

static gboolean
is_authorised (const McOcspQuestion *self, const OCSP_BASICRESP *basic)
{
  if (!is_strong (OCSP_resp_get0_tbs_sigalg (basic)))
    return FALSE;
  if (is_named (basic, self->issuer) && signed_it (self, basic, self->issuer))
    return TRUE;
  const McX509Stack *certificates = OCSP_resp_get0_certs (basic);
  for (int i = 0; i < MIN (sk_X509_num (certificates), MAX_RESPONDERS); i++) {
    /* of our library context, whatever the answer was parsed in */
    g_autoptr (GBytes) der = _mc_x509_to_der (sk_X509_value (certificates, i));
    g_autoptr (X509) certificate = _mc_x509_from_bytes (self->engine, der);
    if (certificate != NULL && is_named (basic, certificate) && is_delegate (self, certificate)
        && signed_it (self, basic, certificate))
      return TRUE;
  }
  return FALSE;
}

/* ---------------------------------------------------------------------- answer -- */

static OCSP_BASICRESP *
parse (GBytes *answer)
{
  gsize size;
  const unsigned char *data = g_bytes_get_data (answer, &size);
  g_autoptr (OCSP_RESPONSE) response = d2i_OCSP_RESPONSE (NULL, &data, (long) MIN (size, G_MAXINT32));
  if (response == NULL || OCSP_response_status (response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return NULL;
  return OCSP_response_get1_basic (response);
}

/* An answer made beforehand has no nonce; one with another's is another's. */
static gboolean
has_foreign_nonce (const McOcspQuestion *self, OCSP_BASICRESP *basic)
{
  return OCSP_check_nonce (self->request, basic) == 0;
}

McOcspStatus
_mc_ocsp_read (const McOcspQuestion *self, GBytes *answer, const char **ret_why)
{
  int status, reason;
  ASN1_GENERALIZEDTIME *revoked_at = NULL, *this_update = NULL, *next_update = NULL;
  g_autoptr (OCSP_BASICRESP) basic = parse (answer);
  *ret_why = NULL;
  if (basic == NULL)
    *ret_why = _("the responder gives no answer");
  else if (has_foreign_nonce (self, basic))
    *ret_why = _("the answer is to somebody else's question");
  else if (!is_authorised (self, basic))
    *ret_why = _("the answer is not signed by one who may");
  else if (OCSP_resp_find_status (basic, self->id, &status, &reason, &revoked_at, &this_update,
                                  &next_update) != 1)
    *ret_why = _("the answer is about another certificate");
  else if (OCSP_check_validity (this_update, next_update, SKEW_SECONDS,
                                next_update == NULL ? MAX_AGE_SECONDS : -1) != 1)
    *ret_why = _("the answer is out of date");
  else if (status == V_OCSP_CERTSTATUS_GOOD)
    return MC_OCSP_GOOD;
  else if (status == V_OCSP_CERTSTATUS_REVOKED)
    return MC_OCSP_REVOKED;
  else
    *ret_why = _("the responder does not know the certificate");
  return MC_OCSP_UNKNOWN;
}
