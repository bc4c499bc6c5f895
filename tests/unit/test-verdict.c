/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decision tables of report/verdict.c, written out so that a person can read them:
 * the rules for one signer, the layers of a message in any order, and what one signature
 * and one encryption make of it. */
#include "unit.h"

#include "report/report.h"

#include <string.h>

#define FROM "bob@example.org"

/* ------------------------------------------------------------- one signer -- */

/* Whose addresses the key claims, and what From holds. A fact that a rule does not name may
 * be anything. The first rule that fits decides; every combination of facts is tried, and
 * every rule has to decide some of them. */
typedef enum { NOBODY, SENDER, OTHER, BOTH, N_WHO } Who;

#define ANY (-1)
#define NO 0
#define YES 1

enum {
  CONTENT, VALIDITY, WEAK, UNFIT,
  CLAIMS,                   /* whose identities the key has */
  TRUST,                    /* of all of them */
  ONE_SENDER,               /* From names exactly one */
  CHECK_FROM,
  N_FACTS,
};

static const struct {
  int facts[N_FACTS];
  McSignatureStatus status;
} signer_rules[] = {
  /*  content              validity              weak unfit claims  trust             sender check  status */
  /* the content decides before anything else */
  { { MC_CONTENT_ALTERED,   ANY,                  ANY, ANY,  ANY,    ANY,              ANY,   ANY },   MC_SIGNATURE_BAD },
  { { MC_CONTENT_MALFORMED, ANY,                  ANY, ANY,  ANY,    ANY,              ANY,   ANY },   MC_SIGNATURE_BAD },
  { { MC_CONTENT_UNCHECKED, ANY,                  ANY, ANY,  ANY,    ANY,              ANY,   ANY },   MC_SIGNATURE_UNKNOWN_KEY },
  { { MC_CONTENT_UNKNOWN,   ANY,                  ANY, ANY,  ANY,    ANY,              ANY,   ANY },   MC_SIGNATURE_ERROR },
  /* then the key's own state */
  { { MC_CONTENT_INTACT,    MC_VALIDITY_REVOKED,  ANY, ANY,  ANY,    ANY,              ANY,   ANY },   MC_SIGNATURE_REVOKED },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_EXPIRED,  ANY, ANY,  ANY,    ANY,              ANY,   ANY },   MC_SIGNATURE_EXPIRED },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_UNKNOWN,  ANY, ANY,  ANY,    ANY,              ANY,   ANY },   MC_SIGNATURE_UNTRUSTED },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_NOT_YET,  ANY, ANY,  ANY,    ANY,              ANY,   ANY },   MC_SIGNATURE_UNTRUSTED },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_UNUSABLE, ANY, ANY,  ANY,    ANY,              ANY,   ANY },   MC_SIGNATURE_UNTRUSTED },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    YES, ANY,  ANY,    ANY,              ANY,   ANY },   MC_SIGNATURE_WEAK },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    NO,  YES,  ANY,    ANY,              ANY,   ANY },   MC_SIGNATURE_UNTRUSTED },
  /* then trust: 6 is more serious than 7 */
  { { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    NO,  NO,   NOBODY, ANY,              ANY,   ANY },   MC_SIGNATURE_UNTRUSTED },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    NO,  NO,   ANY,    MC_TRUST_UNKNOWN,   ANY, ANY },   MC_SIGNATURE_UNTRUSTED },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    NO,  NO,   ANY,    MC_TRUST_UNTRUSTED, ANY, ANY },   MC_SIGNATURE_UNTRUSTED },
  /* then the sender, unless nobody asks */
  { { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    NO,  NO,   ANY,    MC_TRUST_TRUSTED, ANY,   NO },    MC_SIGNATURE_GOOD },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    NO,  NO,   ANY,    MC_TRUST_TRUSTED, NO,    YES },   MC_SIGNATURE_NOT_SENDER },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    NO,  NO,   OTHER,  MC_TRUST_TRUSTED, YES,   YES },   MC_SIGNATURE_NOT_SENDER },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    NO,  NO,   SENDER, MC_TRUST_TRUSTED, YES,   YES },   MC_SIGNATURE_GOOD },
  { { MC_CONTENT_INTACT,    MC_VALIDITY_VALID,    NO,  NO,   BOTH,   MC_TRUST_TRUSTED, YES,   YES },   MC_SIGNATURE_GOOD },
};

/* How many values each fact has, in the order of the rules. */
static const int signer_domain[N_FACTS] = {
  MC_CONTENT_UNCHECKED + 1, MC_VALIDITY_UNUSABLE + 1, 2, 2, N_WHO, MC_TRUST_UNTRUSTED + 1, 2, 2,
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

static int
find_rule (const int *facts)
{
  for (guint rule = 0; rule < G_N_ELEMENTS (signer_rules); rule++) {
    const int *wanted = signer_rules[rule].facts;
    gboolean fits = TRUE;
    for (guint i = 0; i < N_FACTS; i++)
      fits &= wanted[i] == ANY || wanted[i] == facts[i];
    if (fits)
      return (int) rule;
  }
  return -1;
}

static McSignatureStatus
judge_facts (const int *facts)
{
  const McIdentity *identity;
  g_autoptr (McSigner) signer = make_signer ((McContentFact) facts[CONTENT], (McValidity) facts[VALIDITY],
                                             (Who) facts[CLAIMS], (McTrustFact) facts[TRUST]);
  signer->weak = facts[WEAK];
  signer->unfit = facts[UNFIT];
  return _mc_verdict_signer (signer, facts[ONE_SENDER] ? FROM : NULL, facts[CHECK_FROM], &identity);
}

/* The next combination of facts; FALSE behind the last. */
static gboolean
count_up (int *facts)
{
  for (guint i = 0; i < N_FACTS; i++) {
    if (++facts[i] < signer_domain[i])
      return TRUE;
    facts[i] = 0;
  }
  return FALSE;
}

static void
test_signer (void)
{
  int facts[N_FACTS] = { 0 };
  gboolean used[G_N_ELEMENTS (signer_rules)] = { FALSE };
  guint n = 0;

  do {
    int rule = find_rule (facts);
    McSignatureStatus status = judge_facts (facts);
    n++;
    CU_ASSERT_FATAL (rule >= 0);
    used[rule] = TRUE;
    if (status != signer_rules[rule].status)
      g_printerr ("rule %d, facts %d %d %d %d %d %d %d %d: %s\n", rule, facts[0], facts[1],
                  facts[2], facts[3], facts[4], facts[5], facts[6], facts[7],
                  mc_signature_status_to_word (status));
    CU_ASSERT_EQUAL (status, signer_rules[rule].status);
  } while (count_up (facts));
  CU_ASSERT_EQUAL (n, 5 * 6 * 2 * 2 * 4 * 3 * 2 * 2);
  for (guint rule = 0; rule < G_N_ELEMENTS (used); rule++)
    CU_ASSERT_TRUE (used[rule]);
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

/* ------------------------------------- signature x coverage x encryption x protocol -- */

/* What a message with one signature and one encryption is worth. A cell is its summary
 *   -  unprotected   S  signed-only   E  encrypted-only   SE  signed-and-encrypted
 * the exit status of verify, and that of decrypt. Both protocols have the same. */
enum { N_ENCRYPTIONS = 8 };

typedef struct {
  McSignatureStatus signature;
  const char *cells[N_ENCRYPTIONS];
} MatrixRow;

static const struct {
  const char *what;
  McDecryptionStatus status;
  gboolean authenticated, weak;
  McContentFact structure;
} encryptions[N_ENCRYPTIONS] = {
  { "none", MC_DECRYPTION_NONE, FALSE, FALSE, MC_CONTENT_INTACT },
  { "opened", MC_DECRYPTION_OK, TRUE, FALSE, MC_CONTENT_INTACT },
  { "opened, no integrity", MC_DECRYPTION_OK, FALSE, FALSE, MC_CONTENT_INTACT },
  { "opened, weak cipher", MC_DECRYPTION_OK, FALSE, TRUE, MC_CONTENT_INTACT },
  { "no key", MC_DECRYPTION_NO_KEY, FALSE, FALSE, MC_CONTENT_INTACT },
  { "integrity failed", MC_DECRYPTION_FAILED, FALSE, FALSE, MC_CONTENT_INTACT },
  { "malformed", MC_DECRYPTION_ERROR, FALSE, FALSE, MC_CONTENT_MALFORMED },
  { "nothing said", MC_DECRYPTION_UNKNOWN, FALSE, FALSE, MC_CONTENT_UNKNOWN },
};

/* The signature is around all that is shown, inside the encryption. Behind one that stayed
 * closed there can be none: such facts contradict each other, and lend nothing. */
static const MatrixRow inside[] = {
  /*                            none      opened    CBC       weak      no key    failed    malformed   silent */
  { MC_SIGNATURE_NONE,        { "- 3 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_GOOD,        { "S 0 3",  "SE 0 0", "SE 0 0", "S 0 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_BAD,         { "- 4 3",  "E 4 0",  "E 4 0",  "- 4 0",  "E 4 8",  "- 9 9",  "- 4 10",   "- 4 12" } },
  { MC_SIGNATURE_UNKNOWN_KEY, { "- 5 3",  "E 5 0",  "E 5 0",  "- 5 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_UNTRUSTED,   { "- 6 3",  "E 6 0",  "E 6 0",  "- 6 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_EXPIRED,     { "- 6 3",  "E 6 0",  "E 6 0",  "- 6 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_REVOKED,     { "- 6 3",  "E 6 0",  "E 6 0",  "- 6 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_WEAK,        { "- 6 3",  "E 6 0",  "E 6 0",  "- 6 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_NOT_SENDER,  { "- 7 3",  "E 7 0",  "E 7 0",  "- 7 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_ERROR,       { "- 12 3", "E 12 0", "E 12 0", "- 12 0", "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
};

/* The signature is around the encryption: it says nothing of what is inside. Without an
 * encryption it is around all, as above. */
static const MatrixRow outside[] = {
  { MC_SIGNATURE_NONE,        { "- 3 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_GOOD,        { "S 0 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_BAD,         { "- 4 3",  "E 4 0",  "E 4 0",  "- 4 0",  "E 4 8",  "- 9 9",  "- 4 10",   "- 4 12" } },
  { MC_SIGNATURE_UNKNOWN_KEY, { "- 5 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_UNTRUSTED,   { "- 6 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_EXPIRED,     { "- 6 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_REVOKED,     { "- 6 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_WEAK,        { "- 6 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_NOT_SENDER,  { "- 7 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_ERROR,       { "- 12 3", "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
};

/* The signature is around a part of what is shown: it has no say. */
static const MatrixRow partial[] = {
  { MC_SIGNATURE_GOOD,        { "- 3 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_BAD,         { "- 3 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_UNKNOWN_KEY, { "- 3 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_UNTRUSTED,   { "- 3 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_EXPIRED,     { "- 3 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_REVOKED,     { "- 3 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_WEAK,        { "- 3 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_NOT_SENDER,  { "- 3 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
  { MC_SIGNATURE_ERROR,       { "- 3 3",  "E 3 0",  "E 3 0",  "- 3 0",  "E 8 8",  "- 9 9",  "- 10 10",  "- 12 12" } },
};

/* The signature is around all that is shown, the encryption around a part of it: opened or
 * not, it has no say. */
static const MatrixRow beside[] = {
  /*                            none      opened    CBC       weak      no key    failed    malformed   silent */
  { MC_SIGNATURE_NONE,        { "- 3 3",  "- 3 3",  "- 3 3",  "- 3 3",  "- 3 3",  "- 3 3",  "- 3 3",    "- 3 3" } },
  { MC_SIGNATURE_GOOD,        { "S 0 3",  "S 0 3",  "S 0 3",  "S 0 3",  "S 0 3",  "S 0 3",  "S 0 3",    "S 0 3" } },
  { MC_SIGNATURE_BAD,         { "- 4 3",  "- 4 3",  "- 4 3",  "- 4 3",  "- 4 3",  "- 4 3",  "- 4 3",    "- 4 3" } },
  { MC_SIGNATURE_UNKNOWN_KEY, { "- 5 3",  "- 5 3",  "- 5 3",  "- 5 3",  "- 5 3",  "- 5 3",  "- 5 3",    "- 5 3" } },
  { MC_SIGNATURE_UNTRUSTED,   { "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",    "- 6 3" } },
  { MC_SIGNATURE_EXPIRED,     { "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",    "- 6 3" } },
  { MC_SIGNATURE_REVOKED,     { "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",    "- 6 3" } },
  { MC_SIGNATURE_WEAK,        { "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",  "- 6 3",    "- 6 3" } },
  { MC_SIGNATURE_NOT_SENDER,  { "- 7 3",  "- 7 3",  "- 7 3",  "- 7 3",  "- 7 3",  "- 7 3",  "- 7 3",    "- 7 3" } },
  { MC_SIGNATURE_ERROR,       { "- 12 3", "- 12 3", "- 12 3", "- 12 3", "- 12 3", "- 12 3", "- 12 3",   "- 12 3" } },
};

/* A signer whose facts come out as @status. */
static McSigner *
signer_of_status (McSignatureStatus status)
{
  static const struct {
    McSignatureStatus status;
    McContentFact content;
    McValidity validity;
    Who claims;
    McTrustFact trust;
  } rows[] = {
    { MC_SIGNATURE_GOOD, MC_CONTENT_INTACT, MC_VALIDITY_VALID, SENDER, MC_TRUST_TRUSTED },
    { MC_SIGNATURE_BAD, MC_CONTENT_ALTERED, MC_VALIDITY_VALID, SENDER, MC_TRUST_TRUSTED },
    { MC_SIGNATURE_UNKNOWN_KEY, MC_CONTENT_UNCHECKED, MC_VALIDITY_UNKNOWN, NOBODY, MC_TRUST_UNKNOWN },
    { MC_SIGNATURE_UNTRUSTED, MC_CONTENT_INTACT, MC_VALIDITY_VALID, SENDER, MC_TRUST_UNTRUSTED },
    { MC_SIGNATURE_EXPIRED, MC_CONTENT_INTACT, MC_VALIDITY_EXPIRED, SENDER, MC_TRUST_TRUSTED },
    { MC_SIGNATURE_REVOKED, MC_CONTENT_INTACT, MC_VALIDITY_REVOKED, SENDER, MC_TRUST_TRUSTED },
    { MC_SIGNATURE_WEAK, MC_CONTENT_INTACT, MC_VALIDITY_VALID, SENDER, MC_TRUST_TRUSTED },
    { MC_SIGNATURE_NOT_SENDER, MC_CONTENT_INTACT, MC_VALIDITY_VALID, OTHER, MC_TRUST_TRUSTED },
    { MC_SIGNATURE_ERROR, MC_CONTENT_UNKNOWN, MC_VALIDITY_VALID, SENDER, MC_TRUST_TRUSTED },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (rows[i].status != status)
      continue;
    McSigner *signer
        = make_signer (rows[i].content, rows[i].validity, rows[i].claims, rows[i].trust);
    signer->weak = status == MC_SIGNATURE_WEAK;
    return signer;
  }
  return NULL;
}

static void
add_encryption (GPtrArray *layers, McProtocol protocol, guint column)
{
  if (column == 0)
    return;
  McLayer *layer = _mc_layer_new (MC_LAYER_ENCRYPTED, protocol, "1");
  layer->decryption = encryptions[column].status;
  layer->authenticated = encryptions[column].authenticated;
  layer->weak = encryptions[column].weak;
  layer->structure = encryptions[column].structure;
  g_ptr_array_add (layers, layer);
}

static void
add_signature (GPtrArray *layers, McProtocol protocol, McSignatureStatus status)
{
  if (status == MC_SIGNATURE_NONE)
    return;
  McLayer *layer = _mc_layer_new (MC_LAYER_SIGNED, protocol, "1.1");
  layer->sender = g_strdup (FROM);
  g_ptr_array_add (layer->signers, signer_of_status (status));
  g_ptr_array_add (layers, layer);
}

typedef enum { INSIDE, OUTSIDE, PARTIAL, BESIDE } Coverage;

static char *
describe_cell (McReport *report)
{
  static const char *const summaries[] = { "?", "-", "S", "E", "SE" };
  _mc_report_judge (report);
  return g_strdup_printf ("%s %d %d", summaries[report->summary],
                          mc_report_get_verify_status (report),
                          mc_report_get_decrypt_status (report));
}

static void
check_cell (McProtocol protocol, Coverage coverage, const MatrixRow *row, guint column)
{
  g_autoptr (McReport) report = _mc_report_new ();
  GPtrArray *signatures = coverage == PARTIAL ? report->errant : report->layers;
  if (coverage == OUTSIDE)
    add_signature (signatures, protocol, row->signature);
  add_encryption (coverage == BESIDE ? report->errant : report->layers, protocol, column);
  if (coverage != OUTSIDE)
    add_signature (signatures, protocol, row->signature);
  g_autofree char *got = describe_cell (report);
  if (strcmp (got, row->cells[column]) != 0)
    g_printerr ("coverage %d, signature %s, encryption %s: %s instead of %s\n", coverage,
                mc_signature_status_to_word (row->signature), encryptions[column].what, got,
                row->cells[column]);
  CU_ASSERT_STRING_EQUAL (got, row->cells[column]);
}

static void
check_matrix (Coverage coverage, const MatrixRow *rows, guint n_rows)
{
  static const McProtocol protocols[] = { MC_PROTOCOL_OPENPGP, MC_PROTOCOL_SMIME };
  for (guint p = 0; p < G_N_ELEMENTS (protocols); p++)
    for (guint row = 0; row < n_rows; row++)
      for (guint column = 0; column < N_ENCRYPTIONS; column++)
        check_cell (protocols[p], coverage, &rows[row], column);
}

static void
test_matrix (void)
{
  check_matrix (INSIDE, inside, G_N_ELEMENTS (inside));
  check_matrix (OUTSIDE, outside, G_N_ELEMENTS (outside));
  check_matrix (PARTIAL, partial, G_N_ELEMENTS (partial));
  check_matrix (BESIDE, beside, G_N_ELEMENTS (beside));
}

/* Deciding looks at facts, and writes none. */
static void
test_pure (void)
{
  g_autoptr (McReport) report = report_from_letters ("gEn");
  McVerdict first = _mc_verdict_message (report->layers, MC_VERDICT_CHECK_FROM);
  McVerdict second = _mc_verdict_message (report->layers, MC_VERDICT_CHECK_FROM);
  CU_ASSERT_EQUAL (first.summary, second.summary);
  CU_ASSERT_EQUAL (first.signature, second.signature);
  CU_ASSERT_PTR_EQUAL (first.signer, second.signer);
  CU_ASSERT_EQUAL (first.signature, MC_SIGNATURE_NOT_SENDER);
  CU_ASSERT_EQUAL (first.n_outside, 2);
  for (guint i = 0; i < report->layers->len; i++) {
    const McLayer *layer = report->layers->pdata[i];
    CU_ASSERT_EQUAL (layer->signature, MC_SIGNATURE_UNKNOWN);
    CU_ASSERT_EQUAL (layer->reasons->len, 0);
  }
  CU_ASSERT_EQUAL (_mc_verdict_message (report->layers, 0).signature, MC_SIGNATURE_GOOD);
  CU_ASSERT_EQUAL (_mc_verdict_message (report->layers, MC_VERDICT_SKIP_SIGNATURES).signature,
                   MC_SIGNATURE_UNKNOWN);
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
  { "one signer: the rules, every combination of facts", test_signer },
  { "trust is per identity", test_trust_is_per_identity },
  { "whole messages: layers in any order", test_message },
  { "whole messages: signature, coverage, encryption, protocol", test_matrix },
  { "deciding writes nothing", test_pure },
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
