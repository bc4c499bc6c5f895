/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What good mail teaches: certificates, what the sender's program can read, and which key
 * an address signs with, so that a change of it can be told. */
#pragma once

#include "context.h"

/* What an S/MIME signature brings; put into McSigner.brought by the backend. */
typedef struct {
  GPtrArray *certificates;  /* of McCertificate (owned): the signer's, those to encrypt to, their issuers */
  char *preferred;          /* nullable: fingerprint of the one to encrypt to, by the signer's own word */
  GBytes *capabilities;     /* nullable: SMIMECapabilities, DER */
} McHarvest;

McHarvest *_mc_harvest_new (void);
void _mc_harvest_free (McHarvest *harvest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McHarvest, _mc_harvest_free)

/* Whether anything may be learnt from signatures that @context judges: not when the caller
 * has replaced what they are judged by. */
gboolean _mc_harvest_is_wanted (McContext *context);

/* To be called once @report is judged. Adds the reason "key-changed" to signers who speak
 * for the sender with another key than before, then stores what the good signature that
 * counts brings. Nothing of this can fail the reading of a message: a store that cannot be
 * read or written, or is busy, is passed over. */
void _mc_harvest_report (McContext *context, McReport *report);
