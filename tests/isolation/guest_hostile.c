/* SPDX-License-Identifier: MIT */
/*
 * guest_hostile.c - a guest that does what no guest should. The command line names the mode, `seed=N` varies the
 * random ones.
 *
 * It may crash or hang itself; whoever runs it watches a second VM, the prompt and the kernel. `SURVIVED mode` is
 * printed where it can be.
 */
#include "guest.h"

static u64 state;

static u64 random_u64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void acknowledge(struct trap *t)
{
	(void)t;
	write_msr(X2APIC(APIC_EOI), 0);
}

static void return_only(struct trap *t) { (void)t; }

/* Ports: every port, every size, all values; but not the one that would end the run at once. */
static void run_ports(void)
{
	for (u32 i = 0; i < 20000; i++) {
		u16 port = (u16)random_u64();
		u64 r = random_u64();

		if ((port >= 0x600 && port < 0x610) || (port >= 0x3f8 && port < 0x400) || port == 0x64 ||
		    port == 0x92 ||
		    (port >= 0xcf6 && port <= 0xcf9))
			continue;
		switch (r % 6) {
		case 0: out8(port, (u8)(r >> 8)); break;
		case 1: out16(port, (u16)(r >> 8)); break;
		case 2: out32(port, (u32)(r >> 8)); break;
		case 3: in8(port); break;
		case 4: in16(port); break;
		default: in32(port); break;
		}
	}
}

static void run_msrs(void)
{
	static const u32 bases[] = { 0, 0x100, 0x200, 0x400, 0x480, 0x800, 0xc0000080, 0xc0000100,
				     0xc0010000, 0xc0010100, 0x40000000, 0x4b564d00 };

	for (u32 i = 0; i < 20000; i++) {
		u32 msr = bases[random_u64() % ARRAY_COUNT(bases)] + (u32)(random_u64() % 0x140);

		if (msr == 0xc0000080 || msr == 0x1b || (msr >= 0x800 && msr < 0x840))
			read_msr(msr);
		else if (random_u64() & 1)
			read_msr(msr);
		else
			write_msr(msr, random_u64() & random_u64());
	}
	apic_init();
	for (u32 i = 0; i < 2000; i++)
		write_msr(0x800 + (u32)(random_u64() % 0x40), random_u64() & 0xffff);
}

static void run_mmio(void)
{
	for (u32 i = 0; i < 20000; i++) {
		u64 r = random_u64(), where = (r & 1 ? 0xfec00000ull : 0xfee00000ull) + (r >> 8) % 0x1000;

		if (r & 4)
			where = 0xe0000000ull + (r >> 16) % 0x1f000000;
		switch (r >> 60 & 3) {
		case 0: __asm__ volatile(TRY("movb %%al, (%0)") : : "r"(where), "a"(r) : "memory"); break;
		case 1: __asm__ volatile(TRY("movq %%rax, (%0)") : : "r"(where), "a"(r) : "memory"); break;
		case 2: __asm__ volatile(TRY("lock addl %%eax, (%0)") : : "r"(where), "a"(r) : "memory"); break;
		default: __asm__ volatile(TRY("movl (%0), %%eax") : : "r"(where), "a"(0) : "memory"); break;
		}
	}
}

/* Random bytes as code, on a page of their own; any trap goes on with the next try. */
static u8 code[4096] __attribute__((aligned(4096)));
static u8 scratch[4096] __attribute__((aligned(4096)));
static void *resume[8];

static void skip_any(struct trap *t)
{
	(void)t;
	__builtin_longjmp(resume, 1);
}

static void run_code(void)
{
	for (u32 v = 0; v < 256; v++)
		trap_handlers[v] = skip_any;
	for (volatile u32 i = 0; i < guest_number("tries=", 3000); i++) {
		u64 r = random_u64();

		memset(code, 0xcc, sizeof(code));
		for (u32 k = 0; k < 14; k++)
			code[k] = (u8)random_u64();
		if (r % 3 == 0) {		/* two-byte opcodes, where the system instructions are */
			code[0] = 0x0f;
			code[1] = (r >> 8) % 2 ? 0x01 : (u8)(r >> 16);
		} else if (r % 7 == 0) {
			code[0] = (u8)(0xa4 + (r >> 8) % 12);
		}
		if (__builtin_setjmp(resume) == 0)
			__asm__ volatile("xorl %%ecx, %%ecx; call *%0" : : "r"(code), "D"(scratch), "S"(scratch)
					 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
					   "r15", "memory", "cc");
	}
}

static void run_virtualization(void)
{
	static u8 area[4096] __attribute__((aligned(4096)));

	for (u32 i = 0; i < 200; i++) {
		write_msr(0xc0000080, read_msr(0xc0000080) | BIT64(12));
		WRITE_CR(4, READ_CR(4) | BIT64(13));
		__asm__ volatile(TRY("vmrun") : : "a"(area) : "memory");
		__asm__ volatile(TRY("vmsave") : : "a"(0x100000) : "memory");
		__asm__ volatile(TRY("vmload") : : "a"(~0ull) : "memory");
		__asm__ volatile(TRY("clgi") : : : "memory");
		__asm__ volatile(TRY("skinit") : : "a"(area) : "memory");
		/* QEMU 10 takes it for CMPXCHG8B, and a displacement for the next instruction. */
		__asm__ volatile(TRY("vmxon (%0)") : : "b"(area) : "rax", "rdx", "cc", "memory");
		__asm__ volatile(TRY("vmcall") : : "a"(random_u64()), "b"(random_u64()) : "rcx", "rdx", "memory");
		__asm__ volatile(TRY("vmmcall") : : "a"(random_u64()), "b"(random_u64()) : "rcx", "rdx", "memory");
		__asm__ volatile(TRY("rsm") : : : "memory");
		__asm__ volatile(TRY("getsec") : : "a"(0), "b"(0), "c"(0) : "memory");
		__asm__ volatile(TRY("xsetbv") : : "a"(random_u64()), "d"(random_u64()), "c"(random_u64() % 3)
				 : "memory");
		__asm__ volatile(TRY("invlpga") : : "a"(random_u64()), "c"(random_u64()) : "memory");
	}
}

static void run_registers(void)
{
	for (u32 i = 0; i < 3000; i++) {
		u64 r = random_u64(), cr0 = READ_CR(0), cr4 = READ_CR(4);

		WRITE_CR(4, cr4 ^ (r & random_u64() & ~0x20ull));
		WRITE_CR(4, cr4);
		WRITE_CR(0, cr0 ^ BIT64(r % 32 == 31 ? 3 : r % 32));
		WRITE_CR(0, cr0);
		__asm__ volatile(TRY("mov %0, %%cr8") : : "r"(random_u64() & random_u64()));
		__asm__ volatile(TRY("mov %0, %%dr0") : : "r"(random_u64()));
		__asm__ volatile(TRY("mov %0, %%dr3") : : "r"(0xffffffff80100000ull + r % 0x10000));
		__asm__ volatile(TRY("mov %0, %%dr6") : : "r"(random_u64()));
	}
	__asm__ volatile("mov %0, %%cr8" : : "r"(0ull));
}

/*
 * Breakpoints on addresses of the hypervisor, left armed. The command line has them in hexadecimal: `at=A`; and
 * `sweep=A`, which stands for all of SWEEP_BYTES from there, page by page.
 */
#define SWEEP_BYTES (32ull << 20)
#define BREAKPOINTS_MAX 32u
enum { ON_EXECUTION, ON_WRITE, ON_PORT, ON_ACCESS };

static u64 hex(const char **p)
{
	u64 value = 0;

	for (; (**p >= '0' && **p <= '9') || (**p >= 'a' && **p <= 'f'); (*p)++)
		value = value << 4 | (u64)(**p <= '9' ? **p - '0' : **p - 'a' + 10);
	return value;
}

static u32 addresses_of(const char *key, u64 *to)
{
	size_t length = 0;
	u32 count = 0;

	while (key[length])
		length++;
	for (const char *p = guest_cmdline; *p; p++)
		if ((p == guest_cmdline || p[-1] == ' ') && memcmp(p, key, length) == 0 && count < BREAKPOINTS_MAX) {
			p += length;
			to[count++] = hex(&p);
			p--;
		}
	return count;
}

static void arm(const u64 at[4], u64 type)
{
	static const u64 lengths[] = { [ON_EXECUTION] = 0, [ON_WRITE] = 2, [ON_PORT] = 0, [ON_ACCESS] = 2 };
	u64 one = type | lengths[type] << 2;

	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr2; mov %3, %%dr3"
			 : : "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]));
	__asm__ volatile("mov %0, %%dr7" : : "r"(0x4ffull | one << 16 | one << 20 | one << 24 | one << 28));
}

/* Each a different way through the hypervisor. */
static void leave_in_many_ways(void)
{
	cpuid(0, 0);
	in8(0x80);
	read_msr(0x10);
	__asm__ volatile("movl (%0), %%eax" : : "r"(0xfec00000ull) : "rax", "memory");
	__asm__ volatile("mov %%dr6, %%rax" : : : "rax");
}

static void run_breakpoints(void)
{
	static const u64 ports[] = { 0x3f8, 0x3fd, 0x80, 0x40 };
	static const u64 fields[] = { 0, 0x70, 0x578, 0x5f8 };	/* a VMCB's: intercepts, exit code, RIP, RAX */
	static u64 at[BREAKPOINTS_MAX + 3], four[4];
	u32 count = addresses_of("at=", at), sweeps = addresses_of("sweep=", at + count);

	trap_handlers[1] = return_only;
	WRITE_CR(4, READ_CR(4) | BIT64(3));
	arm(ports, ON_PORT);
	leave_in_many_ways();
	for (u32 i = 0; i + 4 <= count; i++)
		for (u64 type = ON_EXECUTION; type <= ON_ACCESS; type++) {
			if (type == ON_PORT)
				continue;
			arm(at + i, type);
			leave_in_many_ways();
		}
	for (u32 i = 0; i < sweeps; i++)
		for (u64 a = at[count + i]; a < at[count + i] + SWEEP_BYTES; a += 4096) {
			for (u32 k = 0; k < 4; k++)
				four[k] = a + fields[k];
			arm(four, ON_ACCESS);
			cpuid(0, 0);
		}
	arm(at, ON_EXECUTION);
	for (u32 i = 0; i < 20000; i++)
		cpuid(i, 0);
}

static void set_idt(u16 limit, u64 base)
{
	struct { u16 limit; u64 base; } __attribute__((packed)) pointer = { limit, base };

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

static void run_triple(void) { set_idt(1, 0); __asm__ volatile("int3"); }
static void run_reset_triple(void) { set_idt(0, 0); __asm__ volatile("int3"); }
static void run_idt_outside(void) { set_idt(0xffff, 0xc0000000); __asm__ volatile("int3"); }
static void run_gdt(void)
{
	struct { u16 limit; u64 base; } __attribute__((packed)) pointer = { 7, 0xd0000000 };

	__asm__ volatile("lgdt %0; movw $0x10, %%ax; movw %%ax, %%ss; int3" : : "m"(pointer) : "rax");
}
static void run_paging(void)
{
	for (u32 i = 0; i < 512; i++)
		page_directories[0][i] = random_u64();
	WRITE_CR(3, READ_CR(3));
	for (;;)
		__asm__ volatile("pushq $0");
}
static void run_cr3(void) { WRITE_CR(3, 0xfff0000000ull); __asm__ volatile("nop"); }

/*
 * A #DB whose delivery raises the next one: its frame always goes to the same place (IST), where a watchpoint waits.
 * A processor that is left alone with this never comes back; who does execute the handler meets the trap flag next.
 * Only with `watch` on the command line, because QEMU itself dies of a watchpoint there; without it there is the trap
 * flag alone.
 */
extern u8 tss[104];

static void run_debug_loop(void)
{
	static u8 stack[4096] __attribute__((aligned(16)));
	struct { u16 limit; u64 base; } __attribute__((packed)) pointer;
	u64 top = (u64)stack + sizeof(stack);

	trap_handlers[1] = return_only;
	memcpy(tss + 0x24, &top, sizeof(top));
	__asm__ volatile("sidt %0" : "=m"(pointer));
	((u8 *)pointer.base)[16 + 4] = 1;
	if (guest_has("watch"))
		__asm__ volatile("mov %0, %%dr0; mov %1, %%dr7"
				 : : "r"(top - 40), "r"(0x400ull | 3 | 1ull << 16 | 2ull << 18));
	for (;;)
		__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; pushq %%rax; popq %%rax" : : : "memory");
}
static void run_hang(void) { __asm__ volatile("cli; hlt"); }
static void run_spin(void)
{
	for (;;)
		__asm__ volatile("pause");
}

/* A value of its own where ring 3 of the host could read it. */
static void run_tsc_aux(void)
{
	write_msr(0xc0000103, 0x5ec2e7);
	for (u32 i = 0;; i++)
		cpuid(i, 0);
}

/* Interrupts on for long, so that others run meanwhile; then off, one exit, and never again one. */
static void run_deaf(void)
{
	__asm__ volatile("sti");
	for (u32 i = 0; i < 20000000; i++)
		__asm__ volatile("");
	__asm__ volatile("cli");
	(void)in8(0x80);
	for (;;)
		__asm__ volatile("");
}

static void run_reset_8042(void) { out8(0x64, 0xfe); }
static void run_reset_cf9(void) { out8(0xcf9, 6); }
static void run_smi(void)
{
	apic_init();
	for (u32 i = 0; i < 256; i++) {
		out8(0xb2, (u8)i);
		out8(0xb3, (u8)i);
		write_msr(X2APIC(APIC_ICR), 2 << 8 | 1 << 18 | i);
		write_msr(X2APIC(APIC_ICR), 5 << 8 | 2 << 18 | 1 << 14);
	}
}

/* Reads and writes over all of the guest-physical space that can be named. */
static void run_beyond(void)
{
	for (u32 i = 0; i < 4000; i++) {
		u64 gpa = random_u64() & 0xffffffffff000ull & ~0x1fffffull, r = random_u64();

		if (i & 1)
			gpa = (r % 0x100) << 24 & ~0x1fffffull;
		page_directories[3][510] = gpa | 0x83;
		__asm__ volatile("invlpg (%0)" : : "r"(0xffc00000ull) : "memory");
		if (gpa < 16 << 20)
			continue;
		if (r & 1)
			__asm__ volatile(TRY("movl (%0), %%eax") : : "r"(0xffc00000ull + (r & 0x1ffff8))
					 : "rax", "memory");
		else
			__asm__ volatile(TRY("movl %%eax, (%0)") : : "r"(0xffc00000ull + (r & 0x1ffff8)), "a"(r)
					 : "memory");
	}
}

static void run_storm(void)
{
	apic_init();
	write_msr(X2APIC(APIC_DIVIDE), 0xb);
	write_msr(X2APIC(APIC_TIMER), 0x40 | 1 << 17);
	trap_handlers[0x40] = acknowledge;
	write_msr(X2APIC(APIC_INITIAL), 1);
	interrupts_on();
	for (u32 i = 0; i < 20000; i++)
		write_msr(X2APIC(APIC_SELF), 0x20 + (i & 0x1f));
	interrupts_off();
}

static const struct mode {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "ports", run_ports }, { "msrs", run_msrs }, { "mmio", run_mmio }, { "code", run_code },
	{ "virtualization", run_virtualization },
	{ "registers", run_registers }, { "breakpoints", run_breakpoints }, { "triple", run_triple },
	{ "idt-outside", run_idt_outside },
	{ "gdt", run_gdt }, { "paging", run_paging }, { "cr3", run_cr3 }, { "debug-loop", run_debug_loop },
	{ "hang", run_hang },
	{ "spin", run_spin }, { "deaf", run_deaf },
	{ "reset-8042", run_reset_8042 }, { "reset-triple", run_reset_triple },
	{ "reset-cf9", run_reset_cf9 }, { "smi", run_smi }, { "beyond", run_beyond },
	{ "storm", run_storm }, { "tsc-aux", run_tsc_aux },
};

void guest_main(void)
{
	state = guest_number("seed=", 1) * 0x9e3779b97f4a7c15ull + 1;
	for (u32 i = 0; i < ARRAY_COUNT(modes); i++)
		if (guest_has(modes[i].name)) {
			put_text("START ");
			put_text(modes[i].name);
			put_char('\n');
			modes[i].run();
			put_text("SURVIVED ");
			put_text(modes[i].name);
			put_char('\n');
		}
}
