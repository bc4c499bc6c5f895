/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/purpose.h"

#include "smime/algorithms.h"

#include <glib/gi18n-lib.h>

gboolean
_mc_x509_is_authority (X509 *certificate)
{
  g_autoptr (BASIC_CONSTRAINTS) constraints =
    X509_get_ext_d2i (certificate, NID_basic_constraints, NULL, NULL);
  return constraints != NULL && constraints->ca != 0;
}

gboolean
_mc_x509_allows_mail (X509 *certificate)
{
  guint32 usage = X509_get_extended_key_usage (certificate);
  return usage == G_MAXUINT32 || (usage & (XKU_SMIME | XKU_ANYEKU)) != 0;
}

static gboolean
allows_signing (X509 *certificate)
{
  guint32 usage = X509_get_key_usage (certificate);
  return usage == G_MAXUINT32 || (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

static gboolean
allows_encryption (X509 *certificate, EVP_PKEY *key)
{
  guint32 usage = X509_get_key_usage (certificate);
  guint32 wanted = EVP_PKEY_is_a (key, "RSA") ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT;
  return usage == G_MAXUINT32 || (usage & wanted) != 0;
}

static gboolean
can_verify (EVP_PKEY *key)
{
  return EVP_PKEY_is_a (key, "RSA") || EVP_PKEY_is_a (key, "RSA-PSS") || EVP_PKEY_is_a (key, "EC")
         || EVP_PKEY_is_a (key, "DSA") || EVP_PKEY_is_a (key, "ED25519");
}

static gboolean
can_encrypt (EVP_PKEY *key)
{
  return EVP_PKEY_is_a (key, "RSA") || EVP_PKEY_is_a (key, "EC") || EVP_PKEY_is_a (key, "X25519");
}

McKeyUse
_mc_x509_use (X509 *certificate)
{
  EVP_PKEY *key = X509_get0_pubkey (certificate);
  McKeyUse use = 0;
  if (_mc_x509_is_authority (certificate))
    use |= MC_KEY_CAN_CERTIFY;
  if (key == NULL || !_mc_key_is_sound (key) || !_mc_x509_allows_mail (certificate))
    return use;
  if (can_verify (key) && allows_signing (certificate))
    use |= MC_KEY_CAN_SIGN;
  if (can_encrypt (key) && allows_encryption (certificate, key))
    use |= MC_KEY_CAN_ENCRYPT;
  return use;
}

static gboolean
refuse (GPtrArray *reasons, const char *code, const char *text)
{
  g_ptr_array_add (reasons, _mc_reason_new (code, NULL, "%s", text));
  return FALSE;
}

gboolean
_mc_x509_check_purpose (X509 *certificate, McKeyUse use, GPtrArray *reasons)
{
  EVP_PKEY *key = X509_get0_pubkey (certificate);
  if (key == NULL)
    return refuse (reasons, "unsupported-algorithm",
                   _("the certificate's public key cannot be read"));
  if (!_mc_key_is_sound (key))
    return refuse (reasons, "unsound-key",
                   _("the certificate's public key is larger than any in honest use"));
  if (!_mc_x509_allows_mail (certificate))
    return refuse (reasons, "wrong-purpose", _("the certificate is not made for mail"));
  if ((use & MC_KEY_CAN_SIGN) != 0 && !allows_signing (certificate))
    return refuse (reasons, "wrong-purpose", _("the certificate is not made for signing"));
  if ((use & MC_KEY_CAN_ENCRYPT) != 0 && EVP_PKEY_is_a (key, "RSA-PSS"))
    return refuse (reasons, "wrong-purpose", _("the certificate's key can only sign"));
  if ((use & MC_KEY_CAN_ENCRYPT) != 0 && !allows_encryption (certificate, key))
    return refuse (reasons, "wrong-purpose", _("the certificate is not made for encryption"));
  if (((use & MC_KEY_CAN_SIGN) != 0 && !can_verify (key))
      || ((use & MC_KEY_CAN_ENCRYPT) != 0 && !can_encrypt (key)))
    return refuse (reasons, "unsupported-algorithm",
                   _("keys of this kind are not supported yet"));
  return TRUE;
}
