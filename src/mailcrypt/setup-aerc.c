/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* aerc: filters for S/MIME, and a key that shows the whole message. */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "clients.h"
#include "findings.h"
#include "mutt-config.h"
#include "options.h"
#include "output.h"
#include "rc.h"
#include "setup.h"

/* "@" is the tool. The first filter that fits is taken, so ours stand first. */
static const char filters[] =
  "application/pkcs7-mime=@ show --type=application/pkcs7-mime --from=\"$AERC_FROM\""
  " --color=always\n"
  "application/x-pkcs7-mime=@ show --type=application/pkcs7-mime --from=\"$AERC_FROM\""
  " --color=always\n";

static const char binding[] =
  "<a-c> = :pipe -m sh -c '@ show --color=always | less -R'<Enter>\n";

/* What is put where. */
static const struct {
  const char *file, *section, *id, *lines;
} pieces[] = {
  { "aerc.conf", "[filters]", "aerc filters", filters },
  { "binds.conf", "[messages]", "aerc messages", binding },
  { "binds.conf", "[view]", "aerc view", binding },
};

static const char *const files[] = { "aerc.conf", "binds.conf" };

static char *
find_file (const char *name)
{
  return g_build_filename (g_get_user_config_dir (), "aerc", name, NULL);
}

static char *
fill_in (const char *template)
{
  g_autofree char *program = mutt_config_find_tool ();
  g_autoptr (GString) text = g_string_new (template);
  g_string_replace (text, "@", program, 0);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* ---------------------------------------------------------------------- text -- */

/* Where the lines of @section begin; FALSE when there is no such section. */
static gboolean
find_section (const char *text, const char *section, gsize *ret_at)
{
  for (const char *line = text; *line != '\0';) {
    const char *end = strchr (line, '\n');
    gsize size = end != NULL ? (gsize) (end - line) : strlen (line);
    g_autofree char *copy = g_strndup (line, size);
    line += end != NULL ? size + 1 : size;
    if (strcmp (g_strstrip (copy), section) == 0) {
      *ret_at = (gsize) (line - text);
      return TRUE;
    }
  }
  return FALSE;
}

/* @text with piece @i in its section, or in one of its own at the end. */
static char *
put_piece (const char *text, gsize i, GError **error)
{
  gboolean made = FALSE;
  gsize at = strlen (text);
  g_autofree char *lines = fill_in (pieces[i].lines);
  /* A section of ours must not be taken for one of the person's. */
  g_autofree char *bare = rc_take_out (text, pieces[i].id, &made, error);
  if (bare == NULL)
    return NULL;
  if (find_section (bare, pieces[i].section, &at))
    return rc_put (text, at, pieces[i].id, lines, error);
  g_autofree char *whole = g_strconcat (pieces[i].section, "\n", lines, NULL);
  return rc_put (text, at, pieces[i].id, whole, error);
}

static char *
take_out_piece (const char *text, gsize i, GError **error)
{
  gboolean made = FALSE;
  return rc_take_out (text, pieces[i].id, &made, error);
}

/* @text of the file @name with each of its pieces put in or, what came last first, taken out. */
static char *
edit_text (const char *name, const char *text, gboolean put, GError **error)
{
  g_autofree char *result = g_strdup (text);
  for (gsize n = 0; n < G_N_ELEMENTS (pieces); n++) {
    gsize i = put ? n : G_N_ELEMENTS (pieces) - 1 - n;
    if (strcmp (pieces[i].file, name) != 0)
      continue;
    char *next = (put ? put_piece : take_out_piece) (result, i, error);
    if (next == NULL)
      return NULL;
    g_free (result);
    result = next;
  }
  return g_steal_pointer (&result);
}

/* --------------------------------------------------------------------- files -- */

/* Of two lines for one type aerc takes the last. */
static void
warn_of_rivals (GPtrArray *findings, const char *path, const char *text)
{
  RcBlock block = { 0 };
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  rc_find (text, "aerc filters", &block, NULL);
  for (guint i = block.line; lines[i] != NULL; i++) {
    const char *line = g_strchug (lines[i]);
    if (strstr (line, "mailcrypt") != NULL
        || (!g_str_has_prefix (line, "application/pkcs7-mime")
            && !g_str_has_prefix (line, "application/x-pkcs7-mime")))
      continue;
    g_autofree char *fix = g_strdup_printf (_("take line %u out of '%s'"), i + 1, path);
    setup_tell (findings, MC_FINDING_WARNING, "hook-order", fix,
                g_strdup_printf (_("%s: line %u of '%s' takes back what mailcrypt set"), "aerc",
                                 i + 1, path));
  }
}

static char *
read_file (const char *path, GError **error)
{
  GError *failure = NULL;
  char *text = clients_read_file (path, &failure);
  if (failure != NULL)
    g_propagate_error (error, failure);
  else if (text == NULL)
    tool_set_error (error, STATUS_ENVIRONMENT, "no-client-configuration",
                    _("start aerc once: it makes its files"), _("'%s' is not there yet"), path);
  return text;
}

/* Whether all files can be read: a half of the change would be none. */
static gboolean
check_files (GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = find_file (files[i]);
    g_autofree char *text = read_file (path, error);
    g_autofree char *changed = text != NULL ? edit_text (files[i], text, TRUE, error) : NULL;
    if (changed == NULL)
      return FALSE;
  }
  return TRUE;
}

static gboolean
install_file (GPtrArray *findings, const char *name, GError **error)
{
  g_autofree char *path = find_file (name);
  g_autofree char *old = read_file (path, error);
  g_autofree char *text = old != NULL ? edit_text (name, old, TRUE, error) : NULL;
  if (text == NULL || !setup_write (findings, path, old, text, error))
    return FALSE;
  if (strcmp (name, "aerc.conf") == 0)
    warn_of_rivals (findings, path, text);
  return TRUE;
}

static gboolean
restore_file (GPtrArray *findings, const char *name, GError **error)
{
  GError *failure = NULL;
  g_autofree char *path = find_file (name);
  g_autofree char *old = clients_read_file (path, &failure);
  g_autofree char *text = old != NULL ? edit_text (name, old, FALSE, &failure) : NULL;
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  return text == NULL || strcmp (old, text) == 0
         || setup_restore (findings, path, text, FALSE, error);
}

/* ------------------------------------------------------------------- command -- */

static int
print (Tool *tool, GError **error)
{
  g_autofree char *version = clients_get_version ("aerc", tool->cancellable);
  g_autoptr (GError) failure = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  if (!clients_check_version ("aerc", version, &failure))
    tool_warn (tool, tool_error_get_hint (failure), "%s", failure->message);
  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++) {
    g_autofree char *lines = fill_in (pieces[i].lines);
    g_string_append_printf (out, "%s# %s\n%s\n%s", i > 0 ? "\n" : "", pieces[i].file,
                            pieces[i].section, lines);
  }
  return output_print (options.output, out->str, error) ? STATUS_OK : STATUS_ENVIRONMENT;
}

static gboolean
change (Tool *tool, GPtrArray *findings, GError **error)
{
  g_autofree char *version = clients_get_version ("aerc", tool->cancellable);
  if (setup_options.write
      && (!clients_check_version ("aerc", version, error) || !check_files (error)))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    if (!(setup_options.write ? install_file : restore_file) (findings, files[i], error))
      return FALSE;
  if (findings->len == 0)
    setup_tell (findings, MC_FINDING_GOOD, "setup-unchanged", NULL,
                g_strdup_printf (_("nothing of mailcrypt's is in the configuration of %s"),
                                 "aerc"));
  return TRUE;
}

int
setup_aerc (Tool *tool, GError **error)
{
  g_autoptr (GPtrArray) findings =
    g_ptr_array_new_with_free_func ((GDestroyNotify) mc_finding_free);
  if (!setup_check (error))
    return STATUS_USAGE;
  if (!setup_options.write && !setup_options.undo)
    return print (tool, error);
  return change (tool, findings, error) ? findings_print (tool, findings, STATUS_OK, error)
                                        : tool_error_get_status (*error);
}
