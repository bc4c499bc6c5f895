/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GnuPG's keyring, seen through listings. */
#include "config.h"

#include "openpgp/openpgp.h"

#include "base/address.h"
#include "base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ------------------------------------------------------------------ listing -- */

static void
key_unref (gpointer key)
{
  gpgme_key_unref (key);
}

/* Gets each key of a listing; takes the reference. */
typedef gboolean (*NativeFunc) (gpgme_key_t native, gpointer user_data, GError **error);

static gboolean
each_native (McRun *run, const char *const *patterns, gboolean secret_only, NativeFunc func,
             gpointer user_data, GError **error)
{
  const char *const everything[] = { NULL };
  const char *const *wanted = patterns != NULL ? patterns : everything;
  gpgme_error_t code =
    gpgme_op_keylist_ext_start (run->gpgme, (const char **) wanted, secret_only, 0);
  gpgme_key_t key;
  while (code == 0 && (code = gpgme_op_keylist_next (run->gpgme, &key)) == 0)
    if (!func (key, user_data, error)) {
      gpgme_op_keylist_end (run->gpgme);
      return FALSE;
    }
  if (gpgme_err_code (code) == GPG_ERR_EOF)
    return TRUE;
  gpgme_op_keylist_end (run->gpgme);
  /* Nothing found is what it says when one of several patterns is not there. */
  if (gpgme_err_code (code) == GPG_ERR_NO_PUBKEY || gpgme_err_code (code) == GPG_ERR_NOT_FOUND)
    return TRUE;
  _mc_run_set_error (run, code, error, "%s", _("cannot list the OpenPGP keys"));
  return FALSE;
}

static gboolean
collect (gpgme_key_t native, gpointer user_data, GError **error)
{
  (void) error;
  g_ptr_array_add (user_data, native);
  return TRUE;
}

static gboolean
list_natives (McEngine *engine, const char *const *patterns, gpgme_keylist_mode_t more,
              NativeFunc func, gpointer user_data, GCancellable *cancellable, GError **error)
{
  g_auto (McRun) run = { 0 };
  if (!_mc_run_start (&run, engine, MC_RUN_PUBLIC, cancellable, error))
    return FALSE;
  gpgme_set_keylist_mode (run.gpgme, GPGME_KEYLIST_MODE_LOCAL | more);
  return each_native (&run, patterns, FALSE, func, user_data, error);
}

GPtrArray *
_mc_openpgp_list (McEngine *engine, const char *const *patterns, gboolean with_secret,
                  GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (key_unref);
  gpgme_keylist_mode_t more = with_secret ? GPGME_KEYLIST_MODE_WITH_SECRET : 0;
  return list_natives (engine, patterns, more, collect, keys, cancellable, error)
           ? g_steal_pointer (&keys) : NULL;
}

McReason *
_mc_openpgp_find_agent_problem (McEngine *engine, const char *const *patterns,
                                GCancellable *cancellable)
{
  g_auto (McRun) run = { 0 };
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (key_unref);
  if (!_mc_run_start (&run, engine, MC_RUN_PUBLIC, cancellable, NULL))
    return NULL;
  each_native (&run, patterns, TRUE, collect, keys, NULL);
  return _mc_run_find_secret_problem (&run, 0);
}

/* -------------------------------------------------------------------- model -- */

/* RFC 9580 section 9.1 and RFC 8550 section 4.3: what is below is not strong enough. */
gboolean
_mc_openpgp_subkey_is_weak (const struct _gpgme_subkey *subkey)
{
  switch (subkey->pubkey_algo) {
  case GPGME_PK_RSA:
  case GPGME_PK_RSA_E:
  case GPGME_PK_RSA_S:
  case GPGME_PK_DSA:
  case GPGME_PK_ELG:
  case GPGME_PK_ELG_E:
    return subkey->length < 2048;
  default:
    return FALSE;
  }
}

static gboolean
is_usable (const struct _gpgme_subkey *subkey)
{
  return !subkey->revoked && !subkey->expired && !subkey->disabled && !subkey->invalid;
}

static gboolean
key_is_usable (gpgme_key_t native)
{
  return !native->revoked && !native->expired && !native->disabled && !native->invalid
         && native->subkeys != NULL && is_usable (native->subkeys);
}

/* By usable subkeys alone: GPGME's flags of the whole key are of what it once could do. */
static McKeyUse
find_use (gpgme_key_t native)
{
  guint use = 0;
  if (!key_is_usable (native))
    return use;
  for (gpgme_subkey_t subkey = native->subkeys; subkey != NULL; subkey = subkey->next) {
    if (!is_usable (subkey))
      continue;
    use |= subkey->can_sign ? MC_KEY_CAN_SIGN : 0;
    use |= subkey->can_encrypt ? MC_KEY_CAN_ENCRYPT : 0;
    use |= subkey->can_certify ? MC_KEY_CAN_CERTIFY : 0;
  }
  return use;
}

/* Weak when what it would be used for is: the primary key, or every subkey for a use. */
static gboolean
key_is_weak (gpgme_key_t native)
{
  guint strong = 0, all = 0;
  for (gpgme_subkey_t subkey = native->subkeys; subkey != NULL; subkey = subkey->next) {
    if (!is_usable (subkey))
      continue;
    guint use = (subkey->can_sign ? MC_KEY_CAN_SIGN : 0)
                | (subkey->can_encrypt ? MC_KEY_CAN_ENCRYPT : 0);
    all |= use;
    strong |= _mc_openpgp_subkey_is_weak (subkey) ? 0 : use;
  }
  return strong != all
         || (native->subkeys != NULL && _mc_openpgp_subkey_is_weak (native->subkeys));
}

static McSecretHome
find_secret (gpgme_key_t native)
{
  McSecretHome home = MC_SECRET_NONE;
  for (gpgme_subkey_t subkey = native->subkeys; subkey != NULL; subkey = subkey->next) {
    if (subkey->is_cardkey)
      return MC_SECRET_CARD;
    if (subkey->secret)
      home = MC_SECRET_AGENT;
  }
  return home;
}

/* Of the application id of an OpenPGP card (its specification, section 4.2.1) the
 * manufacturer and the serial number, which are printed on it; of others all there is. */
static char *
name_card (const char *serial)
{
  if (strlen (serial) == 32 && g_ascii_strncasecmp (serial, "D27600012401", 12) == 0)
    return g_strdup_printf ("%.4s %.8s", serial + 16, serial + 20);
  return g_utf8_make_valid (serial, -1);
}

static char **
find_cards (gpgme_key_t native)
{
  g_autoptr (GPtrArray) cards = g_ptr_array_new_null_terminated (0, g_free, TRUE);
  for (gpgme_subkey_t subkey = native->subkeys; subkey != NULL; subkey = subkey->next) {
    if (!subkey->is_cardkey || subkey->card_number == NULL)
      continue;
    g_autofree char *name = name_card (subkey->card_number);
    if (!g_ptr_array_find_with_equal_func (cards, name, g_str_equal, NULL))
      g_ptr_array_add (cards, g_steal_pointer (&name));
  }
  return cards->len > 0 ? (char **) g_ptr_array_steal (cards, NULL) : NULL;
}

static McValidity
find_validity (gpgme_key_t native)
{
  if (native->revoked)
    return MC_VALIDITY_REVOKED;
  if (native->expired)
    return MC_VALIDITY_EXPIRED;
  return key_is_usable (native) ? MC_VALIDITY_VALID : MC_VALIDITY_UNUSABLE;
}

static McTrustFact
find_trust (McEngine *engine, gpgme_user_id_t uid)
{
  McSettings *settings = _mc_context_get_settings (engine->context);
  const char *level = mc_settings_get (settings, "openpgp", "trust");
  gpgme_validity_t least =
    g_strcmp0 (level, "marginal") == 0 ? GPGME_VALIDITY_MARGINAL : GPGME_VALIDITY_FULL;
  return uid->validity >= least ? MC_TRUST_TRUSTED : MC_TRUST_UNTRUSTED;
}

/* GnuPG's own words. */
static const char *
validity_word (gpgme_validity_t validity)
{
  static const char *const words[] = {
    [GPGME_VALIDITY_UNKNOWN] = "unknown",   [GPGME_VALIDITY_UNDEFINED] = "undefined",
    [GPGME_VALIDITY_NEVER] = "never",       [GPGME_VALIDITY_MARGINAL] = "marginal",
    [GPGME_VALIDITY_FULL] = "full",         [GPGME_VALIDITY_ULTIMATE] = "ultimate",
  };
  return (gsize) validity < G_N_ELEMENTS (words) ? words[validity] : "unknown";
}

static const char *
tofu_word (gpgme_tofu_policy_t policy)
{
  static const char *const words[] = {
    [GPGME_TOFU_POLICY_NONE] = NULL,      [GPGME_TOFU_POLICY_AUTO] = "auto",
    [GPGME_TOFU_POLICY_GOOD] = "good",    [GPGME_TOFU_POLICY_UNKNOWN] = "unknown",
    [GPGME_TOFU_POLICY_BAD] = "bad",      [GPGME_TOFU_POLICY_ASK] = "ask",
  };
  return (gsize) policy < G_N_ELEMENTS (words) ? words[policy] : NULL;
}

static char *
utf8_or_null (const char *text)
{
  return text != NULL && *text != '\0' ? g_utf8_make_valid (text, -1) : NULL;
}

/* What is revoked or was never certified by its own key is no identity. Of a key that is
 * revoked as a whole gpg says so of each user id; whose it was is still to be told. */
static void
add_identities (McEngine *engine, gpgme_key_t native, McKey *key)
{
  for (gpgme_user_id_t uid = native->uids; uid != NULL; uid = uid->next) {
    if (uid->invalid || (uid->revoked && !native->revoked))
      continue;
    const char *written = uid->address != NULL ? uid->address : uid->email;
    g_autofree char *address =
      written != NULL ? _mc_address_normalise (written, -1) : NULL;
    g_autofree char *name = utf8_or_null (uid->name);
    McIdentity *identity = _mc_identity_new (address, name, find_trust (engine, uid));
    if (identity->display == NULL)
      identity->display = utf8_or_null (written);
    identity->validity = validity_word (uid->validity);
    identity->tofu = uid->tofu != NULL ? tofu_word (uid->tofu->policy) : NULL;
    g_ptr_array_add (key->identities, identity);
  }
}

static char *
name_algorithm (gpgme_key_t native)
{
  char *name = native->subkeys != NULL ? gpgme_pubkey_algo_string (native->subkeys) : NULL;
  char *copy = g_strdup (name != NULL ? name : "unknown");
  gpgme_free (name);
  return copy;
}

McKey *
_mc_openpgp_key_new (McEngine *engine, gpgme_key_t native)
{
  McKey *key = _mc_key_new (MC_PROTOCOL_OPENPGP, native->fpr != NULL ? native->fpr : "");
  key->use = find_use (native);
  key->secret = find_secret (native);
  key->cards = find_cards (native);
  key->validity = find_validity (native);
  key->weak = key_is_weak (native);
  key->algorithm = name_algorithm (native);
  key->owner_trust = validity_word (native->owner_trust);
  if (native->subkeys != NULL) {
    key->valid_from = MAX (native->subkeys->timestamp, 0);
    key->valid_until = native->subkeys->expires;
  }
  add_identities (engine, native, key);
  gpgme_key_ref (native);
  key->native = native;
  key->native_free = key_unref;
  return key;
}

gpgme_key_t
_mc_openpgp_key_native (McEngine *engine, McKey *key, GCancellable *cancellable, GError **error)
{
  if (key->native != NULL) {
    gpgme_key_ref (key->native);
    return key->native;
  }
  const char *const patterns[] = { key->fingerprint, NULL };
  g_autoptr (GPtrArray) keys = _mc_openpgp_list (engine, patterns, FALSE, cancellable, error);
  if (keys == NULL)
    return NULL;
  for (guint i = 0; i < keys->len; i++) {
    gpgme_key_t native = keys->pdata[i];
    if (native->fpr == NULL || g_ascii_strcasecmp (native->fpr, key->fingerprint) != 0)
      continue;
    gpgme_key_ref (native);
    return native;
  }
  _mc_set_error (error, MC_ERROR_NO_KEY, NULL, _("GnuPG does not know the key %s"),
                 key->fingerprint);
  return NULL;
}

/* --------------------------------------------------------------- recipients -- */

#define MAX_NAMED 100       /* recipients that are looked up */

void
_mc_openpgp_add_recipient_patterns (GPtrArray *recipients, GPtrArray *patterns)
{
  for (guint i = 0; recipients != NULL && i < MIN (recipients->len, MAX_NAMED); i++) {
    const McRecipient *recipient = recipients->pdata[i];
    if (recipient->key_id != NULL)
      g_ptr_array_add (patterns, recipient->key_id);
  }
}

static gboolean
has_subkey (gpgme_key_t key, const char *key_id)
{
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
    if (subkey->keyid != NULL && g_ascii_strcasecmp (subkey->keyid, key_id) == 0)
      return TRUE;
  return FALSE;
}

static const char *
find_address (GPtrArray *keys, const char *key_id)
{
  for (guint i = 0; i < keys->len; i++) {
    gpgme_key_t key = keys->pdata[i];
    if (!has_subkey (key, key_id))
      continue;
    for (gpgme_user_id_t uid = key->uids; uid != NULL; uid = uid->next)
      if (!uid->revoked && !uid->invalid && uid->address != NULL)
        return uid->address;
  }
  return NULL;
}

void
_mc_openpgp_name_recipients (GPtrArray *recipients, GPtrArray *keys)
{
  for (guint i = 0; recipients != NULL && i < recipients->len; i++) {
    McRecipient *recipient = recipients->pdata[i];
    const char *address =
      recipient->key_id != NULL ? find_address (keys, recipient->key_id) : NULL;
    if (address != NULL && recipient->address == NULL)
      recipient->address = g_utf8_make_valid (address, -1);
  }
}

/* --------------------------------------------------------------------- cards -- */

static const char *
find_card_number (gpgme_key_t key, const char *const *key_ids)
{
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
    for (guint i = 0; subkey->is_cardkey && key_ids[i] != NULL; i++)
      if (subkey->keyid != NULL && g_ascii_strcasecmp (subkey->keyid, key_ids[i]) == 0)
        return subkey->card_number;
  return NULL;
}

char *
_mc_openpgp_find_card (McEngine *engine, const char *const *key_ids, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) keys = _mc_openpgp_list (engine, key_ids, TRUE, cancellable, NULL);
  for (guint i = 0; keys != NULL && i < keys->len; i++) {
    const char *number = find_card_number (keys->pdata[i], key_ids);
    if (number != NULL)
      return name_card (number);
  }
  return NULL;
}

void
_mc_openpgp_name_signing_card (const McKey *signer, GError **error)
{
  if (signer->cards == NULL || error == NULL
      || !(g_error_matches (*error, MC_ERROR, MC_ERROR_NO_SECRET)
           || g_error_matches (*error, MC_ERROR, MC_ERROR_ENGINE)))
    return;
  /* scdaemon has many words for a card that does not answer */
  (*error)->code = MC_ERROR_NO_SECRET;
  g_autofree char *cards = g_strjoinv (", ", signer->cards);
  g_autofree char *hint = g_strdup_printf (_("insert the smart card %s"), cards);
  _mc_error_adopt (error, MC_ERROR_NO_SECRET, _("the secret key is on the smart card %s"), cards);
  _mc_error_add_hint (error, hint);
}

/* --------------------------------------------------------------------- find -- */

/* gpg compares addresses as they are written, so that one with an international domain
 * is looked for in both its spellings. */
static void
add_address_patterns (GPtrArray *patterns, const char *address)
{
  const char *domain = strrchr (address, '@');
  g_ptr_array_add (patterns, g_strdup_printf ("<%s>", address));
  g_autofree char *unicode = domain != NULL ? g_hostname_to_unicode (domain + 1) : NULL;
  if (unicode != NULL && strcmp (unicode, domain + 1) != 0)
    g_ptr_array_add (patterns, g_strdup_printf ("<%.*s@%s>", (int) (domain - address), address,
                                                unicode));
}

/* NULL-terminated; NULL for every key. */
static GPtrArray *
make_patterns (const McKeyQuery *query)
{
  if (query->fingerprint == NULL && query->address == NULL && query->text == NULL)
    return NULL;
  GPtrArray *patterns = g_ptr_array_new_with_free_func (g_free);
  if (query->fingerprint != NULL)
    g_ptr_array_add (patterns, g_ascii_strup (query->fingerprint, -1));
  else if (query->address != NULL)
    add_address_patterns (patterns, query->address);
  else
    g_ptr_array_add (patterns, g_strdup_printf ("*%s", query->text));   /* a part of a user id */
  g_ptr_array_add (patterns, NULL);
  return patterns;
}

static gboolean
matches (const McKeyQuery *query, const McKey *key)
{
  if (query->secret_only && key->secret == MC_SECRET_NONE)
    return FALSE;
  if (query->fingerprint != NULL)
    return g_ascii_strcasecmp (query->fingerprint, key->fingerprint) == 0;
  return query->address == NULL || _mc_key_find_identity (key, query->address) != NULL;
}

static gboolean
is_listed (GPtrArray *keys, guint from, const char *fingerprint)
{
  for (guint i = from; i < keys->len; i++)
    if (strcmp (((McKey *) keys->pdata[i])->fingerprint, fingerprint) == 0)
      return TRUE;
  return FALSE;
}

static void
add_reason (McKey *key, const char *code, const char *text)
{
  g_ptr_array_add (key->reasons, _mc_reason_new (code, NULL, "%s", text));
}

/* Only what the key's state by itself does not say. */
static void
judge (McKey *key, McKeyUse use)
{
  gpgme_key_t native = key->native;
  gboolean valid = key->validity == MC_VALIDITY_VALID;
  if (native->disabled)
    add_reason (key, "disabled", _("disabled in GnuPG"));
  if (valid && (use & MC_KEY_CAN_ENCRYPT) != 0 && (key->use & MC_KEY_CAN_ENCRYPT) == 0)
    add_reason (key, "no-encryption-subkey",
                _("it has no encryption subkey that is neither expired nor revoked"));
  if (valid && (use & MC_KEY_CAN_SIGN) != 0 && (key->use & MC_KEY_CAN_SIGN) == 0)
    add_reason (key, "no-signing-subkey",
                _("it has no signing subkey that is neither expired nor revoked"));
}

/* Fingerprints and text that cannot be found would be patterns of another kind to gpg. */
static gboolean
is_askable (const McKeyQuery *query)
{
  if (query->fingerprint != NULL) {
    gsize length = strlen (query->fingerprint);
    return (length == 40 || length == 64)
           && strspn (query->fingerprint, "0123456789abcdefABCDEF") == length;
  }
  return query->address != NULL || query->text == NULL || *query->text != '\0';
}

typedef struct {
  McEngine *engine;
  const McKeyQuery *query;
  GPtrArray *keys;
  guint before;             /* how many were in the array already */
} Finder;

static gboolean
give (gpgme_key_t native, gpointer user_data, GError **error)
{
  const Finder *self = user_data;
  const McKeyQuery *query = self->query;
  g_autoptr (McKey) key = _mc_openpgp_key_new (self->engine, native);
  gpgme_key_unref (native);
  if (!matches (query, key)
      || (self->keys != NULL && is_listed (self->keys, self->before, key->fingerprint)))
    return TRUE;
  if (query->judge)
    judge (key, query->use);
  return _mc_key_query_give (query, g_steal_pointer (&key), self->keys, error);
}

gboolean
_mc_openpgp_find (McEngine *engine, const McKeyQuery *query, GPtrArray *keys,
                  GCancellable *cancellable, GError **error)
{
  if (!is_askable (query))
    return TRUE;
  g_autoptr (GPtrArray) patterns = make_patterns (query);
  Finder self = { engine, query, keys, keys != NULL ? keys->len : 0 };
  /* What is told of a single key; for a list it would cost too much. */
  gpgme_keylist_mode_t more = GPGME_KEYLIST_MODE_WITH_SECRET;
  if (query->judge && query->fingerprint != NULL)
    more |= GPGME_KEYLIST_MODE_WITH_TOFU;
  return list_natives (engine, patterns != NULL ? (const char *const *) patterns->pdata : NULL,
                       more, give, &self, cancellable, error);
}
