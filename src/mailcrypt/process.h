/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process: what the library must not touch and a program has to set. */
#pragma once

#include <gio/gio.h>

/* No core dumps, no debugger, private files, no death by SIGPIPE, descriptors 0 to 2
 * open. Call first. */
void process_init (void);
/* Whether descriptor 0, 1 or 2 was open when the process began. */
gboolean process_had_fd (int fd);

/* Makes SIGINT, SIGTERM and SIGHUP cancel the returned object instead of killing.
 * A process that does not come to its end then is ended. (transfer full) */
GCancellable *process_watch_signals (void);
/* Ends the process by the signal that came, if one did. */
void process_die_by_signal (void);

/* A named file that must not outlive the process; NULL: none any more. */
void process_set_pending_file (const char *path);
