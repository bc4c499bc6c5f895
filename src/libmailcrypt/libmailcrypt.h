/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * libmailcrypt: OpenPGP (PGP/MIME, RFC 3156) and S/MIME (RFC 8551) for mail, with
 * one verdict for both (RFC 9787).
 *
 * The contract:
 * - One #McContext per thread; calls are synchronous and take a #GCancellable.
 * - What could not be done is a #GError in #MC_ERROR. What was done and found wanting
 *   is a verdict in the #McReport. The value 0 of every verdict means "unknown" and is
 *   never good.
 * - The library prints nothing, reads no environment variable and no configuration
 *   file, changes no process state, and uses no network but in mc_keys_lookup().
 * - Strings are UTF-8. Strings that come from a message, key or certificate are
 *   hostile: pass them through mc_text_escape_line() before showing them.
 * - "(transfer none)" results live as long as the object they were asked of.
 *   Addresses are addr-specs (RFC 5322 section 3.4.1). Times are seconds since
 *   1970-01-01 UTC, 0 for "not known" or "none". Sizes are octets.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* ------------------------------------------------------------------ errors -- */

#define MC_ERROR (mc_error_quark ())
GQuark mc_error_quark (void);

typedef enum {
  MC_ERROR_INTERNAL = 0,    /* a defect of ours */
  MC_ERROR_INVALID,         /* a call or a setting that makes no sense */
  MC_ERROR_NOT_PROTECTED,   /* the message lacks the protection asked about */
  MC_ERROR_NO_SECRET,       /* no secret key, or its passphrase is not to be had */
  MC_ERROR_INTEGRITY,       /* decrypted content failed its integrity check */
  MC_ERROR_MALFORMED,       /* input that breaks its format */
  MC_ERROR_LIMIT,           /* input over a limit (see mc_settings_set(), group "limits") */
  MC_ERROR_NO_KEY,          /* no usable key for a recipient or for signing */
  MC_ERROR_ENGINE,          /* an engine is missing, broken or contradicts itself */
  MC_ERROR_IO,              /* disk, pipe, store */
  MC_ERROR_CANCELLED,
} McError;

/* The stable word for an error of any domain, e.g. "no-key". Never NULL. */
const char *mc_error_get_word (const GError *error);
/* What to do next: one or more lines, or NULL. (transfer none) */
const char *mc_error_get_hint (const GError *error);
/* The exit status that the command line gives to @error: 1, 2, 3, 8 to 12. */
int mc_error_get_exit_status (const GError *error);

/* ----------------------------------------------------------------- verdicts -- */

typedef enum {
  MC_PROTOCOL_UNKNOWN = 0,  /* as an argument: either */
  MC_PROTOCOL_OPENPGP,
  MC_PROTOCOL_SMIME,
} McProtocol;

typedef enum {
  MC_SUMMARY_UNKNOWN = 0,
  MC_SUMMARY_UNPROTECTED,
  MC_SUMMARY_SIGNED_ONLY,
  MC_SUMMARY_ENCRYPTED_ONLY,
  MC_SUMMARY_SIGNED_AND_ENCRYPTED,
} McSummary;

typedef enum {
  MC_SIGNATURE_UNKNOWN = 0,
  MC_SIGNATURE_NONE,
  MC_SIGNATURE_GOOD,
  MC_SIGNATURE_BAD,
  MC_SIGNATURE_UNKNOWN_KEY,
  MC_SIGNATURE_UNTRUSTED,
  MC_SIGNATURE_EXPIRED,
  MC_SIGNATURE_REVOKED,
  MC_SIGNATURE_WEAK,
  MC_SIGNATURE_NOT_SENDER,
  MC_SIGNATURE_ERROR,
} McSignatureStatus;

typedef enum {
  MC_DECRYPTION_UNKNOWN = 0,
  MC_DECRYPTION_NONE,
  MC_DECRYPTION_OK,
  MC_DECRYPTION_NO_KEY,
  MC_DECRYPTION_FAILED,     /* the integrity check failed, or the content is damaged */
  MC_DECRYPTION_ERROR,
} McDecryptionStatus;

typedef enum {
  MC_LAYER_UNKNOWN = 0,
  MC_LAYER_SIGNED,
  MC_LAYER_ENCRYPTED,
} McLayerKind;

/* The words that JSON uses, e.g. "signed-and-encrypted". Never NULL. */
const char *mc_protocol_to_word (McProtocol protocol);
const char *mc_summary_to_word (McSummary summary);
const char *mc_signature_status_to_word (McSignatureStatus status);
const char *mc_decryption_status_to_word (McDecryptionStatus status);
const char *mc_layer_kind_to_word (McLayerKind kind);

/* ----------------------------------------------------------------- settings -- */

typedef struct _McSettings McSettings;

typedef enum {
  MC_FOLDER_DATA,           /* store.db and private/ */
  MC_FOLDER_CACHE,          /* revocation lists */
  MC_FOLDER_RUNTIME,        /* session files */
  MC_FOLDER_GNUPG,          /* GnuPG's home; NULL: its default */
} McFolder;

McSettings *mc_settings_new (void);
McSettings *mc_settings_ref (McSettings *settings);
void mc_settings_unref (McSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McSettings, mc_settings_unref)

/* The folder is made with mode 0700 when first written to. @path NULL: not available. */
void mc_settings_set_folder (McSettings *settings, McFolder folder, const char *path);
const char *mc_settings_get_folder (McSettings *settings, McFolder folder);

/* Takes over a configuration file's text (GKeyFile syntax, mailcrypt-config(5)).
 * @name appears in errors. MC_ERROR_INVALID names the line of an unknown group, an
 * unknown key or a bad value; then nothing is taken over. */
gboolean mc_settings_load (McSettings *settings, const char *text, gsize size, const char *name,
                           GError **error);
/* One value, as in the file. MC_ERROR_INVALID as above. */
gboolean mc_settings_set (McSettings *settings, const char *group, const char *key,
                          const char *value, GError **error);
/* The value or its documented default; NULL when there is neither. (transfer none) */
const char *mc_settings_get (McSettings *settings, const char *group, const char *key);

/* What is set for mail from @address (nullable), else what is set in general: "account" before
 * "general". (nullable; transfer none) */
const char *mc_settings_get_for (McSettings *settings, const char *address, const char *key);

/* How much the user wants a protection. */
typedef enum {
  MC_WISH_UNKNOWN = 0,
  MC_WISH_NEVER,
  MC_WISH_IF_POSSIBLE,      /* when there are keys for everybody */
  MC_WISH_ALWAYS,           /* or nothing is sent */
} McWish;
const char *mc_wish_to_word (McWish wish);   /* e.g. "if-possible"; never NULL */

/* What the settings want for mail from @sender (nullable) to @recipient; @matter is "sign" or
 * "encrypt". *@ret_source (nullable) is the group that says so, e.g. "policy *@example.org".
 * MC_ERROR_INVALID for a policy that can mean nobody. */
gboolean mc_policy_find (McSettings *settings, const char *matter, const char *sender,
                         const char *recipient, McWish *ret_wish, char **ret_source,
                         GError **error);

/* ------------------------------------------------------------------ secrets -- */

/* A passphrase: page-locked, not in core dumps, wiped with its last reference. */
typedef struct _McSecret McSecret;

/* Copies @size bytes; wipe the source yourself. */
McSecret *mc_secret_new (const char *data, gsize size);
McSecret *mc_secret_ref (McSecret *secret);
void mc_secret_unref (McSecret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McSecret, mc_secret_unref)

/* ------------------------------------------------------------------ context -- */

typedef struct _McContext McContext;

/* Cheap: starts no process and opens no file. */
McContext *mc_context_new (McSettings *settings);
void mc_context_free (McContext *context);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McContext, mc_context_free)

/* The caller's own source of passphrases, asked before every other.
 * @purpose is a translated sentence for a person. NULL: this source has none. */
typedef McSecret *(*McPassphraseFunc) (McProtocol protocol, const char *fingerprint,
                                       const char *purpose, gpointer user_data);
void mc_context_set_passphrase_func (McContext *context, McPassphraseFunc func,
                                     gpointer user_data, GDestroyNotify destroy);

/* Lets GnuPG's agent ask through the terminal @tty (nullable) of type @term. */
void mc_context_set_terminal (McContext *context, const char *tty, const char *term);

/* How X.509 chains are judged (RFC 5280, RFC 8550). Files are PEM or DER. */
typedef enum {
  MC_REVOCATION_SOFT = 0,   /* use what is at hand; unknown is said, not held against */
  MC_REVOCATION_OFF,
  MC_REVOCATION_HARD,       /* unknown is a refusal */
} McRevocation;

typedef enum {
  MC_POLICY_NONE = 0,
  MC_POLICY_REQUIRE_EXPLICIT = 1 << 0,
  MC_POLICY_INHIBIT_MAPPING = 1 << 1,
  MC_POLICY_INHIBIT_ANY = 1 << 2,
} McPolicyFlags;

void mc_context_set_time (McContext *context, gint64 time);   /* 0: now */
void mc_context_add_trust_anchor (McContext *context, const char *filename); /* replaces the configured ones */
void mc_context_add_intermediate (McContext *context, const char *filename);
void mc_context_add_crl (McContext *context, const char *filename);
void mc_context_set_revocation (McContext *context, McRevocation revocation);
/* Whether authorities may be asked about revocation over the network; they are where the
 * setting "revocation-fetch" wants it, too. Not in a new context. */
void mc_context_set_network (McContext *context, gboolean allowed);
void mc_context_add_policy (McContext *context, const char *oid);   /* dotted, or "anyPolicy" */
void mc_context_set_policy_flags (McContext *context, McPolicyFlags flags);

/* What a person should know beside the results so far, e.g. that a passphrase could not be
 * put into the keyring. Of McReason. (transfer none) */
GPtrArray *mc_context_get_notes (McContext *context);

/* For programs that own their process: lets GPGME take the engines it was built for
 * instead of asking gpgconf (GPGME manual, "disable-gpgconf"), which halves its start-up.
 * Process-wide; call before the first context. */
void mc_process_prefer_builtin_engines (void);

/* The library's version, e.g. "0.1.0". */
const char *mc_version (void);

/* ----------------------------------------------------------- report objects -- */

/* Why something is not better, or what was noticed. */
typedef struct _McReason McReason;
const char *mc_reason_get_code (const McReason *reason);   /* stable word */
const char *mc_reason_get_text (const McReason *reason);   /* translated, escaped, one line */
const char *mc_reason_get_hint (const McReason *reason);   /* nullable */

/* One signature of a signed layer. */
typedef struct _McSigner McSigner;
McSignatureStatus mc_signer_get_status (const McSigner *signer);
const char *mc_signer_get_address (const McSigner *signer);      /* the one that matched From, else the first; nullable */
guint mc_signer_get_n_identities (const McSigner *signer);       /* all that the key claims */
const char *mc_signer_get_identity_address (const McSigner *signer, guint i);  /* nullable; to be compared with mc_address_equal() */
gboolean mc_signer_get_identity_trusted (const McSigner *signer, guint i);
const char *mc_signer_get_name (const McSigner *signer);         /* nullable */
const char *mc_signer_get_fingerprint (const McSigner *signer);  /* nullable; OpenPGP key, or SHA-256 of the certificate, lower-case hex */
const char *mc_signer_get_key_id (const McSigner *signer);       /* nullable; what the signature itself names */
const char *mc_signer_get_algorithm (const McSigner *signer);    /* nullable; e.g. "rsa-pss" */
const char *mc_signer_get_digest (const McSigner *signer);       /* nullable; e.g. "sha256" */
const char *mc_signer_get_subject (const McSigner *signer);      /* nullable; S/MIME only */
const char *mc_signer_get_issuer (const McSigner *signer);       /* nullable; S/MIME only */
gint64 mc_signer_get_signed_at (const McSigner *signer);         /* the signer's claim */
gint64 mc_signer_get_valid_from (const McSigner *signer);
gint64 mc_signer_get_valid_until (const McSigner *signer);
GPtrArray *mc_signer_get_reasons (const McSigner *signer);       /* of McReason (transfer none) */

/* One recipient that an encrypted layer names. */
typedef struct _McRecipient McRecipient;
const char *mc_recipient_get_key_id (const McRecipient *recipient);   /* nullable: hidden */
const char *mc_recipient_get_address (const McRecipient *recipient);  /* nullable: key not here */
const char *mc_recipient_get_algorithm (const McRecipient *recipient);/* nullable; e.g. "rsa-oaep" */
gboolean mc_recipient_get_have_secret (const McRecipient *recipient);

/* One cryptographic layer (RFC 9787). */
typedef struct _McLayer McLayer;
McLayerKind mc_layer_get_kind (const McLayer *layer);
McProtocol mc_layer_get_protocol (const McLayer *layer);
const char *mc_layer_get_path (const McLayer *layer);
McSignatureStatus mc_layer_get_signature_status (const McLayer *layer);
McDecryptionStatus mc_layer_get_decryption_status (const McLayer *layer);
gboolean mc_layer_get_authenticated (const McLayer *layer);      /* AEAD or MDC */
const char *mc_layer_get_algorithm (const McLayer *layer, const char *role); /* "cipher", "digest", "format"; nullable */
GPtrArray *mc_layer_get_signers (const McLayer *layer);          /* of McSigner (transfer none) */
GPtrArray *mc_layer_get_recipients (const McLayer *layer);       /* of McRecipient (transfer none) */
GPtrArray *mc_layer_get_reasons (const McLayer *layer);          /* of McReason (transfer none) */

/* The verdict on one message. */
typedef struct _McReport McReport;
McSummary mc_report_get_summary (const McReport *report);
McSignatureStatus mc_report_get_signature_status (const McReport *report);
const McSigner *mc_report_get_signer (const McReport *report);   /* nullable; the one behind the status */
McDecryptionStatus mc_report_get_decryption_status (const McReport *report);
gboolean mc_report_get_authenticated (const McReport *report);
const char *const *mc_report_get_from (const McReport *report);  /* NULL-terminated addresses of the From to be shown */
GPtrArray *mc_report_get_layers (const McReport *report);        /* of McLayer, the envelope, outermost first */
GPtrArray *mc_report_get_errant (const McReport *report);        /* of McLayer that do not count */
GPtrArray *mc_report_get_reasons (const McReport *report);       /* of McReason, most important first */
/* 0 when signature and, where there is one, encryption hold; else as mailcrypt(1) says. */
int mc_report_get_verify_status (const McReport *report);
/* 0 when the content could be read, 3 when nothing was encrypted, else 8 to 12. */
int mc_report_get_decrypt_status (const McReport *report);
/* The report as JSON (doc/report-schema.md), with @exit_status. (transfer full) */
char *mc_report_to_json (const McReport *report, int exit_status);

/* ------------------------------------------------------------------ opening -- */

typedef enum {
  MC_OPEN_DEFAULT = 0,
  MC_OPEN_DESCRIBE = 1 << 0,        /* structure only: no key is touched, nothing is decrypted or verified */
  MC_OPEN_NO_FROM_CHECK = 1 << 1,   /* judge signatures and chains without the sender */
  MC_OPEN_ALLOW_LEGACY = 1 << 2,    /* read RC2 and DES; it never counts as encrypted */
  MC_OPEN_SKIP_SIGNATURES = 1 << 3, /* leave signatures unjudged (status unknown): for decrypting alone */
  MC_OPEN_INLINE = 1 << 4,          /* mc_object_open(): a cleartext signature will do, too */
} McOpenFlags;

/* An opened message: its report, its parts, and its bytes in a spool. */
typedef struct _McMessage McMessage;
void mc_message_free (McMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McMessage, mc_message_free)

/* Reads one RFC 5322 message (LF or CRLF, an mbox "From " line in front is skipped)
 * from @input to its end and judges it. Layers that cannot be opened end the walk and
 * are in the report. Errors: MC_ERROR_LIMIT, MC_ERROR_MALFORMED (no message at all),
 * MC_ERROR_IO, MC_ERROR_CANCELLED, MC_ERROR_ENGINE. */
McMessage *mc_open (McContext *context, GInputStream *input, McOpenFlags flags,
                    GCancellable *cancellable, GError **error);
/* The same for the decoded body of one part of type @content_type (e.g.
 * "application/pkcs7-mime"), @from (nullable) being the message's From field. */
McMessage *mc_open_part (McContext *context, GInputStream *input, const char *content_type,
                         const char *from, McOpenFlags flags, GCancellable *cancellable,
                         GError **error);

McReport *mc_message_get_report (McMessage *message);   /* (transfer none) */

/* Writes the message without its encryption layers: its header with the protected fields in
 * the place of those outside (RFC 9788), the decrypted entity byte for byte behind it. Of a
 * protected header's own kind nothing is left from outside; From is the one that
 * mc_report_get_from() gives. MC_ERROR_NOT_PROTECTED when
 * nothing was encrypted; the report's failure as an error when it was not decrypted. */
gboolean mc_message_write_decrypted (McMessage *message, GOutputStream *output,
                                     GCancellable *cancellable, GError **error);

/* One header field to be shown: decoded, not escaped; the protected one where there is a
 * protected header (RFC 9788 section 4). */
const char *mc_message_get_header (McMessage *message, const char *name);  /* nullable; the first */
/* All fields of that name, in order; of const char *, as above. (transfer container) */
GPtrArray *mc_message_get_headers (McMessage *message, const char *name);

/* A MIME entity. */
typedef struct _McPart McPart;
McPart *mc_message_get_root (McMessage *message);                       /* (transfer none) */
GPtrArray *mc_message_get_leaves (McMessage *message);                  /* of McPart: what a person can open, in order (transfer none) */
McPart *mc_message_find_part (McMessage *message, const char *number);  /* nullable; a path ("1.2"), or a place among the leaves ("2") */

const char *mc_part_get_path (const McPart *part);      /* "1" is the root, "1.1" its first child */
const char *mc_part_get_content_type (const McPart *part);   /* lower case, without parameters */
const char *mc_part_get_filename (const McPart *part);  /* nullable; decoded, not escaped, never to be used as a path */
gboolean mc_part_get_is_attachment (const McPart *part);
gboolean mc_part_get_is_body (const McPart *part);      /* a Main Body Part (RFC 9787 section 7.1) */
guint64 mc_part_get_size (const McPart *part);          /* decoded */
const char *const *mc_part_get_layers (const McPart *part); /* paths of the layers around it, outermost first */
McLayer *mc_part_get_layer (const McPart *part);        /* nullable; the layer that this entity is */
const char *mc_part_get_format (const McPart *part);    /* nullable; what an opaque object says it is, e.g. "certs-only" */
const char *mc_part_get_header_protection (const McPart *part); /* nullable; parameters and fields of header protection (RFC 9788) as they stand there, not escaped; MC_OPEN_DESCRIBE only */
GPtrArray *mc_part_get_certificates (const McPart *part); /* of McKey (transfer none): those that come with it; MC_OPEN_DESCRIBE only */
GPtrArray *mc_part_get_children (const McPart *part);   /* of McPart (transfer none) */
GPtrArray *mc_part_get_oddities (const McPart *part);   /* of McReason (transfer none) */
/* The decoded content. */
gboolean mc_part_write (McPart *part, GOutputStream *output, GCancellable *cancellable,
                        GError **error);
/* A text part as UTF-8, at most @max_bytes of it, not escaped, and without the header fields
 * that it repeats for old readers (RFC 9788 section 4.5.3). (transfer full) */
char *mc_part_read_text (McPart *part, gsize max_bytes, GError **error);

/* Opens a layer that does not count for the message (one of mc_report_get_errant()) as a
 * message of its own, that shares nothing with the parts beside it (RFC 9787 section 6.2.2,
 * RFC 8551 section 6). Its sender is that of the message it stands in. MC_ERROR_INVALID when
 * @part is no layer; else as mc_open(). */
McMessage *mc_message_open_part (McMessage *message, McPart *part, McOpenFlags flags,
                                 GCancellable *cancellable, GError **error);

/* The structure as JSON (the object of "inspect"). (transfer full) */
char *mc_message_describe_json (McMessage *message, int exit_status);

/* ---------------------------------------------------------------- answering -- */

typedef enum {
  MC_REPLY_SENDER = 0,      /* whoever is to be answered */
  MC_REPLY_ALL,             /* and everybody else who got the message */
} McReplyKind;

/* What an answer takes from the message it answers (RFC 5322 section 3.6, RFC 9788 section 6). */
typedef struct _McReply McReply;
/* @own (nullable, NULL-terminated): the addresses of who answers, who is not written to.
 * @message has to live as long as the reply is read from. */
McReply *mc_reply_new (McMessage *message, McReplyKind kind, const char *const *own);
void mc_reply_free (McReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McReply, mc_reply_free)

/* The content of "To", "Cc", "Subject", "In-Reply-To" or "References" for the answer: UTF-8
 * without control characters, to be encoded (RFC 2047) by who writes it. Of a message that
 * protects its header only that is used, so that nobody on the way adds a reader (RFC 9788
 * sections 4.4.4, 4.6, 6.2). NULL: the answer has none; no To where it is in doubt. */
const char *mc_reply_get_header (const McReply *reply, const char *name);
/* The same as it may stand outside of the encryption: derived from what stood outside of the
 * message (HP-Outer), e.g. "Re: [...]" (RFC 9788 section 6.1.2). NULL: it may not. */
const char *mc_reply_get_outer_header (const McReply *reply, const char *name);
/* Whether the message came encrypted: then the answer must be, unless the user says
 * otherwise in so many words (RFC 9787 section 5.4). */
gboolean mc_reply_get_is_secret (const McReply *reply);
/* The text to be quoted, as mc_part_read_text(), lines ending with LF: the plain text of the
 * Main Body Parts. It is empty when there is none, and never holds what a ciphertext among other parts, or inside of
 * a text, held (RFC 9787 section 6.2.2). (transfer full) */
char *mc_reply_read_text (const McReply *reply, gsize max_bytes, GError **error);

/* ------------------------------------------------------------------ objects -- */

/* One cryptographic object without the mail around it, for clients that take mail apart by
 * themselves. It is judged as a layer of a message is, but for the sender: the caller holds
 * the signer's trusted identities against From. */
typedef struct _McObject McObject;
void mc_object_free (McObject *object);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McObject, mc_object_free)

/* Opens an OpenPGP message (armoured or not, RFC 9580) or a CMS object (DER or BER, RFC 5652)
 * read from @input to its end: decrypted, and verified. Layers inside its content are not
 * looked at. Errors as mc_open(), MC_ERROR_MALFORMED when it is no such object. */
McObject *mc_object_open (McContext *context, McProtocol protocol, GInputStream *input,
                          McOpenFlags flags, GCancellable *cancellable, GError **error);
/* Judges the detached @signature (armour, or DER) over @content, the exact entity, whose
 * line ends are taken as CRLF (RFC 3156 section 5, RFC 8551 section 3.1.1). */
McObject *mc_object_verify (McContext *context, McProtocol protocol, GInputStream *content,
                            GInputStream *signature, GCancellable *cancellable, GError **error);

McReport *mc_object_get_report (McObject *object);   /* (transfer none) */
/* Whether there is content: never that of an encrypted layer whose integrity check failed. */
gboolean mc_object_has_content (McObject *object);
/* The content as it is; MC_ERROR_INVALID when there is none. */
gboolean mc_object_write (McObject *object, GOutputStream *output, GCancellable *cancellable,
                          GError **error);
/* The content taken as a MIME entity, its structure only (MC_OPEN_DESCRIBE). */
McMessage *mc_object_describe (McObject *object, GCancellable *cancellable, GError **error);

typedef enum {
  MC_OBJECT_DETACHED = 0,
  MC_OBJECT_OPAQUE,         /* S/MIME: the content inside (RFC 8551 section 3.5.2) */
  MC_OBJECT_CLEARTEXT,      /* OpenPGP: readable text with a signature (RFC 9580 section 7) */
} McObjectForm;

/* Signs @content, made CRLF, and writes armour (OpenPGP) or DER (S/MIME). @signer is an
 * address or a fingerprint. Errors as mc_seal_run(). */
gboolean mc_object_sign (McContext *context, McProtocol protocol, const char *signer,
                         McObjectForm form, GInputStream *content, GOutputStream *output,
                         GCancellable *cancellable, GError **error);
/* Encrypts @content, made CRLF, to @recipients (NULL-terminated; addresses or fingerprints)
 * and nobody else, with OpenPGP signed by @signer (nullable) in the same object. Only trusted
 * keys are taken: MC_ERROR_NO_KEY names each recipient without one. @cipher as in
 * mc_seal_set_cipher(), nullable. */
gboolean mc_object_encrypt (McContext *context, McProtocol protocol,
                            const char *const *recipients, const char *signer, const char *cipher,
                            GInputStream *content, GOutputStream *output,
                            GCancellable *cancellable, GError **error);

/* The one mailbox that a From field's content names; NULL when it names none, several or a
 * group, or is not to be read without doubt. (transfer full) */
char *mc_address_from_field (const char *content);
/* Whether both are addresses of one mailbox (RFC 9788 section 4.4.5). */
gboolean mc_address_equal (const char *a, const char *b);

/* ------------------------------------------------------------------ sealing -- */

typedef enum {
  MC_SEAL_SIGN = 1 << 0,
  MC_SEAL_ENCRYPT = 1 << 1,
  MC_SEAL_OPAQUE = 1 << 2,      /* S/MIME: opaque signed-data instead of multipart/signed */
  MC_SEAL_ATTACH_KEY = 1 << 3,
  MC_SEAL_NO_SELF = 1 << 4,     /* do not encrypt to the sender too */
} McSealFlags;

/* What the header of an encrypted message hides (RFC 9788 section 3.2). In all but the last
 * the header is protected: it goes inside of signature and encryption. */
typedef enum {
  MC_HEADERS_UNKNOWN = 0,       /* as configured for the sender */
  MC_HEADERS_BASELINE,          /* Subject, Comments, Keywords */
  MC_HEADERS_SHY,               /* names beside addresses and the time zone, too */
  MC_HEADERS_NONE,              /* nothing */
  MC_HEADERS_OFF,               /* the header is not protected */
} McHeaderPolicy;

/* The policy that @word ("baseline" "shy" "none" "off") names; UNKNOWN for any other. */
McHeaderPolicy mc_header_policy_from_word (const char *word);

/* One message on its way to be signed or encrypted. */
typedef struct _McSeal McSeal;
McSeal *mc_seal_new (McContext *context, McSealFlags flags);
void mc_seal_free (McSeal *seal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McSeal, mc_seal_free)

void mc_seal_set_protocol (McSeal *seal, McProtocol protocol);   /* UNKNOWN: chosen as mailcrypt(1) says */
void mc_seal_set_signer (McSeal *seal, const char *address_or_fingerprint);  /* default: From */
void mc_seal_set_cipher (McSeal *seal, const char *name);        /* e.g. "aes256-gcm" */
void mc_seal_set_header_policy (McSeal *seal, McHeaderPolicy policy);
/* The message is an answer: of a field that is as @reply (nullable) gives it, no more stands
 * outside of the encryption than mc_reply_get_outer_header() allows, whatever the policy is
 * (RFC 9788 section 6.1.2). A field that the user changed is the policy's again. */
void mc_seal_set_reply (McSeal *seal, McReply *reply);
void mc_seal_add_recipient (McSeal *seal, const char *address);  /* default: To, Cc, and Bcc hidden */
void mc_seal_add_hidden (McSeal *seal, const char *address);

/* Reads one message from @input and does the work; nothing is written yet. The output
 * carries no Bcc field. Its header is protected (RFC 9788 section 5). Errors: MC_ERROR_NO_KEY naming each recipient and why,
 * MC_ERROR_NO_SECRET, MC_ERROR_MALFORMED, MC_ERROR_LIMIT, MC_ERROR_ENGINE, ... */
gboolean mc_seal_run (McSeal *seal, GInputStream *input, GCancellable *cancellable,
                      GError **error);
/* Writes the result of a successful mc_seal_run(). */
gboolean mc_seal_write (McSeal *seal, GOutputStream *output, GCancellable *cancellable,
                        GError **error);
/* What a person should know about the result, of McReason. (transfer none) */
GPtrArray *mc_seal_get_notes (McSeal *seal);

/* ------------------------------------------------------------------ sending -- */

/* One message on its way out: what the settings and the message itself want, done for
 * everybody or for nobody. */
typedef struct _McSend McSend;
McSend *mc_send_new (McContext *context);
void mc_send_free (McSend *send);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McSend, mc_send_free)

/* One of the envelope: who is in neither To nor Cc is hidden from the others. */
void mc_send_add_recipient (McSend *send, const char *address);
/* To, Cc and Bcc belong to the envelope, too. */
void mc_send_add_header_recipients (McSend *send);

/* Reads one message from @input and makes all that is to be sent; nothing is written yet.
 * Wanted protection that one recipient cannot have is MC_ERROR_NO_KEY, and so is a message in
 * clear that answers an encrypted one. Errors as mc_seal_run(), and MC_ERROR_INVALID for
 * settings, MC_ERROR_NOT_PROTECTED for a message that is only signed and is to be encrypted. */
gboolean mc_send_run (McSend *send, GInputStream *input, GCancellable *cancellable,
                      GError **error);

/* The one sender. (nullable) */
const char *mc_send_get_sender (const McSend *send);
/* Whether the message goes as it came: it was protected before, is being bounced, or nothing
 * is to be done. Then whatever names its recipients may stay as it is. */
gboolean mc_send_get_untouched (const McSend *send);
/* What a person should know about the result, of McReason. (transfer none) */
GPtrArray *mc_send_get_notes (const McSend *send);

/* One of the messages that come of it, and whom it is for. */
typedef struct _McCopy McCopy;
GPtrArray *mc_send_get_copies (const McSend *send);   /* of McCopy (transfer none) */
/* For the sender to keep, always encrypted; NULL unless the setting "fcc" wants one. (transfer none) */
const McCopy *mc_send_get_own_copy (const McSend *send);
const char *const *mc_copy_get_recipients (const McCopy *copy);   /* NULL-terminated, as they were given */
gboolean mc_copy_write (const McCopy *copy, GOutputStream *output, GCancellable *cancellable,
                        GError **error);

/* Remembers that @message, or the one with @message_id, came encrypted and was opened, so that
 * no answer to it goes out in clear. Nothing is done where it was not, or where the setting
 * "reply-memory" is 0; a store that cannot be written is passed over. */
void mc_message_remember (McMessage *message);
void mc_context_remember (McContext *context, const char *message_id);

/* --------------------------------------------------------------------- keys -- */

typedef enum {
  MC_KEY_CAN_SIGN = 1 << 0,
  MC_KEY_CAN_ENCRYPT = 1 << 1,
  MC_KEY_CAN_CERTIFY = 1 << 2,
} McKeyUse;

typedef enum {
  MC_SECRET_NONE = 0,       /* only the public part is here */
  MC_SECRET_FILE,           /* private/ of the data folder */
  MC_SECRET_AGENT,          /* gpg-agent */
  MC_SECRET_CARD,
} McSecretHome;

typedef enum {
  MC_VALIDITY_UNKNOWN = 0,
  MC_VALIDITY_VALID,
  MC_VALIDITY_NOT_YET,
  MC_VALIDITY_EXPIRED,
  MC_VALIDITY_REVOKED,
  MC_VALIDITY_UNUSABLE,     /* disabled, or broken */
} McValidity;

/* An OpenPGP key or an X.509 certificate. */
typedef struct _McKey McKey;
McKey *mc_key_ref (McKey *key);
void mc_key_unref (McKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McKey, mc_key_unref)

McProtocol mc_key_get_protocol (const McKey *key);
const char *mc_key_get_fingerprint (const McKey *key);   /* lower-case hex */
guint mc_key_get_n_addresses (const McKey *key);
const char *mc_key_get_address (const McKey *key, guint i);       /* nullable: an identity without address */
const char *mc_key_get_name (const McKey *key, guint i);          /* nullable */
gboolean mc_key_get_address_trusted (const McKey *key, guint i);
const char *mc_key_get_address_validity (const McKey *key, guint i); /* nullable; GnuPG's word: "full", "marginal" ... */
const char *mc_key_get_address_tofu (const McKey *key, guint i);     /* nullable; GnuPG's policy: "auto", "good" ... */
const char *mc_key_get_owner_trust (const McKey *key);    /* nullable; GnuPG's word: "ultimate", "full" ... */
McKeyUse mc_key_get_use (const McKey *key);
McSecretHome mc_key_get_secret (const McKey *key);
/* The smart cards that hold secret parts of it, as GnuPG prints their numbers, e.g.
 * "0006 12345678"; NULL-terminated, empty without any. Whether one is inserted is not asked. */
const char *const *mc_key_get_cards (const McKey *key);
McValidity mc_key_get_validity (const McKey *key);
gint64 mc_key_get_valid_from (const McKey *key);
gint64 mc_key_get_valid_until (const McKey *key);
const char *mc_key_get_algorithm (const McKey *key);     /* e.g. "rsa3072", "ed25519", "p256" */
const char *mc_key_get_subject (const McKey *key);       /* nullable; S/MIME only */
const char *mc_key_get_issuer (const McKey *key);        /* nullable; S/MIME only */
gboolean mc_key_get_is_authority (const McKey *key);     /* a CA certificate */
gboolean mc_key_get_is_anchor (const McKey *key);        /* a trust anchor of the user's */
GPtrArray *mc_key_get_reasons (const McKey *key);        /* of McReason: why not trusted or not usable (transfer none) */

/* All keys that match @pattern (nullable: all): an address, a fingerprint, or a part of
 * a name. Of McKey, by protocol and address. (transfer full) */
GPtrArray *mc_keys_list (McContext *context, McProtocol protocol, const char *pattern,
                         gboolean secret_only, GCancellable *cancellable, GError **error);

/* The same, each key handed to @func as it comes, in no order: of ten thousand only one is
 * in memory. @func must not use @context; FALSE with @error set ends it. */
typedef gboolean (*McKeyFunc) (McKey *key, gpointer user_data, GError **error);
gboolean mc_keys_foreach (McContext *context, McProtocol protocol, const char *pattern,
                          gboolean secret_only, McKeyFunc func, gpointer user_data,
                          GCancellable *cancellable, GError **error);

/* What became of one key in an import. */
typedef struct _McImported McImported;
const char *mc_imported_get_fingerprint (const McImported *imported);  /* nullable */
McProtocol mc_imported_get_protocol (const McImported *imported);
const char *mc_imported_get_word (const McImported *imported);   /* "new" "updated" "unchanged" "rejected" */
const char *mc_imported_get_what (const McImported *imported);   /* "public-key" "secret-key" "certificate" "private-key" "crl" "trust" */
const char *mc_imported_get_text (const McImported *imported);   /* translated, escaped: whose, or why rejected */

/* Imports what @input holds: OpenPGP armour or binary; X.509 as PEM, DER, PKCS#7 or
 * PKCS#12 (legacy ciphers and PEM armour included). Nothing is kept unless all of it can
 * be. @new_passphrase (nullable) protects private keys in the store; an empty one keeps
 * them unencrypted; NULL: the one that opened the file. Of McImported. (transfer full) */
GPtrArray *mc_keys_import (McContext *context, GInputStream *input, McSecret *new_passphrase,
                           GCancellable *cancellable, GError **error);

/* The same for a whole folder of another program: mutt's smime_keys, or GnuPG's home as gpgsm
 * fills it. Each key with its certificates is taken or rejected by itself. (transfer full) */
GPtrArray *mc_keys_import_folder (McContext *context, const char *path, McSecret *new_passphrase,
                                  GCancellable *cancellable, GError **error);

/* Writes the public part: OpenPGP armour, or PEM with the known chain. */
gboolean mc_keys_export (McContext *context, McKey *key, GOutputStream *output,
                         GCancellable *cancellable, GError **error);

/* Writes the secret part under a passphrase: OpenPGP armour under the key's own, or a
 * PKCS#12 file (RFC 7292) with the known chain under @new_passphrase (nullable: asked for).
 * MC_ERROR_NO_SECRET; MC_ERROR_INVALID when it would be written without protection. */
gboolean mc_keys_export_secret (McContext *context, McKey *key, McSecret *new_passphrase,
                                GOutputStream *output, GCancellable *cancellable, GError **error);

/* Writes everything of the store to one file: certificates, private keys under the
 * passphrases that they have, and whom the user trusts (PEM, RFC 7468). MC_ERROR_NO_KEY when
 * there is nothing, MC_ERROR_INVALID when a private key has no passphrase. */
gboolean mc_keys_backup (McContext *context, GOutputStream *output, GCancellable *cancellable,
                         GError **error);
/* Adds what such a file holds: all of it or nothing. What is here already stays as it is.
 * Of McImported, "trust" being one of the kinds. (transfer full) */
GPtrArray *mc_keys_restore (McContext *context, GInputStream *input, GCancellable *cancellable,
                            GError **error);

/* Trusts a fingerprint for @address (NULL: each of its own), or as an anchor. */
gboolean mc_keys_trust (McContext *context, const char *fingerprint, const char *address,
                        gboolean anchor, GCancellable *cancellable, GError **error);
gboolean mc_keys_distrust (McContext *context, const char *fingerprint, const char *address,
                           GCancellable *cancellable, GError **error);
/* Removes a certificate with its private key, or an OpenPGP key without its secret part. */
gboolean mc_keys_remove (McContext *context, const char *fingerprint, GCancellable *cancellable,
                         GError **error);

/* Where keys of others are to be had: "local", "wkd", "keyserver", "dane". */
typedef struct _McKeySource McKeySource;
const McKeySource *mc_key_source_get (guint i);              /* NULL behind the last */
const char *mc_key_source_get_name (const McKeySource *source);
const char *mc_key_source_get_meaning (const McKeySource *source);   /* one line, translated */
gboolean mc_key_source_get_uses_network (const McKeySource *source);

/* Looks for keys of @address in the source of that name; what comes from the network is
 * taken in, and not thereby trusted. This is the one function that uses the network. Of
 * McKey; none found is no error. MC_ERROR_INVALID: no such source; MC_ERROR_IO: it cannot be
 * reached. (transfer full) */
GPtrArray *mc_keys_lookup (McContext *context, const char *source, const char *address,
                           GCancellable *cancellable, GError **error);

typedef struct {
  McProtocol protocol;
  const char *address;
  const char *name;             /* nullable */
  const char *algorithm;        /* nullable: the protocol's default */
  gboolean self_signed;         /* S/MIME: a self-signed certificate, to try things out */
  McSecret *passphrase;         /* nullable: asked for; empty: none */
  GOutputStream *csr;           /* nullable; S/MIME: the PKCS#10 request (PEM) goes here */
} McKeyRequest;

/* Makes a key pair. The new key; NULL with no error when only a request was made; NULL
 * with @error set on failure. (transfer full) */
McKey *mc_keys_generate (McContext *context, const McKeyRequest *request,
                         GCancellable *cancellable, GError **error);

/* ----------------------------------------------------------------- planning -- */

/* One key that came into question for an address. */
typedef struct _McCandidate McCandidate;
McKey *mc_candidate_get_key (const McCandidate *candidate);          /* (transfer none) */
gboolean mc_candidate_get_usable (const McCandidate *candidate);
gboolean mc_candidate_get_chosen (const McCandidate *candidate);
GPtrArray *mc_candidate_get_merits (const McCandidate *candidate);   /* of McReason: what speaks for it (transfer none) */
GPtrArray *mc_candidate_get_reasons (const McCandidate *candidate);  /* of McReason: why it is not usable or not chosen (transfer none) */

typedef enum {
  MC_ROLE_UNKNOWN = 0,
  MC_ROLE_RECIPIENT,
  MC_ROLE_HIDDEN,           /* a recipient whom the others do not see */
  MC_ROLE_SELF,             /* the sender, as reader of an own copy */
  MC_ROLE_SIGNER,
} McRole;
const char *mc_role_to_word (McRole role);   /* e.g. "recipient"; never NULL */

/* Somebody concerned, and the keys there are. */
typedef struct _McParty McParty;
const char *mc_party_get_address (const McParty *party);             /* or a fingerprint, as it was given */
McRole mc_party_get_role (const McParty *party);
gboolean mc_party_get_ambiguous (const McParty *party);              /* in some protocol several keys are equally good */
/* What the settings want of "sign" or "encrypt" for a recipient, see mc_policy_find(); UNKNOWN
 * for others. *@ret_source: (nullable; transfer none). */
McWish mc_party_get_wish (const McParty *party, const char *matter, const char **ret_source);
GPtrArray *mc_party_get_candidates (const McParty *party);           /* of McCandidate, by protocol, best first (transfer none) */

/* One message that would be made. */
typedef struct _McPlannedMessage McPlannedMessage;
McProtocol mc_planned_message_get_protocol (const McPlannedMessage *message);
const char *const *mc_planned_message_get_recipients (const McPlannedMessage *message); /* NULL-terminated addresses */
McKey *mc_planned_message_get_signer (const McPlannedMessage *message); /* nullable: not signed (transfer none) */

/* What encrypting to somebody would come to. */
typedef struct _McSendPlan McSendPlan;
void mc_send_plan_free (McSendPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McSendPlan, mc_send_plan_free)
GPtrArray *mc_send_plan_get_parties (const McSendPlan *plan);        /* of McParty (transfer none) */
/* Of McPlannedMessage: one when a protocol reaches everybody, one for each protocol when
 * only all together do, none when somebody has no usable key. (transfer none) */
GPtrArray *mc_send_plan_get_messages (const McSendPlan *plan);
/* Why there is no message: MC_ERROR_NO_KEY and the like. (nullable, transfer none) */
const GError *mc_send_plan_get_problem (const McSendPlan *plan);

/* What mc_seal_run() would do for a message from @sender (nullable) to the recipients that
 * were added to @seal, without a message, a secret key or the network. Who has no usable
 * key is in the plan; an error is what keeps it from being made. */
McSendPlan *mc_seal_dry_run (McSeal *seal, const char *sender, GCancellable *cancellable,
                             GError **error);

/* -------------------------------------------------------------- examination -- */

typedef enum {
  MC_FINDING_UNKNOWN = 0,
  MC_FINDING_GOOD,
  MC_FINDING_NOTE,          /* worth knowing */
  MC_FINDING_WARNING,       /* works, and should not stay like that */
  MC_FINDING_PROBLEM,       /* does not work */
} McFindingLevel;

/* One thing that was looked at. */
typedef struct _McFinding McFinding;
/* @area and @code are stable words; @text and @fix (nullable) are for a person, one line. */
McFinding *mc_finding_new (McFindingLevel level, const char *area, const char *code,
                           const char *fix, const char *text);
void mc_finding_free (McFinding *finding);
McFindingLevel mc_finding_get_level (const McFinding *finding);
const char *mc_finding_level_to_word (McFindingLevel level);   /* e.g. "good"; never NULL */
const char *mc_finding_get_area (const McFinding *finding);
const char *mc_finding_get_code (const McFinding *finding);
const char *mc_finding_get_text (const McFinding *finding);    /* escaped */
const char *mc_finding_get_fix (const McFinding *finding);     /* nullable; what mends it */

/* Looks at all that the library stands on: engines, agent, store, folders, anchors, clock,
 * and the user's own keys. What is found wrong is a finding and no error. Of McFinding.
 * (transfer full) */
GPtrArray *mc_context_examine (McContext *context, GCancellable *cancellable, GError **error);

/* --------------------------------------------------------------------- text -- */

/* One line of UTF-8 fit for a screen out of hostile text: control, bidi and invisible
 * characters and broken bytes become visible escapes. (transfer full) */
char *mc_text_escape_line (const char *text);
/* The same for several lines; LF and TAB stay. (transfer full) */
char *mc_text_escape_block (const char *text);
/* The same JSON text (RFC 8259, valid UTF-8) with control, bidi and invisible characters as
 * \uXXXX, so that it can be shown on a terminal. (transfer full) */
char *mc_text_escape_json (const char *json);

G_END_DECLS
