#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The doctor: what is good, what is not, and the line that mends it."""

import os

import harness
import pgp
import pki
from harness import contains, each, equal, lacks, true


def examine(home, *args, status=0, **more):
    report = home.run("--json", "doctor", *args, status=status, **more).json()
    equal((report["format_version"], report["exit_status"]), (1, status), "head")
    for finding in report["findings"]:
        equal(sorted(finding), ["area", "code", "fix", "level", "text"], "keys of a finding")
        true(finding["level"] in ("good", "note", "warning", "problem"), "level: %r" % finding)
        true(finding["level"] in ("good", "note") or finding["fix"], "nothing mends: %r" % finding)
    return report["findings"]


def codes(findings, area=None, level=None):
    return [f["code"] for f in findings if area in (None, f["area"]) and level in (None, f["level"])]


def one(findings, code):
    found = [f for f in findings if f["code"] == code]
    equal(len(found), 1, "findings %s of %r" % (code, codes(findings)))
    return found[0]


def test_all_is_well():
    home = harness.Home(pgp.templates().alice)
    pki.give_anchor(home)
    pki.give_key(home, "alice")
    findings = examine(home, "--passphrase-fd", harness.Fd("unused\n"))
    for code in ("gnupg-works", "openssl-works", "agent-works", "mode-private", "store-works", "clock-plausible"):
        equal(one(findings, code)["level"], "good", code)
    equal(codes(findings, "round-trip"), ["round-trip-works"] * 2, "round trips")
    equal(codes(findings, level="problem"), [], "problems")
    told = home.ok("doctor").out.decode()
    contains(told, "alice@example.org: signs with the openpgp key " + pgp.fpr("alice").lower(), "text")
    contains(told, "alice@example.org: reads with the smime key " + pki.fpr("alice").lower(), "text")
    lacks(home.ok("-q", "doctor").out.decode(), "ok:", "quiet text")
    home.close()


def test_empty_home():
    home = harness.Home()
    findings = examine(home)
    one(findings, "no-own-key")
    equal(codes(findings, "round-trip"), ["round-trip-skipped"] * 2, "round trips")
    true(not os.path.exists(home.mc), "something was made")
    home.close()


def test_keyring():
    """Without a bus it is said, and no reason to worry."""
    home = harness.Home()
    equal(one(examine(home), "keyring-unavailable")["level"], "note", "level")
    conf = home.file("conf", "[keyring]\nuse = false\n")
    one(examine(home, "--config", conf), "keyring-off")
    home.close()


def test_without_gnupg():
    home = harness.Home()
    empty = os.path.join(home.path, "empty")
    os.mkdir(empty)
    findings = examine(home, status=12, env={"PATH": empty})
    true(codes(findings, "agent", "problem") or codes(findings, "engine", "problem"), "problems")
    one(findings, "openssl-works")
    home.close()


def test_key_without_a_chain():
    """It can be read again, but nobody would trust the signature."""
    home = harness.Home()
    pki.give_key(home, "alice")
    findings = examine(home)
    equal(one(findings, "round-trip-untrusted")["level"], "warning", "level")
    home.close()


def test_passphrase_is_not_to_be_had():
    home = harness.Home(pgp.templates().alice)
    home.gpg("--yes", "--delete-secret-keys", pgp.fpr("alice"))
    home.answer(None)
    finding = one(examine(home, status=12), "round-trip-fails")
    contains(finding["text"], "pat@example.org", "text")
    home.close()


@each("30 days", "renewed")
def test_expiry(how):
    home = harness.Home()
    home.gpg("--passphrase", "", "--quick-gen-key", "Soon <soon@example.org>", "future-default", "default",
             "20d" if how == "30 days" else "90d")
    findings = examine(home)
    if how == "30 days":
        finding = [f for f in findings if f["code"] == "expires-soon"][0]
        contains(finding["fix"], "gpg --quick-set-expire", "fix")
        contains(finding["text"], "soon@example.org", "text")
    else:
        lacks(codes(findings), "expires-soon", "codes")
    home.close()


def test_folders():
    home = harness.Home()
    pki.give_key(home, "alice")
    for path in (os.path.join(home.mc, "private"), home.gnupg):
        os.chmod(path, 0o755)
    fixes = [f["fix"] for f in examine(home) if f["code"] == "mode-open"]
    for path in (os.path.join(home.mc, "private"), home.gnupg):
        contains(fixes, "chmod 700 '%s'" % path, "fixes")
    home.close()


def test_broken_store():
    home = harness.Home()
    pki.give_certificates(home, "bob")
    with open(os.path.join(home.mc, "store.db"), "wb") as out:
        out.write(b"no database" * 1000)
    equal(one(examine(home, status=12), "store-broken")["level"], "problem", "level")
    home.close()


def test_pinentry():
    home = harness.Home()
    with open(os.path.join(home.gnupg, "gpg-agent.conf"), "w") as out:
        out.write("pinentry-program /no/such/pinentry\n")
    contains(one(examine(home), "no-pinentry")["text"], "/no/such/pinentry", "text")
    home.close()


def test_terminal():
    home = harness.Home()
    contains(one(examine(home, env={"GPG_TTY": "/dev/no-such-tty"}), "gpg-tty-wrong")["fix"], "GPG_TTY", "fix")
    home.close()


RC = 'source "mailcrypt mutt config|"\n'


@each(("not at all", "set realname=A\n", "client-without"), ("in order", "set sendmail=/bin/x\n" + RC, "client-uses"),
      ("taken back", RC + "set crypt_use_gpgme=yes\n", "hook-order"),
      ("command taken back", RC + "# set sendmail=x\n  set pgp_sign_command=x\n", "hook-order"),
      ("in a comment only", "# " + RC, "client-without"))
def test_mutt(_, text, code):
    home = harness.Home()
    for name, path in (("mutt", ".muttrc"), ("neomutt", ".config/neomutt/neomuttrc")):
        path = os.path.join(home.path, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(text)
    findings = [f for f in examine(home) if f["area"] == "client"]
    equal([f["code"] for f in findings], [code] * 2, "codes")
    true(findings[0]["text"].startswith("mutt") and findings[1]["text"].startswith("neomutt"), "names")
    if code == "hook-order":
        contains(findings[0]["fix"], "before line 1", "fix")
    home.close()


if __name__ == "__main__":
    harness.main(globals())
