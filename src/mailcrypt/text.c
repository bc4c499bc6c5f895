/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "text.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "tool.h"

/* -------------------------------------------------------------- small things -- */

char *
text_from_size (guint64 bytes)
{
  return g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
}

static char *
format_time (gint64 time, const char *format)
{
  if (time == 0)
    return g_strdup ("");
  g_autoptr (GDateTime) moment = g_date_time_new_from_unix_local (time);
  /* Beyond the year 9999, where some certificates end. */
  if (moment == NULL)
    return g_strdup_printf ("@%" G_GINT64_FORMAT, time);
  return g_date_time_format (moment, format);
}

char *
text_from_day (gint64 time)
{
  return format_time (time, "%Y-%m-%d");
}

char *
text_from_time (gint64 time)
{
  return format_time (time, "%Y-%m-%d %H:%M");
}

/* ------------------------------------------------------------------- colour -- */

gboolean
text_wants_color (const char *when, gboolean *ret_color, GError **error)
{
  const char *never = g_getenv ("NO_COLOR");
  gboolean to_file = options.output != NULL && strcmp (options.output, "-") != 0;
  if (when == NULL || strcmp (when, "auto") == 0)
    *ret_color = (never == NULL || *never == '\0') && !to_file
                 && isatty (STDOUT_FILENO) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
  else if (strcmp (when, "always") == 0)
    *ret_color = TRUE;
  else if (strcmp (when, "never") == 0)
    *ret_color = FALSE;
  else {
    tool_set_usage (error, _("it is auto, always or never"), _("unknown use of colour '%s'"), when);
    return FALSE;
  }
  return TRUE;
}

void
text_append_tone (GString *out, Tone tone, const char *line, gboolean color)
{
  static const char *const codes[] = {
    [TONE_PLAIN] = "1", [TONE_GOOD] = "1;32", [TONE_DOUBT] = "1;33", [TONE_BAD] = "1;31",
  };
  if (color)
    g_string_append_printf (out, "\033[%sm%s\033[0m", codes[tone], line);
  else
    g_string_append (out, line);
}

/* --------------------------------------------------------------- the verdict -- */

static void
line_free (gpointer data)
{
  Line *line = data;
  g_free (line->text);
  g_free (line);
}

static void
add_line (GPtrArray *lines, Tone tone, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
add_line (GPtrArray *lines, Tone tone, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  Line *line = g_new (Line, 1);
  line->tone = tone;
  line->text = mc_text_escape_line (text);
  g_ptr_array_add (lines, line);
}

/* A name in which more could be read than a name is set in quotes: nothing has checked it. */
static char *
describe_name (const char *name)
{
  g_autofree char *safe = mc_text_escape_line (name);
  g_autofree char *plain = g_utf8_normalize (safe, -1, G_NORMALIZE_ALL_COMPOSE);
  if (plain != NULL && strpbrk (plain, "@<>()[]\",:;") == NULL)
    return g_steal_pointer (&safe);
  g_auto (GStrv) pieces = g_strsplit (safe, "\"", -1);
  g_autofree char *inner = g_strjoinv ("\\\"", pieces);
  return g_strdup_printf ("\"%s\"", inner);
}

char *
text_from_identity (const char *address, const char *name)
{
  g_autofree char *safe_address = address != NULL ? mc_text_escape_line (address) : NULL;
  g_autofree char *safe_name = name != NULL ? describe_name (name) : NULL;
  if (safe_address != NULL && safe_name != NULL)
    return g_strdup_printf ("%s (%s)", safe_address, safe_name);
  return safe_address != NULL ? g_steal_pointer (&safe_address) : g_steal_pointer (&safe_name);
}

/* Who signed: the address first, since it is what was checked; a name is only a claim. */
char *
text_describe_signer (const McSigner *signer)
{
  if (signer == NULL)
    return g_strdup (_("somebody unknown"));
  const char *address = mc_signer_get_address (signer);
  const char *name = mc_signer_get_name (signer);
  if (name == NULL && address == NULL)
    name = mc_signer_get_subject (signer);
  if (address != NULL || name != NULL)
    return text_from_identity (address, name);
  const char *key = mc_signer_get_fingerprint (signer);
  if (key == NULL)
    key = mc_signer_get_key_id (signer);
  return key != NULL ? mc_text_escape_line (key) : g_strdup (_("somebody unknown"));
}

Tone
text_get_signature_tone (McSignatureStatus status)
{
  switch (status) {
    case MC_SIGNATURE_GOOD: return TONE_GOOD;
    case MC_SIGNATURE_NONE: return TONE_PLAIN;
    case MC_SIGNATURE_BAD:
    case MC_SIGNATURE_REVOKED:
    case MC_SIGNATURE_NOT_SENDER: return TONE_BAD;
    default: return TONE_DOUBT;
  }
}

char *
text_describe_signature (McSignatureStatus status, const char *who)
{
  switch (status) {
    case MC_SIGNATURE_NONE: return g_strdup (_("not signed"));
    case MC_SIGNATURE_GOOD: return g_strdup_printf (_("signed by %s"), who);
    case MC_SIGNATURE_BAD: return g_strdup (_("bad signature: altered on the way, or forged"));
    case MC_SIGNATURE_UNKNOWN_KEY:
      return g_strdup_printf (_("signed with a key that is not known here: %s"), who);
    case MC_SIGNATURE_UNTRUSTED:
      return g_strdup_printf (_("signed by somebody not trusted: %s"), who);
    case MC_SIGNATURE_EXPIRED: return g_strdup_printf (_("signed with an expired key: %s"), who);
    case MC_SIGNATURE_REVOKED: return g_strdup_printf (_("signed with a revoked key: %s"), who);
    case MC_SIGNATURE_WEAK: return g_strdup_printf (_("signed too weakly to count: %s"), who);
    case MC_SIGNATURE_NOT_SENDER:
      return g_strdup_printf (_("signed by somebody who is not the sender: %s"), who);
    case MC_SIGNATURE_ERROR: return g_strdup (_("signed, and the signature could not be checked"));
    case MC_SIGNATURE_UNKNOWN:
    default: return g_strdup (_("signature not checked"));
  }
}

const char *
text_describe_decryption (McDecryptionStatus status)
{
  switch (status) {
    case MC_DECRYPTION_NONE: return _("not encrypted");
    case MC_DECRYPTION_OK: return _("encrypted");
    case MC_DECRYPTION_NO_KEY: return _("encrypted, and there is no key here to read it");
    case MC_DECRYPTION_FAILED: return _("encrypted, and damaged or altered on the way");
    case MC_DECRYPTION_ERROR: return _("encrypted, and could not be decrypted");
    case MC_DECRYPTION_UNKNOWN:
    default: return _("encryption not checked");
  }
}

/* Content that could be decrypted and counts as open to all: its cipher is a broken one. */
static gboolean
is_weakly_encrypted (const McReport *report)
{
  McSummary summary = mc_report_get_summary (report);
  return mc_report_get_decryption_status (report) == MC_DECRYPTION_OK
         && summary != MC_SUMMARY_ENCRYPTED_ONLY && summary != MC_SUMMARY_SIGNED_AND_ENCRYPTED;
}

/* A signature's status as the beginning of the headline. */
static char *
headline_signature (McSignatureStatus status, const McSigner *signer)
{
  g_autofree char *who = text_describe_signer (signer);
  g_autofree char *clause = text_describe_signature (status, who);
  switch (status) {
    case MC_SIGNATURE_GOOD: return g_strdup_printf (_("Signed by %s"), who);
    case MC_SIGNATURE_BAD: return g_strdup (_("BAD signature: altered on the way, or forged"));
    case MC_SIGNATURE_NOT_SENDER:
      return g_strdup_printf (_("NOT signed by the sender: signed by %s"), who);
    case MC_SIGNATURE_UNKNOWN_KEY:
    case MC_SIGNATURE_UNTRUSTED: return g_strdup_printf (_("NOT confirmed: %s"), clause);
    case MC_SIGNATURE_EXPIRED:
    case MC_SIGNATURE_REVOKED:
    case MC_SIGNATURE_WEAK: return g_strdup_printf (_("NOT valid: %s"), clause);
    default: return g_strdup_printf (_("NOT checked: %s"), clause);
  }
}

static const char *
headline_decryption (const McReport *report)
{
  if (is_weakly_encrypted (report))
    return _("encrypted too weakly to count");
  return text_describe_decryption (mc_report_get_decryption_status (report));
}

static char *
make_headline (const McReport *report)
{
  McSignatureStatus signature = mc_report_get_signature_status (report);
  McDecryptionStatus decryption = mc_report_get_decryption_status (report);

  if (decryption == MC_DECRYPTION_NONE && signature == MC_SIGNATURE_NONE)
    return g_strdup (_("Neither signed nor encrypted"));
  if (signature != MC_SIGNATURE_NONE) {
    g_autofree char *first = headline_signature (signature, mc_report_get_signer (report));
    return g_strdup_printf ("%s, %s", first, headline_decryption (report));
  }
  if (is_weakly_encrypted (report))
    return g_strdup (_("Encrypted too weakly to count, NOT signed"));
  if (decryption == MC_DECRYPTION_OK)
    return g_strdup (_("Encrypted, NOT signed"));
  return g_strdup_printf (_("NOT readable: %s"), text_describe_decryption (decryption));
}

/* One line on what holds. */
static void
add_headline (GPtrArray *lines, const McReport *report)
{
  McSignatureStatus signature = mc_report_get_signature_status (report);
  McDecryptionStatus decryption = mc_report_get_decryption_status (report);
  gboolean readable = decryption == MC_DECRYPTION_NONE || decryption == MC_DECRYPTION_OK;
  Tone tone = text_get_signature_tone (signature);

  if (!readable || is_weakly_encrypted (report))
    tone = TONE_BAD;
  else if (signature == MC_SIGNATURE_NONE && decryption == MC_DECRYPTION_OK)
    tone = TONE_DOUBT;
  g_autofree char *text = make_headline (report);
  add_line (lines, tone, "%s", text);
}

static void
add_hints (GPtrArray *lines, const char *hints)
{
  g_auto (GStrv) rows = tool_split_hints (hints);
  for (char **row = rows; *row != NULL; row++)
    add_line (lines, TONE_PLAIN, _("hint: %s"), *row);
}

static gboolean
have_reason (GPtrArray *reasons, const char *code)
{
  for (guint i = 0; i < reasons->len; i++)
    if (strcmp (mc_reason_get_code (g_ptr_array_index (reasons, i)), code) == 0)
      return TRUE;
  return FALSE;
}

/* What other lines say better. */
static gboolean
is_said_elsewhere (GPtrArray *reasons, const McReason *reason)
{
  static const char *const codes[] = { "not-protected", "partly-signed", "partly-encrypted", NULL };
  const char *code = mc_reason_get_code (reason);
  return g_strv_contains (codes, code)
         || (strcmp (code, "untrusted") == 0 && have_reason (reasons, "distrusted"));
}

static void
add_reasons (GPtrArray *lines, GPtrArray *reasons)
{
  g_autoptr (GString) hints = g_string_new (NULL);
  for (guint i = 0; i < reasons->len; i++) {
    const McReason *reason = g_ptr_array_index (reasons, i);
    if (is_said_elsewhere (reasons, reason))
      continue;
    add_line (lines, TONE_PLAIN, "%s", mc_reason_get_text (reason));
    const char *hint = mc_reason_get_hint (reason);
    g_string_append_printf (hints, "%s\n", hint != NULL ? hint : "");
  }
  add_hints (lines, hints->str);
}

/* Which key made the signature that counts, and when. */
static void
add_key (GPtrArray *lines, const McReport *report)
{
  const McSigner *signer = mc_report_get_signer (report);
  const char *fingerprint = signer != NULL ? mc_signer_get_fingerprint (signer) : NULL;
  if (fingerprint == NULL)
    return;
  g_autofree char *safe = mc_text_escape_line (fingerprint);
  g_autofree char *when = text_from_time (mc_signer_get_signed_at (signer));
  if (*when != '\0')
    add_line (lines, TONE_PLAIN, _("key %s, signed on %s"), safe, when);
  else
    add_line (lines, TONE_PLAIN, _("key %s"), safe);
}

/* What is worth a word about a signature although it is good. */
static void
add_news (GPtrArray *lines, const McReport *report)
{
  const McSigner *signer = mc_report_get_signer (report);
  g_autoptr (GPtrArray) news = g_ptr_array_new ();
  if (signer == NULL || mc_signer_get_status (signer) != MC_SIGNATURE_GOOD)
    return;
  GPtrArray *reasons = mc_signer_get_reasons (signer);
  for (guint i = 0; i < reasons->len; i++)
    if (strcmp (mc_reason_get_code (g_ptr_array_index (reasons, i)), "key-changed") == 0)
      g_ptr_array_add (news, g_ptr_array_index (reasons, i));
  add_reasons (lines, news);
}

/* A ciphertext below the message's top is looked at from outside only. */
static gboolean
was_left_closed (const McLayer *layer)
{
  McDecryptionStatus status = mc_layer_get_decryption_status (layer);
  return mc_layer_get_kind (layer) == MC_LAYER_ENCRYPTED
         && (status == MC_DECRYPTION_NONE || status == MC_DECRYPTION_UNKNOWN);
}

static void
add_errant (GPtrArray *lines, const McReport *report)
{
  GPtrArray *errant = mc_report_get_errant (report);
  for (guint i = 0; i < errant->len; i++) {
    const McLayer *layer = g_ptr_array_index (errant, i);
    const char *path = mc_layer_get_path (layer);
    g_autofree char *what = text_describe_layer (layer);
    if (was_left_closed (layer)) {
      add_line (lines, TONE_DOUBT, _("part %s was not decrypted: only part of the message is "
                                     "encrypted"), path);
      add_line (lines, TONE_PLAIN, _("hint: 'mailcrypt show --part %s' shows it on its own"), path);
    } else
      add_line (lines, TONE_DOUBT, _("part %s has protection of its own, which does not count for "
                                     "the message: %s"), path, what);
  }
}

static void
add_signers (GPtrArray *lines, const McLayer *layer)
{
  GPtrArray *signers = mc_layer_get_signers (layer);
  for (guint i = 0; i < signers->len; i++) {
    const McSigner *signer = g_ptr_array_index (signers, i);
    g_autofree char *who = text_describe_signer (signer);
    g_autofree char *what = text_describe_signature (mc_signer_get_status (signer), who);
    add_line (lines, text_get_signature_tone (mc_signer_get_status (signer)), "  %s", what);
    const char *algorithm = mc_signer_get_algorithm (signer);
    const char *digest = mc_signer_get_digest (signer);
    g_autofree char *from = text_from_day (mc_signer_get_valid_from (signer));
    g_autofree char *until = text_from_day (mc_signer_get_valid_until (signer));
    add_line (lines, TONE_PLAIN, "    %s %s, %s - %s", algorithm != NULL ? algorithm : "?",
              digest != NULL ? digest : "?", from, until);
    const char *issuer = mc_signer_get_issuer (signer);
    g_autofree char *safe = issuer != NULL ? mc_text_escape_line (issuer) : NULL;
    if (safe != NULL)
      add_line (lines, TONE_PLAIN, _("    certified by %s"), safe);
  }
}

static void
add_layers (GPtrArray *lines, const McReport *report)
{
  GPtrArray *layers = mc_report_get_layers (report);
  for (guint i = 0; i < layers->len; i++) {
    const McLayer *layer = g_ptr_array_index (layers, i);
    g_autofree char *what = text_describe_layer (layer);
    add_line (lines, TONE_PLAIN, _("layer %u (part %s): %s"), i + 1, mc_layer_get_path (layer),
              what);
    add_signers (lines, layer);
  }
}

GPtrArray *
text_describe_report (const McReport *report, gboolean verbose)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (line_free);
  add_headline (lines, report);
  add_reasons (lines, mc_report_get_reasons (report));
  add_news (lines, report);
  add_key (lines, report);
  add_errant (lines, report);
  if (verbose)
    add_layers (lines, report);
  return lines;
}

/* ------------------------------------------------------------------- layers -- */

static void
append_list (GString *text, const char *label, GPtrArray *words)
{
  if (words->len == 0)
    return;
  g_ptr_array_add (words, NULL);
  g_autofree char *joined = g_strjoinv (", ", (char **) words->pdata);
  g_string_append_printf (text, "; %s: %s", label, joined);
}

static void
append_recipients (GString *text, const McLayer *layer)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *recipients = mc_layer_get_recipients (layer);
  for (guint i = 0; i < recipients->len; i++) {
    const McRecipient *recipient = g_ptr_array_index (recipients, i);
    const char *key = mc_recipient_get_key_id (recipient);
    const char *address = mc_recipient_get_address (recipient);
    g_autofree char *safe_key = key != NULL ? mc_text_escape_line (key) : g_strdup (_("hidden"));
    g_autofree char *safe = address != NULL ? mc_text_escape_line (address) : NULL;
    const char *algorithm = mc_recipient_get_algorithm (recipient);
    g_autofree char *safe_algorithm = mc_text_escape_line (algorithm);
    g_ptr_array_add (words, g_strconcat (safe_key, safe != NULL ? " (" : "",
                                         safe != NULL ? safe : "", safe != NULL ? ")" : "",
                                         algorithm != NULL ? " " : "", safe_algorithm, NULL));
  }
  append_list (text, _("recipients"), words);
}

static void
append_signers (GString *text, const McLayer *layer)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *signers = mc_layer_get_signers (layer);
  for (guint i = 0; i < signers->len; i++)
    g_ptr_array_add (words, text_describe_signer (g_ptr_array_index (signers, i)));
  append_list (text, _("signers"), words);
}

/* The form of the object, where it says more than its kind, and the algorithms. */
static void
append_algorithms (GString *text, const McLayer *layer)
{
  static const char *const roles[] = { "format", "cipher", "key-encryption", "digest" };
  gboolean smime = mc_layer_get_protocol (layer) == MC_PROTOCOL_SMIME;
  for (gsize i = smime ? 0 : 1; i < G_N_ELEMENTS (roles); i++) {
    const char *name = mc_layer_get_algorithm (layer, roles[i]);
    g_autofree char *safe = name != NULL ? mc_text_escape_line (name) : NULL;
    if (safe != NULL)
      g_string_append_printf (text, " %s", safe);
  }
}

char *
text_describe_layer (const McLayer *layer)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean encrypted = mc_layer_get_kind (layer) == MC_LAYER_ENCRYPTED;
  g_string_append_printf (text, "%s %s", encrypted ? _("encrypted") : _("signed"),
                          mc_protocol_to_word (mc_layer_get_protocol (layer)));
  append_algorithms (text, layer);
  McSignatureStatus signature = mc_layer_get_signature_status (layer);
  McDecryptionStatus decryption = mc_layer_get_decryption_status (layer);
  if (encrypted && decryption != MC_DECRYPTION_UNKNOWN)
    g_string_append_printf (text, " [%s]", mc_decryption_status_to_word (decryption));
  if (!encrypted && signature != MC_SIGNATURE_UNKNOWN)
    g_string_append_printf (text, " [%s]", mc_signature_status_to_word (signature));
  append_recipients (text, layer);
  append_signers (text, layer);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
