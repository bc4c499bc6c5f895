/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses out of a field (RFC 5322 section 3.4). GMime reads them, forgivingly; a reader
 * of ours that knows no mercy tells whether there was anything to forgive. */
#include "config.h"

#include "mime/tree.h"

#include "base/address.h"
#include "mime/gmime-stream.h"

#include <string.h>

/* ------------------------------------------------------------------- strict -- */

typedef enum {
  BARE,                    /* a display name, or an addr-spec on its own */
  ANGLED,
  BEHIND,
} Place;

/* One element of the list at a time. */
typedef struct {
  Place place;
  GString *bare;
  GString *angled;
  guint n_at;              /* "@" signs in @bare, quoted ones aside */
  gboolean in_group;       /* these do not nest */
  GPtrArray *found;        /* canonical forms */
  gboolean broken;
} Strict;

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

/* White space around "." and "@" is no part of an address (RFC 5322 section 4.4). */
static void
drop_blanks (GString *text)
{
  gsize size = 0;

  for (gsize i = 0; i < text->len;) {
    gsize end = i;
    while (end < text->len && is_blank (text->str[end]))
      end++;
    gboolean loose = size == 0 || end == text->len || strchr (".@", text->str[size - 1]) != NULL
                     || strchr (".@", text->str[end]) != NULL;
    if (end > i && !loose)
      text->str[size++] = ' ';
    if (end < text->len)
      text->str[size++] = text->str[end];
    i = end + 1;
  }
  g_string_truncate (text, size);
}

static void
end_element (Strict *strict)
{
  GString *text = strict->place == BARE ? strict->bare : strict->angled;

  drop_blanks (text);
  strict->broken |= strict->place == ANGLED;
  if (strict->place != BARE || text->len > 0) {
    char *normal = _mc_address_normalise (text->str, (gssize) text->len);
    if (normal != NULL)
      g_ptr_array_add (strict->found, normal);
    else
      strict->broken = TRUE;
  }
  g_string_truncate (strict->bare, 0);
  g_string_truncate (strict->angled, 0);
  strict->place = BARE;
  strict->n_at = 0;
}

static void
open_angle (Strict *strict)
{
  strict->broken |= strict->place != BARE || strict->n_at > 0;
  strict->place = ANGLED;
}

static void
close_angle (Strict *strict)
{
  strict->broken |= strict->place != ANGLED;
  strict->place = BEHIND;
}

/* What is in front was the name of a group. */
static void
open_group (Strict *strict)
{
  strict->broken |= strict->place != BARE || strict->n_at > 0 || strict->in_group;
  strict->in_group = TRUE;
  g_string_truncate (strict->bare, 0);
}

static void
close_group (Strict *strict)
{
  strict->broken |= !strict->in_group;
  strict->in_group = FALSE;
  end_element (strict);
}

static void
add_text (Strict *strict, const char *text, gsize size)
{
  if (strict->place == BEHIND)
    strict->broken |= !is_blank (*text);
  else
    g_string_append_len (strict->place == BARE ? strict->bare : strict->angled, text,
                         (gssize) size);
}

static void
take_octet (Strict *strict, const char *p)
{
  switch (*p) {
  case ',':
    end_element (strict);
    break;
  case ';':
    close_group (strict);
    break;
  case ':':
    open_group (strict);
    break;
  case '<':
    open_angle (strict);
    break;
  case '>':
    close_angle (strict);
    break;
  default:
    strict->n_at += strict->place == BARE && *p == '@';
    add_text (strict, p, 1);
  }
}

/* The end of a quoted string, a domain literal or a comment (these nest) that begins at
 * @p; NULL when there is none. */
static const char *
skip_enclosed (const char *p)
{
  char open = *p;
  char close = open == '(' ? ')' : open == '[' ? ']' : '"';
  guint depth = 1;

  for (p++; *p != '\0'; p++) {
    if (*p == '\\' && p[1] != '\0')
      p++;
    else if (*p == close && --depth == 0)
      return p + 1;
    else if (*p == '(' && open == '(')
      depth++;
  }
  return NULL;
}

/* The next item of the body; NULL when it does not end. */
static const char *
take_item (Strict *strict, const char *p)
{
  if (strchr ("(\"[", *p) == NULL) {
    take_octet (strict, p);
    return p + 1;
  }
  const char *end = skip_enclosed (p);
  if (end == NULL)
    strict->broken = TRUE;
  else if (*p == '(')
    add_text (strict, " ", 1);
  else
    add_text (strict, p, (gsize) (end - p));
  return end;
}

/* The canonical forms; NULL when anything in the body is not as it should be. */
static GPtrArray *
read_strictly (const char *body)
{
  Strict strict = { .bare = g_string_new (NULL), .angled = g_string_new (NULL) };

  strict.found = g_ptr_array_new_with_free_func (g_free);

  for (const char *p = body; p != NULL && *p != '\0' && !strict.broken;)
    p = take_item (&strict, p);
  end_element (&strict);
  strict.broken |= strict.in_group;
  g_string_free (strict.bare, TRUE);
  g_string_free (strict.angled, TRUE);
  if (strict.broken)
    g_clear_pointer (&strict.found, g_ptr_array_unref);
  return strict.found;
}

/* -------------------------------------------------------------------- GMime -- */

/* GMime turns A-labels into U-labels; what is written is wanted. */
static const char *
get_written (InternetAddressMailbox *mailbox, const char *body)
{
  const char *addr = internet_address_mailbox_get_addr (mailbox);
  const char *idn_addr = internet_address_mailbox_get_idn_addr (mailbox);

  if (idn_addr != NULL && strstr (body, idn_addr) != NULL)
    return idn_addr;
  return addr;
}

/* GMime goes one call deeper for every group inside a group. */
#define MAX_COLONS 100

static InternetAddressList *
ask_gmime (const char *body)
{
  guint n_colons = 0;
  for (const char *p = strchr (body, ':'); p != NULL; p = strchr (p + 1, ':'))
    n_colons++;
  _mc_gmime_init ();
  return n_colons > MAX_COLONS ? NULL : internet_address_list_parse (NULL, body);
}

/* Groups do not nest, but nothing is passed over when they do. */
static void
add_addresses (GPtrArray *found, InternetAddressList *list, const char *body, guint depth)
{
  int n = internet_address_list_length (list);

  for (int i = 0; i < n; i++) {
    InternetAddress *address = internet_address_list_get_address (list, i);
    if (INTERNET_ADDRESS_IS_GROUP (address) && depth < 2) {
      InternetAddressGroup *group = INTERNET_ADDRESS_GROUP (address);
      add_addresses (found, internet_address_group_get_members (group), body, depth + 1);
    } else if (INTERNET_ADDRESS_IS_MAILBOX (address)) {
      const char *addr = get_written (INTERNET_ADDRESS_MAILBOX (address), body);
      g_autofree char *normal = addr != NULL ? _mc_address_normalise (addr, -1) : NULL;
      if (normal != NULL)
        g_ptr_array_add (found, g_strdup (addr));
    }
  }
}

static gboolean
are_same (GPtrArray *normals, char **addresses)
{
  if (normals->len != g_strv_length (addresses))
    return FALSE;
  for (guint i = 0; i < normals->len; i++) {
    g_autofree char *normal = _mc_address_normalise (addresses[i], -1);
    if (g_strcmp0 (normal, g_ptr_array_index (normals, i)) != 0)
      return FALSE;
  }
  return TRUE;
}

static gboolean
have_group (InternetAddressList *list)
{
  for (int i = 0; list != NULL && i < internet_address_list_length (list); i++)
    if (INTERNET_ADDRESS_IS_GROUP (internet_address_list_get_address (list, i)))
      return TRUE;
  return FALSE;
}

GStrv
_mc_addresses_parse (const char *field_body, gboolean *ret_clean, gboolean *ret_grouped)
{
  GPtrArray *found = g_ptr_array_new ();
  g_autoptr (InternetAddressList) list = ask_gmime (field_body);

  if (list != NULL)
    add_addresses (found, list, field_body, 0);
  g_ptr_array_add (found, NULL);
  GStrv addresses = (GStrv) g_ptr_array_free (found, FALSE);

  g_autoptr (GPtrArray) normals = read_strictly (field_body);
  *ret_clean = normals != NULL && are_same (normals, addresses);
  if (ret_grouped != NULL)
    *ret_grouped = have_group (list);
  return addresses;
}

char *
mc_address_from_field (const char *content)
{
  gboolean clean, grouped;
  g_auto (GStrv) addresses = _mc_addresses_parse (content, &clean, &grouped);

  if (!clean || grouped || g_strv_length (addresses) != 1)
    return NULL;
  return _mc_address_normalise (addresses[0], -1);
}
