/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mime/tree.h"

/* The fields of a header block, in order. Of McField. NULL with @error set on failure. */
GPtrArray *_mc_fields_read (McSpan header, GError **error);

/* Those of @fields (of McField) that are called @name, in order; they stay the property of
 * @fields. */
GPtrArray *_mc_fields_select (GPtrArray *fields, const char *name);

/* The identifiers in the body of a Message-ID, In-Reply-To or References field (RFC 5322
 * section 3.6.4), with their angle brackets. (transfer full) */
GStrv _mc_message_ids_parse (const char *body);
