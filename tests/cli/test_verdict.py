#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verdict: exit status and report agree, for every state a message can be in.

Each state is made for both protocols; alice's home reads what bob writes. What structure and
sender make of a message is in test_corpus.py.
"""

import harness
import mailkit as m
import pgp
import pki
from harness import check_error, contains, each, equal, expect, lacks, true, verdict

BOB = "bob@example.org"
BOTH = ("openpgp", "smime")


def home_of(protocol):
    return pgp.shared("alice") if protocol == "openpgp" else pki.shared("alice")


def sign(protocol, part, who="bob", boundary="=-=signed", **more):
    """A multipart/signed entity around part."""
    if protocol == "openpgp":
        return m.pgp_signed(part, pgp.sign(part, who, **more), boundary=boundary)
    return m.smime_signed(part, pki.sign(part, who, **more), boundary=boundary)


def seal(protocol, part, who="alice"):
    """An encrypted entity around part, unsigned by itself."""
    if protocol == "openpgp":
        return m.pgp_encrypted(pgp.encrypt(part, (who,)))
    return m.smime_opaque(pki.encrypt(part, who), "enveloped-data")


def from_bob(inner, **headers):
    headers.setdefault("sender", m.BOB)
    return m.message(inner, to=m.ALICE, **headers)


def judge(protocol, mail, status, /, *options, **words):
    return expect(verdict(home_of(protocol), mail, status, *options), **words)


def fingerprint(protocol, name):
    return (pgp if protocol == "openpgp" else pki).fpr(name)


def codes(report):
    return [reason["code"] for reason in report["reasons"]]


# --- the plain states -------------------------------------------------------

def test_plain_message():
    report = judge("openpgp", m.plain(sender=m.BOB), 3, summary="unprotected", signature="none",
                   decryption="none", kinds=[])
    equal(report["from"], [BOB], "from")
    equal(report["errant"], [], "errant")
    equal([(h["name"], h["state"]) for h in report["headers"] if h["name"] == "Subject"],
          [("Subject", "unprotected")], "headers")
    true(report["reasons"], "no reason why the message is unprotected")
    equal([(p["type"], p["layers"]) for p in report["parts"]], [("text/plain", [])], "parts")


@each(*BOTH)
def test_good(protocol):
    report = judge(protocol, from_bob(sign(protocol, m.entity())), 0, summary="signed-only",
                   signature="good", decryption="none", kinds=["signed"], address=BOB,
                   fingerprint=fingerprint(protocol, "bob"), protocol=protocol)
    equal(report["signature"]["name"], "Bob Example", "name")
    equal(report["reasons"], [], "reasons")
    equal(report["layers"][0]["status"], "good", "layer status")
    equal(len(report["layers"][0]["signers"]), 1, "signers")


@each(*BOTH)
def test_verify_prints_nothing_of_the_content(protocol):
    mail = from_bob(sign(protocol, m.entity(b"Only for reading eyes.\r\n")))
    for options in ((), ("--json",), ("-v",)):
        result = home_of(protocol).ok("verify", *options, input=mail)
        lacks(result.out + result.err, b"reading eyes", "output")


@each(*BOTH)
def test_verdict_for_people_names_the_signer(protocol):
    text = home_of(protocol).ok("verify", input=from_bob(sign(protocol, m.entity()))).out.decode()
    contains(text, BOB, "the verdict")


ALTERED = (("text", b"Hello", b"Jello"), ("header of the part", b"utf-8", b"utf-7"),
           ("text added", b"Bob.\r\n", b"Bob.\r\nAnd more.\r\n"),
           ("trailing blank", b"Bob.\r\n", b"Bob. \r\n"))


@each(*[("%s, %s" % (p, name), p, old, new) for p in BOTH for name, old, new in ALTERED])
def test_altered(_, protocol, old, new):
    mail = from_bob(sign(protocol, m.entity()))
    judge(protocol, mail.replace(old, new, 1), 4, summary="unprotected", signature="bad",
          kinds=["signed"])


@each(*BOTH)
def test_altered_inside_encryption(protocol):
    inner = sign(protocol, m.entity()).replace(b"Hello", b"Jello")
    judge(protocol, from_bob(seal(protocol, inner)), 4, summary="encrypted-only", signature="bad",
          decryption="ok", kinds=["encrypted", "signed"])


@each(*BOTH)
def test_signature_of_another_text(protocol):
    part, other = m.entity(), m.entity(b"Something else.\r\n")
    if protocol == "openpgp":
        inner = m.pgp_signed(part, pgp.sign(other, "bob"))
    else:
        inner = m.smime_signed(part, pki.sign(other, "bob"))
    judge(protocol, from_bob(inner), 4, summary="unprotected", signature="bad")


@each(("openpgp empty", b""), ("openpgp text", b"not a signature\r\n"),
      ("openpgp armour of nothing", b"-----BEGIN PGP SIGNATURE-----\r\n\r\n=twTO\r\n-----END PGP SIGNATURE-----\r\n"))
def test_malformed_signature(_, armour):
    judge("openpgp", from_bob(m.pgp_signed(m.entity(), armour)), 4, summary="unprotected")


@each(("smime empty", b""), ("smime garbage", b"not a signature"), ("smime sequence", b"0\x80\x00\x00"))
def test_malformed_cms_signature(_, der):
    judge("smime", from_bob(m.smime_signed(m.entity(), der)), 4, summary="unprotected")


# --- who signed -------------------------------------------------------------

def test_unknown_key():
    part = m.entity()
    mail = m.message(m.pgp_signed(part, pgp.sign(part, "stranger")), sender="stranger@example.org")
    report = judge("openpgp", mail, 5, summary="unprotected", signature="unknown-key")
    equal(report["layers"][0]["status"], "unknown-key", "layer status")


def test_unknown_certificate():
    part = m.entity()
    der = pki.sign(part, "bob-p384", options=["-nocerts"])
    judge("smime", from_bob(m.smime_signed(part, der)), 5, summary="unprotected", signature="unknown-key")


@each(("openpgp untrusted", "openpgp", "untrusted", BOB, "untrusted"),
      ("openpgp revoked", "openpgp", "revoked", "revoked@example.org", "revoked"),
      ("smime self-signed", "smime", "bob-self", BOB, "untrusted"),
      ("smime other root", "smime", "bob-other", BOB, "untrusted"),
      ("smime no intermediate", "smime", "bob-sub", BOB, "untrusted"),
      ("smime issued by a person", "smime", "mallory-ca", BOB, "untrusted"),
      ("smime expired", "smime", "bob-expired", BOB, "expired"),
      ("smime not yet valid", "smime", "bob-future", BOB, "untrusted"),
      ("smime for servers", "smime", "bob-server", BOB, "untrusted"),
      ("smime not for signing", "smime", "bob-nosign", BOB, "untrusted"),
      ("smime unknown critical extension", "smime", "bob-critical", BOB, "untrusted"))
def test_not_trusted(_, protocol, who, address, word):
    mail = from_bob(sign(protocol, m.entity(), who), sender="B <%s>" % address)
    report = judge(protocol, mail, 6, summary="unprotected", signature=word, kinds=["signed"],
                   fingerprint=fingerprint(protocol, who))
    true(codes(report), "no reason given")


def test_expired_since():
    mail = from_bob(sign("openpgp", m.entity(), "expired", when="20190601T000000"),
                    sender="expired@example.org")
    report = judge("openpgp", mail, 6, summary="unprotected", signature="expired")
    found = codes(report) + [r["code"] for r in report["layers"][0]["reasons"]]
    true("expired-since" in found, "reason expired-since is missing: %r" % found)


def test_expired_certificate_does_not_hide_altered_content():
    mail = from_bob(sign("smime", m.entity(), "bob-expired")).replace(b"Hello", b"Jello")
    judge("smime", mail, 4, summary="unprotected", signature="bad")


@each(("openpgp SHA-1", "openpgp", "rsa", "rita@example.org", "SHA1"),
      ("smime SHA-1", "smime", "bob", BOB, "sha1"), ("smime MD5", "smime", "bob", BOB, "md5"))
def test_weak_digest(_, protocol, who, address, digest):
    mail = from_bob(sign(protocol, m.entity(), who, digest=digest), sender=address)
    judge(protocol, mail, 6, summary="unprotected", signature="weak")


@each(*BOTH)
def test_pinned_for_the_address(protocol):
    home, who = (pgp.fresh(), "untrusted") if protocol == "openpgp" else (pki.fresh("alice", ()), "bob-self")
    mail = from_bob(sign(protocol, m.entity(), who))
    expect(verdict(home, mail, 6), signature="untrusted")
    if protocol == "smime":
        pki.give_certificates(home, who)
    home.ok("keys", "trust", fingerprint(protocol, who), "--for", BOB)
    expect(verdict(home, mail, 0), "signed-only", "good", fingerprint=fingerprint(protocol, who))
    home.ok("keys", "distrust", fingerprint(protocol, who))
    expect(verdict(home, mail, 6), "unprotected", "untrusted")
    home.close()


def test_self_signed_in_the_message_is_not_an_anchor():
    part = m.entity()
    mail = from_bob(m.smime_signed(part, pki.sign(part, "bob-other", certs=["other-ca"])))
    judge("smime", mail, 6, summary="unprotected", signature="untrusted")
    judge("smime", mail, 0, "--trust-anchor", pki.get("other-ca"), summary="signed-only")


def test_at_another_time():
    mail = from_bob(sign("smime", m.entity(), "bob-expired"))
    moment = str(harness.time.time() - 600 * 86400).split(".")[0]
    judge("smime", mail, 0, "--at", moment, "--trust-anchor", pki.get("ca"), summary="signed-only",
          signature="good")
    mail = from_bob(sign("smime", m.entity()))
    home_of("smime").refuses(2, "verify", "--at", "2031-13-01T00:00:00Z", input=mail)
    judge("smime", mail, 6, "--at", "2039-01-01T00:00:00Z", summary="unprotected", signature="expired")


# --- the sender -------------------------------------------------------------

@each(("openpgp", "openpgp", "other"), ("smime", "smime", "eve"))
def test_not_the_sender(_, protocol, who):
    mail = from_bob(sign(protocol, m.entity(), who))
    report = judge(protocol, mail, 7, summary="unprotected", signature="not-sender",
                   address="eve@elsewhere.example")
    equal(report["from"], [BOB], "from")
    judge(protocol, mail, 0, "--no-from-check", signature="good")


def test_certificate_without_address():
    mail = from_bob(sign("smime", m.entity(), "bob-nomail"))
    judge("smime", mail, 7, summary="unprotected", signature="not-sender")


# --- layers -----------------------------------------------------------------

@each(*BOTH)
def test_signature_around_encryption_vouches_for_nothing(protocol):
    """RFC 9787 section 5.2: whoever signs a ciphertext need not know what is in it."""
    mail = from_bob(sign(protocol, seal(protocol, m.entity())))
    judge(protocol, mail, 3, summary="encrypted-only", signature="none", decryption="ok",
          kinds=["signed", "encrypted"])


@each(*BOTH)
def test_bad_signature_around_encryption(protocol):
    mail = from_bob(sign(protocol, seal(protocol, m.entity()))).replace(b"=-=encrypted", b"=-=Encrypted") \
        if protocol == "openpgp" else \
        from_bob(sign(protocol, seal(protocol, m.entity()))).replace(b"smime.p7m", b"smime.P7m")
    judge(protocol, mail, 4, signature="bad", kinds=["signed", "encrypted"])


@each(*BOTH)
def test_encrypted_around_signed(protocol):
    mail = from_bob(seal(protocol, sign(protocol, m.entity())))
    report = judge(protocol, mail, 0, summary="signed-and-encrypted", signature="good", decryption="ok",
                   kinds=["encrypted", "signed"])
    equal([x["layers"] for x in report["parts"] if x["type"] == "text/plain"][-1] != [], True, "part layers")


@each(("pgp in smime", "smime", "openpgp"), ("smime in pgp", "openpgp", "smime"))
def test_mixed_protocols_are_read(_, outer, inner):
    home = pgp.fresh()
    pki.give_anchor(home)
    pki.give_key(home, "alice")
    mail = from_bob(seal(outer, sign(inner, m.entity())))
    report = expect(verdict(home, mail, 0), "signed-and-encrypted", "good", "ok", ["encrypted", "signed"])
    equal([x["protocol"] for x in report["layers"]], [outer, inner], "protocols")
    home.close()


def test_bad_outer_good_inner():
    part = m.entity()
    inner = m.pgp_signed(part, pgp.sign(part, "bob"), boundary="inner")
    outer = m.pgp_signed(inner, pgp.sign(m.entity(), "bob"), boundary="outer")
    report = judge("openpgp", from_bob(outer), 4, summary="unprotected", signature="bad",
                   kinds=["signed", "signed"])
    equal([x["status"] for x in report["layers"]], ["bad", "good"], "layers")


# --- several signatures -----------------------------------------------------

def test_two_good_signatures():
    part = m.entity()
    report = judge("openpgp", from_bob(m.pgp_signed(part, pgp.sign(part, "carol", "bob"))), 0,
                   summary="signed-only", signature="good", address=BOB)
    equal(len(report["layers"][0]["signers"]), 2, "signers")


def two_blocks(good_over, other):
    """Signatures of two signers in one armour, binary packets joined."""
    world = pgp.shared("world")
    blocks = [world.gpg("--dearmor", input=block).out for block in (good_over, other)]
    return world.gpg("--enarmor", input=b"".join(blocks)).out.replace(b"ARMORED FILE", b"SIGNATURE")


def test_good_beside_a_bad_signature():
    part = m.entity()
    armour = two_blocks(pgp.sign(part, "bob"), pgp.sign(b"other", "carol"))
    report = judge("openpgp", from_bob(m.pgp_signed(part, armour)), 4, summary="unprotected",
                   signature="bad")
    equal(sorted(s["status"] for s in report["layers"][0]["signers"]), ["bad", "good"], "signers")


def test_good_beside_an_unknown_signer():
    part = m.entity()
    armour = two_blocks(pgp.sign(part, "bob"), pgp.sign(part, "stranger"))
    report = judge("openpgp", from_bob(m.pgp_signed(part, armour)), 0, summary="signed-only",
                   signature="good", address=BOB)
    equal(sorted(s["status"] for s in report["layers"][0]["signers"]), ["good", "unknown-key"], "signers")


def test_opaque_content_hidden_in_a_detached_signature():
    """CVE-2018-18509: what is shown is not what the CMS signs."""
    shown, hidden = m.entity(b"Pay Mallory.\r\n"), m.entity(b"Pay nobody.\r\n")
    der = pki.sign(hidden, "bob", opaque=True)
    judge("smime", from_bob(m.smime_signed(shown, der)), 4, summary="unprotected", signature="bad")


def test_no_signer_infos():
    der = pki.openssl("crl2pkcs7", "-nocrl", "-certfile", pki.get("bob"), "-outform", "DER").out
    # unsigned (RFC 5652 allows it), or a malformed signature (RFC 1847 promises one)
    judge("smime", from_bob(m.smime_signed(m.entity(), der)), (3, 4), summary="unprotected")


# --- the report as such -----------------------------------------------------

def test_error_object():
    home = home_of("openpgp")
    result = home.run("verify", "--json", home.work + "/absent.eml")
    check_error(result.json(), result.status)
    result.expect_status(12)


def test_status_agrees_without_json():
    home = home_of("openpgp")
    part = m.entity()
    for mail, status in ((m.plain(), 3), (from_bob(m.pgp_signed(part, pgp.sign(part, "bob"))), 0),
                         (from_bob(m.pgp_signed(part, pgp.sign(b"x", "bob"))), 4)):
        home.run("verify", input=mail, status=status)
        home.run("-q", "verify", input=mail, status=status)


def test_show_succeeds_whatever_the_signature():
    part = m.entity(b"The text of the mail.\r\n")
    bad = from_bob(sign("openpgp", part)).replace(b"text", b"TEXT")
    unknown = m.message(sign("openpgp", part, "stranger"), sender="stranger@example.org")
    for mail in (m.plain(b"The text of the mail.\n"), bad, unknown, from_bob(sign("openpgp", part))):
        contains(home_of("openpgp").ok("show", input=mail).out.lower(), b"text of the mail", "output")


def test_show_has_one_block_of_headers_first():
    """A body cannot imitate the status zone: the first blank line ends it."""
    body = b"Subject: faked\r\n\r\nGood signature from bob@example.org\r\n"
    result = home_of("openpgp").ok("show", input=m.plain(body, sender=m.BOB))
    zone, _, rest = result.out.partition(b"\n\n")
    contains(zone, b"a test message", "first block")
    lacks(zone, b"Good signature", "first block")
    contains(rest, b"Good signature", "text")


@each(("escape", b"before \x1b]0;title\x07 \x1b[31mred\x1b[0m after"), ("carriage return", b"one\rtwo"),
      ("backspace", b"abc\b\b\bxyz"), ("C1", "a\u009b31mb".encode()), ("bidi", "a\u202eb".encode()))
def test_show_prints_no_control_sequences(_, body):
    mail = m.message(m.entity(body, cte="8bit"), sender=m.BOB, subject="x \x1b[31mred")
    out = home_of("openpgp").ok("show", input=mail).out
    for bad in (b"\x1b", b"\x07", b"\b", b"\xc2\x9b", "\u202e".encode()):
        lacks(out, bad, "output")


if __name__ == "__main__":
    harness.main(globals())
