/* SPDX-License-Identifier: MIT */
/*
 * linux_net.c - traffic of a kind from one Linux guest to another: `serve` answers; `echo ADDRESS BYTES COUNT` sends
 * UDP and waits for each answer; `stream` sends many before it waits for one; `tcp ADDRESS 0 MIB` sends a stream. It
 * prints nothing: what that cost is counted outside.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 5001
#define ANSWER 'a'		/* the first byte of a packet that is answered */
#define STREAM_UNANSWERED 200u	/* as many as a link has room for: none is lost if the receiver is slower */
#define RECEIVE_BYTES (4 << 20)	/* and its socket has room for these, too */
#define FAIL(what) return perror(what), 1

static char buffer[65536];

static struct sockaddr_in address_of(const char *text)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(PORT),
				     .sin_addr.s_addr = text != NULL ? inet_addr(text) : 0 };
}

static void serve_packet(int udp)
{
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	ssize_t count = recvfrom(udp, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &length);

	if (count > 0 && buffer[0] == ANSWER)
		(void)sendto(udp, buffer, (size_t)count, 0, (struct sockaddr *)&from, length);
}

/* Until its end, which is answered by another. */
static void serve_stream(int tcp)
{
	int peer = accept(tcp, NULL, NULL);

	while (read(peer, buffer, sizeof(buffer)) > 0)
		;
	close(peer);
}

static int serve(void)
{
	struct sockaddr_in own = address_of(NULL);
	struct pollfd at[] = { { .fd = socket(AF_INET, SOCK_DGRAM, 0), .events = POLLIN },
			       { .fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN } };

	if (setsockopt(at[0].fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ RECEIVE_BYTES }, sizeof(int)))
		FAIL("SO_RCVBUFFORCE");
	for (unsigned i = 0; i < 2; i++)
		if (bind(at[i].fd, (struct sockaddr *)&own, sizeof(own)))
			FAIL("bind");
	if (listen(at[1].fd, 1))
		FAIL("listen");
	while (poll(at, 2, -1) > 0) {
		if (at[0].revents != 0)
			serve_packet(at[0].fd);
		if (at[1].revents != 0)
			serve_stream(at[1].fd);
	}
	return 0;
}

static int echo(int fd, size_t bytes, unsigned long count)
{
	buffer[0] = ANSWER;
	while (count--)
		if (send(fd, buffer, bytes, 0) < 0 || recv(fd, buffer, sizeof(buffer), 0) < 0)
			FAIL("echo");
	return 0;
}

static int stream(int fd, size_t bytes, unsigned long count)
{
	for (unsigned long i = 1; i < count; i++) {
		buffer[0] = 0;
		if (send(fd, buffer, bytes, 0) < 0)
			FAIL("send");
		if (i % STREAM_UNANSWERED == 0 && echo(fd, bytes, 1))
			return 1;
	}
	return echo(fd, bytes, 1);
}

static int tcp(const struct sockaddr_in *to, unsigned long mib)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		FAIL("connect");
	for (unsigned long left = mib << 20; left != 0;) {
		ssize_t count = write(fd, buffer, left < sizeof(buffer) ? left : sizeof(buffer));

		if (count <= 0)
			FAIL("write");
		left -= (unsigned long)count;
	}
	shutdown(fd, SHUT_WR);
	return read(fd, buffer, 1) != 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = address_of(argc > 2 ? argv[2] : NULL);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	size_t bytes;
	unsigned long count;

	if (argc == 2 && strcmp(argv[1], "serve") == 0)
		return serve();
	if (argc != 5 || connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		fprintf(stderr, "usage: linux_net serve | echo|stream|tcp ADDRESS BYTES COUNT\n");
		return 2;
	}
	bytes = strtoul(argv[3], NULL, 10);
	count = strtoul(argv[4], NULL, 10);
	if (strcmp(argv[1], "echo") == 0)
		return echo(fd, bytes, count);
	if (strcmp(argv[1], "stream") == 0)
		return stream(fd, bytes, count);
	return tcp(&to, count);
}
