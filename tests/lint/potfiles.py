#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""po/POTFILES.in names every source with strings for people, and no other.
With --write it is made so."""
import os
import re
import sys

import tree

CALL = re.compile(r"\b(_|N_|Q_|C_|NC_|ngettext|g_dngettext|g_dpgettext2?)\s*\(")
COMMENT_OR_DEFINE = re.compile(r"/\*.*?\*/|//[^\n]*|^\s*#\s*define[^\n]*", re.S | re.M)

listed = [line for line in tree.text("po/POTFILES.in").splitlines()
          if line and not line.startswith("#")]
wanted = {path for path in tree.files("src", "plugins", ends=[".c", ".h"])
          if CALL.search(COMMENT_OR_DEFINE.sub("", tree.text(path)))}
if "--write" in sys.argv[1:]:
    with open(os.path.join(tree.ROOT, "po/POTFILES.in"), "w", encoding="ascii") as f:
        f.write("# Made by tests/lint/potfiles.py --write.\n")
        f.writelines(path + "\n" for path in sorted(wanted))
    sys.exit()
problems = [f"po/POTFILES.in: {path} is missing" for path in sorted(wanted - set(listed))]
problems += [f"po/POTFILES.in: {path} has no strings" for path in listed if path not in wanted]
problems += [f"po/POTFILES.in: {path} is listed twice"
             for path in sorted({p for p in listed if listed.count(p) > 1})]
tree.finish(problems)
