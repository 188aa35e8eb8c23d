/* SPDX-License-Identifier: MIT */
/*
 * guest_cpuid.c - builds the guest's CPUID from allow-lists, and answers queries.
 *
 * Allow-lists are arrays of bit numbers with their names beside them. A feature is listed only if a guest can use it
 * fully: its registers are switched, its MSRs are handled, its intercepts are absent.
 */
#include "guest_cpuid.h"

#include <string.h>

#include "x86.h"

#define BIT(n) BIT32(n)

/* Leaf 1 ECX: SSE3, PCLMUL, SSSE3, FMA, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, AES, XSAVE, AVX, F16C, RDRAND. */
#define ALLOW_1_ECX \
	(BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | BIT(25) | BIT(26) | \
	 BIT(28) | BIT(29) | BIT(30))
#define ECX_X2APIC BIT(21)
#define ECX_TSC_DEADLINE BIT(24)
#define ECX_XSAVE BIT(26)
#define ECX_OSXSAVE BIT(27)
#define ECX_AVX BIT(28)
#define ECX_HYPERVISOR BIT(31)
/* Features that need AVX state: FMA, AVX, F16C. */
#define ECX_AVX_FAMILY (BIT(12) | BIT(28) | BIT(29))

/*
 * Leaf 1 EDX: FPU VME DE PSE TSC MSR PAE CX8 SEP PGE CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2 SS. No MCE, MCA (nothing to
 * report), MTRR (memory is write-back), no DS, ACPI, TM.
 */
#define ALLOW_1_EDX \
	(BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(11) | BIT(13) | BIT(15) | \
	 BIT(16) | BIT(17) | BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26) | BIT(27))
#define EDX_APIC BIT(9)
#define EDX_HTT BIT(28)

/* Leaf 7 EBX: FSGSBASE, BMI1, AVX2, SMEP, BMI2, ERMS, RDSEED, ADX, SMAP, CLFLUSHOPT, CLWB, SHA. */
#define ALLOW_7_EBX \
	(BIT(0) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(18) | BIT(19) | BIT(20) | BIT(23) | BIT(24) | \
	 BIT(29))
/*
 * IA32_TSC_ADJUST is for several vCPUs that are to be in step. Linux reads it once a second even when idle, an exit
 * that a guest with one vCPU is spared.
 */
#define EBX_TSC_ADJUST BIT(1)
#define EBX_AVX2 BIT(5)
/* AVX512: F DQ IFMA CD BW VL */
#define ALLOW_7_EBX_AVX512 (BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))
/*
 * Leaf 7 ECX: UMIP, GFNI, RDPID; with PKRU in XCR0: PKU; with AVX: VAES, VPCLMULQDQ; with AVX512: VBMI VBMI2 VNNI
 * BITALG VPOPCNTDQ. No LA57, shadow stacks.
 */
#define ALLOW_7_ECX (BIT(2) | BIT(8) | BIT(22))
#define ECX_PKU BIT(3)
#define ECX_OSPKE BIT(4)
#define ALLOW_7_ECX_AVX (BIT(9) | BIT(10))
#define ALLOW_7_ECX_AVX512 (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
/* Leaf 7 EDX: FSRM. Speculation controls stay hidden: their MSRs are not virtualised. */
#define ALLOW_7_EDX BIT(4)
/* Leaf D.1 EAX: XSAVEOPT, XGETBV1. No XSAVEC, XSAVES: one format of the area, one size rule. */
#define ALLOW_D1_EAX (BIT(0) | BIT(2))

/* 80000001h ECX: LAHF, CR8 by LOCK, ABM, SSE4A, misaligned SSE, PREFETCHW. */
#define ALLOW_EXT1_ECX (BIT(0) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8))
/* 80000001h EDX: the bits AMD repeats from leaf 1, SYSCALL, NX, MMXEXT, PDPE1GB, RDTSCP, LM. */
#define EXT1_EDX_REPEATED 0x0183f3ffu
#define ALLOW_EXT1_EDX ((ALLOW_1_EDX & EXT1_EDX_REPEATED) | BIT(11) | BIT(20) | BIT(22) | BIT(26) | BIT(27) | BIT(29))
/* Several threads (leaf 1 EDX HTT) are cores, not hyper-threads. AMD only. */
#define EXT1_ECX_CMP_LEGACY BIT(1)
#define EXT7_INVARIANT_TSC BIT(8)

#define XCR0_X87 BIT64(0)
#define XCR0_SSE BIT64(1)
#define XCR0_AVX BIT64(2)
#define XCR0_PKRU BIT64(9)
#define XCR0_AVX512 (BIT64(5) | BIT64(6) | BIT64(7))

#define XSAVE_LEGACY_BYTES 576u		/* legacy area and header */

#define LEAF_KVM 0x40000000u
#define LEAF_KVM_TIMING 0x40000010u
#define LEAF_EXT 0x80000000u
#define MAX_BASIC 0xdu
#define MAX_EXTENDED 0x80000008u

static void add_leaf(struct guest_cpuid *c, u32 leaf, u32 subleaf, struct cpuid_regs regs)
{
	if (c->count == GUEST_CPUID_LEAVES)
		return;
	c->leaves[c->count++] = (struct guest_cpuid_leaf){ leaf, subleaf, regs };
	if (subleaf == 0 && leaf < ARRAY_COUNT(c->basic))
		c->basic[leaf] = (u8)c->count;
}

static struct cpuid_regs host(const struct guest_cpuid_config *config, u32 leaf, u32 subleaf)
{
	struct cpuid_regs regs = { 0 };

	config->host(leaf, subleaf, &regs);
	return regs;
}

static bool is_amd(const struct cpuid_regs *leaf0)
{
	return leaf0->ebx == 0x68747541 || leaf0->ebx == 0x6f677948;	/* "Auth"enticAMD, "Hygo"nGenuine */
}

static bool is_tcg(const struct guest_cpuid_config *config)
{
	struct cpuid_regs r = host(config, LEAF_KVM, 0);

	/* "TCGTCGTCGTCG": its TSC is invariant though it does not say so */
	return r.ebx == 0x54474354 && r.ecx == 0x43544743;
}

static u32 log2_ceil(u32 n)
{
	u32 bits = 0;

	while (BIT32(bits) < n)
		bits++;
	return bits;
}

static void build_features(struct guest_cpuid *c, const struct guest_cpuid_config *config)
{
	struct cpuid_regs r = host(config, 1, 0);

	/* CLFLUSH size, number of APIC IDs; the vCPU's own ID is added at each query. */
	r.ebx = (r.ebx & 0xff00) | (BIT32(log2_ceil(config->cpus)) & 0xff) << 16;
	r.ecx = (r.ecx & ALLOW_1_ECX) | ECX_X2APIC | ECX_TSC_DEADLINE | ECX_HYPERVISOR;
	if (c->xcr0_mask == 0)
		r.ecx &= ~(ECX_XSAVE | ECX_AVX_FAMILY);
	if (!(c->xcr0_mask & XCR0_AVX))
		r.ecx &= ~ECX_AVX_FAMILY;
	r.edx = (r.edx & ALLOW_1_EDX) | EDX_APIC;
	if (config->cpus > 1)
		r.edx |= EDX_HTT;
	add_leaf(c, 1, 0, r);
}

/* Intel's description of caches: as the host's, but shared by nobody. */
static void build_caches(struct guest_cpuid *c, const struct guest_cpuid_config *config)
{
	for (u32 i = 0; i < 5; i++) {
		struct cpuid_regs r = host(config, 4, i);

		if ((r.eax & 0x1f) == 0)
			break;
		r.eax = (r.eax & 0x3fff) | (BIT32(log2_ceil(config->cpus)) - 1) << 26;
		r.edx &= 0x7;
		add_leaf(c, 4, i, r);
	}
}

static void build_leaf7(struct guest_cpuid *c, const struct guest_cpuid_config *config)
{
	struct cpuid_regs r = host(config, 7, 0);
	bool has_avx = c->xcr0_mask & XCR0_AVX, has_avx512 = (c->xcr0_mask & XCR0_AVX512) == XCR0_AVX512;
	u32 ebx = ALLOW_7_EBX, ecx = ALLOW_7_ECX;

	if (!has_avx)
		ebx &= ~EBX_AVX2;
	if (has_avx512)
		ebx |= ALLOW_7_EBX_AVX512;
	if (has_avx)
		ecx |= ALLOW_7_ECX_AVX;
	if (has_avx512)
		ecx |= ALLOW_7_ECX_AVX512;
	if (c->xcr0_mask & XCR0_PKRU)
		ecx |= ECX_PKU;
	r.eax = 0;
	r.ebx = (r.ebx & ebx) | (config->cpus > 1 ? EBX_TSC_ADJUST : 0);
	r.ecx &= ecx;
	r.edx &= ALLOW_7_EDX;
	add_leaf(c, 7, 0, r);
}

static void build_topology(struct guest_cpuid *c, const struct guest_cpuid_config *config)
{
	struct cpuid_regs threads = { .eax = 0, .ebx = 1, .ecx = 1 << 8 };
	struct cpuid_regs cores = { .eax = log2_ceil(config->cpus), .ebx = config->cpus, .ecx = 1 | 2 << 8 };

	add_leaf(c, 0xb, 0, threads);
	add_leaf(c, 0xb, 1, cores);
}

/* Bytes of a standard-format area for these components. */
static u32 xsave_bytes(const struct guest_cpuid *c, u64 xcr0)
{
	u32 bytes = XSAVE_LEGACY_BYTES;

	for (u32 i = 2; i < 63; i++)
		if ((xcr0 & BIT64(i)) && c->component[i].offset + c->component[i].size > bytes)
			bytes = c->component[i].offset + c->component[i].size;
	return bytes;
}

static void build_xsave(struct guest_cpuid *c, const struct guest_cpuid_config *config)
{
	u64 mask = c->xcr0_mask;

	if (mask == 0)
		return;
	for (u32 i = 2; i < 63; i++) {
		struct cpuid_regs r;

		if (!(mask & BIT64(i)))
			continue;
		r = host(config, 0xd, i);
		c->component[i].size = r.eax;
		c->component[i].offset = r.ebx;
	}
	add_leaf(c, 0xd, 0, (struct cpuid_regs){
		.eax = (u32)mask, .ecx = xsave_bytes(c, mask), .edx = (u32)(mask >> 32),
	});
	add_leaf(c, 0xd, 1, (struct cpuid_regs){ .eax = host(config, 0xd, 1).eax & ALLOW_D1_EAX });
	for (u32 i = 2; i < 63; i++)
		if (mask & BIT64(i))
			add_leaf(c, 0xd, i,
			    (struct cpuid_regs){ .eax = c->component[i].size, .ebx = c->component[i].offset });
}

static void build_hypervisor(struct guest_cpuid *c, const struct guest_cpuid_config *config)
{
	struct cpuid_regs name = { LEAF_KVM_TIMING, 0x4b4d564b, 0x564b4d56, 0x0000004d };	/* "KVMKVMKVM" */
	struct cpuid_regs timing = { .eax = (u32)(config->tsc_hz / 1000), .ebx = 1000000 };	/* TSC, bus in kHz */

	add_leaf(c, LEAF_KVM, 0, name);
	add_leaf(c, LEAF_KVM + 1, 0, (struct cpuid_regs){ .eax = config->kvm_features });
	add_leaf(c, LEAF_KVM_TIMING, 0, timing);
}

static void build_extended(struct guest_cpuid *c, const struct guest_cpuid_config *config,
			   const struct cpuid_regs *leaf0)
{
	u32 host_max = host(config, LEAF_EXT, 0).eax;
	struct cpuid_regs r;

	c->max_extended = host_max < MAX_EXTENDED ? host_max : MAX_EXTENDED;
	add_leaf(c, LEAF_EXT, 0, (struct cpuid_regs){ c->max_extended, leaf0->ebx, leaf0->ecx, leaf0->edx });
	r = host(config, LEAF_EXT + 1, 0);
	r.ecx &= ALLOW_EXT1_ECX;
	if (c->is_amd && config->cpus > 1)
		r.ecx |= EXT1_ECX_CMP_LEGACY;
	r.edx &= c->is_amd ? ALLOW_EXT1_EDX | EDX_APIC : ALLOW_EXT1_EDX & ~EXT1_EDX_REPEATED;
	add_leaf(c, LEAF_EXT + 1, 0, r);
	for (u32 leaf = LEAF_EXT + 2; leaf <= LEAF_EXT + 6; leaf++)	/* brand, caches */
		add_leaf(c, leaf, 0, host(config, leaf, 0));
	r = host(config, LEAF_EXT + 7, 0);
	add_leaf(c, LEAF_EXT + 7, 0,
	    (struct cpuid_regs){ .edx = is_tcg(config) ? EXT7_INVARIANT_TSC : r.edx & EXT7_INVARIANT_TSC });
	r = host(config, LEAF_EXT + 8, 0);
	c->physical_bits = r.eax & 0xff;
	add_leaf(c, LEAF_EXT + 8, 0, (struct cpuid_regs){
		.eax = c->physical_bits | 48 << 8,
		.ecx = c->is_amd ? (config->cpus - 1) | log2_ceil(config->cpus) << 12 : 0,
	});
}

/* APM Vol. 2 3.1.3, SDM Vol. 3 2.5. */
enum cpuid_reg { REG_EBX, REG_ECX, REG_EDX };
static const struct { u32 leaf; u8 reg, bit; u64 cr4; } cr4_features[] = {
	{ 1, REG_EDX, 1, CR4_VME | CR4_PVI }, { 1, REG_EDX, 2, CR4_DE }, { 1, REG_EDX, 3, CR4_PSE },
	{ 1, REG_EDX, 4, CR4_TSD }, { 1, REG_EDX, 6, CR4_PAE }, { 1, REG_EDX, 13, CR4_PGE },
	{ 1, REG_EDX, 24, CR4_OSFXSR }, { 1, REG_EDX, 25, CR4_OSXMMEXCPT }, { 1, REG_ECX, 26, CR4_OSXSAVE },
	{ 7, REG_EBX, 0, CR4_FSGSBASE }, { 7, REG_EBX, 7, CR4_SMEP }, { 7, REG_EBX, 20, CR4_SMAP },
	{ 7, REG_ECX, 2, CR4_UMIP }, { 7, REG_ECX, 3, CR4_PKE },
};

static void build_cr4_mask(struct guest_cpuid *c)
{
	struct cpuid_regs regs;

	c->cr4_mask = CR4_PCE;
	for (u32 i = 0; i < ARRAY_COUNT(cr4_features); i++) {
		u32 value;

		guest_cpuid_query(c, cr4_features[i].leaf, 0, &(struct guest_cpuid_state){ 0 }, &regs);
		value = cr4_features[i].reg == REG_EBX ? regs.ebx : cr4_features[i].reg == REG_ECX ? regs.ecx :
												     regs.edx;
		if (value & BIT32(cr4_features[i].bit))
			c->cr4_mask |= cr4_features[i].cr4;
	}
}

void guest_cpuid_build(struct guest_cpuid *c, const struct guest_cpuid_config *config)
{
	struct cpuid_regs leaf0 = host(config, 0, 0);

	memset(c, 0, sizeof(*c));
	c->max_basic = leaf0.eax < MAX_BASIC ? leaf0.eax : MAX_BASIC;
	c->physical_bits = 36;
	c->is_amd = is_amd(&leaf0);
	if (leaf0.eax >= MAX_BASIC && (host(config, 1, 0).ecx & ECX_XSAVE))
		c->xcr0_mask = config->xcr0_mask & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU);
	add_leaf(c, 0, 0, (struct cpuid_regs){ c->max_basic, leaf0.ebx, leaf0.ecx, leaf0.edx });
	build_features(c, config);
	add_leaf(c, 2, 0, c->is_amd ? (struct cpuid_regs){ 0 } : host(config, 2, 0));
	if (!c->is_amd)
		build_caches(c, config);
	add_leaf(c, 6, 0, (struct cpuid_regs){ .eax = BIT(2) });	/* ARAT: the APIC timer never stops */
	build_leaf7(c, config);
	build_topology(c, config);
	build_xsave(c, config);
	build_hypervisor(c, config);
	build_extended(c, config, &leaf0);
	build_cr4_mask(c);
}

static const struct guest_cpuid_leaf *find(const struct guest_cpuid *c, u32 leaf, u32 subleaf)
{
	u32 low = 0, high = c->count;

	if (subleaf == 0 && leaf < ARRAY_COUNT(c->basic))
		return c->basic[leaf] ? &c->leaves[c->basic[leaf] - 1] : NULL;
	while (low < high) {
		u32 middle = (low + high) / 2;
		const struct guest_cpuid_leaf *l = &c->leaves[middle];

		if (l->leaf == leaf && l->subleaf == subleaf)
			return l;
		if (l->leaf < leaf || (l->leaf == leaf && l->subleaf < subleaf))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool has_subleaves(u32 leaf)
{
	return leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd;
}

/* The bits that follow the vCPU's state. */
static void patch(const struct guest_cpuid *c, u32 leaf, u32 subleaf, const struct guest_cpuid_state *state,
		  struct cpuid_regs *regs)
{
	if (leaf == 1) {
		regs->ebx |= state->apic_id << 24;
		if ((state->cr4 & CR4_OSXSAVE) && (regs->ecx & ECX_XSAVE))
			regs->ecx |= ECX_OSXSAVE;
		if (!state->is_apic_on)
			regs->edx &= ~EDX_APIC;
	} else if (leaf == LEAF_EXT + 1 && !state->is_apic_on) {
		regs->edx &= ~EDX_APIC;
	} else if (leaf == 7 && subleaf == 0 && (state->cr4 & CR4_PKE)) {
		regs->ecx |= ECX_OSPKE;
	} else if (leaf == 0xb) {
		regs->ecx |= subleaf & 0xff;
		regs->edx = state->apic_id;
	} else if (leaf == 0xd && subleaf == 0 && c->xcr0_mask) {
		regs->ebx = xsave_bytes(c, state->xcr0);
	}
}

void guest_cpuid_query(const struct guest_cpuid *c, u32 leaf, u32 subleaf, const struct guest_cpuid_state *state,
		       struct cpuid_regs *regs)
{
	const struct guest_cpuid_leaf *l = find(c, leaf, has_subleaves(leaf) ? subleaf : 0);

	*regs = (struct cpuid_regs){ 0 };
	if (l)
		*regs = l->regs;
	patch(c, leaf, subleaf, state, regs);
}

bool guest_cpuid_xcr0_ok(const struct guest_cpuid *c, u64 value)
{
	u64 avx512 = value & XCR0_AVX512;

	if ((value & ~c->xcr0_mask) || !(value & XCR0_X87))
		return false;
	if ((value & XCR0_AVX) && !(value & XCR0_SSE))
		return false;
	return avx512 == 0 || (avx512 == XCR0_AVX512 && (value & XCR0_AVX));
}
