/* SPDX-License-Identifier: MIT */
/*
 * AMD-Vi against a model of units that is stricter than an emulator: reserved bits, entries that are never open by
 * half, caches that are told of each change of a device, a page or an interrupt, a log whose tail moves or not, and
 * units that stop obeying.
 */
/* links: root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "iommu_memory.h"
#include "syscalls.h"

#define WATCHED 3u
#define FORGETS_ALL BIT64(6)
#define IOAPIC 0x00a0u

static const struct { u16 bdf; u64 iova; } watched[WATCHED] = {
	{ 0x0018, 0x40000000 }, { 0x0018, 0x80000000 }, { 0xff07, 0x40000000 },
};

#define BLOCKED (~0ull)
#define ABORTED (~0u)

struct model {
	u64 features, control, status;
	u64 devices, commands, events;		/* base registers */
	u64 head, tail, event_head, event_tail;
	bool is_deaf, is_tail_still;
	u64 entry[WATCHED][4], cached[WATCHED];
	u32 message[WATCHED];			/* what its interrupt 1 becomes */
	u32 lines[256];				/* and what the I/O APIC's do, by vector */
	u32 device_commands;
};

static struct model models[2];
static struct iommu m;

/* ---- what the unit reads ---- */

static void read_entry(struct model *u, u32 i)
{
	u64 at = (u->devices & ~0xfffull) + watched[i].bdf * 32;

	assert_int_equal(u->devices & 0xfff, 0x1ff);		/* 65,536 of them */
	for (u32 k = 0; k < 4; k++)
		u->entry[i][k] = seen(at + k * 8);
	assert_int_equal(u->entry[i][0] & 3, 3);		/* nothing goes through untranslated */
	assert_int_equal(u->entry[i][0] & 0x9ff00000000001fcull, 0);
	assert_int_equal(u->entry[i][1] & ~0xffffull, 0);
	assert_int_equal(u->entry[i][2] & 0xcff0000000000020ull, 0);
	assert_int_equal(u->entry[i][3], 0);
}

static u64 walk(const struct model *u, u32 i)
{
	u64 entry = u->entry[i][0], iova = watched[i].iova, allowed = entry >> 61 & 3;

	if (allowed == 0)
		return BLOCKED;
	assert_in_range(u->entry[i][1] & 0xffff, 1, IOMMU_DOMAINS);
	assert_int_equal(entry >> 9 & 7, 3);
	for (u32 level = 3; level > 1; level--) {
		entry = seen((entry & 0xffffffffff000ull) + (iova >> (12 + 9 * (level - 1)) & 511) * 8);
		if ((entry & 1) == 0)
			return BLOCKED;
		assert_int_equal(entry >> 9 & 7, level == 2 ? 0 : level - 1);
		assert_int_equal(entry & 0x8ff00000000001feull, 0);
		assert_int_equal(entry >> 61 & 3, 3);
	}
	assert_int_equal(entry & 0x1ff000, 0);
	assert_true((entry & BIT64(60)) != 0);
	return entry & 0xffffffffff000ull;
}

static u32 read_message(const struct model *u, u32 i)
{
	u64 word = u->entry[i][2];
	u32 message;

	if (m.interrupt_problem != NULL)
		return 0;
	assert_int_equal(word & 1, 1);				/* else they go wherever the device likes */
	if ((word >> 60 & 3) == 0)
		return ABORTED;
	assert_int_equal(word >> 60 & 3, 2);
	assert_int_equal(word >> 1 & 15, 3);
	assert_int_equal(word & 0xcff0000000000020ull, 0);	/* no NMI, INIT or ExtINT */
	message = (u32)(seen(word & 0xfffffffffffc0ull) >> 32);
	if ((message & 1) == 0)
		return ABORTED;
	assert_int_equal(message & 0xff0000fe, 0);		/* fixed, physical, one pCPU */
	return message;
}

static void read_lines(struct model *u)
{
	u64 word = seen((u->devices & ~0xfffull) + IOAPIC * 32 + 16);

	if (m.interrupt_problem != NULL) {
		assert_int_equal(word, 0);
		return;
	}
	assert_int_equal(word & 0xcff000000000003full, 0x11);		/* valid, 2^8 entries; no NMI, INIT or ExtINT */
	assert_int_equal(word >> 60 & 3, 2);
	for (u32 i = 0; i < 256; i++)
		u->lines[i] = (u32)(seen((word & 0xfffffffffffc0ull) + i / 2 * 8) >> i % 2 * 32);
}

static void fill(struct model *u, bool is_device, bool is_page, bool is_message)
{
	if (is_message)
		read_lines(u);
	for (u32 i = 0; i < WATCHED; i++) {
		if (is_device)
			read_entry(u, i);
		if (is_page)
			u->cached[i] = walk(u, i);
		if (is_message)
			u->message[i] = read_message(u, i);
	}
}

/* ---- its commands ---- */

static void obey(struct model *u, u64 low, u64 high)
{
	u64 *to;

	switch (low >> 60) {
	case 1:
		assert_int_equal(low & 0x0ff0000000000006ull, 0);
		assert_int_equal(low & 1, 1);
		to = (u64 *)(void *)snooped(low & 0xffffffffffff8ull, 8);
		*to = high;
		break;
	case 2:
		assert_int_equal(low & 0x0fffffffffff0000ull, 0);
		assert_int_equal(high, 0);
		u->device_commands++;
		fill(u, true, false, false);
		break;
	case 3:
		assert_int_equal(low & 0x0fff0000ffffffffull, 0);
		assert_int_equal(high, 0x7ffffffffffff003ull);
		fill(u, false, true, false);
		break;
	case 5:
		assert_int_equal(low & 0x0fffffffffff0000ull, 0);
		assert_int_equal(high, 0);
		fill(u, false, false, true);
		break;
	case 8:
		assert_true((u->features & FORGETS_ALL) != 0);
		assert_int_equal(low, 8ull << 60);
		fill(u, true, true, true);
		break;
	default:
		fail_msg("command %llx", (unsigned long long)low);
	}
}

static void model_pause(void)
{
	pauses++;
	for (u32 i = 0; i < 2; i++) {
		struct model *u = &models[i];

		while (u->head != u->tail && !u->is_deaf && (u->control & 0x1001) == 0x1001) {
			u64 words[2];

			memcpy(words, snooped((u->commands & 0xffffffffff000ull) + u->head, 16), sizeof(words));
			obey(u, words[0], words[1]);
			u->head = (u->head + 16) % 4096;
		}
	}
}

static void log_event(struct model *u, u64 low, u64 high)
{
	u64 words[2] = { low, high };

	if ((u->control & 5) != 5 || (u->status & 1) != 0)
		return;
	if ((u->event_tail + 16) % 4096 == u->event_head) {
		u->status |= 1;
		return;
	}
	memcpy(snooped((u->events & 0xffffffffff000ull) + u->event_tail, 16), words, sizeof(words));
	u->event_tail = (u->event_tail + 16) % 4096;
}

/* ---- its registers ---- */

static u64 model_read(void *registers, u32 offset, u32 size)
{
	struct model *u = registers;

	assert_int_equal(size, 8);
	switch (offset) {
	case 0x18: return u->control;
	case 0x30: return u->features;
	case 0x2018: return u->is_tail_still ? 0 : u->event_tail;
	case 0x2020: return u->status;
	default: fail_msg("read of %x", offset);
	}
	return 0;
}

static void model_write(void *registers, u32 offset, u32 size, u64 value)
{
	struct model *u = registers;

	assert_int_equal(size, 8);
	switch (offset) {
	case 0x00: u->devices = value; break;
	case 0x08:
		assert_int_equal(value & ~0xffffffffff000ull, 8ull << 56);
		assert_int_equal(u->control & 0x1000, 0);
		u->commands = value;
		break;
	case 0x10:
		assert_int_equal(value & ~0xffffffffff000ull, 8ull << 56);
		assert_int_equal(u->control & 4, 0);
		u->events = value;
		break;
	case 0x18:
		assert_int_equal(value & ~0x1f07ull, 0);		/* nothing that is not set up */
		if ((value & 1) != 0 && (u->control & 1) == 0)
			assert_true((value & 0x1400) == 0x1400 && u->devices != 0 && u->commands != 0);
		u->control = value;
		break;
	case 0x20: assert_int_equal(value, 0); break;
	case 0x2000: u->head = value; break;
	case 0x2008:
		assert_int_equal(value & ~0xff0ull, 0);
		u->tail = value;
		break;
	case 0x2010:
		assert_int_equal(value & ~0xff0ull, 0);
		u->event_head = value;
		break;
	case 0x2018: u->event_tail = value; break;
	case 0x2020: u->status &= ~value; break;
	default: fail_msg("write of %x", offset);
	}
}

/* ---- tests ---- */

static void prepare(u64 features)
{
	memory_reset(&m, &iommu_amd);
	memset(models, 0, sizeof(models));
	m.unit_count = 2;
	m.read = model_read;
	m.write = model_write;
	m.pause = model_pause;
	m.ioapic_count = 1;
	m.ioapics[0] = IOAPIC;
	for (u32 i = 0; i < 2; i++) {
		models[i].features = features;
		models[i].control = 0x20001 | BIT64(1);		/* the firmware's */
		m.units[i].registers = &models[i];
	}
	is_snooping = true;
}

static void start(void)
{
	assert_null(iommu_amd.judge(&m));
	assert_true(make_domains(&m));
	assert_true(iommu_amd.start(&m));
}

static void start_all(u64 features)
{
	prepare(features);
	start();
}

static void expect(u64 a, u64 b, u64 c)
{
	const u64 want[WATCHED] = { a, b, c };

	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(models[i].head, models[i].tail);
		for (u32 k = 0; k < WATCHED; k++)
			assert_int_equal(models[i].cached[k], want[k]);
	}
}

static bool set(u32 domain, u64 iova, u64 bus)
{
	return iommu_domain_set(&m.domains[domain], iova, bus) && iommu_amd.forget(&m, &m.domains[domain]);
}

static void maps_and_blocks(void **state)
{
	(void)state;
	start_all(FORGETS_ALL);
	expect(BLOCKED, BLOCKED, BLOCKED);
	assert_int_equal(models[0].control, 0x1407);
	assert_true(iommu_amd.route(&m, 0x0018, &m.domains[0]));
	expect(BLOCKED, BLOCKED, BLOCKED);
	assert_true(set(0, 0x40000000, 0x200000));
	assert_true(set(0, 0x80000000, 0x400000));
	expect(0x200000, 0x400000, BLOCKED);
	assert_true(iommu_amd.route(&m, 0xff07, &m.domains[7]));
	assert_true(set(7, 0x40000000, 0x123456600000));
	expect(0x200000, 0x400000, 0x123456600000);
	assert_true(set(0, 0x80000000, 0));
	expect(0x200000, BLOCKED, 0x123456600000);
	assert_true(iommu_amd.route(&m, 0x0018, NULL));
	expect(BLOCKED, BLOCKED, 0x123456600000);
	for (u32 i = 0; i < 600; i++)			/* the queue goes round */
		assert_true(set(7, 0x40000000, (u64)(i + 1) << 21));
	expect(BLOCKED, BLOCKED, 600ull << 21);
}

/* What a device sends is an index into a table of its own; where that leads, root says. */
static void interrupts(void **state)
{
	const struct iommu_interrupt what = { .apic_id = 3, .vector = 0x41, .first = 0x18, .last = 0x18 };
	struct iommu_interrupt line = { .apic_id = 2, .vector = IRQ_VECTOR + 4, .first = IOAPIC, .last = IOAPIC };
	u64 address = 0;
	u32 data = 0;

	(void)state;
	start_all(FORGETS_ALL);
	for (u32 i = 0; i < WATCHED; i++)
		assert_int_equal(models[0].message[i], ABORTED);
	for (u32 i = 0; i < 256; i++)
		assert_int_equal(models[1].lines[i] & 1, 0);
	assert_true(iommu_amd.line(&m, 4, &line));
	line.vector = IRQ_VECTOR + 19;
	line.is_level = true;
	assert_true(iommu_amd.line(&m, 19, &line));
	for (u32 i = 0; i < 256; i++)
		assert_int_equal(models[1].lines[i], i == IRQ_VECTOR + 4 ? 1u | 2 << 8 | i << 16 :
				 i == IRQ_VECTOR + 19 ? 1u | 1 << 5 | 2 << 8 | i << 16 : 0);
	assert_int_equal(seen(LARGE_BUS + IOAPIC * 32) & 3, 3);		/* its DMA does not */
	assert_int_equal(seen(LARGE_BUS + IOAPIC * 32) >> 61 & 3, 0);
	assert_true(iommu_amd.message(&m, &m.domains[0], 1, &what, &address, &data));
	assert_int_equal(address, 0xfee00000);
	assert_int_equal(data, 1);
	assert_true(iommu_amd.route(&m, 0x0018, &m.domains[0]));
	assert_int_equal(models[1].message[0], 1 | 3 << 8 | 0x41 << 16);
	assert_int_equal(models[1].message[2], ABORTED);
	assert_true(iommu_amd.route(&m, 0x0018, NULL));
	assert_int_equal(models[1].message[0], ABORTED);
	/* The next driver has another one, or none. */
	assert_true(iommu_amd.mute(&m, &m.domains[0]));
	assert_true(iommu_amd.route(&m, 0x0018, &m.domains[0]));
	assert_int_equal(models[1].message[0], ABORTED);
}

/* The table does not name the I/O APICs: then everything passes as it is. */
static void interrupts_cannot_be_remapped(void **state)
{
	(void)state;
	prepare(FORGETS_ALL);
	m.interrupt_problem = "it leaves out an I/O APIC";
	start();
	assert_int_equal(seen(LARGE_BUS + 0x18 * 32 + 16), 0);
	assert_int_equal(seen(LARGE_BUS + IOAPIC * 32 + 16), 0);
	assert_true(iommu_amd.route(&m, 0x0018, &m.domains[0]));
	assert_int_equal(seen(LARGE_BUS + 0x18 * 32 + 16), 0);
}

/* Then each device by itself. */
static void cannot_forget_all(void **state)
{
	(void)state;
	start_all(0);
	assert_int_equal(models[0].device_commands, 0x10000);
	expect(BLOCKED, BLOCKED, BLOCKED);
}

static void a_unit_stops(void **state)
{
	(void)state;
	start_all(FORGETS_ALL);
	models[1].is_deaf = true;
	assert_false(set(0, 0x40000000, 0x200000));
	assert_true(m.is_dead);
	pauses = 0;					/* nobody waits for it a second time */
	assert_false(iommu_amd.route(&m, 0x0018, NULL));
	assert_false(set(0, 0x40000000, 0x200000));
	assert_int_equal(pauses, 0);
	iommu_amd.stop(&m);
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(models[i].control, BIT64(1));
	memory_reset(&m, &iommu_amd);
	m.unit_count = 1;
	m.read = model_read;
	m.units[0].registers = &models[0];
	models[0].features = ~0ull;			/* nobody there */
	assert_non_null(iommu_amd.judge(&m));
}

static void take_events(u32 count)
{
	struct iommu_fault f;

	for (u32 i = 0; i < count; i++)
		log_event(&models[1], 2ull << 60 | (i % 2 != 0 ? BIT64(53) : 0) | (i % 3 == 0 ? BIT64(51) : 0) | 0x18,
			0x12345000 + i);
	for (u32 i = 0; i < count; i++) {
		assert_true(iommu_amd.fault(&m, &f));
		assert_int_equal(f.bdf, 0x18);
		assert_int_equal(f.reason, 2);
		assert_int_equal(f.is_interrupt, i % 3 == 0);
		assert_int_equal(f.is_write, i % 2);
		assert_int_equal(f.address, 0x12345000 + i);
	}
	assert_false(iommu_amd.fault(&m, &f));
}

static void events(void **state)
{
	struct iommu_fault f;
	u32 count = 0;

	(void)state;
	for (u32 still = 0; still < 2; still++) {
		start_all(FORGETS_ALL);
		models[1].is_tail_still = still != 0;
		for (u32 i = 0; i < 10; i++)
			take_events(100);
		for (u32 i = 0; i < 1000; i++)		/* more than there is room for: then it begins anew */
			log_event(&models[1], 2ull << 60 | 0x18, 1);
		assert_int_equal(models[1].status & 1, 1);
		for (count = 0; iommu_amd.fault(&m, &f); count++)
			;
		assert_int_equal(count, 255);
		assert_int_equal(models[1].status & 1, 0);
		assert_int_equal(models[1].control, 0x1407);
		take_events(10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_and_blocks), cmocka_unit_test(interrupts), cmocka_unit_test(cannot_forget_all),
		cmocka_unit_test(a_unit_stops), cmocka_unit_test(events),
		cmocka_unit_test(interrupts_cannot_be_remapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
