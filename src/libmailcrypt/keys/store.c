/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "keys/store-private.h"

#include "base/error.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/stat.h>

#define STORE_NAME "store.db"
#define APPLICATION_ID 0x4d435374   /* "MCSt": tells our databases from all others */
#define BUSY_TIMEOUT_MS 10000
#define HURRIED_TIMEOUT_MS 1000
#define BUSY_POLL_US 5000

/* migrations[n] leads from PRAGMA user_version n to n + 1. Never changed once released. */
static const char *const migrations[] = {
  "CREATE TABLE certificates ("
  "  id INTEGER PRIMARY KEY,"
  "  fingerprint TEXT NOT NULL UNIQUE,"
  "  public_key TEXT NOT NULL,"
  "  valid_from INTEGER NOT NULL,"
  "  valid_until INTEGER NOT NULL,"
  "  is_authority INTEGER NOT NULL,"
  "  subject BLOB NOT NULL,"
  "  issuer BLOB NOT NULL,"
  "  serial BLOB NOT NULL,"
  "  key_identifier BLOB,"
  "  label TEXT NOT NULL,"
  "  search TEXT NOT NULL,"        /* label and addresses, case-folded */
  "  der BLOB NOT NULL);"
  "CREATE INDEX certificates_public_key ON certificates (public_key);"
  "CREATE INDEX certificates_subject ON certificates (subject);"
  "CREATE INDEX certificates_issuer_serial ON certificates (issuer, serial);"
  "CREATE INDEX certificates_key_identifier ON certificates (key_identifier);"
  "CREATE INDEX certificates_newest ON certificates (valid_from DESC, fingerprint);"
  /* Covers searches, which then need not walk over the DER. */
  "CREATE INDEX certificates_search ON certificates (search, valid_from, fingerprint);"
  "CREATE TABLE certificate_addresses ("
  "  certificate INTEGER NOT NULL REFERENCES certificates (id) ON DELETE CASCADE,"
  "  position INTEGER NOT NULL,"
  "  address TEXT NOT NULL,"
  "  PRIMARY KEY (certificate, position)) WITHOUT ROWID;"
  "CREATE INDEX certificate_addresses_address ON certificate_addresses (address);"
  "CREATE TABLE pins ("
  "  protocol INTEGER NOT NULL,"   /* McProtocol */
  "  fingerprint TEXT NOT NULL,"
  "  address TEXT NOT NULL,"
  "  pin INTEGER NOT NULL,"        /* McPin */
  "  set_at INTEGER NOT NULL,"
  "  PRIMARY KEY (protocol, fingerprint, address)) WITHOUT ROWID;"
  "CREATE INDEX pins_address ON pins (protocol, address);",

  "CREATE TABLE peers ("
  "  address TEXT PRIMARY KEY,"
  "  signer TEXT NOT NULL,"        /* whose signature said it: a certificate's fingerprint */
  "  signed_at INTEGER NOT NULL,"
  "  preferred TEXT,"              /* fingerprint: SMIMEEncryptionKeyPreference */
  "  capabilities BLOB) WITHOUT ROWID;"   /* SMIMECapabilities, DER */
  "CREATE TABLE sightings ("
  "  protocol INTEGER NOT NULL,"
  "  address TEXT NOT NULL,"
  "  fingerprint TEXT NOT NULL,"
  "  key TEXT NOT NULL,"           /* S/MIME: public_key; OpenPGP: the fingerprint again */
  "  issuer TEXT,"
  "  first_seen INTEGER NOT NULL,"
  "  last_seen INTEGER NOT NULL,"
  "  PRIMARY KEY (protocol, address, fingerprint)) WITHOUT ROWID;",

  "CREATE TABLE opened ("
  "  id BLOB PRIMARY KEY,"         /* salted hash of an encrypted message's Message-ID */
  "  opened_at INTEGER NOT NULL) WITHOUT ROWID;"
  "CREATE INDEX opened_age ON opened (opened_at);"
  "CREATE TABLE salts ("
  "  name TEXT PRIMARY KEY,"
  "  value BLOB NOT NULL) WITHOUT ROWID;",
};

/* ------------------------------------------------------------------- errors -- */

static const char *
hint_for (int code)
{
  switch (code & 0xff) {
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return _("move the file away; then import certificates and set trust again");
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return _("another program is writing to it; try again");
  case SQLITE_PERM:
  case SQLITE_READONLY:
  case SQLITE_CANTOPEN:
    return _("check owner and mode of the file and its folder");
  case SQLITE_FULL:
    return _("make room on the disk");
  default:
    return NULL;
  }
}

gboolean
_mc_store_fail (McStore *store, GError **error)
{
  g_autofree char *name = g_filename_display_name (store->path);
  int code = sqlite3_extended_errcode (store->db);
  _mc_set_error (error, MC_ERROR_IO, hint_for (code), _("cannot use '%s': %s (SQLite error %d)"),
                 name, sqlite3_errmsg (store->db), code);
  return FALSE;
}

/* --------------------------------------------------------------- statements -- */

static int
bind_bytes (sqlite3_stmt *statement, int i, GBytes *bytes)
{
  if (bytes == NULL)
    return sqlite3_bind_null (statement, i);

  gsize size = 0;
  const void *data = g_bytes_get_data (bytes, &size);
  return size > 0 ? sqlite3_bind_blob64 (statement, i, data, size, SQLITE_STATIC)
                  : sqlite3_bind_zeroblob (statement, i, 0);
}

static int
bind_all (sqlite3_stmt *statement, const char *types, va_list arguments)
{
  for (int i = 0; types[i] != '\0'; i++) {
    int result = SQLITE_MISUSE;
    if (types[i] == 't')
      result = sqlite3_bind_text (statement, i + 1, va_arg (arguments, const char *), -1,
                                  SQLITE_STATIC);
    else if (types[i] == 'b')
      result = bind_bytes (statement, i + 1, va_arg (arguments, GBytes *));
    else if (types[i] == 'i')
      result = sqlite3_bind_int64 (statement, i + 1, va_arg (arguments, gint64));
    if (result != SQLITE_OK)
      return result;
  }
  return SQLITE_OK;
}

static sqlite3_stmt *
prepare (McStore *store, GError **error, const char *sql, const char *types, va_list arguments)
{
  g_autoptr (sqlite3_stmt) statement = NULL;
  if (sqlite3_prepare_v2 (store->db, sql, -1, &statement, NULL) != SQLITE_OK
      || bind_all (statement, types, arguments) != SQLITE_OK) {
    _mc_store_fail (store, error);
    return NULL;
  }
  return g_steal_pointer (&statement);
}

sqlite3_stmt *
_mc_store_prepare (McStore *store, GError **error, const char *sql, const char *types, ...)
{
  va_list arguments;
  va_start (arguments, types);
  sqlite3_stmt *statement = prepare (store, error, sql, types, arguments);
  va_end (arguments);
  return statement;
}

gboolean
_mc_store_step (McStore *store, sqlite3_stmt *statement, gboolean *ret_row, GError **error)
{
  int result = sqlite3_step (statement);
  if (result != SQLITE_ROW && result != SQLITE_DONE)
    return _mc_store_fail (store, error);
  *ret_row = result == SQLITE_ROW;
  return TRUE;
}

gboolean
_mc_store_run (McStore *store, GError **error, const char *sql, const char *types, ...)
{
  va_list arguments;
  va_start (arguments, types);
  g_autoptr (sqlite3_stmt) statement = prepare (store, error, sql, types, arguments);
  va_end (arguments);

  gboolean row = FALSE;
  return statement != NULL && _mc_store_step (store, statement, &row, error);
}

static gboolean
query_integer (McStore *store, const char *sql, gint64 *ret_value, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = _mc_store_prepare (store, error, sql, "");
  gboolean row = FALSE;
  if (statement == NULL || !_mc_store_step (store, statement, &row, error))
    return FALSE;
  *ret_value = row ? sqlite3_column_int64 (statement, 0) : 0;
  return TRUE;
}

/* ------------------------------------------------------------- transactions -- */

gboolean
_mc_store_begin (McStore *store, GError **error)
{
  return _mc_store_run (store, error, "BEGIN IMMEDIATE", "");
}

gboolean
_mc_store_commit (McStore *store, GError **error)
{
  return _mc_store_run (store, error, "COMMIT", "");
}

void
_mc_store_rollback (McStore *store)
{
  /* SQLite may have rolled back by itself, after a full disk for one. */
  if (!sqlite3_get_autocommit (store->db))
    (void) sqlite3_exec (store->db, "ROLLBACK", NULL, NULL, NULL);
}

gboolean
_mc_store_begin_own (McStore *store, gboolean *ret_own, GError **error)
{
  *ret_own = sqlite3_get_autocommit (store->db);
  return !*ret_own || _mc_store_begin (store, error);
}

gboolean
_mc_store_end_own (McStore *store, gboolean own, gboolean ok, GError **error)
{
  if (!own)
    return ok;
  if (ok && _mc_store_commit (store, error))
    return TRUE;
  _mc_store_rollback (store);
  return FALSE;
}

/* ------------------------------------------------------------------- schema -- */

typedef enum {
  SCHEMA_EMPTY,
  SCHEMA_OLD,
  SCHEMA_CURRENT,
} SchemaState;

static gboolean
fail_foreign (McStore *store, GError **error)
{
  g_autofree char *name = g_filename_display_name (store->path);
  _mc_set_error (error, MC_ERROR_IO, hint_for (SQLITE_NOTADB),
                 _("a database of another program: '%s'"), name);
  return FALSE;
}

static gboolean
fail_newer (McStore *store, gint64 version, GError **error)
{
  g_autofree char *name = g_filename_display_name (store->path);
  _mc_set_error (error, MC_ERROR_IO, _("update mailcrypt"),
                 _("written by a newer mailcrypt (version %" PRId64 " of the format): '%s'"),
                 version, name);
  return FALSE;
}

static gboolean
read_schema (McStore *store, SchemaState *ret_state, gint64 *ret_version, GError **error)
{
  gint64 application = 0, version = 0, objects = 0;
  if (!query_integer (store, "PRAGMA application_id", &application, error)
      || !query_integer (store, "PRAGMA user_version", &version, error))
    return FALSE;

  if (application != APPLICATION_ID) {
    if (!query_integer (store, "SELECT count(*) FROM sqlite_master", &objects, error))
      return FALSE;
    if (application != 0 || version != 0 || objects != 0)
      return fail_foreign (store, error);
    *ret_state = SCHEMA_EMPTY;
    *ret_version = 0;
    return TRUE;
  }

  if (version < 1)
    return fail_foreign (store, error);
  if (version > (gint64) G_N_ELEMENTS (migrations))
    return fail_newer (store, version, error);
  *ret_state = version < (gint64) G_N_ELEMENTS (migrations) ? SCHEMA_OLD : SCHEMA_CURRENT;
  *ret_version = version;
  return TRUE;
}

/* All of it from one state: another process may be making the schema meanwhile.
 * @ret_code: SQLite's own, for what failed. */
static gboolean
look_at_schema (McStore *store, SchemaState *ret_state, int *ret_code, GError **error)
{
  gboolean ok = _mc_store_run (store, error, "BEGIN", "")
                && read_schema (store, ret_state, &store->version, error);
  *ret_code = sqlite3_errcode (store->db);
  _mc_store_rollback (store);
  return ok;
}

static gboolean
apply_migrations (McStore *store, gint64 from, GError **error)
{
  for (gsize i = (gsize) from; i < G_N_ELEMENTS (migrations); i++)
    if (sqlite3_exec (store->db, migrations[i], NULL, NULL, NULL) != SQLITE_OK)
      return _mc_store_fail (store, error);

  g_autofree char *marks =
    g_strdup_printf ("PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID,
                     (int) G_N_ELEMENTS (migrations));
  if (sqlite3_exec (store->db, marks, NULL, NULL, NULL) != SQLITE_OK)
    return _mc_store_fail (store, error);
  return TRUE;
}

/* Where the file system has no shared memory SQLite stays with its rollback journal,
 * which is as safe. This pragma does not wait for others, so we do. */
static gboolean
enable_wal (McStore *store, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + BUSY_TIMEOUT_MS * G_GINT64_CONSTANT (1000);
  int result = SQLITE_BUSY;
  while ((result = sqlite3_exec (store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL))
           == SQLITE_BUSY
         && g_get_monotonic_time () < deadline)
    g_usleep (BUSY_POLL_US);
  return result == SQLITE_OK || _mc_store_fail (store, error);
}

static gboolean
upgrade_schema (McStore *store, GError **error)
{
  if (!enable_wal (store, error) || !_mc_store_begin (store, error))
    return FALSE;

  /* Another process may have been here since we looked. */
  SchemaState state = SCHEMA_EMPTY;
  gboolean ok = read_schema (store, &state, &store->version, error)
                && (state == SCHEMA_CURRENT || apply_migrations (store, store->version, error));
  if (!_mc_store_end_own (store, TRUE, ok, error))
    return FALSE;
  store->version = G_N_ELEMENTS (migrations);
  return TRUE;
}

/* An older store in a place that cannot be written to is read as it is. */
static gboolean
upgrade_for_reading (McStore *store, GError **error)
{
  g_autoptr (GError) own = NULL;
  if (sqlite3_db_readonly (store->db, "main") != 0 || upgrade_schema (store, &own))
    return TRUE;
  int code = sqlite3_errcode (store->db);
  if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&own));
  return FALSE;
}

/* ------------------------------------------------------------------ opening -- */

static gboolean
fail_errno (const char *path, GError **error)
{
  int saved = errno;
  g_autofree char *name = g_filename_display_name (path);
  _mc_set_error (error, MC_ERROR_IO, hint_for (saved == ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN),
                 _("cannot use '%s': %s"), name, g_strerror (saved));
  return FALSE;
}

static gboolean
is_there (const char *path, gboolean *ret_there, GError **error)
{
  GStatBuf buffer;
  *ret_there = g_stat (path, &buffer) == 0;
  return *ret_there || errno == ENOENT || fail_errno (path, error);
}

/* Made here, because SQLite would make it readable for others. By mknod, because closing
 * a descriptor would drop the locks that other connections of this process hold. */
static gboolean
make_file (const char *folder, const char *path, GError **error)
{
  if (g_mkdir_with_parents (folder, 0700) != 0)
    return fail_errno (folder, error);
  if (mknod (path, S_IFREG | 0600, 0) != 0 && errno != EEXIST)
    return fail_errno (path, error);
  return TRUE;
}

static gboolean
open_database (McStore *store, const char *name, int flags, GError **error)
{
  sqlite3_close_v2 (g_steal_pointer (&store->db));
  if (sqlite3_open_v2 (name, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return _mc_store_fail (store, error);

  (void) sqlite3_busy_timeout (store->db, BUSY_TIMEOUT_MS);
  (void) sqlite3_db_config (store->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
  (void) sqlite3_db_config (store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  return TRUE;
}

/* A WAL database in a folder that cannot be written to: readable as it stands, unless
 * somebody's last writings are still in the log. */
static gboolean
reopen_immutable (McStore *store, GError **error)
{
  g_autofree char *log = g_strconcat (store->path, "-wal", NULL);
  GStatBuf buffer;
  if (g_stat (log, &buffer) == 0 && buffer.st_size > 0)
    return _mc_store_fail (store, error);

  g_autofree char *uri = g_filename_to_uri (store->path, NULL, error);
  if (uri == NULL)
    return _mc_error_adopt (error, MC_ERROR_IO, _("cannot use the store"));
  g_autofree char *name = g_strconcat (uri, "?immutable=1", NULL);
  return open_database (store, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
}

/* Opens the file and looks at its schema. */
static gboolean
open_and_look (McStore *store, gboolean create, SchemaState *ret_state, GError **error)
{
  g_autoptr (GError) first = NULL;
  int code = SQLITE_OK;
  if (!open_database (store, store->path, SQLITE_OPEN_READWRITE, error))
    return FALSE;
  if (look_at_schema (store, ret_state, &code, &first))
    return TRUE;
  if (create || (code != SQLITE_CANTOPEN && code != SQLITE_READONLY)) {
    g_propagate_error (error, g_steal_pointer (&first));
    return FALSE;
  }
  return reopen_immutable (store, error) && look_at_schema (store, ret_state, &code, error);
}

static gboolean
fail_no_folder (GError **error)
{
  _mc_set_error (error, MC_ERROR_IO, _("set HOME or MAILCRYPT_HOME"),
                 _("no folder for keys and certificates"));
  return FALSE;
}

gboolean
_mc_store_open (const char *folder, gboolean create, McStore **ret_store, GError **error)
{
  gboolean there = FALSE;
  if (folder == NULL && create)
    return fail_no_folder (error);

  g_autofree char *absolute = g_canonicalize_filename (folder != NULL ? folder : "/", NULL);
  g_autoptr (McStore) store = g_new0 (McStore, 1);
  store->path = g_build_filename (absolute, STORE_NAME, NULL);
  if (folder != NULL && !is_there (store->path, &there, error))
    return FALSE;
  if (!there && create && !make_file (absolute, store->path, error))
    return FALSE;
  if (!there && !create) {
    *ret_store = NULL;
    return TRUE;
  }

  SchemaState state = SCHEMA_EMPTY;
  if (!open_and_look (store, create, &state, error))
    return FALSE;
  if (state == SCHEMA_EMPTY && !create) {
    *ret_store = NULL;
    return TRUE;
  }
  if (state == SCHEMA_OLD && !create && !upgrade_for_reading (store, error))
    return FALSE;
  if (state != SCHEMA_CURRENT && create && !upgrade_schema (store, error))
    return FALSE;
  *ret_store = g_steal_pointer (&store);
  return TRUE;
}

void
_mc_store_set_hurried (McStore *store, gboolean hurried)
{
  (void) sqlite3_busy_timeout (store->db, hurried ? HURRIED_TIMEOUT_MS : BUSY_TIMEOUT_MS);
}

void
_mc_store_close (McStore *store)
{
  if (store == NULL)
    return;
  sqlite3_close_v2 (store->db);
  g_free (store->path);
  g_free (store);
}
