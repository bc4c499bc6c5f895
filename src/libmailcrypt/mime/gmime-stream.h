/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A span as GMime wants to read it. */
#pragma once

#include "base/spool.h"

#include <gmime/gmime.h>

/* GMime itself has none of these. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeContentDisposition, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeContentType, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeFilter, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeObject, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeParserOptions, g_mime_parser_options_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeStream, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InternetAddressList, g_object_unref)

/* Makes GMime ready; any number of times, from any thread. It starts GPGME, which from then
 * on ignores SIGPIPE in this process where that had its default action. */
void _mc_gmime_init (void);

/* A seekable, read-only stream over the span; offset 0 is the span's first octet. It
 * holds a reference to the spool. A failed read ends the stream. */
GMimeStream *_mc_gmime_stream_new (McSpan span);

/* Whether a read of @stream or of one made from it failed; the error is handed over. */
gboolean _mc_gmime_stream_take_error (GMimeStream *stream, GError **error);
