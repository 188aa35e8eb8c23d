/* SPDX-License-Identifier: MIT */
/*
 * fake_machine.c - see fake_machine.h. The ACPI tables are left out: their builder has tests of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_machine.h"
#include "load.h"
#include "syscalls.h"

struct machine fake_machine;
struct vmm_control fake_control;
u8 fake_ram[FAKE_RAM_BYTES] __attribute__((aligned(4096)));
u8 fake_rings[VM_RINGS_BYTES] __attribute__((aligned(64)));
u8 fake_disks[VM_DEVICES * VMM_DISK_STRIDE] __attribute__((aligned(64)));
u8 fake_links[VM_DEVICES * BLK_LINK_BYTES] __attribute__((aligned(4096)));
u8 fake_nics[VM_DEVICES * VMM_NIC_STRIDE] __attribute__((aligned(64)));
u8 fake_nic_links[VM_DEVICES * NET_LINK_STRIDE] __attribute__((aligned(4096)));
u32 fake_store_signals, fake_switch_signals[VM_DEVICES];
static struct vmm_args args;
static struct vmm_nic nics[VM_DEVICES];	/* of the next machine */
static u32 nic_count;
u64 fake_now;
u32 fake_root_signals, fake_console_signals, fake_vcpu_signals[VM_VCPUS];
void (*fake_on_run)(void), (*fake_on_wait)(void);
u64 fake_run_bits, fake_wait_bits, fake_last_deadline;

static u8 page_bytes[VM_VCPUS * PAGE_SIZE] __attribute__((aligned(4096)));
struct vcpu_page *const fake_page = (struct vcpu_page *)(void *)page_bytes;
static struct info_page info;

struct vcpu_page *fake_page_of(u32 vcpu)
{
	return (struct vcpu_page *)(void *)(page_bytes + vcpu * PAGE_SIZE);
}

static struct host_run fake_run(void *ctx, u32 vcpu)
{
	struct vcpu_page *page = fake_page_of(vcpu);
	struct host_run run = { .status = ST_OK };

	(void)ctx;
	if (page->dirty & GROUP_STEP) {
		page->rflags &= ~RFLAGS_RF;
		page->shadow &= ~(SHADOW_STI | SHADOW_MOVSS);
	}
	page->dirty = 0;
	page->filled = GROUP_ALL;
	fake_last_deadline = page->deadline_tsc;
	memset(&page->exit, 0, sizeof(page->exit));
	run.bits = fake_run_bits;
	fake_run_bits = 0;
	if (run.bits)
		run.status = ST_NOTIFIED;
	else
		fake_on_run();
	return run;
}

static enum status fake_get(void *ctx, u32 vcpu, u32 groups)
{
	(void)ctx;
	(void)vcpu;
	fake_page->filled |= groups;
	return ST_OK;
}

static enum status fake_wait(void *ctx, u64 deadline, u64 *bits)
{
	(void)ctx;
	fake_last_deadline = deadline;
	if (fake_on_wait)
		fake_on_wait();
	*bits = fake_wait_bits;
	fake_wait_bits = 0;
	if (*bits)
		return ST_OK;
	assert_true(deadline != DEADLINE_NONE);	/* it would sleep for ever */
	fake_now = deadline;
	return ST_TIMEOUT;
}

static void fake_nothing(void *ctx)
{
	(void)ctx;
}

static void fake_root(void *ctx)
{
	(void)ctx;
	fake_root_signals++;
	fake_control.want_paused = (fake_control.want_paused + 1) & ~1u; /* root resumes when it sees the pause */
	fake_now += 1000;
}

static void fake_store(void *ctx)
{
	(void)ctx;
	fake_store_signals++;
}

static void fake_switch(void *ctx, u32 nic)
{
	(void)ctx;
	fake_switch_signals[nic]++;
}

static void fake_console(void *ctx)
{
	(void)ctx;
	fake_console_signals++;
}

static void fake_signal(void *ctx, u32 vcpu)
{
	(void)ctx;
	fake_vcpu_signals[vcpu]++;
}

static u64 fake_tsc(void *ctx)
{
	(void)ctx;
	return fake_now;
}

static bool fake_random(void *ctx, void *out, u32 bytes)
{
	(void)ctx;
	memset(out, 0x5a, bytes);
	return true;
}

static const struct host host = {
	.vcpu_run = fake_run, .vcpu_get = fake_get, .wait = fake_wait, .yield = fake_nothing, .signal_root = fake_root,
	.signal_store = fake_store, .signal_switch = fake_switch,
	.signal_console = fake_console, .signal_vcpu = fake_signal, .tsc = fake_tsc,
	.random = fake_random,
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
	else if (leaf == 0xd && subleaf == 9)
		*r = (struct cpuid_regs){ 8, 2688, 0, 0 };
	else if (leaf == 0xd && subleaf == 0)
		*r = (struct cpuid_regs){ 7, 832, 832, 0 };
}

void fake_start(u32 platform)
{
	fake_start_cpus(platform, 1);
}

bool fake_try_start(u32 platform, u32 cpus)
{
	static struct insn_cache insns[VM_VCPUS];
	struct machine_config config = {
		.host = &host, .args = &args, .info = &info, .control = &fake_control, .ram = fake_ram,
		.rings = fake_rings, .pages = page_bytes, .insns = insns, .host_cpuid = generous_cpuid,
		.disks = fake_disks, .links = fake_links, .nics = fake_nics, .nic_links = fake_nic_links,
	};

	memset(fake_ram, 0, sizeof(fake_ram));
	memset(&args, 0, sizeof(args));
	memset(&fake_control, 0, sizeof(fake_control));
	memset(page_bytes, 0, sizeof(page_bytes));
	memset(fake_rings, 0, sizeof(fake_rings));
	info = (struct info_page){ .tsc_hz = 1000000000, .xcr0_mask = 0x207 };
	args.memory_bytes = FAKE_RAM_BYTES;
	args.cpus = cpus;
	args.platform = platform;
	args.nic_count = nic_count;
	memcpy(args.nics, nics, sizeof(args.nics));
	fake_now = 5000000;
	fake_on_wait = NULL;
	fake_root_signals = fake_console_signals = 0;
	memset(fake_vcpu_signals, 0, sizeof(fake_vcpu_signals));
	return machine_init(&fake_machine, &config);
}

void fake_start_cpus(u32 platform, u32 cpus)
{
	struct load_result result = { .mode = LOAD_PROTECTED, .entry = FAKE_CODE };

	assert_true(fake_try_start(platform, cpus));
	load_registers(&result, &fake_machine.memory, fake_page);
}

void fake_start_nics(u32 platform, const struct vmm_nic *cards, u32 count)
{
	nic_count = count;
	memcpy(nics, cards, count * sizeof(*cards));
	memset(fake_nic_links, 0, sizeof(fake_nic_links));
	memset(fake_switch_signals, 0, sizeof(fake_switch_signals));
	fake_start(platform);
	nic_count = 0;
}

void fake_use_x2apic(void)
{
	for (u32 i = 0; i < fake_machine.vcpu_count; i++) {
		struct lapic *l = &fake_machine.lapic[i];

		assert_true(lapic_set_base(l, lapic_base(l) | LAPIC_BASE_X2APIC));
	}
}

void fake_code(const void *bytes, u32 count)
{
	memset(fake_ram + FAKE_CODE, 0x90, 32);
	memcpy(fake_ram + FAKE_CODE, bytes, count);
	fake_page->rip = FAKE_CODE;
	fake_page->event.valid = 0;
	fake_page->filled = GROUP_ALL;
	fake_page->dirty = 0;
	memset(&fake_page->exit, 0, sizeof(fake_page->exit));
}

void fake_exit(u32 reason)
{
	fake_page->exit.reason = reason;
	vcpu_handle_exit(&fake_machine.vcpu[0]);
}

void fake_expect_event(u8 vector)
{
	assert_true(fake_page->event.valid);
	assert_int_equal(fake_page->event.vector, vector);
	assert_true(fake_page->rip == FAKE_CODE);
	fake_page->event.valid = 0;
}

void fake_expect_done(u32 len)
{
	assert_false(fake_page->event.valid);
	assert_true(fake_page->rip == FAKE_CODE + len);
	assert_true(fake_page->dirty & (GROUP_GPR | GROUP_STEP));
}

void fake_out(u16 port, u8 value)
{
	fake_code("\xee", 1);
	fake_page->exit.pio.port = port;
	fake_page->exit.pio.size = 1;
	fake_page->exit.pio.next_rip = FAKE_CODE + 1;
	fake_page->gpr[GPR_RAX] = value;
	fake_exit(EXIT_PIO);
	fake_expect_done(1);
}

u64 fake_in(u16 port, u8 size)
{
	fake_code("\xed", 1);
	fake_page->exit.flags = PIO_IN;
	fake_page->exit.pio.port = port;
	fake_page->exit.pio.size = size;
	fake_page->gpr[GPR_RAX] = 0x1122334455667788ull;
	fake_exit(EXIT_PIO);	/* neither length nor next RIP: decoded */
	fake_expect_done(1);
	return fake_page->gpr[GPR_RAX];
}
