/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Armour and packets, byte by byte, without gpg. */
#include "config.h"

#include "unit.h"

#include "base/spool.h"
#include "openpgp/armor.h"
#include "openpgp/object.h"
#include "openpgp/packets.h"

#include <string.h>

static McLimits limits;

static int
init_suite (void)
{
  _mc_limits_init (&limits);
  return 0;
}

static McSpool *
spool (const void *data, gsize size)
{
  McSpool *made = _mc_spool_new (&limits);
  CU_ASSERT_TRUE_FATAL (_mc_spool_append (made, data, size, NULL));
  return made;
}

static McSpool *
spool_text (const char *text)
{
  return spool (text, strlen (text));
}

/* ------------------------------------------------------------------- armour -- */

/* The octets inside @text; NULL when it is refused. */
static GBytes *
dearmour (const char *text, McArmorKind *ret_kind)
{
  g_autoptr (McSpool) from = spool_text (text);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) stream =
    _mc_armor_open (_mc_span_whole (from), ret_kind, NULL, &error);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  if (stream == NULL || g_output_stream_splice (memory, stream, 0, NULL, &error) < 0) {
    CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_MALFORMED));
    return NULL;
  }
  g_output_stream_close (memory, NULL, NULL);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

static gboolean
gives (const char *text, const char *wanted)
{
  McArmorKind kind;
  g_autoptr (GBytes) bytes = dearmour (text, &kind);
  if (bytes == NULL)
    return FALSE;
  CU_ASSERT_EQUAL (kind, MC_ARMOR_MESSAGE);
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  return size == strlen (wanted) && (size == 0 || memcmp (data, wanted, size) == 0);
}

#define BEGIN "-----BEGIN PGP MESSAGE-----\n"
#define END "-----END PGP MESSAGE-----\n"

static void
test_armor_good (void)
{
  CU_ASSERT_TRUE (gives (BEGIN "\naGVsbG8=\n" END, "hello"));
  CU_ASSERT_TRUE (gives (BEGIN "\naGVsbG8h\n" END, "hello!"));
  CU_ASSERT_TRUE (gives (BEGIN "\naGVsbA==\n" END, "hell"));
  CU_ASSERT_TRUE (gives (BEGIN "\naGVsbG8=\n=AAAA\n" END, "hello"));
  CU_ASSERT_TRUE (gives (BEGIN "\naGVsbG8h\n=AAAA\n" END, "hello!"));
  CU_ASSERT_TRUE (gives (BEGIN "Version: x\nComment: y: z\n\naGVsbG8=\n" END, "hello"));
  CU_ASSERT_TRUE (gives (BEGIN " \t\na\nG\r\nVsb G8=\n" END, "hello"));
  CU_ASSERT_TRUE (gives ("\n \r\n" BEGIN "\naGVsbG8=\n" END " \n\t\r\n", "hello"));
  CU_ASSERT_TRUE (gives ("-----BEGIN PGP MESSAGE----- \r\n\r\naGVsbG8=\r\n"
                         "-----END PGP MESSAGE-----", "hello"));
  CU_ASSERT_TRUE (gives (BEGIN "\n" END, ""));
}

static void
test_armor_bad (void)
{
  const char *const broken[] = {
    "", "\n", "hello\n", BEGIN, BEGIN "\n", BEGIN "\naGVsbG8=\n", BEGIN "aGVsbG8=\n" END,
    BEGIN "\naGVsbG8\n" END, BEGIN "\naGVsbG8=\naGVs\n" END, BEGIN "\naGVs=bG8\n" END,
    BEGIN "\naGVsbG8=-----END PGP MESSAGE-----\n", BEGIN "\na=Vs\n" END, BEGIN "\naG*s\n" END,
    BEGIN "\naGVsbG8=\n-----END PGP SIGNATURE-----\n", BEGIN "\naGVsbG8=\n" END "x\n",
    BEGIN "\naGVsbG8=\n" END BEGIN "\naGVsbG8=\n" END, "x" BEGIN "\naGVsbG8=\n" END,
    BEGIN "\naGVsbG8=\n=AA\n" END, BEGIN "\naGVsbG8=\n=AAAA\naGVs\n" END,
    "-----BEGIN PGP MESSAGE, PART 1/2-----\n\naGVsbG8=\n" END, "-----BEGIN PGP MESSAGE-----",
    "-----BEGIN PGP SIGNED MESSAGE-----\n\naGVsbG8=\n" END, "-----BEGIN PGP EVIL-----\n\naGVs\n",
    BEGIN "\naGVsbG8=\n=AAAA\n", BEGIN "\naGVsbG8=\n----END PGP MESSAGE-----\n",
  };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    g_autoptr (GBytes) bytes = dearmour (broken[i], NULL);
    CU_ASSERT_PTR_NULL (bytes);
  }
}

static void
test_armor_limits (void)
{
  g_autofree char *filler = g_strnfill (2000, 'x');
  g_autofree char *line = g_strconcat (BEGIN "Comment: ", filler, "\n\naGVsbG8=\n" END, NULL);
  g_autoptr (GBytes) bytes = dearmour (line, NULL);
  CU_ASSERT_PTR_NULL (bytes);
  g_autoptr (GString) many = g_string_new (BEGIN);
  for (guint i = 0; i < 100; i++)
    g_string_append (many, "Comment: x\n");
  g_string_append (many, "\naGVsbG8=\n" END);
  g_autoptr (GBytes) none = dearmour (many->str, NULL);
  CU_ASSERT_PTR_NULL (none);
  /* data may stand in one long line */
  g_autofree char *data = g_strnfill (400000, 'A');
  g_autofree char *text = g_strconcat (BEGIN "\n", data, "\n" END, NULL);
  g_autoptr (GBytes) zeros = dearmour (text, NULL);
  CU_ASSERT_TRUE (zeros != NULL && g_bytes_get_size (zeros) == 300000);
}

static McArmorKind
probe (const char *text)
{
  g_autoptr (McSpool) from = spool_text (text);
  return _mc_armor_probe (_mc_span_whole (from));
}

static void
test_armor_probe (void)
{
  CU_ASSERT_EQUAL (probe (BEGIN "\naGVsbG8=\n" END), MC_ARMOR_MESSAGE);
  CU_ASSERT_EQUAL (probe ("\r\n " BEGIN "\naGVsbG8=\n" END " \n\n"), MC_ARMOR_MESSAGE);
  CU_ASSERT_EQUAL (probe (BEGIN "\naGVsbG8=\n" END "-- \nfooter\n"), MC_ARMOR_NONE);
  CU_ASSERT_EQUAL (probe ("Hello,\n" BEGIN "\naGVsbG8=\n" END), MC_ARMOR_NONE);
  CU_ASSERT_EQUAL (probe (""), MC_ARMOR_NONE);
  CU_ASSERT_EQUAL (probe ("-----BEGIN PGP MESSAGE-----"), MC_ARMOR_NONE);
  CU_ASSERT_EQUAL (probe ("-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n"
                          "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"),
                   MC_ARMOR_CLEARSIGNED);
  CU_ASSERT_EQUAL (probe ("-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n" END), MC_ARMOR_NONE);
}

static void
test_collect_keys (void)
{
  g_autoptr (McSpool) octets = _mc_spool_new (&limits);
  g_autoptr (McSpool) text = spool_text (
    "My key:\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n\naGVs\n-----END PGP PUBLIC KEY BLOCK-----\n"
    "and\n" BEGIN "\naGVs\n" END
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nbG8h\n-----END PGP PRIVATE KEY BLOCK-----\nbye\n");
  CU_ASSERT_TRUE (_mc_armor_collect_keys (_mc_span_whole (text), octets, NULL, NULL));
  g_autoptr (GBytes) bytes = _mc_span_load (_mc_span_whole (octets), 100, NULL);
  CU_ASSERT_STRING_EQUAL ((const char *) g_bytes_get_data (bytes, NULL), "hello!");

  g_autoptr (McSpool) cut = spool_text ("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\naGVs\n");
  CU_ASSERT_FALSE (_mc_armor_collect_keys (_mc_span_whole (cut), octets, NULL, NULL));
  g_autoptr (McSpool) none = spool_text ("no key\n");
  CU_ASSERT_FALSE (_mc_armor_collect_keys (_mc_span_whole (none), octets, NULL, NULL));
}

/* ------------------------------------------------------------------ packets -- */

typedef struct {
  guint8 data[4096];
  gsize size;
} Octets;

static void
add (Octets *octets, const void *data, gsize size)
{
  g_assert (octets->size + size <= sizeof octets->data);
  memcpy (octets->data + octets->size, data, size);
  octets->size += size;
}

#define ADD(octets, literal) add (octets, literal, sizeof (literal) - 1)

/* All packets of @octets as "tag:size tag:size", "!" where it is refused. */
static char *
list_packets (const void *data, gsize size)
{
  g_autoptr (GInputStream) stream =
    g_memory_input_stream_new_from_data (data, (gssize) size, NULL);
  guint64 budget = 1 << 20;
  g_autoptr (McPackets) packets = _mc_packets_new (stream, &budget);
  g_autoptr (GString) list = g_string_new (NULL);
  guint tag;
  for (;;) {
    if (!_mc_packets_next (packets, &tag, NULL, NULL)) {
      g_string_append (list, "!");
      break;
    }
    if (tag == 0)
      break;
    guint8 body[8192];
    gssize n = _mc_packets_read (packets, body, sizeof body, NULL, NULL);
    g_string_append_printf (list, "%u:%" G_GSSIZE_FORMAT " ", tag, n);
  }
  return g_string_free (g_steal_pointer (&list), FALSE);
}

static gboolean
lists (const Octets *octets, const char *wanted)
{
  g_autofree char *list = list_packets (octets->data, octets->size);
  if (strcmp (list, wanted) == 0)
    return TRUE;
  g_printerr ("# got \"%s\", wanted \"%s\"\n", list, wanted);
  return FALSE;
}

static void
test_lengths (void)
{
  Octets octets = { .size = 0 };
  g_autofree char *filler = g_strnfill (3000, 'x');
  CU_ASSERT_TRUE (lists (&octets, ""));
  ADD (&octets, "\xcb\x03" "abc");                      /* new, one octet */
  ADD (&octets, "\xac\x02" "ab");                       /* old, one octet */
  ADD (&octets, "\xad\x00\x01" "a");                    /* old, two octets */
  ADD (&octets, "\xae\x00\x00\x00\x01" "a");            /* old, four octets */
  ADD (&octets, "\xcb\xff\x00\x00\x00\x02" "ab");       /* new, five octets */
  ADD (&octets, "\xcd\xc0\x01");                        /* new, two octets: 193 */
  add (&octets, filler, 193);
  ADD (&octets, "\xcb\xe0" "a" "\xe1" "bc" "\x01" "d"); /* new, in parts: 1 + 2 + 1 */
  ADD (&octets, "\xcb\xe9");                            /* 512, and none left */
  add (&octets, filler, 512);
  ADD (&octets, "\x00");
  ADD (&octets, "\xcd\x00");                            /* empty */
  ADD (&octets, "\xaf" "up to the end");                /* old, without a length */
  CU_ASSERT_TRUE (lists (&octets, "11:3 11:2 11:1 11:1 11:2 13:193 11:4 11:512 13:0 11:13 "));
}

static void
test_framing_bad (void)
{
  const struct {
    const char *data;
    gsize size;
    const char *list;
  } cases[] = {
    { "\x4b\x01" "a", 3, "!" },                  /* bit 7 is not set */
    { "\xc0\x01" "a", 3, "!" },                  /* type 0 */
    { "\x80\x01" "a", 3, "!" },
    { "\xcb", 1, "!" },                          /* no length */
    { "\xcb\xff\x00", 3, "!" },
    { "\xcb\xc1", 2, "!" },
    { "\xad\x00", 2, "!" },
    { "\xcb\x05" "abc", 5, "11:-1 !" },          /* cut off */
    { "\xcb\xe1" "a", 3, "11:-1 !" },
    { "\xcb\xe0" "a", 3, "11:-1 !" },            /* no further part */
    { "\xcb\xff\xff\xff\xff\xff" "abc", 9, "11:-1 !" },
    { "\xc2\xe0" "a" "\x00", 4, "!" },           /* a signature in parts */
    { "\x8b" "abc", 4, "!" },                    /* a signature without a length */
    { "\xcb\x01" "a" "hello", 8, "11:1 !" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *list = list_packets (cases[i].data, cases[i].size);
    if (strcmp (list, cases[i].list) != 0)
      g_printerr ("# case %u: %s\n", i, list);
    CU_ASSERT_STRING_EQUAL (list, cases[i].list);
  }
}

/* ------------------------------------------------------------------ objects -- */

#define PKESK "\xc1\x0c\x03" "\x01\x02\x03\x04\x05\x06\x07\x08" "\x01" "\x00\x00"
#define HIDDEN "\xc1\x0c\x03" "\0\0\0\0\0\0\0\0" "\x12" "\x00\x00"
#define SKESK "\xc3\x04\x04\x09\x00\x08"
#define SEIPD "\xd2\x03\x01" "xx"
#define MARKER "\xca\x03" "PGP"
#define LITERAL "\xcb\x0b" "b\x00\x00\x00\x00\x00" "hello"
#define ONE_PASS "\xc4\x0d\x03\x00\x08\x01" "\x01\x02\x03\x04\x05\x06\x07\x08" "\x01"
#define SIGNATURE "\xc2\x1a\x04\x00\x01\x08\x00\x06\x05\x02\x5e\x0b\xe1\x00\x00\x0a\x09\x10" \
                  "\x01\x02\x03\x04\x05\x06\x07\x08" "\xaa\xbb"
#define KEY "\xc6\x01\x04"
#define SECRET "\xc5\x01\x04"
#define USER_ID "\xcd\x03" "a b"

static void
read_object (const void *data, gsize size, McPgpObject *object, McSpool *content)
{
  g_autoptr (McSpool) from = spool (data, size);
  CU_ASSERT_TRUE_FATAL (
    _mc_pgp_object_read_span (_mc_span_whole (from), &limits, content, object, NULL, NULL));
}

static const struct {
  const char *data;
  gsize size;
  McPgpKind kind;
  const char *problem;
} objects[] = {
#define CASE(data, kind, problem) { data, sizeof (data) - 1, kind, problem }
  CASE (PKESK SEIPD, MC_PGP_ENCRYPTED, NULL),
  CASE (MARKER PKESK HIDDEN MARKER SKESK SEIPD MARKER, MC_PGP_ENCRYPTED, NULL),
  CASE (SKESK SEIPD, MC_PGP_ENCRYPTED, NULL),
  CASE (SEIPD, MC_PGP_ENCRYPTED, "malformed"),
  CASE (PKESK, MC_PGP_ENCRYPTED, "malformed"),
  CASE (PKESK SEIPD SEIPD, MC_PGP_ENCRYPTED, "trailing-data"),
  CASE (PKESK SEIPD PKESK SEIPD, MC_PGP_ENCRYPTED, "trailing-data"),
  CASE (PKESK SEIPD LITERAL, MC_PGP_ENCRYPTED, "trailing-data"),
  CASE (PKESK SEIPD SIGNATURE, MC_PGP_ENCRYPTED, "trailing-data"),
  CASE (PKESK SEIPD KEY, MC_PGP_ENCRYPTED, "trailing-data"),
  CASE (PKESK SEIPD "garbage", MC_PGP_ENCRYPTED, "malformed"),
  CASE (PKESK LITERAL, MC_PGP_ENCRYPTED, "malformed"),
  CASE (PKESK SIGNATURE SEIPD, MC_PGP_ENCRYPTED, "malformed"),
  CASE (PKESK "\xc9\x02xx", MC_PGP_ENCRYPTED, "no-integrity-protection"),
  CASE ("\xc9\x02xx", MC_PGP_ENCRYPTED, "no-integrity-protection"),
  CASE (PKESK "\xd4\x02\x01x", MC_PGP_ENCRYPTED, "unsupported-encryption"),
  CASE (PKESK "\xd2\x02\x02x", MC_PGP_ENCRYPTED, "unsupported-encryption"),
  CASE (LITERAL, MC_PGP_LITERAL, NULL),
  CASE (LITERAL LITERAL, MC_PGP_LITERAL, "trailing-data"),
  CASE ("\xcb\x03" "b\x00\x00", MC_PGP_UNKNOWN, "malformed"),
  CASE (ONE_PASS LITERAL SIGNATURE, MC_PGP_SIGNED, NULL),
  CASE (ONE_PASS ONE_PASS LITERAL SIGNATURE SIGNATURE, MC_PGP_SIGNED, NULL),
  CASE (ONE_PASS LITERAL, MC_PGP_SIGNED, "malformed"),
  CASE (ONE_PASS SIGNATURE, MC_PGP_SIGNED, "malformed"),
  CASE (ONE_PASS LITERAL SIGNATURE SIGNATURE, MC_PGP_SIGNED, "trailing-data"),
  CASE (ONE_PASS LITERAL SIGNATURE LITERAL, MC_PGP_SIGNED, "trailing-data"),
  CASE (ONE_PASS PKESK SEIPD SIGNATURE, MC_PGP_SIGNED, "malformed"),
  CASE (SIGNATURE LITERAL, MC_PGP_SIGNED, NULL),
  CASE (SIGNATURE LITERAL SIGNATURE, MC_PGP_SIGNED, "trailing-data"),
  CASE (SIGNATURE SIGNATURE, MC_PGP_SIGNATURES, NULL),
  CASE (SIGNATURE KEY, MC_PGP_SIGNATURES, "malformed"),
  CASE (KEY USER_ID SIGNATURE SECRET USER_ID, MC_PGP_KEYS, NULL),
  CASE (KEY USER_ID PKESK, MC_PGP_KEYS, "malformed"),
  CASE (USER_ID, MC_PGP_UNKNOWN, "malformed"),
  CASE (MARKER, MC_PGP_UNKNOWN, "malformed"),
  CASE ("", MC_PGP_UNKNOWN, "malformed"),
  CASE ("\xc2\x01\x04", MC_PGP_UNKNOWN, "malformed"),
  CASE ("\xc1\x03\x03xx", MC_PGP_UNKNOWN, "malformed"),
  CASE ("\xc8\x01\x09", MC_PGP_UNKNOWN, "malformed"),
  CASE ("\xc8\x05\x02junk", MC_PGP_UNKNOWN, "malformed"),
#undef CASE
};

static void
test_grammar (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++) {
    g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
    read_object (objects[i].data, objects[i].size, &object, NULL);
    if (object.kind != objects[i].kind || g_strcmp0 (object.problem, objects[i].problem) != 0)
      g_printerr ("# object %u: kind %u, problem %s\n", i, object.kind, object.problem);
    CU_ASSERT_EQUAL (object.kind, objects[i].kind);
    CU_ASSERT_EQUAL (g_strcmp0 (object.problem, objects[i].problem), 0);
    CU_ASSERT_EQUAL (object.problem != NULL, object.problem_text != NULL);
  }
}

static void
test_fields (void)
{
  static const char encrypted[] = PKESK HIDDEN SKESK SEIPD;
  g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
  read_object (encrypted, sizeof encrypted - 1, &object, NULL);
  CU_ASSERT_EQUAL_FATAL (object.recipients->len, 2);
  const McRecipient *first = object.recipients->pdata[0], *second = object.recipients->pdata[1];
  CU_ASSERT_STRING_EQUAL (first->key_id, "0102030405060708");
  CU_ASSERT_STRING_EQUAL (first->algorithm, "rsa");
  CU_ASSERT_PTR_NULL (second->key_id);
  CU_ASSERT_STRING_EQUAL (second->algorithm, "ecdh");
  CU_ASSERT_EQUAL (object.passphrases, 1);

  static const char signed_text[] = ONE_PASS LITERAL SIGNATURE;
  g_auto (McPgpObject) is_signed = { .kind = MC_PGP_UNKNOWN };
  g_autoptr (McSpool) content = _mc_spool_new (&limits);
  read_object (signed_text, sizeof signed_text - 1, &is_signed, content);
  CU_ASSERT_EQUAL_FATAL (is_signed.signatures->len, 1);
  const McPgpSignature *signature = is_signed.signatures->pdata[0];
  CU_ASSERT_STRING_EQUAL (signature->key_id, "0102030405060708");
  CU_ASSERT_EQUAL (signature->digest_algorithm, 8);
  CU_ASSERT_EQUAL (signature->public_key_algorithm, 1);
  CU_ASSERT_EQUAL (signature->signed_at, 0x5e0be100);
  CU_ASSERT_EQUAL (_mc_spool_get_size (content), 5);
}

static const McPgpSignature *
read_signature (McPgpObject *object, const void *data, gsize size)
{
  read_object (data, size, object, NULL);
  CU_ASSERT_EQUAL (object->kind, MC_PGP_SIGNATURES);
  CU_ASSERT_EQUAL_FATAL (object->signatures->len, 1);
  return object->signatures->pdata[0];
}

static void
test_signature_versions (void)
{
  static const char third[] = "\xc2\x13\x03\x05\x00\x5e\x0b\xe1\x00"
                              "\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\xaa\xbb";
  g_auto (McPgpObject) old = { .kind = MC_PGP_UNKNOWN };
  const McPgpSignature *signature = read_signature (&old, third, sizeof third - 1);
  CU_ASSERT_EQUAL (signature->version, 3);
  CU_ASSERT_STRING_EQUAL (signature->key_id, "0102030405060708");
  CU_ASSERT_EQUAL (signature->digest_algorithm, 2);
  CU_ASSERT_EQUAL (signature->signed_at, 0x5e0be100);

  /* a fingerprint alone names the key too; its subpacket has the two-octet length */
  static const char fourth[] = "\xc2\x24\x04\x00\x16\x0a\x00\x17\x16\x21\x04"
                               "AAAAAAAAAAAA\x01\x02\x03\x04\x05\x06\x07\x08"
                               "\x00\x00\xaa\xbb" "xxx";
  g_auto (McPgpObject) new = { .kind = MC_PGP_UNKNOWN };
  signature = read_signature (&new, fourth, sizeof fourth - 1);
  CU_ASSERT_EQUAL (strlen (signature->fingerprint), 40);
  CU_ASSERT_STRING_EQUAL (signature->key_id, "0102030405060708");
  CU_ASSERT_STRING_EQUAL (_mc_pgp_public_key_name (signature->public_key_algorithm), "eddsa");

  static const char sixth[] = "\xc2\x10\x06\x00\x1b\x0a\x00\x00\x00\x00\x00\x00\x00\x00"
                              "\xaa\xbb\x00\x00";
  g_auto (McPgpObject) newest = { .kind = MC_PGP_UNKNOWN };
  CU_ASSERT_EQUAL (read_signature (&newest, sixth, sizeof sixth - 1)->version, 6);
}

/* Subpackets whose lengths lie. */
static void
test_subpackets_bad (void)
{
  static const char *const bodies[] = { "\xff\x00\x00", "\xc1", "\x00", "\x05\x02\x61\x62\x63",
                                        "\xff\xff\xff\xff\xff\x02" };
  static const gsize sizes[] = { 3, 1, 1, 5, 6 };
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++) {
    Octets octets = { .size = 0 };
    const guint8 head[] = { 0xc2, (guint8) (sizes[i] + 10), 4, 0, 1, 8, 0, (guint8) sizes[i] };
    add (&octets, head, sizeof head);
    add (&octets, bodies[i], sizes[i]);
    ADD (&octets, "\x00\x00\xaa\xbb");
    g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
    read_object (octets.data, octets.size, &object, NULL);
    CU_ASSERT_EQUAL (g_strcmp0 (object.problem, "malformed"), 0);
  }
}

static void
test_probe_octets (void)
{
  const struct {
    const char *data;
    gsize size;
    gboolean is_object;
  } cases[] = {
    { PKESK, sizeof PKESK - 1, TRUE },
    { SKESK, sizeof SKESK - 1, TRUE },
    { ONE_PASS, sizeof ONE_PASS - 1, TRUE },
    { SIGNATURE, sizeof SIGNATURE - 1, TRUE },
    { "\xc8\x05\x02", 3, TRUE },
    { "\xc8\x05\x09", 3, FALSE },
    { "\xc1\x05\x09", 3, FALSE },
    { "\xc2\x05\x09", 3, FALSE },
    { LITERAL, sizeof LITERAL - 1, FALSE },
    { KEY, sizeof KEY - 1, FALSE },
    { "\xff\xd8\xff\xe0", 4, FALSE },   /* a JPEG picture */
    { "\xc1", 1, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    CU_ASSERT_EQUAL (_mc_pgp_object_probe ((const guint8 *) cases[i].data, cases[i].size),
                     cases[i].is_object);
}

/* Whatever is cut off, nothing sound is left: but for what may be missing at the end. */
static void
test_truncated (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    for (gsize size = 0; size < objects[i].size; size++) {
      g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
      read_object (objects[i].data, size, &object, NULL);
      CU_ASSERT_EQUAL (object.problem != NULL, object.problem_text != NULL);
    }
  static const char whole[] = PKESK SEIPD;
  for (gsize size = 0; size < sizeof whole - 1; size++) {
    g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
    read_object (whole, size, &object, NULL);
    CU_ASSERT_PTR_NOT_NULL (object.problem);
  }
}

static void
test_recipient_limit (void)
{
  g_autoptr (McSpool) many = _mc_spool_new (&limits);
  for (guint i = 0; i < limits.recipients + 1; i++)
    _mc_spool_append (many, PKESK, sizeof PKESK - 1, NULL);
  g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
  g_autoptr (GError) error = NULL;
  CU_ASSERT_FALSE (
    _mc_pgp_object_read_span (_mc_span_whole (many), &limits, NULL, &object, NULL, &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT));
}

/* ------------------------------------------------------------- compression -- */

static void
add_compressed (Octets *octets, const void *data, gsize size)
{
  g_autoptr (GZlibCompressor) deflate = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW, 9);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) through =
    g_converter_output_stream_new (memory, G_CONVERTER (deflate));
  g_output_stream_write_all (through, data, size, NULL, NULL, NULL);
  g_output_stream_close (through, NULL, NULL);
  g_autoptr (GBytes) bytes =
    g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
  gsize packed = g_bytes_get_size (bytes) + 1;
  const guint8 head[] = { 0xc8, 255, 0, 0, (guint8) (packed >> 8), (guint8) packed, 1 };
  add (octets, head, sizeof head);
  add (octets, g_bytes_get_data (bytes, NULL), packed - 1);
}

static void
check_compressed (const void *data, gsize size, guint times, McPgpKind kind, const char *problem)
{
  Octets octets = { .size = 0 };
  add (&octets, data, size);
  for (guint i = 0; i < times; i++) {
    Octets inner = octets;
    octets.size = 0;
    add_compressed (&octets, inner.data, inner.size);
  }
  g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
  read_object (octets.data, octets.size, &object, NULL);
  CU_ASSERT_EQUAL (object.kind, kind);
  CU_ASSERT_EQUAL (g_strcmp0 (object.problem, problem), 0);
}

static void
test_compressed (void)
{
#define CHECK(data, times, kind, problem) \
  check_compressed (data, sizeof (data) - 1, times, kind, problem)
  CHECK (LITERAL, 1, MC_PGP_LITERAL, NULL);
  CHECK (LITERAL, 2, MC_PGP_LITERAL, NULL);
  CHECK (LITERAL, 3, MC_PGP_UNKNOWN, "malformed");
  CHECK (ONE_PASS LITERAL SIGNATURE, 1, MC_PGP_SIGNED, NULL);
  CHECK (ONE_PASS LITERAL, 1, MC_PGP_SIGNED, "malformed");
  CHECK (LITERAL LITERAL, 1, MC_PGP_LITERAL, "trailing-data");
  CHECK (PKESK SEIPD, 1, MC_PGP_UNKNOWN, "malformed");
  CHECK (KEY USER_ID, 1, MC_PGP_UNKNOWN, "malformed");
#undef CHECK
  g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
  read_object ("\xc8\x05\x03junk", 7, &object, NULL);
  CU_ASSERT_EQUAL (object.kind, MC_PGP_LITERAL);
  CU_ASSERT_TRUE (object.unreadable);
  CU_ASSERT_STRING_EQUAL (object.problem, MC_PGP_UNREADABLE);
  g_auto (McPgpObject) followed = { .kind = MC_PGP_UNKNOWN };
  static const char two[] = "\xc8\x05\x03junk" LITERAL;
  read_object (two, sizeof two - 1, &followed, NULL);
  CU_ASSERT_STRING_EQUAL (followed.problem, "trailing-data");
}

/* Each depth keeps to the limit, all of them together do not. */
static void
test_compressed_too_far (void)
{
  Octets octets = { .size = 0 };
  guint8 noise[3000];
  guint32 seed = 1;
  for (guint i = 0; i < sizeof noise; i++)
    noise[i] = (guint8) ((seed = seed * 1103515245 + 12345) >> 16);
  const guint8 head[] = { 0xcb, 255, 0, 0, (sizeof noise + 6) >> 8, (guint8) (sizeof noise + 6),
                          'b', 0, 0, 0, 0, 0 };
  add (&octets, head, sizeof head);
  add (&octets, noise, sizeof noise);
  for (guint i = 0; i < 2; i++) {
    Octets inner = octets;
    octets.size = 0;
    add_compressed (&octets, inner.data, inner.size);
  }
  McLimits tight = limits;
  const guint64 totals[] = { 8000, 10000 };
  for (guint i = 0; i < G_N_ELEMENTS (totals); i++) {
    tight.total_bytes = totals[i];
    g_autoptr (McSpool) from = spool (octets.data, octets.size);
    g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
    g_autoptr (GError) error = NULL;
    gboolean ok = _mc_pgp_object_read_span (_mc_span_whole (from), &tight, NULL, &object, NULL,
                                            &error);
    CU_ASSERT_EQUAL (ok, i == 1);
    CU_ASSERT_EQUAL (g_error_matches (error, MC_ERROR, MC_ERROR_LIMIT), i == 0);
  }
}

/* What gpg would take long over never gets to it. */
static void
test_session_key_limits (void)
{
  const char *const keys[] = { HIDDEN, SKESK, PKESK };
  const gsize sizes[] = { sizeof HIDDEN - 1, sizeof SKESK - 1, sizeof PKESK - 1 };
  const guint most[] = { 16, 4, 30 };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    for (guint more = 0; more < 2; more++) {
      Octets octets = { .size = 0 };
      for (guint j = 0; j < most[i] + more; j++)
        add (&octets, keys[i], sizes[i]);
      add (&octets, SEIPD, sizeof SEIPD - 1);
      g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
      read_object (octets.data, octets.size, &object, NULL);
      CU_ASSERT_EQUAL (object.kind, MC_PGP_ENCRYPTED);
      CU_ASSERT_EQUAL (object.problem != NULL, more > 0 && i < 2);
    }
}

/* --------------------------------------------------------------- clearsigned -- */

static void
test_split_clearsigned (void)
{
  static const char block[] = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
                              "one \t\r\n- -two\n\nthree\n"
                              "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n"
                              "-----END PGP SIGNATURE-----\n";
  g_autoptr (McSpool) from = spool_text (block);
  g_autoptr (McSpool) text = _mc_spool_new (&limits);
  guint64 n_signed;
  McSpan signature;
  CU_ASSERT_TRUE_FATAL (_mc_armor_split_clearsigned (_mc_span_whole (from), &limits, text,
                                                     &n_signed, &signature, NULL));
  g_autoptr (GBytes) bytes = _mc_span_load (_mc_span_whole (text), 100, NULL);
  CU_ASSERT_STRING_EQUAL ((const char *) g_bytes_get_data (bytes, NULL),
                          "one\r\n-two\n\nthree\n");
  CU_ASSERT_EQUAL (n_signed, strlen ("one\r\n-two\n\nthree"));
  const char *begin = strstr (block, "-----BEGIN PGP SIGNATURE");
  CU_ASSERT_EQUAL (signature.start, (guint64) (begin - block));
}

static CU_TestInfo tests[] = {
  { "armour: good", test_armor_good },
  { "armour: broken", test_armor_bad },
  { "armour: limits", test_armor_limits },
  { "armour: probe", test_armor_probe },
  { "armour: key blocks", test_collect_keys },
  { "packets: lengths", test_lengths },
  { "packets: broken", test_framing_bad },
  { "objects: grammar", test_grammar },
  { "objects: fields", test_fields },
  { "objects: versions of signatures", test_signature_versions },
  { "objects: broken subpackets", test_subpackets_bad },
  { "objects: probe", test_probe_octets },
  { "objects: truncated", test_truncated },
  { "objects: too many recipients", test_recipient_limit },
  { "objects: compressed", test_compressed },
  { "objects: compressed too far", test_compressed_too_far },
  { "objects: many session keys", test_session_key_limits },
  { "cleartext signature", test_split_clearsigned },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_packets = { "packets", init_suite, NULL, NULL, NULL, tests };
