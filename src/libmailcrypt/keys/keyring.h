/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user's keyring: passphrases of S/MIME keys, known by the fingerprint of the
 * certificate. libsecret is in a module, loaded when a passphrase is needed or kept. */
#pragma once

#include "keys/passphrase.h"

/* Keeps the passphrase of the key @fingerprint (nullable: nothing is done), if the settings
 * say so. A failure becomes a note of the context: the work itself is done. */
void _mc_keyring_remember (McContext *context, const char *fingerprint, McSecret *passphrase,
                           GCancellable *cancellable);
/* Removes it. Again a failure becomes a note. */
void _mc_keyring_forget (McContext *context, const char *fingerprint, GCancellable *cancellable);

/* What the module offers. None of it opens a dialog without @unlock, and all of it comes to
 * an end: *ret_why (translated) says what failed. */
typedef struct {
  McPassphraseAnswer (*find) (const char *fingerprint, gboolean unlock, McSecret **ret_secret,
                              char **ret_why, GCancellable *cancellable);
  gboolean (*store) (const char *fingerprint, McSecret *secret, gboolean unlock, char **ret_why,
                     GCancellable *cancellable);
  /* TRUE also when there was none. */
  gboolean (*remove) (const char *fingerprint, gboolean unlock, char **ret_why,
                      GCancellable *cancellable);
} McKeyring;

#define MC_KEYRING_MODULE "keyring"
#define MC_KEYRING_SYMBOL "_mc_keyring_secret_service"
extern const McKeyring _mc_keyring_secret_service;
