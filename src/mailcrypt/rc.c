/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rc.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool.h"

#define OUR_NAME "mailcrypt"
#define FIRST_MARK "# >>> mailcrypt setup "
#define LAST_MARK "# <<< mailcrypt setup "
#define JOINED " [joined]"
#define MADE " [made]"

/* ---------------------------------------------------------------- our lines -- */

/* The end of the line at @line, its line break included. */
static const char *
end_line (const char *line)
{
  const char *end = strchr (line, '\n');
  return end != NULL ? end + 1 : line + strlen (line);
}

/* Whether the line is @mark of the block @id; what stands behind it in @ret_rest. */
static gboolean
is_mark (const char *line, const char *mark, const char *id, const char **ret_rest)
{
  if (!g_str_has_prefix (line, mark) || !g_str_has_prefix (line + strlen (mark), id))
    return FALSE;
  *ret_rest = line + strlen (mark) + strlen (id);
  return strchr (" \n", **ret_rest) != NULL;
}

static gboolean
refuse_damage (guint line, GError **error)
{
  tool_set_error (error, STATUS_ENVIRONMENT, "setup-damaged",
                  _("take our lines out of it by hand, then run setup again"),
                  _("only one of the two marks around mailcrypt's lines is left, in line %u"),
                  line);
  return FALSE;
}

gboolean
rc_find (const char *text, const char *id, RcBlock *ret_block, GError **error)
{
  RcBlock block = { 0 };
  const char *rest = NULL;
  guint number = 0;
  for (const char *line = text; *line != '\0'; line = end_line (line)) {
    number++;
    if (is_mark (line, FIRST_MARK, id, &rest)) {
      if (block.line != 0)
        return refuse_damage (block.line, error);
      block = (RcBlock) { .start = (gsize) (line - text), .line = number,
                          .inner = (gsize) (end_line (line) - text),
                          .joined = g_str_has_prefix (rest, JOINED),
                          .made = g_str_has_prefix (rest, MADE) };
    } else if (is_mark (line, LAST_MARK, id, &rest)) {
      if (block.line == 0)
        return refuse_damage (number, error);
      block.end = (gsize) (end_line (line) - text);
      *ret_block = block;
      return TRUE;
    }
  }
  return block.line != 0 ? refuse_damage (block.line, error) : FALSE;
}

char *
rc_put (const char *text, gsize at, const char *id, const char *lines, GError **error)
{
  RcBlock block = { 0 };
  GError *failure = NULL;
  const char *old = text != NULL ? text : "";
  if (rc_find (old, id, &block, &failure))
    return g_strdup_printf ("%.*s%s" LAST_MARK "%s\n%s", (int) block.inner, old, lines, id,
                            old + block.end);
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return NULL;
  }
  gboolean joined = at > 0 && old[at - 1] != '\n';
  const char *state = text == NULL ? MADE : joined ? JOINED : "";
  return g_strdup_printf ("%.*s%s" FIRST_MARK "%s%s\n%s" LAST_MARK "%s\n%s", (int) at, old,
                          joined ? "\n" : "", id, state, lines, id, old + at);
}

char *
rc_take_out (const char *text, const char *id, gboolean *ret_made, GError **error)
{
  RcBlock block = { 0 };
  GError *failure = NULL;
  *ret_made = FALSE;
  if (!rc_find (text, id, &block, &failure)) {
    if (failure == NULL)
      return g_strdup (text);
    g_propagate_error (error, failure);
    return NULL;
  }
  /* What came to stand behind our lines must not end up in the line before them. */
  gsize start = block.start - (block.joined && text[block.end] == '\0' ? 1 : 0);
  char *bare = g_strdup_printf ("%.*s%s", (int) start, text, text + block.end);
  *ret_made = block.made && *bare == '\0';
  return bare;
}

/* -------------------------------------------------------------- other lines -- */

/* What our settings set, and the value that does no harm to them. */
static const struct {
  const char *pattern, *harmless;
} our_settings[] = {
  { "crypt_use_gpgme", "no" },
  { "crypt_verify_sig", "yes" },
  { "pgp_use_gpg_agent", "yes" },
  { "pgp_check_gpg_decrypt_status_fd", "yes" },
  { "pgp_good_sign", NULL },
  { "pgp_*_command", NULL },
  { "smime_*_command", NULL },
  { "smime_keys", NULL },
  { "smime_certificates", NULL },
  { "smime_default_key", NULL },
  { "display_filter", NULL },
  { "pager", "builtin" },
  { "allow_ansi", "no" },
};

/* What @verb makes of a setting: its new value, NULL when that is not known. */
static const char *
get_result (const char *verb, const char *value)
{
  if (strcmp (verb, "set") == 0)
    return *value != '\0' ? value : "yes";
  return strcmp (verb, "unset") == 0 ? "no" : NULL;
}

/* @result: the new value. */
static gboolean
clashes (const char *name, const char *result, gboolean sends)
{
  if (strcmp (name, "sendmail") == 0)
    return sends;
  if (!g_str_is_ascii (name))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (our_settings); i++)
    if (g_pattern_match_simple (our_settings[i].pattern, name))
      return result == NULL || g_strcmp0 (result, our_settings[i].harmless) != 0;
  /* "set noNAME" unsets, "set invNAME" toggles. */
  if (g_str_has_prefix (name, "no"))
    return clashes (name + 2, "no", sends);
  return g_str_has_prefix (name, "inv") && clashes (name + 3, NULL, sends);
}

/* The name of the setting at @word, and its value; a value in quotes is taken as far as it
 * matters here. Returns where the next one begins. */
static const char *
next_setting (const char *word, char **ret_name, char **ret_value)
{
  word += strspn (word, " \t");
  gsize size = strcspn (word, " \t=");
  *ret_name = g_strndup (word, size);
  word += size;
  const char *sign = word + strspn (word, " \t");
  if (*sign != '=') {
    *ret_value = g_strdup ("");
    return word;
  }
  word = sign + 1 + strspn (sign + 1, " \t");
  char quote = *word == '"' || *word == '\'' ? *word : '\0';
  if (quote != '\0')
    word++;
  const char *ends = quote == '"' ? "\"" : quote == '\'' ? "'" : " \t";
  size = 0;
  while (word[size] != '\0' && strchr (ends, word[size]) == NULL)
    size += word[size] == '\\' && word[size + 1] != '\0' ? 2 : 1;
  *ret_value = g_strndup (word, size);
  word += size;
  return quote != '\0' && *word == quote ? word + 1 : word;
}

static gboolean
line_clashes (const char *line, gboolean sends)
{
  line += strspn (line, " \t");
  gsize size = strcspn (line, " \t");
  g_autofree char *verb = g_strndup (line, size);
  const char *const verbs[] = { "set", "unset", "reset", "toggle", NULL };
  if (!g_strv_contains (verbs, verb))
    return FALSE;
  for (const char *word = line + size; *word != '\0';) {
    g_autofree char *name = NULL;
    g_autofree char *value = NULL;
    word = next_setting (word, &name, &value);
    if (*name == '#')
      return FALSE;
    if (clashes (name, get_result (verb, value), sends))
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_comment (const char *line)
{
  return line[strspn (line, " \t")] == '#';
}

GArray *
rc_list_clashes (const char *text, gboolean sends)
{
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (guint));
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  for (guint i = 0; lines[i] != NULL; i++) {
    guint number = i + 1;
    if (!is_comment (lines[i]) && strstr (lines[i], OUR_NAME) == NULL
        && line_clashes (lines[i], sends))
      g_array_append_val (numbers, number);
  }
  return numbers;
}

guint
rc_find_mention (const char *text)
{
  guint found = 0;
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  for (guint i = 0; lines[i] != NULL; i++)
    if (!is_comment (lines[i]) && strstr (lines[i], OUR_NAME) != NULL)
      found = i + 1;
  return found;
}
