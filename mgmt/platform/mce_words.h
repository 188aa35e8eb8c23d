/* SPDX-License-Identifier: MIT */
/*
 * mce_words.h - what a record of a machine check means. Pure.
 *
 * Sources: Intel SDM Vol. 3 15.9 (codes), 15.3.2.4 (addresses); AMD APM Vol. 2 9.3.2, 9.5.
 */
#ifndef VOS_MCE_WORDS_H
#define VOS_MCE_WORDS_H

#include "machine_check.h"

enum mce_weight { MCE_CORRECTED, MCE_DEFERRED, MCE_UNCORRECTED };

enum mce_weight mce_weight(const struct machine_check *mc);
const char *mce_weight_text(enum mce_weight weight);	/* "corrected" ... */
/* What part of the machine it was in: "memory", "cache" ... */
const char *mce_place_text(const struct machine_check *mc);
/* Is the memory of one frame damaged, and which? False also where the address is of another kind, or that of a larger
 * piece. */
bool mce_frame(const struct machine_check *mc, u64 *address);

#endif
