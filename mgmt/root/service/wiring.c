/* SPDX-License-Identifier: MIT */
/*
 * wiring.c - see wiring.h. Pairs of services are the rows of wires.c; VMs come and go, and each gets the same pair of
 * wires, to the console and back.
 */
#include "wiring.h"

#include "drivers.h"
#include "info_page.h"
#include "pd.h"
#include "root.h"
#include "service.h"
#include "services.h"
#include "vm_layout.h"
#include "wires.h"

static u64 pd_of(u32 party)
{
	return party == PARTY_ROOT ? HANDLE_SELF_PD : service_pd(service_of_party(party));
}

static u64 thread_of(u32 party)
{
	return party == PARTY_ROOT ? HANDLE_SELF_THREAD : service_thread(service_of_party(party));
}

static enum status connect(u32 i)
{
	const struct wire *wire = &wires[i];
	u64 h_pd = pd_of(wire->from);

	if (h_pd == 0)
		return ST_OK;
	return pd_signal(h_pd, wire->from == PARTY_ROOT ? SLOT_WIRE + i : wire->slot, thread_of(wire->to), wire->badge);
}

enum status wiring_connect_store(const struct vm *vm)
{
	u64 h_store = service_thread(SERVICE_STORE);
	enum status st;

	if (h_store == 0)
		return ST_OK;
	st = pd_signal(service_pd(SERVICE_STORE), STORE_H_VM + vm->index, vm->h_threads[0], VMM_BIT_DISK);
	return st == ST_OK ? pd_signal(vm->pd.h_pd, VMM_H_STORE, h_store, STORE_BIT_VM << vm->index % 32) : st;
}

static enum status connect_console(const struct vm *vm)
{
	u64 h_console = service_thread(SERVICE_CONSOLE);
	enum status st;

	if (h_console == 0)
		return ST_OK;
	st = pd_signal(service_pd(SERVICE_CONSOLE), CONSOLE_H_VM + vm->index, vm->h_threads[0], VMM_BIT_CONSOLE);
	return st == ST_OK ? pd_signal(vm->pd.h_pd, VMM_H_CONSOLE, h_console, CONSOLE_BIT_VM) : st;
}

enum status wiring_connect_vm(const struct vm *vm)
{
	enum status st = connect_console(vm);

	return st == ST_OK && vm->spec.disk_count != 0 ? wiring_connect_store(vm) : st;
}

/* The store with a driver of disks. */
static enum status connect_driver(u32 number)
{
	u64 h_store = service_thread(SERVICE_STORE), h_driver = service_thread(SERVICE_DRIVER(number));
	enum status st;

	if (h_store == 0 || h_driver == 0 || !driver_has_disks(number))
		return ST_OK;
	st = pd_signal(service_pd(SERVICE_STORE), STORE_H_DRIVER + number, h_driver, DRIVER_BIT_LINK);
	return st == ST_OK ? pd_signal(service_pd(SERVICE_DRIVER(number)), DRIVER_H_STORE, h_store,
				       STORE_BIT_DRIVER << number) : st;
}

enum status wiring_connect(void)
{
	enum status st = ST_OK;

	for (u32 i = 0; i < wire_count && st == ST_OK; i++)
		st = connect(i);
	for (u32 i = 0; i < DRIVER_COUNT && st == ST_OK; i++)
		st = connect_driver(i);
	for (u32 i = 0; i < VM_COUNT && st == ST_OK; i++)
		if (vm_is_alive(vm_at(i)))
			st = wiring_connect_vm(vm_at(i));
	return st;
}
