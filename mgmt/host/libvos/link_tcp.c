/* SPDX-License-Identifier: MIT */
/*
 * link_tcp.c - a line that is a TCP connection to this machine itself. host.c has refused all other addresses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"

static socklen_t address_of(const struct host *host, struct sockaddr_storage *storage)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;

	memset(storage, 0, sizeof(*storage));
	if (host->is_ipv6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(host->port);
		v6->sin6_addr = in6addr_loopback;
		return sizeof(*v6);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(host->port);
	return inet_pton(AF_INET, host->path, &v4->sin_addr) == 1 ? sizeof(*v4) : 0;
}

int link_tcp(const struct host *host, char *why)
{
	struct sockaddr_storage address;
	socklen_t length = address_of(host, &address);
	int fd, on = 1;

	if (length == 0) {
		snprintf(why, HOST_WHY_BYTES, "%.60s is not an address", host->path);
		return -1;
	}
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, length) == 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0)
		return fd;
	snprintf(why, HOST_WHY_BYTES, "cannot connect to %.200s: %s" LINK_HINT, host->text, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}
