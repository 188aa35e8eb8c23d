/*
 * cmdline.c - see cmdline.h.
 */
#include "boot_info.h"
#include "cmdline.h"
#include "log.h"
#include "memory_layout.h"
#include "text.h"

#define WORD_BYTES 64u

/* Read elsewhere, in boot/ and arch/. */
static const char *const known[] = { "console", "com1", "com2", "safe", "BOOT_IMAGE" };

static bool is_known(const char *word)
{
	const char *after;

	for (u32 i = 0; i < ARRAY_COUNT(known); i++) {
		after = text_after(word, known[i]);
		if (after != NULL && (*after == 0 || *after == '=' || *after == ','))
			return true;
	}
	return false;
}

/* 1 .. MAX_PCPUS; anything else is no limit. */
static u32 pcpu_limit(const char *value)
{
	u32 limit = 0;

	for (; *value >= '0' && *value <= '9' && limit <= MAX_PCPUS; value++)
		limit = limit * 10 + (u32)(*value - '0');
	if (limit >= 1 && limit <= MAX_PCPUS && *value == 0)
		return limit;
	printk(LOG_WARNING, "maxcpus: a number from 1 to %u is wanted", MAX_PCPUS);
	return MAX_PCPUS;
}

static void apply_word(const char *word, struct cmdline *out)
{
	const char *level = text_after(word, "loglvl=");

	if (level == NULL)
		level = text_after(word, "loglevel=");
	if (level != NULL && log_set_level(level))
		return;
	if (text_after(word, "maxcpus=") != NULL) {
		out->pcpu_limit = pcpu_limit(text_after(word, "maxcpus="));
		return;
	}
	if (text_equal(word, "noreboot")) {
		out->is_noreboot = true;
		return;
	}
	if (!is_known(word))
		printk(LOG_WARNING, "unknown option: %s", word);
}

static const char *next_word(const char *at, char *word)
{
	u32 used = 0;

	while (*at == ' ')
		at++;
	for (; *at != 0 && *at != ' '; at++)
		if (used < WORD_BYTES - 1)
			word[used++] = *at >= ' ' && *at <= '~' ? *at : '?';
	word[used] = 0;
	return at;
}

void cmdline_apply(const struct boot_info *boot, struct cmdline *out)
{
	char word[WORD_BYTES];
	const char *at = boot->cmdline;

	*out = (struct cmdline){ .pcpu_limit = MAX_PCPUS };
	for (at = next_word(at, word); word[0] != 0; at = next_word(at, word))
		if (word[0] != '/')	/* some loaders pass the path of the image first */
			apply_word(word, out);
}
