/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and certificates as text for people. (transfer full) */
#pragma once

#include "libmailcrypt.h"

/* A table of @keys, of McKey. */
char *keytext_from_list (GPtrArray *keys);
/* Everything about @key. */
char *keytext_from_key (const McKey *key);
/* A line for each of @imported, of McImported. */
char *keytext_from_imported (GPtrArray *imported);
