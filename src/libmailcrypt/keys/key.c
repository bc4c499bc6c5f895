/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "keys/key.h"

#include "base/address.h"
#include "context.h"

#include <glib/gi18n-lib.h>
#include <string.h>

McKey *
_mc_key_new (McProtocol protocol, const char *fingerprint)
{
  McKey *key = g_new0 (McKey, 1);
  key->ref_count = 1;
  key->protocol = protocol;
  key->fingerprint = g_ascii_strdown (fingerprint, -1);
  key->identities = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_identity_free);
  key->reasons = _mc_reasons_new ();
  return key;
}

McKey *
mc_key_ref (McKey *key)
{
  g_atomic_int_inc (&key->ref_count);
  return key;
}

void
mc_key_unref (McKey *key)
{
  if (key == NULL || !g_atomic_int_dec_and_test (&key->ref_count))
    return;
  if (key->native != NULL && key->native_free != NULL)
    key->native_free (key->native);
  g_ptr_array_unref (key->identities);
  g_ptr_array_unref (key->reasons);
  g_strfreev (key->cards);
  g_free (key->fingerprint);
  g_free (key->algorithm);
  g_free (key->subject);
  g_free (key->issuer);
  g_free (key->serial);
  g_free (key);
}

/* ---------------------------------------------------------------- accessors -- */

static const McIdentity *
get_identity (const McKey *key, guint i)
{
  return i < key->identities->len ? g_ptr_array_index (key->identities, i) : NULL;
}

McProtocol
mc_key_get_protocol (const McKey *key)
{
  return key->protocol;
}

const char *
mc_key_get_fingerprint (const McKey *key)
{
  return key->fingerprint;
}

guint
mc_key_get_n_addresses (const McKey *key)
{
  return key->identities->len;
}

const char *
mc_key_get_address (const McKey *key, guint i)
{
  const McIdentity *identity = get_identity (key, i);
  if (identity == NULL)
    return NULL;
  return identity->display != NULL ? identity->display : identity->address;
}

const char *
mc_key_get_name (const McKey *key, guint i)
{
  const McIdentity *identity = get_identity (key, i);
  return identity != NULL ? identity->name : NULL;
}

gboolean
mc_key_get_address_trusted (const McKey *key, guint i)
{
  const McIdentity *identity = get_identity (key, i);
  return identity != NULL && identity->trust == MC_TRUST_TRUSTED;
}

const char *
mc_key_get_address_validity (const McKey *key, guint i)
{
  const McIdentity *identity = get_identity (key, i);
  return identity != NULL ? identity->validity : NULL;
}

const char *
mc_key_get_address_tofu (const McKey *key, guint i)
{
  const McIdentity *identity = get_identity (key, i);
  return identity != NULL ? identity->tofu : NULL;
}

const char *
mc_key_get_owner_trust (const McKey *key)
{
  return key->owner_trust;
}

McKeyUse
mc_key_get_use (const McKey *key)
{
  return key->use;
}

McSecretHome
mc_key_get_secret (const McKey *key)
{
  return key->secret;
}

const char *const *
mc_key_get_cards (const McKey *key)
{
  static const char *const none[] = { NULL };
  return key->cards != NULL ? (const char *const *) key->cards : none;
}

McValidity
mc_key_get_validity (const McKey *key)
{
  return key->validity;
}

gint64
mc_key_get_valid_from (const McKey *key)
{
  return key->valid_from;
}

gint64
mc_key_get_valid_until (const McKey *key)
{
  return key->valid_until;
}

const char *
mc_key_get_algorithm (const McKey *key)
{
  return key->algorithm;
}

const char *
mc_key_get_subject (const McKey *key)
{
  return key->subject;
}

const char *
mc_key_get_issuer (const McKey *key)
{
  return key->issuer;
}

gboolean
mc_key_get_is_authority (const McKey *key)
{
  return key->is_authority;
}

gboolean
mc_key_get_is_anchor (const McKey *key)
{
  return key->is_anchor;
}

GPtrArray *
mc_key_get_reasons (const McKey *key)
{
  return key->reasons;
}

/* ------------------------------------------------------- addresses and pins -- */

static McIdentity *
find_canonical (const McKey *key, const char *address)
{
  for (guint i = 0; i < key->identities->len; i++) {
    McIdentity *identity = g_ptr_array_index (key->identities, i);
    if (identity->address != NULL && strcmp (identity->address, address) == 0)
      return identity;
  }
  return NULL;
}

McIdentity *
_mc_key_find_identity (const McKey *key, const char *address)
{
  g_autofree char *canonical = address != NULL ? _mc_address_normalise (address, -1) : NULL;
  return canonical != NULL ? find_canonical (key, canonical) : NULL;
}

static void
set_trust (const McKey *key, McTrustFact trust)
{
  for (guint i = 0; i < key->identities->len; i++) {
    McIdentity *identity = g_ptr_array_index (key->identities, i);
    identity->trust = trust;
  }
}

/* Several identities may share one address (two user ids): all of them get it. */
static void
trust_address (McKey *key, const char *address)
{
  if (find_canonical (key, address) == NULL) {
    g_ptr_array_add (key->identities, _mc_identity_new (address, NULL, MC_TRUST_TRUSTED));
    return;
  }
  for (guint i = 0; i < key->identities->len; i++) {
    McIdentity *identity = g_ptr_array_index (key->identities, i);
    if (g_strcmp0 (identity->address, address) == 0)
      identity->trust = MC_TRUST_TRUSTED;
  }
}

typedef struct {
  McKey *key;
  gboolean distrusted;
} PinApplication;

static void
apply_pin (const char *fingerprint, const char *address, McPin pin, gpointer user_data)
{
  (void) fingerprint;
  PinApplication *application = user_data;
  if (pin == MC_PIN_DISTRUSTED)
    application->distrusted = TRUE;
  else if (pin == MC_PIN_ANCHOR)
    application->key->is_anchor = TRUE;
  else if (pin == MC_PIN_TRUSTED && *address == '\0')
    set_trust (application->key, MC_TRUST_TRUSTED);
  else if (pin == MC_PIN_TRUSTED)
    trust_address (application->key, address);
}

static void
distrust (McKey *key)
{
  set_trust (key, MC_TRUST_UNTRUSTED);
  key->is_anchor = FALSE;
  if (_mc_reasons_have (key->reasons, "distrusted"))
    return;
  g_autofree char *hint = g_strdup_printf (_("mailcrypt keys trust %s"), key->fingerprint);
  g_ptr_array_add (key->reasons, _mc_reason_new ("distrusted", hint, _("you distrusted this key")));
}

gboolean
_mc_key_apply_pins (McContext *context, McKey *key, GError **error)
{
  McStore *store = NULL;
  PinApplication application = { key, FALSE };
  if (!_mc_context_get_store (context, FALSE, &store, error)
      || !_mc_store_find_pins (store, key->protocol, key->fingerprint, apply_pin, &application,
                               error))
    return FALSE;
  if (application.distrusted)
    distrust (key);
  return TRUE;
}

/* ------------------------------------------------------------- fingerprints -- */

gboolean
_mc_fingerprint_fits (McProtocol protocol, const char *fingerprint)
{
  gsize size = strlen (fingerprint);
  return (size == 40 && protocol != MC_PROTOCOL_SMIME)
         || (size == 64 && protocol != MC_PROTOCOL_OPENPGP);
}

char *
_mc_fingerprint_normalise (McProtocol protocol, const char *text)
{
  g_autoptr (GString) digits = g_string_new (NULL);
  while (*text == ' ')
    text++;
  if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
    text += 2;
  for (; *text != '\0'; text++) {
    if (*text == ' ' || *text == ':')
      continue;
    if (!g_ascii_isxdigit (*text))
      return NULL;
    g_string_append_c (digits, g_ascii_tolower (*text));
  }
  if (!_mc_fingerprint_fits (protocol, digits->str))
    return NULL;
  return g_string_free (g_steal_pointer (&digits), FALSE);
}
