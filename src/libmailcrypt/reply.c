/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an answer takes from the message it answers (RFC 5322 section 3.6, RFC 9788 section 6).
 *
 * The fields are derived twice: from the header that is believed, and from the one that its
 * author let stand outside of the encryption. Where the results differ, the second is what
 * may stand outside of the answer. */
#include "config.h"

#include "reply.h"

#include <string.h>

#include "headers.h"
#include "message.h"
#include "mime/compose.h"
#include "mime/fields.h"
#include "mime/gmime-stream.h"
#include "mime/header.h"

/* Message-IDs of a thread: the first one, and the last ones (RFC 5536 section 3.2.10 lets
 * those between go). */
#define MAX_REFERENCES 50

typedef enum { TO, CC, SUBJECT, IN_REPLY_TO, REFERENCES, N_FIELDS } Which;

static const char *const names[N_FIELDS] = { "To", "Cc", "Subject", "In-Reply-To", "References" };

/* What comes out of one header. */
typedef struct {
  GPtrArray *author;        /* of Mailbox */
  GPtrArray *rest;          /* of Mailbox */
  char *values[N_FIELDS];   /* nullable; UTF-8 without control characters */
} Derived;

struct _McReply {
  gatomicrefcount refs;
  McMessage *message;       /* borrowed */
  Derived inside;
  Derived outside;          /* what of it may be seen */
  gboolean is_secret;
};

static void
derived_clear (Derived *derived)
{
  g_clear_pointer (&derived->author, g_ptr_array_unref);
  g_clear_pointer (&derived->rest, g_ptr_array_unref);
  for (guint i = 0; i < N_FIELDS; i++)
    g_clear_pointer (&derived->values[i], g_free);
}

/* ------------------------------------------------------------------- source -- */

/* Encoded words can hold line breaks, which would begin another field. */
static char *
clean_text (const char *text)
{
  GString *clean = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    g_string_append_unichar (clean, g_unichar_iscntrl (c) ? ' ' : c);
  }
  return g_string_free (g_steal_pointer (&clean), FALSE);
}

/* The fields that the author let stand outside, made out of HP-Outer (RFC 9788 section 2.2). */
static GPtrArray *
read_records (const McMessage *message)
{
  g_autoptr (GString) block = g_string_new (NULL);
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (message->context));
  g_autoptr (GPtrArray) records = _mc_fields_select (message->inside, "HP-Outer");

  for (guint i = 0; i < records->len; i++)
    g_string_append_printf (block, "%s\r\n", ((McField *) records->pdata[i])->body);
  if (!_mc_spool_append (spool, block->str, block->len, NULL))
    return NULL;
  return _mc_fields_read (_mc_span_whole (spool), NULL);
}

/* ---------------------------------------------------------------- mailboxes -- */

typedef struct {
  char *name;               /* nullable; UTF-8 without control characters */
  char *address;            /* as written */
} Mailbox;

static void
mailbox_free (gpointer data)
{
  Mailbox *mailbox = data;
  g_free (mailbox->name);
  g_free (mailbox->address);
  g_free (mailbox);
}

static GPtrArray *
mailboxes_new (void)
{
  return g_ptr_array_new_with_free_func (mailbox_free);
}

static gboolean
have_address (GPtrArray *mailboxes, const char *address)
{
  for (guint i = 0; i < mailboxes->len; i++)
    if (mc_address_equal (((Mailbox *) mailboxes->pdata[i])->address, address))
      return TRUE;
  return FALSE;
}

static void
add_mailbox (GPtrArray *mailboxes, const char *name, const char *address)
{
  if (have_address (mailboxes, address))
    return;
  Mailbox *mailbox = g_new0 (Mailbox, 1);
  mailbox->name = name != NULL ? clean_text (name) : NULL;
  mailbox->address = g_strdup (address);
  g_ptr_array_add (mailboxes, mailbox);
}

static gboolean
is_own (const char *const *own, const char *address)
{
  for (; own != NULL && *own != NULL; own++)
    if (mc_address_equal (*own, address))
      return TRUE;
  return FALSE;
}

/* The names in the order in which _mc_addresses_parse() gives the addresses. */
static void
collect_names (GPtrArray *found, InternetAddressList *list)
{
  for (int i = 0; list != NULL && i < internet_address_list_length (list); i++) {
    InternetAddress *address = internet_address_list_get_address (list, i);
    if (INTERNET_ADDRESS_IS_GROUP (address))
      collect_names (found, internet_address_group_get_members (INTERNET_ADDRESS_GROUP (address)));
    else
      g_ptr_array_add (found, (char *) internet_address_get_name (address));
  }
}

/* FALSE: the field cannot be read without doubt. */
static gboolean
add_field (GPtrArray *mailboxes, const McField *field)
{
  gboolean clean;
  g_auto (GStrv) addresses = _mc_addresses_parse (field->body, &clean, NULL);
  g_autoptr (InternetAddressList) list
      = clean && addresses[0] != NULL ? internet_address_list_parse (NULL, field->body) : NULL;
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  collect_names (found, list);
  if (!clean || found->len != g_strv_length (addresses))
    return FALSE;
  for (guint i = 0; i < found->len; i++)
    add_mailbox (mailboxes, found->pdata[i], addresses[i]);
  return TRUE;
}

/* The mailboxes of all fields of that name, each once. None where one of the fields cannot
 * be read without doubt: nobody gets an answer by mistake. */
static GPtrArray *
read_mailboxes (GPtrArray *fields, const char *name)
{
  g_autoptr (GPtrArray) mailboxes = mailboxes_new ();
  g_autoptr (GPtrArray) found = _mc_fields_select (fields, name);

  for (guint i = 0; i < found->len; i++)
    if (!add_field (mailboxes, found->pdata[i]))
      return mailboxes_new ();
  return g_steal_pointer (&mailboxes);
}

static void
append_phrase (GString *text, const char *name)
{
  if (strpbrk (name, "()<>[]:;@\\,.\"") == NULL) {
    g_string_append (text, name);
    return;
  }
  g_string_append_c (text, '"');
  for (const char *p = name; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_c (text, '\\');
    g_string_append_c (text, *p);
  }
  g_string_append_c (text, '"');
}

/* As the content of a field; NULL for none. */
static char *
print_mailboxes (GPtrArray *mailboxes)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < mailboxes->len; i++) {
    const Mailbox *mailbox = mailboxes->pdata[i];
    gboolean named = mailbox->name != NULL && *mailbox->name != '\0';
    g_string_append (text, i > 0 ? ", " : "");
    if (named)
      append_phrase (text, mailbox->name);
    g_string_append_printf (text, named ? " <%s>" : "%s", mailbox->address);
  }
  return mailboxes->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/* Leaves those of which @allowed knows the address. */
static void
limit_mailboxes (GPtrArray *mailboxes, GPtrArray *allowed)
{
  for (guint i = mailboxes->len; i > 0; i--)
    if (!have_address (allowed, ((Mailbox *) mailboxes->pdata[i - 1])->address))
      g_ptr_array_remove_index (mailboxes, i - 1);
}

static gboolean
is_from_self (GPtrArray *mailboxes, const char *const *own)
{
  for (guint i = 0; i < mailboxes->len; i++)
    if (!is_own (own, ((Mailbox *) mailboxes->pdata[i])->address))
      return FALSE;
  return mailboxes->len > 0;
}

/* Where an answer goes: Reply-To, else From; to one's own letter, where that went. More than
 * one From field is no author at all. */
static GPtrArray *
read_author (GPtrArray *fields, const char *const *own)
{
  g_autoptr (GPtrArray) lines = _mc_fields_select (fields, "From");
  g_autoptr (GPtrArray) from = lines->len == 1 ? read_mailboxes (fields, "From") : mailboxes_new ();
  GPtrArray *author = read_mailboxes (fields, is_from_self (from, own) ? "To" : "Reply-To");

  if (author->len > 0)
    return author;
  g_ptr_array_unref (author);
  return g_steal_pointer (&from);
}

static void
derive_recipients (GPtrArray *fields, McReplyKind kind, const char *const *own, Derived *derived)
{
  static const char *const others[] = { "To", "Cc", NULL };

  derived->author = read_author (fields, own);
  derived->rest = mailboxes_new ();
  for (guint i = 0; kind == MC_REPLY_ALL && others[i] != NULL; i++) {
    g_autoptr (GPtrArray) mailboxes = read_mailboxes (fields, others[i]);
    for (guint j = 0; j < mailboxes->len; j++) {
      const Mailbox *mailbox = mailboxes->pdata[j];
      if (!is_own (own, mailbox->address) && !have_address (derived->author, mailbox->address))
        add_mailbox (derived->rest, mailbox->name, mailbox->address);
    }
  }
}

static void
print_recipients (Derived *derived)
{
  derived->values[TO] = print_mailboxes (derived->author);
  derived->values[CC] = print_mailboxes (derived->rest);
}

/* ------------------------------------------------------------ subject, thread -- */

static char *
derive_subject (GPtrArray *fields)
{
  g_autoptr (GPtrArray) subjects = _mc_fields_select (fields, "Subject");
  if (subjects->len == 0)
    return NULL;

  g_autofree char *subject = clean_text (((McField *) subjects->pdata[0])->value);
  g_strstrip (subject);
  if (g_ascii_strncasecmp (subject, "Re:", 3) == 0)
    return g_steal_pointer (&subject);
  return g_strdup_printf ("Re: %s", subject);
}

/* Of the first field called @name, those that may stand in a new message. */
static void
add_ids (GPtrArray *ids, GPtrArray *fields, const char *name)
{
  g_autoptr (GPtrArray) found = _mc_fields_select (fields, name);
  if (found->len == 0)
    return;

  g_auto (GStrv) named = _mc_message_ids_parse (((McField *) found->pdata[0])->body);
  for (char **id = named; *id != NULL; id++) {
    const char *end = *id;
    while (g_ascii_isgraph (*end))
      end++;
    if (*end == '\0')
      g_ptr_array_add (ids, g_strdup (*id));
  }
}

static void
derive_thread (GPtrArray *fields, Derived *derived)
{
  g_autoptr (GPtrArray) thread = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) own = g_ptr_array_new_with_free_func (g_free);

  add_ids (own, fields, "Message-ID");
  if (own->len != 1)
    return;
  add_ids (thread, fields, "References");
  if (thread->len == 0) {
    add_ids (thread, fields, "In-Reply-To");
    if (thread->len > 1)
      g_ptr_array_set_size (thread, 0);
  }
  if (thread->len >= MAX_REFERENCES)
    g_ptr_array_remove_range (thread, 1, thread->len - MAX_REFERENCES + 1);
  g_ptr_array_add (thread, g_strdup (own->pdata[0]));
  g_ptr_array_add (thread, NULL);
  derived->values[IN_REPLY_TO] = g_strdup (own->pdata[0]);
  derived->values[REFERENCES] = g_strjoinv (" ", (char **) thread->pdata);
}

static void
derive (GPtrArray *fields, McReplyKind kind, const char *const *own, Derived *derived)
{
  derive_recipients (fields, kind, own, derived);
  derived->values[SUBJECT] = derive_subject (fields);
  derive_thread (fields, derived);
}

/* ------------------------------------------------------------------- reply -- */

/* What protects its header is believed from inside alone, but for a From that is not there
 * (RFC 9788 sections 4.4.4, 6.2). */
static GPtrArray *
collect_believed (const McMessage *message)
{
  GPtrArray *outside = ((McTree *) message->trees->pdata[0])->fields;
  GPtrArray *fields = g_ptr_array_new ();
  const McReport *report = message->report;

  g_ptr_array_extend (fields, report->protects_header ? message->inside : outside, NULL, NULL);
  if (report->protects_header && report->from_inside == NULL) {
    g_autoptr (GPtrArray) from = _mc_fields_select (outside, "From");
    g_ptr_array_extend (fields, from, NULL, NULL);
  }
  return fields;
}

/* What stood outside of the encryption when it was sent; NULL: all that is believed. */
static GPtrArray *
collect_exposed (const McMessage *message)
{
  if (!_mc_layers_have_kind (message->report->layers, MC_LAYER_ENCRYPTED))
    return NULL;
  if (message->protection == MC_HP_CIPHER)
    return read_records (message);
  if (message->protection == MC_HP_OLDER)
    return g_ptr_array_ref (((McTree *) message->trees->pdata[0])->fields);
  return NULL;
}

McReply *
mc_reply_new (McMessage *message, McReplyKind kind, const char *const *own)
{
  g_return_val_if_fail (message != NULL, NULL);

  McReply *reply = g_new0 (McReply, 1);
  const McReport *report = message->report;
  g_autoptr (GPtrArray) believed = collect_believed (message);
  g_autoptr (GPtrArray) exposed = collect_exposed (message);

  _mc_gmime_init ();
  g_atomic_ref_count_init (&reply->refs);
  reply->message = message;
  reply->is_secret = report->inline_layer != NULL
                     || _mc_layers_have_kind (report->layers, MC_LAYER_ENCRYPTED);
  derive (believed, kind, own, &reply->inside);
  derive (exposed != NULL ? exposed : believed, kind, own, &reply->outside);
  /* what stands outside now may be anybody's: it names nobody who is not written to */
  limit_mailboxes (reply->outside.author, reply->inside.author);
  limit_mailboxes (reply->outside.rest, reply->inside.rest);
  print_recipients (&reply->inside);
  print_recipients (&reply->outside);
  return reply;
}

McReply *
_mc_reply_ref (McReply *reply)
{
  g_atomic_ref_count_inc (&reply->refs);
  return reply;
}

void
mc_reply_free (McReply *reply)
{
  if (reply == NULL || !g_atomic_ref_count_dec (&reply->refs))
    return;
  derived_clear (&reply->inside);
  derived_clear (&reply->outside);
  g_free (reply);
}

static const char *
get_value (const Derived *derived, const char *name)
{
  for (guint i = 0; i < N_FIELDS; i++)
    if (g_ascii_strcasecmp (names[i], name) == 0)
      return derived->values[i];
  return NULL;
}

const char *
mc_reply_get_header (const McReply *reply, const char *name)
{
  return get_value (&reply->inside, name);
}

const char *
mc_reply_get_outer_header (const McReply *reply, const char *name)
{
  return get_value (&reply->outside, name);
}

gboolean
mc_reply_get_is_secret (const McReply *reply)
{
  return reply->is_secret;
}

/* --------------------------------------------------------------------- text -- */

/* Whether @part stands in a ciphertext that is not the message's own. */
static gboolean
is_errant_secret (const McReport *report, const McPart *part)
{
  for (guint i = 0; i < report->errant->len; i++) {
    const McLayer *layer = report->errant->pdata[i];
    if (layer->kind == MC_LAYER_ENCRYPTED
        && (g_strv_contains ((const char *const *) part->around, layer->path)
            || strcmp (part->path, layer->path) == 0))
      return TRUE;
  }
  return FALSE;
}

char *
mc_reply_read_text (const McReply *reply, gsize max_bytes, GError **error)
{
  const McMessage *message = reply->message;
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; i < message->leaves->len && all->len < max_bytes; i++) {
    McPart *part = message->leaves->pdata[i];
    if (!part->is_body || !_mc_entity_is (part->entity, "text/plain")
        || is_errant_secret (message->report, part))
      continue;
    g_autofree char *text = mc_part_read_text (part, max_bytes - all->len, error);
    if (text == NULL)
      return NULL;
    g_string_append_printf (all, "%s%s", all->len > 0 ? "\n" : "", text);
  }
  g_string_replace (all, "\r\n", "\n", 0);
  return g_string_free (g_steal_pointer (&all), FALSE);
}

/* ------------------------------------------------------------------- hiding -- */

static gboolean
is_address_field (Which which)
{
  return which == TO || which == CC;
}

/* Whether the field is still what was derived: clients write addresses their own way. */
static gboolean
is_unchanged (const McField *field, Which which, const char *value)
{
  if (value == NULL)
    return FALSE;
  if (!is_address_field (which))
    return _mc_header_values_equal (field->value, value);

  gboolean clean;
  g_auto (GStrv) here = _mc_addresses_parse (field->body, &clean, NULL);
  g_auto (GStrv) there = _mc_addresses_parse (value, &clean, NULL);
  if (g_strv_length (here) != g_strv_length (there))
    return FALSE;
  for (guint i = 0; here[i] != NULL; i++)
    if (!mc_address_equal (here[i], there[i]))
      return FALSE;
  return TRUE;
}

/* In printable ASCII, with folds where blanks are (RFC 9788 section 3.1). */
static char *
encode_value (Which which, const char *value)
{
  g_autofree char *encoded = NULL;

  if (is_address_field (which)) {
    g_autoptr (InternetAddressList) list = internet_address_list_parse (NULL, value);
    encoded = list != NULL ? internet_address_list_to_string (list, NULL, TRUE) : NULL;
  } else
    encoded = g_mime_utils_header_encode_text (NULL, value, "utf-8");
  if (encoded == NULL)
    return g_strdup ("");
  g_auto (GStrv) words = g_strsplit_set (encoded, " \t\r\n", -1);
  g_autoptr (GString) folded = g_string_new (NULL);
  gsize column = 0;
  for (char **word = words; *word != NULL; word++) {
    if (**word == '\0')
      continue;
    gboolean fold = column > 0 && column + strlen (*word) > 64;
    g_string_append_printf (folded, "%s%s", column == 0 ? "" : fold ? "\n " : " ", *word);
    column = (fold ? 0 : column) + strlen (*word) + 1;
  }
  return g_string_free (g_steal_pointer (&folded), FALSE);
}

static gboolean
is_hidden (const McReply *reply, Which which)
{
  return g_strcmp0 (reply->inside.values[which], reply->outside.values[which]) != 0;
}

static gboolean
find_hidden (const McReply *reply, const McHeaderLine *line, Which *ret_which)
{
  for (Which which = 0; line->value == NULL && which < N_FIELDS; which++) {
    *ret_which = which;
    if (g_ascii_strcasecmp (names[which], line->field->name) == 0)
      return is_hidden (reply, which)
             && is_unchanged (line->field, which, reply->inside.values[which]);
  }
  return FALSE;
}

void
_mc_reply_hide (const McReply *reply, GPtrArray *outside)
{
  Which which;

  for (guint i = 0; i < outside->len;) {
    McHeaderLine *line = outside->pdata[i];
    gboolean hidden = find_hidden (reply, line, &which);
    const char *value = hidden ? reply->outside.values[which] : NULL;
    if (hidden && value == NULL) {
      g_ptr_array_remove_index (outside, i);
      continue;
    }
    if (hidden)
      line->value = encode_value (which, value);
    i++;
  }
}
