/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict tree. Backends fill in the facts; report/verdict.c alone turns facts
 * into statuses; everything a person or a program is told is printed from here. */
#pragma once

#include "libmailcrypt.h"

/* ------------------------------------------------------------------ reasons -- */

struct _McReason {
  char *code;
  char *text;     /* translated; hostile parts already escaped */
  char *hint;     /* nullable */
};

McReason *_mc_reason_new (const char *code, const char *hint, const char *format, ...)
  G_GNUC_PRINTF (3, 4);
McReason *_mc_reason_copy (const McReason *reason);
void _mc_reason_free (McReason *reason);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McReason, _mc_reason_free)

/* An array of McReason that owns its elements. */
GPtrArray *_mc_reasons_new (void);
gboolean _mc_reasons_have (GPtrArray *reasons, const char *code);
/* Adds copies of those in @from whose code @reasons does not have yet. */
void _mc_reasons_merge (GPtrArray *reasons, GPtrArray *from);

/* -------------------------------------------------------------------- facts -- */

/* What the mathematics says about content and signature. */
typedef enum {
  MC_CONTENT_UNKNOWN = 0,
  MC_CONTENT_INTACT,
  MC_CONTENT_ALTERED,       /* digest or signature value does not fit */
  MC_CONTENT_MALFORMED,     /* the signature breaks its format */
  MC_CONTENT_UNCHECKED,     /* no key or certificate to check with */
} McContentFact;

typedef enum {
  MC_TRUST_UNKNOWN = 0,
  MC_TRUST_TRUSTED,
  MC_TRUST_UNTRUSTED,
} McTrustFact;

/* An identity that a key or certificate claims. */
typedef struct {
  char *address;            /* canonical (_mc_address_normalise), nullable */
  char *display;            /* the address as written, nullable; hostile */
  char *name;               /* nullable; hostile */
  McTrustFact trust;        /* whether the key is trusted for this identity */
  const char *validity, *tofu;      /* static, nullable: GnuPG's words about it, for showing */
} McIdentity;

McIdentity *_mc_identity_new (const char *address, const char *name, McTrustFact trust);
McIdentity *_mc_identity_copy (const McIdentity *identity);
void _mc_identity_free (McIdentity *identity);

struct _McSigner {
  /* facts */
  McContentFact content;
  McValidity validity;      /* of the key, at the time of judgement */
  gboolean weak;            /* digest or key too weak to count */
  gboolean unfit;           /* key not made for signing mail: usage, purpose */
  gboolean chain_failed;    /* S/MIME: no path to an anchor that holds */
  GPtrArray *identities;    /* of McIdentity (owned) */
  char *fingerprint, *key_id, *algorithm, *digest, *subject, *issuer;
  char *public_key;         /* nullable; S/MIME: names the key whatever certificate it is in */
  gint64 signed_at, valid_from, valid_until;
  GPtrArray *reasons;       /* of McReason (owned) */
  gpointer brought;         /* nullable (owned): what the signature brings for the store */
  GDestroyNotify brought_free;
  /* verdict */
  McSignatureStatus status;
  const McIdentity *identity;   /* nullable; the one that matched From, else the first */
};

McSigner *_mc_signer_new (void);
void _mc_signer_free (McSigner *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McSigner, _mc_signer_free)

struct _McRecipient {
  char *key_id;             /* OpenPGP key id, or "issuer / serial", or key identifier; NULL: hidden */
  char *address;            /* nullable */
  char *algorithm;          /* nullable */
  gboolean have_secret;
};

McRecipient *_mc_recipient_new (void);
void _mc_recipient_free (McRecipient *recipient);

struct _McLayer {
  /* facts */
  McLayerKind kind;
  McProtocol protocol;
  char *path;
  gboolean authenticated;   /* encrypted: the content's integrity was proven (MDC, AEAD) */
  gboolean weak;            /* encrypted: a cipher that does not count as encryption (RC2, DES) */
  McDecryptionStatus decryption;  /* encrypted: as the backend found it */
  McContentFact structure;  /* MALFORMED when it cannot be judged at all, whatever the signers say */
  char *sender;             /* canonical; NULL: no single From to hold the signers against */
  GHashTable *algorithms;   /* role -> name, both owned: "cipher" "digest" "format" "key-encryption" ... */
  GPtrArray *signers;       /* of McSigner (owned) */
  GPtrArray *recipients;    /* of McRecipient (owned) */
  GPtrArray *reasons;       /* of McReason (owned) */
  /* verdict */
  McSignatureStatus signature;
};

McLayer *_mc_layer_new (McLayerKind kind, McProtocol protocol, const char *path);
McLayer *_mc_layer_ref (McLayer *layer);
void _mc_layer_unref (McLayer *layer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McLayer, _mc_layer_unref)
void _mc_layer_set_algorithm (McLayer *layer, const char *role, const char *name);
/* Moves signers, recipients, algorithms and reasons of @from into @layer. */
void _mc_layer_absorb (McLayer *layer, McLayer *from);
gboolean _mc_layers_have_kind (GPtrArray *layers, McLayerKind kind);
/* Shorthand: a new reason on @layer. */
void _mc_layer_add_reason (McLayer *layer, const char *code, const char *hint,
                           const char *format, ...) G_GNUC_PRINTF (4, 5);

/* A header field. Values are decoded to UTF-8 and unfolded, not escaped. */
typedef struct {
  /* facts */
  char *name;
  char *inside;             /* nullable: in the header that the payload protects */
  char *outside;            /* nullable, but not both: in the message's own header */
  gboolean differs;         /* what is outside is not what is inside, or is not there */
  gboolean exposed;         /* inside: the sender left it outside too, or may have */
  /* verdict */
  const char *value;        /* the one to show */
  const char *outer;        /* nullable: the other one */
  McSummary state;          /* its protection (RFC 9788 section 4.3.1) */
} McHeader;
McHeader *_mc_header_new (const char *name, const char *inside, const char *outside);
void _mc_header_free (McHeader *header);
/* A field that only the author writes, transport having no business to add it. Where the
 * author's header is protected, such a field outside alone is not to be believed. */
gboolean _mc_header_is_authored (const char *name);

struct _McReport {
  /* facts */
  GPtrArray *layers;        /* of McLayer (owned), the envelope, outermost first */
  GPtrArray *errant;        /* of McLayer (owned) */
  const McLayer *inline_layer;  /* nullable; in errant: the text as a whole is an inline OpenPGP message */
  GPtrArray *headers;       /* of McHeader (owned) */
  GPtrArray *parts;         /* of McPart, borrowed from the message that owns this report */
  gboolean protects_header; /* the payload has header fields of its own (RFC 9788) */
  GStrv from_inside;        /* nullable: addresses of the payload's From as written; hostile */
  GStrv from_outside;       /* those of the message's own From */
  gboolean from_differs;    /* both are there and are not the same */
  gboolean check_from;
  gboolean skip_signatures;
  gboolean described;       /* nothing was opened or verified: there is nothing to judge */
  GPtrArray *reasons;       /* of McReason (owned) */
  /* verdict */
  GStrv from;               /* borrowed: one of the two above */
  McSummary summary;
  McSignatureStatus signature;
  const McSigner *signer;   /* nullable */
  McProtocol signature_protocol;
  McDecryptionStatus decryption;
  McProtocol decryption_protocol;
  gboolean authenticated;
};

McReport *_mc_report_new (void);
void _mc_report_free (McReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McReport, _mc_report_free)

/* The state of one header field in a message of that summary. Pure. */
McSummary _mc_verdict_header (const McHeader *header, McSummary summary);

/* Turns all facts of @report into verdicts (report/verdict.c). Idempotent. */
void _mc_report_judge (McReport *report);

/* ------------------------------------------------------------------ verdicts -- */

/* From facts alone to what a message is worth: pure, and all that decides. */

typedef enum {
  MC_VERDICT_CHECK_FROM = 1 << 0,       /* a signer must be the sender */
  MC_VERDICT_SKIP_SIGNATURES = 1 << 1,  /* none was looked at */
} McVerdictFlags;

typedef struct {
  McSummary summary;
  McSignatureStatus signature;
  const McSigner *signer;       /* nullable; the one behind the signature's status */
  McProtocol signature_protocol;
  McDecryptionStatus decryption;
  McProtocol decryption_protocol;
  gboolean authenticated;       /* every encryption proved its content's integrity */
  gboolean counts;              /* an encryption that was opened is strong enough to count */
  guint n_outside;              /* so many of the layers are not inside every encryption */
} McVerdict;

/* Of the message with the envelope @layers (of McLayer), outermost first. Errant layers have
 * no say. */
McVerdict _mc_verdict_message (GPtrArray *layers, McVerdictFlags flags);

/* Of one signed layer; @ret_speaker (nullable result) is the signer who decides. */
McSignatureStatus _mc_verdict_layer (const McLayer *layer, gboolean check_from,
                                     const McSigner **ret_speaker);

/* Of one signer against the one sender @from (canonical; NULL: none or ambiguous), From being
 * held against it only if @check_from. Sets @ret_identity (nullable result) to the identity
 * that speaks. */
McSignatureStatus _mc_verdict_signer (const McSigner *signer, const char *from,
                                      gboolean check_from, const McIdentity **ret_identity);
