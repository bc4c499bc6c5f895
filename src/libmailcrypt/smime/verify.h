/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signatures judged one by one, the content first and the chain second: a bad chain never
 * hides an altered content. */
#pragma once

#include "smime/split.h"

/* Reads @content to its end (into @output, nullable, unless that holds it already), hashing it
 * once for each digest that is needed, and adds a signer to @layer for each signerInfo. */
gboolean _mc_smime_judge_signers (McEngine *engine, CMS_ContentInfo *cms, BIO *content,
                                  McSpool *output, McLayer *layer, GCancellable *cancellable,
                                  GError **error);

/* Whether there are no more signers than anybody needs. Else @layer says so, malformed. */
gboolean _mc_smime_check_signers (CMS_ContentInfo *cms, McLayer *layer);

/* Adds the signers to @layer as the signature itself names them, nothing judged; of too
 * many, the first. */
void _mc_smime_describe_signers (CMS_ContentInfo *cms, McLayer *layer);

/* The content alone, for when signatures are not to be judged. */
gboolean _mc_smime_copy_content (BIO *content, McSpool *output, GError **error);

/* Structure and reason of a signed layer that cannot be judged. Always returns TRUE. */
gboolean _mc_smime_set_malformed (McLayer *layer, const char *code, const char *text);
