/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command table, and the way from main() into a command and back. */
#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>

#include "commands.h"
#include "help.h"
#include "mutt.h"
#include "options.h"
#include "output.h"
#include "process.h"
#include "tool.h"

#define READS (COMMAND_READS | COMMAND_CHAINS | COMMAND_JUDGES | COMMAND_SECRET | COMMAND_NETWORK)
#define WRITES (COMMAND_CHAINS | COMMAND_SECRET | COMMAND_PROTOCOL | COMMAND_NETWORK)

const Command tool_commands[] = {
  { .name = "encrypt", .operands = "[FILE]", .most_operands = 1,
    .help = N_("Encrypt a message to its recipients"),
    .flags = WRITES, .options = encrypt_options, .run = cmd_encrypt },
  { .name = "sign", .operands = "[FILE]", .most_operands = 1,
    .help = N_("Sign a message"),
    .flags = WRITES, .options = sign_options, .run = cmd_sign },
  { .name = "decrypt", .operands = "[FILE]", .most_operands = 1,
    .help = N_("Write a message without its encryption"),
    .flags = READS, .options = decrypt_options, .run = cmd_decrypt },
  { .name = "verify", .operands = "[FILE]", .most_operands = 1,
    .help = N_("Judge the protection of a message"),
    .flags = READS, .run = cmd_verify },
  { .name = "show", .operands = "[FILE]", .most_operands = 1,
    .help = N_("Show a message and its protection to a person"),
    .flags = READS, .options = show_options, .run = cmd_show },
  { .name = "extract", .operands = "--part=N [FILE]", .most_operands = 1,
    .help = N_("Write one part's decoded content"),
    .flags = COMMAND_READS | COMMAND_SECRET, .options = extract_options, .run = cmd_extract },
  { .name = "inspect", .operands = "[FILE]", .most_operands = 1,
    .help = N_("Show the structure of a message, without any key"),
    .run = cmd_inspect },
  { .name = "keys", .operands = "COMMAND",
    .help = N_("OpenPGP keys and S/MIME certificates"), .commands = keys_commands },
  { .name = "plan", .operands = "ADDR...", .least_operands = 1, .most_operands = G_MAXUINT,
    .help = N_("Tell which keys a message would be sent with, and why"),
    .flags = COMMAND_CHAINS | COMMAND_PROTOCOL, .options = plan_options, .run = cmd_plan },
  { .name = "sendmail", .operands = "[MTA OPTION]... [--] [RCPT]...", .most_operands = G_MAXUINT,
    .help = N_("Sign and encrypt as configured, then give the message to the mailer"),
    .flags = COMMAND_CHAINS | COMMAND_SECRET | COMMAND_NETWORK | COMMAND_FOREIGN,
    .options = sendmail_options, .run = cmd_sendmail },
  { .name = "doctor", .operands = "",
    .help = N_("Look whether everything works, and tell what mends it"),
    .flags = COMMAND_CHAINS | COMMAND_SECRET, .run = cmd_doctor },
  { .name = "setup", .operands = "CLIENT",
    .help = N_("Have a mail client use mailcrypt"), .commands = setup_commands },
  { .name = "mutt", .operands = "VERB",
    .help = N_("Work for mutt and neomutt"), .commands = mutt_commands },
  { .name = "help", .operands = "[COMMAND]...", .most_operands = 2,
    .help = N_("Explain a command"), .options = help_options, .run = cmd_help },
  { .name = NULL },
};

const char *
tool_get_file (const Tool *tool)
{
  return tool->operands[0];
}

/* The categories that matter here: each is files to open at every start. */
static void
set_locale (void)
{
  setlocale (LC_CTYPE, "");
  setlocale (LC_MESSAGES, "");
  setlocale (LC_TIME, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

static int
print_help (const Tool *tool, GError **error)
{
  g_autofree char *text = help_describe (tool->command, tool->name);
  return output_print (options.output, text, error) ? STATUS_OK : STATUS_ENVIRONMENT;
}

static int
print_version (GError **error)
{
  g_autofree char *text = g_strdup_printf ("mailcrypt %s\n", mc_version ());
  return output_print (options.output, text, error) ? STATUS_OK : STATUS_ENVIRONMENT;
}

static int
refuse_no_command (const Tool *tool, GError **error)
{
  if (tool->command == NULL)
    tool_set_usage (error, _("'mailcrypt help' lists the commands"), _("no command"));
  else {
    g_autofree char *hint = g_strdup_printf (_("'mailcrypt help %s' lists them"), tool->name);
    tool_set_usage (error, hint, _("'%s' needs a command of its own"), tool->name);
  }
  return STATUS_USAGE;
}

/* What the library noticed beside the result. */
static void
warn_of_notes (const Tool *tool)
{
  GPtrArray *notes = tool->context != NULL ? mc_context_get_notes (tool->context) : NULL;
  for (guint i = 0; notes != NULL && i < notes->len; i++) {
    const McReason *note = g_ptr_array_index (notes, i);
    tool_warn (tool, mc_reason_get_hint (note), "%s", mc_reason_get_text (note));
  }
}

static int
run (Tool *tool, char **argv, GError **error)
{
  if (!options_parse (tool, (const char *const *) argv, error))
    return STATUS_USAGE;
  if (options.help)
    return print_help (tool, error);
  if (options.version)
    return print_version (error);
  if (tool->command == NULL || tool->command->run == NULL)
    return refuse_no_command (tool, error);

  tool->cancellable = process_watch_signals ();
  int status = tool->command->run (tool, error);
  warn_of_notes (tool);
  return status;
}

int
main (int argc, char **argv)
{
  (void) argc;
  process_init ();
  set_locale ();

  Tool tool = { 0 };
  g_autoptr (GError) error = NULL;
  int status = run (&tool, argv, &error);
  if (error != NULL) {
    process_die_by_signal ();
    status = tool_print_error (&tool, error);
  }

  g_clear_pointer (&tool.context, mc_context_free);
  g_clear_pointer (&tool.settings, mc_settings_unref);
  g_clear_object (&tool.cancellable);
  g_strfreev (tool.operands);
  g_free (tool.name);
  return status;
}
