# Tests: TAP everywhere.  tests/README.md says how to add one.

TEST_EXTENSIONS = .py
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' \
	$(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
PY_LOG_DRIVER = $(TAP_DRIVER)
PY_LOG_COMPILER = $(PYTHON)

# ---- unit tests ----

unit_sources = \
	tests/unit/double-backend.c \
	tests/unit/double-backend.h \
	tests/unit/memory.c \
	tests/unit/memory.h \
	tests/unit/pgp-kit.c \
	tests/unit/pgp-kit.h \
	tests/unit/runner.c \
	tests/unit/sample.c \
	tests/unit/sample.h \
	tests/unit/scratch.c \
	tests/unit/scratch.h \
	tests/unit/smime-lab.c \
	tests/unit/smime-lab.h \
	tests/unit/suites.h \
	tests/unit/test-address.c \
	tests/unit/test-agent.c \
	tests/unit/test-borrow.c \
	tests/unit/test-canon.c \
	tests/unit/test-compose.c \
	tests/unit/test-decode.c \
	tests/unit/test-error.c \
	tests/unit/test-fields.c \
	tests/unit/test-harvest.c \
	tests/unit/test-headers.c \
	tests/unit/test-keys.c \
	tests/unit/test-limits.c \
	tests/unit/test-module.c \
	tests/unit/test-object.c \
	tests/unit/test-openpgp-keys.c \
	tests/unit/test-openpgp-signatures.c \
	tests/unit/test-openpgp.c \
	tests/unit/test-packets.c \
	tests/unit/test-passphrase.c \
	tests/unit/test-policy.c \
	tests/unit/test-reply.c \
	tests/unit/test-resolver.c \
	tests/unit/test-scan.c \
	tests/unit/test-screen.c \
	tests/unit/test-secret.c \
	tests/unit/test-settings.c \
	tests/unit/test-smime-ber.c \
	tests/unit/test-smime-chain.c \
	tests/unit/test-smime-choice.c \
	tests/unit/test-smime-keys.c \
	tests/unit/test-smime-names.c \
	tests/unit/test-smime-ocsp.c \
	tests/unit/test-smime-read.c \
	tests/unit/test-smime-vectors.c \
	tests/unit/test-smime-write.c \
	tests/unit/test-spool.c \
	tests/unit/test-store-peers.c \
	tests/unit/test-store.c \
	tests/unit/test-text.c \
	tests/unit/test-tree.c \
	tests/unit/test-verdict.c \
	tests/unit/test-version.c \
	tests/unit/unit.h \
	$(NULL)

if HAVE_CUNIT
check_PROGRAMS += tests/unit/runner
TESTS += tests/unit/runner
else
check-local: no-cunit
endif
no-cunit:
	@echo 'CUnit was not found by configure: the unit tests cannot run' >&2
	@false
.PHONY: no-cunit

# The library exports its internal symbols (_mc_*) to its modules and to these.
# What the tool does to text is tested here, too.
tests_unit_runner_SOURCES = \
	$(unit_sources) \
	src/mailcrypt/filename.c \
	src/mailcrypt/fold.c \
	src/mailcrypt/mark.c \
	$(NULL)
tests_unit_runner_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
tests_unit_runner_CFLAGS = \
	$(common_cflags) $(PIE_CFLAGS) $(LIBMAILCRYPT_CFLAGS) $(LIBCRYPTO_CFLAGS) \
	$(CUNIT_CFLAGS)
tests_unit_runner_LDFLAGS = $(AM_LDFLAGS) -no-install
tests_unit_runner_LDADD = \
	src/libmailcrypt/libsmime.la src/libmailcrypt/libmailcrypt.la \
	$(LIBMAILCRYPT_LIBS) $(LIBCRYPTO_LIBS) $(ZLIB_LIBS) $(CUNIT_LIBS)

# ---- fuzz targets ----

# Each runs the files named to it; built with every check, so that none can rot.
check_PROGRAMS += tests/fuzz/fuzz-cms
tests_fuzz_fuzz_cms_SOURCES = tests/fuzz/fuzz-cms.c
tests_fuzz_fuzz_cms_CFLAGS = $(tests_unit_runner_CFLAGS)
tests_fuzz_fuzz_cms_LDFLAGS = $(tests_unit_runner_LDFLAGS)
tests_fuzz_fuzz_cms_LDADD = $(tests_unit_runner_LDADD)
check_PROGRAMS += tests/fuzz/fuzz-packets
tests_fuzz_fuzz_packets_SOURCES = tests/fuzz/fuzz-packets.c
tests_fuzz_fuzz_packets_CFLAGS = $(tests_unit_runner_CFLAGS)
tests_fuzz_fuzz_packets_LDFLAGS = $(tests_unit_runner_LDFLAGS)
tests_fuzz_fuzz_packets_LDADD = $(tests_unit_runner_LDADD)
check_PROGRAMS += tests/fuzz/fuzz-tree
tests_fuzz_fuzz_tree_SOURCES = tests/fuzz/fuzz-tree.c
tests_fuzz_fuzz_tree_CFLAGS = $(tests_unit_runner_CFLAGS)
tests_fuzz_fuzz_tree_LDFLAGS = $(tests_unit_runner_LDFLAGS)
tests_fuzz_fuzz_tree_LDADD = $(tests_unit_runner_LDADD)

# ---- black-box tests ----

script_tests = \
	tests/build/test_artifacts.py \
	tests/cli/test_algorithms.py \
	tests/cli/test_basics.py \
	tests/cli/test_cards.py \
	tests/cli/test_cms_hostile.py \
	tests/cli/test_corpus.py \
	tests/cli/test_doctor.py \
	tests/cli/test_headers.py \
	tests/cli/test_help.py \
	tests/cli/test_hostile.py \
	tests/cli/test_inspect.py \
	tests/cli/test_keyring.py \
	tests/cli/test_keys.py \
	tests/cli/test_leaks.py \
	tests/cli/test_mime.py \
	tests/cli/test_mutt.py \
	tests/cli/test_neomutt.py \
	tests/cli/test_openpgp.py \
	tests/cli/test_pkits.py \
	tests/cli/test_plain.py \
	tests/cli/test_plan.py \
	tests/cli/test_revocation.py \
	tests/cli/test_sendmail.py \
	tests/cli/test_setup_files.py \
	tests/cli/test_show.py \
	tests/cli/test_smime.py \
	tests/cli/test_smime_peers.py \
	tests/cli/test_store.py \
	tests/cli/test_terminal.py \
	tests/cli/test_vectors.py \
	tests/cli/test_verdict.py \
	tests/clients/test_aerc.py \
	tests/clients/test_compose.py \
	tests/clients/test_send.py \
	tests/clients/test_setup.py \
	tests/clients/test_view.py \
	$(NULL)

script_modules = \
	tests/cli/cms.py \
	tests/cli/corpus.py \
	tests/cli/corpus_headers.py \
	tests/cli/corpus_honest.py \
	tests/cli/corpus_sender.py \
	tests/cli/corpus_structure.py \
	tests/cli/der.py \
	tests/cli/harness.py \
	tests/cli/keyring.py \
	tests/cli/mailer.py \
	tests/cli/mailkit.py \
	tests/cli/pgp.py \
	tests/cli/pki.py \
	tests/cli/schema.py \
	tests/clients/client.py \
	tests/clients/letters.py \
	tests/clients/terminal.py \
	$(NULL)

TESTS += $(script_tests)
EXTRA_DIST += \
	$(script_tests) \
	$(script_modules) \
	tests/README.md \
	tests/unit/smime-lab.sh \
	tests/demo.eml \
	tests/demo.sh \
	tests/summary.sh \
	$(NULL)

# Measurements, no tests: bench.py builds what it needs.
EXTRA_DIST += \
	tests/bench/bench.py \
	tests/bench/measure.c \
	tests/bench/minimal-gpgme.c \
	$(NULL)

# What the scripts see.  Sanitizer reports abort, so that none can pass for an
# exit status of the tool.
AM_TESTS_ENVIRONMENT = \
	MAILCRYPT='$(abs_top_builddir)/mailcrypt'; \
	MAILCRYPT_BUILDDIR='$(abs_top_builddir)'; \
	MAILCRYPT_SRCDIR='$(abs_top_srcdir)'; \
	MAILCRYPT_VECTORS="$${MAILCRYPT_VECTORS-$(abs_top_srcdir)/../shared/vectors}"; \
	MAILCRYPT_PKITS="$${MAILCRYPT_PKITS-$(abs_top_srcdir)/../shared/pkits}"; \
	MAILCRYPT_TEST_FAST="$${MAILCRYPT_TEST_FAST-$(MAILCRYPT_TEST_FAST)}"; \
	PYTHONDONTWRITEBYTECODE=1; \
	export MAILCRYPT MAILCRYPT_BUILDDIR MAILCRYPT_SRCDIR; \
	export MAILCRYPT_VECTORS MAILCRYPT_PKITS MAILCRYPT_TEST_FAST PYTHONDONTWRITEBYTECODE; \
	$(SANITIZER_ENVIRONMENT)
if ASAN
SANITIZER_ENVIRONMENT = \
	MAILCRYPT_SANITIZERS=1; \
	ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1; \
	UBSAN_OPTIONS=abort_on_error=1:print_stacktrace=1; \
	G_SLICE=always-malloc; \
	export MAILCRYPT_SANITIZERS ASAN_OPTIONS UBSAN_OPTIONS G_SLICE;
endif


AM_DISTCHECK_CONFIGURE_FLAGS = MAILCRYPT_TEST_FAST=1

# ---- coverage ----

# Line coverage of the library by everything that "make check" runs.
coverage: coverage-clean
if COVERAGE
	$(MAKE) $(AM_MAKEFLAGS) check
	$(GCOVR) --root '$(abs_top_srcdir)' --filter '.*/src/libmailcrypt/' \
	  --print-summary '$(abs_top_builddir)'
else
	@echo 'coverage needs a build configured with --enable-coverage' >&2
	@false
endif
coverage-clean:
	find . -name '*.gcda' -exec rm -f {} +
.PHONY: coverage coverage-clean

# ---- lint ----

lint_checks = \
	tests/lint/cppcheck.sh \
	tests/lint/header.sh \
	tests/lint/includes.py \
	tests/lint/listed.py \
	tests/lint/man.sh \
	tests/lint/potfiles.py \
	tests/lint/run \
	tests/lint/shellcheck.py \
	tests/lint/sizes.py \
	tests/lint/tree.py \
	tests/lint/words.py \
	$(NULL)
EXTRA_DIST += $(lint_checks)

lint:
	$(srcdir)/tests/lint/run
.PHONY: lint
