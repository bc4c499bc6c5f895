#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every message of the corpus through verify, show and decrypt: what is said is what must be said.

The JSON of all of them is held against its schema by the harness.
"""

import re
from concurrent.futures import ThreadPoolExecutor

import corpus
import corpus_headers
import corpus_honest
import corpus_sender
import corpus_structure
import harness
from harness import contains, each, equal, lacks, true, verdict

MARK = re.compile(rb"\[mailcrypt [0-9a-f]{6}\] ")


def check_report(row, report):
    said = corpus.Verdict(report["summary"], report["signature"]["status"], report["exit_status"],
                          report["decryption"]["status"])
    equal(said, row.verdict, "verdict")
    # "*" stands for the path of a payload that the protocols count differently
    errant = sorted("%s %s %s" % (x["kind"], x["status"], x["path"]) for x in report["errant"])
    wanted = sorted(row.errant)
    true(len(errant) == len(wanted) and all(
        re.fullmatch(re.escape(one).replace(r"\*", r"[1.]+"), other) for one, other in zip(wanted, errant)),
        "errant layers: %r, expected %r" % (errant, wanted))
    true(report["reasons"] or row.verdict in (corpus.SIGNED, corpus.BOTH), "no reason why it is not better")
    if row.sender is not None:
        equal(report["from"], list(row.sender), "from")
    found = {h["name"]: (h["value"], h["state"], h["outer"]) for h in report["headers"]}
    equal({name: found.get(name) for name in row.fields}, row.fields, "header fields")


def check_shown(row, out):
    """The status zone first, in words of the tool alone; nothing behind it that looks like it."""
    mark = MARK.match(out)
    true(mark, "no status zone: %r" % out[:200])
    headline = out.splitlines()[0][mark.end():].decode()
    wanted = corpus.HEADLINES[row.verdict.signature, row.verdict.decryption]
    true(headline.startswith(wanted), "headline %r, expected %r" % (headline, wanted))
    for line in out.splitlines():
        if line.startswith(mark.group()):
            lacks(line, b"bait@example.org", "the tool's own line")
        else:
            true(not re.match(rb"\s*\[mailcrypt", line), "a line like the tool's: %r" % line)
    for piece in row.shown:
        contains(out, piece, "show")


def check_page(row, home, mail):
    """What was read is shown, whatever its signature; what was not leaves nothing on the screen."""
    status = row.verdict.status if row.verdict.decryption not in ("none", "ok") else 0
    shown = home.run("show", input=mail, status=status)
    if status == 0:
        check_shown(row, shown.out)
    else:
        shown.expect_silent().expect_message()
    for piece in (*row.unseen, corpus.SECRET):
        lacks(shown.out, piece, "show")


CASES = corpus.cases(*corpus_structure.TABLES, *corpus_sender.TABLES, *corpus_headers.TABLES, *corpus_honest.TABLES)


@each(*CASES[::7 if harness.FAST else 1])
def test_corpus(_, row, kit):
    mail, home = row.build(kit), kit.home()
    with ThreadPoolExecutor(2) as pool:
        shown = pool.submit(check_page, row, home, mail)
        check_report(row, verdict(home, mail, row.verdict.status))
        shown.result()
    # a ciphertext beside other parts is not decrypted for being there
    if any(one.startswith("encrypted") for one in row.errant) and row.verdict.decryption == "none":
        home.refuses(3, "decrypt", input=mail)


def closed_parts(row):
    return [one.split()[2] for one in row.errant if one.startswith("encrypted") and "*" not in one]


@each(*[case for case in corpus.cases(("ciphertext", corpus_structure.CIPHERTEXT)) if closed_parts(case[1])])
def test_asked_for(_, row, kit):
    """By its place such a part is shown, alone, with a verdict of its own."""
    out = kit.home().ok("show", "--part", closed_parts(row)[0], input=row.build(kit)).out
    check_shown(row, out)
    lines = out.partition(b"\n\n")[2].splitlines()
    true(lines[0].endswith(b"on its own:") and b"] Encrypted, NOT signed" in lines[1], "its verdict: %r" % lines[:3])
    contains(out, corpus.SECRET, "show --part")
    for neighbour in (b"Hello, Alice.", b"x.example", b"Reply, please."):
        lacks(out, neighbour, "show --part")


if __name__ == "__main__":
    harness.main(globals())
