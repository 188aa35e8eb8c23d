/* SPDX-License-Identifier: MIT */
/* links: vmm rt */
/* helpers: fake_machine.c */
/*
 * What a guest with several vCPUs asks of its machine: INIT and startup, KVM's paravirtual records and hypercalls, with
 * places and numbers that are none, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_machine.h"
#include "syscalls.h"

static u32 step;

static struct vcpu *vcpu(u32 index)
{
	return &fake_machine.vcpu[index];
}

static bool wrmsr(u32 index, u64 value)
{
	return guest_msr_write(vcpu(0), index, value);
}

static u64 rdmsr(u32 index)
{
	u64 value = ~0ull;

	assert_true(guest_msr_read(vcpu(0), index, &value));
	return value;
}

/* ---- INIT and startup ---- */

static void step_startup(void)
{
	struct vcpu_page *page = fake_page_of(1);

	page->exit.reason = EXIT_PAUSE;
	page->exit.insn_len = 2;
	page->rflags = RFLAGS_FIXED;
	switch (step++) {
	case 0:		/* the first startup counted */
		assert_true(page->rip == 0 && page->seg[SEG_CS].base == 0x12000);
		assert_int_equal(page->seg[SEG_CS].selector, 0x1200);
		assert_true(page->cr0 == (CR0_ET | CR0_NW | CR0_CD) && page->dr7 == 0x400);
		page->rip = 0x100;
		page->cr0 = CR0_ET | CR0_PE;
		page->pat = 0x0606060606060606ull;
		page->lstar = 0x1234;
		page->efer = EFER_LME;
		vcpu_request_startup(vcpu(1), 0x44);	/* it runs already */
		break;
	case 1:
		assert_true(page->rip == 0x102 && page->seg[SEG_CS].base == 0x12000);
		assert_true(lapic_msr_write(vcpu(1)->lapic, 0x80f, 0x1ff));
		assert_true(lapic_bus_deliver(&fake_machine.lapics,
					      &(struct irq_message){ .destination = 1, .vector = 0x60 }));
		page->nmi_pending = 1;
		page->event.valid = 1;
		vcpu_request_startup(vcpu(1), 0x99);
		vcpu_request_init(vcpu(1));		/* takes the startup back */
		vcpu_request(vcpu(1), VCPU_REQUEST_NMI);
		break;
	case 3:		/* after step_startup_wait */
		assert_true(page->rip == 0 && page->seg[SEG_CS].base == 0x55000);
		assert_true(page->cr0 == CR0_ET && page->efer == 0 && page->cr3 == 0);
		assert_true(page->pat == 0x0606060606060606ull && page->lstar == 0x1234);
		assert_false(page->intr_pending || page->nmi_pending || page->event.valid);
		assert_int_equal(vcpu(1)->lapic->svr, 0xff);
		assert_true(lapic_base(vcpu(1)->lapic) & LAPIC_BASE_X2APIC);	/* INIT leaves the mode alone */
		page->exit.reason = EXIT_SHUTDOWN;
		break;
	default:
		fail();
	}
}

static void step_startup_wait(void)
{
	fake_vcpu_signals[1] = 0;
	if (step == 0) {
		vcpu_request_startup(vcpu(1), 0x12);
		vcpu_request_startup(vcpu(1), 0x34);
	} else {
		assert_int_equal(step++, 2);
		assert_true(fake_last_deadline == DEADLINE_NONE);
		vcpu_request_startup(vcpu(1), 0x55);
	}
	assert_int_equal(fake_vcpu_signals[1], 1);	/* one signal is enough */
	fake_wait_bits = VMM_BIT_KICK;
}

static void test_startup(void **state)
{
	(void)state;
	fake_start_cpus(PLATFORM_MODERN, 2);
	fake_use_x2apic();
	step = 0;
	fake_on_run = step_startup;
	fake_on_wait = step_startup_wait;
	vcpu_loop(vcpu(1));
	assert_int_equal(step, 4);
	assert_int_equal(fake_machine.stop_info.vcpu, 1);
}

/* INIT takes the boot processor back to the reset vector; there is nobody who would start it. */
static void step_init_bsp(void)
{
	fake_page->exit.reason = EXIT_DEADLINE;
	switch (step++) {
	case 0:
		vcpu_request_init(vcpu(0));
		break;
	default:
		assert_true(fake_page->rip == 0xfff0 && fake_page->seg[SEG_CS].base == 0xf0000);
		fake_page->exit.reason = EXIT_SHUTDOWN;
	}
}

static void test_init_bsp(void **state)
{
	(void)state;
	fake_start_cpus(PLATFORM_MODERN, 2);
	fake_use_x2apic();
	step = 0;
	fake_on_run = step_init_bsp;
	vcpu_loop(vcpu(0));
	assert_int_equal(step, 2);
}

/* ---- TSC ---- */

static void test_tsc(void **state)
{
	struct guest_cpuid_state cpu = { .apic_id = 0 };
	struct cpuid_regs regs;
	u64 value;

	(void)state;
	fake_start_cpus(PLATFORM_MODERN, 2);
	fake_use_x2apic();
	guest_cpuid_query(&fake_machine.cpuid, 7, 0, &cpu, &regs);
	assert_true(regs.ebx & BIT32(1));		/* TSC_ADJUST is there */
	assert_true(wrmsr(KVMCLOCK_MSR_SYSTEM, 0x3001));
	assert_int_equal(fake_ram[0x3000 + 29], 1);	/* stable */
	assert_true(wrmsr(0x3b, 1000));			/* one's own only */
	assert_true(guest_msr_read(vcpu(1), 0x10, &value) && rdmsr(0x10) == value + 1000);
	assert_true(guest_msr_read(vcpu(1), 0x3b, &value) && value == 0);
	assert_true(vcpu(1)->requests & VCPU_REQUEST_CLOCK);
	kvmclock_update(&fake_machine.kvmclock, 0);
	assert_int_equal(fake_ram[0x3000 + 29], 0);
	memcpy(&value, fake_ram + 0x3008, 8);
	assert_true(value == 1000);			/* at power-on */
	assert_true(wrmsr(0x3b, 0));
	kvmclock_update(&fake_machine.kvmclock, 0);
	assert_int_equal(fake_ram[0x3000 + 29], 1);
}

/* ---- Paravirtual records ---- */

static void test_pv_msrs(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_use_x2apic();
	assert_true(rdmsr(KVM_PV_MSR_EOI) == 0 && rdmsr(KVM_PV_MSR_STEAL) == 0);
	assert_false(wrmsr(KVM_PV_MSR_EOI, 0x3003));			/* not aligned */
	assert_false(wrmsr(KVM_PV_MSR_EOI, FAKE_RAM_BYTES + 1));	/* no RAM */
	assert_false(wrmsr(KVM_PV_MSR_EOI, FAKE_RAM_BYTES - 2 + 1));
	assert_false(wrmsr(KVM_PV_MSR_EOI, ~3ull | 1));
	assert_false(wrmsr(KVM_PV_MSR_EOI, LAPIC_ADDRESS | 1));
	assert_null(vcpu(0)->pv.eoi_word);
	assert_true(wrmsr(KVM_PV_MSR_EOI, (FAKE_RAM_BYTES - 4) | 1));
	assert_true(rdmsr(KVM_PV_MSR_EOI) == ((FAKE_RAM_BYTES - 4) | 1));
	assert_ptr_equal(vcpu(0)->pv.eoi_word, fake_ram + FAKE_RAM_BYTES - 4);
	assert_true(wrmsr(KVM_PV_MSR_EOI, ~3ull));			/* off: the place does not matter */
	assert_null(vcpu(0)->pv.eoi_word);
	assert_false(wrmsr(KVM_PV_MSR_STEAL, 0x3021));
	assert_false(wrmsr(KVM_PV_MSR_STEAL, 0x3003));
	assert_true(wrmsr(KVM_PV_MSR_STEAL, ~63ull | 1));		/* nothing is written there */
	kvm_pv_report_steal(&vcpu(0)->pv, &fake_machine.memory, 77);
	assert_true(wrmsr(KVM_PV_MSR_STEAL, (FAKE_RAM_BYTES - 32 - 32) | 1));
	assert_false(wrmsr(0x4b564d02, 1));
	assert_false(wrmsr(0x4b564d05, 1));
}

static void test_steal(void **state)
{
	struct { u64 ns; u32 version, flags; } r;

	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_use_x2apic();
	memset(fake_ram + 0x3000, 0xff, 128);
	assert_true(wrmsr(KVM_PV_MSR_STEAL, 0x3001));
	kvm_pv_report_steal(&vcpu(0)->pv, &fake_machine.memory, 0);
	memcpy(&r, fake_ram + 0x3000, sizeof(r));
	assert_true(r.ns == 0 && r.version % 2 == 0);
	kvm_pv_report_steal(&vcpu(0)->pv, &fake_machine.memory, 12345);
	assert_true(r.version != *(u32 *)(void *)(fake_ram + 0x3008));
	memcpy(&r, fake_ram + 0x3000, sizeof(r));
	assert_true(r.ns == 12345 && r.version % 2 == 0);
	assert_int_equal(fake_ram[0x3040], 0xff);
	assert_true(wrmsr(KVM_PV_MSR_STEAL, 0));
	kvm_pv_report_steal(&vcpu(0)->pv, &fake_machine.memory, 99);
	memcpy(&r, fake_ram + 0x3000, sizeof(r));
	assert_true(r.ns == 12345);
}

static void post(u8 vector, bool is_level)
{
	assert_true(lapic_bus_deliver(&fake_machine.lapics,
				      &(struct irq_message){ .vector = vector, .is_level = is_level }));
}

#define WORD (*(u32 *)(void *)(fake_ram + 0x3000))

static void step_eoi(void)
{
	struct lapic *l = &fake_machine.lapic[0];

	fake_page->exit.reason = EXIT_DEADLINE;
	switch (step++) {
	case 0:
		WORD = 0xa0;
		assert_true(wrmsr(KVM_PV_MSR_EOI, 0x3001) && wrmsr(0x80f, 0x1ff));
		post(0x41, false);
		break;
	case 1:		/* promised with the offer; taken and ended without an exit */
		assert_true(fake_page->intr_pending && WORD == 0xa1);
		fake_page->intr_pending = 0;
		WORD = 0xa0;
		break;
	case 2:
		assert_false(fake_page->intr_pending || lapic_is_serving(l));
		assert_true(WORD == 0xa0);
		post(0x42, false);
		break;
	case 3:		/* taken, not ended yet; another one waits: now EOI must be written */
		assert_true(WORD == 0xa1);
		fake_page->intr_pending = 0;
		post(0x43, false);
		break;
	case 4:
		assert_true(WORD == 0xa0 && !fake_page->intr_pending && lapic_is_serving(l));
		assert_true(wrmsr(0x80b, 0));
		break;
	case 5:		/* the other one, alone again */
		assert_true(WORD == 0xa1 && fake_page->intr_pending && fake_page->intr_vector == 0x43);
		fake_page->intr_pending = 0;
		break;
	case 6:		/* EOI written although it was promised: the promise ends, nothing is ended twice */
		assert_true(WORD == 0xa1);
		assert_true(wrmsr(0x80b, 0));
		break;
	case 7:
		assert_true(WORD == 0xa0);
		post(0x44, true);
		break;
	case 8:		/* level: the I/O APIC wants to hear of it */
		assert_true(WORD == 0xa0 && fake_page->intr_pending);
		fake_page->intr_pending = 0;
		break;
	case 9:
		assert_true(WORD == 0xa0);
		assert_true(wrmsr(0x80b, 0));
		break;
	case 10:
		WORD = 0;	/* a guest that clears what was not promised ends nothing */
		post(0x45, false);
		break;
	case 11:
		assert_true(WORD == 1);
		WORD = 0;	/* before it has taken the interrupt */
		break;
	case 12:
		assert_true(fake_page->intr_pending && fake_page->intr_vector == 0x45);
		fake_page->exit.reason = EXIT_SHUTDOWN;
		break;
	default:
		fail();
	}
}

static void test_pv_eoi(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_use_x2apic();
	step = 0;
	fake_on_run = step_eoi;
	vcpu_loop(vcpu(0));
	assert_int_equal(step, 13);
}

/* ---- Hypercalls ---- */

static s64 hypercall(u64 number, u64 rbx, u64 rcx, u64 rdx, u64 rsi)
{
	fake_code("\x0f\x01\xc1", 3);
	fake_page->gpr[GPR_RAX] = number;
	fake_page->gpr[GPR_RBX] = rbx;
	fake_page->gpr[GPR_RCX] = rcx;
	fake_page->gpr[GPR_RDX] = rdx;
	fake_page->gpr[GPR_RSI] = rsi;
	fake_exit(EXIT_HYPERCALL);
	fake_expect_done(3);
	return (s64)fake_page->gpr[GPR_RAX];
}

static int picked(u32 index)
{
	struct lapic *l = &fake_machine.lapic[index];
	u8 vector, threshold;

	lapic_collect(l);
	return lapic_pick(l, &vector, &threshold) ? vector : -1;
}

static void test_hypercalls(void **state)
{
	(void)state;
	fake_start_cpus(PLATFORM_MODERN, 4);
	fake_use_x2apic();
	for (u32 i = 0; i < 4; i++)
		assert_true(lapic_msr_write(&fake_machine.lapic[i], 0x80f, 0x1ff));
	assert_int_equal(hypercall(0, 0, 0, 0, 0), -1000);
	assert_int_equal(hypercall(11, 1, 0, 0, 0), -1000);
	assert_int_equal(hypercall(~0ull, 0, 0, 0, 0), -1000);
	assert_int_equal(hypercall(10, 0xa, 0, 0, 0x50), 2);
	assert_true(picked(0) == -1 && picked(1) == 0x50 && picked(2) == -1 && picked(3) == 0x50);
	assert_int_equal(hypercall(10, 1, ~0ull, 2, 0x60), 1);		/* from ID 2 on; the others are not there */
	assert_int_equal(picked(2), 0x60);
	assert_int_equal(hypercall(10, ~0ull, ~0ull, 4, 0x61), 0);
	assert_int_equal(hypercall(10, ~0ull, ~0ull, ~0ull - 1, 0x61), 0);	/* does not wrap to ID 0 */
	assert_int_equal(hypercall(10, 2, 0, 0, 0x400), 1);		/* NMI */
	assert_true(vcpu(1)->requests & VCPU_REQUEST_NMI);
	assert_int_equal(hypercall(10, 2, 0, 0, 0x500), -22);		/* INIT, startup: not by this way */
	assert_int_equal(hypercall(10, 2, 0, 0, 0x600), -22);
	assert_int_equal(hypercall(10, 2, 0, 0, 0x800 | 0x50), -22);
	assert_int_equal(hypercall(10, 2, 0, 0, 0x40000 | 0x50), -22);
	assert_int_equal(hypercall(5, 0, 3, 0, 0), 0);
	assert_true(vcpu(3)->requests & VCPU_REQUEST_KICK);
	assert_int_equal(hypercall(5, 0, 4, 0, 0), 0);
	assert_int_equal(hypercall(5, 0, ~0ull, 0, 0), 0);
	assert_false(vcpu(0)->requests & VCPU_REQUEST_KICK);
	fake_page->seg[SEG_SS].access |= 3u << ACCESS_DPL_SHIFT;	/* not for the guest's user programs */
	assert_int_equal(hypercall(10, 2, 0, 0, 0x70), -1);
	assert_int_equal(hypercall(5, 0, 2, 0, 0), -1);
	assert_false(vcpu(2)->requests & VCPU_REQUEST_KICK);
}

/* A kick ends one HLT, whether it comes before or during it. */
static void step_kick(void)
{
	switch (step++) {
	case 0:
		vcpu_request(vcpu(0), VCPU_REQUEST_KICK);
		fake_page->exit.reason = EXIT_DEADLINE;
		break;
	case 1:
	case 2:
		fake_code("\xf4", 1);
		fake_page->exit.reason = EXIT_HLT;
		break;
	default:
		fake_page->exit.reason = EXIT_SHUTDOWN;
	}
}

static void wait_kick(void)
{
	assert_int_equal(step, 3);
	vcpu_request(vcpu(0), VCPU_REQUEST_KICK);
	fake_wait_bits = VMM_BIT_KICK;
}

static void test_kick(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_use_x2apic();
	step = 0;
	fake_on_run = step_kick;
	fake_on_wait = wait_kick;
	vcpu_loop(vcpu(0));
	assert_int_equal(step, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_startup), cmocka_unit_test(test_init_bsp), cmocka_unit_test(test_tsc),
		cmocka_unit_test(test_pv_msrs), cmocka_unit_test(test_steal), cmocka_unit_test(test_pv_eoi),
		cmocka_unit_test(test_hypercalls), cmocka_unit_test(test_kick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
