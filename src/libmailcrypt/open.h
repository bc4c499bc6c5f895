/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reading pipeline's inner interface: layers (open.c) and the walk (walk.c). */
#pragma once

#include "message.h"

/* What an entity is to the walk. */
typedef enum {
  MC_FORM_PLAIN = 0,
  MC_FORM_SIGNED,           /* multipart/signed */
  MC_FORM_PGP_ENCRYPTED,    /* multipart/encrypted with application/pgp-encrypted */
  MC_FORM_OPAQUE,           /* an object whose own bytes tell what it is */
  MC_FORM_MAYBE_OPAQUE,     /* a generic type with an S/MIME file name (RFC 8551 section 3.9) */
} McForm;

McForm _mc_entity_classify (const McEntity *entity, McProtocol *ret_protocol);

typedef struct {
  McMessage *message;
  McOpenFlags flags;
  GCancellable *cancellable;
  gboolean errant;          /* beneath the payload */
  gboolean opens_inline;    /* ... and opened all the same: inline OpenPGP */
  const char *sender;       /* canonical; NULL: none or ambiguous */
  guint n_layers;
} McWalk;

/* Opens the layer that @part is and puts it into the report. *ret_content: what is inside,
 * without a spool when there is nothing to go on with. *ret_layer: FALSE when a
 * MC_FORM_MAYBE_OPAQUE was none after all. Only what concerns the whole run is an error. */
gboolean _mc_walk_open_layer (McWalk *walk, McPart *part, McForm form, McProtocol protocol,
                              McSpan *ret_content, gboolean *ret_layer, GError **error);

/* Adds what is odd about the form of all parts, and their header protection as seen. */
gboolean _mc_oddities_note (McMessage *message, GError **error);
