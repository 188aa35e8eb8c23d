/* SPDX-License-Identifier: MIT */
/*
 * vm_nics.h - the network cards of a VM: a MAC address each for as long as it is defined, a port of a switch and the
 * link with it while it lives.
 */
#ifndef VOS_VM_NICS_H
#define VOS_VM_NICS_H

#include "error_info.h"
#include "status.h"
#include "vm.h"

/* Could a VM of that name have the cards of `spec`, whose fields are in range? */
struct error_info vm_nics_judge(const char *name, const struct vm_spec *spec);
/* It has them, which were judged: addresses for those from `first` on. */
void vm_nics_set(struct vm *vm, const struct vm_spec *next, u32 first);

/* The VM is deleted. */
void vm_nics_forget(void);
/* Another number since VMs' cards were others. */
u32 vm_nics_version(void);

/* Of a VM that lives: are these its cards, except what can be changed now? / Take that from *next; all else of its
 * cards stays as it is written now. / Its ports follow its spec. */
bool vm_nics_are_same(const struct vm *vm, const struct vm_spec *wanted);
void vm_nics_keep(const struct vm *vm, struct vm_spec *next);
void vm_nics_change(struct vm *vm);
/* BIT32(slot) of cards whose cable is out: nics_unplugged of its control page. */
u32 vm_nics_unplugged(const struct vm *vm);

/* The switch that is waited for, and until when it is not taken to hang (DEADLINE_NONE: it is down). */
struct switch_wait { u32 number; u64 limit_tsc; };

/* Steps of vm_build: links and ports, before the arguments are filled in / signals, and the ports go up. */
enum status vm_nics_build(struct vm *vm) MUST_CHECK;
void vm_nics_args(const struct vm *vm, struct vmm_args *args);
enum status vm_nics_connect(struct vm *vm) MUST_CHECK;
/* The same for one card of a VM that lives: its link and port, in an empty slot / signals, and the port goes up. */
enum status vm_nic_link(struct vm *vm, u32 slot, const char *network) MUST_CHECK;
enum status vm_nic_connect(struct vm *vm, u32 n) MUST_CHECK;
/* What its VMM is told of card n. */
struct vmm_nic vm_nic_of(const struct vm *vm, u32 n);
/* The card in that slot of a VM that lives; VM_DEVICES: none, or it is leaving. */
u32 vm_nic_in(const struct vm *vm, u32 slot);
/* The VMM does not use the slot's link any more. True: nor does the switch, and the slot is empty. */
bool vm_nic_unlink(struct vm *vm, u32 slot, struct switch_wait *wait) MUST_CHECK;
/* Its VMM is going: call this first, before its PD and threads are given back. True: no switch has anything to do with
 * its links any more, and their memory can go; else call again after a switch's next signal, or at wait->limit_tsc. */
bool vm_nics_detach(struct vm *vm, struct switch_wait *wait) MUST_CHECK;
/* May it start: are there ports for all its cards? */
struct error_info vm_nics_find_ports(const struct vm *vm);

/* The VM, except the one of that name, with ip=`address` on that switch and VLAN (0: VLAN_DEFAULT), or NULL. */
const struct vm *vm_with_address(const char *network, u32 vlan, u32 address, const char *except);
/* A VM that is defined with a card on that switch, or NULL. */
const struct vm *vm_with_switch(const char *name);
/* The VM whose card has that port, or NULL; *card: which. */
const struct vm *vm_with_port(u32 number, u32 port, u32 *card);

void vm_nics_report(const struct vm *vm, struct vm_report *out);
void vm_nics_stats(const struct vm *vm, struct vm_stats *out);

#endif
