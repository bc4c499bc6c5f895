/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside the OpenPGP backend. GPGME is known in this folder only. */
#pragma once

#include <gpgme.h>

#include "context.h"
#include "openpgp/object.h"

/* One context of GPGME's serves all operations of an engine, one after the other. */
struct _McEngine {
  McContext *context;
  gpgme_ctx_t gpgme;        /* NULL until the first operation */
};

/* ------------------------------------------------------------------- status -- */

/* One VALIDSIG line: GPGME does not hand out the primary key. */
typedef struct {
  char *fingerprint;        /* of the key that signed, upper-case hex as gpg writes it */
  char *primary;            /* of the key it belongs to */
  guint type;               /* of the signature; 0 or 1 for documents */
} McValidSig;

/* What gpg said on its status lines, counted: each must come just as often as it should. */
typedef struct {
  guint begin_decryption, decryption_okay, decryption_failed, end_decryption;
  guint good_mdc, bad_mdc, plaintext, new_signature, no_data, unexpected;
  guint decrypting;         /* lines of any kind that only come when gpg decrypts */
  guint integrity;          /* DECRYPTION_INFO: 2 is the MDC */
  guint cipher;             /* DECRYPTION_INFO */
  gpgme_err_code_t secret_error;    /* why a secret key could not be used */
  gboolean wrong_passphrase;        /* the one that opens the message itself, it seems */
  gboolean no_loopback;             /* gpg-agent lets nobody but its pinentry answer */
  gpgme_err_code_t failure;         /* why gpg gave up */
  char *decryption_key;     /* primary key that decrypted, upper-case hex; nullable */
  char *decryption_subkey;
  GPtrArray *missing;       /* of char*: key ids without secret key */
  GArray *valid;            /* of McValidSig */
} McStatus;

/* ---------------------------------------------------------------------- run -- */

typedef enum {
  MC_RUN_PUBLIC,            /* needs no secret key */
  MC_RUN_SECRET,
  MC_RUN_SECRET_AGENT,      /* the caller had no passphrase: gpg-agent asks */
} McRunMode;

/* One operation of gpg. */
typedef struct {
  McEngine *engine;
  McRunMode mode;
  gpgme_ctx_t gpgme;        /* borrowed, made ready */
  McStatus status;
  gpgme_error_t code;       /* of a verification: nothing counts unless it is 0 */
  const char *fingerprint;  /* the key whose passphrase may be asked for; nullable */
  McSecret *passphrase;     /* to be given instead of asking; nullable, borrowed */
  gboolean loopback;        /* the caller is asked, not gpg-agent's pinentry */
  gboolean caller_has_none;
  GHashTable *answered;     /* key ids whose passphrase was given */
  gboolean wrong;           /* one was asked for again */
  GPtrArray *recipients;    /* of McRecipient: to be named along with the signers; borrowed */
  GCancellable *cancellable;
  gulong cancel_handler;
} McRun;

gboolean _mc_run_start (McRun *run, McEngine *engine, McRunMode mode, GCancellable *cancellable,
                        GError **error);
void _mc_run_clear (McRun *run);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McRun, _mc_run_clear)

/* Lets @run ask the caller (or give run->passphrase) instead of gpg-agent's pinentry. */
void _mc_run_use_loopback (McRun *run, gboolean loopback);

/* Whether @code means that nothing can be said about the input at all (no gpg, no
 * memory, cancelled, a pipe broken): then *@error is set. */
gboolean _mc_run_is_broken (const McRun *run, gpgme_error_t code, GError **error);

/* Whether a secret key could not be used in @run, and why: the reason, naming each source
 * of passphrases that was tried. NULL: that was not it. (transfer full) */
McReason *_mc_run_find_secret_problem (const McRun *run, gpgme_error_t code);
/* Whether to try again with MC_RUN_SECRET_AGENT. */
gboolean _mc_run_wants_agent (const McRun *run, gpgme_error_t code);

/* Sets the error that a failed signing, generating or importing comes to. */
void _mc_run_set_error (const McRun *run, gpgme_error_t code, GError **error, const char *format,
                        ...) G_GNUC_PRINTF (4, 5);

/* --------------------------------------------------------------------- data -- */

/* Lets gpg read from a stream or write into a spool. What goes wrong there is kept, since
 * GPGME hands on only an errno. */
typedef struct {
  GInputStream *input;
  McSpool *output;
  GCancellable *cancellable;
  GError *error;
  gpgme_data_t data;
} McData;

gboolean _mc_data_open_input (McData *data, GInputStream *input, GCancellable *cancellable,
                              GError **error);
gboolean _mc_data_open_output (McData *data, McSpool *output, GError **error);
void _mc_data_clear (McData *data);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McData, _mc_data_clear)
/* Hands out what went wrong in reading or writing. TRUE: something did. */
gboolean _mc_data_take_error (McData *data, GError **error);

/* --------------------------------------------------------------------- keys -- */

gboolean _mc_openpgp_find (McEngine *engine, const McKeyQuery *query, GPtrArray *keys,
                           GCancellable *cancellable, GError **error);
/* Why the secret keys for @patterns cannot be listed, when that is the agent's fault: gpg
 * then claims that there are none. (nullable, transfer full) */
McReason *_mc_openpgp_find_agent_problem (McEngine *engine, const char *const *patterns,
                                          GCancellable *cancellable);
/* Lists keys by @patterns (NULL-terminated; NULL: all) in one run of gpg. Of gpgme_key_t
 * (transfer full). */
GPtrArray *_mc_openpgp_list (McEngine *engine, const char *const *patterns, gboolean with_secret,
                             GCancellable *cancellable, GError **error);
McKey *_mc_openpgp_key_new (McEngine *engine, gpgme_key_t native);
/* The key for GPGME: the one that was listed, or listed anew. (transfer full) */
gpgme_key_t _mc_openpgp_key_native (McEngine *engine, McKey *key, GCancellable *cancellable,
                                    GError **error);
/* Adds the key ids of @recipients (of McRecipient, nullable) to @patterns. */
void _mc_openpgp_add_recipient_patterns (GPtrArray *recipients, GPtrArray *patterns);
/* Gives those of @recipients whose key is among @keys their address. For showing only: a
 * key id proves nothing. */
void _mc_openpgp_name_recipients (GPtrArray *recipients, GPtrArray *keys);
/* The smart card with the secret key for one of @key_ids (NULL-terminated), as
 * mc_key_get_cards() names it. (nullable, transfer full) */
char *_mc_openpgp_find_card (McEngine *engine, const char *const *key_ids,
                             GCancellable *cancellable);
/* Puts the cards of @signer, if any, in front of an error that says its secret key is not
 * to be had. */
void _mc_openpgp_name_signing_card (const McKey *signer, GError **error);
gboolean _mc_openpgp_subkey_is_weak (const struct _gpgme_subkey *subkey);

gboolean _mc_openpgp_import (McEngine *engine, McSpan data, McSecret *new_passphrase,
                             GPtrArray *results, GCancellable *cancellable, GError **error);
gboolean _mc_openpgp_export (McEngine *engine, McKey *key, gboolean mail, McSpool *output,
                             GCancellable *cancellable, GError **error);
gboolean _mc_openpgp_export_secret (McEngine *engine, McKey *key, McSecret *new_passphrase,
                                    McSpool *output, GCancellable *cancellable, GError **error);
gboolean _mc_openpgp_generate (McEngine *engine, const McKeyRequest *request, McKey **ret_key,
                               GCancellable *cancellable, GError **error);
gboolean _mc_openpgp_remove (McEngine *engine, McKey *key, GCancellable *cancellable,
                             GError **error);

void _mc_openpgp_examine (McEngine *engine, GPtrArray *findings, GCancellable *cancellable);

/* ----------------------------------------------------------------- messages -- */

gboolean _mc_openpgp_probe (McEngine *engine, McSpan span);
gboolean _mc_openpgp_describe (McEngine *engine, McSpan object, gboolean detached,
                               const char *path, McUnwrapped *ret_unwrapped,
                               GCancellable *cancellable, GError **error);
gboolean _mc_openpgp_verify (McEngine *engine, const McVerifyJob *job, McLayer *layer,
                             GCancellable *cancellable, GError **error);
gboolean _mc_openpgp_unwrap (McEngine *engine, McSpan object, const char *path,
                             McUnwrapFlags flags, McUnwrapped *ret_unwrapped,
                             GCancellable *cancellable, GError **error);
gboolean _mc_openpgp_sign (McEngine *engine, const McSignJob *job, McSealed *ret_sealed,
                           GCancellable *cancellable, GError **error);
gboolean _mc_openpgp_encrypt (McEngine *engine, const McEncryptJob *job, McSealed *ret_sealed,
                              GCancellable *cancellable, GError **error);

/* Turns the signatures that @run found into signers of @layer; with @judge the keys are
 * looked up too, in one run of gpg that ends @run. @object (nullable) is what was read of
 * them. None at all makes the layer MALFORMED. */
gboolean _mc_openpgp_take_signatures (McRun *run, const McPgpObject *object, gboolean judge,
                                      McLayer *layer, GError **error);
/* The signers that an object names, unjudged. */
void _mc_openpgp_describe_signatures (const McPgpObject *object, McLayer *layer);
/* The signatures of a signed @object over its @content; @recipients (nullable) are named
 * along with the signers. */
gboolean _mc_openpgp_verify_enclosed (McEngine *engine, const McPgpObject *object,
                                      McSpool *content, GPtrArray *recipients, gboolean judge,
                                      McLayer *layer, GCancellable *cancellable, GError **error);
/* Content and detached @signature (armoured or binary) through gpg. */
gboolean _mc_openpgp_verify_detached (McEngine *engine, const McVerifyJob *job, gboolean judge,
                                      McLayer *layer, GCancellable *cancellable, GError **error);
/* Makes a layer that cannot be judged at all. */
void _mc_openpgp_mark_malformed (McLayer *layer, const char *code, const char *text);
