/* SPDX-License-Identifier: MIT */
/*
 * What the kernel accepts of root's choice of mitigations, and what a pCPU then does when it leaves an address space.
 * The model is stricter than an emulator: IA32_PRED_CMD is there only if CPUID or the test says so.
 */
/* links: arch */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cpu.h"
#include "fake_image.h"
#include "mitigations.h"
#include "syscalls.h"

#define PRED_CMD 0x49u
#define KERNEL_SPACE arch_space_kernel().raw	/* 0, as the map is not made here */
#define A 0x1000u
#define B 0x2000u

u8 *fake_memory;
struct pcpu fake_pcpus[FAKE_PCPUS];
__thread u32 fake_here;
u64 fake_drs[FAKE_PCPUS][8], fake_tsc_aux;
struct pcpu *pcpu_table[MAX_PCPUS];
u32 pcpu_count = 1;
struct cpu_features cpu_features;

static struct { bool has_7, has_8, is_virtual, takes_writes; } hw;
static u32 barriers, tried;

/* Words of other leaves have all bits set: the right one of the right leaf counts. */
struct cpuid fake_cpuid(u32 leaf)
{
	switch (leaf) {
	case 0:
		return (struct cpuid){ .eax = 7 };
	case 1:
		return (struct cpuid){ .ecx = hw.is_virtual ? ~0u : ~(1u << 31), .edx = ~0u };
	case 7:
		return (struct cpuid){ .ebx = ~0u, .ecx = ~0u, .edx = hw.has_7 ? 1u << 26 : ~(1u << 26) };
	case 0x80000000u:
		return (struct cpuid){ .eax = 0x80000008u };
	case 0x80000008u:
		return (struct cpuid){ .ebx = hw.has_8 ? 1u << 12 : ~(1u << 12), .ecx = ~0u, .edx = ~0u };
	default:
		return (struct cpuid){ ~0u, ~0u, ~0u, ~0u };
	}
}

void fake_wrmsr(u32 msr, u64 value)
{
	assert_int_equal(msr, PRED_CMD);
	assert_int_equal(value, 1);
	assert_true(hw.has_7 || hw.has_8 || hw.takes_writes);	/* else #GP in ring 0 */
	barriers++;
}

bool msr_try_write(u32 msr, u64 value)
{
	assert_int_equal(msr, PRED_CMD);
	assert_int_equal(value, 1);
	tried++;
	return hw.takes_writes;
}

static int new_machine(void **state)
{
	(void)state;
	memset(&hw, 0, sizeof(hw));
	memset(fake_pcpus, 0, sizeof(fake_pcpus));
	barriers = tried = 0;
	pcpu_count = 1;
	return arch_mitigate(0, 0) == ST_OK ? 0 : -1;
}

static u32 barriers_to(u64 root)
{
	u32 before = barriers;

	arch_space_switch(HPA(root));
	assert_int_equal(pcpu_self()->space, root);
	return barriers - before;
}

static void refusals(void **state)
{
	(void)state;
	assert_int_equal(arch_mitigate(MITIGATE_IBPB, 0), ST_UNSUPPORTED);
	assert_int_equal(arch_mitigate(MITIGATE_IBPB, MITIGATE_IBPB), ST_UNSUPPORTED);	/* no hypervisor */
	assert_int_equal(tried, 0);
	hw.is_virtual = true;
	assert_int_equal(arch_mitigate(MITIGATE_IBPB, 0), ST_UNSUPPORTED);
	assert_int_equal(arch_mitigate(MITIGATE_IBPB, MITIGATE_IBPB), ST_UNSUPPORTED);	/* which has no such register */
	assert_int_equal(tried, 1);
	assert_int_equal(arch_mitigate(BIT64(1), 0), ST_INVAL);
	assert_int_equal(arch_mitigate(BIT64(63), BIT64(63)), ST_INVAL);
	assert_int_equal(arch_mitigate(0, MITIGATE_IBPB), ST_INVAL);
	hw.has_7 = true;
	pcpu_count = 2;
	assert_int_equal(arch_mitigate(MITIGATE_IBPB, 0), ST_STATE);
	assert_int_equal(mitigations, 0);
	assert_int_equal(barriers_to(A) + barriers_to(B) + barriers_to(KERNEL_SPACE), 0);
}

/* Each way out of an address space of ring 3; none into one, and none where the space stays. */
static void transitions(void)
{
	pcpu_self()->space = KERNEL_SPACE;
	assert_int_equal(barriers_to(A), 0);
	assert_int_equal(barriers_to(A), 0);
	assert_int_equal(barriers_to(B), 1);
	assert_int_equal(barriers_to(A), 1);
	assert_int_equal(barriers_to(KERNEL_SPACE), 1);
	assert_int_equal(barriers_to(KERNEL_SPACE), 0);
	assert_int_equal(barriers_to(B), 0);
}

static void switches(void **state)
{
	(void)state;
	hw.has_7 = true;
	assert_int_equal(arch_mitigate(MITIGATE_IBPB, 0), ST_OK);
	transitions();
	hw.has_7 = false;
	hw.has_8 = true;
	assert_int_equal(arch_mitigate(MITIGATE_IBPB, 0), ST_OK);
	transitions();
	hw.has_8 = false;
	hw.is_virtual = hw.takes_writes = true;
	assert_int_equal(arch_mitigate(MITIGATE_IBPB, MITIGATE_IBPB), ST_OK);
	transitions();
}

/* A processor of another kind beside pCPU 0 is left out, not met by #GP. */
static void other_pcpus(void **state)
{
	(void)state;
	assert_true(mitigations_fit());
	hw.has_7 = true;
	assert_int_equal(arch_mitigate(MITIGATE_IBPB, MITIGATE_IBPB), ST_OK);
	assert_true(mitigations_fit());
	hw.has_7 = false;
	assert_false(mitigations_fit());
	hw.is_virtual = hw.takes_writes = true;
	assert_int_equal(arch_mitigate(MITIGATE_IBPB, MITIGATE_IBPB), ST_OK);
	assert_true(mitigations_fit());		/* forced: as on pCPU 0 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refusals, new_machine), cmocka_unit_test_setup(switches, new_machine),
		cmocka_unit_test_setup(other_pcpus, new_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
