/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an object says of itself: no key is looked at, nothing is judged. */
#include "config.h"

#include "smime/split.h"

#include "smime/algorithms.h"
#include "smime/bio.h"
#include "smime/certificate.h"
#include "smime/recipients.h"
#include "smime/verify.h"

#include <glib/gi18n-lib.h>

#define MAX_PROBE_BYTES 64

static gboolean
describe_encrypted (McEngine *engine, CMS_ContentInfo *cms, const McCmsParts *parts,
                    McLayer *layer, GError **error)
{
  g_autofree char *name = NULL;
  const McCipher *cipher =
    parts->cipher != NULL ? _mc_cipher_from_der (parts->cipher, &name) : NULL;
  if (name != NULL)
    _mc_layer_set_algorithm (layer, "cipher", name);
  layer->weak = cipher != NULL && cipher->rank == MC_CIPHER_LEGACY;
  return _mc_smime_list_recipients (engine, cms, layer, NULL, error);
}

static void
collect_certificates (McEngine *engine, CMS_ContentInfo *cms, McUnwrapped *out)
{
  g_autoptr (McX509Stack) certificates = CMS_get1_certs (cms);

  out->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  for (int i = 0; certificates != NULL && i < sk_X509_num (certificates); i++)
    g_ptr_array_add (out->certificates,
                     _mc_smime_key_new (engine, sk_X509_value (certificates, i)));
}

static gboolean
describe (McEngine *engine, const McCmsParts *parts, gboolean detached, const char *path,
          McUnwrapped *out, GError **error)
{
  gboolean is_signed = parts->kind == MC_CMS_SIGNED;
  out->format = g_strdup (parts->format);
  if (!is_signed && parts->kind != MC_CMS_ENVELOPED && parts->kind != MC_CMS_AUTH_ENVELOPED)
    return TRUE;
  g_autoptr (CMS_ContentInfo) cms = _mc_cms_parse (engine->libctx, parts, error);
  if (cms == NULL)
    return FALSE;

  McLayer *layer =
    _mc_layer_new (is_signed ? MC_LAYER_SIGNED : MC_LAYER_ENCRYPTED, MC_PROTOCOL_SMIME, path);
  g_ptr_array_add (out->layers, layer);
  _mc_layer_set_algorithm (layer, "format", parts->format);
  if (!is_signed)
    return describe_encrypted (engine, cms, parts, layer, error);
  _mc_smime_describe_signers (cms, layer);
  if (detached && parts->has_content)
    _mc_layer_add_reason (layer, "content-in-detached-signature", NULL,
                          _("content in a detached signature"));
  collect_certificates (engine, cms, out);
  return TRUE;
}

/* What is only signed can be read by everybody. */
static gboolean
copy_signed (McEngine *engine, McSpan object, const McCmsParts *parts, McUnwrapped *out,
             GCancellable *cancellable, GError **error)
{
  g_autoptr (McSpool) content = _mc_spool_new (_mc_context_get_limits (engine->context));
  g_autoptr (BIO) bio = _mc_cms_content_bio (engine, object, parts, cancellable);

  if (!_mc_smime_copy_content (bio, content, error))
    return FALSE;
  out->content = g_steal_pointer (&content);
  return TRUE;
}

gboolean
_mc_smime_describe (McEngine *engine, McSpan object, gboolean detached, const char *path,
                    McUnwrapped *ret_unwrapped, GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  g_auto (McCmsParts) parts = { 0 };
  g_auto (McUnwrapped) out = { 0 };
  out.layers = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_layer_unref);
  if (!_mc_cms_split (object, &parts, error) || !describe (engine, &parts, detached, path, &out, error))
    return FALSE;

  gboolean bare = parts.kind == MC_CMS_SIGNED && parts.n_signers == 0 && !parts.has_content;
  if (bare && !detached) {
    g_ptr_array_set_size (out.layers, 0);
    g_free (out.format);
    out.format = g_strdup ("certs-only");
  }
  if (parts.kind == MC_CMS_SIGNED && parts.has_content && parts.data_inside && !detached
      && !copy_signed (engine, object, &parts, &out, cancellable, error))
    return FALSE;
  *ret_unwrapped = out;
  out = (McUnwrapped) { 0 };
  return TRUE;
}

gboolean
_mc_smime_probe (McEngine *engine, McSpan span)
{
  /* ContentInfo, its content type under pkcs-7 or S/MIME's content types. */
  static const guint8 pkcs9_smime[] = { 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                        0x0d, 0x01, 0x09, 0x10, 0x01 };
  static const guint8 pkcs7[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07 };
  McBer ber = { .spool = span.spool };
  McTlv outer, type;
  guint8 head[MAX_PROBE_BYTES];
  (void) engine;
  if (!_mc_ber_read (&ber, span.start, span.end, &outer, NULL) || outer.tag != MC_BER_SEQUENCE
      || !_mc_ber_read (&ber, outer.body, outer.end, &type, NULL) || type.tag != MC_BER_OID)
    return FALSE;
  gssize done = _mc_spool_read_at (span.spool, type.start, head,
                                   MIN (sizeof head, (gsize) (type.end - type.start)), NULL);
  return done > 0
         && (((gsize) done > sizeof pkcs7 && memcmp (head, pkcs7, sizeof pkcs7) == 0)
             || ((gsize) done > sizeof pkcs9_smime
                 && memcmp (head, pkcs9_smime, sizeof pkcs9_smime) == 0));
}
