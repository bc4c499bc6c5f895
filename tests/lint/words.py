#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing of the machine it was written on, and nothing left to do."""
import re

import tree

# Written so that this file does not match itself.
FORBIDDEN = {
    r"/[w]ork/|/[r]oot/|/[h]ome/\w": "path of one machine",
    r"https?:/[/][^\s\"'>)]*(debian|ubuntu|mirror|pypi|snapshot)": "package mirror",
    r"\b(TO[D]O|FIX[M]E|XX[X])\b": "unfinished",
    r"^([<]{7}|[>]{7}) ": "conflict left by a merge",
    r"[ \t]+$": "space at the end of the line",
}
# Messages of other programs and layouts where such a space means something.
SPACE_MATTERS = (".eml", ".md", ".diff", ".patch")

problems = []
for path in tree.files():
    for number, line in enumerate(tree.text(path).splitlines(), 1):
        for pattern, what in FORBIDDEN.items():
            if what.startswith("space") and path.endswith(SPACE_MATTERS):
                continue
            if re.search(pattern, line):
                problems.append(f"{path}:{number}: {what}: {line.strip()}")
tree.finish(problems)
