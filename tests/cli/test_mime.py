#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exact bytes: whatever a mail looks like, its signature holds and its content survives.

Each sample is signed by the tool and checked by gpg and openssl; each entity is signed by
gpg and openssl and checked by the tool, in a CRLF file and in an LF file.
"""

import re

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, expect, lacks, true, verdict

LONG = b"x" * 997 + b"y" * 1500
UMLAUTS = "Grüße aus Köln, 日本語.\n".encode()


def raw(ctype, body, cte=None, extra=(), mime_version=True, **headers):
    """A message with LF line ends and exactly this body."""
    lines = ["Content-Type: " + ctype] if ctype else []
    lines += ["Content-Transfer-Encoding: " + cte] if cte else []
    head = m.header_block(mime_version=mime_version, extra=[*extra, *lines], **headers)
    return m.lf(head) + b"\n" + body


def qp(data):
    return m.entity(data, cte="quoted-printable")


def nested(outer, inner):
    """Boundaries of which one is a prefix of the other, and text that looks like either."""
    text = ("--%s x\r\n--%sz\r\n-- %s\r\nplain\r\n" % (outer, inner, outer)).encode()
    low = m.multipart([m.entity(text), m.entity(b"two\r\n")], "alternative", inner)
    return m.multipart([low, m.attachment(b"binary\0data")], "mixed", outer)


UTF8 = "text/plain; charset=utf-8"
LATIN1 = "text/plain; charset=iso-8859-1"
SAMPLES = {
    "LF file": raw(UTF8, b"one\ntwo\n", "7bit"),
    "CRLF file": m.crlf(raw(UTF8, b"one\ntwo\n", "7bit")),
    "8-bit": raw(UTF8, UMLAUTS, "8bit"),
    "8-bit without charset": raw("text/plain", UMLAUTS, "8bit"),
    "8-bit Latin-1": raw(LATIN1, b"caf\xe9\n", "8bit"),
    "8-bit but labelled 7bit": raw(UTF8, UMLAUTS, "7bit"),
    "quoted-printable": raw(UTF8, b"Gr=C3=BC=C3=9Fe =\nand more=20\n", "quoted-printable"),
    "base64 text": raw(UTF8, m.lf(m.b64(UMLAUTS)), "base64"),
    "no final newline": raw(UTF8, b"one\ntwo", "7bit"),
    "several final newlines": raw(UTF8, b"one\n\n\n\n", "7bit"),
    "empty body": raw(UTF8, b"", "7bit"),
    "blank line only": raw(UTF8, b"\n", "7bit"),
    "leading blank lines": raw(UTF8, b"\n\n\ntext\n", "7bit"),
    "trailing blanks": raw(UTF8, b"one  \ntwo\t\n \n-- \nsignature\n", "7bit"),
    "From lines": raw(UTF8, b"From here on\n>From there\nFrom\n\nFrom x\n", "7bit"),
    "dot lines": raw(UTF8, b".\n..\n.x\n", "7bit"),
    "long line": raw(UTF8, LONG + b"\n", "7bit"),
    "long 8-bit line": raw(UTF8, UMLAUTS.strip() * 60 + b"\n", "8bit"),
    "NUL bytes": raw(UTF8, b"a\0b\0\n", "8bit"),
    "control bytes": raw(UTF8, b"a\x01\x02\x0c\x7fb\n", "7bit"),
    "mbox line": b"From alice@example.org Tue Nov 10 10:11:12 2026\n" + raw(UTF8, b"text\n", "7bit"),
    "no MIME-Version": raw(UTF8, b"text\n", "7bit", mime_version=False),
    "no MIME headers": raw(None, b"text\n", mime_version=False),
    "no MIME headers, 8-bit": raw(None, UMLAUTS, mime_version=False),
    "raw UTF-8 header": raw(UTF8, b"text\n", "7bit", subject="Grüße"),
    "encoded words": raw(UTF8, b"text\n", "7bit", subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?="),
    "folded headers": raw('text/plain;\n\tcharset="utf-8";\n format=flowed', b"text\n", "7bit",
                          subject="a\n folded\n\tsubject"),
    "long header": raw(UTF8, b"text\n", "7bit", extra=["X-Long: " + "y" * 3000]),
    "unknown type": raw("application/x-unknown; a=b", b"text\n", "7bit"),
    "multipart": m.message(m.multipart([m.entity(), m.attachment(m.blob(5000))])),
    "preamble and epilogue": m.message(m.multipart([m.entity(), m.entity(b"two\r\n")],
                                                   preamble=b"This is a preamble.\r\n",
                                                   epilogue=b"This is an epilogue.\r\n")),
    "preamble with trailing blanks": m.message(m.multipart([m.entity()], preamble=b"pre  \r\n")),
    "parts with 8-bit and blanks": m.message(m.multipart([m.entity(UMLAUTS, cte="8bit"),
                                                          m.entity(b"a  \r\nFrom b\r\n")])),
    "boundary prefix": m.message(nested("b", "bb")),
    "boundary prefix, other way": m.message(nested("bb", "b")),
    "boundary with blanks": m.message(m.multipart([m.entity()], boundary="a b'()+_,-./:=?c")),
    "empty parts": m.message(m.multipart([b"\r\n", m.entity(b""), b"\r\nno header\r\n"])),
    "attached message": m.message(m.multipart([m.entity(), m.entity(
        m.plain(UMLAUTS, subject="inner"), "message/rfc822", "8bit")])),
    "8-bit attachment": m.message(m.multipart([m.entity(), m.entity(
        b"\xff\xfe\x00\x80", "application/octet-stream", "8bit")])),
    "html alternative": m.message(m.multipart([m.entity(), m.entity(
        b"<p>Hello</p>\r\n", "text/html")], "alternative")),
    "deep": m.message(nested("x", "x" * 60)),
}


def alice(protocol):
    return pgp.shared("alice") if protocol == "openpgp" else pki.shared("alice")


def outer_content_type(protocol):
    return "application/%s-signature" % ("pgp" if protocol == "openpgp" else "pkcs7")


def check_form(part):
    """What RFC 3156 section 3 and RFC 8551 section 3.1 ask of signed material."""
    true(part.isascii(), "not 7-bit")
    for line in m.lf(part).split(b"\n"):
        true(len(line) <= 998, "a line of %d bytes" % len(line))
        true(not line.startswith(b"From "), "a line starts with 'From '")
        true(not re.search(rb"[ \t]$", line), "trailing white space: %r" % line[-20:])
    lacks(part, b"\0", "signed part")


def engine_accepts(protocol, home, part, signature):
    if protocol == "openpgp":
        lines, result = pgp.verify_detached(home, part, m.parse(signature).get_payload(decode=True))
        true(any(line.startswith("GOODSIG") for line in lines), "gpg rejects it", result)
        return
    content, der = home.file("c", part), home.file("s", m.parse(signature).get_payload(decode=True))
    pki.openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", der, "-content", content,
                "-CAfile", pki.get("ca"), "-out", home.file("o", b""))


def without_mbox_line(mail):
    return re.sub(rb"\AFrom [^\n]*\n", b"", mail)


@each(*[("%s, %s" % (p, name), p, name) for p in ("openpgp", "smime") for name in SAMPLES])
def test_sign(_, protocol, name):
    home, mail = alice(protocol), SAMPLES[name]
    signed = home.ok("sign", "--protocol", protocol, input=mail).out
    parts = m.raw_parts(signed)
    equal(len(parts), 2, "parts")
    part = m.crlf(parts[0])
    check_form(part)
    engine_accepts(protocol, home, part, parts[1])
    expect(verdict(home, signed, 0), "signed-only", "good", "none", ["signed"])
    original = without_mbox_line(mail)
    m.same_content(m.with_payload(signed, part), original, name, headers=("From", "To", "Message-ID"))
    subject = re.search(rb"(?m)^Subject:.*\n(?:[ \t].*\n)*", m.lf(original)).group()
    contains(m.lf(signed), subject, "header")
    equal(m.lf(signed).split(b"\n\n")[0].lower().count(b"mime-version:"), 1, "MIME-Version fields")


@each(*[("%s, %s" % (p, name), p, name) for p in ("openpgp", "smime") for name in SAMPLES])
def test_encrypt(_, protocol, name):
    home, mail = alice(protocol), SAMPLES[name]
    sealed = home.ok("encrypt", "--sign", "-r", "bob@example.org", "--protocol", protocol, input=mail).out
    true(sealed.replace("Grüße".encode(), b"").isascii(), "the encrypted message is not 7-bit")
    expect(verdict(home, sealed, 0), "signed-and-encrypted", "good", "ok")
    opened = home.ok("decrypt", input=sealed).out
    if protocol == "smime" and m.parse(opened).get_content_type() == "application/pkcs7-mime":
        opened = m.with_payload(opened, pki.verify(opened, home).out)
    elif protocol == "smime":
        opened = m.with_payload(opened, m.raw_parts(opened)[0])
    m.same_content(opened, without_mbox_line(mail), name, headers=("From", "To", "Message-ID"))


# --- what others signed -----------------------------------------------------

def crlf_of(mail):
    """The entity of a sample as an engine would sign it: content headers and body, CRLF."""
    head, body = m.split(m.crlf(without_mbox_line(mail)))
    fields = re.findall(rb"(?im)^content-[^\n]*\n(?:[ \t][^\n]*\n)*", head + b"\r\n")
    return b"".join(fields) + b"\r\n" + body


ENTITIES = {name: crlf_of(mail) for name, mail in SAMPLES.items()}
ENTITIES.update({
    "headerless": b"\r\nA part without any header.\r\n",
    "header only": b"Content-Type: text/plain\r\n\r\n",
    "blank lines at the end": m.entity(b"text\r\n\r\n\r\n"),
    "no newline at the end": m.entity(b"text"),
    "lines like delimiters": m.entity(b"--=-=signedX\r\n--=-=sig\r\n --=-=signed\r\n-=-=signed\r\n"),
    "multipart with the boundary as prefix": nested("=-=signed-", "=-=signed-x"),
    "epilogue of blank lines": m.multipart([m.entity()], epilogue=b"\r\n\r\n"),
    "upper-case header": b"CONTENT-TYPE: TEXT/PLAIN\r\n\r\ntext\r\n",
    "trailing blanks in a header": b"Content-Type: text/plain \r\nX-Test:  \r\n\r\ntext\r\n",
    "colon in a line without header": b"\r\nfoo: bar\r\n\r\nbaz\r\n",
})


def wrapped(protocol, part, **more):
    if protocol == "openpgp":
        return m.message(m.pgp_signed(part, pgp.sign(part, "bob"), **more), sender=m.BOB)
    return m.message(m.smime_signed(part, pki.sign(part, "bob"), **more), sender=m.BOB)


@each(*[("%s, %s" % (p, name), p, name) for p in ("openpgp", "smime") for name in ENTITIES])
def test_verify(_, protocol, name):
    mail = wrapped(protocol, ENTITIES[name])
    expect(verdict(alice(protocol), mail, 0), "signed-only", "good", "none", ["signed"])
    expect(verdict(alice(protocol), m.lf(mail), 0), "signed-only", "good", "none", ["signed"])


def test_text_mode_signature():
    part = m.entity(b"text with trailing blanks  \r\n")
    armour = pgp.shared("world").gpg("--local-user", pgp.fpr("bob"), "--textmode", "--armor",
                                     "--detach-sign", input=part).out
    mail = m.message(m.pgp_signed(part, armour), sender=m.BOB)
    expect(verdict(pgp.shared("alice"), mail, 0), "signed-only", "good")
    expect(verdict(pgp.shared("alice"), m.lf(mail), 0), "signed-only", "good")


@each("openpgp", "smime")
def test_preamble_and_epilogue_of_the_signed_multipart(protocol):
    mail = wrapped(protocol, m.entity(), preamble=b"This is a signed message.\r\n",
                   epilogue=b"\r\nwhat a gateway appended\r\n")
    expect(verdict(alice(protocol), mail, 0), "signed-only", "good")
    out = alice(protocol).ok("show", input=mail).out
    lacks(out, b"gateway appended", "show")


@each("openpgp", "smime")
def test_padding_after_the_delimiters(protocol):
    mail = re.sub(rb"(?m)^(--=-=signed(?:--)?)\r\n", rb"\1 \t\r\n", wrapped(protocol, m.entity()))
    expect(verdict(alice(protocol), mail, 0), "signed-only", "good")


@each("openpgp", "smime")
def test_outer_forms(protocol):
    base = wrapped(protocol, m.entity())
    for change in (lambda x: x.replace(b"MIME-Version: 1.0\r\n", b""),
                   lambda x: b"From bob@example.org Tue Nov 10 10:11:12 2026\r\n" + x,
                   lambda x: x.replace(b"multipart/signed", b"Multipart/Signed"),
                   lambda x: x.replace(b"Content-Type: multipart", b"CONTENT-TYPE:\r\n multipart"),
                   lambda x: x.replace(b"boundary=", b"BOUNDARY="),
                   lambda x: x.replace(b"From: Bob Example", "From: Böb Example".encode()),
                   lambda x: x[:-2], lambda x: x + b"\r\n\r\n"):
        expect(verdict(alice(protocol), change(base), 0), "signed-only", "good")


@each("openpgp", "smime")
def test_missing_closing_delimiter_is_judged_on_its_bytes(protocol):
    mail = wrapped(protocol, m.entity())
    cut = mail[: mail.rindex(b"--=-=signed--")]
    # the signed part is whole, only the end of the multipart is lost
    expect(verdict(alice(protocol), cut, 0), "signed-only", "good")


@each("openpgp", "smime")
def test_show_renders_the_signed_range(protocol):
    out = alice(protocol).ok("show", input=wrapped(protocol, m.entity(UMLAUTS, cte="8bit"))).out
    contains(out, UMLAUTS.strip(), "show")


def test_show_decodes_charsets():
    mail = raw(LATIN1, b"caf\xe9 noir\n", "8bit", subject="=?iso-8859-1?q?caf=E9?=")
    out = pgp.shared("alice").ok("show", input=mail).out
    contains(out, "café noir".encode(), "show")
    zone = out.split(b"\n\n")[0]
    contains(zone, "café".encode(), "headers")


def test_authentication_results_are_not_passed_on():
    mail = m.plain(extra=["Authentication-Results: mx.example; dkim=pass"])
    out = pgp.shared("alice").ok("sign", "--protocol", "openpgp", input=mail).out
    lacks(out, b"Authentication-Results", "header")


@each("openpgp", "smime")
def test_signed_message_is_not_rewrapped_when_encrypted(protocol):
    """multipart/signed is opaque (RFC 1847 section 2.1): its bytes stay when encrypted."""
    home = alice(protocol)
    part = m.entity(b"signed by bob\r\n")
    mail = wrapped(protocol, part).replace(m.BOB.encode(), m.ALICE.encode())
    sealed = home.ok("encrypt", "-r", "alice@example.org", "--protocol", protocol, input=mail).out
    opened = home.ok("decrypt", input=sealed).out
    equal(m.crlf(m.raw_parts(opened)[0]), part, "the signed part")


if __name__ == "__main__":
    harness.main(globals())
