/* SPDX-License-Identifier: MIT */
/*
 * terminal.c - this terminal, key by key, and as it was before however the program ends: the end of main, a signal, or
 * a fault of its own. After Ctrl-Z or SIGTSTP it is taken again when the program goes on.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "vos_main.h"

static struct termios before, keys;
static volatile sig_atomic_t is_taken;
static const char *volatile on_leave = "";

/* Also in a signal's handler: nothing here waits or allocates. */
static void give_back(void)
{
	const char *text = on_leave;

	if (!is_taken)
		return;
	is_taken = false;
	if (isatty(STDOUT_FILENO) && write(STDOUT_FILENO, text, strlen(text)) < 0)
		on_leave = "";
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static void end(int number)
{
	give_back();
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void stop(int number)
{
	bool was_taken = is_taken;

	(void)number;
	give_back();
	(void)raise(SIGSTOP);
	if (was_taken)
		is_taken = tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
}

static void watch_signals(void)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGPIPE };
	struct sigaction action = { .sa_handler = end }, old;

	for (size_t i = 0; i < ARRAY_COUNT(ends); i++)
		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)	/* as by nohup */
			(void)sigaction(ends[i], &action, NULL);
	action.sa_handler = stop;
	action.sa_flags = SA_RESTART;
	(void)sigaction(SIGTSTP, &action, NULL);
	(void)atexit(give_back);
}

bool terminal_take(bool is_raw, const char *leave)
{
	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return false;
	keys = before;
	if (is_raw)
		cfmakeraw(&keys);
	else
		keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	on_leave = leave;
	watch_signals();
	is_taken = tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
	return is_taken;
}

void terminal_on_leave(const char *leave)
{
	on_leave = leave;
}

void terminal_give_back(void)
{
	give_back();
}
