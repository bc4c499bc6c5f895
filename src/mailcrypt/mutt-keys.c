/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs about keys and certificates. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "keytext.h"
#include "mutt.h"
#include "output.h"

/* A name that looks like what the client writes for a key: 0xFINGERPRINT. */
static const char *
get_pattern (const char *word)
{
  return g_ascii_strncasecmp (word, "0x", 2) == 0 ? word + 2 : word;
}

/* All keys that one of the operands names, each once; without operands all. (transfer
 * full) */
static GPtrArray *
find_keys (Tool *tool, McProtocol protocol, gboolean secret_only, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  McContext *context = tool_get_context (tool, error);
  if (context == NULL)
    return NULL;
  guint count = MAX (g_strv_length (tool->operands), 1);
  for (guint i = 0; i < count; i++) {
    const char *word = tool->operands[i];
    g_autoptr (GPtrArray) found =
      mc_keys_list (context, protocol, word != NULL ? get_pattern (word) : NULL, secret_only,
                    tool->cancellable, error);
    if (found == NULL)
      return NULL;
    for (guint k = 0; k < found->len; k++) {
      McKey *key = g_ptr_array_index (found, k);
      if (!g_hash_table_contains (seen, mc_key_get_fingerprint (key))) {
        g_ptr_array_add (keys, mc_key_ref (key));
        g_hash_table_add (seen, (gpointer) mc_key_get_fingerprint (key));
      }
    }
  }
  return g_steal_pointer (&keys);
}

static int
print_text (Tool *tool, const char *text, GError **error)
{
  return output_print (NULL, text, error) ? MUTT_OK : mutt_fail (tool, error);
}

/* ------------------------------------------------------- gpg --with-colons -- */

/* How gpg(1) --with-colons (doc/DETAILS) marks validity. */
static char
get_validity_letter (const McKey *key, gboolean trusted)
{
  switch (mc_key_get_validity (key)) {
    case MC_VALIDITY_VALID: break;
    case MC_VALIDITY_EXPIRED: return 'e';
    case MC_VALIDITY_REVOKED: return 'r';
    default: return 'i';
  }
  if (mc_key_get_secret (key) != MC_SECRET_NONE && trusted)
    return 'u';
  return trusted ? 'f' : '-';
}

static gboolean
any_trusted (const McKey *key)
{
  for (guint i = 0; i < mc_key_get_n_addresses (key); i++)
    if (mc_key_get_address_trusted (key, i))
      return TRUE;
  return FALSE;
}

/* RFC 9580 section 9.1, for display alone. */
static int
get_algorithm_number (const char *name)
{
  static const struct { const char *prefix; int number; } table[] = {
    { "rsa", 1 }, { "elg", 16 }, { "dsa", 17 }, { "ed", 22 }, { "nist", 19 }, { "brainpool", 19 },
    { "secp", 19 }, { "p", 19 },
  };
  for (gsize i = 0; name != NULL && i < G_N_ELEMENTS (table); i++)
    if (g_str_has_prefix (name, table[i].prefix))
      return table[i].number;
  return 0;
}

static int
get_bits (const char *name)
{
  const char *digits = name != NULL ? strpbrk (name, "0123456789") : NULL;
  return digits != NULL ? (int) g_ascii_strtoull (digits, NULL, 10) : 0;
}

/* A field's text: nothing in it may end the field or the line. */
static void
append_field (GString *out, const char *text)
{
  g_autofree char *safe = mc_text_escape_line (text);
  for (const char *c = safe; *c != '\0'; c++)
    if (*c == ':')
      g_string_append (out, "\\x3a");
    else if (*c == '\\')
      g_string_append (out, "\\x5c");
    else
      g_string_append_c (out, *c);
}

static void
append_identity (GString *out, const McKey *key, guint i)
{
  const char *name = mc_key_get_name (key, i);
  const char *address = mc_key_get_address (key, i);
  g_autofree char *text = NULL;
  if (name != NULL && address != NULL)
    text = g_strdup_printf ("%s <%s>", name, address);
  else
    text = g_strdup (name != NULL ? name : address != NULL ? address : "?");
  g_string_append_printf (out, "uid:%c::::%" G_GINT64_FORMAT "::::",
                          get_validity_letter (key, mc_key_get_address_trusted (key, i)),
                          mc_key_get_valid_from (key));
  append_field (out, text);
  g_string_append (out, "::::::::::0:\n");
}

static void
append_expiry (GString *out, const McKey *key)
{
  if (mc_key_get_valid_until (key) != 0)
    g_string_append_printf (out, "%" G_GINT64_FORMAT, mc_key_get_valid_until (key));
}

static void
append_key (GString *out, const McKey *key, gboolean secret)
{
  const char *fingerprint = mc_key_get_fingerprint (key);
  gsize size = strlen (fingerprint);
  g_autofree char *upper = g_ascii_strup (fingerprint, -1);
  const char *id = size > 16 ? upper + size - 16 : upper;
  McKeyUse use = mc_key_get_use (key);
  g_string_append_printf (out, "%s:%c:%d:%d:%s:%" G_GINT64_FORMAT ":", secret ? "sec" : "pub",
                          get_validity_letter (key, any_trusted (key)),
                          get_bits (mc_key_get_algorithm (key)),
                          get_algorithm_number (mc_key_get_algorithm (key)), id,
                          mc_key_get_valid_from (key));
  append_expiry (out, key);
  g_string_append_printf (out, "::%c:::%s%sc%s%sC::::::23::0:\n",
                          get_validity_letter (key, any_trusted (key)),
                          use & MC_KEY_CAN_ENCRYPT ? "e" : "", use & MC_KEY_CAN_SIGN ? "s" : "",
                          use & MC_KEY_CAN_ENCRYPT ? "E" : "", use & MC_KEY_CAN_SIGN ? "S" : "");
  g_string_append_printf (out, "fpr:::::::::%s:\n", upper);
  for (guint i = 0; i < mc_key_get_n_addresses (key); i++)
    append_identity (out, key, i);
}

const McKey *
mutt_choose_default (GPtrArray *keys)
{
  const McKeyUse both = MC_KEY_CAN_ENCRYPT | MC_KEY_CAN_SIGN;
  const McKey *found = NULL;
  for (guint k = 0; k < keys->len; k++) {
    const McKey *key = g_ptr_array_index (keys, k);
    McKeyUse use = mc_key_get_use (key);
    if ((use & both) == 0 || mc_key_get_validity (key) != MC_VALIDITY_VALID
        || mc_key_get_secret (key) == MC_SECRET_NONE || mc_key_get_is_authority (key))
      continue;
    if ((use & both) == both)
      return key;
    if (found == NULL)
      found = key;
  }
  return found;
}

/* As the client writes it. */
static int
print_default (Tool *tool, GPtrArray *keys, GError **error)
{
  const McKey *key = mutt_choose_default (keys);
  g_autofree char *name =
    key != NULL ? g_ascii_strup (mc_key_get_fingerprint (key), -1) : g_strdup ("");
  g_autofree char *text = g_strconcat (key != NULL ? "0x" : "", name, NULL);
  return print_text (tool, text, error);
}

int
mutt_pgp_list (Tool *tool, GError **error)
{
  (void) error;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GPtrArray) keys =
    find_keys (tool, MC_PROTOCOL_OPENPGP, mutt_options.secret || mutt_options.print_default,
               &failure);
  if (keys == NULL)
    return mutt_fail (tool, &failure);
  if (mutt_options.print_default)
    return print_default (tool, keys, &failure);
  g_autoptr (GString) out = g_string_new (NULL);
  for (guint i = 0; i < keys->len; i++)
    append_key (out, g_ptr_array_index (keys, i), mutt_options.secret);
  return print_text (tool, out->str, &failure);
}

/* ------------------------------------------------------------ import, export -- */

static int
import_file (Tool *tool)
{
  g_autoptr (GError) error = NULL;
  McContext *context = tool_get_context (tool, &error);
  g_autoptr (GInputStream) input =
    context != NULL ? input_open (tool_get_file (tool), &error) : NULL;
  g_autoptr (GPtrArray) imported =
    input != NULL ? mc_keys_import (context, input, NULL, tool->cancellable, &error) : NULL;
  if (imported == NULL)
    return mutt_fail (tool, &error);
  g_autofree char *text = keytext_from_imported (imported);
  return print_text (tool, text, &error);
}

int
mutt_pgp_import (Tool *tool, GError **error)
{
  (void) error;
  return import_file (tool);
}

/* Writes the public part of each of @keys. */
static int
export_keys (Tool *tool, GPtrArray *keys, GError **error)
{
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  for (guint i = 0; i < keys->len; i++)
    if (!mc_keys_export (tool->context, g_ptr_array_index (keys, i), memory, tool->cancellable,
                         error))
      return mutt_fail (tool, error);
  if (!g_output_stream_close (memory, NULL, error))
    return mutt_fail (tool, error);
  g_autoptr (GBytes) bytes =
    g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
  return mutt_print_bytes (bytes, error) ? MUTT_OK : mutt_fail (tool, error);
}

static GPtrArray *
need_keys (Tool *tool, GError **error)
{
  g_autoptr (GPtrArray) keys = find_keys (tool, MC_PROTOCOL_OPENPGP, FALSE, error);
  if (keys == NULL || keys->len > 0)
    return g_steal_pointer (&keys);
  tool_set_error (error, STATUS_NO_KEY, "no-key", _("'mailcrypt keys list' shows what is here"),
                  _("no key matches '%s'"), tool->operands[0]);
  return NULL;
}

int
mutt_pgp_export (Tool *tool, GError **error)
{
  (void) error;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GPtrArray) keys = need_keys (tool, &failure);
  return keys != NULL ? export_keys (tool, keys, &failure) : mutt_fail (tool, &failure);
}

int
mutt_pgp_verify_key (Tool *tool, GError **error)
{
  (void) error;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GPtrArray) keys = need_keys (tool, &failure);
  if (keys == NULL)
    return mutt_fail (tool, &failure);
  g_autoptr (GString) out = g_string_new (NULL);
  for (guint i = 0; i < keys->len; i++) {
    g_autofree char *text = keytext_from_key (g_ptr_array_index (keys, i));
    g_string_append (out, text);
  }
  return print_text (tool, out->str, &failure);
}

/* -------------------------------------------------------------- certificates -- */

static McMessage *
open_message (Tool *tool, McOpenFlags flags, GError **error)
{
  McContext *context = tool_get_context (tool, error);
  g_autoptr (GInputStream) input =
    context != NULL ? input_open (tool_get_file (tool), error) : NULL;
  return input != NULL ? mc_open (context, input, flags, tool->cancellable, error) : NULL;
}

static void
collect_certificates (McPart *part, GPtrArray *found)
{
  g_ptr_array_extend (found, mc_part_get_certificates (part), NULL, NULL);
  GPtrArray *children = mc_part_get_children (part);
  for (guint i = 0; i < children->len; i++)
    collect_certificates (g_ptr_array_index (children, i), found);
}

/* The client wants a PKCS#7 file here, and hands it to the next verb without a look: PEM
 * certificates do. */
int
mutt_smime_pk7out (Tool *tool, GError **error)
{
  (void) error;
  g_autoptr (GError) failure = NULL;
  g_autoptr (McMessage) message = open_message (tool, MC_OPEN_DESCRIBE, &failure);
  if (message == NULL)
    return mutt_fail (tool, &failure);
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  collect_certificates (mc_message_get_root (message), found);
  if (found->len > 0)
    return export_keys (tool, found, &failure);
  tool_set_error (&failure, STATUS_NO_KEY, "no-key", NULL,
                  _("no certificate comes with the message"));
  return mutt_fail (tool, &failure);
}

int
mutt_smime_get_cert (Tool *tool, GError **error)
{
  (void) error;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GInputStream) input = input_open (tool_get_file (tool), &failure);
  g_autoptr (Output) output = input != NULL ? output_new (NULL, OUTPUT_TEXT, &failure) : NULL;
  if (output == NULL
      || g_output_stream_splice (output_get_stream (output), input, G_OUTPUT_STREAM_SPLICE_NONE,
                                 tool->cancellable, &failure) < 0
      || !output_commit (output, &failure))
    return mutt_fail (tool, &failure);
  return MUTT_OK;
}

int
mutt_smime_import (Tool *tool, GError **error)
{
  (void) error;
  return import_file (tool);
}

/* -------------------------------------------------------------- the sender -- */

#define SENDER_PREFIX "mailcrypt-sender: "

/* The client asks for the signer's certificate, then for its addresses, and compares only
 * their beginnings with From. So the whole answer is given here, where the mail is. */
/* The client looks at the file it has open, so it has to stay that file. */
static gboolean
write_in_place (const char *path, const char *text, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
  gboolean done = fd >= 0 && write (fd, text, strlen (text)) == (ssize_t) strlen (text);
  if (fd >= 0)
    done &= close (fd) == 0;
  if (!done)
    tool_set_errno (error, errno, _("cannot write '%s'"), path);
  return done;
}

int
mutt_smime_signer_cert (Tool *tool, GError **error)
{
  (void) error;
  g_autoptr (GError) failure = NULL;
  g_autoptr (McMessage) message = open_message (tool, MC_OPEN_DEFAULT, &failure);
  if (message == NULL)
    return mutt_fail (tool, &failure);
  const McReport *report = mc_message_get_report (message);
  const McSigner *signer = mc_report_get_signer (report);
  const char *address = signer != NULL ? mc_signer_get_address (signer) : NULL;
  const char *const *from = mc_report_get_from (report);
  gboolean good = mc_report_get_signature_status (report) == MC_SIGNATURE_GOOD && from[0] != NULL;
  /* Spelled as in From, since the client compares letters. */
  g_autofree char *safe = mc_text_escape_line (good ? from[0] : address != NULL ? address : "?");
  g_autofree char *line = g_strdup_printf (SENDER_PREFIX "%s%s\n", good ? "" : "mismatch:", safe);
  return write_in_place (tool->operands[1], line, &failure) ? MUTT_OK : mutt_fail (tool, &failure);
}

int
mutt_smime_cert_email (Tool *tool, GError **error)
{
  (void) error;
  g_autoptr (GError) failure = NULL;
  gsize size = 0;
  g_autofree char *text = input_read_all (tool->operands[0], 1 << 16, &size, &failure);
  if (text == NULL)
    return mutt_fail (tool, &failure);
  if (!g_str_has_prefix (text, SENDER_PREFIX)) {
    tool_set_error (&failure, STATUS_MALFORMED, "malformed", NULL,
                    _("not what 'smime-signer-cert' wrote"));
    return mutt_fail (tool, &failure);
  }
  return print_text (tool, text + strlen (SENDER_PREFIX), &failure);
}
