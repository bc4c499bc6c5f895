/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A backend is one protocol's engine: one static table. Spans come in, spools, keys and
 * facts go out; a backend never sees a multipart, a terminal, a configuration file or an
 * environment variable. What could not be done is a GError; what the engine found is put
 * into the layer as facts, and whatever an engine leaves open stays UNKNOWN there. */
#pragma once

#include "base/spool.h"
#include "keys/key.h"
#include "report/report.h"

typedef struct _McEngine McEngine;   /* a backend's state for one context */

typedef enum {
  MC_BACKEND_COMBINES = 1 << 0,      /* encrypt can sign in the same object (RFC 3156 section 6.2) */
  MC_BACKEND_HIDES = 1 << 1,         /* can hide recipients */
  MC_BACKEND_OPAQUE = 1 << 2,        /* sign can enclose the content (RFC 8551 section 3.5.2) */
  MC_BACKEND_CLEARTEXT = 1 << 3,     /* sign can leave the content readable (RFC 9580 section 7) */
} McBackendCapabilities;

typedef struct {
  const char *address;      /* nullable; canonical */
  const char *fingerprint;  /* nullable; lower-case hex */
  const char *text;         /* nullable; part of a name or address. All three NULL: every key */
  gboolean secret_only;
  gboolean judge;           /* fill in trust, validity and reasons as for @use, not only what is cheap */
  McKeyUse use;
  /* Nullable: gets each key as it comes, instead of the array, so that of ten thousand only
   * one is in memory. FALSE with @error ends the search. */
  gboolean (*take) (McKey *key, gpointer take_data, GError **error);
  gpointer take_data;
} McKeyQuery;

/* What a backend's find does with each @key that it found: takes the reference. */
gboolean _mc_key_query_give (const McKeyQuery *query, McKey *key, GPtrArray *keys, GError **error);

typedef struct {
  McSpan content;           /* the bytes; the backend reads them CRLF-canonical */
  McSpan signature;         /* armour, or DER */
} McVerifyJob;

typedef enum {
  MC_UNWRAP_DEFAULT = 0,
  MC_UNWRAP_SKIP_SIGNATURES = 1 << 0,
  MC_UNWRAP_ALLOW_LEGACY = 1 << 1,
  MC_UNWRAP_INLINE = 1 << 2,         /* the object is text of the message, and may be clearsigned */
} McUnwrapFlags;

/* What an opaque object turned out to be. */
typedef struct {
  GPtrArray *layers;        /* of McLayer (owned), outermost first: encrypted, signed, or both; empty for
                             * compression and certs-only */
  GPtrArray *certificates;  /* nullable (owned): of McKey, those that come with the object; describe only */
  McSpool *content;         /* nullable (owned): what is inside, only if every encrypted layer is MC_DECRYPTION_OK */
  char *format;             /* "enveloped-data" "auth-enveloped-data" "signed-data" "compressed-data" "certs-only"
                             * "encrypted" "signed" ... as the object says itself, not its label */
} McUnwrapped;

void _mc_unwrapped_clear (McUnwrapped *unwrapped);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McUnwrapped, _mc_unwrapped_clear)

typedef struct {
  McSpan content;           /* already canonical: CRLF */
  McKey *signer;
  McObjectForm form;        /* needs MC_BACKEND_OPAQUE, or MC_BACKEND_CLEARTEXT: then the
                             * content has LF */
} McSignJob;

typedef struct {
  McSpan content;
  GPtrArray *recipients;    /* of McKey */
  GPtrArray *hidden;        /* of McKey; needs MC_BACKEND_HIDES unless empty */
  McKey *signer;            /* nullable; needs MC_BACKEND_COMBINES */
  const char *cipher;       /* nullable: chosen by what all recipients can read */
} McEncryptJob;

/* What was made, for MIME headers and notes. */
typedef struct {
  McSpool *object;          /* owned: ASCII armour (OpenPGP) or DER (CMS) */
  char *micalg;             /* owned, nullable: of a detached signature, from the real result */
  char *format;             /* owned: as in McUnwrapped */
} McSealed;

void _mc_sealed_clear (McSealed *sealed);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McSealed, _mc_sealed_clear)

struct _McImported {
  McProtocol protocol;
  char *fingerprint;        /* nullable */
  const char *word;         /* static; see mc_imported_get_word() */
  const char *what;         /* static */
  char *text;               /* translated, escaped */
};
McImported *_mc_imported_new (McProtocol protocol, const char *fingerprint, const char *word,
                              const char *what, char *text);
void _mc_imported_free (McImported *imported);

typedef struct _McBackend McBackend;
struct _McBackend {
  const char *name;
  McProtocol protocol;
  McBackendCapabilities capabilities;
  const char *const *mime_types;        /* of opaque objects; NULL-terminated, lower case */
  const char *signature_type;           /* media type of a detached signature that is written */
  const char *key_type, *key_filename;  /* of a key that goes with a message */

  /* Cheap: starts no process. */
  gboolean (*open) (McContext *context, McEngine **ret_engine, GError **error);
  void (*close) (McEngine *engine);

  /* Appends McKey to @keys. */
  gboolean (*find) (McEngine *engine, const McKeyQuery *query, GPtrArray *keys,
                    GCancellable *cancellable, GError **error);
  /* Whether @span looks like an object or detached signature of this protocol, by its bytes. */
  gboolean (*probe) (McEngine *engine, McSpan span);
  /* Detached: fills the signers of @layer. */
  gboolean (*verify) (McEngine *engine, const McVerifyJob *job, McLayer *layer,
                      GCancellable *cancellable, GError **error);
  gboolean (*unwrap) (McEngine *engine, McSpan object, const char *path, McUnwrapFlags flags,
                      McUnwrapped *ret_unwrapped, GCancellable *cancellable, GError **error);
  /* Without keys: kinds, algorithms, recipients' and signers' ids, and the content of what
   * is only signed; statuses stay UNKNOWN.
   * For a detached signature (@detached) one signed layer. */
  gboolean (*describe) (McEngine *engine, McSpan object, gboolean detached, const char *path,
                        McUnwrapped *ret_unwrapped, GCancellable *cancellable, GError **error);
  gboolean (*sign) (McEngine *engine, const McSignJob *job, McSealed *ret_sealed,
                    GCancellable *cancellable, GError **error);
  gboolean (*encrypt) (McEngine *engine, const McEncryptJob *job, McSealed *ret_sealed,
                       GCancellable *cancellable, GError **error);

  /* All or nothing; appends McImported to @results. @new_passphrase as in mc_keys_import(). */
  gboolean (*import) (McEngine *engine, McSpan data, McSecret *new_passphrase,
                      GPtrArray *results, GCancellable *cancellable, GError **error);
  /* The public part, as mc_keys_export() says; @mail: in the form that goes into a message
   * (application/pgp-keys or a certs-only CMS), else for a file. */
  gboolean (*export) (McEngine *engine, McKey *key, gboolean mail, McSpool *output,
                      GCancellable *cancellable, GError **error);
  /* The secret part, as mc_keys_export_secret() says. */
  gboolean (*export_secret) (McEngine *engine, McKey *key, McSecret *new_passphrase,
                             McSpool *output, GCancellable *cancellable, GError **error);
  gboolean (*generate) (McEngine *engine, const McKeyRequest *request, McKey **ret_key,
                        GCancellable *cancellable, GError **error);
  gboolean (*remove) (McEngine *engine, McKey *key, GCancellable *cancellable, GError **error);
  /* Appends McFinding about the engine to @findings. */
  void (*examine) (McEngine *engine, GPtrArray *findings, GCancellable *cancellable);
};

extern const McBackend _mc_openpgp_backend;
/* In the module "smime". */
#define MC_SMIME_BACKEND_SYMBOL "_mc_smime_backend"
extern const McBackend _mc_smime_backend;

/* The backend of @protocol and its engine for @context, opened on first use; loads a
 * module when it must. */
const McBackend *_mc_context_get_backend (McContext *context, McProtocol protocol,
                                          McEngine **ret_engine, GError **error);

/* The protocol whose opaque objects have this media type, by a table that loads nothing:
 * application/pkcs7-mime, application/x-pkcs7-mime -> S/MIME; else UNKNOWN. */
McProtocol _mc_backend_protocol_of_type (const char *media_type);

/* Puts @backend in the place of its protocol's own, before that was opened: for test
 * doubles and for embedding another engine. */
void _mc_context_set_backend (McContext *context, const McBackend *backend);
