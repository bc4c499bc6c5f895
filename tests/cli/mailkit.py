# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages built and taken apart byte by byte; no MIME library decides line ends."""

import base64
import binascii
import email
import email.message
import email.policy
import functools
import random
import re

import harness

ALICE = "Alice Example <alice@example.org>"
BOB = "Bob Example <bob@example.org>"
DATE = "Tue, 10 Nov 2026 10:11:12 +0000"


def crlf(data):
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def lf(data):
    return data.replace(b"\r\n", b"\n")


def to_bytes(value):
    return value if isinstance(value, bytes) else value.encode()


def header_block(sender=ALICE, to=BOB, subject="a test message", mime_version=True, extra=()):
    """Outer headers, CRLF; sender may be None, one value, or a list of whole From fields."""
    senders = sender if isinstance(sender, (list, tuple)) else [] if sender is None else [sender]
    lines = ["From: %s" % one for one in senders]
    if to:
        lines.append("To: %s" % to)
    lines += ["Subject: %s" % subject, "Date: %s" % DATE,
              "Message-ID: <%s@example.org>" % re.sub(r"\W+", ".", subject)[:40]]
    lines += list(extra)
    if mime_version:
        lines.append("MIME-Version: 1.0")
    return "".join(line + "\r\n" for line in lines).encode("utf-8")


def entity(body=b"Hello, Bob.\r\n", ctype="text/plain; charset=utf-8", cte="7bit", extra=()):
    """A MIME entity with CRLF line ends: content headers, blank line, body."""
    lines = ["Content-Type: %s" % ctype]
    if cte:
        lines.append("Content-Transfer-Encoding: %s" % cte)
    lines += list(extra)
    return "".join(line + "\r\n" for line in lines).encode() + b"\r\n" + crlf(to_bytes(body))


def message(inner=None, **headers):
    """Outer headers in front of an entity."""
    return header_block(**headers) + (entity() if inner is None else inner)


def plain(body=b"Hello, Bob.\n", **headers):
    return message(entity(body), **headers)


def b64(data):
    return base64.encodebytes(to_bytes(data)).replace(b"\n", b"\r\n")


def attachment(data, name="data.bin", ctype="application/octet-stream"):
    return entity(b64(data), '%s; name="%s"' % (ctype, name), "base64",
                  ['Content-Disposition: attachment; filename="%s"' % name])


def multipart(parts, subtype="mixed", boundary="=-=mixed", params="", preamble=b"", epilogue=b""):
    head = 'Content-Type: multipart/%s; boundary="%s"%s\r\n\r\n' % (subtype, boundary, params)
    mark = b"--" + boundary.encode()
    body = preamble + b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    return head.encode() + body + mark + b"--\r\n" + epilogue


def multipart_signed(part, signature, protocol, micalg, boundary="=-=signed", **more):
    params = '; micalg=%s;\r\n protocol="%s"' % (micalg, protocol)
    return multipart([part, signature], "signed", boundary, params, **more)


def pgp_signed(part, armour, micalg="pgp-sha256", **more):
    signature = entity(armour, 'application/pgp-signature; name="signature.asc"', None)
    return multipart_signed(part, signature, "application/pgp-signature", micalg, **more)


def pgp_encrypted(armour, boundary="=-=encrypted"):
    control = entity(b"Version: 1\r\n", "application/pgp-encrypted", None)
    content = entity(armour, 'application/octet-stream; name="encrypted.asc"', None)
    return multipart([control, content], "encrypted", boundary,
                     ';\r\n protocol="application/pgp-encrypted"')


def smime_signed(part, der, micalg="sha-256", subtype="pkcs7-signature", **more):
    signature = entity(b64(der), 'application/%s; name="smime.p7s"' % subtype, "base64",
                       ['Content-Disposition: attachment; filename="smime.p7s"'])
    return multipart_signed(part, signature, "application/" + subtype, micalg, **more)


def smime_opaque(der, smime_type="signed-data", name="smime.p7m", subtype="pkcs7-mime"):
    kind = "; smime-type=%s" % smime_type if smime_type else ""
    return entity(b64(der), 'application/%s%s; name="%s"' % (subtype, kind, name), "base64",
                  ['Content-Disposition: attachment; filename="%s"' % name])


# --- taking apart -----------------------------------------------------------

class Entity(email.message.Message):
    """The header fields of an entity, with its body as it stands: quick for large mails."""

    body = b""

    def get_payload(self, i=None, decode=True):
        encoding = str(self.get("Content-Transfer-Encoding", "")).strip().lower()
        if encoding == "base64":
            return binascii.a2b_base64(self.body)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self.body)
        return self.body


def parse(data):
    head, body = split(data) if not data.startswith((b"\r\n", b"\n")) else (b"", data.split(b"\n", 1)[1])
    found = email.message_from_bytes(head + b"\n\n", _class=Entity, policy=email.policy.compat32)
    found.body = body
    return found


def split(data):
    """(headers, body) at the first blank line, either kind of line end."""
    found = re.search(rb"\r?\n\r?\n", data)
    if not found:
        harness.fail("no blank line in message: %r" % data[:200])
    return data[: found.start()], data[found.end():]


def header(data, name):
    return parse(data)[name]


def boundary_of(data):
    value = parse(data).get_boundary()
    if value is None:
        harness.fail("no boundary: %r" % data[:400])
    return value.encode()


def raw_parts(data):
    """The exact bytes between the delimiter lines of a multipart, in order."""
    mark = re.escape(boundary_of(data))
    cuts = list(re.finditer(rb"(?:^|\r?\n)--%s(--)?[ \t]*(?:\r?\n|$)" % mark, data))
    parts, start = [], None
    for cut in cuts:
        if start is not None:
            parts.append(data[start: max(start, cut.start())])
        start = cut.end() if not cut.group(1) else None
    return parts


def leaves(data):
    """[(content type, decoded bytes)] of a message; lines end with LF."""
    top = parse(data)
    if top.get_content_maintype() == "multipart":
        return [leaf for part in raw_parts(data) for leaf in leaves(part)]
    if top.get_content_type() == "message/rfc822":
        return leaves(top.body)
    content = top.get_payload()
    # line ends of what is not encoded are the transport's
    encoded = str(top.get("Content-Transfer-Encoding", "")).strip().lower() in ("base64", "quoted-printable")
    if top.get_content_maintype() == "text" or not encoded:
        content = lf(content)
    return [(top.get_content_type(), content)]


def same_content(got, wanted, what="message", headers=("From", "To", "Subject", "Date", "Message-ID")):
    """Same addresses and subject, same parts after decoding."""
    for name in headers:
        harness.equal(header(got, name), header(wanted, name), "%s: header %s" % (what, name))
    mine, theirs = leaves(got), leaves(wanted)
    harness.equal([t for t, _ in mine], [t for t, _ in theirs], what + ": part types")
    for (kind, a), (_, b) in zip(mine, theirs):
        harness.equal(a, b, "%s: content of %s" % (what, kind))


# --- contents ---------------------------------------------------------------

@functools.lru_cache(maxsize=4)
def blob(size, seed=1):
    """Bytes that do not compress, the same in every run."""
    return random.Random(seed).randbytes(size)


def text_of(size):
    """Printable text of exactly this size, LF line ends, no final newline when it does not fit."""
    line = b"The quick brown fox jumps over the lazy dog 0123456789.\n"
    return (line * (size // len(line) + 1))[:size]


def with_attachment(size, **headers):
    """A mail with a text and a binary attachment of this size."""
    return message(multipart([entity(b"See the attachment.\r\n"), attachment(blob(size))]), **headers)


SIZES = (("0 bytes", 0), ("1 byte", 1), ("1 KB", 1024), ("1 MB", 1 << 20), ("25 MB", 25 << 20))


@functools.lru_cache(maxsize=4)
def sample(size):
    """A mail whose text is exactly of this size; beyond 1 MB it is an attachment of this size."""
    if size > 1 << 20:
        harness.need_slow()
        return with_attachment(size)
    return plain(text_of(size))


def split_entity(mail):
    """(outer headers, entity) of a message made here: MIME-Version stands between."""
    head, mark, part = mail.partition(b"MIME-Version: 1.0\r\n")
    return head + mark, part


def with_payload(mail, part):
    """The outer headers of a mail in front of what an engine found inside; of fields that are there too,
    those inside (RFC 9788)."""
    inside = "|".join(re.escape(name) for name in parse(part).keys())
    names = "content-[^:]*|mime-version" + ("|" + inside if inside else "")
    field = rb"(?im)^(%s):[^\n]*\n([ \t][^\n]*\n)*"
    head = re.sub(field % names.encode(), b"", split(mail)[0] + b"\r\n")
    return head + part


def multipart_signed_of(parts, protocol, boundary="=-=signed"):
    """A multipart/signed with any number of parts; protocol None leaves the parameter out."""
    params = "; micalg=pgp-sha256" + (';\r\n protocol="%s"' % protocol if protocol else "")
    return multipart(parts, "signed", boundary, params)
