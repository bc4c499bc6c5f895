/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is learnt from a judged report, and what is not. */
#include "config.h"

#include "unit.h"

#include "keys/harvest.h"
#include "scratch.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define ALICE "alice@example.org"
#define FIRST "aaaa"
#define SECOND "bbbb"

static char *folder;
static McContext *context;
static gint64 now;

static void
set_up (void)
{
  folder = scratch_new ();
  context = scratch_context (folder);
  now = g_get_real_time () / G_USEC_PER_SEC;
}

static void
tear_down (void)
{
  g_clear_pointer (&context, mc_context_free);
  g_clear_pointer (&folder, scratch_free);
}

/* ------------------------------------------------------------------- helpers -- */

static GBytes *
bytes (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static McCertificate *
make_certificate (const char *fingerprint)
{
  McCertificate *certificate = _mc_certificate_new ();
  certificate->fingerprint = g_strdup (fingerprint);
  certificate->public_key = g_strdup ("key");
  certificate->der = bytes ("DER");
  certificate->subject = bytes ("subject");
  certificate->issuer = bytes ("issuer");
  certificate->serial = bytes ("1");
  return certificate;
}

static McHarvest *
make_harvest (const char *fingerprint, const char *capabilities)
{
  McHarvest *harvest = _mc_harvest_new ();
  g_ptr_array_add (harvest->certificates, make_certificate (fingerprint));
  harvest->capabilities = bytes (capabilities);
  return harvest;
}

static McSigner *
make_signer (const char *fingerprint, const char *key, const char *issuer)
{
  McSigner *signer = _mc_signer_new ();
  signer->content = MC_CONTENT_INTACT;
  signer->validity = MC_VALIDITY_VALID;
  signer->fingerprint = g_strdup (fingerprint);
  signer->public_key = g_strdup (key);
  signer->issuer = g_strdup (issuer);
  signer->signed_at = now - 60;
  signer->brought = make_harvest (fingerprint, fingerprint);
  signer->brought_free = (GDestroyNotify) _mc_harvest_free;
  g_ptr_array_add (signer->identities, _mc_identity_new (ALICE, NULL, MC_TRUST_TRUSTED));
  return signer;
}

/* A message of Alice's with this one signer. */
static McReport *
make_report (McProtocol protocol, McSigner *signer)
{
  McReport *report = _mc_report_new ();
  McLayer *layer = _mc_layer_new (MC_LAYER_SIGNED, protocol, "1");
  layer->sender = g_strdup (ALICE);
  g_ptr_array_add (layer->signers, signer);
  g_ptr_array_add (report->layers, layer);
  report->check_from = TRUE;
  return report;
}

/* Whether the reading of it told of another key. */
static gboolean
read_report (McReport *report)
{
  _mc_report_judge (report);
  _mc_harvest_report (context, report);
  const McLayer *layer = report->layers->pdata[0];
  const McSigner *signer = layer->signers->pdata[0];
  return _mc_reasons_have (signer->reasons, "key-changed");
}

static gboolean
read_from (McProtocol protocol, const char *fingerprint, const char *key, const char *issuer)
{
  g_autoptr (McReport) report = make_report (protocol, make_signer (fingerprint, key, issuer));
  return read_report (report);
}

static McStore *
get_store (void)
{
  McStore *store = NULL;
  CU_ASSERT_TRUE (_mc_context_get_store (context, FALSE, &store, NULL));
  return store;
}

static gboolean
found (const McCertificate *certificate, gpointer user_data)
{
  (void) certificate;
  *(gboolean *) user_data = TRUE;
  return FALSE;
}

static gboolean
has_certificate (const char *fingerprint)
{
  gboolean has = FALSE;
  McStoreQuery query = { .field = MC_BY_FINGERPRINT, .text = fingerprint };
  CU_ASSERT_TRUE (_mc_store_find (get_store (), &query, found, &has, NULL));
  return has;
}

/* Whose words about what Alice can read are kept; NULL: nobody's. */
static char *
get_speaker (void)
{
  g_autoptr (McPeer) peer = NULL;
  CU_ASSERT_TRUE (_mc_store_get_peer (get_store (), ALICE, &peer, NULL));
  return peer != NULL ? g_strdup (peer->signer) : NULL;
}

static void
check_speaker (const char *expected)
{
  g_autofree char *speaker = get_speaker ();
  CU_ASSERT_EQUAL (g_strcmp0 (speaker, expected), 0);
}

static guint
count_sightings (McProtocol protocol)
{
  g_autoptr (GPtrArray) seen =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_sighting_free);
  CU_ASSERT_TRUE (_mc_store_find_sightings (get_store (), protocol, ALICE, seen, NULL));
  return seen->len;
}

/* ------------------------------------------------------------------- learning -- */

static void
test_good (void)
{
  CU_ASSERT_FALSE (read_from (MC_PROTOCOL_SMIME, FIRST, "key", "CA"));
  CU_ASSERT_TRUE (has_certificate (FIRST));
  check_speaker (FIRST);
  CU_ASSERT_EQUAL (count_sightings (MC_PROTOCOL_SMIME), 1);
}

typedef void (*Spoiler) (McReport *report, McSigner *signer);

static void
spoil_content (McReport *report, McSigner *signer)
{
  (void) report;
  signer->content = MC_CONTENT_ALTERED;
}

static void
spoil_trust (McReport *report, McSigner *signer)
{
  (void) report;
  ((McIdentity *) signer->identities->pdata[0])->trust = MC_TRUST_UNTRUSTED;
}

static void
spoil_sender (McReport *report, McSigner *signer)
{
  McLayer *layer = report->layers->pdata[0];
  (void) signer;
  g_free (layer->sender);
  layer->sender = g_strdup ("eve@example.org");
}

static void
spoil_validity (McReport *report, McSigner *signer)
{
  (void) report;
  signer->validity = MC_VALIDITY_EXPIRED;
}

static void
spoil_from_check (McReport *report, McSigner *signer)
{
  (void) signer;
  report->check_from = FALSE;
}

static void
spoil_anchors (McReport *report, McSigner *signer)
{
  (void) report;
  (void) signer;
  mc_context_add_trust_anchor (context, "/nowhere/ca.pem");
}

static void
spoil_time (McReport *report, McSigner *signer)
{
  (void) report;
  (void) signer;
  mc_context_set_time (context, now);
}

static void
spoil_revocation (McReport *report, McSigner *signer)
{
  (void) report;
  (void) signer;
  mc_context_set_revocation (context, MC_REVOCATION_OFF);
}

static void
spoil_layer (McReport *report, McSigner *signer)
{
  (void) signer;
  ((McLayer *) report->layers->pdata[0])->structure = MC_CONTENT_MALFORMED;
}

/* Nothing is learnt then: not even the file is made. */
static void
test_spoiled (void)
{
  static const Spoiler spoilers[] = {
    spoil_content,    spoil_trust,   spoil_sender, spoil_validity,   spoil_from_check,
    spoil_anchors,    spoil_time,    spoil_layer,  spoil_revocation,
  };
  for (gsize i = 0; i < G_N_ELEMENTS (spoilers); i++) {
    mc_context_free (context);
    context = scratch_context (folder);
    McSigner *signer = make_signer (FIRST, "key", "CA");
    g_autoptr (McReport) report = make_report (MC_PROTOCOL_SMIME, signer);
    spoilers[i] (report, signer);
    CU_ASSERT_FALSE (read_report (report));
    if (get_store () != NULL)
      g_printerr ("row %d made a store\n", (int) i);
    CU_ASSERT_PTR_NULL (get_store ());
  }
}

static void
set_switch (const char *group, const char *key)
{
  CU_ASSERT_TRUE (mc_settings_set (_mc_context_get_settings (context), group, key, "no", NULL));
}

static void
test_switches (void)
{
  set_switch ("general", "key-history");
  set_switch ("smime", "harvest");
  (void) read_from (MC_PROTOCOL_SMIME, FIRST, "key", "CA");
  CU_ASSERT_PTR_NULL (get_store ());

  CU_ASSERT_TRUE (mc_settings_set (_mc_context_get_settings (context), "general", "key-history",
                                   "yes", NULL));
  (void) read_from (MC_PROTOCOL_SMIME, FIRST, "key", "CA");
  CU_ASSERT_EQUAL (count_sightings (MC_PROTOCOL_SMIME), 1);
  CU_ASSERT_FALSE (has_certificate (FIRST));
  check_speaker (NULL);
}

/* RFC 8551 section 2.7.1. */
static void
test_signing_time (void)
{
  static const struct {
    gint64 signed_at;       /* from now; G_MAXINT64: no claim */
    const char *speaker;
  } steps[] = {
    { G_MAXINT64, NULL },   { 3600, NULL },      { -1000, "c2" }, { -2000, "c2" },
    { -1000, "c2" },        { -999, "c5" },      { 3600, "c5" },  { 10, "c7" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autofree char *name = g_strdup_printf ("c%d", (int) i);
    McSigner *signer = make_signer (name, "key", "CA");
    signer->signed_at = steps[i].signed_at == G_MAXINT64 ? 0 : now + steps[i].signed_at;
    g_autoptr (McReport) report = make_report (MC_PROTOCOL_SMIME, signer);
    (void) read_report (report);
    check_speaker (steps[i].speaker);
    CU_ASSERT_EQUAL (has_certificate (name), g_strcmp0 (name, steps[i].speaker) == 0);
  }
}

/* Another certificate does not speak for an address whose certificate the user has named. */
static void
test_pinned (void)
{
  McStore *store = NULL;
  (void) read_from (MC_PROTOCOL_SMIME, FIRST, "key", "CA");
  CU_ASSERT_TRUE_FATAL (_mc_context_get_store (context, TRUE, &store, NULL));
  CU_ASSERT_TRUE (_mc_store_set_pin (store, MC_PROTOCOL_SMIME, FIRST, ALICE, MC_PIN_TRUSTED, NULL));
  McSigner *signer = make_signer (SECOND, "key 2", "CA");
  signer->signed_at = now;
  g_autoptr (McReport) report = make_report (MC_PROTOCOL_SMIME, signer);
  (void) read_report (report);
  check_speaker (FIRST);
}

/* --------------------------------------------------------------------- changes -- */

static void
test_changes (void)
{
  CU_ASSERT_FALSE (read_from (MC_PROTOCOL_SMIME, FIRST, "key", "CA"));
  CU_ASSERT_FALSE (read_from (MC_PROTOCOL_SMIME, FIRST, "key", "CA"));
  CU_ASSERT_FALSE (read_from (MC_PROTOCOL_SMIME, "renewed", "key", "CA"));
  CU_ASSERT_TRUE (read_from (MC_PROTOCOL_SMIME, SECOND, "key 2", "CA"));
  CU_ASSERT_TRUE (read_from (MC_PROTOCOL_SMIME, SECOND, "key 2", "CA"));   /* still news */
  CU_ASSERT_TRUE (read_from (MC_PROTOCOL_SMIME, "moved", "key", "Other CA"));
  CU_ASSERT_FALSE (read_from (MC_PROTOCOL_SMIME, FIRST, "key", "CA"));     /* was there first */
  CU_ASSERT_FALSE (read_from (MC_PROTOCOL_OPENPGP, FIRST, NULL, NULL));
  CU_ASSERT_TRUE (read_from (MC_PROTOCOL_OPENPGP, SECOND, NULL, NULL));
}

static void
test_change_words (void)
{
  g_autoptr (McReport) first =
    make_report (MC_PROTOCOL_SMIME, make_signer (FIRST, "key", "CN=\033[1mCA"));
  g_autoptr (McReport) moved =
    make_report (MC_PROTOCOL_SMIME, make_signer (SECOND, "key", "CN=Other"));
  (void) read_report (first);
  CU_ASSERT_TRUE_FATAL (read_report (moved));
  const McSigner *signer = ((McLayer *) moved->layers->pdata[0])->signers->pdata[0];
  const McReason *reason = signer->reasons->pdata[0];
  CU_ASSERT_PTR_NOT_NULL (strstr (reason->text, "CA"));
  CU_ASSERT_PTR_NOT_NULL (strstr (reason->text, ALICE));
  CU_ASSERT_PTR_NULL (strchr (reason->text, '\033'));
  CU_ASSERT_PTR_NOT_NULL (reason->hint);
  CU_ASSERT_EQUAL (moved->signature, MC_SIGNATURE_GOOD);
  CU_ASSERT_EQUAL (moved->reasons->len, 0);   /* not a reason against it */
}

/* Who is not trusted is told of, too, and not remembered. */
static void
test_stranger (void)
{
  (void) read_from (MC_PROTOCOL_SMIME, FIRST, "key", "CA");
  for (int i = 0; i < 2; i++) {
    McSigner *signer = make_signer (SECOND, "key 2", "CA");
    g_autoptr (McReport) report = make_report (MC_PROTOCOL_SMIME, signer);
    spoil_trust (report, signer);
    CU_ASSERT_TRUE (read_report (report));
    CU_ASSERT_TRUE (_mc_reasons_have (report->reasons, "key-changed"));
    CU_ASSERT_EQUAL (count_sightings (MC_PROTOCOL_SMIME), 1);
  }
}

/* After a month it is no news any more. */
static void
test_old_news (void)
{
  McStore *store = NULL;
  gint64 year = (gint64) 365 * 24 * 60 * 60;
  McSighting first = { (char *) FIRST, (char *) "key", (char *) "CA", now - year, now - year };
  McSighting second = { (char *) SECOND, (char *) "key 2", (char *) "CA", now - year / 6, now };
  CU_ASSERT_TRUE_FATAL (_mc_context_get_store (context, TRUE, &store, NULL));
  CU_ASSERT_TRUE (_mc_store_add_sighting (store, MC_PROTOCOL_SMIME, ALICE, &first, NULL));
  CU_ASSERT_TRUE (_mc_store_add_sighting (store, MC_PROTOCOL_SMIME, ALICE, &second, NULL));
  CU_ASSERT_FALSE (read_from (MC_PROTOCOL_SMIME, SECOND, "key 2", "CA"));
  CU_ASSERT_TRUE (read_from (MC_PROTOCOL_SMIME, "third", "key 3", "CA"));
}

/* ------------------------------------------------------------------- read-only -- */

static int
read_without_writing (gpointer user_data)
{
  (void) user_data;
  if (geteuid () == 0 && (setgid (65534) != 0 || setuid (65534) != 0))
    return 2;
  mc_context_free (context);
  context = scratch_context (folder);
  if (!read_from (MC_PROTOCOL_SMIME, SECOND, "key 2", "CA"))
    return 3;
  return has_certificate (SECOND) ? 4 : 0;
}

static int
read_nothing (gpointer user_data)
{
  (void) user_data;
  if (geteuid () == 0 && (setgid (65534) != 0 || setuid (65534) != 0))
    return 2;
  return read_from (MC_PROTOCOL_SMIME, SECOND, "key 2", "CA") ? 3 : 0;
}

/* A place that cannot be written to is no hindrance to reading mail. */
static void
test_read_only (void)
{
  g_autofree char *data =
    g_strdup (mc_settings_get_folder (_mc_context_get_settings (context), MC_FOLDER_DATA));
  CU_ASSERT_EQUAL (g_chmod (folder, 0555), 0);
  CU_ASSERT_EQUAL (scratch_fork (read_nothing, NULL), 0);
  CU_ASSERT_EQUAL (g_chmod (folder, 0700), 0);

  (void) read_from (MC_PROTOCOL_SMIME, FIRST, "key", "CA");
  g_clear_pointer (&context, mc_context_free);
  context = scratch_context (folder);
  g_autofree char *path = g_build_filename (data, "store.db", NULL);
  CU_ASSERT_EQUAL (g_chmod (path, 0444), 0);
  CU_ASSERT_EQUAL (g_chmod (data, 0555), 0);
  CU_ASSERT_EQUAL (g_chmod (folder, 0755), 0);
  CU_ASSERT_EQUAL (scratch_fork (read_without_writing, NULL), 0);
  CU_ASSERT_EQUAL (g_chmod (data, 0700), 0);
  CU_ASSERT_EQUAL (g_chmod (path, 0600), 0);
}

static CU_TestInfo tests[] = {
  { "a good signature teaches", test_good },
  { "others do not", test_spoiled },
  { "switches", test_switches },
  { "signing times", test_signing_time },
  { "pinned certificates have the word", test_pinned },
  { "changes of key and issuer", test_changes },
  { "how a change is told", test_change_words },
  { "a stranger's key", test_stranger },
  { "old news", test_old_news },
  { "a home that cannot be written to", test_read_only },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_harvest = {
  .pName = "harvest",
  .pTests = tests,
  .pSetUpFunc = set_up,
  .pTearDownFunc = tear_down,
};
