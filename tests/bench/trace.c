/* SPDX-License-Identifier: MIT */
/*
 * trace.c - linked around the VMM's own exit handler (-Wl,--wrap), makes of it a VMM that counts each exit by reason,
 * detail (MSR, port, address, leaf) and guest instruction, for four windows of ten seconds of the machine's time. At
 * the end of each it writes to the guest's serial line what it has counted. What the kernel handles itself doesn't come
 * here.
 */
#include <stdio.h>

#include "machine.h"

#define KINDS 96u
#define WINDOW_SECONDS 10u
#define WINDOWS 4u

/* GNU ld's names. */
void __real_vcpu_handle_exit(struct vcpu *v);
void __wrap_vcpu_handle_exit(struct vcpu *v);

struct kind {
	u32 reason, count;
	u64 detail, rip;
};

static struct kind kinds[KINDS];
static u32 others, window;
static u64 window_end;

static const char *const names[EXIT_REASON_COUNT] = {
	[EXIT_PIO] = "port", [EXIT_MEM] = "memory", [EXIT_MSR_READ] = "rdmsr", [EXIT_MSR_WRITE] = "wrmsr",
	[EXIT_CPUID] = "cpuid", [EXIT_HLT] = "hlt", [EXIT_HYPERCALL] = "hypercall", [EXIT_DEADLINE] = "deadline",
};

static u64 detail_of(const struct vcpu_page *page)
{
	switch (page->exit.reason) {
	case EXIT_PIO: return page->exit.pio.port;
	case EXIT_MEM: return page->exit.mem.gpa;
	case EXIT_MSR_READ:
	case EXIT_MSR_WRITE: return page->exit.msr.index;
	case EXIT_CPUID:
	case EXIT_HYPERCALL: return (u32)page->gpr[GPR_RAX];
	default: return 0;
	}
}

static void note(const struct vcpu_page *page)
{
	u64 detail = detail_of(page);

	for (u32 i = 0; i < KINDS; i++) {
		struct kind *kind = &kinds[i];

		if (kind->count == 0)
			*kind = (struct kind){ .reason = page->exit.reason, .detail = detail, .rip = page->rip };
		if (kind->reason == page->exit.reason && kind->detail == detail && kind->rip == page->rip) {
			kind->count++;
			return;
		}
	}
	others++;
}

static void print(struct vcpu *v, const char *line)
{
	for (; *line; line++)
		console_port_put(&v->machine->console, (u8)*line);
}

static void tell(struct vcpu *v)
{
	char line[120];

	for (u32 i = 0; i < KINDS && kinds[i].count; i++) {
		const char *name = names[kinds[i].reason % EXIT_REASON_COUNT];

		(void)snprintf(line, sizeof(line), "EXIT %s %llx %llx %u\r\n", name ? name : "other",
			       (unsigned long long)kinds[i].detail, (unsigned long long)kinds[i].rip, kinds[i].count);
		print(v, line);
		kinds[i].count = 0;
	}
	(void)snprintf(line, sizeof(line), "EXIT other-kinds 0 0 %u\r\nEXITS-TOLD %u\r\n", others, ++window);
	others = 0;
	print(v, line);
}

static void trace(struct vcpu *v)
{
	u64 now = rt_time_tsc();

	if (window_end == 0)
		window_end = now + WINDOW_SECONDS * v->machine->info->tsc_hz;
	if (now >= window_end) {
		tell(v);
		window_end += WINDOW_SECONDS * v->machine->info->tsc_hz;
	}
	note(v->page);
}

void __wrap_vcpu_handle_exit(struct vcpu *v)
{
	if (window < WINDOWS)
		trace(v);
	__real_vcpu_handle_exit(v);
}
