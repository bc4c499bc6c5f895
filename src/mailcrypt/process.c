/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a cancelled operation may take to come to its end. */
#define GRACE_MS 3000

static gboolean was_closed[3];
static int signal_pipe[2] = { -1, -1 };
static volatile sig_atomic_t caught;
static char *pending_file;

static void
open_missing_fds (void)
{
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl (fd, F_GETFD) >= 0 || errno != EBADF)
      continue;
    was_closed[fd] = TRUE;
    /* Else the next file opened would take its place: a key database as standard output. */
    int null = open ("/dev/null", O_RDWR);
    if (null >= 0 && null != fd) {
      dup2 (null, fd);
      close (null);
    }
  }
}

void
process_init (void)
{
  open_missing_fds ();
  const struct rlimit none = { 0, 0 };
  setrlimit (RLIMIT_CORE, &none);
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
  umask (077);
  signal (SIGPIPE, SIG_IGN);
}

gboolean
process_had_fd (int fd)
{
  return !was_closed[fd];
}

/* ------------------------------------------------------------------ signals -- */

static void
on_signal (int number)
{
  int saved = errno;
  caught = number;
  const char byte = 0;
  ssize_t written = write (signal_pipe[1], &byte, 1);
  (void) written;   /* a full pipe holds a signal already */
  errno = saved;
}

void
process_die_by_signal (void)
{
  if (caught == 0)
    return;
  char *path = g_atomic_pointer_get (&pending_file);
  if (path != NULL)
    unlink (path);
  signal (caught, SIG_DFL);
  raise (caught);
}

/* Cancelling takes locks, so that a handler may not do it. A thread rather than a
 * signalfd: the engines we start would inherit a blocked signal. */
static gpointer
watch (gpointer data)
{
  g_autoptr (GCancellable) cancellable = data;
  struct pollfd poll_fd = { .fd = signal_pipe[0], .events = POLLIN };
  while (poll (&poll_fd, 1, -1) < 0 && errno == EINTR)
    ;
  char byte;
  ssize_t got = read (signal_pipe[0], &byte, 1);
  (void) got;
  g_cancellable_cancel (cancellable);

  /* A second signal, or none of the grace left: an engine may be stuck. */
  (void) poll (&poll_fd, 1, GRACE_MS);
  process_die_by_signal ();
  return NULL;
}

static void
catch_signal (int number)
{
  struct sigaction old;
  if (sigaction (number, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
    return;   /* nohup, or a background job */
  struct sigaction action = { .sa_handler = on_signal };
  sigemptyset (&action.sa_mask);
  sigaction (number, &action, NULL);
}

GCancellable *
process_watch_signals (void)
{
  GCancellable *cancellable = g_cancellable_new ();
  if (pipe2 (signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
    return cancellable;
  catch_signal (SIGINT);
  catch_signal (SIGTERM);
  catch_signal (SIGHUP);
  g_thread_unref (g_thread_new ("signals", watch, g_object_ref (cancellable)));
  return cancellable;
}

void
process_set_pending_file (const char *path)
{
  /* Names stay allocated: the thread may be about to use one. */
  static GSList *names;
  char *copy = g_strdup (path);
  if (copy != NULL)
    names = g_slist_prepend (names, copy);
  g_atomic_pointer_set (&pending_file, copy);
}
