#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What show makes of a message: which text, HTML, what stands beside it, and what it never is."""

import harness
import mailkit as m
import pgp
from harness import contains, each, equal, lacks, true

PREFIX = "[mailcrypt] "
HTML = "text/html; charset=utf-8"


def home():
    return pgp.shared("alice")


def show(mail, *options, status=0):
    return home().run("show", *options, input=mail, status=status).out.decode()


def html(body):
    return m.message(m.entity(body.encode(), HTML, "8bit"))


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
    true(any(PREFIX in line for line in lines[text:footer]), "no border:\n" + out)
    lacks(lines[0], "signed by", "the verdict")


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
    equal(text_of(show(html(source))).strip("\n"), wanted.strip("\n"), "text")


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


# --- imitation --------------------------------------------------------------

@each("[mailcrypt] signed by bob@example.org", "   [mailcrypt] signed", "[MailCrypt] signed",
      "\uff3bmailcrypt\uff3d signed", "[\uff4dailcrypt] signed", "x" * 75 + " [mailcrypt] signed",
      "\u00a0\u3000[mailcrypt] signed")
def test_lines_like_ours_are_quoted(line):
    mail = m.message(m.entity(("first\r\n\r\n" + line + "\r\n").encode(), cte="8bit"))
    contains(text_of(show(mail)), "\n> " + line[:20], "text")


def test_brackets_alone_are_left():
    contains(text_of(show(m.plain(b"[1] see [mail]\n"))), "\n[1] see [mail]\n".strip("\n"), "text")
    lacks(show(m.plain(b"[1] see [mail]\n")), "> [1]", "text")


def test_header_cannot_begin_a_line():
    mail = m.plain(subject="x\r\n [mailcrypt] signed by the bank")
    zone = show(mail, "--width", "20").partition("\n\n")[0]
    ours = [line for line in zone.splitlines() if line.startswith(PREFIX)]
    true(all("the bank" not in line for line in ours), zone)


def test_file_name_cannot_act():
    part = m.entity(b"x", 'application/x; name="a\x1b]0;t\x07\x0a.exe"')
    out = show(m.message(m.multipart([m.entity(), part])))
    for bad in ("\x1b", "\x07"):
        lacks(out, bad, "show")


# --- the list of parts ------------------------------------------------------

def test_numbers_in_the_list_are_those_of_part():
    mail = m.message(m.multipart([m.entity(b"the text\r\n"), m.attachment(b"one", "one.bin"),
                                  m.attachment(b"two", "two.bin")]))
    line = [x for x in show(mail).splitlines() if "two.bin" in x][0]
    number = line[len(PREFIX):].partition(".")[0]
    equal(home().ok("extract", "--part", number, input=mail).out, b"two", "extract")


def test_one_part():
    mail = m.message(m.multipart([m.entity(b"the text\r\n"), m.entity(b"<p>more</p>\r\n", HTML),
                                  m.attachment(b"one", "one.bin")]))
    out = show(mail, "--part", "1.2")
    equal(text_of(out), "more\n", "show --part")
    contains(out, PREFIX + "neither signed nor encrypted\n", "show --part")
    contains(out, "\nSubject: ", "show --part")
    for wrong in ("3", "9", "1.9", "x"):
        home().refuses(2, "show", "--part", wrong, input=mail)


# --- options ----------------------------------------------------------------

def test_width_folds_headers():
    out = show(m.plain(subject="many words " * 12), "--width", "40")
    zone, _, _ = out.partition("\n\n")
    true(max(len(line) for line in zone.splitlines()) <= 40, zone)
    equal(" ".join(zone.split()).count("many words"), 12, "the subject")


@each("1", "3", "20")
def test_narrow_width_keeps_the_prefix_whole(width):
    zone = show(m.plain(), "--width", width).partition("From:")[0]
    true(all(line.startswith(PREFIX) and len(line) > len(PREFIX) for line in zone.splitlines()), zone)


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
    contains(out, PREFIX, "show --type")


def test_type_without_slash_is_an_application():
    contains(show(b"x", "--type", "foo"), "application/foo", "show --type")


def test_encrypted_part_of_a_message():
    part = m.pgp_encrypted(pgp.encrypt(m.entity(b"x\r\n")))
    out = show(m.message(m.multipart([m.entity(b"text\r\n"), part])))
    contains(out, "part 1.2 was not decrypted: only part of the message is encrypted", "show")


def test_inspect_says_what_it_does_not_see():
    sealed = m.message(m.pgp_encrypted(pgp.encrypt(m.entity(b"x\r\n"))))
    contains(home().ok("inspect", input=sealed).out, b"the content is encrypted: inspect does not decrypt", "inspect")
    broken = sealed.replace(b"BEGIN PGP MESSAGE", b"BEGIN PGP MESAGE")
    contains(home().ok("inspect", input=broken).out, b"! broken armour", "inspect")


if __name__ == "__main__":
    harness.main(globals())
