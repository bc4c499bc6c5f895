/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and certificates as text for people. (transfer full) */
#pragma once

#include "libmailcrypt.h"

/* The cells of @key in a table, of char*; and the table of such rows. */
GPtrArray *keytext_make_row (const McKey *key);
char *keytext_from_rows (GPtrArray *rows);
/* Everything about @key. */
char *keytext_from_key (const McKey *key);
/* A line for each of @imported, of McImported. */
char *keytext_from_imported (GPtrArray *imported);
