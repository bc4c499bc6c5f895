#!/bin/bash
# The public header compiles alone, as C and as C++.
set -euo pipefail

read -ra flags < <(pkg-config --cflags gio-2.0)
flags+=(-Isrc/libmailcrypt -Wall -Wextra -Wshadow -Werror -fsyntax-only)
gcc -std=gnu11 -Wstrict-prototypes "${flags[@]}" -x c - <<<'#include "libmailcrypt.h"'
g++ "${flags[@]}" -x c++ - <<<'#include "libmailcrypt.h"'
