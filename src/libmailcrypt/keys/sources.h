/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where keys of others are looked up: a table (sources.c) of rows, each in a file of its
 * own. A new source is such a file, a declaration here and a line in the table. */
#pragma once

#include "libmailcrypt.h"

struct _McKeySource {
  const char *name;         /* what --source calls it, and what GnuPG does */
  const char *meaning;      /* one line, marked for translation */
  gboolean uses_network;
  /* Appends McKey to @keys; none is no error. What it takes in gets no trust by that. */
  gboolean (*find) (const McKeySource *source, McContext *context, const char *address,
                    GPtrArray *keys, GCancellable *cancellable, GError **error);
};

extern const McKeySource _mc_source_local;
extern const McKeySource _mc_source_wkd;        /* Web Key Directory, through GnuPG */
extern const McKeySource _mc_source_keyserver;  /* the one that GnuPG is set up with */
extern const McKeySource _mc_source_dane;       /* RFC 7929, through GnuPG */
