/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "openpgp/armor.h"

#include "base/base64.h"
#include "base/chunk.h"
#include "base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_LINE 1024       /* of a line that is not data */
#define MAX_HEADERS 64

static const struct {
  McArmorKind kind;
  const char *label;
} armor_labels[] = {
  { MC_ARMOR_MESSAGE, "MESSAGE" },
  { MC_ARMOR_SIGNATURE, "SIGNATURE" },
  { MC_ARMOR_PUBLIC_KEY, "PUBLIC KEY BLOCK" },
  { MC_ARMOR_PRIVATE_KEY, "PRIVATE KEY BLOCK" },
  { MC_ARMOR_CLEARSIGNED, "SIGNED MESSAGE" },
};

static gboolean
is_space (int octet)
{
  return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

static gsize
trimmed_size (const char *line, gsize size)
{
  while (size > 0 && is_space (line[size - 1]))
    size--;
  return size;
}

/* The kind named by the line "-----@verb PGP ...-----", or NONE. */
static McArmorKind
parse_boundary (const char *line, gsize size, const char *verb)
{
  size = trimmed_size (line, size);
  for (guint i = 0; i < G_N_ELEMENTS (armor_labels); i++) {
    char wanted[64];
    gsize length = (gsize) g_snprintf (wanted, sizeof wanted, "-----%s PGP %s-----", verb,
                                       armor_labels[i].label);
    if (length == size && memcmp (wanted, line, size) == 0)
      return armor_labels[i].kind;
  }
  return MC_ARMOR_NONE;
}

/* ------------------------------------------------------------------- stream -- */

typedef struct {
  GInputStream parent;
  GInputStream *base;
  McArmorKind kind;
  McChunk *in;
  gsize in_at, in_size;
  guint8 out[3];
  guint out_at, out_size;
  gboolean line_start;      /* only white space since the last line end */
  gboolean padded;          /* the last group of the data was seen */
  gboolean ended;
  GError *failure;          /* told once all that came before it was read */
} McArmorStream;

typedef GInputStreamClass McArmorStreamClass;

static GType mc_armor_stream_get_type (void);
G_DEFINE_TYPE (McArmorStream, mc_armor_stream, G_TYPE_INPUT_STREAM)

enum { OCTET_END = -1, OCTET_ERROR = -2 };

static int
refill (McArmorStream *self, GCancellable *cancellable, GError **error)
{
  gssize n = _mc_chunk_fill (self->in, self->base, cancellable, error);
  if (n <= 0)
    return n < 0 ? OCTET_ERROR : OCTET_END;
  self->in_size = (gsize) n;
  self->in_at = 1;
  return self->in->bytes[0];
}

static inline int
next_octet (McArmorStream *self, GCancellable *cancellable, GError **error)
{
  if (G_LIKELY (self->in_at < self->in_size))
    return self->in->bytes[self->in_at++];
  return refill (self, cancellable, error);
}

static gboolean
malformed (GError **error, const char *what)
{
  _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("broken armour: %s"), what);
  return FALSE;
}

/* Reads the rest of a line, white space at its end taken away. */
static gboolean
read_line (McArmorStream *self, char line[MAX_LINE], gsize *ret_size, GCancellable *cancellable,
           GError **error)
{
  gsize size = 0;
  for (;;) {
    int octet = next_octet (self, cancellable, error);
    if (octet == OCTET_ERROR)
      return FALSE;
    if (octet == OCTET_END || octet == '\n')
      break;
    if (size == MAX_LINE)
      return malformed (error, _("a line is too long"));
    line[size++] = (char) octet;
  }
  self->line_start = TRUE;
  *ret_size = trimmed_size (line, size);
  return TRUE;
}

/* Reads white space; FALSE without an error at the end of the input. */
static gboolean
skip_space (McArmorStream *self, int *ret_octet, GCancellable *cancellable, GError **error)
{
  int octet;
  do {
    octet = next_octet (self, cancellable, error);
  } while (is_space (octet));
  *ret_octet = octet;
  return octet >= 0;
}

static gboolean
read_headers (McArmorStream *self, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < MAX_HEADERS; i++) {
    char line[MAX_LINE];
    gsize size;
    if (!read_line (self, line, &size, cancellable, error))
      return FALSE;
    if (size == 0)
      return TRUE;
    if (memchr (line, ':', size) == NULL)
      return malformed (error, _("no empty line in front of the data"));
  }
  return malformed (error, _("too many header lines"));
}

static gboolean
read_begin (McArmorStream *self, GCancellable *cancellable, GError **error)
{
  char line[MAX_LINE];
  gsize size;
  int octet;
  if (!skip_space (self, &octet, cancellable, error))
    return octet == OCTET_ERROR ? FALSE : malformed (error, _("it is empty"));
  self->in_at--;
  if (!read_line (self, line, &size, cancellable, error))
    return FALSE;
  self->kind = parse_boundary (line, size, "BEGIN");
  if (self->kind == MC_ARMOR_NONE || self->kind == MC_ARMOR_CLEARSIGNED)
    return malformed (error, _("it does not begin with a BEGIN PGP line"));
  return read_headers (self, cancellable, error);
}

/* The first dash of the last line was read. */
static gboolean
read_end (McArmorStream *self, GCancellable *cancellable, GError **error)
{
  char line[MAX_LINE + 1] = "-";
  gsize size;
  int octet;
  if (!read_line (self, line + 1, &size, cancellable, error))
    return FALSE;
  if (parse_boundary (line, size + 1, "END") != self->kind)
    return malformed (error, _("its last line does not match its first"));
  if (skip_space (self, &octet, cancellable, error))
    return malformed (error, _("something follows it"));
  if (octet == OCTET_ERROR)
    return FALSE;
  self->ended = TRUE;
  return TRUE;
}

static inline int
base64_value (int octet)
{
  return octet < 0 || _mc_base64_values[octet] == MC_BASE64_NONE ? -1 : _mc_base64_values[octet];
}

/* The CRC is read over: RFC 9580 section 6.1 forbids to judge by it. */
static gboolean
read_checksum (McArmorStream *self, GCancellable *cancellable, GError **error)
{
  int octet;
  for (guint i = 0; i < 4; i++)
    if (base64_value (next_octet (self, cancellable, error)) < 0)
      return *error != NULL ? FALSE : malformed (error, _("its checksum is cut off"));
  if (!skip_space (self, &octet, cancellable, error))
    return octet == OCTET_ERROR ? FALSE : malformed (error, _("its last line is missing"));
  if (octet != '-')
    return malformed (error, _("data follows its checksum"));
  return read_end (self, cancellable, error);
}

static gboolean
finish_group (McArmorStream *self, guint32 bits, guint padding, GError **error)
{
  self->out[0] = (guint8) (bits >> 16);
  self->out[1] = (guint8) (bits >> 8);
  self->out[2] = (guint8) bits;
  self->out_at = 0;
  self->out_size = 3 - padding;
  if (self->padded)
    return malformed (error, _("data follows the end of the data"));
  self->padded = padding > 0;
  return TRUE;
}

/* Decodes four characters into self->out, or sets self->ended. */
static gboolean
read_group (McArmorStream *self, GCancellable *cancellable, GError **error)
{
  guint32 bits = 0;
  guint n = 0, padding = 0;
  while (n < 4) {
    int octet = next_octet (self, cancellable, error);
    int value = base64_value (octet);
    if (G_LIKELY (value >= 0 && padding == 0)) {
      self->line_start = FALSE;
      bits = bits << 6 | (guint32) value;
      n++;
    } else if (is_space (octet)) {
      self->line_start |= octet == '\n';
    } else if (octet < 0) {
      return octet == OCTET_ERROR ? FALSE : malformed (error, _("it is cut off"));
    } else if (octet == '-' && n == 0 && self->line_start) {
      return read_end (self, cancellable, error);
    } else if (octet == '=' && n == 0 && self->line_start) {
      return read_checksum (self, cancellable, error);
    } else if (octet == '=' && n >= 2) {
      bits <<= 6;
      padding++;
      n++;
    } else {
      return malformed (error, _("it holds a character that is not base64"));
    }
  }
  return finish_group (self, bits, padding, error);
}

/* Decodes whole groups that stand together in the buffer: nearly all of them do. */
static gsize
read_plain_groups (McArmorStream *self, guint8 *to, gsize count)
{
  const guint8 *in = self->in->bytes + self->in_at, *end = self->in->bytes + self->in_size;
  gsize n = _mc_base64_decode_groups (&in, end, to, count);
  self->in_at = (gsize) (in - self->in->bytes);
  if (n > 0)
    self->line_start = FALSE;
  return n;
}

static gssize
mc_armor_stream_read (GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable,
                      GError **error)
{
  McArmorStream *self = (McArmorStream *) stream;
  guint8 *to = buffer;
  gsize n = 0;
  while (n < count) {
    if (self->out_at == self->out_size && !self->padded && self->failure == NULL)
      n += read_plain_groups (self, to + n, count - n);
    if (n == count)
      break;
    if (self->out_at < self->out_size)
      to[n++] = self->out[self->out_at++];
    else if (self->ended || self->failure != NULL
             || !read_group (self, cancellable, &self->failure))
      break;
  }
  if (n > 0 || self->failure == NULL)
    return (gssize) n;
  g_propagate_error (error, g_error_copy (self->failure));
  return -1;
}

static void
mc_armor_stream_finalize (GObject *object)
{
  McArmorStream *self = (McArmorStream *) object;
  g_clear_object (&self->base);
  g_clear_error (&self->failure);
  _mc_chunk_free (self->in);
  _mc_wipe (self->out, sizeof self->out);
  G_OBJECT_CLASS (mc_armor_stream_parent_class)->finalize (object);
}

static void
mc_armor_stream_init (McArmorStream *self)
{
  self->in = _mc_chunk_new ();
  self->line_start = TRUE;
}

static void
mc_armor_stream_class_init (McArmorStreamClass *class)
{
  G_OBJECT_CLASS (class)->finalize = mc_armor_stream_finalize;
  class->read_fn = mc_armor_stream_read;
}

GInputStream *
_mc_armor_open (McSpan span, McArmorKind *ret_kind, GCancellable *cancellable, GError **error)
{
  guint8 first = 0;
  if (_mc_span_size (span) > 0
      && _mc_spool_read_at (span.spool, span.start, &first, 1, error) < 0)
    return NULL;

  /* Every packet begins with bit 7 set (RFC 9580 section 4.2), no armour does. */
  if (first & 0x80) {
    if (ret_kind != NULL)
      *ret_kind = MC_ARMOR_NONE;
    return _mc_span_open (span, MC_NEWLINES_AS_IS);
  }
  g_autoptr (GInputStream) stream = g_object_new (mc_armor_stream_get_type (), NULL);
  McArmorStream *self = (McArmorStream *) stream;
  self->base = _mc_span_open (span, MC_NEWLINES_AS_IS);
  if (!read_begin (self, cancellable, error))
    return NULL;
  if (ret_kind != NULL)
    *ret_kind = self->kind;
  return g_steal_pointer (&stream);
}

/* -------------------------------------------------------------------- probe -- */

/* Reads up to @size octets from @offset on. */
static gsize
peek (McSpan span, guint64 offset, char *buffer, gsize size)
{
  gssize n = _mc_spool_read_at (span.spool, offset, buffer, MIN (size, span.end - offset), NULL);
  return n > 0 ? (gsize) n : 0;
}

static McArmorKind
probe_begin (McSpan span)
{
  char head[4096];
  gsize size = peek (span, span.start, head, sizeof head);
  gsize at = 0;
  while (at < size && is_space (head[at]))
    at++;
  const char *line_end = memchr (head + at, '\n', size - at);
  if (line_end == NULL)
    return MC_ARMOR_NONE;
  return parse_boundary (head + at, (gsize) (line_end - head) - at, "BEGIN");
}

static McArmorKind
probe_end (McSpan span)
{
  char tail[4096];
  guint64 start = span.end - MIN (_mc_span_size (span), sizeof tail);
  gsize size = trimmed_size (tail, peek (span, start, tail, sizeof tail));
  gsize at = size;
  while (at > 0 && tail[at - 1] != '\n')
    at--;
  return parse_boundary (tail + at, size - at, "END");
}

McArmorKind
_mc_armor_probe (McSpan span)
{
  if (_mc_span_size (span) == 0)
    return MC_ARMOR_NONE;
  McArmorKind kind = probe_begin (span);
  if (kind == MC_ARMOR_NONE)
    return MC_ARMOR_NONE;
  McArmorKind closing = kind == MC_ARMOR_CLEARSIGNED ? MC_ARMOR_SIGNATURE : kind;
  return probe_end (span) == closing ? kind : MC_ARMOR_NONE;
}

/* --------------------------------------------------------------- key blocks -- */

static gboolean
append_block (McSpan block, McSpool *octets, GCancellable *cancellable, GError **error)
{
  g_autoptr (GInputStream) stream = _mc_armor_open (block, NULL, cancellable, error);
  return stream != NULL && _mc_spool_append_stream (octets, stream, cancellable, error);
}

/* Finds key blocks line by line, the span being text. */
typedef struct {
  McSpan span;
  McSpool *octets;
  McArmorKind open;         /* the block that we are in */
  guint64 block_start;
  guint blocks;
} McKeyScan;

static gboolean
scan_line (McKeyScan *scan, guint64 start, const char *line, gsize size, guint64 next,
           GCancellable *cancellable, GError **error)
{
  if (scan->open == MC_ARMOR_NONE) {
    McArmorKind kind = parse_boundary (line, size, "BEGIN");
    if (kind == MC_ARMOR_PUBLIC_KEY || kind == MC_ARMOR_PRIVATE_KEY) {
      scan->open = kind;
      scan->block_start = start;
    }
    return TRUE;
  }
  if (parse_boundary (line, size, "END") != scan->open)
    return TRUE;
  scan->open = MC_ARMOR_NONE;
  scan->blocks++;
  McSpan block = { scan->span.spool, scan->block_start, next };
  return append_block (block, scan->octets, cancellable, error);
}

static gboolean
scan_lines (McKeyScan *scan, GCancellable *cancellable, GError **error)
{
  char chunk[MAX_LINE];
  guint64 at = scan->span.start;
  while (at < scan->span.end) {
    gsize wanted = MIN (sizeof chunk, scan->span.end - at);
    gssize n = _mc_spool_read_at (scan->span.spool, at, chunk, wanted, error);
    if (n <= 0)
      return n == 0;
    const char *end = memchr (chunk, '\n', (gsize) n);
    gsize size = end != NULL ? (gsize) (end - chunk) : (gsize) n;
    guint64 next = at + size + (end != NULL);
    if (!scan_line (scan, at, chunk, size, next, cancellable, error))
      return FALSE;
    at = next;
  }
  _mc_wipe (chunk, sizeof chunk);
  return TRUE;
}

gboolean
_mc_armor_collect_keys (McSpan span, McSpool *octets, GCancellable *cancellable, GError **error)
{
  char first = 0;
  if (_mc_span_size (span) > 0)
    peek (span, span.start, &first, 1);
  if (first & 0x80)
    return append_block (span, octets, cancellable, error);

  McKeyScan scan = { .span = span, .octets = octets };
  if (!scan_lines (&scan, cancellable, error))
    return FALSE;
  if (scan.open != MC_ARMOR_NONE)
    return malformed (error, _("it is cut off"));
  if (scan.blocks == 0)
    return malformed (error, _("there is no key block"));
  return TRUE;
}

/* --------------------------------------------------------------- clearsigned -- */

#define MAX_CLEARSIGNED (64 * 1024 * 1024)

typedef struct {
  const char *data;
  gsize at, size;
} McLines;

/* The next line without its end; *ret_end says how many octets end it. */
static gboolean
next_line (McLines *lines, const char **ret_line, gsize *ret_size, gsize *ret_end)
{
  if (lines->at == lines->size)
    return FALSE;
  const char *line = lines->data + lines->at;
  const char *newline = memchr (line, '\n', lines->size - lines->at);
  gsize size = newline != NULL ? (gsize) (newline - line) : lines->size - lines->at;
  gsize end = newline != NULL;
  lines->at += size + end;
  if (end == 1 && size > 0 && line[size - 1] == '\r') {
    size--;
    end = 2;
  }
  *ret_line = line;
  *ret_size = size;
  *ret_end = end;
  return TRUE;
}

/* Only "Hash" may stand there: any other field would be text that nobody signed. */
static gboolean
read_clearsigned_head (McLines *lines, GError **error)
{
  const char *line;
  gsize size, end;
  gboolean begun = FALSE;
  while (next_line (lines, &line, &size, &end)) {
    size = trimmed_size (line, size);
    if (!begun && size == 0)
      continue;
    if (!begun) {
      if (parse_boundary (line, size, "BEGIN") != MC_ARMOR_CLEARSIGNED)
        return malformed (error, _("it does not begin with a BEGIN PGP line"));
      begun = TRUE;
    } else if (size == 0) {
      return TRUE;
    } else if (size < 5 || memcmp (line, "Hash:", 5) != 0) {
      return malformed (error, _("a header line that is not \"Hash\" stands above the signed text"));
    }
  }
  return malformed (error, _("it is cut off"));
}

static gboolean
append_text_line (const char *line, gsize size, gsize end, McSpool *text, guint64 *ret_signed,
                  GError **error)
{
  if (size > 0 && line[0] == '-') {
    if (size < 2 || line[1] != ' ')
      return malformed (error, _("a dash at the start of a line is not escaped"));
    line += 2;
    size -= 2;
  }
  gsize kept = trimmed_size (line, size);
  if (!_mc_spool_append (text, line, kept, error))
    return FALSE;
  /* The line end in front of the signature is not signed. */
  *ret_signed = _mc_spool_get_size (text);
  static const char crlf[] = "\r\n";
  return _mc_spool_append (text, crlf + 2 - end, end, error);
}

gboolean
_mc_armor_split_clearsigned (McSpan span, const McLimits *limits, McSpool *text,
                             guint64 *ret_signed, McSpan *ret_signature, GError **error)
{
  g_autoptr (GBytes) bytes =
    _mc_span_load (span, (gsize) MIN (limits->total_bytes, MAX_CLEARSIGNED), error);
  if (bytes == NULL)
    return FALSE;
  McLines lines = { NULL, 0, 0 };
  lines.data = g_bytes_get_data (bytes, &lines.size);
  if (!read_clearsigned_head (&lines, error))
    return FALSE;

  const char *line;
  gsize size, end, start = lines.at;
  *ret_signed = 0;
  while (next_line (&lines, &line, &size, &end)) {
    if (parse_boundary (line, size, "BEGIN") == MC_ARMOR_SIGNATURE) {
      *ret_signature = (McSpan) { span.spool, span.start + start, span.end };
      return TRUE;
    }
    if (!append_text_line (line, size, end, text, ret_signed, error))
      return FALSE;
    start = lines.at;
  }
  return malformed (error, _("its signature is missing"));
}
