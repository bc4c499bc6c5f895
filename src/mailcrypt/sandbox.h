/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that reads a stranger's HTML gets no network, and no place to leave it. */
#pragma once

#include <gio/gio.h>

typedef enum {
  SANDBOX_NETWORK = 0,    /* no network where the system allows that */
  SANDBOX_ALL,            /* no network, an empty /tmp in memory as its home, or no start */
} SandboxKind;

/* A launcher for such a program, with its standard input and output as pipes. (transfer full) */
GSubprocessLauncher *sandbox_new_launcher (SandboxKind kind);
