/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that strangers give their files. */
#pragma once

#include <glib.h>

/* @name as a file name in a folder: one component, nothing hidden, no option, nothing that a
 * shell or another system takes for more than a letter, at most 200 octets. @fallback where
 * nothing is left of it. (transfer full) */
char *filename_make_safe (const char *name, const char *fallback);

/* A path in @folder for @name, one that is not there yet. (transfer full, nullable) */
char *filename_find_free (const char *folder, const char *name);
