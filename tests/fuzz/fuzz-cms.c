/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CMS objects, certificates and key files of a stranger. Run with files, or linked
 * against libFuzzer (-fsanitize=fuzzer, FUZZ_WITHOUT_MAIN). */
#include "config.h"

#include "context.h"
#include "smime/bio.h"
#include "smime/split.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* One for all inputs: starting OpenSSL takes longer than reading one. */
static McContext *
get_context (McEngine **ret_engine)
{
  static McContext *context;
  static McEngine *engine;
  *ret_engine = engine;
  if (context != NULL)
    return context;
  McSettings *settings = mc_settings_new ();
  mc_settings_set (settings, "limits", "total-bytes", "1048576", NULL);
  mc_settings_set (settings, "smime", "system-anchors", "false", NULL);
  context = mc_context_new (settings);
  mc_settings_unref (settings);
  if (!_mc_smime_backend.open (context, &engine, NULL))
    abort ();
  *ret_engine = engine;
  return context;
}

/* What OpenSSL takes for the content is what our own reader streams. */
static void
compare_content (McEngine *engine, McSpan span, const McCmsParts *parts, const uint8_t *data,
                 size_t size)
{
  const unsigned char *at = data;
  g_autoptr (CMS_ContentInfo) whole = d2i_CMS_ContentInfo (NULL, &at, (long) size);
  ASN1_OCTET_STRING **content = whole != NULL ? CMS_get0_content (whole) : NULL;
  if (content == NULL || *content == NULL || !parts->has_content || parts->kind == MC_CMS_OTHER)
    return;
  g_autoptr (McSpool) output = _mc_spool_new (_mc_context_get_limits (engine->context));
  g_autoptr (BIO) bio = _mc_cms_content_bio (engine, span, parts, NULL);
  if (!_mc_smime_pump (bio, output, NULL) || !_mc_smime_bio_check (bio, NULL))
    return;
  g_autoptr (GBytes) ours = _mc_span_load (_mc_span_whole (output), 1 << 20, NULL);
  gsize n;
  const void *octets = g_bytes_get_data (ours, &n);
  if (n != (gsize) ASN1_STRING_length (*content)
      || (n > 0 && memcmp (octets, ASN1_STRING_get0_data (*content), n) != 0))
    abort ();
}

static void
check_split (McEngine *engine, McSpan span, const uint8_t *data, size_t size)
{
  g_auto (McCmsParts) parts = { 0 };
  if (_mc_cms_split (span, &parts, NULL))
    compare_content (engine, span, &parts, data, size);
}

static void
check_unwrap (McEngine *engine, McSpan span)
{
  g_auto (McUnwrapped) opened = { 0 };
  g_auto (McUnwrapped) described = { 0 };
  gboolean ok = _mc_smime_backend.unwrap (engine, span, "1", MC_UNWRAP_ALLOW_LEGACY, &opened, NULL,
                                          NULL);
  _mc_smime_backend.describe (engine, span, FALSE, "1", &described, NULL, NULL);
  if (!ok)
    return;
  for (guint i = 0; i < opened.layers->len; i++) {
    const McLayer *layer = opened.layers->pdata[i];
    /* no private key is here */
    if (layer->kind == MC_LAYER_ENCRYPTED
        && (layer->decryption == MC_DECRYPTION_OK || opened.content != NULL))
      abort ();
  }
}

static void
check_verify (McEngine *engine, McSpan span)
{
  g_autoptr (McSpool) content = _mc_spool_new (_mc_context_get_limits (engine->context));
  g_autoptr (McLayer) layer = _mc_layer_new (MC_LAYER_SIGNED, MC_PROTOCOL_SMIME, "1");
  if (!_mc_spool_append (content, "other", 5, NULL))
    return;
  McVerifyJob job = { _mc_span_whole (content), span };
  if (_mc_smime_backend.verify (engine, &job, layer, NULL, NULL) && layer->signers->len == 0
      && layer->structure != MC_CONTENT_MALFORMED)
    abort ();
}

/* Without a folder nothing can be stored: reading is all that happens. */
static void
check_import (McEngine *engine, McSpan span)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_imported_free);
  if (_mc_smime_backend.import (engine, span, NULL, results, NULL, NULL) || results->len > 0)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  McEngine *engine = NULL;
  McContext *context = get_context (&engine);
  g_autoptr (McSpool) spool = _mc_spool_new (_mc_context_get_limits (context));
  if (_mc_spool_append (spool, data, size, NULL)) {
    McSpan span = _mc_span_whole (spool);
    _mc_smime_backend.probe (engine, span);
    check_split (engine, span, data, size);
    check_unwrap (engine, span);
    check_verify (engine, span);
    check_import (engine, span);
  }
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
