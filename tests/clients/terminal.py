# SPDX-License-Identifier: LGPL-2.1-or-later
"""A mail client on a terminal of its own: tmux types the keys and tells what is on the screen."""

import atexit
import contextlib
import os
import re
import shlex
import signal
import time

import harness

COLUMNS, ROWS = 100, 44


class Terminal:
    """One program in a tmux server of its own, whose socket ends it; the program, by its process id."""

    count = 0

    def __init__(self, home, argv, cwd=None, rows=ROWS, **changes):
        if os.environ.get("MAILCRYPT_SANITIZERS"):
            harness.need_slow()   # what a client calls is tested without one, too
        harness.need_program("tmux", argv[0])
        Terminal.count += 1
        self.home = home
        self.socket = os.path.join(home.path, "t%d" % Terminal.count)
        self.env = home.env(TERM="xterm-256color", TMUX=None, **changes)
        line = "exec " + " ".join(shlex.quote(word) for word in argv)
        self.tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(rows), "-c", cwd or home.work, line)
        # some programs outlive their terminal
        self.program = os.pidfd_open(int(self.tmux("display-message", "-p", "#{pane_pid}")))
        atexit.register(self.close)
        # a pane stays to be looked at when its program is gone
        self.tmux("set-option", "-g", "remain-on-exit", "on", check=False)

    def tmux(self, *args, check=True):
        result = harness.run(["tmux", "-f", "/dev/null", "-S", self.socket, *args], env=self.env, timeout=30)
        if check and result.status != 0:
            result.fail("tmux failed")
        return result.out.decode("utf-8", "replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.program is None:
            return
        atexit.unregister(self.close)
        self.tmux("kill-server", check=False)
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.program, signal.SIGKILL)
        os.close(self.program)
        self.program = None

    def keys(self, *names):
        """Named keys, e.g. Enter, C-k, Escape."""
        self.tmux("send-keys", *names)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def lines(self, colors=False):
        out = self.tmux("capture-pane", "-p", *(["-e"] if colors else []), check=False)
        return [line.rstrip() for line in out.split("\n")]

    def color_of(self, word):
        """The colour that the line's first letters have, as the number that terminals know it by."""
        color = 39
        for line in self.lines(colors=True):
            for code, text in re.findall("(?:\x1b\\[([0-9;]*)m)?([^\x1b]*)", line):
                for number in code.split(";") if code else ():
                    if number in ("", "0") or number[0] in "39" and len(number) == 2:
                        color = int(number or 0) or 39
                if text.startswith(word):
                    return color
        return None

    def text(self):
        return "\n".join(self.lines())

    def settled(self, rest=0.2, timeout=10):
        """The screen's text when it is no longer being drawn."""
        end, text = time.monotonic() + timeout, self.text()
        while time.monotonic() < end:
            time.sleep(rest)
            before, text = text, self.text()
            if text == before:
                break
        return text

    def wait(self, *words, absent=(), timeout=40, answers=()):
        """The screen's text as soon as it has all the words; on a prompt its answer is typed."""
        end = time.monotonic() + timeout
        answered = set()
        while time.monotonic() < end:
            text = self.text()
            for prompt, key in answers:
                last = next((line for line in reversed(text.split("\n")) if line), "")
                if prompt in last and prompt not in answered:
                    answered.add(prompt)
                    self.keys(key)
                elif prompt not in last:
                    answered.discard(prompt)
            if all(word in text for word in words) and not any(word in text for word in absent):
                return text
            time.sleep(0.05)
        harness.fail("no %r on the screen after %d s:\n%s" % (words, timeout, self.text()))
