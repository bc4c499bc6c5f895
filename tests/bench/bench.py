#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the tool compares with gpg and openssl cms, as ratios of one run. No test.

    MAILCRYPT=/path/to/mailcrypt python3 tests/bench/bench.py [--runs N] [--sizes 1,25,100] [--quick]

Latency is the median over the runs, the two sides taking turns. Memory is the peak of the
largest process of each side; gpg-agent, which both use, does not count.
"""

import argparse
import os
import re
import shutil
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

import harness  # noqa: E402
import mailkit as m  # noqa: E402
import pgp  # noqa: E402
import pki  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = "%-34s %12s %12s %8s %10s %10s" % ("", "mailcrypt", "other", "time x", "peak MiB", "other MiB")


class Bench:
    """One home with both kinds of keys, and the helpers compiled for this run."""

    def __init__(self, runs):
        self.runs = runs
        self.home = pgp.fresh("alice")
        pki.give_anchor(self.home)
        pki.give_key(self.home, "alice")
        pki.give_certificates(self.home, "bob")
        self.env = self.home.env(G_DEBUG=None)
        self.measure = self.compile("measure")
        self.minimal = self.compile("minimal-gpgme", "gpgme")

    def compile(self, name, package=None):
        """The path of a helper, or None where it cannot be made."""
        flags = []
        if package:
            found = harness.run(["pkg-config", "--cflags", "--libs", package])
            if found.status != 0:
                return None
            flags = found.out.decode().split()
        compiler = os.environ.get("CC") or "cc"
        if not shutil.which(compiler.split()[0]):
            return None
        out = os.path.join(self.home.path, name)
        harness.must([*compiler.split(), "-O2", os.path.join(HERE, name + ".c"), "-o", out, *flags])
        return out

    def once(self, argv, data):
        """(seconds, KiB) of one run that reads the file `data`."""
        reader, writer = os.pipe()
        errors = os.path.join(self.home.path, "errors")
        with open(data, "rb") as source, open(os.devnull, "wb") as sink, open(errors, "wb") as noise:
            pid = os.posix_spawn(self.measure, [self.measure, *argv], self.env, file_actions=[
                (os.POSIX_SPAWN_DUP2, source.fileno(), 0), (os.POSIX_SPAWN_DUP2, sink.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, noise.fileno(), 2), (os.POSIX_SPAWN_DUP2, writer, 3)])
        os.close(writer)
        with os.fdopen(reader) as answer:
            words = answer.read().split()
        os.waitpid(pid, 0)
        if len(words) != 3:
            sys.exit("bench: cannot run %s" % " ".join(argv))
        seconds, kib, status = float(words[0]), int(words[1]), int(words[2])
        if status not in (0, 3):
            with open(errors, encoding="utf-8", errors="replace") as noise:
                sys.exit("bench: status %d: %s\n%s" % (status, " ".join(argv), noise.read()))
        return seconds, kib

    def compare(self, ours, other, our_data, other_data, runs):
        """((seconds, KiB), (seconds, KiB)): medians, the sides taking turns."""
        sides = ([], [])
        for _ in range(runs):
            sides[0].append(self.once(ours, our_data))
            sides[1].append(self.once(other, other_data))
        return tuple((statistics.median(s for s, _ in side), max(k for _, k in side)) for side in sides)


def operations(bench, name, size):
    """[(label, our command, other command, our input, other input)] for a payload of size bytes."""
    part = m.entity(m.text_of(size)) if size < 10000 else m.multipart([m.entity(), m.attachment(m.blob(size))])
    write = lambda what, data: bench.home.file("%s-%s" % (name, what), data)
    plain, entity = write("plain.eml", m.message(part)), write("entity", part)
    return [*openpgp_rows(part, write, plain, entity), *smime_rows(part, write, plain, entity)]


def openpgp_rows(part, write, plain, entity):
    tool = harness.tool()
    gpg = ["gpg", "--batch", "--quiet", "--no-tty"]
    sealed = pgp.encrypt(part, ("alice", "bob"), signer="bob", options=("-z", "0"))
    armour = write("sealed.asc", sealed)
    sealed_mail = write("sealed.eml", m.message(m.pgp_encrypted(sealed), sender=m.BOB))
    mark = pgp.sign(part, "bob")
    signed_mail, signature = write("signed.eml", m.message(m.pgp_signed(part, mark), sender=m.BOB)), \
        write("signature.asc", mark)
    to = ["-r", pgp.fpr("alice"), "-r", pgp.fpr("bob")]
    me = ["-u", pgp.fpr("alice")]
    ours = lambda *args: [tool, *args]
    protocol = ["--protocol", "openpgp"]
    return [
        ("OpenPGP encrypt", ours("encrypt", "-r", "bob@example.org", *protocol),
         [*gpg, "-z", "0", "--armor", *to, "--encrypt"], plain, entity),
        ("OpenPGP sign and encrypt", ours("encrypt", "--sign", "-r", "bob@example.org", *protocol),
         [*gpg, "-z", "0", "--armor", *me, "--sign", *to, "--encrypt"], plain, entity),
        ("OpenPGP decrypt", ours("decrypt"), [*gpg, "--decrypt"], sealed_mail, armour),
        ("OpenPGP sign", ours("sign", *protocol), [*gpg, "--armor", *me, "--detach-sign"], plain, entity),
        ("OpenPGP verify", ours("verify"), [*gpg, "--verify", signature, "-"], signed_mail, entity),
    ]


def smime_rows(part, write, plain, entity):
    tool = harness.tool()
    openssl = ["openssl", "cms", "-binary"]
    verify = ["openssl", "cms", "-verify", "-CAfile", pki.get("ca")]
    own = ["-recip", pki.get("alice"), "-inkey", pki.key("alice")]
    signer = ["-signer", pki.get("alice"), "-inkey", pki.key("alice")]
    ours = lambda *args: [tool, *args]
    protocol = ["--protocol", "smime"]
    rows = [
        ("S/MIME encrypt", ours("encrypt", "-r", "bob@example.org", *protocol),
         [*openssl, "-encrypt", "-aes-256-cbc", pki.get("bob"), pki.get("alice")], plain, entity),
        ("S/MIME sign", ours("sign", *protocol), [*openssl, "-sign", *signer], plain, entity),
    ]
    for cipher, kind in (("aes-256-cbc", "enveloped-data"), ("aes-256-gcm", "authEnveloped-data")):
        mail = write(cipher + ".eml", m.message(m.smime_opaque(pki.encrypt(part, "alice", "bob", cipher=cipher), kind)))
        rows.append(("S/MIME decrypt " + cipher[-3:].upper(), ours("decrypt"), [*openssl, "-decrypt", *own], mail, mail))
    signed = write("smime.eml", m.message(m.smime_signed(part, pki.sign(part, "bob")), sender=m.BOB))
    rows.append(("S/MIME verify", ours("verify"), verify, signed, signed))
    opaque = write("opaque.eml", m.message(m.smime_opaque(pki.sign(part, "bob", opaque=True)), sender=m.BOB))
    rows.append(("S/MIME verify opaque", ours("verify"), verify, opaque, opaque))
    return rows


def mib(kib):
    return "%.1f" % (kib / 1024)


def latency(bench):
    print("\nLatency at 1 KB, median of %d runs\n%s" % (bench.runs, HEADER))
    rows = operations(bench, "1k", 1024)
    plain = [row for row in rows if row[0] == "OpenPGP encrypt"][0][3]
    sealed = [row for row in rows if row[0] == "OpenPGP decrypt"][0]
    if bench.minimal:
        rows.append(("OpenPGP decrypt / minimal GPGME", sealed[1], [bench.minimal], sealed[3], sealed[4]))
    rows.append(("show plain mail / cat", [harness.tool(), "show"], ["cat"], plain, plain))
    rows.append(("mutt filter plain mail / sh -c cat", [harness.tool(), "mutt", "filter", "--nonce=5"],
                 ["sh", "-c", "cat"], plain, plain))
    for label, ours, other, our_data, other_data in rows:
        (mine, my_kib), (theirs, their_kib) = bench.compare(ours, other, our_data, other_data, bench.runs)
        print("%-34s %9.1f ms %9.1f ms %8.2f %10s %10s   %+.1f ms" % (
            label, mine * 1e3, theirs * 1e3, mine / theirs, mib(my_kib), mib(their_kib), (mine - theirs) * 1e3))
    print("wanted: at most +12 ms over minimal GPGME, 1.5 times openssl's decrypt, +12 ms over cat,\n"
          "+10 ms over sh -c cat")


def store_rows(bench, count):
    """[(label, command with many certificates, the same with ten)]"""
    homes = []
    for number in (count, 10):
        home = os.path.join(bench.home.path, "crowd-%d" % number)
        bench.home.ok("--homedir", home, "keys", "import", bench.home.file("crowd.pem", pki.crowd(number)))
        homes.append(home)
    sides = lambda *args: [[harness.tool(), "--homedir", home, *args] for home in homes]
    listing = ("keys", "list", "--protocol", "smime")
    return [("one address", *sides(*listing, "p00007@example.org")), ("list all", *sides(*listing))]


def many_certificates(bench, count=10000):
    print("\nStore of %d certificates, and of ten, median of %d runs\n%s" % (count, bench.runs, HEADER))
    nothing = bench.home.file("nothing", b"")
    for label, many, few in store_rows(bench, count):
        runs = bench.runs if label == "one address" else 1
        (mine, my_kib), (theirs, their_kib) = bench.compare(many, few, nothing, nothing, runs)
        print("%-34s %9.1f ms %9.1f ms %8.2f %10s %10s   %+.1f ms" % (
            label, mine * 1e3, theirs * 1e3, mine / theirs, mib(my_kib), mib(their_kib), (mine - theirs) * 1e3))
    print("wanted: at most +5 ms for one address")


def throughput(bench, megabytes):
    runs = 3 if megabytes < 50 else 1
    print("\nThroughput at %d MB, median of %d runs\n%s" % (megabytes, runs, HEADER))
    for label, ours, other, our_data, other_data in operations(bench, "%dm" % megabytes, megabytes << 20):
        ours = [ours[0], "--max-size", "8G", *ours[1:]]
        (mine, my_kib), (theirs, their_kib) = bench.compare(ours, other, our_data, other_data, runs)
        print("%-34s %7.1f MB/s %7.1f MB/s %8.2f %10s %10s" % (
            label, megabytes / mine, megabytes / theirs, mine / theirs, mib(my_kib), mib(their_kib)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="runs for each latency (default 15)")
    parser.add_argument("--sizes", default="1,25,100", help="megabytes for throughput (default 1,25,100)")
    parser.add_argument("--quick", action="store_true", help="5 runs and 1 MB only")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    bench = Bench(5 if options.quick else options.runs)
    if bench.measure is None:
        sys.exit("bench: needs a C compiler")
    version = harness.must([harness.tool(), "--version"]).out.decode().splitlines()[0]
    gpg = re.search(r"\S+$", harness.must(["gpg", "--version"]).out.decode().splitlines()[0]).group()
    print("%s against gpg %s and %s" % (version, gpg, harness.must(["openssl", "version"]).out.decode().strip()))
    latency(bench)
    many_certificates(bench)
    for size in (1,) if options.quick else map(int, options.sizes.split(",")):
        throughput(bench, size)


if __name__ == "__main__":
    main()
