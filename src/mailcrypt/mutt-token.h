/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values that go from one run of ours to another one through the hands of strangers. */
#pragma once

#include <gio/gio.h>

/* @value in base64, a dot, and its HMAC under the key of the session in the folder @runtime,
 * which is made when there is none. Consumes a floating @value. (transfer full) */
char *mutt_token_wrap (GVariant *value, const char *runtime, GError **error);

/* The value of type @type in @token. NULL: not made under this key, made in another
 * session or too long ago, or taken out before. (transfer full) */
GVariant *mutt_token_unwrap (const char *token, const char *type, const char *runtime);

/* @size random octets in hex; NULL when the system has none to give. (transfer full) */
char *mutt_token_random (gsize size, GError **error);
