/* SPDX-License-Identifier: MIT */
/*
 * vosd.h - what the parts of vosd share. A router: it owns the line to one VOS and serves programs on a unix socket
 * with plain frames of the same protocol. Each of its programs says hello itself, so each is a client of VOS with
 * numbers, jobs and streams of its own; repeats and offsets are between the program and VOS, and vosd remembers
 * nothing that could be lost with it. conf.c: settings; log.c: what
 * it tells; line.c: the line; peer.c: the programs' sockets; route.c:
 * which frame is whose; main.c: the loop.
 */
#ifndef VOS_HOST_VOSD_H
#define VOS_HOST_VOSD_H

#include <jansson.h>
#include <sys/stat.h>

#include "link.h"
#include "wire.h"

#define PEERS 64u
#define PEER_CLIENTS 8u		/* numbers of VOS that one program may have */
#define PEER_STREAMS 32u
#define PEER_QUEUE_SHORT (256u * 1024)	/* beyond it, bytes of streams and events are dropped: they can be had again */
#define PEER_QUEUE_MAX (4u * 1024 * 1024)	/* beyond it, the program is gone */
#define LINE_QUEUE_TEXT 8192u	/* beyond it, nothing is taken from programs */
#define LINE_QUEUE_PLAIN (512u * 1024)
#define WAITING 256u		/* messages without a client's number that are not answered */

struct settings {
	char host[HOST_TEXT_BYTES];
	char socket[HOST_TEXT_BYTES];	/* "" = by the host's name */
	char pid_file[HOST_TEXT_BYTES];
	bool is_daemon;
};

struct peer {
	int fd;			/* -1 = free */
	struct wire_scanner in;
	struct wire_buffer out;
	bool has_more;		/* frames may be left in `in` */
	bool is_over;		/* to be closed */
	u32 client_count, stream_count;
	u64 clients[PEER_CLIENTS];
	u32 streams[PEER_STREAMS];
};

/* A message that the line got with a number of ours. */
struct waiting {
	u64 number;		/* 0 = free */
	struct peer *peer;	/* NULL: it is gone */
	json_t *id;		/* the program's, or NULL */
	bool is_hello;
};

struct vosd {
	struct host host;
	struct link link;
	char socket[HOST_TEXT_BYTES];
	struct stat served;	/* the file of that socket */
	int listener, signals;
	/* the line */
	struct wire_scanner in;
	struct wire_buffer out;
	enum frame_kind kind;
	bool is_kind_known;
	char why[HOST_WHY_BYTES];	/* why the line is down */
	u64 next_try_ns;
	/* programs */
	struct peer peers[PEERS];
	struct waiting waiting[WAITING];
	u64 next_number;
	u32 turn;		/* whose frame comes first */
};

/* ---- conf.c ---- */

/* The text of a vosd.conf: lines of a key and a value. False: *why. */
bool conf_text(struct settings *settings, const char *text, size_t length, char *why);
/* The command line, and the file that it names or ~/.config/vos/vosd.conf. False: *why, or "" to end well. */
bool conf_read(struct settings *settings, int argc, char **argv, char *why);

/* ---- log.c ---- */

/* The file of what is told in the background; -1: *why. */
int log_open(char *why);
/* From now on, that file is stderr. */
bool log_use(int fd);
/* A line for whoever runs vosd. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- line.c ---- */

u64 line_now_ns(void);
bool line_is_up(const struct vosd *v);
/* Open it if it is down and that is due; ask who is there if nobody has said anything. */
void line_pump(struct vosd *v);
void line_read(struct vosd *v);
void line_write(struct vosd *v);
void line_send(struct vosd *v, const char *channel, const void *message, size_t length);
/* May programs' frames be added? */
bool line_has_room(const struct vosd *v);

/* ---- peer.c ---- */

bool peer_listen(struct vosd *v, char *why);
/* False: the socket was removed, for example with the user's last session, or another one is in its place. */
bool peer_is_reachable(const struct vosd *v);
void peer_accept(struct vosd *v);
void peer_read(struct vosd *v, struct peer *peer);
void peer_write(struct peer *peer);
/* is_needed: an answer, which can't be had again otherwise. */
void peer_send(struct peer *peer, const char *channel, const void *message, size_t length, bool is_needed);
void peer_send_json(struct peer *peer, const json_t *message);
/* One frame of each program, in turn. */
void peer_frames(struct vosd *v);
void peer_close(struct vosd *v, struct peer *peer);

/* ---- route.c ---- */

void route_up(struct vosd *v, struct peer *peer, const struct wire_frame *frame);
void route_down(struct vosd *v, const struct wire_frame *frame);
/* The program is gone: VOS forgets its clients. */
void route_forget(struct vosd *v, struct peer *peer);

#endif
