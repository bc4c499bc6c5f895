/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/split.h"

#include "base/error.h"
#include "smime/bio.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Certificates, revocation lists, recipients: whatever is not content. */
#define MAX_SKELETON_BYTES ((gsize) 32 * 1024 * 1024)
#define MAX_OID_BYTES ((gsize) 64)
/* Behind the object. */
#define MAX_PADDING_BYTES ((gsize) 64)

#define PKCS7 "\x2a\x86\x48\x86\xf7\x0d\x01\x07"
#define SMIME_CT "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"
#define OID_DATA PKCS7 "\x01"

typedef struct {
  const char *oid;          /* content octets */
  McCmsKind kind;
  const char *format;
} ContentType;

static const ContentType content_types[] = {
  { OID_DATA, MC_CMS_DATA, "data" },
  { PKCS7 "\x02", MC_CMS_SIGNED, "signed-data" },
  { PKCS7 "\x03", MC_CMS_ENVELOPED, "enveloped-data" },
  { PKCS7 "\x05", MC_CMS_OTHER, "digested-data" },
  { PKCS7 "\x06", MC_CMS_OTHER, "encrypted-data" },
  { SMIME_CT "\x02", MC_CMS_OTHER, "authenticated-data" },
  { SMIME_CT "\x09", MC_CMS_COMPRESSED, "compressed-data" },
  { SMIME_CT "\x17", MC_CMS_AUTH_ENVELOPED, "auth-enveloped-data" },
};

typedef struct {
  McBer ber;
  GByteArray *skeleton;
  McCmsParts *parts;
} Splitter;

void
_mc_cms_parts_clear (McCmsParts *parts)
{
  g_clear_pointer (&parts->skeleton, g_bytes_unref);
  g_clear_pointer (&parts->cipher, g_bytes_unref);
  g_clear_pointer (&parts->auth_attrs, g_bytes_unref);
  g_clear_pointer (&parts->mac, g_bytes_unref);
}

static gboolean
malformed (GError **error)
{
  _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("not a well-formed S/MIME object"));
  return FALSE;
}

/* ------------------------------------------------------------------ skeleton -- */

/* Constructed elements that lose their content get an indefinite length. */
static void
open_element (Splitter *self, guint8 tag)
{
  const guint8 head[] = { tag, 0x80 };
  g_byte_array_append (self->skeleton, head, sizeof head);
}

static void
close_element (Splitter *self)
{
  const guint8 end[] = { 0, 0 };
  g_byte_array_append (self->skeleton, end, sizeof end);
}

static gboolean
copy_range (Splitter *self, guint64 start, guint64 end, GError **error)
{
  gsize room = MAX_SKELETON_BYTES - MIN (MAX_SKELETON_BYTES, self->skeleton->len);
  g_autoptr (GBytes) bytes = _mc_ber_load (&self->ber, start, end, room, error);
  if (bytes == NULL)
    return FALSE;
  g_byte_array_append (self->skeleton, g_bytes_get_data (bytes, NULL),
                       (guint) g_bytes_get_size (bytes));
  return TRUE;
}

static gboolean
load_element (Splitter *self, const McTlv *tlv, guint64 next, GBytes **ret_bytes, GError **error)
{
  g_clear_pointer (ret_bytes, g_bytes_unref);
  *ret_bytes = _mc_ber_load (&self->ber, tlv->start, next, MAX_SKELETON_BYTES, error);
  return *ret_bytes != NULL;
}

/* The next element, which must be there and have @tag. */
static gboolean
expect (Splitter *self, McBerList *list, guint8 tag, McTlv *ret_tlv, GError **error)
{
  if (!_mc_ber_next (&self->ber, list, ret_tlv, error))
    return list->done ? malformed (error) : FALSE;
  return ret_tlv->tag == tag || malformed (error);
}

/* Nothing may be left in @list; *ret_next is the place behind it. */
static gboolean
expect_end (Splitter *self, McBerList *list, guint64 *ret_next, GError **error)
{
  McTlv more;
  if (_mc_ber_next (&self->ber, list, &more, error))
    return malformed (error);
  *ret_next = list->at;
  return list->done;
}

/* ------------------------------------------------------------- content inside -- */

static gboolean
read_oid (Splitter *self, const McTlv *tlv, GBytes **ret_oid, GError **error)
{
  if (tlv->end - tlv->body > MAX_OID_BYTES)
    return malformed (error);
  *ret_oid = _mc_ber_load (&self->ber, tlv->body, tlv->end, MAX_OID_BYTES, error);
  return *ret_oid != NULL;
}

static gboolean
is_oid (GBytes *bytes, const char *oid)
{
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);
  return size == strlen (oid) && memcmp (data, oid, size) == 0;
}

static gboolean
set_content (Splitter *self, const McTlv *tlv, GError **error)
{
  if (self->parts->has_content)
    return malformed (error);
  self->parts->has_content = TRUE;
  self->parts->content = *tlv;
  return TRUE;
}

/* [0] EXPLICIT OCTET STRING */
static gboolean
take_explicit (Splitter *self, const McTlv *tlv, guint64 *ret_next, GError **error)
{
  McTlv octets;
  McBerList list = _mc_ber_list (tlv);
  if (!_mc_ber_next (&self->ber, &list, &octets, error))
    return list.done ? malformed (error) : FALSE;
  if ((octets.tag & ~MC_BER_CONSTRUCTED) != MC_BER_OCTETS)
    return malformed (error);
  if (!set_content (self, &octets, error) || !_mc_ber_skip (&self->ber, &octets, &list.at, error))
    return FALSE;
  return expect_end (self, &list, ret_next, error);
}

/* [0] IMPLICIT OCTET STRING */
static gboolean
take_implicit (Splitter *self, const McTlv *tlv, guint64 *ret_next, GError **error)
{
  return set_content (self, tlv, error) && _mc_ber_skip (&self->ber, tlv, ret_next, error);
}

/* EncapsulatedContentInfo or EncryptedContentInfo; @tlv is opened in the skeleton. */
static gboolean
take_content_info (Splitter *self, const McTlv *tlv, gboolean encrypted, guint64 *ret_next,
                   GError **error)
{
  McTlv child;
  McBerList list = _mc_ber_list (tlv);
  g_autoptr (GBytes) oid = NULL;
  open_element (self, MC_BER_SEQUENCE);
  if (!expect (self, &list, MC_BER_OID, &child, error) || !read_oid (self, &child, &oid, error)
      || !copy_range (self, child.start, child.end, error))
    return FALSE;
  self->parts->data_inside = is_oid (oid, OID_DATA);
  list.at = child.end;

  while (_mc_ber_next (&self->ber, &list, &child, error)) {
    guint64 next;
    guint8 tag = child.tag & ~MC_BER_CONSTRUCTED;
    if (tag == MC_BER_CONTEXT (0)) {
      if (encrypted ? !take_implicit (self, &child, &next, error)
                    : !take_explicit (self, &child, &next, error))
        return FALSE;
    } else if (!_mc_ber_skip (&self->ber, &child, &next, error)
               || !copy_range (self, child.start, next, error)
               || (encrypted && child.tag == MC_BER_SEQUENCE
                   && !load_element (self, &child, next, &self->parts->cipher, error)))
      return FALSE;
    list.at = next;
  }
  close_element (self);
  *ret_next = list.at;
  return list.done;
}

/* ---------------------------------------------------------------- the objects -- */

static gboolean
count_elements (Splitter *self, const McTlv *tlv, gsize *ret_count, GError **error)
{
  McTlv child;
  McBerList list = _mc_ber_list (tlv);
  gsize count = 0;
  for (; _mc_ber_next (&self->ber, &list, &child, error); count++)
    if (!_mc_ber_skip (&self->ber, &child, &list.at, error))
      return FALSE;
  *ret_count = count;
  return list.done;
}

/* What is worth knowing of a child of the object before OpenSSL sees it. */
static gboolean
note_child (Splitter *self, const McTlv *tlv, guint64 next, gboolean behind_content,
            GError **error)
{
  McCmsParts *parts = self->parts;
  gboolean enveloped = parts->kind != MC_CMS_SIGNED;
  if (tlv->tag == MC_BER_SET && enveloped && !behind_content)
    return count_elements (self, tlv, &parts->n_recipients, error);
  if (tlv->tag == MC_BER_SET && !enveloped && behind_content)
    return count_elements (self, tlv, &parts->n_signers, error);
  if (parts->kind != MC_CMS_AUTH_ENVELOPED || !behind_content)
    return TRUE;
  if (tlv->tag == (MC_BER_CONTEXT (1) | MC_BER_CONSTRUCTED))
    return load_element (self, tlv, next, &parts->auth_attrs, error);
  if (tlv->tag != MC_BER_OCTETS)
    return TRUE;
  parts->mac_bytes = (gsize) (tlv->end - tlv->body);
  return load_element (self, tlv, next, &parts->mac, error);
}

/* SignedData, EnvelopedData, AuthEnvelopedData: the first SEQUENCE among the children
 * holds the content, all else is copied. */
static gboolean
split_object (Splitter *self, const McTlv *object, guint64 *ret_next, GError **error)
{
  McTlv child;
  McBerList list = _mc_ber_list (object);
  gboolean seen = FALSE;
  open_element (self, MC_BER_SEQUENCE);
  while (_mc_ber_next (&self->ber, &list, &child, error)) {
    guint64 next;
    if (child.tag == MC_BER_SEQUENCE && !seen) {
      seen = TRUE;
      if (!take_content_info (self, &child, self->parts->kind != MC_CMS_SIGNED, &next, error))
        return FALSE;
    } else if (!_mc_ber_skip (&self->ber, &child, &next, error)
               || !note_child (self, &child, next, seen, error)
               || !copy_range (self, child.start, next, error))
      return FALSE;
    list.at = next;
  }
  close_element (self);
  *ret_next = list.at;
  return list.done && (seen || malformed (error));
}

/* CompressedData (RFC 3274): version, algorithm, content. */
static gboolean
split_compressed (Splitter *self, const McTlv *object, guint64 *ret_next, GError **error)
{
  McTlv child;
  McBerList list = _mc_ber_list (object);
  if (!expect (self, &list, MC_BER_INTEGER, &child, error)
      || !_mc_ber_skip (&self->ber, &child, &list.at, error)
      || !expect (self, &list, MC_BER_SEQUENCE, &child, error)
      || !_mc_ber_skip (&self->ber, &child, &list.at, error)
      || !load_element (self, &child, list.at, &self->parts->cipher, error)
      || !expect (self, &list, MC_BER_SEQUENCE, &child, error)
      || !take_content_info (self, &child, FALSE, &list.at, error))
    return FALSE;
  return expect_end (self, &list, ret_next, error);
}

static gboolean
split_inner (Splitter *self, const McTlv *wrapper, guint64 *ret_next, GError **error)
{
  McTlv object;
  McBerList list = _mc_ber_list (wrapper);
  McCmsParts *parts = self->parts;
  if (parts->kind == MC_CMS_DATA) {
    parts->data_inside = TRUE;
    return take_explicit (self, wrapper, ret_next, error);
  }
  if (!expect (self, &list, MC_BER_SEQUENCE, &object, error))
    return FALSE;
  if (parts->kind == MC_CMS_COMPRESSED)
    return split_compressed (self, &object, &list.at, error)
           && expect_end (self, &list, ret_next, error);

  open_element (self, MC_BER_CONTEXT (0) | MC_BER_CONSTRUCTED);
  if (!split_object (self, &object, &list.at, error)
      || !expect_end (self, &list, ret_next, error))
    return FALSE;
  close_element (self);
  return TRUE;
}

/* The object ends where the span does, but for what transports and editors leave behind:
 * a line end, padding. Anything else was put there to be read by somebody. */
static gboolean
check_rest (Splitter *self, guint64 at, guint64 end, GError **error)
{
  if (end - at > MAX_PADDING_BYTES)
    return malformed (error);
  g_autoptr (GBytes) rest = _mc_ber_load (&self->ber, at, end, MAX_PADDING_BYTES, error);
  if (rest == NULL)
    return FALSE;
  gsize size;
  const char *data = g_bytes_get_data (rest, &size);
  for (gsize i = 0; i < size; i++)
    if (data[i] != '\0' && !g_ascii_isspace (data[i]))
      return malformed (error);
  return TRUE;
}

static void
set_kind (McCmsParts *parts, GBytes *oid)
{
  parts->kind = MC_CMS_OTHER;
  parts->format = "other";
  for (gsize i = 0; i < G_N_ELEMENTS (content_types); i++)
    if (is_oid (oid, content_types[i].oid)) {
      parts->kind = content_types[i].kind;
      parts->format = content_types[i].format;
    }
}

static gboolean
split_outer (Splitter *self, McSpan object, GError **error)
{
  McTlv outer, child;
  guint64 end;
  g_autoptr (GBytes) oid = NULL;
  if (!_mc_ber_read (&self->ber, object.start, object.end, &outer, error))
    return FALSE;
  if (outer.tag != MC_BER_SEQUENCE)
    return malformed (error);
  McBerList list = _mc_ber_list (&outer);
  if (!expect (self, &list, MC_BER_OID, &child, error) || !read_oid (self, &child, &oid, error))
    return FALSE;
  set_kind (self->parts, oid);
  if (self->parts->kind == MC_CMS_OTHER)
    return _mc_ber_skip (&self->ber, &outer, &end, error)
           && check_rest (self, end, object.end, error);

  open_element (self, MC_BER_SEQUENCE);
  if (!copy_range (self, child.start, child.end, error))
    return FALSE;
  list.at = child.end;
  if (!expect (self, &list, MC_BER_CONTEXT (0) | MC_BER_CONSTRUCTED, &child, error)
      || !split_inner (self, &child, &list.at, error)
      || !expect_end (self, &list, &end, error))
    return FALSE;
  close_element (self);
  return check_rest (self, end, object.end, error);
}

gboolean
_mc_cms_split (McSpan object, McCmsParts *ret_parts, GError **error)
{
  g_auto (McCmsParts) parts = { 0 };
  Splitter self = { .ber = { .spool = object.spool }, .parts = &parts };
  self.skeleton = g_byte_array_new ();
  gboolean ok = split_outer (&self, object, error);
  parts.skeleton = g_byte_array_free_to_bytes (self.skeleton);
  if (!ok)
    return FALSE;
  *ret_parts = parts;
  parts = (McCmsParts) { 0 };
  return TRUE;
}

CMS_ContentInfo *
_mc_cms_parse (OSSL_LIB_CTX *libctx, const McCmsParts *parts, GError **error)
{
  gsize size;
  const unsigned char *data = g_bytes_get_data (parts->skeleton, &size);
  CMS_ContentInfo *cms = CMS_ContentInfo_new_ex (libctx, NULL);
  if (cms == NULL || d2i_CMS_ContentInfo (&cms, &data, (long) size) == NULL) {
    malformed (error);
    return NULL;   /* d2i freed the object that it was given */
  }
  return cms;
}

typedef struct {
  McOctetReader octets;
  McSpool *spool;
} ContentReader;

static gssize
read_content (gpointer reader, void *buffer, gsize size, GError **error)
{
  return _mc_octet_reader_read (&((ContentReader *) reader)->octets, buffer, size, error);
}

static void
content_reader_free (gpointer reader)
{
  _mc_spool_unref (((ContentReader *) reader)->spool);
  g_free (reader);
}

McSpan
_mc_cms_content_span (McSpan object, const McCmsParts *parts)
{
  if (!parts->has_content || (parts->content.tag & MC_BER_CONSTRUCTED) != 0)
    return MC_SPAN_NONE;
  return (McSpan) { object.spool, parts->content.body, parts->content.end };
}

BIO *
_mc_cms_content_bio (McEngine *engine, McSpan object, const McCmsParts *parts,
                     GCancellable *cancellable)
{
  ContentReader *reader = g_new0 (ContentReader, 1);
  reader->spool = _mc_spool_ref (object.spool);
  _mc_octet_reader_init (&reader->octets, object.spool, &parts->content);
  return _mc_smime_source_new (engine, read_content, reader, content_reader_free, cancellable);
}
