/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings, for the library's own use. The table here is the whole grammar of the
 * configuration; mailcrypt-config(5) documents each row. */
#pragma once

#include "base/limits.h"

typedef enum {
  MC_SETTING_BOOLEAN,     /* "true" or "false" */
  MC_SETTING_WORD,        /* one of McSettingInfo.words */
  MC_SETTING_LIMIT,       /* a number, see _mc_limit_table */
  MC_SETTING_NUMBER,      /* a number */
  MC_SETTING_TEXT,        /* not empty */
  MC_SETTING_ADDRESSES,   /* addr-specs, stored with ";" between them */
} McSettingType;

typedef struct {
  const char *group;      /* without the argument of [account ADDR] and [policy PATTERN] */
  const char *key;        /* NULL: any name */
  McSettingType type;
  const char *words;      /* MC_SETTING_WORD: "a|b|c" */
  const char *fallback;   /* nullable */
  const char *meaning;    /* one line, marked for translation */
} McSettingInfo;

/* Ended by a NULL group. */
extern const McSettingInfo _mc_setting_table[];

/* The patterns of the groups [policy PATTERN] that set anything, in their order. Of const char *.
 * (transfer none) */
GPtrArray *_mc_settings_get_policies (McSettings *settings);

/* The ceilings as configured. They live as long as @settings and change with it. */
const McLimits *_mc_settings_get_limits (McSettings *settings);
