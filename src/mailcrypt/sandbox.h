/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that reads a stranger's HTML gets no network, and no place to leave it. */
#pragma once

#include <gio/gio.h>

typedef enum {
  SANDBOX_NETWORK = 0,    /* no network where the system allows that */
  SANDBOX_ALL,            /* no network, an empty /tmp in memory as its home, or no start */
} SandboxKind;

/* Gives @size octets of @input to such a program and returns what it answers, which may be
 * empty. NULL: it did not start, end well, or end in time. (transfer full) */
GBytes *sandbox_run (char **words, SandboxKind kind, const char *input, gsize size,
                     GCancellable *cancellable, GError **error);
