/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Header blocks as octets (RFC 5322 section 2.2). */
#pragma once

#include "mime/tree.h"

/* One field, or one stretch of the block that is none. Offsets are in the block. */
typedef struct {
  gsize start, end;        /* with continuation lines and the last line break */
  gsize name_size;         /* the name begins at @start; 0: these lines are no field */
  gsize body;              /* offset behind the colon */
} McRawField;

/* The field at *@at, which moves behind it. FALSE at the empty line and at the end. */
gboolean _mc_header_next (const guint8 *block, gsize size, gsize *at, McRawField *ret_field);

/* Whether a line can begin a field; the size of its name then, else 0. */
gsize _mc_header_name_size (const guint8 *line, gsize size);

gboolean _mc_header_is (const guint8 *block, const McRawField *field, const char *name);

/* Content-* and MIME-Version (RFC 9788 section 1.1.1). */
gboolean _mc_header_is_structural (const char *name);
/* HP-Outer: it speaks of other fields and is none to be shown. */
gboolean _mc_header_is_outer_record (const char *name);

/* What GMime will have to do with a field, in steps: it looks through its lists of
 * parameters from end to end, and goes one call deeper for a group inside a group. */
guint64 _mc_header_count_steps (const guint8 *block, const McRawField *field);

/* The body without its line breaks and outer white space; NUL as U+FFFD. */
char *_mc_header_unfold (const guint8 *block, const McRawField *field);

/* Fills @entity (type, parameters, encoding, disposition, filename) from its header block.
 * @fallback is the type of an entity without a readable Content-Type. The steps of all
 * fields are the result. */
guint64 _mc_entity_read_header (McEntity *entity, const guint8 *block, gsize size,
                                const char *fallback);

McEntity *_mc_entity_new (McEntity *parent);
void _mc_entity_free (McEntity *entity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McEntity, _mc_entity_free)

/* Whether the body stands in it as it is: no encoding, 7bit, 8bit or binary. */
gboolean _mc_entity_is_identity (const McEntity *entity);
gboolean _mc_entity_is_multipart (const McEntity *entity);
/* message/rfc822 and its kin (RFC 2046 section 5.2.1, RFC 6532 section 3.7). */
gboolean _mc_entity_is_message (const McEntity *entity);
