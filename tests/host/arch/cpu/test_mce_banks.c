/* SPDX-License-Identifier: MIT */
/*
 * Banks of machine checks on a model of the registers, which keeps the order of writes and gives #GP for registers that
 * are not there: their start, #MC in each kind of code, polls, what is kept for root.
 */
/* links: arch */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cpu.h"
#include "kernel_upcalls.h"
#include "mce_judge.h"

#define BANKS 4u
#define CAP_BANKS (BANKS | 1u << 8 | 1u << 24)	/* MCG_CTL_P, MCG_SER_P */
#define WRITES 64u

struct pcpu fake_pcpus[FAKE_PCPUS];
__thread u32 fake_here;
u64 fake_drs[FAKE_PCPUS][8], fake_tsc_aux;
u32 pcpu_count = 2;
struct pcpu *pcpu_table[MAX_PCPUS] = { &fake_pcpus[0], &fake_pcpus[1] };

static struct {
	u64 cap, mcg_ctl, mcg_status, feature_control, ext_ctl, ctl[BANKS], status[BANKS], addr[BANKS], misc[BANKS];
	struct { u32 msr; u64 value; } writes[WRITES];
	u32 write_count;
} hw;
static bool is_amd;
static u32 signature = 0x50654, ipis, waited_us, who_comes;
static struct machine_check panicked;
static jmp_buf after_panic;

struct cpuid fake_cpuid(u32 leaf)
{
	if (leaf == 0)
		return (struct cpuid){ .ecx = is_amd ? 0x444d4163 : 0x6c65746e };
	return leaf == 1 ? (struct cpuid){ .eax = signature } : (struct cpuid){ 0 };
}

static u64 *register_of(u32 msr)
{
	u32 bank = (msr - 0x400) / 4;

	if (msr == 0x179)
		return hw.cap != 0 ? &hw.cap : NULL;
	if (msr == 0x17a)
		return &hw.mcg_status;
	if (msr == 0x3a)
		return hw.feature_control != 0 ? &hw.feature_control : NULL;
	if (msr == 0x4d0)
		return &hw.ext_ctl;
	if (msr < 0x400 || bank >= BANKS)
		return NULL;
	switch (msr % 4) {
	case 0:
		return &hw.ctl[bank];
	case 1:
		return &hw.status[bank];
	case 2:		/* there if the status says so */
		return (hw.status[bank] & MC_ADDRESS_VALID) != 0 ? &hw.addr[bank] : NULL;
	default:
		return (hw.status[bank] & MC_MISC_VALID) != 0 ? &hw.misc[bank] : NULL;
	}
}

bool msr_try_read(u32 msr, u64 *value)
{
	u64 *at = register_of(msr);

	if (at == NULL)
		return false;
	*value = *at;
	return true;
}

bool msr_try_write(u32 msr, u64 value)
{
	u64 *at = register_of(msr);

	if (msr == 0x17b && (hw.cap & 1u << 8) != 0)
		at = &hw.mcg_ctl;
	if (at == NULL)
		return false;
	assert_true(msr < 0x400 || msr % 4 == 0 || value == 0);	/* #GP otherwise */
	*at = value;
	hw.writes[hw.write_count].msr = msr;
	hw.writes[hw.write_count++].value = value;
	return true;
}

void arch_ipi_self(void)
{
	ipis++;
}

/* While one waits, another one comes. */
void arch_wait_us(u64 us)
{
	waited_us += (u32)us;
	if (who_comes == 0 || waited_us != 10)
		return;
	fake_here = who_comes;
	machine_check(false);
	fake_here = 0;
}

_Noreturn void kernel_panic_machine_check(const struct machine_check *mc)
{
	panicked = *mc;
	longjmp(after_panic, 1);
}

static bool panics(bool is_kernel)
{
	if (setjmp(after_panic) != 0)
		return true;
	machine_check(is_kernel);
	return false;
}

static int clean(void **state)
{
	struct machine_check mc;

	(void)state;
	while (arch_machine_check_take(&mc))
		;
	memset(&hw, 0, sizeof(hw));
	hw.cap = CAP_BANKS;
	for (u32 i = 0; i < 2; i++)
		fake_pcpus[i] = (struct pcpu){ .id = i, .fast_vcpu = &hw };
	is_amd = true;
	signature = 0x50654;
	ipis = waited_us = who_comes = fake_here = 0;
	return 0;
}

static void has_one(u32 bank, u64 status, u32 source)
{
	struct machine_check mc;

	assert_true(arch_machine_check_is_kept());
	assert_true(arch_machine_check_take(&mc));
	assert_int_equal(mc.bank, bank);
	assert_int_equal(mc.status, status);
	assert_int_equal(mc.source, source);
	assert_false(arch_machine_check_take(&mc));
}

/* What is there is saved, all is enabled, then cleared. */
static void test_start(void **state)
{
	(void)state;
	hw.status[2] = 0xbe00000000000000;
	hw.feature_control = 1;
	machine_check_init(&fake_pcpus[0]);
	has_one(2, 0xbe00000000000000, MC_AT_BOOT);
	assert_int_equal(hw.write_count, 1 + 2 * BANKS);
	assert_int_equal(hw.writes[0].msr, 0x17b);
	for (u32 i = 0; i < BANKS; i++) {
		assert_int_equal(hw.writes[1 + 2 * i].msr, 0x400 + 4 * i);
		assert_true(hw.writes[1 + 2 * i].value == ~0ull);
		assert_int_equal(hw.writes[2 + 2 * i].msr, 0x401 + 4 * i);
	}
}

/* Bank 0 is the firmware's on P6; LMCE where the firmware allows it; no banks at all. */
static void test_start_kinds(void **state)
{
	(void)state;
	signature = 0x10676;
	machine_check_init(&fake_pcpus[0]);
	assert_int_equal(hw.ctl[0], 0);
	assert_true(hw.ctl[1] == ~0ull);
	hw.cap |= 1u << 27;
	hw.feature_control = 1u << 20;	/* not locked */
	machine_check_init(&fake_pcpus[0]);
	assert_int_equal(hw.ext_ctl, 0);
	hw.feature_control |= 1;
	machine_check_init(&fake_pcpus[0]);
	assert_int_equal(hw.ext_ctl, 1);
	memset(&hw, 0, sizeof(hw));
	machine_check_init(&fake_pcpus[0]);
	assert_int_equal(hw.write_count, 0);
}

static void test_panics(void **state)
{
	(void)state;
	hw.status[0] = 0x9c00000000000134;
	hw.status[1] = 0xbf80000000000134;
	hw.addr[1] = 0x1000;
	hw.mcg_status = 4;
	assert_true(panics(false));
	assert_int_equal(panicked.bank, 1);
	assert_int_equal(panicked.address, 0x1000);
	assert_int_equal(hw.write_count, 0);	/* the firmware will want to see it */
	/* No bank says anything, and there is no way back. */
	memset(hw.status, 0, sizeof(hw.status));
	assert_true(panics(true));
	assert_int_equal(panicked.bank, 64);
}

static void test_ends_user(void **state)
{
	struct pcpu *pcpu = &fake_pcpus[0];

	(void)state;
	hw.status[1] = 0xbd80000000000134;
	hw.addr[1] = 0x7654000;
	hw.mcg_status = 7;
	assert_false(panics(false));
	assert_int_equal(pcpu->machine_check, PCPU_MC_END);
	assert_true(pcpu->need_resched);
	assert_null(pcpu->fast_vcpu);
	assert_int_equal(hw.status[1], 0);
	assert_int_equal(hw.writes[hw.write_count - 1].msr, 0x17a);	/* MCIP last */
	has_one(1, 0xbd80000000000134, MC_EXCEPTION);
	/* In ring 0 the same is the end. */
	hw.status[1] = 0xbd80000000000134;
	hw.mcg_status = 7;
	assert_true(panics(true));
}

static void test_only_told(void **state)
{
	struct pcpu *pcpu = &fake_pcpus[0];

	(void)state;
	hw.status[1] = 0xbd80000000000134;
	hw.mcg_status = 5;
	assert_false(panics(true));
	assert_int_equal(pcpu->machine_check, 0);	/* ring 0 may be anywhere, also where this is decided */
	assert_false(pcpu->need_resched);
	assert_int_equal(ipis, 1);
	assert_true(pcpu->is_bank_look_due);
	has_one(1, 0xbd80000000000134, MC_EXCEPTION);
}

/* Intel: the second one sees the bank that both share before the first one clears it. */
static void test_meeting(void **state)
{
	struct machine_check mc;

	(void)state;
	is_amd = false;
	who_comes = 1;
	hw.status[1] = 0xbd80000000000134;
	hw.mcg_status = 7;
	assert_false(panics(false));
	assert_in_range(waited_us, 10, 1000);
	assert_int_equal(fake_pcpus[0].machine_check, PCPU_MC_END);
	assert_int_equal(fake_pcpus[1].machine_check, PCPU_MC_END);
	assert_true(arch_machine_check_take(&mc));
	/* Nobody comes; LMCE and AMD: nobody is waited for. */
	who_comes = waited_us = 0;
	hw.mcg_status = 5;
	assert_false(panics(false));
	assert_int_equal(waited_us, 100000);
	waited_us = 0;
	hw.mcg_status = 0xd;
	assert_false(panics(false));
	is_amd = true;
	hw.mcg_status = 5;
	assert_false(panics(false));
	assert_int_equal(waited_us, 0);
	/* Who gave up is not counted in the next meeting. */
	is_amd = false;
	hw.mcg_status = 5;
	who_comes = 1;
	assert_false(panics(false));
	assert_in_range(waited_us, 10, 1000);
}

/* A parked one is told, too: it has nothing to lose, and panics about nothing. */
static void test_parked(void **state)
{
	(void)state;
	fake_pcpus[2] = (struct pcpu){ .id = 2 };
	fake_here = 2;
	hw.status[1] = 0xbf80000000000134;
	hw.mcg_status = 4;
	assert_false(panics(true));
	assert_int_equal(hw.mcg_status, 0);
	assert_int_equal(hw.status[1], 0xbf80000000000134);
}

static void test_poll(void **state)
{
	struct machine_check mc;

	(void)state;
	hw.status[0] = 0x9c00000000000134;
	hw.addr[0] = 0x1000;
	hw.status[3] = 0xbe00000000000000;	/* #MC comes for it */
	arch_machine_check_look();
	assert_true(arch_machine_check_take(&mc));
	assert_int_equal(mc.address, 0x1000);
	assert_int_equal(mc.source, MC_POLLED);
	assert_false(arch_machine_check_take(&mc));
	assert_int_equal(hw.status[0], 0);
	assert_int_equal(hw.status[3], 0xbe00000000000000);
	assert_int_equal(hw.write_count, 1);
}

/* More than fit: the newest are dropped, and counted. */
static void test_many(void **state)
{
	struct machine_check mc;
	u64 lost = 0;
	u32 taken = 0;

	(void)state;
	for (u32 i = 0; i < 100; i++) {
		hw.status[0] = MC_VALID | i;
		hw.write_count = 0;
		arch_machine_check_look();
	}
	while (arch_machine_check_take(&mc)) {
		assert_int_equal(mc.status, MC_VALID | taken);
		lost += mc.lost;
		taken++;
	}
	assert_int_equal(taken + lost, 100);
	assert_int_equal(taken, 32);
	hw.status[0] = MC_VALID;
	arch_machine_check_look();
	has_one(0, MC_VALID, MC_POLLED);
}

#define TEST(name) cmocka_unit_test_setup(name, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_start), TEST(test_start_kinds), TEST(test_panics), TEST(test_ends_user), TEST(test_only_told),
		TEST(test_meeting), TEST(test_parked), TEST(test_poll), TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
