/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In the place of sendmail(8): the message is made first, all of it, then the real mailer gets
 * what came of it. */
#include "config.h"

#include <glib/gi18n.h>

#include "commands.h"
#include "maildir.h"
#include "mta.h"

static struct {
  char *mta;
} opt;

const GOptionEntry sendmail_options[] = {
  { "mta", 0, 0, G_OPTION_ARG_FILENAME, &opt.mta,
    N_("Give the message to this program instead of the configured one"), N_("WORD") },
  G_OPTION_ENTRY_NULL
};

/* ------------------------------------------------------------------- status -- */

static int
translate_error (const GError *error)
{
  switch ((McError) error->code) {
    case MC_ERROR_NO_KEY: return MTA_NO_USER;
    case MC_ERROR_NO_SECRET:
    case MC_ERROR_NOT_PROTECTED: return MTA_REFUSED;
    case MC_ERROR_MALFORMED:
    case MC_ERROR_LIMIT:
    case MC_ERROR_INTEGRITY: return MTA_DATA;
    case MC_ERROR_ENGINE: return MTA_UNAVAILABLE;
    case MC_ERROR_INVALID: return MTA_CONFIG;
    case MC_ERROR_IO:
    case MC_ERROR_CANCELLED: return MTA_TRY_AGAIN;
    case MC_ERROR_INTERNAL:
    default: return MTA_SOFTWARE;
  }
}

/* What a mail client makes of it: sysexits.h. */
static int
get_status (const GError *error)
{
  if (error->domain == MC_ERROR)
    return translate_error (error);
  if (error->domain != TOOL_ERROR)
    return MTA_TRY_AGAIN;
  if (error->code == STATUS_USAGE || error->code >= MTA_DATA)
    return error->code;
  return error->code == STATUS_MALFORMED ? MTA_DATA : MTA_TRY_AGAIN;
}

/* Says what is wrong. A cancelled run has nothing to say but what went out before, and ends by
 * its signal, for which main() wants the error. */
static int
fail (Tool *tool, int status, GError **error)
{
  gboolean cancelled = g_cancellable_is_cancelled (tool->cancellable);
  if (!cancelled || (*error)->domain == TOOL_ERROR)
    tool_print_error (tool, *error);
  if (!cancelled)
    g_clear_error (error);
  return status;
}

/* ------------------------------------------------------------------ sending -- */

static void
say_notes (const Tool *tool, const McSend *send)
{
  GPtrArray *notes = mc_send_get_notes (send);
  for (guint i = 0; i < notes->len; i++) {
    const McReason *note = g_ptr_array_index (notes, i);
    tool_warn (tool, mc_reason_get_hint (note), "%s", mc_reason_get_text (note));
  }
}

static McSend *
make_message (Tool *tool, const MtaWords *words, GError **error)
{
  McContext *context = tool_get_context (tool, error);
  if (context == NULL)
    return NULL;
  g_autoptr (McSend) send = mc_send_new (context);
  for (guint i = 0; i < words->recipients->len; i++)
    mc_send_add_recipient (send, g_ptr_array_index (words->recipients, i));
  if (words->from_header)
    mc_send_add_header_recipients (send);
  g_autoptr (GInputStream) input = tool_open_input (NULL, error);
  if (input == NULL || !mc_send_run (send, input, tool->cancellable, error))
    return NULL;
  say_notes (tool, send);
  return g_steal_pointer (&send);
}

/* The mailer's own words: of the command line one, of the configuration several, which no
 * shell sees. */
static char **
find_command (const Tool *tool, const McSend *send, GError **error)
{
  const char *line = mc_settings_get_for (tool->settings, mc_send_get_sender (send), "mta");
  char **words = NULL;
  if (opt.mta != NULL)
    return g_strdupv ((char *[]){ opt.mta, NULL });
  if (g_shell_parse_argv (line, NULL, &words, NULL))
    return words;
  tool_set_error (error, MTA_CONFIG, "config", _("quotes are written as for a shell"),
                  _("the setting 'mta' is no command line: '%s'"), line);
  return NULL;
}

/* Whom a later failure no longer keeps from having the message. */
static void
say_delivered (const McSend *send, guint count, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);
  GPtrArray *copies = mc_send_get_copies (send);
  for (guint i = 0; i < count; i++) {
    const char *const *recipients = mc_copy_get_recipients (g_ptr_array_index (copies, i));
    for (; *recipients != NULL; recipients++)
      g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", *recipients);
  }
  if (count == 0)
    return;
  int status = (*error)->domain == TOOL_ERROR ? (*error)->code : MTA_TRY_AGAIN;
  g_autofree char *before = g_strdup ((*error)->message);
  g_clear_error (error);
  tool_set_error (error, status, "mta", _("take them off before you send it again"),
                  _("%s\nthe message is on its way to some of the recipients already: %s"), before,
                  list->str);
}

static int
hand_over (Tool *tool, const McSend *send, const MtaWords *words, char **command, GError **error)
{
  gboolean as_given = mc_send_get_untouched (send);
  GPtrArray *copies = mc_send_get_copies (send);
  for (guint i = 0; i < copies->len; i++) {
    const McCopy *copy = g_ptr_array_index (copies, i);
    g_auto (GStrv) argv =
      mta_make_argv (command, words, as_given, mc_copy_get_recipients (copy));
    int status = mta_run (argv, copy, tool->cancellable, error);
    if (status == 0)
      continue;
    say_delivered (send, i, error);
    return status;
  }
  return STATUS_OK;
}

/* The message is gone: nothing may look like a failure any more, or it is sent again. */
static void
keep_copy (const Tool *tool, Maildir *maildir)
{
  g_autoptr (GError) error = NULL;
  if (maildir != NULL && !maildir_commit (maildir, &error))
    tool_warn (tool, _("the message itself was sent"), "%s", error->message);
}

int
cmd_sendmail (Tool *tool, GError **error)
{
  g_auto (MtaWords) words = { 0 };
  if (!mta_words_parse (&words, tool->operands, error))
    return STATUS_USAGE;
  g_autoptr (McSend) send = make_message (tool, &words, error);
  if (send == NULL)
    return fail (tool, get_status (*error), error);
  g_auto (GStrv) command = find_command (tool, send, error);
  if (command == NULL)
    return fail (tool, get_status (*error), error);

  g_autoptr (Maildir) maildir = NULL;
  const McCopy *own = mc_send_get_own_copy (send);
  const char *fcc = mc_settings_get_for (tool->settings, mc_send_get_sender (send), "fcc");
  if (own != NULL) {
    maildir = maildir_prepare (fcc, own, tool->cancellable, error);
    if (maildir == NULL)
      return fail (tool, get_status (*error), error);
  }
  int status = hand_over (tool, send, &words, command, error);
  if (status != STATUS_OK)
    return fail (tool, status, error);
  keep_copy (tool, maildir);
  return STATUS_OK;
}
