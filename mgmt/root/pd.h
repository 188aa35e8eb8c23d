/*
 * pd.h - makes a PD from a program: its text shared with the image, its data copied, a heap, a stack, the info page.
 */
#ifndef VOS_PD_H
#define VOS_PD_H

#include "holdings.h"
#include "image.h"
#include "status.h"
#include "types.h"

struct pd {
	u64 h_pd;
	u64 entry;
	u64 heap_bytes;
};

/* What is created goes into `holdings`, also when it fails half-way. ST_INVAL, ST_UNSUPPORTED: not a program; or the kernel's status. */
enum status pd_build(struct pd *out, const struct image *program, u64 heap_bytes, struct holdings *holdings) MUST_CHECK;

/* A stopped thread of that PD. Its faults raise ROOT_BIT_FAULT at root. */
enum status pd_thread(const struct pd *pd, u64 stack_top, struct holdings *holdings, u64 *h_thread) MUST_CHECK;

struct pd_map {
	u64 h_mem;
	u64 address;
	u64 offset;
	u64 bytes;		/* rounded up to pages */
	u32 rights;
	u32 zero;
};

struct pd_grant {
	u64 slot;
	u64 h_source;		/* 0: there is nothing to grant */
	u64 badge;
	u32 rights;
	u32 zero;
};

/* The first failure ends it. */
enum status pd_map_all(u64 h_pd, const struct pd_map *maps, u32 count) MUST_CHECK;
/* A handle that is there already and alive is left alone. */
enum status pd_grant_all(u64 h_pd, const struct pd_grant *grants, u32 count) MUST_CHECK;

#endif
