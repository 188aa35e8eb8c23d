/* SPDX-License-Identifier: MIT */
/*
 * VT-d against a model of units that is stricter than an emulator: reserved bits, one change of GCMD at a time and
 * awaited, root table before translation with both caches emptied in between, tables that reach memory, caches that are
 * told of each change, and units that stop obeying. Interrupts: entries as they are cached, who may send them, and none
 * in compatibility format, which emulators let through.
 */
/* links: root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "iommu_memory.h"
#include "syscalls.h"

#define FAULTS_AT 0x220u
#define FAULTS 4u
#define CAPABILITY (1ull << 54 | 1ull << 55 | (u64)(FAULTS - 1) << 40 | 1ull << 34 | (u64)(FAULTS_AT / 16) << 24 | \
		    38ull << 16 | 1ull << 5 | 2)
#define LEVELS_3 (1ull << 9)
#define LEVELS_4 (1ull << 10)
#define DELAY 3u			/* reads of a register until what was asked for is there */
#define WATCHED 4u

/* Requests whose translations the model has cached all the time. */
static const struct { u16 bdf; u64 iova; } watched[WATCHED] = {
	{ 0x0018, 0x40000000 }, { 0x0018, 0x80000000 }, { 0x0310, 0x40000000 }, { 0x00fa, 0x80000000 },
};

#define BLOCKED (~0ull)

struct model {
	u64 cap, ecap;
	u32 status, asked;		/* GSTS, and what it becomes */
	u32 delay;
	u32 pmen, fsts, fectl;
	u64 root, live_root, queue, head, tail, irta, live_irta;
	bool is_contexts_empty, is_iotlb_empty;	/* since the root table was set */
	bool is_interrupts_empty;		/* since the table of interrupts was set */
	u64 entries[512][2];			/* as cached: filled again at once */
	bool is_deaf;			/* it does not carry out its queue */
	bool keeps_regions;		/* protected ones */
	u64 context[WATCHED][2], cached[WATCHED];
	u64 faults[FAULTS][2];
	u32 waits, commands;
};

static struct model models[2];
static struct iommu m;

/* ---- what the unit reads ---- */

static void read_context(struct model *u, u32 i)
{
	u64 bus = watched[i].bdf >> 8, entry = seen(u->live_root + bus * 16);

	u->context[i][0] = u->context[i][1] = 0;
	assert_int_equal(seen(u->live_root + bus * 16 + 8), 0);
	if ((entry & 1) == 0)
		return;
	assert_int_equal(entry & 0xffe, 0);
	for (u32 k = 0; k < 2; k++)
		u->context[i][k] = seen((entry & ~0xfffull) + (watched[i].bdf & 0xff) * 16 + k * 8);
}

static u64 walk(const struct model *u, u32 i)
{
	u64 low = u->context[i][0], high = u->context[i][1], iova = watched[i].iova, table = low & ~0xfffull;

	if ((low & 1) == 0)
		return BLOCKED;
	assert_int_equal(low & 0xffe, 0);			/* type 0: second-level, no device TLB */
	assert_int_equal(high & ~0xffff07ull, 0);
	assert_in_range(high >> 8 & 0xffff, 1, IOMMU_DOMAINS);	/* 0 is not for software with caching mode */
	assert_int_equal((high & 7) + 2, m.levels);
	for (u32 level = m.levels; level > 1; level--) {
		u64 entry = seen(table + (iova >> (12 + 9 * (level - 1)) & 511) * 8);

		if ((entry & 3) == 0) {
			assert_int_equal(entry, 0);
			return BLOCKED;
		}
		assert_int_equal(entry & 3, 3);
		assert_int_equal(entry & 0xfff0000000000f7cull, 0);
		assert_int_equal((entry & 0x80) != 0, level == 2);
		table = entry & ~0xfffull;
	}
	assert_int_equal(table & 0x1fffff, 0);
	return table;
}

static void fill_iotlb(struct model *u)
{
	for (u32 i = 0; i < WATCHED; i++)
		u->cached[i] = walk(u, i);
}

static void fill_contexts(struct model *u)
{
	for (u32 i = 0; i < WATCHED; i++)
		read_context(u, i);
}

static void fill_entries(struct model *u)
{
	for (u32 i = 0; i < 1024; i++)
		u->entries[i / 2][i % 2] = seen((u->live_irta & ~0xfffull) + i * 8);
}

static bool may_send(const u64 entry[2], u16 source)
{
	u64 who = entry[1];

	assert_int_equal(who & ~0xfffffull, 0);
	assert_int_equal(who >> 16 & 3, 0);			/* all 16 bits count */
	if (who >> 18 == 1)
		return (u16)who == source;
	assert_int_equal(who >> 18, 2);				/* never: anybody */
	assert_true((who & 0xff) >= (who >> 8 & 0xff));
	return source >> 8 >= (who >> 8 & 0xff) && source >> 8 <= (who & 0xff);
}

#define NOTHING (~0ull)

/* A write to the interrupt window becomes: APIC id << 32 | level << 15 | vector (5.1.4, 5.1.5). */
static u64 interrupt(const struct model *u, u16 source, u64 address, u32 data)
{
	u32 index = (u32)(address >> 5 & 0x7fff);
	u64 low;

	if ((u->status & BIT32(25)) == 0)
		return (address >> 12 & 0xff) << 32 | (data & 0xff);
	if ((address & BIT64(4)) == 0)		/* compatibility format: blocked if CFIS is clear, or EIME is set */
		return (u->status & BIT32(23)) != 0 && (u->live_irta & BIT64(11)) == 0 ? data & 0xff : NOTHING;
	assert_int_equal(address & 0xfff00004, 0xfee00000);
	if ((address & BIT64(3)) != 0) {
		assert_int_equal(data & 0xffff0000, 0);
		index += data & 0xffff;
	}
	if (index >= 2u << (u->live_irta & 15) || (u->entries[index][0] & 1) == 0 ||
	    !may_send(u->entries[index], source))
		return NOTHING;
	low = u->entries[index][0];
	assert_int_equal(low & 0xff00ffee, 0);			/* fixed, physical, not posted; faults are noted */
	if ((u->live_irta & BIT64(11)) == 0)
		assert_int_equal(low >> 32 & 0xffff00ff, 0);
	return (u->live_irta & BIT64(11)) != 0 ? (low & ~0xffffffffull) | (low >> 4 & 1) << 15 | (low >> 16 & 0xff)
						: (low >> 40 & 0xff) << 32 | (low >> 4 & 1) << 15 | (low >> 16 & 0xff);
}

/* What an I/O APIC's entry for that GSI sends, as apic_io.c writes it. */
static u64 line_interrupt(const struct model *u, u16 source, u32 gsi)
{
	return interrupt(u, source, 0xfee00010 | gsi << 5, IRQ_VECTOR + gsi);
}

/* ---- its queue ---- */

static void descriptor(struct model *u, u64 low, u64 high)
{
	u->commands++;
	switch (low & 15) {
	case 1:
		assert_int_equal(low, 0x11);
		assert_int_equal(high, 0);
		fill_contexts(u);
		u->is_contexts_empty = true;
		break;
	case 2:		/* after the contexts: it would be filled by the old ones */
		assert_int_equal(low & ~0xffff00f0ull, 2);
		assert_int_equal(high, 0);
		assert_int_equal(low & 0xc0, 0xc0);		/* drained: CAP has both */
		fill_iotlb(u);
		u->is_iotlb_empty |= u->is_contexts_empty && (low & 0x30) == 0x10;
		break;
	case 4:
		assert_int_equal(low, 4);
		assert_int_equal(high, 0);
		assert_true(u->live_irta != 0);
		fill_entries(u);
		u->is_interrupts_empty = true;
		break;
	case 5:
		assert_int_equal(low & 0xfffffff0ull, 0x20);
		u->waits++;
		memcpy(snooped(high, 4), (u8 *)&low + 4, 4);
		break;
	default:
		fail_msg("descriptor %llx", (unsigned long long)low);
	}
}

static void run_queue(struct model *u)
{
	while (u->head != u->tail && !u->is_deaf && (u->status & BIT32(26)) != 0) {
		const u8 *at = snooped(u->queue + u->head, 16);
		u64 words[2];

		memcpy(words, at, sizeof(words));
		descriptor(u, words[0], words[1]);
		u->head = (u->head + 16) % 4096;
	}
}

/* Time passes only here: who does not wait finds nothing done. */
static void model_pause(void)
{
	pauses++;
	for (u32 i = 0; i < 2; i++)
		run_queue(&models[i]);
}

/* ---- its registers ---- */

static void settle(struct model *u)
{
	if (u->delay != 0 && --u->delay == 0)
		u->status = u->asked;
}

static u64 model_read(void *registers, u32 offset, u32 size)
{
	struct model *u = registers;

	if (offset >= FAULTS_AT && offset < FAULTS_AT + sizeof(u->faults)) {
		assert_int_equal(size, 8);
		return u->faults[(offset - FAULTS_AT) / 16][offset / 8 % 2];
	}
	assert_int_equal(size, offset == 0x08 || offset == 0x10 ? 8 : 4);
	switch (offset) {
	case 0x08: return u->cap;
	case 0x10: return u->ecap;
	case 0x1c:
		settle(u);
		return u->status;
	case 0x34: return u->fsts;
	case 0x64: return u->pmen | (u->pmen >> 31) | u->keeps_regions;
	default: fail_msg("read of %x", offset);
	}
	return 0;
}

static void gcmd(struct model *u, u32 value)
{
	u32 old = u->status & ~(BIT32(30) | BIT32(27) | BIT32(24)), change = value ^ old;

	assert_int_equal(u->delay, 0);				/* the last one is done */
	assert_int_equal(__builtin_popcount(change), 1);
	u->asked = value;
	u->delay = DELAY;
	if (change == BIT32(30)) {
		assert_int_equal(u->status & BIT32(31), 0);
		u->live_root = u->root & ~0xfffull;
		u->is_contexts_empty = u->is_iotlb_empty = false;
		memset(u->context, 0xff, sizeof(u->context));	/* what the firmware's tables left there */
	} else if (change == BIT32(24)) {
		assert_int_equal(u->status & BIT32(25), 0);
		u->live_irta = u->irta;
		u->is_interrupts_empty = false;
		memset(u->entries, 0xff, sizeof(u->entries));
	} else if (change == BIT32(25) && (value & BIT32(25)) != 0) {
		assert_true(u->is_interrupts_empty && (u->ecap & 8) != 0);
		assert_int_equal(value & BIT32(23), 0);
	} else if (change == BIT32(23)) {
		assert_int_equal(u->status & BIT32(25), 0);
	} else if (change == BIT32(26) && (value & BIT32(26)) != 0) {
		assert_int_equal(u->tail, 0);
		u->head = 0;
	} else if (change == BIT32(31) && (value & BIT32(31)) != 0) {
		assert_true(u->is_contexts_empty && u->is_iotlb_empty && (u->status & BIT32(26)) != 0);
		assert_int_equal(u->head, u->tail);
		assert_true((u->fectl & BIT32(31)) != 0);	/* nobody hears of its interrupts */
	} else if (change == BIT32(27)) {
		u->asked &= ~BIT32(27);
		u->status |= BIT32(27);
	}
}

static void model_write(void *registers, u32 offset, u32 size, u64 value)
{
	struct model *u = registers;

	if (offset >= FAULTS_AT && offset < FAULTS_AT + sizeof(u->faults)) {
		assert_int_equal(offset % 16, 12);
		if ((value & BIT32(31)) != 0)
			u->faults[(offset - FAULTS_AT) / 16][1] &= ~BIT64(63);
		return;
	}
	assert_int_equal(size, offset == 0x20 || offset == 0x88 || offset == 0x90 || offset == 0xb8 ? 8 : 4);
	switch (offset) {
	case 0xb8:
		assert_int_equal(value & 0x7f0, 0);
		assert_true((value & BIT64(11)) == 0 || (u->ecap & 16) != 0);
		u->irta = value;
		break;
	case 0x18: gcmd(u, (u32)value); break;
	case 0x20:
		assert_int_equal(value & 0xfff, 0);
		u->root = value;
		break;
	case 0x34: u->fsts &= ~(u32)value; break;
	case 0x38: u->fectl = (u32)value; break;
	case 0x64:
		assert_true((u->status & BIT32(31)) != 0);	/* not open before it translates */
		u->pmen = (u32)value & BIT32(31);
		break;
	case 0x88:
		assert_int_equal(value & 15, 0);
		u->tail = value;
		break;
	case 0x90:
		assert_int_equal(value & 0xfff, 0);
		assert_int_equal(u->status & BIT32(26), 0);
		u->queue = value;
		break;
	default: fail_msg("write of %x", offset);
	}
}

/* ---- tests ---- */

static void bring_up(u64 levels, u64 ecap)
{
	memory_reset(&m, &iommu_vtd);
	memset(models, 0, sizeof(models));
	m.unit_count = 2;
	m.read = model_read;
	m.write = model_write;
	m.pause = model_pause;
	for (u32 i = 0; i < 2; i++) {
		models[i].cap = CAPABILITY | levels | (i == 1 ? BIT64(4) : 0);	/* one has a write buffer */
		models[i].ecap = ecap;
		models[i].pmen = BIT32(31);
		m.units[i].registers = &models[i];
	}
	is_snooping = (ecap & 1) != 0;
}

static void start_all(u64 levels, u64 ecap)
{
	bring_up(levels, ecap);
	/* The firmware has left everything on. */
	models[0].status = BIT32(31) | BIT32(30) | BIT32(26) | BIT32(25) | BIT32(24) | BIT32(23);
	assert_null(iommu_vtd.judge(&m));
	assert_true(make_domains(&m));
	assert_true(iommu_vtd.start(&m));
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(models[i].status & (BIT32(31) | BIT32(26) | BIT32(25) | BIT32(23)),
			BIT32(31) | BIT32(26) | ((ecap & 8) != 0 && m.interrupt_problem == NULL ? BIT32(25) : 0));
		assert_int_equal(models[i].pmen, 0);
		assert_int_equal(models[i].live_root, models[0].live_root);
		for (u32 k = 0; k < WATCHED; k++)
			assert_int_equal(models[i].cached[k], BLOCKED);
	}
}

/* What both units use, from their caches; and nothing is under way. */
static void expect(u64 a, u64 b, u64 c, u64 d)
{
	const u64 want[WATCHED] = { a, b, c, d };

	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(models[i].head, models[i].tail);
		for (u32 k = 0; k < WATCHED; k++)
			assert_int_equal(models[i].cached[k], want[k]);
	}
}

static bool set(u32 domain, u64 iova, u64 bus)
{
	return iommu_domain_set(&m.domains[domain], iova, bus) && iommu_vtd.forget(&m, &m.domains[domain]);
}

static void maps_and_blocks(u64 levels, u64 ecap)
{
	start_all(levels, ecap);
	assert_true(iommu_vtd.route(&m, 0x0018, &m.domains[0]));
	expect(BLOCKED, BLOCKED, BLOCKED, BLOCKED);
	assert_true(set(0, 0x40000000, 0x200000));
	assert_true(set(0, 0x80000000, 0x400000));
	expect(0x200000, 0x400000, BLOCKED, BLOCKED);
	assert_true(iommu_vtd.route(&m, 0x0310, &m.domains[1]));
	assert_true(iommu_vtd.route(&m, 0x00fa, &m.domains[1]));
	assert_true(set(1, 0x40000000, 0x123456600000));
	expect(0x200000, 0x400000, 0x123456600000, BLOCKED);
	assert_true(set(0, 0x80000000, 0));
	expect(0x200000, BLOCKED, 0x123456600000, BLOCKED);
	assert_true(set(0, 0x40000000, 0x600000));
	expect(0x600000, BLOCKED, 0x123456600000, BLOCKED);
	assert_true(iommu_vtd.route(&m, 0x0310, NULL));
	expect(0x600000, BLOCKED, BLOCKED, BLOCKED);
	assert_true(iommu_vtd.route(&m, 0x0018, &m.domains[1]));
	expect(0x123456600000, BLOCKED, BLOCKED, BLOCKED);
	assert_true(iommu_vtd.route(&m, 0x7700, NULL));		/* a bus without a table */
	/* The queue goes round. */
	for (u32 i = 0; i < 600; i++)
		assert_true(set(1, 0x40000000, (u64)(i + 1) << 21));
	expect(600ull << 21, BLOCKED, BLOCKED, BLOCKED);
	assert_true(pauses != 0);
}

static void three_levels(void **state)
{
	(void)state;
	maps_and_blocks(LEVELS_3 | LEVELS_4, 2);
	assert_int_equal(m.levels, 3);
}

static void four_levels_and_snooping(void **state)
{
	(void)state;
	maps_and_blocks(LEVELS_4, 3);
	assert_int_equal(m.levels, 4);
}

#define INTERRUPTS 8u			/* ECAP */
#define X2APIC 16u
#define DEVICE 0x0018u
#define NEIGHBOUR 0x0020u
#define IOAPIC 0xf0ffu

static void check_lines(void)
{
	const struct iommu_interrupt serial = { 1, IRQ_VECTOR + 4, false, IOAPIC, IOAPIC };
	const struct iommu_interrupt pci = { 1, IRQ_VECTOR + 19, true, IOAPIC, IOAPIC };

	assert_true(iommu_vtd.line(&m, 4, &serial) && iommu_vtd.line(&m, 19, &pci));
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(line_interrupt(&models[i], IOAPIC, 4), 1ull << 32 | (IRQ_VECTOR + 4));
		assert_int_equal(line_interrupt(&models[i], IOAPIC, 19), 1ull << 32 | 1u << 15 | (IRQ_VECTOR + 19));
		assert_int_equal(line_interrupt(&models[i], IOAPIC, 5), NOTHING);
		assert_int_equal(line_interrupt(&models[i], DEVICE, 4), NOTHING);
	}
}

/* What a device may send is its own messages, and nothing else, wherever it writes. */
static void check_only(u16 source, u64 address, u64 want)
{
	for (u32 i = 0; i < 2; i++) {
		for (u64 at = 0xfee00000; at < 0xfef00000; at += 4)
			assert_int_equal(interrupt(&models[i], source, at & ~4ull, 0),
				(at & ~0xcull) == (address & ~0xcull) ? want : NOTHING);
		assert_int_equal(interrupt(&models[i], source, address, 1), NOTHING);		/* the next entry */
	}
}

/* A unit may read an entry at any time: one that is present is whole, and changes only while it is not. */
static void look_at_entries(void)
{
	static u64 before[512][2];
	static u64 irta;

	if (irta != models[0].live_irta)
		memset(before, 0, sizeof(before));
	irta = models[0].live_irta;
	for (u32 i = 0; i < 512 && irta != 0; i++) {
		u64 low = seen((irta & ~0xfffull) + i * 16), high = seen((irta & ~0xfffull) + i * 16 + 8);

		if ((low & before[i][0] & 1) != 0)
			assert_true(low == before[i][0] && high == before[i][1]);
		before[i][0] = low;
		before[i][1] = high;
	}
}

static void messages(u64 ecap, u32 apic_id)
{
	struct iommu_interrupt what = { .apic_id = apic_id, .vector = 0x41, .first = DEVICE, .last = DEVICE };
	u64 address = 0, want = (u64)apic_id << 32;
	u32 data = 1;

	bring_up(LEVELS_3, ecap);
	m.is_x2apic = (ecap & X2APIC) != 0;
	on_write_back = look_at_entries;
	assert_null(iommu_vtd.judge(&m));
	assert_null(m.interrupt_problem);
	assert_true(make_domains(&m));
	assert_true(iommu_vtd.start(&m));
	check_only(DEVICE, 0, NOTHING);
	check_lines();
	assert_true(iommu_vtd.message(&m, &m.domains[3], 2, &what, &address, &data));
	assert_int_equal(data, 0);
	check_only(DEVICE, address, want | 0x41);
	check_only(NEIGHBOUR, 0, NOTHING);
	/* The driver was started again, and has another vector. */
	what.vector = 0x99;
	assert_true(iommu_vtd.message(&m, &m.domains[3], 2, &what, &address, &data));
	check_only(DEVICE, address, want | 0x99);
	assert_true(iommu_vtd.mute(&m, &m.domains[2]));
	check_only(DEVICE, address, want | 0x99);
	assert_true(iommu_vtd.mute(&m, &m.domains[3]));
	check_only(DEVICE, 0, NOTHING);
	check_lines();
	/* Behind a bridge to conventional PCI it may carry the bridge's id. */
	what.first = 0x0210;
	what.last = 0x0308;
	assert_true(iommu_vtd.message(&m, &m.domains[7], 7, &what, &address, &data));
	check_only(0x0300, address, want | 0x99);
	check_only(0x0210, address, want | 0x99);
	check_only(0x0400, 0, NOTHING);
	check_only(0x0108, 0, NOTHING);
}

static void interrupts(void **state)
{
	(void)state;
	messages(2 | INTERRUPTS, 3);
	messages(3 | INTERRUPTS, 3);
	messages(2 | INTERRUPTS | X2APIC, 0x123);
}

/* Then DMA is confined all the same. */
static void interrupts_cannot_be_remapped(void **state)
{
	(void)state;
	bring_up(LEVELS_3, 2 | INTERRUPTS);
	models[1].ecap = 2;				/* one unit alone */
	assert_null(iommu_vtd.judge(&m));
	assert_non_null(m.interrupt_problem);
	assert_true(make_domains(&m) && iommu_vtd.start(&m));
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(models[i].status & (BIT32(31) | BIT32(25)), BIT32(31));
	bring_up(LEVELS_3, 2 | INTERRUPTS);
	m.is_x2apic = true;				/* whose ids it does not know */
	assert_null(iommu_vtd.judge(&m));
	assert_non_null(m.interrupt_problem);
	bring_up(LEVELS_3, 2 | INTERRUPTS);
	m.interrupt_problem = "the firmware says so";
	assert_null(iommu_vtd.judge(&m));
	assert_string_equal(m.interrupt_problem, "the firmware says so");
	maps_and_blocks(LEVELS_3, 2 | INTERRUPTS);
}

/* Nothing is changed at a unit that cannot be used. */
static void cannot_be_used(void **state)
{
	static const struct { u64 cap_clear, ecap_clear; } rows[] = {
		{ 0, 2 }, { BIT64(34), 0 }, { LEVELS_3, 0 }, { 0x3full << 16, 0 }, { ~0ull, 0 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		bring_up(LEVELS_3, 2);
		models[1].cap &= ~rows[i].cap_clear;
		models[1].ecap &= ~rows[i].ecap_clear;
		assert_non_null(iommu_vtd.judge(&m));
		assert_int_equal(models[1].status | models[1].root, 0);
	}
	bring_up(LEVELS_3, 2);
	models[0].cap |= 0x3ffull << 24;		/* fault records beyond the page */
	assert_non_null(iommu_vtd.judge(&m));
	bring_up(LEVELS_3, ~0ull);			/* nobody there */
	models[0].cap = ~0ull;
	assert_non_null(iommu_vtd.judge(&m));
}

/* Then nobody may believe that a change is in effect; and the wait has an end. */
static void a_unit_stops(void **state)
{
	(void)state;
	start_all(LEVELS_3, 2);
	assert_true(iommu_vtd.route(&m, 0x0018, &m.domains[0]));
	models[1].is_deaf = true;
	assert_false(set(0, 0x40000000, 0x200000));
	assert_true(m.is_dead);
	pauses = 0;					/* nobody waits for it a second time */
	assert_false(iommu_vtd.route(&m, 0x0018, NULL));
	assert_false(set(0, 0x40000000, 0x200000));
	assert_int_equal(pauses, 0);
	bring_up(LEVELS_3, 2);
	models[0].is_deaf = true;
	assert_null(iommu_vtd.judge(&m));
	assert_true(make_domains(&m));
	assert_false(iommu_vtd.start(&m));
	assert_int_equal(models[0].status & BIT32(31), 0);
}

/* When others translate: without an IOMMU none does. */
static void the_last_unit_stops(void **state)
{
	(void)state;
	bring_up(LEVELS_3, 2);
	models[1].keeps_regions = true;
	assert_null(iommu_vtd.judge(&m));
	assert_true(make_domains(&m));
	assert_false(iommu_vtd.start(&m));
	assert_true((models[0].status & BIT32(31)) != 0);
	iommu_vtd.stop(&m);
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(models[i].status & (BIT32(31) | BIT32(26)), 0);
}

static void no_memory(void **state)
{
	(void)state;
	bring_up(LEVELS_4, 2);
	assert_null(iommu_vtd.judge(&m));
	m.pool.pages = IOMMU_DOMAINS * IOMMU_DOMAIN_PAGES;
	assert_true(make_domains(&m));
	assert_null(iommu_pages(&m.pool, 1));
	assert_false(iommu_vtd.start(&m));
	m.pool.used--;
	assert_false(iommu_domain_init(&m.domains[0], &m.pool, m.kind->format, 4));
	assert_false(iommu_domain_set(&m.domains[1], IOMMU_LIMIT, 0x200000));
	assert_false(iommu_domain_set(&m.domains[1], 0x40001000, 0x200000));
	assert_false(iommu_domain_set(&m.domains[1], 0x40000000, 0x201000));
}

static void faults_are_taken(void **state)
{
	struct iommu_fault f;

	(void)state;
	start_all(LEVELS_3, 2);
	assert_false(iommu_vtd.fault(&m, &f));
	for (u32 i = 0; i < FAULTS; i++) {
		models[1].faults[i][0] = 0x123456789000 + 0x123;
		models[1].faults[i][1] = BIT64(63) | (i == 0 ? BIT64(62) : 0) | 6ull << 32 | (0x18 + i);
	}
	models[1].faults[1][1] = BIT64(63) | 0x25ull << 32 | 0x19;
	models[1].fsts = 3;
	for (u32 i = 0; i < FAULTS; i++) {
		assert_true(iommu_vtd.fault(&m, &f));
		assert_int_equal(f.bdf, 0x18 + i);
		assert_int_equal(f.reason, i == 1 ? 0x25 : 6);
		assert_int_equal(f.is_interrupt, i == 1);
		assert_int_equal(f.is_write, i != 0);
		assert_int_equal(f.address, 0x123456789000);
	}
	assert_false(iommu_vtd.fault(&m, &f));
	assert_int_equal(models[1].fsts & 1, 0);		/* it may note others again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_levels), cmocka_unit_test(four_levels_and_snooping),
		cmocka_unit_test(cannot_be_used), cmocka_unit_test(a_unit_stops), cmocka_unit_test(the_last_unit_stops),
		cmocka_unit_test(no_memory), cmocka_unit_test(faults_are_taken), cmocka_unit_test(interrupts),
		cmocka_unit_test(interrupts_cannot_be_remapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
