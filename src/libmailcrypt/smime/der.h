/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DER (X.690) in memory, for the structures that OpenSSL has no functions for. */
#pragma once

#include <glib.h>

/* Identifier and length of an element with @size content octets. */
void _mc_der_append_header (GByteArray *out, guint8 tag, guint64 size);
/* A whole element. */
void _mc_der_append (GByteArray *out, guint8 tag, const void *data, gsize size);
/* Puts what is in @out into an element. */
void _mc_der_wrap (GByteArray *out, guint8 tag);

/* What is left to read. */
typedef struct {
  const guint8 *at;
  gsize size;
} McDer;

/* Takes the first element, which has to have this tag and a definite length. */
gboolean _mc_der_take (McDer *from, guint8 tag, McDer *ret_whole, McDer *ret_body);
/* Takes the first element if it has this tag. FALSE: it is broken. *ret_body: empty when it
 * is not there. */
gboolean _mc_der_take_optional (McDer *from, guint8 tag, McDer *ret_whole, McDer *ret_body);
gboolean _mc_der_is (const McDer *der, const guint8 *data, gsize size);
void _mc_der_append_raw (GByteArray *out, const McDer *der);
