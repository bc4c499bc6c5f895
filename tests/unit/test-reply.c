/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an answer takes from a message: recipients, subject and thread from the header that is
 * believed, what of it may be seen, and the text (RFC 9788 section 6). */
#include "config.h"

#include "unit.h"

#include "context.h"
#include "double-backend.h"
#include "scratch.h"

#include <string.h>

#define ALICE "alice@example.org"
#define BOB "bob@example.org"
#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char *const own[] = { ALICE, NULL };
static char *folder;
static McContext *context;

static void
add_key (McProtocol protocol, const char *fingerprint, const char *address)
{
  McKey *key = double_add_key (protocol, fingerprint, address);
  ((McIdentity *) key->identities->pdata[0])->trust = MC_TRUST_TRUSTED;
  key->secret = MC_SECRET_FILE;
}

static void
set_up (void)
{
  double_reset ();
  folder = scratch_new ();
  context = scratch_context (folder);
  double_install (context, MC_PROTOCOL_OPENPGP);
  double_install (context, MC_PROTOCOL_SMIME);
  add_key (MC_PROTOCOL_SMIME, A64, ALICE);
  add_key (MC_PROTOCOL_SMIME, B64, BOB);
  add_key (MC_PROTOCOL_OPENPGP, A40, ALICE);
  add_key (MC_PROTOCOL_OPENPGP, B40, BOB);
}

static void
tear_down (void)
{
  g_clear_pointer (&context, mc_context_free);
  g_clear_pointer (&folder, scratch_free);
  double_reset ();
}

/* ------------------------------------------------------------------- helpers -- */

static McMessage *
open_text (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) input
      = g_memory_input_stream_new_from_data (g_strdup (text), -1, g_free);
  McMessage *message = mc_open (context, input, MC_OPEN_DEFAULT, NULL, &error);
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  CU_ASSERT_PTR_NOT_NULL_FATAL (message);
  return message;
}

/* An encrypted entity around @inner, signed by Bob or by nobody. */
static char *
encrypt (const char *inner, gboolean is_signed)
{
  g_auto (GStrv) lines = g_strsplit (inner, "\n", -1);
  g_autofree char *content = g_strjoinv ("\r\n", lines);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, content, -1);
  g_autofree char *head = g_strdup_printf ("double-encrypted %s %s %s\n",
                                           is_signed ? B64 : "-", digest, A64);
  gsize n_head = strlen (head), size = strlen (content);
  g_autofree guchar *object = g_malloc (n_head + size);
  memcpy (object, head, n_head);
  for (gsize i = 0; i < size; i++)
    object[n_head + i] = (guchar) content[i] ^ 0x5a;
  g_autofree char *base64 = g_base64_encode (object, n_head + size);
  return g_strconcat ("Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n",
                      base64, "\n", NULL);
}

/* An encrypted message: @header outside, @payload inside. */
static McMessage *
open_encrypted (const char *header, const char *payload)
{
  g_autofree char *entity = encrypt (payload, TRUE);
  g_autofree char *text = g_strconcat (header, entity, NULL);
  return open_text (text);
}

static char *
describe (const McReply *reply)
{
  static const char *const names[] = { "To", "Cc", "Subject", "In-Reply-To", "References" };
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const char *value = mc_reply_get_header (reply, names[i]);
    const char *outer = mc_reply_get_outer_header (reply, names[i]);
    if (value != NULL)
      g_string_append_printf (text, "%s: %s\n", names[i], value);
    if (g_strcmp0 (value, outer) != 0)
      g_string_append_printf (text, " outside: %s\n", outer != NULL ? outer : "-");
  }
  return g_string_free (text, FALSE);
}

static void
check_reply (const char *what, McMessage *message, McReplyKind kind, const char *expected)
{
  g_autoptr (McReply) reply = mc_reply_new (message, kind, own);
  g_autofree char *got = describe (reply);
  if (strcmp (got, expected) != 0)
    g_printerr ("%s: got\n%sexpected\n%s", what, got, expected);
  CU_ASSERT_STRING_EQUAL (got, expected);
}

/* --------------------------------------------------------------- plain mail -- */

static const struct {
  const char *what, *header, *sender, *all;
} plain_table[] = {
  { "ordinary",
    "From: Bob Example <" BOB ">\nTo: " ALICE ", carol@example.org\nCc: Dave <dave@example.org>\n"
    "Subject: hello\nMessage-ID: <2@x>\nReferences: <0@x>\n <1@x>\n",
    "To: Bob Example <" BOB ">\nSubject: Re: hello\nIn-Reply-To: <2@x>\nReferences: <0@x> <1@x> <2@x>\n",
    "To: Bob Example <" BOB ">\nCc: carol@example.org, Dave <dave@example.org>\nSubject: Re: hello\n"
    "In-Reply-To: <2@x>\nReferences: <0@x> <1@x> <2@x>\n" },
  { "wanted elsewhere", "From: " BOB "\nReply-To: List <list@example.org>\nTo: list@example.org, " BOB "\n",
    "To: List <list@example.org>\n", "To: List <list@example.org>\nCc: " BOB "\n" },
  { "to oneself", "From: Alice <ALICE@example.org>\nTo: Bob <" BOB ">\nCc: carol@example.org\n",
    "To: Bob <" BOB ">\n", "To: Bob <" BOB ">\nCc: carol@example.org\n" },
  { "named twice", "From: " BOB "\nTo: BOB@EXAMPLE.ORG, a@b.example\nCc: A <a@b.example>\n", "To: " BOB "\n",
    "To: " BOB "\nCc: a@b.example\n" },
  { "a group", "From: " BOB "\nTo: Us: carol@example.org, dave@example.org;\n", "To: " BOB "\n",
    "To: " BOB "\nCc: carol@example.org, dave@example.org\n" },
  { "a name with specials", "From: \"Bob, \\\"B\\\"\" <" BOB ">\n", "To: \"Bob, \\\"B\\\"\" <" BOB ">\n",
    "To: \"Bob, \\\"B\\\"\" <" BOB ">\n" },
  { "an A-label stays one", "From: ida@xn--bcher-kva.example\n", "To: ida@xn--bcher-kva.example\n",
    "To: ida@xn--bcher-kva.example\n" },
  { "a line break in an encoded name",
    "From: =?utf-8?q?Bob=0ABcc=3A_eve=40elsewhere=2Eexample?= <" BOB ">\nSubject: =?utf-8?q?a=0D=0ABcc:_b?=\n",
    "To: \"Bob Bcc: eve@elsewhere.example\" <" BOB ">\nSubject: Re: a  Bcc: b\n",
    "To: \"Bob Bcc: eve@elsewhere.example\" <" BOB ">\nSubject: Re: a  Bcc: b\n" },
  { "no doubtful sender", "From: Bob <" BOB "> <eve@elsewhere.example>\nTo: carol@example.org\n", "",
    "Cc: carol@example.org\n" },
  { "no sender out of two", "From: " BOB "\nFrom: eve@elsewhere.example\n", "", "" },
  { "answered before", "From: " BOB "\nSubject: RE: hello\n", "To: " BOB "\nSubject: RE: hello\n",
    "To: " BOB "\nSubject: RE: hello\n" },
  { "a thread of one", "From: " BOB "\nMessage-ID: <2@x>\nIn-Reply-To: <1@x>\n",
    "To: " BOB "\nIn-Reply-To: <2@x>\nReferences: <1@x> <2@x>\n",
    "To: " BOB "\nIn-Reply-To: <2@x>\nReferences: <1@x> <2@x>\n" },
  { "an id that is none", "From: " BOB "\nMessage-ID: <2 @x>\nReferences: <1@x>\n", "To: " BOB "\n", "To: " BOB "\n" },
};

static void
test_plain (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (plain_table); i++) {
    g_autofree char *text = g_strconcat (plain_table[i].header, "\nbody\n", NULL);
    g_autoptr (McMessage) message = open_text (text);
    check_reply (plain_table[i].what, message, MC_REPLY_SENDER, plain_table[i].sender);
    check_reply (plain_table[i].what, message, MC_REPLY_ALL, plain_table[i].all);
  }
}

static void
test_long_thread (void)
{
  g_autoptr (GString) text = g_string_new ("From: " BOB "\nMessage-ID: <last@x>\nReferences:");
  for (guint i = 0; i < 200; i++)
    g_string_append_printf (text, "\n <%u@x>", i);
  g_string_append (text, "\n\nbody\n");
  g_autoptr (McMessage) message = open_text (text->str);
  g_autoptr (McReply) reply = mc_reply_new (message, MC_REPLY_SENDER, NULL);
  g_auto (GStrv) ids = g_strsplit (mc_reply_get_header (reply, "references"), " ", -1);
  CU_ASSERT_EQUAL_FATAL (g_strv_length (ids), 50);
  CU_ASSERT_STRING_EQUAL (ids[0], "<0@x>");
  CU_ASSERT_STRING_EQUAL (ids[1], "<152@x>");
  CU_ASSERT_STRING_EQUAL (ids[48], "<199@x>");
  CU_ASSERT_STRING_EQUAL (ids[49], "<last@x>");
}

/* -------------------------------------------------------- protected headers -- */

#define OUTSIDE "From: " BOB "\nTo: " ALICE "\nSubject: [...]\nMessage-ID: <1@x>\n"
#define INSIDE "From: Bob <" BOB ">\nTo: Alice <" ALICE ">, Carol <carol@example.org>\n" \
               "Subject: secret\nMessage-ID: <1@x>\n"
#define CIPHER "Content-Type: text/plain; hp=\"cipher\"\n"
#define HP(name, value) "HP-Outer: " name ": " value "\n"
#define BODY "\nbody\n"

static const struct {
  const char *what, *outside, *payload, *expected;
} protected_table[] = {
  { "baseline", OUTSIDE,
    CIPHER INSIDE HP ("From", "Bob <" BOB ">") HP ("To", "Alice <" ALICE ">, Carol <carol@example.org>")
      HP ("Subject", "[...]") HP ("Message-ID", "<1@x>") BODY,
    "To: Bob <" BOB ">\nCc: Carol <carol@example.org>\nSubject: Re: secret\n outside: Re: [...]\n"
    "In-Reply-To: <1@x>\nReferences: <1@x>\n" },
  { "shy", OUTSIDE,
    CIPHER INSIDE HP ("From", BOB) HP ("To", ALICE ", carol@example.org") HP ("Subject", "[...]")
      HP ("Message-ID", "<1@x>") BODY,
    "To: Bob <" BOB ">\n outside: " BOB "\nCc: Carol <carol@example.org>\n outside: carol@example.org\n"
    "Subject: Re: secret\n outside: Re: [...]\nIn-Reply-To: <1@x>\nReferences: <1@x>\n" },
  { "a hidden reader stays hidden", OUTSIDE,
    CIPHER INSIDE HP ("From", "Bob <" BOB ">") HP ("To", "Alice <" ALICE ">") HP ("Subject", "[...]")
      HP ("Message-ID", "<1@x>") BODY,
    "To: Bob <" BOB ">\nCc: Carol <carol@example.org>\n outside: -\nSubject: Re: secret\n outside: Re: [...]\n"
    "In-Reply-To: <1@x>\nReferences: <1@x>\n" },
  { "subject and id not outside", OUTSIDE,
    CIPHER INSIDE HP ("From", "Bob <" BOB ">") HP ("To", "Alice <" ALICE ">, Carol <carol@example.org>") BODY,
    "To: Bob <" BOB ">\nCc: Carol <carol@example.org>\nSubject: Re: secret\n outside: -\n"
    "In-Reply-To: <1@x>\n outside: -\nReferences: <1@x>\n outside: -\n" },
  { "readers added on the way", OUTSIDE "Cc: eve@elsewhere.example\nReply-To: eve@elsewhere.example\n",
    CIPHER INSIDE HP ("From", "Bob <" BOB ">") HP ("To", "Alice <" ALICE ">, Carol <carol@example.org>")
      HP ("Subject", "secret") HP ("Message-ID", "<1@x>") BODY,
    "To: Bob <" BOB ">\nCc: Carol <carol@example.org>\nSubject: Re: secret\nIn-Reply-To: <1@x>\nReferences: <1@x>\n" },
  { "another sender outside", "From: eve@elsewhere.example\nSubject: x\n",
    CIPHER INSIDE HP ("From", "Bob <" BOB ">") HP ("Subject", "x") BODY,
    "To: Bob <" BOB ">\nCc: Carol <carol@example.org>\n outside: -\nSubject: Re: secret\n outside: Re: x\n"
    "In-Reply-To: <1@x>\n outside: -\nReferences: <1@x>\n outside: -\n" },
  { "clear inside of an encryption", OUTSIDE, "Content-Type: text/plain; hp=\"clear\"\n" INSIDE BODY,
    "To: Bob <" BOB ">\nCc: Carol <carol@example.org>\nSubject: Re: secret\nIn-Reply-To: <1@x>\nReferences: <1@x>\n" },
  { "the older form", "From: eve@elsewhere.example\nSubject: ...\n",
    "Content-Type: text/plain; protected-headers=\"v1\"\n" INSIDE BODY,
    "To: Bob <" BOB ">\n outside: -\nCc: Carol <carol@example.org>\n outside: -\n"
    "Subject: Re: secret\n outside: Re: ...\nIn-Reply-To: <1@x>\n outside: -\nReferences: <1@x>\n outside: -\n" },
  { "no protection", OUTSIDE, "Content-Type: text/plain\nSubject: not one\n" BODY,
    "To: " BOB "\nSubject: Re: [...]\nIn-Reply-To: <1@x>\nReferences: <1@x>\n" },
};

static void
test_protected (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (protected_table); i++) {
    g_autoptr (McMessage) message
        = open_encrypted (protected_table[i].outside, protected_table[i].payload);
    check_reply (protected_table[i].what, message, MC_REPLY_ALL, protected_table[i].expected);
    g_autoptr (McReply) reply = mc_reply_new (message, MC_REPLY_ALL, own);
    CU_ASSERT_TRUE (mc_reply_get_is_secret (reply));
  }
}

/* --------------------------------------------------------------------- text -- */

static void
check_text (McMessage *message, gboolean is_secret, const char *expected)
{
  g_autoptr (McReply) reply = mc_reply_new (message, MC_REPLY_SENDER, NULL);
  g_autofree char *text = mc_reply_read_text (reply, 4096, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (text);
  if (strcmp (text, expected) != 0)
    g_printerr ("got\n%sexpected\n%s", text, expected);
  CU_ASSERT_STRING_EQUAL (text, expected);
  CU_ASSERT_EQUAL (mc_reply_get_is_secret (reply), is_secret);
}

#define MIXED "From: " BOB "\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"

static void
test_text (void)
{
  g_autoptr (McMessage) plain = open_text ("From: " BOB "\n\nfirst\nsecond\n");
  check_text (plain, FALSE, "first\nsecond\n");
  g_autoptr (McMessage) sealed = open_encrypted (OUTSIDE, "Content-Type: text/plain\n\ninside\n");
  check_text (sealed, TRUE, "inside\n");
  g_autoptr (McMessage) page = open_text ("From: " BOB "\nContent-Type: text/html\n\n<p>x</p>\n");
  check_text (page, FALSE, "");
  g_autoptr (McMessage) attached = open_text (MIXED "\ntext\n--b\nContent-Disposition: attachment\n\nfile\n--b--\n");
  check_text (attached, FALSE, "text");
  g_autoptr (McMessage) repeated = open_encrypted (
      OUTSIDE, "Content-Type: text/plain; hp=\"cipher\"; hp-legacy-display=\"1\"\nSubject: s\n\nSubject: s\n\ninside\n");
  check_text (repeated, TRUE, "inside\n");
}

/* Nothing of a ciphertext that is a part among others. */
static void
test_text_of_errant_parts (void)
{
  g_autofree char *secret = encrypt ("Content-Type: text/plain\n\nsecret\n", FALSE);
  g_autofree char *behind = g_strconcat (MIXED "\ntext\n--b\n", secret, "--b--\n", NULL);
  g_autoptr (McMessage) second = open_text (behind);
  check_text (second, FALSE, "text");
  g_autofree char *before = g_strconcat (MIXED, secret, "--b\n\ntext\n--b--\n", NULL);
  g_autoptr (McMessage) first = open_text (before);
  check_text (first, FALSE, "");
}

/* ------------------------------------------------------------------ sealing -- */

/* The header outside of the answer @draft, written under @policy. */
static char *
seal (const McReply *reply, McHeaderPolicy policy, const char *draft)
{
  g_autoptr (McSeal) writer = mc_seal_new (context, MC_SEAL_ENCRYPT | MC_SEAL_SIGN);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) input
      = g_memory_input_stream_new_from_data (g_strdup (draft), -1, g_free);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();

  mc_seal_set_protocol (writer, MC_PROTOCOL_OPENPGP);
  mc_seal_set_header_policy (writer, policy);
  mc_seal_set_reply (writer, (McReply *) reply);
  (void) (mc_seal_run (writer, input, NULL, &error)
          && mc_seal_write (writer, output, NULL, &error));
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  CU_ASSERT_PTR_NULL_FATAL (error);
  CU_ASSERT_TRUE (g_output_stream_write_all (output, "", 1, NULL, NULL, NULL));
  CU_ASSERT_TRUE (g_output_stream_close (output, NULL, NULL));
  char *text = g_memory_output_stream_steal_data (G_MEMORY_OUTPUT_STREAM (output));
  char *end = strstr (text, "MIME-Version");
  CU_ASSERT_PTR_NOT_NULL_FATAL (end);
  *end = '\0';
  return text;
}

static void
check_sealed (const McReply *reply, McHeaderPolicy policy, const char *draft, const char *expected)
{
  g_autofree char *text = g_strconcat (draft, "Content-Type: text/plain\n\nanswer\n", NULL);
  g_autofree char *got = seal (reply, policy, text);
  if (strcmp (got, expected) != 0)
    g_printerr ("got\n%sexpected\n%s", got, expected);
  CU_ASSERT_STRING_EQUAL (got, expected);
}

#define FROM "From: " ALICE "\n"

static void
test_sealed (void)
{
  g_autoptr (McMessage) message = open_encrypted (
      OUTSIDE, CIPHER INSIDE HP ("From", BOB) HP ("Subject", "[...]") HP ("Message-ID", "<1@x>") BODY);
  g_autoptr (McReply) reply = mc_reply_new (message, MC_REPLY_SENDER, own);
  const char *draft = FROM "To: Bob <" BOB ">\nSubject: Re: secret\nIn-Reply-To: <1@x>\n";

  check_sealed (NULL, MC_HEADERS_NONE, draft, FROM "To: Bob <" BOB ">\nSubject: Re: secret\nIn-Reply-To: <1@x>\n");
  check_sealed (reply, MC_HEADERS_NONE, draft, FROM "To: " BOB "\nSubject: Re: [...]\nIn-Reply-To: <1@x>\n");
  check_sealed (reply, MC_HEADERS_OFF, draft, FROM "To: " BOB "\nSubject: Re: [...]\nIn-Reply-To: <1@x>\n");
  /* the policy's own word comes first */
  check_sealed (reply, MC_HEADERS_BASELINE, draft, FROM "To: " BOB "\nSubject: [...]\nIn-Reply-To: <1@x>\n");
  /* written in another way it is still the same; edited it is the user's own */
  check_sealed (reply, MC_HEADERS_NONE, FROM "To: \"Bob\"\n <" BOB ">\nSubject: =?utf-8?q?Re:_secret?=\n",
                FROM "To: " BOB "\nSubject: Re: [...]\n");
  check_sealed (reply, MC_HEADERS_NONE, FROM "To: " BOB "\nSubject: lunch?\n", FROM "To: " BOB "\nSubject: lunch?\n");
}

static void
test_sealed_without (void)
{
  g_autoptr (McMessage) message = open_encrypted (OUTSIDE, CIPHER INSIDE HP ("From", "Bob <" BOB ">") BODY);
  g_autoptr (McReply) reply = mc_reply_new (message, MC_REPLY_SENDER, own);
  check_sealed (reply, MC_HEADERS_NONE,
                FROM "To: Bob <" BOB ">\nSubject: Re: secret\nIn-Reply-To: <1@x>\nReferences: <1@x>\nX: y\n",
                FROM "To: Bob <" BOB ">\nX: y\n");
}

static void
test_outlives (void)
{
  g_autoptr (McMessage) message
      = open_encrypted (OUTSIDE, CIPHER INSIDE HP ("From", "Bob <" BOB ">") HP ("Subject", "\xc3\xbc [...]") BODY);
  g_autoptr (McSeal) writer = mc_seal_new (context, MC_SEAL_ENCRYPT);
  McReply *reply = mc_reply_new (message, MC_REPLY_SENDER, own);
  mc_seal_set_reply (writer, reply);
  mc_reply_free (reply);
  mc_seal_set_reply (writer, NULL);
  reply = mc_reply_new (message, MC_REPLY_SENDER, own);
  check_sealed (reply, MC_HEADERS_NONE, FROM "To: Bob <" BOB ">\nSubject: Re: secret\n",
                FROM "To: Bob <" BOB ">\nSubject: Re: =?UTF-8?b?w7w=?= [...]\n");
  mc_reply_free (reply);
}

static CU_TestInfo tests[] = {
  { "plain mail", test_plain },
  { "a long thread", test_long_thread },
  { "protected headers: only those, and what may be seen of them", test_protected },
  { "the text to be quoted", test_text },
  { "nothing of errant parts is quoted", test_text_of_errant_parts },
  { "what was hidden stays hidden in the answer", test_sealed },
  { "what was not outside is not outside of the answer", test_sealed_without },
  { "a reply and its writer", test_outlives },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_reply = {
  .pName = "reply",
  .pSetUpFunc = set_up,
  .pTearDownFunc = tear_down,
  .pTests = tests,
};
