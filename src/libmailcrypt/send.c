/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sending: who is to get a message, how much it is to be protected, and the copies that come
 * of it. All of them are made, or none. */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "context.h"
#include "headers.h"
#include "keys/opened.h"
#include "mime/edit.h"
#include "mime/fields.h"
#include "policy.h"
#include "seal.h"

struct _McCopy {
  GPtrArray *recipients;    /* of char* (owned), NULL-terminated */
  McSpool *spool;           /* owned */
};

struct _McSend {
  McContext *context;       /* borrowed */
  GPtrArray *given;         /* of char*: the envelope */
  gboolean from_header;
  GPtrArray *notes;         /* of McReason */
  /* what came of the last run */
  char *sender;             /* nullable: canonical */
  gboolean untouched;
  GPtrArray *copies;        /* of McCopy (owned) */
  McCopy *own;              /* nullable */
};

/* What a message is before anything is done to it. */
typedef enum {
  STATE_CLEAR,
  STATE_SIGNED,
  STATE_ENCRYPTED,
  STATE_BOUNCED,            /* somebody's message, sent on as it is (RFC 5322 section 3.6.6) */
} State;

/* One message that is to be made. */
typedef struct {
  McProtocol protocol;
  GPtrArray *recipients;    /* of char* (owned) */
} Job;

typedef struct {
  McSend *send;
  GCancellable *cancellable;
  McSpool *input;           /* the message as it came */
  McTree *came;
  State state;
  GPtrArray *changes;       /* of McHeaderLine: what takes the message's own word out of it */
  McSpool *spool;           /* without its own word and the field Bcc */
  McTree *tree;
  GPtrArray *visible, *hidden;  /* of char* (owned): the envelope */
  McMarks marks;
  McWish sign, encrypt;
  char *why;                /* nullable: a hint for when encryption is wanted in vain */
  McSealFlags flags;        /* what is done */
  GPtrArray *jobs;          /* of Job */
} Run;

/* --------------------------------------------------------------------- life -- */

static void
copy_free (McCopy *copy)
{
  g_ptr_array_unref (copy->recipients);
  _mc_spool_unref (copy->spool);
  g_free (copy);
}

static void
job_free (Job *job)
{
  g_ptr_array_unref (job->recipients);
  g_free (job);
}

static void
run_clear (Run *run)
{
  g_clear_pointer (&run->tree, _mc_tree_free);
  g_clear_pointer (&run->came, _mc_tree_free);
  g_clear_pointer (&run->spool, _mc_spool_unref);
  g_clear_pointer (&run->input, _mc_spool_unref);
  g_clear_pointer (&run->changes, g_ptr_array_unref);
  g_clear_pointer (&run->visible, g_ptr_array_unref);
  g_clear_pointer (&run->hidden, g_ptr_array_unref);
  g_clear_pointer (&run->jobs, g_ptr_array_unref);
  g_clear_pointer (&run->why, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

McSend *
mc_send_new (McContext *context)
{
  McSend *send = g_new0 (McSend, 1);
  send->context = context;
  send->given = g_ptr_array_new_with_free_func (g_free);
  send->notes = _mc_reasons_new ();
  send->copies = g_ptr_array_new_with_free_func ((GDestroyNotify) copy_free);
  return send;
}

static void
forget_results (McSend *send)
{
  g_clear_pointer (&send->sender, g_free);
  g_clear_pointer (&send->own, copy_free);
  g_ptr_array_set_size (send->copies, 0);
  g_ptr_array_set_size (send->notes, 0);
  send->untouched = FALSE;
}

void
mc_send_free (McSend *send)
{
  if (send == NULL)
    return;
  forget_results (send);
  g_ptr_array_unref (send->given);
  g_ptr_array_unref (send->notes);
  g_ptr_array_unref (send->copies);
  g_free (send);
}

void
mc_send_add_recipient (McSend *send, const char *address)
{
  g_ptr_array_add (send->given, g_strdup (address));
}

void
mc_send_add_header_recipients (McSend *send)
{
  send->from_header = TRUE;
}

const char *
mc_send_get_sender (const McSend *send)
{
  return send->sender;
}

gboolean
mc_send_get_untouched (const McSend *send)
{
  return send->untouched;
}

GPtrArray *
mc_send_get_notes (const McSend *send)
{
  return send->notes;
}

GPtrArray *
mc_send_get_copies (const McSend *send)
{
  return send->copies;
}

const McCopy *
mc_send_get_own_copy (const McSend *send)
{
  return send->own;
}

const char *const *
mc_copy_get_recipients (const McCopy *copy)
{
  return (const char *const *) copy->recipients->pdata;
}

gboolean
mc_copy_write (const McCopy *copy, GOutputStream *output, GCancellable *cancellable,
               GError **error)
{
  return _mc_span_write (_mc_span_whole (copy->spool), MC_NEWLINES_AS_IS, output, cancellable,
                         error);
}

/* Takes no reference to @spool, but one of its own. */
static McCopy *
copy_new (McSpool *spool, GPtrArray *recipients)
{
  McCopy *copy = g_new0 (McCopy, 1);
  copy->spool = _mc_spool_ref (spool);
  copy->recipients = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; recipients != NULL && i < recipients->len; i++)
    g_ptr_array_add (copy->recipients, g_strdup (recipients->pdata[i]));
  g_ptr_array_add (copy->recipients, NULL);
  return copy;
}

/* ------------------------------------------------------------------ reading -- */

static gboolean
is_bounce (const McTree *tree)
{
  const McField *first = tree->fields->len > 0 ? tree->fields->pdata[0] : NULL;
  return first != NULL && g_ascii_strncasecmp (first->name, "Resent-", strlen ("Resent-")) == 0;
}

/* An object that does not say what it is may be signed only. */
static State
find_pkcs7_state (const McEntity *root)
{
  const char *type = _mc_entity_get_parameter (root, "smime-type");
  if (type == NULL || g_ascii_strcasecmp (type, "signed-data") == 0)
    return STATE_SIGNED;
  return g_ascii_strcasecmp (type, "enveloped-data") == 0
             || g_ascii_strcasecmp (type, "authEnveloped-data") == 0
           ? STATE_ENCRYPTED : STATE_CLEAR;
}

static State
find_state (const McTree *tree)
{
  if (is_bounce (tree))
    return STATE_BOUNCED;
  if (_mc_entity_is (tree->root, "multipart/encrypted"))
    return STATE_ENCRYPTED;
  if (_mc_entity_is (tree->root, "multipart/signed"))
    return STATE_SIGNED;
  if (_mc_entity_is (tree->root, "application/pkcs7-mime")
      || _mc_entity_is (tree->root, "application/x-pkcs7-mime"))
    return find_pkcs7_state (tree->root);
  return STATE_CLEAR;
}

static gboolean
read_input (Run *run, GInputStream *input, GError **error)
{
  const McLimits *limits = _mc_context_get_limits (run->send->context);
  McSettings *settings = _mc_context_get_settings (run->send->context);
  run->input = _mc_spool_new (limits);
  run->changes = _mc_header_lines_new ();
  if (!_mc_spool_append_stream (run->input, input, run->cancellable, error)
      || !_mc_tree_parse (_mc_span_whole (run->input), limits, TRUE, &run->came, error))
    return FALSE;
  run->state = find_state (run->came);
  run->send->sender = _mc_headers_read_from (run->came->fields, NULL);
  return run->state == STATE_BOUNCED
         || _mc_marks_read (run->came, settings, &run->marks, run->changes, error);
}

/* --------------------------------------------------------------- recipients -- */

static gboolean
have_address (GPtrArray *list, const char *address)
{
  for (guint i = 0; i < list->len; i++)
    if (mc_address_equal (list->pdata[i], address) || strcmp (list->pdata[i], address) == 0)
      return TRUE;
  return FALSE;
}

/* Adds the addresses of all fields @name. What cannot be read is passed over, or is an error
 * when somebody may depend on it (@strict). */
static gboolean
read_addresses (Run *run, const char *name, gboolean strict, GPtrArray *list, GError **error)
{
  g_autoptr (GPtrArray) fields = _mc_tree_get_fields (run->came, name);
  for (guint i = 0; i < fields->len; i++) {
    const McField *field = fields->pdata[i];
    gboolean clean = FALSE;
    g_auto (GStrv) found = _mc_addresses_parse (field->body, &clean, NULL);
    if (strict && !clean) {
      g_autofree char *shown = _mc_text_escape_line (field->body, -1);
      _mc_set_error (error, MC_ERROR_MALFORMED, _("name the recipients on the command line"),
                     _("cannot read the addresses of %s: %s"), name, shown);
      return FALSE;
    }
    for (char **address = found; *address != NULL; address++)
      if (!have_address (list, *address))
        g_ptr_array_add (list, g_strdup (*address));
  }
  return TRUE;
}

static void
add_envelope (Run *run, GPtrArray *addresses, GPtrArray *named)
{
  for (guint i = 0; i < addresses->len; i++) {
    const char *address = addresses->pdata[i];
    GPtrArray *list = have_address (named, address) ? run->visible : run->hidden;
    if (!have_address (list, address))
      g_ptr_array_add (list, g_strdup (address));
  }
}

static gboolean
check_count (Run *run, GError **error)
{
  guint most = _mc_context_get_limits (run->send->context)->recipients;
  guint count = run->visible->len + run->hidden->len;
  if (count == 0)
    _mc_set_error (error, MC_ERROR_MALFORMED, _("name the recipients on the command line"),
                   _("the message names no recipient"));
  else if (count > most)
    _mc_set_error (error, MC_ERROR_LIMIT, NULL, _("more than %u recipients"), most);
  return count > 0 && count <= most;
}

static gboolean
find_recipients (Run *run, GError **error)
{
  gboolean strict = run->send->from_header;
  g_autoptr (GPtrArray) named = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) more = g_ptr_array_new_with_free_func (g_free);
  run->visible = g_ptr_array_new_with_free_func (g_free);
  run->hidden = g_ptr_array_new_with_free_func (g_free);
  if (!read_addresses (run, "To", strict, named, error)
      || !read_addresses (run, "Cc", strict, named, error)
      || (strict && !read_addresses (run, "Bcc", TRUE, more, error)))
    return FALSE;
  if (strict)
    add_envelope (run, named, named);
  add_envelope (run, run->send->given, named);
  add_envelope (run, more, named);
  return check_count (run, error);
}

/* ------------------------------------------------------------------- wishes -- */

static gboolean
answers_encrypted (Run *run, gboolean *ret_answers, GError **error)
{
  static const char *const names[] = { "In-Reply-To", "References" };
  *ret_answers = FALSE;
  for (gsize k = 0; k < G_N_ELEMENTS (names); k++) {
    g_autoptr (GPtrArray) fields = _mc_tree_get_fields (run->came, names[k]);
    for (guint i = 0; i < fields->len && !*ret_answers; i++) {
      const McField *field = fields->pdata[i];
      g_auto (GStrv) ids = _mc_message_ids_parse (field->body);
      if (!_mc_opened_find (run->send->context, (const char *const *) ids, ret_answers, error))
        return FALSE;
    }
  }
  return TRUE;
}

static gboolean
add_wishes (Run *run, GPtrArray *recipients, GError **error)
{
  McSettings *settings = _mc_context_get_settings (run->send->context);
  for (guint i = 0; i < recipients->len; i++) {
    const char *recipient = recipients->pdata[i];
    McWish sign = MC_WISH_UNKNOWN, encrypt = MC_WISH_UNKNOWN;
    g_autofree char *source = NULL;
    if (!mc_policy_find (settings, "sign", run->send->sender, recipient, &sign, NULL, error)
        || !mc_policy_find (settings, "encrypt", run->send->sender, recipient, &encrypt, &source,
                            error))
      return FALSE;
    run->sign = _mc_wish_combine (run->sign, sign);
    run->encrypt = _mc_wish_combine (run->encrypt, encrypt);
    if (encrypt != MC_WISH_ALWAYS || run->why != NULL)
      continue;
    g_autofree char *shown = _mc_text_escape_line (source, -1);
    run->why = g_strdup_printf (_("[%s] of the configuration wants it encrypted; the line "
                                  "'X-Mailcrypt: no-encrypt' in its header sends it in clear"),
                                shown);
  }
  return TRUE;
}

/* The message's own word goes before the fact that it answers an encrypted one, and that
 * before the settings. */
static gboolean
find_wishes (Run *run, GError **error)
{
  gboolean answers = FALSE;
  if (!add_wishes (run, run->visible, error) || !add_wishes (run, run->hidden, error)
      || !answers_encrypted (run, &answers, error))
    return FALSE;
  if (answers) {
    run->encrypt = MC_WISH_ALWAYS;
    g_free (run->why);
    run->why = g_strdup (_("it answers an encrypted message: only the line 'X-Mailcrypt: "
                           "no-encrypt' in its header sends it in clear"));
  }
  if (run->marks.sign != MC_WISH_UNKNOWN)
    run->sign = run->marks.sign;
  if (run->marks.encrypt != MC_WISH_UNKNOWN)
    run->encrypt = run->marks.encrypt;
  return TRUE;
}

/* ----------------------------------------------------------------- planning -- */

static McSeal *
new_seal (Run *run, McSealFlags flags, McProtocol protocol, GPtrArray *recipients)
{
  McSeal *seal = mc_seal_new (run->send->context, flags);
  mc_seal_set_protocol (seal, protocol);
  for (guint i = 0; recipients != NULL && i < recipients->len; i++)
    mc_seal_add_recipient (seal, recipients->pdata[i]);
  return seal;
}

/* Nobody has a key for "root", and it is no name of a group here. */
static gboolean
check_addresses (GPtrArray *recipients, GError **error)
{
  for (guint i = 0; i < recipients->len; i++) {
    g_autofree char *canonical = _mc_address_normalise (recipients->pdata[i], -1);
    if (canonical != NULL)
      continue;
    g_autofree char *shown = _mc_text_escape_line (recipients->pdata[i], -1);
    _mc_set_error (error, MC_ERROR_NO_KEY, _("write the whole address"),
                   _("no key can be found for '%s', which is no mail address"), shown);
    return FALSE;
  }
  return TRUE;
}

static gboolean
plan_jobs (Run *run, McSealFlags flags, GPtrArray *recipients, GError **error)
{
  if (!check_addresses (recipients, error))
    return FALSE;
  g_autoptr (McSeal) seal = new_seal (run, flags, run->marks.protocol, recipients);
  g_autoptr (McSendPlan) plan =
    mc_seal_dry_run (seal, run->send->sender, run->cancellable, error);
  if (plan == NULL)
    return FALSE;
  if (mc_send_plan_get_problem (plan) != NULL) {
    g_propagate_error (error, g_error_copy (mc_send_plan_get_problem (plan)));
    return FALSE;
  }
  GPtrArray *messages = mc_send_plan_get_messages (plan);
  for (guint i = 0; i < messages->len; i++) {
    const McPlannedMessage *message = messages->pdata[i];
    const char *const *address = mc_planned_message_get_recipients (message);
    Job *job = g_new0 (Job, 1);
    job->protocol = mc_planned_message_get_protocol (message);
    job->recipients = g_ptr_array_new_with_free_func (g_free);
    for (; *address != NULL; address++)
      g_ptr_array_add (job->recipients, g_strdup (*address));
    g_ptr_array_add (run->jobs, job);
  }
  return TRUE;
}

/* That somebody lacks a key, or the sender one to sign with: all else is a failure. */
static gboolean
is_lack (const GError *error)
{
  return g_error_matches (error, MC_ERROR, MC_ERROR_NO_KEY)
         || g_error_matches (error, MC_ERROR, MC_ERROR_NO_SECRET);
}

/* A person is to hear of all that is missing at once. */
static void
add_problem (GError **problem, GError *more)
{
  if (more == NULL || *problem == NULL) {
    *problem = more != NULL ? more : *problem;
    return;
  }
  if (is_lack (*problem) && !is_lack (more)) {
    g_error_free (*problem);
    *problem = more;
    return;
  }
  if (strstr ((*problem)->message, more->message) == NULL) {
    char *both = g_strconcat ((*problem)->message, "\n", more->message, NULL);
    g_free ((*problem)->message);
    (*problem)->message = both;
  }
  if (mc_error_get_hint (more) != NULL)
    _mc_error_add_hint (problem, mc_error_get_hint (more));
  g_error_free (more);
}

/* The visible share what protocols need; each hidden recipient gets a message of their own,
 * in which nobody else can find them. */
static gboolean
plan_encryption (Run *run, McSealFlags flags, GError **error)
{
  GError *problem = NULL;
  if (run->visible->len > 0)
    plan_jobs (run, flags, run->visible, &problem);
  for (guint i = 0; i < run->hidden->len; i++) {
    g_autoptr (GPtrArray) one = g_ptr_array_new ();
    GError *more = NULL;
    g_ptr_array_add (one, run->hidden->pdata[i]);
    plan_jobs (run, flags, one, &more);
    add_problem (&problem, more);
  }
  if (problem == NULL)
    return TRUE;
  g_propagate_error (error, problem);
  return FALSE;
}

static gboolean
plan_signature (Run *run, GError **error)
{
  g_autoptr (McSeal) seal = new_seal (run, MC_SEAL_SIGN, run->marks.protocol, NULL);
  g_auto (McPlan) plan = { 0 };
  return _mc_seal_plan (seal, run->tree, &plan, run->cancellable, error);
}

static gboolean
is_allowed (McWish wish, gboolean done)
{
  return done ? wish != MC_WISH_NEVER && wish != MC_WISH_UNKNOWN : wish != MC_WISH_ALWAYS;
}

/* The most protection that is wanted and can be had. */
static gboolean
choose_protection (Run *run, GError **error)
{
  static const McSealFlags all[] = { MC_SEAL_SIGN | MC_SEAL_ENCRYPT, MC_SEAL_ENCRYPT,
                                     MC_SEAL_SIGN, 0 };
  GError *problem = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++) {
    McSealFlags flags = all[i];
    if (!is_allowed (run->encrypt, (flags & MC_SEAL_ENCRYPT) != 0)
        || !is_allowed (run->sign, (flags & MC_SEAL_SIGN) != 0))
      continue;
    g_clear_error (&problem);
    g_ptr_array_set_size (run->jobs, 0);
    if (flags == 0 || (flags == MC_SEAL_SIGN ? plan_signature (run, &problem)
                                             : plan_encryption (run, flags, &problem))) {
      run->flags = flags;
      return TRUE;
    }
    if (!is_lack (problem))
      break;
  }
  if (run->encrypt == MC_WISH_ALWAYS && run->why != NULL && is_lack (problem))
    _mc_error_add_hint (&problem, run->why);
  g_propagate_error (error, problem);
  return FALSE;
}

/* ------------------------------------------------------------------- making -- */

static const McHeaderLine *
find_change (GPtrArray *changes, const McField *field)
{
  for (guint i = 0; i < changes->len; i++) {
    const McHeaderLine *line = changes->pdata[i];
    if (line->field == field)
      return line;
  }
  return NULL;
}

static gboolean
is_bcc (const McField *field)
{
  return g_ascii_strcasecmp (field->name, "Bcc") == 0;
}

/* The message without its own word and, unless it was protected before, without the field
 * Bcc; what was protected keeps its Subject, too. */
static gboolean
edit_message (Run *run, GError **error)
{
  gboolean clear = run->state == STATE_CLEAR;
  g_autoptr (GPtrArray) changes = _mc_header_lines_new ();
  for (guint i = 0; i < run->came->fields->len; i++) {
    const McField *field = run->came->fields->pdata[i];
    const McHeaderLine *change = find_change (run->changes, field);
    if (change != NULL && (clear || change->value == NULL))
      _mc_header_lines_add (changes, field, change->value);
    else if (clear && is_bcc (field))
      _mc_header_lines_add (changes, field, NULL);
  }
  if (changes->len == 0) {
    run->spool = _mc_spool_ref (run->input);
    return TRUE;
  }
  run->spool = _mc_spool_new (_mc_context_get_limits (run->send->context));
  return _mc_message_edit (_mc_span_whole (run->input), changes, run->spool, error);
}

static gboolean
parse_edited (Run *run, GError **error)
{
  return _mc_tree_parse (_mc_span_whole (run->spool), _mc_context_get_limits (run->send->context),
                         TRUE, &run->tree, error);
}

static void
take_notes (Run *run, McSeal *seal)
{
  for (guint i = 0; i < seal->notes->len; i++) {
    const McReason *note = seal->notes->pdata[i];
    if (!_mc_reasons_have (run->send->notes, mc_reason_get_code (note)))
      g_ptr_array_add (run->send->notes, _mc_reason_copy (note));
  }
}

static McCopy *
make_copy (Run *run, McSeal *seal, GPtrArray *recipients, GError **error)
{
  if (!_mc_seal_run_tree (seal, _mc_span_whole (run->spool), run->tree, run->cancellable, error))
    return NULL;
  take_notes (run, seal);
  return copy_new (seal->output, recipients);
}

static gboolean
make_job (Run *run, const Job *job, GError **error)
{
  g_autoptr (McSeal) seal = new_seal (run, run->flags, job->protocol, job->recipients);
  McCopy *copy = make_copy (run, seal, job->recipients, error);
  if (copy != NULL)
    g_ptr_array_add (run->send->copies, copy);
  return copy != NULL;
}

static GPtrArray *
list_everybody (const Run *run)
{
  GPtrArray *all = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < run->visible->len; i++)
    g_ptr_array_add (all, g_strdup (run->visible->pdata[i]));
  for (guint i = 0; i < run->hidden->len; i++)
    g_ptr_array_add (all, g_strdup (run->hidden->pdata[i]));
  return all;
}

/* One message for everybody: signed, or as it is. */
static gboolean
make_single (Run *run, GError **error)
{
  g_autoptr (GPtrArray) everybody = list_everybody (run);
  McCopy *copy = NULL;
  if ((run->flags & MC_SEAL_SIGN) != 0) {
    g_autoptr (McSeal) seal = new_seal (run, run->flags, run->marks.protocol, NULL);
    copy = make_copy (run, seal, everybody, error);
  } else {
    copy = copy_new (run->spool, everybody);
  }
  if (copy != NULL)
    g_ptr_array_add (run->send->copies, copy);
  return copy != NULL;
}

static gboolean
make_copies (Run *run, GError **error)
{
  if ((run->flags & MC_SEAL_ENCRYPT) == 0)
    return make_single (run, error);
  for (guint i = 0; i < run->jobs->len; i++)
    if (!make_job (run, run->jobs->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* ----------------------------------------------------------------- own copy -- */

/* What was encrypted is kept as it was sent; all else is encrypted to the sender alone. */
static gboolean
make_own_copy (Run *run, GError **error)
{
  McSettings *settings = _mc_context_get_settings (run->send->context);
  if (mc_settings_get_for (settings, run->send->sender, "fcc") == NULL)
    return TRUE;
  if (run->state == STATE_ENCRYPTED || (run->flags & MC_SEAL_ENCRYPT) != 0) {
    const McCopy *first = run->send->copies->pdata[0];
    run->send->own = copy_new (first->spool, NULL);
    return TRUE;
  }
  g_autoptr (McSeal) seal =
    new_seal (run, run->flags | MC_SEAL_ENCRYPT, run->marks.protocol, NULL);
  seal->only_self = TRUE;
  if (run->tree == NULL && !parse_edited (run, error))
    return FALSE;
  run->send->own = make_copy (run, seal, NULL, error);
  if (run->send->own == NULL && error != NULL && is_lack (*error))
    _mc_error_add_hint (error, _("the setting 'fcc' asks for a copy that only you can read"));
  return run->send->own != NULL;
}

/* ---------------------------------------------------------------------- run -- */

/* Who signed in the mail program did not ask for encryption there; who wants it always has
 * to be heard. */
static gboolean
refuse_signed (Run *run, GError **error)
{
  GError *problem = NULL;
  _mc_set_error (&problem, MC_ERROR_NOT_PROTECTED,
                 _("encrypt it in the mail program, too, or leave the signing to mailcrypt"),
                 _("the message is to be encrypted, but it came signed and not encrypted"));
  if (run->why != NULL)
    _mc_error_add_hint (&problem, run->why);
  g_propagate_error (error, problem);
  return FALSE;
}

/* Where -t names the recipients, the field Bcc is for the mailer to read and to remove. */
static gboolean
is_left_alone (const Run *run)
{
  if (run->state != STATE_CLEAR)
    return run->spool == run->input;
  return run->flags == 0 && run->changes->len == 0
         && (run->send->from_header || run->spool == run->input);
}

static void
leave_alone (Run *run, GPtrArray *recipients)
{
  g_ptr_array_set_size (run->send->copies, 0);
  g_ptr_array_add (run->send->copies, copy_new (run->input, recipients));
  run->send->untouched = TRUE;
}

static gboolean
protect (Run *run, GError **error)
{
  if (run->state == STATE_ENCRYPTED)
    return TRUE;
  if (!find_wishes (run, error))
    return FALSE;
  if (run->state == STATE_SIGNED)
    return run->encrypt != MC_WISH_ALWAYS || refuse_signed (run, error);
  return parse_edited (run, error) && choose_protection (run, error);
}

static gboolean
run_all (Run *run, GInputStream *input, GError **error)
{
  if (!read_input (run, input, error))
    return FALSE;
  /* whom a bounce is for, To and Cc do not say */
  if (run->state == STATE_BOUNCED) {
    leave_alone (run, run->send->given);
    return TRUE;
  }
  if (!find_recipients (run, error) || !edit_message (run, error) || !protect (run, error)
      || !make_copies (run, error) || !make_own_copy (run, error))
    return FALSE;
  if (is_left_alone (run)) {
    g_autoptr (GPtrArray) everybody = list_everybody (run);
    leave_alone (run, everybody);
  }
  return TRUE;
}

gboolean
mc_send_run (McSend *send, GInputStream *input, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (send != NULL && G_IS_INPUT_STREAM (input), FALSE);

  GError *problem = NULL;
  g_auto (Run) run = { .send = send, .cancellable = cancellable };
  run.jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) job_free);
  forget_results (send);
  if (run_all (&run, input, &problem))
    return TRUE;
  g_ptr_array_set_size (send->copies, 0);
  g_clear_pointer (&send->own, copy_free);
  g_propagate_error (error, problem);
  return FALSE;
}
