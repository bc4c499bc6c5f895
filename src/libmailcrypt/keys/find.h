/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one way from keys/ to the backends' keys. */
#pragma once

#include "backend.h"

/* Appends to @keys what @protocol's backend has for @query, pins applied: a query by
 * address also finds what the user bound to it. A protocol that cannot have any (S/MIME without a store, a fingerprint of another length) is not even
 * loaded. */
gboolean _mc_keys_find (McContext *context, McProtocol protocol, const McKeyQuery *query,
                        GPtrArray *keys, GCancellable *cancellable, GError **error);

/* The same, one key after the other; the backend may be in the middle of its listing, so
 * that @func must not ask it for anything. */
gboolean _mc_keys_each (McContext *context, McProtocol protocol, const McKeyQuery *query,
                        McKeyFunc func, gpointer user_data, GCancellable *cancellable,
                        GError **error);

/* The key with @fingerprint (any spelling; full) in either protocol. MC_ERROR_INVALID when
 * it is no fingerprint, MC_ERROR_NO_KEY when there is no such key. */
McKey *_mc_keys_find_one (McContext *context, const char *fingerprint, gboolean judge,
                          GCancellable *cancellable, GError **error);
