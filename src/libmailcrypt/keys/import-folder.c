/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole folders of other programs. Each key with its certificates is one import: it is
 * taken completely or, with the reason, not at all. */
#include "config.h"

#include "keys/import.h"

#include "base/error.h"
#include "base/text.h"
#include "context.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_INDEX_BYTES (1 << 20)

typedef struct {
  McContext *context;
  const char *folder;
  McSecret *new_passphrase;
  GPtrArray *results;       /* of McImported */
  GCancellable *cancellable;
} Folder;

static void
reject (Folder *self, const char *fingerprint, const char *what, char *text)
{
  g_ptr_array_add (self->results, _mc_imported_new (MC_PROTOCOL_SMIME, fingerprint, "rejected",
                                                    what, text));
}

/* What is wrong with one piece does not keep the others out; what is wrong with us does. */
static gboolean
is_its_own_fault (const GError *error)
{
  static const McError codes[] = { MC_ERROR_MALFORMED, MC_ERROR_NO_SECRET, MC_ERROR_NO_KEY,
                                   MC_ERROR_LIMIT, MC_ERROR_INVALID };
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (error, MC_ERROR, (int) codes[i]))
      return TRUE;
  return FALSE;
}

/* ------------------------------------------------------- mutt's smime_keys -- */

/* A line of an index: "ADDRESS FILE LABEL ISSUERS-FILE TRUST". */
typedef struct {
  char *file;
  char *issuers;            /* nullable */
} Row;

static void
row_free (Row *row)
{
  g_free (row->file);
  g_free (row->issuers);
  g_free (row);
}

/* The names that smime_keys gives: the subject's hash and a number. */
static gboolean
is_hash_name (const char *name)
{
  gsize digits = strspn (name, "0123456789abcdef");
  return digits == 8 && name[8] == '.' && name[9] != '\0'
         && strspn (name + 9, "0123456789") == strlen (name + 9);
}

static GPtrArray *
read_index (Folder *self, const char *kind)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) row_free);
  g_autofree char *path = g_build_filename (self->folder, kind, ".index", NULL);
  g_autofree char *text = NULL;
  gsize size = 0;
  if (!g_file_get_contents (path, &text, &size, NULL) || size > MAX_INDEX_BYTES)
    return rows;
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  for (char **line = lines; *line != NULL; line++) {
    g_auto (GStrv) words = g_strsplit_set (g_strstrip (*line), " \t", 0);
    if (g_strv_length (words) < 2 || !is_hash_name (words[1]))
      continue;
    Row *row = g_new0 (Row, 1);
    row->file = g_strdup (words[1]);
    if (g_strv_length (words) > 3 && is_hash_name (words[3]))
      row->issuers = g_strdup (words[3]);
    g_ptr_array_add (rows, row);
  }
  return rows;
}

static gboolean
add_file (Folder *self, const char *kind, const char *name, McSpool *spool, GError **error)
{
  g_autofree char *path = g_build_filename (self->folder, kind, name, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) own = NULL;
  g_autoptr (GFileInputStream) stream = g_file_read (file, self->cancellable, &own);
  if (stream != NULL)
    return _mc_spool_append_stream (spool, G_INPUT_STREAM (stream), self->cancellable, error)
           && _mc_spool_append (spool, "\n", 1, error);
  _mc_set_error (error, MC_ERROR_NO_KEY, NULL, _("the file is missing or cannot be read: %s"),
                 own->message);
  return FALSE;
}

static gboolean
import_row (Folder *self, const Row *row, gboolean with_key, GError **error)
{
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (self->context));
  /* The issuers are a help: without them the certificate is still worth having. */
  if (row->issuers != NULL)
    (void) add_file (self, "certificates", row->issuers, spool, NULL);
  return add_file (self, "certificates", row->file, spool, error)
         && (!with_key || add_file (self, "keys", row->file, spool, error))
         && _mc_keys_import_spool (self->context, spool, self->new_passphrase, self->results,
                                   self->cancellable, error);
}

static gboolean
import_rows (Folder *self, GPtrArray *rows, gboolean with_key, GHashTable *done, GError **error)
{
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = g_ptr_array_index (rows, i);
    g_autoptr (GError) own = NULL;
    if (!g_hash_table_add (done, row->file) || import_row (self, row, with_key, &own))
      continue;
    if (!is_its_own_fault (own)) {
      g_propagate_error (error, g_steal_pointer (&own));
      return FALSE;
    }
    reject (self, NULL, with_key ? "private-key" : "certificate",
            g_strdup_printf ("%s: %s", row->file, own->message));
  }
  return TRUE;
}

/* The index of keys need not know the issuers; that of certificates does. */
static void
find_issuers (GPtrArray *keys, GPtrArray *certificates)
{
  for (guint i = 0; i < keys->len; i++)
    for (guint j = 0; j < certificates->len; j++) {
      Row *key = g_ptr_array_index (keys, i);
      const Row *certificate = g_ptr_array_index (certificates, j);
      if (key->issuers == NULL && strcmp (key->file, certificate->file) == 0)
        key->issuers = g_strdup (certificate->issuers);
    }
}

static gboolean
import_smime_keys (Folder *self, GError **error)
{
  g_autoptr (GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) keys = read_index (self, "keys");
  g_autoptr (GPtrArray) certificates = read_index (self, "certificates");
  find_issuers (keys, certificates);
  return import_rows (self, keys, TRUE, done, error)
         && import_rows (self, certificates, FALSE, done, error);
}

/* ---------------------------------------------------------- gpgsm's folder -- */

/* What gpgsm prints; NULL when it failed. */
static GBytes *
run_gpgsm (Folder *self, const char *option, const char *command, GError **error)
{
  const char *argv[] = { "gpgsm", "--homedir", self->folder, "--batch", "--no-tty",
                         "--disable-dirmngr", option, command, NULL };
  GBytes *output = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_newv (
    argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);
  if (process != NULL
      && g_subprocess_communicate (process, NULL, self->cancellable, &output, NULL, NULL)
      && g_subprocess_get_successful (process))
    return output;
  g_clear_pointer (&output, g_bytes_unref);
  _mc_set_error (error, MC_ERROR_ENGINE, _("install it (Debian: apt install gpgsm), or import what"
                                           " 'gpgsm --export' wrote elsewhere"),
                 _("gpgsm cannot read the folder"));
  return NULL;
}

/* Its private keys are in gpg-agent's hands; that they are there has to be said. */
static void
tell_private_keys (Folder *self, GBytes *listing)
{
  g_autofree char *text =
    g_strndup (g_bytes_get_data (listing, NULL), g_bytes_get_size (listing));
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  gboolean secret = FALSE;
  for (char **line = lines; *line != NULL; line++) {
    g_auto (GStrv) fields = g_strsplit (*line, ":", 0);
    guint n = g_strv_length (fields);
    if (n > 0 && g_str_has_prefix (fields[0], "cr"))
      secret = strcmp (fields[0], "crs") == 0;
    if (!secret || n < 10 || strcmp (fields[0], "fpr") != 0)
      continue;
    g_autofree char *fingerprint = _mc_text_escape_line (fields[9], -1);
    reject (self, NULL, "private-key",
            g_strdup_printf (_("gpg-agent keeps it; to take it: gpgsm --export-secret-key-p12 %s"
                               " | mailcrypt keys import -"), fingerprint));
    secret = FALSE;
  }
}

static gboolean
import_gpgsm (Folder *self, GError **error)
{
  g_autoptr (GBytes) certificates = run_gpgsm (self, "--armor", "--export", error);
  g_autoptr (GBytes) listing = certificates != NULL
    ? run_gpgsm (self, "--with-colons", "--list-secret-keys", error) : NULL;
  if (listing == NULL)
    return FALSE;
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (self->context));
  gsize size = 0;
  const void *data = g_bytes_get_data (certificates, &size);
  if (size > 0
      && (!_mc_spool_append (spool, data, size, error)
          || !_mc_keys_import_spool (self->context, spool, self->new_passphrase, self->results,
                                     self->cancellable, error)))
    return FALSE;
  tell_private_keys (self, listing);
  return TRUE;
}

/* ----------------------------------------------------------------- folders -- */

static const struct {
  const char *file;         /* by which it is known */
  gboolean (*import) (Folder *self, GError **error);
} kinds[] = {
  { "certificates/.index", import_smime_keys },
  { "pubring.kbx", import_gpgsm },
};

GPtrArray *
mc_keys_import_folder (McContext *context, const char *path, McSecret *new_passphrase,
                       GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) results =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_imported_free);
  Folder self = { context, path, new_passphrase, results, cancellable };
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree char *file = g_build_filename (path, kinds[i].file, NULL);
    if (g_file_test (file, G_FILE_TEST_EXISTS))
      return kinds[i].import (&self, error) ? g_steal_pointer (&results) : NULL;
  }
  _mc_set_error (error, MC_ERROR_MALFORMED,
                 _("known are the folders of mutt's smime_keys and of GnuPG (gpgsm)"),
                 _("a folder without keys that are known how to read"));
  return NULL;
}
