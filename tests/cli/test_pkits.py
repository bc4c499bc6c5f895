#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""NIST's Public Key Interoperability Test Suite: 249 chains, of which 135 must not be accepted."""

import json
import os

import harness
import pki
from harness import equal, skip, true

FOLDER = os.environ.get("MAILCRYPT_PKITS") or os.path.join(harness.ROOT, "..", "shared", "pkits")
TIME = "1302825600"     # in all cases' time
POLICIES = "2.16.840.1.101.3.2.1.48."
# DSA with SHA-1; DSA parameters inherited from the issuer; a list whose own chain needs that list.
MAY_BE_REFUSED = {"4.1.4", "4.1.5", "4.14.30"}


def cases():
    index = os.path.join(FOLDER, "index.json")
    if not os.path.exists(index):
        skip("no test suite at MAILCRYPT_PKITS (%s)" % FOLDER)
    with open(index) as source:
        return json.load(source)


def policy_options(case):
    words = []
    if case["initial_policy_set"] != ["anyPolicy"]:
        for name in case["initial_policy_set"]:
            words += ["--policy", "anyPolicy" if name == "anyPolicy"
                      else POLICIES + name.rsplit("-", 1)[1]]
    for key, word in (("explicit", "--require-explicit-policy"), ("inhibit_map", "--inhibit-policy-mapping"),
                      ("inhibit_any", "--inhibit-any-policy")):
        if case[key]:
            words.append(word)
    return words


def judge(home, anchor, case):
    """Whether the tool accepts it."""
    return home.run("verify", "--no-from-check", "--trust-anchor", anchor, "--at", TIME, "--revocation", "hard",
                    *policy_options(case), os.path.join(FOLDER, "smime", case["eml"])).status == 0


def test_pkits():
    wanted, home = cases(), harness.Home()
    anchor = home.file("anchor.pem", pki.openssl("x509", "-inform", "DER", "-in", os.path.join(
        FOLDER, "TrustAnchorRootCertificate.crt")).out)
    got = {case["sub"]: judge(home, anchor, case) for case in wanted}
    accepted = [case["sub"] for case in wanted if not case["valid"] and got[case["sub"]]]
    refused = [case["sub"] for case in wanted if case["valid"] and not got[case["sub"]]]
    equal(len(got), 249, "number of cases")
    equal(accepted, [], "bad chains that were accepted")
    true(set(refused) <= MAY_BE_REFUSED, "good chains that were refused: %s" % refused)
    # another day's judgements leave nothing behind for the next
    true(not os.path.exists(os.path.join(home.mc, "cache", "crls")), "a list was kept")


if __name__ == "__main__":
    harness.main(globals())
