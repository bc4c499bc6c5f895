/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/attributes.h"

#include "smime/ber.h"
#include "smime/certificate.h"
#include "smime/choice.h"
#include "smime/der.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Attributes of which there is at most one, with one value. */
static const int single_attributes[] = {
  NID_pkcs9_contentType,
  NID_pkcs9_messageDigest,
  NID_pkcs9_signingTime,
  NID_SMIMECapabilities,
  NID_id_smime_aa_encrypKeyPref,
  NID_id_smime_aa_signingCertificate,
  NID_id_smime_aa_signingCertificateV2,
};

gboolean
_mc_attributes_present (CMS_SignerInfo *info)
{
  return CMS_signed_get_attr_count (info) >= 0;
}

static gboolean
is_single (CMS_SignerInfo *info, int nid)
{
  int at = CMS_signed_get_attr_by_NID (info, nid, -1);
  if (at < 0)
    return TRUE;
  return CMS_signed_get_attr_by_NID (info, nid, at) < 0
         && X509_ATTRIBUTE_count (CMS_signed_get_attr (info, at)) == 1;
}

/* The one value of the attribute @nid, or NULL. */
static const ASN1_TYPE *
get_value (CMS_SignerInfo *info, int nid)
{
  int at = CMS_signed_get_attr_by_NID (info, nid, -1);
  X509_ATTRIBUTE *attribute = at >= 0 ? CMS_signed_get_attr (info, at) : NULL;
  return attribute != NULL ? X509_ATTRIBUTE_get0_type (attribute, 0) : NULL;
}

gboolean
_mc_attributes_check (CMS_SignerInfo *info, const ASN1_OBJECT *content_type, const char **ret_why)
{
  if (!_mc_attributes_present (info))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (single_attributes); i++)
    if (!is_single (info, single_attributes[i])) {
      *ret_why = _("a signed attribute is there twice");
      return FALSE;
    }

  const ASN1_TYPE *type = get_value (info, NID_pkcs9_contentType);
  const ASN1_TYPE *digest = get_value (info, NID_pkcs9_messageDigest);
  if (type == NULL || type->type != V_ASN1_OBJECT || digest == NULL
      || digest->type != V_ASN1_OCTET_STRING) {
    *ret_why = _("a signed attribute that has to be there is missing");
    return FALSE;
  }
  if (OBJ_cmp (type->value.object, content_type) != 0) {
    *ret_why = _("the signature is for another type of content");
    return FALSE;
  }
  return TRUE;
}

typedef enum {
  OTHER_ATTRIBUTE = 0,
  CONTENT_TYPE = 1 << 0,
  MESSAGE_DIGEST = 1 << 1,
} AttributeKind;

/* FALSE: not an Attribute. */
static gboolean
read_kind (McBer *ber, const McTlv *attribute, AttributeKind *ret_kind)
{
  static const guint8 pkcs9[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09 };
  McTlv oid;
  *ret_kind = OTHER_ATTRIBUTE;
  if (attribute->tag != MC_BER_SEQUENCE
      || !_mc_ber_read (ber, attribute->body, attribute->end, &oid, NULL) || oid.tag != MC_BER_OID)
    return FALSE;
  if (oid.end - oid.body != sizeof pkcs9 + 1)
    return TRUE;
  g_autoptr (GBytes) bytes = _mc_ber_load (ber, oid.body, oid.end, sizeof pkcs9 + 1, NULL);
  const guint8 *data = bytes != NULL ? g_bytes_get_data (bytes, NULL) : NULL;
  if (data == NULL || memcmp (data, pkcs9, sizeof pkcs9) != 0)
    return data != NULL;
  if (data[sizeof pkcs9] == 3)
    *ret_kind = CONTENT_TYPE;
  else if (data[sizeof pkcs9] == 4)
    *ret_kind = MESSAGE_DIGEST;
  return TRUE;
}

gboolean
_mc_attributes_are_content (McSpool *content)
{
  McBer ber = { .spool = content };
  McTlv outer, child;
  guint64 size = _mc_spool_get_size (content);
  guint kinds = 0;
  if (!_mc_ber_read (&ber, 0, size, &outer, NULL) || outer.end != size
      || (outer.tag != MC_BER_SET && outer.tag != MC_BER_SEQUENCE))
    return FALSE;
  McBerList list = _mc_ber_list (&outer);
  while (_mc_ber_next (&ber, &list, &child, NULL)) {
    AttributeKind kind;
    if (!read_kind (&ber, &child, &kind) || !_mc_ber_skip (&ber, &child, &list.at, NULL))
      return FALSE;
    kinds |= kind;
  }
  return list.done && kinds == (CONTENT_TYPE | MESSAGE_DIGEST);
}

gint64
_mc_attributes_signing_time (CMS_SignerInfo *info)
{
  const ASN1_TYPE *value = get_value (info, NID_pkcs9_signingTime);
  if (value == NULL)
    return 0;
  if (value->type == V_ASN1_UTCTIME)
    return _mc_asn1_time (value->value.utctime);
  if (value->type == V_ASN1_GENERALIZEDTIME)
    return _mc_asn1_time (value->value.generalizedtime);
  return 0;
}

/* ------------------------------------------------------- signing certificate -- */

/* Digests here name a certificate, they do not sign it: GLib's own suffice. */
static gboolean
fits_hash (X509 *certificate, const X509_ALGOR *algorithm, const ASN1_OCTET_STRING *hash)
{
  const ASN1_OBJECT *object = NULL;
  GChecksumType type = G_CHECKSUM_SHA256;
  guint8 digest[64];
  gsize size = sizeof digest;
  if (algorithm != NULL)
    X509_ALGOR_get0 (&object, NULL, NULL, algorithm);
  switch (object != NULL ? OBJ_obj2nid (object) : NID_sha256) {
    case NID_sha1: type = G_CHECKSUM_SHA1; break;
    case NID_sha256: type = G_CHECKSUM_SHA256; break;
    case NID_sha384: type = G_CHECKSUM_SHA384; break;
    case NID_sha512: type = G_CHECKSUM_SHA512; break;
    default: return TRUE;   /* not understood: no answer */
  }
  gsize der_size;
  g_autoptr (GBytes) der = _mc_x509_to_der (certificate);
  const guint8 *data = g_bytes_get_data (der, &der_size);
  g_autoptr (GChecksum) checksum = g_checksum_new (type);
  g_checksum_update (checksum, data, (gssize) der_size);
  g_checksum_get_digest (checksum, digest, &size);
  return ASN1_STRING_length (hash) == (int) size
         && memcmp (ASN1_STRING_get0_data (hash), digest, size) == 0;
}

/* ESSCertIDv2 ::= SEQUENCE { hashAlgorithm DEFAULT sha256, certHash OCTET STRING, ... };
 * ESSCertID ::= SEQUENCE { certHash OCTET STRING (SHA-1), ... }: both are read by hand,
 * OpenSSL has no accessors for them. @at is the SEQUENCE OF those, its first is ours. */
static gboolean
fits_first (X509 *certificate, const unsigned char *at, long size, gboolean version2)
{
  int tag, class;
  long length;
  g_autoptr (X509_ALGOR) algorithm = NULL;
  for (int level = 0; level < 3; level++) {   /* SigningCertificate, certs, the first */
    int kind = ASN1_get_object (&at, &length, &tag, &class, size);
    if ((kind & 0x81) != 0 || tag != V_ASN1_SEQUENCE)
      return FALSE;
    size = length;
  }
  if (version2 && size > 0 && *at == 0x30) {
    const unsigned char *start = at;
    algorithm = d2i_X509_ALGOR (NULL, &at, size);
    if (algorithm == NULL)
      return FALSE;
    size -= at - start;
  }
  if (!version2) {
    algorithm = X509_ALGOR_new ();
    X509_ALGOR_set0 (algorithm, OBJ_nid2obj (NID_sha1), V_ASN1_UNDEF, NULL);
  }
  g_autoptr (ASN1_OCTET_STRING) hash = d2i_ASN1_OCTET_STRING (NULL, &at, size);
  return hash != NULL && fits_hash (certificate, algorithm, hash);
}

static gboolean
fits_attribute (CMS_SignerInfo *info, X509 *certificate, int nid, gboolean version2)
{
  const ASN1_TYPE *value = get_value (info, nid);
  if (value == NULL)
    return TRUE;
  if (value->type != V_ASN1_SEQUENCE)
    return FALSE;
  return fits_first (certificate, value->value.sequence->data, value->value.sequence->length,
                     version2);
}

gboolean
_mc_attributes_fit_certificate (CMS_SignerInfo *info, X509 *certificate)
{
  return fits_attribute (info, certificate, NID_id_smime_aa_signingCertificateV2, TRUE)
         && fits_attribute (info, certificate, NID_id_smime_aa_signingCertificate, FALSE);
}

/* -------------------------------------------------------- what the signer likes -- */

GBytes *
_mc_attributes_get_capabilities (CMS_SignerInfo *info)
{
  const ASN1_TYPE *value = get_value (info, NID_SMIMECapabilities);
  if (value == NULL || value->type != V_ASN1_SEQUENCE)
    return NULL;
  return g_bytes_new (ASN1_STRING_get0_data (value->value.sequence),
                      (gsize) ASN1_STRING_length (value->value.sequence));
}

void
_mc_preference_free (McPreference *preference)
{
  if (preference == NULL)
    return;
  X509_NAME_free (preference->issuer);
  ASN1_INTEGER_free (preference->serial);
  ASN1_OCTET_STRING_free (preference->key_identifier);
  g_free (preference);
}

/* The members of an IssuerAndSerialNumber. */
static gboolean
read_issuer_serial (McPreference *preference, const unsigned char *at, long size)
{
  const unsigned char *end = at + size;
  preference->issuer = d2i_X509_NAME (NULL, &at, size);
  if (preference->issuer == NULL)
    return FALSE;
  preference->serial = d2i_ASN1_INTEGER (NULL, &at, end - at);
  return preference->serial != NULL;
}

/* CHOICE { issuerAndSerialNumber [0], receipentKeyId [1], subjectAltKeyIdentifier [2] }, all
 * IMPLICIT; a RecipientKeyIdentifier begins with the key identifier. */
McPreference *
_mc_attributes_get_preference (CMS_SignerInfo *info)
{
  int tag, class;
  long size;
  const ASN1_TYPE *value = get_value (info, NID_id_smime_aa_encrypKeyPref);
  if (value == NULL || value->type != V_ASN1_OTHER)
    return NULL;

  const unsigned char *at = ASN1_STRING_get0_data (value->value.asn1_string);
  int kind = ASN1_get_object (&at, &size, &tag, &class,
                              ASN1_STRING_length (value->value.asn1_string));
  if ((kind & 0x81) != 0 || class != V_ASN1_CONTEXT_SPECIFIC)
    return NULL;
  g_autoptr (McPreference) preference = g_new0 (McPreference, 1);
  gboolean ok = FALSE;
  if (tag == 0)
    ok = read_issuer_serial (preference, at, size);
  else if (tag == 1)
    ok = (preference->key_identifier = d2i_ASN1_OCTET_STRING (NULL, &at, size)) != NULL;
  else if (tag == 2)
    ok = (preference->key_identifier = ASN1_OCTET_STRING_new ()) != NULL
         && ASN1_OCTET_STRING_set (preference->key_identifier, at, (int) size) == 1;
  return ok ? g_steal_pointer (&preference) : NULL;
}

gboolean
_mc_preference_fits (const McPreference *preference, X509 *certificate)
{
  const ASN1_OCTET_STRING *key_identifier = X509_get0_subject_key_id (certificate);
  if (preference->key_identifier != NULL)
    return key_identifier != NULL
           && ASN1_OCTET_STRING_cmp (preference->key_identifier, key_identifier) == 0;
  return X509_NAME_cmp (preference->issuer, X509_get_issuer_name (certificate)) == 0
         && ASN1_INTEGER_cmp (preference->serial, X509_get0_serialNumber (certificate)) == 0;
}

/* ------------------------------------------------------------------- writing -- */

static void
attribute_free (gpointer attribute)
{
  X509_ATTRIBUTE_free (attribute);
}

static gboolean
add (GPtrArray *attributes, X509_ATTRIBUTE *attribute)
{
  if (attribute != NULL)
    g_ptr_array_add (attributes, attribute);
  return attribute != NULL;
}

static X509_ATTRIBUTE *
make_capabilities (void)
{
  g_autoptr (McOpensslBytes) der = NULL;
  STACK_OF (X509_ALGOR) *list = _mc_capabilities_new ();
  int size = list != NULL ? i2d_X509_ALGORS (list, &der) : 0;
  _mc_capabilities_free (list);
  return size > 0 ? X509_ATTRIBUTE_create_by_NID (NULL, NID_SMIMECapabilities, V_ASN1_SEQUENCE, der,
                                                  size)
                  : NULL;
}

/* SEQUENCE { OID, SET { [0] IMPLICIT IssuerAndSerialNumber } }: put together by hand, as
 * OpenSSL's functions take no values under a context tag. */
static X509_ATTRIBUTE *
make_preference (X509 *encryption)
{
  static const guint8 oid[] = { 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                0x0d, 0x01, 0x09, 0x10, 0x02, 0x0b };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  if (!_mc_der_append_certificate_name (out, encryption))
    return NULL;
  out->data[0] = MC_BER_CONTEXT (0) | MC_BER_CONSTRUCTED;
  _mc_der_wrap (out, MC_BER_SET);
  g_byte_array_prepend (out, oid, sizeof oid);
  _mc_der_wrap (out, MC_BER_SEQUENCE);
  const unsigned char *at = out->data;
  return d2i_X509_ATTRIBUTE (NULL, &at, out->len);
}

GPtrArray *
_mc_attributes_new (X509 *encryption)
{
  g_autoptr (GPtrArray) attributes = g_ptr_array_new_with_free_func (attribute_free);
  if (!add (attributes, make_capabilities ())
      || (encryption != NULL && !add (attributes, make_preference (encryption))))
    return NULL;
  return g_steal_pointer (&attributes);
}

/* SigningCertificateV2 (RFC 5035) with the SHA-256 that is its default. */
static X509_ATTRIBUTE *
make_signing_certificate (X509 *certificate)
{
  guint8 digest[32];
  gsize size = sizeof digest;
  g_autoptr (GBytes) der = _mc_x509_to_der (certificate);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (checksum, g_bytes_get_data (der, NULL), (gssize) g_bytes_get_size (der));
  g_checksum_get_digest (checksum, digest, &size);

  g_autoptr (GByteArray) out = g_byte_array_new ();
  _mc_der_append (out, MC_BER_OCTETS, digest, size);
  for (int level = 0; level < 3; level++)   /* ESSCertIDv2, certs, SigningCertificateV2 */
    _mc_der_wrap (out, MC_BER_SEQUENCE);
  return X509_ATTRIBUTE_create_by_NID (NULL, NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE,
                                       out->data, (int) out->len);
}

static X509_ATTRIBUTE *
make_time (void)
{
  g_autoptr (ASN1_STRING) now = X509_gmtime_adj (NULL, 0);
  return now != NULL ? X509_ATTRIBUTE_create_by_NID (NULL, NID_pkcs9_signingTime,
                                                     ASN1_STRING_type (now), now, -1)
                     : NULL;
}

gboolean
_mc_attributes_complete (GPtrArray *attributes, X509 *certificate, const guint8 *digest, gsize size)
{
  return add (attributes, X509_ATTRIBUTE_create_by_NID (NULL, NID_pkcs9_contentType, V_ASN1_OBJECT,
                                                        OBJ_nid2obj (NID_pkcs7_data), -1))
         && add (attributes, X509_ATTRIBUTE_create_by_NID (NULL, NID_pkcs9_messageDigest,
                                                           V_ASN1_OCTET_STRING, digest, (int) size))
         && add (attributes, make_time ())
         && add (attributes, make_signing_certificate (certificate));
}

/* ------------------------------------------------------------------ encoding -- */

static gint
compare_encodings (gconstpointer a, gconstpointer b)
{
  return g_bytes_compare (*(const gpointer *) a, *(const gpointer *) b);
}

static GByteArray *
encode_set (GPtrArray *encodings)
{
  GByteArray *set = g_byte_array_new ();
  g_ptr_array_sort (encodings, compare_encodings);
  for (guint i = 0; i < encodings->len; i++)
    g_byte_array_append (set, g_bytes_get_data (encodings->pdata[i], NULL),
                         (guint) g_bytes_get_size (encodings->pdata[i]));
  _mc_der_wrap (set, MC_BER_SET);
  return set;
}

static gboolean
encode_into (GPtrArray *encodings, X509_ATTRIBUTE *attribute)
{
  g_autoptr (McOpensslBytes) der = NULL;
  int size = i2d_X509_ATTRIBUTE (attribute, &der);
  if (size <= 0)
    return FALSE;
  g_ptr_array_add (encodings, g_bytes_new (der, (gsize) size));
  return TRUE;
}

GByteArray *
_mc_attributes_encode (GPtrArray *attributes)
{
  g_autoptr (GPtrArray) encodings = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (guint i = 0; i < attributes->len; i++)
    if (!encode_into (encodings, attributes->pdata[i]))
      return NULL;
  return encode_set (encodings);
}

GByteArray *
_mc_attributes_encode_signed (CMS_SignerInfo *info)
{
  g_autoptr (GPtrArray) encodings = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (int i = 0; i < CMS_signed_get_attr_count (info); i++)
    if (!encode_into (encodings, CMS_signed_get_attr (info, i)))
      return NULL;
  return encode_set (encodings);
}
