/* SPDX-License-Identifier: MIT */
/*
 * The I/O bitmap at a switch of threads: a PD's ports are open for it alone.
 */
/* links: arch */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cpu.h"
#include "virt.h"

struct pcpu fake_pcpus[FAKE_PCPUS];
__thread u32 fake_here;
u64 fake_drs[FAKE_PCPUS][8], fake_tsc_aux;
const struct virt_ops *virt;
static struct cpu_data data;

void cpu_stack_switch(u64 *from, u64 to);
void cpu_thread_start(void);

void cpu_stack_switch(u64 *from, u64 to)
{
	(void)from, (void)to;
}

void cpu_thread_start(void)
{
}

void fpu_thread_switch(struct fpu_area *area)
{
	(void)area;
}

static bool is_open(u32 port)
{
	return ((u32)data.tss.io_bitmap[port / 8] >> port % 8 & 1u) == 0;
}

static void expect_open(const struct port_set *set)
{
	for (u32 port = 0; port < 0x10000; port++) {
		bool is_wanted = false;

		for (u32 i = 0; i < set->count; i++)
			is_wanted |= port - set->ranges[i].first < set->ranges[i].count;
		assert_int_equal(is_open(port), is_wanted);
	}
}

static void ports_are_one_pds(void **state)
{
	static const struct port_set sets[] = {
		{ 1, { { 0x3f8, 8 } } }, { 0, { { 0, 0 } } }, { 2, { { 0x3d4, 2 }, { 0xfffe, 2 } } },
		{ 1, { { 0, 0xffff } } }, { 1, { { 0x3fc, 8 } } }, { 0, { { 0, 0 } } },
	};

	(void)state;
	memset(data.tss.io_bitmap, 0xff, sizeof(data.tss.io_bitmap));
	fake_pcpus[0].arch = &data;
	for (u32 i = 0; i < ARRAY_COUNT(sets); i++) {
		arch_ports_switch(&sets[i]);
		expect_open(&sets[i]);
		assert_int_equal(fake_pcpus[0].has_ports, sets[i].count != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ports_are_one_pds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
