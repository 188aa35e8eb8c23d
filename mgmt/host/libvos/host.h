/* SPDX-License-Identifier: MIT */
/*
 * host.h - which machine is meant: host strings, the file of hosts, and the folder for sockets and locks.
 */
#ifndef VOS_HOST_HOST_H
#define VOS_HOST_HOST_H

#include "types.h"

#define HOST_TEXT_BYTES 256u
#define HOST_WHY_BYTES 384u

enum host_kind { HOST_UNIX, HOST_SERIAL, HOST_TCP };
enum host_encoding { HOST_ANY, HOST_TEXT, HOST_PLAIN };

struct host {
	enum host_kind kind;
	enum host_encoding encoding;
	char name[HOST_TEXT_BYTES];	/* as the file of hosts has it, or "" */
	char text[HOST_TEXT_BYTES];	/* without the encoding: "unix:/run/vos.sock" */
	char path[HOST_TEXT_BYTES];	/* unix, serial: of the socket or the device; tcp: address without brackets */
	u32 baud;			/* serial */
	u16 port;			/* tcp */
	bool is_ipv6;
};

/* Write why[HOST_WHY_BYTES]; always false. */
bool host_refuse(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Judge a host string. False: why[HOST_WHY_BYTES] says what is wrong. */
bool host_parse(struct host *host, const char *text, char *why);
/*
 * The host that `text` means, which may be a name of the file of hosts; NULL: $VOS_HOST, the name `default`, or the
 * only entry. False: *why.
 */
bool host_find(struct host *host, const char *text, char *why);

/* The text of a file of hosts. `name` NULL: see host_find. For host_find and its tests. */
bool host_in_text(struct host *host, const char *text, size_t length, const char *name, char *why);

/* The file of that name in $XDG_CONFIG_HOME/vos or ~/.config/vos. False: there is neither, or it is too long. */
bool host_config_path(const char *name, char *path, size_t size);

/* The folder of sockets and locks, made if needed: $XDG_RUNTIME_DIR/vos or /tmp/vos-UID. False: *why. */
bool host_folder(char *path, size_t size, char *why);
/* The lock file of a host's line, and the socket of the vosd that serves it. */
bool host_lock_path(const struct host *host, char *path, size_t size, char *why);
bool host_socket_path(const struct host *host, char *path, size_t size, char *why);

#endif
