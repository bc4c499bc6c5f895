/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writing pipeline's inner interface: who gets the message under which key
 * (plan.c), and the making of it (seal.c). */
#pragma once

#include "base/spool.h"
#include "keys/resolver.h"
#include "mime/tree.h"

struct _McSeal {
  McContext *context;       /* borrowed */
  McSealFlags flags;
  McProtocol protocol;      /* UNKNOWN: to be chosen */
  char *signer;             /* nullable: address or fingerprint; default From */
  char *cipher;             /* nullable */
  McHeaderPolicy policy;    /* UNKNOWN: as configured */
  McReply *reply;           /* nullable (owned): whose header is not to leak */
  GPtrArray *recipients;    /* of char*, as the caller gave them */
  GPtrArray *hidden;        /* of char* */
  gboolean only_self;       /* encrypt to nobody else: for a copy to keep */
  GPtrArray *notes;         /* of McReason */
  gboolean protects;        /* this run: the header goes into the payload */
  GPtrArray *outside;       /* this run: of McHeaderLine (owned); what stands outside */
  McSpool *output;          /* nullable: the finished message */
};

/* What is going to be done. */
typedef struct {
  McProtocol protocol;
  McKey *signer;            /* owned; nullable unless MC_SEAL_SIGN */
  McKey *self;              /* owned; nullable */
  GPtrArray *recipients;    /* of McKey (owned), self included, each key once */
  GPtrArray *hidden;        /* of McKey (owned) */
} McPlan;

void _mc_plan_clear (McPlan *plan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McPlan, _mc_plan_clear)

/* Finds recipients, protocol and keys for the message in @tree. MC_ERROR_NO_KEY and
 * MC_ERROR_NO_SECRET name everybody without a usable key, and why. */
gboolean _mc_seal_plan (McSeal *seal, const McTree *tree, McPlan *ret_plan,
                        GCancellable *cancellable, GError **error);
/* mc_seal_run() for the message in @span, which @tree is of. */
gboolean _mc_seal_run_tree (McSeal *seal, McSpan span, const McTree *tree,
                            GCancellable *cancellable, GError **error);
