# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenPGP people of the tests and what gpg does for them. Keys are made at test time."""

import fcntl
import os
import re
import shutil

import harness
from harness import Home

# name: (user id, algorithm, created, expires, passphrase)
PEOPLE = {
    "alice": ("Alice Example <alice@example.org>", "future-default", None, "never", ""),
    "bob": ("Bob Example <bob@example.org>", "future-default", None, "never", ""),
    "carol": ("Carol Example <carol@example.org>", "future-default", None, "never", ""),
    "rsa": ("Rita Rsa <rita@example.org>", "rsa3072", None, "never", ""),
    "expired": ("Ex Pired <expired@example.org>", "future-default", "20190101T000000",
                "20200101T000000", ""),
    "revoked": ("Rev Oked <revoked@example.org>", "future-default", None, "never", ""),
    "untrusted": ("Bob Example <bob@example.org>", "future-default", None, "never", ""),
    "other": ("Eve Elsewhere <eve@elsewhere.example>", "future-default", None, "never", ""),
    "unsure": ("Un Sure <unsure@example.org>", "future-default", None, "never", ""),
    "idn": ("Ida Dn <ida@b\u00fccher.example>", "future-default", None, "never", ""),
    "locked": ("Pat Locked <pat@example.org>", "future-default", None, "never", "open sesame"),
    # in nobody's keyring but the world's
    "stranger": ("Stran Ger <stranger@example.org>", "future-default", None, "never", ""),
}
UNCERTIFIED = ("untrusted", "unsure", "expired")
PASSPHRASE = "open sesame"


class Keyrings:
    """Templates: `world` holds every secret key, `alice` is what the tool works with.

    alice has her own key and the locked one as ultimate, and has certified the
    others except UNCERTIFIED; she has never seen `stranger`.
    """

    def __init__(self, path):
        self.world, self.alice, self.bob = (os.path.join(path, n) for n in ("world", "alice", "bob"))


def _generate(home, name):
    uid, algorithm, created, expires, passphrase = PEOPLE[name]
    faked = ["--faked-system-time", created] if created else []
    made = home.gpg(*faked, "--yes", "--status-fd", "1", "--passphrase", passphrase,
                    "--quick-gen-key", uid, algorithm, "default", expires)
    fingerprint = re.search(r"KEY_CREATED \w (\w+)", made.out.decode()).group(1)
    if algorithm.startswith("rsa"):
        home.gpg("--passphrase", "", "--quick-add-key", fingerprint, algorithm, "encr", "never")
    return fingerprint


def build(path):
    """Make the templates below path."""
    world = Home()
    prints = {name: _generate(world, name) for name in PEOPLE}
    homes = {"alice": ("alice", "locked"), "bob": ("bob",)}
    for owner, mine in homes.items():
        home = Home()
        _fill(home, world, prints, mine)
        _store(home, os.path.join(path, owner))
        home.close()
    _store(world, os.path.join(path, "world"))
    world.close()
    with open(os.path.join(path, "prints"), "w") as out:
        out.write("".join("%s %s\n" % item for item in prints.items()))


def _fill(home, world, prints, mine):
    others = [n for n in PEOPLE if n != "stranger"]
    public = world.gpg("--export", *(prints[n] for n in others)).out
    home.gpg("--import", input=public)
    for name in mine:
        copy_secret(world, home, prints[name])
    home.gpg("--import-ownertrust", input="".join("%s:6:\n" % prints[n] for n in mine))
    for name in others:
        if name not in mine and name not in UNCERTIFIED:
            home.gpg("--yes", "--quick-lsign-key", prints[name])
    home.gpg("--import", input=revocation(world, prints["revoked"]))
    home.gpg("--check-trustdb")


def revocation(world, fingerprint):
    with open(os.path.join(world.gnupg, "openpgp-revocs.d", fingerprint + ".rev")) as source:
        return source.read().replace(":-----BEGIN", "-----BEGIN")


def copy_secret(world, home, fingerprint):
    """Copy key files as they are, passphrase and all."""
    listing = world.gpg("--with-colons", "--with-keygrip", "--list-keys", fingerprint).out.decode()
    folder = os.path.join(home.gnupg, "private-keys-v1.d")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for grip in re.findall(r"^grp:::::::::(\w+):", listing, re.M):
        shutil.copy(os.path.join(world.gnupg, "private-keys-v1.d", grip + ".key"), folder)


def _store(home, path):
    home.stop_agents()
    shutil.copytree(home.gnupg, path, ignore=shutil.ignore_patterns("S.*", "*.lock", ".#*"))


_prints = {}


def templates():
    """The templates of this test run, made by whoever comes first."""
    path = os.path.join(harness.cache_dir(), "pgp")
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(path, "prints")):
            shutil.rmtree(path, ignore_errors=True)
            os.mkdir(path)
            build(path)
    if not _prints:
        with open(os.path.join(path, "prints")) as source:
            _prints.update(line.split() for line in source)
    return Keyrings(path)


def fpr(name):
    templates()
    return _prints[name]


_shared = {}


def shared(which):
    """A home made once per script: `world`, `alice` or `bob`. Tests leave it as it is."""
    if which not in _shared:
        _shared[which] = Home(getattr(templates(), which))
    return _shared[which]


def fresh(which="alice"):
    return Home(getattr(templates(), which))


# --- what gpg makes ---------------------------------------------------------

def sign(part, *names, digest="SHA256", when=None):
    """An armoured detached signature over these bytes."""
    options = ["--faked-system-time", when] if when else []
    for name in names:
        options += ["--local-user", fpr(name) + "!"]
    return shared("world").gpg(*options, "--digest-algo", digest, "--armor", "--detach-sign",
                               "--passphrase", PASSPHRASE, input=part).out


def encrypt(data, to=("alice",), hidden=(), signer=None, options=(), armor=True):
    """An OpenPGP message, signed too when a signer is named."""
    words = ["--trust-model", "always", *(["--armor"] if armor else []), *options]
    for name in to:
        words += ["--recipient", fpr(name)]
    for name in hidden:
        words += ["--hidden-recipient", fpr(name)]
    if signer:
        words += ["--local-user", fpr(signer) + "!", "--sign"]
    return shared("world").gpg(*words, "--encrypt", input=data).out


def status_lines(result_err):
    return re.findall(r"^\[GNUPG:\] (.*)$", result_err.decode("utf-8", "replace"), re.M)


def decrypt(home, data):
    """(plaintext, status lines) as gpg in that home sees it."""
    result = home.gpg("--status-fd", "2", "--decrypt", input=data, check=False)
    lines = status_lines(result.err)
    harness.true(any(line.startswith("DECRYPTION_OKAY") for line in lines),
                 "gpg cannot decrypt", result)
    return result.out, lines


def verify_detached(home, part, signature):
    """gpg's status lines for a detached signature."""
    data, mark = home.file("gpg-part", part), home.file("gpg-sig", signature)
    result = home.gpg("--status-fd", "2", "--verify", mark, data, check=False)
    return status_lines(result.err), result


def packets(data):
    """gpg --list-packets without decrypting: text."""
    empty = Home()
    try:
        return empty.gpg("--list-packets", "--list-only", input=data, check=False).out.decode()
    finally:
        empty.close()


def recipients_of(data):
    """Key ids of the public-key encrypted session key packets; hidden ones are zeros."""
    return re.findall(r"^:pubkey enc packet:.*keyid (\w+)", packets(data), re.M)
