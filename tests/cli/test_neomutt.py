#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages that neomutt writes (gpgme backend: gpg and gpgsm) are read right, and gpgsm reads ours.

neomutt's batch mode neither signs nor encrypts, so it is driven through a terminal: the
editor does nothing, and one key in the compose menu sends. Its sendmail stores the message.
"""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, expect, fail, need_program, verdict

TEXT = "Hello from neomutt.\nGrüße.\nFrom here  \n"

RC = """set folder=%(work)s/mail
set spoolfile=%(work)s/mail
set tmpdir=%(work)s
set record=""
set copy=no
set crypt_use_gpgme=yes
set realname="Bob Example"
set from="bob@example.org"
set use_from=yes
set hostname=example.org
set sendmail="%(send)s"
set editor="true"
set abort_unmodified=no
set autoedit=yes
set fast_reply=yes
set mail_check=0
set sleep_time=0
set charset=utf-8
set send_charset="us-ascii:utf-8"
set pgp_sign_as="%(key)s"
set pgp_default_key="%(key)s"
set smime_default_key="bob@example.org"
set smime_sign_as="bob@example.org"
"""

_bob = []


def bob():
    """bob's machine: gpg and gpgsm know his keys and alice's."""
    if not _bob:
        need_program("neomutt", "gpgsm")
        home = pgp.fresh("bob")
        with open(os.path.join(home.gnupg, "gpgsm.conf"), "w") as out:
            out.write("disable-crl-checks\ndisable-policy-checks\ndisable-dirmngr\n")
        sha1 = pki.openssl("x509", "-in", pki.get("ca"), "-noout", "-fingerprint", "-sha1").out.decode()
        with open(os.path.join(home.gnupg, "trustlist.txt"), "w") as out:
            out.write(sha1.split("=")[1].strip().replace(":", "") + " S relax\n")
        pki.give_gpgsm_key(home, "bob", "secret")
        gpgsm(home, "--import", pki.get("alice"))
        home.answer("secret")
        os.mkdir(os.path.join(home.work, "mail"))
        _bob.append(home)
    return _bob[0]


def gpgsm(home, *args, **more):
    return harness.must(["gpgsm", "--batch", "--quiet", *args], env=home.env(), cwd=home.work, **more)


def on_terminal(argv, env, cwd, done):
    """Run a full-screen program; type y when the compose menu is there."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    proc = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=cwd,
                            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(slave)
    screen = []

    def watch():
        try:
            while True:
                screen.append(os.read(master, 65536))
                if b"Compose" in screen[-1]:
                    os.write(master, b"y")
        except OSError:
            pass
    threading.Thread(target=watch, daemon=True).start()
    try:
        proc.wait(60)
    except subprocess.TimeoutExpired:
        proc.kill()
        proc.wait()
    os.close(master)
    if not os.path.exists(done):
        fail("neomutt sent nothing; its screen:\n%s" % harness.clip(b"".join(screen)))
    with open(done, "rb") as source:
        return source.read()


def write_mail(settings, *args):
    home = bob()
    send = home.file("send", b'#!/bin/sh\ncat > "$OUT.new" && mv "$OUT.new" "$OUT"\n')
    os.chmod(send, 0o755)
    out = os.path.join(home.work, "sent.eml")
    if os.path.exists(out):
        os.unlink(out)
    rc = home.file("rc", RC % {"work": home.work, "send": send, "key": pgp.fpr("bob")} + settings)
    body = home.file("body", TEXT)
    argv = ["neomutt", "-n", "-F", rc, "-s", "a subject", "-i", body, *args, "--", "alice@example.org"]
    return on_terminal(argv, home.env(OUT=out, TERM="xterm"), home.work, out)


SMIME = "set crypt_autosmime=yes\nset crypt_autopgp=no\nset smime_is_default=yes\n"
SIGN, ENCRYPT = "set crypt_autosign=yes\n", "set crypt_autoencrypt=yes\n"


def reader(protocol):
    return pgp.shared("alice") if protocol == "openpgp" else pki.shared("alice")


def check_text(home, mail):
    out = home.ok("show", input=mail).out.decode()
    for line in TEXT.splitlines():
        contains(out, line.rstrip(), "show")


@each(("openpgp", ""), ("smime", SMIME))
def test_signed(protocol, settings):
    mail = write_mail(settings + SIGN)
    fingerprint = (pgp if protocol == "openpgp" else pki).fpr("bob")
    expect(verdict(reader(protocol), mail, 0), "signed-only", "good", "none", ["signed"],
           address="bob@example.org", fingerprint=fingerprint, protocol=protocol)
    check_text(reader(protocol), mail)


@each(("openpgp", ""), ("smime", SMIME))
def test_signed_with_attachment(protocol, settings):
    path = bob().file("data.bin", m.blob(30000))
    mail = write_mail(settings + SIGN, "-a", path)
    report = expect(verdict(reader(protocol), mail, 0), "signed-only", "good")
    part = [p["path"] for p in report["parts"] if p["filename"] == "data.bin"][0]
    equal(reader(protocol).ok("extract", "--part", part, input=mail).out, m.blob(30000), "attachment")


@each(("openpgp", ""), ("smime", SMIME))
def test_encrypted(protocol, settings):
    mail = write_mail(settings + ENCRYPT)
    expect(verdict(reader(protocol), mail, 3), "encrypted-only", "none", "ok", ["encrypted"])
    check_text(reader(protocol), mail)
    contains(reader(protocol).ok("decrypt", input=mail).out, b"Hello from neomutt.", "decrypted")


@each(("openpgp", ""), ("smime", SMIME))
def test_signed_and_encrypted(protocol, settings):
    mail = write_mail(settings + SIGN + ENCRYPT)
    fingerprint = (pgp if protocol == "openpgp" else pki).fpr("bob")
    expect(verdict(reader(protocol), mail, 0), "signed-and-encrypted", "good", "ok", ["encrypted", "signed"],
           address="bob@example.org", fingerprint=fingerprint, protocol=protocol)
    check_text(reader(protocol), mail)


@each(("openpgp", ""), ("smime", SMIME))
def test_altered(protocol, settings):
    mail = write_mail(settings + SIGN).replace(b"Hello", b"Jello", 1)
    expect(verdict(reader(protocol), mail, 4), "unprotected", "bad")


# --- gpgsm by itself --------------------------------------------------------

def test_gpgsm_reads_what_we_sign():
    signed = pki.shared("alice").ok("sign", "--protocol", "smime", input=m.plain()).out
    part, signature = m.raw_parts(signed)
    home = bob()
    der = home.file("s.der", m.parse(signature).get_payload(decode=True))
    result = gpgsm(home, "--status-fd", "1", "--verify", der, home.file("c", m.crlf(part)))
    contains(result.out.decode(), "GOODSIG", "gpgsm's status")


def test_gpgsm_reads_what_we_encrypt():
    """Unknown capabilities: what every S/MIME program reads."""
    sealed = pki.shared("alice").ok("encrypt", "-r", "bob@example.org", "--protocol", "smime", input=m.plain()).out
    der = m.parse(sealed).get_payload(decode=True)
    # its own status tells of the recipients whose keys it lacks
    argv = ["gpgsm", "--batch", "--status-fd", "2", "--decrypt", bob().file("e.der", der)]
    result = harness.run(argv, env=bob().env(), cwd=bob().work)
    contains(result.err, b"DECRYPTION_OKAY", "gpgsm's status", result)
    m.same_content(m.with_payload(sealed, result.out), m.plain())


@each("sha256", "sha512")
def test_gpgsm_signs(digest):
    part = m.entity()
    der = gpgsm(bob(), "--digest-algo", digest, "--local-user", "bob@example.org", "--detach-sign", input=part).out
    mail = m.message(m.smime_signed(part, der, digest.replace("sha", "sha-")), sender=m.BOB)
    expect(verdict(pki.shared("alice"), mail, 0), "signed-only", "good", fingerprint=pki.fpr("bob"))
    opaque = gpgsm(bob(), "--digest-algo", digest, "--local-user", "bob@example.org", "--sign", input=part).out
    mail = m.message(m.smime_opaque(opaque), sender=m.BOB)
    expect(verdict(pki.shared("alice"), mail, 0), "signed-only", "good", fingerprint=pki.fpr("bob"))


@each("AES128", "AES192", "AES256", "3DES")
def test_gpgsm_encrypts(cipher):
    der = gpgsm(bob(), "--cipher-algo", cipher, "--recipient", "alice@example.org", "--encrypt",
                input=m.entity(m.text_of(30000))).out
    mail = m.message(m.smime_opaque(der, "enveloped-data"), sender=m.BOB)
    out = pki.shared("alice").ok("decrypt", input=mail).out
    m.same_content(out, m.plain(m.text_of(30000), sender=m.BOB))


if __name__ == "__main__":
    harness.main(globals())
