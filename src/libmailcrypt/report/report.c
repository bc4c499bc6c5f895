/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "report/report.h"

#include "base/address.h"

/* ------------------------------------------------------------------ reasons -- */

static McReason *reason_new_valist (const char *code, const char *hint, const char *format,
                                    va_list args) G_GNUC_PRINTF (3, 0);

static McReason *
reason_new_valist (const char *code, const char *hint, const char *format, va_list args)
{
  McReason *reason = g_new0 (McReason, 1);
  reason->code = g_strdup (code);
  reason->text = g_strdup_vprintf (format, args);
  reason->hint = g_strdup (hint);
  return reason;
}

McReason *
_mc_reason_new (const char *code, const char *hint, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  McReason *reason = reason_new_valist (code, hint, format, args);
  va_end (args);
  return reason;
}

McReason *
_mc_reason_copy (const McReason *reason)
{
  return _mc_reason_new (reason->code, reason->hint, "%s", reason->text);
}

void
_mc_reason_free (McReason *reason)
{
  if (reason == NULL)
    return;
  g_free (reason->code);
  g_free (reason->text);
  g_free (reason->hint);
  g_free (reason);
}

GPtrArray *
_mc_reasons_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_reason_free);
}

gboolean
_mc_reasons_have (GPtrArray *reasons, const char *code)
{
  for (guint i = 0; i < reasons->len; i++)
    if (strcmp (((McReason *) reasons->pdata[i])->code, code) == 0)
      return TRUE;
  return FALSE;
}

void
_mc_reasons_merge (GPtrArray *reasons, GPtrArray *from)
{
  for (guint i = 0; i < from->len; i++) {
    const McReason *reason = from->pdata[i];
    if (!_mc_reasons_have (reasons, reason->code))
      g_ptr_array_add (reasons, _mc_reason_copy (reason));
  }
}

const char *
mc_reason_get_code (const McReason *reason)
{
  return reason->code;
}

const char *
mc_reason_get_text (const McReason *reason)
{
  return reason->text;
}

const char *
mc_reason_get_hint (const McReason *reason)
{
  return reason->hint;
}

/* --------------------------------------------------------------- identities -- */

McIdentity *
_mc_identity_new (const char *address, const char *name, McTrustFact trust)
{
  McIdentity *identity = g_new0 (McIdentity, 1);
  identity->address = address != NULL ? _mc_address_normalise (address, -1) : NULL;
  identity->display = g_strdup (address);
  identity->name = g_strdup (name);
  identity->trust = trust;
  return identity;
}

McIdentity *
_mc_identity_copy (const McIdentity *identity)
{
  McIdentity *copy = _mc_identity_new (identity->display, identity->name, identity->trust);
  copy->validity = identity->validity;
  copy->tofu = identity->tofu;
  return copy;
}

void
_mc_identity_free (McIdentity *identity)
{
  if (identity == NULL)
    return;
  g_free (identity->address);
  g_free (identity->display);
  g_free (identity->name);
  g_free (identity);
}

/* ------------------------------------------------------------------ signers -- */

McSigner *
_mc_signer_new (void)
{
  McSigner *signer = g_new0 (McSigner, 1);
  signer->identities = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_identity_free);
  signer->reasons = _mc_reasons_new ();
  return signer;
}

void
_mc_signer_free (McSigner *signer)
{
  if (signer == NULL)
    return;
  g_ptr_array_unref (signer->identities);
  g_ptr_array_unref (signer->reasons);
  g_free (signer->fingerprint);
  g_free (signer->key_id);
  g_free (signer->algorithm);
  g_free (signer->digest);
  g_free (signer->subject);
  g_free (signer->issuer);
  g_free (signer->public_key);
  if (signer->brought != NULL)
    signer->brought_free (signer->brought);
  g_free (signer);
}

McSignatureStatus
mc_signer_get_status (const McSigner *signer)
{
  return signer->status;
}

const char *
mc_signer_get_address (const McSigner *signer)
{
  return signer->identity != NULL ? signer->identity->display : NULL;
}

guint
mc_signer_get_n_identities (const McSigner *signer)
{
  return signer->identities->len;
}

const char *
mc_signer_get_identity_address (const McSigner *signer, guint i)
{
  return ((const McIdentity *) signer->identities->pdata[i])->address;
}

gboolean
mc_signer_get_identity_trusted (const McSigner *signer, guint i)
{
  return ((const McIdentity *) signer->identities->pdata[i])->trust == MC_TRUST_TRUSTED;
}

const char *
mc_signer_get_name (const McSigner *signer)
{
  return signer->identity != NULL ? signer->identity->name : NULL;
}

const char *
mc_signer_get_fingerprint (const McSigner *signer)
{
  return signer->fingerprint;
}

const char *
mc_signer_get_key_id (const McSigner *signer)
{
  return signer->key_id;
}

const char *
mc_signer_get_algorithm (const McSigner *signer)
{
  return signer->algorithm;
}

const char *
mc_signer_get_digest (const McSigner *signer)
{
  return signer->digest;
}

const char *
mc_signer_get_subject (const McSigner *signer)
{
  return signer->subject;
}

const char *
mc_signer_get_issuer (const McSigner *signer)
{
  return signer->issuer;
}

gint64
mc_signer_get_signed_at (const McSigner *signer)
{
  return signer->signed_at;
}

gint64
mc_signer_get_valid_from (const McSigner *signer)
{
  return signer->valid_from;
}

gint64
mc_signer_get_valid_until (const McSigner *signer)
{
  return signer->valid_until;
}

GPtrArray *
mc_signer_get_reasons (const McSigner *signer)
{
  return signer->reasons;
}

/* --------------------------------------------------------------- recipients -- */

McRecipient *
_mc_recipient_new (void)
{
  return g_new0 (McRecipient, 1);
}

void
_mc_recipient_free (McRecipient *recipient)
{
  if (recipient == NULL)
    return;
  g_free (recipient->key_id);
  g_free (recipient->address);
  g_free (recipient->algorithm);
  g_free (recipient);
}

const char *
mc_recipient_get_key_id (const McRecipient *recipient)
{
  return recipient->key_id;
}

const char *
mc_recipient_get_address (const McRecipient *recipient)
{
  return recipient->address;
}

const char *
mc_recipient_get_algorithm (const McRecipient *recipient)
{
  return recipient->algorithm;
}

gboolean
mc_recipient_get_have_secret (const McRecipient *recipient)
{
  return recipient->have_secret;
}

/* ------------------------------------------------------------------- layers -- */

McLayer *
_mc_layer_new (McLayerKind kind, McProtocol protocol, const char *path)
{
  McLayer *layer = g_rc_box_new0 (McLayer);
  layer->kind = kind;
  layer->protocol = protocol;
  layer->path = g_strdup (path);
  layer->algorithms = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  layer->signers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_signer_free);
  layer->recipients = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_recipient_free);
  layer->reasons = _mc_reasons_new ();
  return layer;
}

McLayer *
_mc_layer_ref (McLayer *layer)
{
  return g_rc_box_acquire (layer);
}

static void
layer_clear (McLayer *layer)
{
  g_free (layer->path);
  g_free (layer->sender);
  g_hash_table_unref (layer->algorithms);
  g_ptr_array_unref (layer->signers);
  g_ptr_array_unref (layer->recipients);
  g_ptr_array_unref (layer->reasons);
}

void
_mc_layer_unref (McLayer *layer)
{
  if (layer != NULL)
    g_rc_box_release_full (layer, (GDestroyNotify) layer_clear);
}

void
_mc_layer_set_algorithm (McLayer *layer, const char *role, const char *name)
{
  if (name != NULL)
    g_hash_table_insert (layer->algorithms, g_strdup (role), g_strdup (name));
}

void
_mc_layer_add_reason (McLayer *layer, const char *code, const char *hint, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_ptr_array_add (layer->reasons, reason_new_valist (code, hint, format, args));
  va_end (args);
}

void
_mc_layer_absorb (McLayer *layer, McLayer *from)
{
  GHashTableIter iter;
  gpointer role, name;

  g_ptr_array_extend_and_steal (layer->signers, g_steal_pointer (&from->signers));
  g_ptr_array_extend_and_steal (layer->recipients, g_steal_pointer (&from->recipients));
  g_ptr_array_extend_and_steal (layer->reasons, g_steal_pointer (&from->reasons));
  from->signers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_signer_free);
  from->recipients = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_recipient_free);
  from->reasons = _mc_reasons_new ();
  g_hash_table_iter_init (&iter, from->algorithms);
  while (g_hash_table_iter_next (&iter, &role, &name))
    _mc_layer_set_algorithm (layer, role, name);
}

gboolean
_mc_layers_have_kind (GPtrArray *layers, McLayerKind kind)
{
  for (guint i = 0; i < layers->len; i++)
    if (((McLayer *) layers->pdata[i])->kind == kind)
      return TRUE;
  return FALSE;
}

McLayerKind
mc_layer_get_kind (const McLayer *layer)
{
  return layer->kind;
}

McProtocol
mc_layer_get_protocol (const McLayer *layer)
{
  return layer->protocol;
}

const char *
mc_layer_get_path (const McLayer *layer)
{
  return layer->path;
}

McSignatureStatus
mc_layer_get_signature_status (const McLayer *layer)
{
  return layer->signature;
}

McDecryptionStatus
mc_layer_get_decryption_status (const McLayer *layer)
{
  return layer->decryption;
}

gboolean
mc_layer_get_authenticated (const McLayer *layer)
{
  return layer->authenticated;
}

const char *
mc_layer_get_algorithm (const McLayer *layer, const char *role)
{
  return g_hash_table_lookup (layer->algorithms, role);
}

GPtrArray *
mc_layer_get_signers (const McLayer *layer)
{
  return layer->signers;
}

GPtrArray *
mc_layer_get_recipients (const McLayer *layer)
{
  return layer->recipients;
}

GPtrArray *
mc_layer_get_reasons (const McLayer *layer)
{
  return layer->reasons;
}

/* ------------------------------------------------------------------- report -- */

McHeader *
_mc_header_new (const char *name, const char *inside, const char *outside)
{
  McHeader *header = g_new0 (McHeader, 1);
  header->name = g_strdup (name);
  header->inside = g_strdup (inside);
  header->outside = g_strdup (outside);
  header->value = inside != NULL ? header->inside : header->outside;
  header->state = MC_SUMMARY_UNPROTECTED;
  return header;
}

void
_mc_header_free (McHeader *header)
{
  if (header == NULL)
    return;
  g_free (header->name);
  g_free (header->inside);
  g_free (header->outside);
  g_free (header);
}

gboolean
_mc_header_is_authored (const char *name)
{
  static const char *const names[] = {
    "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Comments", "Keywords",
    "In-Reply-To", "References", "Followup-To", "Mail-Followup-To", "Mail-Reply-To",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (names[i], name) == 0)
      return TRUE;
  return FALSE;
}

McReport *
_mc_report_new (void)
{
  McReport *report = g_new0 (McReport, 1);
  report->layers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_layer_unref);
  report->errant = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_layer_unref);
  report->headers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_header_free);
  report->parts = g_ptr_array_new ();
  report->reasons = _mc_reasons_new ();
  report->from_outside = g_new0 (char *, 1);
  report->from = report->from_outside;
  report->check_from = TRUE;
  return report;
}

void
_mc_report_free (McReport *report)
{
  if (report == NULL)
    return;
  g_ptr_array_unref (report->layers);
  g_ptr_array_unref (report->errant);
  g_ptr_array_unref (report->headers);
  g_ptr_array_unref (report->parts);
  g_ptr_array_unref (report->reasons);
  g_strfreev (report->from_inside);
  g_strfreev (report->from_outside);
  g_free (report);
}

McSummary
mc_report_get_summary (const McReport *report)
{
  return report->summary;
}

McSignatureStatus
mc_report_get_signature_status (const McReport *report)
{
  return report->signature;
}

const McSigner *
mc_report_get_signer (const McReport *report)
{
  return report->signer;
}

McDecryptionStatus
mc_report_get_decryption_status (const McReport *report)
{
  return report->decryption;
}

gboolean
mc_report_get_authenticated (const McReport *report)
{
  return report->authenticated;
}

const char *const *
mc_report_get_from (const McReport *report)
{
  return (const char *const *) report->from;
}

GPtrArray *
mc_report_get_layers (const McReport *report)
{
  return report->layers;
}

GPtrArray *
mc_report_get_errant (const McReport *report)
{
  return report->errant;
}

GPtrArray *
mc_report_get_reasons (const McReport *report)
{
  return report->reasons;
}
