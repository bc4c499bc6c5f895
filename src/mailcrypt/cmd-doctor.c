/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at everything a person's mail depends on, and ends with the proof: a message to
 * themselves, signed and encrypted, and read again. */
#include "config.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "clients.h"
#include "commands.h"
#include "findings.h"

/* --------------------------------------------------------------- environment -- */

static void
examine_terminal (GPtrArray *findings)
{
  const char *tty = g_getenv ("GPG_TTY");
  gboolean screen = g_getenv ("DISPLAY") != NULL || g_getenv ("WAYLAND_DISPLAY") != NULL;
  if (tty != NULL && *tty != '\0') {
    if (access (tty, R_OK | W_OK) == 0)
      findings_add (findings, MC_FINDING_GOOD, "terminal", "gpg-tty", NULL,
                    g_strdup_printf (_("pinentry may ask on %s (GPG_TTY)"), tty));
    else
      findings_add (findings, MC_FINDING_WARNING, "terminal", "gpg-tty-wrong",
                    "export GPG_TTY=$(tty)",
                    g_strdup_printf (_("GPG_TTY names '%s', which cannot be used"), tty));
  } else if (isatty (STDIN_FILENO) && !screen)
    findings_add (findings, MC_FINDING_WARNING, "terminal", "no-gpg-tty", "export GPG_TTY=$(tty)",
                  g_strdup (_("GPG_TTY is not set: a pinentry in the terminal does not know where"
                                " to ask")));
}

static char *
get_gnupg_home (void)
{
  const char *home = g_getenv ("GNUPGHOME");
  return home != NULL && *home != '\0' ? g_strdup (home)
                                       : g_build_filename (g_get_home_dir (), ".gnupg", NULL);
}

/* The program that gpg-agent.conf names, else the usual one; NULL when there is none. */
static char *
find_pinentry (const char *home)
{
  g_autofree char *path = g_build_filename (home, "gpg-agent.conf", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines =
    g_file_get_contents (path, &text, NULL, NULL) ? g_strsplit (text, "\n", 0) : NULL;
  for (char **line = lines; line != NULL && *line != NULL; line++) {
    g_strstrip (*line);
    if (g_str_has_prefix (*line, "pinentry-program "))
      return g_strdup (g_strchug (*line + strlen ("pinentry-program ")));
  }
  return g_find_program_in_path ("pinentry");
}

static void
examine_gnupg_home (GPtrArray *findings)
{
  g_autofree char *home = get_gnupg_home ();
  g_autofree char *pinentry = find_pinentry (home);
  GStatBuf buffer;
  if (pinentry == NULL || access (pinentry, X_OK) != 0)
    findings_add (findings, MC_FINDING_WARNING, "agent", "no-pinentry",
                  "apt install pinentry-curses",
                  pinentry == NULL
                  ? g_strdup (_("no pinentry program: nobody asks for passphrases"))
                  : g_strdup_printf (_("pinentry '%s' cannot be run"), pinentry));
  else
    findings_add (findings, MC_FINDING_GOOD, "agent", "pinentry", NULL,
                  g_strdup_printf (_("pinentry: %s"), pinentry));
  if (g_stat (home, &buffer) == 0 && (buffer.st_mode & 077) != 0) {
    g_autofree char *fix = g_strdup_printf ("chmod 700 '%s'", home);
    findings_add (findings, MC_FINDING_WARNING, "folder", "mode-open", fix,
                  g_strdup_printf (_("others may look into GnuPG's folder '%s'"), home));
  }
}

/* ---------------------------------------------------------------- round trip -- */

/* An address whose own key can be written to and signs under @protocol. (transfer full) */
static char *
find_self (Tool *tool, McProtocol protocol)
{
  g_autoptr (GPtrArray) keys =
    mc_keys_list (tool->context, protocol, NULL, TRUE, tool->cancellable, NULL);
  for (guint i = 0; keys != NULL && i < keys->len; i++) {
    const McKey *key = g_ptr_array_index (keys, i);
    const char *address = mc_key_get_n_addresses (key) > 0 ? mc_key_get_address (key, 0) : NULL;
    if (address == NULL || !g_str_is_ascii (address))
      continue;
    g_autoptr (McSeal) seal = mc_seal_new (tool->context, MC_SEAL_SIGN | MC_SEAL_ENCRYPT);
    mc_seal_set_protocol (seal, protocol);
    mc_seal_add_recipient (seal, address);
    g_autoptr (McSendPlan) plan = mc_seal_dry_run (seal, address, tool->cancellable, NULL);
    if (plan != NULL && mc_send_plan_get_problem (plan) == NULL)
      return g_strdup (address);
  }
  return NULL;
}

static GInputStream *
seal_message (Tool *tool, McProtocol protocol, const char *address, GError **error)
{
  g_autofree char *text = g_strdup_printf (
    "From: <%s>\nTo: <%s>\nSubject: mailcrypt doctor\nMIME-Version: 1.0\n"
    "Content-Type: text/plain\n\nA message to oneself.\n", address, address);
  g_autoptr (GInputStream) input = g_memory_input_stream_new_from_data (text, -1, NULL);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (McSeal) seal = mc_seal_new (tool->context, MC_SEAL_SIGN | MC_SEAL_ENCRYPT);
  mc_seal_set_protocol (seal, protocol);
  if (!mc_seal_run (seal, input, tool->cancellable, error)
      || !mc_seal_write (seal, output, tool->cancellable, error)
      || !g_output_stream_close (output, NULL, error))
    return NULL;
  g_autoptr (GBytes) bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (output));
  return g_memory_input_stream_new_from_bytes (bytes);
}

/* What mends a signature that is not trusted: the signer's first hint, else the layer's. */
static const McReason *
find_reason (const McReport *report)
{
  const McSigner *signer = mc_report_get_signer (report);
  GPtrArray *lists[] = { signer != NULL ? mc_signer_get_reasons (signer) : NULL,
                         mc_report_get_reasons (report) };
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    for (guint j = 0; lists[i] != NULL && j < lists[i]->len; j++)
      if (mc_reason_get_hint (g_ptr_array_index (lists[i], j)) != NULL)
        return g_ptr_array_index (lists[i], j);
  return lists[1]->len > 0 ? g_ptr_array_index (lists[1], 0) : NULL;
}

static void
judge_report (GPtrArray *findings, const char *protocol, const char *address,
              const McReport *report)
{
  const McReason *reason = find_reason (report);
  if (mc_report_get_summary (report) == MC_SUMMARY_SIGNED_AND_ENCRYPTED) {
    findings_add (findings, MC_FINDING_GOOD, "round-trip", "round-trip-works", NULL,
                  g_strdup_printf (_("%s: a message from %s to %s, signed and encrypted, was read"
                                       " again"), protocol, address, address));
    return;
  }
  gboolean untrusted = mc_report_get_decryption_status (report) == MC_DECRYPTION_OK
                       && mc_report_get_signature_status (report) == MC_SIGNATURE_UNTRUSTED;
  findings_add (findings, untrusted ? MC_FINDING_WARNING : MC_FINDING_PROBLEM, "round-trip",
                untrusted ? "round-trip-untrusted" : "round-trip-fails",
                reason != NULL ? mc_reason_get_hint (reason) : NULL,
                g_strdup_printf (_("%s: a message from %s to %s is not signed and encrypted when"
                                   " read again: %s"), protocol, address, address,
                                 reason != NULL ? mc_reason_get_text (reason) : "-"));
}

static const char *
get_remedy (const GError *error)
{
  const char *hint = tool_error_get_hint (error);
  if (hint != NULL)
    return hint;
  return tool_error_get_status (error) == STATUS_NO_SECRET
           ? _("give the passphrase when asked, or with --passphrase-fd N")
           : _("'mailcrypt keys show ADDRESS' tells more about the key");
}

static void
run_round_trip (Tool *tool, McProtocol protocol, GPtrArray *findings)
{
  const char *word = mc_protocol_to_word (protocol);
  g_autofree char *address = find_self (tool, protocol);
  g_autoptr (GError) error = NULL;
  if (address == NULL) {
    findings_add (findings, MC_FINDING_NOTE, "round-trip", "round-trip-skipped",
                  _("mailcrypt keys generate ADDRESS"),
                  g_strdup_printf (_("%s: no own key for a message to oneself"), word));
    return;
  }
  g_autoptr (GInputStream) sealed = seal_message (tool, protocol, address, &error);
  g_autoptr (McMessage) message =
    sealed != NULL ? mc_open (tool->context, sealed, MC_OPEN_DEFAULT, tool->cancellable, &error)
                   : NULL;
  if (message != NULL)
    judge_report (findings, word, address, mc_message_get_report (message));
  else
    findings_add (findings, MC_FINDING_PROBLEM, "round-trip", "round-trip-fails",
                  get_remedy (error),
                  g_strdup_printf (_("%s: a message from %s to %s cannot be made: %s"), word,
                                   address, address, error->message));
}

/* --------------------------------------------------------------------- report -- */

static int
get_status (GPtrArray *findings)
{
  for (guint i = 0; i < findings->len; i++) {
    McFindingLevel level = mc_finding_get_level (g_ptr_array_index (findings, i));
    if (level == MC_FINDING_PROBLEM || level == MC_FINDING_UNKNOWN)
      return STATUS_ENVIRONMENT;
  }
  return STATUS_OK;
}

int
cmd_doctor (Tool *tool, GError **error)
{
  McContext *context = tool_get_context (tool, error);
  g_autoptr (GPtrArray) findings =
    context != NULL ? mc_context_examine (context, tool->cancellable, error) : NULL;
  if (findings == NULL)
    return STATUS_INTERNAL;
  examine_gnupg_home (findings);
  examine_terminal (findings);
  clients_examine (findings);
  run_round_trip (tool, MC_PROTOCOL_OPENPGP, findings);
  run_round_trip (tool, MC_PROTOCOL_SMIME, findings);
  if (g_cancellable_set_error_if_cancelled (tool->cancellable, error))
    return STATUS_INTERNAL;

  return findings_print (tool, findings, get_status (findings), error);
}
