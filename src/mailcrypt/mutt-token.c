/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mutt-token.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

#define KEY_BYTES 32
#define ID_BYTES 16
#define MAX_AGE_US (60 * G_USEC_PER_SEC)
/* Tokens of one age; more is no reading of mail. */
#define MAX_USED_BYTES (256 * 1024)

/* When and where a token was made, its name, and what it holds. */
#define ENVELOPE "(xusv)"

/* ------------------------------------------------------------------ the key -- */

static gboolean
fill_random (void *buffer, gsize size, GError **error)
{
  if (getrandom (buffer, size, 0) == (ssize_t) size)
    return TRUE;
  tool_set_errno (error, errno, _("the system has no random numbers"));
  return FALSE;
}

char *
mutt_token_random (gsize size, GError **error)
{
  g_autofree guint8 *octets = g_malloc (size);
  if (!fill_random (octets, size, error))
    return NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", octets[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* A file that only we can have written. */
static gboolean
is_private (int fd)
{
  struct stat info;
  return fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_uid == geteuid ()
         && (info.st_mode & 077) == 0;
}

static gboolean
read_key (const char *path, guint8 *key)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
  if (fd < 0)
    return FALSE;
  guint8 octets[KEY_BYTES + 1];
  gboolean good = is_private (fd) && read (fd, octets, sizeof octets) == KEY_BYTES;
  close (fd);
  if (good)
    memcpy (key, octets, KEY_BYTES);
  return good;
}

/* Under a name of its own first: whoever comes at the same time finds a whole key or none. */
static gboolean
make_key (const char *path, GError **error)
{
  guint8 octets[KEY_BYTES];
  g_autofree char *suffix = mutt_token_random (8, error);
  if (suffix == NULL || !fill_random (octets, sizeof octets, error))
    return FALSE;
  g_autofree char *fresh = g_strconcat (path, ".", suffix, NULL);
  int fd = open (fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    tool_set_errno (error, errno, _("cannot write '%s'"), fresh);
    return FALSE;
  }
  gboolean done = write (fd, octets, sizeof octets) == (ssize_t) sizeof octets;
  done &= close (fd) == 0;
  done &= link (fresh, path) == 0 || errno == EEXIST;
  if (!done)
    tool_set_errno (error, errno, _("cannot write '%s'"), path);
  unlink (fresh);
  return done;
}

static gboolean
get_key (const char *runtime, gboolean create, guint8 *key, GError **error)
{
  g_autofree char *path = runtime != NULL ? g_build_filename (runtime, "seal-key", NULL) : NULL;
  if (path != NULL && read_key (path, key))
    return TRUE;
  if (path != NULL && create && g_mkdir_with_parents (runtime, 0700) != 0) {
    tool_set_errno (error, errno, _("cannot make the folder '%s'"), runtime);
    return FALSE;
  }
  if (path != NULL && create && !make_key (path, error))
    return FALSE;
  if (path != NULL && create && read_key (path, key))
    return TRUE;
  tool_set_error (error, STATUS_ENVIRONMENT, "io",
                  _("it is to be a file of your own with mode 0600; remove it to get a new one"),
                  _("there is no key for the session in '%s'"), path != NULL ? path : "-");
  return FALSE;
}

static char *
compute_hmac (const guint8 *key, const char *text)
{
  return g_compute_hmac_for_string (G_CHECKSUM_SHA256, key, KEY_BYTES, text, -1);
}

static gboolean
is_equal (const char *a, const char *b)
{
  gsize size = strlen (a);
  guint8 difference = 0;
  if (strlen (b) != size)
    return FALSE;
  for (gsize i = 0; i < size; i++)
    difference |= (guint8) (a[i] ^ b[i]);
  return difference == 0;
}

/* ---------------------------------------------------------------- only once -- */

/* Drops from @text the lines, "TIME ID", that are too old to matter. */
static void
drop_old (GString *text, gint64 now)
{
  g_auto (GStrv) lines = g_strsplit (text->str, "\n", -1);
  g_string_truncate (text, 0);
  for (char **line = lines; *line != NULL; line++) {
    gint64 time = g_ascii_strtoll (*line, NULL, 10);
    if (time >= now - MAX_AGE_US && time <= now)
      g_string_append_printf (text, "%s\n", *line);
  }
}

static gboolean
read_used (int fd, GString *text)
{
  char buffer[4096];
  ssize_t got = 0;
  while ((got = read (fd, buffer, sizeof buffer)) > 0 && text->len < MAX_USED_BYTES)
    g_string_append_len (text, buffer, got);
  return got == 0;
}

/* Notes @id in the open file; FALSE when it is there, or when that cannot be told. */
static gboolean
note_in_file (int fd, const char *id, gint64 now)
{
  g_autoptr (GString) text = g_string_new (NULL);
  if (!is_private (fd) || flock (fd, LOCK_EX) != 0 || !read_used (fd, text))
    return FALSE;
  if (strstr (text->str, id) != NULL)
    return FALSE;
  drop_old (text, now);
  g_string_append_printf (text, "%" G_GINT64_FORMAT " %s\n", now, id);
  return ftruncate (fd, 0) == 0 && pwrite (fd, text->str, text->len, 0) == (ssize_t) text->len;
}

static gboolean
take_once (const char *runtime, const char *id, gint64 now)
{
  g_autofree char *path = g_build_filename (runtime, "seal-used", NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
  if (fd < 0)
    return FALSE;
  gboolean first = note_in_file (fd, id, now);
  close (fd);
  return first;
}

/* ------------------------------------------------------------------- tokens -- */

char *
mutt_token_wrap (GVariant *value, const char *runtime, GError **error)
{
  g_autoptr (GVariant) content = g_variant_ref_sink (value);
  guint8 key[KEY_BYTES];
  g_autofree char *id = mutt_token_random (ID_BYTES, error);
  if (id == NULL || !get_key (runtime, TRUE, key, error))
    return NULL;
  g_autoptr (GVariant) envelope = g_variant_ref_sink (
    g_variant_new (ENVELOPE, g_get_real_time (), (guint32) getsid (0), id, content));
  g_autofree char *text = g_base64_encode (g_variant_get_data (envelope),
                                           g_variant_get_size (envelope));
  g_autofree char *hmac = compute_hmac (key, text);
  return g_strconcat (text, ".", hmac, NULL);
}

GVariant *
mutt_token_unwrap (const char *token, const char *type, const char *runtime)
{
  guint8 key[KEY_BYTES];
  g_auto (GStrv) halves = g_strsplit (token, ".", 3);
  if (g_strv_length (halves) != 2 || !get_key (runtime, FALSE, key, NULL))
    return NULL;
  g_autofree char *hmac = compute_hmac (key, halves[0]);
  if (!is_equal (hmac, halves[1]))
    return NULL;

  gsize size = 0;
  guchar *data = g_base64_decode (halves[0], &size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);
  g_autoptr (GVariant) envelope = g_variant_ref_sink (
    g_variant_new_from_bytes (G_VARIANT_TYPE (ENVELOPE), bytes, FALSE));
  gint64 made = 0;
  guint32 session = 0;
  const char *id = NULL;
  g_autoptr (GVariant) value = NULL;
  g_variant_get (envelope, "(xu&sv)", &made, &session, &id, &value);
  gint64 now = g_get_real_time ();
  if (made > now || made < now - MAX_AGE_US || session != (guint32) getsid (0)
      || !g_variant_is_of_type (value, G_VARIANT_TYPE (type)) || !take_once (runtime, id, now))
    return NULL;
  return g_steal_pointer (&value);
}
