/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stable words of the JSON (doc/report-schema.md). */
#include "config.h"

#include "libmailcrypt.h"

static const char *
word_at (const char *const *words, guint n_words, guint value)
{
  return value < n_words ? words[value] : "unknown";
}

#define WORD_AT(words, value) word_at (words, G_N_ELEMENTS (words), (guint) (value))

const char *
mc_protocol_to_word (McProtocol protocol)
{
  static const char *const words[] = {
    [MC_PROTOCOL_UNKNOWN] = "unknown",
    [MC_PROTOCOL_OPENPGP] = "openpgp",
    [MC_PROTOCOL_SMIME] = "smime",
  };
  return WORD_AT (words, protocol);
}

const char *
mc_summary_to_word (McSummary summary)
{
  static const char *const words[] = {
    [MC_SUMMARY_UNKNOWN] = "unprotected",
    [MC_SUMMARY_UNPROTECTED] = "unprotected",
    [MC_SUMMARY_SIGNED_ONLY] = "signed-only",
    [MC_SUMMARY_ENCRYPTED_ONLY] = "encrypted-only",
    [MC_SUMMARY_SIGNED_AND_ENCRYPTED] = "signed-and-encrypted",
  };
  return WORD_AT (words, summary);
}

const char *
mc_signature_status_to_word (McSignatureStatus status)
{
  static const char *const words[] = {
    [MC_SIGNATURE_UNKNOWN] = "unknown",
    [MC_SIGNATURE_NONE] = "none",
    [MC_SIGNATURE_GOOD] = "good",
    [MC_SIGNATURE_BAD] = "bad",
    [MC_SIGNATURE_UNKNOWN_KEY] = "unknown-key",
    [MC_SIGNATURE_UNTRUSTED] = "untrusted",
    [MC_SIGNATURE_EXPIRED] = "expired",
    [MC_SIGNATURE_REVOKED] = "revoked",
    [MC_SIGNATURE_WEAK] = "weak",
    [MC_SIGNATURE_NOT_SENDER] = "not-sender",
    [MC_SIGNATURE_ERROR] = "error",
  };
  return WORD_AT (words, status);
}

const char *
mc_decryption_status_to_word (McDecryptionStatus status)
{
  static const char *const words[] = {
    [MC_DECRYPTION_UNKNOWN] = "unknown", [MC_DECRYPTION_NONE] = "none",
    [MC_DECRYPTION_OK] = "ok",           [MC_DECRYPTION_NO_KEY] = "no-key",
    [MC_DECRYPTION_FAILED] = "failed",   [MC_DECRYPTION_ERROR] = "error",
  };
  return WORD_AT (words, status);
}

const char *
mc_layer_kind_to_word (McLayerKind kind)
{
  static const char *const words[] = {
    [MC_LAYER_UNKNOWN] = "unknown",
    [MC_LAYER_SIGNED] = "signed",
    [MC_LAYER_ENCRYPTED] = "encrypted",
  };
  return WORD_AT (words, kind);
}
