/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of the JSON that more than one object has. */
#pragma once

#include <json-glib/json-glib.h>

#include "report/report.h"

/* An object with its format_version, and its end with the exit status. */
JsonBuilder *_mc_json_begin (void);
char *_mc_json_end (JsonBuilder *builder, int exit_status);

void _mc_json_add_reasons (JsonBuilder *builder, const char *name, GPtrArray *reasons);
void _mc_json_add_layer (JsonBuilder *builder, const McLayer *layer);
/* The members of a part, into an object that is open. */
void _mc_json_add_part (JsonBuilder *builder, const McPart *part);
