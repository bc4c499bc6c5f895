/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "progress.h"

#include <gio/gfiledescriptorbased.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "options.h"
#include "text.h"

#define PATIENCE_US G_USEC_PER_SEC
#define INTERVAL_US (G_USEC_PER_SEC / 4)

typedef struct {
  guint64 bytes;
  gint64 next;          /* when to say something again; 0: nothing has moved yet */
  gboolean visible;
} Progress;

static gboolean
is_wanted (void)
{
  return !options.quiet && isatty (STDERR_FILENO);
}

static void
progress_add (Progress *progress, gssize bytes, const char *label)
{
  gint64 now = g_get_monotonic_time ();
  if (progress->next == 0)
    progress->next = now + PATIENCE_US;
  if (bytes > 0)
    progress->bytes += (guint64) bytes;
  if (now < progress->next)
    return;
  progress->next = now + INTERVAL_US;
  progress->visible = TRUE;
  g_autofree char *amount = text_from_size (progress->bytes);
  g_printerr ("\rmailcrypt: %s %s\033[K", label, amount);
}

static void
progress_end (Progress *progress)
{
  if (progress->visible)
    g_printerr ("\r\033[K");
  progress->visible = FALSE;
}

/* -------------------------------------------------------------------- reading -- */

typedef struct {
  GFilterInputStream parent;
  Progress progress;
} ProgressInput;
typedef GFilterInputStreamClass ProgressInputClass;

/* It buffers nothing: a file behind it can be read where it lies. */
static int
progress_input_get_fd (GFileDescriptorBased *stream)
{
  return g_file_descriptor_based_get_fd (
    (GFileDescriptorBased *) g_filter_input_stream_get_base_stream ((GFilterInputStream *) stream));
}

static void
set_file_interface (GFileDescriptorBasedIface *interface)
{
  interface->get_fd = progress_input_get_fd;
}

static GType progress_input_get_type (void);
G_DEFINE_TYPE_WITH_CODE (ProgressInput, progress_input, G_TYPE_FILTER_INPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_FILE_DESCRIPTOR_BASED, set_file_interface))

static gssize
progress_input_read (GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable,
                     GError **error)
{
  ProgressInput *self = (ProgressInput *) stream;
  GInputStream *base = g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream));
  progress_add (&self->progress, 0, _("reading"));
  gssize got = g_input_stream_read (base, buffer, count, cancellable, error);
  if (got > 0)
    progress_add (&self->progress, got, _("reading"));
  else
    progress_end (&self->progress);
  return got;
}

static void
progress_input_finalize (GObject *object)
{
  progress_end (&((ProgressInput *) object)->progress);
  G_OBJECT_CLASS (progress_input_parent_class)->finalize (object);
}

static void
progress_input_class_init (ProgressInputClass *class)
{
  G_INPUT_STREAM_CLASS (class)->read_fn = progress_input_read;
  G_OBJECT_CLASS (class)->finalize = progress_input_finalize;
}

static void
progress_input_init (ProgressInput *self)
{
  (void) self;
}

GInputStream *
progress_watch_input (GInputStream *input)
{
  if (input == NULL || !is_wanted () || !G_IS_FILE_DESCRIPTOR_BASED (input))
    return input;
  GInputStream *watched = g_object_new (progress_input_get_type (), "base-stream", input, NULL);
  g_object_unref (input);
  return watched;
}

/* -------------------------------------------------------------------- writing -- */

typedef struct {
  GFilterOutputStream parent;
  Progress progress;
} ProgressOutput;
typedef GFilterOutputStreamClass ProgressOutputClass;

static GType progress_output_get_type (void);
G_DEFINE_TYPE (ProgressOutput, progress_output, G_TYPE_FILTER_OUTPUT_STREAM)

static gssize
progress_output_write (GOutputStream *stream, const void *buffer, gsize count,
                       GCancellable *cancellable, GError **error)
{
  ProgressOutput *self = (ProgressOutput *) stream;
  GOutputStream *base = g_filter_output_stream_get_base_stream (G_FILTER_OUTPUT_STREAM (stream));
  gssize put = g_output_stream_write (base, buffer, count, cancellable, error);
  progress_add (&self->progress, put, _("writing"));
  return put;
}

static void
progress_output_finalize (GObject *object)
{
  progress_end (&((ProgressOutput *) object)->progress);
  G_OBJECT_CLASS (progress_output_parent_class)->finalize (object);
}

static void
progress_output_class_init (ProgressOutputClass *class)
{
  G_OUTPUT_STREAM_CLASS (class)->write_fn = progress_output_write;
  G_OBJECT_CLASS (class)->finalize = progress_output_finalize;
}

static void
progress_output_init (ProgressOutput *self)
{
  (void) self;
}

GOutputStream *
progress_watch_output (GOutputStream *output)
{
  if (output == NULL || !is_wanted ())
    return output;
  GOutputStream *watched = g_object_new (progress_output_get_type (), "base-stream", output, NULL);
  g_object_unref (output);
  return watched;
}
