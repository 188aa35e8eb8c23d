/* SPDX-License-Identifier: MIT */
/*
 * text.c - see text.h.
 */
#include "report.h"
#include "text.h"

static void to_file(void *context, const char *bytes, size_t count)
{
	FILE *const *file = context;

	(void)fwrite(bytes, 1, count, *file);
}

struct out out_to_file(FILE **file)
{
	return (struct out){ to_file, file };
}

void text_error(FILE *file, const struct cmd_error *error)
{
	struct out out = out_to_file(&file);

	report_error(&out, "", error);
}
