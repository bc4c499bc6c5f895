/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A throw-away folder for one test. */
#pragma once

#include "libmailcrypt.h"

/* A fresh folder with a short path (sockets: 108 bytes). */
char *scratch_new (void);
/* Removes it with all that is in it. */
void scratch_free (char *path);

/* A context whose folders are inside @folder. */
McContext *scratch_context (const char *folder);

/* Runs @func in a child process; its exit status, or 128 + the signal that ended it. */
typedef int (*ScratchChild) (gpointer user_data);
int scratch_fork (ScratchChild func, gpointer user_data);
