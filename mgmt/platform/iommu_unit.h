/* SPDX-License-Identifier: MIT */
/*
 * iommu_unit.h - what both kinds of IOMMU do for iommu.c, by one table of functions: iommu_vtd.c, iommu_amd.c. Pure:
 * registers are reached through struct iommu_unit, so that a test can play them.
 *
 * All units of the machine share one set of tables, and every change is told to all of them: so it does not matter
 * which of them translates for a device.
 */
#ifndef VOS_IOMMU_UNIT_H
#define VOS_IOMMU_UNIT_H

#include "acpi_iommu.h"
#include "iommu_fault.h"
#include "iommu_table.h"

#define IOMMU_DOMAINS 8u		/* one a driver; the domain's id at the IOMMU is its number + 1 */
#define IOMMU_MESSAGES 8u		/* of a domain */
#define IOMMU_LINES 256u		/* of I/O APICs, by GSI */
#define IOMMU_QUEUE_BYTES 4096u
#define IOMMU_COMMAND_BYTES 16u
#define IOMMU_WAIT_STEPS 100000u	/* of pause(), until an IOMMU counts as dead: a second */

struct iommu_unit {
	void *registers;
	u64 capability;		/* as read at the start */
	volatile u64 *queue;	/* a page of commands, 16 bytes each */
	u32 tail;		/* in bytes */
	volatile u64 *done;	/* written by the unit when it has carried out what is in the queue */
	volatile u64 *log;	/* AMD: a page of events, 16 bytes each */
	u32 log_head;		/* in bytes */
};

struct iommu {
	const struct iommu_kind *kind;
	struct iommu_pool pool;
	struct iommu_pool large;	/* AMD: for the device table alone */
	u32 unit_count;
	struct iommu_unit units[ACPI_IOMMU_UNITS];
	struct iommu_domain domains[IOMMU_DOMAINS];
	volatile u64 *devices;		/* VT-d: the root table; AMD: the device table */
	volatile u64 *contexts[256];	/* VT-d: by bus; NULL: all of the bus is blocked */
	struct iommu_domain nothing;	/* AMD: what blocked devices are led to */
	const char *interrupt_problem;	/* why interrupts are not remapped; NULL: they are */
	bool is_x2apic;			/* local APICs are in that mode */
	volatile u64 *remapping;	/* VT-d: the table of interrupts: lines, then the domains' messages */
	volatile u32 *interrupts[IOMMU_DOMAINS];	/* AMD: a table of messages each, in a page */
	volatile u32 *lines;		/* AMD: the table of I/O APICs, by vector */
	u32 levels;			/* of domains */
	u32 ioapic_count;		/* requesters that are I/O APICs */
	u16 ioapics[ACPI_IOMMU_IOAPICS];
	u32 waits;			/* that were asked for: what `done` is to become */
	bool is_dead;			/* a unit let a wait end: nobody waits any more, and nothing is believed */
	u64 (*read)(void *registers, u32 offset, u32 size);
	void (*write)(void *registers, u32 offset, u32 size, u64 value);
	void (*pause)(void);
};

/* Which pCPU gets what. */
struct iommu_interrupt {
	u32 apic_id;
	u8 vector;
	bool is_level;
	u16 first, last;	/* requesters that may send it: that one; VT-d: or any on the buses of these two */
};

struct iommu_kind {
	const char *name;
	const struct iommu_format *format;
	u32 register_bytes;	/* of a unit */
	bool has_large;
	u32 line_flags;		/* IRQ_* of syscalls.h that lines of I/O APICs get where interrupts are remapped */

	/* Units and pool are set. NULL, or why this one cannot be used; then nothing has been changed. */
	const char *(*judge)(struct iommu *m);
	/* Tables that block every device, then translation on. False: a unit does not obey, or there is no memory. */
	bool (*start)(struct iommu *m);
	/* After a start that failed: no unit translates, as far as they obey. */
	void (*stop)(struct iommu *m);
	/* Requests with that id go through this domain; NULL: they are blocked. False: a unit did not obey. */
	bool (*route)(struct iommu *m, u32 bdf, const struct iommu_domain *d);
	/* With interrupt_problem == NULL only. Message `index` of that domain's device is this interrupt: what the
	 * device has to send for it. False: a unit did not obey. */
	bool (*message)(struct iommu *m, const struct iommu_domain *d, u32 index, const struct iommu_interrupt *what,
			u64 *address, u32 *data);
	/* What an I/O APIC sends for that GSI. */
	bool (*line)(struct iommu *m, u32 gsi, const struct iommu_interrupt *what);
	/* The domain's device has no message. */
	bool (*mute)(struct iommu *m, const struct iommu_domain *d);
	/* No unit uses an entry of that domain that has been changed. False: a unit did not obey. */
	bool (*forget)(struct iommu *m, const struct iommu_domain *d);
	/* The next fault that a unit has noted; it is noted no more. */
	bool (*fault)(struct iommu *m, struct iommu_fault *out);
};

extern const struct iommu_kind iommu_vtd, iommu_amd;

/* Until (register & mask) == value; false: not within a second, or the IOMMU is dead. */
bool iommu_await_register(struct iommu *m, const struct iommu_unit *u, u32 offset, u64 mask, u64 value);
/* Puts a command into the unit's queue; it is carried out when the tail register says so. */
void iommu_command(struct iommu_unit *u, u64 low, u64 high);
/* Until every unit has written `waits` into its `done`; false as above. */
bool iommu_await_done(struct iommu *m);

/* The number of a domain, as the IOMMU knows it: never 0. */
static inline u32 iommu_domain_id(const struct iommu *m, const struct iommu_domain *d)
{
	return (u32)(d - m->domains) + 1;
}

#endif
