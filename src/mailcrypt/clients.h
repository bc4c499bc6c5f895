/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration of mail clients, as far as it concerns us. */
#pragma once

#include "tool.h"

#define CLIENTS_MAX_CONFIG_BYTES (1 << 20)

/* Appends McFinding for each client that is set up here: whether it calls us, and whether
 * what comes behind our lines takes them back. Reads the files, changes nothing. */
void clients_examine (GPtrArray *findings);

/* The version that @client tells of itself, e.g. "2.2.12"; NULL when it is
 * not there or says something else. (transfer full) */
char *clients_get_version (const char *client, GCancellable *cancellable);
/* Whether @version (nullable) is there and new enough for our settings. */
gboolean clients_check_version (const char *client, const char *version, GError **error);
/* The files in which mutt or neomutt of @version (nullable: not known) looks for its
 * configuration; it reads the first that is there. (transfer full) */
char **clients_list_files (const char *client, const char *version);
/* The one of them that is read, else the one to make. (transfer full) */
char *clients_find_file (const char *client, const char *version, gboolean *ret_exists);
/* Whether the file at @path is shared by neomutt and mutt, because it has mutt's name. */
gboolean clients_is_mutts (const char *path);
/* The text of a configuration file; NULL without @error when there is none, with it when it
 * cannot be read or is no text. (transfer full) */
char *clients_read_file (const char *path, GError **error);
/* Appends what is to be said of @text, read by @client from @path, which calls us. */
void clients_judge (GPtrArray *findings, const char *client, const char *path, const char *text,
                    gboolean sends);
