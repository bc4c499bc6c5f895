# The library and its modules.

lib_LTLIBRARIES += src/libmailcrypt/libmailcrypt.la
include_HEADERS += src/libmailcrypt/libmailcrypt.h

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = src/libmailcrypt/libmailcrypt.pc

core_sources = \
	src/libmailcrypt/backend.h \
	src/libmailcrypt/context.c \
	src/libmailcrypt/context.h \
	src/libmailcrypt/examine.c \
	src/libmailcrypt/examine.h \
	src/libmailcrypt/headers.c \
	src/libmailcrypt/headers.h \
	src/libmailcrypt/libmailcrypt.h \
	src/libmailcrypt/message.c \
	src/libmailcrypt/message.h \
	src/libmailcrypt/object.c \
	src/libmailcrypt/oddities.c \
	src/libmailcrypt/open.c \
	src/libmailcrypt/open.h \
	src/libmailcrypt/plan.c \
	src/libmailcrypt/plan.h \
	src/libmailcrypt/policy.c \
	src/libmailcrypt/policy.h \
	src/libmailcrypt/reply.c \
	src/libmailcrypt/reply.h \
	src/libmailcrypt/seal.c \
	src/libmailcrypt/seal.h \
	src/libmailcrypt/send-plan.c \
	src/libmailcrypt/send.c \
	src/libmailcrypt/settings.c \
	src/libmailcrypt/settings.h \
	src/libmailcrypt/version.c \
	src/libmailcrypt/walk.c \
	$(NULL)

base_sources = \
	src/libmailcrypt/base/address.c \
	src/libmailcrypt/base/address.h \
	src/libmailcrypt/base/base64.c \
	src/libmailcrypt/base/base64.h \
	src/libmailcrypt/base/chunk.h \
	src/libmailcrypt/base/decoded.c \
	src/libmailcrypt/base/decoded.h \
	src/libmailcrypt/base/error.c \
	src/libmailcrypt/base/error.h \
	src/libmailcrypt/base/input-file.c \
	src/libmailcrypt/base/input-file.h \
	src/libmailcrypt/base/limits.c \
	src/libmailcrypt/base/limits.h \
	src/libmailcrypt/base/module.c \
	src/libmailcrypt/base/module.h \
	src/libmailcrypt/base/secret.c \
	src/libmailcrypt/base/secret.h \
	src/libmailcrypt/base/span.c \
	src/libmailcrypt/base/spool-cipher.h \
	src/libmailcrypt/base/spool.c \
	src/libmailcrypt/base/spool.h \
	src/libmailcrypt/base/text.c \
	src/libmailcrypt/base/text.h \
	$(NULL)

keys_sources = \
	src/libmailcrypt/keys/agent.c \
	src/libmailcrypt/keys/backup.c \
	src/libmailcrypt/keys/find.c \
	src/libmailcrypt/keys/find.h \
	src/libmailcrypt/keys/harvest.c \
	src/libmailcrypt/keys/harvest.h \
	src/libmailcrypt/keys/import-folder.c \
	src/libmailcrypt/keys/import.c \
	src/libmailcrypt/keys/import.h \
	src/libmailcrypt/keys/key.c \
	src/libmailcrypt/keys/key.h \
	src/libmailcrypt/keys/keyring.c \
	src/libmailcrypt/keys/keyring.h \
	src/libmailcrypt/keys/keys.c \
	src/libmailcrypt/keys/opened.c \
	src/libmailcrypt/keys/opened.h \
	src/libmailcrypt/keys/passphrase.c \
	src/libmailcrypt/keys/passphrase.h \
	src/libmailcrypt/keys/resolver.c \
	src/libmailcrypt/keys/resolver.h \
	src/libmailcrypt/keys/source-local.c \
	src/libmailcrypt/keys/sources.c \
	src/libmailcrypt/keys/sources.h \
	src/libmailcrypt/keys/store-backup.c \
	src/libmailcrypt/keys/store-certificates.c \
	src/libmailcrypt/keys/store-opened.c \
	src/libmailcrypt/keys/store-peers.c \
	src/libmailcrypt/keys/store-pins.c \
	src/libmailcrypt/keys/store-private.h \
	src/libmailcrypt/keys/store.c \
	src/libmailcrypt/keys/store.h \
	$(NULL)

mime_sources = \
	src/libmailcrypt/mime/addresses.c \
	src/libmailcrypt/mime/canon.c \
	src/libmailcrypt/mime/compose.c \
	src/libmailcrypt/mime/compose.h \
	src/libmailcrypt/mime/decode.c \
	src/libmailcrypt/mime/decode.h \
	src/libmailcrypt/mime/edit.c \
	src/libmailcrypt/mime/edit.h \
	src/libmailcrypt/mime/encode.c \
	src/libmailcrypt/mime/encode.h \
	src/libmailcrypt/mime/entity.c \
	src/libmailcrypt/mime/fields.c \
	src/libmailcrypt/mime/fields.h \
	src/libmailcrypt/mime/gmime-stream.c \
	src/libmailcrypt/mime/gmime-stream.h \
	src/libmailcrypt/mime/header.c \
	src/libmailcrypt/mime/header.h \
	src/libmailcrypt/mime/legacy.c \
	src/libmailcrypt/mime/legacy.h \
	src/libmailcrypt/mime/lines.c \
	src/libmailcrypt/mime/lines.h \
	src/libmailcrypt/mime/protect.c \
	src/libmailcrypt/mime/protect.h \
	src/libmailcrypt/mime/scan.c \
	src/libmailcrypt/mime/scan.h \
	src/libmailcrypt/mime/traits.c \
	src/libmailcrypt/mime/traits.h \
	src/libmailcrypt/mime/tree.c \
	src/libmailcrypt/mime/tree.h \
	src/libmailcrypt/mime/writer.c \
	src/libmailcrypt/mime/writer.h \
	$(NULL)

openpgp_sources = \
	src/libmailcrypt/openpgp/algorithms.c \
	src/libmailcrypt/openpgp/armor.c \
	src/libmailcrypt/openpgp/armor.h \
	src/libmailcrypt/openpgp/data.c \
	src/libmailcrypt/openpgp/describe.c \
	src/libmailcrypt/openpgp/engine.c \
	src/libmailcrypt/openpgp/examine.c \
	src/libmailcrypt/openpgp/export-secret.c \
	src/libmailcrypt/openpgp/keyring.c \
	src/libmailcrypt/openpgp/keys.c \
	src/libmailcrypt/openpgp/locate.c \
	src/libmailcrypt/openpgp/object.c \
	src/libmailcrypt/openpgp/object.h \
	src/libmailcrypt/openpgp/openpgp.h \
	src/libmailcrypt/openpgp/packets.c \
	src/libmailcrypt/openpgp/packets.h \
	src/libmailcrypt/openpgp/run.c \
	src/libmailcrypt/openpgp/seal.c \
	src/libmailcrypt/openpgp/status.c \
	src/libmailcrypt/openpgp/status.h \
	src/libmailcrypt/openpgp/unwrap.c \
	src/libmailcrypt/openpgp/verify.c \
	$(NULL)

report_sources = \
	src/libmailcrypt/report/json.c \
	src/libmailcrypt/report/json.h \
	src/libmailcrypt/report/report.c \
	src/libmailcrypt/report/report.h \
	src/libmailcrypt/report/verdict.c \
	src/libmailcrypt/report/words.c \
	$(NULL)

smime_sources = \
	src/libmailcrypt/smime/agreement.c \
	src/libmailcrypt/smime/agreement.h \
	src/libmailcrypt/smime/algorithms.c \
	src/libmailcrypt/smime/algorithms.h \
	src/libmailcrypt/smime/attributes.c \
	src/libmailcrypt/smime/attributes.h \
	src/libmailcrypt/smime/ber.c \
	src/libmailcrypt/smime/ber.h \
	src/libmailcrypt/smime/bio.c \
	src/libmailcrypt/smime/bio.h \
	src/libmailcrypt/smime/certificate.c \
	src/libmailcrypt/smime/certificate.h \
	src/libmailcrypt/smime/chain-crls.c \
	src/libmailcrypt/smime/chain-crls.h \
	src/libmailcrypt/smime/chain-lists.c \
	src/libmailcrypt/smime/chain-private.h \
	src/libmailcrypt/smime/chain-reasons.c \
	src/libmailcrypt/smime/chain-reasons.h \
	src/libmailcrypt/smime/chain.c \
	src/libmailcrypt/smime/chain.h \
	src/libmailcrypt/smime/choice.c \
	src/libmailcrypt/smime/choice.h \
	src/libmailcrypt/smime/constraints.c \
	src/libmailcrypt/smime/constraints.h \
	src/libmailcrypt/smime/crl-cache.c \
	src/libmailcrypt/smime/crl-cache.h \
	src/libmailcrypt/smime/der.c \
	src/libmailcrypt/smime/der.h \
	src/libmailcrypt/smime/describe.c \
	src/libmailcrypt/smime/eddsa.c \
	src/libmailcrypt/smime/eddsa.h \
	src/libmailcrypt/smime/engine.c \
	src/libmailcrypt/smime/engine.h \
	src/libmailcrypt/smime/envelope.c \
	src/libmailcrypt/smime/envelope.h \
	src/libmailcrypt/smime/examine.c \
	src/libmailcrypt/smime/export-secret.c \
	src/libmailcrypt/smime/fetch.c \
	src/libmailcrypt/smime/fetch.h \
	src/libmailcrypt/smime/find.c \
	src/libmailcrypt/smime/gather.c \
	src/libmailcrypt/smime/gather.h \
	src/libmailcrypt/smime/generate.c \
	src/libmailcrypt/smime/hoard.c \
	src/libmailcrypt/smime/import.c \
	src/libmailcrypt/smime/import.h \
	src/libmailcrypt/smime/inflate.c \
	src/libmailcrypt/smime/inflate.h \
	src/libmailcrypt/smime/inquiry.c \
	src/libmailcrypt/smime/inquiry.h \
	src/libmailcrypt/smime/names.c \
	src/libmailcrypt/smime/names.h \
	src/libmailcrypt/smime/ocsp.c \
	src/libmailcrypt/smime/ocsp.h \
	src/libmailcrypt/smime/openssl.h \
	src/libmailcrypt/smime/pkcs12.c \
	src/libmailcrypt/smime/private-key.c \
	src/libmailcrypt/smime/private-key.h \
	src/libmailcrypt/smime/purpose.c \
	src/libmailcrypt/smime/purpose.h \
	src/libmailcrypt/smime/recipients.c \
	src/libmailcrypt/smime/recipients.h \
	src/libmailcrypt/smime/seal.c \
	src/libmailcrypt/smime/split.c \
	src/libmailcrypt/smime/split.h \
	src/libmailcrypt/smime/unwrap.c \
	src/libmailcrypt/smime/verify.c \
	src/libmailcrypt/smime/verify.h \
	$(NULL)

src_libmailcrypt_libmailcrypt_la_SOURCES = \
	$(core_sources) \
	$(base_sources) \
	$(keys_sources) \
	$(mime_sources) \
	$(openpgp_sources) \
	$(report_sources) \
	$(NULL)

lib_cflags = $(common_cflags) $(LIBMAILCRYPT_CFLAGS)
src_libmailcrypt_libmailcrypt_la_CPPFLAGS = \
	$(AM_CPPFLAGS) -DG_LOG_DOMAIN='"libmailcrypt"'
src_libmailcrypt_libmailcrypt_la_CFLAGS = $(lib_cflags)
src_libmailcrypt_libmailcrypt_la_LIBADD = $(LIBMAILCRYPT_LIBS)
# Calls inside the library are bound when it is linked: they cost nothing at
# start-up and no other object can take their place.
src_libmailcrypt_libmailcrypt_la_LDFLAGS = \
	$(common_ldflags) \
	-version-info 0:0:0 \
	-Wl,-Bsymbolic-functions \
	-Wl,--version-script=$(srcdir)/src/libmailcrypt/libmailcrypt.map
EXTRA_src_libmailcrypt_libmailcrypt_la_DEPENDENCIES = \
	src/libmailcrypt/libmailcrypt.map
EXTRA_DIST += src/libmailcrypt/libmailcrypt.map

# Modules are what a plain mail must not pay for: loaded on demand from
# $(moduledir), or from .libs beside the library when it is not installed.
moduledir = $(libdir)/mailcrypt
module_LTLIBRARIES =
module_ldflags = $(common_ldflags) -module -avoid-version
module_libadd = src/libmailcrypt/libmailcrypt.la $(LIBMAILCRYPT_LIBS)

# AES for a spool that overflows memory.
noinst_LTLIBRARIES += src/libmailcrypt/libspool-cipher.la
src_libmailcrypt_libspool_cipher_la_SOURCES = src/libmailcrypt/base/spool-cipher.c
src_libmailcrypt_libspool_cipher_la_CPPFLAGS = $(src_libmailcrypt_libmailcrypt_la_CPPFLAGS)
src_libmailcrypt_libspool_cipher_la_CFLAGS = $(lib_cflags) $(LIBCRYPTO_CFLAGS)

module_LTLIBRARIES += src/libmailcrypt/spool-cipher.la
src_libmailcrypt_spool_cipher_la_SOURCES =
src_libmailcrypt_spool_cipher_la_LDFLAGS = $(module_ldflags)
src_libmailcrypt_spool_cipher_la_LIBADD = \
	src/libmailcrypt/libspool-cipher.la $(module_libadd) $(LIBCRYPTO_LIBS)

# Passphrases in the user's keyring.
noinst_LTLIBRARIES += src/libmailcrypt/libkeyring.la
src_libmailcrypt_libkeyring_la_SOURCES = src/libmailcrypt/keys/secret-service.c
src_libmailcrypt_libkeyring_la_CPPFLAGS = $(src_libmailcrypt_libmailcrypt_la_CPPFLAGS)
src_libmailcrypt_libkeyring_la_CFLAGS = $(lib_cflags) $(LIBSECRET_CFLAGS)

module_LTLIBRARIES += src/libmailcrypt/keyring.la
src_libmailcrypt_keyring_la_SOURCES =
src_libmailcrypt_keyring_la_LDFLAGS = $(module_ldflags)
src_libmailcrypt_keyring_la_LIBADD = \
	src/libmailcrypt/libkeyring.la $(module_libadd) $(LIBSECRET_LIBS)

# The S/MIME backend.
noinst_LTLIBRARIES += src/libmailcrypt/libsmime.la
src_libmailcrypt_libsmime_la_SOURCES = $(smime_sources)
src_libmailcrypt_libsmime_la_CPPFLAGS = $(src_libmailcrypt_libmailcrypt_la_CPPFLAGS)
src_libmailcrypt_libsmime_la_CFLAGS = $(lib_cflags) $(LIBCRYPTO_CFLAGS) $(ZLIB_CFLAGS)

module_LTLIBRARIES += src/libmailcrypt/smime.la
src_libmailcrypt_smime_la_SOURCES =
src_libmailcrypt_smime_la_LDFLAGS = $(module_ldflags)
src_libmailcrypt_smime_la_LIBADD = \
	src/libmailcrypt/libsmime.la $(module_libadd) $(LIBCRYPTO_LIBS) $(ZLIB_LIBS)
