/* SPDX-License-Identifier: MIT */
/*
 * log.h - the kernel log: a ring of bytes (struct log_ring, mapped read-only into root), echoed to the early console.
 */
#ifndef VOS_LOG_H
#define VOS_LOG_H

#include "lock.h"
#include "status.h"
#include "types.h"

struct thread;
struct log_ring;

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_ALL };

/* One line, without its newline. Levels above the one of `loglvl=` are dropped. Formats: see format.h. */
__attribute__((format(printf, 2, 3))) void printk(enum log_level level, const char *format, ...);

/* Set the clock of the time stamps, which are 0 before, and the level ("error" .. "debug", "all"; ends at a space). */
void log_set_clock(u64 tsc_boot, u64 tsc_hz);
bool log_set_level(const char *name);

/* Bytes that a PD wrote (SYS_LOG_WRITE): collected into lines of their own, at most a fixed number of bytes a
 * second. */
struct log_writer {
	struct lock lock;
	u64 window_start;
	u32 window_bytes;
	u32 used;
	char line[200];
};
void log_write_pd(struct log_writer *writer, u32 pd_id, const char *bytes, u32 count);

/* A panic: no lock is taken any more. */
void log_panic(void);

/* Tell this thread too when the log has grown (SYSTEM_LOG_BIND). ST_FULL. */
enum status log_bind(struct thread *thread, u64 badge) MUST_CHECK;
/* On the IPI that a pCPU sends to itself when it has written something. */
void log_wake_readers(void);
extern bool log_has_readers, log_has_news;	/* atomic */

extern struct log_ring log_ring;

#endif
