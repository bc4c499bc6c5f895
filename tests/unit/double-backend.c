/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects:
 *   signature  "double-signature FINGERPRINT SHA256\n"
 *   opaque     "double-signed FINGERPRINT SHA256\n" CONTENT
 *   encrypted  "double-encrypted SIGNER|- SHA256 RECIPIENT... [?RECIPIENT...]\n" CONTENT ^ 0x5a
 * SHA256 is that of the content; "?" marks a hidden recipient. */
#include "config.h"

#include "double-backend.h"

#include "base/error.h"
#include "context.h"

#include <string.h>

#define MAX_BYTES (64 * 1024 * 1024)
#define MASK 0x5a

struct _McEngine {
  McContext *context;
  McProtocol protocol;
};

static GPtrArray *all_keys;                    /* of McKey */
static char *imported[MC_PROTOCOL_SMIME + 1];
static guint n_opened[MC_PROTOCOL_SMIME + 1];

/* ---------------------------------------------------------------------- keys -- */

void
double_reset (void)
{
  g_clear_pointer (&all_keys, g_ptr_array_unref);
  for (guint i = 0; i < G_N_ELEMENTS (imported); i++) {
    g_clear_pointer (&imported[i], g_free);
    n_opened[i] = 0;
  }
}

McKey *
double_add_key (McProtocol protocol, const char *fingerprint, const char *address)
{
  McKey *key = _mc_key_new (protocol, fingerprint);
  key->use = MC_KEY_CAN_SIGN | MC_KEY_CAN_ENCRYPT | MC_KEY_CAN_CERTIFY;
  key->validity = MC_VALIDITY_VALID;
  key->valid_from = 1000;
  key->algorithm = g_strdup ("double");
  if (address != NULL)
    g_ptr_array_add (key->identities, _mc_identity_new (address, NULL, MC_TRUST_UNKNOWN));
  if (all_keys == NULL)
    all_keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_ptr_array_add (all_keys, key);
  return key;
}

const char *
double_get_imported (McProtocol protocol)
{
  return imported[protocol];
}

guint
double_get_n_opened (McProtocol protocol)
{
  return n_opened[protocol];
}

static McKey *
copy_key (const McKey *key)
{
  McKey *copy = _mc_key_new (key->protocol, key->fingerprint);
  for (guint i = 0; i < key->identities->len; i++)
    g_ptr_array_add (copy->identities,
                     _mc_identity_copy (g_ptr_array_index (key->identities, i)));
  copy->use = key->use;
  copy->secret = key->secret;
  copy->validity = key->validity;
  copy->valid_from = key->valid_from;
  copy->valid_until = key->valid_until;
  copy->algorithm = g_strdup (key->algorithm);
  copy->is_authority = key->is_authority;
  copy->weak = key->weak;
  _mc_reasons_merge (copy->reasons, key->reasons);
  return copy;
}

static gboolean
matches (const McKey *key, const McKeyQuery *query)
{
  if (query->secret_only && key->secret == MC_SECRET_NONE)
    return FALSE;
  if (query->fingerprint != NULL)
    return strcmp (key->fingerprint, query->fingerprint) == 0;
  if (query->address != NULL)
    return _mc_key_find_identity (key, query->address) != NULL;
  if (query->text == NULL)
    return TRUE;
  for (guint i = 0; i < key->identities->len; i++) {
    const McIdentity *identity = g_ptr_array_index (key->identities, i);
    if (identity->display != NULL && strstr (identity->display, query->text) != NULL)
      return TRUE;
  }
  return FALSE;
}

static McKey *
find_key (const McEngine *engine, const char *fingerprint)
{
  for (guint i = 0; all_keys != NULL && i < all_keys->len; i++) {
    McKey *key = g_ptr_array_index (all_keys, i);
    if (key->protocol == engine->protocol && strcmp (key->fingerprint, fingerprint) == 0)
      return key;
  }
  return NULL;
}

static gboolean
double_find (McEngine *engine, const McKeyQuery *query, GPtrArray *keys,
             GCancellable *cancellable, GError **error)
{
  for (guint i = 0; all_keys != NULL && i < all_keys->len; i++) {
    const McKey *key = g_ptr_array_index (all_keys, i);
    if (key->protocol == engine->protocol && matches (key, query)
        && !_mc_key_query_give (query, copy_key (key), keys, error))
      return FALSE;
  }
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static gboolean
double_import (McEngine *engine, McSpan data, McSecret *new_passphrase, GPtrArray *results,
               GCancellable *cancellable, GError **error)
{
  (void) new_passphrase;
  (void) cancellable;
  g_autoptr (GBytes) bytes = _mc_span_load (data, MAX_BYTES, error);
  if (bytes == NULL)
    return FALSE;
  g_free (imported[engine->protocol]);
  imported[engine->protocol] = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  if (strstr (imported[engine->protocol], "double-fail") != NULL) {
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, "double-fail");
    return FALSE;
  }

  g_auto (GStrv) lines = g_strsplit (imported[engine->protocol], "\n", 0);
  for (char **line = lines; *line != NULL; line++) {
    g_auto (GStrv) words = g_strsplit (*line, " ", 0);
    if (g_strv_length (words) != 3 || strcmp (words[0], "double-key") != 0)
      continue;
    gboolean new = find_key (engine, words[1]) == NULL;
    if (new)
      double_add_key (engine->protocol, words[1], words[2]);
    g_ptr_array_add (results, _mc_imported_new (engine->protocol, words[1],
                                                new ? "new" : "unchanged", "public-key",
                                                g_strdup (words[2])));
  }
  return TRUE;
}

static gboolean
double_export (McEngine *engine, McKey *key, gboolean mail, McSpool *output,
               GCancellable *cancellable, GError **error)
{
  (void) engine;
  (void) mail;
  (void) cancellable;
  const char *address = mc_key_get_address (key, 0);
  g_autofree char *line = g_strdup_printf ("double-key %s %s\n", key->fingerprint,
                                           address != NULL ? address : "-");
  return _mc_spool_append (output, line, strlen (line), error);
}

static gboolean
double_export_secret (McEngine *engine, McKey *key, McSecret *new_passphrase, McSpool *output,
                      GCancellable *cancellable, GError **error)
{
  (void) new_passphrase;
  return double_export (engine, key, FALSE, output, cancellable, error);
}

static gboolean
double_generate (McEngine *engine, const McKeyRequest *request, McKey **ret_key,
                 GCancellable *cancellable, GError **error)
{
  (void) cancellable;
  (void) error;
  *ret_key = NULL;
  if (request->csr != NULL)
    return TRUE;
  g_autofree char *digest =
    g_compute_checksum_for_string (G_CHECKSUM_SHA256, request->address, -1);
  if (engine->protocol == MC_PROTOCOL_OPENPGP)
    digest[40] = '\0';
  McKey *key = double_add_key (engine->protocol, digest, request->address);
  key->secret = MC_SECRET_FILE;
  *ret_key = copy_key (key);
  return TRUE;
}

static gboolean
double_remove (McEngine *engine, McKey *key, GCancellable *cancellable, GError **error)
{
  (void) cancellable;
  McKey *own = find_key (engine, key->fingerprint);
  if (own == NULL) {
    _mc_set_error (error, MC_ERROR_NO_KEY, NULL, "no such key");
    return FALSE;
  }
  g_ptr_array_remove (all_keys, own);
  return TRUE;
}

/* ------------------------------------------------------------------- objects -- */

/* The bytes as the backend contract wants them read. */
static GBytes *
load_canonical (McEngine *engine, McSpan span, GError **error)
{
  g_autoptr (GInputStream) stream = _mc_span_open (span, MC_NEWLINES_CRLF);
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (engine->context));
  if (!_mc_spool_append_stream (spool, stream, NULL, error))
    return NULL;
  return _mc_span_load (_mc_span_whole (spool), MAX_BYTES, error);
}

static gboolean
append (McSpool *spool, const char *head, GBytes *content, guint8 mask, GError **error)
{
  gsize size = 0;
  const guint8 *data = content != NULL ? g_bytes_get_data (content, &size) : NULL;
  g_autofree guint8 *masked = g_malloc (size + 1);
  for (gsize i = 0; i < size; i++)
    masked[i] = data[i] ^ mask;
  return _mc_spool_append (spool, head, strlen (head), error)
         && _mc_spool_append (spool, masked, size, error);
}

static gboolean
double_sign (McEngine *engine, const McSignJob *job, McSealed *ret_sealed,
             GCancellable *cancellable, GError **error)
{
  (void) cancellable;
  g_autoptr (GBytes) content = load_canonical (engine, job->content, error);
  if (content == NULL)
    return FALSE;
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, content);
  g_autofree char *head =
    g_strdup_printf ("double-%s %s %s\n", job->form == MC_OBJECT_OPAQUE ? "signed" : "signature",
                     job->signer->fingerprint, digest);
  g_autoptr (McSpool) object = _mc_spool_new (_mc_context_get_limits (engine->context));
  if (!append (object, head, job->form == MC_OBJECT_OPAQUE ? content : NULL, 0, error))
    return FALSE;
  ret_sealed->object = g_steal_pointer (&object);
  ret_sealed->micalg = job->form == MC_OBJECT_OPAQUE ? NULL : g_strdup ("sha-256");
  ret_sealed->format = g_strdup ("signed");
  return TRUE;
}

static void
add_names (GString *head, GPtrArray *keys, const char *mark)
{
  for (guint i = 0; keys != NULL && i < keys->len; i++) {
    const McKey *key = g_ptr_array_index (keys, i);
    g_string_append_printf (head, " %s%s", mark, key->fingerprint);
  }
}

static gboolean
double_encrypt (McEngine *engine, const McEncryptJob *job, McSealed *ret_sealed,
                GCancellable *cancellable, GError **error)
{
  (void) cancellable;
  g_autoptr (GBytes) content = load_canonical (engine, job->content, error);
  if (content == NULL)
    return FALSE;
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, content);
  g_autoptr (GString) head = g_string_new ("double-encrypted ");
  g_string_append_printf (head, "%s %s", job->signer != NULL ? job->signer->fingerprint : "-",
                          digest);
  add_names (head, job->recipients, "");
  add_names (head, job->hidden, "?");
  g_string_append_c (head, '\n');
  g_autoptr (McSpool) object = _mc_spool_new (_mc_context_get_limits (engine->context));
  if (!append (object, head->str, content, MASK, error))
    return FALSE;
  ret_sealed->object = g_steal_pointer (&object);
  ret_sealed->format = g_strdup ("encrypted");
  return TRUE;
}

/* ------------------------------------------------------------------- reading -- */

/* An object taken apart; words[0] is its kind without "double-". */
typedef struct {
  GStrv words;
  GBytes *content;
} Object;

static void
object_clear (Object *object)
{
  g_strfreev (object->words);
  g_clear_pointer (&object->content, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Object, object_clear)

static gboolean
parse (McSpan span, Object *object, GError **error)
{
  g_autoptr (GBytes) bytes = _mc_span_load (span, MAX_BYTES, error);
  if (bytes == NULL)
    return FALSE;
  gsize size = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  const char *end = memchr (data, '\n', size);
  if (end == NULL || size < 7 || memcmp (data, "double-", 7) != 0) {
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, "not an object of the double");
    return FALSE;
  }
  g_autofree char *line = g_strndup (data + 7, (gsize) (end - data) - 7);
  g_strchomp (line);
  object->words = g_strsplit (line, " ", 0);
  object->content = g_bytes_new (end + 1, size - (gsize) (end + 1 - data));
  if (g_strv_length (object->words) >= 3)
    return TRUE;
  _mc_set_error (error, MC_ERROR_MALFORMED, NULL, "too few words");
  return FALSE;
}

static gboolean
double_probe (McEngine *engine, McSpan span)
{
  (void) engine;
  char head[7];
  return _mc_spool_read_at (span.spool, span.start, head, sizeof head, NULL) == sizeof head
         && memcmp (head, "double-", sizeof head) == 0;
}

/* The signer named @fingerprint, with or without @content to judge by @digest. */
static McSigner *
make_signer (McEngine *engine, const char *fingerprint, const char *digest, GBytes *content)
{
  McSigner *signer = _mc_signer_new ();
  McKey *own = find_key (engine, fingerprint);
  signer->key_id = g_strdup (fingerprint);
  signer->content = MC_CONTENT_UNCHECKED;
  if (own == NULL || content == NULL)
    return signer;

  g_autofree char *real = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, content);
  g_autoptr (McKey) key = copy_key (own);
  (void) _mc_key_apply_pins (engine->context, key, NULL);
  signer->content = strcmp (real, digest) == 0 ? MC_CONTENT_INTACT : MC_CONTENT_ALTERED;
  signer->validity = key->validity;
  signer->weak = key->weak;
  signer->fingerprint = g_strdup (key->fingerprint);
  signer->algorithm = g_strdup (key->algorithm);
  signer->digest = g_strdup ("sha256");
  for (guint i = 0; i < key->identities->len; i++)
    g_ptr_array_add (signer->identities,
                     _mc_identity_copy (g_ptr_array_index (key->identities, i)));
  return signer;
}

static gboolean
double_verify (McEngine *engine, const McVerifyJob *job, McLayer *layer,
               GCancellable *cancellable, GError **error)
{
  (void) cancellable;
  g_auto (Object) object = { NULL, NULL };
  g_autoptr (GError) malformed = NULL;
  g_autoptr (GBytes) content = load_canonical (engine, job->content, error);
  if (content == NULL)
    return FALSE;
  if (!parse (job->signature, &object, &malformed)
      || strcmp (object.words[0], "signature") != 0) {
    layer->structure = MC_CONTENT_MALFORMED;
    return TRUE;
  }
  g_ptr_array_add (layer->signers,
                   make_signer (engine, object.words[1], object.words[2], content));
  return TRUE;
}

static McLayer *
make_encrypted_layer (McEngine *engine, const Object *object, const char *path,
                      gboolean *ret_have_secret)
{
  McLayer *layer = _mc_layer_new (MC_LAYER_ENCRYPTED, engine->protocol, path);
  *ret_have_secret = FALSE;
  for (char **word = object->words + 3; *word != NULL; word++) {
    gboolean hidden = **word == '?';
    McKey *key = find_key (engine, *word + (hidden ? 1 : 0));
    McRecipient *recipient = _mc_recipient_new ();
    recipient->key_id = hidden ? NULL : g_strdup (*word);
    recipient->address = key != NULL && !hidden ? g_strdup (mc_key_get_address (key, 0)) : NULL;
    recipient->have_secret = key != NULL && key->secret != MC_SECRET_NONE;
    *ret_have_secret |= recipient->have_secret;
    g_ptr_array_add (layer->recipients, recipient);
  }
  return layer;
}

static void
add_signed_layer (McEngine *engine, const Object *object, const char *path, GBytes *content,
                  GPtrArray *layers)
{
  McLayer *layer = _mc_layer_new (MC_LAYER_SIGNED, engine->protocol, path);
  g_ptr_array_add (layer->signers,
                   make_signer (engine, object->words[1], object->words[2], content));
  g_ptr_array_add (layers, layer);
}

static GPtrArray *
new_layers (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_layer_unref);
}

/* Decrypts into *ret_content when a key is here; the layer says how it went. */
static GBytes *
decrypt (McEngine *engine, const Object *object, const char *path, GPtrArray *layers)
{
  gboolean have_secret = FALSE;
  McLayer *layer = make_encrypted_layer (engine, object, path, &have_secret);
  g_ptr_array_add (layers, layer);
  if (!have_secret) {
    layer->decryption = MC_DECRYPTION_NO_KEY;
    return NULL;
  }
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (object->content, &size);
  g_autofree guint8 *plain = g_malloc (size + 1);
  for (gsize i = 0; i < size; i++)
    plain[i] = data[i] ^ MASK;
  g_autoptr (GBytes) content = g_bytes_new (plain, size);
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, content);
  layer->authenticated = strcmp (digest, object->words[2]) == 0;
  layer->decryption = layer->authenticated ? MC_DECRYPTION_OK : MC_DECRYPTION_FAILED;
  return layer->authenticated ? g_steal_pointer (&content) : NULL;
}

static gboolean
double_unwrap (McEngine *engine, McSpan span, const char *path, McUnwrapFlags flags,
               McUnwrapped *ret_unwrapped, GCancellable *cancellable, GError **error)
{
  (void) flags;
  (void) cancellable;
  g_auto (Object) object = { NULL, NULL };
  if (!parse (span, &object, error))
    return FALSE;
  g_autoptr (GPtrArray) layers = new_layers ();
  g_autoptr (GBytes) content = NULL;
  gboolean encrypted = strcmp (object.words[0], "encrypted") == 0;
  content = encrypted ? decrypt (engine, &object, path, layers) : g_bytes_ref (object.content);
  if (content != NULL && strcmp (object.words[1], "-") != 0)
    add_signed_layer (engine, &object, path, content, layers);

  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (engine->context));
  if (content != NULL && !append (spool, "", content, 0, error))
    return FALSE;
  ret_unwrapped->layers = g_steal_pointer (&layers);
  ret_unwrapped->content = content != NULL ? g_steal_pointer (&spool) : NULL;
  ret_unwrapped->format = g_strdup (object.words[0]);
  return TRUE;
}

static gboolean
double_describe (McEngine *engine, McSpan span, gboolean detached, const char *path,
                 McUnwrapped *ret_unwrapped, GCancellable *cancellable, GError **error)
{
  (void) cancellable;
  g_auto (Object) object = { NULL, NULL };
  gboolean have_secret = FALSE;
  if (!parse (span, &object, error))
    return FALSE;
  ret_unwrapped->layers = new_layers ();
  ret_unwrapped->format = g_strdup (object.words[0]);
  if (!detached && strcmp (object.words[0], "encrypted") == 0)
    g_ptr_array_add (ret_unwrapped->layers,
                     make_encrypted_layer (engine, &object, path, &have_secret));
  else
    add_signed_layer (engine, &object, path, NULL, ret_unwrapped->layers);
  return TRUE;
}

/* ------------------------------------------------------------------- the table -- */

static gboolean
open_as (McContext *context, McProtocol protocol, McEngine **ret_engine)
{
  McEngine *engine = g_new0 (McEngine, 1);
  engine->context = context;
  engine->protocol = protocol;
  n_opened[protocol]++;
  *ret_engine = engine;
  return TRUE;
}

static gboolean
open_openpgp (McContext *context, McEngine **ret_engine, GError **error)
{
  (void) error;
  return open_as (context, MC_PROTOCOL_OPENPGP, ret_engine);
}

static gboolean
open_smime (McContext *context, McEngine **ret_engine, GError **error)
{
  (void) error;
  return open_as (context, MC_PROTOCOL_SMIME, ret_engine);
}

static void
double_close (McEngine *engine)
{
  g_free (engine);
}

static const char *const no_types[] = { NULL };
static const char *const smime_types[] = { "application/pkcs7-mime", NULL };

#define DOUBLE_CALLS                                                                     \
  .close = double_close, .find = double_find, .probe = double_probe,                     \
  .verify = double_verify, .unwrap = double_unwrap, .describe = double_describe,         \
  .sign = double_sign, .encrypt = double_encrypt, .import = double_import,               \
  .export = double_export, .export_secret = double_export_secret,                        \
  .generate = double_generate, .remove = double_remove

static const McBackend double_openpgp = {
  .name = "double-openpgp",
  .protocol = MC_PROTOCOL_OPENPGP,
  .capabilities = MC_BACKEND_COMBINES | MC_BACKEND_HIDES,
  .mime_types = no_types,
  .signature_type = "application/pgp-signature",
  .open = open_openpgp,
  DOUBLE_CALLS
};

static const McBackend double_smime = {
  .name = "double-smime",
  .protocol = MC_PROTOCOL_SMIME,
  .capabilities = MC_BACKEND_OPAQUE,
  .mime_types = smime_types,
  .signature_type = "application/pkcs7-signature",
  .open = open_smime,
  DOUBLE_CALLS
};

void
double_install (McContext *context, McProtocol protocol)
{
  _mc_context_set_backend (context,
                           protocol == MC_PROTOCOL_SMIME ? &double_smime : &double_openpgp);
}
