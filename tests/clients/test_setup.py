#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A fresh home, "mailcrypt setup CLIENT --write", and the real client: both protocols work, and undo is undo."""

import os
import re
import sys

import client as c
import harness
import letters
import test_compose as writing
import test_view as reading
from harness import contains, each, equal, true

SHOWN = ("plain", "pgp-signed", "pgp-both", "smime-signed", "smime-both", "pgp-wrong-signer")

RECORDED = "pgp-both"

# What a person may have had before; ours are to win.
BEFORE = """set crypt_use_gpgme=yes
set display_filter="cat"
color header red default "^Mailcrypt"
"""

_state = {}


def rc_of(name, home):
    return os.path.join(home.path, "." + name + "rc")


def running(name):
    """The client after setup, on a machine that nobody else uses."""
    c.need(name)
    if name not in _state:
        home = letters.reader()
        chosen = [letter for letter in letters.all_letters() if letter[0] in SHOWN]
        writer = home.file("editor", "#!/bin/sh\n[ -s \"$1\" ] || printf 'Hello Bob.\\nGr\u00fc\u00dfe.\\n"
                           "From here  \\n' > \"$1\"\n")
        os.chmod(writer, 0o755)
        box = home.file("box", letters.mbox(chosen))
        text = c.own_settings(name, home, box) + BEFORE + 'set editor="%s"' % writer
        with open(rc_of(name, home), "w") as out:
            out.write(text)
        home.ok("setup", name, "--write", env={"XDG_CONFIG_HOME": None})
        _state[name] = c.Client(name, home, box, found=True)
        _state[name].letters = chosen
        _state[name].before = text
    return _state[name]


def stop():
    for client in _state.values():
        client.terminal.close()


@each(*(("%s %s" % (name, letter), name, letter) for name in c.CLIENTS for letter in SHOWN))
def test_view(_, name, letter):
    client = running(name)
    names = [one for one, _ in client.letters]
    screen = client.open(names.index(letter) + 1)
    color = client.terminal.color_of("Mailcrypt:")
    client.leave()
    headline, notes, texts = reading.EXPECTED[letter]
    zone = c.unfold(c.zone_of(screen))
    own = [line for line in zone.split("\n") if line.startswith("Mailcrypt: ")]
    equal(len(own), 1, "lines with the verdict in:\n" + screen)
    true(own[0].startswith("Mailcrypt: " + headline), "the verdict is %r:\n%s" % (own[0], screen))
    for text in notes + texts:
        contains(screen.replace("\n+", ""), text, "the screen")
    if headline.startswith("GOOD"):
        true(color in (32, 92), "the verdict has colour %r" % color)


@each(*c.CLIENTS)
def test_everything_about_a_message(name):
    """The key that setup binds."""
    harness.need_program("less")
    client = running(name)
    names = [one for one, _ in client.letters]
    client.open(names.index("pgp-both") + 1)
    client.keys("Escape", "c")
    try:
        client.wait("[mailcrypt ", "Signed by bob@example.org (Bob Example), encrypted")
        client.type("q")
        client.wait("PAGER ", absent=("[mailcrypt ",))
    except harness.Failure:
        _state.pop(name).terminal.close()
        raise
    client.leave()


@each(*(("%s %s" % (name, menu), name, menu) for name in c.CLIENTS for menu in ("p", "S")))
def test_compose(_, name, menu):
    """A letter that is signed and encrypted through the client's menu."""
    client = running(name)
    writing.start(client)
    writing.protect(client, menu, "b")
    mail, recipients = writing.send(client)
    equal(recipients, ["bob@example.org"], "recipients")
    report = client.home.run("--json", "verify", input=mail).json()
    equal(report["summary"], "signed-and-encrypted", "what was sent")
    equal(report["layers"][0]["protocol"], "openpgp" if menu == "p" else "smime", "protocol")


def record(name, letter):
    """What the client shows, from the verdict on, with what differs from run to run made even."""
    client = running(name)
    names = [one for one, _ in client.letters]
    screen = client.open(names.index(letter) + 1, "Mailcrypt:")
    client.leave()
    lines = screen.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("Mailcrypt:"))
    end = next(i for i, line in enumerate(lines) if line.startswith(("~", "PAGER ")))
    text = c.unfold("\n".join(lines[start:end])).rstrip()
    text = re.sub(r"\b[0-9a-f]{40,64}\b", lambda found: ("0123456789abcdef" * 4)[:len(found.group())], text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "2026-11-24 10:11", text) + "\n"


def test_readme():
    """The screen in README is what is seen: "test_setup.py --record" prints it."""
    path = os.path.join(os.environ.get("MAILCRYPT_SRCDIR", harness.ROOT), "README.md")
    with open(path, encoding="utf-8") as source:
        readme = re.sub("^    ", "", source.read(), flags=re.M)
    contains(readme, record("neomutt", RECORDED), "README")


@each(*c.CLIENTS)
def test_sent_through_the_tool(name):
    """With --with-sendmail the configuration encrypts, without a word in the menu; a failure keeps the draft."""
    c.need(name)
    home = letters.reader()
    c.configure(home, "[policy *@example.org]\nsign=always\nencrypt=always\n")
    box = home.file("box", letters.mbox(letters.all_letters()[:1]))
    writer = home.file("editor", "#!/bin/sh\n[ -s \"$1\" ] || echo 'Hello Bob.' > \"$1\"\n")
    os.chmod(writer, 0o755)
    with open(rc_of(name, home), "w") as out:
        out.write(c.own_settings(name, home, box) + 'set editor="%s"\n' % writer)
    home.ok("setup", name, "--write", "--with-sendmail", env={"XDG_CONFIG_HOME": None})
    with c.Client(name, home, box, found=True) as client:
        writing.start(client)
        mail, recipients = writing.send(client)
        equal(recipients, ["bob@example.org"], "recipients")
        equal(home.run("--json", "verify", input=mail).json()["summary"], "signed-and-encrypted", "what was sent")
        writing.start(client, "nobody@example.org")
        client.type("y")
        client.wait("nobody@example.org", "Error sending message", answers=())
        client.type("q")
        client.wait("Compose", "nobody@example.org")
        true(not os.path.exists(client.send + ".eml"), "something was sent")
    home.close()


@each(*c.CLIENTS)
def test_undo(name):
    client = running(name)
    rc = rc_of(name, client.home)
    client.home.ok("setup", name, "--undo", env={"XDG_CONFIG_HOME": None})
    with open(rc) as source:
        equal(source.read(), client.before, "the person's file")


# (client, name of the file): neomutt reads mutt's file where it has none
FILES = (("mutt", ".muttrc"), ("neomutt", ".neomuttrc"), ("neomutt", ".muttrc"))


@each(*(("%s %s %s" % (name, rc, more), name, rc, more) for name, rc in FILES for more in ("", "--with-sendmail")))
def test_accepted(_, name, rc, more):
    """The client reads it without a word, and it counts."""
    c.need(name)
    home = letters.reader()
    env = {"XDG_CONFIG_HOME": None, "TERM": "xterm-256color"}
    with open(os.path.join(home.path, rc), "w") as out:
        out.write(BEFORE + "set sendmail=msmtp\n")
    home.ok("setup", name, "--write", *more.split(), env=env)
    told = harness.must([name, "-D"], env=home.env(**env))
    equal(told.err, b"", "what the client complains about")
    settings = dict(line.removeprefix("set ").partition("=")[::2] for line in told.out.decode().replace(" = ", "=").split("\n"))
    contains(settings["display_filter"], "mailcrypt mutt filter --nonce=", "display_filter")
    contains(settings["smime_sign_command"], "mailcrypt mutt smime-sign", "smime_sign_command")
    contains(told.out.decode(), "mailcrypt mutt pgp-clearsign", "all settings")
    contains(settings["sendmail"], "mailcrypt sendmail --mta=msmtp" if more else "msmtp", "sendmail")
    home.close()


if __name__ == "__main__":
    import atexit
    atexit.register(stop)
    if sys.argv[1:] == ["--record"]:
        sys.exit(print(record("neomutt", RECORDED)))
    harness.main(globals())
