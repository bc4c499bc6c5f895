/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mime/tree.h"

/* Takes a piece of decoded content. FALSE stops, with or without @error set. */
typedef gboolean (*McDecodeFunc) (const char *data, gsize size, gpointer user_data,
                                  GError **error);

/* The decoded body of @entity piece by piece; else as _mc_entity_decode(), not strict. */
gboolean _mc_entity_decode_to (const McEntity *entity, McDecodeFunc func, gpointer user_data,
                               GCancellable *cancellable, GError **error);

/* Whether an encoding other than identity can be undone here. */
gboolean _mc_entity_has_known_encoding (const McEntity *entity);
