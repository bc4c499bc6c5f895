/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/certificate.h"

#include "base/error.h"
#include "smime/algorithms.h"
#include "smime/ber.h"
#include "smime/der.h"
#include "smime/names.h"
#include "smime/purpose.h"

#include <glib/gi18n-lib.h>
#include <time.h>

/* ----------------------------------------------------------------------- DER -- */

X509 *
_mc_x509_from_der (OSSL_LIB_CTX *libctx, const void *data, gsize size)
{
  const unsigned char *at = data;
  X509 *certificate = size <= G_MAXINT32 ? X509_new_ex (libctx, NULL) : NULL;
  if (certificate == NULL || d2i_X509 (&certificate, &at, (long) size) == NULL)
    return NULL;   /* d2i freed it */
  if (at == (const unsigned char *) data + size)
    return certificate;
  X509_free (certificate);
  return NULL;
}

X509 *
_mc_x509_from_bytes (McEngine *engine, GBytes *der)
{
  gsize size;
  const void *data = g_bytes_get_data (der, &size);
  return _mc_x509_from_der (engine->libctx, data, size);
}

GBytes *
_mc_x509_to_der (X509 *certificate)
{
  g_autoptr (McOpensslBytes) der = NULL;
  int size = i2d_X509 (certificate, &der);
  return g_bytes_new (der, size > 0 ? (gsize) size : 0);
}

gboolean
_mc_der_append_certificate_name (GByteArray *out, X509 *certificate)
{
  g_autoptr (McOpensslBytes) issuer = NULL;
  g_autoptr (McOpensslBytes) serial = NULL;
  int issuer_size = i2d_X509_NAME (X509_get_issuer_name (certificate), &issuer);
  int serial_size = i2d_ASN1_INTEGER (X509_get0_serialNumber (certificate), &serial);
  if (issuer_size <= 0 || serial_size <= 0)
    return FALSE;
  _mc_der_append_header (out, MC_BER_SEQUENCE, (guint64) issuer_size + (guint64) serial_size);
  g_byte_array_append (out, issuer, (guint) issuer_size);
  g_byte_array_append (out, serial, (guint) serial_size);
  return TRUE;
}

char *
_mc_x509_fingerprint (X509 *certificate)
{
  g_autoptr (GBytes) der = _mc_x509_to_der (certificate);
  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, der);
}

char *
_mc_x509_public_key_id (X509 *certificate)
{
  g_autoptr (McOpensslBytes) der = NULL;
  int size = i2d_X509_PUBKEY (X509_get_X509_PUBKEY (certificate), &der);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, der, size > 0 ? (gsize) size : 0);
}

char *
_mc_pkey_public_key_id (EVP_PKEY *key)
{
  g_autoptr (McOpensslBytes) der = NULL;
  int size = i2d_PUBKEY (key, &der);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, der, size > 0 ? (gsize) size : 0);
}

/* -------------------------------------------------------------------- values -- */

gint64
_mc_asn1_time (const ASN1_TIME *time)
{
  struct tm tm;
  if (time == NULL || ASN1_TIME_to_tm (time, &tm) != 1)
    return 0;
  return timegm (&tm);
}

/* Content octets: DER less identifier and length. */
GBytes *
_mc_asn1_integer_octets (const ASN1_INTEGER *number)
{
  g_autoptr (McOpensslBytes) der = NULL;
  int size = i2d_ASN1_INTEGER (number, &der), tag, class;
  const unsigned char *at = der;
  long length = 0;
  if (size <= 0 || (ASN1_get_object (&at, &length, &tag, &class, size) & 0x80) != 0)
    return g_bytes_new (NULL, 0);
  return g_bytes_new (at, (gsize) length);
}

static char *
to_hex (const unsigned char *data, gsize size)
{
  GString *hex = g_string_sized_new (size * 2);
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (hex, "%02x", data[i]);
  return g_string_free (hex, FALSE);
}

char *
_mc_asn1_hex (const ASN1_STRING *string)
{
  return to_hex (ASN1_STRING_get0_data (string), (gsize) ASN1_STRING_length (string));
}

char *
_mc_issuer_serial_text (const X509_NAME *issuer, const ASN1_INTEGER *serial)
{
  gsize size;
  g_autofree char *name = _mc_x509_name_text (issuer);
  g_autoptr (GBytes) octets = _mc_asn1_integer_octets (serial);
  const unsigned char *data = g_bytes_get_data (octets, &size);
  g_autofree char *hex = to_hex (data, size);
  return g_strdup_printf ("%s / %s", name, hex);
}

/* --------------------------------------------------------------------- store -- */

static GStrv
list_addresses (GPtrArray *identities)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; i < identities->len; i++) {
    const McIdentity *identity = identities->pdata[i];
    if (identity->address != NULL)
      g_strv_builder_add (builder, identity->address);
  }
  return g_strv_builder_end (builder);
}

McCertificate *
_mc_certificate_from_x509 (X509 *x509)
{
  McCertificate *certificate = _mc_certificate_new ();
  g_autoptr (GPtrArray) identities = _mc_x509_identities (x509);
  const ASN1_OCTET_STRING *key_identifier = X509_get0_subject_key_id (x509);

  certificate->fingerprint = _mc_x509_fingerprint (x509);
  certificate->public_key = _mc_x509_public_key_id (x509);
  certificate->der = _mc_x509_to_der (x509);
  certificate->subject = _mc_x509_name_key (X509_get_subject_name (x509));
  certificate->issuer = _mc_x509_name_key (X509_get_issuer_name (x509));
  certificate->serial = _mc_asn1_integer_octets (X509_get0_serialNumber (x509));
  if (key_identifier != NULL)
    certificate->key_identifier = g_bytes_new (ASN1_STRING_get0_data (key_identifier),
                                               (gsize) ASN1_STRING_length (key_identifier));
  certificate->addresses = list_addresses (identities);
  certificate->label = _mc_x509_name_text (X509_get_subject_name (x509));
  certificate->valid_from = _mc_asn1_time (X509_get0_notBefore (x509));
  certificate->valid_until = _mc_asn1_time (X509_get0_notAfter (x509));
  certificate->is_authority = _mc_x509_is_authority (x509);
  return certificate;
}

void
_mc_x509_stack_add (McX509Stack *stack, X509 *certificate)
{
  for (int i = 0; i < sk_X509_num (stack); i++)
    if (X509_cmp (sk_X509_value (stack, i), certificate) == 0)
      return;
  if (X509_up_ref (certificate) == 1 && sk_X509_push (stack, certificate) <= 0)
    X509_free (certificate);
}

typedef struct {
  McEngine *engine;
  McX509Stack *stack;
} FindState;

static gboolean
add_found (const McCertificate *certificate, gpointer user_data)
{
  FindState *state = user_data;
  g_autoptr (X509) x509 = _mc_x509_from_bytes (state->engine, certificate->der);
  if (x509 != NULL)
    _mc_x509_stack_add (state->stack, x509);
  return TRUE;
}

gboolean
_mc_smime_find_x509 (McEngine *engine, const McStoreQuery *query, McX509Stack *stack,
                     GError **error)
{
  McStore *store = NULL;
  FindState state = { engine, stack };
  return _mc_context_get_store (engine->context, FALSE, &store, error)
         && _mc_store_find (store, query, add_found, &state, error);
}

gboolean
_mc_smime_find_named (McEngine *engine, const X509_NAME *issuer, const ASN1_INTEGER *serial,
                      const ASN1_OCTET_STRING *key_identifier, McX509Stack *stack, GError **error)
{
  g_autoptr (GBytes) name = NULL;
  g_autoptr (GBytes) octets = NULL;
  McStoreQuery query = { 0 };
  if (key_identifier != NULL) {
    octets = g_bytes_new (ASN1_STRING_get0_data (key_identifier),
                          (gsize) ASN1_STRING_length (key_identifier));
    query = (McStoreQuery) { .field = MC_BY_KEY_IDENTIFIER, .octets = octets };
  } else if (issuer != NULL && serial != NULL) {
    name = _mc_x509_name_key (issuer);
    octets = _mc_asn1_integer_octets (serial);
    query = (McStoreQuery) { .field = MC_BY_ISSUER_SERIAL, .name = name, .octets = octets };
  } else
    return TRUE;
  return _mc_smime_find_x509 (engine, &query, stack, error);
}

/* ---------------------------------------------------------------------- keys -- */

static void
x509_unref (gpointer certificate)
{
  X509_free (certificate);
}

static McValidity
validity_at (gint64 now, gint64 from, gint64 until)
{
  if (now < from)
    return MC_VALIDITY_NOT_YET;
  return now > until ? MC_VALIDITY_EXPIRED : MC_VALIDITY_VALID;
}

McKey *
_mc_smime_key_new (McEngine *engine, X509 *certificate)
{
  g_autofree char *fingerprint = _mc_x509_fingerprint (certificate);
  McKey *key = _mc_key_new (MC_PROTOCOL_SMIME, fingerprint);
  EVP_PKEY *public_key = X509_get0_pubkey (certificate);

  g_ptr_array_unref (key->identities);
  key->identities = _mc_x509_identities (certificate);
  key->use = _mc_x509_use (certificate);
  key->valid_from = _mc_asn1_time (X509_get0_notBefore (certificate));
  key->valid_until = _mc_asn1_time (X509_get0_notAfter (certificate));
  key->validity = public_key == NULL
                    ? MC_VALIDITY_UNUSABLE
                    : validity_at (_mc_smime_now (engine), key->valid_from, key->valid_until);
  key->algorithm = _mc_key_algorithm (public_key);
  key->subject = _mc_x509_name_text (X509_get_subject_name (certificate));
  key->issuer = _mc_x509_name_text (X509_get_issuer_name (certificate));
  key->serial = _mc_asn1_hex (X509_get0_serialNumber (certificate));
  key->is_authority = _mc_x509_is_authority (certificate);
  key->weak = public_key == NULL || _mc_key_is_weak (public_key);
  X509_up_ref (certificate);
  key->native = certificate;
  key->native_free = x509_unref;
  return key;
}

X509 *
_mc_smime_key_x509 (const McKey *key)
{
  return key->protocol == MC_PROTOCOL_SMIME ? key->native : NULL;
}

/* --------------------------------------------------------------------- files -- */

gboolean
_mc_smime_load_certificates (McEngine *engine, const char *filename, McX509Stack *stack,
                             GError **error)
{
  g_autofree char *data = NULL;
  gsize size;
  int before = sk_X509_num (stack);
  if (!g_file_get_contents (filename, &data, &size, error))
    return _mc_error_adopt (error, MC_ERROR_IO, _("cannot read certificates"));

  g_autoptr (X509) single = _mc_x509_from_der (engine->libctx, data, size);
  if (single != NULL) {
    _mc_x509_stack_add (stack, single);
    return TRUE;
  }
  g_autoptr (BIO) bio = BIO_new_mem_buf (data, (int) MIN (size, (gsize) G_MAXINT));
  for (gboolean more = TRUE; more;) {
    g_autoptr (X509) next = X509_new_ex (engine->libctx, NULL);
    more = PEM_read_bio_X509 (bio, &next, NULL, NULL) != NULL;
    if (more)
      _mc_x509_stack_add (stack, next);
  }
  if (sk_X509_num (stack) > before)
    return TRUE;
  g_autofree char *shown = g_filename_display_name (filename);
  _mc_set_error (error, MC_ERROR_INVALID, NULL, _("no certificate in '%s'"), shown);
  return FALSE;
}
