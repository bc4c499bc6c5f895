#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""inspect: what protected mail is made of, without keys, at any size."""

import os
import subprocess
import sys

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, lacks, true

_empty = []


def nobody():
    """Somebody without any key."""
    if not _empty:
        _empty.append(harness.Home())
    return _empty[0]


def inspect(mail):
    return nobody().ok("inspect", input=mail).out.decode()


def structure(mail):
    return nobody().ok("--json", "inspect", input=mail).json()["structure"]


def oddities(part):
    return [x["code"] for x in part["oddities"]]


PART = m.entity(b"Hello.\r\n")


def signed(part=PART, **more):
    return m.pgp_signed(part, pgp.sign(part, "bob"), **more)


# --- layers -----------------------------------------------------------------

def test_openpgp_signed():
    part = structure(m.message(signed()))
    layer = part["layer"]
    equal((layer["kind"], layer["protocol"], layer["status"]), ("signed", "openpgp", "unknown"), "layer")
    equal(layer["algorithms"].get("digest"), "sha256", "digest")
    true(pgp.fpr("bob").lower().endswith(layer["signers"][0]["key_id"][-16:].lower()), "signer: %r" % layer["signers"])
    equal([x["type"] for x in part["children"]], ["text/plain", "application/pgp-signature"], "parts")
    equal(oddities(part), [], "oddities")


def test_openpgp_encrypted():
    out = inspect(m.message(m.pgp_encrypted(pgp.encrypt(PART, to=("alice",), hidden=("bob",)))))
    contains(out, "= encrypted openpgp", "inspect")
    contains(out, "hidden", "inspect")
    contains(out, "the content is encrypted: inspect does not decrypt", "inspect")
    lacks(out, "Hello", "inspect")


@each(("detached", False), ("opaque", True))
def test_smime_signed(_, opaque):
    der = pki.sign(PART, "bob", opaque=opaque)
    part = structure(m.message(m.smime_opaque(der) if opaque else m.smime_signed(PART, der)))
    equal(part["layer"]["kind"], "signed", "kind")
    found = part["certificates"][0]
    contains(found["subject"], "Bob Example", "subject")
    contains(found["issuer"], "Test Root", "issuer")
    true(found["valid_from"] < found["valid_until"], "validity: %r" % found)
    equal(part["children"][0]["type"], "text/plain", "the part inside")


def test_smime_encrypted_in_text():
    out = inspect(m.message(m.smime_opaque(pki.encrypt(PART, "alice"), "enveloped-data")))
    contains(out, "= encrypted smime enveloped-data", "inspect")
    contains(out, "Test Root", "the recipient's issuer")


# --- header protection ------------------------------------------------------

@each(("clear", 'text/plain; hp="clear"', 'hp="clear"'), ("older", 'text/plain; protected-headers="v1"', 'protected-headers="v1"'),
      ("legacy", 'text/plain; hp="cipher"; hp-legacy-display="1"', 'hp="cipher"; hp-legacy-display="1"'),
      ("hostile", 'text/plain; hp="\x1b[1m"', 'hp="\\u{1B}[1m"'))
def test_header_protection_is_named_as_seen(_, ctype, wanted):
    part = m.entity(b"Hello.\r\n", ctype, extra=["Subject: inside"])
    contains(inspect(m.message(signed(part))), "= header protection: " + wanted, "inspect")
    contains(inspect(m.message(part)), "= header protection: " + wanted, "inspect, unprotected")


def test_outer_fields_are_counted():
    part = m.entity(b"Hello.\r\n", 'text/plain; hp="cipher"', extra=["HP-Outer: Subject: [...]", "HP-Outer: From: a@example.org"])
    equal(structure(m.message(part))["header_protection"], 'hp="cipher"; HP-Outer: 2', "header_protection")


# --- oddities ---------------------------------------------------------------

def odd(name):
    """A message with this one oddity, and where it is to be found."""
    high = m.entity("Gr\u00fc\u00dfe\r\n".encode(), cte="8bit")
    parts = {
        "8-bit-signed": signed(high),
        "trailing-blanks": signed(m.entity(b"Hello. \r\n")),
        "from-line": signed(m.entity(b"From here on\r\n")),
        "long-lines": signed(m.entity(b"x" * 1200 + b"\r\n")),
        "preamble": signed(preamble=b"[mailcrypt] Signed, read me first\r\n"),
        "epilogue": signed(epilogue=b"-- \r\nthe list's footer\r\n"),
        "no-micalg": signed().replace(b"; micalg=pgp-sha256;\r\n", b";\r\n"),
        "unterminated": m.multipart([PART, PART]).replace(b"--=-=mixed--\r\n", b""),
        "smime-type-lies": m.smime_opaque(pki.encrypt(PART, "alice"), "signed-data"),
    }
    return m.message(parts[name])


@each("8-bit-signed", "trailing-blanks", "from-line", "long-lines", "preamble", "epilogue", "no-micalg", "unterminated",
      "smime-type-lies")
def test_oddities(name):
    equal(oddities(structure(odd(name))), [name], "oddities")


def test_words_of_oddities():
    contains(inspect(odd("smime-type-lies")), "! smime-type says signed-data, the content is enveloped-data", "inspect")
    contains(inspect(odd("8-bit-signed")), "! 8-bit in signed part", "inspect")


def test_oddities_of_the_header():
    twice = m.message(signed()).replace(b"Subject: ", b"Subject: one\r\nSubject: ", 1)
    equal(oddities(structure(twice)), ["duplicate-fields"], "oddities")
    contains(inspect(twice), "header fields more than once: Subject", "inspect")
    equal(oddities(structure(m.message(signed(), mime_version=False))), ["no-mime-version"], "oddities")


def test_content_in_a_detached_signature():
    part = structure(m.message(m.smime_signed(PART, pki.sign(PART, "bob", opaque=True))))
    equal([x["code"] for x in part["layer"]["reasons"]], ["content-in-detached-signature"], "reasons")
    armour = pgp.shared("world").gpg("--armor", "--sign", "--local-user", pgp.fpr("bob"), "--passphrase", "", input=PART).out
    contains(inspect(m.message(m.pgp_signed(PART, armour))), "content in a detached signature", "inspect")


def test_third_part():
    mail = m.message(m.multipart_signed_of([PART, m.entity(pgp.sign(PART, "bob"), "application/pgp-signature", None), PART],
                                           "application/pgp-signature"))
    contains(inspect(mail), "! a multipart/signed must have exactly two parts", "inspect")
    contains(inspect(mail), "1.3  text/plain", "inspect")


def test_ordinary_mail_is_not_odd():
    for mail in (m.plain(), m.message(m.multipart([PART, m.attachment(b"x")])), m.message(signed()),
                 m.message(m.multipart([PART, PART], preamble=b"This is a multi-part message in MIME format.\r\n"))):
        lacks(inspect(mail), "!", "inspect")


# --- size -------------------------------------------------------------------

def peak(path):
    """Peak memory of inspect on this file, in KiB."""
    script = ("import resource, subprocess, sys\n"
              "p = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\nsys.exit(p.returncode)")
    done = subprocess.run([sys.executable, "-c", script, harness.tool(), "inspect", path], env=nobody().env(),
                          stdout=subprocess.PIPE, check=False)
    equal(done.returncode, 0, "status of inspect")
    return int(done.stdout)


def large(kind, size):
    """A file with such a message, written a piece at a time; signature and ciphertext need not be right."""
    path = os.path.join(nobody().work, "large-%s-%d" % (kind, size))
    line = m.blob(57)
    block = (m.b64(line) * 1000)
    with open(path, "wb") as out:
        out.write(m.header_block())
        if kind == "signed":
            out.write(b'Content-Type: multipart/signed; boundary="b"; micalg=pgp-sha256; protocol="application/pgp-signature"'
                      b"\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n")
        else:
            out.write(b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n")
        for _ in range(size // len(block)):
            out.write(block)
        if kind == "signed":
            out.write(b"\r\n--b\r\n" + m.entity(pgp.sign(PART, "bob"), "application/pgp-signature", None) + b"\r\n--b--\r\n")
    return path


def need_own_memory():
    if os.environ.get("MAILCRYPT_SANITIZERS"):
        harness.skip("a sanitizer changes what memory is used")


@each("signed", "plain")
def test_memory_is_flat(kind):
    need_own_memory()
    small = peak(large(kind, 1 << 20))
    big = large(kind, (25 if harness.FAST else 100) << 20)
    more = peak(big)
    os.unlink(big)
    print("# peak memory: %d KiB at 1 MB, %d KiB at %d MB" % (small, more, 25 if harness.FAST else 100))
    # up to a few MiB of a message stay in memory, whatever its size
    true(more < small + 12 * 1024, "%d KiB instead of %d" % (more, small))


def test_large_encrypted():
    harness.need_slow()
    need_own_memory()
    sealed = nobody().file("large", m.message(m.smime_opaque(pki.encrypt(m.text_of(40 << 20), "alice"), "enveloped-data")))
    true(peak(sealed) < 48 * 1024, "peak memory of inspect: %d KiB" % peak(sealed))


if __name__ == "__main__":
    harness.main(globals())
