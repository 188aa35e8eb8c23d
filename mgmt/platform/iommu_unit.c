/* SPDX-License-Identifier: MIT */
/*
 * iommu_unit.c - see iommu_unit.h: what both kinds do alike.
 */
#include "iommu_unit.h"

bool iommu_await_register(struct iommu *m, const struct iommu_unit *u, u32 offset, u64 mask, u64 value)
{
	for (u32 i = 0; i < IOMMU_WAIT_STEPS && !m->is_dead; i++) {
		if ((m->read(u->registers, offset, 4) & mask) == value)
			return true;
		m->pause();
	}
	m->is_dead = true;
	return false;
}

/* The queue is empty whenever a first command is put into it, and no caller puts in more than a few. */
void iommu_command(struct iommu_unit *u, u64 low, u64 high)
{
	u->queue[u->tail / 8] = low;
	u->queue[u->tail / 8 + 1] = high;
	u->tail = (u->tail + IOMMU_COMMAND_BYTES) % IOMMU_QUEUE_BYTES;
}

static bool is_done(const struct iommu *m)
{
	for (u32 i = 0; i < m->unit_count; i++)
		if (*m->units[i].done != m->waits)
			return false;
	return true;
}

bool iommu_await_done(struct iommu *m)
{
	for (u32 i = 0; i < IOMMU_WAIT_STEPS && !m->is_dead; i++) {
		if (is_done(m))
			return true;
		m->pause();
	}
	m->is_dead = true;
	return false;
}
