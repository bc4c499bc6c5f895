/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module "keyring": the Secret Service, or whatever other store libsecret was told to
 * use. Each call is one session under one time limit, one session at a time. */
#include "config.h"

#include "keys/keyring.h"

#include "base/secret.h"
#include "base/text.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <gmodule.h>
#include <libsecret/secret.h>
#include <string.h>

/* Installed like the others, but libsecret 0.20 leaves it out of secret.h. */
#ifndef __SECRET_BACKEND_H__
#define __SECRET_INSIDE_HEADER__
#include <libsecret/secret-backend.h>
#undef __SECRET_INSIDE_HEADER__
#endif

#define LIMIT_SECONDS 10          /* for what needs nobody's answer */
#define DIALOG_SECONDS 300        /* for a person to answer */
#define PLAIN_ALGORITHM "plain"
#define LABEL_DIGITS 16

/* The name is not compared: libsecret's file store has none, and secret-tool(1) sets
 * another one. Attributes can be read by everyone while the keyring is locked, so that no
 * address is among them. */
static const SecretSchema schema = {
  .name = "mailcrypt.Passphrase",
  .flags = SECRET_SCHEMA_DONT_MATCH_NAME,
  .attributes = {
    { "application", SECRET_SCHEMA_ATTRIBUTE_STRING },
    { "fingerprint", SECRET_SCHEMA_ATTRIBUTE_STRING },
  },
};

/* What libsecret keeps from session to session hears of changes in this context only. */
static GMutex turn;
static GMainContext *loop;
/* Kept for good: libsecret 0.20 goes on using it without a reference of its own. */
static SecretBackend *store;

typedef struct {
  GHashTable *attributes;
  GCancellable *caller, *own;   /* nullable; cancelled by the caller or by the limit */
  gulong caller_id;
  GSource *limit;
  guint seconds;                /* of it */
  gboolean late;
  GAsyncResult *result;
  GDBusConnection *bus;         /* nullable */
  gboolean exits;               /* what the bus connection was set to */
  SecretService *service;       /* borrowed, nullable: it is another store */
} Session;

/* --------------------------------------------------------------- waiting, limits -- */

static void
on_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  (void) source;
  ((Session *) user_data)->result = g_object_ref (result);
}

/* The result of the call just started: it always comes, cancelled if not otherwise. */
static GAsyncResult *
await (Session *session)
{
  while (session->result == NULL)
    g_main_context_iteration (loop, TRUE);
  return g_steal_pointer (&session->result);
}

static gboolean
on_late (gpointer user_data)
{
  Session *session = user_data;
  session->late = TRUE;
  g_cancellable_cancel (session->own);
  return G_SOURCE_REMOVE;
}

static void
set_limit (Session *session, guint seconds)
{
  if (session->limit != NULL) {
    g_source_destroy (session->limit);
    g_source_unref (session->limit);
  }
  session->seconds = seconds;
  session->limit = g_timeout_source_new_seconds (seconds);
  g_source_set_callback (session->limit, on_late, session, NULL);
  g_source_attach (session->limit, loop);
}

static void
on_cancelled (GCancellable *caller, gpointer own)
{
  (void) caller;
  g_cancellable_cancel (own);
}

/* ----------------------------------------------------------------------- errors -- */

static gboolean
is_no_service (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)
         || (error->domain == G_DBUS_ERROR && error->code >= G_DBUS_ERROR_SPAWN_EXEC_FAILED
             && error->code <= G_DBUS_ERROR_SPAWN_NO_MEMORY);
}

static gboolean
is_ended (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* What @error means for a person. */
static char *
explain (const Session *session, const GError *error)
{
  if (session->late)
    return g_strdup_printf (_("no answer in %u seconds"), session->seconds);
  if (is_no_service (error))
    return g_strdup (_("no secret service"));
  if (is_ended (error))
    return g_strdup (_("it ended in the middle"));
  g_autoptr (GError) copy = g_error_copy (error);
  g_dbus_error_strip_remote_error (copy);
  return _mc_text_escape_line (copy->message, -1);
}

static McPassphraseAnswer
give_up (const Session *session, const GError *error, char **ret_why)
{
  if (g_error_matches (error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
    return MC_PASSPHRASE_LOCKED;
  *ret_why = explain (session, error);
  return MC_PASSPHRASE_UNAVAILABLE;
}

/* ---------------------------------------------------------------------- session -- */

/* The bus must not end our process when it ends itself. */
static void
connect_bus (Session *session)
{
  g_bus_get (G_BUS_TYPE_SESSION, session->own, on_ready, session);
  g_autoptr (GAsyncResult) result = await (session);
  session->bus = g_bus_get_finish (result, NULL);
  if (session->bus == NULL)
    return;
  session->exits = g_dbus_connection_get_exit_on_close (session->bus);
  g_dbus_connection_set_exit_on_close (session->bus, FALSE);
}

static gboolean
open_store (Session *session, char **ret_why)
{
  if (store == NULL) {
    g_autoptr (GError) error = NULL;
    secret_backend_get (SECRET_BACKEND_NONE, session->own, on_ready, session);
    g_autoptr (GAsyncResult) result = await (session);
    store = secret_backend_get_finish (result, &error);
    if (store == NULL) {
      *ret_why = session->bus == NULL && !session->late ? g_strdup (_("no session bus"))
                                                        : explain (session, error);
      return FALSE;
    }
  }
  session->service = SECRET_IS_SERVICE (store) ? SECRET_SERVICE (store) : NULL;
  return TRUE;
}

static gboolean
session_open (Session *session, const char *fingerprint, GCancellable *cancellable, char **ret_why)
{
  session->attributes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_hash_table_insert (session->attributes, (gpointer) "application", g_strdup (PACKAGE_TARNAME));
  g_hash_table_insert (session->attributes, (gpointer) "fingerprint", g_strdup (fingerprint));
  g_mutex_lock (&turn);
  if (loop == NULL)
    loop = g_main_context_new ();
  g_main_context_push_thread_default (loop);
  session->own = g_cancellable_new ();
  session->caller = cancellable;
  if (cancellable != NULL)
    session->caller_id =
      g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), session->own, NULL);
  set_limit (session, LIMIT_SECONDS);
  connect_bus (session);
  return open_store (session, ret_why);
}

static void
session_clear (Session *session)
{
  g_cancellable_disconnect (session->caller, session->caller_id);
  if (session->bus != NULL)
    g_dbus_connection_set_exit_on_close (session->bus, session->exits);
  g_clear_object (&session->bus);
  g_clear_object (&session->own);
  g_source_destroy (session->limit);
  g_source_unref (session->limit);
  g_main_context_pop_thread_default (loop);
  g_mutex_unlock (&turn);
  g_hash_table_unref (session->attributes);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Session, session_clear)

/* ---------------------------------------------------------------------- locking -- */

static gboolean
search (Session *session, SecretSearchFlags flags, GList **ret_items, GError **error)
{
  g_autoptr (GError) own = NULL;
  secret_password_searchv (&schema, session->attributes, flags, session->own, on_ready, session);
  g_autoptr (GAsyncResult) result = await (session);
  GList *items = secret_password_search_finish (result, &own);
  if (own != NULL) {
    g_propagate_error (error, g_steal_pointer (&own));
    return FALSE;
  }
  *ret_items = items;
  return TRUE;
}

static void
free_items (GList *items)
{
  g_list_free_full (items, g_object_unref);
}

/* Where new items go; *ret_collection is NULL when the service has no such place. */
static gboolean
find_collection (Session *session, SecretCollection **ret_collection, GError **error)
{
  g_autoptr (GError) own = NULL;
  secret_collection_for_alias (session->service, SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE,
                               session->own, on_ready, session);
  g_autoptr (GAsyncResult) result = await (session);
  SecretCollection *collection = secret_collection_for_alias_finish (result, &own);
  if (own != NULL) {
    g_propagate_error (error, g_steal_pointer (&own));
    return FALSE;
  }
  *ret_collection = collection;
  return TRUE;
}

/* What has to be unlocked before the passphrase can be had: the item itself, or the
 * collection in which it may be. NULL when nothing is locked. (transfer full) */
static gboolean
find_lock (Session *session, GList *items, GObject **ret_locked, GError **error)
{
  g_autoptr (SecretCollection) collection = NULL;
  *ret_locked = NULL;
  if (session->service == NULL)
    return TRUE;
  if (items != NULL) {
    if (SECRET_IS_ITEM (items->data) && secret_item_get_locked (items->data))
      *ret_locked = g_object_ref (items->data);
    return TRUE;
  }
  if (!find_collection (session, &collection, error))
    return FALSE;
  if (collection != NULL && secret_collection_get_locked (collection))
    *ret_locked = G_OBJECT (g_steal_pointer (&collection));
  return TRUE;
}

/* Opens the dialog. FALSE without an error: it was dismissed, or could not be shown. */
static gboolean
unlock (Session *session, GObject *object, GError **error)
{
  GList objects = { .data = object };
  set_limit (session, DIALOG_SECONDS);
  secret_service_unlock (session->service, &objects, session->own, on_ready, session);
  g_autoptr (GAsyncResult) result = await (session);
  if (!session->late)
    set_limit (session, LIMIT_SECONDS);
  return secret_service_unlock_finish (session->service, result, NULL, error) > 0;
}

/* The items, after the unlocking that the caller may want. HERE: they can be used. */
static McPassphraseAnswer
find_items (Session *session, SecretSearchFlags flags, gboolean may_unlock, GList **ret_items,
            char **ret_why, GError **error)
{
  g_autoptr (GObject) locked = NULL;
  g_autoptr (GError) own = NULL;
  if (!search (session, flags, ret_items, error)
      || !find_lock (session, *ret_items, &locked, error))
    return MC_PASSPHRASE_UNAVAILABLE;
  if (locked == NULL)
    return *ret_items != NULL ? MC_PASSPHRASE_HERE : MC_PASSPHRASE_ABSENT;
  if (!may_unlock)
    return MC_PASSPHRASE_LOCKED;

  if (!unlock (session, locked, &own)) {
    if (own == NULL)
      *ret_why = g_strdup (_("still locked: its dialog was dismissed, or cannot be shown"));
    else
      g_propagate_error (error, g_steal_pointer (&own));
    return own == NULL && *ret_why != NULL ? MC_PASSPHRASE_LOCKED : MC_PASSPHRASE_UNAVAILABLE;
  }
  free_items (g_steal_pointer (ret_items));
  if (!search (session, flags, ret_items, error))
    return MC_PASSPHRASE_UNAVAILABLE;
  return *ret_items != NULL ? MC_PASSPHRASE_HERE : MC_PASSPHRASE_ABSENT;
}

/* --------------------------------------------------------------------- transfer -- */

/* A service that encrypts nothing would have the passphrase in ordinary memory, its own
 * and ours. */
static gboolean
check_transfer (Session *session, GError **error)
{
  if (session->service == NULL)
    return TRUE;
  secret_service_ensure_session (session->service, session->own, on_ready, session);
  g_autoptr (GAsyncResult) result = await (session);
  if (!secret_service_ensure_session_finish (session->service, result, error))
    return FALSE;
  const char *algorithms = secret_service_get_session_algorithms (session->service);
  if (algorithms != NULL && strcmp (algorithms, PLAIN_ALGORITHM) != 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _("it cannot encrypt what it hands over"));
  return FALSE;
}

static McSecret *
retrieve (Session *session, SecretRetrievable *item, GError **error)
{
  gsize size = 0;
  if (!check_transfer (session, error))
    return NULL;
  secret_retrievable_retrieve_secret (item, session->own, on_ready, session);
  g_autoptr (GAsyncResult) result = await (session);
  SecretValue *value = secret_retrievable_retrieve_secret_finish (item, result, error);
  if (value == NULL)
    return NULL;
  const char *data = secret_value_get (value, &size);
  McSecret *secret = mc_secret_new (data, size);
  secret_value_unref (value);   /* wipes its own locked memory */
  return secret;
}

static McPassphraseAnswer
find_passphrase (const char *fingerprint, gboolean may_unlock, McSecret **ret_secret,
                 char **ret_why, GCancellable *cancellable)
{
  GList *items = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Session) session = { 0 };
  if (!session_open (&session, fingerprint, cancellable, ret_why))
    return MC_PASSPHRASE_UNAVAILABLE;
  McPassphraseAnswer answer = find_items (&session, SECRET_SEARCH_NONE, may_unlock, &items,
                                          ret_why, &error);
  if (answer == MC_PASSPHRASE_HERE)
    *ret_secret = retrieve (&session, items->data, &error);
  free_items (items);
  return error != NULL ? give_up (&session, error, ret_why) : answer;
}

/* ---------------------------------------------------------------------- storing -- */

static gboolean
create_item (Session *session, SecretCollection *collection, const char *label, SecretValue *value,
             GError **error)
{
  if (!check_transfer (session, error))
    return FALSE;
  secret_item_create (collection, &schema, session->attributes, label, value,
                      SECRET_ITEM_CREATE_REPLACE, session->own, on_ready, session);
  g_autoptr (GAsyncResult) result = await (session);
  g_autoptr (SecretItem) item = secret_item_create_finish (result, error);
  return item != NULL;
}

/* libsecret's own way of storing unlocks and makes keyrings on the quiet, with dialogs. */
static gboolean
store_in_service (Session *session, const char *label, SecretValue *value, gboolean may_unlock,
                  char **ret_why, GError **error)
{
  g_autoptr (SecretCollection) collection = NULL;
  if (!find_collection (session, &collection, error))
    return FALSE;
  if (collection == NULL) {
    *ret_why = g_strdup (_("it has no default keyring"));
    return FALSE;
  }
  if (secret_collection_get_locked (collection)
      && (!may_unlock || !unlock (session, G_OBJECT (collection), error))) {
    *ret_why = g_strdup (_("locked"));
    return FALSE;
  }
  return create_item (session, collection, label, value, error);
}

static gboolean
store_elsewhere (Session *session, const char *label, SecretValue *value, GError **error)
{
  secret_password_storev_binary (&schema, session->attributes, SECRET_COLLECTION_DEFAULT, label,
                                 value, session->own, on_ready, session);
  g_autoptr (GAsyncResult) result = await (session);
  return secret_password_store_finish (result, error);
}

static gboolean
store_passphrase (const char *fingerprint, McSecret *secret, gboolean may_unlock, char **ret_why,
                  GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_auto (Session) session = { 0 };
  if (!session_open (&session, fingerprint, cancellable, ret_why))
    return FALSE;
  g_autofree char *label =
    g_strdup_printf (_("mailcrypt: passphrase of the S/MIME key %.*s"), LABEL_DIGITS, fingerprint);
  SecretValue *value = secret_value_new (_mc_secret_get_data (secret),
                                         (gssize) _mc_secret_get_size (secret), "text/plain");
  gboolean ok = session.service != NULL
    ? store_in_service (&session, label, value, may_unlock, ret_why, &error)
    : store_elsewhere (&session, label, value, &error);
  secret_value_unref (value);
  if (!ok && *ret_why == NULL)
    *ret_why = explain (&session, error);
  return ok;
}

/* --------------------------------------------------------------------- removing -- */

static gboolean
delete_item (Session *session, SecretItem *item, GError **error)
{
  secret_item_delete (item, session->own, on_ready, session);
  g_autoptr (GAsyncResult) result = await (session);
  return secret_item_delete_finish (item, result, error);
}

/* A locked item cannot be removed without a dialog. */
static gboolean
delete_items (Session *session, GList *items, char **ret_why, GError **error)
{
  for (GList *at = items; at != NULL; at = at->next) {
    if (secret_item_get_locked (at->data)) {
      *ret_why = g_strdup (_("locked"));
      return FALSE;
    }
    if (!delete_item (session, at->data, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
clear_elsewhere (Session *session, GError **error)
{
  g_autoptr (GError) own = NULL;
  secret_password_clearv (&schema, session->attributes, session->own, on_ready, session);
  g_autoptr (GAsyncResult) result = await (session);
  if (secret_password_clear_finish (result, &own) || own == NULL)   /* FALSE alone: had none */
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&own));
  return FALSE;
}

static gboolean
clear_service (Session *session, gboolean may_unlock, char **ret_why, GError **error)
{
  GList *items = NULL;
  McPassphraseAnswer answer =
    find_items (session, SECRET_SEARCH_ALL, may_unlock, &items, ret_why, error);
  if (answer == MC_PASSPHRASE_LOCKED && *ret_why == NULL)
    *ret_why = g_strdup (_("locked"));
  gboolean ok = answer == MC_PASSPHRASE_ABSENT
                || (answer == MC_PASSPHRASE_HERE && delete_items (session, items, ret_why, error));
  free_items (items);
  return ok;
}

static gboolean
remove_passphrase (const char *fingerprint, gboolean may_unlock, char **ret_why,
                   GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_auto (Session) session = { 0 };
  if (!session_open (&session, fingerprint, cancellable, ret_why))
    return FALSE;
  gboolean ok = session.service != NULL ? clear_service (&session, may_unlock, ret_why, &error)
                                        : clear_elsewhere (&session, &error);
  if (!ok && *ret_why == NULL)
    *ret_why = explain (&session, error);
  return ok;
}

G_MODULE_EXPORT const McKeyring _mc_keyring_secret_service = {
  .find = find_passphrase,
  .store = store_passphrase,
  .remove = remove_passphrase,
};
