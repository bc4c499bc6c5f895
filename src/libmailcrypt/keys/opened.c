/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "keys/opened.h"

#include "message.h"
#include "mime/fields.h"
#include "report/report.h"

#include <string.h>

#define DAY G_GINT64_CONSTANT (86400)
#define MAX_DAYS 36500
/* What was remembered within a day need not be written again. */
#define FRESH_SECONDS DAY

/* The earliest time that still counts; FALSE when nothing is to be remembered. */
static gboolean
get_oldest (McContext *context, gint64 now, gint64 *ret_oldest)
{
  const char *days =
    mc_settings_get (_mc_context_get_settings (context), "general", "reply-memory");
  guint64 number = days != NULL ? g_ascii_strtoull (days, NULL, 10) : 0;
  *ret_oldest = now - (gint64) MIN (number, MAX_DAYS) * DAY;
  return number > 0;
}

static GBytes *
hash (GBytes *salt, const char *id)
{
  gsize size = 0;
  const guint8 *key = g_bytes_get_data (salt, &size);
  guint8 digest[32];
  gsize digest_size = sizeof digest;
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, key, size);
  g_hmac_update (hmac, (const guchar *) id, (gssize) strlen (id));
  g_hmac_get_digest (hmac, digest, &digest_size);
  return g_bytes_new (digest, digest_size);
}

/* ------------------------------------------------------------------- asking -- */

static gboolean
find_since (McContext *context, const char *const *ids, gint64 oldest, gboolean *ret_found,
            GError **error)
{
  McStore *store = NULL;
  g_autoptr (GBytes) salt = NULL;
  *ret_found = FALSE;
  if (!_mc_context_get_store (context, FALSE, &store, error)
      || !_mc_store_get_salt (store, FALSE, &salt, error))
    return FALSE;
  for (; salt != NULL && *ids != NULL && !*ret_found; ids++) {
    g_autoptr (GBytes) id = hash (salt, *ids);
    if (!_mc_store_find_opened (store, id, oldest, ret_found, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
_mc_opened_find (McContext *context, const char *const *ids, gboolean *ret_found, GError **error)
{
  gint64 oldest = 0;
  *ret_found = FALSE;
  return *ids == NULL || !get_oldest (context, g_get_real_time () / G_USEC_PER_SEC, &oldest)
         || find_since (context, ids, oldest, ret_found, error);
}

/* ---------------------------------------------------------------- remembering -- */

static void
write_id (McStore *store, const char *message_id, gint64 now, gint64 oldest)
{
  g_autoptr (GBytes) salt = NULL;
  if (!_mc_store_begin (store, NULL))
    return;
  if (_mc_store_get_salt (store, TRUE, &salt, NULL) && salt != NULL) {
    g_autoptr (GBytes) id = hash (salt, message_id);
    if (_mc_store_add_opened (store, id, now, oldest, NULL) && _mc_store_commit (store, NULL))
      return;
  }
  _mc_store_rollback (store);
}

static void
remember (McContext *context, const char *message_id)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC, oldest = 0;
  const char *ids[] = { message_id, NULL };
  gboolean fresh = FALSE;
  McStore *store = NULL;
  if (!get_oldest (context, now, &oldest)
      || !find_since (context, ids, MAX (oldest, now - FRESH_SECONDS), &fresh, NULL) || fresh
      || !_mc_context_get_store (context, TRUE, &store, NULL))
    return;
  _mc_store_set_hurried (store, TRUE);
  write_id (store, message_id, now, oldest);
  _mc_store_set_hurried (store, FALSE);
}

void
mc_context_remember (McContext *context, const char *message_id)
{
  g_auto (GStrv) ids = _mc_message_ids_parse (message_id);
  for (char **id = ids; *id != NULL; id++)
    remember (context, *id);
}

static void
remember_fields (McContext *context, GPtrArray *fields)
{
  for (guint i = 0; fields != NULL && i < fields->len; i++) {
    const McField *field = g_ptr_array_index (fields, i);
    if (g_ascii_strcasecmp (field->name, "Message-ID") == 0)
      mc_context_remember (context, field->body);
  }
}

/* Whether @layers have one whose secret content was handed out. */
static gboolean
have_decrypted (GPtrArray *layers)
{
  for (guint i = 0; i < layers->len; i++)
    if (mc_layer_get_decryption_status (g_ptr_array_index (layers, i)) == MC_DECRYPTION_OK)
      return TRUE;
  return FALSE;
}

void
mc_message_remember (McMessage *message)
{
  if (!have_decrypted (mc_report_get_layers (message->report))
      && !have_decrypted (mc_report_get_errant (message->report)))
    return;
  const McTree *outside =
    message->trees->len > 0 ? g_ptr_array_index (message->trees, 0) : NULL;
  remember_fields (message->context, outside != NULL ? outside->fields : NULL);
  remember_fields (message->context, message->inside);
}
