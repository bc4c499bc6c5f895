/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who gets a message, under which protocol and with which keys. */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "context.h"
#include "plan.h"

void
_mc_parties_clear (McParties *parties)
{
  g_clear_pointer (&parties->visible, g_ptr_array_unref);
  g_clear_pointer (&parties->hidden, g_ptr_array_unref);
  g_clear_pointer (&parties->sender, g_free);
  g_clear_pointer (&parties->signer, g_free);
}
void
_mc_offer_free (McOffer *offer)
{
  if (offer == NULL)
    return;
  g_ptr_array_unref (offer->recipients);
  g_ptr_array_unref (offer->hidden);
  g_clear_pointer (&offer->self, _mc_resolution_free);
  g_clear_pointer (&offer->signer, _mc_resolution_free);
  g_free (offer);
}
void
_mc_plan_clear (McPlan *plan)
{
  g_clear_pointer (&plan->signer, mc_key_unref);
  g_clear_pointer (&plan->self, mc_key_unref);
  g_clear_pointer (&plan->recipients, g_ptr_array_unref);
  g_clear_pointer (&plan->hidden, g_ptr_array_unref);
}

/* ------------------------------------------------------------------ parties -- */

static gboolean
have_address (GPtrArray *addresses, const char *address)
{
  for (guint i = 0; i < addresses->len; i++)
    if (mc_address_equal (addresses->pdata[i], address))
      return TRUE;
  return FALSE;
}

static gboolean
add_party (GPtrArray *addresses, const char *address, GError **error)
{
  g_autofree char *canonical = _mc_address_normalise (address, -1);

  if (canonical == NULL) {
    g_autofree char *shown = _mc_text_escape_line (address, -1);
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("'%s' is no mail address"), shown);
    return FALSE;
  }
  if (!have_address (addresses, address))
    g_ptr_array_add (addresses, g_strdup (address));
  return TRUE;
}

static gboolean
add_field (const McTree *tree, const char *name, GPtrArray *addresses, GError **error)
{
  g_autoptr (GPtrArray) fields = _mc_tree_get_fields (tree, name);

  for (guint i = 0; i < fields->len; i++) {
    gboolean clean;
    const McField *field = fields->pdata[i];
    g_auto (GStrv) found = _mc_addresses_parse (field->body, &clean, NULL);
    /* an address that is lost in parsing would be a recipient who gets nothing */
    if (!clean) {
      g_autofree char *shown = _mc_text_escape_line (field->body, -1);
      _mc_set_error (error, MC_ERROR_MALFORMED, _("name the recipients with -r"),
                     _("cannot read the addresses of %s: %s"), name, shown);
      return FALSE;
    }
    for (guint j = 0; found[j] != NULL; j++)
      if (!add_party (addresses, found[j], error))
        return FALSE;
  }
  return TRUE;
}

/* One of the caller's: an address, or the name of a configured group. */
static gboolean
add_one_given (McSeal *seal, const char *given, GPtrArray *addresses, GError **error)
{
  McSettings *settings = _mc_context_get_settings (seal->context);
  const char *members =
    strchr (given, '@') == NULL ? mc_settings_get (settings, "groups", given) : NULL;
  if (members == NULL)
    return add_party (addresses, given, error);

  g_auto (GStrv) list = g_strsplit_set (members, ";, \t", -1);
  for (guint i = 0; list[i] != NULL; i++)
    if (*list[i] != '\0' && !add_party (addresses, list[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
add_given (McSeal *seal, GPtrArray *given, GPtrArray *addresses, GError **error)
{
  for (guint i = 0; i < given->len; i++)
    if (!add_one_given (seal, given->pdata[i], addresses, error))
      return FALSE;
  return TRUE;
}

static gboolean
find_sender (const McTree *tree, McParties *parties, GError **error)
{
  g_autoptr (GPtrArray) from = g_ptr_array_new_with_free_func (g_free);

  if (!add_field (tree, "From", from, error))
    return FALSE;
  if (from->len == 1)
    parties->sender = g_strdup (from->pdata[0]);
  return TRUE;
}

/* Who is visible cannot be hidden any more: the field says so already. */
static void
drop_visible_from_hidden (McParties *parties)
{
  for (guint i = parties->hidden->len; i > 0; i--)
    if (have_address (parties->visible, parties->hidden->pdata[i - 1]))
      g_ptr_array_remove_index (parties->hidden, i - 1);
}

static gboolean
find_parties (McSeal *seal, const McTree *tree, McParties *ret, GError **error)
{
  guint most = _mc_context_get_limits (seal->context)->recipients;

  ret->visible = g_ptr_array_new_with_free_func (g_free);
  ret->hidden = g_ptr_array_new_with_free_func (g_free);
  if (tree != NULL && !find_sender (tree, ret, error))
    return FALSE;
  if ((seal->flags & MC_SEAL_ENCRYPT) == 0 || seal->only_self)
    return TRUE;

  if (tree != NULL && seal->recipients->len == 0
      && (!add_field (tree, "To", ret->visible, error)
          || !add_field (tree, "Cc", ret->visible, error)
          || !add_field (tree, "Bcc", ret->hidden, error)))
    return FALSE;
  if (!add_given (seal, seal->recipients, ret->visible, error)
      || !add_given (seal, seal->hidden, ret->hidden, error))
    return FALSE;
  drop_visible_from_hidden (ret);
  if (ret->visible->len + ret->hidden->len == 0) {
    _mc_set_error (error, MC_ERROR_NO_KEY, _("name the recipients with -r"),
                   _("the message names no recipient"));
    return FALSE;
  }
  if (ret->visible->len + ret->hidden->len > most) {
    _mc_set_error (error, MC_ERROR_LIMIT, NULL, _("more than %u recipients"), most);
    return FALSE;
  }
  return TRUE;
}

/* ------------------------------------------------------------------- offers -- */

static McResolution *
resolve_one (McSeal *seal, McProtocol protocol, const char *who, McKeyUse use,
             GCancellable *cancellable, GError **error)
{
  McResolution *resolution = NULL;
  return _mc_resolve (seal->context, protocol, who, use, &resolution, cancellable, error)
             ? resolution
             : NULL;
}

static gboolean
resolve_all (McSeal *seal, McProtocol protocol, GPtrArray *addresses, GPtrArray *resolutions,
             GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < addresses->len; i++) {
    McResolution *resolution
        = resolve_one (seal, protocol, addresses->pdata[i], MC_KEY_CAN_ENCRYPT, cancellable, error);
    if (resolution == NULL)
      return FALSE;
    g_ptr_array_add (resolutions, resolution);
  }
  return TRUE;
}

static gboolean
is_fingerprint (const char *signer)
{
  return signer != NULL && strchr (signer, '@') == NULL;
}

/* To whom a copy for the sender goes: to the key that was named, if that can encrypt, else
 * to the sender's address. */
static gboolean
resolve_self (McSeal *seal, const McParties *parties, McOffer *offer, GCancellable *cancellable,
              GError **error)
{
  const char *signer = parties->signer;

  offer->self = resolve_one (seal, offer->protocol, signer, MC_KEY_CAN_ENCRYPT, cancellable, error);
  if (offer->self == NULL)
    return FALSE;
  if (offer->self->chosen != NULL || !is_fingerprint (signer) || parties->sender == NULL)
    return TRUE;
  _mc_resolution_free (offer->self);
  offer->self = resolve_one (seal, offer->protocol, parties->sender, MC_KEY_CAN_ENCRYPT,
                             cancellable, error);
  return offer->self != NULL;
}

McOffer *
_mc_offer_new (McSeal *seal, const McParties *parties, McProtocol protocol,
               GCancellable *cancellable, GError **error)
{
  g_autoptr (McOffer) offer = g_new0 (McOffer, 1);
  gboolean encrypt = (seal->flags & MC_SEAL_ENCRYPT) != 0;

  offer->protocol = protocol;
  offer->recipients = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_resolution_free);
  offer->hidden = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_resolution_free);
  if (!resolve_all (seal, protocol, parties->visible, offer->recipients, cancellable, error)
      || !resolve_all (seal, protocol, parties->hidden, offer->hidden, cancellable, error))
    return NULL;
  if (encrypt && (seal->flags & MC_SEAL_NO_SELF) == 0
      && !resolve_self (seal, parties, offer, cancellable, error))
    return NULL;
  if ((seal->flags & MC_SEAL_SIGN) != 0) {
    offer->signer = resolve_one (seal, protocol, parties->signer, MC_KEY_CAN_SIGN,
                                 cancellable, error);
    if (offer->signer == NULL)
      return NULL;
  }
  return g_steal_pointer (&offer);
}

static void
collect_missing (GPtrArray *resolutions, GPtrArray *missing)
{
  for (guint i = 0; i < resolutions->len; i++)
    if (((McResolution *) resolutions->pdata[i])->chosen == NULL)
      g_ptr_array_add (missing, resolutions->pdata[i]);
}

gboolean
_mc_offer_reaches_everybody (const McOffer *offer)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();

  collect_missing (offer->recipients, missing);
  collect_missing (offer->hidden, missing);
  return missing->len == 0;
}

static gboolean
can_sign (const McOffer *offer)
{
  return offer->signer == NULL || offer->signer->chosen != NULL;
}

gboolean
_mc_offer_serves_sender (const McOffer *offer)
{
  return can_sign (offer) && (offer->self == NULL || offer->self->chosen != NULL);
}

static gboolean
is_complete (const McOffer *offer)
{
  return _mc_offer_reaches_everybody (offer) && _mc_offer_serves_sender (offer);
}

/* ------------------------------------------------------------------- choice -- */

static void
refuse_hidden (GError **error)
{
  _mc_set_error (error, MC_ERROR_NO_KEY,
                 _("mailcrypt sendmail gives each hidden recipient a copy of their own"),
                 _("S/MIME cannot hide recipients: each copy names them all"));
}

/* Everybody whom none of the offers reaches; when each is reached by some protocol but all
 * by none, everybody whom the first lacks. */
static void
refuse_recipients (GPtrArray *offers, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();

  for (guint i = 0; i < offers->len; i++) {
    const McOffer *offer = offers->pdata[i];
    collect_missing (offer->recipients, missing);
    collect_missing (offer->hidden, missing);
  }
  _mc_resolutions_set_error (missing, MC_KEY_CAN_ENCRYPT, error);
}

static void
refuse_self (const McOffer *offer, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();

  g_ptr_array_add (missing, offer->self);
  _mc_resolutions_set_error (missing, MC_KEY_CAN_ENCRYPT, error);
  _mc_error_add_hint (error, _("--no-self encrypts without a copy that you can read"));
}

static void
refuse_signer (GPtrArray *offers, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();

  for (guint i = 0; i < offers->len; i++) {
    const McOffer *offer = offers->pdata[i];
    if (!can_sign (offer))
      g_ptr_array_add (missing, offer->signer);
  }
  _mc_resolutions_set_error (missing, MC_KEY_CAN_SIGN, error);
}

void
_mc_offers_refuse (GPtrArray *offers, GError **error)
{
  g_autoptr (GPtrArray) reaching = g_ptr_array_new ();
  g_autoptr (GPtrArray) signing = g_ptr_array_new ();

  for (guint i = 0; i < offers->len; i++) {
    McOffer *offer = offers->pdata[i];
    if (!_mc_offer_reaches_everybody (offer))
      continue;
    g_ptr_array_add (reaching, offer);
    if (can_sign (offer))
      g_ptr_array_add (signing, offer);
  }
  if (reaching->len == 0)
    refuse_recipients (offers, error);
  else if (signing->len == 0)
    refuse_signer (reaching, error);
  else
    refuse_self (signing->pdata[0], error);
}

guint
_mc_parties_list_protocols (McSeal *seal, const McParties *parties, McProtocol *protocols,
                            GError **error)
{
  static const McProtocol all[] = { MC_PROTOCOL_OPENPGP, MC_PROTOCOL_SMIME };
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    if (parties->protocol != MC_PROTOCOL_UNKNOWN && parties->protocol != all[i])
      continue;
    if (all[i] == MC_PROTOCOL_SMIME && parties->hidden->len > 0)
      continue;
    if (all[i] == MC_PROTOCOL_OPENPGP && (seal->flags & MC_SEAL_OPAQUE) != 0
        && parties->protocol == MC_PROTOCOL_UNKNOWN)
      continue;
    protocols[n++] = all[i];
  }
  if (n == 0)
    refuse_hidden (error);
  return n;
}

/* The first complete offer is taken; a later protocol is not even looked at then. */
static McOffer *
choose_offer (McSeal *seal, const McParties *parties, GCancellable *cancellable, GError **error)
{
  McProtocol protocols[2];
  guint n = _mc_parties_list_protocols (seal, parties, protocols, error);
  g_autoptr (GPtrArray) offers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_offer_free);

  for (guint i = 0; i < n; i++) {
    McOffer *offer = _mc_offer_new (seal, parties, protocols[i], cancellable, error);
    if (offer == NULL)
      return NULL;
    if (is_complete (offer))
      return offer;
    g_ptr_array_add (offers, offer);
  }
  if (n > 0)
    _mc_offers_refuse (offers, error);
  if (n > 0 && parties->hidden->len > 0 && parties->protocol == MC_PROTOCOL_UNKNOWN)
    _mc_error_add_hint (error, _("S/MIME was not asked, it cannot hide recipients: mailcrypt "
                                 "sendmail gives each of them a copy of their own"));
  return NULL;
}

/* --------------------------------------------------------------------- plan -- */

static void
add_key (GPtrArray *keys, McKey *key)
{
  for (guint i = 0; i < keys->len; i++)
    if (strcmp (mc_key_get_fingerprint (keys->pdata[i]), mc_key_get_fingerprint (key)) == 0)
      return;
  g_ptr_array_add (keys, mc_key_ref (key));
}

static void
fill_plan (const McOffer *offer, McPlan *plan)
{
  plan->protocol = offer->protocol;
  plan->recipients = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  plan->hidden = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  for (guint i = 0; i < offer->recipients->len; i++)
    add_key (plan->recipients, ((McResolution *) offer->recipients->pdata[i])->chosen);
  for (guint i = 0; i < offer->hidden->len; i++)
    add_key (plan->hidden, ((McResolution *) offer->hidden->pdata[i])->chosen);
  if (offer->self != NULL) {
    plan->self = mc_key_ref (offer->self->chosen);
    add_key (plan->recipients, plan->self);
  }
  if (offer->signer != NULL)
    plan->signer = mc_key_ref (offer->signer->chosen);
}

static McProtocol
protocol_of_word (const char *word)
{
  if (g_strcmp0 (word, "openpgp") == 0)
    return MC_PROTOCOL_OPENPGP;
  return g_strcmp0 (word, "smime") == 0 ? MC_PROTOCOL_SMIME : MC_PROTOCOL_UNKNOWN;
}

/* Signer and protocol: what the caller says, else the sender's account, else the general
 * setting. */
static void
settle_identity (McSeal *seal, McParties *parties)
{
  McSettings *settings = _mc_context_get_settings (seal->context);
  const char *signer = mc_settings_get_for (settings, parties->sender, "signer");
  const char *protocol = mc_settings_get_for (settings, parties->sender, "protocol");

  if (seal->signer != NULL)
    signer = seal->signer;
  parties->signer = g_strdup (signer != NULL ? signer : parties->sender);
  parties->protocol =
    seal->protocol != MC_PROTOCOL_UNKNOWN ? seal->protocol : protocol_of_word (protocol);
}

static gboolean
check_parties (McSeal *seal, const McParties *parties, GError **error)
{
  gboolean encrypt = (seal->flags & MC_SEAL_ENCRYPT) != 0;
  gboolean sign = (seal->flags & MC_SEAL_SIGN) != 0;

  if (sign && parties->signer == NULL) {
    _mc_set_error (error, MC_ERROR_NO_KEY, _("name the signer with -u"),
                   _("the message does not name exactly one sender"));
    return FALSE;
  }
  if (encrypt && (seal->flags & MC_SEAL_NO_SELF) == 0 && parties->signer == NULL) {
    _mc_set_error (error, MC_ERROR_NO_KEY,
                   _("name the sender with -u, or encrypt without an own copy: --no-self"),
                   _("the message does not name exactly one sender to encrypt to"));
    return FALSE;
  }
  return TRUE;
}

gboolean
_mc_parties_find (McSeal *seal, const McTree *tree, const char *sender, McParties *ret_parties,
                  GError **error)
{
  if (!find_parties (seal, tree, ret_parties, error))
    return FALSE;
  if (sender != NULL)
    ret_parties->sender = g_strdup (sender);
  settle_identity (seal, ret_parties);
  return check_parties (seal, ret_parties, error);
}

gboolean
_mc_seal_plan (McSeal *seal, const McTree *tree, McPlan *ret_plan, GCancellable *cancellable,
               GError **error)
{
  g_auto (McParties) parties = { 0 };

  if (!_mc_parties_find (seal, tree, NULL, &parties, error))
    return FALSE;
  g_autoptr (McOffer) offer = choose_offer (seal, &parties, cancellable, error);
  if (offer == NULL)
    return FALSE;
  fill_plan (offer, ret_plan);
  return TRUE;
}
