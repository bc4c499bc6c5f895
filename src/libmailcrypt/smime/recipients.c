/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/recipients.h"

#include "base/error.h"
#include "smime/algorithms.h"
#include "smime/certificate.h"
#include "smime/names.h"
#include "smime/private-key.h"

#include <glib/gi18n-lib.h>

/* One name of a recipient in the object. */
typedef struct {
  ASN1_OCTET_STRING *key_identifier;
  X509_NAME *issuer;
  ASN1_INTEGER *serial;
  const char *scheme;       /* of the key encryption, static */
  gboolean sha1;            /* the key is derived with SHA-1 */
  CMS_RecipientInfo *info;
  CMS_RecipientEncryptedKey *encrypted_key;   /* of key agreement, else NULL */
} Name;

typedef struct {
  McEngine *engine;
  McLayer *layer;
  GPtrArray *own;
} Lister;

void
_mc_own_recipient_free (McOwnRecipient *own)
{
  if (own == NULL)
    return;
  X509_free (own->certificate);
  g_free (own->algorithm);
  g_free (own);
}

static gboolean
names_certificate (const Name *name, X509 *certificate)
{
  if (name->encrypted_key != NULL)
    return CMS_RecipientEncryptedKey_cert_cmp (name->encrypted_key, certificate) == 0;
  return CMS_RecipientInfo_ktri_cert_cmp (name->info, certificate) == 0;
}

/* "ecdh-p256" once the certificate tells the curve, else the bare scheme. */
static char *
describe_algorithm (const Name *name, X509 *certificate)
{
  if (name->encrypted_key == NULL || certificate == NULL)
    return g_strdup (name->scheme);
  g_autofree char *curve = _mc_key_algorithm (X509_get0_pubkey (certificate));
  return g_strconcat (name->scheme, "-", curve, NULL);
}

static void
note_certificate (Lister *self, const Name *name, X509 *certificate, McRecipient *recipient)
{
  g_autoptr (GPtrArray) identities = _mc_x509_identities (certificate);
  const McIdentity *first = identities->pdata[0];
  if (recipient->address == NULL)
    recipient->address = g_strdup (first->display);
  g_free (recipient->algorithm);
  recipient->algorithm = describe_algorithm (name, certificate);
  if (!_mc_private_key_exists (self->engine, certificate))
    return;

  McOwnRecipient *own = g_new0 (McOwnRecipient, 1);
  X509_up_ref (certificate);
  own->certificate = certificate;
  own->algorithm = g_strdup (recipient->algorithm);
  own->sha1 = name->sha1;
  g_ptr_array_add (self->own, own);
  recipient->have_secret = TRUE;
}

static gboolean
add_name (Lister *self, const Name *name, GError **error)
{
  McRecipient *recipient = _mc_recipient_new ();
  g_ptr_array_add (self->layer->recipients, recipient);
  recipient->algorithm = g_strdup (name->scheme);
  if (name->key_identifier != NULL)
    recipient->key_id = _mc_asn1_hex (name->key_identifier);
  else if (name->issuer != NULL && name->serial != NULL)
    recipient->key_id = _mc_issuer_serial_text (name->issuer, name->serial);
  if (self->own == NULL)
    return TRUE;

  g_autoptr (McX509Stack) known = sk_X509_new_null ();
  if (!_mc_smime_find_named (self->engine, name->issuer, name->serial, name->key_identifier, known,
                             error))
    return FALSE;
  for (int i = 0; i < sk_X509_num (known); i++)
    if (names_certificate (name, sk_X509_value (known, i)))
      note_certificate (self, name, sk_X509_value (known, i), recipient);
  return TRUE;
}

static const char *
transport_scheme (CMS_RecipientInfo *info)
{
  X509_ALGOR *algorithm = NULL;
  const ASN1_OBJECT *object = NULL;
  if (CMS_RecipientInfo_ktri_get0_algs (info, NULL, NULL, &algorithm) != 1)
    return "unknown";
  X509_ALGOR_get0 (&object, NULL, NULL, algorithm);
  switch (OBJ_obj2nid (object)) {
    case NID_rsaEncryption:
      return "rsa-pkcs1";
    case NID_rsaesOaep:
      return "rsa-oaep";
    default:
      return "unknown";
  }
}

static gboolean
add_transport (Lister *self, CMS_RecipientInfo *info, GError **error)
{
  Name name = { .info = info, .scheme = transport_scheme (info) };
  if (CMS_RecipientInfo_ktri_get0_signer_id (info, &name.key_identifier, &name.issuer,
                                             &name.serial) != 1)
    return TRUE;
  return add_name (self, &name, error);
}

static gboolean
derives_with_sha1 (CMS_RecipientInfo *info)
{
  X509_ALGOR *algorithm = NULL;
  ASN1_OCTET_STRING *ukm = NULL;
  const ASN1_OBJECT *object = NULL;
  if (CMS_RecipientInfo_kari_get0_alg (info, &algorithm, &ukm) != 1)
    return FALSE;
  X509_ALGOR_get0 (&object, NULL, NULL, algorithm);
  int nid = OBJ_obj2nid (object);
  return nid == NID_dhSinglePass_stdDH_sha1kdf_scheme
         || nid == NID_dhSinglePass_cofactorDH_sha1kdf_scheme;
}

static gboolean
add_agreement (Lister *self, CMS_RecipientInfo *info, GError **error)
{
  STACK_OF (CMS_RecipientEncryptedKey) *keys = CMS_RecipientInfo_kari_get0_reks (info);
  gboolean sha1 = derives_with_sha1 (info);
  for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num (keys); i++) {
    Name name = { .info = info, .scheme = sha1 ? "ecdh-sha1" : "ecdh", .sha1 = sha1 };
    name.encrypted_key = sk_CMS_RecipientEncryptedKey_value (keys, i);
    if (CMS_RecipientEncryptedKey_get0_id (name.encrypted_key, &name.key_identifier, NULL, NULL,
                                           &name.issuer, &name.serial) == 1
        && !add_name (self, &name, error))
      return FALSE;
  }
  return TRUE;
}

/* Passwords and shared keys: not what mail uses, but said. */
static gboolean
add_other (Lister *self, const char *scheme)
{
  McRecipient *recipient = _mc_recipient_new ();
  recipient->algorithm = g_strdup (scheme);
  g_ptr_array_add (self->layer->recipients, recipient);
  return TRUE;
}

/* "rsa-oaep", or "rsa-pkcs1, ecdh": the kinds there are, each once. */
static void
name_schemes (McLayer *layer)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; i < layer->recipients->len; i++) {
    char *name = ((McRecipient *) layer->recipients->pdata[i])->algorithm;
    if (!g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
      g_ptr_array_add (names, name);
  }
  if (names->len == 0)
    return;
  g_ptr_array_add (names, NULL);
  g_autofree char *joined = g_strjoinv (", ", (char **) names->pdata);
  _mc_layer_set_algorithm (layer, "key-encryption", joined);
}

gboolean
_mc_smime_list_recipients (McEngine *engine, CMS_ContentInfo *cms, McLayer *layer, GPtrArray *own,
                           GError **error)
{
  Lister self = { engine, layer, own };
  STACK_OF (CMS_RecipientInfo) *infos = CMS_get0_RecipientInfos (cms);
  guint most = _mc_context_get_limits (engine->context)->recipients;
  gboolean ok = TRUE;
  for (int i = 0; ok && i < sk_CMS_RecipientInfo_num (infos); i++) {
    CMS_RecipientInfo *info = sk_CMS_RecipientInfo_value (infos, i);
    switch (CMS_RecipientInfo_type (info)) {
      case CMS_RECIPINFO_TRANS:
        ok = add_transport (&self, info, error);
        break;
      case CMS_RECIPINFO_AGREE:
        ok = add_agreement (&self, info, error);
        break;
      case CMS_RECIPINFO_KEK:
        ok = add_other (&self, "shared-key");
        break;
      case CMS_RECIPINFO_PASS:
        ok = add_other (&self, "password");
        break;
      default:
        ok = add_other (&self, "unknown");
        break;
    }
    if (ok && layer->recipients->len > most) {
      _mc_set_error (error, MC_ERROR_LIMIT, NULL, _("more than %u recipients"), most);
      return FALSE;
    }
  }
  if (ok)
    name_schemes (layer);
  return ok;
}
