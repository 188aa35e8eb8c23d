/* SPDX-License-Identifier: MIT */
/*
 * trait_words.c - see trait_words.h.
 */
#include "trait_words.h"

#define WORDS_OF_TRAIT(id, key, off, on, ...) [TRAIT_##id] = { key, key "=", off, on },

const struct trait_words trait_words[TRAIT_COUNT] = { VOLUME_TRAITS(WORDS_OF_TRAIT) };

const char *trait_word(u32 flags, enum volume_trait trait)
{
	if ((flags & DISK_TRAIT(trait, true)) != 0)
		return trait_words[trait].on;
	return (flags & DISK_TRAIT(trait, false)) != 0 ? trait_words[trait].off : "";
}
