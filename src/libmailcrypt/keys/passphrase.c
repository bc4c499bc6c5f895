/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "keys/passphrase.h"

#include "base/error.h"
#include "context.h"
#include "keys/keyring.h"

#include <glib/gi18n-lib.h>

#define MAX_ATTEMPTS 3

/* Asked in this order. */
static const McPassphraseSource *const sources[] = {
  &_mc_passphrase_caller,
  &_mc_passphrase_keyring,
  &_mc_passphrase_agent,
};

/* ----------------------------------------------------------- the caller's own -- */

static McPassphraseAnswer
ask_caller (McContext *context, const McPassphraseRequest *request, guint attempt,
            McSecret **ret_secret, char **ret_why, GCancellable *cancellable)
{
  (void) attempt;
  (void) ret_why;
  (void) cancellable;
  if (!_mc_context_has_caller_source (context))
    return MC_PASSPHRASE_UNAVAILABLE;
  *ret_secret =
    _mc_context_ask_caller (context, request->protocol, request->fingerprint, request->purpose);
  return *ret_secret != NULL ? MC_PASSPHRASE_HERE : MC_PASSPHRASE_ABSENT;
}

const McPassphraseSource _mc_passphrase_caller = {
  .name = "--passphrase-fd",
  .ask = ask_caller,
};

/* ------------------------------------------------------------------ the table -- */

/* One search over the sources. */
typedef struct {
  McContext *context;
  const McPassphraseRequest *request;
  McPassphraseTry func;
  gpointer user_data;
  GString *said;            /* what each source tried has said */
  gboolean cancelled;
  gboolean locked;          /* the keyring is */
  gboolean given_wrong;     /* the caller had one, which did not fit */
} Search;

static void
note (Search *search, const McPassphraseSource *source, const char *what)
{
  g_string_append_printf (search->said, "%s%s: %s", search->said->len > 0 ? "; " : "",
                          source->name, what);
}

static void
note_answer (Search *search, const McPassphraseSource *source, McPassphraseAnswer answer,
             const char *why)
{
  if (answer == MC_PASSPHRASE_CANCELLED)
    note (search, source, why != NULL ? why : _("cancelled"));
  else if (answer == MC_PASSPHRASE_ABSENT)
    note (search, source, why != NULL ? why : _("has none"));
  else if (answer == MC_PASSPHRASE_LOCKED)
    note (search, source, why != NULL ? why : _("locked"));
  else if (why != NULL)   /* a source that was never set up has not been tried */
    note (search, source, why);
}

static void
remember (const Search *search, const McPassphraseSource *source, McSecret *secret,
          GCancellable *cancellable)
{
  const McPassphraseRequest *request = search->request;
  if (source != &_mc_passphrase_keyring && !request->fresh)
    _mc_keyring_remember (search->context, request->fingerprint, secret, cancellable);
}

/* Whether @source had a passphrase that fits. */
static gboolean
try_source (Search *search, const McPassphraseSource *source, GCancellable *cancellable)
{
  guint attempts = source->interactive ? MAX_ATTEMPTS : 1;
  for (guint attempt = 0; attempt < attempts; attempt++) {
    g_autoptr (McSecret) secret = NULL;
    g_autofree char *why = NULL;
    McPassphraseAnswer answer =
      source->ask (search->context, search->request, attempt, &secret, &why, cancellable);
    if (answer != MC_PASSPHRASE_HERE || secret == NULL) {
      search->cancelled = answer == MC_PASSPHRASE_CANCELLED;
      search->locked |= answer == MC_PASSPHRASE_LOCKED && why == NULL;
      note_answer (search, source, answer, why);
      return FALSE;
    }
    if (search->func (secret, search->user_data)) {
      remember (search, source, secret, cancellable);
      return TRUE;
    }
    if (source->forget != NULL)
      source->forget (search->context, search->request);
  }
  if (source == &_mc_passphrase_caller)
    search->given_wrong = TRUE;
  else
    note (search, source, _("wrong"));
  return FALSE;
}

/* That the caller's own one is wrong comes first, whatever the others said. */
static gboolean
fail_wrong (const Search *search, GError **error)
{
  const char *hint = search->cancelled
    ? NULL : _("give the right one, or start gpg-agent with a pinentry that can ask you");
  const char *purpose = search->request->purpose;
  if (purpose == NULL)
    purpose = _("passphrase");
  if (search->said->len > 0)
    /* Translators: the first %s is such as "passphrase for the key of bob@example.org". */
    _mc_set_error (error, MC_ERROR_NO_SECRET, hint,
                   _("the passphrase given is wrong (--passphrase-fd); no other %s: %s"), purpose,
                   search->said->str);
  else
    _mc_set_error (error, MC_ERROR_NO_SECRET, hint,
                   _("the passphrase given is wrong (--passphrase-fd); no other %s"), purpose);
  return FALSE;
}

static gboolean
fail (const Search *search, GError **error)
{
  if (search->given_wrong)
    return fail_wrong (search, error);
  const char *hint = search->cancelled
    ? NULL : _("give it by --passphrase-fd, or start gpg-agent with a pinentry that can ask you");
  const char *said = search->said->len > 0 ? search->said->str : _("nobody to ask");
  if (search->request->purpose != NULL)
    /* Translators: the first %s is such as "passphrase for the key of bob@example.org". */
    _mc_set_error (error, MC_ERROR_NO_SECRET, hint, _("no %s: %s"), search->request->purpose,
                   said);
  else
    _mc_set_error (error, MC_ERROR_NO_SECRET, hint, _("no passphrase: %s"), said);
  return FALSE;
}

gboolean
_mc_passphrase_find (McContext *context, const McPassphraseRequest *request, McPassphraseTry func,
                     gpointer user_data, GCancellable *cancellable, GError **error)
{
  g_autoptr (GString) said = g_string_new (NULL);
  Search search = { .context = context, .request = request, .func = func,
                    .user_data = user_data, .said = said };
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++) {
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    if (try_source (&search, sources[i], cancellable))
      return TRUE;
    if (search.cancelled)   /* who said no is not asked by the next one */
      break;
  }
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  fail (&search, error);
  if (search.locked)
    _mc_error_add_hint (error, _("unlock your keyring, or let --unlock open its dialog"));
  return FALSE;
}
