/* SPDX-License-Identifier: MIT */
/*
 * fake_machine.h - a whole guest machine on a fake kernel, for host tests: vcpu_run() calls the test, which plays exits
 * instead of running a guest. Time is a counter the test moves. One machine at a time; cmocka's assertions are used
 * inside.
 */
#ifndef VOS_FAKE_MACHINE_H
#define VOS_FAKE_MACHINE_H

#include "machine.h"

#define FAKE_RAM_BYTES (4 * MIB)
#define FAKE_CODE 0x5000ull	/* where the instructions of the exits lie; paging is off */

extern struct machine fake_machine;
extern struct vcpu_page *const fake_page;
extern struct vmm_control fake_control;
extern u8 fake_ram[FAKE_RAM_BYTES];
extern u8 fake_rings[VM_RINGS_BYTES];
extern u8 fake_links[VM_DEVICES * BLK_LINK_BYTES];
extern u8 fake_nic_links[VM_DEVICES * NET_LINK_STRIDE];
extern u32 fake_store_signals, fake_switch_signals[VM_DEVICES];
extern u64 fake_now;			/* host TSC; runs at 1 GHz */
extern u32 fake_root_signals, fake_console_signals, fake_vcpu_signals[VM_VCPUS];

/* What the kernel does at the next vcpu_run: notification bits, else the function, which fills the page. */
extern void (*fake_on_run)(void);
extern void (*fake_on_wait)(void);	/* called at each wait, if set */
extern u64 fake_run_bits;
extern u64 fake_wait_bits;		/* what the next wait returns; 0 = time passes up to its deadline */
extern u64 fake_last_deadline;		/* of the last vcpu_run or wait */

/* A new machine, in 32-bit mode at FAKE_CODE. */
void fake_start(u32 platform);
void fake_start_cpus(u32 platform, u32 cpus);
/* With these network cards. */
void fake_start_nics(u32 platform, const struct vmm_nic *nics, u32 count);
bool fake_try_start(u32 platform, u32 cpus);	/* false: machine_init() refuses the start arguments */
/* The guest has switched all its local APICs to x2APIC mode. */
void fake_use_x2apic(void);
struct vcpu_page *fake_page_of(u32 vcpu);

/* These bytes are the instruction at RIP; the page is as after a return from the kernel. */
void fake_code(const void *bytes, u32 count);
/* Handle an exit whose record is in the page. */
void fake_exit(u32 reason);
/* The guest got this exception, RIP still at the instruction; or the instruction is done. */
void fake_expect_event(u8 vector);
void fake_expect_done(u32 len);

/* OUT of a byte, IN of any size into an RAX full of other bits. */
void fake_out(u16 port, u8 value);
u64 fake_in(u16 port, u8 size);

#endif
