/* SPDX-License-Identifier: MIT */
/*
 * root_bench.h - drives root on the fake kernel: plays the console (requests, answers, events) and the youngest VMM.
 */
#ifndef VOS_ROOT_BENCH_H
#define VOS_ROOT_BENCH_H

#include "ring.h"
#include "request.h"
#include "types.h"
#include "vm_layout.h"

extern struct ring bench_requests, bench_replies;	/* the console's ends */
extern u64 bench_serial, bench_console, bench_screen;	/* threads */
extern u32 bench_events;				/* seen so far */
#define BENCH_ROWS 64u
extern struct reply bench_rows[BENCH_ROWS];		/* the last request's answers without an error */
extern u32 bench_row_count;
extern struct reply bench_answer, bench_last_event;	/* to the last request; kind 0 = not yet */
extern struct definitions_report bench_task;	/* that root gave last */
extern u64 bench_idle_bytes;				/* free when no VM lives */
extern u32 bench_idle_objects;

/* Group set-up: boots root with console, serial driver, VMM program, the default images, "tiny" and a vos.conf. */
int bench_boot(void **state);
extern const char *const *bench_programs;	/* further programs, NULL at the end; set before bench_boot */
/* After bench_console is another one. */
void bench_console_attach(void);

/* So many turns of root, the first with these notification bits; answers and events are taken. */
/* Turns as root's main makes them: a signal, then until root sleeps. */
void bench_settle(u64 bits);
extern bool bench_is_guard_slow;	/* it hashes no records of the audit log */
void bench_turns(u64 bits, u32 count);

struct request bench_make_request(enum request_op op, const char *name, u32 flags);
void bench_send(struct request *request);
void bench_ask(enum request_op op, const char *name, u32 flags);	/* make and send */
/* As the console does: that task is done; the answer goes to bench_task when it comes. */
void bench_ask_task(u64 number, u64 bytes);
bool bench_is_answered(void);
void bench_await_answer(void);
void bench_expect(enum error error);					/* await, compare */

/* Whole commands that must succeed. */
void bench_create(const char *name, u32 restart, u32 limit);
void bench_start(const char *name);
void bench_expect_state(const char *name, enum vm_state state, enum vm_reason reason);
void bench_delete(const char *name);					/* by force; all memory must be back */

/* The VMM that was started last. */
u64 bench_vmm_thread(void);
volatile struct vmm_control *bench_vmm_control(void);
void bench_vmm_says(enum vmm_phase phase, enum vm_reason reason);

/* Real time passes (a millisecond at a time) until another thread than the first `made` is there. */
u64 bench_await_thread(u32 made);

#endif
