#!/bin/bash
# The manual pages are clean mdoc.
set -euo pipefail

shopt -s nullglob
pages=(doc/*.[1-8])
[ "${#pages[@]}" -eq 0 ] || mandoc -T lint -W warning "${pages[@]}"
