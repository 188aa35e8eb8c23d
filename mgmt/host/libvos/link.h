/* SPDX-License-Identifier: MIT */
/*
 * link.h - the line to a machine as a descriptor, and the lock that keeps a second program of this user from it.
 */
#ifndef VOS_HOST_LINK_H
#define VOS_HOST_LINK_H

#include "host.h"

struct link {
	int fd;			/* non-blocking; -1 = closed */
	int lock;		/* -1 = none */
	bool is_vosd;		/* the other end is a vosd */
};

#define LINK_NONE ((struct link){ .fd = -1, .lock = -1 })

/*
 * Lock the line. If a vosd has it, no lock is taken and socket[HOST_TEXT_BYTES] is the path of that vosd's socket;
 * else socket is "". `serves`: the socket that this process will serve, or NULL. False: *why.
 */
bool link_lock(struct link *link, const struct host *host, const char *serves, char *socket, char *why);
/* The lock's text: this process serves that socket, or NULL. After a fork, since the number is another. */
void link_holder(const struct link *link, const char *serves);
/* Open the line. False: *why. */
bool link_open(struct link *link, const struct host *host, char *why);
bool link_open_socket(struct link *link, const char *path, char *why);
/* Wait until the other end has taken all that was written, so long at most. An emulator drops what it has not read yet
 * of a socket that is closed: the rest of the last frame would be missing. */
void link_drain(const struct link *link, unsigned limit_ms);
/* Close the line; the lock stays. */
void link_close(struct link *link);
void link_unlock(struct link *link);

/* What a person may try who gets no connection to a machine's line. */
#define LINK_HINT ". Does the machine run?"

/* One file each: a descriptor, or -1 and *why. `hint`: LINK_HINT, or "" for a vosd's socket. */
int link_unix(const char *path, const char *hint, char *why);
int link_serial(const struct host *host, char *why);
int link_tcp(const struct host *host, char *why);

#endif
