/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "examine.h"
#include "openpgp/openpgp.h"

#include "base/text.h"

#include <glib/gi18n-lib.h>

/* One run of gpg tells whether it works: with a keyring that it can read. */
static gboolean
check_listing (McEngine *engine, GPtrArray *findings, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  const char *const nobody[] = { "0000000000000000000000000000000000000000", NULL };
  g_autoptr (GPtrArray) keys = _mc_openpgp_list (engine, nobody, FALSE, cancellable, &error);
  if (keys != NULL)
    return TRUE;
  _mc_findings_add (findings, MC_FINDING_PROBLEM, "engine", "gnupg-broken",
                    mc_error_get_hint (error) != NULL ? mc_error_get_hint (error)
                                                      : "gpg --list-keys", "%s", error->message);
  return FALSE;
}

void
_mc_openpgp_examine (McEngine *engine, GPtrArray *findings, GCancellable *cancellable)
{
  if (!check_listing (engine, findings, cancellable))
    return;
  gpgme_engine_info_t info = gpgme_ctx_get_engine_info (engine->gpgme);
  while (info != NULL && info->protocol != GPGME_PROTOCOL_OpenPGP)
    info = info->next;
  const char *version = info != NULL && info->version != NULL ? info->version : "?";
  g_autofree char *shown = _mc_text_escape_line (version, -1);
  _mc_findings_add (findings, MC_FINDING_GOOD, "engine", "gnupg-works", NULL,
                    _("OpenPGP: GnuPG %s, GPGME %s"), shown, gpgme_check_version (NULL));
}
