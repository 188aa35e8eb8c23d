/* SPDX-License-Identifier: MIT */
/*
 * fake_vos.h - a VOS of protocol 1.1 behind a unix socket, in a process of its own, whose line spoils bytes: for
 * tests of libvos. Its command `version` counts how often it was really done: {"version":"N"}.
 */
#ifndef VOS_FAKE_VOS_H
#define VOS_FAKE_VOS_H

#include <sys/types.h>

#include "types.h"

struct fake_vos {
	const char *path;	/* of its socket */
	u32 spoil_per_million;	/* bytes that are dropped or changed, in both directions */
	bool is_old;		/* protocol 1.0 */
	bool is_plain;
	u32 deaf_after;		/* commands; 0 = never */
	u32 restart_after;	/* commands, then another boot-id and no clients; 0 = never */
	u32 events;		/* how many there are; the first eight are not kept */
	u32 seed;		/* of what it spoils */
	u32 lost_credits;	/* so many, of those without an id, do not arrive */
	u32 lost_event;		/* this one gets lost when it is sent first; 0 = none */
	u32 input_limit;	/* of the stream; the acknowledgement that tells of it gets lost */
	u32 overrun;		/* this one and the four after it are not kept, and no answer has `start`; 0 = none */
	u32 unkept;		/* this command's answer is lost and not kept; who asks again is told, and forgotten */
	bool restarts_console;	/* then: the same boot-id, and an event */
	bool ends_upload;	/* at its first byte; it is not opened again */
	bool ends_stream;	/* after its last event; only an answer to `credit` tells */
	u32 answer_bytes;	/* more than 0: version has a member "padding" as long */
};

/* Returns its process. It ends by SIGTERM. */
pid_t fake_vos_start(const struct fake_vos *fake);
void fake_vos_stop(pid_t process);

#endif
