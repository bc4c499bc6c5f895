/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an OpenPGP object is by its own structure, found without any key. Anything that
 * is not exactly one message, one set of signatures or key blocks is a problem. */
#pragma once

#include "base/limits.h"
#include "base/spool.h"
#include "report/report.h"

/* The problem of an object that is sound but for being unreadable. */
#define MC_PGP_UNREADABLE "unsupported-compression"

typedef enum {
  MC_PGP_UNKNOWN = 0,
  MC_PGP_ENCRYPTED,
  MC_PGP_SIGNED,            /* content with its signatures */
  MC_PGP_SIGNATURES,        /* signatures alone: detached */
  MC_PGP_LITERAL,           /* content alone */
  MC_PGP_KEYS,
} McPgpKind;

typedef struct {
  guint version, type, public_key_algorithm, digest_algorithm;
  char *key_id;             /* lower-case hex, nullable */
  char *fingerprint;        /* lower-case hex, nullable */
  gint64 signed_at;
} McPgpSignature;

typedef struct {
  McPgpKind kind;           /* as far as it could be found out */
  gboolean unreadable;      /* compressed with bzip2: a problem, too, unless there is another */
  GPtrArray *recipients;    /* of McRecipient (owned) */
  guint passphrases;        /* passphrases that would open it */
  GPtrArray *signatures;    /* of McPgpSignature (owned) */
  GByteArray *signature_packets;    /* the same as octets (owned): a detached signature */
  guint public_keys, secret_keys;   /* primary keys */
  const char *problem;      /* reason code, static; NULL: it is sound */
  char *problem_text;       /* translated */
} McPgpObject;

void _mc_pgp_object_clear (McPgpObject *object);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McPgpObject, _mc_pgp_object_clear)

/* Reads all of @stream. @content (nullable) gets the data of a literal packet. Broken
 * input is a problem, not an error. Errors: MC_ERROR_LIMIT, MC_ERROR_IO,
 * MC_ERROR_CANCELLED. */
gboolean _mc_pgp_object_read (GInputStream *stream, const McLimits *limits, McSpool *content,
                              McPgpObject *ret_object, GCancellable *cancellable, GError **error);

/* The same for what is in @span, armoured or not. */
gboolean _mc_pgp_object_read_span (McSpan span, const McLimits *limits, McSpool *content,
                                   McPgpObject *ret_object, GCancellable *cancellable,
                                   GError **error);

/* Whether these first octets of an object begin a message or signature. */
gboolean _mc_pgp_object_probe (const guint8 *head, gsize size);

/* Names of algorithms (RFC 9580 section 9), e.g. "rsa", "sha256", "aes256"; NULL: unknown. */
const char *_mc_pgp_public_key_name (guint number);
const char *_mc_pgp_digest_name (guint number);
const char *_mc_pgp_cipher_name (guint number);
gboolean _mc_pgp_digest_is_weak (guint number);
gboolean _mc_pgp_cipher_is_weak (guint number);
