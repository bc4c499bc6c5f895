/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which encrypted messages were opened, as hashes that say nothing to who has the file alone
 * and does not know the Message-IDs. */
#include "config.h"

#include "keys/store-private.h"

#include "base/error.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sys/random.h>

#define SALT_BYTES 32

static gboolean
knows_opened (const McStore *store)
{
  return store != NULL && store->version >= MC_STORE_WITH_OPENED;
}

/* --------------------------------------------------------------------- salt -- */

static gboolean
read_salt (McStore *store, GBytes **ret_salt, GError **error)
{
  g_autoptr (sqlite3_stmt) statement =
    _mc_store_prepare (store, error, "SELECT value FROM salts WHERE name = 'opened'", "");
  gboolean row = FALSE;
  if (statement == NULL || !_mc_store_step (store, statement, &row, error))
    return FALSE;
  *ret_salt = row ? g_bytes_new (sqlite3_column_blob (statement, 0),
                                 (gsize) sqlite3_column_bytes (statement, 0))
                  : NULL;
  return TRUE;
}

/* Another process may make one at the same time: the first counts. */
static gboolean
make_salt (McStore *store, GError **error)
{
  guint8 octets[SALT_BYTES];
  if (getrandom (octets, sizeof octets, 0) != (ssize_t) sizeof octets) {
    _mc_set_error (error, MC_ERROR_IO, NULL, _("the system has no random numbers: %s"),
                   g_strerror (errno));
    return FALSE;
  }
  g_autoptr (GBytes) salt = g_bytes_new (octets, sizeof octets);
  return _mc_store_run (store, error,
                        "INSERT OR IGNORE INTO salts (name, value) VALUES ('opened', ?)", "b",
                        salt);
}

gboolean
_mc_store_get_salt (McStore *store, gboolean create, GBytes **ret_salt, GError **error)
{
  *ret_salt = NULL;
  if (!knows_opened (store))
    return TRUE;
  if (!read_salt (store, ret_salt, error))
    return FALSE;
  if (*ret_salt != NULL || !create)
    return TRUE;
  return make_salt (store, error) && read_salt (store, ret_salt, error);
}

/* ----------------------------------------------------------------- messages -- */

gboolean
_mc_store_add_opened (McStore *store, GBytes *id, gint64 now, gint64 oldest, GError **error)
{
  return _mc_store_run (store, error, "DELETE FROM opened WHERE opened_at < ?", "i", oldest)
         && _mc_store_run (store, error,
                           "INSERT INTO opened (id, opened_at) VALUES (?, ?)"
                           " ON CONFLICT (id) DO UPDATE SET opened_at = excluded.opened_at",
                           "bi", id, now);
}

gboolean
_mc_store_find_opened (McStore *store, GBytes *id, gint64 oldest, gboolean *ret_found,
                       GError **error)
{
  *ret_found = FALSE;
  if (!knows_opened (store))
    return TRUE;
  g_autoptr (sqlite3_stmt) statement =
    _mc_store_prepare (store, error, "SELECT 1 FROM opened WHERE id = ? AND opened_at >= ?", "bi",
                       id, oldest);
  return statement != NULL && _mc_store_step (store, statement, ret_found, error);
}
