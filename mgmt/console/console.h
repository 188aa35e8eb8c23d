/* SPDX-License-Identifier: MIT */
/*
 * console.h - the console at work, independent of the kernel: bytes and replies go in, bytes and requests come out. One
 * struct console knows the machine; each line has a struct session (session.h).
 */
#ifndef VOS_CONSOLE_H
#define VOS_CONSOLE_H

#include "session.h"

/* All zero before. conf: args->conf_bytes of vos.conf, or NULL. */
void console_init(struct console *console, const struct console_ops *ops, const struct info_page *info,
	const struct log_ring *log, const struct console_args *args, const char *conf);
/*
 * One line more. FRAME_TEXT: a person's, with the banner and the prompt; FRAME_PLAIN: for programs alone, in plain
 * frames. The first one starts asking root for the definitions to apply. s is all zero before. False: there are
 * LINE_COUNT already, or no memory.
 */
bool console_open(struct console *console, struct session *s, const struct line_ops *line, enum frame_kind kind);
/* A break came on a serial line: the person there is logged out. */
void console_break(struct session *s);
/* The other end of the line has been opened anew: what is half received, and what was to be sent, is dropped. Clients
 * and commands under way stay. */
void console_cut(struct session *s);
/* At most session_input_room() bytes. */
void console_input(struct session *s, const char *bytes, size_t count);
/* Only if console_takes_reply. */
void console_reply(struct console *console, const struct reply *reply);
/* There is room for what a reply may bring; else it waits in root's ring. */
bool console_takes_reply(const struct console *console);
/* Do a piece of what can be done now; true if something was done, so that there may be more. */
bool console_run(struct console *console);
/* A request is waiting for room in the ring. */
bool console_has_request(const struct console *console);
/* Output of that VM would be taken now. */
bool console_takes_vm_output(const struct console *console, u32 vm);
/* Input waits for that VM to take it. */
bool console_waits_for_vm(const struct console *console, u32 vm);
/* When console_run is to be called again although nothing happened; ~0 = never. */
u64 console_deadline_ns(const struct console *console);

#endif
