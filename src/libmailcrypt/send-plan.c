/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dry run of a sending: all offers with all their reasons, and what would come of them. */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "context.h"
#include "plan.h"

/* What the settings want for somebody. */
typedef struct {
  McWish wish;
  char *source;             /* nullable: the group that says so */
} Wanted;

struct _McParty {
  char *address;
  McRole role;
  gboolean ambiguous;
  Wanted sign, encrypt;
  GPtrArray *candidates;    /* of McCandidate (owned) */
};

struct _McPlannedMessage {
  McProtocol protocol;
  GPtrArray *recipients;    /* of char* (owned), NULL-terminated */
  McKey *signer;            /* owned, nullable */
};

struct _McSendPlan {
  GPtrArray *parties;       /* of McParty (owned) */
  GPtrArray *messages;      /* of McPlannedMessage (owned) */
  GError *problem;          /* nullable */
};

static void
party_free (McParty *party)
{
  g_free (party->address);
  g_free (party->sign.source);
  g_free (party->encrypt.source);
  g_ptr_array_unref (party->candidates);
  g_free (party);
}

static void
message_free (McPlannedMessage *message)
{
  g_ptr_array_unref (message->recipients);
  mc_key_unref (message->signer);
  g_free (message);
}

void
mc_send_plan_free (McSendPlan *plan)
{
  if (plan == NULL)
    return;
  g_ptr_array_unref (plan->parties);
  g_ptr_array_unref (plan->messages);
  g_clear_error (&plan->problem);
  g_free (plan);
}

/* ---------------------------------------------------------------- accessors -- */

McKey *
mc_candidate_get_key (const McCandidate *candidate)
{
  return candidate->key;
}

gboolean
mc_candidate_get_usable (const McCandidate *candidate)
{
  return candidate->usable;
}

gboolean
mc_candidate_get_chosen (const McCandidate *candidate)
{
  return candidate->chosen;
}

GPtrArray *
mc_candidate_get_merits (const McCandidate *candidate)
{
  return candidate->merits;
}

GPtrArray *
mc_candidate_get_reasons (const McCandidate *candidate)
{
  return candidate->reasons;
}

const char *
mc_role_to_word (McRole role)
{
  static const char *const words[] = {
    [MC_ROLE_UNKNOWN] = "unknown", [MC_ROLE_RECIPIENT] = "recipient",
    [MC_ROLE_HIDDEN] = "hidden",   [MC_ROLE_SELF] = "self",
    [MC_ROLE_SIGNER] = "signer",
  };
  return words[role < G_N_ELEMENTS (words) ? role : MC_ROLE_UNKNOWN];
}

const char *
mc_party_get_address (const McParty *party)
{
  return party->address;
}

McRole
mc_party_get_role (const McParty *party)
{
  return party->role;
}

gboolean
mc_party_get_ambiguous (const McParty *party)
{
  return party->ambiguous;
}

McWish
mc_party_get_wish (const McParty *party, const char *matter, const char **ret_source)
{
  const Wanted *wanted = strcmp (matter, "sign") == 0 ? &party->sign : &party->encrypt;
  if (ret_source != NULL)
    *ret_source = wanted->source;
  return wanted->wish;
}

GPtrArray *
mc_party_get_candidates (const McParty *party)
{
  return party->candidates;
}

McProtocol
mc_planned_message_get_protocol (const McPlannedMessage *message)
{
  return message->protocol;
}

const char *const *
mc_planned_message_get_recipients (const McPlannedMessage *message)
{
  return (const char *const *) message->recipients->pdata;
}

McKey *
mc_planned_message_get_signer (const McPlannedMessage *message)
{
  return message->signer;
}

GPtrArray *
mc_send_plan_get_parties (const McSendPlan *plan)
{
  return plan->parties;
}

GPtrArray *
mc_send_plan_get_messages (const McSendPlan *plan)
{
  return plan->messages;
}

const GError *
mc_send_plan_get_problem (const McSendPlan *plan)
{
  return plan->problem;
}

/* ------------------------------------------------------------------ parties -- */

static McParty *
find_party (McSendPlan *plan, const char *address, McRole role)
{
  for (guint i = 0; i < plan->parties->len; i++) {
    McParty *party = g_ptr_array_index (plan->parties, i);
    if (party->role == role && strcmp (party->address, address) == 0)
      return party;
  }
  McParty *party = g_new0 (McParty, 1);
  party->address = g_strdup (address);
  party->role = role;
  party->candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_candidate_unref);
  g_ptr_array_add (plan->parties, party);
  return party;
}

/* @resolution is nullable: the role is not wanted. */
static void
add_resolution (McSendPlan *plan, McRole role, const McResolution *resolution)
{
  if (resolution == NULL)
    return;
  McParty *party = find_party (plan, resolution->address, role);
  party->ambiguous |= resolution->ambiguous;
  for (guint i = 0; i < resolution->candidates->len; i++)
    g_ptr_array_add (party->candidates,
                     _mc_candidate_ref (g_ptr_array_index (resolution->candidates, i)));
}

static void
add_parties (McSendPlan *plan, const McOffer *offer)
{
  for (guint i = 0; i < offer->recipients->len; i++)
    add_resolution (plan, MC_ROLE_RECIPIENT, g_ptr_array_index (offer->recipients, i));
  for (guint i = 0; i < offer->hidden->len; i++)
    add_resolution (plan, MC_ROLE_HIDDEN, g_ptr_array_index (offer->hidden, i));
  add_resolution (plan, MC_ROLE_SELF, offer->self);
  add_resolution (plan, MC_ROLE_SIGNER, offer->signer);
}

/* What the settings say of each recipient. */
static gboolean
add_wishes (McSendPlan *plan, McSettings *settings, const char *sender, GError **error)
{
  for (guint i = 0; i < plan->parties->len; i++) {
    McParty *party = g_ptr_array_index (plan->parties, i);
    if (party->role != MC_ROLE_RECIPIENT && party->role != MC_ROLE_HIDDEN)
      continue;
    if (!mc_policy_find (settings, "sign", sender, party->address, &party->sign.wish,
                         &party->sign.source, error)
        || !mc_policy_find (settings, "encrypt", sender, party->address, &party->encrypt.wish,
                            &party->encrypt.source, error))
      return FALSE;
  }
  return TRUE;
}

/* ----------------------------------------------------------------- messages -- */

/* Adds those of @resolutions that have a key and are not in @done yet. */
static void
take_recipients (McPlannedMessage *message, GPtrArray *resolutions, GHashTable *done)
{
  for (guint i = 0; i < resolutions->len; i++) {
    const McResolution *resolution = g_ptr_array_index (resolutions, i);
    if (resolution->chosen != NULL && g_hash_table_add (done, resolution->address))
      g_ptr_array_add (message->recipients, g_strdup (resolution->address));
  }
}

/* A message to everybody whom @offer reaches and who is not in @done; none for nobody. */
static void
add_message (McSendPlan *plan, const McOffer *offer, GHashTable *done)
{
  McPlannedMessage *message = g_new0 (McPlannedMessage, 1);
  message->protocol = offer->protocol;
  message->recipients = g_ptr_array_new_with_free_func (g_free);
  take_recipients (message, offer->recipients, done);
  take_recipients (message, offer->hidden, done);
  if (offer->signer != NULL && offer->signer->chosen != NULL)
    message->signer = mc_key_ref (offer->signer->chosen);
  if (message->recipients->len == 0) {
    message_free (message);
    return;
  }
  g_ptr_array_add (message->recipients, NULL);
  g_ptr_array_add (plan->messages, message);
}

/* Whether each recipient of @offer has a key in some protocol, see @done. */
static gboolean
covers (GPtrArray *resolutions, GHashTable *done)
{
  for (guint i = 0; i < resolutions->len; i++) {
    const McResolution *resolution = g_ptr_array_index (resolutions, i);
    if (!g_hash_table_contains (done, resolution->address))
      return FALSE;
  }
  return TRUE;
}

/* One protocol for all where there is one; else each recipient under the first protocol
 * that has a key, as long as all get something. */
static void
add_messages (McSendPlan *plan, GPtrArray *offers)
{
  g_autoptr (GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);
  const McOffer *first = g_ptr_array_index (offers, 0);
  for (guint i = 0; i < offers->len; i++) {
    const McOffer *offer = g_ptr_array_index (offers, i);
    if (!_mc_offer_reaches_everybody (offer) || !_mc_offer_serves_sender (offer))
      continue;
    add_message (plan, offer, done);
    return;
  }
  for (guint i = 0; i < offers->len; i++) {
    const McOffer *offer = g_ptr_array_index (offers, i);
    if (_mc_offer_serves_sender (offer))
      add_message (plan, offer, done);
  }
  if (!covers (first->recipients, done) || !covers (first->hidden, done))
    g_ptr_array_set_size (plan->messages, 0);
}

static gboolean
make_offers (McSeal *seal, const McParties *parties, GPtrArray *offers, GCancellable *cancellable,
             GError **error)
{
  McProtocol protocols[2];
  guint n = _mc_parties_list_protocols (seal, parties, protocols, error);
  for (guint i = 0; i < n; i++) {
    McOffer *offer = _mc_offer_new (seal, parties, protocols[i], cancellable, error);
    if (offer == NULL)
      return FALSE;
    g_ptr_array_add (offers, offer);
  }
  return n > 0;
}

/* --------------------------------------------------------------------- plan -- */

static gboolean
check_sender (const char *sender, GError **error)
{
  g_autofree char *canonical = sender != NULL ? _mc_address_normalise (sender, -1) : NULL;
  if (sender == NULL || canonical != NULL)
    return TRUE;
  g_autofree char *shown = _mc_text_escape_line (sender, -1);
  _mc_set_error (error, MC_ERROR_INVALID, NULL, _("'%s' is no mail address"), shown);
  return FALSE;
}

McSendPlan *
mc_seal_dry_run (McSeal *seal, const char *sender, GCancellable *cancellable, GError **error)
{
  g_auto (McParties) parties = { 0 };
  g_autoptr (GPtrArray) offers =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_offer_free);
  if (!check_sender (sender, error) || !_mc_parties_find (seal, NULL, sender, &parties, error)
      || !make_offers (seal, &parties, offers, cancellable, error))
    return NULL;

  g_autoptr (McSendPlan) plan = g_new0 (McSendPlan, 1);
  plan->parties = g_ptr_array_new_with_free_func ((GDestroyNotify) party_free);
  plan->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) message_free);
  for (guint i = 0; i < offers->len; i++)
    add_parties (plan, g_ptr_array_index (offers, i));
  if (!add_wishes (plan, _mc_context_get_settings (seal->context), parties.sender, error))
    return NULL;
  add_messages (plan, offers);
  if (plan->messages->len == 0)
    _mc_offers_refuse (offers, &plan->problem);
  return g_steal_pointer (&plan);
}
