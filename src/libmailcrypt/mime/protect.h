/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Header protection (RFC 9788), writing: the header fields go inside the payload, and what is
 * to be hidden does not stay outside. */
#pragma once

#include "mime/compose.h"

/* What stands outside of an encrypted message (RFC 9788 section 3.2). */
typedef enum {
  MC_HCP_NONE = 0,          /* everything */
  MC_HCP_BASELINE,          /* no Subject, no Comments, no Keywords */
  MC_HCP_SHY,               /* nor names beside addresses, nor the sender's time zone */
} McConfidentiality;

#define MC_HIDDEN_SUBJECT "[...]"

/* The outer header of @fields (of McField) under @policy. Of McHeaderLine. */
GPtrArray *_mc_confidentiality_apply (McConfidentiality policy, GPtrArray *fields);

/* Whether the payload of a message with this root can hold header fields: it can neither be
 * signed or encrypted already, nor have a Content-Type that nobody can read. */
gboolean _mc_entity_can_protect (const McEntity *root);

/* Writes @payload with the fields of @inside (of McField) in its header. @outside (of
 * McHeaderLine) is what stands outside of the encryption, to be recorded as HP-Outer; NULL
 * for a message that is only signed (RFC 9788 section 5.2.1). */
gboolean _mc_compose_protected (McSpan payload, GPtrArray *inside, GPtrArray *outside,
                                McSpool *output, GError **error);

/* Text as the value of a field that is no address: as it is, or as encoded words (RFC 2047)
 * with "\n " for folds. */
char *_mc_header_encode_text (const char *text);
