/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mutt-verdict.h"

#include <glib/gi18n.h>
#include <string.h>

void
mutt_verdict_free (MuttVerdict *verdict)
{
  if (verdict == NULL)
    return;
  g_free (verdict->text);
  g_ptr_array_unref (verdict->notes);
  g_free (verdict);
}

static void
add_note (MuttVerdict *verdict, char *note)
{
  if (g_ptr_array_find_with_equal_func (verdict->notes, note, g_str_equal, NULL))
    g_free (note);
  else
    g_ptr_array_add (verdict->notes, note);
}

/* ------------------------------------------------------------------ the sender -- */

/* The address among those that the signer may speak for. (nullable) */
static const char *
find_sender (const MuttLayer *layer, const char *sender)
{
  for (char **address = layer->trusted; sender != NULL && *address != NULL; address++)
    if (mc_address_equal (*address, sender))
      return *address;
  return NULL;
}

/* The status of a signature, now that the sender is known. */
static McSignatureStatus
judge_sender (const MuttLayer *layer, const char *sender)
{
  if (layer->signature != MC_SIGNATURE_GOOD || find_sender (layer, sender) != NULL)
    return layer->signature;
  return MC_SIGNATURE_NOT_SENDER;
}

/* The signer under the address that counts. */
static char *
describe_signer (const MuttLayer *layer, const char *sender)
{
  const char *address = find_sender (layer, sender);
  if (address == NULL)
    return g_strdup (layer->who);
  g_autofree char *safe = mc_text_escape_line (address);
  g_autofree char *start = g_strconcat (safe, " (", NULL);
  return g_strdup (g_str_has_prefix (layer->who, start) ? layer->who : safe);
}

static void
note_sender (MuttVerdict *verdict, const MuttLayer *layer, const char *sender)
{
  if (sender == NULL) {
    add_note (verdict, g_strdup (_("signer/From: ambiguous: the message does not name exactly "
                                   "one sender")));
    return;
  }
  g_autofree char *safe = mc_text_escape_line (sender);
  add_note (verdict, g_strdup_printf (_("signed by %s, NOT the From %s"), layer->who, safe));
}

static void
note_key (MuttVerdict *verdict, const MuttLayer *layer)
{
  g_autofree char *when = text_from_time (layer->signed_at);
  if (*layer->key == '\0')
    return;
  add_note (verdict, *when != '\0' ? g_strdup_printf (_("key %s, signed on %s"), layer->key, when)
                                   : g_strdup_printf (_("key %s"), layer->key));
}

/* ------------------------------------------------------------------ the layers -- */

/* What is known after the layers so far. */
typedef struct {
  McDecryptionStatus decryption;
  gboolean weak, unauthenticated;
  McSignatureStatus signature;
  const MuttLayer *signer;    /* nullable */
} Sum;

/* A signature around the encryption does not vouch for what is inside; a bad one spoils
 * all. */
static void
add_encryption (Sum *sum, const MuttLayer *layer)
{
  if (sum->decryption == MC_DECRYPTION_NONE || sum->decryption == MC_DECRYPTION_OK)
    sum->decryption = layer->decryption != MC_DECRYPTION_NONE ? layer->decryption
                                                              : MC_DECRYPTION_ERROR;
  sum->weak |= layer->weak;
  sum->unauthenticated |= layer->decryption == MC_DECRYPTION_OK && !layer->authenticated;
  if (sum->signature == MC_SIGNATURE_BAD)
    return;
  sum->signature = MC_SIGNATURE_NONE;
  sum->signer = NULL;
}

/* Of several the first that is not good decides. */
static void
add_signature (Sum *sum, const MuttLayer *layer, const char *sender)
{
  McSignatureStatus status = judge_sender (layer, sender);
  gboolean first = sum->signature == MC_SIGNATURE_NONE;
  if (!first && status != MC_SIGNATURE_BAD && sum->signature != MC_SIGNATURE_GOOD)
    return;
  if (!first && status == MC_SIGNATURE_GOOD)
    return;
  sum->signature = status;
  sum->signer = layer;
}

static Sum
sum_up (GPtrArray *lines, const char *sender)
{
  Sum sum = { .decryption = MC_DECRYPTION_NONE, .signature = MC_SIGNATURE_NONE };
  for (guint i = 0; i < lines->len; i++) {
    const MuttLine *line = g_ptr_array_index (lines, i);
    GPtrArray *layers = line->status->layers;
    for (guint k = 0; k < layers->len; k++) {
      const MuttLayer *layer = g_ptr_array_index (layers, k);
      if (layer->kind == MC_LAYER_ENCRYPTED)
        add_encryption (&sum, layer);
      else
        add_signature (&sum, layer, sender);
    }
  }
  return sum;
}

static Tone
get_tone (const Sum *sum)
{
  if (sum->weak || (sum->decryption != MC_DECRYPTION_NONE && sum->decryption != MC_DECRYPTION_OK))
    return TONE_BAD;
  if (sum->signature == MC_SIGNATURE_NONE)
    return TONE_DOUBT;
  return text_get_signature_tone (sum->signature);
}

static char *
describe (const Sum *sum, const char *sender)
{
  g_autofree char *who = sum->signer != NULL ? describe_signer (sum->signer, sender)
                                             : text_describe_signer (NULL);
  g_autofree char *signature = text_describe_signature (sum->signature, who);
  if (sum->decryption == MC_DECRYPTION_NONE)
    return g_steal_pointer (&signature);
  const char *encryption = sum->weak ? _("encrypted too weakly to count")
                                     : text_describe_decryption (sum->decryption);
  if (sum->decryption != MC_DECRYPTION_OK && sum->signature == MC_SIGNATURE_NONE)
    return g_strdup (encryption);
  return g_strdup_printf ("%s; %s", encryption, signature);
}

static void
add_layer_notes (MuttVerdict *verdict, GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++) {
    const MuttLine *line = g_ptr_array_index (lines, i);
    for (guint k = 0; k < line->status->layers->len; k++) {
      const MuttLayer *layer = g_ptr_array_index (line->status->layers, k);
      for (char **note = layer->notes; *note != NULL; note++)
        add_note (verdict, g_strdup (*note));
    }
  }
}

static void
replace_text (MuttVerdict *verdict, const char *text)
{
  g_free (verdict->text);
  verdict->text = g_strdup (text);
  verdict->tone = TONE_BAD;
}

MuttVerdict *
mutt_verdict_new (GPtrArray *lines, const char *sender)
{
  Sum sum = sum_up (lines, sender);
  MuttVerdict *verdict = g_new0 (MuttVerdict, 1);
  verdict->notes = g_ptr_array_new_with_free_func (g_free);
  verdict->tone = get_tone (&sum);
  verdict->text = describe (&sum, sender);
  if (sum.signature == MC_SIGNATURE_NOT_SENDER)
    note_sender (verdict, sum.signer, sender);
  if (sum.signer != NULL)
    note_key (verdict, sum.signer);
  add_layer_notes (verdict, lines);
  if (sum.unauthenticated && sum.signature != MC_SIGNATURE_GOOD)
    add_note (verdict, g_strdup (_("the encryption does not protect the content from being "
                                   "altered on its way")));
  for (guint i = 0; i < lines->len; i++)
    if (((const MuttLine *) g_ptr_array_index (lines, i))->shown_otherwise)
      replace_text (verdict, _("the text shown is not the text that was checked"));
  return verdict;
}
