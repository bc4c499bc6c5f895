#!/bin/sh
# Makes configure and what it needs from configure.ac; run once in a fresh clone.
set -e
cd "$(dirname "$0")"
# aclocal refuses a macro folder that does not exist yet.
mkdir -p m4
autoreconf --install --force
