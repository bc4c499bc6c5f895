#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Includes follow the arrows of doc/DESIGN.md, and config.h comes first."""
import posixpath
import re

import tree

LIB = "src/libmailcrypt/"
TOOL = "src/mailcrypt/"

# What base/ may see of the library's top folder; the other rooms see all of it.
BELOW_BASE = {"libmailcrypt.h", "settings.h"}

# Foreign headers, and the only places that may include them.
FOREIGN = {
    r"gpgme\.h|gpgme/": [LIB + "openpgp/"],
    r"openssl/|zlib\.h": [LIB + "smime/", LIB + "base/spool-cipher.c"],
    r"gmime/": [LIB + "mime/"],
    r"libsecret/": [LIB + "keys/"],
    r"sqlite3\.h": [LIB + "keys/"],
    r"json-glib/": [LIB + "report/", LIB + "keys/", TOOL + "json.c"],
    r"assuan\.h": [LIB + "keys/"],
}

# The folders of the library that each of them may look into.
ARROWS = {
    "base": {"base"},
    "mime": {"base", "mime"},
    "keys": {"base", "keys", "mime", "report"},
    "report": {"base", "report"},
    "openpgp": {"base", "openpgp", "keys", "report"},
    "smime": {"base", "smime", "keys", "report"},
}


def resolve(path, name):
    """The file of the project that an include names, from the root."""
    for folder in (posixpath.dirname(path), LIB.rstrip("/")):
        candidate = posixpath.normpath(posixpath.join(folder, name))
        if candidate in SOURCES:
            return candidate
    return None


def library_fault(path, target):
    if not target.startswith(LIB):
        return "the library includes only its own headers"
    room, _, rest = path[len(LIB):].partition("/")
    other, _, other_rest = target[len(LIB):].partition("/")
    if not rest:
        return None  # open.c and seal.c see everything
    if not other_rest:
        return "not for base/" if room == "base" and other not in BELOW_BASE else None
    if other not in ARROWS.get(room, {room}):
        return f"{room}/ may not include {other}/"
    return None


def fault(path, name):
    for pattern, allowed in FOREIGN.items():
        if re.match(pattern, name) and not path.startswith(tuple(allowed)):
            return "only for " + " and ".join(allowed)
    target = resolve(path, name)
    if target is None:
        return None
    if path.startswith(LIB):
        return library_fault(path, target)
    own = posixpath.dirname(path) + "/" if path.startswith("plugins/") else TOOL
    if target != LIB + "libmailcrypt.h" and not target.startswith(own):
        return "only libmailcrypt.h and its own headers"
    return None


SOURCES = set(tree.files("src", "plugins", ends=[".c", ".h"]))
problems = []
for source in sorted(SOURCES):
    first = re.search(r'^\s*#\s*include\s*(\S+)', tree.text(source), re.M)
    if source.endswith(".c") and (not first or first.group(1) != '"config.h"'):
        problems.append(f'{source}: "config.h" is not its first include')
    for number, line in enumerate(tree.text(source).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        reason = fault(source, match.group(1)) if match else None
        if reason:
            problems.append(f"{source}:{number}: {match.group(1)}: {reason}")
tree.finish(problems)
