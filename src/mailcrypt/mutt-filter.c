/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The display filter: from the client's text to the same text with what the engine found
 * above it, where no message can write, and without anything that could be taken for it. */
#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "mutt-lines.h"
#include "mutt-verdict.h"
#include "mutt.h"
#include "output.h"

#define OWN_FIELD "Mailcrypt"

/* A field of the header zone. */
typedef struct {
  char *name;               /* NULL: a line that is no field */
  GString *lines;           /* as they came, with LF */
} Field;

typedef struct {
  GPtrArray *fields;        /* of Field */
  char *sender;             /* nullable: the one mailbox in From */
  char *type;               /* nullable: Content-Type, lower case, without parameters */
  gboolean weeded;          /* the client shows a choice of fields */
  GPtrArray *lines;         /* of MuttLine */
  GPtrArray *roots;         /* of MuttLine (borrowed) */
  MuttVerdict *verdict;     /* nullable: nothing is known of the whole message */
  const char *subject;      /* nullable: the one that was protected */
  GString *out;
} Filter;

/* --------------------------------------------------------------------- hostile -- */

/* @text without what a terminal acts upon. */
static void
append_clean (GString *out, const char *text)
{
  if (g_get_charset (NULL)) {
    g_autofree char *safe = mc_text_escape_line (text);
    g_string_append (out, safe);
    return;
  }
  /* In another charset than UTF-8 only the ASCII controls are known for what they are. */
  for (const char *c = text; *c != '\0'; c++)
    g_string_append_c (out, g_ascii_iscntrl (*c) && *c != '\t' ? '?' : *c);
}

/* TAB is no harm in a body. */
static void
append_clean_text (GString *out, const char *text)
{
  if (!g_get_charset (NULL)) {
    append_clean (out, text);
    return;
  }
  g_autofree char *safe = mc_text_escape_block (text);
  g_string_append (out, safe);
}

/* A line that could be taken for one of ours, or of the client's. */
static gboolean
is_imitation (const char *text)
{
  static const char *const starts[] = { "[mc", "[--", OWN_FIELD ":", OWN_FIELD "-", NULL };
  text += strspn (text, " \t");
  for (const char *const *start = starts; *start != NULL; start++)
    if (g_ascii_strncasecmp (text, *start, strlen (*start)) == 0)
      return TRUE;
  return FALSE;
}

/* ---------------------------------------------------------------------- header -- */

static void
field_free (gpointer data)
{
  Field *field = data;
  g_free (field->name);
  g_string_free (field->lines, TRUE);
  g_free (field);
}

static void
filter_clear (Filter *filter)
{
  g_clear_pointer (&filter->fields, g_ptr_array_unref);
  g_clear_pointer (&filter->roots, g_ptr_array_unref);
  g_clear_pointer (&filter->lines, g_ptr_array_unref);
  g_clear_pointer (&filter->verdict, mutt_verdict_free);
  g_free (filter->sender);
  g_free (filter->type);
  if (filter->out != NULL)
    g_string_free (filter->out, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Filter, filter_clear)

/* The name in front of the colon (RFC 5322 section 2.2), or NULL. (transfer full) */
static char *
read_name (const char *line)
{
  gsize size = 0;
  while (g_ascii_isgraph (line[size]) && line[size] != ':')
    size++;
  return size > 0 && line[size] == ':' ? g_strndup (line, size) : NULL;
}

static void
add_line (Filter *filter, const char *line, gsize size)
{
  Field *last = filter->fields->len > 0
    ? g_ptr_array_index (filter->fields, filter->fields->len - 1) : NULL;
  if (last == NULL || (*line != ' ' && *line != '\t')) {
    g_autofree char *text = g_strndup (line, size);
    last = g_new0 (Field, 1);
    last->name = read_name (text);
    last->lines = g_string_new (NULL);
    g_ptr_array_add (filter->fields, last);
  }
  g_string_append_len (last->lines, line, (gssize) size);
  g_string_append_c (last->lines, '\n');
}

/* Reads the header zone; returns what is behind its blank line. */
static const char *
read_header (Filter *filter, const char *text)
{
  while (*text != '\0') {
    gsize size = strcspn (text, "\n");
    const char *next = text + size + (text[size] == '\n' ? 1 : 0);
    if (size == 0)
      return next;
    add_line (filter, text, size);
    text = next;
  }
  return text;
}

/* The content of the one field called @name, unfolded; NULL when there is none or more.
 * (transfer full) */
static char *
get_only (const Filter *filter, const char *name, guint *ret_count)
{
  const Field *found = NULL;
  *ret_count = 0;
  for (guint i = 0; i < filter->fields->len; i++) {
    const Field *field = g_ptr_array_index (filter->fields, i);
    if (field->name == NULL || g_ascii_strcasecmp (field->name, name) != 0)
      continue;
    found = field;
    (*ret_count)++;
  }
  if (*ret_count != 1)
    return NULL;
  char *content = g_strdup (found->lines->str + strlen (name) + 1);
  return g_strstrip (g_strdelimit (content, "\r\n", ' '));
}

static void
read_sender (Filter *filter)
{
  guint count = 0;
  g_autofree char *from = get_only (filter, "From", &count);
  g_autofree char *text = from != NULL ? g_locale_to_utf8 (from, -1, NULL, NULL, NULL) : NULL;
  if (text != NULL)
    filter->sender = mc_address_from_field (text);
}

static void
read_type (Filter *filter)
{
  guint count = 0, others = 0;
  g_autofree char *type = get_only (filter, "Content-Type", &count);
  g_autofree char *version = get_only (filter, "MIME-Version", &others);
  filter->weeded = version == NULL;
  if (count == 0)
    return;
  gsize size = type != NULL ? strcspn (type, "; \t") : 0;
  filter->type = g_ascii_strdown (type != NULL ? type : "", (gssize) size);
}

static gboolean
is_type (const Filter *filter, const char *type)
{
  return g_strcmp0 (filter->type, type) == 0;
}

/* Whether the message as a whole may be protected; not known when the client hides its type. */
static gboolean
may_be_root (const Filter *filter)
{
  return filter->type == NULL || is_type (filter, "multipart/signed")
         || is_type (filter, "multipart/encrypted") || is_type (filter, "application/pkcs7-mime")
         || is_type (filter, "application/x-pkcs7-mime")
         || is_type (filter, "application/octet-stream");
}

/* --------------------------------------------------------------------- verdict -- */

static void
find_roots (Filter *filter)
{
  filter->roots = g_ptr_array_new ();
  for (guint i = 0; i < filter->lines->len; i++) {
    MuttLine *line = g_ptr_array_index (filter->lines, i);
    if (line->root)
      g_ptr_array_add (filter->roots, line);
  }
}

/* What the engine left when the client showed nothing of it. */
static void
add_failure (Filter *filter, const char *runtime)
{
  MuttStatus *status = is_type (filter, "multipart/encrypted") ? mutt_status_pick_up (runtime)
                                                              : NULL;
  if (status == NULL)
    return;
  MuttLine *line = g_new0 (MuttLine, 1);
  line->kind = MUTT_LINE_HIDDEN;
  line->status = status;
  line->text = g_strdup ("");
  g_ptr_array_add (filter->lines, line);
  g_ptr_array_add (filter->roots, line);
}

static const char *
find_protected (const Filter *filter, const char *name)
{
  const char *found = NULL;
  for (guint i = 0; i < filter->roots->len; i++) {
    const MuttLine *line = g_ptr_array_index (filter->roots, i);
    const char *value = mutt_status_find_header (line->status, name);
    found = value != NULL ? value : found;
  }
  return found;
}

/* The sender inside is what the signer meant. */
static void
compare_from (Filter *filter)
{
  const char *inside = find_protected (filter, "From");
  g_autofree char *sender = inside != NULL ? mc_address_from_field (inside) : NULL;
  if (inside == NULL || (sender != NULL && mc_address_equal (sender, filter->sender)))
    return;
  if (filter->verdict->tone == TONE_GOOD)
    filter->verdict->tone = TONE_DOUBT;
  g_ptr_array_add (filter->verdict->notes,
                   g_strdup_printf (_("inside, the sender is another one: %s"), inside));
}

static void
judge (Filter *filter, const char *runtime)
{
  find_roots (filter);
  if (filter->roots->len == 0)
    add_failure (filter, runtime);
  if (filter->roots->len == 0)
    return;
  filter->verdict = mutt_verdict_new (filter->roots, filter->sender);
  compare_from (filter);
  if (filter->verdict->tone != TONE_BAD)
    filter->subject = find_protected (filter, "Subject");
}

/* What is shown of an encrypted message must not come back in clear. Nothing of this may keep
 * the message from being shown. */
static void
remember (Tool *tool, const Filter *filter)
{
  guint count = 0;
  gboolean decrypted = FALSE;
  for (guint i = 0; !decrypted && i < filter->lines->len; i++) {
    const MuttLine *line = g_ptr_array_index (filter->lines, i);
    decrypted = line->status != NULL && mutt_status_is_decrypted (line->status);
  }
  g_autofree char *id = decrypted ? get_only (filter, "Message-ID", &count) : NULL;
  McContext *context = id != NULL ? tool_get_context (tool, NULL) : NULL;
  if (context != NULL)
    mc_context_remember (context, id);
}

/* ---------------------------------------------------------------------- output -- */

static const char *
get_word (Tone tone)
{
  switch (tone) {
    case TONE_GOOD: return "GOOD";
    case TONE_BAD: return "BAD";
    case TONE_PLAIN:
    case TONE_DOUBT:
    default: return "DOUBT";
  }
}

static void
append_own (Filter *filter, const char *name, const char *text)
{
  g_string_append_printf (filter->out, "%s: ", name);
  append_clean (filter->out, text);
  g_string_append_c (filter->out, '\n');
}

static void
append_verdict (Filter *filter)
{
  if (filter->verdict == NULL) {
    append_own (filter, OWN_FIELD, _("no cryptographic protection of the whole message"));
    return;
  }
  g_autofree char *text = g_strdup_printf ("%s %s", get_word (filter->verdict->tone),
                                           filter->verdict->text);
  append_own (filter, OWN_FIELD, text);
  for (guint i = 0; i < filter->verdict->notes->len; i++)
    append_own (filter, OWN_FIELD "-Note", g_ptr_array_index (filter->verdict->notes, i));
}

static gboolean
is_dropped (const Filter *filter, const Field *field)
{
  if (field->name == NULL)
    return FALSE;
  return g_ascii_strncasecmp (field->name, OWN_FIELD, strlen (OWN_FIELD)) == 0
         || (filter->weeded && (g_ascii_strcasecmp (field->name, "Content-Type") == 0
                                || g_ascii_strcasecmp (field->name, "Message-ID") == 0));
}

static void
append_field (Filter *filter, const Field *field)
{
  g_auto (GStrv) rows = g_strsplit (field->lines->str, "\n", -1);
  for (char **row = rows; *row != NULL && row[1] != NULL; row++) {
    gboolean folded = **row == ' ' || **row == '\t';
    g_string_append (filter->out, folded ? "\t" : "");
    append_clean (filter->out, folded ? g_strchug (*row) : *row);
    g_string_append_c (filter->out, '\n');
  }
}

/* The subject that was protected takes the place of the one that was not. */
static void
append_subject (Filter *filter, const Field *outer)
{
  g_autofree char *shown =
    outer != NULL ? g_strdup (outer->lines->str + strlen ("Subject:")) : g_strdup ("");
  g_strstrip (shown);
  append_own (filter, "Subject", filter->subject);
  if (strcmp (shown, filter->subject) == 0)
    append_own (filter, OWN_FIELD "-Note", _("the subject is protected as well"));
  else {
    g_autofree char *note = g_strdup_printf (_("the subject was protected; outside it is: %s"),
                                             shown);
    append_own (filter, OWN_FIELD "-Note", note);
  }
}

static void
append_header (Filter *filter)
{
  gboolean subject_done = filter->subject == NULL;
  append_verdict (filter);
  for (guint i = 0; i < filter->fields->len; i++) {
    const Field *field = g_ptr_array_index (filter->fields, i);
    gboolean is_subject = field->name != NULL && g_ascii_strcasecmp (field->name, "Subject") == 0;
    if (is_dropped (filter, field))
      continue;
    if (filter->subject == NULL || !is_subject)
      append_field (filter, field);
    else if (!subject_done) {
      append_subject (filter, field);
      subject_done = TRUE;
    }
  }
  if (!subject_done)
    append_subject (filter, NULL);
  g_string_append_c (filter->out, '\n');
}

static void
append_marked (Filter *filter, const char *text)
{
  const char *nonce = mutt_options.nonce;
  g_string_append_printf (filter->out, "[mc%s%s] ", nonce != NULL ? " " : "",
                          nonce != NULL ? nonce : "");
  append_clean (filter->out, text);
  g_string_append_c (filter->out, '\n');
}

/* What protects a part protects nothing else. */
static void
append_part_status (Filter *filter, MuttLine *line)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new ();
  g_ptr_array_add (lines, line);
  g_autoptr (MuttVerdict) verdict = mutt_verdict_new (lines, filter->sender);
  g_autofree char *text = g_strdup_printf (_("only this part: %s"), verdict->text);
  append_marked (filter, text);
  for (guint i = 0; i < verdict->notes->len; i++)
    append_marked (filter, g_ptr_array_index (verdict->notes, i));
}

/* The client's frame around what the header zone speaks of already. */
static gboolean
is_frame (const Filter *filter, const MuttLine *line)
{
  return filter->roots->len > 0 && line->kind == MUTT_LINE_CLIENT
         && (g_str_has_prefix (line->text, "[-- The following data is ")
             || (g_str_has_prefix (line->text, "[-- End of ")
                 && strstr (line->text, " data") != NULL));
}

static gboolean
is_removed (const Filter *filter, const MuttLine *line)
{
  return line->kind == MUTT_LINE_HIDDEN || (line->kind == MUTT_LINE_STATUS && line->root)
         || (line->kind == MUTT_LINE_FIELD && filter->roots->len > 0) || is_frame (filter, line);
}

static void
append_text (Filter *filter, const MuttLine *line)
{
  static const char *const words[] = { "PGP", "MIME", "OpenSSL", "sign", "crypt", NULL };
  gboolean cryptic = FALSE;
  for (const char *const *word = words; *word != NULL; word++)
    cryptic |= strstr (line->text, *word) != NULL;
  gboolean known = line->likely && !cryptic;
  g_autofree char *whole =
    g_strconcat (line->marker != NULL && !line->likely ? line->marker : "", line->text, NULL);
  gboolean seal = g_str_has_prefix (line->text, MUTT_SEAL_PREFIX);
  if (seal || (!known && (is_imitation (line->text) || line->marker != NULL)))
    g_string_append_c (filter->out, '?');
  append_clean_text (filter->out, whole);
  g_string_append_c (filter->out, '\n');
}

static void
append_line (Filter *filter, MuttLine *line)
{
  if (line->kind == MUTT_LINE_STATUS) {
    append_part_status (filter, line);
    return;
  }
  if (line->kind == MUTT_LINE_FIELD) {
    append_marked (filter, line->text);
    return;
  }
  if (line->kind == MUTT_LINE_TEXT) {
    append_text (filter, line);
    return;
  }
  g_string_append (filter->out, line->marker);
  append_clean (filter->out, line->text);
  g_string_append_c (filter->out, '\n');
}

/* Where lines are gone one blank line is enough. */
static void
append_body (Filter *filter)
{
  gboolean blank = TRUE, removed = FALSE;
  guint count = filter->lines->len;
  /* What follows the last line end is no line. */
  while (count > 0 && *((MuttLine *) g_ptr_array_index (filter->lines, count - 1))->text == '\0')
    count--;
  for (guint i = 0; i < count; i++) {
    MuttLine *line = g_ptr_array_index (filter->lines, i);
    if (is_removed (filter, line)) {
      removed = TRUE;
      continue;
    }
    gboolean empty = line->kind == MUTT_LINE_TEXT && *line->text == '\0';
    if (!(empty && blank && removed))
      append_line (filter, line);
    blank = empty;
    removed &= empty;
  }
}

/* ------------------------------------------------------------------------ verb -- */

/* All of standard input as one text without NUL, which no text has. */
static GString *
read_input (GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[65536];
  ssize_t got = 0;
  while ((got = read (STDIN_FILENO, buffer, sizeof buffer)) != 0) {
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      tool_set_errno (error, errno, _("cannot read standard input"));
      return NULL;
    }
    g_string_append_len (text, buffer, got);
  }
  for (gsize i = 0; i < text->len; i++)
    if (text->str[i] == '\0')
      text->str[i] = '?';
  return g_steal_pointer (&text);
}

int
mutt_filter (Tool *tool, GError **error)
{
  g_auto (Filter) filter = { .out = g_string_new (NULL) };
  g_autofree char *runtime = tool_find_runtime ();
  g_autoptr (GString) input = read_input (error);
  if (input == NULL)
    return MUTT_FAILED;

  filter.fields = g_ptr_array_new_with_free_func (field_free);
  const char *body = read_header (&filter, input->str);
  read_type (&filter);
  /* Only who signed needs to know who sent. */
  if (strstr (body, MUTT_SEAL_PREFIX) != NULL)
    read_sender (&filter);
  filter.lines = mutt_lines_parse (body, runtime, is_type (&filter, "multipart/mixed"),
                                   may_be_root (&filter));
  judge (&filter, runtime);
  remember (tool, &filter);
  append_header (&filter);
  append_body (&filter);
  g_autoptr (Output) output = output_new ("-", OUTPUT_TEXT, error);
  return output != NULL
         && g_output_stream_write_all (output_get_stream (output), filter.out->str,
                                       filter.out->len, NULL, NULL, error)
         && output_commit (output, error) ? MUTT_OK : MUTT_FAILED;
}
