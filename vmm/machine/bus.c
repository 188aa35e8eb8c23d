/* SPDX-License-Identifier: MIT */
/*
 * bus.c - finds the device of a port or an address, and splits accesses of several devices.
 */
#include "bus.h"

#include <string.h>

#include "alu.h"
#include "range.h"

void bus_init(struct bus *bus)
{
	memset(bus, 0, sizeof(*bus));
	bus->pio_count = 1;
}

/* The device's region that is nowhere now, 0 if it has none. */
static u32 find_unplaced(const struct bus *bus, u32 count, const struct region_ops *ops, const void *device)
{
	for (u32 i = 1; i < bus->pio_count; i++) {
		const struct bus_region *r = &bus->pio[i];

		if (r->ops == ops && r->device == device && r->len == count && bus->port[r->start] != i)
			return i;
	}
	return 0;
}

enum status bus_reserve_pio(struct bus *bus, u32 count, const struct region_ops *ops, void *device, u32 *region)
{
	if (count == 0 || count > sizeof(bus->port))
		return ST_INVAL;
	*region = find_unplaced(bus, count, ops, device);
	if (*region != 0)
		return ST_OK;
	if (bus->pio_count == BUS_PIO_REGIONS)
		return ST_FULL;
	*region = bus->pio_count++;
	bus->pio[*region] = (struct bus_region){ .ops = ops, .device = device, .start = 0, .len = count };
	return ST_OK;
}

enum status bus_place_pio(struct bus *bus, u32 region, u64 port)
{
	struct bus_region *r = &bus->pio[region];

	if (!range_ok(port, r->len, sizeof(bus->port)))
		return ST_INVAL;
	for (u32 i = 0; i < r->len; i++)
		if (bus->port[port + i] != 0)
			return ST_EXISTS;
	r->start = port;
	memset(&bus->port[port], (int)region, r->len);
	return ST_OK;
}

void bus_unplace_pio(struct bus *bus, u32 region)
{
	const struct bus_region *r = &bus->pio[region];

	memset(&bus->port[r->start], 0, r->len);
}

enum status bus_add_pio(struct bus *bus, u32 port, u32 count, const struct region_ops *ops, void *device)
{
	u32 region;
	enum status status = bus_reserve_pio(bus, count, ops, device, &region);

	if (status != ST_OK)
		return status;
	status = bus_place_pio(bus, region, port);
	if (status != ST_OK)
		bus->pio_count--;
	return status;
}

enum status bus_add_mmio(struct bus *bus, u64 gpa, u64 len, const struct region_ops *ops, void *device)
{
	u32 at = 0;

	if (len == 0 || !range_ok(gpa, len, BIT64(52)) || ops->sets_timer)
		return ST_INVAL;
	if (bus->mmio_count == BUS_MMIO_REGIONS)
		return ST_FULL;
	while (at < bus->mmio_count && bus->mmio[at].start < gpa)
		at++;
	if (at > 0 && bus->mmio[at - 1].start + bus->mmio[at - 1].len > gpa)
		return ST_EXISTS;
	if (at < bus->mmio_count && gpa + len > bus->mmio[at].start)
		return ST_EXISTS;
	memmove(&bus->mmio[at + 1], &bus->mmio[at], (bus->mmio_count - at) * sizeof(bus->mmio[0]));
	bus->mmio[at] = (struct bus_region){ .ops = ops, .device = device, .start = gpa, .len = len };
	bus->mmio_count++;
	return ST_OK;
}

void bus_remove_mmio(struct bus *bus, u64 gpa)
{
	for (u32 i = 0; i < bus->mmio_count; i++)
		if (bus->mmio[i].start == gpa) {
			bus->mmio_count--;
			memmove(&bus->mmio[i], &bus->mmio[i + 1], (bus->mmio_count - i) * sizeof(bus->mmio[0]));
			bus->mmio[bus->mmio_count] = (struct bus_region){ 0 };
			return;
		}
}

static u32 read_whole(const struct bus_region *r, u16 port, u32 size)
{
	return (u32)(r->ops->read(r->device, port - r->start, size) & alu_mask(size));
}

u32 bus_pio_read(struct bus *bus, u16 port, u32 size)
{
	const struct bus_region *r = &bus->pio[bus->port[port]];
	u32 value = 0;

	if (r->ops && range_ok(port - r->start, size, r->len))
		return read_whole(r, port, size);
	if (!r->ops && size == 1)
		return 0xff;
	for (u32 i = 0; i < size; i++)
		value |= bus_pio_read(bus, (u16)(port + i), 1) << (8 * i);
	return value;
}

void bus_pio_write(struct bus *bus, u16 port, u32 size, u32 value)
{
	const struct bus_region *r = &bus->pio[bus->port[port]];

	if (r->ops && range_ok(port - r->start, size, r->len)) {
		r->ops->write(r->device, port - r->start, size, value & (u32)alu_mask(size));
		return;
	}
	if (!r->ops && size == 1)
		return;
	for (u32 i = 0; i < size; i++)
		bus_pio_write(bus, (u16)(port + i), 1, value >> (8 * i) & 0xff);
}

static u32 sets_timer(const struct bus *bus, u16 port)
{
	const struct region_ops *ops = bus->pio[bus->port[port]].ops;

	return ops ? ops->sets_timer : 0;
}

bool bus_pio_sets_timer(const struct bus *bus, u16 port, u32 size, bool is_read)
{
	u32 by = sets_timer(bus, port);

	if (size > 1)		/* it may reach into the next region */
		by |= sets_timer(bus, (u16)(port + size - 1));
	return by & (is_read ? SETS_TIMER_BY_READ : SETS_TIMER_BY_WRITE);
}

/* Nearest below the address by halves; an unused one has no length, and one that starts above it wraps around. */
const struct bus_region *bus_find_mmio(const struct bus *bus, u64 gpa, u32 size)
{
	const struct bus_region *r = bus->mmio;

	for (u32 count = bus->mmio_count; count > 1; count -= count / 2)
		if (r[count / 2].start <= gpa)
			r += count / 2;
	return range_ok(gpa - r->start, size, r->len) ? r : NULL;
}

u64 bus_mmio_read(struct bus *bus, u64 gpa, u32 size)
{
	const struct bus_region *r = bus_find_mmio(bus, gpa, size);

	return r ? r->ops->read(r->device, gpa - r->start, size) & alu_mask(size) : alu_mask(size);
}

void bus_mmio_write(struct bus *bus, u64 gpa, u32 size, u64 value)
{
	const struct bus_region *r = bus_find_mmio(bus, gpa, size);

	if (r)
		r->ops->write(r->device, gpa - r->start, size, value & alu_mask(size));
}
