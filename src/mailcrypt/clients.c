/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "clients.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "findings.h"
#include "rc.h"

/* ------------------------------------------------------------------- places -- */

/* Where a client looks, first things first: below HOME, or below the XDG folder where the
 * name begins with "@"; "%" is the version. */
static const char *const mutt_files[] = {
  ".muttrc-%", ".muttrc", ".mutt/muttrc-%", ".mutt/muttrc", "@mutt/muttrc-%", "@mutt/muttrc", NULL,
};
static const char *const neomutt_files[] = {
  "@neomutt/neomuttrc", "@neomutt/muttrc", "@mutt/neomuttrc", "@mutt/muttrc",
  ".neomutt/neomuttrc", ".neomutt/muttrc", ".mutt/neomuttrc", ".mutt/muttrc",
  ".neomuttrc", ".muttrc", NULL,
};
static const char *const aerc_files[] = { "@aerc/aerc.conf", "@aerc/accounts.conf", NULL };

static const char *const *
get_names (const char *client)
{
  if (strcmp (client, "aerc") == 0)
    return aerc_files;
  return strcmp (client, "mutt") == 0 ? mutt_files : neomutt_files;
}

char **
clients_list_files (const char *client, const char *version)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  for (const char *const *name = get_names (client); *name != NULL; name++) {
    if (version == NULL && strchr (*name, '%') != NULL)
      continue;
    g_autoptr (GString) file = g_string_new (**name == '@' ? *name + 1 : *name);
    g_string_replace (file, "%", version != NULL ? version : "", 0);
    const char *folder = **name == '@' ? g_get_user_config_dir () : g_get_home_dir ();
    g_ptr_array_add (files, g_build_filename (folder, file->str, NULL));
  }
  g_ptr_array_add (files, NULL);
  return (char **) g_ptr_array_steal (files, NULL);
}

/* In the XDG folder when the client has one there, else beside all the others. */
static char *
choose_new (const char *client)
{
  g_autofree char *folder = g_build_filename (g_get_user_config_dir (), client, NULL);
  g_autofree char *name = g_strconcat (client, "rc", NULL);
  if (g_file_test (folder, G_FILE_TEST_IS_DIR))
    return g_build_filename (folder, name, NULL);
  g_autofree char *hidden = g_strconcat (".", name, NULL);
  return g_build_filename (g_get_home_dir (), hidden, NULL);
}

char *
clients_find_file (const char *client, const char *version, gboolean *ret_exists)
{
  g_auto (GStrv) files = clients_list_files (client, version);
  for (char **file = files; *file != NULL; file++)
    if (access (*file, F_OK) == 0) {
      *ret_exists = TRUE;
      return g_strdup (*file);
    }
  *ret_exists = FALSE;
  return choose_new (client);
}

gboolean
clients_is_mutts (const char *path)
{
  g_autofree char *name = g_path_get_basename (path);
  return strstr (name, "neomuttrc") == NULL;
}

char *
clients_read_file (const char *path, GError **error)
{
  GStatBuf info;
  if (g_stat (path, &info) != 0) {
    if (errno != ENOENT)
      tool_set_errno (error, errno, _("cannot read '%s'"), path);
    return NULL;
  }
  g_autofree char *text = NULL;
  gsize size = 0;
  if (!S_ISREG (info.st_mode) || info.st_size > CLIENTS_MAX_CONFIG_BYTES
      || !g_file_get_contents (path, &text, &size, NULL) || strlen (text) != size) {
    tool_set_error (error, STATUS_ENVIRONMENT, "io", NULL,
                    _("'%s' is not a text file that can be read"), path);
    return NULL;
  }
  return g_steal_pointer (&text);
}

/* ------------------------------------------------------------------ version -- */

char *
clients_get_version (const char *client, GCancellable *cancellable)
{
  g_autofree char *text = NULL;
  g_autoptr (GSubprocess) process =
    g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL,
                      client, "-v", NULL);
  if (process == NULL
      || !g_subprocess_communicate_utf8 (process, NULL, cancellable, &text, NULL, NULL))
    return NULL;
  /* "Mutt 2.2.12 (2023-09-09)", "NeoMutt 20220429" */
  gsize size = strlen (client);
  if (g_ascii_strncasecmp (text, client, size) != 0 || text[size] != ' ')
    return NULL;
  gsize digits = strspn (text + size + 1, "0123456789.");
  return digits > 0 ? g_strndup (text + size + 1, digits) : NULL;
}

/* The first ones that know all the settings that we use. */
static const struct {
  const char *client, *least;
} versions[] = {
  { "mutt", "1.10.1" },
  { "neomutt", "20210205" },
  { "aerc", "0.14.0" },
};

/* Numbers between dots, compared one after the other. */
static gboolean
is_older (const char *version, const char *least)
{
  g_auto (GStrv) a = g_strsplit (version, ".", 0);
  g_auto (GStrv) b = g_strsplit (least, ".", 0);
  for (gsize i = 0; b[i] != NULL; i++) {
    guint64 number = a[i] != NULL ? g_ascii_strtoull (a[i], NULL, 10) : 0;
    guint64 other = g_ascii_strtoull (b[i], NULL, 10);
    if (number != other)
      return number < other;
    if (a[i] == NULL)
      return FALSE;
  }
  return FALSE;
}

gboolean
clients_check_version (const char *client, const char *version, GError **error)
{
  if (version == NULL) {
    g_autofree char *hint = g_strdup_printf ("apt install %s", client);
    tool_set_error (error, STATUS_ENVIRONMENT, "no-client", hint,
                    _("%s is not installed, or does not tell its version"), client);
    return FALSE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (versions); i++)
    if (strcmp (versions[i].client, client) == 0
        && is_older (version, versions[i].least)) {
      tool_set_error (error, STATUS_ENVIRONMENT, "old-client", NULL,
                      _("%s %s is too old: it takes %s or later"), client, version,
                      versions[i].least);
      return FALSE;
    }
  return TRUE;
}

/* ----------------------------------------------------------------- findings -- */

static void
add (GPtrArray *findings, McFindingLevel level, const char *code, const char *fix, char *text)
{
  findings_add (findings, level, "client", code, fix, text);
}

void
clients_judge (GPtrArray *findings, const char *client, const char *path, const char *text,
               gboolean sends)
{
  guint ours = rc_find_mention (text);
  g_autoptr (GArray) clashes = rc_list_clashes (text, sends);
  for (guint i = 0; i < clashes->len; i++) {
    guint line = g_array_index (clashes, guint, i);
    if (line < ours)
      continue;
    g_autofree char *fix = g_strdup_printf (_("move line %u of '%s' before line %u"), line, path,
                                            ours);
    add (findings, MC_FINDING_WARNING, "hook-order", fix,
         g_strdup_printf (_("%s: line %u of '%s' takes back what mailcrypt set"), client, line,
                          path));
    return;
  }
  add (findings, MC_FINDING_GOOD, "client-uses", NULL,
       g_strdup_printf (_("%s uses mailcrypt ('%s')"), client, path));
}

/* The file of ours that line @number of @text has the client read, else NULL. */
static char *
find_sourced (const char *text, guint number)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  g_auto (GStrv) words = g_strsplit (g_strstrip (lines[number - 1]), "\"", 3);
  gboolean ours = g_strv_length (words) == 3 && strcmp (g_strchomp (words[0]), "source") == 0
                  && g_path_is_absolute (words[1]) && strchr (words[1], '|') == NULL;
  return ours ? g_strdup (words[1]) : NULL;
}

static char *
make_fix (const char *client)
{
  return g_strdup_printf ("mailcrypt setup %s --write", client);
}

static void
examine_text (GPtrArray *findings, const char *client, const char *path, const char *text)
{
  g_autofree char *fix = make_fix (client);
  guint ours = rc_find_mention (text);
  if (ours == 0) {
    add (findings, MC_FINDING_NOTE, "client-without", fix,
         g_strdup_printf (_("%s does not use mailcrypt"), client));
    return;
  }
  g_autofree char *sourced = find_sourced (text, ours);
  g_autofree char *settings = sourced != NULL ? clients_read_file (sourced, NULL) : NULL;
  if (sourced != NULL && settings == NULL) {
    add (findings, MC_FINDING_WARNING, "client-broken", fix,
         g_strdup_printf (_("%s cannot read mailcrypt's settings: '%s'"), client, sourced));
    return;
  }
  gboolean sends = strstr (settings != NULL ? settings : text, "mailcrypt sendmail") != NULL;
  clients_judge (findings, client, path, text, sends);
}

static void
examine_mutt (GPtrArray *findings, const char *client)
{
  gboolean exists = FALSE;
  g_autofree char *path = clients_find_file (client, NULL, &exists);
  g_autofree char *text = exists ? clients_read_file (path, NULL) : NULL;
  /* A muttrc alone says nothing of neomutt. */
  g_autofree char *program = g_find_program_in_path (client);
  gboolean borrowed = strcmp (client, "neomutt") == 0 && clients_is_mutts (path);
  if (text != NULL && (program != NULL || !borrowed))
    examine_text (findings, client, path, text);
}

/* Order is of no importance there. */
static void
examine_aerc (GPtrArray *findings)
{
  g_auto (GStrv) files = clients_list_files ("aerc", NULL);
  gboolean found = FALSE;
  for (char **file = files; *file != NULL; file++) {
    g_autofree char *text = clients_read_file (*file, NULL);
    found = found || text != NULL;
    if (text == NULL || rc_find_mention (text) == 0)
      continue;
    add (findings, MC_FINDING_GOOD, "client-uses", NULL,
         g_strdup_printf (_("%s uses mailcrypt ('%s')"), "aerc", *file));
    return;
  }
  g_autofree char *fix = make_fix ("aerc");
  if (found)
    add (findings, MC_FINDING_NOTE, "client-without", fix,
         g_strdup_printf (_("%s does not use mailcrypt"), "aerc"));
}

void
clients_examine (GPtrArray *findings)
{
  examine_mutt (findings, "mutt");
  examine_mutt (findings, "neomutt");
  examine_aerc (findings);
}
