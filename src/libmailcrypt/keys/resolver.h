/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which key for which address, and why not the others: the one answer that drives
 * encrypt, sign and sending. */
#pragma once

#include "keys/key.h"

struct _McCandidate {
  gint ref_count;
  McKey *key;               /* owned */
  gboolean usable;
  gboolean chosen;
  GPtrArray *merits;        /* of McReason (owned): what speaks for it */
  GPtrArray *reasons;       /* of McReason (owned): why it is not usable, or why another was chosen */
};

McCandidate *_mc_candidate_ref (McCandidate *candidate);
void _mc_candidate_unref (McCandidate *candidate);

/* What was found for one address, one use and one protocol. */
typedef struct {
  char *address;            /* as asked */
  McProtocol protocol;
  GPtrArray *candidates;    /* of McCandidate (owned), best first */
  McKey *chosen;            /* nullable; borrowed from the candidates */
  gboolean ambiguous;       /* several are equally good, so that none was chosen */
  GError *problem;          /* nullable, MC_ERROR_ENGINE: why the protocol could not be asked */
} McResolution;

void _mc_resolution_free (McResolution *resolution);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McResolution, _mc_resolution_free)

/* @address_or_fingerprint: for MC_KEY_CAN_SIGN with a secret key, for MC_KEY_CAN_ENCRYPT
 * with or without. A fingerprint chooses that key whatever its addresses, if usable. Only
 * a trusted key is usable for encryption; an own key (secret part here) is for its own
 * addresses. Of several usable ones that wins which the user pinned for the address (the
 * last pin), else the one valid from the latest moment; those that are equal in all that
 * are ambiguous. No error when nothing is usable: then chosen is NULL. Nor
 * when the protocol's engine is missing or broken: another protocol may do. */
gboolean _mc_resolve (McContext *context, McProtocol protocol, const char *address_or_fingerprint,
                      McKeyUse use, McResolution **ret_resolution, GCancellable *cancellable,
                      GError **error);

/* Sets MC_ERROR_NO_KEY (MC_ERROR_NO_SECRET when signing lacks only the secret part) from
 * resolutions without a chosen key: each address, each candidate and why not; the hint
 * is for each address the one command that would change it. MC_ERROR_ENGINE when an engine
 * could not be asked and nobody else knows anything. */
void _mc_resolutions_set_error (GPtrArray *resolutions, McKeyUse use, GError **error);
