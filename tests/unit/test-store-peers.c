/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the store learns from mail, how it grew to hold that, and how it looks things up. */
#include "config.h"

#include "unit.h"

#include "keys/store-private.h"
#include "scratch.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define ALICE "alice@example.org"

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
  McStore *store = NULL;
  CU_ASSERT_TRUE (_mc_store_open (folder, create, &store, NULL));
  return store;
}

/* ---------------------------------------------------------------- sightings -- */

static void
see (McStore *store, const char *fingerprint, const char *issuer, gint64 at)
{
  McSighting sighting = { (char *) fingerprint, (char *) "key", (char *) issuer, at, at };
  CU_ASSERT_TRUE (_mc_store_add_sighting (store, MC_PROTOCOL_SMIME, ALICE, &sighting, NULL));
}

static void
check_seen (McStore *store, McProtocol protocol, const char *address, const char *expected)
{
  g_autoptr (GPtrArray) seen =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_sighting_free);
  g_autoptr (GString) text = g_string_new (NULL);
  CU_ASSERT_TRUE (_mc_store_find_sightings (store, protocol, address, seen, NULL));
  for (guint i = 0; i < seen->len; i++) {
    const McSighting *one = seen->pdata[i];
    g_string_append_printf (text, "%s/%s/%s/%d-%d ", one->fingerprint, one->key,
                            one->issuer != NULL ? one->issuer : "none", (int) one->first_seen,
                            (int) one->last_seen);
  }
  CU_ASSERT_STRING_EQUAL (text->str, expected);
}

static void
test_sightings (void)
{
  g_autoptr (McStore) store = open_store (TRUE);
  see (store, "bb", "CA 2", 20);
  see (store, "aa", NULL, 10);
  see (store, "aa", "another word", 30);
  see (store, "aa", NULL, 15);   /* what is late changes nothing */
  check_seen (store, MC_PROTOCOL_SMIME, ALICE, "aa/key/none/10-30 bb/key/CA 2/20-20 ");
  check_seen (store, MC_PROTOCOL_OPENPGP, ALICE, "");
  check_seen (store, MC_PROTOCOL_SMIME, "bob@example.org", "");
  check_seen (NULL, MC_PROTOCOL_SMIME, ALICE, "");
}

/* -------------------------------------------------------------------- peers -- */

static void
say (McStore *store, const char *signer, const char *preferred, const char *capabilities, gint64 at)
{
  g_autoptr (GBytes) bytes =
    capabilities != NULL ? g_bytes_new (capabilities, strlen (capabilities)) : NULL;
  McPeer peer = { (char *) signer, (char *) preferred, bytes, at };
  CU_ASSERT_TRUE (_mc_store_set_peer (store, ALICE, &peer, NULL));
}

static void
check_peer (McStore *store, const char *expected)
{
  g_autoptr (McPeer) peer = NULL;
  CU_ASSERT_TRUE (_mc_store_get_peer (store, ALICE, &peer, NULL));
  CU_ASSERT_PTR_NOT_NULL_FATAL (peer);
  gsize size = 0;
  const char *data =
    peer->capabilities != NULL ? g_bytes_get_data (peer->capabilities, &size) : "none";
  g_autofree char *text =
    g_strdup_printf ("%s/%s/%.*s/%d", peer->signer,
                     peer->preferred != NULL ? peer->preferred : "none",
                     size > 0 ? (int) size : 4, data, (int) peer->signed_at);
  CU_ASSERT_STRING_EQUAL (text, expected);
}

static void
test_peers (void)
{
  g_autoptr (McStore) store = open_store (TRUE);
  g_autoptr (McPeer) nobody = NULL;
  CU_ASSERT_TRUE (_mc_store_get_peer (store, ALICE, &nobody, NULL));
  CU_ASSERT_PTR_NULL (nobody);
  CU_ASSERT_TRUE (_mc_store_get_peer (NULL, ALICE, &nobody, NULL));
  CU_ASSERT_PTR_NULL (nobody);

  say (store, "aa", NULL, "DER 1", 100);
  check_peer (store, "aa/none/DER 1/100");
  say (store, "bb", "cc", "DER 2", 100);   /* not newer */
  say (store, "bb", "cc", "DER 2", 99);
  check_peer (store, "aa/none/DER 1/100");
  say (store, "bb", "cc", NULL, 101);
  check_peer (store, "bb/cc/none/101");
}

/* ------------------------------------------------------------------ growing -- */

/* As the first version made it, with one pin in it. */
static void
make_first_version (void)
{
  g_autoptr (McStore) store = open_store (TRUE);
  CU_ASSERT_TRUE (_mc_store_set_pin (store, MC_PROTOCOL_SMIME, "ff", ALICE, MC_PIN_TRUSTED, NULL));
  CU_ASSERT_EQUAL (sqlite3_exec (store->db,
                                 "DROP TABLE peers; DROP TABLE sightings; DROP TABLE opened;"
                                 "DROP TABLE salts; PRAGMA user_version = 1",
                                 NULL, NULL, NULL),
                   SQLITE_OK);
}

static gboolean
has_pin (McStore *store)
{
  g_auto (GStrv) pinned = _mc_store_pinned_for (store, MC_PROTOCOL_SMIME, ALICE, NULL);
  return pinned != NULL && g_strv_length (pinned) == 1;
}

static void
test_upgrade (void)
{
  make_first_version ();
  g_autoptr (McStore) store = open_store (FALSE);
  CU_ASSERT_PTR_NOT_NULL_FATAL (store);
  CU_ASSERT_TRUE (has_pin (store));
  see (store, "aa", NULL, 10);
  say (store, "aa", NULL, NULL, 10);
  check_seen (store, MC_PROTOCOL_SMIME, ALICE, "aa/key/none/10-10 ");
  g_autoptr (McStore) again = open_store (FALSE);
  CU_ASSERT_TRUE (has_pin (again));
}

static int
read_first_version (gpointer user_data)
{
  (void) user_data;
  McStore *store = NULL;
  g_autoptr (McPeer) peer = NULL;
  g_autoptr (GPtrArray) seen =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_sighting_free);
  if (geteuid () == 0 && (setgid (65534) != 0 || setuid (65534) != 0))
    return 2;
  if (!_mc_store_open (folder, FALSE, &store, NULL) || store == NULL)
    return 3;
  if (!has_pin (store))
    return 4;
  if (!_mc_store_find_sightings (store, MC_PROTOCOL_SMIME, ALICE, seen, NULL)
      || !_mc_store_get_peer (store, ALICE, &peer, NULL))
    return 5;
  _mc_store_close (store);
  return 0;
}

/* What cannot be upgraded can still be read. */
static void
test_upgrade_read_only (void)
{
  g_autofree char *path = g_build_filename (folder, "store.db", NULL);
  make_first_version ();
  CU_ASSERT_EQUAL (g_chmod (path, 0444), 0);
  CU_ASSERT_EQUAL (g_chmod (folder, 0555), 0);
  CU_ASSERT_EQUAL (scratch_fork (read_first_version, NULL), 0);
  CU_ASSERT_EQUAL (g_chmod (folder, 0700), 0);
}

/* ------------------------------------------------------------------ looking -- */

static char *
get_plan (McStore *store, const char *sql)
{
  g_autofree char *explain = g_strconcat ("EXPLAIN QUERY PLAN ", sql, NULL);
  g_autoptr (sqlite3_stmt) statement = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  CU_ASSERT_EQUAL_FATAL (sqlite3_prepare_v2 (store->db, explain, -1, &statement, NULL), SQLITE_OK);
  while (sqlite3_step (statement) == SQLITE_ROW)
    g_string_append_printf (text, "%s\n", sqlite3_column_text (statement, 3));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* By whatever a certificate is looked up, no table is walked over: the plan says SEARCH and
 * an index, and never SCAN. */
static void
test_plans (void)
{
  static const McStoreField fields[] = {
    MC_BY_FINGERPRINT,   MC_BY_ADDRESS,        MC_BY_SUBJECT,
    MC_BY_ISSUER_SERIAL, MC_BY_KEY_IDENTIFIER, MC_BY_PUBLIC_KEY,
  };
  g_autoptr (McStore) store = open_store (TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++) {
    g_autofree char *plan = get_plan (store, _mc_store_get_find_sql (fields[i]));
    CU_ASSERT_PTR_NULL (strstr (plan, "SCAN"));
    CU_ASSERT_PTR_NOT_NULL (strstr (plan, " INDEX "));
  }
  g_autofree char *by_address = get_plan (store, _mc_store_get_find_sql (MC_BY_ADDRESS));
  CU_ASSERT_PTR_NOT_NULL (strstr (by_address, "certificate_addresses_address"));
  g_autofree char *walk = get_plan (store, "SELECT id FROM certificates WHERE label = ?");
  CU_ASSERT_PTR_NOT_NULL (strstr (walk, "SCAN"));   /* or this test could not fail */
}

static CU_TestInfo tests[] = {
  { "keys seen at an address", test_sightings },
  { "only newer words replace older ones", test_peers },
  { "a store of the first version grows", test_upgrade },
  { "and is read where it cannot", test_upgrade_read_only },
  { "each lookup has an index", test_plans },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_store_peers = {
  .pName = "store_peers",
  .pTests = tests,
  .pSetUpFunc = set_up,
  .pTearDownFunc = tear_down,
};
