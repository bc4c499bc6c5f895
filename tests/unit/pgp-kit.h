/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of the OpenPGP backend: real gpg homes, and the backend's operations with
 * their failures asserted. */
#pragma once

#include "unit.h"

#include "backend.h"

#define PGP_BACKEND (&_mc_openpgp_backend)
#define PGP_PASSPHRASE "a pass phrase"
#define PGP_AGENT_OPTIONS "s2k-count 65536\n"
#define PGP_TEXT                                                        \
  "Content-Type: text/plain\r\n\r\nGr\xc3\xbc\xc3\x9f Gott, trailing \t \r\n" \
  "- dash\r\nFrom x\r\n"

typedef struct {
  char *folder;
  McSettings *settings;
  McContext *context;
  McEngine *engine;
} PgpHome;

/* Set up by pgp_init_suite(). */
extern PgpHome pgp_own;     /* alice (no passphrase), bob (passphrase) */
extern PgpHome pgp_other;   /* knows alice's public key; carol's own */
extern McKey *pgp_alice, *pgp_bob, *pgp_carol;
int pgp_init_suite (void);
int pgp_clean_suite (void);

void pgp_home_init (PgpHome *home);
void pgp_home_clear (PgpHome *home);
void pgp_write_file (const PgpHome *home, const char *name, const char *text);
void pgp_kill_agent (const PgpHome *home);
/* Runs gpg with @input; its output, or NULL when it failed. */
GBytes *pgp_gpg (const PgpHome *home, GBytes *input, const char *arguments);
char *pgp_clearsign (const char *text);   /* by alice, with gpg */

McSpool *pgp_spool (const void *data, gsize size);
McSpool *pgp_spool_text (const char *text);
McSpool *pgp_spool_bytes (GBytes *bytes);
GBytes *pgp_load (McSpool *from);
gboolean pgp_holds (McSpool *content, const void *data, gsize size);
gboolean pgp_has_reason (GPtrArray *reasons, const char *code);
void pgp_check_no_error (GError *error);

McKey *pgp_generate (PgpHome *home, const char *address, const char *name, const char *passphrase);
McKey *pgp_find_key (PgpHome *home, const char *fingerprint);   /* nullable */
McSpool *pgp_export (PgpHome *home, McKey *key, gboolean mail);
GPtrArray *pgp_import_into (PgpHome *home, McSpool *data, GError **error);

McLayer *pgp_verify (PgpHome *home, McSpool *content, McSpool *signature);
McSpool *pgp_sign (PgpHome *home, McSpool *content, McKey *signer);
McSpool *pgp_encrypt (PgpHome *home, McSpool *content, McKey *recipient, McKey *hidden,
                      McKey *signer);
void pgp_unwrap (PgpHome *home, McSpool *object, McUnwrapped *result);
gboolean pgp_unwrap_full (PgpHome *home, McSpool *object, McUnwrapFlags flags,
                          McUnwrapped *result, GError **error);
const McSigner *pgp_only_signer (const McLayer *layer);
const McLayer *pgp_layer_at (const McUnwrapped *unwrapped, guint i, McLayerKind kind);
