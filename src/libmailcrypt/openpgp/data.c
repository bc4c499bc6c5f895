/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "openpgp/openpgp.h"

#include "base/error.h"

#include <errno.h>
#include <glib/gi18n-lib.h>

/* GPGME moves 512 octets at a time if it is not told otherwise. */
#define IO_BUFFER_SIZE "65536"

static ssize_t
on_read (void *handle, void *buffer, size_t size)
{
  McData *data = handle;
  if (data->error != NULL) {
    gpgme_err_set_errno (EIO);
    return -1;
  }
  gssize n = g_input_stream_read (data->input, buffer, size, data->cancellable, &data->error);
  if (n < 0)
    gpgme_err_set_errno (EIO);
  return n;
}

static ssize_t
on_write (void *handle, const void *buffer, size_t size)
{
  McData *data = handle;
  if (data->error == NULL && _mc_spool_append (data->output, buffer, size, &data->error))
    return (ssize_t) size;
  gpgme_err_set_errno (EIO);
  return -1;
}

static gboolean
open_data (McData *data, struct gpgme_data_cbs *callbacks, GError **error)
{
  gpgme_error_t code = gpgme_data_new_from_cbs (&data->data, callbacks, data);
  if (code == 0) {
    gpgme_data_set_flag (data->data, "io-buffer-size", IO_BUFFER_SIZE);
    return TRUE;
  }
  _mc_set_error (error, MC_ERROR_ENGINE, NULL, _("GPGME failed: %s"), gpgme_strerror (code));
  return FALSE;
}

gboolean
_mc_data_open_input (McData *data, GInputStream *input, GCancellable *cancellable, GError **error)
{
  static struct gpgme_data_cbs callbacks = { .read = on_read };
  data->input = g_object_ref (input);
  data->cancellable = cancellable;
  return open_data (data, &callbacks, error);
}

gboolean
_mc_data_open_output (McData *data, McSpool *output, GError **error)
{
  static struct gpgme_data_cbs callbacks = { .write = on_write };
  data->output = _mc_spool_ref (output);
  return open_data (data, &callbacks, error);
}

void
_mc_data_clear (McData *data)
{
  g_clear_pointer (&data->data, gpgme_data_release);
  g_clear_object (&data->input);
  g_clear_pointer (&data->output, _mc_spool_unref);
  g_clear_error (&data->error);
}

gboolean
_mc_data_take_error (McData *data, GError **error)
{
  if (data->error == NULL)
    return FALSE;
  g_propagate_error (error, g_steal_pointer (&data->error));
  return TRUE;
}
