#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No function over 60 lines and no file over 800 in src/ and plugins/."""
import re
import subprocess

import tree

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 800

sources = list(tree.files("src", "plugins", ends=[".c", ".h"]))
problems = []
for source in sources:
    lines = tree.text(source).count("\n")
    if lines > MAX_FILE_LINES:
        problems.append(f"{source}: {lines} lines, more than {MAX_FILE_LINES}")

tags = subprocess.run(
    ["ctags-universal", "-f", "-", "--languages=C", "--langmap=C:+.h", "--kinds-C=f",
     "--fields=+ne", "-I", "G_DEFINE_AUTOPTR_CLEANUP_FUNC+"] + sources,
    cwd=tree.ROOT, check=True, capture_output=True, text=True).stdout
for tag in tags.splitlines():
    match = re.search(r"\tline:(\d+).*\tend:(\d+)", tag)
    if not match:
        continue
    name, source = tag.split("\t")[:2]
    first, last = map(int, match.groups())
    if last - first + 1 > MAX_FUNCTION_LINES:
        problems.append(f"{source}:{first}: {name} has {last - first + 1} lines, "
                        f"more than {MAX_FUNCTION_LINES}")
tree.finish(problems)
