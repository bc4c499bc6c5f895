/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/secret.h"
#include "base/spool.h"
#include "memory.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL_MEMORY 1000
#define PATTERN_BYTES (300 * 1024)

static McSpool *
make_spool (guint64 memory_bytes, guint64 total_bytes)
{
  McLimits limits;
  _mc_limits_init (&limits);
  limits.memory_bytes = memory_bytes;
  limits.total_bytes = total_bytes;
  return _mc_spool_new (&limits);
}

static McSpool *
make_text_spool (const char *text, gsize size)
{
  McSpool *spool = make_spool (1 << 20, 1 << 20);
  CU_ASSERT_TRUE_FATAL (_mc_spool_append (spool, text, size, NULL));
  return spool;
}

static guint8
pattern_at (gsize i)
{
  return (guint8) (i * 31 + i / 251);
}

static guint8 *
make_pattern (gsize size)
{
  guint8 *pattern = g_malloc (size);
  for (gsize i = 0; i < size; i++)
    pattern[i] = pattern_at (i);
  return pattern;
}

/* A spool of PATTERN_BYTES filled in pieces of @piece. */
static McSpool *
make_pattern_spool (guint64 memory_bytes, gsize piece)
{
  g_autofree guint8 *pattern = make_pattern (PATTERN_BYTES);
  McSpool *spool = make_spool (memory_bytes, PATTERN_BYTES);
  for (gsize at = 0; at < PATTERN_BYTES; at += piece)
    CU_ASSERT_TRUE_FATAL (_mc_spool_append (spool, pattern + at, MIN (piece, PATTERN_BYTES - at),
                                            NULL));
  return spool;
}

static gboolean
is_unnamed_file (int fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *target = g_file_read_link (link, NULL);
  return target != NULL && g_str_has_suffix (target, "(deleted)");
}

static guint
count_unnamed_files (void)
{
  guint n = 0;
  for (int fd = 0; fd < 256; fd++)
    n += is_unnamed_file (fd) ? 1 : 0;
  return n;
}

/* ------------------------------------------------------------------- storing -- */

static void
test_memory_only (void)
{
  guint before = count_unnamed_files ();
  g_autoptr (McSpool) spool = make_spool (SMALL_MEMORY, 1 << 20);
  char buffer[SMALL_MEMORY];
  memset (buffer, 'm', sizeof buffer);
  CU_ASSERT_EQUAL (_mc_spool_get_size (spool), 0);
  CU_ASSERT_TRUE (_mc_spool_append (spool, NULL, 0, NULL));
  CU_ASSERT_TRUE (_mc_spool_append (spool, buffer, sizeof buffer, NULL));
  CU_ASSERT_EQUAL (_mc_spool_get_size (spool), SMALL_MEMORY);
  CU_ASSERT_EQUAL (count_unnamed_files (), before);
  CU_ASSERT_TRUE (_mc_spool_append (spool, buffer, 1, NULL));
  CU_ASSERT_EQUAL (count_unnamed_files (), before + 1);
}

static void
test_file_is_encrypted (void)
{
  static const char marker[] = "Subject: plaintext marker\n";
  guint before = count_unnamed_files ();
  int fd = dup (STDERR_FILENO);   /* the lowest free number: the file's */
  (void) close (fd);
  McSpool *spool = make_spool (SMALL_MEMORY, 1 << 20);
  while (_mc_spool_get_size (spool) < 512 * 1024)
    CU_ASSERT_TRUE_FATAL (_mc_spool_append (spool, marker, strlen (marker), NULL));

  CU_ASSERT_TRUE_FATAL (is_unnamed_file (fd));
  struct stat status;
  CU_ASSERT_EQUAL (fstat (fd, &status), 0);
  CU_ASSERT_EQUAL (status.st_nlink, 0);
  CU_ASSERT_EQUAL (status.st_mode & 0777, 0600);
  CU_ASSERT_TRUE (fcntl (fd, F_GETFD) & FD_CLOEXEC);
  CU_ASSERT_TRUE (status.st_size >= 256 * 1024);

  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  int again = open (link, O_RDONLY | O_CLOEXEC);
  CU_ASSERT_TRUE_FATAL (again >= 0);
  g_autofree char *bytes = g_malloc ((gsize) status.st_size);
  CU_ASSERT_EQUAL (pread (again, bytes, (gsize) status.st_size, 0), status.st_size);
  (void) close (again);
  CU_ASSERT_PTR_NULL (memmem (bytes, (gsize) status.st_size, "plain", 5));
  CU_ASSERT_PTR_NULL (memmem (bytes, (gsize) status.st_size, "Subject", 7));

  _mc_spool_unref (spool);
  CU_ASSERT_EQUAL (count_unnamed_files (), before);
}

static void
test_total_cap (void)
{
  g_autoptr (McSpool) spool = make_spool (10, 100);
  char buffer[100] = { 0 };
  CU_ASSERT_TRUE (_mc_spool_append (spool, buffer, 99, NULL));
  g_autoptr (GError) error = NULL;
  CU_ASSERT_FALSE (_mc_spool_append (spool, buffer, 2, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT));
  CU_ASSERT_EQUAL (_mc_spool_get_size (spool), 99);
  CU_ASSERT_TRUE (_mc_spool_append (spool, buffer, 1, NULL));
  CU_ASSERT_FALSE (_mc_spool_append (spool, buffer, 1, NULL));
  CU_ASSERT_FALSE (_mc_spool_append (spool, buffer, G_MAXSIZE, NULL));
}

static void
check_read (McSpool *spool, gsize offset, gsize size)
{
  g_autofree guint8 *buffer = g_malloc0 (size + 1);
  buffer[size] = 0xEE;
  gssize done = _mc_spool_read_at (spool, offset, buffer, size, NULL);
  gsize expected = offset < PATTERN_BYTES ? MIN (size, PATTERN_BYTES - offset) : 0;
  CU_ASSERT_EQUAL (done, (gssize) expected);
  gboolean same = TRUE;
  for (gsize i = 0; i < expected; i++)
    same = same && buffer[i] == pattern_at (offset + i);
  CU_ASSERT_TRUE (same);
  CU_ASSERT_EQUAL (buffer[size], 0xEE);
}

/* Around the place where memory overflowed, around the file's end, around the end. */
static void
check_reads (McSpool *spool, gsize memory_bytes)
{
  const gsize file_end = memory_bytes + (PATTERN_BYTES - memory_bytes) / (128 * 1024) * 128 * 1024;
  const gsize places[] = { 0, memory_bytes, file_end, PATTERN_BYTES };
  for (gsize p = 0; p < G_N_ELEMENTS (places); p++)
    for (gsize before = 0; before <= MIN (20, places[p]); before++)
      for (gsize size = 0; size < 40; size += 3)
        check_read (spool, places[p] - before, size);
  check_read (spool, 0, PATTERN_BYTES + 10);
  check_read (spool, PATTERN_BYTES + 10, 10);
}

static void
test_reads_across_boundary (void)
{
  static const gsize memory_sizes[] = { 0, 1, SMALL_MEMORY, 200 * 1024, 4 << 20 };
  static const gsize pieces[] = { 7, 4096, 100001, PATTERN_BYTES };
  for (gsize m = 0; m < G_N_ELEMENTS (memory_sizes); m++)
    for (gsize p = 0; p < G_N_ELEMENTS (pieces); p++) {
      g_autoptr (McSpool) spool = make_pattern_spool (memory_sizes[m], pieces[p]);
      check_reads (spool, MIN (memory_sizes[m], PATTERN_BYTES));
    }
}

static void
test_append_after_read (void)
{
  g_autoptr (McSpool) spool = make_spool (10, 1000);
  char buffer[40] = { 0 };
  CU_ASSERT_TRUE (_mc_spool_append (spool, "0123456789abc", 13, NULL));
  CU_ASSERT_EQUAL (_mc_spool_read_at (spool, 5, buffer, sizeof buffer, NULL), 8);
  CU_ASSERT_TRUE (_mc_spool_append (spool, "def", 3, NULL));
  CU_ASSERT_EQUAL (_mc_spool_read_at (spool, 5, buffer, sizeof buffer, NULL), 11);
  CU_ASSERT_EQUAL (memcmp (buffer, "56789abcdef", 11), 0);
}

static void
test_append_stream (void)
{
  guint8 *pattern = make_pattern (PATTERN_BYTES);
  g_autoptr (GInputStream) input = g_memory_input_stream_new_from_data (pattern, PATTERN_BYTES,
                                                                        g_free);
  g_autoptr (McSpool) spool = make_spool (SMALL_MEMORY, PATTERN_BYTES);
  CU_ASSERT_TRUE (_mc_spool_append_stream (spool, input, NULL, NULL));
  check_reads (spool, SMALL_MEMORY);
}

static void
test_append_stream_failures (void)
{
  g_autoptr (GInputStream) large = g_memory_input_stream_new_from_data ("12345", 5, NULL);
  g_autoptr (McSpool) spool = make_spool (10, 4);
  g_autoptr (GError) limit = NULL;
  CU_ASSERT_FALSE (_mc_spool_append_stream (spool, large, NULL, &limit));
  CU_ASSERT_TRUE (g_error_matches (limit, MC_ERROR, MC_ERROR_LIMIT));

  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  g_autoptr (GInputStream) input = g_memory_input_stream_new_from_data ("1", 1, NULL);
  g_autoptr (GError) cancelled = NULL;
  CU_ASSERT_FALSE (_mc_spool_append_stream (spool, input, cancellable, &cancelled));
  CU_ASSERT_STRING_EQUAL (mc_error_get_word (cancelled), "cancelled");

  g_autoptr (GInputStream) closed = g_memory_input_stream_new_from_data ("1", 1, NULL);
  CU_ASSERT_TRUE (g_input_stream_close (closed, NULL, NULL));
  g_autoptr (GError) io = NULL;
  CU_ASSERT_FALSE (_mc_spool_append_stream (spool, closed, NULL, &io));
  CU_ASSERT_TRUE (g_error_matches (io, MC_ERROR, MC_ERROR_IO));
}

/* ------------------------------------------------------------------- wiping -- */

/* Fills a spool with many copies, so that its window grows and overflows. */
static McSpool *
make_traced_spool (const Trace *trace, gsize memory_bytes, gsize copies)
{
  McSpool *spool = make_spool (memory_bytes, 1 << 24);
  guint8 marker[TRACE_BYTES];
  trace_reveal (trace, marker);
  for (gsize i = 0; i < copies; i++)
    CU_ASSERT_TRUE_FATAL (_mc_spool_append (spool, marker, sizeof marker, NULL));
  _mc_wipe (marker, sizeof marker);
  return spool;
}

static void
test_nothing_stays_of_memory (void)
{
  Trace trace;
  trace_init (&trace);
  McSpool *spool = make_traced_spool (&trace, 1 << 20, 1000);
  CU_ASSERT_EQUAL (trace_count (&trace), 1000);   /* growing left no copies behind */
  _mc_spool_unref (spool);
  CU_ASSERT_EQUAL (trace_count (&trace), 0);
}

static void
test_nothing_stays_of_file (void)
{
  Trace trace;
  trace_init (&trace);
  McSpool *spool = make_traced_spool (&trace, 1 << 18, 20000);
  CU_ASSERT_TRUE (trace_count (&trace) <= 128 * 1024 / TRACE_BYTES);
  _mc_spool_unref (spool);
  CU_ASSERT_EQUAL (trace_count (&trace), 0);
}

static void
test_nothing_stays_of_reading (void)
{
  Trace trace;
  trace_init (&trace);
  McSpool *spool = make_traced_spool (&trace, 1 << 16, 10000);
  GInputStream *stream = _mc_span_open (_mc_span_whole (spool), MC_NEWLINES_CRLF);
  guint8 *buffer = g_malloc (100000);
  gsize done = 0;
  CU_ASSERT_TRUE (g_input_stream_read_all (stream, buffer, 100000, &done, NULL, NULL));
  CU_ASSERT_TRUE (done == 100000);
  _mc_wipe (buffer, 100000);
  g_free (buffer);
  g_object_unref (stream);

  GBytes *loaded = _mc_span_load (_mc_span_whole (spool), 1 << 24, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (loaded);
  g_bytes_unref (loaded);
  _mc_spool_unref (spool);
  CU_ASSERT_EQUAL (trace_count (&trace), 0);
}

/* ----------------------------------------------------------------- newlines -- */

/* The rules, written down once more as plainly as can be. */
static GString *
canonicalise (const char *text, gsize size)
{
  GString *out = g_string_new (NULL);
  for (gsize i = 0; i < size; i++) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
      g_string_append_c (out, '\r');
    g_string_append_c (out, text[i]);
  }
  return out;
}

static GString *
strip (const char *text, gsize size)
{
  GString *out = g_string_new (NULL);
  for (gsize i = 0; i < size; i++)
    if (text[i] != '\r' || i + 1 == size || text[i + 1] != '\n')
      g_string_append_c (out, text[i]);
  return out;
}

static GString *
read_in_pieces (McSpan span, McNewlines newlines, gsize piece)
{
  g_autoptr (GInputStream) stream = _mc_span_open (span, newlines);
  GString *out = g_string_new (NULL);
  g_autofree char *buffer = g_malloc (piece);
  for (;;) {
    gssize size = g_input_stream_read (stream, buffer, piece, NULL, NULL);
    CU_ASSERT_TRUE_FATAL (size >= 0);
    if (size == 0)
      return out;
    g_string_append_len (out, buffer, size);
  }
}

static void
check_newlines (McSpan span, const char *text, gsize size, gsize piece)
{
  GString *expected = canonicalise (text, size);
  GString *got = read_in_pieces (span, MC_NEWLINES_CRLF, piece);
  CU_ASSERT_TRUE (g_string_equal (expected, got));
  g_string_free (expected, TRUE);
  g_string_free (got, TRUE);

  expected = strip (text, size);
  got = read_in_pieces (span, MC_NEWLINES_LF, piece);
  CU_ASSERT_TRUE (g_string_equal (expected, got));
  g_string_free (expected, TRUE);
  g_string_free (got, TRUE);
}

/* Every text of up to 6 octets out of CR, LF and a letter, in reads of every size. */
static void
test_newlines_all_short_texts (void)
{
  for (gsize size = 0, n_texts = 1; size <= 6; size++, n_texts *= 3)
    for (gsize n = 0; n < n_texts; n++) {
      char text[6];
      for (gsize i = 0, rest = n; i < size; i++, rest /= 3)
        text[i] = "\r\nx"[rest % 3];
      g_autoptr (McSpool) spool = make_text_spool (text, size);
      for (gsize piece = 1; piece <= 7; piece++)
        check_newlines (_mc_span_whole (spool), text, size, piece);
    }
}

/* CR, LF and both at each place around the edge of the stream's own buffer. */
static void
test_newlines_at_buffer_edge (void)
{
  static const char *const breaks[] = { "\r\n", "\n", "\r", "\n\n", "\r\r\n", "\r\n\r\n" };
  const gsize edge = 64 * 1024;
  for (gsize b = 0; b < G_N_ELEMENTS (breaks); b++)
    for (gsize at = edge - 4; at <= edge + 1; at++) {
      g_autofree char *text = g_strnfill (edge + 10, 'x');
      memcpy (text + at, breaks[b], strlen (breaks[b]));
      g_autoptr (McSpool) spool = make_text_spool (text, edge + 10);
      check_newlines (_mc_span_whole (spool), text, edge + 10, edge);
      check_newlines (_mc_span_whole (spool), text, edge + 10, edge + 3);
      check_newlines (_mc_span_whole (spool), text, edge + 10, 8191);
    }
}

static void
test_newlines_in_ranges (void)
{
  static const char text[] = "a\r\nb\nc\r\n";
  gsize size = strlen (text);
  g_autoptr (McSpool) spool = make_text_spool (text, size);
  for (gsize start = 0; start <= size; start++)
    for (gsize end = start; end <= size; end++)
      for (gsize piece = 1; piece < 4; piece++)
        check_newlines ((McSpan) { spool, start, end }, text + start, end - start, piece);
}

static void
test_as_is (void)
{
  static const char text[] = "\na\r\nb\n\0c\r";
  g_autoptr (McSpool) spool = make_text_spool (text, sizeof text);
  for (gsize piece = 1; piece <= sizeof text + 1; piece++) {
    GString *got = read_in_pieces (_mc_span_whole (spool), MC_NEWLINES_AS_IS, piece);
    CU_ASSERT_EQUAL (got->len, sizeof text);
    CU_ASSERT_EQUAL (memcmp (got->str, text, sizeof text), 0);
    g_string_free (got, TRUE);
  }
}

/* -------------------------------------------------------------------- spans -- */

static void
test_stream_outlives_spool (void)
{
  McSpool *spool = make_text_spool ("still here", 10);
  g_autoptr (GInputStream) stream = _mc_span_open ((McSpan) { spool, 6, 10 }, MC_NEWLINES_AS_IS);
  _mc_spool_unref (spool);
  char buffer[10] = { 0 };
  CU_ASSERT_EQUAL (g_input_stream_read (stream, buffer, sizeof buffer, NULL, NULL), 4);
  CU_ASSERT_STRING_EQUAL (buffer, "here");
}

static void
test_empty_span (void)
{
  GString *got = read_in_pieces (MC_SPAN_NONE, MC_NEWLINES_CRLF, 10);
  CU_ASSERT_EQUAL (got->len, 0);
  g_string_free (got, TRUE);
  g_autoptr (GBytes) loaded = _mc_span_load (MC_SPAN_NONE, 0, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (loaded);
  CU_ASSERT_EQUAL (g_bytes_get_size (loaded), 0);
}

static void
test_write (void)
{
  g_autoptr (McSpool) spool = make_text_spool ("skip\nkeep\n\nskip", 15);
  McSpan span = { spool, 5, 11 };
  CU_ASSERT_EQUAL (_mc_span_size (span), 6);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  CU_ASSERT_TRUE (_mc_span_write (span, MC_NEWLINES_AS_IS, output, NULL, NULL));
  CU_ASSERT_TRUE (_mc_span_write (span, MC_NEWLINES_CRLF, output, NULL, NULL));
  CU_ASSERT_TRUE (g_output_stream_close (output, NULL, NULL));
  g_autoptr (GBytes) got = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (output));
  CU_ASSERT_EQUAL (g_bytes_get_size (got), 14);
  CU_ASSERT_EQUAL (memcmp (g_bytes_get_data (got, NULL), "keep\n\nkeep\r\n\r\n", 14), 0);

  g_autoptr (GError) error = NULL;
  CU_ASSERT_FALSE (_mc_span_write (span, MC_NEWLINES_AS_IS, output, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_IO));
}

static void
test_load (void)
{
  g_autoptr (McSpool) spool = make_text_spool ("ab\0cd", 5);
  g_autoptr (GBytes) loaded = _mc_span_load ((McSpan) { spool, 1, 4 }, 3, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (loaded);
  CU_ASSERT_EQUAL (g_bytes_get_size (loaded), 3);
  CU_ASSERT_EQUAL (memcmp (g_bytes_get_data (loaded, NULL), "b\0c", 4), 0);

  g_autoptr (GError) limit = NULL;
  CU_ASSERT_PTR_NULL (_mc_span_load (_mc_span_whole (spool), 4, &limit));
  CU_ASSERT_TRUE (g_error_matches (limit, MC_ERROR, MC_ERROR_LIMIT));

  g_autoptr (GError) outside = NULL;
  CU_ASSERT_PTR_NULL (_mc_span_load ((McSpan) { spool, 3, 9 }, 100, &outside));
  CU_ASSERT_TRUE (g_error_matches (outside, MC_ERROR, MC_ERROR_INTERNAL));
}

static CU_TestInfo tests[] = {
  { "no file below the memory limit", test_memory_only },
  { "the file is nameless and encrypted", test_file_is_encrypted },
  { "never larger than the cap", test_total_cap },
  { "reads across memory and file", test_reads_across_boundary },
  { "append after read", test_append_after_read },
  { "append a stream", test_append_stream },
  { "append a stream: limit, cancelled, broken", test_append_stream_failures },
  { "nothing stays: memory", test_nothing_stays_of_memory },
  { "nothing stays: file", test_nothing_stays_of_file },
  { "nothing stays: reading", test_nothing_stays_of_reading },
  { "newlines: all short texts", test_newlines_all_short_texts },
  { "newlines: at the buffer's edge", test_newlines_at_buffer_edge },
  { "newlines: in ranges", test_newlines_in_ranges },
  { "newlines: as they are", test_as_is },
  { "a stream outlives its spool", test_stream_outlives_spool },
  { "the empty span", test_empty_span },
  { "write", test_write },
  { "load", test_load },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_spool = {
  .pName = "spool",
  .pTests = tests,
};
