# The tool.  It is linked twice from the same objects: ./mailcrypt is an ELF
# binary that runs in the build tree (no libtool script around it, which would
# cost more than a whole run), the other is the one to install.

noinst_PROGRAMS += mailcrypt
bin_PROGRAMS += src/mailcrypt/mailcrypt

tool_sources = \
	src/mailcrypt/main.c \
	$(NULL)

mailcrypt_SOURCES = $(tool_sources)
mailcrypt_LDADD = src/libmailcrypt/libmailcrypt.la $(GIO_LIBS)
mailcrypt_LDFLAGS = $(AM_LDFLAGS) -no-install

src_mailcrypt_mailcrypt_SOURCES = $(tool_sources)
src_mailcrypt_mailcrypt_LDADD = $(mailcrypt_LDADD)
