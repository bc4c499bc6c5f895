# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who the message says it is from, held against who signed it (RFC 5322 section 3.4, RFC 8550
section 3, RFC 9788 section 4.4). All are signed by Bob unless a table says otherwise."""

from corpus import ALTERED, BOTH, NOT_SENDER, SEALED_NOT_SENDER, SIGNED, TEXT, Row
import mailkit as m

BOB = "bob@example.org"
EVE = "eve@elsewhere.example"


def sent(*fields, who="bob", extra=(), sealed=False):
    """With exactly these From fields, written as they are given."""
    def build(kit):
        part = kit.both(TEXT, who) if sealed else kit.signed(TEXT, who)
        return m.message(part, sender=list(fields), to=m.ALICE, extra=extra)
    return build


# The content of one From field, and whether that is Bob alone.
CONTENTS = (
    ("bare address", BOB, SIGNED),
    ("upper case", "Bob <BOB@EXAMPLE.ORG>", SIGNED),
    ("upper-case local part alone", "Bob <BOB@example.org>", SIGNED),
    ("comment behind", BOB + " (Bob)", SIGNED),
    ("comment with another address", BOB + " (%s)" % EVE, SIGNED),
    ("folded", "Bob Example\r\n <bob@example.org>", SIGNED),
    ("folded with a tab", "Bob Example\r\n\t<bob@example.org>", SIGNED),
    ("other name", '"Somebody, else" <bob@example.org>', SIGNED),
    ("quoted local part", 'Bob <"bob"@example.org>', SIGNED),
    ("name with a quote in it", '"Bob \\"the Builder\\"" <bob@example.org>', SIGNED),
    ("encoded name", "=?utf-8?q?B=C3=B6b?= <bob@example.org>", SIGNED),
    ("name of several words", "Bob van der Example <bob@example.org>", SIGNED),
    ("name with a dot", "Bob E. Example <bob@example.org>", SIGNED),
    ("empty", "", NOT_SENDER),
    ("white space", " \t ", NOT_SENDER),
    ("no address", "Bob Example", NOT_SENDER),
    ("empty angles", "Bob <>", NOT_SENDER),
    ("angles that do not close", "Bob <bob@example.org", NOT_SENDER),
    ("two pairs of angles", "Bob <bob@example.org> <%s>" % EVE, NOT_SENDER),
    ("angles inside of angles", "Bob <<bob@example.org>>", NOT_SENDER),
    ("two mailboxes", m.BOB + ", " + EVE, NOT_SENDER),
    ("two mailboxes, other first", EVE + ", " + m.BOB, NOT_SENDER),
    ("the same mailbox twice", m.BOB + ", " + m.BOB, NOT_SENDER),
    ("two mailboxes without a comma", BOB + " " + EVE, NOT_SENDER),
    ("two mailboxes with a semicolon", BOB + "; " + EVE, NOT_SENDER),
    ("group of one", "Friends: bob@example.org;", NOT_SENDER),
    ("group of two", "Friends: bob@example.org, carol@example.org;", NOT_SENDER),
    ("empty group", "Friends:;", NOT_SENDER),
    ("group behind a mailbox", BOB + ", Friends: carol@example.org;", NOT_SENDER),
    ("group that does not end", "Friends: bob@example.org", NOT_SENDER),
    ("group inside of a group", "A: B: bob@example.org;;", NOT_SENDER),
    ("address in the name", '"bob@example.org" <%s>' % EVE, NOT_SENDER),
    ("address in the name, bare", "bob@example.org <%s>" % EVE, NOT_SENDER),
    ("address in a comment", EVE + " (bob@example.org)", NOT_SENDER),
    ("address in a comment inside of angles", "Bob <%s (bob@example.org)>" % EVE, NOT_SENDER),
    ("address in an encoded name", "=?utf-8?q?bob=40example=2Eorg?= <%s>" % EVE, NOT_SENDER),
    ("angles in the name", '"Bob <bob@example.org>" <%s>' % EVE, NOT_SENDER),
    ("angles in an encoded name", "=?utf-8?q?Bob_=3Cbob=40example=2Eorg=3E?= <%s>" % EVE, NOT_SENDER),
    ("much white space behind the name", '"bob@example.org%s" <%s>' % (" " * 200, EVE), NOT_SENDER),
    ("encoded address", "=?utf-8?q?bob=40example=2Eorg?=", NOT_SENDER),
    ("encoded address in angles", "Bob <=?utf-8?q?bob=40example=2Eorg?=>", NOT_SENDER),
    ("longer domain", "bob@example.org.elsewhere.example", NOT_SENDER),
    ("shorter domain", "bob@example.or", NOT_SENDER),
    ("subdomain", "bob@mail.example.org", NOT_SENDER),
    ("parent domain", "bob@org", NOT_SENDER),
    ("other domain with the same beginning", "bob@example.organic", NOT_SENDER),
    ("trailing dot", "Bob <bob@example.org.>", NOT_SENDER),
    ("shorter local part", "ob@example.org", NOT_SENDER),
    ("longer local part", "bobby@example.org", NOT_SENDER),
    ("tagged local part", "bob+x@example.org", NOT_SENDER),
    ("dot in the local part", "b.ob@example.org", NOT_SENDER),
    ("two at signs", "bob@example.org@elsewhere.example", NOT_SENDER),
    ("route", "Bob <@elsewhere.example:bob@example.org>", NOT_SENDER),
    ("percent route", "bob%example.org@elsewhere.example", NOT_SENDER),
    ("bang route", "elsewhere.example!bob@example.org", NOT_SENDER),
    ("local part with a quoted address", '"bob@example.org"@elsewhere.example', NOT_SENDER),
    ("homograph in the domain", "Bob <bob@ex\u0430mple.org>", NOT_SENDER),
    ("homograph in the local part", "Bob <b\u043eb@example.org>", NOT_SENDER),
    ("homograph as an A-label", "Bob <bob@xn--exmple-4nf.org>", NOT_SENDER),
    ("invisible character", "Bob <bob@exa\u200bmple.org>", NOT_SENDER),
    ("invisible character in the local part", "Bob <b\u2060ob@example.org>", NOT_SENDER),
    ("soft hyphen in the domain", "Bob <bob@exam\u00adple.org>", NOT_SENDER),
    ("selector in the domain", "Bob <bob@exa\ufe0fmple.org>", NOT_SENDER),
    ("soft hyphen", "Bob <b\u00adob@example.org>", NOT_SENDER),
    ("bidi override", "Bob <\u202ebob@example.org>", NOT_SENDER),
    ("control character", "Bob <bob\x01@example.org>", NOT_SENDER),
    ("bytes that are no UTF-8", b"Bob <bob\xff@example.org>".decode("latin-1"), NOT_SENDER),
    ("escaped new line in the name", '"Bob\\\r\n From: bob@example.org" <%s>' % EVE, NOT_SENDER),
)

FIELDS = (
    ("absent", sent(), NOT_SENDER),
    ("two fields", sent(m.BOB, EVE), NOT_SENDER),
    ("two fields, other first", sent(EVE, m.BOB), NOT_SENDER),
    ("two equal fields", sent(m.BOB, m.BOB), NOT_SENDER),
    ("second field empty", sent(m.BOB, ""), NOT_SENDER),
    ("second field in lower case", sent(m.BOB, extra=["from: " + EVE]), NOT_SENDER),
    # what one reader takes for a field is the end of the header to another: malformed
    ("second field with a blank before its colon", sent(m.BOB, extra=["From : " + EVE]), ALTERED),
    ("Sender says Bob", sent(EVE, extra=["Sender: " + BOB]), NOT_SENDER),
    ("Reply-To says Bob", sent(EVE, extra=["Reply-To: " + BOB]), NOT_SENDER),
    ("Return-Path says Bob", sent(EVE, extra=["Return-Path: <%s>" % BOB]), NOT_SENDER),
    ("Resent-From says Bob", sent(EVE, extra=["Resent-From: " + BOB]), NOT_SENDER),
    ("X-From says Bob", sent(extra=["X-From: " + BOB, "Apparently-From: " + BOB]), NOT_SENDER),
    ("Sender alone", sent(extra=["Sender: " + BOB]), NOT_SENDER),
    ("Authentication-Results says Bob", sent(EVE, extra=["Authentication-Results: x; dkim=pass header.from=" + BOB]),
     NOT_SENDER),
    ("From in a folded field", sent(EVE, extra=["X-Fold: x\r\n From: " + BOB]), NOT_SENDER),
    ("Bob, and a Sender who posts for him", sent(m.BOB, extra=["Sender: Secretary <office@example.org>"]), SIGNED),
    ("Bob, and a Reply-To elsewhere", sent(m.BOB, extra=["Reply-To: " + EVE]), SIGNED),
    ("munged by a list", sent("Bob via List <list@lists.example>", extra=["Reply-To: " + BOB]), NOT_SENDER),
    ("list that leaves From alone", sent(m.BOB, extra=["Sender: list@lists.example", "List-Id: <list.lists.example>"]),
     SIGNED),
    ("signed by another", sent(m.BOB, who="carol"), NOT_SENDER),
    ("signed by another whose name is Bob's", sent('"%s" <carol@example.org>' % BOB, who="carol"), SIGNED),
    ("encrypted, the sender's own", sent(m.BOB, sealed=True), BOTH),
    ("encrypted, signed by another", sent(m.BOB, who="carol", sealed=True), SEALED_NOT_SENDER),
    ("encrypted, absent", sent(sealed=True), SEALED_NOT_SENDER),
    ("encrypted, two fields", sent(m.BOB, EVE, sealed=True), SEALED_NOT_SENDER),
    ("encrypted, Sender says Bob", sent(EVE, extra=["Sender: " + BOB], sealed=True), SEALED_NOT_SENDER),
)

# Signed by Ida, whose domain has a letter outside of ASCII (RFC 5890, RFC 6532).
IDN = (
    ("A-label", "Ida <ida@xn--bcher-kva.example>", SIGNED),
    ("A-label in upper case", "Ida <ida@XN--BCHER-KVA.example>", SIGNED),
    ("U-label", "Ida <ida@b\u00fccher.example>", SIGNED),
    ("U-label in upper case", "Ida <ida@B\u00dcCHER.EXAMPLE>", SIGNED),
    ("U-label, decomposed", "Ida <ida@bu\u0308cher.example>", SIGNED),
    ("U-label without its dots", "Ida <ida@bucher.example>", NOT_SENDER),
    ("spelled out", "Ida <ida@buecher.example>", NOT_SENDER),
    ("another A-label", "Ida <ida@xn--bcher-kvb.example>", NOT_SENDER),
    ("U-label with a trailing dot", "Ida <ida@b\u00fccher.example.>", NOT_SENDER),
    ("ideographic full stop", "Ida <ida@b\u00fccher\u3002example>", SIGNED),
    ("encoded word in the domain", "Ida <ida@=?utf-8?q?b=C3=BCcher?=.example>", NOT_SENDER),
)

TABLES = (
    ("From", tuple(Row(name, sent(content), verdict) for name, content, verdict in CONTENTS)),
    ("sender", tuple(Row(name, build, verdict) for name, build, verdict in FIELDS)),
    ("IDN", tuple(Row(name, sent(content, who="idn"), verdict) for name, content, verdict in IDN)),
)
