/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Revocation lists kept between runs, in the folder "crls" of the cache: one file for each
 * issuer and distribution point. A cache never fails: what cannot be read is not there, what
 * cannot be written is not kept. */
#pragma once

#include "smime/engine.h"

/* The largest list that is kept. */
#define MC_CRL_MAX_BYTES ((gsize) 10 * 1024 * 1024)

/* Adds the lists under the name of @issuer that were out at the time judged by, also those
 * that have expired since. Their signatures are the caller's to check. */
void _mc_crl_cache_find (McEngine *engine, const X509_NAME *issuer, McCrlStack *crls);

/* Keeps @crl, whose signature was checked, unless it has expired or a newer one is there.
 * Not when the user judges by another time than now. */
void _mc_crl_cache_keep (McEngine *engine, X509_CRL *crl);
