/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "keys/find.h"

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "context.h"

#include <glib/gi18n-lib.h>
#include <string.h>

gboolean
_mc_key_query_give (const McKeyQuery *query, McKey *key, GPtrArray *keys, GError **error)
{
  if (query->take == NULL) {
    g_ptr_array_add (keys, key);
    return TRUE;
  }
  gboolean ok = query->take (key, query->take_data, error);
  mc_key_unref (key);
  return ok;
}

static gboolean
can_have (McContext *context, McProtocol protocol, const McKeyQuery *query, gboolean *ret_can,
          GError **error)
{
  McStore *store = NULL;
  *ret_can = query->fingerprint == NULL || _mc_fingerprint_fits (protocol, query->fingerprint);
  if (!*ret_can || protocol != MC_PROTOCOL_SMIME)
    return TRUE;
  if (!_mc_context_get_store (context, FALSE, &store, error))
    return FALSE;
  *ret_can = store != NULL;
  return TRUE;
}

static gboolean
has_key (GPtrArray *keys, guint from, const char *fingerprint)
{
  for (guint i = from; i < keys->len; i++) {
    const McKey *key = g_ptr_array_index (keys, i);
    if (strcmp (key->fingerprint, fingerprint) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
ask_backend (McContext *context, McProtocol protocol, const McKeyQuery *query, GPtrArray *keys,
             GCancellable *cancellable, GError **error)
{
  McEngine *engine = NULL;
  const McBackend *backend = _mc_context_get_backend (context, protocol, &engine, error);
  return backend != NULL && backend->find (engine, query, keys, cancellable, error);
}

/* Keys that the user bound to the address, whatever addresses they name themselves. */
static gboolean
find_pinned (McContext *context, McProtocol protocol, const McKeyQuery *query, GPtrArray *keys,
             guint before, GCancellable *cancellable, GError **error)
{
  McStore *store = NULL;
  g_autofree char *address = _mc_address_normalise (query->address, -1);
  if (address == NULL)
    return TRUE;
  if (!_mc_context_get_store (context, FALSE, &store, error))
    return FALSE;
  g_auto (GStrv) pinned = _mc_store_pinned_for (store, protocol, address, error);
  if (pinned == NULL)
    return FALSE;

  McKeyQuery one = *query;
  one.address = NULL;
  for (gsize i = 0; pinned[i] != NULL; i++) {
    one.fingerprint = pinned[i];
    if (!has_key (keys, before, pinned[i])
        && !ask_backend (context, protocol, &one, keys, cancellable, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
_mc_keys_find (McContext *context, McProtocol protocol, const McKeyQuery *query, GPtrArray *keys,
               GCancellable *cancellable, GError **error)
{
  gboolean can = FALSE;
  if (!can_have (context, protocol, query, &can, error))
    return FALSE;
  if (!can)
    return TRUE;

  guint before = keys->len;
  if (!ask_backend (context, protocol, query, keys, cancellable, error))
    return FALSE;
  if (query->fingerprint == NULL && query->address != NULL
      && !find_pinned (context, protocol, query, keys, before, cancellable, error))
    return FALSE;
  for (guint i = before; i < keys->len; i++)
    if (!_mc_key_apply_pins (context, g_ptr_array_index (keys, i), error))
      return FALSE;
  return TRUE;
}

/* Between a backend and who asked. */
typedef struct {
  McContext *context;
  McKeyFunc func;
  gpointer user_data;
} Pipe;

static gboolean
pass_on (McKey *key, gpointer user_data, GError **error)
{
  const Pipe *pipe = user_data;
  return _mc_key_apply_pins (pipe->context, key, error) && pipe->func (key, pipe->user_data, error);
}

/* Of one address there are few. */
static gboolean
each_of_array (McContext *context, McProtocol protocol, const McKeyQuery *query, McKeyFunc func,
               gpointer user_data, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  if (!_mc_keys_find (context, protocol, query, keys, cancellable, error))
    return FALSE;
  for (guint i = 0; i < keys->len; i++)
    if (!func (g_ptr_array_index (keys, i), user_data, error))
      return FALSE;
  return TRUE;
}

gboolean
_mc_keys_each (McContext *context, McProtocol protocol, const McKeyQuery *query, McKeyFunc func,
               gpointer user_data, GCancellable *cancellable, GError **error)
{
  gboolean can = FALSE;
  if (query->address != NULL || query->fingerprint != NULL)
    return each_of_array (context, protocol, query, func, user_data, cancellable, error);
  if (!can_have (context, protocol, query, &can, error))
    return FALSE;

  Pipe pipe = { context, func, user_data };
  McKeyQuery streaming = *query;
  streaming.take = pass_on;
  streaming.take_data = &pipe;
  return !can || ask_backend (context, protocol, &streaming, NULL, cancellable, error);
}

static gboolean
find_in_both (McContext *context, const McKeyQuery *query, GPtrArray *keys,
              GCancellable *cancellable, GError **error)
{
  return _mc_keys_find (context, MC_PROTOCOL_OPENPGP, query, keys, cancellable, error)
         && _mc_keys_find (context, MC_PROTOCOL_SMIME, query, keys, cancellable, error);
}

McKey *
_mc_keys_find_one (McContext *context, const char *fingerprint, gboolean judge,
                   GCancellable *cancellable, GError **error)
{
  g_autofree char *canonical = _mc_fingerprint_normalise (MC_PROTOCOL_UNKNOWN, fingerprint);
  g_autofree char *shown = _mc_text_escape_line (fingerprint, -1);
  if (canonical == NULL) {
    _mc_set_error (error, MC_ERROR_INVALID, _("full fingerprints are shown by: mailcrypt keys list"),
                   _("not a full fingerprint: '%s'"), shown);
    return NULL;
  }

  McKeyQuery query = { .fingerprint = canonical, .judge = judge };
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  if (!find_in_both (context, &query, keys, cancellable, error))
    return NULL;
  for (guint i = 0; i < keys->len; i++) {
    McKey *key = g_ptr_array_index (keys, i);
    if (strcmp (key->fingerprint, canonical) == 0)   /* not one that has it as a subkey */
      return mc_key_ref (key);
  }
  _mc_set_error (error, MC_ERROR_NO_KEY, NULL, _("no key or certificate with the fingerprint '%s'"), canonical);
  return NULL;
}
