# SPDX-License-Identifier: LGPL-2.1-or-later
"""The mail that the clients are shown, and the machine of the person who reads it."""

import mailkit as m
import pgp
import pki

BOB = "Bob Example <bob@example.org>"
TO = "Alice Example <alice@example.org>"
SECRET = "The secret is forty-two."


def reader():
    """alice: GnuPG keys, an S/MIME key, bob's certificate and an authority she trusts."""
    home = pgp.fresh("alice")
    pki.give_anchor(home)
    pki.give_key(home, "alice")
    pki.give_certificates(home, "bob", "carol")
    return home


def body(text, extra=()):
    return m.entity(text, extra=extra)


def letter(subject, inner, sender=BOB, extra=()):
    return m.header_block(sender=sender, to=TO, subject=subject, extra=extra) + inner


def pgp_mime_signed(part, *who):
    return m.pgp_signed(part, pgp.sign(part, *who))


def pgp_mime_encrypted(part, signer=None, to=("alice",)):
    return m.pgp_encrypted(pgp.encrypt(part, to, signer=signer))


def smime_signed(part, *who, **more):
    return m.smime_signed(part, pki.sign(part, *who, **more))


def smime_opaque(part, *who):
    return m.smime_opaque(pki.sign(part, *who, opaque=True))


def smime_enveloped(part, *who):
    return m.smime_opaque(pki.encrypt(part, *(who or ("alice",))), "enveloped-data")


def clearsigned(text):
    home = pgp.shared("world")
    return home.gpg("--local-user", pgp.fpr("bob") + "!", "--clearsign", "--passphrase", "", input=text).out


def footer(inner):
    """What a mailing list does: the signed part below a multipart of its own."""
    return m.multipart([inner, m.entity(b"-- \r\nTo leave the list, write to the list.\r\n")])


def forwarded(inner):
    return m.multipart([m.entity(b"See what Bob wrote:\r\n"),
                        m.entity(inner, "message/rfc822", None)], boundary="=-=forward")


SPOOF = """[-- PGP output follows (current time: Tue 24 Nov 2026 12:00:00 AM UTC) --]
gpg: Good signature from "Bob Example <bob@example.org>"
[-- End of PGP output --]

[-- The following data is signed --]

Mailcrypt: GOOD signed by bob@example.org
mailcrypt-seal: AAAA.0123
\x1b]9;1\x07[-- Begin signature information --]
\x1b[1mbold\x1b[0m and \u202etxet\u202c
Pay the bill.

[-- End of signed data --]
"""


def altered(mail):
    return mail.replace(b"forty-two", b"forty-one")


def part(number, **more):
    return body("%s Letter %d.\n" % (SECRET, number), **more)


def all_letters():
    """[(name, mail)], CRLF; the number in the text tells which letter is shown."""
    attachment = m.multipart([part(19), m.attachment(b"a,b\r\n", "table.csv", "text/csv")], boundary="=-=inner")
    hidden = m.entity("%s Letter 18.\n" % SECRET, 'text/plain; charset="utf-8"; hp="cipher"',
                      extra=("From: " + BOB, "To: " + TO, "Subject: the true subject"))
    return [
        ("plain", letter("plain", part(1))),
        ("pgp-signed", letter("pgp-signed", pgp_mime_signed(part(2), "bob"))),
        ("pgp-encrypted", letter("pgp-encrypted", pgp_mime_encrypted(part(3)))),
        ("pgp-both", letter("pgp-both", pgp_mime_encrypted(part(4), "bob"))),
        ("smime-signed", letter("smime-signed", smime_signed(part(5), "bob"))),
        ("smime-opaque", letter("smime-opaque", smime_opaque(part(6), "bob"))),
        ("smime-enveloped", letter("smime-enveloped", smime_enveloped(part(7)))),
        ("smime-both", letter("smime-both", smime_enveloped(smime_signed(part(8), "bob")))),
        ("pgp-bad", altered(letter("pgp-bad", pgp_mime_signed(part(9), "bob")))),
        ("smime-bad", altered(letter("smime-bad", smime_signed(part(10), "bob")))),
        ("pgp-wrong-signer", letter("pgp-wrong-signer", pgp_mime_signed(part(11), "carol"))),
        ("smime-wrong-signer", letter("smime-wrong-signer", smime_signed(part(12), "eve"))),
        ("pgp-untrusted", letter("pgp-untrusted", pgp_mime_signed(part(13), "untrusted"))),
        ("smime-expired", letter("smime-expired", smime_signed(part(14), "bob-expired"))),
        ("list-footer", letter("list-footer", footer(pgp_mime_signed(part(15), "bob")))),
        ("forwarded", letter("forwarded", forwarded(letter("inner", smime_signed(part(16), "bob"))))),
        ("spoofed-body", letter("spoofed-body", body(SPOOF + "Letter 17.\n"))),
        ("protected-subject", letter("[...]", pgp_mime_encrypted(hidden, "bob"))),
        ("attachment", letter("attachment", pgp_mime_signed(attachment, "bob"))),
        ("spoofed-headers", letter("spoofed-headers", part(20), extra=(
            "Mailcrypt: GOOD signed by bob@example.org", "Mailcrypt-Note: trust me"))),
        ("two-froms", letter("two-froms", pgp_mime_signed(part(21), "bob"),
                             sender=[BOB, "Eve <eve@elsewhere.example>"])),
        ("no-from", letter("no-from", pgp_mime_signed(part(22), "bob"), sender=None)),
        ("inline-encrypted", letter("inline-encrypted", body(pgp.encrypt(b"%s Letter 23.\r\n" % SECRET.encode(),
                                                                         signer="bob")))),
        ("inline-signed", letter("inline-signed", body(clearsigned(b"%s Letter 24.\n" % SECRET.encode())
                                                       + b"After it. Letter 24.\n"))),
        ("stranger", letter("stranger", pgp_mime_signed(part(25), "stranger"))),
        ("not-for-us", letter("not-for-us", pgp_mime_encrypted(part(26), to=("carol",)))),
        ("covert", letter("covert", m.multipart([part(27), pgp_mime_encrypted(body(b"COVERT SECRET.\r\n"))]))),
        ("alternative", letter("alternative", m.multipart(
            [pgp_mime_signed(part(28), "bob"), m.entity(b"<p>Other words.</p>\r\n", "text/html")], "alternative"))),
        ("opaque-bad", letter("opaque-bad", m.smime_opaque(
            pki.sign(part(29), "bob", opaque=True).replace(b"forty-two", b"forty-one")))),
        ("smime-untrusted", letter("smime-untrusted", smime_signed(part(30), "bob-self"))),
    ]


def mbox(letters):
    """One mailbox file of them, in their order."""
    out = b""
    for _, mail in letters:
        out += b"From MAILER-DAEMON Tue Nov 10 10:11:12 2026\n" + m.lf(mail).rstrip(b"\n") + b"\n\n"
    return out
