/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config.h"

#include <CUnit/CUnit.h>
#include <glib.h>

#define SUITE(name) extern const CU_SuiteInfo suite_##name;
#include "suites.h"
#undef SUITE
