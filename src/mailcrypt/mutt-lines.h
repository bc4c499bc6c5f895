/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text that a client hands to its display filter, line by line: who wrote which. */
#pragma once

#include "mutt-status.h"

typedef enum {
  MUTT_LINE_TEXT = 0,       /* the message's author, or anybody */
  MUTT_LINE_CLIENT,         /* the client's own words, proven to be */
  MUTT_LINE_FIELD,          /* a protected header field, shown by the client */
  MUTT_LINE_HIDDEN,         /* the frame around what the engine said */
  MUTT_LINE_STATUS,         /* stands for what the engine found */
} MuttLineKind;

typedef struct {
  MuttLineKind kind;
  char *text;               /* without line end and marker; hostile */
  char *marker;             /* nullable; as it was */
  MuttStatus *status;       /* nullable (owned) */
  gboolean likely;          /* text that may well be the client's: nothing speaks against it */
  gboolean root;            /* the status is about all that follows */
  gboolean shown_otherwise; /* the status is about another text than the one that follows */
} MuttLine;

/* The lines of @body. Takes the seals in it, which are good for once. @mixed: the first line
 * is the client's, since the message is a multipart/mixed; @may_be_root: the message as a
 * whole may be protected. Of MuttLine. (transfer full) */
GPtrArray *mutt_lines_parse (const char *body, const char *runtime, gboolean mixed,
                             gboolean may_be_root);
