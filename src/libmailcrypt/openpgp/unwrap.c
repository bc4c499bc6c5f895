/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects that hold their content: encrypted, signed, or both at once. The structure is
 * judged before gpg is asked, and gpg's words after: content is handed out only when all
 * of them agree that it is one message, whole and unaltered. */
#include "config.h"

#include "openpgp/openpgp.h"

#include "base/error.h"
#include "base/text.h"
#include "openpgp/armor.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct {
  McEngine *engine;
  McSpan span;
  const char *path;
  McUnwrapFlags flags;
  McPgpObject *object;
  McUnwrapped *unwrapped;
  GCancellable *cancellable;
} McUnwrap;

static McLayer *
add_layer (McUnwrapped *unwrapped, McLayerKind kind, const char *path)
{
  McLayer *layer = _mc_layer_new (kind, MC_PROTOCOL_OPENPGP, path);
  g_ptr_array_add (unwrapped->layers, layer);
  return layer;
}

static void
init_unwrapped (McUnwrapped *unwrapped, const char *format)
{
  *unwrapped = (McUnwrapped) { 0 };
  unwrapped->layers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_layer_unref);
  unwrapped->format = g_strdup (format);
}

static McSpool *
spool_new (const McUnwrap *unwrap)
{
  return _mc_spool_new (_mc_context_get_limits (unwrap->engine->context));
}

static gboolean
judges_signatures (const McUnwrap *unwrap)
{
  return (unwrap->flags & MC_UNWRAP_SKIP_SIGNATURES) == 0;
}

/* --------------------------------------------------------------- decryption -- */

typedef gpgme_error_t (*McOperation) (gpgme_ctx_t gpgme, gpgme_data_t input, gpgme_data_t output);

/* Runs @operation over @octets; what it writes goes to a new spool. */
static McSpool *
run_operation (const McUnwrap *unwrap, McRun *run, GInputStream *octets, McOperation operation,
               GError **error)
{
  g_auto (McData) input = { 0 };
  g_auto (McData) output = { 0 };
  g_autoptr (McSpool) content = spool_new (unwrap);
  if (!_mc_data_open_input (&input, octets, unwrap->cancellable, error)
      || !_mc_data_open_output (&output, content, error))
    return NULL;
  run->code = operation (run->gpgme, input.data, output.data);
  if (_mc_data_take_error (&output, error) || _mc_data_take_error (&input, error)
      || _mc_run_is_broken (run, run->code, error))
    return NULL;
  return g_steal_pointer (&content);
}

/* Takes off the encryption and nothing else: what was inside comes out as packets. */
static gpgme_error_t
decrypt_operation (gpgme_ctx_t gpgme, gpgme_data_t input, gpgme_data_t output)
{
  return gpgme_op_decrypt_ext (gpgme, GPGME_DECRYPT_UNWRAP, input, output);
}

/* Decrypted once, with the modification detection code found good: any other count is a
 * message made to deceive, or gpg contradicting itself. */
static gboolean
is_proven (const McRun *run)
{
  const McStatus *status = &run->status;
  gpgme_decrypt_result_t result = gpgme_op_decrypt_result (run->gpgme);
  if (run->code != 0 || result == NULL || result->legacy_cipher_nomdc || result->wrong_key_usage)
    return FALSE;
  return status->begin_decryption == 1 && status->decryption_okay == 1
         && status->decryption_failed == 0 && status->end_decryption == 1
         && status->good_mdc == 1 && status->bad_mdc == 0 && status->integrity == 2
         && status->plaintext == 0 && status->new_signature == 0 && status->no_data == 0
         && status->unexpected == 0;
}

#define MAX_NAMED 5

static void
append_item (GString *list, const char *item)
{
  g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", item);
}

/* The first few by name or key id, the others as numbers. */
static char *
list_recipients (const McLayer *layer)
{
  GString *list = g_string_new (NULL);
  guint named = 0, hidden = 0;
  for (guint i = 0; i < layer->recipients->len; i++) {
    const McRecipient *recipient = layer->recipients->pdata[i];
    const char *name = recipient->address != NULL ? recipient->address : recipient->key_id;
    hidden += name == NULL;
    if (name == NULL || named++ >= MAX_NAMED)
      continue;
    g_autofree char *shown = _mc_text_escape_line (name, -1);
    append_item (list, shown);
  }
  g_autofree char *more = g_strdup_printf (_("and %u more"), named - MIN (named, MAX_NAMED));
  g_autofree char *unnamed = g_strdup_printf (_("%u hidden"), hidden);
  if (hidden > 0)
    append_item (list, unnamed);
  if (named > MAX_NAMED)
    append_item (list, more);
  return g_string_free (list, FALSE);
}

static void
fail (McLayer *layer, McDecryptionStatus status, McReason *reason)
{
  layer->decryption = status;
  layer->authenticated = FALSE;
  g_ptr_array_add (layer->reasons, reason);
}

/* A person whose key is missing wants to know whose it would have been. */
static void
explain_no_key (const McUnwrap *unwrap, McLayer *layer)
{
  g_autoptr (GPtrArray) patterns = g_ptr_array_new ();
  _mc_openpgp_add_recipient_patterns (layer->recipients, patterns);
  if (patterns->len > 0) {
    g_ptr_array_add (patterns, NULL);
    const char *const *ids = (const char *const *) patterns->pdata;
    McReason *agent = _mc_openpgp_find_agent_problem (unwrap->engine, ids, unwrap->cancellable);
    if (agent != NULL) {
      fail (layer, MC_DECRYPTION_NO_KEY, agent);
      return;
    }
    g_autoptr (GPtrArray) keys =
      _mc_openpgp_list (unwrap->engine, ids, FALSE, unwrap->cancellable, NULL);
    if (keys != NULL)
      _mc_openpgp_name_recipients (layer->recipients, keys);
  }
  g_autofree char *names = list_recipients (layer);
  fail (layer, MC_DECRYPTION_NO_KEY,
        _mc_reason_new ("no-secret-key",
                        _("if you have the key elsewhere: mailcrypt keys import FILE"),
                        _("there is no secret key for any recipient (%s)"), names));
}

static McReason *
not_one_message (void)
{
  return _mc_reason_new ("malformed", NULL, "%s",
                         _("there is not exactly one message in the encrypted data"));
}

/* DECRYPTION_INFO comes only once a session key was there: from then on every failure is
 * one of the content, and all of those are told alike. */
static gboolean
explain_content_failure (const McRun *run, McLayer *layer)
{
  const McStatus *status = &run->status;
  if (status->bad_mdc == 0 && (status->integrity == 0 || status->wrong_passphrase))
    return FALSE;
  gpgme_decrypt_result_t result = gpgme_op_decrypt_result (run->gpgme);
  gboolean odd = run->code == 0 && status->bad_mdc == 0 && status->decryption_failed == 0;
  McReason *reason;
  if (odd && result != NULL && result->wrong_key_usage)
    reason = _mc_reason_new ("key-usage", NULL, "%s",
                             _("it was encrypted to a key that is not made for encryption"));
  else if (odd)
    reason = not_one_message ();
  else
    reason = _mc_reason_new ("integrity", NULL, "%s",
                             _("the encrypted data was damaged or altered"));
  fail (layer, MC_DECRYPTION_FAILED, reason);
  return TRUE;
}

/* @problem, with the card that it is about, if it is about one. */
static McReason *
name_card (const McUnwrap *unwrap, const McLayer *layer, McReason *problem)
{
  g_autoptr (GPtrArray) patterns = g_ptr_array_new ();
  _mc_openpgp_add_recipient_patterns (layer->recipients, patterns);
  if (patterns->len == 0)
    return problem;
  g_ptr_array_add (patterns, NULL);
  g_autofree char *card = _mc_openpgp_find_card (
    unwrap->engine, (const char *const *) patterns->pdata, unwrap->cancellable);
  if (card == NULL)
    return problem;
  g_autoptr (McReason) plain = problem;
  g_autofree char *hint = g_strdup_printf (_("insert the smart card %s"), card);
  return _mc_reason_new (plain->code, hint, _("the secret key is on the smart card %s: %s"), card,
                         plain->text);
}

static void
explain_failure (const McUnwrap *unwrap, const McRun *run, McLayer *layer)
{
  if (explain_content_failure (run, layer))
    return;
  McReason *secret = _mc_run_find_secret_problem (run, run->code);
  if (secret != NULL) {
    fail (layer, MC_DECRYPTION_NO_KEY, name_card (unwrap, layer, secret));
    return;
  }
  if (gpgme_err_code (run->code) == GPG_ERR_NO_SECKEY || run->status.missing->len > 0) {
    explain_no_key (unwrap, layer);
    return;
  }
  gpgme_error_t code = run->code != 0 ? run->code : gpgme_error (GPG_ERR_BAD_DATA);
  fail (layer, MC_DECRYPTION_FAILED,
        _mc_reason_new ("undecryptable", NULL, _("the message could not be decrypted: %s"),
                        gpgme_strerror (code)));
}

static void
mark_own_recipient (const McStatus *status, McLayer *layer)
{
  gsize size = status->decryption_subkey != NULL ? strlen (status->decryption_subkey) : 0;
  const char *id = size >= 16 ? status->decryption_subkey + size - 16 : NULL;
  for (guint i = 0; id != NULL && i < layer->recipients->len; i++) {
    McRecipient *recipient = layer->recipients->pdata[i];
    if (recipient->key_id != NULL && g_ascii_strcasecmp (recipient->key_id, id) == 0)
      recipient->have_secret = TRUE;
  }
}

static void
take_encryption (const McRun *run, McLayer *layer)
{
  const char *cipher = _mc_pgp_cipher_name (run->status.cipher);
  layer->decryption = MC_DECRYPTION_OK;
  layer->authenticated = TRUE;
  if (cipher != NULL)
    _mc_layer_set_algorithm (layer, "cipher", cipher);
  if (_mc_pgp_cipher_is_weak (run->status.cipher))
    _mc_layer_add_reason (layer, "weak-cipher", NULL, _("the cipher is outdated: %s"),
                          cipher != NULL ? cipher : _("unknown"));
  mark_own_recipient (&run->status, layer);
}

/* *ret_packets stays NULL when there is nothing that may be read. */
static gboolean
decrypt_with (const McUnwrap *unwrap, McRunMode mode, McLayer *layer, McSpool **ret_packets,
              gboolean *ret_again, GError **error)
{
  g_auto (McRun) run = { 0 };
  g_autoptr (GInputStream) octets =
    _mc_armor_open (unwrap->span, NULL, unwrap->cancellable, error);
  if (octets == NULL || !_mc_run_start (&run, unwrap->engine, mode, unwrap->cancellable, error))
    return FALSE;
  g_autoptr (McSpool) packets = run_operation (unwrap, &run, octets, decrypt_operation, error);
  if (packets == NULL)
    return FALSE;
  *ret_again = _mc_run_wants_agent (&run, run.code);
  if (*ret_again)
    return TRUE;
  if (!is_proven (&run)) {
    explain_failure (unwrap, &run, layer);
    return TRUE;
  }
  take_encryption (&run, layer);
  *ret_packets = g_steal_pointer (&packets);
  return TRUE;
}

static gboolean
decrypt (const McUnwrap *unwrap, McLayer *layer, McSpool **ret_packets, GError **error)
{
  gboolean again = FALSE;
  if (!decrypt_with (unwrap, MC_RUN_SECRET, layer, ret_packets, &again, error))
    return FALSE;
  return !again
         || decrypt_with (unwrap, MC_RUN_SECRET_AGENT, layer, ret_packets, &again, error);
}

/* ---------------------------------------------------------- what was inside -- */

static gpgme_error_t
verify_operation (gpgme_ctx_t gpgme, gpgme_data_t input, gpgme_data_t output)
{
  return gpgme_op_verify (gpgme, input, NULL, output);
}

/* gpg decrypts whenever it meets something to decrypt, whatever it was asked to do: what
 * comes out then was not checked as a decryption must be. */
static gboolean
has_one_content (const McRun *run)
{
  const McStatus *status = &run->status;
  gpgme_err_code_t code = gpgme_err_code (run->code);
  gboolean no_failure = code == GPG_ERR_NO_ERROR || code == GPG_ERR_NO_DATA;
  return status->decrypting == 0 && status->plaintext == 1
         && (status->new_signature > 0 || no_failure);
}

/* bzip2 is read by nobody but gpg. Inside of an encryption only: what may come from anyone
 * is not given to it as a whole. */
static gboolean
unwrap_bzip2 (const McUnwrap *unwrap, McSpool *packets, McLayer *outer, GError **error)
{
  g_auto (McRun) run = { 0 };
  g_autoptr (GInputStream) octets = _mc_span_open (_mc_span_whole (packets), MC_NEWLINES_AS_IS);
  if (!_mc_run_start (&run, unwrap->engine, MC_RUN_PUBLIC, unwrap->cancellable, error))
    return FALSE;
  gpgme_set_pinentry_mode (run.gpgme, GPGME_PINENTRY_MODE_ERROR);
  g_autoptr (McSpool) content = run_operation (unwrap, &run, octets, verify_operation, error);
  if (content == NULL)
    return FALSE;
  if (!has_one_content (&run)) {
    fail (outer, MC_DECRYPTION_FAILED, not_one_message ());
    return TRUE;
  }
  unwrap->unwrapped->content = g_steal_pointer (&content);
  if (run.status.new_signature == 0)
    return TRUE;
  run.recipients = outer->recipients;
  McLayer *layer = add_layer (unwrap->unwrapped, MC_LAYER_SIGNED, unwrap->path);
  return _mc_openpgp_take_signatures (&run, NULL, judges_signatures (unwrap), layer, error);
}

/* Exactly one message, signed or not, and nothing else (RFC 9580 section 10.3). gpg would
 * read the first and leave out the rest without a word. */
static gboolean
unwrap_packets (const McUnwrap *unwrap, McSpool *packets, McLayer *outer, GError **error)
{
  g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
  g_autoptr (McSpool) content = spool_new (unwrap);
  g_autoptr (GInputStream) octets = _mc_span_open (_mc_span_whole (packets), MC_NEWLINES_AS_IS);
  if (!_mc_pgp_object_read (octets, _mc_context_get_limits (unwrap->engine->context), content,
                            &object, unwrap->cancellable, error))
    return FALSE;
  if (g_strcmp0 (object.problem, MC_PGP_UNREADABLE) == 0)
    return unwrap_bzip2 (unwrap, packets, outer, error);
  gboolean is_signed = object.kind == MC_PGP_SIGNED;
  if (object.problem != NULL || (!is_signed && object.kind != MC_PGP_LITERAL)) {
    fail (outer, MC_DECRYPTION_FAILED, not_one_message ());
    return TRUE;
  }
  unwrap->unwrapped->content = _mc_spool_ref (content);
  if (!is_signed)
    return TRUE;
  McLayer *layer = add_layer (unwrap->unwrapped, MC_LAYER_SIGNED, unwrap->path);
  return _mc_openpgp_verify_enclosed (unwrap->engine, &object, content, outer->recipients,
                                      judges_signatures (unwrap), layer, unwrap->cancellable,
                                      error);
}

static McLayer *
add_encrypted_layer (McPgpObject *object, const char *path, McUnwrapped *unwrapped)
{
  McLayer *layer = add_layer (unwrapped, MC_LAYER_ENCRYPTED, path);
  g_ptr_array_extend_and_steal (layer->recipients, object->recipients);
  object->recipients = NULL;
  if (object->passphrases > 0)
    _mc_layer_set_algorithm (layer, "key-encryption", "passphrase");
  return layer;
}

static gboolean
unwrap_encrypted (McUnwrap *unwrap, GError **error)
{
  init_unwrapped (unwrap->unwrapped, "encrypted");
  McLayer *layer = add_encrypted_layer (unwrap->object, unwrap->path, unwrap->unwrapped);
  const char *problem = unwrap->object->problem;
  if (problem != NULL) {
    gboolean unguarded = strcmp (problem, "no-integrity-protection") == 0;
    gboolean unsupported = strcmp (problem, "unsupported-encryption") == 0;
    fail (layer, unguarded ? MC_DECRYPTION_FAILED : MC_DECRYPTION_ERROR,
          _mc_reason_new (problem, NULL, "%s", unwrap->object->problem_text));
    if (!unguarded && !unsupported)
      layer->structure = MC_CONTENT_MALFORMED;
    return TRUE;
  }
  g_autoptr (McSpool) packets = NULL;
  if (!decrypt (unwrap, layer, &packets, error))
    return FALSE;
  return packets == NULL || unwrap_packets (unwrap, packets, layer, error);
}

/* ------------------------------------------------------------------- signed -- */

static gboolean
unwrap_signed (McUnwrap *unwrap, McSpool *content, GError **error)
{
  init_unwrapped (unwrap->unwrapped, "signed");
  McLayer *layer = add_layer (unwrap->unwrapped, MC_LAYER_SIGNED, unwrap->path);
  if (unwrap->object->problem != NULL) {
    _mc_openpgp_mark_malformed (layer, unwrap->object->problem, unwrap->object->problem_text);
    return TRUE;
  }
  unwrap->unwrapped->content = _mc_spool_ref (content);
  return _mc_openpgp_verify_enclosed (unwrap->engine, unwrap->object, content, NULL,
                                      judges_signatures (unwrap), layer, unwrap->cancellable,
                                      error);
}

/* The block as a detached signature over its text: what is hashed is what is handed out. It
 * signs text without a MIME header, which must not be taken for an entity with one. */
static gboolean
unwrap_clearsigned (McUnwrap *unwrap, GError **error)
{
  if ((unwrap->flags & MC_UNWRAP_INLINE) == 0) {
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL,
                   _("a cleartext signature where an OpenPGP object belongs"));
    return FALSE;
  }
  init_unwrapped (unwrap->unwrapped, "clearsigned");
  McLayer *layer = add_layer (unwrap->unwrapped, MC_LAYER_SIGNED, unwrap->path);
  g_autoptr (McSpool) text = spool_new (unwrap);
  g_autoptr (GError) problem = NULL;
  guint64 n_signed = 0;
  McVerifyJob job = { MC_SPAN_NONE, MC_SPAN_NONE };
  if (!_mc_armor_split_clearsigned (unwrap->span, _mc_context_get_limits (unwrap->engine->context),
                                    text, &n_signed, &job.signature, &problem)) {
    if (!g_error_matches (problem, MC_ERROR, MC_ERROR_MALFORMED)) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
    _mc_openpgp_mark_malformed (layer, "malformed", problem->message);
    return TRUE;
  }
  job.content = (McSpan) { text, 0, n_signed };
  if (!_mc_openpgp_verify_detached (unwrap->engine, &job, judges_signatures (unwrap), layer,
                                    unwrap->cancellable, error))
    return FALSE;
  if (layer->structure != MC_CONTENT_MALFORMED)
    unwrap->unwrapped->content = g_steal_pointer (&text);
  return TRUE;
}

/* ------------------------------------------------------------- entry points -- */

static gboolean
refuse (const McPgpObject *object, GError **error)
{
  if (object->problem_text != NULL)
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, "%s", object->problem_text);
  else if (object->kind == MC_PGP_KEYS)
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("this is an OpenPGP key, not a message"));
  else
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL,
                   _("this is an OpenPGP signature without its content"));
  return FALSE;
}

static gboolean
unwrap_object (McUnwrap *unwrap, McSpool *literal, GError **error)
{
  switch (unwrap->object->kind) {
  case MC_PGP_ENCRYPTED:
    return unwrap_encrypted (unwrap, error);
  case MC_PGP_SIGNED:
    return unwrap_signed (unwrap, literal, error);
  case MC_PGP_LITERAL:
    if (unwrap->object->problem != NULL)
      break;
    init_unwrapped (unwrap->unwrapped, "literal");
    unwrap->unwrapped->content = _mc_spool_ref (literal);
    return TRUE;
  default:
    break;
  }
  return refuse (unwrap->object, error);
}

gboolean
_mc_openpgp_unwrap (McEngine *engine, McSpan span, const char *path, McUnwrapFlags flags,
                    McUnwrapped *ret_unwrapped, GCancellable *cancellable, GError **error)
{
  g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
  g_auto (McUnwrapped) unwrapped = { 0 };
  McUnwrap unwrap = { .engine = engine, .span = span, .path = path, .flags = flags,
                      .object = &object, .unwrapped = &unwrapped, .cancellable = cancellable };
  gboolean ok;
  if (_mc_armor_probe (span) == MC_ARMOR_CLEARSIGNED) {
    ok = unwrap_clearsigned (&unwrap, error);
  } else {
    g_autoptr (McSpool) literal = spool_new (&unwrap);
    ok = _mc_pgp_object_read_span (span, _mc_context_get_limits (engine->context), literal,
                                   &object, cancellable, error)
         && unwrap_object (&unwrap, literal, error);
  }
  if (!ok)
    return FALSE;
  *ret_unwrapped = unwrapped;
  unwrapped = (McUnwrapped) { 0 };
  return TRUE;
}
