/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many small pieces on their way into a spool. The first failure sticks. */
#pragma once

#include "base/spool.h"

typedef struct {
  McSpool *spool;          /* borrowed */
  GString *pending;
  gsize used;              /* octets of it that ever held something */
  GError *error;
} McWriter;

void _mc_writer_init (McWriter *writer, McSpool *spool);
void _mc_writer_clear (McWriter *writer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McWriter, _mc_writer_clear)

void _mc_writer_put (McWriter *writer, const char *data, gsize size);
void _mc_writer_puts (McWriter *writer, const char *text);
void _mc_writer_printf (McWriter *writer, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* The span, as it is or with CRLF for every line break. */
void _mc_writer_put_span (McWriter *writer, McSpan span, McNewlines newlines);

/* A field of a header: the value's "\n" are line breaks before its folds. */
void _mc_writer_put_field (McWriter *writer, const char *name, const char *value,
                           const char *newline);

/* What is pending goes to the spool. FALSE with @error set if anything failed so far. */
gboolean _mc_writer_finish (McWriter *writer, GError **error);
