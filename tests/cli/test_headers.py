#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Header protection (RFC 9788): what is read, shown and restored, in both protocols."""

import os
import re

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, expect, lacks, skip, true, verdict

BOTH = ("openpgp", "smime")
STATES = {"clear": "signed-only", "cipher": "signed-and-encrypted"}
EVIL = "evil@elsewhere.example"


def home_of(protocol, who="alice"):
    return (pgp if protocol == "openpgp" else pki).shared(who)


def sign(protocol, part, who="bob"):
    if protocol == "openpgp":
        return m.pgp_signed(part, pgp.sign(part, who))
    return m.smime_signed(part, pki.sign(part, who))


def seal(protocol, part):
    if protocol == "openpgp":
        return m.pgp_encrypted(pgp.encrypt(part, ("alice",)))
    return m.smime_opaque(pki.encrypt(part, "alice"), "enveloped-data")


FIELDS = ("From: " + m.BOB, "To: " + m.ALICE, "Subject: the inner subject", "Message-ID: <inner@example.org>")
RECORD = ("HP-Outer: From: " + m.BOB, "HP-Outer: To: " + m.ALICE, "HP-Outer: Subject: [...]",
          "HP-Outer: Message-ID: <inner@example.org>")


def payload(hp="cipher", fields=FIELDS, record=RECORD, params="", body=b"Inner text.\r\n", ctype="text/plain"):
    kind = "%s; charset=utf-8%s%s" % (ctype, '; hp="%s"' % hp if hp else "", params)
    return m.entity(body, kind, extra=(*fields, *record))


def outer(inner, sender=m.BOB, subject="[...]", **more):
    return m.message(inner, sender=sender, to=m.ALICE, subject=subject, **more)


def both_layers(protocol, part, **more):
    return outer(seal(protocol, sign(protocol, part)), **more)


def states(report):
    return {h["name"]: h["state"] for h in report["headers"]}


def values(report, name):
    return [h["value"] for h in report["headers"] if h["name"].lower() == name.lower()]


def codes(report):
    return [reason["code"] for reason in report["reasons"]]


def judge(protocol, mail, status, *options, **words):
    return expect(verdict(home_of(protocol), mail, status, *options), **words)


# --- states -----------------------------------------------------------------

@each(*BOTH)
def test_signed_only(protocol):
    mail = outer(sign(protocol, payload("clear", record=())), subject="[list] changed",
                 extra=["Received: from x by y", "Cc: " + EVIL])
    report = judge(protocol, mail, 0, summary="signed-only")
    found = states(report)
    equal((found["Subject"], found["From"], found["Received"], found["Cc"]),
          ("signed-only", "signed-only", "unprotected", "unprotected"), "states")
    subject = [h for h in report["headers"] if h["name"] == "Subject"][0]
    equal((subject["value"], subject["outer"]), ("the inner subject", "[list] changed"), "Subject")
    contains(codes(report), "header-added", "reasons")
    shown = home_of(protocol).ok("show", input=mail).out
    contains(shown, b"Subject: the inner subject", "show")
    lacks(shown, b"Cc: ", "show")


@each(*BOTH)
def test_signed_and_encrypted(protocol):
    mail = both_layers(protocol, payload())
    report = judge(protocol, mail, 0, summary="signed-and-encrypted")
    found = states(report)
    equal((found["Subject"], found["From"]), ("signed-and-encrypted", "signed-only"), "states")
    contains(home_of(protocol).ok("show", input=mail).out, b"Subject: the inner subject", "show")


@each(*BOTH)
def test_encrypted_only(protocol):
    report = judge(protocol, outer(seal(protocol, payload())), 3, summary="encrypted-only")
    found = states(report)
    equal((found["Subject"], found["From"]), ("encrypted-only", "unprotected"), "states")


@each(*BOTH)
def test_bad_signature_lowers_silently(protocol):
    mail = both_layers(protocol, payload()) if protocol == "smime" else None
    signed = sign(protocol, payload()).replace(b"Inner text", b"Inner test")
    mail = outer(seal(protocol, signed))
    report = judge(protocol, mail, 4, summary="encrypted-only", signature="bad")
    equal(states(report)["Subject"], "encrypted-only", "state")


@each(*BOTH)
def test_cipher_without_encryption(protocol):
    mail = outer(sign(protocol, payload("cipher")))
    found = states(judge(protocol, mail, 0, summary="signed-only"))
    equal((found["Subject"], found["From"]), ("signed-only", "signed-only"), "states")


@each(*BOTH)
def test_clear_inside_encryption(protocol):
    for record in ((), RECORD):
        mail = both_layers(protocol, payload("clear", record=record))
        found = states(judge(protocol, mail, 0, summary="signed-and-encrypted"))
        equal(set(found[n] for n in ("Subject", "From", "To")), {"signed-only"}, "states")


@each(*BOTH)
def test_stripped_outside(protocol):
    """What is missing outside was not confidential for that."""
    part = payload(fields=(*FIELDS, "Cc: carol@example.org"), record=(*RECORD, "HP-Outer: Cc: carol@example.org"))
    report = judge(protocol, both_layers(protocol, part), 0)
    equal(states(report)["Cc"], "signed-only", "state")


@each(*BOTH)
def test_record_outside_is_phony(protocol):
    mail = both_layers(protocol, payload(), extra=["HP-Outer: Subject: the inner subject"])
    report = judge(protocol, mail, 0)
    equal(states(report)["Subject"], "signed-and-encrypted", "state")
    true("HP-Outer" not in states(report), "HP-Outer is listed")


# --- where it does not count ------------------------------------------------

@each(*BOTH)
def test_below_the_payload_root(protocol):
    part = m.multipart([payload(), m.entity(b"second\r\n")])
    mail = both_layers(protocol, part, subject="outer subject")
    report = judge(protocol, mail, 0)
    equal((values(report, "Subject"), states(report)["Subject"]), (["outer subject"], "unprotected"), "Subject")


@each(*BOTH)
def test_given_twice(protocol):
    for params in ('; hp="clear"', '; hp="cipher"'):
        mail = both_layers(protocol, payload(params=params), subject="outer subject")
        report = judge(protocol, mail, 0)
        equal((values(report, "Subject"), states(report)["Subject"]), (["outer subject"], "unprotected"), "Subject")


def test_without_any_layer():
    mail = m.header_block(subject="outer subject", sender=m.BOB, mime_version=False) + m.entity(
        b"x\r\n", 'text/plain; hp="cipher"', extra=["Subject: second"])
    report = verdict(home_of("openpgp"), mail, 3)
    equal(states(report)["Subject"], "unprotected", "state")


@each(*BOTH)
def test_not_for_the_reader(protocol):
    """Who cannot decrypt sees what is outside, as unprotected."""
    mail = both_layers(protocol, payload())
    stranger = harness.Home()
    report = verdict(stranger, mail, 8)
    equal((values(report, "Subject"), states(report)["Subject"]), (["[...]"], "unprotected"), "Subject")
    stranger.close()


# --- From -------------------------------------------------------------------

@each(*BOTH)
def test_from_inside_is_held_against_the_signer(protocol):
    mail = both_layers(protocol, payload(), sender="List <list@example.net>")
    report = judge(protocol, mail, 0, summary="signed-and-encrypted", signature="good")
    equal(report["from"], ["bob@example.org"], "from")
    equal(values(report, "From"), [m.BOB], "From")
    # and the other way round: the outer From cannot lend its name
    fields = ("From: carol@example.org", *FIELDS[1:])
    mail = both_layers(protocol, payload(fields=fields))
    report = judge(protocol, mail, 7, signature="not-sender")
    equal(report["from"], ["bob@example.org"], "from")
    contains(codes(report), "from-mismatch", "reasons")


@each(*BOTH)
def test_from_inside_without_signature(protocol):
    mail = outer(seal(protocol, payload()), sender=EVIL)
    report = judge(protocol, mail, 3, summary="encrypted-only")
    equal((report["from"], values(report, "From")), ([EVIL], [EVIL]), "from")
    text = [r["text"] for r in report["reasons"] if r["code"] == "from-mismatch"]
    true(text and EVIL in text[0] and "bob@example.org" in text[0], "the warning shows both: %r" % text)
    home = home_of(protocol)
    lacks(home.ok("show", input=mail).out.split(b"\n\n")[0], b"From: Bob", "show")
    out = home.ok("decrypt", input=mail).out
    equal([v for v in re.findall(rb"(?m)^From: (.*?)\r?$", m.split(out)[0])], [EVIL.encode()], "decrypted From")


@each(*BOTH)
def test_second_from(protocol):
    fields = (FIELDS[0], "From: " + EVIL, *FIELDS[1:])
    judge(protocol, both_layers(protocol, payload(fields=fields)), 7, signature="not-sender")
    mail = both_layers(protocol, payload(), sender=[m.BOB, EVIL])
    report = judge(protocol, mail, 0, signature="good")
    equal(report["from"], ["bob@example.org"], "from")


@each(*BOTH)
def test_no_from_inside(protocol):
    """Then the outer one is the only one, and is judged as without header protection."""
    part = payload(fields=FIELDS[1:])
    judge(protocol, both_layers(protocol, part), 0, signature="good")
    judge(protocol, both_layers(protocol, part, sender="carol@example.org"), 7, signature="not-sender")


# --- decrypted --------------------------------------------------------------

@each(*BOTH)
def test_decrypt_restores(protocol):
    mail = both_layers(protocol, payload(), extra=["Received: from x by y", "Cc: " + EVIL, "List-Id: <l.example>",
                                                   "HP-Outer: X: y"])
    home = home_of(protocol)
    out = home.ok("decrypt", input=mail).out
    names = [line.split(b":")[0].lower() for line in m.lf(m.split(out)[0]).split(b"\n") if line[:1] not in b" \t"]
    equal(m.header(out, "Subject"), "the inner subject", "Subject")
    equal(len(names), len(set(names)), "fields stand once: %r" % names)
    for name in (b"received", b"list-id", b"date"):
        contains(names, name, "fields")
    for name in (b"cc", b"hp-outer"):
        lacks(names, name, "fields")
    report = judge(protocol, out, 0, summary="signed-only")
    equal(states(report)["Subject"], "signed-only", "state")


@each("openpgp")
def test_decrypt_combined(protocol):
    mail = outer(m.pgp_encrypted(pgp.encrypt(payload(), ("alice",), signer="bob")))
    expect(verdict(home_of(protocol), mail, 0), "signed-and-encrypted", "good")
    out = home_of(protocol).ok("decrypt", input=mail).out
    equal((m.header(out, "Subject"), m.split(out)[1]), ("the inner subject", b"Inner text.\r\n"), "decrypted")
    lacks(out, b"HP-Outer", "decrypted")


# --- legacy display ---------------------------------------------------------

LEGACY = b"Subject: the inner subject\r\n\r\nInner text.\r\n"
HTML = (b'<html><body><div class="header-protection-legacy-display"><pre>Subject: the inner subject</pre></div>'
        b'<p>Inner html.</p></body></html>\r\n')


@each(*BOTH)
def test_legacy_display_is_hidden(protocol):
    home = home_of(protocol)
    for ctype, body, text in (("text/plain", LEGACY, b"Inner text."), ("text/html", HTML, b"Inner html.")):
        part = payload(params='; hp-legacy-display="1"', body=body, ctype=ctype)
        shown = home.ok("show", input=both_layers(protocol, part)).out
        equal(shown.count(b"the inner subject"), 1, "how often the subject is shown")
        contains(shown, text, "show")
        # the text itself stays what it is
        contains(m.leaves(home.ok("decrypt", input=both_layers(protocol, part)).out)[0][1], b"the inner subject",
                 "decrypted")


@each(*BOTH)
def test_legacy_display_only_when_encrypted(protocol):
    for mail in (outer(sign(protocol, payload(params='; hp-legacy-display="1"', body=LEGACY))),
                 both_layers(protocol, payload("clear", params='; hp-legacy-display="1"', body=LEGACY)),
                 both_layers(protocol, payload(params='; hp-legacy-display="0"', body=LEGACY))):
        equal(home_of(protocol).ok("show", input=mail).out.count(b"the inner subject"), 2, "shown in full")


@each(*BOTH)
def test_legacy_display_not_in_attachments(protocol):
    second = m.entity(LEGACY, 'text/plain; hp-legacy-display="1"; name="a.txt"',
                      extra=['Content-Disposition: attachment'])
    part = m.multipart([m.entity(b"first\r\n"), second], params='; hp="cipher"')
    part = "".join(f + "\r\n" for f in (*FIELDS, *RECORD)).encode() + part
    mail = both_layers(protocol, part)
    contains(home_of(protocol).ok("show", "--part", "2", input=mail).out, b"\nSubject: the inner subject", "part 2")


# --- older forms ------------------------------------------------------------

@each(*BOTH)
def test_rfc8551_wrapper(protocol):
    inner = m.message(m.multipart([m.entity(b"Wrapped text.\r\n"), m.attachment(b"data")]), sender=m.BOB, to=m.ALICE,
                      subject="the inner subject")
    part = m.entity(inner, "message/rfc822", None)
    home = home_of(protocol)
    report = judge(protocol, both_layers(protocol, part), 0, summary="signed-and-encrypted")
    equal(states(report)["Subject"], "signed-and-encrypted", "state")
    equal([p["type"] for p in report["parts"]], ["text/plain", "application/octet-stream"], "parts")
    shown = home.ok("show", input=both_layers(protocol, part)).out
    contains(shown, b"Subject: the inner subject", "show")
    contains(shown, b"Wrapped text.", "show")
    out = home.ok("decrypt", input=outer(seal(protocol, part))).out
    equal((m.header(out, "Subject"), m.parse(out).get_content_type()), ("the inner subject", "multipart/mixed"),
          "decrypted without its wrapper")
    equal([kind for kind, _ in m.leaves(out)], ["text/plain", "application/octet-stream"], "decrypted parts")


@each(*BOTH)
def test_forwarded_message_is_no_wrapper(protocol):
    inner = m.plain(sender="carol@example.org", to=m.BOB, subject="forwarded")
    mail = outer(sign(protocol, m.entity(inner, "message/rfc822", None)), subject="mine")
    report = judge(protocol, mail, 0, summary="signed-only", signature="good")
    equal((report["from"], values(report, "Subject")), (["bob@example.org"], ["mine"]), "headers")


@each(*BOTH)
def test_protected_headers_v1(protocol):
    legacy = m.entity(b"Subject: the inner subject\r\n", 'text/plain; protected-headers="v1"',
                      extra=["Content-Disposition: inline"])
    part = "".join(f + "\r\n" for f in FIELDS).encode() + m.multipart(
        [legacy, m.entity(b"Inner text.\r\n")], params='; protected-headers="v1"')
    mail = both_layers(protocol, part)
    report = judge(protocol, mail, 0, summary="signed-and-encrypted")
    equal((states(report)["Subject"], states(report)["To"]), ("signed-and-encrypted", "signed-only"), "states")
    shown = home_of(protocol).ok("show", input=mail).out
    equal(shown.count(b"the inner subject"), 1, "how often the subject is shown")
    contains(shown, b"Inner text.", "show")


# --- what we write ----------------------------------------------------------

SECRET = "a subject for two"


def written(protocol, *options, command=("encrypt", "--sign"), home=None, config=None, **headers):
    """(what alice sends, what bob's report says of it)"""
    sender = home or home_of(protocol)
    headers.setdefault("subject", SECRET)
    mail = m.plain(**headers)
    words = ("--config", sender.file("config", config)) if config else ()
    out = sender.ok(*words, *command, "--protocol", protocol, *options, input=mail).out
    return out, verdict(home_of(protocol, "bob" if protocol == "openpgp" else "alice"), out, None)


def outer_fields(mail):
    return m.parse(m.split(mail)[0] + b"\r\n\r\n")


@each(*BOTH)
def test_written_baseline(protocol):
    extra = ["Keywords: one, two", "Comments: three", "X-Other: four"]
    sealed, report = written(protocol, extra=extra)
    fields = outer_fields(sealed)
    equal((fields["Subject"], fields["Keywords"], fields["Comments"], fields["X-Other"]),
          ("[...]", None, None, "four"), "outside")
    for name in ("From", "To", "Date", "Message-ID"):
        equal(fields[name], m.header(m.plain(subject=SECRET), name), name)
    found = states(report)
    for name, state in (("Subject", "signed-and-encrypted"), ("Keywords", "signed-and-encrypted"),
                        ("Comments", "signed-and-encrypted"), ("From", "signed-only"), ("X-Other", "signed-only")):
        equal(found[name], state, name)
    equal(values(report, "Subject"), [SECRET], "Subject")
    lacks(sealed, SECRET.encode(), "the message")


@each(*BOTH)
def test_written_shy(protocol):
    sealed, report = written(protocol, "--header-protection", "shy")
    fields = outer_fields(sealed)
    equal((fields["From"], fields["To"], fields["Subject"]), ("alice@example.org", "bob@example.org", "[...]"),
          "outside")
    true(fields["Date"].endswith("+0000"), "Date: %s" % fields["Date"])
    equal((states(report)["From"], values(report, "From")), ("signed-and-encrypted", [m.ALICE]), "From")


@each(*BOTH)
def test_written_none(protocol):
    sealed, report = written(protocol, "--header-protection", "none")
    equal(outer_fields(sealed)["Subject"], SECRET, "Subject outside")
    equal(set(states(report).values()), {"signed-only"}, "states")


@each(*BOTH)
def test_written_off(protocol):
    sealed, report = written(protocol, "--header-protection", "off")
    equal(outer_fields(sealed)["Subject"], SECRET, "Subject outside")
    equal(set(states(report).values()), {"unprotected"}, "states")


@each(*BOTH)
def test_written_signed_only(protocol):
    signed, report = written(protocol, command=("sign",))
    equal(outer_fields(signed)["Subject"], SECRET, "Subject outside")
    equal(set(states(report).values()), {"signed-only"}, "states")
    contains(signed, b'hp="clear"', "signed")
    lacks(signed, b"HP-Outer", "signed")


@each(*BOTH)
def test_written_encrypted_only(protocol):
    sealed, report = written(protocol, command=("encrypt",))
    found = states(report)
    equal((found["Subject"], found["From"]), ("encrypted-only", "unprotected"), "states")
    equal(outer_fields(sealed)["Subject"], "[...]", "Subject outside")


@each("openpgp")
def test_written_without_bcc(protocol):
    sealed, _ = written(protocol, extra=["Bcc: carol@example.org"])
    opened = pgp.decrypt(home_of(protocol, "bob"), sealed[sealed.index(b"-----BEGIN"):])[0]
    lacks(opened.lower(), b"bcc", "payload")
    lacks(opened, b"carol", "payload")
    lacks(sealed.lower(), b"bcc:", "the message")


@each(*BOTH)
def test_bcc_left_out_is_said(protocol):
    sign = lambda mail: home_of(protocol).ok("sign", "--protocol", protocol, input=mail)
    signed = sign(m.plain(extra=["Bcc: carol@example.org"]))
    lacks(signed.out.lower(), b"carol", "the message")
    contains(signed.err, b"the field Bcc was left out", "warning")
    lacks(sign(m.plain()).err, b"Bcc", "warning without one")


@each(*BOTH)
def test_configured(protocol):
    sealed, _ = written(protocol, config="[general]\nheader-protection=none\n")
    equal(outer_fields(sealed)["Subject"], SECRET, "general")
    account = "[account alice@example.org]\nheader-protection=shy\n"
    sealed, _ = written(protocol, config="[general]\nheader-protection=none\n" + account)
    equal(outer_fields(sealed)["From"], "alice@example.org", "account")
    sealed, _ = written(protocol, "--header-protection", "none", config=account)
    equal(outer_fields(sealed)["Subject"], SECRET, "option")


def test_unknown_policy():
    home_of("openpgp").refuses(2, "encrypt", "--header-protection", "secret", input=m.plain())
    home_of("openpgp").refuses(2, "--config", home_of("openpgp").file("c", "[general]\nheader-protection=x\n"),
                               "encrypt", input=m.plain())


@each(*BOTH)
def test_written_there_and_back(protocol):
    """What comes out is what went in, whatever the header is like."""
    for extra in ([], ["Subject-Prefix: x", "X-Long: " + "y" * 3000], ["X-Folded: a\r\n b\r\n\tc"], ["HP-Outer: X: y"],
                  ["X-Twice: 1", "X-Twice: 2"]):
        for subject in (SECRET, "Gr\u00fc\u00dfe " * 30, "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", ""):
            mail = m.plain(subject=subject, extra=extra).replace(b"Message-ID", b"X-ID")
            sealed = home_of(protocol).ok("encrypt", "--sign", "--protocol", protocol, input=mail).out
            report = verdict(home_of(protocol), sealed, 0)
            plain = verdict(home_of(protocol), mail, 3)
            wanted = [(h["name"], " ".join(h["value"].split())) for h in plain["headers"]]
            equal([(h["name"], " ".join(h["value"].split())) for h in report["headers"]], wanted, "headers")
            out = home_of(protocol).ok("decrypt", input=sealed).out
            again = verdict(home_of(protocol), out, None)
            equal([(h["name"], " ".join(h["value"].split())) for h in again["headers"]], wanted, "decrypted headers")


@each(*BOTH)
def test_written_again(protocol):
    """A payload that says hp already says it once, and truly."""
    body = m.entity(b"x\r\n", 'text/plain; hp="clear"; charset="a;b"; hp=cipher')
    sealed = home_of(protocol).ok("encrypt", "--sign", "--protocol", protocol, input=m.message(body)).out
    report = verdict(home_of(protocol), sealed, 0)
    equal(states(report)["Subject"], "signed-and-encrypted", "state")


@each(*BOTH)
def test_key_beside_the_payload(protocol):
    sealed, report = written(protocol, "--attach-key")
    equal(states(report)["Subject"], "signed-and-encrypted", "state")


@each(*BOTH)
def test_signed_before(protocol):
    """The header cannot go into what is signed: it stays outside as it is."""
    signed = home_of(protocol).ok("sign", "--protocol", protocol, input=m.plain(subject=SECRET)).out
    result = home_of(protocol).ok("encrypt", "--protocol", protocol, input=signed)
    equal(outer_fields(result.out)["Subject"], SECRET, "Subject outside")
    result.expect_message("header")
    report = verdict(home_of(protocol), result.out, 0)
    equal((report["summary"], states(report)["Subject"]), ("signed-and-encrypted", "signed-only"), "report")


# --- the standard's own -----------------------------------------------------

def vector(name):
    if not os.path.isdir(harness.VECTORS):
        skip("no vectors at MAILCRYPT_VECTORS (%s)" % harness.VECTORS)
    with open(os.path.join(harness.VECTORS, "rfc9788", name + ".eml"), "rb") as source:
        return source.read()


_reader = []


def vector_report(name):
    mail = vector(name)
    folder = os.path.join(harness.VECTORS, "rfc9216")
    if not _reader:
        home = harness.Home()
        home.ok("keys", "import", "--passphrase-fd", harness.Fd("bob\n"), "--new-passphrase-fd", harness.Fd("\n"),
                os.path.join(folder, "bob.p12"))
        _reader.append(home)
    anchor = ("--trust-anchor", os.path.join(folder, "ca.rsa.crt"))
    return verdict(_reader[0], mail, 0, *anchor), _reader[0].ok("show", *anchor, input=mail).out


@each(("smime-one-part", None), ("smime-multipart", None), ("smime-signed-enc", None),
      ("smime-one-part-hp", "clear"), ("smime-multipart-hp", "clear"),
      ("smime-one-part-complex-rfc8551hp", "clear"), ("smime-signed-enc-hp-baseline", "cipher"),
      ("smime-signed-enc-hp-baseline-legacy", "cipher"), ("smime-signed-enc-hp-shy", "cipher"),
      ("smime-signed-enc-hp-baseline-reply", "cipher"), ("smime-signed-enc-complex-hp-baseline", "cipher"),
      ("smime-signed-enc-complex-hp-baseline-legacy", "cipher"))
def test_rfc9788(name, hp):
    report, shown = vector_report(name)
    found = states(report)
    equal(found["Subject"], STATES.get(hp, "unprotected"), "state of Subject")
    shy = name.endswith("shy")
    for field in ("From", "To", "Date"):
        equal(found[field], "unprotected" if hp is None else "signed-and-encrypted" if shy else "signed-only", field)
    equal(found["Message-ID"], "unprotected" if hp is None else "signed-only", "Message-ID")
    equal(values(report, "Subject"), [name], "Subject")
    subject = [h["outer"] for h in report["headers"] if h["name"] == "Subject"]
    equal(subject, ["[...]"] if hp == "cipher" else [None], "Subject outside")
    head, _, body = shown.partition(b"\n\n")
    contains(head, b"Subject: " + name.encode(), "show")
    lacks(body, b"Subject: ", "the text shown")
    contains(body, name.encode(), "the text shown")


if __name__ == "__main__":
    harness.main(globals())
