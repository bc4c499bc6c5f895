#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The plan of a sending: who gets which key, why, and why each other was rejected."""

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, lacks, true

_homes = []


def both():
    """Alice with both protocols: OpenPGP keys of many, certificates of Bob and Carol."""
    if not _homes:
        home = harness.Home(pgp.templates().alice)
        pki.give_anchor(home)
        pki.give_key(home, "alice")
        pki.give_certificates(home, "bob", "carol")
        _homes.append(home)
    return _homes[0]


def plan(home, *args, status=0):
    result = home.run("--json", "plan", *args, status=status)
    report = result.json()
    equal((report["format_version"], report["exit_status"]), (1, status), "head", result)
    true(("error" in report) == (status != 0), "an error only with a status", result)
    return report


def party(report, address, role="recipient"):
    found = [p for p in report["parties"] if (p["address"], p["role"]) == (address, role)]
    equal(len(found), 1, "parties for %s in %r" % (address, report["parties"]))
    return found[0]


def states(report, address, role="recipient"):
    return {c["fingerprint"].upper(): (c["state"], [r["code"] for r in c["reasons"]])
            for c in party(report, address, role)["candidates"]}


def messages(report):
    return [(one["protocol"], one["recipients"]) for one in report["messages"]]


def test_one_recipient():
    home, fpr = both(), pgp.fpr("bob")
    report = plan(home, "--protocol", "openpgp", "bob@example.org")
    got = states(report, "bob@example.org")
    equal(got[fpr], ("chosen", []), "Bob's certified key")
    equal(got[pgp.fpr("untrusted")], ("rejected", ["untrusted"]), "the key that only says it is Bob's")
    equal(messages(report), [("openpgp", ["bob@example.org"])], "messages")
    merits = [c for c in party(report, "bob@example.org")["candidates"] if c["state"] == "chosen"][0]["merits"]
    equal([r["code"] for r in merits], ["address", "trusted", "valid"], "merits")


def test_one_protocol_for_all():
    """Bob and Carol can have both; the first protocol takes everybody."""
    report = plan(both(), "--from", "alice@example.org", "bob@example.org", "carol@example.org")
    equal(messages(report), [("openpgp", ["bob@example.org", "carol@example.org"])], "messages")
    equal(party(report, "alice@example.org", "self")["ambiguous"], False, "own copy")
    true(any(c["protocol"] == "smime" for c in party(report, "bob@example.org")["candidates"]), "candidates of both")


def test_split():
    """Nobody's protocol reaches all, but all are reached."""
    home = harness.Home(pgp.templates().alice)
    try:
        pki.give_anchor(home)
        pki.give_key(home, "alice")
        pki.give_certificates(home, "dave-enc")
        report = plan(home, "--from", "alice@example.org", "rita@example.org", "dave@example.org")
        equal(messages(report), [("openpgp", ["rita@example.org"]), ("smime", ["dave@example.org"])], "messages")
        plan(home, "--protocol", "smime", "--from", "alice@example.org", "rita@example.org", "dave@example.org",
             status=11)
    finally:
        home.close()


@each(("expired@example.org", "expired"), ("revoked@example.org", "revoked"), ("unsure@example.org", "untrusted"))
def test_each_reason_once(address, code):
    report = plan(both(), address, status=11)
    (state, codes), = states(report, address).values()
    equal((state, codes), ("rejected", [code]), "state")
    equal(messages(report), [], "messages")
    contains(report["error"]["text"], address, "error")


def test_distrusted_is_said_once():
    home = harness.Home(pgp.templates().alice)
    try:
        home.ok("keys", "distrust", pgp.fpr("carol"))
        result = home.run("plan", "carol@example.org", status=11)
        equal(result.err.decode().count("distrusted"), 1, "'distrusted'", result)
        equal(states(plan(home, "carol@example.org", status=11), "carol@example.org")[pgp.fpr("carol")],
              ("rejected", ["distrusted"]), "state")
    finally:
        home.close()


def test_expired_key_of_ones_own():
    """It is over, and that is all there is to say."""
    home = harness.Home(pgp.templates().alice)
    try:
        pgp.copy_secret(world(), home, pgp.fpr("expired"))
        error = home.run("sign", "-u", "expired@example.org", input=m.plain(), status=11).err.decode()
        contains(error, "expired", "error")
        contains(error, "gpg --quick-set-expire", "hint")
        for words in ("not made for", "no signing subkey", "not trusted"):
            lacks(error, words, "error")
    finally:
        home.close()


def world():
    return harness.Home(pgp.templates().world)


def test_nobody():
    report = plan(both(), "nobody@example.net", status=11)
    equal(party(report, "nobody@example.net")["candidates"], [], "candidates")


def test_one_of_several_has_nothing():
    report = plan(both(), "bob@example.org", "nobody@example.net", status=11)
    equal(messages(report), [], "messages")
    contains(report["error"]["text"], "nobody@example.net", "error")
    lacks(report["error"]["text"], "bob@example.org", "error")


def test_pin_decides():
    home = harness.Home(pgp.templates().alice)
    try:
        home.ok("keys", "trust", pgp.fpr("untrusted"), "--for", "bob@example.org")
        got = states(plan(home, "--protocol", "openpgp", "bob@example.org"), "bob@example.org")
        equal(got[pgp.fpr("untrusted")], ("chosen", []), "the pinned key")
        equal(got[pgp.fpr("bob")], ("usable", ["not-pinned"]), "the other key")
    finally:
        home.close()


def test_certificates():
    """Each certificate's own flaw."""
    home = pki.fresh(peers=("bob", "bob-expired", "bob-server", "bob-nosign", "bob-other", "bob-weak"))
    try:
        got = states(plan(home, "--protocol", "smime", "bob@example.org"), "bob@example.org")
        equal(got[pki.fpr("bob-expired")][0], "rejected", "the expired one")
        contains(got[pki.fpr("bob-expired")][1], "expired", "the expired one")
        contains(got[pki.fpr("bob-server")][1], "cannot-encrypt", "the server's")
        contains(got[pki.fpr("bob-other")][1], "untrusted", "the stranger's")
        contains(got[pki.fpr("bob-weak")][1], "weak-key", "the weak one")
        for state, codes in got.values():
            equal(len(codes), len(set(codes)), "each reason once: %r" % codes)
        equal(sorted(state for state, _ in got.values()).count("chosen"), 1, "winners")
    finally:
        home.close()


def test_signer():
    home = both()
    report = plan(home, "--from", "alice@example.org", "--sign", "bob@example.org")
    equal(report["messages"][0]["signer"].upper(), pgp.fpr("alice"), "signer")
    equal(states(report, "alice@example.org", "signer")[pgp.fpr("alice")][0], "chosen", "signer")
    plan(home, "--from", "bob@example.org", "--no-self", "--sign", "bob@example.org", status=8)
    home.refuses(2, "plan", "--sign", "bob@example.org")


def test_no_own_copy():
    home = both()
    report = plan(home, "--from", "nobody@example.net", "bob@example.org", status=11)
    contains(report["error"]["text"], "nobody@example.net", "error")
    plan(home, "--from", "nobody@example.net", "--no-self", "bob@example.org")


def test_groups():
    home = harness.Home(pgp.templates().alice)
    try:
        conf = home.file("conf", "[groups]\nfriends = bob@example.org; carol@example.org\n")
        report = plan(home, "--config", conf, "--protocol", "openpgp", "friends")
        equal(messages(report), [("openpgp", ["bob@example.org", "carol@example.org"])], "messages")
    finally:
        home.close()


def test_hidden():
    """S/MIME hides nobody."""
    home = both()
    report = plan(home, "--hidden", "carol@example.org", "bob@example.org")
    equal(report["messages"][0]["protocol"], "openpgp", "protocol")
    equal(party(report, "carol@example.org", "hidden")["role"], "hidden", "role")
    home.run("plan", "--protocol", "smime", "--hidden", "carol@example.org", "bob@example.org", status=11)


def test_text():
    result = both().ok("plan", "--from", "alice@example.org", "bob@example.org")
    text = result.out.decode()
    for words in ("to: bob@example.org", "takes openpgp " + pgp.fpr("bob").lower(), "own copy: alice@example.org",
                  "not openpgp %s: not trusted" % pgp.fpr("untrusted").lower(),
                  "could take smime " + pki.fpr("bob").lower(), "message: openpgp, encrypted, to bob@example.org"):
        contains(text, words, "text", result)
    equal(both().run("-q", "plan", "bob@example.org", status=0).out, b"", "quiet output")


def test_encrypt_does_what_was_planned():
    home = both()
    for protocol in ("openpgp", "smime"):
        report = plan(home, "--protocol", protocol, "--from", "alice@example.org", "bob@example.org")
        mail = home.ok("encrypt", "--protocol", protocol, input=m.plain(to="bob@example.org")).out
        kind = b"multipart/encrypted" if protocol == "openpgp" else b"pkcs7-mime"
        contains(mail, kind, "mail")
        equal(report["messages"][0]["protocol"], protocol, "protocol")


def test_no_secret_key_is_used():
    """Planning to sign with a key under a passphrase asks nobody for it."""
    home = harness.Home(pgp.templates().alice)
    try:
        plan(home, "--from", "pat@example.org", "--sign", "bob@example.org")
        true(not harness.os.path.exists(home.path + "/pinentry.log"), "pinentry was asked")
    finally:
        home.close()


@each(("not an address",), ("bob",))
def test_refuses(words):
    both().refuses(2, "plan", words)


if __name__ == "__main__":
    harness.main(globals())
