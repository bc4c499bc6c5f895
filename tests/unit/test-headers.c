/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Header protection, reading: fields inside, fields outside and HP-Outer make the state of
 * each (RFC 9788 section 4.3). */
#include "config.h"

#include "unit.h"

#include "headers.h"
#include "mime/legacy.h"
#include "sample.h"

/* ------------------------------------------------------------------- states -- */

#define UNPROTECTED MC_SUMMARY_UNPROTECTED
#define SIGNED MC_SUMMARY_SIGNED_ONLY
#define SECRET MC_SUMMARY_ENCRYPTED_ONLY
#define BOTH MC_SUMMARY_SIGNED_AND_ENCRYPTED

/* What is expected: one line "NAME: VALUE (STATE)" for each field, in order, with
 * " outer OUTER" where another value stands outside. u unprotected, s signed-only,
 * e encrypted-only, b both. */
static const struct {
  const char *what;
  McHeaderProtection protection;
  McSummary summary;
  const char *inside, *outside, *expected;
} state_table[] = {
  { "no protection", MC_HP_NONE, SIGNED, "", "Subject: a\nFrom: b@c\n",
    "Subject: a (u)\nFrom: b@c (u)\n" },
  { "clear", MC_HP_CLEAR, SIGNED, "Subject: a\n", "Subject: a\n", "Subject: a (s)\n" },
  { "clear, signature fails", MC_HP_CLEAR, UNPROTECTED, "Subject: a\n", "Subject: a\n",
    "Subject: a (u)\n" },
  { "clear, changed on the way", MC_HP_CLEAR, SIGNED, "Subject: a\n", "Subject: [list] a\n",
    "Subject: a (s) outer [list] a\n" },
  { "clear is never secret", MC_HP_CLEAR, BOTH, "Subject: a\n", "Subject: x\n",
    "Subject: a (s) outer x\n" },
  { "clear is never secret, unsigned", MC_HP_CLEAR, SECRET, "Subject: a\n", "",
    "Subject: a (u)\n" },
  { "HP-Outer in what is only signed", MC_HP_CLEAR, SIGNED,
    "Subject: a\nTo: b\nHP-Outer: To: b\n", "Subject: a\nTo: b\n", "Subject: a (s)\nTo: b (s)\n" },
  { "cipher", MC_HP_CIPHER, BOTH, "Subject: a\nTo: b\nHP-Outer: Subject: [...]\nHP-Outer: To: b\n",
    "Subject: [...]\nTo: b\n", "Subject: a (b) outer [...]\nTo: b (s)\n" },
  { "cipher, unsigned", MC_HP_CIPHER, SECRET,
    "Subject: a\nTo: b\nHP-Outer: Subject: [...]\nHP-Outer: To: b\n", "Subject: [...]\nTo: b\n",
    "Subject: a (e) outer [...]\nTo: b (u)\n" },
  { "cipher in a cipher too weak to count", MC_HP_CIPHER, SIGNED, "Subject: a\n", "Subject: x\n",
    "Subject: a (s) outer x\n" },
  { "removed outside", MC_HP_CIPHER, BOTH, "Keywords: k\nTo: b\nHP-Outer: To: b\n", "To: b\n",
    "Keywords: k (b)\nTo: b (s)\n" },
  { "stripped outside on the way", MC_HP_CIPHER, BOTH, "Cc: c\nHP-Outer: Cc: c\n", "",
    "Cc: c (s)\n" },
  { "the real outer value proves nothing", MC_HP_CIPHER, BOTH,
    "Subject: a\nHP-Outer: Subject: a\n", "Subject: [...]\n", "Subject: a (s) outer [...]\n" },
  { "added outside on the way", MC_HP_CIPHER, BOTH, "To: b\nHP-Outer: To: b\n",
    "Received: r\nTo: b\nCc: evil\n", "To: b (s)\nReceived: r (u)\nCc: evil (u)\n" },
  { "HP-Outer outside", MC_HP_CIPHER, BOTH, "Subject: a\n", "HP-Outer: Subject: a\n",
    "Subject: a (b)\n" },
  { "HP-Outer folded behind its name", MC_HP_CIPHER, BOTH, "To: b\nHP-Outer:\n To: b\n", "To: b\n",
    "To: b (s)\n" },
  { "HP-Outer folded behind the other name", MC_HP_CIPHER, BOTH, "To: b\nHP-Outer: To:\n b\n",
    "To: b\n", "To: b (s)\n" },
  { "HP-Outer without a colon", MC_HP_CIPHER, BOTH, "To: b\nHP-Outer: To b\n", "To: b\n",
    "To: b (b)\n" },
  { "a name in another case", MC_HP_CIPHER, BOTH, "TO: b\nHP-Outer: to: b\n", "To: b\n",
    "TO: b (s)\n" },
  { "a value with a colon", MC_HP_CIPHER, BOTH, "Subject: a: b\nHP-Outer: Subject: a: b\n",
    "Subject: a: b\n", "Subject: a: b (s)\n" },
  { "folded anew on the way", MC_HP_CLEAR, SIGNED, "Subject: a\n b\n", "Subject: a  b\n",
    "Subject: a b (s)\n" },
  { "two of one name", MC_HP_CIPHER, BOTH, "X: 1\nX: 2\nHP-Outer: X: 2\n", "X: 9\nX: 2\nX: 3\n",
    "X: 1 (b) outer 9\nX: 2 (s)\nX: 3 (u)\n" },
  { "encoded words", MC_HP_CIPHER, BOTH,
    "Subject: =?utf-8?q?=C3=BC?=\nHP-Outer: Subject: =?utf-8?b?w7w=?=\n",
    "Subject: =?utf-8?q?=C3=BC?=\n", "Subject: \303\274 (s)\n" },
  { "structural fields", MC_HP_CIPHER, BOTH, "Content-Type: x\nMIME-Version: 1.0\nTo: b\n",
    "Content-Type: y\n", "To: b (b)\n" },
  { "older forms: the outer header stands in", MC_HP_OLDER, BOTH, "Subject: a\nTo: b\n",
    "Subject: ...\nTo: b\n", "Subject: a (b) outer ...\nTo: b (s)\n" },
  { "older forms, only signed", MC_HP_OLDER, SIGNED, "Subject: a\n", "Subject: ...\n",
    "Subject: a (s) outer ...\n" },
};

static const char *
letter_of (McSummary state)
{
  return state == BOTH ? "b" : state == SECRET ? "e" : state == SIGNED ? "s" : "u";
}

static McTree *
tree_of (const char *fields, McSpool **ret_spool)
{
  g_autofree char *text = g_strconcat (fields, "\nbody\n", NULL);
  return sample_tree (text, ret_spool);
}

/* A report whose facts make that summary. */
static McReport *
report_of (McSummary summary)
{
  McReport *report = _mc_report_new ();
  gboolean is_signed = summary == SIGNED || summary == BOTH;

  if (summary == SECRET || summary == BOTH) {
    McLayer *layer = _mc_layer_new (MC_LAYER_ENCRYPTED, MC_PROTOCOL_SMIME, "1");
    layer->decryption = MC_DECRYPTION_OK;
    g_ptr_array_add (report->layers, layer);
  }
  if (is_signed) {
    McLayer *layer = _mc_layer_new (MC_LAYER_SIGNED, MC_PROTOCOL_SMIME, "1");
    McSigner *signer = _mc_signer_new ();
    signer->content = MC_CONTENT_INTACT;
    signer->validity = MC_VALIDITY_VALID;
    g_ptr_array_add (signer->identities, _mc_identity_new ("b@c.example", NULL, MC_TRUST_TRUSTED));
    g_ptr_array_add (layer->signers, signer);
    layer->sender = g_strdup ("b@c.example");
    g_ptr_array_add (report->layers, layer);
  }
  return report;
}

static char *
describe (const McReport *report)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < report->headers->len; i++) {
    const McHeader *header = report->headers->pdata[i];
    g_string_append_printf (out, "%s: %s (%s)%s%s\n", header->name, header->value,
                            letter_of (header->state), header->outer != NULL ? " outer " : "",
                            header->outer != NULL ? header->outer : "");
  }
  return g_string_free (out, FALSE);
}

static void
test_states (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (state_table); i++) {
    g_autoptr (McSpool) spool_in = NULL, spool_out = NULL;
    g_autoptr (McTree) inside = tree_of (state_table[i].inside, &spool_in);
    g_autoptr (McTree) outside = tree_of (state_table[i].outside, &spool_out);
    g_autoptr (McReport) report = report_of (state_table[i].summary);

    g_ptr_array_unref (report->headers);
    report->headers
        = _mc_headers_pair (inside->fields, outside->fields, state_table[i].protection);
    _mc_report_judge (report);
    CU_ASSERT_EQUAL (report->summary, state_table[i].summary);
    g_autofree char *got = describe (report);
    if (strcmp (got, state_table[i].expected) != 0)
      g_printerr ("%s:\n%s", state_table[i].what, got);
    CU_ASSERT_STRING_EQUAL (got, state_table[i].expected);
  }
}

/* --------------------------------------------------------------------- form -- */

static const struct {
  const char *message;
  gboolean encrypted;
  McHeaderProtection protection;
  gboolean in_root;         /* where the fields are */
} form_table[] = {
  { "Content-Type: text/plain\n\nx", FALSE, MC_HP_NONE, TRUE },
  { "Content-Type: text/plain; hp=\"clear\"\n\nx", FALSE, MC_HP_CLEAR, TRUE },
  { "Content-Type: text/plain; hp=clear\n\nx", TRUE, MC_HP_CLEAR, TRUE },
  { "Content-Type: text/plain; HP=\"Cipher\"\n\nx", TRUE, MC_HP_CIPHER, TRUE },
  { "Content-Type: text/plain; hp=\"cipher\"\n\nx", FALSE, MC_HP_CLEAR, TRUE },
  { "Content-Type: text/plain; hp=\"other\"\n\nx", TRUE, MC_HP_NONE, TRUE },
  { "Content-Type: text/plain; hp=\"\"\n\nx", TRUE, MC_HP_NONE, TRUE },
  { "Content-Type: text/plain; hp=\"clear\"; hp=\"cipher\"\n\nx", TRUE, MC_HP_NONE, TRUE },
  { "Content-Type: text/plain; hp=\"cipher\"; hp=\"cipher\"\n\nx", TRUE, MC_HP_NONE, TRUE },
  { "Content-Type: text/plain; protected-headers=\"v1\"\n\nx", TRUE, MC_HP_OLDER, TRUE },
  { "Content-Type: text/plain; protected-headers=\"v2\"\n\nx", TRUE, MC_HP_NONE, TRUE },
  { "Content-Type: text/plain; hp=\"clear\"; protected-headers=\"v1\"\n\nx", TRUE, MC_HP_CLEAR,
    TRUE },
  { "Content-Type: message/rfc822\n\nSubject: a\n\nx", FALSE, MC_HP_OLDER, FALSE },
  { "Content-Type: message/rfc822; hp=\"clear\"\n\nSubject: a\n\nx", FALSE, MC_HP_CLEAR, TRUE },
  { "Content-Type: message/rfc822\n\nContent-Type: text/plain; hp=\"clear\"\n\nx", FALSE,
    MC_HP_NONE, TRUE },
  { "Content-Type: message/rfc822\n\nContent-Type: application/pkcs7-mime\n\nx", FALSE,
    MC_HP_NONE, TRUE },
  /* beneath the root it means nothing */
  { "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; hp=\"clear\"\n"
    "Subject: a\n\nx\n--b--\n", FALSE, MC_HP_NONE, TRUE },
};

static void
test_form (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (form_table); i++) {
    g_autoptr (McSpool) spool = NULL;
    g_autoptr (McTree) tree = sample_tree (form_table[i].message, &spool);
    const McEntity *holder;
    McHeaderProtection got
        = _mc_headers_detect (tree->root, form_table[i].encrypted, &holder);

    if (got != form_table[i].protection)
      g_printerr ("%s: %d\n", form_table[i].message, got);
    CU_ASSERT_EQUAL (got, form_table[i].protection);
    CU_ASSERT_EQUAL (holder == tree->root, form_table[i].in_root);
  }
}

/* --------------------------------------------------------------------- From -- */

static const struct {
  const char *inside, *outside;
  gboolean differs;
} from_table[] = {
  { "From: a@b.example\n", "From: a@b.example\n", FALSE },
  { "From: Anna <a@b.example>\n", "From: Ben <A@B.EXAMPLE>\n", FALSE },
  { "From: a@b\303\274cher.example\n", "From: a@xn--bcher-kva.example\n", FALSE },
  { "From: a@b.example\n", "From: a@c.example\n", TRUE },
  { "From: a@b.example\n", "From: \"a@b.example\" <x@c.example>\n", TRUE },
  { "From: a@b.example\n", "", TRUE },
  { "From: a@b.example\n", "From: a@b.example\nFrom: a@b.example\n", TRUE },
  { "From: a@b.example, c@d.example\n", "From: a@b.example, c@d.example\n", FALSE },
  { "From: a@b.example, c@d.example\n", "From: a@b.example\n", TRUE },
  { "From: broken <\n", "From: broken <\n", FALSE },
  { "From: broken <\n", "From: broken >\n", TRUE },
};

static void
test_from (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (from_table); i++) {
    g_autoptr (McSpool) spool_in = NULL, spool_out = NULL;
    g_autoptr (McTree) inside = tree_of (from_table[i].inside, &spool_in);
    g_autoptr (McTree) outside = tree_of (from_table[i].outside, &spool_out);
    gboolean got = _mc_headers_from_differs (inside->fields, outside->fields);

    if (got != from_table[i].differs)
      g_printerr ("inside %soutside %s", from_table[i].inside, from_table[i].outside);
    CU_ASSERT_EQUAL (got, from_table[i].differs);
  }
}

/* RFC 9788 section 4.4: without a good signature the transport's word counts, not the
 * message's own. */
static void
test_doubtful_from (void)
{
  static const McSummary summaries[] = { UNPROTECTED, SECRET, SIGNED, BOTH };

  for (gsize i = 0; i < G_N_ELEMENTS (summaries); i++) {
    g_autoptr (McReport) report = report_of (summaries[i]);
    gboolean believed = summaries[i] == SIGNED || summaries[i] == BOTH;

    g_strfreev (report->from_outside);
    report->from_outside = g_strsplit ("x@evil.example", " ", 0);
    report->from_inside = g_strsplit ("b@c.example", " ", 0);
    report->from_differs = report->protects_header = TRUE;
    g_ptr_array_add (report->headers, _mc_header_new ("From", "b@c.example", "x@evil.example"));
    _mc_report_judge (report);
    const McHeader *header = report->headers->pdata[0];
    CU_ASSERT_STRING_EQUAL (report->from[0], believed ? "b@c.example" : "x@evil.example");
    CU_ASSERT_STRING_EQUAL (header->value, report->from[0]);
    CU_ASSERT_EQUAL (_mc_reasons_have (report->reasons, "from-mismatch"), !believed);
  }
}

/* ----------------------------------------------------------- legacy display -- */

#define DIV "<div class=\"header-protection-legacy-display\">"

static const struct {
  gboolean html;
  const char *text, *stripped;
} legacy_table[] = {
  { FALSE, "Subject: a\n\nHello\n\nBye\n", "Hello\n\nBye\n" },
  { FALSE, "Subject: a\r\n \t\r\nHello\r\n", "Hello\r\n" },
  { FALSE, "Subject: a\nTo: b\n\n", "" },
  { FALSE, "no blank line", "no blank line" },
  { FALSE, "", "" },
  { TRUE, "<html><body>\n" DIV "<pre>a</pre></div><p>x</p></body>",
    "<html><body>\n<p>x</p></body>" },
  { TRUE, DIV "a<div>b</div></div >x", "x" },
  { TRUE, "<body bgcolor='>'><div class='header-protection-legacy-display'>a</div>x",
    "<body bgcolor='>'>x" },
  { TRUE, "<body>x" DIV "a</div>", "<body>x" DIV "a</div>" },
  { TRUE, "<body><div class=\"other\">a</div>x", "<body><div class=\"other\">a</div>x" },
  { TRUE, "<body>" DIV "never ends", "<body>" DIV "never ends" },
  { TRUE, "<body", "<body" },
};

static void
test_legacy (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (legacy_table); i++) {
    g_autofree char *got = _mc_legacy_strip (legacy_table[i].text, legacy_table[i].html);
    CU_ASSERT_STRING_EQUAL (got, legacy_table[i].stripped);
  }
}

static CU_TestInfo tests[] = {
  { "states: the table", test_states },
  { "which form a payload has", test_form },
  { "From inside and outside", test_from },
  { "a From that nobody vouches for", test_doubtful_from },
  { "legacy display elements", test_legacy },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_headers = {
  .pName = "headers",
  .pTests = tests,
};
