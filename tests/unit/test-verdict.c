/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decision tables of report/verdict.c, written out so that a person can read them. */
#include "unit.h"

#include "report/report.h"

#define FROM "bob@example.org"

/* ------------------------------------------------------------- one signer -- */

typedef enum { NOBODY, SENDER, OTHER, BOTH } Who;

static const struct {
  McContentFact content;
  McValidity validity;
  gboolean weak, unfit;
  Who claims;               /* whose identities the key has */
  McTrustFact trust;        /* for all of them */
  gboolean from_known, check_from;
  McSignatureStatus status;
} signer_table[] = {
  /* content                validity               weak   unfit  claims  trust               known  check  status */
  /* all holds */
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_GOOD },
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, FALSE, BOTH,   MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_GOOD },
  /* the content decides before anything else */
  { MC_CONTENT_ALTERED,   MC_VALIDITY_VALID,    FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_BAD },
  { MC_CONTENT_ALTERED,   MC_VALIDITY_EXPIRED,  FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_BAD },
  { MC_CONTENT_ALTERED,   MC_VALIDITY_REVOKED,  TRUE,  TRUE,  OTHER,  MC_TRUST_UNTRUSTED, FALSE, TRUE,  MC_SIGNATURE_BAD },
  { MC_CONTENT_MALFORMED, MC_VALIDITY_VALID,    FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_BAD },
  { MC_CONTENT_UNCHECKED, MC_VALIDITY_UNKNOWN,  FALSE, FALSE, NOBODY, MC_TRUST_UNKNOWN,   TRUE,  TRUE,  MC_SIGNATURE_UNKNOWN_KEY },
  { MC_CONTENT_UNCHECKED, MC_VALIDITY_VALID,    FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_UNKNOWN_KEY },
  /* what is not known is not good */
  { MC_CONTENT_UNKNOWN,   MC_VALIDITY_VALID,    FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_ERROR },
  { MC_CONTENT_INTACT,    MC_VALIDITY_UNKNOWN,  FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_UNTRUSTED },
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, FALSE, SENDER, MC_TRUST_UNKNOWN,   TRUE,  TRUE,  MC_SIGNATURE_UNTRUSTED },
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, FALSE, NOBODY, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_UNTRUSTED },
  /* the key's own state */
  { MC_CONTENT_INTACT,    MC_VALIDITY_EXPIRED,  FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_EXPIRED },
  { MC_CONTENT_INTACT,    MC_VALIDITY_REVOKED,  FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_REVOKED },
  { MC_CONTENT_INTACT,    MC_VALIDITY_NOT_YET,  FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_UNTRUSTED },
  { MC_CONTENT_INTACT,    MC_VALIDITY_UNUSABLE, FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_UNTRUSTED },
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    TRUE,  FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_WEAK },
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, TRUE,  SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_UNTRUSTED },
  { MC_CONTENT_INTACT,    MC_VALIDITY_REVOKED,  TRUE,  FALSE, SENDER, MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_REVOKED },
  /* trust before the sender: 6 is more serious than 7 */
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, FALSE, SENDER, MC_TRUST_UNTRUSTED, TRUE,  TRUE,  MC_SIGNATURE_UNTRUSTED },
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, FALSE, OTHER,  MC_TRUST_UNTRUSTED, TRUE,  TRUE,  MC_SIGNATURE_UNTRUSTED },
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, FALSE, OTHER,  MC_TRUST_TRUSTED,   TRUE,  TRUE,  MC_SIGNATURE_NOT_SENDER },
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   FALSE, TRUE,  MC_SIGNATURE_NOT_SENDER },
  /* without the sender */
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, FALSE, OTHER,  MC_TRUST_TRUSTED,   TRUE,  FALSE, MC_SIGNATURE_GOOD },
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, FALSE, SENDER, MC_TRUST_TRUSTED,   FALSE, FALSE, MC_SIGNATURE_GOOD },
  { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    FALSE, FALSE, OTHER,  MC_TRUST_UNTRUSTED, TRUE,  FALSE, MC_SIGNATURE_UNTRUSTED },
  { MC_CONTENT_ALTERED,   MC_VALIDITY_VALID,    FALSE, FALSE, OTHER,  MC_TRUST_TRUSTED,   TRUE,  FALSE, MC_SIGNATURE_BAD },
};

static void
add_identity (McSigner *signer, const char *address, McTrustFact trust)
{
  g_ptr_array_add (signer->identities, _mc_identity_new (address, "Somebody", trust));
}

static McSigner *
make_signer (McContentFact content, McValidity validity, Who claims, McTrustFact trust)
{
  McSigner *signer = _mc_signer_new ();
  signer->content = content;
  signer->validity = validity;
  if (claims == OTHER || claims == BOTH)
    add_identity (signer, "carol@example.org", trust);
  if (claims == SENDER || claims == BOTH)
    add_identity (signer, "Bob@Example.ORG", trust);
  return signer;
}

static void
test_signer (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (signer_table); i++) {
    const McIdentity *identity;
    g_autoptr (McSigner) signer = make_signer (signer_table[i].content, signer_table[i].validity,
                                               signer_table[i].claims, signer_table[i].trust);
    signer->weak = signer_table[i].weak;
    signer->unfit = signer_table[i].unfit;
    McSignatureStatus status
      = _mc_verdict_signer (signer, signer_table[i].from_known ? FROM : NULL,
                            signer_table[i].check_from, &identity);
    if (status != signer_table[i].status)
      g_printerr ("row %u: %s instead of %s\n", i, mc_signature_status_to_word (status),
                  mc_signature_status_to_word (signer_table[i].status));
    CU_ASSERT_EQUAL (status, signer_table[i].status);
  }
}

/* A trusted identity of another address lends no trust to the sender's. */
static void
test_trust_is_per_identity (void)
{
  const McIdentity *identity;
  g_autoptr (McSigner) signer = make_signer (MC_CONTENT_INTACT, MC_VALIDITY_VALID, SENDER,
                                             MC_TRUST_UNTRUSTED);
  add_identity (signer, "carol@example.org", MC_TRUST_TRUSTED);
  CU_ASSERT_EQUAL (_mc_verdict_signer (signer, FROM, TRUE, &identity), MC_SIGNATURE_UNTRUSTED);
  CU_ASSERT_STRING_EQUAL (identity->address, FROM);
}

/* ---------------------------------------------------------- whole messages -- */

/* Layers from the outside in:
 *   E encrypted, opened     e the same without integrity   w opened, weak cipher
 *   K no key                F integrity failed             X malformed
 *   g good  b bad  u unknown key  t untrusted  n not the sender  0 no signers
 *   two letters in brackets: one layer with two signers */
static const struct {
  const char *layers;
  McSummary summary;
  McSignatureStatus signature;
  McDecryptionStatus decryption;
  gboolean authenticated;
  int verify, decrypt;
} message_table[] = {
  { "",     MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_NONE,        MC_DECRYPTION_NONE,   FALSE, 3,  3 },
  { "g",    MC_SUMMARY_SIGNED_ONLY,          MC_SIGNATURE_GOOD,        MC_DECRYPTION_NONE,   FALSE, 0,  3 },
  { "b",    MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_BAD,         MC_DECRYPTION_NONE,   FALSE, 4,  3 },
  { "u",    MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_UNKNOWN_KEY, MC_DECRYPTION_NONE,   FALSE, 5,  3 },
  { "t",    MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_UNTRUSTED,   MC_DECRYPTION_NONE,   FALSE, 6,  3 },
  { "n",    MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_NOT_SENDER,  MC_DECRYPTION_NONE,   FALSE, 7,  3 },
  { "0",    MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_NONE,        MC_DECRYPTION_NONE,   FALSE, 3,  3 },
  { "E",    MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_NONE,        MC_DECRYPTION_OK,     TRUE,  3,  0 },
  { "e",    MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_NONE,        MC_DECRYPTION_OK,     FALSE, 3,  0 },
  { "w",    MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_NONE,        MC_DECRYPTION_OK,     FALSE, 3,  0 },
  { "wg",   MC_SUMMARY_SIGNED_ONLY,          MC_SIGNATURE_GOOD,        MC_DECRYPTION_OK,     FALSE, 0,  0 },
  { "Eg",   MC_SUMMARY_SIGNED_AND_ENCRYPTED, MC_SIGNATURE_GOOD,        MC_DECRYPTION_OK,     TRUE,  0,  0 },
  { "eg",   MC_SUMMARY_SIGNED_AND_ENCRYPTED, MC_SIGNATURE_GOOD,        MC_DECRYPTION_OK,     FALSE, 0,  0 },
  { "Eb",   MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_BAD,         MC_DECRYPTION_OK,     TRUE,  4,  0 },
  { "En",   MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_NOT_SENDER,  MC_DECRYPTION_OK,     TRUE,  7,  0 },
  { "Et",   MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_UNTRUSTED,   MC_DECRYPTION_OK,     TRUE,  6,  0 },
  { "K",    MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_NONE,        MC_DECRYPTION_NO_KEY, FALSE, 8,  8 },
  { "F",    MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_NONE,        MC_DECRYPTION_FAILED, FALSE, 9,  9 },
  { "X",    MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_NONE,        MC_DECRYPTION_ERROR,  FALSE, 10, 10 },
  { "EF",   MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_NONE,        MC_DECRYPTION_FAILED, FALSE, 9,  9 },
  { "EE",   MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_NONE,        MC_DECRYPTION_OK,     TRUE,  3,  0 },
  { "eEg",  MC_SUMMARY_SIGNED_AND_ENCRYPTED, MC_SIGNATURE_GOOD,        MC_DECRYPTION_OK,     FALSE, 0,  0 },
  { "Ee",   MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_NONE,        MC_DECRYPTION_OK,     FALSE, 3,  0 },
  /* a signature around a ciphertext does not count, yet a bad one spoils all */
  { "gE",   MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_NONE,        MC_DECRYPTION_OK,     TRUE,  3,  0 },
  { "gK",   MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_NONE,        MC_DECRYPTION_NO_KEY, FALSE, 8,  8 },
  { "bE",   MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_BAD,         MC_DECRYPTION_OK,     TRUE,  4,  0 },
  { "bEg",  MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_BAD,         MC_DECRYPTION_OK,     TRUE,  4,  0 },
  { "gEg",  MC_SUMMARY_SIGNED_AND_ENCRYPTED, MC_SIGNATURE_GOOD,        MC_DECRYPTION_OK,     TRUE,  0,  0 },
  { "nEg",  MC_SUMMARY_SIGNED_AND_ENCRYPTED, MC_SIGNATURE_GOOD,        MC_DECRYPTION_OK,     TRUE,  0,  0 },
  { "gEb",  MC_SUMMARY_ENCRYPTED_ONLY,       MC_SIGNATURE_BAD,         MC_DECRYPTION_OK,     TRUE,  4,  0 },
  { "bF",   MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_BAD,         MC_DECRYPTION_FAILED, FALSE, 9,  9 },
  /* signature around signature */
  { "gg",   MC_SUMMARY_SIGNED_ONLY,          MC_SIGNATURE_GOOD,        MC_DECRYPTION_NONE,   FALSE, 0,  3 },
  { "ng",   MC_SUMMARY_SIGNED_ONLY,          MC_SIGNATURE_GOOD,        MC_DECRYPTION_NONE,   FALSE, 0,  3 },
  { "gb",   MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_BAD,         MC_DECRYPTION_NONE,   FALSE, 4,  3 },
  { "bg",   MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_BAD,         MC_DECRYPTION_NONE,   FALSE, 4,  3 },
  /* several signers of one layer, in either order */
  { "(gb)", MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_BAD,         MC_DECRYPTION_NONE,   FALSE, 4,  3 },
  { "(bg)", MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_BAD,         MC_DECRYPTION_NONE,   FALSE, 4,  3 },
  { "(gu)", MC_SUMMARY_SIGNED_ONLY,          MC_SIGNATURE_GOOD,        MC_DECRYPTION_NONE,   FALSE, 0,  3 },
  { "(ug)", MC_SUMMARY_SIGNED_ONLY,          MC_SIGNATURE_GOOD,        MC_DECRYPTION_NONE,   FALSE, 0,  3 },
  { "(nt)", MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_UNTRUSTED,   MC_DECRYPTION_NONE,   FALSE, 6,  3 },
  { "(tn)", MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_UNTRUSTED,   MC_DECRYPTION_NONE,   FALSE, 6,  3 },
  { "(nu)", MC_SUMMARY_UNPROTECTED,          MC_SIGNATURE_UNKNOWN_KEY, MC_DECRYPTION_NONE,   FALSE, 5,  3 },
};

static McSigner *
signer_from_letter (char letter)
{
  switch (letter) {
  case 'g':
    return make_signer (MC_CONTENT_INTACT, MC_VALIDITY_VALID, SENDER, MC_TRUST_TRUSTED);
  case 'b':
    return make_signer (MC_CONTENT_ALTERED, MC_VALIDITY_VALID, SENDER, MC_TRUST_TRUSTED);
  case 'u':
    return make_signer (MC_CONTENT_UNCHECKED, MC_VALIDITY_UNKNOWN, NOBODY, MC_TRUST_UNKNOWN);
  case 't':
    return make_signer (MC_CONTENT_INTACT, MC_VALIDITY_VALID, SENDER, MC_TRUST_UNTRUSTED);
  default:
    return make_signer (MC_CONTENT_INTACT, MC_VALIDITY_VALID, OTHER, MC_TRUST_TRUSTED);
  }
}

static McLayer *
add_layer (McReport *report, McLayerKind kind)
{
  McLayer *layer = _mc_layer_new (kind, MC_PROTOCOL_SMIME, "1");
  layer->sender = g_strdup (FROM);
  g_ptr_array_add (report->layers, layer);
  return layer;
}

static void
add_encrypted (McReport *report, char letter)
{
  McLayer *layer = add_layer (report, MC_LAYER_ENCRYPTED);
  layer->authenticated = letter == 'E';
  layer->weak = letter == 'w';
  layer->decryption = letter == 'K'   ? MC_DECRYPTION_NO_KEY
                      : letter == 'F' ? MC_DECRYPTION_FAILED
                      : letter == 'X' ? MC_DECRYPTION_ERROR
                                      : MC_DECRYPTION_OK;
  if (letter == 'X')
    layer->structure = MC_CONTENT_MALFORMED;
}

static McReport *
report_from_letters (const char *letters)
{
  McReport *report = _mc_report_new ();
  McLayer *open = NULL;

  for (; *letters != '\0'; letters++) {
    if (strchr ("EewKFX", *letters) != NULL) {
      add_encrypted (report, *letters);
    } else if (*letters == '(') {
      open = add_layer (report, MC_LAYER_SIGNED);
    } else if (*letters == ')') {
      open = NULL;
    } else {
      McLayer *layer = open != NULL ? open : add_layer (report, MC_LAYER_SIGNED);
      if (*letters != '0')
        g_ptr_array_add (layer->signers, signer_from_letter (*letters));
    }
  }
  return report;
}

static void
test_message (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (message_table); i++) {
    g_autoptr (McReport) report = report_from_letters (message_table[i].layers);
    _mc_report_judge (report);
    gboolean right = report->summary == message_table[i].summary
                     && report->signature == message_table[i].signature
                     && report->decryption == message_table[i].decryption
                     && report->authenticated == message_table[i].authenticated
                     && mc_report_get_verify_status (report) == message_table[i].verify
                     && mc_report_get_decrypt_status (report) == message_table[i].decrypt;
    if (!right)
      g_printerr ("layers %s: %s, signature %s, decryption %s, verify %d, decrypt %d\n",
                  message_table[i].layers, mc_summary_to_word (report->summary),
                  mc_signature_status_to_word (report->signature),
                  mc_decryption_status_to_word (report->decryption),
                  mc_report_get_verify_status (report), mc_report_get_decrypt_status (report));
    CU_ASSERT_TRUE (right);
  }
}

static void
test_malformed_signature (void)
{
  g_autoptr (McReport) report = report_from_letters ("g");
  ((McLayer *) report->layers->pdata[0])->structure = MC_CONTENT_MALFORMED;
  _mc_report_judge (report);
  CU_ASSERT_EQUAL (report->signature, MC_SIGNATURE_BAD);
  CU_ASSERT_EQUAL (report->summary, MC_SUMMARY_UNPROTECTED);
}

/* An encrypted layer that no backend has said anything about is a failure. */
static void
test_silence_fails (void)
{
  g_autoptr (McReport) report = _mc_report_new ();
  add_layer (report, MC_LAYER_ENCRYPTED);
  _mc_report_judge (report);
  CU_ASSERT_EQUAL (report->decryption, MC_DECRYPTION_ERROR);
  CU_ASSERT_EQUAL (report->summary, MC_SUMMARY_UNPROTECTED);
  CU_ASSERT_EQUAL (mc_report_get_decrypt_status (report), 12);
}

static void
test_errant_never_speaks (void)
{
  g_autoptr (McReport) report = report_from_letters ("g");
  g_ptr_array_add (report->errant, g_ptr_array_steal_index (report->layers, 0));
  _mc_report_judge (report);
  CU_ASSERT_EQUAL (report->summary, MC_SUMMARY_UNPROTECTED);
  CU_ASSERT_EQUAL (report->signature, MC_SIGNATURE_NONE);
  CU_ASSERT_EQUAL (((McLayer *) report->errant->pdata[0])->signature, MC_SIGNATURE_GOOD);
  CU_ASSERT_TRUE (_mc_reasons_have (report->reasons, "partly-signed"));
}

static void
test_judging_twice (void)
{
  g_autoptr (McReport) report = report_from_letters ("nEn");
  _mc_report_judge (report);
  guint reasons = report->reasons->len;
  _mc_report_judge (report);
  CU_ASSERT_EQUAL (report->reasons->len, reasons);
}

static CU_TestInfo tests[] = {
  { "one signer: the table", test_signer },
  { "trust is per identity", test_trust_is_per_identity },
  { "whole messages: the table", test_message },
  { "a malformed signature is bad whatever its signers", test_malformed_signature },
  { "silence fails", test_silence_fails },
  { "an errant layer never speaks for the message", test_errant_never_speaks },
  { "judging twice changes nothing", test_judging_twice },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_verdict = {
  .pName = "verdict",
  .pTests = tests,
};
