#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""On a terminal nothing of a message, key or certificate acts, hides or passes for the tool's own."""

import base64
import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
import unicodedata

import harness
import mailkit as m
import pgp
import pki
from harness import contains, each, equal, true

COLUMNS = 80
# What a terminal, or a reader, would take for something else than text.
HOSTILE = (
    "\x1b[31mred", "\x1b]0;title\x07", "\x1b]52;c;cm0gLXJm\x07", "\x1b]8;;https://evil.example\x1b\\link", "\x1b[2J",
    "\x1bP1$r0m\x1b\\", "\x1b_apc\x1b\\", "\x1b^pm\x1b\\", "\x1bc", "\x1b[6n", "\x1b[?1049h", "\x07", "\x08\x08\x08",
    "\x0e\x0f", "\x7f", "\u009b31m", "\u009d0;t\u009c", "\u0090q\u009c", "\u202eevil\u202c", "\u2066a\u2069",
    "\u200b\u200d\ufeff", "\u2028next\u2029", "\u00ad", "\U000e0041", "\u3164\u115f", "e" + "\u0301" * 40,
    "[mailcrypt 000000] Signed by bank@example.org", "[m\u0430ilcrypt] Signed", "x" * 70 + "[mailcrypt] Signed",
    "\rSigned by bank@example.org",
)
SGR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(home, *args, input=b"", env=None):
    """Run the tool with standard output and error on a terminal; what arrives there, and the status."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    path = home.file("terminal-input", input)
    with open(path, "rb") as source:
        process = subprocess.Popen([harness.tool(), *args], stdin=source, stdout=slave, stderr=slave, cwd=home.work,
                                   env=home.env(TERM="xterm", GPG_TTY=None, **(env or {})), start_new_session=True)
    os.close(slave)
    data, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.2)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        data += piece
    os.close(master)
    return data, process.wait(30)


def faults_of(data):
    """What must not reach a terminal; the tool's own colours are let through."""
    try:
        text = SGR.sub("", data.decode("utf-8"))
    except UnicodeDecodeError as error:
        return ["not UTF-8: %s" % error]
    faults = []
    for place, c in enumerate(text):
        if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn") and c not in "\n\t":
            faults.append("U+%04X in %r" % (ord(c), text[max(0, place - 20):place + 20]))
    faults += ["marks in a heap: %r" % found for found in re.findall("[\u0300-\u036f]{8,}", text)]
    return faults


def check(data, status, allowed=(0,)):
    true(status in allowed, "status %s\n%s" % (status, harness.clip(data)))
    faults = faults_of(data)
    true(not faults, "reached the terminal:\n%s\n%r" % ("\n".join(faults[:5]), data[:2000]))
    return data.decode()


def check_rows(text):
    """No row of the screen begins like a line of the tool's, but those that are."""
    text = SGR.sub("", text)
    prefix = re.match(r"\[mailcrypt [0-9a-f]{6}\] ", text)
    true(prefix, "no mark at the beginning: %r" % text[:200])
    for line in text.splitlines():
        for at in range(0, max(len(line), 1), COLUMNS):
            row = line[at:at + COLUMNS]
            true(row.startswith(prefix.group()) or not re.match(r"\s*\[m.ilcrypt", row), "a row like ours: %r" % row)


def word(text):
    """RFC 2047, so that it survives every header."""
    return "=?utf-8?B?%s?=" % base64.b64encode(text.encode()).decode()


def percent(text):
    return "".join("%%%02X" % byte for byte in text.encode())


def hostile_mail(bait, raw):
    """The bait in every place of a message that is shown somewhere."""
    flat = bait.replace("\r", "").replace("\n", "")
    shown = flat if raw else word(bait)
    part = m.entity(b64_text(bait), "text/plain; charset=utf-8", "base64")
    named = m.entity(b"x\r\n", "application/x; x=\"%s\"" % flat.replace('"', ""), None,
                     ["Content-Disposition: attachment; filename*=utf-8''%s" % percent(bait)])
    page = m.entity(b64_text("<p title='x'>&#27;[1m %s</p>" % bait), "text/html; charset=utf-8", "base64")
    latin = m.entity(b"caf\xe9 \x9b31m \x1b[1m\r\n", "text/plain; charset=\"iso-8859-1\"", "8bit")
    broken = m.entity(b"\xff\xfe\x9b1m \xe2\x80\r\n", "text/plain; charset=\"%s\"" % flat.replace('"', "")[:40], "8bit")
    extra = ["Sender: %s <s@example.org>" % shown, "Reply-To: %s <r@example.org>" % shown, "Cc: %s <c@example.org>" % shown]
    return m.message(m.multipart([part, page, latin, broken, named]), sender="%s <a@example.org>" % shown,
                     to="%s <b@example.org>" % shown, subject=shown, extra=extra)


def b64_text(text):
    return m.b64(text.encode())


@each(*((ascii(bait)[:30], bait) for bait in HOSTILE))
def test_messages(_, bait):
    for raw in (True, False):
        mail = hostile_mail(bait, raw)
        for words in (("show", "--html", "builtin"), ("show", "--html", "cat"), ("show", "--color", "always")):
            check_rows(check(*on_terminal(pgp.shared("alice"), *words, input=mail)))
        check(*on_terminal(pgp.shared("alice"), "inspect", input=mail))
        check(*on_terminal(pgp.shared("alice"), "verify", input=mail), (3,))
        check(*on_terminal(pgp.shared("alice"), "--json", "show", input=mail))
        check(*on_terminal(pgp.shared("alice"), "--json", "inspect", input=mail))


@each(*((ascii(bait)[:30], bait) for bait in HOSTILE))
def test_errors(_, bait):
    home = pgp.shared("alice")
    name = bait.replace("\0", "").replace("/", "_")
    check(*on_terminal(home, "show", name), (12, 10))
    check(*on_terminal(home, "show", "--part", name, input=m.plain()), (2,))
    check(*on_terminal(home, name), (2,))
    check(*on_terminal(home, "encrypt", "-r", name, input=m.plain()), (2, 11))
    check(*on_terminal(home, "keys", "show", name), (0, 2, 11))
    check(*on_terminal(home, "--" + name), (2,))
    sealed = m.message(m.pgp_encrypted("-----BEGIN PGP MESSAGE-----\nComment: %s\n\nAAAA\n-----END PGP MESSAGE-----\n" % name),
                       subject=word(bait))
    check(*on_terminal(home, "show", input=sealed), (8, 9, 10, 12))
    check(*on_terminal(home, "--config", home.file("bad", "[general]\n%s=x\n" % name), "show", input=m.plain()), (2, 10, 12))


# --- keys and certificates --------------------------------------------------

UID = "Bob \u202egro.knab\u202c \u200b[mailcrypt] Signed <fake@bank.example> <bob@hostile.example>"


def hostile_pgp_home():
    """alice's home, that knows and trusts a key with such a user id; and that key's owner."""
    owner, home = harness.Home(), pgp.fresh()
    owner.gpg("--yes", "--passphrase", "", "--allow-freeform-uid", "--quick-gen-key", UID, "future-default", "default", "never")
    home.gpg("--import", input=owner.gpg("--export").out)
    listing = owner.gpg("--with-colons", "--list-keys").out.decode()
    return owner, home, re.search(r"^fpr:::::::::(\w+):", listing, re.M).group(1)


def test_openpgp_user_ids():
    owner, home, fingerprint = hostile_pgp_home()
    check(*on_terminal(home, "keys", "list"))
    check(*on_terminal(home, "keys", "show", fingerprint))
    check(*on_terminal(home, "keys", "trust", fingerprint), (0, 2, 11))
    part = m.entity(b"by Bob\r\n")
    mail = m.message(m.pgp_signed(part, owner.gpg("--armor", "--detach-sign", input=part).out), sender="bob@hostile.example")
    check_rows(check(*on_terminal(home, "show", input=mail)))
    check(*on_terminal(home, "verify", input=mail), (0, 6, 7))
    check(*on_terminal(home, "-v", "verify", input=mail), (0, 6, 7))
    check(*on_terminal(home, "inspect", input=mail))
    owner.close()
    home.close()


NAMES = ("Bob \x1b]0;x\x07\x1b[2J", "Bob \u009b31m\u202egro\u202c\u200b", "Bob" + " " * 44 + "[mailcrypt] ok",
         "[m\u0430ilcrypt] Signed by bank@example.org")


@each(*((ascii(name)[:30], name, number) for number, name in enumerate(NAMES)))
def test_certificate_names(_, name, number):
    who = "hostile-%d" % number
    pki.PEOPLE[who] = pki.Person("rsa:2048", "bob@example.org", same_key="bob", name=name)
    home = pki.fresh(peers=(who,))
    check(*on_terminal(home, "keys", "list"))
    check(*on_terminal(home, "keys", "show", pki.fpr(who)))
    part = m.entity(b"by Bob\r\n")
    mail = m.message(m.smime_signed(part, pki.sign(part, who)), sender=m.BOB)
    text = check(*on_terminal(home, "show", input=mail))
    check_rows(text)
    contains(text, "Signed by bob@example.org (", "headline")
    check(*on_terminal(home, "verify", input=mail))
    check(*on_terminal(home, "-v", "show", input=mail))
    check(*on_terminal(home, "inspect", input=mail))
    home.close()


def test_names_that_read_like_more_are_quoted():
    pki.PEOPLE["two-faced"] = pki.Person("rsa:2048", "bob@example.org", same_key="bob",
                                         name="Bank <boss@bank.example>, encrypted")
    home = pki.fresh(peers=("two-faced",))
    part = m.entity(b"by Bob\r\n")
    mail = m.message(m.smime_signed(part, pki.sign(part, "two-faced")), sender=m.BOB)
    out = home.ok("show", "--width", "0", input=mail).out.decode()
    contains(out.splitlines()[0], '] Signed by bob@example.org ("Bank <boss@bank.example>, encrypted"), not encrypted',
             "headline")
    home.close()


# --- the tool's own colours -------------------------------------------------

def test_colour_is_ours_alone():
    mail = m.plain(b"\x1b[1;32m[mailcrypt] Signed\x1b[0m\n")
    data, _ = on_terminal(pgp.shared("alice"), "show", input=mail)
    for line in data.decode().splitlines():
        true(("\x1b" in line) == bool(re.match(r"(\x1b\[[0-9;]*m)?\[mailcrypt", line)), repr(line))
    plain, _ = on_terminal(pgp.shared("alice"), "show", input=mail, env={"NO_COLOR": "1"})
    equal(plain.count(b"\x1b"), 0, "escapes with NO_COLOR")


def test_width_is_that_of_the_terminal():
    data, _ = on_terminal(pgp.shared("alice"), "show", input=m.plain(subject="many words " * 30), env={"NO_COLOR": "1"})
    true(all(len(line) <= COLUMNS for line in data.decode().splitlines()), data.decode())


if __name__ == "__main__":
    harness.main(globals())
