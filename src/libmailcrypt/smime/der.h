/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing DER (X.690), for the structures that OpenSSL has no functions for. */
#pragma once

#include <glib.h>

/* Identifier and length of an element with @size content octets. */
void _mc_der_append_header (GByteArray *out, guint8 tag, guint64 size);
/* A whole element. */
void _mc_der_append (GByteArray *out, guint8 tag, const void *data, gsize size);
/* Puts what is in @out into an element. */
void _mc_der_wrap (GByteArray *out, guint8 tag);
