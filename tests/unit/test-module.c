/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/module.h"
#include "base/spool-cipher.h"

#include <string.h>

static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;
  CU_ASSERT_PTR_NULL (_mc_module_symbol ("no-such-module", "x", &error));
  CU_ASSERT_TRUE (g_error_matches (error, MC_ERROR, MC_ERROR_ENGINE));

  g_autoptr (GError) symbol_error = NULL;
  CU_ASSERT_PTR_NULL (_mc_module_symbol ("spool-cipher", "no_such_symbol", &symbol_error));
  CU_ASSERT_TRUE (g_error_matches (symbol_error, MC_ERROR, MC_ERROR_ENGINE));
}

static const McSpoolCipher *
load_cipher (void)
{
  g_autoptr (GError) error = NULL;
  const McSpoolCipher *cipher = _mc_module_symbol ("spool-cipher", MC_SPOOL_CIPHER_SYMBOL, &error);
  CU_ASSERT_PTR_NOT_NULL_FATAL (cipher);
  return cipher;
}

static void
test_loaded_once (void)
{
  CU_ASSERT_PTR_EQUAL (load_cipher (), load_cipher ());
}

/* Pieces at any offset give what the whole gives. */
static void
test_cipher_offsets (void)
{
  const McSpoolCipher *cipher = load_cipher ();
  gpointer key = cipher->new ();
  CU_ASSERT_PTR_NOT_NULL_FATAL (key);

  guint8 whole[200] = { 0 };
  CU_ASSERT_TRUE (cipher->apply (key, 0, whole, sizeof whole));
  for (gsize start = 0; start < 40; start++)
    for (gsize size = 0; size < 40; size++) {
      guint8 piece[40] = { 0 };
      CU_ASSERT_TRUE (cipher->apply (key, start, piece, size));
      CU_ASSERT_EQUAL (memcmp (piece, whole + start, size), 0);
    }

  CU_ASSERT_TRUE (cipher->apply (key, 0, whole, sizeof whole));
  guint8 zeros[200] = { 0 };
  CU_ASSERT_EQUAL (memcmp (whole, zeros, sizeof whole), 0);
  cipher->free (key);
}

/* Beyond 64 GiB the low 32 bits of the block counter have run over. */
static void
test_cipher_far_offsets (void)
{
  const McSpoolCipher *cipher = load_cipher ();
  gpointer key = cipher->new ();
  CU_ASSERT_PTR_NOT_NULL_FATAL (key);
  guint64 edge = (G_GUINT64_CONSTANT (1) << 32) * 16;
  guint8 across[32] = { 0 };
  guint8 behind[16] = { 0 };
  guint8 first[16] = { 0 };
  CU_ASSERT_TRUE (cipher->apply (key, edge - 16, across, sizeof across));
  CU_ASSERT_TRUE (cipher->apply (key, edge, behind, sizeof behind));
  CU_ASSERT_TRUE (cipher->apply (key, 0, first, sizeof first));
  CU_ASSERT_EQUAL (memcmp (across + 16, behind, sizeof behind), 0);
  CU_ASSERT_NOT_EQUAL (memcmp (first, behind, sizeof behind), 0);
  cipher->free (key);
}

static void
test_cipher_keys_differ (void)
{
  const McSpoolCipher *cipher = load_cipher ();
  gpointer one = cipher->new ();
  gpointer two = cipher->new ();
  CU_ASSERT_PTR_NOT_NULL_FATAL (one);
  CU_ASSERT_PTR_NOT_NULL_FATAL (two);
  guint8 a[32] = { 0 };
  guint8 b[32] = { 0 };
  CU_ASSERT_TRUE (cipher->apply (one, 0, a, sizeof a));
  CU_ASSERT_TRUE (cipher->apply (two, 0, b, sizeof b));
  CU_ASSERT_NOT_EQUAL (memcmp (a, b, sizeof a), 0);
  cipher->free (one);
  cipher->free (two);
}

static CU_TestInfo tests[] = {
  { "missing module, missing symbol", test_missing },
  { "loaded once", test_loaded_once },
  { "cipher: pieces at any offset", test_cipher_offsets },
  { "cipher: far offsets", test_cipher_far_offsets },
  { "cipher: each key is another", test_cipher_keys_differ },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_module = {
  .pName = "module",
  .pTests = tests,
};
