/* SPDX-License-Identifier: MIT */
/*
 * PCI functions are found and described, and functions that say nonsense harm nobody.
 */
/* links: root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pci_space.h"

static struct pci_space space;
static struct pci_table table;
static const struct pci_access access = { space_read, space_write, &space };

static int setup(void **state)
{
	(void)state;
	memset(&space, 0, sizeof(space));
	return 0;
}

static void functions_are_found(void **state)
{
	struct space_function *f;
	char name[PCI_NAME_BYTES];

	(void)state;
	space_add(&space, 0x0000, 0x29c08086, 0x06000000);
	f = space_add(&space, 0x0018, 0x10421af4, 0x01000001);
	f->words[PCI_SUBSYSTEM / 4] = 0x11001af4;
	f->words[PCI_INTERRUPT / 4] = 0x010b;
	space_add(&space, 0x00f8, 0x29188086, 0x06010002)->words[3] = 0x00800000;	/* several functions */
	space_add(&space, 0x00fa, 0x29228086, 0x01060102);
	space_add(&space, 0x0011, 0x12345678, 0);	/* function 1 without a function 0 */
	space_add(&space, 0x0019, 0x12345678, 0);	/* of a device that has but one */
	space_add(&space, 0xffff, 0x12345678, 0);
	space_add(&space, 0xfff8, 0x00101b36, 0x01080202)->words[3] = 0x00800000;
	space_add(&space, 0x0120, 0x00000000, 0);
	pci_scan(&access, 0, 255, &table);
	assert_int_equal(table.count, 6);
	assert_int_equal(table.left_out, 0);
	assert_int_equal(space.writes, 0);
	assert_int_equal(table.functions[1].bdf, 0x18);
	assert_int_equal(table.functions[1].vendor, 0x1af4);
	assert_int_equal(table.functions[1].device, 0x1042);
	assert_int_equal(table.functions[1].subsystem_device, 0x1100);
	assert_int_equal(table.functions[1].class_code, 0x010000);
	assert_int_equal(table.functions[1].revision, 1);
	assert_int_equal(table.functions[1].irq_line, 11);
	assert_int_equal(table.functions[1].irq_pin, 1);
	assert_int_equal(table.functions[3].bdf, 0xfa);
	assert_int_equal(table.functions[5].bdf, 0xffff);
	pci_name(table.functions[3].bdf, name);
	assert_string_equal(name, "00:1f.2");
	pci_name(0xffff, name);
	assert_string_equal(name, "ff:1f.7");
	pci_scan(&access, 1, 1, &table);
	assert_int_equal(table.count, 0);
}

/* More than there is room for are counted. */
static u32 everywhere(void *ctx, u32 bdf, u32 offset)
{
	(void)ctx, (void)bdf;
	return offset == PCI_HEADER ? 0x00800000 : offset == PCI_ID ? 0x00011234 : 0;
}

static void many_functions(void **state)
{
	const struct pci_access all = { everywhere, space_write, &space };

	(void)state;
	pci_scan(&all, 0, 255, &table);
	assert_int_equal(table.count, PCI_FUNCTIONS);
	assert_int_equal(table.left_out, 65536 - PCI_FUNCTIONS);
}

static struct space_function *only(void)
{
	struct space_function *f = space_add(&space, 8, 0x00101b36, 0x01080202);

	f->words[1] = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | 0xf9000000;
	return f;
}

static struct pci_function *size(void)
{
	pci_scan(&access, 0, 0, &table);
	assert_int_equal(table.count, 1);
	pci_size_bars(&access, &table.functions[0]);
	return &table.functions[0];
}

static void bars_are_sized(void **state)
{
	struct space_function *f = only();
	const struct pci_function *got;
	u32 before[16];

	(void)state;
	space_bar(f, 0, 0xfebf0004, 0x4000);		/* 64 bits */
	f->words[PCI_BAR / 4 + 1] = 0x12;
	f->fixed[1] = 0;
	space_bar(f, 2, 0xc041, 0x40);
	space_bar(f, 3, 0xfe000000, 0x1000);
	memcpy(before, f->words, sizeof(before));
	got = size();
	assert_memory_equal(before, f->words, sizeof(before));
	assert_false(space.decodes_while_probed);
	assert_int_equal(got->bars[0].kind, PCI_BAR_MEMORY);
	assert_int_equal(got->bars[0].address, 0x12febf0000);
	assert_int_equal(got->bars[0].bytes, 0x4000);
	assert_int_equal(got->bars[1].kind, PCI_BAR_NONE);
	assert_int_equal(got->bars[2].kind, PCI_BAR_IO);
	assert_int_equal(got->bars[2].address, 0xc040);
	assert_int_equal(got->bars[2].bytes, 0x40);
	assert_int_equal(got->bars[3].kind, PCI_BAR_MEMORY);
	assert_int_equal(got->bars[4].kind, PCI_BAR_NONE);
}

static void bad_bars_are_none(void **state)
{
	struct space_function *f = only();
	const struct pci_function *got;

	(void)state;
	space_bar(f, 0, 0x00000000, 0x1000);		/* nobody gave it an address */
	space_bar(f, 2, 0xfffffff1, 0x10);		/* ports beyond the last */
	space_bar(f, 3, 0xffe1, 0x20);			/* the last ports */
	space_bar(f, 5, 0xfe000004, 0x1000);		/* 64 bits, and there is no next one */
	got = size();
	assert_int_equal(got->bars[0].kind, PCI_BAR_NONE);
	assert_int_equal(got->bars[2].kind, PCI_BAR_NONE);
	assert_int_equal(got->bars[3].kind, PCI_BAR_IO);
	assert_int_equal(got->bars[5].is_64, false);
}

/* Its pages are those that hold an entry; a table outside of its BAR is none. */
static void the_msix_table(void **state)
{
	static const struct { u32 count, table; bool is_ok; u64 first, bytes; } cases[] = {
		{ 1, 0x2000, true, 0x2000, 0x1000 }, { 256, 0x2000, true, 0x2000, 0x1000 },
		{ 257, 0x2000, true, 0x2000, 0x2000 }, { 65, 0x3bf8, false, 0, 0 },
		{ 64, 0x3c00, true, 0x3000, 0x1000 }, { 2048, 0, false, 0, 0 },
		{ 1, 0xfffffff8, false, 0, 0 }, { 1, 0x2007, false, 0, 0 },
		{ 1, 0x2001, false, 0, 0 }, { 1, 0x2002, false, 0, 0 },
	};

	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		struct space_function *f;
		const struct pci_function *got;
		u64 first, bytes;

		setup(state);
		f = only();
		space_bar(f, 0, 0xfebf0000, 0x4000);
		space_bar(f, 2, 0xc041, 0x40);
		f->words[1] |= BIT32(20);
		f->words[PCI_CAPABILITIES / 4] = 0x43;		/* low bits are to be ignored */
		f->words[0x40 / 4] = 0x0000f801;
		f->words[0xf8 / 4] = (cases[i].count - 1) << 16 | 0x4011;
		f->words[0xfc / 4] = cases[i].table;
		got = size();
		assert_int_equal(got->caps[PCI_CAP_POWER], 0x40);
		assert_int_equal(got->caps[PCI_CAP_MSIX], 0xf8);
		assert_int_equal(got->msix_count, cases[i].is_ok ? cases[i].count : 0);
		first = pci_msix_pages(got, 0, &bytes);
		assert_int_equal(bytes, cases[i].bytes);
		assert_int_equal(first, cases[i].first);
		assert_int_equal(pci_msix_pages(got, 1, &bytes), 0);
		assert_int_equal(bytes, 0);
	}
}

/* Lists that end nowhere, lead into the header, or to the last word. */
static void capability_lists(void **state)
{
	struct space_function *f = only();

	(void)state;
	f->words[1] |= BIT32(20);
	f->words[PCI_CAPABILITIES / 4] = 0xfc;
	f->words[0xfc / 4] = 0x0000fc11;		/* itself; and its table would be behind the end */
	assert_int_equal(size()->msix_count, 0);
	f->words[0xfc / 4] = 0x00001005;		/* into the header */
	assert_int_equal(size()->caps[PCI_CAP_MSI], 0xfc);
	f->words[1] &= ~BIT32(20);
	assert_int_equal(size()->caps[PCI_CAP_MSI], 0);
}

/* The ids under which requests can arrive. Some controllers send as a function that they may not have. */
static void requesters(void **state)
{
	static struct pci_table t = {
		.count = 4, .functions = {
			{ .bdf = 0x0010, .bus_behind = 2, .header = 1 },	/* to conventional PCI */
			{ .bdf = 0x0218, .vendor = 0x8086, .device = 0x2922 },
			{ .bdf = 0x0300, .vendor = 0x1b4b, .device = 0x9230 },
			{ .bdf = 0x0301, .vendor = 0x1b4b, .device = 0x9230 },
		},
	};
	u16 ids[4];

	(void)state;
	assert_int_equal(pci_table_requesters(&t, &t.functions[1], ids, 4), 3);
	assert_true(ids[0] == 0x0218 && ids[1] == 0x0200 && ids[2] == 0x0010);
	assert_int_equal(pci_table_requesters(&t, &t.functions[1], ids, 2), 0);
	assert_int_equal(pci_table_requesters(&t, &t.functions[2], ids, 4), 2);
	assert_true(ids[0] == 0x0300 && ids[1] == 0x0301);
	assert_int_equal(pci_table_requesters(&t, &t.functions[2], ids, 1), 0);
	assert_int_equal(pci_table_requesters(&t, &t.functions[3], ids, 4), 1);
	assert_int_equal(ids[0], 0x0301);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(functions_are_found, setup), cmocka_unit_test_setup(many_functions, setup),
		cmocka_unit_test_setup(bars_are_sized, setup), cmocka_unit_test_setup(bad_bars_are_none, setup),
		cmocka_unit_test_setup(the_msix_table, setup), cmocka_unit_test_setup(capability_lists, setup),
		cmocka_unit_test(requesters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
