/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store.db: pins and key history for both protocols, certificates and what peers said of
 * their programs for S/MIME. SQLite,
 * WAL, every writing in one transaction, safe against other processes and kill -9.
 * Knows no X.509: the S/MIME backend hands in what it parsed. */
#pragma once

#include "keys/key.h"

typedef struct _McStore McStore;

/* Opens (and with @create makes) DATA/store.db. A store that is not there, without
 * @create, is an empty one: *ret_store is NULL, and every reading function takes NULL as
 * an empty store. MC_ERROR_IO. */
gboolean _mc_store_open (const char *folder, gboolean create, McStore **ret_store, GError **error);
void _mc_store_close (McStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McStore, _mc_store_close)
/* While another process writes, ten seconds are waited, and in a hurry one: mail is opened to
 * be read. */
void _mc_store_set_hurried (McStore *store, gboolean hurried);

gboolean _mc_store_begin (McStore *store, GError **error);    /* immediate transaction */
gboolean _mc_store_commit (McStore *store, GError **error);
void _mc_store_rollback (McStore *store);

/* A transaction unless the caller already has one. */
gboolean _mc_store_begin_own (McStore *store, gboolean *ret_own, GError **error);
/* Commits it, or rolls it back when not @ok. Whether all went well. */
gboolean _mc_store_end_own (McStore *store, gboolean own, gboolean ok, GError **error);

/* One certificate. Strings and bytes are owned by it. */
typedef struct {
  char *fingerprint;        /* SHA-256, lower-case hex; the primary key */
  char *public_key;         /* SHA-256 of the SubjectPublicKeyInfo, lower-case hex: names private/ files */
  GBytes *der;
  GBytes *subject, *issuer; /* DER Names */
  GBytes *serial;           /* content octets of the INTEGER */
  GBytes *key_identifier;   /* subjectKeyIdentifier, nullable */
  GStrv addresses;          /* canonical */
  char *label;              /* subject for people and for searching; hostile */
  gint64 valid_from, valid_until;
  gboolean is_authority;
} McCertificate;
McCertificate *_mc_certificate_new (void);
void _mc_certificate_free (McCertificate *certificate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McCertificate, _mc_certificate_free)

/* Adds it; *ret_new tells whether it was unknown. */
gboolean _mc_store_add_certificate (McStore *store, const McCertificate *certificate,
                                    gboolean *ret_new, GError **error);
gboolean _mc_store_remove_certificate (McStore *store, const char *fingerprint, GError **error);

typedef enum {
  MC_BY_ALL,
  MC_BY_FINGERPRINT,        /* text */
  MC_BY_ADDRESS,            /* text, canonical */
  MC_BY_TEXT,               /* text: part of label or address, case-insensitive */
  MC_BY_SUBJECT,            /* name */
  MC_BY_ISSUER_SERIAL,      /* name, octets */
  MC_BY_KEY_IDENTIFIER,     /* octets */
  MC_BY_PUBLIC_KEY,         /* text */
} McStoreField;

typedef struct {
  McStoreField field;
  const char *text;
  GBytes *name, *octets;
} McStoreQuery;

/* Calls @func for each match, newest valid_from first, until it returns FALSE. */
typedef gboolean (*McStoreFunc) (const McCertificate *certificate, gpointer user_data);
gboolean _mc_store_find (McStore *store, const McStoreQuery *query, McStoreFunc func,
                         gpointer user_data, GError **error);

/* Pins: "this fingerprint is this address's". @address canonical; "" stands for all of
 * the key's own. Trust words: */
typedef enum {
  MC_PIN_NONE = 0,
  MC_PIN_TRUSTED,           /* for the address */
  MC_PIN_ANCHOR,            /* as a trust anchor; address "" */
  MC_PIN_DISTRUSTED,        /* address "" */
} McPin;
gboolean _mc_store_set_pin (McStore *store, McProtocol protocol, const char *fingerprint,
                            const char *address, McPin pin, GError **error);
/* Calls @func for each pin of @fingerprint (NULL: of all). */
typedef void (*McPinFunc) (const char *fingerprint, const char *address, McPin pin,
                           gpointer user_data);
gboolean _mc_store_find_pins (McStore *store, McProtocol protocol, const char *fingerprint,
                              McPinFunc func, gpointer user_data, GError **error);
/* One pin with all that there is to know of it, for backups. */
typedef struct {
  McProtocol protocol;
  const char *fingerprint, *address;
  McPin pin;
  gint64 set_at;
} McPinDump;
typedef void (*McPinDumpFunc) (const McPinDump *dump, gpointer user_data);
/* Calls @func, which must not use the store, for each pin of both protocols. */
gboolean _mc_store_dump_pins (McStore *store, McPinDumpFunc func, gpointer user_data,
                              GError **error);
/* Adds it where nothing is pinned for this fingerprint and address yet. */
gboolean _mc_store_merge_pin (McStore *store, const McPinDump *dump, gboolean *ret_new,
                              GError **error);
/* The fingerprints pinned as trusted for @address. (transfer full) */
GStrv _mc_store_pinned_for (McStore *store, McProtocol protocol, const char *address,
                            GError **error);

/* A key as it was seen on good mail from an address. */
typedef struct {
  char *fingerprint;
  char *key;                /* what makes it another one: of a certificate its public key */
  char *issuer;             /* nullable; hostile */
  gint64 first_seen, last_seen;   /* by the clock of this computer */
} McSighting;
void _mc_sighting_free (McSighting *sighting);
/* All of an address, oldest first, into @sightings, which owns them. */
gboolean _mc_store_find_sightings (McStore *store, McProtocol protocol, const char *address,
                                   GPtrArray *sightings, GError **error);
/* Adds it, or carries last_seen of the one that is there forward. */
gboolean _mc_store_add_sighting (McStore *store, McProtocol protocol, const char *address,
                                 const McSighting *sighting, GError **error);

/* What the newest good S/MIME signature of an address said. Owned strings and bytes. */
typedef struct {
  char *signer;             /* fingerprint */
  char *preferred;          /* nullable: fingerprint of the certificate to encrypt to */
  GBytes *capabilities;     /* nullable: SMIMECapabilities, DER */
  gint64 signed_at;
} McPeer;
void _mc_peer_free (McPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McPeer, _mc_peer_free)
/* *ret_peer is NULL when nothing is known. */
gboolean _mc_store_get_peer (McStore *store, const char *address, McPeer **ret_peer,
                             GError **error);
/* Only what was signed later than what is there replaces it. */
gboolean _mc_store_set_peer (McStore *store, const char *address, const McPeer *peer,
                             GError **error);

/* Encrypted messages that were opened, as salted hashes of their Message-IDs. */
/* The salt for them; without @create *ret_salt is NULL where there is none yet. */
gboolean _mc_store_get_salt (McStore *store, gboolean create, GBytes **ret_salt, GError **error);
/* Adds @id, or carries its time forward, and forgets what was opened before @oldest. */
gboolean _mc_store_add_opened (McStore *store, GBytes *id, gint64 now, gint64 oldest,
                               GError **error);
/* Whether @id was opened, not before @oldest. */
gboolean _mc_store_find_opened (McStore *store, GBytes *id, gint64 oldest, gboolean *ret_found,
                                GError **error);
