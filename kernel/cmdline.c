/*
 * cmdline.c - see cmdline.h.
 */
#include "boot_info.h"
#include "cmdline.h"
#include "log.h"
#include "text.h"

#define WORD_BYTES 64u

/* Read elsewhere, in boot/ and arch/; maxcpus limits what is one pCPU so far anyway. */
static const char *const known[] = { "console", "com1", "com2", "safe", "maxcpus", "BOOT_IMAGE" };

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

static void apply_word(const char *word, struct cmdline *out)
{
	const char *level = text_after(word, "loglvl=");

	if (level == NULL)
		level = text_after(word, "loglevel=");
	if (level != NULL && log_set_level(level))
		return;
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

	*out = (struct cmdline){ 0 };
	for (at = next_word(at, word); word[0] != 0; at = next_word(at, word))
		if (word[0] != '/')	/* some loaders pass the path of the image first */
			apply_word(word, out);
}
