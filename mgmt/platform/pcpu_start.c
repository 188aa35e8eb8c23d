/* SPDX-License-Identifier: MIT */
/*
 * pcpu_start.c - the other processors of the MADT: all of them are reset, then started one after the other, so that
 * pCPU numbers have no gaps. Those that VOS does not use are parked (SYSTEM_PCPU_START).
 */
#include "platform_parts.h"
#include "rt_log.h"

#define INIT_US 10000u		/* SDM Vol. 3 8.4.4.1 */

#define SILENT_MAX 3u		/* each costs seconds: tables that name processors that are not there name many */

struct progress {
	u32 limit;		/* so many pCPUs */
	u32 silent;
	bool is_in_step;
};

static void report(u32 apic_id, enum status st, s64 tsc_offset, u32 pcpu)
{
	if (st == ST_NOMEM)
		rt_log("no memory for the processor with APIC id %u", (unsigned)apic_id);
	else if (st != ST_OK)
		rt_log("the processor with APIC id %u %s and is left out", (unsigned)apic_id,
		       st == ST_TIMEOUT ? "does not answer" : st == ST_STATE ? "got stuck" : "can't be used");
	else if (tsc_offset != 0)
		rt_log("pCPU %u: its TSC differs from that of pCPU 0 by %lld ticks", (unsigned)pcpu,
		       (long long)-tsc_offset);
}

/* False: the others are not started beside what it has become. */
static bool start_one(struct info_page *info, u32 apic_id, struct progress *to)
{
	bool is_parked = info->pcpu_count >= to->limit;
	u64 tsc_offset = 0;
	enum status st = sys_system_ctl(HANDLE_ROOT, SYSTEM_PCPU_START, apic_id, is_parked, &tsc_offset);

	if (st == ST_FULL) {
		to->limit = info->pcpu_count;
		rt_log("there are more processors than VOS uses");
		return start_one(info, apic_id, to);
	}
	if (st == ST_EXISTS)
		return true;
	report(apic_id, st, (s64)tsc_offset, info->pcpu_count);
	to->silent += st == ST_TIMEOUT;
	if (!is_parked) {
		info->pcpu_count += st == ST_OK;
		to->is_in_step &= tsc_offset == 0;
	}
	return st != ST_STATE && to->silent < SILENT_MAX;
}

void pcpu_start_all(struct info_page *info, u32 limit)
{
	u32 count = acpi.cpu_count < ACPI_CPUS ? acpi.cpu_count : ACPI_CPUS;
	struct progress to = { .limit = limit, .is_in_step = true };
	bool is_good = count > 1;

	info->pcpu_count = 1;
	for (u32 i = 0; i < count && is_good; i++)
		(void)sys_system_ctl(HANDLE_ROOT, SYSTEM_PCPU_INIT, acpi.apic_ids[i], 0, NULL);
	if (is_good)
		clock_wait_us(INIT_US);
	for (u32 i = 0; i < count && is_good; i++)
		is_good = start_one(info, acpi.apic_ids[i], &to);
	*(to.is_in_step ? &info->features_used : &info->features_missing) |= BIT64(FEAT_TSC_IN_STEP);
	rt_log("%u pCPU%s", (unsigned)info->pcpu_count, info->pcpu_count == 1 ? "" : "s");
}
