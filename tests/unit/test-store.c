/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "unit.h"

#include "keys/store.h"
#include "scratch.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MANY 10000
#define N_WRITERS 20
#define PER_WRITER 10

/* ------------------------------------------------------------------- helpers -- */

static char *folder;

static void
set_up (void)
{
  folder = scratch_new ();
}

static void
tear_down (void)
{
  g_clear_pointer (&folder, scratch_free);
}

static McStore *
open_store (gboolean create)
{
  g_autoptr (GError) error = NULL;
  McStore *store = NULL;
  CU_ASSERT_TRUE (_mc_store_open (folder, create, &store, &error));
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return store;
}

static GBytes *
bytes (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static McCertificate *
make_certificate (guint n)
{
  McCertificate *certificate = _mc_certificate_new ();
  g_autofree char *subject = g_strdup_printf ("subject %u", n);
  g_autofree char *serial = g_strdup_printf ("%u", n);
  g_autofree char *der = g_strnfill (1200, (char) ('a' + n % 26));
  g_autofree char *address = g_strdup_printf ("user%u@example.org", n);
  certificate->fingerprint = g_strdup_printf ("%064x", n);
  certificate->public_key = g_strdup_printf ("%064x", n + 0x1000000);
  certificate->der = bytes (der);
  certificate->subject = bytes (subject);
  certificate->issuer = bytes ("issuer");
  certificate->serial = bytes (serial);
  certificate->key_identifier = n % 2 == 0 ? bytes (subject) : NULL;
  certificate->addresses = g_new0 (char *, 3);
  certificate->addresses[0] = g_steal_pointer (&address);
  certificate->addresses[1] = g_strdup_printf ("alias%u@example.net", n);
  certificate->label = g_strdup_printf ("CN=Bärbel %u", n);
  certificate->valid_from = 1000 + n;
  certificate->valid_until = 5000000000 + n;
  certificate->is_authority = n % 3 == 0;
  return certificate;
}

static gboolean
add (McStore *store, guint n)
{
  g_autoptr (McCertificate) certificate = make_certificate (n);
  gboolean new = FALSE;
  return _mc_store_add_certificate (store, certificate, &new, NULL) && new;
}

static gboolean
collect (const McCertificate *certificate, gpointer user_data)
{
  g_ptr_array_add (user_data, g_strdup (certificate->fingerprint));
  return TRUE;
}

/* The fingerprints found; NULL on failure. */
static GPtrArray *
find (McStore *store, McStoreField field, const char *text, const char *name, const char *octets)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GBytes) name_bytes = name != NULL ? bytes (name) : NULL;
  g_autoptr (GBytes) octet_bytes = octets != NULL ? bytes (octets) : NULL;
  McStoreQuery query = { field, text, name_bytes, octet_bytes };
  if (!_mc_store_find (store, &query, collect, found, NULL))
    return NULL;
  return g_steal_pointer (&found);
}

static void
check_found (McStore *store, McStoreField field, const char *text, const char *name,
             const char *octets, guint expected)
{
  g_autoptr (GPtrArray) found = find (store, field, text, name, octets);
  CU_ASSERT_PTR_NOT_NULL_FATAL (found);
  CU_ASSERT_EQUAL (found->len, expected);
  if (found->len != expected)
    g_printerr ("field %d: %u found instead of %u\n", field, found->len, expected);
}

static guint
count_all (McStore *store)
{
  g_autoptr (GPtrArray) found = find (store, MC_BY_ALL, NULL, NULL, NULL);
  return found != NULL ? found->len : G_MAXUINT;
}

/* ------------------------------------------------------------------- opening -- */

static void
test_reading_creates_nothing (void)
{
  g_autofree char *inner = g_build_filename (folder, "a", "b", NULL);
  g_autoptr (McStore) store = NULL;
  CU_ASSERT_TRUE (_mc_store_open (inner, FALSE, &store, NULL));
  CU_ASSERT_PTR_NULL (store);
  CU_ASSERT_FALSE (g_file_test (inner, G_FILE_TEST_EXISTS));
  CU_ASSERT_TRUE (_mc_store_open (NULL, FALSE, &store, NULL));
  CU_ASSERT_PTR_NULL (store);

  check_found (NULL, MC_BY_ALL, NULL, NULL, NULL, 0);
  g_auto (GStrv) pinned = _mc_store_pinned_for (NULL, MC_PROTOCOL_SMIME, "a@example.org", NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (pinned);
  CU_ASSERT_PTR_NULL (pinned[0]);
  CU_ASSERT_TRUE (_mc_store_find_pins (NULL, MC_PROTOCOL_SMIME, NULL, NULL, NULL, NULL));
}

static void
test_empty_file_is_empty (void)
{
  g_autofree char *path = g_build_filename (folder, "store.db", NULL);
  g_autoptr (McStore) store = NULL;
  CU_ASSERT_TRUE (g_file_set_contents (path, "", 0, NULL));
  CU_ASSERT_TRUE (_mc_store_open (folder, FALSE, &store, NULL));
  CU_ASSERT_PTR_NULL (store);
  store = open_store (TRUE);
  CU_ASSERT_TRUE (add (store, 1));
}

static void
test_modes (void)
{
  g_autofree char *inner = g_build_filename (folder, "a", "b", NULL);
  g_autofree char *path = g_build_filename (inner, "store.db", NULL);
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  g_autoptr (McStore) store = NULL;
  GStatBuf buffer;
  CU_ASSERT_TRUE_FATAL (_mc_store_open (inner, TRUE, &store, NULL));
  CU_ASSERT_TRUE (add (store, 1));
  CU_ASSERT_EQUAL_FATAL (g_stat (inner, &buffer), 0);
  CU_ASSERT_EQUAL (buffer.st_mode & 07777, 0700);
  CU_ASSERT_EQUAL_FATAL (g_stat (path, &buffer), 0);
  CU_ASSERT_EQUAL (buffer.st_mode & 07777, 0600);
  CU_ASSERT_EQUAL_FATAL (g_stat (log, &buffer), 0);
  CU_ASSERT_EQUAL (buffer.st_mode & 07777, 0600);
}

static void
check_refused (const char *word)
{
  g_autoptr (GError) error = NULL;
  McStore *store = NULL;
  for (int create = 0; create < 2; create++) {
    CU_ASSERT_FALSE (_mc_store_open (folder, create, &store, &error));
    CU_ASSERT_PTR_NULL (store);
    CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, MC_ERROR_IO));
    CU_ASSERT_PTR_NOT_NULL (strstr (error->message, folder));
    CU_ASSERT_PTR_NOT_NULL (strstr (error->message, word));
    CU_ASSERT_PTR_NOT_NULL (mc_error_get_hint (error));
    g_clear_error (&error);
  }
}

static void
test_corrupt (void)
{
  g_autofree char *path = g_build_filename (folder, "store.db", NULL);
  g_autofree char *noise = g_strnfill (8192, 'x');
  CU_ASSERT_TRUE (g_file_set_contents (path, noise, 8192, NULL));
  check_refused ("not a database");
  g_autofree char *content = NULL;
  CU_ASSERT_TRUE (g_file_get_contents (path, &content, NULL, NULL));
  CU_ASSERT_STRING_EQUAL (content, noise);
}

/* Pages in the middle overwritten: opening may succeed, reading must fail clearly. */
static void
test_damaged_pages (void)
{
  g_autofree char *path = g_build_filename (folder, "store.db", NULL);
  g_autofree char *content = NULL;
  gsize size = 0;
  McStore *store = open_store (TRUE);
  for (guint i = 0; i < 100; i++)
    CU_ASSERT_TRUE (add (store, i));
  _mc_store_close (store);
  CU_ASSERT_TRUE_FATAL (g_file_get_contents (path, &content, &size, NULL));
  memset (content + 4096, 0xa5, size - 4096);
  CU_ASSERT_TRUE (g_file_set_contents (path, content, (gssize) size, NULL));

  g_autoptr (GError) error = NULL;
  g_autoptr (McStore) damaged = NULL;
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  McStoreQuery query = { .field = MC_BY_ALL };
  CU_ASSERT_FALSE (_mc_store_open (folder, FALSE, &damaged, &error)
                   && _mc_store_find (damaged, &query, collect, found, &error));
  CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, MC_ERROR_IO));
  CU_ASSERT_PTR_NOT_NULL (strstr (error->message, path));
  CU_ASSERT_PTR_NOT_NULL (mc_error_get_hint (error));
}

static void
run_sql (const char *sql)
{
  g_autofree char *path = g_build_filename (folder, "store.db", NULL);
  sqlite3 *db = NULL;
  CU_ASSERT_EQUAL_FATAL (sqlite3_open (path, &db), SQLITE_OK);
  CU_ASSERT_EQUAL (sqlite3_exec (db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close (db);
}

static void
test_foreign (void)
{
  run_sql ("CREATE TABLE cookies (name TEXT)");
  check_refused ("another program");
}

static void
test_newer (void)
{
  _mc_store_close (open_store (TRUE));
  run_sql ("PRAGMA user_version = 99");
  check_refused ("99");
}

static int
read_only_child (gpointer user_data)
{
  (void) user_data;
  McStore *store = NULL;
  g_autoptr (GError) error = NULL;
  if (geteuid () == 0 && (setgid (65534) != 0 || setuid (65534) != 0))
    return 2;
  if (!_mc_store_open (folder, FALSE, &store, &error) || store == NULL)
    return 3;
  if (count_all (store) != 3)
    return 4;
  g_autoptr (McCertificate) certificate = make_certificate (7);
  if (_mc_store_add_certificate (store, certificate, NULL, &error)
      || !g_error_matches (error, MC_ERROR, MC_ERROR_IO))
    return 5;
  _mc_store_close (store);
  return 0;
}

static void
test_read_only_folder (void)
{
  g_autofree char *path = g_build_filename (folder, "store.db", NULL);
  McStore *store = open_store (TRUE);
  for (guint i = 0; i < 3; i++)
    CU_ASSERT_TRUE (add (store, i));
  _mc_store_close (store);
  CU_ASSERT_EQUAL (g_chmod (path, 0444), 0);
  CU_ASSERT_EQUAL (g_chmod (folder, 0555), 0);
  CU_ASSERT_EQUAL (scratch_fork (read_only_child, NULL), 0);
  CU_ASSERT_EQUAL (g_chmod (folder, 0700), 0);
}

/* A strange folder name must not be read as part of a URI. */
static void
test_strange_folder_name (void)
{
  g_autofree char *inner = g_build_filename (folder, "a?b=%41#c ü", NULL);
  g_autofree char *path = g_build_filename (inner, "store.db", NULL);
  g_autoptr (McStore) store = NULL;
  CU_ASSERT_TRUE_FATAL (_mc_store_open (inner, TRUE, &store, NULL));
  CU_ASSERT_TRUE (add (store, 1));
  CU_ASSERT_TRUE (g_file_test (path, G_FILE_TEST_IS_REGULAR));
}

static void
test_not_a_folder (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_build_filename (folder, "file", NULL);
  McStore *store = NULL;
  CU_ASSERT_TRUE (g_file_set_contents (file, "x", 1, NULL));
  g_autofree char *below = g_build_filename (file, "below", NULL);
  CU_ASSERT_FALSE (_mc_store_open (file, FALSE, &store, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_IO));
  g_clear_error (&error);
  CU_ASSERT_FALSE (_mc_store_open (below, FALSE, &store, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_IO));
  g_clear_error (&error);
  CU_ASSERT_FALSE (_mc_store_open (file, TRUE, &store, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_IO));
  g_clear_error (&error);
  CU_ASSERT_FALSE (_mc_store_open (NULL, TRUE, &store, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_IO));
}

/* -------------------------------------------------------------- certificates -- */

static void
test_round_trip_call (const McCertificate *got, const McCertificate *put)
{
  CU_ASSERT_STRING_EQUAL (got->fingerprint, put->fingerprint);
  CU_ASSERT_STRING_EQUAL (got->public_key, put->public_key);
  CU_ASSERT_TRUE (g_bytes_equal (got->der, put->der));
  CU_ASSERT_TRUE (g_bytes_equal (got->subject, put->subject));
  CU_ASSERT_TRUE (g_bytes_equal (got->issuer, put->issuer));
  CU_ASSERT_TRUE (g_bytes_equal (got->serial, put->serial));
  CU_ASSERT_TRUE (g_bytes_equal (got->key_identifier, put->key_identifier));
  CU_ASSERT_TRUE (g_strv_equal ((const char *const *) got->addresses,
                                (const char *const *) put->addresses));
  CU_ASSERT_STRING_EQUAL (got->label, put->label);
  CU_ASSERT_EQUAL (got->valid_from, put->valid_from);
  CU_ASSERT_EQUAL (got->valid_until, put->valid_until);
  CU_ASSERT_EQUAL (got->is_authority, put->is_authority);
}

static gboolean
compare_with (const McCertificate *certificate, gpointer user_data)
{
  test_round_trip_call (certificate, user_data);
  return FALSE;
}

static void
test_round_trip (void)
{
  g_autoptr (McStore) store = open_store (TRUE);
  g_autoptr (McCertificate) certificate = make_certificate (6);
  gboolean new = FALSE;
  CU_ASSERT_TRUE (_mc_store_add_certificate (store, certificate, &new, NULL));
  CU_ASSERT_TRUE (new);
  CU_ASSERT_TRUE (_mc_store_add_certificate (store, certificate, &new, NULL));
  CU_ASSERT_FALSE (new);
  McStoreQuery query = { .field = MC_BY_FINGERPRINT, .text = certificate->fingerprint };
  CU_ASSERT_TRUE (_mc_store_find (store, &query, compare_with, certificate, NULL));
  CU_ASSERT_EQUAL (count_all (store), 1);
}

static void
test_fields (void)
{
  g_autoptr (McStore) store = open_store (TRUE);
  for (guint i = 0; i < 20; i++)
    CU_ASSERT_TRUE (add (store, i));
  g_autofree char *fingerprint = g_strdup_printf ("%064x", 4);
  g_autofree char *public_key = g_strdup_printf ("%064x", 4 + 0x1000000);

  check_found (store, MC_BY_ALL, NULL, NULL, NULL, 20);
  check_found (store, MC_BY_FINGERPRINT, fingerprint, NULL, NULL, 1);
  check_found (store, MC_BY_ADDRESS, "alias4@example.net", NULL, NULL, 1);
  check_found (store, MC_BY_ADDRESS, "alias4@example.ne", NULL, NULL, 0);
  check_found (store, MC_BY_TEXT, "BÄRBEL 1", NULL, NULL, 11);
  check_found (store, MC_BY_TEXT, "EXAMPLE.NET", NULL, NULL, 20);
  check_found (store, MC_BY_TEXT, "%", NULL, NULL, 0);
  check_found (store, MC_BY_SUBJECT, NULL, "subject 4", NULL, 1);
  check_found (store, MC_BY_ISSUER_SERIAL, NULL, "issuer", "4", 1);
  check_found (store, MC_BY_ISSUER_SERIAL, NULL, "other", "4", 0);
  check_found (store, MC_BY_KEY_IDENTIFIER, NULL, NULL, "subject 4", 1);
  check_found (store, MC_BY_KEY_IDENTIFIER, NULL, NULL, "subject 5", 0);
  check_found (store, MC_BY_PUBLIC_KEY, public_key, NULL, NULL, 1);
}

static void
test_newest_first (void)
{
  g_autoptr (McStore) store = open_store (TRUE);
  CU_ASSERT_TRUE (add (store, 2));
  CU_ASSERT_TRUE (add (store, 9));
  CU_ASSERT_TRUE (add (store, 5));
  g_autoptr (GPtrArray) found = find (store, MC_BY_TEXT, "example", NULL, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (found);
  CU_ASSERT_EQUAL_FATAL (found->len, 3);
  for (guint i = 0; i < 3; i++) {
    g_autofree char *expected = g_strdup_printf ("%064x", (guint[]) { 9, 5, 2 }[i]);
    CU_ASSERT_STRING_EQUAL (g_ptr_array_index (found, i), expected);
  }
}

static gboolean
remove_it (const McCertificate *certificate, gpointer user_data)
{
  CU_ASSERT_TRUE (_mc_store_remove_certificate (user_data, certificate->fingerprint, NULL));
  return TRUE;
}

static void
test_remove_while_reading (void)
{
  g_autoptr (McStore) store = open_store (TRUE);
  for (guint i = 0; i < 10; i++)
    CU_ASSERT_TRUE (add (store, i));
  McStoreQuery query = { .field = MC_BY_ALL };
  CU_ASSERT_TRUE (_mc_store_find (store, &query, remove_it, store, NULL));
  CU_ASSERT_EQUAL (count_all (store), 0);
  check_found (store, MC_BY_ADDRESS, "user4@example.org", NULL, NULL, 0);
  CU_ASSERT_TRUE (add (store, 4));   /* no address is left over to be in the way */
}

static void
test_rollback (void)
{
  g_autoptr (McStore) store = open_store (TRUE);
  CU_ASSERT_TRUE (_mc_store_begin (store, NULL));
  CU_ASSERT_TRUE (add (store, 1));
  CU_ASSERT_TRUE (_mc_store_set_pin (store, MC_PROTOCOL_SMIME, "ff", "", MC_PIN_ANCHOR, NULL));
  _mc_store_rollback (store);
  _mc_store_rollback (store);
  CU_ASSERT_EQUAL (count_all (store), 0);
  CU_ASSERT_TRUE (_mc_store_begin (store, NULL));
  CU_ASSERT_TRUE (add (store, 1));
  CU_ASSERT_TRUE (_mc_store_commit (store, NULL));
  CU_ASSERT_EQUAL (count_all (store), 1);
}

static void
test_broken_certificate (void)
{
  g_autoptr (McStore) store = open_store (TRUE);
  g_autoptr (McCertificate) certificate = make_certificate (1);
  g_autoptr (GError) error = NULL;
  g_clear_pointer (&certificate->der, g_bytes_unref);
  CU_ASSERT_FALSE (_mc_store_add_certificate (store, certificate, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_IO));
  CU_ASSERT_EQUAL (count_all (store), 0);
}

/* Nothing may walk over all certificates, except a search for text. */
static void
test_many (void)
{
  g_autoptr (McStore) store = open_store (TRUE);
  gboolean ok = _mc_store_begin (store, NULL);
  for (guint i = 0; ok && i < MANY; i++)
    ok = add (store, i);
  CU_ASSERT_TRUE_FATAL (ok);
  CU_ASSERT_TRUE_FATAL (_mc_store_commit (store, NULL));

  clock_t start = clock ();   /* of this process alone: others may keep the machine busy */
  for (guint i = 0; i < 200; i++) {
    g_autofree char *address = g_strdup_printf ("user%u@example.org", i * 37 % MANY);
    g_autofree char *serial = g_strdup_printf ("%u", i * 41 % MANY);
    check_found (store, MC_BY_ADDRESS, address, NULL, NULL, 1);
    check_found (store, MC_BY_ISSUER_SERIAL, NULL, "issuer", serial, 1);
  }
  double seconds = (double) (clock () - start) / CLOCKS_PER_SEC;
  CU_ASSERT_TRUE (seconds < 400 * 0.002);   /* about 0.1 ms each; a walk takes 10 */

  check_found (store, MC_BY_TEXT, "bärbel 4711", NULL, NULL, 1);
  CU_ASSERT_EQUAL (count_all (store), MANY);
}

/* ---------------------------------------------------------------------- pins -- */

static void
note_pin (const char *fingerprint, const char *address, McPin pin, gpointer user_data)
{
  g_string_append_printf (user_data, "%s/%s/%d ", fingerprint, address, pin);
}

static void
check_pins (McStore *store, const char *fingerprint, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  CU_ASSERT_TRUE (_mc_store_find_pins (store, MC_PROTOCOL_OPENPGP, fingerprint, note_pin, text,
                                       NULL));
  CU_ASSERT_STRING_EQUAL (text->str, expected);
}

static void
pin (McStore *store, const char *fingerprint, const char *address, McPin value)
{
  CU_ASSERT_TRUE (_mc_store_set_pin (store, MC_PROTOCOL_OPENPGP, fingerprint, address, value,
                                     NULL));
}

static void
test_pins (void)
{
  g_autoptr (McStore) store = open_store (TRUE);
  pin (store, "aa", "a@example.org", MC_PIN_TRUSTED);
  pin (store, "aa", "a@example.org", MC_PIN_TRUSTED);
  pin (store, "bb", "a@example.org", MC_PIN_TRUSTED);
  pin (store, "bb", "", MC_PIN_DISTRUSTED);
  check_pins (store, "aa", "aa/a@example.org/1 ");
  check_pins (store, NULL, "aa/a@example.org/1 bb//3 bb/a@example.org/1 ");
  check_pins (store, "cc", "");

  g_auto (GStrv) pinned = _mc_store_pinned_for (store, MC_PROTOCOL_OPENPGP, "a@example.org", NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (pinned);
  CU_ASSERT_EQUAL_FATAL (g_strv_length (pinned), 1);   /* bb is distrusted */
  CU_ASSERT_STRING_EQUAL (pinned[0], "aa");

  g_auto (GStrv) other = _mc_store_pinned_for (store, MC_PROTOCOL_SMIME, "a@example.org", NULL);
  CU_ASSERT_PTR_NULL (other[0]);
  pin (store, "bb", "", MC_PIN_NONE);
  pin (store, "bb", "a@example.org", MC_PIN_NONE);
  check_pins (store, "bb", "");
}

/* --------------------------------------------------------------- other people -- */

static int
write_some (guint writer)
{
  g_autoptr (McStore) store = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok = _mc_store_open (folder, TRUE, &store, &error);
  for (guint i = 0; ok && i < PER_WRITER; i++) {
    g_autoptr (McCertificate) certificate = make_certificate (writer * PER_WRITER + i);
    ok = _mc_store_add_certificate (store, certificate, NULL, &error);
  }
  if (!ok)
    g_printerr ("writer %u: %s\n", writer, error->message);
  return ok ? 0 : 1;
}

/* All of them also race to make it. */
static void
test_writers (void)
{
  pid_t pids[N_WRITERS];
  for (guint i = 0; i < N_WRITERS; i++) {
    pids[i] = fork ();
    if (pids[i] == 0)
      _exit (write_some (i));
  }
  for (guint i = 0; i < N_WRITERS; i++) {
    int status = -1;
    CU_ASSERT_EQUAL (waitpid (pids[i], &status, 0), pids[i]);
    CU_ASSERT_EQUAL (status, 0);
  }
  g_autoptr (McStore) store = open_store (FALSE);
  CU_ASSERT_EQUAL (count_all (store), N_WRITERS * PER_WRITER);
}

static int
die_in_transaction (gpointer user_data)
{
  (void) user_data;
  McStore *store = NULL;
  if (!_mc_store_open (folder, TRUE, &store, NULL) || !_mc_store_begin (store, NULL))
    return 1;
  for (guint i = 100; i < 3000; i++)   /* enough for SQLite to spill into the log */
    if (!add (store, i))
      return 2;
  kill (getpid (), SIGKILL);
  return 3;
}

static void
test_killed (void)
{
  McStore *store = open_store (TRUE);
  CU_ASSERT_TRUE (add (store, 1));
  _mc_store_close (store);
  CU_ASSERT_EQUAL (scratch_fork (die_in_transaction, NULL), 128 + SIGKILL);

  g_autoptr (McStore) reader = open_store (FALSE);
  CU_ASSERT_EQUAL (count_all (reader), 1);
  g_autoptr (McStore) writer = open_store (TRUE);
  CU_ASSERT_TRUE (add (writer, 2));
  CU_ASSERT_EQUAL (count_all (reader), 2);
}

static CU_TestInfo tests[] = {
  { "reading creates nothing", test_reading_creates_nothing },
  { "an empty file is an empty store", test_empty_file_is_empty },
  { "folder 0700, files 0600", test_modes },
  { "corrupt file", test_corrupt },
  { "damaged pages", test_damaged_pages },
  { "another program's database", test_foreign },
  { "a newer version's database", test_newer },
  { "read-only folder", test_read_only_folder },
  { "strange folder name", test_strange_folder_name },
  { "not a folder", test_not_a_folder },
  { "certificates come back whole", test_round_trip },
  { "each field finds", test_fields },
  { "newest first", test_newest_first },
  { "removing while reading", test_remove_while_reading },
  { "rollback", test_rollback },
  { "a certificate without content", test_broken_certificate },
  { "10,000 certificates", test_many },
  { "pins", test_pins },
  { "20 writers at once", test_writers },
  { "killed in a transaction", test_killed },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_store = {
  .pName = "store",
  .pTests = tests,
  .pSetUpFunc = set_up,
  .pTearDownFunc = tear_down,
};
