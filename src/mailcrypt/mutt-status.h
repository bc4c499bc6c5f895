/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the engine found, on its way through the client's text to the filter: one line that
 * nobody else can write, and that counts once, at once, in this session. */
#pragma once

#include "libmailcrypt.h"

#define MUTT_SEAL_PREFIX "mailcrypt-seal: "

typedef struct {
  McLayerKind kind;
  McProtocol protocol;
  McSignatureStatus signature;      /* of a signed layer, the sender not looked at */
  McDecryptionStatus decryption;    /* of an encrypted one */
  gboolean authenticated;
  gboolean weak;                    /* encrypted too weakly to count */
  char *who;                        /* the signer for a person, escaped */
  char *key;                        /* the signer's fingerprint, or "" */
  gint64 signed_at;
  GStrv trusted;                    /* addresses that the signer may speak for */
  GStrv notes;                      /* escaped lines: reasons and hints */
} MuttLayer;

typedef struct {
  gboolean own_part;                /* inline OpenPGP: it never speaks for the message */
  GPtrArray *layers;                /* of MuttLayer (owned), outermost first */
  GStrv headers;                    /* protected fields: name, value, name, value, ... */
  char *digest;                     /* of the text inside, "" when it is not one text */
} MuttStatus;

MuttStatus *mutt_status_new (void);
void mutt_status_free (MuttStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MuttStatus, mutt_status_free)

/* What @object (nullable) turned out to be; @failure (nullable) is why there is none. */
MuttStatus *mutt_status_from_object (McObject *object, McLayerKind kind, McProtocol protocol,
                                     gboolean own_part, const GError *failure,
                                     GCancellable *cancellable);

/* The last protected field of that name. (nullable) */
const char *mutt_status_find_header (const MuttStatus *status, const char *name);
/* Whether something encrypted was opened. */
gboolean mutt_status_is_decrypted (const MuttStatus *status);

/* The digest of @text that survives a client's rendering of it: its ASCII letters and
 * digits. (transfer full) */
char *mutt_status_digest (const char *text, gsize size);

/* The line without its end, sealed by the session's key in the runtime folder. */
char *mutt_status_seal (const MuttStatus *status, const char *runtime, GError **error);
/* Leaves the status where the filter of a client that shows nothing of a failure finds it. */
gboolean mutt_status_leave (const MuttStatus *status, const char *runtime, GError **error);
/* The status that was left, gone with that; NULL as below. */
MuttStatus *mutt_status_pick_up (const char *runtime);
/* The status in a line's content behind the prefix. NULL: it is not ours, not from this
 * session, too old, or was there before. */
MuttStatus *mutt_status_unseal (const char *seal, const char *runtime);
