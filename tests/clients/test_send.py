#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mutt and neomutt with 'mailcrypt sendmail' as $sendmail, and no protection of their own asked for."""

import os

import client as c
import harness
import letters
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, lacks, true
from mailer import SECRET, Mailer, key_ids, read_pgp, recipient_infos, subkeys

PROTECTED = m.entity(SECRET, 'text/plain; charset="utf-8"; hp="cipher"', extra=(
    "From: " + m.BOB, "To: " + m.ALICE, "Subject: inside", "Message-ID: <inside@example.org>"))

_state = {}


def state():
    if not _state:
        home = letters.reader()
        box = [("plain", letters.letter("plain", m.entity(b"Letter 1.\n"))),
               ("encrypted", letters.letter("encrypted", letters.pgp_mime_encrypted(m.entity(SECRET)))),
               ("smime", letters.letter("smime", letters.smime_enveloped(m.entity(SECRET))))]
        _state.update(home=home, box=home.file("box", letters.mbox(box)), text=home.file("text", SECRET),
                      unopened=home.file("unopened", letters.mbox([("inside", m.header_block(
                          sender=m.BOB, to=m.ALICE, subject="inside") + letters.pgp_mime_encrypted(PROTECTED))])))
    return _state


class Writer(c.Client):
    """A client whose messages go through the tool; `n0=75` is how the mailer's first run ends."""

    def __init__(self, name, config, box="box", **statuses):
        here = state()
        c.need(name)
        home = here["home"]
        self.mailer = Mailer(home, **statuses)
        with open(os.path.join(home.mc, "config"), "w") as out:
            out.write(config)
        editor = home.file("editor", "#!/bin/sh\n[ -s \"$1\" ] || cat '%s' > \"$1\"\n" % here["text"])
        os.chmod(editor, 0o755)
        super().__init__(name, home, here[box], 'set editor="%s"\nset sendmail="%s sendmail --mta=%s"\n'
                         "set sendmail_wait=0 use_envelope_from=yes crypt_replyencrypt=no crypt_replysign=no "
                         "crypt_replysignencrypted=no\n" % (editor, harness.tool(), self.mailer.path))

    def start(self, to="bob@example.org", bcc=None):
        self.type("m")
        for prompt, text in (("\nTo:", to), ("\nSubject:", "a subject")):
            self.wait(prompt)
            self.type(text)
            self.keys("Enter")
        self.wait("Compose")
        if bcc:
            self.type("b")
            self.wait("\nBcc:")
            self.type(bcc)
            self.keys("Enter")
            self.wait("Compose", bcc)

    def deliver(self):
        self.type("y")
        self.wait("ail sent")
        return self.mailer.letters()

    def refused(self, *words):
        """The client tells why, and the draft is where it was."""
        self.type("y")
        screen = self.wait("mailcrypt: sendmail:", *words)
        self.type("q")
        self.wait("Compose")
        return screen


@each(*c.CLIENTS)
def test_encrypted_by_policy(name):
    with Writer(name, "[policy *]\nencrypt=always\nsign=always\n") as writer:
        writer.start()
        (recipients, mail), = writer.deliver()
    equal(recipients, ["bob@example.org"], "recipients")
    inner, lines = read_pgp(mail, "bob")
    true(any(line.startswith("GOODSIG") for line in lines), "it is not signed: %r" % lines)
    equal(m.header(inner, "Subject"), "a subject", "the subject inside")
    lacks(mail, b"a subject", "the message outside")


@each(*c.CLIENTS)
def test_failure_keeps_the_draft(name):
    """Without a key nothing leaves; with another recipient the same draft goes out."""
    with Writer(name, "[policy *]\nencrypt=always\n") as writer:
        writer.start("nobody@example.org")
        contains(writer.refused("nobody@example.org", "exited 67"), "hint:", "the screen")
        equal(writer.mailer.taken(), [], "what the mailer has")
        writer.type("t")
        writer.wait("\nTo:")
        writer.keys("C-u")
        writer.type("bob@example.org")
        writer.keys("Enter")
        writer.wait("Compose", "bob@example.org")
        (recipients, mail), = writer.deliver()
    equal(recipients, ["bob@example.org"], "recipients")
    contains(m.leaves(read_pgp(mail, "bob")[0])[0][1], SECRET, "the text")


@each(*((name, status, shown) for name in c.CLIENTS for status, shown in ((75, "75"), (126, "75"))))
def test_failure_of_the_mailer_keeps_the_draft(name, status, shown):
    with Writer(name, "", n0=status) as writer:
        writer.start()
        writer.refused("exited " + shown, "mailer 0 speaks")
        equal(len(writer.deliver()), 2, "times that the mailer was called")


@each(*((name, protocol) for name in c.CLIENTS for protocol in ("openpgp", "smime")))
def test_bcc_stays_hidden(name, protocol):
    with Writer(name, "[general]\nprotocol=%s\nencrypt=always\n" % protocol) as writer:
        writer.start(bcc="carol@example.org")
        sent = writer.deliver()
    equal([recipients for recipients, _ in sent], [["bob@example.org"], ["carol@example.org"]], "recipients")
    for (_, mail), who in zip(sent, ("bob", "carol")):
        if protocol == "openpgp":
            equal(key_ids(mail), subkeys("alice", who), "keys")
            text = mail + read_pgp(mail)[0]
        else:
            equal(recipient_infos(mail, state()["home"]), 2, "RecipientInfos")
            text = mail + pki.decrypt(mail, who, state()["home"]).out
        lacks(text.lower(), b"carol", "the message")
        lacks(text.lower(), b"bcc:", "the message")


@each(*((name, letter) for name in c.CLIENTS for letter in ("encrypted", "smime")))
def test_reply_to_encrypted_is_encrypted(name, letter):
    with Writer(name, "[general]\nencrypt=never\n") as writer:
        writer.open({"encrypted": 2, "smime": 3}[letter])
        writer.type("r")
        writer.wait("Compose")
        (_, mail), = writer.deliver()
    inner, _ = read_pgp(mail, "bob")
    contains(m.leaves(inner)[0][1], b"> " + SECRET.strip(), "the text")


@each(*c.CLIENTS)
def test_reply_to_plain_is_not(name):
    with Writer(name, "[general]\nencrypt=never\n") as writer:
        writer.open(1)
        writer.type("r")
        writer.wait("Compose")
        (_, mail), = writer.deliver()
    contains(mail, b"> Letter 1.", "the message")


@each(*c.CLIENTS)
def test_reply_from_the_index_is_encrypted(name):
    """The client decrypts what it quotes, and shows nothing; the message says inside which one it is."""
    with Writer(name, "[general]\nencrypt=never\n", box="unopened") as writer:
        writer.type("r")
        writer.wait("Compose")
        (_, mail), = writer.deliver()
    contains(m.leaves(read_pgp(mail, "bob")[0])[0][1], b"> " + SECRET.strip(), "the text")


@each(*c.CLIENTS)
def test_bounce(name):
    with Writer(name, "[policy *]\nencrypt=always\n") as writer:
        writer.type("b")
        writer.wait("ounce")
        writer.type("nobody@example.org")
        writer.keys("Enter")
        writer.wait("nobody@example.org")
        writer.type("y")
        writer.wait("bounced")
        (recipients, mail), = writer.mailer.letters()
    equal(recipients, ["nobody@example.org"], "recipients")
    true(mail.startswith(b"Resent-"), "no Resent field in front")
    contains(mail, b"Letter 1.", "the message")


if __name__ == "__main__":
    harness.main(globals())
