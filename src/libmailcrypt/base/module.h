/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our own GModules: heavy libraries are mapped only when a message needs them. */
#pragma once

#include "libmailcrypt.h"

/* Loads $libdir/mailcrypt/@name.so (or .libs/@name.so beside an uninstalled
 * library), makes it resident and returns the address of its symbol @symbol.
 * No environment variable is consulted. MC_ERROR_ENGINE when it is not there. */
gpointer _mc_module_symbol (const char *name, const char *symbol, GError **error);
