#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the place of sendmail: what the mailer behind it is given, and what it is not."""

import os
import re

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, lacks, true

SECRET = b"The secret is forty-two.\n"
ALWAYS = "[policy *]\nencrypt=always\n"

# Keeps its words and what it reads; ends as a file beside it says.
MTA = """#!/bin/sh
n=0
while [ -e "$0.d/$n.eml" ]; do n=$((n + 1)); done
for word in "$@"; do printf '%s\\n' "$word"; done > "$0.d/$n.argv"
cat > "$0.d/$n.eml"
echo "mailer $n speaks"
[ -e "$0.d/$n.status" ] && exit "$(cat "$0.d/$n.status")"
exit 0
"""

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


class Mailer:
    """A mailer that keeps what it is given."""

    def __init__(self, home, script=MTA, **statuses):
        _state["mailers"] = _state.get("mailers", 0) + 1
        self.path = home.file("mta%d" % _state["mailers"], script)
        os.chmod(self.path, 0o755)
        os.mkdir(self.path + ".d")
        for number, status in statuses.items():
            self.put("%s.status" % number[1:], str(status))

    def put(self, name, text):
        with open(os.path.join(self.path + ".d", name), "w") as out:
            out.write(text)

    def taken(self):
        """[(words, message)] in their order."""
        found = []
        while os.path.exists("%s.d/%d.eml" % (self.path, len(found))):
            start = "%s.d/%d" % (self.path, len(found))
            with open(start + ".argv") as words, open(start + ".eml", "rb") as mail:
                found.append((words.read().splitlines(), mail.read()))
        return found

    def letters(self):
        """[(recipients, message)]."""
        return [(sorted(words[words.index("--") + 1:]), mail) for words, mail in self.taken()]


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


def read_pgp(letter, who="world"):
    lacks(letter, SECRET.strip(), "the message")
    return pgp.decrypt(pgp.shared(who), m.raw_parts(letter)[1])


def key_ids(letter):
    return sorted(pgp.recipients_of(m.raw_parts(letter)[1]))


def subkeys(*names):
    """The ids of these people's encryption keys."""
    home, found = pgp.shared("world"), []
    for name in names:
        listing = home.gpg("--with-colons", "--list-keys", pgp.fpr(name)).out.decode()
        found += [line.split(":")[4] for line in listing.splitlines()
                  if line.startswith("sub:") and "e" in line.split(":")[11]]
    return sorted(found)


def recipient_infos(letter, home):
    """How many RecipientInfos the object has."""
    return len(re.findall(r"\bd\.(?:ktri|kari|kekri|pwri|ori)\b", pki.structure(letter, home)))


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
            lacks(text.lower(), b"bcc", "the message with %r" % wishes)
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


if __name__ == "__main__":
    harness.main(globals())
