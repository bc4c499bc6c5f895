/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime-lab.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

static char *folder;

/* ------------------------------------------------------------------------ lab -- */

static gboolean
run_in (const char *where, const char *command)
{
  g_autoptr (GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_subprocess_launcher_set_cwd (launcher, where);
  g_autoptr (GSubprocess) process =
    g_subprocess_launcher_spawn (launcher, NULL, "sh", "-c", command, NULL);
  return process != NULL && g_subprocess_wait_check (process, NULL, NULL);
}

static void
remove_lab (void)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", folder);
  (void) run_in ("/", command);
  g_clear_pointer (&folder, g_free);
}

const char *
lab_folder (void)
{
  static gboolean tried;
  if (tried)
    return folder;
  tried = TRUE;
  const char *sources = g_getenv ("MAILCRYPT_SRCDIR");
  g_autofree char *program = g_find_program_in_path ("openssl");
  folder = program != NULL ? g_dir_make_tmp ("mcXXXXXX", NULL) : NULL;
  if (folder == NULL)
    return NULL;
  atexit (remove_lab);
  g_autofree char *top = sources != NULL ? g_strdup (sources) : g_get_current_dir ();
  g_autofree char *command = g_strdup_printf ("sh '%s/tests/unit/smime-lab.sh'", top);
  CU_ASSERT_TRUE_FATAL (run_in (folder, command));
  return folder;
}

char *
lab_path (const char *name)
{
  return g_build_filename (lab_folder (), name, NULL);
}

gboolean
lab_try (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *command = g_strdup_vprintf (format, args);
  va_end (args);
  return run_in (lab_folder (), command);
}

void
lab_run (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *command = g_strdup_vprintf (format, args);
  va_end (args);
  gboolean ok = run_in (lab_folder (), command);
  if (!ok)
    g_printerr ("lab: failed: %s\n", command);
  CU_ASSERT_TRUE_FATAL (ok);
}

McSpool *
lab_spool (const char *data, gsize size)
{
  McLimits limits;
  _mc_limits_init (&limits);
  McSpool *spool = _mc_spool_new (&limits);
  CU_ASSERT_TRUE_FATAL (_mc_spool_append (spool, data, size, NULL));
  return spool;
}

McSpool *
lab_read (const char *name)
{
  g_autofree char *path = lab_path (name);
  g_autofree char *data = NULL;
  gsize size;
  CU_ASSERT_TRUE_FATAL (g_file_get_contents (path, &data, &size, NULL));
  return lab_spool (data, size);
}

static GBytes *
load (McSpool *spool)
{
  GBytes *bytes = _mc_span_load (_mc_span_whole (spool), 64 * 1024 * 1024, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (bytes);
  return bytes;
}

void
lab_write (const char *name, McSpool *spool)
{
  gsize size;
  g_autofree char *path = lab_path (name);
  g_autoptr (GBytes) bytes = load (spool);
  const char *data = g_bytes_get_data (bytes, &size);
  CU_ASSERT_TRUE_FATAL (g_file_set_contents (path, data, (gssize) size, NULL));
}

gboolean
lab_holds (McSpool *spool, const char *name)
{
  if (spool == NULL)
    return FALSE;
  g_autoptr (McSpool) wanted = lab_read (name);
  g_autoptr (GBytes) a = load (spool);
  g_autoptr (GBytes) b = load (wanted);
  return g_bytes_equal (a, b);
}

/* ----------------------------------------------------------------------- desk -- */

static McSecret *
tell (McProtocol protocol, const char *fingerprint, const char *purpose, gpointer user_data)
{
  Desk *desk = user_data;
  (void) protocol;
  (void) fingerprint;
  (void) purpose;
  desk->asked++;
  return desk->passphrase != NULL ? mc_secret_new (desk->passphrase, strlen (desk->passphrase))
                                  : NULL;
}

Desk *
desk_new (void)
{
  Desk *desk = g_new0 (Desk, 1);
  CU_ASSERT_PTR_NOT_NULL_FATAL (lab_folder ());
  g_autofree char *template = lab_path ("hXXXXXX");
  desk->home = g_strdup (g_mkdtemp (template));
  desk->settings = mc_settings_new ();
  g_assert_true (mc_settings_set (desk->settings, "keyring", "use", "false", NULL));
  mc_settings_set_folder (desk->settings, MC_FOLDER_DATA, desk->home);
  mc_settings_set_folder (desk->settings, MC_FOLDER_GNUPG, desk->home);
  CU_ASSERT_TRUE_FATAL (mc_settings_set (desk->settings, "smime", "system-anchors", "false", NULL));
  desk->context = mc_context_new (desk->settings);
  mc_context_set_passphrase_func (desk->context, tell, desk, NULL);
  CU_ASSERT_TRUE_FATAL (_mc_smime_backend.open (desk->context, &desk->engine, NULL));
  return desk;
}

void
desk_free (Desk *desk)
{
  if (desk == NULL)
    return;
  _mc_smime_backend.close (desk->engine);
  mc_context_free (desk->context);
  mc_settings_unref (desk->settings);
  g_free (desk->home);
  g_free (desk);
}

void
desk_trust_root (Desk *desk)
{
  g_autofree char *root = lab_path ("root.crt");
  g_autofree char *intermediate = lab_path ("int.crt");
  mc_context_add_trust_anchor (desk->context, root);
  mc_context_add_intermediate (desk->context, intermediate);
}

void
desk_travel (Desk *desk, int days)
{
  mc_context_set_time (desk->context,
                       g_get_real_time () / G_USEC_PER_SEC + (gint64) days * 24 * 60 * 60);
}

GPtrArray *
desk_try_import (Desk *desk, const char *name, const char *new_passphrase, GError **error)
{
  g_autoptr (McSpool) spool = lab_read (name);
  g_autoptr (McSecret) secret =
    new_passphrase != NULL ? mc_secret_new (new_passphrase, strlen (new_passphrase)) : NULL;
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_imported_free);
  if (!_mc_smime_backend.import (desk->engine, _mc_span_whole (spool), secret, results, NULL, error))
    return NULL;
  return g_steal_pointer (&results);
}

void
desk_import (Desk *desk, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) results = desk_try_import (desk, name, "", &error);
  if (results == NULL)
    g_printerr ("lab: %s: %s\n", name, error->message);
  CU_ASSERT_PTR_NOT_NULL_FATAL (results);
}

void
desk_own (Desk *desk, const char *name)
{
  lab_run ("cat '%s.crt' '%s.key' >'%s.pair'", name, name, name);
  g_autofree char *pair = g_strconcat (name, ".pair", NULL);
  desk_import (desk, pair);
}

static GPtrArray *
find (Desk *desk, const McKeyQuery *query)
{
  GPtrArray *keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  CU_ASSERT_TRUE_FATAL (_mc_smime_backend.find (desk->engine, query, keys, NULL, NULL));
  return keys;
}

GPtrArray *
desk_find (Desk *desk, const char *address, McKeyUse use)
{
  McKeyQuery query = { .address = address, .judge = TRUE, .use = use };
  return find (desk, &query);
}

McKey *
desk_find_one (Desk *desk, const char *address, McKeyUse use)
{
  g_autoptr (GPtrArray) keys = desk_find (desk, address, use);
  CU_ASSERT_EQUAL_FATAL (keys->len, 1);
  return mc_key_ref (keys->pdata[0]);
}

char *
lab_fingerprint (const char *name)
{
  lab_run ("openssl x509 -in '%s.crt' -outform DER -out '%s.der'", name, name);
  g_autofree char *file = g_strconcat (name, ".der", NULL);
  g_autoptr (McSpool) spool = lab_read (file);
  g_autoptr (GBytes) bytes = load (spool);
  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
}

McKey *
desk_find_certificate (Desk *desk, const char *name, McKeyUse use)
{
  g_autofree char *fingerprint = lab_fingerprint (name);
  McKeyQuery query = { .fingerprint = fingerprint, .judge = TRUE, .use = use };
  g_autoptr (GPtrArray) keys = find (desk, &query);
  CU_ASSERT_EQUAL_FATAL (keys->len, 1);
  return mc_key_ref (keys->pdata[0]);
}

/* -------------------------------------------------------------------- reading -- */

void
desk_unwrap (Desk *desk, const char *name, McUnwrapFlags flags, McUnwrapped *ret_unwrapped)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) object = lab_read (name);
  gboolean ok = _mc_smime_backend.unwrap (desk->engine, _mc_span_whole (object), "1", flags,
                                          ret_unwrapped, NULL, &error);
  if (!ok)
    g_printerr ("lab: %s: %s\n", name, error->message);
  CU_ASSERT_TRUE_FATAL (ok);
}

McLayer *
only_layer (const McUnwrapped *unwrapped)
{
  CU_ASSERT_EQUAL_FATAL (unwrapped->layers->len, 1);
  return unwrapped->layers->pdata[0];
}

McSigner *
only_signer (const McLayer *layer)
{
  CU_ASSERT_EQUAL_FATAL (layer->signers->len, 1);
  return layer->signers->pdata[0];
}

McLayer *
desk_verify (Desk *desk, const char *content, const char *signature)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) bytes = lab_read (content);
  g_autoptr (McSpool) object = lab_read (signature);
  g_autoptr (McLayer) layer = _mc_layer_new (MC_LAYER_SIGNED, MC_PROTOCOL_SMIME, "1");
  McVerifyJob job = { _mc_span_whole (bytes), _mc_span_whole (object) };
  gboolean ok = _mc_smime_backend.verify (desk->engine, &job, layer, NULL, &error);
  if (!ok)
    g_printerr ("lab: %s: %s\n", signature, error->message);
  CU_ASSERT_TRUE_FATAL (ok);
  return g_steal_pointer (&layer);
}

gboolean
has_reason (GPtrArray *reasons, const char *code)
{
  return _mc_reasons_have (reasons, code);
}

gboolean
is_trusted (const McSigner *signer)
{
  return signer->identities->len > 0
         && ((const McIdentity *) signer->identities->pdata[0])->trust == MC_TRUST_TRUSTED;
}
