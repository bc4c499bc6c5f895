#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Help, completions and manual say the same; a slip of the finger gets a hint."""

import os
import re

import harness
from harness import contains, each, equal, need_program, skip, true

_homes = []


def home():
    if not _homes:
        _homes.append(harness.Home())
    return _homes[0]


def help_of(*command):
    return home().ok("help", *command).out.decode()


def commands_in(text):
    block = text.split("\nCommands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  ([\w-]+)", block, re.M)


def all_commands():
    names = [(name,) for name in commands_in(help_of())]
    return names + [(group, name) for group in ("keys", "mutt", "setup") for name in commands_in(help_of(group))]


def options_in(text):
    return set(re.findall(r"^  (?:-\w, |    )--([a-z-]+)", text, re.M))


def manual():
    path = os.path.join(os.environ.get("MAILCRYPT_SRCDIR", harness.ROOT), "doc", "mailcrypt.1")
    if not os.path.exists(path):
        skip("no manual page here")
    with open(path, encoding="utf-8") as source:
        return source.read()


def test_manual_and_help_name_the_same_options():
    told = set(re.findall(r"^\.It (?:.*, )?Fl -([a-z-]+)", manual(), re.M))
    known = set()
    for command in all_commands():
        known |= options_in(help_of(*command))
    equal(sorted(known - told), [], "options that the manual does not tell")
    equal(sorted(told - known), [], "options that only the manual knows")


def test_manual_has_every_command():
    sections = re.findall(r"^\.Ss (\w+(?: \w+)?)", manual(), re.M)
    for command in all_commands():
        true(any(s == " ".join(command) or s.split()[0] == command[0] != "keys" for s in sections)
             or command == ("keys",), "the manual has no section for %r" % (command,))


def test_help_in_three_ways():
    for command in all_commands():
        texts = {home().ok(*args).out for args in
                 (("help", *command), (*command, "--help"), ("--help", *command))}
        equal(len(texts), 1, "different help for %r" % (command,))


def test_completion_for_bash():
    need_program("bash")
    script = home().ok("help", "--completions", "bash").out.decode()

    def complete(*words):
        line = "COMP_WORDS=(%s); COMP_CWORD=%d; _mailcrypt; echo \"${COMPREPLY[@]}\"" % (
            " ".join("'%s'" % w for w in ("mailcrypt",) + words), len(words))
        return harness.must(["bash", "-c", script + "\n" + line]).out.decode().split()

    equal(complete("decr"), ["decrypt"], "a command")
    equal(complete("keys", "imp"), ["import"], "a command of keys")
    equal(complete("decrypt", "--repo"), ["--report"], "an option")
    equal(complete("verify", "--repo"), [], "another command's option")


@each("bash", "zsh", "fish")
def test_completions_name_every_option(shell):
    script = home().ok("help", "--completions", shell).out.decode()
    for command in all_commands():
        for option in options_in(help_of(*command)):
            contains(script, option, "completions for " + shell)
    home().refuses(2, "help", "--completions", "tcsh")


@each(("decyrpt", "decrypt"), ("verfy", "verify"), ("insp", "inspect"))
def test_hint_for_a_command(word, meant):
    contains(home().refuses(2, word).err.decode(), "hint: did you mean '%s'?" % meant, "the hint")


@each(("keys", "improt", "import"), ("keys", "lst", "list"))
def test_hint_for_a_command_of_keys(command, word, meant):
    contains(home().refuses(2, command, word).err.decode(), "'%s'" % meant, "the hint")


@each(("decrypt", "--repotr=x", "--report"), ("verify", "--trust-ancor", "--trust-anchor"),
      ("encrypt", "--sing", "--sign"))
def test_hint_for_an_option(command, word, meant):
    contains(home().refuses(2, command, word).err.decode(), "'%s'" % meant, "the hint")


def test_usage_errors_as_json():
    for args in (("--json", "frobnicate"), ("verify", "--frobnicate", "--json")):
        error = harness.check_error(home().run(*args, status=2).json(), 2)
        equal(error["code"], "usage", "code")


if __name__ == "__main__":
    harness.main(globals())
