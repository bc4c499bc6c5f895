#!/bin/bash
# summary.sh BUILD...: what "make check" found in these build folders.  Ends
# with the line "N passed, N failed, N skipped" and fails if anything failed
# or nothing ran.
set -euo pipefail

files=()
for build in "$@"; do
  if [ -e "$build/tests/unit/runner.log" ]; then
    printf '== unit tests in %s\n' "$build"
    sed -n '/^Run Summary:/,/^Elapsed time/p' "$build/tests/unit/runner.log"
  fi
  mapfile -t -O "${#files[@]}" files < <(find "$build/tests" -name '*.trs' | sort)
done
[ "${#files[@]}" -gt 0 ] || files=(/dev/null)

# A script whose tests failed also exits with 1, which automake notes as one
# more error; only the error of a script without a failed test counts.
awk '
  FNR == 1 { failed_here = 0 }
  $1 != ":test-result:" { next }
  { line = $0; sub(/^:test-result: [A-Z]+ ?/, "", line) }
  $2 == "PASS" { passed++; next }
  $2 == "SKIP" { skipped++; note[FILENAME ": skipped: " line]; next }
  $2 == "ERROR" && failed_here { next }
  { failed++; failed_here = 1; print FILENAME ": " $2 ": " line }
  END {
    for (text in note) print text | "sort"
    close("sort")
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit !(passed > 0 && failed == 0)
  }' "${files[@]}"
