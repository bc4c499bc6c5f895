/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "options.h"
#include "tool.h"

#define MAX_BYTES 4096

/* Read once, however often it is asked for. */
static McSecret *cached;

/* One octet at a time: what stands behind the line may be meant for somebody else. */
static gboolean
read_line (int fd, char *line, gsize *ret_size, GError **error)
{
  gsize size = 0;
  for (;;) {
    char *next = line + size;
    ssize_t got = read (fd, next, 1);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      tool_set_errno (error, errno, _("cannot read the passphrase from descriptor %d"), fd);
      return FALSE;
    }
    if (got == 0 || *next == '\n')
      break;
    if (++size == MAX_BYTES) {
      tool_set_error (error, STATUS_MALFORMED, "limit", NULL,
                      _("the passphrase on descriptor %d is too long"), fd);
      return FALSE;
    }
  }
  /* The file may be from a system that ends lines with CR and LF. */
  *ret_size = size > 0 && line[size - 1] == '\r' ? size - 1 : size;
  return TRUE;
}

McSecret *
passphrase_read (int fd, gboolean *ret_empty, GError **error)
{
  char line[MAX_BYTES] = { 0 };
  mlock (line, sizeof line);
  gsize size = 0;
  McSecret *secret = NULL;
  if (read_line (fd, line, &size, error))
    secret = mc_secret_new (line, size);
  explicit_bzero (line, sizeof line);
  munlock (line, sizeof line);
  if (secret != NULL && ret_empty != NULL)
    *ret_empty = size == 0;
  return secret;
}

gboolean
passphrase_get (McSecret **ret_secret, GError **error)
{
  if (cached == NULL && options.passphrase_fd >= 0) {
    cached = passphrase_read (options.passphrase_fd, NULL, error);
    if (cached == NULL)
      return FALSE;
  }
  *ret_secret = cached != NULL ? mc_secret_ref (cached) : NULL;
  return TRUE;
}

static McSecret *
on_ask (McProtocol protocol, const char *fingerprint, const char *purpose, gpointer user_data)
{
  (void) protocol;
  (void) fingerprint;
  (void) purpose;
  (void) user_data;
  g_autoptr (GError) error = NULL;
  McSecret *secret = NULL;
  if (!passphrase_get (&secret, &error)) {
    g_printerr ("mailcrypt: %s\n", error->message);
    /* Once is enough: the library asks again for every key. */
    options.passphrase_fd = -1;
  }
  return secret;
}

static void
forget (gpointer user_data)
{
  (void) user_data;
  g_clear_pointer (&cached, mc_secret_unref);
}

gboolean
passphrase_attach (McContext *context, GError **error)
{
  int fd = options.passphrase_fd;
  if (fd == -1)
    return TRUE;
  /* The engines have no business with it. */
  if (fcntl (fd, F_SETFD, FD_CLOEXEC) != 0) {
    tool_set_usage (error, NULL, _("descriptor %d is not open"), fd);
    return FALSE;
  }
  mc_context_set_passphrase_func (context, on_ask, NULL, forget);
  return TRUE;
}
