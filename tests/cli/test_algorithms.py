#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""S/MIME algorithms beyond what `openssl cms` has, and the less usual ones that it has."""

import os

import cms
import der
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


# --- X25519 -----------------------------------------------------------------

CIPHERS = ("aes128-cbc", "aes192-cbc", "aes256-cbc", "aes128-gcm", "aes192-gcm", "aes256-gcm")


def enveloped(data, auth=False):
    return from_bob(m.smime_opaque(data, "authEnveloped-data" if auth else "enveloped-data"))


def opens(home, data, part, auth=False):
    mail = enveloped(data, auth)
    report = expect(verdict(home, mail, 3), "encrypted-only", "none", "ok", ["encrypted"])
    equal(report["decryption"]["authenticated"], auth, "authenticated")
    m.same_content(home.ok("decrypt", input=mail).out, from_bob(part))
    return report


def does_not_open(home, data, auth=False, status=9):
    home.refuses(status, "decrypt", input=enveloped(data, auth))


@each(*[("%s, %d octets, %s" % (digest, size, "ukm" if ukm else "no ukm"), digest, size, ukm)
        for digest in cms.HKDF for size in cms.WRAP for ukm in (None, b"some keying material")])
def test_x25519_decryption(_, digest, size, ukm):
    key, part = os.urandom(size), m.entity()
    data = cms.encrypt_cbc(part, [cms.agreement("alice-x", key, digest, ukm)], key)
    report = opens(own("alice-x"), data, part)
    equal(report["layers"][0]["algorithms"]["key-encryption"], "ecdh-x25519", "key encryption")


def test_x25519_by_key_identifier():
    key, part = os.urandom(32), m.entity()
    data = cms.encrypt_cbc(part, [cms.agreement("alice-x", key, by_key_id=True)], key)
    opens(own("alice-x"), data, part)


def test_x25519_among_others():
    key, part = os.urandom(32), m.entity()
    infos = [cms.transport("carol", key), cms.agreement("bob-x", key), cms.agreement("alice-x", key, "sha512"),
             cms.transport("alice", key)]
    for who in ("alice-x", "alice"):
        opens(own(who, ("bob", "carol")), cms.encrypt_cbc(part, infos, key), part)


def test_x25519_damaged():
    key, home = os.urandom(32), own("alice-x")
    info = cms.agreement("alice-x", key)
    wrapped, zero = bytearray(info), der.parse(info)[1][0][1].body
    wrapped[-1] ^= 1
    for broken in (bytes(wrapped), info.replace(zero, bytes(33)), info.replace(b"\x03\x13", b"\x03\x15"),
                   info.replace(zero, b"\0" + b"\xff" * 32)):
        true(broken != info, "nothing was changed")
        does_not_open(home, cms.encrypt_cbc(m.entity(), [broken], key))


@each(*CIPHERS)
def test_x25519_encryption(cipher):
    home, mail = own("alice-x", ("bob-x",)), m.plain()
    sealed = home.ok("encrypt", "--protocol", "smime", "--cipher", cipher, "-r", "bob@example.org", input=mail).out
    envelope = der.parse(der.from_ber(m.parse(sealed).get_payload()))[1][0]
    infos, content = envelope[1], envelope[2]
    equal([info.tag for info in infos.children], [0xA1, 0xA1], "recipients")
    mine = [info for info in infos.children if info[3][0][0].raw == cms.certificate_name("bob-x")]
    key = cms.open_agreement(mine[0], pki.key("bob-x"))
    equal(8 * len(key), int(cipher[3:6]), "bits of the content key")
    if "cbc" in cipher:
        plain = pki.openssl("enc", "-d", "-aes-%s-cbc" % cipher[3:6], "-K", key.hex(), "-iv",
                            content[1][1].body.hex(), input=content[2][0].body).out
        m.same_content(m.with_payload(sealed, plain), mail)
    for reader in (home, own("bob-x", ("alice-x",))):
        m.same_content(reader.ok("decrypt", input=sealed).out, mail)


@each(*m.SIZES)
def test_x25519_sizes(_, size):
    home, mail = own("alice-x", ("bob-x",)), m.sample(size)
    for cipher in ("aes256-cbc", "aes256-gcm"):
        sealed = home.ok("encrypt", "--protocol", "smime", "--cipher", cipher, "-r", "bob@example.org",
                         input=mail).out
        m.same_content(home.ok("decrypt", input=sealed).out, mail, cipher)


KINDS = ("carol", "peter", "brian", "xenia")


@each("aes256-cbc", "aes128-gcm")
def test_recipients_of_all_kinds(cipher):
    """One message for RSA, NIST curves, brainpool and X25519."""
    home = own("alice", KINDS)
    words = [word for name in KINDS for word in ("-r", name + "@example.org")]
    sealed = home.ok("encrypt", "--protocol", "smime", "--cipher", cipher, *words, input=m.plain()).out
    for name in ("alice", *KINDS):
        mail = own(name, ()).ok("decrypt", input=sealed).out
        m.same_content(mail, m.plain(), name)
        report = verdict(own(name, ()), sealed, 3)
        equal(len(report["layers"][0]["recipients"]), 5, "recipients")
    for name in ("alice", "carol", "peter", "brian"):
        m.same_content(m.with_payload(sealed, pki.decrypt(sealed, name, home).out), m.plain(), name)


# --- brainpool, key derivation ----------------------------------------------

BRAINPOOL = ("bp256", "bp384", "bp512")
DIGESTS = {"bp256": "SHA256", "bp384": "SHA384", "bp512": "SHA512"}


@each(*BRAINPOOL)
def test_brainpool_signing(curve):
    home = own("alice-" + curve)
    for words in ((), ("--opaque",)):
        signed = home.ok("sign", "--protocol", "smime", *words, input=m.plain()).out
        pki.verify(signed, home)
        expect(verdict(home, signed, 0), "signed-only", "good", fingerprint=pki.fpr("alice-" + curve))
    contains(pki.structure(signed, home), "ecdsa-with-" + DIGESTS[curve], "the CMS object")


@each(*BRAINPOOL)
def test_brainpool_verification(curve):
    part, name = m.entity(), "bob-" + curve
    for digest in ("sha256", "sha384", "sha512"):
        good(from_bob(m.smime_signed(part, pki.sign(part, name, digest=digest))), name)


@each(*BRAINPOOL)
def test_brainpool_encryption(curve):
    home = own("alice-" + curve, ("bob-" + curve,))
    sealed = home.ok("encrypt", "--protocol", "smime", "-r", "bob@example.org", input=m.plain()).out
    m.same_content(m.with_payload(sealed, pki.decrypt(sealed, "bob-" + curve, home).out), m.plain())
    m.same_content(home.ok("decrypt", input=sealed).out, m.plain())
    contains(pki.structure(sealed, home), "dhSinglePass-stdDH-sha256kdf-scheme", "the CMS object")


@each(*[("%s %s" % (name, digest), name, digest) for name in
        ("alice-bp256", "alice-bp384", "alice-bp512", "alice-p256", "alice-p384", "alice-p521")
        for digest in ("sha1", "sha224", "sha256", "sha384", "sha512")])
def test_key_derivation(_, name, digest):
    data = pki.encrypt(m.entity(), name, options=["-keyopt", "ecdh_kdf_md:" + digest])
    report = opens(own(name), data, m.entity())
    codes = [reason["code"] for reason in report["layers"][0]["reasons"]]
    equal("weak-key-derivation" in codes, digest == "sha1", "reasons: %r" % codes)


@each(*("brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1"))
def test_brainpool_is_generated(algorithm):
    home = harness.Home()
    home.ok("keys", "generate", "alice@example.org", "--protocol", "smime", "--algo", algorithm, "--self-signed",
            "--passphrase-fd", harness.Fd("\n"))
    contains(home.ok("keys", "list", "--protocol", "smime", "--json").out.decode(), algorithm, "the list")
    sealed = home.ok("encrypt", "--sign", "--protocol", "smime", input=m.plain(to=m.ALICE)).out
    expect(verdict(home, sealed, 0), "signed-and-encrypted", "good", "ok")
    home.close()


# --- mixed ------------------------------------------------------------------

def test_signers_of_all_kinds():
    part = m.entity()
    others = pki.sign(part, "bob", "bob-p256", "carol", digest="sha512")
    data = cms.merge_signers(others, cms.sign_ed25519(part, "bob-ed"))
    report = expect(verdict(alice(), from_bob(m.smime_signed(part, data, "sha-512")), 0), "signed-only", "good")
    signers = report["layers"][0]["signers"]
    equal(sorted(one["algorithm"] for one in signers), ["ecdsa", "ed25519", "rsa-pkcs1", "rsa-pkcs1"], "signers")
    changed = part.replace(b"Hello", b"Jello")
    report = expect(verdict(alice(), from_bob(m.smime_signed(changed, data, "sha-512")), 4), "unprotected", "bad")
    equal([one["status"] for one in report["layers"][0]["signers"]], ["bad"] * 4, "signers")
    # one broken signature spoils the others
    broken = data[:-1] + bytes([data[-1] ^ 1])
    expect(verdict(alice(), from_bob(m.smime_signed(part, broken, "sha-512")), 4), "unprotected", "bad")


def test_triple_wrap_of_all_kinds():
    part, key, home = m.entity(), os.urandom(32), own("alice-x")
    inner = m.smime_signed(part, cms.sign_ed25519(part, "bob-ed"), "sha-512")
    sealed = cms.encrypt_chacha(inner, [cms.transport("carol", key), cms.agreement("alice-x", key)], key)
    middle = m.smime_opaque(sealed, "authEnveloped-data")
    mail = from_bob(m.smime_opaque(pki.sign(middle, "bob-p256", opaque=True)))
    good(mail, "bob-ed", ("signed", "encrypted", "signed"), home)
    m.same_content(m.message(m.entity()), m.message(part))


# --- ChaCha20-Poly1305 ------------------------------------------------------

def test_chacha_of_the_standard():
    """RFC 8439 section 2.8.2: the other side of these tests is right."""
    text = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
            b"sunscreen would be it.")
    sealed, tag = cms.chacha20_poly1305(bytes(range(0x80, 0xA0)), bytes.fromhex("070000004041424344454647"), text,
                                        bytes.fromhex("50515253c0c1c2c3c4c5c6c7"))
    equal(sealed[:8].hex(), "d31a8d34648e60db", "ciphertext")
    equal(tag.hex(), "1ae10b594f09e26a7e902ecbd0600691", "tag")


@each(("RSA", "alice", cms.transport), ("X25519", "alice-x", cms.agreement))
def test_chacha_decryption(_, name, recipient):
    key, home = os.urandom(32), own(name)
    attributes = der.set_of(der.seq(der.oid(cms.PKCS9 + "5"), der.set_of(der.tlv(0x17, b"261124000000Z"))))
    for part in (m.entity(), m.entity(b""), m.entity(m.text_of(100000))):
        for extra in (b"", attributes):
            report = opens(home, cms.encrypt_chacha(part, [recipient(name, key)], key, extra), part, True)
            equal(report["layers"][0]["algorithms"]["cipher"], "chacha20-poly1305", "cipher")


def test_chacha_damaged():
    key, home, part = os.urandom(32), own("alice"), m.entity()
    recipients = [cms.transport("alice", key)]
    data = cms.encrypt_chacha(part, recipients, key)
    sealed = der.parse(data)[1][0][2][2]
    for at in (len(data) - 1, sealed.body_start, sealed.end - 1):
        broken = bytearray(data)
        broken[at] ^= 1
        does_not_open(home, bytes(broken), True)
    does_not_open(home, cms.encrypt_chacha(part, recipients, key, nonce=os.urandom(13)), True)
    does_not_open(home, cms.encrypt_chacha(part, [cms.transport("alice", key[:16])], key), True)
    does_not_open(home, cms.encrypt_chacha(part, recipients, os.urandom(32)), True)


def test_chacha_is_not_written():
    alice().refuses(2, "encrypt", "--cipher", "chacha20-poly1305", "-r", "bob@example.org", "--protocol", "smime",
                    input=m.plain())


if __name__ == "__main__":
    harness.main(globals())
