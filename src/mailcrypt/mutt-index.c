/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files in which the client looks for S/MIME keys: handles alone, no key. */
#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#include "mutt-token.h"
#include "mutt.h"
#include "output.h"

#define NONCE_BYTES 8

/* The format separates by blanks. */
static gboolean
fits (const char *text)
{
  return text != NULL && *text != '\0' && strpbrk (text, " \t\r\n") == NULL
         && g_utf8_validate (text, -1, NULL);
}

/* "email handle label issuer trust purposes": with t, trusted, the client takes it without a
 * question; "?" is no file of intermediates. */
static void
append_key (GString *out, const McKey *key, const char *address)
{
  McKeyUse use = mc_key_get_use (key);
  g_autofree char *label = g_strndup (mc_key_get_fingerprint (key), 8);
  g_string_append_printf (out, "%s %s %s ? t %s%s\n", address, mc_key_get_fingerprint (key),
                          label, use & MC_KEY_CAN_ENCRYPT ? "e" : "",
                          use & MC_KEY_CAN_SIGN ? "s" : "");
}

static gboolean
is_listed (const McKey *key, guint i)
{
  return (mc_key_get_use (key) & (MC_KEY_CAN_ENCRYPT | MC_KEY_CAN_SIGN)) != 0
         && mc_key_get_validity (key) == MC_VALIDITY_VALID && !mc_key_get_is_authority (key)
         && fits (mc_key_get_address (key, i));
}

static gboolean
is_trusted_peer (const McKey *key, guint i)
{
  return mc_key_get_secret (key) == MC_SECRET_NONE && mc_key_get_address_trusted (key, i);
}

static void
append_keys (GString *out, GPtrArray *keys, gboolean own)
{
  for (guint k = 0; k < keys->len; k++) {
    const McKey *key = g_ptr_array_index (keys, k);
    for (guint i = 0; i < mc_key_get_n_addresses (key); i++)
      if (is_listed (key, i) && (own || is_trusted_peer (key, i)))
        append_key (out, key, mc_key_get_address (key, i));
  }
}

static gboolean
write_index (const char *folder, const char *name, const char *text, GError **error)
{
  g_autofree char *place = g_build_filename (folder, name, NULL);
  g_autofree char *file = g_build_filename (place, ".index", NULL);
  if (g_mkdir_with_parents (place, 0700) != 0) {
    tool_set_errno (error, errno, _("cannot make the folder '%s'"), place);
    return FALSE;
  }
  return output_print (file, text, error);
}

static char *
get_folder (Tool *tool)
{
  if (mutt_options.folder != NULL)
    return g_strdup (mutt_options.folder);
  const char *data = mc_settings_get_folder (tool->settings, MC_FOLDER_DATA);
  return data != NULL ? g_build_filename (data, "mutt", NULL) : NULL;
}

static GPtrArray *
list (Tool *tool, gboolean own, GError **error)
{
  McContext *context = tool_get_context (tool, error);
  return context != NULL ? mc_keys_list (context, MC_PROTOCOL_SMIME, NULL, own, tool->cancellable,
                                         error)
                         : NULL;
}

static gboolean
write_both (Tool *tool, GPtrArray *own, GPtrArray *all, GError **error)
{
  g_autoptr (GString) keys = g_string_new (NULL);
  g_autoptr (GString) certificates = g_string_new (NULL);
  g_autofree char *folder = get_folder (tool);
  if (folder == NULL) {
    tool_set_usage (error, NULL, _("name a folder with --dir"));
    return FALSE;
  }
  append_keys (keys, own, TRUE);
  append_keys (certificates, own, TRUE);
  append_keys (certificates, all, FALSE);
  return write_index (folder, "keys", keys->str, error)
         && write_index (folder, "certificates", certificates->str, error);
}

int
mutt_index (Tool *tool, GError **error)
{
  (void) error;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GPtrArray) own = list (tool, TRUE, &failure);
  g_autoptr (GPtrArray) all = own != NULL ? list (tool, FALSE, &failure) : NULL;
  if (all == NULL || !write_both (tool, own, all, &failure))
    return mutt_fail (tool, &failure);
  const McKey *key = mutt_options.print_default ? mutt_choose_default (own) : NULL;
  if (key != NULL && !output_print (NULL, mc_key_get_fingerprint (key), &failure))
    return mutt_fail (tool, &failure);
  return MUTT_OK;
}

int
mutt_nonce (Tool *tool, GError **error)
{
  (void) error;
  g_autoptr (GError) failure = NULL;
  g_autofree char *nonce = mutt_token_random (NONCE_BYTES, &failure);
  return nonce != NULL && output_print (NULL, nonce, &failure) ? MUTT_OK
                                                               : mutt_fail (tool, &failure);
}
