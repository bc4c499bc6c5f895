# SPDX-License-Identifier: LGPL-2.1-or-later
"""The project's own files, for the checks beside this file."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = [".ci", "doc", "plugins", "po", "src", "tests"]
MADE_DIRS = {".deps", ".libs", "__pycache__"}
MADE_ENDS = (".o", ".lo", ".la", ".log", ".trs", ".gcda", ".gcno", ".pyc", ".pc",
             ".pot", ".gmo")
MADE_NAMES = {".dirstamp", "Makefile", "Makefile.in", "Makefile.in.in",
              "Makevars.template", "POTFILES"}
MADE_PATHS = {"src/mailcrypt/mailcrypt", "tests/unit/runner",
              "tests/fuzz/fuzz-packets", "tests/fuzz/fuzz-tree"}
TOP = ["Makefile.am", "README.md", "autogen.sh", "configure.ac", "quickstart"]


def files(*folders, ends=()):
    """Paths from the root of sources in FOLDERS, not of what the build made."""
    for folder in folders or FOLDERS:
        for here, dirs, names in os.walk(os.path.join(ROOT, folder)):
            dirs[:] = sorted(d for d in dirs if d not in MADE_DIRS)
            for name in sorted(names):
                if name in MADE_NAMES or name.endswith(MADE_ENDS):
                    continue
                path = os.path.relpath(os.path.join(here, name), ROOT)
                if path not in MADE_PATHS and (not ends or name.endswith(tuple(ends))):
                    yield path
    if not folders:
        yield from TOP


def text(path):
    """A file's text, or nothing when it is binary."""
    with open(os.path.join(ROOT, path), "rb") as f:
        data = f.read()
    return "" if b"\0" in data else data.decode("utf-8", "replace")


def finish(problems):
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
