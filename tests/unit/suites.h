/* One line per unit-test file, sorted: SUITE (NAME) stands for test-NAME.c,
 * which defines CU_SuiteInfo suite_NAME.  Included more than once. */
SUITE (verdict)
SUITE (version)
