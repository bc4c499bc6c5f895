/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From facts to verdicts, and nowhere else. Whatever is unknown fails: every function
 * here starts from "not good" and only an explicit chain of facts leads out of it. */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "report/report.h"

/* ------------------------------------------------------------------ signers -- */

static const McIdentity *
find_identity (const McSigner *signer, const char *address)
{
  const McIdentity *found = NULL;
  for (guint i = 0; i < signer->identities->len; i++) {
    const McIdentity *identity = signer->identities->pdata[i];
    if (g_strcmp0 (identity->address, address) != 0)
      continue;
    if (found == NULL || identity->trust == MC_TRUST_TRUSTED)
      found = identity;
  }
  return found;
}

/* The first identity that the key is trusted for, else the first. */
static const McIdentity *
first_identity (const McSigner *signer, gboolean *ret_trusted)
{
  *ret_trusted = FALSE;
  for (guint i = 0; i < signer->identities->len; i++) {
    const McIdentity *identity = signer->identities->pdata[i];
    if (identity->trust == MC_TRUST_TRUSTED) {
      *ret_trusted = TRUE;
      return identity;
    }
  }
  return signer->identities->len > 0 ? signer->identities->pdata[0] : NULL;
}

/* What the key itself forbids, whoever it belongs to. GOOD: nothing. */
static McSignatureStatus
judge_key (const McSigner *signer)
{
  switch (signer->validity) {
  case MC_VALIDITY_VALID:
    break;
  case MC_VALIDITY_REVOKED:
    return MC_SIGNATURE_REVOKED;
  case MC_VALIDITY_EXPIRED:
    return MC_SIGNATURE_EXPIRED;
  case MC_VALIDITY_UNKNOWN:
  case MC_VALIDITY_NOT_YET:
  case MC_VALIDITY_UNUSABLE:
  default:
    return MC_SIGNATURE_UNTRUSTED;
  }
  if (signer->weak)
    return MC_SIGNATURE_WEAK;
  return signer->unfit ? MC_SIGNATURE_UNTRUSTED : MC_SIGNATURE_GOOD;
}

McSignatureStatus
_mc_verdict_signer (const McSigner *signer, const char *from, gboolean check_from,
                    const McIdentity **ret_identity)
{
  gboolean any_trusted;
  const McIdentity *speaker = first_identity (signer, &any_trusted);
  const McIdentity *matched = from != NULL ? find_identity (signer, from) : NULL;

  *ret_identity = matched != NULL ? matched : speaker;
  switch (signer->content) {
  case MC_CONTENT_INTACT:
    break;
  case MC_CONTENT_ALTERED:
  case MC_CONTENT_MALFORMED:
    return MC_SIGNATURE_BAD;
  case MC_CONTENT_UNCHECKED:
    return MC_SIGNATURE_UNKNOWN_KEY;
  case MC_CONTENT_UNKNOWN:
  default:
    return MC_SIGNATURE_ERROR;
  }

  McSignatureStatus status = judge_key (signer);
  if (status != MC_SIGNATURE_GOOD)
    return status;
  if (!any_trusted)
    return MC_SIGNATURE_UNTRUSTED;
  if (!check_from)
    return MC_SIGNATURE_GOOD;
  if (matched == NULL)
    return MC_SIGNATURE_NOT_SENDER;
  return matched->trust == MC_TRUST_TRUSTED ? MC_SIGNATURE_GOOD : MC_SIGNATURE_UNTRUSTED;
}

/* ------------------------------------------------------------------- layers -- */

/* How serious a status is, most first: the order of the exit statuses. */
static guint
signature_rank (McSignatureStatus status)
{
  static const guint ranks[] = {
    [MC_SIGNATURE_BAD] = 9,         [MC_SIGNATURE_ERROR] = 8,     [MC_SIGNATURE_UNKNOWN] = 8,
    [MC_SIGNATURE_UNKNOWN_KEY] = 7, [MC_SIGNATURE_REVOKED] = 6,   [MC_SIGNATURE_EXPIRED] = 5,
    [MC_SIGNATURE_WEAK] = 4,        [MC_SIGNATURE_UNTRUSTED] = 3, [MC_SIGNATURE_NOT_SENDER] = 2,
    [MC_SIGNATURE_NONE] = 1,        [MC_SIGNATURE_GOOD] = 0,
  };
  return (guint) status < G_N_ELEMENTS (ranks) ? ranks[status] : 8;
}

/* The rule for several signatures: one that is bad spoils all, whatever their order;
 * else one that is good is enough; else the most serious speaks. */
static gboolean
speaks_louder (McSignatureStatus candidate, McSignatureStatus current)
{
  if (candidate == MC_SIGNATURE_GOOD)
    return signature_rank (current) < signature_rank (MC_SIGNATURE_ERROR);
  if (current == MC_SIGNATURE_GOOD)
    return signature_rank (candidate) >= signature_rank (MC_SIGNATURE_ERROR);
  return signature_rank (candidate) > signature_rank (current);
}

McSignatureStatus
_mc_verdict_layer (const McLayer *layer, gboolean check_from, const McSigner **ret_speaker)
{
  McSignatureStatus status = MC_SIGNATURE_NONE;

  *ret_speaker = NULL;
  for (guint i = 0; i < layer->signers->len; i++) {
    const McIdentity *identity;
    const McSigner *signer = layer->signers->pdata[i];
    McSignatureStatus one = _mc_verdict_signer (signer, layer->sender, check_from, &identity);
    if (*ret_speaker != NULL && !speaks_louder (one, status))
      continue;
    *ret_speaker = signer;
    status = one;
  }
  return layer->structure == MC_CONTENT_MALFORMED ? MC_SIGNATURE_BAD : status;
}

/* ------------------------------------------------------------------ message -- */

/* An encrypted layer that no backend has said anything about is a failure. */
static McDecryptionStatus
decryption_of (const McLayer *layer)
{
  gboolean silent
      = layer->decryption == MC_DECRYPTION_UNKNOWN || layer->decryption == MC_DECRYPTION_NONE;
  return silent ? MC_DECRYPTION_ERROR : layer->decryption;
}

/* The first layer that could not be opened speaks for all. */
static void
add_decryption (GPtrArray *layers, McVerdict *verdict)
{
  gboolean authenticated = TRUE;

  verdict->decryption = MC_DECRYPTION_NONE;
  for (guint i = 0; i < layers->len; i++) {
    const McLayer *layer = layers->pdata[i];
    if (layer->kind != MC_LAYER_ENCRYPTED)
      continue;
    verdict->decryption = decryption_of (layer);
    verdict->decryption_protocol = layer->protocol;
    if (verdict->decryption != MC_DECRYPTION_OK) {
      verdict->authenticated = verdict->counts = FALSE;
      return;
    }
    /* what any layer lets pass may have been altered before an outer one was put on */
    authenticated &= layer->authenticated;
    verdict->authenticated = authenticated;
    verdict->counts |= !layer->weak;
  }
}

static guint
count_to_innermost_encryption (GPtrArray *layers)
{
  guint count = 0;
  for (guint i = 0; i < layers->len; i++)
    if (((McLayer *) layers->pdata[i])->kind == MC_LAYER_ENCRYPTED)
      count = i + 1;
  return count;
}

/* A signature counts when it lies inside every encryption: one around a ciphertext says
 * nothing of what is in it (RFC 9787 section 5.2). Yet a bad one anywhere spoils all. */
static void
add_signature (GPtrArray *layers, McVerdictFlags flags, McVerdict *verdict)
{
  gboolean decided = FALSE;

  verdict->signature = MC_SIGNATURE_NONE;
  verdict->n_outside = count_to_innermost_encryption (layers);
  for (guint i = 0; i < layers->len; i++) {
    const McLayer *layer = layers->pdata[i];
    const McSigner *speaker;
    if (layer->kind != MC_LAYER_SIGNED)
      continue;
    McSignatureStatus status
        = _mc_verdict_layer (layer, (flags & MC_VERDICT_CHECK_FROM) != 0, &speaker);
    if ((flags & MC_VERDICT_SKIP_SIGNATURES) != 0)
      status = MC_SIGNATURE_UNKNOWN;
    if (i < verdict->n_outside && status != MC_SIGNATURE_BAD)
      continue;
    if (decided && !speaks_louder (status, verdict->signature))
      continue;
    decided = TRUE;
    verdict->signature = status;
    verdict->signer = speaker;
    verdict->signature_protocol = layer->protocol;
  }
}

static McSummary
summarise (const McVerdict *verdict)
{
  gboolean is_signed = verdict->signature == MC_SIGNATURE_GOOD;
  gboolean opened = verdict->decryption == MC_DECRYPTION_OK;

  if (opened && verdict->counts)
    return is_signed ? MC_SUMMARY_SIGNED_AND_ENCRYPTED : MC_SUMMARY_ENCRYPTED_ONLY;
  if (verdict->decryption == MC_DECRYPTION_NO_KEY)
    return MC_SUMMARY_ENCRYPTED_ONLY;
  if (is_signed && (opened || verdict->decryption == MC_DECRYPTION_NONE))
    return MC_SUMMARY_SIGNED_ONLY;
  return MC_SUMMARY_UNPROTECTED;
}

McVerdict
_mc_verdict_message (GPtrArray *layers, McVerdictFlags flags)
{
  McVerdict verdict = { 0 };

  add_decryption (layers, &verdict);
  add_signature (layers, flags, &verdict);
  verdict.summary = summarise (&verdict);
  return verdict;
}

/* ------------------------------------------------------------- explanations -- */

static void
explain_sender (McSigner *signer, const char *sender)
{
  if (_mc_reasons_have (signer->reasons, "not-sender")
      || _mc_reasons_have (signer->reasons, "from-ambiguous"))
    return;
  if (sender == NULL) {
    g_ptr_array_add (signer->reasons,
                     _mc_reason_new ("from-ambiguous", NULL,
                                     _("the message does not name exactly one sender")));
    return;
  }
  g_autofree char *address = mc_text_escape_line (mc_signer_get_address (signer));
  g_autofree char *from = mc_text_escape_line (sender);
  g_ptr_array_add (signer->reasons,
                   _mc_reason_new ("not-sender", NULL, _("signed by %s, but the sender is %s"),
                                   *address != '\0' ? address : _("somebody without an address"),
                                   from));
}

/* What no backend can say, since it does not know for whom the signer has to speak. */
static void
explain_untrusted (McSigner *signer)
{
  g_autofree char *address = mc_text_escape_line (mc_signer_get_address (signer));
  g_autofree char *hint = NULL;

  if (signer->fingerprint != NULL && *address != '\0')
    hint = g_strdup_printf (_("when you have compared the fingerprint with its owner: "
                              "mailcrypt keys trust %s --for %s"),
                            signer->fingerprint, address);
  g_ptr_array_add (signer->reasons,
                   _mc_reason_new ("untrusted", hint,
                                   _("nobody has confirmed that the key belongs to %s"),
                                   *address != '\0' ? address : _("its owner")));
}

static void
explain_signer (McSigner *signer, const char *sender)
{
  if (signer->status == MC_SIGNATURE_NOT_SENDER)
    explain_sender (signer, sender);
  else if (signer->status == MC_SIGNATURE_UNTRUSTED && signer->reasons->len == 0)
    explain_untrusted (signer);
  else if (signer->status == MC_SIGNATURE_ERROR && signer->reasons->len == 0)
    g_ptr_array_add (signer->reasons,
                     _mc_reason_new ("unclear", NULL,
                                     _("the engine gave no clear answer about a signature")));
}

/* Writes down what the layer's signers are worth, and why. */
static void
judge_signed_layer (McLayer *layer, gboolean check_from)
{
  const McSigner *speaker;

  for (guint i = 0; i < layer->signers->len; i++) {
    McSigner *signer = layer->signers->pdata[i];
    signer->status = _mc_verdict_signer (signer, layer->sender, check_from, &signer->identity);
    explain_signer (signer, layer->sender);
  }
  layer->signature = _mc_verdict_layer (layer, check_from, &speaker);
}

static void
explain_outside (McLayer *layer)
{
  if (layer->signature != MC_SIGNATURE_BAD
      && !_mc_reasons_have (layer->reasons, "signature-outside-encryption"))
    _mc_layer_add_reason (layer, "signature-outside-encryption", NULL,
                          _("a signature around the encryption does not vouch for "
                             "what is inside"));
}

/* The layers one by one; the reasons of those behind one that stayed closed do not count. */
static void
judge_layers (McReport *report, guint n_outside)
{
  gboolean closed = FALSE;

  for (guint i = 0; i < report->layers->len; i++) {
    McLayer *layer = report->layers->pdata[i];
    if (layer->kind == MC_LAYER_SIGNED) {
      judge_signed_layer (layer, report->check_from);
      if (report->skip_signatures)
        layer->signature = MC_SIGNATURE_UNKNOWN;
      if (i < n_outside)
        explain_outside (layer);
    } else if (layer->kind == MC_LAYER_ENCRYPTED && !closed) {
      layer->decryption = decryption_of (layer);
      closed = layer->decryption != MC_DECRYPTION_OK;
      _mc_reasons_merge (report->reasons, layer->reasons);
    }
  }
}

static void
merge_signature_reasons (McReport *report)
{
  for (guint i = 0; i < report->layers->len; i++) {
    const McLayer *layer = report->layers->pdata[i];
    if (layer->kind != MC_LAYER_SIGNED)
      continue;
    _mc_reasons_merge (report->reasons, layer->reasons);
    for (guint j = 0; j < layer->signers->len; j++) {
      const McSigner *signer = layer->signers->pdata[j];
      if (signer->status != MC_SIGNATURE_GOOD)
        _mc_reasons_merge (report->reasons, signer->reasons);
    }
  }
}

/* Errant layers never change the verdict; that they are there is worth a word. */
static void
judge_errant (McReport *report)
{
  for (guint i = 0; i < report->errant->len; i++) {
    McLayer *layer = report->errant->pdata[i];
    gboolean is_signed = layer->kind == MC_LAYER_SIGNED;
    if (is_signed)
      judge_signed_layer (layer, report->check_from);
    else if (layer->decryption == MC_DECRYPTION_UNKNOWN)
      layer->decryption = MC_DECRYPTION_NONE;
    const char *code = is_signed ? "partly-signed" : "partly-encrypted";
    if (!_mc_reasons_have (report->reasons, code))
      g_ptr_array_add (report->reasons,
                       _mc_reason_new (code, NULL,
                                       is_signed ? _("a signature covers only part %s")
                                                 : _("only part %s is encrypted"),
                                       layer->path));
  }
}

static void
explain_absence (McReport *report, gboolean encrypted)
{
  if (report->layers->len == 0)
    g_ptr_array_add (report->reasons,
                     _mc_reason_new ("not-protected", NULL,
                                     _("the message is neither signed nor encrypted")));
  else if (encrypted && report->signature == MC_SIGNATURE_NONE)
    g_ptr_array_add (report->reasons,
                     _mc_reason_new ("not-signed", NULL,
                                     _("encrypted, but nobody vouches for the content: "
                                        "anybody could have written it")));
}

/* ------------------------------------------------------------------ headers -- */

/* Whether somebody vouches for what is inside. */
static gboolean
is_signed_summary (McSummary summary)
{
  return summary == MC_SUMMARY_SIGNED_ONLY || summary == MC_SUMMARY_SIGNED_AND_ENCRYPTED;
}

McSummary
_mc_verdict_header (const McHeader *header, McSummary summary)
{
  gboolean is_signed = is_signed_summary (summary);
  gboolean is_secret = !header->exposed
                       && (summary == MC_SUMMARY_ENCRYPTED_ONLY
                           || summary == MC_SUMMARY_SIGNED_AND_ENCRYPTED);

  if (header->inside == NULL)
    return MC_SUMMARY_UNPROTECTED;
  if (is_signed)
    return is_secret ? MC_SUMMARY_SIGNED_AND_ENCRYPTED : MC_SUMMARY_SIGNED_ONLY;
  return is_secret ? MC_SUMMARY_ENCRYPTED_ONLY : MC_SUMMARY_UNPROTECTED;
}

static void
judge_header (McHeader *header, McSummary summary, gboolean doubt_from)
{
  gboolean is_from = g_ascii_strcasecmp (header->name, "From") == 0;

  if (doubt_from && is_from && header->outside != NULL) {
    header->value = header->outside;
    header->outer = NULL;
    header->state = MC_SUMMARY_UNPROTECTED;
    return;
  }
  header->value = header->inside != NULL ? header->inside : header->outside;
  header->outer = header->inside != NULL && header->differs ? header->outside : NULL;
  header->state = _mc_verdict_header (header, summary);
}

static char *
join_addresses (GStrv addresses)
{
  g_autofree char *joined = g_strjoinv (", ", addresses);
  return *joined != '\0' ? mc_text_escape_line (joined) : g_strdup (_("nobody"));
}

static void
explain_from (McReport *report)
{
  g_autofree char *inside = join_addresses (report->from_inside);
  g_autofree char *outside = join_addresses (report->from_outside);

  g_ptr_array_insert (report->reasons, 0,
                      _mc_reason_new ("from-mismatch",
                                      _("take the message for one by nobody in particular"),
                                      _("the protected part claims to be from %s, the message "
                                        "itself from %s, and no good signature settles it"),
                                      inside, outside));
}

/* What the author would have written stands outside only: somebody else put it there. */
static void
explain_added (McReport *report)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; report->protects_header && i < report->headers->len; i++) {
    const McHeader *header = report->headers->pdata[i];
    gboolean is_from = g_ascii_strcasecmp (header->name, "From") == 0;
    if (header->inside == NULL && _mc_header_is_authored (header->name)
        && (!is_from || report->from_inside != NULL))
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", header->name);
  }
  if (names->len > 0)
    g_ptr_array_add (report->reasons,
                     _mc_reason_new ("header-added", NULL,
                                     _("not by the author and not believed, for it stands "
                                       "outside of the protected header: %s"),
                                     names->str));
}

/* RFC 9788 section 4.4: a From inside that is another than the one outside, which the
 * transport may have checked, is believed only on the word of a signature. */
static void
judge_headers (McReport *report)
{
  gboolean doubt_from = report->from_differs && (report->signature != MC_SIGNATURE_GOOD
                                                || !report->check_from);
  gboolean inside = report->from_inside != NULL
                    && (!doubt_from || *report->from_outside == NULL);

  report->from = inside ? report->from_inside : report->from_outside;
  for (guint i = 0; i < report->headers->len; i++)
    judge_header (report->headers->pdata[i], report->summary, doubt_from);
  if (doubt_from && !report->described)
    explain_from (report);
  explain_added (report);
}

void
_mc_report_judge (McReport *report)
{
  g_ptr_array_set_size (report->reasons, 0);
  if (report->described) {
    judge_headers (report);
    return;
  }
  McVerdict verdict = _mc_verdict_message (
      report->layers, (report->check_from ? MC_VERDICT_CHECK_FROM : 0)
                          | (report->skip_signatures ? MC_VERDICT_SKIP_SIGNATURES : 0));
  report->summary = verdict.summary;
  report->signature = verdict.signature;
  report->signer = verdict.signer;
  report->signature_protocol = verdict.signature_protocol;
  report->decryption = verdict.decryption;
  report->decryption_protocol = verdict.decryption_protocol;
  report->authenticated = verdict.authenticated;

  judge_layers (report, verdict.n_outside);
  merge_signature_reasons (report);
  explain_absence (report, verdict.decryption == MC_DECRYPTION_OK && verdict.counts);
  judge_errant (report);
  judge_headers (report);
}

/* ------------------------------------------------------------- exit statuses -- */

static gboolean
have_malformed_encryption (const McReport *report)
{
  for (guint i = 0; i < report->layers->len; i++) {
    const McLayer *layer = report->layers->pdata[i];
    if (layer->kind == MC_LAYER_ENCRYPTED && layer->structure == MC_CONTENT_MALFORMED)
      return TRUE;
  }
  return report->inline_layer != NULL
         && report->inline_layer->structure == MC_CONTENT_MALFORMED;
}

int
mc_report_get_decrypt_status (const McReport *report)
{
  McDecryptionStatus status = report->decryption;
  const McLayer *inline_layer = report->inline_layer;

  if (status == MC_DECRYPTION_NONE && inline_layer != NULL)
    status = inline_layer->decryption;
  switch (status) {
  case MC_DECRYPTION_OK:
    return 0;
  case MC_DECRYPTION_NONE:
    return 3;
  case MC_DECRYPTION_NO_KEY:
    return 8;
  case MC_DECRYPTION_FAILED:
    return 9;
  case MC_DECRYPTION_UNKNOWN:
  case MC_DECRYPTION_ERROR:
  default:
    return have_malformed_encryption (report) ? 10 : 12;
  }
}

static int
signature_exit_status (McSignatureStatus status)
{
  switch (status) {
  case MC_SIGNATURE_GOOD:
    return 0;
  case MC_SIGNATURE_NONE:
    return 3;
  case MC_SIGNATURE_BAD:
    return 4;
  case MC_SIGNATURE_UNKNOWN_KEY:
    return 5;
  case MC_SIGNATURE_UNTRUSTED:
  case MC_SIGNATURE_EXPIRED:
  case MC_SIGNATURE_REVOKED:
  case MC_SIGNATURE_WEAK:
    return 6;
  case MC_SIGNATURE_NOT_SENDER:
    return 7;
  case MC_SIGNATURE_UNKNOWN:
  case MC_SIGNATURE_ERROR:
  default:
    return 12;
  }
}

int
mc_report_get_verify_status (const McReport *report)
{
  int decrypt
      = report->decryption == MC_DECRYPTION_NONE ? 0 : mc_report_get_decrypt_status (report);
  int signature = signature_exit_status (report->signature);

  if (decrypt == 9)
    return 9;
  if (signature == 4)
    return 4;
  return decrypt != 0 ? decrypt : signature;
}
