/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/private-key.h"

#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "keys/passphrase.h"
#include "smime/certificate.h"
#include "smime/names.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ITERATIONS 100000
#define SALT_BYTES 16

/* --------------------------------------------------------------------- PKCS#8 -- */

static PKCS8_PRIV_KEY_INFO *
decrypt_info (OSSL_LIB_CTX *libctx, const X509_SIG *sealed, McSecret *passphrase)
{
  if (passphrase == NULL)
    return NULL;
  return PKCS8_decrypt_ex (sealed, _mc_secret_get_data (passphrase),
                           (int) _mc_secret_get_size (passphrase), libctx, NULL);
}

EVP_PKEY *
_mc_pkcs8_read (OSSL_LIB_CTX *libctx, const void *data, gsize size, McSecret *passphrase,
                gboolean *ret_encrypted)
{
  const unsigned char *at = data;
  g_autoptr (PKCS8_PRIV_KEY_INFO) info = d2i_PKCS8_PRIV_KEY_INFO (NULL, &at, (long) size);
  *ret_encrypted = FALSE;
  if (info == NULL) {
    at = data;
    g_autoptr (X509_SIG) sealed = d2i_X509_SIG (NULL, &at, (long) size);
    *ret_encrypted = sealed != NULL;
    info = sealed != NULL ? decrypt_info (libctx, sealed, passphrase) : NULL;
  }
  return info != NULL ? EVP_PKCS82PKEY_ex (info, libctx, NULL) : NULL;
}

/* PEM of @key; the BIO is to be wiped. */
static BIO *
write_pem (McEngine *engine, EVP_PKEY *key, McSecret *passphrase)
{
  g_autoptr (BIO) bio = BIO_new (BIO_s_mem ());
  g_autoptr (PKCS8_PRIV_KEY_INFO) info = EVP_PKEY2PKCS8 (key);
  g_autoptr (EVP_CIPHER) cipher = EVP_CIPHER_fetch (engine->libctx, "AES-256-CBC", NULL);
  if (bio == NULL || info == NULL || cipher == NULL)
    return NULL;
  if (passphrase == NULL || _mc_secret_get_size (passphrase) == 0)
    return PEM_write_bio_PKCS8_PRIV_KEY_INFO (bio, info) == 1 ? g_steal_pointer (&bio) : NULL;

  g_autoptr (X509_SIG) sealed =
    PKCS8_encrypt_ex (NID_hmacWithSHA256, cipher, _mc_secret_get_data (passphrase),
                      (int) _mc_secret_get_size (passphrase), NULL, SALT_BYTES, ITERATIONS, info,
                      engine->libctx, NULL);
  if (sealed == NULL || PEM_write_bio_PKCS8 (bio, sealed) != 1)
    return NULL;
  return g_steal_pointer (&bio);
}

/* ---------------------------------------------------------------------- files -- */

static char *
get_folder (McEngine *engine)
{
  McSettings *settings = _mc_context_get_settings (engine->context);
  const char *data = mc_settings_get_folder (settings, MC_FOLDER_DATA);
  return data != NULL ? g_build_filename (data, "private", NULL) : NULL;
}

static char *
get_path (McEngine *engine, const char *public_key)
{
  g_autofree char *folder = get_folder (engine);
  if (folder == NULL)
    return NULL;
  g_autofree char *name = g_strconcat (public_key, ".p8", NULL);
  return g_build_filename (folder, name, NULL);
}

gboolean
_mc_key_file_exists (McEngine *engine, const char *public_key)
{
  g_autofree char *path = get_path (engine, public_key);
  return path != NULL && g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

gboolean
_mc_private_key_exists (McEngine *engine, X509 *certificate)
{
  g_autofree char *public_key = _mc_x509_public_key_id (certificate);
  return _mc_key_file_exists (engine, public_key);
}

gboolean
_mc_key_file_remove (McEngine *engine, const char *public_key, GError **error)
{
  g_autofree char *path = get_path (engine, public_key);
  if (path == NULL || g_unlink (path) == 0 || errno == ENOENT)
    return TRUE;
  _mc_set_error (error, MC_ERROR_IO, NULL, _("private key cannot be removed: '%s': %s"), path,
                 g_strerror (errno));
  return FALSE;
}

static gboolean
io_failed (McKeyFile *file, GError **error)
{
  _mc_set_error (error, MC_ERROR_IO, NULL, _("private key cannot be written: '%s': %s"),
                 file->path, g_strerror (errno));
  return FALSE;
}

static void
choose_temporary (McKeyFile *file)
{
  g_autofree char *name = g_strdup_printf (".%08x%08x.tmp", g_random_int (), g_random_int ());
  file->temporary = g_build_filename (file->folder, name, NULL);
}

/* A file without a name where the file system knows such, else under a passing one. */
static gboolean
open_file (McKeyFile *file, GError **error)
{
  if (g_mkdir_with_parents (file->folder, 0700) != 0)
    return io_failed (file, error);
  file->fd = open (file->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (file->fd < 0) {
    choose_temporary (file);
    file->fd = open (file->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
  }
  if (file->fd < 0 || fchmod (file->fd, 0600) != 0)
    return io_failed (file, error);
  return TRUE;
}

static gboolean
write_all (McKeyFile *file, const char *data, gsize size, GError **error)
{
  for (gsize at = 0; at < size;) {
    ssize_t done = write (file->fd, data + at, size - at);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return io_failed (file, error);
    at += (gsize) done;
  }
  return fsync (file->fd) == 0 || io_failed (file, error);
}

McKeyFile *
_mc_key_file_write (McEngine *engine, const char *public_key, EVP_PKEY *key, McSecret *passphrase,
                    GError **error)
{
  g_autoptr (McKeyFile) file = g_new0 (McKeyFile, 1);
  file->fd = -1;
  file->folder = get_folder (engine);
  file->path = get_path (engine, public_key);
  if (file->path == NULL) {
    _mc_set_error (error, MC_ERROR_IO, _("set HOME, or name a folder with --homedir"),
                   _("there is no folder for private keys"));
    return NULL;
  }
  g_autoptr (BIO) pem = write_pem (engine, key, passphrase);
  if (pem == NULL) {
    _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("private key cannot be encoded"));
    return NULL;
  }
  char *data = NULL;
  long size = BIO_get_mem_data (pem, &data);
  gboolean ok = open_file (file, error) && write_all (file, data, (gsize) size, error);
  _mc_wipe (data, (gsize) size);
  return ok ? g_steal_pointer (&file) : NULL;
}

/* The entry itself is to survive a crash too. */
static gboolean
sync_folder (McKeyFile *file, GError **error)
{
  int fd = open (file->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return io_failed (file, error);
  gboolean ok = fsync (fd) == 0 || errno == EINVAL || io_failed (file, error);
  close (fd);
  return ok;
}

gboolean
_mc_key_file_place (McKeyFile *file, GError **error)
{
  if (file->temporary == NULL) {
    char source[64];
    g_snprintf (source, sizeof source, "/proc/self/fd/%d", file->fd);
    choose_temporary (file);
    if (linkat (AT_FDCWD, source, AT_FDCWD, file->temporary, AT_SYMLINK_FOLLOW) != 0) {
      g_clear_pointer (&file->temporary, g_free);
      return io_failed (file, error);
    }
  }
  gboolean existed = g_file_test (file->path, G_FILE_TEST_EXISTS);
  if (rename (file->temporary, file->path) != 0)
    return io_failed (file, error);
  file->placed = !existed;
  g_clear_pointer (&file->temporary, g_free);
  return sync_folder (file, error);
}

void
_mc_key_file_withdraw (McKeyFile *file)
{
  if (file->placed)
    (void) g_unlink (file->path);
  file->placed = FALSE;
}

void
_mc_key_file_free (McKeyFile *file)
{
  if (file == NULL)
    return;
  if (file->fd >= 0)
    close (file->fd);
  if (file->temporary != NULL)
    (void) g_unlink (file->temporary);
  g_free (file->folder);
  g_free (file->path);
  g_free (file->temporary);
  g_free (file);
}

/* -------------------------------------------------------------------- loading -- */

typedef struct {
  OSSL_LIB_CTX *libctx;
  const char *public_key;
  X509 *certificate;        /* nullable */
  guint8 *der;
  gsize size;
  EVP_PKEY *key;
} Opening;

/* The DER of a PEM block, or of data that is no PEM. */
static void
unarmour (Opening *self, char *data, gsize size)
{
  g_autoptr (BIO) bio = BIO_new_mem_buf (data, (int) MIN (size, (gsize) G_MAXINT));
  g_autoptr (McOpensslBytes) name = NULL;
  g_autoptr (McOpensslBytes) header = NULL;
  unsigned char *der = NULL;
  long length = 0;
  gboolean armoured = PEM_read_bio (bio, (char **) &name, (char **) &header, &der, &length) == 1;
  self->size = armoured ? (gsize) length : size;
  self->der = g_memdup2 (armoured ? (void *) der : data, self->size);
  OPENSSL_clear_free (der, (size_t) length);
}

static gboolean
load_file (Opening *self, const char *path, GError **error)
{
  char *data = NULL;
  gsize size;
  if (!g_file_get_contents (path, &data, &size, error))
    return FALSE;
  unarmour (self, data, size);
  _mc_wipe (data, size);
  g_free (data);
  return TRUE;
}

static void
opening_clear (Opening *self)
{
  _mc_wipe (self->der, self->size);
  g_free (self->der);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Opening, opening_clear)

/* The file's name says which key is in it; another one in it is none. */
static gboolean
fits (const Opening *self, EVP_PKEY *key)
{
  if (self->certificate != NULL) {
    EVP_PKEY *public_key = X509_get0_pubkey (self->certificate);
    return public_key != NULL && EVP_PKEY_eq (public_key, key) == 1;
  }
  g_autofree char *id = _mc_pkey_public_key_id (key);
  return strcmp (id, self->public_key) == 0;
}

static gboolean
try_passphrase (McSecret *secret, gpointer user_data)
{
  Opening *self = user_data;
  gboolean encrypted;
  g_autoptr (EVP_PKEY) key =
    _mc_pkcs8_read (self->libctx, self->der, self->size, secret, &encrypted);
  if (key == NULL || !fits (self, key))
    return FALSE;
  self->key = g_steal_pointer (&key);
  return TRUE;
}

static gboolean
find_passphrase (McEngine *engine, Opening *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *fingerprint = _mc_x509_fingerprint (self->certificate);
  g_autofree char *subject = _mc_x509_name_text (X509_get_subject_name (self->certificate));
  g_autofree char *escaped = _mc_text_escape_line (subject, -1);
  g_autofree char *purpose =
    g_strdup_printf (_("passphrase of the S/MIME private key of %s"), escaped);
  McPassphraseRequest request = { .protocol = MC_PROTOCOL_SMIME,
                                  .fingerprint = fingerprint,
                                  .purpose = purpose };
  return _mc_passphrase_find (engine->context, &request, try_passphrase, self, cancellable, error);
}

static gboolean
open_key (McEngine *engine, Opening *self, const char *path, GCancellable *cancellable,
          GError **error)
{
  gboolean encrypted;
  if (try_passphrase (NULL, self))
    return TRUE;
  EVP_PKEY_free (_mc_pkcs8_read (self->libctx, self->der, self->size, NULL, &encrypted));
  if (encrypted)
    return find_passphrase (engine, self, cancellable, error);
  _mc_set_error (error, MC_ERROR_IO, _("import the key again"), _("private key file is damaged: '%s'"),
                 path);
  return FALSE;
}

EVP_PKEY *
_mc_private_key_load (McEngine *engine, OSSL_LIB_CTX *libctx, X509 *certificate,
                      GCancellable *cancellable, GError **error)
{
  g_autofree char *public_key = _mc_x509_public_key_id (certificate);
  g_autofree char *path = get_path (engine, public_key);
  g_auto (Opening) self = { .libctx = libctx, .public_key = public_key,
                            .certificate = certificate };
  if (path == NULL || !g_file_test (path, G_FILE_TEST_EXISTS)) {
    _mc_set_error (error, MC_ERROR_NO_SECRET, _("import it: mailcrypt keys import FILE"),
                   _("no private key for the certificate"));
    return NULL;
  }
  if (!load_file (&self, path, error)) {
    _mc_error_adopt (error, MC_ERROR_IO, _("private key cannot be read"));
    return NULL;
  }
  return open_key (engine, &self, path, cancellable, error) ? self.key : NULL;
}

McKeyFileState
_mc_key_file_probe (McEngine *engine, const char *public_key, McSecret *passphrase)
{
  g_autofree char *path = get_path (engine, public_key);
  gboolean secret = passphrase != NULL && _mc_secret_get_size (passphrase) > 0, encrypted = FALSE;
  g_auto (Opening) self = { .libctx = engine->libctx, .public_key = public_key };
  if (path == NULL || !load_file (&self, path, NULL))
    return MC_KEY_FILE_ABSENT;
  g_autoptr (EVP_PKEY) key =
    _mc_pkcs8_read (self.libctx, self.der, self.size, passphrase, &encrypted);
  return key != NULL && encrypted == secret ? MC_KEY_FILE_FITS : MC_KEY_FILE_DIFFERS;
}
