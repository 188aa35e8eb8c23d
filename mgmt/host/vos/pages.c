/* SPDX-License-Identifier: MIT */
/*
 * pages.c - the manual page and the shell's completion, both of the table of commands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "help.h"
#include "vos_main.h"

/* ---- the manual page ---- */

/* Text for man(7): a backslash, a dash, and a dot or quote at the beginning of a line mean something there. */
static void roff(const char *text)
{
	bool is_start = true;

	for (; *text; text++) {
		if (is_start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		is_start = *text == '\n';
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
	}
}

static void manual_command(const struct command *command)
{
	static char text[16384];
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	help_command_full(&out, command);
	printf(".SS ");
	roff(command->verb);
	printf("\n.nf\n");
	roff(text);
	printf(".fi\n");
}

static const char head[] =
	".TH VOS 1 \"\" \"VOS " VOS_VERSION "\" \"VOS\"\n"
	".SH NAME\nvos \\- manage a machine that runs VOS\n"
	".SH SYNOPSIS\n.B vos\n[\\fB\\-\\-host\\fR \\fIHOST\\fR] \\fICOMMAND\\fR [\\fIARGUMENT\\fR ...]\n"
	".SH DESCRIPTION\n"
	"The commands of VOS's prompt in a shell, with the same words, texts and exit codes. Unique prefixes\n"
	"(\\fBvos li\\-v\\fR) and noun and verb (\\fBvos vm list\\fR) are accepted too.\n"
	".SH HOSTS\n"
	".TP\n\\fBunix:\\fIPATH\\fR\nthe socket of an emulator's serial line, or of vosd(8)\n"
	".TP\n\\fBserial:\\fIDEVICE\\fR[,\\fIBAUD\\fR]\na serial port; 115200 baud unless given\n"
	".TP\n\\fBtcp:\\fIADDRESS\\fB:\\fIPORT\\fR\nloopback addresses only: the protocol is not encrypted\n"
	".TP\n\\fINAME\\fR\na name of \\fI~/.config/vos/hosts\\fR\n"
	".PP\nBehind a host, \\fB,plain\\fR or \\fB,text\\fR says how frames are encoded; without, vos finds\n"
	"out. If a vosd serves the host, vos uses it.\n";

static const char tail[] =
	".SH EXIT STATUS\n"
	"0 ok, 1 failed, 2 usage, 3 not found, 4 wrong state or exists, 5 not enough resources, 6 denied, 7 timed\n"
	"out or busy (try again), 8 link or protocol, 9 not supported, 10 integrity, 11 done, but\n"
	"the answer is lost: look at the state.\n"
	".SH ENVIRONMENT\n.TP\n.B VOS_HOST\nthe host, if \\fB\\-\\-host\\fR is not given\n"
	".SH FILES\n.TP\n.I ~/.config/vos/hosts\nlines of a name and a host; without a host, the name \\fBdefault\\fR\n"
	".TP\n.I $XDG_RUNTIME_DIR/vos\nsockets of vosd, and locks of lines\n"
	".SH SEE ALSO\n.BR vosd (8)\n";

int pages_manual(void)
{
	fputs(head, stdout);
	puts(".SH COMMANDS");
	FOR_EACH_COMMAND(c)
		if (c->group != GROUP_PROMPT)
			manual_command(c);
	fputs(tail, stdout);
	return 0;
}

/* ---- completion ---- */

static const char *no_names(void *context, u32 index)
{
	(void)context;
	(void)index;
	return NULL;
}

int pages_complete(const char *line, const char *point)
{
	static const struct name_source names = {
		no_names, no_names, no_names, no_names, no_names, no_names, no_names, no_names, no_names, NULL,
	};
	static struct completion completion;
	size_t cursor = strtoul(point, NULL, 10), length = strlen(line);

	complete(line, cursor < length ? cursor : length, &names, &completion);
	for (u32 i = 0; i < completion.count; i++)
		puts(completion.candidates[i]);
	return 0;
}
