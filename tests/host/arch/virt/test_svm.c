/* SPDX-License-Identifier: MIT */
/* links: arch */
/* helpers: fake_cpu.c */
/*
 * The SVM back end in front of a processor that is a function: what the VMCB says, and what becomes of exits. Among
 * them those of QEMU TCG that leave the host's state in the VMCB, which no VMM may see and no guest run with. And in
 * front of processors that tag translations with ASIDs, and flush at an entry only if they do not refuse it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu_features.h"
#include "kernel_upcalls.h"
#include "svm.h"
#include "virt_bits.h"

#define HOST 0xffff8000c0dec0deull	/* in every register of the host */
#define GUEST_RIP 0x100139u
#define MISC1(code) (hw->vmcb->intercept_misc1 & SVM_INTERCEPT1(code))

static struct vcpu_page page;
static struct vcpu_entry entry;
static struct vcpu_hw *hw;
static struct info_page info;
static void (*processor)(struct vmcb *v);

const struct virt_ops vmx_ops = { .kind = VIRT_NONE };

u32 svm_switch(struct vcpu_hw *vcpu)
{
	processor(vcpu->vmcb);
	return svm_exit(vcpu);
}

u32 svm_switch_armed(struct vcpu_hw *vcpu)
{
	return svm_switch(vcpu);
}

static void start(void)
{
	svm_features = (struct svm_features){ .exits_for_bad_cr = true };
	memset(&page, 0, sizeof(page));
	memset(&entry, 0, sizeof(entry));
	hw = kernel_frames_alloc(VCPU_HW_FRAMES);
	svm_ops.vcpu_init(hw, HPA(0x5000), 0, page.gpr);
	hw->page = &page;
	hw->entry = &entry;
	hw->vmcb->rip = GUEST_RIP;
}

static void end(void)
{
	kernel_frames_free(hw, VCPU_HW_FRAMES);
}

static void exit_with(struct vmcb *v, u64 code, u64 info1, u64 info2)
{
	v->exit_code = code;
	v->exit_info1 = info1;
	v->exit_info2 = info2;
	v->exit_int_info = v->event_inject;
	v->event_inject = 0;
}

/* What QEMU stores at a #VMEXIT while it is in the host; FS, GS, TR, LDTR and MSRs are left to VMSAVE. */
static void save_host(struct vmcb *v)
{
	struct vmcb_segment *const segments[] = { &v->es, &v->cs, &v->ss, &v->ds, &v->gdtr, &v->idtr };

	for (u32 i = 0; i < ARRAY_COUNT(segments); i++)
		segments[i]->base = HOST;
	v->efer = v->cr0 = v->cr2 = v->cr3 = v->cr4 = v->rflags = v->rip = v->rsp = v->rax = v->dr6 = v->dr7 = HOST;
	v->int_control = 0;
}

static void refuse(struct vmcb *v)
{
	save_host(v);
	exit_with(v, SVM_EXIT_INVALID, 0, 0);
}

static void fault_in_host(struct vmcb *v)
{
	save_host(v);
	exit_with(v, SVM_NESTED_FAULT, SVM_NPF_WALK | SVM_NPF_WRITE, 0x3f2d9ff8);
}

static void fault_in_guest(struct vmcb *v)
{
	exit_with(v, SVM_NESTED_FAULT, SVM_NPF_WRITE, 0xfec00010);
}

static void move_to_cr(struct vmcb *v)
{
	exit_with(v, SVM_EXIT_INVALID, 0, 0);
}

static void pause_loop(struct vmcb *v)
{
	exit_with(v, SVM_PAUSE, 0, 0);
}

static bool has_host_value(const void *p, u32 bytes)
{
	const u64 *words = p;

	for (u32 i = 0; i < bytes / 8; i++)
		if (words[i] == HOST)
			return true;
	return false;
}

static void expect_no_host(u32 reason)
{
	assert_int_equal(reason, EXIT_BAD_STATE);
	svm_ops.store(hw, &page, GROUP_ALL & ~GROUP_TIME);
	assert_false(has_host_value(&page, sizeof(page)));
	assert_false(has_host_value(hw->vmcb, sizeof(*hw->vmcb)));
	assert_int_equal(page.rip, virt_init_state.rip);
	/* and if the VMM just goes on, host interrupts still end the guest whatever its IF */
	assert_int_equal(hw->vmcb->int_control, SVM_V_INTR_MASKING | SVM_V_IGN_TPR);
}

static void test_refused_entry(void **state)
{
	(void)state;
	start();
	processor = refuse;
	expect_no_host(svm_ops.enter(hw, 0));
	assert_int_equal(page.exit.bad_state.hardware, SVM_EXIT_INVALID);
	end();
}

static void test_fault_in_host(void **state)
{
	(void)state;
	start();
	processor = fault_in_host;
	expect_no_host(svm_ops.enter(hw, 0));
	assert_int_equal(page.exit.bad_state.hardware, SVM_NESTED_FAULT);
	end();
}

static void test_fault_in_guest(void **state)
{
	(void)state;
	start();
	processor = fault_in_guest;
	assert_int_equal(svm_ops.enter(hw, 0), EXIT_MEM);
	assert_int_equal(entry.mem_gpa, 0xfec00010);
	assert_int_equal(entry.mem_flags, MEM_WRITE);
	assert_int_equal(page.rip, GUEST_RIP);
	end();
}

/* #GP for the guest, once; a second time its state is at fault, and shown as it is. */
static void test_bad_cr(void **state)
{
	(void)state;
	start();
	processor = move_to_cr;
	assert_int_equal(svm_ops.enter(hw, 0), EXIT_NONE);
	assert_true(entry.event.valid && entry.event.vector == VECTOR_GP && entry.event.has_error);
	assert_int_equal(svm_ops.enter(hw, ENTER_EVENTS), EXIT_BAD_STATE);
	assert_int_equal(page.rip, GUEST_RIP);
	end();
}

/* What processors do that are no QEMU: nothing else than to say so. */
static void interrupt_in_shadow(struct vmcb *v)
{
	exit_with(v, SVM_INTR, 0, 0);
	v->int_state = SVM_INT_STATE_SHADOW;
}

static void interrupt_outside(struct vmcb *v)
{
	exit_with(v, SVM_INTR, 0, 0);
	v->int_state = 0;
}

/* The VMM hears of each host interrupt in a shadow, whether or not it offers one to the guest. */
static void test_interrupt_in_shadow(void **state)
{
	(void)state;
	start();
	processor = interrupt_outside;
	assert_int_equal(svm_ops.enter(hw, 0), EXIT_NONE);
	processor = interrupt_in_shadow;
	assert_int_equal(svm_ops.enter(hw, 0), EXIT_SHADOW);
	assert_true(page.shadow != 0);
	end();
}

static void refuse_only(struct vmcb *v)
{
	v->exit_code = SVM_EXIT_INVALID;
}

static void deliver(struct vmcb *v)
{
	v->event_inject = 0;
	v->int_control &= ~SVM_V_IRQ;
	v->exit_code = SVM_CPUID;
}

/* Each kind of thing that an entry may deliver. */
static const struct vcpu_entry requests[] = {
	{ .event = { .valid = 1, .type = EVENT_EXCEPTION, .vector = VECTOR_PF, .has_error = 1, .error = 0x1234 } },
	{ .event = { .valid = 1, .type = EVENT_EXCEPTION, .vector = VECTOR_UD }, .intr_pending = 1, .intr_vector = 77 },
	{ .event = { .valid = 1, .type = EVENT_SOFT_INT, .vector = 0x80, .insn_len = 2 } },
	{ .event = { .valid = 1, .type = EVENT_SOFT_EXCEPTION, .vector = VECTOR_BP, .insn_len = 1 } },
	{ .event = { .valid = 1, .type = EVENT_NMI, .vector = VECTOR_NMI } },
	{ .intr_pending = 1, .intr_vector = 99, .tpr_threshold = 3 },
};

static void check_refusal(const struct vcpu_entry *wish, void (*how)(struct vmcb *v))
{
	entry = *wish;
	processor = how;
	assert_int_equal(svm_ops.enter(hw, ENTER_EVENTS), EXIT_BAD_STATE);
	assert_memory_equal(&entry.event, &wish->event, sizeof(entry.event));
	assert_int_equal(entry.interrupts, wish->interrupts);
	assert_int_equal(entry.what, ENTER_EVENTS);
	assert_false(page.shadow & SHADOW_NMI);
	assert_false(MISC1(SVM_IRET));
}

/* It comes back; the next entry delivers it if the VMM leaves it there, and nothing if it takes it away. */
static void test_refused_events(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(requests); i++) {
		start();
		svm_features.exits_for_bad_cr = false;
		check_refusal(&requests[i], refuse_only);
		assert_int_equal(page.rip, GUEST_RIP);
		processor = deliver;
		assert_int_equal(svm_ops.enter(hw, ENTER_EVENTS), EXIT_CPUID);
		assert_false(entry.event.valid || entry.intr_pending);
		check_refusal(&(struct vcpu_entry){ .event = requests[i].event, .what = ENTER_EVENTS }, refuse_only);
		entry = (struct vcpu_entry){ 0 };
		processor = refuse_only;
		assert_int_equal(svm_ops.enter(hw, 0), EXIT_BAD_STATE);
		assert_false(entry.event.valid || hw->vmcb->event_inject || (hw->vmcb->int_control & SVM_V_IRQ));
		end();
		start();
		check_refusal(&requests[i], refuse);
		end();
	}
}

/* An interrupt is injected if nothing is in its way, else on offer. QEMU TCG may deliver an injected one twice. */
static void test_interrupts(void **state)
{
	static const struct { u64 rflags, int_state; bool doubles, has_event, is_injected; } cases[] = {
		{ RFLAGS_IF, 0, false, false, true },
		{ RFLAGS_IF, 0, true, false, false },
		{ RFLAGS_IF, 0, false, true, false },
		{ RFLAGS_IF, SVM_INT_STATE_SHADOW, false, false, false },
		{ 0, 0, false, false, false },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		start();
		svm_features.doubles_interrupts = cases[i].doubles;
		hw->vmcb->rflags = RFLAGS_ONE | cases[i].rflags;
		hw->vmcb->int_state = cases[i].int_state;
		entry.event = cases[i].has_event ? requests[0].event : (struct vcpu_event){ 0 };
		entry.intr_pending = 1;
		entry.intr_vector = 99;
		svm_event_inject(hw, &entry);
		assert_int_equal(hw->vmcb->event_inject == (SVM_EVENT_VALID | 99u), cases[i].is_injected);
		assert_int_equal(hw->vmcb->int_control & SVM_V_IRQ, cases[i].is_injected ? 0 : SVM_V_IRQ);
		end();
	}
}

/* One that only waited comes back as an NMI to deliver. */
static void test_refused_pending_nmi(void **state)
{
	(void)state;
	start();
	svm_features.exits_for_bad_cr = false;
	entry.nmi_pending = 1;
	processor = refuse_only;
	assert_int_equal(svm_ops.enter(hw, ENTER_EVENTS), EXIT_BAD_STATE);
	assert_true(entry.event.valid && entry.event.type == EVENT_NMI && entry.event.vector == VECTOR_NMI);
	assert_false(entry.nmi_pending || MISC1(SVM_IRET));
	assert_false(page.shadow & SHADOW_NMI);
	end();
}

static void init_with(u32 edx)
{
	const struct cpuid svm = { .ebx = 16, .edx = edx };

	memset(&info, 0, sizeof(info));
	svm_probe_features(&info, &svm);
	hw = kernel_frames_alloc(VCPU_HW_FRAMES);
	svm_ops.vcpu_init(hw, HPA(0x5000), 0, page.gpr);
}

static void test_pause_filter(void **state)
{
	(void)state;
	assert_int_equal(svm_ops.cpu_on(), ST_OK);
	init_with(BIT32(0));
	assert_true(info.features_missing & BIT64(FEAT_PAUSE_FILTER));
	assert_false(info.features_used & BIT64(FEAT_PAUSE_FILTER));
	assert_false(MISC1(SVM_PAUSE) || hw->vmcb->pause_count || hw->vmcb->pause_threshold);
	assert_true(MISC1(SVM_HLT));
	svm_ops.prepare(hw, &entry, &page, true);
	assert_true(MISC1(SVM_PAUSE));		/* each; but only where it can be of use */
	svm_ops.prepare(hw, &entry, &page, false);
	assert_false(MISC1(SVM_PAUSE));
	end();
	init_with(BIT32(0) | BIT32(10) | BIT32(12));
	assert_true(info.features_used & BIT64(FEAT_PAUSE_FILTER));
	assert_false(info.features_missing & BIT64(FEAT_PAUSE_FILTER));
	svm_ops.prepare(hw, &entry, &page, false);
	assert_true(MISC1(SVM_PAUSE));
	assert_int_equal(hw->vmcb->pause_threshold, PAUSE_GAP);
	assert_in_range(hw->vmcb->pause_count, 2, PAUSE_WINDOW);
	end();
	start();
	processor = pause_loop;
	assert_int_equal(svm_ops.enter(hw, 0), EXIT_PAUSE);
	assert_int_equal(page.exit.reason, EXIT_PAUSE);
	end();
}

/* ---- what is intercepted ------------------------------------------------------------------------ */

struct cpuid fake_cpuid(u32 leaf)
{
	switch (leaf) {
	case 0x80000000u:
		return (struct cpuid){ .eax = 0x8000000au };
	case 0x80000001u:
		return (struct cpuid){ .ecx = BIT32(2) };
	case 0x8000000au:
		return (struct cpuid){ .ebx = 16, .edx = BIT32(0) };
	default:
		return (struct cpuid){ 0 };
	}
}

/* A word of the VMCB, at its offset in APM Vol. 2, table B-1. */
static u32 vmcb_word(u32 offset)
{
	u32 word;

	memcpy(&word, (const u8 *)hw->vmcb + offset, sizeof(word));
	return word;
}

static const u8 *map_at(u64 hpa)
{
	return (const u8 *)(uintptr_t)(hpa + KERNEL_BASE);
}

/* Every exit that keeps the guest from what is the host's, by its number in the manual. */
static void test_intercepts(void **state)
{
	/* INTR, NMI, INIT, RDPMC, CPUID, RSM, INVD, HLT, INVLPGA, IOIO, MSR, SHUTDOWN */
	const u32 misc1 = BIT32(0) | BIT32(1) | BIT32(3) | BIT32(15) | BIT32(18) | BIT32(19) | BIT32(22) | BIT32(24) |
			  BIT32(26) | BIT32(27) | BIT32(28) | BIT32(31);
	/* VMRUN, VMMCALL, VMLOAD, VMSAVE, STGI, CLGI, SKINIT, WBINVD, MONITOR, MWAIT (two), XSETBV, RDPRU */
	const u32 misc2 = 0x7fu | BIT32(9) | BIT32(10) | BIT32(11) | BIT32(12) | BIT32(13) | BIT32(14);

	(void)state;
	start();
	assert_int_equal(vmcb_word(0x0), BIT32(4) | BIT32(16 + 4));	/* CR4, which has a bit of the host's */
	assert_int_equal(vmcb_word(0x8) & (BIT32(1) | BIT32(17) | BIT32(18)), BIT32(1) | BIT32(17) | BIT32(18));
	assert_int_equal(vmcb_word(0xc) & misc1, misc1);
	assert_int_equal(vmcb_word(0x10) & misc2, misc2);
	assert_int_equal(vmcb_word(0x60) & BIT32(24), BIT32(24));	/* its IF masks no host interrupt */
	assert_int_equal(vmcb_word(0x90) & 1, 1);			/* nested paging */
	end();
}

/* All ports exit, the three behind the last one included; and all MSRs that VMLOAD and VMSAVE do not switch. */
static void test_maps(void **state)
{
	static const struct { u32 index, open; } switched[] = {
		{ 0x174, 3 }, { 0x175, 3 }, { 0x176, 3 }, { 0xc0000081u, 3 }, { 0xc0000082u, 1 }, { 0xc0000083u, 1 },
		{ 0xc0000084u, 3 }, { 0xc0000100u, 3 }, { 0xc0000101u, 3 }, { 0xc0000102u, 3 },
	};
	static const u32 ranges[] = { 0, 0xc0000000u, 0xc0010000u };
	const u8 *ports, *msrs;
	u32 open = 0;

	(void)state;
	assert_true(svm_ops.probe(&info));
	start();
	ports = map_at(hw->vmcb->iopm_base);
	msrs = map_at(hw->vmcb->msrpm_base);
	for (u32 port = 0; port < 0x10003; port++)
		assert_true(ports[port / 8] & BIT32(port % 8));
	for (u32 i = 0; i < 3 * 0x2000; i++) {
		u32 index = ranges[i / 0x2000] + i % 0x2000, exits = msrs[i / 4] >> (i % 4 * 2) & 3, allowed = 0;

		for (u32 s = 0; s < ARRAY_COUNT(switched); s++)
			allowed |= switched[s].index == index ? switched[s].open : 0;
		assert_int_equal(exits & ~allowed, 3 & ~allowed);
		open += exits != 3;
	}
	assert_int_equal(open, ARRAY_COUNT(switched));	/* or the map was not found */
	end();
}

/* VMRUN demands EFER.SVME; the guest has a processor without SVM. */
static void test_svme_is_hidden(void **state)
{
	(void)state;
	start();
	page.efer = EFER_LME;
	svm_ops.load(hw, &page, GROUP_CR);
	assert_int_equal(hw->vmcb->efer, EFER_LME | EFER_SVME);
	page.efer = 0;
	svm_ops.store(hw, &page, GROUP_CR);
	assert_int_equal(page.efer, EFER_LME);
	end();
}

/*
 * With CR4.MCE clear a machine check shuts the processor down (APM Vol. 2 9.2.2), and while a guest runs CR4 is the
 * guest's.
 */
static void test_machine_check_is_on(void **state)
{
	(void)state;
	start();
	page.cr4 = CR4_PAE;
	svm_ops.load(hw, &page, GROUP_CR);
	assert_int_equal(hw->vmcb->cr4, CR4_PAE | CR4_MCE);
	page.cr4 = 0;
	svm_ops.store(hw, &page, GROUP_CR);
	assert_int_equal(page.cr4, CR4_PAE);
	end();
}

/* ---- ASIDs -------------------------------------------------------------------------------------- */

#define VCPUS 6u
#define ASIDS 4u

static struct tagged {
	struct vcpu_hw *hw;
	u32 pcpu;
	u32 epoch;	/* its second-level tables have shrunk so often */
} tagged[VCPUS];

/* What is cached under an ASID: translations of that vCPU, from that epoch on. */
static struct { const struct tagged *of; u32 epoch; } tlb[FAKE_PCPUS][ASIDS];
static const struct tagged *prepared[FAKE_PCPUS];	/* who may enter at once */
static struct { u32 flushes, refused, entries; } seen;
static unsigned seed;

static bool one_in(u32 count)
{
	return (u32)rand_r(&seed) % count == 0;
}

static void tagged_processor(struct vmcb *v)
{
	const struct tagged *t = prepared[fake_here];

	assert_ptr_equal(v, t->hw->vmcb);
	assert_in_range(v->asid, 1, ASIDS - 1);
	if (one_in(4)) {
		exit_with(v, SVM_EXIT_INVALID, 0, 0);
		seen.refused++;
		return;
	}
	if (v->tlb_control == SVM_TLB_FLUSH_ALL) {
		memset(tlb[fake_here], 0, sizeof(tlb[0]));
		seen.flushes++;
	}
	if (tlb[fake_here][v->asid].of != NULL) {
		assert_ptr_equal(tlb[fake_here][v->asid].of, t);
		assert_int_equal(tlb[fake_here][v->asid].epoch, t->epoch);
	}
	tlb[fake_here][v->asid].of = t;
	tlb[fake_here][v->asid].epoch = t->epoch;
	seen.entries++;
	exit_with(v, one_in(2) ? SVM_CPUID : SVM_INTR, 0, 0);
}

static void move(struct tagged *t)
{
	svm_ops.leave(t->hw);
	if (prepared[t->pcpu] == t)
		prepared[t->pcpu] = NULL;
	t->pcpu = (u32)rand_r(&seed) % FAKE_PCPUS;
}

static void shrink(struct tagged *t)
{
	t->epoch++;
	svm_ops.flush(t->hw);
	if (prepared[t->pcpu] == t)
		prepared[t->pcpu] = NULL;
}

/* Entered at once, later, or not at all. */
static void turn(struct tagged *t)
{
	fake_here = t->pcpu;
	if (one_in(8)) {
		move(t);
	} else if (one_in(8)) {
		shrink(t);
	} else if (prepared[fake_here] != t) {
		entry.interrupts = 0;
		svm_ops.prepare(t->hw, &entry, &page, false);
		prepared[fake_here] = t;
	}
	while (prepared[fake_here] == t && !one_in(3)) {
		entry.intr_pending = one_in(3);
		(void)svm_ops.enter(t->hw, entry.intr_pending ? ENTER_EVENTS : 0);
	}
}

static void test_asids(void **state)
{
	(void)state;
	svm_features = (struct svm_features){ .asid_count = ASIDS };
	processor = tagged_processor;
	seed = getenv("VOS_TEST_SEED") ? (unsigned)strtoul(getenv("VOS_TEST_SEED"), NULL, 0) : 815u;
	for (fake_here = 0; fake_here < FAKE_PCPUS; fake_here++) {
		for (u32 asid = 0; asid < ASIDS; asid++)	/* somebody was there before us */
			tlb[fake_here][asid].of = &tagged[VCPUS - 1], tlb[fake_here][asid].epoch = ~0u;
		assert_int_equal(svm_ops.cpu_on(), ST_OK);
	}
	fake_here = 0;
	for (u32 i = 0; i < VCPUS; i++)
		svm_ops.vcpu_init(tagged[i].hw = kernel_frames_alloc(VCPU_HW_FRAMES), HPA(0x5000), 0, page.gpr);
	for (u32 i = 0; i < 100000; i++)
		turn(&tagged[(u32)rand_r(&seed) % VCPUS]);
	printf("entries %u, refused %u, flushes %u\n", seen.entries, seen.refused, seen.flushes);
	assert_true(seen.entries > 10000 && seen.refused > 1000 && seen.flushes > 1000);
}

_Static_assert(offsetof(struct vmcb, pause_threshold) == 0x3c && offsetof(struct vmcb, pause_count) == 0x3e, "APM B.1");

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_entry),
		cmocka_unit_test(test_fault_in_host),
		cmocka_unit_test(test_fault_in_guest),
		cmocka_unit_test(test_bad_cr),
		cmocka_unit_test(test_interrupts), cmocka_unit_test(test_interrupt_in_shadow),
		cmocka_unit_test(test_refused_events),
		cmocka_unit_test(test_refused_pending_nmi),
		cmocka_unit_test(test_pause_filter),
		cmocka_unit_test(test_intercepts),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_svme_is_hidden),
		cmocka_unit_test(test_machine_check_is_on),
		cmocka_unit_test(test_asids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
