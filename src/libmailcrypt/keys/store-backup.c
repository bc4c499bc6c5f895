/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pins out of the store and into another one. */
#include "config.h"

#include "keys/store-private.h"

gboolean
_mc_store_dump_pins (McStore *store, McPinDumpFunc func, gpointer user_data, GError **error)
{
  g_autoptr (sqlite3_stmt) statement =
    _mc_store_prepare (store, error,
                       "SELECT protocol, fingerprint, address, pin, set_at FROM pins"
                       " ORDER BY protocol, fingerprint, address",
                       "");
  gboolean row = statement != NULL;
  while (row) {
    if (!_mc_store_step (store, statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    const McPinDump dump = { (McProtocol) sqlite3_column_int (statement, 0),
                             (const char *) sqlite3_column_text (statement, 1),
                             (const char *) sqlite3_column_text (statement, 2),
                             (McPin) sqlite3_column_int (statement, 3),
                             sqlite3_column_int64 (statement, 4) };
    func (&dump, user_data);
  }
  return FALSE;
}

gboolean
_mc_store_merge_pin (McStore *store, const McPinDump *dump, gboolean *ret_new, GError **error)
{
  if (!_mc_store_run (store, error,
                      "INSERT OR IGNORE INTO pins (protocol, fingerprint, address, pin, set_at)"
                      " VALUES (?, ?, ?, ?, ?)",
                      "ittii", (gint64) dump->protocol, dump->fingerprint, dump->address,
                      (gint64) dump->pin, dump->set_at))
    return FALSE;
  *ret_new = sqlite3_changes (store->db) > 0;
  return TRUE;
}
