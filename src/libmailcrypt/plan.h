/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The planning of a message, in steps: everybody concerned, what each protocol can offer
 * them, and the choice among the offers. */
#pragma once

#include "seal.h"

/* Everybody concerned, before any key is looked for. */
typedef struct {
  GPtrArray *visible; /* of char*: addresses as written, each mailbox once */
  GPtrArray *hidden;  /* of char* */
  char *sender;       /* nullable: the one address of From, as written */
  char *signer;       /* nullable: whose key signs and gets the own copy; address or fingerprint */
  McProtocol protocol;  /* UNKNOWN: to be chosen */
} McParties;

void _mc_parties_clear (McParties *parties);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McParties, _mc_parties_clear)

/* How far one protocol gets. */
typedef struct {
  McProtocol protocol;
  GPtrArray *recipients; /* of McResolution, for the visible */
  GPtrArray *hidden;     /* of McResolution */
  McResolution *self;    /* nullable: not wanted */
  McResolution *signer;  /* nullable: not wanted */
} McOffer;

void _mc_offer_free (McOffer *offer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McOffer, _mc_offer_free)

/* From the fields of @tree (nullable) and from what @seal was given; @sender (nullable)
 * takes the place of From. */
gboolean _mc_parties_find (McSeal *seal, const McTree *tree, const char *sender,
                           McParties *ret_parties, GError **error);
/* The protocols that may be asked, in order of preference, into @protocols (room for two);
 * how many. 0 sets @error. */
guint _mc_parties_list_protocols (McSeal *seal, const McParties *parties, McProtocol *protocols,
                                  GError **error);

McOffer *_mc_offer_new (McSeal *seal, const McParties *parties, McProtocol protocol,
                        GCancellable *cancellable, GError **error);
gboolean _mc_offer_reaches_everybody (const McOffer *offer);
/* Whether signature and own copy are possible, where wanted. */
gboolean _mc_offer_serves_sender (const McOffer *offer);
/* Why none of @offers will do: the recipients first, then the signature, then the own copy. */
void _mc_offers_refuse (GPtrArray *offers, GError **error);
