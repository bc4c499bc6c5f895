# SPDX-License-Identifier: LGPL-2.1-or-later
"""mutt and neomutt as a person has them: our settings, a few of their own, one mailbox."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

import harness  # noqa: E402
from terminal import Terminal  # noqa: E402

CLIENTS = ("mutt", "neomutt")

# What is of no importance to the engine; %(...)s are filled in.
OWN_SETTINGS = """set folder="%(work)s" spoolfile="%(box)s" tmpdir="%(work)s" postponed="%(work)s/postponed"
set send_charset="us-ascii:utf-8"
set record="" copy=no mbox_type=mbox mail_check=0 sleep_time=0 timeout=600 sort=mailbox-order
set quit=yes wait_key=no beep=no charset=utf-8
set realname="Alice Example" from="alice@example.org" use_from=yes hostname=example.org
set index_format="%%4C %%s" pager_format="PAGER %%C/%%m" status_format="INDEX %%m"
set sendmail="%(send)s" editor="true" edit_headers=no abort_unmodified=no abort_nosubject=no
set include=yes autoedit=no fast_reply=yes
ignore *
unignore from: to cc subject date
hdr_order from to cc subject date
"""

SEND = b"""#!/bin/sh
while [ "$1" != "--" ]; do shift; done
shift
echo "$@" > "$0.to"
cat > "$0.new" && mv "$0.new" "$0.eml"
"""

# Enter is what a person types where the client wants a passphrase of its own.
ANSWERS = (("passphrase:", "Enter"), ("Press any key", "Enter"))


def own_settings(name, home, box):
    """A configuration that knows nothing of us."""
    send = home.file("send-" + name, SEND)
    os.chmod(send, 0o755)
    return OWN_SETTINGS % {"work": home.work, "box": box, "send": send}


def configure(home, text):
    """The tool's own configuration."""
    with open(os.path.join(home.mc, "config"), "w") as out:
        out.write(text)


class Client:
    """A running client, with our settings behind those of the person; or, where @found, with the files
    that it finds."""

    def __init__(self, name, home, box, settings="", found=False):
        self.name, self.home = name, home
        self.send = os.path.join(home.work, "send-" + name)
        argv = [name, "-f", box]
        if not found:
            snippet = home.file(name + ".snippet", home.ok("mutt", "config", "--client", name).out)
            rc = home.file(name + ".rc", own_settings(name, home, box) + settings + "source %s\n" % snippet)
            argv += ["-n", "-F", rc]
        self.terminal = Terminal(home, argv, **({"XDG_CONFIG_HOME": None} if found else {}))
        self.wait("INDEX ")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminal.close()

    def wait(self, *words, **more):
        more.setdefault("answers", ANSWERS)
        return self.terminal.wait(*words, **more)

    def keys(self, *names):
        self.terminal.keys(*names)

    def type(self, text):
        self.terminal.type(text)

    def open(self, number, shown=None):
        """The screen with this message in the pager, or what the client says instead."""
        self.type("=")
        self.type(str(number))
        self.wait(": %d" % number)
        self.keys("Enter")
        self.wait("INDEX ", absent=(": %d" % number,))
        self.keys("Enter")
        self.wait(shown or "PAGER %d/" % number)
        return self.terminal.settled()

    def leave(self):
        self.type("i")
        self.wait("INDEX ", absent=("PAGER ",))

    def sent(self):
        """The message that came to $sendmail, and its recipients."""
        with open(self.send + ".eml", "rb") as source:
            mail = source.read()
        with open(self.send + ".to") as source:
            recipients = source.read().split()
        for suffix in (".eml", ".to"):
            os.unlink(self.send + suffix)
        return mail, recipients


def zone_of(screen):
    """The header zone of a screen: what is above the first blank line."""
    lines = screen.split("\n")
    start = next((i for i, line in enumerate(lines) if line.startswith(("Mailcrypt", "From", "Subject"))), 0)
    end = next((i for i in range(start, len(lines)) if not lines[i].strip()), len(lines))
    return "\n".join(lines[start:end])


def unfold(zone):
    """The pager breaks long lines; a plus sign begins what goes on."""
    return zone.replace("\n+", "")


def need(name):
    harness.need_program(name, "tmux")
