/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writing pipeline: bytes, tree, recipients and keys, payload, signature,
 * encryption, message bytes. */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "base/error.h"
#include "context.h"
#include "headers.h"
#include "mime/compose.h"
#include "mime/protect.h"
#include "reply.h"
#include "seal.h"

McSeal *
mc_seal_new (McContext *context, McSealFlags flags)
{
  g_return_val_if_fail ((flags & (MC_SEAL_SIGN | MC_SEAL_ENCRYPT)) != 0, NULL);

  McSeal *seal = g_new0 (McSeal, 1);
  seal->context = context;
  seal->flags = flags;
  seal->recipients = g_ptr_array_new_with_free_func (g_free);
  seal->hidden = g_ptr_array_new_with_free_func (g_free);
  seal->notes = _mc_reasons_new ();
  return seal;
}

void
mc_seal_free (McSeal *seal)
{
  if (seal == NULL)
    return;
  g_free (seal->signer);
  g_free (seal->cipher);
  mc_reply_free (seal->reply);
  g_ptr_array_unref (seal->recipients);
  g_ptr_array_unref (seal->hidden);
  g_ptr_array_unref (seal->notes);
  g_clear_pointer (&seal->outside, g_ptr_array_unref);
  g_clear_pointer (&seal->output, _mc_spool_unref);
  g_free (seal);
}

void
mc_seal_set_protocol (McSeal *seal, McProtocol protocol)
{
  seal->protocol = protocol;
}

void
mc_seal_set_signer (McSeal *seal, const char *address_or_fingerprint)
{
  g_free (seal->signer);
  seal->signer = g_strdup (address_or_fingerprint);
}

void
mc_seal_set_cipher (McSeal *seal, const char *name)
{
  g_free (seal->cipher);
  seal->cipher = g_strdup (name);
}

void
mc_seal_set_header_policy (McSeal *seal, McHeaderPolicy policy)
{
  seal->policy = policy;
}

void
mc_seal_set_reply (McSeal *seal, McReply *reply)
{
  mc_reply_free (seal->reply);
  seal->reply = reply != NULL ? _mc_reply_ref (reply) : NULL;
}

void
mc_seal_add_recipient (McSeal *seal, const char *address)
{
  g_ptr_array_add (seal->recipients, g_strdup (address));
}

void
mc_seal_add_hidden (McSeal *seal, const char *address)
{
  g_ptr_array_add (seal->hidden, g_strdup (address));
}

GPtrArray *
mc_seal_get_notes (McSeal *seal)
{
  return seal->notes;
}

/* ------------------------------------------------------------------ payload -- */

static McSpool *
new_spool (McSeal *seal)
{
  return _mc_spool_new (_mc_context_get_limits (seal->context));
}

/* The sender's key beside the content, as a part of its own. */
static McSpool *
attach_key (McSeal *seal, const McBackend *backend, McEngine *engine, McKey *key, McSpool *payload,
            GCancellable *cancellable, GError **error)
{
  g_autoptr (McSpool) exported = new_spool (seal);
  g_autoptr (McSpool) mixed = new_spool (seal);

  if (!backend->export(engine, key, TRUE, exported, cancellable, error)
      || !_mc_compose_with_key (_mc_span_whole (payload), _mc_span_whole (exported),
                                backend->key_type, backend->key_filename, mixed, error))
    return NULL;
  return g_steal_pointer (&mixed);
}

static McSpool *
make_content (McSeal *seal, const McTree *tree, const McPlan *plan, const McBackend *backend,
              McEngine *engine, GCancellable *cancellable, GError **error)
{
  g_autoptr (McSpool) content = new_spool (seal);
  gboolean sign = (seal->flags & MC_SEAL_SIGN) != 0;
  McKey *key = plan->signer != NULL ? plan->signer : plan->self;

  if (!_mc_compose_payload (tree, sign ? MC_CANON_SIGN : MC_CANON_ENCRYPT, content, error))
    return NULL;
  if ((seal->flags & MC_SEAL_ATTACH_KEY) == 0)
    return g_steal_pointer (&content);
  if (key == NULL) {
    _mc_set_error (error, MC_ERROR_NO_KEY, NULL, _("there is no key of the sender to attach"));
    return NULL;
  }
  return attach_key (seal, backend, engine, key, content, cancellable, error);
}

static McSpool *
make_payload (McSeal *seal, const McTree *tree, const McPlan *plan, const McBackend *backend,
              McEngine *engine, GCancellable *cancellable, GError **error)
{
  g_autoptr (McSpool) content
      = make_content (seal, tree, plan, backend, engine, cancellable, error);
  if (content == NULL || !seal->protects)
    return g_steal_pointer (&content);

  g_autoptr (McSpool) payload = new_spool (seal);
  gboolean encrypt = (seal->flags & MC_SEAL_ENCRYPT) != 0;
  if (!_mc_compose_protected (_mc_span_whole (content), tree->fields,
                              encrypt ? seal->outside : NULL, payload, error))
    return NULL;
  return g_steal_pointer (&payload);
}

/* ------------------------------------------------------------------ sealing -- */

/* Signs @payload into a whole MIME entity. */
static McSpool *
sign_entity (McSeal *seal, const McBackend *backend, McEngine *engine, McKey *signer,
             McSpool *payload, GCancellable *cancellable, GError **error)
{
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (McSpool) entity = new_spool (seal);
  McSignJob job = { .content = _mc_span_whole (payload),
                    .signer = signer,
                    .form = (seal->flags & MC_SEAL_OPAQUE) != 0 ? MC_OBJECT_OPAQUE
                                                                : MC_OBJECT_DETACHED };

  if (!backend->sign (engine, &job, &sealed, cancellable, error))
    return NULL;
  McSpan object = _mc_span_whole (sealed.object);
  gboolean ok = job.form == MC_OBJECT_OPAQUE
                    ? _mc_compose_pkcs7 (object, sealed.format, entity, error)
                    : _mc_compose_signed (job.content, object, backend->signature_type,
                                          sealed.micalg, entity, error);
  return ok ? g_steal_pointer (&entity) : NULL;
}

static McSpool *
encrypt_entity (McSeal *seal, const McBackend *backend, McEngine *engine, const McPlan *plan,
                McKey *signer, McSpool *payload, GCancellable *cancellable, GError **error)
{
  g_auto (McSealed) sealed = { 0 };
  g_autoptr (McSpool) entity = new_spool (seal);
  McEncryptJob job = { .content = _mc_span_whole (payload),
                       .recipients = plan->recipients,
                       .hidden = plan->hidden,
                       .signer = signer,
                       .cipher = seal->cipher };

  if (!backend->encrypt (engine, &job, &sealed, cancellable, error))
    return NULL;
  McSpan object = _mc_span_whole (sealed.object);
  gboolean ok = plan->protocol == MC_PROTOCOL_OPENPGP
                    ? _mc_compose_pgp_encrypted (object, entity, error)
                    : _mc_compose_pkcs7 (object, sealed.format, entity, error);
  return ok ? g_steal_pointer (&entity) : NULL;
}

/* The signature goes inside the encryption (RFC 9787 section 5.2): in the same object
 * where the protocol has that, else as an entity of its own. */
static McSpool *
make_entity (McSeal *seal, const McTree *tree, const McPlan *plan, GCancellable *cancellable,
             GError **error)
{
  McEngine *engine;
  const McBackend *backend
      = _mc_context_get_backend (seal->context, plan->protocol, &engine, error);
  if (backend == NULL)
    return NULL;
  gboolean encrypt = (seal->flags & MC_SEAL_ENCRYPT) != 0;
  gboolean combine = encrypt && (backend->capabilities & MC_BACKEND_COMBINES) != 0;
  if ((seal->flags & MC_SEAL_OPAQUE) != 0 && (backend->capabilities & MC_BACKEND_OPAQUE) == 0) {
    _mc_set_error (error, MC_ERROR_INVALID, _("leave out --opaque, or sign with S/MIME"),
                   _("opaque signatures are for S/MIME only"));
    return NULL;
  }

  g_autoptr (McSpool) payload
      = make_payload (seal, tree, plan, backend, engine, cancellable, error);
  if (payload == NULL)
    return NULL;
  if ((seal->flags & MC_SEAL_SIGN) != 0 && !combine) {
    McSpool *signed_entity
        = sign_entity (seal, backend, engine, plan->signer, payload, cancellable, error);
    if (signed_entity == NULL || !encrypt)
      return signed_entity;
    _mc_spool_unref (payload);
    payload = signed_entity;
  }
  return encrypt_entity (seal, backend, engine, plan, combine ? plan->signer : NULL, payload,
                         cancellable, error);
}

/* ------------------------------------------------------------------- header -- */

McHeaderPolicy
mc_header_policy_from_word (const char *word)
{
  static const struct {
    const char *word;
    McHeaderPolicy policy;
  } words[] = {
    { "baseline", MC_HEADERS_BASELINE },
    { "shy", MC_HEADERS_SHY },
    { "none", MC_HEADERS_NONE },
    { "off", MC_HEADERS_OFF },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_strcmp0 (words[i].word, word) == 0)
      return words[i].policy;
  return MC_HEADERS_UNKNOWN;
}

/* What the caller says, else the sender's account, else the general setting. */
static McHeaderPolicy
settle_policy (McSeal *seal, const McTree *tree)
{
  McSettings *settings = _mc_context_get_settings (seal->context);
  g_autofree char *sender = _mc_headers_read_from (tree->fields, NULL);

  if (seal->policy != MC_HEADERS_UNKNOWN)
    return seal->policy;
  return mc_header_policy_from_word (mc_settings_get_for (settings, sender, "header-protection"));
}

static McConfidentiality
get_confidentiality (McHeaderPolicy policy)
{
  switch (policy) {
  case MC_HEADERS_SHY:
    return MC_HCP_SHY;
  case MC_HEADERS_NONE:
  case MC_HEADERS_OFF:
    return MC_HCP_NONE;
  case MC_HEADERS_UNKNOWN:
  case MC_HEADERS_BASELINE:
  default:
    return MC_HCP_BASELINE;
  }
}

/* Where the header cannot go inside, nothing of it can be hidden outside. */
static void
prepare_header (McSeal *seal, const McTree *tree)
{
  McHeaderPolicy policy = settle_policy (seal, tree);
  gboolean encrypt = (seal->flags & MC_SEAL_ENCRYPT) != 0;
  gboolean wanted = policy != MC_HEADERS_OFF;

  seal->protects = wanted && _mc_entity_can_protect (tree->root);
  if (wanted && !seal->protects)
    g_ptr_array_add (seal->notes,
                     _mc_reason_new ("header-not-protected", NULL,
                                     _("the header is not protected and can be seen: the "
                                       "content was signed or encrypted before")));
  g_clear_pointer (&seal->outside, g_ptr_array_unref);
  seal->outside = _mc_confidentiality_apply (
      encrypt && seal->protects ? get_confidentiality (policy) : MC_HCP_NONE, tree->fields);
  if (encrypt && seal->reply != NULL)
    _mc_reply_hide (seal->reply, seal->outside);
}

static gboolean
append_entity (McSpool *output, McSpool *entity, gboolean with_lf, GCancellable *cancellable,
               GError **error)
{
  McSpan span = _mc_span_whole (entity);
  if (!with_lf)
    return _mc_spool_append_span (output, span, error);
  g_autoptr (GInputStream) stream = _mc_span_open (span, MC_NEWLINES_LF);
  return _mc_spool_append_stream (output, stream, cancellable, error);
}

gboolean
_mc_seal_run_tree (McSeal *seal, McSpan span, const McTree *tree, GCancellable *cancellable,
                   GError **error)
{
  g_auto (McPlan) plan = { 0 };
  g_autoptr (McSpool) output = new_spool (seal);

  g_clear_pointer (&seal->output, _mc_spool_unref);
  g_ptr_array_set_size (seal->notes, 0);
  if (!_mc_seal_plan (seal, tree, &plan, cancellable, error))
    return FALSE;

  prepare_header (seal, tree);
  g_autoptr (McSpool) entity = make_entity (seal, tree, &plan, cancellable, error);
  if (entity == NULL)
    return FALSE;
  /* line ends as the message came: what was signed is canonical again for every reader */
  const char *newline = _mc_span_get_newline (span);
  if (!_mc_compose_header (seal->outside, MC_HEADER_SEND, newline, output, error)
      || !append_entity (output, entity, *newline == '\n', cancellable, error))
    return FALSE;
  seal->output = g_steal_pointer (&output);
  return TRUE;
}

/* What is signed for all to see must not name who was not to be seen. */
static void
note_bcc (McSeal *seal, const McTree *tree)
{
  g_autoptr (GPtrArray) fields = _mc_tree_get_fields (tree, "Bcc");
  if (fields->len > 0 && (seal->flags & MC_SEAL_ENCRYPT) == 0)
    g_ptr_array_add (seal->notes,
                     _mc_reason_new ("bcc-left-out", NULL,
                                     _("the field Bcc was left out: tell your mailer whom it "
                                       "named")));
}

gboolean
mc_seal_run (McSeal *seal, GInputStream *input, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (seal != NULL && G_IS_INPUT_STREAM (input), FALSE);

  const McLimits *limits = _mc_context_get_limits (seal->context);
  g_autoptr (McSpool) spool = new_spool (seal);
  g_autoptr (McTree) tree = NULL;

  if (!_mc_spool_append_stream (spool, input, cancellable, error)
      || !_mc_tree_parse (_mc_span_whole (spool), limits, TRUE, &tree, error)
      || !_mc_seal_run_tree (seal, _mc_span_whole (spool), tree, cancellable, error))
    return FALSE;
  note_bcc (seal, tree);
  return TRUE;
}

gboolean
mc_seal_write (McSeal *seal, GOutputStream *output, GCancellable *cancellable, GError **error)
{
  if (seal->output == NULL) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, "nothing was sealed");
    return FALSE;
  }
  return _mc_span_write (_mc_span_whole (seal->output), MC_NEWLINES_AS_IS, output, cancellable,
                         error);
}
