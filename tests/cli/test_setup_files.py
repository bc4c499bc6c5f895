#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What setup does to the files of a mail client: no more than it says, and all of it can be taken back."""

import os
import stat

import harness
from harness import contains, each, equal, lacks, true

VERSIONS = {"mutt": "Mutt 2.2.12 (2023-09-09)", "neomutt": "NeoMutt 20220429", "aerc": "aerc 0.14.0 +notmuch (go1.19.8)"}
MUTTS = ("mutt", "neomutt")


class Desk:
    """A person's home with clients that only tell their version."""

    def __init__(self, **versions):
        self.home = harness.Home()
        self.bin = os.path.join(self.home.path, "bin")
        os.mkdir(self.bin)
        for name, text in {**VERSIONS, **versions}.items():
            if text is None:
                continue
            self.put("bin/" + name, "#!/bin/sh\n[ \"$1\" = -v ] && echo '%s'\n" % text, 0o755)

    def env(self, **more):
        return {"PATH": self.bin + ":/nowhere", "XDG_CONFIG_HOME": None, **more}

    def path(self, name):
        return os.path.join(self.home.path, name)

    def put(self, name, data, mode=0o600):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as out:
            out.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(self.path(name), mode)
        return self.path(name)

    def get(self, name):
        with open(self.path(name), "rb") as source:
            return source.read()

    def ours(self, client="mutt"):
        return os.path.join(self.home.mc, "mutt", "mailcrypt.%src" % client)

    def setup(self, *args, status=0, env=None):
        return self.home.run("setup", *args, status=status, env=self.env(**(env or {})))

    def findings(self, *args, **more):
        return self.setup("--json", *args, **more).json()["findings"]

    def codes(self, *args, **more):
        return [f["code"] for f in self.findings(*args, **more)]

    def snapshot(self):
        """All files of the person, without ours and the programs."""
        found = {}
        for folder, dirs, names in os.walk(self.home.path):
            dirs[:] = [d for d in dirs if os.path.join(folder, d) not in (self.home.mc, self.bin, self.home.gnupg)]
            for name in names:
                path = os.path.join(folder, name)
                info = os.lstat(path)
                data = os.readlink(path) if stat.S_ISLNK(info.st_mode) else open(path, "rb").read()
                found[path] = (data, stat.S_IMODE(info.st_mode))
        return found


def test_print_changes_nothing():
    desk = Desk()
    before = desk.snapshot()
    for client in MUTTS:
        told = desk.setup(client)
        equal(told.out, desk.home.ok("mutt", "config", "--client", client, env=desk.env()).out, "the settings")
        equal(told.err, b"", "words")
    equal(desk.snapshot(), before, "files")
    true(not os.path.exists(desk.ours()), "our file was made")


# a file of the person: name, what is in it
FILES = (("as usual", b"set realname=A\n"), ("empty", b""), ("no end of the last line", b"set realname=A"),
         ("no text of today", b"set realname=\"J\xf6rg\"\r\n\n\n"), ("a line that goes on", b"set realname=A\\\n"))


@each(*FILES)
def test_write_twice_and_undo(_, text):
    desk = Desk()
    desk.put(".muttrc", text, 0o640)
    before = desk.snapshot()
    equal(desk.codes("mutt", "--write"), ["setup-written", "setup-written", "client-uses"], "what was done")
    after = desk.get(".muttrc")
    true(after.startswith(text), "the person's lines are not as they were: %r" % after)
    contains(after.decode("latin-1"), "source \"%s\"\n" % desk.ours(), "the file")
    equal(os.stat(desk.path(".muttrc")).st_mode & 0o777, 0o640, "mode")
    settings = desk.home.ok("mutt", "config", "--client", "mutt", env=desk.env()).out
    with open(desk.ours(), "rb") as source:
        true(source.read().endswith(settings), "our file does not hold the settings")
    times = [os.stat(path).st_mtime_ns for path in (desk.path(".muttrc"), desk.ours())]
    equal(desk.codes("mutt", "--write"), ["setup-unchanged", "setup-unchanged", "client-uses"], "the second time")
    equal([os.stat(path).st_mtime_ns for path in (desk.path(".muttrc"), desk.ours())], times, "times")
    equal(desk.codes("mutt", "--undo"), ["setup-undone", "setup-undone"], "undone")
    equal(desk.snapshot(), before, "files")
    true(not os.path.exists(desk.ours()), "our file is left")
    equal(desk.codes("mutt", "--undo"), ["setup-unchanged"], "undone twice")
    desk.home.close()


@each("mutt", "neomutt")
def test_no_file_yet(client):
    desk = Desk()
    before = desk.snapshot()
    desk.setup(client, "--write")
    contains(desk.get(".%src" % client).decode(), "mailcrypt.%src" % client, "the new file")
    desk.setup(client, "--undo")
    equal(desk.snapshot(), before, "files")
    # what the person wrote behind our lines stays
    desk.setup(client, "--write")
    path = ".%src" % client
    desk.put(path, desk.get(path) + b"set realname=A\n")
    desk.setup(client, "--undo")
    equal(desk.get(path), b"set realname=A\n", "the rest")
    desk.home.close()


def test_lines_behind_ours_stay_lines():
    desk = Desk()
    desk.put(".muttrc", b"set realname=A")
    desk.setup("mutt", "--write")
    desk.put(".muttrc", desk.get(".muttrc") + b"set from=a@example.org\n")
    desk.setup("mutt", "--undo")
    equal(desk.get(".muttrc"), b"set realname=A\nset from=a@example.org\n", "the file")


# (client, what is there, what is read)
PLACES = (
    ("mutt", (".muttrc", ".mutt/muttrc", ".config/mutt/muttrc"), ".muttrc"),
    ("mutt", (".muttrc-2.2.12", ".muttrc"), ".muttrc-2.2.12"),
    ("mutt", (".muttrc-1.0", ".config/mutt/muttrc"), ".config/mutt/muttrc"),
    ("neomutt", (".muttrc", ".neomuttrc", ".config/neomutt/neomuttrc"), ".config/neomutt/neomuttrc"),
    ("neomutt", (".muttrc", ".config/mutt/muttrc"), ".config/mutt/muttrc"),
    ("neomutt", (".muttrc", ".neomuttrc"), ".neomuttrc"),
)


@each(*PLACES)
def test_the_file_that_is_read(client, there, read):
    desk = Desk()
    for name in there:
        desk.put(name, "set realname=A\n")
    desk.setup(client, "--write")
    equal([name for name in there if b"mailcrypt" in desk.get(name)], [read], "changed files")
    # neomutt reads mutt's settings where it has no file of its own
    wanted = "neomutt" if "neomuttrc" in read else "mutt"
    contains(desk.get(read).decode(), desk.ours(wanted), "the line")
    desk.home.close()


def test_xdg_folder():
    desk = Desk()
    os.makedirs(desk.path("x/neomutt"))
    desk.setup("neomutt", "--write", env={"XDG_CONFIG_HOME": desk.path("x")})
    contains(desk.get("x/neomutt/neomuttrc").decode(), "mailcrypt", "the file")


def test_one_file_for_both():
    desk = Desk()
    desk.put(".muttrc", "set realname=A\n")
    desk.setup("mutt", "--write")
    equal(desk.codes("neomutt", "--write"), ["setup-unchanged", "setup-unchanged", "client-uses"], "the other client")
    desk.setup("neomutt", "--undo")
    equal(desk.get(".muttrc"), b"set realname=A\n", "the file")


def test_links_are_followed():
    desk = Desk()
    desk.put("dotfiles/mutt", "set realname=A\n", 0o644)
    os.symlink("dotfiles/mutt", desk.path(".muttrc"))
    before = desk.snapshot()
    desk.setup("mutt", "--write")
    true(os.path.islink(desk.path(".muttrc")), "the link is gone")
    contains(desk.get("dotfiles/mutt").decode(), "mailcrypt", "the file behind the link")
    desk.setup("mutt", "--undo")
    equal(desk.snapshot(), before, "files")


@each(("not there", None, "not installed"), ("too old", "Mutt 1.10.0 (2018-05-19)", "too old"),
      ("something else", "hello", "not installed"))
def test_version(_, text, words):
    desk = Desk(mutt=text)
    before = desk.snapshot()
    contains(desk.setup("mutt", "--write", status=12).expect_silent().err.decode(), words, "words")
    equal(desk.snapshot(), before, "files")
    true(not os.path.exists(desk.ours()), "our file was made")
    told = desk.setup("mutt")   # to be read it is all the same
    contains(told.err.decode(), words, "the warning")
    contains(told.out.decode(), "set crypt_use_gpgme=no", "the settings")


@each("Mutt 1.10.1 (2018-07-16)", "Mutt 1.14.6+dev (x)", "Mutt 2.0 (2020-11-07)")
def test_versions_that_will_do(text):
    Desk(mutt=text).setup("mutt", "--write")


# (line of the person, does it take back what we set)
LINES = (
    ("set crypt_use_gpgme=yes", True), ("set crypt_use_gpgme", True), ("set nocrypt_use_gpgme", False),
    ("unset crypt_use_gpgme", False), ("set invcrypt_use_gpgme", True), ("toggle crypt_use_gpgme", True),
    ("set crypt_use_gpgme = no", False), ("set realname=\"x y\" pgp_sign_command='gpg -s'", True),
    ("set realname=\"display_filter=x\"", False), ("set realname=A # display_filter", False),
    ("# set display_filter=x", False), ("reset display_filter", True), ("set pager = \"less -R\"", True),
    ("set pager=\"builtin\" allow_ansi=no", False), ("set sendmail=/bin/x", False), ("set status_format=\"%r\\\"", False),
    ("  set smime_keys=\"~/.smime\"", True), ("color header red default pager", False), ("set =", False),
)


@each(*LINES)
def test_lines_that_win(line, wins):
    """The person's own line behind ours is told, by setup and by the doctor, and left alone."""
    desk = Desk()
    desk.setup("mutt", "--write")
    text = desk.get(".muttrc") + line.encode() + b"\n"
    desk.put(".muttrc", text)
    wanted = "hook-order" if wins else "client-uses"
    contains(desk.codes("mutt", "--write"), wanted, "what setup tells")
    report = desk.home.run("--json", "doctor", env=desk.env()).json()
    equal([f["code"] for f in report["findings"] if f["area"] == "client" and f["text"].startswith("mutt")], [wanted],
          "what the doctor tells")
    equal(desk.get(".muttrc"), text, "the file")
    desk.home.close()


def test_lines_that_are_replaced():
    desk = Desk()
    desk.put(".muttrc", "set display_filter=cat\nset realname=A\nset pgp_sign_command=\"gpg\"\nset sendmail=msmtp\n")
    told = next(f for f in desk.findings("mutt", "--write") if f["code"] == "setup-replaces")
    true(told["level"] == "note" and told["text"].endswith(": 1, 3"), "what is told: %r" % told)
    told = next(f for f in desk.findings("mutt", "--write", "--with-sendmail") if f["code"] == "setup-replaces")
    true(told["text"].endswith(": 1, 3, 4"), "what is told: %r" % told)


@each(("nothing set", "", "sendmail\""), ("a program", "set sendmail=msmtp\n", "sendmail --mta=msmtp\""),
      ("the last", "set sendmail=a\nset x=y sendmail = '/usr/bin/b'\n", "sendmail --mta=/usr/bin/b\""),
      ("usual words", "set sendmail=\"/usr/sbin/sendmail -oem -oi\"\n", "sendmail --mta=/usr/sbin/sendmail -oem -oi\""),
      ("values", "set sendmail=\"msmtp  -a work -C /x\"\n", "sendmail --mta=msmtp -a work -C /x\""))
def test_sendmail(_, text, wanted):
    desk = Desk()
    desk.put(".muttrc", text)
    for _ in range(2):
        desk.setup("mutt", "--write", "--with-sendmail")
        with open(desk.ours()) as source:
            contains(source.read(), wanted, "our file")


@each("ssh host sendmail", "msmtp --config=x", "msmtp $HOME/x", "msmtp -a")
def test_sendmail_that_cannot_be_kept(line):
    """Called otherwise a mail might take another way: nothing is changed."""
    desk = Desk()
    desk.put(".muttrc", "set sendmail=\"%s\"\n" % line)
    before = desk.snapshot()
    contains(desk.setup("mutt", "--write", "--with-sendmail", status=12).err.decode(), line, "words")
    equal(desk.snapshot(), before, "files")
    desk.setup("mutt", "--write")


@each(("engine", ("crypt_use_gpgme", "display_filter", "color "), "macro "), ("filter", ("display_filter", "color "),
      "crypt_use_gpgme"), ("colors", ("color ",), "display_filter"), ("bindings", ("macro ",), "display_filter"))
def test_without(part, gone, left):
    text = Desk().setup("neomutt", "--without", part).out.decode()
    for word in gone:
        lacks(text, word, "the settings")
    contains(text, left, "the settings")


@each("mutt --write --undo", "mutt --without nonsense", "mutt --without engine --without bindings", "pine", "")
def test_wrong_use(words):
    Desk().setup(*words.split(), status=2).expect_silent().expect_message()


def test_claws_mail_is_not_there():
    contains(Desk().setup("claws-mail", status=12).expect_silent().err.decode(), "no plugin", "words")


@each(("only the first mark", "# >>> mailcrypt setup mutt\nsource x\n"), ("only the last", "# <<< mailcrypt setup mutt\n"))
def test_damaged_marks(_, text):
    desk = Desk()
    desk.put(".muttrc", text)
    before = desk.snapshot()
    for word in ("--write", "--undo"):
        contains(desk.setup("mutt", word, status=12).expect_silent().err.decode(), "marks", "words")
    equal(desk.snapshot(), before, "files")


def test_a_file_that_is_not_ours():
    desk = Desk()
    desk.setup("mutt", "--write")
    with open(desk.ours(), "w") as out:
        out.write("set realname=A\n")
    for word in ("--write", "--undo"):
        desk.setup("mutt", word, status=12).expect_silent()
    with open(desk.ours()) as source:
        equal(source.read(), "set realname=A\n", "the file")


@each(("a folder", lambda path: os.mkdir(path)), ("a pipe", os.mkfifo),
      ("no text", lambda path: open(path, "wb").write(b"a\0b")))
def test_no_text_file(_, make):
    desk = Desk()
    make(desk.path(".muttrc"))
    desk.setup("mutt", "--write", status=12).expect_silent().expect_message("text file")


# (aerc.conf, binds.conf)
AERC = (("as usual", "[general]\n[filters]\n# x\ntext/plain=colorize\n\n[openers]\n", "[messages]\nq = :quit<Enter>\n[view]\n"),
        ("no sections", "", "# nothing"), ("no end", "[filters]", "[view]\nq = :close<Enter>\n[messages]"))


@each(*AERC)
def test_aerc(_, conf, binds):
    desk = Desk()
    desk.put(".config/aerc/aerc.conf", conf, 0o644)
    desk.put(".config/aerc/binds.conf", binds, 0o600)
    before = desk.snapshot()
    equal(desk.codes("aerc", "--write"), ["setup-written"] * 2, "the first time")
    after = desk.snapshot()
    for name, section in (("aerc.conf", "[filters]"), ("binds.conf", "[messages]"), ("binds.conf", "[view]")):
        lines = desk.get(".config/aerc/" + name).decode().split("\n")
        equal(lines.count(section), 1, "times that %s stands there" % section)
        behind = [line for line in lines[lines.index(section):] if not line.startswith("#")]
        contains(behind[1], " show --", "the first line of " + section)
    equal(desk.codes("aerc", "--write"), ["setup-unchanged"] * 2, "the second time")
    equal(desk.snapshot(), after, "files")
    equal(desk.codes("aerc", "--undo"), ["setup-undone"] * 2, "undone")
    equal(desk.snapshot(), before, "files")
    desk.home.close()


def test_aerc_without_files():
    desk = Desk()
    desk.put(".config/aerc/aerc.conf", "[filters]\n")
    before = desk.snapshot()
    contains(desk.setup("aerc", "--write", status=12).expect_silent().err.decode(), "start aerc once", "the hint")
    equal(desk.snapshot(), before, "files")


def test_aerc_with_a_filter_of_the_person():
    desk = Desk()
    desk.put(".config/aerc/aerc.conf", "[filters]\ntext/plain=colorize\napplication/pkcs7-mime=x\n")
    desk.put(".config/aerc/binds.conf", "[view]\n")
    told = [f for f in desk.findings("aerc", "--write") if f["level"] == "warning"]
    equal([f["code"] for f in told], ["hook-order"], "warnings")
    contains(told[0]["fix"], "take line 7 out", "what mends it")


def test_aerc_printed():
    text = Desk().setup("aerc").out.decode()
    for word in ("[filters]", "[messages]", "[view]", "application/pkcs7-mime=", "--from=\"$AERC_FROM\""):
        contains(text, word, "the settings")
    contains(Desk(aerc="aerc 0.13.0").setup("aerc", "--write", status=12).err.decode(), "too old", "words")


def test_doctor_names_setup():
    desk = Desk()
    desk.put(".muttrc", "set realname=A\n")

    def told():
        report = desk.home.run("--json", "doctor", env=desk.env()).json()
        return next(f for f in report["findings"] if f["area"] == "client")

    equal((told()["code"], told()["fix"]), ("client-without", "mailcrypt setup mutt --write"), "before")
    desk.setup("mutt", "--write")
    equal(told()["code"], "client-uses", "after")
    os.unlink(desk.ours())
    equal((told()["code"], told()["fix"]), ("client-broken", "mailcrypt setup mutt --write"), "without our file")


if __name__ == "__main__":
    harness.main(globals())
