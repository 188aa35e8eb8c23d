/* SPDX-License-Identifier: MIT */
/*
 * vm_logs.h - logs of VMs outlive the machine: root writes what the console gives it (lib/proto/vm_log.h) to the volume
 * `vos.log` of the pool with the definitions, and reads it back. As an ordinary client of the store, one request at a
 * time; nothing here waits, and nobody but the console waits for it.
 *
 * The volume has room for 128 KiB of each VM and takes room in the pool as it is written. In a pool that has a secret
 * it is encrypted. Whose log it is says the VM's record (vm_record.h).
 */
#ifndef VOS_VM_LOGS_H
#define VOS_VM_LOGS_H

#include "request.h"
#include "types.h"

/* REQ_LOG_READ, REQ_LOG_WRITE: a private copy. Answered when it is done or can't be. */
void vm_logs_request(u32 client, const struct request *request);
/* That client waits for nothing any more. */
void vm_logs_drop(u32 client);
/* A VM is gone: what it has printed goes, too. */
void vm_logs_sweep(void);

/* A bounded piece. Returns when to call again at the latest; the store's signal is an occasion too. */
u64 vm_logs_step(void);
/* Before root sleeps. False: there is something to do after all. */
bool vm_logs_may_sleep(void);

#endif
