#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenPGP both ways: gpg reads what the tool writes, the tool reads what gpg writes."""

import re

import harness
import mailkit as m
import pgp
from harness import contains, each, equal, expect, lacks, true, verdict

ME = "alice@example.org"
MICALG = {"1": "pgp-md5", "2": "pgp-sha1", "8": "pgp-sha256", "9": "pgp-sha384", "10": "pgp-sha512",
          "11": "pgp-sha224"}
DIGESTS = ("SHA256", "SHA384", "SHA512", "SHA224")


def alice():
    return pgp.shared("alice")


def bob():
    return pgp.shared("bob")


def armour_of(mail):
    """Check the form of a multipart/encrypted; returns the OpenPGP data."""
    top = m.parse(mail)
    equal(top.get_content_type(), "multipart/encrypted", "content type")
    equal(top.get_param("protocol"), "application/pgp-encrypted", "protocol")
    equal(top["MIME-Version"], "1.0", "MIME-Version")
    parts = m.raw_parts(mail)
    equal(len(parts), 2, "number of parts")
    equal(m.parse(parts[0]).get_content_type(), "application/pgp-encrypted", "first part")
    true(re.search(rb"^Version: 1\s*$", m.split(parts[0])[1], re.M), "no 'Version: 1'")
    equal(m.parse(parts[1]).get_content_type(), "application/octet-stream", "second part")
    return m.parse(parts[1]).get_payload(decode=True)


def opened(home, mail):
    """(the mail with gpg's plaintext in place of the encryption, gpg's status lines)."""
    plain, lines = pgp.decrypt(home, armour_of(mail))
    return m.with_payload(mail, plain), lines


def check_signed(home, mail, original):
    """A multipart/signed that gpg calls good over its exact bytes; returns the status lines."""
    top = m.parse(mail)
    equal(top.get_content_type(), "multipart/signed", "content type")
    equal(top.get_param("protocol"), "application/pgp-signature", "protocol")
    contains(m.split(mail)[0], b'protocol="application/pgp-signature"', "header (quoted protocol)")
    parts = m.raw_parts(mail)
    equal(len(parts), 2, "number of parts")
    part = m.crlf(parts[0])
    true(part.isascii(), "the signed part is not 7-bit")
    armour = m.parse(parts[1]).get_payload(decode=True)
    true(armour.startswith(b"-----BEGIN PGP SIGNATURE-----"), "signature is not armoured")
    lines, result = pgp.verify_detached(home, part, armour)
    good = [line for line in lines if line.startswith("VALIDSIG")]
    true(good, "gpg does not accept the signature", result)
    equal(top.get_param("micalg"), MICALG[good[0].split()[8]], "micalg")
    m.same_content(m.with_payload(mail, part), original)
    return lines


# --- what we write ----------------------------------------------------------

@each(*m.SIZES)
def test_sign_for_gpg(_, size):
    mail = m.sample(size)
    signed = alice().ok("sign", "--protocol", "openpgp", alice().file("in.eml", mail)).out
    lines = check_signed(bob(), signed, mail)
    contains(" ".join(lines), "GOODSIG " + pgp.fpr("alice")[-16:], "gpg's status")


@each(*m.SIZES)
def test_encrypt_for_gpg(_, size):
    mail = m.sample(size)
    result = alice().ok("encrypt", "-r", "bob@example.org", "--protocol", "openpgp",
                        alice().file("in.eml", mail))
    got, lines = opened(bob(), result.out)
    m.same_content(got, mail)
    true(not [line for line in lines if "SIG" in line], "signed without --sign: %r" % lines)
    own, _ = opened(alice(), result.out)
    m.same_content(own, mail, "own copy")


@each(*m.SIZES)
def test_sign_and_encrypt_for_gpg(_, size):
    mail = m.sample(size)
    result = alice().ok("encrypt", "--sign", "-r", "bob@example.org", "--protocol", "openpgp", input=mail)
    got, lines = opened(bob(), result.out)
    m.same_content(got, mail)
    contains(" ".join(lines), "GOODSIG " + pgp.fpr("alice")[-16:], "gpg's status")


def test_signer_by_address_and_fingerprint():
    mail = m.plain(sender="Nobody <nobody@example.org>")
    for who in (ME, pgp.fpr("alice")):
        signed = alice().ok("sign", "-u", who, "--protocol", "openpgp", input=mail).out
        lines = check_signed(bob(), signed, mail)
        contains(" ".join(lines), "VALIDSIG " + pgp.fpr("alice"), "gpg's status")


def test_sign_with_rsa_key():
    home = pgp.fresh()
    pgp.copy_secret(pgp.shared("world"), home, pgp.fpr("rsa"))
    home.gpg("--import-ownertrust", input="%s:6:\n" % pgp.fpr("rsa"))
    mail = m.plain(sender="Rita Rsa <rita@example.org>")
    signed = home.ok("sign", "--protocol", "openpgp", input=mail).out
    contains(" ".join(check_signed(alice(), signed, mail)), "GOODSIG", "gpg's status")


def test_sign_without_a_key_for_from():
    mail = m.plain(sender="Nobody <nobody@example.org>")
    alice().refuses(11, "sign", "--protocol", "openpgp", input=mail).expect_message("nobody@example.org")
    # carol's public key is here, her secret one is not
    mail = m.plain(sender="Carol <carol@example.org>")
    alice().refuses(8, "sign", "--protocol", "openpgp", input=mail).expect_message("carol@example.org")


def test_encrypt_writes_to_self():
    result = alice().ok("encrypt", "-r", "bob@example.org", "--protocol", "openpgp", input=m.plain())
    equal(len(pgp.recipients_of(armour_of(result.out))), 2, "session key packets")


def test_encrypt_no_self():
    result = alice().ok("encrypt", "--no-self", "-r", "bob@example.org", "--protocol", "openpgp",
                        input=m.plain())
    equal(len(pgp.recipients_of(armour_of(result.out))), 1, "session key packets")
    alice().refuses(8, "decrypt", input=result.out)


def test_encrypt_without_own_key():
    mail = m.plain(sender="Nobody <nobody@example.org>")
    args = ("encrypt", "-r", "bob@example.org", "--protocol", "openpgp")
    alice().refuses(11, *args, input=mail).expect_message("--no-self")
    result = alice().ok(*args, "--no-self", input=mail)
    m.same_content(opened(bob(), result.out)[0], mail)


def test_recipients_default_to_the_headers():
    mail = m.plain(to="Bob <bob@example.org>", extra=["Cc: Rita <rita@example.org>"])
    ids = pgp.recipients_of(armour_of(alice().ok("encrypt", "--protocol", "openpgp", input=mail).out))
    equal(len(ids), 3, "session key packets for To, Cc and self: %r" % ids)
    true("0" * 16 not in ids, "To or Cc is hidden: %r" % ids)


def test_bcc_is_hidden():
    mail = m.plain(extra=["Bcc: Carol <carol@example.org>"])
    result = alice().ok("encrypt", "--protocol", "openpgp", input=mail)
    ids = pgp.recipients_of(armour_of(result.out))
    equal(sorted(i == "0" * 16 for i in ids), [False, False, True], "hidden ids among %r" % ids)
    lacks(result.out.lower(), b"carol", "the message")
    equal(m.header(result.out, "Bcc"), None, "Bcc")
    plain, lines = pgp.decrypt(pgp.shared("world"), armour_of(result.out))
    lacks(plain.lower(), b"carol", "the plaintext")


def test_bcc_alone_is_hidden():
    mail = m.plain(to=None, extra=["Bcc: carol@example.org"])
    result = alice().ok("encrypt", "--no-self", "--protocol", "openpgp", input=mail)
    equal(pgp.recipients_of(armour_of(result.out)), ["0" * 16], "key ids")


def test_hidden_option():
    result = alice().ok("encrypt", "-r", "bob@example.org", "--hidden", "carol@example.org",
                        "--protocol", "openpgp", input=m.plain())
    ids = pgp.recipients_of(armour_of(result.out))
    equal(sorted(i == "0" * 16 for i in ids), [False, False, True], "hidden ids among %r" % ids)


@each(("no key", "nobody@example.org", "nobody@example.org"),
      ("expired", "expired@example.org", "expired"),
      ("revoked", "revoked@example.org", "revoked"),
      ("not trusted", "unsure@example.org", "keys trust"))
def test_recipient_without_usable_key(_, address, word):
    alice().refuses(11, "encrypt", "-r", address, "--protocol", "openpgp",
                    input=m.plain()).expect_message(address, word)


def test_one_bad_recipient_stops_all():
    alice().refuses(11, "encrypt", "-r", "bob@example.org", "-r", "nobody@example.org", "-r",
                    "absent@example.org", input=m.plain()).expect_message("nobody@example.org",
                                                                          "absent@example.org")


def test_pinned_key_becomes_usable():
    home = pgp.fresh()
    args = ("encrypt", "-r", "unsure@example.org", "--protocol", "openpgp")
    home.refuses(11, *args, input=m.plain())
    home.ok("keys", "trust", pgp.fpr("unsure"), "--for", "unsure@example.org")
    result = home.ok(*args, input=m.plain())
    m.same_content(opened(pgp.shared("world"), result.out)[0], m.plain())
    # the pin is for that address only
    home.refuses(11, "encrypt", "-r", "nobody@example.org", input=m.plain())


def test_trusted_key_wins_over_namesake():
    result = alice().ok("encrypt", "--no-self", "-r", "bob@example.org", "--protocol", "openpgp",
                        input=m.plain())
    m.same_content(opened(bob(), result.out)[0], m.plain())


def test_gpg_encrypts_without_compression():
    mail = m.plain(m.text_of(200000))
    result = alice().ok("encrypt", "-r", "bob@example.org", "--protocol", "openpgp", input=mail)
    true(len(armour_of(result.out)) > 200000, "the plaintext was compressed", None)


def test_attach_key():
    result = alice().ok("sign", "--attach-key", "--protocol", "openpgp", input=m.plain())
    keys = [content for kind, content in m.leaves(result.out) if kind == "application/pgp-keys"]
    equal(len(keys), 1, "application/pgp-keys parts")
    stranger = harness.Home()
    stranger.gpg("--import", input=keys[0])
    contains(stranger.gpg("--with-colons", "--list-keys").out.decode(), pgp.fpr("alice"), "attached key")
    stranger.close()


# --- passphrases ------------------------------------------------------------

LOCKED = m.plain(sender="Pat Locked <pat@example.org>")


@each(("sign", ("sign",)), ("encrypt --sign", ("encrypt", "--sign", "-r", "bob@example.org")))
def test_passphrase_fd(_, command):
    good = harness.Fd(pgp.PASSPHRASE + "\nignored second line\n")
    result = alice().ok(*command, "--protocol", "openpgp", "--passphrase-fd", good, input=LOCKED)
    report = verdict(bob(), result.out, 0)
    expect(report, signature="good", fingerprint=pgp.fpr("locked"))


def test_wrong_passphrase_is_8():
    alice().refuses(8, "sign", "--protocol", "openpgp", "--passphrase-fd", harness.Fd("wrong\n"),
                    input=LOCKED)
    mail = m.message(m.pgp_encrypted(pgp.encrypt(m.entity(), ("locked",))))
    alice().refuses(8, "decrypt", "--passphrase-fd", harness.Fd("wrong\n"), input=mail)


def test_decrypt_with_passphrase_fd():
    mail = m.message(m.pgp_encrypted(pgp.encrypt(m.entity(), ("locked",))))
    result = alice().ok("decrypt", "--passphrase-fd", harness.Fd(pgp.PASSPHRASE), input=mail)
    m.same_content(result.out, m.plain())


def test_passphrase_from_pinentry():
    home = pgp.fresh()
    home.answer(pgp.PASSPHRASE)
    result = home.ok("sign", "--protocol", "openpgp", input=LOCKED)
    expect(verdict(bob(), result.out, 0), signature="good")
    home.answer(None)
    home.refuses(8, "sign", "--protocol", "openpgp", input=LOCKED)


# --- what gpg writes --------------------------------------------------------

def from_bob(inner):
    return m.message(inner, sender=m.BOB, to=m.ALICE)


@each(*[("%s by %s" % (digest, signer), digest, signer) for signer in ("bob", "rsa") for digest in DIGESTS])
def test_verify_detached(_, digest, signer):
    part = m.entity()
    # EdDSA keys here take any digest; micalg names the one used
    inner = m.pgp_signed(part, pgp.sign(part, signer, digest=digest), "pgp-" + digest.lower())
    uid = pgp.PEOPLE[signer][0]
    name, address = re.match(r"(.*) <(.*)>", uid).groups()
    report = verdict(alice(), m.message(inner, sender=uid, to=m.ALICE), 0)
    expect(report, "signed-only", "good", "none", ["signed"], address=address, name=name,
           fingerprint=pgp.fpr(signer), protocol="openpgp")
    equal(report["from"], [address], "from")
    equal(report["reasons"], [], "reasons")


def test_verify_with_wrong_micalg():
    part = m.entity()
    for micalg in ("pgp-md5", "unknown", "SHA1"):
        inner = m.pgp_signed(part, pgp.sign(part, "bob", digest="SHA512"), micalg)
        expect(verdict(alice(), from_bob(inner), 0), "signed-only", "good")


@each(*m.SIZES)
def test_verify_sizes(_, size):
    part = m.split_entity(m.sample(size))[1]
    inner = m.pgp_signed(part, pgp.sign(part, "bob"))
    expect(verdict(alice(), from_bob(inner), 0), "signed-only", "good")


@each(*m.SIZES)
def test_decrypt_sizes(_, size):
    mail = m.sample(size)
    head, part = m.split_entity(mail)
    inner = m.pgp_encrypted(pgp.encrypt(part, signer="alice"))
    result = alice().ok("decrypt", alice().file("in.eml", head + inner))
    m.same_content(result.out, mail)


def test_decrypt_combined_says_what_is_lost():
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(m.entity(), signer="bob")))
    result = alice().ok("decrypt", input=mail)
    m.same_content(result.out, from_bob(m.entity()))
    result.expect_message("signature")
    expect(verdict(alice(), mail, 0), "signed-and-encrypted", "good", "ok", ["encrypted", "signed"],
           fingerprint=pgp.fpr("bob"))


def test_decrypt_encapsulated_keeps_the_signed_part():
    part = m.entity(b"Encapsulated text.\r\n")
    signed = m.pgp_signed(part, pgp.sign(part, "bob"))
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(signed)))
    expect(verdict(alice(), mail, 0), "signed-and-encrypted", "good", "ok", ["encrypted", "signed"])
    result = alice().ok("decrypt", input=mail)
    equal(m.raw_parts(m.crlf(result.out)), m.raw_parts(signed), "the signed part", result)
    expect(verdict(alice(), result.out, 0), "signed-only", "good", "none", ["signed"])


def test_decrypt_unsigned():
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(m.entity())))
    report = verdict(alice(), mail, 3)
    expect(report, "encrypted-only", "none", "ok", ["encrypted"])
    equal(report["decryption"]["authenticated"], True, "authenticated")
    equal(report["decryption"]["protocol"], "openpgp", "protocol")
    m.same_content(alice().ok("decrypt", input=mail).out, from_bob(m.entity()))


def test_decrypt_report_file():
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(m.entity(), signer="bob")))
    path = alice().file("report.json", b"")
    alice().ok("decrypt", "--report", path, input=mail)
    with open(path, encoding="utf-8") as source:
        report = harness.json.load(source)
    harness.check_report(report, 0)
    expect(report, "signed-and-encrypted", "good", "ok")


def test_decrypt_report_of_bad_signature_is_still_0():
    part = m.entity(b"Encapsulated text.\r\n")
    signed = m.pgp_signed(part.replace(b"text", b"TEXT"), pgp.sign(part, "bob"))
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(signed)))
    path = alice().file("report.json", b"")
    result = alice().ok("decrypt", "--report", path, input=mail)
    contains(result.out, b"Encapsulated TEXT.", "output")
    with open(path, encoding="utf-8") as source:
        expect(harness.json.load(source), "encrypted-only", "bad", "ok")


@each(("-z 0", "-z", "0"), ("zip", "--compress-algo", "zip"), ("zlib", "--compress-algo", "zlib"),
      ("bzip2", "--compress-algo", "bzip2"), ("AES128", "--cipher-algo", "AES128"),
      ("AES192", "--cipher-algo", "AES192"), ("CAMELLIA256", "--cipher-algo", "CAMELLIA256"),
      ("throw-keyids", "--throw-keyids"))
def test_decrypt_variants(_, *options):
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(m.entity(), signer="bob", options=options)))
    m.same_content(alice().ok("decrypt", input=mail).out, from_bob(m.entity()))
    expect(verdict(alice(), mail, 0), "signed-and-encrypted", "good", "ok")


def test_decrypt_as_one_of_many():
    everybody = ("bob", "carol", "rsa", "alice", "other")
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(m.entity(), everybody, signer="bob")))
    report = expect(verdict(alice(), mail, 0), "signed-and-encrypted", "good", "ok")
    equal(len(report["layers"][0]["recipients"]), 5, "recipients in the report")


def test_decrypt_as_hidden_recipient():
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(m.entity(), ("carol",), hidden=("bob", "alice"))))
    m.same_content(alice().ok("decrypt", input=mail).out, from_bob(m.entity()))


def test_decrypt_without_key():
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(m.entity(), ("carol", "rsa"))))
    alice().refuses(8, "decrypt", input=mail)
    report = verdict(alice(), mail, 8)
    expect(report, signature="none", decryption="no-key")
    alice().refuses(8, "show", input=mail)


def test_decrypt_what_is_not_encrypted():
    part = m.entity()
    signed = from_bob(m.pgp_signed(part, pgp.sign(part, "bob")))
    for mail in (m.plain(), signed):
        alice().refuses(3, "decrypt", input=mail)


def test_inspect_names_recipients_without_a_key():
    mail = from_bob(m.pgp_encrypted(pgp.encrypt(m.entity(), ("carol",))))
    text = harness.Home().ok("inspect", input=mail).out.decode()
    ids = pgp.recipients_of(m.parse(m.raw_parts(mail)[1]).get_payload(decode=True))
    contains(text.upper().replace(" ", ""), ids[0], "the tree")
    contains(text, "multipart/encrypted", "the tree")


def test_round_trip_in_both_homes():
    mail = m.with_attachment(5000, extra=["Cc: Carol Example <carol@example.org>"])
    sealed = alice().ok("encrypt", "--sign", "--protocol", "openpgp", input=mail).out
    for home in (alice(), bob()):
        expect(verdict(home, sealed, 0), "signed-and-encrypted", "good", "ok", ["encrypted", "signed"],
               address=ME, fingerprint=pgp.fpr("alice"))
        m.same_content(home.ok("decrypt", input=sealed).out, mail,
                       headers=("From", "To", "Cc", "Subject", "Date"))


# --- inline PGP -------------------------------------------------------------

def clearsigned(text):
    return pgp.shared("world").gpg("--local-user", pgp.fpr("bob"), "--clearsign", input=text).out


def test_inline_signed_is_no_protection_of_the_message():
    mail = from_bob(m.entity(clearsigned(b"Inline text.\n")))
    report = expect(verdict(alice(), mail, 3), "unprotected", "none", "none", [])
    equal([layer["status"] for layer in report["errant"]], ["good"], "errant layers")


def test_inline_signed_and_altered():
    text = clearsigned(b"Inline text.\n").replace(b"Inline", b"Online")
    report = verdict(alice(), from_bob(m.entity(text)), 3)
    equal([layer["status"] for layer in report["errant"]], ["bad"], "errant layers")


def test_inline_encrypted():
    mail = from_bob(m.entity(pgp.encrypt(b"Inline secret.\n", signer="bob")))
    report = verdict(alice(), mail, 3)
    equal(report["summary"], "unprotected", "summary")
    contains(alice().ok("decrypt", input=mail).out, b"Inline secret.", "decrypted message")


def test_inline_within_other_text_is_text():
    text = b"Look at this:\n" + clearsigned(b"Inline text.\n") + b"and this.\n"
    report = expect(verdict(alice(), from_bob(m.entity(text)), 3), "unprotected", "none")
    true(not [x for x in report["errant"] if x["status"] == "good"], "a quoted signature counts")


def test_sign_tells_of_bcc():
    for extra, warned in (("Bcc: carol@example.org", True), ("bcc : carol@example.org", True), ("X-Bcc: no", False)):
        mail = extra.encode() + b"\n" + m.plain(b"Bcc: no field\n")
        result = alice().ok("sign", "--protocol", "openpgp", input=mail)
        equal(b"Bcc" in result.err, warned, "a warning", result)
        lacks(result.out.lower(), b"carol@", "the message")


if __name__ == "__main__":
    harness.main(globals())
