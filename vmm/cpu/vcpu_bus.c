/* SPDX-License-Identifier: MIT */
/*
 * vcpu_bus.c - a vCPU's accesses to ports and to memory that is not RAM: to its own local APIC without a lock, to
 * everything else under the machine's. What has set a device's timer is vCPU 0's to look at; devices in memory tell of
 * it themselves.
 */
#include "machine.h"
#include "range.h"
#include "vcpu_bus.h"

static void timer_was_set(struct vcpu *v)
{
	vcpu_request(&v->machine->vcpu[0], VCPU_REQUEST_SERVICE);
}

/* The access has notified a device, which has put off what that is about, but not for long. */
static __attribute__((noinline)) void serve_soon(struct vcpu *v)
{
	const struct machine *m = v->machine;
	u64 now = m->host->tsc(m->host->ctx);

	if (v->late_tsc <= now)
		v->late_tsc = machine_late_tsc(m);
	v->page->deadline_tsc = min_u64(v->page->deadline_tsc, v->late_tsc);
}

static void look_at_late(struct vcpu *v)
{
	if (unlikely(machine_late(v->machine) != 0))
		serve_soon(v);
}

void vcpu_port_read_all(struct vcpu *v, u16 port, u32 size, u32 *values, u32 count)
{
	struct machine *m = v->machine;
	const struct bus_region *r = bus_find_pio(&m->bus, port, size);

	machine_lock(m);
	for (u32 i = 0; i < count; i++)
		values[i] = r ? (u32)r->ops->read(r->device, port - r->start, size) : bus_pio_read(&m->bus, port, size);
	machine_unlock(m);
	if (bus_pio_sets_timer(&m->bus, port, size, true))
		timer_was_set(v);
}

void vcpu_port_write_all(struct vcpu *v, u16 port, u32 size, const u32 *values, u32 count)
{
	struct machine *m = v->machine;
	const struct bus_region *r = bus_find_pio(&m->bus, port, size);

	machine_lock(m);
	for (u32 i = 0; i < count; i++)
		if (r)
			r->ops->write(r->device, port - r->start, size, values[i] & (u32)alu_mask(size));
		else
			bus_pio_write(&m->bus, port, size, values[i]);
	machine_unlock(m);
	look_at_late(v);
	if (bus_pio_sets_timer(&m->bus, port, size, false))
		timer_was_set(v);
}

/* Ports that belong to no device, or to more than one. */
static __attribute__((noinline)) u32 read_split(struct vcpu *v, u16 port, u32 size)
{
	u32 value;

	vcpu_port_read_all(v, port, size, &value, 1);
	return value;
}

static __attribute__((noinline)) void write_split(struct vcpu *v, u16 port, u32 size, u32 value)
{
	vcpu_port_write_all(v, port, size, &value, 1);
}

u32 vcpu_port_read(struct vcpu *v, u16 port, u32 size)
{
	struct machine *m = v->machine;
	const struct bus_region *r = bus_find_pio(&m->bus, port, size);
	u32 value;

	if (unlikely(!r))
		return read_split(v, port, size);
	machine_lock(m);
	value = (u32)r->ops->read(r->device, port - r->start, size);
	machine_unlock(m);
	if (unlikely(r->ops->sets_timer & SETS_TIMER_BY_READ))
		timer_was_set(v);
	if (unlikely(r->ops->may_nap != NULL) && r->ops->may_nap(r->device, port - r->start))
		vcpu_nap(v);
	else
		v->polls.count = 0;
	return value;
}

void vcpu_port_write(struct vcpu *v, u16 port, u32 size, u32 value)
{
	struct machine *m = v->machine;
	const struct bus_region *r = bus_find_pio(&m->bus, port, size);

	if (unlikely(!r)) {
		write_split(v, port, size, value);
		return;
	}
	machine_lock(m);
	r->ops->write(r->device, port - r->start, size, value & (u32)alu_mask(size));
	machine_unlock(m);
	v->polls.count = 0;
	look_at_late(v);
	if (unlikely(r->ops->sets_timer & SETS_TIMER_BY_WRITE))
		timer_was_set(v);
}

static bool is_apic_page(const struct vcpu *v, u64 gpa)
{
	return lapic_has_mmio(v->lapic) && (gpa & ~(PAGE_SIZE - 1)) == (lapic_base(v->lapic) & ~(PAGE_SIZE - 1));
}

static u64 apic_page_read(struct vcpu *v, u64 gpa, u32 size)
{
	vcpu_store_cr8(v);
	return lapic_region.read(v->lapic, gpa & (PAGE_SIZE - 1), size) & alu_mask(size);
}

static void apic_page_write(struct vcpu *v, u64 gpa, u32 size, u64 value)
{
	bool is_told = lapic_write_kicks((u32)(gpa & (PAGE_SIZE - 1)) >> 4);

	if (!is_told)
		vcpu_store_cr8(v);
	lapic_region.write(v->lapic, gpa & (PAGE_SIZE - 1), size, value);
	if (is_told)
		return;
	vcpu_load_cr8(v);
	vcpu_request_self(v, VCPU_REQUEST_TIMER);
}

static bool is_plain(u32 size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

u64 vcpu_mmio_read(struct vcpu *v, u64 gpa, u32 size)
{
	struct machine *m = v->machine;
	u64 value = 0;

	if (!is_plain(size)) {
		for (u32 i = 0; i < size; i++)
			value |= vcpu_mmio_read(v, gpa + i, 1) << (8 * i);
		return value;
	}
	if (is_apic_page(v, gpa))
		return apic_page_read(v, gpa, size);
	machine_lock(m);
	value = bus_mmio_read(&m->bus, gpa, size);
	machine_unlock(m);
	return value;
}

void vcpu_mmio_write(struct vcpu *v, u64 gpa, u32 size, u64 value)
{
	struct machine *m = v->machine;

	if (!is_plain(size)) {
		for (u32 i = 0; i < size; i++)
			vcpu_mmio_write(v, gpa + i, 1, value >> (8 * i) & 0xff);
	} else if (is_apic_page(v, gpa)) {
		apic_page_write(v, gpa, size, value);
	} else {
		machine_lock(m);
		bus_mmio_write(&m->bus, gpa, size, value);
		machine_unlock(m);
		look_at_late(v);
	}
}
