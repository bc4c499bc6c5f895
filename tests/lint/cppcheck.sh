#!/bin/bash
# Static analysis.  The library's headers are not shown to it: what it does not
# know it leaves alone.
set -euo pipefail

cppcheck --quiet --error-exitcode=1 --std=c11 --language=c --inline-suppr \
  --enable=warning,performance,portability --library=gtk \
  --suppress=missingInclude --suppress=missingIncludeSystem \
  --suppress=unknownMacro --suppress=normalCheckLevelMaxBranches \
  -j "$(nproc)" -I src/libmailcrypt -I tests/unit -DPACKAGE_VERSION='""' \
  src plugins tests/unit
