/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings of mutt and neomutt. */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "mutt-config.h"
#include "mutt.h"
#include "output.h"

/* "@" is the tool, "%" in front of a word one of the client's expandos. */
static const char head[] =
  "# mailcrypt: OpenPGP and S/MIME. Read at the start; source it behind your own settings.\n";

static const char openpgp[] =
  "set crypt_use_gpgme=no crypt_verify_sig=yes pgp_auto_decode=yes\n"
  "\n"
  "# OpenPGP\n"
  "set pgp_use_gpg_agent=yes pgp_check_gpg_decrypt_status_fd=yes\n"
  "set pgp_good_sign=\"^\\\\[GNUPG:\\\\] GOODSIG\"\n"
  "set pgp_default_key=\"`@ mutt pgp-list --print-default`\"\n"
  "set pgp_decode_command=\"@ mutt pgp-decode %f\"\n"
  "set pgp_verify_command=\"@ mutt pgp-verify %s %f\"\n"
  "set pgp_decrypt_command=\"@ mutt pgp-decrypt %f\"\n"
  "set pgp_sign_command=\"@ mutt pgp-sign %?a?-u %a? %f\"\n"
  "set pgp_encrypt_only_command=\"@ mutt pgp-encrypt %f -- %r\"\n"
  "set pgp_encrypt_sign_command=\"@ mutt pgp-encrypt-sign %?a?-u %a? %f -- %r\"\n"
  "set pgp_list_pubring_command=\"@ mutt pgp-list %r\"\n"
  "set pgp_list_secring_command=\"@ mutt pgp-list --secret %r\"\n"
  "set pgp_import_command=\"@ mutt pgp-import %f\"\n"
  "set pgp_export_command=\"@ mutt pgp-export %r\"\n"
  "set pgp_verify_key_command=\"@ mutt pgp-verify-key %r\"\n"
  "set pgp_getkeys_command=\"\"\n";

static const char clearsign_mutt[] =
  "set pgp_clearsign_command=\"@ mutt pgp-clearsign %?a?-u %a? %f\"\n";
static const char clearsign_neomutt[] =
  "set pgp_clear_sign_command=\"@ mutt pgp-clearsign %?a?-u %a? %f\"\n";

static const char smime[] =
  "\n"
  "# S/MIME: the folders hold lists of fingerprints, no keys. Answer the question for a\n"
  "# passphrase with Enter: it is asked for elsewhere, when one is needed.\n"
  "set smime_keys=\"$FOLDER/keys\" smime_certificates=\"$FOLDER/certificates\"\n"
  "set smime_default_key=\"`@ mutt index --print-default`\"\n"
  "set smime_decrypt_use_default_key=yes smime_timeout=32767 smime_ask_cert_label=no\n"
  "set smime_encrypt_with=\"aes256\" smime_sign_digest_alg=\"sha256\"\n"
  "set smime_verify_command=\"@ mutt smime-verify %s %f\"\n"
  "set smime_verify_opaque_command=\"@ mutt smime-verify-opaque %s\"\n"
  "set smime_decrypt_command=\"@ mutt smime-decrypt --key=%k %f\"\n"
  "set smime_sign_command=\"@ mutt smime-sign --key=%k --digest=%d %f\"\n"
  "set smime_encrypt_command=\"@ mutt smime-encrypt --alg=%a %f -- %c\"\n"
  "set smime_pk7out_command=\"@ mutt smime-pk7out %f\"\n"
  "set smime_get_cert_command=\"@ mutt smime-get-cert %f\"\n"
  "set smime_get_signer_cert_command=\"@ mutt smime-signer-cert %f %c\"\n"
  "set smime_get_cert_email_command=\"@ mutt smime-cert-email %f\"\n"
  "set smime_import_cert_command=\"@ mutt smime-import %f\"\n";

static const char view[] =
  "\n"
  "# What is known of a message stands in its header, where no message can write.\n"
  "set my_mailcrypt_nonce=\"`@ mutt nonce`\"\n"
  "set display_filter=\"@ mutt filter --nonce=$my_mailcrypt_nonce\"\n"
  "set pager=builtin allow_ansi=no\n"
  "unignore from: subject: content-type: message-id: mailcrypt\n";

static const char colors[] =
  "color header brightgreen default \"^Mailcrypt: GOOD\"\n"
  "color header brightyellow default \"^Mailcrypt: (DOUBT|no)\"\n"
  "color header brightred default \"^Mailcrypt: BAD\"\n"
  "color header cyan default \"^Mailcrypt-Note:\"\n"
  "color body brightblue default \"^\\\\[mc $my_mailcrypt_nonce\\\\].*\"\n";

static const char bindings[] =
  "\n"
  "macro index,pager \\ec \"<enter-command>set my_pipe_decode=\\$pipe_decode pipe_decode=no<enter>"
  "<pipe-message>@ show --color=always | less -R<enter>"
  "<enter-command>set pipe_decode=\\$my_pipe_decode<enter>\" \"mailcrypt: everything about this "
  "message\"\n";

/* "$MTA" is an option, or nothing. */
static const char sending[] =
  "\n"
  "# What is to be signed and encrypted is told in mailcrypt's own configuration.\n"
  "set sendmail=\"@ sendmail$MTA\" sendmail_wait=0\n";

/* A path that neither the client nor a shell has to have quoted. */
static gboolean
is_simple (const char *path)
{
  for (const char *c = path; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("/._+-", *c) == NULL)
      return FALSE;
  return TRUE;
}

char *
mutt_config_find_tool (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *found = g_find_program_in_path ("mailcrypt");
  g_autofree char *real = found != NULL ? g_canonicalize_filename (found, NULL) : NULL;
  if (self == NULL || !is_simple (self) || g_strcmp0 (self, real) == 0)
    return g_strdup ("mailcrypt");
  return g_steal_pointer (&self);
}

static void
append (GString *out, const char *template, const char *tool, const char *folder, const char *mta)
{
  g_autoptr (GString) text = g_string_new (template);
  g_autofree char *option = mta != NULL ? g_strconcat (" --mta=", mta, NULL) : g_strdup ("");
  g_string_replace (text, "@", tool, 0);
  g_string_replace (text, "$FOLDER", folder, 0);
  g_string_replace (text, "$MTA", option, 0);
  g_string_append (out, text->str);
}

char *
mutt_config_find_folder (Tool *tool, GError **error)
{
  if (tool_get_context (tool, error) == NULL)
    return NULL;
  const char *data = mc_settings_get_folder (tool->settings, MC_FOLDER_DATA);
  g_autofree char *folder = data != NULL ? g_build_filename (data, "mutt", NULL) : NULL;
  if (folder != NULL && strpbrk (folder, "\"\\`$\n") == NULL)
    return g_steal_pointer (&folder);
  tool_set_error (error, STATUS_ENVIRONMENT, "io", NULL,
                  _("the client cannot have this folder's name in its settings: '%s'"),
                  folder != NULL ? folder : "-");
  return NULL;
}

char *
mutt_config_describe (Tool *tool, const MuttConfig *config, GError **error)
{
  g_autofree char *folder = mutt_config_find_folder (tool, error);
  if (folder == NULL)
    return NULL;
  const struct {
    MuttParts part;
    const char *text;
  } pieces[] = {
    { MUTT_PARTS_ALL, head },
    { MUTT_PART_ENGINE, openpgp },
    { MUTT_PART_ENGINE, config->neomutt ? clearsign_neomutt : clearsign_mutt },
    { MUTT_PART_ENGINE, smime },
    { MUTT_PART_FILTER, view },
    { MUTT_PART_COLORS, colors },
    { MUTT_PART_BINDINGS, bindings },
    { MUTT_PART_SENDMAIL, sending },
  };
  g_autofree char *program = mutt_config_find_tool ();
  g_autoptr (GString) out = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    if (config->parts & pieces[i].part)
      append (out, pieces[i].text, program, folder, config->mta);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

int
mutt_config (Tool *tool, GError **error)
{
  (void) error;
  g_autoptr (GError) failure = NULL;
  const char *client = mutt_options.client != NULL ? mutt_options.client : "neomutt";
  if (strcmp (client, "mutt") != 0 && strcmp (client, "neomutt") != 0) {
    tool_set_usage (&failure, _("it is mutt or neomutt"), _("unknown client '%s'"), client);
    return mutt_fail (tool, &failure);
  }
  const MuttConfig config = { .neomutt = strcmp (client, "neomutt") == 0,
                              .parts = MUTT_PARTS_DEFAULT };
  g_autofree char *text = mutt_config_describe (tool, &config, &failure);
  return text != NULL && output_print (NULL, text, &failure) ? MUTT_OK
                                                             : mutt_fail (tool, &failure);
}
