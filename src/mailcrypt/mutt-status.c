/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mutt-status.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "mutt-token.h"
#include "output.h"
#include "text.h"
#include "tool.h"

/* kind, protocol, signature, decryption, authenticated, weak, who, key, time, trusted, notes */
#define LAYER_TYPE "(uuuubbssxasas)"
#define STATUS_TYPE "(ba" LAYER_TYPE "ass)"

/* Beyond that a text is not compared. */
#define MAX_TEXT_BYTES (4 << 20)

/* ------------------------------------------------------------------- memory -- */

static void
layer_free (gpointer data)
{
  MuttLayer *layer = data;
  g_free (layer->who);
  g_free (layer->key);
  g_strfreev (layer->trusted);
  g_strfreev (layer->notes);
  g_free (layer);
}

MuttStatus *
mutt_status_new (void)
{
  MuttStatus *status = g_new0 (MuttStatus, 1);
  status->layers = g_ptr_array_new_with_free_func (layer_free);
  return status;
}

void
mutt_status_free (MuttStatus *status)
{
  if (status == NULL)
    return;
  g_ptr_array_unref (status->layers);
  g_strfreev (status->headers);
  g_free (status->digest);
  g_free (status);
}

/* -------------------------------------------------------- from what was found -- */

static GStrv
list_trusted (const McSigner *signer)
{
  g_autoptr (GStrvBuilder) found = g_strv_builder_new ();
  for (guint i = 0; signer != NULL && i < mc_signer_get_n_identities (signer); i++) {
    const char *address = mc_signer_get_identity_address (signer, i);
    if (address != NULL && mc_signer_get_identity_trusted (signer, i))
      g_strv_builder_add (found, address);
  }
  return g_strv_builder_end (found);
}

static void
add_note (GStrvBuilder *notes, const char *text, const char *hint)
{
  g_autofree char *safe = mc_text_escape_line (text);
  g_strv_builder_add (notes, safe);
  g_auto (GStrv) hints = tool_split_hints (hint);
  for (char **line = hints; *line != NULL; line++) {
    g_autofree char *row = g_strdup_printf (_("hint: %s"), *line);
    g_strv_builder_add (notes, row);
  }
}

static void
add_reasons (GStrvBuilder *notes, GPtrArray *reasons)
{
  for (guint i = 0; i < reasons->len; i++) {
    const McReason *reason = g_ptr_array_index (reasons, i);
    add_note (notes, mc_reason_get_text (reason), mc_reason_get_hint (reason));
  }
}

/* The signer who speaks for the layer: the one with the layer's own status. */
static const McSigner *
find_speaker (const McLayer *layer)
{
  GPtrArray *signers = mc_layer_get_signers (layer);
  for (guint i = 0; i < signers->len; i++) {
    const McSigner *signer = g_ptr_array_index (signers, i);
    if (mc_signer_get_status (signer) == mc_layer_get_signature_status (layer))
      return signer;
  }
  return signers->len > 0 ? g_ptr_array_index (signers, 0) : NULL;
}

static MuttLayer *
layer_from_report (const McLayer *source, const McReport *report)
{
  const McSigner *speaker = find_speaker (source);
  const char *key = speaker != NULL ? mc_signer_get_fingerprint (speaker) : NULL;
  McSummary summary = mc_report_get_summary (report);
  g_autoptr (GStrvBuilder) notes = g_strv_builder_new ();
  MuttLayer *layer = g_new0 (MuttLayer, 1);
  layer->kind = mc_layer_get_kind (source);
  layer->protocol = mc_layer_get_protocol (source);
  layer->signature = mc_layer_get_signature_status (source);
  layer->decryption = mc_layer_get_decryption_status (source);
  layer->authenticated = mc_layer_get_authenticated (source);
  layer->weak = layer->decryption == MC_DECRYPTION_OK && summary != MC_SUMMARY_ENCRYPTED_ONLY
                && summary != MC_SUMMARY_SIGNED_AND_ENCRYPTED;
  layer->who = text_describe_signer (speaker);
  layer->key = key != NULL ? mc_text_escape_line (key) : g_strdup ("");
  layer->signed_at = speaker != NULL ? mc_signer_get_signed_at (speaker) : 0;
  layer->trusted = list_trusted (speaker);
  add_reasons (notes, mc_layer_get_reasons (source));
  if (speaker != NULL && mc_signer_get_status (speaker) != MC_SIGNATURE_GOOD)
    add_reasons (notes, mc_signer_get_reasons (speaker));
  layer->notes = g_strv_builder_end (notes);
  return layer;
}

static McDecryptionStatus
get_failure_status (const GError *failure)
{
  if (g_error_matches (failure, MC_ERROR, MC_ERROR_NO_SECRET))
    return MC_DECRYPTION_NO_KEY;
  if (g_error_matches (failure, MC_ERROR, MC_ERROR_INTEGRITY))
    return MC_DECRYPTION_FAILED;
  return MC_DECRYPTION_ERROR;
}

static MuttLayer *
layer_from_failure (McLayerKind kind, McProtocol protocol, const GError *failure)
{
  g_autoptr (GStrvBuilder) notes = g_strv_builder_new ();
  MuttLayer *layer = g_new0 (MuttLayer, 1);
  layer->kind = kind == MC_LAYER_UNKNOWN ? MC_LAYER_SIGNED : kind;
  layer->protocol = protocol;
  if (kind != MC_LAYER_ENCRYPTED)
    layer->signature = g_error_matches (failure, MC_ERROR, MC_ERROR_MALFORMED)
                         ? MC_SIGNATURE_BAD : MC_SIGNATURE_ERROR;
  else
    layer->decryption = get_failure_status (failure);
  layer->who = text_describe_signer (NULL);
  layer->key = g_strdup ("");
  layer->trusted = g_new0 (char *, 1);
  add_note (notes, failure->message, tool_error_get_hint (failure));
  layer->notes = g_strv_builder_end (notes);
  return layer;
}

/* Whether the layers themselves tell why there is nothing to show. */
static gboolean
any_says_no (GPtrArray *layers)
{
  for (guint i = 0; i < layers->len; i++) {
    const MuttLayer *layer = g_ptr_array_index (layers, i);
    if (layer->kind == MC_LAYER_SIGNED ? layer->signature == MC_SIGNATURE_BAD
                                         || layer->signature == MC_SIGNATURE_ERROR
                                       : layer->decryption != MC_DECRYPTION_OK)
      return TRUE;
  }
  return FALSE;
}

/* -------------------------------------------------------------- what is inside -- */

/* The header fields that the signer put inside (RFC 9788); the mail has others outside. */
static GStrv
list_headers (McMessage *entity)
{
  static const char *const names[] = { "From", "To", "Cc", "Date", "Subject", "Message-ID" };
  g_autoptr (GStrvBuilder) found = g_strv_builder_new ();
  for (gsize i = 0; entity != NULL && i < G_N_ELEMENTS (names); i++) {
    const char *value = mc_message_get_header (entity, names[i]);
    if (value == NULL)
      continue;
    g_autofree char *safe = mc_text_escape_line (value);
    g_strv_builder_add (found, names[i]);
    g_strv_builder_add (found, safe);
  }
  return g_strv_builder_end (found);
}

char *
mutt_status_digest (const char *text, gsize size)
{
  g_autoptr (GString) kept = g_string_sized_new (size);
  for (gsize i = 0; i < size; i++)
    if (g_ascii_isalnum (text[i]))
      g_string_append_c (kept, text[i]);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, kept->str, (gssize) kept->len);
}

/* Of the one text that the entity is; "" when a client may show something else. A text that
 * is not all ASCII is marked: how it is shown depends on the terminal. */
static char *
digest_text (McMessage *entity)
{
  McPart *root = entity != NULL ? mc_message_get_root (entity) : NULL;
  if (root == NULL || g_strcmp0 (mc_part_get_content_type (root), "text/plain") != 0
      || mc_part_get_size (root) > MAX_TEXT_BYTES)
    return g_strdup ("");
  g_autofree char *text = mc_part_read_text (root, MAX_TEXT_BYTES + 1, NULL);
  if (text == NULL || strstr (text, "\\x") != NULL)
    return g_strdup ("");
  g_autofree char *digest = mutt_status_digest (text, strlen (text));
  return g_strconcat (g_str_is_ascii (text) ? "a" : "u", digest, NULL);
}

MuttStatus *
mutt_status_from_object (McObject *object, McLayerKind kind, McProtocol protocol,
                         gboolean own_part, const GError *failure, GCancellable *cancellable)
{
  MuttStatus *status = mutt_status_new ();
  status->own_part = own_part;
  McReport *report = object != NULL ? mc_object_get_report (object) : NULL;
  GPtrArray *layers = report != NULL ? mc_report_get_layers (report) : NULL;
  for (guint i = 0; layers != NULL && i < layers->len; i++)
    g_ptr_array_add (status->layers, layer_from_report (g_ptr_array_index (layers, i), report));
  if (failure != NULL && !any_says_no (status->layers))
    g_ptr_array_add (status->layers, layer_from_failure (kind, protocol, failure));

  gboolean inside = object != NULL && !own_part && mc_object_has_content (object);
  g_autoptr (McMessage) entity = inside ? mc_object_describe (object, cancellable, NULL) : NULL;
  status->headers = list_headers (entity);
  status->digest = digest_text (entity);
  return status;
}

const char *
mutt_status_find_header (const MuttStatus *status, const char *name)
{
  const char *found = NULL;
  for (guint i = 0; status->headers[i] != NULL; i += 2)
    if (strcmp (status->headers[i], name) == 0)
      found = status->headers[i + 1];
  return found;
}

gboolean
mutt_status_is_decrypted (const MuttStatus *status)
{
  for (guint i = 0; i < status->layers->len; i++) {
    const MuttLayer *layer = g_ptr_array_index (status->layers, i);
    if (layer->kind == MC_LAYER_ENCRYPTED && layer->decryption == MC_DECRYPTION_OK)
      return TRUE;
  }
  return FALSE;
}

/* -------------------------------------------------------------------- sealing -- */

static char *
make_token (const MuttStatus *status, const char *runtime, GError **error)
{
  g_auto (GVariantBuilder) layers =
    G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a" LAYER_TYPE));
  for (guint i = 0; i < status->layers->len; i++) {
    const MuttLayer *layer = g_ptr_array_index (status->layers, i);
    g_variant_builder_add (&layers, "(uuuubbssx^as^as)", layer->kind, layer->protocol,
                           layer->signature, layer->decryption, layer->authenticated, layer->weak,
                           layer->who, layer->key, layer->signed_at, layer->trusted, layer->notes);
  }
  GVariant *value = g_variant_new ("(ba" LAYER_TYPE "^ass)", status->own_part, &layers,
                                   status->headers, status->digest);
  return mutt_token_wrap (value, runtime, error);
}

char *
mutt_status_seal (const MuttStatus *status, const char *runtime, GError **error)
{
  g_autofree char *token = make_token (status, runtime, error);
  return token != NULL ? g_strconcat (MUTT_SEAL_PREFIX, token, NULL) : NULL;
}

MuttStatus *
mutt_status_unseal (const char *seal, const char *runtime)
{
  g_autoptr (GVariant) value = mutt_token_unwrap (seal, STATUS_TYPE, runtime);
  if (value == NULL)
    return NULL;
  MuttStatus *status = mutt_status_new ();
  g_autoptr (GVariantIter) layers = NULL;
  g_variant_get (value, "(ba" LAYER_TYPE "^ass)", &status->own_part, &layers, &status->headers,
                 &status->digest);
  MuttLayer read = { 0 };
  while (g_variant_iter_next (layers, "(uuuubbssx^as^as)", &read.kind, &read.protocol,
                              &read.signature, &read.decryption, &read.authenticated, &read.weak,
                              &read.who, &read.key, &read.signed_at, &read.trusted, &read.notes))
    g_ptr_array_add (status->layers, g_memdup2 (&read, sizeof read));
  return status;
}

/* --------------------------------------------------------------- left for later -- */

static char *
get_left_path (const char *runtime)
{
  return runtime != NULL ? g_build_filename (runtime, "failure", NULL) : NULL;
}

gboolean
mutt_status_leave (const MuttStatus *status, const char *runtime, GError **error)
{
  g_autofree char *token = make_token (status, runtime, error);
  g_autofree char *path = get_left_path (runtime);
  return token != NULL && output_print (path, token, error);
}

MuttStatus *
mutt_status_pick_up (const char *runtime)
{
  g_autofree char *path = get_left_path (runtime);
  g_autofree char *token = NULL;
  if (path == NULL || !g_file_get_contents (path, &token, NULL, NULL))
    return NULL;
  unlink (path);
  return mutt_status_unseal (token, runtime);
}
