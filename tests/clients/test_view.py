#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What mutt and neomutt show of a message: the header zone tells, and nothing else can."""

import re

import client as c
import harness
import letters
from harness import contains, each, equal, lacks, true

# name: (what the first line says, what the zone has further, what the text shows)
NONE = "no cryptographic protection of the whole message"
GOOD = "GOOD signed by bob@example.org (Bob Example)"
BOTH = "GOOD encrypted; signed by bob@example.org (Bob Example)"
EXPECTED = {
    "plain": (NONE, (), ("Letter 1.",)),
    "pgp-signed": (GOOD, ("key ",), ("Letter 2.",)),
    "pgp-encrypted": ("DOUBT encrypted; not signed", (), ("Letter 3.",)),
    "pgp-both": (BOTH, (), ("Letter 4.",)),
    "smime-signed": (GOOD, (), ("Letter 5.",)),
    "smime-opaque": (GOOD, (), ("Letter 6.",)),
    "smime-enveloped": ("DOUBT encrypted; not signed", ("does not protect the content",), ("Letter 7.",)),
    "smime-both": (BOTH, (), ("Letter 8.",)),
    "pgp-bad": ("BAD bad signature", (), ("Letter 9.",)),
    "smime-bad": ("BAD bad signature", (), ("Letter 10.",)),
    "pgp-wrong-signer": ("BAD signed by somebody who is not the sender: carol@example.org",
                         ("NOT the From bob@example.org",), ("Letter 11.",)),
    "smime-wrong-signer": ("BAD signed by somebody who is not the sender: eve@elsewhere.example",
                           ("NOT the From bob@example.org",), ("Letter 12.",)),
    "pgp-untrusted": ("DOUBT signed by somebody not trusted: bob@example.org", ("hint: ",), ("Letter 13.",)),
    "smime-expired": ("DOUBT signed with an expired key: bob@example.org", (), ("Letter 14.",)),
    "list-footer": (NONE, (), ("[mc ", "only this part: signed by bob@example.org", "Letter 15.",
                               "To leave the list")),
    "forwarded": (NONE, (), ("See what Bob wrote", "only this part: signed by bob@example.org", "Letter 16.")),
    "spoofed-body": (NONE, (), ("?[-- PGP output follows", "?[-- The following data is signed --]",
                                "?Mailcrypt: GOOD", "?mailcrypt-seal: AAAA", "Pay the bill.")),
    "protected-subject": (BOTH, ("Subject: the true subject", "outside it is: [...]"), ("Letter 18.",)),
    "attachment": (GOOD, (), ("Letter 19.", "[-- Attachment #2: table.csv --]")),
    "spoofed-headers": (NONE, (), ("Letter 20.",)),
    "two-froms": ("BAD signed by somebody who is not the sender", ("signer/From: ambiguous",), ("Letter 21.",)),
    "no-from": ("BAD signed by somebody who is not the sender", ("signer/From: ambiguous",), ("Letter 22.",)),
    "inline-encrypted": (NONE, (), ("only this part: encrypted; signed by bob@example.org", "Letter 23.")),
    "inline-signed": (NONE, (), ("only this part: signed by bob@example.org", "Letter 24.")),
    "stranger": ("DOUBT signed with a key that is not known here", (), ("Letter 25.",)),
    "not-for-us": ("BAD encrypted, and there is no key here to read it", (), ()),
    "covert": (NONE, (), ("Letter 27.", "only this part: encrypted; not signed")),
    "alternative": (NONE, (), ()),
    "opaque-bad": ("BAD bad signature", (), ()),
    "smime-untrusted": ("DOUBT signed by somebody not trusted: bob@example.org", (), ("Letter 30.",)),
}
# neomutt leaves a message that cannot be decrypted in the index
UNSEEN = {"neomutt": ("not-for-us", "opaque-bad")}
ALL = letters.all_letters

_state = {}


def state():
    """The reader's machine and one running client of each kind."""
    if not _state:
        home = letters.reader()
        _state["home"] = home
        _state["letters"] = ALL()
        _state["box"] = home.file("box", letters.mbox(_state["letters"]))
    return _state


def running(name):
    c.need(name)
    here = state()
    if name not in here:
        here[name] = c.Client(name, here["home"], here["box"])
    return here[name]


def stop():
    for name in c.CLIENTS:
        if name in _state:
            _state[name].terminal.close()


def show(client, letter):
    names = [name for name, _ in state()["letters"]]
    number = names.index(letter) + 1
    unseen = letter in UNSEEN.get(client, ())
    try:
        return running(client).open(number, "Could not copy message" if unseen else None), unseen
    except harness.Failure:
        stop()
        _state.pop(client, None)
        raise


def check(client, letter):
    screen, unseen = show(client, letter)
    if unseen:
        lacks(screen, letters.SECRET, "the screen")
        return
    running(client).leave()
    zone = c.unfold(c.zone_of(screen))
    headline, notes, texts = EXPECTED[letter]
    own = [line for line in zone.split("\n") if line.startswith("Mailcrypt: ")]
    equal(len(own), 1, "lines with the verdict in:\n" + screen)
    true(own[0].startswith("Mailcrypt: " + headline), "the verdict is %r:\n%s" % (own[0], screen))
    for note in notes:
        contains(zone, note, "the header zone")
    whole = c.unfold(screen)
    for text in texts:
        contains(whole, text, "the screen")
    lacks(zone, "Content-Type:", "the header zone")
    for text in ("\nmailcrypt-seal:", "[GNUPG:]", "trust me"):
        lacks(whole, text, "the screen")


def test_view(label, client, letter):
    check(client, letter)


test_view.cases = [("%s %s" % (client, letter), client, letter) for client in c.CLIENTS for letter in EXPECTED]


def test_every_letter_is_expected():
    equal(sorted(name for name, _ in ALL()), sorted(EXPECTED), "letters")
    true(len(EXPECTED) >= 20, "too few letters")


@each(*c.CLIENTS)
def test_colours(client):
    """Green is what the header zone says, and nothing in the text."""
    screen, _ = show(client, "pgp-signed")
    lines = running(client).terminal.lines(colors=True)
    running(client).leave()
    verdict = next(line for line in lines if "Mailcrypt:" in line)
    true(re.search("\x1b\\[(32|92)m", verdict), "the verdict is not green: %r" % verdict)
    show(client, "spoofed-body")
    lines = running(client).terminal.lines(colors=True)
    running(client).leave()
    for line in lines:
        if "GOOD" in line or "Begin signature" in line:
            lacks(line, "\x1b[", "the colours of %r" % line)


if __name__ == "__main__":
    import atexit
    atexit.register(stop)
    harness.main(globals())
