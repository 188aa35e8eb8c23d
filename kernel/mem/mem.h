/* SPDX-License-Identifier: MIT */
/*
 * mem.h - MEM objects: a size and the frames behind it, granted (and zeroed) at the first touch, or fixed frames that
 * exist already.
 *
 * The frames are kept in a page-table tree of the host's format, offset -> leaf; the walker is pt.h's.
 */
#ifndef VOS_MEM_H
#define VOS_MEM_H

#include "lock.h"
#include "object.h"
#include "pt.h"

/* A frame on its way to be granted: zeroed in pieces, so that nothing waits long. */
struct zeroing {
	enum pt_level level;	/* 0 = there is none */
	hpa_t frame;
	u64 offset;		/* where in the MEM */
	u64 done;		/* bytes zeroed */
};

struct mem {
	struct object object;
	struct lock lock;
	u64 bytes;		/* a multiple of PAGE_SIZE */
	u32 flags;		/* MEM_* of syscalls.h */
	bool is_fixed;		/* frames from `fixed` on, not ours to free */
	hpa_t fixed;
	u32 fixed_rights;	/* PT_* of their leaves */
	struct pt tree;		/* lock */
	u64 granted_frames;	/* lock */
	u64 freed;		/* offset up to which destruction has come */
	u64 searched;		/* lock; offset up to which mem_search has come */
	u64 retired_frames;	/* of those it gave back: bad ones, which are not reserved any more */
	struct zeroing zeroing;	/* lock */
};

#define MEM_FLAGS_ALL (MEM_OVERCOMMIT | MEM_LARGE | MEM_DMA | MEM_BELOW_4G)

extern const struct object_type mem_type;

#define MEM_BYTES_MAX (1ull << 46)

/* Reserves the frames, unless MEM_OVERCOMMIT. ST_INVAL (size, flags), ST_NOMEM. */
enum status mem_create(u64 bytes, u32 flags, struct mem **out) MUST_CHECK;
/* Over frames that exist: kernel image, boot modules, kernel log. They are never freed. */
enum status mem_create_fixed(hpa_t start, u64 bytes, struct mem **out) MUST_CHECK;
/* MEM_DEVICE: what is there is not ours, and uncached. */
enum status mem_create_device(hpa_t start, u64 bytes, struct mem **out) MUST_CHECK;

/* The leaf behind offset; granted now if it has not been, with a frame of at most `largest`. leaf->hpa is the leaf's
 * first byte. ST_INVAL past the end; ST_NOMEM: no frame; ST_AGAIN: a piece of a large frame was zeroed, call again. */
enum status mem_grant(struct mem *mem, u64 offset, enum pt_level largest, struct pt_leaf *out) MUST_CHECK;
/* The leaf behind offset if there is one; level 0 if not. */
struct pt_leaf mem_lookup(struct mem *mem, u64 offset);
/* Where in the MEM this frame is. ST_INVAL: it is not; ST_AGAIN: a piece was searched, call again. */
enum status mem_search(struct mem *mem, hpa_t frame, u64 *offset) MUST_CHECK;
/* Write through the window into a MEM the kernel makes itself (root's program). */
enum status mem_write(struct mem *mem, u64 offset, const void *from, u64 bytes) MUST_CHECK;

/* mem_dma.c: may there be memory of this size with these flags? / STAT_BUS_ADDRESS; with the lock held. */
bool mem_dma_ok(u64 bytes, u32 flags) MUST_CHECK;
void mem_dma_stats(struct mem *mem, u64 *words);

#endif
