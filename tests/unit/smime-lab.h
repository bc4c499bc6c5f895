/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the S/MIME unit tests share: a folder of certificates made once (smime-lab.sh),
 * homes of people in it, and the backend's table driven directly. */
#pragma once

#include "unit.h"

#include "backend.h"
#include "context.h"

/* The folder with the certificates; made on first use, removed at exit. NULL: the openssl
 * program is not there. */
const char *lab_folder (void);
/* The path of a file in it. */
char *lab_path (const char *name);

/* Runs a shell command in the lab; TRUE when its status is 0. */
gboolean lab_try (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* The same, fatal for the test when it fails. */
void lab_run (const char *format, ...) G_GNUC_PRINTF (1, 2);

McSpool *lab_spool (const char *data, gsize size);
McSpool *lab_read (const char *name);
void lab_write (const char *name, McSpool *spool);
/* Whether @spool (nullable) holds what the file does. */
gboolean lab_holds (McSpool *spool, const char *name);

/* A person's place of work: an own store, the passphrase that the person knows. */
typedef struct {
  McContext *context;
  McSettings *settings;
  McEngine *engine;
  char *home;
  const char *passphrase;   /* nullable */
  guint asked;              /* how often the person was asked */
} Desk;

Desk *desk_new (void);
void desk_free (Desk *desk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Desk, desk_free)

/* The chain policy of the lab's own root. */
void desk_trust_root (Desk *desk);
/* A moment many days from now. */
void desk_travel (Desk *desk, int days);

/* Imports files of the lab, in clear; fatal when it fails. */
void desk_import (Desk *desk, const char *name);
GPtrArray *desk_try_import (Desk *desk, const char *name, const char *new_passphrase,
                            GError **error);
/* The certificate and private key NAME.crt and NAME.key. */
void desk_own (Desk *desk, const char *name);

/* Keys of an address, judged for @use. */
GPtrArray *desk_find (Desk *desk, const char *address, McKeyUse use);
McKey *desk_find_one (Desk *desk, const char *address, McKeyUse use);
/* The SHA-256 fingerprint of NAME.crt. */
char *lab_fingerprint (const char *name);
McKey *desk_find_certificate (Desk *desk, const char *name, McKeyUse use);

/* Opens the file NAME; fatal when it cannot be done at all. */
void desk_unwrap (Desk *desk, const char *name, McUnwrapFlags flags, McUnwrapped *ret_unwrapped);
/* The one layer of an opened object. */
McLayer *only_layer (const McUnwrapped *unwrapped);
McSigner *only_signer (const McLayer *layer);
/* Verifies the detached signature file over the content file. */
McLayer *desk_verify (Desk *desk, const char *content, const char *signature);

gboolean has_reason (GPtrArray *reasons, const char *code);
/* Whether the signer is trusted for its first identity. */
gboolean is_trusted (const McSigner *signer);
