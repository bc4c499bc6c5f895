# SPDX-License-Identifier: LGPL-2.1-or-later
"""Header protection that is misplaced, doubled or phony, and the From that it hides (RFC 9788)."""

from corpus import (ALTERED, BOTH, FOOTER, NOT_SENDER, NOTHING, PAGE, SEALED, SEALED_ALTERED, SEALED_NOT_SENDER, SIGNED,
                    TEXT, Row, mail, mixed, text, with_fields)
import mailkit as m

BOB, CAROL, EVE = "bob@example.org", "carol@example.org", "eve@elsewhere.example"
INNER, OUTER = "the inner subject", "the outer subject"
FIELDS = ("From: " + m.BOB, "To: " + m.ALICE, "Subject: " + INNER)
RECORD = ("HP-Outer: From: " + m.BOB, "HP-Outer: To: " + m.ALICE, "HP-Outer: Subject: " + OUTER)


def part(hp='hp="cipher"', fields=FIELDS + RECORD, body=TEXT):
    """A payload that says so of itself; hp is one parameter or several."""
    head, mark, rest = body.partition(b"\r\n")
    return with_fields(head + ("; " + hp if hp else "").encode() + mark + rest, *fields)


def out(inner, **more):
    more.setdefault("subject", OUTER)
    return mail(inner, **more)


def clear(*more, fields=FIELDS):
    return part('hp="clear"', fields + more)


def subject(value, state, outer=None):
    return {"Subject": (value, state, outer)}


IN_CLEAR = subject(INNER, "signed-only", OUTER)          # signed, and it stood outside or may have
HIDDEN = subject(INNER, "signed-and-encrypted", OUTER)
SECRET = subject(INNER, "encrypted-only", OUTER)
PHONY = subject(OUTER, "unprotected")                    # what is inside does not count

ROWS = (
    Row("signed", lambda p: out(p.signed(clear())), SIGNED, fields=IN_CLEAR, sender=[BOB]),
    Row("encrypted and signed", lambda p: out(p.both(part())), BOTH, fields=HIDDEN, sender=[BOB]),
    Row("encrypted around signed", lambda p: out(p.sealed(p.signed(part()))), BOTH, fields=HIDDEN, sender=[BOB]),
    Row("encrypted", lambda p: out(p.sealed(part())), SEALED, fields=SECRET, sender=[BOB]),
    Row("of a multipart", lambda p: out(p.both(part(body=mixed(TEXT, FOOTER)))), BOTH, fields=HIDDEN),
    Row("word in upper case", lambda p: out(p.both(part('hp="CIPHER"'))), BOTH, fields=HIDDEN),
    Row("parameter in upper case", lambda p: out(p.both(part('HP=cipher'))), BOTH, fields=HIDDEN),
    # misplaced
    Row("without any layer", lambda p: m.header_block(subject=OUTER, sender=m.BOB) + part(fields=()), NOTHING, fields=PHONY),
    Row("below the payload", lambda p: out(p.both(mixed(part(), FOOTER))), BOTH, fields=PHONY),
    Row("in the last part", lambda p: out(p.both(mixed(FOOTER, part()))), BOTH, fields=PHONY),
    Row("in a forwarded message", lambda p: out(p.both(mixed(TEXT, m.entity(m.header_block(subject="x") + part(),
        "message/rfc822", None)))), BOTH, fields=PHONY),
    Row("on the signature's multipart", lambda p: out(inserted(p.signed(), 'hp="clear"')), SIGNED, fields=PHONY),
    Row("on the signature's multipart, encrypted", lambda p: out(p.sealed(with_fields(
        inserted(p.signed(), 'hp="cipher"'), *FIELDS))), BOTH, fields=PHONY),
    Row("in a signed part with a footer", lambda p: out(mixed(p.signed(clear()), FOOTER)), NOTHING,
        "signed good 1.1", fields=PHONY, sender=[BOB]),
    Row("in a signed part with a footer, other sender", lambda p: out(mixed(p.signed(clear()), FOOTER), sender=EVE), NOTHING,
        "signed not-sender 1.1", fields=PHONY, sender=[EVE]),
    Row("in an encrypted part", lambda p: out(mixed(TEXT, p.sealed(part()))), NOTHING, "encrypted none 1.2", fields=PHONY),
    Row("records outside", lambda p: out(p.both(part()), extra=["HP-Outer: Subject: " + INNER]), BOTH, fields=HIDDEN),
    Row("records on the signature's multipart", lambda p: out(p.sealed(with_fields(p.signed(part()),
        "HP-Outer: Subject: " + INNER))), BOTH, fields=HIDDEN),
    Row("records below the payload", lambda p: out(p.both(part(fields=FIELDS, body=mixed(with_fields(TEXT,
        "HP-Outer: Subject: " + INNER), FOOTER)))), BOTH, fields=HIDDEN),
    # doubled
    Row("clear, then cipher", lambda p: out(p.both(part('hp="clear"; hp="cipher"'))), BOTH, fields=PHONY),
    Row("cipher, then clear", lambda p: out(p.both(part('hp="cipher"; hp="clear"'))), BOTH, fields=PHONY),
    Row("no known word", lambda p: out(p.both(part('hp="both"'))), BOTH, fields=PHONY),
    Row("empty word", lambda p: out(p.both(part('hp=""'))), BOTH, fields=PHONY),
    Row("two records of one field", lambda p: out(p.both(part(fields=FIELDS + RECORD + ("HP-Outer: Subject: " + INNER,)))),
        BOTH, fields=IN_CLEAR),
    Row("record of another value", lambda p: out(p.both(part(fields=FIELDS + ("HP-Outer: Subject: [...]",)))), BOTH,
        fields=HIDDEN),
    Row("record without a value", lambda p: out(p.both(part(fields=FIELDS + ("HP-Outer: Subject",)))), BOTH, fields=HIDDEN),
    Row("second From outside", lambda p: out(p.both(part()), sender=[m.BOB, EVE]), BOTH, fields=HIDDEN, sender=[BOB]),
    Row("second From inside", lambda p: out(p.both(part(fields=("From: " + EVE, *FIELDS, *RECORD)))), SEALED_NOT_SENDER),
    Row("two mailboxes inside", lambda p: out(p.both(part(fields=("From: %s, %s" % (BOB, EVE), *FIELDS[1:])))),
        SEALED_NOT_SENDER),
    Row("group inside", lambda p: out(p.both(part(fields=("From: Us: %s;" % BOB, *FIELDS[1:])))), SEALED_NOT_SENDER),
    Row("empty From inside", lambda p: out(p.both(part(fields=("From:", *FIELDS[1:])))), SEALED_NOT_SENDER),
    # phony
    Row("cipher without encryption", lambda p: out(p.signed(part())), SIGNED, fields=IN_CLEAR),
    Row("cipher around which nothing holds", lambda p: out(p.frame(part(), p.signature(FOOTER, "bob"))), ALTERED,
        fields=subject(INNER, "unprotected", OUTER)),
    Row("clear inside of an encryption", lambda p: out(p.both(clear())), BOTH, fields=IN_CLEAR),
    Row("clear inside, with records", lambda p: out(p.both(part('hp="clear"'))), BOTH, fields=IN_CLEAR),
    Row("records in what is signed only", lambda p: out(p.signed(clear(*RECORD))), SIGNED, fields=IN_CLEAR),
    Row("altered inside of an encryption", lambda p: out(p.sealed(p.frame(part(), p.signature(FOOTER, "bob")))),
        SEALED_ALTERED, fields=SECRET),
    Row("outer subject of its own", lambda p: out(p.both(part()), subject="Urgent: pay Mallory"), BOTH,
        fields=subject(INNER, "signed-and-encrypted", "Urgent: pay Mallory"), unseen=(b"pay Mallory",)),
    Row("Cc added outside", lambda p: out(p.both(part()), extra=["Cc: " + EVE]), BOTH, unseen=(b"Cc: ",),
        fields={"Cc": (EVE, "unprotected", None)}),
    Row("Cc added outside, signed only", lambda p: out(p.signed(clear()), extra=["Cc: " + EVE]), SIGNED,
        unseen=(b"Cc: ",), fields={"Cc": (EVE, "unprotected", None)}),
    Row("Reply-To added outside", lambda p: out(p.both(part()), extra=["Reply-To: " + EVE]), BOTH, unseen=(b"Reply-To: ",)),
    Row("Cc taken away outside", lambda p: out(p.both(part(fields=(*FIELDS, "Cc: " + CAROL, *RECORD, "HP-Outer: Cc: " + CAROL)))),
        BOTH, fields={"Cc": (CAROL, "signed-only", None)}),
    Row("subject changed by a list", lambda p: out(p.signed(clear()), subject="[list] " + INNER), SIGNED,
        fields=subject(INNER, "signed-only", "[list] " + INNER)),
    Row("trace fields of a transport", lambda p: out(p.signed(clear()), extra=["Received: from x by y", "List-Id: <l.example>"]),
        SIGNED, fields={**IN_CLEAR, "List-Id": ("<l.example>", "unprotected", None)}),
    # whose From is believed (section 4.4)
    Row("other sender outside, signed inside", lambda p: out(p.both(part()), sender=EVE), BOTH, sender=[BOB]),
    Row("other sender outside, no signature", lambda p: out(p.sealed(part()), sender=EVE), SEALED, sender=[EVE],
        unseen=(b"From: Bob",)),
    Row("other sender inside, no signature", lambda p: out(p.sealed(part(fields=("From: " + EVE, *FIELDS[1:])))), SEALED,
        sender=[BOB]),
    Row("other sender inside, Bob's signature", lambda p: out(p.both(part(fields=("From: " + EVE, *FIELDS[1:])))),
        SEALED_NOT_SENDER, sender=[BOB]),
    Row("other sender inside, his own signature", lambda p: out(p.both(part(fields=("From: " + EVE, *FIELDS[1:])), p.eve)),
        BOTH, sender=[EVE]),
    Row("Bob inside, signed by another", lambda p: out(p.signed(clear(), p.eve), sender=EVE), NOT_SENDER, sender=[EVE]),
    Row("other sender outside, altered", lambda p: out(p.sealed(p.frame(part(), p.signature(FOOTER, "bob"))), sender=EVE),
        SEALED_ALTERED, sender=[EVE]),
    Row("no From inside", lambda p: out(p.both(part(fields=FIELDS[1:]))), BOTH, sender=[BOB]),
    Row("no From outside", lambda p: out(p.both(part()), sender=None), BOTH, sender=[BOB]),
    # what is repeated for old readers (section 4.5.3)
    Row("legacy display", lambda p: out(p.both(legacy("cipher"))), BOTH, fields=HIDDEN, shown=(b"Behind it.",),
        unseen=(b"\nSubject: repeated",)),
    Row("legacy display in what is signed only", lambda p: out(p.signed(legacy("clear"))), SIGNED,
        shown=(b"\nSubject: repeated",)),
    Row("legacy display, a page", lambda p: out(p.both(part('hp="cipher"; hp-legacy-display="1"', body=PAGE.replace(
        b"<p>", b'<div class="header-protection-legacy-display"><pre>Subject: repeated</pre></div><p>')))), BOTH,
        unseen=(b"Subject: repeated",)),
    Row("legacy display in a part without the word", lambda p: out(p.both(part(body=text(b"Subject: repeated\r\n\r\nBehind it.")))),
        BOTH, shown=(b"\nSubject: repeated",)),
)


def inserted(signed, parameter):
    """One more parameter of the first Content-Type."""
    return signed.replace(b"multipart/signed;", ("multipart/signed; %s;" % parameter).encode(), 1)


def legacy(hp):
    return part('hp="%s"; hp-legacy-display="1"' % hp, FIELDS + (RECORD if hp == "cipher" else ()),
                m.entity(b"Subject: repeated\r\n\r\nBehind it.\r\n"))


TABLES = (("header protection", ROWS),)
