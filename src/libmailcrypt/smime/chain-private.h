/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files about chains share. */
#pragma once

#include "smime/chain.h"
#include "smime/inquiry.h"

struct _McTrust {
  McEngine *engine;
  X509_STORE *anchors;
  McX509Stack *material;
  McCrlStack *own_crls;     /* the caller's */
  McCrlStack *found_crls;   /* the message's, whoever made them */
  McCrlStack *crls;         /* those that count; NULL: to be found out */
  GHashTable *looked_up;    /* names whose lists in the cache are among them */
  GHashTable *distrusted;   /* fingerprints */
  McRevocation revocation;
  McInquiry *inquiry;       /* nullable: nobody is to be asked */
};

/* Adds to @found the store's and the material's certificates under @name. */
gboolean _mc_trust_find_subject (McTrust *trust, const X509_NAME *subject, McX509Stack *found,
                                 GError **error);
/* Whether @certificate has a chain that holds in every respect but revocation. */
gboolean _mc_trust_holds (McTrust *trust, X509 *certificate, gboolean *ret_holds, GError **error);

/* Chooses the lists that count before anything was looked up: the caller's, the message's. */
gboolean _mc_trust_choose_lists (McTrust *trust, GError **error);
/* Adds what the cache has for @chain. *ret_more: there is something new. */
gboolean _mc_trust_add_cached_lists (McTrust *trust, const McX509Stack *chain, gboolean *ret_more,
                                     GError **error);
/* Fetches the lists that @certificate names, and keeps those that are authentic. */
gboolean _mc_trust_fetch_lists (McTrust *trust, X509 *certificate, gboolean *ret_more,
                                GError **error);
