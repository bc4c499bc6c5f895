/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passphrases that the command line brings along. */
#pragma once

#include "libmailcrypt.h"

/* Lets @context take the passphrase from --passphrase-fd, when there is one. */
gboolean passphrase_attach (McContext *context, GError **error);
/* The passphrase of --passphrase-fd; NULL without @error when there is none. */
gboolean passphrase_get (McSecret **ret_secret, GError **error);

/* The first line of descriptor @fd without its end; reads nothing behind it. */
McSecret *passphrase_read (int fd, gboolean *ret_empty, GError **error);
