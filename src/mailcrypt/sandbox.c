/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_SECONDS 20
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
  gboolean left = leave_network (sandbox);

  if (sandbox->kind == SANDBOX_NETWORK)
    return;
  if (!left || !hide_files () || setrlimit (RLIMIT_CPU, &seconds) != 0
      || setrlimit (RLIMIT_AS, &memory) != 0)
    _exit (126);
}

GSubprocessLauncher *
sandbox_new_launcher (SandboxKind kind)
{
  GSubprocessLauncher *launcher = g_subprocess_launcher_new (
    G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
    | (kind == SANDBOX_ALL ? G_SUBPROCESS_FLAGS_STDERR_SILENCE : G_SUBPROCESS_FLAGS_NONE));
  Sandbox *sandbox = g_new0 (Sandbox, 1);
  sandbox->kind = kind;
  g_snprintf (sandbox->uid_map, sizeof sandbox->uid_map, "%u %u 1\n", (guint) getuid (),
              (guint) getuid ());
  g_snprintf (sandbox->gid_map, sizeof sandbox->gid_map, "%u %u 1\n", (guint) getgid (),
              (guint) getgid ());
  g_subprocess_launcher_set_child_setup (launcher, enter, sandbox, g_free);
  if (kind == SANDBOX_ALL) {
    g_subprocess_launcher_setenv (launcher, "HOME", "/tmp", TRUE);
    g_subprocess_launcher_setenv (launcher, "TMPDIR", "/tmp", TRUE);
  }
  return launcher;
}
