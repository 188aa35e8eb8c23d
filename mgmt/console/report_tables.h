/*
 * report_tables.h - inside of the reports: tables of names.
 */
#ifndef VOS_REPORT_TABLES_H
#define VOS_REPORT_TABLES_H

#include "info_page.h"

struct feature_name { const char *name; };

extern const struct feature_name feature_names[FEAT_COUNT];

/* Name of an enum exit_reason. */
const char *exit_text(u32 reason);

#endif
