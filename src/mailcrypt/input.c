/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options.h"
#include "process.h"
#include "tool.h"

/* A header block that is longer is refused anyway, unless a setting says otherwise. */
#define MAX_FIELD_BYTES (1 << 20)

static GInputStream *
open_standard_input (GError **error)
{
  if (!process_had_fd (STDIN_FILENO)) {
    tool_set_error (error, STATUS_ENVIRONMENT, "io", _("name a file, or give it a message"),
                    _("standard input is closed"));
    return NULL;
  }
  struct stat info;
  if (fstat (STDIN_FILENO, &info) == 0 && S_ISDIR (info.st_mode)) {
    tool_set_errno (error, EISDIR, _("cannot read standard input"));
    return NULL;
  }
  if (isatty (STDIN_FILENO) && isatty (STDERR_FILENO) && !options.quiet)
    g_printerr ("mailcrypt: %s\n", _("reading from the terminal; Ctrl-D ends it"));
  return g_unix_input_stream_new (STDIN_FILENO, FALSE);
}

GInputStream *
input_open (const char *name, GError **error)
{
  if (name == NULL || strcmp (name, "-") == 0)
    return open_standard_input (error);

  int fd = open (name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) {
    tool_set_errno (error, errno, _("cannot open '%s'"), name);
    return NULL;
  }
  struct stat info;
  if (fstat (fd, &info) == 0 && S_ISDIR (info.st_mode)) {
    close (fd);
    tool_set_errno (error, EISDIR, _("cannot read '%s'"), name);
    return NULL;
  }
  return g_unix_input_stream_new (fd, TRUE);
}

/* Whether the field on this line of @size octets is called @name. */
static gboolean
is_field (const char *line, gsize size, const char *name)
{
  gsize length = strlen (name);
  if (size <= length || g_ascii_strncasecmp (line, name, length) != 0)
    return FALSE;
  while (length < size && (line[length] == ' ' || line[length] == '\t'))
    length++;
  return length < size && line[length] == ':';
}

/* Looks through the whole lines of @data; *@ret_end: there is no need for more. */
static gboolean
find_field (const char *data, gsize size, const char *name, gboolean *ret_end)
{
  const char *end = data + size;
  const char *next = NULL;
  for (const char *line = data;
       (next = memchr (line, '\n', (gsize) (end - line))) != NULL; line = next + 1) {
    gsize length = (gsize) (next - line);
    gboolean found = is_field (line, length, name);
    *ret_end = found || length == 0 || (length == 1 && *line == '\r');
    if (*ret_end)
      return found;
  }
  return FALSE;
}

gboolean
input_has_field (GBufferedInputStream *input, const char *name, gboolean *ret_found,
                 GCancellable *cancellable, GError **error)
{
  gboolean end = FALSE;
  gsize size = 0;
  while (!end && size < MAX_FIELD_BYTES) {
    if (g_buffered_input_stream_get_available (input)
        == g_buffered_input_stream_get_buffer_size (input))
      g_buffered_input_stream_set_buffer_size (
        input, 2 * g_buffered_input_stream_get_buffer_size (input));
    gssize got = g_buffered_input_stream_fill (input, -1, cancellable, error);
    if (got < 0)
      return FALSE;
    const char *data = g_buffered_input_stream_peek_buffer (input, &size);
    *ret_found = find_field (data, size, name, &end);
    end |= got == 0;
  }
  return TRUE;
}

char *
input_read_all (const char *name, gsize max_bytes, gsize *ret_size, GError **error)
{
  g_autoptr (GInputStream) input = input_open (name, error);
  if (input == NULL)
    return NULL;

  g_autofree char *text = g_malloc (max_bytes + 2);
  gsize size = 0;
  if (!g_input_stream_read_all (input, text, max_bytes + 1, &size, NULL, error)) {
    g_prefix_error (error, _("cannot read '%s': "), name);
    return NULL;
  }
  if (size > max_bytes) {
    tool_set_error (error, STATUS_MALFORMED, "limit", NULL, _("'%s' is too large"), name);
    return NULL;
  }
  text[size] = '\0';
  *ret_size = size;
  return g_steal_pointer (&text);
}
