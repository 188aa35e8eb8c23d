/* SPDX-License-Identifier: MIT */
/*
 * link.c - see link.h.
 *
 * The lock is a file per host in the user's runtime folder, locked with flock(2); its text is the number of the
 * process, its name, and for a vosd the path of its socket. So that a program that finds the line taken can say by
 * whom, or go there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "link.h"

#define PATH_BYTES 512u
#define DRAIN_MS 2

/* "1234 vosd /run/user/1000/vos/box.sock" */
static void read_holder(int fd, char *holder, char *socket)
{
	char text[PATH_BYTES], name[64] = "another program", path[HOST_TEXT_BYTES] = "";
	ssize_t count = pread(fd, text, sizeof(text) - 1, 0);
	unsigned pid = 0;

	text[count > 0 ? count : 0] = 0;
	if (sscanf(text, "%u %63s %255s", &pid, name, path) >= 2)
		snprintf(holder, PATH_BYTES, "%s (process %u)", name, pid);
	else
		snprintf(holder, PATH_BYTES, "another program");
	memcpy(socket, path, HOST_TEXT_BYTES);
}

void link_holder(const struct link *link, const char *serves)
{
	char text[PATH_BYTES], name[17] = "?";
	int comm = open("/proc/self/comm", O_RDONLY | O_CLOEXEC), count;
	ssize_t got = comm >= 0 ? read(comm, name, sizeof(name) - 1) : 0;

	if (comm >= 0)
		close(comm);
	if (got > 0)
		name[name[got - 1] == '\n' ? got - 1 : got] = 0;
	for (char *c = name; *c; c++)
		*c = *c == ' ' ? '_' : *c;
	count = snprintf(text, sizeof(text), "%u %s %s\n", (unsigned)getpid(), name, serves ? serves : "");
	if (ftruncate(link->lock, 0) != 0 || pwrite(link->lock, text, (size_t)count, 0) != count)
		return;		/* the lock holds all the same */
}

bool link_lock(struct link *link, const struct host *host, const char *serves, char *socket, char *why)
{
	char path[PATH_BYTES], holder[PATH_BYTES];
	int fd;

	socket[0] = 0;
	if (!host_lock_path(host, path, sizeof(path), why))
		return false;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		snprintf(why, HOST_WHY_BYTES, "%.250s: %s", path, strerror(errno));
		return false;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		link->lock = fd;
		link_holder(link, serves);
		return true;
	}
	read_holder(fd, holder, socket);
	close(fd);
	if (socket[0])
		return true;
	snprintf(why, HOST_WHY_BYTES, "%.100s is in use by %.100s. Let it end, or run vosd, which serves several",
		host->text, holder);
	return false;
}

static bool take(struct link *link, int fd, char *why)
{
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

	if (fd < 0)
		return false;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
		snprintf(why, HOST_WHY_BYTES, "%s", strerror(errno));
		close(fd);
		return false;
	}
	link->fd = fd;
	return true;
}

bool link_open(struct link *link, const struct host *host, char *why)
{
	switch (host->kind) {
	case HOST_UNIX:
		return take(link, link_unix(host->path, LINK_HINT, why), why);
	case HOST_SERIAL:
		return take(link, link_serial(host, why), why);
	case HOST_TCP:
		return take(link, link_tcp(host, why), why);
	}
	return false;
}

bool link_open_socket(struct link *link, const char *path, char *why)
{
	link->is_vosd = true;
	return take(link, link_unix(path, "", why), why);
}

/* TIOCOUTQ is SIOCOUTQ: what is not sent yet, of a terminal; of a socket, what the other end has not taken. */
void link_drain(const struct link *link, unsigned limit_ms)
{
	int left;

	for (unsigned waited = 0; waited < limit_ms; waited += DRAIN_MS) {
		if (ioctl(link->fd, TIOCOUTQ, &left) != 0 || left == 0)
			return;
		(void)poll(NULL, 0, DRAIN_MS);
	}
}

void link_close(struct link *link)
{
	if (link->fd < 0)
		return;
	(void)ioctl(link->fd, TIOCNXCL);	/* a terminal that somebody else has open would stay exclusive */
	close(link->fd);
	link->fd = -1;
}

void link_unlock(struct link *link)
{
	if (link->lock >= 0)
		close(link->lock);
	link->lock = -1;
}
