# SPDX-License-Identifier: LGPL-2.1-or-later
"""CMS objects that `openssl cms` cannot make or read, put together from the standards' text.

Python does the structures and the symmetric part, `openssl pkeyutl` the keys' part.
"""

import hashlib
import hmac
import os
import struct
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


# --- encryption -------------------------------------------------------------

ENVELOPED, AUTH_ENVELOPED = "1.2.840.113549.1.7.3", PKCS9 + "16.1.23"
CHACHA = PKCS9 + "16.3.18"
HKDF = {"sha256": PKCS9 + "16.3.19", "sha384": PKCS9 + "16.3.20", "sha512": PKCS9 + "16.3.21"}
X25519 = "1.3.101.110"
AES = "2.16.840.1.101.3.4.1."
WRAP = {16: AES + "5", 24: AES + "25", 32: AES + "45"}
CBC = {16: AES + "2", 24: AES + "22", 32: AES + "42"}


def _ecb(key, block, decrypt=False):
    return pki.openssl("enc", "-aes-%d-ecb" % (8 * len(key)), "-nopad", "-K", key.hex(),
                       *(["-d"] if decrypt else []), input=block).out


def wrap_key(wrapping, key):
    """RFC 3394."""
    head, pieces = b"\xa6" * 8, [key[i:i + 8] for i in range(0, len(key), 8)]
    for j in range(6):
        for i, piece in enumerate(pieces):
            block = _ecb(wrapping, head + piece)
            step = len(pieces) * j + i + 1
            head, pieces[i] = (int.from_bytes(block[:8], "big") ^ step).to_bytes(8, "big"), block[8:]
    return head + b"".join(pieces)


def unwrap_key(wrapping, wrapped):
    head, pieces = wrapped[:8], [wrapped[i:i + 8] for i in range(8, len(wrapped), 8)]
    for j in range(5, -1, -1):
        for i in range(len(pieces) - 1, -1, -1):
            step = len(pieces) * j + i + 1
            block = _ecb(wrapping, (int.from_bytes(head, "big") ^ step).to_bytes(8, "big") + pieces[i], True)
            head, pieces[i] = block[:8], block[8:]
    equal(head, b"\xa6" * 8, "key wrap's check value")
    return b"".join(pieces)


def _wrapping_key(shared, digest, wrap, size, ukm):
    """RFC 8418 section 2.2."""
    info = der.seq(wrap, der.tlv(0xA0, der.octets(ukm)) if ukm is not None else b"",
                   der.tlv(0xA2, der.octets((8 * size).to_bytes(4, "big"))))
    prk = hmac.digest(ukm or bytes(hashlib.new(digest).digest_size), shared, digest)
    return hmac.digest(prk, info + b"\x01", digest)[:size]


def agreement(name, key, digest="sha256", ukm=None, by_key_id=False):
    """A RecipientInfo of RFC 8418."""
    ephemeral = _file("eph", b"")
    pki.openssl("genpkey", "-algorithm", "X25519", "-out", ephemeral)
    spki = pki.openssl("pkey", "-in", ephemeral, "-pubout", "-outform", "DER").out
    peer = _file("peer", pki.openssl("x509", "-in", pki.get(name), "-noout", "-pubkey").out)
    shared = pki.openssl("pkeyutl", "-derive", "-inkey", ephemeral, "-peerkey", peer).out
    os.unlink(ephemeral)
    wrap = der.algorithm(WRAP[len(key)])
    wrapped = wrap_key(_wrapping_key(shared, digest, wrap, len(key), ukm), key)
    who = der.tlv(0xA0, der.octets(key_identifier(name))) if by_key_id else certificate_name(name)
    return der.tlv(0xA1, der.integer(3),
                   der.tlv(0xA0, der.tlv(0xA1, der.algorithm(X25519), der.parse(spki)[1].raw)),
                   der.tlv(0xA1, der.octets(ukm)) if ukm is not None else b"",
                   der.algorithm(HKDF[digest], wrap), der.seq(der.seq(who, der.octets(wrapped))))


def open_agreement(info, key_path):
    """The content key out of a RecipientInfo with exactly the form that is written here."""
    equal(info[2][0].raw, der.oid(HKDF["sha256"]), "key encryption algorithm")
    origin = info[1][0]
    equal(origin[0].raw, der.algorithm(X25519), "originator's algorithm")
    spki = der.seq(origin[0].raw, origin[1].raw)
    peer = _file("peer.der", spki)
    shared = pki.openssl("pkeyutl", "-derive", "-inkey", key_path, "-peerkey", peer, "-peerform", "DER").out
    wrap = info[2][1].raw
    size = {der.algorithm(oid): size for size, oid in WRAP.items()}[wrap]
    return unwrap_key(_wrapping_key(shared, "sha256", wrap, size, None), info[3][0][1].body)


def key_identifier(name):
    text = pki.openssl("x509", "-in", pki.get(name), "-noout", "-ext", "subjectKeyIdentifier").out.decode()
    return bytes.fromhex(text.splitlines()[-1].strip().replace(":", ""))


def transport(name, key):
    """A RecipientInfo with RSA."""
    wrapped = pki.openssl("pkeyutl", "-encrypt", "-certin", "-inkey", pki.get(name), input=key).out
    return der.seq(der.integer(0), certificate_name(name),
                   der.algorithm("1.2.840.113549.1.1.1", b"\x05\x00"), der.octets(wrapped))


def _enveloped(recipients, algorithm, sealed, version=2, kind=ENVELOPED, after=b""):
    return content_info(kind, der.seq(
        der.integer(version), der.tlv(0x31, *recipients),
        der.seq(der.oid(DATA), algorithm, der.tlv(0x80, sealed)), after))


def encrypt_cbc(content, recipients, key):
    vector = os.urandom(16)
    sealed = pki.openssl("enc", "-aes-%d-cbc" % (8 * len(key)), "-K", key.hex(), "-iv", vector.hex(),
                         input=content).out
    return _enveloped(recipients, der.algorithm(CBC[len(key)], der.octets(vector)), sealed)


# --- ChaCha20-Poly1305 (RFC 8439, RFC 8103) ----------------------------------

def _quarter(s, a, b, c, d):
    for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        s[z] ^= s[x]
        s[z] = (s[z] << bits | s[z] >> 32 - bits) & 0xFFFFFFFF


def _chacha_block(key, counter, nonce):
    start = list(struct.unpack("<4I8II3I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce))
    s = list(start)
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            _quarter(s, a, b, c, d)
    return struct.pack("<16I", *((x + y) & 0xFFFFFFFF for x, y in zip(s, start)))


def _poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(data), 16):
        total = (total + int.from_bytes(data[i:i + 16] + b"\x01", "little")) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(key[16:], "little")) & ((1 << 128) - 1)).to_bytes(16, "little")


def chacha20_poly1305(key, nonce, data, aad=b""):
    """(ciphertext, tag)."""
    out = bytearray()
    for i in range(0, len(data), 64):
        stream = _chacha_block(key, 1 + i // 64, nonce)
        out += bytes(a ^ b for a, b in zip(data[i:i + 64], stream))
    pad = lambda x: x + bytes(-len(x) % 16)
    tag = _poly1305(_chacha_block(key, 0, nonce)[:32],
                    pad(aad) + pad(bytes(out)) + struct.pack("<QQ", len(aad), len(out)))
    return bytes(out), tag


def encrypt_chacha(content, recipients, key, attributes=b"", nonce=None):
    """AuthEnvelopedData; attributes is a SET OF."""
    nonce = nonce or os.urandom(12)
    sealed, tag = chacha20_poly1305(key, nonce[:12], content, attributes)
    after = (attributes and b"\xa1" + attributes[1:]) + der.octets(tag)
    return _enveloped(recipients, der.algorithm(CHACHA, der.octets(nonce)), sealed, 0, AUTH_ENVELOPED, after)
