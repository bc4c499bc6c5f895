#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Passphrases in the user's keyring, with a real gnome-keyring and with libsecret's file store."""

import os
import re
import signal
import subprocess
import time

import harness
import keyring
import mailkit as m
import pgp
import pki
from harness import Fd, contains, each, equal, lacks, need_program, true

PASS = "passphrase-not-to-be-seen"
SIGN = ("sign", "--protocol", "smime")
MESSAGE = m.plain(b"text")
_home = None


def home():
    """alice, her key under a passphrase; her pinentry says no."""
    global _home
    if _home is None:
        _home = harness.Home()
        pki.give_anchor(_home)
        pki.give_key(_home, "alice", new=PASS)
    return _home


def fpr():
    return pki.fpr("alice")


def given(passphrase=PASS):
    return ("--passphrase-fd", Fd(passphrase + "\n"))


def with_bus(**more):
    """Decorator: a bus, and by default an open keyring on it, for one test."""
    def mark(function):
        def wrapped(*args):
            need_program("gnome-keyring-daemon")
            own = home()
            own.answer(None)
            with keyring.Bus(own, **more) as bus:
                function(bus, *args)
        wrapped.__name__ = function.__name__
        wrapped.cases = getattr(function, "cases", None)
        if wrapped.cases is None:
            del wrapped.cases
        return wrapped
    return mark


def says(result, status, *words):
    result.expect_status(status)
    for word in words:
        contains(result.err.decode(), word, "standard error", result)


def asked(own):
    """How often the pinentry of this home was asked."""
    path = os.path.join(own.path, "pinentry.log")
    if not os.path.exists(path):
        return 0
    with open(path) as source:
        return len(source.readlines())


# --- storing and finding ----------------------------------------------------

@with_bus()
def test_nothing_is_stored_unasked(bus):
    bus.run(*SIGN, *given(), input=MESSAGE, status=0)
    equal(bus.stored(fpr()), None, "the keyring")


@with_bus()
def test_remember_and_find(bus):
    bus.run(*SIGN, *given(), "--remember", input=MESSAGE, status=0)
    equal(bus.stored(fpr()), PASS, "the keyring")
    signed = bus.run(*SIGN, input=MESSAGE, status=0)
    pki.verify(signed.out, bus.home)
    sealed = m.message(m.smime_opaque(pki.encrypt(m.entity(), "alice"), "enveloped-data"))
    bus.run("decrypt", input=sealed, status=0)


@with_bus()
def test_remember_by_configuration(bus):
    config = bus.home.file("config", "[keyring]\nremember=true\n")
    bus.run("--config", config, *SIGN, *given(), input=MESSAGE, status=0)
    equal(bus.stored(fpr()), PASS, "the keyring")


@with_bus()
def test_what_pinentry_was_told_is_remembered(bus):
    bus.home.answer(PASS)
    bus.run(*SIGN, "--remember", input=MESSAGE, status=0)
    bus.home.answer(None)
    bus.run(*SIGN, input=MESSAGE, status=0)


@with_bus()
def test_a_wrong_one_is_not_remembered(bus):
    says(bus.run(*SIGN, *given("wrong"), "--remember", input=MESSAGE), 8, "is wrong")
    equal(bus.stored(fpr()), None, "the keyring")


@with_bus()
def test_not_used(bus):
    bus.put(fpr(), PASS)
    config = bus.home.file("config", "[keyring]\nuse=false\nremember=true\n")
    result = bus.run("--config", config, *SIGN, input=MESSAGE, status=8)
    lacks(result.err.decode(), "keyring", "standard error")
    bus.run("--config", config, *SIGN, *given(), input=MESSAGE, status=0)


@with_bus()
def test_the_caller_comes_first(bus):
    bus.put(fpr(), "wrong")
    bus.run(*SIGN, *given(), input=MESSAGE, status=0)
    equal(bus.stored(fpr()), "wrong", "the keyring")


@with_bus()
def test_attributes_name_no_address(bus):
    bus.run(*SIGN, *given(), "--remember", input=MESSAGE, status=0)
    found = bus.tool("search", "--all", "application", "mailcrypt").out + bus.tool(
        "search", "--all", "application", "mailcrypt").err
    contains(found.decode(), fpr().lower(), "attributes")
    for word in ("@", "alice", "Alice"):
        lacks(found.decode(), word, "what anybody can read")


@with_bus()
def test_import_remembers_and_remove_forgets(bus):
    own = harness.Home()
    bus.home, kept = own, bus.home
    path = own.file("carol.p12", pki.p12("carol", "of the file"))
    bus.run("keys", "import", "--remember", *given("of the file"), "--new-passphrase-fd", Fd(PASS + "\n"), path,
            status=0)
    equal(bus.stored(pki.fpr("carol")), PASS, "the keyring")
    bus.put(pki.fpr("bob"), "another")
    result = bus.run("keys", "remove", pki.fpr("carol"), status=0)
    equal(result.err, b"", "standard error")
    equal(bus.stored(pki.fpr("carol")), None, "the keyring")
    equal(bus.stored(pki.fpr("bob")), "another", "somebody else's passphrase")
    bus.home = kept
    own.close()


@with_bus()
def test_import_again_remembers(bus):
    path = bus.home.file("alice.p12", pki.p12("alice", PASS))
    bus.run("keys", "import", "--remember", *given(), path, status=0)
    equal(bus.stored(fpr()), PASS, "the keyring")


@with_bus()
def test_generate_remembers(bus):
    own = harness.Home()
    bus.home, kept = own, bus.home
    made = bus.run("keys", "generate", "new@example.org", "--self-signed", "--algo", "p256", "--remember", *given(),
                   status=0)
    equal(bus.stored(made.out.decode().strip()), PASS, "the keyring")
    bus.home = kept
    own.close()


# --- each answer of its own -------------------------------------------------

@with_bus()
def test_absent(bus):
    says(bus.run(*SIGN, input=MESSAGE), 8, "keyring: has none; gpg-agent: cancelled")


@with_bus()
def test_wrong_is_forgotten_and_asked_anew(bus):
    bus.put(fpr(), "wrong")
    says(bus.run(*SIGN, input=MESSAGE), 8, "keyring: wrong; gpg-agent: cancelled")
    equal(bus.stored(fpr()), None, "the keyring")
    bus.put(fpr(), "wrong")
    bus.home.answer(PASS)
    before = asked(bus.home)
    bus.run(*SIGN, "--remember", input=MESSAGE, status=0)
    equal(asked(bus.home) - before, 1, "questions")
    equal(bus.stored(fpr()), PASS, "the keyring")


@with_bus()
def test_locked(bus):
    bus.put(fpr(), PASS)
    bus.lock()
    says(bus.run(*SIGN, input=MESSAGE), 8, "keyring: locked; gpg-agent: cancelled", "--unlock")
    says(bus.run(*SIGN, "--remember", *given(), input=MESSAGE), 0, "not put into the keyring: locked")
    report = bus.run("sign", "--protocol", "smime", "--json", input=MESSAGE, status=8).json()
    contains(harness.check_error(report, 8)["text"], "keyring: locked", "the error")


@with_bus()
def test_locked_without_this_passphrase(bus):
    """Not every service tells of what is inside of a locked keyring."""
    bus.put(pki.fpr("bob"), "another")
    bus.lock()
    says(bus.run(*SIGN, input=MESSAGE), 8, "keyring: locked;")


@with_bus()
def test_the_doctor_says_how_it_is(bus):
    bus.put(fpr(), PASS)
    states = []
    for lock in (False, True):
        if lock:
            bus.lock()
        found = bus.run("--json", "doctor", *given(), status=0).json()["findings"]
        states += [(one["code"], one["level"]) for one in found if one["area"] == "keyring"]
    equal(states, [("keyring-works", "good"), ("keyring-unavailable", "note")], "findings")


@with_bus()
def test_a_locked_keyring_is_no_obstacle(bus):
    bus.put(fpr(), PASS)
    bus.lock()
    bus.home.answer(PASS)
    bus.run(*SIGN, input=MESSAGE, status=0)


def dialogs(bus, *args):
    """Whether the tool called for a dialog."""
    monitor = subprocess.Popen(["dbus-monitor", "--address", bus.address, "interface=org.freedesktop.Secret.Service",
                                "interface=org.freedesktop.Secret.Prompt"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=bus.env())
    # it tells the bus's first signal to it once it listens
    os.read(monitor.stdout.fileno(), 1)
    result = bus.run(*args, input=MESSAGE)
    bus.send("--dest=" + keyring.SERVICE, "/org/freedesktop/secrets",
             "org.freedesktop.Secret.Service.ReadAlias", "string:end-of-the-test")
    seen = b""
    while b"end-of-the-test" not in seen:
        more = os.read(monitor.stdout.fileno(), 65536)
        true(more, "dbus-monitor ended")
        seen += more
    keyring.stop(monitor)
    monitor.stdout.close()
    return result, re.findall(r"member=(Unlock|Prompt|CreateCollection)\b", seen.decode("utf-8", "replace"))


@with_bus()
def test_no_dialog_unless_asked_for(bus):
    bus.put(fpr(), PASS)
    bus.lock()
    for args in (SIGN, (*SIGN, "--remember", *given())):
        equal(dialogs(bus, *args)[1], [], "dialogs of %r" % (args[0],))
    result, seen = dialogs(bus, *SIGN, "--unlock")
    contains(seen, "Unlock", "calls with --unlock", result)
    says(result, 8, "dialog was dismissed, or cannot be shown")


@with_bus()
def test_remove_from_a_locked_keyring(bus):
    own = harness.Home()
    bus.home, kept = own, bus.home
    pki.give_key(own, "bob", new=PASS)
    bus.put(pki.fpr("bob"), PASS)
    bus.lock()
    result, seen = dialogs(bus, "keys", "remove", pki.fpr("bob"))
    says(result, 0, "is not removed: locked")
    equal(seen, [], "dialogs")
    bus.home = kept
    own.close()


@with_bus(keyring=False)
def test_no_service(bus):
    says(bus.run(*SIGN, input=MESSAGE), 8, "keyring: no secret service; gpg-agent: cancelled")
    says(bus.run(*SIGN, "--remember", *given(), input=MESSAGE), 0, "not put into the keyring: no secret service")


def test_no_bus():
    home().answer(None)
    says(home().run(*SIGN, input=MESSAGE), 8, "keyring: no session bus; gpg-agent: cancelled")
    says(home().run(*SIGN, "--remember", *given(), input=MESSAGE), 0, "not put into the keyring: no session bus")


def test_no_agent_either():
    own = harness.Home()
    pki.give_key(own, "bob", new=PASS)
    own.stop_agents()
    os.rename(own.gnupg, own.gnupg + "-away")
    with open(own.gnupg, "w") as out:
        out.write("no folder")
    says(own.run("sign", "--protocol", "smime", "-u", pki.fpr("bob"), input=m.plain(b"text", sender=m.BOB)), 8,
         "keyring: no session bus; gpg-agent: no agent")
    os.unlink(own.gnupg)
    os.rename(own.gnupg + "-away", own.gnupg)
    own.close()


# --- a service that does not answer -----------------------------------------

@with_bus()
def test_stuck(bus):
    bus.put(fpr(), PASS)
    os.kill(bus.daemon.pid, signal.SIGSTOP)
    started = time.monotonic()
    says(bus.run(*SIGN, input=MESSAGE, timeout=60), 8, "keyring: no answer in 10 seconds; gpg-agent: cancelled")
    true(time.monotonic() - started < 30, "it took too long")


def start_and_wait_for_the_call(bus):
    """The tool, waiting for the stopped service."""
    monitor = subprocess.Popen(["dbus-monitor", "--address", bus.address, "destination=" + keyring.SERVICE],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=bus.env())
    os.read(monitor.stdout.fileno(), 1)
    os.kill(bus.daemon.pid, signal.SIGSTOP)
    env = {k: v for k, v in bus.env().items() if k.startswith(("DBUS_", "XDG_"))}
    process = bus.home.process(*SIGN, env=env)
    process.stdin.write(MESSAGE)
    process.stdin.close()
    process.stdin = None
    seen = b""
    while b"org.freedesktop.Secret" not in seen and b"freedesktop.DBus.Properties" not in seen:
        more = os.read(monitor.stdout.fileno(), 65536)
        true(more, "dbus-monitor ended")
        seen += more
    keyring.stop(monitor)
    monitor.stdout.close()
    return process


@each("service", "bus")
def test_killed_in_the_middle(which):
    @with_bus()
    def run(bus):
        bus.put(fpr(), PASS)
        process = start_and_wait_for_the_call(bus)
        keyring.stop(bus.daemon if which == "service" else bus.bus)
        out, err = process.communicate(timeout=60)
        equal((process.returncode, out), (8, b""), "status and output: %r" % err)
        true(re.search(rb"keyring: (it ended in the middle|no secret service); gpg-agent: cancelled", err),
             "standard error: %r" % err)
    run()


@with_bus()
def test_interrupted(bus):
    process = start_and_wait_for_the_call(bus)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    equal(process.returncode, -signal.SIGINT, "status")


# --- libsecret's file store -------------------------------------------------

def test_file_store():
    own = home()
    own.answer(None)
    env = keyring.file_store(own)
    says(own.run(*SIGN, input=MESSAGE, env=env), 8, "keyring: has none; gpg-agent: cancelled")
    own.run(*SIGN, "--remember", *given(), input=MESSAGE, env=env, status=0)
    own.run(*SIGN, input=MESSAGE, env=env, status=0)
    with open(env["SECRET_FILE_TEST_PATH"], "rb") as source:
        lacks(source.read(), PASS.encode(), "the file")
    says(own.run(*SIGN, input=MESSAGE, env=keyring.file_store(own, "not the password")), 8, "keyring: ")


def test_file_store_forgets():
    own = harness.Home()
    env = keyring.file_store(own)
    path = own.file("carol.p12", pki.p12("carol", "of the file"))
    words = ("sign", "--protocol", "smime", "-u", pki.fpr("carol"))
    own.ok("keys", "import", "--remember", *given("of the file"), path, env=env)
    own.run("keys", "import", *given("of the file"), "--new-passphrase-fd", Fd("changed\n"), path, env=env, status=0)
    says(own.run(*words, input=m.plain(b"text"), env=env), 8, "keyring: wrong")
    says(own.run(*words, input=m.plain(b"text"), env=env), 8, "keyring: has none")
    own.ok("keys", "remove", pki.fpr("carol"), env=env)
    own.close()


# --- what must not be ------------------------------------------------------

@with_bus()
def test_it_does_not_leak(bus):
    need_program("strace")
    log = os.path.join(bus.home.path, "trace")
    for more in ((*given(), "--remember"), ()):
        words, fds = harness.expand_fds((*SIGN, *more))
        argv = ["strace", "-f", "-y", "-v", "-s", "4096", "-o", log, "-e",
                "trace=execve,write,pwrite64,writev,sendto,sendmsg,mlock,mlock2,openat", "-e", "signal=none",
                harness.tool(), *words]
        harness.must(["gpgconf", "--launch", "gpg-agent"], env=bus.env())
        result = harness.run(argv, input=MESSAGE, env=bus.env(ASAN_OPTIONS="detect_leaks=0"), pass_fds=fds)
        for fd in fds:
            os.close(fd)
        if b"ptrace" in result.err.lower():
            harness.skip("tracing is not allowed here")
        result.expect_status(0)
        with open(log, encoding="utf-8", errors="replace") as source:
            trace = source.read()
        lacks(trace, PASS, "arguments, environments, and what is written or sent")
        contains(trace, "libsecret", "the trace")
        locks = re.findall(r"mlock2?\(0x\w+, (\d+).*= (-?\d+)", trace)
        # a sanitizer keeps those calls from the system
        true(len(locks) >= 2 or "MAILCRYPT_SANITIZERS" in os.environ, "memory is not locked")
        equal([x for x in locks if x[1] != "0"], [], "locks that failed")


@each("not needed", "openpgp")
def test_libsecret_is_not_loaded(what):
    """Only the passphrase of an S/MIME key that nobody gave calls for it."""
    need_program("strace")
    own = home() if what == "not needed" else pgp.shared("alice")
    protocol = "smime" if what == "not needed" else "openpgp"
    log = os.path.join(own.path, "trace")
    harness.must(["gpgconf", "--launch", "gpg-agent"], env=own.env())
    more = given() if what == "not needed" else ()
    words, fds = harness.expand_fds(("sign", "--protocol", protocol, *more))
    result = harness.run(["strace", "-f", "-o", log, "-e", "trace=openat,connect", harness.tool(), *words],
                         input=MESSAGE, env=own.env(ASAN_OPTIONS="detect_leaks=0"), pass_fds=fds)
    for fd in fds:
        os.close(fd)
    if b"ptrace" in result.err.lower():
        harness.skip("tracing is not allowed here")
    result.expect_status(0)
    with open(log, encoding="utf-8", errors="replace") as source:
        trace = source.read()
    contains(trace, "openat(", "the trace")
    lacks(trace, "libsecret", "opened files")
    lacks(trace, "no-bus", "connections")


if __name__ == "__main__":
    harness.main(globals())
