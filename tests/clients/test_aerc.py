#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""aerc after "mailcrypt setup aerc --write": filters show the text, a key shows the verdict on everything."""

import os
import shutil
import time

import client as c
import harness
import letters
import mailkit as m
from harness import contains, each, equal, lacks, true
from terminal import Terminal

SIGNED = "Signed by bob@example.org (Bob Example)"
BOTH = SIGNED + ", encrypted"
# name: (what the filter shows, what the key shows)
LETTERS = {
    "plain": (("Letter 1.",), "Neither signed nor encrypted"),
    "pgp-signed": (("Letter 2.",), SIGNED),
    "pgp-both": (("Letter 4.",), BOTH),
    "smime-signed": (("Letter 5.",), SIGNED),
    "smime-opaque": ((SIGNED, "Letter 6."), SIGNED),
    "smime-both": ((BOTH, "Letter 8."), BOTH),
    "pgp-wrong-signer": (("Letter 11.",), "NOT signed by the sender"),
    "protected-subject": (("Letter 18.",), "Subject: the true subject"),
    "inline-encrypted": (("encrypted openpgp", "bob@example.org", "Letter 23."), "Neither signed nor encrypted"),
    "inline-signed": (("BEGIN PGP SIGNED MESSAGE", "Letter 24."), None),
}

_state = {}


def folder(home):
    return os.path.join(home.path, ".config", "aerc")


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(data if isinstance(data, bytes) else data.encode())
    os.chmod(path, 0o600)


def read(path):
    with open(path) as source:
        return source.read()


def environment(home):
    """The tool and aerc's filter for text are found as after an installation."""
    programs = os.path.join(home.path, "bin")
    os.makedirs(programs, exist_ok=True)
    link = os.path.join(programs, "mailcrypt")
    if not os.path.exists(link):
        os.symlink(os.path.abspath(harness.tool()), link)
    return {"XDG_CONFIG_HOME": None, "XDG_DATA_HOME": None, "PATH": programs + ":" + os.environ["PATH"]}


def prepare(home):
    """What aerc makes when it is started for the first time, an account and some mail."""
    for name in ("aerc.conf", "binds.conf"):
        write(os.path.join(folder(home), name), read(os.path.join("/usr/share/aerc", name)))
    box = os.path.join(home.path, "mail")
    for number, (name, mail) in enumerate(letters.all_letters()):
        if name in LETTERS:
            write(os.path.join(box, "INBOX", "cur", "%d.x:2,S" % (1000 + number)), m.lf(mail))
    for name in ("new", "tmp"):
        os.mkdir(os.path.join(box, "INBOX", name))
    write(os.path.join(folder(home), "accounts.conf"),
          "[me]\nsource = maildir://%s\nfrom = Alice Example <alice@example.org>\noutgoing = /bin/false\n" % box)


def plugin(name):
    return os.path.join(os.environ.get("MAILCRYPT_SRCDIR", harness.ROOT), "plugins", "aerc", name)


def set_up(home):
    prepare(home)
    home.ok("setup", "aerc", "--write", env=environment(home))
    # what the plugin's README tells to do by hand
    os.mkdir(os.path.join(folder(home), "filters"))
    shutil.copy(plugin("mailcrypt-text"), os.path.join(folder(home), "filters"))
    path = os.path.join(folder(home), "aerc.conf")
    write(path, read(path).replace("text/plain=colorize", "text/plain=mailcrypt-text colorize"))


def running():
    c.need("aerc")
    harness.need_program("less")
    if "aerc" not in _state:
        home = _state["home"] = letters.reader()
        set_up(home)
        _state["aerc"] = Terminal(home, ["aerc"], SHELL="/bin/sh", **environment(home))
        _state["aerc"].wait("INBOX", "plain")
    return _state["aerc"]


def stop():
    if "aerc" in _state:
        _state.pop("aerc").close()


def command(terminal, text):
    terminal.type(":" + text)
    terminal.keys("Enter")


def select(terminal, name):
    """Opens the letter."""
    command(terminal, "select 0")
    words = "[...]" if name == "protected-subject" else name
    command(terminal, "search " + words)
    terminal.wait("| search " + words)
    terminal.keys("Enter")
    terminal.wait("Subject:", absent=("\nINBOX ",))


def press(terminal, key):
    """A key that opens a tab; the two octets of Alt may come to the program apart, and count for nothing then."""
    for _ in range(4):
        terminal.keys(key)
        try:
            terminal.wait("sh <", timeout=8)
            return
        except harness.Failure:
            pass


def shown(name, *words, key=None):
    """The screen of a letter once it has the words; after a key, in the tab that this opens."""
    terminal = running()
    try:
        select(terminal, name)
        if key:
            terminal.wait("(END)")
            press(terminal, key)
        screen = terminal.wait(*words)
        if key:
            terminal.type("q")
            terminal.wait("any key")
            terminal.keys("Enter")
            terminal.wait("(END)", absent=("any key",))
        command(terminal, "close")
        terminal.wait("INBOX ")
        return screen
    except harness.Failure:
        stop()
        raise


@each(*((name, LETTERS[name][0]) for name in LETTERS))
def test_filters(name, words):
    screen = shown(name, *words)
    if name not in ("inline-signed",):
        lacks(screen, "-----BEGIN PGP", "the screen")


@each(*((name, LETTERS[name][1]) for name in LETTERS if LETTERS[name][1]))
def test_key(name, words):
    """Alt-c."""
    screen = shown(name, "[mailcrypt ", words, key="M-c")
    contains(screen, letters.SECRET, "the screen")


@each("pgp-both", "smime-both")
def test_pipe(name):
    """By hand, as the README of the plugin has it."""
    terminal = running()
    select(terminal, name)
    command(terminal, "pipe -m mailcrypt show")
    terminal.wait("[mailcrypt ", BOTH, letters.SECRET, "any key")
    terminal.keys("Enter")
    terminal.wait("Subject:", absent=("any key",))
    command(terminal, "close")
    terminal.wait("INBOX ")


def test_outgoing():
    """What the plugin's README says of sending; aerc draws what came of it when a key is pressed."""
    c.need("aerc")
    home = letters.reader()
    prepare(home)
    c.configure(home, "[policy *@example.org]\nsign=always\nencrypt=always\n")
    send = home.file("send", c.SEND)
    os.chmod(send, 0o755)
    accounts = os.path.join(folder(home), "accounts.conf")
    write(accounts, read(accounts).replace("/bin/false", "mailcrypt sendmail --mta=" + send))
    conf = os.path.join(folder(home), "aerc.conf")
    write(conf, read(conf).replace("#editor=", "editor=true"))
    with Terminal(home, ["aerc"], SHELL="/bin/sh", **environment(home)) as terminal:
        terminal.wait("INBOX", "plain")
        compose(terminal, "nobody@example.org")
        press_until(terminal, lambda: "Send this email?" in terminal.text(), "the message did not come back")
        true(not os.path.exists(send + ".eml"), "a message was sent to nobody")
        command(terminal, "abort")
        compose(terminal, "bob@example.org")
        press_until(terminal, lambda: os.path.exists(send + ".eml"), "nothing was sent")
    mail = read(send + ".eml")
    equal(home.run("--json", "verify", input=mail).json()["summary"], "signed-and-encrypted", "what was sent")
    home.close()


def compose(terminal, to):
    command(terminal, "compose -H 'To: <%s>' -H 'Subject: a subject'" % to)
    terminal.wait("Send this email?", to)
    terminal.type("y")
    terminal.wait("Sending...")


def press_until(terminal, holds, message):
    for _ in range(40):
        time.sleep(0.5)
        if holds():
            return
        terminal.keys("Down")
    harness.fail("%s:\n%s" % (message, terminal.text()))


def test_what_setup_writes():
    harness.need_program("aerc")
    home = letters.reader()
    prepare(home)
    env = environment(home)
    paths = [os.path.join(folder(home), name) for name in ("aerc.conf", "binds.conf", "accounts.conf")]
    before = [read(path) for path in paths]

    def codes(word):
        return [f["code"] for f in home.run("--json", "setup", "aerc", word, env=env).json()["findings"]]

    equal(codes("--write"), ["setup-written"] * 2, "the first time")
    after = [read(path) for path in paths]
    equal(after[2], before[2], "accounts.conf")
    for old, new in zip(before, after):
        equal([line for line in new.split("\n") if "mailcrypt" not in line], old.split("\n"), "lines that are not ours")
    contains(home.ok("doctor", env=env).out.decode(), "aerc uses mailcrypt", "what the doctor tells")
    equal(codes("--write"), ["setup-unchanged"] * 2, "the second time")
    equal(codes("--undo"), ["setup-undone"] * 2, "undone")
    equal([read(path) for path in paths], before, "files")
    equal(codes("--undo"), ["setup-unchanged"], "undone twice")
    home.close()


if __name__ == "__main__":
    import atexit
    atexit.register(stop)
    harness.main(globals())
