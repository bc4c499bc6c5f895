/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which algorithms all recipients of a message can read (RFC 8551 section 2.7.1). */
#pragma once

#include "smime/algorithms.h"

/* What one recipient can read. */
typedef struct {
  gboolean known;           /* by the recipient's own word; else what everybody can */
  GPtrArray *ciphers;       /* of const McCipher*, first choice first; only those we write */
  gboolean oaep;            /* RSAES-OAEP with SHA-256 */
} McAbilities;

McAbilities *_mc_abilities_new_unknown (void);
/* Of an SMIMECapabilities; those that say nothing we can use, or cannot be read, are as
 * good as unknown. */
McAbilities *_mc_abilities_new_from_der (GBytes *capabilities);
/* Our own. */
McAbilities *_mc_abilities_new_own (void);
void _mc_abilities_free (McAbilities *abilities);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McAbilities, _mc_abilities_free)

/* SMIMECapabilities of ours, first choice first, for signatures. NULL: no memory. */
STACK_OF (X509_ALGOR) *_mc_capabilities_new (void);
void _mc_capabilities_free (STACK_OF (X509_ALGOR) *list);

typedef struct {
  const McCipher *cipher;
  gboolean oaep;            /* RSA keys: else PKCS#1 v1.5 */
} McMethod;

/* The method for recipients with these abilities (of McAbilities): the authenticated
 * cipher that all can read and like best together, else the other kind; OAEP where all can.
 * @cipher (nullable) goes before what they say. */
McMethod _mc_choose_method (GPtrArray *abilities, const McCipher *cipher);

/* What the store knows of the recipients (of McKey), as abilities. */
GPtrArray *_mc_smime_get_abilities (McEngine *engine, GPtrArray *recipients, GError **error);
