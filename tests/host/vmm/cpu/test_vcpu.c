/* SPDX-License-Identifier: MIT */
/* links: vmm rt */
/* helpers: fake_machine.c */
/*
 * Exits of a vCPU: ports, device memory, CPUID, MSRs, XSETBV, debug registers, events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_machine.h"

static void test_ports(void **state)
{
	struct ring_shared *out = (struct ring_shared *)(void *)fake_rings;

	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_out(COM1_PORT, 'A');
	assert_int_equal(out->data[0], 'A');
	fake_out(DEBUG_PORT, 'B');
	assert_int_equal(out->data[1], 'B');
	assert_true(fake_in(COM1_PORT + 5, 1) == 0x1122334455667760ull);	/* LSR: empty */
	assert_true(fake_in(0x9000, 1) == 0x11223344556677ffull);
	assert_true(fake_in(0x9000, 2) == 0x112233445566ffffull);
	assert_true(fake_in(0x9000, 4) == 0xffffffffull);
	assert_true(fake_in(0xffff, 4) == 0xffffffffull);
	/* the console hears of it before the vCPU sleeps, or when enough has gathered */
	assert_int_equal(fake_console_signals, 0);
	ring_consumer_wait(&(struct ring){ .shared = out, .size = VM_OUTPUT_RING_BYTES }, true);
	for (u32 i = 2; i < CONSOLE_PORTION_BYTES - 1; i++)
		fake_out(COM1_PORT, 'x');
	assert_int_equal(fake_console_signals, 0);
	fake_out(COM1_PORT, 'x');
	assert_int_equal(fake_console_signals, 1);
}

static void test_string_port(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	memcpy(fake_ram + 0x6000, "hello", 5);
	fake_code("\xf3\x6e", 2);
	fake_page->exit.flags = PIO_STRING | PIO_REP;
	fake_page->gpr[GPR_RSI] = 0x6000;
	fake_page->gpr[GPR_RCX] = 5;
	fake_page->gpr[GPR_RDX] = COM1_PORT;
	fake_exit(EXIT_PIO);
	fake_expect_done(2);
	assert_memory_equal(((struct ring_shared *)(void *)fake_rings)->data, "hello", 5);
}

/* It is not repeated: where each PAUSE exits, it would exit again. */
static void test_pause(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_code("\xf3\x90", 2);
	fake_exit(EXIT_PAUSE);
	fake_expect_done(2);
}

static void mem_exit(u64 gpa)
{
	fake_page->exit.mem.gpa = gpa;
	fake_exit(EXIT_MEM);
}

/* By the long way, or, when the kernel says that segments are flat, by the short one. */
static void mmio(enum code_kind kind)
{
	fake_start(PLATFORM_MODERN);
	fake_page->filled |= (u32)kind << GROUP_CODE_SHIFT;
	/* I/O APIC: select the version register, read it */
	fake_code("\xc7\x03\x01\x00\x00\x00", 6);		/* mov dword [ebx],1 */
	fake_page->gpr[GPR_RBX] = IOAPIC_ADDRESS;
	mem_exit(IOAPIC_ADDRESS);
	fake_expect_done(6);
	fake_code("\x8b\x43\x10", 3);			/* mov eax,[ebx+10h] */
	mem_exit(IOAPIC_ADDRESS + 0x10);
	fake_expect_done(3);
	assert_true(fake_page->gpr[GPR_RAX] == 0x00170020);
	/* nobody there */
	fake_page->gpr[GPR_RBX] = 0xd0000000;
	fake_code("\x8b\x03", 2);
	mem_exit(0xd0000000);
	fake_expect_done(2);
	assert_true(fake_page->gpr[GPR_RAX] == 0xffffffff);
	/* a store that begins in RAM and ends behind it */
	fake_page->gpr[GPR_RBX] = FAKE_RAM_BYTES - 2;
	fake_page->gpr[GPR_RAX] = 0xaabbccdd;
	fake_code("\x89\x03", 2);
	mem_exit(FAKE_RAM_BYTES);
	fake_expect_done(2);
	assert_memory_equal(fake_ram + FAKE_RAM_BYTES - 2, "\xdd\xcc", 2);
	/* a jump into the void fetches all ones: #UD */
	fake_code("", 0);
	fake_page->rip = 0xd0000000;
	mem_exit(0xd0000000);
	assert_true(fake_page->event.valid && fake_page->event.vector == VECTOR_UD);
	/* vector registers are out of reach */
	fake_page->gpr[GPR_RBX] = IOAPIC_ADDRESS;
	fake_code("\x0f\x11\x03", 3);
	mem_exit(IOAPIC_ADDRESS);
	fake_expect_event(VECTOR_UD);
	/* two accesses, of which the processor has told of the first */
	fake_page->gpr[GPR_RAX] = fake_page->gpr[GPR_RDX] = 0;
	fake_page->gpr[GPR_RBX] = 0xd0000010;
	fake_code("\x0f\xc7\x0b", 3);			/* cmpxchg8b [ebx] */
	mem_exit(0xd0000010);
	fake_expect_done(3);
	assert_true(fake_page->gpr[GPR_RAX] == 0xffffffff && fake_page->gpr[GPR_RDX] == 0xffffffff);
}

static void shut_down(u16 idt_limit)
{
	fake_start(PLATFORM_MODERN);
	fake_code("\xcc", 1);
	fake_page->idtr.limit = idt_limit;
	fake_exit(EXIT_SHUTDOWN);
	assert_true(machine_is_stopped(&fake_machine));
}

/* A triple fault with an empty IDT is a reset, any other a crash; the command FEh of the 8042 is a reset. */
static void test_resets(void **state)
{
	(void)state;
	shut_down(0);
	assert_int_equal(fake_machine.stop_info.reason, STOP_GUEST_REBOOT);
	assert_true(fake_machine.stop_info.wants_restart);
	shut_down(0xfff);
	assert_int_equal(fake_machine.stop_info.reason, STOP_TRIPLE_FAULT);
	fake_start(PLATFORM_MODERN);
	assert_int_not_equal(fake_page->idtr.limit, 0);		/* a kernel that fails early has not asked for it */
	assert_int_equal(fake_in(I8042_COMMAND_PORT, 1) & 2, 0);	/* Linux waits for that before it writes */
	fake_out(I8042_COMMAND_PORT, 0xfe);
	assert_int_equal(fake_machine.stop_info.reason, STOP_GUEST_REBOOT);
}

static void test_mmio(void **state)
{
	(void)state;
	mmio(CODE_OTHER);
	mmio(CODE_32_UNPAGED);
}

static void test_xapic_page(void **state)
{
	(void)state;
	fake_start(PLATFORM_PC);
	fake_code("\x8b\x43\x30", 3);	/* mov eax,[ebx+30h]: version */
	fake_page->gpr[GPR_RBX] = LAPIC_ADDRESS;
	mem_exit(LAPIC_ADDRESS + 0x30);
	fake_expect_done(3);
	assert_int_equal(fake_page->gpr[GPR_RAX] & 0xff, 0x14);
}

static void test_unknown_instruction(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_code("\xd9\x03", 2);		/* fld dword [ebx] */
	fake_exit(EXIT_MEM);
	fake_expect_event(VECTOR_UD);
	fake_code("\xf4", 1);			/* another CPU has changed the code meanwhile */
	fake_exit(EXIT_MEM);
	fake_expect_event(VECTOR_UD);
	assert_false(machine_is_stopped(&fake_machine));
}

static void cpuid_told(u32 leaf, u32 subleaf, u8 insn_len)
{
	fake_code("\x0f\xa2", 2);
	fake_page->exit.insn_len = insn_len;
	fake_page->gpr[GPR_RAX] = leaf;
	fake_page->gpr[GPR_RCX] = subleaf;
	fake_exit(EXIT_CPUID);
	fake_expect_done(2);
}

/* Where hardware tells the length, the answer may be a remembered one: it is what is found out without. */
static void cpuid(u32 leaf, u32 subleaf)
{
	u64 known[GPR_COUNT];

	cpuid_told(leaf, subleaf, 2);
	memcpy(known, fake_page->gpr, sizeof(known));
	cpuid_told(leaf, subleaf, 0);
	assert_memory_equal(known, fake_page->gpr, sizeof(known));
}

static void test_cpuid(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	cpuid(0, 0);
	assert_true(fake_page->gpr[GPR_RAX] == 0xd);
	cpuid(1, 0);
	assert_true(fake_page->gpr[GPR_RCX] & BIT32(31));			/* hypervisor */
	assert_true((fake_page->gpr[GPR_RCX] & (BIT32(21) | BIT32(24))) == (BIT32(21) | BIT32(24)));
	assert_false(fake_page->gpr[GPR_RCX] &
		     (BIT32(3) | BIT32(5) | BIT32(6) | BIT32(17) | BIT32(27))); /* MONITOR VMX SMX PCID OSXSAVE */
	assert_false(fake_page->gpr[GPR_RDX] & (BIT32(7) | BIT32(12) | BIT32(14) | BIT32(28))); /* MCE MTRR MCA HTT */
	fake_page->cr4 |= CR4_OSXSAVE;
	cpuid(1, 0);
	assert_true(fake_page->gpr[GPR_RCX] & BIT32(27));
	cpuid(7, 0);
	assert_false(fake_page->gpr[GPR_RBX] & /* TSC_ADJUST HLE INVPCID RTM MPX AVX512F */
		     (BIT32(1) | BIT32(4) | BIT32(10) | BIT32(11) | BIT32(14) | BIT32(16)));
	assert_true(fake_page->gpr[GPR_RCX] & BIT32(3));			/* PKU; OSPKE follows CR4 */
	assert_false(fake_page->gpr[GPR_RCX] & (BIT32(4) | BIT32(16)));		/* LA57 */
	fake_page->cr4 |= CR4_PKE;
	cpuid(7, 0);
	assert_true(fake_page->gpr[GPR_RCX] & BIT32(4));
	/* the APIC, and in AMD's copy, too */
	for (u32 leaf = 1; leaf; leaf = leaf == 1 ? 0x80000001 : 0) {
		u64 value = LAPIC_ADDRESS | LAPIC_BASE_BSP;

		cpuid(leaf, 0);
		assert_true(fake_page->gpr[GPR_RDX] & BIT32(9));
		fake_page->filled = GROUP_ALL;
		assert_true(guest_msr_write(&fake_machine.vcpu[0], 0x1b, value));
		cpuid(leaf, 0);
		assert_false(fake_page->gpr[GPR_RDX] & BIT32(9));
		assert_true(guest_msr_write(&fake_machine.vcpu[0], 0x1b, value | LAPIC_BASE_ENABLE));
		cpuid(leaf, 0);
		assert_true(fake_page->gpr[GPR_RDX] & BIT32(9));
	}
	fake_page->xcr0 = 3;
	cpuid(0xd, 0);
	assert_true(fake_page->gpr[GPR_RAX] == 0x207 && fake_page->gpr[GPR_RBX] == 576 &&
		    fake_page->gpr[GPR_RCX] == 2696);
	fake_page->xcr0 = 7;
	cpuid(0xd, 0);
	assert_true(fake_page->gpr[GPR_RBX] == 832);
	cpuid(0xd, 1);
	assert_true(fake_page->gpr[GPR_RAX] == 5); /* XSAVEOPT, XGETBV1; neither XSAVEC nor XSAVES */
	cpuid(0xd, 9);							/* PKRU */
	assert_true(fake_page->gpr[GPR_RAX] == 8 && fake_page->gpr[GPR_RBX] == 2688);
	cpuid(0x40000000, 0);
	assert_true(fake_page->gpr[GPR_RBX] == 0x4b4d564b);
	cpuid(0x80000001, 0);
	assert_false(fake_page->gpr[GPR_RCX] &
		     (BIT32(2) | BIT32(9) | BIT32(12) | BIT32(22) | BIT32(29))); /* SVM OSVW SKINIT TOPOEXT MONITORX */
	cpuid(0x8000000a, 0);
	assert_true(fake_page->gpr[GPR_RAX] == 0 && fake_page->gpr[GPR_RDX] == 0);
	for (u32 leaf = 0xe; leaf < 0x40; leaf++) {
		cpuid(leaf, 0);
		for (u32 reg = GPR_RAX; reg <= GPR_RBX; reg++)
			assert_true(fake_page->gpr[reg] == 0);
	}
}

static bool wrmsr(u32 index, u64 value)
{
	fake_code("\x0f\x30", 2);
	fake_page->exit.insn_len = 2;	/* as hardware that knows says */
	fake_page->exit.msr.index = index;
	fake_page->gpr[GPR_RAX] = (u32)value;
	fake_page->gpr[GPR_RDX] = value >> 32;
	fake_exit(EXIT_MSR_WRITE);
	if (fake_page->event.valid)
		fake_expect_event(VECTOR_GP);
	return fake_page->rip == FAKE_CODE + 2;
}

static bool rdmsr(u32 index, u64 *value)
{
	fake_code("\x0f\x32", 2);
	fake_page->exit.msr.index = index;
	fake_exit(EXIT_MSR_READ);
	*value = fake_page->gpr[GPR_RAX] | fake_page->gpr[GPR_RDX] << 32;
	if (fake_page->event.valid)
		fake_expect_event(VECTOR_GP);
	return fake_page->rip == FAKE_CODE + 2;
}

static void test_msrs(void **state)
{
	u64 value;

	(void)state;
	fake_start(PLATFORM_MODERN);
	assert_true(rdmsr(0xc0000080, &value) && value == 0);
	assert_true(wrmsr(0xc0000080, EFER_LME | EFER_NXE | EFER_SCE));
	assert_true(fake_page->efer == (EFER_LME | EFER_NXE | EFER_SCE) && (fake_page->dirty & GROUP_CR));
	assert_false(wrmsr(0xc0000080, BIT64(12)));		/* SVME */
	fake_page->cr0 |= CR0_PG;
	fake_page->efer |= EFER_LMA;
	assert_false(wrmsr(0xc0000080, 0));			/* LME under paging */
	assert_true(wrmsr(0xc0000080, EFER_LME));		/* LMA stays */
	assert_true(fake_page->efer == (EFER_LME | EFER_LMA));
	fake_page->cr0 &= ~CR0_PG;
	assert_true(wrmsr(0x277, 0x0007010600070106ull));
	assert_false(wrmsr(0x277, 0x0007010600070206ull));	/* type 2 is reserved */
	assert_true(rdmsr(0x277, &value) && value == 0x0007010600070106ull);
	/* A kernel without x2APIC must be able to begin; one that has it turns it on. */
	assert_true(rdmsr(0x1b, &value) && value == (LAPIC_ADDRESS | LAPIC_BASE_ENABLE | LAPIC_BASE_BSP));
	assert_false(rdmsr(0x802, &value));
	assert_true(wrmsr(0x1b, LAPIC_ADDRESS | LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC | LAPIC_BASE_BSP));
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
	fake_now += 7;
	assert_true(rdmsr(0x10, &value) && value == 507);
	assert_true(fake_page->tsc_offset == 507 - fake_now);
	assert_true(rdmsr(0x3b, &value) && value == 500);
	assert_true(wrmsr(0x3b, 0));
	assert_true(rdmsr(0x10, &value) && value == 7);
}

/* AMD's counters and other registers that only remember; they are no Intel processor's. */
static void test_kept_msrs(void **state)
{
	u64 value;

	(void)state;
	fake_start(PLATFORM_MODERN);
	for (u32 i = 0; i < 8; i++) {
		assert_true(rdmsr(0xc0010000 + i, &value) && value == 0);
		assert_true(wrmsr(0xc0010000 + i, ~0ull));
		assert_true(rdmsr(0xc0010000 + i, &value) && value == (i < 4 ? 0x30fffd7ffffull : 0xffffffffffffull));
	}
	assert_true(wrmsr(0x1a0, BIT64(22)) && rdmsr(0x1a0, &value) && value == (BIT64(22) | BIT64(11) | BIT64(12)));
	assert_true(wrmsr(0xc0010015, BIT64(3)) && rdmsr(0xc0010015, &value) && value == BIT64(3));
	assert_false(wrmsr(0xc0010015, BIT64(63)));
	assert_false(rdmsr(0xc0010020, &value));
	assert_true(wrmsr(0xc0010020, 0x1000));
	assert_false(rdmsr(0x199, &value));
	fake_page->gpr[GPR_RCX] = 2;
	wrmsr(MSR_PERF_CTR0 + 2, 0x123400005678ull);
	fake_code("\x0f\x33", 2);
	fake_page->exit.insn_len = 2;
	fake_exit(EXIT_INSN);
	assert_true(fake_page->gpr[GPR_RAX] == 0x5678 && fake_page->gpr[GPR_RDX] == 0x1234);
	fake_machine.cpuid.is_amd = false;
	guest_msr_init(&fake_machine.vcpu[0]);
	fake_code("\x0f\x33", 2);
	fake_exit(EXIT_INSN);
	fake_expect_event(VECTOR_GP);
	assert_false(rdmsr(0xc0010008, &value) || rdmsr(0xc0011023, &value) || wrmsr(0xc0010010, 0));
	assert_true(rdmsr(0x199, &value));
}

static void xsetbv(u32 index, u64 value)
{
	fake_code("\x0f\x01\xd1", 3);
	fake_page->cr4 |= CR4_OSXSAVE;
	fake_page->gpr[GPR_RCX] = index;
	fake_page->gpr[GPR_RAX] = (u32)value;
	fake_page->gpr[GPR_RDX] = value >> 32;
	fake_exit(EXIT_XSETBV);
}

static void test_xsetbv(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	xsetbv(0, 7);
	fake_expect_done(3);
	assert_true(fake_page->xcr0 == 7);
	static const u64 bad[] = { 0, 2, 5, 0x206, 0xe7, 0x1f, BIT64(63) | 7 };
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		xsetbv(0, bad[i]);
		fake_expect_event(VECTOR_GP);
	}
	xsetbv(0, 0x207);
	fake_expect_done(3);
	xsetbv(0, 7);
	xsetbv(1, 7);
	fake_expect_event(VECTOR_GP);
	fake_page->seg[SEG_SS].access |= 3 << ACCESS_DPL_SHIFT;
	xsetbv(0, 7);
	fake_expect_event(VECTOR_GP);
	assert_true(fake_page->xcr0 == 7);
}

static void test_debug_registers(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_code("\x0f\x23\xc0", 3);		/* mov dr0,eax */
	fake_page->gpr[GPR_RAX] = 0x1234;
	fake_exit(EXIT_DR);
	fake_expect_done(3);
	assert_true(fake_page->dr[0] == 0x1234 && (fake_page->dirty & GROUP_DR));
	fake_code("\x0f\x23\xf8", 3);		/* mov dr7,eax */
	fake_page->gpr[GPR_RAX] = 0xffff2fff & ~0xd000u;
	fake_exit(EXIT_DR);
	fake_expect_done(3);
	assert_true(fake_page->dr7 & DR7_GD);
	fake_code("\x0f\x21\xc1", 3);		/* mov ecx,dr0 under GD: #DB with BD, and GD is off */
	fake_exit(EXIT_DR);
	assert_true(fake_page->dr6 & DR6_BD);
	fake_expect_event(VECTOR_DB);
	fake_code("\x0f\x21\xe1", 3);		/* mov ecx,dr4: another name of DR6 */
	fake_exit(EXIT_DR);
	fake_expect_done(3);
	assert_true(fake_page->gpr[GPR_RCX] == (u32)fake_page->dr6);
	fake_page->cr4 |= CR4_DE;
	fake_code("\x0f\x21\xe1", 3);
	fake_exit(EXIT_DR);
	fake_expect_event(VECTOR_UD);
}

static bool mov_cr(u8 number, u64 value)
{
	const u8 code[] = { 0x0f, 0x22, (u8)(0xc1 | number << 3) };	/* mov crN,ecx */

	fake_code(code, sizeof(code));
	fake_page->gpr[GPR_RCX] = value;
	fake_exit(EXIT_CR);
	if (fake_page->event.valid)
		fake_expect_event(VECTOR_GP);
	else
		assert_true(fake_page->dirty & GROUP_CR);
	return fake_page->rip == FAKE_CODE + 3;
}

static void test_control_registers(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	assert_false(mov_cr(0, CR0_PE | CR0_NW) || mov_cr(0, CR0_PG));
	assert_true(mov_cr(0, CR0_PE | CR0_CD | CR0_NW | 0xffc0));	/* reserved bits read 0 */
	assert_true(fake_page->cr0 == (CR0_PE | CR0_ET | CR0_CD | CR0_NW));
	/* what CPUID lacks; the fake host has it all */
	for (u32 bit = 0; bit < 32; bit++) {
		bool is_there = BIT64(bit) & 0x750fff;	/* MCE is let through, and stays 0 */

		assert_int_equal(mov_cr(4, BIT64(bit)), is_there);
	}
	/* into long mode and out of it */
	assert_true(mov_cr(4, 0));
	fake_page->efer = EFER_LME;
	assert_false(mov_cr(0, CR0_PE | CR0_PG));			/* without PAE */
	assert_true(fake_page->efer == EFER_LME);
	assert_true(mov_cr(4, CR4_PAE) && mov_cr(0, CR0_PE));
	fake_page->cr3 = 0x10000;
	memcpy(fake_ram + 0x10000, "\x23\x10\x01\x00", 4);	/* tables for the code: 2 MiB to itself */
	memcpy(fake_ram + 0x11000, "\x23\x20\x01\x00", 4);
	memcpy(fake_ram + 0x12000, "\xe3\x00\x00\x00", 4);
	assert_true(mov_cr(0, CR0_PE | CR0_PG) && fake_page->efer == (EFER_LME | EFER_LMA));
	assert_false(mov_cr(4, 0));					/* PAE must stay */
	assert_true(mov_cr(0, CR0_PE) && fake_page->efer == EFER_LME);
	fake_page->seg[SEG_CS].access |= ACCESS_L;
	assert_false(mov_cr(0, CR0_PE | CR0_PG));
	fake_page->seg[SEG_CS].access &= ~ACCESS_L;
	fake_page->seg[SEG_SS].access |= 3 << ACCESS_DPL_SHIFT;
	assert_false(mov_cr(0, CR0_PE) || mov_cr(4, CR4_PAE));
	fake_page->seg[SEG_SS].access &= ~(3u << ACCESS_DPL_SHIFT);
	fake_code("\x0f\x01\xf1", 3);		/* lmsw cx */
	fake_page->gpr[GPR_RCX] = 0xfffa;
	fake_exit(EXIT_CR);
	fake_expect_done(3);
	assert_true(fake_page->cr0 == (CR0_PE | CR0_ET | CR0_MP | CR0_TS));
	assert_true(mov_cr(4, CR4_PAE | CR4_PGE | CR4_MCE));	/* OVMF does, and no machine check is there */
	fake_page->gpr[GPR_RCX] = ~0ull;
	fake_code("\x0f\x20\xe1", 3);		/* mov ecx,cr4 */
	fake_exit(EXIT_CR);
	fake_expect_done(3);
	assert_true(fake_page->gpr[GPR_RCX] == (CR4_PAE | CR4_PGE));
	assert_true(fake_page->cr4 == (CR4_PAE | CR4_PGE));
	fake_page->seg[SEG_SS].access |= 3 << ACCESS_DPL_SHIFT;
	fake_code("\x0f\x20\xe1", 3);
	fake_exit(EXIT_CR);
	fake_expect_event(VECTOR_GP);
	fake_page->seg[SEG_SS].access &= ~(3u << ACCESS_DPL_SHIFT);
	fake_code("\x0f\x22\xd1", 3);		/* mov cr2,ecx: no exit that was asked for */
	fake_exit(EXIT_CR);
	fake_expect_event(VECTOR_UD);
}

static void test_events(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	/* single step over an emulated instruction */
	fake_code("\x0f\xa2", 2);
	fake_page->rflags |= RFLAGS_TF;
	fake_exit(EXIT_CPUID);
	assert_true(fake_page->rip == FAKE_CODE + 2 && fake_page->event.valid && fake_page->event.vector == VECTOR_DB &&
		    (fake_page->dr6 & DR6_BS));
	fake_page->rflags &= ~RFLAGS_TF;
	/* a fault on top of an interrupted contributory one is a double fault, and a third ends the fake_machine */
	fake_code("\x0f\x30", 2);
	fake_page->event = (struct vcpu_event){ .valid = 1, .type = EVENT_EXCEPTION, .vector = VECTOR_GP };
	fake_page->exit.msr.index = 0x48;
	fake_exit(EXIT_MSR_WRITE);
	assert_int_equal(fake_page->event.vector, VECTOR_DF);
	assert_false(machine_is_stopped(&fake_machine));
	fake_exit(EXIT_MSR_WRITE);
	assert_true(machine_is_stopped(&fake_machine));
	assert_int_equal(fake_machine.stop_info.reason, STOP_TRIPLE_FAULT);

	fake_start(PLATFORM_MODERN);
	fake_page->gpr[GPR_RCX] = PERF_COUNTERS;
	fake_code("\x0f\x33", 2);
	fake_exit(EXIT_INSN);
	fake_expect_event(VECTOR_GP);		/* rdpmc */
	fake_code("\x0f\x01\xd8", 3);
	fake_exit(EXIT_INSN);
	fake_expect_event(VECTOR_UD);		/* vmrun */
	fake_code("\x0f\x01\xd9", 3);
	fake_exit(EXIT_HYPERCALL);
	fake_expect_done(3);
	assert_true(fake_page->gpr[GPR_RAX] == 0 - 1000ull);
	fake_code("", 0);
	fake_exit(EXIT_REASON_COUNT);
	assert_int_equal(fake_machine.stop_info.reason, STOP_BAD_STATE);
	fake_start(PLATFORM_MODERN);
	fake_exit(EXIT_TASK_SWITCH);
	assert_int_equal(fake_machine.stop_info.reason, STOP_EMULATION);
}

static void test_page_fault_on_fetch(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_code("\x0f\xa2", 2);
	fake_page->cr0 |= CR0_PG;
	fake_page->cr3 = 0x8000;		/* empty */
	fake_exit(EXIT_CPUID);
	assert_true(fake_page->event.valid && fake_page->event.vector == VECTOR_PF && fake_page->cr2 == FAKE_CODE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports), cmocka_unit_test(test_string_port), cmocka_unit_test(test_mmio),
		cmocka_unit_test(test_ports), cmocka_unit_test(test_pause), cmocka_unit_test(test_mmio),
		cmocka_unit_test(test_xapic_page), cmocka_unit_test(test_resets),
		cmocka_unit_test(test_unknown_instruction), cmocka_unit_test(test_cpuid),
		cmocka_unit_test(test_msrs), cmocka_unit_test(test_kept_msrs),
		cmocka_unit_test(test_xsetbv), cmocka_unit_test(test_debug_registers),
		cmocka_unit_test(test_control_registers),
		cmocka_unit_test(test_events), cmocka_unit_test(test_page_fault_on_fetch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
