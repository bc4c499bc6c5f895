/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/inquiry.h"

#include "base/text.h"
#include "smime/certificate.h"
#include "smime/chain-crls.h"
#include "smime/crl-cache.h"
#include "smime/fetch.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_ANSWER_BYTES ((gsize) 64 * 1024)
/* Addresses in one certificate that are tried, and all that are in one judgement. */
#define MAX_URLS 2
#define MAX_FETCHES 16

struct _McInquiry {
  McEngine *engine;
  GCancellable *cancellable;
  gboolean anywhere;
  gint64 deadline;          /* 0: nothing asked yet */
  guint fetches;
  GHashTable *tried;        /* URLs of lists */
  GHashTable *answers;      /* fingerprint to McOcspStatus */
  char *problem;
};

static gboolean
is_on (McSettings *settings, const char *key)
{
  return g_strcmp0 (mc_settings_get (settings, "smime", key), "true") == 0;
}

McInquiry *
_mc_inquiry_new (McEngine *engine, GCancellable *cancellable)
{
  McSettings *settings = _mc_context_get_settings (engine->context);
  const McChainPolicy *policy = _mc_context_get_chain_policy (engine->context);
  if (!policy->network || policy->at != 0 || !is_on (settings, "revocation-fetch"))
    return NULL;
  McInquiry *inquiry = g_new0 (McInquiry, 1);
  inquiry->engine = engine;
  g_set_object (&inquiry->cancellable, cancellable);
  inquiry->anywhere = is_on (settings, "revocation-fetch-private");
  inquiry->tried = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  inquiry->answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return inquiry;
}

void
_mc_inquiry_free (McInquiry *inquiry)
{
  if (inquiry == NULL)
    return;
  g_clear_object (&inquiry->cancellable);
  g_hash_table_unref (inquiry->tried);
  g_hash_table_unref (inquiry->answers);
  g_free (inquiry->problem);
  g_free (inquiry);
}

const char *
_mc_inquiry_get_problem (const McInquiry *inquiry)
{
  return inquiry->problem;
}

static void
note_problem (McInquiry *self, const char *url, const char *text)
{
  g_autofree char *shown_url = _mc_text_escape_line (url, -1);
  g_autofree char *shown = _mc_text_escape_line (text, -1);
  g_free (self->problem);
  self->problem = g_strdup_printf ("%s: %s", shown_url, shown);
}

/* *ret_answer stays NULL when there is none. FALSE only when cancelled. */
static gboolean
fetch (McInquiry *self, McFetch *job, GBytes **ret_answer, GError **error)
{
  g_autoptr (GError) problem = NULL;
  const McLimits *limits = _mc_context_get_limits (self->engine->context);
  if (self->deadline == 0)
    self->deadline = g_get_monotonic_time () + (gint64) limits->fetch_seconds * G_USEC_PER_SEC;
  if (++self->fetches > MAX_FETCHES)
    return TRUE;
  job->deadline = self->deadline;
  job->anywhere = self->anywhere;
  *ret_answer = _mc_fetch (job, self->cancellable, &problem);
  if (problem == NULL)
    return TRUE;
  if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  note_problem (self, job->url, problem->message);
  return TRUE;
}

/* ---------------------------------------------------------------------- lists -- */

/* The URI in @name as a string, or NULL: no URI, or none that could be a string. */
static char *
copy_uri (const GENERAL_NAME *name)
{
  int type;
  const ASN1_STRING *value = GENERAL_NAME_get0_value (name, &type);
  if (type != GEN_URI)
    return NULL;
  gsize size = (gsize) ASN1_STRING_length (value);
  char *text = g_strndup ((const char *) ASN1_STRING_get0_data (value), size);
  if (strlen (text) == size && g_ascii_strncasecmp (text, "http://", 7) == 0)
    return text;
  g_free (text);
  return NULL;
}

static void
add_point_urls (const DIST_POINT *point, GPtrArray *urls)
{
  if (point->distpoint == NULL || point->distpoint->type != 0)
    return;
  const GENERAL_NAMES *names = point->distpoint->name.fullname;
  for (int i = 0; i < sk_GENERAL_NAME_num (names); i++) {
    char *url = copy_uri (sk_GENERAL_NAME_value (names, i));
    if (url != NULL)
      g_ptr_array_add (urls, url);
  }
}

static GPtrArray *
find_list_urls (X509 *certificate)
{
  GPtrArray *urls = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (CRL_DIST_POINTS) points =
    X509_get_ext_d2i (certificate, NID_crl_distribution_points, NULL, NULL);
  for (int i = 0; i < sk_DIST_POINT_num (points); i++)
    add_point_urls (sk_DIST_POINT_value (points, i), urls);
  return urls;
}

gboolean
_mc_inquiry_fetch_lists (McInquiry *self, X509 *certificate, McCrlStack *crls, GError **error)
{
  g_autoptr (GPtrArray) urls = find_list_urls (certificate);
  const McLimits *limits = _mc_context_get_limits (self->engine->context);
  for (guint i = 0; i < MIN (urls->len, MAX_URLS); i++) {
    McFetch job = { .url = urls->pdata[i] };
    job.max_bytes = (gsize) MIN (limits->fetch_bytes, MC_CRL_MAX_BYTES);
    g_autoptr (GBytes) answer = NULL;
    if (!g_hash_table_add (self->tried, g_strdup (job.url)))
      continue;
    if (!fetch (self, &job, &answer, error))
      return FALSE;
    if (answer == NULL)
      continue;
    gsize size;
    const void *data = g_bytes_get_data (answer, &size);
    g_autoptr (X509_CRL) crl = _mc_crl_from_der (self->engine, data, size);
    if (crl != NULL)
      _mc_crls_add (crls, crl);
    else
      note_problem (self, job.url, _("not a revocation list"));
  }
  return TRUE;
}

/* ----------------------------------------------------------------- responders -- */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free)

static GPtrArray *
find_responders (X509 *certificate)
{
  GPtrArray *urls = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (AUTHORITY_INFO_ACCESS) places =
    X509_get_ext_d2i (certificate, NID_info_access, NULL, NULL);
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num (places); i++) {
    const ACCESS_DESCRIPTION *place = sk_ACCESS_DESCRIPTION_value (places, i);
    char *url = OBJ_obj2nid (place->method) == NID_ad_OCSP ? copy_uri (place->location) : NULL;
    if (url != NULL)
      g_ptr_array_add (urls, url);
  }
  return urls;
}

static gboolean
ask_one (McInquiry *self, const McOcspQuestion *question, const char *url, McOcspStatus *ret_status,
         GError **error)
{
  const char *why = NULL;
  g_autoptr (GBytes) body = _mc_ocsp_question_to_der (question);
  g_autoptr (GBytes) answer = NULL;
  McFetch job = {
    .url = url,
    .body = body,
    .body_type = "application/ocsp-request",
    .answer_type = "application/ocsp-response",
    .max_bytes = MAX_ANSWER_BYTES,
  };
  if (!fetch (self, &job, &answer, error))
    return FALSE;
  *ret_status = answer != NULL ? _mc_ocsp_read (question, answer, &why) : MC_OCSP_UNKNOWN;
  if (why != NULL)
    note_problem (self, url, why);
  return TRUE;
}

gboolean
_mc_inquiry_ask (McInquiry *self, X509 *certificate, X509 *issuer, McOcspStatus *ret_status,
                 GError **error)
{
  gpointer known;
  McOcspStatus status = MC_OCSP_UNKNOWN;
  g_autofree char *fingerprint = _mc_x509_fingerprint (certificate);
  if (g_hash_table_lookup_extended (self->answers, fingerprint, NULL, &known)) {
    *ret_status = GPOINTER_TO_INT (known);
    return TRUE;
  }
  g_autoptr (GPtrArray) urls = find_responders (certificate);
  g_autoptr (McOcspQuestion) question =
    urls->len > 0 ? _mc_ocsp_question_new (self->engine, certificate, issuer) : NULL;
  for (guint i = 0; question != NULL && status == MC_OCSP_UNKNOWN && i < MIN (urls->len, MAX_URLS); i++)
    if (!ask_one (self, question, urls->pdata[i], &status, error))
      return FALSE;
  g_hash_table_insert (self->answers, g_steal_pointer (&fingerprint), GINT_TO_POINTER (status));
  *ret_status = status;
  return TRUE;
}
