/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making key pairs, requests for certificates, and self-signed certificates. */
#include "config.h"

#include "smime/engine.h"

#include "base/address.h"
#include "base/error.h"
#include "base/secret.h"
#include "keys/keyring.h"
#include "keys/passphrase.h"
#include "smime/algorithms.h"
#include "smime/bio.h"
#include "smime/certificate.h"
#include "smime/eddsa.h"
#include "smime/private-key.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define DEFAULT_KIND "rsa3072"
#define SELF_SIGNED_DAYS (2 * 365)
#define SERIAL_BITS 159

typedef struct {
  const char *name;
  const char *type;         /* OpenSSL's */
  int bits;                 /* of RSA, else 0 */
  const char *group;        /* of EC, else NULL */
} KeyKind;

static const KeyKind kinds[] = {
  { "rsa2048", "RSA", 2048, NULL }, { "rsa3072", "RSA", 3072, NULL },
  { "rsa4096", "RSA", 4096, NULL }, { "p256", "EC", 0, "P-256" },
  { "p384", "EC", 0, "P-384" },     { "p521", "EC", 0, "P-521" },
  { "brainpoolp256r1", "EC", 0, "brainpoolP256r1" },
  { "brainpoolp384r1", "EC", 0, "brainpoolP384r1" },
  { "brainpoolp512r1", "EC", 0, "brainpoolP512r1" },
  { "ed25519", "ED25519", 0, NULL },
};

typedef struct {
  McEngine *engine;
  const McKeyRequest *request;
  GCancellable *cancellable;
  EVP_PKEY *key;
  EVP_MD *md;               /* NULL for Ed25519 */
  McSecret *passphrase;     /* nullable: none */
} Generator;

static void
generator_clear (Generator *self)
{
  EVP_PKEY_free (self->key);
  EVP_MD_free (self->md);
  mc_secret_unref (self->passphrase);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Generator, generator_clear)

static gboolean
failed (GError **error)
{
  return _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE, _("key pair cannot be made"));
}

/* ------------------------------------------------------------------------- key -- */

static const KeyKind *
find_kind (const char *name, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_ascii_strcasecmp (kinds[i].name, name != NULL ? name : DEFAULT_KIND) == 0)
      return &kinds[i];
  _mc_set_error (error, MC_ERROR_INVALID,
                 _("S/MIME has rsa2048, rsa3072, rsa4096, p256, p384, p521, ed25519, "
                   "brainpoolp256r1, brainpoolp384r1 and brainpoolp512r1"),
                 _("unknown kind of key: '%s'"), name);
  return NULL;
}

static gboolean
set_parameters (EVP_PKEY_CTX *context, const KeyKind *kind)
{
  if (kind->group != NULL)
    return EVP_PKEY_CTX_set_group_name (context, kind->group) == 1;
  return kind->bits == 0 || EVP_PKEY_CTX_set_rsa_keygen_bits (context, kind->bits) == 1;
}

static gboolean
make_key (Generator *self, GError **error)
{
  const KeyKind *kind = find_kind (self->request->algorithm, error);
  if (kind == NULL)
    return FALSE;
  g_autoptr (EVP_PKEY_CTX) context =
    EVP_PKEY_CTX_new_from_name (self->engine->libctx, kind->type, NULL);
  if (context == NULL || EVP_PKEY_keygen_init (context) != 1
      || !set_parameters (context, kind) || EVP_PKEY_generate (context, &self->key) != 1)
    return failed (error);
  if (_mc_eddsa_is_key (self->key))   /* hashes by itself */
    return TRUE;
  self->md = EVP_MD_fetch (self->engine->libctx, _mc_key_digest (self->key)->name, NULL);
  return self->md != NULL || failed (error);
}

static gboolean
take_passphrase (McSecret *secret, gpointer user_data)
{
  ((Generator *) user_data)->passphrase = mc_secret_ref (secret);
  return TRUE;
}

static gboolean
find_passphrase (Generator *self, GError **error)
{
  if (self->request->passphrase != NULL)
    return take_passphrase (self->request->passphrase, self);
  g_autofree char *address = mc_text_escape_line (self->request->address);
  g_autofree char *purpose = g_strdup_printf (_("new passphrase for the S/MIME key of %s"), address);
  McPassphraseRequest request = { .protocol = MC_PROTOCOL_SMIME, .purpose = purpose, .fresh = TRUE };
  return _mc_passphrase_find (self->engine->context, &request, take_passphrase, self,
                              self->cancellable, error);
}

/* ----------------------------------------------------------------------- names -- */

static gboolean
set_subject (Generator *self, X509_NAME *name)
{
  const char *text = self->request->name != NULL ? self->request->name : self->request->address;
  return X509_NAME_add_entry_by_NID (name, NID_commonName, MBSTRING_UTF8,
                                     (const unsigned char *) text, -1, -1, 0) == 1;
}

static gboolean
set_mail_name (GENERAL_NAME *name, const char *address)
{
  g_autoptr (ASN1_STRING) string = ASN1_STRING_type_new (V_ASN1_IA5STRING);
  if (string == NULL || ASN1_STRING_set (string, address, -1) != 1)
    return FALSE;
  GENERAL_NAME_set0_value (name, GEN_EMAIL, g_steal_pointer (&string));
  return TRUE;
}

/* RFC 9598: a local part beyond ASCII. */
static gboolean
set_utf8_name (GENERAL_NAME *name, const char *address)
{
  ASN1_TYPE *value = ASN1_TYPE_new ();
  g_autoptr (ASN1_STRING) string = ASN1_STRING_type_new (V_ASN1_UTF8STRING);
  if (value == NULL || string == NULL || ASN1_STRING_set (string, address, -1) != 1) {
    ASN1_TYPE_free (value);
    return FALSE;
  }
  ASN1_TYPE_set (value, V_ASN1_UTF8STRING, g_steal_pointer (&string));
  return GENERAL_NAME_set0_othername (name, OBJ_nid2obj (NID_id_on_SmtpUTF8Mailbox), value) == 1;
}

static X509_EXTENSION *
make_alternative_name (Generator *self)
{
  g_autofree char *canonical = _mc_address_normalise (self->request->address, -1);
  g_autoptr (GENERAL_NAMES) names = GENERAL_NAMES_new ();
  GENERAL_NAME *name = GENERAL_NAME_new ();
  const char *address = self->request->address;
  if (!g_str_is_ascii (address))
    address = canonical;
  gboolean ok = name != NULL && names != NULL
                && (g_str_is_ascii (address) ? set_mail_name (name, address)
                                             : set_utf8_name (name, address));
  if (!ok || sk_GENERAL_NAME_push (names, name) <= 0) {
    GENERAL_NAME_free (name);
    return NULL;
  }
  return X509V3_EXT_i2d (NID_subject_alt_name, 0, names);
}

/* --------------------------------------------------------------------- request -- */

static gboolean
add_request_extensions (Generator *self, X509_REQ *request)
{
  STACK_OF (X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null ();
  X509_EXTENSION *name = make_alternative_name (self);
  gboolean ok = extensions != NULL && name != NULL && sk_X509_EXTENSION_push (extensions, name) > 0;
  if (!ok)
    X509_EXTENSION_free (name);
  ok = ok && X509_REQ_add_extensions (request, extensions) == 1;
  sk_X509_EXTENSION_pop_free (extensions, X509_EXTENSION_free);
  return ok;
}

static GBytes *
make_request (Generator *self, GError **error)
{
  g_autoptr (X509_REQ) request = X509_REQ_new_ex (self->engine->libctx, NULL);
  g_autoptr (BIO) bio = BIO_new (BIO_s_mem ());
  if (request == NULL || bio == NULL || X509_REQ_set_version (request, X509_REQ_VERSION_1) != 1
      || !set_subject (self, X509_REQ_get_subject_name (request))
      || X509_REQ_set_pubkey (request, self->key) != 1 || !add_request_extensions (self, request)
      || X509_REQ_sign (request, self->key, self->md) <= 0
      || PEM_write_bio_X509_REQ (bio, request) != 1) {
    failed (error);
    return NULL;
  }
  return _mc_smime_bio_take_bytes (bio);
}

/* ----------------------------------------------------------------- certificate -- */

static gboolean
set_serial (X509 *certificate)
{
  g_autoptr (BIGNUM) number = BN_new ();
  return number != NULL && BN_rand (number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1
         && BN_to_ASN1_INTEGER (number, X509_get_serialNumber (certificate)) != NULL;
}

static gboolean
add_extension (X509 *certificate, int nid, const char *value)
{
  X509V3_CTX context;
  X509V3_set_ctx (&context, certificate, certificate, NULL, NULL, 0);
  g_autoptr (X509_EXTENSION) extension = X509V3_EXT_nconf_nid (NULL, &context, nid, value);
  return extension != NULL && X509_add_ext (certificate, extension, -1) == 1;
}

static gboolean
add_extensions (Generator *self, X509 *certificate)
{
  g_autoptr (X509_EXTENSION) name = make_alternative_name (self);
  const char *usage = EVP_PKEY_is_a (self->key, "EC")  ? "critical,digitalSignature,keyAgreement"
                      : _mc_eddsa_is_key (self->key) ? "critical,digitalSignature"
                                                     : "critical,digitalSignature,keyEncipherment";
  return name != NULL && X509_add_ext (certificate, name, -1) == 1
         && add_extension (certificate, NID_basic_constraints, "critical,CA:FALSE")
         && add_extension (certificate, NID_key_usage, usage)
         && add_extension (certificate, NID_ext_key_usage, "emailProtection")
         && add_extension (certificate, NID_subject_key_identifier, "hash");
}

static X509 *
make_certificate (Generator *self, GError **error)
{
  g_autoptr (X509) certificate = X509_new_ex (self->engine->libctx, NULL);
  X509_NAME *subject = certificate != NULL ? X509_get_subject_name (certificate) : NULL;
  if (subject == NULL || X509_set_version (certificate, X509_VERSION_3) != 1
      || !set_serial (certificate) || !set_subject (self, subject)
      || X509_set_issuer_name (certificate, subject) != 1
      || X509_gmtime_adj (X509_getm_notBefore (certificate), -300) == NULL
      || X509_time_adj_ex (X509_getm_notAfter (certificate), SELF_SIGNED_DAYS, 0, NULL) == NULL
      || X509_set_pubkey (certificate, self->key) != 1 || !add_extensions (self, certificate)
      || X509_sign (certificate, self->key, self->md) <= 0) {
    failed (error);
    return NULL;
  }
  /* Read again: what is stored is what was signed, and its caches are fresh. */
  g_autoptr (GBytes) der = _mc_x509_to_der (certificate);
  return _mc_x509_from_bytes (self->engine, der);
}

/* --------------------------------------------------------------------- storing -- */

static gboolean
write_request (Generator *self, GBytes *pem, GError **error)
{
  gsize size;
  const void *data = g_bytes_get_data (pem, &size);
  return g_output_stream_write_all (self->request->csr, data, size, NULL, self->cancellable, error)
         || _mc_error_adopt (error, MC_ERROR_IO, _("certificate request cannot be written"));
}

/* The certificate, and the word that it is its address's: nobody else could say so. */
static gboolean
store_certificate (McStore *store, X509 *x509, const char *canonical, GError **error)
{
  g_autoptr (McCertificate) certificate = _mc_certificate_from_x509 (x509);
  return _mc_store_add_certificate (store, certificate, NULL, error)
         && _mc_store_set_pin (store, MC_PROTOCOL_SMIME, certificate->fingerprint, canonical,
                               MC_PIN_TRUSTED, error);
}

static gboolean
store_pair (Generator *self, X509 *certificate, McKeyFile *file, const char *canonical,
            GError **error)
{
  McStore *store = NULL;
  if (certificate == NULL)
    return _mc_key_file_place (file, error);
  if (!_mc_context_get_store (self->engine->context, TRUE, &store, error)
      || !_mc_store_begin (store, error))
    return FALSE;
  if (store_certificate (store, certificate, canonical, error) && _mc_key_file_place (file, error)
      && _mc_store_commit (store, error))
    return TRUE;
  _mc_store_rollback (store);
  _mc_key_file_withdraw (file);
  return FALSE;
}

static McKey *
make_result (Generator *self, X509 *certificate, const char *canonical)
{
  McKey *key = _mc_smime_key_new (self->engine, certificate);
  McIdentity *identity = _mc_key_find_identity (key, canonical);
  if (identity != NULL)
    identity->trust = MC_TRUST_TRUSTED;
  key->secret = MC_SECRET_FILE;
  return key;
}

static gboolean
generate (Generator *self, const char *canonical, McKey **ret_key, GError **error)
{
  g_autoptr (X509) certificate = NULL;
  g_autoptr (GBytes) pem = NULL;
  if (!make_key (self, error) || !find_passphrase (self, error))
    return FALSE;
  if (self->request->csr != NULL && (pem = make_request (self, error)) == NULL)
    return FALSE;
  if (self->request->self_signed && (certificate = make_certificate (self, error)) == NULL)
    return FALSE;

  g_autofree char *public_key =
    certificate != NULL ? _mc_x509_public_key_id (certificate) : _mc_pkey_public_key_id (self->key);
  g_autoptr (McKeyFile) file =
    _mc_key_file_write (self->engine, public_key, self->key, self->passphrase, error);
  if (file == NULL || !store_pair (self, certificate, file, canonical, error))
    return FALSE;
  if (pem != NULL && !write_request (self, pem, error))
    return FALSE;
  g_autofree char *fingerprint = certificate != NULL ? _mc_x509_fingerprint (certificate) : NULL;
  _mc_keyring_remember (self->engine->context, fingerprint, self->passphrase, self->cancellable);
  *ret_key = certificate != NULL ? make_result (self, certificate, canonical) : NULL;
  return TRUE;
}

gboolean
_mc_smime_generate (McEngine *engine, const McKeyRequest *request, McKey **ret_key,
                    GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  g_auto (Generator) self = { .engine = engine, .request = request, .cancellable = cancellable };
  g_autofree char *canonical = _mc_address_normalise (request->address, -1);
  if (canonical == NULL) {
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("not an address: '%s'"), request->address);
    return FALSE;
  }
  if (!request->self_signed && request->csr == NULL) {
    _mc_set_error (error, MC_ERROR_INVALID, "--csr FILE, --self-signed",
                   _("a certificate needs a request for an authority, or to be self-signed"));
    return FALSE;
  }
  return generate (&self, canonical, ret_key, error);
}
