/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making messages: the payload in its canonical form, and the MIME wrapping around what a
 * backend made (RFC 3156, RFC 8551, RFC 1847). */
#pragma once

#include "mime/tree.h"

typedef enum {
  MC_CANON_ENCRYPT = 0,     /* 8-bit text may stay */
  MC_CANON_SIGN,            /* 7 bit only; no trailing white space, no "From " lines (RFC 3156 section 3) */
} McCanonMode;

/* Writes the payload of @tree, that is its Content-* fields and its body, into @output as
 * CRLF-canonical MIME entity. Leaves that break the mode's rules are re-encoded as
 * quoted-printable or base64; what is inside a multipart/signed, multipart/encrypted or
 * an opaque object stays byte for byte but for line ends (RFC 1847 section 2.1). A message
 * without Content-Type gets text/plain with the charset its bytes allow. */
gboolean _mc_compose_payload (const McTree *tree, McCanonMode mode, McSpool *output,
                              GError **error);

typedef enum {
  MC_HEADER_KEEP,           /* for a message that is only shown or stored anew */
  MC_HEADER_SEND,           /* for sending: no Bcc, no Authentication-Results */
} McHeaderMode;

/* One field of a header that is to be written. */
typedef struct {
  const McField *field;     /* borrowed */
  char *value;              /* nullable: to stand in place of its own; folds are "\n " */
} McHeaderLine;

/* An array of McHeaderLine that owns its elements. */
GPtrArray *_mc_header_lines_new (void);
void _mc_header_lines_add (GPtrArray *lines, const McField *field, const char *value);
GPtrArray *_mc_header_lines_of (GPtrArray *fields);

/* Writes a message's header: every one of @lines but structural fields and HP-Outer (in
 * their order, byte for byte but for line ends, which become @newline), then MIME-Version.
 * No empty line follows. */
gboolean _mc_compose_header (GPtrArray *lines, McHeaderMode mode, const char *newline,
                             McSpool *output, GError **error);

/* Behind an outer header: multipart/signed around @payload (RFC 1847), which goes in octet for
 * octet: it is canonical. @micalg and @signature_type from the backend; DER signatures are base64-encoded, armour is not. */
gboolean _mc_compose_signed (McSpan payload, McSpan signature, const char *signature_type,
                             const char *micalg, McSpool *output, GError **error);
/* multipart/encrypted (RFC 3156 section 4) around an armoured OpenPGP message. */
gboolean _mc_compose_pgp_encrypted (McSpan armour, McSpool *output, GError **error);
/* application/pkcs7-mime (RFC 8551 section 3.2) around DER; @format as in McSealed. */
gboolean _mc_compose_pkcs7 (McSpan der, const char *format, McSpool *output, GError **error);
/* multipart/mixed of @payload and a key, as a payload. @type is a constant of the backend's,
 * parameters included ("application/pkcs7-mime; smime-type=certs-only"). */
gboolean _mc_compose_with_key (McSpan payload, McSpan key, const char *type,
                               const char *filename, McSpool *output, GError **error);

/* The line end that the span uses: "\r\n" if its first line has it, else "\n". */
const char *_mc_span_get_newline (McSpan span);
