/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs that sign and encrypt. The client takes whatever comes on standard output for
 * the result, and any word on standard error for a problem. */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "input.h"
#include "mutt.h"
#include "output.h"

/* What the client writes in front of a fingerprint is no part of it. */
static const char *
skip_prefix (const char *name)
{
  return g_ascii_strncasecmp (name, "0x", 2) == 0 ? name + 2 : name;
}

/* Who signs: a certificate's handle, or what the user configured. (nullable) */
static const char *
get_signer (void)
{
  const char *name =
    mutt_options.key != NULL ? mutt_get_handle (mutt_options.key) : mutt_options.signer;
  return name != NULL ? skip_prefix (name) : NULL;
}

/* The words behind the file, one recipient each. The client may give several in one. With
 * paths only what they end in counts. (transfer full) */
static GStrv
list_recipients (const Tool *tool, gboolean paths)
{
  g_autoptr (GStrvBuilder) found = g_strv_builder_new ();
  for (char **operand = tool->operands + 1; *operand != NULL; operand++) {
    g_auto (GStrv) words = g_strsplit_set (*operand, " \t\n", -1);
    for (char **word = words; *word != NULL; word++) {
      const char *name = skip_prefix (paths ? mutt_get_handle (*word) : *word);
      if (*name != '\0')
        g_strv_builder_add (found, name);
    }
  }
  return g_strv_builder_end (found);
}

/* What $smime_encrypt_with says, as a cipher. The client calls the result enveloped-data
 * whatever it is, so that it cannot be an authenticated one. (transfer full) */
static char *
get_cipher (McProtocol protocol)
{
  const char *name = mutt_options.algorithm != NULL ? mutt_options.algorithm : "aes256";
  if (protocol != MC_PROTOCOL_SMIME)
    return NULL;
  return g_strconcat (name, strchr (name, '-') == NULL ? "-cbc" : "", NULL);
}

static gboolean
need_signer (GError **error)
{
  if (get_signer () != NULL)
    return TRUE;
  tool_set_usage (error, _("set $pgp_default_key, or $smime_default_key"),
                  _("there is no key to sign with"));
  return FALSE;
}

/* The result in memory first: on a failure nothing is written. */
static int
finish (Tool *tool, GOutputStream *memory, gboolean made, GError **error)
{
  if (made && g_output_stream_close (memory, NULL, error)) {
    g_autoptr (GBytes) bytes =
      g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
    if (mutt_print_bytes (bytes, error))
      return MUTT_OK;
  }
  return mutt_fail (tool, error);
}

static int
sign (Tool *tool, McProtocol protocol, McObjectForm form)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  McContext *context = need_signer (&error) ? tool_get_context (tool, &error) : NULL;
  g_autoptr (GInputStream) input =
    context != NULL ? input_open (tool_get_file (tool), &error) : NULL;
  gboolean made =
    input != NULL
    && (protocol != MC_PROTOCOL_SMIME || mutt_take_passphrase (tool, &error))
    && mc_object_sign (context, protocol, get_signer (), form, input, memory, tool->cancellable,
                       &error);
  return finish (tool, memory, made, &error);
}

static int
encrypt (Tool *tool, McProtocol protocol, gboolean with_signature)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_auto (GStrv) recipients = list_recipients (tool, protocol == MC_PROTOCOL_SMIME);
  g_autofree char *cipher = get_cipher (protocol);
  McContext *context =
    !with_signature || need_signer (&error) ? tool_get_context (tool, &error) : NULL;
  g_autoptr (GInputStream) input =
    context != NULL ? input_open (tool_get_file (tool), &error) : NULL;
  gboolean made =
    input != NULL
    && mc_object_encrypt (context, protocol, (const char *const *) recipients,
                          with_signature ? get_signer () : NULL, cipher, input, memory,
                          tool->cancellable, &error);
  return finish (tool, memory, made, &error);
}

int
mutt_pgp_sign (Tool *tool, GError **error)
{
  (void) error;
  return sign (tool, MC_PROTOCOL_OPENPGP, MC_OBJECT_DETACHED);
}

int
mutt_pgp_clearsign (Tool *tool, GError **error)
{
  (void) error;
  return sign (tool, MC_PROTOCOL_OPENPGP, MC_OBJECT_CLEARTEXT);
}

int
mutt_pgp_encrypt (Tool *tool, GError **error)
{
  (void) error;
  return encrypt (tool, MC_PROTOCOL_OPENPGP, FALSE);
}

int
mutt_pgp_encrypt_sign (Tool *tool, GError **error)
{
  (void) error;
  return encrypt (tool, MC_PROTOCOL_OPENPGP, TRUE);
}

int
mutt_smime_sign (Tool *tool, GError **error)
{
  (void) error;
  return sign (tool, MC_PROTOCOL_SMIME, MC_OBJECT_DETACHED);
}

int
mutt_smime_encrypt (Tool *tool, GError **error)
{
  (void) error;
  return encrypt (tool, MC_PROTOCOL_SMIME, FALSE);
}
