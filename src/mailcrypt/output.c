/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"
#include "progress.h"
#include "tool.h"

#define MAX_LINKS 40

struct _Output {
  GOutputStream *stream;
  int fd;             /* owned by stream */
  guint mode;         /* 0: 0600 */
  char *target;       /* NULL: written directly */
  char *temporary;    /* NULL: unnamed so far */
};

/* ------------------------------------------------------------------ targets -- */

/* In a folder where everybody may write and nobody removes what is another's, a link of
 * somebody else leads where he wants it to. The kernel refuses to follow such a link where it
 * is told to (protected_symlinks); we follow it ourselves, and refuse always. */
static gboolean
is_bait (const char *link, const char *folder)
{
  struct stat there, info;
  if (lstat (link, &info) != 0 || stat (folder, &there) != 0)
    return TRUE;
  gboolean open_to_all = (there.st_mode & S_ISVTX) != 0 && (there.st_mode & S_IWOTH) != 0;
  return open_to_all && info.st_uid != geteuid () && info.st_uid != there.st_uid;
}

/* What @path points to in the end; it need not exist. NULL with @error for a loop, or for a
 * link that is not to be followed. */
static char *
follow_links (const char *path, GError **error)
{
  g_autofree char *current = g_strdup (path);
  for (int i = 0; i < MAX_LINKS; i++) {
    g_autofree char *next = g_file_read_link (current, NULL);
    if (next == NULL)
      return g_steal_pointer (&current);
    g_autofree char *folder = g_path_get_dirname (current);
    if (is_bait (current, folder)) {
      tool_set_error (error, STATUS_ENVIRONMENT, "io", _("remove it, or name another file"),
                      _("cannot write '%s': it is somebody else's link"), path);
      return NULL;
    }
    g_free (current);
    current = g_path_is_absolute (next) ? g_steal_pointer (&next)
                                        : g_build_filename (folder, next, NULL);
  }
  tool_set_errno (error, ELOOP, _("cannot write '%s'"), path);
  return NULL;
}

/* A name beside @target that nobody guesses. */
static char *
make_name (const char *target)
{
  g_autofree char *folder = g_path_get_dirname (target);
  return g_strdup_printf ("%s/.mailcrypt-%08x%08x", folder, g_random_int (), g_random_int ());
}

static gboolean
take_fd (Output *output, int fd)
{
  output->fd = fd;
  output->stream = progress_watch_output (g_unix_output_stream_new (fd, TRUE));
  return TRUE;
}

/* For file systems without O_TMPFILE: the output asked for, under a name of its own. */
static gboolean
open_named (Output *output, GError **error)
{
  output->temporary = make_name (output->target);
  process_set_pending_file (output->temporary);
  int fd = open (output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0)
    return take_fd (output, fd);
  tool_set_errno (error, errno, _("cannot write '%s'"), output->target);
  g_clear_pointer (&output->temporary, g_free);
  process_set_pending_file (NULL);
  return FALSE;
}

static gboolean
open_unnamed (Output *output, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (output->target);
  /* Without /proc an unnamed file could not be given its name later. */
  if (access ("/proc/self/fd", X_OK) != 0)
    return open_named (output, error);
  int fd = open (folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0)
    return take_fd (output, fd);
  if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
    return open_named (output, error);
  tool_set_errno (error, errno, _("cannot write '%s'"), output->target);
  return FALSE;
}

static gboolean
refuse_terminal (GError **error)
{
  tool_set_usage (error, _("name a file with -o, or insist with '-o -'"),
                  _("the result is not fit for a terminal"));
  return FALSE;
}

static gboolean
open_directly (Output *output, const char *path, OutputKind kind, GError **error)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) {
    tool_set_errno (error, errno, _("cannot write '%s'"), path);
    return FALSE;
  }
  if (kind == OUTPUT_RAW && isatty (fd)) {
    close (fd);
    return refuse_terminal (error);
  }
  return take_fd (output, fd);
}

static gboolean
open_file (Output *output, const char *path, OutputKind kind, GError **error)
{
  struct stat info;
  g_autofree char *target = follow_links (path, error);
  if (target == NULL)
    return FALSE;
  gboolean exists = stat (path, &info) == 0;
  if (exists && S_ISDIR (info.st_mode)) {
    tool_set_errno (error, EISDIR, _("cannot write '%s'"), path);
    return FALSE;
  }
  if (exists && !S_ISREG (info.st_mode))
    return open_directly (output, path, kind, error);
  if (*path == '\0') {
    tool_set_usage (error, NULL, _("the name of the output file is empty"));
    return FALSE;
  }

  output->target = g_steal_pointer (&target);
  return open_unnamed (output, error);
}

static gboolean
open_standard_output (Output *output, OutputKind kind, gboolean asked_for, GError **error)
{
  if (!process_had_fd (STDOUT_FILENO)) {
    tool_set_error (error, STATUS_ENVIRONMENT, "io", _("name a file with -o"),
                    _("standard output is closed"));
    return FALSE;
  }
  if (kind == OUTPUT_RAW && !asked_for && isatty (STDOUT_FILENO))
    return refuse_terminal (error);
  output->fd = STDOUT_FILENO;
  output->stream = g_unix_output_stream_new (STDOUT_FILENO, FALSE);
  return TRUE;
}

static int
stat_target (const char *path, struct stat *info)
{
  gboolean standard = path == NULL || strcmp (path, "-") == 0;
  return standard ? fstat (STDOUT_FILENO, info) : stat (path, info);
}

/* @path's last component, when all of it but that exists. */
static gboolean
stat_folder (const char *path, struct stat *ret_info, char **ret_name)
{
  g_autofree char *target = path != NULL ? follow_links (path, NULL) : NULL;
  g_autofree char *folder = target != NULL ? g_path_get_dirname (target) : NULL;
  if (folder == NULL || stat (folder, ret_info) != 0)
    return FALSE;
  *ret_name = g_path_get_basename (target);
  return TRUE;
}

gboolean
output_is_same (const char *a, const char *b)
{
  struct stat info_a, info_b;
  if (stat_target (a, &info_a) == 0 && stat_target (b, &info_b) == 0)
    /* /dev/null, and a terminal, take whatever comes. */
    return info_a.st_dev == info_b.st_dev && info_a.st_ino == info_b.st_ino
           && !S_ISCHR (info_a.st_mode);
  g_autofree char *name_a = NULL;
  g_autofree char *name_b = NULL;
  return stat_folder (a, &info_a, &name_a) && stat_folder (b, &info_b, &name_b)
         && info_a.st_dev == info_b.st_dev && info_a.st_ino == info_b.st_ino
         && strcmp (name_a, name_b) == 0;
}

Output *
output_new (const char *path, OutputKind kind, GError **error)
{
  g_autoptr (Output) output = g_new0 (Output, 1);
  gboolean standard = path == NULL || strcmp (path, "-") == 0;
  gboolean done = standard ? open_standard_output (output, kind, path != NULL, error)
                           : open_file (output, path, kind, error);
  return done ? g_steal_pointer (&output) : NULL;
}

GOutputStream *
output_get_stream (Output *output)
{
  return output->stream;
}

void
output_set_mode (Output *output, guint mode)
{
  output->mode = mode;
}

/* ------------------------------------------------------------------- commit -- */

static gboolean
link_unnamed (Output *output, GError **error)
{
  g_autofree char *source = g_strdup_printf ("/proc/self/fd/%d", output->fd);
  g_autofree char *name = make_name (output->target);
  /* A link cannot replace a file, a rename can. */
  process_set_pending_file (name);
  if (linkat (AT_FDCWD, source, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
    output->temporary = g_steal_pointer (&name);
    return TRUE;
  }
  tool_set_errno (error, errno, _("cannot write '%s'"), output->target);
  process_set_pending_file (NULL);
  return FALSE;
}

static gboolean
commit_file (Output *output, GError **error)
{
  if ((output->mode != 0 && fchmod (output->fd, output->mode) != 0) || fsync (output->fd) != 0) {
    tool_set_errno (error, errno, _("cannot write '%s'"), output->target);
    return FALSE;
  }
  if (output->temporary == NULL && !link_unnamed (output, error))
    return FALSE;
  if (rename (output->temporary, output->target) != 0) {
    tool_set_errno (error, errno, _("cannot write '%s'"), output->target);
    return FALSE;
  }
  g_clear_pointer (&output->temporary, g_free);
  process_set_pending_file (NULL);
  return TRUE;
}

gboolean
output_commit (Output *output, GError **error)
{
  if (!g_output_stream_flush (output->stream, NULL, error))
    return FALSE;
  if (output->target != NULL && !commit_file (output, error))
    return FALSE;
  /* Some file systems tell of a full disk only here. */
  if (output->fd == STDOUT_FILENO)
    return TRUE;
  return g_output_stream_close (output->stream, NULL, error);
}

void
output_free (Output *output)
{
  if (output == NULL)
    return;
  if (output->temporary != NULL) {
    unlink (output->temporary);
    process_set_pending_file (NULL);
  }
  g_clear_object (&output->stream);
  g_free (output->target);
  g_free (output->temporary);
  g_free (output);
}

gboolean
output_print (const char *path, const char *text, GError **error)
{
  g_autoptr (Output) output = output_new (path, OUTPUT_TEXT, error);
  if (output == NULL)
    return FALSE;
  if (!g_output_stream_write_all (output->stream, text, strlen (text), NULL, NULL, error)) {
    g_prefix_error (error, "%s: ", _("cannot write the result"));
    return FALSE;
  }
  return output_commit (output, error);
}
