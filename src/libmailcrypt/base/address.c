/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/address.h"

#include "base/text.h"

#include <idn2.h>
#include <string.h>

#define MAX_ADDRESS_BYTES 320
#define MAX_DOMAIN_BYTES 255
#define MAX_LABEL_BYTES 63

/* Octets that mean something else in an address (RFC 5322 section 3.2.3). */
#define SPECIALS "()<>[]:;@\\,\""

/* ------------------------------------------------------------------- whole -- */

/* What spelling needs in some scripts, between the letters where IDNA allows it (RFC 5892
 * appendix A). */
static gboolean
is_joiner (gunichar c)
{
  return c == 0x200C || c == 0x200D;
}

/* What no part of an address may hold, quoted or not: it would look like two addresses
 * or like another one somewhere down the line. */
static gboolean
is_acceptable (const char *text, gsize size)
{
  if (size > MAX_ADDRESS_BYTES || memchr (text, '\0', size) != NULL
      || !g_utf8_validate (text, (gssize) size, NULL))
    return FALSE;

  for (const char *at = text; at < text + size; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);
    if (g_unichar_isspace (c) || c == ',' || c == '<' || c == '>')
      return FALSE;
    if (_mc_text_is_invisible (c) && !is_joiner (c))
      return FALSE;
  }
  return TRUE;
}

/* -------------------------------------------------------------- local part -- */

/* Reads a quoted string at @at. Behind its closing quote, or NULL. */
static const char *
unquote (const char *at, GString *local)
{
  for (at++; *at != '\0' && *at != '"'; at++) {
    if (*at == '\\' && *++at == '\0')
      return NULL;
    g_string_append_c (local, *at);
  }
  return *at == '"' ? at + 1 : NULL;
}

static const char *
read_plain (const char *at, GString *local)
{
  gsize size = strcspn (at, SPECIALS);
  g_string_append_len (local, at, (gssize) size);
  return at + size;
}

static void
append_local (GString *out, const char *local)
{
  g_autofree char *lower = g_ascii_strdown (local, -1);
  if (lower[strcspn (lower, SPECIALS)] == '\0') {
    g_string_append (out, lower);
    return;
  }
  g_string_append_c (out, '"');
  for (const char *at = lower; *at != '\0'; at++) {
    if (*at == '"' || *at == '\\')
      g_string_append_c (out, '\\');
    g_string_append_c (out, *at);
  }
  g_string_append_c (out, '"');
}

/* ------------------------------------------------------------------ domain -- */

static gboolean
is_host_octet (char c)
{
  return g_ascii_isalnum (c) || c == '-' || c == '_';
}

/* Labels of letters, digits, "-" and "_", none of them empty. */
static gboolean
is_host_name (const char *domain)
{
  gsize label = 0;
  const char *at = domain;
  for (; *at != '\0'; at++) {
    if (*at == '.' && label == 0)
      return FALSE;
    if (*at != '.' && !is_host_octet (*at))
      return FALSE;
    label = *at == '.' ? 0 : label + 1;
    if (label > MAX_LABEL_BYTES)
      return FALSE;
  }
  return label > 0 && at - domain <= MAX_DOMAIN_BYTES;
}

/* "[192.0.2.1]" and the like (RFC 5321 section 4.1.3). */
static gboolean
is_literal (const char *domain)
{
  gsize size = strlen (domain);
  if (size < 3 || domain[0] != '[' || domain[size - 1] != ']')
    return FALSE;
  for (gsize i = 1; i < size - 1; i++)
    if (!g_ascii_isgraph (domain[i]) || strchr ("[]\\", domain[i]) != NULL)
      return FALSE;
  return TRUE;
}

/* The domain in A-labels and lower case, or NULL. */
static char *
normalise_domain (const char *domain)
{
  if (g_str_is_ascii (domain))
    return is_host_name (domain) || is_literal (domain) ? g_ascii_strdown (domain, -1) : NULL;

  guint8 *found = NULL;
  if (idn2_lookup_u8 ((const guint8 *) domain, &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL)
      != IDN2_OK)
    return NULL;
  /* The mapping can make a dot, a comma or an "@" out of their wide forms. */
  char *result = is_host_name ((const char *) found)
                   ? g_ascii_strdown ((const char *) found, -1) : NULL;
  idn2_free (found);
  return result;
}

/* ------------------------------------------------------------------ public -- */

char *
_mc_address_normalise (const char *addr_spec, gssize given_size)
{
  if (addr_spec == NULL)
    return NULL;
  gsize size = given_size < 0 ? strlen (addr_spec) : (gsize) given_size;
  if (!is_acceptable (addr_spec, size))
    return NULL;

  g_autofree char *whole = g_strndup (addr_spec, size);
  g_autoptr (GString) local = g_string_new (NULL);
  const char *at = whole[0] == '"' ? unquote (whole, local) : read_plain (whole, local);
  if (at == NULL || *at != '@' || local->len == 0)
    return NULL;

  g_autofree char *domain = normalise_domain (at + 1);
  if (domain == NULL)
    return NULL;

  GString *out = g_string_sized_new (size + 1);
  append_local (out, local->str);
  g_string_append_printf (out, "@%s", domain);
  return g_string_free (out, FALSE);
}

gboolean
mc_address_equal (const char *a, const char *b)
{
  g_autofree char *normal_a = _mc_address_normalise (a, -1);
  g_autofree char *normal_b = _mc_address_normalise (b, -1);
  return normal_a != NULL && normal_b != NULL && strcmp (normal_a, normal_b) == 0;
}
