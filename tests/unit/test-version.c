/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "libmailcrypt.h"

static void
test_is_the_packages (void)
{
  CU_ASSERT_STRING_EQUAL (mc_version (), PACKAGE_VERSION);
}

static CU_TestInfo tests[] = {
  { "is the package's", test_is_the_packages },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_version = {
  .pName = "version",
  .pTests = tests,
};
