/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine behind mutt's and neomutt's classic crypto commands: the table of verbs, and
 * what they share. */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "mutt.h"
#include "output.h"
#include "passphrase.h"

MuttOptions mutt_options;

/* ------------------------------------------------------------------- shared -- */

int
mutt_fail (Tool *tool, GError **error)
{
  int status = tool_print_error (tool, *error);
  g_clear_error (error);
  return status == STATUS_USAGE ? STATUS_USAGE : MUTT_FAILED;
}

gboolean
mutt_print_bytes (GBytes *bytes, GError **error)
{
  gsize size = 0;
  const void *data = g_bytes_get_data (bytes, &size);
  g_autoptr (Output) output = output_new ("-", OUTPUT_RAW, error);
  return output != NULL
         && g_output_stream_write_all (output_get_stream (output), data, size, NULL, NULL, error)
         && output_commit (output, error);
}

const char *
mutt_get_handle (const char *path)
{
  const char *slash = strrchr (path, '/');
  return slash != NULL ? slash + 1 : path;
}

/* ---------------------------------------------------------------- passphrase -- */

static McSecret *
on_ask (McProtocol protocol, const char *fingerprint, const char *purpose, gpointer user_data)
{
  (void) fingerprint;
  (void) purpose;
  return protocol == MC_PROTOCOL_SMIME ? mc_secret_ref (user_data) : NULL;
}

gboolean
mutt_take_passphrase (Tool *tool, GError **error)
{
  gboolean empty = FALSE;
  if (isatty (STDIN_FILENO))
    return TRUE;
  McSecret *secret = passphrase_read (STDIN_FILENO, &empty, error);
  if (secret == NULL)
    return FALSE;
  if (empty)
    mc_secret_unref (secret);
  else
    mc_context_set_passphrase_func (tool->context, on_ask, secret,
                                    (GDestroyNotify) mc_secret_unref);
  return TRUE;
}

/* -------------------------------------------------------------------- options -- */

#define OPTION(name, letter, kind, field, help, arg) \
  { name, letter, 0, G_OPTION_ARG_##kind, &mutt_options.field, help, arg }

static const GOptionEntry signer_options[] = {
  OPTION ("local-user", 'u', STRING, signer, N_("Sign with this key"), N_("KEY")),
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry list_options[] = {
  OPTION ("secret", 0, NONE, secret, N_("Only keys with a secret part"), NULL),
  OPTION ("print-default", 0, NONE, print_default, N_("Print only the name of the own key"), NULL),
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry key_options[] = {
  OPTION ("key", 0, FILENAME, key, N_("The client's handle of the key"), N_("PATH")),
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry smime_sign_options[] = {
  OPTION ("key", 0, FILENAME, key, N_("The client's handle of the key"), N_("PATH")),
  OPTION ("digest", 0, STRING, digest, N_("Taken and not used: the key decides"), N_("NAME")),
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry smime_encrypt_options[] = {
  OPTION ("alg", 0, STRING, algorithm, N_("The cipher, as the client calls it"), N_("NAME")),
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry index_options[] = {
  OPTION ("dir", 0, FILENAME, folder, N_("Write below DIR"), N_("DIR")),
  OPTION ("print-default", 0, NONE, print_default, N_("Print the handle of the own key"), NULL),
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry config_options[] = {
  OPTION ("client", 0, STRING, client, N_("mutt or neomutt"), N_("NAME")),
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry filter_options[] = {
  OPTION ("nonce", 0, STRING, nonce, N_("Mark status lines in the text with N"), N_("N")),
  G_OPTION_ENTRY_NULL
};

/* ---------------------------------------------------------------------- table -- */

const Command mutt_commands[] = {
  { .name = "pgp-decode", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Read OpenPGP out of a text"), .run = mutt_pgp_decode },
  { .name = "pgp-decrypt", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Decrypt PGP/MIME"), .run = mutt_pgp_decrypt },
  { .name = "pgp-verify", .operands = "SIGNATURE FILE", .least_operands = 2, .most_operands = 2,
    .help = N_("Verify PGP/MIME"), .run = mutt_pgp_verify },
  { .name = "pgp-sign", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Make a PGP/MIME signature"), .options = signer_options, .run = mutt_pgp_sign },
  { .name = "pgp-clearsign", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Sign a text that stays readable"), .options = signer_options,
    .run = mutt_pgp_clearsign },
  { .name = "pgp-encrypt", .operands = "FILE KEY...", .least_operands = 2,
    .most_operands = G_MAXUINT,
    .help = N_("Encrypt for PGP/MIME"), .run = mutt_pgp_encrypt },
  { .name = "pgp-encrypt-sign", .operands = "FILE KEY...", .least_operands = 2,
    .most_operands = G_MAXUINT,
    .help = N_("Sign and encrypt for PGP/MIME"), .options = signer_options,
    .run = mutt_pgp_encrypt_sign },
  { .name = "pgp-list", .operands = "[PATTERN]...", .most_operands = G_MAXUINT,
    .help = N_("List OpenPGP keys as gpg --with-colons does"), .options = list_options,
    .run = mutt_pgp_list },
  { .name = "pgp-import", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Take in OpenPGP keys"), .run = mutt_pgp_import },
  { .name = "pgp-export", .operands = "KEY...", .least_operands = 1, .most_operands = G_MAXUINT,
    .help = N_("Write OpenPGP keys"), .run = mutt_pgp_export },
  { .name = "pgp-verify-key", .operands = "KEY...", .least_operands = 1,
    .most_operands = G_MAXUINT,
    .help = N_("Tell about OpenPGP keys"), .run = mutt_pgp_verify_key },
  { .name = "smime-verify", .operands = "SIGNATURE FILE", .least_operands = 2, .most_operands = 2,
    .help = N_("Verify S/MIME"), .run = mutt_smime_verify },
  { .name = "smime-verify-opaque", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Verify S/MIME with its content inside"), .run = mutt_smime_verify_opaque },
  { .name = "smime-decrypt", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Decrypt S/MIME"), .options = key_options, .run = mutt_smime_decrypt },
  { .name = "smime-sign", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Make an S/MIME signature"), .options = smime_sign_options,
    .run = mutt_smime_sign },
  { .name = "smime-encrypt", .operands = "FILE HANDLE...", .least_operands = 2,
    .most_operands = G_MAXUINT,
    .help = N_("Encrypt for S/MIME"), .options = smime_encrypt_options,
    .run = mutt_smime_encrypt },
  { .name = "smime-pk7out", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Write the certificates of a message"), .run = mutt_smime_pk7out },
  { .name = "smime-get-cert", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Write what smime-pk7out wrote"), .run = mutt_smime_get_cert },
  { .name = "smime-import", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Take in certificates"), .run = mutt_smime_import },
  { .name = "smime-signer-cert", .operands = "FILE OUTPUT", .least_operands = 2,
    .most_operands = 2,
    .help = N_("Compare the signer of a message with From"), .run = mutt_smime_signer_cert },
  { .name = "smime-cert-email", .operands = "FILE", .least_operands = 1, .most_operands = 1,
    .help = N_("Print what smime-signer-cert found"), .run = mutt_smime_cert_email },
  { .name = "index", .operands = "", .help = N_("Write the client's lists of S/MIME keys"),
    .options = index_options, .run = mutt_index },
  { .name = "nonce", .operands = "", .help = N_("Print a number that nobody guesses"),
    .run = mutt_nonce },
  { .name = "config", .operands = "", .help = N_("Print the settings for the client"),
    .options = config_options, .run = mutt_config },
  { .name = "filter", .operands = "", .help = N_("Put what the engine found above the message"),
    .options = filter_options, .run = mutt_filter },
  { .name = NULL },
};
