/* SPDX-License-Identifier: MIT */
/*
 * guest_msr.c - the guest's MSRs: a sorted table of those that exist; everything else is #GP.
 *
 * Syscall and segment-base MSRs normally never exit; they are here so that a back end is free to intercept them.
 */
#include "machine.h"

#define EFER_ALLOWED (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define FEATURE_CONTROL_LOCKED 1u
#define DE_CFG_LFENCE_SERIALIZING BIT64(1)

enum msr_vendor { ANY, AMD, INTEL };

struct msr {
	u32 index;
	bool (*read)(struct vcpu *v, u32 index, u64 *value);	/* NULL: #GP */
	bool (*write)(struct vcpu *v, u32 index, u64 value);	/* NULL: #GP */
	u32 vendor;						/* whose processors have it */
};

/*
 * These MSRs are stored and have no effect. Every processor has them without a bit in CPUID, so software uses them
 * without asking. A bit that is in neither mask keeps its first value.
 */
struct kept {
	u32 index;
	u64 keeps;		/* bits that read as they were written */
	u64 refuses;		/* #GP if one is written as 1 */
	u64 initial;
};

/* APM Vol. 2 13.2.1: all but bits 19, 21, 39:36 and 63:42. */
#define PERF_SELECT ((BIT64(42) - 1) & ~(BIT64(19) | BIT64(21) | 15 * BIT64(36)))
#define PERF_COUNT (BIT64(48) - 1)
/* SDM Vol. 4, IA32_MISC_ENABLE: fast strings; there is neither a branch trace store nor precise event sampling. */
#define MISC_ENABLE_INITIAL (BIT64(0) | BIT64(11) | BIT64(12))
/* Fast strings, thermal monitor, SpeedStep, MONITOR, CPUID limit, xTPR messages, XD disable. */
#define MISC_ENABLE_BITS \
	(BIT64(0) | BIT64(3) | BIT64(16) | BIT64(18) | BIT64(22) | BIT64(23) | BIT64(34))
#define HWCR_BITS (BIT64(3) | BIT64(4) | BIT64(6) | BIT64(8) | BIT64(18))	/* what Linux sets */

static const struct kept kept[] = {
	{ 0x1a0, MISC_ENABLE_BITS, 0, MISC_ENABLE_INITIAL },
	{ 0xc0010000, PERF_SELECT, 0, 0 }, { 0xc0010001, PERF_SELECT, 0, 0 }, { 0xc0010002, PERF_SELECT, 0, 0 },
	{ 0xc0010003, PERF_SELECT, 0, 0 }, { 0xc0010004, PERF_COUNT, 0, 0 }, { 0xc0010005, PERF_COUNT, 0, 0 },
	{ 0xc0010006, PERF_COUNT, 0, 0 }, { 0xc0010007, PERF_COUNT, 0, 0 },
	{ 0xc0010015, HWCR_BITS, ~HWCR_BITS, 0 },
	{ 0xc0011020, ~0ull, 0, 0 }, { 0xc0011021, ~0ull, 0, 0 }, { 0xc0011022, ~0ull, 0, 0 },
	{ 0xc0011023, ~0ull, 0, 0 }, { 0xc001102a, ~0ull, 0, 0 }, { 0xc001102c, ~0ull, 0, 0 },
};
_Static_assert(ARRAY_COUNT(kept) == STORED_MSRS, "vcpu.h");

static bool read_zero(struct vcpu *v, u32 index, u64 *value)
{
	(void)v;
	(void)index;
	*value = 0;
	return true;
}

static bool write_ignored(struct vcpu *v, u32 index, u64 value)
{
	(void)v;
	(void)index;
	(void)value;
	return true;
}

static bool read_tsc(struct vcpu *v, u32 index, u64 *value)
{
	(void)index;
	*value = lapic_tsc(v->lapic);
	return true;
}

static bool write_tsc(struct vcpu *v, u32 index, u64 value)
{
	(void)index;
	machine_set_tsc_adjust(v->machine, v, lapic_tsc_adjust(v->lapic) + value - lapic_tsc(v->lapic));
	return true;
}

static bool read_tsc_adjust(struct vcpu *v, u32 index, u64 *value)
{
	(void)index;
	*value = lapic_tsc_adjust(v->lapic);
	return true;
}

static bool write_tsc_adjust(struct vcpu *v, u32 index, u64 value)
{
	(void)index;
	if (value != lapic_tsc_adjust(v->lapic))
		machine_set_tsc_adjust(v->machine, v, value);
	return true;
}

static bool read_apic_base(struct vcpu *v, u32 index, u64 *value)
{
	(void)index;
	*value = lapic_base(v->lapic);
	return true;
}

static bool write_apic_base(struct vcpu *v, u32 index, u64 value)
{
	(void)index;
	vcpu_store_cr8(v);
	if (!lapic_set_base(v->lapic, value))
		return false;
	vcpu_load_cr8(v);
	vcpu_drop_cpuid_cache(v);
	vcpu_request_self(v, VCPU_REQUEST_TIMER);
	return true;
}

static bool read_feature_control(struct vcpu *v, u32 index, u64 *value)
{
	(void)v;
	(void)index;
	*value = FEATURE_CONTROL_LOCKED;
	return true;
}

static u32 kept_place(u32 index)
{
	u32 i = 0;

	while (kept[i].index != index)
		i++;
	return i;
}

static bool read_kept(struct vcpu *v, u32 index, u64 *value)
{
	*value = v->stored_msrs[kept_place(index)];
	return true;
}

static bool write_kept(struct vcpu *v, u32 index, u64 value)
{
	u32 place = kept_place(index);

	if (value & kept[place].refuses)
		return false;
	v->stored_msrs[place] = (value & kept[place].keeps) | (kept[place].initial & ~kept[place].keeps);
	return true;
}

static bool read_de_cfg(struct vcpu *v, u32 index, u64 *value)
{
	(void)v;
	(void)index;
	*value = DE_CFG_LFENCE_SERIALIZING;
	return true;
}

static bool read_tsc_deadline(struct vcpu *v, u32 index, u64 *value)
{
	(void)index;
	*value = lapic_tsc_deadline(v->lapic);
	return true;
}

static bool write_tsc_deadline(struct vcpu *v, u32 index, u64 value)
{
	(void)index;
	lapic_set_tsc_deadline(v->lapic, value);
	vcpu_request_self(v, VCPU_REQUEST_TIMER);
	return true;
}

static bool read_clock(struct vcpu *v, u32 index, u64 *value)
{
	bool is_ok;

	machine_lock(v->machine);	/* the wall clock is the machine's */
	is_ok = kvmclock_msr_read(&v->machine->kvmclock, v->index, index, value);
	machine_unlock(v->machine);
	return is_ok;
}

static bool write_clock(struct vcpu *v, u32 index, u64 value)
{
	bool is_ok;

	machine_lock(v->machine);
	is_ok = kvmclock_msr_write(&v->machine->kvmclock, v->index, index, value);
	machine_unlock(v->machine);
	return is_ok;
}

static bool read_pv(struct vcpu *v, u32 index, u64 *value)
{
	return kvm_pv_msr_read(&v->pv, index, value);
}

static bool write_pv(struct vcpu *v, u32 index, u64 value)
{
	vcpu_request(v, VCPU_REQUEST_SERVICE);
	return kvm_pv_msr_write(&v->pv, &v->machine->memory, index, value);
}

/* ---- In the vCPU page ---- */

static bool read_pat(struct vcpu *v, u32 index, u64 *value)
{
	(void)index;
	vcpu_fetch_groups(v, GROUP_CR);
	*value = v->page->pat;
	return true;
}

/* Each byte is a memory type: UC, WC, WT, WP, WB, UC-. */
static bool write_pat(struct vcpu *v, u32 index, u64 value)
{
	(void)index;
	for (u32 i = 0; i < 64; i += 8) {
		u32 type = value >> i & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	vcpu_fetch_groups(v, GROUP_CR);
	v->page->pat = value;
	v->page->dirty |= GROUP_CR;
	return true;
}

static bool read_efer(struct vcpu *v, u32 index, u64 *value)
{
	(void)index;
	vcpu_fetch_groups(v, GROUP_CR);
	*value = v->page->efer;
	return true;
}

/* The processor controls LMA: writes don't change it, and LME can't change while paging is on (APM Vol. 2 3.1.7). */
static bool write_efer(struct vcpu *v, u32 index, u64 value)
{
	struct vcpu_page *page = v->page;

	(void)index;
	vcpu_fetch_groups(v, GROUP_CR);
	if (value & ~EFER_ALLOWED)
		return false;
	if (((value ^ page->efer) & EFER_LME) && (page->cr0 & CR0_PG))
		return false;
	page->efer = (value & ~EFER_LMA) | (page->efer & EFER_LMA);
	page->dirty |= GROUP_CR;
	return true;
}

static u64 *stored(struct vcpu_page *page, u32 index)
{
	switch (index) {
	case 0x174: return &page->sysenter_cs;
	case 0x175: return &page->sysenter_esp;
	case 0x176: return &page->sysenter_eip;
	case 0xc0000081: return &page->star;
	case 0xc0000082: return &page->lstar;
	case 0xc0000083: return &page->cstar;
	case 0xc0000084: return &page->sfmask;
	case 0xc0000102: return &page->kernel_gs_base;
	default: return &page->tsc_aux;
	}
}

static bool read_stored(struct vcpu *v, u32 index, u64 *value)
{
	vcpu_fetch_groups(v, GROUP_MSR);
	*value = *stored(v->page, index);
	return true;
}

static bool write_stored(struct vcpu *v, u32 index, u64 value)
{
	vcpu_fetch_groups(v, GROUP_MSR);
	*stored(v->page, index) = value;
	v->page->dirty |= GROUP_MSR;
	return true;
}

static bool write_stored_32(struct vcpu *v, u32 index, u64 value)
{
	return write_stored(v, index, (u32)value);
}

/* TSC_AUX: the upper half is reserved. */
static bool write_tsc_aux(struct vcpu *v, u32 index, u64 value)
{
	return value >> 32 == 0 && write_stored(v, index, value);
}

/* An address: must be canonical. */
static bool write_stored_address(struct vcpu *v, u32 index, u64 value)
{
	vcpu_fetch_groups(v, GROUP_CR);
	return x86_canonical(value, v->page->cr4) && write_stored(v, index, value);
}

static bool read_base(struct vcpu *v, u32 index, u64 *value)
{
	vcpu_fetch_groups(v, GROUP_SEG);
	*value = v->page->seg[index == 0xc0000100 ? SEG_FS : SEG_GS].base;
	return true;
}

static bool write_base(struct vcpu *v, u32 index, u64 value)
{
	vcpu_fetch_groups(v, GROUP_SEG | GROUP_CR);
	if (!x86_canonical(value, v->page->cr4))
		return false;
	v->page->seg[index == 0xc0000100 ? SEG_FS : SEG_GS].base = value;
	v->page->dirty |= GROUP_SEG;
	return true;
}

#define KEPT(index, vendor) { (index), read_kept, write_kept, (vendor) }

static const struct msr table[] = {	/* in order of index */
	{ 0x0, read_zero, write_ignored, ANY },			/* machine check address and type, of the Pentium */
	{ 0x1, read_zero, write_ignored, ANY },
	{ 0x10, read_tsc, write_tsc, ANY },
	{ KVMCLOCK_MSR_WALL_OLD, read_clock, write_clock, ANY },
	{ KVMCLOCK_MSR_SYSTEM_OLD, read_clock, write_clock, ANY },
	{ 0x17, read_zero, NULL, ANY },				/* PLATFORM_ID */
	{ 0x1b, read_apic_base, write_apic_base, ANY },
	{ 0x2a, read_zero, write_ignored, ANY },		/* EBL_CR_POWERON */
	{ 0x34, read_zero, NULL, ANY },				/* SMI_COUNT */
	{ 0x3a, read_feature_control, NULL, ANY },
	{ 0x3b, read_tsc_adjust, write_tsc_adjust, ANY },
	{ 0x79, read_zero, write_ignored, ANY },		/* microcode update: nothing to update */
	{ 0x8b, read_zero, write_ignored, ANY },		/* microcode revision */
	{ 0xce, read_zero, NULL, ANY },				/* PLATFORM_INFO */
	{ 0xfe, read_zero, NULL, ANY },				/* MTRRcap: no registers */
	{ 0x140, read_zero, write_ignored, ANY },		/* MISC_FEATURES_ENABLES */
	{ 0x174, read_stored, write_stored_32, ANY },
	{ 0x175, read_stored, write_stored_address, ANY },
	{ 0x176, read_stored, write_stored_address, ANY },
	{ 0x179, read_zero, NULL, ANY },			/* MCG_CAP: no banks */
	{ 0x17a, read_zero, write_ignored, ANY },
	{ 0x198, read_zero, NULL, ANY },			/* PERF_STATUS */
	{ 0x199, read_zero, write_ignored, INTEL },		/* PERF_CTL: one speed */
	KEPT(0x1a0, ANY),					/* MISC_ENABLE */
	{ 0x1d9, read_zero, write_ignored, ANY },		/* DEBUGCTL */
	{ 0x1db, read_zero, NULL, ANY },			/* last branch, last interrupt: from, to */
	{ 0x1dc, read_zero, NULL, ANY },
	{ 0x1dd, read_zero, NULL, ANY },
	{ 0x1de, read_zero, NULL, ANY },
	{ 0x277, read_pat, write_pat, ANY },
	{ 0x2ff, read_zero, write_ignored, ANY },		/* MTRR default type */
	{ 0x6e0, read_tsc_deadline, write_tsc_deadline, ANY },
	{ KVMCLOCK_MSR_WALL, read_clock, write_clock, ANY },
	{ KVMCLOCK_MSR_SYSTEM, read_clock, write_clock, ANY },
	{ KVM_PV_MSR_STEAL, read_pv, write_pv, ANY },
	{ KVM_PV_MSR_EOI, read_pv, write_pv, ANY },
	{ 0xc0000080, read_efer, write_efer, ANY },
	{ 0xc0000081, read_stored, write_stored, ANY },
	{ 0xc0000082, read_stored, write_stored_address, ANY },
	{ 0xc0000083, read_stored, write_stored_address, ANY },
	{ 0xc0000084, read_stored, write_stored_32, ANY },
	{ 0xc0000100, read_base, write_base, ANY },
	{ 0xc0000101, read_base, write_base, ANY },
	{ 0xc0000102, read_stored, write_stored_address, ANY },
	{ 0xc0000103, read_stored, write_tsc_aux, ANY },
	KEPT(0xc0010000, AMD),					/* PERF_CTL0-3: the counters stand still */
	KEPT(0xc0010001, AMD),
	KEPT(0xc0010002, AMD),
	KEPT(0xc0010003, AMD),
	KEPT(MSR_PERF_CTR0, AMD),				/* PERF_CTR0-3 */
	KEPT(MSR_PERF_CTR0 + 1, AMD),
	KEPT(MSR_PERF_CTR0 + 2, AMD),
	KEPT(MSR_PERF_CTR0 + 3, AMD),
	{ 0xc0010010, read_zero, write_ignored, AMD },		/* SYSCFG: no MTRR is on */
	KEPT(0xc0010015, ANY),					/* HWCR */
	{ 0xc001001a, read_zero, write_ignored, AMD },		/* TOP_MEM and TOP_MEM2, which SYSCFG has not on */
	{ 0xc001001d, read_zero, write_ignored, AMD },
	{ 0xc001001f, read_zero, write_ignored, ANY },		/* NB_CFG */
	{ 0xc0010020, NULL, write_ignored, AMD },		/* microcode update */
	{ 0xc0010055, read_zero, write_ignored, ANY },		/* interrupt pending message */
	{ 0xc0010058, read_zero, write_ignored, AMD },		/* PCI configuration space in memory: there is none */
	{ 0xc0010140, read_zero, NULL, ANY },			/* OSVW length */
	KEPT(0xc0011020, AMD),					/* LS_CFG, IC_CFG, DC_CFG, BU_CFG */
	KEPT(0xc0011021, AMD),
	KEPT(0xc0011022, AMD),
	KEPT(0xc0011023, AMD),
	{ 0xc0011029, read_de_cfg, write_ignored, ANY },
	KEPT(0xc001102a, AMD),					/* BU_CFG2, EX_CFG */
	KEPT(0xc001102c, AMD),
};

static bool is_there(const struct vcpu *v, const struct msr *msr)
{
	return msr->vendor == ANY || (msr->vendor == AMD) == v->machine->cpuid.is_amd;
}

/* Binary search; the entry that is found goes into the cache. */
static __attribute__((noinline)) const struct msr *search(struct vcpu *v, u32 index)
{
	u32 low = 0, high = ARRAY_COUNT(table);

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (table[middle].index == index && !is_there(v, &table[middle]))
			return NULL;
		if (table[middle].index == index)
			return v->msr_cache[index % MSR_CACHE_ENTRIES] = &table[middle];
		if (table[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void guest_msr_init(struct vcpu *v)
{
	for (u32 i = 0; i < MSR_CACHE_ENTRIES; i++)
		v->msr_cache[i] = &table[0];
	for (u32 i = 0; i < STORED_MSRS; i++)
		v->stored_msrs[i] = kept[i].initial;
}

static inline const struct msr *find(struct vcpu *v, u32 index)
{
	const struct msr *msr = v->msr_cache[index % MSR_CACHE_ENTRIES];

	return likely(msr->index == index) ? msr : search(v, index);
}

static bool is_apic(u32 index)
{
	return index >= LAPIC_MSR_FIRST && index <= LAPIC_MSR_LAST;
}

bool guest_msr_read(struct vcpu *v, u32 index, u64 *value)
{
	const struct msr *msr;

	if (is_apic(index)) {
		vcpu_store_cr8(v);
		return lapic_msr_read(v->lapic, index, value);
	}
	msr = find(v, index);
	return msr && msr->read && msr->read(v, index, value);
}

static bool apic_write(struct vcpu *v, u32 index, u64 value)
{
	bool is_done;

	if (likely(index == LAPIC_MSR_EOI && value == 0 && (lapic_base(v->lapic) & LAPIC_BASE_X2APIC))) {
		lapic_end(v->lapic);
		return true;
	}
	if (likely(lapic_write_kicks(index - LAPIC_MSR_FIRST)))
		return lapic_msr_write(v->lapic, index, value);
	vcpu_store_cr8(v);
	is_done = lapic_msr_write(v->lapic, index, value);
	vcpu_load_cr8(v);
	vcpu_request_self(v, VCPU_REQUEST_TIMER);
	return is_done;
}

bool guest_msr_write(struct vcpu *v, u32 index, u64 value)
{
	const struct msr *msr;

	if (is_apic(index))
		return apic_write(v, index, value);
	msr = find(v, index);
	return msr && msr->write && msr->write(v, index, value);
}

void guest_msr_exit_read(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	u64 value;

	if (unlikely(!guest_msr_read(v, page->exit.msr.index, &value))) {
		vcpu_inject(v, fault_gp());
		return;
	}
	page->gpr[GPR_RAX] = (u32)value;
	page->gpr[GPR_RDX] = value >> 32;
	(void)vcpu_skip(v);
}

void guest_msr_exit_write(struct vcpu *v)
{
	struct vcpu_page *page = v->page;
	u64 value = (u32)page->gpr[GPR_RAX] | page->gpr[GPR_RDX] << 32;

	if (unlikely(!guest_msr_write(v, page->exit.msr.index, value)))
		vcpu_inject(v, fault_gp());
	else
		(void)vcpu_skip(v);
}
