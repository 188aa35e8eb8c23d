/* SPDX-License-Identifier: MIT */
/*
 * vcpu_run completes each instruction once (GROUP_STEP), whatever comes between: a deadline, a signal, a host
 * interrupt, a state that is refused.
 */
/* links: kernel arch */
/* helpers: fake_arch.c fake_objects.c fake_back_end.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cpu_features.h"
#include "notify.h"
#include "sched.h"
#include "vcpu.h"
#include "vm.h"

const struct virt_ops svm_ops = { .kind = VIRT_NONE }, vmx_ops = { .kind = VIRT_NONE };

#define RIP 0x1002		/* behind the instruction that was completed */
#define RAX 0xaa

static struct vcpu_page page;
static struct vm vm;
static struct vcpu vcpu;
static struct thread thread;
static struct sched sched;

static struct { u64 rip, rax, rsp; } guest;	/* in the hardware's hands */

/* What the next entries end with; and what was asked of them. */
static u32 exits[4], entries, steps;

static u32 fake_enter(struct vcpu_hw *hw, u32 what)
{
	(void)hw;
	assert_true(entries < ARRAY_COUNT(exits));
	if (what & ENTER_STEP) {
		steps++;
		guest.rip = page.rip;
		guest.rax = page.gpr[GPR_RAX];
	}
	return exits[entries++];
}

static void fake_prepare(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_page *vcpu_page, bool is_wanted)
{
	(void)hw, (void)entry, (void)vcpu_page, (void)is_wanted;
}

static void fake_load(struct vcpu_hw *hw, const struct vcpu_page *snapshot, u32 groups)
{
	(void)hw;
	if (!(groups & GROUP_GPR))
		return;
	guest.rip = snapshot->rip;
	guest.rax = snapshot->gpr[GPR_RAX];
	guest.rsp = snapshot->gpr[GPR_RSP];
}

static void fake_store(struct vcpu_hw *hw, struct vcpu_page *to, u32 groups)
{
	(void)hw;
	if (!(groups & GROUP_GPR))
		return;
	to->rip = guest.rip;
	to->gpr[GPR_RAX] = guest.rax;
	to->gpr[GPR_RSP] = guest.rsp;
}

static void fake_forget(struct vcpu_hw *hw)
{
	(void)hw;
}

static const struct virt_ops ops = {
	.kind = VIRT_SVM, .load = fake_load, .store = fake_store, .prepare = fake_prepare, .enter = fake_enter,
	.leave = fake_forget, .flush = fake_forget,
};

void sched_timer_limit_set(struct sched *s, u64 deadline_tsc)
{
	s->limit = deadline_tsc;
}

bool sched_sibling_waits(void)
{
	return false;
}

void sched_preempt(void)
{
	pcpu_self()->need_resched = false;
}

void arch_interrupts_poll(void)
{
}

static int setup(void **state)
{
	(void)state;
	fake_here = 0;
	fake_tsc = 1000;
	page = (struct vcpu_page){ .deadline_tsc = DEADLINE_NONE };
	vm = (struct vm){ 0 };
	vcpu = (struct vcpu){ .vm = &vm, .page = &page, .deadline = DEADLINE_UNSET };
	sched = (struct sched){ .limit = DEADLINE_NONE };
	thread = (struct thread){ .vcpu = &vcpu, .pcpu = &fake_pcpus[0] };
	fake_pcpus[0] = (struct pcpu){ .self = &fake_pcpus[0], .sched = &sched, .current = &thread };
	guest.rip = guest.rax = 1, guest.rsp = 0x8000;
	virt = &ops;
	return 0;
}

/* One vcpu_run whose entries end with `first` and, if that is not the VMM's, with a CPUID. */
static enum status run(u32 first)
{
	exits[0] = first;
	exits[1] = EXIT_CPUID;
	entries = steps = 0;
	return vcpu_run().status;
}

/* The guest has been entered here, and the VMM has completed an instruction since. */
static void complete_instruction(void)
{
	assert_int_equal(run(EXIT_CPUID), ST_OK);
	assert_ptr_equal(pcpu_self()->fast_vcpu, &vcpu);
	page.dirty = GROUP_STEP;
	page.rip = RIP;
	page.gpr[GPR_RAX] = RAX;
}

static void handed_back(void)
{
	assert_int_equal(entries, 0);
	assert_int_equal(page.dirty, GROUP_STEP);
	assert_int_equal(page.filled & GROUP_GPR, GROUP_GPR);
	assert_int_equal(page.rip, RIP);
	assert_int_equal(page.gpr[GPR_RAX], RAX);
	assert_int_equal(page.gpr[GPR_RSP], guest.rsp);
}

static void done_once(void)
{
	assert_int_equal(guest.rip, RIP);
	assert_int_equal(guest.rax, RAX);
	assert_int_equal(entries, 2);
	assert_int_equal(steps, 1);
	assert_int_equal(page.dirty, 0);
	assert_int_equal(vcpu.entry.what, 0);
}

static void host_interrupt(void **state)
{
	(void)state;
	complete_instruction();
	assert_int_equal(run(EXIT_NONE), ST_OK);
	done_once();
}

/* The deadline has passed before the entry; the next run is left for a host interrupt. */
static void deadline(void **state)
{
	(void)state;
	complete_instruction();
	page.deadline_tsc = fake_tsc;
	assert_int_equal(run(EXIT_CPUID), ST_OK);
	assert_int_equal(page.exit.reason, EXIT_DEADLINE);
	handed_back();
	page.deadline_tsc = DEADLINE_NONE;
	assert_int_equal(run(EXIT_NONE), ST_OK);
	done_once();
}

static void notification(void **state)
{
	(void)state;
	complete_instruction();
	thread.pending = 1;
	pcpu_self()->fast_vcpu = NULL;
	assert_int_equal(run(EXIT_CPUID), ST_NOTIFIED);
	handed_back();
	pcpu_self()->fast_vcpu = &vcpu;
	assert_int_equal(run(EXIT_NONE), ST_OK);
	done_once();
}

/* An event that no hardware delivers is refused, and the step beside it is not done. */
static void refused(void **state)
{
	(void)state;
	complete_instruction();
	page.event = (struct vcpu_event){ .valid = 1, .type = 0xff };
	page.dirty = GROUP_STEP | GROUP_EVENT;
	assert_int_equal(run(EXIT_CPUID), ST_OK);
	assert_int_equal(page.exit.reason, EXIT_BAD_STATE);
	handed_back();
	page.event.valid = 0;
	assert_int_equal(run(EXIT_NONE), ST_OK);
	done_once();
}

/* What was handed back is the vCPU's true state: SYS_VCPU_GET does not undo it. */
static void got(void **state)
{
	(void)state;
	complete_instruction();
	page.deadline_tsc = fake_tsc;
	assert_int_equal(run(EXIT_CPUID), ST_OK);
	assert_int_equal(vcpu_get(GROUP_GPR | GROUP_SEG).status, ST_OK);
	handed_back();
	page.deadline_tsc = DEADLINE_NONE;
	assert_int_equal(run(EXIT_NONE), ST_OK);
	done_once();
}

/* Registers beside the step that go down with a state that is refused: what the page holds then is true. */
static void refused_with_registers(void **state)
{
	(void)state;
	complete_instruction();
	page.gpr[GPR_RSP] = guest.rsp + 8;
	page.pat = 2;
	page.dirty = GROUP_STEP | GROUP_GPR | GROUP_CR;
	assert_int_equal(run(EXIT_CPUID), ST_OK);
	assert_int_equal(page.exit.reason, EXIT_BAD_STATE);
	handed_back();
	page.pat = 0;
	assert_int_equal(run(EXIT_NONE), ST_OK);
	done_once();
}

/* Without a step the registers are the guest's, whatever the VMM has written there. */
static void got_without_step(void **state)
{
	(void)state;
	assert_int_equal(run(EXIT_CPUID), ST_OK);
	page.rip = RIP + 100;
	assert_int_equal(vcpu_get(GROUP_GPR).status, ST_OK);
	assert_int_equal(page.rip, guest.rip);
}

static int setup_machine(void **state)
{
	(void)state;
	fake_machine_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(host_interrupt, setup),
		cmocka_unit_test_setup(deadline, setup),
		cmocka_unit_test_setup(notification, setup),
		cmocka_unit_test_setup(refused, setup),
		cmocka_unit_test_setup(refused_with_registers, setup),
		cmocka_unit_test_setup(got, setup),
		cmocka_unit_test_setup(got_without_step, setup),
	};

	return cmocka_run_group_tests(tests, setup_machine, NULL);
}
