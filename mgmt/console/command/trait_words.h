/* SPDX-License-Identifier: MIT */
/*
 * trait_words.h - how an operator writes what a volume in a pool is (volume_traits.h): "policy=thick".
 */
#ifndef VOS_TRAIT_WORDS_H
#define VOS_TRAIT_WORDS_H

#include "volume_traits.h"

struct trait_words { const char *name, *key, *off, *on; };	/* "policy", "policy=", ... */
extern const struct trait_words trait_words[TRAIT_COUNT];

/* What `flags` (DISK_TRAIT) say of it; "" if nothing. */
const char *trait_word(u32 flags, enum volume_trait trait);

#endif
