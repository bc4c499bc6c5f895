/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Armour, packets and cleartext signatures of a stranger. Run with files, or linked
 * against libFuzzer (-fsanitize=fuzzer, FUZZ_WITHOUT_MAIN). */
#include "config.h"

#include "base/spool.h"
#include "openpgp/armor.h"
#include "openpgp/object.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_object (McSpan span, const McLimits *limits)
{
  g_auto (McPgpObject) object = { .kind = MC_PGP_UNKNOWN };
  g_autoptr (McSpool) content = _mc_spool_new (limits);
  if (!_mc_pgp_object_read_span (span, limits, content, &object, NULL, NULL))
    return;
  /* what is sound says what it is */
  if (object.problem == NULL && object.kind == MC_PGP_UNKNOWN)
    abort ();
}

static void
check_clearsigned (McSpan span, const McLimits *limits)
{
  g_autoptr (McSpool) text = _mc_spool_new (limits);
  guint64 n_signed = 0;
  McSpan signature = MC_SPAN_NONE;
  if (!_mc_armor_split_clearsigned (span, limits, text, &n_signed, &signature, NULL))
    return;
  if (n_signed > _mc_spool_get_size (text) || signature.end != span.end)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  McLimits limits;
  _mc_limits_init (&limits);
  limits.total_bytes = 1 << 20;
  g_autoptr (McSpool) spool = _mc_spool_new (&limits);
  g_autoptr (McSpool) keys = _mc_spool_new (&limits);
  if (!_mc_spool_append (spool, data, size, NULL))
    return 0;
  McSpan span = _mc_span_whole (spool);
  _mc_armor_probe (span);
  _mc_pgp_object_probe (data, size);
  _mc_armor_collect_keys (span, keys, NULL, NULL);
  check_object (span, &limits);
  check_clearsigned (span, &limits);
  return 0;
}

#ifndef FUZZ_WITHOUT_MAIN
int
main (int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    g_autofree char *data = NULL;
    gsize size;
    g_autoptr (GError) error = NULL;
    if (!g_file_get_contents (argv[i], &data, &size, &error)) {
      fprintf (stderr, "%s\n", error->message);
      return 1;
    }
    LLVMFuzzerTestOneInput ((const uint8_t *) data, size);
  }
  return 0;
}
#endif
