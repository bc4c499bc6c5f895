/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking objects apart: any encoding of the same content gives the same octets. */
#include "config.h"

#include "unit.h"

#include "smime/ber.h"
#include "smime/der.h"
#include "smime/split.h"

#include <string.h>

static McSpool *
spool_of (const void *data, gsize size)
{
  McLimits limits;
  _mc_limits_init (&limits);
  McSpool *spool = _mc_spool_new (&limits);
  CU_ASSERT_TRUE_FATAL (_mc_spool_append (spool, data, size, NULL));
  return spool;
}

#define SPOOL(literal) spool_of (literal, sizeof (literal) - 1)

/* The octets of the octet string that @spool is, read in pieces of @piece; NULL: broken. */
static char *
read_octets (McSpool *spool, gsize piece)
{
  McBer ber = { .spool = spool };
  McTlv tlv;
  McOctetReader reader;
  g_autoptr (GString) out = g_string_new (NULL);
  char buffer[64];
  if (!_mc_ber_read (&ber, 0, _mc_spool_get_size (spool), &tlv, NULL))
    return NULL;
  _mc_octet_reader_init (&reader, spool, &tlv);
  for (;;) {
    gssize done = _mc_octet_reader_read (&reader, buffer, piece, NULL);
    if (done < 0)
      return NULL;
    if (done == 0)
      return g_string_free (g_steal_pointer (&out), FALSE);
    g_string_append_len (out, buffer, done);
  }
}

static void
check_octets (McSpool *spool, const char *wanted)
{
  for (gsize piece = 1; piece < 12; piece++) {
    g_autofree char *got = read_octets (spool, piece);
    CU_ASSERT_EQUAL (got == NULL, wanted == NULL);
    CU_ASSERT_EQUAL (g_strcmp0 (got, wanted), 0);
  }
  _mc_spool_unref (spool);
}

static void
test_octet_strings (void)
{
  check_octets (SPOOL ("\x04\x05hello"), "hello");
  check_octets (SPOOL ("\x04\x81\x05hello"), "hello");
  check_octets (SPOOL ("\x04\x84\0\0\0\x05hello"), "hello");
  check_octets (SPOOL ("\x04\x00"), "");
  check_octets (SPOOL ("\x24\x80\x04\x02he\x04\x00\x04\x03llo\0\0"), "hello");
  check_octets (SPOOL ("\x24\x09\x04\x02he\x04\x03llo"), "hello");
  check_octets (SPOOL ("\x24\x80\x24\x80\x04\x02he\0\0\x24\x05\x04\x03llo\0\0"), "hello");
  check_octets (SPOOL ("\xa0\x80\x04\x02he\x04\x03llo\0\0"), "hello");
  check_octets (SPOOL ("\x80\x05hello"), "hello");
}

static void
test_broken_octet_strings (void)
{
  check_octets (SPOOL ("\x04\x06hello"), NULL);                 /* longer than there is */
  check_octets (SPOOL ("\x04\x80hello\0\0"), NULL);             /* primitive, indefinite */
  check_octets (SPOOL ("\x04\x88\xff\xff\xff\xff\xff\xff\xff\xffx"), NULL);
  check_octets (SPOOL ("\x24\x80\x04\x02he"), NULL);            /* no end */
  check_octets (SPOOL ("\x24\x80\x02\x01x\0\0"), NULL);         /* no octet string inside */
  check_octets (SPOOL ("\x24\x04\x04\x05hello"), NULL);         /* a chunk over its frame */
  check_octets (SPOOL ("\x24\x80\x24\x80\x24\x80\x24\x80\x24\x80\x24\x80\x24\x80\x24\x80\x24\x80"
                       "\x04\x01x\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
                NULL);                                          /* too deep */
  check_octets (SPOOL (""), NULL);
}

static void
test_skip (void)
{
  static const struct {
    const char *data;
    gsize size, next;       /* next 0: broken */
  } cases[] = {
    { "\x30\x03\x02\x01\x07zz", 7, 5 },
    { "\x30\x80\x02\x01\x07\0\0zz", 9, 7 },
    { "\x30\x80\x31\x80\x30\x00\0\0\0\0zz", 12, 10 },
    { "\x3f\x81\x01\x02zzz", 7, 6 },
    { "\x30\x80\x02\x01\x07", 5, 0 },
    { "\x30\x80\x30\x80\0\0", 6, 0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (McSpool) spool = spool_of (cases[i].data, cases[i].size);
    McBer ber = { .spool = spool };
    McTlv tlv;
    guint64 next = 0;
    CU_ASSERT_TRUE_FATAL (_mc_ber_read (&ber, 0, cases[i].size, &tlv, NULL));
    CU_ASSERT_EQUAL (_mc_ber_skip (&ber, &tlv, &next, NULL), cases[i].next != 0);
    if (cases[i].next != 0)
      CU_ASSERT_EQUAL (next, cases[i].next);
  }
}

/* A hundred thousand levels are neither recursion nor memory. */
static void
test_depth (void)
{
  g_autoptr (GString) data = g_string_new ("\x30");
  g_string_append_c (data, (char) 0x80);
  for (int i = 0; i < 100000; i++)
    g_string_append_len (data, "\x30\x80", 2);
  g_autoptr (McSpool) spool = spool_of (data->str, data->len);
  McBer ber = { .spool = spool };
  McTlv tlv;
  guint64 next;
  CU_ASSERT_TRUE_FATAL (_mc_ber_read (&ber, 0, data->len, &tlv, NULL));
  CU_ASSERT_FALSE (_mc_ber_skip (&ber, &tlv, &next, NULL));
}

#define ID_DATA "\x06\x09*\x86H\x86\xf7\x0d\x01\x07\x01"
#define ID_SIGNED "\x06\x09*\x86H\x86\xf7\x0d\x01\x07\x02"

static void
test_split (void)
{
  static const char der[] = "\x30\x2f" ID_SIGNED "\xa0\x22\x30\x20\x02\x01\x01\x31\x00\x30\x17" ID_DATA
                            "\xa0\x0a\x04\x08unsigned\x31\x00";
  static const char ber[] = "\x30\x80" ID_SIGNED "\xa0\x80\x30\x80\x02\x01\x01\x31\x80\0\0\x30\x80" ID_DATA
                            "\xa0\x80\x24\x80\x04\x02un\x04\x06signed\0\0\0\0\0\0\x31\x00\0\0\0\0\0\0";
  static const struct {
    const char *data;
    gsize size;
  } cases[] = { { der, sizeof der - 1 }, { ber, sizeof ber - 1 } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (McCmsParts) parts = { 0 };
    g_autoptr (McSpool) spool = spool_of (cases[i].data, cases[i].size);
    McOctetReader reader;
    char octets[32] = "";
    CU_ASSERT_TRUE_FATAL (_mc_cms_split (_mc_span_whole (spool), &parts, NULL));
    CU_ASSERT_EQUAL (parts.kind, MC_CMS_SIGNED);
    CU_ASSERT_TRUE (parts.data_inside);
    CU_ASSERT_TRUE_FATAL (parts.has_content);
    CU_ASSERT_EQUAL (parts.n_signers, 0);
    _mc_octet_reader_init (&reader, spool, &parts.content);
    CU_ASSERT_EQUAL (_mc_octet_reader_read (&reader, octets, sizeof octets, NULL), 8);
    CU_ASSERT_STRING_EQUAL (octets, "unsigned");
    g_autoptr (CMS_ContentInfo) cms = _mc_cms_parse (NULL, &parts, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL (cms);
    CU_ASSERT_EQUAL (CMS_is_detached (cms), 1);
  }
}

/* Every octet changed and every length cut: an answer, whatever it is, and no crash. */
static void
test_hostile (void)
{
  static const char ber[] = "\x30\x80" ID_SIGNED "\xa0\x80\x30\x80\x02\x01\x01\x31\x80\0\0\x30\x80" ID_DATA
                            "\xa0\x80\x24\x80\x04\x02un\x04\x06signed\0\0\0\0\0\0\x31\x00\0\0\0\0\0\0";
  guint good = 0;
  for (gsize at = 0; at < sizeof ber - 1; at++)
    for (int value = 0; value < 256; value++) {
      char copy[sizeof ber - 1];
      memcpy (copy, ber, sizeof copy);
      copy[at] = (char) value;
      g_auto (McCmsParts) parts = { 0 };
      g_autoptr (McSpool) spool = spool_of (copy, value == 255 ? at : sizeof copy);
      good += _mc_cms_split (_mc_span_whole (spool), &parts, NULL);
    }
  CU_ASSERT_TRUE (good > sizeof ber);
}

/* What is written is read back, at the edges of the forms of the length. */
static void
test_der_lengths (void)
{
  static const gsize sizes[] = { 0, 1, 127, 128, 255, 256, 65535, 65536 };
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree guint8 *data = g_malloc0 (sizes[i] + 1);
    g_autoptr (GByteArray) out = g_byte_array_new ();
    McDer whole, body;
    _mc_der_append (out, MC_BER_OCTETS, data, sizes[i]);
    _mc_der_wrap (out, MC_BER_SEQUENCE);
    McDer all = { out->data, out->len }, rest = all;
    CU_ASSERT_TRUE (_mc_der_take (&rest, MC_BER_SEQUENCE, &whole, &body));
    CU_ASSERT_EQUAL (rest.size, 0);
    CU_ASSERT_TRUE (_mc_der_is (&whole, all.at, all.size));
    CU_ASSERT_TRUE (_mc_der_take (&body, MC_BER_OCTETS, NULL, &rest));
    CU_ASSERT_TRUE (_mc_der_is (&rest, data, sizes[i]));
  }
}

static void
test_broken_der (void)
{
  static const struct {
    const char *octets;
    gsize size;
  } cases[] = {
    { "", 0 },         { "\x04", 1 },          { "\x04\x01", 2 },       { "\x04\x80\x00\x00", 4 },
    { "\x04\x81", 2 }, { "\x04\x81\x01", 3 }, { "\x04\x82\x00", 3 }, { "\x05\x00", 2 },
    { "\x04\x84\xff\xff\xff\xff\x00", 7 },  { "\x04\x85\x00\x00\x00\x00\x00", 7 },
    { "\x04\xff\x00", 3 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    McDer from = { (const guint8 *) cases[i].octets, cases[i].size };
    CU_ASSERT_FALSE (_mc_der_take (&from, MC_BER_OCTETS, NULL, NULL));
    CU_ASSERT_EQUAL (from.size, cases[i].size);
  }
}

static CU_TestInfo tests[] = {
  { "octet strings", test_octet_strings },
  { "broken octet strings", test_broken_octet_strings },
  { "skipping", test_skip },
  { "depth", test_depth },
  { "splitting", test_split },
  { "DER lengths", test_der_lengths },
  { "broken DER", test_broken_der },
  { "hostile lengths", test_hostile },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_smime_ber = {
  .pName = "smime_ber",
  .pTests = tests,
};
