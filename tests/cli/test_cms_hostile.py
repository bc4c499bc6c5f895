#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every length in a valid S/MIME object made wrong, one at a time: refused, in order and in silence."""

import os

import cms
import der
import harness
import mailkit as m
import pki
from harness import each, equal, true, verdict

# Octets that take the place of a length: indefinite, and more than anybody has.
WRONG = (b"\x80", b"\x82\xff\xff", b"\x84\x7f\xff\xff\xff", b"\x84\xff\xff\xff\xff", b"\x88" + b"\xff" * 8)
KEY = os.urandom(32)
# In a quick run every so many of the objects' thousands of mutations.
STRIDE = 7 if harness.FAST else 1


def mutations(data):
    for node in der.parse(data).walk():
        at, size = node.start + 1, len(node.body)
        for octets in (*(der.length(other) for other in (size - 1, size + 1) if other >= 0), *WRONG):
            changed = data[:at] + octets + data[node.body_start:]
            if changed != data:
                yield "%r at %d" % (octets, at), changed


def home_of(name):
    """One that has to take the signer's certificate out of the message."""
    return pki.shared(name, ())


def signed(name="bob", opaque=False):
    part = m.entity()
    if name == "bob-ed":
        return part, cms.sign_ed25519(part, name, opaque)
    return part, pki.sign(part, name, opaque=opaque)


def message(data, kind):
    return m.message(m.smime_opaque(data, kind), sender=m.BOB, to=m.ALICE)


def check(home, command, whole, wrap, data):
    """The object itself is good; none of its mutations is."""
    home.run(*command, input=wrap(data), status=whole)
    count = 0
    for number, (what, changed) in enumerate(mutations(data)):
        if number % STRIDE:
            continue
        result = home.run(*command, input=wrap(changed))
        true(2 < result.status <= 12, "status %s for %s" % (result.status, what), result)
        if command[0] == "decrypt":
            result.expect_silent()
        count += 1
    true(count > 10, "only %d mutations" % count)


@each(("RSA", "bob"), ("ECDSA", "bob-p256"), ("Ed25519", "bob-ed"))
def test_detached_signature(_, name):
    part, data = signed(name)
    check(home_of("alice"), ("verify",), 0,
          lambda changed: m.message(m.smime_signed(part, changed), sender=m.BOB, to=m.ALICE), data)


@each(("RSA", "bob"), ("ECDSA", "bob-p256"), ("Ed25519", "bob-ed"))
def test_opaque_signature(_, name):
    check(home_of("alice"), ("verify",), 0, lambda changed: message(changed, "signed-data"),
          signed(name, True)[1])


@each(*[("%s, %s" % (name, cipher), name, cipher) for name in ("alice", "alice-p256")
        for cipher in ("aes-256-cbc", "aes-256-gcm")])
def test_encrypted(_, name, cipher):
    data = pki.encrypt(m.entity(), name, cipher=cipher)
    check(home_of(name), ("decrypt",), 0, lambda changed: message(changed, "enveloped-data"), data)


def test_encrypted_for_x25519():
    data = cms.encrypt_cbc(m.entity(), [cms.agreement("alice-x", KEY, ukm=b"salt")], KEY)
    check(home_of("alice-x"), ("decrypt",), 0, lambda changed: message(changed, "enveloped-data"), data)


def test_encrypted_with_chacha():
    attributes = der.set_of(der.seq(der.oid(cms.PKCS9 + "5"), der.set_of(der.tlv(0x17, b"261124000000Z"))))
    data = cms.encrypt_chacha(m.entity(), [cms.agreement("alice-x", KEY)], KEY, attributes)
    check(home_of("alice-x"), ("decrypt",), 0, lambda changed: message(changed, "authEnveloped-data"), data)


def test_what_we_write_ourselves():
    """The same over our own objects, made definite."""
    home = home_of("alice-x")
    mail = home.ok("encrypt", "--protocol", "smime", "--cipher", "aes128-gcm", "-r", "alice@example.org",
                   input=m.plain(to=m.ALICE)).out
    data = der.from_ber(m.parse(mail).get_payload())
    check(home, ("decrypt",), 0, lambda changed: message(changed, "authEnveloped-data"), data)


def test_truncated():
    """Cut off anywhere."""
    home, data = home_of("alice"), pki.encrypt(m.entity(), "alice", cipher="aes-128-gcm")
    for size in range(0, len(data) - 1, STRIDE):
        true(home.run("decrypt", input=message(data[:size], "enveloped-data")).expect_silent().status > 2,
             "status at %d" % size)


def test_unsigned_attributes_of_others_do_not_matter():
    """The opposite: what no signature covers may be there."""
    part, data = signed()
    top = der.parse(data)[1][0]
    info = top.children[-1][0]
    extra = der.tlv(0xA1, der.seq(der.oid("1.2.3.4.5"), der.set_of(der.octets(b"x"))))
    changed = cms.content_info(cms.SIGNED, der.seq(
        *(child.raw for child in top.children[:-1]),
        der.set_of(der.seq(*(child.raw for child in info.children), extra))))
    mail = m.message(m.smime_signed(part, changed), sender=m.BOB, to=m.ALICE)
    equal(verdict(home_of("alice"), mail, 0)["signature"]["status"], "good", "status")


if __name__ == "__main__":
    harness.main(globals())
