/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands of "mailcrypt setup" share. */
#pragma once

#include "tool.h"

typedef struct {
  gboolean write, undo, sendmail;   /* at most one of the first two, see setup_check() */
  char **without;             /* nullable: names of parts */
} SetupOptions;

extern SetupOptions setup_options;

/* Whether the options go together. */
gboolean setup_check (GError **error);
/* Appends to what is told at the end. */
void setup_tell (GPtrArray *findings, McFindingLevel level, const char *code, const char *fix,
                 char *text);
/* Makes @path hold @text: the mode of an old file is kept, a link followed. Nothing happens
 * where it does so already. Tells about it. @old: what it holds now; nullable. */
gboolean setup_write (GPtrArray *findings, const char *path, const char *old, const char *text,
                      GError **error);
/* Makes @path hold @text again, or removes it where @made. Tells about it. */
gboolean setup_restore (GPtrArray *findings, const char *path, const char *text, gboolean made,
                        GError **error);

/* setup-mutt.c, for mutt and neomutt */
int setup_mutt (Tool *tool, GError **error);
/* setup-aerc.c */
int setup_aerc (Tool *tool, GError **error);
