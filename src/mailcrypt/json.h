/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON objects that the library does not make (doc/report-schema.md). (transfer full) */
#pragma once

#include "tool.h"

/* Prints the one object of this run, to -o or standard output, and frees @json (made
 * here or by the library). */
gboolean json_print (Tool *tool, char *json, GError **error);

char *json_from_error (const GError *error, int exit_status);
/* The bare object of one key; and the list of such @texts, printed piece by piece. */
char *json_of_key (const McKey *key);
gboolean json_print_key_texts (Tool *tool, GPtrArray *texts, int exit_status, GError **error);
/* @keys: of McKey. */
char *json_from_keys (GPtrArray *keys, int exit_status);
/* @imported: of McImported. */
char *json_from_imported (GPtrArray *imported, const GError *error, int exit_status);
/* @key: nullable. */
char *json_from_key (const McKey *key, int exit_status);
/* @findings: of McFinding. */
char *json_from_findings (GPtrArray *findings, int exit_status);
char *json_from_plan (const McSendPlan *plan, int exit_status);
