# SPDX-License-Identifier: LGPL-2.1-or-later
"""CMS objects that `openssl cms` cannot make or read, put together from the standards' text.

Python does the structures and the symmetric part, `openssl pkeyutl` the keys' part.
"""

import hashlib
import os
import time

import der
import pki
from harness import equal

DATA, SIGNED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
PKCS9 = "1.2.840.113549.1.9."
SHA = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2",
       "sha512": "2.16.840.1.101.3.4.2.3"}
ED25519 = "1.3.101.112"


def _file(name, data):
    path = os.path.join(pki.folder(), "cms-%d-%s" % (os.getpid(), name))
    with open(path, "wb") as out:
        out.write(data)
    return path


def certificate_name(name):
    """IssuerAndSerialNumber."""
    body = der.parse(pki.der(name))[0]
    return der.seq(body[3].raw, body[1].raw)


def content_info(kind, body):
    return der.seq(der.oid(kind), der.tlv(0xA0, body))


# --- Ed25519 (RFC 8419) -----------------------------------------------------

def _sign(data, name):
    path = _file("tbs", data)
    return pki.openssl("pkeyutl", "-sign", "-rawin", "-in", path, "-inkey", pki.key(name)).out


def _attributes(content, digest):
    now = time.strftime("%y%m%d%H%M%SZ", time.gmtime()).encode()
    pairs = (("3", der.oid(DATA)), ("4", der.octets(hashlib.new(digest, content).digest())),
             ("5", der.tlv(0x17, now)))
    return der.set_of(*(der.seq(der.oid(PKCS9 + kind), der.set_of(value)) for kind, value in pairs))


def sign_ed25519(content, name, opaque=False, attributes=True, digest="sha512", parameters=()):
    signed = _attributes(content, digest) if attributes else b""
    info = der.seq(der.integer(1), certificate_name(name), der.algorithm(SHA[digest]),
                   signed and b"\xa0" + signed[1:], der.algorithm(ED25519, *parameters),
                   der.octets(_sign(signed or content, name)))
    inside = [der.tlv(0xA0, der.octets(content))] if opaque else []
    return content_info(SIGNED, der.seq(
        der.integer(1), der.set_of(der.algorithm(SHA[digest])), der.seq(der.oid(DATA), *inside),
        der.tlv(0xA0, pki.der(name)), der.set_of(info)))


def check_ed25519(data, content, name):
    """That a SignedData is what RFC 8419 wants, with signed attributes; returns its content."""
    signed = der.parse(der.from_ber(data))[1][0]
    equal(signed[1].raw, der.set_of(der.algorithm(SHA["sha512"])), "digest algorithms")
    info = signed.children[-1][0]
    equal(info[1].raw, certificate_name(name), "signer")
    equal(info[2].raw, der.algorithm(SHA["sha512"]), "digest algorithm")
    equal(info[4].raw, der.algorithm(ED25519), "signature algorithm")
    attributes = b"\x31" + info[3].raw[1:]
    equal([one.raw for one in info[3].children], sorted(one.raw for one in info[3].children), "DER order")
    digest = [one[1][0].body for one in info[3].children if one[0].raw == der.oid(PKCS9 + "4")]
    equal(digest, [hashlib.sha512(content).digest()], "message digest")
    path, signature = _file("tbs", attributes), _file("sig", info[5].body)
    pki.openssl("pkeyutl", "-verify", "-rawin", "-in", path, "-sigfile", signature, "-certin",
                "-inkey", pki.get(name))
    inside = signed[2].children[1:]
    return inside[0][0].body if inside else None


def merge_signers(first, second):
    """The signers of two detached signatures over the same content in one object."""
    a, b = (der.parse(der.from_ber(one))[1][0] for one in (first, second))
    return content_info(SIGNED, der.seq(
        a[0].raw, der.set_of(*{x.raw for x in a[1].children + b[1].children}), a[2].raw,
        der.tlv(0xA0, a[3].body, b[3].body),
        der.set_of(*(x.raw for x in a.children[-1].children + b.children[-1].children))))
