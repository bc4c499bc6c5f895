/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the unit tests: CUnit's own output with its closing summary, then the
 * same results as TAP for automake.  With arguments, only the suites named. */
#include "unit.h"

#include <CUnit/Basic.h>
#include <stdio.h>

static gboolean
register_suites (void)
{
  const CU_SuiteInfo *const all[] = {
#define SUITE(name) &suite_##name,
#include "suites.h"
#undef SUITE
  };

  for (size_t i = 0; i < G_N_ELEMENTS (all); i++) {
    CU_SuiteInfo one[] = { *all[i], CU_SUITE_INFO_NULL };

    if (CU_register_suites (one) != CUE_SUCCESS)
      return FALSE;
  }
  return TRUE;
}

/* FALSE when a name is not that of a suite. */
static gboolean
select_suites (int n_names, char **names)
{
  CU_pTestRegistry registry = CU_get_registry ();

  if (n_names == 0)
    return TRUE;

  CU_set_fail_on_inactive (CU_FALSE);
  for (CU_pSuite suite = registry->pSuite; suite; suite = suite->pNext)
    CU_set_suite_active (suite, CU_FALSE);
  for (int i = 0; i < n_names; i++) {
    CU_pSuite suite = CU_get_suite (names[i]);

    if (!suite) {
      fprintf (stderr, "runner: no suite \"%s\"\n", names[i]);
      return FALSE;
    }
    CU_set_suite_active (suite, CU_TRUE);
  }
  return TRUE;
}

/* A failure without a test is that of the suite's own set-up. */
static gboolean
has_failed (CU_pSuite suite, CU_pTest test)
{
  for (CU_pFailureRecord f = CU_get_failure_list (); f; f = f->pNext)
    if (f->pSuite == suite && (!f->pTest || f->pTest == test))
      return TRUE;
  return FALSE;
}

static void
print_tap (void)
{
  unsigned n = 0;

  for (CU_pSuite suite = CU_get_registry ()->pSuite; suite; suite = suite->pNext)
    for (CU_pTest test = suite->pTest; suite->fActive && test; test = test->pNext)
      printf ("%s %u - %s: %s\n", has_failed (suite, test) ? "not ok" : "ok",
              ++n, suite->pName, test->pName);
  printf ("1..%u\n", n);
}

int
main (int argc, char **argv)
{
  gboolean ok = FALSE;

  if (CU_initialize_registry () != CUE_SUCCESS)
    return 1;
  if (register_suites () && select_suites (argc - 1, argv + 1)) {
    CU_basic_set_mode (CU_BRM_VERBOSE);
    /* Its result says whether the tests ran, not whether they passed. */
    ok = CU_basic_run_tests () == CUE_SUCCESS
         && CU_get_number_of_failures () == 0
         && CU_get_number_of_tests_run () > 0;
    print_tap ();
  }
  CU_cleanup_registry ();
  return ok ? 0 : 1;
}
