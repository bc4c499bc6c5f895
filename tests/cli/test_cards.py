#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenPGP keys whose secret part is on a smart card that is not here: agents keep a stub of it."""

import os
import re
import urllib.parse

import harness
import mailkit as m
import pgp
from harness import contains, equal

SERIAL = bytes.fromhex("D2760001240102000006123456780000")
CARD = "0006 12345678"
_home = None


def put_on_card(home, grip):
    """Replace gpg-agent's key by the stub that it has for a key on a card."""
    answer = harness.must(["gpg-connect-agent", "--hex", "READKEY " + grip, "/bye"], env=home.env()).out.decode()
    digits = re.findall(r"^D\[\w+\]((?: {1,2}[0-9A-F]{2})+)", answer, re.M)
    # the dump is of the answer as it was sent, with "%" and line ends escaped
    public = urllib.parse.unquote_to_bytes(bytes.fromhex("".join(digits)))
    stub = b"(8:shadowed5:t1-v1(16:%s9:OPENPGP.1))" % SERIAL
    shadowed = public.replace(b"(10:public-key", b"(20:shadowed-private-key", 1)
    # the stub is the last element of the list that holds the algorithm
    shadowed = shadowed[:-2] + stub + b"))"
    with open(os.path.join(home.gnupg, "private-keys-v1.d", grip + ".key"), "wb") as out:
        out.write(shadowed)


def home():
    """alice, whose keys are all on one card."""
    global _home
    if _home is None:
        _home = pgp.fresh()
        with open(_home.pinentry) as source:
            answers = source.read()
        # "please insert the card": no
        with open(_home.pinentry, "w") as out:
            out.write(answers.replace("    BYE)", '    CONFIRM) echo "ERR 83886179 cancelled <Pinentry>" ;;\n    BYE)'))
        listing = _home.gpg("--with-colons", "--with-keygrip", "--list-keys", pgp.fpr("alice")).out.decode()
        for grip in re.findall(r"^grp:::::::::(\w+):", listing, re.M):
            put_on_card(_home, grip)
        _home.stop_agents()
    return _home


def test_gpg_sees_the_card():
    listing = home().gpg("--with-colons", "--list-secret-keys", pgp.fpr("alice")).out.decode()
    contains(listing, SERIAL.hex().upper(), "gpg's listing")


def test_list_and_show_name_the_card():
    contains(home().ok("keys", "list", "alice@example.org").out.decode(), "card " + CARD, "the list")
    contains(home().ok("keys", "show", pgp.fpr("alice")).out.decode(), "secret part: card " + CARD, "the key")
    key, = home().ok("--json", "keys", "show", pgp.fpr("alice")).json()["keys"]
    equal((key["secret"], key["cards"]), ("card", [CARD]), "the JSON")
    key, = home().ok("--json", "keys", "show", pgp.fpr("locked")).json()["keys"]
    equal((key["secret"], key["cards"]), ("agent", []), "the JSON of a key without card")


def test_decrypting_says_which_card_is_wanted():
    sealed = m.message(m.pgp_encrypted(pgp.encrypt(m.entity(), ("alice",))))
    result = home().refuses(8, "decrypt", input=sealed)
    contains(result.err.decode(), "on the smart card " + CARD, "the error", result)
    contains(result.err.decode(), "hint: insert the smart card " + CARD, "the error", result)


def test_signing_says_which_card_is_wanted():
    result = home().refuses(8, "sign", "--protocol", "openpgp", input=m.plain(b"text"))
    contains(result.err.decode(), "on the smart card " + CARD, "the error", result)
    contains(result.err.decode(), "hint: insert the smart card " + CARD, "the error", result)


if __name__ == "__main__":
    harness.main(globals())
