/* SPDX-License-Identifier: MIT */
/*
 * passphrase.c - see passphrase.h.
 */
#include "passphrase.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void hide(const char *prompt, struct termios *before)
{
	struct termios silent;

	fprintf(stderr, "%s: ", prompt);
	fflush(stderr);
	(void)tcgetattr(STDIN_FILENO, before);
	silent = *before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
}

bool passphrase_take(const char *prompt, char *text, size_t bytes)
{
	bool is_terminal = isatty(STDIN_FILENO), is_whole;
	struct termios before;

	if (is_terminal)
		hide(prompt, &before);
	text[0] = '\0';
	is_whole = fgets(text, (int)bytes, stdin) != NULL && (strchr(text, '\n') != NULL || feof(stdin));
	if (is_terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	if (!is_whole)
		explicit_bzero(text, bytes);
	text[strcspn(text, "\n")] = '\0';
	return text[0] != '\0';
}
