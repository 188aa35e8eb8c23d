/* SPDX-License-Identifier: MIT */
/*
 * cmdline.c - the kernel's command line, as far as it concerns root: how many pCPUs, devices that are left alone, no
 * IOMMU, a second serial line, and words that nobody knows.
 */
#include <string.h>

#include "platform_parts.h"
#include "rt_log.h"
#include "text.h"

#define WORD_BYTES 64u
#define PCPUS_MAX 64u		/* as many as an affinity has bits */

/* Read by the kernel, or by nobody but allowed. */
static const char *const known[] = {
	"console=com1", "console=vga", "console=none", "com1", "com2", "safe", "noreboot", "loglvl", "BOOT_IMAGE",
	"--no-driver", "iommu=off", "mitigations",
};

static bool is_known(const char *word)
{
	for (u32 i = 0; i < ARRAY_COUNT(known); i++) {
		const char *after = text_after(word, known[i]);

		if (after != NULL && (*after == 0 || *after == '=' || *after == ','))
			return true;
	}
	return word[0] == '/';		/* some loaders pass the path of the image first */
}

static u32 pcpu_limit(const char *value)
{
	u32 limit = 0;

	for (; *value >= '0' && *value <= '9' && limit <= PCPUS_MAX; value++)
		limit = limit * 10 + (u32)(*value - '0');
	if (limit >= 1 && limit <= PCPUS_MAX && *value == 0)
		return limit;
	rt_log("maxcpus: a number from 1 to %u is wanted", PCPUS_MAX);
	return PCPUS_MAX;
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

u32 cmdline_pcpu_limit(const char *cmdline)
{
	char word[WORD_BYTES];
	u32 limit = PCPUS_MAX;

	for (cmdline = next_word(cmdline, word); word[0] != 0; cmdline = next_word(cmdline, word)) {
		const char *value = text_after(word, "maxcpus=");

		if (value != NULL)
			limit = pcpu_limit(value);
		else if (!is_known(word))
			rt_log("unknown option: %s", word);
	}
	return limit;
}

/* Is it one of the names in a list with commas? */
static bool is_listed(const char *list, const char *name)
{
	size_t bytes = strlen(name);

	for (; list != NULL; list = strchr(list, ',')) {
		list += *list == ',';
		if (strncmp(list, name, bytes) == 0 && (list[bytes] == 0 || list[bytes] == ','))
			return true;
	}
	return false;
}

bool platform_leaves_alone(const char *cmdline, const char *address, const char *driver)
{
	char word[WORD_BYTES];

	for (cmdline = next_word(cmdline, word); word[0] != 0; cmdline = next_word(cmdline, word)) {
		const char *list = text_after(word, "--no-driver=");

		if (list != NULL && (is_listed(list, address) || is_listed(list, "all") || is_listed(list, driver)))
			return true;
	}
	return false;
}

bool platform_wants_iommu(const char *cmdline)
{
	char word[WORD_BYTES];

	for (cmdline = next_word(cmdline, word); word[0] != 0; cmdline = next_word(cmdline, word))
		if (strcmp(word, "iommu=off") == 0)
			return false;
	return true;
}

void cmdline_mitigations(const char *cmdline, struct mitigate_option *out)
{
	char word[WORD_BYTES];

	*out = (struct mitigate_option){ 0 };
	for (cmdline = next_word(cmdline, word); word[0] != 0; cmdline = next_word(cmdline, word)) {
		const char *value = text_after(word, "mitigations");

		if (value == NULL || (*value != '=' && *value != 0))
			continue;
		if (!mitigate_parse(value + (*value == '='), out))
			rt_log("mitigations: not of the form auto|off|all[,force:NAME][,no:NAME]; auto holds");
	}
}

/* The last com2= counts. */
static enum com_verdict judge_com2(const struct info_page *info, struct platform_uart *out)
{
	const char *cmdline = info->cmdline;
	enum com_verdict verdict = COM_OK;
	char word[WORD_BYTES];

	*out = (struct platform_uart){ 0 };
	for (cmdline = next_word(cmdline, word); word[0] != 0; cmdline = next_word(cmdline, word)) {
		const char *value = text_after(word, "com2");

		if (value != NULL && (*value == '=' || *value == 0))
			verdict = com_parse(value + (*value == '='), info->serial_port, out);
	}
	return verdict;
}

bool platform_com2(const struct info_page *info, struct platform_uart *out)
{
	return judge_com2(info, out) == COM_OK && out->port != 0;
}

void cmdline_judge_com2(const struct info_page *info)
{
	struct platform_uart uart;
	enum com_verdict verdict = judge_com2(info, &uart);

	if (verdict == COM_BAD)
		rt_log("com2: not of the form 115200,8n1,0x2f8,3; there is no second serial line");
	if (verdict == COM_TAKEN)
		rt_log("com2: its ports are the first serial line's; there is no second one");
}
