/* SPDX-License-Identifier: MIT */
/*
 * platform.c - see platform.h: the order in which root gets to know the machine.
 */
#include <cpuid.h>
#include <string.h>

#include "platform_parts.h"
#include "range.h"
#include "rt_log.h"
#include "rt_time.h"

static void tell_names(struct info_page *info)
{
	u32 a = 0, b = 0, c = 0, d = 0;

	__cpuid(0, a, b, c, d);
	memcpy(info->vendor, &b, 4);
	memcpy(info->vendor + 4, &d, 4);
	memcpy(info->vendor + 8, &c, 4);
	__cpuid(0x80000000u, a, b, c, d);
	for (u32 i = 0; i < 3 && a >= 0x80000004u; i++) {
		u32 words[4];

		__cpuid(0x80000002u + i, words[0], words[1], words[2], words[3]);
		memcpy(info->brand + i * sizeof(words), words, sizeof(words));
	}
}

/* EAX .. EDX of a CPUID leaf; zero if there is no such leaf. */
static void read_leaf(u32 leaf, u32 subleaf, u32 out[4])
{
	memset(out, 0, 4 * sizeof(*out));
	if ((u32)__get_cpuid_max(leaf & 0x80000000u, NULL) >= leaf)
		__cpuid_count(leaf, subleaf, out[0], out[1], out[2], out[3]);
}

static u32 word_of(u32 leaf, u32 subleaf, u32 index)
{
	u32 r[4];

	read_leaf(leaf, subleaf, r);
	return r[index];
}

/* 7: EAX is the last subleaf. */
static u32 word_of_7_2(u32 index)
{
	return word_of(7, 0, 0) >= 2 ? word_of(7, 2, index) : 0;
}

/* Threads of a core: leaf 0Bh's first level; AMD's own before there was that (APM Vol. 3, 8000001Eh). */
static u32 threads_per_core(void)
{
	u32 threads = word_of(0xb, 0, 1) & 0xffff;

	if (threads == 0 && (word_of(0x80000001u, 0, 2) & BIT32(22)) != 0)
		threads = (word_of(0x8000001eu, 0, 1) >> 8 & 0xff) + 1;
	return threads != 0 ? threads : 1;
}

/* Asks the kernel for them, so that what `info` says is what it does. */
static u64 start_mitigations(const struct cpu_id *cpu, const char *cmdline)
{
	struct mitigate_option option;
	u64 flags, forced;
	enum status st;

	cmdline_mitigations(cmdline, &option);
	flags = mitigate_choose(cpu, &option);
	forced = option.forced & flags;
	st = sys_system_ctl(HANDLE_ROOT, SYSTEM_MITIGATE, flags, forced, NULL);
	if (st != ST_OK && forced != 0) {
		rt_log("mitigations: the processor lacks what force: asks for");
		flags = mitigate_choose(cpu, &(struct mitigate_option){ option.base, 0, option.without });
		st = sys_system_ctl(HANDLE_ROOT, SYSTEM_MITIGATE, flags, 0, NULL);
	}
	if (st == ST_OK)
		return flags;
	rt_log("mitigations: the kernel refuses %llx (status %u)", (unsigned long long)flags, (unsigned)st);
	return 0;
}

static void tell_silicon(struct info_page *info)
{
	struct cpu_id cpu = {
		.signature = word_of(1, 0, 0), .microcode = info->microcode, .words = {
			[CPU_ARCH_CAPABILITIES] = info->arch_capabilities,
			[CPU_7_EBX] = word_of(7, 0, 1), [CPU_7_EDX] = word_of(7, 0, 3), [CPU_7_2_EDX] = word_of_7_2(3),
			[CPU_80000008_EBX] = word_of(0x80000008u, 0, 1),
			[CPU_80000021_EAX] = word_of(0x80000021u, 0, 0),
			[CPU_80000021_ECX] = word_of(0x80000021u, 0, 2),
		},
	};

	memcpy(cpu.vendor, info->vendor, sizeof(cpu.vendor));
	info->signature = cpu.signature;
	info->threads_per_core = threads_per_core();
	info->mitigations = (u32)start_mitigations(&cpu, info->cmdline);
	for (u32 flaw = 0; flaw < SILICON_FLAW_COUNT; flaw++) {
		info->flaws[flaw] = (u8)mitigate_judge(&cpu, (enum silicon_flaw)flaw, info->mitigations);
		if (info->flaws[flaw] >= FLAW_OPEN)
			info->silicon_flaws |= BIT64(flaw);
	}
}

static void tell_time(struct info_page *info)
{
	struct rt_time time;
	u64 now, seconds = clock_rtc_seconds();

	rt_time_init(&time, info->tsc_hz, info->tsc_boot);
	now = rt_time_now_ns(&time);
	if (seconds * NS_PER_S > now)
		info->wall_boot_ns = seconds * NS_PER_S - now;
}

u64 platform_guest_limit(void)
{
	u32 words[4] = { 0 };

	read_leaf(0x80000008u, 0, words);
	return 1ull << min_u64(max_u64(words[0] & 0xff, 36), 46);
}

static enum status start_clock(struct info_page *info)
{
	u64 hz = clock_calibrate();
	u64 is_deadline_timer = 0;
	enum status st;

	if (hz == 0)
		return ST_UNSUPPORTED;
	st = sys_system_ctl(HANDLE_ROOT, SYSTEM_CLOCK, hz, 0, &is_deadline_timer);
	if (st == ST_OK && is_deadline_timer == 0)
		info->features_used &= ~BIT64(FEAT_TSC_DEADLINE);
	return st;
}

enum status platform_start(struct info_page *info, const struct boot_page *boot)
{
	u32 limit = cmdline_pcpu_limit(info->cmdline);
	enum status st;

	cmdline_judge_com2(info);
	tell_names(info);
	tell_silicon(info);
	tables_find(info, boot);
	st = start_clock(info);
	if (st != ST_OK)
		return st;
	for (u32 i = 0; i < acpi.ioapic_count; i++) {
		const struct acpi_ioapic *io = &acpi.ioapics[i];

		st = sys_system_ctl(HANDLE_ROOT, SYSTEM_IOAPIC, io->address, io->gsi_base, NULL);
		if (st != ST_OK)
			rt_log("the I/O APIC at %llx can't be used (status %u)", (unsigned long long)io->address,
			       (unsigned)st);
	}
	tell_time(info);
	pci_start();
	pcpu_start_all(info, limit);
	platform_unmap();
	return ST_OK;
}
