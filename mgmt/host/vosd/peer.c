/* SPDX-License-Identifier: MIT */
/*
 * peer.c - the programs' end: a socket that only this user can open, a bounded queue for each program. One that does
 * not read loses bytes of its streams, which it can have again, and in the end its connection; the others don't
 * notice.
 */
#define _GNU_SOURCE		/* accept4 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vosd.h"

static bool is_served(const char *path)
{
	char unused[HOST_WHY_BYTES];
	int fd = link_unix(path, "", unused);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool peer_listen(struct vosd *v, char *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat found;
	mode_t mask;
	int result;

	for (u32 i = 0; i < PEERS; i++)
		v->peers[i].fd = -1;
	if (strlen(v->socket) >= sizeof(address.sun_path)) {
		snprintf(why, HOST_WHY_BYTES, "the path of a socket has at most %zu characters",
			sizeof(address.sun_path) - 1);
		return false;
	}
	if (is_served(v->socket)) {
		snprintf(why, HOST_WHY_BYTES, "another program serves %.200s", v->socket);
		return false;
	}
	memcpy(address.sun_path, v->socket, strlen(v->socket));
	if (lstat(v->socket, &found) == 0 && !S_ISSOCK(found.st_mode)) {
		snprintf(why, HOST_WHY_BYTES, "%.200s is there and is no socket", v->socket);
		return false;
	}
	(void)unlink(v->socket);	/* of a vosd that was killed */
	v->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mask = umask(0177);
	result = v->listener < 0 ? -1 : bind(v->listener, (const struct sockaddr *)&address, sizeof(address));
	(void)umask(mask);
	if (result == 0 && listen(v->listener, 16) == 0 && stat(v->socket, &v->served) == 0)
		return true;
	snprintf(why, HOST_WHY_BYTES, "%.200s: %s", v->socket, strerror(errno));
	return false;
}

bool peer_is_reachable(const struct vosd *v)
{
	struct stat found;

	return stat(v->socket, &found) == 0 && found.st_dev == v->served.st_dev && found.st_ino == v->served.st_ino;
}

static struct peer *free_peer(struct vosd *v)
{
	for (u32 i = 0; i < PEERS; i++)
		if (v->peers[i].fd < 0)
			return &v->peers[i];
	return NULL;
}

void peer_accept(struct vosd *v)
{
	int fd = accept4(v->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct peer *peer = free_peer(v);

	if (fd < 0)
		return;
	if (peer)
		memset(peer, 0, sizeof(*peer));
	if (!peer || !wire_start(&peer->in, false, true)) {
		log_line("a program is turned away: there are %u", PEERS);
		if (peer)
			peer->fd = -1;
		close(fd);
		return;
	}
	peer->fd = fd;
}

void peer_close(struct vosd *v, struct peer *peer)
{
	route_forget(v, peer);
	close(peer->fd);
	wire_end(&peer->in);
	wire_free(&peer->out);
	peer->fd = -1;
}

void peer_send(struct peer *peer, const char *channel, const void *message, size_t length, bool is_needed)
{
	if (!is_needed && peer->out.used > PEER_QUEUE_SHORT)
		return;
	if (peer->out.used > PEER_QUEUE_MAX || !wire_encode(&peer->out, FRAME_PLAIN, channel, message, length))
		peer->is_over = true;
}

void peer_send_json(struct peer *peer, const json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);

	if (text)
		peer_send(peer, "control", text, strlen(text), true);
	free(text);
}

void peer_write(struct peer *peer)
{
	ssize_t count = peer->out.used ? send(peer->fd, peer->out.bytes, peer->out.used, MSG_NOSIGNAL) : 0;

	if (count > 0)
		wire_drop(&peer->out, (size_t)count);
	else if (count < 0 && errno != EAGAIN && errno != EINTR)
		peer->is_over = true;
}

void peer_read(struct vosd *v, struct peer *peer)
{
	static u8 bytes[65536];
	ssize_t count = read(peer->fd, bytes, sizeof(bytes));

	(void)v;
	if (count > 0 && wire_feed(&peer->in, bytes, (size_t)count))
		peer->has_more = true;
	else if (count >= 0 || (errno != EAGAIN && errno != EINTR))
		peer->is_over = true;
}

/* At most one; true: there was one. */
static bool one_frame(struct vosd *v, struct peer *peer)
{
	struct wire_frame frame;

	if (peer->fd < 0 || peer->is_over || !peer->has_more)
		return false;
	peer->has_more = wire_next(&peer->in, &frame);
	if (peer->has_more)
		route_up(v, peer, &frame);
	return peer->has_more;
}

void peer_frames(struct vosd *v)
{
	bool is_any = true;

	while (is_any && (line_has_room(v) || !line_is_up(v))) {
		is_any = false;
		for (u32 i = 0; i < PEERS; i++)
			is_any = one_frame(v, &v->peers[(v->turn + i) % PEERS]) || is_any;
		v->turn = (v->turn + 1) % PEERS;
	}
}
