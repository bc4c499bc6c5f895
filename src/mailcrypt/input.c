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
