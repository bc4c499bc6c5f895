#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every file is named in a makefile: built, run as a test, or in the release.

A source or test that no list names would never be compiled or run, and nobody
would notice."""
import re

import tree

# automake and gettext take these along by themselves.
BY_THEMSELVES = re.compile(r"po/.*|.*/local\.mk|Makefile\.am|configure\.ac|.*/libmailcrypt\.pc\.in")

lists = [path for path in tree.files() if path.endswith("local.mk")] + ["Makefile.am"]
named = {word for path in lists for line in tree.text(path).splitlines()
         if not line.startswith(("#", "\t@")) for word in line.split()}


def is_named(path):
    while "/" in path or path in tree.TOP:
        if path in named:
            return True
        path = path.rpartition("/")[0]
    return False


tree.finish([f"{path}: no makefile names it" for path in tree.files()
             if not BY_THEMSELVES.fullmatch(path) and not is_named(path)])
