/* SPDX-License-Identifier: MIT */
/*
 * console.h - the console at work, independent of the kernel: bytes and replies go in, bytes and requests come out.
 */
#ifndef VOS_CONSOLE_H
#define VOS_CONSOLE_H

#include "session.h"

/* conf may be 0. Prints the banner and the prompt, and starts reading the machine's state. */
void console_init(struct session *s, const struct session_ops *ops, const struct info_page *info,
	const struct log_ring *log, const char *conf, size_t conf_bytes);
/* At most session_input_room() bytes. */
void console_input(struct session *s, const char *bytes, size_t count);
void console_reply(struct session *s, const struct reply *reply);
/* Do a piece of what can be done now; true if something was done, so that there may be more. */
bool console_run(struct session *s);
/* A request is waiting for room in the ring. */
bool console_has_request(const struct session *s);
/* Output of that VM would be taken now. */
bool console_takes_vm_output(const struct session *s, u32 vm);
/* When console_run is to be called again although nothing happened; ~0 = never. */
u64 console_deadline_ns(const struct session *s);

#endif
