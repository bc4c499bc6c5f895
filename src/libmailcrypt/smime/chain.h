/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chains of certificates (RFC 5280, RFC 8550), judged by OpenSSL's engine with our own
 * idea of purpose and with every failing collected. */
#pragma once

#include "smime/engine.h"

/* What a round of judgements stands on: anchors, intermediates, revocation lists and the
 * user's pins, read once. */
typedef struct _McTrust McTrust;

/* Authorities are asked about revocation where the user wants it: until @cancellable. */
McTrust *_mc_trust_new (McEngine *engine, GCancellable *cancellable, GError **error);
void _mc_trust_free (McTrust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McTrust, _mc_trust_free)

/* Certificates and revocation lists that came with a message: material for chains, never
 * anchors. References are added. */
void _mc_trust_add_material (McTrust *trust, const McX509Stack *certificates,
                             const McCrlStack *crls);

/* The intermediates that the caller named and the certificates added. (transfer none) */
const McX509Stack *_mc_trust_get_material (const McTrust *trust);

typedef struct {
  gboolean chain_failed;    /* no path to an anchor that holds, and no pin instead */
  gboolean unfit;           /* not made for this use */
  gboolean weak;            /* the key, or a signature in the chain */
} McJudgement;

/* Judges @key's certificate for @use: its validity, the trust of its identities and its
 * reasons are filled in. @signed_at: the time a signature claims, 0 for none. */
gboolean _mc_trust_judge (McTrust *trust, McKey *key, McKeyUse use, gint64 signed_at,
                          McJudgement *ret_judgement, GError **error);

/* Puts the lists that came with the message, and were found to be authentic in judging, into
 * the cache. For when the message's signature holds. */
void _mc_trust_keep_lists (McTrust *trust);

/* @certificate and what is known above it, whether or not it holds. (transfer full) */
McX509Stack *_mc_trust_build (McTrust *trust, X509 *certificate, GError **error);
