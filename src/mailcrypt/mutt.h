/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs of "mailcrypt mutt" share. */
#pragma once

#include "tool.h"

/* Exit statuses that mutt and neomutt know; 126 and 127 have meanings of the shell. */
enum {
  MUTT_OK = 0,
  MUTT_FAILED = 1,
};

extern const Command mutt_commands[];

/* The options of more than one verb. */
typedef struct {
  char *signer;               /* -u */
  char *key;                  /* --key: a path that ends in a certificate's fingerprint */
  char *algorithm;            /* --alg */
  char *digest;               /* --digest */
  char *folder;               /* --dir */
  char *nonce;                /* --nonce */
  char *client;               /* --client */
  gboolean secret;            /* --secret */
  gboolean print_default;     /* --print-default */
} MuttOptions;

extern MuttOptions mutt_options;

/* Says on standard error why a verb failed, and clears @error. Returns the exit status. */
int mutt_fail (Tool *tool, GError **error);
/* Writes @bytes to standard output. */
gboolean mutt_print_bytes (GBytes *bytes, GError **error);
/* Reads the line that the client pipes to an S/MIME verb; when it is not empty, it is the
 * passphrase for this run. */
gboolean mutt_take_passphrase (Tool *tool, GError **error);
/* The fingerprint that a handle stands for: the last component of a path. */
const char *mutt_get_handle (const char *path);

/* Of @keys the first own one that can sign and encrypt, else one that can do either.
 * (nullable; transfer none) */
const McKey *mutt_choose_default (GPtrArray *keys);

#define DECLARE_VERB(name) int mutt_##name (Tool *tool, GError **error)
/* mutt-engine.c */
DECLARE_VERB (pgp_decode);
DECLARE_VERB (pgp_decrypt);
DECLARE_VERB (pgp_verify);
DECLARE_VERB (smime_verify);
DECLARE_VERB (smime_verify_opaque);
DECLARE_VERB (smime_decrypt);
/* mutt-seal.c */
DECLARE_VERB (pgp_sign);
DECLARE_VERB (pgp_clearsign);
DECLARE_VERB (pgp_encrypt);
DECLARE_VERB (pgp_encrypt_sign);
DECLARE_VERB (smime_sign);
DECLARE_VERB (smime_encrypt);
/* mutt-keys.c */
DECLARE_VERB (pgp_list);
DECLARE_VERB (pgp_import);
DECLARE_VERB (pgp_export);
DECLARE_VERB (pgp_verify_key);
DECLARE_VERB (smime_pk7out);
DECLARE_VERB (smime_get_cert);
DECLARE_VERB (smime_import);
DECLARE_VERB (smime_signer_cert);
DECLARE_VERB (smime_cert_email);
/* mutt-index.c */
DECLARE_VERB (index);
DECLARE_VERB (nonce);
/* mutt-config.c */
DECLARE_VERB (config);
/* mutt-filter.c */
DECLARE_VERB (filter);
#undef DECLARE_VERB
