/* SPDX-License-Identifier: MIT */
/*
 * service.h - one service's life: made from its row (services.h), started, taken down. Who starts which, and when, is
 * supervisor.h's business.
 */
#ifndef VOS_SERVICE_H
#define VOS_SERVICE_H

#include "status.h"
#include "types.h"

/* False: this machine has no use for it, or it failed too often. */
bool service_is_wanted(u32 id);
/* Or a driver that was given up. */
bool service_is_there(u32 id);
bool service_has_program(u32 id);

/* Make it, up to, but without, the first instruction. What failed half-way is given back by service_release_step. */
enum status service_build(u32 id) MUST_CHECK;

/* The first instruction. The kernel's outputs that it takes over are its own from here on. */
void service_start(u32 id);

/* Has its thread faulted? Then that is said in the log, and the service is taken down. */
bool service_check_fault(u32 id);

/* How long it rests before it is made again. */
u64 service_pause_ns(u32 id);
/* One that is not wanted because it failed too often is wanted again. False: there is no such reason, or no way. */
bool service_forgive(u32 id);

/* It is not up from now on; what it has is to be given back. A driver's device is stopped first. */
void service_take_down(u32 id);

/* The rows of services.h, then the places of the families (families.h). */
u32 service_total(void);
/* The service that is this party of a wire, not root; service_total() if there is none. */
u32 service_of_party(u32 party);
/* "console", "nvme0" */
const char *service_name(u32 id);

/* Give back a bounded piece. ST_AGAIN: call again. */
enum status service_release_step(u32 id) MUST_CHECK;
/* That is done. */
void service_released(u32 id);

/* Its PD and its thread, for grants; 0 while it is not up. */
u64 service_pd(u32 id);
u64 service_thread(u32 id);

/* What is its. */
const struct object_set *service_objects(u32 id);
/* Bytes of memory that it takes; if it is on its way down, what is left. */
u64 service_bytes_of(u32 id);

/* Bytes of memory that all services take / that those which are not up took when they were. */
u64 service_bytes(void);
u64 service_bytes_down(void);

#endif
