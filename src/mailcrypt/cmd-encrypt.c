/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "commands.h"
#include "seal.h"

static struct {
  char **recipients, **hidden;
  char *signer, *cipher, *headers;
  gboolean sign, attach_key, no_self;
} opt;

const GOptionEntry encrypt_options[] = {
  { "recipient", 'r', 0, G_OPTION_ARG_STRING_ARRAY, &opt.recipients,
    N_("Encrypt to ADDR instead of To, Cc and Bcc"), N_("ADDR") },
  { "hidden", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt.hidden,
    N_("Encrypt to ADDR too, without naming the key (OpenPGP)"), N_("ADDR") },
  { "no-self", 0, 0, G_OPTION_ARG_NONE, &opt.no_self,
    N_("Do not encrypt to the sender too"), NULL },
  { "sign", 0, 0, G_OPTION_ARG_NONE, &opt.sign,
    N_("Sign as well"), NULL },
  { "user", 'u', 0, G_OPTION_ARG_STRING, &opt.signer,
    N_("The sender's key: an address or a fingerprint, instead of From"), N_("ADDR|FPR") },
  { "cipher", 0, 0, G_OPTION_ARG_STRING, &opt.cipher,
    N_("Use this cipher, e.g. aes256-gcm"), N_("NAME") },
  { "header-protection", 0, 0, G_OPTION_ARG_STRING, &opt.headers,
    N_("What the header hides: baseline, shy or none; off: no header is protected"), N_("POLICY") },
  { "attach-key", 0, 0, G_OPTION_ARG_NONE, &opt.attach_key,
    N_("Send the sender's public key along"), NULL },
  G_OPTION_ENTRY_NULL
};

int
cmd_encrypt (Tool *tool, GError **error)
{
  McSealFlags flags = MC_SEAL_ENCRYPT;
  if (opt.sign)
    flags |= MC_SEAL_SIGN;
  if (opt.attach_key)
    flags |= MC_SEAL_ATTACH_KEY;
  if (opt.no_self)
    flags |= MC_SEAL_NO_SELF;

  g_autoptr (McSeal) seal = seal_prepare (tool, flags, error);
  if (seal == NULL)
    return STATUS_INTERNAL;
  if (opt.signer != NULL)
    mc_seal_set_signer (seal, opt.signer);
  if (opt.cipher != NULL)
    mc_seal_set_cipher (seal, opt.cipher);
  for (char **address = opt.recipients; address != NULL && *address != NULL; address++)
    mc_seal_add_recipient (seal, *address);
  for (char **address = opt.hidden; address != NULL && *address != NULL; address++)
    mc_seal_add_hidden (seal, *address);
  if (!seal_set_headers (seal, opt.headers, error))
    return STATUS_USAGE;
  return seal_finish (tool, seal, error);
}
