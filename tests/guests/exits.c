/* SPDX-License-Identifier: MIT */
/*
 * exits.c - each kind of VM exit once, and what the guest must see of it: registers as the manuals say, nothing else
 * changed.
 *
 * `bochs-svm`: Bochs as an AMD processor ends at a MOV to CR0 that leaves PG without PE; it does not load CR2 at VMRUN;
 * an exit for #DB does not bring DR6 up to date; and the single step of an instruction that exits is a #DB of the host.
 * `qemu-10`: QEMU 10.0 takes VMXON and VMPTRLD for CMPXCHG8B.
 * `kvm-amd`: below KVM in QEMU 7.2 the breakpoints of a guest's guest are never armed.
 */
#include "guest.h"

static u8 buffer[8192] __attribute__((aligned(4096)));
static volatile u32 timer_count;

static void on_timer(struct trap *t)
{
	(void)t;
	timer_count++;
	write_msr(X2APIC(APIC_EOI), 0);
}

static void test_cpuid(void)
{
	struct cpuid r = cpuid(0, 0), kvm = cpuid(0x40000000, 0);

	ok(is_amd() || r.b == 0x756e6547, "cpuid: vendor");
	ok(r.a >= 0xd, "cpuid: highest leaf");
	ok_equal(kvm.b, 0x4b4d564b, "cpuid: KVM signature");
	ok(cpuid(1, 0).c & BIT32(31), "cpuid: hypervisor bit");
	ok(cpuid(1, 0).c & BIT32(21), "cpuid: x2APIC");
	ok(cpuid(1, 0).c & BIT32(24), "cpuid: TSC deadline");
	ok(!(cpuid(1, 0).c & BIT32(5)), "cpuid: no VMX");
	ok(!(cpuid(0x80000001, 0).c & BIT32(2)), "cpuid: no SVM");
	ok(!(cpuid(1, 0).c & BIT32(3)), "cpuid: no MONITOR");
	r = cpuid(0x12345678, 0);
	ok((cpuid(0x40000100, 0).a | cpuid(0x40000100, 0).b) == 0, "cpuid: second hypervisor base empty");
	/* upper halves are cleared, prefixes are part of the instruction */
	u64 a = ~0ull, b = ~0ull, c = 0xffffffff00000000ull, d = ~0ull;

	a = 0xffffffff00000000ull;
	__asm__ volatile(".byte 0x66, 0x0f, 0xa2" : "+a"(a), "+b"(b), "+c"(c), "+d"(d));
	ok(a >> 32 == 0 && b >> 32 == 0 && c >> 32 == 0 && d >> 32 == 0, "cpuid: upper halves, with a prefix");
}

static void test_msr(void)
{
	fault_reset();
	u64 efer = read_msr(0xc0000080);
	ok((efer & 0xd01) == 0xd01, "msr: EFER has SCE LME LMA NXE");
	ok(!(efer & BIT64(12)), "msr: EFER hides SVME");
	ok_fault(NO_FAULT, "msr: EFER readable");
	write_msr(0xc0000080, efer);
	ok_fault(NO_FAULT, "msr: EFER unchanged is fine");
	write_msr(0xc0000080, efer | BIT64(12));
	ok_fault(13, "msr: EFER.SVME refused");
	write_msr(0xc0000080, efer & ~BIT64(8));
	ok_fault(13, "msr: EFER.LME may not change while paging");
	write_msr(0xc0000080, efer | BIT64(40));
	ok_fault(13, "msr: reserved EFER bit refused");
	read_msr(0xc0010117);
	ok_fault(13, "msr: VM_HSAVE_PA refused");
	read_msr(0x480);
	ok_fault(13, "msr: VMX capabilities refused");
	write_msr(0xdead0000, 1);
	ok_fault(13, "msr: unknown refused");
	read_msr(0x1b);
	ok_fault(NO_FAULT, "msr: APIC_BASE");
	write_msr(0x79, 0x100000);
	ok_fault(NO_FAULT, "msr: microcode update ignored");
	write_msr(0xc0010114, 0);
	ok_fault(13, "msr: VM_CR refused");

	write_msr(0xc0000082, 0xffffffff81234560ull);
	ok_equal(read_msr(0xc0000082), 0xffffffff81234560ull, "msr: LSTAR kept");
	ok_fault(NO_FAULT, "msr: LSTAR");
	write_msr(0xc0000082, 0x8000000000000000ull);
	ok_fault(13, "msr: LSTAR must be canonical");
	write_msr(0xc0000102, 0x1234);
	ok_equal(read_msr(0xc0000102), 0x1234, "msr: KERNEL_GS_BASE kept");
	write_msr(0x277, 0x0007040600070406ull);
	ok_equal(read_msr(0x277), 0x0007040600070406ull, "msr: PAT kept");
	ok_fault(NO_FAULT, "msr: PAT");
	write_msr(0x277, 0x0202020202020202ull);
	ok_fault(13, "msr: PAT types judged");
	write_msr(0x174, 8);
	ok_equal(read_msr(0x174), 8, "msr: SYSENTER_CS kept");
	fault_reset();
}

static void test_halt(void)
{
	trap_handlers[0x40] = on_timer;
	apic_init();
	write_msr(X2APIC(APIC_DIVIDE), 0xb);
	write_msr(X2APIC(APIC_TIMER), 0x40);
	write_msr(X2APIC(APIC_INITIAL), 1000000);
	halt_once();
	ok_equal(timer_count, 1, "hlt: one-shot timer wakes");
	write_msr(X2APIC(APIC_TIMER), 0x40 | 2 << 17);
	write_msr(0x6e0, read_tsc() + 1000000);
	u64 deadline = read_msr(0x6e0);
	halt_once();
	ok_equal(timer_count, 2, "hlt: TSC deadline wakes");
	ok(read_tsc() >= deadline, "hlt: not before the deadline");
	ok_equal(read_msr(0x6e0), 0, "hlt: deadline reads 0 when it passed");
	write_msr(X2APIC(APIC_TIMER), 0x40 | 1 << 17);
	write_msr(X2APIC(APIC_INITIAL), 500000);
	u32 before = timer_count;
	while (timer_count < before + 5)
		halt_once();
	write_msr(X2APIC(APIC_INITIAL), 0);
	ok(true, "hlt: periodic timer");
}

static void test_hypercall(void)
{
	u64 a = 0x7fff;

	fault_reset();
	if (is_amd())
		__asm__ volatile(TRY("vmmcall") : "+a"(a) : "b"(0), "c"(0), "d"(0), "S"(0) : "memory");
	else
		__asm__ volatile(TRY("vmcall") : "+a"(a) : "b"(0), "c"(0), "d"(0), "S"(0) : "memory");
	ok_fault(NO_FAULT, "hypercall: no fault");
	ok_equal((u32)a, (u32)-1000, "hypercall: unknown gives KVM_ENOSYS");
}

/* The processor itself refuses most of these; QEMU's refuses few, and on Intel the hypervisor has a part in it. */
static void test_illegal_control_registers(u64 cr0, u64 cr4)
{
	if (!guest_has("bochs-svm")) {
		WRITE_CR(0, cr0 & ~BIT64(0));
		ok_fault(13, "cr0: PE off with PG on refused");
		WRITE_CR(0, (cr0 & ~BIT64(0)) ^ BIT64(30));
		ok_fault(13, "cr0: PE off with PG on and CD changed refused");
	}
	WRITE_CR(0, (cr0 | BIT64(29)) & ~BIT64(30));
	ok_fault(13, "cr0: NW without CD refused");
	WRITE_CR(0, cr0 & ~BIT64(31));
	ok_fault(13, "cr0: PG off in 64-bit code refused");
	if (!is_amd()) {	/* QEMU cuts it off */
		WRITE_CR(0, cr0 | BIT64(32));
		ok_fault(13, "cr0: upper half refused");
	}
	ok_equal(READ_CR(0), cr0, "cr0: as before");
	WRITE_CR(4, cr4 | BIT64(13));
	ok_fault(13, "cr4: VMXE refused");
	WRITE_CR(4, cr4 & ~BIT64(5));
	ok_fault(13, "cr4: PAE off in long mode refused");
	ok_equal(READ_CR(4), cr4, "cr4: as before");
}

static u32 smsw(void)
{
	u64 value;

	__asm__ volatile("smsw %0" : "=r"(value));
	return (u32)value & 0xffff;
}

/* LMSW writes the lowest four bits, and can't clear PE. */
static void test_lmsw(void)
{
	static u16 word = 0xfff8;

	u32 before = smsw();

	__asm__ volatile("lmsw %w0" : : "r"(0xc));
	ok_equal(smsw(), (before & ~0xeu) | 0xc, "lmsw: register");
	__asm__ volatile("lmsw %0" : : "m"(word));
	ok_equal(smsw(), (before & ~0xeu) | 8, "lmsw: memory");
	__asm__ volatile("lmsw %w0; clts" : : "r"(before));
	ok_equal(smsw(), before, "lmsw: as before");
}

static void test_control_registers(void)
{
	u64 cr0 = READ_CR(0), cr4 = READ_CR(4);

	fault_reset();
	WRITE_CR(0, cr0 | BIT64(3));
	ok_equal(READ_CR(0), cr0 | BIT64(3), "cr0: TS set");
	__asm__ volatile("clts");
	ok_equal(READ_CR(0), cr0, "cr0: CLTS");
	WRITE_CR(0, cr0 & ~BIT64(5));
	ok(!(READ_CR(0) & BIT64(5)) || fault_vector, "cr0: NE may be cleared by the guest");
	fault_reset();
	WRITE_CR(0, cr0);
	test_lmsw();
	test_illegal_control_registers(cr0, cr4);
	WRITE_CR(4, cr4 ^ BIT64(7));
	ok_equal(READ_CR(4), cr4 ^ BIT64(7), "cr4: PGE toggled");
	WRITE_CR(4, cr4);
	ok_fault(NO_FAULT, "cr4: legal values");
	ok_equal(READ_CR(4), cr4, "cr4: as before");
	__asm__ volatile("mov %0, %%cr8" : : "r"(5ull));
	u64 cr8;
	__asm__ volatile("mov %%cr8, %0" : "=r"(cr8));
	ok_equal(cr8, 5, "cr8: kept");
	ok_equal(read_msr(X2APIC(8)), 0x50, "cr8: is the APIC's TPR");
	write_msr(X2APIC(8), 0x30);
	__asm__ volatile("mov %%cr8, %0" : "=r"(cr8));
	ok_equal(cr8, 3, "cr8: follows the TPR");
	/* held back by CR8 until it falls */
	u32 before = timer_count;
	__asm__ volatile("mov %0, %%cr8" : : "r"(15ull));
	write_msr(X2APIC(APIC_SELF), 0x40);
	interrupts_on();
	for (volatile int i = 0; i < 1000; i++)
		;
	ok_equal(timer_count, before, "cr8: holds back");
	__asm__ volatile("mov %0, %%cr8" : : "r"(0ull));
	for (volatile int i = 0; i < 1000; i++)
		;
	interrupts_off();
	ok_equal(timer_count, before + 1, "cr8: lets through");
}

static void test_debug_registers(void)
{
	u64 v;

	__asm__ volatile("mov %1, %%dr0; mov %%dr0, %0" : "=r"(v) : "r"(0x123456ull));
	ok_equal(v, 0x123456, "dr0: kept");
	__asm__ volatile("mov %1, %%dr3; mov %%dr3, %0" : "=r"(v) : "r"(0xffff800000001000ull));
	ok_equal(v, 0xffff800000001000, "dr3: kept");
	__asm__ volatile("mov %%dr7, %0" : "=r"(v));
	ok_equal(v, 0x400, "dr7: reset value");
	fault_reset();
	__asm__ volatile(TRY("mov %0, %%dr7") : : "r"(BIT64(33)));
	ok_fault(13, "dr7: upper half refused");
	__asm__ volatile("mov %0, %%dr7" : : "r"(0x400ull));
}

static volatile u32 debug_hits;
static volatile u64 debug_dr6;

static void on_debug(struct trap *t)
{
	u64 dr6;

	__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
	debug_dr6 = dr6;
	debug_hits++;
	__asm__ volatile("mov %0, %%dr6" : : "r"(0xffff0ff0ull));
	t->rflags &= ~BIT64(8);
	t->rflags |= BIT64(16);		/* RF: go over an execution breakpoint */
}

static void test_breakpoints(void)
{
	static volatile u64 watched;

	if (guest_has("kvm-amd"))
		return;
	__asm__ volatile("mov %0, %%dr0" : : "r"(&watched));
	__asm__ volatile("mov %0, %%dr7" : : "r"(0x400ull | 1 | 0x1ull << 16 | 0x2ull << 18));	/* L0, write, 8 bytes */
	watched = 1;
	ok_equal(debug_hits, 1, "breakpoint: data write");
	ok((debug_dr6 & 1) || guest_has("bochs-svm"), "breakpoint: DR6 says which");
	cpuid(0, 0);
	watched = 2;
	ok_equal(debug_hits, 2, "breakpoint: still armed after an exit");
	__asm__ volatile("mov %0, %%dr7" : : "r"(0x400ull));
	watched = 3;
	ok_equal(debug_hits, 2, "breakpoint: disarmed");
}

/* Over an instruction that exits. */
static void test_single_step(void)
{
	if (guest_has("bochs-svm"))
		return;
	debug_hits = 0;
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; cpuid; nop" : : "a"(0), "c"(0) : "rbx", "rdx", "memory");
	ok(debug_hits >= 1, "single step");
	ok(debug_dr6 & BIT64(14), "single step: DR6.BS");
}

/* Exits, and a halt in which others run. */
static void be_interrupted(void)
{
	for (u32 i = 0; i < 100; i++)
		cpuid(0, 0);
	write_msr(X2APIC(APIC_TIMER), 0x40);
	write_msr(X2APIC(APIC_INITIAL), 2000000);
	halt_once();
}

static void test_xstate(void)
{
	u64 in[4] __attribute__((aligned(32))) = { 1, 2, 3, 4 }, out[4] __attribute__((aligned(32))) = { 0 };
	u32 low, high;

	__asm__ volatile("movdqu %0, %%xmm7" : : "m"(in));
	be_interrupted();
	__asm__ volatile("movdqu %%xmm7, %0" : "=m"(out));
	ok(out[0] == 1 && out[1] == 2, "xstate: XMM kept over exits and a halt");
	if (!(cpuid(1, 0).c & BIT32(26)))
		return;
	WRITE_CR(4, READ_CR(4) | BIT64(18));
	ok(cpuid(1, 0).c & BIT32(27), "xstate: OSXSAVE follows CR4");
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	ok_equal(low, 1, "xstate: XCR0 starts as 1");
	fault_reset();
	__asm__ volatile(TRY("xsetbv") : : "a"(6), "d"(0), "c"(0));
	ok_fault(13, "xstate: XCR0 without x87 refused");
	__asm__ volatile(TRY("xsetbv") : : "a"(7), "d"(0), "c"(1));
	ok_fault(13, "xstate: XCR1 refused");
	if (!(cpuid(0xd, 0).a & 4))
		return;
	__asm__ volatile(TRY("xsetbv") : : "a"(7), "d"(0), "c"(0));
	ok_fault(NO_FAULT, "xstate: AVX switched on");
	ok_equal(cpuid(0xd, 0).b, 832, "xstate: area for x87, SSE and AVX");
	__asm__ volatile("vmovdqu %0, %%ymm9" : : "m"(in));
	be_interrupted();
	__asm__ volatile("vmovdqu %%ymm9, %0" : "=m"(out));
	ok(out[2] == 3 && out[3] == 4, "xstate: YMM kept");
}

#define FORBIDDEN(text, name)                                                                                         \
	do {                                                                                                          \
		fault_reset();                                                                                        \
		__asm__ volatile(TRY(text) : : "a"(0), "c"(0), "d"(0) : "memory");                                    \
		ok(fault_vector == 6 + 1 || fault_vector == 13 + 1, name);                                            \
	} while (0)

static void test_forbidden(void)
{
	static u64 operand;

	FORBIDDEN("vmrun", "forbidden: VMRUN");
	FORBIDDEN("vmload", "forbidden: VMLOAD");
	FORBIDDEN("vmsave", "forbidden: VMSAVE");
	FORBIDDEN("stgi", "forbidden: STGI");
	FORBIDDEN("clgi", "forbidden: CLGI");
	FORBIDDEN("invlpga", "forbidden: INVLPGA");
	FORBIDDEN("skinit", "forbidden: SKINIT");
	FORBIDDEN("rsm", "forbidden: RSM");
	FORBIDDEN("monitor", "forbidden: MONITOR");
	FORBIDDEN("mwait", "forbidden: MWAIT");
	FORBIDDEN("getsec", "forbidden: GETSEC");
	FORBIDDEN("vmxoff", "forbidden: VMXOFF");
	FORBIDDEN("vmlaunch", "forbidden: VMLAUNCH");
	FORBIDDEN("vmresume", "forbidden: VMRESUME");
	if (!is_amd())
		FORBIDDEN("rdpmc", "forbidden: RDPMC");
	fault_reset();
	if (!guest_has("qemu-10")) {
		__asm__ volatile(TRY("vmxon %0") : : "m"(operand) : "memory");
		ok_fault(6, "forbidden: VMXON");
		__asm__ volatile(TRY("vmptrld %0") : : "m"(operand) : "memory");
		ok_fault(6, "forbidden: VMPTRLD");
	}
	__asm__ volatile(TRY("ud2"));
	ok_fault(6, "ud2");
	__asm__ volatile(TRY("wbinvd") : : : "memory");
	ok_fault(NO_FAULT, "wbinvd");
	__asm__ volatile(TRY("invd") : : : "memory");
	ok_fault(NO_FAULT, "invd");
	__asm__ volatile(TRY("pause"));
	ok_fault(NO_FAULT, "pause");
	__asm__ volatile(TRY("invlpg %0") : : "m"(operand) : "memory");
	ok_fault(NO_FAULT, "invlpg");
	if (cpuid(0x80000001, 0).d & BIT32(27)) {
		u32 a, d, c;

		write_msr(0xc0000103, 0x77);
		__asm__ volatile(TRY("rdtscp") : "=a"(a), "=d"(d), "=c"(c));
		ok_fault(NO_FAULT, "rdtscp");
		ok_equal(c, 0x77, "rdtscp: TSC_AUX");
	}
}

static void test_pio(void)
{
	ok_equal(in8(0x5600), 0xff, "pio: nobody there, 8");
	ok_equal(in16(0x5600), 0xffff, "pio: nobody there, 16");
	ok_equal(in32(0x5600), 0xffffffff, "pio: nobody there, 32");
	u64 a = 0x1122334455667788ull;
	__asm__ volatile("inb $0x57, %%al" : "+a"(a));
	ok_equal(a, 0x11223344556677ffull, "pio: AL alone changes");
	a = 0x1122334455667788ull;
	__asm__ volatile("inw $0x57, %%ax" : "+a"(a));
	ok_equal(a, 0x112233445566ffffull, "pio: AX alone changes");
	a = 0x1122334455667788ull;
	__asm__ volatile("inl $0x57, %%eax" : "+a"(a));
	ok_equal(a, 0xffffffff, "pio: EAX clears the upper half");
	out8(0x3ff, 0x5a);
	ok_equal(in8(0x3ff), 0x5a, "pio: UART scratch register");
	out32(0xcf8, 0x80000000);
	ok_equal(in32(0xcf8), 0x80000000, "pio: PCI address register");
	ok((in32(0xcfc) & 0xffff) != 0xffff, "pio: PCI host bridge");
	out32(0xcf8, 0x8000f800);
	ok_equal(in32(0xcfc), 0xffffffff, "pio: no such PCI function");
	in8(0xcf9);
	out16(0x80, 1);
	ok(true, "pio: port 80h");
}

static void test_string_io(void)
{
	u64 si, di, cx;

	/* INSB from the scratch register, forwards, over a page boundary */
	out8(0x3ff, 0xa5);
	memset(buffer, 0, sizeof(buffer));
	di = (u64)buffer + 4096 - 10;
	cx = 20;
	__asm__ volatile("rep insb" : "+D"(di), "+c"(cx) : "d"(0x3ff) : "memory");
	ok(di == (u64)buffer + 4096 + 10 && cx == 0, "insb: registers");
	bool all = buffer[4085] == 0 && buffer[4106] == 0;
	for (u32 i = 4086; i < 4106; i++)
		all = all && buffer[i] == 0xa5;
	ok(all, "insb: bytes, over a page boundary");
	/* backwards */
	memset(buffer, 0, sizeof(buffer));
	di = (u64)buffer + 100;
	cx = 5;
	__asm__ volatile("std; rep insb; cld" : "+D"(di), "+c"(cx) : "d"(0x3ff) : "memory");
	ok(di == (u64)buffer + 95 && buffer[96] == 0xa5 && buffer[100] == 0xa5 && buffer[95] == 0 &&
	   buffer[101] == 0, "insb: backwards");
	/* OUTSB to the scratch register: the last byte stays */
	for (u32 i = 0; i < 64; i++)
		buffer[i] = (u8)(i + 1);
	si = (u64)buffer;
	cx = 64;
	__asm__ volatile("rep outsb" : "+S"(si), "+c"(cx) : "d"(0x3ff) : "memory");
	ok(si == (u64)buffer + 64 && cx == 0, "outsb: registers");
	ok_equal(in8(0x3ff), 64, "outsb: last byte");
	/* single, with a 32-bit address size */
	si = (u64)buffer + 9;
	__asm__ volatile("addr32 outsb" : "+S"(si) : "d"(0x3ff) : "memory");
	ok_equal(in8(0x3ff), 10, "outsb: single, 32-bit addresses");
	ok_equal(si, (u64)buffer + 10, "outsb: ESI moves");
	cx = 0;
	si = (u64)buffer;
	__asm__ volatile("rep outsb" : "+S"(si), "+c"(cx) : "d"(0x3ff) : "memory");
	ok(si == (u64)buffer && cx == 0, "outsb: count 0 does nothing");
	cx = 4;
	di = (u64)buffer;
	__asm__ volatile("rep insl" : "+D"(di), "+c"(cx) : "d"(0x5600) : "memory");
	ok(buffer[15] == 0xff && buffer[16] == 17, "insl");
	cx = 3;
	di = (u64)buffer;
	__asm__ volatile("rep insw" : "+D"(di), "+c"(cx) : "d"(0x3ff) : "memory");
	ok(di == (u64)buffer + 6, "insw");
	/* a page that is not there: #PF with the right address, the count tells how far it came */
	page_directories[3][511] = 0;
	__asm__ volatile("invlpg (%0)" : : "r"(0xffe00000ull) : "memory");
	cx = 4;
	di = 0xffe00000ull;
	fault_reset();
	__asm__ volatile(TRY("rep insb") : "+D"(di), "+c"(cx) : "d"(0x3ff) : "memory");
	if (!guest_has("bochs-svm"))
		ok_equal(fault_address, 0xffe00000ull, "insb: #PF address");
	ok_fault(14, "insb: #PF");
	page_directories[3][511] = 0xffe00083ull;
}

static void test_time(void)
{
	u64 a = read_tsc();

	cpuid(0, 0);
	ok(read_tsc() > a, "tsc: goes forward over an exit");
	ok(read_msr(0x10) >= a, "tsc: MSR agrees");
	a = read_tsc();
	write_msr(0x10, a + 1000000000000ull);
	ok(read_tsc() - a >= 1000000000000ull, "tsc: written, forward");
	write_msr(0x10, a);
	ok(read_tsc() - a < 1000000000000ull, "tsc: written, back");
	fault_reset();
}

void guest_main(void)
{
	test_cpuid();
	test_msr();
	test_halt();
	test_hypercall();
	test_control_registers();
	test_debug_registers();
	trap_handlers[1] = on_debug;
	test_breakpoints();
	test_single_step();
	trap_handlers[1] = NULL;
	test_xstate();
	test_forbidden();
	test_pio();
	test_string_io();
	test_time();
}
