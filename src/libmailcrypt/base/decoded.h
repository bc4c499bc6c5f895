/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What base64 stands for, decoded anew wherever it is read, instead of being kept. */
#pragma once

#include "base/spool.h"

typedef struct _McDecoded McDecoded;

/* Goes through @encoded once. It must be base64 from end to end (base64.h), or it is
 * MC_ERROR_MALFORMED. Holds a reference to its spool. */
McDecoded *_mc_decoded_new (McSpan encoded, GCancellable *cancellable, GError **error);
McDecoded *_mc_decoded_ref (McDecoded *decoded);
void _mc_decoded_unref (McDecoded *decoded);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McDecoded, _mc_decoded_unref)

guint64 _mc_decoded_get_size (const McDecoded *decoded);

/* All of @size octets at @offset, both within its size. Costs least from one end to the other. */
gboolean _mc_decoded_read (McDecoded *decoded, guint64 offset, guint8 *to, gsize size,
                           GError **error);
