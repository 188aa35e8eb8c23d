/* SPDX-License-Identifier: MIT */
/*
 * iommu_vtd.c - Intel VT-d (Intel Virtualization Technology for Directed I/O, 4.0) in legacy mode: root table, a
 * context table for each bus on which a driver has a device, second-level tables of three or four levels. An entry
 * that is not present blocks. Invalidation is queued: newer units have nothing else, and a wait descriptor says when
 * DMA that was under way has drained. See iommu_unit.h.
 */
#include "iommu_unit.h"

#include "range.h"

/* Registers (11.4). */
enum { CAP = 0x08, ECAP = 0x10, GCMD = 0x18, GSTS = 0x1c, RTADDR = 0x20, FSTS = 0x34, FECTL = 0x38, PMEN = 0x64,
       IQT = 0x88, IQA = 0x90 };
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

/* Bits of GCMD, and of GSTS that answer them. */
#define TRANSLATE BIT32(31)
#define SET_ROOT BIT32(30)
#define FLUSH_WRITES BIT32(27)
#define QUEUE BIT32(26)
#define REMAP_INTERRUPTS BIT32(25)
#define STAYS 0x96ffffffu		/* of GSTS, for GCMD: the others are done once */

#define FSTS_OVERFLOW BIT32(0)
#define FECTL_MASK BIT32(31)
#define PMEN_ENABLE BIT32(31)
#define PMEN_STATUS BIT32(0)

/* A fault record (11.4.14). */
#define FAULT_BYTES 16u
#define FAULT_THERE BIT64(63)
#define FAULT_IS_READ BIT64(62)

/* Descriptors of the queue (6.5.2). */
#define FORGET_CONTEXTS 0x11ull		/* all of them */
#define FORGET_ALL 0x12ull		/* of the IOTLB */
#define FORGET_DOMAIN 0x22ull		/* | id << 16 */
#define DRAIN_WRITES BIT64(6)
#define DRAIN_READS BIT64(7)
#define WAIT_WRITE 0x25ull		/* | data << 32 */

#define PRESENT BIT64(0)
#define ENTRY_WORDS 2u
#define BUS_DEVICES 256u

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

static const char *judge(struct iommu *m)
{
	u64 all = ~0ull, coherent = ECAP_COHERENT;

	for (u32 i = 0; i < m->unit_count; i++) {
		const char *why = judge_unit(m, &m->units[i]);

		if (why != NULL)
			return why;
		all &= m->units[i].capability;
		coherent &= m->read(m->units[i].registers, ECAP, 8);
	}
	m->pool.is_coherent = coherent != 0;
	m->levels = (all & CAP_LEVELS_3) != 0 ? 3 : 4;
	return (all & (CAP_LEVELS_3 | CAP_LEVELS_4)) != 0 ? NULL : "it has tables of neither three nor four levels";
}

/* ---- the queue ---- */

/* All units, then until they all have obeyed. */
static bool invalidate(struct iommu *m, u64 first, u64 second)
{
	m->waits++;
	for (u32 i = 0; i < m->unit_count; i++) {
		struct iommu_unit *u = &m->units[i];
		u64 drain = ((u->capability & CAP_DRAIN_WRITES) != 0 ? DRAIN_WRITES : 0) |
			    ((u->capability & CAP_DRAIN_READS) != 0 ? DRAIN_READS : 0);

		if ((u->capability & CAP_WRITE_BUFFER) != 0 && !command(m, u, FLUSH_WRITES, true))
			return false;
		if (first != 0)
			iommu_command(u, first, 0);
		iommu_command(u, second | drain, 0);
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
	static const u32 bits[] = { TRANSLATE, REMAP_INTERRUPTS, QUEUE };

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
	if (!forget_all(m))
		return false;
	for (u32 i = 0; i < m->unit_count; i++)
		if (!switch_on(m, &m->units[i]))
			return false;
	return true;
}

static void stop(struct iommu *m)
{
	for (u32 i = 0; i < m->unit_count; i++)
		(void)quiet(m, &m->units[i]);
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

/* Messages go through as they are: the table for interrupts is not used. */
static void message(struct iommu *m, const struct iommu_domain *d, u32 index, u64 *address, u32 *data)
{
	(void)m;
	(void)d;
	(void)index;
	(void)address;
	(void)data;
}

/* ---- faults ---- */

static bool take(struct iommu *m, struct iommu_unit *u, u32 at, struct iommu_fault *out)
{
	u64 high = m->read(u->registers, at + 8, 8);

	if ((high & FAULT_THERE) == 0)
		return false;
	*out = (struct iommu_fault){
		.bdf = (u16)high, .reason = (u8)(high >> 32), .is_write = (high & FAULT_IS_READ) == 0,
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
	.name = "VT-d", .format = &format, .register_bytes = REGISTER_BYTES, .judge = judge, .start = start,
	.stop = stop, .route = route, .message = message, .forget = forget, .fault = fault,
};
