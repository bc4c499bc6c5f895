/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* measure COMMAND...: runs it, then prints "seconds KiB status" on descriptor 3.
 *
 * A program of its own, since the peak of a process counts from before its exec: started
 * from Python it would be Python's. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int
main (int argc, char **argv)
{
  struct timespec start, end;
  struct rusage usage;
  int status = 0;

  if (argc < 2)
    return 2;
  clock_gettime (CLOCK_MONOTONIC, &start);
  pid_t pid = fork ();
  if (pid < 0)
    return 2;
  if (pid == 0) {
    close (3);
    execvp (argv[1], argv + 1);
    _exit (127);
  }
  if (wait4 (pid, &status, 0, &usage) != pid)
    return 2;
  clock_gettime (CLOCK_MONOTONIC, &end);
  double seconds = (double) (end.tv_sec - start.tv_sec) + (double) (end.tv_nsec - start.tv_nsec) / 1e9;
  dprintf (3, "%.6f %ld %d\n", seconds, usage.ru_maxrss,
           WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status));
  return 0;
}
