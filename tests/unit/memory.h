/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks for traces in this process's own memory. */
#pragma once

#include <glib.h>

#define TRACE_BYTES 32

/* A marker that stands in memory only in disguise, so that what is found is a copy
 * made by the code under test. */
typedef struct {
  guint8 disguised[TRACE_BYTES];
} Trace;

void trace_init (Trace *trace);
/* Writes the marker itself; overwrite it after use. */
void trace_reveal (const Trace *trace, guint8 *ret_marker);
/* How often the marker stands in writable memory. */
guint trace_count (const Trace *trace);

/* Whether the kernel's flags of the mapping at @address hold the two-letter @flag. */
gboolean memory_has_flag (gconstpointer address, const char *flag);
