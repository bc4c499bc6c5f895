/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who a certificate says it is for. */
#pragma once

#include "smime/engine.h"

/* The identities in @certificate (RFC 8550 section 3): SAN rfc822Name, SAN
 * SmtpUTF8Mailbox, emailAddress in the subject. A name that is not exactly one
 * addr-spec, to the octet, is none. Never empty: a certificate without addresses has one
 * identity without address. Of McIdentity (transfer full); trust UNKNOWN. */
GPtrArray *_mc_x509_identities (X509 *certificate);

/* A name for people, UTF-8, in RFC 4514's order. Hostile. */
char *_mc_x509_name_text (const X509_NAME *name);
/* The commonName, or NULL. Hostile. */
char *_mc_x509_common_name (const X509_NAME *name);

/* A form that is equal for names that are equal (RFC 5280 section 7.1: case and blanks do
 * not matter), for looking names up. */
GBytes *_mc_x509_name_key (const X509_NAME *name);
