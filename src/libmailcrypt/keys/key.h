/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model of a key, one for both protocols. */
#pragma once

#include "report/report.h"

struct _McKey {
  gint ref_count;
  McProtocol protocol;
  char *fingerprint;        /* lower-case hex: OpenPGP fingerprint, or SHA-256 of the certificate */
  GPtrArray *identities;    /* of McIdentity (owned) */
  McKeyUse use;             /* what the key may do by its own word */
  McSecretHome secret;
  char **cards;             /* names of the cards with secret parts; NULL: none */
  McValidity validity;
  gint64 valid_from, valid_until;
  char *algorithm;
  char *subject, *issuer, *serial;   /* S/MIME, nullable; hostile */
  gboolean is_authority, is_anchor;
  const char *owner_trust;  /* static, nullable: GnuPG's word, for showing */
  gboolean weak;            /* too weak to be used for anything new */
  GPtrArray *reasons;       /* of McReason (owned): against it */
  gpointer native;          /* the backend's own object */
  GDestroyNotify native_free;
};

McKey *_mc_key_new (McProtocol protocol, const char *fingerprint);

/* The identity with this address (any spelling), or NULL. */
McIdentity *_mc_key_find_identity (const McKey *key, const char *address);

/* What the user pinned (store) turned into trust: every identity of @key whose address
 * is pinned to its fingerprint becomes MC_TRUST_TRUSTED; a distrusted fingerprint becomes
 * MC_TRUST_UNTRUSTED everywhere, with a reason. Identities that the key does not claim
 * but the user bound to it are added. */
gboolean _mc_key_apply_pins (McContext *context, McKey *key, GError **error);

/* A fingerprint as a person writes it (blanks, colons, "0x", capitals) as lower-case hex;
 * NULL if it is no full fingerprint of @protocol (UNKNOWN: of either): 40 digits for
 * OpenPGP, 64 for S/MIME. */
char *_mc_fingerprint_normalise (McProtocol protocol, const char *text);
/* Whether it has the length that @protocol's fingerprints have. */
gboolean _mc_fingerprint_fits (McProtocol protocol, const char *fingerprint);
