/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "settings.h"

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define N_FOLDERS (MC_FOLDER_GNUPG + 1)

const McSettingInfo _mc_setting_table[] = {
  { "general", "protocol", MC_SETTING_WORD, "auto|openpgp|smime", "auto",
    N_("which protocol protects what is sent") },
  { "general", "header-protection", MC_SETTING_WORD, "baseline|shy|none|off", "baseline",
    N_("what the header of an encrypted message hides; off: no header is protected") },
  { "general", "sign", MC_SETTING_WORD, "never|if-possible|always", "never",
    N_("whether 'mailcrypt sendmail' signs, where no policy says") },
  { "general", "encrypt", MC_SETTING_WORD, "never|if-possible|always", "never",
    N_("whether 'mailcrypt sendmail' encrypts, where no policy says") },
  { "general", "sign-mark", MC_SETTING_TEXT, NULL, NULL,
    N_("the text in a Subject that has 'mailcrypt sendmail' sign the message") },
  { "general", "encrypt-mark", MC_SETTING_TEXT, NULL, NULL,
    N_("the text in a Subject that has 'mailcrypt sendmail' encrypt the message") },
  { "general", "mta", MC_SETTING_TEXT, NULL, "/usr/sbin/sendmail",
    N_("the program that 'mailcrypt sendmail' gives messages to, with its own options") },
  { "general", "fcc", MC_SETTING_TEXT, NULL, NULL,
    N_("the Maildir that takes an encrypted copy of what 'mailcrypt sendmail' sends") },
  { "general", "reply-memory", MC_SETTING_NUMBER, NULL, "730",
    N_("for how many days it is known that a message was encrypted, so that no answer goes out "
       "in clear; 0: not at all") },
  { "general", "key-history", MC_SETTING_BOOLEAN, NULL, "true",
    N_("whether to remember which keys good mail of an address was signed with") },
  { "general", "show-phrase", MC_SETTING_TEXT, NULL, NULL,
    N_("the words by which you know the lines of 'mailcrypt show' that are not the message's") },
  { "openpgp", "trust", MC_SETTING_WORD, "full|marginal", "full",
    N_("the least validity at which GnuPG's word on a user id counts as trust") },
  { "smime", "system-anchors", MC_SETTING_BOOLEAN, NULL, "true",
    N_("whether the system's certification authorities are trust anchors") },
  { "smime", "revocation", MC_SETTING_WORD, "off|soft|hard", "soft",
    N_("what an unknown revocation status means: not looked at, said, a refusal") },
  { "smime", "revocation-fetch", MC_SETTING_BOOLEAN, NULL, "false",
    N_("whether authorities are asked about revocation over the network") },
  { "smime", "revocation-fetch-private", MC_SETTING_BOOLEAN, NULL, "false",
    N_("whether they may be on addresses that are not public, as in a company's own network") },
  { "smime", "harvest", MC_SETTING_BOOLEAN, NULL, "true",
    N_("whether certificates and capabilities of good signatures are kept") },
  { "keyring", "use", MC_SETTING_BOOLEAN, NULL, "true",
    N_("whether passphrases of S/MIME keys are looked for in your keyring") },
  { "keyring", "remember", MC_SETTING_BOOLEAN, NULL, "false",
    N_("whether a passphrase of an S/MIME key that fits is put there") },
  { "keyring", "unlock", MC_SETTING_BOOLEAN, NULL, "false",
    N_("whether the dialog that unlocks your keyring may be opened") },
  { "limits", "total-bytes", MC_SETTING_LIMIT, NULL, NULL,
    N_("octets of one message, and of each decoded or decrypted form of it") },
  { "limits", "memory-bytes", MC_SETTING_LIMIT, NULL, NULL,
    N_("octets of one message kept in memory before an encrypted file takes them") },
  { "limits", "header-bytes", MC_SETTING_LIMIT, NULL, NULL, N_("octets of one header block") },
  { "limits", "nesting-depth", MC_SETTING_LIMIT, NULL, NULL,
    N_("MIME entities inside each other") },
  { "limits", "parts", MC_SETTING_LIMIT, NULL, NULL, N_("MIME entities of one message") },
  { "limits", "layers", MC_SETTING_LIMIT, NULL, NULL,
    N_("cryptographic layers inside each other") },
  { "limits", "recipients", MC_SETTING_LIMIT, NULL, NULL,
    N_("recipients of one encrypted layer, or of one sending") },
  { "limits", "fetch-bytes", MC_SETTING_LIMIT, NULL, NULL,
    N_("octets of a revocation list that is fetched") },
  { "limits", "fetch-seconds", MC_SETTING_LIMIT, NULL, NULL,
    N_("seconds for all that is asked about one layer's signers, or about one recipient") },
  { "account", "signer", MC_SETTING_TEXT, NULL, NULL,
    N_("the address or fingerprint whose key signs mail from this address") },
  { "account", "protocol", MC_SETTING_WORD, "auto|openpgp|smime", NULL,
    N_("which protocol protects what is sent from this address") },
  { "account", "header-protection", MC_SETTING_WORD, "baseline|shy|none|off", NULL,
    N_("what the header of an encrypted message from this address hides") },
  { "account", "sign", MC_SETTING_WORD, "never|if-possible|always", NULL,
    N_("whether 'mailcrypt sendmail' signs mail from this address") },
  { "account", "encrypt", MC_SETTING_WORD, "never|if-possible|always", NULL,
    N_("whether 'mailcrypt sendmail' encrypts mail from this address") },
  { "account", "mta", MC_SETTING_TEXT, NULL, NULL,
    N_("the program that mail from this address is given to") },
  { "account", "fcc", MC_SETTING_TEXT, NULL, NULL,
    N_("the Maildir that takes an encrypted copy of mail from this address") },
  { "policy", "sign", MC_SETTING_WORD, "never|if-possible|always", NULL,
    N_("whether 'mailcrypt sendmail' signs mail to those whom the pattern means") },
  { "policy", "encrypt", MC_SETTING_WORD, "never|if-possible|always", NULL,
    N_("whether 'mailcrypt sendmail' encrypts mail to those whom the pattern means") },
  { "groups", NULL, MC_SETTING_ADDRESSES, NULL, NULL,
    N_("the addresses that this name stands for") },
  { NULL, NULL, MC_SETTING_TEXT, NULL, NULL, NULL },
};

typedef enum {
  ARGUMENT_NONE,
  ARGUMENT_ADDRESS,
  ARGUMENT_PATTERN,
} Argument;

static const struct {
  const char *name;
  Argument argument;
} known_groups[] = {
  { "general", ARGUMENT_NONE },    { "openpgp", ARGUMENT_NONE },    { "smime", ARGUMENT_NONE },
  { "keyring", ARGUMENT_NONE },    { "limits", ARGUMENT_NONE },     { "groups", ARGUMENT_NONE },
  { "account", ARGUMENT_ADDRESS }, { "policy", ARGUMENT_PATTERN },
};

struct _McSettings {
  gatomicrefcount refs;
  char *folders[N_FOLDERS];
  GHashTable *values;   /* "group\nkey", the group in canonical form, to the value */
  GPtrArray *policies;  /* of char*: patterns, in order */
  McLimits limits;
};

/* ------------------------------------------------------------- life, folders -- */

McSettings *
mc_settings_new (void)
{
  McSettings *settings = g_new0 (McSettings, 1);
  g_atomic_ref_count_init (&settings->refs);
  settings->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  settings->policies = g_ptr_array_new_with_free_func (g_free);
  _mc_limits_init (&settings->limits);
  return settings;
}

McSettings *
mc_settings_ref (McSettings *settings)
{
  g_atomic_ref_count_inc (&settings->refs);
  return settings;
}

void
mc_settings_unref (McSettings *settings)
{
  if (settings == NULL || !g_atomic_ref_count_dec (&settings->refs))
    return;
  for (gsize i = 0; i < N_FOLDERS; i++)
    g_free (settings->folders[i]);
  g_hash_table_unref (settings->values);
  g_ptr_array_unref (settings->policies);
  g_free (settings);
}

void
mc_settings_set_folder (McSettings *settings, McFolder folder, const char *path)
{
  g_return_if_fail (folder < N_FOLDERS);
  char *old = settings->folders[folder];
  settings->folders[folder] = g_strdup (path);
  g_free (old);
}

const char *
mc_settings_get_folder (McSettings *settings, McFolder folder)
{
  g_return_val_if_fail (folder < N_FOLDERS, NULL);
  return settings->folders[folder];
}

const McLimits *
_mc_settings_get_limits (McSettings *settings)
{
  return &settings->limits;
}

/* ------------------------------------------------------------------ grammar -- */

/* "account Bob@EXAMPLE.org" as "account bob@example.org"; NULL for no group of ours. */
static char *
canonicalise_group (const char *group)
{
  gsize length = strcspn (group, " ");
  g_autofree char *argument = g_strstrip (g_strdup (group + length));
  for (gsize i = 0; i < G_N_ELEMENTS (known_groups); i++) {
    const char *name = known_groups[i].name;
    if (strlen (name) != length || memcmp (name, group, length) != 0)
      continue;
    if (known_groups[i].argument == ARGUMENT_NONE)
      return argument[0] == '\0' ? g_strdup (name) : NULL;
    if (argument[0] == '\0')
      return NULL;
    if (known_groups[i].argument == ARGUMENT_PATTERN)
      return g_strconcat (name, " ", argument, NULL);
    g_autofree char *address = _mc_address_normalise (argument, -1);
    return address != NULL ? g_strconcat (name, " ", address, NULL) : NULL;
  }
  return NULL;
}

static gboolean
is_of_group (const McSettingInfo *info, const char *group)
{
  gsize length = strlen (info->group);
  return strncmp (info->group, group, length) == 0
         && (group[length] == '\0' || group[length] == ' ');
}

static const McSettingInfo *
find_info (const char *group, const char *key)
{
  for (const McSettingInfo *info = _mc_setting_table; info->group != NULL; info++)
    if (is_of_group (info, group)
        && (info->key != NULL ? strcmp (info->key, key) == 0 : key[0] != '\0'))
      return info;
  return NULL;
}

static void
set_unknown_group (const char *group, GError **error)
{
  g_autofree char *shown = _mc_text_escape_line (group, -1);
  _mc_set_error (error, MC_ERROR_INVALID,
                 _("groups are [general], [openpgp], [smime], [keyring], [limits], [groups], "
                   "[account ADDRESS] and [policy PATTERN]"),
                 _("unknown group '%s'"), shown);
}

static void
set_unknown_key (const char *group, const char *key, GError **error)
{
  g_autoptr (GString) known = g_string_new (NULL);
  for (const McSettingInfo *info = _mc_setting_table; info->group != NULL; info++)
    if (info->key != NULL && is_of_group (info, group))
      g_string_append_printf (known, "%s%s", known->len > 0 ? ", " : "", info->key);

  g_autofree char *hint = known->len > 0 ? g_strdup_printf (_("keys of this group: %s"),
                                                            known->str) : NULL;
  g_autofree char *shown_key = _mc_text_escape_line (key, -1);
  g_autofree char *shown_group = _mc_text_escape_line (group, -1);
  _mc_set_error (error, MC_ERROR_INVALID, hint, _("unknown key '%s' in group '%s'"), shown_key,
                 shown_group);
}

/* ------------------------------------------------------------------- values -- */

static const char *
describe_type (const McSettingInfo *info)
{
  switch (info->type) {
    case MC_SETTING_BOOLEAN: return "true|false";
    case MC_SETTING_WORD: return info->words;
    case MC_SETTING_LIMIT:
    case MC_SETTING_NUMBER: return _("a number");
    case MC_SETTING_TEXT: return _("a text");
    case MC_SETTING_ADDRESSES: return _("addresses with \";\" between them");
    default: g_assert_not_reached ();
  }
}

static char *
check_boolean (const char *value)
{
  if (strcmp (value, "true") == 0 || strcmp (value, "yes") == 0 || strcmp (value, "1") == 0)
    return g_strdup ("true");
  if (strcmp (value, "false") == 0 || strcmp (value, "no") == 0 || strcmp (value, "0") == 0)
    return g_strdup ("false");
  return NULL;
}

static char *
check_word (const McSettingInfo *info, const char *value)
{
  g_auto (GStrv) words = g_strsplit (info->words, "|", -1);
  return g_strv_contains ((const char *const *) words, value) ? g_strdup (value) : NULL;
}

static char *
check_number (const char *value)
{
  guint64 number = 0;
  if (!g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT64, &number, NULL))
    return NULL;
  return g_strdup_printf ("%llu", (unsigned long long) number);
}

static char *
check_addresses (const char *value)
{
  g_auto (GStrv) parts = g_strsplit_set (value, ";,", -1);
  GString *out = g_string_new (NULL);
  for (gsize i = 0; parts[i] != NULL; i++) {
    const char *address = g_strstrip (parts[i]);
    if (address[0] == '\0')
      continue;
    g_autofree char *normal = _mc_address_normalise (address, -1);
    if (normal == NULL) {
      g_string_free (out, TRUE);
      return NULL;
    }
    g_string_append_printf (out, "%s%s", out->len > 0 ? ";" : "", address);
  }
  return g_string_free (out, out->len == 0);   /* NULL for none at all */
}

static char *
check_value (const McSettingInfo *info, const char *value)
{
  switch (info->type) {
    case MC_SETTING_BOOLEAN: return check_boolean (value);
    case MC_SETTING_WORD: return check_word (info, value);
    case MC_SETTING_LIMIT:
    case MC_SETTING_NUMBER: return check_number (value);
    case MC_SETTING_TEXT: return value[0] != '\0' ? g_strdup (value) : NULL;
    case MC_SETTING_ADDRESSES: return check_addresses (value);
    default: g_assert_not_reached ();
  }
}

static void
set_bad_value (const McSettingInfo *info, const char *key, const char *value, GError **error)
{
  g_autofree char *shown_key = _mc_text_escape_line (key, -1);
  g_autofree char *shown_value = _mc_text_escape_line (value, -1);
  g_autofree char *hint = g_strdup_printf (_("'%s' takes %s: %s"), shown_key,
                                           describe_type (info), _(info->meaning));
  _mc_set_error (error, MC_ERROR_INVALID, hint, _("bad value '%s' for '%s'"), shown_value,
                 shown_key);
}

/* ------------------------------------------------------------------ changes -- */

/* One checked assignment that waits until all of its kind are checked. */
typedef struct {
  const McSettingInfo *info;
  char *slot;    /* a key of McSettings.values */
  char *value;
} Change;

static void
change_free (Change *change)
{
  g_free (change->slot);
  g_free (change->value);
  g_free (change);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

static char *
make_slot (const char *group, const char *key)
{
  return g_strconcat (group, "\n", key, NULL);
}

static Change *
check_change (const char *group, const char *key, const char *value, GError **error)
{
  const McSettingInfo *info = find_info (group, key);
  if (info == NULL) {
    set_unknown_key (group, key, error);
    return NULL;
  }

  g_autofree char *checked = check_value (info, value);
  if (checked == NULL) {
    set_bad_value (info, key, value, error);
    return NULL;
  }
  McLimits scratch;
  if (info->type == MC_SETTING_LIMIT
      && !_mc_limits_set (&scratch, key, g_ascii_strtoull (checked, NULL, 10), error))
    return NULL;

  Change *change = g_new0 (Change, 1);
  change->info = info;
  change->slot = make_slot (group, key);
  change->value = g_steal_pointer (&checked);
  return change;
}

/* The first of several policies that fit counts, so they have an order. */
static void
note_policy (McSettings *settings, const char *slot)
{
  static const char start[] = "policy ";
  if (!g_str_has_prefix (slot, start))
    return;
  const char *name = slot + strlen (start);
  g_autofree char *pattern = g_strndup (name, strcspn (name, "\n"));
  if (!g_ptr_array_find_with_equal_func (settings->policies, pattern, g_str_equal, NULL))
    g_ptr_array_add (settings->policies, g_steal_pointer (&pattern));
}

static void
apply_change (McSettings *settings, Change *change)
{
  note_policy (settings, change->slot);
  if (change->info->type == MC_SETTING_LIMIT)
    (void) _mc_limits_set (&settings->limits, change->info->key,
                           g_ascii_strtoull (change->value, NULL, 10), NULL);
  g_hash_table_replace (settings->values, g_steal_pointer (&change->slot),
                        g_steal_pointer (&change->value));
}

/* ------------------------------------------------------------- one at a time -- */

gboolean
mc_settings_set (McSettings *settings, const char *group, const char *key, const char *value,
                 GError **error)
{
  g_autofree char *canonical = canonicalise_group (group);
  if (canonical == NULL) {
    set_unknown_group (group, error);
    return FALSE;
  }
  g_autoptr (Change) change = check_change (canonical, key, value, error);
  if (change == NULL)
    return FALSE;
  apply_change (settings, change);
  return TRUE;
}

static const char *
get_limit_fallback (const char *key)
{
  for (const McLimitInfo *limit = _mc_limit_table; limit->name != NULL; limit++)
    if (strcmp (limit->name, key) == 0) {
      g_autofree char *number = g_strdup_printf ("%llu", (unsigned long long) limit->fallback);
      return g_intern_string (number);
    }
  return NULL;
}

const char *
mc_settings_get (McSettings *settings, const char *group, const char *key)
{
  g_autofree char *canonical = canonicalise_group (group);
  const McSettingInfo *info = canonical != NULL ? find_info (canonical, key) : NULL;
  if (info == NULL)
    return NULL;

  g_autofree char *slot = make_slot (canonical, key);
  const char *value = g_hash_table_lookup (settings->values, slot);
  if (value != NULL)
    return value;
  return info->type == MC_SETTING_LIMIT ? get_limit_fallback (key) : info->fallback;
}

const char *
mc_settings_get_for (McSettings *settings, const char *address, const char *key)
{
  g_autofree char *group = address != NULL ? g_strconcat ("account ", address, NULL) : NULL;
  const char *value = group != NULL ? mc_settings_get (settings, group, key) : NULL;
  return value != NULL ? value : mc_settings_get (settings, "general", key);
}

GPtrArray *
_mc_settings_get_policies (McSettings *settings)
{
  return settings->policies;
}

/* ------------------------------------------------------------------ the file -- */

typedef struct {
  char *group;          /* canonical; NULL before the first group */
  GPtrArray *changes;   /* of Change */
} Reader;

static gboolean
set_syntax_error (const char *line, GError **error)
{
  g_autofree char *shown = _mc_text_escape_line (line, -1);
  _mc_set_error (error, MC_ERROR_INVALID, _("lines are '[group]', 'key = value' or '# comment'"),
                 _("neither group nor assignment: '%s'"), shown);
  return FALSE;
}

static gboolean
read_group (Reader *reader, char *line, GError **error)
{
  gsize size = strlen (line);
  if (size < 3 || line[size - 1] != ']')
    return set_syntax_error (line, error);

  line[size - 1] = '\0';
  g_free (reader->group);
  reader->group = canonicalise_group (line + 1);
  if (reader->group == NULL)
    set_unknown_group (line + 1, error);
  return reader->group != NULL;
}

/* Undoes GKeyFile's escapes in place; FALSE for an escape that it does not know. */
static gboolean
unescape (char *value)
{
  static const char letters[] = "sntr\\";
  static const char meant[] = " \n\t\r\\";
  char *to = value;
  for (const char *from = value; *from != '\0'; from++) {
    if (*from != '\\') {
      *to++ = *from;
      continue;
    }
    from++;
    const char *letter = *from != '\0' ? strchr (letters, *from) : NULL;
    if (letter == NULL)
      return FALSE;
    *to++ = meant[letter - letters];
  }
  *to = '\0';
  return TRUE;
}

static gboolean
read_assignment (Reader *reader, char *line, GError **error)
{
  char *equals = strchr (line, '=');
  if (equals == NULL || equals == line)
    return set_syntax_error (line, error);
  if (reader->group == NULL) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("assignment before the first group"));
    return FALSE;
  }

  *equals = '\0';
  const char *key = g_strchomp (line);
  char *value = g_strchug (equals + 1);
  if (!unescape (value)) {
    _mc_set_error (error, MC_ERROR_INVALID, _("a backslash itself is written '\\\\'"),
                   _("unknown escape in the value of '%s'"), key);
    return FALSE;
  }
  Change *change = check_change (reader->group, key, value, error);
  if (change == NULL)
    return FALSE;
  g_ptr_array_add (reader->changes, change);
  return TRUE;
}

static gboolean
read_line (Reader *reader, const char *text, gsize size, GError **error)
{
  if (!g_utf8_validate_len (text, size, NULL)) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("neither NUL nor broken UTF-8 is allowed"));
    return FALSE;
  }
  g_autofree char *copy = g_strndup (text, size);
  char *line = g_strstrip (copy);
  if (line[0] == '\0' || line[0] == '#')
    return TRUE;
  return line[0] == '[' ? read_group (reader, line, error)
                        : read_assignment (reader, line, error);
}

static gboolean
read_lines (Reader *reader, const char *text, gsize size, const char *name, GError **error)
{
  for (guint number = 1; size > 0; number++) {
    const char *end = memchr (text, '\n', size);
    gsize length = end != NULL ? (gsize) (end - text) : size;
    if (!read_line (reader, text, length, error))
      return _mc_error_adopt (error, MC_ERROR_INVALID, "%s:%u", name, number);

    gsize taken = MIN (length + 1, size);
    text += taken;
    size -= taken;
  }
  return TRUE;
}

gboolean
mc_settings_load (McSettings *settings, const char *text, gsize size, const char *name,
                  GError **error)
{
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func ((GDestroyNotify) change_free);
  Reader reader = { NULL, changes };
  gboolean good = read_lines (&reader, text, size, name, error);
  g_free (reader.group);
  if (!good)
    return FALSE;

  for (guint i = 0; i < changes->len; i++)
    apply_change (settings, g_ptr_array_index (changes, i));
  return TRUE;
}
