/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "keytext.h"

#include <glib/gi18n.h>

#include "fold.h"
#include "text.h"
#include "words.h"

/* -------------------------------------------------------------------- tables -- */

#define COLUMNS 7
/* Nobody's name moves the other columns off the screen. */
#define MAX_OWNER_WIDTH 64

static void
add_cell (GPtrArray *cells, char *text)
{
  g_ptr_array_add (cells, text);
}

/* Appends @cells, COLUMNS to a row, the last column unpadded. */
static void
append_table (GString *out, GPtrArray *cells)
{
  guint widths[COLUMNS] = { 0 };
  for (guint i = 0; i < cells->len; i++)
    widths[i % COLUMNS] = MAX (widths[i % COLUMNS],
                               fold_get_width (g_ptr_array_index (cells, i)));
  for (guint i = 0; i < cells->len; i++) {
    const char *cell = g_ptr_array_index (cells, i);
    guint column = i % COLUMNS;
    gboolean last = column == COLUMNS - 1;
    guint padding = last ? 0 : widths[column] + 2 - fold_get_width (cell);
    g_string_append_printf (out, "%s%*s%s", cell, (int) padding, "", last ? "\n" : "");
  }
}

static char *
describe_identity (const McKey *key, guint i)
{
  char *identity = text_from_identity (mc_key_get_address (key, i), mc_key_get_name (key, i));
  return identity != NULL ? identity : g_strdup ("-");
}

/* Whom the key belongs to: its first identity, else its subject. */
static char *
describe_owner (const McKey *key)
{
  if (mc_key_get_n_addresses (key) > 0)
    return describe_identity (key, 0);
  const char *subject = mc_key_get_subject (key);
  return subject != NULL ? mc_text_escape_line (subject) : g_strdup ("-");
}

static char *
describe_use (McKeyUse use)
{
  g_autoptr (GString) text = g_string_new (NULL);
  if (use & MC_KEY_CAN_SIGN)
    g_string_append (text, _("sign "));
  if (use & MC_KEY_CAN_ENCRYPT)
    g_string_append (text, _("encrypt "));
  if (use & MC_KEY_CAN_CERTIFY)
    g_string_append (text, _("certify "));
  if (text->len == 0)
    return g_strdup ("-");
  g_string_truncate (text, text->len - 1);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Where the secret part is. (transfer full) */
static char *
describe_secret (const McKey *key)
{
  const char *const *cards = mc_key_get_cards (key);
  if (*cards == NULL)
    return g_strdup (secret_to_word (mc_key_get_secret (key)));
  g_autofree char *joined = g_strjoinv (", ", (char **) cards);
  g_autofree char *safe = mc_text_escape_line (joined);
  return g_strdup_printf ("%s %s", secret_to_word (MC_SECRET_CARD), safe);
}

static const char *
describe_trust (const McKey *key)
{
  if (mc_key_get_is_anchor (key))
    return _("anchor");
  for (guint i = 0; i < mc_key_get_n_addresses (key); i++)
    if (mc_key_get_address_trusted (key, i))
      return _("trusted");
  return mc_key_get_is_authority (key) ? _("no anchor") : _("not trusted");
}

static const char *
describe_validity (McValidity validity)
{
  switch (validity) {
    case MC_VALIDITY_VALID: return _("valid");
    case MC_VALIDITY_NOT_YET: return _("not yet valid");
    case MC_VALIDITY_EXPIRED: return _("expired");
    case MC_VALIDITY_REVOKED: return _("revoked");
    case MC_VALIDITY_UNUSABLE: return _("unusable");
    case MC_VALIDITY_UNKNOWN:
    default: return _("unknown");
  }
}

/* Until when, or why not any more. */
static char *
describe_term (const McKey *key)
{
  McValidity validity = mc_key_get_validity (key);
  if (validity != MC_VALIDITY_VALID)
    return g_strdup (describe_validity (validity));
  if (mc_key_get_valid_until (key) == 0)
    return g_strdup (_("valid"));
  return text_from_day (mc_key_get_valid_until (key));
}

static void
add_header (GPtrArray *cells)
{
  add_cell (cells, g_strdup (_("PROTOCOL")));
  add_cell (cells, g_strdup (_("SECRET")));
  add_cell (cells, g_strdup (_("USE")));
  add_cell (cells, g_strdup (_("UNTIL")));
  add_cell (cells, g_strdup (_("TRUST")));
  add_cell (cells, g_strdup (_("OWNER")));
  add_cell (cells, g_strdup (_("FINGERPRINT")));
}

static void
add_row (GPtrArray *cells, const McKey *key)
{
  McSecretHome secret = mc_key_get_secret (key);
  add_cell (cells, g_strdup (mc_protocol_to_word (mc_key_get_protocol (key))));
  add_cell (cells, secret == MC_SECRET_NONE ? g_strdup ("-") : describe_secret (key));
  add_cell (cells, describe_use (mc_key_get_use (key)));
  add_cell (cells, describe_term (key));
  add_cell (cells, g_strdup (describe_trust (key)));
  g_autofree char *owner = describe_owner (key);
  add_cell (cells, fold_cut (owner, MAX_OWNER_WIDTH));
  add_cell (cells, g_strdup (mc_key_get_fingerprint (key)));
}

GPtrArray *
keytext_make_row (const McKey *key)
{
  GPtrArray *cells = g_ptr_array_new_full (COLUMNS, g_free);
  add_row (cells, key);
  return cells;
}

char *
keytext_from_rows (GPtrArray *rows)
{
  g_autoptr (GString) out = g_string_new (NULL);
  if (rows->len == 0)
    return g_string_free (g_steal_pointer (&out), FALSE);

  g_autoptr (GPtrArray) cells = g_ptr_array_new ();
  g_autoptr (GPtrArray) header = g_ptr_array_new_with_free_func (g_free);
  add_header (header);
  g_ptr_array_extend (cells, header, NULL, NULL);
  for (guint i = 0; i < rows->len; i++)
    g_ptr_array_extend (cells, g_ptr_array_index (rows, i), NULL, NULL);
  append_table (out, cells);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* ------------------------------------------------------------------- one key -- */

/* @value is nullable: then there is no line. */
static void
append_field (GString *out, const char *label, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  g_autofree char *safe = mc_text_escape_line (value);
  g_string_append_printf (out, "  %s: %s\n", label, safe);
}

static void
append_identities (GString *out, const McKey *key)
{
  for (guint i = 0; i < mc_key_get_n_addresses (key); i++) {
    g_autofree char *identity = describe_identity (key, i);
    g_string_append_printf (out, "  %s: %s [%s", _("identity"), identity,
                            mc_key_get_address_trusted (key, i) ? _("trusted") : _("not trusted"));
    if (mc_key_get_address_validity (key, i) != NULL)
      g_string_append_printf (out, _("; GnuPG: %s"), mc_key_get_address_validity (key, i));
    if (mc_key_get_address_tofu (key, i) != NULL)
      g_string_append_printf (out, _(", TOFU %s"), mc_key_get_address_tofu (key, i));
    g_string_append (out, "]\n");
  }
}

static void
append_reasons (GString *out, GPtrArray *reasons)
{
  for (guint i = 0; i < reasons->len; i++) {
    const McReason *reason = g_ptr_array_index (reasons, i);
    append_field (out, _("note"), mc_reason_get_text (reason));
    append_field (out, _("hint"), mc_reason_get_hint (reason));
  }
}

char *
keytext_from_key (const McKey *key)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *use = describe_use (mc_key_get_use (key));
  g_autofree char *from = text_from_day (mc_key_get_valid_from (key));
  g_autofree char *until = text_from_day (mc_key_get_valid_until (key));
  g_autofree char *secret_home = describe_secret (key);
  McSecretHome secret = mc_key_get_secret (key);
  g_string_append_printf (out, "%s %s\n", mc_protocol_to_word (mc_key_get_protocol (key)),
                          mc_key_get_fingerprint (key));
  append_identities (out, key);
  append_field (out, _("subject"), mc_key_get_subject (key));
  append_field (out, _("issuer"), mc_key_get_issuer (key));
  append_field (out, _("algorithm"), mc_key_get_algorithm (key));
  append_field (out, _("use"), use);
  append_field (out, _("secret part"), secret == MC_SECRET_NONE ? NULL : secret_home);
  append_field (out, _("state"), describe_validity (mc_key_get_validity (key)));
  append_field (out, _("valid from"), from);
  append_field (out, _("valid until"), until);
  append_field (out, _("trust"), describe_trust (key));
  append_field (out, _("owner trust (GnuPG)"), mc_key_get_owner_trust (key));
  append_reasons (out, mc_key_get_reasons (key));
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* -------------------------------------------------------------------- imports -- */

char *
keytext_from_imported (GPtrArray *imported)
{
  g_autoptr (GString) out = g_string_new (NULL);
  for (guint i = 0; i < imported->len; i++) {
    const McImported *one = g_ptr_array_index (imported, i);
    const char *fingerprint = mc_imported_get_fingerprint (one);
    const char *text = mc_imported_get_text (one);
    g_string_append_printf (out, "%s %s %s%s%s\n", mc_imported_get_word (one),
                            mc_imported_get_what (one), fingerprint != NULL ? fingerprint : "-",
                            text != NULL ? " " : "", text != NULL ? text : "");
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}
