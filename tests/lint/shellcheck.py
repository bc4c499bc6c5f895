#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""shellcheck has nothing to say about any shell script of the project."""
import re
import subprocess
import sys

import tree

SHELL = re.compile(r"#! ?\S*/(env )?(ba|da)?sh\b")
scripts = [path for path in tree.files() if SHELL.match(tree.text(path))]
sys.exit(subprocess.run(["shellcheck", "-x"] + scripts, cwd=tree.ROOT).returncode)
