/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

char *
scratch_new (void)
{
  char *path = g_strdup ("/tmp/mcXXXXXX");
  g_assert_nonnull (g_mkdtemp (path));
  return path;
}

static int
remove_one (const char *path, const struct stat *buffer, int type, struct FTW *walk)
{
  (void) buffer;
  (void) type;
  (void) walk;
  (void) remove (path);
  return 0;
}

void
scratch_free (char *path)
{
  (void) nftw (path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  g_free (path);
}

McContext *
scratch_context (const char *folder)
{
  g_autoptr (McSettings) settings = mc_settings_new ();
  mc_settings_set_folder (settings, MC_FOLDER_DATA, folder);
  mc_settings_set_folder (settings, MC_FOLDER_CACHE, folder);
  mc_settings_set_folder (settings, MC_FOLDER_RUNTIME, folder);
  mc_settings_set_folder (settings, MC_FOLDER_GNUPG, folder);
  /* never somebody's own keyring */
  g_assert_true (mc_settings_set (settings, "keyring", "use", "false", NULL));
  return mc_context_new (settings);
}

int
scratch_fork (ScratchChild func, gpointer user_data)
{
  fflush (NULL);
  pid_t pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    _exit (func (user_data));

  int status = 0;
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}
