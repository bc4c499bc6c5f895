/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/limits.h"

static void
test_defaults (void)
{
  McLimits limits;
  _mc_limits_init (&limits);
  CU_ASSERT_EQUAL (limits.total_bytes, 512 * 1024 * 1024);
  CU_ASSERT_EQUAL (limits.memory_bytes, 4 * 1024 * 1024);
  CU_ASSERT_EQUAL (limits.header_bytes, 1024 * 1024);
  CU_ASSERT_EQUAL (limits.nesting_depth, 100);
  CU_ASSERT_EQUAL (limits.parts, 10000);
  CU_ASSERT_EQUAL (limits.layers, 16);
  CU_ASSERT_EQUAL (limits.recipients, 1000);
}

static void
test_set_each (void)
{
  McLimits limits;
  _mc_limits_init (&limits);
  for (const McLimitInfo *info = _mc_limit_table; info->name != NULL; info++) {
    CU_ASSERT_TRUE (info->least <= info->fallback && info->fallback <= info->most);
    CU_ASSERT_TRUE (_mc_limits_set (&limits, info->name, info->least, NULL));
    CU_ASSERT_TRUE (_mc_limits_set (&limits, info->name, info->most, NULL));
  }
  CU_ASSERT_TRUE (_mc_limits_set (&limits, "layers", 7, NULL));
  CU_ASSERT_EQUAL (limits.layers, 7);
  CU_ASSERT_TRUE (_mc_limits_set (&limits, "total-bytes", G_GUINT64_CONSTANT (5000000000), NULL));
  CU_ASSERT_EQUAL (limits.total_bytes, G_GUINT64_CONSTANT (5000000000));
}

static void
test_refusals (void)
{
  McLimits limits;
  _mc_limits_init (&limits);
  for (const McLimitInfo *info = _mc_limit_table; info->name != NULL; info++) {
    g_autoptr (GError) error = NULL;
    CU_ASSERT_FALSE (_mc_limits_set (&limits, info->name, info->most + 1, &error));
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));
    CU_ASSERT_PTR_NOT_NULL (mc_error_get_hint (error));
  }
  g_autoptr (GError) zero = NULL;
  CU_ASSERT_FALSE (_mc_limits_set (&limits, "layers", 0, &zero));
  CU_ASSERT_EQUAL (limits.layers, 16);

  g_autoptr (GError) unknown = NULL;
  CU_ASSERT_FALSE (_mc_limits_set (&limits, "colours", 1, &unknown));
  CU_ASSERT_TRUE (g_error_matches (unknown, MC_ERROR, MC_ERROR_INVALID));
}

static CU_TestInfo tests[] = {
  { "defaults", test_defaults },
  { "each can be set within its range", test_set_each },
  { "out of range and unknown are refused", test_refusals },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_limits = {
  .pName = "limits",
  .pTests = tests,
};
