#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys in and out: import of every form, list, export, trust, generate."""

import base64
import hashlib
import os
import re
import stat
import subprocess
import time

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, expect, lacks, true, verdict


def listed(home, *args):
    return home.ok("keys", "list", *args).out.decode()


def has(home, fingerprint, *args):
    return fingerprint.lower() in re.sub(r"[ :]", "", listed(home, *args)).lower()


def expect_key(home, fingerprint, present=True, *args):
    true(has(home, fingerprint, *args) == present,
         "%s is %s the list:\n%s" % (fingerprint, "not in" if present else "in", listed(home, *args)))


def with_home(function):
    """A fresh empty home for one test."""
    def wrapped(*args):
        home = harness.Home()
        try:
            return function(home, *args)
        finally:
            home.close()
    wrapped.__name__ = function.__name__
    wrapped.cases = getattr(function, "cases", None)
    if wrapped.cases is None:
        del wrapped.cases
    return wrapped


def folder_state(home):
    """Every file of the store with its content, for 'nothing changes'."""
    state = {}
    for folder, _, names in os.walk(home.mc):
        for name in names:
            path = os.path.join(folder, name)
            if not re.search(r"-(wal|shm|journal)$", name):
                with open(path, "rb") as source:
                    state[os.path.relpath(path, home.mc)] = source.read()
    return state


# --- certificates -----------------------------------------------------------

def certificate_forms():
    pem, der = open(pki.get("bob"), "rb").read(), pki.der("bob")
    p7 = lambda form: pki.openssl("crl2pkcs7", "-nocrl", "-certfile", pki.get("bob"), "-certfile",
                                  pki.get("ca"), "-outform", form).out
    return {"PEM": pem, "DER": der, "PKCS#7 PEM": p7("PEM"), "PKCS#7 DER": p7("DER"),
            "PEM with text": pki.openssl("x509", "-in", pki.get("bob"), "-text").out,
            "PEM with CRLF": m.crlf(pem), "PEM with two": pem + open(pki.get("carol"), "rb").read(),
            "TRUSTED PEM": pki.openssl("x509", "-in", pki.get("bob"), "-trustout").out}


@with_home
@each("PEM", "DER", "PKCS#7 PEM", "PKCS#7 DER", "PEM with text", "PEM with CRLF", "PEM with two", "TRUSTED PEM")
def test_import_certificate(home, form):
    path = home.file("in", certificate_forms()[form])
    home.ok("keys", "import", path)
    expect_key(home, pki.fpr("bob"))
    expect_key(home, pki.fpr("bob"), True, "--protocol", "smime")
    expect_key(home, pki.fpr("bob"), False, "--protocol", "openpgp")
    if form == "PEM with two":
        expect_key(home, pki.fpr("carol"))
    contains(listed(home), "bob@example.org", "the list")


@with_home
def test_import_from_standard_input(home):
    home.ok("keys", "import", "-", input=pki.der("bob"))
    expect_key(home, pki.fpr("bob"))


@with_home
def test_import_several_files(home):
    home.ok("keys", "import", pki.get("bob"), pki.get("carol"), pki.get("ca"))
    for name in ("bob", "carol", "ca"):
        expect_key(home, pki.fpr(name))


@with_home
def test_import_tells_what_went_before_a_failure(home):
    result = home.run("keys", "import", pki.get("bob"), "absent.pem", status=12).expect_message("absent.pem")
    contains(result.out.decode(), "new certificate " + pki.fpr("bob").lower(), "what was imported", result)
    report = home.run("--json", "keys", "import", pki.get("bob"), "absent.pem", status=12).json()
    equal((report["imported"][0]["result"], report["exit_status"]), ("unchanged", 12), "report")
    contains(report["error"]["text"], "absent.pem", "error")
    true("imported" not in home.run("--json", "keys", "import", "absent.pem", status=12).json(), "imported")


@with_home
def test_changes_are_confirmed(home):
    pki.give_certificates(home, "bob", "ca")
    bob, ca = pki.fpr("bob").lower(), pki.fpr("ca").lower()
    for words, args in (("is trusted for bob@example.org now", ("trust", bob, "--for", "bob@example.org")),
                        ("is not trusted any more", ("distrust", bob)), ("is removed", ("remove", bob))):
        equal(home.ok("keys", *args).out.decode(), "%s %s\n" % (bob, words), "confirmation")
    contains(listed(home), "no anchor", "list")
    equal(home.ok("-q", "keys", "trust", ca, "--anchor").out, b"", "confirmation")
    lacks(listed(home), "no anchor", "list")


@with_home
def test_what_is_not_there_need_not_be_imported(home):
    for verb in ("remove", "distrust"):
        lacks(home.refuses(11, "keys", verb, "ab" * 20).err, b"import", "hint")
    contains(home.refuses(11, "keys", "trust", "ab" * 20).err, b"import", "hint")


@with_home
def test_pattern_that_matches_nothing(home):
    home.ok("keys", "list", "nobody").expect_silent().expect_message("no key matches 'nobody'")
    equal(home.ok("-q", "keys", "list", "nobody").err, b"", "standard error")
    home.ok("keys", "list", "0xABCDEF0123456789").expect_message("full fingerprints")
    home.refuses(11, "keys", "show", "ABCDEF01").expect_message("full fingerprints")


@with_home
def test_passphrase_line_of_another_system(home):
    path = home.file("in.p12", pki.p12("alice", "secret"))
    home.ok("keys", "import", "--passphrase-fd", harness.Fd("secret\r\n"), path)


@with_home
def test_import_twice_changes_nothing(home):
    path = home.file("alice.p12", pki.p12("alice", "secret"))
    for round_ in range(2):
        for extra in (["--passphrase-fd", harness.Fd("secret\n"), path], [pki.get("bob"), pki.get("ca")]):
            home.ok("keys", "import", *extra)
        if round_ == 0:
            before, text = folder_state(home), listed(home)
    equal(listed(home), text, "the list")
    equal(sorted(folder_state(home)), sorted(before), "files of the store")
    private = [name for name in before if name.startswith("private")]
    equal([folder_state(home)[name] for name in private], [before[name] for name in private], "private keys")


@with_home
def test_import_keeps_trust(home):
    pki.give_anchor(home)
    home.ok("keys", "import", pki.get("ca"))
    part = m.entity()
    mail = m.message(m.smime_signed(part, pki.sign(part, "bob")), sender=m.BOB)
    expect(verdict(home, mail, 0), "signed-only", "good")


@with_home
@each(("empty", b""), ("text", b"not a key\n"), ("bad PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
      ("cut DER", None), ("bad armour", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n"))
def test_import_garbage(home, _, data):
    path = home.file("in", pki.der("bob")[:-20] if data is None else data)
    home.refuses(10, "keys", "import", path)
    home.refuses(12, "keys", "import", home.work + "/absent")


@with_home
def test_import_is_all_or_nothing(home):
    good = open(pki.get("bob"), "rb").read()
    path = home.file("in", good + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    home.refuses(10, "keys", "import", path)
    expect_key(home, pki.fpr("bob"), False)


# --- PKCS#12 ----------------------------------------------------------------

LEGACY = ["-provider", "legacy", "-provider", "default"]
P12 = {
    "AES-256": [],
    "AES-128": ["-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC"],
    "3DES": ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1", *LEGACY],
    "RC2-40": ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-RC2-40", "-macalg", "sha1", *LEGACY],
    "legacy": ["-legacy"],
    "no encryption": ["-keypbe", "NONE", "-certpbe", "NONE"],
}


def import_p12(home, data, password="secret", new=None, status=0):
    options = ["--new-passphrase-fd", harness.Fd(new + "\n")] if new is not None else []
    return home.run("keys", "import", "--passphrase-fd", harness.Fd(password + "\n"), *options,
                    home.file("in.p12", data), status=status)


def can_sign(home, sender=m.ALICE, passphrase=None, status=0):
    options = ["--passphrase-fd", harness.Fd(passphrase + "\n")] if passphrase is not None else []
    return home.run("sign", "--protocol", "smime", *options, input=m.plain(sender=sender), status=status)


@with_home
@each(*P12)
def test_import_p12(home, form):
    pki.give_anchor(home)
    import_p12(home, pki.p12("alice", "secret", options=P12[form]), new="")
    expect_key(home, pki.fpr("alice"))
    can_sign(home)


@with_home
def test_import_p12_in_pem_armour(home):
    pki.give_anchor(home)
    body = base64.encodebytes(pki.p12("alice", "secret", options=["-legacy"]))
    import_p12(home, b"-----BEGIN PKCS12-----\n" + body + b"-----END PKCS12-----\n", new="")
    can_sign(home)


@with_home
def test_import_p12_of_ec_key(home):
    pki.give_anchor(home)
    import_p12(home, pki.p12("alice-p384", "secret"), new="")
    can_sign(home)


@with_home
def test_import_p12_brings_the_chain(home):
    pki.give_anchor(home)
    import_p12(home, pki.p12("bob-sub", "secret", chain=("sub",)), new="")
    can_sign(home, sender=m.BOB)


@with_home
def test_p12_chain_is_not_trusted_by_itself(home):
    import_p12(home, pki.p12("alice", "secret", chain=("ca",)), new="")
    signed = can_sign(home).out
    expect(verdict(home, signed, 6), "unprotected", "untrusted")


@with_home
@each("AES-256", "legacy")
def test_p12_wrong_password(home, form):
    import_p12(home, pki.p12("alice", "secret", options=P12[form]), password="wrong", status=8)
    expect_key(home, pki.fpr("alice"), False)
    true(not os.path.isdir(home.mc + "/private") or not os.listdir(home.mc + "/private"), "a private key was kept")


@with_home
def test_p12_without_password_source(home):
    path = home.file("in.p12", pki.p12("alice", "secret"))
    home.refuses(8, "keys", "import", path)


@with_home
def test_p12_with_non_ascii_password(home):
    pki.give_anchor(home)
    import_p12(home, pki.p12("alice", "Größe"), password="Größe", new="")
    can_sign(home)


@with_home
def test_p12_with_empty_password(home):
    pki.give_anchor(home)
    import_p12(home, pki.p12("alice", ""), password="", new="")
    can_sign(home)


@with_home
def test_private_key_keeps_the_files_password(home):
    pki.give_anchor(home)
    import_p12(home, pki.p12("alice", "secret"))
    can_sign(home, status=8)
    can_sign(home, passphrase="secret")


@with_home
def test_private_key_under_a_new_passphrase(home):
    pki.give_anchor(home)
    import_p12(home, pki.p12("alice", "secret"), new="another one")
    can_sign(home, passphrase="secret", status=8)
    can_sign(home, passphrase="another one")


@with_home
def test_unencrypted_private_key_is_announced_and_private(home):
    result = import_p12(home, pki.p12("alice", "secret"), new="")
    contains((result.err + result.out).decode().lower(), "unencrypted", "message")
    folder = os.path.join(home.mc, "private")
    names = os.listdir(folder)
    equal(len(names), 1, "files under private")
    path = os.path.join(folder, names[0])
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode of the private key")
    equal(stat.S_IMODE(os.stat(folder).st_mode), 0o700, "mode of the folder")
    # named by the SHA-256 of the public key
    public = pki.openssl("pkey", "-in", pki.key("alice"), "-pubout", "-outform", "DER").out
    contains(names[0].lower(), hashlib.sha256(public).hexdigest(), "file name")


@with_home
def test_encrypted_private_key_does_not_open_without_passphrase(home):
    import_p12(home, pki.p12("alice", "secret"))
    folder = os.path.join(home.mc, "private")
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        for form in ("PEM", "DER"):
            result = pki.openssl("pkey", "-in", path, "-inform", form, "-passin", "pass:", "-noout", check=False)
            true(result.status != 0, "openssl opens %s without a passphrase" % name)


@with_home
def test_import_private_key_as_pem(home):
    pki.give_anchor(home)
    bundle = open(pki.get("alice"), "rb").read() + open(pki.key("alice"), "rb").read()
    home.ok("keys", "import", "--new-passphrase-fd", harness.Fd("\n"), home.file("in.pem", bundle))
    can_sign(home)


@with_home
def test_import_encrypted_pem_key(home):
    pki.give_anchor(home)
    locked = pki.openssl("pkcs8", "-topk8", "-in", pki.key("alice"), "-v2", "aes-256-cbc", "-passout",
                         "pass:secret").out
    path = home.file("in.pem", open(pki.get("alice"), "rb").read() + locked)
    home.ok("keys", "import", "--passphrase-fd", harness.Fd("secret\n"), path)
    can_sign(home, passphrase="secret")


@with_home
@each(("unencrypted", ""), ("another", "another one"))
def test_import_again_under_the_files_passphrase(home, _, first):
    pki.give_anchor(home)
    import_p12(home, pki.p12("alice", "secret"), new=first)
    contains(import_p12(home, pki.p12("alice", "secret")).out, b"updated", "the report")
    can_sign(home, status=8)
    can_sign(home, passphrase="secret")
    lacks(import_p12(home, pki.p12("alice", "secret")).out, b"updated", "the report")
    import_p12(home, pki.p12("alice", "secret"), new="")
    can_sign(home)
    lacks(import_p12(home, pki.p12("alice", "secret"), new="").out, b"updated", "the report")


# --- OpenPGP ----------------------------------------------------------------

@with_home
@each(("armour", "--armor"), ("binary",))
def test_import_openpgp_public(home, _, *options):
    data = pgp.shared("world").gpg(*options, "--export", pgp.fpr("bob")).out
    home.ok("keys", "import", home.file("in", data))
    contains(home.gpg("--with-colons", "--list-keys").out.decode(), pgp.fpr("bob"), "the keyring")
    expect_key(home, pgp.fpr("bob"))
    expect_key(home, pgp.fpr("bob"), True, "--protocol", "openpgp")
    expect_key(home, pgp.fpr("bob"), False, "--protocol", "smime")
    home.ok("keys", "import", home.file("in", data))


@with_home
def test_import_openpgp_secret(home):
    data = pgp.shared("world").gpg("--armor", "--export-secret-keys", pgp.fpr("carol")).out
    home.ok("keys", "import", home.file("in", data))
    contains(home.gpg("--with-colons", "--list-secret-keys").out.decode(), pgp.fpr("carol"), "the keyring")


@with_home
def test_imported_openpgp_key_is_not_trusted(home):
    data = pgp.shared("world").gpg("--export", pgp.fpr("bob")).out
    home.ok("keys", "import", home.file("in", data))
    part = m.entity()
    mail = m.message(m.pgp_signed(part, pgp.sign(part, "bob")), sender=m.BOB)
    expect(verdict(home, mail, 6), "unprotected", "untrusted")


# --- list, show, export, remove ---------------------------------------------

@with_home
def test_list_of_an_empty_home(home):
    equal(listed(home).strip(), "", "the list")
    report = home.ok("--json", "keys", "list").json()
    equal(report["format_version"], 1, "format_version")
    equal(report["exit_status"], 0, "exit_status")


def test_list_as_json_has_both_protocols():
    home = pgp.fresh()
    pki.give_certificates(home, "bob")
    text = home.ok("--json", "keys", "list").out.decode()
    for fingerprint in (pgp.fpr("bob"), pki.fpr("bob")):
        contains(text, fingerprint.lower(), "keys list --json")
    narrowed = home.ok("--json", "keys", "list", "--protocol", "smime").out.decode()
    lacks(narrowed, pgp.fpr("bob").lower(), "keys list --protocol smime --json")
    home.close()


def test_list_by_address():
    home = pgp.shared("alice")
    text = re.sub(" ", "", home.ok("keys", "list", "carol@example.org").out.decode()).lower()
    contains(text, pgp.fpr("carol").lower(), "the list")
    lacks(text, pgp.fpr("alice").lower(), "the list")


def test_list_expiring():
    home = harness.Home()
    pki.give_certificates(home, "bob")
    home.ok("keys", "list", "--expiring", "30")
    home.run("keys", "list", "--expiring", "5000", status=6)
    home.close()


def peak_of(home, *args):
    """The most memory that a run takes, in MiB."""
    process = home.process(*args, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.stdin.close()
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    equal(process.returncode, 0, "status of %r" % (args,))
    return usage.ru_maxrss / 1024


@with_home
def test_list_of_many_keys(home):
    """One key at a time is in memory; of the others there is a line of text."""
    if os.environ.get("MAILCRYPT_SANITIZERS") == "1":
        harness.skip("memory is the sanitizer's")
    der = pki.der("carol")

    def give(numbers):
        path = home.file("many.pem", "".join(
            "-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(
                der.replace(b"carol@example.org", b"c%05d@xample.org" % n)).decode() for n in numbers))
        home.ok("-q", "keys", "import", path)

    give(range(10))
    few = {args: peak_of(home, *args) for args in (("keys", "list"), ("--json", "keys", "list"))}
    give(range(10, 5000))
    for args, before in few.items():
        peak = peak_of(home, *args)
        true(peak < before + 16, "%r takes %d MiB, %d of it for 5,000 keys" % (args, peak, peak - before))
    equal(len(home.ok("--json", "keys", "list").json()["keys"]), 5000, "keys in JSON")
    equal(len(listed(home, "c00500@xample.org").splitlines()), 2, "lines for one address")


def self_signed(home, name="sam", address="sam@example.org"):
    """What `openssl req -x509` makes by itself: CA:TRUE, whoever it is for."""
    path = os.path.join(home.work, name + ".crt")
    pki.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path + ".key", "-out", path, "-days",
                "30", "-subj", "/CN=" + name, "-config", home.file("req.cnf", pki.CA_CONF % {"dir": home.work}),
                "-addext", "subjectAltName=email:" + address, "-addext", "basicConstraints=critical,CA:TRUE")
    return path


def sha256(path):
    return hashlib.sha256(pki.openssl("x509", "-in", path, "-outform", "DER").out).hexdigest()


@with_home
def test_self_signed_certificates_are_found_by_address(home):
    pki.give_key(home, "alice")
    path = self_signed(home)
    home.ok("keys", "import", path)
    for words in (("list", "sam@example.org"), ("show", "sam@example.org")):
        contains(re.sub("[ :]", "", home.ok("keys", *words).out.decode()).lower(), sha256(path), " ".join(words))
    home.ok("keys", "export", "sam@example.org")
    send = ("encrypt", "--protocol", "smime", "-r", "sam@example.org")
    home.refuses(11, *send, input=m.plain()).expect_message(
        sha256(path), "not trusted", "mailcrypt keys trust %s --for sam@example.org" % sha256(path))
    home.ok("keys", "trust", sha256(path), "--for", "sam@example.org")
    home.ok(*send, input=m.plain())


def test_pinned_keys_are_listed_for_the_address():
    home = pgp.fresh()
    pki.give_certificates(home, "bob")
    for fingerprint in (pgp.fpr("bob"), pki.fpr("bob")):
        home.ok("keys", "trust", fingerprint, "--for", "nick@example.org")
        expect_key(home, fingerprint, True, "nick@example.org")
        expect_key(home, fingerprint, True, "")
    home.close()


@with_home
def test_export_certificate(home):
    pki.give_certificates(home, "bob", "carol")
    out = home.ok("keys", "export", pki.fpr("bob")).out
    equal(pki.openssl("x509", "-outform", "DER", input=out).out, pki.der("bob"), "exported certificate")
    by_address = home.ok("keys", "export", "bob@example.org").out
    equal(pki.openssl("x509", "-outform", "DER", input=by_address).out, pki.der("bob"), "exported by address")
    home.refuses(11, "keys", "export", "nobody@example.org")
    home.refuses(11, "keys", "export", "0" * 64)


def test_export_openpgp():
    out = pgp.shared("alice").ok("keys", "export", pgp.fpr("bob")).out
    true(out.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----"), "not armoured: %r" % out[:60])
    other = harness.Home()
    other.gpg("--import", input=out)
    contains(other.gpg("--with-colons", "--list-keys").out.decode(), pgp.fpr("bob"), "exported key")
    other.close()


def test_export_gives_no_secret():
    home = pki.fresh("alice", ())
    lacks(home.ok("keys", "export", pki.fpr("alice")).out, b"PRIVATE", "exported certificate")
    home.close()


def secret_export(home, who, *options, status=0, **more):
    return home.run("keys", "export", "--secret", *options, who, status=status, **more)


@with_home
def test_export_private_key(home):
    """Other programs read it; nobody else reads the file."""
    pki.give_key(home, "alice", chain=("ca",))
    path = os.path.join(home.work, "alice.p12")
    secret_export(home, pki.fpr("alice"), "-o", path, "--new-passphrase-fd", harness.Fd("file secret\n"))
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
    told = pki.openssl("pkcs12", "-in", path, "-passin", "pass:file secret", "-noenc", "-info")
    contains(told.out, b"BEGIN PRIVATE KEY", "openssl's view")
    equal(told.out.count(b"BEGIN CERTIFICATE"), 2, "certificates")
    contains(told.err, b"AES-256-CBC", "cipher")
    pki.openssl("pkcs12", "-in", path, "-passin", "pass:wrong", "-noout", check=False).expect_status(1)
    other = harness.Home()
    other.ok("keys", "import", "--passphrase-fd", harness.Fd("file secret\n"), path)
    expect_key(other, pki.fpr("alice"), True, "--secret")
    other.close()


@with_home
def test_export_secret_refuses(home):
    pki.give_key(home, "alice")
    pki.give_certificates(home, "bob", "carol")
    out = os.path.join(home.work, "out")
    for who, status, options in ((pki.fpr("alice"), 2, ["--new-passphrase-fd", harness.Fd("\n")]),
                                 (pki.fpr("bob"), 8, ["--new-passphrase-fd", harness.Fd("x\n")]),
                                 (pki.fpr("alice"), 8, [])):
        secret_export(home, who, "-o", out, *options, status=status).expect_silent().expect_message()
        true(not os.path.exists(out), "a file was left")
    home.refuses(2, "keys", "export", "--secret", pki.fpr("alice"), pki.fpr("bob")).expect_message("one key")


def test_export_openpgp_secret():
    """Under its own passphrase; a key without one is not written."""
    home = pgp.fresh()
    path = os.path.join(home.work, "pat.asc")
    secret_export(home, pgp.fpr("locked"), "-o", path, "--passphrase-fd", harness.Fd(pgp.PASSPHRASE + "\n"))
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
    packets = home.gpg("--list-packets", path).out.decode()
    contains(packets, ":secret key packet:", "packets")
    equal(packets.count("iter+salt S2K"), 2, "protected parts")
    secret_export(home, pgp.fpr("locked"), status=8, input=b"").expect_silent()
    result = secret_export(home, pgp.fpr("alice"), status=2).expect_silent().expect_message("no passphrase")
    lacks(result.out, b"PRIVATE", "output")
    home.close()


@with_home
def test_find_for_scripts(home):
    pki.give_certificates(home, "bob", "carol")
    bob, carol = pki.fpr("bob").lower(), pki.fpr("carol").lower()
    equal(home.ok("keys", "find", "bob@example.org", "Carol").out.decode().split(), [bob, carol], "fingerprints")
    home.refuses(11, "keys", "find", "bob@example.org", "nobody@example.org").expect_message("nobody@example.org")
    home.refuses(11, "keys", "find", "--secret", "bob@example.org")
    equal(home.ok("--json", "keys", "find", "Carol").json()["keys"][0]["fingerprint"], carol, "JSON")


# --- folders of other programs ----------------------------------------------

def smime_keys(home, *names, certificates=()):
    """A folder as smime_keys fills it: files by the subject's hash, and two indexes."""
    folder = os.path.join(home.work, "smime")
    lines = {"keys": [], "certificates": []}
    for kind in lines:
        os.makedirs(os.path.join(folder, kind))
    for number, name in enumerate([*names, *certificates]):
        hashed = pki.openssl("x509", "-in", pki.get(name), "-noout", "-hash").out.decode().strip()
        file = "%s.%d" % (hashed, number)
        with open(os.path.join(folder, "certificates", file), "wb") as out:
            out.write(pki.openssl("x509", "-in", pki.get(name), "-text").out)
        line = "%s@example.org %s %s ? t\n" % (name, file, name)
        lines["certificates"].append(line)
        if name in names:
            lines["keys"].append(line)
            with open(os.path.join(folder, "keys", file), "wb") as out:
                out.write(pki.openssl("pkcs8", "-topk8", "-in", pki.key(name), "-passout", "pass:secret").out)
    for kind in lines:
        with open(os.path.join(folder, kind, ".index"), "w") as out:
            out.write("".join(lines[kind]))
    return folder


def import_folder(home, folder, status=0, passphrase="secret"):
    report = home.run("--json", "keys", "import", "--passphrase-fd", harness.Fd(passphrase + "\n"), folder,
                      status=status).json()
    return [(one["what"], one["result"], one["fingerprint"]) for one in report["imported"]], report


@with_home
def test_import_smime_keys_folder(home):
    folder = smime_keys(home, "alice", certificates=("bob", "ca"))
    got, _ = import_folder(home, folder)
    alice = pki.fpr("alice").lower()
    equal(sorted(got), sorted([("certificate", "new", pki.fpr(n).lower()) for n in ("alice", "bob", "ca")]
                              + [("private-key", "new", alice)]), "imported")
    expect_key(home, alice, True, "--secret")
    contains(home.ok("keys", "show", pki.fpr("ca")).out.decode(), "no anchor", "trust is not taken over")
    before = folder_state(home)
    got, _ = import_folder(home, folder)
    equal({result for _, result, _ in got}, {"unchanged"}, "the second time")
    equal(folder_state(home)["private/%s.p8" % [n for n in before if n.startswith("private")][0][8:-3]],
          [v for n, v in before.items() if n.startswith("private")][0], "the private key")


@with_home
def test_import_what_smime_keys_made(home):
    """The issuer that came in the same file comes along."""
    harness.need_program("smime_keys", "mutt")
    with open(os.path.join(home.path, ".muttrc"), "w") as out:
        for name, value in (("keys", "keys"), ("certificates", "certificates"), ("ca_location", "ca-bundle.crt")):
            out.write('set smime_%s="%s/.smime/%s"\n' % (name, home.path, value))
    harness.must(["smime_keys", "init"], env=home.env())
    path = home.file("alice.p12", pki.p12("alice", "secret"))
    harness.must(["smime_keys", "add_p12", path], env=home.env(), input=b"secret\nsecret\nsecret\nwork\n", timeout=60)
    got, _ = import_folder(home, os.path.join(home.path, ".smime"))
    equal(sorted(got), sorted([("certificate", "new", pki.fpr("alice").lower()),
                               ("certificate", "new", pki.fpr("ca").lower()),
                               ("private-key", "new", pki.fpr("alice").lower())]), "imported")


@with_home
def test_import_smime_keys_folder_takes_what_it_can(home):
    """A broken certificate, a missing file, a name that leads elsewhere; the rest comes in."""
    folder = smime_keys(home, "alice", certificates=("bob", "carol"))
    for name in os.listdir(os.path.join(folder, "certificates")):
        path = os.path.join(folder, "certificates", name)
        if name.endswith(".1"):
            with open(path, "w") as out:
                out.write("garbage\n")
        elif name.endswith(".2"):
            os.unlink(path)
    with open(os.path.join(folder, "certificates", ".index"), "a") as out:
        out.write("x@example.org ../../../etc/passwd x ? t\n")
    got, report = import_folder(home, folder, status=10)
    equal(sorted((what, result) for what, result, _ in got),
          [("certificate", "new"), ("certificate", "rejected"), ("certificate", "rejected"), ("private-key", "new")],
          "imported")
    lacks(str(report), "passwd", "report")
    texts = " ".join(one["text"] for one in report["imported"] if one["result"] == "rejected")
    contains(texts, "missing", "reasons")


@with_home
def test_import_smime_keys_folder_with_a_wrong_passphrase(home):
    """Neither the key nor half of it."""
    folder = smime_keys(home, "alice", certificates=("bob",))
    got, report = import_folder(home, folder, status=10, passphrase="wrong")
    equal(sorted((what, result) for what, result, _ in got), [("certificate", "new"), ("private-key", "rejected")],
          "imported")
    contains(str(report), "wrong", "the reason")
    expect_key(home, pki.fpr("alice"), False)


def gpgsm(home, *args, **more):
    harness.need_program("gpgsm")
    more.setdefault("check", True)
    check = more.pop("check")
    result = harness.run(["gpgsm", "--batch", "--no-tty", "--disable-dirmngr", *args], env=home.env(), **more)
    if check and result.status != 0:
        result.fail("gpgsm failed")
    return result


@each("exported", "folder")
def test_import_from_gpgsm(how):
    other, home = harness.Home(), harness.Home()
    try:
        for name in ("ca", "bob"):
            gpgsm(other, "--import", pki.get(name))
        if how == "exported":
            home.ok("keys", "import", other.file("out", gpgsm(other, "--armor", "--export").out))
            home.ok("keys", "import", "-", input=gpgsm(other, "--export", "bob@example.org").out)
        else:
            home.ok("keys", "import", other.gnupg)
            equal({one["result"] for one in home.ok("--json", "keys", "import", other.gnupg).json()["imported"]},
                  {"unchanged"}, "the second time")
        for name in ("ca", "bob"):
            expect_key(home, pki.fpr(name))
    finally:
        other.close()
        home.close()


def test_import_private_key_from_gpgsm():
    """Its folder says that a key is there; what gpgsm exports is taken."""
    other, home = harness.Home(), harness.Home()
    try:
        other.answer("secret")
        harness.need_program("gpgsm")
        pki.give_gpgsm_key(other, "alice", "secret", options=("-legacy",))
        report = home.run("--json", "keys", "import", other.gnupg, status=10).json()["imported"]
        told = [one for one in report if one["what"] == "private-key"]
        equal([one["result"] for one in told], ["rejected"], "the private key")
        contains(told[0]["text"], "gpgsm --export-secret-key-p12", "what to do")
        exported = gpgsm(other, "--export-secret-key-p12", "alice@example.org").out
        home.ok("keys", "import", "--passphrase-fd", harness.Fd("secret\n"), home.file("a.p12", exported))
        expect_key(home, pki.fpr("alice"), True, "--secret")
    finally:
        other.close()
        home.close()


@with_home
@each(("AES-256", "AES-256-CBC", "AES-256-CBC"), ("3DES", "DES-EDE3-CBC", "DES-EDE3-CBC"),
      ("old 3DES", "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC",
       "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC"),
      ("RC2-40", "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC", "PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC"))
def test_import_backup_of_a_browser_profile(home, _, key_cipher, cert_cipher):
    """What NSS (Firefox, Thunderbird) writes, made by its own tools."""
    harness.need_program("pk12util", "certutil")
    database = "sql:" + os.path.join(home.work, "nss")
    os.mkdir(database[4:])
    secret = home.file("secret", "secret\n")
    harness.must(["certutil", "-N", "-d", database, "--empty-password"])
    harness.must(["certutil", "-A", "-d", database, "-n", "ca", "-t", ",,", "-i", pki.get("ca")])
    path = home.file("in.p12", pki.p12("alice", "secret", chain=()))
    harness.must(["pk12util", "-i", path, "-d", database, "-w", secret, "-K", ""])
    nick = re.search(r"^(\S.*?)\s+u,u,u", harness.must(["certutil", "-L", "-d", database]).out.decode(), re.M)
    out = os.path.join(home.work, "profile.p12")
    harness.must(["pk12util", "-o", out, "-n", nick.group(1), "-d", database, "-w", secret, "-K", "", "-c", key_cipher,
                  "-C", cert_cipher])
    home.ok("keys", "import", "--passphrase-fd", harness.Fd("secret\n"), out)
    expect_key(home, pki.fpr("alice"), True, "--secret")
    home.refuses(8, "keys", "import", "--passphrase-fd", harness.Fd("wrong\n"), out)


@with_home
def test_import_of_a_strange_folder(home):
    os.mkdir(os.path.join(home.work, "d"))
    home.refuses(10, "keys", "import", os.path.join(home.work, "d")).expect_message("folder")


# --- lookup -----------------------------------------------------------------

def test_lookup_is_local():
    home = pgp.fresh()
    pki.give_certificates(home, "bob")
    got = home.ok("--json", "keys", "lookup", "bob@example.org").json()["keys"]
    for fingerprint in (pgp.fpr("bob"), pki.fpr("bob")):
        contains([key["fingerprint"] for key in got], fingerprint.lower(), "keys")
    home.refuses(11, "keys", "lookup", "nobody@example.org").expect_message("nobody@example.org", "--source")
    home.refuses(2, "keys", "lookup", "--source", "crystal-ball", "bob@example.org").expect_message(
        "local", "wkd", "keyserver", "dane")
    home.refuses(2, "keys", "lookup", "bob")
    home.close()


class KeyServer:
    """An HKP keyserver on the loopback that has one key."""

    def __init__(self, key):
        import http.server
        import threading
        self.asked = asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(200 if key else 404)
                self.end_headers()
                self.wfile.write(key or b"")

            def log_message(self, *args):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = "hkp://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def with_keyserver(home, key):
    harness.need_program("dirmngr")
    if not os.path.exists("/etc/hosts"):
        harness.skip("without /etc/hosts dirmngr finds no keyserver")
    server = KeyServer(key)
    with open(os.path.join(home.gnupg, "dirmngr.conf"), "w") as out:
        out.write("keyserver %s\nconnect-timeout 5\nconnect-quick-timeout 5\n" % server.url)
    return server


def test_lookup_at_a_keyserver():
    """The key comes in, and is trusted as little as any other."""
    world, home = harness.Home(pgp.templates().world), harness.Home(pgp.templates().alice)
    server = with_keyserver(home, world.gpg("--armor", "--export", pgp.fpr("stranger")).out)
    try:
        home.refuses(11, "keys", "lookup", "stranger@example.org")
        equal(server.asked, [], "requests of a local lookup")
        got = home.ok("--json", "keys", "lookup", "--source", "keyserver", "stranger@example.org").json()["keys"]
        equal([key["fingerprint"] for key in got], [pgp.fpr("stranger").lower()], "keys")
        true(any("stranger" in path for path in server.asked), "the server was not asked: %r" % server.asked)
        true(not got[0]["addresses"][0]["trusted"], "trusted by being found")
        home.run("plan", "stranger@example.org", status=11)
        expect_key(home, pgp.fpr("stranger"))
    finally:
        server.close()
        home.close()
        world.close()


@each(("keyserver",), ("wkd",), ("dane",))
def test_lookup_without_a_network(source):
    """Clear words, and nothing is taken for "there is no such key"."""
    harness.need_program("dirmngr")
    home = harness.Home()
    with open(os.path.join(home.gnupg, "dirmngr.conf"), "w") as out:
        out.write("keyserver hkp://127.0.0.1:9\nconnect-timeout 2\nconnect-quick-timeout 2\nnameserver 127.0.0.1\n"
                  "disable-ipv6\n")
    result = home.refuses(12, "keys", "lookup", "--source", source, "stranger@nowhere.invalid", timeout=60)
    result.expect_message("'%s' could not be asked" % source)
    home.close()


def test_lookup_of_a_key_that_nobody_has():
    home = harness.Home()
    server = with_keyserver(home, None)
    try:
        home.refuses(11, "keys", "lookup", "--source", "keyserver", "nobody@example.org")
        true(server.asked, "the server was not asked")
    finally:
        server.close()
        home.close()


# --- backup and restore -----------------------------------------------------

def backup_of(home, name="backup.pem"):
    path = os.path.join(home.work, name)
    home.ok("keys", "backup", "-o", path)
    return path


def rich_home():
    home = harness.Home()
    pki.give_anchor(home)
    pki.give_key(home, "alice", new="kept secret")
    pki.give_certificates(home, "bob", "carol", "dave-enc")
    home.ok("keys", "trust", pki.fpr("bob"), "--for", "bobby@example.org")
    home.ok("keys", "distrust", pki.fpr("carol"))
    return home


def sign_with(home, passphrase):
    return home.run("sign", "--protocol", "smime", "--passphrase-fd", harness.Fd(passphrase + "\n"), input=m.plain())


def test_backup_and_restore():
    home, other = rich_home(), harness.Home()
    path = backup_of(home)
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
    told = other.ok("--json", "keys", "restore", path).json()["imported"]
    equal({one["result"] for one in told}, {"new"}, "results")
    equal({one["what"] for one in told}, {"certificate", "private-key", "trust"}, "what")
    equal(listed(other), listed(home), "the list")
    equal(listed(other, "bobby@example.org"), listed(home, "bobby@example.org"), "pins")
    equal(sign_with(other, "kept secret").status, 0, "signing")
    equal(sign_with(other, "wrong").status, 8, "signing under another passphrase")
    # once more: nothing changes
    before = folder_state(other)
    again = other.ok("--json", "keys", "restore", path).json()["imported"]
    equal({one["result"] for one in again}, {"unchanged"}, "results of the second time")
    equal(folder_state(other).keys(), before.keys(), "files")
    equal(open(backup_of(other), "rb").read(), open(path, "rb").read(), "the backup of the restored")
    for one in (home, other):
        one.close()


def test_backup_is_read_by_openssl():
    home = rich_home()
    path = backup_of(home)
    pki.openssl("pkey", "-in", path, "-passin", "pass:kept secret", "-noout")
    bundle = pki.openssl("crl2pkcs7", "-nocrl", "-certfile", path).out
    equal(pki.openssl("pkcs7", "-print_certs", "-noout", input=bundle).out.count(b"subject="), 5, "certificates")
    home.close()


def test_restore_keeps_what_is_here():
    """The passphrase of a key and a later word about trust."""
    home, other = rich_home(), harness.Home()
    path = backup_of(home)
    pki.give_key(other, "alice", new="another")
    pki.give_certificates(other, "ca")
    other.ok("keys", "distrust", pki.fpr("ca"))
    other.ok("keys", "restore", path)
    equal(sign_with(other, "another").status, 0, "signing under the passphrase of before")
    contains(other.ok("keys", "show", pki.fpr("ca")).out.decode(), "no anchor", "the distrusted root")
    for one in (home, other):
        one.close()


@each("cut off", "last newline", "changed", "more behind", "no end", "not PEM", "empty", "bad name", "bad pin")
def test_damaged_backup_restores_nothing(how):
    home, other = rich_home(), harness.Home()
    data = open(backup_of(home), "rb").read()
    head, mark, lines = data.partition(b"mailcrypt backup 1\n")
    rebuilt = lambda lines: head + mark + lines
    key = re.search(rb"key (\w+)", lines).group(1)
    damaged = {"cut off": data[:-30], "last newline": data[:-1], "changed": data.replace(b"MII", b"MIJ", 1), "more behind": data + b"x\n",
               "no end": rebuilt(re.sub(rb"end .*\n", b"", lines)), "not PEM": b"hello\n", "empty": b"",
               "bad name": rebuilt(lines.replace(key, b"../../" + key[6:])),
               "bad pin": rebuilt(lines.replace(b"anchor", b"admiral"))}[how]
    before = folder_state(other)
    other.refuses(10, "keys", "restore", other.file("in", damaged))
    equal(folder_state(other), before, "files")
    other.ok("keys", "restore", other.file("in", data))
    for one in (home, other):
        one.close()


@with_home
def test_restore_is_all_or_nothing(home):
    """The private key cannot be written: no certificate and no trust either."""
    source = rich_home()
    path = backup_of(source)
    os.makedirs(home.mc, mode=0o700, exist_ok=True)
    home.file("x", b"")
    with open(os.path.join(home.mc, "private"), "w"):
        pass
    home.run("keys", "restore", path, status=12).expect_silent()
    equal(listed(home).strip(), "", "the list")
    source.close()


@with_home
def test_backup_refuses(home):
    home.refuses(11, "keys", "backup").expect_message("nothing to back up")
    pki.give_key(home, "alice")
    home.refuses(2, "keys", "backup").expect_message("without a passphrase")


@with_home
def test_remove_certificate(home):
    pki.give_key(home, "alice")
    pki.give_certificates(home, "bob")
    home.ok("keys", "remove", pki.fpr("bob"))
    expect_key(home, pki.fpr("bob"), False)
    expect_key(home, pki.fpr("alice"))
    home.refuses(11, "keys", "remove", pki.fpr("bob"))


# --- out of messages, and what is refused -----------------------------------

def signed_by(name, form):
    part = m.entity()
    if form == "opaque":
        return m.message(m.smime_opaque(pki.sign(part, name, opaque=True)), sender=m.BOB)
    signed = m.smime_signed(part, pki.sign(part, name))
    if form == "inside a mixed":
        return m.message(m.multipart([signed, m.entity(b"from the list\r\n")]), sender=m.BOB)
    return m.message(signed, sender=m.BOB)


@with_home
@each("detached", "opaque", "inside a mixed")
def test_import_signed_message(home, form):
    mail = signed_by("bob-self", form)
    path = home.file("mail.eml", mail)
    home.ok("keys", "import", path)
    expect_key(home, pki.fpr("bob-self"))
    if form != "inside a mixed":
        expect(verdict(home, mail, 6), "unprotected", "untrusted")   # imported is not trusted


@with_home
def test_hints_for_an_unknown_certificate_can_be_followed(home):
    mail = signed_by("bob-self", "detached")
    path = home.file("mail.eml", mail)
    wanted = "mailcrypt keys trust " + pki.fpr("bob-self").lower()
    text = home.run("verify", path, status=6)
    contains((text.out + text.err).decode(), "mailcrypt keys import MESSAGE, then: " + wanted, "the hint")
    home.ok("keys", "import", path)
    text = home.run("verify", path, status=6)
    contains((text.out + text.err).decode(), wanted, "the hint")
    lacks((text.out + text.err).decode(), "import MESSAGE", "the hint")
    home.ok(*wanted.split()[1:])
    home.ok("verify", path)


@with_home
def test_import_certs_only_message(home):
    der = pki.openssl("crl2pkcs7", "-nocrl", "-certfile", pki.get("bob"), "-outform", "DER").out
    home.ok("keys", "import", home.file("mail.eml", m.message(m.smime_opaque(der, "certs-only", "smime.p7c"))))
    expect_key(home, pki.fpr("bob"))


@with_home
@each("base64", "7bit")
def test_import_message_with_openpgp_key(home, cte):
    key = pgp.shared("world").gpg("--armor", "--export", pgp.fpr("bob")).out
    body = m.b64(key) if cte == "base64" else key
    part = m.entity(body, ctype="application/pgp-keys", cte=cte)
    home.ok("keys", "import", home.file("mail.eml", m.message(m.multipart([m.entity(), part]))))
    expect_key(home, pgp.fpr("bob"))


@with_home
def test_messages_without_keys_are_refused(home):
    pki.give_certificates(home, "bob")
    home.refuses(10, "keys", "import", home.file("plain.eml", m.plain()))
    sealed = m.message(m.smime_opaque(pki.encrypt(m.entity(), "bob"), "enveloped-data"))
    home.refuses(10, "keys", "import", home.file("sealed.eml", sealed)).expect_message("mailcrypt decrypt")
    # a private key does not come in by mail as a signature
    p12 = m.message(m.smime_opaque(pki.p12("alice", "secret"), "certs-only"))
    home.refuses(10, "keys", "import", "--passphrase-fd", harness.Fd("secret\n"), home.file("p12.eml", p12))


@with_home
@each("PEM", "DER", "PKCS#7")
def test_revocation_lists_are_refused(home, form):
    pki.get("ca")
    listing = home.file("crl.pem", pki.openssl("ca", "-gencrl", "-config", pki.path_of("openssl", "cnf"), "-cert",
                                               pki.get("ca"), "-keyfile", pki.key("ca"), "-crldays", "3").out)
    data = {"PEM": lambda: open(listing, "rb").read(),
            "DER": lambda: pki.openssl("crl", "-in", listing, "-outform", "DER").out,
            "PKCS#7": lambda: pki.openssl("crl2pkcs7", "-in", listing, "-outform", "DER").out}[form]()
    home.refuses(10, "keys", "import", home.file("in.crl", data)).expect_message("--crl")


@with_home
def test_import_openpgp_revocation(home):
    world = pgp.shared("world")
    path = home.file("revocation", pgp.revocation(world, pgp.fpr("bob")))
    home.refuses(11, "keys", "import", path)
    home.gpg("--import", input=world.gpg("--export", pgp.fpr("bob")).out)
    contains(home.ok("keys", "import", path).out, b"updated", "the report")
    contains(home.ok("keys", "list").out, b"revoked", "the list")
    contains(home.ok("keys", "import", path).out, b"unchanged", "the report")


def test_smime_without_gnupg():
    home = pki.fresh("alice")
    nothing = os.path.join(home.work, "nothing")
    os.mkdir(nothing)
    bare = {"PATH": nothing}
    contains(home.ok("keys", "list", env=bare).out.decode().lower(), "bob@example.org", "the list")
    home.ok("encrypt", "--sign", input=m.plain(), env=bare)
    home.refuses(12, "keys", "list", "--protocol", "openpgp", env=bare).expect_message(
        "GnuPG is not installed", "install GnuPG")
    for words in (("encrypt", "--protocol", "openpgp"), ("encrypt", "-r", "nobody@example.org")):
        home.refuses(12, *words, input=m.plain(), env=bare).expect_message("GnuPG is not installed")
    home.close()


# --- trust ------------------------------------------------------------------

@with_home
def test_trust_needs_a_full_fingerprint(home):
    pki.give_certificates(home, "bob")
    home.run("keys", "trust", pki.fpr("bob")[:16], status=(2, 11))
    home.refuses(11, "keys", "trust", "0" * 64, "--for", "bob@example.org")


@with_home
def test_anchor_has_to_be_an_authority(home):
    """A person's certificate must not vouch for others."""
    pki.give_certificates(home, "carol")
    home.run("keys", "trust", pki.fpr("carol"), "--anchor").expect_status((2, 11))


@with_home
def test_trust_names_the_addresses(home):
    pki.give_certificates(home, "bob-self")
    contains(home.ok("keys", "trust", pki.fpr("bob-self")).out, b" is trusted for bob@example.org now\n", "confirmation")
    home.gpg("--import", input=pgp.shared("world").gpg("--export", pgp.fpr("untrusted")).out)
    contains(home.ok("keys", "trust", pgp.fpr("untrusted")).out, b" is trusted for bob@example.org now\n", "confirmation")
    contains(home.ok("keys", "trust", pgp.fpr("untrusted"), "--for", "nick@example.org").out,
             b" is trusted for nick@example.org now\n", "confirmation")
    for fingerprint in (pki.fpr("bob-self"), pgp.fpr("untrusted")):
        home.ok("keys", "trust", fingerprint, "--for", "nick@example.org")
        contains(home.ok("keys", "show", fingerprint).out, b"nick@example.org [trusted", "keys show")
        trusted = [x["address"] for x in home.ok("--json", "keys", "show", fingerprint).json()["keys"][0]["addresses"]
                   if x["trusted"]]
        contains(trusted, "nick@example.org", "keys show")


@with_home
def test_anchor_and_distrust(home):
    part = m.entity()
    mail = m.message(m.smime_signed(part, pki.sign(part, "bob")), sender=m.BOB)
    pki.give_certificates(home, "ca")
    expect(verdict(home, mail, 6), "unprotected", "untrusted")
    home.ok("keys", "trust", pki.fpr("ca"), "--anchor")
    expect(verdict(home, mail, 0), "signed-only", "good")
    home.ok("keys", "distrust", pki.fpr("ca"))
    expect(verdict(home, mail, 6), "unprotected", "untrusted")


@with_home
def test_pin_is_for_one_address(home):
    pki.give_key(home, "alice")
    pki.give_certificates(home, "bob-self")
    part = m.entity()
    mail = lambda sender: m.message(m.smime_signed(part, pki.sign(part, "bob-self")), sender=sender)
    home.ok("keys", "trust", pki.fpr("bob-self"), "--for", "bob@example.org")
    expect(verdict(home, mail(m.BOB), 0), "signed-only", "good")
    expect(verdict(home, mail("robert@example.org"), 7), "unprotected", "not-sender")


@with_home
def test_pin_for_an_address_the_certificate_lacks(home):
    """RFC 8550 section 3: only an explicit binding makes such a certificate usable."""
    pki.give_anchor(home)
    pki.give_certificates(home, "bob-nomail")
    part = m.entity()
    mail = m.message(m.smime_signed(part, pki.sign(part, "bob-nomail")), sender=m.BOB)
    expect(verdict(home, mail, 7), "unprotected", "not-sender")
    home.ok("keys", "trust", pki.fpr("bob-nomail"), "--for", "bob@example.org")
    expect(verdict(home, mail, 0), "signed-only", "good")


@with_home
@each("trust", "distrust", "remove")
def test_unknown_fingerprints(home, command):
    text = home.refuses(11, "keys", command, "0" * 64).err.decode()
    true(("import" in text) == (command == "trust"), "hint of keys %s: %s" % (command, text))


@each("file", "/dev/null")
def test_home_that_is_no_folder(kind):
    home = pki.fresh("alice")
    wrong = "/dev/null/x" if kind == "/dev/null" else home.file("file", b"x")
    part = m.entity()
    mail = m.message(m.smime_signed(part, pki.sign(part, "bob")), sender=m.BOB)
    home.run("verify", "--homedir", wrong, input=mail, status=12)
    home.refuses(12, "keys", "list", "--homedir", wrong, "--protocol", "smime")
    home.close()


# --- generate ---------------------------------------------------------------

ME = "New Person <new@example.org>"


@with_home
def test_generate_openpgp(home):
    home.ok("keys", "generate", "new@example.org", "--name", "New Person", "--protocol", "openpgp",
            "--passphrase-fd", harness.Fd("\n"))
    listing = home.gpg("--with-colons", "--list-secret-keys").out.decode()
    contains(listing, ":New Person <new@example.org>:", "gpg's list")
    contains(listing, "ed25519", "gpg's list")
    contains(listing, "cv25519", "gpg's list")
    mail = m.plain(sender=ME, to="new@example.org")
    sealed = home.ok("encrypt", "--sign", "--protocol", "openpgp", input=mail).out
    expect(verdict(home, sealed, 0), "signed-and-encrypted", "good", "ok", address="new@example.org",
           name="New Person")


@with_home
def test_generate_openpgp_with_passphrase(home):
    home.ok("keys", "generate", "new@example.org", "--protocol", "openpgp", "--passphrase-fd",
            harness.Fd("a passphrase\n"))
    mail = m.plain(sender="new@example.org")
    home.refuses(8, "sign", "--protocol", "openpgp", "--passphrase-fd", harness.Fd("wrong\n"), input=mail)
    home.ok("sign", "--protocol", "openpgp", "--passphrase-fd", harness.Fd("a passphrase\n"), input=mail)


@with_home
@each(("default",), ("rsa3072", "--algo", "rsa3072"), ("p256", "--algo", "p256"), ("p384", "--algo", "p384"),
      ("p521", "--algo", "p521"))
def test_generate_self_signed(home, _, *options):
    home.ok("keys", "generate", "new@example.org", "--name", "New Person", "--protocol", "smime",
            "--self-signed", "--passphrase-fd", harness.Fd("\n"), *options)
    mail = m.plain(sender=ME, to="new@example.org")
    sealed = home.ok("encrypt", "--sign", "--protocol", "smime", input=mail).out
    expect(verdict(home, sealed, 0), "signed-and-encrypted", "good", "ok", address="new@example.org",
           name="New Person")
    pem = home.ok("keys", "export", "new@example.org").out
    text = pki.openssl("x509", "-noout", "-text", input=pem).out.decode()
    for wanted in ("email:new@example.org", "E-mail Protection", "Digital Signature", "CA:FALSE"):
        contains(text, wanted, "the certificate")


@with_home
def test_generate_csr(home):
    path = os.path.join(home.work, "new.csr")
    home.ok("keys", "generate", "new@example.org", "--name", "New Person", "--protocol", "smime", "--csr", path,
            "--passphrase-fd", harness.Fd("a passphrase\n"))
    text = pki.openssl("req", "-in", path, "-verify", "-noout", "-text").out.decode()
    contains(text, "new@example.org", "the request")
    contains(text, "New Person", "the request")
    # the certificate that an authority makes of it finds its key
    issued = home.file("new.crt", b"")
    pki.get("ca")
    extensions = home.file("ext", b"subjectAltName=email:new@example.org\nextendedKeyUsage=emailProtection\n"
                                  b"keyUsage=digitalSignature,keyEncipherment,keyAgreement\n"
                                  b"subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
    pki.openssl("x509", "-req", "-in", path, "-CA", pki.get("ca"), "-CAkey", pki.key("ca"), "-days", "30",
                "-set_serial", "77", "-extfile", extensions, "-out", issued)
    pki.give_anchor(home)
    home.ok("keys", "import", issued)
    signed = home.ok("sign", "--protocol", "smime", "--passphrase-fd", harness.Fd("a passphrase\n"),
                     input=m.plain(sender=ME)).out
    expect(verdict(home, signed, 0), "signed-only", "good", address="new@example.org")


def issue(home, request, serial):
    """What an authority makes of a request."""
    issued = os.path.join(home.work, "%d.crt" % serial)
    extensions = home.file("ext", b"subjectAltName=email:new@example.org\nextendedKeyUsage=emailProtection\n"
                                  b"keyUsage=digitalSignature,keyEncipherment\nsubjectKeyIdentifier=hash\n"
                                  b"authorityKeyIdentifier=keyid\n")
    pki.openssl("x509", "-req", "-in", request, "-CA", pki.get("ca"), "-CAkey", pki.key("ca"), "-days", "30",
                "-set_serial", str(serial), "-extfile", extensions, "-out", issued)
    return issued


@with_home
def test_renewal_keeps_the_old_key_for_reading(home):
    pki.give_anchor(home)
    secret = lambda: ("--passphrase-fd", harness.Fd("a passphrase\n"))
    mails, prints = [], []
    for serial in (78, 79):
        request = os.path.join(home.work, "%d.csr" % serial)
        home.ok("keys", "generate", "new@example.org", "--protocol", "smime", "--csr", request, *secret())
        if serial == 79:
            # the request alone changes nothing: mail still goes to the key that has a certificate
            mails.append(home.ok("encrypt", "--protocol", "smime", "-r", "new@example.org", "-u", "new@example.org",
                                 input=m.plain(sender=ME)).out)
            time.sleep(1.1)    # the newest counts, by the second
        issued = issue(home, request, serial)
        home.ok("keys", "import", issued)
        prints.append(sha256(issued))
        mails.append(home.ok("encrypt", "--protocol", "smime", "-r", "new@example.org", "-u", "new@example.org",
                             input=m.plain(sender=ME)).out)
    for mail in mails:
        contains(home.ok("decrypt", *secret(), input=mail).out, b"Hello, Bob.", "content")
    plan = home.ok("--json", "plan", "--protocol", "smime", "new@example.org").json()
    states = {c["fingerprint"]: c["state"] for c in plan["parties"][0]["candidates"]}
    equal(states, {prints[0]: "usable", prints[1]: "chosen"}, "candidates")


@with_home
@each(("no address", "not-an-address"), ("weak RSA", "new@example.org", "--algo", "rsa1024"),
      ("unknown algorithm", "new@example.org", "--algo", "frob"))
def test_generate_refuses(home, _, address, *options):
    home.refuses(2, "keys", "generate", address, "--protocol", "smime", "--self-signed", "--passphrase-fd",
                 harness.Fd("\n"), *options)


# --- which protocol ---------------------------------------------------------

def both_home():
    home = pgp.fresh()
    pki.give_anchor(home)
    pki.give_key(home, "alice")
    return home


def protocol_of(mail):
    return {"multipart/encrypted": "openpgp", "application/pkcs7-mime": "smime"}[m.parse(mail).get_content_type()]


def test_protocol_auto():
    home = both_home()
    # only OpenPGP for carol; dave has only a certificate; bob has both
    pki.give_certificates(home, "bob", "dave-enc")
    choose = lambda *to: protocol_of(home.ok("encrypt", *sum((["-r", a] for a in to), []), input=m.plain()).out)
    equal(choose("carol@example.org"), "openpgp", "for a recipient with OpenPGP only")
    equal(choose("dave@example.org"), "smime", "for a recipient with S/MIME only")
    equal(choose("bob@example.org"), "openpgp", "for a recipient with both")
    equal(choose("bob@example.org", "dave@example.org"), "smime", "for both and S/MIME only")
    result = home.refuses(11, "encrypt", "-r", "carol@example.org", "-r", "dave@example.org", input=m.plain())
    result.expect_message("carol@example.org", "dave@example.org")
    home.close()


def test_protocol_auto_prefers_what_the_sender_can_sign_with():
    home = both_home()
    pki.give_certificates(home, "bob")
    pki.give_key(home, "dave-sign")
    mail = m.plain(sender="Dave <dave@example.org>")
    sealed = home.ok("encrypt", "--sign", "--no-self", "-r", "bob@example.org", input=mail).out
    equal(protocol_of(sealed), "smime", "protocol")
    home.close()


if __name__ == "__main__":
    harness.main(globals())
