#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""S/MIME both ways with NSS (cmsutil, what Thunderbird has) and with gpgsm, as far as they go."""

import os
import re

import harness
import mailkit as m
import pki
from harness import each, equal, expect, need_program, true, verdict


def alice():
    return pki.shared("alice")


def from_bob(inner):
    return m.message(inner, sender=m.BOB, to=m.ALICE)


def run(*words, input=b"", env=None):
    result = harness.run(list(words), input=input, env=env)
    equal(result.status, 0, "status of " + words[0], result)
    return result.out


# --- NSS --------------------------------------------------------------------

_nss = {}


def nss(name="bob"):
    """A database of Bob, who also knows Alice. Certificates of one subject share a nickname in it:
    so there is one database for each."""
    need_program("cmsutil", "certutil", "pk12util")
    if name not in _nss:
        path = os.path.join(alice().work, "nss-" + name)
        os.mkdir(path)
        folder = "sql:" + path
        run("certutil", "-N", "-d", folder, "--empty-password")
        run("certutil", "-A", "-d", folder, "-n", "ca", "-t", "C,C,C", "-i", pki.get("ca"))
        run("pk12util", "-i", alice().file("nss.p12", pki.p12(name, "x")), "-d", folder, "-W", "x", "-K", "")
        run("certutil", "-A", "-d", folder, "-n", "alice", "-t", ",,", "-i", pki.get("alice"))
        _nss[name] = folder
    return _nss[name]


def nss_read(mail):
    """What cmsutil makes of an S/MIME object: the content, its word on the signature."""
    part = m.parse(mail).get_payload()
    return run("cmsutil", "-D", "-d", nss(), "-i", alice().file("nss.der", part))


@each(("detached", ()), ("opaque", ("--opaque",)))
def test_nss_verifies(_, words):
    folder, mail = nss(), m.plain()
    signed = alice().ok("sign", "--protocol", "smime", *words, input=mail).out
    if words:
        m.same_content(m.with_payload(signed, nss_read(signed)), mail)
        return
    content, signature = m.raw_parts(signed)
    data = alice().file("nss.der", m.parse(signature).get_payload())
    words = ["cmsutil", "-D", "-d", folder, "-i", data, "-n", "-c"]
    run(*words, alice().file("content", m.crlf(content)))
    changed = harness.run([*words, alice().file("content", m.crlf(content) + b"x")])
    true(changed.status != 0, "cmsutil accepts anything")


@each("aes128-cbc", "aes256-cbc")
def test_nss_decrypts(cipher):
    nss()
    sealed = alice().ok("encrypt", "--protocol", "smime", "--cipher", cipher, "-r", "bob@example.org",
                        input=m.plain()).out
    m.same_content(m.with_payload(sealed, nss_read(sealed)), m.plain())


@each(*[("%s %s %s" % (name, digest, "opaque" if opaque else "detached"), name, digest, opaque)
        for name in ("bob", "bob-p256") for digest in ("SHA256", "SHA512") for opaque in (False, True)])
def test_verify_nss(_, name, digest, opaque):
    folder, part = nss(name), m.entity()
    out = alice().file("nss.der", b"")
    run("cmsutil", "-S", "-d", folder, "-N", name, "-H", digest, "-G", *([] if opaque else ["-T"]),
        "-i", alice().file("content", part), "-o", out)
    with open(out, "rb") as source:
        data = source.read()
    mail = from_bob(m.smime_opaque(data) if opaque else m.smime_signed(part, data))
    expect(verdict(alice(), mail, 0), "signed-only", "good", fingerprint=pki.fpr(name))


def test_decrypt_nss():
    folder, part = nss(), m.entity()
    out = alice().file("nss.der", b"")
    run("cmsutil", "-E", "-d", folder, "-r", "alice@example.org", "-i", alice().file("content", part), "-o", out)
    with open(out, "rb") as source:
        mail = from_bob(m.smime_opaque(source.read(), "enveloped-data"))
    m.same_content(alice().ok("decrypt", input=mail).out, from_bob(part))


# --- gpgsm ------------------------------------------------------------------

_gpgsm = {}


class Gpgsm:
    """Bob's gpgsm; its agent ends with the home."""

    def __init__(self):
        need_program("gpgsm", "gpg-agent")
        self.home = harness.Home()
        self.env = self.home.env()
        folder = self.env["GNUPGHOME"]
        with open(os.path.join(folder, "gpgsm.conf"), "a") as out:
            out.write("disable-crl-checks\ndisable-dirmngr\n")
        root = re.search(r"=(\S+)", pki.openssl("x509", "-in", pki.get("ca"), "-noout", "-fingerprint",
                                                "-sha1").out.decode()).group(1)
        with open(os.path.join(folder, "trustlist.txt"), "a") as out:
            out.write(root + " S relax\n")
        for name in ("ca", "alice"):
            self("--import", pki.get(name))
        pki.give_gpgsm_key(self.home, "bob", "x")

    def __call__(self, *words, input=b"", check=True):
        result = harness.run(["gpgsm", "--batch", "--no-tty", *words], input=input, env=self.env)
        if check:
            equal(result.status, 0, "gpgsm's status", result)
        return result


def gpgsm():
    if "it" not in _gpgsm:
        _gpgsm["it"] = Gpgsm()
    return _gpgsm["it"]


def unlocked(it, *words, **more):
    """With the passphrase that the imported key was stored under."""
    return it("--pinentry-mode", "loopback", "--passphrase-fd", "0", *words, input=b"x\n", **more)


def test_gpgsm_verifies():
    it = gpgsm()
    signed = alice().ok("sign", "--protocol", "smime", input=m.plain()).out
    content, signature = m.raw_parts(signed)
    data, path = it.home.file("sig.der", m.parse(signature).get_payload()), it.home.file("content", m.crlf(content))
    it("--assume-binary", "--verify", data, path)
    changed = it("--assume-binary", "--verify", data, it.home.file("content", m.crlf(content) + b"x"), check=False)
    true(changed.status != 0, "gpgsm accepts anything")


@each("aes128-cbc", "aes256-cbc")
def test_gpgsm_decrypts(cipher):
    it = gpgsm()
    sealed = alice().ok("encrypt", "--protocol", "smime", "--cipher", cipher, "-r", "bob@example.org",
                        input=m.plain()).out
    data = it.home.file("enc.der", m.parse(sealed).get_payload())
    # its status is an error as soon as one recipient is somebody else
    opened = unlocked(it, "--assume-binary", "--decrypt", data, check=False)
    m.same_content(m.with_payload(sealed, opened.out), m.plain())


@each(("detached", False), ("opaque", True))
def test_verify_gpgsm(_, opaque):
    it, part = gpgsm(), m.entity()
    content = it.home.file("content", part)
    data = unlocked(it, "-u", "bob@example.org", "--sign", *([] if opaque else ["--detach-sign"]), content).out
    mail = from_bob(m.smime_opaque(data) if opaque else m.smime_signed(part, data))
    expect(verdict(alice(), mail, 0), "signed-only", "good", fingerprint=pki.fpr("bob"))


def test_decrypt_gpgsm():
    it, part = gpgsm(), m.entity()
    data = it("--encrypt", "-r", "alice@example.org", it.home.file("content", part)).out
    m.same_content(alice().ok("decrypt", input=from_bob(m.smime_opaque(data, "enveloped-data"))).out, from_bob(part))


if __name__ == "__main__":
    harness.main(globals())
