/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "keys/keyring.h"

#include "base/module.h"
#include "base/secret.h"
#include "context.h"
#include "examine.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static gboolean
is_on (McContext *context, const char *key)
{
  McSettings *settings = _mc_context_get_settings (context);
  return g_strcmp0 (mc_settings_get (settings, "keyring", key), "true") == 0;
}

static const McKeyring *
load (char **ret_why)
{
  g_autoptr (GError) error = NULL;
  const McKeyring *keyring = _mc_module_symbol (MC_KEYRING_MODULE, MC_KEYRING_SYMBOL, &error);
  if (keyring == NULL)
    *ret_why = g_strdup (error->message);
  return keyring;
}

void
_mc_keyring_remember (McContext *context, const char *fingerprint, McSecret *passphrase,
                      GCancellable *cancellable)
{
  g_autofree char *why = NULL;
  if (fingerprint == NULL || passphrase == NULL || _mc_secret_get_size (passphrase) == 0
      || !is_on (context, "use") || !is_on (context, "remember"))
    return;
  const McKeyring *keyring = load (&why);
  if (keyring != NULL
      && keyring->store (fingerprint, passphrase, is_on (context, "unlock"), &why, cancellable))
    return;
  _mc_context_add_note (
    context, _mc_reason_new ("not-remembered", NULL,
                             _("the passphrase is not put into the keyring: %s"), why));
}

void
_mc_keyring_forget (McContext *context, const char *fingerprint, GCancellable *cancellable)
{
  g_autofree char *why = NULL;
  if (!is_on (context, "use"))
    return;
  const McKeyring *keyring = load (&why);
  if (keyring != NULL
      && keyring->remove (fingerprint, is_on (context, "unlock"), &why, cancellable))
    return;
  _mc_context_add_note (
    context, _mc_reason_new ("not-forgotten", NULL,
                             _("a passphrase that the keyring may hold is not removed: %s"), why));
}

/* Asks for what is in no keyring: whether there is an answer is what is to be seen. */
void
_mc_keyring_examine (McContext *context, GPtrArray *findings, GCancellable *cancellable)
{
  static const char nothing[] = "0000000000000000000000000000000000000000000000000000000000000000";
  g_autofree char *why = NULL;
  g_autoptr (McSecret) secret = NULL;
  if (!is_on (context, "use")) {
    _mc_findings_add (findings, MC_FINDING_NOTE, "keyring", "keyring-off", NULL,
                      _("your keyring is not used, as the configuration says"));
    return;
  }
  const McKeyring *keyring = load (&why);
  McPassphraseAnswer answer = keyring != NULL
    ? keyring->find (nothing, FALSE, &secret, &why, cancellable) : MC_PASSPHRASE_UNAVAILABLE;
  if (answer == MC_PASSPHRASE_HERE || answer == MC_PASSPHRASE_ABSENT)
    _mc_findings_add (findings, MC_FINDING_GOOD, "keyring", "keyring-works", NULL,
                      _("your keyring answers"));
  else
    _mc_findings_add (findings, MC_FINDING_NOTE, "keyring", "keyring-unavailable",
                      _("gpg-agent asks instead; a locked one is opened with --unlock"),
                      _("your keyring is not to be had: %s"), why != NULL ? why : "-");
}

/* ------------------------------------------------------------------ the source -- */

static McPassphraseAnswer
ask_keyring (McContext *context, const McPassphraseRequest *request, guint attempt,
             McSecret **ret_secret, char **ret_why, GCancellable *cancellable)
{
  (void) attempt;
  if (request->fresh || request->fingerprint == NULL || !is_on (context, "use"))
    return MC_PASSPHRASE_UNAVAILABLE;
  const McKeyring *keyring = load (ret_why);
  if (keyring == NULL)
    return MC_PASSPHRASE_UNAVAILABLE;
  return keyring->find (request->fingerprint, is_on (context, "unlock"), ret_secret, ret_why,
                        cancellable);
}

static void
forget_wrong (McContext *context, const McPassphraseRequest *request)
{
  _mc_keyring_forget (context, request->fingerprint, NULL);
}

const McPassphraseSource _mc_passphrase_keyring = {
  .name = "keyring",
  .ask = ask_keyring,
  .forget = forget_wrong,
};
