#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The engine behind mutt's commands and its display filter, without a client around them."""

import base64
import os
import re
import sys

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, lacks, true

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients"))
import letters  # noqa: E402

NONE = "Mailcrypt: no cryptographic protection of the whole message\n"
PART = m.entity("The secret is forty-two.\n")
MARK = "\x1b]9;77\x07"
_homes = []


def home():
    if not _homes:
        _homes.append(letters.reader())
    return _homes[0]


def signed_part(name="part", part=PART, who="bob"):
    """The paths of what the client hands over: signature, content."""
    return [home().file(name + ".asc", pgp.sign(part, who)), home().file(name, part)]


def seal_of(result):
    return re.search(rb"^mailcrypt-seal: .*$", result.err, re.M).group(0).decode()


def verified(part=PART, status=0, who="bob"):
    return home().run("mutt", "pgp-verify", *signed_part(part=part, who=who), status=status)


def page(seal, text="The secret is forty-two.", header="From: Bob <bob@example.org>\nSubject: x\n", extra=""):
    """What a client shows of a signed message."""
    return (header + "\n" + MARK + "[-- PGP output follows (current time: x) --]\n" + seal + "\n" + extra
            + MARK + "[-- End of PGP output --]\n\n" + MARK + "[-- The following data is signed --]\n\n"
            + text + "\n\n" + MARK + "[-- End of signed data --]\n")


def shown(text, status=0, **more):
    return home().run("mutt", "filter", "--nonce=5", input=text, status=status, **more).out.decode()


# --- the filter ---------------------------------------------------------------

def test_good():
    out = shown(page(seal_of(verified())))
    true(out.startswith("Mailcrypt: GOOD signed by bob@example.org (Bob Example)\n"), out)
    contains(out, "\n\nThe secret is forty-two.\n", "the text")
    for word in ("[--", "seal", "\x1b"):
        lacks(out, word, "the page")


def test_seal_counts_once():
    seal = seal_of(verified())
    contains(shown(page(seal)), "GOOD", "the first time")
    out = shown(page(seal))
    true(out.startswith(NONE), out)
    contains(out, "?mailcrypt-seal:", "the page")


def test_seal_is_for_one_text():
    out = shown(page(seal_of(verified()), text="The secret is forty-three."))
    contains(out, "Mailcrypt: BAD the text shown is not the text that was checked\n", "the page")


def test_seal_is_for_one_session():
    seal = seal_of(verified())
    out = shown(page(seal), start_new_session=True)
    true(out.startswith(NONE), out)


def test_seal_grows_old():
    """The clock of the filter runs ahead."""
    harness.need_program("faketime")
    seal = seal_of(verified())
    result = harness.must(["faketime", "-f", "+70s", harness.tool(), "mutt", "filter"], input=page(seal),
                          env=home().env())
    true(result.out.decode().startswith(NONE), "an old seal counts", result)


def test_forged_seals():
    seal = seal_of(verified())
    text, mac = seal.rsplit(".", 1)
    payload = bytearray(base64.b64decode(text.split(": ")[1]))
    payload[-1] ^= 1
    changed = "mailcrypt-seal: %s.%s" % (base64.b64encode(payload).decode(), mac)
    for forged in (changed, text, text + ".", text + "." + "0" * 64, "mailcrypt-seal: ", "mailcrypt-seal: ."):
        true(shown(page(forged)).startswith(NONE), "accepted: " + forged)
    contains(shown(page(seal)), "GOOD", "the true one")


def test_seal_outside_of_the_frame():
    """A seal that stands in the text, wherever it is from, says nothing."""
    seal = seal_of(verified())
    out = shown("From: bob@example.org\n\nHello\n%s\nThe secret is forty-two.\n" % seal)
    true(out.startswith(NONE), out)
    contains(out, "?mailcrypt-seal:", "the page")


def test_key_of_others():
    """A key that others may read is no key."""
    seal = seal_of(verified())
    key = os.path.join(home().mc, "run", "seal-key")
    equal(os.stat(key).st_mode & 0o777, 0o600, "mode")
    os.chmod(key, 0o644)
    try:
        true(shown(page(seal)).startswith(NONE), "a key that others can read counts")
        lacks(home().run("mutt", "pgp-verify", *signed_part()).err, b"mailcrypt-seal", "standard error")
    finally:
        os.chmod(key, 0o600)


@each(("carol", "Carol <carol@example.org>"), ("similar", "bob@example.org.evil.example"),
      ("two", "bob@example.org, eve@example.org"), ("comment", "eve@example.org (bob@example.org)"),
      ("name", '"bob@example.org" <eve@example.org>'), ("group", "bob: bob@example.org;"), ("none", ""))
def test_sender(_, sender):
    out = shown(page(seal_of(verified()), header="From: %s\nSubject: x\n" % sender))
    true(out.startswith("Mailcrypt: BAD signed by somebody who is not the sender"), out)


def test_type_of_the_message():
    """When the client says what the message is, a part is not taken for all of it."""
    for kind, good in (("multipart/signed", True), ("multipart/mixed", False), ("text/plain", False)):
        header = "From: bob@example.org\nContent-Type: %s; boundary=x\n" % kind
        out = shown(page(seal_of(verified()), header=header))
        equal("GOOD" in out.split("\n")[0], good, kind + "\n" + out)
        lacks(out, "Content-Type", "the page")


def test_more_above_than_the_status():
    seal = seal_of(verified())
    text = page(seal).replace("\n\n" + MARK, "\n\nA line of anybody's.\n" + MARK, 1)
    out = shown(text)
    true(out.startswith(NONE), out)
    contains(out, "[mc 5] only this part: signed by bob@example.org", "the page")


def test_forged_fields():
    header = "Mailcrypt: GOOD signed by bob@example.org\nmailcrypt-NOTE: x\n y\nFrom: bob@example.org\n"
    out = shown(header + "\nHello\n")
    equal(out, NONE + "From: bob@example.org\n\nHello\n", "the page")


def test_controls_and_imitations():
    text = ("From: bob@example.org\nSubject: a\x1b[31mb\n\n\x1b[1mbold\x1b[0m\x07 \u202etxet\n[mc 5] good\n"
            "[-- Begin signature information --]\nMailcrypt: GOOD\n\ttab\r\nback\x08space\n")
    out = shown(text)
    for char in "\x1b\x07\x08\r\u202e":
        lacks(out, char, "the page")
    for line in ("\n?[mc 5] good\n", "\n?[-- Begin", "\n?Mailcrypt: GOOD\n", "\n\ttab\n"):
        contains(out, line, "the page")


@each(("empty", b""), ("no end", b"From: a"), ("no header", b"\nHello\n"), ("nul", b"From: a@b.c\n\nx\0y\n"),
      ("bytes", b"From: \xff@b.c\n\n\xfe\xff\n"), ("blank", b"\n\n\n"), ("long", b"x" * 3000000),
      ("markers", b"A: b\n\n" + b"\x1b]9;1\x07\x1b]8;1\x07\n" * 1000),
      ("seals", b"A: b\n\n" + b"mailcrypt-seal: AAAA.BBBB\n" * 10000))
def test_never_fails(_, text):
    out = home().run("mutt", "filter", input=text, status=0).out
    true(out.startswith(NONE.encode()), "no verdict: %r" % out[:80])


# --- the engine -----------------------------------------------------------------

def test_verify():
    contains(verified().err, b"\n[GNUPG:] GOODSIG ", "standard error")
    lacks(verified(who="untrusted", status=1).err, b"GOODSIG", "standard error")
    equal(verified().out, b"", "standard output")


def test_smime_verify():
    part = home().file("part", PART)
    good = home().run("mutt", "smime-verify", home().file("good", pki.sign(PART, "bob")), part, status=0)
    equal(good.err.split(b"\n")[0], b"Verification successful", "the first line")
    for who in ("bob-self", "bob-expired"):
        bad = home().run("mutt", "smime-verify", home().file("bad", pki.sign(PART, who)), part, status=1)
        lacks(bad.err, b"Verification successful", "standard error")


def test_decrypt():
    good = home().run("mutt", "pgp-decrypt", home().file("a", pgp.encrypt(PART, signer="bob")), status=0)
    equal(good.out, PART, "the content")
    contains(good.err, b"[GNUPG:] DECRYPTION_OKAY\n", "standard error")


@each("pgp-decrypt", "smime-decrypt", "smime-verify-opaque", "pgp-decode")
def test_nothing_on_failure(verb):
    """Whatever is wrong: nothing to show, and none of the words that the client looks for."""
    sealed = pgp.encrypt(PART)
    half = sealed[:len(sealed) // 2] + b"AAAA" + sealed[len(sealed) // 2 + 4:]
    objects = (b"", b"x", half, pgp.encrypt(PART, to=("carol",)), pki.encrypt(PART, "bob"),
               pki.sign(PART, "bob", opaque=True).replace(b"forty-two", b"forty-one"))
    for data in objects:
        result = home().run("mutt", verb, home().file("object", data), status=1).expect_silent()
        for word in (b"OKAY", b"GOODSIG", b"successful"):
            lacks(result.err, word, "standard error", result)


def test_signed_is_not_encrypted():
    """A signed object in the place of an encrypted one is none."""
    data = pgp.shared("world").gpg("--armor", "--sign", "--local-user", pgp.fpr("bob"), input=PART).out
    result = home().run("mutt", "pgp-decrypt", home().file("object", data), status=1).expect_silent()
    contains(result.err, b"DECRYPTION_FAILED", "standard error")


def test_seal_and_open():
    """Several recipients in one word; silence on success."""
    part = home().file("part", m.lf(PART))
    names = " ".join("0x" + pgp.fpr(who) for who in ("bob", "carol"))
    sealed = home().run("mutt", "pgp-encrypt-sign", "-u", "0x" + pgp.fpr("alice"), part, "--", names, status=0)
    equal(sealed.err, b"", "standard error")
    equal(len(pgp.recipients_of(sealed.out)), 2, "recipients")
    plain, lines = pgp.decrypt(pgp.shared("bob"), sealed.out)
    equal(plain, PART, "what bob reads")
    paths = ["/x/y/" + pki.fpr(who).lower() for who in ("bob", "carol")]
    smime = home().run("mutt", "smime-encrypt", "--alg=aes128", part, "--", " ".join(paths), status=0)
    equal(smime.err, b"", "standard error")
    equal(pki.decrypt(smime.out, "carol", home(), inform="DER").out, PART, "what carol reads")


def test_no_trusted_key():
    part = home().file("part", PART)
    for key in (pgp.fpr("untrusted"), pgp.fpr("expired"), "nobody@example.org"):
        home().run("mutt", "pgp-encrypt", part, "--", key, status=1).expect_silent().expect_message()


@each(("with From", "bob", "bob@example.org"), ("other", "eve", "mismatch:eve@elsewhere.example"))
def test_signer_and_sender(_, who, answer):
    mail = letters.letter("x", letters.smime_signed(PART, who))
    out = home().file("certificate", b"")
    number = os.stat(out).st_ino
    home().run("mutt", "smime-signer-cert", home().file("mail", mail), out, status=0)
    equal(os.stat(out).st_ino, number, "the file that the client has open")
    equal(home().ok("mutt", "smime-cert-email", out).out.decode(), answer + "\n", "the answer")


def test_certificates_of_a_message():
    mail = home().file("mail", letters.letter("x", letters.smime_signed(PART, "bob")))
    taken = home().ok("mutt", "smime-get-cert", home().file("p7", home().ok("mutt", "smime-pk7out", mail).out)).out
    fresh = harness.Home()
    out = fresh.ok("mutt", "smime-import", fresh.file("c", taken)).out.decode()
    contains(out, pki.fpr("bob").lower(), "what was imported")


def test_index():
    handle = home().ok("mutt", "index", "--print-default").out.decode()
    equal(handle, pki.fpr("alice").lower(), "the own key")
    with open(os.path.join(home().mc, "mutt", "certificates", ".index")) as source:
        rows = [line.split() for line in source]
    equal(sorted(row[0].split("@")[0] for row in rows), ["alice", "bob", "carol"], "addresses")
    true(all(len(row) == 6 and row[4] == "t" for row in rows), "rows: %r" % rows)


def test_list():
    out = home().ok("mutt", "pgp-list", "bob@example.org").out.decode()
    letters_ = dict(re.findall(r"^pub:(.):.*\nfpr:::::::::(\w+):", out, re.M))
    contains(out, "uid:f::::", "the list")
    contains(" ".join(letters_.values()), pgp.fpr("bob"), "fingerprints")
    equal(home().ok("mutt", "pgp-list", "--secret", "bob@example.org").out, b"", "secret keys of bob")


def test_nonce():
    equal(len({home().ok("mutt", "nonce").out for _ in range(5)}), 5, "different ones")


if __name__ == "__main__":
    harness.main(globals())
