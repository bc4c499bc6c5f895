/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of McFinding: what "doctor" and "setup" tell. */
#pragma once

#include "tool.h"

/* Appends one; takes @text, which may hold names that are not fit for a screen. */
void findings_add (GPtrArray *findings, McFindingLevel level, const char *area, const char *code,
                   const char *fix, char *text);
/* Prints them, with --json as the one object of this run, and returns the exit status:
 * @status, or that of the failure in @error. */
int findings_print (Tool *tool, GPtrArray *findings, int status, GError **error);
