/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "keys/harvest.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define DAY (24 * 60 * 60)
/* For so long after a key was first seen, mail signed with it says that it is another one. */
#define NEWS_SECONDS (30 * DAY)
/* Clocks of others may be a little ahead. */
#define CLOCK_SKEW_SECONDS 300

McHarvest *
_mc_harvest_new (void)
{
  McHarvest *harvest = g_new0 (McHarvest, 1);
  harvest->certificates =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_certificate_free);
  return harvest;
}

void
_mc_harvest_free (McHarvest *harvest)
{
  if (harvest == NULL)
    return;
  g_ptr_array_unref (harvest->certificates);
  g_free (harvest->preferred);
  g_clear_pointer (&harvest->capabilities, g_bytes_unref);
  g_free (harvest);
}

static gboolean
is_switched_off (McContext *context, const char *group, const char *key)
{
  return g_strcmp0 (mc_settings_get (_mc_context_get_settings (context), group, key), "false") == 0;
}

/* Other anchors, another time, revocation not looked at: such a verdict is of no use later. */
static gboolean
is_judged_as_configured (McContext *context)
{
  const McChainPolicy *policy = _mc_context_get_chain_policy (context);
  return policy->at == 0 && policy->anchors->len == 0
         && !(policy->revocation_set && policy->revocation == MC_REVOCATION_OFF);
}

gboolean
_mc_harvest_is_wanted (McContext *context)
{
  return is_judged_as_configured (context) && !is_switched_off (context, "smime", "harvest");
}

/* ------------------------------------------------------------------ changes -- */

/* One signer who speaks for the sender. */
typedef struct {
  McContext *context;
  McProtocol protocol;
  McSigner *signer;
  const char *address;      /* canonical */
  const char *key;
  gint64 now;
  GPtrArray *seen;          /* of McSighting (owned), oldest first */
} Review;

static gboolean
is_same_key (const Review *self, const McSighting *sighting)
{
  return strcmp (sighting->key, self->key) == 0
         && g_strcmp0 (sighting->issuer, self->signer->issuer) == 0;
}

/* What was seen at the address before the key of today; NULL: nothing, or that is no news
 * any more. A renewed certificate of the same key and issuer is the same. */
static const McSighting *
find_earlier (const Review *self)
{
  const McSighting *earlier = NULL, *own = NULL;
  for (guint i = 0; own == NULL && i < self->seen->len; i++) {
    const McSighting *one = self->seen->pdata[i];
    if (is_same_key (self, one))
      own = one;
    else
      earlier = one;
  }
  return own == NULL || self->now - own->first_seen < NEWS_SECONDS ? earlier : NULL;
}

static char *
format_day (gint64 time)
{
  g_autoptr (GDateTime) moment = g_date_time_new_from_unix_local (time);
  return moment != NULL ? g_date_time_format (moment, "%Y-%m-%d") : g_strdup ("?");
}

static McReason *
explain_change (const Review *self, const McSighting *earlier)
{
  g_autofree char *address = mc_text_escape_line (self->address);
  g_autofree char *since = format_day (earlier->first_seen);
  g_autofree char *until = format_day (earlier->last_seen);
  const char *hint =
    _("if you did not expect that, ask the sender in another way whether it is theirs");
  if (strcmp (earlier->key, self->key) == 0) {
    g_autofree char *issuer = mc_text_escape_line (earlier->issuer != NULL ? earlier->issuer : "?");
    return _mc_reason_new ("key-changed", hint,
                           _("another issuer than before: from %s to %s mail from %s was signed "
                             "with a certificate of %s"),
                           since, until, address, issuer);
  }
  return _mc_reason_new ("key-changed", hint,
                         _("another key than before: from %s to %s mail from %s was signed with %s"),
                         since, until, address, earlier->fingerprint);
}

/* ------------------------------------------------------------------ storing -- */

static gboolean
note_found (const McCertificate *certificate, gpointer user_data)
{
  (void) certificate;
  *(gboolean *) user_data = TRUE;
  return FALSE;
}

static gboolean
is_stored (McStore *store, const McCertificate *certificate)
{
  gboolean found = FALSE;
  McStoreQuery query = { .field = MC_BY_FINGERPRINT, .text = certificate->fingerprint };
  return _mc_store_find (store, &query, note_found, &found, NULL) && found;
}

static const McSighting *
find_own (const Review *self)
{
  for (guint i = 0; i < self->seen->len; i++) {
    const McSighting *one = self->seen->pdata[i];
    if (strcmp (one->fingerprint, self->signer->fingerprint) == 0)
      return one;
  }
  return NULL;
}

/* What is to be written. Most mail brings nothing: then the store is not even touched. */
typedef struct {
  gboolean sighting;
  gboolean peer;
  gboolean certificates;
} News;

/* Where the user has named the address's certificates, others do not speak for it. */
static gboolean
may_speak (McStore *store, const Review *self)
{
  g_auto (GStrv) pinned = _mc_store_pinned_for (store, self->protocol, self->address, NULL);
  return pinned != NULL
         && (*pinned == NULL
             || g_strv_contains ((const char *const *) pinned, self->signer->fingerprint));
}

static gboolean
has_new_certificate (McStore *store, const McHarvest *harvest)
{
  for (guint i = 0; i < harvest->certificates->len; i++)
    if (store == NULL || !is_stored (store, harvest->certificates->pdata[i]))
      return TRUE;
  return FALSE;
}

/* RFC 8551 section 2.7.1: newer than what is known, and not from the future. */
static void
look_at_harvest (McStore *store, const Review *self, const McHarvest *harvest, const McPeer *peer,
                 News *news)
{
  g_autoptr (McPeer) known = NULL;
  if (peer->signed_at <= 0 || peer->signed_at > self->now + CLOCK_SKEW_SECONDS
      || !_mc_store_get_peer (store, self->address, &known, NULL)
      || (known != NULL && peer->signed_at <= known->signed_at))
    return;
  news->peer = may_speak (store, self);
  news->certificates = has_new_certificate (store, harvest);
}

static gboolean
write_sighting (McStore *store, const Review *self)
{
  const McSighting *last =
    self->seen->len > 0 ? self->seen->pdata[self->seen->len - 1] : NULL;
  McSighting sighting = { self->signer->fingerprint, (char *) self->key, self->signer->issuer,
                          self->now, self->now };
  /* two in one second have an order, too */
  if (last != NULL)
    sighting.first_seen = MAX (sighting.first_seen, last->first_seen + 1);
  sighting.last_seen = MAX (sighting.last_seen, sighting.first_seen);
  return _mc_store_add_sighting (store, self->protocol, self->address, &sighting, NULL);
}

static gboolean
write_certificates (McStore *store, const McHarvest *harvest)
{
  for (guint i = 0; i < harvest->certificates->len; i++)
    if (!_mc_store_add_certificate (store, harvest->certificates->pdata[i], NULL, NULL))
      return FALSE;
  return TRUE;
}

static void
write_news (McStore *store, const Review *self, const McHarvest *harvest, const McPeer *peer,
            const News *news)
{
  if (!_mc_store_begin (store, NULL))
    return;
  if ((!news->sighting || write_sighting (store, self))
      && (!news->certificates || write_certificates (store, harvest))
      && (!news->peer || _mc_store_set_peer (store, self->address, peer, NULL))
      && _mc_store_commit (store, NULL))
    return;
  _mc_store_rollback (store);
}

static void
learn (McStore *store, const Review *self)
{
  News news = { 0 };
  McPeer peer = { 0 };
  const McHarvest *harvest = self->signer->brought;
  const McSighting *own = find_own (self);

  news.sighting = !is_switched_off (self->context, "general", "key-history")
                  && (own == NULL || self->now - own->last_seen > DAY);
  if (harvest != NULL && _mc_harvest_is_wanted (self->context)) {
    peer = (McPeer) { self->signer->fingerprint, harvest->preferred, harvest->capabilities,
                      self->signer->signed_at };
    look_at_harvest (store, self, harvest, &peer, &news);
  }
  if (!news.sighting && !news.certificates && !news.peer)
    return;
  if (!_mc_context_get_store (self->context, TRUE, &store, NULL))
    return;
  _mc_store_set_hurried (store, TRUE);
  write_news (store, self, harvest, &peer, &news);
  _mc_store_set_hurried (store, FALSE);
}

/* ------------------------------------------------------------------- review -- */

static void
review_signer (McContext *context, McReport *report, const McLayer *layer, McSigner *signer)
{
  McStore *store = NULL;
  g_autoptr (GPtrArray) seen =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_sighting_free);
  Review self = { context, layer->protocol, signer, layer->sender,
                  signer->public_key != NULL ? signer->public_key : signer->fingerprint,
                  g_get_real_time () / G_USEC_PER_SEC, seen };
  if (!_mc_context_get_store (context, FALSE, &store, NULL)
      || !_mc_store_find_sightings (store, layer->protocol, layer->sender, seen, NULL))
    return;

  const McSighting *earlier = find_earlier (&self);
  if (earlier != NULL) {
    g_autoptr (McReason) reason = explain_change (&self, earlier);
    g_ptr_array_add (signer->reasons, _mc_reason_copy (reason));
    if (signer->status != MC_SIGNATURE_GOOD)
      g_ptr_array_add (report->reasons, g_steal_pointer (&reason));
  }
  if (signer == report->signer && report->signature == MC_SIGNATURE_GOOD
      && is_judged_as_configured (context))
    learn (store, &self);
}

/* Whether @signer signed what is there, in the name of the one who sent it. */
static gboolean
speaks_for_sender (const McLayer *layer, const McSigner *signer)
{
  return signer->content == MC_CONTENT_INTACT && signer->fingerprint != NULL
         && layer->structure != MC_CONTENT_MALFORMED && layer->sender != NULL
         && signer->identity != NULL
         && g_strcmp0 (signer->identity->address, layer->sender) == 0;
}

void
_mc_harvest_report (McContext *context, McReport *report)
{
  if (!report->check_from || report->skip_signatures || report->described)
    return;
  for (guint i = 0; i < report->layers->len; i++) {
    const McLayer *layer = report->layers->pdata[i];
    for (guint j = 0; j < layer->signers->len; j++)
      if (speaks_for_sender (layer, layer->signers->pdata[j]))
        review_signer (context, report, layer, layer->signers->pdata[j]);
  }
}
