/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "fold.h"
#include "json.h"
#include "keytext.h"
#include "options.h"
#include "output.h"
#include "passphrase.h"

static struct {
  gboolean secret, export_secret, anchor, self_signed;
  int expiring, new_passphrase_fd;
  char *address, *name, *algorithm, *csr;
  char **sources;
} opt = { .expiring = -1, .new_passphrase_fd = -1 };

/* -------------------------------------------------------------- list and show -- */

static const GOptionEntry list_options[] = {
  { "secret", 0, 0, G_OPTION_ARG_NONE, &opt.secret,
    N_("Only keys whose secret part is here"), NULL },
  { "expiring", 0, 0, G_OPTION_ARG_INT, &opt.expiring,
    N_("Only keys that have expired or will within DAYS; status 6 when there are any"),
    N_("DAYS") },
  G_OPTION_ENTRY_NULL
};

/* The keys that match @pattern (nullable). */
static GPtrArray *
find_keys (Tool *tool, const char *pattern, GError **error)
{
  McProtocol protocol = MC_PROTOCOL_UNKNOWN;
  McContext *context = options_get_protocol (&protocol, error) ? tool_get_context (tool, error)
                                                               : NULL;
  if (context == NULL)
    return NULL;
  return mc_keys_list (context, protocol, pattern, opt.secret, tool->cancellable, error);
}

/* Whether somebody may take it for a key id, or for a part of a fingerprint. */
static gboolean
looks_like_key_id (const char *pattern)
{
  const char *digits = g_str_has_prefix (pattern, "0x") ? pattern + 2 : pattern;
  gsize size = strspn (digits, "0123456789abcdefABCDEF");
  return size >= 8 && digits[size] == '\0';
}

static void
note_no_match (const Tool *tool, const char *pattern)
{
  if (looks_like_key_id (pattern))
    tool_note (tool, _("no key matches '%s'; keys are named by their full fingerprints"), pattern);
  else
    tool_note (tool, _("no key matches '%s'"), pattern);
}

/* What is kept of one key of a list: not the key itself, there may be ten thousand. */
typedef struct {
  McProtocol protocol;
  char *address, *fingerprint;    /* it is put in order by */
  gpointer text;            /* the row of a table, or JSON */
} ListEntry;

typedef struct {
  gint64 until;             /* only what is over before; 0: all */
  guint found;              /* matching keys, whenever they are over */
  GPtrArray *entries;       /* of ListEntry */
} Listing;

static void
list_entry_free (ListEntry *entry)
{
  g_free (entry->address);
  g_free (entry->fingerprint);
  if (options.json)
    g_free (entry->text);
  else
    g_ptr_array_unref (entry->text);
  g_free (entry);
}

static char *
get_first_address (const McKey *key)
{
  for (guint i = 0; i < mc_key_get_n_addresses (key); i++)
    if (mc_key_get_address (key, i) != NULL)
      return g_ascii_strdown (mc_key_get_address (key, i), -1);
  return g_strdup ("");
}

static gboolean
take_key (McKey *key, gpointer user_data, GError **error)
{
  (void) error;
  Listing *listing = user_data;
  gint64 until = mc_key_get_valid_until (key);
  listing->found++;
  if (listing->until != 0 && (until == 0 || until > listing->until))
    return TRUE;
  ListEntry *entry = g_new0 (ListEntry, 1);
  entry->protocol = mc_key_get_protocol (key);
  entry->address = get_first_address (key);
  entry->fingerprint = g_strdup (mc_key_get_fingerprint (key));
  entry->text = options.json ? (gpointer) json_of_key (key) : (gpointer) keytext_make_row (key);
  g_ptr_array_add (listing->entries, entry);
  return TRUE;
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const ListEntry *left = *(ListEntry *const *) a;
  const ListEntry *right = *(ListEntry *const *) b;
  if (left->protocol != right->protocol)
    return left->protocol < right->protocol ? -1 : 1;
  int order = strcmp (left->address, right->address);
  return order != 0 ? order : strcmp (left->fingerprint, right->fingerprint);
}

/* When the days of --expiring are over. */
static gboolean
find_end (gint64 *ret_end, GError **error)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  if (opt.expiring < 0)
    return TRUE;
  if (options.at != NULL && !options_parse_time (options.at, &now, error))
    return FALSE;
  *ret_end = now + (gint64) opt.expiring * 24 * 60 * 60;
  return TRUE;
}

static gboolean
print_listing (Tool *tool, const Listing *listing, int status, GError **error)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  g_ptr_array_sort (listing->entries, compare_entries);
  for (guint i = 0; i < listing->entries->len; i++)
    g_ptr_array_add (texts, ((ListEntry *) g_ptr_array_index (listing->entries, i))->text);
  if (options.json)
    return json_print_key_texts (tool, texts, status, error);
  g_autofree char *text = keytext_from_rows (texts);
  return output_print (options.output, text, error);
}

static int
cmd_keys_list (Tool *tool, GError **error)
{
  const char *pattern = tool->operands[0];
  McProtocol protocol = MC_PROTOCOL_UNKNOWN;
  g_autoptr (GPtrArray) entries =
    g_ptr_array_new_with_free_func ((GDestroyNotify) list_entry_free);
  Listing listing = { .entries = entries };
  McContext *context = options_get_protocol (&protocol, error) ? tool_get_context (tool, error)
                                                               : NULL;
  if (context == NULL || !find_end (&listing.until, error)
      || !mc_keys_foreach (context, protocol, pattern, opt.secret, take_key, &listing,
                           tool->cancellable, error))
    return STATUS_INTERNAL;
  if (listing.found == 0 && pattern != NULL)
    note_no_match (tool, pattern);
  int status = opt.expiring >= 0 && entries->len > 0 ? STATUS_NOT_TRUSTED : STATUS_OK;
  return print_listing (tool, &listing, status, error) ? status : STATUS_INTERNAL;
}

/* As find_keys(), and it is an error when there is none. */
static GPtrArray *
need_keys (Tool *tool, const char *pattern, GError **error)
{
  g_autoptr (GPtrArray) keys = find_keys (tool, pattern, error);
  if (keys == NULL)
    return NULL;
  if (keys->len == 0) {
    const char *hint = looks_like_key_id (pattern)
      ? _("keys are named by their full fingerprints: mailcrypt keys list")
      : _("'mailcrypt keys list' shows what is here");
    tool_set_error (error, STATUS_NO_KEY, "no-key", hint, _("no key matches '%s'"), pattern);
    return NULL;
  }
  return g_steal_pointer (&keys);
}

static const GOptionEntry find_options[] = {
  { "secret", 0, 0, G_OPTION_ARG_NONE, &opt.secret,
    N_("Only keys whose secret part is here"), NULL },
  G_OPTION_ENTRY_NULL
};

/* The keys of all patterns. */
static GPtrArray *
need_all_keys (Tool *tool, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  for (char **pattern = tool->operands; *pattern != NULL; pattern++) {
    GPtrArray *keys = need_keys (tool, *pattern, error);
    if (keys == NULL)
      return NULL;
    g_ptr_array_extend_and_steal (all, keys);
  }
  return g_steal_pointer (&all);
}

/* For scripts: one line each, and every pattern has to match something. */
static int
cmd_keys_find (Tool *tool, GError **error)
{
  g_autoptr (GPtrArray) keys = need_all_keys (tool, error);
  if (keys == NULL)
    return STATUS_INTERNAL;
  if (options.json)
    return json_print (tool, json_from_keys (keys, STATUS_OK), error) ? STATUS_OK : STATUS_INTERNAL;
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < keys->len; i++)
    g_string_append_printf (text, "%s\n", mc_key_get_fingerprint (g_ptr_array_index (keys, i)));
  return output_print (options.output, text->str, error) ? STATUS_OK : STATUS_INTERNAL;
}

static int
cmd_keys_show (Tool *tool, GError **error)
{
  g_autoptr (GPtrArray) keys = need_keys (tool, tool->operands[0], error);
  if (keys == NULL)
    return STATUS_INTERNAL;
  if (options.json)
    return json_print (tool, json_from_keys (keys, STATUS_OK), error) ? STATUS_OK : STATUS_INTERNAL;
  guint width = options.output == NULL ? fold_get_columns (STDOUT_FILENO) : 0;
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < keys->len; i++) {
    g_autofree char *one = keytext_from_key (g_ptr_array_index (keys, i));
    g_autofree char *folded = fold_lines (one, width, "      ");
    g_string_append_printf (text, "%s%s", i > 0 ? "\n" : "", folded);
  }
  return output_print (options.output, text->str, error) ? STATUS_OK : STATUS_INTERNAL;
}

/* ----------------------------------------------------------- import and export -- */

static const GOptionEntry import_options[] = {
  { "new-passphrase-fd", 0, 0, G_OPTION_ARG_INT, &opt.new_passphrase_fd,
    N_("Keep private keys under the passphrase from descriptor N; an empty one: unencrypted"),
    N_("N") },
  G_OPTION_ENTRY_NULL
};

/* The passphrase of --new-passphrase-fd; nothing when there is none. */
static gboolean
read_new_passphrase (McSecret **ret_secret, gboolean *ret_empty, GError **error)
{
  int fd = opt.new_passphrase_fd;
  if (fd == -1)
    return TRUE;
  if (fd == options.passphrase_fd) {
    tool_set_usage (error, NULL, _("the old and the new passphrase need a descriptor each"));
    return FALSE;
  }
  if (fcntl (fd, F_SETFD, FD_CLOEXEC) != 0) {
    tool_set_usage (error, NULL, _("descriptor %d is not open"), fd);
    return FALSE;
  }
  *ret_secret = passphrase_read (fd, ret_empty, error);
  return *ret_secret != NULL;
}

/* What one file brought, of McImported. */
static GPtrArray *
import_file (Tool *tool, const char *file, McSecret *new_passphrase, GError **error)
{
  GPtrArray *imported = NULL;
  if (file != NULL && g_file_test (file, G_FILE_TEST_IS_DIR))
    imported = mc_keys_import_folder (tool->context, file, new_passphrase, tool->cancellable, error);
  else {
    g_autoptr (GInputStream) input = tool_open_input (file, error);
    if (input == NULL)
      return NULL;
    imported = mc_keys_import (tool->context, input, new_passphrase, tool->cancellable, error);
  }
  if (imported == NULL && file != NULL)
    g_prefix_error (error, "'%s': ", file);
  return imported;
}

/* Adds what each file brought to @all, of McImported; standard input when none is named.
 * What came before a failure stays. @arrays holds on to it. */
static gboolean
import_files (Tool *tool, McSecret *new_passphrase, GPtrArray *all, GPtrArray *arrays,
              GError **error)
{
  guint count = g_strv_length (tool->operands);
  for (guint i = 0; i < MAX (count, 1); i++) {
    /* Without operands the first of them is NULL. */
    GPtrArray *imported = import_file (tool, tool->operands[i], new_passphrase, error);
    if (imported == NULL)
      return FALSE;
    g_ptr_array_add (arrays, imported);
    g_ptr_array_extend (all, imported, NULL, NULL);
  }
  return TRUE;
}

static gboolean
any_is (GPtrArray *imported, const char *(*get) (const McImported *), const char *word)
{
  for (guint i = 0; i < imported->len; i++)
    if (g_strcmp0 (get (g_ptr_array_index (imported, i)), word) == 0)
      return TRUE;
  return FALSE;
}

/* @failure (nullable) ended the import after @imported. */
static gboolean
print_imported (Tool *tool, GPtrArray *imported, const GError *failure, int status, GError **error)
{
  if (options.json)
    return json_print (tool, json_from_imported (imported, failure, status), error);
  if (options.quiet)
    return TRUE;
  g_autofree char *text = keytext_from_imported (imported);
  return output_print (options.output, text, error);
}

static int
cmd_keys_import (Tool *tool, GError **error)
{
  gboolean empty = FALSE;
  g_autoptr (McSecret) new_passphrase = NULL;
  if (tool_get_context (tool, error) == NULL
      || !read_new_passphrase (&new_passphrase, &empty, error))
    return STATUS_INTERNAL;

  g_autoptr (GError) failure = NULL;
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_autoptr (GPtrArray) arrays =
    g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  int status = STATUS_OK;
  if (!import_files (tool, new_passphrase, all, arrays, &failure))
    status = tool_error_get_status (failure);
  else if (any_is (all, mc_imported_get_word, "rejected"))
    status = STATUS_MALFORMED;

  /* A failure that nothing went before is an error like any other. */
  if ((failure == NULL || all->len > 0)
      && !print_imported (tool, all, failure, status, error))
    return STATUS_INTERNAL;
  if (empty && any_is (all, mc_imported_get_what, "private-key"))
    tool_warn (tool, NULL, _("the private key is stored unencrypted"));
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return status;
}

static const GOptionEntry export_options[] = {
  { "secret", 0, 0, G_OPTION_ARG_NONE, &opt.export_secret,
    N_("Write the one key's secret part too, under a passphrase"), NULL },
  { "new-passphrase-fd", 0, 0, G_OPTION_ARG_INT, &opt.new_passphrase_fd,
    N_("S/MIME: put the secret part under the passphrase from descriptor N"), N_("N") },
  G_OPTION_ENTRY_NULL
};

static gboolean
export_public (Tool *tool, GPtrArray *keys, GError **error)
{
  g_autoptr (Output) output = output_new (options.output, OUTPUT_TEXT, error);
  if (output == NULL)
    return FALSE;
  for (guint i = 0; i < keys->len; i++)
    if (!mc_keys_export (tool->context, g_ptr_array_index (keys, i), output_get_stream (output),
                         tool->cancellable, error))
      return FALSE;
  return output_commit (output, error);
}

/* A file has room for one. */
static gboolean
export_secret (Tool *tool, GPtrArray *keys, GError **error)
{
  g_autoptr (McSecret) passphrase = NULL;
  gboolean empty = FALSE;
  if (keys->len != 1) {
    tool_set_usage (error, _("name one by its fingerprint: mailcrypt keys list --secret"),
                    _("the secret part of one key is exported at a time, not of %u"), keys->len);
    return FALSE;
  }
  McKey *key = g_ptr_array_index (keys, 0);
  OutputKind kind = mc_key_get_protocol (key) == MC_PROTOCOL_OPENPGP ? OUTPUT_TEXT : OUTPUT_RAW;
  g_autoptr (Output) output = output_new (options.output, kind, error);
  return output != NULL && read_new_passphrase (&passphrase, &empty, error)
         && mc_keys_export_secret (tool->context, key, passphrase, output_get_stream (output),
                                   tool->cancellable, error)
         && output_commit (output, error);
}

static int
cmd_keys_export (Tool *tool, GError **error)
{
  g_autoptr (GPtrArray) keys = need_all_keys (tool, error);
  if (keys == NULL)
    return STATUS_INTERNAL;
  gboolean done = opt.export_secret ? export_secret (tool, keys, error)
                             : export_public (tool, keys, error);
  return done ? STATUS_OK : STATUS_INTERNAL;
}

static int
cmd_keys_backup (Tool *tool, GError **error)
{
  if (tool_get_context (tool, error) == NULL)
    return STATUS_INTERNAL;
  g_autoptr (Output) output = output_new (options.output, OUTPUT_TEXT, error);
  return output != NULL
             && mc_keys_backup (tool->context, output_get_stream (output), tool->cancellable, error)
             && output_commit (output, error)
           ? STATUS_OK : STATUS_INTERNAL;
}

static int
cmd_keys_restore (Tool *tool, GError **error)
{
  if (tool_get_context (tool, error) == NULL)
    return STATUS_INTERNAL;
  g_autoptr (GInputStream) input = tool_open_input (tool->operands[0], error);
  g_autoptr (GPtrArray) restored =
    input != NULL ? mc_keys_restore (tool->context, input, tool->cancellable, error) : NULL;
  return restored != NULL && print_imported (tool, restored, NULL, STATUS_OK, error)
           ? STATUS_OK : STATUS_INTERNAL;
}

/* ---------------------------------------------------------------------- lookup -- */

static const GOptionEntry lookup_options[] = {
  { "source", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt.sources,
    N_("Where to look: local (the default), wkd, keyserver, dane; may be repeated"), N_("NAME") },
  G_OPTION_ENTRY_NULL
};

/* Appends what @source has. A source that cannot be asked is told of, and kept in @failure
 * if it is the first. */
static gboolean
lookup_in (Tool *tool, const char *source, GPtrArray *keys, GError **failure, GError **error)
{
  g_autoptr (GError) own = NULL;
  GPtrArray *found =
    mc_keys_lookup (tool->context, source, tool->operands[0], tool->cancellable, &own);
  if (found != NULL) {
    g_ptr_array_extend_and_steal (keys, found);
    return TRUE;
  }
  if (!g_error_matches (own, MC_ERROR, MC_ERROR_IO)) {
    g_propagate_error (error, g_steal_pointer (&own));
    return FALSE;
  }
  if (*failure == NULL)
    *failure = g_steal_pointer (&own);
  else
    tool_warn (tool, tool_error_get_hint (own), "%s", own->message);
  return TRUE;
}

static int
print_found (Tool *tool, GPtrArray *keys, GError **error)
{
  if (options.json)
    return json_print (tool, json_from_keys (keys, STATUS_OK), error) ? STATUS_OK : STATUS_INTERNAL;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  for (guint i = 0; i < keys->len; i++)
    g_ptr_array_add (rows, keytext_make_row (g_ptr_array_index (keys, i)));
  g_autofree char *text = keytext_from_rows (rows);
  return output_print (options.output, text, error) ? STATUS_OK : STATUS_INTERNAL;
}

static int
cmd_keys_lookup (Tool *tool, GError **error)
{
  static char *local[] = { (char *) "local", NULL };
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_autoptr (GError) failure = NULL;
  if (tool_get_context (tool, error) == NULL)
    return STATUS_INTERNAL;
  for (char **source = opt.sources != NULL ? opt.sources : local; *source != NULL; source++)
    if (!lookup_in (tool, *source, keys, &failure, error))
      return STATUS_INTERNAL;

  if (keys->len > 0 && failure != NULL)
    tool_warn (tool, tool_error_get_hint (failure), "%s", failure->message);
  if (keys->len > 0)
    return print_found (tool, keys, error);
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  else
    tool_set_error (error, STATUS_NO_KEY, "no-key",
                    opt.sources == NULL ? _("ask the network for one: --source wkd") : NULL,
                    _("no key found for '%s'"), tool->operands[0]);
  return STATUS_INTERNAL;
}

/* ------------------------------------------------------------ trust and removal -- */

static const GOptionEntry trust_options[] = {
  { "for", 0, 0, G_OPTION_ARG_STRING, &opt.address,
    N_("Only for ADDR, instead of each address of the key"), N_("ADDR") },
  { "anchor", 0, 0, G_OPTION_ARG_NONE, &opt.anchor,
    N_("Trust whatever this certificate authority certifies"), NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry distrust_options[] = {
  { "for", 0, 0, G_OPTION_ARG_STRING, &opt.address,
    N_("Only for ADDR, instead of each address of the key"), N_("ADDR") },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry remove_options[] = {
  { "unlock", 0, 0, G_OPTION_ARG_NONE, &options.unlock,
    N_("Open the dialog that unlocks your keyring, where it is locked"), NULL },
  G_OPTION_ENTRY_NULL
};

/* What these commands changed: @done in words, the key as it is now for programs. */
static int
print_changed (Tool *tool, const char *fingerprint, const char *done, GError **error)
{
  if (options.json) {
    g_autoptr (GPtrArray) keys = find_keys (tool, fingerprint, error);
    if (keys == NULL)
      return STATUS_INTERNAL;
    return json_print (tool, json_from_keys (keys, STATUS_OK), error) ? STATUS_OK
                                                                      : STATUS_INTERNAL;
  }
  if (options.quiet)
    return STATUS_OK;
  g_autofree char *safe = mc_text_escape_line (done);
  g_autofree char *line = g_strconcat (safe, "\n", NULL);
  return output_print (options.output, line, error) ? STATUS_OK : STATUS_INTERNAL;
}

/* The addresses that @key is pinned for now, with commas between them; NULL: none. */
static char *
list_trusted (const McKey *key)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  for (guint i = 0; i < mc_key_get_n_addresses (key); i++) {
    const char *address = mc_key_get_address (key, i);
    if (address != NULL && mc_key_get_address_trusted (key, i)
        && !g_ptr_array_find_with_equal_func (words, address, g_str_equal, NULL))
      g_ptr_array_add (words, (char *) address);
  }
  g_ptr_array_add (words, NULL);
  return words->len > 1 ? g_strjoinv (", ", (char **) words->pdata) : NULL;
}

/* What trust in a key has become, in words. NULL with @error. */
static char *
describe_trusted (Tool *tool, const char *fingerprint, GError **error)
{
  if (opt.anchor)
    return g_strdup_printf (_("%s is a trust anchor now"), fingerprint);
  if (opt.address != NULL)
    return g_strdup_printf (_("%s is trusted for %s now"), fingerprint, opt.address);
  g_autoptr (GPtrArray) keys = find_keys (tool, fingerprint, error);
  if (keys == NULL)
    return NULL;
  g_autofree char *addresses
    = keys->len == 1 ? list_trusted (g_ptr_array_index (keys, 0)) : NULL;
  if (addresses == NULL)
    return g_strdup_printf (_("%s is trusted for its own addresses now"), fingerprint);
  return g_strdup_printf (_("%s is trusted for %s now"), fingerprint, addresses);
}

static int
cmd_keys_trust (Tool *tool, GError **error)
{
  const char *fingerprint = tool->operands[0];
  McContext *context = tool_get_context (tool, error);
  if (context == NULL
      || !mc_keys_trust (context, fingerprint, opt.address, opt.anchor, tool->cancellable, error))
    return STATUS_INTERNAL;
  g_autofree char *done = describe_trusted (tool, fingerprint, error);
  return done != NULL ? print_changed (tool, fingerprint, done, error) : STATUS_INTERNAL;
}

/* What was to be taken back or removed need not be imported first, as the library's hint
 * has it. */
static void
replace_hint (GError **error)
{
  if (!g_error_matches (*error, MC_ERROR, MC_ERROR_NO_KEY))
    return;
  g_autoptr (GError) old = g_steal_pointer (error);
  tool_set_error (error, tool_error_get_status (old), tool_error_get_word (old),
                  _("'mailcrypt keys list' shows what is here"), "%s", old->message);
}

static int
cmd_keys_distrust (Tool *tool, GError **error)
{
  const char *fingerprint = tool->operands[0];
  McContext *context = tool_get_context (tool, error);
  if (context == NULL)
    return STATUS_INTERNAL;
  if (!mc_keys_distrust (context, fingerprint, opt.address, tool->cancellable, error)) {
    replace_hint (error);
    return STATUS_INTERNAL;
  }
  g_autofree char *done = opt.address != NULL
    ? g_strdup_printf (_("%s is not trusted for %s any more"), fingerprint, opt.address)
    : g_strdup_printf (_("%s is not trusted any more"), fingerprint);
  return print_changed (tool, fingerprint, done, error);
}

static int
cmd_keys_remove (Tool *tool, GError **error)
{
  const char *fingerprint = tool->operands[0];
  McContext *context = tool_get_context (tool, error);
  if (context == NULL)
    return STATUS_INTERNAL;
  if (!mc_keys_remove (context, fingerprint, tool->cancellable, error)) {
    replace_hint (error);
    return STATUS_INTERNAL;
  }
  g_autofree char *done = g_strdup_printf (_("%s is removed"), fingerprint);
  return print_changed (tool, fingerprint, done, error);
}

/* ------------------------------------------------------------------ generation -- */

static const GOptionEntry generate_options[] = {
  { "name", 0, 0, G_OPTION_ARG_STRING, &opt.name, N_("The person's name"), N_("NAME") },
  { "algo", 0, 0, G_OPTION_ARG_STRING, &opt.algorithm,
    N_("The key's algorithm, e.g. ed25519, rsa3072 or p256"), N_("ALGO") },
  { "self-signed", 0, 0, G_OPTION_ARG_NONE, &opt.self_signed,
    N_("S/MIME: certify the key with itself, to try things out"), NULL },
  { "csr", 0, 0, G_OPTION_ARG_FILENAME, &opt.csr,
    N_("S/MIME: write a certificate request to FILE"), N_("FILE") },
  G_OPTION_ENTRY_NULL
};

static gboolean
choose_protocol (McProtocol *ret_protocol, GError **error)
{
  gboolean certificate = opt.self_signed || opt.csr != NULL;
  if (!options_get_protocol (ret_protocol, error))
    return FALSE;
  if (*ret_protocol == MC_PROTOCOL_OPENPGP && certificate) {
    tool_set_usage (error, NULL, _("--self-signed and --csr are for S/MIME"));
    return FALSE;
  }
  if (*ret_protocol == MC_PROTOCOL_SMIME && !certificate) {
    tool_set_usage (error, _("--csr FILE asks an authority for one, --self-signed makes one to try "
                             "things out"),
                    _("an S/MIME key needs a certificate"));
    return FALSE;
  }
  if (*ret_protocol == MC_PROTOCOL_UNKNOWN)
    *ret_protocol = certificate ? MC_PROTOCOL_SMIME : MC_PROTOCOL_OPENPGP;
  return TRUE;
}

static int
print_generated (Tool *tool, const McKey *key, GError **error)
{
  if (options.json)
    return json_print (tool, json_from_key (key, STATUS_OK), error) ? STATUS_OK : STATUS_INTERNAL;
  if (key == NULL)
    return STATUS_OK;
  g_autofree char *line = g_strconcat (mc_key_get_fingerprint (key), "\n", NULL);
  return output_print (options.output, line, error) ? STATUS_OK : STATUS_INTERNAL;
}

static int
cmd_keys_generate (Tool *tool, GError **error)
{
  McKeyRequest request = { .address = tool->operands[0], .name = opt.name,
                           .algorithm = opt.algorithm, .self_signed = opt.self_signed };
  if (!choose_protocol (&request.protocol, error) || tool_get_context (tool, error) == NULL)
    return STATUS_INTERNAL;
  g_autoptr (Output) csr = opt.csr != NULL ? output_new (opt.csr, OUTPUT_TEXT, error) : NULL;
  if (opt.csr != NULL && csr == NULL)
    return STATUS_INTERNAL;
  g_autoptr (McSecret) passphrase = NULL;
  if (!passphrase_get (&passphrase, error))
    return STATUS_INTERNAL;

  request.csr = csr != NULL ? output_get_stream (csr) : NULL;
  request.passphrase = passphrase;
  g_autoptr (GError) failure = NULL;
  g_autoptr (McKey) key = mc_keys_generate (tool->context, &request, tool->cancellable, &failure);
  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return STATUS_INTERNAL;
  }
  if (csr != NULL && !output_commit (csr, error))
    return STATUS_INTERNAL;
  return print_generated (tool, key, error);
}

/* ---------------------------------------------------------------------- table -- */

const Command keys_commands[] = {
  { .name = "list", .operands = "[PATTERN]", .most_operands = 1,
    .help = N_("List keys and certificates"),
    .flags = COMMAND_PROTOCOL | COMMAND_CHAINS, .options = list_options, .run = cmd_keys_list },
  { .name = "show", .operands = "PATTERN", .least_operands = 1, .most_operands = 1,
    .help = N_("Tell everything about keys"),
    .flags = COMMAND_PROTOCOL | COMMAND_CHAINS, .run = cmd_keys_show },
  { .name = "find", .operands = "PATTERN...", .least_operands = 1, .most_operands = G_MAXUINT,
    .help = N_("Print the fingerprints of keys that match"),
    .flags = COMMAND_PROTOCOL | COMMAND_CHAINS, .options = find_options, .run = cmd_keys_find },
  { .name = "lookup", .operands = "ADDR", .least_operands = 1, .most_operands = 1,
    .help = N_("Look for somebody's keys"),
    .flags = COMMAND_CHAINS, .options = lookup_options, .run = cmd_keys_lookup },
  { .name = "import", .operands = "[FILE]...", .most_operands = G_MAXUINT,
    .help = N_("Take in keys and certificates"),
    .flags = COMMAND_SECRET, .options = import_options, .run = cmd_keys_import },
  { .name = "export", .operands = "PATTERN...", .least_operands = 1, .most_operands = G_MAXUINT,
    .help = N_("Write keys and certificates"),
    .flags = COMMAND_PROTOCOL | COMMAND_SECRET, .options = export_options,
    .run = cmd_keys_export },
  { .name = "backup", .help = N_("Write all of the S/MIME side to one file"), .operands = "",
    .run = cmd_keys_backup },
  { .name = "restore", .operands = "[FILE]", .most_operands = 1,
    .help = N_("Take back what a backup holds"), .run = cmd_keys_restore },
  { .name = "generate", .operands = "ADDR", .least_operands = 1, .most_operands = 1,
    .help = N_("Make a key pair"),
    .flags = COMMAND_PROTOCOL | COMMAND_SECRET, .options = generate_options,
    .run = cmd_keys_generate },
  { .name = "trust", .operands = "FPR", .least_operands = 1, .most_operands = 1,
    .help = N_("Trust a key or an authority"),
    .options = trust_options, .run = cmd_keys_trust },
  { .name = "distrust", .operands = "FPR", .least_operands = 1, .most_operands = 1,
    .help = N_("Take trust back"),
    .options = distrust_options, .run = cmd_keys_distrust },
  { .name = "remove", .operands = "FPR", .least_operands = 1, .most_operands = 1,
    .help = N_("Remove a key or certificate"),
    .options = remove_options, .run = cmd_keys_remove },
  { .name = NULL },
};
