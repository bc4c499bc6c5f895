#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""S/MIME both ways: openssl reads what the tool writes, the tool reads what openssl writes."""

import re

import harness
import mailkit as m
import pki
from harness import contains, each, equal, expect, lacks, true, verdict

ME = "alice@example.org"
MICALG = {"sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512"}
CIPHERS = ("aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-gcm", "aes-192-gcm", "aes-256-gcm")
CURVES = ("p256", "p384", "p521")


def alice():
    return pki.shared("alice")


def bob():
    return pki.shared("bob", ("alice", "carol"))


def own(name, peers=("bob",)):
    """A home whose only key is this one."""
    return pki.shared(name, peers)


def check_opaque(mail, smime_type, name="smime.p7m"):
    """The MIME form of an application/pkcs7-mime message."""
    top = m.parse(mail)
    equal(top.get_content_type(), "application/pkcs7-mime", "content type")
    equal(top.get_param("smime-type"), smime_type, "smime-type")
    equal(top.get_param("name"), name, "name")
    equal(top.get_filename(), name, "filename")
    equal(top["Content-Transfer-Encoding"].lower(), "base64", "transfer encoding")
    equal(top["MIME-Version"], "1.0", "MIME-Version")


def check_signed(mail, original, home, anchor="ca"):
    """A multipart/signed that openssl accepts with the chain; returns the CMS print."""
    top = m.parse(mail)
    equal(top.get_content_type(), "multipart/signed", "content type")
    contains(m.split(mail)[0], b'protocol="application/pkcs7-signature"', "header (quoted protocol)")
    parts = m.raw_parts(mail)
    equal(len(parts), 2, "number of parts")
    equal(m.parse(parts[1]).get_content_type(), "application/pkcs7-signature", "second part")
    equal(m.parse(parts[1]).get_filename(), "smime.p7s", "file name of the signature")
    true(parts[0].isascii(), "the signed part is not 7-bit")
    der = m.parse(parts[1]).get_payload(decode=True)
    content, signature = home.file("content", m.crlf(parts[0])), home.file("sig.der", der)
    pki.openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", signature, "-content", content,
                "-CAfile", pki.get(anchor), "-out", home.file("checked", b""))
    text = pki.structure(der, home, "DER")
    contains(text, "eContent: <ABSENT>", "the CMS object")
    digest = re.search(r"digestAlgorithm:\s+algorithm: (\w+)", text).group(1)
    equal(top.get_param("micalg"), MICALG[digest], "micalg")
    m.same_content(m.with_payload(mail, parts[0]), original)
    return text


# --- what we write ----------------------------------------------------------

@each(*m.SIZES)
def test_sign_for_openssl(_, size):
    mail = m.sample(size)
    signed = alice().ok("sign", "--protocol", "smime", alice().file("in.eml", mail)).out
    check_signed(signed, mail, alice())


@each(*m.SIZES)
def test_opaque_for_openssl(_, size):
    mail = m.sample(size)
    signed = alice().ok("sign", "--opaque", "--protocol", "smime", input=mail).out
    check_opaque(signed, "signed-data")
    m.same_content(m.with_payload(signed, pki.verify(signed, alice()).out), mail)


@each(*m.SIZES)
def test_encrypt_for_openssl(_, size):
    mail = m.sample(size)
    sealed = alice().ok("encrypt", "-r", "bob@example.org", "--protocol", "smime", input=mail).out
    check_opaque(sealed, "enveloped-data")
    for name in ("bob", "alice"):
        m.same_content(m.with_payload(sealed, pki.decrypt(sealed, name, alice()).out), mail, name)


@each(*m.SIZES)
def test_sign_and_encrypt_for_openssl(_, size):
    mail = m.sample(size)
    sealed = alice().ok("encrypt", "--sign", "-r", "bob@example.org", "--protocol", "smime", input=mail).out
    inner = pki.decrypt(sealed, "bob", alice()).out
    signed = m.with_payload(sealed, inner)
    if m.parse(signed).get_content_type() == "multipart/signed":
        check_signed(signed, mail, alice())
    else:
        m.same_content(m.with_payload(sealed, pki.verify(signed, alice()).out), mail)


@each(*[("alice-" + curve, "alice-" + curve) for curve in CURVES], ("alice-pss", "alice-pss"))
def test_sign_with(_, name):
    home, mail = own(name), m.plain()
    text = check_signed(home.ok("sign", "--protocol", "smime", input=mail).out, mail, home)
    wanted = {"alice-p256": "ecdsa-with-SHA256", "alice-p384": "ecdsa-with-SHA384",
              "alice-p521": "ecdsa-with-SHA512", "alice-pss": "rsassaPss"}[name]
    contains(text, wanted, "the CMS object")
    if name == "alice-pss":
        # RFC 4056: the salt is as long as the digest, 32 bytes
        parameters = text[text.rindex("rsassaPss"):]
        true(re.search(r"INTEGER +:20\b", parameters), "the salt is not as long as the digest:\n" + parameters[:900])


@each(*[("bob-" + curve, "bob-" + curve) for curve in CURVES])
def test_encrypt_to(_, name):
    home, mail = own("alice-p256", (name,)), m.plain()
    sealed = home.ok("encrypt", "-r", "bob@example.org", "--protocol", "smime", input=mail).out
    m.same_content(m.with_payload(sealed, pki.decrypt(sealed, name, home).out), mail)
    text = pki.structure(sealed, home)
    # RFC 8551: no SHA-1 in the key derivation
    lacks(text, "dhSinglePass-stdDH-sha1kdf-scheme", "the CMS object")


@each(*CIPHERS)
def test_cipher_option(cipher):
    sealed = alice().ok("encrypt", "--cipher", cipher.replace("aes-", "aes"), "-r", "bob@example.org", "--protocol", "smime",
                        input=m.plain()).out
    check_opaque(sealed, "authEnveloped-data" if "gcm" in cipher else "enveloped-data")
    contains(pki.structure(sealed, alice()).lower(), cipher.replace("-gcm", "-"), "the CMS object")
    m.same_content(m.with_payload(sealed, pki.decrypt(sealed, "bob", alice()).out), m.plain())


@each("des-ede3-cbc", "3des", "rc2-cbc", "des-cbc", "no-such-cipher")
def test_weak_cipher_is_never_written(cipher):
    alice().refuses(2, "encrypt", "--cipher", cipher, "-r", "bob@example.org", "--protocol", "smime",
                    input=m.plain())


def test_unknown_capabilities_get_cbc_and_pkcs1():
    sealed = alice().ok("encrypt", "-r", "bob@example.org", "--protocol", "smime", input=m.plain()).out
    text = pki.structure(sealed, alice())
    contains(text, "aes-256-cbc", "the CMS object")
    contains(text, "rsaEncryption", "the CMS object")


def test_signed_attributes():
    text = check_signed(alice().ok("sign", "--protocol", "smime", input=m.plain()).out, m.plain(), alice())
    for name in ("contentType", "messageDigest", "signingTime", "S/MIME Capabilities"):
        contains(text, name, "signed attributes")
    capabilities = text[text.index("S/MIME Capabilities"):]
    # strongest first, GCM among them, nothing weak
    contains(capabilities, "aes-256-gcm", "capabilities")
    for weak in ("des-ede3-cbc", "rc2-cbc", "des-cbc"):
        lacks(capabilities, weak, "capabilities")


def test_signer_certificate_travels_without_the_root():
    signed = alice().ok("sign", "--protocol", "smime", input=m.plain()).out
    path = alice().file("mail", signed)
    pki.openssl("cms", "-verify", "-noverify", "-in", path, "-certsout", alice().file("certs.pem", b""))
    with open(alice().work + "/certs.pem") as source:
        equal(source.read().count("BEGIN CERTIFICATE"), 1, "certificates in the message")


def test_bcc_is_refused():
    args = ("encrypt", "--protocol", "smime")
    mail = m.plain(extra=["Bcc: carol@example.org"])
    alice().refuses(11, *args, input=mail).expect_message("sendmail")
    alice().refuses(11, *args, "--hidden", "carol@example.org", input=m.plain()).expect_message("sendmail")


def test_always_to_self():
    sealed = alice().ok("encrypt", "-r", "bob@example.org", "--protocol", "smime", input=m.plain()).out
    equal(pki.structure(sealed, alice()).count("d.ktri"), 2, "recipients")
    sealed = alice().ok("encrypt", "--no-self", "-r", "bob@example.org", "--protocol", "smime",
                        input=m.plain()).out
    equal(pki.structure(sealed, alice()).count("d.ktri"), 1, "recipients with --no-self")
    alice().refuses(8, "decrypt", input=sealed)


def test_encrypt_without_own_key():
    mail = m.plain(sender="Carol Example <carol@example.org>")
    home = harness.Home()
    pki.give_anchor(home)
    pki.give_certificates(home, "bob")
    args = ("encrypt", "-r", "bob@example.org", "--protocol", "smime")
    home.refuses(11, *args, input=mail).expect_message("--no-self")
    sealed = home.ok(*args, "--no-self", input=mail).out
    m.same_content(m.with_payload(sealed, pki.decrypt(sealed, "bob", home).out), mail)
    home.close()


@each("bob-expired", "bob-future", "bob-server", "bob-self", "bob-other", "eve", "bob-critical")
def test_unusable_recipient(name):
    home = own("alice", (name,))
    result = home.refuses(11, "encrypt", "-r", "bob@example.org", "--protocol", "smime", input=m.plain())
    result.expect_message("bob@example.org")


def test_signing_certificate_is_not_encrypted_to():
    home = own("alice", ("dave-sign",))
    home.refuses(11, "encrypt", "-r", "dave@example.org", "--protocol", "smime", input=m.plain())


def test_separate_encryption_certificate_is_found():
    home = own("alice", ("dave-sign", "dave-enc"))
    sealed = home.ok("encrypt", "-r", "dave@example.org", "--protocol", "smime", input=m.plain()).out
    m.same_content(m.with_payload(sealed, pki.decrypt(sealed, "dave-enc", home).out), m.plain())


def test_own_separate_certificates():
    home = harness.Home()
    pki.give_anchor(home)
    pki.give_key(home, "dave-sign")
    pki.give_key(home, "dave-enc")
    pki.give_certificates(home, "bob")
    mail = m.plain(sender="Dave <dave@example.org>")
    sealed = home.ok("encrypt", "--sign", "-r", "bob@example.org", "--protocol", "smime", input=mail).out
    expect(verdict(home, sealed, 0), "signed-and-encrypted", "good", "ok",
           fingerprint=pki.fpr("dave-sign"))
    home.close()


def test_pinned_self_signed_recipient():
    home = pki.fresh("alice", ("bob-self",))
    args = ("encrypt", "-r", "bob@example.org", "--protocol", "smime")
    home.refuses(11, *args, input=m.plain()).expect_message("keys trust")
    home.ok("keys", "trust", pki.fpr("bob-self"), "--for", "bob@example.org")
    sealed = home.ok(*args, input=m.plain()).out
    m.same_content(m.with_payload(sealed, pki.decrypt(sealed, "bob-self", home).out), m.plain())
    home.close()


def test_trust_anchor_option_replaces_the_configured():
    args = ("encrypt", "-r", "bob@example.org", "--protocol", "smime")
    alice().refuses(11, *args, "--trust-anchor", pki.get("other-ca"), input=m.plain())
    home = harness.Home()
    pki.give_key(home, "alice")
    pki.give_certificates(home, "bob")
    home.refuses(11, *args, input=m.plain())
    home.ok(*args, "--trust-anchor", pki.get("other-ca"), "--trust-anchor", pki.get("ca"), input=m.plain())
    home.close()


# --- passphrases ------------------------------------------------------------

def locked_home():
    home = harness.Home()
    pki.give_anchor(home)
    pki.give_key(home, "alice", "p12 password", "store passphrase")
    pki.give_certificates(home, "bob")
    return home


def test_passphrases():
    home = locked_home()
    right = lambda: ("--passphrase-fd", harness.Fd("store passphrase\n"))
    wrong = lambda: ("--passphrase-fd", harness.Fd("p12 password\n"))
    signed = home.ok("sign", "--protocol", "smime", *right(), input=m.plain()).out
    check_signed(signed, m.plain(), home)
    home.refuses(8, "sign", "--protocol", "smime", *wrong(), input=m.plain())
    sealed = m.message(m.smime_opaque(pki.encrypt(m.entity(), "alice"), "enveloped-data"))
    m.same_content(home.ok("decrypt", *right(), input=sealed).out, m.plain())
    home.refuses(8, "decrypt", *wrong(), input=sealed)
    # through gpg-agent's pinentry: cancelled, then answered
    home.refuses(8, "decrypt", input=sealed)
    home.answer("store passphrase")
    m.same_content(home.ok("decrypt", input=sealed).out, m.plain())
    home.close()


# --- what openssl writes ----------------------------------------------------

def from_bob(inner):
    return m.message(inner, sender=m.BOB, to=m.ALICE)


def good(mail, name, kinds=("signed",), **more):
    summary = "signed-and-encrypted" if "encrypted" in kinds else "signed-only"
    return expect(verdict(alice(), mail, 0), summary, "good", kinds=list(kinds),
                  address="bob@example.org", fingerprint=pki.fpr(name), protocol="smime", **more)


SIGNERS = [("%s %s" % (name, digest), name, digest) for name in
           ("bob", "bob-pss", "bob-p256", "bob-p384", "bob-p521") for digest in MICALG]


@each(*SIGNERS)
def test_verify_detached(_, name, digest):
    part = m.entity()
    mail = from_bob(m.smime_signed(part, pki.sign(part, name, digest=digest), MICALG[digest]))
    report = good(mail, name)
    equal(report["reasons"], [], "reasons")
    equal(report["from"], ["bob@example.org"], "from")


@each(*SIGNERS)
def test_verify_opaque(_, name, digest):
    mail = from_bob(m.smime_opaque(pki.sign(m.entity(), name, digest=digest, opaque=True)))
    good(mail, name)


@each(("no signed attributes", "-noattr"), ("subject key id", "-keyid"), ("no capabilities", "-nosmimecap"))
def test_verify_signer_forms(_, option):
    part = m.entity()
    for opaque in (False, True):
        der = pki.sign(part, "bob", opaque=opaque, options=[option])
        good(from_bob(m.smime_opaque(der) if opaque else m.smime_signed(part, der)), "bob")


def test_verify_with_certificate_from_the_store():
    part = m.entity()
    good(from_bob(m.smime_signed(part, pki.sign(part, "bob", options=["-nocerts"]))), "bob")


@each("x-pkcs7-signature", "pkcs7-signature")
def test_media_type_aliases(subtype):
    part = m.entity()
    good(from_bob(m.smime_signed(part, pki.sign(part, "bob"), subtype=subtype)), "bob")
    kind = subtype.replace("signature", "mime")
    good(from_bob(m.smime_opaque(pki.sign(part, "bob", opaque=True), subtype=kind)), "bob")


def test_octet_stream_with_the_right_name():
    der = pki.sign(m.entity(), "bob", opaque=True)
    inner = m.entity(m.b64(der), 'application/octet-stream; name="smime.p7m"', "base64",
                     ['Content-Disposition: attachment; filename="smime.p7m"'])
    good(from_bob(inner), "bob")


def test_wrong_micalg_is_recovered():
    part = m.entity()
    for micalg in ("md5", "unknown", "sha1"):
        good(from_bob(m.smime_signed(part, pki.sign(part, "bob", digest="sha512"), micalg)), "bob")


@each(*m.SIZES)
def test_verify_sizes(_, size):
    part = m.split_entity(m.sample(size))[1]
    good(from_bob(m.smime_signed(part, pki.sign(part, "bob"))), "bob")
    good(from_bob(m.smime_opaque(pki.sign(part, "bob", opaque=True))), "bob")


def test_several_signers():
    part = m.entity()
    for opaque in (False, True):
        der = pki.sign(part, "carol", "bob", opaque=opaque)
        mail = from_bob(m.smime_opaque(der) if opaque else m.smime_signed(part, der))
        report = good(mail, "bob")
        equal(len(report["layers"][0]["signers"]), 2, "signers")


def test_chain_with_intermediate_in_the_message():
    part = m.entity()
    der = pki.sign(part, "bob-sub", certs=["sub"])
    good(from_bob(m.smime_signed(part, der)), "bob-sub")


def test_chain_with_intermediate_from_elsewhere():
    part = m.entity()
    mail = from_bob(m.smime_signed(part, pki.sign(part, "bob-sub")))
    home = pki.fresh("alice", ())
    expect(verdict(home, mail, 6), "unprotected", "untrusted")
    expect(verdict(home, mail, 0, "--intermediate", pki.get("sub")), "signed-only", "good")
    pki.give_certificates(home, "sub")
    expect(verdict(home, mail, 0), "signed-only", "good")
    home.close()


@each(*((option, command, what) for option in ("--trust-anchor", "--intermediate", "--crl")
        for command in ("verify", "sign", "encrypt", "list") for what in ("empty", "garbage", "missing")))
def test_option_files_without_what_they_are_for(option, command, what):
    """It is not the message's fault."""
    home = alice()
    path = {"empty": lambda: home.file("empty.pem", b""), "garbage": lambda: home.file("garbage", bytes(range(256))),
            "missing": lambda: home.work + "/absent"}[what]()
    part = m.entity()
    words, mail = {
        "verify": (("verify",), from_bob(m.smime_signed(part, pki.sign(part, "bob")))),
        "sign": (("sign", "--protocol", "smime"), m.plain()),
        "encrypt": (("encrypt", "--protocol", "smime"), m.plain()),
        "list": (("keys", "list", "--protocol", "smime"), b"")}[command]
    home.refuses(12 if what == "missing" else 2, *words, option, path, input=mail).expect_message(path)


def test_certificate_is_no_revocation_list():
    part = m.entity()
    mail = from_bob(m.smime_signed(part, pki.sign(part, "bob")))
    alice().refuses(2, "verify", "--crl", pki.get("ca"), input=mail)


@each("bob-anyeku", "bob-noeku", "bob-nonrep", "bob-upper")
def test_accepted_certificates(name):
    part = m.entity()
    mail = from_bob(m.smime_signed(part, pki.sign(part, name)))
    expect(verdict(alice(), mail, 0), "signed-only", "good", fingerprint=pki.fpr(name))


def enveloped(der, cipher="cbc"):
    return from_bob(m.smime_opaque(der, "authEnveloped-data" if "gcm" in cipher else "enveloped-data"))


@each(*[("%s to %s" % (cipher, name), cipher, name) for cipher in CIPHERS
        for name in ("alice", "alice-p256", "alice-p384", "alice-p521")])
def test_decrypt(_, cipher, name):
    home = own(name)
    mail = enveloped(pki.encrypt(m.entity(), "bob", name, "carol", cipher=cipher), cipher)
    result = home.ok("decrypt", input=mail)
    m.same_content(result.out, from_bob(m.entity()))
    report = expect(verdict(home, mail, 3), "encrypted-only", "none", "ok", ["encrypted"])
    equal(report["decryption"]["authenticated"], "gcm" in cipher, "authenticated")
    equal(report["decryption"]["protocol"], "smime", "protocol")
    equal(len(report["layers"][0]["recipients"]), 3, "recipients")
    if "cbc" in cipher:
        result.expect_message("warning")


@each(("OAEP", pki.OAEP, "alice"), ("OAEP with SHA-1", pki.OAEP[:2], "alice"),
      ("subject key id", ["-keyid"], "alice"),
      ("ECDH with SHA-256", ["-keyopt", "ecdh_kdf_md:sha256"], "alice-p256"),
      ("ECDH with SHA-384", ["-keyopt", "ecdh_kdf_md:sha384"], "alice-p384"))
def test_decrypt_key_transport(_, options, name):
    for cipher in ("aes-128-cbc", "aes-256-gcm"):
        mail = enveloped(pki.encrypt(m.entity(), name, cipher=cipher, options=options), cipher)
        m.same_content(own(name).ok("decrypt", input=mail).out, from_bob(m.entity()))


@each(*m.SIZES)
def test_decrypt_sizes(_, size):
    head, part = m.split_entity(m.sample(size))
    for cipher in ("aes-256-cbc", "aes-256-gcm"):
        der = pki.encrypt(part, "alice", cipher=cipher)
        kind = "authEnveloped-data" if "gcm" in cipher else "enveloped-data"
        mail = alice().file("in.eml", head + m.smime_opaque(der, kind))
        m.same_content(alice().ok("decrypt", mail).out, head + part, cipher)


def test_require_authenticated():
    part = m.entity()
    cbc = enveloped(pki.encrypt(part, "alice"))
    alice().refuses(9, "decrypt", "--require-authenticated", input=cbc)
    gcm = enveloped(pki.encrypt(part, "alice", cipher="aes-128-gcm"), "gcm")
    m.same_content(alice().ok("decrypt", "--require-authenticated", input=gcm).out, from_bob(part))
    signed = m.smime_signed(part, pki.sign(part, "bob"))
    covered = enveloped(pki.encrypt(signed, "alice"))
    alice().ok("decrypt", "--require-authenticated", input=covered)
    # a signature that is not good covers nothing
    forged = enveloped(pki.encrypt(signed.replace(b"Hello", b"Jello"), "alice"))
    alice().refuses(9, "decrypt", "--require-authenticated", input=forged)


@each(("detached", False), ("opaque", True))
def test_signed_inside_encrypted(_, opaque):
    part = m.entity()
    inner = m.smime_opaque(pki.sign(part, "bob", opaque=True)) if opaque else \
        m.smime_signed(part, pki.sign(part, "bob"))
    mail = enveloped(pki.encrypt(inner, "alice"))
    good(mail, "bob", ("encrypted", "signed"))
    opened = alice().ok("decrypt", input=mail).out
    good(opened, "bob")
    if not opaque:
        equal(m.raw_parts(m.crlf(opened)), m.raw_parts(inner), "the signed part")


def test_triple_wrap():
    part = m.entity()
    signed = m.smime_signed(part, pki.sign(part, "bob"))
    sealed = m.smime_opaque(pki.encrypt(signed, "alice"), "enveloped-data")
    mail = from_bob(m.smime_opaque(pki.sign(sealed, "bob", opaque=True)))
    good(mail, "bob", ("signed", "encrypted", "signed"))


def test_decrypt_without_key():
    mail = enveloped(pki.encrypt(m.entity(), "bob", "carol"))
    alice().refuses(8, "decrypt", input=mail)
    expect(verdict(alice(), mail, 8), signature="none", decryption="no-key")


def test_decrypt_with_an_expired_certificate_of_ours():
    home = harness.Home()
    pki.give_anchor(home)
    pki.give_key(home, "bob-expired")
    mail = enveloped(pki.encrypt(m.entity(), "bob-expired"))
    m.same_content(home.ok("decrypt", input=mail).out, from_bob(m.entity()))
    home.refuses(11, "sign", "--protocol", "smime", input=m.plain(sender=m.BOB)).expect_message("expired")
    home.close()


@each(("3DES", "des3", 0), ("RC2", "rc2-128", 10), ("DES", "des", 10))
def test_weak_ciphers(name, cipher, plain_status):
    legacy = ["-provider", "legacy", "-provider", "default"] if cipher != "des3" else []
    der = pki.openssl("cms", "-encrypt", "-binary", "-outform", "DER", "-" + cipher, *legacy, "-recip",
                      pki.get("alice"), input=m.entity()).out
    mail = enveloped(der)
    if plain_status == 0:
        m.same_content(alice().ok("decrypt", input=mail).out, from_bob(m.entity()))
        report = expect(verdict(alice(), mail, 3), "encrypted-only", "none", "ok")
        codes = [r["code"] for layer in report["layers"] for r in layer["reasons"]]
        codes += [r["code"] for r in report["reasons"]]
        true("weak-cipher" in codes, "reason weak-cipher is missing: %r" % codes)
        return
    result = alice().run("decrypt", input=mail, status=(8, 9, 10, 12)).expect_silent()
    result.expect_message("--allow-legacy")
    m.same_content(alice().ok("decrypt", "--allow-legacy", input=mail).out, from_bob(m.entity()))
    alice().refuses(12, "extract", "--part", "1", input=mail).expect_message("--allow-legacy")
    contains(alice().ok("extract", "--allow-legacy", "--part", "1", input=mail).out, b"Hello, Bob.", "extract")
    headline = alice().run("verify", "--allow-legacy", input=mail, status=3).out.decode().splitlines()[0]
    equal(headline, "Encrypted too weakly to count, NOT signed", "headline")


@each(("decrypt",), ("extract", "--part", "1"))
def test_warning_of_cbc_is_never_silenced(*command):
    mail = enveloped(pki.encrypt(m.entity(), "alice"))
    contains(alice().ok("-q", *command, input=mail).err, b"does not protect the content", "warning")
    signed = m.smime_signed(m.entity(), pki.sign(m.entity(), "bob"))
    gcm = enveloped(pki.encrypt(signed, "alice", cipher="aes-256-gcm"), "gcm")
    equal(alice().ok("extract", "--part", "1", input=gcm).err, b"", "warning")


def test_extract_under_a_good_signature_needs_no_warning():
    mail = enveloped(pki.encrypt(m.smime_signed(m.entity(), pki.sign(m.entity(), "bob")), "alice"))
    equal(alice().ok("extract", "--part", "1", input=mail).err, b"", "warning")


# --- certificates only ------------------------------------------------------

def certs_only():
    der = pki.openssl("crl2pkcs7", "-nocrl", "-certfile", pki.get("carol"), "-certfile", pki.get("ca"),
                      "-outform", "DER").out
    return m.message(m.smime_opaque(der, "certs-only", "smime.p7c"))


def test_certs_only_is_not_signed():
    report = expect(verdict(alice(), certs_only(), 3), "unprotected", "none", "none")
    equal([x for x in report["layers"] if x["status"] == "good"], [], "good layers")
    alice().refuses(3, "decrypt", input=certs_only())


def test_certs_only_named_signed_data():
    mail = certs_only().replace(b"smime-type=certs-only", b"smime-type=signed-data")
    expect(verdict(alice(), mail, 3), "unprotected", "none")


def test_inspect_shows_certificates_and_recipients():
    contains(alice().ok("inspect", input=certs_only()).out.decode(), "Carol Example", "the tree")
    mail = enveloped(pki.encrypt(m.entity(), "carol", cipher="aes-256-gcm"), "gcm")
    home = harness.Home()
    text = home.ok("inspect", input=mail).out.decode()
    home.close()
    serial = pki.openssl("x509", "-in", pki.get("carol"), "-noout", "-serial").out.decode().strip()
    contains(text.upper().replace(":", ""), serial.split("=")[1], "the tree")
    contains(text.lower(), "aes256-gcm", "the tree")


def test_round_trip_in_both_homes():
    mail = m.with_attachment(5000)
    sealed = alice().ok("encrypt", "--sign", "--protocol", "smime", input=mail).out
    for home in (alice(), bob()):
        expect(verdict(home, sealed, 0), "signed-and-encrypted", "good", "ok", ["encrypted", "signed"],
               address=ME, fingerprint=pki.fpr("alice"))
        contains(home.ok("decrypt", input=sealed).out, b"See the attachment.", "decrypted")


if __name__ == "__main__":
    harness.main(globals())
