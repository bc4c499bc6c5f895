/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message's MIME structure with exact byte ranges (RFC 2045, 2046, 5322).
 *
 * Two readers look at the same bytes: a scanner of ours that finds header blocks and
 * delimiter lines and knows every range to the octet, and GMime. Where they disagree
 * about the shape, the tree says so, and nothing in it may count as protected. */
#pragma once

#include "base/spool.h"

typedef struct _McEntity McEntity;
typedef struct _McTree McTree;

struct _McEntity {
  McEntity *parent;         /* nullable */
  GPtrArray *children;      /* of McEntity (owned): parts of a multipart, or the one message in a message/rfc822 */
  McSpan header;            /* the header block with its empty line; may be empty */
  McSpan body;              /* for a part: up to the line break before the next delimiter */
  guint index;              /* place among its siblings, from 0 */
  char *type;               /* lower case "text/plain"; never NULL (RFC 2045 section 5.2 defaults) */
  char *encoding;           /* content-transfer-encoding, lower case; nullable */
  char *disposition;        /* lower case; nullable */
  char *filename;           /* decoded (RFC 2231, RFC 2047), UTF-8; nullable; hostile */
  GHashTable *parameters;   /* of Content-Type: lower-case name -> decoded value */
  gboolean quoted_protocol; /* the protocol parameter stood in quotes (RFC 1847) */
  gboolean type_invalid;    /* Content-Type is there but cannot be read: @type is the default */
  gboolean frame_disagrees; /* the two readers see, or a third one might see, another type here
                             * or other parts: their number, ranges or types. A field or
                             * parameter given twice, a delimiter that is ambiguous here, a bare
                             * CR in the header or between the parts, a preamble too large to
                             * compare. What is doubtful inside of the parts is not meant */
  gboolean disagrees;       /* frame_disagrees here or anywhere below */
  gboolean hp_disagrees;    /* the parameter hp (RFC 9788) is given twice */
  gboolean unterminated;    /* a multipart without its closing delimiter */
};

/* The whole entity: header and body. */
McSpan _mc_entity_get_span (const McEntity *entity);
const char *_mc_entity_get_parameter (const McEntity *entity, const char *name);
gboolean _mc_entity_is (const McEntity *entity, const char *media_type);

struct _McTree {
  McEntity *root;
  GPtrArray *fields;        /* of McField (owned): the root's header, in order */
  guint n_entities;
  guint depth;              /* deepest nesting */
};

/* One header field of the root, raw. */
typedef struct {
  char *name;               /* as written */
  McSpan raw;               /* the field with its line break, folded as it stands */
  char *value;              /* decoded (RFC 2047) and unfolded UTF-8; hostile */
  char *body;               /* unfolded, not decoded; raw octets, NUL shown as U+FFFD */
} McField;

/* Parses @span as an RFC 5322 message (@message) or as a bare MIME entity. A leading mbox
 * "From " line is skipped. MC_ERROR_LIMIT over a limit; MC_ERROR_MALFORMED for a message of
 * no octets. */
gboolean _mc_tree_parse (McSpan span, const McLimits *limits, gboolean message,
                         McTree **ret_tree, GError **error);
void _mc_tree_free (McTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McTree, _mc_tree_free)

/* All root fields of this name (case-insensitive), in order. Of McField. (transfer container) */
GPtrArray *_mc_tree_get_fields (const McTree *tree, const char *name);

/* The addresses of an address field's body as written (RFC 5322 section 3.4; groups are
 * opened, and *ret_grouped (nullable) tells that there were any). *ret_clean is FALSE when
 * anything in it could not be read as an address. */
GStrv _mc_addresses_parse (const char *field_body, gboolean *ret_clean, gboolean *ret_grouped);

/* Decodes the entity's body (content-transfer-encoding) into @output. Identity encodings
 * are copied as they are. Broken base64 is MC_ERROR_MALFORMED when @strict. */
gboolean _mc_entity_decode (const McEntity *entity, McSpool *output, gboolean strict,
                            GCancellable *cancellable, GError **error);

/* A stretch of decoded text as UTF-8 (charset parameter, iconv), at most @max_bytes. */
char *_mc_entity_read_text (const McEntity *entity, const McLimits *limits, gsize max_bytes,
                            GError **error);
