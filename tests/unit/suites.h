/* One line per unit-test file, sorted: SUITE (NAME) stands for test-NAME.c,
 * which defines CU_SuiteInfo suite_NAME.  Included more than once. */
SUITE (address)
SUITE (error)
SUITE (limits)
SUITE (module)
SUITE (secret)
SUITE (settings)
SUITE (spool)
SUITE (text)
SUITE (verdict)
SUITE (version)
