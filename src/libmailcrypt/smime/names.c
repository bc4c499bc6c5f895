/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/names.h"

#include "base/address.h"
#include "base/text.h"

#include <string.h>

/* ---------------------------------------------------------------- identities -- */

static gboolean
have_address (GPtrArray *identities, const char *address)
{
  for (guint i = 0; i < identities->len; i++)
    if (g_strcmp0 (((McIdentity *) identities->pdata[i])->address, address) == 0)
      return TRUE;
  return FALSE;
}

/* @size is what the certificate says: a NUL in the middle makes it no address. */
static void
add_address (GPtrArray *identities, const void *data, gssize size, const char *name)
{
  if (size <= 0 || memchr (data, '\0', (gsize) size) != NULL)
    return;
  g_autofree char *address = _mc_address_normalise (data, size);
  if (address == NULL || have_address (identities, address))
    return;
  g_autofree char *written = g_strndup (data, (gsize) size);
  g_ptr_array_add (identities, _mc_identity_new (written, name, MC_TRUST_UNKNOWN));
}

static gboolean
is_ascii (const ASN1_STRING *string)
{
  const unsigned char *data = ASN1_STRING_get0_data (string);
  for (int i = 0; i < ASN1_STRING_length (string); i++)
    if (data[i] >= 0x80)
      return FALSE;
  return TRUE;
}

static void
add_alternative_name (GPtrArray *identities, const GENERAL_NAME *general, const char *name)
{
  int type;
  const void *value = GENERAL_NAME_get0_value (general, &type);
  if (type == GEN_EMAIL && is_ascii (value)) {
    add_address (identities, ASN1_STRING_get0_data (value), ASN1_STRING_length (value), name);
    return;
  }
  ASN1_OBJECT *object = NULL;
  ASN1_TYPE *other = NULL;
  if (type != GEN_OTHERNAME || !GENERAL_NAME_get0_otherName (general, &object, &other)
      || OBJ_obj2nid (object) != NID_id_on_SmtpUTF8Mailbox || other->type != V_ASN1_UTF8STRING)
    return;
  const ASN1_STRING *string = other->value.utf8string;
  add_address (identities, ASN1_STRING_get0_data (string), ASN1_STRING_length (string), name);
}

static void
add_subject_addresses (GPtrArray *identities, const X509_NAME *subject, const char *name)
{
  for (int i = -1; (i = X509_NAME_get_index_by_NID (subject, NID_pkcs9_emailAddress, i)) >= 0;) {
    const ASN1_STRING *string = X509_NAME_ENTRY_get_data (X509_NAME_get_entry (subject, i));
    if (is_ascii (string))
      add_address (identities, ASN1_STRING_get0_data (string), ASN1_STRING_length (string), name);
  }
}

GPtrArray *
_mc_x509_identities (X509 *certificate)
{
  GPtrArray *identities = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_identity_free);
  const X509_NAME *subject = X509_get_subject_name (certificate);
  g_autofree char *name = _mc_x509_common_name (subject);
  g_autoptr (GENERAL_NAMES) names =
    X509_get_ext_d2i (certificate, NID_subject_alt_name, NULL, NULL);

  for (int i = 0; i < sk_GENERAL_NAME_num (names); i++)
    add_alternative_name (identities, sk_GENERAL_NAME_value (names, i), name);
  add_subject_addresses (identities, subject, name);
  if (identities->len == 0)
    g_ptr_array_add (identities, _mc_identity_new (NULL, name, MC_TRUST_UNKNOWN));
  return identities;
}

/* --------------------------------------------------------------------- names -- */

char *
_mc_x509_name_text (const X509_NAME *name)
{
  g_autoptr (BIO) memory = BIO_new (BIO_s_mem ());
  char *data = NULL;
  unsigned long flags = (XN_FLAG_RFC2253 | ASN1_STRFLGS_UTF8_CONVERT) & ~ASN1_STRFLGS_ESC_MSB;
  if (memory == NULL || X509_NAME_print_ex (memory, name, 0, flags) < 0)
    return g_strdup ("");
  long size = BIO_get_mem_data (memory, &data);
  return _mc_text_to_utf8 (data, size > 0 ? (gsize) size : 0, NULL);
}

/* The entry's value as UTF-8; broken bytes become visible. */
static char *
entry_text (const X509_NAME_ENTRY *entry)
{
  g_autoptr (McOpensslBytes) utf8 = NULL;
  const ASN1_STRING *value = X509_NAME_ENTRY_get_data (entry);
  int size = ASN1_STRING_to_UTF8 (&utf8, value);
  if (size < 0)
    return _mc_text_to_utf8 ((const char *) ASN1_STRING_get0_data (value),
                             (gsize) ASN1_STRING_length (value), NULL);
  return _mc_text_to_utf8 ((const char *) utf8, (gsize) size, NULL);
}

char *
_mc_x509_common_name (const X509_NAME *name)
{
  int last = -1;
  for (int i = -1; (i = X509_NAME_get_index_by_NID (name, NID_commonName, i)) >= 0;)
    last = i;
  return last >= 0 ? entry_text (X509_NAME_get_entry (name, last)) : NULL;
}

/* Case folded, blanks at the ends dropped and inside made one. */
static char *
fold_value (const char *text)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);
  g_auto (GStrv) words = g_strsplit_set (folded, " \t\r\n", -1);
  g_autoptr (GString) out = g_string_new (NULL);
  for (gsize i = 0; words[i] != NULL; i++)
    if (words[i][0] != '\0')
      g_string_append_printf (out, "%s%s", out->len > 0 ? " " : "", words[i]);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

GBytes *
_mc_x509_name_key (const X509_NAME *name)
{
  GByteArray *key = g_byte_array_new ();
  for (int i = 0; i < X509_NAME_entry_count (name); i++) {
    const X509_NAME_ENTRY *entry = X509_NAME_get_entry (name, i);
    g_autofree char *text = entry_text (entry);
    g_autofree char *value = fold_value (text);
    char oid[128] = "";
    OBJ_obj2txt (oid, sizeof oid, X509_NAME_ENTRY_get_object (entry), 1);
    g_autofree char *line = g_strdup_printf ("%d %s=%s", X509_NAME_ENTRY_set (entry), oid, value);
    g_byte_array_append (key, (const guint8 *) line, (guint) strlen (line) + 1);
  }
  return g_byte_array_free_to_bytes (key);
}
