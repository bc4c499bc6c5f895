/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "clients.h"

#include <glib/gi18n.h>
#include <string.h>

#include "libmailcrypt.h"

#define MAX_CONFIG_BYTES (1 << 20)
#define OUR_NAME "mailcrypt"

typedef struct {
  const char *name;
  const char *files[6];     /* below HOME, or the XDG folder where they begin with "@" */
  gboolean last_wins;       /* later lines take earlier ones back */
} Client;

static const Client clients[] = {
  { "mutt", { ".muttrc", ".mutt/muttrc", "@mutt/muttrc", NULL }, TRUE },
  { "neomutt", { ".neomuttrc", "@neomutt/neomuttrc", ".neomutt/neomuttrc", NULL }, TRUE },
  { "aerc", { "@aerc/aerc.conf", "@aerc/accounts.conf", NULL }, FALSE },
};

/* Settings that our lines make, and that must not be made again behind them. */
static const char *const our_settings[] = {
  "crypt_use_gpgme", "pgp_*_command", "smime_*_command", "sendmail", "display_filter",
};

static char *
find_file (const char *file)
{
  if (*file == '@')
    return g_build_filename (g_get_user_config_dir (), file + 1, NULL);
  return g_build_filename (g_get_home_dir (), file, NULL);
}

static char *
read_file (const char *path)
{
  g_autofree char *text = NULL;
  gsize size = 0;
  if (!g_file_get_contents (path, &text, &size, NULL) || size > MAX_CONFIG_BYTES)
    return NULL;
  return g_utf8_make_valid (text, (gssize) size);
}

/* Whether @line sets something that is ours to set. */
static gboolean
sets_ours (const char *line)
{
  g_auto (GStrv) words = g_strsplit_set (line, " \t=", 0);
  if (words[0] == NULL
      || (strcmp (words[0], "set") != 0 && strcmp (words[0], "unset") != 0
          && strcmp (words[0], "reset") != 0))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (our_settings); i++)
    for (char **word = words + 1; *word != NULL; word++)
      if (g_pattern_match_simple (our_settings[i], *word))
        return TRUE;
  return FALSE;
}

/* What one file says of us. */
typedef struct {
  guint ours;               /* our last line, from 1; 0: none */
  guint against;            /* the first one behind it that takes it back; 0: none */
} Mention;

static Mention
look (const char *text)
{
  Mention mention = { 0, 0 };
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *line = g_strstrip (lines[i]);
    if (*line == '#')
      continue;
    if (strstr (line, OUR_NAME) != NULL)
      mention = (Mention) { i + 1, 0 };
    else if (mention.ours != 0 && mention.against == 0 && sets_ours (line))
      mention.against = i + 1;
  }
  return mention;
}

static void
add (GPtrArray *findings, McFindingLevel level, const char *code, const char *fix, char *text)
{
  g_autofree char *safe = mc_text_escape_line (text);
  g_free (text);
  g_ptr_array_add (findings, mc_finding_new (level, "client", code, fix, safe));
}

static void
report (GPtrArray *findings, const Client *client, const char *path, Mention mention)
{
  g_autofree char *fix = NULL;
  if (mention.ours == 0) {
    add (findings, MC_FINDING_NOTE, "client-without", NULL,
         g_strdup_printf (_("%s does not use mailcrypt"), client->name));
    return;
  }
  if (client->last_wins && mention.against != 0) {
    fix = g_strdup_printf (_("move line %u of '%s' before line %u"), mention.against, path,
                           mention.ours);
    add (findings, MC_FINDING_WARNING, "hook-order", fix,
         g_strdup_printf (_("%s: line %u of '%s' takes back what mailcrypt set"), client->name,
                          mention.against, path));
    return;
  }
  add (findings, MC_FINDING_GOOD, "client-uses", NULL,
       g_strdup_printf (_("%s uses mailcrypt ('%s')"), client->name, path));
}

/* The first file that names us speaks for the client, else the first that is there. */
static void
examine (GPtrArray *findings, const Client *client)
{
  g_autofree char *first = NULL;
  for (gsize i = 0; client->files[i] != NULL; i++) {
    g_autofree char *path = find_file (client->files[i]);
    g_autofree char *text = read_file (path);
    if (text == NULL)
      continue;
    Mention mention = look (text);
    if (mention.ours != 0) {
      report (findings, client, path, mention);
      return;
    }
    if (first == NULL)
      first = g_steal_pointer (&path);
  }
  if (first != NULL)
    report (findings, client, first, (Mention) { 0, 0 });
}

void
clients_examine (GPtrArray *findings)
{
  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    examine (findings, &clients[i]);
}
