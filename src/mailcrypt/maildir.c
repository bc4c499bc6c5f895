/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "mta.h"
#include "process.h"
#include "tool.h"

struct _Maildir {
  char *path;
  char *written;            /* nullable: the file below tmp/ */
  char *name;
};

void
maildir_free (Maildir *maildir)
{
  if (maildir == NULL)
    return;
  if (maildir->written != NULL) {
    unlink (maildir->written);
    process_set_pending_file (NULL);
  }
  g_free (maildir->path);
  g_free (maildir->written);
  g_free (maildir->name);
  g_free (maildir);
}

static gboolean
fail (const char *path, GError **error)
{
  tool_set_errno (error, errno, _("cannot keep a copy in '%s'"), path);
  return FALSE;
}

/* "~/Mail/sent" as an absolute path. (transfer full) */
static char *
expand (const char *path, GError **error)
{
  if (g_str_has_prefix (path, "~/"))
    return g_build_filename (g_get_home_dir (), path + 2, NULL);
  if (g_path_is_absolute (path))
    return g_strdup (path);
  tool_set_error (error, MTA_CONFIG, "config", _("write the whole path, from '/' or '~/' on"),
                  _("the setting 'fcc' names no place: '%s'"), path);
  return NULL;
}

static gboolean
make_folders (const char *path, GError **error)
{
  static const char *const names[] = { "tmp", "new", "cur" };
  if (g_mkdir (path, 0700) != 0 && errno != EEXIST)
    return fail (path, error);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *folder = g_build_filename (path, names[i], NULL);
    if (g_mkdir (folder, 0700) != 0 && errno != EEXIST)
      return fail (folder, error);
  }
  return TRUE;
}

/* A name that no other delivery has: time, process, random number, host. */
static char *
make_name (void)
{
  gint64 now = g_get_real_time ();
  g_autoptr (GString) host = g_string_new (g_get_host_name ());
  g_string_replace (host, "/", "\\057", 0);
  g_string_replace (host, ":", "\\072", 0);
  return g_strdup_printf ("%" G_GINT64_FORMAT ".M%06dP%dR%08x.%s", now / G_USEC_PER_SEC,
                          (int) (now % G_USEC_PER_SEC), (int) getpid (), g_random_int (),
                          host->str);
}

static gboolean
write_file (int fd, const char *path, const McCopy *copy, GCancellable *cancellable, GError **error)
{
  g_autoptr (GOutputStream) output = g_unix_output_stream_new (fd, TRUE);
  if (!mc_copy_write (copy, output, cancellable, error))
    return FALSE;
  if (fsync (fd) != 0)
    return fail (path, error);
  return g_output_stream_close (output, NULL, error);
}

Maildir *
maildir_prepare (const char *path, const McCopy *copy, GCancellable *cancellable, GError **error)
{
  g_autoptr (Maildir) maildir = g_new0 (Maildir, 1);
  maildir->path = expand (path, error);
  if (maildir->path == NULL || !make_folders (maildir->path, error))
    return NULL;
  maildir->name = make_name ();
  g_autofree char *file = g_build_filename (maildir->path, "tmp", maildir->name, NULL);
  int fd = open (file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    fail (file, error);
    return NULL;
  }
  maildir->written = g_steal_pointer (&file);
  process_set_pending_file (maildir->written);
  return write_file (fd, maildir->written, copy, cancellable, error) ? g_steal_pointer (&maildir)
                                                                    : NULL;
}

gboolean
maildir_commit (Maildir *maildir, GError **error)
{
  g_autofree char *folder = g_build_filename (maildir->path, "new", NULL);
  g_autofree char *file = g_build_filename (folder, maildir->name, NULL);
  if (g_rename (maildir->written, file) != 0)
    return fail (file, error);
  g_clear_pointer (&maildir->written, g_free);
  process_set_pending_file (NULL);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    fsync (fd);
    close (fd);
  }
  return TRUE;
}
