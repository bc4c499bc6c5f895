#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""S/MIME algorithms beyond what `openssl cms` has, and the less usual ones that it has."""

import cms
import harness
import mailkit as m
import pki
from harness import contains, each, equal, expect, true, verdict


def own(name, peers=("bob",)):
    return pki.shared(name, peers)


def alice():
    return pki.shared("alice")


def from_bob(inner):
    return m.message(inner, sender=m.BOB, to=m.ALICE)


def good(mail, name, kinds=("signed",), home=None):
    summary = "signed-and-encrypted" if "encrypted" in kinds else "signed-only"
    return expect(verdict(home or alice(), mail, 0), summary, "good", kinds=list(kinds),
                  address="bob@example.org", fingerprint=pki.fpr(name), protocol="smime")


# --- Ed25519 ----------------------------------------------------------------

@each(*m.SIZES)
def test_ed25519_signing(_, size):
    home, mail = own("alice-ed"), m.sample(size)
    signed = home.ok("sign", "--protocol", "smime", input=mail).out
    part, signature = m.raw_parts(signed)
    equal(m.parse(signed).get_param("micalg"), "sha-512", "micalg")
    equal(cms.check_ed25519(m.parse(signature).get_payload(), m.crlf(part), "alice-ed"), None, "content")
    expect(verdict(home, signed, 0), "signed-only", "good", fingerprint=pki.fpr("alice-ed"))
    opaque = home.ok("sign", "--opaque", "--protocol", "smime", input=mail).out
    content = cms.check_ed25519(m.parse(opaque).get_payload(), m.crlf(part), "alice-ed")
    equal(content, m.crlf(part), "opaque content")
    expect(verdict(home, opaque, 0), "signed-only", "good", fingerprint=pki.fpr("alice-ed"))


def test_ed25519_for_gnutls():
    harness.need_program("certtool")
    home = own("alice-ed")
    signed = home.ok("sign", "--protocol", "smime", input=m.plain()).out
    part, signature = m.raw_parts(signed)
    content, p7s = home.file("content", m.crlf(part)), home.file("p7s", m.parse(signature).get_payload())
    words = ["certtool", "--p7-verify", "--inder", "--infile", p7s, "--load-data", content,
             "--load-ca-certificate", pki.get("ca")]
    done = harness.run(words)
    equal(done.status, 0, "certtool's status", done)
    home.file("content", m.crlf(part) + b"!")
    true(harness.run(words).status != 0, "certtool accepts anything")


def ed25519_from_gnutls(part):
    home = alice()
    content = home.file("content", part)
    done = harness.run(["certtool", "--p7-detached-sign", "--outder", "--infile", content, "--load-certificate",
                        pki.get("bob-ed"), "--load-privkey", pki.key("bob-ed")])
    equal(done.status, 0, "certtool's status", done)
    return done.out


def test_ed25519_from_gnutls():
    harness.need_program("certtool")
    part = m.entity()
    good(from_bob(m.smime_signed(part, ed25519_from_gnutls(part), "sha-512")), "bob-ed")


@each(("detached", False, True), ("opaque", True, True), ("detached, no attributes", False, False),
      ("opaque, no attributes", True, False))
def test_ed25519_verification(_, opaque, attributes):
    part = m.entity()
    data = cms.sign_ed25519(part, "bob-ed", opaque, attributes)
    mail = from_bob(m.smime_opaque(data) if opaque else m.smime_signed(part, data, "sha-512"))
    report = good(mail, "bob-ed")
    signer = report["layers"][0]["signers"][0]
    equal(signer["algorithm"], "ed25519", "algorithm")
    altered = cms.sign_ed25519(part, "bob-ed", opaque, attributes)
    if opaque:
        mail = from_bob(m.smime_opaque(altered.replace(b"Hello", b"Jello")))
    else:
        mail = from_bob(m.smime_signed(part.replace(b"Hello", b"Jello"), altered, "sha-512"))
    expect(verdict(alice(), mail, 4), "unprotected", "bad")
    broken = bytearray(data)
    broken[-1] ^= 1
    broken = bytes(broken)
    mail = from_bob(m.smime_opaque(broken) if opaque else m.smime_signed(part, broken, "sha-512"))
    expect(verdict(alice(), mail, 4), "unprotected", "bad")


@each(("SHA-256", {"digest": "sha256"}), ("parameters", {"parameters": (b"\x05\x00",)}))
def test_ed25519_keeps_to_its_rules(_, change):
    part = m.entity()
    mail = from_bob(m.smime_signed(part, cms.sign_ed25519(part, "bob-ed", **change), "sha-512"))
    expect(verdict(alice(), mail, 4), "unprotected", "bad")


def test_ed25519_in_the_name_of_another_key():
    """An RSA certificate's name on an Ed25519 signature."""
    part = m.entity()
    data = cms.sign_ed25519(part, "bob-ed")
    forged = data.replace(cms.certificate_name("bob-ed"), cms.certificate_name("bob"))
    true(forged != data, "the name was not found")
    mail = from_bob(m.smime_signed(part, forged, "sha-512"))
    equal(verdict(alice(), mail, (4, 5, 6))["summary"], "unprotected", "summary")


def test_ed25519_is_generated():
    home = harness.Home()
    home.ok("keys", "generate", "alice@example.org", "--protocol", "smime", "--algo", "ed25519", "--self-signed",
            "--passphrase-fd", harness.Fd("\n"))
    listed = home.ok("keys", "list", "--protocol", "smime", "--json").out.decode()
    contains(listed, "ed25519", "the list")
    signed = home.ok("sign", "--protocol", "smime", input=m.plain()).out
    expect(verdict(home, signed, 0), "signed-only", "good")
    csr = home.file("csr", b"")
    home.ok("keys", "generate", "alice@example.org", "--protocol", "smime", "--algo", "ed25519", "--csr", csr,
            "--passphrase-fd", harness.Fd("\n"))
    contains(pki.openssl("req", "-in", csr, "-verify", "-noout", "-text").out.decode(), "ED25519", "the request")
    home.close()


# --- RSASSA-PSS -------------------------------------------------------------

def pss(salt, digest, mask=None):
    return ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:%s" % salt,
            "-keyopt", "rsa_mgf1_md:%s" % (mask or digest)]


@each(*[("%s, %s, salt of %s" % (name, digest, salt), name, digest, salt) for name in ("bob", "bob-pss")
        for digest in ("sha256", "sha384", "sha512") for salt in ("0", "20", "digest", "max")])
def test_pss_parameters(_, name, digest, salt):
    part = m.entity()
    data = pki.sign_as(part, name, digest, pss(salt, digest))
    good(from_bob(m.smime_signed(part, data, {"sha256": "sha-256"}.get(digest, digest))), name)


@each("bob", "bob-pss")
def test_pss_with_another_mask_digest(name):
    part = m.entity()
    data = pki.sign_as(part, name, "sha256", pss("digest", "sha256", "sha1"))
    report = expect(verdict(alice(), from_bob(m.smime_signed(part, data)), 4), "unprotected", "bad")
    codes = [reason["code"] for reason in report["layers"][0]["signers"][0]["reasons"]]
    true("malformed" in codes, "reasons: %r" % codes)


@each(("none", "alice-pss"), ("SHA-384", "alice-pss384"), ("SHA-256, salt of 48", "alice-pss48"))
def test_pss_key_with_parameters(_, name):
    home = own(name)
    signed = home.ok("sign", "--protocol", "smime", input=m.plain()).out
    expect(verdict(home, signed, 0), "signed-only", "good", fingerprint=pki.fpr(name))
    pki.verify(signed, home)


if __name__ == "__main__":
    harness.main(globals())
