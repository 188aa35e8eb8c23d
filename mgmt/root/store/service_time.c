/* SPDX-License-Identifier: MIT */
/*
 * service_time.c - see service_time.h.
 */
#include "service_time.h"

#include "accounts.h"
#include "driver.h"
#include "drivers.h"
#include "range.h"
#include "root.h"
#include "service.h"
#include "services.h"
#include "store.h"
#include "sys.h"
#include "vm.h"
#include "wires.h"

#define PARTIES (1 + DRIVER_COUNT)	/* the store, then the drivers */

static struct store_work seen;
static u64 times[PARTIES];	/* of each one's PD, at the last look */
static u64 all_ticks, last_tsc;

static u32 service_of(u32 party)
{
	return party == 0 ? (u32)SERVICE_STORE : service_count + party - 1;
}

/* Since the last look. A PD that was started again begins with nothing. */
static u64 spent(u32 party)
{
	u64 time = stat_of(service_pd(service_of(party)), STAT_TIME_TSC);
	u64 ticks = time >= times[party] ? time - times[party] : time;

	times[party] = time;
	all_ticks += ticks;
	return ticks;
}

/* How much more there is than at the last look, for each VM and for nobody. Returns the sum. */
static u64 new_parts(const u64 *words, u64 *before, u32 *parts)
{
	u64 sum = 0;

	for (u32 i = 0; i <= STORE_WORK_OTHER; i++) {
		u64 now = __atomic_load_n(&words[i], __ATOMIC_RELAXED);

		parts[i] = (u32)min_u64(now - before[i], UINT32_MAX);
		before[i] = now;
		sum += parts[i];
	}
	return sum;
}

static void charge(u32 index, u64 ticks)
{
	struct vm *vm = vm_at(index);

	if (vm == NULL || ticks == 0)
		return;
	vm->service_tsc += ticks;
	if (vm_is_alive(vm))
		(void)sys_pd_ctl(vm->pd.h_pd, PD_CHARGE, ticks);
}

/* No more than `each` ticks for a part. */
static void divide(u64 ticks, u64 each, const u64 *words, u64 *before)
{
	static u32 parts[STORE_WORK_OTHER + 1];
	u64 sum = new_parts(words, before, parts);

	if (sum == 0)
		return;
	ticks = min_u64(ticks, UINT32_MAX);
	ticks = min_u64(ticks, sum * each);
	for (u32 i = 0; i < vms_end(); i++)
		if (parts[i] != 0)
			charge(i, ticks * parts[i] / sum);
}

void service_time_collect(void)
{
	const struct store_work *work = shared_at(SHARED_STORE_WORK);
	u64 each = rt_time_ticks(&root.time, SERVICE_NS_EACH);

	last_tsc = rt_time_tsc();
	divide(spent(0), STORE_TICKS_EACH, work->ticks, seen.ticks);
	for (u32 i = 0; i < DRIVER_COUNT; i++)
		if (driver_has_disks(i) && service_pd(service_of(1 + i)) != 0)
			divide(spent(1 + i), each, work->requests[i], seen.requests[i]);
}

bool service_time_is_due(void)
{
	return rt_time_tsc() - last_tsc >= rt_time_ticks(&root.time, SERVICE_LOOK_NS);
}

u64 service_time_all(void)
{
	return all_ticks;
}
