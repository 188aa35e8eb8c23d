/* SPDX-License-Identifier: MIT */
/*
 * log.c - what vosd tells whoever runs it: on stderr, and in the background in a file of the user's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vosd.h"

#define LOG_BYTES_MAX (1 << 20)

static bool is_file;

/* Make the folders of that path. */
static void make_folders(char *path)
{
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		(void)mkdir(path, 0700);	/* if it fails, so does opening the file */
		*at = '/';
	}
}

static bool log_path(char *path, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int count = 0;

	if (state && *state == '/')
		count = snprintf(path, size, "%s/vos/vosd.log", state);
	else if (home && *home == '/')
		count = snprintf(path, size, "%s/.local/state/vos/vosd.log", home);
	return count > 0 && (size_t)count + sizeof(".old") <= size;
}

/* One that has become long is kept as the old one. */
static void put_away(const char *path)
{
	char old[HOST_WHY_BYTES + 8];
	struct stat found;

	if (stat(path, &found) != 0 || found.st_size < LOG_BYTES_MAX)
		return;
	snprintf(old, sizeof(old), "%s.old", path);
	(void)rename(path, old);
}

int log_open(char *why)
{
	char path[HOST_WHY_BYTES / 2];
	int fd;

	if (!log_path(path, sizeof(path))) {
		host_refuse(why, "no place for the log: neither XDG_STATE_HOME nor HOME is a folder");
		return -1;
	}
	make_folders(path);
	put_away(path);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		host_refuse(why, "cannot write the log %.200s: %s", path, strerror(errno));
	return fd;
}

bool log_use(int fd)
{
	is_file = dup2(fd, STDERR_FILENO) >= 0;
	close(fd);
	return is_file;
}

void log_line(const char *format, ...)
{
	char when[32] = "", text[HOST_WHY_BYTES + HOST_TEXT_BYTES], why[HOST_WHY_BYTES];
	time_t now = time(NULL);
	struct stat found;
	struct tm parts;
	va_list list;
	int fd;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (is_file && fstat(STDERR_FILENO, &found) == 0 && found.st_size >= LOG_BYTES_MAX) {
		fd = log_open(why);
		if (fd >= 0)
			(void)log_use(fd);
	}
	if (is_file && gmtime_r(&now, &parts) && strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ ", &parts))
		fprintf(stderr, "%svosd[%d]: %s\n", when, (int)getpid(), text);
	else
		fprintf(stderr, "vosd: %s\n", text);
}
