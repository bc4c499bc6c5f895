/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the ways to import share. */
#pragma once

#include "backend.h"

/* Imports all that @spool holds, or nothing; appends McImported. */
gboolean _mc_keys_import_spool (McContext *context, McSpool *spool, McSecret *new_passphrase,
                                GPtrArray *results, GCancellable *cancellable, GError **error);
