/* SPDX-License-Identifier: MIT */
/*
 * sched_sim.h - the scheduler on simulated pCPUs and in simulated time. A switch only changes a pCPU's `current`: the
 * test is whoever runs there, so it calls sched_* in the place of that thread. Whatever happens is checked.
 */
#ifndef VOS_SCHED_SIM_H
#define VOS_SCHED_SIM_H

#include "arch.h"
#include "sched.h"
#include "sched_group.h"

#define HZ 1000000ull		/* one tick = 1 us */
#define SLICE (HZ / 200)
#define THREADS 12u

extern struct thread *threads[THREADS];
extern struct sched_group groups[THREADS];	/* thread i's is groups[i], unless sim_join says otherwise */
extern u64 sim_timer[FAKE_PCPUS];
extern u32 sim_timer_writes, sim_ipis, sim_switches;

/* Fresh threads and schedulers, so many pCPUs. */
void sim_begin(u32 pcpus);
/* Everything is stopped, and all time is accounted for. */
void sim_end(void);
/* The same as a test's setup and teardown, with one pCPU; and the thread that runs there. */
int sim_setup(void **state);
int sim_teardown(void **state);
struct thread *sim_running(void);
/* One handler or safe point that pCPU p has to do; false: there is none. */
bool sim_step(u32 p);
/* Interrupts and safe points, until no pCPU has anything to do at this moment. */
void sim_settle(void);
/* Time passes. */
void sim_run(u64 ticks);
/* As sim_settle, but pCPUs take their turns, one handler or safe point each, in an order that the seed gives. */
void sim_settle_randomly(unsigned *seed);
/* Thread i gets thread j's share. Before it is started. */
void sim_join(u32 i, u32 j);
/* Start it from pCPU 0; settles. */
void sim_go(u32 i);
/*
 * The calls of the thread that runs here. One that finds nothing else to run idles on its own stack, so each has a
 * stack of its own, on which it goes on when its pCPU has something to do.
 */
void sim_preempt(void);
void sim_yield(void);
void sim_wait(u64 deadline);
void sim_stop_current(void);
void sim_send(u32 i, u64 bits);		/* notify_send to thread i */
/* Is a thread running here that is not in a call, nor about to be interrupted? */
bool sim_can_call(void);
/* Be the thread i, which runs. */
void sim_be(u32 i);
/* It waits; settles. */
void sim_sleep(u32 i, u64 deadline);
u64 sim_time(u32 i);
u64 sim_stat(struct thread *t, enum stat stat);
bool sim_is_running(u32 i);
/* What always holds; `settled`: what holds when no pCPU has anything left to do at this moment. */
void sim_check(bool settled);
void sim_assert_near(u64 value, u64 want, u32 percent);

#endif
