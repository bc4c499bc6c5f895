/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report, and whatever goes with it, as text for people. */
#pragma once

#include "libmailcrypt.h"

typedef enum {
  TONE_PLAIN = 0,
  TONE_GOOD,
  TONE_DOUBT,
  TONE_BAD,
} Tone;

/* One line, fit for a screen. */
typedef struct {
  Tone tone;
  char *text;
} Line;

/* The verdict, most important line first. Of Line. (transfer full) */
GPtrArray *text_describe_report (const McReport *report, gboolean verbose);
/* Who signed, for a person: @signer is nullable; the text is escaped. (transfer full) */
char *text_describe_signer (const McSigner *signer);
/* A signature's status as a clause, @who being escaped. (transfer full) */
char *text_describe_signature (McSignatureStatus status, const char *who);
Tone text_get_signature_tone (McSignatureStatus status);
/* The same of an encryption. */
const char *text_describe_decryption (McDecryptionStatus status);
/* One layer in one line, for the tree of inspect and the like. (transfer full) */
char *text_describe_layer (const McLayer *layer);

/* "1.4 KiB"; the day of a time in the local zone, "" for 0; minutes too. (transfer full) */
char *text_from_size (guint64 bytes);
char *text_from_day (gint64 time);
char *text_from_time (gint64 time);

/* An identity that somebody claims, fit for a screen: the address, then the name. NULL when
 * there is neither. (transfer full, nullable) */
char *text_from_identity (const char *address, const char *name);

/* Whether output is to be coloured: @when is "auto", "always" or "never". */
gboolean text_wants_color (const char *when, gboolean *ret_color, GError **error);
/* Appends @line as it is, or in the colour of its tone. */
void text_append_tone (GString *out, Tone tone, const char *line, gboolean color);
