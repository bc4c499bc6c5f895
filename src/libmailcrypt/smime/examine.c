/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "examine.h"
#include "smime/engine.h"

#include <glib/gi18n-lib.h>

void
_mc_smime_examine (McEngine *engine, GPtrArray *findings, GCancellable *cancellable)
{
  MC_OPENSSL_SCOPE ();
  (void) cancellable;
  McSettings *settings = _mc_context_get_settings (engine->context);
  _mc_findings_add (findings, MC_FINDING_GOOD, "engine", "openssl-works", NULL, _("S/MIME: %s"),
                    OpenSSL_version (OPENSSL_VERSION));
  if (_mc_smime_legacy (engine, NULL) == NULL)
    _mc_findings_add (findings, MC_FINDING_NOTE, "engine", "no-legacy-provider",
                      _("install OpenSSL's legacy provider (Debian: it is in libssl3)"),
                      _("old PKCS#12 files cannot be imported: OpenSSL has no legacy provider"));
  if (g_strcmp0 (mc_settings_get (settings, "smime", "system-anchors"), "false") != 0
      && !g_file_test (X509_get_default_cert_dir (), G_FILE_TEST_IS_DIR))
    _mc_findings_add (findings, MC_FINDING_WARNING, "engine", "no-system-anchors",
                      _("install the package ca-certificates"),
                      _("the system has no certification authorities in %s"),
                      X509_get_default_cert_dir ());
}
