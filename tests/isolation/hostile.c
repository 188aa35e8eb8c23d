/* SPDX-License-Identifier: MIT */
/*
 * hostile.c - a ring-3 program that sits where a VMM should be and does all the harm it can.
 *
 * It is started as the VMM of a VM (create-vm --vmm hostile --cmdline MODE); the guest's command line names what to do.
 * Modes that only make system calls end by reporting PHASE_ENDED with a poweroff; the other modes break a rule that the
 * processor enforces, and must end in a fault that stops this program alone. Whoever runs it watches a second VM and
 * the prompt.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"
#include "syscalls.h"
#include "user.h"
#include "vcpu_page.h"
#include "vm_layout.h"

#define ARGS ((const struct vmm_args *)VMM_ARGS)
#define CONTROL ((volatile struct vmm_control *)VMM_CONTROL)
#define PAGE ((volatile struct vcpu_page *)VMM_VCPU_PAGES)

static u64 seed = 0x9e3779b97f4a7c15ull;

static u64 random_u64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

struct answer {
	u64 status, value;
};

static struct answer call(u64 number, const u64 a[6])
{
	register u64 r10 __asm__("r10") = a[3];
	register u64 r8 __asm__("r8") = a[4];
	register u64 r9 __asm__("r9") = a[5];
	u64 status = number, rdi = a[0], rsi = a[1], rdx = a[2];

	__asm__ volatile("syscall"
			 : "+a"(status), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
			 :
			 : "rcx", "r11", "memory");
	return (struct answer){ status, rdx };
}

static u64 tsc(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

static void say(const char *text)
{
	u64 words[4];
	size_t length = strlen(text);

	while (length > 0) {
		size_t part = length < sizeof words ? length : sizeof words;

		memset(words, 0, sizeof words);
		memcpy(words, text, part);
		call(SYS_LOG_WRITE, (u64[6]){ part, words[0], words[1], words[2], words[3], 0 });
		text += part;
		length -= part;
	}
}

/* Values that tend to be at the edge of somebody's check. */
static u64 edge(void)
{
	static const u64 values[] = {
		0, 1, 2, 3, 4, 5, 16, 17, 48, 49, 63, 64, 255, 511, 512, 4095, 4096, 4097,
		HANDLE_COUNT - 1, HANDLE_COUNT, HANDLE_COUNT + 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		VMM_ARGS, VMM_CONTROL, VMM_VCPU_PAGES,
		VMM_RAM, 0x400000, 0x00007ffffffff000, 0x0000800000000000, 0xffff800000000000, 0xfffffe0000000000,
		0xffffff0000000000, 0xffffffff80000000, 0xffffffff80100000, 0x7fffffffffffffff, 0x8000000000000000,
		0xfffffffffffff000, ~1ull, ~0ull,
	};
	u64 r = random_u64();

	switch (r & 3) {
	case 0: return values[(r >> 8) % ARRAY_COUNT(values)];
	case 1: return (r >> 8) & 127;
	case 2: return ((r >> 8) & 0xffff) << 12;
	default: return random_u64();
	}
}

/* A call that would put this very thread to sleep or to an end proves nothing. */
static bool is_suicide(u64 number, const u64 a[6])
{
	if (number == SYS_NOTIFY_WAIT)
		return a[0] > 1;
	if (number == SYS_THREAD_CTL)
		return a[1] == THREAD_EXIT || a[1] == THREAD_SET_COMPAT || a[1] == THREAD_SET_FSBASE ||
		       a[1] == THREAD_STOP;
	return number == SYS_HANDLE_CLOSE;
}

/* QEMU itself dies (of a bug) when a guest meets an execution breakpoint in a code segment whose base is not 0. */
static bool is_tcg(void)
{
	u32 a = 0x40000000, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return b == 0x54474354 && c == 0x43544743;	/* "TCGTCGTCGTCG" */
}

/* Scribble over the vcpu page, keeping only a deadline so that the guest comes back. */
static void scribble_page(void)
{
	u64 *words = (u64 *)VMM_VCPU_PAGES;
	u32 count = (u32)(random_u64() % 64);

	if (random_u64() % 16 == 0)
		count = sizeof(struct vcpu_page) / 8;
	for (u32 i = 0; i < count; i++)
		words[random_u64() % (sizeof(struct vcpu_page) / 8)] = edge();
	if (is_tcg())
		PAGE->dr7 &= ~0xffull;
	PAGE->dirty = (u32)random_u64();
	PAGE->deadline_tsc = tsc() + 20000;
}

static void storm_calls(void)
{
	u64 refused = 0, granted = 0;

	for (u32 i = 0; i < 60000; i++) {
		u64 known = SYS_FIRST + random_u64() % (SYS_LAST - SYS_FIRST + 3);
		u64 number = random_u64() % 8 ? known : edge() | SYS_FIRST;
		u64 a[6] = { edge(), edge(), edge(), edge(), edge(), edge() };

		if (is_suicide(number, a) || number == SYS_LOG_WRITE || number < SYS_FIRST)
			continue;
		if (number == SYS_VCPU_RUN)
			scribble_page();
		if (call(number, a).status == ST_OK)
			granted++;
		else
			refused++;
	}
	char text[64];
	snprintf(text, sizeof text, "hostile: %u refused, %u done\n", (unsigned)refused, (unsigned)granted);
	say(text);
}

static void storm_page(void)
{
	u64 back = 0;

	for (u32 i = 0; i < 4000; i++) {
		scribble_page();
		if (call(SYS_VCPU_RUN, (u64[6]){ 0 }).status == ST_OK)
			back++;
		if (i % 7 == 0)
			call(SYS_VCPU_GET, (u64[6]){ edge() });
	}
	say(back ? "hostile: page storm survived\n" : "hostile: page storm never ran\n");
}

/* Every root-only call, well formed but for the right to make it: each must be refused. */
static void storm_rights(void)
{
	u64 done = 0;

	for (u64 h = 0; h < HANDLE_COUNT; h++) {
		const struct { u64 number; u64 a[6]; } tries[] = {
			{ SYS_MEM_CREATE, { h, 4096, 0 } },
			{ SYS_MEM_MAP, { h, h, 0x50000000, 0, 4096, RIGHT_R | RIGHT_W } },
			{ SYS_MEM_UNMAP, { h, 0x400000, 4096 } },
			{ SYS_PD_CREATE, { h } },
			{ SYS_THREAD_CREATE, { h, 0x400000, PD_STACK_TOP, 0, 1 } },
			{ SYS_VM_CREATE, { h } },
			{ SYS_VCPU_CREATE, { h, 1 } },
			{ SYS_HANDLE_GRANT, { h, 100, h, RIGHT_ALL, ~0ull } },
			{ SYS_OBJECT_DESTROY, { h } },
			{ SYS_IRQ_CREATE, { h, 4, 0, h, 1 } },
			{ SYS_PORT_GRANT, { h, 0, 0xffff } },
			{ SYS_MEM_CREATE, { h, 4096, MEM_DEVICE, 0xb8000 } },
			{ SYS_SYSTEM_CTL, { h, SYSTEM_REBOOT } },
			{ SYS_SYSTEM_CTL, { h, SYSTEM_PCPU_INIT } },
			{ SYS_SYSTEM_CTL, { h, SYSTEM_CONSOLE_TAKE } },
		};
		for (u32 i = 0; i < ARRAY_COUNT(tries); i++)
			done += call(tries[i].number, tries[i].a).status == ST_OK;
	}
	say(done ? "hostile: RIGHTS BROKEN\n" : "hostile: all root-only calls refused\n");
}

static void scribble_control(void)
{
	CONTROL->phase = (u32)random_u64();
	CONTROL->reason = (u32)random_u64();
	CONTROL->is_paused = (u32)random_u64();
	if (CONTROL->phase == PHASE_ENDED)
		CONTROL->phase = PHASE_RUNNING;
}

/* Signals are limited in rate; what lies there when root looks is not. */
static void flood_signals(void)
{
	for (u32 i = 0; i < 8000; i++) {
		for (u32 j = 0; j < 25; j++)
			scribble_control();
		call(SYS_NOTIFY_SIGNAL, (u64[6]){ i & 1 ? H_ROOT_SIGNAL : VMM_H_CONSOLE });
		if (i % 64 == 0)
			memset((void *)VMM_RINGS, (int)random_u64(), VM_RINGS_BYTES);
	}
	memset((void *)VMM_RINGS, 0, VM_RINGS_BYTES);
	say("hostile: flood done\n");
}

/* Signals and nothing else, for ever: root and the console go before all guests. */
static void flood_endless(void)
{
	for (u32 i = 0;; i++)
		call(SYS_NOTIFY_SIGNAL, (u64[6]){ i & 1 ? H_ROOT_SIGNAL : VMM_H_CONSOLE });
}

/* ---- two threads at once; the VM must have two vCPUs ---- */
static volatile enum race { RACE_NONE, RACE_PAGE, RACE_CALLS, RACE_CLOSE } race;
static volatile u32 race_turns;

/*
 * While the other thread is in vcpu_run, or on its way there and back. Its page has no moment of peace; a signal now
 * and then fetches it from a guest that would not come back.
 */
static void race_page_once(void)
{
	const u64 dr7 = offsetof(struct vcpu_page, dr7) / 8;
	u64 word = random_u64() % (sizeof(struct vcpu_page) / 8);

	((volatile u64 *)VMM_VCPU_PAGES)[word] = word == dr7 && is_tcg() ? 0 : edge();
	if (race_turns % 512 == 0)
		call(SYS_NOTIFY_SIGNAL, (u64[6]){ VMM_H_THREAD });
}

static void race_calls_once(void)
{
	u64 number = SYS_FIRST + random_u64() % (SYS_LAST - SYS_FIRST);
	u64 a[6] = { edge(), edge(), edge(), edge(), edge(), edge() };

	if (is_suicide(number, a) || number == SYS_LOG_WRITE || number == SYS_VCPU_RUN)
		return;
	call(number, a);
	if (race_turns % 64 == 0)
		call(SYS_NOTIFY_SIGNAL, (u64[6]){ VMM_H_THREAD });
}

static void race_close_once(void)
{
	u64 handle = 3 + race_turns / 256 % 128;

	call(race_turns % 256 ? SYS_NOTIFY_SIGNAL : SYS_HANDLE_CLOSE, (u64[6]){ handle });
}

/* The second vCPU's thread. */
void user_thread_main(u32 index)
{
	static void (*const turns[])(void) = {
		[RACE_PAGE] = race_page_once, [RACE_CALLS] = race_calls_once, [RACE_CLOSE] = race_close_once,
	};

	(void)index;
	for (;; race_turns++)
		if (race != RACE_NONE)
			turns[race]();
		else
			call(SYS_THREAD_CTL, (u64[6]){ 0, THREAD_YIELD });
}

/* Not before the second thread is at it too. */
static void race_begin(enum race kind)
{
	u32 before = race_turns;

	race = kind;
	while (race_turns - before < 2)
		call(SYS_THREAD_CTL, (u64[6]){ 0, THREAD_YIELD });
}

static void race_page(void)
{
	race_begin(RACE_PAGE);
	storm_page();
}

static void race_calls(void)
{
	race_begin(RACE_CALLS);
	storm_calls();
}

static void race_close(void)
{
	race_begin(RACE_CLOSE);
	for (u32 i = 0; i < 40000 || race_turns < 2 * 128 * 256; i++) {
		scribble_page();
		call(SYS_VCPU_RUN, (u64[6]){ 0 });
		call(SYS_VCPU_BIND, (u64[6]){ VMM_H_VCPU + (i & 1) });
		call(SYS_NOTIFY_SIGNAL, (u64[6]){ 3 + random_u64() % 128 });
		call(SYS_HANDLE_CLOSE, (u64[6]){ 3 + random_u64() % 128 });
	}
}

/* Ends by force only, wherever the two are just then. */
static void race_endless(void)
{
	race_begin(RACE_PAGE);
	for (;;) {
		scribble_page();
		call(SYS_VCPU_RUN, (u64[6]){ 0 });
	}
}

static void touch(u64 address, bool is_write)
{
	volatile u8 *p = (volatile u8 *)address;

	if (is_write)
		*p = 1;
	else
		(void)*p;
	say("hostile: ACCESS ALLOWED\n");
}

static void run_cli(void) { __asm__ volatile("cli"); }
static void run_out(void) { __asm__ volatile("outb %%al, %%dx" : : "a"(0xfe), "d"(0x64)); }
static void run_wrmsr(void) { __asm__ volatile("wrmsr" : : "c"(0xc0000080), "a"(0), "d"(0)); }
static void run_hlt(void) { __asm__ volatile("hlt"); }
static void run_ud(void) { __asm__ volatile("ud2"); }
static void run_cr3(void) { __asm__ volatile("mov %%cr3, %%rax" : : : "rax"); }
static void run_vmrun(void) { __asm__ volatile("vmrun" : : "a"(0)); }
static void run_vmxoff(void) { __asm__ volatile("vmxoff"); }
static void run_noncanonical(void) { __asm__ volatile("movabs $0x8000000000000000, %%rax; jmp *%%rax" : : : "rax"); }
static void run_kernel_text(void) { __asm__ volatile("movq $0xffffffff80100000, %%rax; jmp *%%rax" : : : "rax"); }
static void run_int(void) { __asm__ volatile("int $0x40"); }
static void run_read_kernel(void) { touch(0xffffffff80100000, false); }
static void run_read_direct(void) { touch(0xffff800000000000, false); }
static void run_write_args(void) { touch(VMM_ARGS, true); }
static void run_write_text(void) { touch(0x400000 + 0x1000, true); }
static void run_null(void) { touch(0, false); }
static void run_stack(void)
{
	__asm__ volatile("movabs $0x7fffffffffff, %%rsp; push %%rax; 1: jmp 1b" : : : "memory");
}
/* Ways into ring 0 and back out of turn. */
static void run_int3(void) { __asm__ volatile("int3"); }
static void run_sysenter(void) { __asm__ volatile("sysenter" : : : "rcx", "rdx", "memory"); }
static void run_xsetbv(void) { __asm__ volatile("xsetbv" : : "a"(7), "d"(0), "c"(0)); }
static void run_wrgsbase(void) { __asm__ volatile("wrgsbase %0" : : "r"(0xffffffff80100000)); }
static void run_lgdt(void)
{
	static const u8 table[10];

	__asm__ volatile("lgdt %0" : : "m"(table));
}
/* The trap flag must not survive SYSCALL into ring 0. */
static void run_single_step(void)
{
	__asm__ volatile("leaq -128(%%rsp), %%rsp; movl %0, %%eax; pushfq; orq $0x100, (%%rsp); popfq; syscall; nop"
			 : : "i"(SYS_LAST) : "rax", "rcx", "r11", "memory");
}

#define YIELDS "movl $1000, %%ebx; 1: movl %0, %%eax; xorl %%edi, %%edi; movl %1, %%esi; syscall; decl %%ebx; jnz 1b; "
#define CLOBBERS "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory"

/* AC would open SMAP, DF turns string moves round, NT breaks IRET: none may reach ring 0. */
static void run_flags(void)
{
	__asm__ volatile("leaq -128(%%rsp), %%rsp; pushfq; orq $0x44400, (%%rsp); popfq; " YIELDS
			 "pushfq; andq $~0x44400, (%%rsp); popfq; leaq 128(%%rsp), %%rsp"
			 : : "i"(SYS_THREAD_CTL), "i"(THREAD_YIELD) : CLOBBERS);
}

/* Selectors that ring 3 may load must not be what ring 0 lives on. */
static void run_segments(void)
{
	static const u32 selectors[] = { 0x1b, 0x23, 3, 0 };

	for (u32 i = 0; i < ARRAY_COUNT(selectors); i++)
		__asm__ volatile("movl %2, %%ds; movl %2, %%es; movl %2, %%fs; movl %2, %%gs; " YIELDS
				 : : "i"(SYS_THREAD_CTL), "i"(THREAD_YIELD), "r"(selectors[i]) : CLOBBERS);
}

/* What a call must give back zeroed, so that nothing of ring 0 shows; and what it must keep. */
static void run_registers(void)
{
	u64 leak, kept = 0x5a5a;

	for (u32 i = 0; i < 1000; i++) {
		__asm__ volatile("movq %1, %%r12; movq %1, %%r15; "
				 "movl %2, %%eax; xorl %%edi, %%edi; movl %3, %%esi; syscall; "
				 "movq %%rdi, %0; orq %%rsi, %0; orq %%r8, %0; orq %%r9, %0; orq %%r10, %0; "
				 "xorq %1, %%r12; orq %%r12, %0; xorq %1, %%r15; orq %%r15, %0"
				 : "=&b"(leak) : "r"(kept), "i"(SYS_THREAD_CTL), "i"(THREAD_YIELD)
				 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r15", "memory");
		if (leak != 0) {
			say("hostile: RIGHTS BROKEN: a register came back changed\n");
			return;
		}
	}
}

static void vectors_load(u64 value)
{
	__asm__ volatile("movq %0, %%xmm0; movdqa %%xmm0, %%xmm7; movdqa %%xmm0, %%xmm15" : : "r"(value));
}

static bool vectors_hold(u64 value)
{
	u64 a, b, c;

	__asm__ volatile("movq %%xmm0, %0; movq %%xmm7, %1; movq %%xmm15, %2" : "=r"(a), "=r"(b), "=r"(c));
	return a == value && b == value && c == value;
}

/* Vector registers through a thousand sleeps, while guests and other programs run. */
static void run_vectors(void)
{
	for (u64 i = 1; i <= 1000; i++) {
		vectors_load(i * 0x0101010101010101ull);
		call(SYS_NOTIFY_WAIT, (u64[6]){ tsc() + 200000 });
		if (!vectors_hold(i * 0x0101010101010101ull)) {
			say("hostile: RIGHTS BROKEN: a vector register changed\n");
			return;
		}
	}
}

/*
 * A guest whose breakpoints are on what the hypervisor runs and touches at its entries and exits. The addresses are on
 * the command line, in hexadecimal; each is tried in each of the four registers, for each kind of access.
 */
static void run_breakpoints(void)
{
	static const u64 kinds[] = { 0x0000, 0x9999, 0x2222, 0xbbbb };	/* execution, write, port, access; 8 bytes */
	char *p = strchr(ARGS->cmdline, ' ');
	u32 count = 0, refused = 0;
	u64 at[32];

	for (; p && *p && count < ARRAY_COUNT(at); count++)
		at[count] = strtoull(p, &p, 16);
	for (u32 i = 0; i < count * 16; i++) {
		call(SYS_VCPU_GET, (u64[6]){ GROUP_CR | GROUP_DR });
		for (u32 k = 0; k < 4; k++)
			PAGE->dr[k] = at[(i / 16 + k) % count];
		PAGE->dr7 = 0x4ff | kinds[i % 4] << 16;
		PAGE->cr4 = 8;	/* DE: there are breakpoints on ports */
		PAGE->dirty = GROUP_CR | GROUP_DR;
		PAGE->deadline_tsc = tsc() + 20000;
		if (call(SYS_VCPU_RUN, (u64[6]){ 0 }).status == ST_OK && PAGE->exit.reason == EXIT_BAD_STATE)
			refused++;
	}
	if (count == 0 || refused != 0)
		say("hostile: RIGHTS BROKEN: no guest was run with breakpoints\n");
}

/* TSC_AUX, which ring 3 reads with RDTSCP, while guests run that have their own. */
static void run_tsc_aux(void)
{
	u32 aux;

	for (u32 i = 0; i < 1000; i++) {
		__asm__ volatile("rdtscp" : "=c"(aux) : : "rax", "rdx");
		if (aux != 0) {
			say("hostile: RIGHTS BROKEN: another VM's TSC_AUX shows\n");
			return;
		}
		call(SYS_NOTIFY_WAIT, (u64[6]){ tsc() + 200000 });
	}
}

static void run_foreign_call(void) { call(1000, (u64[6]){ 0 }); }
static void run_spin(void)
{
	for (;;)
		__asm__ volatile("pause");
}

/* Says that it stands still whenever it is told to, and doesn't. */
static void run_lie(void)
{
	for (;;) {
		if (CONTROL->is_paused == CONTROL->want_paused)
			continue;
		CONTROL->is_paused = CONTROL->want_paused;
		call(SYS_NOTIFY_SIGNAL, (u64[6]){ H_ROOT_SIGNAL });
	}
}

static const struct mode {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "calls", storm_calls }, { "page", storm_page }, { "rights", storm_rights }, { "flood", flood_signals },
	{ "cli", run_cli }, { "out", run_out }, { "wrmsr", run_wrmsr }, { "hlt", run_hlt }, { "ud", run_ud },
	{ "cr3", run_cr3 },
	{ "vmrun", run_vmrun }, { "vmxoff", run_vmxoff }, { "noncanonical", run_noncanonical },
	{ "kernel-text", run_kernel_text }, { "int", run_int }, { "read-kernel", run_read_kernel },
	{ "read-direct", run_read_direct }, { "write-args", run_write_args }, { "write-text", run_write_text },
	{ "int3", run_int3 }, { "sysenter", run_sysenter }, { "xsetbv", run_xsetbv }, { "wrgsbase", run_wrgsbase },
	{ "lgdt", run_lgdt }, { "single-step", run_single_step },
	{ "flags", run_flags }, { "segments", run_segments }, { "registers", run_registers },
	{ "vectors", run_vectors }, { "breakpoints", run_breakpoints }, { "tsc-aux", run_tsc_aux },
	{ "race-page", race_page }, { "race-calls", race_calls }, { "race-close", race_close },
	{ "race-endless", race_endless },
	{ "null", run_null }, { "stack", run_stack }, { "foreign-call", run_foreign_call }, { "spin", run_spin },
	{ "lie", run_lie }, { "flood-endless", flood_endless },
};

/* What follows a blank is for the mode itself. */
static bool is_mode(const char *name)
{
	size_t length = strlen(name);

	return strncmp(ARGS->cmdline, name, length) == 0 && (ARGS->cmdline[length] & ~' ') == 0;
}

static void end(const char *text)
{
	for (size_t i = 0; i <= strlen(text); i++)
		CONTROL->text[i] = text[i];
	CONTROL->reason = STOP_GUEST_POWEROFF;
	CONTROL->phase = PHASE_ENDED;
	call(SYS_NOTIFY_SIGNAL, (u64[6]){ H_ROOT_SIGNAL });
	for (;;)
		call(SYS_NOTIFY_WAIT, (u64[6]){ DEADLINE_NONE });
}

int main(void)
{
	CONTROL->phase = PHASE_RUNNING;
	call(SYS_NOTIFY_SIGNAL, (u64[6]){ H_ROOT_SIGNAL });
	if (call(SYS_VCPU_RUN, (u64[6]){ 0 }).status != ST_STATE ||
	    call(SYS_VCPU_GET, (u64[6]){ 1 }).status != ST_STATE)
		say("hostile: RIGHTS BROKEN: ran without a vCPU\n");
	if (call(SYS_VCPU_BIND, (u64[6]){ VMM_H_VCPU }).status != ST_OK ||
	    call(SYS_VCPU_BIND, (u64[6]){ VMM_H_VCPU }).status != ST_STATE)
		say("hostile: RIGHTS BROKEN: a vCPU is bound once\n");
	for (u32 i = 0; i < ARRAY_COUNT(modes); i++)
		if (is_mode(modes[i].name)) {
			modes[i].run();
			end("mode came to its end");
		}
	end("no such mode");
}
