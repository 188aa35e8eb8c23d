/* SPDX-License-Identifier: MIT */
/*
 * iommu_vtd.c - Intel VT-d (Intel Virtualization Technology for Directed I/O, 4.0) in legacy mode: root table, a
 * context table for each bus on which a driver has a device, second-level tables of three or four levels. An entry
 * that is not present blocks. Invalidation is queued: newer units have nothing else, and a wait descriptor says when
 * DMA that was under way has drained. Interrupts are remapped, and those in compatibility format blocked (5.1.4): the
 * entry of each says who may send it. See iommu_unit.h.
 */
#include "iommu_unit.h"

#include "range.h"
#include "syscalls.h"

/* Registers (11.4). */
enum { CAP = 0x08, ECAP = 0x10, GCMD = 0x18, GSTS = 0x1c, RTADDR = 0x20, FSTS = 0x34, FECTL = 0x38, PMEN = 0x64,
       IQT = 0x88, IQA = 0x90, IRTA = 0xb8 };
#define REGISTER_BYTES 0x1000u

#define CAP_WRITE_BUFFER BIT64(4)
#define CAP_PROTECTED (BIT64(5) | BIT64(6))
#define CAP_LEVELS_3 BIT64(9)
#define CAP_LEVELS_4 BIT64(10)
#define CAP_ADDRESS_BITS(cap) (((cap) >> 16 & 0x3f) + 1)
#define CAP_FAULTS_AT(cap) ((u32)((cap) >> 24 & 0x3ff) * 16)
#define CAP_2M BIT64(34)
#define CAP_FAULT_COUNT(cap) ((u32)((cap) >> 40 & 0xff) + 1)
#define CAP_DRAIN_WRITES BIT64(54)
#define CAP_DRAIN_READS BIT64(55)
#define ECAP_COHERENT BIT64(0)
#define ECAP_QUEUE BIT64(1)
#define ECAP_INTERRUPTS BIT64(3)
#define ECAP_X2APIC BIT64(4)

/* Bits of GCMD, and of GSTS that answer them. */
#define TRANSLATE BIT32(31)
#define SET_ROOT BIT32(30)
#define FLUSH_WRITES BIT32(27)
#define QUEUE BIT32(26)
#define REMAP_INTERRUPTS BIT32(25)
#define SET_REMAPPING BIT32(24)
#define COMPATIBILITY BIT32(23)
#define STAYS 0x96ffffffu		/* of GSTS, for GCMD: the others are done once */

#define FSTS_OVERFLOW BIT32(0)
#define FECTL_MASK BIT32(31)
#define PMEN_ENABLE BIT32(31)
#define PMEN_STATUS BIT32(0)

/* A fault record (11.4.14). */
#define FAULT_BYTES 16u
#define FAULT_THERE BIT64(63)
#define FAULT_IS_READ BIT64(62)
#define FAULT_OF_INTERRUPT(reason) ((reason) >= 0x20 && (reason) < 0x30)	/* address: the index (7.1.3) */

/* Descriptors of the queue (6.5.2). */
#define FORGET_CONTEXTS 0x11ull		/* all of them */
#define FORGET_ALL 0x12ull		/* of the IOTLB */
#define FORGET_DOMAIN 0x22ull		/* | id << 16 */
#define DRAIN_WRITES BIT64(6)
#define DRAIN_READS BIT64(7)
#define FORGET_INTERRUPTS 0x04ull	/* all of them */
#define WAIT_WRITE 0x25ull		/* | data << 32 */

#define PRESENT BIT64(0)
#define ENTRY_WORDS 2u
#define BUS_DEVICES 256u

/* The table of interrupts (9.9, 11.4.24): IRTA has its size as 2^(n + 1) entries. */
#define REMAPPING_PAGES 2u
#define REMAPPING_SIZE 8u
#define REMAPPING_X2APIC BIT64(11)
#define INTERRUPT_LEVEL BIT64(4)
#define INTERRUPT_VECTOR(vector) ((u64)(vector) << 16)
#define INTERRUPT_TO(id) ((u64)(id) << 32)
#define SENDER_IS(id) ((u64)(id) | 1ull << 18)			/* all 16 bits */
#define SENDER_ON(first, last) (((u64)(first) & 0xff00) | (last) >> 8 | 2ull << 18)	/* any on these buses */
_Static_assert(IOMMU_LINES + IOMMU_DOMAINS * IOMMU_MESSAGES <= REMAPPING_PAGES * PAGE_SIZE / 16 &&
	       REMAPPING_PAGES * PAGE_SIZE / 16 == 2u << REMAPPING_SIZE, "all of them have an entry");

/* What a device sends (5.1.5.2): remappable format, subhandle valid and, in the data, 0. */
#define MESSAGE(index) (0xfee00018ull | (u64)(index) << 5)

/* Second-level entries (9.8): read, write; of a piece, a page of 2 MiB. */
static const struct iommu_format format = {
	.leaf = BIT64(0) | BIT64(1) | BIT64(7),
	.table = { [2] = BIT64(0) | BIT64(1), [3] = BIT64(0) | BIT64(1) },
};

static u32 read4(const struct iommu *m, const struct iommu_unit *u, u32 offset)
{
	return (u32)m->read(u->registers, offset, 4);
}

/* GCMD takes one change at a time (11.4.4.1). */
static bool command(struct iommu *m, struct iommu_unit *u, u32 bit, bool is_on)
{
	u32 word = read4(m, u, GSTS) & STAYS;

	if (m->is_dead)
		return false;
	m->write(u->registers, GCMD, 4, is_on ? word | bit : word & ~bit);
	return iommu_await_register(m, u, GSTS, bit, is_on && bit != FLUSH_WRITES ? bit : 0);
}

/* ---- can it be used? ---- */

static const char *judge_unit(const struct iommu *m, struct iommu_unit *u)
{
	u64 cap = m->read(u->registers, CAP, 8), ecap = m->read(u->registers, ECAP, 8);

	u->capability = cap;
	if (cap == 0 || cap == ~0ull || ecap == ~0ull)
		return "its registers do not answer";
	if ((ecap & ECAP_QUEUE) == 0)
		return "it has no queued invalidation";
	if ((cap & CAP_2M) == 0)
		return "it has no pages of 2 MiB";
	if (CAP_ADDRESS_BITS(cap) < 32)
		return "it has fewer than 32 address bits";
	if (!range_ok(CAP_FAULTS_AT(cap), CAP_FAULT_COUNT(cap) * FAULT_BYTES, REGISTER_BYTES))
		return "its fault records are out of reach";
	return NULL;
}

static const char *judge_interrupts(const struct iommu *m, u64 ecap)
{
	if (m->interrupt_problem != NULL)
		return m->interrupt_problem;
	if ((ecap & ECAP_INTERRUPTS) == 0)
		return "it does not remap interrupts";
	return m->is_x2apic && (ecap & ECAP_X2APIC) == 0 ? "it does not know x2APIC ids" : NULL;
}

static const char *judge(struct iommu *m)
{
	u64 all = ~0ull, all_ecap = ~0ull;

	for (u32 i = 0; i < m->unit_count; i++) {
		const char *why = judge_unit(m, &m->units[i]);

		if (why != NULL)
			return why;
		all &= m->units[i].capability;
		all_ecap &= m->read(m->units[i].registers, ECAP, 8);
	}
	m->pool.is_coherent = (all_ecap & ECAP_COHERENT) != 0;
	m->interrupt_problem = judge_interrupts(m, all_ecap);
	m->levels = (all & CAP_LEVELS_3) != 0 ? 3 : 4;
	return (all & (CAP_LEVELS_3 | CAP_LEVELS_4)) != 0 ? NULL : "it has tables of neither three nor four levels";
}

/* ---- the queue ---- */

/* All units, then until they all have obeyed. A command to the IOTLB drains, too. */
static bool invalidate(struct iommu *m, u64 first, u64 second)
{
	if (m->is_dead)
		return false;
	m->waits++;
	for (u32 i = 0; i < m->unit_count; i++) {
		struct iommu_unit *u = &m->units[i];
		u64 drain = ((u->capability & CAP_DRAIN_WRITES) != 0 ? DRAIN_WRITES : 0) |
			    ((u->capability & CAP_DRAIN_READS) != 0 ? DRAIN_READS : 0);

		if ((u->capability & CAP_WRITE_BUFFER) != 0 && !command(m, u, FLUSH_WRITES, true))
			return false;
		if (first != 0)
			iommu_command(u, first, 0);
		iommu_command(u, second == FORGET_INTERRUPTS ? second : second | drain, 0);
		iommu_command(u, WAIT_WRITE | (u64)m->waits << 32, iommu_bus(&m->pool, u->done));
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		m->write(u->registers, IQT, 8, u->tail);
	}
	return iommu_await_done(m);
}

static bool forget_all(struct iommu *m)
{
	return invalidate(m, FORGET_CONTEXTS, FORGET_ALL);
}

static bool forget(struct iommu *m, const struct iommu_domain *d)
{
	return invalidate(m, 0, FORGET_DOMAIN | (u64)iommu_domain_id(m, d) << 16);
}

/* ---- the start ---- */

/* What the firmware has left on goes off: interrupts that it remapped would not arrive, its queue is elsewhere. */
static bool quiet(struct iommu *m, struct iommu_unit *u)
{
	static const u32 bits[] = { TRANSLATE, REMAP_INTERRUPTS, COMPATIBILITY, QUEUE };

	m->write(u->registers, FECTL, 4, FECTL_MASK);
	for (u32 i = 0; i < ARRAY_COUNT(bits); i++)
		if ((read4(m, u, GSTS) & bits[i]) != 0 && !command(m, u, bits[i], false))
			return false;
	return true;
}

static bool set_up(struct iommu *m, struct iommu_unit *u)
{
	u->queue = iommu_pages(&m->pool, 1);
	u->done = iommu_pages(&m->pool, 1);
	if (u->queue == NULL || u->done == NULL || !quiet(m, u))
		return false;
	m->write(u->registers, RTADDR, 8, iommu_bus(&m->pool, m->devices));
	if (!command(m, u, SET_ROOT, true))
		return false;
	u->tail = 0;
	m->write(u->registers, IQT, 8, 0);
	m->write(u->registers, IQA, 8, iommu_bus(&m->pool, u->queue));
	return command(m, u, QUEUE, true);
}

static bool set_remapping(struct iommu *m, struct iommu_unit *u)
{
	m->write(u->registers, IRTA, 8,
		 iommu_bus(&m->pool, m->remapping) | REMAPPING_SIZE | (m->is_x2apic ? REMAPPING_X2APIC : 0));
	return command(m, u, SET_REMAPPING, true);
}

/* Nothing has an entry yet. No line of an I/O APIC is bound yet, either. */
static bool remap_interrupts(struct iommu *m)
{
	if (m->interrupt_problem != NULL)
		return true;
	m->remapping = iommu_pages(&m->pool, REMAPPING_PAGES);
	if (m->remapping == NULL)
		return false;
	for (u32 i = 0; i < m->unit_count; i++)
		if (!set_remapping(m, &m->units[i]))
			return false;
	if (!invalidate(m, 0, FORGET_INTERRUPTS))
		return false;
	for (u32 i = 0; i < m->unit_count; i++)
		if (!command(m, &m->units[i], REMAP_INTERRUPTS, true))
			return false;
	return true;
}

/* Regions that the firmware protected from all DMA are root's to give. */
static bool switch_on(struct iommu *m, struct iommu_unit *u)
{
	if (!command(m, u, TRANSLATE, true))
		return false;
	if ((u->capability & CAP_PROTECTED) == 0)
		return true;
	m->write(u->registers, PMEN, 4, read4(m, u, PMEN) & ~PMEN_ENABLE);
	return iommu_await_register(m, u, PMEN, PMEN_STATUS, 0);
}

static bool start(struct iommu *m)
{
	m->devices = iommu_pages(&m->pool, 1);
	if (m->devices == NULL)
		return false;
	for (u32 i = 0; i < m->unit_count; i++)
		if (!set_up(m, &m->units[i]))
			return false;
	if (!forget_all(m) || !remap_interrupts(m))
		return false;
	for (u32 i = 0; i < m->unit_count; i++)
		if (!switch_on(m, &m->units[i]))
			return false;
	return true;
}

/* Each by itself: the others may obey. */
static void stop(struct iommu *m)
{
	for (u32 i = 0; i < m->unit_count; i++) {
		m->is_dead = false;
		(void)quiet(m, &m->units[i]);
	}
}

/* ---- devices ---- */

static void put(struct iommu *m, volatile u64 *at, u64 value)
{
	*at = value;
	iommu_wrote(&m->pool, at, sizeof(*at));
}

static volatile u64 *context_table(struct iommu *m, u32 bus)
{
	if (m->contexts[bus] != NULL)
		return m->contexts[bus];
	m->contexts[bus] = iommu_pages(&m->pool, 1);
	if (m->contexts[bus] != NULL)
		put(m, m->devices + bus * ENTRY_WORDS, iommu_bus(&m->pool, m->contexts[bus]) | PRESENT);
	return m->contexts[bus];
}

/* The half with the present bit is written last, and cleared first (9.3). */
static bool route(struct iommu *m, u32 bdf, const struct iommu_domain *d)
{
	volatile u64 *context = context_table(m, bdf >> 8);

	if (context == NULL)
		return d == NULL;	/* the whole bus is blocked */
	context += bdf % BUS_DEVICES * ENTRY_WORDS;
	put(m, context, 0);
	put(m, context + 1, d != NULL ? (u64)iommu_domain_id(m, d) << 8 | (m->levels - 2) : 0);
	if (d != NULL)
		put(m, context, iommu_bus(&m->pool, d->root) | PRESENT);
	return forget_all(m);
}

/* ---- interrupts ---- */

/* 0: nobody may send it. As above: the half with the present bit is written last, and cleared first. */
static void set_entry(struct iommu *m, u32 index, u64 low, u64 high)
{
	volatile u64 *entry = m->remapping + index * ENTRY_WORDS;

	put(m, entry, 0);
	put(m, entry + 1, high);
	if (low != 0)
		put(m, entry, low | PRESENT);
}

static void set_interrupt(struct iommu *m, u32 index, const struct iommu_interrupt *what)
{
	u32 id = m->is_x2apic ? what->apic_id : what->apic_id << 8;

	set_entry(m, index, INTERRUPT_TO(id) | INTERRUPT_VECTOR(what->vector) | (what->is_level ? INTERRUPT_LEVEL : 0),
		  what->first == what->last ? SENDER_IS(what->first) : SENDER_ON(what->first, what->last));
}

static u32 index_of(const struct iommu *m, const struct iommu_domain *d, u32 index)
{
	return IOMMU_LINES + (u32)(d - m->domains) * IOMMU_MESSAGES + index;
}

static bool message(struct iommu *m, const struct iommu_domain *d, u32 index, const struct iommu_interrupt *what,
		    u64 *address, u32 *data)
{
	set_interrupt(m, index_of(m, d, index), what);
	*address = MESSAGE(index_of(m, d, index));
	*data = 0;
	return invalidate(m, 0, FORGET_INTERRUPTS);
}

static bool line(struct iommu *m, u32 gsi, const struct iommu_interrupt *what)
{
	set_interrupt(m, gsi, what);
	return invalidate(m, 0, FORGET_INTERRUPTS);
}

static bool mute(struct iommu *m, const struct iommu_domain *d)
{
	for (u32 i = 0; i < IOMMU_MESSAGES; i++)
		set_entry(m, index_of(m, d, i), 0, 0);
	return invalidate(m, 0, FORGET_INTERRUPTS);
}

/* ---- faults ---- */

static bool take(struct iommu *m, struct iommu_unit *u, u32 at, struct iommu_fault *out)
{
	u64 high = m->read(u->registers, at + 8, 8);
	u8 reason = (u8)(high >> 32);

	if ((high & FAULT_THERE) == 0)
		return false;
	*out = (struct iommu_fault){
		.bdf = (u16)high, .reason = reason, .is_write = (high & FAULT_IS_READ) == 0,
		.is_interrupt = FAULT_OF_INTERRUPT(reason),
		.address = align_down(m->read(u->registers, at, 8), PAGE_SIZE),
	};
	m->write(u->registers, at + 12, 4, FAULT_THERE >> 32);
	return true;
}

static bool fault(struct iommu *m, struct iommu_fault *out)
{
	for (u32 i = 0; i < m->unit_count; i++) {
		struct iommu_unit *u = &m->units[i];
		u32 at = CAP_FAULTS_AT(u->capability), count = CAP_FAULT_COUNT(u->capability);

		for (u32 k = 0; k < count; k++)
			if (take(m, u, at + k * FAULT_BYTES, out))
				return true;
		if ((read4(m, u, FSTS) & FSTS_OVERFLOW) != 0)
			m->write(u->registers, FSTS, 4, FSTS_OVERFLOW);
	}
	return false;
}

const struct iommu_kind iommu_vtd = {
	.name = "VT-d", .format = &format, .register_bytes = REGISTER_BYTES, .line_flags = IRQ_REMAPPED,
	.judge = judge, .start = start, .stop = stop, .route = route, .message = message, .line = line, .mute = mute,
	.forget = forget, .fault = fault,
};
