/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the environment, the configuration file and the options to a context. */
#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "options.h"
#include "passphrase.h"
#include "progress.h"
#include "tool.h"

#define MAX_CONFIG_BYTES (1 << 20)

/* ------------------------------------------------------------------ folders -- */

/* The person's home; NULL when there is none. (transfer full) */
static char *
get_home (void)
{
  const char *home = g_getenv ("HOME");
  if (home != NULL && g_path_is_absolute (home))
    return g_strdup (home);
  const struct passwd *user = getpwuid (getuid ());
  return user != NULL && g_path_is_absolute (user->pw_dir) ? g_strdup (user->pw_dir) : NULL;
}

/* Our part of an XDG folder; NULL when there is none. A relative path is to be ignored
 * (XDG Base Directory Specification). (transfer full) */
static char *
get_xdg (const char *variable, const char *fallback)
{
  const char *folder = g_getenv (variable);
  if (folder != NULL && g_path_is_absolute (folder))
    return g_build_filename (folder, "mailcrypt", NULL);
  g_autofree char *home = fallback != NULL ? get_home () : NULL;
  return home != NULL ? g_build_filename (home, fallback, "mailcrypt", NULL) : NULL;
}

typedef struct {
  char *config;     /* the file */
  char *data, *cache, *runtime;
} Places;

static void
places_clear (Places *places)
{
  g_free (places->config);
  g_free (places->data);
  g_free (places->cache);
  g_free (places->runtime);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Places, places_clear)

static void
find_places (Places *places)
{
  const char *home = options.homedir != NULL ? options.homedir : g_getenv ("MAILCRYPT_HOME");
  if (home != NULL && *home != '\0') {
    places->data = g_canonicalize_filename (home, NULL);
    places->config = g_build_filename (places->data, "config", NULL);
    places->cache = g_build_filename (places->data, "cache", NULL);
    places->runtime = g_build_filename (places->data, "run", NULL);
    return;
  }

  g_autofree char *config = get_xdg ("XDG_CONFIG_HOME", ".config");
  places->config = config != NULL ? g_build_filename (config, "config", NULL) : NULL;
  places->data = get_xdg ("XDG_DATA_HOME", ".local/share");
  places->cache = get_xdg ("XDG_CACHE_HOME", ".cache");
  places->runtime = get_xdg ("XDG_RUNTIME_DIR", NULL);
  if (places->runtime == NULL && places->cache != NULL)
    places->runtime = g_build_filename (places->cache, "run", NULL);
}

char *
tool_find_runtime (void)
{
  g_auto (Places) places = { 0 };
  find_places (&places);
  return g_steal_pointer (&places.runtime);
}

/* ----------------------------------------------------------------- settings -- */

static gboolean
load_config (McSettings *settings, const char *fallback, GError **error)
{
  const char *path = options.config != NULL ? options.config : fallback;
  /* One that nobody named need not be there. */
  if (path == NULL || (options.config == NULL && access (path, F_OK) != 0))
    return TRUE;

  gsize size = 0;
  g_autofree char *text = input_read_all (path, MAX_CONFIG_BYTES, &size, error);
  return text != NULL && mc_settings_load (settings, text, size, path, error);
}

static McSettings *
make_settings (GError **error)
{
  g_auto (Places) places = { 0 };
  find_places (&places);
  g_autoptr (McSettings) settings = mc_settings_new ();
  mc_settings_set_folder (settings, MC_FOLDER_DATA, places.data);
  mc_settings_set_folder (settings, MC_FOLDER_CACHE, places.cache);
  mc_settings_set_folder (settings, MC_FOLDER_RUNTIME, places.runtime);
  /* GnuPG inherits GNUPGHOME; told of it, GPGME would run gpg once more to make sure. */
  if (!load_config (settings, places.config, error)
      || (options.remember && !mc_settings_set (settings, "keyring", "remember", "true", error))
      || (options.unlock && !mc_settings_set (settings, "keyring", "unlock", "true", error)))
    return NULL;
  if (options.max_size == NULL)
    return g_steal_pointer (&settings);

  guint64 size = 0;
  if (!options_parse_size (options.max_size, &size, error))
    return NULL;
  g_autofree char *value = g_strdup_printf ("%" G_GUINT64_FORMAT, size);
  if (!mc_settings_set (settings, "limits", "total-bytes", value, error))
    return NULL;
  return g_steal_pointer (&settings);
}

/* ------------------------------------------------------------------ context -- */

static void
set_terminal (McContext *context)
{
  const char *tty = g_getenv ("GPG_TTY");
  for (int fd = 0; fd <= 2 && (tty == NULL || *tty == '\0'); fd++)
    tty = isatty (fd) ? ttyname (fd) : NULL;
  mc_context_set_terminal (context, tty, g_getenv ("TERM"));
}

/* A file that is not there must not be passed over: it would be one check less. */
static gboolean
add_files (McContext *context, char **names, void (*add) (McContext *, const char *),
           GError **error)
{
  for (; names != NULL && *names != NULL; names++) {
    if (access (*names, R_OK) != 0) {
      tool_set_errno (error, errno, _("cannot read '%s'"), *names);
      return FALSE;
    }
    add (context, *names);
  }
  return TRUE;
}

static gboolean
set_revocation (McContext *context, GError **error)
{
  const char *word = options.revocation;
  if (word == NULL)
    return TRUE;
  if (strcmp (word, "off") == 0)
    mc_context_set_revocation (context, MC_REVOCATION_OFF);
  else if (strcmp (word, "soft") == 0)
    mc_context_set_revocation (context, MC_REVOCATION_SOFT);
  else if (strcmp (word, "hard") == 0)
    mc_context_set_revocation (context, MC_REVOCATION_HARD);
  else {
    tool_set_usage (error, _("it is off, soft or hard"), _("unknown kind of revocation check '%s'"),
                    word);
    return FALSE;
  }
  return TRUE;
}

static gboolean
set_chains (McContext *context, GError **error)
{
  gint64 at = 0;
  if (options.at != NULL && !options_parse_time (options.at, &at, error))
    return FALSE;
  mc_context_set_time (context, at);
  return set_revocation (context, error)
         && add_files (context, options.anchors, mc_context_add_trust_anchor, error)
         && add_files (context, options.intermediates, mc_context_add_intermediate, error)
         && add_files (context, options.crls, mc_context_add_crl, error);
}

static gboolean
is_oid (const char *text)
{
  gboolean dots = strchr (text, '.') != NULL && strstr (text, "..") == NULL;
  gsize size = strspn (text, "0123456789.");
  return dots && text[size] == '\0' && g_ascii_isdigit (text[0]) && text[size - 1] != '.';
}

static gboolean
set_policies (McContext *context, GError **error)
{
  for (char **oid = options.policies; oid != NULL && *oid != NULL; oid++) {
    if (!is_oid (*oid) && strcmp (*oid, "anyPolicy") != 0) {
      tool_set_usage (error, _("a policy is a dotted number, or anyPolicy"),
                      _("not a policy: '%s'"), *oid);
      return FALSE;
    }
    mc_context_add_policy (context, *oid);
  }
  McPolicyFlags flags = MC_POLICY_NONE;
  if (options.require_explicit_policy)
    flags |= MC_POLICY_REQUIRE_EXPLICIT;
  if (options.inhibit_policy_mapping)
    flags |= MC_POLICY_INHIBIT_MAPPING;
  if (options.inhibit_any_policy)
    flags |= MC_POLICY_INHIBIT_ANY;
  mc_context_set_policy_flags (context, flags);
  return TRUE;
}

McContext *
tool_get_context (Tool *tool, GError **error)
{
  if (tool->context != NULL)
    return tool->context;

  g_autoptr (McSettings) settings = make_settings (error);
  if (settings == NULL)
    return NULL;
  mc_process_prefer_builtin_engines ();
  g_autoptr (McContext) context = mc_context_new (settings);
  set_terminal (context);
  mc_context_set_network (context, (tool->command->flags & COMMAND_NETWORK) != 0);
  if (!set_chains (context, error) || !set_policies (context, error)
      || !passphrase_attach (context, error))
    return NULL;
  tool->settings = g_steal_pointer (&settings);
  return tool->context = g_steal_pointer (&context);
}

GInputStream *
tool_open_input (const char *file, GError **error)
{
  gboolean standard = file == NULL || strcmp (file, "-") == 0;
  if (standard && options.passphrase_fd == STDIN_FILENO) {
    tool_set_usage (error, _("name a file, or use another descriptor for the passphrase"),
                    _("standard input cannot be both the input and the passphrase"));
    return NULL;
  }
  return progress_watch_input (input_open (file, error));
}

McMessage *
tool_open_message (Tool *tool, McOpenFlags flags, GError **error)
{
  McContext *context = tool_get_context (tool, error);
  if (context == NULL)
    return NULL;
  g_autoptr (GInputStream) input = tool_open_input (tool_get_file (tool), error);
  if (input == NULL)
    return NULL;
  return mc_open (context, input, flags | tool_get_open_flags (), tool->cancellable, error);
}

McOpenFlags
tool_get_open_flags (void)
{
  return (options.no_from_check ? MC_OPEN_NO_FROM_CHECK : MC_OPEN_DEFAULT)
         | (options.allow_legacy ? MC_OPEN_ALLOW_LEGACY : MC_OPEN_DEFAULT);
}
