#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the place of sendmail: what the mailer behind it is given, and what it is not."""

import os
import re
import signal
import sqlite3
import time

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, lacks, true
from mailer import MTA, SECRET, Mailer, key_ids, read_pgp, recipient_infos, subkeys

ALWAYS = "[policy *]\nencrypt=always\n"

_state = {}


def person():
    """alice with both protocols; dave has a certificate only, rita an OpenPGP key only."""
    if "home" not in _state:
        home = harness.Home(pgp.templates().alice)
        pki.give_anchor(home)
        pki.give_key(home, "alice")
        pki.give_certificates(home, "bob", "carol", "dave-enc")
        _state["home"] = home
    configure(_state["home"])
    return _state["home"]


def configure(home, text=""):
    with open(os.path.join(home.mc, "config"), "w") as out:
        out.write(text)


def mail(body=SECRET, to="bob@example.org", newline=m.lf, **headers):
    return newline(m.plain(body, to=to, **headers))


def run(home, *words, status=0, **more):
    return home.run("sendmail", *words, status=status, most=255, **more)


def send(home, letter, *recipients, status=0, script=MTA, **statuses):
    """The mailer after one message went through the tool; `n0=75` is how its first run ends."""
    mailer = Mailer(home, script, **statuses)
    mailer.result = run(home, "--mta=" + mailer.path, "--", *recipients, input=letter, status=status)
    return mailer


def refused(home, letter, *recipients, status=67):
    """Nothing may have left."""
    mailer = send(home, letter, *recipients, status=status)
    equal(mailer.taken(), [], "what the mailer has")
    return mailer.result


# --- in clear ---------------------------------------------------------------

@each(("lf", m.lf), ("crlf", m.crlf))
def test_unconfigured_it_changes_nothing(_, newline):
    home = person()
    letter = mail(b"Hello.\n.\nFrom here\n", newline=newline)
    mailer = send(home, letter, "bob@example.org", "hidden@example.org")
    words, got = mailer.taken()[0]
    equal(got, letter, "the message")
    equal(words, ["-oi", "--", "bob@example.org", "hidden@example.org"], "words")
    contains(mailer.result.out, b"mailer 0 speaks", "the mailer's own words")


@each(("mutt", ["-B8BITMIME", "-f", "alice@example.org", "-N", "failure,delay", "-R", "hdrs", "--", "bob@example.org"],
       ["-oi", "-B8BITMIME", "-f", "alice@example.org", "-N", "failure,delay", "-R", "hdrs"]),
      ("git", ["-f", "alice@example.org", "-i", "bob@example.org"], ["-f", "alice@example.org", "-i"]),
      ("aerc", ["bob@example.org"], ["-oi"]),
      ("dots", ["-oi", "-falice@example.org", "--", "bob@example.org"], ["-oi", "-falice@example.org"]),
      ("msmtp", ["-a", "work", "--read-envelope-from", "--tls=on", "bob@example.org"],
       ["-oi", "-a", "work", "--read-envelope-from", "--tls=on"]))
def test_options_are_the_mailers(_, words, wanted):
    home = person()
    for config in ("", ALWAYS):
        configure(home, config)
        mailer = Mailer(home)
        run(home, "--mta=" + mailer.path, *words, input=mail())
        equal(mailer.taken()[0][0], wanted + ["--", "bob@example.org"], "words with %r" % config)


# --- encrypted --------------------------------------------------------------

def test_encrypt():
    home = person()
    configure(home, ALWAYS)
    letter = mail(subject="secret things")
    (recipients, got), = send(home, letter, "bob@example.org").letters()
    equal(recipients, ["bob@example.org"], "recipients")
    inner, lines = read_pgp(got, "bob")
    equal(m.leaves(inner)[0][1], SECRET, "the text")
    true(not any(line.startswith("GOODSIG") for line in lines), "it is signed")
    equal(key_ids(got), subkeys("alice", "bob"), "keys")
    equal(m.header(got, "Subject"), "[...]", "the subject outside")
    equal(m.header(inner, "Subject"), "secret things", "the subject inside")
    lacks(got, b"\r", "line ends")


def test_no_key_and_nothing_leaves():
    home = person()
    configure(home, ALWAYS)
    result = refused(home, mail(to="bob@example.org, nobody@example.org"), "bob@example.org", "nobody@example.org")
    result.expect_message("nobody@example.org").expect_silent()
    contains(result.err, b"mailcrypt keys", "the mending command")



@each("sign", "both", "smime-both")
def test_signed(how):
    home = person()
    protocol = "smime" if how == "smime-both" else "openpgp"
    configure(home, "[general]\nprotocol=%s\nsign=always\nencrypt=%s\n" % (
        protocol, "never" if how == "sign" else "always"))
    (recipients, got), = send(home, mail(), "bob@example.org", "hidden@example.org"
                              if how == "sign" else "bob@example.org").letters()
    if how == "sign":
        equal(recipients, ["bob@example.org", "hidden@example.org"], "one message for all")
        part, signature = m.raw_parts(got)
        lines, result = pgp.verify_detached(pgp.shared("bob"), m.crlf(part), m.parse(signature).body)
        true(any(line.startswith("GOODSIG") for line in lines), "gpg does not like the signature", result)
        equal(m.leaves(part)[0][1], SECRET, "the text")
    elif how == "both":
        inner, lines = read_pgp(got, "bob")
        true(any(line.startswith("GOODSIG") for line in lines), "it is not signed: %r" % lines)
        equal(m.leaves(inner)[0][1], SECRET, "the text")
    else:
        inner = pki.decrypt(got, "bob", home).out
        contains(pki.verify(inner, home).out, SECRET.strip(), "the text")
        equal(recipient_infos(got, home), 2, "RecipientInfos")


def test_no_protected_field_names_a_hidden_one():
    """What the client left of Bcc goes out in no copy, in clear, signed or encrypted."""
    home = person()
    letter = mail(extra=["Bcc: carol@example.org", "bcc: Someone <eve@elsewhere.example>"])
    for wishes in ("", "sign=always\n", "encrypt=always\n"):
        configure(home, "[general]\n" + wishes)
        for _, got in send(home, letter, "bob@example.org", "carol@example.org").letters():
            text = got if "encrypt" not in wishes else got + read_pgp(got)[0]
            lacks(text.lower(), b"bcc:", "the message with %r" % wishes)
            lacks(text, b"carol@", "the message with %r" % wishes)
            lacks(text, b"eve@", "the message with %r" % wishes)


def test_split():
    """Rita can only have OpenPGP, Dave only S/MIME: each protocol's share gets one message."""
    home = person()
    configure(home, ALWAYS)
    to = "rita@example.org, dave@example.org, bob@example.org"
    letters = send(home, mail(to=to), "rita@example.org", "dave@example.org", "bob@example.org").letters()
    equal([recipients for recipients, _ in letters],
          [["bob@example.org", "rita@example.org"], ["dave@example.org"]], "recipients")
    equal(key_ids(letters[0][1]), subkeys("alice", "bob", "rsa"), "keys")
    equal(m.leaves(read_pgp(letters[0][1])[0])[0][1], SECRET, "the text")
    equal(recipient_infos(letters[1][1], home), 2, "RecipientInfos")
    contains(pki.decrypt(letters[1][1], "dave-enc", home).out, SECRET.strip(), "the text")
    equal(m.header(letters[1][1], "To"), to, "the field To")


@each("openpgp", "smime")
def test_bcc_gets_a_copy_of_its_own(protocol):
    """No other copy shows that there is somebody else, by key, certificate, address or number."""
    home = person()
    configure(home, "[general]\nprotocol=%s\nencrypt=always\n" % protocol)
    letters = send(home, mail(to="Bob <BOB@example.org>"), "bob@example.org", "carol@example.org",
                   "alice@example.org").letters()
    equal([recipients for recipients, _ in letters],
          [["bob@example.org"], ["carol@example.org"], ["alice@example.org"]], "recipients")
    for (_, got), who in zip(letters, ("bob", "carol", "alice")):
        if protocol == "openpgp":
            equal(key_ids(got), sorted(set(subkeys("alice", who))), "keys")
        else:
            equal(recipient_infos(got, home), 1 if who == "alice" else 2, "RecipientInfos")
            contains(pki.decrypt(got, who, home).out, SECRET.strip(), "the text")
        lacks(got, b"carol", "the message")


def test_more_than_memory_takes():
    """The message is read again for each copy, from where it is not to be read by others."""
    home = person()
    configure(home, ALWAYS + "[limits]\nmemory-bytes=65536\n")
    text = m.text_of(1 << 20)
    letters = send(home, mail(text), "bob@example.org", "carol@example.org").letters()
    for _, got in letters:
        equal(m.leaves(read_pgp(got)[0])[0][1], text, "the text")


# --- policy -----------------------------------------------------------------

def is_encrypted(home, letter, *recipients):
    kinds = {m.header(got, "Content-Type").split(";")[0] for _, got in send(home, letter, *recipients).letters()}
    equal(len(kinds), 1, "kinds of messages %r" % kinds)
    return kinds.pop() == "multipart/encrypted"


@each(("address", "[policy Bob@EXAMPLE.org]\nencrypt=always\n", True),
      ("domain", "[policy *@Example.org]\nencrypt=always\n", True),
      ("bare domain", "[policy @example.org]\nencrypt=always\n", True),
      ("other domain", "[policy *@example.net]\nencrypt=always\n", False),
      ("domain is no suffix", "[policy *@ample.org]\nencrypt=always\n", False),
      ("group", "[policy team]\nencrypt=always\n[groups]\nteam=carol@example.org;bob@example.org\n", True),
      ("other group", "[policy team]\nencrypt=always\n[groups]\nteam=carol@example.org\n", False),
      ("account", "[account alice@example.org]\nencrypt=always\n", True),
      ("other account", "[account eve@elsewhere.example]\nencrypt=always\n", False),
      ("account before general", "[general]\nencrypt=always\n[account alice@example.org]\nencrypt=never\n", False),
      ("policy before account", "[account alice@example.org]\nencrypt=never\n[policy *]\nencrypt=always\n", True),
      ("first match", "[policy bob@*]\nencrypt=never\n[policy *]\nencrypt=always\n", False),
      ("first match, other order", "[policy *]\nencrypt=always\n[policy bob@*]\nencrypt=never\n", True),
      ("first match with the key", "[policy bob@*]\nsign=never\n[policy *]\nencrypt=always\n", True),
      ("if possible", "[policy *]\nencrypt=if-possible\n", True))
def test_policy(_, config, wanted):
    home = person()
    configure(home, config)
    equal(is_encrypted(home, mail(), "bob@example.org"), wanted, "encrypted")


@each(("always before never", "always", "never", True), ("never before if-possible", "never", "if-possible", False),
      ("all if-possible", "if-possible", "if-possible", True))
def test_policies_of_several(_, bob, carol, wanted):
    home = person()
    configure(home, "[policy bob@example.org]\nencrypt=%s\n[policy carol@example.org]\nencrypt=%s\n" % (bob, carol))
    equal(is_encrypted(home, mail(to="bob@example.org, carol@example.org"), "bob@example.org", "carol@example.org"),
          wanted, "encrypted")


@each("nobody@example.org", "root")
def test_if_possible_means_all_or_nobody(whom):
    home = person()
    configure(home, "[general]\nencrypt=if-possible\nsign=if-possible\n")
    letters = send(home, mail(), "bob@example.org", whom).letters()
    equal(len(letters), 1, "messages")
    contains(letters[0][1], b"multipart/signed", "the message")
    contains(letters[0][1], SECRET.strip(), "the message")


def test_policy_for_a_group_that_is_none():
    home = person()
    configure(home, "[policy baord]\nencrypt=always\n[groups]\nboard=bob@example.org\n")
    refused(home, mail(), "bob@example.org", status=78).expect_message("baord")


def test_broken_configuration():
    home = person()
    configure(home, "[policy *]\nencrypt=maybe\n")
    refused(home, mail(), "bob@example.org", status=78).expect_message("maybe", "if-possible")


def test_plan_shows_the_policy():
    home = person()
    configure(home, "[policy team]\nencrypt=always\n[account alice@example.org]\nsign=if-possible\n"
              "[groups]\nteam=bob@example.org\n")
    report = home.run("--json", "plan", "--from", "alice@example.org", "bob@example.org", status=0).json()
    policies = {(p["address"], p["role"]): p["policy"] for p in report["parties"]}
    equal(policies["bob@example.org", "recipient"],
          {"sign": {"wish": "if-possible", "group": "account alice@example.org"},
           "encrypt": {"wish": "always", "group": "policy team"}}, "policy")
    equal(policies["alice@example.org", "self"], None, "policy for the sender")
    text = home.run("plan", "--from", "alice@example.org", "bob@example.org", status=0).out
    contains(text, b"encrypt always [policy team], sign if-possible [account alice@example.org]", "text")


# --- the message's own word -------------------------------------------------

@each(("encrypt", "", True), ("no-encrypt", "[general]\nencrypt=always\n", False),
      ("ENCRYPT, sign", "", True), ("no-encrypt;no-sign", "[general]\nencrypt=always\nsign=always\n", False))
def test_field(words, config, wanted):
    home = person()
    configure(home, config)
    letter = mail(extra=["X-Mailcrypt: " + words])
    (_, got), = send(home, letter, "bob@example.org").letters()
    equal(m.header(got, "Content-Type").startswith("multipart/encrypted"), wanted, "encrypted")
    text = got + read_pgp(got)[0] if wanted else got
    lacks(text.lower(), b"x-mailcrypt", "the message")
    if not wanted:
        equal(got, mail(), "all else")


def test_field_names_the_protocol():
    home = person()
    (_, got), = send(home, mail(extra=["X-Mailcrypt: smime encrypt"]), "bob@example.org").letters()
    contains(pki.decrypt(got, "bob", home).out, SECRET.strip(), "the text")


@each("encrpyt", "encrypt no-encrypt", "smime openpgp", "encrypt=no")
def test_field_that_cannot_be_meant(words):
    refused(person(), mail(extra=["X-Mailcrypt: " + words]), "bob@example.org", status=65).expect_message()


@each(("start", "[encrypt] hello", "hello"), ("end", "hello [ENCRYPT]", "hello"), ("middle", "a [encrypt] b", "a b"),
      ("twice", "[encrypt] Re: [encrypt] x", "Re: x"),
      ("encoded", "=?utf-8?q?=5Bencrypt=5D_Gr=C3=BC=C3=9Fe?=", "Gr\u00fc\u00dfe"),
      ("a trap", "=?utf-8?q?[encrypt]_a=0AX-Evil:_b?=", None))
def test_mark(_, subject, left):
    home = person()
    configure(home, "[general]\nencrypt-mark=[encrypt]\nheader-protection=none\n")
    (_, got), = send(home, mail(subject=subject), "bob@example.org").letters()
    inner, _ = read_pgp(got)
    for text in (got, inner):
        found = str(m.email.header.make_header(m.email.header.decode_header(m.header(text, "Subject"))))
        lacks(found.lower(), "[encrypt]", "the subject")
        equal(m.header(text, "X-Evil"), None, "a field made of the subject")
        if left is not None:
            equal(found, left, "the subject")
    equal(is_encrypted(home, mail(subject="hello"), "bob@example.org"), False, "without the mark")


def test_mark_to_sign():
    home = person()
    configure(home, "[general]\nsign-mark=[s]\n")
    (_, got), = send(home, mail(subject="[s] hello"), "bob@example.org").letters()
    contains(m.header(got, "Content-Type"), "multipart/signed", "the message")
    equal(m.header(got, "Subject"), "hello", "the subject")


def test_mark_against_field():
    home = person()
    configure(home, "[general]\nencrypt-mark=[encrypt]\n")
    refused(home, mail(subject="[encrypt] x", extra=["X-Mailcrypt: no-encrypt"]), "bob@example.org",
            status=65).expect_message("X-Mailcrypt")


# --- all or nothing ---------------------------------------------------------

@each(("visible", "bob@example.org, nobody@example.org"), ("hidden", "bob@example.org"))
def test_one_without_a_key(_, to):
    home = person()
    configure(home, ALWAYS)
    result = refused(home, mail(to=to), "bob@example.org", "nobody@example.org")
    result.expect_message("nobody@example.org", "[policy *]", "no-encrypt").expect_silent()
    contains(result.err, b"mailcrypt keys", "the mending command")


def test_all_who_lack_a_key_are_named():
    home = person()
    configure(home, ALWAYS)
    refused(home, mail(), "bob@example.org", "x@example.net", "y@example.net").expect_message(
        "x@example.net", "y@example.net")


def test_no_key_to_sign_with():
    home = person()
    configure(home, "[policy *]\nsign=always\n")
    refused(home, mail(sender="bob@example.org"), "bob@example.org", status=(67, 77)).expect_message("bob@example.org")


def test_no_passphrase():
    home = person()
    configure(home, "[policy *]\nsign=if-possible\n")
    refused(home, mail(sender="pat@example.org"), "bob@example.org", status=77).expect_message("passphrase")


def test_no_message():
    refused(person(), b"", "bob@example.org", status=65).expect_message()


# --- answers to encrypted mail ----------------------------------------------

def encrypted_to_alice(subject, inner=None):
    part = m.entity(b"quoted below\n") if inner is None else inner
    return m.header_block(sender=m.BOB, to=m.ALICE, subject=subject) + m.pgp_encrypted(pgp.encrypt(part, ("alice",)))


def answer(subject, to="bob@example.org", **more):
    name = re.sub(r"\W+", ".", subject)
    return mail(to=to, subject="Re: " + subject,
                extra=["In-Reply-To: <%s@example.org>" % name] + list(more.get("extra", ())))


@each(("show", ["show"]), ("decrypt", ["decrypt"]), ("extract", ["extract", "--part=1"]))
def test_answer_is_encrypted(command, words):
    home, subject = person(), "opened by %s" % command
    configure(home, "[policy *]\nencrypt=never\n")
    equal(is_encrypted(home, answer(subject), "bob@example.org"), False, "before it was opened")
    home.run(*words, input=encrypted_to_alice(subject), status=0)
    equal(is_encrypted(home, answer(subject), "bob@example.org"), True, "encrypted")
    result = refused(home, answer(subject, to="nobody@example.org"), "nobody@example.org")
    result.expect_message("nobody@example.org", "answers an encrypted message", "X-Mailcrypt: no-encrypt")
    equal(is_encrypted(home, answer(subject, extra=["X-Mailcrypt: no-encrypt"]), "bob@example.org"), False,
          "with the explicit word")


def test_answer_in_a_thread():
    """The encrypted one may be further up."""
    home = person()
    home.run("show", input=encrypted_to_alice("far up"), status=0)
    letter = mail(extra=["In-Reply-To: <other@example.org>",
                         "References: <a@example.org>\r\n <far.up@example.org> <b@example.org>"])
    equal(is_encrypted(home, letter, "bob@example.org"), True, "encrypted")


@each("verify", "inspect", "failed show", "plain show")
def test_what_was_not_opened(how):
    home, subject = person(), "not opened: %s" % how
    letter = encrypted_to_alice(subject)
    if how == "failed show":
        sealed = pgp.encrypt(m.entity(b"x\n"), ("carol",))
        home.run("show", input=m.header_block(sender=m.BOB, to=m.ALICE, subject=subject) + m.pgp_encrypted(sealed),
                 status=8)
    elif how == "plain show":
        home.run("show", input=m.plain(subject=subject), status=0)
    else:
        home.run(how, input=letter, status=(0, 3))
    equal(is_encrypted(home, answer(subject), "bob@example.org"), False, "encrypted")


def test_a_smime_message_is_remembered():
    home, subject = person(), "smime one"
    sealed = m.smime_opaque(pki.encrypt(m.entity(b"x\n"), "alice"), "enveloped-data")
    home.run("show", input=m.header_block(sender=m.BOB, to=m.ALICE, subject=subject) + sealed, status=0)
    equal(is_encrypted(home, answer(subject), "bob@example.org"), True, "encrypted")


def test_memory_can_be_off():
    home, subject = person(), "forgotten"
    configure(home, "[general]\nreply-memory=0\n")
    home.run("show", input=encrypted_to_alice(subject), status=0)
    configure(home)
    equal(is_encrypted(home, answer(subject), "bob@example.org"), False, "what was opened while it was off")
    home.run("show", input=encrypted_to_alice(subject), status=0)
    equal(is_encrypted(home, answer(subject), "bob@example.org"), True, "encrypted")
    configure(home, "[general]\nreply-memory=0\n")
    equal(is_encrypted(home, answer(subject), "bob@example.org"), False, "asked while it is off")


def test_memory_has_an_end_and_no_names():
    home, subject = person(), "of old"
    home.run("show", input=encrypted_to_alice(subject), status=0)
    equal(is_encrypted(home, answer(subject), "bob@example.org"), True, "encrypted")
    path = os.path.join(home.mc, "store.db")
    store = sqlite3.connect(path)
    store.execute("UPDATE opened SET opened_at = opened_at - 731 * 86400")
    store.commit()
    equal(is_encrypted(home, answer(subject), "bob@example.org"), False, "after two years")
    home.run("show", input=encrypted_to_alice("of today"), status=0)
    equal(store.execute("SELECT count(*) FROM opened").fetchone(), (1,), "what is left in the store")
    store.close()
    for name in os.listdir(home.mc):
        if name.startswith("store.db"):
            with open(os.path.join(home.mc, name), "rb") as source:
                lacks(source.read(), b"of.today@", name)


def test_memory_that_cannot_be_asked():
    """No answer is not a no."""
    home = harness.Home(pgp.templates().alice)
    os.mkdir(home.mc, 0o700)
    with open(os.path.join(home.mc, "store.db"), "w") as out:
        out.write("this is no database, and long enough to be looked at as one" * 20)
    refused(home, answer("whatever"), "bob@example.org", status=75).expect_message("store.db")
    equal(send(home, mail(), "bob@example.org").taken()[0][1], mail(), "a message that answers none")
    home.close()


# --- what passes ------------------------------------------------------------

def protected():
    """What mail programs make by themselves, each made once."""
    if "protected" in _state:
        return _state["protected"]
    part = m.entity(SECRET)
    smime = pki.encrypt(part, "bob")
    _state["protected"] = {
        "pgp-encrypted": m.pgp_encrypted(pgp.encrypt(part, ("bob",))),
        "enveloped": m.smime_opaque(smime, "enveloped-data"),
        "x-enveloped": m.smime_opaque(smime, "enveloped-data", subtype="x-pkcs7-mime"),
        "pgp-signed": m.pgp_signed(part, pgp.sign(part, "alice")),
        "smime-signed": m.smime_signed(part, pki.sign(part, "alice")),
        "smime-opaque": m.smime_opaque(pki.sign(part, "alice", opaque=True)),
    }
    return _state["protected"]


ENCRYPTED = ("pgp-encrypted", "enveloped", "x-enveloped")
SIGNED = ("pgp-signed", "smime-signed", "smime-opaque")


@each(*((kind, config, newline) for kind in ENCRYPTED + SIGNED for config in ("if-possible", "always")
        for newline in ("lf", "crlf") if kind in ENCRYPTED or config == "if-possible"))
def test_protected_passes(kind, config, newline):
    home = person()
    configure(home, "[general]\nsign=%s\nencrypt=%s\nencrypt-mark=[e]\n" % (config, config))
    letter = m.header_block(to="bob@example.org", subject="a [e] b") + protected()[kind]
    letter = m.lf(letter) if newline == "lf" else letter
    letter = letter if kind in ENCRYPTED else letter.replace(b"[e]", b"(e)")
    (words, got), = send(home, letter, "bob@example.org", "nobody@example.org").taken()
    equal(got, letter, "the message")
    equal(words, ["-oi", "--", "bob@example.org", "nobody@example.org"], "words")


@each(*SIGNED)
def test_signed_only_is_not_encrypted(kind):
    """Who wants encryption always does not get a signature instead."""
    home = person()
    configure(home, ALWAYS)
    letter = m.header_block(to="bob@example.org", subject="x") + protected()[kind]
    refused(home, letter, "bob@example.org", status=77).expect_message("signed", "no-encrypt")
    word = m.header_block(to="bob@example.org", subject="x", extra=["X-Mailcrypt: no-encrypt"]) + protected()[kind]
    (_, got), = send(home, word, "bob@example.org").taken()
    equal(got, letter, "the message, without the word")
    configure(home)
    home.run("show", input=encrypted_to_alice("is signed"), status=0)
    letter = m.header_block(to="bob@example.org", subject="x", extra=["In-Reply-To: <is.signed@example.org>"])
    refused(home, letter + protected()[kind], "bob@example.org", status=77).expect_message("answers an encrypted")


def test_bounce():
    home = person()
    configure(home, ALWAYS + "sign=always\n[general]\nfcc=%s\n" % os.path.join(home.work, "never"))
    letter = (b"Resent-From: alice@example.org\nResent-To: nobody@example.org\n"
              + mail(extra=["X-Mailcrypt: nonsense", "Bcc: x@example.org"]))
    (words, got), = send(home, letter, "nobody@example.org").taken()
    equal(got, letter, "the message")
    equal(words, ["-oi", "--", "nobody@example.org"], "words")
    true(not os.path.exists(os.path.join(home.work, "never")), "a copy of a bounce was kept")
    configure(home, ALWAYS)
    late = mail(extra=["Resent-To: nobody@example.org"])
    refused(home, late, "nobody@example.org")


# --- recipients of the header -----------------------------------------------

def test_recipients_of_the_header():
    home = person()
    configure(home, ALWAYS)
    letter = mail(to="Bob <bob@example.org>", extra=["Cc: rita@example.org", "Bcc: carol@example.org"])
    mailer = Mailer(home)
    run(home, "--mta=" + mailer.path, "-t", "-i", "eve@elsewhere.example", input=letter)
    equal([recipients for recipients, _ in mailer.letters()],
          [["bob@example.org", "rita@example.org"], ["eve@elsewhere.example"], ["carol@example.org"]], "recipients")
    for words, got in mailer.taken():
        equal(words[:1], ["-i"], "words")
        lacks(got.lower(), b"bcc:", "the message")


@each("-t", "-ti", "-it")
def test_in_clear_the_mailer_reads_the_header(words):
    home = person()
    letter = mail(extra=["Bcc: carol@example.org"])
    mailer = Mailer(home)
    run(home, "--mta=" + mailer.path, words, input=letter)
    (got_words, got), = mailer.taken()
    equal(got, letter, "the message")
    equal([word for word in got_words if word != "-oi"], [words], "words")


def test_recipients_that_cannot_be_read():
    home = person()
    mailer = Mailer(home)
    run(home, "--mta=" + mailer.path, "-t", input=mail(to="bob@example.org, <broken"), status=65)
    run(home, "--mta=" + mailer.path, "-t", input=mail(to=None), status=65)
    equal(mailer.taken(), [], "what the mailer has")


# --- the mailer -------------------------------------------------------------

@each(*((status, 75 if status in (126, 127) else status) for status in (1, 2, 64, 67, 75, 78, 126, 127, 255)))
def test_status_of_the_mailer(status, wanted):
    mailer = send(person(), mail(), "bob@example.org", n0=status, status=wanted)
    equal(len(mailer.taken()), 1, "messages")
    mailer.result.expect_message("status %d" % status)
    contains(mailer.result.out, b"mailer 0 speaks", "the mailer's own words")


LARGE = mail(m.text_of(1 << 20))


@each(("ends at once", "exit 0", LARGE, 75), ("refuses at once", "echo no >&2; exit 69", LARGE, 69),
      ("reads a little", "head -c 10 >/dev/null; exit 0", LARGE, 75),
      ("is killed", "cat >/dev/null; kill -9 $$", mail(), 75), ("is terminated", "kill $$; sleep 5", LARGE, 75),
      ("does not read what is small", "exit 66", mail(), 66))
def test_mailer_that(_, script, letter, status):
    result = send(person(), letter, "bob@example.org", script="#!/bin/sh\n%s\n" % script, status=status).result
    result.expect_message("mta")


def test_mailer_that_is_not_there():
    result = run(person(), "--mta=/nonexistent/mta", "--", "bob@example.org", input=mail(), status=69)
    result.expect_message("/nonexistent/mta", "--mta")


def test_mailer_of_the_configuration():
    home = person()
    mailer, other = Mailer(home), Mailer(home)
    configure(home, "[general]\nmta=%s -a 'two words'\n[account eve@elsewhere.example]\nmta=%s\n" % (
        mailer.path, other.path))
    run(home, "-i", "--", "bob@example.org", input=mail())
    equal(mailer.taken()[0][0], ["-a", "two words", "-i", "--", "bob@example.org"], "words")
    run(home, "--", "bob@example.org", input=mail(sender="eve@elsewhere.example"))
    equal(len(other.taken()), 1, "messages of the other account")


def test_one_of_several_fails():
    """Who has it already is said, and nobody after that gets it."""
    home = person()
    configure(home, ALWAYS)
    mailer = send(home, mail(), "bob@example.org", "carol@example.org", "rita@example.org", n1=75, status=75)
    equal([recipients for recipients, _ in mailer.letters()], [["bob@example.org"], ["carol@example.org"]], "tried")
    mailer.result.expect_message("bob@example.org")
    lacks(mailer.result.err, b"carol@example.org", "those who have it")


def test_terminated_while_the_mailer_reads():
    """Half a message must not look like a whole one."""
    home = person()
    mailer = Mailer(home, "#!/bin/sh\nsh -c 'head -c 100 >/dev/null; : > $0.d/started; sleep 1; cat >/dev/null;"
                    " : > $0.d/whole' \"$0\"\n")
    proc = home.process("sendmail", "--mta=" + mailer.path, "bob@example.org", start_new_session=True)
    proc.stdin.write(LARGE)
    proc.stdin.close()
    end = time.monotonic() + 30
    while not os.path.exists(mailer.path + ".d/started"):
        true(time.monotonic() < end, "the mailer was not started")
        time.sleep(0.02)
    proc.terminate()
    equal(proc.wait(30), -signal.SIGTERM, "end of the tool")
    proc.stdout.read()
    proc.stdout.close()
    proc.stderr.close()
    time.sleep(1.5)
    true(not os.path.exists(mailer.path + ".d/whole"), "the mailer came to the end of its input")


def test_terminated_between_two():
    """Who has it already is said all the same."""
    home = person()
    configure(home, ALWAYS)
    mailer = Mailer(home, MTA.replace("echo", "[ $n = 1 ] && kill -TERM $PPID && sleep 0.5\necho"))
    proc = home.process("sendmail", "--mta=" + mailer.path, "bob@example.org", "carol@example.org", "rita@example.org")
    _, err = proc.communicate(mail(), 60)
    equal(proc.returncode, -signal.SIGTERM, "end of the tool")
    contains(err, b"bob@example.org", "standard error")
    lacks(err, b"rita@example.org", "standard error")
    equal(len(mailer.taken()), 2, "messages")


# --- the command line -------------------------------------------------------

@each(("nobody", []), ("queue", ["-q"]), ("smtp", ["-bs"]), ("mailq", ["-bp"]), ("a value is missing", ["bob@x.org", "-f"]),
      ("a stranger's address", ["--config=x@example.org"]), ("a stranger's mailer", ["--mta=/bin/x@example.org"]))
def test_usage(_, words):
    home = person()
    mailer = Mailer(home)
    configure(home, "[general]\nmta=%s\n" % mailer.path)
    run(home, *words, input=mail(), status=2).expect_message().expect_silent()
    equal(mailer.taken(), [], "what the mailer has")


def test_addresses_that_look_like_options():
    home = person()
    mailer = Mailer(home)
    run(home, "--mta=" + mailer.path, "--", "--mta=/bin/false", "-t", input=mail())
    equal(mailer.taken()[0][0], ["-oi", "--", "--mta=/bin/false", "-t"], "words")


@each("before", "behind")
def test_general_options(where):
    home = person()
    other = home.file("other-config", ALWAYS)
    mailer = Mailer(home)
    words = ["--config", other, "sendmail"] if where == "before" else ["sendmail", "--config", other]
    home.run(*words, "--mta=" + mailer.path, "bob@example.org", input=mail(), status=0)
    contains(mailer.taken()[0][1], b"multipart/encrypted", "the message")


def test_git_send_email():
    harness.need_program("git")
    if harness.run(["git", "send-email", "-h"]).status not in (0, 129):
        harness.skip("no git send-email")
    home = person()
    configure(home, ALWAYS)
    mailer = Mailer(home)
    patch = home.file("0001-x.patch", "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n"
                      "From: Alice Example <alice@example.org>\nDate: %s\nSubject: [PATCH] x\n\nsecret\n" % m.DATE)
    harness.must(["git", "send-email", "--quiet", "--confirm=never", "--suppress-cc=all",
                  "--from=Alice Example <alice@example.org>", "--to=bob@example.org", "--bcc=carol@example.org",
                  "--sendmail-cmd=%s sendmail --mta=%s" % (harness.tool(), mailer.path), patch],
                 env=home.env(GIT_CONFIG_NOSYSTEM="1"), cwd=home.work)
    equal([recipients for recipients, _ in mailer.letters()], [["bob@example.org"], ["carol@example.org"]], "recipients")
    for _, got in mailer.letters():
        contains(m.leaves(read_pgp(got)[0])[0][1], b"secret", "the text")


# --- an own copy ------------------------------------------------------------

def kept(folder):
    equal(os.listdir(os.path.join(folder, "tmp")), [], "tmp")
    found = []
    for name in sorted(os.listdir(os.path.join(folder, "new"))):
        path = os.path.join(folder, "new", name)
        equal(os.stat(path).st_mode & 0o777, 0o600, "mode of the copy")
        with open(path, "rb") as source:
            found.append(source.read())
    return found


def maildir(home, *more):
    _state["folders"] = _state.get("folders", 0) + 1
    folder = os.path.join(home.path, "sent%d" % _state["folders"])
    configure(home, "[general]\nfcc=~/%s\n" % os.path.basename(folder) + "".join(more))
    return folder


def test_copy_is_what_was_sent():
    home = person()
    folder = maildir(home, ALWAYS)
    mailer = send(home, mail(), "bob@example.org", "carol@example.org")
    equal(kept(folder), [mailer.taken()[0][1]], "what was kept")
    equal(m.leaves(read_pgp(kept(folder)[0], "world")[0])[0][1], SECRET, "the text")
    send(home, mail(), "bob@example.org")
    equal(len(kept(folder)), 2, "copies")


@each(("clear", ""), ("signed", "[policy *]\nsign=always\n"))
def test_copy_is_ciphertext_only(how, config):
    home = person()
    folder = maildir(home, config)
    (_, got), = send(home, mail(), "bob@example.org").taken()
    contains(got, SECRET.strip(), "what was sent")
    copy, = kept(folder)
    inner, lines = read_pgp(copy, "world")
    equal(m.leaves(inner)[0][1], SECRET, "the text")
    equal(any(line.startswith("GOODSIG") for line in lines), how == "signed", "signed")
    equal(key_ids(copy), subkeys("alice"), "keys")


def test_copy_of_what_came_encrypted():
    home = person()
    folder = maildir(home)
    letter = m.lf(m.header_block(to="bob@example.org", subject="x") + protected()["pgp-encrypted"])
    send(home, letter, "bob@example.org")
    equal(kept(folder), [letter], "what was kept")


def test_no_copy_of_what_was_not_sent():
    home = person()
    folder = maildir(home, ALWAYS)
    send(home, mail(), "bob@example.org", n0=75, status=75)
    equal(kept(folder), [], "what was kept")


def test_copy_that_cannot_be_made():
    """That is known before anything is sent."""
    home = person()
    configure(home, "[general]\nfcc=/nonexistent/folder/sent\n")
    refused(home, mail(), "bob@example.org", status=75).expect_message("/nonexistent/folder/sent")
    configure(home, "[general]\nfcc=sent\n")
    refused(home, mail(), "bob@example.org", status=78).expect_message("fcc")
    maildir(home)
    refused(home, mail(sender="nobody@example.org"), "bob@example.org").expect_message("fcc", "nobody@example.org")


def test_copy_of_an_account():
    home = person()
    folder, other = maildir(home), os.path.join(home.path, "account")
    configure(home, "[general]\nfcc=%s\n[account alice@example.org]\nfcc=%s\n" % (folder, other))
    send(home, mail(), "bob@example.org")
    equal(len(kept(other)), 1, "copies")
    true(not os.path.exists(folder), "a copy in the general place")


if __name__ == "__main__":
    harness.main(globals())
