/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Importing: which protocol's backend gets which bytes. */
#include "config.h"

#include "keys/import.h"

#include "base/error.h"
#include "base/secret.h"
#include "context.h"
#include "keys/find.h"
#include "mime/tree.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define LINE_BYTES 128       /* of a line, what is looked at */
#define CHUNK_BYTES 4096
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

McImported *
_mc_imported_new (McProtocol protocol, const char *fingerprint, const char *word,
                  const char *what, char *text)
{
  McImported *imported = g_new0 (McImported, 1);
  imported->protocol = protocol;
  imported->fingerprint = g_strdup (fingerprint);
  imported->word = word;
  imported->what = what;
  imported->text = text;
  return imported;
}

void
_mc_imported_free (McImported *imported)
{
  if (imported == NULL)
    return;
  g_free (imported->fingerprint);
  g_free (imported->text);
  g_free (imported);
}

const char *
mc_imported_get_fingerprint (const McImported *imported)
{
  return imported->fingerprint;
}

McProtocol
mc_imported_get_protocol (const McImported *imported)
{
  return imported->protocol;
}

const char *
mc_imported_get_word (const McImported *imported)
{
  return imported->word;
}

const char *
mc_imported_get_what (const McImported *imported)
{
  return imported->what;
}

const char *
mc_imported_get_text (const McImported *imported)
{
  return imported->text;
}

/* ----------------------------------------------------------------- splitting -- */

/* An armoured block: from the start of its BEGIN line to the end of its END line. */
typedef struct {
  McProtocol protocol;      /* UNKNOWN: armour that holds no key */
  guint64 start, end;
} Block;

/* The walk over the lines of a spool. */
typedef struct {
  GArray *blocks;           /* of Block */
  gboolean in_header;       /* no empty line yet */
  gboolean is_mail;         /* Content-Type stands in the header */
  gboolean open;            /* the last block has no END line yet */
  char line[LINE_BYTES];
  gsize used;
  guint64 line_start;
} Scanner;

static McProtocol
get_protocol_of_label (const char *label)
{
  if (!g_str_has_prefix (label, "PGP "))
    return MC_PROTOCOL_SMIME;
  return strstr (label, " KEY BLOCK-----") != NULL ? MC_PROTOCOL_OPENPGP : MC_PROTOCOL_UNKNOWN;
}

/* @end: offset behind the line's newline. */
static void
scan_line (Scanner *scanner, guint64 end)
{
  const char *line = scanner->line;
  scanner->line[MIN (scanner->used, LINE_BYTES - 1)] = '\0';
  if (g_str_has_prefix (line, BYTE_ORDER_MARK))
    line += strlen (BYTE_ORDER_MARK);

  Block *last = scanner->blocks->len > 0
    ? &g_array_index (scanner->blocks, Block, scanner->blocks->len - 1) : NULL;
  if (scanner->open)
    last->end = end;
  if (scanner->open && g_str_has_prefix (line, "-----END "))
    scanner->open = FALSE;
  else if (!scanner->open && g_str_has_prefix (line, "-----BEGIN ")) {
    Block block = { get_protocol_of_label (line + strlen ("-----BEGIN ")),
                    scanner->line_start + (guint64) (line - scanner->line), end };
    g_array_append_val (scanner->blocks, block);
    scanner->open = TRUE;
  }
  if (scanner->in_header && g_ascii_strncasecmp (line, "content-type:", 13) == 0)
    scanner->is_mail = TRUE;
  if (*line == '\n' || *line == '\r' || scanner->open)
    scanner->in_header = FALSE;
  scanner->used = 0;
  scanner->line_start = end;
}

static void
scan_bytes (Scanner *scanner, const char *data, gsize size, guint64 offset)
{
  for (gsize i = 0; i < size; i++) {
    if (scanner->used < LINE_BYTES - 1)
      scanner->line[scanner->used++] = data[i];
    if (data[i] == '\n')
      scan_line (scanner, offset + i + 1);
  }
}

/* The armoured blocks of @spool, and whether it looks like a message with MIME parts;
 * NULL on failure. */
static GArray *
find_blocks (McSpool *spool, gboolean *ret_is_mail, GError **error)
{
  g_autoptr (GArray) blocks = g_array_new (FALSE, FALSE, sizeof (Block));
  Scanner scanner = { .blocks = blocks, .in_header = TRUE };
  char buffer[CHUNK_BYTES];
  guint64 offset = 0;
  gssize n = 0;
  while ((n = _mc_spool_read_at (spool, offset, buffer, sizeof buffer, error)) > 0) {
    scan_bytes (&scanner, buffer, (gsize) n, offset);
    offset += (guint64) n;
  }
  scan_line (&scanner, offset);
  _mc_wipe (buffer, sizeof buffer);   /* there may be a private key in it */
  _mc_wipe (scanner.line, sizeof scanner.line);
  *ret_is_mail = scanner.is_mail;
  return n == 0 ? g_steal_pointer (&blocks) : NULL;
}

static gboolean
append_span (McSpool *target, McSpan span, GError **error)
{
  char buffer[CHUNK_BYTES];
  gboolean ok = TRUE;
  for (guint64 offset = span.start; ok && offset < span.end;) {
    gsize wanted = (gsize) MIN ((guint64) sizeof buffer, span.end - offset);
    gssize n = _mc_spool_read_at (span.spool, offset, buffer, wanted, error);
    ok = n > 0 && _mc_spool_append (target, buffer, (gsize) n, error);
    offset += (guint64) MAX (n, 0);
  }
  _mc_wipe (buffer, sizeof buffer);
  return ok && _mc_spool_append (target, "\n", 1, error);   /* the last line may have had none */
}

/* The blocks of @protocol alone; *ret_spool NULL when there are none. */
static gboolean
collect_blocks (McContext *context, McSpool *spool, GArray *blocks, McProtocol protocol,
                McSpool **ret_spool, GError **error)
{
  g_autoptr (McSpool) own = NULL;
  for (guint i = 0; i < blocks->len; i++) {
    const Block *block = &g_array_index (blocks, Block, i);
    if (block->protocol != protocol)
      continue;
    if (own == NULL)
      own = _mc_spool_new (_mc_context_get_limits (context));
    if (!append_span (own, (McSpan) { spool, block->start, block->end }, error))
      return FALSE;
  }
  *ret_spool = g_steal_pointer (&own);
  return TRUE;
}

/* ----------------------------------------------------------------- detection -- */

/* RFC 9580 section 4.2: the tag of the first packet. Keys start with 5 or 6; a revocation
 * certificate for a key that is here is a bare signature, 2. */
static gboolean
is_openpgp_binary (const guint8 *head, gsize size)
{
  if (size < 2 || (head[0] & 0x80) == 0)
    return FALSE;
  guint tag = (head[0] & 0x40) != 0 ? head[0] & 0x3f : (head[0] >> 2) & 0x0f;
  return tag == 2 || tag == 5 || tag == 6;
}

/* X.690 section 8.1: a SEQUENCE whose length fits into what there is. */
static gboolean
is_der (const guint8 *head, gsize size, guint64 total)
{
  if (size < 2 || head[0] != 0x30)
    return FALSE;
  if (head[1] == 0x80)
    return TRUE;
  if (head[1] < 0x80)   /* text may start with "0" too: a key starts with INTEGER or SEQUENCE */
    return head[1] + 2u <= total && size > 2 && (head[2] == 0x02 || head[2] == 0x30);

  gsize n = head[1] & 0x7f;
  guint64 length = 0;
  if (n > 7 || n + 2 > size)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    length = length << 8 | head[2 + i];
  return length + n + 2 <= total;
}

static gboolean
detect_binary (McSpool *spool, McProtocol *ret_protocol, GError **error)
{
  guint8 head[16] = { 0 };
  gssize n = _mc_spool_read_at (spool, 0, head, sizeof head, error);
  if (n < 0)
    return FALSE;
  if (is_der (head, (gsize) n, _mc_spool_get_size (spool)))
    *ret_protocol = MC_PROTOCOL_SMIME;
  else if (is_openpgp_binary (head, (gsize) n))
    *ret_protocol = MC_PROTOCOL_OPENPGP;
  else
    *ret_protocol = MC_PROTOCOL_UNKNOWN;
  return TRUE;
}

/* ----------------------------------------------------------------- importing -- */

static gboolean
fail_unknown (gboolean armoured, GError **error)
{
  if (armoured)
    _mc_set_error (error, MC_ERROR_MALFORMED,
                   _("a message or signature is read by: mailcrypt inspect FILE"),
                   _("the OpenPGP armour holds no key"));
  else
    _mc_set_error (error, MC_ERROR_MALFORMED,
                   _("known are OpenPGP keys (armoured or not), certificates and private keys"
                     " (PEM or DER), PKCS#7 and PKCS#12, and messages that bring some"),
                   _("neither keys nor certificates"));
  return FALSE;
}

static gboolean
import_span (McContext *context, McProtocol protocol, McSpan span, McSecret *new_passphrase,
             GPtrArray *results, GCancellable *cancellable, GError **error)
{
  McEngine *engine = NULL;
  const McBackend *backend = _mc_context_get_backend (context, protocol, &engine, error);
  return backend != NULL
         && backend->import (engine, span, new_passphrase, results, cancellable, error);
}

/* Takes back what was new, so that a half import does not stay. */
static void
undo (McContext *context, GPtrArray *results)
{
  for (guint i = 0; i < results->len; i++) {
    const McImported *imported = g_ptr_array_index (results, i);
    if (imported->fingerprint == NULL || g_strcmp0 (imported->word, "new") != 0
        || imported->protocol == MC_PROTOCOL_UNKNOWN)
      continue;
    McEngine *engine = NULL;
    const McBackend *backend =
      _mc_context_get_backend (context, imported->protocol, &engine, NULL);
    g_autoptr (McKey) key =
      _mc_keys_find_one (context, imported->fingerprint, FALSE, NULL, NULL);
    if (backend != NULL && key != NULL)
      (void) backend->remove (engine, key, NULL, NULL);
  }
}

/* S/MIME first: it asks for passphrases and so fails more often, and what it has taken in
 * can be taken out again. */
static gboolean
import_mixed (McContext *context, McSpool *spool, GArray *blocks, McSecret *new_passphrase,
              GPtrArray *results, GCancellable *cancellable, GError **error)
{
  g_autoptr (McSpool) smime = NULL;
  g_autoptr (McSpool) openpgp = NULL;
  if (!collect_blocks (context, spool, blocks, MC_PROTOCOL_SMIME, &smime, error)
      || !collect_blocks (context, spool, blocks, MC_PROTOCOL_OPENPGP, &openpgp, error))
    return FALSE;
  if (smime == NULL && openpgp == NULL)
    return fail_unknown (TRUE, error);

  if (smime != NULL
      && !import_span (context, MC_PROTOCOL_SMIME, _mc_span_whole (smime), new_passphrase, results,
                       cancellable, error))
    return FALSE;
  if (openpgp != NULL
      && !import_span (context, MC_PROTOCOL_OPENPGP, _mc_span_whole (openpgp), new_passphrase,
                       results, cancellable, error)) {
    undo (context, results);
    return FALSE;
  }
  return TRUE;
}

/* ------------------------------------------------------------------- messages -- */

/* The search for keys in a message's parts, and what they are imported with. */
typedef struct {
  McContext *context;
  McSecret *new_passphrase;
  GPtrArray *results;
  GCancellable *cancellable;
  guint found;
} Mail;

static McProtocol
get_protocol_of_part (const McEntity *entity)
{
  static const struct {
    const char *type, *ending;   /* the ending only where the type says nothing */
    McProtocol protocol;
  } kinds[] = {
    { "application/pgp-keys", NULL, MC_PROTOCOL_OPENPGP },
    { "application/pkcs7-signature", NULL, MC_PROTOCOL_SMIME },
    { "application/x-pkcs7-signature", NULL, MC_PROTOCOL_SMIME },
    { "application/pkcs7-mime", NULL, MC_PROTOCOL_SMIME },
    { "application/x-pkcs7-mime", NULL, MC_PROTOCOL_SMIME },
    { "application/octet-stream", ".p7m", MC_PROTOCOL_SMIME },
    { "application/octet-stream", ".p7s", MC_PROTOCOL_SMIME },
    { "application/octet-stream", ".p7c", MC_PROTOCOL_SMIME },
  };
  g_autofree char *name = g_ascii_strdown (entity->filename != NULL ? entity->filename : "", -1);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (_mc_entity_is (entity, kinds[i].type)
        && (kinds[i].ending == NULL || g_str_has_suffix (name, kinds[i].ending)))
      return kinds[i].protocol;
  return MC_PROTOCOL_UNKNOWN;
}

/* What a mail brings as S/MIME are signed objects: no private keys by that way. */
static gboolean
check_part (Mail *self, McProtocol protocol, McSpan span, GError **error)
{
  McEngine *engine = NULL;
  const McBackend *backend = _mc_context_get_backend (self->context, protocol, &engine, error);
  if (backend == NULL)
    return FALSE;
  if (protocol != MC_PROTOCOL_SMIME || backend->probe (engine, span))
    return TRUE;
  _mc_set_error (error, MC_ERROR_MALFORMED, NULL,
                 _("a part of the message is not the S/MIME object that it claims to be"));
  return FALSE;
}

static gboolean
import_entity (Mail *self, const McEntity *entity, GError **error)
{
  McProtocol protocol = get_protocol_of_part (entity);
  for (guint i = 0; g_str_has_prefix (entity->type, "multipart/") && i < entity->children->len; i++)
    if (!import_entity (self, g_ptr_array_index (entity->children, i), error))
      return FALSE;
  if (protocol == MC_PROTOCOL_UNKNOWN)
    return TRUE;

  g_autoptr (McSpool) content = _mc_spool_new (_mc_context_get_limits (self->context));
  self->found++;
  return _mc_entity_decode (entity, content, TRUE, self->cancellable, error)
         && check_part (self, protocol, _mc_span_whole (content), error)
         && import_span (self->context, protocol, _mc_span_whole (content), self->new_passphrase,
                         self->results, self->cancellable, error);
}

/* A message's parts; forwarded messages are left alone. */
static gboolean
import_mail (Mail *self, McSpool *spool, GError **error)
{
  g_autoptr (McTree) tree = NULL;
  if (!_mc_tree_parse (_mc_span_whole (spool), _mc_context_get_limits (self->context), TRUE, &tree,
                       error))
    return FALSE;
  if (import_entity (self, tree->root, error))
    return TRUE;
  undo (self->context, self->results);
  return FALSE;
}

gboolean
_mc_keys_import_spool (McContext *context, McSpool *spool, McSecret *new_passphrase,
                       GPtrArray *results, GCancellable *cancellable, GError **error)
{
  gboolean is_mail = FALSE;
  McProtocol protocol = MC_PROTOCOL_UNKNOWN;
  if (!detect_binary (spool, &protocol, error))
    return FALSE;
  if (protocol != MC_PROTOCOL_UNKNOWN)
    return import_span (context, protocol, _mc_span_whole (spool), new_passphrase, results,
                        cancellable, error);

  g_autoptr (GArray) blocks = find_blocks (spool, &is_mail, error);
  if (blocks == NULL)
    return FALSE;
  Mail mail = { .context = context, .new_passphrase = new_passphrase, .results = results,
                .cancellable = cancellable };
  if (is_mail && !import_mail (&mail, spool, error))
    return FALSE;
  if (mail.found > 0)
    return TRUE;
  if (blocks->len == 0)
    return fail_unknown (FALSE, error);
  return import_mixed (context, spool, blocks, new_passphrase, results, cancellable, error);
}

GPtrArray *
mc_keys_import (McContext *context, GInputStream *input, McSecret *new_passphrase,
                GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) results =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_imported_free);
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (context));
  if (!_mc_spool_append_stream (spool, input, cancellable, error)
      || !_mc_keys_import_spool (context, spool, new_passphrase, results, cancellable, error))
    return NULL;
  return g_steal_pointer (&results);
}
