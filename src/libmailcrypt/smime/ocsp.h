/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One question to an OCSP responder, and what its answer is worth (RFC 6960). Nothing of
 * OpenSSL's own check of answers is used: it works on the process's library context. */
#pragma once

#include "smime/engine.h"

typedef enum {
  MC_OCSP_UNKNOWN = 0,      /* also: an answer that does not count */
  MC_OCSP_GOOD,
  MC_OCSP_REVOKED,
} McOcspStatus;

typedef struct _McOcspQuestion McOcspQuestion;

/* About @certificate, which @issuer issued. NULL: it cannot be asked. */
McOcspQuestion *_mc_ocsp_question_new (McEngine *engine, X509 *certificate, X509 *issuer);
void _mc_ocsp_question_free (McOcspQuestion *question);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McOcspQuestion, _mc_ocsp_question_free)

GBytes *_mc_ocsp_question_to_der (const McOcspQuestion *question);

/* What @answer (DER) says, at this moment. *ret_why: for UNKNOWN, translated, static. */
McOcspStatus _mc_ocsp_read (const McOcspQuestion *question, GBytes *answer, const char **ret_why);
