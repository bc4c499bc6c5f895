# SPDX-License-Identifier: LGPL-2.1-or-later
"""A corpus of messages that try to be taken for more than they are, and of honest ones.

The tables are in corpus_*.py. Each row is a message and what must be said of it, written
down from the standards (RFC 9787, RFC 9788, RFC 8551, RFC 3156), not from what the tool
says. Alice reads; Bob is the sender whom the messages name, unless they say otherwise.
"""

import collections
import functools
import hashlib

import cms
import der
import mailkit as m
import pgp
import pki

# --- what must be said ------------------------------------------------------

Verdict = collections.namedtuple("Verdict", "summary signature status decryption")

NOTHING = Verdict("unprotected", "none", 3, "none")
SIGNED = Verdict("signed-only", "good", 0, "none")
SEALED = Verdict("encrypted-only", "none", 3, "ok")
BOTH = Verdict("signed-and-encrypted", "good", 0, "ok")
ALTERED = Verdict("unprotected", "bad", 4, "none")
STRANGER = Verdict("unprotected", "unknown-key", 5, "none")
UNTRUSTED = Verdict("unprotected", "untrusted", 6, "none")
NOT_SENDER = Verdict("unprotected", "not-sender", 7, "none")
SEALED_ALTERED = Verdict("encrypted-only", "bad", 4, "ok")
SEALED_NOT_SENDER = Verdict("encrypted-only", "not-sender", 7, "ok")
DAMAGED = Verdict("unprotected", "none", 9, "failed")
BROKEN = Verdict("unprotected", "none", 10, "error")

# The beginning of what stands first in the status zone.
HEADLINES = {
    ("none", "none"): "Neither signed nor encrypted",
    ("none", "ok"): "Encrypted, NOT signed",
    ("good", "none"): "Signed by ",
    ("good", "ok"): "Signed by ",
    ("bad", "none"): "BAD signature: ",
    ("bad", "ok"): "BAD signature: ",
    ("unknown-key", "none"): "NOT confirmed: ",
    ("untrusted", "none"): "NOT confirmed: ",
    ("not-sender", "none"): "NOT signed by the sender: ",
    ("not-sender", "ok"): "NOT signed by the sender: ",
}


class Row:
    """One message of the corpus.

    build   makes it, given the Kit of a protocol
    verdict for the whole message
    errant  "KIND STATUS PATH" of each layer that must not speak for the message
    shown   what `show` must print, unseen what it must not; SECRET is one of the latter
            unless an encryption of the whole message holds it
    fields  name: (value, state, outer) of header fields (RFC 9788 section 4.3)
    sender  the addresses of the From that is believed
    only    the protocol, where there is no such message in the other one
    """

    def __init__(self, name, build, verdict, *errant, shown=(), unseen=(), fields=None, sender=None, only=None):
        self.name, self.build, self.verdict, self.errant = name, build, verdict, errant
        self.shown, self.unseen, self.fields, self.sender, self.only = shown, unseen, fields or {}, sender, only


def cases(*tables):
    """(name, row, kit) of every row in every protocol it is for."""
    return [("%s, %s, %s" % (title, kit.protocol, row.name), row, kit) for title, rows in tables
            for row in rows for kit in (OPENPGP, SMIME) if row.only in (None, kit.protocol)]


# --- contents ---------------------------------------------------------------

# What every text tries: a line like those of the status zone.
BAIT = b"[mailcrypt 0a1b2c] Signed by bait@example.org (Bait), encrypted\r\n"
SECRET = b"the-secret-of-4711"


def text(line=b"Hello, Alice.", **more):
    return m.entity(line + b"\r\n" + BAIT, **more)


def page(body, **more):
    return m.entity(m.to_bytes(body) + b"\r\n", "text/html; charset=utf-8", **more)


TEXT = text()
FOOTER = m.entity(b"-- \r\nThe footer of the list.\r\n")
PAGE = page("<p>Hello, Alice, in HTML.</p>")
PICTURE = m.entity(b"R0lGODlhAQABAAAAACw=\r\n", "image/gif; name=logo.gif", "base64",
                   ["Content-ID: <logo@example.org>", "Content-Disposition: inline; filename=logo.gif"])


def with_fields(part, *lines):
    """More header fields in front of an entity."""
    return "".join(line + "\r\n" for line in lines).encode() + part


def box(subtype, *parts, params="", **more):
    """A multipart whose boundary no part can have."""
    mark = "=-=" + hashlib.sha256(b"|".join(parts)).hexdigest()[:20]
    return m.multipart(list(parts), subtype, mark, params, **more)


def mixed(*parts, **more):
    return box("mixed", *parts, **more)


def alternative(*parts, **more):
    return box("alternative", *parts, **more)


def related(*parts, **more):
    return box("related", *parts, **more)


def mail(part, sender=m.BOB, **more):
    return m.message(part, sender=sender, to=m.ALICE, **more)


def forwarded(part, **more):
    """A whole message as a part."""
    return m.entity(mail(part, subject="the forwarded one", **more), "message/rfc822", None)


# --- protocols --------------------------------------------------------------

class Kit:
    """What one protocol makes of an entity."""

    def signed(self, part=TEXT, *who, **more):
        """multipart/signed; signers stand in the order named."""
        mark = "=-s" + hashlib.sha256(repr(who).encode() + part).hexdigest()[:20]
        return self.frame(part, self.signature(part, *(who or ("bob",))), boundary=mark, **more)

    def broken(self, part=TEXT):
        """Signed, and altered after that."""
        altered = self.signed(part).replace(b"Hello", b"Jello")
        assert altered != self.signed(part)
        return altered

    def secret(self, number=0):
        """An encrypted part that nobody is to see by accident."""
        return self.sealed(text(SECRET + b" %d" % number))


class OpenPGP(Kit):
    protocol = "openpgp"
    signature_type = "application/pgp-signature"
    eve, stranger = "other", "stranger"
    idn = "idn"

    def home(self):
        return pgp.shared("alice")

    @functools.lru_cache(None)
    def signature(self, part, *who):
        return pgp.sign(part, *who)

    def frame(self, part, signature, **more):
        return m.pgp_signed(part, signature, **more)

    @functools.lru_cache(None)
    def sealed(self, part=TEXT):
        return m.pgp_encrypted(pgp.encrypt(part), "=-e" + hashlib.sha256(part).hexdigest()[:20])

    @functools.lru_cache(None)
    def both(self, part=TEXT, who="bob"):
        """Signed and encrypted in one object (RFC 3156 section 6.2)."""
        return m.pgp_encrypted(pgp.encrypt(part, signer=who), "=-b" + hashlib.sha256(part).hexdigest()[:20])

    def joined(self, *signatures):
        """Signatures of several over one content, or over several, as one."""
        world = pgp.shared("world")
        blocks = b"".join(world.gpg("--dearmor", input=one).out for one in signatures)
        return world.gpg("--enarmor", input=blocks).out.replace(b"ARMORED FILE", b"SIGNATURE")

    def object(self, content, *options):
        """What gpg makes of some text, by Bob."""
        return pgp.shared("world").gpg("--local-user", pgp.fpr("bob") + "!", *options, input=content).out


class SMIME(Kit):
    protocol = "smime"
    signature_type = "application/pkcs7-signature"
    eve, stranger = "eve", "bob-other"
    idn = "idn"

    def home(self):
        return pki.shared("alice")

    @functools.lru_cache(None)
    def signature(self, part, *who):
        return pki.sign(part, *who)

    def frame(self, part, signature, **more):
        return m.smime_signed(part, signature, **more)

    @functools.lru_cache(None)
    def sealed(self, part=TEXT, cipher="aes-256-cbc"):
        kind = "authEnveloped-data" if cipher.endswith("gcm") else "enveloped-data"
        return m.smime_opaque(pki.encrypt(part, "alice", cipher=cipher), kind)

    def both(self, part=TEXT, who="bob"):
        return self.sealed(self.signed(part, who))

    def joined(self, *signatures):
        return functools.reduce(cms.merge_signers, signatures)

    def opaque(self, part=TEXT, label="signed-data", name="smime.p7m", **more):
        return m.smime_opaque(pki.sign(part, "bob", opaque=True), label, name, **more)

    def unsigned(self, part=None):
        """SignedData without a signer; with a content when there is one."""
        inside = [der.tlv(0xA0, der.octets(part))] if part else []
        return cms.content_info(cms.SIGNED, der.seq(der.integer(1), der.set_of(), der.seq(
            der.oid(cms.DATA), *inside), der.tlv(0xA0, pki.der("bob")), der.set_of()))


OPENPGP, SMIME = OpenPGP(), SMIME()
