/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking at all that we stand on. What is wrong is a finding, with what mends it. */
#include "config.h"

#include "examine.h"

#include "base/error.h"
#include "base/text.h"
#include "context.h"
#include "keys/resolver.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>

#define DAY (24 * 60 * 60)
#define SOON (30 * DAY)
#define EARLIEST G_GINT64_CONSTANT (1704067200)   /* 2024: no clock that is right shows less */

struct _McFinding {
  McFindingLevel level;
  char *area, *code, *text, *fix;
};

McFinding *
mc_finding_new (McFindingLevel level, const char *area, const char *code, const char *fix,
                const char *text)
{
  McFinding *finding = g_new0 (McFinding, 1);
  finding->level = level;
  finding->area = g_strdup (area);
  finding->code = g_strdup (code);
  finding->fix = g_strdup (fix);
  finding->text = g_strdup (text);
  return finding;
}

void
mc_finding_free (McFinding *finding)
{
  if (finding == NULL)
    return;
  g_free (finding->area);
  g_free (finding->code);
  g_free (finding->text);
  g_free (finding->fix);
  g_free (finding);
}

McFindingLevel
mc_finding_get_level (const McFinding *finding)
{
  return finding->level;
}

const char *
mc_finding_level_to_word (McFindingLevel level)
{
  static const char *const words[] = {
    [MC_FINDING_UNKNOWN] = "unknown", [MC_FINDING_GOOD] = "good",
    [MC_FINDING_NOTE] = "note",       [MC_FINDING_WARNING] = "warning",
    [MC_FINDING_PROBLEM] = "problem",
  };
  return words[level < G_N_ELEMENTS (words) ? level : MC_FINDING_UNKNOWN];
}

const char *
mc_finding_get_area (const McFinding *finding)
{
  return finding->area;
}

const char *
mc_finding_get_code (const McFinding *finding)
{
  return finding->code;
}

const char *
mc_finding_get_text (const McFinding *finding)
{
  return finding->text;
}

const char *
mc_finding_get_fix (const McFinding *finding)
{
  return finding->fix;
}

void
_mc_findings_add (GPtrArray *findings, McFindingLevel level, const char *area, const char *code,
                  const char *fix, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_add (findings, mc_finding_new (level, area, code, fix, text));
}

static void
add_error (GPtrArray *findings, const char *area, const char *code, const GError *error)
{
  const char *hint = mc_error_get_hint (error);
  _mc_findings_add (findings, MC_FINDING_PROBLEM, area, code,
                    hint != NULL ? hint : _("'mailcrypt keys list' shows whether it stays so"),
                    "%s", error->message);
}

/* ------------------------------------------------------------------ engines -- */

static void
examine_backend (McContext *context, McProtocol protocol, GPtrArray *findings,
                 GCancellable *cancellable)
{
  McEngine *engine = NULL;
  g_autoptr (GError) error = NULL;
  const McBackend *backend = _mc_context_get_backend (context, protocol, &engine, &error);
  if (backend == NULL)
    add_error (findings, "engine", "engine-missing", error);
  else if (backend->examine != NULL)
    backend->examine (engine, findings, cancellable);
}

/* ------------------------------------------------------------------ folders -- */

/* @path is to be its owner's alone. */
static void
examine_mode (GPtrArray *findings, const char *path, gboolean is_folder)
{
  GStatBuf buffer;
  if (g_lstat (path, &buffer) != 0 || (buffer.st_mode & 077) == 0)
    return;
  g_autofree char *name = g_filename_display_name (path);
  g_autofree char *shown = _mc_text_escape_line (name, -1);
  g_autofree char *fix = g_strdup_printf ("chmod %s '%s'", is_folder ? "700" : "600", shown);
  _mc_findings_add (findings, MC_FINDING_WARNING, "folder", "mode-open", fix,
                    _("others may look into '%s' (mode %03o)"), shown,
                    (guint) buffer.st_mode & 0777);
}

static void
examine_folders (McContext *context, GPtrArray *findings)
{
  static const McFolder folders[] = { MC_FOLDER_DATA, MC_FOLDER_CACHE, MC_FOLDER_RUNTIME };
  McSettings *settings = _mc_context_get_settings (context);
  guint before = findings->len;
  const char *data = mc_settings_get_folder (settings, MC_FOLDER_DATA);
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++) {
    const char *path = mc_settings_get_folder (settings, folders[i]);
    if (path != NULL)
      examine_mode (findings, path, TRUE);
  }
  if (data == NULL) {
    _mc_findings_add (findings, MC_FINDING_PROBLEM, "folder", "no-folder",
                      _("set HOME, or name a folder with --homedir"),
                      _("there is no folder for keys"));
    return;
  }
  g_autofree char *private = g_build_filename (data, "private", NULL);
  g_autofree char *database = g_build_filename (data, "store.db", NULL);
  examine_mode (findings, private, TRUE);
  examine_mode (findings, database, FALSE);
  if (findings->len == before)
    _mc_findings_add (findings, MC_FINDING_GOOD, "folder", "mode-private", NULL,
                      _("our folders are yours alone"));
}

/* -------------------------------------------------------------------- store -- */

typedef struct {
  guint certificates, anchors;
} StoreCount;

static gboolean
count_certificate (const McCertificate *certificate, gpointer user_data)
{
  (void) certificate;
  ((StoreCount *) user_data)->certificates++;
  return TRUE;
}

static void
count_pin (const char *fingerprint, const char *address, McPin pin, gpointer user_data)
{
  (void) fingerprint;
  (void) address;
  if (pin == MC_PIN_ANCHOR)
    ((StoreCount *) user_data)->anchors++;
}

static gboolean
count_store (McContext *context, gboolean *ret_there, StoreCount *count, GError **error)
{
  McStore *store = NULL;
  const McStoreQuery all = { .field = MC_BY_ALL };
  if (!_mc_context_get_store (context, FALSE, &store, error))
    return FALSE;
  *ret_there = store != NULL;
  return store == NULL
         || (_mc_store_find (store, &all, count_certificate, count, error)
             && _mc_store_find_pins (store, MC_PROTOCOL_SMIME, NULL, count_pin, count, error));
}

static void
examine_store (McContext *context, GPtrArray *findings)
{
  StoreCount count = { 0, 0 };
  gboolean there = FALSE;
  g_autoptr (GError) error = NULL;
  McSettings *settings = _mc_context_get_settings (context);
  if (!count_store (context, &there, &count, &error)) {
    add_error (findings, "store", "store-broken", error);
    return;
  }
  if (!there)
    _mc_findings_add (findings, MC_FINDING_NOTE, "store", "store-empty",
                      _("mailcrypt keys import FILE"), _("no certificates yet"));
  else
    _mc_findings_add (findings, MC_FINDING_GOOD, "store", "store-works", NULL,
                      _("certificates: %u, trust anchors of yours: %u"), count.certificates,
                      count.anchors);
  if (count.anchors == 0
      && g_strcmp0 (mc_settings_get (settings, "smime", "system-anchors"), "false") == 0)
    _mc_findings_add (findings, MC_FINDING_WARNING, "store", "no-anchors",
                      _("mailcrypt keys trust FPR --anchor, or system-anchors=true"),
                      _("no authority is trusted, so that no certificate is without a pin"));
}

/* -------------------------------------------------------------------- clock -- */

static void
examine_clock (McContext *context, GPtrArray *findings)
{
  McSettings *settings = _mc_context_get_settings (context);
  const char *data = mc_settings_get_folder (settings, MC_FOLDER_DATA);
  g_autofree char *database = g_build_filename (data != NULL ? data : "/", "store.db", NULL);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  GStatBuf buffer;
  gboolean later = g_stat (database, &buffer) == 0 && buffer.st_mtime > now + DAY;
  if (now >= EARLIEST && !later)
    _mc_findings_add (findings, MC_FINDING_GOOD, "clock", "clock-plausible", NULL,
                      _("the clock is plausible"));
  else
    _mc_findings_add (findings, MC_FINDING_PROBLEM, "clock", "clock-wrong",
                      _("set it: timedatectl set-ntp true"), _("the clock is wrong"));
}

/* ----------------------------------------------------------------- own keys -- */

/* What renews or extends a key that ends. */
static char *
get_renewal (const McKey *key, const char *address)
{
  if (key->protocol == MC_PROTOCOL_OPENPGP)
    return g_strdup_printf ("gpg --quick-set-expire %s 2y && gpg --quick-set-expire %s 2y '*'",
                            key->fingerprint, key->fingerprint);
  return g_strdup_printf ("mailcrypt keys generate %s --protocol smime --csr FILE", address);
}

static void
examine_term (GPtrArray *findings, const McKey *key, const char *address)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  if (key->valid_until == 0 || key->valid_until > now + SOON || key->valid_until <= now)
    return;
  g_autofree char *fix = get_renewal (key, address);
  _mc_findings_add (findings, MC_FINDING_WARNING, "key", "expires-soon", fix,
                    _("%s: the %s key %s ends in %u days"), address,
                    mc_protocol_to_word (key->protocol), key->fingerprint,
                    (guint) ((key->valid_until - now) / DAY));
}

static void
join_reasons (const McResolution *resolution, GString *text)
{
  for (guint i = 0; i < resolution->candidates->len; i++) {
    const McCandidate *candidate = g_ptr_array_index (resolution->candidates, i);
    for (guint j = 0; candidate->key->secret != MC_SECRET_NONE && j < candidate->reasons->len; j++) {
      const McReason *reason = g_ptr_array_index (candidate->reasons, j);
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", reason->text);
    }
  }
}

/* Whether @address can sign, or be written to, under @protocol. */
static void
examine_use (McContext *context, GPtrArray *findings, McProtocol protocol, const char *address,
             McKeyUse use, GCancellable *cancellable)
{
  g_autoptr (McResolution) resolution = NULL;
  g_autoptr (GError) error = NULL;
  gboolean signs = use == MC_KEY_CAN_SIGN;
  if (!_mc_resolve (context, protocol, address, use, &resolution, cancellable, &error)) {
    add_error (findings, "key", "cannot-tell", error);
    return;
  }
  const McKey *key = resolution->chosen;
  if (key != NULL) {
    _mc_findings_add (findings, MC_FINDING_GOOD, "key", signs ? "can-sign" : "can-read", NULL,
                      signs ? _("%s: signs with the %s key %s") : _("%s: reads with the %s key %s"),
                      address, mc_protocol_to_word (protocol), key->fingerprint);
    examine_term (findings, key, address);
    return;
  }
  g_autoptr (GString) why = g_string_new (NULL);
  join_reasons (resolution, why);
  _mc_findings_add (findings, MC_FINDING_WARNING, "key", signs ? "cannot-sign" : "cannot-read",
                    _("'mailcrypt keys list --secret' shows your keys, 'mailcrypt keys generate'"
                      " makes one"),
                    signs ? _("%s: no %s key to sign with: %s") : _("%s: no %s key to be written to: %s"),
                    address, mc_protocol_to_word (protocol), why->str);
}

/* Each address of an own key, once for each protocol. */
static void
examine_address (McContext *context, GPtrArray *findings, McProtocol protocol, const char *address,
                 GHashTable *done, GCancellable *cancellable)
{
  char *once = g_strdup_printf ("%d %s", (int) protocol, address);
  if (!g_hash_table_add (done, once))
    return;
  examine_use (context, findings, protocol, address, MC_KEY_CAN_SIGN, cancellable);
  examine_use (context, findings, protocol, address, MC_KEY_CAN_ENCRYPT, cancellable);
}

static void
examine_keys (McContext *context, GPtrArray *findings, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) done = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) keys =
    mc_keys_list (context, MC_PROTOCOL_UNKNOWN, NULL, TRUE, cancellable, &error);
  if (keys == NULL) {
    add_error (findings, "key", "cannot-tell", error);
    return;
  }
  for (guint i = 0; i < keys->len; i++) {
    const McKey *key = g_ptr_array_index (keys, i);
    for (guint j = 0; j < key->identities->len; j++) {
      const McIdentity *identity = g_ptr_array_index (key->identities, j);
      if (identity->address != NULL)
        examine_address (context, findings, key->protocol, identity->address, done, cancellable);
    }
  }
  if (keys->len == 0)
    _mc_findings_add (findings, MC_FINDING_NOTE, "key", "no-own-key",
                      _("mailcrypt keys generate ADDRESS"), _("you have no key of your own yet"));
}

GPtrArray *
mc_context_examine (McContext *context, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) findings =
    g_ptr_array_new_with_free_func ((GDestroyNotify) mc_finding_free);
  examine_backend (context, MC_PROTOCOL_OPENPGP, findings, cancellable);
  examine_backend (context, MC_PROTOCOL_SMIME, findings, cancellable);
  _mc_agent_examine (context, findings);
  _mc_keyring_examine (context, findings, cancellable);
  examine_folders (context, findings);
  examine_store (context, findings);
  examine_clock (context, findings);
  examine_keys (context, findings, cancellable);
  return g_cancellable_set_error_if_cancelled (cancellable, error) ? NULL
                                                                  : g_steal_pointer (&findings);
}
