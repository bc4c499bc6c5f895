#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Revocation: lists that are kept, lists and answers that are fetched. Authorities are on loopback."""

import http.server
import os
import re
import threading
import time

import harness
import mailkit as m
import pki
from harness import contains, each, equal, expect, lacks, need_program, true, verdict

FETCH = "[smime]\nrevocation=%s\nrevocation-fetch=yes\nrevocation-fetch-private=%s\n[limits]\nfetch-seconds=%d\n"
# A DER SEQUENCE of 32 MiB
HUGE = b"\x30\x84\x02\x00\x00\x00"


# --- the authorities --------------------------------------------------------

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body, media_type, status=200, **fields):
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def serve(self, body=b""):
        Authority.asked.append(self.path)
        try:
            Authority.pages[self.path.split("?")[0]](self, body)
        except (BrokenPipeError, ConnectionResetError):
            pass

    do_GET = serve

    def do_POST(self):
        self.serve(self.rfile.read(int(self.headers["Content-Length"])))


class Authority:
    server, port, asked, pages = None, 0, [], {}

    @classmethod
    def start(cls):
        need_program("openssl")
        if cls.server is None:
            cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            cls.server.daemon_threads = True
            cls.port = cls.server.server_address[1]
            threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.asked.clear()

    @classmethod
    def url(cls, path, host="127.0.0.1"):
        return "http://%s:%d%s" % (host, cls.port, path)


def person(name, extra=""):
    """A certificate of bob's key whose extensions name places of the authority."""
    full = "%s-%d" % (name, Authority.port)
    if full not in pki.PEOPLE:
        pki.PEOPLE[full] = pki.Person("rsa:2048", "bob@example.org", same_key="bob", extra=extra)
    return full


def with_list(path, host="127.0.0.1"):
    return person("list" + re.sub(r"\W", "-", path + host),
                  "crlDistributionPoints=URI:%s\n" % Authority.url(path, host))


def with_responder(path):
    return person("ocsp" + re.sub(r"\W", "-", path), "authorityInfoAccess=OCSP;URI:%s\n" % Authority.url(path))


def serial(name):
    return pki.openssl("x509", "-in", pki.get(name), "-noout", "-serial").out.decode().split("=")[1].strip()


def database(home, revoked=(), known=()):
    """openssl's own index of certificates."""
    lines = ["V\t351231235959Z\t\t%s\tunknown\t/CN=x\n" % serial(name) for name in known]
    lines += ["R\t351231235959Z\t250101000000Z\t%s\tunknown\t/CN=x\n" % serial(name) for name in revoked]
    return home.file("index.txt", "".join(lines))


def revocation_list(home, *revoked, issuer="ca", number=1, days=(-1, 20)):
    """In DER."""
    conf = home.file("list.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=%s\ndefault_md=sha256\ncrlnumber=%s\n"
                     "crl_extensions=x\n[x]\nauthorityKeyIdentifier=keyid\n"
                     % (database(home, revoked), home.file("number", "%02x\n" % number)))
    pem = pki.openssl("ca", "-config", conf, "-gencrl", "-cert", pki.get(issuer), "-keyfile", pki.key(issuer),
                      "-crl_lastupdate", pki._time(days[0]), "-crl_nextupdate", pki._time(days[1])).out
    return pki.openssl("crl", "-outform", "DER", input=pem).out


def serve_list(path, data, media_type="application/pkix-crl"):
    Authority.pages[path] = lambda handler, _: handler.answer(data, media_type)


def respond(home, request, revoked=(), known=(), signer="ca", options=("-ndays", "1")):
    answer = os.path.join(home.work, "answer.der")
    pki.openssl("ocsp", "-index", database(home, revoked, known), "-CA", pki.get("ca"), "-rsigner", pki.get(signer),
                "-rkey", pki.key(signer), "-reqin", home.file("request.der", request), "-respout", answer, *options)
    with open(answer, "rb") as source:
        return source.read()


def serve_responder(path, home, **words):
    Authority.pages[path] = lambda handler, body: handler.answer(
        respond(home, body, **words), "application/ocsp-response")


# --- the user ---------------------------------------------------------------

def reader(how="hard", private="yes", seconds=10, config=None):
    Authority.start()
    home = harness.Home()
    pki.give_anchor(home)
    config = FETCH % (how, private, seconds) if config is None else config
    with open(os.path.join(home.mc, "config"), "w") as out:
        out.write(config)
    return home


def signed(name):
    part = m.entity()
    return m.message(m.smime_signed(part, pki.sign(part, name)), sender=m.BOB, to=m.ALICE, mime_version=False)


def codes(report):
    return [r["code"] for r in report["reasons"]] + [
        r["code"] for layer in report["layers"] for signer in layer["signers"] for r in signer.get("reasons", [])] + [
        r["code"] for layer in report["layers"] for r in layer["reasons"]]


def check(home, name, status, signature, *words, options=()):
    report = verdict(home, signed(name), status, *options)
    expect(report, signature=signature)
    for word in words:
        contains(codes(report), word, "reasons")
    return report


def kept(home):
    folder = os.path.join(home.mc, "cache", "crls")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


# --- lists ------------------------------------------------------------------

def test_fetched_list():
    home = reader()
    name = with_list("/good.crl")
    serve_list("/good.crl", revocation_list(home))
    lacks(codes(check(home, name, 0, "good")), "revocation-unknown")
    equal(Authority.asked, ["/good.crl"], "what was asked")
    # kept: nobody is asked again, and it needs no network
    equal(len(kept(home)), 1, "lists kept")
    true(re.fullmatch(r"[0-9a-f]{64}-[0-9a-f]{64}\.crl", kept(home)[0]), kept(home)[0])
    equal(os.stat(os.path.join(home.mc, "cache", "crls", kept(home)[0])).st_mode & 0o777, 0o600, "mode")
    check(home, name, 0, "good")
    equal(Authority.asked, ["/good.crl"], "what was asked")
    check(home, with_list("/never.crl"), 0, "good")
    equal(Authority.asked, ["/good.crl"], "what was asked")


def test_fetched_revocation():
    home = reader("soft")
    name = with_list("/revoked.crl")
    serve_list("/revoked.crl", revocation_list(home, name))
    check(home, name, 6, "revoked", "revoked")


def test_redirected_list():
    home = reader()
    name = with_list("/moved.crl")
    serve_list("/there.crl", revocation_list(home))
    Authority.pages["/moved.crl"] = lambda h, _: h.answer(b"", "text/plain", 302, Location=Authority.url("/there.crl"))
    check(home, name, 0, "good")
    equal(Authority.asked, ["/moved.crl", "/there.crl"], "what was asked")


def page_forged(home):
    return revocation_list(home, issuer="other-ca")


def page_rubbish(_):
    return b"\x30\x03\x02\x01\x00"


def page_html(_):
    return b"<html>welcome to the portal</html>"


def page_expired(home):
    return revocation_list(home, days=(-20, -10))


@each("forged", "rubbish", "html", "expired")
def test_useless_list(what):
    home = reader()
    name = with_list("/%s.crl" % what)
    serve_list("/%s.crl" % what, globals()["page_" + what](home))
    check(home, name, 6, "untrusted")
    equal(kept(home), [], "lists kept")
    soft = reader("soft")
    check(soft, name, 0, "good", "revocation-unknown")


def test_endless_redirection():
    home = reader()
    Authority.pages["/loop.crl"] = lambda h, _: h.answer(b"", "text/plain", 302, Location="/loop.crl")
    check(home, with_list("/loop.crl"), 6, "untrusted", "revocation-fetch")
    equal(len(Authority.asked), 4, "how often it was asked")


@each("https://127.0.0.1/x.crl", "file:///etc/passwd", "ftp://127.0.0.1/x.crl", "http://user@127.0.0.1/x.crl")
def test_redirection_elsewhere(where):
    home = reader()
    Authority.pages["/else.crl"] = lambda h, _: h.answer(b"", "text/plain", 302, Location=where)
    check(home, with_list("/else.crl"), 6, "untrusted", "revocation-fetch")
    equal(Authority.asked, ["/else.crl"], "what was asked")


def drip(handler, _):
    """One octet at a time, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b"\x30\x83\x01\x86\x9b")
    for _ in range(600):
        handler.wfile.write(b"\x00")
        handler.wfile.flush()
        time.sleep(0.1)


def flood(handler, _):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(HUGE)
    for _ in range(512):
        handler.wfile.write(bytes(65536))
    Authority.pages["flooded"] = True


def headers_flood(handler, _):
    handler.send_response(200)
    for _ in range(4096):
        handler.wfile.write(b"X: " + b"y" * 1000 + b"\r\n")


@each("slow", "flood", "headers", "silent")
def test_server_that_does_not_end(what):
    home = reader(seconds=1)
    Authority.pages["/" + what] = {"slow": drip, "flood": flood, "headers": headers_flood,
                                   "silent": lambda *_: time.sleep(30)}[what]
    name = with_list("/" + what)
    mail, started = signed(name), time.monotonic()
    report = verdict(home, mail, 6)
    true(time.monotonic() - started < 25, "it took %.1f s" % (time.monotonic() - started))
    contains(codes(report), "revocation-fetch", "reasons")
    true("flooded" not in Authority.pages, "32 MiB were taken")


# --- responders -------------------------------------------------------------

def test_responder_good():
    home = reader()
    name = with_responder("/good")
    serve_responder("/good", home, known=[name])
    lacks(codes(check(home, name, 0, "good")), "revocation-unknown")


def test_responder_revoked():
    home = reader("soft")
    name = with_responder("/revoked")
    serve_responder("/revoked", home, revoked=[name])
    check(home, name, 6, "revoked", "revoked")


def test_responder_without_nonce():
    home = reader()
    name = with_responder("/plain")
    answer = plain_answer(home, name)
    Authority.pages["/plain"] = lambda h, _: h.answer(answer, "application/ocsp-response")
    check(home, name, 0, "good")


def plain_answer(home, name, options=("-ndays", "1"), **words):
    """An answer made beforehand, without a nonce."""
    request = os.path.join(home.work, "own.der")
    pki.openssl("ocsp", "-issuer", pki.get("ca"), "-cert", pki.get(name), "-no_nonce", "-reqout", request)
    with open(request, "rb") as source:
        return respond(home, source.read(), known=[name], options=options, **words)


def delegate(name, purpose, issuer="ca"):
    pki.PEOPLE.setdefault(name, pki.Person("ec:P-256", None, issuer=issuer, usage="critical,digitalSignature",
                                           purpose=purpose, name="Responder"))
    return name


def test_responder_delegate():
    home = reader()
    name = with_responder("/delegate")
    serve_responder("/delegate", home, known=[name], signer=delegate("responder", "OCSPSigning"))
    check(home, name, 0, "good")


@each("unknown", "no-purpose", "stranger", "person", "replay", "nonce", "rubbish", "broken")
def test_responder_that_does_not_count(what):
    home = reader()
    path = "/" + what
    name = with_responder(path)
    if what == "unknown":
        serve_responder(path, home)
    elif what == "no-purpose":
        serve_responder(path, home, known=[name], signer=delegate("no-responder", "emailProtection"))
    elif what == "stranger":
        serve_responder(path, home, known=[name], signer=delegate("strange-responder", "OCSPSigning", "other-ca"))
    elif what == "person":
        serve_responder(path, home, known=[name], signer="carol")
    elif what == "replay":
        other = plain_answer(home, with_list("/other.crl"))
        Authority.pages[path] = lambda h, _: h.answer(other, "application/ocsp-response")
    elif what == "nonce":
        request = os.path.join(home.work, "foreign.der")
        pki.openssl("ocsp", "-issuer", pki.get("ca"), "-cert", pki.get(name), "-reqout", request)
        with open(request, "rb") as source:
            foreign = respond(home, source.read(), known=[name])
        Authority.pages[path] = lambda h, _: h.answer(foreign, "application/ocsp-response")
    elif what == "rubbish":
        Authority.pages[path] = lambda h, _: h.answer(b"\x30\x03\x0a\x01\x06", "application/ocsp-response")
    else:
        Authority.pages[path] = lambda h, _: h.answer(b"no", "text/plain", 500)
    check(home, name, 6, "untrusted", "revocation-fetch")
    equal(Authority.asked, [path], "what was asked")
    soft = reader("soft")
    check(soft, name, 0, "good", "revocation-unknown")


def test_list_before_responder():
    home = reader()
    name = person("both", "crlDistributionPoints=URI:%s\nauthorityInfoAccess=OCSP;URI:%s\n"
                  % (Authority.url("/both.crl"), Authority.url("/both")))
    serve_list("/both.crl", revocation_list(home))
    serve_responder("/both", home, known=[name])
    check(home, name, 0, "good")
    equal(Authority.asked, ["/both.crl"], "what was asked")
    serve_list("/both.crl", page_html(home))
    check(reader(), name, 0, "good")
    equal(Authority.asked, ["/both.crl", "/both"], "what was asked")


# --- who is not asked -------------------------------------------------------

@each(("off", "[smime]\nrevocation=hard\n", ()),
      ("no private address", FETCH % ("hard", "no", 5), ()),
      ("revocation off", FETCH % ("off", "yes", 5), ()),
      ("another time", FETCH % ("hard", "yes", 5), ("--at", "2026-11-20")),
      ("other anchors", FETCH % ("hard", "yes", 5), ("--trust-anchor", "other-ca")))
def test_nobody_is_asked(_, config, options):
    home = reader(config=config)
    options = [pki.get(word) if word == "other-ca" else word for word in options]
    name = with_list("/quiet.crl")
    serve_list("/quiet.crl", revocation_list(home))
    result = home.run("verify", *options, input=signed(name))
    true(result.status in (0, 6), "status %d" % result.status)
    equal(Authority.asked, [], "what was asked")


@each("127.0.0.1", "localhost", "127.1", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]")
def test_private_address(host):
    home = reader(private="no")
    serve_list("/private.crl", revocation_list(home))
    check(home, with_list("/private.crl", host), 6, "untrusted", "revocation-fetch")
    equal(Authority.asked, [], "what was asked")


@each("inspect", "plan", "keys list")
def test_commands_that_ask_nobody(command):
    home = reader()
    name = with_list("/command.crl")
    serve_list("/command.crl", revocation_list(home))
    home.ok("keys", "import", pki.get(name))
    words = {"inspect": ["inspect"], "plan": ["plan", "bob@example.org"], "keys list": ["keys", "list"]}[command]
    home.run(*words, input=signed(name) if command == "inspect" else b"")
    equal(Authority.asked, [], "what was asked")


def test_own_certificate_authority_asks_nobody():
    """Whoever makes up an authority cannot make readers of the message call."""
    home = reader("soft")
    name = person("made-up", "crlDistributionPoints=URI:%s\n" % Authority.url("/call.crl"))
    pki.PEOPLE[name].issuer = "other-ca"
    serve_list("/call.crl", b"")
    check(home, name, 6, "untrusted")
    equal(Authority.asked, [], "what was asked")


def test_recipient_is_checked():
    home = reader()
    name = with_list("/recipient.crl")
    pki.give_key(home, "alice")
    home.ok("keys", "import", pki.get(name))
    serve_list("/recipient.crl", revocation_list(home, name))
    mail = m.plain(sender=m.ALICE, to=m.BOB)
    home.refuses(11, "encrypt", "--protocol", "smime", "--no-self", input=mail)
    equal(Authority.asked[:1], ["/recipient.crl"], "what was asked")


# --- the cache --------------------------------------------------------------

def test_newer_list_wins():
    home = reader()
    name = with_list("/order.crl")
    serve_list("/order.crl", revocation_list(home, name, number=5, days=(-2, 1)))
    check(home, name, 6, "revoked", "revoked")
    before = kept(home)
    # an older one, given back by the authority's address, does not come into its place
    path = os.path.join(home.mc, "cache", "crls", before[0])
    with open(path, "rb") as source:
        newest = source.read()
    serve_list("/order.crl", revocation_list(home, number=4, days=(-1, 2)))
    check(home, name, 6, "revoked", "revoked")
    with open(path, "rb") as source:
        equal(source.read(), newest, "the list that is kept")


def test_kept_list_expires():
    home = reader()
    name = with_list("/stale.crl")
    serve_list("/stale.crl", revocation_list(home, days=(-1, 5)))
    check(home, name, 0, "good")
    later = str(int(time.time()) + 10 * 86400)
    check(home, name, 6, "untrusted", "crl-expired", options=("--at", later))
    check(home, name, 0, "good", "revocation-unknown", options=("--at", later, "--revocation", "soft"))


def test_damaged_cache():
    home = reader()
    name = with_list("/damaged.crl")
    data = revocation_list(home)
    serve_list("/damaged.crl", data)
    check(home, name, 0, "good")
    path = os.path.join(home.mc, "cache", "crls", kept(home)[0])
    for rubbish in (b"", b"rubbish", data[:-1] + bytes([data[-1] ^ 1]), revocation_list(home, name, issuer="other-ca")):
        with open(path, "wb") as out:
            out.write(rubbish)
        Authority.asked.clear()
        check(home, name, 0, "good")
        equal(Authority.asked, ["/damaged.crl"], "what was asked")


def test_cache_is_bounded():
    home = reader()
    folder = os.path.join(home.mc, "cache", "crls")
    os.makedirs(folder, mode=0o700)
    for number in range(300):
        with open(os.path.join(folder, "%064x-%064x.crl" % (number, number)), "wb") as out:
            out.write(b"old")
    name = with_list("/bounded.crl")
    serve_list("/bounded.crl", revocation_list(home))
    check(home, name, 0, "good")
    true(len(kept(home)) <= 256, "%d files" % len(kept(home)))
    Authority.asked.clear()
    check(home, name, 0, "good")
    equal(Authority.asked, [], "what was asked")


def test_unwritable_cache():
    home = reader()
    name = with_list("/unwritable.crl")
    serve_list("/unwritable.crl", revocation_list(home))
    os.makedirs(os.path.join(home.mc, "cache"), mode=0o700)
    with open(os.path.join(home.mc, "cache", "crls"), "w"):
        pass
    check(home, name, 0, "good")


# --- time and content -------------------------------------------------------

def test_expired_since():
    """Valid when it was signed, by the signature's own word: said, and not good."""
    home = reader("soft")
    later = str(int(time.time()) + 3700 * 86400)
    report = check(home, "bob", 6, "expired", options=("--at", later))
    contains(codes(report), "expired-since", "reasons")


def test_expiry_does_not_hide_tampering():
    home = reader("soft")
    part = m.entity(b"Pay 100 to Carol.\r\n")
    mail = m.message(m.smime_signed(part, pki.sign(part, "bob-expired")), sender=m.BOB, to=m.ALICE, mime_version=False)
    report = verdict(home, mail, 6)
    expect(report, signature="expired")
    report = verdict(home, mail.replace(b"Pay 100", b"Pay 900"), 4)
    expect(report, signature="bad")
    contains(codes(report), "altered", "reasons")
    contains(codes(report), "expired", "reasons")


# --- the system's anchors ---------------------------------------------------

def test_system_anchors_are_read_one_by_one():
    need_program("strace")
    home = reader(config="[smime]\nrevocation=off\n")
    log = os.path.join(home.work, "trace")
    result = harness.run(["strace", "-f", "-e", "trace=openat,open", "-o", log, harness.tool(), "verify"],
                         input=signed("bob-other"), env=home.env(ASAN_OPTIONS=None), cwd=home.work)
    if not os.path.exists(log) or b"ptrace" in result.err:
        harness.skip("strace cannot trace here")
    with open(log, errors="replace") as source:
        opened = [line for line in source if "/etc/ssl/certs" in line]
    true(len(opened) <= 8, "opened: %s" % "".join(opened))
    lacks("".join(opened), "ca-certificates.crt", "files opened")


if __name__ == "__main__":
    harness.main(globals())
