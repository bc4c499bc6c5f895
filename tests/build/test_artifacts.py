# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the build makes: the tool's form, the library's symbols, hardening."""
import glob
import os
import re
import subprocess

TOOL = os.environ["MAILCRYPT"]
LIBDIR = os.path.join(os.environ["MAILCRYPT_BUILDDIR"], "src/libmailcrypt/.libs")
LIBRARY = os.path.join(LIBDIR, "libmailcrypt.so.0")


def run(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def objects():
    return [TOOL] + [f for f in glob.glob(LIBDIR + "/*.so*") if not os.path.islink(f)]


def test_tool_is_an_elf_binary():
    with open(TOOL, "rb") as f:
        assert f.read(4) == b"\x7fELF"


def test_tool_runs_uninstalled():
    assert re.fullmatch(r"mailcrypt \d+\.\d+\.\d+\n.*", run(TOOL, "--version"), re.S)


def test_library_soname():
    assert "[libmailcrypt.so.0]" in run("readelf", "-d", LIBRARY)


def test_library_exports_only_its_own_names():
    for line in run("nm", "-D", "--defined-only", LIBRARY).splitlines():
        kind, name = line.split()[-2:]
        if kind == "A":  # the version nodes themselves
            continue
        assert re.fullmatch(
            r"mc_\w+@@LIBMAILCRYPT_0|_mc_\w+@@LIBMAILCRYPT_PRIVATE", name), line


def test_everything_is_position_independent():
    for path in objects():
        assert re.search(r"Type:\s+DYN", run("readelf", "-h", path)), path


def test_relocations_are_read_only_and_bound_at_start():
    for path in objects():
        assert "GNU_RELRO" in run("readelf", "-lW", path), path
        assert re.search(r"\bBIND_NOW\b|\bNOW\b", run("readelf", "-d", path)), path


def test_stack_is_not_executable():
    for path in objects():
        assert re.search(r"GNU_STACK.*\bRW\s", run("readelf", "-lW", path)), path


def test_a_plain_start_needs_no_crypto_library():
    for path in (TOOL, LIBRARY):
        needed = run("readelf", "-d", path)
        assert "libcrypto" not in needed and "libsecret" not in needed, path


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, function) in enumerate(tests, 1):
        try:
            function()
            verdict = "ok"
        except Exception as error:
            print("#", repr(error).replace("\n", "\n# "))
            verdict, failed = "not ok", failed + 1
        print(verdict, number, "-", name[5:].replace("_", " "), flush=True)
    raise SystemExit(1 if failed else 0)


main()
