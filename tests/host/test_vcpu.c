/* sources: vmm/vcpu.c vmm/vcpu_insn.c vmm/exits.c vmm/guest_msr.c vmm/guest_cpuid.c vmm/machine.c vmm/machine_time.c vmm/control.c */
/* sources: vmm/console_port.c vmm/bus.c vmm/guest_memory.c vmm/memory_map.c vmm/walk.c vmm/decode.c vmm/emulate.c vmm/alu.c */
/* sources: vmm/load.c vmm/load_elf.c vmm/load_linux.c vmm/load_pvh.c vmm/load_multiboot.c drivers/rt/rt_time.c kernel/lib/ring.c */
/* sources: vmm/dev/uart16550.c vmm/dev/lapic.c vmm/dev/lapic_regs.c vmm/dev/lapic_timer.c vmm/dev/ioapic.c vmm/dev/kvmclock.c */
/* sources: vmm/dev/acpi_pm.c vmm/dev/pci.c vmm/dev/pic8259.c vmm/dev/pit8254.c vmm/dev/power.c vmm/dev/rtc.c vmm/dev/i8042.c */
/* sources: vmm/dev/debug_port.c vmm/dev/pvpanic.c */
/* includes: vmm vmm/dev drivers/rt */
/*
 * A whole machine on a fake kernel: vcpu_run() plays scripted exits instead of running a guest, and the test looks at what the VMM made of
 * them. Time is a counter the test moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acpi_tables.h"
#include "load.h"
#include "machine.h"
#include "syscalls.h"

#define RAM_BYTES (4 * MIB)
#define CODE 0x5000ull	/* where the instructions of the exits lie; paging is off */

static u8 *ram;
static struct machine machine;
static struct vmm_args args;
static struct info_page info;
static struct vmm_control control;
static u8 page_bytes[PAGE_SIZE] __attribute__((aligned(4096)));
static struct vcpu_page *const page = (struct vcpu_page *)(void *)page_bytes;
static u8 rings[VM_RINGS_BYTES] __attribute__((aligned(64)));
static u64 now;
static u32 root_signals, console_signals, entries;

/* What the fake kernel does at the next vcpu_run and wait. */
static void (*on_run)(void);
static u64 run_bits, wait_bits;
static u64 last_deadline;

u32 acpi_build(const struct acpi_config *config, u8 *buffer, u32 capacity, gpa_t gpa)
{
	(void)config;
	(void)gpa;
	assert_true(capacity >= 8);
	memcpy(buffer, "RSD PTR ", 8);
	return 8;
}

static enum status fake_run(void *ctx, u32 vcpu, u64 *bits)
{
	(void)ctx;
	assert_int_equal(vcpu, 0);
	entries++;
	page->dirty = 0;
	page->filled = GROUP_ALL;
	last_deadline = page->deadline_tsc;
	memset(&page->exit, 0, sizeof(page->exit));
	*bits = run_bits;
	run_bits = 0;
	if (*bits)
		return ST_NOTIFIED;
	on_run();
	return ST_OK;
}

static enum status fake_get(void *ctx, u32 vcpu, u32 groups)
{
	(void)ctx;
	(void)vcpu;
	page->filled |= groups;
	return ST_OK;
}

static enum status fake_wait(void *ctx, u64 deadline, u64 *bits)
{
	(void)ctx;
	last_deadline = deadline;
	*bits = wait_bits;
	wait_bits = 0;
	if (*bits)
		return ST_OK;
	assert_true(deadline != DEADLINE_NONE);	/* it would sleep for ever */
	now = deadline;
	return ST_TIMEOUT;
}

static void fake_nothing(void *ctx)
{
	(void)ctx;
}

static void fake_root(void *ctx)
{
	(void)ctx;
	root_signals++;
	control.want_paused = 0;	/* root resumes at once when it sees the pause */
	now += 1000;
}

static void fake_console(void *ctx)
{
	(void)ctx;
	console_signals++;
}

static void fake_signal(void *ctx, u32 vcpu)
{
	(void)ctx;
	(void)vcpu;
}

static u64 fake_tsc(void *ctx)
{
	(void)ctx;
	return now;
}

static const struct host host = {
	.vcpu_run = fake_run, .vcpu_get = fake_get, .wait = fake_wait, .yield = fake_nothing, .signal_root = fake_root,
	.signal_console = fake_console, .signal_vcpu = fake_signal, .tsc = fake_tsc,
};

/* A host with everything: what reaches the guest must come from the allow-list. */
static void generous_cpuid(u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	*r = (struct cpuid_regs){ ~0u, ~0u, ~0u, ~0u };
	if (leaf == 0)
		*r = (struct cpuid_regs){ 0x20, 0x68747541, 0x444d4163, 0x69746e65 };
	else if (leaf == 0x80000000)
		r->eax = 0x8000001f;
	else if (leaf == 0x80000008)
		r->eax = 0x3028;
	else if (leaf == 0xd && subleaf == 2)
		*r = (struct cpuid_regs){ 256, 576, 0, 0 };
	else if (leaf == 0xd && subleaf == 0)
		*r = (struct cpuid_regs){ 7, 832, 832, 0 };
}

static void start(u32 platform)
{
	struct machine_config config = { .host = &host, .args = &args, .info = &info, .control = &control, .ram = ram, .rings = rings,
					 .pages = page_bytes, .host_cpuid = generous_cpuid };

	memset(ram, 0, RAM_BYTES);
	memset(&args, 0, sizeof(args));
	memset(&control, 0, sizeof(control));
	memset(page_bytes, 0, sizeof(page_bytes));
	memset(rings, 0, sizeof(rings));
	info = (struct info_page){ .tsc_hz = 1000000000, .xcr0_mask = 0x207 };
	args.memory_bytes = RAM_BYTES;
	args.cpus = 1;
	args.platform = platform;
	now = 5000000;
	root_signals = console_signals = entries = 0;
	assert_true(machine_init(&machine, &config));
	struct load_result result = { .mode = LOAD_PROTECTED, .entry = CODE };
	load_registers(&result, &machine.memory, page);
}

static void code(const void *bytes, u32 count)
{
	memset(ram + CODE, 0x90, 32);
	memcpy(ram + CODE, bytes, count);
	page->rip = CODE;
	page->event.valid = 0;
	page->filled = GROUP_ALL;
	page->dirty = 0;
	memset(&page->exit, 0, sizeof(page->exit));
}

static void handle(u32 reason)
{
	page->exit.reason = reason;
	vcpu_handle_exit(&machine.vcpu[0]);
}

static void expect_event(u8 vector)
{
	assert_true(page->event.valid);
	assert_int_equal(page->event.vector, vector);
	assert_true(page->rip == CODE);
	page->event.valid = 0;
}

static void expect_done(u32 len)
{
	assert_false(page->event.valid);
	assert_true(page->rip == CODE + len);
	assert_true(page->dirty & GROUP_GPR);
}

/* ---- Exits ---- */

static void out_byte(u16 port, u8 value)
{
	code("\xee", 1);
	page->exit.pio.port = port;
	page->exit.pio.size = 1;
	page->exit.pio.next_rip = CODE + 1;
	page->gpr[GPR_RAX] = value;
	handle(EXIT_PIO);
	expect_done(1);
}

static u64 in_value(u16 port, u8 size)
{
	code("\xed", 1);
	page->exit.flags = PIO_IN;
	page->exit.pio.port = port;
	page->exit.pio.size = size;
	page->gpr[GPR_RAX] = 0x1122334455667788ull;
	handle(EXIT_PIO);	/* neither length nor next RIP: decoded */
	expect_done(1);
	return page->gpr[GPR_RAX];
}

static void test_ports(void **state)
{
	struct ring_shared *out = (struct ring_shared *)(void *)rings;

	(void)state;
	start(PLATFORM_MODERN);
	out_byte(COM1_PORT, 'A');
	assert_int_equal(out->data[0], 'A');
	out_byte(DEBUG_PORT, 'B');
	assert_int_equal(out->data[1], 'B');
	assert_true(in_value(COM1_PORT + 5, 1) == 0x1122334455667760ull);	/* LSR: empty */
	assert_true(in_value(0x9000, 1) == 0x11223344556677ffull);
	assert_true(in_value(0x9000, 2) == 0x112233445566ffffull);
	assert_true(in_value(0x9000, 4) == 0xffffffffull);
	assert_true(in_value(0xffff, 4) == 0xffffffffull);
	/* the console hears of it before the vCPU sleeps, or when 256 bytes have gathered */
	assert_int_equal(console_signals, 0);
	ring_consumer_wait(&(struct ring){ .shared = out, .size = VM_OUTPUT_RING_BYTES }, true);
	for (u32 i = 0; i < 254; i++)
		out_byte(COM1_PORT, 'x');
	assert_int_equal(console_signals, 1);
}

static void test_string_port(void **state)
{
	(void)state;
	start(PLATFORM_MODERN);
	memcpy(ram + 0x6000, "hello", 5);
	code("\xf3\x6e", 2);
	page->exit.flags = PIO_STRING | PIO_REP;
	page->gpr[GPR_RSI] = 0x6000;
	page->gpr[GPR_RCX] = 5;
	page->gpr[GPR_RDX] = COM1_PORT;
	handle(EXIT_PIO);
	expect_done(2);
	assert_memory_equal(((struct ring_shared *)(void *)rings)->data, "hello", 5);
}

static void test_mmio(void **state)
{
	(void)state;
	start(PLATFORM_MODERN);
	/* I/O APIC: select the version register, read it */
	code("\xc7\x03\x01\x00\x00\x00", 6);		/* mov dword [ebx],1 */
	page->gpr[GPR_RBX] = IOAPIC_ADDRESS;
	handle(EXIT_MEM);
	expect_done(6);
	code("\x8b\x43\x10", 3);			/* mov eax,[ebx+10h] */
	handle(EXIT_MEM);
	expect_done(3);
	assert_true(page->gpr[GPR_RAX] == 0x00170020);
	/* nobody there */
	page->gpr[GPR_RBX] = 0xd0000000;
	code("\x8b\x03", 2);
	handle(EXIT_MEM);
	expect_done(2);
	assert_true(page->gpr[GPR_RAX] == 0xffffffff);
	/* a store that begins in RAM and ends behind it */
	page->gpr[GPR_RBX] = RAM_BYTES - 2;
	page->gpr[GPR_RAX] = 0xaabbccdd;
	code("\x89\x03", 2);
	handle(EXIT_MEM);
	expect_done(2);
	assert_memory_equal(ram + RAM_BYTES - 2, "\xdd\xcc", 2);
	/* a jump into the void fetches all ones: #UD */
	code("", 0);
	page->rip = 0xd0000000;
	handle(EXIT_MEM);
	assert_true(page->event.valid && page->event.vector == VECTOR_UD);
	/* vector registers are out of reach: the machine ends, with words */
	page->gpr[GPR_RBX] = IOAPIC_ADDRESS;
	code("\x0f\x11\x03", 3);
	handle(EXIT_MEM);
	assert_true(machine_ended(&machine));
	assert_int_equal(machine.ending.reason, WHY_EMULATION);
	assert_non_null(strstr(machine.ending.text, "vector"));
}

static void test_xapic_page(void **state)
{
	(void)state;
	start(PLATFORM_PC);
	code("\x8b\x43\x30", 3);	/* mov eax,[ebx+30h]: version */
	page->gpr[GPR_RBX] = LAPIC_ADDRESS;
	handle(EXIT_MEM);
	expect_done(3);
	assert_int_equal(page->gpr[GPR_RAX] & 0xff, 0x14);
}

static void test_unknown_instruction(void **state)
{
	(void)state;
	start(PLATFORM_MODERN);
	code("\xd9\x03", 2);		/* fld dword [ebx] */
	handle(EXIT_MEM);
	assert_int_equal(machine.ending.reason, WHY_EMULATION);
	assert_non_null(strstr(machine.ending.text, "d9 03"));
}

static void cpuid(u32 leaf, u32 subleaf)
{
	code("\x0f\xa2", 2);
	page->gpr[GPR_RAX] = leaf;
	page->gpr[GPR_RCX] = subleaf;
	handle(EXIT_CPUID);
	expect_done(2);
}

static void test_cpuid(void **state)
{
	(void)state;
	start(PLATFORM_MODERN);
	cpuid(0, 0);
	assert_true(page->gpr[GPR_RAX] == 0xd);
	cpuid(1, 0);
	assert_true(page->gpr[GPR_RCX] & BIT32(31));			/* hypervisor */
	assert_true((page->gpr[GPR_RCX] & (BIT32(21) | BIT32(24))) == (BIT32(21) | BIT32(24)));
	assert_false(page->gpr[GPR_RCX] & (BIT32(3) | BIT32(5) | BIT32(6) | BIT32(17) | BIT32(27)));	/* MONITOR VMX SMX PCID OSXSAVE */
	assert_false(page->gpr[GPR_RDX] & (BIT32(7) | BIT32(12) | BIT32(14) | BIT32(28)));		/* MCE MTRR MCA HTT */
	page->cr4 |= CR4_OSXSAVE;
	cpuid(1, 0);
	assert_true(page->gpr[GPR_RCX] & BIT32(27));
	cpuid(7, 0);
	assert_false(page->gpr[GPR_RBX] & (BIT32(4) | BIT32(10) | BIT32(11) | BIT32(14) | BIT32(16)));	/* HLE INVPCID RTM MPX AVX512F */
	assert_false(page->gpr[GPR_RCX] & (BIT32(3) | BIT32(16)));					/* PKU LA57 */
	page->xcr0 = 3;
	cpuid(0xd, 0);
	assert_true(page->gpr[GPR_RAX] == 7 && page->gpr[GPR_RBX] == 576 && page->gpr[GPR_RCX] == 832);
	page->xcr0 = 7;
	cpuid(0xd, 0);
	assert_true(page->gpr[GPR_RBX] == 832);
	cpuid(0xd, 1);
	assert_true(page->gpr[GPR_RAX] == 5);				/* XSAVEOPT, XGETBV1; neither XSAVEC nor XSAVES */
	cpuid(0xd, 9);							/* PKRU is in the host's mask, not in ours */
	assert_true(page->gpr[GPR_RAX] == 0);
	cpuid(0x40000000, 0);
	assert_true(page->gpr[GPR_RBX] == 0x4b4d564b);
	cpuid(0x80000001, 0);
	assert_false(page->gpr[GPR_RCX] & (BIT32(2) | BIT32(9) | BIT32(12) | BIT32(22) | BIT32(29)));	/* SVM OSVW SKINIT TOPOEXT MONITORX */
	cpuid(0x8000000a, 0);
	assert_true(page->gpr[GPR_RAX] == 0 && page->gpr[GPR_RDX] == 0);
	for (u32 leaf = 0xe; leaf < 0x40; leaf++) {
		cpuid(leaf, 0);
		assert_true((page->gpr[GPR_RAX] | page->gpr[GPR_RBX] | page->gpr[GPR_RCX] | page->gpr[GPR_RDX]) == 0);
	}
}

static bool wrmsr(u32 index, u64 value)
{
	code("\x0f\x30", 2);
	page->exit.insn_len = 2;	/* as hardware that knows says */
	page->exit.msr.index = index;
	page->gpr[GPR_RAX] = (u32)value;
	page->gpr[GPR_RDX] = value >> 32;
	handle(EXIT_MSR_WRITE);
	if (page->event.valid)
		expect_event(VECTOR_GP);
	return page->rip == CODE + 2;
}

static bool rdmsr(u32 index, u64 *value)
{
	code("\x0f\x32", 2);
	page->exit.msr.index = index;
	handle(EXIT_MSR_READ);
	*value = page->gpr[GPR_RAX] | page->gpr[GPR_RDX] << 32;
	if (page->event.valid)
		expect_event(VECTOR_GP);
	return page->rip == CODE + 2;
}

static void test_msrs(void **state)
{
	u64 value;

	(void)state;
	start(PLATFORM_MODERN);
	assert_true(rdmsr(0xc0000080, &value) && value == 0);
	assert_true(wrmsr(0xc0000080, EFER_LME | EFER_NXE | EFER_SCE));
	assert_true(page->efer == (EFER_LME | EFER_NXE | EFER_SCE) && (page->dirty & GROUP_CR));
	assert_false(wrmsr(0xc0000080, BIT64(12)));		/* SVME */
	page->cr0 |= CR0_PG;
	page->efer |= EFER_LMA;
	assert_false(wrmsr(0xc0000080, 0));			/* LME under paging */
	assert_true(wrmsr(0xc0000080, EFER_LME));		/* LMA stays */
	assert_true(page->efer == (EFER_LME | EFER_LMA));
	page->cr0 &= ~CR0_PG;
	assert_true(wrmsr(0x277, 0x0007010600070106ull));
	assert_false(wrmsr(0x277, 0x0007010600070206ull));	/* type 2 is reserved */
	assert_true(rdmsr(0x277, &value) && value == 0x0007010600070106ull);
	assert_true(rdmsr(0x1b, &value) && value == (LAPIC_ADDRESS | LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC | LAPIC_BASE_BSP));
	assert_true(rdmsr(0x802, &value) && value == 0);	/* x2APIC ID */
	assert_true(wrmsr(0xc0000082, 0xffffffff81000000ull));
	assert_false(wrmsr(0xc0000082, 0x0000800000000000ull));
	assert_false(wrmsr(0xc0000103, BIT64(32)));
	assert_false(wrmsr(0x48, 0));				/* hidden */
	assert_false(rdmsr(0x12345678, &value));
	assert_false(wrmsr(0x3a, 0));
	assert_true(rdmsr(0x3a, &value) && value == 1);
	/* the time stamp counter: writes move the offset, and the adjustment follows */
	assert_true(wrmsr(0x10, 500));
	assert_true(rdmsr(0x10, &value) && value == 500);
	now += 7;
	assert_true(rdmsr(0x10, &value) && value == 507);
	assert_true(page->tsc_offset == 507 - now);
	assert_true(rdmsr(0x3b, &value) && value == 500);
	assert_true(wrmsr(0x3b, 0));
	assert_true(rdmsr(0x10, &value) && value == 7);
}

static void xsetbv(u32 index, u64 value)
{
	code("\x0f\x01\xd1", 3);
	page->cr4 |= CR4_OSXSAVE;
	page->gpr[GPR_RCX] = index;
	page->gpr[GPR_RAX] = (u32)value;
	page->gpr[GPR_RDX] = value >> 32;
	handle(EXIT_XSETBV);
}

static void test_xsetbv(void **state)
{
	(void)state;
	start(PLATFORM_MODERN);
	xsetbv(0, 7);
	expect_done(3);
	assert_true(page->xcr0 == 7);
	static const u64 bad[] = { 0, 2, 5, 0x207, 0xe7, BIT64(63) | 7 };
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		xsetbv(0, bad[i]);
		expect_event(VECTOR_GP);
	}
	xsetbv(1, 7);
	expect_event(VECTOR_GP);
	page->seg[SEG_SS].access |= 3 << ACCESS_DPL_SHIFT;
	xsetbv(0, 7);
	expect_event(VECTOR_GP);
	assert_true(page->xcr0 == 7);
}

static void test_debug_registers(void **state)
{
	(void)state;
	start(PLATFORM_MODERN);
	code("\x0f\x23\xc0", 3);		/* mov dr0,eax */
	page->gpr[GPR_RAX] = 0x1234;
	handle(EXIT_DR);
	expect_done(3);
	assert_true(page->dr[0] == 0x1234 && (page->dirty & GROUP_DR));
	code("\x0f\x23\xf8", 3);		/* mov dr7,eax */
	page->gpr[GPR_RAX] = 0xffff2fff & ~0xd000u;
	handle(EXIT_DR);
	expect_done(3);
	assert_true(page->dr7 & DR7_GD);
	code("\x0f\x21\xc1", 3);		/* mov ecx,dr0 under GD: #DB with BD, and GD is off */
	handle(EXIT_DR);
	assert_true(page->dr6 & DR6_BD);
	expect_event(VECTOR_DB);
	code("\x0f\x21\xe1", 3);		/* mov ecx,dr4: another name of DR6 */
	handle(EXIT_DR);
	expect_done(3);
	assert_true(page->gpr[GPR_RCX] == (u32)page->dr6);
	page->cr4 |= CR4_DE;
	code("\x0f\x21\xe1", 3);
	handle(EXIT_DR);
	expect_event(VECTOR_UD);
}

static void test_events(void **state)
{
	(void)state;
	start(PLATFORM_MODERN);
	/* single step over an emulated instruction */
	code("\x0f\xa2", 2);
	page->rflags |= RFLAGS_TF;
	handle(EXIT_CPUID);
	assert_true(page->rip == CODE + 2 && page->event.valid && page->event.vector == VECTOR_DB && (page->dr6 & DR6_BS));
	page->rflags &= ~RFLAGS_TF;
	/* a fault on top of an interrupted contributory one is a double fault, and a third ends the machine */
	code("\x0f\x30", 2);
	page->event = (struct vcpu_event){ .valid = 1, .type = EVENT_EXCEPTION, .vector = VECTOR_GP, .has_error = 1 };
	page->exit.msr.index = 0x48;
	handle(EXIT_MSR_WRITE);
	assert_int_equal(page->event.vector, VECTOR_DF);
	assert_false(machine_ended(&machine));
	handle(EXIT_MSR_WRITE);
	assert_true(machine_ended(&machine));
	assert_int_equal(machine.ending.reason, WHY_TRIPLE_FAULT);

	start(PLATFORM_MODERN);
	code("\x0f\x33", 2);
	handle(EXIT_INSN);
	expect_event(VECTOR_GP);		/* rdpmc */
	code("\x0f\x01\xd8", 3);
	handle(EXIT_INSN);
	expect_event(VECTOR_UD);		/* vmrun */
	code("\x0f\x01\xd9", 3);
	handle(EXIT_HYPERCALL);
	expect_done(3);
	assert_true(page->gpr[GPR_RAX] == 0 - 1000ull);
	code("", 0);
	handle(EXIT_REASON_COUNT);
	assert_int_equal(machine.ending.reason, WHY_BAD_STATE);
}

static void test_page_fault_on_fetch(void **state)
{
	(void)state;
	start(PLATFORM_MODERN);
	code("\x0f\xa2", 2);
	page->cr0 |= CR0_PG;
	page->cr3 = 0x8000;		/* empty */
	handle(EXIT_CPUID);
	assert_true(page->event.valid && page->event.vector == VECTOR_PF && page->cr2 == CODE);
}

/* ---- The loop ---- */

static u32 step;

static void step_timer(void)
{
	switch (step++) {
	case 0:		/* the guest: x2APIC on, TSC-deadline timer, vector 40h, in 3000 ticks */
		code("\x0f\x30", 2);
		page->exit.msr.index = 0x80f;
		page->gpr[GPR_RAX] = 0x1ff;
		page->gpr[GPR_RDX] = 0;
		page->exit.reason = EXIT_MSR_WRITE;
		break;
	case 1:
		code("\x0f\x30", 2);
		page->exit.msr.index = 0x832;
		page->gpr[GPR_RAX] = 0x40040;
		page->gpr[GPR_RDX] = 0;
		page->exit.reason = EXIT_MSR_WRITE;
		break;
	case 2:
		code("\x0f\x30", 2);
		page->exit.msr.index = 0x6e0;
		page->gpr[GPR_RAX] = (u32)(now + machine.tsc_offset + 3000);
		page->gpr[GPR_RDX] = (now + machine.tsc_offset + 3000) >> 32;
		page->exit.reason = EXIT_MSR_WRITE;
		break;
	case 3:
		assert_true(last_deadline == now + 3000);
		assert_false(page->intr_pending);
		code("\xfb\xf4", 2);
		page->rip = CODE + 1;
		page->rflags |= RFLAGS_IF;
		page->shadow = SHADOW_STI;
		page->exit.reason = EXIT_HLT;
		break;
	case 4:		/* woken by the timer: the interrupt is on offer, and is taken */
		assert_true(page->rip == CODE + 2 && page->shadow == 0);
		assert_true(page->intr_pending && page->intr_vector == 0x40);
		page->intr_pending = 0;
		page->exit.reason = EXIT_DEADLINE;
		break;
	case 5:		/* in service: not offered again */
		assert_false(page->intr_pending);
		assert_true(last_deadline == DEADLINE_NONE);
		page->exit.reason = EXIT_SHUTDOWN;
		break;
	default:
		fail_msg("ran on after the end");
	}
}

static void test_timer(void **state)
{
	(void)state;
	start(PLATFORM_MODERN);
	step = 0;
	on_run = step_timer;
	vcpu_loop(&machine.vcpu[0]);
	assert_int_equal(step, 6);
	machine_report_end(&machine);
	assert_int_equal(control.phase, PHASE_ENDED);
	assert_int_equal(control.reason, WHY_TRIPLE_FAULT);
	assert_int_equal(control.last_exit, EXIT_SHUTDOWN);
	assert_true(control.rip == CODE + 2 && root_signals == 1);
}

static void step_poweroff(void)
{
	if (step++ == 0) {
		assert_true(page->dirty == 0);
		page->exit.reason = EXIT_DEADLINE;
		return;
	}
	code("\xee", 1);
	page->exit.reason = EXIT_PIO;
	page->exit.pio.port = ACPI_PORT + ACPI_SLEEP_CONTROL;
	page->exit.pio.size = 1;
	page->gpr[GPR_RAX] = ACPI_S5_TYPE << 2 | 0x20;
}

/* A pause in between: the guest's clocks don't see it. */
static void test_pause_and_poweroff(void **state)
{
	u64 tsc, ns;

	(void)state;
	start(PLATFORM_MODERN);
	step = 0;
	on_run = step_poweroff;
	control.want_paused = 1;
	run_bits = VMM_BIT_CONTROL;
	tsc = machine.clock.tsc(machine.clock.ctx);
	ns = machine.clock.ns(machine.clock.ctx);
	vcpu_loop(&machine.vcpu[0]);
	assert_true(now == 5002000);	/* fake_root moves time twice: in the pause and after it */
	assert_true(machine.clock.tsc(machine.clock.ctx) == tsc + 1000);
	assert_true(machine.clock.ns(machine.clock.ctx) - ns <= 1000);
	assert_int_equal(control.is_paused, 0);
	assert_int_equal(machine.ending.reason, WHY_GUEST_POWEROFF);
	assert_false(machine.ending.wants_restart);
}

static void test_input(void **state)
{
	struct ring in;

	(void)state;
	start(PLATFORM_MODERN);
	ring_attach_producer(&in, (struct ring_shared *)(void *)(rings + VM_INPUT_RING_OFFSET), VM_INPUT_RING_BYTES);
	out_byte(COM1_PORT + 2, 1);	/* FIFOs on */
	ring_write(&in, "abcdefghijklmnopqrstuvwxyz", 26);
	machine_notified(&machine, VMM_BIT_CONSOLE);
	for (u32 i = 0; i < 26; i++) {	/* more than the FIFO holds: the rest follows as it is read */
		assert_int_equal(in_value(COM1_PORT + 5, 1) & 1, 1);
		assert_int_equal(in_value(COM1_PORT, 1) & 0xff, 'a' + i);
	}
	assert_int_equal(in_value(COM1_PORT + 5, 1) & 1, 0);
}

static void test_bus(void **state)
{
	static struct bus bus;

	(void)state;
	start(PLATFORM_MODERN);
	bus_init(&bus);
	assert_int_equal(bus_add_pio(&bus, 0xffff, 2, &uart_region, NULL), ST_INVAL);
	assert_int_equal(bus_add_pio(&bus, 0x100, 0, &uart_region, NULL), ST_INVAL);
	assert_int_equal(bus_add_pio(&bus, 0x100, 8, &uart_region, NULL), ST_OK);
	assert_int_equal(bus_add_pio(&bus, 0x107, 8, &uart_region, NULL), ST_EXISTS);
	assert_int_equal(bus_add_mmio(&bus, 0x2000, 0x1000, &ioapic_region, NULL), ST_OK);
	assert_int_equal(bus_add_mmio(&bus, 0x5000, 0x1000, &ioapic_region, NULL), ST_OK);
	assert_int_equal(bus_add_mmio(&bus, 0x3000, 0x2000, &ioapic_region, NULL), ST_OK);
	assert_int_equal(bus_add_mmio(&bus, 0x2fff, 1, &ioapic_region, NULL), ST_EXISTS);
	assert_int_equal(bus_add_mmio(&bus, 0x1000, 0x1001, &ioapic_region, NULL), ST_EXISTS);
	assert_int_equal(bus_add_mmio(&bus, ~0ull, 2, &ioapic_region, NULL), ST_INVAL);
	assert_true(bus_find_mmio(&bus, 0x4fff, 1)->start == 0x3000);
	assert_null(bus_find_mmio(&bus, 0x4fff, 2));	/* over the end, though a neighbour is there */
	assert_null(bus_find_mmio(&bus, 0x1fff, 1));
	assert_null(bus_find_mmio(&bus, 0x6000, 1));
	assert_true(bus_mmio_read(&bus, 0x9000, 8) == ~0ull);
}

static int setup(void **state)
{
	(void)state;
	ram = malloc(RAM_BYTES);
	return ram == NULL;
}

static int teardown(void **state)
{
	(void)state;
	free(ram);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports), cmocka_unit_test(test_string_port), cmocka_unit_test(test_mmio), cmocka_unit_test(test_xapic_page),
		cmocka_unit_test(test_unknown_instruction), cmocka_unit_test(test_cpuid), cmocka_unit_test(test_msrs),
		cmocka_unit_test(test_xsetbv), cmocka_unit_test(test_debug_registers), cmocka_unit_test(test_events),
		cmocka_unit_test(test_page_fault_on_fetch), cmocka_unit_test(test_timer), cmocka_unit_test(test_pause_and_poweroff),
		cmocka_unit_test(test_input), cmocka_unit_test(test_bus),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
