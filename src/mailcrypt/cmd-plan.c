/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "commands.h"
#include "json.h"
#include "options.h"
#include "output.h"
#include "seal.h"

static struct {
  char *sender, *signer;
  char **hidden;
  gboolean sign, no_self;
} opt;

const GOptionEntry plan_options[] = {
  { "from", 0, 0, G_OPTION_ARG_STRING, &opt.sender,
    N_("The sender, who gets a copy to read"), N_("ADDR") },
  { "user", 'u', 0, G_OPTION_ARG_STRING, &opt.signer,
    N_("The sender's key: an address or a fingerprint, instead of --from"), N_("ADDR|FPR") },
  { "hidden", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt.hidden,
    N_("A recipient whom the others are not to see"), N_("ADDR") },
  { "sign", 0, 0, G_OPTION_ARG_NONE, &opt.sign,
    N_("Plan a signature, too"), NULL },
  { "no-self", 0, 0, G_OPTION_ARG_NONE, &opt.no_self,
    N_("Plan no copy for the sender"), NULL },
  G_OPTION_ENTRY_NULL
};

/* --------------------------------------------------------------------- text -- */

static void
append_reasons (GString *out, GPtrArray *reasons)
{
  for (guint i = 0; i < reasons->len; i++)
    g_string_append_printf (out, "%s%s", i > 0 ? ", " : "",
                            mc_reason_get_text (g_ptr_array_index (reasons, i)));
}

static void
append_hints (GString *out, GPtrArray *reasons)
{
  for (guint i = 0; i < reasons->len; i++) {
    const char *hint = mc_reason_get_hint (g_ptr_array_index (reasons, i));
    if (hint != NULL)
      g_string_append_printf (out, "      %s: %s\n", _("hint"), hint);
  }
}

/* Whether @party is served by a message of @protocol. */
static gboolean
is_served (const McSendPlan *plan, const McParty *party, McProtocol protocol)
{
  gboolean sender = mc_party_get_role (party) == MC_ROLE_SELF
                    || mc_party_get_role (party) == MC_ROLE_SIGNER;
  GPtrArray *messages = mc_send_plan_get_messages (plan);
  for (guint i = 0; i < messages->len; i++) {
    const McPlannedMessage *message = g_ptr_array_index (messages, i);
    const char *const *recipients = mc_planned_message_get_recipients (message);
    if (mc_planned_message_get_protocol (message) == protocol
        && (sender || g_strv_contains (recipients, mc_party_get_address (party))))
      return TRUE;
  }
  return FALSE;
}

static void
append_candidate (GString *out, const McSendPlan *plan, const McParty *party,
                  const McCandidate *candidate)
{
  const McKey *key = mc_candidate_get_key (candidate);
  const char *protocol = mc_protocol_to_word (mc_key_get_protocol (key));
  const char *fingerprint = mc_key_get_fingerprint (key);
  GPtrArray *reasons = mc_candidate_get_reasons (candidate);
  if (!mc_candidate_get_chosen (candidate)) {
    g_string_append_printf (out, "  %s %s %s: ", _("not"), protocol, fingerprint);
    append_reasons (out, reasons);
    g_string_append_c (out, '\n');
    append_hints (out, reasons);
    return;
  }
  if (is_served (plan, party, mc_key_get_protocol (key)))
    g_string_append_printf (out, "  %s %s %s: ", _("takes"), protocol, fingerprint);
  else
    g_string_append_printf (out, "  %s %s %s: ", _("could take"), protocol, fingerprint);
  append_reasons (out, mc_candidate_get_merits (candidate));
  g_string_append_c (out, '\n');
}

static const char *
describe_role (McRole role)
{
  switch (role) {
    case MC_ROLE_RECIPIENT: return _("to");
    case MC_ROLE_HIDDEN: return _("hidden");
    case MC_ROLE_SELF: return _("own copy");
    case MC_ROLE_SIGNER: return _("signed by");
    case MC_ROLE_UNKNOWN:
    default: return "-";
  }
}

/* What the configuration has sendmail do. */
static void
append_policy (GString *out, const McParty *party)
{
  const char *sign_source = NULL, *encrypt_source = NULL;
  McWish sign = mc_party_get_wish (party, "sign", &sign_source);
  McWish encrypt = mc_party_get_wish (party, "encrypt", &encrypt_source);
  if (encrypt == MC_WISH_UNKNOWN)
    return;
  g_autofree char *sign_group = mc_text_escape_line (sign_source);
  g_autofree char *encrypt_group = mc_text_escape_line (encrypt_source);
  g_string_append_printf (out, _("  policy: encrypt %s [%s], sign %s [%s]\n"),
                          mc_wish_to_word (encrypt), encrypt_group, mc_wish_to_word (sign),
                          sign_group);
}

static void
append_party (GString *out, const McSendPlan *plan, const McParty *party)
{
  GPtrArray *candidates = mc_party_get_candidates (party);
  g_autofree char *address = mc_text_escape_line (mc_party_get_address (party));
  g_string_append_printf (out, "%s: %s\n", describe_role (mc_party_get_role (party)), address);
  append_policy (out, party);
  for (guint i = 0; i < candidates->len; i++)
    append_candidate (out, plan, party, g_ptr_array_index (candidates, i));
  if (candidates->len == 0)
    g_string_append_printf (out, "  %s\n", _("no key here"));
}

static void
append_message (GString *out, const McPlannedMessage *message)
{
  const McKey *signer = mc_planned_message_get_signer (message);
  g_autofree char *list =
    g_strjoinv (", ", (char **) mc_planned_message_get_recipients (message));
  g_autofree char *safe = mc_text_escape_line (list);
  g_string_append_printf (out, _("message: %s, %s, to %s\n"),
                          mc_protocol_to_word (mc_planned_message_get_protocol (message)),
                          signer != NULL ? _("signed and encrypted") : _("encrypted"), safe);
}

static char *
describe_plan (const McSendPlan *plan)
{
  g_autoptr (GString) out = g_string_new (NULL);
  GPtrArray *parties = mc_send_plan_get_parties (plan);
  GPtrArray *messages = mc_send_plan_get_messages (plan);
  for (guint i = 0; i < parties->len; i++)
    append_party (out, plan, g_ptr_array_index (parties, i));
  for (guint i = 0; i < messages->len; i++)
    append_message (out, g_ptr_array_index (messages, i));
  if (messages->len == 0)
    g_string_append_printf (out, "%s\n", _("message: none"));
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* ---------------------------------------------------------------------- run -- */

/* The seal that sending would use. */
static McSeal *
prepare (Tool *tool, GError **error)
{
  McSealFlags flags = MC_SEAL_ENCRYPT;
  if (opt.sign)
    flags |= MC_SEAL_SIGN;
  if (opt.no_self || (opt.sender == NULL && opt.signer == NULL))
    flags |= MC_SEAL_NO_SELF;
  if (opt.sign && opt.sender == NULL && opt.signer == NULL) {
    tool_set_usage (error, NULL, _("name the signer with --from or -u"));
    return NULL;
  }
  McSeal *seal = seal_prepare (tool, flags, error);
  if (seal == NULL)
    return NULL;
  if (opt.signer != NULL)
    mc_seal_set_signer (seal, opt.signer);
  for (char **address = tool->operands; *address != NULL; address++)
    mc_seal_add_recipient (seal, *address);
  for (char **address = opt.hidden; address != NULL && *address != NULL; address++)
    mc_seal_add_hidden (seal, *address);
  return seal;
}

int
cmd_plan (Tool *tool, GError **error)
{
  g_autoptr (McSeal) seal = prepare (tool, error);
  g_autoptr (McSendPlan) plan =
    seal != NULL ? mc_seal_dry_run (seal, opt.sender, tool->cancellable, error) : NULL;
  if (plan == NULL)
    return STATUS_INTERNAL;

  const GError *problem = mc_send_plan_get_problem (plan);
  int status = problem != NULL ? tool_error_get_status (problem) : STATUS_OK;
  g_autofree char *text = describe_plan (plan);
  gboolean printed = options.json
    ? json_print (tool, json_from_plan (plan, status), error)
    : options.quiet || output_print (options.output, text, error);
  if (!printed)
    return STATUS_INTERNAL;
  if (problem != NULL)
    *error = g_error_copy (problem);
  return status;
}
