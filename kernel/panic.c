/* SPDX-License-Identifier: MIT */
/*
 * panic.c - see panic.h. Uses nothing that could be what is broken: no locks, no memory, no other thread.
 */
#include "arch.h"
#include "format.h"
#include "kernel_upcalls.h"
#include "log.h"
#include "machine_check.h"
#include "panic.h"
#include "range.h"

#define STACK_LINES 11u
#define REBOOT_SECONDS 10u

extern const char text_start[], text_end[];

static u32 count;		/* atomic: a panic within a panic halts at once */
bool panic_halts;

static void panic_begin(void)
{
	if (__atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST) != 0)
		arch_halt();
	log_panic();
	arch_stop_others();
	early_console_reclaim();
}

/* Without frame pointers: whatever on this page of the stack looks like a return address. */
static void dump_stack(u64 rsp)
{
	const u64 *end = (const u64 *)align_up(rsp + 1, PAGE_SIZE);
	u32 lines = 0;

	for (const u64 *p = (const u64 *)align_down(rsp, sizeof(u64)); p < end && lines < STACK_LINES; p++) {
		if (*p < (u64)text_start || *p >= (u64)text_end)
			continue;
		printk(LOG_ERROR, "  %llx: %llx", (unsigned long long)p, (unsigned long long)*p);
		lines++;
	}
}

static _Noreturn void panic_end(void)
{
	if (panic_halts) {
		printk(LOG_ERROR, "halted");
		arch_halt();
	}
	printk(LOG_ERROR, "rebooting in %u seconds", REBOOT_SECONDS);
	arch_wait_us(REBOOT_SECONDS * 1000000ull);
	arch_reboot();
}

void panic(const char *format, ...)
{
	char text[200];
	va_list args;

	panic_begin();
	va_start(args, format);
	(void)format_text(text, sizeof(text), format, args);
	va_end(args);
	printk(LOG_ERROR, "PANIC: %s", text);
	dump_stack((u64)__builtin_frame_address(0));
	panic_end();
}

void kernel_panic_machine_check(const struct machine_check *mc)
{
	panic("machine check on pCPU %u: bank %u, status %llx, address %llx, misc %llx, MCG_STATUS %llx", mc->pcpu,
	      mc->bank, (unsigned long long)mc->status, (unsigned long long)mc->address,
	      (unsigned long long)mc->misc, (unsigned long long)mc->mcg_status);
}

void kernel_panic_frame(const struct trap_frame *f, u64 address)
{
	const struct {
		const char *name;
		u64 value;
	} registers[] = {
		{ "rip", f->rip }, { "cs", f->cs }, { "rflags", f->rflags }, { "rsp", f->rsp }, { "cr2", address },
		{ "rax", f->rax }, { "rbx", f->rbx }, { "rcx", f->rcx }, { "rdx", f->rdx }, { "rsi", f->rsi },
		{ "rdi", f->rdi }, { "rbp", f->rbp }, { "r8", f->r8 }, { "r9", f->r9 }, { "r10", f->r10 },
		{ "r11", f->r11 }, { "r12", f->r12 }, { "r13", f->r13 }, { "r14", f->r14 }, { "r15", f->r15 },
	};

	panic_begin();
	printk(LOG_ERROR, "PANIC: exception %llu in ring 0, error %llx", (unsigned long long)f->vector,
	       (unsigned long long)f->error);
	for (u32 i = 0; i < ARRAY_COUNT(registers); i += 2)	/* a screen may have but 25 lines */
		printk(LOG_ERROR, "  %-6s %016llx  %-6s %016llx", registers[i].name,
		       (unsigned long long)registers[i].value, registers[i + 1].name,
		       (unsigned long long)registers[i + 1].value);
	if (f->rsp >= DIRECT_BASE)
		dump_stack(f->rsp);
	panic_end();
}
