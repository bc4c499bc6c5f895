/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "openpgp/openpgp.h"

#include "base/error.h"

#include <glib/gi18n-lib.h>

/* To gpg a home that is none is one without keys. */
static gboolean
check_home (McContext *context, GError **error)
{
  McSettings *settings = _mc_context_get_settings (context);
  const char *home = mc_settings_get_folder (settings, MC_FOLDER_GNUPG);
  if (home == NULL || g_file_test (home, G_FILE_TEST_IS_DIR)
      || !g_file_test (home, G_FILE_TEST_EXISTS))
    return TRUE;
  g_autofree char *name = g_filename_display_name (home);
  _mc_set_error (error, MC_ERROR_IO, _("set GNUPGHOME to GnuPG's own folder"),
                 _("GnuPG's home is not a folder: '%s'"), name);
  return FALSE;
}

static gboolean
openpgp_open (McContext *context, McEngine **ret_engine, GError **error)
{
  if (!check_home (context, error))
    return FALSE;
  *ret_engine = g_new0 (McEngine, 1);
  (*ret_engine)->context = context;
  return TRUE;
}

static void
openpgp_close (McEngine *engine)
{
  g_clear_pointer (&engine->gpgme, gpgme_release);
  g_free (engine);
}

/* Type by itself says little: RFC 3156 wraps its objects in multiparts. */
static const char *const mime_types[] = { "application/pgp-encrypted", NULL };

const McBackend _mc_openpgp_backend = {
  .name = "openpgp",
  .protocol = MC_PROTOCOL_OPENPGP,
  .capabilities = MC_BACKEND_COMBINES | MC_BACKEND_HIDES | MC_BACKEND_CLEARTEXT,
  .mime_types = mime_types,
  .signature_type = "application/pgp-signature",
  .key_type = "application/pgp-keys",
  .key_filename = "key.asc",
  .open = openpgp_open,
  .close = openpgp_close,
  .find = _mc_openpgp_find,
  .probe = _mc_openpgp_probe,
  .verify = _mc_openpgp_verify,
  .unwrap = _mc_openpgp_unwrap,
  .describe = _mc_openpgp_describe,
  .sign = _mc_openpgp_sign,
  .encrypt = _mc_openpgp_encrypt,
  .import = _mc_openpgp_import,
  .export = _mc_openpgp_export,
  .export_secret = _mc_openpgp_export_secret,
  .examine = _mc_openpgp_examine,
  .generate = _mc_openpgp_generate,
  .remove = _mc_openpgp_remove,
};
