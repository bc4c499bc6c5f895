#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A message without cryptography pays for no engine: no process, no libcrypto, no libsecret."""

import re

import harness
import mailkit as m
from harness import contains, each, equal, need_program, true

_homes = []


def home():
    if not _homes:
        _homes.append(harness.Home())
    return _homes[0]


def traced(*args, data):
    """(result, strace's lines) of one run of the tool with its processes and opened files."""
    need_program("strace")
    log = home().file("trace", b"")
    # no w3m nor lynx, which people may have for reading HTML
    argv = ["strace", "-E", "PATH=/nonexistent", "-f", "-o", log, "-e", "trace=execve,execveat,clone,clone3,fork,vfork,open,openat,connect",
            harness.tool(), *args]
    # a leak check cannot run under a tracer
    env = home().env(ASAN_OPTIONS="detect_leaks=0", LSAN_OPTIONS=None)
    result = harness.run(argv, input=data, env=env, cwd=home().work)
    if b"PTRACE_TRACEME" in result.err or b"ptrace" in result.err.lower():
        harness.skip("tracing is not allowed here")
    harness.check_no_crash(result)
    with open(log, encoding="utf-8", errors="replace") as source:
        return result, source.read().splitlines()


def opened(lines):
    return [x.group(1) for x in (re.search(r'open(?:at)?\([^"]*"([^"]+)".*= \d', line) for line in lines) if x]


PLAIN = {
    "text": m.plain(m.text_of(1024)),
    "LF": m.lf(m.plain(m.text_of(1024))),
    "attachment": m.with_attachment(600),
    "html": m.message(m.entity(b"<p>Hello</p>\r\n" * 50, "text/html; charset=utf-8")),
}


COMMANDS = {"show": ["show"], "verify": ["verify"], "inspect": ["inspect"], "filter": ["mutt", "filter", "--nonce=5"]}


@each(*[("%s %s" % (command, name), command, name) for command in COMMANDS for name in PLAIN])
def test_no_engine(_, command, name):
    result, lines = traced(*COMMANDS[command], data=PLAIN[name])
    result.expect_status(3 if command == "verify" else 0)
    started = [line for line in lines if "execve" in line]
    equal(len(started), 1, "started programs: %r" % started)
    forks = [line for line in lines if re.search(r"\b(v?fork|clone3?)\(", line) and "CLONE_THREAD" not in line]
    equal(forks, [], "processes")
    files = opened(lines)
    true(files, "the trace is empty", result)
    for library in ("libcrypto", "libssl", "libsecret"):
        equal([f for f in files if library in f], [], library)
    equal([line for line in lines if "connect(" in line], [], "connections")


def test_nothing_is_made_for_a_plain_message():
    own = harness.Home()
    own.ok("show", input=PLAIN["text"])
    own.run("verify", input=PLAIN["text"], status=3)
    equal(harness.os.path.exists(own.mc), False, "MAILCRYPT_HOME was made")
    own.close()


def test_help_and_version_start_nothing():
    for args in (("--help",), ("--version",), ("decrypt", "--help")):
        result, lines = traced(*args, data=b"")
        result.expect_status(0)
        equal([f for f in opened(lines) if "libcrypto" in f or "libsecret" in f], [], "libraries")
        equal(len([line for line in lines if "execve" in line]), 1, "programs")


def test_show_is_right():
    out = home().ok("show", input=PLAIN["text"]).out
    contains(out, m.text_of(1024).strip()[:500], "show")
    contains(out, b"alice@example.org", "show")
    contains(out, b"a test message", "show")


if __name__ == "__main__":
    harness.main(globals())
