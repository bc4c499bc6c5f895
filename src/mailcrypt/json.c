/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "json.h"

#include <json-glib/json-glib.h>

#include "options.h"
#include "output.h"
#include "words.h"

#define FORMAT_VERSION 1

/* ------------------------------------------------------------------ writing -- */

static JsonBuilder *
begin (void)
{
  JsonBuilder *builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "format_version");
  json_builder_add_int_value (builder, FORMAT_VERSION);
  return builder;
}

static char *
finish (JsonBuilder *builder, int exit_status)
{
  json_builder_set_member_name (builder, "exit_status");
  json_builder_add_int_value (builder, exit_status);
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  return json_to_string (root, TRUE);
}

gboolean
json_print (Tool *tool, char *json, GError **error)
{
  g_autofree char *object = json;
  g_autofree char *safe = mc_text_escape_json (object);
  g_autofree char *text = g_strconcat (safe, "\n", NULL);
  tool->json_done = TRUE;
  return output_print (options.output, text, error);
}

/* JSON is UTF-8; keys and file names need not be. */
static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value == NULL) {
    json_builder_add_null_value (builder);
    return;
  }
  g_autofree char *valid = g_utf8_validate (value, -1, NULL) ? NULL : mc_text_escape_line (value);
  json_builder_add_string_value (builder, valid != NULL ? valid : value);
}

/* Null when not known. */
static void
add_time (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  if (value != 0)
    json_builder_add_int_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_boolean (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
begin_array (JsonBuilder *builder, const char *name)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
}

static void
add_reasons (JsonBuilder *builder, const char *name, GPtrArray *reasons)
{
  begin_array (builder, name);
  for (guint i = 0; i < reasons->len; i++) {
    const McReason *reason = g_ptr_array_index (reasons, i);
    json_builder_begin_object (builder);
    add_string (builder, "code", mc_reason_get_code (reason));
    add_string (builder, "text", mc_reason_get_text (reason));
    add_string (builder, "hint", mc_reason_get_hint (reason));
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

/* ------------------------------------------------------------------ objects -- */

static void
add_error (JsonBuilder *builder, const GError *error)
{
  json_builder_set_member_name (builder, "error");
  json_builder_begin_object (builder);
  add_string (builder, "code", tool_error_get_word (error));
  add_string (builder, "text", error->message);
  add_string (builder, "hint", tool_error_get_hint (error));
  json_builder_end_object (builder);
}

char *
json_from_error (const GError *error, int exit_status)
{
  g_autoptr (JsonBuilder) builder = begin ();
  add_error (builder, error);
  return finish (builder, exit_status);
}

static void
add_addresses (JsonBuilder *builder, const McKey *key)
{
  begin_array (builder, "addresses");
  for (guint i = 0; i < mc_key_get_n_addresses (key); i++) {
    json_builder_begin_object (builder);
    add_string (builder, "address", mc_key_get_address (key, i));
    add_string (builder, "name", mc_key_get_name (key, i));
    add_boolean (builder, "trusted", mc_key_get_address_trusted (key, i));
    add_string (builder, "validity", mc_key_get_address_validity (key, i));
    add_string (builder, "tofu", mc_key_get_address_tofu (key, i));
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
add_use (JsonBuilder *builder, McKeyUse use)
{
  begin_array (builder, "use");
  if (use & MC_KEY_CAN_SIGN)
    json_builder_add_string_value (builder, "sign");
  if (use & MC_KEY_CAN_ENCRYPT)
    json_builder_add_string_value (builder, "encrypt");
  if (use & MC_KEY_CAN_CERTIFY)
    json_builder_add_string_value (builder, "certify");
  json_builder_end_array (builder);
}

static void
add_cards (JsonBuilder *builder, const char *const *cards)
{
  begin_array (builder, "cards");
  for (; *cards != NULL; cards++)
    json_builder_add_string_value (builder, *cards);
  json_builder_end_array (builder);
}

static void
add_key (JsonBuilder *builder, const McKey *key)
{
  json_builder_begin_object (builder);
  add_string (builder, "protocol", mc_protocol_to_word (mc_key_get_protocol (key)));
  add_string (builder, "fingerprint", mc_key_get_fingerprint (key));
  add_addresses (builder, key);
  add_use (builder, mc_key_get_use (key));
  add_string (builder, "secret", secret_to_word (mc_key_get_secret (key)));
  add_cards (builder, mc_key_get_cards (key));
  add_string (builder, "validity", validity_to_word (mc_key_get_validity (key)));
  add_time (builder, "valid_from", mc_key_get_valid_from (key));
  add_time (builder, "valid_until", mc_key_get_valid_until (key));
  add_string (builder, "algorithm", mc_key_get_algorithm (key));
  add_string (builder, "subject", mc_key_get_subject (key));
  add_string (builder, "issuer", mc_key_get_issuer (key));
  add_string (builder, "owner_trust", mc_key_get_owner_trust (key));
  add_boolean (builder, "authority", mc_key_get_is_authority (key));
  add_boolean (builder, "anchor", mc_key_get_is_anchor (key));
  add_reasons (builder, "reasons", mc_key_get_reasons (key));
  json_builder_end_object (builder);
}

char *
json_of_key (const McKey *key)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  add_key (builder, key);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  return json_to_string (root, TRUE);
}

/* By hand: a tree of ten thousand keys would be far larger than its text. */
gboolean
json_print_key_texts (Tool *tool, GPtrArray *texts, int exit_status, GError **error)
{
  g_autoptr (Output) output = output_new (options.output, OUTPUT_TEXT, error);
  if (output == NULL)
    return FALSE;
  GOutputStream *stream = output_get_stream (output);
  gboolean ok = g_output_stream_printf (stream, NULL, tool->cancellable, error,
                                        "{\n\"format_version\" : %d,\n\"keys\" : [",
                                        FORMAT_VERSION);
  for (guint i = 0; ok && i < texts->len; i++) {
    g_autofree char *safe = mc_text_escape_json (g_ptr_array_index (texts, i));
    ok = g_output_stream_printf (stream, NULL, tool->cancellable, error, "%s\n%s",
                                 i > 0 ? "," : "", safe);
  }
  tool->json_done = TRUE;
  return ok
         && g_output_stream_printf (stream, NULL, tool->cancellable, error,
                                    "],\n\"exit_status\" : %d\n}\n", exit_status)
         && output_commit (output, error);
}

char *
json_from_keys (GPtrArray *keys, int exit_status)
{
  g_autoptr (JsonBuilder) builder = begin ();
  begin_array (builder, "keys");
  for (guint i = 0; i < keys->len; i++)
    add_key (builder, g_ptr_array_index (keys, i));
  json_builder_end_array (builder);
  return finish (builder, exit_status);
}

char *
json_from_key (const McKey *key, int exit_status)
{
  g_autoptr (JsonBuilder) builder = begin ();
  json_builder_set_member_name (builder, "key");
  if (key != NULL)
    add_key (builder, key);
  else
    json_builder_add_null_value (builder);
  return finish (builder, exit_status);
}

char *
json_from_imported (GPtrArray *imported, const GError *error, int exit_status)
{
  g_autoptr (JsonBuilder) builder = begin ();
  begin_array (builder, "imported");
  for (guint i = 0; i < imported->len; i++) {
    const McImported *one = g_ptr_array_index (imported, i);
    json_builder_begin_object (builder);
    add_string (builder, "protocol", mc_protocol_to_word (mc_imported_get_protocol (one)));
    add_string (builder, "fingerprint", mc_imported_get_fingerprint (one));
    add_string (builder, "what", mc_imported_get_what (one));
    add_string (builder, "result", mc_imported_get_word (one));
    add_string (builder, "text", mc_imported_get_text (one));
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  if (error != NULL)
    add_error (builder, error);
  return finish (builder, exit_status);
}

/* --------------------------------------------------------------------- plans -- */

static const char *
candidate_to_word (const McCandidate *candidate)
{
  if (mc_candidate_get_chosen (candidate))
    return "chosen";
  return mc_candidate_get_usable (candidate) ? "usable" : "rejected";
}

static void
add_candidate (JsonBuilder *builder, const McCandidate *candidate)
{
  const McKey *key = mc_candidate_get_key (candidate);
  json_builder_begin_object (builder);
  add_string (builder, "protocol", mc_protocol_to_word (mc_key_get_protocol (key)));
  add_string (builder, "fingerprint", mc_key_get_fingerprint (key));
  add_string (builder, "state", candidate_to_word (candidate));
  add_reasons (builder, "merits", mc_candidate_get_merits (candidate));
  add_reasons (builder, "reasons", mc_candidate_get_reasons (candidate));
  json_builder_end_object (builder);
}

/* Null for who is no recipient. */
static void
add_policy (JsonBuilder *builder, const McParty *party)
{
  static const char *const matters[] = { "sign", "encrypt" };
  json_builder_set_member_name (builder, "policy");
  if (mc_party_get_wish (party, "encrypt", NULL) == MC_WISH_UNKNOWN) {
    json_builder_add_null_value (builder);
    return;
  }
  json_builder_begin_object (builder);
  for (gsize i = 0; i < G_N_ELEMENTS (matters); i++) {
    const char *source = NULL;
    McWish wish = mc_party_get_wish (party, matters[i], &source);
    json_builder_set_member_name (builder, matters[i]);
    json_builder_begin_object (builder);
    add_string (builder, "wish", mc_wish_to_word (wish));
    add_string (builder, "group", source);
    json_builder_end_object (builder);
  }
  json_builder_end_object (builder);
}

static void
add_party (JsonBuilder *builder, const McParty *party)
{
  GPtrArray *candidates = mc_party_get_candidates (party);
  json_builder_begin_object (builder);
  add_string (builder, "address", mc_party_get_address (party));
  add_string (builder, "role", mc_role_to_word (mc_party_get_role (party)));
  add_boolean (builder, "ambiguous", mc_party_get_ambiguous (party));
  add_policy (builder, party);
  begin_array (builder, "candidates");
  for (guint i = 0; i < candidates->len; i++)
    add_candidate (builder, g_ptr_array_index (candidates, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
add_message (JsonBuilder *builder, const McPlannedMessage *message)
{
  const McKey *signer = mc_planned_message_get_signer (message);
  json_builder_begin_object (builder);
  add_string (builder, "protocol",
              mc_protocol_to_word (mc_planned_message_get_protocol (message)));
  add_string (builder, "signer", signer != NULL ? mc_key_get_fingerprint (signer) : NULL);
  begin_array (builder, "recipients");
  for (const char *const *to = mc_planned_message_get_recipients (message); *to != NULL; to++)
    json_builder_add_string_value (builder, *to);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

char *
json_from_plan (const McSendPlan *plan, int exit_status)
{
  g_autoptr (JsonBuilder) builder = begin ();
  GPtrArray *parties = mc_send_plan_get_parties (plan);
  GPtrArray *messages = mc_send_plan_get_messages (plan);
  begin_array (builder, "parties");
  for (guint i = 0; i < parties->len; i++)
    add_party (builder, g_ptr_array_index (parties, i));
  json_builder_end_array (builder);
  begin_array (builder, "messages");
  for (guint i = 0; i < messages->len; i++)
    add_message (builder, g_ptr_array_index (messages, i));
  json_builder_end_array (builder);
  if (mc_send_plan_get_problem (plan) != NULL)
    add_error (builder, mc_send_plan_get_problem (plan));
  return finish (builder, exit_status);
}

/* ------------------------------------------------------------------ findings -- */

char *
json_from_findings (GPtrArray *findings, int exit_status)
{
  g_autoptr (JsonBuilder) builder = begin ();
  begin_array (builder, "findings");
  for (guint i = 0; i < findings->len; i++) {
    const McFinding *finding = g_ptr_array_index (findings, i);
    json_builder_begin_object (builder);
    add_string (builder, "level", mc_finding_level_to_word (mc_finding_get_level (finding)));
    add_string (builder, "area", mc_finding_get_area (finding));
    add_string (builder, "code", mc_finding_get_code (finding));
    add_string (builder, "text", mc_finding_get_text (finding));
    add_string (builder, "fix", mc_finding_get_fix (finding));
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  return finish (builder, exit_status);
}
