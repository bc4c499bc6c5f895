/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mailer behind "mailcrypt sendmail": its command line, and its running. */
#pragma once

#include "tool.h"

/* What sysexits.h says, in part. */
enum {
  MTA_DATA = 65,
  MTA_NO_USER = 67,
  MTA_UNAVAILABLE = 69,
  MTA_SOFTWARE = 70,
  MTA_TRY_AGAIN = 75,
  MTA_REFUSED = 77,
  MTA_CONFIG = 78,
};

/* The words of one who calls sendmail(8). */
typedef struct {
  GPtrArray *options;       /* of char*: as they came */
  GPtrArray *bare;          /* of char*: the same without -t */
  GPtrArray *recipients;    /* of char* */
  gboolean from_header;     /* -t */
  gboolean keeps_dots;      /* -i or -oi */
} MtaWords;

void mta_words_clear (MtaWords *words);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MtaWords, mta_words_clear)

/* Takes @operands apart. Usage errors: a way of calling that sends no message, or nobody to
 * send it to. */
gboolean mta_words_parse (MtaWords *words, char **operands, GError **error);

/* The command line for one message: @command, options, recipients. With @as_given the
 * recipients are found as the caller wanted, else they are @recipients. (transfer full) */
char **mta_make_argv (char **command, const MtaWords *words, gboolean as_given,
                      const char *const *recipients);

/* Gives @copy to the mailer and waits for it. 0, or the status to end with and @error. */
int mta_run (char **argv, const McCopy *copy, GCancellable *cancellable, GError **error);
