/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenSSL's verdicts on chains, sorted and put into words. */
#pragma once

#include "smime/engine.h"

typedef enum {
  MC_FLAW_BROKEN,           /* the chain does not hold */
  MC_FLAW_UNTRUSTED,        /* it may hold, but ends at nothing that is trusted */
  MC_FLAW_TIME,
  MC_FLAW_REVOKED,
  MC_FLAW_REVOCATION,       /* the status cannot be found out */
  MC_FLAW_WEAK_KEY,         /* the certificate's own key */
  MC_FLAW_WEAK_CHAIN,
} McFlawKind;

/* One failing that OpenSSL reported. */
typedef struct {
  int code;                 /* X509_V_ERR_* */
  int depth;                /* 0: the certificate itself */
  X509 *certificate;        /* owned, nullable */
} McFlaw;

McFlaw *_mc_flaw_new (int code, int depth, X509 *certificate);
void _mc_flaw_free (McFlaw *flaw);
McFlawKind _mc_flaw_kind (const McFlaw *flaw);
/* Whether the store has this certificate, so that it can be trusted by its fingerprint. */
typedef gboolean (*McKnownFunc) (const char *fingerprint, gpointer user_data);
/* Adds it to @reasons unless its code is there. @leaf: the fingerprint that is judged. */
void _mc_flaw_explain (const McFlaw *flaw, const char *leaf, gboolean hard, McKnownFunc is_known,
                       gpointer user_data, GPtrArray *reasons);
