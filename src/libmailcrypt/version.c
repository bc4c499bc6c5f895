/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "libmailcrypt.h"

const char *
mc_version (void)
{
  return PACKAGE_VERSION;
}
