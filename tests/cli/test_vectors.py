#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The standards' own samples: RFC 9788 with the keys of RFC 9216, and RFC 4134."""

import os

import harness
import mailkit as m
import pki
from harness import contains, each, equal, expect, lacks, skip, true, verdict

ALICE = "alice@smime.example"
NAMES = ("smime-one-part", "smime-multipart", "smime-signed-enc", "smime-one-part-hp", "smime-multipart-hp",
         "smime-one-part-complex-rfc8551hp", "smime-signed-enc-hp-baseline",
         "smime-signed-enc-hp-baseline-legacy", "smime-signed-enc-hp-shy", "smime-signed-enc-hp-baseline-reply",
         "smime-signed-enc-complex-hp-baseline", "smime-signed-enc-complex-hp-baseline-legacy")


def vector(*parts):
    path = os.path.join(harness.VECTORS, *parts)
    if not os.path.isdir(harness.VECTORS):
        skip("no vectors at MAILCRYPT_VECTORS (%s)" % harness.VECTORS)
    with open(path, "rb") as source:
        return source.read()


def anchor():
    return ("--trust-anchor", os.path.join(harness.VECTORS, "rfc9216", "ca.rsa.crt"))


_homes = {}


def reader(who="bob"):
    """A home with the PKCS#12 of RFC 9216; its passphrase is the first name."""
    if who not in _homes:
        home = harness.Home()
        home.ok("keys", "import", "--passphrase-fd", harness.Fd(who + "\n"), "--new-passphrase-fd",
                harness.Fd("\n"), home.file(who + ".p12", vector("rfc9216", who + ".p12")))
        _homes[who] = home
    return _homes[who]


def payload_of(mail, home):
    """The cryptographic payload, by openssl from what the tool decrypted."""
    path = home.file("in.eml", mail)
    return pki.openssl("cms", "-verify", "-in", path, "-CAfile", anchor()[1], "-purpose", "any").out


@each(*NAMES)
def test_rfc9788(name):
    mail, encrypted = vector("rfc9788", name + ".eml"), "-enc" in name
    report = verdict(reader(), mail, 0, *anchor())
    expect(report, "signed-and-encrypted" if encrypted else "signed-only", "good",
           "ok" if encrypted else "none", ["encrypted", "signed"] if encrypted else ["signed"],
           address=ALICE, protocol="smime")
    equal(report["from"], [ALICE], "from")
    equal(report["errant"], [], "errant")


@each(*NAMES)
def test_rfc9788_without_the_anchor(name):
    mail, encrypted = vector("rfc9788", name + ".eml"), "-enc" in name
    expect(verdict(reader(), mail, 6), "encrypted-only" if encrypted else "unprotected", "untrusted")


@each(*[name for name in NAMES if "-enc" in name])
def test_rfc9788_decrypted(name):
    for who in ("bob", "alice"):
        home = reader(who)
        out = home.ok("decrypt", *anchor(), input=vector("rfc9788", name + ".eml")).out
        payload = payload_of(out, home)
        equal(m.crlf(payload), m.crlf(vector("rfc9788", "inner", name + ".payload")), "the payload")


@each(*[name for name in NAMES if "-enc" in name])
def test_rfc9788_for_others(name):
    mail = vector("rfc9788", name + ".eml")
    home = reader("carlos")
    home.refuses(8, "decrypt", input=mail)
    expect(verdict(home, mail, 8, *anchor()), signature="none", decryption="no-key")


@each(*NAMES)
def test_rfc9788_altered(name):
    """One changed character never stays signed: of the text, or of the signature at the end."""
    mail = bytearray(vector("rfc9788", name + ".eml"))
    clear = "multipart" in name
    at = mail.index(b"\r\n\r\n", mail.index(b"\r\n\r\n") + 4) + 10 if clear else len(mail.rstrip()) - 150
    mail[at] = ord("A") if mail[at] != ord("A") else ord("B")
    result = reader().run("--json", "verify", *anchor(), input=bytes(mail))
    result.expect_status((3, 4, 9, 10) if not clear else 4)
    true(not result.json().get("summary", "").startswith("signed"), "summary", result)


@each(*NAMES)
def test_rfc9788_shown(name):
    out = reader().ok("show", *anchor(), input=vector("rfc9788", name + ".eml")).out
    contains(out, ALICE.encode(), "show")
    lacks(out, b"MII", "show")


def test_rfc9788_plain():
    report = verdict(reader(), vector("rfc9788", "no-crypto.eml"), 3)
    expect(report, "unprotected", "none", "none", [])


@each("alice", "bob", "carlos", "dana")
def test_rfc9216_keys_are_imported(who):
    if who == "dana" or who == "carlos":
        # Ed25519 and X25519: imported and listed, whatever can be done with them yet
        home = harness.Home()
        home.ok("keys", "import", "--passphrase-fd", harness.Fd(who + "\n"), "--new-passphrase-fd",
                harness.Fd("\n"), home.file("p12", vector("rfc9216", who + ".p12")))
    else:
        home = reader(who)
    contains(home.ok("keys", "list").out, (who + "@smime.example").encode(), "keys list")


@each("alice", "bob")
def test_rfc9216_person_writes(who):
    home = reader(who)
    home.ok("keys", "import", os.path.join(harness.VECTORS, "rfc9216", "bob.encrypt.crt"),
            os.path.join(harness.VECTORS, "rfc9216", "alice.encrypt.crt"))
    mail = m.plain(sender=who + "@smime.example", to="alice@smime.example, bob@smime.example")
    sealed = home.ok("encrypt", "--sign", "--protocol", "smime", *anchor(), input=mail).out
    for reader_name in ("alice", "bob"):
        expect(verdict(reader(reader_name), sealed, 0, *anchor()), "signed-and-encrypted", "good", "ok")


def test_rfc9216_cross_certificate():
    """Alice below the Ed25519 root: only with the cross certificate, never without."""
    mail = vector("rfc9788", "smime-multipart.eml")
    other = os.path.join(harness.VECTORS, "rfc9216", "ca.ed25519.crt")
    cross = os.path.join(harness.VECTORS, "rfc9216", "ca.rsa.cross.crt")
    home = harness.Home()
    expect(verdict(home, mail, 6, "--trust-anchor", other), "unprotected", "untrusted")
    expect(verdict(home, mail, 0, "--trust-anchor", other, "--intermediate", cross), "signed-only", "good")


# --- RFC 4134: old, weak, but to be read ------------------------------------

def carl():
    """The roots of RFC 4134 as PEM files."""
    home = reader()
    words = []
    for name in ("CarlRSASelf", "CarlDSSSelf"):
        path = home.file(name + ".pem", pki.openssl(
            "x509", "-inform", "DER", input=vector("rfc4134", name + ".cer")).out)
        words += ["--trust-anchor", path]
    return (*words, "--at", "2001-09-09T01:46:40Z")


def old_home():
    """Bob's key of RFC 4134."""
    if "old" not in _homes:
        home = harness.Home()
        der = vector("rfc4134", "BobPrivRSAEncrypt.pri")
        key = pki.openssl("pkey", "-inform", "DER", input=der).out
        cert = pki.openssl("x509", "-inform", "DER", input=vector("rfc4134", "BobRSASignByCarl.cer")).out
        home.ok("keys", "import", "--new-passphrase-fd", harness.Fd("\n"), home.file("bob.pem", cert + key))
        _homes["old"] = home
    return _homes["old"]


def old_mail(name, smime_type):
    return m.message(m.smime_opaque(vector("rfc4134", name), smime_type), sender="AliceRSA@example.com")


@each("4.1.bin", "4.2.bin", "4.4.bin", "4.5.bin")
def test_rfc4134_signed(name):
    mail = old_mail(name, "signed-data")
    report = verdict(reader(), mail, 6, *carl())
    expect(report, "unprotected")
    # 4.4 brings a revocation list with it
    true(report["signature"]["status"] in ("weak", "untrusted", "revoked"), "signature: %r" % report["signature"])


def test_rfc4134_multipart_signed():
    mail = vector("rfc4134", "4.8.eml")
    result = reader().run("--json", "verify", *carl(), input=mail).expect_status((4, 6, 7, 10))
    true(result.json().get("summary", "unprotected") == "unprotected", "summary", result)


def test_rfc4134_certs_only():
    expect(verdict(reader(), old_mail("4.11.bin", "certs-only"), 3), "unprotected", "none", "none")
    contains(reader().ok("inspect", input=old_mail("4.11.bin", "certs-only")).out, b"certs-only", "inspect")


def test_rfc4134_3des():
    mail = old_mail("5.1.bin", "enveloped-data")
    contains(old_home().ok("decrypt", input=mail).out, b"This is some sample content.", "decrypted")
    report = expect(verdict(old_home(), mail, 3), "encrypted-only", "none", "ok")
    codes = [r["code"] for layer in report["layers"] for r in layer["reasons"]]
    true("weak-cipher" in codes, "no reason weak-cipher: %r" % codes)


def test_rfc4134_3des_mail():
    contains(old_home().ok("decrypt", input=vector("rfc4134", "5.3.eml")).out, b"This is some sample content.",
             "decrypted")


def test_rfc4134_rc2():
    mail = old_mail("5.2.bin", "enveloped-data")
    old_home().run("decrypt", input=mail).expect_status((8, 9, 10, 12)).expect_silent().expect_message(
        "--allow-legacy")
    contains(old_home().ok("decrypt", "--allow-legacy", input=mail).out, b"This is some sample content.",
             "decrypted")
    report = verdict(old_home(), mail, 3, "--allow-legacy")
    expect(report, "unprotected", "none", "ok")


@each("4.1.bin", "4.2.bin", "4.3.bin", "4.4.bin", "4.5.bin", "4.11.bin", "5.1.bin", "5.2.bin")
def test_rfc4134_under_any_label(name):
    """Never good, never a crash, whatever smime-type says."""
    for label in ("signed-data", "enveloped-data", "authEnveloped-data", "certs-only", None):
        for command in ("verify", "inspect", "decrypt", "show"):
            result = old_home().run(command, input=old_mail(name, label))
            if command == "verify":
                true(result.status != 0, "good", result)


# --- RFC 9216: Ed25519 and X25519 -------------------------------------------

def curve_anchors():
    return [word for name in ("ca.ed25519.crt", "ca.rsa.crt")
            for word in ("--trust-anchor", os.path.join(harness.VECTORS, "rfc9216", name))]


def correspondent(who, *peers):
    """The shared reader of that name, who knows these people's certificates, too."""
    home = reader(who)
    for peer in peers:
        for kind in ("sign", "encrypt"):
            home.ok("keys", "import", home.file("peer.crt", vector("rfc9216", "%s.%s.crt" % (peer, kind))))
    return home


def test_rfc9216_keys_are_listed():
    for who in ("carlos", "dana"):
        listed = reader(who).ok("keys", "list", "--protocol", "smime", "--json", *curve_anchors()).out.decode()
        for algorithm in ("ed25519", "x25519"):
            contains(listed, algorithm, "the list of " + who)


@each(("Carlos to Dana", "carlos", "dana"), ("Dana to Carlos", "dana", "carlos"), ("Alice to Dana", "alice", "dana"),
      ("Carlos to Bob", "carlos", "bob"))
def test_rfc9216_mail(_, sender, receiver):
    """Signed and encrypted, opened by both; with CBC and with GCM."""
    mail = m.plain(sender="<%s@smime.example>" % sender, to="<%s@smime.example>" % receiver)
    home = correspondent(sender, receiver)
    for cipher in ("aes256-cbc", "aes128-gcm"):
        sealed = home.ok("encrypt", "--sign", "--protocol", "smime", "--cipher", cipher, *curve_anchors(), "-r",
                         receiver + "@smime.example", input=mail).out
        for who in (sender, receiver):
            expect(verdict(correspondent(who, sender), sealed, 0, *curve_anchors()), "signed-and-encrypted", "good",
                   "ok", ["encrypted", "signed"], address=sender + "@smime.example")
    signed = home.ok("sign", "--protocol", "smime", *curve_anchors(), input=mail).out
    expect(verdict(correspondent(receiver, sender), signed, 0, *curve_anchors()), "signed-only", "good")
    expect(verdict(correspondent(receiver, sender), signed.replace(b"Hello", b"Jello"), 4, *curve_anchors()),
           "unprotected", "bad")


if __name__ == "__main__":
    harness.main(globals())
