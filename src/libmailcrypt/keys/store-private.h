/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that make up the store share: the connection and its statements. */
#pragma once

#include "keys/store.h"

#include <sqlite3.h>

struct _McStore {
  sqlite3 *db;
  char *path;
  gint64 version;           /* of the tables: an older one when it could not be upgraded */
};

/* The first version with the tables of store-peers.c. */
#define MC_STORE_WITH_PEERS 2
/* ... and of store-opened.c. */
#define MC_STORE_WITH_OPENED 3

G_DEFINE_AUTOPTR_CLEANUP_FUNC (sqlite3_stmt, sqlite3_finalize)

/* Sets MC_ERROR_IO from the connection's last failure. Always returns FALSE. */
gboolean _mc_store_fail (McStore *store, GError **error);

/* A statement with its arguments bound, one for each letter of @types: 't' const char *,
 * 'b' GBytes * (both nullable), 'i' gint64. They must outlive it. */
sqlite3_stmt *_mc_store_prepare (McStore *store, GError **error, const char *sql,
                                 const char *types, ...);
/* The next row; *ret_row FALSE after the last. */
gboolean _mc_store_step (McStore *store, sqlite3_stmt *statement, gboolean *ret_row,
                         GError **error);
/* A statement of which no row is wanted. */
gboolean _mc_store_run (McStore *store, GError **error, const char *sql, const char *types, ...);

/* How certificates are found by @field; for the tests to ask for the plan of it. */
const char *_mc_store_get_find_sql (McStoreField field);
