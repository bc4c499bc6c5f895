/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/limits.h"

#include "base/error.h"

#include <glib/gi18n-lib.h>

#define KIB (G_GUINT64_CONSTANT (1) << 10)
#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define GIB (G_GUINT64_CONSTANT (1) << 30)

enum {
  TOTAL_BYTES,
  MEMORY_BYTES,
  HEADER_BYTES,
  NESTING_DEPTH,
  PARTS,
  LAYERS,
  RECIPIENTS,
  FETCH_BYTES,
  FETCH_SECONDS,
  N_LIMITS,
};

const McLimitInfo _mc_limit_table[] = {
  [TOTAL_BYTES] = { "total-bytes", 512 * MIB, 1, 1024 * GIB },
  [MEMORY_BYTES] = { "memory-bytes", 4 * MIB, 0, 1 * GIB },
  [HEADER_BYTES] = { "header-bytes", 1 * MIB, 1 * KIB, 64 * MIB },
  [NESTING_DEPTH] = { "nesting-depth", 100, 1, 1000 },
  [PARTS] = { "parts", 10000, 1, 1000000 },
  [LAYERS] = { "layers", 16, 1, 100 },
  [RECIPIENTS] = { "recipients", 1000, 1, 100000 },
  [FETCH_BYTES] = { "fetch-bytes", 10 * MIB, 1 * KIB, 10 * MIB },
  [FETCH_SECONDS] = { "fetch-seconds", 10, 1, 120 },
  [N_LIMITS] = { NULL, 0, 0, 0 },
};

static void
store (McLimits *limits, int which, guint64 value)
{
  switch (which) {
    case TOTAL_BYTES: limits->total_bytes = value; break;
    case MEMORY_BYTES: limits->memory_bytes = value; break;
    case HEADER_BYTES: limits->header_bytes = value; break;
    case NESTING_DEPTH: limits->nesting_depth = (guint) value; break;
    case PARTS: limits->parts = (guint) value; break;
    case LAYERS: limits->layers = (guint) value; break;
    case RECIPIENTS: limits->recipients = (guint) value; break;
    case FETCH_BYTES: limits->fetch_bytes = value; break;
    case FETCH_SECONDS: limits->fetch_seconds = (guint) value; break;
    default: g_assert_not_reached ();
  }
}

void
_mc_limits_init (McLimits *limits)
{
  for (int i = 0; i < N_LIMITS; i++)
    store (limits, i, _mc_limit_table[i].fallback);
}

static int
find_limit (const char *name)
{
  for (int i = 0; i < N_LIMITS; i++)
    if (g_strcmp0 (_mc_limit_table[i].name, name) == 0)
      return i;
  return -1;
}

gboolean
_mc_limits_set (McLimits *limits, const char *name, guint64 value, GError **error)
{
  int which = find_limit (name);
  if (which < 0) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("unknown limit '%s'"), name);
    return FALSE;
  }

  const McLimitInfo *info = &_mc_limit_table[which];
  if (value < info->least || value > info->most) {
    g_autofree char *hint = g_strdup_printf (_("'%s' takes a number from %llu to %llu"), name,
                                             (unsigned long long) info->least,
                                             (unsigned long long) info->most);
    _mc_set_error (error, MC_ERROR_INVALID, hint, _("limit '%s' out of range: %llu"), name,
                   (unsigned long long) value);
    return FALSE;
  }

  store (limits, which, value);
  return TRUE;
}
