#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line itself: options, statuses, where output goes and what it never harms."""

import errno
import os
import pty
import re
import stat
import threading

import harness
import mailkit as m
import pgp
from harness import check_error, contains, each, equal, lacks, skip, true

COMMANDS = ("encrypt", "sign", "decrypt", "verify", "show", "extract", "inspect", "keys")


def home():
    return pgp.shared("alice")


def encrypted(body=b"Hello, Bob.\r\n"):
    return m.message(m.pgp_encrypted(pgp.encrypt(m.entity(body))), sender=m.BOB, to=m.ALICE)


# --- help and usage ---------------------------------------------------------

def test_version():
    out = home().ok("--version").out.decode()
    true(re.match(r"mailcrypt \d+\.\d+", out), "not a version: %r" % out)


def test_help():
    out = home().ok("--help").out.decode()
    for command in COMMANDS:
        contains(out, command, "--help")


@each(*COMMANDS)
def test_help_of(command):
    out = home().ok(command, "--help").out.decode()
    contains(out, "mailcrypt", "--help")
    contains(out, command, "--help")
    true(len(out.splitlines()) > 2, "help of one line", None)


@each(("no command",), ("unknown command", "frobnicate"), ("unknown option", "verify", "--frobnicate"),
      ("unknown global option", "--frobnicate", "verify"), ("option without value", "encrypt", "-r"),
      ("bad protocol", "sign", "--protocol", "x400"), ("bad number", "extract", "--part"),
      ("two files", "verify", "a.eml", "b.eml"), ("keys without verb", "keys"),
      ("keys unknown verb", "keys", "frobnicate"), ("extract without part", "extract"),
      ("passphrase-fd not a number", "decrypt", "--passphrase-fd", "x"),
      ("passphrase-fd not open", "decrypt", "--passphrase-fd", "250"),
      ("bad revocation", "verify", "--revocation", "maybe"), ("bad time", "verify", "--at", "yesterday"),
      ("year as time", "verify", "--at", "2026"), ("no such day", "verify", "--at", "20261341"),
      ("negative passphrase-fd", "decrypt", "--passphrase-fd", "-1"),
      ("negative new-passphrase-fd", "keys", "import", "--new-passphrase-fd", "-1"),
      ("negative days", "keys", "list", "--expiring", "-1"), ("flag with a value", "sign", "--opaque=1"),
      ("flag with an empty value", "verify", "--json="), ("option after --", "--", "--json", "verify"),
      ("letter that is none", "verify", "-qx"))
def test_usage(_, *args):
    home().refuses(2, *args, input=m.plain())


def test_prefix_of_a_command_is_not_the_command():
    home().refuses(2, "decryp", input=encrypted())


def test_global_options_before_and_after():
    for args in (("--json", "verify"), ("verify", "--json")):
        equal(home().run(*args, input=m.plain(), status=3).json()["summary"], "unprotected", "summary")
    for args in (("--homedir", home().mc, "-v", "verify"), ("verify", "--homedir", home().mc, "-q")):
        home().run(*args, input=m.plain(), status=3)


def test_quiet_and_double_dash():
    home().file("-dash.eml", encrypted())
    for args in (("decrypt", "--", "-dash.eml"), ("decrypt", "-q", "--", "-dash.eml")):
        contains(home().ok(*args, input=b"").out, b"Hello, Bob.", "output")
    home().refuses(2, "decrypt", "-dash.eml", input=b"")


def test_double_dash_before_the_command():
    home().file("-dash.eml", encrypted())
    contains(home().ok("--", "decrypt", "-dash.eml").out, b"Hello, Bob.", "output")
    equal(home().run("--json", "--", "verify", input=m.plain(), status=3).json()["summary"], "unprotected", "summary")


def test_attached_values():
    path = os.path.join(home().work, "attached.eml")
    home().ok("encrypt", "--protocol=openpgp", "-rbob@example.org", "-qo" + path, input=m.plain())
    contains(home().ok("inspect", path).out, b"multipart/encrypted", "inspect")
    os.unlink(path)


@each(("--js", "--json"), ("--jsno", "--json"), ("--homdir", "--homedir"), ("--xy", None), ("--a", None))
def test_guess_of_an_option(word, guess):
    result = home().refuses(2, word, "verify", input=m.plain()).expect_message("unknown option '%s'" % word)
    if guess:
        contains(result.err.decode(), "did you mean '%s'?" % guess, "the hint")
    else:
        lacks(result.err, b"did you mean", "the hint")


@each(("no value", "option '--recipient' needs a value", "encrypt", "-r"),
      ("no number", "option '--width' takes a number, not 'x'", "show", "--width", "x"),
      ("flag with a value", "option '--opaque' takes no value", "sign", "--opaque=1"))
def test_words_of_usage_errors(_, words, *args):
    home().refuses(2, *args, input=m.plain()).expect_message(words)


@each("2026-12-01T10:00", "2026-12-01T10:00Z", "2026-12-01T10:00+02:00", "20261201T1000", "20261201", "2026-12-01",
      "1796000000")
def test_forms_of_time(time):
    home().run("verify", "--at", time, input=m.plain(), status=3)


def test_each_recipient_without_a_key_has_a_line():
    result = home().refuses(11, "encrypt", "--protocol", "openpgp", "-r", "a@nowhere.example", "-r",
                            "b@nowhere.example", input=m.plain())
    lines = result.err.decode().splitlines()
    equal(len([x for x in lines if x.startswith("mailcrypt: encrypt: ")]), 2, "lines", result)
    equal(len([x for x in lines if x.startswith("hint: ")]), 1, "hints", result)
    lacks(result.err, b"\\", "standard error")


def test_dash_and_absent_are_standard_input():
    for args in (("decrypt",), ("decrypt", "-"), ("decrypt", "--", "-")):
        contains(home().ok(*args, input=encrypted()).out, b"Hello, Bob.", "output")


def test_homedir_option_is_used():
    own = harness.Home()
    other = os.path.join(own.path, "other")
    own.ok("keys", "generate", "me@example.org", "--protocol", "smime", "--self-signed",
           "--passphrase-fd", harness.Fd("\n"), "--homedir", other)
    true(os.path.isdir(other), "--homedir made no folder")
    true(not os.path.exists(own.mc), "MAILCRYPT_HOME was used beside --homedir")
    equal(stat.S_IMODE(os.stat(other).st_mode), 0o700, "mode of the folder")
    own.close()


def test_xdg_folders_without_mailcrypt_home():
    own = harness.Home()
    env = {"MAILCRYPT_HOME": None, "XDG_DATA_HOME": own.path + "/data", "XDG_CONFIG_HOME": own.path + "/config",
           "XDG_CACHE_HOME": own.path + "/cache"}
    own.ok("keys", "generate", "me@example.org", "--protocol", "smime", "--self-signed",
           "--passphrase-fd", harness.Fd("\n"), env=env)
    true(os.path.exists(own.path + "/data/mailcrypt/store.db"), "no store.db in XDG_DATA_HOME")
    own.close()


def test_config_file():
    good = home().file("good.conf", b"[general]\n")
    home().run("--config", good, "verify", input=m.plain(), status=3)
    bad = home().file("bad.conf", b"[general]\n\nno-such-key=1\n")
    home().refuses(2, "--config", bad, "verify", input=m.plain()).expect_message("no-such-key", "3")
    home().refuses(12, "--config", home().work + "/absent.conf", "verify", input=m.plain())


def test_missing_file():
    home().refuses(12, "verify", "absent.eml").expect_message("absent.eml")
    home().refuses(12, "verify", home().work)


def test_unreadable_input_is_reported_with_json():
    result = home().run("--json", "verify", "absent.eml", status=12)
    check_error(result.json(), 12)
    result.expect_message("absent.eml")


@each("decrypt", "sign", "encrypt", "verify", "show", "inspect")
def test_empty_input(command):
    home().refuses(10, command, input=b"")


def test_messages_are_plain_without_a_terminal():
    result = home().refuses(8, "decrypt", input=m.message(m.pgp_encrypted(pgp.encrypt(b"x", ("carol",)))))
    lacks(result.err, b"\x1b", "standard error")


# --- output files -----------------------------------------------------------

def test_output_file_is_private_and_complete():
    path = os.path.join(home().work, "out.eml")
    result = home().ok("decrypt", "-o", path, input=encrypted())
    equal(result.out, b"", "standard output")
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
    with open(path, "rb") as source:
        contains(source.read(), b"Hello, Bob.", "output file")
    os.unlink(path)


def test_output_file_replaces_the_old_one():
    path = home().file("old.eml", b"old content")
    os.chmod(path, 0o644)
    keeper = os.open(path, os.O_RDONLY)
    home().ok("decrypt", "-o", path, input=encrypted())
    equal(os.read(keeper, 100), b"old content", "the old file, still open")
    os.close(keeper)
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
    with open(path, "rb") as source:
        contains(source.read(), b"Hello, Bob.", "output file")


def test_output_over_the_input():
    path = home().file("same.eml", encrypted())
    home().ok("decrypt", "-o", path, path)
    with open(path, "rb") as source:
        contains(source.read(), b"Hello, Bob.", "output file")


@each(("not encrypted", 3, m.plain()), ("no key", 8, "carol"), ("malformed", 10, b""))
def test_old_file_stands_on_failure(_, status, mail):
    if mail == "carol":
        mail = m.message(m.pgp_encrypted(pgp.encrypt(b"x", ("carol",))))
    path = home().file("keep.eml", b"precious")
    before = os.stat(path)
    names = set(os.listdir(home().work))
    home().refuses(status, "decrypt", "-o", path, input=mail)
    with open(path, "rb") as source:
        equal(source.read(), b"precious", "old file")
    equal((os.stat(path).st_ino, os.stat(path).st_mtime_ns), (before.st_ino, before.st_mtime_ns), "old file")
    equal(set(os.listdir(home().work)), names, "files in the folder")


def test_output_into_missing_folder():
    home().refuses(12, "decrypt", "-o", home().work + "/no/such/out.eml", input=encrypted())


def test_output_follows_no_trap():
    """A symbolic link is replaced or followed, but its target is never half-written."""
    target = home().file("target", b"precious")
    link = os.path.join(home().work, "link.eml")
    os.symlink(target, link)
    home().refuses(3, "decrypt", "-o", link, input=m.plain())
    with open(target, "rb") as source:
        equal(source.read(), b"precious", "target of the link")
    os.unlink(link)


def test_foreign_link_in_an_open_folder():
    """As the kernel's protected_symlinks: followed only for its owner, or the folder's."""
    if os.geteuid() != 0:
        harness.skip("only root can make somebody else's link")
    folder = os.path.join(home().work, "open")
    os.mkdir(folder)
    os.chown(folder, 1, 1)
    os.chmod(folder, 0o1777)
    target = home().file("their-target", b"precious")
    for owner, follows in ((2, False), (0, True), (1, True)):
        link = os.path.join(folder, "link-%d" % owner)
        os.symlink(target, link)
        os.lchown(link, owner, owner)
        for output in (link, os.path.join(folder, "null-%d" % owner)):
            if output != link:
                os.symlink(device("null", 3), output)
                os.lchown(output, owner, owner)
            if follows:
                home().ok("decrypt", "-o", output, input=encrypted())
            else:
                home().refuses(12, "decrypt", "-o", output, input=encrypted()).expect_message("somebody else's link")
        with open(target, "rb") as source:
            true((source.read() == b"precious") != follows, "target of the link of %d" % owner)
    harness.shutil.rmtree(folder)


def device(name, minor):
    """A memory device. Root gets a node of its own: a broken tool must not replace the system's."""
    if os.geteuid() != 0:
        return "/dev/" + name
    path = os.path.join(home().work, name)
    if not os.path.exists(path):
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    return path


def test_output_to_devices_and_pipes():
    null = device("null", 3)
    home().ok("decrypt", "-o", null, input=encrypted())
    true(stat.S_ISCHR(os.stat(null).st_mode), "the device was replaced")
    contains(home().ok("decrypt", "-o", "-", input=encrypted()).out, b"Hello, Bob.", "output")
    contains(home().ok("decrypt", "-o", "/proc/self/fd/1", input=encrypted()).out, b"Hello, Bob.", "output")
    fifo = os.path.join(home().work, "fifo")
    os.mkfifo(fifo)
    got = []
    reader = threading.Thread(target=lambda: got.append(open(fifo, "rb").read()))
    reader.start()
    home().ok("decrypt", "-o", fifo, input=encrypted())
    reader.join(20)
    true(stat.S_ISFIFO(os.stat(fifo).st_mode), "the fifo was replaced")
    contains(got[0] if got else b"", b"Hello, Bob.", "what came through the fifo")
    os.unlink(fifo)


COMMAND_LINES = (("decrypt", ("decrypt",), True), ("sign", ("sign", "--protocol", "openpgp"), False),
                 ("encrypt", ("encrypt", "--protocol", "openpgp", "-r", "bob@example.org"), False),
                 ("show", ("show",), False), ("verify --json", ("--json", "verify"), False),
                 ("inspect", ("inspect",), False), ("keys list", ("keys", "list"), False),
                 ("help", ("--help",), False))


def input_for(needs_encrypted):
    return encrypted() if needs_encrypted else m.plain()


@each(*COMMAND_LINES)
def test_full_device(_, args, needs_encrypted):
    with open("/dev/full", "wb") as full:
        result = home().run(*args, input=input_for(needs_encrypted), stdout=full, status=12)
    result.expect_message("space")


def test_output_option_to_full_device():
    full = device("full", 7)
    home().refuses(12, "decrypt", "-o", full, input=encrypted())
    true(stat.S_ISCHR(os.stat(full).st_mode), "the device was replaced")


@each(*COMMAND_LINES)
def test_closed_stdout(_, args, needs_encrypted):
    argv = ["sh", "-c", 'exec "$@" >&-', "sh", harness.tool(), *args]
    result = harness.run(argv, input=input_for(needs_encrypted), env=home().env(), cwd=home().work)
    harness.check_no_crash(result)
    result.expect_status(12)


def test_closed_stdin():
    argv = ["sh", "-c", 'exec "$@" <&-', "sh", harness.tool(), "verify"]
    result = harness.run(argv, env=home().env(), cwd=home().work)
    harness.check_no_crash(result)
    result.expect_status(12)


def test_closed_stderr():
    argv = ["sh", "-c", 'exec "$@" 2>&-', "sh", harness.tool(), "decrypt"]
    result = harness.run(argv, input=encrypted(), env=home().env(), cwd=home().work)
    harness.check_no_crash(result)
    result.expect_status(0)
    contains(result.out, b"Hello, Bob.", "output")


def on_terminal(args, data, **env):
    """(status, what appeared on the terminal that is standard output)."""
    master, slave = pty.openpty()
    proc = home().process(*args, stdout=slave, env=dict(env, TERM="xterm"))
    os.close(slave)
    shown = []

    def drain():
        try:
            while True:
                block = os.read(master, 65536)
                if not block:
                    return
                shown.append(block)
        except OSError as error:  # the other side is closed
            if error.errno != errno.EIO:
                raise
    reader = threading.Thread(target=drain)
    reader.start()
    _, err = proc.communicate(data, timeout=60)
    reader.join(20)
    os.close(master)
    result = harness.Result(proc.args, proc.returncode, b"".join(shown), err)
    harness.check_no_crash(result)
    return result


BINARY = m.message(m.multipart([m.entity(b"text\r\n"), m.attachment(m.blob(300))]))


def part_path(mail, kind):
    parts = home().run("--json", "verify", input=mail, status=3).json()["parts"]
    return [p["path"] for p in parts if p["type"] == kind][0]


def test_binary_is_not_written_to_a_terminal():
    path = part_path(BINARY, "application/octet-stream")
    result = on_terminal(("extract", "--part", path), BINARY).expect_status(2)
    lacks(result.out, m.blob(300)[:8], "terminal")
    contains(result.err, b"-o -", "hint")


def test_binary_to_a_terminal_when_asked():
    path = part_path(BINARY, "application/octet-stream")
    result = on_terminal(("extract", "--part", path, "-o", "-"), BINARY)
    result.expect_status(0)
    true(len(result.out) >= 300, "nothing was written")


@each("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
def test_other_names_of_the_terminal(name):
    result = on_terminal(("decrypt", "-o", name), encrypted()).expect_status(2)
    lacks(result.out, b"Hello", "terminal")


def test_report_and_message_need_a_file_each():
    path = home().file("both", b"precious")
    other = os.path.join(home().work, "other-name")
    os.symlink(path, other)
    for report, output in ((path, path), (path, other), ("new", "./new"), ("new", home().work + "/new")):
        home().refuses(2, "decrypt", "--report", report, "-o", output, input=encrypted())
    with open(path, "rb") as source:
        equal(source.read(), b"precious", "the old file")
    true(not os.path.exists(os.path.join(home().work, "new")), "something was written")
    home().ok("decrypt", "--report", "/dev/null", "-o", "/dev/null", input=encrypted())
    os.unlink(other)


def test_extract_part():
    path = part_path(BINARY, "application/octet-stream")
    equal(home().ok("extract", "--part", path, input=BINARY).out, m.blob(300), "part")
    text = part_path(BINARY, "text/plain")
    equal(m.lf(home().ok("extract", "--part", text, input=BINARY).out), b"text\n", "text part")
    home().refuses(2, "extract", "--part", "9.9.9", input=BINARY)


def test_extract_from_encrypted():
    sealed = m.message(m.pgp_encrypted(pgp.encrypt(m.split_entity(BINARY)[1])))
    parts = home().run("--json", "verify", input=sealed, status=3).json()["parts"]
    path = [p["path"] for p in parts if p["type"] == "application/octet-stream"
            and p["filename"] == "data.bin"][0]
    equal(home().ok("extract", "--part", path, input=sealed).out, m.blob(300), "part")


def test_extract_warns_of_a_bad_signature():
    part = m.entity(b"what Bob signed\r\n")
    signature = pgp.sign(part, "bob")
    for text, warned in ((b"signed", False), (b"forged", True)):
        mail = m.message(m.pgp_signed(part.replace(b"signed", text), signature), sender=m.BOB)
        result = home().ok("-q", "extract", "--part", "1.1", input=mail)
        equal(b"bad signature" in result.err, warned, "a warning", result)


def test_show_lists_attachments():
    out = home().ok("show", input=BINARY).out.decode()
    contains(out, "data.bin", "show")
    contains(out, "text", "show")


def test_no_colour_without_terminal():
    lacks(home().ok("show", input=m.plain()).out, b"\x1b", "show")
    contains(home().ok("show", "--color", "always", input=m.plain()).out, b"\x1b[", "show --color always")


def test_colour_on_a_terminal():
    contains(on_terminal(("show",), m.plain()).expect_status(0).out, b"\x1b[", "show on a terminal")
    plain = on_terminal(("show",), m.plain(), NO_COLOR="1").expect_status(0)
    lacks(plain.out, b"\x1b[", "show with NO_COLOR")


# --- limits and environment -------------------------------------------------

def test_max_size():
    big = m.plain(m.text_of(300000))
    home().refuses(10, "verify", "--max-size", "100000", input=big).expect_message("size")
    home().run("verify", "--max-size", "1000000", input=big, status=3)


def test_no_home():
    env = {"HOME": None, "MAILCRYPT_HOME": None, "GNUPGHOME": None, "XDG_DATA_HOME": None}
    home().run("verify", input=m.plain(), status=3, env=env)
    contains(home().ok("show", input=m.plain(), env=env).out, b"Hello, Bob.", "show")


def test_read_only_home():
    own = harness.Home()
    if os.geteuid() == 0:
        env = {"MAILCRYPT_HOME": "/proc/mailcrypt"}
    else:
        os.chmod(own.path, 0o500)
        env = {"MAILCRYPT_HOME": own.path + "/new"}
    own.run("verify", input=m.plain(), status=3, env=env)
    own.refuses(12, "keys", "generate", "a@example.org", "--protocol", "smime", "--self-signed",
                "--passphrase-fd", harness.Fd("\n"), env=env)
    os.chmod(own.path, 0o700)
    own.close()


def test_core_dumps_are_off():
    proc = home().process("decrypt")
    proc.stdin.write(b"From: x\n")
    proc.stdin.flush()
    harness.time.sleep(0.5)
    try:
        with open("/proc/%d/limits" % proc.pid) as source:
            line = [x for x in source if x.startswith("Max core file size")][0]
    except OSError:
        skip("cannot read the limits of another process")
    finally:
        proc.communicate(b"", timeout=60)
    equal(line.split()[4], "0", "core file limit")


def test_default_umask_does_not_matter():
    own = harness.Home()
    argv = ["sh", "-c", 'umask 0; exec "$@"', "sh", harness.tool(), "keys", "generate", "me@example.org",
            "--protocol", "smime", "--self-signed", "--passphrase-fd", "0"]
    result = harness.run(argv, input=b"\n", env=own.env(), cwd=own.work)
    result.expect_status(0)
    for folder, _, names in os.walk(own.mc):
        equal(stat.S_IMODE(os.stat(folder).st_mode) & 0o077, 0, "mode of " + folder)
        for name in names:
            equal(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) & 0o077, 0, "mode of " + name)
    own.close()


@each("de_DE.UTF-8", "C", "tr_TR.UTF-8")
def test_locale_changes_no_word_of_the_json(locale):
    report = home().run("--json", "verify", input=m.plain(), status=3, env={"LC_ALL": locale}).json()
    equal((report["summary"], report["signature"]["status"]), ("unprotected", "none"), "words")


if __name__ == "__main__":
    harness.main(globals())
