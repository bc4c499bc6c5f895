/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/constraints.h"

#include "base/address.h"

#include <string.h>

/* The host in the form that canonical addresses have it in, or NULL. */
static char *
normalise_host (const char *host)
{
  g_autofree char *mailbox = g_strconcat ("x@", host, NULL);
  g_autofree char *normal = strchr (host, '@') == NULL ? _mc_address_normalise (mailbox, -1) : NULL;
  return normal != NULL ? g_strdup (normal + strlen ("x@")) : NULL;
}

static gboolean
is_at_host (const char *address, const char *base, gboolean *ret_sound)
{
  gboolean below = base[0] == '.';
  g_autofree char *host = normalise_host (below ? base + 1 : base);
  *ret_sound = host != NULL;
  if (host == NULL)
    return FALSE;
  const char *own = strrchr (address, '@') + 1;
  gsize own_size = strlen (own), size = strlen (host);
  if (!below)
    return strcmp (own, host) == 0;
  return own_size > size + 1 && own[own_size - size - 1] == '.'
         && strcmp (own + own_size - size, host) == 0;
}

gboolean
_mc_mailbox_is_within (const char *address, const char *base, gsize size, gboolean *ret_sound)
{
  gboolean scratch;
  gboolean *sound = ret_sound != NULL ? ret_sound : &scratch;
  *sound = FALSE;
  if (size == 0 || memchr (base, '\0', size) != NULL)
    return FALSE;
  g_autofree char *text = g_strndup (base, size);
  const char *at = strrchr (text, '@');
  if (at == NULL || at == text)
    return is_at_host (address, at != NULL ? at + 1 : text, sound);
  g_autofree char *mailbox = _mc_address_normalise (text, -1);
  *sound = mailbox != NULL;
  return mailbox != NULL && strcmp (mailbox, address) == 0;
}

/* A subtree that cannot be understood excludes everything and permits nothing. */
static gboolean
is_permitted (const NAME_CONSTRAINTS *constraints, const char *address)
{
  gboolean constrained = FALSE, permitted = FALSE;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num (constraints->excludedSubtrees); i++) {
    const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value (constraints->excludedSubtrees, i)->base;
    gboolean sound;
    if (base->type == GEN_EMAIL
        && (_mc_mailbox_is_within (address, (const char *) ASN1_STRING_get0_data (base->d.ia5),
                                   (gsize) ASN1_STRING_length (base->d.ia5), &sound)
            || !sound))
      return FALSE;
  }
  for (int i = 0; i < sk_GENERAL_SUBTREE_num (constraints->permittedSubtrees); i++) {
    const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value (constraints->permittedSubtrees, i)->base;
    if (base->type != GEN_EMAIL)
      continue;
    constrained = TRUE;
    permitted |= _mc_mailbox_is_within (address, (const char *) ASN1_STRING_get0_data (base->d.ia5),
                                        (gsize) ASN1_STRING_length (base->d.ia5), NULL);
  }
  return permitted || !constrained;
}

gboolean
_mc_x509_permits (X509 *issuer, GPtrArray *identities)
{
  int critical = -1;
  g_autoptr (NAME_CONSTRAINTS) constraints =
    X509_get_ext_d2i (issuer, NID_name_constraints, &critical, NULL);
  if (constraints == NULL)
    return critical == -1;   /* not there; else broken or there twice */
  for (guint i = 0; i < identities->len; i++) {
    const McIdentity *identity = identities->pdata[i];
    if (identity->address != NULL && !is_permitted (constraints, identity->address))
      return FALSE;
  }
  return TRUE;
}
