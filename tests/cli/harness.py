# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shared ground of the black-box tests: TAP, throw-away homes, running the tool.

A script defines functions named test_*, then calls harness.main(globals()).
Names given on the command line run only these tests.
"""

import atexit
import difflib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import schema

FAST = os.environ.get("MAILCRYPT_TEST_FAST", "") not in ("", "0")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VECTORS = os.environ.get("MAILCRYPT_VECTORS") or os.path.join(ROOT, "..", "shared", "vectors")
# A sanitizer's own exit status, outside of the tool's 0 to 12.
SANITIZER_STATUS = 99
SANITIZER_WORDS = re.compile(
    rb"AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:|\*\* ?(CRITICAL|ERROR|WARNING) \*\*"
    rb"|-CRITICAL \*\*|-WARNING \*\*|double free|corrupted size")
DEFAULT_TIMEOUT = 120


class Failure(Exception):
    """An expectation that did not hold."""


class Skip(Exception):
    """What the test needs is not here."""


def skip(reason):
    raise Skip(reason)


def fail(message):
    raise Failure(message)


def need_slow():
    if FAST:
        skip("MAILCRYPT_TEST_FAST is set")


def need_program(*names):
    for name in names:
        if not shutil.which(name):
            skip("no %s" % name)


def tool():
    path = os.environ.get("MAILCRYPT")
    if not path:
        raise Failure("MAILCRYPT does not name the tool")
    return path


# --- results and assertions -------------------------------------------------

def clip(data, limit=3000):
    """Bytes or text for a diagnostic, the middle left out when long."""
    text = data.decode("utf-8", "backslashreplace") if isinstance(data, bytes) else str(data)
    if len(text) > limit:
        text = "%s\n[... %d characters ...]\n%s" % (
            text[: limit // 2], len(text) - limit, text[-limit // 2:])
    return text


class Result:
    """What one run of a program left behind."""

    def __init__(self, argv, status, out, err, env_note=""):
        self.argv, self.status, self.out, self.err = argv, status, out, err
        self.env_note = env_note

    def describe(self):
        line = "command: %s%s" % (self.env_note, " ".join(shlex.quote(str(a)) for a in self.argv))
        return "%s\nstatus: %s\nstderr:\n%s\nstdout:\n%s" % (
            clip(line), self.status, clip(self.err), clip(self.out))

    def fail(self, message):
        raise Failure("%s\n%s" % (message, self.describe()))

    def json(self):
        try:
            value = json.loads(self.out.decode("utf-8"))
        except ValueError as error:
            self.fail("standard output is not one JSON object: %s" % error)
        if not isinstance(value, dict):
            self.fail("standard output is not a JSON object")
        return value

    def expect_status(self, status):
        allowed = (status,) if isinstance(status, int) else tuple(status)
        if self.status not in allowed:
            self.fail("status %s, expected %s" % (self.status, "/".join(map(str, allowed))))
        return self

    def expect_silent(self):
        """A failure writes nothing of the message."""
        if self.out:
            self.fail("standard output is not empty (%d bytes)" % len(self.out))
        return self

    def expect_message(self, *words):
        """People are told on standard error, in the tool's form."""
        text = self.err.decode("utf-8", "replace")
        if not re.search(r"^mailcrypt: ", text, re.M):
            self.fail("no 'mailcrypt: ' line on standard error")
        for word in words:
            if word.lower() not in text.lower():
                self.fail("standard error does not mention %r" % word)
        return self


def lines_of(value):
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return text.splitlines()


def equal(got, wanted, what="value", result=None):
    if got == wanted:
        return
    if isinstance(got, (bytes, str)) and len(got) + len(wanted) < 200000:
        diff = "\n".join(list(difflib.unified_diff(
            lines_of(wanted), lines_of(got), "expected", "got", lineterm=""))[:80])
    else:
        diff = ""
    text = "%s differs\nexpected: %s\ngot:      %s\n%s" % (
        what, clip(repr(wanted), 600), clip(repr(got), 600), diff)
    if result is not None:
        text += "\n" + result.describe()
    raise Failure(text)


def true(value, message, result=None):
    if not value:
        raise Failure(message + ("\n" + result.describe() if result is not None else ""))


def contains(haystack, needle, what="output", result=None):
    true(needle in haystack, "%s lacks %r:\n%s" % (what, needle, clip(haystack)), result)


def lacks(haystack, needle, what="output", result=None):
    true(needle not in haystack, "%s contains %r:\n%s" % (what, needle, clip(haystack)), result)


# --- running ----------------------------------------------------------------

class Fd:
    """An argument whose data the program reads from the descriptor it names."""

    def __init__(self, data):
        self.data = data if isinstance(data, bytes) else data.encode()


def expand_fds(argv):
    words, fds = [], []
    for arg in argv:
        if isinstance(arg, Fd):
            reader, writer = os.pipe()
            os.write(writer, arg.data)
            os.close(writer)
            fds.append(reader)
            arg = str(reader)
        words.append(os.fspath(arg))
    return words, fds


def run(argv, input=b"", env=None, cwd=None, timeout=DEFAULT_TIMEOUT, env_note="", **more):
    """Run any program; returns a Result, whatever its status."""
    words, fds = expand_fds(argv)
    if isinstance(input, str):
        input = input.encode()
    if "stdin" not in more:
        more["input"] = input
    more.setdefault("stdout", subprocess.PIPE)
    more.setdefault("stderr", subprocess.PIPE)
    try:
        done = subprocess.run(words, env=env, cwd=cwd, timeout=timeout, pass_fds=[*fds, *more.pop("pass_fds", ())],
                              **more)
    except subprocess.TimeoutExpired as late:
        raise Failure("no end after %s s: %s" % (timeout, shlex.join(words))) from late
    finally:
        for fd in fds:
            os.close(fd)
    return Result(words, done.returncode, done.stdout or b"", done.stderr or b"", env_note)


def must(argv, **more):
    """Run a program of the other side, which has to succeed."""
    result = run(argv, **more)
    if result.status != 0:
        result.fail("a helper program failed")
    return result


def check_no_crash(result, signals=(), most=12):
    if result.status < 0 and -result.status not in signals:
        result.fail("killed by %s" % signal.Signals(-result.status).name)
    if result.status == SANITIZER_STATUS or SANITIZER_WORDS.search(result.err):
        result.fail("a sanitizer or a library complained")
    if result.status > most:
        result.fail("status %d is not in the contract" % result.status)


def report_files(args):
    words = [os.fspath(arg) for arg in args if not isinstance(arg, Fd)]
    for i, word in enumerate(words):
        if word == "--report" and i + 1 < len(words):
            yield words[i + 1]
        elif isinstance(word, str) and word.startswith("--report="):
            yield word.partition("=")[2]


# What prints an object with --json, whatever becomes of it.
JSON_COMMANDS = {"doctor", "inspect", "keys", "plan", "show", "verify"}


def is_asked_for_json(args):
    words = [os.fspath(arg) for arg in args if not isinstance(arg, Fd)]
    options = words[:words.index("--")] if "--" in words else words
    return "--json" in options and not {"-o", "--help", "-h"} & set(options) and "export" not in options and any(
        word in JSON_COMMANDS for word in options)


def check_schema(result, args, cwd):
    """Whatever the tool prints as JSON, in any test, is as its schema has it."""
    outputs = [result.out]
    # 12 may be that nothing can be printed
    said = result.out or result.status in (0, *range(3, 12))
    if is_asked_for_json(args) and said and schema.parse(result.out) is None:
        result.fail("--json and no JSON")
    for name in report_files(args):
        path = os.path.join(cwd, name)
        if os.path.isfile(path):
            with open(path, "rb") as source:
                outputs.append(source.read())
    for data in outputs:
        value = schema.parse(data)
        faults = schema.faults(value) if value is not None else []
        if faults:
            result.fail("JSON does not fit doc/report.schema.json:\n" + "\n".join(faults[:10]))


# --- homes ------------------------------------------------------------------

_scratch = None


def scratch():
    """This process's folder: short, since sockets have 108 bytes."""
    global _scratch
    if _scratch is None:
        _scratch = tempfile.mkdtemp(prefix="mc", dir="/tmp")
        atexit.register(_clean, os.getpid(), _scratch)
    return _scratch


def _clean(pid, path):
    if os.getpid() == pid:
        for home in list(Home.open_homes):
            home.close()
        shutil.rmtree(path, ignore_errors=True)


def cache_dir():
    """Key material of a whole test run, when make names a place for it."""
    path = os.environ.get("MAILCRYPT_TEST_CACHE")
    if not path:
        path = os.path.join(scratch(), "cache")
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


AGENT_CONF = """allow-loopback-pinentry
allow-preset-passphrase
default-cache-ttl 0
max-cache-ttl 0
pinentry-program %s
"""

# Answers from the file pinentry.pass beside it, cancels when there is none.
PINENTRY = """#!/bin/sh
here=$(dirname "$0")
echo "OK hello"
while read -r word rest; do
  case $word in
    GETPIN)
      echo asked >> "$here/pinentry.log"
      if [ -f "$here/pinentry.pass" ]; then
        echo "D $(cat "$here/pinentry.pass")"; echo OK
      else
        echo "ERR 83886179 Operation cancelled <Pinentry>"
      fi ;;
    BYE) echo OK; exit 0 ;;
    *) echo OK ;;
  esac
done
"""

KEEP = ("PATH", "LANG", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE", "GCOV_PREFIX",
        "GCOV_PREFIX_STRIP", "TMPDIR", "MAILCRYPT_TEST_FAST")


class Home:
    """One person's machine: HOME, GNUPGHOME and MAILCRYPT_HOME of its own."""

    open_homes = []
    count = 0

    def __init__(self, gnupg=None):
        Home.count += 1
        self.path = os.path.join(scratch(), "h%d" % Home.count)
        self.gnupg = os.path.join(self.path, "g")
        self.mc = os.path.join(self.path, "m")
        self.work = os.path.join(self.path, "w")
        os.makedirs(self.path, mode=0o700)
        os.mkdir(self.work)
        if gnupg:
            shutil.copytree(gnupg, self.gnupg, ignore=shutil.ignore_patterns("S.*", "*.lock", ".#*"))
        else:
            os.mkdir(self.gnupg)
        os.chmod(self.gnupg, 0o700)
        self._pinentry()
        Home.open_homes.append(self)

    def _pinentry(self):
        self.pinentry = os.path.join(self.path, "pinentry")
        with open(self.pinentry, "w") as out:
            out.write(PINENTRY)
        os.chmod(self.pinentry, 0o755)
        with open(os.path.join(self.gnupg, "gpg-agent.conf"), "w") as out:
            out.write(AGENT_CONF % self.pinentry)

    def close(self):
        if self in Home.open_homes:
            Home.open_homes.remove(self)
        self.stop_agents()
        shutil.rmtree(self.path, ignore_errors=True)

    def stop_agents(self):
        if os.path.isdir(self.gnupg):
            run(["gpgconf", "--kill", "all"], env=self.env(), timeout=30)

    def answer(self, passphrase):
        """What the pinentry of this home says from now on; None cancels."""
        path = os.path.join(self.path, "pinentry.pass")
        if passphrase is None:
            if os.path.exists(path):
                os.unlink(path)
        else:
            with open(path, "w") as out:
                out.write(passphrase + "\n")

    def env(self, **changes):
        env = {k: os.environ[k] for k in KEEP if k in os.environ}
        env.update(HOME=self.path, GNUPGHOME=self.gnupg, MAILCRYPT_HOME=self.mc, LC_ALL="C.UTF-8",
                   TZ="UTC", NO_AT_BRIDGE="1", G_DEBUG="fatal-criticals",
                   # no user bus: a test never meets somebody's keyring
                   DBUS_SESSION_BUS_ADDRESS="unix:path=%s/no-bus" % self.path)
        env["ASAN_OPTIONS"] = "exitcode=%d:%s" % (SANITIZER_STATUS, os.environ.get("ASAN_OPTIONS", ""))
        env["UBSAN_OPTIONS"] = "halt_on_error=1:exitcode=%d:print_stacktrace=1:%s" % (
            SANITIZER_STATUS, os.environ.get("UBSAN_OPTIONS", ""))
        env["LSAN_OPTIONS"] = "exitcode=%d:%s" % (SANITIZER_STATUS, os.environ.get("LSAN_OPTIONS", ""))
        for key, value in changes.items():
            if value is None:
                env.pop(key, None)
            else:
                env[key] = value
        return env

    def file(self, name, data):
        path = os.path.join(self.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(data if isinstance(data, bytes) else data.encode())
        return path

    def run(self, *args, status=None, env=None, signals=(), most=12, **more):
        """Run the tool. A crash is a failure; so is another status than the one named, or one over `most`."""
        env = self.env(**(env or {}))
        note = "GNUPGHOME=%s MAILCRYPT_HOME=%s " % (env.get("GNUPGHOME"), env.get("MAILCRYPT_HOME"))
        cwd = more.pop("cwd", self.work)
        result = run([tool(), *args], env=env, cwd=cwd, env_note=note, **more)
        check_no_crash(result, signals, most)
        check_schema(result, args, cwd)
        if status is not None:
            result.expect_status(status)
        return result

    def ok(self, *args, **more):
        return self.run(*args, status=0, **more)

    def refuses(self, status, *args, **more):
        """A failure with this status: nothing on standard output, a reason on standard error."""
        return self.run(*args, status=status, **more).expect_silent().expect_message()

    def gpg(self, *args, input=b"", check=True, **more):
        argv = ["gpg", "--batch", "--no-tty", "--quiet", "--pinentry-mode", "loopback", *args]
        result = run(argv, input=input, env=self.env(), cwd=self.work, **more)
        if check and result.status != 0:
            result.fail("gpg failed")
        return result

    def process(self, *args, env=None, **more):
        """The tool as a running process, for tests of signals and pipes."""
        words, fds = expand_fds([tool(), *args])
        more.setdefault("stdin", subprocess.PIPE)
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.PIPE)
        proc = subprocess.Popen(words, env=self.env(**(env or {})), cwd=self.work, pass_fds=fds, **more)
        for fd in fds:
            os.close(fd)
        return proc


# --- the report's schema ----------------------------------------------------

SUMMARIES = ("unprotected", "signed-only", "encrypted-only", "signed-and-encrypted")
SIGNATURE = ("none", "good", "bad", "unknown-key", "untrusted", "expired", "revoked", "weak",
             "not-sender", "error")
DECRYPTION = ("none", "ok", "no-key", "failed", "error")


def check_reasons(reasons, where):
    true(isinstance(reasons, list), "%s.reasons is not a list: %r" % (where, reasons))
    for reason in reasons:
        for key in ("code", "text", "hint"):
            true(key in reason, "%s.reasons: an entry lacks %r: %r" % (where, key, reason))
        true(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", reason["code"]),
             "%s.reasons: code is not a stable word: %r" % (where, reason))


def check_layer(layer, where, errant):
    true(layer.get("kind") in ("signed", "encrypted"), "%s.kind: %r" % (where, layer.get("kind")))
    true(layer.get("protocol") in ("openpgp", "smime"), "%s.protocol: %r" % (where, layer))
    allowed = SIGNATURE if layer["kind"] == "signed" else DECRYPTION
    # an errant encrypted part is not opened
    allowed += ("unknown",) if errant else ()
    true(layer.get("status") in allowed, "%s.status: %r" % (where, layer.get("status")))
    for key, kind in (("signers", list), ("recipients", list), ("algorithms", dict), ("path", str)):
        true(isinstance(layer.get(key), kind), "%s.%s: %r" % (where, key, layer.get(key)))
    check_reasons(layer.get("reasons"), where)


def check_report(report, status):
    """Every report has this form; see the contract's JSON section."""
    if "error" in report:
        fail("an error object where a report was expected: %r" % (report,))
    equal(report.get("format_version"), 1, "format_version")
    equal(report.get("exit_status"), status, "exit_status")
    true(report.get("summary") in SUMMARIES, "summary: %r" % report.get("summary"))
    signature, decryption = report.get("signature"), report.get("decryption")
    true(isinstance(signature, dict) and signature.get("status") in SIGNATURE,
         "signature: %r" % (signature,))
    for key in ("address", "name", "fingerprint", "protocol"):
        true(key in signature, "signature lacks %r: %r" % (key, signature))
    true(isinstance(decryption, dict) and decryption.get("status") in DECRYPTION,
         "decryption: %r" % (decryption,))
    for key in ("protocol", "authenticated"):
        true(key in decryption, "decryption lacks %r: %r" % (key, decryption))
    true(isinstance(report.get("from"), list), "from: %r" % report.get("from"))
    for name in ("layers", "errant"):
        true(isinstance(report.get(name), list), "%s: %r" % (name, report.get(name)))
        for number, layer in enumerate(report[name]):
            check_layer(layer, "%s[%d]" % (name, number), name == "errant")
    for name, keys in (("headers", ("name", "value", "state", "outer")),
                       ("parts", ("path", "type", "filename", "bytes", "layers"))):
        true(isinstance(report.get(name), list), "%s: %r" % (name, report.get(name)))
        for entry in report[name]:
            true(all(key in entry for key in keys), "%s: an entry lacks a key: %r" % (name, entry))
    check_reasons(report.get("reasons"), "report")
    return report


def check_error(report, status):
    """The object printed when there is no report."""
    equal(report.get("format_version"), 1, "format_version")
    equal(report.get("exit_status"), status, "exit_status")
    error = report.get("error")
    true(isinstance(error, dict), "no error object: %r" % (report,))
    for key in ("code", "text", "hint"):
        true(key in error, "error lacks %r: %r" % (key, error))
    return error


def verdict(home, message, status, *options, command="verify", **more):
    """Verify with --json; returns the report after checking its form and status."""
    result = home.run(command, "--json", *options, input=message, status=status, **more)
    try:
        return check_report(result.json(), result.status)
    except Failure as failure:
        result.fail(str(failure))


def expect(report, summary=None, signature=None, decryption=None, kinds=None, **signature_fields):
    """Compare the report's main words; everything else goes into the diagnostic."""
    wanted, got = {}, {}
    if summary is not None:
        wanted["summary"], got["summary"] = summary, report["summary"]
    if signature is not None:
        wanted["signature"], got["signature"] = signature, report["signature"]["status"]
    if decryption is not None:
        wanted["decryption"], got["decryption"] = decryption, report["decryption"]["status"]
    if kinds is not None:
        wanted["kinds"], got["kinds"] = kinds, [layer["kind"] for layer in report["layers"]]
    for key, value in signature_fields.items():
        # fingerprints are printed in lower case
        wanted[key] = value.lower() if key == "fingerprint" else value
        got[key] = report["signature"][key]
    if wanted != got:
        raise Failure("expected: %r\ngot:      %r\nreport: %s" % (
            wanted, got, clip(json.dumps(report, indent=1, sort_keys=True), 6000)))
    return report


# --- TAP --------------------------------------------------------------------

def diagnostic(text):
    for line in str(text).splitlines():
        print("#   " + line)


def run_one(number, name, function):
    started = time.monotonic()
    try:
        function()
    except Skip as reason:
        print("ok %d - %s # SKIP %s" % (number, name, reason))
        return True
    except Failure as failure:
        print("not ok %d - %s" % (number, name))
        diagnostic(failure)
        return False
    except Exception:
        print("not ok %d - %s" % (number, name))
        diagnostic(traceback.format_exc())
        return False
    print("ok %d - %s" % (number, name))
    if time.monotonic() - started > 10:
        diagnostic("took %.1f s" % (time.monotonic() - started))
    return True


def collect(namespace):
    """Tests in the order they stand; a list under `cases` makes one test of each row."""
    tests = []
    for name, value in namespace.items():
        if not name.startswith("test_") or not callable(value):
            continue
        cases = getattr(value, "cases", None)
        if cases is None:
            tests.append((name[5:], value))
            continue
        for row in cases:
            row = row if isinstance(row, tuple) else (row,)
            label = "%s %s" % (name[5:], str(row[0]).replace("#", ""))
            tests.append((label, lambda value=value, row=row: value(*row)))
    return tests


def each(*cases):
    """Decorator: run the test once for each case; its first item is its name."""
    def mark(function):
        function.cases = cases
        return function
    return mark


def main(namespace):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.stdout.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")
    tests = collect(namespace)
    wanted = sys.argv[1:]
    if wanted:
        tests = [t for t in tests if any(word in t[0] for word in wanted)]
    print("1..%d" % len(tests))
    results = [run_one(n, name, function) for n, (name, function) in enumerate(tests, 1)]
    sys.exit(0 if all(results) else 1)
