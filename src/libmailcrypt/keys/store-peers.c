/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was learnt from mail: the keys seen at an address, and what its programs can read. */
#include "config.h"

#include "keys/store-private.h"

void
_mc_sighting_free (McSighting *sighting)
{
  g_free (sighting->fingerprint);
  g_free (sighting->key);
  g_free (sighting->issuer);
  g_free (sighting);
}

void
_mc_peer_free (McPeer *peer)
{
  if (peer == NULL)
    return;
  g_free (peer->signer);
  g_free (peer->preferred);
  g_clear_pointer (&peer->capabilities, g_bytes_unref);
  g_free (peer);
}

static gboolean
knows_peers (const McStore *store)
{
  return store != NULL && store->version >= MC_STORE_WITH_PEERS;
}

static char *
get_text (sqlite3_stmt *row, int column)
{
  return g_strdup ((const char *) sqlite3_column_text (row, column));
}

/* ---------------------------------------------------------------- sightings -- */

static McSighting *
read_sighting (sqlite3_stmt *row)
{
  McSighting *sighting = g_new0 (McSighting, 1);
  sighting->fingerprint = get_text (row, 0);
  sighting->key = get_text (row, 1);
  sighting->issuer = get_text (row, 2);
  sighting->first_seen = sqlite3_column_int64 (row, 3);
  sighting->last_seen = sqlite3_column_int64 (row, 4);
  return sighting;
}

gboolean
_mc_store_find_sightings (McStore *store, McProtocol protocol, const char *address,
                          GPtrArray *sightings, GError **error)
{
  if (!knows_peers (store))
    return TRUE;

  g_autoptr (sqlite3_stmt) statement =
    _mc_store_prepare (store, error,
                       "SELECT fingerprint, key, issuer, first_seen, last_seen FROM sightings"
                       " WHERE protocol = ? AND address = ? ORDER BY first_seen, fingerprint",
                       "it", (gint64) protocol, address);
  gboolean row = FALSE;
  if (statement == NULL)
    return FALSE;
  for (;;) {
    if (!_mc_store_step (store, statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    g_ptr_array_add (sightings, read_sighting (statement));
  }
}

gboolean
_mc_store_add_sighting (McStore *store, McProtocol protocol, const char *address,
                        const McSighting *sighting, GError **error)
{
  return _mc_store_run (store, error,
                        "INSERT INTO sightings (protocol, address, fingerprint, key, issuer,"
                        " first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?)"
                        " ON CONFLICT (protocol, address, fingerprint)"
                        " DO UPDATE SET last_seen = max (last_seen, excluded.last_seen)",
                        "ittttii", (gint64) protocol, address, sighting->fingerprint,
                        sighting->key, sighting->issuer, sighting->first_seen,
                        sighting->last_seen);
}

/* -------------------------------------------------------------------- peers -- */

static McPeer *
read_peer (sqlite3_stmt *row)
{
  McPeer *peer = g_new0 (McPeer, 1);
  peer->signer = get_text (row, 0);
  peer->preferred = get_text (row, 1);
  if (sqlite3_column_type (row, 2) != SQLITE_NULL) {
    const void *data = sqlite3_column_blob (row, 2);
    peer->capabilities = g_bytes_new (data, (gsize) sqlite3_column_bytes (row, 2));
  }
  peer->signed_at = sqlite3_column_int64 (row, 3);
  return peer;
}

gboolean
_mc_store_get_peer (McStore *store, const char *address, McPeer **ret_peer, GError **error)
{
  *ret_peer = NULL;
  if (!knows_peers (store))
    return TRUE;

  g_autoptr (sqlite3_stmt) statement =
    _mc_store_prepare (store, error,
                       "SELECT signer, preferred, capabilities, signed_at FROM peers"
                       " WHERE address = ?",
                       "t", address);
  gboolean row = FALSE;
  if (statement == NULL || !_mc_store_step (store, statement, &row, error))
    return FALSE;
  if (row)
    *ret_peer = read_peer (statement);
  return TRUE;
}

gboolean
_mc_store_set_peer (McStore *store, const char *address, const McPeer *peer, GError **error)
{
  return _mc_store_run (store, error,
                        "INSERT INTO peers (address, signer, preferred, capabilities, signed_at)"
                        " VALUES (?, ?, ?, ?, ?)"
                        " ON CONFLICT (address) DO UPDATE SET signer = excluded.signer,"
                        " preferred = excluded.preferred, capabilities = excluded.capabilities,"
                        " signed_at = excluded.signed_at"
                        " WHERE excluded.signed_at > peers.signed_at",
                        "tttbi", address, peer->signer, peer->preferred, peer->capabilities,
                        peer->signed_at);
}
