/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report as JSON; the grammar is doc/report-schema.md. */
#include "config.h"

#include "report/json.h"

#define MC_FORMAT_VERSION 1

/* JSON is UTF-8: bytes that are not are escaped, as for a person. Control characters
 * stay what they are, json-glib escapes them. */
static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value == NULL) {
    json_builder_add_null_value (builder);
    return;
  }
  g_autofree char *valid
      = g_utf8_validate (value, -1, NULL) ? g_strdup (value) : mc_text_escape_line (value);
  json_builder_add_string_value (builder, valid);
}

static void
add_integer (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_boolean (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

/* Times are null when unknown. */
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
add_strings (JsonBuilder *builder, const char *name, const char *const *values)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; values != NULL && values[i] != NULL; i++) {
    g_autofree char *valid = g_utf8_validate (values[i], -1, NULL)
                                 ? g_strdup (values[i])
                                 : mc_text_escape_line (values[i]);
    json_builder_add_string_value (builder, valid);
  }
  json_builder_end_array (builder);
}

void
_mc_json_add_reasons (JsonBuilder *builder, const char *name, GPtrArray *reasons)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < reasons->len; i++) {
    const McReason *reason = reasons->pdata[i];
    json_builder_begin_object (builder);
    add_string (builder, "code", reason->code);
    add_string (builder, "text", reason->text);
    add_string (builder, "hint", reason->hint);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
add_signers (JsonBuilder *builder, GPtrArray *signers)
{
  json_builder_set_member_name (builder, "signers");
  json_builder_begin_array (builder);
  for (guint i = 0; i < signers->len; i++) {
    const McSigner *signer = signers->pdata[i];
    json_builder_begin_object (builder);
    add_string (builder, "status", mc_signature_status_to_word (signer->status));
    add_string (builder, "address", mc_signer_get_address (signer));
    add_string (builder, "name", mc_signer_get_name (signer));
    add_string (builder, "fingerprint", signer->fingerprint);
    add_string (builder, "key_id", signer->key_id);
    add_string (builder, "algorithm", signer->algorithm);
    add_string (builder, "digest", signer->digest);
    add_string (builder, "subject", signer->subject);
    add_string (builder, "issuer", signer->issuer);
    add_time (builder, "signed_at", signer->signed_at);
    add_time (builder, "valid_from", signer->valid_from);
    add_time (builder, "valid_until", signer->valid_until);
    _mc_json_add_reasons (builder, "reasons", signer->reasons);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
add_recipients (JsonBuilder *builder, GPtrArray *recipients)
{
  json_builder_set_member_name (builder, "recipients");
  json_builder_begin_array (builder);
  for (guint i = 0; i < recipients->len; i++) {
    const McRecipient *recipient = recipients->pdata[i];
    json_builder_begin_object (builder);
    add_string (builder, "key_id", recipient->key_id);
    add_string (builder, "address", recipient->address);
    add_string (builder, "algorithm", recipient->algorithm);
    add_boolean (builder, "have_secret", recipient->have_secret);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
add_algorithms (JsonBuilder *builder, GHashTable *algorithms)
{
  g_autoptr (GList) roles
      = g_list_sort (g_hash_table_get_keys (algorithms), (GCompareFunc) g_strcmp0);

  json_builder_set_member_name (builder, "algorithms");
  json_builder_begin_object (builder);
  for (GList *role = roles; role != NULL; role = role->next)
    add_string (builder, role->data, g_hash_table_lookup (algorithms, role->data));
  json_builder_end_object (builder);
}

void
_mc_json_add_layer (JsonBuilder *builder, const McLayer *layer)
{
  gboolean is_signed = layer->kind == MC_LAYER_SIGNED;

  json_builder_begin_object (builder);
  add_string (builder, "kind", mc_layer_kind_to_word (layer->kind));
  add_string (builder, "protocol", mc_protocol_to_word (layer->protocol));
  add_string (builder, "path", layer->path);
  add_string (builder, "status",
              is_signed ? mc_signature_status_to_word (layer->signature)
                        : mc_decryption_status_to_word (layer->decryption));
  if (!is_signed)
    add_boolean (builder, "authenticated", layer->authenticated);
  add_signers (builder, layer->signers);
  add_recipients (builder, layer->recipients);
  add_algorithms (builder, layer->algorithms);
  _mc_json_add_reasons (builder, "reasons", layer->reasons);
  json_builder_end_object (builder);
}

static void
add_layers (JsonBuilder *builder, const char *name, GPtrArray *layers)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < layers->len; i++)
    _mc_json_add_layer (builder, layers->pdata[i]);
  json_builder_end_array (builder);
}

static void
add_headers (JsonBuilder *builder, GPtrArray *headers)
{
  json_builder_set_member_name (builder, "headers");
  json_builder_begin_array (builder);
  for (guint i = 0; i < headers->len; i++) {
    const McHeader *header = headers->pdata[i];
    json_builder_begin_object (builder);
    add_string (builder, "name", header->name);
    add_string (builder, "value", header->value);
    add_string (builder, "state", mc_summary_to_word (header->state));
    add_string (builder, "outer", header->outer);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

void
_mc_json_add_part (JsonBuilder *builder, const McPart *part)
{
  add_string (builder, "path", mc_part_get_path (part));
  add_string (builder, "type", mc_part_get_content_type (part));
  add_string (builder, "filename", mc_part_get_filename (part));
  add_integer (builder, "bytes", (gint64) mc_part_get_size (part));
  add_strings (builder, "layers", mc_part_get_layers (part));
}

static void
add_parts (JsonBuilder *builder, GPtrArray *parts)
{
  json_builder_set_member_name (builder, "parts");
  json_builder_begin_array (builder);
  for (guint i = 0; i < parts->len; i++) {
    json_builder_begin_object (builder);
    add_integer (builder, "number", i + 1);
    _mc_json_add_part (builder, parts->pdata[i]);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
add_signature (JsonBuilder *builder, const McReport *report)
{
  const McSigner *signer = report->signer;

  json_builder_set_member_name (builder, "signature");
  json_builder_begin_object (builder);
  add_string (builder, "status", mc_signature_status_to_word (report->signature));
  add_string (builder, "address", signer != NULL ? mc_signer_get_address (signer) : NULL);
  add_string (builder, "name", signer != NULL ? mc_signer_get_name (signer) : NULL);
  add_string (builder, "fingerprint", signer != NULL ? signer->fingerprint : NULL);
  add_string (builder, "protocol",
              report->signature_protocol != MC_PROTOCOL_UNKNOWN
                  ? mc_protocol_to_word (report->signature_protocol)
                  : NULL);
  json_builder_end_object (builder);
}

static void
add_decryption (JsonBuilder *builder, const McReport *report)
{
  json_builder_set_member_name (builder, "decryption");
  json_builder_begin_object (builder);
  add_string (builder, "status", mc_decryption_status_to_word (report->decryption));
  add_string (builder, "protocol",
              report->decryption_protocol != MC_PROTOCOL_UNKNOWN
                  ? mc_protocol_to_word (report->decryption_protocol)
                  : NULL);
  add_boolean (builder, "authenticated", report->authenticated);
  json_builder_end_object (builder);
}

JsonBuilder *
_mc_json_begin (void)
{
  JsonBuilder *builder = json_builder_new ();
  json_builder_begin_object (builder);
  add_integer (builder, "format_version", MC_FORMAT_VERSION);
  return builder;
}

char *
_mc_json_end (JsonBuilder *builder, int exit_status)
{
  add_integer (builder, "exit_status", exit_status);
  json_builder_end_object (builder);

  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *json = json_to_string (root, TRUE);
  return mc_text_escape_json (json);
}

char *
mc_report_to_json (const McReport *report, int exit_status)
{
  g_autoptr (JsonBuilder) builder = _mc_json_begin ();

  add_string (builder, "summary", mc_summary_to_word (report->summary));
  add_signature (builder, report);
  add_decryption (builder, report);
  add_strings (builder, "from", (const char *const *) report->from);
  add_layers (builder, "layers", report->layers);
  add_layers (builder, "errant", report->errant);
  add_headers (builder, report->headers);
  add_parts (builder, report->parts);
  _mc_json_add_reasons (builder, "reasons", report->reasons);
  return _mc_json_end (builder, exit_status);
}

/* -------------------------------------------------------------- description -- */

static void
add_certificates (JsonBuilder *builder, GPtrArray *certificates)
{
  json_builder_set_member_name (builder, "certificates");
  json_builder_begin_array (builder);
  for (guint i = 0; i < certificates->len; i++) {
    const McKey *key = certificates->pdata[i];
    json_builder_begin_object (builder);
    add_string (builder, "fingerprint", mc_key_get_fingerprint (key));
    add_string (builder, "subject", mc_key_get_subject (key));
    add_string (builder, "issuer", mc_key_get_issuer (key));
    add_string (builder, "algorithm", mc_key_get_algorithm (key));
    add_time (builder, "valid_from", mc_key_get_valid_from (key));
    add_time (builder, "valid_until", mc_key_get_valid_until (key));
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
describe_part (JsonBuilder *builder, const McPart *part)
{
  McLayer *layer = mc_part_get_layer (part);
  GPtrArray *children = mc_part_get_children (part);

  json_builder_begin_object (builder);
  _mc_json_add_part (builder, part);
  add_string (builder, "format", mc_part_get_format (part));
  add_string (builder, "header_protection", mc_part_get_header_protection (part));
  add_certificates (builder, mc_part_get_certificates (part));
  json_builder_set_member_name (builder, "layer");
  if (layer != NULL)
    _mc_json_add_layer (builder, layer);
  else
    json_builder_add_null_value (builder);
  _mc_json_add_reasons (builder, "oddities", mc_part_get_oddities (part));
  json_builder_set_member_name (builder, "children");
  json_builder_begin_array (builder);
  for (guint i = 0; i < children->len; i++)
    describe_part (builder, children->pdata[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

char *
mc_message_describe_json (McMessage *message, int exit_status)
{
  g_autoptr (JsonBuilder) builder = _mc_json_begin ();

  json_builder_set_member_name (builder, "structure");
  describe_part (builder, mc_message_get_root (message));
  return _mc_json_end (builder, exit_status);
}
