# SPDX-License-Identifier: LGPL-2.1-or-later
"""A mailer that keeps what it is given, and a look at whom that was encrypted to."""

import os
import re

import mailkit as m
import pgp
import pki
from harness import lacks

SECRET = b"The secret is forty-two.\n"

# Keeps its words and what it reads; ends as a file beside it says.
MTA = """#!/bin/sh
n=0
while [ -e "$0.d/$n.eml" ]; do n=$((n + 1)); done
for word in "$@"; do printf '%s\\n' "$word"; done > "$0.d/$n.argv"
cat > "$0.d/$n.eml"
echo "mailer $n speaks"
[ -e "$0.d/$n.status" ] && exit "$(cat "$0.d/$n.status")"
exit 0
"""


class Mailer:
    """The program; `n0=75` is how its first run ends."""

    count = 0

    def __init__(self, home, script=MTA, **statuses):
        Mailer.count += 1
        self.path = home.file("mta%d" % Mailer.count, script)
        os.chmod(self.path, 0o755)
        os.mkdir(self.path + ".d")
        for number, status in statuses.items():
            self.put("%s.status" % number[1:], str(status))

    def put(self, name, text):
        with open(os.path.join(self.path + ".d", name), "w") as out:
            out.write(text)

    def taken(self):
        """[(words, message)] in their order."""
        found = []
        while os.path.exists("%s.d/%d.eml" % (self.path, len(found))):
            start = "%s.d/%d" % (self.path, len(found))
            with open(start + ".argv") as words, open(start + ".eml", "rb") as mail:
                found.append((words.read().splitlines(), mail.read()))
        return found

    def letters(self):
        """[(recipients, message)]."""
        return [(sorted(words[words.index("--") + 1:]), mail) for words, mail in self.taken()]


def read_pgp(letter, who="world"):
    lacks(letter, SECRET.strip(), "the message")
    return pgp.decrypt(pgp.shared(who), m.raw_parts(letter)[1])


def key_ids(letter):
    return sorted(pgp.recipients_of(m.raw_parts(letter)[1]))


def subkeys(*names):
    """The ids of these people's encryption keys."""
    home, found = pgp.shared("world"), []
    for name in names:
        listing = home.gpg("--with-colons", "--list-keys", pgp.fpr(name)).out.decode()
        found += [line.split(":")[4] for line in listing.splitlines()
                  if line.startswith("sub:") and "e" in line.split(":")[11]]
    return sorted(found)


def recipient_infos(letter, home):
    """How many RecipientInfos the object has."""
    return len(re.findall(r"\bd\.(?:ktri|kari|kekri|pwri|ori)\b", pki.structure(letter, home)))
