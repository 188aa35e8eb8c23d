/* SPDX-License-Identifier: MIT */
/*
 * hot_nics.h - network cards that a VM gets and loses while it runs: root's side of struct vmm_nic_slot (vm_layout.h).
 *
 * A card that the guest has ejected, asked or not, is at once no card of the VM's spec any more. Its slot is empty when
 * the switch has let go of the link. What a VMM says counts only for cards that its VM has.
 */
#ifndef VOS_HOT_NICS_H
#define VOS_HOT_NICS_H

#include "error_info.h"
#include "request.h"
#include "vm.h"
#include "vm_nics.h"

/* May its cards change now? It runs, and a guest that is to let a card go is not suspended. */
struct error_info hot_nics_judge(const struct vm *vm, bool is_detach);
/* Give it the cards of `next`, which are its own and others behind them. All of them, or none. */
struct error_info hot_nics_attach(struct vm *vm, const struct vm_spec *next, bool is_dry_run);
/* *next: its spec without card n. Those behind it keep their MAC addresses. */
void hot_nics_without(const struct vm *vm, u32 n, struct vm_spec *next);

/* A card in a slot, to be told from others that the slot had or will have. */
struct hot_nic { u32 slot, generation; };
struct hot_nic hot_nic_of(const struct vm *vm, u32 n);
bool hot_nic_is_there(const struct vm *vm, struct hot_nic nic);
/* Ask its guest to let the card go, or take that back. */
void hot_nic_ask(struct vm *vm, struct hot_nic nic, bool is_asked);

/* Its VMM may have said something: cards that have left go. Of a VM that lives. */
void hot_nics_watch(struct vm *vm);
/* A switch may have followed. Of a VM that lives. False: some has not; call again after its signal, or at
 * wait->limit_tsc. */
bool hot_nics_step(struct vm *vm, struct switch_wait *wait);

#endif
