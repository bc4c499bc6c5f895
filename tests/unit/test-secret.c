/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/secret.h"
#include "memory.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_content (void)
{
  g_autoptr (McSecret) secret = mc_secret_new ("pass\0word", 9);
  CU_ASSERT_EQUAL (_mc_secret_get_size (secret), 9);
  CU_ASSERT_EQUAL (memcmp (_mc_secret_get_data (secret), "pass\0word", 10), 0);

  g_autoptr (McSecret) empty = mc_secret_new (NULL, 0);
  CU_ASSERT_EQUAL (_mc_secret_get_size (empty), 0);
  CU_ASSERT_STRING_EQUAL (_mc_secret_get_data (empty), "");
}

static void
test_page_sizes (void)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  for (gsize size = page - 1; size <= page + 1; size++) {
    g_autofree char *text = g_strnfill (size, 'x');
    g_autoptr (McSecret) secret = mc_secret_new (text, size);
    CU_ASSERT_STRING_EQUAL (_mc_secret_get_data (secret), text);
  }
}

static void
test_references (void)
{
  McSecret *secret = mc_secret_new ("kept", 4);
  CU_ASSERT_PTR_EQUAL (mc_secret_ref (secret), secret);
  mc_secret_unref (secret);
  CU_ASSERT_STRING_EQUAL (_mc_secret_get_data (secret), "kept");
  mc_secret_unref (secret);
  mc_secret_unref (NULL);
}

static void
test_mapping_flags (void)
{
  g_autoptr (McSecret) secret = mc_secret_new ("flags", 5);
  CU_ASSERT_TRUE (memory_has_flag (_mc_secret_get_data (secret), " dd"));
  CU_ASSERT_TRUE (memory_has_flag (_mc_secret_get_data (secret), " wf"));
}

static void
test_child_sees_zeros (void)
{
  g_autoptr (McSecret) secret = mc_secret_new ("mother", 6);
  pid_t child = fork ();
  CU_ASSERT_TRUE_FATAL (child >= 0);
  if (child == 0) {
    gboolean empty = _mc_secret_get_data (secret)[0] == '\0';
    mc_secret_unref (secret);   /* must not crash there either */
    _exit (empty ? 0 : 1);
  }
  int status = -1;
  CU_ASSERT_EQUAL (waitpid (child, &status, 0), child);
  CU_ASSERT_TRUE (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  CU_ASSERT_STRING_EQUAL (_mc_secret_get_data (secret), "mother");
}

static void
test_nothing_stays (void)
{
  Trace trace;
  trace_init (&trace);
  guint8 marker[TRACE_BYTES];
  trace_reveal (&trace, marker);
  McSecret *secret = mc_secret_new ((const char *) marker, sizeof marker);
  _mc_wipe (marker, sizeof marker);
  CU_ASSERT_EQUAL (trace_count (&trace), 1);
  mc_secret_unref (secret);
  CU_ASSERT_EQUAL (trace_count (&trace), 0);
}

static void
test_wipe (void)
{
  char buffer[8] = "secret!";
  _mc_wipe (buffer, 6);
  CU_ASSERT_EQUAL (memcmp (buffer, "\0\0\0\0\0\0!", 8), 0);
  _mc_wipe (NULL, 0);
}

static CU_TestInfo tests[] = {
  { "content, NUL behind it", test_content },
  { "around a page", test_page_sizes },
  { "references", test_references },
  { "not in core dumps, not in children", test_mapping_flags },
  { "a forked child sees zeros", test_child_sees_zeros },
  { "nothing stays in memory", test_nothing_stays },
  { "wipe", test_wipe },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_secret = {
  .pName = "secret",
  .pTests = tests,
};
