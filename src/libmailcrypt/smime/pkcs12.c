/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PKCS#12 (RFC 7292): all bags, not just the first pair. */
#include "config.h"

#include "smime/import.h"

#include "base/error.h"
#include "base/secret.h"
#include "smime/certificate.h"

#include <glib/gi18n-lib.h>

#define MAX_NESTING 8

typedef STACK_OF (PKCS7) SafeStack;
typedef STACK_OF (PKCS12_SAFEBAG) BagStack;

static void
safe_stack_free (SafeStack *stack)
{
  sk_PKCS7_pop_free (stack, PKCS7_free);
}

static void
bag_stack_free (BagStack *stack)
{
  sk_PKCS12_SAFEBAG_pop_free (stack, PKCS12_SAFEBAG_free);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SafeStack, safe_stack_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BagStack, bag_stack_free)

typedef struct {
  McHoard *hoard;
  PKCS12 *file;
  const char *password;     /* while open; NULL and "" differ here */
  int password_size;
  GPtrArray *keys;          /* of EVP_PKEY */
  McX509Stack *certificates;
  gboolean broken;
} Reader;

static void
take_key (Reader *self, const PKCS8_PRIV_KEY_INFO *info)
{
  EVP_PKEY *key = info != NULL ? EVP_PKCS82PKEY_ex (info, self->hoard->libctx, NULL) : NULL;
  if (key == NULL)
    self->broken = TRUE;
  else
    g_ptr_array_add (self->keys, key);
}

static void
take_shrouded (Reader *self, const PKCS12_SAFEBAG *bag)
{
  g_autoptr (PKCS8_PRIV_KEY_INFO) info = PKCS12_decrypt_skey_ex (
    bag, self->password, self->password_size, self->hoard->libctx, NULL);
  take_key (self, info);
}

/* Through DER: what the bag hands out belongs to another library context. */
static void
take_certificate (Reader *self, const PKCS12_SAFEBAG *bag)
{
  if (PKCS12_SAFEBAG_get_bag_nid (bag) != NID_x509Certificate)
    return;
  g_autoptr (X509) foreign = PKCS12_SAFEBAG_get1_cert (bag);
  gsize size = 0;
  g_autoptr (GBytes) der = foreign != NULL ? _mc_x509_to_der (foreign) : NULL;
  const void *data = der != NULL ? g_bytes_get_data (der, &size) : NULL;
  g_autoptr (X509) own =
    data != NULL ? _mc_x509_from_der (self->hoard->engine->libctx, data, size) : NULL;
  if (own == NULL)
    self->broken = TRUE;
  else
    _mc_x509_stack_add (self->certificates, own);
}

static void
take_bags (Reader *self, const BagStack *bags, guint depth)
{
  for (int i = 0; i < sk_PKCS12_SAFEBAG_num (bags); i++) {
    const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value (bags, i);
    switch (PKCS12_SAFEBAG_get_nid (bag)) {
      case NID_keyBag:
        take_key (self, PKCS12_SAFEBAG_get0_p8inf (bag));
        break;
      case NID_pkcs8ShroudedKeyBag:
        take_shrouded (self, bag);
        break;
      case NID_certBag:
        take_certificate (self, bag);
        break;
      case NID_safeContentsBag:
        if (depth < MAX_NESTING)
          take_bags (self, PKCS12_SAFEBAG_get0_safes (bag), depth + 1);
        break;
      default:
        break;
    }
  }
}

static BagStack *
open_safe (Reader *self, PKCS7 *safe)
{
  if (OBJ_obj2nid (safe->type) == NID_pkcs7_data)
    return PKCS12_unpack_p7data (safe);
  if (OBJ_obj2nid (safe->type) == NID_pkcs7_encrypted)
    return PKCS12_unpack_p7encdata (safe, self->password, self->password_size);
  return NULL;
}

static void
take_safes (Reader *self)
{
  g_autoptr (SafeStack) safes = PKCS12_unpack_authsafes (self->file);
  self->broken = safes == NULL;
  for (int i = 0; i < sk_PKCS7_num (safes) && !self->broken; i++) {
    g_autoptr (BagStack) bags = open_safe (self, sk_PKCS7_value (safes, i));
    if (bags == NULL)
      self->broken = TRUE;
    else
      take_bags (self, bags, 0);
  }
}

/* A file without MAC has no other test of its passphrase than that everything opens. */
static gboolean
try_passphrase (McSecret *secret, gpointer user_data)
{
  Reader *self = user_data;
  self->password = secret != NULL ? _mc_secret_get_data (secret) : NULL;
  self->password_size = secret != NULL ? (int) _mc_secret_get_size (secret) : 0;
  if (PKCS12_mac_present (self->file)
      && PKCS12_verify_mac (self->file, self->password, self->password_size) != 1)
    return FALSE;
  g_ptr_array_set_size (self->keys, 0);
  while (sk_X509_num (self->certificates) > 0)
    X509_free (sk_X509_pop (self->certificates));
  take_safes (self);
  return !self->broken || PKCS12_mac_present (self->file);
}

static gboolean
read_file (Reader *self, GError **error)
{
  McHoard *hoard = self->hoard;
  if (!_mc_hoard_open (hoard, _("passphrase of the PKCS#12 file to import"), try_passphrase, self,
                       error))
    return FALSE;
  if (self->broken) {
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL,
                   _("something in the PKCS#12 file cannot be read"));
    return FALSE;
  }
  for (int i = 0; i < sk_X509_num (self->certificates); i++)
    _mc_x509_stack_add (hoard->certificates, sk_X509_value (self->certificates, i));
  for (guint i = 0; i < self->keys->len; i++) {
    EVP_PKEY_up_ref (self->keys->pdata[i]);
    _mc_hoard_add_key (hoard, self->keys->pdata[i]);
  }
  return TRUE;
}

static void
key_free (gpointer key)
{
  EVP_PKEY_free (key);
}

gboolean
_mc_hoard_read_pkcs12 (McHoard *hoard, const void *data, gsize size, GError **error)
{
  const unsigned char *at = data;
  PKCS12 *made = PKCS12_init_ex (NID_pkcs7_data, hoard->libctx, NULL);
  g_autoptr (PKCS12) file = d2i_PKCS12 (&made, &at, (long) size);
  if (file == NULL)
    return FALSE;
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (key_free);
  g_autoptr (McX509Stack) certificates = sk_X509_new_null ();
  Reader self = { .hoard = hoard, .file = file, .keys = keys, .certificates = certificates };
  return read_file (&self, error);
}
