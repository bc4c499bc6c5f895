/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One message on its way into a Maildir: written whole under tmp/, then moved to new/. */
#pragma once

#include "libmailcrypt.h"

typedef struct _Maildir Maildir;

/* Writes @copy below @path, which is made unless it is there. */
Maildir *maildir_prepare (const char *path, const McCopy *copy, GCancellable *cancellable,
                          GError **error);
/* Delivers it. */
gboolean maildir_commit (Maildir *maildir, GError **error);
/* What was not delivered goes. */
void maildir_free (Maildir *maildir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Maildir, maildir_free)
