/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "openpgp/object.h"

#include "base/error.h"
#include "openpgp/armor.h"
#include "openpgp/packets.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_SIGNATURES 64
#define MAX_KEY_PACKETS 1000000
#define MAX_SIGNATURE_BYTES 65536
#define MAX_COMPRESSION_DEPTH 2
/* What gpg has to try: all secret keys for each hidden recipient, the passphrase for each
 * of its session keys, made slow on purpose. */
#define MAX_HIDDEN 16
#define MAX_PASSPHRASES 4

static void
signature_free (McPgpSignature *signature)
{
  g_free (signature->key_id);
  g_free (signature->fingerprint);
  g_free (signature);
}

void
_mc_pgp_object_clear (McPgpObject *object)
{
  g_clear_pointer (&object->recipients, g_ptr_array_unref);
  g_clear_pointer (&object->signatures, g_ptr_array_unref);
  g_clear_pointer (&object->signature_packets, g_byte_array_unref);
  g_clear_pointer (&object->problem_text, g_free);
}

static void
object_init (McPgpObject *object)
{
  *object = (McPgpObject) { .kind = MC_PGP_UNKNOWN };
  object->recipients = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_recipient_free);
  object->signatures = g_ptr_array_new_with_free_func ((GDestroyNotify) signature_free);
  object->signature_packets = g_byte_array_new ();
}

/* --------------------------------------------------------------------- walk -- */

typedef struct {
  McPgpObject *object;
  const McLimits *limits;
  McSpool *content;         /* nullable */
  GCancellable *cancellable;
  guint one_passes;         /* that wait for their signature */
  guint packets;            /* that count */
  guint hidden;             /* recipients without a key id */
  gboolean has_content;     /* the one content was seen */
  guint depth;              /* of compression */
  guint64 budget;           /* octets that may still be read, at all depths together */
} McWalk;

typedef gboolean (*McPacketFunc) (McWalk *walk, McPackets *packets, guint tag, GError **error);

/* The first problem stays. */
static gboolean
set_problem (McWalk *walk, const char *code, const char *text)
{
  if (walk->object->problem == NULL) {
    walk->object->problem = code;
    walk->object->problem_text = g_strdup (text);
  }
  return TRUE;
}

static gboolean
malformed (GError **error, const char *what)
{
  _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("broken OpenPGP data: %s"), what);
  return FALSE;
}

static char *
to_hex (const guint8 *data, gsize size)
{
  GString *hex = g_string_sized_new (2 * size);
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (hex, "%02x", data[i]);
  return g_string_free (hex, FALSE);
}

static guint32
get_number (const guint8 *data, guint octets)
{
  guint32 number = 0;
  for (guint i = 0; i < octets; i++)
    number = number << 8 | data[i];
  return number;
}

/* ---------------------------------------------------------------- encrypted -- */

/* An all-zero key id is a hidden recipient (RFC 9580 section 5.1.8). */
static char *
key_id_to_hex (const guint8 *id)
{
  static const guint8 hidden[8];
  return memcmp (id, hidden, sizeof hidden) == 0 ? NULL : to_hex (id, 8);
}

static gboolean
on_pkesk (McWalk *walk, McPackets *packets, guint tag G_GNUC_UNUSED, GError **error)
{
  guint8 body[64];
  gssize n = _mc_packets_read (packets, body, sizeof body, walk->cancellable, error);
  if (n < 0)
    return FALSE;
  if (walk->object->recipients->len >= walk->limits->recipients) {
    _mc_set_error (error, MC_ERROR_LIMIT, NULL, _("the message has more than %u recipients"),
                   walk->limits->recipients);
    return FALSE;
  }
  gboolean is_old = n >= 10 && body[0] == 3;
  gboolean is_new = n >= 3 && body[0] == 6 && body[1] > 0 && body[1] + 2 < n;
  if (!is_old && !is_new)
    return malformed (error, _("a session key of an unknown form"));
  McRecipient *recipient = _mc_recipient_new ();
  recipient->key_id = is_old ? key_id_to_hex (body + 1) : to_hex (body + 3, body[1] - 1u);
  recipient->algorithm =
    g_strdup (_mc_pgp_public_key_name (is_old ? body[9] : body[body[1] + 2]));
  g_ptr_array_add (walk->object->recipients, recipient);
  walk->object->kind = MC_PGP_ENCRYPTED;
  walk->hidden += recipient->key_id == NULL;
  if (walk->hidden > MAX_HIDDEN)
    return set_problem (walk, "malformed", _("too many hidden recipients"));
  return TRUE;
}

static gboolean
on_skesk (McWalk *walk, McPackets *packets G_GNUC_UNUSED, guint tag G_GNUC_UNUSED, GError **error)
{
  walk->object->kind = MC_PGP_ENCRYPTED;
  if (++walk->object->passphrases > MAX_PASSPHRASES)
    return malformed (error, _("too many session keys"));
  return TRUE;
}

static gboolean
on_encrypted (McWalk *walk, McPackets *packets, guint tag, GError **error)
{
  guint8 version = 0;
  walk->object->kind = MC_PGP_ENCRYPTED;
  walk->has_content = TRUE;
  if (tag == MC_TAG_ENCRYPTED)
    return set_problem (walk, "no-integrity-protection",
                        _("the encrypted data has no integrity protection"));
  if (tag == MC_TAG_ENCRYPTED_MDC
      && _mc_packets_read (packets, &version, 1, walk->cancellable, error) < 0)
    return FALSE;
  if (tag == MC_TAG_AEAD || version != 1)
    return set_problem (walk, "unsupported-encryption",
                        _("GnuPG cannot read this form of encrypted data"));
  if (walk->object->recipients->len + walk->object->passphrases == 0)
    return malformed (error, _("encrypted data without a session key"));
  return TRUE;
}

/* ------------------------------------------------------------------- signed -- */

/* A signature's subpackets (RFC 9580 section 5.2.3.7): time, issuer, fingerprint. */
static gboolean
parse_subpackets (const guint8 *data, gsize size, gboolean hashed, McPgpSignature *signature)
{
  gsize at = 0;
  while (at < size) {
    gsize length = data[at++];
    if (length >= 192 && length < 255) {
      if (at >= size)
        return FALSE;
      length = ((length - 192) << 8) + data[at++] + 192;
    } else if (length == 255) {
      if (size - at < 4)
        return FALSE;
      length = get_number (data + at, 4);
      at += 4;
    }
    if (length == 0 || length > size - at)
      return FALSE;
    const guint8 *body = data + at + 1;
    guint type = data[at] & 0x7f;
    at += length;
    if (type == 2 && hashed && length == 5)
      signature->signed_at = get_number (body, 4);
    else if (type == 16 && length == 9 && signature->key_id == NULL)
      signature->key_id = to_hex (body, 8);
    else if (type == 33 && (length == 22 || length == 34) && signature->fingerprint == NULL)
      signature->fingerprint = to_hex (body + 1, length - 2);
  }
  return TRUE;
}

/* Versions 4 and 6; @width is the size of the length fields. */
static gboolean
parse_signature_v4 (const guint8 *body, gsize size, guint width, McPgpSignature *signature)
{
  if (size < 4 + width)
    return FALSE;
  signature->type = body[1];
  signature->public_key_algorithm = body[2];
  signature->digest_algorithm = body[3];
  gsize at = 4;
  for (guint part = 0; part < 2; part++) {
    if (size - at < width)
      return FALSE;
    gsize length = get_number (body + at, width);
    at += width;
    if (length > size - at || !parse_subpackets (body + at, length, part == 0, signature))
      return FALSE;
    at += length;
  }
  if (signature->key_id == NULL && signature->fingerprint != NULL)
    signature->key_id = width == 2 && strlen (signature->fingerprint) == 40
                          ? g_strdup (signature->fingerprint + 24)
                          : g_strndup (signature->fingerprint, 16);
  return size - at >= 2;
}

static gboolean
parse_signature_v3 (const guint8 *body, gsize size, McPgpSignature *signature)
{
  if (size < 19 || body[1] != 5)
    return FALSE;
  signature->type = body[2];
  signature->signed_at = get_number (body + 3, 4);
  signature->key_id = to_hex (body + 7, 8);
  signature->public_key_algorithm = body[15];
  signature->digest_algorithm = body[16];
  return TRUE;
}

static gboolean
parse_signature (const guint8 *body, gsize size, McPgpSignature *signature)
{
  signature->version = size > 0 ? body[0] : 0;
  switch (signature->version) {
  case 2:
  case 3:
    return parse_signature_v3 (body, size, signature);
  case 4:
    return parse_signature_v4 (body, size, 2, signature);
  case 6:
    return parse_signature_v4 (body, size, 4, signature);
  default:
    return FALSE;
  }
}

static void
keep_signature (McPgpObject *object, const guint8 *body, gsize size)
{
  const guint8 head[] = { 0xc0 | MC_TAG_SIGNATURE, 255, (guint8) (size >> 24),
                          (guint8) (size >> 16), (guint8) (size >> 8), (guint8) size };
  g_byte_array_append (object->signature_packets, head, sizeof head);
  g_byte_array_append (object->signature_packets, body, (guint) size);
}

static gboolean
on_signature (McWalk *walk, McPackets *packets, guint tag G_GNUC_UNUSED, GError **error)
{
  g_autofree guint8 *body = g_malloc (MAX_SIGNATURE_BYTES + 1);
  gssize n = _mc_packets_read (packets, body, MAX_SIGNATURE_BYTES + 1, walk->cancellable, error);
  if (n < 0)
    return FALSE;
  McPgpSignature *signature = g_new0 (McPgpSignature, 1);
  g_ptr_array_add (walk->object->signatures, signature);
  if (n > MAX_SIGNATURE_BYTES || !parse_signature (body, (gsize) n, signature))
    return malformed (error, _("a signature of an unknown form"));
  if (walk->object->signatures->len > MAX_SIGNATURES)
    return malformed (error, _("too many signatures"));
  keep_signature (walk->object, body, (gsize) n);
  if (walk->object->kind == MC_PGP_UNKNOWN)
    walk->object->kind = MC_PGP_SIGNATURES;
  if (walk->one_passes > 0)
    walk->one_passes--;
  return TRUE;
}

static gboolean
on_one_pass (McWalk *walk, McPackets *packets G_GNUC_UNUSED, guint tag G_GNUC_UNUSED,
             GError **error)
{
  walk->object->kind = MC_PGP_SIGNED;
  if (++walk->one_passes > MAX_SIGNATURES)
    return malformed (error, _("too many signatures"));
  return TRUE;
}

/* ------------------------------------------------------------------ content -- */

static gboolean
see_content (McWalk *walk)
{
  gboolean is_signed = walk->object->signatures->len > 0 || walk->one_passes > 0;
  walk->object->kind = is_signed ? MC_PGP_SIGNED : MC_PGP_LITERAL;
  walk->has_content = TRUE;
  return TRUE;
}

static gboolean
on_literal (McWalk *walk, McPackets *packets, guint tag G_GNUC_UNUSED, GError **error)
{
  guint8 head[2], rest[255 + 4];
  if (_mc_packets_read (packets, head, 2, walk->cancellable, error) < 0)
    return FALSE;
  gssize wanted = head[1] + 4;
  gssize n = _mc_packets_read (packets, rest, (gsize) wanted, walk->cancellable, error);
  if (n < 0)
    return FALSE;
  if (n != wanted)
    return malformed (error, _("a literal packet that is too short"));
  see_content (walk);
  if (walk->content == NULL)
    return TRUE;
  g_autoptr (GInputStream) body = _mc_packets_open_body (packets);
  return _mc_spool_append_stream (walk->content, body, walk->cancellable, error);
}

static gboolean walk_packets (McWalk *walk, GInputStream *stream, GError **error);

static gboolean
walk_inflated (McWalk *walk, McPackets *packets, GZlibCompressorFormat format, GError **error)
{
  g_autoptr (GInputStream) body = _mc_packets_open_body (packets);
  g_autoptr (GZlibDecompressor) inflate = g_zlib_decompressor_new (format);
  g_autoptr (GInputStream) inflated =
    g_converter_input_stream_new (body, G_CONVERTER (inflate));
  walk->depth++;
  gboolean ok = walk_packets (walk, inflated, error);
  walk->depth--;
  return ok;
}

static gboolean
on_compressed (McWalk *walk, McPackets *packets, guint tag G_GNUC_UNUSED, GError **error)
{
  guint8 algorithm = 0;
  if (_mc_packets_read (packets, &algorithm, 1, walk->cancellable, error) < 0)
    return FALSE;
  if (walk->depth == MAX_COMPRESSION_DEPTH)
    return malformed (error, _("compression within compression"));
  switch (algorithm) {
  case 1:
    return walk_inflated (walk, packets, G_ZLIB_COMPRESSOR_FORMAT_RAW, error);
  case 2:
    return walk_inflated (walk, packets, G_ZLIB_COMPRESSOR_FORMAT_ZLIB, error);
  case 3:
    walk->object->unreadable = TRUE;
    return see_content (walk);
  default:
    return malformed (error, _("an unknown compression"));
  }
}

/* --------------------------------------------------------------------- keys -- */

static gboolean
belongs_to_key (guint tag)
{
  switch (tag) {
  case MC_TAG_SIGNATURE:
  case MC_TAG_SECRET_KEY:
  case MC_TAG_PUBLIC_KEY:
  case MC_TAG_SECRET_SUBKEY:
  case MC_TAG_PUBLIC_SUBKEY:
  case MC_TAG_TRUST:
  case MC_TAG_USER_ID:
  case MC_TAG_USER_ATTRIBUTE:
    return TRUE;
  default:
    return tag >= 60;   /* private use */
  }
}

static gboolean
on_key (McWalk *walk, McPackets *packets G_GNUC_UNUSED, guint tag, GError **error)
{
  walk->object->kind = MC_PGP_KEYS;
  walk->object->secret_keys += tag == MC_TAG_SECRET_KEY;
  walk->object->public_keys += tag == MC_TAG_PUBLIC_KEY;
  if (walk->packets > MAX_KEY_PACKETS)
    return malformed (error, _("too many packets"));
  return TRUE;
}

/* ------------------------------------------------------------------ grammar -- */

/* What may stand where (RFC 9580 section 10.3), narrowed down to one message. */
static McPacketFunc
find_func (const McWalk *walk, guint tag)
{
  const McPgpObject *object = walk->object;
  gboolean is_key = tag == MC_TAG_SECRET_KEY || tag == MC_TAG_PUBLIC_KEY;
  if (object->kind == MC_PGP_KEYS)
    return belongs_to_key (tag) ? on_key : NULL;
  if (is_key)
    return object->kind == MC_PGP_UNKNOWN && walk->depth == 0 ? on_key : NULL;

  switch (tag) {
  case MC_TAG_PKESK:
  case MC_TAG_SKESK:
  case MC_TAG_ENCRYPTED:
  case MC_TAG_ENCRYPTED_MDC:
  case MC_TAG_AEAD: {
    gboolean fits = object->kind == MC_PGP_ENCRYPTED || object->kind == MC_PGP_UNKNOWN;
    if (!fits || walk->has_content || walk->depth > 0)
      return NULL;
    return tag == MC_TAG_PKESK ? on_pkesk : tag == MC_TAG_SKESK ? on_skesk : on_encrypted;
  }
  case MC_TAG_ONE_PASS:
    return !walk->has_content && object->signatures->len == 0
               && object->kind != MC_PGP_ENCRYPTED ? on_one_pass : NULL;
  case MC_TAG_SIGNATURE: {
    gboolean behind = walk->has_content && walk->one_passes > 0;
    gboolean in_front = !walk->has_content && walk->one_passes == 0;
    return object->kind != MC_PGP_ENCRYPTED && (behind || in_front) ? on_signature : NULL;
  }
  case MC_TAG_LITERAL:
  case MC_TAG_COMPRESSED:
    if (object->kind == MC_PGP_ENCRYPTED || walk->has_content)
      return NULL;
    return tag == MC_TAG_LITERAL ? on_literal : on_compressed;
  default:
    return NULL;
  }
}

static gboolean
walk_packet (McWalk *walk, McPackets *packets, guint tag, GError **error)
{
  if (tag == MC_TAG_MARKER || tag == MC_TAG_PADDING)
    return TRUE;
  McPacketFunc func = find_func (walk, tag);
  walk->packets++;
  if (func != NULL)
    return func (walk, packets, tag, error);
  if (walk->has_content)
    return set_problem (walk, "trailing-data", _("something follows the message"));
  return malformed (error, _("a packet in a place where it does not belong"));
}

static gboolean
walk_packets (McWalk *walk, GInputStream *stream, GError **error)
{
  g_autoptr (McPackets) packets = _mc_packets_new (stream, &walk->budget);
  guint tag;
  while (_mc_packets_next (packets, &tag, walk->cancellable, error)) {
    if (tag == 0)
      return TRUE;
    if (!walk_packet (walk, packets, tag, error))
      return FALSE;
  }
  return FALSE;
}

static gboolean
check_end (McWalk *walk, GError **error)
{
  McPgpKind kind = walk->object->kind;
  if (kind == MC_PGP_UNKNOWN)
    return malformed (error, _("it is empty"));
  if (kind == MC_PGP_ENCRYPTED && !walk->has_content)
    return malformed (error, _("there is no encrypted data"));
  if (kind == MC_PGP_SIGNED && (!walk->has_content || walk->one_passes > 0))
    return malformed (error, _("content or signature is missing"));
  return TRUE;
}

/* Broken input is what was found out, not a failure to find out. */
static gboolean
take_problem (McWalk *walk, GError *problem, GError **error)
{
  if (!g_error_matches (problem, MC_ERROR, MC_ERROR_MALFORMED)) {
    g_propagate_error (error, problem);
    return FALSE;
  }
  set_problem (walk, "malformed", problem->message);
  g_error_free (problem);
  return TRUE;
}

static gboolean
read_stream (McWalk *walk, GInputStream *stream, GError **error)
{
  GError *problem = NULL;
  if (walk_packets (walk, stream, &problem) && check_end (walk, &problem))
    return !walk->object->unreadable
           || set_problem (walk, MC_PGP_UNREADABLE, _("unsupported compression: bzip2"));
  return take_problem (walk, problem, error);
}

gboolean
_mc_pgp_object_read (GInputStream *stream, const McLimits *limits, McSpool *content,
                     McPgpObject *ret_object, GCancellable *cancellable, GError **error)
{
  g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
  object_init (&object);
  McWalk walk = { .object = &object, .limits = limits, .content = content,
                  .cancellable = cancellable, .budget = limits->total_bytes };
  if (!read_stream (&walk, stream, error))
    return FALSE;
  *ret_object = object;
  object = (McPgpObject) { .kind = MC_PGP_UNKNOWN };
  return TRUE;
}

gboolean
_mc_pgp_object_read_span (McSpan span, const McLimits *limits, McSpool *content,
                          McPgpObject *ret_object, GCancellable *cancellable, GError **error)
{
  GError *problem = NULL;
  McArmorKind kind;
  g_autoptr (GInputStream) stream = _mc_armor_open (span, &kind, cancellable, &problem);
  if (stream != NULL)
    return _mc_pgp_object_read (stream, limits, content, ret_object, cancellable, error);

  McWalk walk = { .object = ret_object };
  object_init (ret_object);
  if (take_problem (&walk, problem, error))
    return TRUE;
  _mc_pgp_object_clear (ret_object);
  return FALSE;
}

gboolean
_mc_pgp_object_probe (const guint8 *head, gsize size)
{
  g_autoptr (GInputStream) stream =
    g_memory_input_stream_new_from_data (head, (gssize) size, NULL);
  guint64 budget = size;
  g_autoptr (McPackets) packets = _mc_packets_new (stream, &budget);
  guint tag;
  guint8 version;
  if (!_mc_packets_next (packets, &tag, NULL, NULL)
      || _mc_packets_read (packets, &version, 1, NULL, NULL) != 1)
    return FALSE;
  switch (tag) {
  case MC_TAG_PKESK:
  case MC_TAG_ONE_PASS:
    return version == 3 || version == 6;
  case MC_TAG_SKESK:
    return version >= 4 && version <= 6;
  case MC_TAG_SIGNATURE:
    return version == 3 || version == 4 || version == 6;
  case MC_TAG_COMPRESSED:
    return version >= 1 && version <= 3;
  default:
    return FALSE;
  }
}
