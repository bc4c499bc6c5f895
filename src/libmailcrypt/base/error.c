/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/error.h"

typedef struct {
  char *hint;
} McErrorPrivate;

static void
mc_error_private_init (McErrorPrivate *private)
{
  private->hint = NULL;
}

static void
mc_error_private_copy (const McErrorPrivate *from, McErrorPrivate *to)
{
  to->hint = g_strdup (from->hint);
}

static void
mc_error_private_clear (McErrorPrivate *private)
{
  g_free (private->hint);
}

G_DEFINE_EXTENDED_ERROR (McError, mc_error)

typedef struct {
  const char *word;
  int exit_status;
} ErrorKind;

static const ErrorKind error_kinds[] = {
  [MC_ERROR_INTERNAL] = { "internal", 1 },
  [MC_ERROR_INVALID] = { "invalid", 2 },
  [MC_ERROR_NOT_PROTECTED] = { "not-protected", 3 },
  [MC_ERROR_NO_SECRET] = { "no-secret", 8 },
  [MC_ERROR_INTEGRITY] = { "integrity", 9 },
  [MC_ERROR_MALFORMED] = { "malformed", 10 },
  [MC_ERROR_LIMIT] = { "limit", 10 },
  [MC_ERROR_NO_KEY] = { "no-key", 11 },
  [MC_ERROR_ENGINE] = { "engine", 12 },
  [MC_ERROR_IO] = { "io", 12 },
  [MC_ERROR_CANCELLED] = { "cancelled", 12 },
};

static const ErrorKind *
find_kind (const GError *error)
{
  if (error == NULL)
    return &error_kinds[MC_ERROR_INTERNAL];
  if (error->domain == MC_ERROR && error->code >= 0
      && error->code < (int) G_N_ELEMENTS (error_kinds))
    return &error_kinds[error->code];
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return &error_kinds[MC_ERROR_CANCELLED];
  if (error->domain == G_IO_ERROR || error->domain == G_FILE_ERROR)
    return &error_kinds[MC_ERROR_IO];
  return &error_kinds[MC_ERROR_INTERNAL];
}

const char *
mc_error_get_word (const GError *error)
{
  return find_kind (error)->word;
}

int
mc_error_get_exit_status (const GError *error)
{
  return find_kind (error)->exit_status;
}

const char *
mc_error_get_hint (const GError *error)
{
  if (error == NULL || error->domain != MC_ERROR)
    return NULL;
  return mc_error_get_private (error)->hint;
}

void
_mc_set_error (GError **error, McError code, const char *hint, const char *format, ...)
{
  if (error == NULL)
    return;

  va_list args;
  va_start (args, format);
  GError *made = g_error_new_valist (MC_ERROR, (gint) code, format, args);
  va_end (args);

  mc_error_get_private (made)->hint = g_strdup (hint);
  g_propagate_error (error, made);
}

gboolean
_mc_error_adopt (GError **error, McError code, const char *format, ...)
{
  if (error == NULL || *error == NULL)
    return FALSE;

  va_list args;
  va_start (args, format);
  g_autofree char *prefix = g_strdup_vprintf (format, args);
  va_end (args);

  if ((*error)->domain == MC_ERROR
      || g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    g_prefix_error (error, "%s: ", prefix);
    return FALSE;
  }

  g_autoptr (GError) foreign = g_steal_pointer (error);
  _mc_set_error (error, code, NULL, "%s: %s", prefix, foreign->message);
  return FALSE;
}

void
_mc_error_add_hint (GError **error, const char *hint)
{
  if (error == NULL || *error == NULL || (*error)->domain != MC_ERROR)
    return;

  McErrorPrivate *private = mc_error_get_private (*error);
  g_autofree char *before = private->hint;
  private->hint = before != NULL ? g_strconcat (before, "\n", hint, NULL) : g_strdup (hint);
}
