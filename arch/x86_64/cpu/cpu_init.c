/* SPDX-License-Identifier: MIT */
/*
 * cpu_init.c - the boot pCPU from the loader's state to ours: features, control registers, tables; and what CPUID says,
 * for the info page.
 *
 * CR4 is written only with bits that CPUID names: some emulators answer a reserved bit with a fake VM exit instead of
 * #GP.
 */
#include <string.h>

#include "ap.h"
#include "cpu.h"
#include "info_page.h"
#include "kernel_upcalls.h"
#include "quirks_cpu.h"
#include "screen.h"

#define SFMASK_BITS (RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC)
#define CR4_USED (CR4_PAE | CR4_DE | CR4_MCE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE | CR4_SMEP | \
		  CR4_SMAP | CR4_UMIP)
#define PAT_RESET 0x0007040600070406ull

static struct cpu_data boot_cpu_data;
static struct pcpu boot_pcpu = { .self = &boot_pcpu, .arch = &boot_cpu_data };

/* Words of CPUID that decide something; 0 where the leaf is not there. */
enum cpuid_word {
	W_1_ECX, W_1_EDX, W_7_EBX, W_7_ECX, W_7_EDX, W_D1_EAX, W_80000001_ECX, W_80000001_EDX, W_80000007_EDX,
	W_80000008_EAX, CPUID_WORDS
};

static u32 cpuid_words[CPUID_WORDS];

static void read_cpuid_words(void)
{
	enum { EAX, EBX, ECX, EDX };
	static const struct { u32 leaf, subleaf, word; } places[CPUID_WORDS] = {
		{ 1, 0, ECX }, { 1, 0, EDX }, { 7, 0, EBX }, { 7, 0, ECX }, { 7, 0, EDX }, { 0xd, 1, EAX },
		{ 0x80000001u, 0, ECX }, { 0x80000001u, 0, EDX }, { 0x80000007u, 0, EDX }, { 0x80000008u, 0, EAX },
	};

	for (u32 i = 0; i < CPUID_WORDS; i++) {
		struct cpuid c = cpuid(places[i].leaf, places[i].subleaf);

		if (cpuid(places[i].leaf & BIT32(31), 0).eax >= places[i].leaf)
			cpuid_words[i] = (const u32[]){ c.eax, c.ebx, c.ecx, c.edx }[places[i].word];
	}
	cpu_features.physical_bits = cpuid_words[W_80000008_EAX] ? (u8)cpuid_words[W_80000008_EAX] : 36;
}

static bool has(enum cpuid_word word, u32 bit)
{
	return (cpuid_words[word] & BIT32(bit)) != 0;
}

/* What the info page tells; virtualization features are the back ends' to tell. */
static const struct {
	u8 feature;		/* enum info_feature */
	u8 word, bit;
	const bool *is_used;	/* NULL: used if there */
} told_features[] = {
	{ FEAT_NX, W_80000001_EDX, 20, NULL },
	{ FEAT_SMEP, W_7_EBX, 7, NULL },
	{ FEAT_SMAP, W_7_EBX, 20, NULL },
	{ FEAT_UMIP, W_7_ECX, 2, NULL },
	{ FEAT_XSAVE, W_1_ECX, 26, NULL },
	{ FEAT_XSAVEOPT, W_D1_EAX, 0, &cpu_features.has_xsaveopt },
	{ FEAT_X2APIC, W_1_ECX, 21, &cpu_features.has_x2apic },
	{ FEAT_TSC_DEADLINE, W_1_ECX, 24, &cpu_features.has_tsc_deadline },
	{ FEAT_INVARIANT_TSC, W_80000007_EDX, 8, NULL },
};

/* What may be set in CR4 (APM Vol. 2 3.1.3, SDM Vol. 3 2.5); and what of it is. */
static const struct {
	u64 cr4;
	u8 word, bit;
} cr4_features[] = {
	{ CR4_VME | CR4_PVI, W_1_EDX, 1 }, { CR4_DE, W_1_EDX, 2 }, { CR4_PSE, W_1_EDX, 3 }, { CR4_TSD, W_1_EDX, 4 },
	{ CR4_PAE, W_1_EDX, 6 }, { CR4_MCE, W_1_EDX, 7 }, { CR4_PGE, W_1_EDX, 13 }, { CR4_OSFXSR, W_1_EDX, 24 },
	{ CR4_OSXMMEXCPT, W_1_EDX, 25 }, { CR4_OSXSAVE, W_1_ECX, 26 }, { CR4_FSGSBASE, W_7_EBX, 0 },
	{ CR4_SMEP, W_7_EBX, 7 }, { CR4_SMAP, W_7_EBX, 20 }, { CR4_UMIP, W_7_ECX, 2 }, { CR4_PKE, W_7_ECX, 3 },
};

/* `safe` on the command line: only what every 64-bit processor has had for long. */
static void find_features(const struct boot_info *boot)
{
	bool is_safe = boot_option(boot, "safe") != NULL;

	read_cpuid_words();
	for (u32 i = 0; i < ARRAY_COUNT(cr4_features); i++)
		if (has((enum cpuid_word)cr4_features[i].word, cr4_features[i].bit))
			cpu_features.cr4_known |= cr4_features[i].cr4;
	cpu_features.cr4 = cpu_features.cr4_known & CR4_USED;
	cpu_has_smap = (cpu_features.cr4 & CR4_SMAP) != 0;
	cpu_features.has_xsaveopt = !is_safe && has(W_D1_EAX, 0);
	cpu_features.is_tcg = quirk_is_tcg();
	cpu_features.has_x2apic = !is_safe && has(W_1_ECX, 21);
	cpu_features.has_tsc_deadline = !is_safe && has(W_1_ECX, 24);
}

/* SDM Vol. 3 9.11.7.1: CPUID puts it there, behind a zero. AMD's is in the lower half, and read-only. */
static u32 microcode_revision(void)
{
	bool is_intel = cpuid(0, 0).ecx == 0x6c65746e;		/* "ntel" */
	u64 value = 0;

	if (is_intel && !msr_try_write(MSR_MICROCODE, 0))
		return 0;
	(void)cpuid(1, 0);
	if (!msr_try_read(MSR_MICROCODE, &value))
		return 0;
	return (u32)(is_intel ? value >> 32 : value);
}

static void tell_features(struct info_page *info)
{
	for (u32 i = 0; i < ARRAY_COUNT(told_features); i++) {
		bool is_there = has((enum cpuid_word)told_features[i].word, told_features[i].bit);
		bool is_used = is_there && (!told_features[i].is_used || *told_features[i].is_used);

		info->features_used |= (u64)is_used << told_features[i].feature;
		info->features_missing |= (u64)!is_there << told_features[i].feature;
	}
	if (has(W_7_EDX, 29))
		info->arch_capabilities = rdmsr(MSR_ARCH_CAPABILITIES);
	info->microcode = microcode_revision();
}

static void tell_boot(const struct boot_info *boot, struct info_page *info)
{
	static const char *const names[] = { [BOOT_BIOS] = "BIOS", [BOOT_UEFI] = "UEFI" };

	info->screen = boot->screen;
	memcpy(info->loader, boot->loader, sizeof(info->loader));
	memcpy(info->cmdline, boot->cmdline, sizeof(info->cmdline));
	memcpy(info->firmware, names[boot->firmware], strlen(names[boot->firmware]));
}

static void set_control_registers(void)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE | EFER_SCE);
	if (has(W_1_EDX, 16))
		wrmsr(MSR_PAT, PAT_RESET);	/* so that PT_UNCACHED means what pt_host.c says */
	cr0_write(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
}

static void syscall_init(void)
{
	wrmsr(MSR_STAR, (u64)SEL_SYSRET_BASE << 48 | (u64)SEL_KERNEL_CODE << 32);
	wrmsr(MSR_LSTAR, (u64)cpu_syscall);
	wrmsr(MSR_SFMASK, SFMASK_BITS);
	/* SYSENTER: a null CS makes it #GP. AMD has none in long mode, but keeps the register. */
	wrmsr(MSR_SYSENTER_CS, 0);
}

#define AP_FRAMES 8u
#define AP_STACK_BYTES (7 * KIB)	/* at least: ring 0's, of the idle thread and of what interrupts it */

/* The stack takes what is left of the frames. */
struct ap_data {
	struct pcpu pcpu;
	struct cpu_data cpu;
};
_Static_assert(sizeof(struct ap_data) + AP_STACK_BYTES <= AP_FRAMES * PAGE_SIZE, "room for a pCPU");

struct pcpu *cpu_ap_alloc(u32 id, u64 *stack)
{
	struct ap_data *data = kernel_frames_alloc(AP_FRAMES);

	if (!data)
		return NULL;
	data->pcpu = (struct pcpu){ .self = &data->pcpu, .id = id, .arch = &data->cpu };
	*stack = (u64)data + AP_FRAMES * PAGE_SIZE - 16;
	*(struct pcpu **)*stack = &data->pcpu;	/* NOLINT: where ap_entry.S looks */
	return &data->pcpu;
}

void cpu_ap_free(struct pcpu *pcpu)
{
	kernel_frames_free(pcpu, AP_FRAMES);
}

void cpu_ap_init(struct pcpu *pcpu)
{
	set_control_registers();
	cpu_tables_init(pcpu);
	machine_check_init(pcpu);
	cr4_write(cpu_features.cr4);
	syscall_init();
	if (cpu_features.xcr0_mask)
		xsetbv0(cpu_features.xcr0_mask);
}

void arch_init(const struct boot_info *boot, struct info_page *info)
{
	info->tsc_boot = arch_tsc();
	find_features(boot);
	if (!has(W_80000001_EDX, 20))
		early_console_refuse("VOS needs NX (no-execute), which this processor lacks or hides.\n");
	pcpu_table[0] = &boot_pcpu;
	boot_pcpu.apic_id = cpuid(1, 0).ebx >> 24;
	set_control_registers();
	cpu_tables_init(&boot_pcpu);
	kernel_map_init();
	machine_check_init(&boot_pcpu);
	cr4_write(cpu_features.cr4);
	syscall_init();
	fpu_init(info);
	tell_features(info);
	tell_boot(boot, info);
	screen_init(&boot->screen, arch_mmio_map);
}
