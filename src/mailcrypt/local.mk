# The tool.  It is linked twice from the same objects: ./mailcrypt is an ELF
# binary that runs in the build tree (no libtool script around it, which would
# cost more than a whole run), the other is the one to install.

noinst_PROGRAMS += mailcrypt
bin_PROGRAMS += src/mailcrypt/mailcrypt

tool_sources = \
	src/mailcrypt/body.c \
	src/mailcrypt/body.h \
	src/mailcrypt/caution.c \
	src/mailcrypt/caution.h \
	src/mailcrypt/clients.c \
	src/mailcrypt/clients.h \
	src/mailcrypt/cmd-decrypt.c \
	src/mailcrypt/cmd-doctor.c \
	src/mailcrypt/cmd-encrypt.c \
	src/mailcrypt/cmd-extract.c \
	src/mailcrypt/cmd-help.c \
	src/mailcrypt/cmd-inspect.c \
	src/mailcrypt/cmd-keys.c \
	src/mailcrypt/cmd-mutt.c \
	src/mailcrypt/cmd-plan.c \
	src/mailcrypt/cmd-sendmail.c \
	src/mailcrypt/cmd-setup.c \
	src/mailcrypt/cmd-show.c \
	src/mailcrypt/cmd-sign.c \
	src/mailcrypt/cmd-verify.c \
	src/mailcrypt/commands.h \
	src/mailcrypt/context.c \
	src/mailcrypt/error.c \
	src/mailcrypt/filename.c \
	src/mailcrypt/filename.h \
	src/mailcrypt/findings.c \
	src/mailcrypt/findings.h \
	src/mailcrypt/fold.c \
	src/mailcrypt/fold.h \
	src/mailcrypt/help.c \
	src/mailcrypt/help.h \
	src/mailcrypt/html.c \
	src/mailcrypt/html.h \
	src/mailcrypt/input.c \
	src/mailcrypt/input.h \
	src/mailcrypt/json.c \
	src/mailcrypt/json.h \
	src/mailcrypt/keytext.c \
	src/mailcrypt/keytext.h \
	src/mailcrypt/maildir.c \
	src/mailcrypt/maildir.h \
	src/mailcrypt/main.c \
	src/mailcrypt/mark.c \
	src/mailcrypt/mark.h \
	src/mailcrypt/mta.c \
	src/mailcrypt/mta.h \
	src/mailcrypt/mutt-config.c \
	src/mailcrypt/mutt-config.h \
	src/mailcrypt/mutt-engine.c \
	src/mailcrypt/mutt-filter.c \
	src/mailcrypt/mutt-index.c \
	src/mailcrypt/mutt-keys.c \
	src/mailcrypt/mutt-lines.c \
	src/mailcrypt/mutt-lines.h \
	src/mailcrypt/mutt-seal.c \
	src/mailcrypt/mutt-status.c \
	src/mailcrypt/mutt-status.h \
	src/mailcrypt/mutt-token.c \
	src/mailcrypt/mutt-token.h \
	src/mailcrypt/mutt-verdict.c \
	src/mailcrypt/mutt-verdict.h \
	src/mailcrypt/mutt.h \
	src/mailcrypt/options.c \
	src/mailcrypt/options.h \
	src/mailcrypt/output.c \
	src/mailcrypt/output.h \
	src/mailcrypt/passphrase.c \
	src/mailcrypt/passphrase.h \
	src/mailcrypt/process.c \
	src/mailcrypt/process.h \
	src/mailcrypt/progress.c \
	src/mailcrypt/progress.h \
	src/mailcrypt/rc.c \
	src/mailcrypt/rc.h \
	src/mailcrypt/sandbox.c \
	src/mailcrypt/sandbox.h \
	src/mailcrypt/seal.c \
	src/mailcrypt/seal.h \
	src/mailcrypt/setup-aerc.c \
	src/mailcrypt/setup-mutt.c \
	src/mailcrypt/setup.h \
	src/mailcrypt/text.c \
	src/mailcrypt/text.h \
	src/mailcrypt/tool.h \
	src/mailcrypt/words.c \
	src/mailcrypt/words.h \
	$(NULL)

mailcrypt_SOURCES = $(tool_sources)
mailcrypt_CFLAGS = $(AM_CFLAGS) $(TOOL_CFLAGS)
mailcrypt_LDADD = src/libmailcrypt/libmailcrypt.la $(TOOL_LIBS)
mailcrypt_LDFLAGS = $(AM_LDFLAGS) -no-install

src_mailcrypt_mailcrypt_SOURCES = $(tool_sources)
src_mailcrypt_mailcrypt_CFLAGS = $(mailcrypt_CFLAGS)
src_mailcrypt_mailcrypt_LDADD = $(mailcrypt_LDADD)
