#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the place of sendmail: what the mailer behind it is given, and what it is not."""

import os
import re

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, lacks, true

SECRET = b"The secret is forty-two.\n"
ALWAYS = "[policy *]\nencrypt=always\n"

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

_state = {}


def person():
    """alice with both protocols; dave has a certificate only, rita an OpenPGP key only."""
    if "home" not in _state:
        home = harness.Home(pgp.templates().alice)
        pki.give_anchor(home)
        pki.give_key(home, "alice")
        pki.give_certificates(home, "bob", "carol", "dave-enc")
        _state["home"] = home
    configure(_state["home"])
    return _state["home"]


def configure(home, text=""):
    with open(os.path.join(home.mc, "config"), "w") as out:
        out.write(text)


class Mailer:
    """A mailer that keeps what it is given."""

    def __init__(self, home, script=MTA, **statuses):
        _state["mailers"] = _state.get("mailers", 0) + 1
        self.path = home.file("mta%d" % _state["mailers"], script)
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


def mail(body=SECRET, to="bob@example.org", newline=m.lf, **headers):
    return newline(m.plain(body, to=to, **headers))


def run(home, *words, status=0, **more):
    return home.run("sendmail", *words, status=status, most=255, **more)


def send(home, letter, *recipients, status=0, script=MTA, **statuses):
    """The mailer after one message went through the tool; `n0=75` is how its first run ends."""
    mailer = Mailer(home, script, **statuses)
    mailer.result = run(home, "--mta=" + mailer.path, "--", *recipients, input=letter, status=status)
    return mailer


def refused(home, letter, *recipients, status=67):
    """Nothing may have left."""
    mailer = send(home, letter, *recipients, status=status)
    equal(mailer.taken(), [], "what the mailer has")
    return mailer.result


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
    return len(re.findall(r"d\.(?:issuerAndSerialNumber|ktri|kari|rKeyId)\b", pki.structure(letter, home)))


# --- in clear ---------------------------------------------------------------

@each(("lf", m.lf), ("crlf", m.crlf))
def test_unconfigured_it_changes_nothing(_, newline):
    home = person()
    letter = mail(b"Hello.\n.\nFrom here\n", newline=newline)
    mailer = send(home, letter, "bob@example.org", "hidden@example.org")
    words, got = mailer.taken()[0]
    equal(got, letter, "the message")
    equal(words, ["-oi", "--", "bob@example.org", "hidden@example.org"], "words")
    contains(mailer.result.out, b"mailer 0 speaks", "the mailer's own words")


@each(("mutt", ["-B8BITMIME", "-f", "alice@example.org", "-N", "failure,delay", "-R", "hdrs", "--", "bob@example.org"],
       ["-oi", "-B8BITMIME", "-f", "alice@example.org", "-N", "failure,delay", "-R", "hdrs"]),
      ("git", ["-f", "alice@example.org", "-i", "bob@example.org"], ["-f", "alice@example.org", "-i"]),
      ("aerc", ["bob@example.org"], ["-oi"]),
      ("dots", ["-oi", "-falice@example.org", "--", "bob@example.org"], ["-oi", "-falice@example.org"]),
      ("msmtp", ["-a", "work", "--read-envelope-from", "--tls=on", "bob@example.org"],
       ["-oi", "-a", "work", "--read-envelope-from", "--tls=on"]))
def test_options_are_the_mailers(_, words, wanted):
    home = person()
    for config in ("", ALWAYS):
        configure(home, config)
        mailer = Mailer(home)
        run(home, "--mta=" + mailer.path, *words, input=mail())
        equal(mailer.taken()[0][0], wanted + ["--", "bob@example.org"], "words with %r" % config)


# --- encrypted --------------------------------------------------------------

def test_encrypt():
    home = person()
    configure(home, ALWAYS)
    letter = mail(subject="secret things")
    (recipients, got), = send(home, letter, "bob@example.org").letters()
    equal(recipients, ["bob@example.org"], "recipients")
    inner, lines = read_pgp(got, "bob")
    equal(m.leaves(inner)[0][1], SECRET, "the text")
    true(not any(line.startswith("GOODSIG") for line in lines), "it is signed")
    equal(key_ids(got), subkeys("alice", "bob"), "keys")
    equal(m.header(got, "Subject"), "[...]", "the subject outside")
    equal(m.header(inner, "Subject"), "secret things", "the subject inside")
    lacks(got, b"\r", "line ends")


def test_no_key_and_nothing_leaves():
    home = person()
    configure(home, ALWAYS)
    result = refused(home, mail(to="bob@example.org, nobody@example.org"), "bob@example.org", "nobody@example.org")
    result.expect_message("nobody@example.org").expect_silent()
    contains(result.err, b"mailcrypt keys", "the mending command")


if __name__ == "__main__":
    harness.main(globals())
