/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stable words for enums that the library has none for. Never NULL. */
#pragma once

#include "libmailcrypt.h"

const char *secret_to_word (McSecretHome secret);
const char *validity_to_word (McValidity validity);
