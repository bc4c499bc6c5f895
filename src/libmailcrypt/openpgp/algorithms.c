/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "openpgp/object.h"

typedef struct {
  guint number;
  gboolean weak;
  const char *name;
} McPgpAlgorithm;

static const McPgpAlgorithm public_keys[] = {
  { 1, FALSE, "rsa" },       { 2, FALSE, "rsa" },      { 3, FALSE, "rsa" },
  { 16, FALSE, "elgamal" },  { 17, FALSE, "dsa" },     { 18, FALSE, "ecdh" },
  { 19, FALSE, "ecdsa" },    { 20, FALSE, "elgamal" }, { 22, FALSE, "eddsa" },
  { 25, FALSE, "x25519" },   { 26, FALSE, "x448" },    { 27, FALSE, "ed25519" },
  { 28, FALSE, "ed448" },
};

/* Weak: RFC 9580 section 9.5. */
static const McPgpAlgorithm digests[] = {
  { 1, TRUE, "md5" },      { 2, TRUE, "sha1" },      { 3, TRUE, "ripemd160" },
  { 8, FALSE, "sha256" },  { 9, FALSE, "sha384" },   { 10, FALSE, "sha512" },
  { 11, FALSE, "sha224" }, { 12, FALSE, "sha3-256" }, { 14, FALSE, "sha3-512" },
};

/* Weak: blocks of 64 bits, RFC 9580 section 9.3. */
static const McPgpAlgorithm ciphers[] = {
  { 1, TRUE, "idea" },          { 2, TRUE, "3des" },          { 3, TRUE, "cast5" },
  { 4, TRUE, "blowfish" },      { 7, FALSE, "aes128" },       { 8, FALSE, "aes192" },
  { 9, FALSE, "aes256" },       { 10, FALSE, "twofish" },     { 11, FALSE, "camellia128" },
  { 12, FALSE, "camellia192" }, { 13, FALSE, "camellia256" },
};

static const McPgpAlgorithm *
find (const McPgpAlgorithm *table, gsize size, guint number)
{
  for (gsize i = 0; i < size; i++)
    if (table[i].number == number)
      return &table[i];
  return NULL;
}

#define FIND(table, number) find (table, G_N_ELEMENTS (table), number)

const char *
_mc_pgp_public_key_name (guint number)
{
  const McPgpAlgorithm *found = FIND (public_keys, number);
  return found != NULL ? found->name : NULL;
}

const char *
_mc_pgp_digest_name (guint number)
{
  const McPgpAlgorithm *found = FIND (digests, number);
  return found != NULL ? found->name : NULL;
}

const char *
_mc_pgp_cipher_name (guint number)
{
  const McPgpAlgorithm *found = FIND (ciphers, number);
  return found != NULL ? found->name : NULL;
}

/* What is not known counts as weak. */
gboolean
_mc_pgp_digest_is_weak (guint number)
{
  const McPgpAlgorithm *found = FIND (digests, number);
  return found == NULL || found->weak;
}

gboolean
_mc_pgp_cipher_is_weak (guint number)
{
  const McPgpAlgorithm *found = FIND (ciphers, number);
  return found == NULL || found->weak;
}
