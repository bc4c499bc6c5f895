/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HTML reduced to its text. Nothing is fetched, no form, style or script is looked at. */
#pragma once

#include <gio/gio.h>

/* The word that stands for html_reduce() among commands. */
#define HTML_BUILTIN "builtin"

/* @html is UTF-8; the result is not escaped for a screen. (transfer full) */
char *html_reduce (const char *html);

/* Gives @html to the program in @command (words as in a shell, but no shell), without network
 * where the system allows that, and returns its standard output. (transfer full) */
char *html_run (const char *command, const char *html, GCancellable *cancellable, GError **error);

/* The same by a program made for it, if there is one and this system lets it be locked in;
 * else html_reduce(). (transfer full) */
char *html_convert (const char *html, GCancellable *cancellable);
