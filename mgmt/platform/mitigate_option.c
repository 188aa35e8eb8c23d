/* SPDX-License-Identifier: MIT */
/*
 * mitigate_option.c - which mitigations the kernel is asked for: by the flaws (mitigate.c) and by mitigations= on the
 * command line.
 */
#include <string.h>

#include "mitigate.h"
#include "syscalls.h"
#include "text.h"

static const struct {
	const char *name;
	u64 flag;		/* MITIGATE_* */
	struct { u32 word; u64 mask; } offers[2];	/* one of them says that the processor has the command */
} names[] = {
	{ "ibpb", MITIGATE_IBPB, { { CPU_7_EDX, BIT64(26) }, { CPU_80000008_EBX, BIT64(12) } } },
};

static const char *const bases[] = {
	[MITIGATIONS_AUTO] = "auto", [MITIGATIONS_OFF] = "off", [MITIGATIONS_ALL] = "all",
};

static u64 offered(const struct cpu_id *cpu)
{
	u64 flags = 0;

	for (u32 i = 0; i < ARRAY_COUNT(names); i++)
		for (u32 n = 0; n < ARRAY_COUNT(names[i].offers); n++)
			if ((cpu->words[names[i].offers[n].word] & names[i].offers[n].mask) != 0)
				flags |= names[i].flag;
	return flags;
}

/* What follows `name` at this place of a list with commas; NULL: it is another word. */
static const char *after_word(const char *at, const char *name)
{
	const char *after = text_after(at, name);

	return after != NULL && (*after == 0 || *after == ',') ? after : NULL;
}

static const char *after_flag(const char *at, u64 *flags)
{
	if (after_word(at, "all") != NULL) {
		*flags |= MITIGATE_ALL;
		return after_word(at, "all");
	}
	for (u32 i = 0; i < ARRAY_COUNT(names); i++) {
		const char *after = after_word(at, names[i].name);

		if (after == NULL)
			continue;
		*flags |= names[i].flag;
		return after;
	}
	return NULL;
}

bool mitigate_parse(const char *value, struct mitigate_option *out)
{
	const char *at = NULL;

	*out = (struct mitigate_option){ 0 };
	for (u32 i = 0; i < ARRAY_COUNT(bases) && at == NULL; i++) {
		at = after_word(value, bases[i]);
		out->base = (enum mitigate_base)i;
	}
	while (at != NULL && *at == ',') {
		const char *force = text_after(at, ",force:"), *no = text_after(at, ",no:");

		at = force != NULL ? after_flag(force, &out->forced) :
		     no != NULL ? after_flag(no, &out->without) : NULL;
	}
	if (at != NULL)
		return true;
	*out = (struct mitigate_option){ 0 };
	return false;
}

u64 mitigate_choose(const struct cpu_id *cpu, const struct mitigate_option *option)
{
	u64 flags[] = {
		[MITIGATIONS_AUTO] = mitigate_wanted(cpu), [MITIGATIONS_OFF] = 0,
		[MITIGATIONS_ALL] = offered(cpu),
	};

	return (flags[option->base] | option->forced) & ~option->without;
}
