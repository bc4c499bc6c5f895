/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chains: anchors, pins, purposes, time, revocation; every reason is told. */
#include "config.h"

#include "smime-lab.h"

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <string.h>

static void
sign (const char *name, const char *options)
{
  lab_run ("openssl cms -sign -binary -in message -signer %s.crt -inkey %s.key %s -outform DER"
           " -out s.der", name, name, options);
}

static McLayer *
verify_as (Desk *desk, const char *name)
{
  sign (name, "-certfile int.crt");
  McLayer *layer = desk_verify (desk, "message", "s.der");
  CU_ASSERT_EQUAL (only_signer (layer)->content, MC_CONTENT_INTACT);
  return layer;
}

static void
pin (Desk *desk, const char *name, const char *address, McPin what)
{
  McStore *store = NULL;
  g_autofree char *fingerprint = lab_fingerprint (name);
  CU_ASSERT_TRUE_FATAL (_mc_context_get_store (desk->context, TRUE, &store, NULL));
  CU_ASSERT_TRUE_FATAL (_mc_store_set_pin (store, MC_PROTOCOL_SMIME, fingerprint, address, what, NULL));
}

static void
add_file (void (*add) (McContext *, const char *), Desk *desk, const char *name)
{
  g_autofree char *path = lab_path (name);
  add (desk->context, path);
}

static void
test_anchors (void)
{
  g_autoptr (Desk) none = desk_new ();
  g_autoptr (McLayer) nothing = verify_as (none, "alice");
  CU_ASSERT_FALSE (is_trusted (only_signer (nothing)));
  CU_ASSERT_TRUE (only_signer (nothing)->chain_failed);
  CU_ASSERT_TRUE (has_reason (only_signer (nothing)->reasons, "no-chain"));

  /* A root in the message or the store is only a certificate. */
  desk_import (none, "root.crt");
  lab_run ("cat int.crt root.crt >both.crt");
  sign ("alice", "-certfile both.crt");
  g_autoptr (McLayer) untrusted = desk_verify (none, "message", "s.der");
  CU_ASSERT_FALSE (is_trusted (only_signer (untrusted)));
  CU_ASSERT_TRUE (has_reason (only_signer (untrusted)->reasons, "untrusted-root"));

  pin (none, "root", "", MC_PIN_ANCHOR);
  g_autoptr (McLayer) pinned = verify_as (none, "alice");
  CU_ASSERT_TRUE (is_trusted (only_signer (pinned)));
  CU_ASSERT_FALSE (only_signer (pinned)->chain_failed);

  /* Anchors that the caller names replace it. */
  add_file (mc_context_add_trust_anchor, none, "other.crt");
  g_autoptr (McLayer) replaced = verify_as (none, "alice");
  CU_ASSERT_FALSE (is_trusted (only_signer (replaced)));
}

/* An intermediate authority as the anchor, and issuers out of the store. */
static void
test_partial_chains (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_import (desk, "int.crt");
  pin (desk, "int", "", MC_PIN_ANCHOR);
  sign ("alice", "");
  g_autoptr (McLayer) partial = desk_verify (desk, "message", "s.der");
  CU_ASSERT_TRUE (is_trusted (only_signer (partial)));

  g_autoptr (Desk) stored = desk_new ();
  desk_import (stored, "int.crt");
  add_file (mc_context_add_trust_anchor, stored, "root.crt");
  g_autoptr (McLayer) found = desk_verify (stored, "message", "s.der");
  CU_ASSERT_TRUE (is_trusted (only_signer (found)));
}

static void
test_pins (void)
{
  g_autoptr (Desk) desk = desk_new ();
  g_autoptr (McLayer) before = verify_as (desk, "eve");
  CU_ASSERT_FALSE (is_trusted (only_signer (before)));
  CU_ASSERT_TRUE (has_reason (only_signer (before)->reasons, "self-signed"));

  pin (desk, "eve", "eve@example.org", MC_PIN_TRUSTED);
  g_autoptr (McLayer) after = verify_as (desk, "eve");
  CU_ASSERT_TRUE (is_trusted (only_signer (after)));
  CU_ASSERT_FALSE (only_signer (after)->chain_failed);
  CU_ASSERT_EQUAL (only_signer (after)->reasons->len, 0);

  /* For another address only: that one, and not its own. */
  g_autoptr (Desk) other = desk_new ();
  pin (other, "eve", "boss@example.org", MC_PIN_TRUSTED);
  g_autoptr (McLayer) bound = verify_as (other, "eve");
  const McSigner *signer = only_signer (bound);
  CU_ASSERT_EQUAL_FATAL (signer->identities->len, 2);
  CU_ASSERT_FALSE (is_trusted (signer));
  CU_ASSERT_EQUAL (((McIdentity *) signer->identities->pdata[1])->trust, MC_TRUST_TRUSTED);

  /* A pin answers who it is, not what the certificate is for or how long. */
  pin (desk, "server", "server@example.org", MC_PIN_TRUSTED);
  g_autoptr (McLayer) server = verify_as (desk, "server");
  CU_ASSERT_TRUE (only_signer (server)->unfit);
  desk_travel (desk, 500);
  g_autoptr (McLayer) expired = verify_as (desk, "eve");
  CU_ASSERT_EQUAL (only_signer (expired)->validity, MC_VALIDITY_EXPIRED);
}

static void
test_distrust (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  pin (desk, "alice", "", MC_PIN_DISTRUSTED);
  g_autoptr (McLayer) alice = verify_as (desk, "alice");
  CU_ASSERT_FALSE (is_trusted (only_signer (alice)));
  CU_ASSERT_TRUE (only_signer (alice)->chain_failed);
  g_autoptr (McLayer) other = verify_as (desk, "p256");
  CU_ASSERT_TRUE (is_trusted (only_signer (other)));

  pin (desk, "int", "", MC_PIN_DISTRUSTED);
  g_autoptr (McLayer) issued = verify_as (desk, "p256");
  CU_ASSERT_FALSE (is_trusted (only_signer (issued)));
  CU_ASSERT_TRUE (has_reason (only_signer (issued)->reasons, "distrusted-issuer"));
}

static void
test_purposes (void)
{
  static const struct {
    const char *name;
    gboolean signs, encrypts;
  } cases[] = {
    { "alice", TRUE, TRUE },   { "p256", TRUE, TRUE },     { "any", TRUE, FALSE },
    { "nonrep", TRUE, FALSE }, { "agree", FALSE, TRUE },   { "encipher", FALSE, FALSE },
    { "server", FALSE, FALSE }, { "pss", TRUE, FALSE },    { "dcrypt", FALSE, TRUE },
    { "ed", TRUE, FALSE },
  };
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *file = g_strconcat (cases[i].name, ".crt", NULL);
    desk_import (desk, file);
    g_autoptr (McKey) signing = desk_find_certificate (desk, cases[i].name, MC_KEY_CAN_SIGN);
    g_autoptr (McKey) encrypting = desk_find_certificate (desk, cases[i].name, MC_KEY_CAN_ENCRYPT);
    CU_ASSERT_EQUAL ((signing->use & MC_KEY_CAN_SIGN) != 0, cases[i].signs);
    CU_ASSERT_EQUAL ((signing->use & MC_KEY_CAN_ENCRYPT) != 0, cases[i].encrypts);
    gboolean unfit_to_sign = has_reason (signing->reasons, "wrong-purpose")
                             || has_reason (signing->reasons, "unsupported-algorithm");
    gboolean unfit_to_encrypt = has_reason (encrypting->reasons, "wrong-purpose")
                                || has_reason (encrypting->reasons, "unsupported-algorithm");
    CU_ASSERT_EQUAL (unfit_to_sign, !cases[i].signs);
    CU_ASSERT_EQUAL (unfit_to_encrypt, !cases[i].encrypts);
    CU_ASSERT_TRUE (mc_key_get_address_trusted (signing, 0));
  }
}

static void
test_time (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  g_autoptr (McLayer) now = verify_as (desk, "alice");
  CU_ASSERT_EQUAL (only_signer (now)->validity, MC_VALIDITY_VALID);

  desk_travel (desk, 400);   /* the certificate has 365 days, its issuers have more */
  g_autoptr (McLayer) since = verify_as (desk, "alice");
  CU_ASSERT_EQUAL (only_signer (since)->validity, MC_VALIDITY_EXPIRED);
  CU_ASSERT_TRUE (has_reason (only_signer (since)->reasons, "expired-since"));
  CU_ASSERT_FALSE (only_signer (since)->chain_failed);

  sign ("alice", "-noattr");
  g_autoptr (McLayer) expired = desk_verify (desk, "message", "s.der");
  CU_ASSERT_TRUE (has_reason (only_signer (expired)->reasons, "expired"));
  CU_ASSERT_FALSE (has_reason (only_signer (expired)->reasons, "expired-since"));

  desk_travel (desk, -10);
  g_autoptr (McLayer) early = verify_as (desk, "alice");
  CU_ASSERT_EQUAL (only_signer (early)->validity, MC_VALIDITY_NOT_YET);
  CU_ASSERT_TRUE (has_reason (only_signer (early)->reasons, "not-yet-valid"));

  desk_travel (desk, 3000);   /* and the intermediate authority's too */
  g_autoptr (McLayer) late = verify_as (desk, "alice");
  CU_ASSERT_TRUE (only_signer (late)->chain_failed);
}

static void
test_weak (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  g_autoptr (McLayer) key = verify_as (desk, "weak");
  CU_ASSERT_TRUE (only_signer (key)->weak);
  CU_ASSERT_TRUE (has_reason (only_signer (key)->reasons, "weak-key"));
  g_autoptr (McLayer) chain = verify_as (desk, "old");
  CU_ASSERT_TRUE (only_signer (chain)->weak);
  CU_ASSERT_TRUE (has_reason (only_signer (chain)->reasons, "weak-chain"));
  /* Weakness is told beside a missing chain, not instead of it. */
  g_autoptr (Desk) none = desk_new ();
  g_autoptr (McLayer) both = verify_as (none, "weak");
  CU_ASSERT_FALSE (is_trusted (only_signer (both)));
  CU_ASSERT_TRUE (only_signer (both)->chain_failed);
  CU_ASSERT_TRUE (has_reason (only_signer (both)->reasons, "weak-key"));
  CU_ASSERT_TRUE (has_reason (only_signer (both)->reasons, "no-chain"));
  desk_travel (none, 4000);
  g_autoptr (McLayer) late = verify_as (none, "weak");
  CU_ASSERT_FALSE (is_trusted (only_signer (late)));

  desk_import (desk, "weak.crt");
  g_autoptr (McKey) found = desk_find_certificate (desk, "weak", MC_KEY_CAN_ENCRYPT);
  CU_ASSERT_TRUE (found->weak);
}

static void
test_revocation (void)
{
  g_autoptr (Desk) soft = desk_new ();
  desk_trust_root (soft);
  g_autoptr (McLayer) unknown = verify_as (soft, "nonrep");
  CU_ASSERT_TRUE (is_trusted (only_signer (unknown)));
  CU_ASSERT_TRUE (has_reason (only_signer (unknown)->reasons, "revocation-unknown"));

  mc_context_set_revocation (soft->context, MC_REVOCATION_HARD);
  g_autoptr (McLayer) hard = verify_as (soft, "p256");
  CU_ASSERT_FALSE (is_trusted (only_signer (hard)));
  CU_ASSERT_TRUE (has_reason (only_signer (hard)->reasons, "crl-missing"));

  add_file (mc_context_add_crl, soft, "int.crl");
  add_file (mc_context_add_crl, soft, "root.crl");
  g_autoptr (McLayer) good = verify_as (soft, "p256");
  CU_ASSERT_TRUE (is_trusted (only_signer (good)));
  CU_ASSERT_EQUAL (only_signer (good)->reasons->len, 0);
  g_autoptr (McLayer) revoked = verify_as (soft, "nonrep");
  CU_ASSERT_EQUAL (only_signer (revoked)->validity, MC_VALIDITY_REVOKED);
  CU_ASSERT_TRUE (has_reason (only_signer (revoked)->reasons, "revoked"));
  CU_ASSERT_FALSE (is_trusted (only_signer (revoked)));

  mc_context_set_revocation (soft->context, MC_REVOCATION_OFF);
  g_autoptr (McLayer) off = verify_as (soft, "nonrep");
  CU_ASSERT_EQUAL (only_signer (off)->validity, MC_VALIDITY_VALID);
  CU_ASSERT_EQUAL (only_signer (off)->reasons->len, 0);

  /* One list of two: soft says so, hard refuses. */
  g_autoptr (Desk) partly = desk_new ();
  desk_trust_root (partly);
  add_file (mc_context_add_crl, partly, "int.crl");
  g_autoptr (McLayer) some = verify_as (partly, "p256");
  CU_ASSERT_TRUE (is_trusted (only_signer (some)));
  CU_ASSERT_TRUE (has_reason (only_signer (some)->reasons, "revocation-unknown"));
  g_autoptr (McLayer) still = verify_as (partly, "nonrep");
  CU_ASSERT_EQUAL (only_signer (still)->validity, MC_VALIDITY_REVOKED);

  /* A stale list. */
  desk_travel (soft, 60);
  mc_context_set_revocation (soft->context, MC_REVOCATION_HARD);
  g_autoptr (McLayer) stale = verify_as (soft, "p256");
  CU_ASSERT_FALSE (is_trusted (only_signer (stale)));
  CU_ASSERT_TRUE (has_reason (only_signer (stale)->reasons, "crl-expired"));
}

/* "forged.crl": under the intermediate authority's name, later than its own list, "p256"
 * in it and "nonrep" not. "true.crl": its own. */
static void
make_lists (void)
{
  lab_run ("openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out fake.key"
           " && openssl req -x509 -new -key fake.key -subj '/O=Test/CN=Test Intermediate'"
           " -addext keyUsage=keyCertSign,cRLSign -days 30 -out fake.crt");
  lab_run ("sed s/int/fake/ int.cnf >fake.cnf && : >fake.db && echo 01 >fake.num"
           " && openssl ca -config fake.cnf -cert fake.crt -keyfile fake.key -revoke p256.crt"
           " 2>fake.log && openssl ca -config fake.cnf -cert fake.crt -keyfile fake.key -gencrl"
           " -crldays 20 -out forged.crl 2>fake.log");
  lab_run ("openssl ca -config int.cnf -cert int.crt -keyfile int.key -gencrl -out true.crl"
           " -crl_lastupdate $(date -u -d yesterday +%%Y%%m%%d%%H%%M%%SZ)"
           " -crl_nextupdate $(date -u -d 'now + 20 days' +%%Y%%m%%d%%H%%M%%SZ) 2>true.log");
}

/* Puts the list into the signature "s.der". */
static void
enclose_list (const char *name)
{
  g_autofree char *list_path = lab_path (name);
  g_autofree char *path = lab_path ("s.der");
  BIO *in = BIO_new_file (path, "r"), *list = BIO_new_file (list_path, "r");
  CMS_ContentInfo *cms = d2i_CMS_bio (in, NULL);
  X509_CRL *crl = PEM_read_bio_X509_CRL (list, NULL, NULL, NULL);
  BIO_free (in);
  BIO_free (list);
  CU_ASSERT_EQUAL_FATAL (CMS_add0_crl (cms, crl), 1);
  BIO *out = BIO_new_file (path, "w");
  CU_ASSERT_EQUAL_FATAL (i2d_CMS_bio (out, cms), 1);
  BIO_free (out);
  CMS_ContentInfo_free (cms);
}

static McLayer *
verify_with_list (Desk *desk, const char *name, const char *list)
{
  lab_run ("cat int.crt fake.crt >both.crt");
  sign (name, "-certfile both.crt");
  enclose_list (list);
  McLayer *layer = desk_verify (desk, "message", "s.der");
  CU_ASSERT_EQUAL (only_signer (layer)->content, MC_CONTENT_INTACT);
  return layer;
}

/* Lists in a message count when their issuer signed them, and never before the caller's. */
static void
test_enclosed_lists (void)
{
  make_lists ();
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  g_autoptr (McLayer) invented = verify_with_list (desk, "p256", "forged.crl");
  CU_ASSERT_TRUE (is_trusted (only_signer (invented)));
  CU_ASSERT_TRUE (has_reason (only_signer (invented)->reasons, "revocation-unknown"));
  g_autoptr (McLayer) revoked = verify_with_list (desk, "nonrep", "true.crl");
  CU_ASSERT_EQUAL (only_signer (revoked)->validity, MC_VALIDITY_REVOKED);

  add_file (mc_context_add_crl, desk, "true.crl");
  g_autoptr (McLayer) hidden = verify_with_list (desk, "nonrep", "forged.crl");
  CU_ASSERT_EQUAL (only_signer (hidden)->validity, MC_VALIDITY_REVOKED);
  CU_ASSERT_TRUE (only_signer (hidden)->chain_failed);

  /* The caller's own, before "nonrep" was revoked: it stays. */
  lab_run (": >empty.db && sed s/int.db/empty.db/ int.cnf >empty.cnf && openssl ca -config empty.cnf"
           " -cert int.crt -keyfile int.key -gencrl -crldays 20 -out empty.crl 2>empty.log");
  g_autoptr (Desk) other = desk_new ();
  desk_trust_root (other);
  add_file (mc_context_add_crl, other, "empty.crl");
  g_autoptr (McLayer) kept = verify_with_list (other, "nonrep", "true.crl");
  CU_ASSERT_EQUAL (only_signer (kept)->validity, MC_VALIDITY_VALID);
}

/* A list that its issuer did not sign: what is in it does not count, that it is there does. */
static void
test_forged_list (void)
{
  make_lists ();
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  add_file (mc_context_add_crl, desk, "forged.crl");
  g_autoptr (McLayer) alone = verify_as (desk, "p256");
  CU_ASSERT_EQUAL (only_signer (alone)->validity, MC_VALIDITY_VALID);
  CU_ASSERT_TRUE (only_signer (alone)->chain_failed);
  CU_ASSERT_TRUE (has_reason (only_signer (alone)->reasons, "crl-invalid"));
  CU_ASSERT_FALSE (has_reason (only_signer (alone)->reasons, "revoked"));

  add_file (mc_context_add_crl, desk, "true.crl");
  g_autoptr (McLayer) good = verify_as (desk, "p256");
  CU_ASSERT_TRUE (is_trusted (only_signer (good)));
  g_autoptr (McLayer) revoked = verify_as (desk, "nonrep");
  CU_ASSERT_EQUAL (only_signer (revoked)->validity, MC_VALIDITY_REVOKED);
}

static guint
count_kept (Desk *desk)
{
  guint count = 0;
  g_autofree char *path = g_build_filename (desk->home, "crls", NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  while (folder != NULL && g_dir_read_name (folder) != NULL)
    count++;
  return count;
}

/* Lists that came with good messages are there for later ones. */
static void
test_kept_lists (void)
{
  make_lists ();
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  mc_settings_set_folder (desk->settings, MC_FOLDER_CACHE, desk->home);
  g_autoptr (McLayer) forged = verify_with_list (desk, "p256", "forged.crl");
  CU_ASSERT_TRUE (is_trusted (only_signer (forged)));
  CU_ASSERT_EQUAL (count_kept (desk), 0);

  /* of a message that does not hold nothing is kept */
  g_autoptr (McLayer) revoked = verify_with_list (desk, "nonrep", "true.crl");
  CU_ASSERT_EQUAL (only_signer (revoked)->validity, MC_VALIDITY_REVOKED);
  CU_ASSERT_EQUAL (count_kept (desk), 0);
  lab_run ("cp message altered && echo more >>altered");
  g_autoptr (McLayer) altered = desk_verify (desk, "altered", "s.der");
  CU_ASSERT_EQUAL (only_signer (altered)->content, MC_CONTENT_ALTERED);
  CU_ASSERT_EQUAL (count_kept (desk), 0);

  g_autoptr (McLayer) good = verify_with_list (desk, "p256", "true.crl");
  CU_ASSERT_TRUE (is_trusted (only_signer (good)));
  CU_ASSERT_EQUAL (count_kept (desk), 1);
  g_autoptr (McLayer) later = verify_as (desk, "nonrep");
  CU_ASSERT_EQUAL (only_signer (later)->validity, MC_VALIDITY_REVOKED);

  /* judged at another time, nothing is added */
  g_autoptr (Desk) traveller = desk_new ();
  desk_trust_root (traveller);
  mc_settings_set_folder (traveller->settings, MC_FOLDER_CACHE, traveller->home);
  desk_travel (traveller, 1);
  g_autoptr (McLayer) tomorrow = verify_with_list (traveller, "p256", "true.crl");
  CU_ASSERT_TRUE (is_trusted (only_signer (tomorrow)));
  CU_ASSERT_EQUAL (count_kept (traveller), 0);
}

/* NAME.crt for the key of "p256", issued by a new authority of that extended usage. */
static void
issue_under (const char *name, const char *usage)
{
  lab_run ("printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n%s' >%s-ca.ext"
           " && openssl req -new -key other.key -subj '/CN=%s authority' -out %s-ca.csr"
           " && openssl x509 -req -in %s-ca.csr -CA root.crt -CAkey root.key -CAcreateserial"
           " -extfile %s-ca.ext -days 100 -out %s-ca.crt 2>issue.log",
           usage, name, name, name, name, name, name);
  lab_run ("cp p256.key %s.key && openssl x509 -req -in p256.csr -CA %s-ca.crt -CAkey other.key"
           " -CAcreateserial -extfile p256.ext -days 50 -out %s.crt 2>issue.log", name, name, name);
}

/* An authority hands on no purpose that it does not have itself. */
static void
test_issuer_purposes (void)
{
  static const struct {
    const char *name, *usage;
    gboolean fits;
  } cases[] = {
    { "under-none", "", TRUE },
    { "under-mail", "extendedKeyUsage=emailProtection,clientAuth\n", TRUE },
    { "under-any", "extendedKeyUsage=anyExtendedKeyUsage\n", TRUE },
    { "under-server", "extendedKeyUsage=serverAuth\n", FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Desk) desk = desk_new ();
    g_autofree char *options = g_strdup_printf ("-certfile %s-ca.crt", cases[i].name);
    desk_trust_root (desk);
    issue_under (cases[i].name, cases[i].usage);
    sign (cases[i].name, options);
    g_autoptr (McLayer) layer = desk_verify (desk, "message", "s.der");
    const McSigner *signer = only_signer (layer);
    CU_ASSERT_EQUAL (signer->content, MC_CONTENT_INTACT);
    CU_ASSERT_EQUAL (is_trusted (signer), cases[i].fits);
    CU_ASSERT_EQUAL (signer->chain_failed, !cases[i].fits);
    CU_ASSERT_EQUAL (has_reason (signer->reasons, "wrong-purpose"), !cases[i].fits);
  }
}

/* Mailboxes that an authority may not certify; OpenSSL alone heeds the case. */
static void
test_name_constraints (void)
{
  static const struct {
    const char *name, *constraints;
    gboolean fits;
  } cases[] = {
    { "nc-free", "nameConstraints=permitted;email:example.org\n", TRUE },
    { "nc-host", "nameConstraints=permitted;email:example.com\n", FALSE },
    { "nc-below", "nameConstraints=permitted;email:.example.org\n", FALSE },
    { "nc-case", "nameConstraints=excluded;email:P256@example.org\n", FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Desk) desk = desk_new ();
    g_autofree char *options = g_strdup_printf ("-certfile %s-ca.crt", cases[i].name);
    desk_trust_root (desk);
    issue_under (cases[i].name, cases[i].constraints);
    sign (cases[i].name, options);
    g_autoptr (McLayer) layer = desk_verify (desk, "message", "s.der");
    const McSigner *signer = only_signer (layer);
    CU_ASSERT_EQUAL (is_trusted (signer), cases[i].fits);
    CU_ASSERT_EQUAL (has_reason (signer->reasons, "name-constraints"), !cases[i].fits);
  }
}

/* RSA of an exponent of more than 64 bits. */
static void
test_unsound_key (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  lab_run ("openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048"
           " -pkeyopt rsa_keygen_pubexp:36893488147419103233 -out unsound.key"
           " && openssl req -new -key unsound.key -subj /CN=unsound -out unsound.csr"
           " && openssl x509 -req -in unsound.csr -CA int.crt -CAkey int.key -CAcreateserial"
           " -extfile alice.ext -days 100 -out unsound.crt 2>issue.log");
  sign ("unsound", "-certfile int.crt");
  g_autoptr (McLayer) layer = desk_verify (desk, "message", "s.der");
  CU_ASSERT_EQUAL (only_signer (layer)->content, MC_CONTENT_UNKNOWN);
  CU_ASSERT_TRUE (only_signer (layer)->unfit);
  CU_ASSERT_TRUE (has_reason (only_signer (layer)->reasons, "unsound-key"));
  desk_import (desk, "unsound.crt");
  g_autoptr (McKey) key = desk_find_certificate (desk, "unsound", MC_KEY_CAN_ENCRYPT);
  CU_ASSERT_EQUAL (key->use, 0);
  CU_ASSERT_TRUE (has_reason (key->reasons, "unsound-key"));
}

static void
test_policies (void)
{
  g_autoptr (Desk) desk = desk_new ();
  desk_trust_root (desk);
  mc_context_set_policy_flags (desk->context, MC_POLICY_REQUIRE_EXPLICIT);
  g_autoptr (McLayer) layer = verify_as (desk, "alice");
  CU_ASSERT_FALSE (is_trusted (only_signer (layer)));
  CU_ASSERT_TRUE (has_reason (only_signer (layer)->reasons, "policy"));
}

static void
test_bad_files (void)
{
  g_autoptr (Desk) desk = desk_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (McSpool) content = lab_read ("message");
  g_autoptr (McLayer) layer = _mc_layer_new (MC_LAYER_SIGNED, MC_PROTOCOL_SMIME, "1");
  sign ("alice", "");
  g_autoptr (McSpool) signature = lab_read ("s.der");
  McVerifyJob job = { _mc_span_whole (content), _mc_span_whole (signature) };
  add_file (mc_context_add_trust_anchor, desk, "message");
  CU_ASSERT_FALSE (_mc_smime_backend.verify (desk->engine, &job, layer, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_INVALID));

  g_autoptr (Desk) absent = desk_new ();
  g_autoptr (GError) missing = NULL;
  add_file (mc_context_add_crl, absent, "no-such-file");
  CU_ASSERT_FALSE (_mc_smime_backend.verify (absent->engine, &job, layer, NULL, &missing));
  CU_ASSERT_TRUE (g_error_matches (missing, MC_ERROR, MC_ERROR_IO));
}

static CU_TestInfo tests[] = {
  { "anchors", test_anchors },
  { "partial chains", test_partial_chains },
  { "pins", test_pins },
  { "distrust", test_distrust },
  { "purposes", test_purposes },
  { "time", test_time },
  { "weak", test_weak },
  { "revocation", test_revocation },
  { "enclosed lists", test_enclosed_lists },
  { "forged list", test_forged_list },
  { "kept lists", test_kept_lists },
  { "issuers' purposes", test_issuer_purposes },
  { "name constraints", test_name_constraints },
  { "unsound key", test_unsound_key },
  { "policies", test_policies },
  { "bad files", test_bad_files },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_smime_chain = {
  .pName = "smime_chain",
  .pTests = tests,
};
