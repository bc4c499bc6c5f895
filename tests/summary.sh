#!/bin/bash
# summary.sh BUILD...: what "make check" found in these build folders.  Names
# what failed or was skipped, ends with the line "N passed, N failed, N skipped"
# and fails if anything failed or nothing ran.
set -euo pipefail

files=()
for build in "$@"; do
  if [ -e "$build/tests/unit/runner.log" ]; then
    printf '== unit tests in %s\n' "$build"
    sed -n '/^Run Summary:/,/^Elapsed time/p' "$build/tests/unit/runner.log"
  fi
  while read -r results; do
    files+=("$results")
    sed -n -E "s|^(SKIP\|FAIL\|XFAIL\|XPASS\|ERROR): tests/|$build: &|p" "${results%.trs}.log"
  done < <(find "$build/tests" -name '*.trs' | sort)
done
[ "${#files[@]}" -gt 0 ] || files=(/dev/null)

# A script whose tests failed also exits with 1, which automake notes as one
# more error; only the error of a script without a failed test counts.
awk '
  FNR == 1 { failed_here = 0 }
  $1 != ":test-result:" { next }
  $2 == "PASS" { passed++; next }
  $2 == "SKIP" { skipped++; next }
  $2 == "ERROR" && failed_here { next }
  { failed++; failed_here = 1 }
  END {
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit !(passed > 0 && failed == 0)
  }' "${files[@]}"
