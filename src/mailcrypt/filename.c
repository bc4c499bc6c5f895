/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "filename.h"

#include <string.h>
#include <sys/stat.h>

#include "libmailcrypt.h"

#define MAX_OCTETS 200
#define MAX_ENDING 16
#define MAX_TRIES 1000

/* The ending of @name with its dot; "" when there is none worth the name. */
static const char *
find_ending (const char *name)
{
  const char *dot = strrchr (name, '.');
  return dot != NULL && dot > name && strlen (dot) <= MAX_ENDING ? dot : name + strlen (name);
}

static char *
shorten (const char *name)
{
  if (strlen (name) <= MAX_OCTETS)
    return g_strdup (name);
  const char *ending = find_ending (name);
  gsize size = MAX_OCTETS - strlen (ending);
  while (size > 0 && ((guchar) name[size] & 0xc0) == 0x80)
    size--;
  return g_strdup_printf ("%.*s%s", (int) size, name, ending);
}

/* "..\\..\\x" is a path elsewhere; what was escaped for a screen is none. */
static gboolean
is_separator (const char *at)
{
  gboolean escaped = (at[1] == 'u' && at[2] == '{')
                     || (at[1] == 'x' && g_ascii_isxdigit (at[2]) && g_ascii_isxdigit (at[3]));
  return *at == '/' || (*at == '\\' && !escaped);
}

char *
filename_make_safe (const char *name, const char *fallback)
{
  g_autofree char *shown = mc_text_escape_line (name);
  char *last = shown;
  for (char *at = shown; *at != '\0'; at++)
    if (is_separator (at))
      last = at + 1;
  g_strdelimit (last, "\\/:*?\"'<>|&;$`!#~%(){}[]", '_');
  g_strstrip (last);
  for (gsize size = strlen (last); size > 0 && (last[size - 1] == '.' || last[size - 1] == ' ');)
    last[--size] = '\0';
  if (*last == '.' || *last == '-')
    *last = '_';
  return *last != '\0' ? shorten (last) : g_strdup (fallback);
}

char *
filename_find_free (const char *folder, const char *name)
{
  const char *ending = find_ending (name);
  for (guint i = 1; i < MAX_TRIES; i++) {
    struct stat info;
    g_autofree char *number = i > 1 ? g_strdup_printf ("-%u", i) : g_strdup ("");
    g_autofree char *other
      = g_strdup_printf ("%.*s%s%s", (int) (ending - name), name, number, ending);
    g_autofree char *path = g_build_filename (folder, other, NULL);
    if (lstat (path, &info) != 0)
      return g_steal_pointer (&path);
  }
  return NULL;
}
