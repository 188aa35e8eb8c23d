/* SPDX-License-Identifier: MIT */
/*
 * main.c - vosd: start, the loop, the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vosd.h"

#define USAGE_CODE 2
#define LINK_CODE 8
#define LOCK_TRIES 20u
#define LOCK_PAUSE_MS 100
#define TURN_MS 250		/* a line that is down is tried again */

enum { FD_SIGNALS, FD_LISTENER, FD_LINE, FD_PEERS, FD_COUNT = FD_PEERS + PEERS };

static struct vosd vosd;

static int fail(const char *why, int code)
{
	log_line("%s", why);
	return code;
}

static void fill(struct pollfd *fds)
{
	struct vosd *v = &vosd;

	fds[FD_SIGNALS] = (struct pollfd){ .fd = v->signals, .events = POLLIN };
	fds[FD_LISTENER] = (struct pollfd){ .fd = v->listener, .events = POLLIN };
	fds[FD_LINE] = (struct pollfd){ .fd = v->link.fd, .events = POLLIN };
	if (v->out.used)
		fds[FD_LINE].events |= POLLOUT;
	for (u32 i = 0; i < PEERS; i++) {
		struct peer *peer = &v->peers[i];

		fds[FD_PEERS + i] = (struct pollfd){ .fd = peer->fd };
		if (!peer->has_more)
			fds[FD_PEERS + i].events |= POLLIN;
		if (peer->fd >= 0 && peer->out.used)
			fds[FD_PEERS + i].events |= POLLOUT;
	}
}

static void serve_peers(const struct pollfd *fds)
{
	struct vosd *v = &vosd;

	for (u32 i = 0; i < PEERS; i++) {
		struct peer *peer = &v->peers[i];

		if (peer->fd < 0 || peer->fd != fds[FD_PEERS + i].fd)
			continue;
		if (fds[FD_PEERS + i].revents & POLLOUT)
			peer_write(peer);
		if (fds[FD_PEERS + i].revents & (POLLIN | POLLHUP | POLLERR))
			peer_read(v, peer);
	}
	peer_frames(v);
	for (u32 i = 0; i < PEERS; i++)
		if (v->peers[i].fd >= 0 && v->peers[i].is_over)
			peer_close(v, &v->peers[i]);
}

/* Until SIGTERM or SIGINT, or until no program can connect any more: the line is then free for another vosd. */
static int loop(void)
{
	struct pollfd fds[FD_COUNT];
	struct vosd *v = &vosd;

	for (;;) {
		line_pump(v);
		fill(fds);
		if (poll(fds, FD_COUNT, TURN_MS) < 0 && errno != EINTR)
			return LINK_CODE;
		if (fds[FD_SIGNALS].revents)
			return 0;
		if (!peer_is_reachable(v))
			return fail("its socket was removed", LINK_CODE);
		if (line_is_up(v) && (fds[FD_LINE].revents & (POLLIN | POLLHUP | POLLERR)))
			line_read(v);
		if (fds[FD_LISTENER].revents)
			peer_accept(v);
		serve_peers(fds);
		if (line_is_up(v))
			line_write(v);
	}
}

static bool catch_signals(struct vosd *v)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return false;
	v->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return v->signals >= 0;
}

/* Everything is open: the parent ends now, and programs can connect. The lock of the line is the child's too. */
static bool go_to_background(char *why)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), log = log_open(why);
	pid_t child;

	if (log < 0)
		return false;
	child = null < 0 ? -1 : fork();
	if (child > 0)
		_exit(0);
	if (child == 0)
		(void)setsid();
	if (child < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 || !log_use(log))
		return host_refuse(why, "%s", strerror(errno));
	return true;
}

static bool write_pid(const char *path, char *why)
{
	FILE *file = *path ? fopen(path, "we") : NULL;

	if (!*path)
		return true;
	if (file && fprintf(file, "%d\n", (int)getpid()) > 0 && fclose(file) == 0)
		return true;
	snprintf(why, HOST_WHY_BYTES, "cannot write %.200s", path);
	return false;
}

/* Programs that look for a vosd that has ended hold the lock for moments. */
static bool lock_line(struct vosd *v, char *taken, char *why)
{
	for (u32 i = 0; i < LOCK_TRIES; i++) {
		if (link_lock(&v->link, &v->host, v->socket, taken, why))
			return true;
		(void)poll(NULL, 0, LOCK_PAUSE_MS);
	}
	return false;
}

static bool set_up(struct vosd *v, const struct settings *settings, char *why)
{
	char taken[HOST_TEXT_BYTES];

	if (settings->socket[0])
		memcpy(v->socket, settings->socket, sizeof(v->socket));
	else if (!host_socket_path(&v->host, v->socket, sizeof(v->socket), why))
		return false;
	if (!lock_line(v, taken, why))
		return false;
	if (taken[0]) {
		snprintf(why, HOST_WHY_BYTES, "another vosd serves %.100s at %.200s", v->host.text, taken);
		return false;
	}
	if (!catch_signals(v)) {
		snprintf(why, HOST_WHY_BYTES, "%s", strerror(errno));
		return false;
	}
	return peer_listen(v, why);
}

int main(int argc, char **argv)
{
	struct settings settings;
	char why[HOST_WHY_BYTES];
	struct vosd *v = &vosd;
	int code;

	v->link = LINK_NONE;
	if (!conf_read(&settings, argc, argv, why))
		return why[0] ? fail(why, USAGE_CODE) : 0;
	if (!host_find(&v->host, settings.host[0] ? settings.host : NULL, why))
		return fail(why, USAGE_CODE);
	if (!set_up(v, &settings, why))
		return fail(why, LINK_CODE);
	if (settings.is_daemon && !go_to_background(why)) {
		(void)unlink(v->socket);
		return fail(why, LINK_CODE);
	}
	link_holder(&v->link, v->socket);
	if (!write_pid(settings.pid_file, why)) {
		(void)unlink(v->socket);
		return fail(why, LINK_CODE);
	}
	code = loop();
	if (peer_is_reachable(v))
		(void)unlink(v->socket);
	if (settings.pid_file[0])
		(void)unlink(settings.pid_file);
	return code;
}
