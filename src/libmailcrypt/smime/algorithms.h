/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of algorithms, and what we think of them. */
#pragma once

#include "smime/engine.h"

typedef enum {
  MC_CIPHER_GOOD,
  MC_CIPHER_OLD,            /* 3DES: read, with a word about it */
  MC_CIPHER_LEGACY,         /* RC2, DES: read only when asked to, never counts */
} McCipherRank;

typedef struct {
  int nid;
  const char *name;         /* ours, e.g. "aes256-gcm" */
  const char *openssl;      /* what it is fetched by */
  McCipherRank rank;
  gboolean aead;
  gsize key_bytes;          /* 0: not fixed */
  gboolean written;         /* may be chosen for writing */
} McCipher;

const McCipher *_mc_cipher_by_nid (int nid);
const McCipher *_mc_cipher_by_name (const char *name);
/* The AlgorithmIdentifier's cipher; NULL when it is none that we know. *ret_name
 * (nullable): its name, or its OID when it is unknown. */
const McCipher *_mc_cipher_from_der (GBytes *algorithm, char **ret_name);

#define MC_CHACHA_NONCE_BYTES 12
#define MC_CHACHA_TAG_BYTES 16
/* Nonce and tag of ChaCha20-Poly1305 (RFC 8103), out of AlgorithmIdentifier and tag as they
 * stand in the object. FALSE: not of the right size. */
gboolean _mc_chacha_parameters (GBytes *algorithm, GBytes *mac, guint8 *nonce, guint8 *tag);

typedef struct {
  int nid;
  const char *name;         /* ours, and what OpenSSL fetches it by */
  const char *micalg;       /* RFC 8551 section 3.5.3.2 */
  gboolean weak;
} McDigest;

const McDigest *_mc_digest_by_nid (int nid);
const McDigest *_mc_digest_by_name (const char *name);

/* An OID as a name where OpenSSL has one, else dotted. */
char *_mc_object_name (const ASN1_OBJECT *object);

/* "rsa3072", "rsa-pss2048", "p256", "brainpoolp256r1", "ed25519", "dsa1024", ... */
char *_mc_key_algorithm (EVP_PKEY *key);
/* Below 2048 bits of RSA or DSA, 224 of a curve (RFC 8551 section 6). */
gboolean _mc_key_is_weak (EVP_PKEY *key);
/* Whether work with it stays bounded: RSA of at most 16384 bits, its exponent of 64. */
gboolean _mc_key_is_sound (EVP_PKEY *key);
/* "rsa-pkcs1", "rsa-pss", "ecdsa", "dsa", or the OID's name. */
char *_mc_signature_algorithm (const X509_ALGOR *algorithm);
/* Whether the parameters of an RSASSA-PSS signature name one digest everywhere, @digest
 * (RFC 4056 section 3, RFC 4055 section 3.1). TRUE for all other signatures. */
gboolean _mc_pss_is_consistent (const X509_ALGOR *signature, const X509_ALGOR *digest);
/* The digest that a signature of ours with @key has. */
const McDigest *_mc_key_digest (EVP_PKEY *key);
