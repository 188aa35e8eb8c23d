/* SPDX-License-Identifier: MIT */
/*
 * link_unix.c - a line that is a unix socket: an emulator's serial line, or vosd.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "link.h"

int link_unix(const char *path, const char *hint, char *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		snprintf(why, HOST_WHY_BYTES, "the path of a socket has at most %zu characters: %.200s",
			sizeof(address.sun_path) - 1, path);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	snprintf(why, HOST_WHY_BYTES, "cannot connect to %.200s: %s%s", path,
		errno == EAGAIN ? "its queue of connections is full" : strerror(errno), hint);
	if (fd >= 0)
		close(fd);
	return -1;
}
