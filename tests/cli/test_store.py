#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is learnt from good mail, what it is used for, and that many may write at once."""

import contextlib
import os
import random
import signal
import sqlite3
import time

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, lacks, true, verdict

ALICE = "alice@example.org"
N_WRITERS = 50
BUNDLE = 400
END = b"-----END CERTIFICATE-----\n"


def reader(name="bob"):
    """Somebody who has the root as anchor and nobody's certificate but the own one."""
    return pki.fresh(name, ())


@contextlib.contextmanager
def own_home(make=reader, *args):
    home = make(*args)
    try:
        yield home
    finally:
        home.close()


def from_tool(name="alice", to=m.BOB):
    """A mail signed by this program, which says what it can read."""
    home = pki.shared(name, ())
    return home.ok("sign", "--protocol", "smime", input=m.plain(sender=pki_sender(name), to=to)).out


def from_openssl(name="alice", **more):
    part = m.entity()
    return m.message(m.smime_signed(part, pki.sign(part, name, **more)), sender=pki_sender(name))


def pki_sender(name):
    return pki.PEOPLE[name].address


def rows(home, sql):
    path = os.path.join(home.mc, "data", "store.db")
    if not os.path.exists(path):
        path = os.path.join(home.mc, "store.db")
    if not os.path.exists(path):
        return []
    with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % path, uri=True)) as db:
        return db.execute(sql).fetchall()


def has_store(home):
    return any("store.db" in names for _, _, names in os.walk(home.mc))


def has_certificate(home, name):
    return bool(rows(home, "SELECT 1 FROM certificates WHERE fingerprint = '%s'" % pki.fpr(name).lower()))


def seal(home, *to, options=()):
    words = [word for one in to for word in ("-r", one)]
    mail = m.plain(sender=m.BOB, to=", ".join(to))
    return home.ok("encrypt", "--protocol", "smime", *words, *options, input=mail).out


def used(home, mail):
    """(cipher, key encryption) of the one encrypted layer, by inspect and by decrypt."""
    report = home.ok("inspect", "--json", input=mail).json()
    layer = report["structure"]["layer"]
    return layer["algorithms"]["cipher"], layer["algorithms"]["key-encryption"]


def news(report):
    """The texts of key-changed, of all signers."""
    return [reason["text"] for layer in report["layers"] for signer in layer["signers"]
            for reason in signer["reasons"] if reason["code"] == "key-changed"]


# --- harvest ----------------------------------------------------------------

def test_a_signature_brings_what_is_needed_to_answer():
    with own_home() as home:
        home.refuses(11, "encrypt", "--protocol", "smime", "-r", ALICE, input=m.plain(sender=m.BOB))
        verdict(home, from_openssl(), 0)
        true(has_certificate(home, "alice"), "alice's certificate was not kept")
        sealed = seal(home, ALICE)
        m.same_content(m.with_payload(sealed, pki.decrypt(sealed, "alice", home).out),
                       m.plain(sender=m.BOB, to=ALICE))
        # openssl's list of capabilities knows no GCM
        equal(used(home, sealed), ("aes256-cbc", "rsa-pkcs1"), "algorithms")


def test_the_intermediate_comes_too():
    with own_home(reader, "alice") as home:
        verdict(home, from_openssl("bob-sub", certs=("sub",)), 0)
        true(has_certificate(home, "sub"), "the intermediate was not kept")
        sealed = home.ok("encrypt", "--protocol", "smime", "-r", "bob@example.org", "-u", ALICE,
                         input=m.plain()).out
        pki.decrypt(sealed, "bob-sub", home)


def test_capabilities_choose_gcm_and_oaep():
    with own_home() as home:
        verdict(home, from_tool(), 0)
        sealed = seal(home, ALICE)
        equal(used(home, sealed), ("aes256-gcm", "rsa-oaep"), "algorithms")
        pki.decrypt(sealed, "alice", home)
        layers = verdict(home, sealed, 3)["layers"]
        equal(layers[0]["algorithms"]["cipher"], "aes256-gcm", "layers[0].algorithms")
        equal(layers[0]["algorithms"]["key-encryption"], "rsa-oaep", "layers[0].algorithms")
        contains(home.ok("inspect", input=sealed).out, b"aes256-gcm rsa-oaep", "inspect")


def test_one_unknown_recipient_decides_for_all():
    with own_home() as home:
        verdict(home, from_tool(), 0)
        pki.give_certificates(home, "carol")
        equal(used(home, seal(home, ALICE, "carol@example.org")), ("aes256-cbc", "rsa-pkcs1"), "algorithms")
        equal(used(home, seal(home, ALICE)), ("aes256-gcm", "rsa-oaep"), "algorithms for alice alone")


@each("aes128-cbc", "aes256-gcm")
def test_the_option_goes_before(cipher):
    with own_home() as home:
        verdict(home, from_tool(), 0)
        equal(used(home, seal(home, ALICE, options=("--cipher", cipher)))[0], cipher, "cipher")


def test_a_newer_signature_replaces_an_older_one():
    with own_home() as home:
        verdict(home, from_tool(), 0)
        time.sleep(1.1)
        verdict(home, from_openssl(), 0)
        equal(used(home, seal(home, ALICE))[0], "aes256-cbc", "cipher")
        # and the older one, read again, does not come back
        older = from_tool()
        time.sleep(1.1)
        verdict(home, from_openssl(), 0)
        verdict(home, older, 0)
        equal(used(home, seal(home, ALICE))[0], "aes256-cbc", "cipher")


@each(("named", False), ("found beside", True))
def test_the_certificate_to_encrypt_to(_, plain):
    """Dave signs with one certificate and is encrypted to by another."""
    if plain:
        mail = from_openssl("dave-sign", certs=("dave-enc",))
    else:
        with own_home(reader, "dave-sign") as dave:
            pki.give_key(dave, "dave-enc")
            mail = dave.ok("sign", "--protocol", "smime", input=m.plain(sender="dave@example.org")).out
    with own_home() as home:
        verdict(home, mail, 0)
        true(has_certificate(home, "dave-enc"), "the certificate to encrypt to was not kept")
        pki.decrypt(seal(home, "dave@example.org"), "dave-enc", home)


def change(mail):
    return mail.replace(b"Hello, Bob.", b"Hello, Rob.")


@each(("altered", 4, (), change), ("another sender", 7, (), lambda mail: mail.replace(b"From: alice@", b"From: carol@")),
      ("no sender check", 0, ("--no-from-check",), None), ("other anchors", 0, ("--trust-anchor", "ca"), None),
      ("another time", 0, ("--at", "now"), None), ("no revocation", 0, ("--revocation", "off"), None))
def test_nothing_is_learnt_from(_, status, options, spoil):
    words = [{"ca": pki.get("ca"), "now": str(int(time.time()))}.get(word, word) for word in options]
    mail = from_openssl()
    with own_home() as home:
        verdict(home, spoil(mail) if spoil else mail, status, *words)
        true(not has_certificate(home, "alice"), "alice's certificate was kept")
        equal(rows(home, "SELECT * FROM peers"), [], "peers")
        equal(rows(home, "SELECT * FROM sightings"), [], "sightings")


@each(("untrusted", 6), ("unsigned", 3))
def test_no_store_is_made_for(kind, status):
    home = harness.Home()
    try:
        verdict(home, from_openssl() if kind == "untrusted" else m.plain(), status)
        true(not has_store(home), "a store was made")
    finally:
        home.close()


def test_it_can_be_switched_off():
    with own_home() as home:
        config = home.file("config", "[general]\nkey-history = no\n[smime]\nharvest = no\n")
        verdict(home, from_openssl(), 0, "--config", config)
        true(not has_certificate(home, "alice"), "alice's certificate was kept")
        equal(rows(home, "SELECT * FROM peers"), [], "peers")
        equal(rows(home, "SELECT * FROM sightings"), [], "sightings")


def written_at(home):
    return [os.stat(os.path.join(folder, name)).st_mtime_ns for folder, _, names in os.walk(home.mc)
            for name in names if name == "store.db"]


def test_reading_again_writes_nothing():
    with own_home() as home:
        mail = from_openssl()
        verdict(home, mail, 0)
        before = written_at(home)
        verdict(home, mail, 0)
        equal(written_at(home), before, "time of the last writing")


# --- history ----------------------------------------------------------------

def test_another_key_is_told():
    with own_home() as home:
        equal(news(verdict(home, from_openssl(), 0)), [], "news of the first key")
        second = from_openssl("alice-p256")
        for _ in range(2):
            report = verdict(home, second, 0)
            equal(len(news(report)), 1, "news")
            contains(news(report)[0], pki.fpr("alice").lower(), "the text")
            equal(report["reasons"], [], "reasons")
        for command in (("verify",), ("show", "--width", "200")):
            contains(home.ok(*command, input=second).out, pki.fpr("alice").lower().encode(), command[0])
        equal(news(verdict(home, from_openssl(), 0)), [], "news of the first key, later")


def test_another_issuer_is_told():
    with own_home(reader, "alice") as home:
        pki.give_anchor(home, "other-ca")
        verdict(home, from_openssl("bob"), 0)
        told = news(verdict(home, from_openssl("bob-other"), 0))
        equal(len(told), 1, "news")
        contains(told[0], "Test Root", "the text")


def test_an_untrusted_key_is_told():
    with own_home(reader, "alice") as home:
        verdict(home, from_openssl("bob"), 0)
        report = verdict(home, from_openssl("bob-other"), 6)
        equal(len(news(report)), 1, "news")
        true("key-changed" in [reason["code"] for reason in report["reasons"]], "not among the reasons")


def test_openpgp_keys_are_remembered():
    home = pgp.fresh("alice")
    try:
        part = m.entity()
        verdict(home, m.message(m.pgp_signed(part, pgp.sign(part, "bob")), sender=m.BOB), 0)
        equal(rows(home, "SELECT address, fingerprint FROM sightings"),
              [("bob@example.org", pgp.fpr("bob").lower())], "sightings")
    finally:
        home.close()


# --- many at once -----------------------------------------------------------

def count_of(home, numbers):
    found = {address for (address,) in rows(home, "SELECT address FROM certificate_addresses")}
    return sum("p%05d@example.org" % number in found for number in numbers)


def wait_for(process):
    _, err = process.communicate(timeout=120)
    return process.returncode, err


def test_many_writers_and_sudden_deaths():
    """50 imports at once succeed while others are killed in the middle of theirs."""
    rng = random.Random(7)
    home = harness.Home()
    try:
        people = pki.crowd(N_WRITERS + BUNDLE).split(END)[:-1]
        bundle = home.file("bundle.pem", b"".join(one + END for one in people[N_WRITERS:]))
        victims = [home.process("keys", "import", bundle) for _ in range(8)]
        writers = [home.process("keys", "import", home.file("p%d.pem" % number, people[number] + END))
                   for number in range(N_WRITERS)]
        for victim in victims:
            time.sleep(rng.uniform(0.0, 0.06))
            victim.send_signal(signal.SIGKILL)
        ends = [wait_for(writer) for writer in writers]
        dead = [wait_for(victim)[0] for victim in victims]
        equal([(status, err) for status, err in ends if status != 0], [], "imports that failed")
        equal(rows(home, "PRAGMA integrity_check"), [("ok",)], "integrity")
        equal(count_of(home, range(N_WRITERS)), N_WRITERS, "certificates of those that reported success")
        others = range(N_WRITERS, N_WRITERS + BUNDLE)
        many = count_of(home, others)
        true(many == BUNDLE or (many == 0 and 0 not in dead), "a bundle was kept in part: %d" % many)
        home.ok("keys", "import", bundle)
        equal(count_of(home, others), BUNDLE, "certificates of the bundle")
    finally:
        home.close()


def test_many_readers_learn_at_once():
    """A mail opened many times at once: every verdict stands, each thing is kept once."""
    mail = from_tool()
    with own_home() as home:
        path = home.file("mail", mail)
        readers = [home.process("verify", path) for _ in range(12)]
        equal([wait_for(one)[0] for one in readers], [0] * 12, "verdicts")
        true(has_certificate(home, "alice"), "alice's certificate was not kept")
        equal(rows(home, "SELECT count(*) FROM peers"), [(1,)], "peers")
        equal(rows(home, "SELECT count(*) FROM sightings"), [(1,)], "sightings")
        lacks(home.ok("verify", path).out, b"another key", "the verdict")


if __name__ == "__main__":
    harness.main(globals())
