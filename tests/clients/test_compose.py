#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What mutt and neomutt write through the engine, read by gpg and openssl; and what a reply gives away."""

import os

import client as c
import harness
import letters
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, lacks, true

TEXT = "Hello Bob.\nGr\u00fc\u00dfe.\nFrom here  \n"

_state = {}


def state():
    if not _state:
        home = letters.reader()
        chosen = ("plain", "pgp-encrypted", "smime-both", "covert")
        _state["letters"] = [letter for letter in letters.all_letters() if letter[0] in chosen]
        _state["home"] = home
        _state["box"] = home.file("box", letters.mbox(_state["letters"]))
        _state["text"] = home.file("text", TEXT)
    return _state


def running(name):
    c.need(name)
    here = state()
    if name not in here:
        writer = here["home"].file("editor", "#!/bin/sh\n[ -s \"$1\" ] || cat '%s' > \"$1\"\ncp \"$1\" \"$0.draft\"\n"
                                   % here["text"])
        os.chmod(writer, 0o755)
        here[name] = c.Client(name, here["home"], here["box"], 'set editor="%s"\n' % writer)
    return here[name]


def stop():
    for name in c.CLIENTS:
        if name in _state:
            _state[name].terminal.close()


def again(name):
    """After a failure the next test begins with a fresh client."""
    if name in _state:
        _state.pop(name).terminal.close()


def start(client, to="bob@example.org"):
    """A new message in the compose menu."""
    client.type("m")
    client.wait("\nTo:")
    client.type(to)
    client.keys("Enter")
    client.wait("\nSubject:")
    client.type("a subject")
    client.keys("Enter")
    client.wait("Compose")


def protect(client, menu, *letters_):
    """Through the menu (p: PGP, S: S/MIME) the letters s, e, b."""
    for letter in letters_:
        client.type(menu)
        client.wait("s)")
        client.type(letter)
        client.wait("Compose", absent=("s)ign", "(s)ign"))


def send(client):
    client.type("y")
    client.wait("INDEX ", "ail sent", answers=c.ANSWERS)
    return client.sent()


def written(name, menu, letter, to="bob@example.org"):
    client = running(name)
    try:
        start(client, to)
        protect(client, menu, letter)
        return send(client)
    except harness.Failure:
        again(name)
        raise


def check_text(entity):
    leaves = m.leaves(entity)
    equal(leaves[0][1].decode(), TEXT, "the text")


@each(*c.CLIENTS)
def test_pgp_signed(name):
    mail, _ = written(name, "p", "s")
    part, signature = m.raw_parts(mail)
    lines, result = pgp.verify_detached(pgp.shared("bob"), m.crlf(part), m.parse(signature).body)
    true(any(line.startswith("GOODSIG") for line in lines), "gpg does not like the signature", result)
    contains(m.header(mail, "Content-Type"), "micalg=", "the content type")
    check_text(part)


@each(*c.CLIENTS)
def test_pgp_encrypted(name):
    mail, _ = written(name, "p", "e")
    entity, lines = pgp.decrypt(pgp.shared("bob"), m.raw_parts(mail)[1])
    true(not any(line.startswith("GOODSIG") for line in lines), "it is signed")
    equal(len(pgp.recipients_of(m.raw_parts(mail)[1])), 2, "recipients, the writer among them")
    check_text(entity)


@each(*c.CLIENTS)
def test_pgp_both(name):
    mail, _ = written(name, "p", "b")
    entity, lines = pgp.decrypt(pgp.shared("bob"), m.raw_parts(mail)[1])
    true(any(line.startswith("GOODSIG") for line in lines), "it is not signed: %r" % lines)
    check_text(entity)


@each(*c.CLIENTS)
def test_smime_signed(name):
    mail, _ = written(name, "S", "s")
    check_text(pki.verify(mail, state()["home"]).out)


@each(*c.CLIENTS)
def test_smime_encrypted(name):
    mail, _ = written(name, "S", "e")
    home = state()["home"]
    contains(pki.structure(mail, home), "aes-256-cbc", "the object")
    for who in ("bob", "alice"):
        check_text(pki.decrypt(mail, who, home).out)


@each(*c.CLIENTS)
def test_smime_both(name):
    mail, _ = written(name, "S", "b")
    home = state()["home"]
    inner = pki.decrypt(mail, "bob", home).out
    check_text(pki.verify(inner, home).out)


@each(*c.CLIENTS)
def test_no_key_for_a_recipient(name):
    """Nothing is sent, and the client asks whom to take."""
    client = running(name)
    try:
        start(client, "nobody@example.org")
        protect(client, "p", "e")
        client.type("y")
        client.wait("nobody@example.org", "keyID")
        true(not os.path.exists(client.send + ".eml"), "something was sent")
    finally:
        again(name)


@each(*((name, letter) for name in c.CLIENTS for letter in ("pgp-encrypted", "smime-both")))
def test_reply_quotes_no_status(name, letter):
    """A reply has the text and nothing that the engine said of it."""
    draft = reply(name, letter)
    contains(draft, letters.SECRET, "the draft")
    for word in ("mailcrypt", "Mailcrypt", "GNUPG", "[--", "[mc", "successful"):
        lacks(draft, word, "the draft")


@each(*c.CLIENTS)
def test_reply_to_a_mixed_message_quotes_no_secret(name):
    """The encrypted part of a message that is not encrypted stays where it is."""
    draft = reply(name, "covert")
    contains(draft, "Letter 27.", "the draft")
    lacks(draft, "COVERT", "the draft")


def reply(name, letter):
    client = running(name)
    draft = os.path.join(state()["home"].work, "editor.draft")
    if os.path.exists(draft):
        os.unlink(draft)
    names = [one for one, _ in state()["letters"]]
    try:
        client.open(names.index(letter) + 1)
        client.type("r")
        client.wait("Compose")
        with open(draft) as source:
            return source.read()
    finally:
        again(name)


@each(*c.CLIENTS)
def test_bcc(name):
    """The client puts everybody's key into the one message: said in the documentation."""
    client = running(name)
    try:
        start(client)
        client.type("b")
        client.wait("\nBcc:")
        client.type("carol@example.org")
        client.keys("Enter")
        protect(client, "p", "e")
        mail, recipients = send(client)
    except harness.Failure:
        again(name)
        raise
    equal(sorted(recipients), ["bob@example.org", "carol@example.org"], "recipients")
    lacks(mail, b"carol", "the message")
    pgp.decrypt(pgp.shared("bob"), m.raw_parts(mail)[1])


@each(*c.CLIENTS)
def test_passphrase_on_the_terminal(name):
    """gpg-agent's pinentry-curses asks inside of the client, which then goes on."""
    c.need(name)
    harness.need_program("pinentry-curses")
    home = pgp.fresh("alice")
    with open(os.path.join(home.gnupg, "gpg-agent.conf"), "w") as out:
        out.write("pinentry-program /usr/bin/pinentry-curses\n")
    sealed = pgp.encrypt(letters.part(1), ("locked",), signer="bob")
    box = home.file("box", letters.mbox([("locked", letters.letter("locked", m.pgp_encrypted(sealed)))]))
    with c.Client(name, home, box) as client:
        client.keys("Enter")
        client.wait("assphrase", answers=())
        client.type(pgp.PASSPHRASE)
        client.keys("Enter")
        screen = client.wait("PAGER 1/", "Letter 1.")
        contains(c.zone_of(screen), "GOOD encrypted; signed by bob@example.org", "the header zone")
    home.close()


if __name__ == "__main__":
    import atexit
    atexit.register(stop)
    harness.main(globals())
