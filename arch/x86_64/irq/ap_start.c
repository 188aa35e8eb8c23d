/* SPDX-License-Identifier: MIT */
/*
 * ap_start.c - brings up the other pCPUs of the MADT, one after the other (SDM Vol. 3 8.4.4, APM Vol. 2 15.27.8), and
 * compares their TSCs with the boot pCPU's.
 *
 * One that does not answer is left out; should it wake up later, it finds no stack and sleeps. One that took its stack
 * and did not finish in time is told to halt should it ever go on.
 */
#include "ap.h"
#include "kernel_upcalls.h"
#include "platform_irq.h"

#define ICR_INIT 0x500u
#define ICR_STARTUP 0x600u

#define SIPI_US 200u
#define POLL_US 10u
#define ANSWER_US 2000000u
#define FINISH_US 5000000u

#define TSC_ROUNDS 16u
#define TSC_ROUNDS_HZ 500u	/* no further round after 2 ms: somebody else runs on these processors, too */
#define CPUID_TSC_ADJUST BIT32(1)	/* leaf 7, EBX */

enum ap_state { AP_STARTING, AP_READY, AP_UNUSABLE, AP_TOO_LATE };

/* Between the boot pCPU and the one that is being started. */
static struct {
	u32 state;		/* atomic: enum ap_state */
	u32 asked, answered;	/* atomic: rounds of comparing TSCs */
	u64 tsc;		/* the boot pCPU's, when it answered */
	s64 offset;		/* how far the boot pCPU's is ahead, in the end */
	bool is_parked;		/* the one that is being started gets no work, ever */
} ap_link;

static hpa_t place;		/* the trampoline's page */

void arch_pcpus_prepare(hpa_t page)
{
	place = page;
	if (page.raw == 0)
		return;
	arch_frame_write(page, ap_trampoline, (uintptr_t)ap_trampoline_end - (uintptr_t)ap_trampoline);
	ap_space = arch_space_kernel().raw;
}

/* May a processor with this id be touched? */
static enum status check(u64 apic_id)
{
	for (u32 i = 0; i < pcpu_count; i++)
		if (pcpu_at(i)->apic_id == apic_id)
			return ST_EXISTS;
	return place.raw != 0 && apic_local_can_reach(apic_id) ? ST_OK : ST_UNSUPPORTED;
}

enum status arch_pcpu_reset(u64 apic_id)
{
	enum status status = check(apic_id);

	if (status == ST_OK)
		apic_local_command((u32)apic_id, ICR_INIT);
	return status;
}

/* A second SIPI if the first got lost; ignored by a pCPU that runs. False: it did not take its stack. */
static bool call(u32 apic_id)
{
	for (u32 waited = 0; waited < ANSWER_US; waited += POLL_US) {
		if (waited == 0 || waited == SIPI_US)
			apic_local_command(apic_id, ICR_STARTUP | (u32)(place.raw >> PAGE_SHIFT));
		arch_wait_us(POLL_US);
		if (__atomic_load_n(&ap_stack, __ATOMIC_ACQUIRE) == 0)
			return true;
	}
	return __atomic_exchange_n(&ap_stack, 0, __ATOMIC_ACQ_REL) == 0;
}

/* Tell the TSC as often as the other pCPU asks, until it is ready or has been silent for too long. */
static enum ap_state serve(void)
{
	u64 limit = clock_tsc_hz / 1000000 * FINISH_US;
	u64 heard = arch_tsc();
	u32 state, asked;

	while (arch_tsc() - heard < limit) {
		state = __atomic_load_n(&ap_link.state, __ATOMIC_ACQUIRE);
		if (state != AP_STARTING)
			return (enum ap_state)state;
		asked = __atomic_load_n(&ap_link.asked, __ATOMIC_ACQUIRE);
		if (asked == ap_link.answered)
			continue;
		ap_link.tsc = heard = arch_tsc();
		__atomic_store_n(&ap_link.answered, asked, __ATOMIC_RELEASE);
	}
	state = AP_STARTING;
	__atomic_compare_exchange_n(&ap_link.state, &state, AP_TOO_LATE, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	return state == AP_STARTING ? AP_TOO_LATE : (enum ap_state)state;
}

enum status arch_pcpu_start(u64 apic_id, bool is_parked, u64 *tsc_offset)
{
	enum status status = check(apic_id);
	struct pcpu *pcpu;
	u64 stack;

	if (status != ST_OK)
		return status;
	if (!is_parked && pcpu_count == MAX_PCPUS)
		return ST_FULL;
	pcpu = cpu_ap_alloc(pcpu_count, &stack);
	if (!pcpu)
		return ST_NOMEM;
	ap_link.state = AP_STARTING;
	ap_link.is_parked = is_parked;
	__atomic_store_n(&ap_stack, stack, __ATOMIC_RELEASE);
	if (!call((u32)apic_id)) {
		cpu_ap_free(pcpu);
		return ST_TIMEOUT;
	}
	switch (serve()) {
	case AP_READY:
		if (is_parked)
			return ST_OK;
		*tsc_offset = (u64)ap_link.offset;
		pcpu_table[pcpu_count] = pcpu;
		__atomic_store_n(&pcpu_count, pcpu_count + 1, __ATOMIC_RELEASE);
		return ST_OK;
	case AP_UNUSABLE:
		return ST_UNSUPPORTED;	/* what it had stays with it */
	case AP_TOO_LATE:
	case AP_STARTING:
		break;
	}
	return ST_STATE;
}

/* ---- On the new pCPU ---------------------------------------------------------------------------- */

/* How far the boot pCPU's TSC is ahead, by the round that pins it down best; 0 if that can't be told from 0. */
static s64 tsc_offset(void)
{
	u64 end = arch_tsc() + clock_tsc_hz / TSC_ROUNDS_HZ;
	u64 best = ~0ull, before = 0, took;
	s64 offset = 0;
	u32 round;

	for (u32 i = 0; i < TSC_ROUNDS && before < end; i++) {
		round = ap_link.answered + 1;
		before = arch_tsc();
		__atomic_store_n(&ap_link.asked, round, __ATOMIC_RELEASE);
		while (__atomic_load_n(&ap_link.answered, __ATOMIC_ACQUIRE) != round)
			__builtin_ia32_pause();
		took = arch_tsc() - before;
		if (took >= best)
			continue;
		best = took;
		offset = (s64)(ap_link.tsc - (before + took / 2));
	}
	return offset < -(s64)(best / 2) || offset > (s64)(best / 2) ? offset : 0;
}

/* Where the processor lets us, put the TSC in step with the boot pCPU's (SDM Vol. 3 17.17.3). */
static void tsc_compare(void)
{
	ap_link.offset = tsc_offset();
	if (ap_link.offset == 0 || cpuid(0, 0).eax < 7 || !(cpuid(7, 0).ebx & CPUID_TSC_ADJUST))
		return;
	wrmsr(MSR_TSC_ADJUST, rdmsr(MSR_TSC_ADJUST) + (u64)ap_link.offset);
	ap_link.offset = tsc_offset();
}

_Noreturn void ap_main(struct pcpu *pcpu)
{
	u32 state = AP_STARTING;
	bool is_parked = ap_link.is_parked, is_ready;

	cpu_ap_init(pcpu);
	is_ready = is_parked || (mitigations_fit() && apic_local_init() == ST_OK);
	if (is_ready && !is_parked) {
		apic_local_timer_mode();
		tsc_compare();
		is_ready = kernel_pcpu_init();
	}
	if (!__atomic_compare_exchange_n(&ap_link.state, &state, is_ready ? AP_READY : AP_UNUSABLE, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) || !is_ready || is_parked)
		arch_halt();
	kernel_pcpu_run();
}
