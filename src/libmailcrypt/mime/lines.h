/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A span's lines, one after the other, in constant memory. */
#pragma once

#include "base/spool.h"

typedef struct _McLines McLines;

typedef struct {
  guint64 start;           /* offsets in the spool */
  guint64 end;             /* behind the line break */
  guint eol;               /* size of the line break: 2 (CRLF), 1 (LF), 0 (end of the span) */
  const guint8 *text;      /* what stands before the line break; until the next call */
  gsize size;              /* octets at @text: all of the line, or the first @keep of it */
  gboolean cut;            /* there is more of the line than that */
  gboolean cut_blank;      /* all of what was cut is SP and HTAB */
} McLine;

/* @buffer_size is the size of one read, at most what a chunk holds; 0 for that. */
McLines *_mc_lines_new (McSpan span, gsize buffer_size);
void _mc_lines_free (McLines *lines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McLines, _mc_lines_free)

/* The next line. At most @keep octets of it need to be kept at hand. FALSE at the end, or
 * with @error set on failure. */
gboolean _mc_lines_next (McLines *lines, gsize keep, McLine *ret_line, GError **error);

/* Where the next line begins: an offset in the spool. */
guint64 _mc_lines_get_offset (const McLines *lines);

/* Passes over all lines that do not begin with @head. *@eol becomes the size of the last line
 * break passed. FALSE with @error set on failure. */
gboolean _mc_lines_skip (McLines *lines, char head, guint *eol, GError **error);

/* Passes over all lines, without reading them. */
void _mc_lines_skip_all (McLines *lines);
