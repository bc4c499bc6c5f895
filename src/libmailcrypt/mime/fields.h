/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mime/tree.h"

/* The fields of a header block, in order. Of McField. NULL with @error set on failure. */
GPtrArray *_mc_fields_read (McSpan header, GError **error);
