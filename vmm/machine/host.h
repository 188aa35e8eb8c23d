/* SPDX-License-Identifier: MIT */
/*
 * host.h - what the VMM asks of the kernel and its peers, as a table of functions: the real ones are system calls
 * (main.c), a test gives its own.
 */
#ifndef VOS_HOST_H
#define VOS_HOST_H

#include "status.h"
#include "types.h"

struct host_run { u64 status, bits; };

struct host {
	/* enum status. ST_OK: exit record in the vcpu page. ST_NOTIFIED: bits. */
	struct host_run (*vcpu_run)(void *ctx, u32 vcpu);
	enum status (*vcpu_get)(void *ctx, u32 vcpu, u32 groups);
	enum status (*wait)(void *ctx, u64 deadline_tsc, u64 *bits);	/* *bits = 0 if nothing came */
	void (*yield)(void *ctx);
	void (*signal_root)(void *ctx);
	void (*signal_console)(void *ctx);
	void (*signal_store)(void *ctx);
	void (*signal_switch)(void *ctx, u32 nic);
	void (*signal_vcpu)(void *ctx, u32 vcpu);
	u64 (*tsc)(void *ctx);
	bool (*random)(void *ctx, void *out, u32 bytes);	/* false: this machine has no generator */
	void *ctx;
};

#endif
