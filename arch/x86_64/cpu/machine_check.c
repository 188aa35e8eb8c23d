/* SPDX-License-Identifier: MIT */
/*
 * machine_check.c - banks of machine checks: their start, #MC, and what is found in them. What may not wait is judged
 * by mce_judge.h; all is handed to root, which counts, names and acts (SYSTEM_MACHINE_CHECK).
 *
 * #MC comes at any instruction, so nothing here takes a lock. Corrected errors raise nothing (CMCI and AMD's threshold
 * interrupts stay masked): root has the banks looked at.
 */
#include "cpu.h"
#include "kernel_upcalls.h"
#include "mce_judge.h"
#include "range.h"

#define MSR_MCG_CAP 0x179u
#define MSR_MCG_STATUS 0x17au
#define MSR_MCG_CTL 0x17bu
#define MSR_MCG_EXT_CTL 0x4d0u
#define MSR_MC_CTL(bank) (0x400u + 4u * (bank))
#define MSR_MC_STATUS(bank) (0x401u + 4u * (bank))
#define MSR_MC_ADDR(bank) (0x402u + 4u * (bank))
#define MSR_MC_MISC(bank) (0x403u + 4u * (bank))

#define CAP_BANKS 0xffull
#define CAP_CTL_P BIT64(8)
#define CAP_SER_P BIT64(24)
#define CAP_LMCE_P BIT64(27)
#define FEATURE_CONTROL_LMCE (BIT64(20) | BIT64(0))	/* allowed, and locked (SDM Vol. 3 15.3.1.5) */

#define BANKS_MAX 64u		/* so many in a round of one #MC; no processor has more */
#define KEPT 32u
#define MEETING_US 100000u

/* What nobody has taken yet. A slot belongs to who moved `head`, until it is full; then to arch_machine_check_take. */
static struct {
	u32 head, tail;		/* atomic */
	u64 lost;		/* atomic */
	bool is_full[KEPT];	/* atomic */
	struct machine_check slots[KEPT];
} kept;

/* Atomic: how many have come to this meeting, and above that the number of the meeting. */
static u64 meeting;
#define MEETING_COME 0xffull

/* 0 where there is no such register. */
static u64 read(u32 msr)
{
	u64 value = 0;

	return msr_try_read(msr, &value) ? value : 0;
}

static void write(u32 msr, u64 value)
{
	if (!msr_try_write(msr, value))
		return;		/* so it needs none */
}

static u64 caps(void)
{
	return read(MSR_MCG_CAP);
}

static u32 bank_count(void)
{
	return (u32)min_u64(caps() & CAP_BANKS, BANKS_MAX);
}

static bool is_amd(void)
{
	struct cpuid c = cpuid(0, 0);

	return c.ecx == 0x444d4163u || c.ecx == 0x656e6975u;	/* "cAMD", "uine" */
}

static enum mce_kind kind(void)
{
	u32 amd = cpuid(0x80000000u, 0).eax >= 0x80000007u ? cpuid(0x80000007u, 0).ebx : 0;

	if ((caps() & CAP_SER_P) != 0)
		return MCE_SER_P;
	if (!is_amd() || (amd & BIT32(1)) == 0)
		return MCE_FATAL_ONLY;
	return (amd & BIT32(0)) != 0 ? MCE_SUCCOR_OVERFLOW : MCE_SUCCOR;
}

static bool read_bank(u32 bank, enum machine_check_source source, u64 mcg_status, struct machine_check *out)
{
	*out = (struct machine_check){ .bank = bank, .source = source, .mcg_status = mcg_status,
				       .pcpu = pcpu_self()->id, .kind = kind() };
	out->status = read(MSR_MC_STATUS(bank));
	if ((out->status & MC_VALID) == 0)
		return false;
	/* Without these bits the registers may not be there (SDM Vol. 3 15.3.2.3). */
	if ((out->status & MC_ADDRESS_VALID) != 0)
		out->address = read(MSR_MC_ADDR(bank));
	if ((out->status & MC_MISC_VALID) != 0)
		out->misc = read(MSR_MC_MISC(bank));
	return true;
}

static void keep(const struct machine_check *mc)
{
	u32 at = __atomic_load_n(&kept.head, __ATOMIC_RELAXED);

	do {
		if (at - __atomic_load_n(&kept.tail, __ATOMIC_ACQUIRE) == KEPT) {
			__atomic_fetch_add(&kept.lost, 1, __ATOMIC_RELAXED);
			return;
		}
	} while (!__atomic_compare_exchange_n(&kept.head, &at, at + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	kept.slots[at % KEPT] = *mc;
	__atomic_store_n(&kept.is_full[at % KEPT], true, __ATOMIC_RELEASE);
}

bool arch_machine_check_is_kept(void)
{
	return __atomic_load_n(&kept.is_full[kept.tail % KEPT], __ATOMIC_ACQUIRE);
}

bool arch_machine_check_take(struct machine_check *out)
{
	u32 at = kept.tail;

	if (!arch_machine_check_is_kept())
		return false;
	*out = kept.slots[at % KEPT];
	out->lost = __atomic_exchange_n(&kept.lost, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&kept.is_full[at % KEPT], false, __ATOMIC_RELAXED);
	__atomic_store_n(&kept.tail, at + 1, __ATOMIC_RELEASE);
	return true;
}

static void clear_bank(u32 bank)
{
	write(MSR_MC_STATUS(bank), 0);
}

/* P6 processors before Nehalem: bank 0 is the firmware's to enable (SDM Vol. 3 15.3.2.1). */
static u32 first_enabled_bank(void)
{
	u32 eax = cpuid(1, 0).eax, model = (eax >> 4 & 0xfu) | (eax >> 12 & 0xf0u);

	return (eax & 0xff00f00u) == 0x600u && model < 0x1au ? 1 : 0;
}

/* SDM Vol. 3 15.8, APM Vol. 2 9.4: what is there is saved, then all is enabled, then cleared. */
void machine_check_init(struct pcpu *pcpu)
{
	struct machine_check mc;

	if ((caps() & CAP_CTL_P) != 0)
		write(MSR_MCG_CTL, ~0ull);
	for (u32 bank = 0; bank < bank_count(); bank++) {
		if (read_bank(bank, MC_AT_BOOT, 0, &mc)) {
			mc.pcpu = pcpu->id;
			keep(&mc);
		}
		if (bank >= first_enabled_bank())
			write(MSR_MC_CTL(bank), ~0ull);
		clear_bank(bank);
	}
	if ((caps() & CAP_LMCE_P) != 0 && (read(MSR_FEATURE_CONTROL) & FEATURE_CONTROL_LMCE) == FEATURE_CONTROL_LMCE)
		write(MSR_MCG_EXT_CTL, 1);
}

/*
 * Intel tells all processors, and threads of a core share banks: nobody clears one before all have judged it. One that
 * was not told, as with an emulator's injection, is not waited for any longer than a tenth of a second.
 */
static void meet(u64 mcg_status)
{
	u64 now, number;

	if (is_amd() || (mcg_status & MCG_LOCAL) != 0)
		return;
	now = __atomic_add_fetch(&meeting, 1, __ATOMIC_SEQ_CST);
	number = now & ~MEETING_COME;
	if ((now & MEETING_COME) == pcpu_count)
		__atomic_store_n(&meeting, number + MEETING_COME + 1, __ATOMIC_SEQ_CST);
	for (u32 waited = 0; waited < MEETING_US && (now & ~MEETING_COME) == number; waited++) {
		arch_wait_us(1);
		now = __atomic_load_n(&meeting, __ATOMIC_SEQ_CST);
	}
	while ((now & ~MEETING_COME) == number &&
	       !__atomic_compare_exchange_n(&meeting, &now, now - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static enum mce_verdict heavier(enum mce_verdict a, enum mce_verdict b)
{
	return a > b ? a : b;
}

/* Panics at the first bank that says so, before anything is cleared: the firmware shows it after the reset, too. */
static enum mce_verdict judge(u64 mcg_status, bool is_kernel, u64 *valid)
{
	enum mce_verdict verdict = mce_judge_context(mcg_status, is_kernel), of_bank;
	struct machine_check mc, last = { .bank = BANKS_MAX, .mcg_status = mcg_status, .pcpu = pcpu_self()->id };

	for (u32 bank = 0; bank < bank_count(); bank++) {
		if (!read_bank(bank, MC_EXCEPTION, mcg_status, &mc))
			continue;
		last = mc;
		*valid |= BIT64(bank);
		of_bank = mce_judge_bank(kind(), mc.status, mcg_status, is_kernel);
		if (of_bank == MCE_STOP)
			kernel_panic_machine_check(&mc);
		verdict = heavier(verdict, of_bank);
	}
	if (verdict == MCE_STOP)
		kernel_panic_machine_check(&last);
	return verdict;
}

static void keep_all(u64 mcg_status, u64 valid)
{
	struct machine_check mc;

	for (u32 bank = 0; bank < BANKS_MAX; bank++) {
		if ((valid & BIT64(bank)) == 0)
			continue;
		if (read_bank(bank, MC_EXCEPTION, mcg_status, &mc))
			keep(&mc);
		clear_bank(bank);
	}
}

/* Parked processors halt with what they have; those that run judge. */
static bool is_parked(const struct pcpu *pcpu)
{
	return pcpu->id >= pcpu_count || pcpu_at(pcpu->id) != pcpu;
}

void machine_check(bool is_kernel)
{
	struct pcpu *pcpu = pcpu_self();
	enum mce_verdict verdict;
	u64 mcg_status = read(MSR_MCG_STATUS), valid = 0;

	if (!is_parked(pcpu)) {
		verdict = judge(mcg_status, is_kernel, &valid);
		meet(mcg_status);
		keep_all(mcg_status, valid);
		if (!is_kernel) {	/* nothing of the kernel was interrupted: on its way out it will see this */
			pcpu->machine_check = verdict == MCE_END_CONTEXT ? PCPU_MC_END : PCPU_MC_TELL;
			pcpu->fast_vcpu = NULL;
			pcpu->need_resched = true;
		} else {
			pcpu->is_bank_look_due = true;
			arch_ipi_self();
		}
	}
	write(MSR_MCG_STATUS, 0);	/* last: until here another #MC means that this can't be trusted */
}

bool arch_machine_checks_are_there(void)
{
	return bank_count() != 0;
}

void arch_machine_check_look(void)
{
	struct machine_check mc;

	for (u32 bank = 0; bank < bank_count(); bank++) {
		if (!read_bank(bank, MC_POLLED, 0, &mc) || !mce_is_pollable(kind(), mc.status))
			continue;
		keep(&mc);
		clear_bank(bank);
	}
}
