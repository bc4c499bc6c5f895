/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "openpgp/status.h"

#include <stdlib.h>
#include <string.h>

static void
valid_sig_clear (gpointer data)
{
  McValidSig *valid = data;
  g_free (valid->fingerprint);
  g_free (valid->primary);
}

void
_mc_status_init (McStatus *status)
{
  *status = (McStatus) { .missing = g_ptr_array_new_with_free_func (g_free) };
  status->valid = g_array_new (FALSE, TRUE, sizeof (McValidSig));
  g_array_set_clear_func (status->valid, valid_sig_clear);
}

void
_mc_status_clear (McStatus *status)
{
  g_clear_pointer (&status->decryption_key, g_free);
  g_clear_pointer (&status->decryption_subkey, g_free);
  g_clear_pointer (&status->missing, g_ptr_array_unref);
  g_clear_pointer (&status->valid, g_array_unref);
}

static guint
to_number (const char *text)
{
  return text != NULL ? (guint) strtoul (text, NULL, 0) : 0;
}

/* ------------------------------------------------------- lines with arguments -- */

static void
on_decryption_info (McStatus *status, const GStrv fields, guint n)
{
  status->integrity = n > 0 ? to_number (fields[0]) : 0;
  status->cipher = n > 1 ? to_number (fields[1]) : 0;
}

static void
on_decryption_key (McStatus *status, const GStrv fields, guint n)
{
  if (n < 2 || status->decryption_key != NULL)
    return;
  status->decryption_subkey = g_strdup (fields[0]);
  status->decryption_key = g_strdup (fields[1]);
}

static void
on_no_seckey (McStatus *status, const GStrv fields, guint n)
{
  if (n > 0)
    g_ptr_array_add (status->missing, g_strdup (fields[0]));
}

/* ERROR <where> <code>: what says more of secrets than GPGME does. */
static void
on_error (McStatus *status, const GStrv fields, guint n)
{
  if (n < 2)
    return;
  const char *where = fields[0];
  gpgme_err_code_t code = gpgme_err_code (to_number (fields[1]));
  if (strcmp (where, "pkdecrypt_failed") == 0 || strcmp (where, "keylist.getkey") == 0)
    status->secret_error = code;
  else if (strcmp (where, "symkey_decrypt.maybe_error") == 0)
    status->wrong_passphrase = code == GPG_ERR_BAD_PASSPHRASE;
  else if (strcmp (where, "set_pinentry_mode") == 0)
    status->no_loopback = TRUE;
}

static void
on_failure (McStatus *status, const GStrv fields, guint n)
{
  if (n >= 2 && status->failure == GPG_ERR_NO_ERROR)
    status->failure = gpgme_err_code (to_number (fields[1]));
}

/* VALIDSIG <fpr> <date> <time> <expires> <version> 0 <pk> <hash> <class> <primary fpr> */
static void
on_valid_sig (McStatus *status, const GStrv fields, guint n)
{
  if (n < 10)
    return;
  McValidSig valid = { .fingerprint = g_strdup (fields[0]), .primary = g_strdup (fields[9]) };
  valid.type = (guint) strtoul (fields[8], NULL, 16);
  g_array_append_val (status->valid, valid);
}

typedef struct {
  const char *keyword;
  gsize counter;            /* offset in McStatus, when there is no @take */
  void (*take) (McStatus *status, const GStrv fields, guint n);
} McStatusLine;

#define COUNT(field) G_STRUCT_OFFSET (McStatus, field)

static const McStatusLine status_lines[] = {
  { "BEGIN_DECRYPTION", COUNT (begin_decryption), NULL },
  { "DECRYPTION_OKAY", COUNT (decryption_okay), NULL },
  { "DECRYPTION_FAILED", COUNT (decryption_failed), NULL },
  { "END_DECRYPTION", COUNT (end_decryption), NULL },
  { "GOODMDC", COUNT (good_mdc), NULL },
  { "BADMDC", COUNT (bad_mdc), NULL },
  { "PLAINTEXT", COUNT (plaintext), NULL },
  { "NEWSIG", COUNT (new_signature), NULL },
  { "NODATA", COUNT (no_data), NULL },
  { "UNEXPECTED", COUNT (unexpected), NULL },
  { "DECRYPTION_INFO", 0, on_decryption_info },
  { "DECRYPTION_KEY", 0, on_decryption_key },
  { "NO_SECKEY", 0, on_no_seckey },
  { "ERROR", 0, on_error },
  { "FAILURE", 0, on_failure },
  { "VALIDSIG", 0, on_valid_sig },
};

static gboolean
tells_of_decryption (const char *keyword)
{
  static const char *const keywords[] = {
    "ENC_TO", "NO_SECKEY", "BEGIN_DECRYPTION", "END_DECRYPTION", "GOODMDC", "BADMDC",
    "SESSION_KEY", "NEED_PASSPHRASE", "NEED_PASSPHRASE_SYM", NULL,
  };
  return g_str_has_prefix (keyword, "DECRYPTION_") || g_strv_contains (keywords, keyword);
}

void
_mc_status_take (McStatus *status, const char *keyword, const char *arguments)
{
  status->decrypting += tells_of_decryption (keyword);
  for (guint i = 0; i < G_N_ELEMENTS (status_lines); i++) {
    if (strcmp (status_lines[i].keyword, keyword) != 0)
      continue;
    if (status_lines[i].take == NULL) {
      G_STRUCT_MEMBER (guint, status, status_lines[i].counter)++;
      return;
    }
    g_auto (GStrv) fields = g_strsplit (arguments != NULL ? arguments : "", " ", 16);
    status_lines[i].take (status, fields, g_strv_length (fields));
    return;
  }
}

const McValidSig *
_mc_status_find_valid (const McStatus *status, const char *fingerprint)
{
  const McValidSig *found = NULL;
  for (guint i = 0; i < status->valid->len; i++) {
    const McValidSig *valid = &g_array_index (status->valid, McValidSig, i);
    if (strcmp (valid->fingerprint, fingerprint) != 0)
      continue;
    if (found != NULL
        && (found->type != valid->type || strcmp (found->primary, valid->primary) != 0))
      return NULL;
    found = valid;
  }
  return found;
}
