/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "commands.h"
#include "seal.h"

static struct {
  char *signer, *headers;
  gboolean opaque, attach_key;
} opt;

const GOptionEntry sign_options[] = {
  { "user", 'u', 0, G_OPTION_ARG_STRING, &opt.signer,
    N_("Sign with this key: an address or a fingerprint, instead of From"), N_("ADDR|FPR") },
  { "opaque", 0, 0, G_OPTION_ARG_NONE, &opt.opaque,
    N_("Put message and signature into one object (S/MIME)"), NULL },
  { "header-protection", 0, 0, G_OPTION_ARG_STRING, &opt.headers,
    N_("Protect the header, or off: leave it as it is"), N_("POLICY") },
  { "attach-key", 0, 0, G_OPTION_ARG_NONE, &opt.attach_key,
    N_("Send the public key along"), NULL },
  G_OPTION_ENTRY_NULL
};

int
cmd_sign (Tool *tool, GError **error)
{
  McSealFlags flags = MC_SEAL_SIGN;
  if (opt.opaque)
    flags |= MC_SEAL_OPAQUE;
  if (opt.attach_key)
    flags |= MC_SEAL_ATTACH_KEY;

  g_autoptr (McSeal) seal = seal_prepare (tool, flags, error);
  if (seal == NULL)
    return STATUS_INTERNAL;
  if (opt.signer != NULL)
    mc_seal_set_signer (seal, opt.signer);
  if (!seal_set_headers (seal, opt.headers, error))
    return STATUS_USAGE;
  return seal_finish (tool, seal, error);
}
