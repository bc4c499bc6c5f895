/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CompressedData (RFC 3274): zlib, which Debian's OpenSSL leaves out. */
#pragma once

#include "smime/engine.h"

/* Inflates @content into @output, whose cap bounds what comes out. @algorithm: the DER
 * AlgorithmIdentifier. MC_ERROR_MALFORMED, MC_ERROR_LIMIT. */
gboolean _mc_smime_inflate (GBytes *algorithm, BIO *content, McSpool *output, GError **error);
