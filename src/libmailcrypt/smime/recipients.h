/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recipients of an encrypted object, and which of them we are. */
#pragma once

#include "smime/engine.h"

/* A recipient's part that a certificate with a private key here fits. */
typedef struct {
  X509 *certificate;        /* owned */
  char *algorithm;          /* owned: of the key encryption */
  gboolean sha1;            /* the key is derived with SHA-1 */
} McOwnRecipient;

void _mc_own_recipient_free (McOwnRecipient *own);

/* Adds to @layer a recipient for each recipientInfo. With @own (nullable) the store is
 * asked whom they are, and those that have a private key here are appended to it: whether
 * a key is ours is settled by the certificate's name before any key is used. */
gboolean _mc_smime_list_recipients (McEngine *engine, CMS_ContentInfo *cms, McLayer *layer,
                                    GPtrArray *own, GError **error);
