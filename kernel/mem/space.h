/* SPDX-License-Identifier: MIT */
/*
 * space.h - an address space: regions (what should be where) and a page table (what is there already). A PD has one of
 * the host's format, a VM one of the back end's second-level format. Mapping only records a region; the leaves come
 * with the first access (space_fault).
 */
#ifndef VOS_SPACE_H
#define VOS_SPACE_H

#include "lock.h"
#include "object.h"
#include "pt.h"

struct region {
	u64 address, bytes;
	u64 offset;		/* within the source */
	struct object *source;	/* MEM, or one that has a page. Referenced. */
	u32 rights;		/* PT_R PT_W PT_X; 0: it is being unmapped */
	u64 grace;		/* its leaves are gone: ticket of quiesce_begin, if other pCPUs may have them */
	u64 filled;		/* bytes from its start that space_fill has made sure of */
};

#define REGIONS_PER_FRAME 64u
#define REGION_FRAMES (SPACE_REGIONS / REGIONS_PER_FRAME)

struct space {
	struct lock lock;
	struct pt pt;			/* lock */
	u64 limit;			/* addresses are below this */
	u32 leaf_rights;		/* added to each leaf: PT_USER in a PD */
	bool is_guest;			/* a VM's */
	u32 region_count;		/* lock */
	struct region *frames[REGION_FRAMES];	/* lock; sorted by address */
	u64 map_count;			/* atomic: so many regions were mapped so far */
	/* a VM's: leaves were removed so often; vcpu.c flushes before the next entry when it changed */
	u64 shrink_count;
};

/* A PD's space, its upper half the kernel's. / A VM's (virt->s2_format). ST_NOMEM. */
enum status space_init_pd(struct space *space) MUST_CHECK;
enum status space_init_guest(struct space *space, const struct pt_format *format, u64 limit, bool has_1g) MUST_CHECK;

/* Record a region. All is checked: ST_INVAL (alignment, range, W with X in a PD), ST_EXISTS (overlap), ST_FULL,
 * ST_NOMEM. */
enum status space_map(struct space *space, struct object *source, u64 address, u64 offset, u64 bytes,
		      u32 rights) MUST_CHECK;
/* MAP_FILL: grant and map a bounded piece of exactly this region of that source. ST_AGAIN until all is there;
 * ST_EXISTS: it is another; ST_NOMEM. */
enum status space_fill(struct space *space, const struct object *source, u64 address, u64 bytes) MUST_CHECK;
/* Remove exactly one region and its leaves; no access finds it from the first call on. ST_INVAL: no such region;
 * ST_AGAIN: call again, there are more leaves, or other pCPUs may still have some in their TLBs. */
enum status space_unmap(struct space *space, u64 address, u64 bytes) MUST_CHECK;

/*
 * An access (PT_R, PT_W, PT_X) met no leaf: install the largest that fits. ST_OK or ST_AGAIN: let the access be tried
 * again (ST_AGAIN: it will come here again; a large frame is zeroed in pieces). ST_INVAL: no region, or it does not
 * allow that access; ST_NOMEM: no frame to be had.
 */
enum status space_fault(struct space *space, u64 address, u32 access) MUST_CHECK;

/* While it stays the same, an access that had no region still has none. */
static inline u64 space_map_count(const struct space *space)
{
	return __atomic_load_n(&space->map_count, __ATOMIC_ACQUIRE);
}

/* Kernel frames it has. */
u64 space_frames(const struct space *space);

/* Tear down in bounded pieces; ST_AGAIN until done. No pCPU uses the space any more. */
enum status space_fini_step(struct space *space) MUST_CHECK;

#endif
