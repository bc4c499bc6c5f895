/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages out of string literals. */
#pragma once

#include "mime/tree.h"

McSpool *sample_spool (const char *data, gssize size);
/* The octets of a span or spool; NUL-terminated. */
char *sample_text (McSpan span);
char *sample_spool_text (McSpool *spool);

/* Parses @text with the usual limits; a failure ends the test. The tree's spool is in
 * @ret_spool. */
McTree *sample_tree (const char *text, McSpool **ret_spool);

/* The shape and every octet of it, e.g. "multipart/mixed{text/plain[H][B]}", where H and
 * B are header and body with line breaks as "|" (LF) and "^" (CRLF). */
char *sample_describe (const McEntity *root);

/* @text with every LF made CRLF. */
char *sample_crlf (const char *text);
/* @unit @n times. */
char *sample_repeat (const char *unit, gsize n);
