# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user's keyring for the tests: gnome-keyring on a bus of its own, and libsecret's file store."""

import os
import subprocess
import time

import harness

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
SERVICE = "org.freedesktop.secrets"
PASSWORD = "password of the keyring"
PATIENCE = 30


def stop(process):
    if process is None or process.poll() is not None:
        return
    process.kill()
    process.wait()


class Bus:
    """A session bus that starts nothing by itself; with `keyring`, gnome-keyring on it."""

    count = 0

    def __init__(self, home, keyring=True):
        harness.need_program("dbus-daemon", "dbus-send", "dbus-monitor", "gnome-keyring-daemon", "secret-tool")
        self.home, self.daemon = home, None
        Bus.count += 1
        self.folder = os.path.join(home.path, "bus%d" % Bus.count)
        os.mkdir(self.folder, 0o700)
        self.address = "unix:path=" + os.path.join(self.folder, "s")
        config = os.path.join(self.folder, "config")
        with open(config, "w") as out:
            out.write(BUS % os.path.join(self.folder, "s"))
        self.bus = subprocess.Popen(["dbus-daemon", "--config-file=" + config, "--nofork", "--nopidfile",
                                     "--print-address"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                    env=self.env())
        self.bus.stdout.readline()
        if keyring:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        stop(self.daemon)
        stop(self.bus)
        self.bus.stdout.close()

    def env(self, **changes):
        env = self.home.env(XDG_RUNTIME_DIR=self.folder, XDG_DATA_HOME=os.path.join(self.folder, "data"),
                            XDG_CONFIG_HOME=os.path.join(self.folder, "config.d"),
                            XDG_CACHE_HOME=os.path.join(self.folder, "cache"), DBUS_SESSION_BUS_ADDRESS=self.address)
        # of the programs of the other side, only our own is to end on a warning
        env.pop("G_DEBUG", None)
        env.update(changes)
        return env

    def start(self, locked=False):
        """gnome-keyring, its keyring open or not; a locked one must have been there before."""
        how = ["--start"] if locked else ["--unlock"]
        self.daemon = subprocess.Popen(["gnome-keyring-daemon", "--foreground", "--components=secrets",
                                        "--control-directory=" + os.path.join(self.folder, "c"), *how],
                                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env=self.env())
        self.daemon.stdin.write(b"" if locked else PASSWORD.encode())
        self.daemon.stdin.close()
        end = time.monotonic() + PATIENCE
        while not self.has_service():
            harness.true(time.monotonic() < end, "gnome-keyring did not start")
            time.sleep(0.05)

    def lock(self):
        """As after a new login: it runs, and nobody has opened it yet."""
        stop(self.daemon)
        self.start(locked=True)

    def send(self, *words):
        return harness.run(["dbus-send", "--print-reply", *words], env=self.env())

    def has_service(self):
        reply = self.send("--dest=org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
                          "string:" + SERVICE)
        return b"boolean true" in reply.out

    def run(self, *args, env=None, **more):
        """The tool with this keyring."""
        changes = {k: v for k, v in self.env().items() if k.startswith(("DBUS_", "XDG_"))}
        changes.update(env or {})
        return self.home.run(*args, env=changes, **more)

    def tool(self, *args, **more):
        """secret-tool, for what is stored."""
        return harness.run(["secret-tool", *args], env=self.env(), **more)

    def stored(self, fingerprint):
        """The passphrase kept for this certificate; None when there is none."""
        found = self.tool("lookup", "application", "mailcrypt", "fingerprint", fingerprint.lower())
        return found.out.decode() if found.status == 0 else None

    def put(self, fingerprint, passphrase):
        done = self.tool("store", "--label=by hand", "application", "mailcrypt", "fingerprint", fingerprint.lower(),
                         input=passphrase)
        if done.status != 0:
            done.fail("secret-tool failed")


def file_store(home, password="password of the file"):
    """Environment that makes libsecret keep everything in one file."""
    # libsecret itself loses the tag of the file
    options = home.env()["ASAN_OPTIONS"] + ":detect_leaks=0"
    return {"SECRET_BACKEND": "file", "SECRET_FILE_TEST_PATH": os.path.join(home.path, "secrets"),
            "SECRET_FILE_TEST_PASSWORD": password, "ASAN_OPTIONS": options}
