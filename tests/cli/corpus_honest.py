# SPDX-License-Identifier: LGPL-2.1-or-later
"""Honest mail in the forms that clients give it: strictness must raise no alarm.

Each content comes signed, encrypted, and both; then the frames of known clients.
"""

from corpus import BOTH, FOOTER, PAGE, PICTURE, SEALED, SIGNED, TEXT, Row, alternative, box, forwarded, mail, mixed, related, \
    with_fields
import mailkit as m
import pgp
import pki

UMLAUTS = "Gr\u00fc\u00dfe aus K\u00f6ln"


def qp(data):
    return "".join(chr(c) if 32 < c < 127 and c != 61 or c == 32 else "=%02X" % c for c in data).encode() + b"\r\n"


def charset(name, cte):
    data = UMLAUTS.encode(name) if name != "iso-2022-jp" else "\u3053\u3093\u306b\u3061\u306f".encode(name)
    body = {"quoted-printable": qp, "base64": lambda d: m.b64(d + b"\r\n"), "7bit": lambda d: d + b"\r\n",
            "8bit": lambda d: d + b"\r\n"}[cte](data)
    return m.entity(body, "text/plain; charset=%s" % name, cte)


FLOWED = m.entity(b"A line that goes on \r\nbehind a soft break.\r\n> quoted\r\n-- \r\nBob\r\n".replace(b" \r\n", b"=20\r\n"),
                  "text/plain; charset=us-ascii; format=flowed; delsp=no", "quoted-printable")
WORDS = UMLAUTS.encode()

# name, what is inside, what `show` prints of it
CONTENTS = (
    ("text", TEXT, b"Hello, Alice."),
    ("text without a type", b"\r\nHello, Alice.\r\n", b"Hello, Alice."),
    ("format=flowed", FLOWED, b"A line that goes on"),
    ("UTF-8, quoted-printable", charset("utf-8", "quoted-printable"), WORDS),
    ("UTF-8, base64", charset("utf-8", "base64"), WORDS),
    ("ISO-8859-1, quoted-printable", charset("iso-8859-1", "quoted-printable"), WORDS),
    ("windows-1252, base64", charset("windows-1252", "base64"), WORDS),
    ("ISO-2022-JP, 7bit", charset("iso-2022-jp", "7bit"), "\u3053\u3093\u306b\u3061\u306f".encode()),
    ("empty text", m.entity(b""), b""),
    ("no new line at the end", m.entity(b"Hello, Alice."), b"Hello, Alice."),
    ("blank lines at the end", m.entity(b"Hello, Alice.\r\n\r\n\r\n"), b"Hello, Alice."),
    ("dashes that are no boundary", m.entity(b"--\r\n--=-\r\n-- \r\nHello, Alice.\r\n".replace(b"-- ", b"--")), b"Hello, Alice."),
    ("page", PAGE, b"Hello, Alice, in HTML."),
    ("text and page", alternative(TEXT, PAGE), b"Hello, Alice."),
    ("page with a picture", related(PAGE, PICTURE), b"in HTML."),
    ("text, page and picture", alternative(TEXT, related(PAGE, PICTURE)), b"Hello, Alice."),
    ("text and file", mixed(TEXT, m.attachment(b"\0\1\2", "a.bin")), b"a.bin"),
    ("text, page and file", mixed(alternative(TEXT, PAGE), m.attachment(b"%PDF", "a.pdf", "application/pdf")), b"a.pdf"),
    ("text and signature of a list inside", mixed(TEXT, FOOTER), b"The footer of the list."),
    ("text and a forwarded message", mixed(TEXT, forwarded(m.entity(b"Forwarded.\r\n"))), b"Hello, Alice."),
    ("text and a calendar", mixed(TEXT, m.entity(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/calendar; method=REQUEST")), b"Hello"),
    ("a file alone", m.attachment(b"\0\1\2", "a.bin"), b"a.bin"),
)


def contents():
    for name, part, words in CONTENTS:
        shown = (words,) if words else ()
        yield Row("signed, " + name, lambda p, part=part: mail(p.signed(part)), SIGNED, shown=shown)
        yield Row("encrypted, " + name, lambda p, part=part: mail(p.sealed(part)), SEALED, shown=shown)
        yield Row("signed and encrypted, " + name, lambda p, part=part: mail(p.both(part)), BOTH, shown=shown)


# --- frames of known clients ------------------------------------------------

def neomutt(kit, part=TEXT):
    """micalg first, the boundary last and unquoted in its style; Content-Disposition: inline."""
    inner = with_fields(part, "Content-Disposition: inline")
    body = m.raw_parts(kit.signed(inner))
    mark = "zhXaljGHf11kAtnf"
    head = 'Content-Type: multipart/signed; micalg=%s;\r\n\tprotocol="%s"; boundary="%s"\r\n' % (
        "pgp-sha256" if kit.protocol == "openpgp" else "sha-256", kit.signature_type, mark)
    head += "Content-Disposition: inline\r\n"
    return mail(framed(head, mark, body), extra=["User-Agent: NeoMutt/20220429"])


def framed(head, mark, parts, preamble=b""):
    line = b"--" + mark.encode()
    return head.encode() + b"\r\n" + preamble + b"\r\n".join(line + b"\r\n" + part for part in [*parts]) + \
        b"\r\n" + line + b"--\r\n"


def neomutt_encrypted(kit):
    """Its protected-headers="v1" inside, one space for the subject outside."""
    part = with_fields(m.entity(b"Hello, Alice.\r\n", 'text/plain; protected-headers="v1"; charset=us-ascii'),
                       "From: " + m.BOB, "To: " + m.ALICE, "Subject: the inner subject")
    return mail(kit.both(part), subject="...", extra=["User-Agent: NeoMutt/20220429"])


def claws(kit, part=TEXT):
    """Its signed multipart; the boundary begins with Sig_/."""
    parts = m.raw_parts(kit.signed(mixed(part, m.attachment(b"data", "notes.txt", "text/plain"))))
    head = 'Content-Type: multipart/signed; boundary="Sig_/1vb6sK3sJjv_Z5YbJ+2dUvV";\r\n protocol="%s"; micalg=%s\r\n' % (
        kit.signature_type, "PGP-SHA256" if kit.protocol == "openpgp" else "sha256")
    return mail(framed(head, "Sig_/1vb6sK3sJjv_Z5YbJ+2dUvV", parts), extra=["X-Mailer: Claws Mail 4.1.1 (GTK 3.24.38)"])


def claws_encrypted(kit):
    inner = kit.both(with_fields(TEXT, "Content-Disposition: inline"))
    if kit.protocol == "smime":
        return mail(inner, extra=["X-Mailer: Claws Mail 4.1.1"])
    head = 'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";\r\n boundary="Encrypt_/Xy.Z"\r\n'
    return mail(framed(head, "Encrypt_/Xy.Z", m.raw_parts(inner)), extra=["X-Mailer: Claws Mail 4.1.1"])


KEY = 'application/pgp-keys; name="OpenPGP_0x1234.asc"'


def thunderbird_payload(kit):
    """A mixed part that repeats header fields, with the sender's key beside the text."""
    inner = mixed(m.entity(b"SGVsbG8sIEFsaWNlLg0K\r\n", "text/plain; charset=UTF-8; format=flowed", "base64"))
    parts = [inner]
    if kit.protocol == "openpgp":
        key = pgp.shared("world").gpg("--armor", "--export", pgp.fpr("bob")).out
        parts.append(m.entity(key.replace(b"=", b"=3D"), KEY, "quoted-printable", [
            'Content-Disposition: attachment; filename="OpenPGP_0x1234.asc"', "Content-Description: OpenPGP public key"]))
    return with_fields(mixed(*parts, params='; protected-headers="v1"'), "From: " + m.BOB, "To: " + m.ALICE,
                       "Message-ID: <x@example.org>", "Subject: the inner subject")


def thunderbird(kit, part=None):
    payload = part or m.entity(b"Hello, Alice.\r\n", "text/plain; charset=UTF-8; format=flowed")
    parts = m.raw_parts(kit.signed(payload))
    preamble = {"openpgp": b"This is an OpenPGP/MIME signed message (RFC 4880 and 3156)\r\n",
                "smime": b"This is a cryptographically signed message in MIME format.\r\n\r\n"}[kit.protocol]
    mark = "------------%s" % ("qUs5kq0BK0Hv9Jxk2V2WdTzY" if kit.protocol == "openpgp" else "ms010203040506070809000102")
    head = 'Content-Type: multipart/signed; micalg=%s;\r\n protocol="%s";\r\n boundary="%s"\r\n' % (
        "pgp-sha256" if kit.protocol == "openpgp" else "sha-256", kit.signature_type, mark)
    return mail(framed(head, mark, parts, preamble), extra=["User-Agent: Mozilla Thunderbird", "Content-Language: en-US"])


def thunderbird_encrypted(kit):
    inner = kit.both(thunderbird_payload(kit))
    if kit.protocol == "smime":
        return mail(inner, subject="the inner subject", extra=["User-Agent: Mozilla Thunderbird"])
    control, content = m.raw_parts(inner)
    control = with_fields(control, "Content-Description: PGP/MIME version identification")
    content = with_fields(content,
                          "Content-Description: OpenPGP encrypted message", 'Content-Disposition: inline; filename="encrypted.asc"')
    mark = "------------0q6KvBHJ5rGq7uTqkzIhxOmd"
    head = 'Content-Type: multipart/encrypted;\r\n protocol="application/pgp-encrypted";\r\n boundary="%s"\r\n' % mark
    preamble = b"This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\r\n"
    return mail(framed(head, mark, [control, content], preamble), subject="...", extra=["User-Agent: Mozilla Thunderbird"])


def protected(hp, *record):
    return with_fields(m.entity(b"Hello, Alice.\r\n", 'text/plain; charset=utf-8; hp="%s"' % hp),
                       "From: " + m.BOB, "To: " + m.ALICE, "Subject: the inner subject", *record)


RECORD = ("HP-Outer: From: " + m.BOB, "HP-Outer: To: " + m.ALICE, "HP-Outer: Subject: [...]")
OLD = {"Subject": ("the inner subject", "signed-and-encrypted", "...")}

CLIENTS = (
    Row("neomutt, signed", neomutt, SIGNED),
    Row("neomutt, signed with a file", lambda p: neomutt(p, mixed(TEXT, m.attachment(b"x"))), SIGNED),
    Row("neomutt, encrypted", neomutt_encrypted, BOTH, fields=OLD),
    Row("Claws Mail, signed", claws, SIGNED, shown=(b"notes.txt",)),
    Row("Claws Mail, encrypted", claws_encrypted, BOTH),
    Row("Thunderbird, signed", thunderbird, SIGNED),
    Row("Thunderbird, signed with its key", lambda p: thunderbird(p, thunderbird_payload(p)), SIGNED),
    Row("Thunderbird, encrypted", thunderbird_encrypted, BOTH, shown=(b"Subject: the inner subject",)),
    Row("with header protection, signed", lambda p: mail(p.signed(protected("clear")), subject="the inner subject"), SIGNED,
        fields={"Subject": ("the inner subject", "signed-only", None)}),
    Row("with header protection, encrypted", lambda p: mail(p.both(protected("cipher", *RECORD)), subject="[...]"), BOTH,
        fields={"Subject": ("the inner subject", "signed-and-encrypted", "[...]")}),
    Row("with header protection, through a list", lambda p: mail(p.signed(protected("clear")), subject="[list] the inner subject",
        extra=["Sender: list@lists.example", "List-Id: <list.lists.example>", "Received: from x by y"]), SIGNED, sender=["bob@example.org"]),
    Row("lines end with LF", lambda p: m.lf(mail(p.signed(mixed(TEXT, PICTURE)))), SIGNED),
    Row("lines end with LF, encrypted", lambda p: m.lf(mail(p.both(mixed(TEXT, PICTURE)))), BOTH),
    Row("to several", lambda p: m.message(p.signed(), sender=m.BOB, to="%s, Carol <carol@example.org>" % m.ALICE,
        extra=["Cc: Us: dave@example.org;, undisclosed-recipients:;"]), SIGNED),
    Row("reply with a long thread", lambda p: mail(p.signed(), subject="Re: Aw: Fwd: hello", extra=[
        "In-Reply-To: <1@example.org>", "References: <1@example.org>" + "\r\n <2@example.org>" * 40]), SIGNED),
    Row("encoded sender", lambda p: mail(p.signed(), sender="=?iso-8859-1?q?B=F6b?= <bob@example.org>"), SIGNED),
    Row("no MIME-Version", lambda p: m.message(p.signed(), sender=m.BOB, mime_version=False), SIGNED),
    Row("out of a mailbox file", lambda p: b"From bob@example.org Tue Nov 10 10:11:12 2026\n" + mail(p.signed()), SIGNED),
    Row("Outlook's opaque signature", lambda p: mail(p.opaque()), SIGNED, only="smime"),
    Row("opaque signature inside of an encryption", lambda p: mail(p.sealed(p.opaque())), BOTH, only="smime"),
    Row("AES-GCM", lambda p: mail(p.sealed(p.signed(), "aes-256-gcm")), BOTH, only="smime"),
    Row("older types", lambda p: mail(p.frame(TEXT, p.signature(TEXT, "bob"), subtype="x-pkcs7-signature")), SIGNED, only="smime"),
    Row("encrypted around signed, two parts", lambda p: mail(p.sealed(p.signed(mixed(TEXT, PICTURE)))), BOTH),
    Row("hidden recipients", lambda p: mail(m.pgp_encrypted(pgp.encrypt(TEXT, (), ("carol", "alice"), "bob"))), BOTH, only="openpgp"),
    Row("several recipients", lambda p: mail(m.pgp_encrypted(pgp.encrypt(TEXT, ("carol", "alice"), (), "bob"))), BOTH, only="openpgp"),
    Row("certificates of several", lambda p: mail(m.smime_opaque(pki.encrypt(p.signed(), "carol", "alice"), "enveloped-data")), BOTH,
        only="smime"),
    Row("signed digest of messages", lambda p: mail(p.signed(box("digest", b"\r\n" + mail(TEXT, subject="one"), b"\r\n" +
        mail(FOOTER, subject="two")))), SIGNED),
)

TABLES = (("content", tuple(contents())), ("client", CLIENTS))
