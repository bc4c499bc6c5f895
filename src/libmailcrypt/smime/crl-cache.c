/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/crl-cache.h"

#include "smime/certificate.h"
#include "smime/chain-crls.h"
#include "smime/names.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".crl"
#define MAX_FILES 256
#define MAX_BYTES ((goffset) 64 * 1024 * 1024)
/* Lists under one name. */
#define MAX_LISTS 32

static char *
get_folder (McEngine *engine)
{
  McSettings *settings = _mc_context_get_settings (engine->context);
  const char *cache = mc_settings_get_folder (settings, MC_FOLDER_CACHE);
  return cache != NULL ? g_build_filename (cache, "crls", NULL) : NULL;
}

/* What the names of all files of an issuer begin with. */
static char *
make_prefix (const X509_NAME *issuer)
{
  g_autoptr (GBytes) key = _mc_x509_name_key (issuer);
  g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, key);
  return g_strconcat (hash, "-", NULL);
}

static char *
make_name (const X509_CRL *crl)
{
  g_autofree char *prefix = make_prefix (X509_CRL_get_issuer (crl));
  g_autofree char *scope = _mc_crl_scope (crl);
  return g_strconcat (prefix, scope, SUFFIX, NULL);
}

static X509_CRL *
load (McEngine *engine, const char *path)
{
  GStatBuf status;
  g_autofree char *data = NULL;
  gsize size;
  if (g_lstat (path, &status) != 0 || !S_ISREG (status.st_mode)
      || status.st_size > (goffset) MC_CRL_MAX_BYTES || !g_file_get_contents (path, &data, &size, NULL))
    return NULL;
  return _mc_crl_from_der (engine, data, size);
}

/* Names of files in @folder that begin with @prefix. */
static GPtrArray *
list_files (const char *folder, const char *prefix)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;
  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    if (g_str_has_prefix (name, prefix) && g_str_has_suffix (name, SUFFIX))
      g_ptr_array_add (names, g_strdup (name));
  return names;
}

void
_mc_crl_cache_find (McEngine *engine, const X509_NAME *issuer, McCrlStack *crls)
{
  g_autofree char *folder = get_folder (engine);
  if (folder == NULL)
    return;
  g_autofree char *prefix = make_prefix (issuer);
  g_autoptr (GPtrArray) names = list_files (folder, prefix);
  for (guint i = 0; i < MIN (names->len, MAX_LISTS); i++) {
    g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);
    g_autoptr (X509_CRL) crl = load (engine, path);
    if (crl != NULL && X509_NAME_cmp (X509_CRL_get_issuer (crl), issuer) == 0
        && _mc_asn1_time (X509_CRL_get0_lastUpdate (crl)) <= _mc_smime_now (engine))
      _mc_crls_add (crls, crl);
  }
}

/* -------------------------------------------------------------------- keeping -- */

typedef struct {
  char *path;
  goffset size;
  gint64 changed_at;
} File;

static void
file_free (File *file)
{
  g_free (file->path);
  g_free (file);
}

static int
compare_age (gconstpointer a, gconstpointer b)
{
  const File *const *left = a, *const *right = b;
  return (*left)->changed_at < (*right)->changed_at ? -1
         : (*left)->changed_at > (*right)->changed_at;
}

/* Makes room for one more file of @size octets: the oldest go first. */
static void
make_room (const char *folder, goffset size)
{
  g_autoptr (GPtrArray) names = list_files (folder, "");
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) file_free);
  goffset total = size;
  for (guint i = 0; i < names->len; i++) {
    GStatBuf status;
    g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);
    if (g_lstat (path, &status) != 0)
      continue;
    File *file = g_new0 (File, 1);
    file->path = g_steal_pointer (&path);
    file->size = status.st_size;
    file->changed_at = status.st_mtime;
    total += file->size;
    g_ptr_array_add (files, file);
  }
  g_ptr_array_sort (files, compare_age);
  for (guint i = 0; i < files->len && (total > MAX_BYTES || files->len - i >= MAX_FILES); i++) {
    const File *file = files->pdata[i];
    (void) g_unlink (file->path);
    total -= file->size;
  }
}

static gboolean
is_current (const X509_CRL *crl)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  return _mc_asn1_time (X509_CRL_get0_lastUpdate (crl)) <= now
         && _mc_asn1_time (X509_CRL_get0_nextUpdate (crl)) > now;
}

void
_mc_crl_cache_keep (McEngine *engine, X509_CRL *crl)
{
  g_autofree char *folder = get_folder (engine);
  if (folder == NULL || _mc_context_get_chain_policy (engine->context)->at != 0 || !is_current (crl))
    return;
  g_autofree char *name = make_name (crl);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (X509_CRL) old = load (engine, path);
  if (old != NULL && is_current (old) && !_mc_crl_is_newer (crl, old))
    return;

  g_autoptr (McOpensslBytes) der = NULL;
  int size = i2d_X509_CRL (crl, &der);
  if (size <= 0 || (gsize) size > MC_CRL_MAX_BYTES || g_mkdir_with_parents (folder, 0700) != 0)
    return;
  make_room (folder, size);
  (void) g_file_set_contents_full (path, (const char *) der, size, G_FILE_SET_CONTENTS_CONSISTENT,
                                   0600, NULL);
}
