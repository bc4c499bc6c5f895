/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pins in the store: what the user decided about a fingerprint. */
#include "config.h"

#include "keys/store-private.h"

gboolean
_mc_store_set_pin (McStore *store, McProtocol protocol, const char *fingerprint,
                   const char *address, McPin pin, GError **error)
{
  if (pin == MC_PIN_NONE)
    return _mc_store_run (store, error,
                          "DELETE FROM pins WHERE protocol = ? AND fingerprint = ?"
                          " AND address = ?",
                          "itt", (gint64) protocol, fingerprint, address);
  return _mc_store_run (store, error,
                        "INSERT INTO pins (protocol, fingerprint, address, pin, set_at)"
                        " VALUES (?, ?, ?, ?, ?)"
                        " ON CONFLICT (protocol, fingerprint, address)"
                        " DO UPDATE SET pin = excluded.pin, set_at = excluded.set_at",
                        "ittii", (gint64) protocol, fingerprint, address, (gint64) pin,
                        g_get_real_time () / G_USEC_PER_SEC);
}

typedef struct {
  char *fingerprint, *address;
  McPin pin;
} PinRow;

static void
pin_row_clear (PinRow *row)
{
  g_free (row->fingerprint);
  g_free (row->address);
}

static sqlite3_stmt *
prepare_pins (McStore *store, McProtocol protocol, const char *fingerprint, GError **error)
{
  if (fingerprint == NULL)
    return _mc_store_prepare (store, error,
                              "SELECT fingerprint, address, pin FROM pins WHERE protocol = ?"
                              " ORDER BY fingerprint, address",
                              "i", (gint64) protocol);
  return _mc_store_prepare (store, error,
                            "SELECT fingerprint, address, pin FROM pins WHERE protocol = ?"
                            " AND fingerprint = ? ORDER BY address",
                            "it", (gint64) protocol, fingerprint);
}

/* All rows before the first call: the caller's function may use the store. */
static GArray *
collect_pins (McStore *store, McProtocol protocol, const char *fingerprint, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = prepare_pins (store, protocol, fingerprint, error);
  g_autoptr (GArray) rows = g_array_new (FALSE, TRUE, sizeof (PinRow));
  gboolean more = FALSE;
  g_array_set_clear_func (rows, (GDestroyNotify) pin_row_clear);
  if (statement == NULL)
    return NULL;
  for (;;) {
    if (!_mc_store_step (store, statement, &more, error))
      return NULL;
    if (!more)
      return g_steal_pointer (&rows);
    PinRow row = { .fingerprint = g_strdup ((const char *) sqlite3_column_text (statement, 0)),
                   .address = g_strdup ((const char *) sqlite3_column_text (statement, 1)),
                   .pin = (McPin) sqlite3_column_int (statement, 2) };
    g_array_append_val (rows, row);
  }
}

gboolean
_mc_store_find_pins (McStore *store, McProtocol protocol, const char *fingerprint, McPinFunc func,
                     gpointer user_data, GError **error)
{
  if (store == NULL)
    return TRUE;

  g_autoptr (GArray) rows = collect_pins (store, protocol, fingerprint, error);
  if (rows == NULL)
    return FALSE;
  for (guint i = 0; i < rows->len; i++) {
    PinRow *row = &g_array_index (rows, PinRow, i);
    func (row->fingerprint, row->address, row->pin, user_data);
  }
  return TRUE;
}

GStrv
_mc_store_pinned_for (McStore *store, McProtocol protocol, const char *address, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  if (store == NULL)
    return g_strv_builder_end (builder);

  g_autoptr (sqlite3_stmt) statement =
    _mc_store_prepare (store, error,
                       "SELECT fingerprint FROM pins AS outer_pin"
                       " WHERE protocol = ?1 AND address = ?2 AND pin = ?3"
                       " AND NOT EXISTS (SELECT 1 FROM pins WHERE protocol = ?1"
                       "  AND fingerprint = outer_pin.fingerprint AND address = '' AND pin = ?4)"
                       " ORDER BY set_at DESC, fingerprint",
                       "itii", (gint64) protocol, address, (gint64) MC_PIN_TRUSTED,
                       (gint64) MC_PIN_DISTRUSTED);
  gboolean row = FALSE;
  if (statement == NULL)
    return NULL;
  for (;;) {
    if (!_mc_store_step (store, statement, &row, error))
      return NULL;
    if (!row)
      return g_strv_builder_end (builder);
    g_strv_builder_add (builder, (const char *) sqlite3_column_text (statement, 0));
  }
}
