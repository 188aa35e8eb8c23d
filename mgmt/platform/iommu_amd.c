/* SPDX-License-Identifier: MIT */
/*
 * iommu_amd.c - AMD-Vi (AMD I/O Virtualization Technology, 3.07): a device table with an entry for each of the 65,536
 * requesters, tables of three levels, commands with a completion wait, a log of events. Interrupts are remapped: a
 * message of a device is an index into a table that root owns, so no device can aim one. What an I/O APIC sends is an
 * index, too: its delivery mode and vector (2.2.5.1), which are left as they are. See iommu_unit.h.
 */
#include "iommu_unit.h"

#include <string.h>

/* Registers (3.4). */
enum { DEVICES = 0x00, COMMANDS = 0x08, EVENTS = 0x10, CONTROL = 0x18, EXCLUSION = 0x20, FEATURES = 0x30,
       COMMAND_HEAD = 0x2000, COMMAND_TAIL = 0x2008, EVENT_HEAD = 0x2010, EVENT_TAIL = 0x2018, STATUS = 0x2020 };
#define REGISTER_BYTES 0x4000u
#define PAGE_OF_ENTRIES (8ull << 56)	/* COMMANDS, EVENTS: 2^8 entries */

#define CONTROL_ON BIT64(0)
#define CONTROL_EVENTS BIT64(2)
#define CONTROL_COHERENT BIT64(10)
#define CONTROL_COMMANDS BIT64(12)
#define CONTROL_KEPT (BIT64(1) | BIT64(8) | BIT64(9) | BIT64(11))	/* of the link: the firmware's */
#define STATUS_OVERFLOW BIT64(0)
#define FEATURE_FORGET_ALL BIT64(6)

/* Device table entries (2.2.2.1). */
#define DEVICE_COUNT 0x10000u
#define DEVICE_WORDS 4u
#define DEVICE_PAGES 512u
#define VALID BIT64(0)
#define TRANSLATES BIT64(1)
#define LEVELS 3u
#define LEVELS_SHIFT 9
#define READ BIT64(61)
#define WRITE BIT64(62)
#define INTERRUPTS_VALID BIT64(0)
#define INTERRUPTS_COUNT (3ull << 1)		/* 2^3 entries */
#define LINES_COUNT (8ull << 1)			/* 2^8 entries */
#define INTERRUPTS_REMAPPED (2ull << 60)	/* else (0) they are aborted */

/* An entry of the interrupt table (2.2.5.2). */
#define MESSAGE_VALID BIT32(0)
#define MESSAGE_EOI BIT32(5)			/* the I/O APIC waits for the EOI */
#define MESSAGE_TO(id) ((id) << 8)
#define MESSAGE_VECTOR(vector) ((vector) << 16)
#define MESSAGE_ADDRESS 0xfee00000ull		/* what a device sends; the index is the data */

/* Page table entries (2.2.3). */
#define PRESENT BIT64(0)
#define COHERENT BIT64(60)
#define NEXT_LEVEL(level) ((u64)(level) << 9)

/* Commands (2.4). */
#define WAIT (1ull << 60 | BIT64(0))		/* | where to write */
#define FORGET_DEVICE (2ull << 60)		/* | id */
#define FORGET_DOMAIN (3ull << 60)		/* | domain's id << 32 */
#define ALL_PAGES 0x7ffffffffffff003ull		/* second half: every size, tables too */
#define FORGET_INTERRUPTS (5ull << 60)		/* | id */
#define FORGET_ALL (8ull << 60)

#define EVENT_IS_INTERRUPT BIT64(51)
#define EVENT_IS_WRITE BIT64(53)

static const struct iommu_format format = {
	.leaf = PRESENT | COHERENT | READ | WRITE,
	.table = { [2] = PRESENT | NEXT_LEVEL(2) | READ | WRITE, [3] = PRESENT | NEXT_LEVEL(3) | READ | WRITE },
};

static const char *judge(struct iommu *m)
{
	for (u32 i = 0; i < m->unit_count; i++) {
		struct iommu_unit *u = &m->units[i];

		u->capability = m->read(u->registers, FEATURES, 8);
		if (u->capability == ~0ull)
			return "its registers do not answer";
	}
	m->pool.is_coherent = m->large.is_coherent = true;
	m->levels = LEVELS;
	return NULL;
}

/* ---- commands ---- */

static void go(struct iommu *m, struct iommu_unit *u)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	m->write(u->registers, COMMAND_TAIL, 8, u->tail);
}

/* What all units have been told is done. */
static bool finish(struct iommu *m)
{
	if (m->is_dead)
		return false;
	m->waits++;
	for (u32 i = 0; i < m->unit_count; i++) {
		iommu_command(&m->units[i], WAIT | iommu_bus(&m->pool, m->units[i].done), m->waits);
		go(m, &m->units[i]);
	}
	return iommu_await_done(m);
}

static bool forget(struct iommu *m, const struct iommu_domain *d)
{
	for (u32 i = 0; i < m->unit_count; i++)
		iommu_command(&m->units[i], FORGET_DOMAIN | (u64)iommu_domain_id(m, d) << 32, ALL_PAGES);
	return finish(m);
}

static bool forget_device(struct iommu *m, u32 bdf)
{
	for (u32 i = 0; i < m->unit_count; i++) {
		iommu_command(&m->units[i], FORGET_DEVICE | bdf, 0);
		iommu_command(&m->units[i], FORGET_INTERRUPTS | bdf, 0);
		for (u32 k = 0; k < IOMMU_DOMAINS; k++)
			iommu_command(&m->units[i], FORGET_DOMAIN | (u64)(k + 1) << 32, ALL_PAGES);
	}
	return finish(m);
}

/* Where a unit cannot forget everything at once, each device by itself, in as many rounds as the queue wants. */
static bool forget_all(struct iommu *m)
{
	u64 all = FEATURE_FORGET_ALL;

	for (u32 i = 0; i < m->unit_count; i++)
		all &= m->units[i].capability;
	for (u32 bdf = 0; all == 0 && bdf < DEVICE_COUNT; bdf++)
		if (!forget_device(m, bdf))
			return false;
	for (u32 i = 0; all != 0 && i < m->unit_count; i++)
		iommu_command(&m->units[i], FORGET_ALL, 0);
	return finish(m);
}

/* ---- devices ---- */

/* The half that lets through is written last, and cleared first. */
static void put_device(struct iommu *m, u32 bdf, const struct iommu_domain *d)
{
	volatile u64 *entry = m->devices + bdf * DEVICE_WORDS;
	const struct iommu_domain *to = d != NULL ? d : &m->nothing;
	u64 first = VALID | TRANSLATES | (u64)LEVELS << LEVELS_SHIFT | iommu_bus(&m->pool, to->root);

	entry[0] = first;
	entry[1] = d != NULL ? iommu_domain_id(m, d) : 0;
	entry[2] = 0;
	if (d != NULL && m->interrupt_problem == NULL)
		entry[2] = iommu_bus(&m->pool, m->interrupts[d - m->domains]) | INTERRUPTS_COUNT | INTERRUPTS_REMAPPED;
	if (m->interrupt_problem == NULL)
		entry[2] |= INTERRUPTS_VALID;
	entry[3] = 0;
	if (d != NULL)
		entry[0] = first | READ | WRITE;
	iommu_wrote(&m->large, entry, DEVICE_WORDS * sizeof(*entry));
}

static bool route(struct iommu *m, u32 bdf, const struct iommu_domain *d)
{
	put_device(m, bdf, d);
	return forget_device(m, bdf);
}

/* ---- interrupts ---- */

/* An entry is one word. */
static void put_message(struct iommu *m, volatile u32 *entry, const struct iommu_interrupt *what)
{
	*entry = MESSAGE_VALID | (what->is_level ? MESSAGE_EOI : 0) | MESSAGE_TO(what->apic_id) |
		 MESSAGE_VECTOR((u32)what->vector);
	iommu_wrote(&m->pool, entry, sizeof(*entry));
}

/* Its device is blocked: route tells the units of all the table. */
static bool message(struct iommu *m, const struct iommu_domain *d, u32 index, const struct iommu_interrupt *what,
		    u64 *address, u32 *data)
{
	put_message(m, &m->interrupts[d - m->domains][index], what);
	*address = MESSAGE_ADDRESS;
	*data = index;
	return true;
}

/* The I/O APICs share a table: vectors are different. */
static bool line(struct iommu *m, u32 gsi, const struct iommu_interrupt *what)
{
	(void)gsi;
	put_message(m, &m->lines[what->vector], what);
	for (u32 i = 0; i < m->unit_count; i++)
		for (u32 k = 0; k < m->ioapic_count; k++)
			iommu_command(&m->units[i], FORGET_INTERRUPTS | m->ioapics[k], 0);
	return finish(m);
}

/* Its device is blocked, as before. */
static bool mute(struct iommu *m, const struct iommu_domain *d)
{
	volatile u32 *table = m->interrupts[d - m->domains];

	for (u32 i = 0; i < IOMMU_MESSAGES; i++)
		table[i] = 0;
	iommu_wrote(&m->pool, table, IOMMU_MESSAGES * sizeof(*table));
	return true;
}

/* ---- the start ---- */

static bool make_interrupts(struct iommu *m)
{
	for (u32 i = 0; i < IOMMU_DOMAINS; i++) {
		m->interrupts[i] = iommu_pages(&m->pool, 1);
		if (m->interrupts[i] == NULL)
			return false;
	}
	m->lines = iommu_pages(&m->pool, 1);
	return m->lines != NULL;
}

/* I/O APICs send as requesters of their own. */
static void remap_ioapics(struct iommu *m)
{
	for (u32 i = 0; i < m->ioapic_count && m->interrupt_problem == NULL; i++)
		m->devices[m->ioapics[i] * DEVICE_WORDS + 2] =
			iommu_bus(&m->pool, m->lines) | LINES_COUNT | INTERRUPTS_REMAPPED | INTERRUPTS_VALID;
}

static void start_log(struct iommu *m, struct iommu_unit *u, u64 control)
{
	m->write(u->registers, CONTROL, 8, control & ~CONTROL_EVENTS);
	memset((void *)(u64)u->log, 0, PAGE_SIZE);
	u->log_head = 0;
	m->write(u->registers, EVENTS, 8, iommu_bus(&m->pool, u->log) | PAGE_OF_ENTRIES);
	m->write(u->registers, EVENT_HEAD, 8, 0);
	m->write(u->registers, EVENT_TAIL, 8, 0);
	m->write(u->registers, STATUS, 8, STATUS_OVERFLOW);
	m->write(u->registers, CONTROL, 8, control);
}

static bool start_unit(struct iommu *m, struct iommu_unit *u)
{
	u64 kept = m->read(u->registers, CONTROL, 8) & CONTROL_KEPT;

	u->queue = iommu_pages(&m->pool, 1);
	u->done = iommu_pages(&m->pool, 1);
	u->log = iommu_pages(&m->pool, 1);
	if (u->queue == NULL || u->done == NULL || u->log == NULL)
		return false;
	u->tail = 0;
	m->write(u->registers, CONTROL, 8, kept);
	m->write(u->registers, EXCLUSION, 8, 0);
	m->write(u->registers, DEVICES, 8, iommu_bus(&m->large, m->devices) | (DEVICE_PAGES - 1));
	m->write(u->registers, COMMANDS, 8, iommu_bus(&m->pool, u->queue) | PAGE_OF_ENTRIES);
	m->write(u->registers, COMMAND_HEAD, 8, 0);
	m->write(u->registers, COMMAND_TAIL, 8, 0);
	start_log(m, u, kept | CONTROL_COHERENT | CONTROL_COMMANDS | CONTROL_EVENTS | CONTROL_ON);
	return true;
}

static bool start(struct iommu *m)
{
	m->devices = iommu_pages(&m->large, DEVICE_PAGES);
	if (m->devices == NULL || !iommu_domain_init(&m->nothing, &m->pool, &format, LEVELS) || !make_interrupts(m))
		return false;
	for (u32 bdf = 0; bdf < DEVICE_COUNT; bdf++)
		put_device(m, bdf, NULL);
	remap_ioapics(m);
	for (u32 i = 0; i < m->unit_count; i++)
		if (!start_unit(m, &m->units[i]))
			return false;
	return forget_all(m);
}

static void stop(struct iommu *m)
{
	for (u32 i = 0; i < m->unit_count; i++) {
		void *registers = m->units[i].registers;

		m->write(registers, CONTROL, 8, m->read(registers, CONTROL, 8) & CONTROL_KEPT);
	}
}

/* ---- events ---- */

/* The log itself says what is new, as entries are cleared after they were read: there are units that move the tail
 * before the entry is there. */
static bool take(struct iommu *m, struct iommu_unit *u, struct iommu_fault *out)
{
	volatile u64 *entry = u->log + u->log_head / sizeof(u64);
	u64 first = entry[0], address = entry[1];

	if ((first | address) == 0)
		return false;
	*out = (struct iommu_fault){
		.bdf = (u16)first, .reason = (u8)(first >> 60), .is_write = (first & EVENT_IS_WRITE) != 0,
		.is_interrupt = (first & EVENT_IS_INTERRUPT) != 0, .address = address,
	};
	entry[0] = entry[1] = 0;
	u->log_head = (u->log_head + 2 * sizeof(u64)) % PAGE_SIZE;
	m->write(u->registers, EVENT_HEAD, 8, u->log_head);
	return true;
}

static bool fault(struct iommu *m, struct iommu_fault *out)
{
	for (u32 i = 0; i < m->unit_count; i++) {
		struct iommu_unit *u = &m->units[i];

		if (take(m, u, out))
			return true;
		if ((m->read(u->registers, STATUS, 8) & STATUS_OVERFLOW) != 0)
			start_log(m, u, m->read(u->registers, CONTROL, 8) | CONTROL_EVENTS);
	}
	return false;
}

const struct iommu_kind iommu_amd = {
	.name = "AMD-Vi", .format = &format, .register_bytes = REGISTER_BYTES, .has_large = true, .judge = judge,
	.start = start, .stop = stop, .route = route, .message = message, .line = line, .mute = mute, .forget = forget,
	.fault = fault,
};
