/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a context holds, for the library's own use. */
#pragma once

#include "backend.h"
#include "base/limits.h"
#include "keys/store.h"
#include "settings.h"

/* How chains are judged; file names as the caller gave them. */
typedef struct {
  gint64 at;                /* 0: now */
  GPtrArray *anchors;       /* of char*; empty: the configured ones */
  GPtrArray *intermediates; /* of char* */
  GPtrArray *crls;          /* of char* */
  GPtrArray *policies;      /* of char*, dotted OIDs or "anyPolicy" */
  McPolicyFlags policy_flags;
  McRevocation revocation;
  gboolean revocation_set;  /* by the caller; else the setting counts */
  gboolean network;         /* authorities may be asked where the settings want it */
} McChainPolicy;

const McLimits *_mc_context_get_limits (McContext *context);
McSettings *_mc_context_get_settings (McContext *context);
const McChainPolicy *_mc_context_get_chain_policy (McContext *context);

/* The store, opened on first use. With @create it is made when it is not there; without,
 * *ret_store may be NULL (an empty store). Borrowed. */
gboolean _mc_context_get_store (McContext *context, gboolean create, McStore **ret_store,
                                GError **error);

/* The caller's passphrase function, called. NULL when there is none or it has none. */
McSecret *_mc_context_ask_caller (McContext *context, McProtocol protocol,
                                  const char *fingerprint, const char *purpose);
gboolean _mc_context_has_caller_source (McContext *context);

/* Takes @note, unless there is one with its code. */
void _mc_context_add_note (McContext *context, McReason *note);

/* The caller's terminal for gpg-agent. (nullable) */
const char *_mc_context_get_tty (McContext *context);
const char *_mc_context_get_term (McContext *context);
