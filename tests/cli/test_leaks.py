#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No plaintext, key or passphrase in a named file, an argument, an environment or a core.

Every command that handles a secret runs under strace. The secret text repeats one marker,
so that any buffer of it that is written shows the marker.
"""

import os
import re

import harness
import mailkit as m
import pgp
import pki
from harness import each, equal, lacks, need_program, need_slow, true
from mailer import Mailer

MARK = b"MARK-OF-THE-SECRET-TEXT."
PASS = "passphrase-not-to-be-seen"
CALLS = "open,openat,openat2,creat,link,linkat,symlink,symlinkat,rename,renameat,renameat2,mkdir,mkdirat,mknod," \
        "write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendfile,splice,copy_file_range,memfd_create,mmap," \
        "execve,execveat"


def secret_text(size):
    return (MARK * (size // len(MARK) + 1))[:size]


def payload(size):
    """An entity whose every stretch of 100 bytes shows the marker."""
    text = b"\r\n".join([MARK * 3] * (size // (3 * len(MARK) + 2) + 1)) + b"\r\n"
    return m.entity(text)


class Trace:
    """What one run under strace did."""

    def __init__(self, home, args, data, **more):
        need_program("strace")
        # an agent started under strace would keep it waiting
        harness.must(["gpgconf", "--launch", "gpg-agent"], env=home.env())
        log = os.path.join(home.path, "trace")
        argv = ["strace", "-f", "-y", "-v", "-s", "300", "-o", log, "-e", "trace=" + CALLS, "-e", "signal=none",
                harness.tool(), *args]
        env = home.env(ASAN_OPTIONS="detect_leaks=0", LSAN_OPTIONS=None)
        self.home = home
        self.result = harness.run(argv, input=data, env=env, cwd=home.work, timeout=300, **more)
        if b"ptrace" in self.result.err.lower():
            harness.skip("tracing is not allowed here")
        harness.check_no_crash(self.result)
        with open(log, encoding="utf-8", errors="replace") as source:
            self.lines = [self._joined(line) for line in source]
        true(self.lines, "the trace is empty", self.result)

    @staticmethod
    def _joined(line):
        return re.sub(r"^\d+ +", "", line.rstrip("\n"))

    def calls(self, *names):
        return [line for line in self.lines if re.match(r"(%s)\(" % "|".join(names), line)]

    def written_files(self):
        """Named files opened for writing or made, with the line that did it."""
        found = []
        for line in self.calls("open", "openat", "openat2", "creat"):
            if not re.search(r"O_WRONLY|O_RDWR|O_CREAT|creat\(", line) or re.search(r"= -1 ", line):
                continue
            if "O_TMPFILE" in line:
                continue
            match = re.search(r"= \d+<([^>]*)>", line)
            if match:
                found.append((re.sub(r" \(deleted\)$", "", match.group(1)), line))
        for line in self.calls("link", "linkat", "symlink", "symlinkat", "rename", "renameat", "renameat2", "mknod"):
            if not re.search(r"= -1 ", line):
                found.append((re.findall(r'"([^"]*)"', line)[-1], line))
        return found

    def check_files(self, *targets):
        """Only the two homes, devices and the named targets may be written to."""
        allowed = [self.home.mc, self.home.gnupg, *targets]
        for path, line in self.written_files():
            full = os.path.normpath(os.path.join(self.home.work, path))
            if re.match(r"(/dev/|/proc/self/|pipe:|socket:|anon_inode:|/sys/fs/cgroup)", path):
                continue
            # a build that counts which lines run keeps the counts beside its objects
            if full.startswith(os.path.dirname(harness.tool()) + "/") and full.endswith(".gcda"):
                continue
            true(any(full == a or full.startswith(a + "/") for a in allowed),
                 "a file is written outside the homes: %s\n%s" % (path, line), self.result)

    def check_contents(self, *secrets, output=()):
        """No secret is written to anything but pipes, sockets and the wanted output."""
        for line in self.calls("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg"):
            if not any(s in line for s in secrets):
                continue
            target = re.match(r"\w+\(\d+<([^>]*)>", line)
            name = target.group(1) if target else "?"
            if re.match(r"pipe:|socket:|UNIX|unix:|/dev/pts|/dev/null", name) or any(o in name for o in output):
                continue
            harness.fail("a secret is written to %s:\n%s" % (name, line[:400]))
        for line in self.calls("mmap"):
            if "MAP_SHARED" in line and "PROT_WRITE" in line and re.search(r"\d+</", line):
                true(re.search(r"store\.db|\.kbx|trustdb", line), "a file is mapped for writing: " + line)

    def check_processes(self, *secrets):
        """Arguments and environments of all started programs."""
        for line in self.calls("execve", "execveat"):
            for secret in secrets:
                lacks(line, secret, "arguments or environment of a child")


def everything_checked(trace, *secrets, targets=(), output=()):
    trace.check_files(*targets)
    trace.check_contents(*secrets, output=output)
    trace.check_processes(*secrets)
    leftovers = [n for n in os.listdir(trace.home.work) if n.startswith((".", "tmp", "mailcrypt"))]
    equal(leftovers, [], "left-over files")


_homes = {}


def home(protocol):
    """Homes whose own key is locked, so that a passphrase travels."""
    if protocol not in _homes:
        if protocol == "openpgp":
            _homes[protocol] = pgp.fresh()
        else:
            one = harness.Home()
            pki.give_anchor(one)
            pki.give_key(one, "alice", "secret", PASS)
            pki.give_certificates(one, "bob")
            _homes[protocol] = one
    return _homes[protocol]


def passphrase(protocol):
    return pgp.PASSPHRASE if protocol == "openpgp" else PASS


def sender(protocol):
    return "pat@example.org" if protocol == "openpgp" else "alice@example.org"


def sealed(protocol, part):
    if protocol == "openpgp":
        return m.message(m.pgp_encrypted(pgp.encrypt(part, ("locked",), signer="bob")), sender=m.BOB)
    return m.message(m.smime_opaque(pki.encrypt(part, "alice"), "enveloped-data"), sender=m.BOB)


SIZES = (("1 KB", 1 << 10), ("12 MB", 12 << 20))
BOTH = ("openpgp", "smime")


def cases(*commands):
    return [("%s %s %s" % (p, c, label), p, c, size) for p in BOTH for c in commands for label, size in SIZES]


def fd(protocol):
    return ("--passphrase-fd", harness.Fd(passphrase(protocol) + "\n"))


def trace_in(place, args, data=b""):
    words, fds = harness.expand_fds(args)
    try:
        return Trace(place, words, data, pass_fds=fds)
    finally:
        for one in fds:
            os.close(one)


def run_traced(protocol, args, data):
    return trace_in(home(protocol), args, data)


@each(*cases("decrypt", "verify", "show"))
def test_reading(_, protocol, command, size):
    if size > 1 << 20:
        need_slow()
    trace = run_traced(protocol, (command, *fd(protocol)), sealed(protocol, payload(size)))
    trace.result.expect_status(0 if command != "verify" or protocol == "openpgp" else 3)
    everything_checked(trace, MARK.decode(), passphrase(protocol))


@each(*cases("decrypt"))
def test_reading_into_a_file(_, protocol, command, size):
    if size > 1 << 20:
        need_slow()
    target = os.path.join(home(protocol).path, "out", "plain.eml")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    trace = run_traced(protocol, (command, "-o", target, *fd(protocol)), sealed(protocol, payload(size)))
    trace.result.expect_status(0)
    everything_checked(trace, MARK.decode(), passphrase(protocol), targets=(os.path.dirname(target),),
                       output=(os.path.dirname(target),))
    equal(os.listdir(os.path.dirname(target)), ["plain.eml"], "files beside the output")
    with open(target, "rb") as source:
        true(MARK in source.read(), "the output lacks the text")


@each(*cases("encrypt", "sign"))
def test_writing(_, protocol, command, size):
    if size > 1 << 20:
        need_slow()
    args = (command, "--protocol", protocol, *fd(protocol))
    if command == "encrypt":
        args += ("--sign", "-r", "bob@example.org")
    trace = run_traced(protocol, args, m.message(payload(size), sender=sender(protocol)))
    trace.result.expect_status(0)
    # a signed text is no secret on its way out, but it has no business in a file either
    everything_checked(trace, MARK.decode(), passphrase(protocol))


@each(*(("%s %s" % (p, label), p, size) for p in BOTH for label, size in SIZES))
def test_sending(_, protocol, size):
    """What the mailer gets, and what is kept, is ciphertext; a hidden recipient's copy included."""
    if size > 1 << 20:
        need_slow()
    place = home(protocol)
    mailer, kept = Mailer(place), os.path.join(place.path, "sent")
    config = place.file("sending", "[general]\nprotocol=%s\nsign=always\nencrypt=always\nfcc=%s\n" % (protocol, kept))
    args = ("sendmail", "--mta=" + mailer.path, "--config", config, *fd(protocol), "--", "bob@example.org",
            sender(protocol))
    trace = run_traced(protocol, args, m.message(payload(size), sender=sender(protocol)))
    trace.result.expect_status(0)
    equal(len(mailer.taken()), 2, "messages")
    everything_checked(trace, MARK.decode(), passphrase(protocol), targets=(mailer.path + ".d", kept))


@each(*BOTH)
def test_failure_leaves_nothing(protocol):
    part = payload(1 << 12)
    data = sealed(protocol, part)
    trace = run_traced(protocol, ("decrypt", "--passphrase-fd", harness.Fd("wrong\n")), data)
    trace.result.expect_status(8)
    everything_checked(trace, MARK.decode())


def test_extract():
    part = m.multipart([m.entity(), m.attachment(secret_text(5000))])
    trace = run_traced("openpgp", ("extract", "--part", "2", *fd("openpgp")), sealed("openpgp", part))
    trace.result.expect_status(0)
    everything_checked(trace, MARK.decode(), passphrase("openpgp"))


def test_import_keeps_the_key_in_the_store_only():
    own = harness.Home()
    path = own.file("in.p12", pki.p12("alice", "password-of-the-file"))
    args = ("keys", "import", "--passphrase-fd", harness.Fd("password-of-the-file\n"), "--new-passphrase-fd",
            harness.Fd(PASS + "\n"), path)
    trace = trace_in(own, args)
    trace.result.expect_status(0)
    everything_checked(trace, "password-of-the-file", PASS)
    own.close()


@each(*BOTH)
def test_generate(protocol):
    own = harness.Home()
    more = ["--self-signed"] if protocol == "smime" else []
    trace = trace_in(own, ("keys", "generate", "new@example.org", "--protocol", protocol, *more,
                           "--passphrase-fd", harness.Fd(PASS + "\n")))
    trace.result.expect_status(0)
    everything_checked(trace, PASS)
    own.close()


def test_the_check_itself_sees_a_leak():
    """The same checks on a program that does leak: all three have to notice."""
    own = harness.Home()
    leak = own.file("leak", b"#!/bin/sh\ntext=$(cat)\nprintf %s \"$text\" > \"$HOME/leak.txt\"\n"
                            b"cat \"$HOME/leak.txt\" > /dev/null\nenv SECRET=\"$text\" true \"$text\"\n")
    os.chmod(leak, 0o755)
    kept = os.environ["MAILCRYPT"]
    os.environ["MAILCRYPT"] = leak
    try:
        trace = Trace(own, (), MARK * 3)
    finally:
        os.environ["MAILCRYPT"] = kept
    for check in (trace.check_files, lambda: trace.check_contents(MARK.decode()),
                  lambda: trace.check_processes(MARK.decode())):
        try:
            check()
        except harness.Failure:
            continue
        harness.fail("a leak went unnoticed")
    own.close()


if __name__ == "__main__":
    harness.main(globals())
