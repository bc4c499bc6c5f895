/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All of the S/MIME side in one file, and back. The file is PEM (RFC 7468), which every
 * program reads certificates and private keys from: CERTIFICATE and ENCRYPTED PRIVATE KEY
 * blocks, the keys as they are stored. Behind them stands what PEM has no block for, as
 * lines of text, which other programs pass over:
 *   mailcrypt backup 1
 *   key PUBLIC-KEY                                 for each private key, in order
 *   pin PROTOCOL FINGERPRINT WORD TIME ADDRESS     no address: for all of the key
 *   end CERTIFICATES KEYS SHA-256                  of all that stands before these lines */
#include "config.h"

#include "backend.h"
#include "base/address.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "context.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>

#define MAX_BYTES ((gsize) 64 * 1024 * 1024)
#define KEY_LABEL "ENCRYPTED PRIVATE KEY"
#define OWN_HEAD "mailcrypt backup 1\n"
#define LINE_OCTETS 48              /* 64 characters of base64 (RFC 7468 section 2) */
#define KEY_SUFFIX ".p8"

static const char *const pin_words[] = {
  [MC_PIN_NONE] = NULL, [MC_PIN_TRUSTED] = "trusted", [MC_PIN_ANCHOR] = "anchor",
  [MC_PIN_DISTRUSTED] = "distrusted",
};

static char *
get_private_folder (McContext *context, GError **error)
{
  McSettings *settings = _mc_context_get_settings (context);
  const char *data = mc_settings_get_folder (settings, MC_FOLDER_DATA);
  if (data != NULL)
    return g_build_filename (data, "private", NULL);
  _mc_set_error (error, MC_ERROR_IO, _("set HOME, or name a folder with --homedir"),
                 _("there is no folder for keys"));
  return NULL;
}

/* ------------------------------------------------------------------- backup -- */

typedef struct {
  GString *text;
  GString *own;             /* our own lines */
  guint certificates, keys;
} Backup;

static void
append_block (GString *text, const char *label, const void *data, gsize size)
{
  g_string_append_printf (text, "-----BEGIN %s-----\n", label);
  for (gsize at = 0; at < size; at += LINE_OCTETS) {
    g_autofree char *line =
      g_base64_encode ((const guchar *) data + at, MIN (size - at, LINE_OCTETS));
    g_string_append_printf (text, "%s\n", line);
  }
  g_string_append_printf (text, "-----END %s-----\n", label);
}

static gboolean
add_certificate (const McCertificate *certificate, gpointer user_data)
{
  Backup *backup = user_data;
  gsize size = 0;
  const void *der = g_bytes_get_data (certificate->der, &size);
  append_block (backup->text, "CERTIFICATE", der, size);
  backup->certificates++;
  return TRUE;
}

static void
add_pin (const McPinDump *dump, gpointer user_data)
{
  Backup *backup = user_data;
  const char *word = dump->pin < G_N_ELEMENTS (pin_words) ? pin_words[dump->pin] : NULL;
  if (word != NULL)
    g_string_append_printf (backup->own, "pin %s %s %s %" G_GINT64_FORMAT " %s\n",
                            mc_protocol_to_word (dump->protocol), dump->fingerprint, word,
                            dump->set_at, dump->address);
}

static gboolean
refuse_clear_key (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  _mc_set_error (error, MC_ERROR_INVALID,
                 _("give it one: mailcrypt keys export --secret -o FILE FPR, then mailcrypt keys"
                   " import --new-passphrase-fd N FILE"),
                 _("a private key is stored without a passphrase: '%s'"), name);
  return FALSE;
}

static gboolean
add_key (Backup *backup, const char *folder, const char *public_key, GError **error)
{
  g_autofree char *name = g_strconcat (public_key, KEY_SUFFIX, NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *pem = NULL;
  gsize size = 0;
  if (!g_file_get_contents (path, &pem, &size, error))
    return _mc_error_adopt (error, MC_ERROR_IO, _("private key cannot be read"));
  if (!g_str_has_prefix (pem, "-----BEGIN " KEY_LABEL "-----\n")
      || !g_str_has_suffix (pem, "-----END " KEY_LABEL "-----\n")) {
    _mc_wipe (pem, size);
    return refuse_clear_key (path, error);
  }
  g_string_append (backup->text, pem);
  g_string_append_printf (backup->own, "key %s\n", public_key);
  backup->keys++;
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The public keys that name the files in @folder, in order. */
static GPtrArray *
list_keys (const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    if (!g_str_has_suffix (name, KEY_SUFFIX))
      continue;
    g_autofree char *stem = g_strndup (name, strlen (name) - strlen (KEY_SUFFIX));
    if (_mc_fingerprint_fits (MC_PROTOCOL_SMIME, stem))
      g_ptr_array_add (names, g_steal_pointer (&stem));
  }
  g_ptr_array_sort (names, compare_names);
  return names;
}

static gboolean
add_keys (McContext *context, Backup *backup, GError **error)
{
  g_autofree char *folder = get_private_folder (context, error);
  if (folder == NULL)
    return FALSE;
  g_autoptr (GPtrArray) names = list_keys (folder);
  for (guint i = 0; i < names->len; i++)
    if (!add_key (backup, folder, g_ptr_array_index (names, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
collect (McContext *context, Backup *backup, GError **error)
{
  McStore *store = NULL;
  const McStoreQuery all = { .field = MC_BY_ALL };
  if (!_mc_context_get_store (context, FALSE, &store, error)
      || (store != NULL && !_mc_store_find (store, &all, add_certificate, backup, error))
      || !add_keys (context, backup, error)
      || (store != NULL && !_mc_store_dump_pins (store, add_pin, backup, error)))
    return FALSE;
  if (backup->text->len > 0 || backup->own->len > 0)
    return TRUE;
  _mc_set_error (error, MC_ERROR_NO_KEY, NULL, _("there is nothing to back up"));
  return FALSE;
}

gboolean
mc_keys_backup (McContext *context, GOutputStream *output, GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) own = g_string_new (NULL);
  Backup backup = { .text = text, .own = own };
  if (!collect (context, &backup, error))
    return FALSE;
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text->str, -1);
  g_string_append_printf (own, "end %u %u %s\n", backup.certificates, backup.keys, digest);
  g_string_append_printf (text, OWN_HEAD "%s", own->str);
  return g_output_stream_write_all (output, text->str, text->len, NULL, cancellable, error)
         || _mc_error_adopt (error, MC_ERROR_IO, _("the backup cannot be written"));
}

/* ------------------------------------------------------------------ reading -- */

typedef struct {
  GString *certificates;    /* PEM */
  GPtrArray *keys;          /* of char*: PEM blocks */
  GPtrArray *public_keys;   /* of char* */
  GPtrArray *pins;          /* of McPinDump; its strings are in words */
  GPtrArray *words;         /* of char**: our own lines */
  guint n_certificates;
  gboolean ended;
} Contents;

static void
contents_clear (Contents *contents)
{
  g_string_free (contents->certificates, TRUE);
  g_ptr_array_unref (contents->keys);
  g_ptr_array_unref (contents->public_keys);
  g_ptr_array_unref (contents->pins);
  g_ptr_array_unref (contents->words);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Contents, contents_clear)

static gboolean
fail_broken (GError **error)
{
  _mc_set_error (error, MC_ERROR_MALFORMED, _("make it anew: mailcrypt keys backup -o FILE"),
                 _("not a backup, or a damaged one; nothing was restored"));
  return FALSE;
}

/* The block with @label that begins at @text, its end included; NULL: there is none. */
static char *
read_block (const char *text, const char *label)
{
  g_autofree char *begin = g_strdup_printf ("-----BEGIN %s-----\n", label);
  g_autofree char *end = g_strdup_printf ("-----END %s-----\n", label);
  const char *stop = g_str_has_prefix (text, begin) ? strstr (text, end) : NULL;
  return stop != NULL ? g_strndup (text, (gsize) (stop - text) + strlen (end)) : NULL;
}

/* Certificates and keys; where our own lines begin, or NULL. */
static const char *
read_blocks (Contents *contents, const char *text)
{
  while (!g_str_has_prefix (text, OWN_HEAD)) {
    g_autofree char *certificate = read_block (text, "CERTIFICATE");
    char *key = certificate == NULL ? read_block (text, KEY_LABEL) : NULL;
    if (certificate == NULL && key == NULL)
      return NULL;
    text += strlen (certificate != NULL ? certificate : key);
    if (key != NULL)
      g_ptr_array_add (contents->keys, key);
    else {
      g_string_append (contents->certificates, certificate);
      contents->n_certificates++;
    }
  }
  return text;
}

static gboolean
read_pin (Contents *contents, char **words)
{
  g_autofree McPinDump *dump = g_new0 (McPinDump, 1);
  for (gsize i = MC_PIN_TRUSTED; i < G_N_ELEMENTS (pin_words); i++)
    if (strcmp (words[3], pin_words[i]) == 0)
      dump->pin = (McPin) i;
  if (strcmp (words[1], "openpgp") == 0)
    dump->protocol = MC_PROTOCOL_OPENPGP;
  else if (strcmp (words[1], "smime") == 0)
    dump->protocol = MC_PROTOCOL_SMIME;
  dump->fingerprint = words[2];
  dump->address = words[5];
  g_autofree char *canonical = _mc_address_normalise (dump->address, -1);
  g_autofree char *fingerprint = _mc_fingerprint_normalise (dump->protocol, dump->fingerprint);
  gboolean whole = *dump->address == '\0';
  if (dump->pin == MC_PIN_NONE || dump->protocol == MC_PROTOCOL_UNKNOWN
      || g_strcmp0 (fingerprint, dump->fingerprint) != 0
      || (!whole && (dump->pin != MC_PIN_TRUSTED || g_strcmp0 (canonical, dump->address) != 0))
      || !g_ascii_string_to_signed (words[4], 10, 0, G_MAXINT64, &dump->set_at, NULL))
    return FALSE;
  g_ptr_array_add (contents->pins, g_steal_pointer (&dump));
  return TRUE;
}

static gboolean
read_public_key (Contents *contents, const char *word)
{
  g_autofree char *public_key = _mc_fingerprint_normalise (MC_PROTOCOL_SMIME, word);
  if (g_strcmp0 (public_key, word) != 0)
    return FALSE;
  g_ptr_array_add (contents->public_keys, g_steal_pointer (&public_key));
  return TRUE;
}

/* @digest: of all that stands before our own lines. Nothing follows the line "end". */
static gboolean
read_line (Contents *contents, const char *line, const char *digest)
{
  char **words = g_strsplit (line, " ", 6);
  guint n = g_strv_length (words);
  g_ptr_array_add (contents->words, words);
  if (contents->ended)
    return FALSE;
  if (n == 2 && strcmp (words[0], "key") == 0)
    return read_public_key (contents, words[1]);
  if (n == 6 && strcmp (words[0], "pin") == 0)
    return read_pin (contents, words);

  g_autofree char *end =
    g_strdup_printf ("end %u %u %s", contents->n_certificates, contents->keys->len, digest);
  contents->ended = strcmp (line, end) == 0;
  return contents->ended;
}

/* Our own lines, the first of which is at @text; each of them ends in a newline. */
static gboolean
read_own (Contents *contents, const char *text, const char *digest)
{
  g_auto (GStrv) lines = g_strsplit (text + strlen (OWN_HEAD), "\n", 0);
  guint n = g_strv_length (lines);
  for (guint i = 0; i + 1 < n; i++)
    if (!read_line (contents, lines[i], digest))
      return FALSE;
  return contents->ended && *lines[n - 1] == '\0'
         && contents->keys->len == contents->public_keys->len;
}

static gboolean
read_contents (Contents *contents, GBytes *bytes, GError **error)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (bytes, &size);   /* a NUL stands behind it */
  const char *own = strlen (text) == size ? read_blocks (contents, text) : NULL;
  if (own == NULL)
    return fail_broken (error);
  g_autofree char *digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text,
                                                         (gsize) (own - text));
  return read_own (contents, own, digest) || fail_broken (error);
}

/* ------------------------------------------------------------------ restoring -- */

typedef struct {
  McContext *context;
  const Contents *contents;
  char *folder;             /* of private keys */
  GPtrArray *placed;        /* of char*: files that were not there before */
  GPtrArray *results;       /* of McImported */
  GCancellable *cancellable;
} Restore;

static void
report (Restore *self, McProtocol protocol, const char *fingerprint, gboolean new,
        const char *what, char *text)
{
  g_ptr_array_add (self->results, _mc_imported_new (protocol, fingerprint,
                                                    new ? "new" : "unchanged", what, text));
}

static gboolean
write_key (Restore *self, const char *path, const char *pem, GError **error)
{
  if (g_mkdir_with_parents (self->folder, 0700) != 0) {
    _mc_set_error (error, MC_ERROR_IO, NULL, _("the folder of private keys cannot be made: %s"),
                   g_strerror (errno));
    return FALSE;
  }
  if (!g_file_set_contents_full (path, pem, -1,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                 0600, error))
    return _mc_error_adopt (error, MC_ERROR_IO, _("private key cannot be written"));
  g_ptr_array_add (self->placed, g_strdup (path));
  return TRUE;
}

/* A key that is here already stays under the passphrase that it has here. */
static gboolean
restore_key (Restore *self, const char *public_key, const char *pem, GError **error)
{
  g_autofree char *name = g_strconcat (public_key, KEY_SUFFIX, NULL);
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  gboolean new = !g_file_test (path, G_FILE_TEST_EXISTS);
  if (new && !write_key (self, path, pem, error))
    return FALSE;
  report (self, MC_PROTOCOL_SMIME, NULL, new, "private-key",
          g_strdup_printf (_("under the passphrase it had: %s"), public_key));
  return TRUE;
}

static gboolean
restore_keys (Restore *self, GError **error)
{
  const Contents *contents = self->contents;
  for (guint i = 0; i < contents->keys->len; i++)
    if (!restore_key (self, g_ptr_array_index (contents->public_keys, i),
                      g_ptr_array_index (contents->keys, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
restore_certificates (Restore *self, GError **error)
{
  const GString *pem = self->contents->certificates;
  if (pem->len == 0)
    return TRUE;
  McEngine *engine = NULL;
  const McBackend *backend =
    _mc_context_get_backend (self->context, MC_PROTOCOL_SMIME, &engine, error);
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (self->context));
  return backend != NULL && _mc_spool_append (spool, pem->str, pem->len, error)
         && backend->import (engine, _mc_span_whole (spool), NULL, self->results,
                             self->cancellable, error);
}

static char *
describe_pin (const McPinDump *dump)
{
  g_autofree char *address = _mc_text_escape_line (dump->address, -1);
  if (dump->pin == MC_PIN_ANCHOR)
    return g_strdup (_("as a trust anchor"));
  if (dump->pin == MC_PIN_DISTRUSTED)
    return g_strdup (_("distrusted"));
  return *address != '\0' ? g_strdup_printf (_("trusted for %s"), address)
                          : g_strdup (_("trusted for its own addresses"));
}

/* What was decided here about the same key and address since then counts more. */
static gboolean
restore_pins (Restore *self, McStore *store, GError **error)
{
  GPtrArray *pins = self->contents->pins;
  for (guint i = 0; i < pins->len; i++) {
    const McPinDump *dump = g_ptr_array_index (pins, i);
    gboolean new = FALSE;
    if (!_mc_store_merge_pin (store, dump, &new, error))
      return FALSE;
    report (self, dump->protocol, dump->fingerprint, new, "trust", describe_pin (dump));
  }
  return TRUE;
}

static void
withdraw (Restore *self)
{
  for (guint i = 0; i < self->placed->len; i++)
    (void) g_unlink (g_ptr_array_index (self->placed, i));
}

static gboolean
restore_all (Restore *self, GError **error)
{
  McStore *store = NULL;
  if (!_mc_context_get_store (self->context, TRUE, &store, error)
      || !_mc_store_begin (store, error))
    return FALSE;
  if (restore_certificates (self, error) && restore_pins (self, store, error)
      && restore_keys (self, error) && _mc_store_commit (store, error))
    return TRUE;
  _mc_store_rollback (store);
  withdraw (self);
  return FALSE;
}

static GPtrArray *
restore (McContext *context, const Contents *contents, GCancellable *cancellable, GError **error)
{
  g_autofree char *folder = get_private_folder (context, error);
  g_autoptr (GPtrArray) placed = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) results =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_imported_free);
  Restore self = { context, contents, folder, placed, results, cancellable };
  return folder != NULL && restore_all (&self, error) ? g_steal_pointer (&results) : NULL;
}

GPtrArray *
mc_keys_restore (McContext *context, GInputStream *input, GCancellable *cancellable,
                 GError **error)
{
  g_auto (Contents) contents = {
    .certificates = g_string_new (NULL),
    .keys = g_ptr_array_new_with_free_func (g_free),
    .public_keys = g_ptr_array_new_with_free_func (g_free),
    .pins = g_ptr_array_new_with_free_func (g_free),
    .words = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev),
  };
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (context));
  if (!_mc_spool_append_stream (spool, input, cancellable, error))
    return NULL;
  g_autoptr (GBytes) bytes = _mc_span_load (_mc_span_whole (spool), MAX_BYTES, error);
  if (bytes == NULL || !read_contents (&contents, bytes, error))
    return NULL;
  return restore (context, &contents, cancellable, error);
}
