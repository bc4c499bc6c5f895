/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a spool refers to instead of copying it: pieces of other spools, files at rest. */
#include "unit.h"

#include "base/spool.h"
#include "scratch.h"

#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES ((gsize) 300 * 1024)
#define MEMORY_BYTES ((guint64) 1000)

static McSpool *
make_spool (guint64 total_bytes)
{
  McLimits limits;
  _mc_limits_init (&limits);
  limits.memory_bytes = MEMORY_BYTES;
  limits.total_bytes = total_bytes;
  return _mc_spool_new (&limits);
}

static GString *
make_pattern (guint seed)
{
  GString *pattern = g_string_sized_new (BYTES);
  for (gsize i = 0; i < BYTES; i++)
    g_string_append_c (pattern, (char) (i * 31 + i / 251 + seed));
  return pattern;
}

static McSpool *
make_pattern_spool (guint seed)
{
  g_autoptr (GString) pattern = make_pattern (seed);
  McSpool *spool = make_spool (1 << 20);
  CU_ASSERT_TRUE_FATAL (_mc_spool_append (spool, pattern->str, pattern->len, NULL));
  return spool;
}

static void
append_text (McSpool *spool, const char *text)
{
  CU_ASSERT_TRUE_FATAL (_mc_spool_append (spool, text, strlen (text), NULL));
}

/* In reads of all sizes, from everywhere. */
static void
check_content (McSpool *spool, const GString *expected)
{
  static const gsize sizes[] = { 1, 7, 4096, 20000, 100000, 1 << 20 };
  g_autofree char *data = g_malloc (1 << 20);

  CU_ASSERT_EQUAL_FATAL (_mc_spool_get_size (spool), expected->len);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (gsize at = 0; at < expected->len; at += sizes[i] < 4096 ? 3001 : sizes[i]) {
      gsize size = MIN (sizes[i], expected->len - at);
      CU_ASSERT_EQUAL (_mc_spool_read_at (spool, at, data, sizes[i], NULL), (gssize) size);
      CU_ASSERT_EQUAL (memcmp (data, expected->str + at, size), 0);
    }
  for (gsize at = expected->len; at > 0; at -= MIN (at, 1777))
    CU_ASSERT_TRUE (_mc_spool_read_at (spool, at - 1, data, 1, NULL) == 1
                    && data[0] == expected->str[at - 1]);
}

static void
test_span_of_another (void)
{
  g_autoptr (McSpool) spool = make_spool (1 << 20);
  g_autoptr (GString) expected = g_string_new ("head");
  append_text (spool, "head");
  for (guint seed = 0; seed < 2; seed++) {
    g_autoptr (GString) pattern = make_pattern (seed);
    g_autoptr (McSpool) other = make_pattern_spool (seed);
    McSpan span = { other, 5, BYTES - 3 };
    CU_ASSERT_TRUE (_mc_spool_append_span (spool, span, NULL));
    /* what the other one gets later is none of ours */
    append_text (other, "later");
    append_text (spool, "tail");
    g_string_append_len (expected, pattern->str + 5, (gssize) BYTES - 8);
    g_string_append (expected, "tail");
  }
  check_content (spool, expected);
}

static void
test_span_of_a_borrower (void)
{
  g_autoptr (McSpool) last = make_spool (1 << 20);
  g_autoptr (GString) expected = make_pattern (0);
  {
    g_autoptr (McSpool) first = make_pattern_spool (0);
    g_autoptr (McSpool) second = make_spool (1 << 20);
    append_text (second, "before");
    CU_ASSERT_TRUE (_mc_spool_append_span (second, _mc_span_whole (first), NULL));
    append_text (second, "behind");
    McSpan span = { second, 3, _mc_spool_get_size (second) - 2 };
    CU_ASSERT_TRUE (_mc_spool_append_span (last, span, NULL));
  }
  g_string_prepend (expected, "ore");
  g_string_append (expected, "behi");
  check_content (last, expected);
}

static void
test_span_of_itself (void)
{
  g_autoptr (McSpool) spool = make_pattern_spool (0);
  g_autoptr (GString) expected = make_pattern (0);
  CU_ASSERT_TRUE (_mc_spool_append_span (spool, (McSpan) { spool, 0, BYTES }, NULL));
  g_string_append_len (expected, expected->str, (gssize) BYTES);
  check_content (spool, expected);
}

static void
test_span_over_the_limit (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) other = make_pattern_spool (0);
  g_autoptr (McSpool) spool = make_spool (BYTES);
  append_text (spool, "x");
  CU_ASSERT_FALSE (_mc_spool_append_span (spool, _mc_span_whole (other), &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT));
}

static void
test_canonical (void)
{
  static const struct {
    const char *text;
    gboolean canonical;
  } cases[] = {
    { "", TRUE },         { "a", TRUE },       { "a\r\n", TRUE },   { "\r\n\r\nx\r\n", TRUE },
    { "\n", FALSE },      { "a\n", FALSE },    { "a\r\n\n", FALSE }, { "\r\r\n", TRUE },
    { "a\rb\r\n", TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize room = 0; room < 4; room++) {
      /* the line break on every side of the edge between two reads */
      g_autoptr (McSpool) spool = make_spool (1 << 20);
      g_autofree char *filler = g_strnfill (64 * 1024 - room, 'x');
      append_text (spool, filler);
      append_text (spool, cases[i].text);
      CU_ASSERT_EQUAL (_mc_span_is_canonical (_mc_span_whole (spool)), cases[i].canonical);
    }
}

/* -------------------------------------------------------------------- files -- */

static char *
write_pattern (const char *folder, const char *name, mode_t mode)
{
  g_autoptr (GString) pattern = make_pattern (0);
  char *path = g_build_filename (folder, name, NULL);
  CU_ASSERT_TRUE_FATAL (g_file_set_contents (path, pattern->str, (gssize) pattern->len, NULL));
  CU_ASSERT_EQUAL_FATAL (g_chmod (path, mode), 0);
  return path;
}

/* From the fifth octet on. */
static McSpool *
read_file (const char *path)
{
  McSpool *spool = make_spool (1 << 20);
  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  CU_ASSERT_EQUAL_FATAL (lseek (fd, 4, SEEK_SET), 4);
  g_autoptr (GInputStream) stream = g_unix_input_stream_new (fd, TRUE);
  CU_ASSERT_TRUE_FATAL (_mc_spool_append_stream (spool, stream, NULL, NULL));
  CU_ASSERT_EQUAL (lseek (fd, 0, SEEK_CUR), (off_t) BYTES);
  return spool;
}

static void
overwrite (const char *path)
{
  int fd = g_open (path, O_WRONLY | O_CLOEXEC, 0);
  CU_ASSERT_EQUAL (pwrite (fd, "changed", 7, 100), 7);
  (void) g_close (fd, NULL);
}

static gboolean
is_copy (const char *path, const GString *expected)
{
  g_autofree char *data = g_malloc (BYTES);
  g_autoptr (McSpool) spool = read_file (path);
  check_content (spool, expected);
  overwrite (path);
  g_autoptr (GError) error = NULL;
  if (_mc_spool_read_at (spool, 0, data, BYTES, &error) < 0) {
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_IO));
    return FALSE;
  }
  check_content (spool, expected);
  return TRUE;
}

static void
test_files (void)
{
  char *folder = scratch_new ();
  g_autoptr (GString) expected = make_pattern (0);
  g_autofree char *own = write_pattern (folder, "own", 0600);
  g_autofree char *shared = write_pattern (folder, "shared", 0660);
  g_string_erase (expected, 0, 4);

  g_usleep (5 * G_USEC_PER_SEC);   /* nothing else makes a file older */
  g_autofree char *fresh = write_pattern (folder, "fresh", 0600);
  CU_ASSERT_FALSE (is_copy (own, expected));
  CU_ASSERT_TRUE (is_copy (shared, expected));
  CU_ASSERT_TRUE (is_copy (fresh, expected));
  scratch_free (folder);
}

static CU_TestInfo tests[] = {
  { "a span of another spool", test_span_of_another },
  { "a span of a borrower", test_span_of_a_borrower },
  { "a span of itself", test_span_of_itself },
  { "a span over the limit", test_span_over_the_limit },
  { "canonical line ends", test_canonical },
  { "files", test_files },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_borrow = { "borrow", NULL, NULL, NULL, NULL, tests };
