/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration of mail clients, as far as it concerns us. */
#pragma once

#include <glib.h>

/* Appends McFinding for each client that is set up here: whether it calls us, and whether
 * what comes behind our lines takes them back. Reads the files, changes nothing. */
void clients_examine (GPtrArray *findings);
