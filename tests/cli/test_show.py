#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What show makes of a message: which text, HTML, what stands beside it, and what it never is."""

import os
import re
import tempfile
import unicodedata
from urllib.parse import quote

import harness
import mailkit as m
import pgp
from harness import contains, each, equal, lacks, true

# A word made up for the run stands in what marks the tool's own lines.
PREFIX = re.compile(r"\[mailcrypt [0-9a-f]{6}\] ")
HTML = "text/html; charset=utf-8"


def home():
    return pgp.shared("alice")


def show(mail, *options, status=0):
    return home().run("show", *options, input=mail, status=status).out.decode()


def html(body):
    return m.message(m.entity(body.encode(), HTML, "8bit"))


def prefix_of(out):
    found = PREFIX.match(out)
    true(found, "no mark at the beginning:\n" + out)
    return found.group()


def own(out):
    """The tool's own lines, unfolded, without their mark."""
    prefix, lines = prefix_of(out), []
    for line in out.splitlines():
        if line.startswith(prefix + "  "):
            lines[-1] += " " + line[len(prefix) + 2:]
        elif line.startswith(prefix):
            lines.append(line[len(prefix):])
    return lines


def text_of(out):
    """What stands behind the first block."""
    return out.partition("\n\n")[2]


# --- which text -------------------------------------------------------------

@each(("plain first", True), ("plain last", False))
def test_plain_text_of_an_alternative(_, plain_first):
    parts = [m.entity(b"the plain form\r\n"), m.entity(b"<p>the other form</p>\r\n", HTML)]
    out = show(m.message(m.multipart(parts if plain_first else parts[::-1], "alternative")))
    contains(out, "the plain form", "show")
    lacks(out, "the other form", "show")


def test_html_of_an_alternative_without_plain_text():
    parts = [m.entity(b"<p>the HTML form</p>\r\n", HTML), m.attachment(b"x", "x.bin")]
    contains(show(m.message(m.multipart(parts, "alternative"))), "the HTML form", "show")


def test_related_inside_an_alternative():
    related = m.multipart([m.entity(b"<p>the other form</p>\r\n", HTML),
                           m.attachment(b"x", "logo.png", "image/png")], "related", "=-=related")
    out = show(m.message(m.multipart([m.entity(b"the plain form\r\n"), related], "alternative")))
    contains(out, "the plain form", "show")
    lacks(out, "the other form", "show")
    contains(out, "logo.png", "the list")


def test_footer_of_a_list_is_shown_apart():
    part = m.entity(b"what Bob signed\r\n")
    signed = m.pgp_signed(part, pgp.sign(part, "bob"))
    out = show(m.message(m.multipart([signed, m.entity(b"the list's footer\r\n")]), sender=m.BOB))
    lines = out.splitlines()
    text, footer = lines.index("what Bob signed"), lines.index("the list's footer")
    true(any(line.startswith(prefix_of(out)) for line in lines[text:footer]), "no border:\n" + out)
    equal(own(out)[0], "Neither signed nor encrypted", "the verdict")


# --- HTML -------------------------------------------------------------------

@each(("paragraphs", "<p>one</p><p>two</p>", "one\n\ntwo\n"),
      ("line break", "one<br>two<br/>three", "one\ntwo\nthree\n"),
      ("white space", "one \n\t two", "one two\n"),
      ("entities", "&lt;b&gt; &amp;amp; &quot;x&quot; &#65;&#x42; &auml;", "<b> &amp; \"x\" AB ä\n"),
      ("unknown entity", "AT&T; &nope; & co", "AT&T; &nope; & co\n"),
      ("script", "a<script>var x = '<p>no</p>'</script>b", "ab\n"),
      ("style, head and comment", "<head><title>t</title></head><style>p{}</style>a<!-- no -->b", "ab\n"),
      ("unclosed comment", "a<!-- no", "a\n"),
      ("unclosed tag", "a<b no", "a\n"),
      ("bare less-than", "1 < 2", "1 < 2\n"),
      ("quoted greater-than", "<img alt='>' src=\"x>y\">a", "a\n"),
      ("list", "<ul><li>one<li>two</ul>", "* one\n* two\n"),
      ("preformatted", "<pre>a\n  b</pre>", "a\n  b\n"),
      ("table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"),
      ("link", '<a href="https://evil.example/?a=1&amp;b=2">your bank</a>.',
       "your bank <https://evil.example/?a=1&b=2>.\n"),
      ("link that says where it leads", "<a href=https://x.example/>https://x.example/</a>", "https://x.example/\n"),
      ("upper case", "<P>one</P><P>two</P>", "one\n\ntwo\n"))
def test_html(_, source, wanted):
    equal(text_of(show(html(source), "--html", "builtin")).strip("\n"), wanted.strip("\n"), "text")


def test_numeric_entities_make_no_control_characters():
    out = show(html("a&#27;[31mb&#8238;c&#x9b;d&#0;e&#xd800;f"))
    for bad in ("\x1b", "\u202e", "\x9b", "\x00"):
        lacks(out, bad, "show")


def test_html_through_a_program():
    out = show(html("<p>Hello</p>"), "--html", "tr a-z A-Z")
    contains(out, "<P>HELLO</P>", "show")


def test_html_program_is_no_shell_line():
    out = show(html("<p>Hello</p>"), "--html", "cat; echo injected")
    contains(out, "Hello", "show")
    lacks(out, "injected", "show")


@each(("fails", "false"), ("is not there", "/nonexistent/program"), ("is no command", "'"))
def test_html_program_that_fails(_, command):
    result = home().run("show", "--html", command, input=html("<p>Hello</p>"), status=0)
    contains(result.out, b"Hello", "show")
    result.expect_message("warning")


def test_html_program_cannot_imitate_us():
    out = text_of(show(html("<p>[mailcrypt] signed by the bank \x1b[31m</p>"), "--html", "cat"))
    lacks(out, "\x1b", "show")
    true(all(not line.startswith("[") for line in out.splitlines()), out)


# --- converters of others ---------------------------------------------------

_folders = {}


def only(program):
    """The environment of somebody who has this converter and no other. Not in /tmp, which the
    converter sees as an empty folder."""
    if program not in _folders:
        _folders[program] = tempfile.TemporaryDirectory(prefix="mc", dir="/var/tmp")
    folder = _folders[program].name
    for name in (program, "gpg", "gpgsm", "gpgconf", "gpg-agent"):
        found, link = harness.shutil.which(name), os.path.join(folder, name)
        if found and not os.path.lexists(link):
            os.symlink(found, link)
    return {"PATH": folder}


# What the tool does before it starts a converter, by others' means.
LOCKED_IN = "mount -t tmpfs none /tmp && cd /tmp && ulimit -t 20 && ulimit -v 1048576 && exec %s -version"


def need_converter(program, *tracer):
    harness.need_program(program, "unshare", "mount", *tracer[:1])
    probe = harness.run([*tracer, "unshare", "-r", "-n", "-m", "sh", "-c", LOCKED_IN % program])
    if probe.status != 0:
        harness.skip("this system gives away no name spaces")


PAGE = html('<p>Gr\u00fc\u00dfe</p><img src="http://127.0.0.1:9/x.png"><a href="https://x.example/y">your bank</a>')


@each("w3m", "lynx")
def test_converter_says_where_links_lead(program):
    need_converter(program)
    out = home().ok("show", input=PAGE, env=only(program)).out.decode()
    contains(out, "Gr\u00fc\u00dfe", "show")
    contains(out, "https://x.example/y", "show")
    contains(out, "References", "show")


@each("w3m", "lynx")
def test_converter_gets_no_network_and_no_file(program):
    need_converter(program, "strace", "-f", "-o", "/dev/null")
    log = os.path.join(home().work, "trace")
    before = set(os.listdir("/tmp"))
    harness.run([harness.shutil.which("strace"), "-f", "-o", log, "-e", "trace=execve,unshare,mount,connect,openat", harness.tool(), "show"],
                # a leak check cannot run under a tracer
                input=PAGE, env=home().env(ASAN_OPTIONS="detect_leaks=0", LSAN_OPTIONS=None,
                                           **only(program))).expect_status(0)
    with open(log) as lines:
        trace = lines.read()
    contains(trace, "CLONE_NEWNET", "trace")
    start = 'execve("%s/%s"' % (only(program)["PATH"], program)
    contains(trace, start, "trace")
    after = trace[trace.index(start):]
    lacks(after.splitlines()[0], "ENOENT", "start of the converter")
    lacks(after, "AF_INET", "trace behind the start of the converter")
    equal({name for name in set(os.listdir("/tmp")) - before if name.startswith(("lynx", "w3m"))}, set(), "left files")


def test_no_converter_is_needed():
    contains(text_of(home().ok("show", input=PAGE, env=only("none")).out.decode()),
             "your bank <https://x.example/y>", "show")


# --- imitation --------------------------------------------------------------

IMITATIONS = (
    "[mailcrypt] Signed by bob@example.org", "[mailcrypt 0a1b2c] Signed", "[MailCrypt] signed",
    "\uff3bmailcrypt\uff3d signed", "[\uff4dailcrypt] signed", "[m\u0430il\u0441rypt] signed",
    "[\u043c\u0430\u0456\u04cf\u0441\u0433\u0443\u0440\u0442] all Cyrillic", "[maiIcrypt] a capital I",
    "[mai1crypt] a one", "[rnailcrypt] r and n", "[m\u00e4ilcrypt] an accent", "[ m a i l c r y p t ] wide",
    "\u3010mailcrypt\u3011 signed", "[\u1d5ailcrypt] signed".replace("\u1d5a", "\U0001d5c6\u0251"),
    "[\u13d2\u0430ilcrypt] a strange letter",
)


def starts_like_ours(row):
    """A judge of its own: letters without their accents and shapes, a bracket at the start."""
    plain = unicodedata.normalize("NFKD", row.lstrip()).casefold()
    return bool(re.match(r"\W*\[\W*\w\W*\w\W*i?", plain)) and "lcrypt" in plain[:24]


@each(*IMITATIONS)
def test_lines_like_ours_are_quoted(line):
    mail = m.message(m.entity(("first\r\n\r\n" + line + "\r\n").encode(), cte="8bit"))
    contains(text_of(show(mail)), "\n> " + line[:20], "text")


@each("   [mailcrypt] signed", "\u00a0\u3000[mailcrypt] signed", "[[mailcrypt] signed")
def test_indented_lines_like_ours_are_quoted(line):
    contains(text_of(show(m.message(m.entity(line.encode(), cte="8bit")))), "> " + line, "text")


@each(*range(0, 121, 13))
def test_no_screen_wraps_a_line_of_the_body_into_ours(padding):
    text = text_of(show(m.message(m.entity(("x" * padding + " [mailcrypt] signed").encode()))))
    for width in range(20, 130):
        for line in text.splitlines():
            for start in range(0, len(line), width):
                true(not line[start:].startswith("[mailcrypt"), "%d columns:\n%s" % (width, text))


def test_brackets_alone_are_left():
    for text in ("[1] see [mail]", "[mail] crypt", "mailcrypt: see [RFC]", "(mailcrypt)",
                 "[\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440]"):
        equal(text_of(show(m.message(m.entity(text.encode(), cte="8bit")))).strip("\n"), text, "text")


def test_word_changes_from_run_to_run():
    true(len({prefix_of(show(m.plain())) for _ in range(3)}) > 1, "always the same word")


def test_phrase_of_ones_own():
    phrased = harness.Home()
    phrased.file("config", "[general]\nshow-phrase=blue heron\n")
    out = phrased.ok("--config", "config", "show", input=m.plain()).out.decode()
    true(out.startswith("[mailcrypt blue heron] Neither"), out)
    phrased.file("config", "[general]\nshow-phrase=" + "long \u202e" * 20 + "\n")
    out = phrased.ok("--config", "config", "show", input=m.plain()).out.decode()
    true(re.match(r"\[mailcrypt long \\u\{202E\}[^]]{1,40}\] Neither", out), out)


def rows(out, width):
    """What a terminal of that width makes of the lines."""
    return [line[at:at + width] for line in out.splitlines() for at in range(0, max(len(line), 1), width)]


def check_rows(out, width):
    prefix = prefix_of(out)
    for row in rows(out, width):
        true(row.startswith(prefix) or not starts_like_ours(row), "%d columns: %r\n%s" % (width, row, out))


@each(*range(0, 100, 7))
def test_padded_subject_and_file_name(padding):
    bait = "x" * padding + " " * 3 + "[mailcrypt 000000] Signed by bank@example.org"
    part = m.entity(b"x", 'application/x; name="%s"' % bait)
    mail = m.message(m.multipart([m.entity(), part]), subject=bait)
    check_rows(show(mail), 80)
    for width in (40, 61, 132):
        check_rows(show(mail, "--width", str(width)), width)
    out = show(mail, "--width", "0")
    for width in (40, 61, 80, 132):
        check_rows(out, width)


def test_header_cannot_begin_a_line():
    mail = m.plain(subject="x\r\n [mailcrypt] signed by the bank")
    zone = show(mail, "--width", "20").partition("\n\n")[0]
    lacks("\n".join(own(zone)), "the bank", "own lines")
    true(all("the bank" not in line or line.startswith(" ") for line in zone.splitlines()), zone)


# --- what it says -----------------------------------------------------------

def test_headline():
    part = m.entity(b"by bob\r\n")
    mail = m.message(m.pgp_signed(part, pgp.sign(part, "bob")), sender=m.BOB)
    equal(own(show(mail))[0], "Signed by bob@example.org (Bob Example), not encrypted", "headline")
    sealed = m.message(m.pgp_encrypted(pgp.encrypt(m.pgp_signed(part, pgp.sign(part, "bob")))), sender=m.BOB)
    equal(own(show(sealed))[0], "Signed by bob@example.org (Bob Example), encrypted", "headline")
    equal(own(show(m.message(m.pgp_encrypted(pgp.encrypt(part)))))[0], "Encrypted, NOT signed", "headline")
    lines = own(show(m.message(m.pgp_signed(part, pgp.sign(part, "bob")), sender="carol@example.org")))
    equal(lines[0], "NOT signed by the sender: signed by bob@example.org (Bob Example), not encrypted", "headline")
    contains(lines[1], "but the sender is carol@example.org", "the line behind it")


def test_all_senders_are_shown():
    mail = m.plain().replace(b"From: ", b"From: First <first@example.org>\nFrom: ", 1)
    zone = show(mail).partition("\n\n")[0]
    equal(len(re.findall(r"^From: ", zone, re.M)), 2, "From lines in\n" + zone)
    contains(zone, "From: First <first@example.org>", "zone")


def test_file_name_cannot_act():
    part = m.entity(b"x", 'application/x; name="a\x1b]0;t\x07\x0a.exe"')
    out = show(m.message(m.multipart([m.entity(), part])))
    for bad in ("\x1b", "\x07"):
        lacks(out, bad, "show")


# --- the list of parts ------------------------------------------------------

def test_numbers_in_the_list_are_those_of_part():
    mail = m.message(m.multipart([m.entity(b"the text\r\n"), m.attachment(b"one", "one.bin"),
                                  m.attachment(b"two", "two.bin")]))
    number = [x for x in own(show(mail)) if "two.bin" in x][0].partition(".")[0]
    equal(home().ok("extract", "--part", number, input=mail).out, b"two", "extract")


def test_one_part():
    mail = m.message(m.multipart([m.entity(b"the text\r\n"), m.entity(b"<p>more</p>\r\n", HTML),
                                  m.attachment(b"one", "one.bin")]))
    out = show(mail, "--part", "1.2", "--html", "builtin")
    equal(text_of(out), "more\n", "show --part")
    equal(own(out)[0], "Neither signed nor encrypted", "show --part")
    contains(out, "\nSubject: ", "show --part")
    for wrong in ("3", "9", "1.9", "x"):
        home().refuses(2, "show", "--part", wrong, input=mail)


def test_extract_into_a_folder():
    names = ("report.pdf", "../../etc/passwd", ".bashrc", "-rf", "a\u202etxt.exe", "report.pdf")
    parts = [m.entity(b"%d" % i, "application/x", None, ["Content-Disposition: attachment; filename*=utf-8''" + quote(name)])
             for i, name in enumerate(names)]
    mail = m.message(m.multipart([*parts, m.entity(b"no name", "application/x", None)]))
    folder = os.path.join(home().work, "extracted")
    os.mkdir(folder)
    for number in range(1, len(parts) + 2):
        result = home().ok("extract", "--part", str(number), "-o", folder, input=mail)
        contains(result.err.decode(), "written to ", "standard error")
    equal(sorted(os.listdir(folder)), sorted(["report.pdf", "passwd", "_bashrc", "_rf", "a_u_202E_txt.exe", "report-2.pdf",
                                              "part-1.7"]), "files")
    with open(os.path.join(folder, "report-2.pdf"), "rb") as source:
        equal(source.read(), b"5", "the second of that name")


# --- options ----------------------------------------------------------------

def test_width_folds_headers():
    out = show(m.plain(subject="many words " * 12), "--width", "40")
    zone, _, _ = out.partition("\n\n")
    true(max(len(line) for line in zone.splitlines()) <= 40, zone)
    equal(" ".join(zone.split()).count("many words"), 12, "the subject")


@each("1", "3", "20")
def test_narrow_width_keeps_the_prefix_whole(width):
    zone = show(m.plain(), "--width", width).partition("From:")[0]
    prefix = prefix_of(zone)
    true(all(line.startswith(prefix) and len(line) > len(prefix) for line in zone.splitlines()), zone)


@each(("colour", "--color", "sometimes"), ("width", "--width", "-1"), ("from", "--from", "a@example.org"),
      ("no sender", "--type", "text/plain", "--from", "nonsense"), ("no type", "--type", "x y"),
      ("half a type", "--type", "text/"), ("empty type", "--type", ""))
def test_wrong_options(_, *options):
    home().refuses(2, "show", *options, input=m.plain())


def test_json_is_the_report():
    report = harness.check_report(home().run("--json", "show", input=m.plain(), status=0).json(), 0)
    equal(report["summary"], "unprotected", "summary")


def test_bare_part():
    out = show(b"The text inside.\n", "--type", "text/plain", "--from", "bob@example.org")
    contains(out, "The text inside.", "show --type")
    prefix_of(out)


def test_type_without_slash_is_an_application():
    contains(show(b"x", "--type", "foo"), "application/foo", "show --type")


def test_encrypted_part_of_a_message():
    part = m.pgp_encrypted(pgp.encrypt(m.entity(b"x\r\n")))
    out = show(m.message(m.multipart([m.entity(b"text\r\n"), part])))
    contains("\n".join(own(out)), "part 1.2 was not decrypted: only part of the message is encrypted", "show")
    contains("\n".join(own(out)), "hint: 'mailcrypt show --part 1.2' shows it on its own", "show")


def beside_text(armour, sender=m.BOB, extra=b""):
    return m.message(m.multipart([m.entity(b"text\r\n"), extra + m.pgp_encrypted(armour)]), sender=sender)


@each(("by the sender", m.BOB, "Signed by bob@example.org (Bob Example), encrypted"),
      ("by another", "carol@example.org", "NOT signed by the sender: signed by bob@example.org (Bob Example), encrypted"),
      ("without a sender", None, "NOT signed by the sender: signed by bob@example.org (Bob Example), encrypted"))
def test_encrypted_part_asked_for(_, sender, wanted):
    """It is held against the sender of the message, whatever fields stand in front of the part."""
    armour = pgp.encrypt(m.entity(b"the secret\r\n"), signer="bob")
    out = show(beside_text(armour, sender, b"From: bob@example.org\r\n"), "--part", "1.2")
    equal(own(out)[0], "Neither signed nor encrypted", "the verdict of the message")
    equal([line for line in own(text_of(out)) if "igned" in line][0], wanted, "the verdict of the part")
    contains(text_of(out), "the secret", "show --part")


def test_encrypted_part_that_cannot_be_opened():
    armour = pgp.encrypt(m.entity(b"the secret\r\n"), ("carol",))
    home().refuses(8, "show", "--part", "1.2", input=beside_text(armour))
    home().refuses(10, "show", "--part", "1.2", input=beside_text(armour.replace(b"BEGIN PGP MESSAGE", b"BEGIN")))


def test_inspect_says_what_it_does_not_see():
    sealed = m.message(m.pgp_encrypted(pgp.encrypt(m.entity(b"x\r\n"))))
    contains(home().ok("inspect", input=sealed).out, b"the content is encrypted: inspect does not decrypt", "inspect")
    broken = sealed.replace(b"BEGIN PGP MESSAGE", b"BEGIN PGP MESAGE")
    contains(home().ok("inspect", input=broken).out, b"! broken armour", "inspect")


if __name__ == "__main__":
    harness.main(globals())
