/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Certificates in the store. */
#include "config.h"

#include "keys/store-private.h"

McCertificate *
_mc_certificate_new (void)
{
  return g_new0 (McCertificate, 1);
}

void
_mc_certificate_free (McCertificate *certificate)
{
  if (certificate == NULL)
    return;
  g_free (certificate->fingerprint);
  g_free (certificate->public_key);
  g_clear_pointer (&certificate->der, g_bytes_unref);
  g_clear_pointer (&certificate->subject, g_bytes_unref);
  g_clear_pointer (&certificate->issuer, g_bytes_unref);
  g_clear_pointer (&certificate->serial, g_bytes_unref);
  g_clear_pointer (&certificate->key_identifier, g_bytes_unref);
  g_strfreev (certificate->addresses);
  g_free (certificate->label);
  g_free (certificate);
}

/* ------------------------------------------------------------------ writing -- */

static char *
fold (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  return g_utf8_casefold (valid, -1);
}

/* One field for searching; LF keeps a search from matching across its parts. */
static char *
make_search_text (const McCertificate *certificate)
{
  g_autofree char *addresses =
    certificate->addresses != NULL ? g_strjoinv ("\n", certificate->addresses) : NULL;
  g_autofree char *all = g_strconcat (certificate->label != NULL ? certificate->label : "", "\n",
                                      addresses, NULL);
  return fold (all);
}

static gboolean
insert_certificate (McStore *store, const McCertificate *certificate, GError **error)
{
  g_autofree char *search = make_search_text (certificate);
  return _mc_store_run (store, error,
                        "INSERT INTO certificates (fingerprint, public_key, valid_from, valid_until,"
                        " is_authority, subject, issuer, serial, key_identifier, label, search, der)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                        " ON CONFLICT (fingerprint) DO NOTHING",
                        "ttiiibbbbttb", certificate->fingerprint, certificate->public_key,
                        certificate->valid_from, certificate->valid_until,
                        (gint64) certificate->is_authority, certificate->subject,
                        certificate->issuer, certificate->serial, certificate->key_identifier,
                        certificate->label != NULL ? certificate->label : "", search,
                        certificate->der);
}

static gboolean
insert_addresses (McStore *store, const McCertificate *certificate, GError **error)
{
  gint64 id = sqlite3_last_insert_rowid (store->db);
  for (gsize i = 0; certificate->addresses != NULL && certificate->addresses[i] != NULL; i++)
    if (!_mc_store_run (store, error,
                        "INSERT INTO certificate_addresses (certificate, position, address)"
                        " VALUES (?, ?, ?)",
                        "iit", id, (gint64) i, certificate->addresses[i]))
      return FALSE;
  return TRUE;
}

gboolean
_mc_store_add_certificate (McStore *store, const McCertificate *certificate, gboolean *ret_new,
                           GError **error)
{
  gboolean own = FALSE, new = FALSE;
  if (!_mc_store_begin_own (store, &own, error))
    return FALSE;

  gboolean ok = insert_certificate (store, certificate, error);
  if (ok) {
    new = sqlite3_changes (store->db) > 0;
    ok = !new || insert_addresses (store, certificate, error);
  }
  if (!_mc_store_end_own (store, own, ok, error))
    return FALSE;
  if (ret_new != NULL)
    *ret_new = new;
  return TRUE;
}

gboolean
_mc_store_remove_certificate (McStore *store, const char *fingerprint, GError **error)
{
  return _mc_store_run (store, error, "DELETE FROM certificates WHERE fingerprint = ?", "t",
                        fingerprint);
}

/* ------------------------------------------------------------------ reading -- */

#define NEWEST_FIRST " ORDER BY valid_from DESC, fingerprint"

static const char *const find_sql[] = {
  [MC_BY_ALL] = "SELECT id FROM certificates" NEWEST_FIRST,
  [MC_BY_FINGERPRINT] = "SELECT id FROM certificates WHERE fingerprint = ?" NEWEST_FIRST,
  [MC_BY_ADDRESS] = "SELECT id FROM certificates WHERE id IN"
                    " (SELECT certificate FROM certificate_addresses WHERE address = ?)"
                    NEWEST_FIRST,
  [MC_BY_TEXT] = "SELECT id FROM certificates WHERE instr (search, ?) > 0" NEWEST_FIRST,
  [MC_BY_SUBJECT] = "SELECT id FROM certificates WHERE subject = ?" NEWEST_FIRST,
  [MC_BY_ISSUER_SERIAL] = "SELECT id FROM certificates WHERE issuer = ? AND serial = ?"
                          NEWEST_FIRST,
  [MC_BY_KEY_IDENTIFIER] = "SELECT id FROM certificates WHERE key_identifier = ?" NEWEST_FIRST,
  [MC_BY_PUBLIC_KEY] = "SELECT id FROM certificates WHERE public_key = ?" NEWEST_FIRST,
};

const char *
_mc_store_get_find_sql (McStoreField field)
{
  return find_sql[field];
}

static sqlite3_stmt *
prepare_find (McStore *store, const McStoreQuery *query, const char *folded, GError **error)
{
  const char *sql = find_sql[query->field];
  switch (query->field) {
  case MC_BY_ALL:
    return _mc_store_prepare (store, error, sql, "");
  case MC_BY_TEXT:
    return _mc_store_prepare (store, error, sql, "t", folded);
  case MC_BY_SUBJECT:
    return _mc_store_prepare (store, error, sql, "b", query->name);
  case MC_BY_ISSUER_SERIAL:
    return _mc_store_prepare (store, error, sql, "bb", query->name, query->octets);
  case MC_BY_KEY_IDENTIFIER:
    return _mc_store_prepare (store, error, sql, "b", query->octets);
  case MC_BY_FINGERPRINT:
  case MC_BY_ADDRESS:
  case MC_BY_PUBLIC_KEY:
  default:
    return _mc_store_prepare (store, error, sql, "t", query->text);
  }
}

/* Ids first, rows after: sorting then carries no DER, and the caller's function may use
 * the store, since no statement is in the middle of its rows meanwhile. */
static GArray *
find_ids (McStore *store, const McStoreQuery *query, GError **error)
{
  g_autofree char *folded = query->text != NULL ? fold (query->text) : NULL;
  g_autoptr (sqlite3_stmt) statement = prepare_find (store, query, folded, error);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gboolean row = FALSE;
  if (statement == NULL)
    return NULL;
  for (;;) {
    if (!_mc_store_step (store, statement, &row, error))
      return NULL;
    if (!row)
      return g_steal_pointer (&ids);
    gint64 id = sqlite3_column_int64 (statement, 0);
    g_array_append_val (ids, id);
  }
}

static char *
get_text (sqlite3_stmt *statement, int column)
{
  return g_strdup ((const char *) sqlite3_column_text (statement, column));
}

static GBytes *
get_bytes (sqlite3_stmt *statement, int column)
{
  if (sqlite3_column_type (statement, column) == SQLITE_NULL)
    return NULL;
  const void *data = sqlite3_column_blob (statement, column);
  return g_bytes_new (data, (gsize) sqlite3_column_bytes (statement, column));
}

static McCertificate *
read_row (sqlite3_stmt *row)
{
  McCertificate *certificate = _mc_certificate_new ();
  certificate->fingerprint = get_text (row, 0);
  certificate->public_key = get_text (row, 1);
  certificate->valid_from = sqlite3_column_int64 (row, 2);
  certificate->valid_until = sqlite3_column_int64 (row, 3);
  certificate->is_authority = sqlite3_column_int (row, 4) != 0;
  certificate->subject = get_bytes (row, 5);
  certificate->issuer = get_bytes (row, 6);
  certificate->serial = get_bytes (row, 7);
  certificate->key_identifier = get_bytes (row, 8);
  certificate->label = get_text (row, 9);
  certificate->der = get_bytes (row, 10);
  return certificate;
}

/* The two statements that load one certificate by its id. */
typedef struct {
  sqlite3_stmt *certificate, *addresses;
} Loader;

static void
loader_clear (Loader *loader)
{
  g_clear_pointer (&loader->certificate, sqlite3_finalize);
  g_clear_pointer (&loader->addresses, sqlite3_finalize);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Loader, loader_clear)

static gboolean
loader_init (Loader *loader, McStore *store, GError **error)
{
  loader->certificate =
    _mc_store_prepare (store, error,
                       "SELECT fingerprint, public_key, valid_from, valid_until, is_authority,"
                       " subject, issuer, serial, key_identifier, label, der"
                       " FROM certificates WHERE id = ?", "");
  if (loader->certificate == NULL)
    return FALSE;
  loader->addresses =
    _mc_store_prepare (store, error,
                       "SELECT address FROM certificate_addresses WHERE certificate = ?"
                       " ORDER BY position", "");
  return loader->addresses != NULL;
}

static gboolean
load_addresses (McStore *store, sqlite3_stmt *statement, gint64 id, GStrv *ret_addresses,
                GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gboolean row = FALSE;
  (void) sqlite3_bind_int64 (statement, 1, id);
  for (;;) {
    if (!_mc_store_step (store, statement, &row, error))
      return FALSE;
    if (!row)
      break;
    g_strv_builder_add (builder, (const char *) sqlite3_column_text (statement, 0));
  }
  (void) sqlite3_reset (statement);
  *ret_addresses = g_strv_builder_end (builder);
  return TRUE;
}

/* *ret_certificate is NULL when another process has removed it meanwhile. */
static gboolean
load (McStore *store, Loader *loader, gint64 id, McCertificate **ret_certificate, GError **error)
{
  g_autoptr (McCertificate) certificate = NULL;
  gboolean row = FALSE;
  (void) sqlite3_bind_int64 (loader->certificate, 1, id);
  if (!_mc_store_step (store, loader->certificate, &row, error))
    return FALSE;
  if (row)
    certificate = read_row (loader->certificate);
  (void) sqlite3_reset (loader->certificate);
  if (certificate != NULL
      && !load_addresses (store, loader->addresses, id, &certificate->addresses, error))
    return FALSE;
  *ret_certificate = g_steal_pointer (&certificate);
  return TRUE;
}

gboolean
_mc_store_find (McStore *store, const McStoreQuery *query, McStoreFunc func, gpointer user_data,
                GError **error)
{
  if (store == NULL)
    return TRUE;

  g_autoptr (GArray) ids = find_ids (store, query, error);
  if (ids == NULL)
    return FALSE;
  if (ids->len == 0)
    return TRUE;

  g_auto (Loader) loader = { NULL, NULL };
  if (!loader_init (&loader, store, error))
    return FALSE;
  for (guint i = 0; i < ids->len; i++) {
    g_autoptr (McCertificate) certificate = NULL;
    if (!load (store, &loader, g_array_index (ids, gint64, i), &certificate, error))
      return FALSE;
    if (certificate != NULL && !func (certificate, user_data))
      break;
  }
  return TRUE;
}
