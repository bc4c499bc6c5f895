/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "words.h"

const char *
secret_to_word (McSecretHome secret)
{
  switch (secret) {
    case MC_SECRET_FILE: return "file";
    case MC_SECRET_AGENT: return "agent";
    case MC_SECRET_CARD: return "card";
    case MC_SECRET_NONE:
    default: return "none";
  }
}

const char *
validity_to_word (McValidity validity)
{
  switch (validity) {
    case MC_VALIDITY_VALID: return "valid";
    case MC_VALIDITY_NOT_YET: return "not-yet-valid";
    case MC_VALIDITY_EXPIRED: return "expired";
    case MC_VALIDITY_REVOKED: return "revoked";
    case MC_VALIDITY_UNUSABLE: return "unusable";
    case MC_VALIDITY_UNKNOWN:
    default: return "unknown";
  }
}
