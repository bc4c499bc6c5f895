/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells a person at a terminal how far reading and writing got, once it takes more than a
 * second. Only there: while an engine works it may be asking for a passphrase on the same
 * terminal. */
#pragma once

#include <gio/gio.h>

/* @input, or a stream around it that counts. Takes over @input. (transfer full) */
GInputStream *progress_watch_input (GInputStream *input);
/* The same for writing. */
GOutputStream *progress_watch_output (GOutputStream *output);
