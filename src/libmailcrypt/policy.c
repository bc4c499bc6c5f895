/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "policy.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "mime/protect.h"
#include "settings.h"

/* ------------------------------------------------------------------- wishes -- */

static const char *const wish_words[] = {
  [MC_WISH_UNKNOWN] = "unknown",
  [MC_WISH_NEVER] = "never",
  [MC_WISH_IF_POSSIBLE] = "if-possible",
  [MC_WISH_ALWAYS] = "always",
};

const char *
mc_wish_to_word (McWish wish)
{
  return wish_words[wish < G_N_ELEMENTS (wish_words) ? wish : MC_WISH_UNKNOWN];
}

static McWish
wish_from_word (const char *word)
{
  for (McWish wish = MC_WISH_NEVER; wish < G_N_ELEMENTS (wish_words); wish++)
    if (g_strcmp0 (word, wish_words[wish]) == 0)
      return wish;
  return MC_WISH_UNKNOWN;
}

McWish
_mc_wish_combine (McWish a, McWish b)
{
  static const int weights[] = {
    [MC_WISH_UNKNOWN] = 0, [MC_WISH_IF_POSSIBLE] = 1, [MC_WISH_NEVER] = 2, [MC_WISH_ALWAYS] = 3,
  };
  return weights[a] >= weights[b] ? a : b;
}

/* ----------------------------------------------------------------- patterns -- */

/* "*@Example.ORG" in the form that canonical addresses have; as good as it gets with
 * wildcards in the domain. (transfer full) */
static char *
canonicalise_pattern (const char *pattern)
{
  const char *at = strrchr (pattern, '@');
  g_autofree char *stand_in = g_strconcat ("x", at, NULL);
  g_autofree char *canonical = _mc_address_normalise (stand_in, -1);
  g_autofree char *local = g_ascii_strdown (pattern, at - pattern);
  g_autofree char *domain =
    canonical != NULL ? g_strdup (strrchr (canonical, '@')) : g_ascii_strdown (at, -1);
  return g_strconcat (at == pattern ? "*" : local, domain, NULL);
}

static gboolean
group_has (const char *members, const char *address)
{
  g_auto (GStrv) list = g_strsplit (members, ";", -1);
  for (char **member = list; *member != NULL; member++)
    if (mc_address_equal (*member, address))
      return TRUE;
  return FALSE;
}

/* Whether @pattern means @address: everybody, an address or a domain with or without
 * wildcards, or the name of a group of people. */
static gboolean
pattern_fits (McSettings *settings, const char *pattern, const char *address)
{
  if (strcmp (pattern, "*") == 0)
    return TRUE;
  if (strchr (pattern, '@') == NULL)
    return group_has (mc_settings_get (settings, "groups", pattern), address);
  g_autofree char *wanted = canonicalise_pattern (pattern);
  g_autofree char *canonical = _mc_address_normalise (address, -1);
  return canonical != NULL && g_pattern_match_simple (wanted, canonical);
}

/* A name that is mistyped would silently mean nobody. */
static gboolean
check_patterns (McSettings *settings, GError **error)
{
  GPtrArray *patterns = _mc_settings_get_policies (settings);
  for (guint i = 0; i < patterns->len; i++) {
    const char *pattern = g_ptr_array_index (patterns, i);
    if (strcmp (pattern, "*") == 0 || strchr (pattern, '@') != NULL
        || mc_settings_get (settings, "groups", pattern) != NULL)
      continue;
    g_autofree char *shown = _mc_text_escape_line (pattern, -1);
    _mc_set_error (error, MC_ERROR_INVALID,
                   _("a policy is for '*', an address, '*@DOMAIN' or a name from [groups]"),
                   _("the policy for '%s' means nobody"), shown);
    return FALSE;
  }
  return TRUE;
}

gboolean
mc_policy_find (McSettings *settings, const char *matter, const char *sender,
                const char *recipient, McWish *ret_wish, char **ret_source, GError **error)
{
  GPtrArray *patterns = _mc_settings_get_policies (settings);
  g_autofree char *source = NULL;
  const char *word = NULL;
  if (!check_patterns (settings, error))
    return FALSE;

  for (guint i = 0; word == NULL && i < patterns->len; i++) {
    const char *pattern = g_ptr_array_index (patterns, i);
    g_autofree char *group = g_strconcat ("policy ", pattern, NULL);
    if (!pattern_fits (settings, pattern, recipient))
      continue;
    word = mc_settings_get (settings, group, matter);
    if (word != NULL)
      source = g_steal_pointer (&group);
  }
  if (word == NULL && sender != NULL) {
    source = g_strconcat ("account ", sender, NULL);
    word = mc_settings_get (settings, source, matter);
  }
  if (word == NULL) {
    g_free (source);
    source = g_strdup ("general");
    word = mc_settings_get (settings, source, matter);
  }
  *ret_wish = wish_from_word (word);
  if (ret_source != NULL)
    *ret_source = g_steal_pointer (&source);
  return TRUE;
}

/* -------------------------------------------------------------------- marks -- */

static void
refuse_contradiction (GError **error)
{
  _mc_set_error (error, MC_ERROR_MALFORMED,
                 _("leave one of them out: the field X-Mailcrypt, or the mark in the Subject"),
                 _("the message says of itself that it is and is not to be protected"));
}

static gboolean
take_wish (McWish *slot, McWish wish, GError **error)
{
  if (*slot != MC_WISH_UNKNOWN && *slot != wish) {
    refuse_contradiction (error);
    return FALSE;
  }
  *slot = wish;
  return TRUE;
}

static gboolean
take_protocol (McMarks *marks, McProtocol protocol, GError **error)
{
  if (marks->protocol != MC_PROTOCOL_UNKNOWN && marks->protocol != protocol) {
    refuse_contradiction (error);
    return FALSE;
  }
  marks->protocol = protocol;
  return TRUE;
}

static gboolean
take_word (McMarks *marks, const char *word, GError **error)
{
  if (g_ascii_strcasecmp (word, "sign") == 0)
    return take_wish (&marks->sign, MC_WISH_ALWAYS, error);
  if (g_ascii_strcasecmp (word, "no-sign") == 0)
    return take_wish (&marks->sign, MC_WISH_NEVER, error);
  if (g_ascii_strcasecmp (word, "encrypt") == 0)
    return take_wish (&marks->encrypt, MC_WISH_ALWAYS, error);
  if (g_ascii_strcasecmp (word, "no-encrypt") == 0)
    return take_wish (&marks->encrypt, MC_WISH_NEVER, error);
  if (g_ascii_strcasecmp (word, "openpgp") == 0)
    return take_protocol (marks, MC_PROTOCOL_OPENPGP, error);
  if (g_ascii_strcasecmp (word, "smime") == 0)
    return take_protocol (marks, MC_PROTOCOL_SMIME, error);

  g_autofree char *shown = _mc_text_escape_line (word, -1);
  _mc_set_error (error, MC_ERROR_MALFORMED,
                 _("the words are sign, no-sign, encrypt, no-encrypt, openpgp and smime"),
                 _("unknown word '%s' in the field X-Mailcrypt"), shown);
  return FALSE;
}

static gboolean
read_words (McMarks *marks, const McField *field, GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (field->body, ",; \t", -1);
  for (char **word = words; *word != NULL; word++)
    if (**word != '\0' && !take_word (marks, *word, error))
      return FALSE;
  return TRUE;
}

static char *
find_mark (char *text, const char *mark)
{
  gsize size = strlen (mark);
  for (; *text != '\0'; text++)
    if (g_ascii_strncasecmp (text, mark, size) == 0)
      return text;
  return NULL;
}

/* Takes @mark (nullable) out of @subject; whether it was there. */
static gboolean
cut_mark (char **subject, const char *mark)
{
  gboolean found = FALSE;
  char *at = NULL;
  while (mark != NULL && (at = find_mark (*subject, mark)) != NULL) {
    const char *rest = at + strlen (mark);
    *at = '\0';
    if (at == *subject || at[-1] == ' ')
      rest += strspn (rest, " \t");
    char *shorter = g_strconcat (*subject, rest, NULL);
    g_free (*subject);
    *subject = g_strchomp (shorter);
    found = TRUE;
  }
  return found;
}

static gboolean
read_subject (McMarks *marks, McSettings *settings, const McField *field, GPtrArray *changes,
              GError **error)
{
  g_autofree char *subject = g_strdup (field->value);
  gboolean sign = cut_mark (&subject, mc_settings_get (settings, "general", "sign-mark"));
  gboolean encrypt = cut_mark (&subject, mc_settings_get (settings, "general", "encrypt-mark"));
  if ((sign && !take_wish (&marks->sign, MC_WISH_ALWAYS, error))
      || (encrypt && !take_wish (&marks->encrypt, MC_WISH_ALWAYS, error)))
    return FALSE;
  if (!sign && !encrypt)
    return TRUE;
  g_autofree char *value = _mc_header_encode_text (subject);
  _mc_header_lines_add (changes, field, value);
  return TRUE;
}

gboolean
_mc_marks_read (const McTree *tree, McSettings *settings, McMarks *ret_marks, GPtrArray *changes,
                GError **error)
{
  McMarks marks = { 0 };
  for (guint i = 0; i < tree->fields->len; i++) {
    const McField *field = g_ptr_array_index (tree->fields, i);
    if (g_ascii_strcasecmp (field->name, "X-Mailcrypt") == 0) {
      if (!read_words (&marks, field, error))
        return FALSE;
      _mc_header_lines_add (changes, field, NULL);
    }
    if (g_ascii_strcasecmp (field->name, "Subject") == 0
        && !read_subject (&marks, settings, field, changes, error))
      return FALSE;
  }
  *ret_marks = marks;
  return TRUE;
}
