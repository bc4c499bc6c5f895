/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sandbox.h"

#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_SECONDS 20
#define MAX_OUTPUT (64u << 20)
#define MAX_MEMORY ((rlim_t) 1 << 30)

/* What the child does between fork and exec: only system calls, made ready before. */
typedef struct {
  SandboxKind kind;
  char uid_map[64], gid_map[64];
} Sandbox;

static gboolean
write_file (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  gboolean done = write (fd, text, strlen (text)) == (ssize_t) strlen (text);
  close (fd);
  return done;
}

/* The same user as before in a name space of users, which lets everybody have the others. The
 * maps belong to whom the process may be dumped by; up to exec there is still no core. */
static gboolean
leave_network (const Sandbox *sandbox)
{
  int others = CLONE_NEWNET | (sandbox->kind == SANDBOX_ALL ? CLONE_NEWNS : 0);
  if (prctl (PR_SET_DUMPABLE, 1) != 0 || unshare (CLONE_NEWUSER | others) != 0)
    return FALSE;
  (void) write_file ("/proc/self/setgroups", "deny");
  return write_file ("/proc/self/uid_map", sandbox->uid_map)
         && write_file ("/proc/self/gid_map", sandbox->gid_map);
}

/* Converters put what they read into files: into memory that goes with them, then. */
static gboolean
hide_files (void)
{
  return mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
         && mount ("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                   "size=64m,mode=0700") == 0
         && chdir ("/tmp") == 0;
}

static void
enter (gpointer data)
{
  const Sandbox *sandbox = data;
  const struct rlimit seconds = { MAX_SECONDS, MAX_SECONDS };
  const struct rlimit memory = { MAX_MEMORY, MAX_MEMORY };
  signal (SIGPIPE, SIG_DFL);
  gboolean left = leave_network (sandbox);

  if (sandbox->kind == SANDBOX_NETWORK)
    return;
  if (!left || !hide_files () || setrlimit (RLIMIT_CPU, &seconds) != 0
      || setrlimit (RLIMIT_AS, &memory) != 0)
    _exit (126);
}

static Sandbox
make_sandbox (SandboxKind kind)
{
  Sandbox sandbox = { .kind = kind };
  g_snprintf (sandbox.uid_map, sizeof sandbox.uid_map, "%u %u 1\n", (guint) getuid (),
              (guint) getuid ());
  g_snprintf (sandbox.gid_map, sizeof sandbox.gid_map, "%u %u 1\n", (guint) getgid (),
              (guint) getgid ());
  return sandbox;
}

static void
close_pipe (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

typedef struct {
  GPid pid;
  int in, out;              /* its standard input and output, -1 once closed */
  const char *input;
  gsize left;
  GByteArray *output;
} Talk;

/* One turn of writing and reading. FALSE: there is nothing more to come, or an error. */
static gboolean
take_turn (Talk *talk, const GPollFD *in, const GPollFD *out)
{
  guint8 piece[16384];
  if (in->revents != 0) {
    ssize_t n = write (talk->in, talk->input, talk->left);
    if (n > 0) {
      talk->input += n;
      talk->left -= (gsize) n;
    }
    if (talk->left == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
      close_pipe (&talk->in);
  }
  if (out->revents == 0)
    return TRUE;
  ssize_t n = read (talk->out, piece, sizeof piece);
  if (n > 0)
    g_byte_array_append (talk->output, piece, (guint) n);
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* FALSE: out of time, too much of an answer, or cancelled. */
static gboolean
converse (Talk *talk, GCancellable *cancellable)
{
  gint64 end = g_get_monotonic_time () + MAX_SECONDS * G_USEC_PER_SEC;
  GPollFD fds[3] = { { .fd = talk->out, .events = G_IO_IN }, { .events = G_IO_OUT }, { .fd = -1 } };
  gboolean more = TRUE;
  if (!g_cancellable_make_pollfd (cancellable, &fds[2]))
    fds[2].fd = -1;
  while (more && g_get_monotonic_time () < end && talk->output->len < MAX_OUTPUT
         && !g_cancellable_is_cancelled (cancellable)) {
    fds[1].fd = talk->in;
    fds[0].revents = fds[1].revents = 0;
    g_poll (fds, G_N_ELEMENTS (fds), 200);
    more = take_turn (talk, &fds[1], &fds[0]);
  }
  if (fds[2].fd >= 0)
    g_cancellable_release_fd (cancellable);
  return !more;
}

GBytes *
sandbox_run (char **words, SandboxKind kind, const char *input, gsize size,
             GCancellable *cancellable, GError **error)
{
  Sandbox sandbox = make_sandbox (kind);
  Talk talk = { .input = input, .left = size };
  GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD
                      | (kind == SANDBOX_ALL ? G_SPAWN_STDERR_TO_DEV_NULL : G_SPAWN_DEFAULT);
  g_auto (GStrv) environment = g_get_environ ();
  if (kind == SANDBOX_ALL) {
    environment = g_environ_setenv (environment, "HOME", "/tmp", TRUE);
    environment = g_environ_setenv (environment, "TMPDIR", "/tmp", TRUE);
  }
  if (!g_spawn_async_with_pipes (NULL, words, environment, flags, enter, &sandbox, &talk.pid,
                                 &talk.in, &talk.out, NULL, error))
    return NULL;

  talk.output = g_byte_array_new ();
  g_unix_set_fd_nonblocking (talk.in, TRUE, NULL);
  if (size == 0)
    close_pipe (&talk.in);
  gboolean done = converse (&talk, cancellable);
  close_pipe (&talk.in);
  close_pipe (&talk.out);
  if (!done)
    kill (talk.pid, SIGKILL);
  int status = -1;
  while (waitpid (talk.pid, &status, 0) < 0 && errno == EINTR)
    ;
  g_autoptr (GBytes) output = g_byte_array_free_to_bytes (talk.output);
  if (done && g_spawn_check_wait_status (status, NULL))
    return g_steal_pointer (&output);
  tool_set_error (error, STATUS_ENVIRONMENT, "engine", NULL, _("'%s' failed"), words[0]);
  return NULL;
}
