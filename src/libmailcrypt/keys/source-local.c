/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is here already, of both protocols. */
#include "config.h"

#include "keys/sources.h"

#include <glib/gi18n-lib.h>

static gboolean
find_local (const McKeySource *source, McContext *context, const char *address, GPtrArray *keys,
            GCancellable *cancellable, GError **error)
{
  (void) source;
  GPtrArray *found =
    mc_keys_list (context, MC_PROTOCOL_UNKNOWN, address, FALSE, cancellable, error);
  if (found == NULL)
    return FALSE;
  g_ptr_array_extend_and_steal (keys, found);
  return TRUE;
}

const McKeySource _mc_source_local = {
  .name = "local",
  .meaning = N_("what is here already"),
  .find = find_local,
};
