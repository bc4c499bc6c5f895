#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input: a clear error, the right status, nothing of the message out, old files as they were."""

import bz2
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import zlib

import harness
import mailkit as m
import pgp
import pki
from harness import check_error, contains, each, equal, expect, lacks, need_slow, skip, true, verdict

SECRET = b"the-secret-marker"
BODY = SECRET + b" and more text of the message.\r\n"
BOTH = ("openpgp", "smime")
# what a decryption may end with when its input was damaged somewhere
BROKEN = (3, 8, 9, 10)


def alice(protocol="openpgp"):
    return pgp.shared("alice") if protocol == "openpgp" else pki.shared("alice")


def from_bob(inner):
    return m.message(inner, sender=m.BOB, to=m.ALICE)


def encrypted(kind):
    if kind == "openpgp":
        return from_bob(m.pgp_encrypted(pgp.encrypt(m.entity(BODY), signer="bob", options=("-z", "0"))))
    cipher = "aes-256-gcm" if kind == "gcm" else "aes-256-cbc"
    smime_type = "authEnveloped-data" if kind == "gcm" else "enveloped-data"
    return from_bob(m.smime_opaque(pki.encrypt(m.entity(BODY), "alice", cipher=cipher), smime_type))


def signed(protocol, part=None):
    part = m.entity(BODY) if part is None else part
    if protocol == "openpgp":
        return from_bob(m.pgp_signed(part, pgp.sign(part, "bob")))
    return from_bob(m.smime_signed(part, pki.sign(part, "bob")))


def fails_cleanly(home, mail, statuses, *args, **more):
    """One of these statuses, nothing on standard output, and an existing -o file untouched."""
    args = args or ("decrypt",)
    result = home.run(*args, input=mail, **more).expect_status(statuses).expect_silent().expect_message()
    path = home.file("precious", b"precious")
    before = os.stat(path)
    again = home.run(*args, "-o", path, input=mail, **more).expect_status(result.status)
    with open(path, "rb") as source:
        equal(source.read(), b"precious", "the old output file", again)
    equal(os.stat(path).st_ino, before.st_ino, "inode of the old output file")
    return result


def body_start(mail):
    return mail.index(b"\r\n\r\n") + 4


# --- damage -----------------------------------------------------------------

@each("openpgp", "gcm", "cbc")
def test_truncated_ciphertext(kind):
    mail = encrypted(kind)
    home = alice("openpgp" if kind == "openpgp" else "smime")
    points = range(body_start(mail), len(mail) - 60, max(1, len(mail) // 25))
    for cut in points:
        result = home.run("decrypt", input=mail[:cut])
        if kind == "cbc" and result.status == 0:
            result.fail("a message cut at %d of %d was accepted" % (cut, len(mail)))
        result.expect_status(BROKEN).expect_silent()


@each(*BOTH)
def test_truncated_signed(protocol):
    mail = signed(protocol)
    # at the last characters nothing of the signature itself is lost
    end = mail.rindex(b"\r\n--=-=signed--") - 10
    for cut in range(body_start(mail), end, max(1, len(mail) // 25)):
        result = alice(protocol).run("verify", "--json", input=mail[:cut])
        result.expect_status((3, 4, 10))
        report = result.json()
        if "error" not in report:
            true(report["summary"] == "unprotected", "cut at %d: %r" % (cut, report["summary"]), result)


def flip(data, position, bit):
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)


def rewrap(kind, data):
    """Put a changed binary object into the mail it came from."""
    if kind == "openpgp":
        armour = pgp.shared("world").gpg("--enarmor", input=data).out.replace(b"ARMORED FILE", b"MESSAGE")
        return from_bob(m.pgp_encrypted(armour))
    return from_bob(m.smime_opaque(data, "authEnveloped-data" if kind == "gcm" else "enveloped-data"))


def binary(kind):
    if kind == "openpgp":
        return pgp.encrypt(m.entity(BODY), signer="bob", options=("-z", "0"), armor=False)
    return pki.encrypt(m.entity(BODY), "alice", cipher="aes-256-gcm" if kind == "gcm" else "aes-256-cbc")


@each("openpgp", "gcm")
def test_bits_flipped_in_authenticated_ciphertext(kind):
    """Either the same plaintext (a bit that means nothing) or no plaintext."""
    data = binary(kind)
    home = alice("openpgp" if kind == "openpgp" else "smime")
    right = home.ok("decrypt", input=rewrap(kind, data)).out
    rng = random.Random(7)
    for position in range(0, len(data), max(1, len(data) // (15 if harness.FAST else 40))):
        result = home.run("decrypt", input=rewrap(kind, flip(data, position, rng.randrange(8))))
        if result.status == 0:
            equal(m.split(result.out)[1], m.split(right)[1], "plaintext after a flip at %d" % position, result)
        elif b"not supported" in result.err:   # the bit was one of an algorithm's name
            result.expect_status(12).expect_silent()
        else:
            result.expect_status(BROKEN).expect_silent()


def test_bits_flipped_in_cbc():
    """No integrity: what decrypts is never called authenticated or signed."""
    data = binary("cbc")
    rng = random.Random(8)
    for position in range(0, len(data), max(1, len(data) // 30)):
        mail = rewrap("cbc", flip(data, position, rng.randrange(8)))
        result = alice("smime").run("decrypt", input=mail)
        if result.status != 0:
            result.expect_status(BROKEN).expect_silent()
            continue
        result.expect_message("warning")
        alice("smime").run("decrypt", "--require-authenticated", input=mail).expect_status((9, 10)).expect_silent()


def test_tampered_cbc_content():
    """A flipped byte of the content's first block: written with a warning, or refused on request."""
    data = binary("cbc")
    mail = rewrap("cbc", flip(data, len(data) - 33, 0))
    path = alice("smime").file("report.json", b"")
    result = alice("smime").ok("decrypt", "--report", path, input=mail).expect_message("warning")
    with open(path, encoding="utf-8") as source:
        equal(harness.json.load(source)["decryption"]["authenticated"], False, "authenticated", result)
    fails_cleanly(alice("smime"), mail, 9, "decrypt", "--require-authenticated")
    expect(verdict(alice("smime"), mail, 3), signature="none", decryption="ok")


def test_tampered_gcm_content():
    data = binary("gcm")
    for position in (len(data) - 40, len(data) - 1, len(data) - 16):
        fails_cleanly(alice("smime"), rewrap("gcm", flip(data, position, 0)), 9)


def test_tampered_gcm_of_25_mb_gives_no_byte():
    need_slow()
    data = pki.encrypt(m.attachment(m.blob(25 << 20)), "alice", cipher="aes-256-gcm")
    fails_cleanly(alice("smime"), rewrap("gcm", flip(data, len(data) // 2, 3)), 9)


def test_tampered_openpgp_content():
    data = binary("openpgp")
    for position in (len(data) - 1, len(data) - 30):
        fails_cleanly(alice(), rewrap("openpgp", flip(data, position, 0)), 9)
    expect(verdict(alice(), rewrap("openpgp", flip(data, len(data) - 1, 0)), 9),
           "unprotected", "none", "failed")


def test_tampered_openpgp_of_25_mb_gives_no_byte():
    need_slow()
    data = pgp.encrypt(m.attachment(m.blob(25 << 20)), options=("-z", "0"), armor=False)
    fails_cleanly(alice(), rewrap("openpgp", flip(data, len(data) // 2, 3)), 9)


@each(*BOTH)
def test_bits_flipped_in_the_signature(protocol):
    part = m.entity(BODY)
    if protocol == "openpgp":
        good = pgp.shared("world").gpg("--dearmor", input=pgp.sign(part, "bob")).out
    else:
        good = pki.sign(part, "bob")
    rng = random.Random(9)
    for position in range(0, len(good), max(1, len(good) // 30)):
        bad = flip(good, position, rng.randrange(8))
        if protocol == "openpgp":
            armour = pgp.shared("world").gpg("--enarmor", input=bad).out.replace(b"ARMORED FILE", b"SIGNATURE")
            mail = from_bob(m.pgp_signed(part, armour))
        else:
            mail = from_bob(m.smime_signed(part, bad))
        result = alice(protocol).run("verify", "--json", input=mail)
        # a bit outside of what is signed (unhashed data, other certificates) may leave it good
        result.expect_status((0, 3, 4, 5, 6, 10, 12))
        report = result.json()
        if result.status == 12:
            # what the engine refuses to judge, e.g. an algorithm of the future
            equal(report["signature"]["status"], "error", "signature", result)
            true(report["reasons"], "no reason given", result)
        if result.status != 0 and "error" not in report:
            equal(report["summary"], "unprotected", "summary", result)


@each(*BOTH)
def test_bits_flipped_in_the_signed_text(protocol):
    mail = signed(protocol)
    start = mail.index(b"Content-Type: text/plain")
    end = mail.index(BODY) + len(BODY) - 2
    for position in range(start, end, 5):
        result = alice(protocol).run("verify", "--json", input=flip(mail, position, 0))
        result.expect_status((4, 10))


# --- transfer encoding and labels -------------------------------------------

@each(("not base64", b"!!!! this is no base64 !!!!\r\n"), ("half a group", b"MIIB\r\nQ\r\n"), ("empty", b""),
      ("padding first", b"====MIIB\r\n"), ("13 bytes", m.b64(b"0\x80\x06\x09*\x86H\x86\xf7\r\x01\x07\x03")),
      ("13 bytes of zero", m.b64(bytes(13))), ("only a tag", m.b64(b"0")),
      ("huge length", m.b64(b"0\x84\xff\xff\xff\xff" + bytes(40))),
      ("indefinite without end", m.b64(b"0\x80" * 400)),
      ("text", m.b64(b"just some text, no ASN.1 at all")))
def test_broken_cms(_, body):
    for kind in ("enveloped-data", "signed-data", "authEnveloped-data", "certs-only"):
        mail = from_bob(m.entity(body, 'application/pkcs7-mime; smime-type=%s; name="smime.p7m"' % kind, "base64"))
        fails_cleanly(alice("smime"), mail, (3, 10) if "signed" in kind or "certs" in kind else 10)
        result = alice("smime").run("verify", "--json", input=mail)
        result.expect_status((3, 4, 10))


def test_lying_smime_type():
    """The outer ASN.1 type decides; the label does not."""
    enveloped, opaque = pki.encrypt(m.entity(BODY), "alice"), pki.sign(m.entity(BODY), "bob", opaque=True)
    mail = from_bob(m.smime_opaque(enveloped, "signed-data"))
    contains(alice("smime").ok("decrypt", input=mail).out, SECRET, "decrypted")
    expect(verdict(alice("smime"), mail, 3), "encrypted-only", "none", "ok")
    mail = from_bob(m.smime_opaque(opaque, "enveloped-data"))
    alice("smime").refuses(3, "decrypt", input=mail)
    expect(verdict(alice("smime"), mail, 0), "signed-only", "good", "none")
    contains(alice("smime").ok("inspect", input=mail).out, b"signed-data", "inspect")


@each(*[("%s, %s" % (p, name), p, name) for p in BOTH for name in
        ("one part", "three parts", "no parts", "parts swapped", "protocol of the other", "no protocol",
         "protocol of octet-stream", "signature of another type")])
def test_malformed_multipart_signed(_, protocol, name):
    mail = signed(protocol)
    part, signature = m.raw_parts(mail)
    kind = "application/pgp-signature" if protocol == "openpgp" else "application/pkcs7-signature"
    other = "application/pkcs7-signature" if protocol == "openpgp" else "application/pgp-signature"
    build = {
        "one part": lambda: m.multipart_signed_of([part], kind),
        "three parts": lambda: m.multipart_signed_of([part, signature, m.entity(b"third\r\n")], kind),
        "no parts": lambda: m.multipart_signed_of([], kind),
        "parts swapped": lambda: m.multipart_signed_of([signature, part], kind),
        "protocol of the other": lambda: m.multipart_signed_of([part, signature], other),
        "no protocol": lambda: m.multipart_signed_of([part, signature], None),
        "protocol of octet-stream": lambda: m.multipart_signed_of([part, signature], "application/octet-stream"),
        "signature of another type": lambda: m.multipart_signed_of(
            [part, signature.replace(kind.encode(), b"text/plain", 1)], kind),
    }[name]
    result = alice(protocol).run("verify", "--json", input=from_bob(build()))
    result.expect_status((3, 4, 10))
    report = result.json()
    if "error" not in report:
        equal(report["summary"], "unprotected", "summary", result)


@each("third part", "swapped", "no Version", "control part is text", "one part", "wrong Version")
def test_malformed_multipart_encrypted(name):
    mail = encrypted("openpgp")
    control, content = m.raw_parts(mail)
    protocol = ';\r\n protocol="application/pgp-encrypted"'
    parts, params = {
        "third part": ([control, content, m.entity(b"third\r\n")], protocol),
        "swapped": ([content, control], protocol),
        "no Version": ([control.replace(b"Version: 1", b""), content], protocol),
        "wrong Version": ([control.replace(b"Version: 1", b"Version: 7"), content], protocol),
        "control part is text": ([control.replace(b"application/pgp-encrypted", b"text/plain"), content], protocol),
        "one part": ([content], protocol),
    }[name]
    broken = from_bob(m.multipart(parts, "encrypted", "x", params))
    fails_cleanly(alice(), broken, (3, 10))
    result = alice().run("verify", "--json", input=broken).expect_status((3, 10))
    if "error" not in result.json():
        equal(result.json()["summary"], "unprotected", "summary", result)


# --- OpenPGP grammar --------------------------------------------------------

def test_without_integrity_protection():
    """A symmetrically encrypted data packet without MDC: no plaintext (RFC 9580 section 13.7)."""
    armour = pgp.encrypt(m.entity(BODY), options=("--rfc2440", "--disable-mdc", "--cipher-algo", "AES256"))
    world = pgp.shared("world")
    listing = world.gpg("--list-packets", input=armour, check=False).out
    lacks(listing, b"mdc_method: 2", "the sample")
    fails_cleanly(alice(), from_bob(m.pgp_encrypted(armour)), 9)


def packets_of(data):
    """[(tag, whole packet)] of a binary OpenPGP message, definite lengths and old partial ones."""
    found, at = [], 0
    while at < len(data):
        start, head = at, data[at]
        at += 1
        if head & 0x40:
            tag, body = head & 0x3f, 0
            while True:
                length = data[at]
                at += 1
                if length < 192:
                    body, last = length, True
                elif length < 224:
                    body, last = ((length - 192) << 8) + data[at] + 192, True
                    at += 1
                elif length == 255:
                    body, last = int.from_bytes(data[at:at + 4], "big"), True
                    at += 4
                else:
                    body, last = 1 << (length & 31), False
                at += body
                if last:
                    break
        else:
            tag, size = (head >> 2) & 15, (1, 2, 4, 0)[head & 3]
            body = int.from_bytes(data[at:at + size], "big") if size else len(data) - at
            at += size + body
        found.append((tag, data[start:at]))
    return found


def test_mdc_stripped():
    """The protected packet relabelled as an unprotected one, as in EFAIL."""
    packets = packets_of(binary("openpgp"))
    protected = [packet for tag, packet in packets if tag == 18][0]
    body = protected[protected.index(b"\x01", 1) + 1:]
    head = b"".join(p for t, p in packets if t != 18)
    stripped = head + b"\xc9\xff" + len(body).to_bytes(4, "big") + body
    fails_cleanly(alice(), rewrap("openpgp", stripped), (9, 10))


def test_concatenated_messages():
    one, two = (pgp.encrypt(m.entity(text), options=("-z", "0"), armor=False) for text in (BODY, b"two\r\n"))
    fails_cleanly(alice(), rewrap("openpgp", one + two), (9, 10))
    armours = pgp.encrypt(m.entity(BODY)) + pgp.encrypt(m.entity(b"two\r\n"))
    fails_cleanly(alice(), from_bob(m.pgp_encrypted(armours)), (9, 10))


def test_text_around_the_armour():
    armour = b"injected before\r\n" + pgp.encrypt(m.entity(BODY)) + b"injected after\r\n"
    result = alice().run("decrypt", input=from_bob(m.pgp_encrypted(armour))).expect_status((0, 9, 10))
    lacks(result.out, b"injected", "decrypted", result)


def test_signed_only_data_labelled_encrypted():
    """A signed OpenPGP message in a multipart/encrypted is not encrypted."""
    data = pgp.shared("world").gpg("--local-user", pgp.fpr("bob"), "--armor", "--sign", input=m.entity(BODY)).out
    mail = from_bob(m.pgp_encrypted(data))
    fails_cleanly(alice(), mail, (3, 9, 10))
    # the signature may count, an encryption may not
    report = alice().run("verify", "--json", input=mail).expect_status((0, 3, 9, 10)).json()
    true("encrypted" not in report.get("summary", "unprotected"), "summary: %r" % report)


def test_clearsigned_text_labelled_encrypted():
    """What was signed as text has no MIME header, whatever its first lines look like."""
    text = pgp.shared("world").gpg("--local-user", pgp.fpr("bob"), "--clearsign",
                                   input=b"To: all\n\n" + BODY).out
    header = m.header_block(sender=m.BOB, to=m.ALICE) + b"Content-Type: application/pgp-encrypted\r\n\r\n"
    for mail in (from_bob(m.pgp_encrypted(text)), header + m.crlf(text)):
        result = alice().run("verify", "--json", input=mail).expect_status((3, 9, 10, 12))
        equal(result.json()["summary"], "unprotected", "summary", result)
        lacks(alice().run("show", input=mail).out, SECRET, "shown")


def test_literal_data_labelled_encrypted():
    data = pgp.shared("world").gpg("--armor", "--store", input=m.entity(BODY)).out
    fails_cleanly(alice(), from_bob(m.pgp_encrypted(data)), (3, 9, 10))


def test_ciphertext_appended_literal():
    """Plaintext packets behind the encrypted ones are nobody's message."""
    literal = pgp.shared("world").gpg("--store", input=m.entity(b"injected\r\n")).out
    fails_cleanly(alice(), rewrap("openpgp", binary("openpgp") + literal), (9, 10))
    fails_cleanly(alice(), rewrap("openpgp", literal + binary("openpgp")), (3, 9, 10))


def packet(tag, body):
    return bytes([0xc0 | tag, 255]) + len(body).to_bytes(4, "big") + body


def armoured(data):
    return b"-----BEGIN PGP MESSAGE-----\n\n" + m.b64(data) + b"-----END PGP MESSAGE-----\n"


@each("whole", "damaged", "without protection", "signed")
def test_ciphertext_within_compression(name):
    """gpg opens what it finds inside, as if nobody had to check a decryption."""
    options = {"without protection": ("--rfc2440", "--disable-mdc", "--cipher-algo", "AES256")}
    data = pgp.encrypt(m.entity(BODY * 20), signer="bob" if name == "signed" else None, armor=False,
                       options=options.get(name, ()) + ("--compress-algo", "none"))
    if name == "damaged":
        data = flip(data, len(data) - 300, 0)
    for number, compress in ((3, bz2.compress), (2, zlib.compress)):
        armour = armoured(packet(8, bytes([number]) + compress(data)))
        part = m.pgp_encrypted(armour)
        for mail in (from_bob(part), m.plain(armour)):
            fails_cleanly(alice(), mail, (3, 9, 10, 12))
            lacks(alice().run("show", input=mail).out, SECRET, "shown")
        mail = from_bob(m.multipart([m.entity(b"before\r\n"), part]))
        lacks(alice().run("show", input=mail).out, SECRET, "shown")


def sealed(data):
    """Any packets, encrypted as they are."""
    return pgp.encrypt(data, options=("--no-literal", "--compress-algo", "none"))


def signed_object(text):
    return pgp.shared("world").gpg("--local-user", pgp.fpr("bob") + "!", "--compress-algo", "none", "--sign",
                                   input=m.entity(text)).out


def squeezed(data):
    return packet(8, b"\x03" + bz2.compress(data))


@each(("literal behind", lambda one, two: one + two), ("signed behind", lambda one, two: two + one),
      ("compressed", lambda one, two: squeezed(one) + squeezed(two)),
      ("literal behind compressed", lambda one, two: squeezed(one) + two),
      ("compressed as one", lambda one, two: squeezed(one + two)),
      ("compressed as one, signed behind", lambda one, two: squeezed(two + one)),
      ("ciphertext", lambda one, two: pgp.encrypt(one, armor=False)),
      ("ciphertext compressed", lambda one, two: squeezed(pgp.encrypt(one, armor=False))),
      ("rubbish behind", lambda one, two: one + b"rubbish"), ("nothing", lambda one, two: b""))
def test_not_one_message_inside(_, build):
    """One message is what an encryption holds, all of it or nothing (RFC 9580 section 10.3)."""
    literal = packet(11, b"b\0\0\0\0\0" + m.entity(b"second\r\n"))
    fails_cleanly(alice(), from_bob(m.pgp_encrypted(sealed(build(signed_object(BODY), literal)))), (9, 10))


def test_altered_message_inside():
    """A bad signature says nothing against the encryption around it."""
    data = signed_object(BODY).replace(b"more text", b"less text")
    for packets in (data, squeezed(data)):
        mail = from_bob(m.pgp_encrypted(sealed(packets)))
        expect(verdict(alice(), mail, 4), "encrypted-only", "bad", "ok")
        contains(alice().ok("decrypt", input=mail).out, b"less text", "decrypted")


@each(("hidden recipients", 17), ("passphrases", 5), ("recipients", 200))
def test_many_session_keys(name, count):
    """Each costs gpg a try of every key it has; and a list of all is nothing to read."""
    hidden = ("carol",) if name == "hidden recipients" else ()
    packets = packets_of(pgp.encrypt(m.entity(BODY), () if hidden else ("carol",), hidden=hidden, armor=False))
    key = packet(3, b"\x04\x09\x03\x02" + bytes(8) + b"\xff") if name == "passphrases" else packets[0][1]
    mail = from_bob(m.pgp_encrypted(armoured(key * count + packets[1][1])))
    result = fails_cleanly(alice(), mail, 8 if name == "recipients" else 10)
    if name == "recipients":
        contains(result.err.decode(), "and 195 more", "stderr", result)
    else:
        contains(result.err.decode(), "too many", "stderr", result)


def test_compression_bomb():
    need_slow()
    bomb = m.entity(b"\0" * (300 << 20), "application/octet-stream", "binary")
    armour = pgp.encrypt(bomb, options=("--compress-algo", "zlib"))
    fails_cleanly(alice(), from_bob(m.pgp_encrypted(armour)), 10, "decrypt", "--max-size", "50000000")


# --- size and depth ---------------------------------------------------------

def deep_mail(levels):
    """multipart within multipart, each with a boundary of its own."""
    head = "".join('Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(levels))
    return from_bob(head.encode() + m.entity(BODY))


def messages_within(levels):
    return from_bob(b"Content-Type: message/rfc822\r\n\r\n" * levels + m.entity(BODY))


LARGE = {"10,000 multiparts deep": lambda: deep_mail(10000),
         "10,000 messages deep": lambda: messages_within(10000),
         "100,000 parts": lambda: from_bob(m.multipart([m.entity(b"x\r\n")] * 100000)),
         "100,000 header lines": lambda: m.plain(extra=["X-A: b"] * 100000),
         "a header of 20 MB": lambda: m.plain(extra=["X-A: " + "b" * (20 << 20)]),
         "100,000 recipients": lambda: m.plain(to=", ".join("a%d@example.org" % n for n in range(100000)))}


@each(*[("%s, %s" % (name, command), name, command) for name in LARGE
        for command in ("verify", "inspect", "show", "decrypt")])
def test_large(_, name, command):
    mail = LARGE[name]()
    result = alice().run(command, input=mail, timeout=60)
    wanted = {"verify": (3, 10), "inspect": (0, 10), "show": (0, 10), "decrypt": (3, 10)}[command]
    result.expect_status(wanted)
    if result.status == 10:
        result.expect_silent().expect_message("limit")


@each("sign", "encrypt")
def test_large_out(command):
    args = (command, "--protocol", "openpgp", *(["-r", "bob@example.org"] if command == "encrypt" else []))
    for name in ("10,000 multiparts deep", "100,000 parts"):
        result = alice().run(*args, input=LARGE[name](), timeout=60).expect_status((0, 10))
        if result.status == 10:
            result.expect_silent().expect_message("limit")


def test_deep_signatures():
    part = m.entity(BODY)
    for level in range(40):
        part = m.pgp_signed(part, pgp.sign(part, "bob"), boundary="level%d" % level)
    result = alice().run("verify", "--json", input=from_bob(part), timeout=60)
    result.expect_status((0, 10))


@each("verify", "decrypt", "show", "sign", "encrypt", "inspect")
def test_sparse_2_gib(command):
    path = os.path.join(alice().work, "sparse.eml")
    with open(path, "wb") as out:
        out.write(m.lf(m.header_block()) + b"\n")
        out.truncate(2 << 30)
    started = harness.time.monotonic()
    alice().refuses(10, command, path, timeout=60).expect_message("--max-size")
    true(harness.time.monotonic() - started < 20, "took %.1f s" % (harness.time.monotonic() - started))
    os.unlink(path)


def test_endless_pipe():
    proc = alice().process("verify")
    block = m.header_block() + b"\r\n" + b"x" * 70 + b"\r\n"
    try:
        proc.stdin.write(block)
        line = (b"y" * 62 + b"\r\n") * 16384
        for _ in range(700):
            proc.stdin.write(line)
        proc.stdin.close()
    except BrokenPipeError:
        pass
    out, err = proc.stdout.read(), proc.stderr.read()
    proc.wait(60)
    equal((proc.returncode, out), (10, b""), "status and output; stderr: %r" % err)


def test_memory_stays_small():
    """25 MB through the spool: the address space need not grow with the message."""
    need_slow()
    path = alice().file("big.eml", m.with_attachment(60 << 20))
    script = "import os,sys\np=os.spawnvp(os.P_WAIT,sys.argv[1],sys.argv[1:])\nimport resource\n" \
             "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\nsys.exit(p)"
    result = harness.run(["python3", "-c", script, harness.tool(), "verify", path], env=alice().env(),
                         cwd=alice().work)
    result.expect_status(3)
    if b"asan" in harness.must(["ldd", harness.tool()]).out:
        skip("a sanitizer changes what memory is used")
    kib = int(result.err.split()[-1])
    true(kib < 60 * 1024, "%d KiB for a message of 80 MB" % kib, result)


# --- the surroundings -------------------------------------------------------

@each(("SIGTERM", signal.SIGTERM), ("SIGINT", signal.SIGINT), ("SIGHUP", signal.SIGHUP))
def test_signal_in_mid_run(_, number):
    """Ended by the signal, or with a failure; the old output stands and nothing is left over."""
    home = pgp.fresh()
    path = home.file("out.eml", b"precious")
    names = set(os.listdir(home.work))
    for args, first in ((("decrypt",), encrypted("openpgp")[:-200]), (("encrypt", "-r", "bob@example.org"), m.plain())):
        proc = home.process(*args, "-o", path)
        proc.stdin.write(first)
        proc.stdin.flush()
        harness.time.sleep(0.3)
        proc.send_signal(number)
        proc.wait(30)
        proc.stdin.close()
        out = proc.stdout.read()
        proc.stderr.read()
        true(proc.returncode in (-number, 1, 12, 128 + number), "status %d" % proc.returncode)
        equal(out, b"", "standard output")
        with open(path, "rb") as source:
            equal(source.read(), b"precious", "the old output file")
        equal(set(os.listdir(home.work)), names, "files left over")
    home.close()


@each("decrypt", "show", "encrypt")
def test_reader_goes_away(command):
    """SIGPIPE or status 12, no hang and no crash."""
    big = m.attachment(m.blob(2 << 20)) if command != "show" else m.entity(m.text_of(4 << 20))
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(big))) if command != "encrypt" else m.message(big)
    args = (command, "-r", "bob@example.org", "--protocol", "openpgp") if command == "encrypt" else (command,)
    proc = alice().process(*args, alice().file("big.eml", mail), stdin=subprocess.DEVNULL)
    proc.stdout.read(10)
    proc.stdout.close()
    err = proc.stderr.read()
    proc.wait(60)
    true(proc.returncode in (-signal.SIGPIPE, 12), "status %d: %r" % (proc.returncode, err))


def test_input_ends_with_an_error():
    """Reading from a folder fails; so does a descriptor that is only for writing."""
    with open("/dev/null", "wb") as sink:
        alice().refuses(12, "verify", stdin=sink)


def test_small_disk():
    """A full file system: status 12, the old file whole, no leftovers."""
    if os.geteuid() != 0:
        skip("only root may mount")
    folder = tempfile.mkdtemp(dir=harness.scratch())
    if harness.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder]).status != 0:
        skip("mounting is not allowed here")
    try:
        path = os.path.join(folder, "out.eml")
        with open(path, "wb") as out:
            out.write(b"precious")
        mail = from_bob(m.pgp_encrypted(pgp.encrypt(m.attachment(m.blob(1 << 20)))))
        alice().refuses(12, "decrypt", "-o", path, input=mail).expect_message("space")
        with open(path, "rb") as source:
            equal(source.read(), b"precious", "the old output file")
        equal(os.listdir(folder), ["out.eml"], "files in the folder")
    finally:
        harness.must(["umount", folder])


def test_small_temporary_folder():
    """The spool's own disk is full: an error, not a shortened message."""
    if os.geteuid() != 0:
        skip("only root may mount")
    folder = tempfile.mkdtemp(dir=harness.scratch())
    if harness.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder]).status != 0:
        skip("mounting is not allowed here")
    try:
        env = {"TMPDIR": folder, "XDG_RUNTIME_DIR": folder, "MAILCRYPT_HOME": folder + "/m"}
        mail = m.with_attachment(40 << 20)
        result = alice().run("sign", "--protocol", "openpgp", input=mail, env=env).expect_status((0, 12))
        if result.status == 12:
            result.expect_silent().expect_message()
        else:
            expect(verdict(pgp.shared("bob"), result.out, 0), "signed-only", "good")
    finally:
        harness.must(["umount", "-l", folder])


def test_file_size_limit():
    path = alice().file("limited.eml", b"precious")
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(m.attachment(m.blob(1 << 20)))))

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    result = alice().run("decrypt", "-o", path, input=mail, preexec_fn=small_files, signals=(signal.SIGXFSZ,))
    true(result.status != 0, "success in spite of the limit", result)
    with open(path, "rb") as source:
        equal(source.read(), b"precious", "the old output file")


def test_no_agent():
    """gpg-agent cannot be started: no signature, no plaintext, status 8 or 12."""
    home = pgp.fresh()
    with open(os.path.join(home.gnupg, "gpg.conf"), "w") as out:
        out.write("agent-program /nonexistent/gpg-agent\n")
    home.run("decrypt", input=encrypted("openpgp")).expect_status((8, 12)).expect_silent().expect_message()
    home.run("sign", "--protocol", "openpgp", input=m.plain()).expect_status((8, 12)).expect_silent()
    part = m.entity()
    expect(verdict(home, from_bob(m.pgp_signed(part, pgp.sign(part, "bob"))), 0), "signed-only", "good")
    home.close()


def test_no_agent_for_smime():
    """Locked key, no agent, no terminal: every source that was tried is named."""
    home = harness.Home()
    pki.give_anchor(home)
    pki.give_key(home, "alice", "p12", "store passphrase")
    path = tempfile.mkdtemp(dir=harness.scratch())
    os.symlink(shutil.which("sh"), os.path.join(path, "sh"))
    result = home.refuses(8, "decrypt", input=encrypted("cbc"), env={"PATH": path})
    result.expect_message("agent")
    home.close()


def test_gpg_is_missing():
    """The engine cannot be found: environment, not a verdict."""
    home = pgp.fresh()
    path = tempfile.mkdtemp(dir=harness.scratch())
    result = home.run("decrypt", input=encrypted("openpgp"), env={"PATH": path})
    home.close()
    if result.status == 0:
        skip("the engine's path is built in")
    result.expect_status(12).expect_silent().expect_message()


def test_broken_keyring():
    home = pgp.fresh()
    with open(os.path.join(home.gnupg, "pubring.kbx"), "wb") as out:
        out.write(b"garbage" * 100)
    home.run("decrypt", input=encrypted("openpgp")).expect_status((8, 12)).expect_silent()
    home.close()


def test_broken_store():
    home = pki.fresh("alice", ())
    with open(os.path.join(home.mc, "store.db"), "wb") as out:
        out.write(b"garbage" * 1000)
    home.run("decrypt", input=encrypted("cbc")).expect_status(12).expect_silent().expect_message("store")
    home.run("verify", input=m.plain(), status=3)
    home.close()


def test_gpg_conf_cannot_bend_the_verdict():
    """Options of the user's gpg.conf that would hide problems."""
    home = pgp.fresh()
    with open(os.path.join(home.gnupg, "gpg.conf"), "w") as out:
        out.write("ignore-mdc-error\nquiet\nno-greeting\nignore-crc-error\n")
    fails_cleanly(home, rewrap("openpgp", flip(binary("openpgp"), -1, 0)), 9)
    home.close()


def test_json_error_for_malformed_input():
    result = alice().run("--json", "verify", input=b"", status=10)
    error = check_error(result.json(), 10)
    true(re.fullmatch(r"[a-z0-9-]+", error["code"]), "code: %r" % error)


if __name__ == "__main__":
    harness.main(globals())
