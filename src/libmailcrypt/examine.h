/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings of an examination, for those who look. */
#pragma once

#include "backend.h"

/* Appends a finding; what is hostile in the text is escaped by the caller. */
void _mc_findings_add (GPtrArray *findings, McFindingLevel level, const char *area,
                       const char *code, const char *fix, const char *format, ...)
  G_GNUC_PRINTF (6, 7);

/* The user's keyring: whether it answers, without any dialog. */
void _mc_keyring_examine (McContext *context, GPtrArray *findings, GCancellable *cancellable);
/* gpg-agent: whether it is there, and which. */
void _mc_agent_examine (McContext *context, GPtrArray *findings);
