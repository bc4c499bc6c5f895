/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of the library: what could not be done. "Done, and the answer is no"
 * is never an error; it is a verdict in the report. */
#pragma once

#include "libmailcrypt.h"

/* Sets @error in MC_ERROR. @hint (nullable, translated, one or more lines) says
 * what to do next. @format is lower case, cause first, without a full stop. */
void _mc_set_error (GError **error, McError code, const char *hint, const char *format, ...)
  G_GNUC_PRINTF (4, 5);

/* Rewrites a foreign error (GIO, SQLite text, ...) in place as @code in MC_ERROR,
 * prefixed by @format and ": "; the foreign message is kept behind it. Errors already in
 * MC_ERROR and cancellations only get the prefix. Always returns FALSE. */
gboolean _mc_error_adopt (GError **error, McError code, const char *format, ...)
  G_GNUC_PRINTF (3, 4);

/* Adds a line to the hint of *@error (nullable, in MC_ERROR). */
void _mc_error_add_hint (GError **error, const char *hint);
