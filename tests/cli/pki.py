# SPDX-License-Identifier: LGPL-2.1-or-later
"""X.509 people of the tests and what `openssl cms` does for them. Made at test time, on demand."""

import base64
import datetime
import fcntl
import hashlib
import os
import re
import shutil

import harness

SIGN_ENC = "critical,digitalSignature,keyEncipherment"
SIGN_AGREE = "critical,digitalSignature,keyAgreement"
MAIL = "emailProtection"


class Person:
    """One certificate: its key algorithm, address and what is odd about it."""

    def __init__(self, algorithm, address, issuer="ca", usage=SIGN_ENC, purpose=MAIL, days=(-2, 3650),
                 same_key=None, digest="sha256", extra="", name=None):
        self.algorithm, self.address, self.issuer = algorithm, address, issuer
        self.usage, self.purpose, self.days, self.same_key = usage, purpose, days, same_key
        self.digest, self.extra, self.name = digest, extra, name


def _ca(algorithm, issuer, name):
    return Person(algorithm, None, issuer, "critical,keyCertSign,cRLSign", None, (-2000, 5000),
                  extra="basicConstraints=critical,CA:TRUE\n", name=name)


PEOPLE = {
    "ca": _ca("rsa:2048", None, "Test Root"),
    "sub": _ca("ec:P-256", "ca", "Test Intermediate"),
    "other-ca": _ca("ec:P-256", None, "Some Other Root"),
    "alice": Person("rsa:2048", "alice@example.org"),
    "bob": Person("rsa:2048", "bob@example.org"),
    "carol": Person("rsa:2048", "carol@example.org"),
    "alice-p256": Person("ec:P-256", "alice@example.org", usage=SIGN_AGREE),
    "alice-p384": Person("ec:P-384", "alice@example.org", usage=SIGN_AGREE),
    "alice-p521": Person("ec:P-521", "alice@example.org", usage=SIGN_AGREE),
    "alice-pss": Person("pss:2048", "alice@example.org", usage="critical,digitalSignature"),
    "alice-pss384": Person("pss384:2048", "alice@example.org", usage="critical,digitalSignature"),
    "alice-pss48": Person("pss48:2048", "alice@example.org", usage="critical,digitalSignature"),
    "alice-ed": Person("ed25519", "alice@example.org", usage="critical,digitalSignature"),
    "alice-x": Person("x25519", "alice@example.org", usage="critical,keyAgreement"),
    "bob-ed": Person("ed25519", "bob@example.org", usage="critical,digitalSignature"),
    "bob-x": Person("x25519", "bob@example.org", usage="critical,keyAgreement"),
    "bob-p256": Person("ec:P-256", "bob@example.org", usage=SIGN_AGREE),
    "bob-p384": Person("ec:P-384", "bob@example.org", usage=SIGN_AGREE),
    "bob-p521": Person("ec:P-521", "bob@example.org", usage=SIGN_AGREE),
    "brian": Person("ec:brainpoolP256r1", "brian@example.org", usage=SIGN_AGREE),
    "peter": Person("ec:P-384", "peter@example.org", usage=SIGN_AGREE),
    "xenia": Person("x25519", "xenia@example.org", usage="critical,keyAgreement"),
    "alice-bp256": Person("ec:brainpoolP256r1", "alice@example.org", usage=SIGN_AGREE),
    "alice-bp384": Person("ec:brainpoolP384r1", "alice@example.org", usage=SIGN_AGREE),
    "alice-bp512": Person("ec:brainpoolP512r1", "alice@example.org", usage=SIGN_AGREE),
    "bob-bp256": Person("ec:brainpoolP256r1", "bob@example.org", usage=SIGN_AGREE),
    "bob-bp384": Person("ec:brainpoolP384r1", "bob@example.org", usage=SIGN_AGREE),
    "bob-bp512": Person("ec:brainpoolP512r1", "bob@example.org", usage=SIGN_AGREE),
    "bob-pss": Person("pss:2048", "bob@example.org", usage="critical,digitalSignature",
                      same_key="alice-pss"),
    "dave-sign": Person("ec:P-256", "dave@example.org", usage="critical,digitalSignature"),
    "dave-enc": Person("rsa:2048", "dave@example.org", usage="critical,keyEncipherment",
                       same_key="carol"),
    "bob-expired": Person("rsa:2048", "bob@example.org", days=(-800, -400), same_key="bob"),
    "bob-future": Person("rsa:2048", "bob@example.org", days=(400, 800), same_key="bob"),
    "bob-server": Person("rsa:2048", "bob@example.org", purpose="serverAuth", same_key="bob"),
    "bob-anyeku": Person("rsa:2048", "bob@example.org", purpose="anyExtendedKeyUsage", same_key="bob"),
    "bob-noeku": Person("rsa:2048", "bob@example.org", purpose=None, usage=None, same_key="bob"),
    "bob-nosign": Person("rsa:2048", "bob@example.org", usage="critical,keyEncipherment",
                         same_key="bob"),
    "bob-nonrep": Person("rsa:2048", "bob@example.org", usage="critical,nonRepudiation",
                         same_key="bob"),
    "bob-self": Person("rsa:2048", "bob@example.org", issuer=None, same_key="bob"),
    "bob-sub": Person("rsa:2048", "bob@example.org", issuer="sub", same_key="bob"),
    "bob-nomail": Person("rsa:2048", None, same_key="bob", name="Bob Without Mail"),
    "bob-upper": Person("rsa:2048", "Bob@EXAMPLE.org", same_key="bob"),
    "bob-critical": Person("rsa:2048", "bob@example.org", same_key="bob",
                           extra="1.2.3.4.5=critical,ASN1:NULL\n"),
    "bob-sha1": Person("rsa:2048", "bob@example.org", same_key="bob", digest="sha1"),
    "bob-other": Person("rsa:2048", "bob@example.org", issuer="other-ca", same_key="bob"),
    "bob-weak": Person("rsa:1024", "bob@example.org"),
    "eve": Person("rsa:2048", "eve@elsewhere.example", same_key="bob"),
    "idn": Person("rsa:2048", "ida@xn--bcher-kva.example", same_key="bob"),
    "mallory-ca": Person("rsa:2048", "bob@example.org", issuer="carol", same_key="bob"),
}

CA_CONF = """[ca]
default_ca = d
[d]
database = %(dir)s/index.txt
new_certs_dir = %(dir)s
rand_serial = yes
default_md = sha256
policy = p
unique_subject = no
[p]
commonName = supplied
emailAddress = optional
[req]
distinguished_name = dn
prompt = no
[dn]
"""


def openssl(*args, input=b"", check=True, **more):
    # nothing of the system's configuration may decide a test
    env = dict(os.environ, OPENSSL_CONF=os.path.join(folder(), "openssl.cnf"), LC_ALL="C")
    result = harness.run(["openssl", *args], input=input, env=env, **more)
    if check and result.status != 0:
        result.fail("openssl failed")
    return result


def folder():
    path = os.path.join(harness.cache_dir(), "x509")
    if not os.path.exists(os.path.join(path, "openssl.cnf")):
        os.makedirs(path, exist_ok=True)
        for name in ("index.txt", "openssl.cnf"):
            with open(os.path.join(path, name), "a") as out:
                if name == "openssl.cnf" and out.tell() == 0:
                    out.write(CA_CONF % {"dir": path})
    return path


def path_of(name, kind):
    return os.path.join(folder(), "%s.%s" % (name, kind))


def _make_key(name, algorithm):
    kind, _, size = algorithm.partition(":")
    words = {"rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:" + size],
             "pss": ["RSA-PSS", "-pkeyopt", "rsa_keygen_bits:" + size],
             "pss384": ["RSA-PSS", "-pkeyopt", "rsa_keygen_bits:" + size, "-pkeyopt",
                        "rsa_pss_keygen_md:sha384", "-pkeyopt", "rsa_pss_keygen_mgf1_md:sha384"],
             "pss48": ["RSA-PSS", "-pkeyopt", "rsa_keygen_bits:" + size, "-pkeyopt",
                       "rsa_pss_keygen_md:sha256", "-pkeyopt", "rsa_pss_keygen_mgf1_md:sha256",
                       "-pkeyopt", "rsa_pss_keygen_saltlen:48"],
             "ed25519": ["ED25519"], "x25519": ["X25519"],
             "ec": ["EC", "-pkeyopt", "ec_paramgen_curve:" + size,
                    "-pkeyopt", "ec_param_enc:named_curve"]}[kind]
    openssl("genpkey", "-algorithm", *words, "-out", path_of(name, "key"))
    os.chmod(path_of(name, "key"), 0o600)


def _extensions(person):
    lines = ["subjectKeyIdentifier=hash\n"]
    if person.issuer:
        lines.append("authorityKeyIdentifier=keyid\n")
    if "basicConstraints" not in person.extra:
        lines.append("basicConstraints=critical,CA:FALSE\n")
    if person.usage:
        lines.append("keyUsage=%s\n" % person.usage)
    if person.purpose:
        lines.append("extendedKeyUsage=%s\n" % person.purpose)
    if person.address:
        lines.append("subjectAltName=email:%s\n" % person.address)
    return "[x]\n" + "".join(lines) + person.extra


def _time(days):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return moment.strftime("%Y%m%d%H%M%SZ")


def _make(name):
    person = PEOPLE[name]
    if person.same_key:
        _need(person.same_key)
        shutil.copy(path_of(person.same_key, "key"), path_of(name, "key"))
    else:
        _make_key(name, person.algorithm)
    title = person.name or (person.address or name).split("@")[0].capitalize() + " Example"
    with open(path_of(name, "ext"), "w") as out:
        out.write(_extensions(person))
    if person.algorithm == "x25519":
        _certify_agreement(name, title)
        return
    openssl("req", "-utf8", "-new", "-key", path_of(name, "key"), "-subj", "/CN=%s" % title,
            "-out", path_of(name, "csr"))
    if person.issuer:
        _need(person.issuer)
        who = ["-cert", path_of(person.issuer, "crt"), "-keyfile", path_of(person.issuer, "key")]
    else:
        who = ["-selfsign", "-keyfile", path_of(name, "key")]
    openssl("ca", "-batch", "-notext", "-config", os.path.join(folder(), "openssl.cnf"), *who,
            "-md", person.digest, "-startdate", _time(person.days[0]), "-enddate", _time(person.days[1]),
            "-extfile", path_of(name, "ext"), "-extensions", "x", "-in", path_of(name, "csr"),
            "-out", path_of(name, "new"))
    os.rename(path_of(name, "new"), path_of(name, "crt"))


def _certify_agreement(name, title):
    """A key that cannot sign its own request: the authority's signs one, and the key is put in."""
    issuer = PEOPLE[name].issuer
    _need(issuer)
    openssl("pkey", "-in", path_of(name, "key"), "-pubout", "-out", path_of(name, "pub"))
    openssl("req", "-new", "-key", path_of(issuer, "key"), "-subj", "/CN=%s" % title,
            "-out", path_of(name, "csr"))
    openssl("x509", "-req", "-in", path_of(name, "csr"), "-force_pubkey", path_of(name, "pub"),
            "-CA", path_of(issuer, "crt"), "-CAkey", path_of(issuer, "key"), "-days", "365",
            "-set_serial", "0x%s" % os.urandom(8).hex(), "-extfile", path_of(name, "ext"), "-extensions", "x",
            "-out", path_of(name, "new"))
    os.rename(path_of(name, "new"), path_of(name, "crt"))


def _need(name):
    if not os.path.exists(path_of(name, "crt")):
        _make(name)


def get(name):
    """Make sure of this person's files; returns the path of the certificate."""
    if not os.path.exists(path_of(name, "crt")):
        with open(os.path.join(folder(), "lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _need(name)
    return path_of(name, "crt")


def key(name):
    get(name)
    return path_of(name, "key")


def der(name):
    return openssl("x509", "-in", get(name), "-outform", "DER").out


def fpr(name):
    """How the tool names a certificate: the SHA-256 of its DER, upper-case hex."""
    return hashlib.sha256(der(name)).hexdigest().upper()


def p12(name, password="", chain=("ca",), options=()):
    """A PKCS#12 file as bytes."""
    more = []
    if chain:
        bundle = path_of(name, "chain")
        with open(bundle, "w") as out:
            for one in chain:
                with open(get(one)) as source:
                    out.write(source.read())
        more = ["-certfile", bundle]
    return openssl("pkcs12", "-export", "-in", get(name), "-inkey", key(name), *more, "-name", name,
                   "-passout", "pass:" + password, *options).out


# What readers of a former time take.
P12_OLD = ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")


def give_gpgsm_key(home, name, password, options=P12_OLD):
    """Has gpgsm import key and certificate. On about one PKCS#12 file in thirty it fails, by the
    file's random octets, and does so again: then it gets another one."""
    for _ in range(6):
        path = home.file(name + ".p12", p12(name, password, options=options))
        result = harness.run(["gpgsm", "--batch", "--quiet", "--disable-dirmngr", "--pinentry-mode", "loopback",
                              "--passphrase-fd", "0", "--import", path],
                             input=password.encode() + b"\n", env=home.env())
        if result.status == 0:
            return
    result.fail("gpgsm takes no PKCS#12 file")


def crowd(count):
    """PEM of so many certificates, person 0 to count - 1, that differ in name and address only:
    one that is true, its octets exchanged. No signature of them holds but the first's."""
    key = path_of("crowd", "key")
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    first = openssl("req", "-x509", "-key", key, "-subj", "/CN=Person 00000", "-days", "30", "-addext",
                    "subjectAltName=email:p00000@example.org", "-outform", "DER").out
    frame = b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n"
    return b"".join(frame % base64.encodebytes(first.replace(b"Person 00000", b"Person %05d" % number)
                                               .replace(b"p00000@", b"p%05d@" % number))
                    for number in range(count))


# --- homes ------------------------------------------------------------------

def give_key(home, name, password="secret", new="", chain=()):
    """Import somebody's PKCS#12 as the own key of this home, kept without a passphrase."""
    path = home.file(name + ".p12", p12(name, password, chain))
    return home.ok("keys", "import", "--passphrase-fd", harness.Fd(password + "\n"),
                   "--new-passphrase-fd", harness.Fd(new + "\n"), path)


def give_certificates(home, *names):
    return home.ok("keys", "import", *(get(name) for name in names))


def give_anchor(home, name="ca"):
    home.ok("keys", "import", get(name))
    return home.ok("keys", "trust", fpr(name), "--anchor")


_shared = {}


def shared(name="alice", peers=("bob", "carol")):
    """A home made once per script: own key, peers' certificates, the root as anchor."""
    if (name, peers) not in _shared:
        home = _shared[name, peers] = fresh(name, peers)
        # what one test reads must not decide what another one writes
        with open(os.path.join(home.mc, "config"), "w") as out:
            out.write("[general]\nkey-history = no\n[smime]\nharvest = no\n")
    return _shared[name, peers]


def fresh(name="alice", peers=("bob", "carol")):
    home = harness.Home()
    give_anchor(home)
    give_key(home, name)
    if peers:
        give_certificates(home, *peers)
    return home


# --- what openssl makes and reads -------------------------------------------

PSS = ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"]
OAEP = ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]


def sign(data, *names, digest="sha256", opaque=False, options=(), certs=()):
    """A CMS SignedData in DER over exactly these bytes."""
    words = [o for o in options if o == "-nocerts"]
    per_signer = [o for o in options if o != "-nocerts"]
    for name in names:
        words += ["-signer", get(name), "-inkey", key(name), *per_signer]
        if PEOPLE[name].algorithm.startswith("pss"):
            words += PSS
    for name in certs:
        words += ["-certfile", get(name)]
    if opaque:
        words.append("-nodetach")
    return openssl("cms", "-sign", "-binary", "-outform", "DER", "-md", digest, *words, input=data).out


def sign_as(data, name, digest, options):
    """A detached SignedData with these options for the key alone."""
    return openssl("cms", "-sign", "-binary", "-outform", "DER", "-md", digest, "-signer", get(name),
                   "-inkey", key(name), *options, input=data).out


def encrypt(data, *names, cipher="aes-256-cbc", options=()):
    """A CMS EnvelopedData or AuthEnvelopedData in DER; options follow each recipient."""
    words = []
    for name in names:
        words += ["-recip", get(name), *options]
    return openssl("cms", "-encrypt", "-binary", "-outform", "DER", "-" + cipher, *words, input=data).out


def decrypt(mail, name, home, inform="SMIME", check=True):
    """The entity inside an encrypted mail, as openssl sees it."""
    path = home.file("openssl-in", mail)
    return openssl("cms", "-decrypt", "-inform", inform, "-in", path, "-recip", get(name),
                   "-inkey", key(name), check=check)


def verify(mail, home, anchor="ca", inform="SMIME", check=True, options=()):
    """openssl's verdict about a signed mail; out is the content."""
    path = home.file("openssl-in", mail)
    return openssl("cms", "-verify", "-inform", inform, "-in", path, "-CAfile", get(anchor),
                   *options, check=check)


def structure(mail, home, inform="SMIME"):
    """openssl's print of the CMS object in a mail."""
    path = home.file("openssl-in", mail)
    return openssl("cms", "-cmsout", "-print", "-noout", "-inform", inform, "-in", path).out.decode(
        "utf-8", "replace")


def outer_type(text):
    return re.search(r"contentType: (\S+)", text).group(1)
