/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public functions about keys, over all backends. */
#include "config.h"

#include "backend.h"
#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "context.h"
#include "keys/find.h"
#include "keys/keyring.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static const McProtocol protocols[] = { MC_PROTOCOL_OPENPGP, MC_PROTOCOL_SMIME };

/* ------------------------------------------------------------------- listing -- */

static const char *
get_first_address (const McKey *key)
{
  for (guint i = 0; i < key->identities->len; i++) {
    const McIdentity *identity = g_ptr_array_index (key->identities, i);
    if (identity->address != NULL)
      return identity->address;
  }
  return "";
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  const McKey *left = *(McKey *const *) a;
  const McKey *right = *(McKey *const *) b;
  if (left->protocol != right->protocol)
    return left->protocol < right->protocol ? -1 : 1;
  int order = strcmp (get_first_address (left), get_first_address (right));
  return order != 0 ? order : strcmp (left->fingerprint, right->fingerprint);
}

/* What a person means by @pattern (nothing: all keys); the results are owned by the caller. */
static void
read_pattern (const char *pattern, char **ret_address, char **ret_fingerprint, char **ret_text)
{
  if (pattern == NULL || *pattern == '\0')
    return;
  *ret_address = _mc_address_normalise (pattern, -1);
  if (*ret_address == NULL)
    *ret_fingerprint = _mc_fingerprint_normalise (MC_PROTOCOL_UNKNOWN, pattern);
  if (*ret_address == NULL && *ret_fingerprint == NULL)
    *ret_text = g_strdup (pattern);
}

/* A func that counts, in front of the caller's. */
typedef struct {
  McKeyFunc func;
  gpointer user_data;
  guint count;
} Counter;

static gboolean
count (McKey *key, gpointer user_data, GError **error)
{
  Counter *counter = user_data;
  counter->count++;
  return counter->func (key, counter->user_data, error);
}

gboolean
mc_keys_foreach (McContext *context, McProtocol protocol, const char *pattern,
                 gboolean secret_only, McKeyFunc func, gpointer user_data,
                 GCancellable *cancellable, GError **error)
{
  g_autofree char *address = NULL;
  g_autofree char *fingerprint = NULL;
  g_autofree char *text = NULL;
  read_pattern (pattern, &address, &fingerprint, &text);
  McKeyQuery query = { .address = address, .fingerprint = fingerprint, .text = text,
                       .secret_only = secret_only, .judge = TRUE };
  Counter counter = { func, user_data, 0 };
  g_autoptr (GError) broken = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (protocols); i++) {
    g_autoptr (GError) own = NULL;
    if ((protocol != MC_PROTOCOL_UNKNOWN && protocol != protocols[i])
        || _mc_keys_each (context, protocols[i], &query, count, &counter, cancellable, &own))
      continue;
    if (!g_error_matches (own, MC_ERROR, MC_ERROR_ENGINE)) {
      g_propagate_error (error, g_steal_pointer (&own));
      return FALSE;
    }
    if (broken == NULL)
      broken = g_steal_pointer (&own);
  }
  /* An engine that is missing does not hide the keys of the other one. */
  if (broken == NULL || counter.count > 0)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&broken));
  return FALSE;
}

static gboolean
collect_key (McKey *key, gpointer user_data, GError **error)
{
  (void) error;
  g_ptr_array_add (user_data, mc_key_ref (key));
  return TRUE;
}

GPtrArray *
mc_keys_list (McContext *context, McProtocol protocol, const char *pattern, gboolean secret_only,
              GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  if (!mc_keys_foreach (context, protocol, pattern, secret_only, collect_key, keys, cancellable,
                        error))
    return NULL;
  g_ptr_array_sort (keys, compare_keys);
  return g_steal_pointer (&keys);
}

gboolean
mc_keys_export (McContext *context, McKey *key, GOutputStream *output, GCancellable *cancellable,
                GError **error)
{
  McEngine *engine = NULL;
  const McBackend *backend = _mc_context_get_backend (context, key->protocol, &engine, error);
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (context));
  return backend != NULL && backend->export (engine, key, FALSE, spool, cancellable, error)
         && _mc_span_write (_mc_span_whole (spool), MC_NEWLINES_AS_IS, output, cancellable, error);
}

gboolean
mc_keys_export_secret (McContext *context, McKey *key, McSecret *new_passphrase,
                       GOutputStream *output, GCancellable *cancellable, GError **error)
{
  if (key->secret == MC_SECRET_NONE) {
    _mc_set_error (error, MC_ERROR_NO_SECRET, NULL, _("the secret part of the key %s is not here"),
                   key->fingerprint);
    return FALSE;
  }
  McEngine *engine = NULL;
  const McBackend *backend = _mc_context_get_backend (context, key->protocol, &engine, error);
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (context));
  return backend != NULL
         && backend->export_secret (engine, key, new_passphrase, spool, cancellable, error)
         && _mc_span_write (_mc_span_whole (spool), MC_NEWLINES_AS_IS, output, cancellable, error);
}

/* --------------------------------------------------------------------- trust -- */

static gboolean
fail_invalid (GError **error, const char *hint, const char *text)
{
  _mc_set_error (error, MC_ERROR_INVALID, hint, "%s", text);
  return FALSE;
}

static char *
check_address (const char *address, GError **error)
{
  char *canonical = _mc_address_normalise (address, -1);
  if (canonical == NULL) {
    g_autofree char *shown = _mc_text_escape_line (address, -1);
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("not a mail address: '%s'"), shown);
  }
  return canonical;
}

/* The addresses to be pinned: @address, or each of the key's own. */
static GStrv
get_pin_addresses (const McKey *key, const char *address, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  if (address != NULL) {
    g_autofree char *canonical = check_address (address, error);
    if (canonical == NULL)
      return NULL;
    g_strv_builder_add (builder, canonical);
    return g_strv_builder_end (builder);
  }

  for (guint i = 0; i < key->identities->len; i++) {
    const McIdentity *identity = g_ptr_array_index (key->identities, i);
    if (identity->address != NULL)
      g_strv_builder_add (builder, identity->address);
  }
  g_auto (GStrv) addresses = g_strv_builder_end (builder);
  if (*addresses == NULL) {
    fail_invalid (error, _("say for whom: --for ADDRESS"), _("the key names no mail address"));
    return NULL;
  }
  return g_steal_pointer (&addresses);
}

/* What is pinned for one fingerprint. */
typedef struct {
  McPin whole;              /* the pin for all of the key */
  GPtrArray *addresses;     /* of char*: trusted for these */
} Pins;

static void
collect_pin (const char *fingerprint, const char *address, McPin pin, gpointer user_data)
{
  (void) fingerprint;
  Pins *pins = user_data;
  if (*address == '\0')
    pins->whole = pin;
  else
    g_ptr_array_add (pins->addresses, g_strdup (address));
}

/* A change to the pins of one key, inside a transaction. */
typedef gboolean (*PinChange) (McStore *store, const McKey *key, const Pins *pins,
                               gconstpointer argument, GError **error);

static gboolean
change_pins_inside (McStore *store, const McKey *key, PinChange change, gconstpointer argument,
                    GError **error)
{
  Pins pins = { MC_PIN_NONE, g_ptr_array_new_with_free_func (g_free) };
  gboolean ok = _mc_store_find_pins (store, key->protocol, key->fingerprint, collect_pin, &pins,
                                     error)
                && change (store, key, &pins, argument, error);
  g_ptr_array_unref (pins.addresses);
  return ok;
}

static gboolean
change_pins (McContext *context, const McKey *key, PinChange change, gconstpointer argument,
             GError **error)
{
  McStore *store = NULL;
  if (!_mc_context_get_store (context, TRUE, &store, error) || !_mc_store_begin (store, error))
    return FALSE;
  if (change_pins_inside (store, key, change, argument, error)
      && _mc_store_commit (store, error))
    return TRUE;
  _mc_store_rollback (store);
  return FALSE;
}

static gboolean
set_pin (McStore *store, const McKey *key, const char *address, McPin pin, GError **error)
{
  return _mc_store_set_pin (store, key->protocol, key->fingerprint, address, pin, error);
}

/* Trust takes back what was said against the key; an anchor stays one. */
static gboolean
pin_addresses (McStore *store, const McKey *key, const Pins *pins, gconstpointer argument,
               GError **error)
{
  if (pins->whole == MC_PIN_DISTRUSTED && !set_pin (store, key, "", MC_PIN_NONE, error))
    return FALSE;
  for (char *const *addresses = argument; *addresses != NULL; addresses++)
    if (!set_pin (store, key, *addresses, MC_PIN_TRUSTED, error))
      return FALSE;
  return TRUE;
}

static gboolean
pin_anchor (McStore *store, const McKey *key, const Pins *pins, gconstpointer argument,
            GError **error)
{
  (void) pins;
  (void) argument;
  return set_pin (store, key, "", MC_PIN_ANCHOR, error);
}

/* @argument (nullable): the one address to be trusted no longer. */
static gboolean
unpin (McStore *store, const McKey *key, const Pins *pins, gconstpointer argument, GError **error)
{
  if (argument != NULL)
    return set_pin (store, key, argument, MC_PIN_NONE, error);
  for (guint i = 0; i < pins->addresses->len; i++)
    if (!set_pin (store, key, g_ptr_array_index (pins->addresses, i), MC_PIN_NONE, error))
      return FALSE;
  return set_pin (store, key, "", MC_PIN_DISTRUSTED, error);
}

/* What the user has said against a key outlives it. */
static gboolean
forget (McStore *store, const McKey *key, const Pins *pins, gconstpointer argument, GError **error)
{
  (void) argument;
  for (guint i = 0; i < pins->addresses->len; i++)
    if (!set_pin (store, key, g_ptr_array_index (pins->addresses, i), MC_PIN_NONE, error))
      return FALSE;
  return pins->whole == MC_PIN_DISTRUSTED || set_pin (store, key, "", MC_PIN_NONE, error);
}

static gboolean
trust_anchor (McContext *context, const McKey *key, const char *address, GError **error)
{
  if (address != NULL)
    return fail_invalid (error, NULL, _("a trust anchor is for no single address"));
  if (key->protocol != MC_PROTOCOL_SMIME || !key->is_authority)
    return fail_invalid (error, _("without --anchor it is trusted for its own addresses"),
                         _("not the certificate of an authority"));
  return change_pins (context, key, pin_anchor, NULL, error);
}

gboolean
mc_keys_trust (McContext *context, const char *fingerprint, const char *address, gboolean anchor,
               GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) own = NULL;
  g_autoptr (McKey) key = _mc_keys_find_one (context, fingerprint, FALSE, cancellable, &own);
  if (key == NULL) {
    if (g_error_matches (own, MC_ERROR, MC_ERROR_NO_KEY))
      _mc_error_add_hint (&own, _("first import it: mailcrypt keys import FILE"));
    g_propagate_error (error, g_steal_pointer (&own));
    return FALSE;
  }
  if (anchor)
    return trust_anchor (context, key, address, error);

  g_auto (GStrv) addresses = get_pin_addresses (key, address, error);
  return addresses != NULL && change_pins (context, key, pin_addresses, addresses, error);
}

/* Distrust for one address that has no effect must not pass for done. */
static gboolean
check_no_longer_trusted (McContext *context, const char *fingerprint, const char *address,
                         GCancellable *cancellable, GError **error)
{
  g_autoptr (McKey) key = _mc_keys_find_one (context, fingerprint, TRUE, cancellable, error);
  if (key == NULL)
    return FALSE;
  const McIdentity *identity = _mc_key_find_identity (key, address);
  if (identity == NULL || identity->trust != MC_TRUST_TRUSTED)
    return TRUE;

  g_autofree char *hint = g_strdup_printf (_("for all its addresses: mailcrypt keys distrust %s"),
                                           key->fingerprint);
  return fail_invalid (error, hint, key->protocol == MC_PROTOCOL_OPENPGP
                                      ? _("GnuPG itself trusts the key for this address")
                                      : _("the certificate is still trusted through its issuer"));
}

gboolean
mc_keys_distrust (McContext *context, const char *fingerprint, const char *address,
                  GCancellable *cancellable, GError **error)
{
  g_autofree char *canonical = NULL;
  g_autoptr (McKey) key = _mc_keys_find_one (context, fingerprint, FALSE, cancellable, error);
  if (key == NULL)
    return FALSE;
  if (address != NULL) {
    canonical = check_address (address, error);
    if (canonical == NULL)
      return FALSE;
  }
  if (!change_pins (context, key, unpin, canonical, error))
    return FALSE;
  return canonical == NULL
         || check_no_longer_trusted (context, key->fingerprint, canonical, cancellable, error);
}

/* ------------------------------------------------------------------ removing -- */

gboolean
mc_keys_remove (McContext *context, const char *fingerprint, GCancellable *cancellable,
                GError **error)
{
  McEngine *engine = NULL;
  McStore *store = NULL;
  g_autoptr (McKey) key = _mc_keys_find_one (context, fingerprint, FALSE, cancellable, error);
  if (key == NULL)
    return FALSE;
  const McBackend *backend = _mc_context_get_backend (context, key->protocol, &engine, error);
  if (backend == NULL || !backend->remove (engine, key, cancellable, error)
      || !_mc_context_get_store (context, FALSE, &store, error))
    return FALSE;
  if (key->secret == MC_SECRET_FILE)
    _mc_keyring_forget (context, key->fingerprint, cancellable);
  return store == NULL || change_pins (context, key, forget, NULL, error);
}

/* ---------------------------------------------------------------- generating -- */

static gboolean
check_request (const McKeyRequest *request, GError **error)
{
  g_autofree char *address = NULL;
  if (request->address == NULL)
    return fail_invalid (error, NULL, _("a key needs a mail address"));
  address = check_address (request->address, error);
  if (address == NULL)
    return FALSE;
  if (request->protocol != MC_PROTOCOL_SMIME && (request->self_signed || request->csr != NULL))
    return fail_invalid (error, _("add --protocol smime"),
                         _("only S/MIME has self-signed certificates and requests"));
  if (request->protocol == MC_PROTOCOL_SMIME && !request->self_signed && request->csr == NULL)
    return fail_invalid (error, _("--csr FILE for an authority, or --self-signed to try things out"),
                         _("an S/MIME key needs a request or a certificate"));
  return TRUE;
}

McKey *
mc_keys_generate (McContext *context, const McKeyRequest *request, GCancellable *cancellable,
                  GError **error)
{
  McKeyRequest full = *request;
  if (full.protocol == MC_PROTOCOL_UNKNOWN)
    full.protocol = MC_PROTOCOL_OPENPGP;
  McEngine *engine = NULL;
  McKey *key = NULL;
  if (!check_request (&full, error))
    return NULL;
  const McBackend *backend = _mc_context_get_backend (context, full.protocol, &engine, error);
  if (backend == NULL || !backend->generate (engine, &full, &key, cancellable, error))
    return NULL;
  return key;
}
