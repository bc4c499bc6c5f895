/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/input-file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gfiledescriptorbased.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A change that comes later than this has another time stamp, on any file system. */
#define REST_SECONDS 3

struct _McInputFile {
  grefcount refs;
  int fd;
  guint64 start;             /* where the stream stood */
  guint64 size;
  struct stat seen;
};

static gboolean
is_same_time (struct timespec a, struct timespec b)
{
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static gboolean
is_unchanged (const McInputFile *file)
{
  struct stat now;
  return fstat (file->fd, &now) == 0 && now.st_size == file->seen.st_size
         && is_same_time (now.st_mtim, file->seen.st_mtim)
         && is_same_time (now.st_ctim, file->seen.st_ctim);
}

/* Nobody but the user writes it, and the user does not at the moment. */
static gboolean
is_at_rest (const struct stat *info)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  return S_ISREG (info->st_mode) && info->st_uid == geteuid ()
         && (info->st_mode & (S_IWGRP | S_IWOTH)) == 0
         && info->st_ctim.tv_sec < now - REST_SECONDS && info->st_mtim.tv_sec < now - REST_SECONDS;
}

McInputFile *
_mc_input_file_new (GInputStream *input, guint64 min_bytes)
{
  struct stat info;
  if (!G_IS_FILE_DESCRIPTOR_BASED (input))
    return NULL;
  int fd = g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (input));
  if (fstat (fd, &info) != 0 || !is_at_rest (&info))
    return NULL;
  off_t start = lseek (fd, 0, SEEK_CUR);
  if (start < 0 || start > info.st_size || (guint64) (info.st_size - start) < min_bytes)
    return NULL;
  int own = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0)
    return NULL;
  (void) lseek (fd, 0, SEEK_END);   /* as if it had been read */

  McInputFile *file = g_new (McInputFile, 1);
  *file = (McInputFile) { .fd = own, .start = (guint64) start,
                          .size = (guint64) (info.st_size - start), .seen = info };
  g_ref_count_init (&file->refs);
  return file;
}

McInputFile *
_mc_input_file_ref (McInputFile *file)
{
  g_ref_count_inc (&file->refs);
  return file;
}

void
_mc_input_file_unref (McInputFile *file)
{
  if (file == NULL || !g_ref_count_dec (&file->refs))
    return;
  (void) close (file->fd);
  g_free (file);
}

guint64
_mc_input_file_get_size (const McInputFile *file)
{
  return file->size;
}

gboolean
_mc_read_all_at (int fd, guint64 offset, void *buffer, gsize size)
{
  guint8 *data = buffer;

  while (size > 0) {
    errno = EIO;   /* what an early end of the file amounts to */
    gssize done = pread (fd, data, size, (off_t) offset);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return FALSE;
    data += done;
    offset += (guint64) done;
    size -= (gsize) done;
  }
  return TRUE;
}

/* What was read is what was there from the start if nothing has changed by then. */
gboolean
_mc_input_file_read (const McInputFile *file, guint64 offset, void *buffer, gsize size,
                     GError **error)
{
  gboolean done = _mc_read_all_at (file->fd, file->start + offset, buffer, size);
  int code = errno;
  if (!is_unchanged (file))
    _mc_set_error (error, MC_ERROR_IO, _("try again when nothing writes it any more"),
                   _("the input was changed while it was read"));
  else if (!done)
    _mc_set_error (error, MC_ERROR_IO, NULL, _("cannot read the input: %s"), g_strerror (code));
  else
    return TRUE;
  return FALSE;
}
