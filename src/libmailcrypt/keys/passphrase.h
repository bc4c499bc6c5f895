/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the passphrase of a private key comes from: a table of sources, asked in order. */
#pragma once

#include "libmailcrypt.h"

typedef struct {
  McProtocol protocol;
  const char *fingerprint;  /* what the cache and the keyring know it by */
  const char *purpose;      /* what is asked for, translated, hostile parts escaped, e.g. "passphrase for
                             * the key of bob@example.org": errors put "no" before it */
  gboolean fresh;           /* make a new one (asked twice) instead of an existing one */
} McPassphraseRequest;

typedef struct _McPassphraseSource McPassphraseSource;

/* Called with each passphrase there is; TRUE when it fits. */
typedef gboolean (*McPassphraseTry) (McSecret *secret, gpointer user_data);

/* Asks source after source, and each source that can ask a person once more after a
 * wrong one (at most three times), until @try accepts. MC_ERROR_NO_SECRET names each
 * source tried and what it said; MC_ERROR_CANCELLED-like refusal by the person is
 * MC_ERROR_NO_SECRET too ("cancelled"). */
gboolean _mc_passphrase_find (McContext *context, const McPassphraseRequest *request,
                              McPassphraseTry func, gpointer user_data,
                              GCancellable *cancellable, GError **error);

/* The answer of one source. */
typedef enum {
  MC_PASSPHRASE_HERE,
  MC_PASSPHRASE_ABSENT,     /* the source works and has none */
  MC_PASSPHRASE_CANCELLED,
  MC_PASSPHRASE_LOCKED,     /* the source is there, and shut */
  MC_PASSPHRASE_UNAVAILABLE /* the source is not there; *ret_why says more, or that it was not asked (NULL) */
} McPassphraseAnswer;

struct _McPassphraseSource {
  const char *name;         /* untranslated, e.g. "gpg-agent" */
  gboolean interactive;     /* asking again may bring another answer */
  McPassphraseAnswer (*ask) (McContext *context, const McPassphraseRequest *request,
                             guint attempt, McSecret **ret_secret, char **ret_why,
                             GCancellable *cancellable);
  /* The passphrase given did not fit (nullable). */
  void (*forget) (McContext *context, const McPassphraseRequest *request);
};

extern const McPassphraseSource _mc_passphrase_caller;   /* the function set on the context */
extern const McPassphraseSource _mc_passphrase_keyring;  /* keys/keyring.c */
extern const McPassphraseSource _mc_passphrase_agent;    /* gpg-agent, GET_PASSPHRASE */
