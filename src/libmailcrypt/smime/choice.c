/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/choice.h"

#include "smime/certificate.h"

/* RFC 8551 section 2.5.2: what we like to get, first choice first. */
static const int own_ciphers[] = {
  NID_aes_256_gcm,
  NID_aes_128_gcm,
  NID_aes_256_cbc,
  NID_aes_128_cbc,
};

/* What every reader has, and the last resort: the first of them. */
static const int common_ciphers[] = {
  NID_aes_256_cbc,
  NID_aes_192_cbc,
  NID_aes_128_cbc,
};

/* id-RSAES-OAEP with SHA-256, for the mask too (RFC 4055 section 4.1). */
static const unsigned char oaep_sha256[] = {
  0x30, 0x3c, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07, 0x30, 0x2f, 0xa0,
  0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
  0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30,
  0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
};

void
_mc_capabilities_free (STACK_OF (X509_ALGOR) *list)
{
  sk_X509_ALGOR_pop_free (list, X509_ALGOR_free);
}

STACK_OF (X509_ALGOR) *
_mc_capabilities_new (void)
{
  STACK_OF (X509_ALGOR) *list = NULL;
  const unsigned char *at = oaep_sha256;
  gboolean ok = TRUE;
  for (gsize i = 0; ok && i < G_N_ELEMENTS (own_ciphers); i++)
    ok = CMS_add_simple_smimecap (&list, own_ciphers[i], -1) == 1;
  X509_ALGOR *oaep = ok ? d2i_X509_ALGOR (NULL, &at, sizeof oaep_sha256) : NULL;
  if (oaep != NULL && sk_X509_ALGOR_push (list, oaep) > 0)
    return list;
  X509_ALGOR_free (oaep);
  _mc_capabilities_free (list);
  return NULL;
}

/* ---------------------------------------------------------------- abilities -- */

static McAbilities *
new_abilities (void)
{
  McAbilities *abilities = g_new0 (McAbilities, 1);
  abilities->ciphers = g_ptr_array_new ();
  return abilities;
}

void
_mc_abilities_free (McAbilities *abilities)
{
  if (abilities == NULL)
    return;
  g_ptr_array_unref (abilities->ciphers);
  g_free (abilities);
}

static void
add_cipher (McAbilities *abilities, int nid)
{
  const McCipher *cipher = _mc_cipher_by_nid (nid);
  if (cipher != NULL && cipher->written && !g_ptr_array_find (abilities->ciphers, cipher, NULL))
    g_ptr_array_add (abilities->ciphers, (gpointer) cipher);
}

McAbilities *
_mc_abilities_new_unknown (void)
{
  McAbilities *abilities = new_abilities ();
  for (gsize i = 0; i < G_N_ELEMENTS (common_ciphers); i++)
    add_cipher (abilities, common_ciphers[i]);
  return abilities;
}

/* What we would write; a peer who names other digests gets none of them. */
static gboolean
is_our_oaep (const X509_ALGOR *algorithm)
{
  const ASN1_OBJECT *object = NULL;
  const void *value = NULL;
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0 (&object, &type, &value, algorithm);
  if (OBJ_obj2nid (object) != NID_rsaesOaep || type != V_ASN1_SEQUENCE)
    return FALSE;

  const ASN1_STRING *sequence = value;
  const unsigned char *at = ASN1_STRING_get0_data (sequence);
  RSA_OAEP_PARAMS *parameters = d2i_RSA_OAEP_PARAMS (NULL, &at, ASN1_STRING_length (sequence));
  if (parameters == NULL)
    return FALSE;
  g_autoptr (X509_ALGOR) mask = NULL;
  const X509_ALGOR *generator = parameters->maskGenFunc;
  if (generator != NULL && generator->parameter != NULL
      && generator->parameter->type == V_ASN1_SEQUENCE) {
    at = ASN1_STRING_get0_data (generator->parameter->value.sequence);
    mask = d2i_X509_ALGOR (NULL, &at, ASN1_STRING_length (generator->parameter->value.sequence));
  }
  gboolean ours = mask != NULL && parameters->hashFunc != NULL
                  && OBJ_obj2nid (mask->algorithm) == NID_sha256
                  && OBJ_obj2nid (parameters->hashFunc->algorithm) == NID_sha256
                  && parameters->pSourceFunc == NULL;
  RSA_OAEP_PARAMS_free (parameters);
  return ours;
}

/* What is not understood is passed over. */
static void
read_list (McAbilities *abilities, const STACK_OF (X509_ALGOR) *list)
{
  for (int i = 0; i < sk_X509_ALGOR_num (list); i++) {
    const X509_ALGOR *one = sk_X509_ALGOR_value (list, i);
    const ASN1_OBJECT *object = NULL;
    X509_ALGOR_get0 (&object, NULL, NULL, one);
    add_cipher (abilities, OBJ_obj2nid (object));
    abilities->oaep |= is_our_oaep (one);
  }
  abilities->known = abilities->ciphers->len > 0;
}

McAbilities *
_mc_abilities_new_from_der (GBytes *capabilities)
{
  gsize size;
  const unsigned char *start = g_bytes_get_data (capabilities, &size), *at = start;
  g_autoptr (McAbilities) abilities = new_abilities ();
  STACK_OF (X509_ALGOR) *list =
    size <= G_MAXINT32 ? d2i_X509_ALGORS (NULL, &at, (long) size) : NULL;
  if (list != NULL && at == start + size)
    read_list (abilities, list);
  _mc_capabilities_free (list);
  return abilities->known ? g_steal_pointer (&abilities) : _mc_abilities_new_unknown ();
}

McAbilities *
_mc_abilities_new_own (void)
{
  McAbilities *abilities = new_abilities ();
  STACK_OF (X509_ALGOR) *list = _mc_capabilities_new ();
  read_list (abilities, list);
  _mc_capabilities_free (list);
  return abilities;
}

/* ------------------------------------------------------------------- choice -- */

/* How far down @cipher stands in everybody's lists together; G_MAXUINT when one cannot
 * read it. Who has said nothing has no taste either. */
static guint
count_dislike (GPtrArray *abilities, const McCipher *cipher)
{
  guint sum = 0;
  for (guint i = 0; i < abilities->len; i++) {
    const McAbilities *one = abilities->pdata[i];
    guint position;
    if (!g_ptr_array_find (one->ciphers, cipher, &position))
      return G_MAXUINT;
    sum += one->known ? position : 0;
  }
  return sum;
}

/* Of one kind, @aead or not, the one liked best; our order decides between equals. */
static const McCipher *
choose_of_kind (GPtrArray *abilities, gboolean aead)
{
  static const int order[] = { NID_aes_256_gcm, NID_aes_192_gcm, NID_aes_128_gcm,
                               NID_aes_256_cbc, NID_aes_192_cbc, NID_aes_128_cbc };
  const McCipher *best = NULL;
  guint least = G_MAXUINT;
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++) {
    const McCipher *cipher = _mc_cipher_by_nid (order[i]);
    guint dislike = cipher->aead == aead ? count_dislike (abilities, cipher) : G_MAXUINT;
    if (dislike >= least)
      continue;
    least = dislike;
    best = cipher;
  }
  return best;
}

McMethod
_mc_choose_method (GPtrArray *abilities, const McCipher *cipher)
{
  McMethod method = { cipher, TRUE };
  /* Told to: a reader that has GCM has OAEP, too; who asks for CBC has one that has not. */
  if (cipher != NULL) {
    method.oaep = cipher->aead;
    return method;
  }
  for (guint i = 0; i < abilities->len; i++)
    method.oaep &= ((McAbilities *) abilities->pdata[i])->oaep;
  method.cipher = choose_of_kind (abilities, TRUE);
  if (method.cipher == NULL)
    method.cipher = choose_of_kind (abilities, FALSE);
  if (method.cipher == NULL)
    method.cipher = _mc_cipher_by_nid (common_ciphers[0]);
  return method;
}

/* -------------------------------------------------------------------- store -- */

/* The newest word about any of the key's addresses. */
static gboolean
find_peer (McStore *store, const McKey *key, McPeer **ret_peer, GError **error)
{
  g_autoptr (McPeer) newest = NULL;
  for (guint i = 0; i < key->identities->len; i++) {
    g_autoptr (McPeer) peer = NULL;
    const McIdentity *identity = key->identities->pdata[i];
    if (identity->address == NULL)
      continue;
    if (!_mc_store_get_peer (store, identity->address, &peer, error))
      return FALSE;
    if (peer == NULL || (newest != NULL && newest->signed_at >= peer->signed_at))
      continue;
    _mc_peer_free (newest);
    newest = g_steal_pointer (&peer);
  }
  *ret_peer = g_steal_pointer (&newest);
  return TRUE;
}

/* The own key: by other programs of the user it may be used, too, if mail tells of them. */
static McAbilities *
make_abilities (const McPeer *peer, const McKey *key)
{
  if (peer != NULL && peer->capabilities != NULL)
    return _mc_abilities_new_from_der (peer->capabilities);
  return key->secret != MC_SECRET_NONE ? _mc_abilities_new_own () : _mc_abilities_new_unknown ();
}

GPtrArray *
_mc_smime_get_abilities (McEngine *engine, GPtrArray *recipients, GError **error)
{
  McStore *store = NULL;
  g_autoptr (GPtrArray) abilities =
    g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_abilities_free);
  if (!_mc_context_get_store (engine->context, FALSE, &store, error))
    return NULL;
  for (guint i = 0; i < recipients->len; i++) {
    g_autoptr (McPeer) peer = NULL;
    const McKey *key = recipients->pdata[i];
    X509 *certificate = _mc_smime_key_x509 (key);
    if (!find_peer (store, key, &peer, error))
      return NULL;
    McAbilities *one = make_abilities (peer, key);
    /* A key of another kind than RSA has nothing against it. */
    one->oaep |= certificate != NULL && !EVP_PKEY_is_a (X509_get0_pubkey (certificate), "RSA");
    g_ptr_array_add (abilities, one);
  }
  return g_steal_pointer (&abilities);
}
