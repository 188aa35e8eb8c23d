/* SPDX-License-Identifier: MIT */
/*
 * accounts.h - what the kernel counts (abi/stats.h). What is returned is good until the next call of the same function.
 */
#ifndef VOS_ROOT_ACCOUNTS_H
#define VOS_ROOT_ACCOUNTS_H

#include "info_page.h"
#include "stats.h"
#include "sys.h"

#define STATS ((const struct stats_page *)STATS_ADDRESS)

/* Of an object, by enum stat; zeros if there is none. */
static inline const u64 *stats_of(u64 handle)
{
	static const u64 none[STAT_COUNT];

	return handle != 0 && sys_object_stat(handle) == ST_OK ? STATS->object : none;
}

static inline u64 stat_of(u64 handle, enum stat stat)
{
	return stats_of(handle)[stat];
}

/* By enum mem_stat. */
static inline const u64 *stats_of_memory(void)
{
	(void)sys_system_ctl(HANDLE_ROOT, SYSTEM_MEMORY, 0, 0, NULL);
	return STATS->memory;
}

/* By enum pcpu_time; index < INFO->pcpu_count. */
static inline const u64 *stats_of_pcpu(u32 index)
{
	(void)sys_system_ctl(HANDLE_ROOT, SYSTEM_PCPU_TIME, index, 0, NULL);
	return STATS->pcpu;
}

#endif
