/* SPDX-License-Identifier: MIT */
/*
 * bus.h - which device answers at a port or at a guest physical address. Pure.
 *
 * Ports go through a direct table, since nearly all exits of a boot are ports; memory regions are few and sorted.
 * Where there is no device, reads give all ones and writes are lost. So does an access that reaches over the end of its
 * region.
 */
#ifndef VOS_BUS_H
#define VOS_BUS_H

#include "device.h"
#include "status.h"

#define BUS_PIO_REGIONS 64u
#define BUS_MMIO_REGIONS 32u

struct bus_region {
	const struct region_ops *ops;	/* NULL = no device */
	void *device;
	u64 start, len;
};

struct bus {
	struct bus_region pio[BUS_PIO_REGIONS];		/* [0] is no device */
	u32 pio_count;
	struct bus_region mmio[BUS_MMIO_REGIONS];	/* sorted by start */
	u32 mmio_count;
	u8 port[65536];					/* port -> index into pio */
};

void bus_init(struct bus *bus);

/*
 * ST_FULL: table full. ST_EXISTS: overlaps another region. ST_INVAL: beyond the last port; a region in memory with
 * sets_timer, which nobody looks at: such a device calls an `armed` of its own, as hpet.c does.
 */
enum status bus_add_pio(struct bus *bus, u32 port, u32 count, const struct region_ops *ops, void *device) MUST_CHECK;
enum status bus_add_mmio(struct bus *bus, u64 gpa, u64 len, const struct region_ops *ops, void *device) MUST_CHECK;

/*
 * A region of ports that the guest moves (a PCI BAR): its place in the table is kept for the life of the bus, *region;
 * a device that comes again gets the one that it had. It answers nowhere until it is placed. Placing: ST_EXISTS if a
 * port is taken, ST_INVAL beyond the last port.
 * Other vCPUs look regions up without the lock: during a move their access may reach the device at any offset, which
 * the device judges as it judges all offsets.
 */
enum status bus_reserve_pio(struct bus *bus, u32 count, const struct region_ops *ops, void *device,
			    u32 *region) MUST_CHECK;
enum status bus_place_pio(struct bus *bus, u32 region, u64 port) MUST_CHECK;
void bus_unplace_pio(struct bus *bus, u32 region);
/* The memory region that starts there. Under the lock, as look-ups of memory are. */
void bus_remove_mmio(struct bus *bus, u64 gpa);

/* The region that has all of these ports, or NULL: there is none. */
static inline const struct bus_region *bus_find_pio(const struct bus *bus, u16 port, u32 size)
{
	const struct bus_region *r = &bus->pio[bus->port[port]];

	return r->ops && port - r->start + size <= r->len ? r : NULL;	/* the table says that port is in it */
}

/* size: 1, 2, 4; an access over the end of a region is split into bytes, as an ISA bus does. */
u32 bus_pio_read(struct bus *bus, u16 port, u32 size);
void bus_pio_write(struct bus *bus, u16 port, u32 size, u32 value);

/* May this access change the deadline of a device's timer? */
bool bus_pio_sets_timer(const struct bus *bus, u16 port, u32 size, bool is_read);

/* The region with all of [gpa, gpa + size), or NULL. */
const struct bus_region *bus_find_mmio(const struct bus *bus, u64 gpa, u32 size);
u64 bus_mmio_read(struct bus *bus, u64 gpa, u32 size);
void bus_mmio_write(struct bus *bus, u64 gpa, u32 size, u64 value);

#endif
