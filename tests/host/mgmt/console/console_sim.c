/* SPDX-License-Identifier: MIT */
/*
 * console_sim.c - the console on a developer's terminal, with a fake root: build/host/console_sim [vos.conf]. To see
 * the prompt without a machine. The input's end leaves it; so do shutdown and reboot.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "fake_root.h"

static struct session session;
static struct termios before;

static void restore(void)
{
	tcsetattr(0, TCSANOW, &before);
}

static void raw_terminal(void)
{
	struct termios raw;

	if (tcgetattr(0, &before) != 0)
		return;
	atexit(restore);
	raw = before;
	cfmakeraw(&raw);
	tcsetattr(0, TCSANOW, &raw);
}

static u64 clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

static void show(struct fake_root *root)
{
	size_t count = root->terminal_used;
	const char *text = fake_screen(root);

	while (count) {
		ssize_t done = write(1, text, count);

		if (done <= 0)
			exit(1);
		text += done;
		count -= (size_t)done;
	}
}

int main(int argc, char **argv)
{
	static char conf[65536];
	struct pollfd input = { .fd = 0, .events = POLLIN };
	struct fake_root *root;
	char bytes[256];

	if (argc > 1) {
		FILE *file = fopen(argv[1], "r");

		if (!file || fread(conf, 1, sizeof(conf) - 1, file) == 0)
			return 2;
		fclose(file);
	}
	raw_terminal();
	root = fake_start(&session, argc > 1 ? conf : 0);
	while (!root->is_down) {
		ssize_t count = 1;

		root->now_ns = clock_ns();
		if (poll(&input, 1, 50) > 0 && (count = read(0, bytes, sizeof(bytes))) > 0)
			fake_type_bytes(root, bytes, (size_t)count);
		if (count <= 0)
			break;
		fake_guests(root);
		fake_run(root);
		show(root);
	}
	return 0;
}
